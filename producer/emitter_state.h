/* emitter_state: what an emitter holds, and the two things its parts ask of each other: telling outcomes
 * (emitter_outcome.c) and finding out about a lane (emitter_lane.c). For the emitter's own files alone. */
#ifndef CURFEW_PRODUCER_EMITTER_STATE_H
#define CURFEW_PRODUCER_EMITTER_STATE_H

#include "producer/answers.h"
#include "producer/emitter.h"
#include "producer/lane_log.h"
#include "schemas/codec.h"

#define CURFEW_EMITTER_PROBLEM_SIZE 256

enum curfew_log_state {
    CURFEW_LOG_UNREAD,
    CURFEW_LOG_READING, /* for its first record */
    CURFEW_LOG_ASKING, /* its first record was deleted: a beacon or an answer names the log */
    CURFEW_LOG_KNOWN,
};

enum curfew_answers_state {
    CURFEW_ANSWERS_UNREAD,
    CURFEW_ANSWERS_POSITIONING, /* until their end was seen */
    CURFEW_ANSWERS_FOLLOWED,
};

struct curfew_emitter_lane {
    int32_t lane;
    enum curfew_log_state log;
    enum curfew_answers_state following;
    bool named; /* log_id was known once */
    bool warned; /* of a record of its answers that could not be read */
    bool doubted; /* warned of an answer or a beacon that no coordinator signed */
    bool doubting; /* `problem` says so: nothing that one signed came since */
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    uint32_t generation; /* how often its log turned out to be another */
    int64_t newest; /* highest offset that one of ours was given in this log; -1: none */
    int64_t read_us; /* when its log was looked at last, on the boot clock */
    int64_t retry_us; /* nothing is sent before, on the boot clock */
    struct curfew_answers answers;
    struct curfew_emissions waiting;
    struct curfew_emission *again; /* last of those at the front of `waiting` that are sent again; NULL: none */
    struct curfew_emissions sent;
    struct curfew_emissions durable; /* ascending by offset */
    struct curfew_emissions resting;
    char problem[CURFEW_EMITTER_PROBLEM_SIZE]; /* what stood in its way last; empty: nothing */
};

struct curfew_emitter {
    struct curfew_bus *bus;
    const struct curfew_mac_key *key;
    struct curfew_seal_judge judge;
    struct curfew_now now; /* of the call being served */
    int64_t due_us; /* no deadline is earlier */
    size_t undelivered;
    int32_t lanes_used; /* lanes beyond were never asked for */
    struct curfew_cluster cluster;
    struct curfew_tickets tickets;
    char problem[CURFEW_EMITTER_PROBLEM_SIZE]; /* the bus's; empty: none */
    struct curfew_arena arena;
    struct curfew_emitter_lane lanes[CURFEW_LANES_MAX];
};

/* Keeps a text about what stands in the way; cuts it. */
void curfew_emitter_note(char problem[CURFEW_EMITTER_PROBLEM_SIZE], const char *text);

/* Done as soon as its lane's log is known; nothing is sent. */
static inline bool curfew_emission_is_probe(const struct curfew_emission *emission)
{
    return emission->value.size == 0;
}

/* Moves it between its lane's lists, and keeps the count of the undelivered. `before`: what it goes behind. */
void curfew_emitter_move(struct curfew_emitter *emitter, struct curfew_emission *emission,
                         enum curfew_emission_state state, struct curfew_emission *before);

/* Each tells the outcome through the emission's callback and forgets the emission: done; refused; failed of `error`;
 * late; given up because the producer closes. */
void curfew_emitter_accomplish(struct curfew_emitter *emitter, struct curfew_emission *emission);
void curfew_emitter_refuse(struct curfew_emitter *emitter, struct curfew_emission *emission,
                           const struct curfew_refusal *refusal);
void curfew_emitter_fail(struct curfew_emitter *emitter, struct curfew_emission *emission,
                         const struct curfew_error *error);
void curfew_emitter_expire(struct curfew_emitter *emitter, struct curfew_emission *emission);
void curfew_emitter_give_up(struct curfew_emitter *emitter, struct curfew_emission *emission);

/* Begins to find out which log a lane is, and to follow its answers from `offset`. What waits in the lane fails when
 * that cannot even be begun. */
void curfew_emitter_read_log(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane);
void curfew_emitter_read_answers(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane, int64_t offset);

/* What waits in a lane that the cluster does not have fails. */
void curfew_emitter_fail_beyond(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane);

/* Refused: told, or put to rest to be said again. */
void curfew_emitter_take_refusal(struct curfew_emitter *emitter, struct curfew_emission *emission,
                                 const struct curfew_refusal *refusal);
/* Those that rested long enough wait to be sent. Returns when the next will have, on the boot clock; INT64_MAX: none.
 */
int64_t curfew_emitter_wake(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane);

/* A durable emission of a lane whose log is known: done, refused, sent again because the log has another record in its
 * place, or still waiting for its answer. */
void curfew_emitter_settle(struct curfew_emitter *emitter, struct curfew_emission *emission);

/* Was sent, and is not in the log: sent again after a while, before what was never sent. A heartbeat is late then. */
void curfew_emitter_send_again(struct curfew_emitter *emitter, struct curfew_emission *emission);

/* What the bus tells of a lane's partitions. */
void curfew_emitter_take_record(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                                const struct curfew_bus_event *event);
void curfew_emitter_take_end(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                             const struct curfew_bus_event *event);
void curfew_emitter_take_gap(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                             const struct curfew_bus_event *event);

#endif
