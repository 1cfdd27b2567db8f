/* listener: which addresses are taken, what is listened on, and what is said of those that are not. */
#include "core/listener.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct curfew_listener open_at(const char *address)
{
    struct curfew_listener listener;
    struct curfew_error error = {.text = ""};
    if (curfew_listener_open(address, CURFEW_LISTENER_MODE, &listener, &error) != CURFEW_OK) {
        fail_msg("%s: %s", address, error.text);
    }
    return listener;
}

static uint16_t port_of(const struct curfew_listener *listener)
{
    return (uint16_t)atoi(strrchr(listener->address, ':') + 1);
}

static void a_free_port_is_taken_and_told(void **state)
{
    /* Goal: port 0 gets a port of its own, the address tells it, and a client can connect to it. */
    struct curfew_listener listener = open_at("127.0.0.1:0");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)state;
    assert_memory_equal(listener.address, "127.0.0.1:", 10);
    assert_int_not_equal(port_of(&listener), 0);
    to.sin_port = htons(port_of(&listener));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    close(client);
    close(listener.socket);
}

static void the_socket_neither_blocks_nor_leaks(void **state)
{
    /* Goal: accept on an idle listener returns at once, and a program that is started does not inherit it. */
    struct curfew_listener listener = open_at("127.0.0.1:0");
    (void)state;
    assert_true((fcntl(listener.socket, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(accept(listener.socket, NULL, NULL), -1);
    assert_true((fcntl(listener.socket, F_GETFD) & FD_CLOEXEC) != 0);
    close(listener.socket);
}

static void names_and_ipv6_are_taken(void **state)
{
    /* Goal: a host name works, and so does IPv6 in brackets on machines that have it; both tell the numeric address. */
    struct curfew_listener listener = open_at("localhost:0");
    (void)state;
    assert_true(strncmp(listener.address, "127.0.0.1:", 10) == 0 || strncmp(listener.address, "[::1]:", 6) == 0);
    close(listener.socket);

    struct curfew_error error = {.text = ""};
    if (curfew_listener_open("[::1]:0", CURFEW_LISTENER_MODE, &listener, &error) == CURFEW_OK) {
        assert_memory_equal(listener.address, "[::1]:", 6);
        close(listener.socket);
    } else {
        assert_int_equal(error.status, CURFEW_UNAVAILABLE);
        assert_int_equal(listener.socket, -1);
    }
}

static void bad_addresses_are_told(void **state)
{
    /* Goal: what is not address:port is an error that shows it and what it should look like; every port is no default.
     */
    static const char *const wrong[] = {
        "",
        "8600",
        ":8600",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1: 80",
        "127.0.0.1:8600 ",
        "127.0.0.1:000080",
        "::1:8600",
        "[::1]",
        "[]:80",
        "[::1:80",
        "::1]:80",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct curfew_listener listener;
        struct curfew_error error = {.text = ""};
        assert_int_equal(curfew_listener_open(wrong[i], CURFEW_LISTENER_MODE, &listener, &error), CURFEW_INVALID);
        assert_int_equal(listener.socket, -1);
        assert_non_null(strstr(error.text, wrong[i]));
        assert_non_null(strstr(error.text, "address:port"));
    }
}

static void a_host_that_is_none_is_told(void **state)
{
    /* Goal: an address that cannot be, and a name too long to be one, are errors of the caller. */
    char text[600];
    struct curfew_listener listener;
    struct curfew_error error = {.text = ""};
    (void)state;
    assert_int_equal(curfew_listener_open("999.1.1.1:80", CURFEW_LISTENER_MODE, &listener, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "999.1.1.1"));
    memset(text, 'h', sizeof text);
    strcpy(text + sizeof text - 4, ":80");
    assert_int_equal(curfew_listener_open(text, CURFEW_LISTENER_MODE, &listener, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "address:port"));
}

static void an_address_that_is_not_ours_is_told(void **state)
{
    /* Goal: an address of no interface here (RFC 5737) is unavailable with the system's words, and leaks no socket. */
    struct curfew_listener listener;
    struct curfew_error error = {.text = ""};
    (void)state;
    int before = dup(STDIN_FILENO);
    close(before);
    assert_int_equal(curfew_listener_open("192.0.2.1:0", CURFEW_LISTENER_MODE, &listener, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, "192.0.2.1:0"));
    assert_non_null(strstr(error.text, "Cannot assign requested address"));
    int after = dup(STDIN_FILENO);
    close(after);
    assert_int_equal(before, after);
}

static void a_taken_port_is_told_until_it_is_free(void **state)
{
    /* Goal: a second listener on a port is refused, retriably, and takes it once the first is closed. */
    struct curfew_listener first = open_at("127.0.0.1:0");
    struct curfew_listener second;
    struct curfew_error error = {.text = ""};
    (void)state;
    assert_int_equal(curfew_listener_open(first.address, CURFEW_LISTENER_MODE, &second, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, first.address));
    assert_non_null(strstr(error.text, "Address already in use"));
    assert_true(error.retriable);
    close(first.socket);
    second = open_at(first.address);
    assert_string_equal(second.address, first.address);
    close(second.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_port_is_taken_and_told),
        cmocka_unit_test(the_socket_neither_blocks_nor_leaks),
        cmocka_unit_test(names_and_ipv6_are_taken),
        cmocka_unit_test(bad_addresses_are_told),
        cmocka_unit_test(a_host_that_is_none_is_told),
        cmocka_unit_test(an_address_that_is_not_ours_is_told),
        cmocka_unit_test(a_taken_port_is_told_until_it_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
