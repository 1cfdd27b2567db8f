/* check: questions over HTTP to a hop, verdicts back as status and JSON. */
#include "services/guard/check.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/service.h"
#include "services/guard/credentials.h"
#include <stdio.h>

#define CHECK_PATH "/v1/check"
#define NUMBER_SIZE 24

/* Takes in one opinion on the class; the stricter of two counts. False: it is not a class. */
static bool consider(const char *name, enum curfew_class *strictness, bool *found)
{
    enum curfew_class named = CURFEW_CLASS_STRICT;
    if (name == NULL) {
        return true;
    }
    if (curfew_class_parse(name, &named) != CURFEW_OK) {
        return false;
    }
    *strictness = *found && *strictness < named ? *strictness : named;
    *found = true;
    return true;
}

static bool find_class(const struct curfew_check *check, const struct curfew_http_request *request,
                       enum curfew_class *strictness, struct curfew_http_response *response)
{
    int count = 0;
    bool found = false;
    const char *header = curfew_http_header(request, "X-Curfew-Class", &count);
    bool own_query = strcmp(curfew_http_path(request), CHECK_PATH) == 0;
    if (count > 1 || !consider(header, strictness, &found) ||
        (own_query && !consider(curfew_http_query(request, "class"), strictness, &found))) {
        curfew_http_reply(response, 400,
                          "{\"error\":\"checking a token: the class must be named once and be strict, standard or "
                          "best_effort\"}");
        return false;
    }
    if (!found && !check->has_class) {
        curfew_http_reply(
            response, 400,
            "{\"error\":\"checking a token: no class was named; send " CHECK_PATH
            "?class=strict (or standard, best_effort) or the header X-Curfew-Class, or set guard.class\"}");
        return false;
    }
    if (!found) {
        *strictness = check->strictness;
    }
    return true;
}

static int code_of(enum curfew_decision decision)
{
    switch (decision) {
    case CURFEW_ALLOW:
        return 200;
    case CURFEW_NOT_VALID:
        return 401;
    case CURFEW_DENY:
    case CURFEW_NEEDS_REAPPROVAL:
        return 403;
    case CURFEW_UNAVAILABLE_NOW:
        return 503;
    }
    return 503;
}

static void answer(const struct curfew_verdict *verdict, enum curfew_class strictness,
                   struct curfew_http_response *response)
{
    char age[NUMBER_SIZE] = "null";
    char more[128] = "";
    char subject[2 * CURFEW_DIGEST_SIZE + 1];
    int code = code_of(verdict->decision);
    if (verdict->age_us >= 0) {
        snprintf(age, sizeof age, "%lld", (long long)(verdict->age_us / CURFEW_US_PER_MS));
    }
    if (verdict->decision == CURFEW_DENY) {
        curfew_hex(verdict->subject, sizeof verdict->subject, subject);
        snprintf(more, sizeof more, ",\"kind\":\"%s\",\"subject\":\"%s\"", curfew_kind_name(verdict->kind), subject);
    } else if (verdict->decision == CURFEW_UNAVAILABLE_NOW && verdict->stale_lane >= 0) {
        snprintf(more, sizeof more, ",\"lane\":%d", (int)verdict->stale_lane);
    }
    if (code == 503) {
        response->header_name = "Retry-After";
        response->header_value = "1";
    }
    if (code == 401) {
        response->header_name = "WWW-Authenticate";
        response->header_value = CURFEW_CREDENTIALS_SCHEME " error=\"invalid_token\"";
    }
    curfew_http_reply(response, code, "{\"verdict\":\"%s\",\"reason\":\"%s\",\"age_ms\":%s,\"class\":\"%s\"%s}",
                      curfew_decision_name(verdict->decision), verdict->reason, age, curfew_class_name(strictness),
                      more);
}

static void handle_check(void *context, const struct curfew_http_request *request,
                         struct curfew_http_response *response)
{
    const struct curfew_check *check = context;
    struct curfew_error error;
    const char *path = curfew_http_path(request) + strlen(CHECK_PATH);
    struct curfew_request question = {
        .size = sizeof question,
        .action = path[0] == '\0' ? NULL : curfew_http_method(request), /* a bare question is of no request */
        .resource = path[0] == '\0' ? NULL : path,
    };
    struct curfew_verdict verdict = {
        .decision = CURFEW_NOT_VALID, .reason = "no_token", .lane = -1, .stale_lane = -1, .age_us = -1};
    if (!find_class(check, request, &question.strictness, response)) {
        return;
    }
    const enum curfew_credentials found = curfew_credentials_find(request, &question.token);
    if (found == CURFEW_CREDENTIALS_FOUND) {
        question.token_size = strlen(question.token);
        /* What is wrong with a question is in the verdict too, as unavailable. */
        (void)check->hop.authorize(check->hop.context, &question, &verdict, &error);
    } else if (found == CURFEW_CREDENTIALS_UNCLEAR) {
        verdict.reason = "authorization";
    }
    answer(&verdict, question.strictness, response);
    if (found == CURFEW_CREDENTIALS_MISSING) {
        response->header_value =
            CURFEW_CREDENTIALS_SCHEME; /* RFC 6750 §3.1: no error code for a request without credentials */
    }
}

static void handle_readyz(void *context, const struct curfew_http_request *request,
                          struct curfew_http_response *response)
{
    const struct curfew_check *check = context;
    struct curfew_error error = {.status = CURFEW_OK};
    (void)request;
    curfew_service_readyz(check->hop.ready(check->hop.context, &error), &error, response);
}

/* Text that was malloc'ed, or NULL when memory ran out. */
static void answer_text(char *text, const char *content_type, struct curfew_http_response *response)
{
    if (text == NULL) {
        response->code = 503;
        return;
    }
    response->body = text;
    response->size = strlen(text);
    response->content_type = content_type;
}

static void handle_status(void *context, const struct curfew_http_request *request,
                          struct curfew_http_response *response)
{
    const struct curfew_check *check = context;
    (void)request;
    answer_text(check->hop.status_json(check->hop.context), "application/json", response);
}

static void handle_metrics(void *context, const struct curfew_http_request *request,
                           struct curfew_http_response *response)
{
    const struct curfew_check *check = context;
    (void)request;
    answer_text(check->hop.metrics(check->hop.context), "text/plain; version=0.0.4", response);
}

const struct curfew_http_route curfew_check_routes[] = {
    {NULL, CHECK_PATH, handle_check},
    {NULL, CHECK_PATH "/*", handle_check},
    {"GET", "/v1/status", handle_status},
    {"GET", "/livez", curfew_service_livez},
    {"GET", "/readyz", handle_readyz},
    {"GET", "/metrics", handle_metrics},
    {NULL, NULL, NULL},
};
