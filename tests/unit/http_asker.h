/* http_asker: one request by libcurl, through a unix socket or TLS, on a connection of its own. Any thread. */
#ifndef CURFEW_TESTS_HTTP_ASKER_H
#define CURFEW_TESTS_HTTP_ASKER_H

#include <stddef.h>

#define HTTP_ASKER_PATIENCE_MS 20000

struct http_question {
    const char *address; /* "unix:/path", plain; or "127.0.0.1:port", by TLS */
    const char *path;
    const char *post; /* body; NULL: GET */
    const char *const *headers; /* NULL-ended; may be NULL */
    const char *directory; /* of ca.pem and certificates; NULL: no TLS */
    const char *certificate; /* name of the client's; NULL: none */
    long timeout_ms; /* 0: HTTP_ASKER_PATIENCE_MS */
};

struct http_told {
    int failed; /* CURLcode */
    long status;
    size_t size;
    char body[2048]; /* NUL-terminated */
    char retry_after[16]; /* header; empty: absent */
    char authenticate[64]; /* WWW-Authenticate; empty: absent */
};

struct http_told http_asker_ask(const struct http_question *question);

#endif
