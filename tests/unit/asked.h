/* asked: questions to a coordinator over HTTP, in a unit test: a cluster whose coordinator answers as the service's
 * runner lets it, what happens there, and its answers as JSON. */
#ifndef CURFEW_TESTS_UNIT_ASKED_H
#define CURFEW_TESTS_UNIT_ASKED_H

#include "cluster_world.h"
#include "core/json.h"
#include "services/coordinator/roster.h"

struct asked {
    struct cluster *cluster;
    struct curfew_roster *roster;
};

/* Set-up and tear-down of a test: *state is one. */
int asked_begin(void **state);
int asked_end(void **state);

/* The answer to GET path, which must have this code; lives until the next. */
const struct curfew_json *asked_get(const char *path, int code);
int64_t asked_int(const struct curfew_json *object, const char *name); /* -1: not there */
/* Whether a member is that text; NULL: is not there. */
bool asked_is(const struct curfew_json *object, const char *name, const char *text);
/* The item of an array member whose member `key` is that text; NULL: none. */
const struct curfew_json *asked_item(const struct curfew_json *object, const char *list, const char *key,
                                     const char *text);

/* What happens; each gives the offset of its record, and lets a tenth of a second pass. NULL: none. */
int64_t asked_session(struct asked *asked, const char *id, const char *user, const char *holder);
int64_t asked_session_end(struct asked *asked, const char *id, const char *reason);
/* "extract", "clean<extract": with its parent, at attempt 1. */
int64_t asked_task(struct asked *asked, const char *id, const char *task, int64_t attempt, const char *holder);
int64_t asked_task_end(struct asked *asked, const char *id, const char *task, int64_t attempt, const char *reason);
int64_t asked_attempt_end(struct asked *asked, const char *id, const char *task, int64_t attempt);
/* A token of ada's for a top task at attempt 1, good for five minutes. */
int64_t asked_mint(struct asked *asked, const char *id, const char *jti, const char *task, const char *agent);
/* In steps of a tenth of a second, so that the lease clock goes on. */
void asked_pass(struct asked *asked, int64_t us);

#endif
