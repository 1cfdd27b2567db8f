/* broker: logs, leaders, and what breaks of them. */
#include "tests/sim/broker.h"

#include "tests/sim/broker_state.h"
#include <stdlib.h>
#include <string.h>

struct sim_broker *sim_broker_create(struct sim_world *world, const struct sim_broker_observer *observer)
{
    struct sim_broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL) {
        abort();
    }
    broker->world = world;
    broker->observer = *observer;
    broker->dice = sim_dice_of(world->plan->size.seed, "broker");
    for (int i = 0; i < SIM_PROCESSES_MAX; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "network-%d", i);
        broker->networks[i].dice = sim_dice_of(world->plan->size.seed, name);
    }
    for (int i = 0; i < SIM_SUBSCRIPTIONS; i++) {
        broker->partitions[i].leader = i % SIM_BROKERS;
    }
    return broker;
}

static void forget_from(struct sim_partition *partition, int64_t end)
{
    while (partition->base + partition->count > end) {
        free(partition->records[--partition->count].bytes);
    }
}

void sim_broker_destroy(struct sim_broker *broker)
{
    if (broker == NULL) {
        return;
    }
    sim_flights_free(broker);
    for (int i = 0; i < SIM_SUBSCRIPTIONS; i++) {
        forget_from(&broker->partitions[i], broker->partitions[i].base);
        free(broker->partitions[i].records);
    }
    while (broker->clients != NULL) {
        struct sim_client *client = broker->clients;
        broker->clients = client->next;
        free(client->reports);
        free(client);
    }
    free(broker);
}

int64_t sim_network_way(struct sim_broker *broker, int process)
{
    struct sim_network *network = &broker->networks[process];
    const int64_t extra_us = broker->world->now_us < network->extra_until_us ? network->extra_us : 0;
    return sim_dice_between(&network->dice, 100, 600) + extra_us;
}

int64_t sim_partition_blocked(const struct sim_broker *broker, const struct sim_partition *partition)
{
    const int64_t now_us = broker->world->now_us;
    int64_t until_us = partition->stalled_until_us;
    if (broker->down_until_us[partition->leader] > until_us) {
        until_us = broker->down_until_us[partition->leader];
    }
    return until_us > now_us ? until_us : 0;
}

int64_t sim_partition_append(struct sim_broker *broker, int slot, struct curfew_slice value, struct curfew_slice mac)
{
    struct sim_partition *partition = &broker->partitions[slot];
    if (partition->count == partition->room) {
        partition->room = partition->room == 0 ? 256 : 2 * partition->room;
        partition->records = realloc(partition->records, (size_t)partition->room * sizeof *partition->records);
    }
    uint8_t *bytes = malloc(value.size + mac.size + 1);
    if (bytes == NULL || partition->records == NULL) {
        abort();
    }
    memcpy(bytes, value.at, value.size);
    if (mac.size > 0) {
        memcpy(bytes + value.size, mac.at, mac.size);
    }
    partition->records[partition->count] = (struct sim_record){
        bytes, value.size, mac.size, broker->world->now_us + broker->clock_error_us[partition->leader]};
    return partition->base + partition->count++;
}

static void show(const struct sim_broker *broker, int slot, int64_t offset, struct curfew_bus_event *event)
{
    const struct sim_partition *partition = &broker->partitions[slot];
    const struct sim_record *record = &partition->records[offset - partition->base];
    *event = (struct curfew_bus_event){
        .kind = CURFEW_BUS_RECORD,
        .topic = (enum curfew_topic)(slot / SIM_LANES_MAX),
        .partition = slot % SIM_LANES_MAX,
        .offset = offset,
        .timestamp_us = record->timestamp_us,
        .log_append_time = true,
        .value = {record->bytes, record->size},
        .mac = {record->bytes + record->size, record->mac_size},
    };
}

void sim_partition_commit(struct sim_broker *broker, int slot, int64_t end)
{
    struct sim_partition *partition = &broker->partitions[slot];
    const bool more = partition->durable < end;
    for (; partition->durable < end; partition->durable++) {
        struct curfew_bus_event event;
        show(broker, slot, partition->durable, &event);
        broker->observer.committed(broker->observer.context, event.topic, event.partition, &event);
    }
    if (more) {
        sim_clients_fetch(broker, slot);
    }
}

void sim_broker_delay(struct sim_broker *broker, int process, int64_t extra_us, int64_t until_us)
{
    broker->networks[process].extra_us = extra_us;
    broker->networks[process].extra_until_us = until_us;
}

void sim_broker_blackhole(struct sim_broker *broker, int process, int64_t until_us)
{
    broker->networks[process].blackhole_until_us = until_us;
}

void sim_broker_lose_acks(struct sim_broker *broker, int process, int64_t until_us)
{
    broker->networks[process].no_acks_until_us = until_us;
}

void sim_broker_clock(struct sim_broker *broker, int which, int64_t error_us)
{
    broker->clock_error_us[which] = error_us;
}

/* The log ends at `end` from now on. What was durable and is not any more is told. */
static void cut(struct sim_broker *broker, int slot, int64_t end)
{
    struct sim_partition *partition = &broker->partitions[slot];
    if (partition->base + partition->count <= end) {
        return;
    }
    partition->cuts++;
    if (partition->durable > end) {
        partition->durable = end;
        broker->observer.cut(broker->observer.context, (enum curfew_topic)(slot / SIM_LANES_MAX), slot % SIM_LANES_MAX,
                             end);
        sim_clients_cut(broker, slot, end);
    }
    forget_from(partition, end);
}

/* Another broker leads: what only the old leader had is gone. */
static void elect(struct sim_broker *broker, int slot)
{
    struct sim_partition *partition = &broker->partitions[slot];
    for (int i = 1; i < SIM_BROKERS; i++) {
        const int candidate = (partition->leader + i) % SIM_BROKERS;
        if (broker->down_until_us[candidate] <= broker->world->now_us) {
            partition->leader = candidate;
            partition->stalled_until_us =
                broker->world->now_us + sim_dice_between(&broker->dice, 1000, SIM_ELECTION_US);
            cut(broker, slot, partition->durable);
            return;
        }
    }
}

void sim_broker_down(struct sim_broker *broker, int which, int64_t until_us)
{
    broker->down_until_us[which] = until_us;
    for (int i = 0; i < SIM_SUBSCRIPTIONS; i++) {
        if (broker->partitions[i].leader == which) {
            elect(broker, i);
        }
    }
}

void sim_broker_leader_change(struct sim_broker *broker, enum curfew_topic topic, int32_t partition)
{
    elect(broker, sim_slot(topic, partition));
}

void sim_broker_unclean(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t records)
{
    const int slot = sim_slot(topic, partition);
    const struct sim_partition *log = &broker->partitions[slot];
    const int64_t first = log->base + (log->base == 0 && topic <= CURFEW_TOPIC_LIFECYCLE ? 1 : 0); /* never genesis */
    const int64_t end = log->durable - records;
    elect(broker, slot);
    if (log->durable > first) {
        cut(broker, slot, end < first ? first : end);
    }
}

void sim_broker_stall(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t until_us)
{
    broker->partitions[sim_slot(topic, partition)].stalled_until_us = until_us;
}

void sim_broker_retain(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t records)
{
    struct sim_partition *log = &broker->partitions[sim_slot(topic, partition)];
    int64_t gone = log->durable - records - log->base;
    if (gone <= 0) {
        return;
    }
    for (int64_t i = 0; i < gone; i++) {
        free(log->records[i].bytes);
    }
    memmove(log->records, log->records + gone, (size_t)(log->count - gone) * sizeof *log->records);
    log->base += gone;
    log->count -= gone;
}

void sim_broker_expire(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t age_us)
{
    const struct sim_partition *log = &broker->partitions[sim_slot(topic, partition)];
    int64_t old = 0;
    while (log->base + old < log->durable && log->records[old].timestamp_us < broker->world->now_us - age_us) {
        old++;
    }
    sim_broker_retain(broker, topic, partition, log->durable - log->base - old);
}

void sim_broker_recreate(struct sim_broker *broker, enum curfew_topic topic, int32_t partition)
{
    const int slot = sim_slot(topic, partition);
    struct sim_partition *log = &broker->partitions[slot];
    cut(broker, slot, log->base);
    log->base = 0;
    log->durable = 0;
    log->cuts++;
    sim_clients_cut(broker, slot, -1);
}

void sim_broker_calm(struct sim_broker *broker)
{
    memset(broker->clock_error_us, 0, sizeof broker->clock_error_us);
    memset(broker->down_until_us, 0, sizeof broker->down_until_us);
    for (int i = 0; i < SIM_SUBSCRIPTIONS; i++) {
        broker->partitions[i].stalled_until_us = 0;
    }
    for (int i = 0; i < SIM_PROCESSES_MAX; i++) {
        const struct sim_dice dice = broker->networks[i].dice;
        broker->networks[i] = (struct sim_network){.dice = dice};
    }
}

void sim_broker_append(struct sim_broker *broker, const struct curfew_bus_record *record)
{
    const int slot = sim_slot(record->topic, record->partition);
    sim_partition_commit(broker, slot, sim_partition_append(broker, slot, record->value, record->mac) + 1);
}

int64_t sim_broker_begin(const struct sim_broker *broker, enum curfew_topic topic, int32_t partition)
{
    return broker->partitions[sim_slot(topic, partition)].base;
}

int64_t sim_broker_end(const struct sim_broker *broker, enum curfew_topic topic, int32_t partition)
{
    return broker->partitions[sim_slot(topic, partition)].durable;
}

bool sim_broker_read(const struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t offset,
                     struct curfew_bus_event *record)
{
    const int slot = sim_slot(topic, partition);
    if (offset < broker->partitions[slot].base || offset >= broker->partitions[slot].durable) {
        return false;
    }
    show(broker, slot, offset, record);
    return true;
}
