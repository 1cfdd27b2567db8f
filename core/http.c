/* http: requests in from libmicrohttpd, through a table of routes, and answers back out. */
#include "core/http_state.h"
#include "core/log.h"
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define THREADS 2
#define IDLE_S 30
#define CLOSE_WAIT_MS 2000 /* what the last answers have to be sent */
/* A connection's memory in the library: what it reads into at first is half of it, which must hold all headers and
 * their parsed form beside it. Beyond it the library itself answers 431, as HTML. */
#define CONNECTION_MEMORY (4 * CURFEW_HTTP_HEADER_MAX)
/* How much of a body over its bound is read and thrown away, so that the client is listening when 413 comes. */
#define DISCARD_MAX (1024 * 1024)
#define BODY_FIRST 1024
#define ALLOW_SIZE 128
#define TLS_ITEMS_MAX 5

/* What became of a table look-up. */
struct match {
    const struct curfew_http_route *route; /* NULL: none */
    bool path_known;
    char allow[ALLOW_SIZE]; /* methods of the routes whose path fits */
};

/* ---- answers ---- */

/* Hands an answer to the library, which owns the body from here on whatever happens. */
static enum MHD_Result send_response(struct MHD_Connection *connection, const struct curfew_http_response *response)
{
    struct MHD_Response *made = MHD_create_response_from_buffer(response->body == NULL ? 0 : response->size,
                                                                response->body, MHD_RESPMEM_MUST_FREE);
    if (made == NULL) {
        free(response->body);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_YES;
    if (response->body != NULL) {
        result = MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response->content_type);
    }
    if (result == MHD_YES && response->header_name != NULL) {
        result = MHD_add_response_header(made, response->header_name, response->header_value);
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(connection, (unsigned int)response->code, made);
    }
    MHD_destroy_response(made);
    return result;
}

static enum MHD_Result send_error(struct MHD_Connection *connection, int code, const char *text)
{
    struct curfew_http_response response = {.content_type = "application/json"};
    curfew_http_reply(&response, code, "{\"error\":\"%s\"}", text);
    return send_response(connection, &response);
}

/* ---- routes ---- */

static bool path_fits(const char *pattern, const char *path)
{
    size_t size = strlen(pattern);
    if (size < 2 || strcmp(pattern + size - 2, "/*") != 0) {
        return strcmp(pattern, path) == 0;
    }
    size -= 2; /* up to the slash */
    return strncmp(pattern, path, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

static bool method_fits(const char *wanted, const char *method)
{
    return wanted == NULL || strcmp(wanted, method) == 0 || (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void find_route(const struct curfew_http *http, const char *method, const char *path, struct match *match)
{
    size_t used = 0;
    *match = (struct match){.route = NULL};
    for (const struct curfew_http_route *route = http->routes; route->path != NULL; route++) {
        if (!path_fits(route->path, path)) {
            continue;
        }
        match->path_known = true;
        if (method_fits(route->method, method)) {
            match->route = route;
            return;
        }
        int size =
            snprintf(match->allow + used, sizeof match->allow - used, "%s%s", used == 0 ? "" : ", ", route->method);
        if (size > 0 && (size_t)size < sizeof match->allow - used) {
            used += (size_t)size;
        }
        match->allow[used] = '\0'; /* a method that did not fit leaves nothing behind */
    }
}

/* The request may be finished, and even gone on, by now: it is gone only when the library's thread, this one, lets it.
 */
static bool was_put_off(const struct curfew_http_request *request)
{
    return atomic_load_explicit(&request->put_off, memory_order_relaxed) != PUT_OFF_NOT;
}

/* What was put off: nothing yet, or the answer, whose body the library owns from here on. */
static enum MHD_Result answer_late(struct curfew_http_request *request)
{
    if (atomic_load_explicit(&request->put_off, memory_order_acquire) == PUT_OFF_OPEN) {
        return MHD_YES;
    }
    const struct curfew_http_response response = request->response;
    request->response.body = NULL;
    return send_response(request->connection, &response);
}

static enum MHD_Result answer(struct curfew_http *http, const char *method, struct curfew_http_request *request)
{
    struct match match;
    find_route(http, method, request->path, &match);
    struct curfew_http_response response = {.code = MHD_HTTP_OK, .content_type = "application/json"};
    if (match.route != NULL) {
        match.route->handle(http->context, request, &response);
        if (was_put_off(request)) {
            free(response.body);
            return MHD_YES;
        }
    } else if (match.path_known) {
        curfew_http_reply(&response, MHD_HTTP_METHOD_NOT_ALLOWED,
                          "{\"error\":\"this path does not take this method; it takes %s\"}", match.allow);
        response.header_name = MHD_HTTP_HEADER_ALLOW;
        response.header_value = match.allow;
    } else {
        curfew_http_reply(&response, MHD_HTTP_NOT_FOUND, "{\"error\":\"there is nothing at this path\"}");
    }
    if (response.body != NULL && response.size > CURFEW_HTTP_RESPONSE_MAX) {
        curfew_log(CURFEW_LOG_ERROR, "http", "the answer of %s has %zu bytes, over %d; answered 500 instead",
                   match.route == NULL ? "no route" : match.route->path, response.size, CURFEW_HTTP_RESPONSE_MAX);
        free(response.body);
        return send_error(request->connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the answer is over its bound");
    }
    return send_response(request->connection, &response);
}

/* ---- requests, as they come in ---- */

static enum MHD_Result visit_name(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                  const char *value, size_t value_size)
{
    struct curfew_http_request *request = context;
    request->has_nul = request->has_nul || strlen(name) != name_size || (value != NULL && strlen(value) != value_size);
    /* "Name : x" is another header to the library than to some servers in front of it. */
    request->has_blank = request->has_blank || (kind == MHD_HEADER_KIND && name[strcspn(name, " \t")] != '\0');
    return MHD_YES;
}

/* What makes a request mean one thing here and maybe another to a proxy in front (RFC 9112, 3.2, 5.1, 6.3), so that one
 * could be smuggled past it; NULL: nothing. */
static const char *ambiguity_of(struct curfew_http_request *request, const char *version)
{
    int hosts = 0;
    int lengths = 0;
    int encodings = 0;
    (void)curfew_http_header(request, MHD_HTTP_HEADER_HOST, &hosts);
    (void)curfew_http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH, &lengths);
    const char *encoding = curfew_http_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING, &encodings);
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, visit_name,
                                      request);
    if (request->has_nul) {
        return "the request holds a NUL character";
    }
    if (request->has_blank) {
        return "the name of a header holds a blank";
    }
    if (hosts > 1 || (hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0)) {
        return "the request must have one Host header";
    }
    if (lengths > 1 || encodings > 1 || (lengths == 1 && encodings == 1)) {
        return "the request tells the length of its body more than once";
    }
    if (encodings == 1 && strcasecmp(encoding, "chunked") != 0) {
        return "the only Transfer-Encoding taken is chunked";
    }
    return NULL;
}

/* Looks at what is known before the body. `*answered`: nothing more is to be done. */
static enum MHD_Result begin(struct curfew_http_request *request, const char *version, bool *answered)
{
    struct MHD_Connection *connection = request->connection;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *length = curfew_http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH, NULL);
    request->begun = true;
    *answered = true;
    if (info == NULL || info->header_size > CURFEW_HTTP_HEADER_MAX) {
        return send_error(connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                          "request line and headers are over their bound");
    }
    const char *problem = ambiguity_of(request, version);
    if (problem != NULL) {
        return send_error(connection, MHD_HTTP_BAD_REQUEST, problem);
    }
    /* What is longer than would be thrown away is refused before it comes. */
    if (length != NULL && strtoull(length, NULL, 10) > DISCARD_MAX) {
        return send_error(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the body is over its bound");
    }
    *answered = false;
    return MHD_YES;
}

static void keep_body(struct curfew_http_request *request, const char *bytes, size_t size)
{
    if (size > CURFEW_HTTP_BODY_MAX - request->size) {
        request->body_state = BODY_OVER_BOUND;
        return;
    }
    size_t capacity = request->capacity == 0 ? BODY_FIRST : request->capacity;
    while (capacity < request->size + size) {
        capacity *= 2;
    }
    if (capacity > request->capacity) {
        /* Not realloc: what it leaves behind could hold a token. */
        uint8_t *larger = malloc(capacity);
        if (larger == NULL) {
            request->body_state = BODY_NO_MEMORY;
            return;
        }
        if (request->size > 0) {
            memcpy(larger, request->body, request->size);
            explicit_bzero(request->body, request->size);
        }
        free(request->body);
        request->body = larger;
        request->capacity = capacity;
    }
    memcpy(request->body + request->size, bytes, size);
    request->size += size;
}

static enum MHD_Result take_body(struct curfew_http_request *request, const char *bytes, size_t size)
{
    request->seen += size;
    if (request->seen > DISCARD_MAX) {
        return MHD_NO; /* the library takes no answer in the middle of a body: the connection ends */
    }
    if (request->body_state == BODY_KEPT) {
        keep_body(request, bytes, size);
    }
    return MHD_YES;
}

/* Called once when the request line was read. What it returns comes back with every call of the same request. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct curfew_http_request *request = calloc(1, sizeof *request);
    if (request != NULL) {
        request->http = context;
        request->connection = connection;
        request->has_nul = strstr(target, "%00") != NULL;
    }
    return request;
}

/* Called with the headers, with each piece of the body, and when all is here. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *bytes, size_t *size,
                                  void **request_of)
{
    struct curfew_http_request *request = *request_of;
    bool answered = false;
    if (request == NULL) {
        return MHD_NO; /* there was no memory for it */
    }
    if (was_put_off(request)) {
        return answer_late(request);
    }
    request->method = method;
    request->path = path;
    if (!request->begun) {
        return begin(request, version, &answered);
    }
    if (*size > 0) {
        enum MHD_Result result = take_body(request, bytes, *size);
        *size = 0;
        return result;
    }
    if (request->body_state == BODY_OVER_BOUND) {
        return send_error(connection, MHD_HTTP_CONTENT_TOO_LARGE, "the body is over its bound");
    }
    if (request->body_state == BODY_NO_MEMORY) {
        return send_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "there is no memory for the body");
    }
    return answer(context, method, request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_of,
                         enum MHD_RequestTerminationCode code)
{
    struct curfew_http_request *request = *request_of;
    (void)context;
    (void)connection;
    (void)code;
    if (request == NULL) {
        return;
    }
    if (was_put_off(request)) {
        atomic_fetch_sub_explicit(&request->http->put_off, 1, memory_order_relaxed);
    }
    if (request->body != NULL) {
        explicit_bzero(request->body, request->size);
    }
    free(request->body);
    free(request->response.body); /* of a client that had gone */
    free(request);
    *request_of = NULL;
}

/* What the library has to say is about single connections, and so for people who look for a fault. */
static void on_library_log(void *context, const char *format, va_list arguments)
{
    char text[256];
    (void)context;
    if (vsnprintf(text, sizeof text, format, arguments) > 0) {
        text[strcspn(text, "\r\n")] = '\0';
        curfew_log(CURFEW_LOG_DEBUG, "http", "%s", text);
    }
}

/* ---- open and close ---- */

/* Options of the library that only a server with TLS has. */
static void tls_items(const struct curfew_http_tls_files *files, struct MHD_OptionItem items[TLS_ITEMS_MAX])
{
    size_t count = 0;
    if (files->key.bytes != NULL) {
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, files->key.bytes};
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, files->certificate.bytes};
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)CURFEW_HTTP_TLS_PRIORITIES};
    }
    if (files->client_ca.bytes != NULL) {
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, files->client_ca.bytes};
    }
    items[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static enum curfew_status start(struct curfew_http *http, unsigned int connections, struct curfew_error *error)
{
    struct MHD_OptionItem items[TLS_ITEMS_MAX];
    const unsigned tls = http->files.key.bytes != NULL ? MHD_USE_TLS : 0;
    tls_items(&http->files, items);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the process's, not of the server's threads */
    /* Poll and not epoll: edge-triggered, MHD 0.9.75 misses an end of stream that comes with the last bytes. */
    http->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME | tls, 0, NULL, NULL, on_request,
        http, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET, http->listener.socket,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)THREADS, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (http->daemon == NULL) {
        /* The library may have closed the socket already, so it is left alone rather than closed twice. */
        return curfew_error_set(error, CURFEW_INTERNAL, "listening on %s: the HTTP server did not start; %s",
                                http->listener.address,
                                tls != 0 ? "do its certificate and its key belong together, and are both PEM?"
                                         : "is the process out of threads or file descriptors?");
    }
    return CURFEW_OK;
}

static enum curfew_status listen_on(struct curfew_http *http, const struct curfew_http_options *options,
                                    struct curfew_error *error)
{
    enum curfew_status status = curfew_listener_open(options->listen, options->mode, &http->listener, error);
    if (status == CURFEW_OK && options->local_only && options->tls == NULL &&
        !curfew_listener_is_local(&http->listener)) {
        (void)close(http->listener.socket);
        return curfew_error_set(
            error, CURFEW_INVALID,
            "listening on %s: other machines reach that address, and secrets would cross the "
            "network in the clear; set a certificate and its key, or listen on 127.0.0.1 or unix:/path",
            options->listen);
    }
    return status;
}

enum curfew_status curfew_http_serve(const struct curfew_http_options *options, struct curfew_http **http,
                                     struct curfew_error *error)
{
    *http = NULL;
    struct curfew_http *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "listening on %s: no memory", options->listen);
    }
    made->routes = options->routes;
    made->context = options->context;
    made->listener.lock = -1;
    enum curfew_status status =
        options->tls == NULL ? CURFEW_OK : curfew_http_tls_load(options->tls, &made->files, error);
    if (status == CURFEW_OK) {
        status = listen_on(made, options, error);
    }
    if (status == CURFEW_OK) {
        status = start(made, options->connections == 0 ? CURFEW_HTTP_CONNECTIONS_MAX : options->connections, error);
    }
    if (status != CURFEW_OK) {
        curfew_listener_leave(&made->listener);
        curfew_http_tls_unload(&made->files);
        free(made);
        return status;
    }
    *http = made;
    return CURFEW_OK;
}

enum curfew_status curfew_http_open(const char *listen, const struct curfew_http_route *routes, void *context,
                                    struct curfew_http **http, struct curfew_error *error)
{
    const struct curfew_http_options options = {
        .listen = listen, .mode = CURFEW_LISTENER_MODE, .routes = routes, .context = context};
    return curfew_http_serve(&options, http, error);
}

void curfew_http_close(struct curfew_http *http)
{
    if (http == NULL) {
        return;
    }
    curfew_listener_leave(&http->listener); /* before the socket: whoever comes next finds no path, or their own */
    const MHD_socket listening = MHD_quiesce_daemon(http->daemon);
    for (int i = 0; i < CLOSE_WAIT_MS && atomic_load_explicit(&http->put_off, memory_order_relaxed) > 0; i++) {
        (void)poll(NULL, 0, 1); /* what was finished is on its way to its client */
    }
    MHD_stop_daemon(http->daemon);
    if (listening != MHD_INVALID_SOCKET) {
        (void)close(listening);
    }
    curfew_http_tls_unload(&http->files);
    free(http);
}

const char *curfew_http_address(const struct curfew_http *http)
{
    return http->listener.address;
}
