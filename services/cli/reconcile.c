/* reconcile: `curfew reconcile`: ends what is alive under an owner and no longer in its list of what is running. */
#include "core/clock.h"
#include "producer/outcome.h"
#include "services/cli/alive.h"
#include "services/cli/commands.h"
#include "services/cli/parse.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 10000
#define GRACE_LEAST_MS 1000 /* what the clocks of the broker and of whoever took the list may differ by, and more */
#define AT_MOST 100
#define PROGRESS_US CURFEW_US_PER_S

enum {
    KEY_COORDINATOR = CURFEW_CLI_KEY(0),
    KEY_OWNER,
    KEY_TENANT,
    KEY_TAKEN,
    KEY_GRACE,
    KEY_AT_MOST,
    KEY_DRY_RUN,
    KEY_ALLOW_EMPTY
};

/* One end on its way. The producer's thread writes the outcome. */
struct ending {
    struct reconciling *all;
    const struct curfew_alive_task *task;
    struct curfew_outcome outcome;
};

struct reconciling {
    struct curfew_cli *cli;
    const char *coordinator, *owner, *tenant, *taken;
    int64_t taken_us, grace_ms, at_most, begun_us; /* begun: wall clock */
    bool dry_run, allow_empty;
    int64_t told_us; /* boot time of the last word on progress */
    struct curfew_alive alive;
    struct curfew_running *running;
    struct ending *endings;
    size_t ending_count;
    pthread_mutex_t lock;
    pthread_cond_t over; /* one more is */
    size_t over_count;
};

static const struct argp_option options[] = {
    {"owner", KEY_OWNER, "NAME", 0, "whose list it is: a holder, or the writer that started the tasks", 0},
    {"tenant", KEY_TENANT, "TENANT", 0, "whose; * is all. Needed when the owner's name is in use in more than one", 0},
    {"taken", KEY_TAKEN, "TIME", 0, "when the making of the list began: microseconds since 1970, or now", 0},
    {"grace", KEY_GRACE, "SPAN", 0, "leave alone what started this long before --taken, or later (default 10s)", 0},
    {"at-most", KEY_AT_MOST, "N", 0, "end nothing at all if more than N would end (default 100)", 0},
    {"dry-run", KEY_DRY_RUN, NULL, 0, "say what would end, and end nothing", 0},
    {"allow-empty", KEY_ALLOW_EMPTY, NULL, 0, "an empty list means that nothing runs", 0},
    {"coordinator", KEY_COORDINATOR, "URL", 0, "whom to ask (default: the setting coordinator.url)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void check(const struct argp_state *state, struct reconciling *all)
{
    struct curfew_error error;

    curfew_cli_require(state, all->owner, "--owner NAME", "--owner scheduler-1");
    curfew_cli_require(state, all->taken, "--taken TIME", "--taken $(date +%s%6N), run before the list is made");
    if (curfew_parse_time("--taken", all->taken, all->begun_us, &all->taken_us, &error) != CURFEW_OK)
        curfew_cli_usage(state, &error);
    if (all->taken_us > all->begun_us)
        argp_error(state, "--taken %s lies ahead; it is when the list was taken", all->taken);
    if (all->grace_ms < GRACE_LEAST_MS)
        argp_error(state, "--grace is at least 1s: clocks differ");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct reconciling *all = state->input;
    struct curfew_error error;
    enum curfew_status status = CURFEW_OK;

    switch (key) {
    case KEY_COORDINATOR:
        all->coordinator = argument;
        break;
    case KEY_OWNER:
        all->owner = argument;
        break;
    case KEY_TENANT:
        all->tenant = argument;
        break;
    case KEY_TAKEN:
        all->taken = argument;
        break;
    case KEY_GRACE:
        status = curfew_parse_duration("--grace", argument, &all->grace_ms, &error);
        break;
    case KEY_AT_MOST:
        status = curfew_parse_count("--at-most", argument, 1, CURFEW_ALIVE_MAX, &all->at_most, &error);
        break;
    case KEY_DRY_RUN:
        all->dry_run = true;
        break;
    case KEY_ALLOW_EMPTY:
        all->allow_empty = true;
        break;
    case ARGP_KEY_END:
        check(state, all);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (status != CURFEW_OK)
        curfew_cli_usage(state, &error);
    return 0;
}

static const struct curfew_cli_syntax syntax = {
    .options = options,
    .parse = parse,
    .args = "",
    .help =
        "Reads a list of what an orchestrator runs, JSON lines on standard input, and ends for good every task that a "
        "coordinator knows to be running under that owner and that is not in the list. For an orchestrator that came "
        "back, or was replaced, and finds less running than it once started.\n"
        "It ends nothing that started since the list was taken, nor what such a task or a listed one hangs below; a "
        "task that is listed at another attempt; or an attempt that began after the coordinator was asked. The "
        "coordinator is asked before the list is read.\v"
        "A line is {\"session\":\"3.k7QwZ2pXn0aVb81mJc5TyA\",\"task\":\"clean\",\"attempt\":1}; without an attempt, "
        "any. A last line {\"count\":N} is checked, so that a list that is cut off ends nothing: write it if you "
        "can.\n\n"
        "Example:\n"
        "  T=$(date +%s%6N); my-scheduler list --json > running.jsonl\n"
        "  curfew reconcile --owner scheduler-1 --taken $T --dry-run < running.jsonl\n"
        "  curfew reconcile --owner scheduler-1 --taken $T < running.jsonl\n\n"
        "Prints SESSION TASK ATTEMPT and lane:offset of each end; with --json an object a line for each task of the "
        "owner's that is not in the list, and one that sums up." CURFEW_CLI_EXITS,
    .emits = true,
};

/* True once in a while. */
static bool is_time(struct reconciling *all)
{
    const int64_t now_us = curfew_clock_now().boot_us;

    if (now_us - all->told_us < PROGRESS_US)
        return false;
    all->told_us = now_us;
    return true;
}

static void tell_asked(void *context, size_t sessions, size_t of)
{
    if (is_time(context))
        curfew_cli_say("asked for %zu of %zu sessions", sessions, of);
}

static size_t count_of(const struct curfew_alive *alive, enum curfew_fate fate)
{
    size_t count = 0;

    for (size_t i = 0; i < alive->count; i++)
        count += alive->tasks[i]->owned && alive->tasks[i]->fate == fate ? 1 : 0;
    return count;
}

/* Asks, reads the list, and decides. In this order: whatever the coordinator knew was there before the list was read
 * to its end, and the list's own time is the caller's word. */
static enum curfew_status find_out(struct reconciling *all, struct curfew_error *error)
{
    const struct curfew_alive_options asking = {all->coordinator,      all->owner, all->tenant,
                                                all->cli->deadline_us, tell_asked, all};
    enum curfew_status status = curfew_alive_gather(&asking, &all->alive, error);

    if (status == CURFEW_OK && isatty(STDIN_FILENO))
        curfew_cli_say("waiting for the list on standard input; end it with Ctrl-D");
    if (status == CURFEW_OK)
        status = curfew_running_read(stdin, &all->running, error);
    if (status != CURFEW_OK)
        return status;
    if (curfew_running_count(all->running) == 0 && !all->allow_empty)
        return curfew_error_set(error, CURFEW_INVALID,
                                "the list is empty, and everything of %.64s would end; if nothing runs any more, say "
                                "--allow-empty",
                                all->owner);
    curfew_alive_decide(&all->alive, all->running, all->taken_us - all->grace_ms * CURFEW_US_PER_MS);
    const size_t ends = count_of(&all->alive, CURFEW_FATE_ENDED);
    if (!all->dry_run && ends > (size_t)all->at_most)
        return curfew_error_set(error, CURFEW_INVALID,
                                "%zu tasks would end, which is more than --at-most %" PRId64
                                "; nothing was ended. Look "
                                "at them with --dry-run, then say --at-most %zu",
                                ends, all->at_most, ends);
    return CURFEW_OK;
}

static void note(void *context, const struct curfew_outcome *outcome)
{
    struct ending *ending = context;
    struct reconciling *all = ending->all;

    pthread_mutex_lock(&all->lock);
    ending->outcome = *outcome;
    all->over_count++;
    pthread_cond_signal(&all->over);
    pthread_mutex_unlock(&all->lock);
}

/* The attempt that was looked at says so: one that began meanwhile goes on. */
static void send_one(struct reconciling *all, struct ending *ending)
{
    char reason[128];
    struct curfew_error error;
    const struct curfew_alive_task *task = ending->task;

    snprintf(reason, sizeof reason, "reconcile: not in the list of what %.64s runs", all->owner);
    const struct curfew_event event = {.type = CURFEW_EVENT_TASK_ENDED,
                                       .as.task_ended = {.session = curfew_slice_of(task->session),
                                                         .task = curfew_slice_of(task->task),
                                                         .attempt = task->attempt,
                                                         .reason = curfew_slice_of(reason)}};
    const struct curfew_emit emit = {.event = &event,
                                     .lane = CURFEW_LANE_OF_EVENT,
                                     .wait = all->cli->wait,
                                     .timeout_ms = curfew_cli_left_ms(all->cli) + 1,
                                     .emitted = note,
                                     .context = ending};
    enum curfew_status status = curfew_producer_emit(all->cli->producer, &emit, &error);
    if (status != CURFEW_OK) {
        const struct curfew_outcome outcome = {.status = status, .receipt.offset = -1, .error = error};
        note(ending, &outcome);
    }
}

/* Every emission ends by itself, at its time-out at the latest. */
static void await_all(struct reconciling *all)
{
    pthread_mutex_lock(&all->lock);
    while (all->over_count < all->ending_count) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        (void)pthread_cond_timedwait(&all->over, &all->lock, &until);
        if (all->over_count < all->ending_count && is_time(all))
            curfew_cli_say("ended %zu of %zu", all->over_count, all->ending_count);
    }
    pthread_mutex_unlock(&all->lock);
}

static enum curfew_status end_all(struct reconciling *all, struct curfew_error *error)
{
    curfew_cli_start(all->cli); /* the list may have been long in coming */
    all->endings = calloc(count_of(&all->alive, CURFEW_FATE_ENDED) + 1, sizeof *all->endings);
    if (all->endings == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "ending tasks: out of memory");
    for (size_t i = 0; i < all->alive.count; i++)
        if (all->alive.tasks[i]->fate == CURFEW_FATE_ENDED)
            all->endings[all->ending_count++] = (struct ending){.all = all, .task = all->alive.tasks[i]};
    for (size_t i = 0; i < all->ending_count; i++)
        send_one(all, &all->endings[i]);
    await_all(all);
    return CURFEW_OK;
}

static struct curfew_object *object_of(const struct curfew_alive_task *task, const char *fate)
{
    struct curfew_object *object = curfew_object_create();

    curfew_object_put_text(object, "session", task->session);
    curfew_object_put_text(object, "task", task->task);
    curfew_object_put_int(object, "attempt", task->attempt);
    curfew_object_put_int(object, "started_us", task->started_us);
    curfew_object_put_text(object, "fate", fate);
    return object;
}

/* What was not ended, or would be. */
static void report_rest(const struct reconciling *all)
{
    for (size_t i = 0; i < all->alive.count; i++) {
        const struct curfew_alive_task *task = all->alive.tasks[i];
        const bool ends = task->fate == CURFEW_FATE_ENDED;
        if (!task->owned || task->fate == CURFEW_FATE_LISTED || (ends && !all->dry_run))
            continue;
        if (all->cli->json)
            (void)curfew_cli_print(object_of(task, ends ? "would_end" : curfew_fate_name(task->fate)), 0);
        else if (ends)
            printf("%s %s %" PRId64 "\n", task->session, task->task, task->attempt);
        else if (task->fate == CURFEW_FATE_OTHERWISE)
            curfew_cli_say("%s %s is listed, but not at attempt %" PRId64 ", which runs; it is left alone",
                           task->session, task->task, task->attempt);
    }
}

/* Gives the worst exit status. */
static int report_endings(const struct reconciling *all)
{
    int worst = CURFEW_EXIT_OK;

    for (size_t i = 0; i < all->ending_count; i++) {
        const struct ending *ending = &all->endings[i];
        const struct curfew_outcome *outcome = &ending->outcome;
        const int status = (int)curfew_report_exit(outcome->status);
        char what[CURFEW_ID_MAX + 64];
        char line[1024];
        worst = status > worst ? status : worst;
        if (all->cli->json) {
            struct curfew_object *object = object_of(ending->task, status == CURFEW_EXIT_OK ? "ended" : "not_ended");
            curfew_outcome_put(outcome, object);
            (void)curfew_cli_print(object, 0);
        } else if (status == CURFEW_EXIT_OK) {
            printf("%s %s %" PRId64 " %" PRId32 ":%" PRId64 "\n", ending->task->session, ending->task->task,
                   ending->task->attempt, outcome->receipt.lane, outcome->receipt.offset);
        }
        if (status != CURFEW_EXIT_OK) {
            snprintf(what, sizeof what, "end of task %.64s in %.40s", ending->task->task, ending->task->session);
            curfew_report_line(outcome, what, line, sizeof line);
            curfew_cli_say("%s", line);
        }
    }
    return worst;
}

static size_t ended_count(const struct reconciling *all)
{
    size_t count = 0;

    for (size_t i = 0; i < all->ending_count; i++)
        count += all->endings[i].outcome.status == CURFEW_OK ? 1 : 0;
    return count;
}

static int sum_up(const struct reconciling *all, int status)
{
    const struct curfew_alive *alive = &all->alive;
    const size_t ends = count_of(alive, CURFEW_FATE_ENDED);
    const size_t below = count_of(alive, CURFEW_FATE_BELOW);
    const size_t young = count_of(alive, CURFEW_FATE_YOUNG);
    const size_t listed = count_of(alive, CURFEW_FATE_LISTED);
    const size_t otherwise = count_of(alive, CURFEW_FATE_OTHERWISE);
    const size_t above = count_of(alive, CURFEW_FATE_ABOVE);

    if (!all->cli->json) {
        curfew_cli_say("%s: %zu in the list, %zu of what runs is in it; %zu %s, and %zu more below them; left alone: "
                       "%zu started since, %zu above what runs, %zu at another attempt",
                       all->owner, curfew_running_count(all->running), listed, all->dry_run ? ends : ended_count(all),
                       all->dry_run ? "would end" : "ended", below, young, above, otherwise);
        return status;
    }
    struct curfew_object *object = curfew_object_create();
    curfew_object_put_text(object, "owner", all->owner);
    curfew_object_put_bool(object, "dry_run", all->dry_run);
    curfew_object_put_int(object, "sessions", (int64_t)alive->sessions);
    curfew_object_put_int(object, "in_list", (int64_t)curfew_running_count(all->running));
    curfew_object_put_int(object, "listed", (int64_t)listed);
    curfew_object_put_int(object, "to_end", (int64_t)ends);
    curfew_object_put_int(object, "ended", (int64_t)ended_count(all));
    curfew_object_put_int(object, "below_what_ends", (int64_t)below);
    curfew_object_put_int(object, "started_since", (int64_t)young);
    curfew_object_put_int(object, "above_what_runs", (int64_t)above);
    curfew_object_put_int(object, "listed_at_another_attempt", (int64_t)otherwise);
    return curfew_cli_print(object, status);
}

static int run(struct reconciling *all, struct curfew_error *error)
{
    struct curfew_cli *cli = all->cli;
    enum curfew_status status = all->dry_run ? curfew_cli_load(cli, error) : curfew_cli_open(cli, error);

    if (status == CURFEW_OK && all->coordinator == NULL)
        status = curfew_config_get(cli->config, "coordinator.url", &all->coordinator, error);
    if (status == CURFEW_OK)
        status = find_out(all, error);
    if (status == CURFEW_OK && !all->dry_run)
        status = end_all(all, error);
    if (status != CURFEW_OK)
        return curfew_cli_fail(error);
    const int worst = report_endings(all);
    report_rest(all);
    return sum_up(all, worst);
}

int curfew_reconcile(struct curfew_cli *cli, int argc, char **argv)
{
    struct reconciling all = {.cli = cli,
                              .grace_ms = GRACE_MS,
                              .at_most = AT_MOST,
                              .begun_us = curfew_clock_now().wall_us,
                              .told_us = curfew_clock_now().boot_us,
                              .lock = PTHREAD_MUTEX_INITIALIZER,
                              .over = PTHREAD_COND_INITIALIZER};
    struct curfew_error error;

    curfew_cli_parse(cli, &syntax, argc, argv, &all);
    const int status = run(&all, &error);
    curfew_cli_close(cli); /* the last callbacks come now */
    curfew_alive_free(&all.alive);
    curfew_running_destroy(all.running);
    free(all.endings);
    return status;
}
