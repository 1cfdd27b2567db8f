/* kafka_settings: what librdkafka is told, as names and values: our defaults, the user's kafka.* over them, and what
 * correctness rests on, which nobody may set otherwise. Pure. Any thread. */
#ifndef CURFEW_CORE_KAFKA_SETTINGS_H
#define CURFEW_CORE_KAFKA_SETTINGS_H

#include "core/config.h"

enum curfew_kafka_role {
    CURFEW_KAFKA_CONSUMER,
    CURFEW_KAFKA_PRODUCER,
    CURFEW_KAFKA_ADMIN, /* a producer that never produces */
};

typedef enum curfew_status curfew_kafka_setting(void *context, const char *name, const char *value,
                                                struct curfew_error *error);

/* Calls `visit` for each property in rising order of precedence; stops at the first that does not return OK.
 * CURFEW_INVALID: kafka.bootstrap.servers is missing, or a property that correctness rests on says otherwise; the
 * error names it. */
enum curfew_status curfew_kafka_settings_each(const struct curfew_config *config, enum curfew_kafka_role role,
                                              curfew_kafka_setting *visit, void *context,
                                              struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
