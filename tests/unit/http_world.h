/* http_world: a server with a table of routes to try, and a client that says exactly the bytes it is told to. */
#ifndef CURFEW_TESTS_HTTP_WORLD_H
#define CURFEW_TESTS_HTTP_WORLD_H

#include "core/http.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_ANSWER_SIZE (600 * 1024)

struct http_world {
    struct curfew_http *http;
    atomic_bool closing; /* a test is about to close the server: GET /slow may end */
    atomic_bool handler_done;
    atomic_bool handler_running;
};

struct http_answer {
    int code;
    size_t head_size;
    size_t body_size;
    char *body; /* inside bytes */
    char bytes[HTTP_ANSWER_SIZE];
};

/* GET /livez, POST /both, any /check/...: path, header x-seen, argument q, and size and sum of the body. GET /plain and
 * PUT /both: 503. GET /empty: 204. GET /sized?size=n. GET /slow. POST /under/.... */
extern const struct curfew_http_route http_routes[];

/* Set-up and tear-down of a test: *state is a world whose server listens on a free port. */
int http_begin(void **state);
int http_end(void **state);

int http_dial(const struct http_world *world);
/* Sends until all is sent or the server no longer listens; says whether all went. */
bool http_say(int client, const void *bytes, size_t size);
bool http_say_text(int client, const char *text);
/* Reads more; false at the end of the stream. */
bool http_hear_more(int client, struct http_answer *answer, size_t *size);
/* Reads one answer (`head_only`: to HEAD). False when the connection ended before one was whole. */
bool http_hear(int client, struct http_answer *answer, bool head_only);
/* One request without a body on a connection of its own. */
void http_ask(const struct http_world *world, const char *request_line, const char *headers,
              struct http_answer *answer);
/* NULL: absent. Good until the thread's next call. */
const char *http_answer_header(const struct http_answer *answer, const char *name);

void http_assert_goes_on(const struct http_world *world);
void http_assert_json_error(const struct http_answer *answer, int code);

#endif
