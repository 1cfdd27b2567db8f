/* claims: a token's payload as struct curfew_claims. Pure. Any thread. */
#ifndef CURFEW_CONSUMER_CLAIMS_H
#define CURFEW_CONSUMER_CLAIMS_H

#include "core/json.h"
#include <curfew/event.h>

#define CURFEW_DATE_MAX_US INT64_C(253402300799000000) /* 9999-12-31T23:59:59Z; sums of two such fit */

/* What the lists of the claims point to. */
struct curfew_claims_room {
    struct curfew_slice agents[CURFEW_AGENTS_MAX];
    struct curfew_path_step path[CURFEW_PATH_MAX];
    struct curfew_slice approvals[CURFEW_APPROVALS_MAX];
    struct curfew_policy_version policies[CURFEW_POLICIES_MAX];
};

/* Reads and checks all that consumer/token.h promises of a payload; `claims->key` is left empty. The claims live as
 * long as `payload` and `room`. CURFEW_INVALID names the claim and quotes nothing of it. */
enum curfew_status curfew_claims_read(const struct curfew_json *payload, struct curfew_claims_room *room,
                                      struct curfew_claims *claims, struct curfew_error *error) CURFEW_MUST_CHECK;

/* A NumericDate (RFC 7519 §2) after 1970 and before the year 10000, in microseconds, down or up to the next. */
bool curfew_claims_date(const struct curfew_json *json, bool up, int64_t *us);

#endif
