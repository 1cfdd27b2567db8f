/* outcome: what programs are told of an emission. */
#include "producer/outcome.h"
#include "core/digest.h"

static void put_or_null(struct curfew_object *object, const char *name, int64_t value, bool known)
{
    if (known) {
        curfew_object_put_int(object, name, value);
    } else {
        curfew_object_put_null(object, name);
    }
}

void curfew_outcome_put(const struct curfew_outcome *outcome, struct curfew_object *object)
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
    if (outcome->status == CURFEW_OK) {
        curfew_object_put_null(object, "retriable");
    } else {
        curfew_object_put_bool(object, "retriable", refused ? outcome->refusal.retriable : outcome->error.retriable);
    }
    curfew_object_put_text(object, "error", outcome->status == CURFEW_OK ? NULL : outcome->error.text);
}
