/* notice: any JSON as an event at the guard's door, from a caller and from a worker.
 *
 * What must hold. Taken is only what a writer may say of work, without a writer or a time of its own. A worker's words
 * are of its token's session, and speak for its token's task and attempt; a heartbeat or an end, and nothing else. What
 * was taken encodes or is refused by the encoder, and goes to a lane that a session or the query named.
 *
 * Input: a lane as text up to a line feed (empty: none), then the body. */
#include "services/guard/notice.h"
#include "core/id.h"
#include "input.h"
#include "schemas/codec.h"
#include <stdlib.h>

#define SESSION "3.AAAAAAAAAAAAAAAAAAAAAA"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t encoded[CURFEW_CODEC_RECORD_MAX];

static void check_taken(const struct curfew_event *event)
{
    const enum curfew_event_type type = event->type;
    input_require(type == CURFEW_EVENT_SESSION_ENDED || type == CURFEW_EVENT_TASK_STARTED ||
                      type == CURFEW_EVENT_ATTEMPT_ENDED || type == CURFEW_EVENT_TASK_ENDED ||
                      type == CURFEW_EVENT_HOLDER_HEARTBEAT,
                  "it is an event of work");
    input_require(event->as.settings.writer.size == 0 && event->as.settings.said_us == 0,
                  "nobody says who writes, or when");
}

static void check_bound(const struct curfew_event *event, const struct curfew_bearer *worker)
{
    struct curfew_slice session = curfew_event_session(event);
    struct curfew_slice by_task = event->as.task_ended.by_task;
    int64_t by_attempt = event->as.task_ended.by_attempt;
    struct curfew_slice by_tenant = event->as.task_ended.by_tenant;
    input_require(event->type == CURFEW_EVENT_ATTEMPT_ENDED || event->type == CURFEW_EVENT_TASK_ENDED ||
                      event->type == CURFEW_EVENT_HOLDER_HEARTBEAT,
                  "a worker may say it");
    if (event->type == CURFEW_EVENT_ATTEMPT_ENDED) {
        by_task = event->as.attempt_ended.by_task;
        by_attempt = event->as.attempt_ended.by_attempt;
        by_tenant = event->as.attempt_ended.by_tenant;
    } else if (event->type == CURFEW_EVENT_HOLDER_HEARTBEAT) {
        session = event->as.holder_heartbeat.session;
        by_task = event->as.holder_heartbeat.by_task;
        by_attempt = event->as.holder_heartbeat.by_attempt;
        by_tenant = event->as.holder_heartbeat.by_tenant;
    }
    input_require(curfew_slice_equal(session, curfew_slice_of(worker->session)), "the session is the token's");
    input_require(curfew_slice_equal(by_task, curfew_slice_of(worker->task)), "so is the task it speaks for");
    input_require(by_attempt == worker->attempt, "and the attempt");
    input_require(curfew_slice_equal(by_tenant, curfew_slice_of(worker->tenant)), "and the tenant");
}

static void check_sent(struct curfew_event *event, const char *lane)
{
    struct curfew_error error;
    int32_t to = 0;
    size_t size = 0;
    if (curfew_notice_lane(event, lane, &to, &error) != CURFEW_OK) {
        return;
    }
    input_require(to >= 1 && to < CURFEW_LANES_MAX, "it goes to a pipeline lane");
    const enum curfew_status status = curfew_codec_encode(event, encoded, sizeof encoded, &size, &error);
    input_require(status == CURFEW_OK || status == CURFEW_INVALID, "it encodes, or a field is over its bound");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    static const struct curfew_bearer worker = {
        .known = true, .tenant = "acme", .session = SESSION, .task = "mine", .attempt = 4};
    struct input input = {data, size};
    struct curfew_json *json = NULL;
    struct curfew_event event;
    struct curfew_error error;
    if (!ready) {
        input_require(curfew_codec_init(&error) == CURFEW_OK, "the schemas load");
        ready = true;
    }
    char *lane = input_text(input_until(&input, '\n'));
    if (curfew_json_parse(input_rest(&input), &json, &error) == CURFEW_OK &&
        curfew_notice_read(json, &event, &error) == CURFEW_OK) {
        struct curfew_event bound = event;
        check_taken(&event);
        if (curfew_notice_bind(&worker, &bound, &error) == CURFEW_OK) {
            check_bound(&bound, &worker);
            check_sent(&bound, NULL);
        }
        check_sent(&event, lane[0] == '\0' ? NULL : lane);
    }
    curfew_json_destroy(json);
    free(lane);
    return 0;
}
