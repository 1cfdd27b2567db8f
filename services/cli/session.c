/* session: `curfew session start` and `curfew session end`. */
#include "core/clock.h"
#include "core/digest.h"
#include "core/id.h"
#include "services/cli/commands.h"
#include "services/cli/emit.h"
#include "services/cli/parse.h"

#define DEFAULT_LIFE_MS (8 * 3600 * INT64_C(1000))
#define WHAT_SIZE 128

enum {
    KEY_TENANT = CURFEW_CLI_KEY(0),
    KEY_USER,
    KEY_ISSUER,
    KEY_LANE,
    KEY_LIFE,
    KEY_AUTH,
    KEY_HOLDER,
    KEY_ORCHESTRATOR,
    KEY_REASON,
};

struct start {
    const char *tenant, *user, *issuer, *holder, *auth;
    int64_t lane; /* 0: any */
    int64_t life_ms;
    int64_t auth_us; /* 0: now */
    struct curfew_slice orchestrators[CURFEW_ORCHESTRATORS_MAX];
    size_t orchestrator_count;
};

static const struct argp_option start_options[] = {
    {"tenant", KEY_TENANT, "TENANT", 0, "whose session it is", 0},
    {"user", KEY_USER, "USER", 0, "the user, as sub in tokens", 0},
    {"issuer", KEY_ISSUER, "ISS", 0, "iss of the session's tokens (default: the setting issuer.name)", 0},
    {"lane", KEY_LANE, "N", 0, "the lane it lives in (default: any)", 0},
    {"life", KEY_LIFE, "SPAN", 0, "until its deadline, whatever happens (default 8h)", 0},
    {"auth-time", KEY_AUTH, "now|MICROSECONDS", 0, "when the user logged in (default now)", 0},
    {"holder", KEY_HOLDER, "HOLDER", 0, "whose lease keeps it open: ends it when the heartbeats stop", 0},
    {"orchestrator", KEY_ORCHESTRATOR, "WRITER", 0, "a writer that may run tasks in it; again for more", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_start(int key, char *argument, struct argp_state *state)
{
    struct start *start = state->input;
    struct curfew_error error;
    enum curfew_status status = CURFEW_OK;

    switch (key) {
    case KEY_TENANT:
        start->tenant = argument;
        break;
    case KEY_USER:
        start->user = argument;
        break;
    case KEY_ISSUER:
        start->issuer = argument;
        break;
    case KEY_ORCHESTRATOR:
        if (start->orchestrator_count == CURFEW_ORCHESTRATORS_MAX)
            argp_error(state, "--orchestrator: %d at most", CURFEW_ORCHESTRATORS_MAX);
        start->orchestrators[start->orchestrator_count++] = curfew_slice_of(argument);
        break;
    case KEY_LANE:
        status = curfew_parse_count("--lane", argument, 1, CURFEW_LANES_MAX - 1, &start->lane, &error);
        break;
    case KEY_LIFE:
        status = curfew_parse_duration("--life", argument, &start->life_ms, &error);
        break;
    case KEY_AUTH:
        status = curfew_parse_time("--auth-time", argument, 0, &start->auth_us, &error);
        break;
    case KEY_HOLDER:
        start->holder = argument;
        break;
    case ARGP_KEY_END:
        curfew_cli_require(state, start->tenant, "--tenant", "--tenant acme");
        curfew_cli_require(state, start->user, "--user", "--user ana");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (status != CURFEW_OK)
        curfew_cli_usage(state, &error);
    return 0;
}

static const struct curfew_cli_syntax start_syntax = {
    .options = start_options,
    .parse = parse_start,
    .args = "",
    .help = "Starts a session of a user and prints its id, once the coordinator has accepted it. Tasks and tokens live "
            "in a session; when it ends, everything in it is denied.\v"
            "Example:\n"
            "  curfew session start --tenant acme --user ana --issuer https://id.example\n"
            "  curfew session start --tenant acme --user ana --json > session.json\n\n"
            "The file of the second is what curfew token mint --session-file reads." CURFEW_CLI_EXITS,
    .emits = true,
};

/* Checks the lane asked for, or picks one. */
static enum curfew_status choose_lane(struct curfew_cli *cli, int64_t asked, int32_t *lane, struct curfew_error *error)
{
    int32_t lanes = 0;
    uint32_t random;
    enum curfew_status status = curfew_producer_lanes(cli->producer, curfew_cli_left_ms(cli), &lanes, error);

    if (status != CURFEW_OK)
        return status;
    if (asked >= lanes)
        return curfew_error_set(error, CURFEW_INVALID, "--lane is %d: this cluster has the lanes 1 to %d", (int)asked,
                                lanes - 1);
    curfew_random(&random, sizeof random);
    *lane = asked != 0 ? (int32_t)asked : 1 + (int32_t)(random % (uint32_t)(lanes - 1));
    return CURFEW_OK;
}

/* What token mint --session-file reads. */
static struct curfew_object *describe_session(const struct curfew_session_started *started)
{
    struct curfew_object *object = curfew_object_create();

    curfew_object_put_slice(object, "session", started->session);
    curfew_object_put_slice(object, "tenant", started->tenant);
    curfew_object_put_slice(object, "user", started->user);
    curfew_object_put_slice(object, "issuer", started->issuer);
    curfew_object_put_int(object, "auth_us", started->auth_us);
    curfew_object_put_int(object, "deadline_us", started->deadline_us);
    return object;
}

static int start_session(struct curfew_cli *cli, const struct start *start)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED};
    struct curfew_session_started *started = &event.as.session_started;
    const char *issuer = start->issuer;
    char session[CURFEW_SESSION_ID_SIZE];
    char what[WHAT_SIZE];
    uint8_t random[16];
    struct curfew_error error;
    int32_t lane = 0;

    if (curfew_cli_open(cli, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    if (issuer == NULL)
        issuer = curfew_config_find(cli->config, "issuer.name");
    if (issuer == NULL || issuer[0] == '\0') {
        curfew_cli_say("starting a session: no --issuer, and the setting issuer.name is empty; write one of them");
        return CURFEW_EXIT_USAGE;
    }
    if (choose_lane(cli, start->lane, &lane, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    int64_t now_us = curfew_clock_now().wall_us;
    curfew_random(random, sizeof random);
    curfew_session_id_make(lane, random, session);
    started->session = curfew_slice_of(session);
    started->tenant = curfew_slice_of(start->tenant);
    started->issuer = curfew_slice_of(issuer);
    started->user = curfew_slice_of(start->user);
    started->holder = curfew_slice_of(start->holder);
    started->orchestrators = (struct curfew_list){start->orchestrators, start->orchestrator_count};
    started->auth_us = start->auth_us != 0 ? start->auth_us : now_us;
    started->deadline_us = now_us + start->life_ms * CURFEW_US_PER_MS;
    snprintf(what, sizeof what, "session %s", session);
    const struct curfew_cli_report report = {what, session, cli->json ? describe_session(started) : NULL};
    return curfew_cli_emit(cli, &event, &report);
}

int curfew_session_start(struct curfew_cli *cli, int argc, char **argv)
{
    struct start start = {.life_ms = DEFAULT_LIFE_MS};

    curfew_cli_parse(cli, &start_syntax, argc, argv, &start);
    int status = start_session(cli, &start);
    curfew_cli_close(cli);
    return status;
}

struct end {
    const char *session, *reason;
};

static const struct argp_option end_options[] = {
    {"reason", KEY_REASON, "TEXT", 0, "why, for people", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_end(int key, char *argument, struct argp_state *state)
{
    struct end *end = state->input;

    switch (key) {
    case KEY_REASON:
        end->reason = argument;
        return 0;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, &end->session, 1);
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, end->session, "SESSION", "the id that curfew session start printed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax end_syntax = {
    .options = end_options,
    .parse = parse_end,
    .args = "SESSION",
    .help = "Ends a session: every task and token in it is denied, at every hop, from then on. Prints lane:offset of "
            "the event.\v"
            "Example:\n"
            "  curfew session end 3.k7QwZ2pXn0aVb81mJc5TyA --reason \"logged out\"" CURFEW_CLI_EXITS,
    .emits = true,
};

int curfew_session_end(struct curfew_cli *cli, int argc, char **argv)
{
    struct end end = {.session = NULL};
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED};
    struct curfew_session_ended *ended = &event.as.session_ended;
    char what[WHAT_SIZE];

    curfew_cli_parse(cli, &end_syntax, argc, argv, &end);
    ended->session = curfew_slice_of(end.session);
    ended->reason = curfew_slice_of(end.reason);
    snprintf(what, sizeof what, "end of session %.64s", end.session);
    const struct curfew_cli_report report = {what, NULL, NULL};
    return curfew_cli_send(cli, &event, &report);
}
