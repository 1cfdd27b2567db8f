/* ask: one question to a guard over HTTP: may this token go ahead? */
#include "services/cli/ask.h"
#include "core/clock.h"
#include "core/json.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#define URL_SIZE 512
#define BEARER "Authorization: Bearer "

struct curfew_ask {
    CURL *curl;
    struct curl_slist *headers;
    const char *guard;
    char url[URL_SIZE];
    uint8_t body[CURFEW_ASK_BODY_MAX];
    size_t body_size;
};

enum curfew_status curfew_ask_init(struct curfew_error *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return curfew_error_set(error, CURFEW_INTERNAL, "starting the HTTP client failed");
    return CURFEW_OK;
}

/* Keeps what fits; the rest of a long answer is read and dropped, so that the connection stays usable. */
static size_t keep(char *bytes, size_t one, size_t size, void *context)
{
    struct curfew_ask *ask = context;
    size_t room = sizeof ask->body - ask->body_size;
    size_t kept = size < room ? size : room;

    (void)one;
    memcpy(ask->body + ask->body_size, bytes, kept);
    ask->body_size += kept;
    return size;
}

/* Appends a copy of `text` to the headers. */
static bool add_header(struct curfew_ask *ask, const char *text)
{
    struct curl_slist *more = curl_slist_append(ask->headers, text);

    if (more == NULL)
        return false;
    ask->headers = more;
    return true;
}

static bool add_token(struct curfew_ask *ask, struct curfew_slice token)
{
    char *text = malloc(sizeof BEARER + token.size);

    if (text == NULL)
        return false;
    memcpy(text, BEARER, sizeof BEARER - 1);
    memcpy(text + sizeof BEARER - 1, token.at, token.size);
    text[sizeof BEARER - 1 + token.size] = '\0';
    bool added = add_header(ask, text);
    explicit_bzero(text, sizeof BEARER + token.size);
    free(text);
    return added;
}

static enum curfew_status make_url(struct curfew_ask *ask, const char *strictness, struct curfew_error *error)
{
    size_t size = strlen(ask->guard);

    if (strncmp(ask->guard, "http://", 7) != 0 && strncmp(ask->guard, "https://", 8) != 0)
        return curfew_error_set(error, CURFEW_INVALID, "asking %.200s: write --guard http://address:port", ask->guard);
    while (size > 0 && ask->guard[size - 1] == '/')
        size--;
    int used = snprintf(ask->url, sizeof ask->url, "%.*s/v1/check%s%s", (int)size, ask->guard,
                        strictness == NULL ? "" : "?class=", strictness == NULL ? "" : strictness);
    if (used < 0 || (size_t)used >= sizeof ask->url)
        return curfew_error_set(error, CURFEW_INVALID, "asking a guard: its address is longer than %d bytes", URL_SIZE);
    return CURFEW_OK;
}

static bool configure(struct curfew_ask *ask)
{
    CURL *curl = ask->curl;

    return curl_easy_setopt(curl, CURLOPT_URL, ask->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, ask->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, ask) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
}

enum curfew_status curfew_ask_create(const struct curfew_ask_options *options, struct curfew_ask **ask,
                                     struct curfew_error *error)
{
    struct curfew_ask *made = calloc(1, sizeof *made);
    enum curfew_status status;

    *ask = NULL;
    if (made == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "asking %.200s: out of memory", options->guard);
    made->guard = options->guard;
    status = make_url(made, options->strictness, error);
    if (status == CURFEW_OK) {
        made->curl = curl_easy_init();
        if (made->curl == NULL || !add_token(made, options->token) || !configure(made))
            status = curfew_error_set(error, CURFEW_NOMEM, "asking %.200s: the HTTP client could not be set up",
                                      options->guard);
    }
    if (status != CURFEW_OK) {
        curfew_ask_destroy(made);
        return status;
    }
    *ask = made;
    return CURFEW_OK;
}

void curfew_ask_destroy(struct curfew_ask *ask)
{
    if (ask == NULL)
        return;
    curl_easy_cleanup(ask->curl);
    for (struct curl_slist *header = ask->headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(ask->headers);
    free(ask);
}

enum curfew_status curfew_ask_send(struct curfew_ask *ask, int timeout_ms, struct curfew_answer *answer,
                                   struct curfew_error *error)
{
    long code = 0;

    ask->body_size = 0;
    memset(answer, 0, sizeof *answer);
    curl_easy_setopt(ask->curl, CURLOPT_TIMEOUT_MS, (long)(timeout_ms < 1 ? 1 : timeout_ms));
    CURLcode failed = curl_easy_perform(ask->curl);
    answer->at_us = curfew_clock_now().wall_us;
    if (failed != CURLE_OK)
        return curfew_error_set(error, failed == CURLE_OPERATION_TIMEDOUT ? CURFEW_TIMEOUT : CURFEW_UNAVAILABLE,
                                "asking %.200s: %s; is a guard running there?", ask->guard, curl_easy_strerror(failed));
    curl_easy_getinfo(ask->curl, CURLINFO_RESPONSE_CODE, &code);
    return curfew_answer_read(ask->guard, code, (struct curfew_slice){ask->body, ask->body_size}, answer, error);
}

static enum curfew_decision decision_of(long code)
{
    switch (code) {
    case 200:
        return CURFEW_ALLOW;
    case 401:
        return CURFEW_NOT_VALID;
    case 403:
        return CURFEW_DENY;
    case 503:
        return CURFEW_UNAVAILABLE_NOW;
    default:
        return 0;
    }
}

/* A text member, cut to what fits; empty when there is none. */
static void copy_text(const struct curfew_json *json, const char *name, char *text, size_t size)
{
    struct curfew_slice found = {NULL, 0};

    text[0] = '\0';
    if (curfew_json_string(curfew_json_member(json, name), &found))
        snprintf(text, size, "%.*s", CURFEW_SLICE_ARGS(found));
}

/* The code alone must not decide, since any web server says 200: the verdict has to say the same. */
static bool take_verdict(const struct curfew_json *json, long code, struct curfew_answer *answer)
{
    struct curfew_slice verdict;

    answer->decision = decision_of(code);
    if (answer->decision == 0 || !curfew_json_string(curfew_json_member(json, "verdict"), &verdict))
        return false;
    if (code == 403 && curfew_slice_equal(verdict, curfew_slice_of(curfew_decision_name(CURFEW_NEEDS_REAPPROVAL)))) {
        answer->decision = CURFEW_NEEDS_REAPPROVAL;
        return true;
    }
    return curfew_slice_equal(verdict, curfew_slice_of(curfew_decision_name(answer->decision)));
}

enum curfew_status curfew_answer_read(const char *guard, long code, struct curfew_slice body,
                                      struct curfew_answer *answer, struct curfew_error *error)
{
    struct curfew_json *json = NULL;
    char said[CURFEW_ERROR_TEXT_SIZE / 2];
    enum curfew_status status = CURFEW_OK;

    answer->age_ms = -1;
    if (curfew_json_parse(body, &json, NULL) != CURFEW_OK)
        json = NULL; /* nothing is found in it */
    copy_text(json, "reason", answer->reason, sizeof answer->reason);
    copy_text(json, "kind", answer->kind, sizeof answer->kind);
    copy_text(json, "error", said, sizeof said);
    if (!curfew_json_int(curfew_json_member(json, "age_ms"), &answer->age_ms))
        answer->age_ms = -1;
    if (code == 400 && said[0] != '\0')
        status = curfew_error_set(error, CURFEW_INVALID, "asking %.200s: %s", guard, said);
    else if (!take_verdict(json, code, answer))
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "asking %.200s: it answered %ld without the verdict that goes with it; is there a "
                                  "guard behind --guard?",
                                  guard, code);
    curfew_json_destroy(json);
    return status;
}
