/* memory_bus: a broker in memory for unit tests. */
#include "memory_bus.h"

#include <stdlib.h>

static enum curfew_status produce(void *self, const struct curfew_bus_record *record, struct curfew_error *error)
{
    struct memory_bus *memory = self;
    if (memory->full || memory->report_count == MEMORY_BUS_RECORDS) {
        return curfew_error_set(error, CURFEW_FULL, "the test says the queue is full");
    }
    if (memory->silent[record->topic]) {
        return CURFEW_OK;
    }
    struct memory_report *report = &memory->reports[memory->report_count++];
    const int32_t partition = record->partition == CURFEW_PARTITION_ANY ? 0 : record->partition;
    *report = (struct memory_report){record->ticket, record->topic, partition, -1};
    if (memory->losing[record->topic]) {
        report->offset = memory->topics[record->topic][partition].count;
    } else if (!memory->failing[record->topic]) {
        report->offset = memory_bus_append(memory, record->topic, partition, record->value, record->mac);
    }
    return CURFEW_OK;
}

static enum curfew_status subscribe(void *self, enum curfew_topic topic, int32_t partition, int64_t offset,
                                    struct curfew_error *error)
{
    struct memory_bus *memory = self;
    struct memory_partition *log = &memory->topics[topic][partition];
    (void)error;
    log->subscribed = true;
    log->told_caught_up = false;
    log->position = offset == CURFEW_OFFSET_BEGIN ? 0 : offset == CURFEW_OFFSET_END ? log->count : offset;
    return CURFEW_OK;
}

static enum curfew_status unsubscribe(void *self, enum curfew_topic topic, int32_t partition,
                                      struct curfew_error *error)
{
    struct memory_bus *memory = self;
    (void)error;
    memory->topics[topic][partition].subscribed = false;
    return CURFEW_OK;
}

static bool poll_report(struct memory_bus *memory, struct curfew_bus_event *event)
{
    if (memory->report_count == 0) {
        return false;
    }
    const struct memory_report report = memory->reports[0];
    memory->report_count--;
    memmove(memory->reports, memory->reports + 1, memory->report_count * sizeof report);
    event->kind = report.offset < 0 ? CURFEW_BUS_UNDELIVERED : CURFEW_BUS_DELIVERED;
    event->topic = report.topic;
    event->partition = report.partition;
    event->offset = report.offset;
    event->ticket = report.ticket;
    event->timestamp_us = memory->now_us;
    return true;
}

static bool poll_partition(struct memory_partition *log, struct curfew_bus_event *event)
{
    if (log->position < log->count) {
        const struct memory_record *record = &log->records[log->position];
        event->kind = CURFEW_BUS_RECORD;
        event->offset = log->position++;
        event->timestamp_us = record->timestamp_us;
        event->log_append_time = !record->unstamped;
        event->value = (struct curfew_slice){record->bytes, record->size};
        event->mac = (struct curfew_slice){record->bytes + record->size, record->mac_size};
        log->told_caught_up = false;
        return true;
    }
    if (!log->told_caught_up) {
        log->told_caught_up = true;
        event->kind = CURFEW_BUS_CAUGHT_UP;
        event->offset = log->count;
        return true;
    }
    return false;
}

static enum curfew_status poll_one(void *self, int timeout_ms, struct curfew_bus_event *event,
                                   struct curfew_error *error)
{
    struct memory_bus *memory = self;
    (void)timeout_ms;
    *event = (struct curfew_bus_event){.kind = CURFEW_BUS_RECORD};
    if (poll_report(memory, event)) {
        return CURFEW_OK;
    }
    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++) {
        for (int32_t partition = 0; partition < MEMORY_BUS_PARTITIONS; partition++) {
            struct memory_partition *log = &memory->topics[topic][partition];
            event->topic = (enum curfew_topic)topic;
            event->partition = partition;
            if (log->subscribed && !memory->held[topic] && poll_partition(log, event)) {
                return CURFEW_OK;
            }
        }
    }
    return curfew_error_set(error, CURFEW_TIMEOUT, "nothing to read");
}

static void wake(void *self)
{
    (void)self;
}

static const struct curfew_bus_ops ops = {produce, subscribe, unsubscribe, poll_one, wake, wake};

struct memory_bus *memory_bus_make(void)
{
    struct memory_bus *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        abort();
    }
    memory->bus = (struct curfew_bus){&ops, memory};
    return memory;
}

void memory_bus_end(struct memory_bus *memory)
{
    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++) {
        for (int partition = 0; partition < MEMORY_BUS_PARTITIONS; partition++) {
            for (int64_t i = 0; i < memory->topics[topic][partition].count; i++) {
                free(memory->topics[topic][partition].records[i].bytes);
            }
        }
    }
    free(memory);
}

int64_t memory_bus_append(struct memory_bus *memory, enum curfew_topic topic, int32_t partition,
                          struct curfew_slice value, struct curfew_slice mac)
{
    struct memory_partition *log = &memory->topics[topic][partition];
    if (log->count == MEMORY_BUS_RECORDS) {
        abort();
    }
    struct memory_record *record = &log->records[log->count];
    record->bytes = malloc(value.size + mac.size + 1);
    if (record->bytes == NULL) {
        abort();
    }
    memcpy(record->bytes, value.at, value.size);
    if (mac.size > 0) {
        memcpy(record->bytes + value.size, mac.at, mac.size);
    }
    record->size = value.size;
    record->mac_size = mac.size;
    record->timestamp_us = memory->now_us;
    return log->count++;
}

void memory_bus_disconnect(struct memory_bus *memory)
{
    memory->report_count = 0;
    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++) {
        for (int partition = 0; partition < MEMORY_BUS_PARTITIONS; partition++) {
            memory->topics[topic][partition].subscribed = false;
        }
    }
}
