/* rig_http: HTTP requests of scenario tests, over one connection that is kept open. */
#ifndef RIG_HTTP_H
#define RIG_HTTP_H

#include <stddef.h>
#include <stdint.h>

#define RIG_HTTP_TIMEOUT_MS 10000

struct rig_http;

struct rig_request {
    const char *url;
    const char *method; /* NULL: GET */
    const char *const *headers; /* NULL-ended "Name: value"; may be NULL */
    const char *body; /* may be NULL */
    int timeout_ms; /* 0: RIG_HTTP_TIMEOUT_MS */
    const char *socket; /* path of a unix socket that `url` is asked through; NULL: TCP */
    const char *ca_file; /* of an https URL: who signed the server's certificate */
    const char *certificate_file; /* the client's own; NULL: none */
    const char *key_file;
};

struct rig_response {
    long status; /* 0: there was no answer, and the body says why */
    int64_t time_us; /* from asking to the whole answer */
    char *body; /* NUL-terminated; lives until the next request */
};

struct rig_http *rig_http_create(void);
void rig_http_destroy(struct rig_http *http);
struct rig_response rig_http_ask(struct rig_http *http, const struct rig_request *request);

#endif
