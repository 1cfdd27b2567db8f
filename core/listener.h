/* listener: a listening socket from "address:port" or "unix:/path". It does not block afterwards, and is closed over
 * exec. Any thread. */
#ifndef CURFEW_CORE_LISTENER_H
#define CURFEW_CORE_LISTENER_H

#include <curfew/status.h>
#include <sys/stat.h>

#define CURFEW_LISTENER_ADDRESS_SIZE 128 /* "[" + IPv6 with scope + "]:65535", or "unix:" + a path of 107, + NUL */
#define CURFEW_LISTENER_MODE 0600 /* of a unix socket, unless another is asked for */

struct curfew_listener {
    int socket; /* the caller's to close */
    int lock; /* of a unix socket's path; -1: none */
    char address[CURFEW_LISTENER_ADDRESS_SIZE]; /* where it listens, with the port it was given */
};

/* `listen` is "127.0.0.1:8600", "[::1]:8600" or "localhost:8600"; port 0 takes a free one. Or "unix:/run/x.sock", made
 * with `mode`; a file /run/x.sock.lock beside it is held locked, so that what a dead process left is replaced and a
 * living one's never. CURFEW_INVALID: it is not of that form, or names no address; CURFEW_UNAVAILABLE: the address
 * cannot be taken. */
enum curfew_status curfew_listener_open(const char *listen, mode_t mode, struct curfew_listener *listener,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* Takes a unix socket's path away again. The socket itself stays whose it is. */
void curfew_listener_leave(struct curfew_listener *listener);

/* Whether an address is reached from this machine alone: a unix socket, or loopback. */
bool curfew_listener_is_local(const struct curfew_listener *listener);

#endif
