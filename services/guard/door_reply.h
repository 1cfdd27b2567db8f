/* door_reply: what the door answers: an outcome, a verdict or a mistake as status and JSON. Pure. */
#ifndef CURFEW_GUARD_DOOR_REPLY_H
#define CURFEW_GUARD_DOOR_REPLY_H

#include "core/http.h"
#include <curfew/hop.h>
#include <curfew/producer.h>

/* Of an emission that is over. */
void curfew_door_reply_outcome(struct curfew_http_response *response, enum curfew_event_type type,
                               enum curfew_wait wait, const struct curfew_outcome *outcome);
/* Of a token that is not allowed. */
void curfew_door_reply_verdict(struct curfew_http_response *response, const struct curfew_verdict *verdict);
/* Of what went no further: {"error", "retriable"}. */
void curfew_door_reply_error(struct curfew_http_response *response, int code, const char *text);

#endif
