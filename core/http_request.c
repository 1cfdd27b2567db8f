/* http_request: requests as handlers see them, and their answers, at once or later. */
#include "core/http_state.h"
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

const char *curfew_http_method(const struct curfew_http_request *request)
{
    return request->method;
}

const char *curfew_http_path(const struct curfew_http_request *request)
{
    return request->path;
}

struct search {
    const char *name;
    const char *value;
    int count;
};

static enum MHD_Result visit_value(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct search *search = context;
    (void)kind;
    if (strcasecmp(name, search->name) == 0) {
        search->value = search->count == 0 ? (value == NULL ? "" : value) : search->value;
        search->count++;
    }
    return MHD_YES;
}

const char *curfew_http_header(const struct curfew_http_request *request, const char *name, int *count)
{
    struct search search = {.name = name};
    (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, visit_value, &search);
    if (count != NULL) {
        *count = search.count;
    }
    return search.value;
}

const char *curfew_http_query(const struct curfew_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct curfew_slice curfew_http_body(const struct curfew_http_request *request)
{
    return (struct curfew_slice){request->body, request->size};
}

bool curfew_http_peer_user(const struct curfew_http_request *request, uid_t *user)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int domain = 0;
    socklen_t size = sizeof domain;
    if (info == NULL || getsockopt(info->connect_fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) {
        return false;
    }
    struct ucred peer;
    size = sizeof peer;
    if (getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    *user = peer.uid;
    return true;
}

bool curfew_http_peer_names(const struct curfew_http_request *request, curfew_http_visit_name *visit, void *context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info != NULL && info->tls_session != NULL && curfew_http_tls_names(info->tls_session, visit, context);
}

/* Handlers see a request as const; it is not. */
struct curfew_http_request *curfew_http_put_off(const struct curfew_http_request *request)
{
    struct curfew_http_request *own = (struct curfew_http_request *)request;
    atomic_store_explicit(&own->put_off, PUT_OFF_OPEN, memory_order_relaxed); /* nobody else has it yet */
    atomic_fetch_add_explicit(&own->http->put_off, 1, memory_order_relaxed); /* a number alone */
    MHD_suspend_connection(own->connection);
    return own;
}

void curfew_http_finish(struct curfew_http_request *request, const struct curfew_http_response *response)
{
    struct MHD_Connection *connection = request->connection;
    request->response = *response;
    if (request->response.code == 0) {
        request->response.code = MHD_HTTP_OK;
    }
    if (request->response.content_type == NULL) {
        request->response.content_type = "application/json";
    }
    /* Release: the server's thread that sees it sees the response. */
    atomic_store_explicit(&request->put_off, PUT_OFF_FINISHED, memory_order_release);
    MHD_resume_connection(connection);
}

void curfew_http_reply(struct curfew_http_response *response, int code, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    free(response->body);
    if (size < 0) {
        response->code = MHD_HTTP_SERVICE_UNAVAILABLE;
        response->body = NULL;
        response->size = 0;
        return;
    }
    response->code = code;
    response->body = text;
    response->size = (size_t)size;
}
