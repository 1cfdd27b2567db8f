/* owned: who owns what is alive, over HTTP. Read-only; whoever reaches the coordinator's HTTP may ask.
 *
 *     GET /v1/sessions?user=ana&agent=spiffe%3A%2F%2Facme%2Fplanner&owner=scheduler-1&tenant=acme&unowned=1
 *     200 {"sessions":[{"session","lane","tenant","issuer","user","starter","orchestrators","holder","lease_left_ms",
 *                       "offset","started_us","auth_us","deadline_us","as_of_us","newest_expiry_us",
 *                       "tasks_running","tasks_over","tasks_unowned","tasks_unlooked",
 *                       "owners":[{"owner","as","tasks"}],"owners_more",
 *                       "agents":[{"agent","newest_expiry_us"}],"agents_more"}],
 *          "open","as_of_us","next"}
 *
 * Open sessions, in the order of lanes and starts. Every filter may be left out; those given all hold. An owner is a
 * holder, whose lease keeps a session or a running task, or the writer that started one. Unowned is what no lease
 * keeps: it lives until somebody ends it or its deadline passes. What is left out of an item is none: no holder, no
 * token announced. `next`: there is more, behind ?after=next; a page holds at most CURFEW_OWNED_PAGE_MAX sessions and
 * is the work of looking at CURFEW_OWNED_LOOKS_MAX entries, so that it may hold few, or none, and still have a next.
 * `as_of_us` is the newest good tick of the lane, of the oldest lane for all: what was durable before is reflected. 400
 * for what is no question, 503 while the coordinator is not ready, since it would not know all. */
#ifndef CURFEW_COORDINATOR_OWNED_H
#define CURFEW_COORDINATOR_OWNED_H

#include "services/coordinator/coordinator.h"
#include "services/coordinator/reply.h"
#include "services/coordinator/view.h"

#define CURFEW_OWNED_PAGE_MAX 200
#define CURFEW_OWNED_LOOKS_MAX 20000 /* sessions and tasks; of a session with more the rest is `tasks_unlooked` */
#define CURFEW_OWNED_NAMES_MAX 16 /* owners of one session that are named */

void curfew_owned_reply(const struct curfew_coordinator *coordinator, struct curfew_now now,
                        const struct curfew_http_request *request, struct curfew_http_response *response);

/* How a task is, for those who show it. */
enum curfew_life {
    CURFEW_LIFE_RUNNING,
    CURFEW_LIFE_ATTEMPT_OVER, /* a later attempt may follow */
    CURFEW_LIFE_OVER, /* for good */
    CURFEW_LIFE_ANCESTOR_OVER, /* the session, or a task above it, or that one's attempt */
};
const char *curfew_life_name(enum curfew_life life);
enum curfew_life curfew_owned_life(const struct curfew_lane *lane, const struct curfew_registered_task *task,
                                   struct curfew_task_view *view);

/* Whose lease keeps something running: its own holder's, or that of the nearest above it. */
struct curfew_keeper {
    struct curfew_slice holder; /* empty: nobody's */
    int64_t left_us;
};
struct curfew_keeper curfew_owned_keeper(const struct curfew_lane *lane, const struct curfew_registered_task *task);
struct curfew_keeper curfew_owned_session_keeper(const struct curfew_lane *lane,
                                                 const struct curfew_registered_session *session);

/* What is said of a session by both lists and trees, but for its tasks; NULL: no memory. */
struct curfew_json *curfew_owned_session(const struct curfew_lane *lane, int32_t number,
                                         const struct curfew_registered_session *session);

#endif
