/* http: bodies, headers and answers at their bounds and past them, and requests that are not what they should be. */
#include "http_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct http_answer answer; /* of the main thread: too large for a stack */

static time_t now_s(void)
{
    struct timespec time;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &time), 0);
    return time.tv_sec;
}

static unsigned int sum_of(const uint8_t *bytes, size_t size)
{
    unsigned int sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum = sum * 31 + bytes[i];
    }
    return sum;
}

/* Posts `size` bytes, all at once or as chunks of 1,000, and leaves the connection open. */
static bool post(int client, const uint8_t *bytes, size_t size, bool chunked)
{
    char text[128];
    int length =
        chunked ? snprintf(text, sizeof text, "POST /both HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                : snprintf(text, sizeof text, "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", size);
    bool all = http_say(client, text, (size_t)length);
    if (!chunked) {
        return all && http_say(client, bytes, size);
    }
    for (size_t at = 0; all && at < size; at += 1000) {
        size_t piece = size - at < 1000 ? size - at : 1000;
        length = snprintf(text, sizeof text, "%zx\r\n", piece);
        all = http_say(client, text, (size_t)length) && http_say(client, bytes + at, piece) &&
              http_say(client, "\r\n", 2);
    }
    return all && http_say(client, "0\r\n\r\n", 5);
}

static void bodies_arrive_whole_up_to_the_bound(void **state)
{
    /* Goal: bodies of every byte value, in one piece or chunks, are the handler's up to 64 KiB; one byte more is 413.
     */
    static const size_t sizes[] = {0, 1, 1023, 1024, 1025, 40000, CURFEW_HTTP_BODY_MAX, CURFEW_HTTP_BODY_MAX + 1};
    static uint8_t bytes[CURFEW_HTTP_BODY_MAX + 1];
    const struct http_world *world = *state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (int chunked = 0; chunked < 2; chunked++) {
        int client = http_dial(world); /* one connection for all: 413 does not end it */
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            char expected[64];
            assert_true(post(client, bytes, sizes[i], chunked));
            assert_true(http_hear(client, &answer, false));
            if (sizes[i] > CURFEW_HTTP_BODY_MAX) {
                http_assert_json_error(&answer, 413);
                continue;
            }
            assert_int_equal(answer.code, 200);
            snprintf(expected, sizeof expected, "size=%zu sum=%u", sizes[i], sum_of(bytes, sizes[i]));
            assert_non_null(strstr(answer.body, expected));
        }
        assert_true(post(client, bytes, 5, chunked));
        assert_true(http_hear(client, &answer, false));
        assert_int_equal(answer.code, 200);
        close(client);
    }
}

static void half_a_request_ends_with_its_sender(void **state)
{
    /* Goal: whoever stops in the middle of a request and says so is let go at once, not when it has been idle for long:
     * else as many of them as there are connections would keep everybody else out. */
    static const char *const halves[] = {"", "G", "GET /li", "GET /livez HTTP/1.1\r\nHost: x\r\n",
                                         "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"};
    const struct http_world *world = *state;
    const time_t before_s = now_s();
    for (size_t i = 0; i < 8 * sizeof halves / sizeof halves[0]; i++) {
        int client = http_dial(world);
        size_t heard = 0;
        assert_true(http_say_text(client, halves[i % (sizeof halves / sizeof halves[0])]));
        assert_int_equal(shutdown(client, SHUT_WR), 0);
        while (http_hear_more(client, &answer, &heard)) {
        }
        close(client);
    }
    assert_in_range(now_s() - before_s, 0, 5);
    http_assert_goes_on(world);
}

static void a_huge_body_is_refused_early(void **state)
{
    /* Goal: a length of gigabytes is answered 413 before it comes; endless chunks end the connection; others go on. */
    static const uint8_t zeros[1000];
    const struct http_world *world = *state;
    static const char *const lengths[] = {"1048577", "99999999999", "18446744073709551615"};
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        int client = http_dial(world);
        int size =
            snprintf(text, sizeof text, "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n", lengths[i]);
        assert_true(http_say(client, text, (size_t)size));
        assert_true(http_hear(client, &answer, false));
        assert_in_range(answer.code, 400, 413);
        if (i < 2) {
            http_assert_json_error(&answer, 413);
        }
        close(client);
    }
    int client = http_dial(world);
    bool open = http_say_text(client, "POST /both HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    size_t sent = 0;
    while (open && sent < (size_t)64 * 1024 * 1024) {
        open = http_say(client, "3e8\r\n", 5) && http_say(client, zeros, sizeof zeros) && http_say(client, "\r\n", 2);
        sent += sizeof zeros;
    }
    assert_false(open);
    close(client);
    http_assert_goes_on(world);
}

static void expect_continue_is_honoured(void **state)
{
    /* Goal: a client that asks first is told to go on, or is refused without sending. */
    const struct http_world *world = *state;
    int client = http_dial(world);
    const char ask_first[] = "POST /both HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    assert_true(http_say(client, ask_first, sizeof ask_first - 1));
    assert_true(http_hear(client, &answer, true));
    assert_int_equal(answer.code, 100);
    assert_true(http_say(client, "abc", 3));
    assert_true(http_hear(client, &answer, false));
    assert_non_null(strstr(answer.body, "size=3"));
    close(client);
    client = http_dial(world);
    const char too_much[] = "POST /both HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n";
    assert_true(http_say(client, too_much, sizeof too_much - 1));
    assert_true(http_hear(client, &answer, false));
    http_assert_json_error(&answer, 413);
    close(client);
}

/* ---- bounds and bad input ---- */

/* A GET whose request line and headers have `size` bytes in all, in one long header. */
static char *request_of_size(size_t size)
{
    static const char head[] = "GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ";
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'h', size);
    memcpy(text, head, sizeof head - 1);
    memcpy(text + size - 4, "\r\n\r\n", 5);
    return text;
}

static void headers_are_bounded(void **state)
{
    /* Goal: 32 KiB of request line and headers pass, and one byte more is 431 as JSON. */
    const struct http_world *world = *state;
    for (size_t over = 0; over < 2; over++) {
        size_t size = CURFEW_HTTP_HEADER_MAX + over;
        char *text = request_of_size(size);
        int client = http_dial(world);
        assert_true(http_say(client, text, size));
        assert_true(http_hear(client, &answer, false));
        if (over == 0) {
            assert_int_equal(answer.code, 200);
        } else {
            http_assert_json_error(&answer, 431);
        }
        close(client);
        free(text);
    }
}

static void a_megabyte_of_headers_gets_an_answer(void **state)
{
    /* Goal: a 1 MB header, a 1 MB target and 100,000 small headers are answered 431 or 414, and the server goes on. */
    const size_t size = 1024 * 1024;
    const struct http_world *world = *state;
    for (int kind = 0; kind < 3; kind++) {
        char *text = request_of_size(size);
        if (kind == 1) {
            memset(text + 5, 'p', size - 100);
            memcpy(text + size - 95, " HTTP/1.1\r\nHost: x\r\nX: ", 23);
        } else if (kind == 2) {
            for (size_t i = 40; i + 9 < size - 4; i += 5) {
                memcpy(text + i, "\r\na:b", 5);
            }
        }
        int client = http_dial(world);
        (void)http_say(client, text, size);
        assert_true(http_hear(client, &answer, false));
        assert_in_range(answer.code, kind == 1 ? 414 : 431, 431);
        close(client);
        free(text);
        http_assert_goes_on(world);
    }
}

static void a_nul_is_refused(void **state)
{
    /* Goal: an escaped NUL in path or argument is 400: what stands behind it would go unseen. */
    const struct http_world *world = *state;
    static const char *const lines[] = {"GET /livez%00/x", "GET /livez?q=a%00b", "GET /livez?q%00=a"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        http_ask(world, lines[i], "", &answer);
        http_assert_json_error(&answer, 400);
    }
    http_assert_goes_on(world);
}

static void a_request_of_two_meanings_is_refused(void **state)
{
    /* Goal: what a proxy in front could read otherwise is 400, ends its connection, and reaches no handler. */
    static const char *const requests[] = {
        "GET /livez HTTP/1.1\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nX-Seen : a\r\n\r\n",
        "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 0\r\n\r\nabc",
        "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /both HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /both HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
        "POST /both HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    };
    const struct http_world *world = *state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int client = http_dial(world);
        assert_true(http_say_text(client, requests[i]));
        assert_true(http_hear(client, &answer, false));
        http_assert_json_error(&answer, 400);
        assert_false(http_hear(client, &answer, false));
        close(client);
    }
    int client = http_dial(world); /* HTTP/1.0 knows no Host */
    assert_true(http_say_text(client, "GET /livez HTTP/1.0\r\n\r\n"));
    assert_true(http_hear(client, &answer, false));
    assert_int_equal(answer.code, 200);
    close(client);
}

static void rubbish_is_refused_and_survived(void **state)
{
    /* Goal: what is not HTTP gets an error or the end of the connection, never a handler, and the server goes on. */
    static const char *const rubbish[] = {
        "\r\n\r\n\r\n\r\nxx\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\xFC\x03\x03 TLS\r\n\r\n",
        "GET /livez HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /livez HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n",
        "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: 3x\r\n\r\nabc",
        "POST /both HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    };
    const struct http_world *world = *state;
    for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++) {
        size_t size = 0;
        int client = http_dial(world);
        assert_true(http_say_text(client, rubbish[i]));
        assert_int_equal(shutdown(client, SHUT_WR), 0);
        answer.bytes[0] = '\0';
        while (http_hear_more(client, &answer, &size)) {
        }
        assert_null(strstr(answer.bytes, "path="));
        assert_null(strstr(answer.bytes, " 200 "));
        assert_true(size == 0 || strncmp(answer.bytes, "HTTP/1.1 4", 10) == 0 ||
                    strncmp(answer.bytes, "HTTP/1.1 5", 10) == 0);
        close(client);
        http_assert_goes_on(world);
    }
}

static void a_client_that_leaves_harms_nobody(void **state)
{
    /* Goal: connections cut before, in and behind a request leave nothing behind and the server going. */
    static const char text[] = "POST /both HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc";
    const struct http_world *world = *state;
    for (size_t size = 0; size < sizeof text; size++) {
        int client = http_dial(world);
        assert_true(http_say(client, text, size));
        if (size % 2 == 0) {
            const struct linger reset = {.l_onoff = 1, .l_linger = 0};
            assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        }
        close(client);
    }
    http_assert_goes_on(world);
}

static void an_answer_is_bounded(void **state)
{
    /* Goal: 256 KiB go out whole; a larger answer becomes 500 rather than a part of itself. */
    const struct http_world *world = *state;
    http_ask(world, "GET /sized?size=262144", "", &answer);
    assert_int_equal(answer.code, 200);
    assert_int_equal(answer.body_size, CURFEW_HTTP_RESPONSE_MAX);
    assert_int_equal(strspn(answer.body, "r"), CURFEW_HTTP_RESPONSE_MAX);
    http_ask(world, "GET /sized?size=262145", "", &answer);
    http_assert_json_error(&answer, 500);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, http_begin, http_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(half_a_request_ends_with_its_sender),
        TEST(bodies_arrive_whole_up_to_the_bound),
        TEST(a_huge_body_is_refused_early),
        TEST(expect_continue_is_honoured),
        TEST(headers_are_bounded),
        TEST(a_megabyte_of_headers_gets_an_answer),
        TEST(a_nul_is_refused),
        TEST(a_request_of_two_meanings_is_refused),
        TEST(rubbish_is_refused_and_survived),
        TEST(a_client_that_leaves_harms_nobody),
        TEST(an_answer_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
