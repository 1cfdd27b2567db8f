/* report: how a command says what came of it: exit status, JSON, one line for people. */
#include "services/cli/report.h"
#include "core/digest.h"
#include <inttypes.h>

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

static void put_or_null(struct curfew_object *object, const char *name, int64_t value, bool known)
{
    if (known)
        curfew_object_put_int(object, name, value);
    else
        curfew_object_put_null(object, name);
}

void curfew_report_put(const struct curfew_outcome *outcome, struct curfew_object *object)
{
    const struct curfew_receipt *receipt = &outcome->receipt;
    bool placed = receipt->offset >= 0;
    bool refused = outcome->status == CURFEW_REFUSED;
    char log_id[2 * CURFEW_LOG_ID_SIZE + 1];

    curfew_hex(receipt->log_id, sizeof receipt->log_id, log_id);
    curfew_object_put_text(object, "status", curfew_status_name(outcome->status));
    curfew_object_put_text(object, "log_id", placed ? log_id : NULL);
    put_or_null(object, "lane", receipt->lane, placed);
    put_or_null(object, "offset", receipt->offset, placed);
    put_or_null(object, "timestamp_us", receipt->timestamp_us, placed);
    put_or_null(object, "durable_us", receipt->durable_us, placed);
    put_or_null(object, "accepted_us", receipt->accepted_us, placed && receipt->accepted_us != 0);
    curfew_object_put_text(object, "reason",
                           refused ? curfew_reason_name((enum curfew_reason)outcome->refusal.reason) : NULL);
    if (outcome->status == CURFEW_OK)
        curfew_object_put_null(object, "retriable");
    else
        curfew_object_put_bool(object, "retriable", refused ? outcome->refusal.retriable : outcome->error.retriable);
    curfew_object_put_text(object, "error", outcome->status == CURFEW_OK ? NULL : outcome->error.text);
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
