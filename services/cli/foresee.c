/* foresee: one question to a coordinator over HTTP: what would this revocation end? */
#include "services/cli/foresee.h"
#include "core/json.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

struct body {
    uint8_t bytes[CURFEW_FORESEE_BODY_MAX];
    size_t size;
};

static size_t keep(char *bytes, size_t one, size_t size, void *context)
{
    struct body *body = context;

    (void)one;
    if (size > sizeof body->bytes - body->size)
        return 0; /* ends the transfer */
    memcpy(body->bytes + body->size, bytes, size);
    body->size += size;
    return size;
}

/* Appends "&name=value", encoded; false when memory runs out. */
static bool add_argument(CURL *curl, FILE *url, const char *name, struct curfew_slice value)
{
    if (value.size == 0)
        return true;
    char *encoded = curl_easy_escape(curl, (const char *)value.at, (int)value.size);
    if (encoded == NULL)
        return false;
    fprintf(url, "&%s=%s", name, encoded);
    curl_free(encoded);
    return true;
}

/* malloc'ed; NULL: no memory. */
static char *make_url(CURL *curl, const char *coordinator, const struct curfew_target *target)
{
    char *text = NULL;
    size_t size = strlen(coordinator);
    size_t made = 0;
    FILE *url = open_memstream(&text, &made);

    if (url == NULL)
        return NULL;
    while (size > 0 && coordinator[size - 1] == '/')
        size--;
    fprintf(url, "%.*s/v1/impact?kind=%s", (int)size, coordinator, curfew_kind_name(target->kind));
    bool whole = add_argument(curl, url, "tenant", target->tenant) && add_argument(curl, url, "scope", target->scope) &&
                 add_argument(curl, url, "id", target->id);
    if (target->kind == CURFEW_KIND_POLICY)
        fprintf(url, "&version=%lld", (long long)target->version);
    if (fclose(url) != 0 || !whole) {
        free(text);
        return NULL;
    }
    return text;
}

static bool configure(CURL *curl, const char *url, struct body *body, int timeout_ms)
{
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(timeout_ms < 1 ? 1 : timeout_ms)) == CURLE_OK;
}

enum curfew_status curfew_foresee(const char *coordinator, const struct curfew_target *target, int timeout_ms,
                                  struct curfew_foreseen *foreseen, struct curfew_error *error)
{
    struct body body = {.size = 0};
    long code = 0;
    char *url = NULL;
    CURL *curl = NULL;
    CURLcode failed;
    enum curfew_status status;

    if (strncmp(coordinator, "http://", 7) != 0 && strncmp(coordinator, "https://", 8) != 0)
        return curfew_error_set(error, CURFEW_INVALID,
                                "asking the coordinator %.200s: write --coordinator http://address:port", coordinator);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0 && (curl = curl_easy_init()) != NULL)
        url = make_url(curl, coordinator, target);
    if (url == NULL || !configure(curl, url, &body, timeout_ms)) {
        status = curfew_error_set(error, CURFEW_NOMEM,
                                  "asking the coordinator %.200s: the HTTP client could not be "
                                  "set up",
                                  coordinator);
        goto out;
    }
    failed = curl_easy_perform(curl);
    if (failed != CURLE_OK) {
        status = curfew_error_set(error, failed == CURLE_OPERATION_TIMEDOUT ? CURFEW_TIMEOUT : CURFEW_UNAVAILABLE,
                                  "asking the coordinator %.200s: %s; is one running there?", coordinator,
                                  curl_easy_strerror(failed));
        goto out;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    status = curfew_foreseen_read(coordinator, code, (struct curfew_slice){body.bytes, body.size}, foreseen, error);
out:
    free(url);
    curl_easy_cleanup(curl);
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
