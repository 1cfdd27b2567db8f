/* genesis: the first record of each lane's log. */
#include "services/cli/genesis.h"
#include "core/clock.h"
#include "core/digest.h"
#include "schemas/codec.h"
#include <inttypes.h>
#include <stdio.h>

#define BYTES_MAX 8192 /* of an encoded genesis: log ids, a dozen numbers, and up to 17 writers' names */
#define TEXT_SIZE 256
#define POLL_MS 100

static void ignore_problem(void *context, const char *problem)
{
    (void)context;
    (void)problem;
}

/* Whether the control lane that a run before this one began was founded by the same. */
static bool same_founder(const struct curfew_lane_first *control, const struct curfew_founder *founder)
{
    uint8_t digest[CURFEW_SHA256_SIZE];

    curfew_first_writers_digest((struct curfew_list){founder->writers, founder->writer_count}, digest);
    return memcmp(control->genesis.master_check, founder->master_check, CURFEW_MASTER_CHECK_SIZE) == 0 &&
           memcmp(control->writers_digest, digest, sizeof digest) == 0;
}

enum curfew_status curfew_genesis_plan(const struct curfew_survey *survey, const struct curfew_settings *settings,
                                       const struct curfew_founder *founder, struct curfew_genesis_plan *plan,
                                       struct curfew_error *error)
{
    int empty = 0;
    bool begun = survey->lane[0].first == CURFEW_FIRST_GENESIS;

    memset(plan, 0, sizeof *plan);
    plan->lanes = survey->lanes;
    for (int32_t lane = 0; lane < survey->lanes; lane++) {
        plan->write[lane] = survey->lane[lane].first == CURFEW_FIRST_EMPTY;
        empty += plan->write[lane];
    }
    if (curfew_survey_lane_problems(survey, ignore_problem, NULL) != empty)
        return curfew_error_set(error, CURFEW_INVALID,
                                "planning genesis: the topics hold what no interrupted curfew topics create leaves "
                                "behind; curfew topics check names it. Nothing was written");
    if (empty == 0)
        return curfew_error_set(error, CURFEW_INVALID,
                                "creating topics: they exist already, each with its genesis; nothing was changed");
    if (!begun && empty != survey->lanes)
        return curfew_error_set(error, CURFEW_INVALID,
                                "planning genesis: control is empty but other lanes have their genesis, so control was "
                                "recreated; delete all the topics and create them again");
    if (begun && !same_founder(&survey->lane[0], founder))
        return curfew_error_set(
            error, CURFEW_INVALID,
            "planning genesis: control was begun with another master key, operator or list of "
            "coordinators; name the same --keys, --operator and --coordinator, or delete the topics");
    plan->completes = begun;
    plan->settings = begun ? survey->lane[0].genesis.settings : *settings;
    if (begun)
        memcpy(plan->control_log, survey->lane[0].genesis.log_id, CURFEW_LOG_ID_SIZE);
    else
        curfew_random(plan->control_log, CURFEW_LOG_ID_SIZE);
    return CURFEW_OK;
}

static enum curfew_status send_genesis(struct curfew_bus *bus, const struct curfew_genesis_plan *plan, int32_t lane,
                                       const struct curfew_founder *founder, struct curfew_error *error)
{
    uint8_t mac[CURFEW_MAC_SIZE];
    struct curfew_log_place place = {.lane = lane};
    struct curfew_event event = {.type = CURFEW_EVENT_GENESIS};
    struct curfew_genesis *genesis = &event.as.genesis;
    uint8_t bytes[BYTES_MAX];
    size_t size = 0;

    genesis->writer = curfew_slice_of(founder->writer);
    genesis->said_us = curfew_clock_now().wall_us;
    genesis->lane = lane;
    genesis->lanes = plan->lanes;
    genesis->settings = plan->settings;
    memcpy(genesis->master_check, founder->master_check, CURFEW_MASTER_CHECK_SIZE);
    genesis->writers = (struct curfew_list){founder->writers, founder->writer_count};
    memcpy(genesis->control_log, plan->control_log, CURFEW_LOG_ID_SIZE);
    if (lane == 0)
        memcpy(genesis->log_id, plan->control_log, CURFEW_LOG_ID_SIZE);
    else
        curfew_random(genesis->log_id, CURFEW_LOG_ID_SIZE);
    enum curfew_status status = curfew_codec_encode(&event, bytes, sizeof bytes, &size, error);
    if (status != CURFEW_OK)
        return status;
    memcpy(place.log_id, genesis->log_id, CURFEW_LOG_ID_SIZE);
    curfew_mac_make(founder->key, &place, (struct curfew_slice){bytes, size}, mac);
    const struct curfew_bus_record record = {
        .topic = curfew_lane_topic(lane),
        .partition = curfew_lane_partition(lane),
        .value = {bytes, size},
        .mac = {mac, sizeof mac},
        .ticket = (uint64_t)lane,
    };
    return bus->ops->produce(bus->self, &record, error);
}

/* What a bus event means for a genesis on its way. */
static enum curfew_status judge_delivery(const struct curfew_bus_event *event, struct curfew_error *error)
{
    if (event->kind == CURFEW_BUS_UNDELIVERED)
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "writing the genesis of lane %" PRIu64 ": %s; run curfew topics create again, which "
                                "completes what is lacking",
                                event->ticket, event->text == NULL ? "not acknowledged" : event->text);
    if (event->offset != 0)
        return curfew_error_set(error, CURFEW_INVALID,
                                "writing the genesis of lane %" PRIu64 ": it became record %" PRId64 ", not 0: "
                                "something else writes there; delete the topics and create them again",
                                event->ticket, event->offset);
    return CURFEW_OK;
}

/* Waits for `count` of them. */
static enum curfew_status await_delivery(struct curfew_bus *bus, int32_t count, int64_t deadline_us,
                                         struct curfew_error *error)
{
    char problem[TEXT_SIZE] = "";

    while (count > 0) {
        struct curfew_bus_event event;
        if (curfew_clock_now().boot_us >= deadline_us)
            return curfew_error_set(error, CURFEW_TIMEOUT,
                                    "writing genesis: %" PRId32 " records were not acknowledged in time%s%s; run "
                                    "curfew topics create again, which completes what is lacking",
                                    count, problem[0] == '\0' ? "" : "; the last problem was: ", problem);
        enum curfew_status status = bus->ops->poll(bus->self, POLL_MS, &event, error);
        if (status == CURFEW_TIMEOUT)
            continue;
        if (status != CURFEW_OK)
            return status;
        if (event.kind == CURFEW_BUS_PROBLEM && event.text != NULL)
            snprintf(problem, sizeof problem, "%s", event.text);
        if (event.kind != CURFEW_BUS_DELIVERED && event.kind != CURFEW_BUS_UNDELIVERED)
            continue;
        status = judge_delivery(&event, error);
        if (status != CURFEW_OK)
            return status;
        count--;
    }
    return CURFEW_OK;
}

enum curfew_status curfew_genesis_write(struct curfew_bus *bus, const struct curfew_genesis_plan *plan,
                                        const struct curfew_founder *founder, int timeout_ms,
                                        struct curfew_error *error)
{
    int64_t deadline_us = curfew_clock_now().boot_us + timeout_ms * CURFEW_US_PER_MS;
    int32_t sent = 0;
    enum curfew_status status = curfew_codec_init(error);

    if (status == CURFEW_OK && plan->write[0]) {
        status = send_genesis(bus, plan, 0, founder, error);
        if (status == CURFEW_OK)
            status = await_delivery(bus, 1, deadline_us, error);
    }
    for (int32_t lane = 1; status == CURFEW_OK && lane < plan->lanes; lane++)
        if (plan->write[lane]) {
            status = send_genesis(bus, plan, lane, founder, error);
            sent++;
        }
    if (status != CURFEW_OK)
        return status;
    return await_delivery(bus, sent, deadline_us, error);
}

int64_t curfew_genesis_newest_us(const struct curfew_survey *survey)
{
    int64_t newest_us = 0;

    for (int32_t lane = 0; lane < survey->lanes; lane++)
        if (survey->lane[lane].timestamp_us > newest_us)
            newest_us = survey->lane[lane].timestamp_us;
    return newest_us;
}
