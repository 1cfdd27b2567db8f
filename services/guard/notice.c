/* notice: which events come through the door, and what a worker may say. */
#include "services/guard/notice.h"
#include "core/id.h"
#include "schemas/codec.h"
#include <errno.h>
#include <stdlib.h>

static bool is_taken(enum curfew_event_type type)
{
    return type == CURFEW_EVENT_SESSION_ENDED || type == CURFEW_EVENT_TASK_STARTED ||
           type == CURFEW_EVENT_ATTEMPT_ENDED || type == CURFEW_EVENT_TASK_ENDED ||
           type == CURFEW_EVENT_HOLDER_HEARTBEAT;
}

enum curfew_status curfew_notice_read(const struct curfew_json *json, struct curfew_event *event,
                                      struct curfew_error *error)
{
    enum curfew_status status = curfew_codec_read_json(json, event, error);
    if (status != CURFEW_OK) {
        return status;
    }
    if (!is_taken(event->type)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "%s is not taken here: session-ended, task-started, attempt-ended, task-ended and "
                                "holder-heartbeat are",
                                curfew_event_name(event->type));
    }
    if (curfew_json_member(json, "writer") != NULL || curfew_json_member(json, "said_us") != NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading %s: leave out \"writer\" and \"said_us\": they are filled in here",
                                curfew_event_name(event->type));
    }
    return CURFEW_OK;
}

bool curfew_notice_only_ends(const struct curfew_event *event)
{
    return event->type == CURFEW_EVENT_SESSION_ENDED || event->type == CURFEW_EVENT_ATTEMPT_ENDED ||
           event->type == CURFEW_EVENT_TASK_ENDED;
}

/* Where an event says for whom it is said. */
struct speaker {
    struct curfew_slice *task;
    int64_t *attempt;
    struct curfew_slice *tenant;
};

/* The members that tasks' ends have in common, wherever each has them. */
struct ending {
    struct curfew_slice *session;
    struct curfew_slice *task;
    int64_t *attempt;
    struct speaker speaker;
};

static struct ending ending_of(struct curfew_event *event)
{
    struct curfew_task_ended *task = &event->as.task_ended;
    struct curfew_attempt_ended *attempt = &event->as.attempt_ended;
    return event->type == CURFEW_EVENT_TASK_ENDED
               ? (struct ending){&task->session,
                                 &task->task,
                                 &task->attempt,
                                 {&task->by_task, &task->by_attempt, &task->by_tenant}}
               : (struct ending){&attempt->session,
                                 &attempt->task,
                                 &attempt->attempt,
                                 {&attempt->by_task, &attempt->by_attempt, &attempt->by_tenant}};
}

static enum curfew_status not_a_workers(const char *what, struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_REFUSED, "a worker may not say so: %s", what);
}

/* Fills in what says for whom, and nobody else. */
static enum curfew_status bind(const struct curfew_bearer *worker, struct curfew_slice *session,
                               const struct speaker *speaker, struct curfew_error *error)
{
    const struct curfew_slice own = curfew_slice_of(worker->session);
    if (speaker->task->size > 0 || *speaker->attempt != 0 || speaker->tenant->size > 0) {
        return not_a_workers(
            "leave out \"by_task\", \"by_attempt\" and \"by_tenant\": its token says what it speaks for", error);
    }
    if (session->size > 0 && !curfew_slice_equal(*session, own)) {
        return not_a_workers("\"session\" is another than its token's; leave it out", error);
    }
    *session = own;
    *speaker->task = curfew_slice_of(worker->task);
    *speaker->attempt = worker->attempt;
    *speaker->tenant = curfew_slice_of(worker->tenant);
    return CURFEW_OK;
}

static enum curfew_status bind_ending(const struct curfew_bearer *worker, struct curfew_event *event,
                                      struct curfew_error *error)
{
    const struct ending ending = ending_of(event);
    enum curfew_status status = bind(worker, ending.session, &ending.speaker, error);
    if (status != CURFEW_OK) {
        return status;
    }
    if (ending.task->size == 0) {
        *ending.task = curfew_slice_of(worker->task);
    }
    if (*ending.attempt == 0 && curfew_slice_equal(*ending.task, curfew_slice_of(worker->task))) {
        *ending.attempt = worker->attempt; /* never a later one's, who may have replaced it */
    }
    return CURFEW_OK;
}

enum curfew_status curfew_notice_bind(const struct curfew_bearer *worker, struct curfew_event *event,
                                      struct curfew_error *error)
{
    if (!worker->known || worker->task[0] == '\0' || worker->attempt < 1) {
        return not_a_workers("its token was given for no task", error);
    }
    struct curfew_holder_heartbeat *beat = &event->as.holder_heartbeat;
    const struct speaker speaker = {&beat->by_task, &beat->by_attempt, &beat->by_tenant};
    switch (event->type) {
    case CURFEW_EVENT_TASK_ENDED:
    case CURFEW_EVENT_ATTEMPT_ENDED:
        return bind_ending(worker, event, error);
    case CURFEW_EVENT_HOLDER_HEARTBEAT:
        return bind(worker, &beat->session, &speaker, error);
    default:
        return not_a_workers("attempt-ended, task-ended and holder-heartbeat it may, of its own task and those below",
                             error);
    }
}

enum curfew_status curfew_notice_lane(struct curfew_event *event, const char *lane, int32_t *to,
                                      struct curfew_error *error)
{
    struct curfew_holder_heartbeat *beat = &event->as.holder_heartbeat;
    struct curfew_slice session = curfew_event_session(event);
    if (event->type == CURFEW_EVENT_HOLDER_HEARTBEAT) {
        session = beat->session;
        if (beat->by_task.size == 0) {
            beat->session = (struct curfew_slice){NULL, 0}; /* it is of by_task; here it only told the lane */
        }
    }
    if (lane == NULL && session.size > 0) {
        return curfew_session_id_lane(session, to, error);
    }
    char *end = NULL;
    errno = 0;
    const long number = lane == NULL ? 0 : strtol(lane, &end, 10);
    if (event->type != CURFEW_EVENT_HOLDER_HEARTBEAT || session.size > 0 || lane == NULL || lane[0] < '0' ||
        lane[0] > '9' || *end != '\0' || errno != 0 || number < 1 || number >= CURFEW_LANES_MAX) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            event->type == CURFEW_EVENT_HOLDER_HEARTBEAT
                ? "reading holder-heartbeat: say in which lane: a \"session\" of it, or lane=1..%d in "
                  "the query, and not both"
                : "reading an event: name its \"session\"; lane= is for heartbeats (1..%d)",
            CURFEW_LANES_MAX - 1);
    }
    *to = (int32_t)number;
    return CURFEW_OK;
}
