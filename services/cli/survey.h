/* survey: what there is of Curfew's topics on a broker, and what is wrong with it. Reading goes through the bus, so
 * that a test can stand in for a broker; judging is pure. One thread. */
#ifndef CURFEW_CLI_SURVEY_H
#define CURFEW_CLI_SURVEY_H

#include "core/bus_kafka.h"
#include "core/digest.h"
#include <curfew/event.h>

/* What a lane's log begins with. */
enum curfew_first {
    CURFEW_FIRST_UNKNOWN, /* not looked at: the topic is missing */
    CURFEW_FIRST_EMPTY, /* nothing was ever written */
    CURFEW_FIRST_GENESIS,
    CURFEW_FIRST_OTHER, /* record 0 is not a genesis */
    CURFEW_FIRST_CUT, /* record 0 is gone */
};

struct curfew_lane_first {
    enum curfew_first first;
    bool log_append_time;
    int64_t timestamp_us;
    struct curfew_genesis genesis; /* its writer and writers are left empty */
    uint8_t writers_digest[CURFEW_SHA256_SIZE]; /* tells one list of first writers from another */
};

struct curfew_survey {
    struct curfew_topic_facts topics[CURFEW_TOPIC_COUNT];
    int32_t lanes; /* control and the partitions of lifecycle; 0: no lifecycle */
    struct curfew_lane_first lane[CURFEW_LANES_MAX];
};

void curfew_first_writers_digest(struct curfew_list writers, uint8_t digest[CURFEW_SHA256_SIZE]);

/* Asks the broker for every topic. Blocks up to `timeout_ms`. */
enum curfew_status curfew_survey_topics(const struct curfew_config *config, int timeout_ms,
                                        struct curfew_survey *survey, struct curfew_error *error) CURFEW_MUST_CHECK;

/* Reads the first record of every lane whose topic is there. CURFEW_TIMEOUT names a lane that did not answer. */
enum curfew_status curfew_survey_lanes(struct curfew_bus *bus, int timeout_ms, struct curfew_survey *survey,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;

/* How many topics are there. */
int curfew_survey_present(const struct curfew_survey *survey);

/* Told of each thing that is wrong. */
typedef void curfew_survey_visit(void *context, const char *problem);

/* Names everything that is wrong with the topics (missing, partitions, timestamps); returns how much. */
int curfew_survey_topic_problems(const struct curfew_survey *survey, curfew_survey_visit *visit, void *context);

/* Names everything that is wrong with the lanes' first records; returns how much. */
int curfew_survey_lane_problems(const struct curfew_survey *survey, curfew_survey_visit *visit, void *context);

#endif
