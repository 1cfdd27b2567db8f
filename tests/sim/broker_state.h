/* broker_state: the inside of the simulated cluster, shared by broker.c (logs, leaders, faults), flight.c (records on
 * their way in) and client.c (the bus of one boot of one process), and by nobody else. */
#ifndef CURFEW_TESTS_SIM_BROKER_STATE_H
#define CURFEW_TESTS_SIM_BROKER_STATE_H

#include "tests/sim/world.h"

#define SIM_REPORTS_MAX 65536 /* records of a client whose report is outstanding; produce says CURFEW_FULL beyond */
#define SIM_MESSAGE_TIMEOUT_US (30 * CURFEW_US_PER_S) /* after that a record is reported undelivered */
#define SIM_ACK_TIMEOUT_US CURFEW_US_PER_S /* after that a client sends again what was not acknowledged */
#define SIM_RECONNECT_US CURFEW_US_PER_S /* reconnect.backoff.max.ms, as core/kafka_settings.c has it */
#define SIM_ELECTION_US (200 * CURFEW_US_PER_MS)

struct sim_record {
    uint8_t *bytes; /* the value, and behind it the header's */
    size_t size;
    size_t mac_size;
    int64_t timestamp_us;
};

struct sim_partition {
    struct sim_record *records; /* offsets base.. */
    int64_t base;
    int64_t count;
    int64_t room;
    int64_t durable; /* offset behind the last durable record */
    int leader;
    int64_t stalled_until_us;
    int64_t cuts; /* times its end was cut: a record appended before may be gone */
};

/* A record on its way from a client into a log, and its acknowledgement back. */
struct sim_flight {
    bool used;
    uint32_t turn; /* of this slot: tells an old appointment from a new one */
    struct sim_client *client;
    enum curfew_topic topic;
    int32_t partition;
    uint8_t *bytes; /* as a record's */
    size_t size;
    size_t mac_size;
    uint64_t ticket;
    int64_t give_up_us;
    bool appended;
    int64_t offset;
    int64_t timestamp_us;
    int64_t cuts; /* of the partition when it was appended */
};

struct sim_subscription {
    bool active;
    bool fetching; /* a request or its answer is on the agenda */
    bool at_end; /* told since the last record */
    bool lost; /* the log was cut below the position: a gap, whatever has grown since */
    int64_t position;
    int64_t available; /* fetched up to here */
    int64_t end; /* of the log, as the newest answer told it; -1: no answer yet */
    int64_t before; /* what is before this was there when the reading began */
    uint64_t turn; /* tells this subscription from earlier ones */
    int64_t asked_us; /* its next request is with the leader from then on */
    int64_t answer, answer_end; /* on its way: what will be available, and the log's end */
    int64_t answer_most; /* records an answer holds */
};

#define SIM_SUBSCRIPTIONS (CURFEW_TOPIC_COUNT * SIM_LANES_MAX)

struct sim_report {
    uint64_t ticket;
    enum curfew_topic topic;
    int32_t partition;
    int64_t offset; /* -1: undelivered */
    int64_t timestamp_us;
};

struct sim_client {
    struct sim_broker *broker;
    struct sim_process *process;
    bool open;
    struct sim_subscription subscriptions[SIM_SUBSCRIPTIONS];
    uint32_t ready; /* subscriptions that may have something, by bit */
    int turn; /* which subscription is looked at first */
    struct sim_report *reports; /* a ring */
    size_t report_head, report_count, report_room;
    size_t outstanding;
    int64_t last_arrival_us[SIM_SUBSCRIPTIONS]; /* what is sent to a partition arrives in order */
    struct sim_client *next;
};

struct sim_network {
    int64_t extra_us, extra_until_us, blackhole_until_us, no_acks_until_us;
    struct sim_dice dice;
};

struct sim_broker {
    struct sim_world *world;
    struct sim_broker_observer observer;
    struct sim_dice dice;
    struct sim_partition partitions[SIM_SUBSCRIPTIONS];
    int64_t clock_error_us[SIM_BROKERS];
    int64_t down_until_us[SIM_BROKERS];
    struct sim_network networks[SIM_PROCESSES_MAX];
    struct sim_client *clients;
    struct sim_flight *flights;
    uint32_t flight_count, flight_room;
    uint32_t *free_flights;
    uint32_t free_count;
};

static inline int sim_slot(enum curfew_topic topic, int32_t partition)
{
    return (int)topic * SIM_LANES_MAX + partition;
}

/* broker.c */
/* Until when the partition can neither be written nor read; 0: it can. */
int64_t sim_partition_blocked(const struct sim_broker *broker, const struct sim_partition *partition);
int64_t sim_partition_append(struct sim_broker *broker, int slot, struct curfew_slice value, struct curfew_slice mac);
/* Everything up to `end` is durable from now on. */
void sim_partition_commit(struct sim_broker *broker, int slot, int64_t end);
/* One way between a process and the brokers, now. */
int64_t sim_network_way(struct sim_broker *broker, int process);

/* flight.c */
void sim_flight_begin(struct sim_client *client, const struct curfew_bus_record *record);
void sim_flights_free(struct sim_broker *broker);

/* When a client tries again what cannot be done before `until_us`: it does not know, and tries once a second. */
static inline int64_t sim_client_again(const struct sim_broker *broker, int64_t until_us)
{
    const int64_t next_us = broker->world->now_us + SIM_RECONNECT_US;
    return until_us < next_us ? until_us : next_us;
}

/* client.c */
void sim_client_report(struct sim_client *client, const struct sim_report *report);
/* There may be more to fetch of a partition, or less. */
void sim_clients_fetch(struct sim_broker *broker, int slot);
/* The log now ends at `end`: whoever is connected and had read further has lost its place. */
void sim_clients_cut(struct sim_broker *broker, int slot, int64_t end);

#endif
