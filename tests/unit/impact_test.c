/* impact_test: GET /v1/impact: what a revocation would end, asked of a coordinator that knows, and of one that does
 * not.
 */
#include "cluster_world.h"
#include "core/json.h"
#include "http_world.h"
#include "services/coordinator/impact.h"
#include "world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEY "Nz-AU2K3PvYyJ1nO4Xr6C5aT0bQeDgHkLmRsVwXyZ01"
#define USER_QUERY "/v1/impact?kind=user&tenant=acme&scope=https%3A%2F%2Fas.acme&id="

static struct http_world door; /* its `http` alone */
static struct http_answer answer; /* too large for a stack */

static void handle_impact(void *context, const struct curfew_http_request *request,
                          struct curfew_http_response *response)
{
    const struct cluster *cluster = context;
    struct curfew_target target;
    struct curfew_coordinator_impact impact = {.book = {0, 0}};
    struct curfew_error error;
    enum curfew_status status = curfew_impact_target(request, &target, &error);
    if (status == CURFEW_OK) {
        status = curfew_coordinator_impact(cluster->coordinator, &target, cluster->now, &impact, &error);
    }
    curfew_impact_reply(status, &impact, &error, response);
}

static const struct curfew_http_route routes[] = {{"GET", "/v1/impact", handle_impact}, {NULL, NULL, NULL}};

static void begin_session(struct cluster *cluster, const char *id, const char *user, const char *task)
{
    (void)cluster_append(cluster, CURFEW_TOPIC_LIFECYCLE,
                         (struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                                               .as.session_started = {.session = curfew_slice_of(id),
                                                                      .tenant = curfew_slice_of("acme"),
                                                                      .issuer = curfew_slice_of("https://as.acme"),
                                                                      .user = curfew_slice_of(user),
                                                                      .auth_us = WORLD_T0,
                                                                      .deadline_us = WORLD_T0 + 3600 * WORLD_S}});
    (void)cluster_append(
        cluster, CURFEW_TOPIC_LIFECYCLE,
        (struct curfew_event){
            .type = CURFEW_EVENT_TASK_STARTED,
            .as.task_started = {.session = curfew_slice_of(id), .task = curfew_slice_of(task), .attempt = 1}});
}

static int begin(void **state)
{
    *state = cluster_begin();
    return curfew_http_open("127.0.0.1:0", routes, *state, &door.http, NULL) == CURFEW_OK ? 0 : -1;
}

static int end(void **state)
{
    curfew_http_close(door.http);
    cluster_end(*state);
    return 0;
}

static void ask(const char *path)
{
    char line[512];
    (void)snprintf(line, sizeof line, "GET %s", path);
    http_ask(&door, line, "", &answer);
}

static void assert_counts(const char *path, int64_t sessions, int64_t tasks, const char *proposed_by)
{
    struct curfew_json *json = NULL;
    struct curfew_slice by = {NULL, 0};
    int64_t found[2] = {-1, -1};
    ask(path);
    assert_int_equal(answer.code, 200);
    assert_string_equal(http_answer_header(&answer, "content-type"), "application/json");
    assert_int_equal(
        curfew_json_parse((struct curfew_slice){(const uint8_t *)answer.body, answer.body_size}, &json, NULL),
        CURFEW_OK);
    assert_true(curfew_json_int(curfew_json_member(json, "sessions"), &found[0]));
    assert_true(curfew_json_int(curfew_json_member(json, "tasks"), &found[1]));
    (void)curfew_json_string(curfew_json_member(json, "proposed_by"), &by);
    assert_int_equal(found[0], sessions);
    assert_int_equal(found[1], tasks);
    assert_true(curfew_slice_equal(by, curfew_slice_of(proposed_by)));
    curfew_json_destroy(json);
}

static void it_counts_what_would_end_and_names_who_proposed(void **state)
{
    struct cluster *cluster = *state; /* goal: open sessions and running tasks over all lanes; a proposal that waits */
    cluster_pass(cluster, WORLD_S / 10);
    begin_session(cluster, WORLD_SESSION, "ada", "extract");
    begin_session(cluster, WORLD_OTHER, "bob", "load");
    cluster_pass(cluster, WORLD_S / 10);
    assert_counts(USER_QUERY "ada", 1, 1, NULL);
    assert_counts(USER_QUERY "eve", 0, 0, NULL);
    assert_counts("/v1/impact?kind=tenant&tenant=acme&id=acme", 2, 2, NULL);
    assert_counts("/v1/impact?kind=agent&tenant=acme&scope=acme&id=spiffe%3A%2F%2Facme%2Fp", 0, 0, NULL);
    assert_counts("/v1/impact?kind=key&id=" KEY, 0, 0, NULL);
    assert_counts("/v1/impact?kind=policy&tenant=acme&id=payments&version=7", 0, 0, NULL);
    (void)cluster_append(cluster, CURFEW_TOPIC_CONTROL,
                         (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                               .as.subject_revoked = {.kind = CURFEW_KIND_TENANT,
                                                                      .tenant = curfew_slice_of("acme"),
                                                                      .id = curfew_slice_of("acme")}});
    cluster_pass(cluster, WORLD_S / 10);
    assert_counts("/v1/impact?kind=tenant&tenant=acme&id=acme", 2, 2, "tester");
    assert_counts("/v1/impact?kind=tenant&tenant=books&id=books", 0, 0, NULL);
    (void)cluster_append(cluster, CURFEW_TOPIC_CONTROL,
                         (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                               .as.subject_revoked = {.writer = curfew_slice_of("w"),
                                                                      .said_us = cluster->now.wall_us,
                                                                      .kind = CURFEW_KIND_TENANT,
                                                                      .tenant = curfew_slice_of("acme"),
                                                                      .id = curfew_slice_of("acme")}});
    cluster_pass(cluster, WORLD_S / 10);
    cluster_pass(cluster, WORLD_S / 10); /* the tick that takes it in */
    assert_counts("/v1/impact?kind=tenant&tenant=acme&id=acme", 0, 0, NULL);
}

static void bad_questions_are_400_and_say_what_to_ask(void **state)
{
    struct cluster *cluster = *state; /* goal: nothing is guessed: each slip is a JSON error */
    static const char *const bad[] = {
        "/v1/impact",
        "/v1/impact?kind=",
        "/v1/impact?kind=session&tenant=acme&id=x",
        "/v1/impact?kind=User&tenant=acme&scope=i&id=x",
        USER_QUERY,
        "/v1/impact?kind=user&tenant=acme&id=ada",
        "/v1/impact?kind=agent&tenant=acme&scope=books&id=spiffe%3A%2F%2Facme%2Fp",
        "/v1/impact?kind=tenant&tenant=acme&id=books",
        "/v1/impact?kind=key&id=short",
        ("/v1/impact?kind=key&tenant=acme&id=" KEY),
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=-1",
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=7x",
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=",
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=99999999999999999999",
        "/v1/impact?kind=user&tenant=acme%00&scope=i&id=%01",
    };
    cluster_pass(cluster, WORLD_S / 10);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ask(bad[i]);
        if (answer.code != 400) {
            print_error("%s: %d %s\n", bad[i], answer.code, answer.body);
        }
        http_assert_json_error(&answer, 400);
    }
    http_ask(&door, "POST /v1/impact?kind=key&id=" KEY, "Content-Length: 0\r\n", &answer);
    http_assert_json_error(&answer, 405);
}

static void who_does_not_know_all_says_so(void **state)
{
    struct cluster *cluster =
        *state; /* goal: 503 while a lane is read or has no beacon: the count could be too small */
    ask(USER_QUERY "ada");
    http_assert_json_error(&answer, 503);
    cluster_pass(cluster, WORLD_S / 10);
    assert_counts(USER_QUERY "ada", 0, 0, NULL);
    cluster->memory->held[CURFEW_TOPIC_LIFECYCLE] = true;
    cluster_pass(cluster, 3 * WORLD_S);
    ask(USER_QUERY "ada");
    http_assert_json_error(&answer, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_counts_what_would_end_and_names_who_proposed, begin, end),
        cmocka_unit_test_setup_teardown(bad_questions_are_400_and_say_what_to_ask, begin, end),
        cmocka_unit_test_setup_teardown(who_does_not_know_all_says_so, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
