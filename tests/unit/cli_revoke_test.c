/* cli_revoke: `curfew revoke` and `curfew policy` as processes, against a coordinator that says what the test wants,
 * and no broker: what would end, who has proposed it, and what is wrong with the words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli_process.h"
#include "core/http.h"
#include "services/cli/foresee.h"
#include "services/cli/get.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
#define TWO_SESSIONS "{\"sessions\":2,\"tasks\":17,\"control_next\":5}\n"
#define PROPOSED "{\"sessions\":2,\"tasks\":17,\"control_next\":5,\"proposed_by\":\"ana\"}\n"

/* A coordinator: it answers `code` and `body`, and keeps what it was asked. */
static struct {
    struct curfew_http *http;
    char url[64];
    pthread_mutex_t lock;
    int code;
    const char *body;
    const char *location; /* where it sends who asks; NULL: nowhere */
    int asked;
    char kind[16], tenant[64], scope[64], id[64], version[24];
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct cli_process process;
static const char *const dead_broker[] = {"CURFEW_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", CLI_COORDINATORS, NULL};

static void keep(const struct curfew_http_request *request, const char *name, char *text, size_t size)
{
    const char *value = curfew_http_query(request, name);
    (void)snprintf(text, size, "%s", value == NULL ? "-" : value);
}

static void handle_impact(void *context, const struct curfew_http_request *request,
                          struct curfew_http_response *response)
{
    (void)context;
    pthread_mutex_lock(&fake.lock);
    fake.asked++;
    keep(request, "kind", fake.kind, sizeof fake.kind);
    keep(request, "tenant", fake.tenant, sizeof fake.tenant);
    keep(request, "scope", fake.scope, sizeof fake.scope);
    keep(request, "id", fake.id, sizeof fake.id);
    keep(request, "version", fake.version, sizeof fake.version);
    curfew_http_reply(response, fake.code, "%s", fake.body);
    if (fake.location != NULL) {
        response->header_name = "Location";
        response->header_value = fake.location;
    }
    pthread_mutex_unlock(&fake.lock);
}

static const struct curfew_http_route routes[] = {{"GET", "/v1/impact", handle_impact}, {NULL, NULL, NULL}};

/* `location`: where it sends whoever asks; NULL: nowhere. */
static void say_elsewhere(int code, const char *body, const char *location)
{
    pthread_mutex_lock(&fake.lock);
    fake.code = code;
    fake.body = body;
    fake.location = location;
    fake.asked = 0;
    pthread_mutex_unlock(&fake.lock);
}

static void say(int code, const char *body)
{
    say_elsewhere(code, body, NULL);
}

static int begin(void **state)
{
    (void)state;
    if (curfew_http_open("127.0.0.1:0", routes, NULL, &fake.http, NULL) != CURFEW_OK)
        return -1;
    snprintf(fake.url, sizeof fake.url, "http://%s", curfew_http_address(fake.http));
    say(200, TWO_SESSIONS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    curfew_http_close(fake.http);
    return 0;
}

static void assert_asked(const char *kind, const char *tenant, const char *scope, const char *id, const char *version)
{
    pthread_mutex_lock(&fake.lock);
    assert_int_equal(fake.asked, 1);
    assert_string_equal(fake.kind, kind);
    assert_string_equal(fake.tenant, tenant);
    assert_string_equal(fake.scope, scope);
    assert_string_equal(fake.id, id);
    assert_string_equal(fake.version, version);
    pthread_mutex_unlock(&fake.lock);
    say(fake.code, fake.body);
}

static void test_a_dry_run_says_how_much_would_end_and_nothing_else(void **state)
{
    /* Goal: the numbers on standard output, in words besides; no broker, no key file is needed; nothing is sent. */
    (void)state;
    CLI(&process, NULL, "revoke", "user", "--tenant", "acme", "--issuer", "https://id.example/?a=b&c", "--user",
        "ana b", "--dry-run", "--coordinator", fake.url);
    assert_int_equal(process.status, 0);
    assert_string_equal(process.out, "2 sessions, 17 tasks\n");
    assert_non_null(strstr(process.err, "this user has 2 live sessions with 17 running tasks: all of them end"));
    assert_asked("user", "acme", "https://id.example/?a=b&c", "ana b", "-");
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", fake.url, "--json");
    assert_int_equal(process.status, 0);
    assert_string_equal(process.out, "{\"sessions\":2,\"tasks\":17,\"proposed_by\":null}\n");
    assert_asked("tenant", "acme", "-", "acme", "-");
}

static void test_what_ends_no_session_says_what_ends_instead(void **state)
{
    /* Goal: nobody takes "0 sessions" of an agent, a key or a policy for "no effect". */
    (void)state;
    say(200, "{\"sessions\":0,\"tasks\":0,\"control_next\":5}");
    CLI(&process, NULL, "revoke", "agent", "--tenant", "acme", "--agent", "spiffe://acme/planner", "--dry-run",
        "--coordinator", fake.url);
    assert_int_equal(process.status, 0);
    assert_string_equal(process.out, "0 sessions, 0 tasks\n");
    assert_non_null(strstr(process.err, "tokens that hang on it are denied"));
    assert_asked("agent", "acme", "acme", "spiffe://acme/planner", "-");
    CLI(&process, NULL, "revoke", "agent", "--tenant", "acme", "--agent", "planner", "--dry-run", "--coordinator",
        fake.url);
    assert_asked("agent", "acme", "-", "planner", "-");
    CLI(&process, NULL, "revoke", "key", "--key", KEY, "--dry-run", "--coordinator", fake.url);
    assert_int_equal(process.status, 0);
    assert_non_null(strstr(process.err, "tokens that hang on it are denied"));
    assert_asked("key", "-", "-", KEY, "-");
    CLI(&process, NULL, "revoke", "policy", "--tenant", "acme", "--policy", "pay:ments:0", "--dry-run", "--coordinator",
        fake.url);
    assert_int_equal(process.status, 0);
    assert_asked("policy", "acme", "-", "pay:ments", "0");
    CLI(&process, NULL, "policy", "adopt", "--tenant", "acme", "--policy", "payments:8", "--dry-run", "--coordinator",
        fake.url);
    assert_int_equal(process.status, 0);
    assert_non_null(strstr(process.err, "adopting a version ends nothing"));
    assert_asked("policy", "acme", "-", "payments", "8");
}

static void test_a_proposal_that_waits_is_told(void **state)
{
    /* Goal: who comes second knows it before saying anything; of what takes no second, nothing is said. */
    (void)state;
    say(200, PROPOSED);
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", fake.url);
    assert_non_null(strstr(process.err, "operator ana has proposed it"));
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", fake.url, "--json");
    assert_string_equal(process.out, "{\"sessions\":2,\"tasks\":17,\"proposed_by\":\"ana\"}\n");
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", fake.url, "--break-glass",
        "--reason", "fire");
    assert_null(strstr(process.err, "has proposed it"));
}

static void test_a_coordinator_that_does_not_know_is_no_zero(void **state)
{
    /* Goal: away, not ready, refusing, or no coordinator at all: an error that says which, and no number. */
    static const struct {
        int code;
        const char *body;
        int status;
        const char *says;
    } cases[] = {
        {503, "{\"error\":\"lane 2 is being read\"}", 5, "lane 2 is being read"},
        {400, "{\"error\":\"kind must be\"}", 1, "kind must be"},
        {503, "busy", 1, "without counts"},
        {404, "{\"error\":\"no such path\"}", 1, "without counts"},
        {200, "", 1, "without counts"},
        {200, "<html>", 1, "without counts"},
        {200, "{\"sessions\":2}", 1, "without counts"},
        {200, "{\"sessions\":-1,\"tasks\":0,\"control_next\":5}", 1, "without counts"},
        {200, "{\"sessions\":\"2\",\"tasks\":0,\"control_next\":5}", 1, "without counts"},
        {200, "{\"sessions\":2,\"tasks\":0,\"control_next\":5,\"proposed_by\":7}", 1, "without counts"},
        {302, TWO_SESSIONS, 1, "without counts"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        say(cases[i].code, cases[i].body);
        CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", fake.url);
        if (process.status != cases[i].status || strstr(process.err, cases[i].says) == NULL)
            print_error("%d %s: %d: %s\n", cases[i].code, cases[i].body, process.status, process.err);
        assert_int_equal(process.status, cases[i].status);
        assert_non_null(strstr(process.err, cases[i].says));
        assert_string_equal(process.out, "");
    }
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", "http://127.0.0.1:1");
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.err, "is one running there?"));
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", "file:///etc/passwd");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "http://address:port"));
}

static void test_a_long_answer_is_none(void **state)
{
    /* Goal: what is behind --coordinator cannot make the command hold, or print, whatever it likes. */
    static char body[2 * CURFEW_GET_BODY_MAX];
    (void)state;
    memset(body, ' ', sizeof body - 1);
    memcpy(body, TWO_SESSIONS, strlen(TWO_SESSIONS));
    say(200, body);
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", fake.url);
    assert_int_equal(process.status, 5);
    assert_string_equal(process.out, "");
}

static void test_nobody_is_sent_elsewhere(void **state)
{
    /* Goal: what is behind --coordinator cannot choose who is asked: there it is asked once, and nowhere else. */
    char elsewhere[96];
    (void)state;
    snprintf(elsewhere, sizeof elsewhere, "%s/v1/impact?kind=elsewhere", fake.url);
    say_elsewhere(307, "{}", elsewhere);
    CLI(&process, NULL, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--coordinator", fake.url);
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "answered 307 without counts"));
    assert_asked("tenant", "acme", "-", "acme", "-");
}

static void test_a_dry_run_needs_somebody_to_ask(void **state)
{
    /* Goal: from a setting too; with none, an error that says both. */
    char setting[96];
    (void)state;
    CLI(&process, dead_broker, "revoke", "tenant", "--tenant", "acme", "--dry-run");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "--coordinator"));
    assert_non_null(strstr(process.err, "coordinator.url"));
    snprintf(setting, sizeof setting, "coordinator.url=%s/", fake.url);
    CLI(&process, dead_broker, "revoke", "tenant", "--tenant", "acme", "--dry-run", "--set", setting);
    assert_int_equal(process.status, 0);
    assert_string_equal(process.out, "2 sessions, 17 tasks\n");
}

static void test_wrong_words_are_2(void **state)
{
    /* Goal: each slip is named before anybody is asked or told. */
    static const struct {
        const char *arguments[12];
        const char *says;
    } cases[] = {
        {{"revoke", "user", "--user", "ana", "--issuer", "i"}, "--tenant is missing"},
        {{"revoke", "user", "--tenant", "a", "--user", "u"}, "--issuer is missing"},
        {{"revoke", "user", "--tenant", "a", "--issuer", "i"}, "--user is missing"},
        {{"revoke", "user", "--tenant", "a", "--issuer", "i", "--user", ""}, "a name is empty"},
        {{"revoke", "user", "--tenant", "a", "--issuer", "i", "--user", "u", "--break-glass"}, "--break-glass"},
        {{"revoke", "agent", "--tenant", "a"}, "--agent is missing"},
        {{"revoke", "agent", "--tenant", "a", "--agent", "x\ny"}, "control characters"},
        {{"revoke", "agent", "--tenant", "a", "--agent", "x", "--user", "u"}, "--user"},
        {{"revoke", "tenant"}, "--tenant is missing"},
        {{"revoke", "tenant", "--tenant", "a", "--break-glass"}, "--break-glass needs --reason"},
        {{"revoke", "tenant", "--tenant", "a", "--break-glass", "--reason", ""}, "--break-glass needs --reason"},
        {{"revoke", "key"}, "--key is missing"},
        {{"revoke", "key", "--key", "short"}, "43 characters"},
        {{"revoke", "key", "--key", KEY "x"}, "43 characters"},
        {{"revoke", "key", "--key", KEY, "--tenant", "a"}, "--tenant"},
        {{"revoke", "policy", "--tenant", "a"}, "--policy is missing"},
        {{"revoke", "policy", "--tenant", "a", "--policy", "payments"}, "payments:7"},
        {{"revoke", "policy", "--tenant", "a", "--policy", ":7"}, "payments:7"},
        {{"revoke", "policy", "--tenant", "a", "--policy", "payments:"}, "version"},
        {{"revoke", "policy", "--tenant", "a", "--policy", "payments:-1"}, "version"},
        {{"revoke", "policy", "--tenant", "a", "--policy", "payments:9223372036854775807"}, "version"},
        {{"policy", "adopt", "--policy", "payments:7"}, "--tenant is missing"},
        {{"policy", "adopt", "--tenant", "a", "--policy", "payments:7", "--reason", "r"}, "--reason"},
    };
    (void)state;
    say(200, TWO_SESSIONS);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cli_process_run(&(const struct cli_run){cases[i].arguments, dead_broker, NULL, NULL}, &process);
        if (process.status != 2 || strstr(process.err, cases[i].says) == NULL)
            print_error("case %zu: %d: %s\n", i, process.status, process.err);
        assert_int_equal(process.status, 2);
        assert_non_null(strstr(process.err, cases[i].says));
        assert_string_equal(process.out, "");
    }
    assert_int_equal(fake.asked, 0);
}

static void test_the_number_comes_first_and_is_no_condition(void **state)
{
    /* Goal: without --dry-run the number is told before anything is sent; whoever cannot be asked does not stand in the
     * way: what fails here is the broker, which is away. */
    char directory[] = "/tmp/curfew-revoke-test-XXXXXX";
    char file[64];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(file, sizeof file, "%s/op.key", directory);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs("{\"writer\":\"op\",\"epoch\":1,\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", out) >=
                0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(file, 0600), 0);
    say(200, TWO_SESSIONS);
    CLI(&process, dead_broker, "revoke", "tenant", "--tenant", "acme", "--coordinator", fake.url, "--key-file", file,
        "--timeout", "600ms");
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.err, "2 live sessions with 17 running tasks"));
    assert_non_null(strstr(process.err, "revocation of tenant acme"));
    assert_true(strstr(process.err, "2 live sessions") < strstr(process.err, "revocation of tenant"));
    CLI(&process, dead_broker, "revoke", "tenant", "--tenant", "acme", "--coordinator", "http://127.0.0.1:1",
        "--key-file", file, "--timeout", "600ms");
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.err, "going on without the number"));
    assert_non_null(strstr(process.err, "revocation of tenant acme"));
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_dry_run_says_how_much_would_end_and_nothing_else, begin, end),
        cmocka_unit_test_setup_teardown(test_what_ends_no_session_says_what_ends_instead, begin, end),
        cmocka_unit_test_setup_teardown(test_a_proposal_that_waits_is_told, begin, end),
        cmocka_unit_test_setup_teardown(test_a_coordinator_that_does_not_know_is_no_zero, begin, end),
        cmocka_unit_test_setup_teardown(test_a_long_answer_is_none, begin, end),
        cmocka_unit_test_setup_teardown(test_nobody_is_sent_elsewhere, begin, end),
        cmocka_unit_test_setup_teardown(test_a_dry_run_needs_somebody_to_ask, begin, end),
        cmocka_unit_test_setup_teardown(test_wrong_words_are_2, begin, end),
        cmocka_unit_test_setup_teardown(test_the_number_comes_first_and_is_no_condition, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
