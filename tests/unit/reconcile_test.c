/* reconcile_test: lists of what runs, read with suspicion, and which of the tasks that are alive end by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/cli/alive.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S1 "1.AAAAAAAAAAAAAAAAAAAAAA"
#define S2 "1.BBBBBBBBBBBBBBBBBBBBBB"
#define LINE(task) "{\"session\":\"" S1 "\",\"task\":\"" task "\",\"attempt\":1}\n"

static struct curfew_error error;

static enum curfew_status read_text(const char *text, size_t size, struct curfew_running **running)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, size == 0 ? 1 : size, "r");
    assert_non_null(file);
    if (size == 0) {
        assert_int_equal(getc(file), text[0]); /* fmemopen has no empty files */
    }
    const enum curfew_status status = curfew_running_read(file, running, &error);
    assert_int_equal(fclose(file), 0);
    return status;
}

static struct curfew_running *list_of(const char *text)
{
    struct curfew_running *running = NULL;
    assert_int_equal(read_text(text, strlen(text), &running), CURFEW_OK);
    return running;
}

static enum curfew_listed find(const struct curfew_running *running, const char *session, const char *task,
                               int64_t attempt)
{
    return curfew_running_find(running, curfew_slice_of(session), curfew_slice_of(task), attempt);
}

static void test_a_list_is_read_as_it_says(void **state)
{
    /* Goal: session, task and attempt all count; without an attempt any does; other members and blanks do not matter */
    (void)state;
    struct curfew_running *running =
        list_of(LINE("a") "\n{\"session\":\"" S1 "\",\"task\":\"b\"}\n  {\"task\":\"a\",\"session\":\"" S2
                          "\",\"attempt\":3,\"pid\":17}\r\n{\"session\":\"" S2
                          "\",\"task\":\"a\",\"attempt\":5}\n{\"count\":4}\n\n");
    assert_int_equal(curfew_running_count(running), 4);
    assert_int_equal(find(running, S1, "a", 1), CURFEW_LISTED);
    assert_int_equal(find(running, S1, "a", 2), CURFEW_LISTED_OTHERWISE);
    assert_int_equal(find(running, S1, "b", 77), CURFEW_LISTED);
    assert_int_equal(find(running, S2, "a", 3), CURFEW_LISTED);
    assert_int_equal(find(running, S2, "a", 5), CURFEW_LISTED);
    assert_int_equal(find(running, S2, "a", 4), CURFEW_LISTED_OTHERWISE);
    assert_int_equal(find(running, S2, "b", 1), CURFEW_LISTED_NOT);
    assert_int_equal(find(running, S1, "", 1), CURFEW_LISTED_NOT);
    curfew_running_destroy(running);
    curfew_running_destroy(NULL);
    running = NULL;
    assert_int_equal(read_text("x", 0, &running), CURFEW_OK);
    assert_int_equal(curfew_running_count(running), 0);
    curfew_running_destroy(running);
}

static void test_a_list_that_may_be_cut_off_is_none(void **state)
{
    /* Goal: whatever is not exactly a list is an error that names its line: a short list would end live work */
    (void)state;
    static const struct {
        const char *text, *said;
    } bad[] = {
        {"{\"session\":\"" S1 "\",\"task\":\"a\"}", "line 1 has no end"},
        {LINE("a") "{\"session\":\"" S1 "\",\"ta", "line 2 has no end"},
        {LINE("a") "{\"count\":2}\n", "counts 2 entries and 1 came"},
        {LINE("a") "{\"count\":0}\n", "is not whole"},
        {LINE("a") "{\"count\":1.5}\n", "no whole number"},
        {"{\"count\":1}\n" LINE("a"), "counts 1 entries and 0 came"},
        {"{\"count\":0}\n" LINE("a"), "line 2 follows the line that counts"},
        {"a\n", "is no JSON object"},
        {"[\"" S1 "\"]\n", "is no JSON object"},
        {LINE("a") LINE("b") "{}\n", "line 3 has no session id"},
        {"{\"session\":\"7\",\"task\":\"a\"}\n", "no session id"},
        {"{\"session\":\"" S1 "\"}\n", "no task id"},
        {"{\"session\":\"" S1 "\",\"task\":\"\"}\n", "no task id"},
        {"{\"session\":\"" S1 "\",\"task\":\"a\\u0007\"}\n", "no task id"},
        {"{\"session\":\"" S1 "\",\"task\":\"a\",\"attempt\":0}\n", "no number from 1"},
        {"{\"session\":\"" S1 "\",\"task\":\"a\",\"attempt\":\"1\"}\n", "no number from 1"},
        {"{\"session\":\"" S1 "\",\"task\":\"a\",\"task\":\"b\"}\n", "is no JSON object"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct curfew_running *running = NULL;
        if (read_text(bad[i].text, strlen(bad[i].text), &running) != CURFEW_INVALID ||
            strstr(error.text, bad[i].said) == NULL) {
            fail_msg("%s: %s", bad[i].text, error.text);
        }
        assert_null(running);
    }
    struct curfew_running *running = NULL;
    assert_int_equal(read_text("{}\0{}\n", 6, &running), CURFEW_INVALID);
    const size_t size = CURFEW_RUNNING_LINE_MAX + 10;
    char *longest = malloc(size);
    assert_non_null(longest);
    memset(longest, ' ', size);
    longest[size - 1] = '\n';
    assert_int_equal(read_text(longest, size, &running), CURFEW_INVALID);
    free(longest);
}

/* One task that is alive. */
struct one {
    const char *task, *parent;
    int64_t attempt, started_us;
    bool others;
    enum curfew_fate wanted;
};

static void assert_fates(const struct one *ones, size_t count, const char *list)
{
    struct curfew_alive alive = {.tasks = NULL};
    struct curfew_running *running = list_of(list);
    for (size_t i = 0; i < count; i++) {
        const struct curfew_alive_task task = {
            .attempt = ones[i].attempt == 0 ? 1 : ones[i].attempt,
            .started_us = ones[i].started_us,
            .owned = !ones[i].others,
        };
        assert_true(curfew_alive_add(&alive, &task, curfew_slice_of(S1), curfew_slice_of(ones[i].task),
                                     curfew_slice_of(ones[i].parent)));
    }
    for (int round = 0; round < 2; round++) {
        curfew_alive_decide(&alive, running, 1000);
        for (size_t i = 0; i < count; i++) {
            if (alive.tasks[i]->fate != ones[i].wanted) {
                fail_msg("%s: %s, not %s", ones[i].task, curfew_fate_name(alive.tasks[i]->fate),
                         curfew_fate_name(ones[i].wanted));
            }
        }
    }
    curfew_alive_free(&alive);
    curfew_running_destroy(running);
}

#define FATES(list, ...)                                                                                               \
    assert_fates((const struct one[]){__VA_ARGS__}, sizeof((const struct one[]){__VA_ARGS__}) / sizeof(struct one),    \
                 list)

static void test_what_is_listed_young_or_anothers_stays(void **state)
{
    /* Goal: each reason to leave a task alone, alone; the bound of young is the moment itself */
    (void)state;
    FATES(LINE("listed") LINE("retried"), {"listed", NULL, 1, 0, false, CURFEW_FATE_LISTED},
          {"retried", NULL, 2, 0, false, CURFEW_FATE_OTHERWISE}, {"old", NULL, 1, 999, false, CURFEW_FATE_ENDED},
          {"young", NULL, 1, 1000, false, CURFEW_FATE_YOUNG}, {"others", NULL, 1, 0, true, CURFEW_FATE_OTHERS});
    FATES(LINE("nothing-that-is-known"), {"old", NULL, 1, 0, false, CURFEW_FATE_ENDED});
}

static void test_nothing_that_runs_ends_from_above(void **state)
{
    /* Goal: what is above a listed or young task stays, however far above and whosever that is; what is beside ends */
    (void)state;
    FATES(LINE("leaf"), {"root", NULL, 1, 0, false, CURFEW_FATE_ABOVE}, {"mid", "root", 1, 0, false, CURFEW_FATE_ABOVE},
          {"side", "root", 1, 0, false, CURFEW_FATE_ENDED}, {"leaf", "mid", 1, 0, false, CURFEW_FATE_LISTED},
          {"under", "side", 1, 0, false, CURFEW_FATE_BELOW});
    FATES(LINE("x"), {"root", NULL, 1, 0, false, CURFEW_FATE_ABOVE},
          {"new", "root", 1, 2000, true, CURFEW_FATE_OTHERS});
    FATES(LINE("x"), {"root", NULL, 1, 0, false, CURFEW_FATE_ABOVE},
          {"new", "root", 1, 2000, false, CURFEW_FATE_YOUNG});
    FATES(LINE("t"), {"root", NULL, 1, 0, false, CURFEW_FATE_ABOVE}, {"t", "root", 2, 0, false, CURFEW_FATE_OTHERWISE});
    FATES(LINE("x"), {"root", NULL, 1, 0, false, CURFEW_FATE_ENDED}, {"old", "root", 1, 0, true, CURFEW_FATE_BELOW},
          {"older", "old", 1, 0, false, CURFEW_FATE_BELOW});
    FATES(LINE("top"), {"top", NULL, 1, 0, false, CURFEW_FATE_LISTED}, {"low", "top", 1, 0, false, CURFEW_FATE_ENDED});
}

static void test_tasks_of_one_name_in_two_sessions_are_two(void **state)
{
    /* Goal: parents are looked for in the task's own session, and so are lines of the list */
    (void)state;
    struct curfew_alive alive = {.tasks = NULL};
    struct curfew_running *running = list_of("{\"session\":\"" S2 "\",\"task\":\"leaf\"}\n");
    const struct curfew_alive_task task = {.attempt = 1, .owned = true};
    static const char *const sessions[] = {S1, S2};
    for (size_t i = 0; i < 2; i++) {
        const struct curfew_slice session = curfew_slice_of(sessions[i]);
        assert_true(curfew_alive_add(&alive, &task, session, curfew_slice_of("root"), curfew_slice_of("")));
        assert_true(curfew_alive_add(&alive, &task, session, curfew_slice_of("leaf"), curfew_slice_of("root")));
    }
    curfew_alive_decide(&alive, running, 1000);
    assert_int_equal(alive.tasks[0]->fate, CURFEW_FATE_ENDED);
    assert_int_equal(alive.tasks[1]->fate, CURFEW_FATE_BELOW);
    assert_int_equal(alive.tasks[2]->fate, CURFEW_FATE_ABOVE);
    assert_int_equal(alive.tasks[3]->fate, CURFEW_FATE_LISTED);
    curfew_alive_free(&alive);
    curfew_running_destroy(running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_is_read_as_it_says),
        cmocka_unit_test(test_a_list_that_may_be_cut_off_is_none),
        cmocka_unit_test(test_what_is_listed_young_or_anothers_stays),
        cmocka_unit_test(test_nothing_that_runs_ends_from_above),
        cmocka_unit_test(test_tasks_of_one_name_in_two_sessions_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
