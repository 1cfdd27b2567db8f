/* audit: `curfew audit verify`: whether the audit topic holds all that was said to it. */
#include "core/bus_kafka.h"
#include "core/clock.h"
#include "services/cli/audit_streams.h"
#include "services/cli/commands.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 200
#define TIME_SIZE 32
#define PROGRESS_EVERY 50000 /* records */

struct reading {
    struct curfew_audit_streams *streams;
    int32_t partitions;
    bool at_end[CURFEW_LANES_MAX];
    int64_t newest_us;
};

static const struct curfew_cli_syntax verify_syntax = {
    .args = "",
    .help = "Reads the audit topic up to its end and names what is not there. Every start of a component numbers its "
            "records from 1, says something once a minute, and says when it stops:\n"
            "  gap            numbers that are missing between two that are there (status 1)\n"
            "  contradiction  a number that is there twice and says two things (status 1)\n"
            "  unread         records that no component of Curfew writes (status 1)\n"
            "  cut            the first numbers are missing, and so is the topic's beginning: its retention took them\n"
            "  silence        no record for longer than a minute and a half, and then one\n"
            "  unended        silent since, without having said that it stops: it was killed, or cannot reach Kafka\n"
            "What somebody who may write to the topic adds in a component's name is not told from the component's "
            "own: give the right to write there to components alone (curfew topics grant).\v"
            "Example:\n"
            "  curfew audit verify\n"
            "  curfew audit verify --json | jq -c 'select(.found == \"gap\")'" CURFEW_CLI_EXITS,
};

static void say_time(int64_t at_us, char text[TIME_SIZE])
{
    const time_t seconds = (time_t)(at_us / CURFEW_US_PER_S);
    struct tm parts;
    if (at_us == 0 || gmtime_r(&seconds, &parts) == NULL || strftime(text, TIME_SIZE, "%FT%TZ", &parts) == 0)
        snprintf(text, TIME_SIZE, "-");
}

struct telling {
    const struct curfew_cli *cli;
    int64_t breaches;
    int failed; /* an exit status; 0: none */
};

static void print_json(struct telling *telling, const struct curfew_audit_finding *finding)
{
    struct curfew_object *object = curfew_object_create();
    curfew_object_put_text(object, "found", curfew_audit_found_name(finding->found));
    curfew_object_put_text(object, "component", finding->component);
    curfew_object_put_text(object, "start", finding->start);
    curfew_object_put_int(object, "from", finding->from);
    curfew_object_put_int(object, "to", finding->to);
    curfew_object_put_int(object, "since_us", finding->since_us);
    curfew_object_put_int(object, "until_us", finding->until_us);
    const int status = curfew_cli_print(object, CURFEW_EXIT_OK);
    telling->failed = status == CURFEW_EXIT_OK ? telling->failed : status;
}

static void tell(void *context, const struct curfew_audit_finding *finding)
{
    struct telling *telling = context;
    char since[TIME_SIZE];
    char until[TIME_SIZE];
    telling->breaches += curfew_audit_is_breach(finding->found) ? 1 : 0;
    if (telling->cli->json) {
        print_json(telling, finding);
        return;
    }
    say_time(finding->since_us, since);
    say_time(finding->until_us, until);
    printf("%-13s  %s, start %.8s", curfew_audit_found_name(finding->found), finding->component, finding->start);
    if (finding->from > 0)
        printf(", numbers %" PRId64 "..%" PRId64, finding->from, finding->to);
    printf(", between %s and %s\n", since, until);
}

static enum curfew_status take(struct reading *reading, const struct curfew_bus_event *event,
                               struct curfew_error *error)
{
    if (event->topic != CURFEW_TOPIC_AUDIT || event->partition < 0 || event->partition >= reading->partitions)
        return CURFEW_OK;
    if (event->kind == CURFEW_BUS_CAUGHT_UP)
        reading->at_end[event->partition] = true;
    if (event->kind == CURFEW_BUS_GAP)
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "verifying the audit: what is being read was deleted meanwhile; run it again");
    if (event->kind != CURFEW_BUS_RECORD)
        return CURFEW_OK;
    reading->newest_us = event->timestamp_us > reading->newest_us ? event->timestamp_us : reading->newest_us;
    enum curfew_status status = curfew_audit_streams_take(reading->streams, event, error);
    const int64_t records = curfew_audit_streams_totals(reading->streams).records;
    if (status == CURFEW_OK && records % PROGRESS_EVERY == 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%" PRId64 " records", records);
    return status;
}

static bool is_at_end(const struct reading *reading)
{
    for (int32_t i = 0; i < reading->partitions; i++)
        if (!reading->at_end[i])
            return false;
    return true;
}

static enum curfew_status read_all(struct curfew_cli *cli, struct curfew_bus *bus, struct reading *reading,
                                   struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    while (status == CURFEW_OK && !is_at_end(reading)) {
        struct curfew_bus_event event;
        if (curfew_cli_left_ms(cli) == 0)
            return curfew_error_set(error, CURFEW_TIMEOUT,
                                    "verifying the audit: nothing came for the time-out, and the end is not reached");
        status = bus->ops->poll(bus->self, POLL_MS, &event, error);
        if (status == CURFEW_OK) {
            status = take(reading, &event, error);
            if (event.kind == CURFEW_BUS_RECORD)
                curfew_cli_start(cli); /* it goes on: the time-out begins anew */
        } else if (status == CURFEW_TIMEOUT) {
            status = CURFEW_OK;
        }
    }
    return status;
}

static enum curfew_status run(struct curfew_cli *cli, struct reading *reading, struct curfew_error *error)
{
    struct curfew_bus bus = {NULL, NULL};
    struct curfew_topic_facts facts = {0};
    enum curfew_status status = curfew_cli_load(cli, error);
    if (status == CURFEW_OK)
        status = curfew_kafka_describe(cli->config, CURFEW_TOPIC_AUDIT, curfew_cli_left_ms(cli), &facts, error);
    if (status == CURFEW_OK && (facts.partitions == 0 || facts.partitions > CURFEW_LANES_MAX))
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "verifying the audit: there is no audit topic, or it has more than %d partitions; "
                                  "run curfew topics check",
                                  CURFEW_LANES_MAX);
    reading->partitions = facts.partitions;
    if (status == CURFEW_OK)
        status = curfew_bus_kafka_create(cli->config, &bus, error);
    for (int32_t i = 0; status == CURFEW_OK && i < reading->partitions; i++)
        status = bus.ops->subscribe(bus.self, CURFEW_TOPIC_AUDIT, i, CURFEW_OFFSET_BEGIN, error);
    if (status == CURFEW_OK)
        status = read_all(cli, &bus, reading, error);
    curfew_bus_destroy(&bus);
    return status;
}

static int conclude(const struct curfew_cli *cli, const struct reading *reading)
{
    const struct curfew_audit_totals totals = curfew_audit_streams_totals(reading->streams);
    const int64_t wall_us = curfew_clock_now().wall_us;
    struct telling telling = {.cli = cli};
    curfew_audit_streams_findings(reading->streams, wall_us > reading->newest_us ? wall_us : reading->newest_us, tell,
                                  &telling);
    const bool whole = telling.breaches == 0 && totals.unread == 0;
    if (telling.failed != 0)
        return telling.failed;
    if (cli->json) {
        struct curfew_object *object = curfew_object_create();
        curfew_object_put_text(object, "found", "total");
        curfew_object_put_int(object, "records", totals.records);
        curfew_object_put_int(object, "streams", totals.streams);
        curfew_object_put_int(object, "repeats", totals.repeats);
        curfew_object_put_int(object, "unread", totals.unread);
        curfew_object_put_int(object, "breaches", telling.breaches);
        curfew_object_put_bool(object, "whole", whole);
        return curfew_cli_print(object, whole ? CURFEW_EXIT_OK : CURFEW_EXIT_FAILED);
    }
    printf("%s: %" PRId64 " records of %" PRId64 " starts, %" PRId64 " of them twice, %" PRId64 " unread, %" PRId64
           " gaps and contradictions\n",
           whole ? "whole" : "NOT WHOLE", totals.records, totals.streams, totals.repeats, totals.unread,
           telling.breaches);
    return whole ? CURFEW_EXIT_OK : CURFEW_EXIT_FAILED;
}

int curfew_audit_verify(struct curfew_cli *cli, int argc, char **argv)
{
    static struct reading reading;
    struct curfew_error error;
    curfew_cli_parse(cli, &verify_syntax, argc, argv, NULL);
    reading.streams = curfew_audit_streams_create();
    int status = CURFEW_EXIT_FAILED;
    if (reading.streams == NULL)
        curfew_cli_say("verifying the audit: out of memory");
    else if (run(cli, &reading, &error) != CURFEW_OK)
        status = curfew_cli_fail(&error);
    else
        status = conclude(cli, &reading);
    curfew_audit_streams_destroy(reading.streams);
    curfew_cli_close(cli);
    return status;
}
