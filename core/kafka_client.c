/* kafka_client: configured librdkafka handles, and the blocking admin calls made with them. */
#include "core/kafka_client.h"
#include "core/clock.h"
#include "core/log.h"
#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <string.h>
#include <syslog.h>

static_assert(sizeof(uint64_t) <= sizeof(void *), "a ticket travels as a message's opaque pointer");

#define REASON_SIZE 256
#define ADMIN_TOPICS_MAX CURFEW_TOPIC_COUNT

static enum curfew_status set_property(void *conf, const char *name, const char *value, struct curfew_error *error)
{
    char reason[REASON_SIZE];
    switch (rd_kafka_conf_set(conf, name, value, reason, sizeof reason)) {
    case RD_KAFKA_CONF_OK:
        return CURFEW_OK;
    case RD_KAFKA_CONF_UNKNOWN:
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading the settings: kafka.%s is not a property of librdkafka; correct its name "
                                "or remove it",
                                name);
    case RD_KAFKA_CONF_INVALID:
        break;
    }
    return curfew_error_set(error, CURFEW_INVALID, "reading the settings: kafka.%s cannot be used: %s", name, reason);
}

static enum curfew_log_level level_of(int level, const char *facility, const char *text)
{
    if (strcmp(facility, "CONFWARN") == 0 && strstr(text, "will be ignored by this") != NULL) {
        return CURFEW_LOG_DEBUG; /* one kafka.* serves consumers and producers alike */
    }
    if (strcmp(facility, "FAIL") == 0) {
        return CURFEW_LOG_DEBUG; /* one connection, at each try; told once, as a problem, when none is left */
    }
    if (strcmp(facility, "TERMINATE") == 0) {
        return CURFEW_LOG_DEBUG; /* whoever closes knows what was not delivered, and says so in the user's terms */
    }
    if (strcmp(facility, "GETPID") == 0) {
        return CURFEW_LOG_INFO; /* a young broker asks to be asked again */
    }
    if (level <= LOG_CRIT) {
        return CURFEW_LOG_ERROR;
    }
    if (level <= LOG_WARNING) {
        return CURFEW_LOG_WARNING; /* the bus goes on by itself */
    }
    return level <= LOG_INFO ? CURFEW_LOG_INFO : CURFEW_LOG_DEBUG;
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    curfew_log(level_of(level, facility, text), "kafka", "%s: %s", facility, text);
}

enum curfew_status curfew_kafka_conf_create(const struct curfew_config *config, enum curfew_kafka_role role,
                                            rd_kafka_conf_t **conf, struct curfew_error *error)
{
    *conf = NULL;
    rd_kafka_conf_t *made = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(made, on_log);
    rd_kafka_conf_set_events(made, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_DR);
    enum curfew_status status = curfew_kafka_settings_each(config, role, set_property, made, error);
    if (status != CURFEW_OK) {
        rd_kafka_conf_destroy(made);
        return status;
    }
    *conf = made;
    return CURFEW_OK;
}

enum curfew_status curfew_kafka_client_create(const rd_kafka_conf_t *conf, enum curfew_kafka_role role,
                                              rd_kafka_t **client, struct curfew_error *error)
{
    char reason[REASON_SIZE];
    rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
    *client = rd_kafka_new(role == CURFEW_KAFKA_CONSUMER ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, copy, reason,
                           sizeof reason);
    if (*client == NULL) {
        rd_kafka_conf_destroy(copy);
        return curfew_error_set(error, CURFEW_INVALID,
                                "making a Kafka client: %s; correct the kafka.* settings it names", reason);
    }
    return CURFEW_OK;
}

enum curfew_status curfew_kafka_topic_open(rd_kafka_t *client, const char *name, void *opaque, rd_kafka_topic_t **topic,
                                           struct curfew_error *error)
{
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(client);
    rd_kafka_topic_conf_set_opaque(conf, opaque);
    *topic = rd_kafka_topic_new(client, name, conf);
    if (*topic == NULL) {
        const char *said = rd_kafka_err2str(rd_kafka_last_error());
        rd_kafka_topic_conf_destroy(conf);
        return curfew_error_set(error, CURFEW_INVALID, "opening topic %s: %s; correct the kafka.* settings", name,
                                said);
    }
    return CURFEW_OK;
}

enum curfew_status curfew_kafka_topic_warm(rd_kafka_t *client, rd_kafka_topic_t **topic, int wait_ms,
                                           struct curfew_error *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, *topic, &metadata, wait_ms);
    const bool silent = code != RD_KAFKA_RESP_ERR_NO_ERROR;
    code = !silent && metadata->topic_cnt == 1 ? metadata->topics[0].err : code;
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        (void)curfew_error_set(error, CURFEW_UNAVAILABLE, "reading %s: %s; see curfew topics grant",
                               rd_kafka_topic_name(*topic), rd_kafka_err2str(code));
        rd_kafka_topic_destroy(*topic);
        *topic = NULL;
        return CURFEW_UNAVAILABLE;
    }
    return silent ? CURFEW_TIMEOUT : CURFEW_OK;
}

/* Only what carries a header takes the call that can: the plain one is the quicker. */
static rd_kafka_resp_err_t produce(rd_kafka_t *client, rd_kafka_topic_t *topic, const struct curfew_bus_record *record)
{
    if (record->mac.size == 0) {
        const int failed =
            rd_kafka_produce(topic, record->partition, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)record->value.at,
                             record->value.size, record->key.at, record->key.size, (void *)(uintptr_t)record->ticket);
        return failed == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
    }
    return rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(record->partition),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value.at, record->value.size),
                             RD_KAFKA_V_KEY(record->key.at, record->key.size),
                             RD_KAFKA_V_HEADER(CURFEW_MAC_HEADER, record->mac.at, (ssize_t)record->mac.size),
                             RD_KAFKA_V_OPAQUE((void *)(uintptr_t)record->ticket), RD_KAFKA_V_END);
}

void curfew_kafka_time(const rd_kafka_message_t *message, struct curfew_bus_event *event)
{
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    event->timestamp_us = rd_kafka_message_timestamp(message, &type) * CURFEW_US_PER_MS;
    event->log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
}

void curfew_kafka_content(const rd_kafka_message_t *message, struct curfew_bus_event *event)
{
    rd_kafka_headers_t *headers = NULL;
    const void *mac = NULL;
    curfew_kafka_time(message, event);
    event->key = (struct curfew_slice){message->key, message->key_len};
    event->value = (struct curfew_slice){message->payload, message->len};
    if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, CURFEW_MAC_HEADER, &mac, &event->mac.size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        event->mac.at = mac;
    }
}

enum curfew_status curfew_kafka_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, const char *address,
                                        const struct curfew_bus_record *record, bool *fatal, struct curfew_error *error)
{
    const char *name = rd_kafka_topic_name(topic);
    if (record->value.size > CURFEW_RECORD_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "producing to %s: %zu bytes are more than the %d of a record",
                                name, record->value.size, CURFEW_RECORD_MAX);
    }
    rd_kafka_resp_err_t code = produce(client, topic, record);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return CURFEW_OK;
    }
    *fatal = code == RD_KAFKA_RESP_ERR__FATAL;
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return curfew_error_set(error, CURFEW_FULL,
                                "producing to %s: the producer's queue is full (kafka.queue.buffering.max.*); wait for "
                                "deliveries and try again",
                                name);
    }
    if (code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "producing to %s: Kafka at %s has no such topic; run curfew topics create", name,
                                address);
    }
    return curfew_error_set(error, CURFEW_INVALID, "producing to %s, partition %d: %s", name, (int)record->partition,
                            rd_kafka_err2str(code));
}

void curfew_kafka_queue_watch(rd_kafka_queue_t *queue, int fd)
{
    const uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof one);
}

void curfew_kafka_queue_drop(rd_kafka_queue_t *queue)
{
    if (queue != NULL) {
        rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
        rd_kafka_queue_destroy(queue);
    }
}

bool curfew_kafka_is_gap(int code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__BAD_MSG: /* librdkafka goes on behind records it could not check or unpack */
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        return true;
    default:
        return false;
    }
}

bool curfew_kafka_is_connection(int code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
           code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
           code == RD_KAFKA_RESP_ERR__SSL;
}

bool curfew_kafka_answers(rd_kafka_t *client)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(client, 0, NULL, &metadata, 0);
    rd_kafka_metadata_destroy(metadata);
    /* Said only while there is no connection on which a broker has answered; else that the time is over. */
    return code != RD_KAFKA_RESP_ERR__TRANSPORT;
}

const char *curfew_kafka_address(const struct curfew_config *config)
{
    const char *address = curfew_config_find(config, "kafka.bootstrap.servers");
    return address == NULL ? "(no address)" : address;
}

bool curfew_kafka_at_end(struct rd_kafka_s *client, const struct rd_kafka_message_s *message)
{
    int64_t low = 0;
    int64_t high = -1; /* as of a fetch at least as late as this message's */
    return rd_kafka_get_watermark_offsets(client, rd_kafka_topic_name(message->rkt), message->partition, &low, &high) ==
               RD_KAFKA_RESP_ERR_NO_ERROR &&
           high > 0 && message->offset + 1 >= high;
}

/* One admin conversation: a handle, a queue for its results, and how long it may all take. */
struct admin {
    const char *address;
    rd_kafka_t *client;
    rd_kafka_queue_t *queue;
    int64_t deadline_us;
    int timeout_ms;
};

static void admin_close(struct admin *admin)
{
    if (admin->queue != NULL) {
        rd_kafka_queue_destroy(admin->queue);
    }
    if (admin->client != NULL) {
        rd_kafka_destroy(admin->client);
    }
}

static enum curfew_status admin_open(const struct curfew_config *config, int timeout_ms, struct admin *admin,
                                     struct curfew_error *error)
{
    rd_kafka_conf_t *conf = NULL;
    *admin = (struct admin){.address = curfew_kafka_address(config), .timeout_ms = timeout_ms};
    admin->deadline_us = curfew_clock_now().boot_us + timeout_ms * CURFEW_US_PER_MS;
    enum curfew_status status = curfew_kafka_conf_create(config, CURFEW_KAFKA_ADMIN, &conf, error);
    if (status == CURFEW_OK) {
        status = curfew_kafka_client_create(conf, CURFEW_KAFKA_ADMIN, &admin->client, error);
    }
    if (status == CURFEW_OK) {
        admin->queue = rd_kafka_queue_new(admin->client);
    }
    if (conf != NULL) {
        rd_kafka_conf_destroy(conf);
    }
    return status;
}

static int admin_remaining_ms(const struct admin *admin)
{
    int64_t left_ms = (admin->deadline_us - curfew_clock_now().boot_us) / CURFEW_US_PER_MS;
    return left_ms < 1 ? 1 : (int)left_ms;
}

static bool is_silence(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__RESOLVE ||
           code == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT || code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE ||
           code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR_NOT_CONTROLLER;
}

static enum curfew_status admin_failed(const struct admin *admin, const char *what, const char *topic,
                                       rd_kafka_resp_err_t code, struct curfew_error *error)
{
    if (is_silence(code)) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "%s %s: Kafka at %s did not answer within %d ms; check the address and that the broker "
                                "runs",
                                what, topic, admin->address, admin->timeout_ms);
    }
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            "%s %s: the topic exists on %s already; nothing was changed. Delete it first, or choose "
            "another topics.prefix",
            what, topic, admin->address);
    }
    return curfew_error_set(error, CURFEW_INVALID, "%s %s: Kafka at %s says: %s", what, topic, admin->address,
                            rd_kafka_err2str(code));
}

/* Waits for the one result that the queue will bring. */
static enum curfew_status admin_result(const struct admin *admin, const char *what, const char *topic,
                                       rd_kafka_event_t **result, struct curfew_error *error)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(admin->queue, admin_remaining_ms(admin));
    rd_kafka_resp_err_t code = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        enum curfew_status status = admin_failed(admin, what, topic, code, error);
        rd_kafka_event_destroy(event);
        return status;
    }
    *result = event;
    return CURFEW_OK;
}

static rd_kafka_AdminOptions_t *admin_options(const struct admin *admin, rd_kafka_admin_op_t operation, bool dry)
{
    char reason[REASON_SIZE];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(admin->client, operation);
    /* These fail only for times out of range, and then leave librdkafka's own. */
    (void)rd_kafka_AdminOptions_set_request_timeout(options, admin_remaining_ms(admin), reason, sizeof reason);
    if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS) {
        (void)rd_kafka_AdminOptions_set_operation_timeout(options, admin_remaining_ms(admin), reason, sizeof reason);
        (void)rd_kafka_AdminOptions_set_validate_only(options, dry, reason, sizeof reason);
    }
    return options;
}

/* Asks the broker to create the topics, or only (`dry`) whether it would. */
static enum curfew_status ask_for_topics(struct admin *admin, rd_kafka_NewTopic_t **topics, size_t count, bool dry,
                                         struct curfew_error *error)
{
    static const char what[] = "creating topic";
    rd_kafka_event_t *event = NULL;
    rd_kafka_AdminOptions_t *options = admin_options(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS, dry);
    rd_kafka_CreateTopics(admin->client, topics, count, options, admin->queue);
    rd_kafka_AdminOptions_destroy(options);
    enum curfew_status status = admin_result(admin, what, "(all)", &event, error);
    if (status != CURFEW_OK) {
        return status;
    }
    size_t answers = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &answers);
    for (size_t i = 0; status == CURFEW_OK && i < answers; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        const char *name = rd_kafka_topic_result_name(results[i]);
        const char *said = rd_kafka_topic_result_error_string(results[i]);
        if (code == RD_KAFKA_RESP_ERR_INVALID_CONFIG || code == RD_KAFKA_RESP_ERR_POLICY_VIOLATION) {
            status = curfew_error_set(error, CURFEW_INVALID, "%s %s: Kafka at %s says: %s", what, name, admin->address,
                                      said == NULL ? rd_kafka_err2str(code) : said);
        } else if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            status = admin_failed(admin, what, name, code, error);
        }
    }
    rd_kafka_event_destroy(event);
    return status;
}

static enum curfew_status make_new_topic(const struct curfew_config *config, const struct curfew_topic_spec *spec,
                                         int32_t replication, rd_kafka_NewTopic_t **topic, struct curfew_error *error)
{
    char name[CURFEW_TOPIC_TEXT_SIZE];
    char reason[REASON_SIZE];
    enum curfew_status status = curfew_kafka_topic_text(config, spec->topic, name, error);
    if (status != CURFEW_OK) {
        return status;
    }
    *topic = rd_kafka_NewTopic_new(name, spec->partitions, replication, reason, sizeof reason);
    if (*topic == NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "creating topic %s with %d partitions and replication factor %d: %s", name,
                                (int)spec->partitions, (int)replication, reason);
    }
    for (const char *const *setting = spec->settings; setting != NULL && setting[0] != NULL; setting += 2) {
        if (rd_kafka_NewTopic_set_config(*topic, setting[0], setting[1]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return curfew_error_set(error, CURFEW_INVALID, "creating topic %s: the setting %s cannot be used", name,
                                    setting[0]);
        }
    }
    return CURFEW_OK;
}

enum curfew_status curfew_kafka_create_topics(const struct curfew_config *config, const struct curfew_topic_spec *specs,
                                              size_t count, int32_t replication, int timeout_ms,
                                              struct curfew_error *error)
{
    rd_kafka_NewTopic_t *topics[ADMIN_TOPICS_MAX] = {NULL};
    struct admin admin = {0};
    enum curfew_status status = CURFEW_OK;
    if (count > ADMIN_TOPICS_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "creating topics: %zu at once are more than the %d there are",
                                count, ADMIN_TOPICS_MAX);
    }
    for (size_t i = 0; status == CURFEW_OK && i < count; i++) {
        status = make_new_topic(config, &specs[i], replication, &topics[i], error);
    }
    if (status == CURFEW_OK) {
        status = admin_open(config, timeout_ms, &admin, error);
    }
    if (status == CURFEW_OK) {
        status = ask_for_topics(&admin, topics, count, true, error); /* so that a failure leaves nothing half made */
    }
    if (status == CURFEW_OK) {
        status = ask_for_topics(&admin, topics, count, false, error);
    }
    for (size_t i = 0; i < count; i++) {
        if (topics[i] != NULL) {
            rd_kafka_NewTopic_destroy(topics[i]);
        }
    }
    admin_close(&admin);
    return status;
}

/* One ACL an operation on a topic: the principal may, from anywhere. */
static enum curfew_status make_acls(const char *topic, const struct curfew_topic_right *right, const char *principal,
                                    rd_kafka_AclBinding_t **acls, size_t *count)
{
    const rd_kafka_AclOperation_t operations[] = {
        RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
        right->read ? RD_KAFKA_ACL_OPERATION_READ : RD_KAFKA_ACL_OPERATION_UNKNOWN,
        right->write ? RD_KAFKA_ACL_OPERATION_WRITE : RD_KAFKA_ACL_OPERATION_UNKNOWN,
    };
    char reason[REASON_SIZE];
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        if (operations[i] != RD_KAFKA_ACL_OPERATION_UNKNOWN) {
            acls[*count] =
                rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, topic, RD_KAFKA_RESOURCE_PATTERN_LITERAL, principal,
                                        "*", operations[i], RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, reason, sizeof reason);
            if (acls[*count] == NULL) {
                return CURFEW_INVALID;
            }
            (*count)++;
        }
    }
    return CURFEW_OK;
}

static enum curfew_status ask_for_acls(struct admin *admin, rd_kafka_AclBinding_t **acls, size_t count,
                                       const char *principal, struct curfew_error *error)
{
    static const char what[] = "granting rights to";
    rd_kafka_event_t *event = NULL;
    rd_kafka_AdminOptions_t *options = admin_options(admin, RD_KAFKA_ADMIN_OP_CREATEACLS, false);
    rd_kafka_CreateAcls(admin->client, acls, count, options, admin->queue);
    rd_kafka_AdminOptions_destroy(options);
    enum curfew_status status = admin_result(admin, what, principal, &event, error);
    if (status != CURFEW_OK) {
        return status;
    }
    size_t answers = 0;
    const rd_kafka_acl_result_t **results =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &answers);
    for (size_t i = 0; status == CURFEW_OK && i < answers; i++) {
        const rd_kafka_error_t *failed = rd_kafka_acl_result_error(results[i]);
        if (failed != NULL) {
            status = curfew_error_set(error, CURFEW_INVALID, "%s %s: Kafka at %s says: %s", what, principal,
                                      admin->address, rd_kafka_err2str(rd_kafka_error_code(failed)));
        }
    }
    rd_kafka_event_destroy(event);
    return status;
}

enum curfew_status curfew_kafka_grant(const struct curfew_config *config, const struct curfew_principal_rights *rights,
                                      int timeout_ms, struct curfew_error *error)
{
    rd_kafka_AclBinding_t *acls[3 * ADMIN_TOPICS_MAX] = {NULL};
    char topic[CURFEW_TOPIC_TEXT_SIZE];
    size_t count = 0;
    struct admin admin = {0};
    enum curfew_status status = admin_open(config, timeout_ms, &admin, error);
    for (size_t i = 0; status == CURFEW_OK && i < rights->count; i++) {
        status = curfew_kafka_topic_text(config, rights->topics[i].topic, topic, error);
        if (status == CURFEW_OK && make_acls(topic, &rights->topics[i], rights->principal, acls, &count) != CURFEW_OK) {
            status = curfew_error_set(error, CURFEW_INVALID, "granting rights to %s: no principal of Kafka is named so",
                                      rights->principal);
        }
    }
    if (status == CURFEW_OK) {
        status = ask_for_acls(&admin, acls, count, rights->principal, error);
    }
    rd_kafka_AclBinding_destroy_array(acls, count);
    admin_close(&admin);
    return status;
}

static enum curfew_status count_partitions(const struct admin *admin, const char *name, int32_t *partitions,
                                           struct curfew_error *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    *partitions = 0;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(admin->client, name, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(admin->client, 0, topic, &metadata, admin_remaining_ms(admin));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
        *partitions = metadata->topics[0].partition_cnt;
        code = metadata->topics[0].err;
    }
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        *partitions = 0;
        return CURFEW_OK;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
        return admin_failed(admin, "describing topic", name, code, error);
    }
    return CURFEW_OK;
}

static bool is_log_append_time(const rd_kafka_ConfigResource_t *resource)
{
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), "message.timestamp.type") == 0) {
            const char *value = rd_kafka_ConfigEntry_value(entries[i]);
            return value != NULL && strcmp(value, "LogAppendTime") == 0;
        }
    }
    return false;
}

static enum curfew_status describe_settings(const struct admin *admin, const char *name, bool *log_append_time,
                                            struct curfew_error *error)
{
    static const char what[] = "reading the settings of topic";
    rd_kafka_event_t *event = NULL;
    rd_kafka_AdminOptions_t *options = admin_options(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, false);
    rd_kafka_ConfigResource_t *asked = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    rd_kafka_DescribeConfigs(admin->client, &asked, 1, options, admin->queue);
    rd_kafka_ConfigResource_destroy(asked);
    rd_kafka_AdminOptions_destroy(options);
    enum curfew_status status = admin_result(admin, what, name, &event, error);
    if (status != CURFEW_OK) {
        return status;
    }
    size_t count = 0;
    const rd_kafka_ConfigResource_t **told =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
    rd_kafka_resp_err_t code = count == 1 ? rd_kafka_ConfigResource_error(told[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *log_append_time = is_log_append_time(told[0]);
    } else {
        status = admin_failed(admin, what, name, code, error);
    }
    rd_kafka_event_destroy(event);
    return status;
}

enum curfew_status curfew_kafka_describe_all(const struct curfew_config *config, const enum curfew_topic *topics,
                                             size_t count, int timeout_ms, struct curfew_topic_facts *facts,
                                             struct curfew_error *error)
{
    char name[CURFEW_TOPIC_TEXT_SIZE];
    struct admin admin = {0};
    enum curfew_status status = admin_open(config, timeout_ms, &admin, error);
    for (size_t i = 0; status == CURFEW_OK && i < count; i++) {
        facts[i] = (struct curfew_topic_facts){0};
        status = curfew_kafka_topic_text(config, topics[i], name, error);
        if (status == CURFEW_OK) {
            status = count_partitions(&admin, name, &facts[i].partitions, error);
        }
        if (status == CURFEW_OK && facts[i].partitions > 0) {
            status = describe_settings(&admin, name, &facts[i].log_append_time, error);
        }
    }
    admin_close(&admin);
    return status;
}

enum curfew_status curfew_kafka_describe(const struct curfew_config *config, enum curfew_topic topic, int timeout_ms,
                                         struct curfew_topic_facts *facts, struct curfew_error *error)
{
    return curfew_kafka_describe_all(config, &topic, 1, timeout_ms, facts, error);
}
