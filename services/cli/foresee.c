/* foresee: one question to a coordinator over HTTP: what would this revocation end? */
#include "services/cli/foresee.h"
#include "core/json.h"
#include "services/cli/get.h"
#include <stdio.h>
#include <stdlib.h>

/* Appends "&name=value", escaped; false when memory runs out. */
static bool add_argument(FILE *path, const char *name, struct curfew_slice value)
{
    if (value.size == 0)
        return true;
    char *escaped = curfew_get_escape(value);
    if (escaped == NULL)
        return false;
    fprintf(path, "&%s=%s", name, escaped);
    free(escaped);
    return true;
}

/* malloc'ed; NULL: no memory. */
static char *make_path(const struct curfew_target *target)
{
    char *text = NULL;
    size_t made = 0;
    FILE *path = open_memstream(&text, &made);

    if (path == NULL)
        return NULL;
    fprintf(path, "/v1/impact?kind=%s", curfew_kind_name(target->kind));
    bool whole = add_argument(path, "tenant", target->tenant) && add_argument(path, "scope", target->scope) &&
                 add_argument(path, "id", target->id);
    if (target->kind == CURFEW_KIND_POLICY)
        fprintf(path, "&version=%lld", (long long)target->version);
    if (fclose(path) != 0 || !whole) {
        free(text);
        return NULL;
    }
    return text;
}

enum curfew_status curfew_foresee(const char *coordinator, const struct curfew_target *target, int timeout_ms,
                                  struct curfew_foreseen *foreseen, struct curfew_error *error)
{
    struct curfew_get *get = NULL;
    struct curfew_slice body;
    long code = 0;
    char *path = make_path(target);

    if (path == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator %.200s: out of memory", coordinator);
    const struct curfew_get_options options = {.base = coordinator,
                                               .path = path,
                                               .whole = true,
                                               .asking = "asking the coordinator",
                                               .option = "--coordinator",
                                               .service = "one"};
    enum curfew_status status = curfew_get_init(error);
    if (status == CURFEW_OK)
        status = curfew_get_create(&options, &get, error);
    if (status == CURFEW_OK)
        status = curfew_get_send(get, timeout_ms, &code, &body, error);
    if (status == CURFEW_OK)
        status = curfew_foreseen_read(coordinator, code, body, foreseen, error);
    curfew_get_destroy(get);
    free(path);
    return status;
}

static bool read_counts(const struct curfew_json *json, struct curfew_foreseen *foreseen)
{
    const struct curfew_json *proposed_by = curfew_json_member(json, "proposed_by");
    struct curfew_slice name = {NULL, 0};

    if (proposed_by != NULL && (!curfew_json_string(proposed_by, &name) || name.size > CURFEW_ID_MAX))
        return false;
    snprintf(foreseen->proposed_by, sizeof foreseen->proposed_by, "%.*s", CURFEW_SLICE_ARGS(name));
    return curfew_json_int(curfew_json_member(json, "sessions"), &foreseen->sessions) && foreseen->sessions >= 0 &&
           curfew_json_int(curfew_json_member(json, "tasks"), &foreseen->tasks) && foreseen->tasks >= 0 &&
           curfew_json_int(curfew_json_member(json, "control_next"), &foreseen->control_next) &&
           foreseen->control_next >= 0;
}

enum curfew_status curfew_foreseen_read(const char *coordinator, long code, struct curfew_slice body,
                                        struct curfew_foreseen *foreseen, struct curfew_error *error)
{
    struct curfew_json *json = NULL;
    struct curfew_slice said = {NULL, 0};
    enum curfew_status status = CURFEW_OK;

    if (curfew_json_parse(body, &json, NULL) != CURFEW_OK)
        json = NULL; /* nothing is found in it */
    bool explained = curfew_json_string(curfew_json_member(json, "error"), &said);
    if ((code == 400 || code == 503) && explained)
        status = curfew_error_set(error, code == 400 ? CURFEW_INVALID : CURFEW_UNAVAILABLE,
                                  "asking the coordinator %.200s: %.*s", coordinator, CURFEW_SLICE_ARGS(said));
    else if (code != 200 || !read_counts(json, foreseen))
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "asking the coordinator %.200s: it answered %ld without counts; is there a "
                                  "coordinator behind --coordinator?",
                                  coordinator, code);
    curfew_json_destroy(json);
    return status;
}
