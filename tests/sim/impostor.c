/* impostor: forged and repeated beacons and answers. */
#include "tests/sim/impostor.h"

#include "schemas/codec.h"
#include "tests/common/sealer.h"
#include <stdlib.h>
#include <string.h>

#define PAUSE_US (5 * CURFEW_US_PER_MS)
#define LOOK_BACK 64 /* records of revocations among which he looks for a beacon */
#define ANSWERED 3 /* newest records of the lane's log that he says are accepted */

static uint8_t memory[CURFEW_CODEC_MEMORY];

/* The newest beacon that stands in the lane's revocations, and its bytes; false: none near the end. */
static bool newest_beacon(const struct sim_world *world, int32_t lane, struct curfew_bus_event *record,
                          struct curfew_event *event)
{
    const int64_t begin = sim_broker_begin(world->broker, CURFEW_TOPIC_REVOCATIONS, lane);
    const int64_t end = sim_broker_end(world->broker, CURFEW_TOPIC_REVOCATIONS, lane);
    for (int64_t at = end - 1; at >= begin && at >= end - LOOK_BACK; at--) {
        struct curfew_arena arena = {memory, sizeof memory, 0};
        enum curfew_reason reason;
        if (sim_broker_read(world->broker, CURFEW_TOPIC_REVOCATIONS, lane, at, record) &&
            curfew_codec_decode(record->value, &arena, event, &reason, NULL) == CURFEW_OK &&
            event->type == CURFEW_EVENT_BEACON && sealer_is_genuine(event)) {
            return true;
        }
    }
    return false;
}

static void append(struct sim_world *world, enum curfew_topic topic, int32_t lane, struct curfew_slice value)
{
    const struct curfew_bus_record record = {.topic = topic, .partition = lane, .value = value};
    sim_broker_append(world->broker, &record);
}

static void append_event(struct sim_world *world, enum curfew_topic topic, int32_t lane,
                         const struct curfew_event *event)
{
    uint8_t bytes[1024];
    size_t size = 0;
    if (curfew_codec_encode(event, bytes, sizeof bytes, &size, NULL) != CURFEW_OK) {
        abort();
    }
    append(world, topic, lane, (struct curfew_slice){bytes, size});
}

/* By a key he has, or by none; what was under it before stays when it is `kept`. */
static void sign(struct sim_dice *dice, struct curfew_event *event, uint8_t signature[CURFEW_SEAL_SIZE], bool kept)
{
    const uint64_t how = sim_dice_roll(dice, kept ? 4 : 3);
    const struct curfew_sealer *sealer = how == 0 ? &sealer_stolen : &sealer_stranger;
    if (how == 3) {
        return;
    }
    if (event->type == CURFEW_EVENT_BEACON) {
        curfew_seal_beacon(sealer, &event->as.beacon, signature);
        event->as.beacon.signature.size = how == 2 ? 0 : CURFEW_SEAL_SIZE;
    } else {
        curfew_seal_answer(sealer, &event->as.accepted, signature);
        event->as.accepted.signature.size = how == 2 ? 0 : CURFEW_SEAL_SIZE;
    }
}

/* Nothing is revoked here, as of now. */
static void lie_beacon(struct sim_world *world, struct sim_dice *dice, int32_t lane)
{
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_bus_event record;
    struct curfew_event event;
    if (!newest_beacon(world, lane, &record, &event)) {
        return;
    }
    if (sim_dice_chance(dice, 200)) {
        append(world, CURFEW_TOPIC_REVOCATIONS, lane, record.value);
        return;
    }
    event.as.beacon.as_of_us = world->now_us;
    event.as.beacon.offset += 1000;
    event.as.beacon.last_cause = -1;
    event.as.beacon.oldest_cause = -1;
    memset(event.as.beacon.chain, 0, sizeof event.as.beacon.chain);
    sign(dice, &event, signature, true);
    append_event(world, CURFEW_TOPIC_REVOCATIONS, lane, &event);
}

/* The newest records are accepted, whatever they are. */
static void lie_answer(struct sim_world *world, struct sim_dice *dice, int32_t lane)
{
    const enum curfew_topic topic = curfew_lane_topic(lane);
    const int32_t partition = curfew_lane_partition(lane);
    const int64_t begin = sim_broker_begin(world->broker, topic, partition);
    const int64_t end = sim_broker_end(world->broker, topic, partition);
    uint8_t digests[ANSWERED][CURFEW_RECORD_DIGEST_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_ACCEPTED};
    struct curfew_accepted *accepted = &event.as.accepted;
    *accepted = (struct curfew_accepted){.lane = lane, .from = end - ANSWERED, .to = end - 1};
    if (accepted->from < begin) {
        return;
    }
    for (int i = 0; i < ANSWERED; i++) {
        struct curfew_bus_event record;
        if (!sim_broker_read(world->broker, topic, partition, accepted->from + i, &record)) {
            return;
        }
        curfew_codec_record_digest(record.value, digests[i]);
    }
    uint8_t signature[CURFEW_SEAL_SIZE];
    accepted->digests = (struct curfew_list){digests, ANSWERED};
    sim_world_log_id(world, lane, accepted->log_id);
    sign(dice, &event, signature, false);
    append_event(world, CURFEW_TOPIC_ANSWERS, lane, &event);
}

static void again(void *context, uint64_t argument)
{
    struct sim_world *world = context;
    struct sim_dice dice = sim_dice_of(world->plan->size.seed + (uint64_t)world->now_us, "impostor");
    const int32_t lane = (int32_t)(argument >> 32);
    const uint32_t left = (uint32_t)argument;
    lie_beacon(world, &dice, lane);
    if (lane != 0) {
        lie_answer(world, &dice, lane);
    }
    if (left > 1) {
        sim_agenda_put(&world->agenda, world->now_us + PAUSE_US, again, world, (uint64_t)lane << 32 | (left - 1));
    }
}

void sim_impostor_strike(struct sim_world *world, int32_t lane, int32_t times)
{
    sim_agenda_put(&world->agenda, world->now_us, again, world, (uint64_t)lane << 32 | (uint32_t)times);
}
