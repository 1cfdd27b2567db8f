/* impact: GET /v1/impact: what a revocation would end, before somebody says it. Read-only.
 *
 *     /v1/impact?kind=user&tenant=acme&scope=https://id.example&id=ana
 *     /v1/impact?kind=policy&tenant=acme&id=payments&version=7
 *     200 {"sessions":3,"tasks":17,"control_next":42,"proposed_by":"op1"}
 *
 * `kind` is user, agent, tenant, key or policy; what the others are for each is in target.h, and what is left out is
 * empty (a version: 0). `control_next` is the offset of the control record that is not reflected yet. `proposed_by` is
 * the operator who said the same and waits for a second; left out when nobody does. 400 {"error": text} for
 * anything else, 503 {"error": text} while the coordinator is not ready, since it would not know all. Whoever reaches
 * the coordinator's HTTP may ask. */
#ifndef CURFEW_COORDINATOR_IMPACT_H
#define CURFEW_COORDINATOR_IMPACT_H

#include "core/http.h"
#include "services/coordinator/coordinator.h"

/* CURFEW_INVALID: the query names no target; the error says what is wrong. The slices live as long as the request. */
enum curfew_status curfew_impact_target(const struct curfew_http_request *request, struct curfew_target *target,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;
/* The response to what curfew_coordinator_impact gave, or to an error before it. */
void curfew_impact_reply(enum curfew_status status, const struct curfew_coordinator_impact *impact,
                         const struct curfew_error *error, struct curfew_http_response *response);

#endif
