/* route: events to lanes. */
#include "producer/route.h"
#include "core/id.h"
#include <curfew/producer.h>
#include <stdio.h>

static enum curfew_status route_heartbeat(const struct curfew_event *event, int32_t wanted, int32_t *lane,
                                          struct curfew_error *error)
{
    struct curfew_slice holder = event->as.holder_heartbeat.holder;
    if (wanted < 1 || wanted >= CURFEW_LANES_MAX) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            "routing holder-heartbeat of %.*s: a heartbeat renews leases of one pipeline lane; name "
            "the lane, 1..%d",
            CURFEW_SLICE_ARGS(holder), CURFEW_LANES_MAX - 1);
    }
    *lane = wanted;
    return CURFEW_OK;
}

static enum curfew_status own_lane(const struct curfew_event *event, int32_t *lane, struct curfew_error *error)
{
    switch (event->type) {
    case CURFEW_EVENT_SETTINGS:
    case CURFEW_EVENT_SUBJECT_REVOKED:
    case CURFEW_EVENT_WRITER_SET:
    case CURFEW_EVENT_POLICY_ADOPTED:
    case CURFEW_EVENT_POLICY_RAISED:
    case CURFEW_EVENT_RECORDS_SKIPPED:
        *lane = 0;
        return CURFEW_OK;
    case CURFEW_EVENT_SESSION_STARTED:
    case CURFEW_EVENT_SESSION_ENDED:
    case CURFEW_EVENT_TASK_STARTED:
    case CURFEW_EVENT_ATTEMPT_ENDED:
    case CURFEW_EVENT_TASK_ENDED:
    case CURFEW_EVENT_TOKEN_CREATED:
    case CURFEW_EVENT_TOKEN_REVOKED:
        return curfew_session_id_lane(curfew_event_session(event), lane, error);
    default:
        return curfew_error_set(error, CURFEW_INVALID,
                                "routing %s: not an event that issuers, orchestrators or operators emit",
                                curfew_event_name(event->type));
    }
}

enum curfew_status curfew_route_event(const struct curfew_event *event, int32_t wanted, int32_t *lane,
                                      struct curfew_error *error)
{
    if (event->type == CURFEW_EVENT_HOLDER_HEARTBEAT) {
        return route_heartbeat(event, wanted, lane, error);
    }
    enum curfew_status status = own_lane(event, lane, error);
    if (status == CURFEW_OK && wanted != CURFEW_LANE_OF_EVENT && wanted != *lane) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "routing %s: it belongs on lane %d, not %d; leave the lane to the event",
                                curfew_event_name(event->type), (int)*lane, (int)wanted);
    }
    return status;
}

void curfew_route_name(const struct curfew_event *event, char name[CURFEW_ROUTE_NAME_SIZE])
{
    struct curfew_slice id = curfew_event_session(event);
    const char *what = " of session ";
    if (event->type == CURFEW_EVENT_HOLDER_HEARTBEAT) {
        id = event->as.holder_heartbeat.holder;
        what = " of holder ";
    } else if (event->type == CURFEW_EVENT_SUBJECT_REVOKED) {
        id = event->as.subject_revoked.id;
        what = " of ";
    } else if (event->type == CURFEW_EVENT_WRITER_SET) {
        id = event->as.writer_set.name;
        what = " of ";
    } else if (event->type == CURFEW_EVENT_POLICY_ADOPTED || event->type == CURFEW_EVENT_POLICY_RAISED) {
        id = event->as.policy_raised.name;
        what = " of ";
    }
    if (id.size == 0) {
        what = "";
    }
    int shown = id.size > CURFEW_ID_MAX ? CURFEW_ID_MAX : (int)id.size;
    snprintf(name, CURFEW_ROUTE_NAME_SIZE, "emitting %s%s%.*s", curfew_event_name(event->type), what, shown,
             id.size == 0 ? "" : (const char *)id.at);
}
