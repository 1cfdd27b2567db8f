/* notice: what may come through the door, and what of it a worker's token decides. */
#include "schemas/codec.h"
#include "services/guard/notice.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OWN "3.AAAAAAAAAAAAAAAAAAAAAA"
#define OTHER "2.BBBBBBBBBBBBBBBBBBBBBB"

static const struct curfew_bearer worker = {
    .known = true, .tenant = "acme", .session = OWN, .task = "mine", .attempt = 4};
static struct curfew_json *json; /* of the last reading: events point into it */

static int begin(void **state)
{
    struct curfew_error error;
    (void)state;
    return curfew_codec_init(&error) == CURFEW_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    curfew_json_destroy(json);
    json = NULL;
    return 0;
}

static enum curfew_status read_text(const char *text, struct curfew_event *event, struct curfew_error *error)
{
    curfew_json_destroy(json);
    json = NULL;
    assert_int_equal(curfew_json_parse(curfew_slice_of(text), &json, error), CURFEW_OK);
    return curfew_notice_read(json, event, error);
}

static enum curfew_status bind_text(const char *text, struct curfew_event *event, struct curfew_error *error)
{
    assert_int_equal(read_text(text, event, error), CURFEW_OK);
    return curfew_notice_bind(&worker, event, error);
}

static void assert_text(struct curfew_slice text, const char *wanted)
{
    assert_int_equal(text.size, strlen(wanted));
    assert_memory_equal(text.at, wanted, text.size);
}

static void only_events_of_work_are_taken(void **state)
{
    /* Goal: of all types five are taken, and none that names its writer or its time. */
    int taken = 0;
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        char text[128];
        struct curfew_event event;
        struct curfew_error error;
        (void)snprintf(text, sizeof text, "{\"type\":\"%s\"}", curfew_event_name(type));
        if (read_text(text, &event, &error) != CURFEW_OK) {
            assert_non_null(strstr(error.text, "is not taken here"));
            continue;
        }
        taken++;
        (void)snprintf(text, sizeof text, "{\"type\":\"%s\",\"writer\":\"operator\"}", curfew_event_name(type));
        assert_int_equal(read_text(text, &event, &error), CURFEW_INVALID);
        (void)snprintf(text, sizeof text, "{\"type\":\"%s\",\"said_us\":0}", curfew_event_name(type));
        assert_int_equal(read_text(text, &event, &error), CURFEW_INVALID);
    }
    assert_int_equal(taken, 5);
}

static void only_ends_need_no_fresh_proof(void **state)
{
    /* Goal: an end only takes away; a start and a heartbeat do not. */
    struct curfew_event event;
    struct curfew_error error;
    (void)state;
    const struct {
        const char *text;
        bool ends;
    } all[] = {{"{\"type\":\"session-ended\"}", true},
               {"{\"type\":\"attempt-ended\"}", true},
               {"{\"type\":\"task-ended\"}", true},
               {"{\"type\":\"task-started\"}", false},
               {"{\"type\":\"holder-heartbeat\"}", false}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(read_text(all[i].text, &event, &error), CURFEW_OK);
        assert_int_equal(curfew_notice_only_ends(&event), all[i].ends);
    }
}

static void a_workers_words_are_its_tokens(void **state)
{
    /* Goal: session, task and attempt left out are its own; a task below keeps its name and attempt; who it speaks for
     * is its token's in every case. */
    struct curfew_event event;
    struct curfew_error error;
    (void)state;
    assert_int_equal(bind_text("{\"type\":\"task-ended\",\"reason\":\"done\"}", &event, &error), CURFEW_OK);
    assert_text(event.as.task_ended.session, OWN);
    assert_text(event.as.task_ended.task, "mine");
    assert_int_equal(event.as.task_ended.attempt, 4);
    assert_text(event.as.task_ended.by_task, "mine");
    assert_int_equal(event.as.task_ended.by_attempt, 4);
    assert_text(event.as.task_ended.by_tenant, "acme");
    assert_text(event.as.task_ended.reason, "done");

    assert_int_equal(bind_text("{\"type\":\"task-ended\",\"session\":\"" OWN "\",\"task\":\"below\"}", &event, &error),
                     CURFEW_OK);
    assert_text(event.as.task_ended.task, "below");
    assert_int_equal(event.as.task_ended.attempt, 0);
    assert_text(event.as.task_ended.by_task, "mine");

    assert_int_equal(bind_text("{\"type\":\"attempt-ended\",\"task\":\"below\",\"attempt\":2}", &event, &error),
                     CURFEW_OK);
    assert_text(event.as.attempt_ended.session, OWN);
    assert_text(event.as.attempt_ended.task, "below");
    assert_int_equal(event.as.attempt_ended.attempt, 2);
    assert_text(event.as.attempt_ended.by_task, "mine");
    assert_int_equal(event.as.attempt_ended.by_attempt, 4);
    assert_text(event.as.attempt_ended.by_tenant, "acme");

    assert_int_equal(bind_text("{\"type\":\"holder-heartbeat\",\"holder\":\"w\"}", &event, &error), CURFEW_OK);
    assert_text(event.as.holder_heartbeat.session, OWN);
    assert_text(event.as.holder_heartbeat.by_task, "mine");
    assert_int_equal(event.as.holder_heartbeat.by_attempt, 4);
    assert_text(event.as.holder_heartbeat.by_tenant, "acme");
    int32_t lane = 0;
    assert_int_equal(curfew_notice_lane(&event, NULL, &lane, &error), CURFEW_OK);
    assert_int_equal(lane, 3);
    assert_text(event.as.holder_heartbeat.session, OWN);
}

static void a_worker_may_not_speak_for_another(void **state)
{
    /* Goal: another session, a by_task or by_attempt of its own choosing, a start or a session's end are refused. */
    static const char *const wrong[] = {
        "{\"type\":\"task-ended\",\"session\":\"" OTHER "\"}",
        "{\"type\":\"attempt-ended\",\"session\":\"" OTHER "\"}",
        "{\"type\":\"holder-heartbeat\",\"holder\":\"w\",\"session\":\"" OTHER "\"}",
        "{\"type\":\"task-ended\",\"by_task\":\"root\"}",
        "{\"type\":\"task-ended\",\"by_task\":\"mine\"}",
        "{\"type\":\"task-ended\",\"by_attempt\":4}",
        "{\"type\":\"task-ended\",\"by_tenant\":\"acme\"}",
        "{\"type\":\"attempt-ended\",\"by_tenant\":\"books\"}",
        "{\"type\":\"holder-heartbeat\",\"by_tenant\":\"books\"}",
        "{\"type\":\"attempt-ended\",\"by_task\":\"root\",\"by_attempt\":1}",
        "{\"type\":\"holder-heartbeat\",\"by_attempt\":-1}",
        "{\"type\":\"session-ended\"}",
        "{\"type\":\"session-ended\",\"session\":\"" OWN "\"}",
        "{\"type\":\"task-started\",\"session\":\"" OWN "\",\"task\":\"x\",\"attempt\":1}",
    };
    static const struct curfew_bearer nobody = {.known = false, .session = OWN, .task = "mine", .attempt = 4};
    static const struct curfew_bearer of_no_task = {.known = true, .session = OWN};
    struct curfew_event event;
    struct curfew_error error;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (bind_text(wrong[i], &event, &error) != CURFEW_REFUSED) {
            fail_msg("%s was taken", wrong[i]);
        }
    }
    assert_int_equal(read_text("{\"type\":\"task-ended\"}", &event, &error), CURFEW_OK);
    assert_int_equal(curfew_notice_bind(&nobody, &event, &error), CURFEW_REFUSED);
    assert_int_equal(curfew_notice_bind(&of_no_task, &event, &error), CURFEW_REFUSED);
}

static void an_orchestrators_heartbeat_says_where(void **state)
{
    /* Goal: by a session or by a number, one of the two; the session is not sent on, for it is of by_task alone. */
    struct curfew_event event;
    struct curfew_error error;
    int32_t lane = 0;
    (void)state;
    assert_int_equal(read_text("{\"type\":\"holder-heartbeat\",\"session\":\"" OTHER "\"}", &event, &error), CURFEW_OK);
    assert_int_equal(curfew_notice_lane(&event, NULL, &lane, &error), CURFEW_OK);
    assert_int_equal(lane, 2);
    assert_int_equal(event.as.holder_heartbeat.session.size, 0);
    static const char *const good[] = {"1", "007", "255"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(read_text("{\"type\":\"holder-heartbeat\"}", &event, &error), CURFEW_OK);
        assert_int_equal(curfew_notice_lane(&event, good[i], &lane, &error), CURFEW_OK);
    }
    assert_int_equal(lane, 255);
    static const char *const wrong[] = {"0", "-1", "256", "", " 1", "1x", "99999999999999999999", "+1"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(curfew_notice_lane(&event, wrong[i], &lane, &error), CURFEW_INVALID);
    }
    assert_int_equal(curfew_notice_lane(&event, NULL, &lane, &error), CURFEW_INVALID);
    assert_int_equal(read_text("{\"type\":\"holder-heartbeat\",\"session\":\"" OTHER "\"}", &event, &error), CURFEW_OK);
    assert_int_equal(curfew_notice_lane(&event, "2", &lane, &error), CURFEW_INVALID);
    assert_int_equal(read_text("{\"type\":\"task-ended\",\"session\":\"" OWN "\"}", &event, &error), CURFEW_OK);
    assert_int_equal(curfew_notice_lane(&event, "3", &lane, &error), CURFEW_INVALID);
    assert_int_equal(curfew_notice_lane(&event, NULL, &lane, &error), CURFEW_OK);
    assert_int_equal(lane, 3);
    assert_int_equal(read_text("{\"type\":\"task-ended\",\"session\":\"nonsense\"}", &event, &error), CURFEW_OK);
    assert_int_equal(curfew_notice_lane(&event, NULL, &lane, &error), CURFEW_INVALID);
    assert_int_equal(read_text("{\"type\":\"task-ended\"}", &event, &error), CURFEW_OK);
    assert_int_equal(curfew_notice_lane(&event, NULL, &lane, &error), CURFEW_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(only_events_of_work_are_taken, end),
        cmocka_unit_test_teardown(only_ends_need_no_fresh_proof, end),
        cmocka_unit_test_teardown(a_workers_words_are_its_tokens, end),
        cmocka_unit_test_teardown(a_worker_may_not_speak_for_another, end),
        cmocka_unit_test_teardown(an_orchestrators_heartbeat_says_where, end),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
