/* ranks_test: a coordinator of rank 1 beside another, who is played by the test: what it holds back and for how long,
 * what it leaves to the other, whom of the others it believes, and when it steps in. */
#include "cluster_world.h"
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define MS INT64_C(1000)
#define HOLD_US CURFEW_RANK_HOLD_US
#define SAID_MAX 8

static struct curfew_arena decoding;

/* Something on a topic of lane 1, as bytes. */
struct said {
    uint8_t *bytes;
    size_t size;
    enum curfew_topic topic;
};

static void decode(const struct memory_record *record, struct curfew_event *event)
{
    enum curfew_reason reason = CURFEW_REASON_COUNT;
    decoding.used = 0;
    const struct curfew_slice bytes = {record->bytes, record->size};
    assert_int_equal(curfew_codec_decode(bytes, &decoding, event, &reason, NULL), CURFEW_OK);
}

static int count_of(struct cluster *cluster, enum curfew_topic topic, enum curfew_event_type type)
{
    const struct memory_partition *log = &cluster->memory->topics[topic][topic == CURFEW_TOPIC_DEADLETTER ? 0 : 1];
    int count = 0;
    for (int64_t i = 0; i < log->count; i++) {
        struct curfew_event event;
        decode(&log->records[i], &event);
        count += event.type == type;
    }
    return count;
}

/* Floors, answers, beacons of the lane, and dead letters: how many of each there are. */
static void assert_said(struct cluster *cluster, int floors, int answers, int beacons, int dead_letters)
{
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS), floors);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED), answers);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_BEACON), beacons);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_DEADLETTER, CURFEW_EVENT_DEAD_LETTER), dead_letters);
}

/* The other ticks, in both lanes. */
static void other_ticks(struct cluster *cluster)
{
    const struct curfew_event tick = {
        .type = CURFEW_EVENT_TICK,
        .as.tick = {curfew_slice_of("w"), cluster->now.wall_us,
                    cluster->memory->topics[CURFEW_TOPIC_CONTROL][0].count - 1},
    };
    (void)cluster_append(cluster, CURFEW_TOPIC_CONTROL, tick);
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, tick);
    cluster_settle(cluster);
}

static void say_session(struct cluster *cluster, bool ends)
{
    const struct curfew_event start = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                              .tenant = curfew_slice_of("acme"),
                                                              .issuer = curfew_slice_of("i"),
                                                              .user = curfew_slice_of("ada"),
                                                              .auth_us = WORLD_T0,
                                                              .deadline_us = WORLD_T0 + 3600 * WORLD_S}};
    const struct curfew_event finish = {.type = CURFEW_EVENT_SESSION_ENDED,
                                        .as.session_ended = {.session = curfew_slice_of(WORLD_SESSION)}};
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, ends ? finish : start);
}

/* A session that starts and ends, something no one can read, and a tick of the other: all at one moment. */
static struct cluster *begin(void)
{
    struct cluster *cluster = cluster_begin_of(1);
    decoding.memory = malloc(CURFEW_CODEC_MEMORY);
    decoding.size = CURFEW_CODEC_MEMORY;
    cluster_settle(cluster);
    other_ticks(cluster);
    cluster_pass(cluster, 60 * MS);
    assert_said(cluster, 0, 1, 1, 0); /* of genesis and of that tick, since the other says nothing */
    say_session(cluster, false);
    say_session(cluster, true);
    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of("rubbish"),
                            (struct curfew_slice){NULL, 0});
    other_ticks(cluster);
    assert_said(cluster, 0, 1, 1, 0);
    return cluster;
}

static void end(struct cluster *cluster)
{
    cluster_end(cluster);
    free(decoding.memory);
}

/* What rank 1 says of it all when nobody else does; the caller frees the bytes. */
static size_t learn(struct said said[SAID_MAX])
{
    static const enum curfew_topic topics[] = {CURFEW_TOPIC_REVOCATIONS, CURFEW_TOPIC_ANSWERS};
    struct cluster *cluster = begin();
    size_t count = 0;
    cluster_pass(cluster, HOLD_US);
    for (size_t i = 0; i < 2; i++) {
        const struct memory_partition *log = &cluster->memory->topics[topics[i]][1];
        for (int64_t at = 1; at < log->count; at++) { /* not the first tick's beacon, nor genesis' answer */
            assert_true(count < SAID_MAX);
            said[count] = (struct said){malloc(log->records[at].size), log->records[at].size, topics[i]};
            memcpy(said[count].bytes, log->records[at].bytes, said[count].size);
            count++;
        }
    }
    end(cluster);
    return count;
}

/* The other says it; `sealer`: by whose key beacons and answers are signed, NULL: as it is. */
static void other_says(struct cluster *cluster, const struct said *said, const struct curfew_sealer *sealer)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_event event;
    size_t size = said->size;
    memcpy(bytes, said->bytes, said->size);
    const struct memory_record record = {.bytes = said->bytes, .size = said->size};
    decode(&record, &event);
    if (sealer != NULL && event.type == CURFEW_EVENT_BEACON) {
        event.as.beacon.key_id.size = 0; /* so that it is signed anew */
        sealer_seal(sealer, &event, signature);
        assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    } else if (sealer != NULL && event.type == CURFEW_EVENT_ACCEPTED) {
        event.as.accepted.key_id.size = 0; /* so that it is signed anew */
        sealer_seal(sealer, &event, signature);
        assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    }
    (void)memory_bus_append(cluster->memory, said->topic, 1, (struct curfew_slice){bytes, size},
                            (struct curfew_slice){NULL, 0});
    cluster_settle(cluster);
}

static void what_nobody_says_it_says_after_its_time(void **state)
{
    (void)
        state; /* goal: floors, answer, beacon and dead letter come 50 ms after the records, not a microsecond sooner */
    struct cluster *cluster = begin();
    cluster_pass(cluster, HOLD_US - 1);
    assert_said(cluster, 0, 1, 1, 0);
    cluster_pass(cluster, 1);
    assert_said(cluster, 1, 3, 2, 1);
    end(cluster);
}

static void what_another_said_it_leaves_out(void **state)
{
    (void)state; /* goal: with the other's floors, answer and beacon there, it says none of them, and no dead letter */
    struct said said[SAID_MAX];
    const size_t count = learn(said);
    struct cluster *cluster = begin();
    cluster_pass(cluster, HOLD_US / 2);
    for (size_t i = 0; i < count; i++) {
        other_says(cluster, &said[i], NULL);
    }
    assert_said(cluster, 1, 3, 2, 0);
    cluster_pass(cluster, HOLD_US);
    assert_said(cluster, 1, 3, 2, 0);
    end(cluster);
    for (size_t i = 0; i < count; i++) {
        free(said[i].bytes);
    }
}

static void whom_nobody_vouches_for_it_does_not_believe(void **state)
{
    (void)state; /* goal: the same beacon and answer under a signature of nobody's, or none of ours, keep it from
                    nothing */
    static const struct curfew_sealer *const sealers[] = {&sealer_stolen, &sealer_stranger};
    struct said said[SAID_MAX];
    const size_t count = learn(said);
    for (size_t j = 0; j < 2; j++) {
        struct cluster *cluster = begin();
        cluster_pass(cluster, HOLD_US / 2);
        for (size_t i = 0; i < count; i++) {
            other_says(cluster, &said[i], sealers[j]);
        }
        assert_said(cluster, 1, 3, 2, 0);
        cluster_pass(cluster, HOLD_US);
        assert_said(cluster, 1, 5, 3, 1); /* floors need no signature: they only deny */
        end(cluster);
    }
    for (size_t i = 0; i < count; i++) {
        free(said[i].bytes);
    }
}

static void an_answer_of_other_records_counts_for_nothing(void **state)
{
    (void)state; /* goal: a coordinator's answer of these offsets, of the records an unclean election took, leaves this
                    one to answer those that stand there now */
    struct said said[SAID_MAX];
    const size_t count = learn(said);
    struct cluster *cluster = begin();
    for (size_t i = 0; i < count; i++) {
        struct curfew_event event;
        static uint8_t digests[CURFEW_ANSWERED_MAX][CURFEW_RECORD_DIGEST_SIZE];
        const struct memory_record record = {.bytes = said[i].bytes, .size = said[i].size};
        decode(&record, &event);
        if (event.type == CURFEW_EVENT_ACCEPTED) {
            struct curfew_list *list = &event.as.accepted.digests;
            uint8_t bytes[4096];
            uint8_t signature[CURFEW_SEAL_SIZE];
            size_t size = 0;
            memcpy(digests, list->items, list->count * CURFEW_RECORD_DIGEST_SIZE);
            digests[list->count - 1][0] ^= 1;
            list->items = digests;
            event.as.accepted.key_id.size = 0; /* so that it is signed anew */
            sealer_seal(&sealer_genuine, &event, signature);
            assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
            (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_ANSWERS, 1, (struct curfew_slice){bytes, size},
                                    (struct curfew_slice){NULL, 0});
        }
    }
    cluster_settle(cluster);
    const int before = count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED);
    assert_int_equal(before, 3);
    cluster_pass(cluster, HOLD_US);
    assert_said(cluster, 1, before + 2, 2, 1);
    end(cluster);
    for (size_t i = 0; i < count; i++) {
        free(said[i].bytes);
    }
}

static void an_answer_of_another_log_makes_nothing_answered(void **state)
{
    (void)state; /* goal: a coordinator that starts while somebody repeats, on this lane's answers, a genuine one of
                    another log answers all that nobody answered */
    struct said said[SAID_MAX];
    const size_t count = learn(said);
    struct cluster *cluster = begin();
    cluster_pass(cluster, HOLD_US / 2);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    cluster_start(cluster);
    struct curfew_bus_event event;
    bool told = false;
    for (;;) {
        if (cluster->memory->bus.ops->poll(cluster->memory, 0, &event, NULL) != CURFEW_OK) {
            if (!cluster->memory->held[CURFEW_TOPIC_LIFECYCLE]) {
                break;
            }
            cluster->memory->held[CURFEW_TOPIC_LIFECYCLE] = false; /* it has read what was repeated there */
            continue;
        }
        assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &event, cluster->now, NULL), CURFEW_OK);
        if (!told && event.kind == CURFEW_BUS_RECORD && event.topic == CURFEW_TOPIC_LIFECYCLE) {
            static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
            uint8_t signature[CURFEW_SEAL_SIZE];
            struct curfew_event forged;
            size_t size = 0;
            for (size_t i = 0; i < count; i++) {
                const struct memory_record record = {.bytes = said[i].bytes, .size = said[i].size};
                decode(&record, &forged);
                if (forged.type == CURFEW_EVENT_ACCEPTED) {
                    forged.as.accepted.log_id[0] ^= 0x55;
                    forged.as.accepted.key_id.size = 0; /* so that it is signed anew */
                    sealer_seal(&sealer_genuine, &forged, signature);
                    assert_int_equal(curfew_codec_encode(&forged, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
                    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_ANSWERS, 1,
                                            (struct curfew_slice){bytes, size}, (struct curfew_slice){NULL, 0});
                }
            }
            told = true;
            cluster->memory->held[CURFEW_TOPIC_LIFECYCLE] = true;
        }
    }
    assert_true(told);
    const int before = count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED);
    cluster_pass(cluster, 2 * HOLD_US);
    assert_true(count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED) > before);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_DEADLETTER, CURFEW_EVENT_DEAD_LETTER), 1);
    end(cluster);
    for (size_t i = 0; i < count; i++) {
        free(said[i].bytes);
    }
}

static void it_steps_in_when_nobody_ticks(void **state)
{
    (void)state; /* goal: 150 ms after the last tick of another it ticks itself, leads, and says all at once; when the
                    other ticks again it holds back again */
    struct cluster *cluster = begin();
    struct curfew_coordinator_lane lane;
    cluster_pass(cluster, HOLD_US);
    const int64_t ticks = cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count;
    cluster_pass(cluster, 100 * MS - 1);
    assert_int_equal(cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count, ticks);
    cluster_pass(cluster, 1);
    assert_int_equal(cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count, ticks + 1);
    curfew_coordinator_lane(cluster->coordinator, 1, &lane);
    assert_int_equal(lane.leads, 1);
    assert_said(cluster, 1, 3, 3, 1);
    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of("rubbish"),
                            (struct curfew_slice){NULL, 0});
    cluster_settle(cluster);
    assert_said(cluster, 1, 4, 3, 2);
    cluster_pass(cluster, 100 * MS); /* from then on it ticks each period */
    assert_int_equal(cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count, ticks + 3);
    cluster_pass(cluster, 10 * MS);
    other_ticks(cluster);
    curfew_coordinator_lane(cluster->coordinator, 1, &lane);
    assert_int_equal(lane.leads, 0);
    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of("rubbish"),
                            (struct curfew_slice){NULL, 0});
    cluster_settle(cluster);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED), 4);
    cluster_pass(cluster, HOLD_US);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED), 5);
    end(cluster);
}

static void who_holds_back_is_ready_all_the_same(void **state)
{
    (void)state; /* goal: beacons of the other count for /readyz; without any it is not ready */
    struct said said[SAID_MAX];
    const size_t count = learn(said);
    struct cluster *cluster = begin();
    struct curfew_error error;
    for (size_t i = 0; i < count; i++) {
        other_says(cluster, &said[i], NULL);
    }
    cluster_pass(cluster, 2 * WORLD_S + 200 * MS); /* and now it leads */
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, &error), CURFEW_OK);
    end(cluster);
    for (size_t i = 0; i < count; i++) {
        free(said[i].bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_says_it_says_after_its_time),
        cmocka_unit_test(what_another_said_it_leaves_out),
        cmocka_unit_test(whom_nobody_vouches_for_it_does_not_believe),
        cmocka_unit_test(an_answer_of_other_records_counts_for_nothing),
        cmocka_unit_test(an_answer_of_another_log_makes_nothing_answered),
        cmocka_unit_test(it_steps_in_when_nobody_ticks),
        cmocka_unit_test(who_holds_back_is_ready_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
