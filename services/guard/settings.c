/* settings: every setting with a value, and Kafka's under their whole names. */
#include "services/guard/settings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 320 /* what a config can hold, and every option's fallback */

struct curfew_guard_settings {
    const char *items[2 * SETTINGS_MAX + 1]; /* name, value, …, NULL */
    size_t count;
    char *kafka[SETTINGS_MAX]; /* names that were made here */
    size_t kafka_count;
};

static enum curfew_status add(struct curfew_guard_settings *settings, const char *name, const char *value,
                              struct curfew_error *error)
{
    if (settings->count + 2 >= sizeof settings->items / sizeof settings->items[0]) {
        return curfew_error_set(error, CURFEW_FULL, "reading the settings: more than %d; take some out", SETTINGS_MAX);
    }
    settings->items[settings->count++] = name;
    settings->items[settings->count++] = value;
    return CURFEW_OK;
}

static enum curfew_status add_kafka(void *context, const char *name, const char *value, struct curfew_error *error)
{
    struct curfew_guard_settings *settings = context;
    char *whole = NULL;
    if (settings->kafka_count == SETTINGS_MAX || asprintf(&whole, "kafka.%s", name) < 0) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading the settings: no room for kafka.%s", name);
    }
    settings->kafka[settings->kafka_count++] = whole;
    return add(settings, whole, value, error);
}

enum curfew_status curfew_guard_settings_create(const struct curfew_config *config,
                                                struct curfew_guard_settings **settings, struct curfew_error *error)
{
    struct curfew_guard_settings *made = calloc(1, sizeof *made);
    *settings = NULL;
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading the settings: out of memory");
    }
    enum curfew_status status = curfew_config_each_kafka(config, add_kafka, made, error);
    for (const struct curfew_config_option *option = curfew_options; status == CURFEW_OK && option->name != NULL;
         option++) {
        const char *value = curfew_config_find(config, option->name);
        if (value != NULL) {
            status = add(made, option->name, value, error);
        }
    }
    if (status != CURFEW_OK) {
        curfew_guard_settings_destroy(made);
        return status;
    }
    *settings = made;
    return CURFEW_OK;
}

void curfew_guard_settings_destroy(struct curfew_guard_settings *settings)
{
    if (settings != NULL) {
        for (size_t i = 0; i < settings->kafka_count; i++) {
            free(settings->kafka[i]);
        }
        free(settings);
    }
}

const char *const *curfew_guard_settings_list(const struct curfew_guard_settings *settings)
{
    return settings->items;
}

const char **curfew_guard_settings_with(const struct curfew_guard_settings *settings, const char *name,
                                        const char *value)
{
    const char **list = calloc(settings->count + 3, sizeof *list);
    if (list != NULL) {
        memcpy(list, settings->items, settings->count * sizeof *list);
        list[settings->count] = name;
        list[settings->count + 1] = value;
    }
    return list;
}
