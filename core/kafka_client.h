/* kafka_client: librdkafka handles, configured: our defaults, what the user's kafka.* says over them, and what
 * correctness rests on over both. The admin calls of core/bus_kafka.h are made with such a handle. Internal to the
 * Kafka form of the bus; librdkafka's types appear as names only. Any thread on distinct handles. */
#ifndef CURFEW_CORE_KAFKA_CLIENT_H
#define CURFEW_CORE_KAFKA_CLIENT_H

#include "core/bus_kafka.h"
#include "core/kafka_settings.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_s;

/* Checks kafka.* and makes what a handle of that role is created from; the caller destroys it. CURFEW_INVALID: a
 * property is unknown, its value is wrong, or it is one that correctness rests on and says otherwise; the error names
 * it. */
enum curfew_status curfew_kafka_conf_create(const struct curfew_config *config, enum curfew_kafka_role role,
                                            struct rd_kafka_conf_s **conf,
                                            struct curfew_error *error) CURFEW_MUST_CHECK;

/* Makes a handle from a copy of `conf`. Does not wait for a broker. Errors and delivery reports become events of its
 * main queue; librdkafka's log goes to curfew_log. */
enum curfew_status curfew_kafka_client_create(const struct rd_kafka_conf_s *conf, enum curfew_kafka_role role,
                                              struct rd_kafka_s **client, struct curfew_error *error) CURFEW_MUST_CHECK;

/* A topic handle whose opaque pointer is `opaque`. Asks the broker for nothing yet. */
enum curfew_status curfew_kafka_topic_open(struct rd_kafka_s *client, const char *name, void *opaque,
                                           struct rd_kafka_topic_s **topic,
                                           struct curfew_error *error) CURFEW_MUST_CHECK;

/* Waits up to `wait_ms` until it is known who leads the topic's partitions. CURFEW_TIMEOUT: nobody said; librdkafka
 * finds out by itself, but reading a partition whose leader is not known yet begins half a second late.
 * CURFEW_UNAVAILABLE: it may not be read, which librdkafka would tell nobody; the handle is given up. */
enum curfew_status curfew_kafka_topic_warm(struct rd_kafka_s *client, struct rd_kafka_topic_s **topic, int wait_ms,
                                           struct curfew_error *error) CURFEW_MUST_CHECK;

/* What a message says: when it was appended; and that with its key, value and the header curfew-mac, all of which live
 * as long as the message. */
void curfew_kafka_time(const struct rd_kafka_message_s *message, struct curfew_bus_event *event);
void curfew_kafka_content(const struct rd_kafka_message_s *message, struct curfew_bus_event *event);

/* Whether nothing stood behind a message when it, or one after it, was fetched. */
bool curfew_kafka_at_end(struct rd_kafka_s *client, const struct rd_kafka_message_s *message);

/* Queues a record; its ticket is the message's opaque. `fatal` is set when the producer can take no more, ever. */
enum curfew_status curfew_kafka_produce(struct rd_kafka_s *client, struct rd_kafka_topic_s *topic, const char *address,
                                        const struct curfew_bus_record *record, bool *fatal,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* From now on eight bytes are written to `fd` (an eventfd) when the queue stops being empty. */
void curfew_kafka_queue_watch(struct rd_kafka_queue_s *queue, int fd);
/* Ends the watch and gives the queue up. NULL is fine. */
void curfew_kafka_queue_drop(struct rd_kafka_queue_s *queue);

/* Whether a partition's error (librdkafka's code) means that records were or would be skipped. */
bool curfew_kafka_is_gap(int code);

/* Whether a client's error (librdkafka's code) is of one connection, of which there may be more. */
bool curfew_kafka_is_connection(int code);

/* Whether a broker answers the client now. Does not wait. */
bool curfew_kafka_answers(struct rd_kafka_s *client);

/* The broker's address as the user wrote it; never NULL. */
const char *curfew_kafka_address(const struct curfew_config *config);

/* curfew_kafka_describe for several topics over one connection. */
enum curfew_status curfew_kafka_describe_all(const struct curfew_config *config, const enum curfew_topic *topics,
                                             size_t count, int timeout_ms, struct curfew_topic_facts *facts,
                                             struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
