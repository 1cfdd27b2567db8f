/* outcome: how an emission ended, as JSON: the same from the command and over HTTP. Pure. */
#ifndef CURFEW_PRODUCER_OUTCOME_H
#define CURFEW_PRODUCER_OUTCOME_H

#include "core/object.h"
#include <curfew/producer.h>

/* Puts status, log_id, lane, offset, timestamp_us, durable_us, accepted_us, reason, retriable and error; what is not
 * known is null. */
void curfew_outcome_put(const struct curfew_outcome *outcome, struct curfew_object *object);

#endif
