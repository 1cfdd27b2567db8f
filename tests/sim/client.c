/* client: the bus of one boot of one process, as core/bus.h says it must behave. */
#include "tests/sim/broker_state.h"

#include <stdlib.h>

/* The records one fetch brings at most: a client's bound in bytes, met by a backlog only. */
#define ANSWER_LEAST 40
#define ANSWER_MOST 600

void sim_client_report(struct sim_client *client, const struct sim_report *report)
{
    if (!client->open) {
        return;
    }
    if (client->report_count == client->report_room) {
        const size_t room = client->report_room == 0 ? 64 : 2 * client->report_room;
        struct sim_report *reports = calloc(room, sizeof *reports);
        if (reports == NULL) {
            abort();
        }
        for (size_t i = 0; i < client->report_count; i++) {
            reports[i] = client->reports[(client->report_head + i) % client->report_room];
        }
        free(client->reports);
        client->reports = reports;
        client->report_head = 0;
        client->report_room = room;
    }
    client->reports[(client->report_head + client->report_count++) % client->report_room] = *report;
    sim_process_wake(client->process, client->broker->world->now_us);
}

/* Appointments name the subscription and its turn: what was asked for an earlier one is nobody's answer. */
static struct sim_subscription *of(struct sim_client *client, uint64_t argument)
{
    struct sim_subscription *subscription = &client->subscriptions[argument % SIM_SUBSCRIPTIONS];
    const bool this_turn = subscription->turn == argument / SIM_SUBSCRIPTIONS;
    return client->open && subscription->active && this_turn ? subscription : NULL;
}

static void later(struct sim_client *client, const struct sim_subscription *subscription, int64_t at_us, sim_deed *deed)
{
    const uint64_t slot = (uint64_t)(subscription - client->subscriptions);
    sim_agenda_put(&client->broker->world->agenda, at_us, deed, client, subscription->turn * SIM_SUBSCRIPTIONS + slot);
}

static int64_t way(struct sim_client *client)
{
    return sim_network_way(client->broker, client->process->number);
}

static int64_t away_until(const struct sim_client *client)
{
    const int64_t until_us = client->broker->networks[client->process->number].blackhole_until_us;
    return until_us > client->broker->world->now_us ? until_us : 0;
}

static void arrive(void *context, uint64_t argument);

/* A request is with the leader, and there is something new: the answer holds what is durable now, up to its bound. What
 * it holds is as old, when it arrives, as the way was long. */
static void serve(void *context, uint64_t argument)
{
    struct sim_client *client = context;
    struct sim_subscription *subscription = of(client, argument);
    if (subscription == NULL) {
        return;
    }
    const struct sim_partition *partition = &client->broker->partitions[argument % SIM_SUBSCRIPTIONS];
    const int64_t away_us = away_until(client);
    int64_t blocked_us = sim_partition_blocked(client->broker, partition);
    blocked_us = away_us > blocked_us ? away_us : blocked_us;
    if (blocked_us != 0) {
        later(client, subscription, sim_client_again(client->broker, blocked_us) + way(client), serve);
        return;
    }
    const int64_t most = subscription->available + subscription->answer_most;
    subscription->answer_end = partition->durable;
    subscription->answer = partition->durable < most ? partition->durable : most;
    later(client, subscription, client->broker->world->now_us + way(client), arrive);
}

static void arrive(void *context, uint64_t argument)
{
    struct sim_client *client = context;
    struct sim_subscription *subscription = of(client, argument);
    if (subscription == NULL) {
        return;
    }
    const uint64_t slot = argument % SIM_SUBSCRIPTIONS;
    const int64_t now_us = client->broker->world->now_us;
    const int64_t away_us = away_until(client);
    subscription->asked_us = (away_us != 0 ? sim_client_again(client->broker, away_us) : now_us) + way(client);
    if (away_us != 0) { /* lost on the way, and asked for again */
        later(client, subscription, subscription->asked_us, serve);
        return;
    }
    subscription->available = subscription->answer;
    subscription->end = subscription->answer_end;
    subscription->fetching = client->broker->partitions[slot].durable != subscription->available;
    if (subscription->fetching) {
        later(client, subscription, subscription->asked_us, serve);
    }
    client->ready |= UINT32_C(1) << slot;
    sim_process_wake(client->process, now_us);
}

/* The next request is with the leader already, or on its way there. */
static void fetch_soon(struct sim_client *client, int slot)
{
    struct sim_subscription *subscription = &client->subscriptions[slot];
    if (!subscription->active || subscription->fetching) {
        return;
    }
    subscription->fetching = true;
    if (subscription->asked_us <= client->broker->world->now_us) {
        serve(client, subscription->turn * SIM_SUBSCRIPTIONS + (uint64_t)slot);
    } else {
        later(client, subscription, subscription->asked_us, serve);
    }
}

void sim_clients_fetch(struct sim_broker *broker, int slot)
{
    for (struct sim_client *client = broker->clients; client != NULL; client = client->next) {
        if (client->open) {
            fetch_soon(client, slot);
        }
    }
}

void sim_clients_cut(struct sim_broker *broker, int slot, int64_t end)
{
    for (struct sim_client *client = broker->clients; client != NULL; client = client->next) {
        struct sim_subscription *subscription = &client->subscriptions[slot];
        if (client->open && subscription->active && away_until(client) == 0 && subscription->position > end) {
            subscription->lost = true;
            fetch_soon(client, slot);
        }
    }
}

static enum curfew_status produce(void *self, const struct curfew_bus_record *record, struct curfew_error *error)
{
    struct sim_client *client = self;
    if (client->outstanding == SIM_REPORTS_MAX) {
        return curfew_error_set(error, CURFEW_FULL, "the producer's queue is at its bound");
    }
    client->outstanding++;
    sim_flight_begin(client, record);
    return CURFEW_OK;
}

static enum curfew_status subscribe(void *self, enum curfew_topic topic, int32_t partition, int64_t offset,
                                    struct curfew_error *error)
{
    struct sim_client *client = self;
    const int slot = sim_slot(topic, partition);
    struct sim_subscription *subscription = &client->subscriptions[slot];
    const struct sim_partition *log = &client->broker->partitions[slot];
    (void)error;
    subscription->active = true;
    subscription->fetching = false;
    subscription->at_end = false;
    subscription->lost = false;
    subscription->turn++;
    subscription->asked_us = client->broker->world->now_us + way(client);
    subscription->answer_most =
        sim_dice_between(&client->broker->networks[client->process->number].dice, ANSWER_LEAST, ANSWER_MOST);
    subscription->position = offset == CURFEW_OFFSET_BEGIN ? log->base
                             : offset == CURFEW_OFFSET_END ? log->durable
                                                           : offset;
    subscription->available = subscription->position;
    subscription->end = -1;
    subscription->before = log->durable;
    client->ready &= ~(UINT32_C(1) << slot);
    fetch_soon(client, slot);
    return CURFEW_OK;
}

static enum curfew_status unsubscribe(void *self, enum curfew_topic topic, int32_t partition,
                                      struct curfew_error *error)
{
    struct sim_client *client = self;
    (void)error;
    client->subscriptions[sim_slot(topic, partition)].active = false;
    return CURFEW_OK;
}

static bool poll_report(struct sim_client *client, struct curfew_bus_event *event)
{
    if (client->report_count == 0) {
        return false;
    }
    const struct sim_report report = client->reports[client->report_head];
    client->report_head = (client->report_head + 1) % client->report_room;
    client->report_count--;
    client->outstanding--;
    *event = (struct curfew_bus_event){
        .kind = report.offset < 0 ? CURFEW_BUS_UNDELIVERED : CURFEW_BUS_DELIVERED,
        .topic = report.topic,
        .partition = report.partition,
        .offset = report.offset,
        .timestamp_us = report.timestamp_us,
        .ticket = report.ticket,
        .text = report.offset < 0 ? "timed out" : NULL,
    };
    return true;
}

static bool poll_subscription(struct sim_client *client, int slot, struct curfew_bus_event *event)
{
    struct sim_subscription *subscription = &client->subscriptions[slot];
    const struct sim_partition *log = &client->broker->partitions[slot];
    const enum curfew_topic topic = (enum curfew_topic)(slot / SIM_LANES_MAX);
    if (!subscription->active) {
        return false;
    }
    if (subscription->lost || subscription->position < log->base || subscription->position > log->durable) {
        subscription->active = false;
        *event = (struct curfew_bus_event){.kind = CURFEW_BUS_GAP,
                                           .topic = topic,
                                           .partition = slot % SIM_LANES_MAX,
                                           .offset = subscription->position,
                                           .text = "offset out of range"};
        return true;
    }
    if (subscription->position < subscription->available &&
        sim_broker_read(client->broker, topic, slot % SIM_LANES_MAX, subscription->position, event)) {
        subscription->position++;
        subscription->at_end = false;
        return true;
    }
    if (!subscription->at_end && subscription->end >= 0 && subscription->position >= subscription->end) {
        subscription->at_end = true;
        *event = (struct curfew_bus_event){.kind = CURFEW_BUS_CAUGHT_UP,
                                           .topic = topic,
                                           .partition = slot % SIM_LANES_MAX,
                                           .offset = subscription->position};
        return true;
    }
    return false;
}

static enum curfew_status poll_one(void *self, int timeout_ms, struct curfew_bus_event *event,
                                   struct curfew_error *error)
{
    struct sim_client *client = self;
    (void)timeout_ms;
    if (poll_report(client, event)) {
        return CURFEW_OK;
    }
    for (int i = 0; client->ready != 0 && i < SIM_SUBSCRIPTIONS; i++) {
        const int slot = (client->turn + i) % SIM_SUBSCRIPTIONS;
        if ((client->ready >> slot & 1) == 0) {
            continue;
        }
        if (poll_subscription(client, slot, event)) {
            client->turn = slot;
            return CURFEW_OK;
        }
        client->ready &= ~(UINT32_C(1) << slot);
    }
    return error == NULL ? CURFEW_TIMEOUT : curfew_error_set(error, CURFEW_TIMEOUT, "nothing to read");
}

static void nothing(void *self)
{
    (void)self;
}

static const struct curfew_bus_ops ops = {produce, subscribe, unsubscribe, poll_one, nothing, nothing};

struct sim_client *sim_client_open(struct sim_broker *broker, struct sim_process *process, struct curfew_bus *bus)
{
    struct sim_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        abort();
    }
    client->broker = broker;
    client->process = process;
    client->open = true;
    client->next = broker->clients;
    broker->clients = client;
    *bus = (struct curfew_bus){&ops, client};
    return client;
}

void sim_client_close(struct sim_client *client)
{
    if (client != NULL) {
        client->open = false;
    }
}

bool sim_client_catches_up(const struct sim_client *client, enum curfew_topic topic, int32_t partition)
{
    const struct sim_subscription *subscription = &client->subscriptions[sim_slot(topic, partition)];
    return subscription->position <= subscription->before;
}
