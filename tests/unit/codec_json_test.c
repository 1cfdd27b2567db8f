/* codec_json: events that come as JSON: what the codec prints it reads, and nothing else. */
#include "codec_samples.h"
#include "core/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const enum curfew_event_type plain[] = {
    CURFEW_EVENT_SESSION_ENDED,    CURFEW_EVENT_TASK_STARTED,  CURFEW_EVENT_ATTEMPT_ENDED, CURFEW_EVENT_TASK_ENDED,
    CURFEW_EVENT_HOLDER_HEARTBEAT, CURFEW_EVENT_TOKEN_REVOKED, CURFEW_EVENT_POLICY_RAISED};

static int begin(void **state)
{
    struct curfew_error error;
    (void)state;
    return curfew_codec_init(&error) == CURFEW_OK ? 0 : -1;
}

static void assert_comes_back(const struct curfew_event *event, const char *text)
{
    struct curfew_event back;
    struct curfew_error error;
    struct curfew_json *json = NULL;
    assert_int_equal(curfew_json_parse(curfew_slice_of(text), &json, &error), CURFEW_OK);
    assert_int_equal(curfew_codec_read_json(json, &back, &error), CURFEW_OK);
    assert_int_equal(back.type, event->type);
    assert_true(samples_equal(event, &back));
    curfew_json_destroy(json);
}

static void what_is_printed_is_read(void **state)
{
    /* Goal: events of plain fields come back from their JSON as they were, with every field set. */
    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const struct sample *sample = &samples_all()[plain[i]];
        assert_comes_back(&sample->event, sample->json);
    }
    const struct curfew_event extreme = {
        .type = CURFEW_EVENT_TASK_ENDED,
        .as.task_ended = {.said_us = INT64_MIN, .attempt = INT64_MAX, .reason = curfew_slice_of("\"\\ \n é 💡")}};
    char *text = curfew_codec_json(&extreme);
    assert_comes_back(&extreme, text);
    free(text);
}

static enum curfew_status read_text(const char *text, struct curfew_event *event, struct curfew_error *error)
{
    struct curfew_json *json = NULL;
    assert_int_equal(curfew_json_parse(curfew_slice_of(text), &json, error), CURFEW_OK);
    const enum curfew_status status = curfew_codec_read_json(json, event, error);
    curfew_json_destroy(json);
    return status;
}

static void what_is_left_out_is_empty(void **state)
{
    /* Goal: only the type is needed; every other field is empty, 0 or false. */
    struct curfew_event event;
    struct curfew_event empty;
    struct curfew_error error;
    (void)state;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "{\"type\":\"%s\"}", curfew_event_name(plain[i]));
        assert_int_equal(read_text(text, &event, &error), CURFEW_OK);
        memset(&empty, 0, sizeof empty);
        empty.type = plain[i];
        assert_int_equal(event.type, plain[i]);
        assert_memory_equal(&event, &empty, sizeof event);
    }
}

static void what_does_not_fit_is_told(void **state)
{
    /* Goal: each mistake is an error that names the field or lists them, and quotes nothing that was sent. */
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"{}", "with a \"type\""},
        {"[]", "with a \"type\""},
        {"\"task-ended\"", "with a \"type\""},
        {"{\"type\":7}", "with a \"type\""},
        {"{\"type\":\"secret-words\"}", "with a \"type\""},
        {"{\"type\":\"task-ended\",\"secret-words\":1}", "none of its fields: writer, said_us, session, task, attempt"},
        {"{\"type\":\"task-ended\",\"task\":7}", "\"task\" must be a string"},
        {"{\"type\":\"task-ended\",\"task\":null}", "\"task\" must be a string"},
        {"{\"type\":\"task-ended\",\"attempt\":\"secret-words\"}", "\"attempt\" must be a whole number of 64 bits"},
        {"{\"type\":\"task-ended\",\"attempt\":1.0}", "\"attempt\" must be a whole number"},
        {"{\"type\":\"policy-raised\",\"break_glass\":1}", "\"break_glass\" must be true or false"},
        {"{\"type\":\"session-started\",\"orchestrators\":[]}", "\"orchestrators\" must be left out"},
        {"{\"type\":\"genesis\",\"lane\":2147483648}", "\"lane\" must be a whole number of 32 bits"},
        {"{\"type\":\"genesis\",\"log_id\":\"00\"}", "\"log_id\" must be left out"},
    };
    struct curfew_event event;
    struct curfew_error error;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(read_text(wrong[i].text, &event, &error), CURFEW_INVALID);
        if (strstr(error.text, wrong[i].said) == NULL || strstr(error.text, "secret-words") != NULL) {
            fail_msg("%s: %s", wrong[i].text, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read),
        cmocka_unit_test(what_is_left_out_is_empty),
        cmocka_unit_test(what_does_not_fit_is_told),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
