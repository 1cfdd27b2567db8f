/* coordinator: routes bus events to the lanes' steps and outboxes, and ticks. */
#include "services/coordinator/coordinator.h"

#include "core/id.h"
#include "core/log.h"
#include "schemas/codec.h"
#include "services/coordinator/memory.h"
#include "services/coordinator/proposals.h"
#include <stdlib.h>

#define BEACON_LATE_US (2 * CURFEW_US_PER_S)
#define MEND_US (2 * CURFEW_US_PER_S) /* between two tries at what a gap needs */
#define FOREIGN_TOLD_US (10 * CURFEW_US_PER_S)
#define TICK_BIT 63 /* of a ticket: set for ticks, which belong to no outbox; the lane stands below */

enum phase { PHASE_READING_BACK, PHASE_REPLAYING, PHASE_LIVE, PHASE_HALTED };

struct lane_slot {
    struct curfew_lane *lane;
    struct curfew_outbox *outbox;
    struct curfew_register *names; /* of a pipeline; on lane 0 it stays empty */
    struct curfew_rulings *rulings;
    enum phase phase;
    enum phase halted_from; /* of a halted lane: where it goes on, if it ever may */
    bool floors_read;
    bool answers_read;
    bool blocked; /* waits for control; subscribed anew when control moves */
    bool tick_in_flight;
    int64_t ticked_us; /* boot time */
    bool unread; /* its revocations are to be subscribed anew */
    bool lacking; /* its revocations lost floors: a resync is to be stepped */
    int64_t mended_us; /* boot time of the last try at either; INT64_MIN: none */
    int64_t foreign_told; /* of the outbox's count */
    int64_t foreign_told_us; /* boot time */
};

struct curfew_coordinator {
    char *id;
    struct curfew_mac_key *key; /* of its ticks; of the epoch used last; NULL: none yet */
    int32_t lanes;
    struct curfew_bus *bus;
    struct curfew_sealer sealer;
    struct curfew_seal_judge judge;
    struct curfew_audit *audit;
    struct curfew_control *control;
    struct lane_slot *slots;
    struct curfew_arena arena;
};

enum curfew_status curfew_coordinator_create(const struct curfew_coordinator_options *options,
                                             struct curfew_coordinator **coordinator, struct curfew_error *error)
{
    if (!curfew_id_valid(curfew_slice_of(options->id)) || options->lanes < 2 || options->lanes > CURFEW_LANES_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "making a coordinator: its id must be 1 to %d bytes of UTF-8 and lanes 2 to %d",
                                CURFEW_ID_MAX, CURFEW_LANES_MAX);
    }
    struct curfew_beacon probe = {.lane = 0};
    uint8_t signature[CURFEW_SEAL_SIZE];
    curfew_seal_beacon(&options->sealer, &probe, signature);
    if (curfew_seal_judge_beacon(&options->judge, &probe) != CURFEW_SEAL_GOOD) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "making a coordinator: nobody would believe it: the key it signs with is not among the "
                                "public keys it is given; add that of coordinator.key_file to coordinators.keys_file, "
                                "here and wherever hops and producers run");
    }
    struct curfew_coordinator *made = curfew_memory_take(sizeof *made);
    made->id = curfew_memory_take(strlen(options->id) + 1);
    memcpy(made->id, options->id, strlen(options->id));
    made->lanes = options->lanes;
    made->bus = options->bus;
    made->sealer = options->sealer;
    made->judge = options->judge;
    made->audit = options->audit;
    made->control = curfew_control_create(options->master);
    made->slots = curfew_memory_take((size_t)options->lanes * sizeof *made->slots);
    for (int32_t i = 0; i < options->lanes; i++) {
        made->slots[i].lane = curfew_lane_create(i, options->lanes, made->control);
        made->slots[i].outbox = curfew_outbox_create(i, options->bus, &made->sealer, options->audit);
        made->slots[i].names = curfew_register_create();
        made->slots[i].rulings = curfew_rulings_create();
        made->slots[i].mended_us = INT64_MIN / 2;
        made->slots[i].foreign_told_us = INT64_MIN / 2;
    }
    made->arena.memory = curfew_memory_take(CURFEW_CODEC_MEMORY);
    made->arena.size = CURFEW_CODEC_MEMORY;
    *coordinator = made;
    return CURFEW_OK;
}

void curfew_coordinator_destroy(struct curfew_coordinator *coordinator)
{
    if (coordinator == NULL) {
        return;
    }
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        curfew_outbox_destroy(coordinator->slots[i].outbox);
        curfew_register_destroy(coordinator->slots[i].names);
        curfew_rulings_destroy(coordinator->slots[i].rulings);
        curfew_lane_destroy(coordinator->slots[i].lane);
    }
    curfew_control_destroy(coordinator->control);
    curfew_mac_key_destroy(coordinator->key);
    free(coordinator->slots);
    free(coordinator->arena.memory);
    free(coordinator->id);
    free(coordinator);
}

/* From the record the lane wants next; for a new lane from whatever is first, so that a missing head is seen. */
static enum curfew_status subscribe_log(struct curfew_coordinator *coordinator, int32_t lane,
                                        struct curfew_error *error)
{
    const int64_t next = curfew_lane_next(coordinator->slots[lane].lane);
    return coordinator->bus->ops->subscribe(coordinator->bus->self, curfew_lane_topic(lane),
                                            curfew_lane_partition(lane), next == 0 ? CURFEW_OFFSET_BEGIN : next, error);
}

enum curfew_status curfew_coordinator_start(struct curfew_coordinator *coordinator, struct curfew_error *error)
{
    const struct curfew_bus *bus = coordinator->bus;
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        if (bus->ops->subscribe(bus->self, CURFEW_TOPIC_REVOCATIONS, i, CURFEW_OFFSET_BEGIN, error) != CURFEW_OK ||
            bus->ops->subscribe(bus->self, CURFEW_TOPIC_ANSWERS, i, CURFEW_OFFSET_BEGIN, error) != CURFEW_OK) {
            return error == NULL ? CURFEW_UNAVAILABLE : error->status;
        }
    }
    return CURFEW_OK;
}

/* A lane whose topics were read back is replayed from its head: control first, since the others' ticks name it. */
static enum curfew_status advance(struct curfew_coordinator *coordinator, struct curfew_error *error)
{
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        struct lane_slot *slot = &coordinator->slots[i];
        const bool control_live = coordinator->slots[0].phase == PHASE_LIVE;
        if (slot->phase == PHASE_READING_BACK && slot->floors_read && slot->answers_read && (i == 0 || control_live)) {
            slot->phase = PHASE_REPLAYING;
            const enum curfew_status status = subscribe_log(coordinator, i, error);
            if (status != CURFEW_OK) {
                return status;
            }
        }
    }
    return CURFEW_OK;
}

static void halt(struct curfew_coordinator *coordinator, int32_t lane)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    slot->halted_from = slot->phase;
    slot->phase = PHASE_HALTED;
    curfew_log(CURFEW_LOG_ERROR, "coordinator", "%s", curfew_lane_problem(slot->lane));
    struct curfew_error error = {.status = CURFEW_OK};
    if (coordinator->bus->ops->unsubscribe(coordinator->bus->self, curfew_lane_topic(lane), curfew_lane_partition(lane),
                                           &error) != CURFEW_OK) {
        curfew_log(CURFEW_LOG_WARNING, "coordinator", "lane %d: %s", lane, error.text);
    }
}

/* Control moved: lanes that waited for it are read again from the record they could not take. */
static enum curfew_status unblock(struct curfew_coordinator *coordinator, struct curfew_error *error)
{
    for (int32_t i = 1; i < coordinator->lanes; i++) {
        const bool passes =
            coordinator->slots[i].phase == PHASE_HALTED && curfew_lane_may_pass(coordinator->slots[i].lane);
        if (passes) {
            curfew_log(CURFEW_LOG_WARNING, "coordinator", "lane %d goes on: an operator lets it pass over offset %lld",
                       i, (long long)curfew_lane_next(coordinator->slots[i].lane));
            coordinator->slots[i].phase = coordinator->slots[i].halted_from;
        }
        if (coordinator->slots[i].blocked || passes) {
            coordinator->slots[i].blocked = false;
            const enum curfew_status status = subscribe_log(coordinator, i, error);
            if (status != CURFEW_OK) {
                return status;
            }
        }
    }
    return CURFEW_OK;
}

/* What operators do alone, or not yet together, is told. A replay tells it again: by the log's id and the offset
 * whoever keeps it knows a repeat. */
static void tell(const struct curfew_coordinator *coordinator, int32_t lane, const struct curfew_record *record,
                 const struct curfew_effects *effects)
{
    const struct curfew_break_glass *act = &effects->break_glass;
    if (act->told) {
        curfew_log(CURFEW_LOG_ERROR, "coordinator",
                   "break-glass: lane %d offset %lld: operator %.*s alone revoked the %s \"%.*s\" (tenant \"%.*s\", "
                   "version %lld)",
                   lane, (long long)record->offset, CURFEW_SLICE_ARGS(act->writer), curfew_kind_name(act->kind),
                   CURFEW_SLICE_ARGS(act->id), CURFEW_SLICE_ARGS(act->tenant), (long long)act->version);
    }
    if (effects->pending && coordinator->slots[lane].phase == PHASE_LIVE) {
        curfew_log(CURFEW_LOG_WARNING, "coordinator",
                   "lane %d offset %lld: a revocation waits for a second operator, for %lld s", lane,
                   (long long)record->offset, (long long)(CURFEW_PROPOSAL_LIFE_US / CURFEW_US_PER_S));
    }
}

static enum curfew_status log_record(struct curfew_coordinator *coordinator, int32_t lane,
                                     const struct curfew_bus_event *event, struct curfew_error *error)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    if (slot->blocked || slot->phase == PHASE_HALTED || event->offset < curfew_lane_next(slot->lane)) {
        return CURFEW_OK;
    }
    const struct curfew_record record = {event->offset, event->timestamp_us, event->log_append_time, event->value,
                                         event->mac};
    struct curfew_effects effects;
    switch (curfew_lane_step(slot->lane, &record, &effects)) {
    case CURFEW_STEP_BLOCKED:
        slot->blocked = true;
        return CURFEW_OK;
    case CURFEW_STEP_HALTED:
        halt(coordinator, lane);
        return CURFEW_OK;
    case CURFEW_STEP_DONE:
        curfew_outbox_note(slot->outbox, slot->lane, &record, &effects);
        curfew_register_note(slot->names, slot->lane, &record, &effects);
        curfew_rulings_note(slot->rulings, record.offset, &effects);
        slot->lacking = slot->lacking && !effects.resync;
        tell(coordinator, lane, &record, &effects);
        if (effects.refused && slot->phase == PHASE_LIVE) {
            curfew_log(CURFEW_LOG_DEBUG, "coordinator", "lane %d offset %lld refused: %s", lane,
                       (long long)event->offset, curfew_reason_name((enum curfew_reason)effects.refusal.reason));
        }
        return lane == 0 ? unblock(coordinator, error) : CURFEW_OK;
    }
    return CURFEW_OK;
}

static enum curfew_status log_caught_up(struct curfew_coordinator *coordinator, int32_t lane,
                                        struct curfew_error *error)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    if (slot->phase != PHASE_REPLAYING || slot->blocked) {
        return CURFEW_OK;
    }
    if (curfew_lane_log_id(slot->lane) == NULL) {
        return CURFEW_OK; /* empty: genesis is still to come */
    }
    slot->phase = PHASE_LIVE;
    curfew_outbox_live(slot->outbox, slot->lane);
    curfew_log(CURFEW_LOG_INFO, "coordinator", "lane %d live at offset %lld", lane,
               (long long)curfew_lane_next(slot->lane));
    return advance(coordinator, error);
}

/* A record of ours, or of another coordinator, on revocations or answers. What cannot be read is nobody's read-back. */
static void read_back(struct curfew_coordinator *coordinator, const struct curfew_bus_event *bus_event)
{
    struct curfew_event event;
    enum curfew_reason reason = CURFEW_REASON_UNDECODABLE;
    coordinator->arena.used = 0;
    if (curfew_codec_decode(bus_event->value, &coordinator->arena, &event, &reason, NULL) != CURFEW_OK) {
        return;
    }
    struct lane_slot *slot = &coordinator->slots[bus_event->partition];
    if (event.type == CURFEW_EVENT_FLOORS && bus_event->topic == CURFEW_TOPIC_REVOCATIONS) {
        curfew_outbox_read_back(slot->outbox, slot->lane, &event.as.floors);
    } else if (event.type == CURFEW_EVENT_ACCEPTED && bus_event->topic == CURFEW_TOPIC_ANSWERS &&
               curfew_seal_judge_answer(&coordinator->judge, &event.as.accepted) == CURFEW_SEAL_GOOD) {
        curfew_outbox_answered(slot->outbox, &event.as.accepted);
    }
}

/* Which lane an event of the two logs is of; -1 when it is of neither. */
static int32_t log_lane(const struct curfew_coordinator *coordinator, const struct curfew_bus_event *event)
{
    if (event->topic == CURFEW_TOPIC_CONTROL) {
        return event->partition == 0 ? 0 : -1;
    }
    const bool pipeline =
        event->topic == CURFEW_TOPIC_LIFECYCLE && event->partition >= 0 && event->partition + 1 < coordinator->lanes;
    return pipeline ? event->partition + 1 : -1;
}

static bool is_read_back(const struct curfew_coordinator *coordinator, const struct curfew_bus_event *event)
{
    return (event->topic == CURFEW_TOPIC_REVOCATIONS || event->topic == CURFEW_TOPIC_ANSWERS) &&
           event->partition >= 0 && event->partition < coordinator->lanes;
}

static enum curfew_status caught_up(struct curfew_coordinator *coordinator, const struct curfew_bus_event *event,
                                    struct curfew_error *error)
{
    const int32_t lane = log_lane(coordinator, event);
    if (lane >= 0) {
        return log_caught_up(coordinator, lane, error);
    }
    struct lane_slot *slot = &coordinator->slots[event->partition];
    if (event->topic == CURFEW_TOPIC_REVOCATIONS) {
        slot->floors_read = true;
    } else if (!slot->answers_read) {
        slot->answers_read = true;
        const enum curfew_status status =
            coordinator->bus->ops->unsubscribe(coordinator->bus->self, CURFEW_TOPIC_ANSWERS, event->partition, error);
        if (status != CURFEW_OK) {
            return status;
        }
    }
    return advance(coordinator, error);
}

static void reported(struct curfew_coordinator *coordinator, const struct curfew_bus_event *event,
                     struct curfew_now now)
{
    const bool tick = (event->ticket >> TICK_BIT & 1) != 0;
    const uint64_t ticket = event->ticket & ~(UINT64_C(1) << TICK_BIT);
    const uint64_t lane = ticket >> CURFEW_OUTBOX_TICKET_BITS;
    if (coordinator->audit != NULL && curfew_audit_reported(coordinator->audit, event)) {
        return;
    }
    if (lane >= (uint64_t)coordinator->lanes) {
        return;
    }
    struct lane_slot *slot = &coordinator->slots[lane];
    if (tick) {
        slot->tick_in_flight = false;
        return;
    }
    curfew_outbox_reported(slot->outbox, ticket & ((UINT64_C(1) << CURFEW_OUTBOX_TICKET_BITS) - 1),
                           event->kind == CURFEW_BUS_DELIVERED, now);
}

/* Of a lane that is live nothing but the floors on revocations can be lacking: they are stated again. Before, and of
 * any other topic, what was read may not be so. */
static enum curfew_status gap(struct curfew_coordinator *coordinator, const struct curfew_bus_event *event,
                              struct curfew_error *error)
{
    const char *why = event->text == NULL ? "no reason given" : event->text;
    if (event->topic == CURFEW_TOPIC_REVOCATIONS && is_read_back(coordinator, event) &&
        coordinator->slots[event->partition].phase == PHASE_LIVE) {
        struct lane_slot *slot = &coordinator->slots[event->partition];
        curfew_log(CURFEW_LOG_WARNING, "coordinator",
                   "lane %d: its revocations lost records (%s); every live floor is stated again", event->partition,
                   why);
        curfew_outbox_gap(slot->outbox);
        slot->unread = true;
        slot->lacking = true;
        return CURFEW_OK;
    }
    const enum curfew_status status =
        curfew_error_set(error, CURFEW_UNAVAILABLE,
                         "reading %s partition %d: the position is gone (%s); everything is rebuilt from the log",
                         curfew_topic_name(event->topic), event->partition, why);
    if (error != NULL) {
        error->fatal = true;
    }
    return status;
}

enum curfew_status curfew_coordinator_handle(struct curfew_coordinator *coordinator,
                                             const struct curfew_bus_event *event, struct curfew_now now,
                                             struct curfew_error *error)
{
    const int32_t lane = log_lane(coordinator, event);
    switch (event->kind) {
    case CURFEW_BUS_RECORD:
        if (lane >= 0) {
            return log_record(coordinator, lane, event, error);
        }
        if (is_read_back(coordinator, event)) {
            read_back(coordinator, event);
        }
        return CURFEW_OK;
    case CURFEW_BUS_CAUGHT_UP:
        return lane >= 0 || is_read_back(coordinator, event) ? caught_up(coordinator, event, error) : CURFEW_OK;
    case CURFEW_BUS_GAP:
        return gap(coordinator, event, error);
    case CURFEW_BUS_DELIVERED:
    case CURFEW_BUS_UNDELIVERED:
        reported(coordinator, event, now);
        return CURFEW_OK;
    case CURFEW_BUS_PROBLEM:
    case CURFEW_BUS_RECOVERED:
        return CURFEW_OK; /* the runner's to log */
    }
    return CURFEW_OK;
}

/* The key that a lane knows as this coordinator's newest; NULL: it does not know it as a coordinator. */
static const struct curfew_mac_key *key_for(struct curfew_coordinator *coordinator, const struct curfew_lane *lane)
{
    const struct curfew_slice id = curfew_slice_of(coordinator->id);
    const int32_t epoch = curfew_lane_coordinator_epoch(lane, id);
    if (epoch == 0) {
        return NULL;
    }
    if (coordinator->key == NULL || curfew_mac_key_epoch(coordinator->key) != epoch) {
        curfew_mac_key_destroy(coordinator->key);
        coordinator->key = curfew_mac_key_derive(curfew_control_master(coordinator->control), id, epoch);
    }
    return coordinator->key;
}

/* Appends an event of this coordinator's to a lane's log. False: it did not go. */
static bool say(struct curfew_coordinator *coordinator, int32_t lane, const struct curfew_event *event, uint64_t ticket)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    uint8_t bytes[2 * CURFEW_ID_MAX];
    size_t size = 0;
    struct curfew_error error = {.status = CURFEW_OK};
    const struct curfew_mac_key *key = key_for(coordinator, slot->lane);
    if (key == NULL) {
        return false; /* it would be refused; curfew_coordinator_ready says what to do */
    }
    if (curfew_codec_encode(event, bytes, sizeof bytes, &size, &error) != CURFEW_OK) {
        curfew_log(CURFEW_LOG_ERROR, "coordinator", "cannot encode a %s: %s", curfew_event_name(event->type),
                   error.text);
        return false;
    }
    const struct curfew_slice value = {bytes, size};
    uint8_t mac[CURFEW_MAC_SIZE];
    struct curfew_log_place place = {.lane = lane};
    memcpy(place.log_id, curfew_lane_log_id(slot->lane), sizeof place.log_id);
    curfew_mac_make(key, &place, value, mac);
    const struct curfew_bus_record record = {
        .topic = curfew_lane_topic(lane),
        .partition = curfew_lane_partition(lane),
        .value = value,
        .mac = {mac, sizeof mac},
        .ticket = (uint64_t)lane << CURFEW_OUTBOX_TICKET_BITS | ticket,
    };
    return coordinator->bus->ops->produce(coordinator->bus->self, &record, NULL) == CURFEW_OK;
}

/* One tick in flight a lane: one that waited out an outage would be late, and good for nothing. */
static void tick(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    const struct curfew_event event = {
        .type = CURFEW_EVENT_TICK,
        .as.tick = {curfew_slice_of(coordinator->id), now.wall_us, curfew_control_next(coordinator->control) - 1},
    };
    slot->ticked_us = now.boot_us;
    slot->tick_in_flight = say(coordinator, lane, &event, UINT64_C(1) << TICK_BIT);
}

/* After a gap: reads the lane's revocations anew, and says resync until one is stepped, whoever said it. */
static void mend(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    if ((!slot->unread && !slot->lacking) || now.boot_us - slot->mended_us < MEND_US) {
        return;
    }
    slot->mended_us = now.boot_us;
    struct curfew_error error = {.status = CURFEW_OK};
    if (slot->unread && coordinator->bus->ops->subscribe(coordinator->bus->self, CURFEW_TOPIC_REVOCATIONS, lane,
                                                         CURFEW_OFFSET_BEGIN, &error) != CURFEW_OK) {
        curfew_log(CURFEW_LOG_WARNING, "coordinator", "lane %d: its revocations cannot be read again yet: %s", lane,
                   error.text);
        return;
    }
    slot->unread = false;
    const struct curfew_event event = {
        .type = CURFEW_EVENT_RESYNC,
        .as.resync = {curfew_slice_of(coordinator->id), now.wall_us, curfew_slice_of("revocations lost records")},
    };
    if (slot->lacking && slot->phase == PHASE_LIVE) {
        (void)say(coordinator, lane, &event, 0); /* one that is lost is said again */
    }
}

/* Floors that nobody's step leads to are told, at most once in a while. */
static void alarm_foreign(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    struct curfew_outbox_stats stats;
    curfew_outbox_stats(slot->outbox, &stats);
    if (stats.foreign > slot->foreign_told && now.boot_us - slot->foreign_told_us >= FOREIGN_TOLD_US) {
        curfew_log(CURFEW_LOG_ERROR, "coordinator",
                   "lane %d: %lld floors records on revocations that its log does not imply, %lld since start: "
                   "somebody else than coordinators writes there, or the log lost what caused them; hops deny what "
                   "they name",
                   lane, (long long)(stats.foreign - slot->foreign_told), (long long)stats.foreign);
        slot->foreign_told = stats.foreign;
        slot->foreign_told_us = now.boot_us;
    }
}

/* All lanes tick together, so that one fetch of a hop brings all beacons. */
static int tick_all(struct curfew_coordinator *coordinator, struct curfew_now now)
{
    const struct lane_slot *control = &coordinator->slots[0];
    if (control->phase != PHASE_LIVE) {
        return CURFEW_COORDINATOR_IDLE_MS;
    }
    const int64_t period_us = curfew_lane_settings(control->lane)->tick_ms * CURFEW_US_PER_MS;
    int64_t wait_us = period_us;
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        struct lane_slot *slot = &coordinator->slots[i];
        if (slot->phase != PHASE_LIVE || slot->tick_in_flight) {
            continue;
        }
        const int64_t due_us = slot->ticked_us + period_us - now.boot_us;
        if (due_us <= 0) {
            tick(coordinator, i, now);
        } else if (due_us < wait_us) {
            wait_us = due_us;
        }
    }
    return (int)((wait_us + CURFEW_US_PER_MS - 1) / CURFEW_US_PER_MS);
}

int curfew_coordinator_flush(struct curfew_coordinator *coordinator, struct curfew_now now)
{
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        curfew_outbox_flush(coordinator->slots[i].outbox, now);
        mend(coordinator, i, now);
        alarm_foreign(coordinator, i, now);
    }
    if (coordinator->audit != NULL) {
        curfew_audit_flush(coordinator->audit, now);
    }
    return tick_all(coordinator, now);
}

enum curfew_status curfew_coordinator_ready(const struct curfew_coordinator *coordinator, struct curfew_now now,
                                            struct curfew_error *error)
{
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        const struct lane_slot *slot = &coordinator->slots[i];
        struct curfew_outbox_stats stats;
        curfew_outbox_stats(slot->outbox, &stats);
        if (slot->phase == PHASE_HALTED) {
            return curfew_error_set(error, CURFEW_UNAVAILABLE, "%s", curfew_lane_problem(slot->lane));
        }
        if (slot->phase != PHASE_LIVE) {
            return curfew_error_set(error, CURFEW_UNAVAILABLE, "lane %d is being read: at offset %lld", i,
                                    (long long)curfew_lane_next(slot->lane));
        }
        if (curfew_lane_coordinator_epoch(slot->lane, curfew_slice_of(coordinator->id)) == 0 && i == 0) {
            return curfew_error_set(
                error, CURFEW_UNAVAILABLE,
                "nobody made %s a coordinator, so its ticks would be refused; run curfew writer add "
                "%s --role coordinator, or set coordinator.id",
                coordinator->id, coordinator->id);
        }
        if (stats.beacon_boot_us == 0 || now.boot_us - stats.beacon_boot_us > BEACON_LATE_US) {
            return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                    "lane %d has had no beacon for 2 s: the broker is slow or away, %lld floors "
                                    "records are not read back yet",
                                    i, (long long)stats.links_awaited);
        }
    }
    return CURFEW_OK;
}

void curfew_coordinator_lane(const struct curfew_coordinator *coordinator, int32_t lane,
                             struct curfew_coordinator_lane *state)
{
    const struct lane_slot *slot = &coordinator->slots[lane];
    state->live = slot->phase == PHASE_LIVE;
    state->next = curfew_lane_next(slot->lane);
    state->counts = curfew_lane_counts(slot->lane);
    curfew_outbox_stats(slot->outbox, &state->outbox);
    state->log = slot->lane;
    state->names = slot->names;
    state->rulings = slot->rulings;
}

int32_t curfew_coordinator_lanes(const struct curfew_coordinator *coordinator)
{
    return coordinator->lanes;
}

const struct curfew_writers *curfew_coordinator_writers(const struct curfew_coordinator *coordinator)
{
    return curfew_lane_writers(coordinator->slots[0].lane);
}

struct curfew_audit_stats curfew_coordinator_audited(const struct curfew_coordinator *coordinator)
{
    return coordinator->audit == NULL ? (struct curfew_audit_stats){0, 0, 0, 0}
                                      : curfew_audit_stats(coordinator->audit);
}
