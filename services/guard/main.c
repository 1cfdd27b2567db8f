/* main: the `curfew-guard` process: one hop, answering over HTTP. */
#include "core/log.h"
#include "core/service.h"
#include "services/guard/check.h"
#include <stdlib.h>

#define SETTINGS_MAX 320 /* what a config can hold, and every option's fallback */

static const char *const prefixes[] = {"hop.", "coordinators.", "guard.", "cache.", "topics.", "log.", NULL};

static const struct curfew_service service = {
    .name = "curfew-guard",
    .doc = "Answers over HTTP whether a bearer token may go ahead, now: the side-car for programs that do not link "
           "libcurfew, and for proxies (Envoy ext_authz, nginx auth_request). It reads revocations from Kafka by "
           "itself; a check does no I/O.\v"
           "Example:\n"
           "  export CURFEW_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092\n"
           "  curfew-guard --set hop.id=g1 --set hop.issuer=https://id.example \\\n"
           "      --set hop.audience=books --set hop.jwks_file=jwks.json \\\n"
           "      --set hop.algorithms=ES256 --set hop.tenants=acme &\n"
           "  curl -H \"Authorization: Bearer $(cat token)\" \\\n"
           "      'http://127.0.0.1:8600/v1/check?class=strict'\n\n"
           "200 allow, 401 no valid token, 403 deny, 503 cannot be decided on fresh enough knowledge; the body says "
           "why and how old the proof is. The class (strict: 2 s, standard: 30 s, best_effort) comes from the query, "
           "from the header X-Curfew-Class, or from guard.class, which may be left unset; a proxy that passes on its "
           "client's headers should "
           "set that header itself. /readyz says 200 once every lane is fresh; /v1/status and /metrics say more.\n\n"
           "It prints one line, \"listening on ADDRESS\", when it answers. SIGTERM ends it. --options lists what can "
           "be set, in the file, by --set, or as CURFEW_HOP_ID for hop.id.",
    .prefixes = prefixes,
};

/* ---- the hop, as check.c asks it ---- */

static enum curfew_status ask(void *context, const struct curfew_request *request, struct curfew_verdict *verdict,
                              struct curfew_error *error)
{
    return curfew_hop_authorize(context, request, verdict, error);
}

static enum curfew_status ready(void *context, struct curfew_error *error)
{
    return curfew_hop_ready(context, error);
}

static char *status_json(void *context)
{
    return curfew_hop_status_json(context);
}

static char *metrics(void *context)
{
    return curfew_hop_metrics(context);
}

/* ---- settings: the process read them, and hands all of them to its hop ---- */

struct settings {
    const char *items[2 * SETTINGS_MAX + 1]; /* name, value, …, NULL */
    size_t count;
    char *kafka[SETTINGS_MAX]; /* names that were made here */
    size_t kafka_count;
};

static enum curfew_status add_setting(struct settings *settings, const char *name, const char *value,
                                      struct curfew_error *error)
{
    if (settings->count + 2 >= sizeof settings->items / sizeof settings->items[0]) {
        return curfew_error_set(error, CURFEW_FULL, "reading the settings: more than %d; take some out", SETTINGS_MAX);
    }
    settings->items[settings->count++] = name;
    settings->items[settings->count++] = value;
    return CURFEW_OK;
}

static enum curfew_status add_kafka(void *context, const char *name, const char *value, struct curfew_error *error)
{
    struct settings *settings = context;
    char *whole = NULL;
    if (settings->kafka_count == SETTINGS_MAX || asprintf(&whole, "kafka.%s", name) < 0) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading the settings: no room for kafka.%s", name);
    }
    settings->kafka[settings->kafka_count++] = whole;
    return add_setting(settings, whole, value, error);
}

static enum curfew_status open_hop(const struct curfew_config *config, struct curfew_hop **hop,
                                   struct curfew_error *error)
{
    struct settings settings = {.count = 0};
    struct curfew_hop_options options = {.size = sizeof options, .settings = settings.items};
    enum curfew_status status = curfew_config_each_kafka(config, add_kafka, &settings, error);
    for (const struct curfew_config_option *option = curfew_options; status == CURFEW_OK && option->name != NULL;
         option++) {
        const char *value = curfew_config_find(config, option->name);
        if (value != NULL) {
            status = add_setting(&settings, option->name, value, error);
        }
    }
    if (status == CURFEW_OK) {
        status = curfew_hop_open(&options, hop, error);
    }
    for (size_t i = 0; i < settings.kafka_count; i++) {
        free(settings.kafka[i]);
    }
    return status;
}

/* guard.class is optional: without it every request must name its class. */
static enum curfew_status read_class(const struct curfew_config *config, struct curfew_check *check,
                                     struct curfew_error *error)
{
    const char *name = curfew_config_find(config, "guard.class");
    check->has_class = name != NULL && name[0] != '\0';
    if (check->has_class && curfew_class_parse(name, &check->strictness) != CURFEW_OK) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading guard.class: \"%.64s\" is not a class; use strict, standard or best_effort",
                                name);
    }
    return CURFEW_OK;
}

/* Answers until told to stop. The signals are blocked but in sigsuspend, so none is lost between look and wait, and
 * threads made meanwhile never take them. */
static enum curfew_status serve(const struct curfew_config *config, struct curfew_error *error)
{
    const char *listen = NULL;
    struct curfew_http *http = NULL;
    struct curfew_hop *hop = NULL;
    struct curfew_check check = {.hop = {ask, ready, status_json, metrics, NULL}};
    sigset_t stops;
    sigset_t before;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &stops, &before);
    (void)signal(SIGPIPE, SIG_IGN); /* a Redis that went away is an error of a write, not the end of the process */

    enum curfew_status status = read_class(config, &check, error);
    if (status == CURFEW_OK) {
        status = curfew_config_get(config, "guard.listen", &listen, error);
    }
    if (status == CURFEW_OK) {
        status = open_hop(config, &hop, error);
    }
    if (status != CURFEW_OK) {
        goto out;
    }
    check.hop.context = hop;
    status = curfew_http_open(listen, curfew_check_routes, &check, &http, error);
    if (status != CURFEW_OK) {
        goto out;
    }
    (void)printf("listening on %s\n", curfew_http_address(http));
    (void)fflush(stdout);
    while (!curfew_service_stop) {
        (void)sigsuspend(&before);
    }
    curfew_log(CURFEW_LOG_INFO, "guard", "told to stop");
out:
    curfew_http_close(http);
    curfew_hop_close(hop);
    return status;
}

int main(int argc, char **argv)
{
    struct curfew_error error = {.status = CURFEW_OK};
    struct curfew_config *config = NULL;
    enum curfew_status status = curfew_service_start(&service, argc, argv, &config, &error);
    if (status == CURFEW_OK) {
        status = serve(config, &error);
    }
    curfew_config_destroy(config);
    if (status != CURFEW_OK) {
        (void)fprintf(stderr, "curfew-guard: %s\n", error.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
