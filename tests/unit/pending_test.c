/* pending_test: which records an answer takes together, and what it says of each. */
#include "services/coordinator/pending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct state {
    struct curfew_pending pending;
    struct curfew_answer answer;
};

static int begin(void **state)
{
    *state = calloc(1, sizeof(struct state));
    return *state == NULL ? -1 : 0;
}

static int end(void **state)
{
    struct state *s = *state;
    curfew_pending_clear(&s->pending);
    free(s);
    return 0;
}

/* Adds a record of each letter from `offset` on: e an event, t a tick, r a refused event. */
static void add(struct state *s, int64_t offset, const char *letters)
{
    for (size_t i = 0; letters[i] != '\0'; i++) {
        const int64_t at = offset + (int64_t)i;
        struct curfew_pending_record record = {.offset = at, .timestamp_us = 1000 * at, .tick = letters[i] == 't'};
        memset(record.digest, (int)(at & 0xff), sizeof record.digest);
        record.reason = letters[i] == 'r' ? (int32_t)CURFEW_REASON_BOUND : CURFEW_PENDING_NOT_REFUSED;
        record.retriable = at % 2 == 1;
        curfew_pending_add(&s->pending, &record);
    }
}

/* The next answer is from..to, with the right digests, and refuses that many. */
static void assert_answer(struct state *s, int64_t settled, int64_t from, int64_t to, size_t refused)
{
    assert_true(curfew_pending_answer(&s->pending, settled, &s->answer));
    assert_int_equal(s->answer.from, from);
    assert_int_equal(s->answer.to, to);
    assert_int_equal(s->answer.refused_count, refused);
    for (int64_t at = from; at <= to; at++) {
        assert_int_equal(s->answer.digests[at - from][CURFEW_RECORD_DIGEST_SIZE - 1], at & 0xff);
    }
    for (size_t i = 0; i < refused; i++) {
        assert_int_equal(s->answer.refused[i].reason, CURFEW_REASON_BOUND);
        assert_int_equal(s->answer.refused[i].retriable, s->answer.refused[i].offset % 2 == 1);
        assert_in_range(s->answer.refused[i].offset, from, to);
    }
}

static void assert_silence(struct state *s, int64_t settled)
{
    assert_false(curfew_pending_answer(&s->pending, settled, &s->answer));
}

static void an_answer_begins_and_ends_with_an_event(void **state)
{
    /* Goal: ticks around events are left out, ticks between them are named with them, ticks alone say nothing. */
    struct state *s = *state;
    assert_silence(s, INT64_MAX);
    add(s, 5, "ttetrtt");
    assert_answer(s, INT64_MAX, 7, 9, 1);
    assert_silence(s, INT64_MAX);
    assert_null(curfew_pending_first(&s->pending));
}

static void what_is_not_settled_is_not_answered(void **state)
{
    /* Goal: nothing above `settled` is answered, and it is later. */
    struct state *s = *state;
    add(s, 0, "eee");
    assert_silence(s, -1);
    assert_answer(s, 1, 0, 1, 0);
    assert_silence(s, 1);
    assert_answer(s, 2, 2, 2, 0);
}

static void a_hole_ends_an_answer(void **state)
{
    /* Goal: an answer has a record for every offset of its range. */
    struct state *s = *state;
    add(s, 0, "ee");
    add(s, 4, "te");
    assert_answer(s, INT64_MAX, 0, 1, 0);
    assert_answer(s, INT64_MAX, 5, 5, 0);
}

static void what_does_not_fit_one_answer_is_in_the_next(void **state)
{
    /* Goal: neither records nor refusals beyond an answer's bounds are lost, and ranges do not overlap. */
    struct state *s = *state;
    for (int64_t at = 0; at < CURFEW_ANSWERED_MAX + 3; at++) {
        add(s, at, "e");
    }
    assert_answer(s, INT64_MAX, 0, CURFEW_ANSWERED_MAX - 1, 0);
    assert_answer(s, INT64_MAX, CURFEW_ANSWERED_MAX, CURFEW_ANSWERED_MAX + 2, 0);
    for (int64_t at = 10000; at < 10000 + CURFEW_REFUSALS_MAX + 2; at++) {
        add(s, at, "r");
    }
    assert_answer(s, INT64_MAX, 10000, 9999 + CURFEW_REFUSALS_MAX, CURFEW_REFUSALS_MAX);
    assert_answer(s, INT64_MAX, 10000 + CURFEW_REFUSALS_MAX, 10001 + CURFEW_REFUSALS_MAX, 2);
}

static void what_is_dropped_is_not_answered(void **state)
{
    /* Goal: dropping up to an offset takes just these, also across the ring's end and while it grows. */
    struct state *s = *state;
    int64_t next = 0;
    for (int round = 0; round < 50; round++) {
        const int64_t from = next;
        for (int i = 0; i < 37 + round; i++) {
            add(s, next++, "e");
        }
        curfew_pending_drop(&s->pending, from + 4);
        assert_answer(s, next - 2, from + 5, next - 2, 0);
        assert_true(curfew_pending_first(&s->pending)->offset == next - 1);
        curfew_pending_drop(&s->pending, next);
        assert_null(curfew_pending_first(&s->pending));
    }
}

static void ticks_behind_what_is_dropped_go_with_it(void **state)
{
    /* Goal: dropping leaves an event or a refused tick first, never a tick nobody waits for. */
    struct state *s = *state;
    add(s, 10, "ettte");
    curfew_pending_drop(&s->pending, 10);
    assert_true(curfew_pending_first(&s->pending)->offset == 14);
    add(s, 15, "tt");
    curfew_pending_drop(&s->pending, 14);
    assert_null(curfew_pending_first(&s->pending));
}

static void beyond_the_bound_the_oldest_are_never_answered(void **state)
{
    /* Goal: memory has a bound; what is forgotten is in no answer. */
    struct state *s = *state;
    for (int64_t at = 0; at < CURFEW_PENDING_MAX + 7; at++) {
        add(s, at, "e");
    }
    assert_int_equal(s->pending.room, CURFEW_PENDING_MAX);
    assert_answer(s, INT64_MAX, 7, CURFEW_ANSWERED_MAX + 6, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_answer_begins_and_ends_with_an_event, begin, end),
    cmocka_unit_test_setup_teardown(what_is_not_settled_is_not_answered, begin, end),
    cmocka_unit_test_setup_teardown(a_hole_ends_an_answer, begin, end),
    cmocka_unit_test_setup_teardown(what_does_not_fit_one_answer_is_in_the_next, begin, end),
    cmocka_unit_test_setup_teardown(what_is_dropped_is_not_answered, begin, end),
    cmocka_unit_test_setup_teardown(ticks_behind_what_is_dropped_go_with_it, begin, end),
    cmocka_unit_test_setup_teardown(beyond_the_bound_the_oldest_are_never_answered, begin, end),
};

int main(void)
{
    return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
