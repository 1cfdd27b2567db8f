/* http: requests find their handlers, handlers see what was sent, answers arrive as made, connections come and go. */
#include "http_world.h"
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct http_answer answer; /* of the main thread: too large for a stack */

/* ---- routes ---- */

static void a_path_and_method_find_their_handler(void **state)
{
    /* Goal: the exact path answers as JSON with 200 unless the handler says otherwise, and the first route that fits
     * wins. */
    const struct http_world *world = *state;
    http_ask(world, "GET /livez", "", &answer);
    assert_int_equal(answer.code, 200);
    assert_string_equal(http_answer_header(&answer, "content-type"), "application/json");
    assert_string_equal(answer.body, "path=/livez seen=- count=0 q=- size=0 sum=0");
    http_ask(world, "PUT /both", "Content-Length: 0\r\n", &answer);
    assert_int_equal(answer.code, 503);
    http_ask(world, "POST /both", "Content-Length: 0\r\n", &answer);
    assert_int_equal(answer.code, 200);
    http_ask(world, "GET /check/x", "", &answer);
    assert_string_equal(answer.body, "busy 7");
    http_ask(world, "DELETE /check/x", "", &answer);
    assert_memory_equal(answer.body, "path=/check/x ", 14);
}

static void an_answer_is_what_the_handler_made(void **state)
{
    /* Goal: code, content type, one more header and an empty body arrive as set. */
    const struct http_world *world = *state;
    http_ask(world, "GET /plain", "", &answer);
    assert_int_equal(answer.code, 503);
    assert_string_equal(answer.body, "busy 7");
    assert_string_equal(http_answer_header(&answer, "content-type"), "text/plain");
    assert_string_equal(http_answer_header(&answer, "retry-after"), "2");
    http_ask(world, "GET /empty", "", &answer);
    assert_int_equal(answer.code, 204);
    assert_int_equal(answer.body_size, 0);
    assert_null(http_answer_header(&answer, "content-type"));
}

static void other_paths_and_methods_get_errors(void **state)
{
    /* Goal: 404 for a path nobody has, 405 with Allow for a method a path does not take; both as JSON. */
    const struct http_world *world = *state;
    static const char *const nowhere[] = {
        "GET /", "GET /livezz", "GET /live", "GET /livez/", "GET /LIVEZ", "GET /checkx", "GET /check%2Fx/../../y"};
    for (size_t i = 0; i + 1 < sizeof nowhere / sizeof nowhere[0]; i++) {
        http_ask(world, nowhere[i], "", &answer);
        http_assert_json_error(&answer, 404);
    }
    http_ask(world, "POST /livez", "Content-Length: 0\r\n", &answer);
    http_assert_json_error(&answer, 405);
    assert_string_equal(http_answer_header(&answer, "allow"), "GET");
    http_ask(world, "GET /both", "", &answer);
    http_assert_json_error(&answer, 405);
    assert_string_equal(http_answer_header(&answer, "allow"), "POST, PUT");
}

static void head_is_fine_where_get_is(void **state)
{
    /* Goal: HEAD gives GET's head without its body, and the connection goes on behind it. */
    struct http_world *world = *state;
    int client = http_dial(world);
    for (int i = 0; i < 2; i++) {
        assert_true(http_say_text(client, "HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_true(http_hear(client, &answer, true));
        assert_int_equal(answer.code, 200);
        assert_int_equal(atoi(http_answer_header(&answer, "content-length")), 43);
    }
    close(client);
    http_ask(world, "HEAD /both", "", &answer);
    assert_int_equal(answer.code, 405);
}

static void a_prefix_takes_all_below_it(void **state)
{
    /* Goal: "/check/" and "*" takes the prefix alone, with slash, and with any suffix and method, as proxies send it.
     */
    static const char *const lines[] = {"GET /check",     "GET /check/",      "GET /check/a/b",
                                        "PURGE /check/a", "OPTIONS /check/*", "MKCALENDAR /check//"};
    const struct http_world *world = *state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char expected[64];
        http_ask(world, lines[i], "", &answer);
        assert_int_equal(answer.code, 200);
        snprintf(expected, sizeof expected, "path=%s ", strchr(lines[i], '/'));
        assert_memory_equal(answer.body, expected, strlen(expected));
    }
    http_ask(world, "GET /under/x", "", &answer);
    http_assert_json_error(&answer, 405);
    assert_string_equal(http_answer_header(&answer, "allow"), "POST");
}

/* ---- what a handler sees ---- */

static void headers_are_found_and_counted(void **state)
{
    /* Goal: a header is found in any case, its first value is given, and repeats are told, so that two can be refused.
     */
    const struct http_world *world = *state;
    http_ask(world, "GET /livez", "X-SEEN: one\r\nx-other: no\r\nX-Seen-Too: no\r\n", &answer);
    assert_non_null(strstr(answer.body, " seen=one count=1 "));
    http_ask(world, "GET /livez", "x-seen: one\r\nX-Seen: two\r\nX-seen: three\r\n", &answer);
    assert_non_null(strstr(answer.body, " seen=one count=3 "));
    http_ask(world, "GET /livez", "X-Seen:\r\n", &answer);
    assert_non_null(strstr(answer.body, " seen= count=1 "));
}

static void query_arguments_are_decoded(void **state)
{
    /* Goal: an argument is unescaped, the first of two is given, and none is none. */
    const struct http_world *world = *state;
    http_ask(world, "GET /livez?a=1&q=two%20words%26+more&q=second", "", &answer);
    assert_non_null(strstr(answer.body, " q=two words& more size"));
    http_ask(world, "GET /livez?qq=1", "", &answer);
    assert_non_null(strstr(answer.body, " q=- "));
    http_ask(world, "GET /check/a%20b", "", &answer);
    assert_memory_equal(answer.body, "path=/check/a b ", 16);
}

/* ---- connections ---- */

static void a_connection_is_kept(void **state)
{
    /* Goal: requests follow each other on one connection, also sent ahead, until the client asks to close. */
    const struct http_world *world = *state;
    int client = http_dial(world);
    for (int i = 0; i < 100; i++) {
        assert_true(http_say_text(client, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_true(http_hear(client, &answer, false));
        assert_int_equal(answer.code, 200);
    }
    assert_true(http_say_text(client, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    assert_true(http_hear(client, &answer, false));
    assert_int_equal(answer.code, 200);
    assert_false(http_hear(client, &answer, false));
    close(client);
}

struct crowd {
    const struct http_world *world;
    int good;
};

static void *ask_often(void *context)
{
    struct crowd *crowd = context;
    struct http_answer *mine = malloc(sizeof *mine);
    for (int i = 0; mine != NULL && i < 25; i++) {
        http_ask(crowd->world, "GET /livez", "X-Seen: crowd\r\n", mine);
        crowd->good += mine->code == 200 && strstr(mine->body, "seen=crowd") != NULL;
    }
    free(mine);
    return NULL;
}

static void many_are_served_at_once(void **state)
{
    /* Goal: eight clients at once each get all their answers, beside idle connections that say nothing. */
    pthread_t threads[8];
    struct crowd crowds[8];
    int idle[64];
    const struct http_world *world = *state;
    for (size_t i = 0; i < 64; i++) {
        idle[i] = http_dial(world);
    }
    for (size_t i = 0; i < 8; i++) {
        crowds[i] = (struct crowd){.world = world};
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &crowds[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(crowds[i].good, 25);
    }
    for (size_t i = 0; i < 64; i++) {
        close(idle[i]);
    }
}

static void close_waits_for_running_handlers(void **state)
{
    /* Goal: when close returns no handler runs any more, so that what it uses may go. */
    struct http_world *world = *state;
    int client = http_dial(world);
    assert_true(http_say_text(client, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
    while (!atomic_load(&world->handler_running)) {
        (void)poll(NULL, 0, 1);
    }
    assert_false(atomic_load(&world->handler_done));
    atomic_store(&world->closing, true);
    curfew_http_close(world->http);
    world->http = NULL;
    assert_true(atomic_load(&world->handler_done));
    close(client);
    curfew_http_close(NULL);
}

static void a_taken_port_is_told(void **state)
{
    /* Goal: a port somebody listens on is an error with the address and the system's words; freed, it can be had. */
    struct http_world *world = *state;
    struct curfew_http *second = NULL;
    struct curfew_error error = {.text = ""};
    char address[128];
    snprintf(address, sizeof address, "%s", curfew_http_address(world->http));
    assert_int_equal(curfew_http_open(address, http_routes, NULL, &second, &error), CURFEW_UNAVAILABLE);
    assert_null(second);
    assert_non_null(strstr(error.text, address));
    assert_non_null(strstr(error.text, "Address already in use"));
    assert_true(error.retriable);
    http_assert_goes_on(world);

    curfew_http_close(world->http);
    world->http = NULL;
    assert_int_equal(curfew_http_open(address, http_routes, world, &world->http, &error), CURFEW_OK);
    assert_string_equal(curfew_http_address(world->http), address);
    http_assert_goes_on(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_begin, http_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_and_method_find_their_handler),
        TEST(an_answer_is_what_the_handler_made),
        TEST(other_paths_and_methods_get_errors),
        TEST(head_is_fine_where_get_is),
        TEST(a_prefix_takes_all_below_it),
        TEST(headers_are_found_and_counted),
        TEST(query_arguments_are_decoded),
        TEST(a_connection_is_kept),
        TEST(many_are_served_at_once),
        TEST(close_waits_for_running_handlers),
        TEST(a_taken_port_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
