/* http: any bytes sent to the guard's real server, core/http behind services/guard/check, over loopback.
 *
 * What must hold. What comes back is HTTP, and afterwards the server still answers. Of every check: the code is that of
 * the verdict, the body is JSON and names it; 200 only where the hop said allow; the hop was asked only about a token
 * that stands in the bytes sent, with the class that header, query (never under /v1/check/...) and configuration give,
 * the strictest of those. Every other answer of ours in JSON parses too.
 *
 * Input: the bytes of a connection, requests one behind the other. The hop's answer is the first letter of the token.
 */
#include "core/http.h"
#include "core/json.h"
#include "core/log.h"
#include "input.h"
#include "services/guard/check.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUTES_MAX 8
#define PATIENCE_S 10
#define QUIET_MS 5 /* nothing more is said for so long: the answer is over, or there is none */
#define PROBE_EVERY 16 /* connections */
#define SENT_KEPT 64
#define SOURCES 200 /* loopback addresses to connect from: one alone runs out of ports */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct curfew_http *http;
static struct sockaddr_in address;
static struct curfew_http_route routes[ROUTES_MAX];
/* What was sent newest and before: a handler of a connection that was given up may still run. Written before the
 * connection, read by the handlers behind it. */
static struct curfew_slice sent[SENT_KEPT];
static pthread_mutex_t sent_lock = PTHREAD_MUTEX_INITIALIZER;

/* What the hop was asked and answered in the check that runs on this thread. */
static _Thread_local struct asked {
    int times;
    enum curfew_class strictness;
    enum curfew_decision decision;
} asked;

/* ---- a hop ---- */

static enum curfew_decision decide(char letter)
{
    switch (letter) {
    case 'a':
        return CURFEW_ALLOW;
    case 'd':
        return CURFEW_DENY;
    case 'n':
        return CURFEW_NOT_VALID;
    case 'r':
        return CURFEW_NEEDS_REAPPROVAL;
    default:
        return CURFEW_UNAVAILABLE_NOW;
    }
}

static bool was_sent(const char *text, size_t size)
{
    bool found = false;
    (void)pthread_mutex_lock(&sent_lock);
    for (size_t i = 0; i < SENT_KEPT; i++) {
        found = found || (sent[i].size > 0 && memmem(sent[i].at, sent[i].size, text, size) != NULL);
    }
    (void)pthread_mutex_unlock(&sent_lock);
    return found;
}

/* Keeps a copy of what is sent, and returns it. */
static struct curfew_slice keep_sent(const uint8_t *data, size_t size)
{
    static size_t next;
    uint8_t *copy = malloc(size + 1);
    input_require(copy != NULL, "there is memory");
    memcpy(copy, data, size);
    (void)pthread_mutex_lock(&sent_lock);
    free((void *)(uintptr_t)sent[next].at);
    sent[next] = (struct curfew_slice){copy, size};
    next = (next + 1) % SENT_KEPT;
    (void)pthread_mutex_unlock(&sent_lock);
    return (struct curfew_slice){copy, size};
}

static enum curfew_status authorize(void *context, const struct curfew_request *request, struct curfew_verdict *verdict,
                                    struct curfew_error *error)
{
    (void)context;
    (void)error;
    input_require(request->token_size > 0 && strlen(request->token) == request->token_size, "a token is a text");
    input_require(was_sent(request->token, request->token_size), "it was sent");
    asked.times++;
    asked.strictness = request->strictness;
    asked.decision = decide(request->token[0]);
    *verdict = (struct curfew_verdict){.decision = asked.decision,
                                       .reason = "made_up",
                                       .kind = CURFEW_KIND_TASK,
                                       .lane = 1,
                                       .stale_lane = asked.decision == CURFEW_UNAVAILABLE_NOW ? 1 : -1,
                                       .age_us = request->token_size % 2 == 0 ? -1 : 1234};
    return CURFEW_OK;
}

static enum curfew_status ready(void *context, struct curfew_error *error)
{
    (void)context;
    return curfew_error_set(error, CURFEW_UNAVAILABLE, "lane 1 is \"stale\"\n");
}

static char *status_json(void *context)
{
    (void)context;
    return strdup("{\"lanes\":[]}");
}

static char *metrics(void *context)
{
    (void)context;
    return strdup("curfew_up 1\n");
}

static struct curfew_check check = {
    .hop = {authorize, ready, status_json, metrics, NULL}, .has_class = true, .strictness = CURFEW_CLASS_STANDARD};

/* ---- what is checked of each answer ---- */

static void check_json(const struct curfew_http_response *response)
{
    struct curfew_json *json = NULL;
    if (response->body != NULL && strcmp(response->content_type, "application/json") == 0) {
        const struct curfew_slice body = {(const uint8_t *)response->body, response->size};
        input_require(curfew_json_parse(body, &json, NULL) == CURFEW_OK, "an answer in JSON parses");
        curfew_json_destroy(json);
    }
}

/* The class a check must be made with; 0: none can be told. */
static enum curfew_class class_of(const struct curfew_http_request *request)
{
    int count = 0;
    enum curfew_class best = 0;
    const char *names[] = {curfew_http_header(request, "X-Curfew-Class", &count), NULL};
    if (strcmp(curfew_http_path(request), "/v1/check") == 0) {
        names[1] = curfew_http_query(request, "class");
    }
    for (int i = 0; i < 2; i++) {
        enum curfew_class named = 0;
        if (names[i] != NULL && curfew_class_parse(names[i], &named) != CURFEW_OK) {
            return 0;
        }
        if (names[i] != NULL && (best == 0 || named < best)) {
            best = named;
        }
    }
    return count > 1 ? 0 : best == 0 ? CURFEW_CLASS_STANDARD : best;
}

static void watch_check(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    static const int codes[] = {[CURFEW_ALLOW] = 200,
                                [CURFEW_DENY] = 403,
                                [CURFEW_NOT_VALID] = 401,
                                [CURFEW_NEEDS_REAPPROVAL] = 403,
                                [CURFEW_UNAVAILABLE_NOW] = 503};
    char word[64];
    asked = (struct asked){.times = 0};
    curfew_check_routes[0].handle(context, request, response);
    input_require(asked.times <= 1, "one request asks once");
    enum curfew_class strictness = class_of(request);
    if (asked.times == 0) {
        input_require(response->code == (strictness == 0 ? 400 : 401), "what cannot be asked is refused");
    } else {
        input_require(strictness != 0 && asked.strictness == strictness, "the strictest class named counts");
        (void)snprintf(word, sizeof word, "{\"verdict\":\"%s\"", curfew_decision_name(asked.decision));
        input_require(response->code == codes[asked.decision] && strstr(response->body, word) == response->body,
                      "the answer is the verdict");
    }
    check_json(response);
}

static void watch_readyz(void *context, const struct curfew_http_request *request,
                         struct curfew_http_response *response)
{
    for (const struct curfew_http_route *route = curfew_check_routes; route->path != NULL; route++) {
        if (strcmp(route->path, "/readyz") == 0) {
            route->handle(context, request, response);
        }
    }
    input_require(response->code == 503, "a hop that is not ready is not ready");
    check_json(response);
}

/* The guard's own routes, with something to look over the shoulder of the handlers that decide. */
static void open_server(void)
{
    struct curfew_error error;
    unsigned port = 0;
    size_t count = 0;
    curfew_log_level_set(CURFEW_LOG_OFF);
    (void)signal(SIGPIPE, SIG_IGN);
    for (; curfew_check_routes[count].path != NULL; count++) {
        input_require(count + 1 < ROUTES_MAX, "there is room for all routes");
        routes[count] = curfew_check_routes[count];
        if (routes[count].handle == curfew_check_routes[0].handle) {
            routes[count].handle = watch_check;
        } else if (strcmp(routes[count].path, "/readyz") == 0) {
            routes[count].handle = watch_readyz;
        }
    }
    input_require(curfew_http_open("127.0.0.1:0", routes, &check, &http, &error) == CURFEW_OK, "the server opens");
    input_require(sscanf(curfew_http_address(http), "127.0.0.1:%u", &port) == 1, "and says where");
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* ---- a client ---- */

static int dial(void)
{
    static uint32_t next;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + next++ % SOURCES);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    input_require(client >= 0, "there is a socket");
    (void)setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    input_require(bind(client, (struct sockaddr *)&source, sizeof source) == 0, "it has a port");
    input_require(connect(client, (struct sockaddr *)&address, sizeof address) == 0, "the server takes connections");
    return client;
}

static void talk(int client, struct curfew_slice said)
{
    char head[16] = "";
    char more[4096];
    size_t heard = 0;
    for (size_t at = 0; at < said.size;) {
        ssize_t size = send(client, said.at + at, said.size - at, MSG_NOSIGNAL);
        if (size <= 0) {
            break; /* it may have ended the connection before all was said */
        }
        at += (size_t)size;
    }
    (void)shutdown(client, SHUT_WR);
    struct pollfd readable = {.fd = client, .events = POLLIN};
    while (poll(&readable, 1, 1000 * PATIENCE_S) > 0) {
        ssize_t size = recv(client, more, sizeof more, 0);
        if (size <= 0) {
            break;
        }
        for (ssize_t i = 0; i < size && heard < sizeof head - 1; i++) {
            head[heard++] = more[i];
        }
    }
    input_require(poll(&readable, 1, 0) > 0, "every connection ends");
    input_require(heard == 0 || strncmp(head, "HTTP/1.", heard < 7 ? heard : 7) == 0, "the server speaks HTTP");
}

static void probe(void)
{
    static const char question[] = "GET /livez HTTP/1.0\r\n\r\n";
    char answer[16] = "";
    int client = dial();
    input_require(send(client, question, sizeof question - 1, MSG_NOSIGNAL) == (ssize_t)sizeof question - 1,
                  "the server takes a question");
    input_require(recv(client, answer, sizeof answer - 1, MSG_WAITALL) == (ssize_t)sizeof answer - 1 &&
                      strncmp(answer + strlen("HTTP/1.x "), "200", 3) == 0,
                  "the server still answers");
    (void)close(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned connections;
    if (http == NULL) {
        open_server();
    }
    int client = dial();
    talk(client, keep_sent(data, size));
    (void)close(client);
    if (++connections % PROBE_EVERY == 0) {
        probe();
    }
    return 0;
}
