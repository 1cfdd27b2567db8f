/* emitter_world: an emitter on a bus that does nothing by itself: it notes what was asked of it, and the test says what
 * it reports. Outcomes are noted by the number of their emission. */
#ifndef CURFEW_TESTS_UNIT_EMITTER_WORLD_H
#define CURFEW_TESTS_UNIT_EMITTER_WORLD_H

#include "producer/emitter.h"
#include "tests/common/sealer.h"

#define EMITTER_WORLD_MAX 4096 /* emissions, records and subscriptions noted */
#define EMITTER_WORLD_LANES 5
#define NO_LANE_COUNT 0

struct asked {
    enum curfew_topic topic;
    int32_t partition;
    int64_t offset; /* of a subscription */
    uint64_t ticket; /* of a record */
    int number; /* of a record: its emission's */
    uint8_t mac[CURFEW_MAC_SIZE]; /* of a record */
};

struct emitter_telling { /* context of an emission's callback */
    struct emitter_world *world;
    int number;
};

struct emitter_world {
    struct emitter_telling telling[EMITTER_WORLD_MAX];
    struct curfew_bus bus;
    struct curfew_emitter *emitter;
    struct curfew_now now;
    const struct curfew_sealer *sealer; /* of the answers and beacons that are told; a coordinator's at first */
    struct asked sent[EMITTER_WORLD_MAX];
    size_t sent_count;
    struct asked read[EMITTER_WORLD_MAX]; /* subscriptions made */
    size_t read_count;
    struct asked stopped[EMITTER_WORLD_MAX]; /* subscriptions ended */
    size_t stopped_count;
    enum curfew_status produce; /* what the bus says to the next records */
    enum curfew_status subscribe;
    int told_count[EMITTER_WORLD_MAX]; /* by emission */
    struct curfew_outcome told[EMITTER_WORLD_MAX];
    size_t tellings;
    struct held { /* which record stands where; of one place the last */
        int32_t lane;
        int64_t offset;
        int number;
    } held[EMITTER_WORLD_MAX];
    size_t held_count;
};

struct emitter_world *emitter_world_make(void);
void emitter_world_end(struct emitter_world *world);

/* Emits number `number`; the deadline is that many milliseconds from now, 0: none. */
void emit(struct emitter_world *world, int number, int32_t lane, enum curfew_wait wait, int deadline_ms);
void beat(struct emitter_world *world, int number, int32_t lane);
void probe(struct emitter_world *world, int number, int32_t lane, int32_t lanes);
/* Whether it was told, exactly once; fails the test when more often. */
bool is_told(const struct emitter_world *world, int number);
enum curfew_status status_of(const struct emitter_world *world, int number) CURFEW_MUST_CHECK;

/* The clocks go on; the emitter is asked what is due. */
int64_t pass(struct emitter_world *world, int milliseconds);

/* What the bus reports. `log` fills the log id; control's log is filled with `log` less the lane. */
void tell(struct emitter_world *world, const struct curfew_bus_event *event);
void tell_record(struct emitter_world *world, enum curfew_topic topic, int32_t partition, int64_t offset,
                 const struct curfew_event *event);
void tell_end(struct emitter_world *world, enum curfew_topic topic, int32_t partition, int64_t offset);
void tell_genesis(struct emitter_world *world, int32_t lane, uint8_t log);
void tell_durable(struct emitter_world *world, size_t sent, int64_t offset);
void tell_lost(struct emitter_world *world, size_t sent);
void tell_accepted(struct emitter_world *world, int32_t lane, uint8_t log, int64_t from, int64_t to);
/* The lane's record at `offset` is emission `number`'s: answers name it. tell_durable says so too. */
void hold(struct emitter_world *world, int32_t lane, int64_t offset, int number);
void tell_refused(struct emitter_world *world, int32_t lane, uint8_t log, struct curfew_refusal refusal);
/* Whether the record sent as `sent` is proven, by tester, for the lane's log `log` and for no other place. */
bool is_proven(const struct emitter_world *world, size_t sent, int32_t lane, uint8_t log);
/* A lane whose log is `log` and whose answers are followed. */
void open_lane(struct emitter_world *world, int32_t lane, uint8_t log);
/* The latest subscription of that partition; -100: none. */
int64_t read_from(const struct emitter_world *world, enum curfew_topic topic, int32_t partition);

#endif
