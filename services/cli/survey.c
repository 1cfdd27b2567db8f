/* survey: what there is of Curfew's topics on a broker, and what is wrong with it. */
#include "services/cli/survey.h"
#include "core/clock.h"
#include "schemas/codec.h"
#include "services/coordinator/lane.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_SIZE 384
#define POLL_MS 100 /* how long one poll waits at most: the bus wakes it earlier */

enum curfew_status curfew_survey_topics(const struct curfew_config *config, int timeout_ms,
                                        struct curfew_survey *survey, struct curfew_error *error)
{
    int64_t deadline_us = curfew_clock_now().boot_us + timeout_ms * CURFEW_US_PER_MS;

    memset(survey, 0, sizeof *survey);
    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++) {
        int64_t left_ms = (deadline_us - curfew_clock_now().boot_us) / CURFEW_US_PER_MS;
        enum curfew_status status = curfew_kafka_describe(
            config, (enum curfew_topic)topic, left_ms < 1 ? 1 : (int)left_ms, &survey->topics[topic], error);
        if (status != CURFEW_OK)
            return status;
    }
    int32_t pipelines = survey->topics[CURFEW_TOPIC_LIFECYCLE].partitions;
    survey->lanes = pipelines == 0 ? 0 : pipelines + 1;
    if (survey->lanes > CURFEW_LANES_MAX) /* which is told as a problem of the topic */
        survey->lanes = CURFEW_LANES_MAX;
    return CURFEW_OK;
}

void curfew_first_writers_digest(struct curfew_list writers, uint8_t digest[CURFEW_SHA256_SIZE])
{
    const struct curfew_first_writer *first = writers.items;
    struct curfew_slice parts[2 * CURFEW_FIRST_WRITERS_MAX];
    uint8_t marks[CURFEW_FIRST_WRITERS_MAX][8];
    size_t count = writers.count > CURFEW_FIRST_WRITERS_MAX ? CURFEW_FIRST_WRITERS_MAX : writers.count;

    for (size_t i = 0; i < count; i++) {
        curfew_put_be32(marks[i], (uint32_t)first[i].role);
        curfew_put_be32(marks[i] + 4, (uint32_t)first[i].name.size);
        parts[2 * i] = (struct curfew_slice){marks[i], sizeof marks[i]};
        parts[2 * i + 1] = first[i].name;
    }
    curfew_sha256(parts, 2 * count, digest);
}

int curfew_survey_present(const struct curfew_survey *survey)
{
    int present = 0;

    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++)
        present += survey->topics[topic].partitions > 0;
    return present;
}

/* The lanes that can be read: all whose topic is there, and that a lane number exists for. */
static bool is_readable(const struct curfew_survey *survey, int32_t lane)
{
    return curfew_lane_partition(lane) < survey->topics[curfew_lane_topic(lane)].partitions;
}

/* Takes what a bus event says of the lane's first record; false: nothing. */
static bool take_first(const struct curfew_bus_event *event, struct curfew_lane_first *first)
{
    _Alignas(max_align_t) static uint8_t memory[CURFEW_CODEC_MEMORY];
    struct curfew_arena arena = {memory, sizeof memory, 0};
    struct curfew_event decoded;
    enum curfew_reason reason;

    if (event->kind == CURFEW_BUS_CAUGHT_UP) {
        first->first = event->offset == 0 ? CURFEW_FIRST_EMPTY : CURFEW_FIRST_CUT;
        return true;
    }
    if (event->kind != CURFEW_BUS_RECORD)
        return false;
    first->first = event->offset == 0 ? CURFEW_FIRST_OTHER : CURFEW_FIRST_CUT;
    first->timestamp_us = event->timestamp_us;
    first->log_append_time = event->log_append_time;
    if (event->offset == 0 && curfew_codec_decode(event->value, &arena, &decoded, &reason, NULL) == CURFEW_OK &&
        decoded.type == CURFEW_EVENT_GENESIS) {
        first->first = CURFEW_FIRST_GENESIS;
        first->genesis = decoded.as.genesis;
        curfew_first_writers_digest(first->genesis.writers, first->writers_digest);
        first->genesis.writer = (struct curfew_slice){NULL, 0};
        first->genesis.writers = (struct curfew_list){NULL, 0};
    }
    return true;
}

static int32_t lane_of(const struct curfew_bus_event *event)
{
    if (event->topic == CURFEW_TOPIC_CONTROL && event->partition == 0)
        return 0;
    return event->topic == CURFEW_TOPIC_LIFECYCLE ? event->partition + 1 : -1;
}

/* Subscribes to every readable lane, or (`leave`) leaves them; returns how many through `count`. */
static enum curfew_status watch_lanes(struct curfew_bus *bus, const struct curfew_survey *survey, bool leave,
                                      int32_t *count, struct curfew_error *error)
{
    *count = 0;
    for (int32_t lane = 0; lane < CURFEW_LANES_MAX; lane++) {
        enum curfew_status status;
        if (!is_readable(survey, lane))
            continue;
        (*count)++;
        if (leave)
            status = bus->ops->unsubscribe(bus->self, curfew_lane_topic(lane), curfew_lane_partition(lane), error);
        else
            status = bus->ops->subscribe(bus->self, curfew_lane_topic(lane), curfew_lane_partition(lane),
                                         CURFEW_OFFSET_BEGIN, error);
        if (status != CURFEW_OK)
            return status;
    }
    return CURFEW_OK;
}

static enum curfew_status name_silent(const struct curfew_survey *survey, const char *problem,
                                      struct curfew_error *error)
{
    int32_t lane = 0;

    while (lane < CURFEW_LANES_MAX - 1 &&
           !(is_readable(survey, lane) && survey->lane[lane].first == CURFEW_FIRST_UNKNOWN))
        lane++;
    return curfew_error_set(error, CURFEW_TIMEOUT,
                            "reading the first record of lane %" PRId32 " (%s, partition %" PRId32
                            "): no answer in time%s%s",
                            lane, curfew_topic_name(curfew_lane_topic(lane)), curfew_lane_partition(lane),
                            problem[0] == '\0' ? "" : "; the last problem was: ", problem);
}

enum curfew_status curfew_survey_lanes(struct curfew_bus *bus, int timeout_ms, struct curfew_survey *survey,
                                       struct curfew_error *error)
{
    int64_t deadline_us = curfew_clock_now().boot_us + timeout_ms * CURFEW_US_PER_MS;
    char problem[TEXT_SIZE] = "";
    int32_t open = 0;
    int32_t left = 0;

    memset(survey->lane, 0, sizeof survey->lane);
    enum curfew_status status = curfew_codec_init(error);
    if (status == CURFEW_OK)
        status = watch_lanes(bus, survey, false, &open, error);
    while (status == CURFEW_OK && open > 0) {
        struct curfew_bus_event event;
        if (curfew_clock_now().boot_us >= deadline_us)
            return name_silent(survey, problem, error);
        status = bus->ops->poll(bus->self, POLL_MS, &event, error);
        if (status == CURFEW_TIMEOUT) {
            status = CURFEW_OK;
            continue;
        }
        if (status != CURFEW_OK)
            break;
        if (event.kind == CURFEW_BUS_PROBLEM || event.kind == CURFEW_BUS_GAP)
            snprintf(problem, sizeof problem, "%s", event.text == NULL ? "a gap" : event.text);
        int32_t lane = lane_of(&event);
        if (lane < 0 || lane >= CURFEW_LANES_MAX || survey->lane[lane].first != CURFEW_FIRST_UNKNOWN)
            continue;
        if (take_first(&event, &survey->lane[lane]))
            open--;
    }
    if (status == CURFEW_OK)
        status = watch_lanes(bus, survey, true, &left, error);
    return status;
}

struct problems {
    curfew_survey_visit *visit;
    void *context;
    int count;
};

static void add(struct problems *problems, const char *format, ...) CURFEW_PRINTF(2, 3);

static void add(struct problems *problems, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    problems->count++;
    problems->visit(problems->context, text);
}

static void judge_topic(const struct curfew_survey *survey, enum curfew_topic topic, struct problems *problems)
{
    const struct curfew_topic_facts *facts = &survey->topics[topic];
    const char *name = curfew_topic_name(topic);
    bool per_lane = topic == CURFEW_TOPIC_REVOCATIONS || topic == CURFEW_TOPIC_ANSWERS;

    if (facts->partitions == 0) {
        add(problems, "topic %s is missing: run curfew topics create", name);
        return;
    }
    if (topic == CURFEW_TOPIC_CONTROL && facts->partitions != 1)
        add(problems, "topic %s has %" PRId32 " partitions, not 1: delete the topics and create them again", name,
            facts->partitions);
    if (topic == CURFEW_TOPIC_LIFECYCLE && facts->partitions >= CURFEW_LANES_MAX)
        add(problems, "topic %s has %" PRId32 " partitions; at most %d are possible", name, facts->partitions,
            CURFEW_LANES_MAX - 1);
    if (per_lane && survey->lanes != 0 && facts->partitions != survey->lanes)
        add(problems,
            "topic %s has %" PRId32 " partitions, not %" PRId32 " (lifecycle's and one for control): delete it and "
            "run curfew topics create",
            name, facts->partitions, survey->lanes);
    if ((topic == CURFEW_TOPIC_CONTROL || topic == CURFEW_TOPIC_LIFECYCLE) && !facts->log_append_time)
        add(problems,
            "topic %s lets the sender set the time: set message.timestamp.type=LogAppendTime on it; if records were "
            "written before, delete the topics and create them again",
            name);
}

int curfew_survey_topic_problems(const struct curfew_survey *survey, curfew_survey_visit *visit, void *context)
{
    struct problems problems = {visit, context, 0};

    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++)
        judge_topic(survey, (enum curfew_topic)topic, &problems);
    return problems.count;
}

static void judge_genesis(const struct curfew_survey *survey, int32_t lane, struct problems *problems)
{
    const struct curfew_lane_first *first = &survey->lane[lane];
    const struct curfew_lane_first *control = &survey->lane[0];
    const struct curfew_genesis *genesis = &first->genesis;

    if (!first->log_append_time)
        add(problems, "lane %" PRId32 ": the genesis record's time is the sender's, not the broker's", lane);
    int64_t behind_us = 0;
    if (!curfew_genesis_timely(genesis, first->timestamp_us, &behind_us))
        add(problems,
            "lane %" PRId32 ": when its genesis was written the broker's clock was %" PRId64
            " ms %s the operator's, and "
            "tokens are held against it: set both right, delete the topics and create them again",
            lane, (behind_us < 0 ? -behind_us : behind_us) / CURFEW_US_PER_MS, behind_us < 0 ? "ahead of" : "behind");
    if (genesis->lane != lane)
        add(problems, "lane %" PRId32 ": its genesis is of lane %" PRId32, lane, genesis->lane);
    if (genesis->lanes != survey->lanes)
        add(problems,
            "lane %" PRId32 ": genesis says %" PRId32 " lanes, the topic lifecycle has %" PRId32
            " partitions: lanes are fixed at genesis, partitions cannot be added",
            lane, genesis->lanes, survey->lanes - 1);
    if (control->first == CURFEW_FIRST_GENESIS &&
        memcmp(genesis->control_log, control->genesis.log_id, CURFEW_LOG_ID_SIZE) != 0)
        add(problems, "lane %" PRId32 ": its genesis belongs to another control log: one of the topics was recreated",
            lane);
    for (int32_t other = 0; other < lane; other++)
        if (survey->lane[other].first == CURFEW_FIRST_GENESIS &&
            memcmp(genesis->log_id, survey->lane[other].genesis.log_id, CURFEW_LOG_ID_SIZE) == 0)
            add(problems, "lane %" PRId32 ": has the log id of lane %" PRId32, lane, other);
}

int curfew_survey_lane_problems(const struct curfew_survey *survey, curfew_survey_visit *visit, void *context)
{
    struct problems problems = {visit, context, 0};

    for (int32_t lane = 0; lane < survey->lanes && lane < CURFEW_LANES_MAX; lane++)
        switch (survey->lane[lane].first) {
        case CURFEW_FIRST_UNKNOWN:
            break; /* its topic is missing, which is told already */
        case CURFEW_FIRST_EMPTY:
            add(&problems, "lane %" PRId32 ": no genesis: run curfew topics create", lane);
            break;
        case CURFEW_FIRST_OTHER:
            add(&problems,
                "lane %" PRId32 ": its first record is not a genesis: something wrote to %s before curfew topics "
                "create did; delete the topics and create them again",
                lane, curfew_topic_name(curfew_lane_topic(lane)));
            break;
        case CURFEW_FIRST_CUT:
            add(&problems,
                "lane %" PRId32 ": its first record is gone from %s (retention, or records deleted): coordinators "
                "cannot start from nothing any more",
                lane, curfew_topic_name(curfew_lane_topic(lane)));
            break;
        case CURFEW_FIRST_GENESIS:
            judge_genesis(survey, lane, &problems);
            break;
        }
    return problems.count;
}
