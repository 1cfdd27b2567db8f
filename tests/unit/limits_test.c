/* limits: how fast each may come, by itself. */
#include "core/clock.h"
#include "services/guard/limits.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define START_US INT64_C(1000000000)

static const struct curfew_limit limit = {.per_s = 10, .burst = 5, .under_way = 3};

struct key {
    uint8_t bytes[CURFEW_LIMITS_KEY_SIZE];
};

static struct key key_of(int number)
{
    struct key key = {{0}};
    memcpy(key.bytes, &number, sizeof number);
    return key;
}

static int begin(void **state)
{
    *state = curfew_limits_create();
    return *state == NULL;
}

static int end(void **state)
{
    curfew_limits_destroy(*state);
    return 0;
}

/* One that is over at once. */
static enum curfew_limits_answer come_and_go(struct curfew_limits *limits, int number, int64_t now_us)
{
    const struct key key = key_of(number);
    const enum curfew_limits_answer answer = curfew_limits_take(limits, key.bytes, &limit, now_us);
    if (answer == CURFEW_LIMITS_OK) {
        curfew_limits_give(limits, key.bytes);
    }
    return answer;
}

static void a_burst_then_the_rate(void **state)
{
    /* Goal: five at once, then one each 100 ms to the microsecond; what is saved up is never more than a burst. */
    struct curfew_limits *limits = *state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(come_and_go(limits, 1, START_US), CURFEW_LIMITS_OK);
    }
    assert_int_equal(come_and_go(limits, 1, START_US), CURFEW_LIMITS_RATE);
    assert_int_equal(come_and_go(limits, 1, START_US + 99999), CURFEW_LIMITS_RATE);
    assert_int_equal(come_and_go(limits, 1, START_US + 100000), CURFEW_LIMITS_OK);
    assert_int_equal(come_and_go(limits, 1, START_US + 100000), CURFEW_LIMITS_RATE);
    int taken = 0;
    while (come_and_go(limits, 1, START_US + 3600 * CURFEW_US_PER_S) == CURFEW_LIMITS_OK) {
        taken++;
    }
    assert_int_equal(taken, 5);
    assert_int_equal(come_and_go(limits, 1, START_US), CURFEW_LIMITS_RATE); /* a clock that steps back gives nothing */
}

static void each_has_its_own(void **state)
{
    /* Goal: one that is over its limits takes nothing from another. */
    struct curfew_limits *limits = *state;
    while (come_and_go(limits, 1, START_US) == CURFEW_LIMITS_OK) {
    }
    assert_int_equal(come_and_go(limits, 2, START_US), CURFEW_LIMITS_OK);
}

static void what_is_under_way_is_bounded(void **state)
{
    /* Goal: three at a time, however slowly they come; one that is given back makes room, and turning away costs
     * nothing of the rate. */
    struct curfew_limits *limits = *state;
    const struct key key = key_of(7);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(curfew_limits_take(limits, key.bytes, &limit, START_US), CURFEW_LIMITS_OK);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(curfew_limits_take(limits, key.bytes, &limit, START_US), CURFEW_LIMITS_UNDER_WAY);
    }
    assert_int_equal(curfew_limits_under_way(limits), 3);
    curfew_limits_give(limits, key.bytes);
    assert_int_equal(curfew_limits_take(limits, key.bytes, &limit, START_US), CURFEW_LIMITS_OK);
    assert_int_equal(curfew_limits_under_way(limits), 3);
}

static void a_full_table_forgets_only_who_is_as_new(void **state)
{
    /* Goal: at the bound those at rest make room, those that came lately or have something under way stay, and when all
     * stay a new one is turned away. */
    struct curfew_limits *limits = *state;
    const struct key busy = key_of(-1);
    assert_int_equal(curfew_limits_take(limits, busy.bytes, &limit, START_US), CURFEW_LIMITS_OK);
    for (int i = 1; i < CURFEW_LIMITS_MAX; i++) {
        assert_int_equal(come_and_go(limits, i, START_US), CURFEW_LIMITS_OK);
    }
    assert_int_equal(come_and_go(limits, CURFEW_LIMITS_MAX, START_US), CURFEW_LIMITS_FULL);
    assert_int_equal(come_and_go(limits, 5, START_US), CURFEW_LIMITS_OK); /* who is known is heard */
    const int64_t later_us = START_US + 60 * CURFEW_US_PER_S;
    while (come_and_go(limits, 6, later_us) == CURFEW_LIMITS_OK) {
    }
    assert_int_equal(come_and_go(limits, CURFEW_LIMITS_MAX, later_us), CURFEW_LIMITS_OK);
    assert_int_equal(come_and_go(limits, 6, later_us), CURFEW_LIMITS_RATE); /* not forgotten, so not as new */
    assert_int_equal(curfew_limits_take(limits, busy.bytes, &limit, later_us), CURFEW_LIMITS_OK);
    assert_int_equal(curfew_limits_take(limits, busy.bytes, &limit, later_us), CURFEW_LIMITS_OK);
    assert_int_equal(curfew_limits_take(limits, busy.bytes, &limit, later_us), CURFEW_LIMITS_UNDER_WAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_then_the_rate, begin, end),
        cmocka_unit_test_setup_teardown(each_has_its_own, begin, end),
        cmocka_unit_test_setup_teardown(what_is_under_way_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(a_full_table_forgets_only_who_is_as_new, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
