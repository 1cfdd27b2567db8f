/* memory_bus: a broker in memory for unit tests: topics of one process, appended to at a clock the test sets. Records
 * can be held back from readers, lost, repeated; produce can be refused. */
#ifndef CURFEW_TESTS_UNIT_MEMORY_BUS_H
#define CURFEW_TESTS_UNIT_MEMORY_BUS_H

#include "core/bus.h"

#define MEMORY_BUS_PARTITIONS 4
#define MEMORY_BUS_RECORDS 4096

struct memory_record {
    uint8_t *bytes;
    size_t size;
    size_t mac_size; /* of the header, which stands behind the value's bytes */
    int64_t timestamp_us;
    bool unstamped; /* the timestamp is its producer's */
};

struct memory_partition {
    struct memory_record records[MEMORY_BUS_RECORDS];
    int64_t count;
    bool subscribed;
    bool told_caught_up;
    int64_t position;
};

struct memory_report {
    uint64_t ticket;
    enum curfew_topic topic;
    int32_t partition;
    int64_t offset; /* -1: undelivered */
};

struct memory_bus {
    struct curfew_bus bus;
    struct memory_partition topics[CURFEW_TOPIC_COUNT][MEMORY_BUS_PARTITIONS];
    struct memory_report reports[MEMORY_BUS_RECORDS];
    size_t report_count;
    int64_t now_us;
    bool full; /* produce says CURFEW_FULL */
    bool losing[CURFEW_TOPIC_COUNT]; /* produced records are reported delivered and are not there */
    bool failing[CURFEW_TOPIC_COUNT]; /* produced records are reported undelivered */
    bool held[CURFEW_TOPIC_COUNT]; /* readers are shown nothing of the topic */
    bool silent[CURFEW_TOPIC_COUNT]; /* produced records are on their way for ever: not there, and not reported */
};

struct memory_bus *memory_bus_make(void);
void memory_bus_end(struct memory_bus *memory);
/* Appends as a stranger would. Gives the offset. */
int64_t memory_bus_append(struct memory_bus *memory, enum curfew_topic topic, int32_t partition,
                          struct curfew_slice value, struct curfew_slice mac);
/* Forgets subscriptions and reports, as a process that ends does; the records stay. */
void memory_bus_disconnect(struct memory_bus *memory);

#endif
