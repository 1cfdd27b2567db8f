/* bus: what Curfew asks of a log broker, as an ops table: Kafka in production (core/bus_kafka.h), a seeded world in the
 * simulator. Components publish and subscribe through it without blocking; only a runner polls it, and hands each event
 * to its component.
 *
 * Threads: produce, subscribe, unsubscribe and poll on one thread, the owner's; wake from any. */
#ifndef CURFEW_CORE_BUS_H
#define CURFEW_CORE_BUS_H

#include <curfew/slice.h>
#include <curfew/status.h>
#include <stdint.h>

enum curfew_topic {
    CURFEW_TOPIC_CONTROL, /* 1 partition: lane 0 */
    CURFEW_TOPIC_LIFECYCLE, /* L partitions: lane k is partition k - 1 */
    CURFEW_TOPIC_REVOCATIONS, /* L + 1 partitions: lane k is partition k */
    CURFEW_TOPIC_ANSWERS, /* L + 1 partitions */
    CURFEW_TOPIC_STATUS,
    CURFEW_TOPIC_AUDIT,
    CURFEW_TOPIC_DEADLETTER,
    CURFEW_TOPIC_COUNT
};

/* "control", "lifecycle", … without the prefix. */
const char *curfew_topic_name(enum curfew_topic topic);

/* The topic and partition that hold a lane's log. */
static inline enum curfew_topic curfew_lane_topic(int32_t lane)
{
    return lane == 0 ? CURFEW_TOPIC_CONTROL : CURFEW_TOPIC_LIFECYCLE;
}

static inline int32_t curfew_lane_partition(int32_t lane)
{
    return lane == 0 ? 0 : lane - 1;
}

#define CURFEW_OFFSET_BEGIN INT64_C(-2)
#define CURFEW_OFFSET_END INT64_C(-1)
#define CURFEW_PARTITION_ANY (-1)
#define CURFEW_MAC_HEADER "curfew-mac" /* proves the writer: core/mac.h */
#define CURFEW_RECORD_MAX (1024 * 1024 - 1024) /* bytes of a record's value */

enum curfew_bus_event_kind {
    CURFEW_BUS_RECORD, /* a record of a subscribed partition, in offset order */
    CURFEW_BUS_CAUGHT_UP, /* all there is of the partition was delivered; offset: of the next record */
    CURFEW_BUS_GAP, /* the position is no longer there (retention, truncation, recreation): subscribe anew */
    CURFEW_BUS_DELIVERED, /* a produced record is durable: acks=all; offset and timestamp are its */
    CURFEW_BUS_UNDELIVERED, /* it may or may not be there; produce it again or give up */
    CURFEW_BUS_PROBLEM, /* for the log and /readyz: text says what and where; the bus goes on by itself */
    CURFEW_BUS_RECOVERED, /* a broker answers again after a problem */
};

struct curfew_bus_event {
    enum curfew_bus_event_kind kind;
    enum curfew_topic topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_us;
    bool log_append_time; /* the timestamp is the broker's */
    struct curfew_slice key;
    struct curfew_slice value; /* valid until the next poll */
    struct curfew_slice mac; /* of the header curfew-mac, empty without one; valid until the next poll */
    uint64_t ticket; /* of the produce call, for delivered and undelivered */
    const char *text; /* for undelivered, gap and problem; valid until the next poll */
};

static inline struct curfew_bus_event curfew_bus_event_of(enum curfew_bus_event_kind kind, enum curfew_topic topic,
                                                          int32_t partition, int64_t offset)
{
    return (struct curfew_bus_event){.kind = kind, .topic = topic, .partition = partition, .offset = offset};
}

struct curfew_bus_record {
    enum curfew_topic topic;
    int32_t partition; /* or CURFEW_PARTITION_ANY */
    struct curfew_slice key;
    struct curfew_slice value; /* copied */
    struct curfew_slice mac; /* goes into the header curfew-mac; empty: no such header; copied */
    uint64_t ticket; /* comes back in delivered or undelivered */
};

struct curfew_bus_ops {
    /* Queues a record. CURFEW_FULL: the queue is at its bound, nothing was taken. Exactly one delivered or undelivered
     * event follows each OK. */
    enum curfew_status (*produce)(void *self, const struct curfew_bus_record *record, struct curfew_error *error);
    /* Begins (or begins again) to read a partition at an offset, CURFEW_OFFSET_BEGIN or CURFEW_OFFSET_END. After it
     * returns no event of an older subscription of that partition is delivered. */
    enum curfew_status (*subscribe)(void *self, enum curfew_topic topic, int32_t partition, int64_t offset,
                                    struct curfew_error *error);
    enum curfew_status (*unsubscribe)(void *self, enum curfew_topic topic, int32_t partition,
                                      struct curfew_error *error);
    /* Waits up to `timeout_ms` (0: not at all) for one event. CURFEW_TIMEOUT: there was none. */
    enum curfew_status (*poll)(void *self, int timeout_ms, struct curfew_bus_event *event, struct curfew_error *error);
    /* Makes a running or the next poll return at once. */
    void (*wake)(void *self);
    /* Gives up what is still queued; its tickets are not reported. */
    void (*destroy)(void *self);
};

struct curfew_bus {
    const struct curfew_bus_ops *ops;
    void *self;
};

#endif
