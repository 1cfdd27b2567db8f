/* cli: what the commands of `curfew` share. */
#include "services/cli/cli.h"
#include "core/clock.h"
#include "core/log.h"
#include "services/cli/parse.h"
#include <stdarg.h>
#include <stdlib.h>

enum { KEY_CONFIG = CURFEW_CLI_KEY(0x100), KEY_SET, KEY_TIMEOUT, KEY_JSON, KEY_KEY_FILE, KEY_VERBOSE, KEY_WAIT };

static const struct argp_option common_options[] = {
    {NULL, 0, NULL, 0, "Options of every command:", 90},
    {"config", KEY_CONFIG, "FILE", 0, "settings, one name = value a line (default: $CURFEW_CONFIG)", 90},
    {"set", KEY_SET, "NAME=VALUE", 0, "one setting more; stands above file and environment", 90},
    {"timeout", KEY_TIMEOUT, "SPAN", 0, "give up after it: 300ms, 10s, 5m (default 10s)", 90},
    {"json", KEY_JSON, NULL, 0, "one JSON object a line on standard output", 90},
    {"key-file", KEY_KEY_FILE, "FILE", 0, "key of the writer who says it (default: the setting producer.key_file)", 90},
    {"verbose", KEY_VERBOSE, NULL, 0, "log what goes on inside, on standard error", 90},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp_option wait_options[] = {
    {"wait", KEY_WAIT, "STAGE", 0, "durable: it is in the log; accepted: the coordinator acted on it (default)", 80},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void set(struct curfew_cli *cli, const char *name, const char *value, const struct argp_state *state)
{
    if (cli->settings_count + 2 > 2 * CURFEW_CLI_SETTINGS_MAX)
        argp_error(state, "more than %d times --set: put them into a file and use --config", CURFEW_CLI_SETTINGS_MAX);
    cli->settings[cli->settings_count++] = name;
    cli->settings[cli->settings_count++] = value;
}

static void add_setting(struct curfew_cli *cli, char *text, const struct argp_state *state)
{
    const char *name = NULL;
    const char *value = NULL;
    struct curfew_error error;

    if (curfew_parse_setting(text, &name, &value, &error) != CURFEW_OK)
        curfew_cli_usage(state, &error);
    set(cli, name, value, state);
}

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
    struct curfew_cli *cli = state->input;
    struct curfew_error error;

    switch (key) {
    case KEY_CONFIG:
        cli->config_file = argument;
        return 0;
    case KEY_SET:
        add_setting(cli, argument, state);
        return 0;
    case KEY_TIMEOUT:
        if (curfew_parse_duration("--timeout", argument, &cli->timeout_ms, &error) != CURFEW_OK)
            curfew_cli_usage(state, &error);
        if (cli->timeout_ms > INT32_MAX)
            argp_error(state, "--timeout is \"%s\": write a span up to 24d", argument);
        return 0;
    case KEY_JSON:
        cli->json = true;
        return 0;
    case KEY_KEY_FILE:
        set(cli, "producer.key_file", argument, state);
        return 0;
    case KEY_VERBOSE:
        cli->verbose = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp curfew_cli_common = {.options = common_options, .parser = parse_common};

static error_t parse_wait(int key, char *argument, struct argp_state *state)
{
    struct curfew_cli *cli = state->input;

    if (key != KEY_WAIT)
        return ARGP_ERR_UNKNOWN;
    if (strcmp(argument, "durable") != 0 && strcmp(argument, "accepted") != 0)
        argp_error(state, "--wait is \"%s\": write durable or accepted", argument);
    cli->wait = strcmp(argument, "durable") == 0 ? CURFEW_WAIT_DURABLE : CURFEW_WAIT_ACCEPTED;
    cli->wait_given = true;
    return 0;
}

static const struct argp wait_argp = {.options = wait_options, .parser = parse_wait};

/* What the three parsers of a command line are given. */
struct inputs {
    struct curfew_cli *cli;
    void *command;
};

static error_t parse_root(int key, char *argument, struct argp_state *state)
{
    const struct inputs *inputs = state->input;

    (void)argument;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->child_inputs[0] = inputs->command;
    state->child_inputs[1] = inputs->cli;
    if (state->root_argp->children[2].argp != NULL)
        state->child_inputs[2] = inputs->cli;
    return 0;
}

void curfew_cli_parse(struct curfew_cli *cli, const struct curfew_cli_syntax *syntax, int argc, char **argv,
                      void *input)
{
    const struct argp own = {.options = syntax->options, .parser = syntax->parse};
    struct argp_child children[] = {
        {&own, 0, NULL, 0}, {&curfew_cli_common, 0, NULL, 0}, {NULL, 0, NULL, 0}, {NULL, 0, NULL, 0}};
    const struct argp root = {
        .parser = parse_root, .args_doc = syntax->args, .doc = syntax->help, .children = children};
    struct inputs inputs = {cli, input};

    if (syntax->emits)
        children[2].argp = &wait_argp;
    error_t failed = argp_parse(&root, argc, argv, 0, NULL, &inputs);
    if (failed != 0) {
        curfew_cli_say("reading the command line: %s", strerror(failed));
        exit(CURFEW_EXIT_FAILED);
    }
}

void curfew_cli_usage(const struct argp_state *state, const struct curfew_error *error)
{
    argp_error(state, "%s", error->text);
}

void curfew_cli_take(struct argp_state *state, const char *argument, const char **slots, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i] == NULL) {
            slots[i] = argument;
            return;
        }
    argp_error(state, "\"%.64s\" is one argument too many", argument);
}

void curfew_cli_require(const struct argp_state *state, const void *value, const char *name, const char *example)
{
    if (value == NULL)
        argp_error(state, "%s is missing; for example: %s", name, example);
}

void curfew_cli_start(struct curfew_cli *cli)
{
    cli->deadline_us = curfew_clock_now().boot_us + cli->timeout_ms * CURFEW_US_PER_MS;
}

enum curfew_status curfew_cli_load(struct curfew_cli *cli, struct curfew_error *error)
{
    curfew_cli_start(cli);
    curfew_log_level_set(cli->verbose ? CURFEW_LOG_DEBUG : CURFEW_LOG_ERROR);
    if (cli->config_file == NULL)
        cli->config_file = getenv("CURFEW_CONFIG");
    if (cli->config_file != NULL && cli->config_file[0] == '\0')
        cli->config_file = NULL;
    enum curfew_status status = curfew_config_load(cli->config_file, &cli->config, error);
    for (size_t i = 0; status == CURFEW_OK && i < cli->settings_count; i += 2)
        status = curfew_config_set_argument(cli->config, cli->settings[i], cli->settings[i + 1], error);
    if (status != CURFEW_OK)
        return status;
    if (curfew_config_find(cli->config, "kafka.bootstrap.servers") == NULL)
        return curfew_error_set(error, CURFEW_INVALID,
                                "looking for the broker: kafka.bootstrap.servers is not set; write it into the file of "
                                "--config, or add --set kafka.bootstrap.servers=127.0.0.1:9092");
    return CURFEW_OK;
}

enum curfew_status curfew_cli_open(struct curfew_cli *cli, struct curfew_error *error)
{
    enum curfew_status status = curfew_cli_load(cli, error);

    if (status != CURFEW_OK)
        return status;
    const struct curfew_producer_options options = {
        .size = sizeof options,
        .config_file = cli->config_file,
        .settings = cli->settings,
    };
    if (curfew_config_find(cli->config, "producer.key_file") == NULL)
        return curfew_error_set(error, CURFEW_INVALID,
                                "looking for the writer's key: producer.key_file is not set; add --key-file FILE. "
                                "curfew topics create makes the operator's, and curfew writer add all others");
    if (curfew_config_find(cli->config, "coordinators.keys_file") == NULL)
        return curfew_error_set(error, CURFEW_INVALID,
                                "looking for the coordinators' keys, by which their answers are believed: "
                                "coordinators.keys_file is not set; write it into the file of --config, or add --set "
                                "coordinators.keys_file=keys/coordinators.json, which curfew topics create makes");
    return curfew_producer_open(&options, &cli->producer, error);
}

void curfew_cli_close(struct curfew_cli *cli)
{
    if (cli->producer != NULL)
        (void)curfew_producer_close(cli->producer, 0, NULL); /* every event's own outcome was reported before */
    curfew_config_destroy(cli->config);
    cli->producer = NULL;
    cli->config = NULL;
}

int curfew_cli_left_ms(const struct curfew_cli *cli)
{
    int64_t left_ms = (cli->deadline_us - curfew_clock_now().boot_us) / CURFEW_US_PER_MS;

    return left_ms < 0 ? 0 : (int)left_ms;
}

int curfew_cli_fail(const struct curfew_error *error)
{
    curfew_cli_say("%s", error->text);
    return (int)curfew_report_exit(error->status);
}

void curfew_cli_say(const char *format, ...)
{
    va_list arguments;

    flockfile(stderr);
    fputs("curfew: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
}

int curfew_cli_print(struct curfew_object *object, int otherwise)
{
    struct curfew_error error;
    enum curfew_status status = curfew_object_print(object, stdout, &error);

    curfew_object_destroy(object);
    return status == CURFEW_OK ? otherwise : curfew_cli_fail(&error);
}
