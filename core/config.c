/* config: settings from a properties file, the environment and overrides. */
#include "core/config.h"
#include "core/file.h"
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FILE_SIZE_MAX (64 * 1024)
#define SETTINGS_MAX 256
#define NAME_SIZE_MAX 128
#define VALUE_SIZE_MAX (4 * 1024)
#define ENVIRONMENT_PREFIX "CURFEW_"
#define KAFKA_PREFIX "kafka."
/* What people leave the prefix off, or misspell, most; librdkafka's own names are not in the table. */
#define KAFKA_LIKELY "kafka.bootstrap.servers"

extern char **environ;

struct setting {
    char *name;
    char *value;
    int line; /* of the file; 0: from the environment or an override */
};

/* A setting on its way in: whose memory it is stays with the caller. */
struct entry {
    const char *name;
    const char *value;
    int line;
    const char *where; /* for errors: "line 3 of a.conf" */
};

struct curfew_config {
    size_t count;
    struct setting settings[SETTINGS_MAX];
};

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time. Neither may be longer than NAME_SIZE_MAX. */
static size_t edit_distance(const char *from, const char *to)
{
    size_t row[NAME_SIZE_MAX + 1];
    size_t width = strlen(to);
    for (size_t j = 0; j <= width; j++) {
        row[j] = j;
    }
    for (size_t i = 0; from[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (from[i] == to[j] ? 0 : 1));
            diagonal = above;
        }
    }
    return row[width];
}

static const char *nearest_name(const char *name)
{
    const char *nearest = KAFKA_LIKELY;
    size_t least = edit_distance(name, nearest);
    for (const struct curfew_config_option *option = curfew_options; option->name != NULL; option++) {
        size_t distance = edit_distance(name, option->name);
        if (distance < least) {
            nearest = option->name;
            least = distance;
        }
    }
    return nearest;
}

static const struct curfew_config_option *find_option(const char *name)
{
    for (const struct curfew_config_option *option = curfew_options; option->name != NULL; option++) {
        if (strcmp(option->name, name) == 0) {
            return option;
        }
    }
    return NULL;
}

static bool is_kafka(const char *name)
{
    return strncmp(name, KAFKA_PREFIX, strlen(KAFKA_PREFIX)) == 0 && name[strlen(KAFKA_PREFIX)] != '\0';
}

/* "guard.listen" as CURFEW_GUARD_LISTEN. */
static void environment_name(const char *name, char *variable, size_t capacity)
{
    (void)snprintf(variable, capacity, ENVIRONMENT_PREFIX "%s", name);
    for (char *at = variable; *at != '\0'; at++) {
        *at = *at == '.' || *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    }
}

/* The name an environment variable (after its prefix) stands for, into `name`; false: none is known by it. */
static bool name_of_environment(const char *variable, size_t size, char name[NAME_SIZE_MAX + 1])
{
    for (const struct curfew_config_option *option = curfew_options; option->name != NULL; option++) {
        char known[sizeof ENVIRONMENT_PREFIX + NAME_SIZE_MAX];
        environment_name(option->name, known, sizeof known);
        const char *rest = known + strlen(ENVIRONMENT_PREFIX);
        if (strlen(rest) == size && memcmp(rest, variable, size) == 0) {
            memcpy(name, option->name, strlen(option->name) + 1);
            return true;
        }
    }
    bool fits = size <= NAME_SIZE_MAX; /* what does not is still compared, to tell what it is near to */
    size = fits ? size : NAME_SIZE_MAX;
    for (size_t i = 0; i < size; i++) {
        name[i] = variable[i] == '_' ? '.' : (char)tolower((unsigned char)variable[i]);
    }
    name[size] = '\0';
    return fits && is_kafka(name);
}

/* Where a setting stands; `count` when it is not there. */
static size_t find_setting(const struct curfew_config *config, const char *name)
{
    size_t at = 0;
    while (at < config->count && strcmp(config->settings[at].name, name) != 0) {
        at++;
    }
    return at;
}

/* Values may be passwords: the memory they were in is cleared. */
static void free_value(char *value)
{
    if (value != NULL) {
        explicit_bzero(value, strlen(value));
        free(value);
    }
}

static enum curfew_status check_fits(const struct curfew_config *config, const struct entry *entry, bool is_new,
                                     struct curfew_error *error)
{
    if (strlen(entry->value) > VALUE_SIZE_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading settings: %s: the value of %s has %zu bytes; at most %d are taken",
                                entry->where, entry->name, strlen(entry->value), VALUE_SIZE_MAX);
    }
    if (is_new && config->count == SETTINGS_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading settings: %s: %s is one more than the %d settings a process may have",
                                entry->where, entry->name, SETTINGS_MAX);
    }
    return CURFEW_OK;
}

/* Stores a copy over a setting of the same name. */
static enum curfew_status put(struct curfew_config *config, const struct entry *entry, struct curfew_error *error)
{
    size_t at = find_setting(config, entry->name);
    bool is_new = at == config->count;
    enum curfew_status status = check_fits(config, entry, is_new, error);
    if (status != CURFEW_OK) {
        return status;
    }

    char *value = strdup(entry->value);
    char *name = is_new ? strdup(entry->name) : NULL;
    if (value == NULL || (is_new && name == NULL)) {
        free_value(value);
        free(name);
        return curfew_error_set(error, CURFEW_NOMEM, "reading settings: %s: no memory for the value of %s",
                                entry->where, entry->name);
    }
    struct setting *setting = &config->settings[at];
    if (is_new) {
        setting->name = name;
        config->count++;
    } else {
        free_value(setting->value);
    }
    setting->value = value;
    setting->line = entry->line;
    return CURFEW_OK;
}

static enum curfew_status check_known(const char *name, const char *where, struct curfew_error *error)
{
    if (strlen(name) > NAME_SIZE_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading settings: %s: the name has %zu bytes; at most %d are taken", where,
                                strlen(name), NAME_SIZE_MAX);
    }
    if (find_option(name) != NULL || is_kafka(name)) {
        return CURFEW_OK;
    }
    return curfew_error_set(error, CURFEW_INVALID,
                            "reading settings: %s: there is no setting \"%s\"; the nearest is \"%s\"", where, name,
                            nearest_name(name));
}

/* What librdkafka calls sensitive. */
static const char *const secrets[] = {"kafka.sasl.password",
                                      "kafka.sasl.oauthbearer.client.secret",
                                      "kafka.sasl.oauthbearer.config",
                                      "kafka.ssl.key.password",
                                      "kafka.ssl.key.pem",
                                      "kafka.ssl.keystore.password"};

static enum curfew_status check_no_secret(const char *name, const char *where, struct curfew_error *error)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (strcmp(name, secrets[i]) == 0) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "reading settings: %s: %s is a secret, and arguments and environments are read by "
                                    "others; write it into a file of mode 0600 and name that with --config",
                                    where, name);
        }
    }
    return CURFEW_OK;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t size = strlen(text);
    while (size > 0 && isspace((unsigned char)text[size - 1])) {
        text[--size] = '\0';
    }
    return text;
}

static enum curfew_status take_line(struct curfew_config *config, char *line, int number, const char *path,
                                    struct curfew_error *error)
{
    char where[256];
    (void)snprintf(where, sizeof where, "line %d of %.200s", number, path);
    char *name = trim(line);
    if (*name == '\0' || *name == '#' || *name == '!') {
        return CURFEW_OK;
    }
    char *equals = strchr(name, '=');
    if (equals == NULL || equals == name) {
        /* The line itself is not shown: it may be a password on its own. */
        return curfew_error_set(error, CURFEW_INVALID, "reading settings: %s: it must be \"name = value\"", where);
    }
    *equals = '\0';
    const struct entry entry = {.name = trim(name), .value = trim(equals + 1), .line = number, .where = where};
    enum curfew_status status = check_known(entry.name, where, error);
    if (status != CURFEW_OK) {
        return status;
    }
    size_t earlier = find_setting(config, entry.name);
    if (earlier < config->count) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading settings: %s: %s was already given on line %d; remove one of them", where,
                                entry.name, config->settings[earlier].line);
    }
    return put(config, &entry, error);
}

static enum curfew_status take_text(struct curfew_config *config, char *text, size_t size, const char *path,
                                    struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    char *end = text + size;
    int number = 0;
    for (char *line = text; status == CURFEW_OK && line < end;) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *stop = newline == NULL ? end : newline;
        number++;
        if (memchr(line, '\0', (size_t)(stop - line)) != NULL) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "reading settings: line %d of %s: it holds a NUL byte; is it a text file?", number,
                                    path);
        }
        *stop = '\0'; /* at the end of the file: the NUL that stands behind it */
        status = take_line(config, line, number, path, error);
        line = stop + 1;
    }
    return status;
}

static enum curfew_status load_file(struct curfew_config *config, const char *path, struct curfew_error *error)
{
    const struct curfew_file_request request = {
        .path = path, .what = "settings file", .most = FILE_SIZE_MAX, .privacy = CURFEW_FILE_PUBLIC};
    struct curfew_file file;
    enum curfew_status status = curfew_file_read(&request, &file, error);
    if (status == CURFEW_OK) {
        status = take_text(config, (char *)file.bytes, file.size, path, error);
        curfew_file_wipe(&file);
    }
    return status;
}

static enum curfew_status take_variable(struct curfew_config *config, const char *variable, struct curfew_error *error)
{
    const size_t prefix_size = strlen(ENVIRONMENT_PREFIX);
    const char *equals = strchr(variable, '=');
    if (strncmp(variable, ENVIRONMENT_PREFIX, prefix_size) != 0 || equals == NULL) {
        return CURFEW_OK;
    }
    char where[256];
    (void)snprintf(where, sizeof where, "environment variable %.*s", (int)(equals - variable), variable);

    char name[NAME_SIZE_MAX + 1] = "";
    if (!name_of_environment(variable + prefix_size, (size_t)(equals - variable) - prefix_size, name)) {
        char nearest[sizeof ENVIRONMENT_PREFIX + NAME_SIZE_MAX];
        environment_name(nearest_name(name), nearest, sizeof nearest);
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading settings: %s: there is no setting it stands for; the nearest is %s", where,
                                nearest);
    }
    const struct entry entry = {.name = name, .value = equals + 1, .line = 0, .where = where};
    enum curfew_status status = check_no_secret(name, where, error);
    return status == CURFEW_OK ? put(config, &entry, error) : status;
}

enum curfew_status curfew_config_load(const char *path, struct curfew_config **config, struct curfew_error *error)
{
    *config = NULL;
    struct curfew_config *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading settings: no memory");
    }
    enum curfew_status status = path == NULL ? CURFEW_OK : load_file(made, path, error);
    for (char **variable = environ; status == CURFEW_OK && variable != NULL && *variable != NULL; variable++) {
        status = take_variable(made, *variable, error);
    }
    if (status != CURFEW_OK) {
        curfew_config_destroy(made);
        return status;
    }
    *config = made;
    return CURFEW_OK;
}

void curfew_config_destroy(struct curfew_config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->count; i++) {
        free(config->settings[i].name);
        free_value(config->settings[i].value);
    }
    free(config);
}

enum curfew_status curfew_config_set(struct curfew_config *config, const char *name, const char *value,
                                     struct curfew_error *error)
{
    const struct entry entry = {.name = name, .value = value, .line = 0, .where = "override"};
    enum curfew_status status = check_known(name, entry.where, error);
    return status == CURFEW_OK ? put(config, &entry, error) : status;
}

enum curfew_status curfew_config_set_argument(struct curfew_config *config, const char *name, const char *value,
                                              struct curfew_error *error)
{
    enum curfew_status status = check_no_secret(name, "--set", error);
    return status == CURFEW_OK ? curfew_config_set(config, name, value, error) : status;
}

const char *curfew_config_find(const struct curfew_config *config, const char *name)
{
    size_t at = find_setting(config, name);
    if (at < config->count) {
        return config->settings[at].value;
    }
    const struct curfew_config_option *option = find_option(name);
    return option == NULL ? NULL : option->fallback;
}

enum curfew_status curfew_config_get(const struct curfew_config *config, const char *name, const char **value,
                                     struct curfew_error *error)
{
    const struct curfew_config_option *option = find_option(name);
    const char *found = curfew_config_find(config, name);
    bool may_be_empty = option != NULL && option->fallback != NULL;
    /* Where there is no fallback an empty value is no choice either. */
    if (found != NULL && (found[0] != '\0' || may_be_empty)) {
        *value = found;
        return CURFEW_OK;
    }
    if (option == NULL && !is_kafka(name)) {
        return curfew_error_set(error, CURFEW_INTERNAL, "reading settings: %s is missing from the table of options",
                                name);
    }
    char variable[sizeof ENVIRONMENT_PREFIX + NAME_SIZE_MAX];
    environment_name(name, variable, sizeof variable);
    return curfew_error_set(error, CURFEW_INVALID,
                            "reading settings: %s is %s (%s) and has no default; write \"%s = ...\" in the "
                            "settings file or set %s",
                            name, found == NULL ? "not set" : "empty", option == NULL ? "for Kafka" : option->help,
                            name, variable);
}

enum curfew_status curfew_config_get_int(const struct curfew_config *config, const char *name, int64_t least,
                                         int64_t most, int64_t *value, struct curfew_error *error)
{
    const char *text = NULL;
    enum curfew_status status = curfew_config_get(config, name, &text, error);
    if (status != CURFEW_OK) {
        return status;
    }
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool plain = text[0] == '-' || isdigit((unsigned char)text[0]); /* strtoll also takes blanks and '+' */
    if (!plain || end == text || *end != '\0' || errno != 0 || number < least || number > most) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading settings: %s is \"%.64s\"; it must be a whole number from %lld to %lld", name,
                                text, (long long)least, (long long)most);
    }
    *value = number;
    return CURFEW_OK;
}

enum curfew_status curfew_config_each_kafka(const struct curfew_config *config,
                                            enum curfew_status (*visit)(void *context, const char *name,
                                                                        const char *value, struct curfew_error *error),
                                            void *context, struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    for (size_t i = 0; status == CURFEW_OK && i < config->count; i++) {
        const struct setting *setting = &config->settings[i];
        if (is_kafka(setting->name)) {
            status = visit(context, setting->name + strlen(KAFKA_PREFIX), setting->value, error);
        }
    }
    return status;
}

void curfew_config_print_options(const char *prefix, FILE *file)
{
    for (const struct curfew_config_option *option = curfew_options; option->name != NULL; option++) {
        if (strncmp(option->name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        if (option->fallback == NULL) {
            fprintf(file, "  %-24s %s (required)\n", option->name, option->help);
        } else {
            fprintf(file, "  %-24s %s (default: %s)\n", option->name, option->help,
                    option->fallback[0] == '\0' ? "empty" : option->fallback);
        }
    }
}
