/* Tests of the feed under faults that must take a lane's proof back: records no one can read, other logs, no room. */
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

static void bytes_no_one_can_read_void(void **state)
{
    /* Goal: any record that is not understood voids the lane, for as long as it stands in the topic; when it is gone
     * the lane heals by itself. */
    (void)state;
    bring_up();
    int64_t at = topic_append(topic, LANE, "\xc3\x01 what is this", 15);
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNREADABLE);
    assert_true(topic_denied(topic, 1)); /* what comes after it still denies */
    assert_int_equal(topic->told[LANE].lost, 1);
    assert_false(heals_within(30 * CURFEW_US_PER_S));
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNREADABLE);
    assert_in_range(topic->partitions[LANE].subscribed, 4, 8);
    topic->partitions[LANE].begin = at + 1;
    assert_true(heals_within(6 * CURFEW_US_PER_S));
    assert_int_equal(topic->told[LANE].lost, 1);
}

static void every_kind_of_unreadable_counts(void **state)
{
    /* Goal: nothing at all, a torn record, one byte too many and an event of another topic are all not understood. */
    (void)state;
    bring_up();
    author_beat(topic, &author);
    topic_deliver(topic);
    struct curfew_slice good = topic->partitions[LANE].records[topic->partitions[LANE].end - 1];
    uint8_t longer[512];
    memcpy(longer, good.at, good.size);
    longer[good.size] = 0;
    struct curfew_event tick = {.type = CURFEW_EVENT_TICK, .as.tick = {curfew_slice_of("c1"), TOPIC_T0, 0}};
    for (int kind = 0; kind < 4; kind++) {
        struct partition *partition = &topic->partitions[LANE];
        if (kind == 0) {
            topic_append(topic, LANE, NULL, 0);
        } else if (kind == 1) {
            topic_append(topic, LANE, good.at, good.size - 1);
        } else if (kind == 2) {
            topic_append(topic, LANE, longer, good.size + 1);
        } else {
            topic_publish(topic, LANE, &tick);
        }
        topic_deliver(topic);
        assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNREADABLE);
        partition->begin = partition->end;
        assert_true(heals_within(6 * CURFEW_US_PER_S));
    }
}

static void an_older_log_is_ignored(void **state)
{
    /* Goal: beacons of a log that began earlier, or at the same time, neither vouch nor void. */
    (void)state;
    bring_up();
    struct author old = author_of(LANE, 7, GENESIS - 1);
    struct author twin = author_of(LANE, 8, GENESIS);
    for (int i = 0; i < 30; i++) {
        topic_pass(topic, TICK_US);
        author_beat(topic, &old);
        author_beat(topic, &twin);
        topic_deliver(topic);
    }
    struct curfew_freshness_mark mark;
    int64_t age_us;
    assert_int_equal(curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &mark), CURFEW_FRESH);
    assert_memory_equal(mark.log_id, author.log_id, sizeof(mark.log_id));
    assert_true(age_us >= 30 * TICK_US);
    assert_int_equal(topic->told[LANE].lost, 0);
}

static void a_newer_log_voids_and_takes_over(void **state)
{
    /* Goal: a log that began later voids the lane, is read from the beginning, and from then on is the only one that
     * counts; what the old one denied stays denied. */
    (void)state;
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    bring_up();
    struct author old = author;
    author = author_of(LANE, 2, GENESIS + CURFEW_US_PER_S);
    author_raise(topic, &author, 2, TOPIC_FOREVER); /* before anyone knows of this log */
    topic_pass(topic, TICK_US);
    author_beat(topic, &author);
    author_beat(topic, &author);
    topic_deliver(topic);
    assert_int_equal(topic->told[LANE].lost, 1);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    assert_int_equal(topic->partitions[LANE].subscribed, 2);
    topic_pass(topic, TICK_US);
    author_beat(topic, &old);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNSYNCED);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    assert_true(topic_denied(topic, 1));
    assert_true(topic_denied(topic, 2));
    assert_int_equal(topic->partitions[LANE].subscribed, 2);
}

static void links_of_one_log_prove_nothing_of_another(void **state)
{
    /* Goal: a new log whose floors were lost is unproven, however many links of the old one are held. */
    (void)state;
    author_raise(topic, &author, 1, TOPIC_FOREVER);
    bring_up();
    author = author_of(LANE, 2, GENESIS + CURFEW_US_PER_S);
    struct curfew_floor floor;
    struct curfew_event lost = author_link(&author, &floor, 2, TOPIC_FOREVER);
    beat();
    assert_false(heals_within(12 * CURFEW_US_PER_S));
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_UNPROVEN);
    topic_publish(topic, LANE, &lost);
    assert_true(heals_within(12 * CURFEW_US_PER_S));
}

static void new_logs_in_a_row_do_not_spin(void **state)
{
    /* Goal: someone who shows ever newer logs gets no more than a reading each five seconds out of the hop. */
    (void)state;
    bring_up();
    for (int i = 1; i <= 200; i++) {
        struct author next = author_of(LANE, (uint8_t)i, GENESIS + i);
        author_beat(topic, &next);
        topic_deliver(topic);
    }
    assert_int_not_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
    assert_int_equal(topic->partitions[LANE].subscribed, 2);
    author = author_of(LANE, 77, TOPIC_T0); /* the operators' answer: topics made anew */
    assert_true(heals_within(12 * CURFEW_US_PER_S));
}

static void another_number_of_lanes_voids(void **state)
{
    /* Goal: a beacon that knows other lanes than the topic has is no proof and takes one back. */
    (void)state;
    bring_up();
    topic_pass(topic, TICK_US);
    struct curfew_event event = author_beacon(topic, &author);
    event.as.beacon.lanes = TOPIC_LANES + 1;
    topic_publish(topic, LANE, &event);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_LOG);
    assert_int_equal(topic->told[LANE].lost, 1);
    beat();
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH);
}

static void a_full_deny_set_is_not_vouched_for(void **state)
{
    /* Goal: a floor that found no room voids its lane until a reading found room for all; none is lost meanwhile. */
    (void)state;
    int64_t soon = TOPIC_T0 + 120 * CURFEW_US_PER_S;
    struct author other = author_of(2, 1, GENESIS);
    for (uint64_t i = 0; i < 999; i++) {
        author_raise(topic, &author, i, soon);
    }
    bring_up();
    topic_deliver(topic);
    author_raise(topic, &author, 5000, TOPIC_FOREVER);
    author_raise(topic, &author, 5001, TOPIC_FOREVER);
    int told = topic->told[LANE].floors;
    topic_deliver(topic);
    assert_int_equal(topic->told[LANE].floors, told + 1);
    assert_true(topic_denied(topic, 5000));
    assert_false(topic_denied(topic, 5001));
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_FULL);
    assert_int_equal(topic->told[LANE].lost, 1);
    assert_false(heals_within(12 * CURFEW_US_PER_S));
    assert_int_equal(topic_fresh(topic, LANE), CURFEW_FRESH_FULL);
    assert_true(topic_denied(topic, 998));
    topic_pass(topic, 300 * CURFEW_US_PER_S); /* the others have expired; another lane's beacons say so */
    author_beat(topic, &other);
    topic_deliver(topic);
    assert_int_equal(topic_fresh(topic, 2), CURFEW_FRESH);
    assert_true(heals_within(12 * CURFEW_US_PER_S));
    assert_true(topic_denied(topic, 5001));
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* What a fresh lane promises: every floor raised before its as_of is held. */
static void check_promise(const int64_t *raised_us, uint64_t count)
{
    struct curfew_freshness_mark mark;
    int64_t age_us;
    if (curfew_freshness_read(topic->region, LANE, topic->now, &age_us, &mark) == CURFEW_FRESH) {
        for (uint64_t i = 0; i < count; i++) {
            assert_true(raised_us[i] >= mark.as_of_us || topic_denied(topic, i));
        }
    }
}

static void random_faults_never_make_a_false_promise(void **state)
{
    /* Goal: records lost, said twice, cut off, gaps and rubbish in random order: while the lane is fresh no floor from
     * before as_of lacks; when the faults stop it is fresh within seconds. */
    (void)state;
    for (uint64_t run = 1; run <= 40; run++) {
        uint64_t seed = run;
        int64_t raised_us[400];
        uint64_t count = 0;
        for (int step = 0; step < 400; step++) {
            uint32_t dice = next_random(&seed) % 100;
            if (dice < 30 && count < 400) {
                topic->drop = next_random(&seed) % 5 == 0 ? topic->partitions[LANE].end : topic->drop;
                raised_us[count] = topic->now.wall_us;
                author_raise(topic, &author, count, TOPIC_FOREVER);
                count++;
            } else if (dice < 32) {
                topic_gap(topic, LANE);
            } else if (dice < 40 && topic->partitions[LANE].end > 0) {
                uint32_t again = next_random(&seed) % (uint32_t)topic->partitions[LANE].end;
                struct curfew_slice record = topic->partitions[LANE].records[again];
                topic_append(topic, LANE, record.at, record.size);
            } else if (dice == 40) {
                topic_append(topic, LANE, "rubbish", 7);
                topic_deliver(topic);
                topic->partitions[LANE].records[topic->partitions[LANE].end - 1].size = 0;
                topic->partitions[LANE].end--; /* is cut off again once it was seen */
                topic->partitions[LANE].position = topic->partitions[LANE].end;
                free((void *)(uintptr_t)topic->partitions[LANE].records[topic->partitions[LANE].end].at);
            } else {
                topic_pass(topic, next_random(&seed) % CURFEW_US_PER_S);
                author_beat(topic, &author);
            }
            topic_deliver(topic);
            check_promise(raised_us, count);
        }
        topic->drop = -1;
        assert_true(heals_within(20 * CURFEW_US_PER_S));
        beat();
        check_promise(raised_us, count);
        topic_end(topic);
        topic = topic_make(1000);
        author = author_of(LANE, 1, GENESIS);
    }
}

#define FEED_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FEED_TEST(bytes_no_one_can_read_void),
        FEED_TEST(every_kind_of_unreadable_counts),
        FEED_TEST(an_older_log_is_ignored),
        FEED_TEST(a_newer_log_voids_and_takes_over),
        FEED_TEST(links_of_one_log_prove_nothing_of_another),
        FEED_TEST(new_logs_in_a_row_do_not_spin),
        FEED_TEST(another_number_of_lanes_voids),
        FEED_TEST(a_full_deny_set_is_not_vouched_for),
        FEED_TEST(random_faults_never_make_a_false_promise),
    };
    curfew_log_level_set(CURFEW_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
