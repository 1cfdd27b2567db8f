/* owned_test: GET /v1/sessions and /v1/sessions/ID: who owns what is alive, until when, and how what is over came to
 * its end, asked of a coordinator that is fed record by record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asked.h"
#include "services/coordinator/view.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THIRD "1.CCCCCCCCCCCCCCCCCCCCCC"
#define PLANNER "spiffe://acme/planner"

static size_t count(const struct curfew_json *body)
{
    return curfew_json_count(curfew_json_member(body, "sessions"));
}

static void a_list_says_who_owns_what_and_until_when(void **state)
{
    struct asked *asked = *state; /* goal: holder, lease left, running and over tasks, owners, agents, newest expiry */
    asked_pass(asked, WORLD_S / 10);
    const int64_t started = asked_session(asked, WORLD_SESSION, "ada", "sched");
    (void)asked_task(asked, WORLD_SESSION, "extract", 1, "sched");
    (void)asked_task(asked, WORLD_SESSION, "clean<extract", 1, NULL);
    (void)asked_task(asked, WORLD_SESSION, "join", 1, NULL);
    (void)asked_task_end(asked, WORLD_SESSION, "join", 0, "done");
    const int64_t minted_us = asked->cluster->now.wall_us;
    (void)asked_mint(asked, WORLD_SESSION, "t1", "extract", PLANNER);
    asked_pass(asked, WORLD_S);
    const struct curfew_json *body = asked_get("/v1/sessions", 200);
    const struct curfew_json *item = asked_item(body, "sessions", "session", WORLD_SESSION);
    assert_true(count(body) == 1 && asked_int(body, "open") == 1 && asked_int(body, "next") == -1);
    assert_int_equal(asked_int(body, "as_of_us"), asked->cluster->now.wall_us);
    assert_true(asked_is(item, "user", "ada") && asked_is(item, "holder", "sched") && asked_is(item, "tenant", "acme"));
    assert_true(asked_is(item, "issuer", "https://as.acme") && asked_is(item, "starter", "tester"));
    assert_int_equal(asked_int(item, "offset"), started);
    assert_int_equal(asked_int(item, "started_us"), WORLD_T0 + WORLD_S / 10);
    assert_int_equal(asked_int(item, "newest_expiry_us"), minted_us + 300 * WORLD_S);
    assert_true(asked_int(item, "lease_left_ms") > 7000 && asked_int(item, "lease_left_ms") < 9000);
    assert_int_equal(asked_int(item, "tasks_running"), 2);
    assert_int_equal(asked_int(item, "tasks_over"), 1);
    assert_int_equal(asked_int(item, "tasks_unowned"), 0);
    assert_int_equal(asked_int(asked_item(item, "owners", "as", "holder"), "tasks"), 1);
    assert_int_equal(asked_int(asked_item(item, "owners", "as", "starter"), "tasks"), 2);
    assert_int_equal(asked_int(asked_item(item, "agents", "agent", PLANNER), "newest_expiry_us"),
                     minted_us + 300 * WORLD_S);
}

static void filters_hold_together(void **state)
{
    struct asked *asked = *state; /* goal: user, tenant, agent, owner and unowned, each alone and all at once */
    asked_pass(asked, WORLD_S / 10);
    (void)asked_session(asked, WORLD_SESSION, "ada", "sched");
    (void)asked_session(asked, WORLD_OTHER, "bob", NULL);
    (void)asked_session(asked, THIRD, "eve", NULL);
    (void)asked_task(asked, WORLD_SESSION, "extract", 1, NULL);
    (void)asked_task(asked, WORLD_OTHER, "extract", 1, "w1");
    (void)asked_task(asked, THIRD, "extract", 1, NULL);
    (void)asked_mint(asked, WORLD_SESSION, "t1", "extract", PLANNER);
    static const struct {
        const char *query;
        const char *found[3];
    } cases[] = {
        {"", {WORLD_SESSION, WORLD_OTHER, THIRD}},
        {"?user=bob", {WORLD_OTHER}},
        {"?user=nobody", {NULL}},
        {"?tenant=acme&user=ada", {WORLD_SESSION}},
        {"?tenant=books", {NULL}},
        {"?agent=spiffe%3A%2F%2Facme%2Fplanner", {WORLD_SESSION}},
        {"?agent=spiffe%3A%2F%2Facme%2Fother", {NULL}},
        {"?owner=sched", {WORLD_SESSION}},
        {"?owner=w1", {WORLD_OTHER}},
        {"?owner=tester", {WORLD_SESSION, WORLD_OTHER, THIRD}},
        {"?owner=gone", {NULL}},
        {"?unowned=1", {THIRD}},
        {"?unowned=0&owner=w1", {WORLD_OTHER}},
        {"?unowned=1&owner=w1", {NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[128];
        size_t wanted = 0;
        (void)snprintf(path, sizeof path, "/v1/sessions%s", cases[i].query);
        const struct curfew_json *body = asked_get(path, 200);
        while (wanted < 3 && cases[i].found[wanted] != NULL) {
            if (asked_item(body, "sessions", "session", cases[i].found[wanted]) == NULL) {
                fail_msg("%s: without %s", path, cases[i].found[wanted]);
            }
            wanted++;
        }
        if (count(body) != wanted) {
            fail_msg("%s: %zu sessions", path, count(body));
        }
    }
}

static void agents_beyond_the_bound_are_said_to_be_there(void **state)
{
    struct asked *asked = *state; /* goal: 16 by name; with more of them at once, no agent is said to be absent */
    char name[64];
    asked_pass(asked, WORLD_S / 10);
    (void)asked_session(asked, WORLD_SESSION, "ada", NULL);
    (void)asked_task(asked, WORLD_SESSION, "extract", 1, NULL);
    for (int i = 0; i < 17; i++) {
        const struct curfew_json *item =
            asked_item(asked_get("/v1/sessions", 200), "sessions", "session", WORLD_SESSION);
        assert_null(curfew_json_member(item, "agents_more"));
        assert_int_equal(curfew_json_count(curfew_json_member(item, "agents")), i);
        assert_int_equal(count(asked_get("/v1/sessions?agent=spiffe%3A%2F%2Facme%2Fa16", 200)), 0);
        (void)snprintf(name, sizeof name, "spiffe://acme/a%d", i);
        (void)asked_mint(asked, WORLD_SESSION, name, "extract", name);
    }
    const struct curfew_json *item = asked_item(asked_get("/v1/sessions", 200), "sessions", "session", WORLD_SESSION);
    assert_non_null(curfew_json_member(item, "agents_more"));
    assert_int_equal(count(asked_get("/v1/sessions?agent=spiffe%3A%2F%2Facme%2Fa16", 200)), 1);
    cluster_pass(asked->cluster, 301 * WORLD_S); /* their tokens expire, and make room */
    (void)asked_mint(asked, WORLD_SESSION, "t", "extract", "spiffe://acme/late");
    item = asked_item(asked_get("/v1/sessions", 200), "sessions", "session", WORLD_SESSION);
    assert_non_null(asked_item(item, "agents", "agent", "spiffe://acme/late"));
}

static void bad_questions_are_refused(void **state)
{
    struct asked *asked = *state; /* goal: each slip is a JSON error, and before all is known there is no answer */
    static const char *const bad[] = {"/v1/sessions?unowned=yes",
                                      "/v1/sessions?after=",
                                      "/v1/sessions?after=1",
                                      "/v1/sessions?after=1:2:",
                                      "/v1/sessions/",
                                      "/v1/sessions/extract",
                                      "/v1/sessions/1.short",
                                      "/v1/sessions?after=x:1:" WORLD_SESSION,
                                      "/v1/sessions/" WORLD_SESSION "?after=x"};
    (void)asked_get("/v1/sessions", 503);
    (void)asked_get("/v1/sessions/" WORLD_SESSION, 503);
    asked_pass(asked, WORLD_S / 10);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(asked_is(asked_get(bad[i], 400), "error", NULL));
    }
    assert_false(asked_is(asked_get("/v1/sessions/" WORLD_SESSION, 404), "error", NULL));
    assert_false(asked_is(asked_get("/v1/sessions/7.AAAAAAAAAAAAAAAAAAAAAA", 404), "error", NULL));
    asked->cluster->memory->held[CURFEW_TOPIC_LIFECYCLE] = true;
    cluster_pass(asked->cluster, 3 * WORLD_S);
    (void)asked_get("/v1/sessions", 503);
}

static const struct curfew_json *task_of(const struct curfew_json *body, const char *task)
{
    return asked_item(body, "tasks", "task", task);
}

static bool ended(const struct curfew_json *object, const char *member, const char *cause, const char *by)
{
    const struct curfew_json *end = curfew_json_member(object, member);
    return asked_is(end, "cause", cause) && asked_is(end, "by", by);
}

static void a_tree_tells_states_and_causes(void **state)
{
    struct asked *asked = *state; /* goal: running, fenced, ended by somebody, and what is below what ended */
    asked_pass(asked, WORLD_S / 10);
    (void)asked_session(asked, WORLD_SESSION, "ada", NULL);
    (void)asked_task(asked, WORLD_SESSION, "extract", 1, "sched");
    (void)asked_task(asked, WORLD_SESSION, "clean<extract", 1, NULL);
    (void)asked_task(asked, WORLD_SESSION, "join", 1, NULL);
    (void)asked_attempt_end(asked, WORLD_SESSION, "join", 1);
    const char *path = "/v1/sessions/" WORLD_SESSION;
    const struct curfew_json *body = asked_get(path, 200);
    assert_true(asked_is(curfew_json_member(body, "session"), "state", "open"));
    assert_true(asked_is(task_of(body, "extract"), "state", "running"));
    assert_true(asked_is(task_of(body, "extract"), "parent", NULL));
    assert_true(asked_is(task_of(body, "extract"), "holder", "sched"));
    assert_true(asked_int(task_of(body, "extract"), "lease_left_ms") > 9000);
    assert_true(asked_is(task_of(body, "clean"), "parent", "extract"));
    assert_true(asked_is(task_of(body, "clean"), "holder", NULL));
    assert_true(asked_is(task_of(body, "clean"), "kept_by", "sched"));
    assert_true(asked_is(task_of(body, "join"), "state", "attempt_over"));
    assert_true(asked_is(task_of(body, "join"), "kept_by", NULL));
    assert_true(ended(task_of(body, "join"), "attempt_end", "said", "tester"));
    (void)asked_task(asked, WORLD_SESSION, "join", 2, "w2");
    const int64_t offset = asked_task_end(asked, WORLD_SESSION, "extract", 0, "cancelled");
    (void)asked_task_end(asked, WORLD_SESSION, "extract", 0, "again, without effect");
    body = asked_get(path, 200);
    assert_true(asked_is(task_of(body, "extract"), "state", "over"));
    const struct curfew_json *end = curfew_json_member(task_of(body, "extract"), "end");
    assert_true(asked_is(end, "cause", "said") && asked_is(end, "by", "tester") &&
                asked_is(end, "reason", "cancelled"));
    assert_int_equal(asked_int(end, "offset"), offset);
    assert_true(asked_is(task_of(body, "clean"), "state", "ancestor_over"));
    assert_true(asked_is(task_of(body, "join"), "state", "running"));
    assert_int_equal(asked_int(task_of(body, "join"), "attempt"), 2);
    assert_true(asked_is(task_of(body, "join"), "kept_by", "w2"));
    assert_null(curfew_json_member(task_of(body, "join"), "attempt_end"));
}

static void what_nobody_said_has_its_cause_too(void **state)
{
    struct asked *asked = *state; /* goal: a lease, a revoked user and a deadline are told apart, and named when over */
    asked_pass(asked, WORLD_S / 10);
    (void)asked_session(asked, WORLD_SESSION, "ada", NULL);
    (void)asked_session(asked, WORLD_OTHER, "bob", "sched");
    (void)asked_session(asked, THIRD, "eve", NULL);
    (void)asked_task(asked, WORLD_SESSION, "extract", 1, "sched");
    (void)asked_task(asked, THIRD, "load", 1, NULL);
    asked_pass(asked, 11 * WORLD_S);
    const struct curfew_json *body = asked_get("/v1/sessions/" WORLD_SESSION, 200);
    assert_true(asked_is(curfew_json_member(body, "session"), "state", "open"));
    assert_true(ended(task_of(body, "extract"), "end", "lease", NULL));
    assert_true(
        ended(curfew_json_member(asked_get("/v1/sessions/" WORLD_OTHER, 200), "session"), "end", "lease", NULL));
    (void)cluster_append(asked->cluster, CURFEW_TOPIC_CONTROL,
                         (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                               .as.subject_revoked = {.kind = CURFEW_KIND_USER,
                                                                      .tenant = curfew_slice_of("acme"),
                                                                      .scope = curfew_slice_of("https://as.acme"),
                                                                      .id = curfew_slice_of("eve")}});
    asked_pass(asked, WORLD_S / 2);
    body = asked_get("/v1/sessions/" THIRD, 200);
    assert_true(ended(curfew_json_member(body, "session"), "end", "user_revoked", NULL));
    assert_true(asked_is(task_of(body, "load"), "state", "ancestor_over"));
    cluster_pass(asked->cluster, 3600 * WORLD_S);
    asked_pass(asked, WORLD_S / 2);
    body = asked_get("/v1/sessions/" WORLD_SESSION, 200);
    assert_true(ended(curfew_json_member(body, "session"), "end", "deadline", NULL));
    assert_true(ended(task_of(body, "extract"), "end", "lease", NULL));
    assert_int_equal(asked_int(asked_get("/v1/sessions", 200), "open"), 0);
}

static void refused_records_leave_no_name(void **state)
{
    struct asked *asked = *state; /* goal: a start that was refused is nowhere, and an end of it names nobody */
    asked_pass(asked, WORLD_S / 10);
    (void)asked_session(asked, WORLD_SESSION, "ada", NULL);
    (void)asked_session(asked, WORLD_SESSION, "bob", NULL);
    (void)asked_task(asked, WORLD_SESSION, "child<nowhere", 1, NULL);
    (void)asked_task(asked, WORLD_SESSION, "jump", 5000, NULL);
    const struct curfew_json *body = asked_get("/v1/sessions/" WORLD_SESSION, 200);
    assert_true(asked_is(curfew_json_member(body, "session"), "user", "ada"));
    assert_int_equal(curfew_json_count(curfew_json_member(body, "tasks")), 0);
    (void)asked_session_end(asked, WORLD_SESSION, "done");
    (void)asked_session_end(asked, WORLD_SESSION, "again");
    (void)asked_task(asked, WORLD_SESSION, "late", 1, NULL);
    const struct curfew_json *session = curfew_json_member(asked_get("/v1/sessions/" WORLD_SESSION, 200), "session");
    assert_true(asked_is(curfew_json_member(session, "end"), "reason", "done"));
    assert_int_equal(asked_int(session, "tasks"), 0);
}

static void session_id(char *id, size_t size, int number)
{
    (void)snprintf(id, size, "1.%022d", number);
}

static void more_than_a_page_is_paged(void **state)
{
    struct asked *asked =
        *state; /* goal: every session once over the pages, also when the one a page ended at is over */
    enum { SESSIONS = 450 };
    bool seen[SESSIONS] = {false};
    char id[64];
    char path[512] = "/v1/sessions";
    asked_pass(asked, WORLD_S / 10);
    for (int i = 0; i < SESSIONS; i++) {
        session_id(id, sizeof id, i);
        (void)asked_session(asked, id, "ada", NULL);
    }
    int pages = 0;
    for (bool more = true; more; pages++) {
        const struct curfew_json *body = asked_get(path, 200);
        const struct curfew_json *list = curfew_json_member(body, "sessions");
        struct curfew_slice next = {NULL, 0};
        for (size_t i = 0; i < curfew_json_count(list); i++) {
            struct curfew_slice found;
            assert_true(curfew_json_string(curfew_json_member(curfew_json_item(list, i), "session"), &found));
            const int number = atoi((const char *)found.at + 2);
            assert_false(seen[number]);
            seen[number] = true;
        }
        more = curfew_json_string(curfew_json_member(body, "next"), &next);
        (void)snprintf(path, sizeof path, "/v1/sessions?after=%.*s", CURFEW_SLICE_ARGS(next));
        if (pages == 0) {
            session_id(id, sizeof id, (int)curfew_json_count(list) - 1);
            (void)asked_session_end(asked, id, "the page's last");
        }
    }
    assert_int_equal(pages, 3);
    for (int i = 0; i < SESSIONS; i++) {
        assert_true(seen[i]);
    }
}

static void long_trees_are_paged_within_the_bound(void **state)
{
    struct asked *asked = *state; /* goal: tasks with the longest names: each once, no answer above its bound */
    enum { TASKS = 600 };
    char task[CURFEW_ID_MAX + 1];
    char path[256] = "/v1/sessions/" WORLD_SESSION;
    asked_pass(asked, WORLD_S / 10);
    (void)asked_session(asked, WORLD_SESSION, "ada", NULL);
    memset(task, '"', CURFEW_ID_MAX); /* twice as long in JSON */
    task[CURFEW_ID_MAX] = '\0';
    for (int i = 0; i < TASKS; i++) {
        char number[16];
        (void)snprintf(number, sizeof number, "%04d", i);
        memcpy(task, number, 4);
        (void)asked_task(asked, WORLD_SESSION, task, 1, NULL);
    }
    int64_t told = 0;
    int pages = 0;
    for (int64_t next = 0; next >= 0; pages++) {
        const struct curfew_json *body = asked_get(path, 200);
        told += (int64_t)curfew_json_count(curfew_json_member(body, "tasks"));
        assert_int_equal(asked_int(curfew_json_member(body, "session"), "tasks"), TASKS);
        next = asked_int(body, "next");
        assert_true(next < 0 || next == told);
        (void)snprintf(path, sizeof path, "/v1/sessions/" WORLD_SESSION "?after=%lld", (long long)next);
    }
    assert_int_equal(told, TASKS);
    assert_true(pages > 1);
}

/* Some record of a lane: whatever it is refused for, or has no effect. */
static void say_something(struct world *world, unsigned seed)
{
    static const char *const tasks[] = {"a", "b", "c", "d", "e"};
    static const char *const users[] = {"ada", "bob"};
    char id[64];
    const char *task = tasks[seed / 16 % 5];
    const char *parent = seed % 3 == 0 ? "" : tasks[seed / 97 % 5];
    const char *user = users[seed / 7 % 2];
    session_id(id, sizeof id, (int)(seed / 11 % 40));
    switch (seed % 16) {
    case 0:
        (void)world_session(world, id, user);
        break;
    case 1:
        (void)world_session_end(world, seed % 5 == 0 ? WORLD_SESSION : id);
        break;
    case 2:
        (void)world_revoke_user(world, user);
        world_pass(world, WORLD_S / 10);
        break;
    case 3:
        (void)world_attempt_end(world, task, (int64_t)(seed % 3) + 1);
        break;
    case 4:
        (void)world_task_end(world, task, (int64_t)(seed % 3));
        break;
    case 5:
        (void)world_beat(world, "h");
        break;
    case 6:
        (void)world_session(world, WORLD_SESSION, "ada");
        break;
    case 7:
    case 8:
        (void)world_held_task(world, task, (int64_t)(seed % 4) + 1, "h");
        break;
    default:
        (void)world_task(world, task, (int64_t)(seed % 4) + 1, parent, parent[0] == '\0' ? 0 : (int64_t)(seed % 2) + 1);
    }
}

static void assert_agrees(const struct curfew_register *names, const struct curfew_lane *lane)
{
    const struct curfew_book_counts counts = curfew_book_counts(curfew_lane_book(lane));
    int64_t sessions = 0;
    int64_t tasks = 0;
    assert_int_equal(curfew_register_open(names), counts.sessions);
    for (const struct curfew_registered_session *session = curfew_register_first(names); session != NULL;
         session = session->next) {
        struct curfew_session_view about;
        assert_true(curfew_view_session(curfew_lane_book(lane), session->id, &about));
        assert_true(!about.over && about.held == (session->holder.size > 0) && about.auth_us == session->auth_us);
        sessions++;
        for (const struct curfew_registered_task *task = session->tasks; task != NULL; task = task->next, tasks++) {
            struct curfew_task_view view;
            assert_true(curfew_view_task(curfew_lane_book(lane), &task->subject, &view));
            assert_int_equal(view.attempt, task->attempt);
            assert_true(view.over || task->end.cause == CURFEW_OVER_NOT);
            assert_true(!view.over || task->end.cause != CURFEW_OVER_NOT || !view.rooted);
            assert_true(view.attempt_over == (task->attempt_end.cause != CURFEW_OVER_NOT));
            assert_true(!view.held || task->holder.size > 0);
        }
    }
    assert_int_equal(sessions, counts.sessions);
    assert_int_equal(tasks, counts.tasks);
}

static void names_agree_with_the_book_whatever_is_said(void **state)
{
    (void)state; /* goal: after any record, exactly what the book holds has a name, and its ends are the book's */
    unsigned seed = 20261127;
    for (int play = 0; play < 40; play++) {
        struct world *world = world_begin();
        struct curfew_register *names = curfew_register_create();
        world->names = names;
        for (int i = 0; i < 400; i++) {
            seed = seed * 1664525U + 1013904223U;
            say_something(world, seed >> 8);
            if (seed >> 27 == 0) {
                world_pass(world, 11 * WORLD_S);
            }
            assert_agrees(names, world->lane);
        }
        curfew_register_destroy(names);
        world_end(world);
    }
}

static bool knows(const struct curfew_register *names, int number)
{
    char id[64];
    session_id(id, sizeof id, number);
    return curfew_register_find(names, curfew_slice_of(id)) != NULL;
}

static void what_is_over_is_forgotten_oldest_first(void **state)
{
    (void)state; /* goal: the newest CURFEW_REGISTER_OVER_MAX that are over are known, and whatever is open */
    enum { ROUND = 700 }; /* the book has room for 1000, tombstones included */
    struct world *world = world_begin();
    char id[64];
    world->names = curfew_register_create();
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    for (int i = 0; i < 2 * ROUND; i++) {
        session_id(id, sizeof id, i);
        assert_int_equal(world_session(world, id, "ada"), ACCEPTED);
        assert_int_equal(world_session_end(world, id), ACCEPTED);
        if (i + 1 == ROUND) {
            world_pass(world, 3600 * WORLD_S + 901 * WORLD_S); /* the tombstones go */
            assert_int_equal(world_session(world, WORLD_OTHER, "ada"), ACCEPTED);
        }
    }
    const int first = 2 * ROUND + 1 - CURFEW_REGISTER_OVER_MAX; /* WORLD_SESSION's deadline passed too */
    for (int i = 0; i < 2 * ROUND; i++) {
        if (knows(world->names, i) != (i >= first)) {
            fail_msg("session %d", i);
        }
    }
    assert_non_null(curfew_register_find(world->names, curfew_slice_of(WORLD_OTHER)));
    curfew_register_destroy(world->names);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_says_who_owns_what_and_until_when, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(filters_hold_together, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(agents_beyond_the_bound_are_said_to_be_there, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(bad_questions_are_refused, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(a_tree_tells_states_and_causes, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(what_nobody_said_has_its_cause_too, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(refused_records_leave_no_name, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(more_than_a_page_is_paged, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(long_trees_are_paged_within_the_bound, asked_begin, asked_end),
        cmocka_unit_test(names_agree_with_the_book_whatever_is_said),
        cmocka_unit_test(what_is_over_is_forgotten_oldest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
