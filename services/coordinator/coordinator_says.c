/* coordinator_says: what a coordinator itself appends to the logs: ticks, and resyncs where revocations lost records.
 */
#include "core/log.h"
#include "schemas/codec.h"
#include "services/coordinator/coordinator_state.h"

#define MEND_US (2 * CURFEW_US_PER_S) /* between two tries at what a gap needs */

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
    slot->tick_in_flight = say(coordinator, lane, &event, UINT64_C(1) << CURFEW_COORDINATOR_TICK_BIT);
}

void curfew_coordinator_mend_soon(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now)
{
    struct lane_slot *slot = &coordinator->slots[lane];
    const int64_t mended_us = now.boot_us - MEND_US + slot->standby.rank * CURFEW_RANK_HOLD_US;
    slot->mended_us = slot->mended_us > mended_us ? slot->mended_us : mended_us;
}

/* After a gap: reads the lane's revocations anew, and says resync until one is stepped, whoever said it. */
void curfew_coordinator_mend(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now)
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

/* All lanes tick together, so that one fetch of a hop brings all beacons. */
int curfew_coordinator_tick(struct curfew_coordinator *coordinator, struct curfew_now now)
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
        const int64_t due_us = curfew_standby_tick_due(&slot->standby, slot->ticked_us, period_us) - now.boot_us;
        if (due_us <= 0) {
            tick(coordinator, i, now);
        } else if (due_us < wait_us) {
            wait_us = due_us;
        }
    }
    return (int)((wait_us + CURFEW_US_PER_MS - 1) / CURFEW_US_PER_MS);
}
