/* holder: leases. A holder that falls silent for longer than a lease, on the lease clock, loses what it holds. */
#include "core/digest.h"
#include "core/id.h"
#include "services/coordinator/book_state.h"
#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <utlist.h>

/* Holders are of one lane; the digest keeps the key short and of one size. */
static struct curfew_subject key_of(struct curfew_slice id)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    const struct curfew_slice parts[] = {curfew_slice_of("curfew-holder-1"), id};
    curfew_sha256(parts, 2, digest);
    struct curfew_subject key;
    memcpy(key.digest, digest, sizeof key.digest);
    return key;
}

/* The first of those of one id. */
static struct holder *find(const struct curfew_book *book, const struct curfew_subject *key)
{
    struct holder *holder = NULL;
    HASH_FIND(hh, book->holders, key, sizeof *key, holder);
    return holder;
}

/* The tenant's among those of one id. */
static struct holder *find_of(const struct curfew_book *book, struct curfew_slice tenant,
                              const struct curfew_subject *key)
{
    struct holder *holder = find(book, key);
    while (holder != NULL && !curfew_slice_equal(holder->tenant, tenant)) {
        holder = holder->same;
    }
    return holder;
}

static struct holder *find_or_make(struct curfew_book *book, struct curfew_slice tenant, struct curfew_slice id,
                                   const struct curfew_moment *moment)
{
    const struct curfew_subject key = key_of(id);
    struct holder *holder = find_of(book, tenant, &key);
    if (holder == NULL) {
        struct holder *first = find(book, &key);
        uint8_t *copy = curfew_memory_take(tenant.size);
        memcpy(copy, tenant.at, tenant.size);
        holder = curfew_memory_take(sizeof *holder);
        holder->key = key;
        holder->tenant = (struct curfew_slice){copy, tenant.size};
        holder->renewed_us = moment->lease_us;
        if (first == NULL) {
            HASH_ADD(hh, book->holders, key, sizeof holder->key, holder);
        } else {
            holder->same = first->same;
            first->same = holder;
        }
        DL_APPEND(book->silent, holder);
    }
    return holder;
}

/* Takes it out of those of its id. */
static void unlist(struct curfew_book *book, struct holder *holder)
{
    struct holder *first = find(book, &holder->key);
    if (first != holder) {
        while (first->same != holder) {
            first = first->same;
        }
        first->same = holder->same;
        return;
    }
    HASH_DEL(book->holders, holder);
    if (holder->same != NULL) {
        struct holder *next = holder->same;
        HASH_ADD(hh, book->holders, key, sizeof next->key, next);
    }
}

static void release(struct curfew_book *book, struct holder *holder)
{
    if (holder->tasks == NULL && holder->sessions == NULL) {
        unlist(book, holder);
        DL_DELETE(book->silent, holder);
        free((void *)(uintptr_t)holder->tenant.at);
        free(holder);
    }
}

static bool keeps(const struct holder *holder, const struct curfew_writer *writer)
{
    for (size_t i = 0; i < holder->keeper_count; i++) {
        if (holder->keepers[i] == writer) {
            return true;
        }
    }
    return false;
}

/* Adds a keeper. False: the bound is met. */
static bool keep(struct holder *holder, const struct curfew_writer *writer)
{
    if (keeps(holder, writer)) {
        return true;
    }
    if (holder->keeper_count == CURFEW_KEEPERS_MAX) {
        return false;
    }
    holder->keepers[holder->keeper_count++] = writer;
    return true;
}

/* Who started the thing, and whoever may run tasks in its session. */
static bool keep_all(struct holder *holder, const struct session *session, const struct curfew_moment *moment)
{
    bool room = keep(holder, moment->author);
    if (curfew_right_has(session->starter->right, CURFEW_ROLE_ORCHESTRATOR)) {
        room = room && keep(holder, session->starter);
    }
    for (size_t i = 0; room && i < session->orchestrator_count; i++) {
        room = keep(holder, session->orchestrators[i]);
    }
    return room;
}

bool curfew_book_can_hold(struct curfew_book *book, const struct session *session, struct curfew_slice id,
                          const struct curfew_moment *moment)
{
    if (id.size == 0) {
        return true;
    }
    const struct curfew_subject key = key_of(id);
    const struct holder *holder = find_of(book, session->tenant, &key);
    if (holder == NULL) {
        return true; /* one writer, one starter and CURFEW_ORCHESTRATORS_MAX have room in a new one */
    }
    struct holder tried = *holder;
    return keep_all(&tried, session, moment);
}

void curfew_book_hold_task(struct curfew_book *book, struct task *task, struct curfew_slice holder,
                           const struct curfew_moment *moment)
{
    struct holder *before = task->holder;
    struct holder *after = holder.size == 0 ? NULL : find_or_make(book, task->session->tenant, holder, moment);
    if (after != NULL) {
        (void)keep_all(after, task->session, moment); /* curfew_book_can_hold said that there is room */
    }
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
        session->holder = find_or_make(book, session->tenant, holder, moment);
        (void)keep_all(session->holder, session, moment);
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

static void renew(struct curfew_book *book, struct holder *holder, const struct curfew_moment *moment)
{
    holder->renewed_us = moment->lease_us;
    DL_DELETE(book->silent, holder);
    DL_APPEND(book->silent, holder);
}

/* A worker beats: for a holder that holds nothing but its own task and those below it. */
static struct curfew_ruling beat_for_task(struct curfew_book *book, const struct curfew_holder_heartbeat *event,
                                          const struct curfew_moment *moment)
{
    const struct session *session = curfew_book_session_find(book, event->session);
    if (session == NULL || session->over) {
        return curfew_ruling_refused(session == NULL ? CURFEW_REASON_UNKNOWN_SESSION : CURFEW_REASON_SESSION_OVER);
    }
    const struct curfew_speaker speaker = {event->by_task, event->by_attempt, event->by_tenant};
    const struct task *own = NULL;
    struct curfew_ruling ruling = curfew_book_reach_tasks(session, true, event->by_task, moment);
    if (!ruling.refused) {
        ruling = curfew_book_speaker(book, session, &speaker, &own);
    }
    const struct curfew_subject key = key_of(event->holder);
    struct holder *holder = find_of(book, session->tenant, &key);
    if (ruling.refused || own == NULL) {
        return ruling;
    }
    if (holder == NULL) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_HOLDER);
    }
    for (const struct task *task = holder->tasks; task != NULL; task = task->held_next) {
        if (!curfew_book_is_below(task, own)) {
            return curfew_ruling_refused(CURFEW_REASON_NOT_OWN);
        }
    }
    if (holder->sessions != NULL) {
        return curfew_ruling_refused(CURFEW_REASON_NOT_OWN);
    }
    renew(book, holder, moment);
    return ruling;
}

struct curfew_ruling curfew_book_heartbeat(struct curfew_book *book, const struct curfew_holder_heartbeat *event,
                                           const struct curfew_moment *moment)
{
    const int64_t late_us = moment->timestamp_us - event->said_us;
    const int64_t most_us = moment->settings->heartbeat_age_ms * INT64_C(1000);
    if (late_us > most_us || late_us < -most_us) {
        return curfew_ruling_refused(CURFEW_REASON_CLOCK); /* queued through an outage, it would prove nothing */
    }
    if (!curfew_id_valid(event->holder) ||
        (event->by_task.size == 0 ? event->by_attempt != 0 || event->session.size > 0 || event->by_tenant.size > 0
                                  : event->by_attempt < 1)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    if (event->by_task.size > 0) {
        return beat_for_task(book, event, moment);
    }
    const struct curfew_subject key = key_of(event->holder);
    struct holder *holder = find(book, &key);
    struct curfew_ruling ruling =
        curfew_ruling_refused(holder == NULL ? CURFEW_REASON_UNKNOWN_HOLDER : CURFEW_REASON_NOT_OWN);
    for (; holder != NULL; holder = holder->same) {
        if (keeps(holder, moment->author)) {
            renew(book, holder, moment);
            ruling = curfew_ruling_accepted();
        }
    }
    return ruling;
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
