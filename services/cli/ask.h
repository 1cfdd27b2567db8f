/* ask: one question to a guard over HTTP (get.h): may this token go ahead? The token goes to the guard that was named
 * and nowhere else. One thread an ask, any number of asks at once; curfew_get_init before the first. */
#ifndef CURFEW_CLI_ASK_H
#define CURFEW_CLI_ASK_H

#include <curfew/hop.h>

#define CURFEW_ASK_REASON_SIZE 64

struct curfew_ask;

struct curfew_ask_options {
    const char *guard; /* "http://127.0.0.1:8600"; must outlive the ask */
    struct curfew_slice token;
    const char *strictness; /* "strict"; NULL: the guard's own */
};

struct curfew_answer {
    enum curfew_decision decision;
    char reason[CURFEW_ASK_REASON_SIZE];
    char kind[CURFEW_ASK_REASON_SIZE]; /* deny: of what denies: "task"; else empty */
    int64_t age_ms; /* -1: none */
    int64_t at_us; /* wall clock when the answer was here */
};

enum curfew_status curfew_ask_create(const struct curfew_ask_options *options, struct curfew_ask **ask,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* Wipes its copy of the token; NULL is fine. */
void curfew_ask_destroy(struct curfew_ask *ask);

/* CURFEW_UNAVAILABLE: the guard cannot be reached; CURFEW_TIMEOUT: it did not answer in time; CURFEW_INVALID: what
 * answered is no guard. */
enum curfew_status curfew_ask_send(struct curfew_ask *ask, int timeout_ms, struct curfew_answer *answer,
                                   struct curfew_error *error) CURFEW_MUST_CHECK;

/* Reads an answer from the HTTP code and body. Pure; at_us is left alone. */
enum curfew_status curfew_answer_read(const char *guard, long code, struct curfew_slice body,
                                      struct curfew_answer *answer, struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
