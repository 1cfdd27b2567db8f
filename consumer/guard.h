/* guard: the decision. Pure over the region: (token, class, now) -> verdict. Any thread; no lock, no I/O.
 *
 * In this order: form, issuer, key and signature, tenant; audience; times (expired by max(wall clock, newest as_of);
 * issued later than now + skew; longer lived than allowed; minted before the log's genesis); floors; freshness of
 * control and of the session's lane against the class. A floor found denies whatever the age: floors only deny. Before
 * the first sync every class says unavailable. */
#ifndef CURFEW_CONSUMER_GUARD_H
#define CURFEW_CONSUMER_GUARD_H

#include "consumer/region.h"
#include "consumer/token.h"
#include "core/clock.h"
#include <curfew/hop.h>

/* `claims`: NULL when the token proved nothing. */
typedef void curfew_guard_told(void *context, const struct curfew_request *request, const struct curfew_claims *claims,
                               const struct curfew_verdict *verdict, struct curfew_now now);

struct curfew_guard {
    const struct curfew_region *region;
    const struct curfew_issuers *issuers; /* whom it trusts, and for which tenants */
    const char *audience; /* what aud must hold */
    int64_t longest_life_us;
    int64_t strict_us; /* 2 s */
    int64_t standard_us; /* 30 s */
    curfew_guard_told *told; /* what decide decided; NULL: nobody is told */
    void *context; /* of `told` */
};

void curfew_guard_decide(const struct curfew_guard *guard, const struct curfew_request *request, struct curfew_now now,
                         struct curfew_verdict *verdict);

/* The same for a token whose form and signature were found good before: everything that can change since. The request
 * gives the class; its text is not read. */
void curfew_guard_judge(const struct curfew_guard *guard, const struct curfew_token *token,
                        const struct curfew_request *request, struct curfew_now now, struct curfew_verdict *verdict);

#endif
