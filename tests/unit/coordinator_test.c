/* coordinator_test: what is published, when, and what a restart adds: over a broker in memory. */
#include "cluster_world.h"
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

static struct curfew_arena decoding; /* what a record is decoded in */

static struct cluster *begin(void)
{
    struct cluster *cluster = cluster_begin();
    decoding.memory = malloc(CURFEW_CODEC_MEMORY);
    decoding.size = CURFEW_CODEC_MEMORY;
    cluster_settle(cluster);
    return cluster;
}

static void end(struct cluster *cluster)
{
    cluster_end(cluster);
    free(decoding.memory);
}

/* The newest record of a type on lane 1's partition of a topic; false: there is none. Counts them all. */
static bool newest(struct cluster *cluster, enum curfew_topic topic, enum curfew_event_type type,
                   struct curfew_event *found, int *count)
{
    const struct memory_partition *log = &cluster->memory->topics[topic][topic == CURFEW_TOPIC_DEADLETTER ? 0 : 1];
    *count = 0;
    for (int64_t i = 0; i < log->count; i++) {
        struct curfew_event event;
        enum curfew_reason reason = CURFEW_REASON_COUNT;
        decoding.used = 0;
        const struct curfew_slice bytes = {log->records[i].bytes, log->records[i].size};
        assert_int_equal(curfew_codec_decode(bytes, &decoding, &event, &reason, NULL), CURFEW_OK);
        if (event.type == type) {
            *found = event;
            (*count)++;
        }
    }
    return *count > 0;
}

static int count_of(struct cluster *cluster, enum curfew_topic topic, enum curfew_event_type type)
{
    struct curfew_event event;
    int count = 0;
    (void)newest(cluster, topic, type, &event, &count);
    return count;
}

/* A session with one task and one token under it; gives the offset of the end that follows. */
static int64_t end_a_task(struct cluster *cluster)
{
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    struct curfew_claims claims = {.session = curfew_slice_of(WORLD_SESSION),
                                   .tenant = curfew_slice_of("acme"),
                                   .issuer = curfew_slice_of("i"),
                                   .user = curfew_slice_of("ada"),
                                   .jti = curfew_slice_of("t1"),
                                   .auth_us = WORLD_T0,
                                   .issued_us = cluster->now.wall_us,
                                   .expires_us = cluster->now.wall_us + 300 * WORLD_S,
                                   .path = {path, 1}};
    const struct curfew_event events[] = {
        {.type = CURFEW_EVENT_SESSION_STARTED,
         .as.session_started = {.session = claims.session,
                                .tenant = claims.tenant,
                                .issuer = claims.issuer,
                                .user = claims.user,
                                .auth_us = WORLD_T0,
                                .deadline_us = WORLD_T0 + 3600 * WORLD_S}},
        {.type = CURFEW_EVENT_TASK_STARTED,
         .as.task_started = {.session = claims.session, .task = curfew_slice_of("extract"), .attempt = 1}},
        {.type = CURFEW_EVENT_TOKEN_CREATED, .as.token_created = {.claims = claims}},
        {.type = CURFEW_EVENT_TASK_ENDED,
         .as.task_ended = {.session = claims.session, .task = curfew_slice_of("extract")}},
    };
    int64_t offset = -1;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        offset = cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, events[i]);
    }
    return offset;
}

static void an_end_becomes_a_floor_then_an_answer_then_a_beacon(void **state)
{
    (void)state; /* goal: all three are published, and the beacon speaks of the floor's link */
    struct cluster *cluster = begin();
    struct curfew_event floors;
    struct curfew_event event;
    int count = 0;
    const int64_t cause = end_a_task(cluster);
    cluster_settle(cluster);
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS, &floors, &count));
    assert_int_equal(count, 1);
    assert_true(floors.as.floors.cause == cause);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &count));
    assert_true(event.as.accepted.to >= cause);
    assert_int_equal(event.as.accepted.refused.count, 0);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_BEACON, &event, &count));
    assert_true(event.as.beacon.last_cause == cause);
    assert_memory_equal(event.as.beacon.chain, floors.as.floors.chain, CURFEW_CHAIN_SIZE);
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, NULL), CURFEW_OK);
    end(cluster);
}

static void no_answer_and_no_beacon_before_the_floors_are_read_back(void **state)
{
    (void)state; /* goal: delivered is not read back: while revocations cannot be read, nothing vouches for the end */
    struct cluster *cluster = begin();
    struct curfew_event event;
    int count = 0;
    cluster_pass(cluster, WORLD_S / 10);
    const int beacons = count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_BEACON);
    cluster->memory->held[CURFEW_TOPIC_REVOCATIONS] = true;
    const int64_t cause = end_a_task(cluster);
    for (int i = 0; i < 10; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS), 1);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_BEACON), beacons);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &count));
    assert_true(event.as.accepted.to == cause - 1); /* the mint before it owes no floor */
    cluster->memory->held[CURFEW_TOPIC_REVOCATIONS] = false;
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &count));
    assert_true(event.as.accepted.to >= cause);
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_BEACON, &event, &count));
    assert_true(event.as.beacon.last_cause == cause);
    end(cluster);
}

static void floors_that_are_lost_or_refused_by_the_bus_are_published_again(void **state)
{
    (void)state; /* goal: acknowledged and gone, failed, or no room: until it is read back it is owed */
    struct cluster *cluster = begin();
    cluster->memory->losing[CURFEW_TOPIC_REVOCATIONS] = true;
    const int64_t cause = end_a_task(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS), 0);
    cluster->memory->losing[CURFEW_TOPIC_REVOCATIONS] = false;
    cluster->memory->failing[CURFEW_TOPIC_REVOCATIONS] = true;
    cluster->now.wall_us += CURFEW_OUTBOX_RESEND_US;
    cluster->now.boot_us += CURFEW_OUTBOX_RESEND_US;
    cluster->memory->now_us = cluster->now.wall_us;
    (void)curfew_coordinator_flush(cluster->coordinator, cluster->now);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS), 0);
    cluster->memory->failing[CURFEW_TOPIC_REVOCATIONS] = false;
    cluster->memory->full = true;
    cluster_settle(cluster);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS), 0);
    cluster->memory->full = false;
    cluster_pass(cluster, WORLD_S / 10);
    struct curfew_event event;
    int count = 0;
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS, &event, &count));
    assert_int_equal(count, 1);
    assert_true(event.as.floors.cause == cause);
    end(cluster);
}

static void clear(struct memory_partition *log)
{
    for (int64_t i = 0; i < log->count; i++) {
        free(log->records[i].bytes);
    }
    log->count = 0;
}

static void a_forged_record_is_not_a_read_back(void **state)
{
    (void)state; /* goal: our chain value over other floors does not settle what is owed */
    struct cluster *cluster = begin();
    struct curfew_event event;
    int count = 0;
    (void)end_a_task(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS, &event, &count));
    struct curfew_floor low = {.kind = CURFEW_KIND_TASK, .floor = 1, .expires_us = 1};
    struct curfew_event forged = event;
    forged.as.floors.floors = (struct curfew_list){&low, 1};
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&forged, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    clear(&cluster->memory->topics[CURFEW_TOPIC_REVOCATIONS][1]);
    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_REVOCATIONS, 1, (struct curfew_slice){bytes, size},
                            (struct curfew_slice){NULL, 0});
    cluster_start(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS, &event, &count));
    assert_int_equal(count, 2);
    const struct curfew_floor *floors = event.as.floors.floors.items;
    assert_true(floors[0].floor == CURFEW_FLOOR_MAX);
    end(cluster);
}

static void a_restart_publishes_only_what_is_lacking(void **state)
{
    (void)state; /* goal: floors and answers that are there are not said twice; a lost floor is said */
    struct cluster *cluster = begin();
    (void)end_a_task(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    const int answers = count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    cluster_start(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    cluster_pass(cluster, WORLD_S / 10);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS), 1);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED), answers);
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, NULL), CURFEW_OK);

    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    clear(&cluster->memory->topics[CURFEW_TOPIC_REVOCATIONS][1]);
    cluster_start(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    cluster_pass(cluster, WORLD_S / 10);
    struct curfew_event floors;
    struct curfew_event beacon;
    int count = 0;
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS, &floors, &count));
    assert_int_equal(count, 1);
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_BEACON, &beacon, &count));
    assert_memory_equal(beacon.as.beacon.chain, floors.as.floors.chain, CURFEW_CHAIN_SIZE);
    end(cluster);
}

static void a_coordinator_nobody_would_believe_does_not_start(void **state)
{
    (void)state; /* goal: whoever made a new key and told nobody learns it at once, not from hops that grow stale */
    struct memory_bus *memory = memory_bus_make();
    struct curfew_coordinator *coordinator = NULL;
    struct curfew_error error = {.status = CURFEW_OK};
    struct curfew_coordinator_options options = {"c1", author_master, 2, &memory->bus, sealer_stranger, sealer_judge,
                                                 0,    NULL};
    assert_int_equal(curfew_coordinator_create(&options, &coordinator, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "coordinators.keys_file"));
    options.sealer = sealer_stolen;
    assert_int_equal(curfew_coordinator_create(&options, &coordinator, &error), CURFEW_INVALID);
    memory_bus_end(memory);
}

static void a_forged_answer_keeps_no_record_from_being_answered(void **state)
{
    (void)state; /* goal: a restart takes for answered only what a coordinator signed: not what somebody else says */
    static const struct curfew_sealer *const strangers[] = {&sealer_stolen, &sealer_stranger};
    struct cluster *cluster = begin();
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    const int64_t cause = end_a_task(cluster);
    const struct curfew_genesis genesis = world_genesis(1);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        uint8_t bytes[512];
        uint8_t signature[CURFEW_SEAL_SIZE];
        const uint8_t digest[CURFEW_RECORD_DIGEST_SIZE] = {0};
        size_t size = 0;
        struct curfew_event lie = {.type = CURFEW_EVENT_ACCEPTED,
                                   .as.accepted = {.lane = 1, .from = cause, .to = cause, .digests = {&digest, 1}}};
        memcpy(lie.as.accepted.log_id, genesis.log_id, sizeof genesis.log_id);
        sealer_seal(strangers[i], &lie, signature);
        assert_int_equal(curfew_codec_encode(&lie, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
        (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_ANSWERS, 1, (struct curfew_slice){bytes, size},
                                (struct curfew_slice){NULL, 0});
    }
    cluster_start(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    struct curfew_event event;
    int count = 0;
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &count));
    assert_true(sealer_is_genuine(&event));
    assert_true(event.as.accepted.to >= cause);
    end(cluster);
}

static void events_written_while_it_was_away_are_answered_and_floored(void **state)
{
    (void)state; /* goal: an end that met no coordinator acts as soon as there is one */
    struct cluster *cluster = begin();
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    const int64_t cause = end_a_task(cluster);
    cluster_start(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    struct curfew_event event;
    int count = 0;
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS, &event, &count));
    assert_true(event.as.floors.cause == cause);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &count));
    assert_true(event.as.accepted.to >= cause);
    end(cluster);
}

static void a_refusal_is_in_the_answer_with_its_offset(void **state)
{
    (void)state; /* goal: whoever waits for that record learns why, and whether to try again */
    struct cluster *cluster = begin();
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED,
                                       .as.session_ended = {.session = curfew_slice_of(WORLD_SESSION)}};
    const int64_t offset = cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, event);
    cluster_settle(cluster);
    struct curfew_event answer;
    int count = 0;
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &answer, &count));
    const struct curfew_refusal *refused = answer.as.accepted.refused.items;
    assert_int_equal(answer.as.accepted.refused.count, 1);
    assert_true(refused[0].offset == offset);
    assert_int_equal(refused[0].reason, CURFEW_REASON_UNKNOWN_SESSION);
    assert_true(refused[0].retriable);
    end(cluster);
}

static void a_dead_letter_is_there_before_its_answer(void **state)
{
    (void)state; /* goal: what no one can read is answered once its letter is durable: no successor would write it */
    struct cluster *cluster = begin();
    const uint8_t junk[] = "not avro";
    struct curfew_event answer;
    struct curfew_event letter;
    int count = 0;
    cluster->memory->failing[CURFEW_TOPIC_DEADLETTER] = true;
    const int64_t junk_offset =
        memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, (struct curfew_slice){junk, sizeof junk},
                          (struct curfew_slice){NULL, 0});
    for (int i = 0; i < 3; i++) {
        struct curfew_bus_event event;
        (void)curfew_coordinator_flush(cluster->coordinator, cluster->now);
        while (cluster->memory->bus.ops->poll(cluster->memory, 0, &event, NULL) == CURFEW_OK) {
            assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &event, cluster->now, NULL), CURFEW_OK);
        }
    }
    assert_true(!newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &answer, &count) ||
                answer.as.accepted.to < junk_offset);
    cluster->memory->failing[CURFEW_TOPIC_DEADLETTER] = false;
    cluster_settle(cluster);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &answer, &count));
    const struct curfew_refusal *refused = answer.as.accepted.refused.items;
    assert_int_equal(answer.as.accepted.refused.count, 1);
    assert_true(refused[0].offset == junk_offset);
    assert_false(refused[0].retriable);
    assert_true(newest(cluster, CURFEW_TOPIC_DEADLETTER, CURFEW_EVENT_DEAD_LETTER, &letter, &count));
    assert_true(letter.as.dead_letter.offset == junk_offset);
    assert_int_equal(letter.as.dead_letter.length, sizeof junk);
    assert_int_equal(letter.as.dead_letter.reason, CURFEW_REASON_UNDECODABLE);
    end(cluster);
}

static bool is_tick(struct cluster *cluster, int32_t lane, int64_t offset)
{
    const struct memory_record *record =
        &cluster->memory->topics[curfew_lane_topic(lane)][curfew_lane_partition(lane)].records[offset];
    struct curfew_event event;
    enum curfew_reason reason = CURFEW_REASON_COUNT;
    uint8_t memory[4096];
    struct curfew_arena arena = {memory, sizeof memory, 0};
    const struct curfew_slice bytes = {record->bytes, record->size};
    return curfew_codec_decode(bytes, &arena, &event, &reason, NULL) == CURFEW_OK && event.type == CURFEW_EVENT_TICK;
}

static void more_refusals_than_fit_one_answer_make_several(void **state)
{
    (void)state; /* goal: every refusal is told, ranges join without a hole */
    struct cluster *cluster = begin();
    const uint8_t junk[] = "x";
    for (int i = 0; i < CURFEW_REFUSALS_MAX + 10; i++) {
        (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, (struct curfew_slice){junk, sizeof junk},
                                (struct curfew_slice){NULL, 0});
    }
    cluster_settle(cluster);
    const struct memory_partition *log = &cluster->memory->topics[CURFEW_TOPIC_ANSWERS][1];
    size_t refused = 0;
    int64_t next = 0;
    for (int64_t i = 0; i < log->count; i++) {
        struct curfew_event event;
        enum curfew_reason reason = CURFEW_REASON_COUNT;
        decoding.used = 0;
        const struct curfew_slice bytes = {log->records[i].bytes, log->records[i].size};
        assert_int_equal(curfew_codec_decode(bytes, &decoding, &event, &reason, NULL), CURFEW_OK);
        assert_true(event.as.accepted.from >= next); /* ticks before it are left out */
        for (int64_t at = next; at < event.as.accepted.from; at++) {
            assert_true(is_tick(cluster, 1, at));
        }
        next = event.as.accepted.to + 1;
        refused += event.as.accepted.refused.count;
    }
    assert_int_equal(refused, CURFEW_REFUSALS_MAX + 10);
    end(cluster);
}

static void ticks_are_never_queued_behind_one_another(void **state)
{
    (void)state; /* goal: while the bus reports nothing, a lane has one tick in flight */
    struct cluster *cluster = begin();
    cluster_pass(cluster, WORLD_S / 10);
    const int64_t before = cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count;
    for (int i = 0; i < 20; i++) { /* time passes and nothing is reported */
        cluster->now.boot_us += WORLD_S / 10;
        cluster->now.wall_us += WORLD_S / 10;
        (void)curfew_coordinator_flush(cluster->coordinator, cluster->now);
    }
    assert_true(cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count == before + 1);
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count > before + 1);
    end(cluster);
}

static void a_gap_is_fatal_and_a_halted_lane_is_not_ready(void **state)
{
    (void)state; /* goal: what cannot be mended in place is said, with the reason */
    struct cluster *cluster = begin();
    struct curfew_error error = {.status = CURFEW_OK};
    const struct curfew_bus_event gap = {.kind = CURFEW_BUS_GAP, .topic = CURFEW_TOPIC_LIFECYCLE, .text = "truncated"};
    assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &gap, cluster->now, &error), CURFEW_UNAVAILABLE);
    assert_true(error.fatal);
    assert_non_null(strstr(error.text, "truncated"));
    const struct curfew_bus_event unstamped = {.kind = CURFEW_BUS_RECORD,
                                               .topic = CURFEW_TOPIC_LIFECYCLE,
                                               .offset = cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count};
    assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &unstamped, cluster->now, &error), CURFEW_OK);
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, "LogAppendTime"));
    end(cluster);
}

static void a_lane_ahead_of_control_is_read_again_when_control_moves(void **state)
{
    (void)state; /* goal: a tick that names control records not here yet holds up its lane and loses nothing */
    struct cluster *cluster = begin();
    cluster_pass(cluster, WORLD_S / 10);
    const int64_t ahead = cluster->memory->topics[CURFEW_TOPIC_CONTROL][0].count;
    cluster->memory->held[CURFEW_TOPIC_CONTROL] = true;
    const struct curfew_event tick = {.type = CURFEW_EVENT_TICK, .as.tick = {.control_offset = ahead}};
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, tick);
    const int64_t cause = end_a_task(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS), 0);
    cluster->memory->held[CURFEW_TOPIC_CONTROL] = false;
    cluster_pass(cluster, WORLD_S / 10);
    struct curfew_event event;
    int count = 0;
    assert_true(newest(cluster, CURFEW_TOPIC_REVOCATIONS, CURFEW_EVENT_FLOORS, &event, &count));
    assert_true(event.as.floors.cause == cause);
    end(cluster);
}

/* Appends junk, which is refused and owes no floor, and lets the coordinator see `events` events of what follows. */
static void junk(struct cluster *cluster, int events)
{
    struct curfew_bus_event event;
    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of("junk"),
                            (struct curfew_slice){NULL, 0});
    for (int i = 0; i < events; i++) {
        assert_int_equal(cluster->memory->bus.ops->poll(cluster->memory, 0, &event, NULL), CURFEW_OK);
        assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &event, cluster->now, NULL), CURFEW_OK);
    }
    (void)curfew_coordinator_flush(cluster->coordinator, cluster->now);
}

static void an_answer_that_was_lost_is_made_up_for_by_the_next_coordinator(void **state)
{
    (void)state; /* goal: no later answer is durable before it, so that a successor knows where to go on */
    struct cluster *cluster = begin();
    struct curfew_event event;
    int before = 0;
    int count = 0;
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &before));
    const int64_t answered = event.as.accepted.to;
    cluster->memory->failing[CURFEW_TOPIC_ANSWERS] = true;
    junk(cluster, 1);
    cluster->memory->failing[CURFEW_TOPIC_ANSWERS] = false;
    cluster->memory->report_count = 0; /* nobody has heard of the failure when the next is said and the process dies */
    junk(cluster, 1);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    cluster_start(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &count));
    assert_int_equal(count, before + 1);
    for (int64_t at = answered + 1; at < event.as.accepted.from; at++) {
        assert_true(is_tick(cluster, 1, at));
    }
    assert_int_equal(event.as.accepted.refused.count, 2);
    end(cluster);
}

static void nobody_waits_for_an_answer_of_an_hour_ago(void **state)
{
    (void)state; /* goal: a coordinator that begins where answers are gone does not refuse, or bury, all of the past */
    struct cluster *cluster = begin();
    struct curfew_event event;
    int count = 0;
    junk(cluster, 1);
    cluster_settle(cluster);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_DEADLETTER, CURFEW_EVENT_DEAD_LETTER), 1);
    for (int i = 0; i < 2; i++) {
        cluster_pass(cluster, CURFEW_OUTBOX_ANSWERS_US / 2 + WORLD_S);
    }
    const int64_t young = memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of("young junk"),
                                            (struct curfew_slice){NULL, 0});
    cluster_pass(cluster, WORLD_S / 10);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    clear(&cluster->memory->topics[CURFEW_TOPIC_ANSWERS][1]);
    clear(&cluster->memory->topics[CURFEW_TOPIC_DEADLETTER][0]);
    cluster_start(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(newest(cluster, CURFEW_TOPIC_ANSWERS, CURFEW_EVENT_ACCEPTED, &event, &count));
    assert_int_equal(count, 1);
    assert_true(event.as.accepted.from == young);
    assert_int_equal(event.as.accepted.refused.count, 1);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_DEADLETTER, CURFEW_EVENT_DEAD_LETTER), 1);
    end(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_becomes_a_floor_then_an_answer_then_a_beacon),
        cmocka_unit_test(no_answer_and_no_beacon_before_the_floors_are_read_back),
        cmocka_unit_test(floors_that_are_lost_or_refused_by_the_bus_are_published_again),
        cmocka_unit_test(a_forged_record_is_not_a_read_back),
        cmocka_unit_test(a_restart_publishes_only_what_is_lacking),
        cmocka_unit_test(a_coordinator_nobody_would_believe_does_not_start),
        cmocka_unit_test(a_forged_answer_keeps_no_record_from_being_answered),
        cmocka_unit_test(events_written_while_it_was_away_are_answered_and_floored),
        cmocka_unit_test(a_refusal_is_in_the_answer_with_its_offset),
        cmocka_unit_test(a_dead_letter_is_there_before_its_answer),
        cmocka_unit_test(more_refusals_than_fit_one_answer_make_several),
        cmocka_unit_test(ticks_are_never_queued_behind_one_another),
        cmocka_unit_test(a_gap_is_fatal_and_a_halted_lane_is_not_ready),
        cmocka_unit_test(a_lane_ahead_of_control_is_read_again_when_control_moves),
        cmocka_unit_test(an_answer_that_was_lost_is_made_up_for_by_the_next_coordinator),
        cmocka_unit_test(nobody_waits_for_an_answer_of_an_hour_ago),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
