/* skip: `curfew topics skip`: a lane that is held up by records without the broker's time goes on behind them. */
#include "core/bus_kafka.h"
#include "services/cli/commands.h"
#include "services/cli/emit.h"
#include "services/cli/parse.h"
#include "services/cli/survey.h"
#include <inttypes.h>
#include <stdio.h>

#define WHAT_SIZE 128

enum { KEY_LANE = CURFEW_CLI_KEY(0), KEY_OFFSET, KEY_TO, KEY_REASON };

struct skip {
    int64_t lane; /* 0: not given */
    int64_t from;
    int64_t to;
    const char *reason;
};

static const struct argp_option skip_options[] = {
    {"lane", KEY_LANE, "N", 0, "the lane that is held up, as /readyz of a coordinator says", 0},
    {"offset", KEY_OFFSET, "N", 0, "the record it stopped at", 0},
    {"to", KEY_TO, "N", 0, "the last such record (default: that one alone)", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why, for whoever reads the log", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void take(const struct argp_state *state, const char *what, const char *text, int64_t most, int64_t *value)
{
    struct curfew_error error;

    if (curfew_parse_count(what, text, 1, most, value, &error) != CURFEW_OK)
        curfew_cli_usage(state, &error);
}

static error_t parse_skip(int key, char *argument, struct argp_state *state)
{
    struct skip *skip = state->input;

    switch (key) {
    case KEY_LANE:
        take(state, "--lane", argument, CURFEW_LANES_MAX - 1, &skip->lane);
        return 0;
    case KEY_OFFSET:
        take(state, "--offset", argument, INT64_MAX, &skip->from);
        return 0;
    case KEY_TO:
        take(state, "--to", argument, INT64_MAX, &skip->to);
        return 0;
    case KEY_REASON:
        skip->reason = argument;
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, skip->lane == 0 ? NULL : skip, "--lane", "--lane 3");
        curfew_cli_require(state, skip->from == 0 ? NULL : skip, "--offset", "--offset 4711");
        curfew_cli_require(state, skip->reason, "--reason", "--reason 'a producer with a clock of its own'");
        skip->to = skip->to == 0 ? skip->from : skip->to;
        if (skip->to < skip->from)
            argp_error(state, "--to is before --offset");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax skip_syntax = {
    .options = skip_options,
    .parse = parse_skip,
    .args = "",
    .help = "Lets coordinators go on behind records that hold up a lane because their timestamp is not the broker's "
            "(somebody changed message.timestamp.type; set it to LogAppendTime first). Each is refused `clock`, and "
            "whoever wrote it may say it again; records that are in order are not touched, wherever they stand. What "
            "was said there and is not said again is lost: look at the records first (curfew tail). Control itself "
            "cannot be helped so. Prints lane:offset of the event.\v"
            "Example:\n"
            "  curfew tail lifecycle --lane 3 --from 4711 --until-end | head -n 1\n"
            "  curfew topics skip --lane 3 --offset 4711 --reason 'CreateTime by mistake' --key-file "
            "keys/operator.key" CURFEW_CLI_EXITS,
    .emits = true,
};

/* Which log the lane is, by its first record. */
static enum curfew_status find_log(struct curfew_cli *cli, int64_t lane, uint8_t log_id[CURFEW_LOG_ID_SIZE],
                                   struct curfew_error *error)
{
    static struct curfew_survey survey;
    struct curfew_bus bus = {NULL, NULL};
    enum curfew_status status = curfew_survey_topics(cli->config, curfew_cli_left_ms(cli), &survey, error);

    if (status == CURFEW_OK && lane >= survey.lanes)
        return curfew_error_set(error, CURFEW_INVALID,
                                "skipping records: there is no lane %" PRId64 ", but 1..%" PRId32, lane,
                                survey.lanes - 1);
    if (status == CURFEW_OK)
        status = curfew_bus_kafka_create(cli->config, &bus, error);
    if (status == CURFEW_OK)
        status = curfew_survey_lanes(&bus, curfew_cli_left_ms(cli), &survey, error);
    curfew_bus_destroy(&bus);
    if (status == CURFEW_OK && survey.lane[lane].first != CURFEW_FIRST_GENESIS)
        return curfew_error_set(error, CURFEW_INVALID,
                                "skipping records: lane %" PRId64 " does not begin with a genesis; see curfew topics "
                                "check",
                                lane);
    memcpy(log_id, survey.lane[lane].genesis.log_id, CURFEW_LOG_ID_SIZE);
    return status;
}

static int skip_all(struct curfew_cli *cli, const struct skip *skip)
{
    struct curfew_event event = {
        .type = CURFEW_EVENT_RECORDS_SKIPPED,
        .as.records_skipped = {
            .lane = (int32_t)skip->lane, .from = skip->from, .to = skip->to, .reason = curfew_slice_of(skip->reason)}};
    char what[WHAT_SIZE];
    struct curfew_error error;
    enum curfew_status status = curfew_cli_open(cli, &error);

    if (status == CURFEW_OK)
        status = find_log(cli, skip->lane, event.as.records_skipped.log_id, &error);
    if (status != CURFEW_OK)
        return curfew_cli_fail(&error);
    snprintf(what, sizeof what, "passing over records %" PRId64 "..%" PRId64 " of lane %" PRId64, skip->from, skip->to,
             skip->lane);
    const struct curfew_cli_report report = {what, NULL, NULL};
    return curfew_cli_emit(cli, &event, &report);
}

int curfew_topics_skip(struct curfew_cli *cli, int argc, char **argv)
{
    struct skip skip = {.reason = NULL};

    curfew_cli_parse(cli, &skip_syntax, argc, argv, &skip);
    int status = skip_all(cli, &skip);
    curfew_cli_close(cli);
    return status;
}
