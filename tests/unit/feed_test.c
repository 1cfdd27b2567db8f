/* Tests of the feed: when a lane is vouched for, and by what. */
#include "core/log.h"
#include "revocations.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs what stands above */
#include <cmocka.h>

#define GENESIS (TOPIC_T0 - 100 * CURFEW_US_PER_S)
#define TICK_US (100 * CURFEW_US_PER_MS)
#define LANE 1

static struct topic *topic;
static struct author author;

static int setup(void **state)
{
    (void)state;
    topic = topic_make(1000);
    author = author_of(LANE, 1, GENESIS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    topic_end(topic);
    return 0;
}

/* A tick's worth of time, and what a healthy coordinator says then. */
static void beat(void)
{
    topic_pass(topic, TICK_US);
    author_beat(topic, &author);
    topic_deliver(topic);
}

static void bring_up(void)
{
    topic_deliver(topic);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

/* Whether beacons alone bring the lane back within so many microseconds. */
static bool heals_within(int64_t us)
{
    for (int64_t passed = 0; passed < us && topic_fresh(topic, LANE) != CURFEW_FRESH; passed += TICK_US) {
        beat();
    }
    return topic_fresh(topic, LANE) == CURFEW_FRESH;
}

static void a_backlog_vouches_for_nothing(void **state)
{
    /* Goal: beacons count only after the first end of partition; the floors before it apply all the same. */
    (void)state;
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    for (int i = 0; i < 3; i++) {
        author_beat(topic, &author); /* each is judged */
    }
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    topic_deliver(topic);
    assert_true(topic_denied(topic, 1));
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    assert_int_equal(topic->told[LANE].fresh, 0);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    assert_int_equal(curfew_freshness_lanes(topic->region), TOPIC_LANES);
    assert_int_equal(topic_fresh(topic, 0), CURFEW_FRESH_UNSYNCED); /* a lane speaks for itself alone */
    assert_int_equal(topic_fresh(topic, 2), CURFEW_FRESH_UNSYNCED);
}

static void the_cache_hears_floors_before_freshness(void **state)
{
    /* Goal: when freshness is told, every floor it rests on was told. */
    (void)state;
    bring_up();
    for (uint64_t i = 0; i < 5; i++) {
        author_raise(topic, &author, i, TOPIC_FOREVER);
        beat();
        assert_int_equal(topic->told[LANE].floors_before_fresh, (int)i + 1);
    }
    assert_int_equal(topic->told[LANE].fresh, 6);
    assert_int_equal(topic->told[LANE].lost, 0);
    assert_int_equal(topic->told[0].fresh + topic->told[2].fresh, 0);
}

static void a_floor_applies_whoever_wrote_it(void **state)
{
    /* Goal: unlinked, of another log, with a false chain or in the wrong lane, a floor denies; and voids nothing. */
    (void)state;
    bring_up();
    struct author stranger = author_of(LANE, 9, GENESIS);
    author_raise(topic, &stranger, 1, TOPIC_FOREVER);
    struct author astray = author_of(2, 1, GENESIS);
    struct curfew_floor floor;
    struct curfew_event event = author_link(&astray, &floor, 2, TOPIC_FOREVER);
    topic_publish(topic, LANE, &event);
    struct author forger = author;
    event = author_link(&forger, &floor, 3, TOPIC_FOREVER);
    event.as.floors.chain[0] ^= 1;
    topic_publish(topic, LANE, &event);
    topic_deliver(topic);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_true(topic_denied(topic, i));
    }
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    assert_int_equal(topic->told[LANE].lost, 0);
}

static void a_beacon_waits_for_its_links(void **state)
{
    /* Goal: a beacon ahead of its floors counts when they come, as old as it is by then. */
    (void)state;
    topic_deliver(topic);
    struct curfew_floor floors[2];
    struct curfew_event first = author_link(&author, &floors[0], 1, TOPIC_FOREVER);
    struct curfew_event second = author_link(&author, &floors[1], 2, TOPIC_FOREVER);
    author_beat(topic, &author);
    topic_publish(topic, LANE, &second);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNPROVEN);
    topic_pass(topic, CURFEW_US_PER_S);
    topic_publish(topic, LANE, &first);
    topic_deliver(topic);
    struct curfew_freshness_mark mark;
    int64_t age_us;
    assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &mark), CURFEW_FRESH);
    assert_int_equal(age_us, CURFEW_US_PER_S + 2 * TOPIC_SKEW_MS * CURFEW_US_PER_MS);
    assert_int_equal(mark.offset, author.cause + 1);
    assert_int_equal(mark.arrived.boot_us, topic->now.boot_us - CURFEW_US_PER_S); /* a clock stepped since would show */
}

static void a_lost_link_ages_then_voids_then_heals(void **state)
{
    /* Goal: with a record lost on the way no newer beacon counts; the last proof ages, is voided, and a second reading
     * of the topic brings what was lost. */
    (void)state;
    bring_up();
    struct curfew_freshness_mark before;
    struct curfew_freshness_mark after;
    int64_t age_us;
    assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &before), CURFEW_FRESH);
    topic->drop = topic->partitions[LANE].end;
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    for (int i = 0; i < 10; i++) {
        beat();
        assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &after), CURFEW_FRESH);
        assert_int_equal(after.as_of_us, before.as_of_us);
        assert_false(topic_denied(topic, 1));
    }
    topic_pass(topic, 5 * CURFEW_US_PER_S);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNPROVEN);
    assert_int_equal(topic->told[LANE].lost, 1);
    assert_true(heals_within(CURFEW_US_PER_S));
    assert_true(topic_denied(topic, 1));
    assert_int_equal(topic->partitions[LANE].subscribed, 2);
}

static void floors_cut_off_by_retention_are_missed(void **state)
{
    /* Goal: a hop that starts after a live floor's record is gone never calls itself fresh, and is once the floor was
     * stated again. */
    (void)state;
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    author_raise(topic, &author, 2, TOPIC_FOREVER);
    topic->partitions[LANE].begin = 1;
    topic->partitions[LANE].position = 1;
    topic_deliver(topic);
    assert_false(heals_within(30 * CURFEW_US_PER_S));
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNPROVEN);
    int readings = topic->partitions[LANE].subscribed;
    assert_in_range(readings, 3, 8); /* it tries, and not without pause */
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    author.oldest_cause = author.cause - 10; /* of the floor on 2 */
    assert_true(heals_within(CURFEW_US_PER_S));
    assert_true(topic_denied(topic, 1));
}

static void a_gap_voids_until_read_again(void **state)
{
    /* Goal: after a gap the lane is void, the whole topic is read again, and only a beacon after its end counts. */
    (void)state;
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    bring_up();
    topic_gap(topic, LANE);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    assert_int_equal(topic->told[LANE].lost, 1);
    assert_true(topic_denied(topic, 1)); /* a floor outlives a gap */
    author_raise(topic, &author, 2, TOPIC_FOREVER);
    author_beat(topic, &author);
    topic_deliver(topic);
    assert_int_equal(topic->partitions[LANE].subscribed, 2);
    assert_true(topic_denied(topic, 2));
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void gap_after_gap_heals_in_seconds(void **state)
{
    /* Goal: gaps in a row, with no event in between, are neither answered without pause nor forgotten. */
    (void)state;
    bring_up();
    topic_gap(topic, LANE);
    topic_deliver(topic);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    for (int i = 0; i < 50; i++) {
        topic_gap(topic, LANE); /* too soon to read again */
    }
    assert_int_equal(topic->partitions[LANE].subscribed, 2);
    topic->partitions[LANE].position = topic->partitions[LANE].end; /* a straggler of what was read before the gap */
    author_beat(topic, &author);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    topic->partitions[LANE].position = -1;
    for (int i = 0; i < 60; i++) {
        topic_pass(topic, TICK_US);
    }
    assert_int_equal(topic->partitions[LANE].subscribed, 3);
    topic_deliver(topic);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void a_beacon_from_the_future_voids(void **state)
{
    /* Goal: as_of more than 2 skew ahead of this machine's clock voids, prunes nothing and tells the cache nothing; the
     * next that can be believed counts. */
    (void)state;
    author_raise(topic, &author, 1, TOPIC_T0 + 3600 * CURFEW_US_PER_S);
    bring_up();
    int64_t newest = curfew_freshness_newest(topic->region);
    int fresh = topic->told[LANE].fresh;
    struct curfew_event event = author_beacon(topic, &author);
    event.as.beacon.as_of_us += 48 * 3600 * CURFEW_US_PER_S;
    topic_publish(topic, LANE, &event);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_CLOCK);
    assert_int_equal(curfew_freshness_newest(topic->region), newest);
    assert_int_equal(topic->told[LANE].fresh, fresh);
    assert_int_equal(topic->told[LANE].lost, 1);
    for (uint64_t i = 10; i < 1500; i++) { /* what is expired would go now */
        author_raise(topic, &author, i % 900, TOPIC_FOREVER);
    }
    topic_deliver(topic);
    assert_true(topic_denied(topic, 1));
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void as_of_that_goes_back_is_ignored(void **state)
{
    /* Goal: an older beacon said again makes nothing younger, and one said again after a gap does not either. */
    (void)state;
    bring_up();
    struct curfew_event old = author_beacon(topic, &author);
    beat();
    int fresh = topic->told[LANE].fresh;
    topic_publish(topic, LANE, &old);
    topic_deliver(topic);
    assert_int_equal(topic->told[LANE].fresh, fresh);
    topic_gap(topic, LANE);
    topic_deliver(topic);
    topic_publish(topic, LANE, &old);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void a_beacon_that_cannot_be_meant_is_dropped(void **state)
{
    /* Goal: impossible numbers and other lanes' names neither vouch nor void nor overflow. */
    (void)state;
    bring_up();
    int fresh = topic->told[LANE].fresh;
    for (int field = 0; field < 9; field++) {
        topic_pass(topic, TICK_US);
        struct curfew_event event = author_beacon(topic, &author);
        struct curfew_beacon *beacon = &event.as.beacon;
        beacon->lane = field == 0 ? 2 : field == 1 ? INT32_MAX : LANE;
        beacon->as_of_us = field == 2 ? INT64_MIN : field == 3 ? GENESIS - 1 : beacon->as_of_us;
        beacon->genesis_us = field == 4 ? INT64_MIN : field == 5 ? GENESIS + 1 : beacon->genesis_us;
        beacon->offset = field == 6 ? -1 : beacon->offset;
        beacon->skew_ms = field == 7 ? -1 : field == 8 ? INT32_MIN : beacon->skew_ms;
        topic_publish(topic, LANE, &event);
        topic_deliver(topic);
        assert_int_equal(topic->told[LANE].fresh, fresh);
        assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
        assert_int_equal(topic_fresh(topic, 2), CURFEW_FRESH_UNSYNCED);
    }
    topic_pass(topic, TICK_US);
    struct curfew_event vast = author_beacon(topic, &author);
    vast.as.beacon.skew_ms = INT32_MAX; /* tolerates much, and is as old as it tolerates */
    topic_publish(topic, LANE, &vast);
    topic_deliver(topic);
    struct curfew_freshness_mark mark;
    int64_t age_us;
    assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &mark), CURFEW_FRESH);
    assert_true(age_us > 24 * 3600 * CURFEW_US_PER_S);
}

static void what_is_not_the_topics_is_ignored(void **state)
{
    /* Goal: events of other topics and of partitions that do not exist touch no lane. */
    (void)state;
    bring_up();
    const int32_t partitions[] = {LANE, -1, TOPIC_LANES, INT32_MAX};
    for (int kind = CURFEW_BUS_RECORD; kind <= CURFEW_BUS_RECOVERED; kind++) {
        for (size_t i = 0; i < 4; i++) {
            struct curfew_bus_event event = {
                .kind = (enum curfew_bus_event_kind)kind,
                .topic = i == 0 ? CURFEW_TOPIC_ANSWERS : CURFEW_TOPIC_REVOCATIONS,
                .partition = partitions[i],
            };
            struct curfew_error error;
            assert_int_equal(curfew_feed_handle(topic->feed, &event, topic->now, &error), CURFEW_OK);
        }
    }
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    assert_int_equal(topic->partitions[LANE].subscribed, 1);
}

static void a_refused_subscription_is_tried_again(void **state)
{
    /* Goal: at the start a bus that refuses is the caller's to know; later the feed tries until it is let in. */
    (void)state;
    bring_up();
    topic->refuse_subscribe = true;
    struct curfew_error error;
    assert_int_equal(curfew_feed_start(topic->feed, &error), CURFEW_UNAVAILABLE);
    topic_gap(topic, LANE);
    topic_pass(topic, 20 * CURFEW_US_PER_S);
    assert_int_equal(topic->partitions[LANE].subscribed, 1);
    topic->refuse_subscribe = false;
    topic_pass(topic, 5 * CURFEW_US_PER_S);
    assert_int_equal(topic->partitions[LANE].subscribed, 2);
    assert_true(heals_within(CURFEW_US_PER_S));
}

static void a_topic_of_impossible_size_is_refused(void **state)
{
    /* Goal: fewer than control and one pipeline, or more than there can be, is an error that says what to run. */
    (void)state;
    const int32_t wrong[] = {INT32_MIN, 0, 1, CURFEW_LANES_MAX + 1, INT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        struct curfew_feed_options options = {
            .region = topic->region, .bus = &topic->bus, .lanes = wrong[i], .judge = sealer_judge};
        struct curfew_feed *feed = NULL;
        struct curfew_error error;
        assert_int_equal(curfew_feed_create(&options, &feed, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "curfew topics create"));
        assert_null(feed);
    }
    curfew_feed_destroy(NULL);
}

#define FEED_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST(a_backlog_vouches_for_nothing),
        FEED_TEST(the_cache_hears_floors_before_freshness),
        FEED_TEST(a_floor_applies_whoever_wrote_it),
        FEED_TEST(a_beacon_waits_for_its_links),
        FEED_TEST(a_lost_link_ages_then_voids_then_heals),
        FEED_TEST(floors_cut_off_by_retention_are_missed),
        FEED_TEST(a_gap_voids_until_read_again),
        FEED_TEST(gap_after_gap_heals_in_seconds),
        FEED_TEST(a_beacon_from_the_future_voids),
        FEED_TEST(as_of_that_goes_back_is_ignored),
        FEED_TEST(a_beacon_that_cannot_be_meant_is_dropped),
        FEED_TEST(what_is_not_the_topics_is_ignored),
        FEED_TEST(a_refused_subscription_is_tried_again),
        FEED_TEST(a_topic_of_impossible_size_is_refused),
    };
    curfew_log_level_set(CURFEW_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
