/* Tests of what a hop can prove of a lane, and how old it says that is. */
#include "consumer/freshness.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs what stands above */
#include <cmocka.h>

#define SKEW_US (250 * CURFEW_US_PER_MS)
#define WALL_US INT64_C(1795460429000000)
#define BOOT_US INT64_C(77000000)

static struct curfew_region *region;

static int setup(void **state)
{
    (void)state;
    struct curfew_region_options options = {.floors_max = 1};
    struct curfew_error error;
    return curfew_region_create(&options, &region, &error) == CURFEW_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    curfew_region_destroy(region);
    return 0;
}

/* A beacon of `as_of_us` that arrives at WALL_US and BOOT_US. */
static struct curfew_freshness_mark mark_of(int64_t as_of_us)
{
    return (struct curfew_freshness_mark){
        .log_id = {1, 2, 3},
        .as_of_us = as_of_us,
        .offset = 42,
        .genesis_us = 7,
        .skew_us = SKEW_US,
        .arrived = {WALL_US, BOOT_US},
    };
}

static void store(int32_t lane, int64_t as_of_us)
{
    struct curfew_freshness_mark mark = mark_of(as_of_us);
    curfew_freshness_store(region, lane, &mark);
}

/* What a reader is told `wall` and `boot` microseconds after WALL_US and BOOT_US. */
static enum curfew_fresh read_at(int32_t lane, int64_t wall, int64_t boot, int64_t *age_us)
{
    struct curfew_freshness_mark mark;
    return curfew_freshness_read(region, lane, (struct curfew_now){WALL_US + wall, BOOT_US + boot}, age_us, &mark);
}

static void nothing_is_fresh_before_a_beacon(void **state)
{
    /* Goal: silence is not consent: no lane of a new region is fresh, nor one that is no lane. */
    (void)state;
    int64_t age_us = 0;
    const int32_t lanes[] = {-1, 0, 1, CURFEW_LANES_MAX - 1, CURFEW_LANES_MAX, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
        assert_int_equal(read_at(lanes[i], 0, 0, &age_us), CURFEW_FRESH_UNSYNCED);
        assert_int_equal(age_us, -1);
    }
    assert_int_equal(curfew_freshness_lanes(region), 0);
    assert_int_equal(curfew_freshness_newest(region), 0);
    store(CURFEW_LANES_MAX, WALL_US); /* no such lane: nothing may be written beside it */
    curfew_freshness_void(region, -1, CURFEW_FRESH_LOG);
    assert_int_equal(read_at(CURFEW_LANES_MAX - 1, 0, 0, &age_us), CURFEW_FRESH_UNSYNCED);
}

static void age_adds_waiting_delay_and_skew(void **state)
{
    /* Goal: age = boot time since arrival + how far as_of lay behind then + 2 skew. */
    (void)state;
    int64_t age_us;
    store(0, WALL_US - 1000);
    assert_int_equal(read_at(0, 0, 0, &age_us), CURFEW_FRESH);
    assert_int_equal(age_us, 1000 + 2 * SKEW_US);
    assert_int_equal(read_at(0, 5000000, 5000000, &age_us), CURFEW_FRESH);
    assert_int_equal(age_us, 5000000 + 1000 + 2 * SKEW_US);
    store(1, WALL_US + 1000); /* a little ahead: not younger than nothing */
    assert_int_equal(read_at(1, 0, 0, &age_us), CURFEW_FRESH);
    assert_int_equal(age_us, 2 * SKEW_US);
}

static void age_is_made_when_asked(void **state)
{
    /* Goal: a writer that is stuck looks exactly as stale as it is, suspend included, without doing anything. */
    (void)state;
    int64_t age_us;
    store(2, WALL_US);
    for (int64_t s = 0; s < 100000; s += 999) {
        assert_int_equal(read_at(2, s * CURFEW_US_PER_S, s * CURFEW_US_PER_S, &age_us), CURFEW_FRESH);
        assert_int_equal(age_us, s * CURFEW_US_PER_S + 2 * SKEW_US);
    }
}

static void a_clock_read_before_arrival_is_no_time_travel(void **state)
{
    /* Goal: a reader that looked at its clock just before the beacon came gets no age below what the beacon had. */
    (void)state;
    int64_t age_us;
    store(2, WALL_US - 300);
    assert_int_equal(read_at(2, -2000, -2000, &age_us), CURFEW_FRESH);
    assert_int_equal(age_us, 300 + 2 * SKEW_US);
}

static void as_of_ahead_is_a_clock_problem(void **state)
{
    /* Goal: as_of may lead the arrival wall clock by 2 skew; one microsecond more and the clock is suspect. */
    (void)state;
    int64_t age_us;
    store(0, WALL_US + 2 * SKEW_US);
    assert_int_equal(read_at(0, 0, 0, &age_us), CURFEW_FRESH);
    store(1, WALL_US + 2 * SKEW_US + 1);
    assert_int_equal(read_at(1, 0, 0, &age_us), CURFEW_FRESH_CLOCK);
    assert_int_equal(age_us, -1);
    assert_int_equal(read_at(1, 60000000, 60000000, &age_us), CURFEW_FRESH_CLOCK); /* time does not mend it */
}

static void a_stepped_wall_clock_voids(void **state)
{
    /* Goal: the wall clock may move against boot time by skew since arrival, either way, and not by more. */
    (void)state;
    int64_t age_us;
    store(0, WALL_US);
    assert_int_equal(read_at(0, 1000000 + SKEW_US, 1000000, &age_us), CURFEW_FRESH);
    assert_int_equal(read_at(0, 1000000 - SKEW_US, 1000000, &age_us), CURFEW_FRESH);
    assert_int_equal(read_at(0, 1000000 + SKEW_US + 1, 1000000, &age_us), CURFEW_FRESH_CLOCK);
    assert_int_equal(read_at(0, 1000000 - SKEW_US - 1, 1000000, &age_us), CURFEW_FRESH_CLOCK);
    assert_int_equal(age_us, -1);
    struct curfew_freshness_mark mark = mark_of(WALL_US + 1); /* what arrives by the new clock counts again */
    mark.arrived.wall_us += 10 * SKEW_US;
    curfew_freshness_store(region, 0, &mark);
    assert_int_equal(read_at(0, 10 * SKEW_US, 0, &age_us), CURFEW_FRESH);
    assert_int_equal(age_us, 12 * SKEW_US - 1);
}

static void as_of_never_goes_back(void **state)
{
    /* Goal: an older beacon of the same log changes nothing, also after a void; one of another log does. */
    (void)state;
    struct curfew_freshness_mark mark;
    int64_t age_us;
    struct curfew_now now = {WALL_US, BOOT_US};
    store(0, WALL_US - 100);
    store(0, WALL_US - 101);
    assert_int_equal(curfew_freshness_read(region, 0, now, &age_us, &mark), CURFEW_FRESH);
    assert_int_equal(mark.as_of_us, WALL_US - 100);
    curfew_freshness_void(region, 0, CURFEW_FRESH_UNSYNCED);
    store(0, WALL_US - 101);
    assert_int_equal(curfew_freshness_read(region, 0, now, &age_us, &mark), CURFEW_FRESH_UNSYNCED);
    store(0, WALL_US - 100);
    assert_int_equal(curfew_freshness_read(region, 0, now, &age_us, &mark), CURFEW_FRESH);
    struct curfew_freshness_mark other = mark_of(WALL_US - 5000);
    other.log_id[0] = 9;
    curfew_freshness_store(region, 0, &other);
    assert_int_equal(curfew_freshness_read(region, 0, now, &age_us, &mark), CURFEW_FRESH);
    assert_int_equal(mark.as_of_us, WALL_US - 5000);
}

static void a_beacon_from_the_future_holds_nobody_up(void **state)
{
    /* Goal: an as_of that no clock believed neither counts as newest nor keeps believable ones out. */
    (void)state;
    int64_t age_us;
    store(0, WALL_US - 50);
    store(0, WALL_US + 3600 * CURFEW_US_PER_S);
    assert_int_equal(read_at(0, 0, 0, &age_us), CURFEW_FRESH_CLOCK);
    assert_int_equal(curfew_freshness_newest(region), WALL_US - 50);
    store(0, WALL_US - 40);
    assert_int_equal(read_at(0, 0, 0, &age_us), CURFEW_FRESH);
    assert_int_equal(curfew_freshness_newest(region), WALL_US - 40);
}

static void a_void_says_why_until_the_next_store(void **state)
{
    /* Goal: each reason comes through as it was given, for that lane alone, and a void can never say fresh. */
    (void)state;
    int64_t age_us;
    store(1, WALL_US);
    store(2, WALL_US);
    for (int why = CURFEW_FRESH_UNSYNCED; why <= CURFEW_FRESH_UNREADABLE; why++) {
        curfew_freshness_void(region, 1, (enum curfew_fresh)why);
        assert_int_equal(read_at(1, 0, 0, &age_us), why);
        assert_int_equal(age_us, -1);
        assert_int_equal(read_at(2, 0, 0, &age_us), CURFEW_FRESH);
    }
    curfew_freshness_void(region, 1, CURFEW_FRESH);
    assert_int_equal(read_at(1, 0, 0, &age_us), CURFEW_FRESH_UNSYNCED);
    curfew_freshness_void(region, 5, CURFEW_FRESH_LOG); /* one that never had a beacon */
    assert_int_equal(read_at(5, 0, 0, &age_us), CURFEW_FRESH_LOG);
    store(1, WALL_US);
    assert_int_equal(read_at(1, 0, 0, &age_us), CURFEW_FRESH);
}

static void the_mark_comes_back_whole(void **state)
{
    /* Goal: a reader gets every field as it was stored, also of the last good beacon of a voided lane. */
    (void)state;
    struct curfew_freshness_mark stored = mark_of(WALL_US - 9);
    for (size_t i = 0; i < sizeof(stored.log_id); i++) {
        stored.log_id[i] = (uint8_t)(0xf0 + i);
    }
    curfew_freshness_store(region, 7, &stored);
    for (int i = 0; i < 2; i++) {
        struct curfew_freshness_mark mark;
        int64_t age_us;
        (void)curfew_freshness_read(region, 7, stored.arrived, &age_us, &mark);
        assert_memory_equal(mark.log_id, stored.log_id, sizeof(mark.log_id));
        assert_int_equal(mark.as_of_us, stored.as_of_us);
        assert_int_equal(mark.offset, 42);
        assert_int_equal(mark.genesis_us, 7);
        assert_int_equal(mark.skew_us, SKEW_US);
        assert_int_equal(mark.arrived.wall_us, WALL_US);
        assert_int_equal(mark.arrived.boot_us, BOOT_US);
        curfew_freshness_void(region, 7, CURFEW_FRESH_UNSYNCED);
    }
}

static void newest_is_of_all_lanes_and_rises(void **state)
{
    /* Goal: the time that expiry is judged by is the newest any lane proved, whatever happens to that lane. */
    (void)state;
    store(3, WALL_US - 500);
    store(4, WALL_US - 900);
    assert_int_equal(curfew_freshness_newest(region), WALL_US - 500);
    curfew_freshness_void(region, 3, CURFEW_FRESH_UNSYNCED);
    assert_int_equal(curfew_freshness_newest(region), WALL_US - 500);
    store(4, WALL_US - 100);
    assert_int_equal(curfew_freshness_newest(region), WALL_US - 100);
}

static void impossible_numbers_are_not_fresh(void **state)
{
    /* Goal: numbers at the ends of their range neither overflow nor look young. */
    (void)state;
    const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    const size_t count = sizeof(ends) / sizeof(ends[0]);
    for (size_t i = 0; i < count * count; i++) {
        struct curfew_freshness_mark mark = mark_of(ends[i % count]);
        mark.skew_us = ends[i / count];
        mark.log_id[15] = (uint8_t)i; /* so that none is taken for an older one of the same log */
        curfew_freshness_store(region, 0, &mark);
        int64_t age_us = 0;
        enum curfew_fresh fresh = read_at(0, 0, 0, &age_us);
        if (fresh == CURFEW_FRESH) {
            assert_true(age_us > 3600 * CURFEW_US_PER_S);
        }
        struct curfew_freshness_mark none;
        (void)curfew_freshness_read(region, 0, (struct curfew_now){INT64_MIN, INT64_MAX}, &age_us, &none);
        (void)curfew_freshness_read(region, 0, (struct curfew_now){INT64_MAX, INT64_MIN}, &age_us, &none);
    }
}

static void each_state_has_its_own_word(void **state)
{
    /* Goal: no two states read alike in a verdict or a log. */
    (void)state;
    for (int i = CURFEW_FRESH; i <= CURFEW_FRESH_KEY; i++) {
        assert_string_not_equal(curfew_fresh_name((enum curfew_fresh)i), "unknown");
        for (int j = CURFEW_FRESH; j < i; j++) {
            assert_string_not_equal(curfew_fresh_name((enum curfew_fresh)i), curfew_fresh_name((enum curfew_fresh)j));
        }
    }
    assert_string_equal(curfew_fresh_name(CURFEW_FRESH), "fresh");
    assert_string_equal(curfew_fresh_name((enum curfew_fresh)99), "unknown");
    curfew_freshness_lanes_set(region, 9);
    assert_int_equal(curfew_freshness_lanes(region), 9);
}

#define FRESHNESS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESHNESS_TEST(nothing_is_fresh_before_a_beacon),
        FRESHNESS_TEST(age_adds_waiting_delay_and_skew),
        FRESHNESS_TEST(age_is_made_when_asked),
        FRESHNESS_TEST(a_clock_read_before_arrival_is_no_time_travel),
        FRESHNESS_TEST(as_of_ahead_is_a_clock_problem),
        FRESHNESS_TEST(a_stepped_wall_clock_voids),
        FRESHNESS_TEST(as_of_never_goes_back),
        FRESHNESS_TEST(a_beacon_from_the_future_holds_nobody_up),
        FRESHNESS_TEST(a_void_says_why_until_the_next_store),
        FRESHNESS_TEST(the_mark_comes_back_whole),
        FRESHNESS_TEST(newest_is_of_all_lanes_and_rises),
        FRESHNESS_TEST(impossible_numbers_are_not_fresh),
        FRESHNESS_TEST(each_state_has_its_own_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
