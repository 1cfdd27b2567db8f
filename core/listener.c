/* listener: turns "address:port" or "unix:/path" into a listening socket. */
#include "core/listener.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 512 /* connections the kernel holds until one is taken */
#define HOST_SIZE 256
#define PORT_DIGITS 5
#define PORT_MAX 65535
#define UNIX "unix:"

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

static enum curfew_status open_tcp(const char *listen, struct curfew_listener *listener, struct curfew_error *error)
{
    char host[HOST_SIZE];
    const char *port = NULL;
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
    return status;
}

/* Whoever holds the lock owns the path. The file stays when the process ends: removing it could take another's lock. */
static enum curfew_status lock_path(const char *listen, const char *path, struct curfew_listener *listener,
                                    struct curfew_error *error)
{
    char name[CURFEW_LISTENER_ADDRESS_SIZE + sizeof ".lock"];
    (void)snprintf(name, sizeof name, "%s.lock", path);
    listener->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (listener->lock < 0) {
        return fail(listen, "cannot make its lock file", error);
    }
    if (flock(listener->lock, LOCK_EX | LOCK_NB) != 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "listening on %s: another process listens there; end it, or name another path", listen);
    }
    return CURFEW_OK;
}

static enum curfew_status bind_path(const char *listen_at, const struct sockaddr_un *where, mode_t mode,
                                    struct curfew_listener *listener, struct curfew_error *error)
{
    struct stat left;
    if (lstat(where->sun_path, &left) == 0) {
        if (!S_ISSOCK(left.st_mode)) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "listening on %s: something that is no socket is there; name another path",
                                    listen_at);
        }
        (void)unlink(where->sun_path); /* of a process that is dead: the lock is ours */
    }
    listener->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->socket < 0) {
        return fail(listen_at, "no socket", error);
    }
    /* Before the path is there, so that it is never open to more than `mode`; after, for what umask took away. */
    if (fchmod(listener->socket, mode) != 0 ||
        bind(listener->socket, (const struct sockaddr *)where, sizeof *where) != 0) {
        return fail(listen_at, "cannot bind", error);
    }
    if (chmod(where->sun_path, mode) != 0 || listen(listener->socket, BACKLOG) != 0) {
        return fail(listen_at, "cannot listen", error);
    }
    return CURFEW_OK;
}

static enum curfew_status open_unix(const char *listen, mode_t mode, struct curfew_listener *listener,
                                    struct curfew_error *error)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    const char *path = listen + strlen(UNIX);
    if (path[0] != '/' || strlen(path) >= sizeof where.sun_path) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "listening on \"%.200s\": it must be unix: and a whole path of at most %zu bytes, such "
                                "as unix:/run/curfew/events.sock",
                                listen, sizeof where.sun_path - 1);
    }
    memcpy(where.sun_path, path, strlen(path) + 1);
    enum curfew_status status = lock_path(listen, path, listener, error);
    if (status == CURFEW_OK) {
        status = bind_path(listen, &where, mode, listener, error);
    }
    (void)snprintf(listener->address, sizeof listener->address, "%s", listen);
    return status;
}

enum curfew_status curfew_listener_open(const char *listen, mode_t mode, struct curfew_listener *listener,
                                        struct curfew_error *error)
{
    *listener = (struct curfew_listener){.socket = -1, .lock = -1};
    enum curfew_status status = strncmp(listen, UNIX, strlen(UNIX)) == 0 ? open_unix(listen, mode, listener, error)
                                                                         : open_tcp(listen, listener, error);
    if (status != CURFEW_OK && listener->socket >= 0) {
        (void)close(listener->socket);
        listener->socket = -1;
    }
    if (status != CURFEW_OK && listener->lock >= 0) {
        (void)close(listener->lock);
        listener->lock = -1;
    }
    return status;
}

void curfew_listener_leave(struct curfew_listener *listener)
{
    if (listener->lock >= 0) {
        (void)unlink(listener->address + strlen(UNIX));
        (void)close(listener->lock);
        listener->lock = -1;
    }
}

bool curfew_listener_is_local(const struct curfew_listener *listener)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (getsockname(listener->socket, (struct sockaddr *)&bound, &size) != 0) {
        return false;
    }
    if (bound.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&bound;
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
    }
    if (bound.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&bound;
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return bound.ss_family == AF_UNIX;
}
