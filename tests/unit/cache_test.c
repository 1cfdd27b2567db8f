/* cache_test: which calls the cache makes, in which order, and what it makes of each answer. */
#include "consumer/cache.h"
#include "consumer/denyset.h"
#include "core/digest.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LONGEST_US (30 * CURFEW_US_PER_S)
#define NOW_US INT64_C(1795460429437000)
/* Where things stand in a call: numkeys and the key come before ARGV[1]. */
#define AT_WHAT 2
#define AT_SEQUENCE 5
#define AT_BEFORE 6
#define AT_EPOCH 7
#define AT_LIMIT 11
#define AT_COUNT 12
#define AT_FLOORS 13

struct fixture {
    struct curfew_region *region;
    struct curfew_cache *cache;
    struct curfew_cache_call call;
    struct curfew_now now;
};

static int setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));
    struct curfew_error error;
    const struct curfew_region_options region = {.floors_max = 200000, .key = {1}};
    assert_int_equal(curfew_region_create(&region, &f->region, &error), CURFEW_OK);
    const struct curfew_cache_options options = {
        .region = f->region, .prefix = "curfew:{0}", .writer = "hop-1", .boot = {0xab}, .longest_age_us = LONGEST_US};
    assert_int_equal(curfew_cache_create(&options, &f->cache, &error), CURFEW_OK);
    f->now = (struct curfew_now){.wall_us = NOW_US, .boot_us = 1000};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    curfew_cache_destroy(f->cache);
    curfew_region_destroy(f->region);
    test_free(f);
    return 0;
}

static struct curfew_floor floor_of(uint32_t number, int64_t floor)
{
    struct curfew_floor made = {.floor = floor, .expires_us = NOW_US + number};
    uint8_t bytes[4];
    uint8_t digest[CURFEW_SHA256_SIZE];
    curfew_put_be32(bytes, number);
    curfew_sha256(&(struct curfew_slice){bytes, sizeof(bytes)}, 1, digest);
    memcpy(made.subject, digest, sizeof(made.subject));
    return made;
}

/* As the feed does it: raised first, then noted. */
static void note(struct fixture *f, uint32_t number, int64_t floor)
{
    struct curfew_floor made = floor_of(number, floor);
    struct curfew_subject subject;
    struct curfew_error error;
    memcpy(subject.digest, made.subject, sizeof(made.subject));
    assert_int_equal(curfew_denyset_raise(f->region, &subject, floor, made.expires_us, &error), CURFEW_OK);
    curfew_cache_note_floor(f->cache, 1, &made);
}

static void note_fresh(struct fixture *f, int32_t lane, int64_t as_of_us)
{
    const struct curfew_beacon beacon = {
        .log_id = {0xfe, 0xed}, .lane = lane, .as_of_us = as_of_us, .genesis_us = 77, .skew_ms = 250};
    curfew_cache_note_fresh(f->cache, lane, &beacon);
}

static bool next(struct fixture *f)
{
    return curfew_cache_next(f->cache, f->now, &f->call);
}

static void reply(struct fixture *f, const char *word)
{
    curfew_cache_reply(f->cache, curfew_slice_of(word));
}

static const char *argument(const struct fixture *f, size_t index)
{
    static char text[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    assert_true(index < f->call.count && f->call.arguments[index].size < sizeof(text[0]));
    snprintf(text[turn], sizeof(text[turn]), "%.*s", CURFEW_SLICE_ARGS(f->call.arguments[index]));
    return text[turn];
}

static size_t floors_in(const struct fixture *f)
{
    assert_string_equal(argument(f, AT_WHAT), "write");
    return strtoul(argument(f, AT_COUNT), NULL, 10);
}

static size_t fresh_in(const struct fixture *f)
{
    return (f->call.count - AT_FLOORS - 3 * floors_in(f)) / 4;
}

static struct curfew_cache_stats stats(const struct fixture *f)
{
    struct curfew_cache_stats now;
    curfew_cache_stats(f->cache, &now);
    return now;
}

/* Joins and writes everything there is. */
static void make_whole(struct fixture *f)
{
    while (next(f)) {
        reply(f, strcmp(argument(f, AT_WHAT), "join") == 0 ? "joined E" : "ok");
    }
    assert_true(stats(f).whole);
}

static void joins_before_anything_is_written(void **state)
{
    /* Goal: a new start joins, then writes every floor the deny set holds, and vouches last. */
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 3000; i++) {
        note(f, i, 1);
    }
    note_fresh(f, 1, NOW_US);
    assert_true(next(f));
    assert_string_equal(argument(f, 0), "1");
    assert_string_equal(argument(f, 1), "curfew:{0}:meta");
    assert_string_equal(argument(f, AT_WHAT), "join");
    assert_string_equal(argument(f, AT_SEQUENCE), "ab000000000000000000000000000000 1");
    assert_string_equal(argument(f, 6), "");
    assert_string_equal(argument(f, 7), "ab000000000000000000000000000000.1");
    reply(f, "joined somebody.7");
    size_t vouched = 0;
    size_t calls = 0;
    while (next(f)) {
        assert_string_equal(argument(f, AT_EPOCH), "somebody.7");
        assert_int_equal(vouched, 0); /* the last call alone vouches */
        assert_false(stats(f).whole);
        vouched += fresh_in(f);
        calls++;
        reply(f, "ok");
    }
    assert_int_equal(vouched, 1);
    assert_true(calls >= 3);
    assert_true(stats(f).whole);
    assert_true(stats(f).floors >= 3000);
}

static void freshness_travels_behind_its_floors(void **state)
{
    /* Goal: a freshness is in no call before the one that carries the last floor noted before it. */
    struct fixture *f = *state;
    make_whole(f);
    for (uint32_t i = 0; i < CURFEW_CACHE_BATCH + 10; i++) {
        note(f, i, 1);
    }
    note_fresh(f, 0, NOW_US - 5);
    note(f, 99999, 4);
    assert_true(next(f));
    assert_int_equal(floors_in(f), CURFEW_CACHE_BATCH);
    assert_int_equal(fresh_in(f), 0);
    reply(f, "ok");
    assert_true(next(f));
    assert_int_equal(floors_in(f), 11);
    assert_int_equal(fresh_in(f), 1);
    size_t at = AT_FLOORS + 3 * 11;
    assert_string_equal(argument(f, at), "0");
    char expected[96];
    snprintf(expected, sizeof(expected), "%" PRId64, NOW_US - 5);
    assert_string_equal(argument(f, at + 1), expected);
    assert_string_equal(argument(f, at + 2), "feed0000000000000000000000000000 77 250000");
    snprintf(expected, sizeof(expected), "%" PRId64, (NOW_US - 5 + LONGEST_US) / 1000);
    assert_string_equal(argument(f, at + 3), expected);
    reply(f, "ok");
    assert_false(next(f));
}

static void numbers_are_exact_decimal_text(void **state)
{
    /* Goal: floors beyond 2^53 leave as they are, and what cannot deny does not leave at all. */
    struct fixture *f = *state;
    make_whole(f);
    struct curfew_floor floor = floor_of(1, CURFEW_FLOOR_MAX);
    floor.expires_us = INT64_MAX - 1;
    curfew_cache_note_floor(f->cache, 0, &floor);
    floor.floor = 0;
    curfew_cache_note_floor(f->cache, 0, &floor);
    assert_true(next(f));
    assert_int_equal(floors_in(f), 1);
    char hex[33];
    curfew_hex(floor.subject, sizeof(floor.subject), hex);
    assert_string_equal(argument(f, AT_FLOORS), hex);
    assert_string_equal(argument(f, AT_FLOORS + 1), "9223372036854775807");
    assert_string_equal(argument(f, AT_FLOORS + 2), "9223372036854775806");
    reply(f, "ok");
}

static void a_broken_connection_repeats_the_same_call(void **state)
{
    /* Goal: what may or may not have been done is sent again word for word, with its sequence, before anything else. */
    struct fixture *f = *state;
    make_whole(f);
    note(f, 1, 5);
    assert_true(next(f));
    char sequence[64];
    char before[64];
    snprintf(sequence, sizeof(sequence), "%s", argument(f, AT_SEQUENCE));
    snprintf(before, sizeof(before), "%s", argument(f, AT_BEFORE));
    assert_string_not_equal(sequence, before);
    curfew_cache_disconnected(f->cache);
    assert_false(stats(f).whole);
    curfew_cache_disconnected(f->cache); /* nor could it connect the next time */
    note(f, 2, 6);
    assert_true(next(f));
    assert_string_equal(argument(f, AT_SEQUENCE), sequence);
    assert_string_equal(argument(f, AT_BEFORE), before);
    assert_int_equal(floors_in(f), 1);
    assert_string_equal(argument(f, AT_FLOORS + 1), "5");
    reply(f, "ok");
    assert_true(next(f));
    assert_string_equal(argument(f, AT_BEFORE), sequence);
    assert_string_equal(argument(f, AT_FLOORS + 1), "6");
    reply(f, "ok");
    assert_true(stats(f).whole);
    assert_int_equal(stats(f).refills, 1);
}

static void a_broken_join_never_offers_its_epoch_twice(void **state)
{
    /* Goal: an epoch can begin only once, so a bucket cannot come back empty under an epoch readers believe. */
    struct fixture *f = *state;
    assert_true(next(f));
    char offered[64];
    snprintf(offered, sizeof(offered), "%s", argument(f, 7));
    curfew_cache_disconnected(f->cache);
    assert_true(next(f));
    assert_string_equal(argument(f, AT_WHAT), "join");
    assert_string_not_equal(argument(f, 7), offered);
    reply(f, "joined E");
}

static void expect_refill(struct fixture *f, const char *word, const char *void_epoch)
{
    note_fresh(f, 1, NOW_US);
    assert_true(next(f));
    assert_int_equal(fresh_in(f), 1);
    int64_t refills = stats(f).refills;
    reply(f, word);
    assert_false(stats(f).whole);
    assert_true(next(f));
    assert_string_equal(argument(f, AT_WHAT), "join");
    assert_string_equal(argument(f, 6), void_epoch);
    reply(f, "joined E2");
    assert_true(next(f));
    assert_string_equal(argument(f, AT_EPOCH), "E2");
    assert_int_equal(floors_in(f), 3);
    assert_int_equal(fresh_in(f), 1); /* what was refused is still true, and goes behind the floors */
    reply(f, "ok");
    assert_int_equal(stats(f).refills, refills + 1);
    assert_true(stats(f).whole);
}

static void every_refusal_writes_everything_anew(void **state)
{
    /* Goal: whatever Redis answers but ok, nothing is vouched for until all floors were written again. */
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 3; i++) {
        note(f, i, 1);
    }
    make_whole(f);
    expect_refill(f, "epoch", "");
    expect_refill(f, "sequence", "");
    expect_refill(f, "okay", "");
    expect_refill(f, "", "");
    expect_refill(f, "joined E9", "");
    assert_int_equal(stats(f).refused, 5);
    expect_refill(f, "lost", "E2"); /* a bucket is gone: the epoch is void for every writer */
}

static void refills_that_fail_pause(void **state)
{
    /* Goal: two processes with one hop id, or a foreign layout, cost a join a second and not a busy loop. */
    struct fixture *f = *state;
    int64_t expected_us = 0;
    for (int i = 0; i < 12; i++) {
        assert_false(expected_us != 0 && next(f));
        f->now.boot_us += expected_us - (expected_us != 0 ? 1 : 0);
        assert_false(expected_us != 0 && next(f));
        f->now.boot_us += 1;
        assert_true(next(f));
        reply(f, "layout 2");
        expected_us = expected_us == 0 ? 10000 : expected_us * 2 > CURFEW_US_PER_S ? CURFEW_US_PER_S : expected_us * 2;
    }
    assert_int_equal(expected_us, CURFEW_US_PER_S);
    f->now.boot_us += 1;
    assert_false(next(f));
    f->now.boot_us += CURFEW_US_PER_S;
    make_whole(f);
    note(f, 1, 1);
    assert_true(next(f));
    reply(f, "sequence");
    assert_true(next(f)); /* once whole, the first refusal is answered at once */
    reply(f, "joined E");
}

static void a_full_ring_becomes_a_refill(void **state)
{
    /* Goal: floors that did not fit are found in the deny set before the freshness that rests on them leaves. */
    struct fixture *f = *state;
    make_whole(f);
    const uint32_t half = CURFEW_CACHE_RING + 5000;
    const uint32_t floors = 2 * half;
    for (uint32_t i = 0; i < half; i++) {
        note(f, i, 1);
    }
    bool *seen = test_calloc(floors, sizeof(*seen));
    assert_true(next(f)); /* begins the refill, and makes room in the ring */
    for (uint32_t i = half; i < floors; i++) { /* too late for this refill's scan, and too many for the ring */
        note(f, i, 1);
    }
    for (bool noted = false;;) {
        for (size_t i = 0; i < floors_in(f); i++) {
            seen[strtoll(argument(f, AT_FLOORS + 3 * i + 2), NULL, 10) - NOW_US] = true; /* numbered by their expiry */
        }
        if (fresh_in(f) != 0) {
            break;
        }
        reply(f, "ok");
        assert_true(next(f));
        if (!noted) { /* now that there is room */
            note_fresh(f, 2, NOW_US);
            noted = true;
        }
    }
    for (uint32_t i = 0; i < floors; i++) {
        assert_true(seen[i]);
    }
    test_free(seen);
    reply(f, "ok");
    assert_int_equal(stats(f).refills, 3); /* at the start, and for each time the ring was full */
    assert_true(stats(f).whole);
    assert_false(next(f));
}

static void a_lost_lane_is_not_renewed(void **state)
{
    /* Goal: what was noted of a lane before it was lost is not written after; other lanes go on. */
    struct fixture *f = *state;
    make_whole(f);
    note_fresh(f, 1, NOW_US);
    note_fresh(f, 2, NOW_US);
    curfew_cache_note_lost(f->cache, 1);
    assert_true(next(f));
    assert_int_equal(fresh_in(f), 1);
    assert_string_equal(argument(f, AT_FLOORS), "2");
    reply(f, "ok");
    assert_false(next(f));
    note_fresh(f, 1, NOW_US + 1);
    assert_true(next(f));
    assert_int_equal(fresh_in(f), 1);
    reply(f, "ok");
}

static void an_as_of_in_the_future_waits(void **state)
{
    /* Goal: a broker's clock gone wrong cannot occupy the freshness key for years. */
    struct fixture *f = *state;
    make_whole(f);
    note_fresh(f, 1, NOW_US + 500001);
    assert_false(next(f));
    f->now.wall_us += 1;
    assert_true(next(f));
    assert_int_equal(fresh_in(f), 1);
    reply(f, "ok");
}

static int64_t limit_of(struct fixture *f)
{
    note(f, 1, 1);
    assert_true(next(f));
    int64_t limit = strtoll(argument(f, AT_LIMIT), NULL, 10);
    reply(f, "ok");
    return limit;
}

static void prunes_by_the_oldest_proof(void **state)
{
    /* Goal: a floor goes only when the oldest lane's as_of, and this clock, are past its end by the longest age. */
    struct fixture *f = *state;
    make_whole(f);
    assert_int_equal(limit_of(f), 0);
    note_fresh(f, 1, NOW_US - 10);
    note_fresh(f, 2, NOW_US - 20);
    assert_int_equal(limit_of(f), NOW_US - 10 - 10 - LONGEST_US);
    curfew_cache_note_lost(f->cache, 2);
    assert_int_equal(limit_of(f), NOW_US - 10 - LONGEST_US);
    f->now.wall_us = NOW_US - 1000;
    assert_int_equal(limit_of(f), NOW_US - 1000 - LONGEST_US);
}

static void every_sentinel_is_looked_at_in_turn(void **state)
{
    /* Goal: an evicted bucket nobody writes to is found within one round of calls. */
    struct fixture *f = *state;
    make_whole(f);
    bool *looked = test_calloc(CURFEW_CACHE_BUCKETS, sizeof(*looked));
    for (uint32_t i = 0; i < 64; i++) {
        note(f, i, 1);
        assert_true(next(f));
        unsigned long first = strtoul(argument(f, 8), NULL, 10);
        unsigned long count = strtoul(argument(f, 9), NULL, 10);
        for (unsigned long bucket = first; bucket < first + count; bucket++) {
            looked[bucket % CURFEW_CACHE_BUCKETS] = true;
        }
        reply(f, "ok");
    }
    for (int i = 0; i < CURFEW_CACHE_BUCKETS; i++) {
        assert_true(looked[i]);
    }
    test_free(looked);
}

static void refuses_options_it_cannot_keep(void **state)
{
    /* Goal: a prefix or name that cannot be a key, and a missing age, are errors that name the setting. */
    (void)state;
    struct curfew_cache *cache = NULL;
    struct curfew_error error;
    struct curfew_cache_options options = {.prefix = "a b", .writer = "hop", .longest_age_us = 1};
    assert_int_equal(curfew_cache_create(&options, &cache, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "cache.prefix"));
    options.prefix = "";
    assert_int_equal(curfew_cache_create(&options, &cache, &error), CURFEW_INVALID);
    options.prefix = "curfew:{0}";
    options.writer = "";
    assert_int_equal(curfew_cache_create(&options, &cache, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "hop.id"));
    options.writer = "hop";
    options.longest_age_us = 0;
    assert_int_equal(curfew_cache_create(&options, &cache, &error), CURFEW_INVALID);
    assert_null(cache);
    curfew_cache_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(joins_before_anything_is_written, setup, teardown),
        cmocka_unit_test_setup_teardown(freshness_travels_behind_its_floors, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_are_exact_decimal_text, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_connection_repeats_the_same_call, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_join_never_offers_its_epoch_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(every_refusal_writes_everything_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(refills_that_fail_pause, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_ring_becomes_a_refill, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_lane_is_not_renewed, setup, teardown),
        cmocka_unit_test_setup_teardown(an_as_of_in_the_future_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(prunes_by_the_oldest_proof, setup, teardown),
        cmocka_unit_test_setup_teardown(every_sentinel_is_looked_at_in_turn, setup, teardown),
        cmocka_unit_test(refuses_options_it_cannot_keep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
