/* door_reply: status codes (RFC 9110, 15) and bodies. */
#include "services/guard/door_reply.h"
#include "producer/outcome.h"
#include "services/guard/credentials.h"

/* Whether a record was refused for who said it, not for what is known. */
static bool is_of_rights(int32_t reason)
{
    return reason == CURFEW_REASON_UNKNOWN_WRITER || reason == CURFEW_REASON_MAC || reason == CURFEW_REASON_EPOCH ||
           reason == CURFEW_REASON_ROLE || reason == CURFEW_REASON_TENANT || reason == CURFEW_REASON_NOT_OWN;
}

static int code_of(const struct curfew_outcome *outcome, enum curfew_wait wait)
{
    switch (outcome->status) {
    case CURFEW_OK:
        return wait == CURFEW_WAIT_ACCEPTED ? 200 : 202;
    case CURFEW_REFUSED:
        return is_of_rights(outcome->refusal.reason) ? 403 : 409;
    case CURFEW_INVALID:
        return 400;
    case CURFEW_FULL:
        return 429;
    case CURFEW_TIMEOUT:
    case CURFEW_UNAVAILABLE:
    case CURFEW_CLOSED:
    case CURFEW_NOMEM:
        return outcome->receipt.offset >= 0 ? 504 : 503;
    case CURFEW_INTERNAL:
        return 500;
    }
    return 500;
}

/* Takes the object. */
static void put_body(struct curfew_http_response *response, int code, struct curfew_object *object)
{
    char *text = curfew_object_text(object);
    curfew_object_destroy(object);
    response->code = text == NULL ? 503 : code;
    response->body = text;
    response->size = text == NULL ? 0 : strlen(text);
}

static void put_header(struct curfew_http_response *response, const char *name, const char *value)
{
    response->header_name = name;
    response->header_value = value;
}

void curfew_door_reply_outcome(struct curfew_http_response *response, enum curfew_event_type type,
                               enum curfew_wait wait, const struct curfew_outcome *outcome)
{
    const int code = code_of(outcome, wait);
    const bool again = code == 429 || code == 503 || code == 504;
    struct curfew_object *object = curfew_object_create();
    struct curfew_outcome said = *outcome;
    said.error.retriable = said.error.retriable || again; /* also of a producer that closes: the next one takes it */
    curfew_object_put_text(object, "type", curfew_event_name(type));
    curfew_outcome_put(&said, object);
    if (again || (code != 200 && outcome->refusal.retriable)) {
        put_header(response, "Retry-After", "1");
    }
    put_body(response, code, object);
}

static const char *said_of(const struct curfew_verdict *verdict)
{
    switch (verdict->decision) {
    case CURFEW_DENY:
        return "the token is denied: what it was given for is over, or something above it is";
    case CURFEW_NOT_VALID:
        return "the bearer is no caller's secret, and no token that is accepted here";
    case CURFEW_NEEDS_REAPPROVAL:
        return "the token needs another approval";
    default:
        return "it cannot be decided now whether the token may still be used; try again";
    }
}

void curfew_door_reply_verdict(struct curfew_http_response *response, const struct curfew_verdict *verdict)
{
    int code = 503;
    struct curfew_object *object = curfew_object_create();
    if (verdict->decision == CURFEW_DENY || verdict->decision == CURFEW_NEEDS_REAPPROVAL) {
        code = 403;
    } else if (verdict->decision == CURFEW_NOT_VALID) {
        code = 401;
        put_header(response, "WWW-Authenticate", CURFEW_CREDENTIALS_SCHEME " error=\"invalid_token\"");
    } else {
        put_header(response, "Retry-After", "1");
    }
    curfew_object_put_text(object, "error", said_of(verdict));
    curfew_object_put_bool(object, "retriable", code == 503);
    curfew_object_put_text(object, "verdict", curfew_decision_name(verdict->decision));
    curfew_object_put_text(object, "reason", verdict->reason);
    if (verdict->decision == CURFEW_DENY) {
        curfew_object_put_text(object, "kind", curfew_kind_name(verdict->kind));
    }
    put_body(response, code, object);
}

void curfew_door_reply_error(struct curfew_http_response *response, int code, const char *text)
{
    struct curfew_object *object = curfew_object_create();
    curfew_object_put_text(object, "error", text);
    curfew_object_put_bool(object, "retriable", code == 429 || code == 503);
    if (code == 401) {
        put_header(response, "WWW-Authenticate", CURFEW_CREDENTIALS_SCHEME);
    } else if (code == 429 || code == 503) {
        put_header(response, "Retry-After", "1");
    }
    put_body(response, code, object);
}
