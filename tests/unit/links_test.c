/* Tests of the chain a beacon must hang on: what is held proves it, and nothing less does. */
#include "consumer/links.h"
#include "core/chain.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* cmocka needs what stands above */
#include <cmocka.h>

#define COUNT_MAX 3000

/* A chain of records: cause 10, 20, 30, … unless a test sets them. */
struct chain {
    size_t count;
    struct curfew_floor floors[COUNT_MAX];
    struct curfew_floors records[COUNT_MAX];
};

static struct chain chain;
static struct curfew_links *links;

static void append(int64_t cause, int32_t part)
{
    struct curfew_floors *record = &chain.records[chain.count];
    struct curfew_floor *floor = &chain.floors[chain.count];
    memset(record, 0, sizeof(*record));
    memset(floor, (int)chain.count, sizeof(*floor));
    floor->floor = cause;
    record->log_id[0] = 5;
    record->lane = 1;
    record->cause = cause;
    record->part = part;
    record->cause_before = chain.count == 0 ? -1 : record[-1].cause;
    if (chain.count > 0) {
        memcpy(record->chain_before, record[-1].chain, CURFEW_CHAIN_SIZE);
    }
    record->floors = (struct curfew_list){floor, 1};
    curfew_chain_of(record, record->chain);
    chain.count++;
}

static void append_many(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        append((int64_t)(chain.count + 1) * 10, 0);
    }
}

static int setup(void **state)
{
    (void)state;
    struct curfew_error error;
    chain.count = 0;
    return curfew_links_create(&links, &error) == CURFEW_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    curfew_links_destroy(links);
    return 0;
}

static enum curfew_status add(size_t i)
{
    struct curfew_error error;
    return curfew_links_add(links, &chain.records[i], &error);
}

/* The beacon after record `last`, with the floors of `oldest` and later alive. */
static bool prove(size_t last, int64_t oldest)
{
    struct curfew_beacon beacon = {.last_cause = chain.records[last].cause, .oldest_cause = oldest};
    memcpy(beacon.chain, chain.records[last].chain, CURFEW_CHAIN_SIZE);
    return curfew_links_prove(links, &beacon);
}

static void a_lane_without_floors_needs_no_links(void **state)
{
    /* Goal: no cause means a chain of zeros, and any other claim about nothing is no proof. */
    (void)state;
    struct curfew_beacon beacon = {.last_cause = -1, .oldest_cause = -1};
    assert_true(curfew_links_prove(links, &beacon));
    beacon.chain[31] = 1;
    assert_false(curfew_links_prove(links, &beacon));
    beacon.chain[31] = 0;
    beacon.oldest_cause = 4;
    assert_false(curfew_links_prove(links, &beacon));
}

static void nothing_alive_needs_no_links(void **state)
{
    /* Goal: when every floor of the lane has expired, a hop that holds no link is as good as one that holds all. */
    (void)state;
    append_many(3);
    assert_true(prove(2, -1));
}

static void every_link_back_to_the_oldest_is_needed(void **state)
{
    /* Goal: leave out any one link from the oldest live cause to the newest and the beacon is unproven. */
    (void)state;
    append_many(20);
    for (size_t missing = 0; missing < 20; missing++) {
        for (size_t i = 0; i < 20; i++) {
            if (i != missing) {
                assert_int_equal(add(i), CURFEW_OK);
            }
        }
        assert_int_equal(prove(19, 80), missing < 7); /* cause 80 is record 7 */
        assert_int_equal(add(missing), CURFEW_OK);
        assert_true(prove(19, 80));
        curfew_links_clear(links);
    }
}

static void order_and_repetition_do_not_matter(void **state)
{
    /* Goal: links that come backwards and twice prove as well as in order. */
    (void)state;
    append_many(50);
    for (size_t i = 50; i > 0; i--) {
        assert_false(prove(49, 10));
        assert_int_equal(add(i - 1), CURFEW_OK);
        assert_int_equal(add(i - 1), CURFEW_OK);
    }
    assert_true(prove(49, 10));
}

static void a_hole_that_moves_is_found_each_time(void **state)
{
    /* Goal: what a failed walk remembers never hides a second hole, nor a beacon that asks for less or for more. */
    (void)state;
    append_many(100);
    for (size_t i = 0; i < 100; i++) {
        if (i != 30 && i != 60 && i != 10) {
            assert_int_equal(add(i), CURFEW_OK);
        }
    }
    assert_false(prove(90, 110)); /* at 60 */
    assert_false(prove(95, 110));
    assert_int_equal(add(60), CURFEW_OK);
    assert_false(prove(99, 110)); /* now at 30 */
    assert_false(prove(98, 120));
    assert_int_equal(add(30), CURFEW_OK);
    assert_false(prove(99, 20)); /* at 10 */
    assert_true(prove(99, 120)); /* which is older than what lives */
    curfew_links_clear(links);
    for (size_t i = 61; i < 100; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    assert_false(prove(99, 600));
    assert_true(prove(99, 620)); /* the floors that are lacking have expired: the same links now do */
}

static void a_cause_in_parts_is_needed_whole(void **state)
{
    /* Goal: where the oldest cause has several records, its first part is needed too. */
    (void)state;
    append(10, 0);
    append(20, 0);
    append(20, 1);
    append(20, 2);
    append(30, 0);
    for (size_t i = 2; i < 5; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    assert_false(prove(4, 20));
    assert_int_equal(add(1), CURFEW_OK);
    assert_true(prove(4, 20));
    assert_true(prove(3, 20)); /* a beacon between two parts' records and the next cause */
}

static void a_record_that_lies_about_its_chain_is_not_taken(void **state)
{
    /* Goal: change any field of a link, or its chain value, and it is refused and does not help. */
    (void)state;
    append_many(3);
    assert_int_equal(add(0), CURFEW_OK);
    assert_int_equal(add(2), CURFEW_OK);
    const struct curfew_floors right = chain.records[1];
    for (int field = 0; field < 8; field++) {
        struct curfew_floors wrong = right;
        struct curfew_floor floor = chain.floors[1];
        wrong.floors.items = &floor;
        wrong.log_id[0] ^= field == 0 ? 1 : 0;
        wrong.lane += field == 1 ? 1 : 0;
        wrong.cause += field == 2 ? 1 : 0;
        wrong.part += field == 3 ? 1 : 0;
        wrong.cause_before -= field == 4 ? 1 : 0;
        wrong.chain_before[0] ^= field == 5 ? 1 : 0;
        wrong.chain[0] ^= field == 6 ? 1 : 0;
        floor.floor -= field == 7 ? 1 : 0;
        struct curfew_error error;
        assert_int_equal(curfew_links_add(links, &wrong, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "lane"));
        assert_false(prove(2, 10));
    }
    assert_int_equal(add(1), CURFEW_OK);
    assert_true(prove(2, 10));
}

static void a_beacon_that_does_not_fit_its_chain_is_unproven(void **state)
{
    /* Goal: the newest link must be the one the beacon names, and its causes must be possible. */
    (void)state;
    append_many(5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    struct curfew_beacon beacon = {.last_cause = 50, .oldest_cause = 10};
    memcpy(beacon.chain, chain.records[4].chain, CURFEW_CHAIN_SIZE);
    beacon.last_cause = 51;
    assert_false(curfew_links_prove(links, &beacon));
    beacon.last_cause = 50;
    beacon.oldest_cause = 51;
    assert_false(curfew_links_prove(links, &beacon));
    beacon.oldest_cause = 9; /* older than the log's first link: contradicts it */
    assert_false(curfew_links_prove(links, &beacon));
    beacon.oldest_cause = 10;
    beacon.chain[5] ^= 1;
    assert_false(curfew_links_prove(links, &beacon));
    beacon.chain[5] ^= 1;
    assert_true(curfew_links_prove(links, &beacon));
}

static void causes_that_go_up_backwards_are_unproven(void **state)
{
    /* Goal: a chain, however well hashed, whose causes do not rise proves nothing. */
    (void)state;
    append(10, 0);
    append(30, 0);
    append(20, 0);
    append(40, 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    assert_false(prove(3, 10));
    assert_false(prove(3, 10));
    assert_true(prove(3, 20)); /* as far as it rises */
}

static void what_is_proven_stays_so_without_its_past(void **state)
{
    /* Goal: links older than the oldest live cause are forgotten, and later beacons build on what was proven. */
    (void)state;
    append_many(200);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    assert_true(prove(99, 500)); /* forgets records 0..48 */
    assert_false(prove(40, 10)); /* so their own beacon can no longer be proven */
    for (size_t i = 100; i < 200; i++) {
        assert_int_equal(add(i), CURFEW_OK);
        assert_true(prove(i, 500));
    }
    assert_true(prove(199, -1)); /* forgets all */
    assert_false(prove(199, 2000));
    append_many(1);
    assert_int_equal(add(200), CURFEW_OK);
    assert_true(prove(200, 2010));
}

static void clearing_forgets_all(void **state)
{
    /* Goal: after another log appeared no link of the old one proves anything. */
    (void)state;
    append_many(4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    curfew_links_clear(links);
    assert_false(prove(3, 10));
    curfew_links_clear(links);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    assert_true(prove(3, 10));
    curfew_links_destroy(NULL);
}

static void agrees_with_a_plain_walk(void **state)
{
    /* Goal: over random arrivals and beacons the answer is that of checking every record from oldest to last. */
    (void)state;
    uint64_t seed = 11;
    append_many(300);
    for (int run = 0; run < 60; run++) {
        bool held[300] = {false};
        int64_t oldest = 10;
        size_t last = 40;
        for (int step = 0; step < 600; step++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            size_t i = (size_t)(seed >> 33) % 300;
            if (i < last + 30) {
                assert_int_equal(add(i), CURFEW_OK);
                held[i] = true;
            }
            if (step % 3 == 0 && last < 299) {
                last++;
                oldest += (seed >> 20) % 2 == 0 ? 10 : 0;
            }
            size_t first = (size_t)(oldest / 10) - 1;
            bool whole = true;
            for (size_t j = first; j <= last; j++) {
                whole = whole && held[j];
            }
            assert_int_equal(prove(last, oldest), whole);
        }
        curfew_links_clear(links);
    }
}

static void a_long_chain_with_a_hole_is_not_walked_again(void **state)
{
    /* Goal: a beacon that stays unproven costs what is new, not the whole chain, each time: 20,000 tries over 3,000
     * links end well within a minute even on a slow machine under a sanitizer. */
    (void)state;
    append_many(COUNT_MAX);
    for (size_t i = 1; i < COUNT_MAX; i++) {
        assert_int_equal(add(i), CURFEW_OK);
    }
    clock_t began = clock();
    for (int i = 0; i < 20000; i++) {
        assert_false(prove(COUNT_MAX - 1 - (size_t)(i % 2), 10));
    }
    assert_true((clock() - began) / CLOCKS_PER_SEC < 2);
    assert_int_equal(add(0), CURFEW_OK);
    assert_true(prove(COUNT_MAX - 1, 10));
}

static void the_bound_is_said(void **state)
{
    /* Goal: at CURFEW_LINKS_MAX another link is CURFEW_FULL, one that is held is not, and those held still prove. */
    (void)state;
    append_many(1);
    struct curfew_floors record = chain.records[0];
    struct curfew_floors newest = record;
    struct curfew_error error;
    assert_int_equal(add(0), CURFEW_OK);
    for (int32_t i = 1; i < CURFEW_LINKS_MAX; i++) {
        memcpy(record.chain_before, newest.chain, CURFEW_CHAIN_SIZE);
        record.cause_before = newest.cause;
        record.cause = 10 + i;
        curfew_chain_of(&record, record.chain);
        assert_int_equal(curfew_links_add(links, &record, &error), CURFEW_OK);
        newest = record;
    }
    record.cause++;
    curfew_chain_of(&record, record.chain);
    assert_int_equal(curfew_links_add(links, &record, &error), CURFEW_FULL);
    assert_true(error.retriable);
    assert_int_equal(add(0), CURFEW_OK);
    struct curfew_beacon beacon = {.last_cause = newest.cause, .oldest_cause = 10};
    memcpy(beacon.chain, newest.chain, CURFEW_CHAIN_SIZE);
    assert_true(curfew_links_prove(links, &beacon));
    beacon.oldest_cause = newest.cause; /* all others are forgotten: there is room again */
    assert_true(curfew_links_prove(links, &beacon));
    assert_int_equal(curfew_links_add(links, &record, &error), CURFEW_OK);
}

#define LINKS_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINKS_TEST(a_lane_without_floors_needs_no_links),
        LINKS_TEST(nothing_alive_needs_no_links),
        LINKS_TEST(every_link_back_to_the_oldest_is_needed),
        LINKS_TEST(order_and_repetition_do_not_matter),
        LINKS_TEST(a_hole_that_moves_is_found_each_time),
        LINKS_TEST(a_cause_in_parts_is_needed_whole),
        LINKS_TEST(a_record_that_lies_about_its_chain_is_not_taken),
        LINKS_TEST(a_beacon_that_does_not_fit_its_chain_is_unproven),
        LINKS_TEST(causes_that_go_up_backwards_are_unproven),
        LINKS_TEST(what_is_proven_stays_so_without_its_past),
        LINKS_TEST(clearing_forgets_all),
        LINKS_TEST(agrees_with_a_plain_walk),
        LINKS_TEST(a_long_chain_with_a_hole_is_not_walked_again),
        LINKS_TEST(the_bound_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
