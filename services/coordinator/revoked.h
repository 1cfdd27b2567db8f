/* revoked: the floors that control has raised, by subject, as a pipeline lane knows them: what the book holds starts
 * and mints against. Each is kept until nothing it could concern is left. Pure. One thread. */
#ifndef CURFEW_COORDINATOR_REVOKED_H
#define CURFEW_COORDINATOR_REVOKED_H

#include "services/coordinator/control.h"

/* The end of time, for floors of keys and policies: nobody here knows when no trusted key set holds a key any more. A
 * floor that lives so long is stated again every settings.restate_ms, and each costs its place for ever. */
#define CURFEW_FOR_EVER_US INT64_C(253402300800000000) /* the year 10000 */

struct curfew_revoked;

struct curfew_revoked *curfew_revoked_create(void);
void curfew_revoked_destroy(struct curfew_revoked *revoked);

/* Joins by max and max. Not bounded by itself: every one is an operator's record. */
void curfew_revoked_raise(struct curfew_revoked *revoked, const struct curfew_fact_revoked *raised);
/* 0: none, which is below every floor. */
int64_t curfew_revoked_floor(const struct curfew_revoked *revoked, const struct curfew_subject *subject);
/* How many of a kind are held. */
size_t curfew_revoked_count(const struct curfew_revoked *revoked, enum curfew_kind kind);
/* Forgets, from the one raised longest ago on, what was to be kept until before now. */
void curfew_revoked_prune(struct curfew_revoked *revoked, int64_t now_us);

#endif
