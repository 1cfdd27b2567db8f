/* verdicts: what a hop decided, on its way to the audit topic: an OCSF API Activity of user, agents and what was asked,
 * for every deny, not_valid and unavailable; of allows the number, by class, in the minute's checkpoint.
 *
 * Threads: any tells, without a lock; one takes. An allow costs one addition. What was not allowed is told one by one
 * up to so many a second, since whoever sends rubbish must not be able to fill the topic; more are folded into a
 * number, and at CURFEW_VERDICTS_MAX that nobody took they are lost, which shows as a gap. */
#ifndef CURFEW_CONSUMER_VERDICTS_H
#define CURFEW_CONSUMER_VERDICTS_H

#include "core/audit.h"
#include <curfew/event.h>
#include <curfew/hop.h>

#define CURFEW_VERDICTS_MAX 8192 /* told and not taken */
#define CURFEW_VERDICTS_DENIES_S 1000 /* told one by one, a second */
#define CURFEW_VERDICTS_NOT_VALID_S 100
#define CURFEW_VERDICTS_UNAVAILABLE_S 10

struct curfew_verdicts;

/* Names of what it counts: the audit's options.counts. */
extern const char *const curfew_verdicts_counts[];

/* `audience` is whose door this is; it outlives it. NULL: out of memory. */
struct curfew_verdicts *curfew_verdicts_create(const char *audience);
void curfew_verdicts_destroy(struct curfew_verdicts *verdicts);

/* `claims`: NULL when the token proved nothing, and so says nothing. */
void curfew_verdicts_tell(struct curfew_verdicts *verdicts, const struct curfew_request *request,
                          const struct curfew_claims *claims, const struct curfew_verdict *verdict,
                          struct curfew_now now);
/* Hands over all there is. */
void curfew_verdicts_take(struct curfew_verdicts *verdicts, struct curfew_audit *audit);

#endif
