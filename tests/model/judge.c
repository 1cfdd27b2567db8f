/* judge: beacons and answers after their floors, one truth from all coordinators, every event answered and right. */
#include "tests/model/judge.h"

#include <stdarg.h>
#include <stdio.h>

static bool wrong(char fault[MODEL_FAULT_SIZE], const char *format, ...) CURFEW_PRINTF(2, 3);

static bool wrong(char fault[MODEL_FAULT_SIZE], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault, MODEL_FAULT_SIZE, format, arguments);
    va_end(arguments);
    return false;
}

/* Whether one of the first `upto` revocations of the lane holds floors of this cause. */
static bool stated(const struct model_logs *logs, int lane, int64_t cause, int64_t upto)
{
    const struct model_log *log = &logs->log[MODEL_REVOCATIONS + lane];
    for (int64_t i = 0; i < upto && i < log->count; i++) {
        if (log->records[i].type == CURFEW_EVENT_FLOORS && log->records[i].about == cause) {
            return true;
        }
    }
    return false;
}

/* The first event of the lane, before `offset`, whose floors are not among its first `upto` revocations; -1: none. */
static int owing(const struct model_logs *logs, int lane, int64_t offset, int64_t upto)
{
    for (int i = 0; i < logs->events; i++) {
        const struct model_event *event = &logs->script->events[i];
        if (event->owes && model_event_lane(event) == lane && logs->at[i] < offset &&
            !stated(logs, lane, logs->at[i], upto)) {
            return i;
        }
    }
    return -1;
}

/* What is said again of the same thing must be the same. */
static bool agrees(const struct model_log *log)
{
    const struct model_record *newest = &log->records[log->count - 1];
    for (int64_t i = 0; i + 1 < log->count; i++) {
        const struct model_record *before = &log->records[i];
        if (before->type == newest->type && before->about == newest->about && !newest->first) {
            return true;
        }
        if (before->type == newest->type && before->about == newest->about && newest->first) {
            return false;
        }
    }
    return true;
}

static bool refused(const struct curfew_accepted *answer, int64_t offset)
{
    const struct curfew_refusal *refusals = answer->refused.items;
    for (size_t i = 0; i < answer->refused.count; i++) {
        if (refusals[i].offset == offset) {
            return true;
        }
    }
    return false;
}

static bool ruled_right(const struct model_logs *logs, int lane, const struct curfew_accepted *answer,
                        char fault[MODEL_FAULT_SIZE])
{
    for (int i = 0; i < logs->events; i++) {
        const struct model_event *event = &logs->script->events[i];
        const bool spoken_of =
            model_event_lane(event) == lane && logs->at[i] >= answer->from && logs->at[i] <= answer->to;
        if (spoken_of && event->ruling != MODEL_EITHER &&
            refused(answer, logs->at[i]) != (event->ruling == MODEL_REFUSED)) {
            return wrong(fault, "event %d (%s) is %s", i, model_act_name(event->act),
                         event->ruling == MODEL_REFUSED ? "accepted" : "refused");
        }
    }
    return true;
}

bool model_judge_published(const struct model_logs *logs, const struct model_side *side, enum model_partition partition,
                           char fault[MODEL_FAULT_SIZE])
{
    const struct model_log *log = &logs->log[partition];
    const struct model_record *record = &log->records[log->count - 1];
    const int lane = model_partition_number(partition);
    const bool answer = record->type == CURFEW_EVENT_ACCEPTED;
    if (!answer && record->type != CURFEW_EVENT_BEACON && record->type != CURFEW_EVENT_FLOORS) {
        return true;
    }
    if (!answer && !agrees(log)) {
        return wrong(fault, "two %s of lane %d, offset %lld differ", curfew_event_name(record->type), lane,
                     (long long)record->about);
    }
    if (record->type == CURFEW_EVENT_FLOORS) {
        return true;
    }
    const int64_t read = side->readers[MODEL_REVOCATIONS + lane].position;
    const int event = owing(logs, lane, answer ? record->about + 1 : record->about, read);
    if (event >= 0) {
        return wrong(fault, "%s of lane %d up to offset %lld, and the floors due to event %d (%s) are not read back",
                     answer ? "an answer" : "a beacon", lane, (long long)record->about, event,
                     model_act_name(logs->script->events[event].act));
    }
    return !answer || ruled_right(logs, lane, &model_record_read(record)->as.accepted, fault);
}

static bool answered(const struct model_logs *logs, int lane, int64_t offset)
{
    const struct model_log *log = &logs->log[MODEL_ANSWERS + lane];
    for (int64_t i = 0; i < log->count; i++) {
        const struct curfew_accepted *answer = &model_record_read(&log->records[i])->as.accepted;
        if (offset >= answer->from && offset <= answer->to) {
            return true;
        }
    }
    return false;
}

bool model_judge_ended(const struct model_logs *logs, char fault[MODEL_FAULT_SIZE])
{
    for (int i = 0; i < logs->events; i++) {
        const int lane = model_event_lane(&logs->script->events[i]);
        if (!answered(logs, lane, logs->at[i])) {
            return wrong(fault, "event %d (%s) is never answered", i, model_act_name(logs->script->events[i].act));
        }
        if (owing(logs, lane, INT64_MAX, INT64_MAX) >= 0) {
            return wrong(fault, "the floors due to event %d (%s) never come", owing(logs, lane, INT64_MAX, INT64_MAX),
                         model_act_name(logs->script->events[owing(logs, lane, INT64_MAX, INT64_MAX)].act));
        }
    }
    return true;
}
