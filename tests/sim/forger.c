/* forger: forged, altered and repeated records. */
#include "tests/sim/forger.h"

#include "schemas/codec.h"
#include "tests/common/author.h"
#include "tests/sim/names.h"
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 8192

struct forged {
    uint8_t bytes[BYTES_MAX];
    size_t size;
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t mac_size;
};

struct curfew_event sim_forger_rights(void)
{
    static const int32_t roles[] = {CURFEW_ROLE_ISSUER, CURFEW_ROLE_ORCHESTRATOR};
    static struct curfew_slice tenant;
    static struct curfew_slice issuer;
    tenant = curfew_slice_of("books");
    issuer = curfew_slice_of("https://books.test");
    return (struct curfew_event){.type = CURFEW_EVENT_WRITER_SET,
                                 .as.writer_set = {.writer = curfew_slice_of("operator"),
                                                   .name = curfew_slice_of(SIM_MALLORY),
                                                   .roles = {roles, 2},
                                                   .tenants = {&tenant, 1},
                                                   .issuers = {&issuer, 1},
                                                   .epoch = 1,
                                                   .least_epoch = 1}};
}

bool sim_forger_is_genuine(const struct curfew_event *event, const uint8_t log_id[CURFEW_LOG_ID_SIZE], int32_t lane,
                           const struct curfew_bus_event *record)
{
    struct curfew_log_place place = {.lane = lane};
    memcpy(place.log_id, log_id, sizeof place.log_id);
    const struct curfew_slice writer = event->as.session_ended.writer; /* it leads every event of the two logs */
    return writer.size > 0 && writer.size <= CURFEW_ID_MAX &&
           !curfew_slice_equal(writer, curfew_slice_of(SIM_MALLORY)) &&
           curfew_mac_verify(author_key(writer), &place, record->value, record->mac);
}

/* A record that stands in a lane's log; false: none does. */
static bool pick(const struct sim_world *world, struct sim_dice *dice, int32_t lane, struct forged *forged)
{
    const enum curfew_topic topic = curfew_lane_topic(lane);
    const int64_t begin = sim_broker_begin(world->broker, topic, curfew_lane_partition(lane));
    const int64_t end = sim_broker_end(world->broker, topic, curfew_lane_partition(lane));
    struct curfew_bus_event record;
    if (end <= begin ||
        !sim_broker_read(world->broker, topic, curfew_lane_partition(lane), sim_dice_between(dice, begin, end - 1),
                         &record) ||
        record.value.size == 0 || record.value.size > BYTES_MAX || record.mac.size > sizeof forged->mac) {
        return false;
    }
    memcpy(forged->bytes, record.value.at, record.value.size);
    forged->size = record.value.size;
    if (record.mac.size > 0) {
        memcpy(forged->mac, record.mac.at, record.mac.size);
    }
    forged->mac_size = record.mac.size;
    return true;
}

/* What a liar would like to be true. */
static struct curfew_event lie(const struct sim_world *world, struct sim_dice *dice, int32_t lane,
                               char names[4][SIM_NAME_SIZE])
{
    static const int32_t operator_role = CURFEW_ROLE_OPERATOR;
    const int32_t session = (int32_t)sim_dice_between(dice, 1, SIM_SESSIONS_MAX);
    const struct sim_session_facts *facts = &world->sessions[session];
    sim_session_name(world->plan->size.seed, session, facts->lane == 0 ? 1 : facts->lane, names[0]);
    sim_task_name((int32_t)sim_dice_between(dice, 1, 4), names[1]);
    sim_user_name((int32_t)sim_dice_between(dice, 1, 4), names[2]);
    sim_holder_name((int32_t)sim_dice_between(dice, 1, SIM_ACTORS_MAX), names[3]);
    struct curfew_event event = {.type = CURFEW_EVENT_TICK, .as.tick = {.control_offset = INT64_MAX}};
    const uint64_t which = sim_dice_roll(dice, 5);
    if (which == 0) {
        return event;
    }
    if (lane == 0 && which == 1) {
        event = (struct curfew_event){.type = CURFEW_EVENT_SETTINGS};
        event.as.settings.settings = sim_world_settings(world);
        event.as.settings.settings.rules = 99;
    } else if (lane == 0 && which == 2) {
        event = sim_forger_rights();
        event.as.writer_set.roles = (struct curfew_list){&operator_role, 1};
    } else if (lane == 0) {
        event = (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                      .as.subject_revoked = {.kind = CURFEW_KIND_USER,
                                                             .tenant = curfew_slice_of(SIM_TENANT),
                                                             .scope = curfew_slice_of(SIM_ISSUER),
                                                             .id = curfew_slice_of(names[2])}};
    } else if (which == 1) {
        event = (struct curfew_event){.type = CURFEW_EVENT_SESSION_ENDED,
                                      .as.session_ended = {.session = curfew_slice_of(names[0])}};
    } else if (which == 2) {
        event = (struct curfew_event){
            .type = CURFEW_EVENT_TASK_ENDED,
            .as.task_ended = {.session = curfew_slice_of(names[0]), .task = curfew_slice_of(names[1])}};
    } else if (which == 3) {
        event = (struct curfew_event){.type = CURFEW_EVENT_TASK_STARTED,
                                      .as.task_started = {.session = curfew_slice_of(names[0]),
                                                          .task = curfew_slice_of(names[1]),
                                                          .attempt = sim_dice_between(dice, 1, 5)}};
    } else {
        event = (struct curfew_event){.type = CURFEW_EVENT_HOLDER_HEARTBEAT,
                                      .as.holder_heartbeat = {.holder = curfew_slice_of(names[3])}};
    }
    return event;
}

/* In his own name, or in another's with his own key, or with none. */
static void tell_lie(const struct sim_world *world, struct sim_dice *dice, int32_t lane, struct forged *forged)
{
    static const char *const others[] = {SIM_MALLORY, SIM_MALLORY, "actor-1", "operator", "coordinator-0"};
    char names[4][SIM_NAME_SIZE];
    struct curfew_log_place place = {.lane = lane};
    struct curfew_event event = lie(world, dice, lane, names);
    event.as.session_ended.writer = curfew_slice_of(others[sim_dice_roll(dice, 5)]);
    event.as.session_ended.said_us = world->now_us;
    if (curfew_codec_encode(&event, forged->bytes, sizeof forged->bytes, &forged->size, NULL) != CURFEW_OK) {
        abort();
    }
    sim_world_log_id(world, lane, place.log_id);
    author_prove(curfew_slice_of(SIM_MALLORY), &place, (struct curfew_slice){forged->bytes, forged->size}, forged->mac);
    forged->mac_size = sim_dice_chance(dice, 100) ? 0 : sizeof forged->mac;
}

static bool forge(const struct sim_world *world, struct sim_dice *dice, int32_t lane, struct forged *forged)
{
    switch (sim_dice_roll(dice, 4)) {
    case 0: /* the same again */
        return pick(world, dice, lane, forged);
    case 1: /* one bit of it is another */
        if (!pick(world, dice, lane, forged)) {
            return false;
        }
        forged->bytes[sim_dice_roll(dice, forged->size)] ^= (uint8_t)(1U << sim_dice_roll(dice, 8));
        return true;
    case 2: /* another lane's */
        return pick(world, dice, (int32_t)sim_dice_roll(dice, (uint64_t)world->plan->size.lanes), forged);
    default:
        tell_lie(world, dice, lane, forged);
        return true;
    }
}

void sim_forger_strike(struct sim_world *world, int32_t lane, int32_t count)
{
    static struct forged forged;
    struct sim_dice dice = sim_dice_of(world->plan->size.seed + (uint64_t)world->now_us, "forger");
    for (int32_t i = 0; i < count; i++) {
        if (forge(world, &dice, lane, &forged)) {
            const struct curfew_bus_record record = {.topic = curfew_lane_topic(lane),
                                                     .partition = curfew_lane_partition(lane),
                                                     .value = {forged.bytes, forged.size},
                                                     .mac = {forged.mac, forged.mac_size}};
            sim_broker_append(world->broker, &record);
        }
    }
}
