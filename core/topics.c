/* topics: the topics' partitions and settings. */
#include "core/topics.h"
#include "core/kafka_client.h"
#include <curfew/event.h>

#define TOPICS 4

enum curfew_status curfew_kafka_topic_text(const struct curfew_config *config, enum curfew_topic topic,
                                           char text[CURFEW_TOPIC_TEXT_SIZE], struct curfew_error *error)
{
    static const char taken[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *prefix = NULL;
    enum curfew_status status = curfew_config_get(config, "topics.prefix", &prefix, error);
    if (status != CURFEW_OK) {
        return status;
    }
    int size = snprintf(text, CURFEW_TOPIC_TEXT_SIZE, "%s.%s", prefix, curfew_topic_name(topic));
    if (size >= CURFEW_TOPIC_TEXT_SIZE || prefix[0] == '\0' || strspn(prefix, taken) != strlen(prefix)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading the settings: topics.prefix \"%.64s\" cannot begin a topic's name; use 1 to "
                                "200 letters, digits, '.', '_' and '-'",
                                prefix);
    }
    return CURFEW_OK;
}

static const enum curfew_topic checked[TOPICS] = {CURFEW_TOPIC_CONTROL, CURFEW_TOPIC_LIFECYCLE,
                                                  CURFEW_TOPIC_REVOCATIONS, CURFEW_TOPIC_ANSWERS};

static enum curfew_status check_partitions(const char *name, int32_t partitions, int32_t wanted,
                                           struct curfew_error *error)
{
    if (partitions == 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "checking the topics: %s does not exist; run curfew topics create", name);
    }
    if (partitions != wanted) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "checking the topics: %s has %d partitions instead of %d; it was not made by curfew "
                                "topics create: delete the topics and run it",
                                name, (int)partitions, (int)wanted);
    }
    return CURFEW_OK;
}

enum curfew_status curfew_topics_judge(const struct curfew_config *config,
                                       const struct curfew_topic_facts facts[TOPICS], int32_t *lanes,
                                       struct curfew_error *error)
{
    const int32_t pipelines = facts[1].partitions;
    const int32_t wanted[TOPICS] = {1, pipelines, pipelines + 1, pipelines + 1};
    for (int i = 0; i < TOPICS; i++) {
        char name[CURFEW_TOPIC_TEXT_SIZE];
        enum curfew_status status = curfew_kafka_topic_text(config, checked[i], name, error);
        if (status == CURFEW_OK) {
            status = check_partitions(name, facts[i].partitions, wanted[i], error);
        }
        if (status != CURFEW_OK) {
            return status;
        }
        bool is_log = checked[i] == CURFEW_TOPIC_CONTROL || checked[i] == CURFEW_TOPIC_LIFECYCLE;
        if (is_log && !facts[i].log_append_time) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "checking the topics: %s does not carry the broker's time; set its "
                                    "message.timestamp.type to LogAppendTime",
                                    name);
        }
    }
    if (pipelines >= CURFEW_LANES_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "checking the topics: %d lanes are more than the %d there can be", (int)pipelines + 1,
                                CURFEW_LANES_MAX);
    }
    *lanes = pipelines + 1;
    return CURFEW_OK;
}

enum curfew_status curfew_topics_verify(const struct curfew_config *config, int timeout_ms, int32_t *lanes,
                                        struct curfew_error *error)
{
    struct curfew_topic_facts facts[TOPICS];
    enum curfew_status status = curfew_kafka_describe_all(config, checked, TOPICS, timeout_ms, facts, error);
    return status == CURFEW_OK ? curfew_topics_judge(config, facts, lanes, error) : status;
}
