/* emit: one event on its way, for the commands that send one: send, wait, report. */
#include "services/cli/emit.h"
#include "producer/outcome.h"
#include <inttypes.h>

#define LINE_SIZE 1024

int curfew_cli_report(const struct curfew_cli *cli, const struct curfew_outcome *outcome,
                      const struct curfew_cli_report *report)
{
    char line[LINE_SIZE];
    int status = (int)curfew_report_exit(outcome->status);

    curfew_report_line(outcome, report->what, line, sizeof line);
    if (cli->json) {
        struct curfew_object *object = report->object != NULL ? report->object : curfew_object_create();
        curfew_outcome_put(outcome, object);
        if (outcome->status != CURFEW_OK)
            curfew_cli_say("%s", line);
        return curfew_cli_print(object, status);
    }
    curfew_object_destroy(report->object);
    curfew_cli_say("%s", line);
    if (outcome->status != CURFEW_OK)
        return status;
    if (report->value != NULL)
        puts(report->value);
    else
        printf("%" PRId32 ":%" PRId64 "\n", outcome->receipt.lane, outcome->receipt.offset);
    return status;
}

int curfew_cli_emit(struct curfew_cli *cli, const struct curfew_event *event, const struct curfew_cli_report *report)
{
    struct curfew_outcome outcome;

    /* what it returns is in the outcome too */
    if (curfew_producer_emit_and_wait(cli->producer, event, CURFEW_LANE_OF_EVENT, cli->wait, curfew_cli_left_ms(cli),
                                      &outcome) != CURFEW_OK &&
        outcome.status == CURFEW_OK)
        outcome.status = CURFEW_INTERNAL;
    return curfew_cli_report(cli, &outcome, report);
}

int curfew_cli_send(struct curfew_cli *cli, const struct curfew_event *event, const struct curfew_cli_report *report)
{
    struct curfew_error error;
    int status;

    if (curfew_cli_open(cli, &error) != CURFEW_OK) {
        curfew_object_destroy(report->object);
        status = curfew_cli_fail(&error);
    } else {
        status = curfew_cli_emit(cli, event, report);
    }
    curfew_cli_close(cli);
    return status;
}
