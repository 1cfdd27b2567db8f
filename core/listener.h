/* listener: a listening TCP socket from "address:port". It does not block afterwards, and is closed over exec. Any
 * thread. */
#ifndef CURFEW_CORE_LISTENER_H
#define CURFEW_CORE_LISTENER_H

#include <curfew/status.h>

#define CURFEW_LISTENER_ADDRESS_SIZE 96 /* "[" + IPv6 with scope + "]:65535" + NUL */

struct curfew_listener {
    int socket; /* the caller's to close */
    char address[CURFEW_LISTENER_ADDRESS_SIZE]; /* where it listens, with the port it was given */
};

/* `listen` is "127.0.0.1:8600", "[::1]:8600" or "localhost:8600"; port 0 takes a free one. CURFEW_INVALID: it is not of
 * that form, or names no address; CURFEW_UNAVAILABLE: the address cannot be taken. */
enum curfew_status curfew_listener_open(const char *listen, struct curfew_listener *listener,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
