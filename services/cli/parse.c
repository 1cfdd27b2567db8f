/* parse: what people write on a command line, as values. */
#include "services/cli/parse.h"
#include "core/bus.h"
#include "core/id.h"
#include <inttypes.h>

/* Digits alone: no sign, no blank, no overflow. Stops at the first other character, or returns NULL. */
static const char *read_digits(const char *text, int64_t *value)
{
    const char *at = text;
    int64_t sum = 0;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *at - '0', &sum))
            return NULL;
    *value = sum;
    return at == text ? NULL : at;
}

enum curfew_status curfew_parse_count(const char *what, const char *text, int64_t least, int64_t most, int64_t *value,
                                      struct curfew_error *error)
{
    int64_t number = 0;
    const char *end = read_digits(text, &number);

    if (end == NULL || *end != '\0' || number < least || number > most)
        return curfew_error_set(error, CURFEW_INVALID,
                                "%s is \"%s\": write a whole number from %" PRId64 " to %" PRId64, what, text, least,
                                most);
    *value = number;
    return CURFEW_OK;
}

enum curfew_status curfew_parse_duration(const char *what, const char *text, int64_t *ms, struct curfew_error *error)
{
    static const struct {
        const char *suffix;
        int64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}};
    int64_t number = 0;
    const char *end = read_digits(text, &number);

    for (size_t i = 0; end != NULL && i < sizeof units / sizeof units[0]; i++) {
        int64_t span;
        if (strcmp(end, units[i].suffix) != 0)
            continue;
        if (__builtin_mul_overflow(number, units[i].ms, &span) || span < 1 || span > CURFEW_DURATION_MAX_MS)
            return curfew_error_set(error, CURFEW_INVALID, "%s is \"%s\": write a span from 1ms to 3650d", what, text);
        *ms = span;
        return CURFEW_OK;
    }
    return curfew_error_set(error, CURFEW_INVALID,
                            "%s is \"%s\": write a whole number with ms, s, m, h or d behind it (seconds if nothing "
                            "is), such as 300, 5m or 8h",
                            what, text);
}

enum curfew_status curfew_parse_time(const char *what, const char *text, int64_t now_us, int64_t *time_us,
                                     struct curfew_error *error)
{
    int64_t number = 0;
    const char *end = read_digits(text, &number);

    if (strcmp(text, "now") == 0) {
        *time_us = now_us;
        return CURFEW_OK;
    }
    if (end == NULL || *end != '\0' || number < 1)
        return curfew_error_set(error, CURFEW_INVALID,
                                "%s is \"%s\": write now, or microseconds since 1970 such as 1795460429437000", what,
                                text);
    *time_us = number;
    return CURFEW_OK;
}

enum curfew_status curfew_parse_step(const char *text, struct curfew_path_step *step, struct curfew_error *error)
{
    const char *colon = strrchr(text, ':');
    int64_t attempt = 0;

    if (colon == NULL || colon == text)
        return curfew_error_set(error, CURFEW_INVALID,
                                "--path is \"%s\": write task:attempt, root first, such as clean:1", text);
    struct curfew_slice task = {(const uint8_t *)text, (size_t)(colon - text)};
    if (!curfew_id_valid(task))
        return curfew_error_set(error, CURFEW_INVALID,
                                "--path: the task before the last colon is not 1 to %d bytes of UTF-8 without control "
                                "characters",
                                CURFEW_ID_MAX);
    enum curfew_status status =
        curfew_parse_count("the attempt behind the last colon of --path", colon + 1, 1, INT64_MAX - 1, &attempt, error);
    if (status != CURFEW_OK)
        return status;
    step->task = task;
    step->attempt = attempt;
    return CURFEW_OK;
}

enum curfew_status curfew_parse_from(const char *text, int64_t *offset, struct curfew_error *error)
{
    int64_t number = 0;
    const char *end = read_digits(text, &number);

    if (strcmp(text, "begin") == 0)
        *offset = CURFEW_OFFSET_BEGIN;
    else if (strcmp(text, "end") == 0)
        *offset = CURFEW_OFFSET_END;
    else if (end != NULL && *end == '\0')
        *offset = number;
    else
        return curfew_error_set(error, CURFEW_INVALID, "--from is \"%s\": write begin, end or an offset", text);
    return CURFEW_OK;
}

enum curfew_status curfew_parse_event_type(const char *text, enum curfew_event_type *type, struct curfew_error *error)
{
    char known[CURFEW_ERROR_TEXT_SIZE];
    size_t used = 0;

    known[0] = '\0';
    for (int i = 0; i < CURFEW_EVENT_COUNT; i++) {
        const char *name = curfew_event_name((enum curfew_event_type)i);
        size_t size = strlen(name);
        if (strcmp(text, name) == 0) {
            *type = (enum curfew_event_type)i;
            return CURFEW_OK;
        }
        if (used + size + 2 < sizeof known) {
            known[used++] = ' ';
            memcpy(known + used, name, size + 1);
            used += size;
        }
    }
    return curfew_error_set(error, CURFEW_INVALID, "--type is \"%.64s\": write one of%s", text, known);
}

enum curfew_status curfew_parse_setting(char *text, const char **name, const char **value, struct curfew_error *error)
{
    char *equals = strchr(text, '=');

    /* the value is not repeated: it may be a secret */
    if (equals == NULL || equals == text)
        return curfew_error_set(error, CURFEW_INVALID,
                                "--set needs name=value, such as kafka.bootstrap.servers=127.0.0.1:9092");
    *equals = '\0';
    *name = text;
    *value = equals + 1;
    return CURFEW_OK;
}

static bool is_compact_jws(const char *text)
{
    static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int dots = 0;

    if (strncmp(text, "eyJ", 3) != 0)
        return false;
    for (; *text != '\0' && *text != '\n'; text++) {
        if (*text == '.')
            dots++;
        else if (strchr(base64url, *text) == NULL)
            return false;
    }
    return dots == 2;
}

bool curfew_parse_is_token(const char *text)
{
    const char *equals = strchr(text, '=');

    if (text[0] == '-' && equals != NULL)
        text = equals + 1;
    if (strncasecmp(text, "Bearer ", 7) == 0)
        text += 7;
    return is_compact_jws(text);
}
