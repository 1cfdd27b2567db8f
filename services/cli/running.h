/* running: an orchestrator's list of what is running, as JSON lines:
 *
 *     {"session":"3.k7QwZ2pXn0aVb81mJc5TyA","task":"clean","attempt":2}
 *     {"count":1}
 *
 * Without an attempt, whichever is meant. Other members are left alone. A last line that counts the others is not asked
 * for, but when it is there it must be right, and nothing may follow it: a list whose maker died half-way looks short.
 * So is a last line without its end. Bounds: CURFEW_RUNNING_MAX entries, CURFEW_RUNNING_LINE_MAX bytes a line. One
 * thread. */
#ifndef CURFEW_CLI_RUNNING_H
#define CURFEW_CLI_RUNNING_H

#include <curfew/event.h>
#include <curfew/status.h>
#include <stdio.h>

#define CURFEW_RUNNING_MAX 1000000
#define CURFEW_RUNNING_LINE_MAX 65536

struct curfew_running;

/* Reads to the end. CURFEW_INVALID: the error names the line. */
enum curfew_status curfew_running_read(FILE *file, struct curfew_running **running,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_running_destroy(struct curfew_running *running);

size_t curfew_running_count(const struct curfew_running *running);

enum curfew_listed {
    CURFEW_LISTED_NOT,
    CURFEW_LISTED,
    CURFEW_LISTED_OTHERWISE, /* at other attempts alone */
};
enum curfew_listed curfew_running_find(const struct curfew_running *running, struct curfew_slice session,
                                       struct curfew_slice task, int64_t attempt);

#endif
