/* cli_check: `curfew check` as a process, against guards that say what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli_process.h"
#include "core/clock.h"
#include "core/http.h"
#include "core/json.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "eyJ0ZXN0IjoxfQ.e30.c2ln"

struct reply {
    int code;
    const char *body;
};

static const struct reply allow = {200,
                                   "{\"verdict\":\"allow\",\"reason\":\"fresh\",\"age_ms\":43,\"class\":\"strict\"}"};
static const struct reply deny = {403, "{\"verdict\":\"deny\",\"reason\":\"revoked\",\"age_ms\":7,\"kind\":\"task\"}"};
static const struct reply away = {503, "{\"verdict\":\"unavailable\",\"reason\":\"stale\",\"age_ms\":null}"};
static const struct reply invalid = {401, "{\"verdict\":\"not_valid\",\"reason\":\"expired\",\"age_ms\":null}"};

/* A guard that gives `first` `turn` times, then `then`. */
struct fake_guard {
    struct curfew_http *http;
    char url[64];
    struct reply first, then;
    int turn;
    int asked;
    int wrong; /* questions without the token or the class that were expected */
    const char *strictness; /* expected; NULL: none */
};

static struct fake_guard guards[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over what a guard is to say and expect */
static struct cli_process process;

static void handle_check(void *context, const struct curfew_http_request *request,
                         struct curfew_http_response *response)
{
    struct fake_guard *guard = context;
    const char *authorization = curfew_http_header(request, "Authorization", NULL);
    const char *strictness = curfew_http_query(request, "class");
    pthread_mutex_lock(&lock);
    const struct reply reply = guard->asked++ < guard->turn ? guard->first : guard->then;
    if (authorization == NULL || strcmp(authorization, "Bearer " TOKEN) != 0)
        guard->wrong++;
    if ((strictness == NULL) != (guard->strictness == NULL) ||
        (strictness != NULL && strcmp(strictness, guard->strictness) != 0))
        guard->wrong++;
    pthread_mutex_unlock(&lock);
    curfew_http_reply(response, reply.code, "%s", reply.body);
}

static const struct curfew_http_route routes[] = {{NULL, "/v1/check", handle_check}, {NULL, NULL, NULL}};

/* The guard says `first` `turn` times, and `then` from then on. */
static void say_in_turn(size_t guard, int turn, struct reply first, struct reply then)
{
    pthread_mutex_lock(&lock);
    guards[guard].turn = turn;
    guards[guard].first = first;
    guards[guard].then = then;
    pthread_mutex_unlock(&lock);
}

static void say(size_t guard, struct reply reply)
{
    say_in_turn(guard, 0, reply, reply);
}

static void expect_class(const char *strictness)
{
    pthread_mutex_lock(&lock);
    guards[0].strictness = guards[1].strictness = strictness;
    pthread_mutex_unlock(&lock);
}

static int count_of(const int *count)
{
    pthread_mutex_lock(&lock);
    int now = *count;
    pthread_mutex_unlock(&lock);
    return now;
}

static int open_guards(void **state)
{
    struct curfew_error error;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        memset(&guards[i], 0, sizeof guards[i]);
        if (curfew_http_open("127.0.0.1:0", routes, &guards[i], &guards[i].http, &error) != CURFEW_OK)
            return -1;
        snprintf(guards[i].url, sizeof guards[i].url, "http://%s", curfew_http_address(guards[i].http));
        say(i, allow);
    }
    return 0;
}

static int close_guards(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        curfew_http_close(guards[i].http);
    return 0;
}

static void ask_both(void)
{
    CLI_INPUT(&process, NULL, TOKEN "\n", "check", "--guard", guards[0].url, "--guard", guards[1].url);
}

static void test_allow_is_0_and_a_line_a_guard(void **state)
{
    /* Goal: every guard is asked once with the token and the class, and each has its line. */
    char line[128];
    (void)state;
    expect_class("strict");
    CLI_INPUT(&process, NULL, TOKEN "\n", "check", "--guard", guards[0].url, "--guard", guards[1].url, "--class",
              "strict");
    assert_int_equal(process.status, 0);
    for (size_t i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "%s allow fresh age 43 ms\n", guards[i].url);
        assert_non_null(strstr(process.out, line));
        assert_int_equal(count_of(&guards[i].asked), 1);
        assert_int_equal(count_of(&guards[i].wrong), 0);
    }
    assert_null(strstr(process.out, TOKEN));
    assert_null(strstr(process.err, TOKEN));
}

static void test_without_a_class_the_guard_decides(void **state)
{
    /* Goal: no class is made up. */
    (void)state;
    ask_both();
    assert_int_equal(process.status, 0);
    assert_int_equal(count_of(&guards[0].wrong), 0);
}

static void test_the_exit_status_tells_the_worst_answer(void **state)
{
    /* Goal: 4 when any denies, else 5 when any is unavailable, else 6 when the token is not valid. */
    (void)state;
    say(1, deny);
    ask_both();
    assert_int_equal(process.status, 4);
    assert_non_null(strstr(process.out, " deny revoked (task) age 7 ms\n"));
    say(0, away);
    ask_both();
    assert_int_equal(process.status, 4);
    say(1, invalid);
    ask_both();
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.out, " unavailable stale\n"));
    say(0, allow);
    ask_both();
    assert_int_equal(process.status, 6);
    assert_non_null(strstr(process.out, " not_valid expired\n"));
}

static void test_what_is_no_guard_is_never_an_allow(void **state)
{
    /* Goal: a web server that says 200 to everything, a wrong path and an unanswered question are failures. */
    char wrong_path[96];
    (void)state;
    say(0, (struct reply){200, "<html>welcome</html>"});
    ask_both();
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "is there a guard"));
    say(0, (struct reply){400, "{\"error\":\"checking a token: no class was named\"}"});
    ask_both();
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "no class was named"));
    snprintf(wrong_path, sizeof wrong_path, "%s/elsewhere", guards[0].url);
    CLI_INPUT(&process, NULL, TOKEN, "check", "--guard", wrong_path);
    assert_int_equal(process.status, 1);
    CLI_INPUT(&process, NULL, TOKEN, "check", "--guard", "ftp://127.0.0.1:1");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "http://address:port"));
}

static void test_a_guard_out_of_reach_is_5_and_named(void **state)
{
    /* Goal: no connection is neither allow nor deny. */
    (void)state;
    CLI_INPUT(&process, NULL, TOKEN, "check", "--guard", guards[0].url, "--guard", "http://127.0.0.1:1");
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.err, "http://127.0.0.1:1"));
    assert_non_null(strstr(process.out, " allow fresh"));
}

static void test_no_proxy_sees_the_token(void **state)
{
    /* Goal: a proxy of the environment is not used. */
    static const char *const proxied[] = {"http_proxy=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1",
                                          "all_proxy=http://127.0.0.1:1", NULL};
    (void)state;
    CLI_INPUT(&process, proxied, TOKEN, "check", "--guard", guards[0].url);
    assert_int_equal(process.status, 0);
}

/* A number of the n-th line of JSON. */
static int64_t number_of(int line, const char *name)
{
    const char *at = process.out;
    struct curfew_json *json = NULL;
    int64_t number = 0;
    for (; line > 0; line--)
        at = strchr(at, '\n') + 1;
    const struct curfew_slice text = {(const uint8_t *)at, strcspn(at, "\n")};
    assert_int_equal(curfew_json_parse(text, &json, NULL), CURFEW_OK);
    assert_true(curfew_json_int(curfew_json_member(json, name), &number));
    curfew_json_destroy(json);
    return number;
}

static void test_until_waits_for_every_guard(void **state)
{
    /* Goal: each guard is asked again until it denies, no more often, and at_us is when it did. */
    (void)state;
    say_in_turn(0, 3, allow, deny);
    say_in_turn(1, 40, allow, deny);
    int64_t before_us = curfew_clock_now().wall_us;
    CLI_INPUT(&process, NULL, TOKEN, "check", "--guard", guards[0].url, "--guard", guards[1].url, "--until", "deny",
              "--timeout", "10s", "--json");
    int64_t after_us = curfew_clock_now().wall_us;
    assert_int_equal(process.status, 0);
    assert_int_equal(count_of(&guards[0].asked), 4);
    assert_int_equal(count_of(&guards[1].asked), 41);
    assert_non_null(strstr(process.out, guards[0].url));
    assert_non_null(strstr(process.out, "\"verdict\":\"deny\",\"reason\":\"revoked\",\"kind\":\"task\",\"age_ms\":7,"));
    assert_true(before_us <= number_of(0, "at_us"));
    assert_true(number_of(0, "at_us") < number_of(1, "at_us"));
    assert_true(number_of(1, "at_us") <= after_us);
}

static void test_until_gives_up_in_time(void **state)
{
    /* Goal: a guard that never says it is exit status 5 at the time-out, whatever the others say. */
    (void)state;
    say(1, deny);
    CLI_INPUT(&process, NULL, TOKEN, "check", "--guard", guards[0].url, "--guard", guards[1].url, "--until", "deny",
              "--timeout", "300ms");
    assert_int_equal(process.status, 5);
    assert_true(process.took_ms >= 300);
    assert_true(process.took_ms < 5000);
    assert_non_null(strstr(process.err, guards[0].url));
    assert_non_null(strstr(process.err, "did not say deny in time"));
    assert_null(strstr(process.err, guards[1].url));
}

static void test_until_allow_is_not_fooled_by_a_missing_guard(void **state)
{
    /* Goal: not being reached is not "unavailable" said by a guard. */
    (void)state;
    CLI_INPUT(&process, NULL, TOKEN, "check", "--guard", "http://127.0.0.1:1", "--until", "unavailable", "--timeout",
              "300ms");
    assert_int_equal(process.status, 5);
    say(0, away);
    CLI_INPUT(&process, NULL, TOKEN, "check", "--guard", guards[0].url, "--until", "unavailable", "--timeout", "5s");
    assert_int_equal(process.status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_allow_is_0_and_a_line_a_guard, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_without_a_class_the_guard_decides, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_the_exit_status_tells_the_worst_answer, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_what_is_no_guard_is_never_an_allow, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_a_guard_out_of_reach_is_5_and_named, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_no_proxy_sees_the_token, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_until_waits_for_every_guard, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_until_gives_up_in_time, open_guards, close_guards),
        cmocka_unit_test_setup_teardown(test_until_allow_is_not_fooled_by_a_missing_guard, open_guards, close_guards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
