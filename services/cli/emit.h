/* emit: one event on its way, for the commands that send one: send, wait, report. One thread. */
#ifndef CURFEW_CLI_EMIT_H
#define CURFEW_CLI_EMIT_H

#include "services/cli/cli.h"

/* How to report it. */
struct curfew_cli_report {
    const char *what; /* for people: "task clean" */
    const char *value; /* for standard output; NULL: "lane:offset" */
    struct curfew_object *object; /* members to begin with; taken; NULL: none */
};

/* Opens the producer, emits, reports. Returns the exit status. */
int curfew_cli_send(struct curfew_cli *cli, const struct curfew_event *event, const struct curfew_cli_report *report);

/* The same with a producer that is open. */
int curfew_cli_emit(struct curfew_cli *cli, const struct curfew_event *event, const struct curfew_cli_report *report);

/* Reports an outcome: JSON, or a line for people and the value when it is OK. Takes report->object. */
int curfew_cli_report(const struct curfew_cli *cli, const struct curfew_outcome *outcome,
                      const struct curfew_cli_report *report);

#endif
