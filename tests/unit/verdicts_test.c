/* verdicts_test: what a hop denied is told with user, agents and session, and never with the token; floods are folded
 * and counted, and what finds no room shows. */
#include "consumer/verdicts.h"
#include "guard_world.h"
#include "memory_bus.h"
#include "ocsf.h"
#include <pthread.h>

#define THREADS 4
#define EACH 400

static struct memory_bus *memory;
static struct curfew_verdicts *verdicts;
static struct curfew_audit *audit;

static void told(void *context, const struct curfew_request *request, const struct curfew_claims *claims,
                 const struct curfew_verdict *verdict, struct curfew_now now)
{
    (void)context;
    curfew_verdicts_tell(verdicts, request, claims, verdict, now);
}

static int setup(void **state)
{
    struct world *world = *state;
    const struct curfew_audit_options options = {"hop", "g1", curfew_verdicts_counts, NULL, {1}};
    struct curfew_audit_options with_bus = options;
    memory = memory_bus_make();
    with_bus.bus = &memory->bus;
    assert_int_equal(begin(state), 0);
    verdicts = curfew_verdicts_create("books");
    assert_non_null(verdicts);
    assert_int_equal(curfew_audit_create(&with_bus, world->now, &audit, NULL), CURFEW_OK);
    world->guard.told = told;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    curfew_verdicts_destroy(verdicts);
    curfew_verdicts_destroy(NULL);
    curfew_audit_destroy(audit);
    memory_bus_end(memory);
    return 0;
}

static int64_t take(struct curfew_now now)
{
    struct curfew_bus_event event;
    curfew_verdicts_take(verdicts, audit);
    curfew_audit_flush(audit, now);
    while (memory->bus.ops->poll(memory, 0, &event, NULL) == CURFEW_OK) {
        assert_true(curfew_audit_reported(audit, &event));
        curfew_audit_flush(audit, now);
    }
    return memory->topics[CURFEW_TOPIC_AUDIT][0].count - 1; /* without the start */
}

static struct curfew_json *newest(const char *token)
{
    const struct memory_partition *log = &memory->topics[CURFEW_TOPIC_AUDIT][0];
    const struct curfew_slice text = {log->records[log->count - 1].bytes, log->records[log->count - 1].size};
    struct curfew_json *json = NULL;
    const char *signature = strrchr(token, '.') + 1;
    assert_null(memmem(text.at, text.size, signature, strlen(signature)));
    assert_null(memmem(text.at, text.size, token, 40));
    assert_int_equal(curfew_json_parse(text, &json, NULL), CURFEW_OK);
    ocsf_assert(json);
    return json;
}

static void a_denial_names_user_agent_and_action_together(void **state)
{
    /* Goal: one record says who, through which agents, in which session and tasks, was denied what and why. */
    struct world *world = *state;
    const struct curfew_subject session = session_subject();
    raise_floor(world, &session, CURFEW_FLOOR_MAX);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_DENY, "revoked");
    assert_int_equal(take(world->now), 1);
    struct curfew_json *json = newest(world->token);
    ocsf_assert_text(json, "actor.user.uid", "ana");
    ocsf_assert_text(json, "actor.app_uid", "spiffe://acme/planner");
    ocsf_assert_text(json, "actor.session.uid", FORGE_SESSION);
    ocsf_assert_text(json, "api.operation", "authorize");
    assert_null(ocsf_at(json, "resources"));
    ocsf_assert_text(json, "src_endpoint.svc_name", "books");
    ocsf_assert_text(json, "status_code", "revoked");
    ocsf_assert_text(json, "status_detail", "deny");
    ocsf_assert_text(json, "metadata.tenant_uid", "acme");
    ocsf_assert_text(json, "unmapped.curfew.kind", "session");
    ocsf_assert_text(json, "unmapped.curfew.class", "strict");
    ocsf_assert_text(json, "unmapped.curfew.jti", "t-1");
    assert_int_equal(curfew_json_count(ocsf_at(json, "unmapped.curfew.path")), 2);
    assert_int_equal(curfew_json_count(ocsf_at(json, "unmapped.curfew.agents")), 1);
    curfew_json_destroy(json);
}

/* The record of a denial of this request. */
static struct curfew_json *denied(struct world *world, const char *action, const char *resource)
{
    struct curfew_request request = {.size = sizeof request, .token = world->token, .strictness = CURFEW_CLASS_STRICT};
    struct curfew_verdict verdict;
    request.token_size = strlen(world->token);
    request.action = action;
    request.resource = resource;
    curfew_guard_decide(&world->guard, &request, world->now, &verdict);
    assert_int_equal(verdict.decision, CURFEW_DENY);
    (void)take(world->now);
    return newest(world->token);
}

static const struct curfew_json *resource_of(const struct curfew_json *json)
{
    assert_int_equal(curfew_json_count(ocsf_at(json, "resources")), 1);
    return curfew_json_item(ocsf_at(json, "resources"), 0);
}

static void what_the_token_was_used_for_is_told(void **state)
{
    /* Goal: the downstream action stands beside user and agent; it is cut at its bound, between characters, and a token
     * in it stays out. */
    struct world *world = *state;
    const struct curfew_subject session = session_subject();
    char text[CURFEW_TOKEN_MAX + 16];
    raise_floor(world, &session, CURFEW_FLOOR_MAX);
    struct curfew_json *json = denied(world, "POST", "/v1/payments/7");
    ocsf_assert_text(json, "api.operation", "POST");
    ocsf_assert_text(resource_of(json), "name", "/v1/payments/7");
    ocsf_assert_text(json, "actor.user.uid", "ana");
    ocsf_assert_text(json, "actor.app_uid", "spiffe://acme/planner");
    curfew_json_destroy(json);
    (void)snprintf(text, sizeof text, "/%s/more", world->token);
    json = denied(world, "GET", text);
    ocsf_assert_text(resource_of(json), "name", "(withheld: it holds the token)");
    curfew_json_destroy(json);
    memset(text, 'x', sizeof text);
    memcpy(text + CURFEW_ASKED_MAX - 1, "\xc3\xa9tail", sizeof "\xc3\xa9tail");
    json = denied(world, "GET", text);
    text[CURFEW_ASKED_MAX - 1] = '\0';
    ocsf_assert_text(resource_of(json), "name", text);
    curfew_json_destroy(json);
    json = denied(world, "GET", "/\xff");
    ocsf_assert_text(resource_of(json), "name", "(not UTF-8)");
    curfew_json_destroy(json);
}

static void a_token_that_proves_nothing_says_nothing(void **state)
{
    /* Goal: names in a token that nobody signed are not told as somebody's. */
    struct world *world = *state;
    char *bad = strdup(world->token);
    bad[strlen(bad) - 3] = bad[strlen(bad) - 3] == 'A' ? 'B' : 'A';
    assert_int_equal(decide_text(world, bad, CURFEW_CLASS_STRICT).decision, CURFEW_NOT_VALID);
    assert_int_equal(take(world->now), 1);
    struct curfew_json *json = newest(bad);
    ocsf_assert_text(json, "actor.app_name", "unknown");
    assert_null(ocsf_at(json, "actor.user"));
    ocsf_assert_text(json, "status_code", "signature");
    curfew_json_destroy(json);
    free(bad);
}

static void what_cannot_be_decided_is_told_as_a_failure(void **state)
{
    /* Goal: unavailable is no denial of anybody's; the lane that is stale is named. */
    struct world *world = *state;
    world->now.boot_us += INT64_C(3000000);
    world->now.wall_us += INT64_C(3000000);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_UNAVAILABLE_NOW, "stale");
    assert_int_equal(take(world->now), 1);
    struct curfew_json *json = newest(world->token);
    assert_int_equal(ocsf_int(json, "status_id"), 2);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.stale_lane"), 0);
    ocsf_assert_text(json, "status_detail", "unavailable");
    curfew_json_destroy(json);
}

static void tell_many(struct world *world, enum curfew_decision decision, int count)
{
    const struct curfew_request request = {
        .size = sizeof request,
        .token = world->token,
        .token_size = strlen(world->token),
        .strictness = CURFEW_CLASS_STANDARD,
    };
    const struct curfew_verdict verdict = {
        .decision = decision, .reason = "because", .lane = -1, .stale_lane = -1, .age_us = -1};
    for (int i = 0; i < count; i++) {
        curfew_verdicts_tell(verdicts, &request, NULL, &verdict, world->now);
    }
}

static void a_flood_is_folded_and_an_allow_is_a_number(void **state)
{
    /* Goal: whoever sends rubbish cannot fill the topic, and denials are not crowded out by it; nothing is uncounted.
     */
    struct world *world = *state;
    tell_many(world, CURFEW_NOT_VALID, CURFEW_VERDICTS_NOT_VALID_S + 30);
    tell_many(world, CURFEW_UNAVAILABLE_NOW, CURFEW_VERDICTS_UNAVAILABLE_S + 7);
    tell_many(world, CURFEW_DENY, 5);
    tell_many(world, CURFEW_ALLOW, 12);
    const int64_t told_one_by_one = CURFEW_VERDICTS_NOT_VALID_S + CURFEW_VERDICTS_UNAVAILABLE_S + 5;
    assert_int_equal(take(world->now), told_one_by_one);
    world->now.boot_us += CURFEW_US_PER_S; /* another second */
    tell_many(world, CURFEW_NOT_VALID, 1);
    assert_int_equal(take(world->now), told_one_by_one + 1);
    world->now.boot_us += CURFEW_AUDIT_CHECKPOINT_US;
    assert_int_equal(take(world->now), told_one_by_one + 2);
    struct curfew_json *json = newest(world->token);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.folded_not_valid"), 30);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.folded_unavailable"), 7);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.folded_deny"), 0);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.allow_standard"), 12);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.allow_strict"), 0);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.lost"), 0);
    curfew_json_destroy(json);
}

static void what_nobody_takes_is_lost_by_number(void **state)
{
    /* Goal: a hop whose thread stands still keeps a bound of denials; the rest shows as a gap. */
    struct world *world = *state;
    for (int i = 0; i < 10; i++) {
        tell_many(world, CURFEW_DENY, CURFEW_VERDICTS_DENIES_S);
        world->now.boot_us += CURFEW_US_PER_S;
    }
    curfew_verdicts_take(verdicts, audit);
    const struct curfew_audit_stats stats = curfew_audit_stats(audit);
    assert_int_equal(stats.lost, 10 * CURFEW_VERDICTS_DENIES_S - CURFEW_VERDICTS_MAX);
    assert_int_equal(stats.written, 1 + 10 * CURFEW_VERDICTS_DENIES_S);
}

static void *deny_on(void *context)
{
    tell_many(context, CURFEW_DENY, EACH / 2);
    tell_many(context, CURFEW_ALLOW, EACH);
    return NULL;
}

static void threads_lose_nothing_of_each_other(void **state)
{
    /* Goal: however threads meet, each denial is told once and each allow is counted once. */
    struct world *world = *state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, deny_on, world), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)take(world->now);
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(take(world->now), THREADS * EACH / 2);
    struct curfew_now later = world->now;
    later.boot_us += CURFEW_AUDIT_CHECKPOINT_US;
    (void)take(later);
    struct curfew_json *json = newest(world->token);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.allow_standard"), THREADS * EACH);
    curfew_json_destroy(json);
}

#define VERDICT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VERDICT_TEST(a_denial_names_user_agent_and_action_together),
        VERDICT_TEST(what_the_token_was_used_for_is_told),
        VERDICT_TEST(a_token_that_proves_nothing_says_nothing),
        VERDICT_TEST(what_cannot_be_decided_is_told_as_a_failure),
        VERDICT_TEST(a_flood_is_folded_and_an_allow_is_a_number),
        VERDICT_TEST(what_nobody_takes_is_lost_by_number),
        VERDICT_TEST(threads_lose_nothing_of_each_other),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
