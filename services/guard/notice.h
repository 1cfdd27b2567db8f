/* notice: an event as it came over HTTP, held to who sent it. Pure. Any thread.
 *
 * The body is one JSON object with the names of the event's schema: {"type":"task-ended","session":…,"task":…}. Who
 * wrote it and when is filled in later, by whose key it is proven with, and never taken from the body. Taken are the
 * events of work: session-ended, task-started, attempt-ended, task-ended, holder-heartbeat.
 *
 * A worker, known by its token, may say attempt-ended, task-ended and holder-heartbeat; its session, its task and its
 * attempt come from the token, and `by_task`, `by_attempt` and `by_tenant` from there alone. What it leaves out of
 * `session`, `task` and `attempt` is its own. The coordinator, who knows the tree, holds it to its task and what is
 * below. */
#ifndef CURFEW_GUARD_NOTICE_H
#define CURFEW_GUARD_NOTICE_H

#include "consumer/bearer.h"
#include "core/json.h"

/* Reads the event alone. CURFEW_INVALID: it is none, or none that is taken here. */
enum curfew_status curfew_notice_read(const struct curfew_json *json, struct curfew_event *event,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

/* Whether an event takes authority away and can grant none: then it needs no fresh proof of who says so. */
bool curfew_notice_only_ends(const struct curfew_event *event);

/* Makes it the worker's. CURFEW_REFUSED: not a worker's to say. Slices then point into `worker` too. */
enum curfew_status curfew_notice_bind(const struct curfew_bearer *worker, struct curfew_event *event,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

/* The lane it goes to. A heartbeat names a session of it, or `lane` does (a number; NULL: not given). */
enum curfew_status curfew_notice_lane(struct curfew_event *event, const char *lane, int32_t *to,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
