/* book_state: the inside of the book, shared by the files that rule on it (book.c, session.c, task.c, token.c,
 * holder.c, reach.c, standing.c), by view.c, which only reads, and by nobody else. */
#ifndef CURFEW_COORDINATOR_BOOK_STATE_H
#define CURFEW_COORDINATOR_BOOK_STATE_H

#include "services/coordinator/book.h"
#include "services/coordinator/policies.h"
#include "services/coordinator/revoked.h"
#include "services/coordinator/writers.h"
#include <uthash.h>

struct task;
struct session;

#define CURFEW_KEEPERS_MAX 16 /* writers that may beat for one holder; a start that would need more is refused */

/* Whose lease keeps tasks and sessions alive. Gone when it holds nothing. Holders of different tenants never meet;
 * their heartbeats name no tenant, so those of one id are found together. */
struct holder {
    struct curfew_subject key; /* of the id */
    struct curfew_slice tenant; /* its own memory */
    const struct curfew_writer *keepers[CURFEW_KEEPERS_MAX]; /* who started what it holds, or may run tasks there */
    size_t keeper_count;
    struct holder *same; /* of the same id and another tenant; the table holds the first */
    int64_t renewed_us; /* on the lease clock */
    struct task *tasks;
    struct session *sessions;
    UT_hash_handle hh;
    struct holder *prev; /* in the order of renewed_us */
    struct holder *next;
};

/* Of an open session. */
struct user {
    struct curfew_subject subject;
    struct session *sessions; /* open ones */
    UT_hash_handle hh;
};

struct task {
    struct curfew_subject subject;
    struct session *session;
    struct task *parent; /* NULL: directly under the session */
    int64_t parent_attempt;
    int64_t attempt;
    int64_t newest_us; /* newest expiry announced under it; 0: none */
    struct curfew_subject content; /* of the start, to know a repeat */
    int depth; /* 1: directly under the session */
    bool attempt_over;
    bool over;
    struct holder *holder; /* NULL: none, or over */
    struct task *held_prev;
    struct task *held_next;
    struct task *next; /* of the session's tasks */
    UT_hash_handle hh;
};

struct session {
    struct curfew_subject key; /* of the id alone: events do not name the tenant */
    struct curfew_subject subject; /* what its floor stands on */
    struct curfew_subject content; /* of the start, to know a repeat */
    struct user *user;
    const struct curfew_writer *starter;
    const struct curfew_writer **orchestrators; /* its own memory */
    size_t orchestrator_count;
    struct curfew_slice tenant; /* its own memory */
    struct curfew_subject tenant_subject;
    struct curfew_slice id; /* its own memory */
    int64_t auth_us;
    int64_t deadline_us;
    int64_t wake_us; /* when the heap looks at it: deadline, or when its tombstone may go */
    int64_t newest_us; /* newest expiry announced under it; 0: none */
    bool over;
    bool owes_floor; /* over by a revocation, whose floor stands on control: none of its own was raised */
    struct task *tasks;
    struct holder *holder;
    struct session *held_prev;
    struct session *held_next;
    struct session *user_prev;
    struct session *user_next;
    UT_hash_handle hh;
};

struct curfew_book {
    struct curfew_ledger *ledger;
    struct session *sessions; /* by key; open and tombstones */
    struct task *tasks; /* by subject */
    struct user *users; /* by subject */
    struct curfew_revoked *revoked; /* what control has */
    struct curfew_policies *policies; /* adopted */
    struct holder *holders; /* by key */
    struct holder *silent; /* the longest silent first */
    struct session **heap; /* by wake_us */
    size_t heap_count;
    size_t heap_room;
    int64_t tombstones;
};

/* book.c */
void curfew_book_raise(struct curfew_book *book, const struct curfew_floor *floor, const struct curfew_moment *moment);
void curfew_book_heap_push(struct curfew_book *book, struct session *session);

/* session.c */
struct session *curfew_book_session_find(const struct curfew_book *book, struct curfew_slice id);
struct user *curfew_book_user_find(const struct curfew_book *book, const struct curfew_subject *subject);
/* Ends it in the book; raises its floor if `floor`. */
void curfew_book_session_close(struct curfew_book *book, struct session *session, bool floor,
                               const struct curfew_moment *moment);
/* Something in a session that is over was ended by a record of this lane: if no floor in this lane says so yet, the
 * session's does from now on. A hop past that record may not be past the revocation on control. */
void curfew_book_session_settle(struct curfew_book *book, struct session *session, const struct curfew_moment *moment);
void curfew_book_session_forget(struct curfew_book *book, struct session *session);

/* standing.c */
/* Whether user and tenant may begin a session that was authenticated then. */
struct curfew_ruling curfew_book_start_stands(const struct curfew_book *book, const struct curfew_subject *user,
                                              const struct curfew_subject *tenant, int64_t auth_us);
/* Whether all that spans sessions and a token hangs on stands: user, agents, tenants, key, policies. */
struct curfew_ruling curfew_book_token_stands(const struct curfew_book *book, const struct curfew_claims *claims);

/* task.c */
struct task *curfew_book_task_find(struct curfew_book *book, const struct session *session, struct curfew_slice id);
/* Whether everything above it, and the attempts they hang on, still stands. Says nothing of the task itself. */
bool curfew_book_task_rooted(const struct task *task);
/* Ends it for good; raises its floor unless something above is over already. */
void curfew_book_task_close(struct curfew_book *book, struct task *task, const struct curfew_moment *moment);

/* reach.c */
/* Whether the session was started by the writer, or named it. */
bool curfew_book_names(const struct session *session, const struct curfew_writer *writer);
/* Whether the moment's author may start tasks in a session, or (`ending`) end some there, for `by_task` if not empty.
 */
struct curfew_ruling curfew_book_reach_tasks(const struct session *session, bool ending, struct curfew_slice by_task,
                                             const struct curfew_moment *moment);
/* Whether the moment's author may end the session. */
struct curfew_ruling curfew_book_reach_session(const struct session *session, const struct curfew_moment *moment);

/* The task, and its attempt, on whose behalf a record was written. */
struct curfew_speaker {
    struct curfew_slice task; /* empty: the writer speaks for itself */
    int64_t attempt;
    struct curfew_slice tenant; /* that its token names as the session's; an issuer may speak for some tenants alone */
};
/* Finds it; refused `tenant` when the session is another's; `*task` stays NULL, with the ruling accepted, where that
 * attempt is over or stands under a dead ancestor: what it says has no effect. */
struct curfew_ruling curfew_book_speaker(struct curfew_book *book, const struct session *session,
                                         const struct curfew_speaker *speaker, const struct task **task);
/* Whether a task is `above` or hangs below it. */
bool curfew_book_is_below(const struct task *task, const struct task *above);

/* holder.c: an empty id holds nothing. */
/* Whether a holder has room for those who may beat for it, were something of the session's put under it now. */
bool curfew_book_can_hold(struct curfew_book *book, const struct session *session, struct curfew_slice holder,
                          const struct curfew_moment *moment);
void curfew_book_hold_task(struct curfew_book *book, struct task *task, struct curfew_slice holder,
                           const struct curfew_moment *moment);
void curfew_book_hold_session(struct curfew_book *book, struct session *session, struct curfew_slice holder,
                              const struct curfew_moment *moment);
void curfew_book_drop_task(struct curfew_book *book, struct task *task);
void curfew_book_drop_session(struct curfew_book *book, struct session *session);
/* Ends what the holders silent for longer than a lease hold. */
void curfew_book_leases_run(struct curfew_book *book, const struct curfew_moment *moment);

#endif
