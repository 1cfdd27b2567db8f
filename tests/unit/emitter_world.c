/* emitter_world: an emitter on a bus that only takes notes. */
#include "emitter_world.h"
#include "producer/lane_log.h"
#include "schemas/codec.h"
#include "tests/common/author.h"
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ANSWERED_MAX 128

static enum curfew_status note_produce(void *self, const struct curfew_bus_record *record, struct curfew_error *error)
{
    struct emitter_world *world = self;
    if (world->produce != CURFEW_OK) {
        return curfew_error_set(error, world->produce, "the test says so");
    }
    int number = 0;
    memcpy(&number, record->value.at, sizeof number);
    assert_true(world->sent_count < EMITTER_WORLD_MAX);
    struct asked *sent = &world->sent[world->sent_count++];
    *sent = (struct asked){record->topic, record->partition, 0, record->ticket, number, {0}};
    assert_int_equal(record->mac.size, sizeof sent->mac);
    memcpy(sent->mac, record->mac.at, sizeof sent->mac);
    return CURFEW_OK;
}

static enum curfew_status note_subscribe(void *self, enum curfew_topic topic, int32_t partition, int64_t offset,
                                         struct curfew_error *error)
{
    struct emitter_world *world = self;
    if (world->subscribe != CURFEW_OK) {
        return curfew_error_set(error, world->subscribe, "the test says so");
    }
    assert_true(world->read_count < EMITTER_WORLD_MAX);
    world->read[world->read_count++] = (struct asked){.topic = topic, .partition = partition, .offset = offset};
    return CURFEW_OK;
}

static enum curfew_status note_unsubscribe(void *self, enum curfew_topic topic, int32_t partition,
                                           struct curfew_error *error)
{
    struct emitter_world *world = self;
    (void)error;
    assert_true(world->stopped_count < EMITTER_WORLD_MAX);
    world->stopped[world->stopped_count++] = (struct asked){.topic = topic, .partition = partition};
    return CURFEW_OK;
}

static const struct curfew_bus_ops noting = {
    .produce = note_produce, .subscribe = note_subscribe, .unsubscribe = note_unsubscribe};

struct emitter_world *emitter_world_make(void)
{
    struct curfew_error error;
    struct emitter_world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    assert_int_equal(curfew_codec_init(&error), CURFEW_OK);
    world->bus = (struct curfew_bus){&noting, world};
    world->now = (struct curfew_now){.wall_us = 1795460429000000, .boot_us = 5000000};
    world->sealer = &sealer_genuine;
    const struct curfew_emitter_options options = {&world->bus, author_key(curfew_slice_of("tester")), sealer_judge};
    assert_int_equal(curfew_emitter_create(&options, &world->emitter, &error), CURFEW_OK);
    return world;
}

void emitter_world_end(struct emitter_world *world)
{
    curfew_emitter_destroy(world->emitter);
    free(world);
}

static void note_outcome(void *context, const struct curfew_outcome *outcome)
{
    const struct emitter_telling *telling = context;
    telling->world->told_count[telling->number]++;
    telling->world->told[telling->number] = *outcome;
    telling->world->tellings++;
}

static struct curfew_emission *make(struct emitter_world *world, int number, int32_t lane, size_t size)
{
    char name[64];
    snprintf(name, sizeof name, "emitting number %d", number);
    struct curfew_emission *emission =
        curfew_emission_create((struct curfew_slice){(const uint8_t *)&number, size}, name);
    assert_non_null(emission);
    world->telling[number] = (struct emitter_telling){world, number};
    emission->lane = lane;
    emission->emitted = note_outcome;
    emission->context = &world->telling[number];
    return emission;
}

void emit(struct emitter_world *world, int number, int32_t lane, enum curfew_wait wait, int deadline_ms)
{
    struct curfew_emission *emission = make(world, number, lane, sizeof number);
    emission->wait = wait;
    emission->deadline_us = deadline_ms == 0 ? 0 : world->now.boot_us + deadline_ms * CURFEW_US_PER_MS;
    curfew_emitter_add(world->emitter, emission, world->now);
}

void beat(struct emitter_world *world, int number, int32_t lane)
{
    struct curfew_emission *emission = make(world, number, lane, sizeof number);
    emission->heartbeat = true;
    curfew_emitter_add(world->emitter, emission, world->now);
}

void probe(struct emitter_world *world, int number, int32_t lane, int32_t lanes)
{
    struct curfew_emission *emission = make(world, number, lane, 0);
    emission->lanes = lanes;
    curfew_emitter_add(world->emitter, emission, world->now);
}

static bool proves(const struct asked *sent, int32_t lane, uint8_t log)
{
    struct curfew_log_place place = {.lane = lane};
    memset(place.log_id, log, sizeof place.log_id);
    const struct curfew_slice value = {(const uint8_t *)&sent->number, sizeof sent->number};
    return curfew_mac_verify(author_key(curfew_slice_of("tester")), &place, value,
                             (struct curfew_slice){sent->mac, sizeof sent->mac});
}

bool is_proven(const struct emitter_world *world, size_t sent, int32_t lane, uint8_t log)
{
    const struct asked *record = &world->sent[sent];
    return proves(record, lane, log) && !proves(record, lane + 1, log) && !proves(record, lane, (uint8_t)(log + 1));
}

bool is_told(const struct emitter_world *world, int number)
{
    assert_in_range(world->told_count[number], 0, 1);
    return world->told_count[number] == 1;
}

enum curfew_status status_of(const struct emitter_world *world, int number)
{
    assert_true(is_told(world, number));
    return world->told[number].status;
}

int64_t pass(struct emitter_world *world, int milliseconds)
{
    world->now.wall_us += milliseconds * CURFEW_US_PER_MS;
    world->now.boot_us += milliseconds * CURFEW_US_PER_MS;
    return curfew_emitter_tick(world->emitter, world->now);
}

void tell(struct emitter_world *world, const struct curfew_bus_event *event)
{
    curfew_emitter_handle(world->emitter, event, world->now);
}

void tell_record(struct emitter_world *world, enum curfew_topic topic, int32_t partition, int64_t offset,
                 const struct curfew_event *event)
{
    uint8_t bytes[4096];
    uint8_t signature[CURFEW_SEAL_SIZE];
    size_t size = 0;
    struct curfew_error error;
    struct curfew_event sealed = *event;
    sealer_seal(world->sealer, &sealed, signature);
    if (curfew_codec_encode(&sealed, bytes, sizeof bytes, &size, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_RECORD,
                                           .topic = topic,
                                           .partition = partition,
                                           .offset = offset,
                                           .timestamp_us = world->now.wall_us,
                                           .log_append_time = true,
                                           .value = {bytes, size}});
}

void tell_end(struct emitter_world *world, enum curfew_topic topic, int32_t partition, int64_t offset)
{
    tell(world, &(struct curfew_bus_event){
                    .kind = CURFEW_BUS_CAUGHT_UP, .topic = topic, .partition = partition, .offset = offset});
}

void tell_genesis(struct emitter_world *world, int32_t lane, uint8_t log)
{
    struct curfew_event event = {.type = CURFEW_EVENT_GENESIS};
    struct curfew_genesis *genesis = &event.as.genesis;
    genesis->writer = curfew_slice_of("curfew");
    genesis->said_us = world->now.wall_us;
    genesis->lane = lane;
    genesis->lanes = EMITTER_WORLD_LANES;
    memset(genesis->log_id, log, sizeof genesis->log_id);
    memset(genesis->control_log, log - (uint8_t)lane, sizeof genesis->control_log);
    tell_record(world, curfew_lane_topic(lane), curfew_lane_partition(lane), 0, &event);
}

void hold(struct emitter_world *world, int32_t lane, int64_t offset, int number)
{
    assert_true(world->held_count < EMITTER_WORLD_MAX);
    world->held[world->held_count++] = (struct held){lane, offset, number};
}

void tell_durable(struct emitter_world *world, size_t sent, int64_t offset)
{
    assert_true(sent < world->sent_count);
    hold(world, curfew_lane_of_partition(world->sent[sent].topic, world->sent[sent].partition), offset,
         world->sent[sent].number);
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_DELIVERED,
                                           .topic = world->sent[sent].topic,
                                           .partition = world->sent[sent].partition,
                                           .offset = offset,
                                           .timestamp_us = world->now.wall_us - 77,
                                           .ticket = world->sent[sent].ticket});
}

void tell_lost(struct emitter_world *world, size_t sent)
{
    assert_true(sent < world->sent_count);
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_UNDELIVERED,
                                           .topic = world->sent[sent].topic,
                                           .partition = world->sent[sent].partition,
                                           .offset = -1,
                                           .text = "lost by the test",
                                           .ticket = world->sent[sent].ticket});
}

static void tell_answer(struct emitter_world *world, struct curfew_accepted accepted, uint8_t log)
{
    struct curfew_event event = {.type = CURFEW_EVENT_ACCEPTED};
    uint8_t digests[ANSWERED_MAX][CURFEW_RECORD_DIGEST_SIZE] = {{0}};
    assert_in_range(accepted.to - accepted.from, 0, ANSWERED_MAX - 1);
    for (size_t i = 0; i < world->held_count; i++) {
        const struct held *held = &world->held[i];
        if (held->lane == accepted.lane && held->offset >= accepted.from && held->offset <= accepted.to) {
            curfew_codec_record_digest((struct curfew_slice){(const uint8_t *)&held->number, sizeof held->number},
                                       digests[held->offset - accepted.from]);
        }
    }
    accepted.digests = (struct curfew_list){digests, (size_t)(accepted.to - accepted.from) + 1};
    memset(accepted.log_id, log, sizeof accepted.log_id);
    event.as.accepted = accepted;
    tell_record(world, CURFEW_TOPIC_ANSWERS, accepted.lane, 1, &event);
}

void tell_accepted(struct emitter_world *world, int32_t lane, uint8_t log, int64_t from, int64_t to)
{
    tell_answer(world, (struct curfew_accepted){.lane = lane, .from = from, .to = to}, log);
}

void tell_refused(struct emitter_world *world, int32_t lane, uint8_t log, struct curfew_refusal refusal)
{
    tell_answer(
        world,
        (struct curfew_accepted){.lane = lane, .from = refusal.offset, .to = refusal.offset, .refused = {&refusal, 1}},
        log);
}

void open_lane(struct emitter_world *world, int32_t lane, uint8_t log)
{
    emit(world, EMITTER_WORLD_MAX - 1, lane, CURFEW_WAIT_ACCEPTED, 1);
    tell_genesis(world, lane, log);
    world->produce = CURFEW_FULL;
    tell_end(world, CURFEW_TOPIC_ANSWERS, lane, 0);
    pass(world, 1);
    assert_true(is_told(world, EMITTER_WORLD_MAX - 1));
    world->told_count[EMITTER_WORLD_MAX - 1] = 0;
    world->produce = CURFEW_OK;
    pass(world, 20);
}

int64_t read_from(const struct emitter_world *world, enum curfew_topic topic, int32_t partition)
{
    int64_t offset = -100;
    for (size_t i = 0; i < world->read_count; i++) {
        if (world->read[i].topic == topic && world->read[i].partition == partition) {
            offset = world->read[i].offset;
        }
    }
    return offset;
}
