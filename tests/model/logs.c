/* logs: six partitions in memory that can go back. */
#include "tests/model/logs.h"

#include "schemas/codec.h"
#include "tests/common/author.h"
#include <stdio.h>
#include <stdlib.h>

#define BOOT_US (1000 * CURFEW_US_PER_S)

static const struct {
    enum curfew_topic topic;
    int32_t partition;
} places[MODEL_PARTITIONS] = {
    {CURFEW_TOPIC_CONTROL, 0},     {CURFEW_TOPIC_LIFECYCLE, 0}, {CURFEW_TOPIC_REVOCATIONS, 0},
    {CURFEW_TOPIC_REVOCATIONS, 1}, {CURFEW_TOPIC_ANSWERS, 0},   {CURFEW_TOPIC_ANSWERS, 1},
};

enum model_partition model_partition_of(enum curfew_topic topic, int32_t partition)
{
    enum model_partition found = MODEL_CONTROL;
    while (found < MODEL_PARTITIONS && (places[found].topic != topic || places[found].partition != partition)) {
        found++;
    }
    return found;
}

enum curfew_topic model_partition_topic(enum model_partition partition)
{
    return places[partition].topic;
}

int32_t model_partition_number(enum model_partition partition)
{
    return places[partition].partition;
}

struct model_logs *model_logs_create(void)
{
    struct model_logs *logs = calloc(1, sizeof *logs);
    if (logs == NULL) {
        abort();
    }
    for (int32_t lane = 0; lane < 2; lane++) {
        const struct curfew_event genesis = model_script_genesis(lane);
        model_logs_say(logs, lane == 0 ? MODEL_CONTROL : MODEL_LIFECYCLE, &genesis);
    }
    return logs;
}

void model_logs_destroy(struct model_logs *logs)
{
    if (logs != NULL) {
        const struct model_mark nothing = {.step = 0};
        model_logs_return(logs, &nothing);
        free(logs);
    }
}

struct curfew_now model_now(int step)
{
    return (struct curfew_now){MODEL_T0 + step * MODEL_STEP_US, BOOT_US + step * MODEL_STEP_US};
}

const struct curfew_event *model_record_read(const struct model_record *record)
{
    static _Alignas(max_align_t) uint8_t memory[CURFEW_CODEC_MEMORY];
    static struct curfew_event event;
    struct curfew_arena arena = {memory, sizeof memory, 0};
    struct curfew_error error = {.text = ""};
    enum curfew_reason reason = CURFEW_REASON_UNDECODABLE;
    const struct curfew_slice bytes = {record->bytes, record->size};
    if (curfew_codec_decode(bytes, &arena, &event, &reason, &error) != CURFEW_OK) {
        (void)fprintf(stderr, "model: a record cannot be read: %s\n", error.text);
        abort();
    }
    return &event;
}

static void describe(struct model_record *record)
{
    const struct curfew_event *event = model_record_read(record);
    record->type = event->type;
    if (event->type == CURFEW_EVENT_FLOORS) {
        record->about = event->as.floors.cause;
    } else if (event->type == CURFEW_EVENT_BEACON) {
        record->about = event->as.beacon.offset;
    } else if (event->type == CURFEW_EVENT_ACCEPTED) {
        record->about = event->as.accepted.to;
    }
}

static bool is_first(const struct model_log *log, const struct model_record *record)
{
    for (int64_t i = 0; i < log->count; i++) {
        const struct model_record *before = &log->records[i];
        if (before->size == record->size && memcmp(before->bytes, record->bytes, record->size) == 0) {
            return false;
        }
    }
    return true;
}

static void digest(const struct model_log *log, struct model_record *record)
{
    record->upto = log->count == 0 ? model_digest_begin() : log->records[log->count - 1].upto;
    record->news = log->count == 0 ? model_digest_begin() : log->records[log->count - 1].news;
    record->upto = model_digest_number(record->upto, record->timestamp_us);
    record->upto = model_digest_bytes(record->upto, record->bytes, record->size);
    if (record->first) {
        record->news = model_digest_number(record->news, record->timestamp_us);
        record->news = model_digest_bytes(record->news, record->bytes, record->size);
    }
}

void model_logs_append(struct model_logs *logs, enum model_partition partition, struct curfew_slice value,
                       struct curfew_slice mac)
{
    struct model_log *log = &logs->log[partition];
    uint8_t *bytes = malloc(value.size + mac.size);
    if (log->count == MODEL_RECORDS_MAX || bytes == NULL) {
        (void)fprintf(stderr, "model: a partition holds %d records, the bound\n", MODEL_RECORDS_MAX);
        abort();
    }
    const bool genesis = log->count == 0 && partition <= MODEL_LIFECYCLE;
    struct model_record *record = &log->records[log->count];
    memcpy(bytes, value.at, value.size);
    if (mac.size > 0) {
        memcpy(bytes + value.size, mac.at, mac.size);
    }
    *record =
        (struct model_record){.bytes = bytes,
                              .size = value.size,
                              .mac_size = mac.size,
                              .timestamp_us = model_now(logs->step).wall_us - (genesis ? MODEL_GENESIS_AGO_US : 0),
                              .serial = ++logs->serial};
    describe(record);
    record->first = is_first(log, record);
    digest(log, record);
    log->count++;
}

void model_logs_say(struct model_logs *logs, enum model_partition partition, const struct curfew_event *event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    struct curfew_error error = {.text = ""};
    size_t size = 0;
    if (curfew_codec_encode(event, bytes, sizeof bytes, &size, &error) != CURFEW_OK) {
        (void)fprintf(stderr, "model: %s\n", error.text);
        abort();
    }
    uint8_t mac[CURFEW_MAC_SIZE];
    const int32_t lane = partition == MODEL_CONTROL ? 0 : 1;
    struct curfew_log_place place = {.lane = lane};
    memcpy(place.log_id, model_script_genesis(lane).as.genesis.log_id, sizeof place.log_id);
    author_prove_event(event, &place, (struct curfew_slice){bytes, size}, mac);
    model_logs_append(logs, partition, (struct curfew_slice){bytes, size}, (struct curfew_slice){mac, sizeof mac});
}

void model_logs_next(struct model_logs *logs)
{
    const int index = logs->events++;
    const enum model_partition partition =
        model_event_lane(&logs->script->events[index]) == 0 ? MODEL_CONTROL : MODEL_LIFECYCLE;
    const struct curfew_event event = model_script_event(logs->script, index, model_now(logs->step).wall_us);
    logs->at[index] = logs->log[partition].count;
    model_logs_say(logs, partition, &event);
}

int64_t model_logs_answered(const struct model_logs *logs, int lane)
{
    const struct model_log *log = &logs->log[MODEL_ANSWERS + lane];
    int64_t newest = -1;
    for (int64_t i = 0; i < log->count; i++) {
        newest = log->records[i].about > newest ? log->records[i].about : newest;
    }
    return newest;
}

struct model_mark model_logs_mark(const struct model_logs *logs)
{
    struct model_mark mark = {.step = logs->step, .events = logs->events};
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        mark.count[i] = logs->log[i].count;
    }
    return mark;
}

void model_logs_return(struct model_logs *logs, const struct model_mark *mark)
{
    for (int i = 0; i < MODEL_PARTITIONS; i++) {
        struct model_log *log = &logs->log[i];
        while (log->count > mark->count[i]) {
            free(log->records[--log->count].bytes);
        }
    }
    logs->step = mark->step;
    logs->events = mark->events;
}
