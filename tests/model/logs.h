/* logs: the broker of the model: six partitions that only grow, and, when a path is given up, shrink back. Time stands
 * still but for whole steps; every record of a step has its timestamp. One thread. */
#ifndef CURFEW_TESTS_MODEL_LOGS_H
#define CURFEW_TESTS_MODEL_LOGS_H

#include "core/bus.h"
#include "core/clock.h"
#include "tests/model/script.h"
#include "tests/model/seen.h"

#define MODEL_RECORDS_MAX 192 /* of a partition */
#define MODEL_STEP_US (600 * CURFEW_US_PER_MS) /* what a tick moves the clocks on by */
#define MODEL_STEPS_MAX 3 /* so that nothing is published again for want of time (CURFEW_OUTBOX_RESEND_US) */

enum model_partition {
    MODEL_CONTROL,
    MODEL_LIFECYCLE,
    MODEL_REVOCATIONS, /* of lane 0; lane 1 follows */
    MODEL_REVOCATIONS_1,
    MODEL_ANSWERS, /* of lane 0; lane 1 follows */
    MODEL_ANSWERS_1,
    MODEL_PARTITIONS
};

struct model_record {
    uint8_t *bytes; /* the value, and behind it the header's */
    size_t size;
    size_t mac_size;
    int64_t timestamp_us;
    uint64_t serial; /* of all ever appended: tells a record from one of another path at the same place */
    enum curfew_event_type type;
    int64_t about; /* floors: cause; beacon: offset; accepted: to; else 0 */
    bool first; /* no record before it has these bytes */
    struct model_digest upto; /* of this record and all before it */
    struct model_digest news; /* the same, of first ones alone */
};

struct model_log {
    struct model_record records[MODEL_RECORDS_MAX];
    int64_t count;
};

struct model_logs {
    struct model_log log[MODEL_PARTITIONS];
    const struct model_script *script;
    int step; /* of time */
    int events; /* of the script, appended */
    int64_t at[MODEL_EVENTS_MAX]; /* their offsets, on their lane's log */
    uint64_t serial;
};

/* What it takes to come back here. */
struct model_mark {
    int64_t count[MODEL_PARTITIONS];
    int step;
    int events;
};

struct model_logs *model_logs_create(void);
void model_logs_destroy(struct model_logs *logs);

/* The clocks of everyone at a step of time. */
struct curfew_now model_now(int step);
void model_logs_append(struct model_logs *logs, enum model_partition partition, struct curfew_slice value,
                       struct curfew_slice mac);
void model_logs_say(struct model_logs *logs, enum model_partition partition, const struct curfew_event *event);
/* The script's next event. */
void model_logs_next(struct model_logs *logs);

/* The newest offset of a lane that was answered; -1: none. All that a coordinator takes from the answers. */
int64_t model_logs_answered(const struct model_logs *logs, int lane);

struct model_mark model_logs_mark(const struct model_logs *logs);
void model_logs_return(struct model_logs *logs, const struct model_mark *mark);

/* What a record says. Lives until the next call. */
const struct curfew_event *model_record_read(const struct model_record *record);
/* MODEL_PARTITIONS: none of the model's. */
enum model_partition model_partition_of(enum curfew_topic topic, int32_t partition);
enum curfew_topic model_partition_topic(enum model_partition partition);
int32_t model_partition_number(enum model_partition partition);

#endif
