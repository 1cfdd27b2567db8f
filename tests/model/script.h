/* script: what happens to work in one exploration, in order, and by hand beside it what must come of it: which records
 * are refused, which owe floors, and from which record on each token may, and must, be denied. Written out, not
 * computed: so it cannot be wrong in the way the product is. Pure. */
#ifndef CURFEW_TESTS_MODEL_SCRIPT_H
#define CURFEW_TESTS_MODEL_SCRIPT_H

#include "consumer/token.h"
#include <curfew/event.h>

#define MODEL_EVENTS_MAX 6
#define MODEL_TOKENS_MAX 3
#define MODEL_T0 (INT64_C(1800000000) * 1000000) /* when the model begins; logs and tokens are older */
#define MODEL_GENESIS_AGO_US INT64_C(60000000) /* by so much, the logs */
#define MODEL_ISSUER "https://as.acme"
#define MODEL_AUDIENCE "books"
#define MODEL_NEVER (-1)

enum model_act {
    MODEL_SESSION_STARTED,
    MODEL_SESSION_ENDED,
    MODEL_TASK_STARTED,
    MODEL_ATTEMPT_ENDED,
    MODEL_TASK_ENDED,
    MODEL_MINTED,
    MODEL_TOKEN_REVOKED,
    MODEL_USER_REVOKED, /* the only one on the control lane */
};

enum model_ruling {
    MODEL_ACCEPTED,
    MODEL_REFUSED,
    MODEL_EITHER, /* control may or may not have been taken in */
};

struct model_event {
    enum model_act act;
    const char *task;
    int attempt;
    const char *parent; /* of a task started; NULL: the session. Its attempt is 1 */
    int token; /* of a mint or a revocation of a token */
    enum model_ruling ruling;
    bool owes; /* at least one floor is due to it */
};

struct model_token {
    const char *jti;
    const char *parent; /* the step above `task`, at attempt 1; NULL: none */
    const char *task; /* NULL: directly under the session */
    int attempt;
    int may; /* the event from which on it may be denied; MODEL_NEVER */
    int must; /* the event that a hop must not be past without denying it; MODEL_NEVER */
};

struct model_script {
    const char *name;
    const char *about;
    int count;
    int tokens;
    bool known; /* breaks a promise as things stand: run by name only */
    struct model_event events[MODEL_EVENTS_MAX];
    struct model_token token[MODEL_TOKENS_MAX];
};

size_t model_script_count(void);
const struct model_script *model_script_at(size_t index);
/* NULL: there is none of that name. */
const struct model_script *model_script_find(const char *name);

/* 0: control; 1: the pipeline. */
static inline int model_event_lane(const struct model_event *event)
{
    return event->act == MODEL_USER_REVOKED ? 0 : 1;
}

/* The event as its writer would say it. What it points to lives until the next call. */
struct curfew_event model_script_event(const struct model_script *script, int index, int64_t now_us);
struct curfew_event model_script_genesis(int32_t lane);
/* The token as a hop is shown it; the caller's to destroy. */
struct curfew_token *model_script_token(const struct model_script *script, int index);
const char *model_act_name(enum model_act act);

#endif
