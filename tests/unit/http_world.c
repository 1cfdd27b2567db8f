/* http_world: the handlers of the server under test, and a client on a plain socket. */
#include "http_world.h"
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* how long a test waits for an answer before it fails */

/* ---- the server under test ---- */

static void handle_echo(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    int count = -1;
    const char *seen = curfew_http_header(request, "x-seen", &count);
    const char *query = curfew_http_query(request, "q");
    struct curfew_slice body = curfew_http_body(request);
    unsigned int sum = 0;
    (void)context;
    for (size_t i = 0; i < body.size; i++) {
        sum = sum * 31 + body.at[i];
    }
    curfew_http_reply(response, 200, "path=%s seen=%s count=%d q=%s size=%zu sum=%u", curfew_http_path(request),
                      seen == NULL ? "-" : seen, count, query == NULL ? "-" : query, body.size, sum);
}

static void handle_plain(void *context, const struct curfew_http_request *request,
                         struct curfew_http_response *response)
{
    (void)context;
    (void)request;
    curfew_http_reply(response, 200, "first");
    curfew_http_reply(response, 503, "busy %d", 7); /* the last one counts, and the first is not leaked */
    response->content_type = "text/plain";
    response->header_name = "Retry-After";
    response->header_value = "2";
}

static void handle_empty(void *context, const struct curfew_http_request *request,
                         struct curfew_http_response *response)
{
    (void)context;
    (void)request;
    response->code = 204;
}

static void handle_sized(void *context, const struct curfew_http_request *request,
                         struct curfew_http_response *response)
{
    const char *size = curfew_http_query(request, "size");
    (void)context;
    response->size = (size_t)strtoull(size, NULL, 10);
    response->body = malloc(response->size);
    memset(response->body, 'r', response->size);
}

static void handle_slow(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct http_world *world = context;
    (void)request;
    atomic_store(&world->handler_running, true);
    while (!atomic_load(&world->closing)) {
        (void)poll(NULL, 0, 1);
    }
    curfew_http_reply(response, 200, "done");
    atomic_store(&world->handler_done, true);
}

const struct curfew_http_route http_routes[] = {
    {"GET", "/livez", handle_echo},
    {"POST", "/both", handle_echo},
    {"PUT", "/both", handle_plain},
    {"GET", "/plain", handle_plain},
    {"GET", "/empty", handle_empty},
    {"GET", "/sized", handle_sized},
    {"GET", "/slow", handle_slow},
    {"GET", "/check/x", handle_plain},
    {NULL, "/check/*", handle_echo},
    {"POST", "/under/*", handle_echo},
    {NULL, NULL, NULL},
};

int http_begin(void **state)
{
    struct http_world *world = calloc(1, sizeof *world);
    *state = world;
    return world == NULL || curfew_http_open("127.0.0.1:0", http_routes, world, &world->http, NULL) != CURFEW_OK;
}

int http_end(void **state)
{
    struct http_world *world = *state;
    curfew_http_close(world->http);
    free(world);
    return 0;
}

/* ---- a client ---- */

int http_dial(const struct http_world *world)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *address = curfew_http_address(world->http);
    to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    return client;
}

bool http_say(int client, const void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t sent = send(client, (const char *)bytes + done, size - done, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        done += (size_t)sent;
    }
    return true;
}

bool http_say_text(int client, const char *text)
{
    return http_say(client, text, strlen(text));
}

bool http_hear_more(int client, struct http_answer *answer, size_t *size)
{
    struct pollfd wait = {.fd = client, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    ssize_t got = recv(client, answer->bytes + *size, HTTP_ANSWER_SIZE - 1 - *size, 0);
    if (got > 0) {
        *size += (size_t)got;
        answer->bytes[*size] = '\0';
    }
    return got > 0;
}

const char *http_answer_header(const struct http_answer *answer, const char *name)
{
    static _Thread_local char value[256];
    const char *line = answer->bytes;
    while (line < answer->bytes + answer->head_size && (line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
            line += strlen(name) + 1;
            line += strspn(line, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r"), line);
            return value;
        }
    }
    return NULL;
}

bool http_hear(int client, struct http_answer *answer, bool head_only)
{
    size_t size = 0;
    answer->bytes[0] = '\0';
    answer->head_size = 0;
    char *end = NULL;
    while ((end = strstr(answer->bytes, "\r\n\r\n")) == NULL) {
        if (!http_hear_more(client, answer, &size)) {
            return false;
        }
    }
    answer->head_size = (size_t)(end - answer->bytes) + 4;
    answer->body = end + 4;
    assert_int_equal(sscanf(answer->bytes, "HTTP/1.%*d %d", &answer->code), 1);
    const char *length = http_answer_header(answer, "content-length");
    answer->body_size = head_only || length == NULL ? 0 : (size_t)atol(length);
    while (size - answer->head_size < answer->body_size) {
        if (!http_hear_more(client, answer, &size)) {
            return false;
        }
    }
    assert_int_equal(size - answer->head_size, answer->body_size);
    return true;
}

void http_ask(const struct http_world *world, const char *request_line, const char *headers, struct http_answer *answer)
{
    char text[1024];
    int client = http_dial(world);
    int size = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", request_line, headers);
    assert_true(http_say(client, text, (size_t)size));
    assert_true(http_hear(client, answer, strncmp(request_line, "HEAD", 4) == 0));
    close(client);
}

void http_assert_goes_on(const struct http_world *world)
{
    static struct http_answer answer;
    http_ask(world, "GET /livez", "", &answer);
    assert_int_equal(answer.code, 200);
}

void http_assert_json_error(const struct http_answer *answer, int code)
{
    assert_int_equal(answer->code, code);
    assert_string_equal(http_answer_header(answer, "content-type"), "application/json");
    assert_memory_equal(answer->body, "{\"error\":\"", 10);
    assert_string_equal(answer->body + answer->body_size - 2, "\"}");
}
