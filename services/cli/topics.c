/* topics: `curfew topics create` and `curfew topics check`. */
#include "core/clock.h"
#include "core/id.h"
#include "services/cli/commands.h"
#include "services/cli/genesis.h"
#include "services/cli/keys.h"
#include "services/cli/parse.h"
#include <inttypes.h>
#include <time.h>

/* Tokens carry whole seconds in iat, and one minted before genesis, or within skew of it, is denied. */
#define GENESIS_AGE_US CURFEW_US_PER_S

#define RULES 1
#define SCHEMAS 1
#define APPEAR_PAUSE_NS 50000000 /* between two looks for topics just created */

/* Settings that can be chosen at genesis, and how many lanes and replicas. */
enum choice {
    LANES,
    REPLICATION,
    SKEW,
    TICK,
    LEASE,
    HEARTBEAT_AGE,
    ATTEMPT_STEP,
    TOKEN_LIFE,
    SESSION_LIFE,
    RESTATE,
    SESSIONS_MAX,
    TASKS_MAX,
    FLOORS_MAX,
    CHOICES
};

enum { KEY_KEYS = CURFEW_CLI_KEY(CHOICES), KEY_OPERATOR, KEY_COORDINATOR };

struct create {
    int64_t values[CHOICES];
    const char *keys;
    const char *operator_name;
    const char *coordinators[CURFEW_FIRST_WRITERS_MAX - 1];
    size_t coordinator_count;
};

static const struct {
    const char *name;
    int64_t least, most, fallback;
} choices[CHOICES] = {
    [LANES] = {"--lanes", 1, CURFEW_LANES_MAX - 1, 8},
    [REPLICATION] = {"--replication", 1, 64, 1},
    [SKEW] = {"--skew-ms", 1, 60000, 250},
    [TICK] = {"--tick-ms", 10, 10000, 100},
    [LEASE] = {"--lease-ms", 100, 86400000, 10000},
    [HEARTBEAT_AGE] = {"--heartbeat-age-ms", 100, 3600000, 5000},
    [ATTEMPT_STEP] = {"--attempt-step", 1, 1000000, 1000},
    [TOKEN_LIFE] = {"--token-life-s", 1, 86400, 900},
    [SESSION_LIFE] = {"--session-life-s", 1, 31 * 86400, 6 * 86400},
    [RESTATE] = {"--restate-ms", 1000, 3600000, 3600000},
    [SESSIONS_MAX] = {"--sessions-max", 1, INT64_C(1) << 32, 1000000},
    [TASKS_MAX] = {"--tasks-max", 1, INT64_C(1) << 32, 4000000},
    [FLOORS_MAX] = {"--floors-max", 1, INT64_C(1) << 32, 4000000},
};

static const struct argp_option create_options[] = {
    {"keys", KEY_KEYS, "DIR", 0,
     "where the cluster's keys go: master.key, coordinator.pem, coordinators.json and the operator's key", 0},
    {"operator", KEY_OPERATOR, "NAME", 0, "the first operator (default operator)", 0},
    {"coordinator", KEY_COORDINATOR, "NAME", 0, "a coordinator's coordinator.id; again for more (default c1)", 0},
    {"lanes", CURFEW_CLI_KEY(LANES), "N", 0, "pipeline lanes, 1 to 255; fixed for ever (default 8)", 0},
    {"replication", CURFEW_CLI_KEY(REPLICATION), "N", 0, "copies of each partition (default 1)", 0},
    {"skew-ms", CURFEW_CLI_KEY(SKEW), "MS", 0, "greatest difference between any two clocks (default 250)", 0},
    {"tick-ms", CURFEW_CLI_KEY(TICK), "MS", 0, "how often coordinators tick (default 100)", 0},
    {"lease-ms", CURFEW_CLI_KEY(LEASE), "MS", 0, "how long a holder may be silent (default 10000)", 0},
    {"heartbeat-age-ms", CURFEW_CLI_KEY(HEARTBEAT_AGE), "MS", 0, "older heartbeats do not count (default 5000)", 0},
    {"attempt-step", CURFEW_CLI_KEY(ATTEMPT_STEP), "N", 0, "how far an attempt may rise at once (default 1000)", 0},
    {"token-life-s", CURFEW_CLI_KEY(TOKEN_LIFE), "S", 0, "longest life of a token (default 900)", 0},
    {"session-life-s", CURFEW_CLI_KEY(SESSION_LIFE), "S", 0, "longest life of a session (default 518400, 6 days)", 0},
    {"restate-ms", CURFEW_CLI_KEY(RESTATE), "MS", 0,
     "floors that live longer are stated again so often (default 3600000)", 0},
    {"sessions-max", CURFEW_CLI_KEY(SESSIONS_MAX), "N", 0, "sessions a lane (default 1000000)", 0},
    {"tasks-max", CURFEW_CLI_KEY(TASKS_MAX), "N", 0, "tasks a lane (default 4000000)", 0},
    {"floors-max", CURFEW_CLI_KEY(FLOORS_MAX), "N", 0, "live floors a lane (default 4000000)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

/* Genesis is for ever: a coordinator nobody can be would leave a cluster that never does anything. */
static void take_coordinator(struct create *create, const char *name, const struct argp_state *state)
{
    if (!curfew_id_valid(curfew_slice_of(name)))
        argp_error(state, "--coordinator is \"%.32s\": a name has 1 to %d bytes of UTF-8, no control characters", name,
                   CURFEW_ID_MAX);
    if (create->coordinator_count == CURFEW_FIRST_WRITERS_MAX - 1)
        argp_error(state, "--coordinator: %d at most; add more later with curfew writer add",
                   CURFEW_FIRST_WRITERS_MAX - 1);
    for (size_t i = 0; i < create->coordinator_count; i++)
        if (strcmp(create->coordinators[i], name) == 0)
            argp_error(state, "--coordinator %s is there twice", name);
    create->coordinators[create->coordinator_count++] = name;
}

static error_t parse_create(int key, char *argument, struct argp_state *state)
{
    struct create *create = state->input;
    int choice = key - CURFEW_CLI_KEY(0);
    struct curfew_error error;

    switch (key) {
    case KEY_KEYS:
        create->keys = argument;
        return 0;
    case KEY_OPERATOR:
        create->operator_name = argument;
        return 0;
    case KEY_COORDINATOR:
        take_coordinator(create, argument, state);
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, create->keys, "--keys", "--keys keys; the cluster's secrets are left there");
        return 0;
    default:
        break;
    }
    if (choice < 0 || choice >= CHOICES)
        return ARGP_ERR_UNKNOWN;
    if (curfew_parse_count(choices[choice].name, argument, choices[choice].least, choices[choice].most,
                           &create->values[choice], &error) != CURFEW_OK)
        curfew_cli_usage(state, &error);
    return 0;
}

static const struct curfew_cli_syntax create_syntax = {
    .options = create_options,
    .parse = parse_create,
    .args = "",
    .help =
        "Creates Curfew's seven topics and writes each log's first record, genesis: a random log id, the lanes, the "
        "first settings, the first operator and the coordinators. Leaves three secrets in the directory of --keys: "
        "master.key and coordinator.pem, which every coordinator needs (coordinator.master_file, "
        "coordinator.key_file), and the operator's key (producer.key_file), with which curfew writer add lets others "
        "write; and coordinators.json, by which everybody knows what coordinators signed (coordinators.keys_file). "
        "Returns once tokens minted from then on "
        "are younger than genesis. Once everything is "
        "there, running it again is an error; a run that died is completed by running it again.\v"
        "Example:\n"
        "  curfew topics create --keys keys --set kafka.bootstrap.servers=127.0.0.1:9092\n"
        "  curfew topics create --keys keys --coordinator c1 --coordinator c2 --lanes 32 --replication 3\n\n"
        "It takes the right to create topics, and to write to control and lifecycle." CURFEW_CLI_EXITS,
};

static struct curfew_settings settings_of(const int64_t *values)
{
    return (struct curfew_settings){
        .rules = RULES,
        .schemas = SCHEMAS,
        .skew_ms = (int32_t)values[SKEW],
        .tick_ms = (int32_t)values[TICK],
        .lease_ms = (int32_t)values[LEASE],
        .heartbeat_age_ms = (int32_t)values[HEARTBEAT_AGE],
        .attempt_step = (int32_t)values[ATTEMPT_STEP],
        .token_life_ms = values[TOKEN_LIFE] * 1000,
        .session_life_ms = values[SESSION_LIFE] * 1000,
        .restate_ms = values[RESTATE],
        .sessions_max = values[SESSIONS_MAX],
        .tasks_max = values[TASKS_MAX],
        .floors_max = values[FLOORS_MAX],
    };
}

/* A coordinator restarts by replay, so control and lifecycle are kept whole. */
#define ALWAYS "message.timestamp.type", "LogAppendTime"
#define KEPT ALWAYS, "cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1"
static const char *const kept[] = {KEPT, NULL};
static const char *const two_hours[] = {ALWAYS, "cleanup.policy", "delete", "retention.ms", "7200000", NULL};
static const char *const one_hour[] = {ALWAYS, "cleanup.policy", "delete", "retention.ms", "3600000", NULL};
static const char *const compacted[] = {ALWAYS, "cleanup.policy", "compact", NULL};
static const char *const operators[] = {ALWAYS, "cleanup.policy", "delete", NULL};

/* Creates the topics that are missing. */
static enum curfew_status create_topics(struct curfew_cli *cli, const struct curfew_survey *survey,
                                        const int64_t *values, struct curfew_error *error)
{
    int32_t pipelines = (int32_t)values[LANES];
    const struct curfew_topic_spec all[] = {
        {CURFEW_TOPIC_CONTROL, 1, kept},
        {CURFEW_TOPIC_LIFECYCLE, pipelines, kept},
        {CURFEW_TOPIC_REVOCATIONS, pipelines + 1, two_hours},
        {CURFEW_TOPIC_ANSWERS, pipelines + 1, one_hour},
        {CURFEW_TOPIC_STATUS, 1, compacted},
        {CURFEW_TOPIC_AUDIT, 1, operators},
        {CURFEW_TOPIC_DEADLETTER, 1, operators},
    };
    struct curfew_topic_spec missing[CURFEW_TOPIC_COUNT];
    size_t count = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (survey->topics[all[i].topic].partitions == 0)
            missing[count++] = all[i];
    if (count == 0)
        return CURFEW_OK;
    return curfew_kafka_create_topics(cli->config, missing, count, (int32_t)values[REPLICATION],
                                      curfew_cli_left_ms(cli), error);
}

/* A broker may answer for a moment as if what it just created were not there. */
static enum curfew_status await_topics(struct curfew_cli *cli, struct curfew_survey *survey, struct curfew_error *error)
{
    for (;;) {
        enum curfew_status status = curfew_survey_topics(cli->config, curfew_cli_left_ms(cli), survey, error);
        if (status != CURFEW_OK || curfew_survey_present(survey) == CURFEW_TOPIC_COUNT)
            return status;
        if (curfew_cli_left_ms(cli) == 0)
            return curfew_error_set(error, CURFEW_TIMEOUT,
                                    "creating topics: %d of them did not appear in time; run curfew topics create "
                                    "again, which completes what is lacking",
                                    CURFEW_TOPIC_COUNT - curfew_survey_present(survey));
        const struct timespec pause = {.tv_nsec = APPEAR_PAUSE_NS};
        nanosleep(&pause, NULL);
    }
}

struct list {
    struct curfew_error *error; /* gets the first; NULL: print all */
    bool json;
    int count;
};

static void list_problem(void *context, const char *problem)
{
    struct list *list = context;

    if (list->error != NULL && list->count == 0)
        (void)curfew_error_set(list->error, CURFEW_INVALID, "creating topics: %s", problem);
    if (list->error == NULL && list->json) {
        struct curfew_object *object = curfew_object_create();
        curfew_object_put_text(object, "problem", problem);
        (void)curfew_cli_print(object, CURFEW_EXIT_OK);
    } else if (list->error == NULL) {
        puts(problem);
    }
    list->count++;
}

/* What is there already must fit what was asked for; what is missing is no problem yet. */
static enum curfew_status check_present(const struct curfew_survey *survey, const int64_t *values,
                                        struct curfew_error *error)
{
    struct curfew_survey whole = *survey;
    struct list list = {.error = error};
    int32_t pipelines = survey->topics[CURFEW_TOPIC_LIFECYCLE].partitions;

    if (pipelines != 0 && pipelines != values[LANES])
        return curfew_error_set(error, CURFEW_INVALID,
                                "creating topics: lifecycle exists with %" PRId32 " partitions, not the %" PRId64
                                " asked for: use --lanes %" PRId32 ", or delete the topics first",
                                pipelines, values[LANES], pipelines);
    whole.lanes = (int32_t)values[LANES] + 1;
    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++)
        if (whole.topics[topic].partitions == 0) {
            bool per_lane = topic == CURFEW_TOPIC_REVOCATIONS || topic == CURFEW_TOPIC_ANSWERS;
            whole.topics[topic].partitions = per_lane ? whole.lanes : 1;
            whole.topics[topic].log_append_time = true;
        }
    return curfew_survey_topic_problems(&whole, list_problem, &list) == 0 ? CURFEW_OK : CURFEW_INVALID;
}

static void found(const struct create *create, const struct curfew_keys *keys, struct curfew_founder *founder)
{
    *founder = (struct curfew_founder){.writer = keys->operator_key.writer, .key = keys->operator_key.key};
    curfew_master_check(keys->master, founder->master_check);
    founder->writers[founder->writer_count++] =
        (struct curfew_first_writer){curfew_slice_of(keys->operator_key.writer), CURFEW_ROLE_OPERATOR};
    for (size_t i = 0; i < create->coordinator_count; i++)
        founder->writers[founder->writer_count++] =
            (struct curfew_first_writer){curfew_slice_of(create->coordinators[i]), CURFEW_ROLE_COORDINATOR};
}

/* Writes what is lacking, reads all of it back and judges it. */
static enum curfew_status write_genesis(struct curfew_cli *cli, struct curfew_survey *survey,
                                        const struct curfew_settings *settings, const struct curfew_founder *founder,
                                        struct curfew_error *error)
{
    struct curfew_bus bus = {NULL, NULL};
    struct curfew_genesis_plan plan;
    struct list list = {.error = error};
    enum curfew_status status = curfew_bus_kafka_create(cli->config, &bus, error);

    if (status == CURFEW_OK)
        status = curfew_survey_lanes(&bus, curfew_cli_left_ms(cli), survey, error);
    if (status == CURFEW_OK)
        status = curfew_genesis_plan(survey, settings, founder, &plan, error);
    if (status == CURFEW_OK && plan.completes)
        curfew_cli_say("completing a run that died; its settings are kept");
    if (status == CURFEW_OK)
        status = curfew_genesis_write(&bus, &plan, founder, curfew_cli_left_ms(cli), error);
    if (status == CURFEW_OK)
        status = curfew_survey_lanes(&bus, curfew_cli_left_ms(cli), survey, error);
    if (status == CURFEW_OK && curfew_survey_topic_problems(survey, list_problem, &list) +
                                       curfew_survey_lane_problems(survey, list_problem, &list) >
                                   0)
        status = CURFEW_INVALID;
    curfew_bus_destroy(&bus);
    return status;
}

/* Returns when a token minted now is younger than genesis by skew and the seconds in its iat. */
static enum curfew_status await_age(const struct curfew_cli *cli, const struct curfew_survey *survey,
                                    struct curfew_error *error)
{
    int64_t genesis_us = curfew_genesis_newest_us(survey);
    int64_t from_us = genesis_us + GENESIS_AGE_US + survey->lane[0].genesis.settings.skew_ms * CURFEW_US_PER_MS;
    int64_t ahead_us = genesis_us - curfew_clock_now().wall_us;
    const struct timespec from = {.tv_sec = from_us / CURFEW_US_PER_S, .tv_nsec = from_us % CURFEW_US_PER_S * 1000};

    if (ahead_us > cli->timeout_ms * CURFEW_US_PER_MS)
        return curfew_error_set(error, CURFEW_INVALID,
                                "the topics are made, but the broker's clock is %" PRId64
                                " s ahead of this machine's: set both right before minting tokens",
                                ahead_us / CURFEW_US_PER_S);
    while (curfew_clock_now().wall_us <= from_us)
        (void)clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &from, NULL);
    return CURFEW_OK;
}

static int report_created(const struct curfew_cli *cli, const struct curfew_survey *survey)
{
    int64_t genesis_us = curfew_genesis_newest_us(survey);

    if (cli->json) {
        struct curfew_object *object = curfew_object_create();
        curfew_object_put_text(object, "status", "ok");
        curfew_object_put_int(object, "lanes", survey->lanes - 1);
        curfew_object_put_int(object, "genesis_us", genesis_us);
        return curfew_cli_print(object, CURFEW_EXIT_OK);
    }
    curfew_cli_say("topics made: control and %" PRId32 " lanes, each with its genesis", survey->lanes - 1);
    return CURFEW_EXIT_OK;
}

static int create_all(struct curfew_cli *cli, const struct create *create)
{
    static struct curfew_survey survey;
    const struct curfew_settings settings = settings_of(create->values);
    const int64_t *values = create->values;
    struct curfew_keys keys;
    struct curfew_founder founder;
    struct curfew_error error;
    enum curfew_status status = curfew_keys_open(create->keys, create->operator_name, &keys, &error);
    if (status != CURFEW_OK)
        return curfew_cli_fail(&error);
    found(create, &keys, &founder);
    status = curfew_cli_load(cli, &error);

    if (status == CURFEW_OK)
        status = curfew_survey_topics(cli->config, curfew_cli_left_ms(cli), &survey, &error);
    if (status == CURFEW_OK)
        status = check_present(&survey, values, &error);
    if (status == CURFEW_OK)
        status = create_topics(cli, &survey, values, &error);
    if (status == CURFEW_OK)
        status = await_topics(cli, &survey, &error);
    if (status == CURFEW_OK)
        status = write_genesis(cli, &survey, &settings, &founder, &error);
    if (status == CURFEW_OK)
        status = await_age(cli, &survey, &error);
    curfew_keys_wipe(&keys);
    return status == CURFEW_OK ? report_created(cli, &survey) : curfew_cli_fail(&error);
}

int curfew_topics_create(struct curfew_cli *cli, int argc, char **argv)
{
    struct create create = {.operator_name = "operator"};

    for (int i = 0; i < CHOICES; i++)
        create.values[i] = choices[i].fallback;
    curfew_cli_parse(cli, &create_syntax, argc, argv, &create);
    if (create.coordinator_count == 0)
        create.coordinators[create.coordinator_count++] = "c1";
    int status = create_all(cli, &create);
    curfew_cli_close(cli);
    return status;
}

static const struct curfew_cli_syntax check_syntax = {
    .args = "",
    .help = "Verifies Curfew's topics: that each is there with the partitions it must have, that control and lifecycle "
            "carry the broker's time, and that each lane begins with a genesis that belongs to the others. Prints what "
            "is wrong, one thing a line, on standard output; nothing when all is well.\v"
            "Example:\n"
            "  curfew topics check --set kafka.bootstrap.servers=127.0.0.1:9092" CURFEW_CLI_EXITS,
};

static int check(struct curfew_cli *cli)
{
    static struct curfew_survey survey;
    struct curfew_bus bus = {NULL, NULL};
    struct list list = {.json = cli->json};
    struct curfew_error error;
    enum curfew_status status = curfew_cli_load(cli, &error);

    if (status == CURFEW_OK)
        status = curfew_survey_topics(cli->config, curfew_cli_left_ms(cli), &survey, &error);
    if (status == CURFEW_OK)
        status = curfew_bus_kafka_create(cli->config, &bus, &error);
    if (status == CURFEW_OK)
        status = curfew_survey_lanes(&bus, curfew_cli_left_ms(cli), &survey, &error);
    curfew_bus_destroy(&bus);
    if (status != CURFEW_OK)
        return curfew_cli_fail(&error);
    int problems = curfew_survey_topic_problems(&survey, list_problem, &list) +
                   curfew_survey_lane_problems(&survey, list_problem, &list);
    if (problems > 0)
        curfew_cli_say("things wrong with the topics: %d", problems);
    else
        curfew_cli_say("topics are right: control and %" PRId32 " lanes", survey.lanes - 1);
    return problems > 0 ? CURFEW_EXIT_FAILED : CURFEW_EXIT_OK;
}

int curfew_topics_check(struct curfew_cli *cli, int argc, char **argv)
{
    curfew_cli_parse(cli, &check_syntax, argc, argv, NULL);
    int status = check(cli);
    curfew_cli_close(cli);
    return status;
}
