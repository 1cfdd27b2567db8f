/* tail: `curfew tail`: a topic's records as JSON lines. */
#include "core/bus_kafka.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/json.h"
#include "schemas/codec.h"
#include "services/cli/commands.h"
#include "services/cli/parse.h"
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

#define POLL_MS 200 /* how late a signal may be noticed */

enum { KEY_LANE = CURFEW_CLI_KEY(0), KEY_FROM, KEY_UNTIL_END, KEY_TYPE };

struct tail {
    const char *name;
    enum curfew_topic topic;
    int64_t lane; /* -1: all */
    int64_t from;
    int type; /* enum curfew_event_type; -1: all */
    bool until_end;
    const char *prefix;
    int32_t first, count; /* partitions */
    bool caught_up[CURFEW_LANES_MAX];
    bool moved[CURFEW_LANES_MAX]; /* a record came, or its end was reached */
};

static const enum curfew_topic topics[] = {CURFEW_TOPIC_CONTROL, CURFEW_TOPIC_LIFECYCLE, CURFEW_TOPIC_REVOCATIONS,
                                           CURFEW_TOPIC_ANSWERS, CURFEW_TOPIC_STATUS,    CURFEW_TOPIC_DEADLETTER,
                                           CURFEW_TOPIC_AUDIT};

static const struct argp_option options[] = {
    {"lane", KEY_LANE, "N", 0, "one lane (default: all)", 0},
    {"from", KEY_FROM, "begin|end|OFFSET", 0, "where to start (default begin); an offset needs --lane", 0},
    {"until-end", KEY_UNTIL_END, NULL, 0, "stop at what is the end now, instead of waiting for more", 0},
    {"type", KEY_TYPE, "EVENT", 0, "one type of event, such as task-ended", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void find_topic(struct tail *tail, const struct argp_state *state)
{
    curfew_cli_require(state, tail->name, "TOPIC", "curfew tail lifecycle");
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (strcmp(tail->name, curfew_topic_name(topics[i])) == 0) {
            tail->topic = topics[i];
            return;
        }
    argp_error(state, "\"%.32s\" is none of control, lifecycle, revocations, answers, status, deadletter, audit",
               tail->name);
}

static void check_tail(struct tail *tail, const struct argp_state *state)
{
    find_topic(tail, state);
    bool control = tail->topic == CURFEW_TOPIC_CONTROL;
    bool lanes = tail->topic != CURFEW_TOPIC_STATUS && tail->topic != CURFEW_TOPIC_DEADLETTER &&
                 tail->topic != CURFEW_TOPIC_AUDIT;
    if (tail->type >= 0 && tail->topic == CURFEW_TOPIC_AUDIT)
        argp_error(state, "audit holds OCSF events, which have no --type; pick them by class_uid with jq");
    if (tail->lane >= 0 && !lanes)
        argp_error(state, "%s has no lanes; leave --lane out", tail->name);
    if (tail->lane > 0 && control)
        argp_error(state, "control is lane 0 alone; leave --lane out");
    if (tail->lane == 0 && tail->topic == CURFEW_TOPIC_LIFECYCLE)
        argp_error(state, "lane 0 is control: write curfew tail control");
    if (tail->from >= 0 && tail->lane < 0 && !control)
        argp_error(state, "--from with an offset needs --lane: each lane counts its own");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct tail *tail = state->input;
    struct curfew_error error;
    enum curfew_event_type type;
    enum curfew_status status = CURFEW_OK;

    switch (key) {
    case KEY_LANE:
        status = curfew_parse_count("--lane", argument, 0, CURFEW_LANES_MAX - 1, &tail->lane, &error);
        break;
    case KEY_FROM:
        status = curfew_parse_from(argument, &tail->from, &error);
        break;
    case KEY_UNTIL_END:
        tail->until_end = true;
        break;
    case KEY_TYPE:
        status = curfew_parse_event_type(argument, &type, &error);
        tail->type = status == CURFEW_OK ? (int)type : -1;
        break;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, &tail->name, 1);
        break;
    case ARGP_KEY_END:
        check_tail(tail, state);
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
    .args = "control|lifecycle|revocations|answers|status|deadletter|audit",
    .help = "Prints a topic's records, one JSON object a line: topic, partition, offset, timestamp_us, event. Goes on "
            "until it is told to stop (SIGINT, SIGTERM), or with --until-end to the end. A record that cannot be "
            "decoded is printed with undecodable true, its reason, length and SHA-256. Of audit the event is OCSF.\v"
            "Example:\n"
            "  curfew tail lifecycle --from end\n"
            "  curfew tail revocations --lane 3 --type floors --until-end\n"
            "  curfew tail lifecycle --lane 3 --from 1042 --until-end" CURFEW_CLI_EXITS,
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Which partitions to read, from what the broker says. */
static enum curfew_status find_partitions(const struct curfew_cli *cli, struct tail *tail, struct curfew_error *error)
{
    struct curfew_topic_facts facts;
    enum curfew_status status = curfew_kafka_describe(cli->config, tail->topic, curfew_cli_left_ms(cli), &facts, error);

    if (status != CURFEW_OK)
        return status;
    if (facts.partitions == 0)
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading %s.%s: there is no such topic; run curfew topics create", tail->prefix,
                                tail->name);
    if (facts.partitions > CURFEW_LANES_MAX)
        return curfew_error_set(error, CURFEW_INVALID, "reading %s.%s: it has %" PRId32 " partitions, more than %d",
                                tail->prefix, tail->name, facts.partitions, CURFEW_LANES_MAX);
    tail->count = facts.partitions;
    if (tail->lane < 0)
        return CURFEW_OK;
    tail->first =
        tail->topic == CURFEW_TOPIC_LIFECYCLE ? curfew_lane_partition((int32_t)tail->lane) : (int32_t)tail->lane;
    if (tail->first >= facts.partitions)
        return curfew_error_set(error, CURFEW_INVALID, "reading %s.%s: there is no lane %" PRId64, tail->prefix,
                                tail->name, tail->lane);
    tail->count = 1;
    return CURFEW_OK;
}

static void print_place(const struct tail *tail, const struct curfew_bus_event *record)
{
    printf("{\"topic\":\"%s.%s\",\"partition\":%" PRId32 ",\"offset\":%" PRId64 ",\"timestamp_us\":%" PRId64 ",",
           tail->prefix, tail->name, record->partition, record->offset, record->timestamp_us);
}

static void print_undecodable(const struct tail *tail, const struct curfew_bus_event *record, enum curfew_reason reason)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    char text[2 * CURFEW_SHA256_SIZE + 1];

    curfew_sha256(&record->value, 1, digest);
    curfew_hex(digest, sizeof digest, text);
    print_place(tail, record);
    printf("\"undecodable\":true,\"reason\":\"%s\",\"length\":%zu,\"digest\":\"%s\"}\n", curfew_reason_name(reason),
           record->value.size, text);
}

static void print_audit(const struct tail *tail, const struct curfew_bus_event *record)
{
    struct curfew_json *json = NULL;
    struct curfew_error error;
    char *text = NULL;

    if (curfew_json_parse(record->value, &json, &error) == CURFEW_OK)
        text = curfew_json_print(json);
    if (text == NULL) {
        print_undecodable(tail, record, CURFEW_REASON_UNDECODABLE);
    } else {
        print_place(tail, record);
        printf("\"event\":%s}\n", text);
    }
    free(text);
    curfew_json_destroy(json);
}

static void print_record(const struct tail *tail, const struct curfew_bus_event *record)
{
    _Alignas(max_align_t) static uint8_t memory[CURFEW_CODEC_MEMORY];
    struct curfew_arena arena = {memory, sizeof memory, 0};
    struct curfew_event event;
    enum curfew_reason reason = CURFEW_REASON_UNDECODABLE;
    struct curfew_error error;

    if (curfew_codec_decode(record->value, &arena, &event, &reason, &error) != CURFEW_OK) {
        if (tail->type < 0)
            print_undecodable(tail, record, reason);
        return;
    }
    if (tail->type >= 0 && tail->type != (int)event.type)
        return;
    char *json = curfew_codec_json(&event);
    if (json == NULL) { /* it decodes, but holds a string that is not UTF-8 */
        print_undecodable(tail, record, CURFEW_REASON_INVALID);
        return;
    }
    print_place(tail, record);
    printf("\"event\":%s}\n", json);
    free(json);
}

/* The position asked for is not there (any more). */
static enum curfew_status go_on_after_gap(struct tail *tail, struct curfew_bus *bus, const struct curfew_bus_event *gap,
                                          struct curfew_error *error)
{
    const char *text = gap->text == NULL ? "the offset is not there" : gap->text;

    if (tail->from >= 0 && !tail->moved[gap->partition])
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading %s.%s from offset %" PRId64 ": %s; --from begin starts at the oldest there is",
                                tail->prefix, tail->name, tail->from, text);
    curfew_cli_say("%s.%s partition %" PRId32 ": a gap: %s; reading on from the oldest record there is", tail->prefix,
                   tail->name, gap->partition, text);
    return bus->ops->subscribe(bus->self, tail->topic, gap->partition, CURFEW_OFFSET_BEGIN, error);
}

static enum curfew_status take(struct tail *tail, struct curfew_bus *bus, const struct curfew_bus_event *event,
                               struct curfew_error *error)
{
    bool ours = event->topic == tail->topic && event->partition >= 0 && event->partition < CURFEW_LANES_MAX;

    if (event->kind == CURFEW_BUS_PROBLEM || event->kind == CURFEW_BUS_RECOVERED)
        curfew_cli_say("%s", event->text == NULL ? "the broker answers again" : event->text);
    if (!ours)
        return CURFEW_OK;
    if (event->kind == CURFEW_BUS_GAP)
        return go_on_after_gap(tail, bus, event, error);
    if (event->kind == CURFEW_BUS_RECORD && tail->topic == CURFEW_TOPIC_AUDIT)
        print_audit(tail, event);
    else if (event->kind == CURFEW_BUS_RECORD)
        print_record(tail, event);
    if (event->kind == CURFEW_BUS_CAUGHT_UP)
        tail->caught_up[event->partition] = true;
    tail->moved[event->partition] = true;
    return CURFEW_OK;
}

static bool is_at_end(const struct tail *tail)
{
    for (int32_t i = 0; i < tail->count; i++)
        if (!tail->caught_up[tail->first + i])
            return false;
    return true;
}

/* Whether the time is up: only until the end does anybody wait for this command. */
static enum curfew_status check_time(const struct curfew_cli *cli, const struct tail *tail, struct curfew_error *error)
{
    if (!tail->until_end || curfew_cli_left_ms(cli) > 0)
        return CURFEW_OK;
    return curfew_error_set(error, CURFEW_TIMEOUT,
                            "reading %s.%s: nothing came from %s in time, and the end is not reached", tail->prefix,
                            tail->name, curfew_config_find(cli->config, "kafka.bootstrap.servers"));
}

/* Reads on. Output is flushed when there is nothing more to print at once. */
static enum curfew_status follow(struct curfew_cli *cli, struct tail *tail, struct curfew_bus *bus,
                                 struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    int wait_ms = 0;

    while (status == CURFEW_OK && !stopping && !(tail->until_end && is_at_end(tail))) {
        struct curfew_bus_event event;
        status = bus->ops->poll(bus->self, wait_ms, &event, error);
        wait_ms = 0;
        if (status == CURFEW_OK) {
            status = take(tail, bus, &event, error);
            if (event.kind == CURFEW_BUS_RECORD)
                curfew_cli_start(cli); /* it goes on: the time-out begins anew */
        } else if (status == CURFEW_TIMEOUT) {
            status = check_time(cli, tail, error);
            wait_ms = POLL_MS;
            if (fflush(stdout) != 0)
                status = curfew_error_set(error, CURFEW_INVALID, "writing to standard output failed: %m");
        }
    }
    return status;
}

static enum curfew_status run(struct curfew_cli *cli, struct tail *tail, struct curfew_error *error)
{
    struct curfew_bus bus = {NULL, NULL};
    enum curfew_status status = curfew_cli_load(cli, error);

    if (status == CURFEW_OK)
        status = curfew_codec_init(error);
    if (status == CURFEW_OK)
        status = curfew_config_get(cli->config, "topics.prefix", &tail->prefix, error);
    if (status == CURFEW_OK)
        status = find_partitions(cli, tail, error);
    if (status == CURFEW_OK)
        status = curfew_bus_kafka_create(cli->config, &bus, error);
    for (int32_t i = 0; status == CURFEW_OK && i < tail->count; i++)
        status = bus.ops->subscribe(bus.self, tail->topic, tail->first + i, tail->from, error);
    if (status == CURFEW_OK) {
        catch_signals();
        status = follow(cli, tail, &bus, error);
    }
    curfew_bus_destroy(&bus);
    return status;
}

int curfew_tail(struct curfew_cli *cli, int argc, char **argv)
{
    static struct tail tail = {.lane = -1, .type = -1, .from = CURFEW_OFFSET_BEGIN};
    struct curfew_error error;
    int result = CURFEW_EXIT_OK;

    curfew_cli_parse(cli, &syntax, argc, argv, &tail);
    if (run(cli, &tail, &error) != CURFEW_OK)
        result = curfew_cli_fail(&error);
    curfew_cli_close(cli);
    return result;
}
