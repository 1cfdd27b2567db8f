/* resync_test: what becomes of a lane whose revocations lost records, and of floors there that its log does not imply.
 */
#include "cluster_world.h"
#include "core/chain.h"
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

static const uint8_t no_chain[CURFEW_CHAIN_SIZE];

/* ---- the step ---- */

static struct curfew_event resync_of(const char *writer, int64_t said_us)
{
    return (struct curfew_event){.type = CURFEW_EVENT_RESYNC,
                                 .as.resync = {.writer = curfew_slice_of(writer), .said_us = said_us}};
}

static enum curfew_reason resync(struct world *world)
{
    assert_int_equal(world_say(world, resync_of("c1", world->now_us)), CURFEW_STEP_DONE);
    return world_reason(world);
}

static void every_live_floor_is_stated_again_under_a_new_chain(void **state)
{
    (void)state; /* goal: one record holds all that lives, linked to nothing before it, and the beacon speaks of it */
    struct world *world = world_with_token();
    assert_int_equal(world_task(world, "load", 1, "", 0), ACCEPTED);
    const struct curfew_path_step path[] = {world_step("load", 1)};
    assert_int_equal(world_mint(world, "t2", path, 1), ACCEPTED);
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    int64_t first_us = 0;
    int64_t expires_us = 0;
    assert_true(world_raised(world, world_task_subject("extract"), &first_us) == CURFEW_FLOOR_MAX);
    assert_int_equal(world_task_end(world, "load", 0), ACCEPTED);
    world_pass(world, WORLD_S);
    assert_int_equal(resync(world), ACCEPTED);
    const int64_t cause = world->next - 1;
    assert_true(world->effects.resync);
    assert_int_equal(world->effects.link_count, 1);
    assert_true(world_raised(world, world_task_subject("extract"), &expires_us) == CURFEW_FLOOR_MAX);
    assert_true(expires_us == first_us);
    assert_true(world_raised(world, world_task_subject("load"), &expires_us) == CURFEW_FLOOR_MAX);
    const struct curfew_floors link = world->effects.links[0];
    assert_memory_equal(link.chain_before, no_chain, sizeof no_chain);
    assert_true(link.cause_before == -1 && link.cause == cause);
    world_pass(world, WORLD_S / 10);
    assert_true(world->effects.beacon.last_cause == cause && world->effects.beacon.oldest_cause == cause);
    assert_memory_equal(world->effects.beacon.chain, link.chain, sizeof link.chain);
    world_end(world);
}

static void a_lane_without_floors_says_that_there_are_none(void **state)
{
    (void)state; /* goal: after a resync of nothing the beacon is that of a new log: no cause, no chain */
    struct world *world = world_with_token();
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    world_pass(world, WORLD_S);
    assert_true(world->effects.beacon.last_cause >= 0);
    world_pass(world, 901 * WORLD_S); /* its floor has expired */
    assert_int_equal(resync(world), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    world_pass(world, WORLD_S / 10);
    assert_true(world->effects.beacon.last_cause == -1 && world->effects.beacon.oldest_cause == -1);
    assert_memory_equal(world->effects.beacon.chain, no_chain, sizeof no_chain);
    world_end(world);
}

static void control_is_stated_again_like_any_lane(void **state)
{
    (void)state; /* goal: a revoked user's floor, which lasts for days, is among what a resync of control states */
    struct world *world = world_begin();
    assert_int_equal(world_revoke_user(world, "ada"), ACCEPTED);
    assert_int_equal(world_control(world, resync_of("c1", world->now_us)), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    world_end(world);
}

static void resyncs_in_a_row_are_refused(void **state)
{
    (void)state; /* goal: a coordinator gone mad cannot have a million floors said ten times a second */
    struct world *world = world_with_token();
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    assert_int_equal(resync(world), ACCEPTED);
    world_pass(world, CURFEW_RESYNC_LEAST_US - WORLD_S / 10);
    assert_int_equal(resync(world), CURFEW_REASON_BOUND);
    assert_false(world->effects.resync);
    assert_int_equal(world->effects.link_count, 0);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(resync(world), ACCEPTED);
    world_end(world);
}

/* ---- the coordinator ---- */

static struct curfew_arena decoding;

static void decode(const struct memory_record *record, struct curfew_event *event)
{
    enum curfew_reason reason = CURFEW_REASON_COUNT;
    decoding.used = 0;
    const struct curfew_slice bytes = {record->bytes, record->size};
    assert_int_equal(curfew_codec_decode(bytes, &decoding, event, &reason, NULL), CURFEW_OK);
}

/* How many records of a type a log holds; the newest is told. */
static int count_of(struct cluster *cluster, enum curfew_topic topic, int32_t partition, enum curfew_event_type type,
                    struct curfew_event *found)
{
    const struct memory_partition *log = &cluster->memory->topics[topic][partition];
    int count = 0;
    for (int64_t i = 0; i < log->count; i++) {
        struct curfew_event event;
        decode(&log->records[i], &event);
        if (event.type == type) {
            *found = event;
            count++;
        }
    }
    return count;
}

static struct cluster *begin_with_an_end(void)
{
    struct cluster *cluster = cluster_begin();
    decoding.memory = malloc(CURFEW_CODEC_MEMORY);
    decoding.size = CURFEW_CODEC_MEMORY;
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    const struct curfew_event start = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                              .tenant = curfew_slice_of("acme"),
                                                              .issuer = curfew_slice_of("i"),
                                                              .user = curfew_slice_of("ada"),
                                                              .auth_us = WORLD_T0,
                                                              .deadline_us = WORLD_T0 + 3600 * WORLD_S}};
    struct curfew_event mint = {.type = CURFEW_EVENT_TOKEN_CREATED};
    mint.as.token_created.claims = (struct curfew_claims){.session = curfew_slice_of(WORLD_SESSION),
                                                          .tenant = curfew_slice_of("acme"),
                                                          .issuer = curfew_slice_of("i"),
                                                          .user = curfew_slice_of("ada"),
                                                          .jti = curfew_slice_of("t1"),
                                                          .auth_us = WORLD_T0,
                                                          .issued_us = cluster->now.wall_us,
                                                          .expires_us = cluster->now.wall_us + 300 * WORLD_S};
    const struct curfew_event finish = {.type = CURFEW_EVENT_SESSION_ENDED,
                                        .as.session_ended = {.session = curfew_slice_of(WORLD_SESSION)}};
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, start);
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, mint);
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, finish);
    cluster_pass(cluster, WORLD_S / 10);
    return cluster;
}

static void end(struct cluster *cluster)
{
    cluster_end(cluster);
    free(decoding.memory);
}

static void make_anew(struct memory_partition *log)
{
    for (int64_t i = 0; i < log->count; i++) {
        free(log->records[i].bytes);
    }
    memset(log, 0, sizeof *log);
}

/* Lane 1's revocations are made anew, empty, and whoever reads them is told of a gap. */
static void lose_revocations(struct cluster *cluster)
{
    make_anew(&cluster->memory->topics[CURFEW_TOPIC_REVOCATIONS][1]);
    const struct curfew_bus_event gap = {
        .kind = CURFEW_BUS_GAP, .topic = CURFEW_TOPIC_REVOCATIONS, .partition = 1, .text = "offset out of range"};
    assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &gap, cluster->now, NULL), CURFEW_OK);
}

static void floors_that_revocations_lost_are_there_again(void **state)
{
    (void)state; /* goal: a gap of a live lane's revocations makes one resync, the floors are back, and beacons go on */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_event event;
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_FLOORS, &event), 1);
    const int64_t before = event.as.floors.cause;
    lose_revocations(cluster);
    for (int i = 0; i < 50; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_EVENT_RESYNC, &event), 1);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_CONTROL, 0, CURFEW_EVENT_RESYNC, &event), 0);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_FLOORS, &event), 1);
    const int64_t cause = event.as.floors.cause;
    assert_true(cause > before);
    assert_memory_equal(event.as.floors.chain_before, no_chain, sizeof no_chain);
    assert_true(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_BEACON, &event) > 20);
    assert_true(event.as.beacon.oldest_cause == cause && event.as.beacon.as_of_us > cluster->now.wall_us - WORLD_S);
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, NULL), CURFEW_OK);
    end(cluster);
}

static void a_resync_that_is_lost_is_said_again(void **state)
{
    (void)state; /* goal: until one is stepped */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_event event;
    cluster->memory->losing[CURFEW_TOPIC_LIFECYCLE] = true;
    lose_revocations(cluster);
    cluster_pass(cluster, WORLD_S);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_EVENT_RESYNC, &event), 0);
    cluster->memory->losing[CURFEW_TOPIC_LIFECYCLE] = false;
    for (int i = 0; i < 50; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_EVENT_RESYNC, &event), 1);
    end(cluster);
}

static void another_coordinators_resync_will_do(void **state)
{
    (void)state; /* goal: one that is stepped after the gap was seen; a lane is not said again by each who saw it */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_event event;
    cluster->memory->failing[CURFEW_TOPIC_LIFECYCLE] = true;
    lose_revocations(cluster);
    (void)curfew_coordinator_flush(cluster->coordinator, cluster->now); /* its own does not arrive */
    cluster->memory->failing[CURFEW_TOPIC_LIFECYCLE] = false;
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, resync_of("c1", cluster->now.wall_us));
    for (int i = 0; i < 100; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_EVENT_RESYNC, &event), 1);
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_FLOORS, &event), 1);
    end(cluster);
}

static void what_a_resync_makes_up_for_is_not_answered_before_it(void **state)
{
    (void)
        state; /* goal: a start leaves out the floors of before a resync: their ends are accepted when its own stand */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_event event;
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    make_anew(&cluster->memory->topics[CURFEW_TOPIC_REVOCATIONS][1]);
    make_anew(&cluster->memory->topics[CURFEW_TOPIC_ANSWERS][1]);
    const int64_t resync = cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, resync_of("c1", cluster->now.wall_us));
    const struct curfew_tick tick = {.writer = curfew_slice_of("c1"), .said_us = cluster->now.wall_us};
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE,
                         (struct curfew_event){.type = CURFEW_EVENT_TICK, .as.tick = tick});
    cluster->memory->losing[CURFEW_TOPIC_REVOCATIONS] = true;
    cluster_start(cluster);
    for (int i = 0; i < 10; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_ANSWERS, 1, CURFEW_EVENT_ACCEPTED, &event), 0);
    cluster->memory->losing[CURFEW_TOPIC_REVOCATIONS] = false;
    for (int i = 0; i < 100; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_FLOORS, &event), 1);
    assert_true(event.as.floors.cause == resync);
    assert_true(count_of(cluster, CURFEW_TOPIC_ANSWERS, 1, CURFEW_EVENT_ACCEPTED, &event) > 0);
    assert_true(event.as.accepted.to >= resync);
    end(cluster);
}

static void a_gap_before_a_lane_is_live_begins_anew(void **state)
{
    (void)state; /* goal: what was taken for read back may be gone: only a start from nothing is safe */
    struct cluster *cluster = cluster_begin();
    struct curfew_error error = {.status = CURFEW_OK};
    const struct curfew_bus_event gap = {
        .kind = CURFEW_BUS_GAP, .topic = CURFEW_TOPIC_REVOCATIONS, .partition = 1, .text = "offset out of range"};
    assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &gap, cluster->now, &error), CURFEW_UNAVAILABLE);
    assert_true(error.fatal);
    cluster_end(cluster);
}

/* ---- floors that the log does not imply ---- */

static int64_t foreign(const struct cluster *cluster)
{
    struct curfew_coordinator_lane lane;
    curfew_coordinator_lane(cluster->coordinator, 1, &lane);
    return lane.outbox.foreign;
}

static void append_floors(struct cluster *cluster, struct curfew_floors floors)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    const struct curfew_event event = {.type = CURFEW_EVENT_FLOORS, .as.floors = floors};
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    const struct curfew_slice value = {bytes, size};
    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_REVOCATIONS, 1, value, (struct curfew_slice){NULL, 0});
}

static struct curfew_floors forged(struct curfew_floor *floor, int64_t cause)
{
    struct curfew_floors floors = {.lane = 1, .cause = cause, .cause_before = -1, .floors = {floor, 1}};
    const struct curfew_genesis genesis = world_genesis(1);
    memcpy(floors.log_id, genesis.log_id, sizeof floors.log_id);
    curfew_chain_of(&floors, floors.chain);
    return floors;
}

static void floors_that_the_log_does_not_imply_are_counted(void **state)
{
    (void)state; /* goal: of a cause that was stepped, and of one still to come; but not a repeat, nor another log's */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_event event;
    assert_int_equal(count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_FLOORS, &event), 1);
    append_floors(cluster, event.as.floors);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 0);
    struct curfew_floor floor = {.kind = CURFEW_KIND_TENANT, .floor = 1, .expires_us = cluster->now.wall_us + WORLD_S};
    append_floors(cluster, forged(&floor, 1));
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 1);
    append_floors(cluster, forged(&floor, cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].count + 2));
    cluster_pass(cluster, WORLD_S / 10);
    cluster_pass(cluster, WORLD_S / 10);
    cluster_pass(cluster, WORLD_S / 10);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 2);
    struct curfew_floors other = forged(&floor, 1);
    other.log_id[0] ^= 1;
    curfew_chain_of(&other, other.chain);
    append_floors(cluster, other);
    floor.expires_us = cluster->now.wall_us - 10 * WORLD_S;
    append_floors(cluster, forged(&floor, 1)); /* expired: the state may have held it once */
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 2);
    end(cluster);
}

static void a_live_floor_raised_or_prolonged_by_a_stranger_is_counted(void **state)
{
    (void)state; /* goal: both halves of a floor are held against the state */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_event event;
    (void)count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_FLOORS, &event);
    const struct curfew_floor *known = event.as.floors.floors.items;
    struct curfew_floor floor = known[0];
    floor.expires_us++;
    append_floors(cluster, forged(&floor, 1));
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 1);
    floor = known[0];
    append_floors(cluster, forged(&floor, 1)); /* says no more than the log does */
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 1);
    end(cluster);
}

static void an_attempt_fenced_by_a_stranger_is_counted(void **state)
{
    (void)state; /* goal: a floor of 2 that somebody says is 3 denies an attempt that nobody ended */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                 .as.session_started = {.session = curfew_slice_of(WORLD_OTHER),
                                                        .tenant = curfew_slice_of("acme"),
                                                        .issuer = curfew_slice_of("i"),
                                                        .user = curfew_slice_of("ada"),
                                                        .auth_us = WORLD_T0,
                                                        .deadline_us = WORLD_T0 + 3600 * WORLD_S}};
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, event);
    event = (struct curfew_event){
        .type = CURFEW_EVENT_TASK_STARTED,
        .as.task_started = {.session = curfew_slice_of(WORLD_OTHER), .task = curfew_slice_of("extract"), .attempt = 1}};
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, event);
    event = (struct curfew_event){.type = CURFEW_EVENT_ATTEMPT_ENDED,
                                  .as.attempt_ended = {.session = curfew_slice_of(WORLD_OTHER),
                                                       .task = curfew_slice_of("extract"),
                                                       .attempt = 1}};
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE, event);
    cluster_pass(cluster, WORLD_S / 10);
    (void)count_of(cluster, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_EVENT_FLOORS, &event);
    const struct curfew_floor *known = event.as.floors.floors.items;
    struct curfew_floor floor = known[0];
    assert_true(floor.floor == 2);
    append_floors(cluster, forged(&floor, 1));
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 0);
    floor.floor = 3;
    append_floors(cluster, forged(&floor, 1));
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 1);
    end(cluster);
}

static void what_a_stranger_wrote_before_the_start_is_counted_once_read(void **state)
{
    (void)state; /* goal: a restart finds it, too */
    struct cluster *cluster = begin_with_an_end();
    struct curfew_floor floor = {.kind = CURFEW_KIND_TENANT, .floor = 1, .expires_us = cluster->now.wall_us + WORLD_S};
    append_floors(cluster, forged(&floor, 1));
    cluster_pass(cluster, WORLD_S / 10);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    cluster_start(cluster);
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_true(foreign(cluster) == 1);
    end(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_live_floor_is_stated_again_under_a_new_chain),
        cmocka_unit_test(a_lane_without_floors_says_that_there_are_none),
        cmocka_unit_test(control_is_stated_again_like_any_lane),
        cmocka_unit_test(resyncs_in_a_row_are_refused),
        cmocka_unit_test(floors_that_revocations_lost_are_there_again),
        cmocka_unit_test(a_resync_that_is_lost_is_said_again),
        cmocka_unit_test(another_coordinators_resync_will_do),
        cmocka_unit_test(what_a_resync_makes_up_for_is_not_answered_before_it),
        cmocka_unit_test(a_gap_before_a_lane_is_live_begins_anew),
        cmocka_unit_test(floors_that_the_log_does_not_imply_are_counted),
        cmocka_unit_test(a_live_floor_raised_or_prolonged_by_a_stranger_is_counted),
        cmocka_unit_test(an_attempt_fenced_by_a_stranger_is_counted),
        cmocka_unit_test(what_a_stranger_wrote_before_the_start_is_counted_once_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
