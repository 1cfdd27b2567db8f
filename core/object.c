/* object: a JSON object, put together member by member and printed as one line. */
#include "core/object.h"
#include "core/json.h"
#include <stdlib.h>

struct curfew_object {
    struct curfew_json *json;
    bool broken; /* a put failed */
};

struct curfew_object *curfew_object_create(void)
{
    struct curfew_object *object = calloc(1, sizeof *object);

    if (object == NULL)
        return NULL;
    object->json = curfew_json_object();
    object->broken = object->json == NULL;
    return object;
}

void curfew_object_destroy(struct curfew_object *object)
{
    if (object == NULL)
        return;
    curfew_json_destroy(object->json);
    free(object);
}

/* Takes `value`; NULL stands for one that could not be made. */
static void put(struct curfew_object *object, const char *name, struct curfew_json *value)
{
    if (object == NULL)
        curfew_json_destroy(value);
    else if (!curfew_json_set(object->json, name, value))
        object->broken = true;
}

void curfew_object_put_text(struct curfew_object *object, const char *name, const char *text)
{
    if (text == NULL)
        curfew_object_put_null(object, name);
    else
        curfew_object_put_slice(object, name, curfew_slice_of(text));
}

void curfew_object_put_slice(struct curfew_object *object, const char *name, struct curfew_slice text)
{
    put(object, name, curfew_json_of_string(text));
}

void curfew_object_put_int(struct curfew_object *object, const char *name, int64_t value)
{
    put(object, name, curfew_json_of_int(value));
}

void curfew_object_put_bool(struct curfew_object *object, const char *name, bool value)
{
    put(object, name, curfew_json_of_bool(value));
}

void curfew_object_put_null(struct curfew_object *object, const char *name)
{
    struct curfew_json *null = NULL;

    if (curfew_json_parse(curfew_slice_of("null"), &null, NULL) != CURFEW_OK)
        null = NULL;
    put(object, name, null);
}

void curfew_object_put_slices(struct curfew_object *object, const char *name, const struct curfew_slice *texts,
                              size_t count)
{
    struct curfew_json *array = curfew_json_array();
    bool whole = array != NULL;

    for (size_t i = 0; i < count && whole; i++)
        whole = curfew_json_append(array, curfew_json_of_string(texts[i]));
    if (!whole) {
        curfew_json_destroy(array);
        array = NULL;
    }
    put(object, name, array);
}

char *curfew_object_text(const struct curfew_object *object)
{
    return object == NULL || object->broken ? NULL : curfew_json_print(object->json);
}

enum curfew_status curfew_object_print(const struct curfew_object *object, FILE *file, struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    char *text = curfew_object_text(object);

    if (text == NULL)
        return curfew_error_set(error, CURFEW_NOMEM,
                                "making JSON of the outcome: out of memory, or text that is not UTF-8");
    if (fputs(text, file) == EOF || fputc('\n', file) == EOF || fflush(file) != 0)
        status = curfew_error_set(error, CURFEW_INVALID, "writing the outcome to standard output failed: %m");
    explicit_bzero(text, strlen(text)); /* it may hold a token */
    free(text);
    return status;
}
