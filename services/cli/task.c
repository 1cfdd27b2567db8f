/* task: `curfew task start`, `curfew task attempt-end` and `curfew task end`. */
#include "services/cli/commands.h"
#include "services/cli/emit.h"
#include "services/cli/parse.h"
#include <inttypes.h>

#define WHAT_SIZE 160

enum {
    KEY_ATTEMPT = CURFEW_CLI_KEY(0),
    KEY_PARENT,
    KEY_PARENT_ATTEMPT,
    KEY_HOLDER,
    KEY_REASON,
};

/* The command line of all three: which options there are differs. */
struct task {
    const char *names[2]; /* session, task */
    const char *parent, *holder, *reason;
    int64_t attempt; /* 0: not given */
    int64_t parent_attempt; /* 0: not given */
    bool needs_attempt;
};

static const struct argp_option start_options[] = {
    {"attempt", KEY_ATTEMPT, "N", 0, "from 1 (default); a later one ends the one before", 0},
    {"parent", KEY_PARENT, "TASK", 0, "the task it is under (default: the session itself)", 0},
    {"parent-attempt", KEY_PARENT_ATTEMPT, "N", 0, "the parent's attempt (default 1)", 0},
    {"holder", KEY_HOLDER, "HOLDER", 0, "whose lease keeps it running: ends it when the heartbeats stop", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp_option attempt_end_options[] = {
    {"attempt", KEY_ATTEMPT, "N", 0, "the attempt that ends", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why, for people", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp_option end_options[] = {
    {"attempt", KEY_ATTEMPT, "N", 0, "the attempt that says so (default: whichever is current)", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why, for people", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void check_task(const struct argp_state *state, const struct task *task)
{
    curfew_cli_require(state, task->names[0], "SESSION", "the id that curfew session start printed");
    curfew_cli_require(state, task->names[1], "TASK", "clean");
    if (task->needs_attempt && task->attempt == 0)
        argp_error(state, "--attempt is missing; for example: --attempt 1");
    if (task->parent_attempt != 0 && task->parent == NULL)
        argp_error(state, "--parent-attempt is given without --parent");
}

static error_t parse_task(int key, char *argument, struct argp_state *state)
{
    struct task *task = state->input;
    struct curfew_error error;
    enum curfew_status status = CURFEW_OK;

    switch (key) {
    case KEY_ATTEMPT:
        status = curfew_parse_count("--attempt", argument, 1, INT64_MAX - 1, &task->attempt, &error);
        break;
    case KEY_PARENT:
        task->parent = argument;
        break;
    case KEY_PARENT_ATTEMPT:
        status = curfew_parse_count("--parent-attempt", argument, 1, INT64_MAX - 1, &task->parent_attempt, &error);
        break;
    case KEY_HOLDER:
        task->holder = argument;
        break;
    case KEY_REASON:
        task->reason = argument;
        break;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, task->names, 2);
        break;
    case ARGP_KEY_END:
        check_task(state, task);
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
    .parse = parse_task,
    .args = "SESSION TASK",
    .help = "Starts a task in a session, or its next attempt, which ends the attempt before it. Wait for it to be "
            "accepted before handing the task on: what is under an unknown task is refused. Prints lane:offset of the "
            "event.\v"
            "Example:\n"
            "  S=$(jq -r .session session.json)\n"
            "  curfew task start $S extract\n"
            "  curfew task start $S clean --parent extract --holder scheduler-1\n"
            "  curfew task start $S clean --parent extract --attempt 2" CURFEW_CLI_EXITS,
    .emits = true,
};

static const struct curfew_cli_syntax attempt_end_syntax = {
    .options = attempt_end_options,
    .parse = parse_task,
    .args = "SESSION TASK",
    .help = "Ends one attempt of a task: its tokens and everything under it are denied; the next attempt may start. "
            "Prints lane:offset of the event.\v"
            "Example:\n"
            "  curfew task attempt-end 3.k7QwZ2pXn0aVb81mJc5TyA clean --attempt 1" CURFEW_CLI_EXITS,
    .emits = true,
};

static const struct curfew_cli_syntax end_syntax = {
    .options = end_options,
    .parse = parse_task,
    .args = "SESSION TASK",
    .help = "Ends a task for good: its tokens and everything under it are denied, and no attempt may follow. Prints "
            "lane:offset of the event.\v"
            "Example:\n"
            "  curfew task end 3.k7QwZ2pXn0aVb81mJc5TyA clean --reason done" CURFEW_CLI_EXITS,
    .emits = true,
};

static int send_task(struct curfew_cli *cli, const struct curfew_event *event, const char *verb,
                     const struct task *task)
{
    char what[WHAT_SIZE];

    if (task->attempt != 0)
        snprintf(what, sizeof what, "%s task %.64s attempt %" PRId64, verb, task->names[1], task->attempt);
    else
        snprintf(what, sizeof what, "%s task %.64s", verb, task->names[1]);
    const struct curfew_cli_report report = {what, NULL, NULL};
    return curfew_cli_send(cli, event, &report);
}

int curfew_task_start(struct curfew_cli *cli, int argc, char **argv)
{
    struct task task = {.parent = NULL};
    struct curfew_event event = {.type = CURFEW_EVENT_TASK_STARTED};
    struct curfew_task_started *started = &event.as.task_started;

    curfew_cli_parse(cli, &start_syntax, argc, argv, &task);
    if (task.attempt == 0)
        task.attempt = 1;
    started->session = curfew_slice_of(task.names[0]);
    started->task = curfew_slice_of(task.names[1]);
    started->attempt = task.attempt;
    started->parent = curfew_slice_of(task.parent);
    if (task.parent != NULL)
        started->parent_attempt = task.parent_attempt == 0 ? 1 : task.parent_attempt;
    started->holder = curfew_slice_of(task.holder);
    return send_task(cli, &event, "start of", &task);
}

int curfew_task_attempt_end(struct curfew_cli *cli, int argc, char **argv)
{
    struct task task = {.needs_attempt = true};
    struct curfew_event event = {.type = CURFEW_EVENT_ATTEMPT_ENDED};
    struct curfew_attempt_ended *ended = &event.as.attempt_ended;

    curfew_cli_parse(cli, &attempt_end_syntax, argc, argv, &task);
    ended->session = curfew_slice_of(task.names[0]);
    ended->task = curfew_slice_of(task.names[1]);
    ended->attempt = task.attempt;
    ended->reason = curfew_slice_of(task.reason);
    return send_task(cli, &event, "end of", &task);
}

int curfew_task_end(struct curfew_cli *cli, int argc, char **argv)
{
    struct task task = {.parent = NULL};
    struct curfew_event event = {.type = CURFEW_EVENT_TASK_ENDED};
    struct curfew_task_ended *ended = &event.as.task_ended;

    curfew_cli_parse(cli, &end_syntax, argc, argv, &task);
    ended->session = curfew_slice_of(task.names[0]);
    ended->task = curfew_slice_of(task.names[1]);
    ended->attempt = task.attempt;
    ended->reason = curfew_slice_of(task.reason);
    return send_task(cli, &event, "end of", &task);
}
