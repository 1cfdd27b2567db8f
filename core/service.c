/* service: the common start of server processes. */
#include "core/service.h"

#include "core/json.h"
#include "core/log.h"
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define DESCRIPTORS 4096 /* connections of both servers of a guard, and Kafka's and Redis' */
#define SETTINGS_MAX 64

volatile sig_atomic_t curfew_service_stop;

struct arguments {
    const struct curfew_service *service;
    const char *config_file;
    const char *settings[SETTINGS_MAX]; /* name=value */
    size_t count;
};

static void on_signal(int signal_number)
{
    (void)signal_number;
    curfew_service_stop = 1;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config_file = argument;
        return 0;
    case 's':
        if (arguments->count == SETTINGS_MAX) {
            argp_error(state, "more than %d --set: put them into a file and give --config", SETTINGS_MAX);
        }
        arguments->settings[arguments->count++] = argument;
        return 0;
    case 'o':
        for (const char *const *prefix = arguments->service->prefixes; *prefix != NULL; prefix++) {
            curfew_config_print_options(*prefix, stdout);
        }
        (void)printf("kafka.*\n    handed to librdkafka as it is; kafka.bootstrap.servers is required\n");
        exit(EXIT_SUCCESS);
    case ARGP_KEY_ARG:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "properties file (name = value)", 0},
    {"set", 's', "NAME=VALUE", 0, "override one setting; may be repeated", 0},
    {"options", 'o', NULL, 0, "list the settings this process reads, and end", 0},
    {0},
};

/* argp hands its version hook the state of a parser of its own, in which there are no arguments of ours. */
static const char *version_of;

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    (void)fprintf(stream, "%s %s\n", version_of, CURFEW_VERSION);
}

static enum curfew_status set_one(struct curfew_config *config, const char *setting, struct curfew_error *error)
{
    const char *equals = strchr(setting, '=');
    char *name = equals == NULL ? NULL : strndup(setting, (size_t)(equals - setting));
    if (name == NULL) {
        /* it is not repeated: it may be a secret */
        return curfew_error_set(error, CURFEW_INVALID, "--set needs name=value, such as log.level=debug");
    }
    const enum curfew_status status = curfew_config_set_argument(config, name, equals + 1, error);
    free(name);
    return status;
}

static enum curfew_status set_log_level(const struct curfew_config *config, struct curfew_error *error)
{
    const char *name = NULL;
    enum curfew_log_level level = CURFEW_LOG_INFO;
    const enum curfew_status status = curfew_config_get(config, "log.level", &name, error);
    if (status != CURFEW_OK) {
        return status;
    }
    if (curfew_log_level_parse(name, &level) != CURFEW_OK) {
        return curfew_error_set(error, CURFEW_INVALID, "log.level is %s: use debug, info, warning or error", name);
    }
    curfew_log_level_set(level);
    return CURFEW_OK;
}

/* A server with all its connections, and Kafka's, needs more descriptors than many systems allow at first. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS) {
        return;
    }
    limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > DESCRIPTORS ? DESCRIPTORS : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < DESCRIPTORS) {
        curfew_log(
            CURFEW_LOG_WARNING, "service",
            "only %llu files may be open at once; with %d, as many connections as are taken could not take those "
            "to Kafka away; raise the hard limit (ulimit -Hn, LimitNOFILE=)",
            (unsigned long long)limit.rlim_cur, DESCRIPTORS);
    }
}

enum curfew_status curfew_service_start(const struct curfew_service *service, int argc, char **argv,
                                        struct curfew_config **config, struct curfew_error *error)
{
    const struct argp argp = {.options = options, .parser = parse, .doc = service->doc};
    struct arguments arguments = {.service = service};
    version_of = service->name;
    argp_program_version_hook = print_version;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &arguments);

    const struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    enum curfew_status status = curfew_config_load(arguments.config_file, config, error);
    for (size_t i = 0; status == CURFEW_OK && i < arguments.count; i++) {
        status = set_one(*config, arguments.settings[i], error);
    }
    status = status == CURFEW_OK ? set_log_level(*config, error) : status;
    raise_descriptors();
    return status;
}

void curfew_service_livez(void *context, const struct curfew_http_request *request,
                          struct curfew_http_response *response)
{
    (void)context;
    (void)request;
    curfew_http_reply(response, 200, "{\"live\":true}\n");
}

void curfew_service_readyz(enum curfew_status status, const struct curfew_error *error,
                           struct curfew_http_response *response)
{
    if (status == CURFEW_OK) {
        curfew_http_reply(response, 200, "{\"ready\":true}\n");
        return;
    }
    struct curfew_json *body = curfew_json_object();
    const bool made = curfew_json_set(body, "ready", curfew_json_of_bool(false)) &&
                      curfew_json_set(body, "reason", curfew_json_of_string(curfew_slice_of(error->text)));
    char *text = made ? curfew_json_print(body) : NULL;
    curfew_http_reply(response, 503, "%s\n", text == NULL ? "{\"ready\":false}" : text);
    free(text);
    curfew_json_destroy(body);
}
