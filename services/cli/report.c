/* report: how a command says what came of it: exit status, one line for people. */
#include "services/cli/report.h"
#include <inttypes.h>
#include <stdio.h>

enum curfew_exit curfew_report_exit(enum curfew_status status)
{
    switch (status) {
    case CURFEW_OK:
        return CURFEW_EXIT_OK;
    case CURFEW_REFUSED:
        return CURFEW_EXIT_REFUSED;
    case CURFEW_UNAVAILABLE:
    case CURFEW_TIMEOUT:
    case CURFEW_FULL:
        return CURFEW_EXIT_UNAVAILABLE;
    case CURFEW_INVALID:
    case CURFEW_CLOSED:
    case CURFEW_NOMEM:
    case CURFEW_INTERNAL:
        break;
    }
    return CURFEW_EXIT_FAILED;
}

void curfew_report_line(const struct curfew_outcome *outcome, const char *what, char *line, size_t size)
{
    const struct curfew_receipt *receipt = &outcome->receipt;
    bool placed = receipt->offset >= 0;

    if (outcome->status == CURFEW_OK && receipt->accepted_us != 0)
        snprintf(line, size, "%s: accepted, lane %" PRId32 " offset %" PRId64 ", %.1f ms after it was durable", what,
                 receipt->lane, receipt->offset, (double)(receipt->accepted_us - receipt->durable_us) / 1e3);
    else if (outcome->status == CURFEW_OK)
        snprintf(line, size, "%s: durable, lane %" PRId32 " offset %" PRId64 "; the answer was not waited for", what,
                 receipt->lane, receipt->offset);
    else if (outcome->status == CURFEW_REFUSED)
        snprintf(line, size, "%s: refused: %s (lane %" PRId32 " offset %" PRId64 "); %s", what,
                 curfew_reason_name((enum curfew_reason)outcome->refusal.reason), receipt->lane, receipt->offset,
                 outcome->refusal.retriable ? "the same again later can help" : "the same again will not help");
    else if (placed)
        snprintf(line, size,
                 "%s: durable, lane %" PRId32 " offset %" PRId64 ", but not answered: %s. It may yet be accepted or "
                 "refused; sending it again does no harm",
                 what, receipt->lane, receipt->offset, outcome->error.text);
    else
        snprintf(line, size, "%s: %s: %s", what, curfew_status_name(outcome->status), outcome->error.text);
}
