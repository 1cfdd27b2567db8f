/* cli_owner: `curfew list`, `tree`, `status`, `wait` and `reconcile` as processes, against a coordinator that says what
 * the test wants, and no broker: what they print, how they end, and what they do with answers that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli_process.h"
#include "core/http.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S1 "1.AAAAAAAAAAAAAAAAAAAAAA"
#define S2 "1.BBBBBBBBBBBBBBBBBBBBBB"

/* A coordinator: answers in order, the last for ever; what it was asked, one a line. */
#define BODIES_MAX 8

static struct {
    struct curfew_http *http;
    char url[64];
    pthread_mutex_t lock;
    int code;
    const char *bodies[BODIES_MAX]; /* in turn, and the last again and again; under the lock, like `asked` */
    size_t at;
    char asked[4096];
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct cli_process process;
static char variable[128];
static const char *const environment[] = {"CURFEW_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", CLI_COORDINATORS, variable,
                                          NULL};

static void keep(const struct curfew_http_request *request, const char *name)
{
    const size_t used = strlen(fake.asked);
    const char *value = curfew_http_query(request, name);
    if (value != NULL)
        (void)snprintf(fake.asked + used, sizeof fake.asked - used, " %s=%s", name, value);
}

static void handle(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    static const char *const names[] = {"tenant", "user", "agent", "owner", "unowned", "log", "after"};
    (void)context;
    pthread_mutex_lock(&fake.lock);
    const size_t used = strlen(fake.asked);
    (void)snprintf(fake.asked + used, sizeof fake.asked - used, "%s%s", used == 0 ? "" : "\n",
                   curfew_http_path(request));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        keep(request, names[i]);
    curfew_http_reply(response, fake.code, "%s", fake.bodies[fake.at]);
    fake.at += fake.bodies[fake.at + 1] == NULL ? 0 : 1;
    pthread_mutex_unlock(&fake.lock);
}

static const struct curfew_http_route routes[] = {{"GET", "/v1/*", handle}, {NULL, NULL, NULL}};

static void say_all(int code, const char *const *bodies)
{
    pthread_mutex_lock(&fake.lock);
    fake.code = code;
    fake.at = 0;
    memset(fake.bodies, 0, sizeof fake.bodies);
    for (size_t i = 0; bodies[i] != NULL; i++) {
        assert_true(i + 1 < BODIES_MAX);
        fake.bodies[i] = bodies[i];
    }
    fake.asked[0] = '\0';
    pthread_mutex_unlock(&fake.lock);
}

/* What was asked since; the server's thread wrote it. */
static const char *asked(void)
{
    static char copy[sizeof fake.asked];
    pthread_mutex_lock(&fake.lock);
    memcpy(copy, fake.asked, sizeof copy);
    pthread_mutex_unlock(&fake.lock);
    return copy;
}

#define SAY(code, ...) say_all(code, (const char *const[]){__VA_ARGS__, NULL})

static int begin(void **state)
{
    (void)state;
    if (curfew_http_open("127.0.0.1:0", routes, NULL, &fake.http, NULL) != CURFEW_OK)
        return -1;
    snprintf(fake.url, sizeof fake.url, "http://%s", curfew_http_address(fake.http));
    snprintf(variable, sizeof variable, "CURFEW_COORDINATOR_URL=%s", fake.url);
    return 0;
}

static int end(void **state)
{
    (void)state;
    curfew_http_close(fake.http);
    return 0;
}

static void assert_said(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("without \"%s\": %s", wanted, text);
}

#define ITEM(id) "{\"session\":\"" id "\",\"user\":\"ana\",\"tenant\":\"acme\",\"starter\":\"app\"}"

static void test_a_list_asks_for_what_is_meant_page_by_page(void **state)
{
    /* Goal: every option is asked for, escaped; pages are followed; --limit says that there is more; JSON lines */
    (void)state;
    SAY(200, "{\"sessions\":[" ITEM(S1) "],\"open\":2,\"next\":\"1:5:" S1 "\"}",
        "{\"sessions\":[" ITEM(S2) "],\"open\":2}");
    CLI(&process, environment, "list", "--user", "a&b", "--agent", "spiffe://acme/p", "--owner", "o", "--unowned",
        "--tenant", "acme", "--json");
    assert_int_equal(process.status, 0);
    assert_string_equal(process.out, ITEM(S1) "\n" ITEM(S2) "\n");
    assert_string_equal(asked(),
                        "/v1/sessions tenant=acme user=a&b agent=spiffe://acme/p owner=o unowned=1\n"
                        "/v1/sessions tenant=acme user=a&b agent=spiffe://acme/p owner=o unowned=1 after=1:5:" S1);
    SAY(200, "{\"sessions\":[" ITEM(S1) "," ITEM(S2) "],\"open\":2}");
    CLI(&process, environment, "list", "--limit", "1");
    assert_int_equal(process.status, 0);
    assert_said(process.out, S1 "  user ana of acme, started by app\n    kept by no lease\n");
    assert_null(strstr(process.out, S2));
    assert_said(process.err, "1 sessions are shown, and there are more (2 are open in all)");
    SAY(200, "{\"sessions\":[],\"open\":7}");
    CLI(&process, environment, "list", "--coordinator", fake.url);
    assert_int_equal(process.status, 0);
    assert_said(process.err, "none of the 7 sessions");
}

static void test_what_is_no_answer_is_said(void **state)
{
    /* Goal: refusals and outages end with the right status, name the coordinator, and print nothing that looks good */
    (void)state;
    static const char *const commands[][3] = {{"list", NULL, NULL}, {"tree", S1, NULL}, {"status", "1:5", NULL}};
    static const struct {
        int code, status;
        const char *body, *said;
    } answers[] = {
        {503, 5, "{\"error\":\"lane 1 is being read\"}", "lane 1 is being read"},
        {404, 1, "{\"error\":\"not known\"}", "not known"},
        {200, 1, "{}", "is there a coordinator"},
        {200, 1, "[1,2", "is there a coordinator"},
        {500, 1, "oops", "it answered 500"},
    };
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < sizeof answers / sizeof answers[0]; j++) {
            SAY(answers[j].code, answers[j].body);
            CLI(&process, environment, commands[i][0], commands[i][1]);
            assert_int_equal(process.status, answers[j].status);
            assert_string_equal(process.out, "");
            assert_said(process.err, answers[j].said);
        }
        CLI(&process, environment, commands[i][0], "--coordinator", "http://127.0.0.1:1", commands[i][1]);
        assert_int_equal(process.status, 5);
        assert_said(process.err, "is one running there?");
    }
}

#define TASK(name, more) "{\"task\":\"" name "\",\"attempt\":1," more "}"

static void test_a_tree_shows_children_under_their_parents(void **state)
{
    /* Goal: depth by parent, whatever the order of starts; causes in words; nothing that a terminal would act on */
    (void)state;
    SAY(200,
        "{\"tasks\":[" TASK("a", "\"state\":\"running\",\"kept_by\":\"sched\",\"lease_left_ms\":2500") "," TASK(
            "b",
            "\"state\":\"over\",\"end\":{\"cause\":\"lease\",\"offset\":9,\"at_us\":5000000}") "],\"session\":{"
                                                                                               "\"session\":\"" S1
                                                                                               "\",\"lane\":1,\"user\":"
                                                                                               "\"ana\",\"tenant\":"
                                                                                               "\"acme\",\"starter\":"
                                                                                               "\"app\",\"state\":"
                                                                                               "\"open\","
                                                                                               "\"deadline_us\":"
                                                                                               "70000000},\"as_of_us\":"
                                                                                               "10000000,\"next\":2}",
        "{\"tasks\":[" TASK(
            "c", "\"parent\":\"a\",\"state\":\"over\",\"end\":{\"cause\":\"said\",\"by\":\"etl\","
                 "\"reason\":\"\\u001b[2Jdone\"}") "," TASK("d", "\"parent\":\"c\",\"state\":"
                                                                 "\"ancestor_over\"") "],\"session\":{"
                                                                                      "\"session\":\"" S1
                                                                                      "\",\"lane\":1,\"user\":\"ana\","
                                                                                      "\"tenant\":\"acme\",\"starter\":"
                                                                                      "\"app\",\"state\":\"open\","
                                                                                      "\"deadline_us\":70000000},\"as_"
                                                                                      "of_us\":10000000}");
    CLI(&process, environment, "tree", S1);
    assert_int_equal(process.status, 0);
    assert_string_equal(process.out, S1 "  user ana of acme, started by app, open, its deadline is in 60 s\n"
                                        "  a  attempt 1  running, kept by sched, whose lease has 2 s left\n"
                                        "    c  attempt 1  over: said by etl, \"?[2Jdone\"\n"
                                        "      d  attempt 1  under the dead\n"
                                        "  b  attempt 1  over: its lease ran out, 1:9, 5 s ago\n");
    assert_said(asked(), "/v1/sessions/" S1 " after=2");
    SAY(200, "{\"tasks\":[],\"session\":{\"session\":\"" S1
             "\",\"state\":\"over\",\"end\":{\"cause\":\"unknown\"}},\"as_of_us\":1}");
    CLI(&process, environment, "tree", S1);
    assert_string_equal(process.out, S1 "  over: by a cause that is not known any more\n");
    CLI(&process, environment, "tree", "../hops");
    assert_int_equal(process.status, 1);
    CLI(&process, environment, "tree");
    assert_int_equal(process.status, 2);
}

#define RECEIPT(more) "{\"receipt\":\"1:5\",\"lane\":1,\"offset\":5,\"lane_next\":9,\"durable\":true," more "}"
#define LAGS                                                                                                           \
    RECEIPT("\"answer\":\"accepted\",\"hops\":2,\"applied\":1,\"complete\":false,\"laggards\":[{\"hop\":\"g2\","       \
            "\"state\":\"silent\",\"silent_ms\":7000,\"offset\":3,\"behind\":3,\"age_ms\":7200}]")
#define COMPLETE RECEIPT("\"answer\":\"accepted\",\"hops\":2,\"applied\":2,\"complete\":true")

static void test_how_far_a_receipt_is_and_how_it_ends(void **state)
{
    /* Goal: each stage and each way not to come there has its words and its exit status */
    (void)state;
    static const struct {
        const char *body, *said;
        int status, wait, accepted;
    } cases[] = {
        {COMPLETE, "1:5  durable, accepted, applied by 2 of 2 hops, complete\n", 0, 0, 0},
        {LAGS,
         "applied by 1 of 2 hops, not complete\n  g2 is silent, its last word is 7 s old; at offset 3, 3 records "
         "behind, what it knows is 7 s old\n",
         1, 5, 0},
        {RECEIPT("\"answer\":\"refused\",\"reason\":\"unknown_task\",\"hops\":2"), "refused: unknown_task\n", 3, 3, 3},
        {RECEIPT("\"answer\":\"accepted\",\"hops\":0"), "who applied it is not known", 1, 1, 0},
        {RECEIPT("\"answer\":\"unknown\",\"hops\":1"), "not known any more", 1, 1, 1},
        {RECEIPT("\"answer\":\"second_operator\",\"hops\":1"), "waits for a second operator", 1, 1, 1},
        {RECEIPT("\"answer\":\"waiting\",\"hops\":1,\"complete\":false"), "not accepted yet", 1, 5, 5},
        {"{\"receipt\":\"1:5\",\"durable\":false,\"answer\":\"waiting\",\"lane_next\":4,\"hops\":1}",
         "not here: the log of its lane goes up to offset 3", 1, 5, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SAY(200, cases[i].body);
        CLI(&process, environment, "status", "1:5", "--log", "0f");
        assert_int_equal(process.status, cases[i].status);
        assert_said(process.out, cases[i].said);
        assert_string_equal(asked(), "/v1/receipts/1:5 log=0f");
        CLI(&process, environment, "wait", "1:5", "--timeout", "300ms");
        assert_int_equal(process.status, cases[i].wait);
        assert_said(process.out, cases[i].said);
        CLI(&process, environment, "wait", "1:5", "--for", "accepted", "--timeout", "300ms", "--json");
        assert_int_equal(process.status, cases[i].accepted);
        assert_said(process.out, cases[i].body);
    }
    SAY(200, LAGS, LAGS, COMPLETE);
    CLI(&process, environment, "wait", "1:5", "--timeout", "20s");
    assert_int_equal(process.status, 0);
    assert_true(process.took_ms < 10000);
    SAY(503, "{\"error\":\"lane 1 is being read\"}");
    CLI(&process, environment, "wait", "1:5", "--timeout", "500ms"); /* it may be back in time */
    assert_int_equal(process.status, 5);
    assert_said(process.err, "lane 1 is being read");
    assert_said(asked(), "/v1/receipts/1:5\n/v1/receipts/1:5");
    SAY(409, "{\"error\":\"of another log\"}");
    CLI(&process, environment, "wait", "1:5", "--timeout", "20s"); /* it will not */
    assert_int_equal(process.status, 1);
    assert_string_equal(asked(), "/v1/receipts/1:5");
    CLI(&process, environment, "wait", "--for", "everything", "1:5");
    assert_int_equal(process.status, 2);
    CLI(&process, environment, "status", "1/5");
    assert_int_equal(process.status, 2);
}

#define LIST "{\"sessions\":[{\"session\":\"" S1 "\"}]}"
#define STARTED "\"state\":\"running\",\"holder\":\"sched\",\"started_us\":1000000"
#define TASKS                                                                                                          \
    "{\"tasks\":[" TASK("a", STARTED) "," TASK("b", STARTED) "," TASK(                                                 \
        "c", "\"state\":\"running\",\"holder\":\"else\",\"starter\":\"else\",\"started_us\":1") "],\"session\":{}}"
#define LINE_A "{\"session\":\"" S1 "\",\"task\":\"a\",\"attempt\":1}\n"

static void test_a_reconcile_that_is_dry_says_what_would_end(void **state)
{
    /* Goal: the owner's and not listed, alone; no broker and no key is needed; nothing without its moment */
    (void)state;
    SAY(200, LIST, TASKS);
    CLI_INPUT(&process, environment, LINE_A, "reconcile", "--owner", "sched", "--taken", "now", "--dry-run");
    assert_int_equal(process.status, 0);
    assert_string_equal(process.out, S1 " b 1\n");
    assert_string_equal(asked(), "/v1/sessions owner=sched\n/v1/sessions/" S1);
    assert_said(process.err, "1 would end");
    SAY(200, LIST, TASKS);
    CLI_INPUT(&process, environment, LINE_A, "reconcile", "--owner", "sched", "--taken", "10999999", "--dry-run",
              "--json");
    assert_int_equal(process.status, 0); /* ten seconds of grace: it may be younger than the list */
    assert_said(process.out, "\"task\":\"b\",\"attempt\":1,\"started_us\":1000000,\"fate\":\"started_since\"");
    assert_said(process.out, "\"dry_run\":true,\"sessions\":1,\"in_list\":1,\"listed\":1,\"to_end\":0,\"ended\":0");
    SAY(200, LIST, TASKS);
    CLI_INPUT(&process, environment, "", "reconcile", "--owner", "sched", "--taken", "now", "--dry-run",
              "--allow-empty");
    assert_string_equal(process.out, S1 " a 1\n" S1 " b 1\n");
}

#define TWO_TENANTS                                                                                                    \
    "{\"sessions\":[{\"session\":\"" S1 "\",\"tenant\":\"acme\"},{\"session\":\"" S2 "\",\"tenant\":\"books\"}]}"

static void test_a_reconcile_is_of_one_tenant_or_of_all(void **state)
{
    /* Goal: an owner's name that two tenants use ends nothing until it is said whose list it is */
    (void)state;
    SAY(200, TWO_TENANTS, TASKS);
    CLI_INPUT(&process, environment, LINE_A, "reconcile", "--owner", "sched", "--taken", "now", "--dry-run");
    assert_int_equal(process.status, 1);
    assert_said(process.err, "in the tenants acme and books");
    assert_string_equal(process.out, "");
    SAY(200, LIST, TASKS);
    CLI_INPUT(&process, environment, LINE_A, "reconcile", "--owner", "sched", "--taken", "now", "--dry-run", "--tenant",
              "acme");
    assert_int_equal(process.status, 0);
    assert_said(asked(), "/v1/sessions tenant=acme owner=sched\n");
    SAY(200, TWO_TENANTS, TASKS);
    CLI_INPUT(&process, environment, LINE_A, "reconcile", "--owner", "sched", "--taken", "now", "--dry-run", "--tenant",
              "*");
    assert_int_equal(process.status, 0);
    assert_said(asked(), "/v1/sessions owner=sched\n");
}

static void test_a_reconcile_in_doubt_ends_nothing(void **state)
{
    /* Goal: an empty or broken list, a coordinator that does not know, a moment that is missing or lies ahead */
    (void)state;
    SAY(200, LIST, TASKS);
    CLI_INPUT(&process, environment, "", "reconcile", "--owner", "sched", "--taken", "now", "--dry-run");
    assert_int_equal(process.status, 1);
    assert_said(process.err, "say --allow-empty");
    assert_string_equal(process.out, "");
    SAY(200, LIST, TASKS);
    CLI_INPUT(&process, environment, "{\"session\":\"" S1 "\",\"ta", "reconcile", "--owner", "sched", "--taken", "now",
              "--dry-run");
    assert_int_equal(process.status, 1);
    assert_said(process.err, "line 1 has no end");
    SAY(503, "{\"error\":\"lane 1 is being read\"}");
    CLI_INPUT(&process, environment, LINE_A, "reconcile", "--owner", "sched", "--taken", "now", "--dry-run");
    assert_int_equal(process.status, 5);
    static const char *const wrong[][6] = {
        {"--owner", "sched"},
        {"--taken", "now"},
        {"--owner", "sched", "--taken", "99999999999999999"},
        {"--owner", "sched", "--taken", "yesterday"},
        {"--owner", "sched", "--taken", "now", "--grace", "1ms"},
        {"--owner", "sched", "--taken", "now", "--at-most", "0"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CLI_INPUT(&process, environment, LINE_A, "reconcile", wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3],
                  wrong[i][4], wrong[i][5]);
        assert_int_equal(process.status, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_asks_for_what_is_meant_page_by_page),
        cmocka_unit_test(test_what_is_no_answer_is_said),
        cmocka_unit_test(test_a_tree_shows_children_under_their_parents),
        cmocka_unit_test(test_how_far_a_receipt_is_and_how_it_ends),
        cmocka_unit_test(test_a_reconcile_that_is_dry_says_what_would_end),
        cmocka_unit_test(test_a_reconcile_is_of_one_tenant_or_of_all),
        cmocka_unit_test(test_a_reconcile_in_doubt_ends_nothing),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
