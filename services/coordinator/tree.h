/* tree: one session, open or over, with its tasks, over HTTP. Read-only.
 *
 *     GET /v1/sessions/1.k7QwZ2pXn0aVb81mJc5TyA
 *     200 {"tasks":[{"task","parent","parent_attempt","attempt","state","starter","holder","kept_by","lease_left_ms",
 *                    "offset","started_us","newest_expiry_us","end":{"cause","by","by_task","reason","offset","at_us"},
 *                    "attempt_end":{...}}],
 *          "session":{as in a list (owned.h), "state":"open" or "over", "end":{...}},"as_of_us","next"}
 *
 * Tasks in the order they were first started, so that a parent stands before what is below it; `attempt` is the current
 * one, and what is said is of it. `state` is running, attempt_over, over or ancestor_over. A cause is said, lease,
 * deadline, user_revoked, tenant_revoked or unknown. `kept_by` is whose lease keeps it, its own holder's or one
 * above's; left out: nobody's. `next`: so many tasks were passed over or told; more are behind ?after=next. 400 for
 * what is no session id; 404 for one that is not known: it never started, or was over and is forgotten; 503 while not
 * ready. A session that is over and of which only that is known has state over and cause unknown, and no tasks. */
#ifndef CURFEW_COORDINATOR_TREE_H
#define CURFEW_COORDINATOR_TREE_H

#include "services/coordinator/owned.h"

#define CURFEW_TREE_PREFIX "/v1/sessions/"

void curfew_tree_reply(const struct curfew_coordinator *coordinator, struct curfew_now now,
                       const struct curfew_http_request *request, struct curfew_http_response *response);

#endif
