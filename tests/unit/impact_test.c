/* impact_test: GET /v1/impact: what a revocation would end, asked of a coordinator that knows, and of one that does
 * not.
 */
#include "core/json.h"
#include "http_world.h"
#include "memory_bus.h"
#include "schemas/codec.h"
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

/* A coordinator over a broker in memory, stepped by the test alone while nobody asks. */
struct cluster {
    struct memory_bus *memory;
    struct curfew_coordinator *coordinator;
    struct curfew_now now;
    struct http_world door; /* its `http` alone */
};

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

static void append(struct cluster *cluster, enum curfew_topic topic, struct curfew_event event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    size_t size = 0;
    if (event.as.session_ended.writer.size == 0) {
        event.as.session_ended.writer = curfew_slice_of("tester");
        event.as.session_ended.said_us = cluster->now.wall_us;
    }
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    uint8_t mac[CURFEW_MAC_SIZE];
    const struct curfew_slice value = {bytes, size};
    const struct curfew_genesis genesis = world_genesis(topic == CURFEW_TOPIC_CONTROL ? 0 : 1);
    struct curfew_log_place place = {.lane = genesis.lane};
    memcpy(place.log_id, genesis.log_id, sizeof place.log_id);
    author_prove_event(&event, &place, value, mac);
    (void)memory_bus_append(cluster->memory, topic, 0, value, (struct curfew_slice){mac, sizeof mac});
}

/* Lets time pass, and hands over and publishes until nothing more comes of it. */
static void pass(struct cluster *cluster, int64_t us)
{
    struct curfew_bus_event event;
    bool more = true;
    cluster->now.wall_us += us;
    cluster->now.boot_us += us;
    cluster->memory->now_us = cluster->now.wall_us;
    while (more) {
        more = false;
        (void)curfew_coordinator_flush(cluster->coordinator, cluster->now);
        while (cluster->memory->bus.ops->poll(cluster->memory, 0, &event, NULL) == CURFEW_OK) {
            assert_int_equal(curfew_coordinator_handle(cluster->coordinator, &event, cluster->now, NULL), CURFEW_OK);
            more = true;
        }
    }
}

static void begin_session(struct cluster *cluster, const char *id, const char *user, const char *task)
{
    append(cluster, CURFEW_TOPIC_LIFECYCLE,
           (struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                                 .as.session_started = {.session = curfew_slice_of(id),
                                                        .tenant = curfew_slice_of("acme"),
                                                        .issuer = curfew_slice_of("https://as.acme"),
                                                        .user = curfew_slice_of(user),
                                                        .auth_us = WORLD_T0,
                                                        .deadline_us = WORLD_T0 + 3600 * WORLD_S}});
    append(cluster, CURFEW_TOPIC_LIFECYCLE,
           (struct curfew_event){
               .type = CURFEW_EVENT_TASK_STARTED,
               .as.task_started = {.session = curfew_slice_of(id), .task = curfew_slice_of(task), .attempt = 1}});
}

static int begin(void **state)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    assert_non_null(cluster);
    assert_int_equal(curfew_codec_init(NULL), CURFEW_OK);
    cluster->memory = memory_bus_make();
    cluster->now = (struct curfew_now){WORLD_T0, 1000 * WORLD_S};
    for (int32_t lane = 0; lane < 2; lane++) {
        const struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(lane)};
        cluster->memory->now_us = WORLD_T0;
        append(cluster, lane == 0 ? CURFEW_TOPIC_CONTROL : CURFEW_TOPIC_LIFECYCLE, genesis);
    }
    const struct curfew_coordinator_options options = {"c1", author_master, 2, &cluster->memory->bus};
    assert_int_equal(curfew_coordinator_create(&options, &cluster->coordinator, NULL), CURFEW_OK);
    assert_int_equal(curfew_coordinator_start(cluster->coordinator, NULL), CURFEW_OK);
    assert_int_equal(curfew_http_open("127.0.0.1:0", routes, cluster, &cluster->door.http, NULL), CURFEW_OK);
    *state = cluster;
    return 0;
}

static int end(void **state)
{
    struct cluster *cluster = *state;
    curfew_http_close(cluster->door.http);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_end(cluster->memory);
    free(cluster);
    return 0;
}

static void ask(const struct cluster *cluster, const char *path)
{
    char line[512];
    (void)snprintf(line, sizeof line, "GET %s", path);
    http_ask(&cluster->door, line, "", &answer);
}

static void assert_counts(const struct cluster *cluster, const char *path, int64_t sessions, int64_t tasks,
                          const char *proposed_by)
{
    struct curfew_json *json = NULL;
    struct curfew_slice by = {NULL, 0};
    int64_t found[2] = {-1, -1};
    ask(cluster, path);
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
    pass(cluster, WORLD_S / 10);
    begin_session(cluster, WORLD_SESSION, "ada", "extract");
    begin_session(cluster, WORLD_OTHER, "bob", "load");
    pass(cluster, WORLD_S / 10);
    assert_counts(cluster, USER_QUERY "ada", 1, 1, NULL);
    assert_counts(cluster, USER_QUERY "eve", 0, 0, NULL);
    assert_counts(cluster, "/v1/impact?kind=tenant&tenant=acme&id=acme", 2, 2, NULL);
    assert_counts(cluster, "/v1/impact?kind=agent&tenant=acme&scope=acme&id=spiffe%3A%2F%2Facme%2Fp", 0, 0, NULL);
    assert_counts(cluster, "/v1/impact?kind=key&id=" KEY, 0, 0, NULL);
    assert_counts(cluster, "/v1/impact?kind=policy&tenant=acme&id=payments&version=7", 0, 0, NULL);
    append(cluster, CURFEW_TOPIC_CONTROL,
           (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                 .as.subject_revoked = {.kind = CURFEW_KIND_TENANT,
                                                        .tenant = curfew_slice_of("acme"),
                                                        .id = curfew_slice_of("acme")}});
    pass(cluster, WORLD_S / 10);
    assert_counts(cluster, "/v1/impact?kind=tenant&tenant=acme&id=acme", 2, 2, "tester");
    assert_counts(cluster, "/v1/impact?kind=tenant&tenant=books&id=books", 0, 0, NULL);
    append(cluster, CURFEW_TOPIC_CONTROL,
           (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                 .as.subject_revoked = {.writer = curfew_slice_of("w"),
                                                        .said_us = cluster->now.wall_us,
                                                        .kind = CURFEW_KIND_TENANT,
                                                        .tenant = curfew_slice_of("acme"),
                                                        .id = curfew_slice_of("acme")}});
    pass(cluster, WORLD_S / 10);
    pass(cluster, WORLD_S / 10); /* the tick that takes it in */
    assert_counts(cluster, "/v1/impact?kind=tenant&tenant=acme&id=acme", 0, 0, NULL);
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
        "/v1/impact?kind=key&tenant=acme&id=" KEY,
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=-1",
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=7x",
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=",
        "/v1/impact?kind=policy&tenant=acme&id=payments&version=99999999999999999999",
        "/v1/impact?kind=user&tenant=acme%00&scope=i&id=%01",
    };
    pass(cluster, WORLD_S / 10);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ask(cluster, bad[i]);
        if (answer.code != 400) {
            print_error("%s: %d %s\n", bad[i], answer.code, answer.body);
        }
        http_assert_json_error(&answer, 400);
    }
    http_ask(&cluster->door, "POST /v1/impact?kind=key&id=" KEY, "Content-Length: 0\r\n", &answer);
    http_assert_json_error(&answer, 405);
}

static void who_does_not_know_all_says_so(void **state)
{
    struct cluster *cluster =
        *state; /* goal: 503 while a lane is read or has no beacon: the count could be too small */
    ask(cluster, USER_QUERY "ada");
    http_assert_json_error(&answer, 503);
    pass(cluster, WORLD_S / 10);
    assert_counts(cluster, USER_QUERY "ada", 0, 0, NULL);
    cluster->memory->held[CURFEW_TOPIC_LIFECYCLE] = true;
    pass(cluster, 3 * WORLD_S);
    ask(cluster, USER_QUERY "ada");
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
