/* book: the closed world of one pipeline lane: sessions, tasks and their attempts, the holders whose leases keep them,
 * and what control
 * has adopted and revoked. What is not known to be open is dead. Events in; rulings out; floors go into the ledger.
 * Pure: no clock, no I/O. One thread.
 *
 * Ends of what has ended already, of an attempt no longer current, or said by an attempt under a dead ancestor hold
 * already: accepted, without effect. So are exact repeats of a start. */
#ifndef CURFEW_COORDINATOR_BOOK_H
#define CURFEW_COORDINATOR_BOOK_H

#include "core/subject.h"
#include "services/coordinator/control.h"
#include "services/coordinator/ledger.h"
#include "services/coordinator/moment.h"

struct curfew_book;

/* `ledger` is the lane's and outlives the book. */
struct curfew_book *curfew_book_create(struct curfew_ledger *ledger);
void curfew_book_destroy(struct curfew_book *book);

struct curfew_ruling curfew_book_session_started(struct curfew_book *book, const struct curfew_session_started *event,
                                                 const struct curfew_moment *moment);
struct curfew_ruling curfew_book_session_ended(struct curfew_book *book, const struct curfew_session_ended *event,
                                               const struct curfew_moment *moment);
struct curfew_ruling curfew_book_task_started(struct curfew_book *book, const struct curfew_task_started *event,
                                              const struct curfew_moment *moment);
struct curfew_ruling curfew_book_attempt_ended(struct curfew_book *book, const struct curfew_attempt_ended *event,
                                               const struct curfew_moment *moment);
struct curfew_ruling curfew_book_task_ended(struct curfew_book *book, const struct curfew_task_ended *event,
                                            const struct curfew_moment *moment);
struct curfew_ruling curfew_book_heartbeat(struct curfew_book *book, const struct curfew_holder_heartbeat *event,
                                           const struct curfew_moment *moment);
/* The gate of a mint. A token announced under something dead is denied by its jti as well, should it have left. */
struct curfew_ruling curfew_book_token_created(struct curfew_book *book, const struct curfew_token_created *event,
                                               const struct curfew_moment *moment);
struct curfew_ruling curfew_book_token_revoked(struct curfew_book *book, const struct curfew_token_revoked *event,
                                               const struct curfew_moment *moment);

/* From control. The floor stands on the control lane; here a user's or tenant's sessions that were authenticated before
 * it end in the book, and what it stands on is held against starts and mints until its `until_us`. Agents, keys and
 * policies are tokens', not sessions': no session ends with them, and no token is minted with them any more. */
void curfew_book_revoked(struct curfew_book *book, const struct curfew_fact_revoked *revoked);
/* From control: tokens may be minted under that version and those below. */
void curfew_book_policy_adopted(struct curfew_book *book, const struct curfew_subject *policy, int64_t version);

/* A good tick: leases on the lease clock, deadlines and what can be forgotten on now. */
void curfew_book_tick(struct curfew_book *book, const struct curfew_moment *moment);

struct curfew_book_counts {
    int64_t sessions; /* open */
    int64_t tasks; /* running or ended, of open sessions */
    int64_t holders;
    int64_t tombstones; /* of sessions */
};
struct curfew_book_counts curfew_book_counts(const struct curfew_book *book);

/* What would end in the book if a subject were revoked now. Walks all sessions for a tenant. */
struct curfew_book_impact {
    int64_t sessions; /* open */
    int64_t tasks; /* running, in those */
};
struct curfew_book_impact curfew_book_impact(const struct curfew_book *book, enum curfew_kind kind,
                                             const struct curfew_subject *subject);

#endif
