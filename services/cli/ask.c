/* ask: one question to a guard over HTTP: may this token go ahead? */
#include "services/cli/ask.h"
#include "core/clock.h"
#include "core/json.h"
#include "services/cli/get.h"
#include <stdio.h>
#include <stdlib.h>

#define URL_SIZE 512
#define PATH_SIZE 128

struct curfew_ask {
    struct curfew_get *get;
    const char *guard;
};

enum curfew_status curfew_ask_create(const struct curfew_ask_options *options, struct curfew_ask **ask,
                                     struct curfew_error *error)
{
    const char *strictness = options->strictness;
    char path[PATH_SIZE];

    *ask = NULL;
    int used = snprintf(path, sizeof path, "/v1/check%s%s",
                        strictness == NULL ? "" : "?class=", strictness == NULL ? "" : strictness);
    if (used < 0 || (size_t)used >= sizeof path || strlen(options->guard) + (size_t)used >= URL_SIZE)
        return curfew_error_set(error, CURFEW_INVALID, "asking a guard: its address is longer than %d bytes", URL_SIZE);
    struct curfew_ask *made = calloc(1, sizeof *made);
    if (made == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "asking %.200s: out of memory", options->guard);
    const struct curfew_get_options get = {.base = options->guard,
                                           .path = path,
                                           .token = options->token,
                                           .asking = "asking",
                                           .option = "--guard",
                                           .service = "a guard"};
    enum curfew_status status = curfew_get_create(&get, &made->get, error);
    if (status != CURFEW_OK) {
        curfew_ask_destroy(made);
        return status;
    }
    made->guard = options->guard;
    *ask = made;
    return CURFEW_OK;
}

void curfew_ask_destroy(struct curfew_ask *ask)
{
    if (ask == NULL)
        return;
    curfew_get_destroy(ask->get);
    free(ask);
}

enum curfew_status curfew_ask_send(struct curfew_ask *ask, int timeout_ms, struct curfew_answer *answer,
                                   struct curfew_error *error)
{
    long code = 0;
    struct curfew_slice body;

    memset(answer, 0, sizeof *answer);
    enum curfew_status status = curfew_get_send(ask->get, timeout_ms, &code, &body, error);
    answer->at_us = curfew_clock_now().wall_us;
    return status == CURFEW_OK ? curfew_answer_read(ask->guard, code, body, answer, error) : status;
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
