/* emitter: lanes, what waits in them, and what the bus reports. */
#include "producer/emitter_state.h"
#include <stdio.h>
#include <stdlib.h>

enum curfew_status curfew_emitter_create(const struct curfew_emitter_options *options, struct curfew_emitter **emitter,
                                         struct curfew_error *error)
{
    struct curfew_emitter *made = calloc(1, sizeof *made);
    uint8_t *memory = malloc(CURFEW_CODEC_MEMORY);
    *emitter = NULL;
    if (made == NULL || memory == NULL) {
        free(made);
        free(memory);
        return curfew_error_set(error, CURFEW_NOMEM, "making an emitter: no memory");
    }
    made->bus = options->bus;
    made->key = options->key;
    made->judge = options->judge;
    made->due_us = INT64_MAX;
    made->arena = (struct curfew_arena){memory, CURFEW_CODEC_MEMORY, 0};
    for (int32_t i = 0; i < CURFEW_LANES_MAX; i++) {
        made->lanes[i].lane = i;
        made->lanes[i].newest = -1;
    }
    *emitter = made;
    return CURFEW_OK;
}

static void drop_all(struct curfew_emissions *list)
{
    while (list->first != NULL) {
        struct curfew_emission *emission = list->first;
        curfew_emissions_remove(list, emission);
        curfew_emission_destroy(emission);
    }
}

void curfew_emitter_destroy(struct curfew_emitter *emitter)
{
    if (emitter == NULL) {
        return;
    }
    for (int32_t i = 0; i < CURFEW_LANES_MAX; i++) {
        struct curfew_emitter_lane *lane = &emitter->lanes[i];
        drop_all(&lane->waiting);
        drop_all(&lane->sent);
        drop_all(&lane->durable);
        drop_all(&lane->resting);
        curfew_answers_clear(&lane->answers);
    }
    curfew_tickets_clear(&emitter->tickets);
    free(emitter->arena.memory);
    free(emitter);
}

size_t curfew_emitter_undelivered(const struct curfew_emitter *emitter)
{
    return emitter->undelivered;
}

void curfew_emitter_note(char problem[CURFEW_EMITTER_PROBLEM_SIZE], const char *text)
{
    snprintf(problem, CURFEW_EMITTER_PROBLEM_SIZE, "%.*s", CURFEW_EMITTER_PROBLEM_SIZE - 1, text == NULL ? "" : text);
}

/* For the log the lane is now: sent again to another, it is proven anew. */
static void prove(const struct curfew_emitter *emitter, const struct curfew_emitter_lane *lane,
                  const struct curfew_emission *emission, uint8_t mac[CURFEW_MAC_SIZE])
{
    struct curfew_log_place place = {.lane = lane->lane};
    memcpy(place.log_id, lane->log_id, sizeof place.log_id);
    curfew_mac_make(emitter->key, &place, emission->value, mac);
}

/* Sends one emission. False: no more for now. */
static bool send(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane, struct curfew_emission *emission)
{
    struct curfew_error error;
    enum curfew_status status = curfew_tickets_give(&emitter->tickets, emission, &emission->ticket, &error);
    if (status == CURFEW_OK) {
        uint8_t mac[CURFEW_MAC_SIZE];
        prove(emitter, lane, emission, mac);
        const struct curfew_bus_record record = {.topic = curfew_lane_topic(lane->lane),
                                                 .partition = curfew_lane_partition(lane->lane),
                                                 .value = emission->value,
                                                 .mac = {mac, sizeof mac},
                                                 .ticket = emission->ticket};
        status = emitter->bus->ops->produce(emitter->bus->self, &record, &error);
        if (status == CURFEW_OK) {
            emission->generation = lane->generation;
            curfew_emitter_move(emitter, emission, CURFEW_EMISSION_SENT, lane->sent.last);
            return true;
        }
        (void)curfew_tickets_take(&emitter->tickets, emission->ticket);
    }
    if (status == CURFEW_FULL) {
        lane->retry_us = emitter->now.boot_us + CURFEW_EMITTER_FULL_US;
        return false;
    }
    if (status == CURFEW_UNAVAILABLE) {
        curfew_emitter_note(lane->problem, error.text);
        lane->retry_us = emitter->now.boot_us + CURFEW_EMITTER_RETRY_US;
        return false;
    }
    curfew_emitter_fail(emitter, emission, &error);
    return true;
}

/* The lane's log is known; but a probe may know of how many lanes the topics have room for. */
static void finish_probe(struct curfew_emitter *emitter, struct curfew_emission *probe)
{
    const int32_t lanes = emitter->cluster.lanes;
    if (probe->lanes == 0 || lanes == 0 || probe->lanes == lanes) {
        curfew_emitter_accomplish(emitter, probe);
        return;
    }
    struct curfew_error error;
    (void)curfew_error_set(
        &error, CURFEW_INVALID,
        "genesis says there are %d lanes, but the topics have partitions for %d; somebody changed the "
        "number of partitions: delete the topics and run curfew topics create",
        (int)lanes, (int)probe->lanes);
    curfew_emitter_fail(emitter, probe, &error);
}

/* Sends what waits in the lane as far as it can be sent now. */
static void pump(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane)
{
    while (lane->waiting.first != NULL && lane->log == CURFEW_LOG_KNOWN && emitter->now.boot_us >= lane->retry_us) {
        struct curfew_emission *emission = lane->waiting.first;
        if (curfew_emission_is_probe(emission)) {
            finish_probe(emitter, emission);
            continue;
        }
        if (emission->wait == CURFEW_WAIT_ACCEPTED && lane->following != CURFEW_ANSWERS_FOLLOWED) {
            return;
        }
        if (!send(emitter, lane, emission)) {
            return;
        }
    }
}

static void note_due(struct curfew_emitter *emitter, const struct curfew_emission *emission)
{
    if (emission->deadline_us != 0 && emission->deadline_us < emitter->due_us) {
        emitter->due_us = emission->deadline_us;
    }
    if (emission->state == CURFEW_EMISSION_WAITING && emission->send_by_us != 0 &&
        emission->send_by_us < emitter->due_us) {
        emitter->due_us = emission->send_by_us;
    }
}

void curfew_emitter_add(struct curfew_emitter *emitter, struct curfew_emission *emission, struct curfew_now now)
{
    struct curfew_emitter_lane *lane = &emitter->lanes[emission->lane];
    const int32_t lanes = emitter->cluster.lanes;
    emitter->now = now;
    if (emission->lane >= emitter->lanes_used) {
        emitter->lanes_used = emission->lane + 1;
    }
    emission->state = CURFEW_EMISSION_WAITING;
    emission->receipt = (struct curfew_receipt){.lane = emission->lane, .offset = -1};
    emission->send_by_us = emission->heartbeat ? now.boot_us + CURFEW_EMITTER_HEARTBEAT_US : 0;
    curfew_emissions_append(&lane->waiting, emission);
    emitter->undelivered += curfew_emission_is_probe(emission) ? 0 : 1;
    if (lanes != 0 && emission->lane >= lanes && !curfew_emission_is_probe(emission)) {
        curfew_emitter_fail_beyond(emitter, lane);
        return;
    }
    note_due(emitter, emission);
    bool accepted = emission->wait == CURFEW_WAIT_ACCEPTED;
    if (lane->log == CURFEW_LOG_UNREAD) {
        curfew_emitter_read_log(emitter, lane);
    }
    if (lanes == 0 && emitter->lanes[0].log == CURFEW_LOG_UNREAD) {
        curfew_emitter_read_log(emitter, &emitter->lanes[0]); /* it says how many lanes there are */
    }
    /* Reading the log may have failed and with it everything that waits. */
    if (accepted && lane->following == CURFEW_ANSWERS_UNREAD && lane->log != CURFEW_LOG_UNREAD) {
        curfew_emitter_read_answers(emitter, lane, CURFEW_OFFSET_END);
    }
    pump(emitter, lane);
}

void curfew_emitter_send_again(struct curfew_emitter *emitter, struct curfew_emission *emission)
{
    struct curfew_emitter_lane *lane = &emitter->lanes[emission->lane];
    if (emission->heartbeat) {
        curfew_emitter_expire(emitter, emission);
        return;
    }
    emission->receipt = (struct curfew_receipt){.lane = lane->lane, .offset = -1};
    lane->retry_us = emitter->now.boot_us + CURFEW_EMITTER_RETRY_US;
    curfew_emitter_move(emitter, emission, CURFEW_EMISSION_WAITING, lane->again);
    lane->again = emission;
}

static void take_delivery(struct curfew_emitter *emitter, const struct curfew_bus_event *event)
{
    struct curfew_emission *emission = curfew_tickets_take(&emitter->tickets, event->ticket);
    if (emission == NULL) {
        return; /* it was given up before */
    }
    struct curfew_emitter_lane *lane = &emitter->lanes[emission->lane];
    if (emission->generation != lane->generation) {
        curfew_emitter_send_again(emitter, emission); /* to a log that is no more */
        return;
    }
    struct curfew_emission *before = lane->durable.last;
    while (before != NULL && before->receipt.offset > event->offset) {
        before = before->before;
    }
    emission->receipt.offset = event->offset;
    emission->receipt.timestamp_us = event->timestamp_us;
    emission->receipt.durable_us = emitter->now.wall_us;
    curfew_emitter_move(emitter, emission, CURFEW_EMISSION_DURABLE, before);
    lane->problem[0] = '\0';
    emitter->problem[0] = '\0';
    if (lane->log == CURFEW_LOG_UNREAD || (lane->log == CURFEW_LOG_KNOWN && event->offset <= lane->newest)) {
        curfew_emitter_read_log(emitter, lane); /* the log begins anew: what it is called now decides */
    }
    if (event->offset > lane->newest) {
        lane->newest = event->offset;
    }
    if (lane->log == CURFEW_LOG_KNOWN) {
        curfew_emitter_settle(emitter, emission);
    }
}

static void take_failure(struct curfew_emitter *emitter, const struct curfew_bus_event *event)
{
    struct curfew_emission *emission = curfew_tickets_take(&emitter->tickets, event->ticket);
    if (emission == NULL) {
        return;
    }
    struct curfew_emitter_lane *lane = &emitter->lanes[emission->lane];
    curfew_emitter_note(lane->problem, event->text);
    curfew_emitter_send_again(emitter, emission);
}

void curfew_emitter_handle(struct curfew_emitter *emitter, const struct curfew_bus_event *event, struct curfew_now now)
{
    int32_t number = curfew_lane_of_partition(event->topic, event->partition);
    struct curfew_emitter_lane *lane = number < 0 ? NULL : &emitter->lanes[number];
    emitter->now = now;
    switch (event->kind) {
    case CURFEW_BUS_DELIVERED:
        take_delivery(emitter, event);
        break;
    case CURFEW_BUS_UNDELIVERED:
        take_failure(emitter, event);
        break;
    case CURFEW_BUS_PROBLEM:
        curfew_emitter_note(lane == NULL ? emitter->problem : lane->problem, event->text);
        break;
    case CURFEW_BUS_RECOVERED:
        emitter->problem[0] = '\0';
        break;
    case CURFEW_BUS_RECORD:
        if (lane != NULL) {
            curfew_emitter_take_record(emitter, lane, event);
        }
        break;
    case CURFEW_BUS_CAUGHT_UP:
        if (lane != NULL) {
            curfew_emitter_take_end(emitter, lane, event);
        }
        break;
    case CURFEW_BUS_GAP:
        if (lane != NULL) {
            curfew_emitter_take_gap(emitter, lane, event);
        }
        break;
    }
    if (lane != NULL) {
        pump(emitter, lane);
    }
}

/* Tells what is late in a list, and notes when the rest will be. */
static void expire(struct curfew_emitter *emitter, struct curfew_emissions *list)
{
    struct curfew_emission *next = NULL;
    for (struct curfew_emission *emission = list->first; emission != NULL; emission = next) {
        next = emission->next;
        bool unsent = emission->state == CURFEW_EMISSION_WAITING && emission->send_by_us != 0 &&
                      emitter->now.boot_us >= emission->send_by_us;
        if (unsent || (emission->deadline_us != 0 && emitter->now.boot_us >= emission->deadline_us)) {
            curfew_emitter_expire(emitter, emission);
        } else {
            note_due(emitter, emission);
        }
    }
}

int64_t curfew_emitter_tick(struct curfew_emitter *emitter, struct curfew_now now)
{
    emitter->now = now;
    bool expiring = now.boot_us >= emitter->due_us;
    if (expiring) {
        emitter->due_us = INT64_MAX;
    }
    int64_t due_us = INT64_MAX;
    for (int32_t i = 0; i < emitter->lanes_used; i++) {
        struct curfew_emitter_lane *lane = &emitter->lanes[i];
        const int64_t wake_us = curfew_emitter_wake(emitter, lane);
        due_us = wake_us < due_us ? wake_us : due_us;
        pump(emitter, lane);
        if (expiring) {
            expire(emitter, &lane->waiting);
            expire(emitter, &lane->sent);
            expire(emitter, &lane->durable);
            expire(emitter, &lane->resting);
        }
        if (lane->waiting.first != NULL && lane->log == CURFEW_LOG_KNOWN && lane->retry_us > now.boot_us &&
            lane->retry_us < due_us) {
            due_us = lane->retry_us;
        }
    }
    return due_us < emitter->due_us ? due_us : emitter->due_us;
}

static void abandon(struct curfew_emitter *emitter, struct curfew_emissions *list)
{
    while (list->first != NULL) {
        curfew_emitter_give_up(emitter, list->first);
    }
}

void curfew_emitter_abandon(struct curfew_emitter *emitter)
{
    for (int32_t i = 0; i < CURFEW_LANES_MAX; i++) {
        abandon(emitter, &emitter->lanes[i].waiting);
        abandon(emitter, &emitter->lanes[i].sent);
        abandon(emitter, &emitter->lanes[i].durable);
        abandon(emitter, &emitter->lanes[i].resting);
    }
}
