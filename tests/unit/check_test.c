/* check: the side-car's answers over real sockets, with a scripted hop behind it. */
#include "services/guard/check.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ANSWER_SIZE 65536
#define PATIENCE_MS 20000 /* how long a test waits for an answer before it fails */

/* ---- the hop of the script ---- */

struct script {
    struct curfew_verdict verdict; /* what it will say */
    enum curfew_status ready;
    bool out_of_memory;
    int asked;
    char token[CURFEW_TOKEN_MAX + 1]; /* what it was asked about */
    char action[64], resource[64]; /* "-": NULL */
    enum curfew_class strictness;
};

static enum curfew_status script_authorize(void *context, const struct curfew_request *request,
                                           struct curfew_verdict *verdict, struct curfew_error *error)
{
    struct script *script = context;
    (void)error;
    script->asked++;
    snprintf(script->token, sizeof script->token, "%.*s", (int)request->token_size, request->token);
    snprintf(script->action, sizeof script->action, "%s", request->action == NULL ? "-" : request->action);
    snprintf(script->resource, sizeof script->resource, "%s", request->resource == NULL ? "-" : request->resource);
    script->strictness = request->strictness;
    *verdict = script->verdict;
    return CURFEW_OK;
}

static enum curfew_status script_ready(void *context, struct curfew_error *error)
{
    struct script *script = context;
    return script->ready == CURFEW_OK ? CURFEW_OK
                                      : curfew_error_set(error, script->ready, "lane 3 is \"stale\": no coordinator");
}

static char *script_status(void *context)
{
    return ((struct script *)context)->out_of_memory ? NULL : strdup("{\"hop\":\"h1\"}");
}

static char *script_metrics(void *context)
{
    return ((struct script *)context)->out_of_memory ? NULL : strdup("curfew_floors 7\n");
}

/* ---- a client ---- */

struct world {
    struct script script;
    struct curfew_check check;
    struct curfew_http *http;
    char answer[ANSWER_SIZE]; /* the last one, whole */
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct curfew_error error;
    world->check.hop =
        (struct curfew_check_hop){script_authorize, script_ready, script_status, script_metrics, &world->script};
    assert_int_equal(curfew_http_open("127.0.0.1:0", curfew_check_routes, &world->check, &world->http, &error),
                     CURFEW_OK);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    curfew_http_close(world->http);
    free(world);
    return 0;
}

static int begin(void **state)
{
    struct world *world = *state;
    memset(&world->script, 0, sizeof world->script);
    world->script.verdict = (struct curfew_verdict){
        .decision = CURFEW_ALLOW, .reason = "fresh", .lane = 3, .stale_lane = -1, .age_us = 512999};
    world->check.has_class = false;
    return 0;
}

/* Sends `head` (without the closing lines) and returns the status code; the answer is in world->answer. */
static int ask(struct world *world, const char *head)
{
    char request[ANSWER_SIZE];
    const char *address = curfew_http_address(world->http);
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    there.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&there, sizeof there), 0);
    int size = snprintf(request, sizeof request, "%s\r\nHost: guard\r\nConnection: close\r\n\r\n", head);
    assert_int_equal(send(connection, request, (size_t)size, MSG_NOSIGNAL), size);
    size_t used = 0;
    for (;;) {
        struct pollfd wait = {.fd = connection, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
        ssize_t got = recv(connection, world->answer + used, sizeof world->answer - 1 - used, 0);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    world->answer[used] = '\0';
    close(connection);
    return atoi(world->answer + strlen("HTTP/1.1 "));
}

static const char *body(const struct world *world)
{
    const char *at = strstr(world->answer, "\r\n\r\n");
    return at == NULL ? "" : at + 4;
}

static bool has_header(const struct world *world, const char *line)
{
    char whole[200];
    snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
    return strstr(world->answer, whole) != NULL;
}

#define STRICT "GET /v1/check?class=strict HTTP/1.1"
#define BEARER "\r\nAuthorization: Bearer abc.def.ghi"

/* ---- verdicts ---- */

static void each_verdict_has_its_code_and_body(void **state)
{
    /* Goal: allow, deny, not valid, reapproval and unavailable become the promised status, headers and JSON. */
    struct world *world = *state;
    struct curfew_verdict *verdict = &world->script.verdict;
    assert_int_equal(ask(world, STRICT BEARER), 200);
    assert_string_equal(body(world),
                        "{\"verdict\":\"allow\",\"reason\":\"fresh\",\"age_ms\":512,\"class\":\"strict\"}");
    assert_true(has_header(world, "Content-Type: application/json"));

    *verdict = (struct curfew_verdict){.decision = CURFEW_DENY,
                                       .reason = "revoked",
                                       .kind = CURFEW_KIND_TASK,
                                       .subject = {0xab, 0xcd, [15] = 0x0f},
                                       .stale_lane = -1,
                                       .age_us = 0};
    assert_int_equal(ask(world, STRICT BEARER), 403);
    assert_string_equal(body(world), "{\"verdict\":\"deny\",\"reason\":\"revoked\",\"age_ms\":0,\"class\":\"strict\","
                                     "\"kind\":\"task\",\"subject\":\"abcd000000000000000000000000000f\"}");

    *verdict =
        (struct curfew_verdict){.decision = CURFEW_NOT_VALID, .reason = "expired", .stale_lane = -1, .age_us = -1};
    assert_int_equal(ask(world, STRICT BEARER), 401);
    assert_string_equal(body(world),
                        "{\"verdict\":\"not_valid\",\"reason\":\"expired\",\"age_ms\":null,\"class\":\"strict\"}");
    assert_true(has_header(world, "WWW-Authenticate: Bearer error=\"invalid_token\""));

    *verdict = (struct curfew_verdict){
        .decision = CURFEW_UNAVAILABLE_NOW, .reason = "stale", .stale_lane = 0, .age_us = 2000001};
    assert_int_equal(ask(world, STRICT BEARER), 503);
    assert_string_equal(body(world), "{\"verdict\":\"unavailable\",\"reason\":\"stale\",\"age_ms\":2000,"
                                     "\"class\":\"strict\",\"lane\":0}");
    assert_true(has_header(world, "Retry-After: 1"));

    *verdict = (struct curfew_verdict){
        .decision = CURFEW_NEEDS_REAPPROVAL, .reason = "approval", .stale_lane = -1, .age_us = 0};
    assert_int_equal(ask(world, STRICT BEARER), 403);
    verdict->decision = (enum curfew_decision)99; /* what nobody knows is no yes */
    assert_int_equal(ask(world, STRICT BEARER), 503);
}

static void any_method_and_suffix_is_a_check(void **state)
{
    /* Goal: proxies send the method and path of the request they ask about; all of them are answered. */
    struct world *world = *state;
    static const char *const lines[] = {"GET /v1/check",      "POST /v1/check", "DELETE /v1/check",
                                        "PROPFIND /v1/check", "GET /v1/check/", "PUT /v1/check/a/b?c=d"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char head[300];
        snprintf(head, sizeof head, "%s HTTP/1.1\r\nX-Curfew-Class: standard\r\nContent-Length: 0" BEARER, lines[i]);
        world->script.token[0] = '\0';
        assert_int_equal(ask(world, head), 200);
        assert_string_equal(world->script.token, "abc.def.ghi");
        assert_int_equal(world->script.strictness, CURFEW_CLASS_STANDARD);
    }
    assert_int_equal(ask(world, "GET /v1/checks?class=strict HTTP/1.1" BEARER), 404);
}

static void what_a_proxy_asks_about_is_handed_on(void **state)
{
    /* Goal: method and path of the request, for the audit; never its query, and nothing for a bare question. */
    struct world *world = *state;
    static const struct {
        const char *line, *action, *resource;
    } rows[] = {
        {"GET /v1/check", "-", "-"},
        {"POST /v1/check?class=strict", "-", "-"},
        {"PUT /v1/check/a/b?token=secret", "PUT", "/a/b"},
        {"DELETE /v1/check/pay%20me", "DELETE", "/pay me"},
        {"GET /v1/check/", "GET", "/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char head[300];
        snprintf(head, sizeof head, "%s HTTP/1.1\r\nX-Curfew-Class: strict\r\nContent-Length: 0" BEARER, rows[i].line);
        assert_int_equal(ask(world, head), 200);
        assert_string_equal(world->script.action, rows[i].action);
        assert_string_equal(world->script.resource, rows[i].resource);
    }
}

/* ---- the token ---- */

static void the_scheme_may_be_in_any_case(void **state)
{
    /* Goal: "bearer", "BEARER" and more than one space bring the same token to the hop. */
    struct world *world = *state;
    static const char *const headers[] = {"Authorization: bearer t.o.k", "authorization: BEARER t.o.k",
                                          "AUTHORIZATION: BeArEr    t.o.k"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        char head[200];
        snprintf(head, sizeof head, STRICT "\r\n%s", headers[i]);
        world->script.token[0] = '\0';
        assert_int_equal(ask(world, head), 200);
        assert_string_equal(world->script.token, "t.o.k");
    }
}

static void without_one_clear_token_the_hop_is_not_asked(void **state)
{
    /* Goal: no header, another scheme, an empty one or two of them is 401, and says which of it. */
    struct world *world = *state;
    static const struct {
        const char *head;
        const char *reason;
        const char *challenge;
    } rows[] = {
        {STRICT, "no_token", "WWW-Authenticate: Bearer"},
        {STRICT "\r\nAuthorization: Basic YTpi", "authorization", "WWW-Authenticate: Bearer error=\"invalid_token\""},
        {STRICT "\r\nAuthorization: Bearerabc", "authorization", "WWW-Authenticate: Bearer error=\"invalid_token\""},
        {STRICT "\r\nAuthorization: Bearer", "authorization", "WWW-Authenticate: Bearer error=\"invalid_token\""},
        {STRICT "\r\nAuthorization:", "authorization", "WWW-Authenticate: Bearer error=\"invalid_token\""},
        {STRICT "\r\nAuthorization: abc.def.ghi", "authorization", "WWW-Authenticate: Bearer error=\"invalid_token\""},
        {STRICT BEARER BEARER, "authorization", "WWW-Authenticate: Bearer error=\"invalid_token\""},
        {STRICT BEARER "\r\nAuthorization: Basic YTpi", "authorization",
         "WWW-Authenticate: Bearer error=\"invalid_token\""},
        {"GET /v1/check?class=strict&access_token=abc HTTP/1.1", "no_token", "WWW-Authenticate: Bearer"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char wanted[200];
        print_message("%s\n", rows[i].head);
        assert_int_equal(ask(world, rows[i].head), 401);
        snprintf(wanted, sizeof wanted,
                 "{\"verdict\":\"not_valid\",\"reason\":\"%s\",\"age_ms\":null,\"class\":\"strict\"}", rows[i].reason);
        assert_string_equal(body(world), wanted);
        assert_true(has_header(world, rows[i].challenge));
    }
    assert_int_equal(world->script.asked, 0);
}

static void a_long_token_arrives_whole(void **state)
{
    /* Goal: a token of the greatest length reaches the hop uncut. */
    struct world *world = *state;
    static char head[CURFEW_TOKEN_MAX + 100];
    int at = sprintf(head, STRICT "\r\nAuthorization: Bearer ");
    memset(head + at, 'x', CURFEW_TOKEN_MAX);
    assert_int_equal(ask(world, head), 200);
    assert_int_equal(strlen(world->script.token), CURFEW_TOKEN_MAX);
}

/* ---- the class ---- */

static void the_class_comes_from_query_header_or_config(void **state)
{
    /* Goal: each source is heard, the stricter of query and header counts, config only when both are silent. */
    struct world *world = *state;
    static const struct {
        const char *head;
        enum curfew_class configured; /* 0: none */
        enum curfew_class wanted;
    } rows[] = {
        {"GET /v1/check?class=strict HTTP/1.1", 0, CURFEW_CLASS_STRICT},
        {"GET /v1/check?class=best_effort HTTP/1.1", 0, CURFEW_CLASS_BEST_EFFORT},
        {"GET /v1/check HTTP/1.1\r\nX-Curfew-Class: standard", 0, CURFEW_CLASS_STANDARD},
        {"GET /v1/check HTTP/1.1\r\nx-curfew-class: strict", CURFEW_CLASS_BEST_EFFORT, CURFEW_CLASS_STRICT},
        {"GET /v1/check HTTP/1.1", CURFEW_CLASS_STANDARD, CURFEW_CLASS_STANDARD},
        {"GET /v1/check?class=best_effort HTTP/1.1", CURFEW_CLASS_STRICT, CURFEW_CLASS_BEST_EFFORT},
        {"GET /v1/check?class=strict HTTP/1.1\r\nX-Curfew-Class: best_effort", 0, CURFEW_CLASS_STRICT},
        {"GET /v1/check?class=best_effort HTTP/1.1\r\nX-Curfew-Class: standard", 0, CURFEW_CLASS_STANDARD},
        /* behind a proxy the query is the bearer's own: it must not loosen the check */
        {"GET /v1/check/pay?class=best_effort HTTP/1.1", CURFEW_CLASS_STRICT, CURFEW_CLASS_STRICT},
        {"GET /v1/check/pay?class=nonsense HTTP/1.1", CURFEW_CLASS_STRICT, CURFEW_CLASS_STRICT},
        {"GET /v1/check/?class=best_effort HTTP/1.1\r\nX-Curfew-Class: strict", 0, CURFEW_CLASS_STRICT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char head[300];
        print_message("%s\n", rows[i].head);
        world->check.has_class = rows[i].configured != 0;
        world->check.strictness = rows[i].configured;
        snprintf(head, sizeof head, "%s" BEARER, rows[i].head);
        assert_int_equal(ask(world, head), 200);
        assert_int_equal(world->script.strictness, rows[i].wanted);
        assert_non_null(strstr(body(world), curfew_class_name(rows[i].wanted)));
    }
}

static void without_a_class_the_question_is_bad(void **state)
{
    /* Goal: no class anywhere, an unknown one, or two headers is 400 with what to send; the hop is not asked. */
    struct world *world = *state;
    static const struct {
        const char *head;
        bool configured;
        const char *says;
    } rows[] = {
        {"GET /v1/check HTTP/1.1" BEARER, false, "?class=strict"},
        {"GET /v1/check/pay?class=strict HTTP/1.1" BEARER, false, "X-Curfew-Class"},
        {"GET /v1/check?class= HTTP/1.1" BEARER, true, "best_effort"},
        {"GET /v1/check?class=Strict HTTP/1.1" BEARER, true, "best_effort"},
        {"GET /v1/check?class=none HTTP/1.1\r\nX-Curfew-Class: strict" BEARER, true, "best_effort"},
        {"GET /v1/check HTTP/1.1\r\nX-Curfew-Class: 1" BEARER, true, "best_effort"},
        {"GET /v1/check HTTP/1.1\r\nX-Curfew-Class: strict\r\nX-Curfew-Class: best_effort" BEARER, true, "once"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("%s\n", rows[i].head);
        world->check.has_class = rows[i].configured;
        world->check.strictness = CURFEW_CLASS_STRICT;
        assert_int_equal(ask(world, rows[i].head), 400);
        assert_non_null(strstr(body(world), rows[i].says));
    }
    assert_int_equal(world->script.asked, 0);
}

/* ---- the rest ---- */

static void readiness_tells_why_not(void **state)
{
    /* Goal: /readyz is 200, or 503 with the hop's words as good JSON; /livez is 200 either way. */
    struct world *world = *state;
    assert_int_equal(ask(world, "GET /readyz HTTP/1.1"), 200);
    assert_non_null(strstr(body(world), "\"ready\":true"));
    world->script.ready = CURFEW_UNAVAILABLE;
    assert_int_equal(ask(world, "GET /readyz HTTP/1.1"), 503);
    assert_non_null(strstr(body(world), "\"ready\":false"));
    assert_non_null(strstr(body(world), "lane 3 is \\\"stale\\\": no coordinator"));
    assert_int_equal(ask(world, "GET /livez HTTP/1.1"), 200);
}

static void status_and_metrics_are_passed_on(void **state)
{
    /* Goal: the hop's own words with their types; 503 when there was no memory for them; GET only. */
    struct world *world = *state;
    assert_int_equal(ask(world, "GET /v1/status HTTP/1.1"), 200);
    assert_string_equal(body(world), "{\"hop\":\"h1\"}");
    assert_true(has_header(world, "Content-Type: application/json"));
    assert_int_equal(ask(world, "GET /metrics HTTP/1.1"), 200);
    assert_string_equal(body(world), "curfew_floors 7\n");
    assert_true(has_header(world, "Content-Type: text/plain; version=0.0.4"));
    assert_int_equal(ask(world, "DELETE /v1/status HTTP/1.1"), 405);
    world->script.out_of_memory = true;
    assert_int_equal(ask(world, "GET /v1/status HTTP/1.1"), 503);
    assert_int_equal(ask(world, "GET /metrics HTTP/1.1"), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_verdict_has_its_code_and_body, begin),
        cmocka_unit_test_setup(any_method_and_suffix_is_a_check, begin),
        cmocka_unit_test_setup(what_a_proxy_asks_about_is_handed_on, begin),
        cmocka_unit_test_setup(the_scheme_may_be_in_any_case, begin),
        cmocka_unit_test_setup(without_one_clear_token_the_hop_is_not_asked, begin),
        cmocka_unit_test_setup(a_long_token_arrives_whole, begin),
        cmocka_unit_test_setup(the_class_comes_from_query_header_or_config, begin),
        cmocka_unit_test_setup(without_a_class_the_question_is_bad, begin),
        cmocka_unit_test_setup(readiness_tells_why_not, begin),
        cmocka_unit_test_setup(status_and_metrics_are_passed_on, begin),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
