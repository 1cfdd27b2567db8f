/* revocations: a revocations topic in memory for tests of the feed. */
#include "revocations.h"
#include "core/chain.h"
#include "schemas/codec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs what stands above */
#include <cmocka.h>

static enum curfew_status bus_subscribe(void *self, enum curfew_topic name, int32_t partition, int64_t offset,
                                        struct curfew_error *error)
{
    struct topic *topic = self;
    assert_int_equal(name, CURFEW_TOPIC_REVOCATIONS);
    assert_in_range(partition, 0, TOPIC_LANES - 1);
    assert_int_equal(offset, CURFEW_OFFSET_BEGIN);
    if (topic->refuse_subscribe) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "subscribing: refused by the test");
    }
    topic->partitions[partition].position = topic->partitions[partition].begin;
    topic->partitions[partition].at_end = false;
    topic->partitions[partition].subscribed++;
    return CURFEW_OK;
}

static const struct curfew_bus_ops bus_ops = {.subscribe = bus_subscribe};

static void tell_floor(void *context, int32_t lane, const struct curfew_floor *floor)
{
    struct topic *topic = context;
    struct curfew_subject subject;
    memcpy(subject.digest, floor->subject, sizeof(subject.digest));
    assert_true(curfew_denyset_floor(topic->region, &subject) >= floor->floor); /* applied before it is told */
    topic->told[lane].floors++;
}

static void tell_fresh(void *context, int32_t lane, const struct curfew_beacon *beacon)
{
    struct topic *topic = context;
    assert_int_equal(beacon->lane, lane);
    topic->told[lane].fresh++;
    topic->told[lane].floors_before_fresh = topic->told[lane].floors;
}

static void tell_doubt(void *context, int32_t lane, enum curfew_fresh why)
{
    struct topic *topic = context;
    topic->told[lane].doubts++;
    topic->told[lane].doubt = why;
}

static void tell_lost(void *context, int32_t lane)
{
    struct topic *topic = context;
    assert_int_not_equal(topic_fresh(topic, lane), CURFEW_FRESH); /* readers know before the cache does */
    topic->told[lane].lost++;
}

struct topic *topic_make(int64_t floors_max)
{
    return topic_make_judging(floors_max, 0);
}

struct topic *topic_make_judging(int64_t floors_max, int64_t judge_every_us)
{
    struct topic *topic = calloc(1, sizeof(*topic));
    assert_non_null(topic);
    topic->now = (struct curfew_now){TOPIC_T0, CURFEW_US_PER_S};
    topic->bus = (struct curfew_bus){&bus_ops, topic};
    topic->drop = -1;
    for (int i = 0; i < TOPIC_LANES; i++) {
        topic->partitions[i].position = -1;
    }
    struct curfew_error error;
    struct curfew_region_options region = {.floors_max = floors_max, .key = {3, 1, 4}};
    assert_int_equal(curfew_region_create(&region, &topic->region, &error), CURFEW_OK);
    struct curfew_feed_options options = {
        .region = topic->region,
        .bus = &topic->bus,
        .lanes = TOPIC_LANES,
        .judge = sealer_judge,
        .judge_every_us = judge_every_us,
        .judge_backlog = judge_every_us == 0 ? 0 : CURFEW_FEED_JUDGE_BACKLOG,
        .sink = {tell_floor, tell_fresh, tell_lost, tell_doubt, topic},
    };
    assert_int_equal(curfew_feed_create(&options, &topic->feed, &error), CURFEW_OK);
    assert_int_equal(curfew_feed_start(topic->feed, &error), CURFEW_OK);
    return topic;
}

void topic_end(struct topic *topic)
{
    curfew_feed_destroy(topic->feed);
    curfew_region_destroy(topic->region);
    for (int i = 0; i < TOPIC_LANES; i++) {
        for (int64_t j = 0; j < topic->partitions[i].end; j++) {
            free((void *)(uintptr_t)topic->partitions[i].records[j].at);
        }
    }
    free(topic);
}

struct author author_of(int32_t lane, uint8_t log, int64_t genesis_us)
{
    return (struct author){
        .lane = lane, .log_id = {log, (uint8_t)lane}, .genesis_us = genesis_us, .cause = -1, .oldest_cause = -1};
}

int64_t topic_append(struct topic *topic, int32_t lane, const void *bytes, size_t size)
{
    struct partition *partition = &topic->partitions[lane];
    assert_true(partition->end < TOPIC_RECORDS_MAX);
    uint8_t *copy = malloc(size); /* of exact size: a read past it shows under a sanitizer */
    assert_true(copy != NULL || size == 0);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    partition->records[partition->end] = (struct curfew_slice){copy, size};
    return partition->end++;
}

int64_t topic_publish(struct topic *topic, int32_t lane, const struct curfew_event *event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    uint8_t signature[CURFEW_SEAL_SIZE];
    size_t size;
    struct curfew_error error;
    struct curfew_event sealed = *event;
    sealer_seal(&sealer_genuine, &sealed, signature);
    assert_int_equal(curfew_codec_encode(&sealed, bytes, sizeof(bytes), &size, &error), CURFEW_OK);
    return topic_append(topic, lane, bytes, size);
}

struct curfew_event author_link(struct author *author, struct curfew_floor *floor, uint64_t number, int64_t expires_us)
{
    *floor = (struct curfew_floor){
        .kind = CURFEW_KIND_TASK,
        .floor = CURFEW_FLOOR_MAX,
        .expires_us = expires_us,
    };
    struct curfew_subject subject = topic_subject(number);
    memcpy(floor->subject, subject.digest, sizeof(floor->subject));
    struct curfew_event event = {.type = CURFEW_EVENT_FLOORS};
    struct curfew_floors *floors = &event.as.floors;
    memcpy(floors->log_id, author->log_id, sizeof(floors->log_id));
    memcpy(floors->chain_before, author->chain, sizeof(floors->chain_before));
    floors->lane = author->lane;
    floors->cause_before = author->cause;
    author->cause += 10;
    floors->cause = author->cause;
    floors->floors = (struct curfew_list){floor, 1};
    curfew_chain_of(floors, floors->chain);
    memcpy(author->chain, floors->chain, sizeof(author->chain));
    author->oldest_cause = author->oldest_cause < 0 ? author->cause : author->oldest_cause;
    return event;
}

void author_raise(struct topic *topic, struct author *author, uint64_t number, int64_t expires_us)
{
    struct curfew_floor floor;
    struct curfew_event event = author_link(author, &floor, number, expires_us);
    topic_publish(topic, author->lane, &event);
}

struct curfew_event author_beacon(const struct topic *topic, const struct author *author)
{
    struct curfew_event event = {.type = CURFEW_EVENT_BEACON};
    struct curfew_beacon *beacon = &event.as.beacon;
    memcpy(beacon->log_id, author->log_id, sizeof(beacon->log_id));
    beacon->lane = author->lane;
    beacon->lanes = TOPIC_LANES;
    beacon->as_of_us = topic->now.wall_us;
    beacon->offset = author->cause + 1;
    beacon->last_cause = author->cause;
    beacon->oldest_cause = author->oldest_cause;
    memcpy(beacon->chain, author->chain, sizeof(beacon->chain));
    beacon->genesis_us = author->genesis_us;
    beacon->skew_ms = TOPIC_SKEW_MS;
    return event;
}

void author_beat(struct topic *topic, const struct author *author)
{
    struct curfew_event event = author_beacon(topic, author);
    topic_publish(topic, author->lane, &event);
}

static void hand_over(struct topic *topic, const struct curfew_bus_event *event)
{
    struct curfew_error error;
    assert_int_equal(curfew_feed_handle(topic->feed, event, topic->now, &error), CURFEW_OK);
}

/* One event of a partition; false when there is none. */
static bool deliver_one(struct topic *topic, int32_t lane)
{
    struct partition *partition = &topic->partitions[lane];
    struct curfew_bus_event event = {
        .topic = CURFEW_TOPIC_REVOCATIONS, .partition = lane, .offset = partition->position};
    if (partition->position < 0 || (partition->position >= partition->end && partition->at_end)) {
        return false;
    }
    if (partition->position >= partition->end) {
        partition->at_end = true;
        event.kind = CURFEW_BUS_CAUGHT_UP;
    } else {
        partition->at_end = false;
        event.kind = CURFEW_BUS_RECORD;
        event.value = partition->records[partition->position++];
        if (event.offset == topic->drop) {
            topic->drop = -1;
            return true;
        }
    }
    hand_over(topic, &event);
    return true;
}

void topic_deliver(struct topic *topic)
{
    for (int32_t i = 0; i < TOPIC_LANES; i++) {
        for (int events = 0; deliver_one(topic, i); events++) {
            assert_true(events < 20 * TOPIC_RECORDS_MAX); /* a feed that reads again and again without time passing */
        }
    }
}

void topic_gap(struct topic *topic, int32_t lane)
{
    struct curfew_bus_event event = {
        .kind = CURFEW_BUS_GAP, .topic = CURFEW_TOPIC_REVOCATIONS, .partition = lane, .text = "by the test"};
    topic->partitions[lane].position = -1;
    hand_over(topic, &event);
}

void topic_pass(struct topic *topic, int64_t us)
{
    topic->now.wall_us += us;
    topic->now.boot_us += us;
    struct curfew_error error;
    assert_int_equal(curfew_feed_tick(topic->feed, topic->now, &error), CURFEW_OK);
}

enum curfew_fresh topic_fresh(const struct topic *topic, int32_t lane)
{
    struct curfew_freshness_mark mark;
    int64_t age_us;
    return curfew_freshness_read(topic->region, lane, topic->now, &age_us, &mark);
}

struct curfew_subject topic_subject(uint64_t number)
{
    struct curfew_subject subject = {{0}};
    number = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    memcpy(subject.digest, &number, sizeof(number));
    return subject;
}

bool topic_denied(const struct topic *topic, uint64_t number)
{
    struct curfew_subject subject = topic_subject(number);
    return curfew_denyset_floor(topic->region, &subject) == CURFEW_FLOOR_MAX;
}
