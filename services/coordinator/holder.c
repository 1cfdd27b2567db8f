/* holder: leases. A holder that falls silent for longer than a lease, on the lease clock, loses what it holds. */
#include "core/digest.h"
#include "services/coordinator/book_state.h"
#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <utlist.h>

/* Holders are of one lane and name no tenant; the digest keeps the key short and of one size. */
static struct curfew_subject key_of(struct curfew_slice id)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    const struct curfew_slice parts[] = {curfew_slice_of("curfew-holder-1"), id};
    curfew_sha256(parts, 2, digest);
    struct curfew_subject key;
    memcpy(key.digest, digest, sizeof key.digest);
    return key;
}

static struct holder *find(struct curfew_book *book, struct curfew_slice id)
{
    const struct curfew_subject key = key_of(id);
    struct holder *holder = NULL;
    HASH_FIND(hh, book->holders, &key, sizeof key, holder);
    return holder;
}

static struct holder *find_or_make(struct curfew_book *book, struct curfew_slice id, const struct curfew_moment *moment)
{
    struct holder *holder = find(book, id);
    if (holder == NULL) {
        holder = curfew_memory_take(sizeof *holder);
        holder->key = key_of(id);
        holder->renewed_us = moment->lease_us;
        HASH_ADD(hh, book->holders, key, sizeof holder->key, holder);
        DL_APPEND(book->silent, holder);
    }
    return holder;
}

static void release(struct curfew_book *book, struct holder *holder)
{
    if (holder->tasks == NULL && holder->sessions == NULL) {
        HASH_DEL(book->holders, holder);
        DL_DELETE(book->silent, holder);
        free(holder);
    }
}

void curfew_book_hold_task(struct curfew_book *book, struct task *task, struct curfew_slice holder,
                           const struct curfew_moment *moment)
{
    struct holder *before = task->holder;
    struct holder *after = holder.size == 0 ? NULL : find_or_make(book, holder, moment);
    if (before == after) {
        return;
    }
    curfew_book_drop_task(book, task);
    if (after != NULL) {
        task->holder = after;
        DL_APPEND2(after->tasks, task, held_prev, held_next);
    }
}

void curfew_book_hold_session(struct curfew_book *book, struct session *session, struct curfew_slice holder,
                              const struct curfew_moment *moment)
{
    if (holder.size > 0) {
        session->holder = find_or_make(book, holder, moment);
        DL_APPEND2(session->holder->sessions, session, held_prev, held_next);
    }
}

void curfew_book_drop_task(struct curfew_book *book, struct task *task)
{
    struct holder *holder = task->holder;
    if (holder != NULL) {
        DL_DELETE2(holder->tasks, task, held_prev, held_next);
        task->holder = NULL;
        release(book, holder);
    }
}

void curfew_book_drop_session(struct curfew_book *book, struct session *session)
{
    struct holder *holder = session->holder;
    if (holder != NULL) {
        DL_DELETE2(holder->sessions, session, held_prev, held_next);
        session->holder = NULL;
        release(book, holder);
    }
}

struct curfew_ruling curfew_book_heartbeat(struct curfew_book *book, const struct curfew_holder_heartbeat *event,
                                           const struct curfew_moment *moment)
{
    const int64_t late_us = moment->timestamp_us - event->said_us;
    const int64_t most_us = moment->settings->heartbeat_age_ms * INT64_C(1000);
    if (late_us > most_us || late_us < -most_us) {
        return curfew_ruling_refused(CURFEW_REASON_CLOCK); /* queued through an outage, it would prove nothing */
    }
    struct holder *holder = find(book, event->holder);
    if (holder == NULL) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_HOLDER);
    }
    holder->renewed_us = moment->lease_us;
    DL_DELETE(book->silent, holder);
    DL_APPEND(book->silent, holder);
    return curfew_ruling_accepted();
}

/* Ends one thing of a holder's. The holder goes with the last. */
static void lose_one(struct curfew_book *book, struct holder *holder, const struct curfew_moment *moment)
{
    if (holder->sessions != NULL) {
        curfew_book_session_close(book, holder->sessions, true, moment);
    } else {
        curfew_book_task_close(book, holder->tasks, moment);
    }
}

void curfew_book_leases_run(struct curfew_book *book, const struct curfew_moment *moment)
{
    const int64_t lease_us = moment->settings->lease_ms * INT64_C(1000);
    while (book->silent != NULL && moment->lease_us - book->silent->renewed_us > lease_us) {
        lose_one(book, book->silent, moment);
    }
}
