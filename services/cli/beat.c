/* beat: `curfew beat`: a holder's heartbeats, in one lane or in all, once or until told to stop. */
#include "core/clock.h"
#include "core/id.h"
#include "services/cli/commands.h"
#include "services/cli/emit.h"
#include "services/cli/parse.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define WHAT_SIZE 160

enum { KEY_SESSION = CURFEW_CLI_KEY(0), KEY_LANE, KEY_ALL_LANES, KEY_EVERY };

struct beat {
    const char *holder, *session;
    int64_t lane; /* 0: not given */
    int64_t every_ms; /* 0: once */
    bool all_lanes;
};

static const struct argp_option options[] = {
    {"session", KEY_SESSION, "SESSION", 0, "beat in the lane of this session", 0},
    {"lane", KEY_LANE, "N", 0, "beat in this lane", 0},
    {"all-lanes", KEY_ALL_LANES, NULL, 0, "beat in every lane", 0},
    {"every", KEY_EVERY, "SPAN", 0, "again every so often, such as 2s, until SIGTERM or SIGINT", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct beat *beat = state->input;
    struct curfew_error error;
    enum curfew_status status = CURFEW_OK;

    switch (key) {
    case KEY_SESSION:
        beat->session = argument;
        break;
    case KEY_LANE:
        status = curfew_parse_count("--lane", argument, 1, CURFEW_LANES_MAX - 1, &beat->lane, &error);
        break;
    case KEY_ALL_LANES:
        beat->all_lanes = true;
        break;
    case KEY_EVERY:
        status = curfew_parse_duration("--every", argument, &beat->every_ms, &error);
        break;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, &beat->holder, 1);
        break;
    case ARGP_KEY_END:
        curfew_cli_require(state, beat->holder, "HOLDER", "scheduler-1");
        if ((beat->session != NULL) + (beat->lane != 0) + beat->all_lanes != 1)
            argp_error(state, "say where: one of --session, --lane and --all-lanes");
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
    .args = "HOLDER",
    .help = "Says that a holder is alive. What it holds in a lane ends when it has been silent there for longer than "
            "the lease; one heartbeat renews all of it. Prints lane:offset of each heartbeat when it beats once.\v"
            "Example:\n"
            "  curfew beat scheduler-1 --session 3.k7QwZ2pXn0aVb81mJc5TyA\n"
            "  curfew beat scheduler-1 --all-lanes --every 2s\n\n"
            "With --every it waits for durable unless --wait says otherwise, tells only what changes, and ends with 0 "
            "when it is told to stop. With --all-lanes, lanes in which the holder holds nothing do not count as "
            "refused unless there is none in which it does." CURFEW_CLI_EXITS,
    .emits = true,
};

/* One lane's heartbeats. The producer's thread writes the outcome. */
struct beat_lane {
    struct beating *beating;
    struct curfew_outcome outcome; /* of the newest that is over */
    int32_t lane;
    bool under_way;
    enum curfew_status told; /* what people were last told of */
};

struct beating {
    pthread_mutex_t lock;
    pthread_cond_t over; /* one is no longer under way */
    const struct curfew_cli *cli;
    const struct beat *beat;
    int32_t count;
    struct beat_lane lanes[CURFEW_LANES_MAX];
};

static void note(void *context, const struct curfew_outcome *outcome)
{
    struct beat_lane *lane = context;

    pthread_mutex_lock(&lane->beating->lock);
    lane->outcome = *outcome;
    lane->under_way = false;
    pthread_cond_signal(&lane->beating->over);
    pthread_mutex_unlock(&lane->beating->lock);
}

/* Sends one heartbeat to every lane whose last one is over. */
static void send_all(struct beating *beating)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_HOLDER_HEARTBEAT,
                                       .as.holder_heartbeat.holder = curfew_slice_of(beating->beat->holder)};

    for (int32_t i = 0; i < beating->count; i++) {
        struct beat_lane *lane = &beating->lanes[i];
        struct curfew_error error;
        pthread_mutex_lock(&beating->lock);
        bool busy = lane->under_way;
        lane->under_way = true;
        pthread_mutex_unlock(&beating->lock);
        if (busy)
            continue;
        const struct curfew_emit emit = {
            .event = &event, .lane = lane->lane, .wait = beating->cli->wait, .emitted = note, .context = lane};
        enum curfew_status status = curfew_producer_emit(beating->cli->producer, &emit, &error);
        if (status != CURFEW_OK) {
            struct curfew_outcome outcome = {.status = status, .receipt.offset = -1, .error = error};
            note(lane, &outcome);
        }
    }
}

/* Which lanes to beat in. */
static enum curfew_status find_lanes(struct beating *beating, struct curfew_error *error)
{
    const struct beat *beat = beating->beat;
    int32_t lanes = 0;
    int32_t first = (int32_t)beat->lane;
    enum curfew_status status;

    if (beat->session != NULL) {
        status = curfew_session_id_lane(curfew_slice_of(beat->session), &first, error);
        if (status != CURFEW_OK)
            return status;
    }
    status = curfew_producer_lanes(beating->cli->producer, curfew_cli_left_ms(beating->cli), &lanes, error);
    if (status != CURFEW_OK)
        return status;
    if (first >= lanes)
        return curfew_error_set(error, CURFEW_INVALID, "lane %" PRId32 ": this cluster has the lanes 1 to %" PRId32,
                                first, lanes - 1);
    beating->count = beat->all_lanes ? lanes - 1 : 1;
    for (int32_t i = 0; i < beating->count; i++)
        beating->lanes[i] =
            (struct beat_lane){.beating = beating, .lane = beat->all_lanes ? i + 1 : first, .told = CURFEW_OK};
    return CURFEW_OK;
}

static bool any_under_way(const struct beating *beating)
{
    for (int32_t i = 0; i < beating->count; i++)
        if (beating->lanes[i].under_way)
            return true;
    return false;
}

/* Until every lane's heartbeat is over, or the time-out. */
static void wait_all(struct beating *beating)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    int64_t nanoseconds = until.tv_nsec + (int64_t)curfew_cli_left_ms(beating->cli) * 1000000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_mutex_lock(&beating->lock);
    while (any_under_way(beating))
        if (pthread_cond_timedwait(&beating->over, &beating->lock, &until) == ETIMEDOUT)
            break;
    pthread_mutex_unlock(&beating->lock);
}

static bool holds_nothing(const struct curfew_outcome *outcome)
{
    return outcome->status == CURFEW_REFUSED && outcome->refusal.reason == CURFEW_REASON_UNKNOWN_HOLDER;
}

/* What became of one lane's heartbeat, also when nothing did yet. */
static struct curfew_outcome outcome_of(struct beating *beating, struct beat_lane *lane)
{
    struct curfew_outcome outcome;

    pthread_mutex_lock(&beating->lock);
    outcome = lane->outcome;
    if (lane->under_way) {
        const char *servers = curfew_config_find(beating->cli->config, "kafka.bootstrap.servers");
        outcome = (struct curfew_outcome){.receipt.offset = -1};
        outcome.status = curfew_error_set(
            &outcome.error, CURFEW_TIMEOUT,
            "no answer from %s in time; is the broker there, and (with --wait accepted) a coordinator?", servers);
    }
    pthread_mutex_unlock(&beating->lock);
    return outcome;
}

/* Reports one heartbeat a lane; the worst exit status counts. */
static int report_once(struct beating *beating)
{
    static struct curfew_outcome outcomes[CURFEW_LANES_MAX];
    int worst = CURFEW_EXIT_OK;
    bool held = false;

    for (int32_t i = 0; i < beating->count; i++) {
        outcomes[i] = outcome_of(beating, &beating->lanes[i]);
        held = held || !holds_nothing(&outcomes[i]);
    }
    for (int32_t i = 0; i < beating->count; i++) {
        char what[WHAT_SIZE];
        if (held && beating->beat->all_lanes && holds_nothing(&outcomes[i]))
            continue;
        snprintf(what, sizeof what, "heartbeat of %.64s in lane %" PRId32, beating->beat->holder,
                 beating->lanes[i].lane);
        const struct curfew_cli_report report = {what, NULL, NULL};
        int status = curfew_cli_report(beating->cli, &outcomes[i], &report);
        if (status > worst)
            worst = status;
    }
    return worst;
}

/* While beating on: says what changed since the last time. */
static void report_changes(struct beating *beating)
{
    for (int32_t i = 0; i < beating->count; i++) {
        struct beat_lane *lane = &beating->lanes[i];
        struct curfew_outcome outcome = outcome_of(beating, lane);
        char line[1024];
        char what[WHAT_SIZE];
        if (outcome.status == lane->told || (beating->beat->all_lanes && holds_nothing(&outcome)))
            continue;
        lane->told = outcome.status;
        snprintf(what, sizeof what, "heartbeat of %.64s in lane %" PRId32, beating->beat->holder, lane->lane);
        curfew_report_line(&outcome, what, line, sizeof line);
        curfew_cli_say("%s", line);
    }
}

/* Beats until one of `signals` comes. The period is kept, whatever a round takes. */
static void beat_on(struct beating *beating, const sigset_t *signals)
{
    int64_t period_us = beating->beat->every_ms * CURFEW_US_PER_MS;
    int64_t next_us = curfew_clock_now().boot_us;

    for (;;) {
        int64_t now_us = curfew_clock_now().boot_us;
        if (now_us >= next_us) {
            send_all(beating);
            next_us = next_us + period_us > now_us ? next_us + period_us : now_us + period_us;
            continue;
        }
        const struct timespec pause = {.tv_sec = (next_us - now_us) / CURFEW_US_PER_S,
                                       .tv_nsec = (next_us - now_us) % CURFEW_US_PER_S * 1000};
        if (sigtimedwait(signals, NULL, &pause) > 0)
            return;
        report_changes(beating);
    }
}

static int run(struct beating *beating, struct curfew_cli *cli, const sigset_t *signals)
{
    struct curfew_error error;

    if (curfew_cli_open(cli, &error) != CURFEW_OK || find_lanes(beating, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    if (beating->beat->every_ms != 0) {
        beat_on(beating, signals);
        return CURFEW_EXIT_OK;
    }
    send_all(beating);
    wait_all(beating);
    return report_once(beating);
}

int curfew_beat(struct curfew_cli *cli, int argc, char **argv)
{
    static struct beating beating = {.lock = PTHREAD_MUTEX_INITIALIZER, .over = PTHREAD_COND_INITIALIZER};
    struct beat beat = {.holder = NULL};
    sigset_t signals;

    curfew_cli_parse(cli, &syntax, argc, argv, &beat);
    if (beat.every_ms != 0 && !cli->wait_given)
        cli->wait = CURFEW_WAIT_DURABLE;
    beating.cli = cli;
    beating.beat = &beat;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    /* before the producer's thread exists, so that it has them blocked too and sigtimedwait gets them */
    if (beat.every_ms != 0)
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
    int status = run(&beating, cli, &signals);
    curfew_cli_close(cli); /* the last callbacks come now; `beating` outlives them */
    return status;
}
