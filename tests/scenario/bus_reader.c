/* bus_reader: a Kafka bus for scenario tests. */
#include "tests/scenario/bus_reader.h"

#include <librdkafka/rdkafka.h>
#include <string.h>
#include <time.h>

struct curfew_config *reader_config(struct rig *rig, const char *prefix, const char *const *settings)
{
    struct curfew_config *config = NULL;
    struct curfew_error error;
    enum curfew_status status = curfew_config_load(NULL, &config, &error);
    if (status == CURFEW_OK) {
        status = curfew_config_set(config, "kafka.bootstrap.servers", rig_process_address(rig_kafka(rig)), &error);
    }
    if (status == CURFEW_OK) {
        status = curfew_config_set(config, "topics.prefix", prefix, &error);
    }
    for (; status == CURFEW_OK && settings != NULL && settings[0] != NULL; settings += 2) {
        status = curfew_config_set(config, settings[0], settings[1], &error);
    }
    if (status != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    return config;
}

struct curfew_bus reader_open(struct rig *rig, const char *prefix, const char *const *settings)
{
    struct curfew_bus bus;
    struct curfew_error error;
    struct curfew_config *config = reader_config(rig, prefix, settings);
    enum curfew_status status = curfew_bus_kafka_create(config, &bus, &error);
    curfew_config_destroy(config);
    if (status != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    return bus;
}

/* A broker answers for a new partition a little later than it says that it made it; until then it refuses records, and
 * may take a later one first. */
static void await_leaders(struct rig *rig, const char *prefix, const struct curfew_topic_spec *specs, size_t count)
{
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    int partitions = 0;
    for (size_t i = 0; i < count; i++) {
        for (int32_t partition = 0; partition < specs[i].partitions; partition++, partitions++) {
            reader_subscribe(&bus, specs[i].topic, partition, CURFEW_OFFSET_BEGIN);
        }
    }
    for (; partitions > 0; partitions--) {
        (void)reader_await(&bus, CURFEW_BUS_CAUGHT_UP);
    }
    curfew_bus_destroy(&bus);
}

struct creating {
    const struct curfew_config *config;
    const struct curfew_topic_spec *specs;
    size_t count;
    enum curfew_status status;
    struct curfew_error error;
};

/* Whether it is known what came of it. A broker that stood still is not counted by its controller for a moment. */
static bool is_settled(void *context)
{
    struct creating *creating = context;
    creating->status = curfew_kafka_create_topics(creating->config, creating->specs, creating->count, 1, BUS_WAIT_MS,
                                                  &creating->error);
    return creating->status == CURFEW_OK || strstr(creating->error.text, "replication factor") == NULL;
}

void reader_create_topics(struct rig *rig, const char *prefix)
{
    static const char *const broker_time[] = {"message.timestamp.type", "LogAppendTime", NULL};
    static const struct curfew_topic_spec specs[] = {{CURFEW_TOPIC_CONTROL, 1, broker_time},
                                                     {CURFEW_TOPIC_LIFECYCLE, 2, broker_time},
                                                     {CURFEW_TOPIC_REVOCATIONS, 3, NULL},
                                                     {CURFEW_TOPIC_ANSWERS, 3, NULL}};
    const size_t count = sizeof specs / sizeof specs[0];
    struct curfew_config *config = reader_config(rig, prefix, NULL);
    struct creating creating = {.config = config, .specs = specs, .count = count};
    const bool settled = rig_comes(is_settled, &creating, BUS_WAIT_MS);
    curfew_config_destroy(config);
    if (!settled || creating.status != CURFEW_OK) {
        fail_msg("%s", creating.error.text);
    }
    await_leaders(rig, prefix, specs, count);
}

void reader_subscribe(struct curfew_bus *bus, enum curfew_topic topic, int32_t partition, int64_t offset)
{
    struct curfew_error error;
    if (bus->ops->subscribe(bus->self, topic, partition, offset, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
}

void reader_produce(struct curfew_bus *bus, enum curfew_topic topic, int32_t partition, const char *text,
                    uint64_t ticket)
{
    struct curfew_error error;
    const struct curfew_bus_record record = {
        .topic = topic, .partition = partition, .value = curfew_slice_of(text), .ticket = ticket};
    if (bus->ops->produce(bus->self, &record, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
}

struct curfew_bus_event reader_next(struct curfew_bus *bus)
{
    struct curfew_bus_event event;
    struct curfew_error error;
    if (bus->ops->poll(bus->self, BUS_WAIT_MS, &event, &error) != CURFEW_OK) {
        fail_msg("no event within %d ms: %s", BUS_WAIT_MS, error.text);
    }
    return event;
}

struct curfew_bus_event reader_await(struct curfew_bus *bus, enum curfew_bus_event_kind kind)
{
    int64_t deadline_us = rig_now_us() + BUS_WAIT_MS * 1000;
    struct curfew_bus_event event = {0};
    do {
        event = reader_next(bus);
        if (kind == CURFEW_BUS_DELIVERED && event.kind == CURFEW_BUS_UNDELIVERED) {
            fail_msg("ticket %llu was not delivered: %s", (unsigned long long)event.ticket, event.text);
        }
        if (rig_now_us() > deadline_us) {
            fail_msg("no event of kind %d within %d ms", (int)kind, BUS_WAIT_MS);
        }
    } while (event.kind != kind);
    return event;
}

int64_t reader_put(struct curfew_bus *bus, enum curfew_topic topic, int32_t partition, const char *text)
{
    reader_produce(bus, topic, partition, text, 4711);
    return reader_await(bus, CURFEW_BUS_DELIVERED).offset;
}

void reader_delete_topic(struct rig *rig, const char *prefix, enum curfew_topic topic)
{
    char errors[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(
        rd_kafka_conf_set(conf, "bootstrap.servers", rig_process_address(rig_kafka(rig)), errors, sizeof errors),
        RD_KAFKA_CONF_OK);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, errors, sizeof errors);
    assert_non_null(client);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_DeleteTopic_t *wanted = rd_kafka_DeleteTopic_new(rig_text(rig, "%s.%s", prefix, curfew_topic_name(topic)));
    rd_kafka_DeleteTopics(client, &wanted, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, BUS_WAIT_MS);
    assert_non_null(event);
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    assert_int_equal(count, 1);
    assert_int_equal(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(wanted);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

void reader_create_again(struct rig *rig, const char *prefix, enum curfew_topic topic, int32_t partitions)
{
    static const char *const settings[] = {"message.timestamp.type", "LogAppendTime", NULL};
    const struct curfew_topic_spec spec = {topic, partitions, settings};
    struct curfew_error error;
    struct curfew_config *config = reader_config(rig, prefix, NULL);
    enum curfew_status status = CURFEW_INVALID;
    const struct timespec pause = {.tv_nsec = 50000000};
    for (int i = 0; i < 200 && status != CURFEW_OK; i++) { /* until the old one is gone */
        status = curfew_kafka_create_topics(config, &spec, 1, 1, BUS_WAIT_MS, &error);
        if (status != CURFEW_OK) {
            nanosleep(&pause, NULL);
        }
    }
    curfew_config_destroy(config);
    if (status != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
}
