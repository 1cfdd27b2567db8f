/* cli: what people write, as values; what came of a command, as exit status, JSON and a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bus.h"
#include "core/json.h"
#include "producer/outcome.h"
#include "services/cli/ask.h"
#include "services/cli/input.h"
#include "services/cli/parse.h"
#include "services/cli/report.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void test_numbers_keep_their_bounds(void **state)
{
    /* Goal: a number is digits alone within least..most; anything else is an error that says what to write. */
    static const char *const wrong[] = {
        "", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.5", "0", "256", "99999999999999999999"};
    struct curfew_error error;
    int64_t value = 7;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(curfew_parse_count("--lane", wrong[i], 1, 255, &value, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "--lane"));
        assert_non_null(strstr(error.text, "from 1 to 255"));
        assert_int_equal(value, 7);
    }
    assert_int_equal(curfew_parse_count("--lane", "1", 1, 255, &value, &error), CURFEW_OK);
    assert_int_equal(value, 1);
    assert_int_equal(curfew_parse_count("--lane", "255", 1, 255, &value, &error), CURFEW_OK);
    assert_int_equal(value, 255);
    assert_int_equal(curfew_parse_count("n", "9223372036854775807", 0, INT64_MAX, &value, &error), CURFEW_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(curfew_parse_count("n", "9223372036854775808", 0, INT64_MAX, &value, &error), CURFEW_INVALID);
}

static void test_spans_have_units(void **state)
{
    /* Goal: a span is seconds unless a unit follows, and neither nothing nor beyond ten years. */
    static const struct {
        const char *text;
        int64_t ms;
    } right[] = {{"300", 300000},
                 {"300s", 300000},
                 {"250ms", 250},
                 {"5m", 300000},
                 {"8h", 28800000},
                 {"6d", 518400000},
                 {"3650d", CURFEW_DURATION_MAX_MS}};
    static const char *const wrong[] = {
        "", "s", "0", "0ms", "-5s", "5 s", "5S", "1.5h", "5min", "1w", "3651d", "9223372036854775807d", "5ms "};
    struct curfew_error error;
    int64_t ms = 0;
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        assert_int_equal(curfew_parse_duration("--life", right[i].text, &ms, &error), CURFEW_OK);
        assert_int_equal(ms, right[i].ms);
    }
    ms = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(curfew_parse_duration("--life", wrong[i], &ms, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "--life"));
        assert_int_equal(ms, 7);
    }
}

static void test_times_are_now_or_microseconds(void **state)
{
    /* Goal: "now" is the time handed in; a number is taken as it is; nothing else is a time. */
    struct curfew_error error;
    int64_t time_us = 0;
    (void)state;
    assert_int_equal(curfew_parse_time("--auth-time", "now", 42, &time_us, &error), CURFEW_OK);
    assert_int_equal(time_us, 42);
    assert_int_equal(curfew_parse_time("--auth-time", "1795460429437000", 42, &time_us, &error), CURFEW_OK);
    assert_true(time_us == INT64_C(1795460429437000));
    assert_int_equal(curfew_parse_time("--auth-time", "0", 42, &time_us, &error), CURFEW_INVALID);
    assert_int_equal(curfew_parse_time("--auth-time", "2026-11-23", 42, &time_us, &error), CURFEW_INVALID);
    assert_int_equal(curfew_parse_time("--auth-time", "", 42, &time_us, &error), CURFEW_INVALID);
}

static void test_a_step_splits_at_its_last_colon(void **state)
{
    /* Goal: task ids may hold colons; the attempt is never guessed. */
    static const char *const wrong[] = {"",         "clean", ":1",    "clean:",     "clean:0",
                                        "clean:-1", "a:1b",  "a\n:1", "\xff\xfe:1", "clean:9223372036854775807"};
    struct curfew_path_step step = {.attempt = 7};
    struct curfew_error error;
    char long_step[CURFEW_ID_MAX + 4];
    (void)state;
    assert_int_equal(curfew_parse_step("clean:2", &step, &error), CURFEW_OK);
    assert_true(curfew_slice_equal(step.task, curfew_slice_of("clean")));
    assert_int_equal(step.attempt, 2);
    assert_int_equal(curfew_parse_step("job:7:part:3", &step, &error), CURFEW_OK);
    assert_true(curfew_slice_equal(step.task, curfew_slice_of("job:7:part")));
    assert_int_equal(step.attempt, 3);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(curfew_parse_step(wrong[i], &step, &error), CURFEW_INVALID);
        assert_int_equal(step.attempt, 3);
    }
    memset(long_step, 'a', sizeof long_step);
    memcpy(long_step + CURFEW_ID_MAX, ":1", 3);
    assert_int_equal(curfew_parse_step(long_step, &step, &error), CURFEW_OK);
    memcpy(long_step + CURFEW_ID_MAX, "a:1", 4);
    assert_int_equal(curfew_parse_step(long_step, &step, &error), CURFEW_INVALID);
}

static void test_positions_are_words_or_offsets(void **state)
{
    /* Goal: begin and end are the bus's own positions; a negative number cannot be mistaken for them. */
    struct curfew_error error;
    int64_t offset = 0;
    (void)state;
    assert_int_equal(curfew_parse_from("begin", &offset, &error), CURFEW_OK);
    assert_true(offset == CURFEW_OFFSET_BEGIN);
    assert_int_equal(curfew_parse_from("end", &offset, &error), CURFEW_OK);
    assert_true(offset == CURFEW_OFFSET_END);
    assert_int_equal(curfew_parse_from("0", &offset, &error), CURFEW_OK);
    assert_int_equal(offset, 0);
    assert_int_equal(curfew_parse_from("1042", &offset, &error), CURFEW_OK);
    assert_int_equal(offset, 1042);
    assert_int_equal(curfew_parse_from("-1", &offset, &error), CURFEW_INVALID);
    assert_int_equal(curfew_parse_from("beginning", &offset, &error), CURFEW_INVALID);
    assert_int_equal(offset, 1042);
}

static void test_every_event_is_known_by_its_name(void **state)
{
    /* Goal: --type takes each event's name on the wire, and an unknown one is answered with all that are known. */
    struct curfew_error error;
    enum curfew_event_type type = CURFEW_EVENT_TICK;
    (void)state;
    for (int i = 0; i < CURFEW_EVENT_COUNT; i++) {
        assert_int_equal(curfew_parse_event_type(curfew_event_name((enum curfew_event_type)i), &type, &error),
                         CURFEW_OK);
        assert_int_equal(type, i);
    }
    assert_int_equal(curfew_parse_event_type("task-end", &type, &error), CURFEW_INVALID);
    for (int i = 0; i < CURFEW_EVENT_COUNT; i++)
        assert_non_null(strstr(error.text, curfew_event_name((enum curfew_event_type)i)));
}

static void test_a_setting_splits_at_its_first_equals_sign(void **state)
{
    /* Goal: values may hold equals signs and be empty; an error never repeats the value. */
    char right[] = "kafka.sasl.password=a=b";
    char empty[] = "cache.address=";
    char wrong[] = "hunter2";
    char nameless[] = "=hunter2";
    const char *name = NULL;
    const char *value = NULL;
    struct curfew_error error;
    (void)state;
    assert_int_equal(curfew_parse_setting(right, &name, &value, &error), CURFEW_OK);
    assert_string_equal(name, "kafka.sasl.password");
    assert_string_equal(value, "a=b");
    assert_int_equal(curfew_parse_setting(empty, &name, &value, &error), CURFEW_OK);
    assert_string_equal(value, "");
    assert_int_equal(curfew_parse_setting(wrong, &name, &value, &error), CURFEW_INVALID);
    assert_null(strstr(error.text, "hunter2"));
    assert_int_equal(curfew_parse_setting(nameless, &name, &value, &error), CURFEW_INVALID);
    assert_null(strstr(error.text, "hunter2"));
}

static void test_a_token_among_arguments_is_seen(void **state)
{
    /* Goal: a token is recognised bare, behind an option and behind Bearer; ids, URLs and settings are not. */
    static const char *const tokens[] = {
        "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln",        "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.",
        "--file=eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln", "Bearer eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln",
        "bearer eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln", "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln\n",
    };
    static const char *const others[] = {
        "",
        "eyJ",
        "3.k7QwZ2pXn0aVb81mJc5TyA",
        "token",
        "eyJhIjoxfQ",
        "eyJ.a",
        "eyJ.a b.c",
        "a.b.c",
        "--set=a=b.c.d",
        "clean:1",
        "https://eyJ.example.com",
        "-",
    };
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        assert_true(curfew_parse_is_token(tokens[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(curfew_parse_is_token(others[i]));
}

static void test_exit_statuses_are_what_the_help_says(void **state)
{
    /* Goal: scripts can tell refused from out of reach from failed. */
    (void)state;
    assert_int_equal(curfew_report_exit(CURFEW_OK), 0);
    assert_int_equal(curfew_report_exit(CURFEW_INVALID), 1);
    assert_int_equal(curfew_report_exit(CURFEW_INTERNAL), 1);
    assert_int_equal(curfew_report_exit(CURFEW_NOMEM), 1);
    assert_int_equal(curfew_report_exit(CURFEW_CLOSED), 1);
    assert_int_equal(curfew_report_exit(CURFEW_REFUSED), 3);
    assert_int_equal(curfew_report_exit(CURFEW_UNAVAILABLE), 5);
    assert_int_equal(curfew_report_exit(CURFEW_TIMEOUT), 5);
    assert_int_equal(curfew_report_exit(CURFEW_FULL), 5);
}

static const struct curfew_outcome accepted = {
    .status = CURFEW_OK,
    .receipt = {.log_id = {0xab, 0xcd},
                .lane = 3,
                .offset = 1042,
                .timestamp_us = 10,
                .durable_us = 2000,
                .accepted_us = 6200},
};

static struct curfew_outcome make_outcome(enum curfew_status status, int64_t offset)
{
    struct curfew_outcome outcome = {.status = status, .receipt = {.lane = 3, .offset = offset, .durable_us = 5}};
    (void)curfew_error_set(&outcome.error, status, "asking 127.0.0.1:9: it is silent");
    return outcome;
}

/* The JSON of an outcome, parsed again. */
static struct curfew_json *json_of(const struct curfew_outcome *outcome)
{
    struct curfew_object *object = curfew_object_create();
    struct curfew_json *json = NULL;
    struct curfew_error error;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    curfew_outcome_put(outcome, object);
    assert_int_equal(curfew_object_print(object, file, &error), CURFEW_OK);
    curfew_object_destroy(object);
    fclose(file);
    assert_int_equal(text[size - 1], '\n');
    assert_ptr_equal(strchr(text, '\n'), text + size - 1); /* one line */
    assert_int_equal(curfew_json_parse((struct curfew_slice){(uint8_t *)text, size}, &json, &error), CURFEW_OK);
    free(text);
    return json;
}

static void assert_text(const struct curfew_json *json, const char *name, const char *text)
{
    struct curfew_slice found;
    assert_true(curfew_json_string(curfew_json_member(json, name), &found));
    assert_true(curfew_slice_equal(found, curfew_slice_of(text)));
}

static void assert_number(const struct curfew_json *json, const char *name, int64_t number)
{
    int64_t found = 0;
    assert_true(curfew_json_int(curfew_json_member(json, name), &found));
    assert_true(found == number);
}

static void assert_nothing(const struct curfew_json *json, const char *name)
{
    const struct curfew_json *member = curfew_json_member(json, name);
    struct curfew_slice text;
    int64_t number = 0;
    bool truth = false;
    assert_non_null(member); /* it is there, and null */
    assert_false(curfew_json_string(member, &text));
    assert_false(curfew_json_int(member, &number));
    assert_false(curfew_json_bool(member, &truth));
}

static void test_json_of_an_accepted_event_holds_its_receipt(void **state)
{
    /* Goal: every field that is known has its value, and the others are null. */
    (void)state;
    struct curfew_json *json = json_of(&accepted);
    assert_text(json, "status", "ok");
    assert_text(json, "log_id", "abcd0000000000000000000000000000");
    assert_number(json, "lane", 3);
    assert_number(json, "offset", 1042);
    assert_number(json, "timestamp_us", 10);
    assert_number(json, "durable_us", 2000);
    assert_number(json, "accepted_us", 6200);
    assert_nothing(json, "reason");
    assert_nothing(json, "retriable");
    assert_nothing(json, "error");
    curfew_json_destroy(json);
}

static void test_json_of_a_refusal_says_why_and_whether_to_retry(void **state)
{
    /* Goal: reason and retriable are the refusal's, not those of the error beside it. */
    struct curfew_outcome outcome = make_outcome(CURFEW_REFUSED, 9);
    struct curfew_json *json;
    bool retriable = false;
    (void)state;
    outcome.refusal = (struct curfew_refusal){9, CURFEW_REASON_UNKNOWN_TASK, true};
    json = json_of(&outcome);
    assert_text(json, "status", "refused");
    assert_text(json, "reason", "unknown_task");
    assert_number(json, "offset", 9);
    assert_nothing(json, "accepted_us");
    assert_true(curfew_json_bool(curfew_json_member(json, "retriable"), &retriable));
    assert_true(retriable);
    curfew_json_destroy(json);
}

static void test_json_of_an_unknown_fate_has_no_place(void **state)
{
    /* Goal: without a receipt nothing pretends to be one. */
    static const char *const fields[] = {"log_id",     "lane",        "offset", "timestamp_us",
                                         "durable_us", "accepted_us", "reason"};
    const struct curfew_outcome outcome = make_outcome(CURFEW_TIMEOUT, -1);
    struct curfew_json *json = json_of(&outcome);
    bool retriable = false;
    (void)state;
    assert_text(json, "status", "timeout");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        assert_nothing(json, fields[i]);
    assert_true(curfew_json_bool(curfew_json_member(json, "retriable"), &retriable));
    assert_true(retriable);
    assert_text(json, "error", "asking 127.0.0.1:9: it is silent");
    curfew_json_destroy(json);
}

static void test_lines_for_people_tell_the_four_ends_apart(void **state)
{
    /* Goal: accepted, durable, refused, durable without an answer, and lost each read differently and say what to do.
     */
    struct curfew_outcome outcome = accepted;
    char line[1024];
    (void)state;
    curfew_report_line(&outcome, "task clean", line, sizeof line);
    assert_string_equal(line, "task clean: accepted, lane 3 offset 1042, 4.2 ms after it was durable");
    outcome.receipt.accepted_us = 0;
    curfew_report_line(&outcome, "task clean", line, sizeof line);
    assert_string_equal(line, "task clean: durable, lane 3 offset 1042; the answer was not waited for");
    outcome = make_outcome(CURFEW_REFUSED, 9);
    outcome.refusal = (struct curfew_refusal){9, CURFEW_REASON_TASK_OVER, false};
    curfew_report_line(&outcome, "task clean", line, sizeof line);
    assert_non_null(strstr(line, "refused: task_over (lane 3 offset 9); the same again will not help"));
    outcome.refusal.retriable = true;
    curfew_report_line(&outcome, "task clean", line, sizeof line);
    assert_non_null(strstr(line, "the same again later can help"));
    outcome = make_outcome(CURFEW_TIMEOUT, 9);
    curfew_report_line(&outcome, "task clean", line, sizeof line);
    assert_non_null(strstr(line, "durable, lane 3 offset 9, but not answered"));
    outcome = make_outcome(CURFEW_UNAVAILABLE, -1);
    curfew_report_line(&outcome, "task clean", line, sizeof line);
    assert_string_equal(line, "task clean: unavailable: asking 127.0.0.1:9: it is silent");
}

static void test_lists_of_text_are_arrays(void **state)
{
    /* Goal: a name with a comma, a quote or nothing in it stays one name; text that is not UTF-8 is a failure. */
    const struct curfew_slice names[] = {curfew_slice_of("x,y"), curfew_slice_of("\""), curfew_slice_of("")};
    const struct curfew_slice bad[] = {curfew_slice_of("good"), curfew_slice_of("\xff")};
    char *text = NULL;
    size_t size = 0;
    struct curfew_error error;
    FILE *file = open_memstream(&text, &size);
    struct curfew_object *object = curfew_object_create();
    (void)state;
    assert_non_null(file);
    curfew_object_put_slices(object, "names", names, 3);
    curfew_object_put_slices(object, "none", NULL, 0);
    assert_int_equal(curfew_object_print(object, file, &error), CURFEW_OK);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "{\"names\":[\"x,y\",\"\\\"\",\"\"],\"none\":[]}\n");
    free(text);
    curfew_object_put_slices(object, "bad", bad, 2);
    assert_int_equal(curfew_object_print(object, stdout, &error), CURFEW_NOMEM);
    curfew_object_destroy(object);
    curfew_object_put_slices(NULL, "names", names, 3);
}

static void test_an_object_that_cannot_be_made_says_so(void **state)
{
    /* Goal: text that is not UTF-8, or no memory for the object, is a failure and not a shorter line. */
    struct curfew_object *object = curfew_object_create();
    struct curfew_error error;
    (void)state;
    curfew_object_put_text(object, "a", "\xff");
    curfew_object_put_int(object, "b", 1);
    assert_int_equal(curfew_object_print(object, stdout, &error), CURFEW_NOMEM);
    curfew_object_destroy(object);
    curfew_object_put_int(NULL, "b", 1);
    assert_int_equal(curfew_object_print(NULL, stdout, &error), CURFEW_NOMEM);
    curfew_object_destroy(NULL);
}

/* A file with these bytes; its path is put into `path`. */
static void write_file(char *path, const char *bytes, size_t size)
{
    strcpy(path, "/tmp/curfew-cli-test-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, size), (ssize_t)size);
    close(descriptor);
}

static void test_a_token_is_one_word_of_a_file(void **state)
{
    /* Goal: blanks around a token go, blanks or NULs inside are an error, and its bound holds. */
    static const struct {
        const char *bytes;
        size_t size;
        const char *token; /* NULL: an error */
    } cases[] = {{"a.b.c\n", 6, "a.b.c"}, {" \t a.b.c\r\n\n", 11, "a.b.c"},
                 {"a.b.c", 5, "a.b.c"},   {"a.b c", 5, NULL},
                 {"a.b\nc\n", 6, NULL},   {"a\0b", 3, NULL},
                 {"\n\n", 2, NULL},       {"", 0, NULL}};
    struct curfew_error error;
    char path[64];
    char *token = NULL;
    size_t size = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(path, cases[i].bytes, cases[i].size);
        enum curfew_status status = curfew_input_token(path, &token, &size, &error);
        unlink(path);
        assert_int_equal(status, cases[i].token == NULL ? CURFEW_INVALID : CURFEW_OK);
        if (cases[i].token == NULL) {
            assert_null(token);
            assert_non_null(strstr(error.text, path));
            continue;
        }
        assert_int_equal(size, strlen(cases[i].token));
        assert_string_equal(token, cases[i].token);
        curfew_input_free(token, size);
    }
    char *huge = malloc(CURFEW_TOKEN_MAX + 1);
    assert_non_null(huge);
    memset(huge, 'a', CURFEW_TOKEN_MAX + 1);
    write_file(path, huge, CURFEW_TOKEN_MAX + 1);
    assert_int_equal(curfew_input_token(path, &token, &size, &error), CURFEW_INVALID);
    unlink(path);
    write_file(path, huge, CURFEW_TOKEN_MAX);
    assert_int_equal(curfew_input_token(path, &token, &size, &error), CURFEW_OK);
    unlink(path);
    assert_int_equal(size, CURFEW_TOKEN_MAX);
    curfew_input_free(token, size);
    free(huge);
}

static void test_a_file_is_read_whole_or_not_at_all(void **state)
{
    /* Goal: a missing file, a directory and one byte too many are errors that name the file. */
    struct curfew_error error;
    char path[64];
    char *text = NULL;
    size_t size = 0;
    (void)state;
    assert_int_equal(curfew_input_read("a thing", "/nonexistent/x", 10, &text, &size, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "reading a thing from /nonexistent/x"));
    assert_int_equal(curfew_input_read("a thing", "/", 10, &text, &size, &error), CURFEW_INVALID);
    write_file(path, "0123456789", 10);
    assert_int_equal(curfew_input_read("a thing", path, 9, &text, &size, &error), CURFEW_INVALID);
    assert_null(text);
    assert_int_equal(curfew_input_read("a thing", path, 10, &text, &size, &error), CURFEW_OK);
    unlink(path);
    assert_string_equal(text, "0123456789");
    assert_int_equal(size, 10);
    curfew_input_free(text, size);
}

static enum curfew_status read_answer(long code, const char *body, struct curfew_answer *answer)
{
    struct curfew_error error;
    return curfew_answer_read("http://g", code, curfew_slice_of(body), answer, &error);
}

static void test_a_guard_answer_needs_code_and_verdict_to_agree(void **state)
{
    /* Goal: nothing but a guard that says so in both places counts as allow. */
    struct curfew_answer answer;
    (void)state;
    assert_int_equal(read_answer(200, "{\"verdict\":\"allow\",\"reason\":\"fresh\",\"age_ms\":43}", &answer),
                     CURFEW_OK);
    assert_int_equal(answer.decision, CURFEW_ALLOW);
    assert_string_equal(answer.reason, "fresh");
    assert_string_equal(answer.kind, "");
    assert_int_equal(answer.age_ms, 43);
    assert_int_equal(read_answer(200, "{\"verdict\":\"deny\"}", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(403, "{\"verdict\":\"allow\"}", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(200, "<html>welcome</html>", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(200, "", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(200, "{\"reason\":\"fresh\"}", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(200, "[\"allow\"]", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(204, "{\"verdict\":\"allow\"}", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(404, "{\"verdict\":\"allow\"}", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(0, "{\"verdict\":\"allow\"}", &answer), CURFEW_INVALID);
    assert_int_equal(read_answer(200, "{\"verdict\":\"needs_reapproval\"}", &answer), CURFEW_INVALID);
}

static void test_guard_answers_of_each_kind_are_read(void **state)
{
    /* Goal: deny with what denies, unavailable without an age, not valid, and a question the guard will not answer. */
    struct curfew_answer answer;
    struct curfew_error error;
    (void)state;
    assert_int_equal(
        read_answer(403, "{\"verdict\":\"deny\",\"reason\":\"revoked\",\"age_ms\":7,\"kind\":\"task\"}", &answer),
        CURFEW_OK);
    assert_int_equal(answer.decision, CURFEW_DENY);
    assert_string_equal(answer.kind, "task");
    assert_int_equal(read_answer(503, "{\"verdict\":\"unavailable\",\"reason\":\"stale\",\"age_ms\":null}", &answer),
                     CURFEW_OK);
    assert_int_equal(answer.decision, CURFEW_UNAVAILABLE_NOW);
    assert_int_equal(answer.age_ms, -1);
    assert_int_equal(read_answer(401, "{\"verdict\":\"not_valid\",\"reason\":\"expired\"}", &answer), CURFEW_OK);
    assert_int_equal(answer.decision, CURFEW_NOT_VALID);
    assert_int_equal(read_answer(403, "{\"verdict\":\"needs_reapproval\"}", &answer), CURFEW_OK);
    assert_int_equal(answer.decision, CURFEW_NEEDS_REAPPROVAL);
    assert_int_equal(
        curfew_answer_read("http://g", 400, curfew_slice_of("{\"error\":\"no class was named\"}"), &answer, &error),
        CURFEW_INVALID);
    assert_string_equal(error.text, "asking http://g: no class was named");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_keep_their_bounds),
        cmocka_unit_test(test_spans_have_units),
        cmocka_unit_test(test_times_are_now_or_microseconds),
        cmocka_unit_test(test_a_step_splits_at_its_last_colon),
        cmocka_unit_test(test_positions_are_words_or_offsets),
        cmocka_unit_test(test_every_event_is_known_by_its_name),
        cmocka_unit_test(test_a_setting_splits_at_its_first_equals_sign),
        cmocka_unit_test(test_a_token_among_arguments_is_seen),
        cmocka_unit_test(test_exit_statuses_are_what_the_help_says),
        cmocka_unit_test(test_json_of_an_accepted_event_holds_its_receipt),
        cmocka_unit_test(test_json_of_a_refusal_says_why_and_whether_to_retry),
        cmocka_unit_test(test_json_of_an_unknown_fate_has_no_place),
        cmocka_unit_test(test_lines_for_people_tell_the_four_ends_apart),
        cmocka_unit_test(test_lists_of_text_are_arrays),
        cmocka_unit_test(test_an_object_that_cannot_be_made_says_so),
        cmocka_unit_test(test_a_token_is_one_word_of_a_file),
        cmocka_unit_test(test_a_file_is_read_whole_or_not_at_all),
        cmocka_unit_test(test_a_guard_answer_needs_code_and_verdict_to_agree),
        cmocka_unit_test(test_guard_answers_of_each_kind_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
