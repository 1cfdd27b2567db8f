/* register: the names behind one pipeline lane's book: what its sessions and tasks are called, who started and holds
 * them, since when, which agents had tokens there, and by what cause each came to its end. The book needs none of it
 * and keeps digests. It is beside the step, which it never changes: noted after each, from the record and what the book
 * then says, so that it is a function of the log too, and what the book refused or had no use for is not in it. Sans
 * I/O. One thread.
 *
 * Bounds: what is open has the book's (settings.sessions_max, tasks_max). Of what is over the newest
 * CURFEW_REGISTER_OVER_MAX sessions with at most CURFEW_REGISTER_OVER_TASKS_MAX tasks are kept, the oldest forgotten.
 * Of a session's agents CURFEW_REGISTER_AGENTS_MAX are named, and a session that had more says so. */
#ifndef CURFEW_COORDINATOR_REGISTER_H
#define CURFEW_COORDINATOR_REGISTER_H

#include "services/coordinator/lane.h"
#include <uthash.h>

#define CURFEW_REGISTER_OVER_MAX 1000
#define CURFEW_REGISTER_OVER_TASKS_MAX 100000
#define CURFEW_REGISTER_AGENTS_MAX 16
#define CURFEW_REGISTER_REASON_MAX 200 /* bytes of a reason for people that are kept */

enum curfew_over {
    CURFEW_OVER_NOT,
    CURFEW_OVER_SAID, /* somebody said so: `by` */
    CURFEW_OVER_LEASE, /* its holder was silent for too long */
    CURFEW_OVER_DEADLINE, /* of the session */
    CURFEW_OVER_USER, /* the user was revoked */
    CURFEW_OVER_TENANT, /* the tenant was revoked */
    CURFEW_OVER_UNKNOWN,
};
const char *curfew_over_name(enum curfew_over over);

/* How something came to its end. */
struct curfew_end {
    enum curfew_over cause;
    int64_t offset; /* of the record that led to it; -1: not known */
    int64_t at_us; /* the broker's timestamp of that; 0: not known */
    struct curfew_slice by; /* its writer; empty: nobody's */
    struct curfew_slice by_task; /* on whose behalf; may be empty */
    struct curfew_slice reason; /* for people; may be empty */
};

struct curfew_registered_agent {
    struct curfew_slice name;
    int64_t newest_us; /* newest expiry of a token it acts in */
};

struct curfew_registered_session {
    struct curfew_slice id, tenant, issuer, user;
    struct curfew_slice starter; /* the writer that started it */
    struct curfew_slice holder; /* empty: none */
    struct curfew_slice orchestrators[CURFEW_ORCHESTRATORS_MAX];
    size_t orchestrator_count;
    struct curfew_subject subject;
    int64_t offset; /* of its start: they stand in this order */
    int64_t started_us; /* the broker's timestamp of that */
    int64_t auth_us, deadline_us;
    struct curfew_registered_agent agents[CURFEW_REGISTER_AGENTS_MAX];
    size_t agent_count;
    bool agents_more; /* there were more */
    struct curfew_end end;
    struct curfew_registered_task *tasks; /* in the order they were started: a parent before what is below it */
    size_t task_count;
    struct curfew_registered_session *prev, *next; /* of those that are open, or of those that are over */
    UT_hash_handle hh; /* by id */
    UT_hash_handle hh_subject;
};

struct curfew_registered_task {
    struct curfew_subject subject;
    struct curfew_slice id;
    struct curfew_registered_session *session;
    const struct curfew_registered_task *parent; /* NULL: directly under the session */
    int64_t parent_attempt;
    int64_t attempt; /* the current one, as is what follows */
    struct curfew_slice starter, holder;
    int64_t offset, started_us; /* of its start */
    struct curfew_end attempt_end;
    struct curfew_end end; /* for good */
    struct curfew_registered_task *prev, *next;
    UT_hash_handle hh; /* by subject */
};

struct curfew_register;

struct curfew_register *curfew_register_create(void);
void curfew_register_destroy(struct curfew_register *names);

/* What a step of `record` led to, right after it. */
void curfew_register_note(struct curfew_register *names, const struct curfew_lane *lane,
                          const struct curfew_record *record, const struct curfew_effects *effects);

/* All below live until the next note. The first open session in the order of their starts; `next` follows. */
const struct curfew_registered_session *curfew_register_first(const struct curfew_register *names);
int64_t curfew_register_open(const struct curfew_register *names);
/* Open or over; NULL: not known, or forgotten. */
const struct curfew_registered_session *curfew_register_find(const struct curfew_register *names,
                                                             struct curfew_slice id);

#endif
