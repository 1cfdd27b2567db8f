/* inquire: questions and their pages. */
#include "services/cli/inquire.h"
#include "core/clock.h"
#include "core/http.h"
#include "services/cli/get.h"
#include <inttypes.h>
#include <stdlib.h>

static enum curfew_status read_body(const struct curfew_inquiry *inquiry, long code, struct curfew_slice text,
                                    struct curfew_json **body, struct curfew_error *error)
{
    struct curfew_slice said = {NULL, 0};

    if (curfew_json_parse(text, body, NULL) != CURFEW_OK)
        *body = NULL; /* nothing is found in it */
    if (code != 200 && curfew_json_string(curfew_json_member(*body, "error"), &said))
        return curfew_error_set(error, code == 503 ? CURFEW_UNAVAILABLE : CURFEW_INVALID,
                                "asking the coordinator %.200s: %.*s", inquiry->coordinator, CURFEW_SLICE_ARGS(said));
    if (code != 200 || curfew_json_member(*body, inquiry->member) == NULL)
        return curfew_error_set(error, CURFEW_INVALID,
                                "asking the coordinator %.200s: it answered %ld without %s; is there a coordinator of "
                                "this version behind --coordinator?",
                                inquiry->coordinator, code, inquiry->member);
    return CURFEW_OK;
}

enum curfew_status curfew_inquire(const struct curfew_inquiry *inquiry, struct curfew_json **body,
                                  struct curfew_error *error)
{
    struct curfew_get *get = NULL;
    struct curfew_slice text;
    long code = 0;
    const int64_t left_ms = (inquiry->deadline_us - curfew_clock_now().boot_us) / CURFEW_US_PER_MS;
    const struct curfew_get_options options = {.base = inquiry->coordinator,
                                               .path = inquiry->path,
                                               .whole = true,
                                               .body_max = CURFEW_HTTP_RESPONSE_MAX,
                                               .asking = "asking the coordinator",
                                               .option = "--coordinator",
                                               .service = "one"};

    *body = NULL;
    enum curfew_status status = curfew_get_init(error);
    if (status == CURFEW_OK)
        status = curfew_get_create(&options, &get, error);
    if (status == CURFEW_OK)
        status = curfew_get_send(get, left_ms < 1 ? 1 : (int)left_ms, &code, &text, error);
    if (status == CURFEW_OK)
        status = read_body(inquiry, code, text, body, error);
    curfew_get_destroy(get);
    if (status != CURFEW_OK) {
        curfew_json_destroy(*body);
        *body = NULL;
    }
    return status;
}

bool curfew_inquire_argument(FILE *path, const char *name, const char *value, int *count)
{
    if (value == NULL)
        return true;
    char *escaped = curfew_get_escape(curfew_slice_of(value));
    if (escaped == NULL)
        return false;
    fprintf(path, "%c%s=%s", (*count)++ == 0 ? '?' : '&', name, escaped);
    free(escaped);
    return true;
}

/* The path of the page behind `body`; NULL: no memory. */
static char *next_path(const char *path, const struct curfew_json *body)
{
    char number[24];
    char *made = NULL;
    struct curfew_slice next = {NULL, 0};

    if (!curfew_json_string(curfew_json_member(body, "next"), &next)) {
        snprintf(number, sizeof number, "%" PRId64, curfew_inquired_int(body, "next", 0));
        next = curfew_slice_of(number);
    }
    char *escaped = curfew_get_escape(next);
    if (escaped == NULL || asprintf(&made, "%s%cafter=%s", path, strchr(path, '?') == NULL ? '?' : '&', escaped) < 0)
        made = NULL;
    free(escaped);
    return made;
}

/* Whether all items of a page were taken. */
static bool take_all(const struct curfew_json *items, curfew_inquired *take, void *context)
{
    for (size_t i = 0; i < curfew_json_count(items); i++)
        if (!take(context, curfew_json_item(items, i)))
            return false;
    return true;
}

enum curfew_status curfew_inquire_pages(const struct curfew_inquiry *inquiry, curfew_inquired *take, void *context,
                                        struct curfew_json **last, bool *more, struct curfew_error *error)
{
    struct curfew_inquiry page = *inquiry;
    char *path = NULL;
    enum curfew_status status;

    *last = NULL;
    *more = false;
    for (;;) {
        curfew_json_destroy(*last);
        status = curfew_inquire(&page, last, error);
        free(path);
        path = NULL;
        if (status != CURFEW_OK)
            return status;
        if (!take_all(curfew_json_member(*last, inquiry->member), take, context)) {
            *more = true;
            return CURFEW_OK;
        }
        if (curfew_json_member(*last, "next") == NULL)
            return CURFEW_OK;
        path = next_path(inquiry->path, *last);
        if (path == NULL)
            return curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
        page.path = path;
    }
}

int64_t curfew_inquired_int(const struct curfew_json *object, const char *name, int64_t otherwise)
{
    int64_t value = 0;
    return curfew_json_int(curfew_json_member(object, name), &value) ? value : otherwise;
}

struct curfew_slice curfew_inquired_text(const struct curfew_json *object, const char *name)
{
    struct curfew_slice text = {NULL, 0};
    return curfew_json_string(curfew_json_member(object, name), &text) ? text : (struct curfew_slice){NULL, 0};
}

bool curfew_inquired_is(const struct curfew_json *object, const char *name, const char *text)
{
    return curfew_slice_equal(curfew_inquired_text(object, name), curfew_slice_of(text));
}

const char *curfew_inquired_span(int64_t ms, char text[CURFEW_SPAN_SIZE])
{
    static const struct {
        int64_t up_to_ms, unit_ms;
        const char *name;
    } units[] = {{1000, 1, "ms"},
                 {INT64_C(120) * 1000, 1000, "s"},
                 {INT64_C(120) * 60000, 60000, "min"},
                 {INT64_C(48) * 3600000, 3600000, "h"},
                 {INT64_MAX, 86400000, "d"}};
    size_t i = 0;

    while (ms >= units[i].up_to_ms && i + 1 < sizeof units / sizeof units[0])
        i++;
    if (ms <= 0)
        snprintf(text, CURFEW_SPAN_SIZE, "no time");
    else
        snprintf(text, CURFEW_SPAN_SIZE, "%" PRId64 " %s", ms / units[i].unit_ms, units[i].name);
    return text;
}
