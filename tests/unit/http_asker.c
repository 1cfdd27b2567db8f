/* http_asker: libcurl, made and thrown away for each request. */
#include "http_asker.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct http_told *told = context;
    if (size * count >= sizeof told->body - told->size) {
        return 0;
    }
    memcpy(told->body + told->size, data, size * count);
    told->size += size * count;
    told->body[told->size] = '\0';
    return size * count;
}

static void take_value(const char *line, size_t size, const char *name, char *value, size_t room)
{
    const size_t length = strlen(name);
    if (size > length && strncasecmp(line, name, length) == 0) {
        (void)snprintf(value, room, "%.*s", (int)strcspn(line + length, "\r\n"), line + length);
    }
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    struct http_told *told = context;
    take_value(line, size * count, "Retry-After: ", told->retry_after, sizeof told->retry_after);
    take_value(line, size * count, "WWW-Authenticate: ", told->authenticate, sizeof told->authenticate);
    return size * count;
}

static void set_tls(CURL *curl, const struct http_question *question)
{
    char path[256];
    if (question->directory == NULL) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/ca.pem", question->directory);
    curl_easy_setopt(curl, CURLOPT_CAINFO, path);
    if (question->certificate != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s.pem", question->directory, question->certificate);
        curl_easy_setopt(curl, CURLOPT_SSLCERT, path);
        (void)snprintf(path, sizeof path, "%s/%s.key", question->directory, question->certificate);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, path);
    }
}

struct http_told http_asker_ask(const struct http_question *question)
{
    struct http_told told = {.status = 0};
    struct curl_slist *headers = NULL;
    char url[512];
    const bool local = strncmp(question->address, "unix:", 5) == 0;
    CURL *curl = curl_easy_init();
    (void)snprintf(url, sizeof url, "%s://%s%s", local ? "http" : "https", local ? "x" : question->address,
                   question->path);
    for (size_t i = 0; question->headers != NULL && question->headers[i] != NULL; i++) {
        headers = curl_slist_append(headers, question->headers[i]);
    }
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &told);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &told);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     question->timeout_ms == 0 ? (long)HTTP_ASKER_PATIENCE_MS : question->timeout_ms);
    if (local) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, question->address + 5);
    }
    set_tls(curl, question);
    if (question->post != NULL) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question->post);
    }
    told.failed = (int)curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &told.status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return told;
}
