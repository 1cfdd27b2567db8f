/* http: one small HTTP/1.1 server for every service (over libmicrohttpd). It owns its threads; a handler runs on one of
 * them and must not block for long. Bounds: request line and headers CURFEW_HTTP_HEADER_MAX together (431 beyond), body
 * CURFEW_HTTP_BODY_MAX (413 beyond), CURFEW_HTTP_RESPONSE_MAX of an answer (500 beyond),
 * CURFEW_HTTP_CONNECTIONS_MAX connections (more wait to be taken), 30 s idle.
 *
 * Its own errors are {"error": text}. Only what libmicrohttpd cannot read as HTTP/1.1, or hold in memory (headers of
 * several times their bound), is answered by it alone, with 400, 414, 431 or 505 and a page of HTML. A request whose
 * length or host could be read in two ways is 400 (RFC 9112, 11.2). GET routes answer HEAD too. */
#ifndef CURFEW_CORE_HTTP_H
#define CURFEW_CORE_HTTP_H

#include <curfew/slice.h>
#include <curfew/status.h>
#include <sys/types.h>

#define CURFEW_HTTP_HEADER_MAX (32 * 1024)
#define CURFEW_HTTP_BODY_MAX (64 * 1024)
#define CURFEW_HTTP_RESPONSE_MAX (256 * 1024)
#define CURFEW_HTTP_CONNECTIONS_MAX 1024

struct curfew_http;
struct curfew_http_request; /* lives while its handler runs */

struct curfew_http_response {
    int code; /* 200 unless set */
    const char *content_type; /* a constant; "application/json" unless set */
    char *body; /* malloc'ed by the handler, freed by the server; NULL: empty */
    size_t size;
    const char *header_name; /* one more header, or NULL; constants or inside the body's life */
    const char *header_value;
};

struct curfew_http_route {
    const char *method; /* "GET"; NULL: any */
    const char *path; /* "/livez"; ends in "/" + "*": that prefix, with or without more behind it */
    void (*handle)(void *context, const struct curfew_http_request *request, struct curfew_http_response *response);
};

/* Files of a server that speaks TLS 1.2 or 1.3; read at open. */
struct curfew_http_tls {
    const char *certificate_file; /* PEM: its own, and those up to a root */
    const char *key_file; /* PEM, mode 0600 */
    const char *client_ca_file; /* PEM: who may sign clients' certificates; NULL: none is asked for */
};

struct curfew_http_options {
    const char *listen; /* "address:port" ("127.0.0.1:0" takes a free port) or "unix:/path" */
    mode_t mode; /* of a unix socket */
    const struct curfew_http_tls *tls; /* NULL: plain */
    unsigned int connections; /* at most so many; 0: CURFEW_HTTP_CONNECTIONS_MAX */
    bool local_only; /* without TLS, CURFEW_INVALID for an address that other machines reach */
    /* They end with a NULL path and must outlive the server; the first that fits answers, else 404; a path that fits
     * with no method that does: 405. */
    const struct curfew_http_route *routes;
    void *context;
};

enum curfew_status curfew_http_serve(const struct curfew_http_options *options, struct curfew_http **http,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* The same, plain, with nothing else said. */
enum curfew_status curfew_http_open(const char *listen, const struct curfew_http_route *routes, void *context,
                                    struct curfew_http **http, struct curfew_error *error) CURFEW_MUST_CHECK;
/* Waits for running handlers. Every request that was put off must have been finished. */
void curfew_http_close(struct curfew_http *http);
/* "127.0.0.1:41234": where it listens. */
const char *curfew_http_address(const struct curfew_http *http);

const char *curfew_http_method(const struct curfew_http_request *request);
const char *curfew_http_path(const struct curfew_http_request *request);
/* A header by name, any case; NULL when absent. `*count` (may be NULL) tells how often it was sent. */
const char *curfew_http_header(const struct curfew_http_request *request, const char *name, int *count);
/* A decoded query argument; NULL when absent. */
const char *curfew_http_query(const struct curfew_http_request *request, const char *name);
struct curfew_slice curfew_http_body(const struct curfew_http_request *request);

/* Who is at the other end of a unix socket; false: it is none. */
bool curfew_http_peer_user(const struct curfew_http_request *request, uid_t *user);

enum curfew_http_name { CURFEW_HTTP_NAME_URI, CURFEW_HTTP_NAME_DNS };
typedef bool curfew_http_visit_name(void *context, enum curfew_http_name kind, struct curfew_slice name);

/* Calls `visit` for the names (subjectAltName) of a client's certificate that a CA of `client_ca_file` vouches for now;
 * not at all when there is none. Stops when it returns true, and returns that. */
bool curfew_http_peer_names(const struct curfew_http_request *request, curfew_http_visit_name *visit, void *context);

/* For a handler that cannot answer at once: it calls this, returns, and what it filled in of its response is dropped.
 * The request lives, untouched, until it is finished, from any thread and once; without a time limit of its own. */
struct curfew_http_request *curfew_http_put_off(const struct curfew_http_request *request);
/* Answers it, and takes the response's body. The request is gone. */
void curfew_http_finish(struct curfew_http_request *request, const struct curfew_http_response *response);

/* printf into response->body (and code). Out of memory becomes 503 without a body. */
void curfew_http_reply(struct curfew_http_response *response, int code, const char *format, ...) CURFEW_PRINTF(3, 4);

#endif
