/* json: jansson behind our own words; the only file that knows it. */
#include "core/json.h"
#include <jansson.h>

/* jansson's own limit is 2,048 levels, each a stack frame or two on the thread that answers requests. */
static bool too_deep(struct curfew_slice text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t character = text.at[i];
        if (in_string) {
            if (character == '\\') {
                i++;
            } else if (character == '"') {
                in_string = false;
            }
        } else if (character == '"') {
            in_string = true;
        } else if (character == '{' || character == '[') {
            if (++depth > CURFEW_JSON_DEPTH_MAX) {
                return true;
            }
        } else if ((character == '}' || character == ']') && depth > 0) {
            depth--;
        }
    }
    return false;
}

/* jansson's text quotes what it stumbled over, so each fault gets words of our own. */
static const char *problem_of(const json_error_t *problem)
{
    switch (json_error_code(problem)) {
    case json_error_duplicate_key:
        return "a member is given twice";
    case json_error_invalid_utf8:
        return "it is not UTF-8";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a string holds U+0000";
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "something follows the value";
    case json_error_numeric_overflow:
        return "a number is too large";
    default:
        return "it is not JSON";
    }
}

enum curfew_status curfew_json_parse(struct curfew_slice text, struct curfew_json **json, struct curfew_error *error)
{
    json_error_t problem;
    *json = NULL;
    if (too_deep(text)) {
        return curfew_error_set(error, CURFEW_INVALID, "reading JSON: nested deeper than %d levels",
                                CURFEW_JSON_DEPTH_MAX);
    }
    json_t *value = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (value == NULL && json_error_code(&problem) == json_error_out_of_memory) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading JSON: out of memory");
    }
    if (value == NULL) {
        return curfew_error_set(error, CURFEW_INVALID, "reading JSON: %s (line %d, byte %d)", problem_of(&problem),
                                problem.line, problem.position);
    }
    *json = (struct curfew_json *)value;
    return CURFEW_OK;
}

void curfew_json_destroy(struct curfew_json *json)
{
    json_decref((json_t *)json);
}

char *curfew_json_print(const struct curfew_json *json)
{
    return json_dumps((const json_t *)json, JSON_COMPACT | JSON_ENCODE_ANY);
}

const struct curfew_json *curfew_json_member(const struct curfew_json *json, const char *name)
{
    return (const struct curfew_json *)json_object_get((const json_t *)json, name);
}

const struct curfew_json *curfew_json_item(const struct curfew_json *json, size_t index)
{
    return (const struct curfew_json *)json_array_get((const json_t *)json, index);
}

size_t curfew_json_count(const struct curfew_json *json)
{
    return json_array_size((const json_t *)json);
}

bool curfew_json_is_object(const struct curfew_json *json)
{
    return json_is_object((const json_t *)json);
}

bool curfew_json_is_array(const struct curfew_json *json)
{
    return json_is_array((const json_t *)json);
}

bool curfew_json_string(const struct curfew_json *json, struct curfew_slice *text)
{
    const json_t *value = (const json_t *)json;
    if (!json_is_string(value)) {
        return false;
    }
    *text = (struct curfew_slice){(const uint8_t *)json_string_value(value), json_string_length(value)};
    return true;
}

bool curfew_json_bool(const struct curfew_json *json, bool *value)
{
    *value = json_is_true((const json_t *)json);
    return json_is_boolean((const json_t *)json);
}

bool curfew_json_int(const struct curfew_json *json, int64_t *value)
{
    *value = json_integer_value((const json_t *)json);
    return json_is_integer((const json_t *)json);
}

bool curfew_json_real(const struct curfew_json *json, double *value)
{
    *value = json_real_value((const json_t *)json);
    return json_is_real((const json_t *)json);
}

bool curfew_json_only(const struct curfew_json *json, const char *const *names)
{
    json_t *object = (json_t *)(uintptr_t)json; /* jansson's iterator wants it writable and does not write */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *const *name = names;
        while (*name != NULL && strcmp(*name, json_object_iter_key(at)) != 0) {
            name++;
        }
        if (*name == NULL) {
            return false;
        }
    }
    return true;
}

struct curfew_json *curfew_json_object(void)
{
    return (struct curfew_json *)json_object();
}

struct curfew_json *curfew_json_array(void)
{
    return (struct curfew_json *)json_array();
}

struct curfew_json *curfew_json_of_string(struct curfew_slice text)
{
    return (struct curfew_json *)json_stringn(text.size == 0 ? "" : (const char *)text.at, text.size);
}

struct curfew_json *curfew_json_of_int(int64_t value)
{
    return (struct curfew_json *)json_integer(value);
}

struct curfew_json *curfew_json_of_bool(bool value)
{
    return (struct curfew_json *)json_boolean(value);
}

struct curfew_json *curfew_json_of(const struct curfew_json *json)
{
    return (struct curfew_json *)json_deep_copy((const json_t *)json);
}

bool curfew_json_set(struct curfew_json *object, const char *name, struct curfew_json *value)
{
    return json_object_set_new((json_t *)object, name, (json_t *)value) == 0;
}

bool curfew_json_append(struct curfew_json *array, struct curfew_json *value)
{
    return json_array_append_new((json_t *)array, (json_t *)value) == 0;
}
