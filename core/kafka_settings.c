/* kafka_settings: defaults, and what must not be otherwise, of consumers, producers and admin clients. */
#include "core/kafka_settings.h"
#include <string.h>

#define FOR_CONSUMER (1u << CURFEW_KAFKA_CONSUMER)
#define FOR_PRODUCER (1u << CURFEW_KAFKA_PRODUCER)
#define FOR_ALL (FOR_CONSUMER | FOR_PRODUCER | 1u << CURFEW_KAFKA_ADMIN)

struct property {
    unsigned roles;
    const char *name;
    const char *value;
};

/* The user's kafka.* wins over these. */
static const struct property defaults[] = {
    {FOR_ALL, "client.id", "curfew"},
    {FOR_ALL, "socket.nagle.disable", "true"},
    {FOR_ALL, "socket.keepalive.enable", "true"},
    {FOR_ALL, "socket.timeout.ms", "10000"}, /* how long a broker that says nothing is believed to be there */
    {FOR_ALL, "reconnect.backoff.ms", "50"},
    {FOR_ALL, "reconnect.backoff.max.ms", "1000"},
    {FOR_ALL, "log.connection.close", "false"},
    {FOR_ALL, "allow.auto.create.topics", "false"},
    {FOR_ALL, "statistics.interval.ms", "0"},
    {FOR_ALL, "topic.metadata.refresh.interval.ms", "10000"}, /* a topic made late is found within this */
    {FOR_ALL, "topic.metadata.propagation.max.ms", "2000"}, /* from then on a topic unknown is a topic missing */
    {FOR_CONSUMER, "fetch.min.bytes", "1"},
    {FOR_CONSUMER, "fetch.wait.max.ms", "100"}, /* a new subscription waits for the fetch before it */
    {FOR_CONSUMER, "fetch.error.backoff.ms", "50"},
    {FOR_CONSUMER, "check.crcs", "true"},
    /* Bounds of the one queue all partitions share; a full one stops fetching for a second. */
    {FOR_CONSUMER, "queued.min.messages", "1000000"},
    {FOR_CONSUMER, "queued.max.messages.kbytes", "131072"},
    {FOR_PRODUCER, "linger.ms", "0"},
    {FOR_PRODUCER, "message.timeout.ms", "10000"},
    {FOR_PRODUCER, "message.max.bytes", "1048576"},
    {FOR_PRODUCER, "queue.buffering.max.messages", "100000"},
    {FOR_PRODUCER, "queue.buffering.max.kbytes", "262144"},
};

struct fixed_property {
    unsigned roles;
    const char *name;
    const char *values[3]; /* what may be written, the first is what is set; none: it must not be set at all */
    const char *why;
};

static const struct fixed_property fixed[] = {
    {FOR_PRODUCER, "enable.idempotence", {"true"}, "a retry must not put a record into the log twice"},
    {FOR_PRODUCER, "acks", {"all", "-1"}, "a receipt says that the record survives the broker that took it"},
    {0, "request.required.acks", {"all", "-1"}, "a receipt says that the record survives the broker that took it"},
    {0, "transactional.id", {NULL}, "records are idempotent by content and need no transactions"},
    {0, "group.id", {NULL}, "every reader keeps positions of its own"},
    {FOR_CONSUMER, "auto.offset.reset", {"error"}, "a position that is gone is a gap, never skipped"},
    {FOR_CONSUMER, "enable.partition.eof", {"true"}, "the end of a partition says that a reader has caught up"},
    {FOR_CONSUMER, "isolation.level", {"read_uncommitted"}, "an open transaction of a stranger must hold up nobody"},
};

static enum curfew_status check_fixed(const char *name, const char *value, struct curfew_error *error)
{
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (strcmp(fixed[i].name, name) != 0) {
            continue;
        }
        const char *const *allowed = fixed[i].values;
        for (; *allowed != NULL; allowed++) {
            if (strcmp(*allowed, value) == 0) {
                return CURFEW_OK;
            }
        }
        if (fixed[i].values[0] == NULL) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "reading the settings: kafka.%s must not be set, since %s; remove it", name,
                                    fixed[i].why);
        }
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading the settings: kafka.%s must be %s, since %s; remove it or write that", name,
                                fixed[i].values[0], fixed[i].why);
    }
    return CURFEW_OK;
}

/* The user's settings on their way to `visit`. */
struct users {
    curfew_kafka_setting *visit;
    void *context;
};

static enum curfew_status pass_on(void *context, const char *name, const char *value, struct curfew_error *error)
{
    const struct users *users = context;
    enum curfew_status status = check_fixed(name, value, error);
    if (status != CURFEW_OK) {
        return status;
    }
    return users->visit(users->context, name, value, error);
}

enum curfew_status curfew_kafka_settings_each(const struct curfew_config *config, enum curfew_kafka_role role,
                                              curfew_kafka_setting *visit, void *context, struct curfew_error *error)
{
    const unsigned mask = 1u << role;
    struct users users = {visit, context};
    if (curfew_config_find(config, "kafka.bootstrap.servers") == NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading the settings: kafka.bootstrap.servers is missing; set it to host:port of the "
                                "Kafka brokers");
    }
    enum curfew_status status = CURFEW_OK;
    for (size_t i = 0; status == CURFEW_OK && i < sizeof defaults / sizeof defaults[0]; i++) {
        if ((defaults[i].roles & mask) != 0) {
            status = visit(context, defaults[i].name, defaults[i].value, error);
        }
    }
    if (status == CURFEW_OK) {
        status = curfew_config_each_kafka(config, pass_on, &users, error);
    }
    for (size_t i = 0; status == CURFEW_OK && i < sizeof fixed / sizeof fixed[0]; i++) {
        if ((fixed[i].roles & mask) != 0) {
            status = visit(context, fixed[i].name, fixed[i].values[0], error);
        }
    }
    return status;
}
