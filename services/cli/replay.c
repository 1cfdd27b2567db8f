/* replay: from a lane's first record to its end. */
#include "services/cli/replay.h"
#include "core/clock.h"
#include <inttypes.h>

#define POLL_MS 100

/* How far a replay has come. */
struct progress {
    int64_t records;
    bool end; /* all there is was stepped */
};

/* Takes one event of the lane's partition. */
static enum curfew_status take(const struct curfew_bus_event *event, int32_t number, struct curfew_lane *lane,
                               struct progress *progress, struct curfew_error *error)
{
    if (event->topic != curfew_lane_topic(number) || event->partition != curfew_lane_partition(number))
        return CURFEW_OK;
    if (event->kind == CURFEW_BUS_CAUGHT_UP)
        progress->end = true;
    if (event->kind == CURFEW_BUS_GAP)
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "reading lane %d: records went while they were read; try again", (int)number);
    if (event->kind != CURFEW_BUS_RECORD)
        return CURFEW_OK;
    struct curfew_effects effects;
    const struct curfew_record record = {event->offset, event->timestamp_us, event->log_append_time, event->value,
                                         event->mac};
    if (curfew_lane_step(lane, &record, &effects) != CURFEW_STEP_DONE)
        return curfew_error_set(error, CURFEW_INVALID, "reading lane %d: %s", (int)number,
                                curfew_lane_problem(lane) == NULL ? "it waits for control" : curfew_lane_problem(lane));
    progress->records++;
    return CURFEW_OK;
}

enum curfew_status curfew_replay_lane(struct curfew_bus *bus, int32_t number, struct curfew_lane *lane,
                                      int64_t deadline_us, struct curfew_error *error)
{
    struct progress progress = {.records = 0};
    enum curfew_status status = bus->ops->subscribe(bus->self, curfew_lane_topic(number), curfew_lane_partition(number),
                                                    CURFEW_OFFSET_BEGIN, error);

    while (status == CURFEW_OK && !progress.end) {
        struct curfew_bus_event event;
        if (curfew_clock_now().boot_us >= deadline_us)
            return curfew_error_set(error, CURFEW_TIMEOUT,
                                    "reading lane %d: its end was not reached in time, after %" PRId64
                                    " records; a log holds all its ticks, and a day of them takes seconds: give it "
                                    "longer with --timeout 5m",
                                    (int)number, progress.records);
        status = bus->ops->poll(bus->self, POLL_MS, &event, error);
        if (status == CURFEW_OK)
            status = take(&event, number, lane, &progress, error);
        else if (status == CURFEW_TIMEOUT)
            status = CURFEW_OK;
    }
    if (status != CURFEW_OK)
        return status;
    return bus->ops->unsubscribe(bus->self, curfew_lane_topic(number), curfew_lane_partition(number), error);
}
