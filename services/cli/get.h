/* get: one URL, asked again and again over HTTP (libcurl). The connection is kept for the next time. No proxy is ever
 * used and no redirect followed: what is sent goes to the service that was named and nowhere else. One thread a get,
 * any number of gets at once; curfew_get_init before the first. */
#ifndef CURFEW_CLI_GET_H
#define CURFEW_CLI_GET_H

#include <curfew/slice.h>
#include <curfew/status.h>

#define CURFEW_GET_BODY_MAX 4096 /* bytes of an answer that are read, unless more is asked for */

struct curfew_get;

struct curfew_get_options {
    const char *base; /* "http://127.0.0.1:8600" */
    const char *path; /* "/v1/check?class=strict" */
    struct curfew_slice token; /* goes along as a bearer token; empty: none */
    bool whole; /* an answer that is longer is none; else it is cut */
    size_t body_max; /* 0: CURFEW_GET_BODY_MAX */
    /* for errors: */
    const char *asking; /* "asking the guard" */
    const char *option; /* where the base is said: "--guard" */
    const char *service; /* what should be there: "a guard" */
};

/* Before any thread; again does no harm. */
enum curfew_status curfew_get_init(struct curfew_error *error) CURFEW_MUST_CHECK;

/* The options' base and the error texts must outlive the get. CURFEW_INVALID: the base is no address. */
enum curfew_status curfew_get_create(const struct curfew_get_options *options, struct curfew_get **get,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* Wipes its copy of the token; NULL is fine. */
void curfew_get_destroy(struct curfew_get *get);

/* The answer's code and body, which lives until the next send. CURFEW_UNAVAILABLE: nobody can be reached, or the answer
 * is too long; CURFEW_TIMEOUT: no answer in time. */
enum curfew_status curfew_get_send(struct curfew_get *get, int timeout_ms, long *code, struct curfew_slice *body,
                                   struct curfew_error *error) CURFEW_MUST_CHECK;

/* malloc'ed: the value as a URL carries it (RFC 3986, section 2.1). NULL: no memory. */
char *curfew_get_escape(struct curfew_slice value);

#endif
