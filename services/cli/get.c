/* get: one URL, asked again and again over HTTP. */
#include "services/cli/get.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#define BEARER "Authorization: Bearer "

struct curfew_get {
    CURL *curl;
    struct curl_slist *headers;
    struct curfew_get_options options; /* its path and token are the caller's */
    char *url;
    uint8_t *body;
    size_t body_size, body_max;
};

enum curfew_status curfew_get_init(struct curfew_error *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return curfew_error_set(error, CURFEW_INTERNAL, "starting the HTTP client failed");
    return CURFEW_OK;
}

char *curfew_get_escape(struct curfew_slice value)
{
    char *escaped = curl_easy_escape(NULL, (const char *)value.at, (int)value.size);
    char *copy = escaped == NULL ? NULL : strdup(escaped);

    curl_free(escaped);
    return copy;
}

/* Keeps what fits. The rest ends the transfer where the whole is wanted; else it is read and dropped, so that the
 * connection stays usable. */
static size_t keep(char *bytes, size_t one, size_t size, void *context)
{
    struct curfew_get *get = context;
    size_t room = get->body_max - get->body_size;
    size_t kept = size < room ? size : room;

    (void)one;
    memcpy(get->body + get->body_size, bytes, kept);
    get->body_size += kept;
    return get->options.whole ? kept : size;
}

/* Appends a copy of `text` to the headers. */
static bool add_header(struct curfew_get *get, const char *text)
{
    struct curl_slist *more = curl_slist_append(get->headers, text);

    if (more == NULL)
        return false;
    get->headers = more;
    return true;
}

static bool add_token(struct curfew_get *get, struct curfew_slice token)
{
    char *text = malloc(sizeof BEARER + token.size);

    if (text == NULL)
        return false;
    memcpy(text, BEARER, sizeof BEARER - 1);
    memcpy(text + sizeof BEARER - 1, token.at, token.size);
    text[sizeof BEARER - 1 + token.size] = '\0';
    bool added = add_header(get, text);
    explicit_bzero(text, sizeof BEARER + token.size);
    free(text);
    return added;
}

static bool make_url(struct curfew_get *get)
{
    const char *base = get->options.base;
    size_t size = strlen(base);

    while (size > 0 && base[size - 1] == '/')
        size--;
    if (asprintf(&get->url, "%.*s%s", (int)size, base, get->options.path) < 0)
        get->url = NULL; /* what asprintf leaves there is not said */
    return get->url != NULL;
}

static bool configure(struct curfew_get *get)
{
    CURL *curl = get->curl;

    return curl_easy_setopt(curl, CURLOPT_URL, get->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, get->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, get) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
}

enum curfew_status curfew_get_create(const struct curfew_get_options *options, struct curfew_get **get,
                                     struct curfew_error *error)
{
    *get = NULL;
    if (strncmp(options->base, "http://", 7) != 0 && strncmp(options->base, "https://", 8) != 0)
        return curfew_error_set(error, CURFEW_INVALID, "%s %.200s: write %s http://address:port", options->asking,
                                options->base, options->option);
    struct curfew_get *made = calloc(1, sizeof *made);
    if (made == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "%s %.200s: out of memory", options->asking, options->base);
    made->options = *options;
    made->body_max = options->body_max == 0 ? CURFEW_GET_BODY_MAX : options->body_max;
    made->body = malloc(made->body_max);
    made->curl = curl_easy_init();
    if (made->body == NULL || made->curl == NULL || !make_url(made) ||
        (options->token.size > 0 && !add_token(made, options->token)) || !configure(made)) {
        curfew_get_destroy(made);
        return curfew_error_set(error, CURFEW_NOMEM, "%s %.200s: the HTTP client could not be set up", options->asking,
                                options->base);
    }
    *get = made;
    return CURFEW_OK;
}

void curfew_get_destroy(struct curfew_get *get)
{
    if (get == NULL)
        return;
    curl_easy_cleanup(get->curl);
    for (struct curl_slist *header = get->headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data));
    curl_slist_free_all(get->headers);
    free(get->body);
    free(get->url);
    free(get);
}

enum curfew_status curfew_get_send(struct curfew_get *get, int timeout_ms, long *code, struct curfew_slice *body,
                                   struct curfew_error *error)
{
    const struct curfew_get_options *options = &get->options;

    get->body_size = 0;
    *body = (struct curfew_slice){NULL, 0};
    curl_easy_setopt(get->curl, CURLOPT_TIMEOUT_MS, (long)(timeout_ms < 1 ? 1 : timeout_ms));
    CURLcode failed = curl_easy_perform(get->curl);
    if (failed != CURLE_OK)
        return curfew_error_set(error, failed == CURLE_OPERATION_TIMEDOUT ? CURFEW_TIMEOUT : CURFEW_UNAVAILABLE,
                                "%s %.200s: %s; is %s running there?", options->asking, options->base,
                                curl_easy_strerror(failed), options->service);
    curl_easy_getinfo(get->curl, CURLINFO_RESPONSE_CODE, code);
    *body = (struct curfew_slice){get->body, get->body_size};
    return CURFEW_OK;
}
