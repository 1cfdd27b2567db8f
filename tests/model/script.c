/* script: the scripts, and their events and tokens as bytes. */
#include "tests/model/script.h"
#include "tests/common/author.h"

#include "core/base64url.h"
#include <stdio.h>
#include <stdlib.h>

#define TENANT "acme"
#define SESSION "1.AAAAAAAAAAAAAAAAAAAAAA"
#define USER "ada"
#define AUTH_US (MODEL_T0 - INT64_C(30000000))
#define ISSUED_US (MODEL_T0 - INT64_C(1000000))
#define EXPIRES_US (MODEL_T0 + INT64_C(300000000))
#define TEXT_MAX 2048

#define START                                                                                                          \
    {                                                                                                                  \
        MODEL_SESSION_STARTED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false                                                 \
    }
#define NEVER MODEL_NEVER

static const struct model_script scripts[] = {
    {"end",
     "a task ends; a worker mints too late",
     5,
     2,
     false,
     {START,
      {MODEL_TASK_STARTED, "extract", 1, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_MINTED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_TASK_ENDED, "extract", 1, NULL, 0, MODEL_ACCEPTED, true},
      {MODEL_MINTED, NULL, 0, NULL, 1, MODEL_REFUSED, true}},
     {{"t1", NULL, "extract", 1, 3, 3}, {"t2", NULL, "extract", 1, 3, 3}}},
    {"fence",
     "the second attempt fences the first, whose zombie mints",
     6,
     3,
     false,
     {START,
      {MODEL_TASK_STARTED, "extract", 1, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_MINTED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_TASK_STARTED, "extract", 2, NULL, 0, MODEL_ACCEPTED, true},
      {MODEL_MINTED, NULL, 0, NULL, 1, MODEL_ACCEPTED, false},
      {MODEL_MINTED, NULL, 0, NULL, 2, MODEL_REFUSED, true}},
     {{"t1", NULL, "extract", 1, 3, 3}, {"t2", NULL, "extract", 2, NEVER, NEVER}, {"t3", NULL, "extract", 1, 3, 3}}},
    {"user",
     "a user is revoked on the control lane while a token of theirs is minted",
     4,
     2,
     false,
     {START,
      {MODEL_MINTED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_USER_REVOKED, NULL, 0, NULL, 0, MODEL_ACCEPTED, true},
      {MODEL_MINTED, NULL, 0, NULL, 1, MODEL_EITHER, false}},
     {{"t1", NULL, NULL, 0, 2, 2}, {"t2", NULL, NULL, 0, 2, 2}}},
    {"child",
     "a child's token dies with its parent's attempt; the next attempt lives",
     6,
     2,
     false,
     {START,
      {MODEL_TASK_STARTED, "plan", 1, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_TASK_STARTED, "post", 1, "plan", 0, MODEL_ACCEPTED, false},
      {MODEL_MINTED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_ATTEMPT_ENDED, "plan", 1, NULL, 0, MODEL_ACCEPTED, true},
      {MODEL_TASK_STARTED, "plan", 2, NULL, 0, MODEL_ACCEPTED, false}},
     {{"t1", "plan", "post", 1, 4, 4}, {"t2", NULL, "plan", 2, NEVER, NEVER}}},
    {"token",
     "one token of two is revoked; then the session ends",
     5,
     2,
     false,
     {START,
      {MODEL_MINTED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_MINTED, NULL, 0, NULL, 1, MODEL_ACCEPTED, false},
      {MODEL_TOKEN_REVOKED, NULL, 0, NULL, 0, MODEL_ACCEPTED, true},
      {MODEL_SESSION_ENDED, NULL, 0, NULL, 0, MODEL_ACCEPTED, true}},
     {{"t1", NULL, NULL, 0, 3, 3}, {"t2", NULL, NULL, 0, 4, 4}}},
    {"user-session",
     "a user is revoked, and then their session ends",
     4,
     1,
     false,
     {START,
      {MODEL_MINTED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false},
      {MODEL_USER_REVOKED, NULL, 0, NULL, 0, MODEL_ACCEPTED, true},
      {MODEL_SESSION_ENDED, NULL, 0, NULL, 0, MODEL_ACCEPTED, false}},
     {{"t1", NULL, NULL, 0, 2, 3}}},
};

size_t model_script_count(void)
{
    return sizeof scripts / sizeof scripts[0];
}

const struct model_script *model_script_at(size_t index)
{
    return &scripts[index];
}

const struct model_script *model_script_find(const char *name)
{
    for (size_t i = 0; i < model_script_count(); i++) {
        if (strcmp(scripts[i].name, name) == 0) {
            return &scripts[i];
        }
    }
    return NULL;
}

const char *model_act_name(enum model_act act)
{
    static const char *const names[] = {"session-started", "session-ended", "task-started",  "attempt-ended",
                                        "task-ended",      "token-created", "token-revoked", "subject-revoked"};
    return names[act];
}

static struct curfew_claims claims_of(const struct model_token *token)
{
    static struct curfew_path_step path[2];
    size_t depth = 0;
    if (token->parent != NULL) {
        path[depth++] = (struct curfew_path_step){curfew_slice_of(TENANT), curfew_slice_of(token->parent), 1};
    }
    if (token->task != NULL) {
        path[depth++] =
            (struct curfew_path_step){curfew_slice_of(TENANT), curfew_slice_of(token->task), token->attempt};
    }
    return (struct curfew_claims){
        .session = curfew_slice_of(SESSION),
        .tenant = curfew_slice_of(TENANT),
        .issuer = curfew_slice_of(MODEL_ISSUER),
        .user = curfew_slice_of(USER),
        .jti = curfew_slice_of(token->jti),
        .auth_us = AUTH_US,
        .issued_us = ISSUED_US,
        .expires_us = EXPIRES_US,
        .path = {path, depth},
    };
}

/* An end or a start within the session. */
static void work_event(const struct model_event *event, struct curfew_event *made)
{
    const struct curfew_slice session = curfew_slice_of(SESSION);
    const struct curfew_slice task = curfew_slice_of(event->task);
    switch (event->act) {
    case MODEL_TASK_STARTED:
        made->type = CURFEW_EVENT_TASK_STARTED;
        made->as.task_started = (struct curfew_task_started){.session = session,
                                                             .task = task,
                                                             .attempt = event->attempt,
                                                             .parent = curfew_slice_of(event->parent),
                                                             .parent_attempt = event->parent == NULL ? 0 : 1};
        return;
    case MODEL_ATTEMPT_ENDED:
        made->type = CURFEW_EVENT_ATTEMPT_ENDED;
        made->as.attempt_ended =
            (struct curfew_attempt_ended){.session = session, .task = task, .attempt = event->attempt};
        return;
    case MODEL_TASK_ENDED:
        made->type = CURFEW_EVENT_TASK_ENDED;
        made->as.task_ended = (struct curfew_task_ended){.session = session, .task = task, .attempt = event->attempt};
        return;
    default:
        made->type = CURFEW_EVENT_SESSION_ENDED;
        made->as.session_ended = (struct curfew_session_ended){.session = session};
        return;
    }
}

struct curfew_event model_script_event(const struct model_script *script, int index, int64_t now_us)
{
    const struct model_event *event = &script->events[index];
    struct curfew_event made = {.type = CURFEW_EVENT_COUNT};
    if (event->act == MODEL_SESSION_STARTED) {
        made.type = CURFEW_EVENT_SESSION_STARTED;
        made.as.session_started = (struct curfew_session_started){.session = curfew_slice_of(SESSION),
                                                                  .tenant = curfew_slice_of(TENANT),
                                                                  .issuer = curfew_slice_of(MODEL_ISSUER),
                                                                  .user = curfew_slice_of(USER),
                                                                  .auth_us = AUTH_US,
                                                                  .deadline_us = MODEL_T0 + INT64_C(3600000000)};
    } else if (event->act == MODEL_MINTED) {
        made.type = CURFEW_EVENT_TOKEN_CREATED;
        made.as.token_created.claims = claims_of(&script->token[event->token]);
    } else if (event->act == MODEL_TOKEN_REVOKED) {
        made.type = CURFEW_EVENT_TOKEN_REVOKED;
        made.as.token_revoked = (struct curfew_token_revoked){.session = curfew_slice_of(SESSION),
                                                              .issuer = curfew_slice_of(MODEL_ISSUER),
                                                              .jti = curfew_slice_of(script->token[event->token].jti)};
    } else if (event->act == MODEL_USER_REVOKED) {
        made.type = CURFEW_EVENT_SUBJECT_REVOKED;
        made.as.subject_revoked = (struct curfew_subject_revoked){.kind = CURFEW_KIND_USER,
                                                                  .tenant = curfew_slice_of(TENANT),
                                                                  .scope = curfew_slice_of(MODEL_ISSUER),
                                                                  .id = curfew_slice_of(USER)};
    } else {
        work_event(event, &made);
    }
    made.as.session_ended.writer = curfew_slice_of("model"); /* writer and said_us lead every event of the two logs */
    made.as.session_ended.said_us = now_us;
    return made;
}

struct curfew_event model_script_genesis(int32_t lane)
{
    struct curfew_event made = {.type = CURFEW_EVENT_GENESIS};
    made.as.genesis = (struct curfew_genesis){
        .writer = curfew_slice_of("model"),
        .said_us = MODEL_T0 - MODEL_GENESIS_AGO_US,
        .log_id = {(uint8_t)(lane + 1)},
        .control_log = {1},
        .lane = lane,
        .lanes = 2,
        .settings = {.rules = 1,
                     .schemas = 1,
                     .skew_ms = 250,
                     .tick_ms = 100,
                     .lease_ms = 10000,
                     .heartbeat_age_ms = 5000,
                     .attempt_step = 1000,
                     .token_life_ms = 900000,
                     .session_life_ms = INT64_C(6) * 86400000,
                     .restate_ms = 3600000,
                     .sessions_max = 1000,
                     .tasks_max = 1000,
                     .floors_max = 1000},
    };
    static struct author_list writers;
    if (writers.count == 0) {
        author_name(&writers, "model", AUTHOR_ALL_ROLES);
    }
    author_genesis(&made.as.genesis, &writers);
    return made;
}

static void print_path(const struct model_token *token, char *text, size_t size)
{
    char parent[64] = "";
    if (token->parent != NULL) {
        (void)snprintf(parent, sizeof parent, "[\"%s\",\"%s\",1]", TENANT, token->parent);
    }
    text[0] = '\0';
    if (token->task != NULL) {
        (void)snprintf(text, size, "%s%s[\"%s\",\"%s\",%d]", parent, parent[0] == '\0' ? "" : ",", TENANT, token->task,
                       token->attempt);
    }
}

struct curfew_token *model_script_token(const struct model_script *script, int index)
{
    static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}";
    const struct model_token *token = &script->token[index];
    char path[256];
    char payload[TEXT_MAX];
    char text[2 * TEXT_MAX];
    struct curfew_token *made = NULL;
    struct curfew_error error = {.text = ""};
    print_path(token, path, sizeof path);
    (void)snprintf(payload, sizeof payload,
                   "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"client_id\":\"agents\",\"iat\":%lld,\"exp\":%lld,"
                   "\"jti\":\"%s\",\"curfew\":{\"v\":1,\"tenant\":\"%s\",\"session\":\"%s\",\"auth_us\":%lld,"
                   "\"agents\":[],\"path\":[%s],\"approvals\":[],\"policies\":[],\"supervised\":false}}",
                   MODEL_ISSUER, USER, MODEL_AUDIENCE, (long long)(ISSUED_US / 1000000),
                   (long long)(EXPIRES_US / 1000000), token->jti, TENANT, SESSION, (long long)AUTH_US, path);
    curfew_base64url_encode(curfew_slice_of(header), text);
    strcat(text, ".");
    curfew_base64url_encode(curfew_slice_of(payload), text + strlen(text));
    strcat(text, ".AAAA"); /* signatures are not the model's business: the guard judges a token already read */
    if (curfew_token_read(curfew_slice_of(text), &made, &error) != CURFEW_TOKEN_GOOD) {
        (void)fprintf(stderr, "model: token %s: %s\n", token->jti, error.text);
        abort();
    }
    return made;
}
