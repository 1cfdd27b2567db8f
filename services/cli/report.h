/* report: how a command says what came of it: exit status, one line for people. Pure. */
#ifndef CURFEW_CLI_REPORT_H
#define CURFEW_CLI_REPORT_H

#include <curfew/producer.h>

/* Part of the command's contract: scripts depend on them. */
enum curfew_exit {
    CURFEW_EXIT_OK = 0,
    CURFEW_EXIT_FAILED = 1,
    CURFEW_EXIT_USAGE = 2,
    CURFEW_EXIT_REFUSED = 3,
    CURFEW_EXIT_DENIED = 4,
    CURFEW_EXIT_UNAVAILABLE = 5,
    CURFEW_EXIT_NOT_VALID = 6,
};

enum curfew_exit curfew_report_exit(enum curfew_status status);

/* One line without its newline: what it came to, where it is, how long it took, and what to do. `what` begins it:
 * "task clean". */
void curfew_report_line(const struct curfew_outcome *outcome, const char *what, char *line, size_t size);

#endif
