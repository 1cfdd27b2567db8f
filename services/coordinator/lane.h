/* lane: step(state, record) -> floors, answer, beacon. The state of one lane is a pure function of its log: no clock,
 * no I/O, no randomness. Lane 0 is control; the others are pipelines and take control in through their ticks. One
 * thread. */
#ifndef CURFEW_COORDINATOR_LANE_H
#define CURFEW_COORDINATOR_LANE_H

#include "services/coordinator/book.h"
#include "services/coordinator/control.h"
#include <curfew/status.h>

struct curfew_proposal_key;

#define CURFEW_RULES_VERSION 1 /* what this coordinator's step implements */
#define CURFEW_SCHEMAS_VERSION 1 /* the newest set of schemas it reads */

#define CURFEW_RESYNC_LEAST_US INT64_C(5000000) /* of good ticks, between two resyncs of a lane; sooner: refused */

struct curfew_lane;

struct curfew_record {
    int64_t offset;
    int64_t timestamp_us;
    bool log_append_time;
    struct curfew_slice value;
    struct curfew_slice mac; /* of the header curfew-mac */
};

enum curfew_step {
    CURFEW_STEP_DONE, /* the record is in the state; the effects hold */
    CURFEW_STEP_BLOCKED, /* it needs control records not stepped yet: nothing changed, offer it again */
    CURFEW_STEP_HALTED, /* the lane cannot go on at this record: nothing changed; curfew_lane_problem says why */
};

/* What an operator did alone that takes two: for audit, at its highest severity. */
struct curfew_break_glass {
    bool told; /* the rest holds */
    struct curfew_slice writer;
    enum curfew_kind kind; /* of what was revoked */
    struct curfew_slice tenant;
    struct curfew_slice id;
    int64_t version; /* of a policy */
    struct curfew_slice reason; /* may be empty; may hold anything */
};

/* What one record led to. Pointers live until the next step. */
struct curfew_effects {
    const struct curfew_event *event; /* NULL: no one could read it */
    bool proven; /* by its writer's key, for this place */
    bool tick; /* a tick: nobody waits for an answer to it */
    bool refused; /* `refusal` holds */
    struct curfew_refusal refusal;
    bool pending; /* accepted; has no effect until a second operator says the same (proposals.h) */
    struct curfew_break_glass break_glass;
    bool dead_letter; /* no one could read it, or nobody proved that it is theirs */
    const struct curfew_floors *links; /* due to this record, in order */
    size_t link_count;
    size_t ended; /* by a tick: so many of their floors, from the first, are new: leases ran out, deadlines passed */
    bool resync; /* every live floor is among the links, and their chain begins with them */
    bool good_tick; /* `beacon` holds: true as soon as every link up to here is read back */
    struct curfew_beacon beacon;
};

/* Whether the operator's clock and the broker's agreed when a log was made: tokens are held against its time. By how
 * much the broker's was behind, pinned at the ends of int64_t. */
bool curfew_genesis_timely(const struct curfew_genesis *genesis, int64_t timestamp_us, int64_t *behind_us);

/* `lanes` is what the broker's partitions say; genesis must agree. `control` is shared and outlives the lane. */
struct curfew_lane *curfew_lane_create(int32_t lane, int32_t lanes, struct curfew_control *control);
void curfew_lane_destroy(struct curfew_lane *lane);

/* Records must come in offset order; the first is offset 0 and a genesis. */
enum curfew_step curfew_lane_step(struct curfew_lane *lane, const struct curfew_record *record,
                                  struct curfew_effects *effects) CURFEW_MUST_CHECK;

int64_t curfew_lane_next(const struct curfew_lane *lane); /* offset of the record it wants */
/* NULL until genesis was stepped. */
const uint8_t *curfew_lane_log_id(const struct curfew_lane *lane);
/* Zeros until genesis was stepped. */
const struct curfew_settings *curfew_lane_settings(const struct curfew_lane *lane);
const char *curfew_lane_problem(const struct curfew_lane *lane); /* NULL: none */
/* Halted at a record that an operator lets it pass over by now: offer it again. */
bool curfew_lane_may_pass(const struct curfew_lane *lane);
int64_t curfew_lane_good_us(const struct curfew_lane *lane); /* newest good tick; 0: none */
int64_t curfew_lane_oldest_cause(const struct curfew_lane *lane);

/* Whether the lane's state has, or once had and saw expire, every floor of a record on its revocations. Only for one
 * whose cause was stepped. */
bool curfew_lane_implies(const struct curfew_lane *lane, const struct curfew_floors *floors);

/* Lane 0: the operator who proposed that and waits for a second; empty: nobody. Lives until the next step. */
struct curfew_slice curfew_lane_proposer(const struct curfew_lane *lane, const struct curfew_proposal_key *key);

struct curfew_writers;
/* Who may write in the lane now. */
const struct curfew_writers *curfew_lane_writers(const struct curfew_lane *lane);
/* Epoch of a coordinator's newest key as the lane knows it; 0: it knows none of that name. */
int32_t curfew_lane_coordinator_epoch(const struct curfew_lane *lane, struct curfew_slice name);

struct curfew_lane_counts {
    struct curfew_book_counts book;
    int64_t floors;
    int64_t proposals; /* lane 0: revocations that wait for a second operator */
};
struct curfew_lane_counts curfew_lane_counts(const struct curfew_lane *lane);
/* A pipeline lane: what revoking a subject would end there. */
struct curfew_book_impact curfew_lane_impact(const struct curfew_lane *lane, enum curfew_kind kind,
                                             const struct curfew_subject *subject);

/* A pipeline lane's book, to be looked at (view.h). */
const struct curfew_book *curfew_lane_book(const struct curfew_lane *lane);
/* How long, on the lease clock, what was renewed then may still be silent; 0: no longer. */
int64_t curfew_lane_lease_left_us(const struct curfew_lane *lane, int64_t renewed_us);

#endif
