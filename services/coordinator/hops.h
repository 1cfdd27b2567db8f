/* hops: the roster as others see it: GET /v1/hops, and metrics. */
#ifndef CURFEW_COORDINATOR_HOPS_H
#define CURFEW_COORDINATOR_HOPS_H

#include "core/http.h"
#include "services/coordinator/roster.h"
#include <stdio.h>

#define CURFEW_HOPS_LISTED_MAX 1000 /* of more the number is said */

/* {"hops": [{"hop", "state", "silent_ms", "boot", "version", "floors", "worst": {"lane", "age_ms", "problem"}}],
 * "more", "refused"}; with ?hop=NAME that one alone, with all its lanes. */
void curfew_hops_reply(const struct curfew_roster *roster, const struct curfew_writers *writers, struct curfew_now now,
                       const struct curfew_http_request *request, struct curfew_http_response *response);

void curfew_hops_metrics(FILE *out, const struct curfew_roster *roster, const struct curfew_writers *writers,
                         struct curfew_now now);

#endif
