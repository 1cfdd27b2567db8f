/* feed_seal_test: what a feed believes of beacons: only what a coordinator signed, judged so often and no oftener. */
#include "core/log.h"
#include "revocations.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#define LANE 1
#define GENESIS (TOPIC_T0 - 3600 * CURFEW_US_PER_S)
#define TICK_US (100 * CURFEW_US_PER_MS)
#define EVERY_US (500 * CURFEW_US_PER_MS)

static struct topic *topic;
static struct author author;

static int setup(void **state)
{
    (void)state;
    topic = topic_make(1000);
    author = author_of(LANE, 1, GENESIS);
    return 0;
}

static int setup_judging(void **state)
{
    (void)state;
    topic = topic_make_judging(1000, EVERY_US);
    author = author_of(LANE, 1, GENESIS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    topic_end(topic);
    return 0;
}

static void beat(void)
{
    topic_pass(topic, TICK_US);
    author_beat(topic, &author);
    topic_deliver(topic);
}

/* A beacon as of now, signed by somebody; `sealer` NULL: by nobody. */
static void beat_by(const struct curfew_sealer *sealer)
{
    uint8_t signature[CURFEW_SEAL_SIZE] = {0};
    struct curfew_event event = author_beacon(topic, &author);
    if (sealer != NULL) {
        curfew_seal_beacon(sealer, &event.as.beacon, signature);
    } else {
        event.as.beacon.key_id = curfew_slice_of(SEALER_KEY_ID); /* so that the topic does not sign it */
    }
    topic_publish(topic, LANE, &event);
    topic_deliver(topic);
}

static void a_beacon_nobody_signed_does_not_count(void **state)
{
    /* Goal: unsigned, by another key of the same name, or by a key nobody knows: no freshness, and the lane says why.
     */
    static const struct {
        const struct curfew_sealer *sealer;
        enum curfew_fresh why;
    } strangers[] = {
        {NULL, CURFEW_FRESH_FORGED}, {&sealer_stolen, CURFEW_FRESH_FORGED}, {&sealer_stranger, CURFEW_FRESH_KEY}};
    (void)state;
    topic_deliver(topic);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        topic_pass(topic, TICK_US);
        beat_by(strangers[i].sealer);
        assert_int_equal(topic_fresh(topic, LANE), strangers[i].why);
        assert_int_equal(topic->told[LANE].doubt, strangers[i].why);
    }
    assert_int_equal(topic->told[LANE].doubts, 3);
    assert_int_equal(topic->told[LANE].fresh, 0);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void every_field_of_a_beacon_is_signed(void **state)
{
    /* Goal: one bit of any field turned, and the beacon is nobody's: above all one that says nothing is revoked. */
    (void)state;
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    topic_deliver(topic);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    const int before = topic->told[LANE].fresh;
    for (int field = 0; field < 9; field++) {
        topic_pass(topic, TICK_US);
        uint8_t signature[CURFEW_SEAL_SIZE];
        struct curfew_event event = author_beacon(topic, &author);
        struct curfew_beacon *beacon = &event.as.beacon;
        curfew_seal_beacon(&sealer_genuine, beacon, signature);
        beacon->log_id[3] ^= field == 0 ? 1 : 0;
        beacon->lanes += field == 1 ? 1 : 0;
        beacon->as_of_us += field == 2 ? 1 : 0;
        beacon->offset += field == 3 ? 1 : 0;
        beacon->last_cause = field == 4 ? -1 : beacon->last_cause;
        beacon->oldest_cause = field == 5 ? -1 : beacon->oldest_cause;
        beacon->chain[31] ^= field == 6 ? 1 : 0;
        beacon->genesis_us += field == 7 ? 1 : 0;
        beacon->skew_ms += field == 8 ? 1 : 0;
        topic_publish(topic, LANE, &event);
        topic_deliver(topic);
        assert_int_equal(topic->told[LANE].doubts, field + 1);
        assert_int_equal(topic->told[LANE].fresh, before);
    }
    assert_true(topic_denied(topic, 1));
}

static void a_beacon_of_another_lane_proves_nothing_here(void **state)
{
    /* Goal: signed for lane 2 and said in lane 1, under either number. */
    (void)state;
    topic_deliver(topic);
    topic_pass(topic, TICK_US);
    struct author other = author_of(2, 1, GENESIS);
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_event event = author_beacon(topic, &other);
    curfew_seal_beacon(&sealer_genuine, &event.as.beacon, signature);
    topic_publish(topic, LANE, &event);
    event.as.beacon.lane = LANE;
    topic_publish(topic, LANE, &event);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_FORGED);
}

static void a_forger_cannot_name_another_log(void **state)
{
    /* Goal: a younger log, or another number of lanes, that no coordinator speaks of voids nothing. */
    (void)state;
    topic_deliver(topic);
    beat();
    struct author younger = author_of(LANE, 2, GENESIS + 60 * CURFEW_US_PER_S);
    const struct author genuine = author;
    author = younger;
    beat_by(&sealer_stolen);
    beat_by(&sealer_stranger);
    beat_by(NULL);
    author = genuine;
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    assert_int_equal(topic->told[LANE].lost, 0);
    beat();
    assert_int_equal(topic->told[LANE].fresh, 2);
}

static void a_forger_with_a_clock_of_his_own_voids_nothing(void **state)
{
    /* Goal: as_of a year ahead makes a lane suspect its clock only when a coordinator says it. */
    (void)state;
    topic_deliver(topic);
    beat();
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_event event = author_beacon(topic, &author);
    event.as.beacon.as_of_us += INT64_C(365) * 86400 * CURFEW_US_PER_S;
    curfew_seal_beacon(&sealer_stolen, &event.as.beacon, signature);
    topic_publish(topic, LANE, &event);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void what_is_held_ages_while_only_forgeries_come(void **state)
{
    /* Goal: the last good proof vouches as long as it is young enough; forged ones make it no younger. */
    (void)state;
    topic_deliver(topic);
    beat();
    for (int i = 0; i < 30; i++) {
        topic_pass(topic, TICK_US);
        beat_by(&sealer_stolen);
    }
    struct curfew_freshness_mark mark;
    int64_t age_us = 0;
    assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &mark), CURFEW_FRESH);
    assert_true(age_us >= 3 * CURFEW_US_PER_S);
    assert_int_equal(topic->told[LANE].doubts, 30);
}

/* ---- how often ---- */

static void the_newest_is_judged_twice_a_second(void **state)
{
    /* Goal: of fifty beacons in five seconds about ten are judged, and the age stays under half a second and a tick. */
    (void)state;
    topic_deliver(topic);
    beat();
    assert_int_equal(topic->told[LANE].fresh, 1);
    for (int i = 0; i < 50; i++) {
        beat();
        struct curfew_freshness_mark mark;
        int64_t age_us = 0;
        assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &mark), CURFEW_FRESH);
        assert_true(age_us < EVERY_US + TICK_US + 2 * TOPIC_SKEW_MS * CURFEW_US_PER_MS);
    }
    assert_in_range(topic->told[LANE].fresh, 10, 11);
}

static void the_last_one_is_judged_though_nothing_follows(void **state)
{
    /* Goal: a beacon that came too soon to be judged is judged when it is time, as of when it came. */
    (void)state;
    topic_deliver(topic);
    beat();
    beat();
    assert_int_equal(topic->told[LANE].fresh, 1);
    const int64_t came_us = topic->now.boot_us;
    topic_pass(topic, EVERY_US);
    struct curfew_error error;
    assert_int_equal(curfew_feed_tick(topic->feed, topic->now, &error), CURFEW_OK);
    assert_int_equal(topic->told[LANE].fresh, 2);
    struct curfew_freshness_mark mark;
    int64_t age_us = 0;
    assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &mark), CURFEW_FRESH);
    assert_true(mark.arrived.boot_us == came_us);
    assert_true(age_us >= EVERY_US);
}

static void a_forgery_does_not_cost_half_a_second(void **state)
{
    /* Goal: after a beacon that is not a coordinator's the next is judged within a tenth of the time. */
    (void)state;
    topic_deliver(topic);
    topic_pass(topic, TICK_US);
    beat_by(&sealer_stolen);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_FORGED);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void a_candidate_of_before_a_gap_does_not_count(void **state)
{
    /* Goal: what waited to be judged when a position was lost is forgotten with it. */
    (void)state;
    topic_deliver(topic);
    beat();
    beat(); /* waits */
    topic_gap(topic, LANE);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    topic->partitions[LANE].position = topic->partitions[LANE].end;
    topic_pass(topic, EVERY_US);
    struct curfew_error error;
    assert_int_equal(curfew_feed_tick(topic->feed, topic->now, &error), CURFEW_OK);
    assert_int_not_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    assert_int_equal(topic->told[LANE].fresh, 1);
}

static void a_backlogs_last_beacon_does_not_vouch(void **state)
{
    /* Goal: the newest of a backlog tells which log it is, and nothing of how fresh. */
    (void)state;
    for (int i = 0; i < 20; i++) {
        author_beat(topic, &author);
    }
    topic_deliver(topic);
    topic_pass(topic, 2 * EVERY_US);
    struct curfew_error error;
    assert_int_equal(curfew_feed_tick(topic->feed, topic->now, &error), CURFEW_OK);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    assert_int_equal(topic->told[LANE].fresh, 0);
}

static void a_feed_that_believes_anybody_is_refused(void **state)
{
    /* Goal: whom to believe has no default. */
    struct curfew_feed_options options = {.region = topic->region, .bus = &topic->bus, .lanes = 2};
    struct curfew_feed *feed = NULL;
    struct curfew_error error;
    (void)state;
    assert_int_equal(curfew_feed_create(&options, &feed, &error), CURFEW_INVALID);
    assert_null(feed);
}

#define SEAL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define JUDGING_TEST(name) cmocka_unit_test_setup_teardown(name, setup_judging, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEAL_TEST(a_beacon_nobody_signed_does_not_count),
        SEAL_TEST(every_field_of_a_beacon_is_signed),
        SEAL_TEST(a_beacon_of_another_lane_proves_nothing_here),
        SEAL_TEST(a_forger_cannot_name_another_log),
        SEAL_TEST(a_forger_with_a_clock_of_his_own_voids_nothing),
        SEAL_TEST(what_is_held_ages_while_only_forgeries_come),
        SEAL_TEST(a_feed_that_believes_anybody_is_refused),
        JUDGING_TEST(the_newest_is_judged_twice_a_second),
        JUDGING_TEST(the_last_one_is_judged_though_nothing_follows),
        JUDGING_TEST(a_forgery_does_not_cost_half_a_second),
        JUDGING_TEST(a_candidate_of_before_a_gap_does_not_count),
        JUDGING_TEST(a_backlogs_last_beacon_does_not_vouch),
    };
    curfew_log_level_set(CURFEW_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
