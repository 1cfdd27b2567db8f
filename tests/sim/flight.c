/* flight: a record on its way into a log: sent, appended, durable, acknowledged; and again where that went wrong. */
#include "tests/sim/broker_state.h"

#include <stdlib.h>
#include <string.h>

#define TURN_BITS 32
#define RETRY_US (20 * CURFEW_US_PER_MS) /* what a client waits before it tries a leader again */

static struct sim_flight *find(struct sim_broker *broker, uint64_t argument)
{
    struct sim_flight *flight = &broker->flights[argument >> TURN_BITS];
    return flight->used && flight->turn == (uint32_t)argument ? flight : NULL;
}

static void later(struct sim_broker *broker, const struct sim_flight *flight, int64_t at_us, sim_deed *deed)
{
    const uint64_t index = (uint64_t)(flight - broker->flights);
    sim_agenda_put(&broker->world->agenda, at_us, deed, broker, index << TURN_BITS | flight->turn);
}

static struct sim_flight *take(struct sim_broker *broker)
{
    if (broker->free_count == 0) {
        if (broker->flight_count == broker->flight_room) {
            broker->flight_room = broker->flight_room == 0 ? 1024 : 2 * broker->flight_room;
            broker->flights = realloc(broker->flights, broker->flight_room * sizeof *broker->flights);
            broker->free_flights = realloc(broker->free_flights, broker->flight_room * sizeof *broker->free_flights);
            if (broker->flights == NULL || broker->free_flights == NULL) {
                abort();
            }
        }
        broker->flights[broker->flight_count] = (struct sim_flight){.used = false};
        broker->free_flights[broker->free_count++] = broker->flight_count++;
    }
    struct sim_flight *flight = &broker->flights[broker->free_flights[--broker->free_count]];
    const uint32_t turn = flight->turn + 1;
    *flight = (struct sim_flight){.used = true, .turn = turn};
    return flight;
}

static void end(struct sim_broker *broker, struct sim_flight *flight)
{
    free(flight->bytes);
    flight->bytes = NULL;
    flight->used = false;
    broker->free_flights[broker->free_count++] = (uint32_t)(flight - broker->flights);
}

void sim_flights_free(struct sim_broker *broker)
{
    for (uint32_t i = 0; i < broker->flight_count; i++) {
        free(broker->flights[i].bytes);
    }
    free(broker->flights);
    free(broker->free_flights);
}

static void report(struct sim_broker *broker, struct sim_flight *flight, bool delivered)
{
    const struct sim_report report = {flight->ticket, flight->topic, flight->partition, delivered ? flight->offset : -1,
                                      flight->timestamp_us};
    sim_client_report(flight->client, &report);
    end(broker, flight);
}

static void arrive(void *context, uint64_t argument);

/* The acknowledgement comes back, or the client has waited for it in vain. */
static void acknowledge(void *context, uint64_t argument)
{
    struct sim_broker *broker = context;
    struct sim_flight *flight = find(broker, argument);
    if (flight == NULL) {
        return;
    }
    const int64_t now_us = broker->world->now_us;
    struct sim_network *network = &broker->networks[flight->client->process->number];
    if (now_us >= network->blackhole_until_us && now_us >= network->no_acks_until_us) {
        report(broker, flight, true);
        return;
    }
    /* Sent again: an idempotent producer finds that it is there; one that was rebuilt meanwhile appends it twice. */
    flight->appended = !sim_dice_chance(&network->dice, 300);
    later(broker, flight, now_us + SIM_ACK_TIMEOUT_US, arrive);
}

static void commit(void *context, uint64_t argument)
{
    struct sim_broker *broker = context;
    struct sim_flight *flight = find(broker, argument);
    if (flight == NULL) {
        return;
    }
    const int slot = sim_slot(flight->topic, flight->partition);
    if (flight->cuts == broker->partitions[slot].cuts) {
        sim_partition_commit(broker, slot, flight->offset + 1);
        /* The log may have moved the flights; find it anew. */
        flight = find(broker, argument);
        if (flight != NULL) {
            later(broker, flight, broker->world->now_us + sim_network_way(broker, flight->client->process->number),
                  acknowledge);
        }
        return;
    }
    flight->appended = false; /* its leader is gone, and the record with it */
    later(broker, flight, broker->world->now_us + RETRY_US, arrive);
}

static void arrive(void *context, uint64_t argument)
{
    struct sim_broker *broker = context;
    struct sim_flight *flight = find(broker, argument);
    if (flight == NULL) {
        return;
    }
    const int64_t now_us = broker->world->now_us;
    const int slot = sim_slot(flight->topic, flight->partition);
    struct sim_partition *partition = &broker->partitions[slot];
    struct sim_network *network = &broker->networks[flight->client->process->number];
    if (now_us >= flight->give_up_us) {
        report(broker, flight, false);
        return;
    }
    int64_t blocked_us = sim_partition_blocked(broker, partition);
    blocked_us = network->blackhole_until_us > now_us && network->blackhole_until_us > blocked_us
                     ? network->blackhole_until_us
                     : blocked_us;
    if (blocked_us != 0) {
        if (!flight->client->open) {
            end(broker, flight); /* nobody is left to try again */
            return;
        }
        int64_t again_us = sim_client_again(broker, blocked_us) + sim_dice_between(&network->dice, 0, RETRY_US);
        struct sim_client *client = flight->client;
        again_us = again_us < client->last_arrival_us[slot] ? client->last_arrival_us[slot] : again_us;
        client->last_arrival_us[slot] = again_us;
        later(broker, flight, again_us < flight->give_up_us ? again_us : flight->give_up_us, arrive);
        return;
    }
    if (!flight->appended || flight->cuts != partition->cuts) {
        flight->offset = sim_partition_append(broker, slot, (struct curfew_slice){flight->bytes, flight->size},
                                              (struct curfew_slice){flight->bytes + flight->size, flight->mac_size});
        flight->timestamp_us = partition->records[flight->offset - partition->base].timestamp_us;
        flight->cuts = partition->cuts;
        flight->appended = true;
    }
    later(broker, flight, now_us + sim_dice_between(&broker->dice, 100, 1500), commit);
}

void sim_flight_begin(struct sim_client *client, const struct curfew_bus_record *record)
{
    struct sim_broker *broker = client->broker;
    struct sim_flight *flight = take(broker);
    flight->client = client;
    flight->topic = record->topic;
    flight->partition = record->partition == CURFEW_PARTITION_ANY ? 0 : record->partition;
    flight->bytes = malloc(record->value.size + record->mac.size + 1);
    if (flight->bytes == NULL) {
        abort();
    }
    memcpy(flight->bytes, record->value.at, record->value.size);
    if (record->mac.size > 0) {
        memcpy(flight->bytes + record->value.size, record->mac.at, record->mac.size);
    }
    flight->size = record->value.size;
    flight->mac_size = record->mac.size;
    flight->ticket = record->ticket;
    flight->give_up_us = broker->world->now_us + SIM_MESSAGE_TIMEOUT_US;
    const int slot = sim_slot(flight->topic, flight->partition);
    int64_t at_us = broker->world->now_us + sim_network_way(broker, client->process->number);
    at_us = at_us < client->last_arrival_us[slot] ? client->last_arrival_us[slot] : at_us;
    client->last_arrival_us[slot] = at_us;
    later(broker, flight, at_us, arrive);
}
