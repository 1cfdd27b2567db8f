/* broker: a cluster of brokers and everybody's connection to it: partitions with leaders, timestamps by the leader's
 * clock, what is durable only after a while, acknowledgements that get lost, logs that are cut at either end.
 *
 * A client is a `curfew_bus` of one boot of one process. What it had sent when it crashed may still arrive.
 * As librdkafka 2.0.2: a position outside the log is a gap; a log cut and grown again past a reader while it was away
 * goes unnoticed (KIP-320 is not there). */
#ifndef CURFEW_TESTS_SIM_BROKER_H
#define CURFEW_TESTS_SIM_BROKER_H

#include "tests/sim/plan.h"
#include "tests/sim/process.h"

struct sim_broker;
struct sim_client;

/* Told, in order, of everything that becomes durable or goes: the oracle listens. */
struct sim_broker_observer {
    void (*committed)(void *context, enum curfew_topic topic, int32_t partition, const struct curfew_bus_event *record);
    void (*cut)(void *context, enum curfew_topic topic, int32_t partition,
                int64_t end); /* records from `end` on went */
    void *context;
};

struct sim_broker *sim_broker_create(struct sim_world *world, const struct sim_broker_observer *observer);
void sim_broker_destroy(struct sim_broker *broker);

struct sim_client *sim_client_open(struct sim_broker *broker, struct sim_process *process, struct curfew_bus *bus);
void sim_client_close(struct sim_client *client);
/* Whether what it read last was there before it subscribed. */
bool sim_client_catches_up(const struct sim_client *client, enum curfew_topic topic, int32_t partition);
/* Network faults of a process outlive its boots. */
void sim_broker_delay(struct sim_broker *broker, int process, int64_t extra_us, int64_t until_us);
void sim_broker_blackhole(struct sim_broker *broker, int process, int64_t until_us);
void sim_broker_lose_acks(struct sim_broker *broker, int process, int64_t until_us);

void sim_broker_clock(struct sim_broker *broker, int which, int64_t error_us);
void sim_broker_down(struct sim_broker *broker, int which, int64_t until_us);
void sim_broker_leader_change(struct sim_broker *broker, enum curfew_topic topic, int32_t partition);
void sim_broker_unclean(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t records);
void sim_broker_stall(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t until_us);
void sim_broker_retain(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t records);
/* What is older, by the brokers' timestamps, goes, up to the first that is not. */
void sim_broker_expire(struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t age_us);
/* Empties it: offsets begin anew at 0. */
void sim_broker_recreate(struct sim_broker *broker, enum curfew_topic topic, int32_t partition);
/* Everything mended: brokers up, clocks right, networks whole. */
void sim_broker_calm(struct sim_broker *broker);
/* Appends as `curfew topics create` does: durable at once. */
void sim_broker_append(struct sim_broker *broker, const struct curfew_bus_record *record);

/* The log as it stands: durable records from..end - 1. NULL: not there. */
int64_t sim_broker_begin(const struct sim_broker *broker, enum curfew_topic topic, int32_t partition);
int64_t sim_broker_end(const struct sim_broker *broker, enum curfew_topic topic, int32_t partition);
bool sim_broker_read(const struct sim_broker *broker, enum curfew_topic topic, int32_t partition, int64_t offset,
                     struct curfew_bus_event *record);

#endif
