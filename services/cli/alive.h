/* alive: what a coordinator knows to be running in the sessions of an owner, and what of it is to be ended because a
 * list of what is running does not have it. One thread. */
#ifndef CURFEW_CLI_ALIVE_H
#define CURFEW_CLI_ALIVE_H

#include "services/cli/running.h"
#include <uthash.h>

#define CURFEW_ALIVE_MAX 200000 /* tasks; with more it fails, and says so */

enum curfew_fate {
    CURFEW_FATE_OTHERS, /* not the owner's: left alone */
    CURFEW_FATE_LISTED,
    CURFEW_FATE_OTHERWISE, /* listed, but at other attempts alone: left alone */
    CURFEW_FATE_YOUNG, /* started when the list was taken, or later: left alone */
    CURFEW_FATE_ABOVE, /* something below it is listed, or young: left alone */
    CURFEW_FATE_BELOW, /* ends with what is above it */
    CURFEW_FATE_ENDED, /* to be ended */
};
const char *curfew_fate_name(enum curfew_fate fate);

struct curfew_alive_task {
    const char *session, *task; /* behind it, in one allocation */
    int64_t attempt;
    int64_t started_us; /* of the attempt, by the broker's clock */
    bool owned; /* held by the owner, or started by it */
    struct curfew_alive_task *parent; /* NULL: none that runs */
    bool needed; /* by something below it that is left alone */
    enum curfew_fate fate; /* after decide */
    UT_hash_handle hh; /* by session and task */
};

/* All that runs in a session of the owner's, a parent before what is below it. All zero is empty. */
struct curfew_alive {
    struct curfew_alive_task **tasks;
    struct curfew_alive_task *by_name;
    size_t count, room;
    size_t sessions;
};

struct curfew_alive_options {
    const char *coordinator;
    const char *owner; /* a holder, or a writer */
    const char
        *tenant; /* whose; "*": all; NULL: the one there is. Holders of two tenants are two, whatever their names */
    int64_t deadline_us; /* on the clock that never steps */
    void (*progress)(void *context, size_t sessions, size_t of); /* after each session */
    void *context;
};

/* Asks. The caller frees it in any case. CURFEW_INVALID also when the owner has something in two tenants and none was
 * named. */
enum curfew_status curfew_alive_gather(const struct curfew_alive_options *options, struct curfew_alive *alive,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;
/* Adds one; false: no memory, or too many. `parent` may be empty, or not there. */
bool curfew_alive_add(struct curfew_alive *alive, const struct curfew_alive_task *task, struct curfew_slice session,
                      struct curfew_slice name, struct curfew_slice parent) CURFEW_MUST_CHECK;
void curfew_alive_free(struct curfew_alive *alive);

/* Gives every task its fate. `before_us`: what started then or later was not there for the list to have. Pure. */
void curfew_alive_decide(struct curfew_alive *alive, const struct curfew_running *running, int64_t before_us);

#endif
