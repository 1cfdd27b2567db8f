/* coordinator: routes bus events to the lanes' steps and outboxes, and ticks. */
#include "services/coordinator/coordinator_state.h"

#include "core/id.h"
#include "core/log.h"
#include "schemas/codec.h"
#include "services/coordinator/memory.h"
#include "services/coordinator/proposals.h"
#include <stdlib.h>

#define BEACON_LATE_US (2 * CURFEW_US_PER_S)
#define FOREIGN_TOLD_US (10 * CURFEW_US_PER_S)
enum curfew_status curfew_coordinator_create(const struct curfew_coordinator_options *options,
                                             struct curfew_coordinator **coordinator, struct curfew_error *error)
{
    if (!curfew_id_valid(curfew_slice_of(options->id)) || options->lanes < 2 || options->lanes > CURFEW_LANES_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "making a coordinator: its id must be 1 to %d bytes of UTF-8 and lanes 2 to %d",
                                CURFEW_ID_MAX, CURFEW_LANES_MAX);
    }
    if (options->rank < 0 || options->rank > CURFEW_RANK_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "making a coordinator: its rank must be 0 to %d",
                                CURFEW_RANK_MAX);
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
        made->slots[i].standby.rank = options->rank;
        const struct curfew_outbox_options outbox = {i, options->bus, &made->sealer, options->audit,
                                                     &made->slots[i].standby};
        made->slots[i].outbox = curfew_outbox_create(&outbox);
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
                                     const struct curfew_bus_event *event, struct curfew_now now,
                                     struct curfew_error *error)
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
        if (effects.good_tick) {
            curfew_standby_ticked(&slot->standby,
                                  curfew_slice_equal(effects.event->as.tick.writer, curfew_slice_of(coordinator->id)),
                                  now.boot_us);
        }
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

static enum curfew_status log_caught_up(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now,
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
    curfew_outbox_live(slot->outbox, slot->lane, now);
    curfew_log(CURFEW_LOG_INFO, "coordinator", "lane %d live at offset %lld", lane,
               (long long)curfew_lane_next(slot->lane));
    return advance(coordinator, error);
}

/* A record of ours, or of another coordinator, on revocations or answers. What cannot be read is nobody's read-back. */
static void read_back(struct curfew_coordinator *coordinator, const struct curfew_bus_event *bus_event,
                      struct curfew_now now)
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
    } else if (event.type == CURFEW_EVENT_BEACON && bus_event->topic == CURFEW_TOPIC_REVOCATIONS) {
        if (curfew_outbox_wants(slot->outbox, &event.as.beacon, now) &&
            curfew_seal_judge_beacon(&coordinator->judge, &event.as.beacon) == CURFEW_SEAL_GOOD) {
            curfew_outbox_beaconed(slot->outbox, &event.as.beacon);
        }
    } else if (event.type == CURFEW_EVENT_ACCEPTED && bus_event->topic == CURFEW_TOPIC_ANSWERS &&
               curfew_outbox_wants_answer(slot->outbox, &event.as.accepted) &&
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
                                    struct curfew_now now, struct curfew_error *error)
{
    const int32_t lane = log_lane(coordinator, event);
    if (lane >= 0) {
        return log_caught_up(coordinator, lane, now, error);
    }
    struct lane_slot *slot = &coordinator->slots[event->partition];
    if (event->topic == CURFEW_TOPIC_REVOCATIONS) {
        slot->floors_read = true;
    } else if (!slot->answers_read) {
        slot->answers_read = true;
        /* Who lets others speak first reads on. */
        const enum curfew_status status =
            slot->standby.rank > 0 ? CURFEW_OK
                                   : coordinator->bus->ops->unsubscribe(coordinator->bus->self, CURFEW_TOPIC_ANSWERS,
                                                                        event->partition, error);
        if (status != CURFEW_OK) {
            return status;
        }
    }
    return advance(coordinator, error);
}

static void reported(struct curfew_coordinator *coordinator, const struct curfew_bus_event *event,
                     struct curfew_now now)
{
    const bool tick = (event->ticket >> CURFEW_COORDINATOR_TICK_BIT & 1) != 0;
    const uint64_t ticket = event->ticket & ~(UINT64_C(1) << CURFEW_COORDINATOR_TICK_BIT);
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
                              struct curfew_now now, struct curfew_error *error)
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
        curfew_coordinator_mend_soon(coordinator, event->partition, now);
        return CURFEW_OK;
    }
    if (event->topic == CURFEW_TOPIC_ANSWERS && is_read_back(coordinator, event) &&
        coordinator->slots[event->partition].phase == PHASE_LIVE) {
        /* What others said there and is gone is said again. */
        return coordinator->bus->ops->subscribe(coordinator->bus->self, CURFEW_TOPIC_ANSWERS, event->partition,
                                                CURFEW_OFFSET_END, error);
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
            return log_record(coordinator, lane, event, now, error);
        }
        if (is_read_back(coordinator, event)) {
            read_back(coordinator, event, now);
        }
        return CURFEW_OK;
    case CURFEW_BUS_CAUGHT_UP:
        return lane >= 0 || is_read_back(coordinator, event) ? caught_up(coordinator, event, now, error) : CURFEW_OK;
    case CURFEW_BUS_GAP:
        return gap(coordinator, event, now, error);
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

int curfew_coordinator_flush(struct curfew_coordinator *coordinator, struct curfew_now now)
{
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        curfew_outbox_flush(coordinator->slots[i].outbox, now);
        curfew_coordinator_mend(coordinator, i, now);
        alarm_foreign(coordinator, i, now);
    }
    if (coordinator->audit != NULL) {
        curfew_audit_flush(coordinator->audit, now);
    }
    int64_t due_us = INT64_MAX;
    for (int32_t i = 0; i < coordinator->lanes; i++) {
        const int64_t ripe_us = curfew_standby_due(&coordinator->slots[i].standby);
        due_us = ripe_us < due_us ? ripe_us : due_us;
    }
    const int wait_ms = curfew_coordinator_tick(coordinator, now);
    const int64_t held_us = due_us - now.boot_us;
    if (due_us == INT64_MAX || held_us >= wait_ms * CURFEW_US_PER_MS) {
        return wait_ms;
    }
    return held_us <= 0 ? 0 : (int)((held_us + CURFEW_US_PER_MS - 1) / CURFEW_US_PER_MS);
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
    state->leads = state->live && slot->standby.leads ? 1 : 0;
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
