/* route: which lane an event belongs to, and what to call its emission in a message to people. Pure. Any thread. */
#ifndef CURFEW_PRODUCER_ROUTE_H
#define CURFEW_PRODUCER_ROUTE_H

#include <curfew/event.h>
#include <curfew/status.h>

#define CURFEW_ROUTE_NAME_SIZE 320 /* "emitting token-created of session " and an id of 256 bytes */

/* The event's lane: 0 for what spans sessions, the session's for what happens to it, `wanted` for a heartbeat.
 * `wanted` is CURFEW_LANE_OF_EVENT or must agree. CURFEW_INVALID: it names no lane, another one, or is not a
 * producer's to say. */
enum curfew_status curfew_route_event(const struct curfew_event *event, int32_t wanted, int32_t *lane,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

/* "emitting task-ended of session 3.k7Qw…". */
void curfew_route_name(const struct curfew_event *event, char name[CURFEW_ROUTE_NAME_SIZE]);

#endif
