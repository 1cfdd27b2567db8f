/* config: any bytes as a settings file, an environment and `--set` overrides.
 *
 * What must hold. Loading succeeds or says why, and gives nothing then. Of what was loaded: each value is what stands
 * last on its way (file, environment, override); a number read is within the bounds asked for; written out again as
 * `name = value` lines and loaded, every value of a file is the same. No environment but CURFEW_ matters.
 *
 * Input: three parts with a byte 0x1e between them: the file; environment variables, one a line; overrides, one a
 * line. */
#include "core/config.h"
#include "consumer/redis_target.h"
#include "core/log.h"
#include "input.h"
#include <curfew/hop.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PART_END 0x1e
#define VARIABLES_MAX 16
#define FILE_SIZE_MAX (64 * 1024) /* core/config.h */
#define SETTINGS_MAX 256 /* core/config.h */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern char **environ;

/* Loads `text` as a file, with these variables (NULL-ended) as the whole environment. */
static enum curfew_status load(struct curfew_slice text, char **variables, struct curfew_config **config,
                               struct curfew_error *error)
{
    char path[32];
    char **before = environ;
    int file = memfd_create("settings", MFD_CLOEXEC);
    input_require(file >= 0 && (text.size == 0 || write(file, text.at, text.size) == (ssize_t)text.size),
                  "there is a file");
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    environ = variables;
    enum curfew_status status = curfew_config_load(path, config, error);
    environ = before;
    (void)close(file);
    return status;
}

static enum curfew_status write_kafka(void *context, const char *name, const char *value, struct curfew_error *error)
{
    (void)error;
    fprintf(context, "kafka.%s = %s\n", name, value);
    return CURFEW_OK;
}

static enum curfew_status match_kafka(void *context, const char *name, const char *value, struct curfew_error *error)
{
    char *full = NULL;
    (void)error;
    input_require(asprintf(&full, "kafka.%s", name) > 0, "there is memory");
    const char *found = curfew_config_find(context, full);
    input_require(found != NULL && strcmp(found, value) == 0, "what was written out loads as it was");
    free(full);
    return CURFEW_OK;
}

/* A file's values hold no line feed and no blanks at their ends, so they can be written out as they are. */
static void write_out_and_load(const struct curfew_config *config)
{
    static char *nothing[] = {NULL};
    char *text = NULL;
    size_t size = 0;
    struct curfew_config *back = NULL;
    FILE *file = open_memstream(&text, &size);
    input_require(file != NULL, "there is memory");
    for (const struct curfew_config_option *option = curfew_options; option->name != NULL; option++) {
        const char *value = curfew_config_find(config, option->name);
        if (value != NULL) {
            fprintf(file, "%s=%s\n", option->name, value);
        }
    }
    input_require(curfew_config_each_kafka(config, write_kafka, file, NULL) == CURFEW_OK, "all are visited");
    (void)fclose(file);
    size_t lines = 0;
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    if (size <= FILE_SIZE_MAX && lines <= SETTINGS_MAX) {
        input_require(load((struct curfew_slice){(const uint8_t *)text, size}, nothing, &back, NULL) == CURFEW_OK,
                      "what was written out loads");
        for (const struct curfew_config_option *option = curfew_options; option->name != NULL; option++) {
            const char *was = curfew_config_find(config, option->name);
            const char *is = curfew_config_find(back, option->name);
            input_require((was == NULL) == (is == NULL) && (was == NULL || strcmp(was, is) == 0),
                          "what was written out loads as it was");
        }
        input_require(curfew_config_each_kafka(config, match_kafka, back, NULL) == CURFEW_OK, "all are visited");
        curfew_config_destroy(back);
    }
    free(text);
}

/* What the components make of a value. */
static void read_values(const struct curfew_config *config)
{
    for (const struct curfew_config_option *option = curfew_options; option->name != NULL; option++) {
        struct curfew_error error = {.text = ""};
        struct curfew_redis_target target = {.host = NULL};
        enum curfew_log_level level = CURFEW_LOG_OFF;
        enum curfew_class strictness = 0;
        const char *value = NULL;
        int64_t number = 0;
        if (curfew_config_get_int(config, option->name, 1, 86400, &number, &error) == CURFEW_OK) {
            input_require(number >= 1 && number <= 86400, "a number is within the bounds asked for");
        }
        if (curfew_config_get(config, option->name, &value, &error) != CURFEW_OK) {
            input_require(error.text[0] != '\0', "what is missing is named");
            continue;
        }
        input_require(value == curfew_config_find(config, option->name), "get and find agree");
        if (curfew_log_level_parse(value, &level) == CURFEW_OK) {
            input_require(level < CURFEW_LOG_OFF, "a level that can be set");
        }
        if (curfew_class_parse(value, &strictness) == CURFEW_OK) {
            input_require(strcmp(curfew_class_name(strictness), value) == 0, "a class is named as it is called");
        }
        if (curfew_redis_target_parse(value, NULL, &target, &error) == CURFEW_OK) {
            input_require(target.port >= 0 && target.port <= 65535 && target.host[0] != '\0', "Redis is somewhere");
        }
        curfew_redis_target_clear(&target);
    }
}

static void override(struct curfew_config *config, struct curfew_slice line)
{
    char *name = input_text(line);
    char *equals = strchr(name, '=');
    struct curfew_error error = {.text = ""};
    if (equals != NULL) {
        *equals = '\0';
        if (curfew_config_set(config, name, equals + 1, &error) == CURFEW_OK) {
            input_require(strcmp(curfew_config_find(config, name), equals + 1) == 0, "an override stands over all");
        } else {
            input_require(error.text[0] != '\0', "a refusal says why");
        }
    }
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    struct curfew_slice file = input_until(&input, PART_END);
    struct curfew_slice rest = input_until(&input, PART_END);
    struct input environment = {rest.at, rest.size};
    char *variables[VARIABLES_MAX + 1] = {NULL};
    size_t count = 0;
    while (environment.size > 0 && count < VARIABLES_MAX) {
        variables[count++] = input_text(input_until(&environment, '\n'));
    }
    struct curfew_config *config = NULL;
    struct curfew_error error = {.text = ""};
    if (load(file, variables, &config, &error) == CURFEW_OK) {
        if (count == 0) {
            write_out_and_load(config);
        }
        while (input.size > 0) {
            override(config, input_until(&input, '\n'));
        }
        read_values(config);
    } else {
        input_require(config == NULL && error.text[0] != '\0', "a refusal says why");
    }
    curfew_config_destroy(config);
    for (size_t i = 0; i < count; i++) {
        free(variables[i]);
    }
    return 0;
}
