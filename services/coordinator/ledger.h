/* ledger: the live floors of one lane, in the order they were last stated. State of the step, so that they can be
 * stated again; and the list of what the record being stepped raises. Pure. One thread. */
#ifndef CURFEW_COORDINATOR_LEDGER_H
#define CURFEW_COORDINATOR_LEDGER_H

#include "core/subject.h"

#define CURFEW_RESTATE_MAX 4096 /* floors stated again by one tick; the rest waits for the next */

struct curfew_ledger;

struct curfew_cause {
    int64_t offset;
    int64_t good_us; /* the lane's newest good tick then: a record's own timestamp may be of a broker that is wrong */
};

struct curfew_ledger *curfew_ledger_create(void);
void curfew_ledger_destroy(struct curfew_ledger *ledger);

/* Joins a floor (max and max). What rises is stated by `cause`. */
void curfew_ledger_raise(struct curfew_ledger *ledger, const struct curfew_floor *floor, struct curfew_cause cause);

/* Forgets, from the oldest on, what expired before `as_of_us`. */
void curfew_ledger_prune(struct curfew_ledger *ledger, int64_t as_of_us);

/* States again what was last stated `age_us` or longer before the cause, by good ticks; oldest first. */
void curfew_ledger_restate(struct curfew_ledger *ledger, int64_t age_us, struct curfew_cause cause);

/* States again all that is held and did not expire before the cause's good tick; what did is forgotten. */
void curfew_ledger_restate_all(struct curfew_ledger *ledger, struct curfew_cause cause);

/* Cause of the oldest floor still held; -1: none. */
int64_t curfew_ledger_oldest(const struct curfew_ledger *ledger);
int64_t curfew_ledger_count(const struct curfew_ledger *ledger);

/* The floor of a subject; 0: none is held. */
int64_t curfew_ledger_floor(const struct curfew_ledger *ledger, const struct curfew_subject *subject);
/* When the floor of a subject expires; 0: none is held. */
int64_t curfew_ledger_expiry(const struct curfew_ledger *ledger, const struct curfew_subject *subject);

size_t curfew_ledger_raised(const struct curfew_ledger *ledger); /* what take would give */
/* What was raised since the last take, each subject once, in order. The array lives until the next raise. */
const struct curfew_floor *curfew_ledger_take(struct curfew_ledger *ledger, size_t *count);

#endif
