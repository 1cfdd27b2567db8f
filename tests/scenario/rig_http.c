/* rig_http: HTTP requests of scenario tests (libcurl). */
#include "tests/scenario/rig_http.h"
#include "tests/scenario/rig_memory.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig_http {
    CURL *handle;
    char *body;
};

struct rig_http *rig_http_create(void)
{
    struct rig_http *http = rig_allocate(sizeof(*http));

    http->handle = curl_easy_init();
    if (http->handle == NULL)
        abort();
    return http;
}

void rig_http_destroy(struct rig_http *http)
{
    if (http == NULL)
        return;
    curl_easy_cleanup(http->handle);
    free(http->body);
    free(http);
}

static size_t take(char *data, size_t size, size_t count, void *context)
{
    return fwrite(data, size, count, context);
}

/* How the server is reached, and who asks. */
static void set_way(CURL *handle, const struct rig_request *request)
{
    if (request->socket != NULL)
        curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, request->socket);
    if (request->ca_file != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, request->ca_file);
    if (request->certificate_file != NULL) {
        curl_easy_setopt(handle, CURLOPT_SSLCERT, request->certificate_file);
        curl_easy_setopt(handle, CURLOPT_SSLKEY, request->key_file);
    }
}

struct rig_response rig_http_ask(struct rig_http *http, const struct rig_request *request)
{
    struct curl_slist *headers = NULL;
    struct rig_response response = {0};
    char *body = NULL;
    size_t size = 0;
    curl_off_t time_us = 0;
    FILE *file = open_memstream(&body, &size);

    if (file == NULL)
        abort();
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        headers = curl_slist_append(headers, request->headers[i]);
    curl_easy_reset(http->handle); /* options only: the connection stays */
    curl_easy_setopt(http->handle, CURLOPT_URL, request->url);
    curl_easy_setopt(http->handle, CURLOPT_PROXY, "");
    curl_easy_setopt(http->handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http->handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->handle, CURLOPT_TIMEOUT_MS,
                     (long)(request->timeout_ms == 0 ? RIG_HTTP_TIMEOUT_MS : request->timeout_ms));
    curl_easy_setopt(http->handle, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(http->handle, CURLOPT_WRITEDATA, file);
    set_way(http->handle, request);
    if (request->body != NULL)
        curl_easy_setopt(http->handle, CURLOPT_POSTFIELDS, request->body);
    if (request->method != NULL)
        curl_easy_setopt(http->handle, CURLOPT_CUSTOMREQUEST, request->method);
    CURLcode code = curl_easy_perform(http->handle);
    curl_slist_free_all(headers);
    if (fclose(file) != 0)
        abort();
    if (code == CURLE_OK) {
        curl_easy_getinfo(http->handle, CURLINFO_RESPONSE_CODE, &response.status);
        curl_easy_getinfo(http->handle, CURLINFO_TOTAL_TIME_T, &time_us);
    } else {
        free(body);
        body = rig_copy(curl_easy_strerror(code));
    }
    free(http->body);
    http->body = body;
    response.time_us = time_us;
    response.body = body;
    return response;
}
