/* liar: beacons and answers of his own. */
#include "tests/scenario/liar.h"

#include "core/clock.h"
#include "core/config.h"
#include "core/jose_key.h"
#include "core/seal_keys.h"
#include "schemas/codec.h"
#include <string.h>

#define BYTES_MAX 2048

static struct curfew_sealer key_at(struct rig *rig, const char *prefix, const char *path, struct curfew_jose_key **key)
{
    struct curfew_sealer sealer;
    struct curfew_error error;
    struct curfew_config *config =
        reader_config(rig, prefix, (const char *const[]){"coordinator.key_file", path, NULL});
    if (curfew_seal_key_open(config, key, &sealer, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    curfew_config_destroy(config);
    return sealer;
}

/* Reads a partition to its end; gives its last record of a type, decoded into the arena. */
static bool newest(struct liar *liar, enum curfew_topic topic, int32_t partition, enum curfew_event_type type,
                   struct curfew_event *found)
{
    static uint8_t memory[CURFEW_CODEC_MEMORY];
    bool there = false;
    reader_subscribe(&liar->bus, topic, partition, CURFEW_OFFSET_BEGIN);
    for (;;) {
        const struct curfew_bus_event event = reader_next(&liar->bus);
        struct curfew_arena arena = {memory, sizeof memory, 0};
        struct curfew_event decoded;
        enum curfew_reason reason;
        if (event.kind == CURFEW_BUS_CAUGHT_UP && event.topic == topic && event.partition == partition) {
            break;
        }
        if (event.kind == CURFEW_BUS_RECORD && event.topic == topic && event.partition == partition &&
            curfew_codec_decode(event.value, &arena, &decoded, &reason, NULL) == CURFEW_OK && decoded.type == type) {
            *found = decoded;
            there = true;
        }
    }
    struct curfew_error error;
    assert_int_equal(liar->bus.ops->unsubscribe(liar->bus.self, topic, partition, &error), CURFEW_OK);
    return there;
}

void liar_begin(struct liar *liar, struct play *play)
{
    struct rig *rig = play->rig;
    const char *own = rig_text(rig, "%s/liar-%s.pem", rig_directory(rig), play->prefix);
    const struct rig_output made = rig_curfew(rig, NULL, "token", "keygen", "--out", own, "--jwks",
                                              rig_text(rig, "%s/liar-%s.json", rig_directory(rig), play->prefix));
    struct curfew_error error;
    assert_int_equal(made.status, 0);
    assert_int_equal(curfew_codec_init(&error), CURFEW_OK);
    *liar = (struct liar){.play = play};
    liar->by_own = key_at(rig, play->prefix, own, &liar->own);
    liar->by_stolen =
        key_at(rig, play->prefix, rig_text(rig, "%s/coordinator.pem", rig_keys(rig, play->prefix)), &liar->stolen);
    liar->by_none = liar->by_own;
    liar->by_none.key_id = liar->by_stolen.key_id;
    liar->bus = reader_open(rig, play->prefix, NULL);
    for (int32_t lane = 0; lane < LIAR_LANES; lane++) {
        struct curfew_event event;
        assert_true(newest(liar, CURFEW_TOPIC_REVOCATIONS, lane, CURFEW_EVENT_BEACON, &event));
        liar->newest[lane] = event.as.beacon;
    }
}

void liar_end(struct liar *liar)
{
    curfew_bus_destroy(&liar->bus);
    curfew_seal_key_close(liar->own);
    curfew_seal_key_close(liar->stolen);
}

static void put(struct liar *liar, enum curfew_topic topic, int32_t partition, const struct curfew_event *event)
{
    uint8_t bytes[BYTES_MAX];
    struct curfew_error error;
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(event, bytes, sizeof bytes, &size, &error), CURFEW_OK);
    const struct curfew_bus_record record = {.topic = topic, .partition = partition, .value = {bytes, size}};
    assert_int_equal(liar->bus.ops->produce(liar->bus.self, &record, &error), CURFEW_OK);
    (void)reader_await(&liar->bus, CURFEW_BUS_DELIVERED);
}

void liar_beacons(struct liar *liar, const struct curfew_sealer *sealer)
{
    for (int32_t lane = 0; lane < LIAR_LANES; lane++) {
        uint8_t signature[CURFEW_SEAL_SIZE];
        struct curfew_event event = {.type = CURFEW_EVENT_BEACON, .as.beacon = liar->newest[lane]};
        event.as.beacon.as_of_us = curfew_clock_now().wall_us;
        curfew_seal_beacon(sealer, &event.as.beacon, signature);
        put(liar, CURFEW_TOPIC_REVOCATIONS, lane, &event);
    }
}

void liar_accepts(struct liar *liar, int32_t lane, const struct curfew_sealer *sealer)
{
    const enum curfew_topic topic = curfew_lane_topic(lane);
    const int32_t partition = curfew_lane_partition(lane);
    uint8_t digest[CURFEW_RECORD_DIGEST_SIZE] = {0};
    int64_t offset = -1;
    reader_subscribe(&liar->bus, topic, partition, CURFEW_OFFSET_BEGIN);
    for (;;) {
        const struct curfew_bus_event event = reader_next(&liar->bus);
        if (event.kind == CURFEW_BUS_CAUGHT_UP && event.topic == topic) {
            break;
        }
        if (event.kind == CURFEW_BUS_RECORD && event.topic == topic) {
            offset = event.offset;
            curfew_codec_record_digest(event.value, digest);
        }
    }
    struct curfew_error error;
    assert_int_equal(liar->bus.ops->unsubscribe(liar->bus.self, topic, partition, &error), CURFEW_OK);
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_ACCEPTED};
    struct curfew_accepted *accepted = &event.as.accepted;
    *accepted = (struct curfew_accepted){.lane = lane, .from = offset, .to = offset, .digests = {&digest, 1}};
    memcpy(accepted->log_id, liar->newest[lane].log_id, sizeof accepted->log_id);
    curfew_seal_answer(sealer, accepted, signature);
    put(liar, CURFEW_TOPIC_ANSWERS, lane, &event);
}
