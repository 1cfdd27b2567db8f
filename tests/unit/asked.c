/* asked: a cluster to ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asked.h"
#include "http_world.h"
#include "services/coordinator/owned.h"
#include "services/coordinator/receipts.h"
#include "services/coordinator/tree.h"
#include "tests/common/author.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_world door; /* its `http` alone */
static struct http_answer answer; /* too large for a stack */
static struct curfew_json *body;

static void sessions(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    const struct asked *asked = context;
    if (strncmp(curfew_http_path(request), CURFEW_TREE_PREFIX, strlen(CURFEW_TREE_PREFIX)) == 0) {
        curfew_tree_reply(asked->cluster->coordinator, asked->cluster->now, request, response);
    } else {
        curfew_owned_reply(asked->cluster->coordinator, asked->cluster->now, request, response);
    }
}

static void receipts(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    const struct asked *asked = context;
    curfew_receipts_reply(asked->cluster->coordinator, asked->roster, asked->cluster->now, request, response);
}

static const struct curfew_http_route routes[] = {
    {"GET", "/v1/sessions/*", sessions}, {"GET", "/v1/receipts/*", receipts}, {NULL, NULL, NULL}};

int asked_begin(void **state)
{
    struct asked *asked = calloc(1, sizeof *asked);
    assert_non_null(asked);
    asked->cluster = cluster_begin();
    asked->roster = curfew_roster_create(author_master, 2);
    *state = asked;
    return curfew_http_open("127.0.0.1:0", routes, asked, &door.http, NULL) == CURFEW_OK ? 0 : -1;
}

int asked_end(void **state)
{
    struct asked *asked = *state;
    curfew_http_close(door.http);
    curfew_json_destroy(body);
    body = NULL;
    curfew_roster_destroy(asked->roster);
    cluster_end(asked->cluster);
    free(asked);
    return 0;
}

const struct curfew_json *asked_get(const char *path, int code)
{
    char line[2048];
    (void)snprintf(line, sizeof line, "GET %s", path);
    http_ask(&door, line, "", &answer);
    if (answer.code != code) {
        print_error("%s: %d %.*s\n", path, answer.code, (int)answer.body_size, answer.body);
    }
    assert_int_equal(answer.code, code);
    curfew_json_destroy(body);
    body = NULL;
    assert_true(answer.body_size <= CURFEW_HTTP_RESPONSE_MAX);
    assert_int_equal(
        curfew_json_parse((struct curfew_slice){(const uint8_t *)answer.body, answer.body_size}, &body, NULL),
        CURFEW_OK);
    return body;
}

int64_t asked_int(const struct curfew_json *object, const char *name)
{
    int64_t value = 0;
    return curfew_json_int(curfew_json_member(object, name), &value) ? value : -1;
}

bool asked_is(const struct curfew_json *object, const char *name, const char *text)
{
    struct curfew_slice found = {NULL, 0};
    const bool there = curfew_json_string(curfew_json_member(object, name), &found);
    return text == NULL ? !there : there && curfew_slice_equal(found, curfew_slice_of(text));
}

const struct curfew_json *asked_item(const struct curfew_json *object, const char *list, const char *key,
                                     const char *text)
{
    const struct curfew_json *items = curfew_json_member(object, list);
    for (size_t i = 0; i < curfew_json_count(items); i++) {
        if (asked_is(curfew_json_item(items, i), key, text)) {
            return curfew_json_item(items, i);
        }
    }
    return NULL;
}

static int64_t append(struct asked *asked, const struct curfew_event *event)
{
    const int64_t offset = cluster_append(asked->cluster, CURFEW_TOPIC_LIFECYCLE, *event);
    cluster_pass(asked->cluster, WORLD_S / 10);
    return offset;
}

int64_t asked_session(struct asked *asked, const char *id, const char *user, const char *holder)
{
    return append(asked,
                  &(const struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                                               .as.session_started = {.session = curfew_slice_of(id),
                                                                      .tenant = curfew_slice_of("acme"),
                                                                      .issuer = curfew_slice_of("https://as.acme"),
                                                                      .user = curfew_slice_of(user),
                                                                      .auth_us = WORLD_T0,
                                                                      .deadline_us = WORLD_T0 + 3600 * WORLD_S,
                                                                      .holder = curfew_slice_of(holder)}});
}

int64_t asked_session_end(struct asked *asked, const char *id, const char *reason)
{
    return append(asked, &(const struct curfew_event){
                             .type = CURFEW_EVENT_SESSION_ENDED,
                             .as.session_ended = {.session = curfew_slice_of(id), .reason = curfew_slice_of(reason)}});
}

int64_t asked_task(struct asked *asked, const char *id, const char *task, int64_t attempt, const char *holder)
{
    const char *below = strchr(task, '<');
    const struct curfew_slice name = {(const uint8_t *)task, below == NULL ? strlen(task) : (size_t)(below - task)};
    return append(asked, &(const struct curfew_event){
                             .type = CURFEW_EVENT_TASK_STARTED,
                             .as.task_started = {.session = curfew_slice_of(id),
                                                 .task = name,
                                                 .attempt = attempt,
                                                 .parent = curfew_slice_of(below == NULL ? NULL : below + 1),
                                                 .parent_attempt = below == NULL ? 0 : 1,
                                                 .holder = curfew_slice_of(holder)}});
}

int64_t asked_task_end(struct asked *asked, const char *id, const char *task, int64_t attempt, const char *reason)
{
    return append(asked, &(const struct curfew_event){.type = CURFEW_EVENT_TASK_ENDED,
                                                      .as.task_ended = {.session = curfew_slice_of(id),
                                                                        .task = curfew_slice_of(task),
                                                                        .attempt = attempt,
                                                                        .reason = curfew_slice_of(reason)}});
}

int64_t asked_attempt_end(struct asked *asked, const char *id, const char *task, int64_t attempt)
{
    return append(asked, &(const struct curfew_event){.type = CURFEW_EVENT_ATTEMPT_ENDED,
                                                      .as.attempt_ended = {.session = curfew_slice_of(id),
                                                                           .task = curfew_slice_of(task),
                                                                           .attempt = attempt}});
}

int64_t asked_mint(struct asked *asked, const char *id, const char *jti, const char *task, const char *agent)
{
    const struct curfew_slice agents[] = {curfew_slice_of(agent)};
    const struct curfew_path_step path[] = {{curfew_slice_of("acme"), curfew_slice_of(task), 1}};
    return append(asked, &(const struct curfew_event){
                             .type = CURFEW_EVENT_TOKEN_CREATED,
                             .as.token_created.claims = {.session = curfew_slice_of(id),
                                                         .tenant = curfew_slice_of("acme"),
                                                         .issuer = curfew_slice_of("https://as.acme"),
                                                         .user = curfew_slice_of("ada"),
                                                         .jti = curfew_slice_of(jti),
                                                         .auth_us = WORLD_T0,
                                                         .issued_us = asked->cluster->now.wall_us,
                                                         .expires_us = asked->cluster->now.wall_us + 300 * WORLD_S,
                                                         .agents = {agents, agent == NULL ? 0 : 1},
                                                         .path = {path, 1}}});
}

void asked_pass(struct asked *asked, int64_t us)
{
    for (int64_t passed = 0; passed < us; passed += WORLD_S / 10) {
        cluster_pass(asked->cluster, WORLD_S / 10);
    }
}
