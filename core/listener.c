/* listener: turns "address:port" into a listening socket. */
#include "core/listener.h"
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 512 /* connections the kernel holds until one is taken */
#define HOST_SIZE 256
#define PORT_DIGITS 5
#define PORT_MAX 65535

/* Whether `text` is 0..65535 in decimal digits alone. */
static bool is_port(const char *text)
{
    size_t size = strspn(text, "0123456789");
    long port = 0;
    if (size == 0 || size > PORT_DIGITS || text[size] != '\0') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        port = port * 10 + (text[i] - '0');
    }
    return port <= PORT_MAX;
}

/* Splits at the last colon and takes the brackets off an IPv6 address. An empty host would mean every interface, which
 * nobody should get by leaving something out. */
static bool split(const char *listen, char host[HOST_SIZE], const char **port)
{
    const char *colon = strrchr(listen, ':');
    if (colon == NULL || !is_port(colon + 1)) {
        return false;
    }
    size_t size = (size_t)(colon - listen);
    if (size >= 2 && listen[0] == '[' && listen[size - 1] == ']') {
        listen++;
        size -= 2;
    } else if (memchr(listen, ':', size) != NULL) {
        return false;
    }
    if (size == 0 || size >= HOST_SIZE) {
        return false;
    }
    memcpy(host, listen, size);
    host[size] = '\0';
    *port = colon + 1;
    return true;
}

static enum curfew_status fail(const char *listen, const char *what, struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_UNAVAILABLE,
                            "listening on %s: %s: %s; free the port, or name another address", listen, what,
                            strerror(errno));
}

static enum curfew_status print_address(const char *listen, struct curfew_listener *listener,
                                        struct curfew_error *error)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getsockname(listener->socket, (struct sockaddr *)&bound, &size) != 0) {
        return fail(listen, "cannot read its own address", error);
    }
    int failure = getnameinfo((struct sockaddr *)&bound, size, host, sizeof host, port, sizeof port,
                              NI_NUMERICHOST | NI_NUMERICSERV);
    int printed = snprintf(listener->address, sizeof listener->address,
                           bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    if (failure != 0 || printed < 0 || (size_t)printed >= sizeof listener->address) {
        return curfew_error_set(error, CURFEW_INTERNAL, "listening on %s: cannot print the address it got", listen);
    }
    return CURFEW_OK;
}

static enum curfew_status bind_to(const char *listen_at, const struct addrinfo *where, struct curfew_listener *listener,
                                  struct curfew_error *error)
{
    const int one = 1;
    listener->socket = socket(where->ai_family, where->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->socket < 0) {
        return fail(listen_at, "no socket", error);
    }
    /* A restarted service may take its port while old connections still wind down. */
    if (setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) {
        return fail(listen_at, "cannot set SO_REUSEADDR", error);
    }
    if (bind(listener->socket, where->ai_addr, where->ai_addrlen) != 0) {
        return fail(listen_at, "cannot bind", error);
    }
    if (listen(listener->socket, BACKLOG) != 0) {
        return fail(listen_at, "cannot listen", error);
    }
    return print_address(listen_at, listener, error);
}

enum curfew_status curfew_listener_open(const char *listen, struct curfew_listener *listener,
                                        struct curfew_error *error)
{
    char host[HOST_SIZE];
    const char *port = NULL;
    *listener = (struct curfew_listener){.socket = -1};
    if (!split(listen, host, &port)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "listening on \"%.200s\": it must be address:port, such as 127.0.0.1:8600 or "
                                "[::1]:8600, with a port of 0..%d",
                                listen, PORT_MAX);
    }

    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "listening on %s: cannot find the address %s: %s; name an address of this machine",
                                listen, host, gai_strerror(failure));
    }
    enum curfew_status status = bind_to(listen, found, listener, error);
    freeaddrinfo(found);
    if (status != CURFEW_OK && listener->socket >= 0) {
        (void)close(listener->socket);
        listener->socket = -1;
    }
    return status;
}
