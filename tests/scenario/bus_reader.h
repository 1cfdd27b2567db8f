/* bus_reader: a Kafka bus for scenario tests, and ways to wait for what it reports. Whatever does not come in time
 * fails the running test. */
#ifndef BUS_READER_H
#define BUS_READER_H

#include "core/bus_kafka.h"
#include "tests/scenario/rig.h"

#define BUS_WAIT_MS 30000 /* for one event */
#define BUS_SETTINGS_MAX 8

/* A config for that broker and topics, with more settings name, value, …, NULL (NULL: none). The caller destroys it. */
struct curfew_config *reader_config(struct rig *rig, const char *prefix, const char *const *settings);
/* A bus of such a config. */
struct curfew_bus reader_open(struct rig *rig, const char *prefix, const char *const *settings);

/* control 1, lifecycle 2, revocations 3 and answers 3 partitions. */
void reader_create_topics(struct rig *rig, const char *prefix);

void reader_subscribe(struct curfew_bus *bus, enum curfew_topic topic, int32_t partition, int64_t offset);
/* Produces `text` with the ticket; it must be taken. */
void reader_produce(struct curfew_bus *bus, enum curfew_topic topic, int32_t partition, const char *text,
                    uint64_t ticket);
/* Polls until an event of that kind comes; those before are passed over. Its slices last until the next call. */
struct curfew_bus_event reader_await(struct curfew_bus *bus, enum curfew_bus_event_kind kind);
/* The next event, whatever it is. */
struct curfew_bus_event reader_next(struct curfew_bus *bus);
/* Produces and waits until it is durable; gives its offset. */
int64_t reader_put(struct curfew_bus *bus, enum curfew_topic topic, int32_t partition, const char *text);

/* Deletes a topic while whoever uses it runs; makes it again, empty, once the old one is gone. */
void reader_delete_topic(struct rig *rig, const char *prefix, enum curfew_topic topic);
void reader_create_again(struct rig *rig, const char *prefix, enum curfew_topic topic, int32_t partitions);

#endif
