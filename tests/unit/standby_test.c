/* standby: who holds back for how long, and what others' answers cover. */
#include "services/coordinator/standby.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define T0 INT64_C(1000000000)
#define MS INT64_C(1000)
#define PERIOD_US (100 * MS)

static struct curfew_standby of_rank(int32_t rank)
{
    struct curfew_standby standby = {.rank = rank};
    curfew_standby_live(&standby, 10, T0);
    return standby;
}

static void answered(struct curfew_standby *standby, int64_t from, int64_t to)
{
    const struct curfew_standby_answer answer = {.from = from, .to = to};
    curfew_standby_answered(standby, &answer);
}

/* All but what ends at the offset of `context`. */
static bool counts(const void *context, const struct curfew_standby_answer *answer)
{
    return context == NULL || answer->to != *(const int64_t *)context;
}

static void rank_zero_never_holds_back(void **state)
{
    /* Goal: whoever ticked, rank 0 says all at once and ticks by its own clock. */
    struct curfew_standby standby = of_rank(0);
    (void)state;
    curfew_standby_ticked(&standby, false, T0);
    curfew_standby_stepped(&standby, 20, T0);
    assert_int_equal(curfew_standby_ripe(&standby, T0), INT64_MAX);
    assert_int_equal(curfew_standby_due(&standby), INT64_MAX);
    assert_int_equal(curfew_standby_tick_due(&standby, T0 - 30 * MS, PERIOD_US), T0 + 70 * MS);
}

static void a_rank_waits_its_time_and_no_longer(void **state)
{
    /* Goal: what rank k stepped is ripe k times 50 ms later, to the microsecond, in the order it was stepped. */
    (void)state;
    for (int32_t rank = 1; rank <= CURFEW_RANK_MAX; rank++) {
        const int64_t hold_us = rank * CURFEW_RANK_HOLD_US;
        struct curfew_standby standby = of_rank(rank);
        curfew_standby_stepped(&standby, 11, T0 + 5);
        curfew_standby_stepped(&standby, 11, T0 + 7); /* nothing new */
        curfew_standby_stepped(&standby, 19, T0 + 9);
        assert_int_equal(curfew_standby_ripe(&standby, T0 + hold_us - 1), -1);
        assert_int_equal(curfew_standby_due(&standby), T0 + hold_us);
        assert_int_equal(curfew_standby_ripe(&standby, T0 + hold_us), 10);
        assert_int_equal(curfew_standby_ripe(&standby, T0 + hold_us + 4), 10);
        assert_int_equal(curfew_standby_ripe(&standby, T0 + hold_us + 5), 11);
        assert_int_equal(curfew_standby_due(&standby), T0 + hold_us + 9);
        assert_int_equal(curfew_standby_ripe(&standby, T0 + hold_us + 9), 19);
        assert_int_equal(curfew_standby_due(&standby), INT64_MAX);
        curfew_standby_stepped(&standby, 19, T0 + hold_us + 20);
        assert_int_equal(curfew_standby_due(&standby), INT64_MAX);
    }
}

static void whose_tick_was_the_newest_leads(void **state)
{
    /* Goal: its own good tick lets it say all at once and tick each period; another's makes it hold back again. */
    struct curfew_standby standby = of_rank(2);
    (void)state;
    assert_int_equal(curfew_standby_tick_due(&standby, INT64_MIN / 2, PERIOD_US), T0 + 200 * MS);
    curfew_standby_ticked(&standby, false, T0 + 50 * MS);
    assert_int_equal(curfew_standby_tick_due(&standby, INT64_MIN / 2, PERIOD_US), T0 + 250 * MS);
    curfew_standby_ticked(&standby, true, T0 + 260 * MS);
    assert_int_equal(curfew_standby_ripe(&standby, T0 + 260 * MS), INT64_MAX);
    assert_int_equal(curfew_standby_tick_due(&standby, T0 + 255 * MS, PERIOD_US), T0 + 355 * MS);
    curfew_standby_stepped(&standby, 30, T0 + 290 * MS);
    curfew_standby_ticked(&standby, false, T0 + 300 * MS);
    assert_int_equal(curfew_standby_ripe(&standby, T0 + 301 * MS), 10);
    assert_int_equal(curfew_standby_ripe(&standby, T0 + 390 * MS), 30);
    /* It has ticked since the other did: that one is not to be followed at once by another. */
    assert_int_equal(curfew_standby_tick_due(&standby, T0 + 310 * MS, PERIOD_US), T0 + 510 * MS);
}

static void a_full_ring_holds_longer_and_goes_on(void **state)
{
    /* Goal: of more steps than it can tell apart the newest wait for the last of them; none is said too soon, and all
     * are said. */
    struct curfew_standby standby = of_rank(9);
    const int64_t hold_us = 9 * CURFEW_RANK_HOLD_US;
    (void)state;
    int64_t offset = 10;
    for (int64_t at_us = T0; at_us < T0 + 2000 * MS; at_us += MS) {
        const int64_t before = offset + 1 - hold_us / MS; /* one a millisecond */
        const int64_t ripe = curfew_standby_ripe(&standby, at_us);
        assert_true(ripe <= before || ripe == -1);
        curfew_standby_stepped(&standby, ++offset, at_us);
    }
    assert_true(curfew_standby_ripe(&standby, T0 + 2000 * MS) > 10);
    assert_int_equal(curfew_standby_ripe(&standby, T0 + 2000 * MS + hold_us), offset);
}

static void answers_of_others_cover_without_holes(void **state)
{
    /* Goal: ranges that touch or overlap cover together, in whatever order they came; one beyond a hole covers nothing
     * before it. */
    struct curfew_standby standby = of_rank(1);
    (void)state;
    assert_int_equal(curfew_standby_covered(&standby, 20, counts, NULL), 19);
    answered(&standby, 30, 39);
    assert_int_equal(curfew_standby_covered(&standby, 20, counts, NULL), 19);
    assert_int_equal(curfew_standby_covered(&standby, 30, counts, NULL), 39);
    assert_int_equal(curfew_standby_covered(&standby, 35, counts, NULL), 39);
    assert_int_equal(curfew_standby_covered(&standby, 40, counts, NULL), 39);
    answered(&standby, 20, 28);
    assert_int_equal(curfew_standby_covered(&standby, 20, counts, NULL), 28);
    answered(&standby, 25, 29);
    assert_int_equal(curfew_standby_covered(&standby, 20, counts, NULL), 39);
    const int64_t not_ours = 39;
    assert_int_equal(curfew_standby_covered(&standby, 20, counts, &not_ours), 29);
    answered(&standby, 50, 40); /* none */
    assert_int_equal(curfew_standby_covered(&standby, 40, counts, NULL), 39);
    curfew_standby_forget(&standby, 40);
    assert_int_equal(curfew_standby_covered(&standby, 30, counts, NULL), 29);
}

static void old_answers_make_room(void **state)
{
    /* Goal: more answers than it holds push the oldest out; they count as not given, and the newest count. */
    struct curfew_standby standby = of_rank(1);
    (void)state;
    for (int64_t i = 0; i <= CURFEW_STANDBY_ANSWERS; i++) {
        answered(&standby, 100 * i, 100 * i + 9);
    }
    assert_int_equal(curfew_standby_covered(&standby, 0, counts, NULL), -1);
    for (int64_t i = 1; i <= CURFEW_STANDBY_ANSWERS; i++) {
        assert_int_equal(curfew_standby_covered(&standby, 100 * i, counts, NULL), 100 * i + 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_zero_never_holds_back),
        cmocka_unit_test(a_rank_waits_its_time_and_no_longer),
        cmocka_unit_test(whose_tick_was_the_newest_leads),
        cmocka_unit_test(a_full_ring_holds_longer_and_goes_on),
        cmocka_unit_test(answers_of_others_cover_without_holes),
        cmocka_unit_test(old_answers_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
