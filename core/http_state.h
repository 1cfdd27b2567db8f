/* http_state: a server and its requests, for http.c and http_request.c alone. */
#ifndef CURFEW_CORE_HTTP_STATE_H
#define CURFEW_CORE_HTTP_STATE_H

#include "core/http.h"
#include "core/http_tls.h"
#include "core/listener.h"
#include <stdatomic.h>

struct MHD_Daemon;
struct MHD_Connection;

struct curfew_http {
    struct MHD_Daemon *daemon;
    const struct curfew_http_route *routes;
    void *context;
    struct curfew_listener listener; /* its socket is the daemon's */
    struct curfew_http_tls_files files;
    _Atomic int put_off; /* requests put off and not answered yet */
};

enum body_state { BODY_KEPT, BODY_OVER_BOUND, BODY_NO_MEMORY };
enum put_off { PUT_OFF_NOT, PUT_OFF_OPEN, PUT_OFF_FINISHED };

struct curfew_http_request {
    struct curfew_http *http;
    struct MHD_Connection *connection;
    const char *method;
    const char *path;
    bool begun; /* headers were looked at */
    bool has_nul; /* in target, header or argument: text behind it would be unseen */
    bool has_blank; /* in the name of a header */
    enum body_state body_state;
    uint8_t *body;
    size_t size;
    size_t capacity;
    size_t seen; /* body bytes that came, kept or not */
    /* Written by a handler's thread or whoever finishes it, while the library has the connection suspended. */
    _Atomic enum put_off put_off;
    struct curfew_http_response response; /* once finished */
};

#endif
