/* bus_kafka: the bus over librdkafka. No consumer group: every partition is read from a position of our own, on one
 * queue, with auto.offset.reset=error. The producer is idempotent with acks=all; one that turned fatal is rebuilt and
 * what it held is reported undelivered. Consumer and producer are made when first needed. */
#ifndef CURFEW_CORE_BUS_KAFKA_H
#define CURFEW_CORE_BUS_KAFKA_H

#include "core/bus.h"
#include "core/config.h"

#define CURFEW_TOPIC_TEXT_SIZE 250 /* Kafka's longest topic name is 249 bytes */

/* Options it reads: topics.prefix ("curfew": topic curfew.lifecycle) and kafka.*, of which kafka.bootstrap.servers is
 * required. Does not wait for a broker: problems come as events and name the address. */
enum curfew_status curfew_bus_kafka_create(const struct curfew_config *config, struct curfew_bus *bus,
                                           struct curfew_error *error) CURFEW_MUST_CHECK;
/* NULL ops are fine. */
void curfew_bus_destroy(struct curfew_bus *bus);

struct curfew_topic_spec {
    enum curfew_topic topic;
    int32_t partitions;
    const char *const *settings; /* name, value, …, NULL */
};

/* Admin calls; they block up to `timeout_ms`. */

/* Creates topics; one that exists is an error that names it. */
enum curfew_status curfew_kafka_create_topics(const struct curfew_config *config, const struct curfew_topic_spec *specs,
                                              size_t count, int32_t replication, int timeout_ms,
                                              struct curfew_error *error) CURFEW_MUST_CHECK;

/* What a principal ("User:hop-1") may do with topics. */
struct curfew_topic_right {
    enum curfew_topic topic;
    bool read;
    bool write;
};
struct curfew_principal_rights {
    const char *principal;
    const struct curfew_topic_right *topics;
    size_t count; /* at most one a topic */
};
/* Adds ACLs that let it do that from any host, and describe those topics and their settings. */
enum curfew_status curfew_kafka_grant(const struct curfew_config *config, const struct curfew_principal_rights *rights,
                                      int timeout_ms, struct curfew_error *error) CURFEW_MUST_CHECK;

/* "<prefix>.lifecycle". CURFEW_INVALID: topics.prefix holds what Kafka does not take in a name. */
enum curfew_status curfew_kafka_topic_text(const struct curfew_config *config, enum curfew_topic topic,
                                           char text[CURFEW_TOPIC_TEXT_SIZE],
                                           struct curfew_error *error) CURFEW_MUST_CHECK;

struct curfew_topic_facts {
    int32_t partitions; /* 0: the topic does not exist */
    bool log_append_time; /* message.timestamp.type */
};

/* What the broker says of a topic. CURFEW_UNAVAILABLE names the address that did not answer. */
enum curfew_status curfew_kafka_describe(const struct curfew_config *config, enum curfew_topic topic, int timeout_ms,
                                         struct curfew_topic_facts *facts,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
