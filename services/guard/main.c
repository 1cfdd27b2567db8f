/* main: the `curfew-guard` process: one hop, answering over HTTP. */
#include "core/log.h"
#include "core/service.h"
#include "services/guard/check.h"
#include "services/guard/door.h"
#include "services/guard/voices.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MOST_S 1000000

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
           "With guard.events_listen it is a door too: POST /v1/events there takes what workers and orchestrators "
           "without Kafka have to say of their tasks (docs/door.md).\n\n"
           "It prints one line, \"listening on ADDRESS\", when it answers (before it, with a door, \"events on "
           "ADDRESS\"). SIGTERM ends it. --options lists what can "
           "be set, in the file, by --set, or as CURFEW_HOP_ID for hop.id.",
    .prefixes = prefixes,
};

/* What runs; what is not there is NULL. */
struct guard {
    const struct curfew_config *config;
    struct curfew_guard_settings *settings;
    struct curfew_hop *hop;
    struct curfew_http *http;
    struct curfew_voices *voices;
    struct curfew_door *door;
    struct curfew_http *events; /* the door's own server: a queue there holds up no check */
};

/* ---- the hop, as check.c asks it ---- */

static enum curfew_status ask(void *context, const struct curfew_request *request, struct curfew_verdict *verdict,
                              struct curfew_error *error)
{
    return curfew_hop_authorize(((struct guard *)context)->hop, request, verdict, error);
}

static enum curfew_status ready(void *context, struct curfew_error *error)
{
    return curfew_hop_ready(((struct guard *)context)->hop, error);
}

static char *status_json(void *context)
{
    return curfew_hop_status_json(((struct guard *)context)->hop);
}

/* The hop's, and the door's. */
static char *metrics(void *context)
{
    const struct guard *guard = context;
    char *hop = curfew_hop_metrics(guard->hop);
    if (guard->door == NULL) {
        return hop;
    }
    char *both = NULL;
    char *door = curfew_door_metrics(guard->door);
    if (hop == NULL || door == NULL || asprintf(&both, "%s%s", hop, door) < 0) {
        both = NULL;
    }
    free(hop);
    free(door);
    return both;
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

/* ---- the door: guard.events_listen is optional ---- */

static enum curfew_status authorize(void *context, const struct curfew_request *request, struct curfew_verdict *verdict,
                                    struct curfew_bearer *bearer, struct curfew_error *error)
{
    return curfew_hop_authorize_bearer(((struct guard *)context)->hop, request, verdict, bearer, error);
}

static enum curfew_status emit(void *context, const char *key_file, const struct curfew_emit *emission,
                               struct curfew_error *error)
{
    return curfew_voices_emit(((struct guard *)context)->voices, key_file, emission, error);
}

static enum curfew_status set_keys(void *context, const char *const *key_files, size_t count,
                                   struct curfew_error *error)
{
    return curfew_voices_set(((struct guard *)context)->voices, key_files, count, error);
}

static bool keys_changed(void *context)
{
    return curfew_voices_changed(((struct guard *)context)->voices);
}

/* NULL when it is not set, or set to nothing. */
static const char *find(const struct curfew_config *config, const char *name)
{
    const char *value = curfew_config_find(config, name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

/* Octal, as chmod takes it. */
static enum curfew_status read_mode(const struct curfew_config *config, mode_t *mode, struct curfew_error *error)
{
    const char *text = NULL;
    const enum curfew_status status = curfew_config_get(config, "guard.events_mode", &text, error);
    if (status != CURFEW_OK) {
        return status;
    }
    const size_t digits = strspn(text, "01234567");
    if (digits < 3 || digits > 4 || text[digits] != '\0' || strtol(text, NULL, 8) > 0777) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading guard.events_mode: \"%.16s\" is no mode of a socket; write 0660, or 0666 for "
                                "workers of any user",
                                text);
    }
    *mode = (mode_t)strtol(text, NULL, 8);
    return CURFEW_OK;
}

static enum curfew_status serve_events(struct guard *guard, const char *listen, struct curfew_error *error)
{
    const struct curfew_http_tls tls = {find(guard->config, "guard.events_certificate_file"),
                                        find(guard->config, "guard.events_key_file"),
                                        find(guard->config, "guard.events_client_ca_file")};
    struct curfew_http_options options = {.listen = listen,
                                          .connections = CURFEW_DOOR_CONNECTIONS,
                                          .local_only = true,
                                          .routes = curfew_door_routes,
                                          .context = guard->door};
    if ((tls.certificate_file == NULL) != (tls.key_file == NULL) ||
        (tls.client_ca_file != NULL && tls.certificate_file == NULL)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "opening the door: TLS needs guard.events_certificate_file and guard.events_key_file; "
                                "guard.events_client_ca_file goes with them alone");
    }
    options.tls = tls.certificate_file == NULL ? NULL : &tls;
    const enum curfew_status status = read_mode(guard->config, &options.mode, error);
    return status == CURFEW_OK ? curfew_http_serve(&options, &guard->events, error) : status;
}

static enum curfew_status open_door(struct guard *guard, struct curfew_error *error)
{
    const char *listen = find(guard->config, "guard.events_listen");
    struct curfew_door_options options = {
        .callers_file = find(guard->config, "guard.callers_file"),
        .key_file = find(guard->config, "guard.door_key_file"),
        .sees_users = listen != NULL && strncmp(listen, "unix:", strlen("unix:")) == 0,
        .sees_certificates = find(guard->config, "guard.events_client_ca_file") != NULL,
        .ops = {authorize, emit, set_keys, keys_changed, guard},
    };
    if (listen == NULL && (options.callers_file != NULL || options.key_file != NULL)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "opening the door: guard.callers_file or guard.door_key_file is set, and "
                                "guard.events_listen is not; set it, such as unix:/run/curfew/events.sock");
    }
    if (listen == NULL) {
        return CURFEW_OK;
    }
    enum curfew_status status =
        curfew_config_get_int(guard->config, "guard.events_per_s", 1, EVENTS_MOST_S, &options.per_s, error);
    if (status == CURFEW_OK) {
        status = curfew_voices_create(guard->settings, &guard->voices, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_door_open(&options, &guard->door, error);
    }
    return status == CURFEW_OK ? serve_events(guard, listen, error) : status;
}

/* ---- all of it ---- */

static enum curfew_status open_all(struct guard *guard, struct curfew_check *check, struct curfew_error *error)
{
    const char *listen = NULL;
    enum curfew_status status = read_class(guard->config, check, error);
    if (status == CURFEW_OK) {
        status = curfew_config_get(guard->config, "guard.listen", &listen, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_guard_settings_create(guard->config, &guard->settings, error);
    }
    if (status == CURFEW_OK) {
        const struct curfew_hop_options options = {.size = sizeof options,
                                                   .settings = curfew_guard_settings_list(guard->settings)};
        status = curfew_hop_open(&options, &guard->hop, error);
    }
    if (status == CURFEW_OK) {
        status = open_door(guard, error);
    }
    return status == CURFEW_OK ? curfew_http_open(listen, curfew_check_routes, check, &guard->http, error) : status;
}

/* What is under way at the door is told, and so answered, before its server goes. */
static void close_all(struct guard *guard)
{
    if (guard->voices != NULL) {
        curfew_voices_silence(guard->voices);
    }
    curfew_http_close(guard->events);
    curfew_http_close(guard->http);
    curfew_door_close(guard->door);
    curfew_voices_destroy(guard->voices);
    curfew_hop_close(guard->hop);
    curfew_guard_settings_destroy(guard->settings);
}

/* Answers until told to stop. The signals are blocked but in ppoll, so none is lost between look and wait, and
 * threads made meanwhile never take them. */
static enum curfew_status serve(const struct curfew_config *config, struct curfew_error *error)
{
    const struct timespec pause = {.tv_sec = 1};
    struct guard guard = {.config = config};
    struct curfew_check check = {.hop = {ask, ready, status_json, metrics, &guard}};
    sigset_t stops;
    sigset_t before;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &stops, &before);
    (void)signal(SIGPIPE, SIG_IGN); /* a Redis that went away is an error of a write, not the end of the process */

    const enum curfew_status status = open_all(&guard, &check, error);
    if (status == CURFEW_OK) {
        if (guard.events != NULL) {
            (void)printf("events on %s\n", curfew_http_address(guard.events));
        }
        (void)printf("listening on %s\n", curfew_http_address(guard.http));
        (void)fflush(stdout);
        while (!curfew_service_stop) {
            (void)ppoll(NULL, 0, guard.door == NULL ? NULL : &pause, &before);
            if (guard.door != NULL) {
                curfew_door_look(guard.door, curfew_clock_now());
            }
        }
        curfew_log(CURFEW_LOG_INFO, "guard", "told to stop");
    }
    close_all(&guard);
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
