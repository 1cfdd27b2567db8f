/* coordinator_random_test: random logs, good and hostile, against an oracle; and the same logs through a second pair of
 * lanes and through coordinators that are killed, and cut off from the broker, at random. */
#include "consumer/links.h"
#include "coordinator_oracle.h"
#include "memory_bus.h"
#include "schemas/codec.h"
#include "services/coordinator/coordinator.h"
#include "tests/common/sealer.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define SEEDS 8
#define RESTART_SEEDS 12
#define RESTART_RECORDS 700

static void every_answer_and_every_floor_is_the_oracles(void **state)
{
    (void)state; /* goal: no mint under what is over; dead tokens are denied, live ones are not; floors only rise */
    int denied = 0;
    int allowed = 0;
    int pending = 0;
    int revoked[O_POLICY + 1] = {0};
    size_t tokens = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %d\n", (int)seed);
        struct run *run = run_begin(seed);
        for (int i = 0; i < STEPS; i++) {
            run_step(run);
        }
        denied += run->denied;
        allowed += run->allowed;
        tokens += run->token_count;
        pending += run->pending;
        for (int kind = O_USER; kind <= O_POLICY; kind++) {
            revoked[kind] += run->revoked[kind];
        }
        run_end(run);
    }
    for (int kind = O_USER; kind <= O_POLICY; kind++) {
        print_message("kind %d took effect %d times\n", kind, revoked[kind]);
        assert_true(revoked[kind] > 0 && pending > 0);
    }
    assert_true(tokens > 50 * SEEDS && denied > 5000 * SEEDS && allowed > 5000 * SEEDS); /* it did look */
}

/* Steps one lane's part of a run's log. */
static void step_again(const struct run *run, struct curfew_lane *lane, bool control)
{
    int64_t next = 0;
    for (size_t i = 0; i < run->log_count; i++) {
        if (run->log[i].control == control) {
            const struct curfew_record record = {next++, run->log[i].timestamp, true, run->log[i].value,
                                                 run->log[i].mac};
            struct curfew_effects effects;
            uint8_t outcome[CURFEW_SHA256_SIZE];
            assert_int_equal(curfew_lane_step(lane, &record, &effects), CURFEW_STEP_DONE);
            run_outcome(&effects, outcome);
            assert_memory_equal(outcome, run->log[i].outcome, sizeof outcome);
        }
    }
}

static void lanes_that_read_the_same_logs_say_the_same(void **state)
{
    (void)state; /* goal: links, beacons and answers depend on the logs alone, not on how far ahead control was read */
    for (uint64_t seed = 101; seed <= 100 + SEEDS; seed++) {
        struct run *run = run_begin(seed);
        for (int i = 0; i < STEPS; i++) {
            run_step(run);
        }
        struct world *world = world_make();
        step_again(run, world->control, true);
        step_again(run, world->lane, false);
        world_end(world);
        run_end(run);
    }
}

struct cluster {
    struct memory_bus *memory;
    struct curfew_coordinator *coordinator;
    struct curfew_now now;
    struct curfew_arena arena;
};

static void start(struct cluster *cluster)
{
    const struct curfew_coordinator_options options = {"c1",           author_master, 2, &cluster->memory->bus,
                                                       sealer_genuine, sealer_judge,  0, NULL};
    assert_int_equal(curfew_coordinator_create(&options, &cluster->coordinator, NULL), CURFEW_OK);
    assert_int_equal(curfew_coordinator_start(cluster->coordinator, NULL), CURFEW_OK);
}

/* Hands over some events, or all there are and will be. */
static void handle(struct cluster *cluster, size_t most)
{
    struct curfew_bus_event event;
    bool more = true;
    while (more && most > 0) {
        more = false;
        (void)curfew_coordinator_flush(cluster->coordinator, cluster->now);
        for (; most > 0 && cluster->memory->bus.ops->poll(cluster->memory, 0, &event, NULL) == CURFEW_OK; most--) {
            assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &event, cluster->now, NULL), CURFEW_OK);
            more = true;
        }
    }
}

static void pass(struct cluster *cluster, int64_t us)
{
    cluster->now.wall_us += us;
    cluster->now.boot_us += us;
    cluster->memory->now_us = cluster->now.wall_us;
}

static void trouble(struct cluster *cluster, struct run *run)
{
    struct memory_bus *memory = cluster->memory;
    if (run_dice(run, 30) == 0) {
        curfew_coordinator_destroy(cluster->coordinator);
        memory_bus_disconnect(memory);
        start(cluster);
    }
    if (run_dice(run, 10) == 0) {
        memory->full = run_dice(run, 3) == 0;
        memory->held[CURFEW_TOPIC_REVOCATIONS] = run_dice(run, 3) == 0;
        memory->failing[CURFEW_TOPIC_REVOCATIONS] = run_dice(run, 3) == 0;
        memory->losing[CURFEW_TOPIC_REVOCATIONS] = run_dice(run, 4) == 0;
        memory->failing[CURFEW_TOPIC_ANSWERS] = run_dice(run, 3) == 0;
    }
}

/* Feeds a run's log to a broker, record by record, under trouble; then all is well for some seconds. */
static void live_through(struct cluster *cluster, struct run *run)
{
    for (size_t i = 0; i < run->log_count && i < RESTART_RECORDS; i++) {
        const struct logged *logged = &run->log[i];
        const int64_t passed = logged->timestamp - cluster->now.wall_us;
        pass(cluster, passed > 0 ? passed : 0);
        (void)memory_bus_append(cluster->memory, logged->control ? CURFEW_TOPIC_CONTROL : CURFEW_TOPIC_LIFECYCLE, 0,
                                logged->value, logged->mac);
        if (i > 2) {
            trouble(cluster, run);
            handle(cluster, run_dice(run, 3) == 0 ? 400 : run_dice(run, 40));
        }
    }
    memset(cluster->memory->failing, 0, sizeof cluster->memory->failing);
    memset(cluster->memory->losing, 0, sizeof cluster->memory->losing);
    memset(cluster->memory->held, 0, sizeof cluster->memory->held);
    cluster->memory->full = false;
    for (int i = 0; i < 60; i++) {
        pass(cluster, WORLD_S / 10);
        handle(cluster, SIZE_MAX);
    }
}

/* What one lane of a fresh pair makes of the broker's log. */
struct reference {
    uint8_t (*chains)[CURFEW_CHAIN_SIZE];
    size_t chain_count;
    struct curfew_refusal refusals[MEMORY_BUS_RECORDS];
    size_t refusal_count;
    bool awaited[MEMORY_BUS_RECORDS]; /* records someone waits for an answer to */
    int64_t oldest_cause;
    size_t lived; /* chains from oldest_cause on */
};

static struct reference *reference_of(const struct cluster *cluster, struct curfew_lane *lane, enum curfew_topic topic)
{
    struct reference *reference = calloc(1, sizeof *reference);
    assert_non_null(reference);
    int64_t causes[MEMORY_BUS_RECORDS];
    reference->chains = calloc(MEMORY_BUS_RECORDS, sizeof *reference->chains);
    const struct memory_partition *log = &cluster->memory->topics[topic][0];
    for (int64_t i = 0; i < log->count; i++) {
        const struct memory_record *bytes = &log->records[i];
        const struct curfew_record record = {
            i, bytes->timestamp_us, true, {bytes->bytes, bytes->size}, {bytes->bytes + bytes->size, bytes->mac_size}};
        struct curfew_effects effects;
        assert_int_equal(curfew_lane_step(lane, &record, &effects), CURFEW_STEP_DONE);
        for (size_t j = 0; j < effects.link_count; j++) {
            causes[reference->chain_count] = i;
            memcpy(reference->chains[reference->chain_count++], effects.links[j].chain, CURFEW_CHAIN_SIZE);
        }
        reference->awaited[i] = !effects.tick;
        if (effects.refused) {
            reference->refusals[reference->refusal_count++] = effects.refusal;
        }
    }
    reference->oldest_cause = curfew_lane_oldest_cause(lane);
    for (size_t i = 0; i < reference->chain_count; i++) {
        reference->lived += reference->oldest_cause >= 0 && causes[i] >= reference->oldest_cause ? 1 : 0;
    }
    return reference;
}

static void free_reference(struct reference *reference)
{
    free(reference->chains);
    free(reference);
}

static bool decode(struct cluster *cluster, const struct memory_record *record, enum curfew_event_type type,
                   struct curfew_event *event)
{
    enum curfew_reason reason = CURFEW_REASON_COUNT;
    cluster->arena.used = 0;
    const struct curfew_slice bytes = {record->bytes, record->size};
    assert_int_equal(curfew_codec_decode(bytes, &cluster->arena, event, &reason, NULL), CURFEW_OK);
    return event->type == type;
}

/* Every link on the topic is the reference's; all that live are there; the newest beacon proves them. */
static void check_revocations(struct cluster *cluster, int32_t lane, const struct reference *reference)
{
    const struct memory_partition *log = &cluster->memory->topics[CURFEW_TOPIC_REVOCATIONS][lane];
    struct curfew_links *links = NULL;
    struct curfew_beacon newest = {.as_of_us = 0};
    bool *found = calloc(reference->chain_count + 1, sizeof *found);
    assert_non_null(found);
    assert_int_equal(curfew_links_create(&links, NULL), CURFEW_OK);
    for (int64_t i = 0; i < log->count; i++) {
        struct curfew_event event;
        if (!decode(cluster, &log->records[i], CURFEW_EVENT_FLOORS, &event)) {
            assert_int_equal(event.type, CURFEW_EVENT_BEACON);
            newest = event.as.beacon.as_of_us >= newest.as_of_us ? event.as.beacon : newest;
            continue;
        }
        assert_int_equal(curfew_links_add(links, &event.as.floors, NULL), CURFEW_OK);
        size_t at = 0;
        while (at < reference->chain_count &&
               memcmp(reference->chains[at], event.as.floors.chain, CURFEW_CHAIN_SIZE) != 0) {
            at++;
        }
        assert_true(at < reference->chain_count);
        found[at] = true;
    }
    for (size_t i = reference->chain_count - reference->lived; i < reference->chain_count; i++) {
        assert_true(found[i]);
    }
    assert_true(newest.as_of_us >= cluster->now.wall_us - WORLD_S);
    assert_true(newest.oldest_cause == reference->oldest_cause);
    assert_true(curfew_links_prove(links, &newest));
    curfew_links_destroy(links);
    free(found);
}

/* Every record but ticks is in exactly one accepted range, named by its digest, and refused there if it is refused. */
static void check_answers(struct cluster *cluster, int32_t lane, const struct reference *reference, int64_t records)
{
    const struct memory_partition *log = &cluster->memory->topics[CURFEW_TOPIC_ANSWERS][lane];
    const struct memory_record *records_of_lane =
        cluster->memory->topics[curfew_lane_topic(lane)][curfew_lane_partition(lane)].records;
    int answered[MEMORY_BUS_RECORDS] = {0};
    int refused[MEMORY_BUS_RECORDS] = {0};
    for (int64_t i = 0; i < log->count; i++) {
        struct curfew_event event;
        assert_true(decode(cluster, &log->records[i], CURFEW_EVENT_ACCEPTED, &event));
        const struct curfew_accepted *accepted = &event.as.accepted;
        assert_true(accepted->from >= 0 && accepted->from <= accepted->to && accepted->to < records);
        assert_true((int64_t)accepted->digests.count == accepted->to - accepted->from + 1);
        const uint8_t(*digests)[CURFEW_RECORD_DIGEST_SIZE] = accepted->digests.items;
        for (int64_t at = accepted->from; at <= accepted->to; at++) {
            const struct memory_record *record = &records_of_lane[at];
            uint8_t digest[CURFEW_RECORD_DIGEST_SIZE];
            curfew_codec_record_digest((struct curfew_slice){record->bytes, record->size}, digest);
            assert_memory_equal(digests[at - accepted->from], digest, sizeof digest);
            answered[at]++;
        }
        const struct curfew_refusal *refusals = accepted->refused.items;
        for (size_t j = 0; j < accepted->refused.count; j++) {
            assert_true(refusals[j].offset >= accepted->from && refusals[j].offset <= accepted->to);
            refused[refusals[j].offset] += 1 + 4 * refusals[j].reason + 2 * (refusals[j].retriable ? 1 : 0);
        }
    }
    for (int64_t i = 0; i < records; i++) {
        if (reference->awaited[i] && answered[i] != 1) {
            fail_msg("lane %d offset %d is answered %d times", lane, (int)i, answered[i]);
        }
    }
    for (size_t i = 0; i < reference->refusal_count; i++) {
        const struct curfew_refusal *wanted = &reference->refusals[i];
        assert_int_equal(refused[wanted->offset], 1 + 4 * wanted->reason + 2 * (wanted->retriable ? 1 : 0));
        refused[wanted->offset] = 0;
    }
    for (int64_t i = 0; i < records; i++) {
        assert_int_equal(refused[i], 0);
    }
}

static void killed_coordinators_publish_together_what_one_would_have(void **state)
{
    (void)
        state; /* goal: restarts, lost, refused and delayed writes leave links, beacons and answers as pure as before */
    size_t links = 0;
    size_t refusals = 0;
    for (uint64_t seed = 201; seed <= 200 + RESTART_SEEDS; seed++) {
        print_message("seed %d\n", (int)seed);
        struct run *run = run_begin(seed);
        while (run->log_count < RESTART_RECORDS) {
            run_step(run);
        }
        struct cluster cluster = {.memory = memory_bus_make(), .now = {WORLD_T0, 1000 * WORLD_S}};
        cluster.arena = (struct curfew_arena){.memory = malloc(CURFEW_CODEC_MEMORY), .size = CURFEW_CODEC_MEMORY};
        assert_non_null(cluster.arena.memory);
        start(&cluster);
        live_through(&cluster, run);
        struct world *world = world_make();
        for (int32_t lane = 0; lane < 2; lane++) {
            const enum curfew_topic topic = lane == 0 ? CURFEW_TOPIC_CONTROL : CURFEW_TOPIC_LIFECYCLE;
            struct reference *reference = reference_of(&cluster, lane == 0 ? world->control : world->lane, topic);
            links += reference->chain_count;
            refusals += reference->refusal_count;
            check_revocations(&cluster, lane, reference);
            check_answers(&cluster, lane, reference, cluster.memory->topics[topic][0].count);
            free_reference(reference);
        }
        world_end(world);
        curfew_coordinator_destroy(cluster.coordinator);
        memory_bus_end(cluster.memory);
        free(cluster.arena.memory);
        run_end(run);
    }
    assert_true(links > 5 * RESTART_SEEDS && refusals > 50 * RESTART_SEEDS); /* it did look */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_and_every_floor_is_the_oracles),
        cmocka_unit_test(lanes_that_read_the_same_logs_say_the_same),
        cmocka_unit_test(killed_coordinators_publish_together_what_one_would_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
