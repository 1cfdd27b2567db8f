/* session: starts and ends of sessions, and the users behind them. */
#include "core/digest.h"
#include "core/id.h"
#include "services/coordinator/book_state.h"
#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <utlist.h>

/* Events name a session without its tenant, so the book finds it by the id alone. */
static struct curfew_subject key_of(struct curfew_slice id)
{
    return curfew_subject_session((struct curfew_slice){0}, id);
}

struct session *curfew_book_session_find(const struct curfew_book *book, struct curfew_slice id)
{
    const struct curfew_subject key = key_of(id);
    struct session *session = NULL;
    HASH_FIND(hh, book->sessions, &key, sizeof key, session);
    return session;
}

struct user *curfew_book_user_find(const struct curfew_book *book, const struct curfew_subject *subject)
{
    struct user *user = NULL;
    HASH_FIND(hh, book->users, subject, sizeof *subject, user);
    return user;
}

static struct user *take_user(struct curfew_book *book, const struct curfew_subject *subject)
{
    struct user *user = curfew_book_user_find(book, subject);
    if (user == NULL) {
        user = curfew_memory_take(sizeof *user);
        user->subject = *subject;
        HASH_ADD(hh, book->users, subject, sizeof user->subject, user);
    }
    return user;
}

/* Lets a user go who has no session. */
static void release_user(struct curfew_book *book, struct user *user)
{
    if (user->sessions == NULL) {
        HASH_DEL(book->users, user);
        free(user);
    }
}

static struct curfew_slice copy_of(struct curfew_slice text)
{
    uint8_t *copy = curfew_memory_take(text.size);
    memcpy(copy, text.at, text.size);
    return (struct curfew_slice){copy, text.size};
}

static struct curfew_subject content_of(const struct curfew_session_started *event)
{
    uint8_t times[16];
    curfew_put_be64(times, (uint64_t)event->auth_us);
    curfew_put_be64(times + 8, (uint64_t)event->deadline_us);
    const struct curfew_subject user = curfew_subject_user(event->tenant, event->issuer, event->user);
    struct curfew_slice parts[3 + 2 * CURFEW_ORCHESTRATORS_MAX] = {
        {user.digest, sizeof user.digest}, {times, sizeof times}, event->holder};
    uint8_t sizes[CURFEW_ORCHESTRATORS_MAX][4];
    const struct curfew_slice *names = event->orchestrators.items;
    for (size_t i = 0; i < event->orchestrators.count; i++) {
        curfew_put_be32(sizes[i], (uint32_t)names[i].size);
        parts[3 + 2 * i] = (struct curfew_slice){sizes[i], sizeof sizes[i]};
        parts[4 + 2 * i] = names[i];
    }
    uint8_t digest[CURFEW_SHA256_SIZE];
    curfew_sha256(parts, 3 + 2 * event->orchestrators.count, digest);
    struct curfew_subject content;
    memcpy(content.digest, digest, sizeof content.digest);
    return content;
}

/* What can be said against a start without knowing the book. */
static struct curfew_ruling admissible(const struct curfew_session_started *event, const struct curfew_moment *moment)
{
    if (!curfew_id_valid(event->tenant) || !curfew_id_valid(event->issuer) || !curfew_id_valid(event->user) ||
        !curfew_id_valid_or_empty(event->holder) || event->auth_us <= 0) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    if (event->auth_us > moment->timestamp_us + moment->skew_us) {
        return curfew_ruling_refused(CURFEW_REASON_FUTURE); /* it would outlive a revocation of its user */
    }
    if (event->deadline_us <= moment->now_us ||
        event->deadline_us - event->auth_us > moment->settings->session_life_ms * INT64_C(1000)) {
        return curfew_ruling_refused(CURFEW_REASON_EXPIRY);
    }
    const struct curfew_right *right = moment->author->right;
    if (!curfew_right_has_tenant(right, event->tenant) || !curfew_right_has_issuer(right, event->issuer)) {
        return curfew_ruling_refused(CURFEW_REASON_TENANT);
    }
    return curfew_ruling_accepted();
}

/* The writers a start names. Those nobody made orchestrators (yet) refuse it: a name must not come to mean another. */
static struct curfew_ruling find_orchestrators(const struct curfew_session_started *event,
                                               const struct curfew_moment *moment,
                                               const struct curfew_writer *found[CURFEW_ORCHESTRATORS_MAX])
{
    const struct curfew_slice *names = event->orchestrators.items;
    for (size_t i = 0; i < event->orchestrators.count; i++) {
        found[i] = curfew_writers_find(moment->writers, names[i]);
        if (found[i] == NULL || !curfew_right_has(found[i]->right, CURFEW_ROLE_ORCHESTRATOR)) {
            return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_WRITER);
        }
    }
    return curfew_ruling_accepted();
}

static struct session *make_session(const struct curfew_session_started *event, const struct curfew_moment *moment)
{
    struct session *session = curfew_memory_take(sizeof *session);
    session->key = key_of(event->session);
    session->subject = curfew_subject_session(event->tenant, event->session);
    session->content = content_of(event);
    session->starter = moment->author;
    session->tenant = copy_of(event->tenant);
    session->tenant_subject = curfew_subject_tenant(event->tenant);
    session->id = copy_of(event->session);
    session->auth_us = event->auth_us;
    session->deadline_us = event->deadline_us;
    session->wake_us = event->deadline_us;
    return session;
}

static void free_session(struct session *session)
{
    free((void *)(uintptr_t)session->tenant.at);
    free((void *)(uintptr_t)session->id.at);
    free(session->orchestrators);
    free(session);
}

static struct curfew_ruling open_session(struct curfew_book *book, const struct curfew_session_started *event,
                                         struct user *user, const struct curfew_moment *moment)
{
    const struct curfew_writer *orchestrators[CURFEW_ORCHESTRATORS_MAX];
    const struct curfew_ruling ruling = find_orchestrators(event, moment, orchestrators);
    if (ruling.refused) {
        return ruling;
    }
    struct session *session = make_session(event, moment);
    session->orchestrator_count = event->orchestrators.count;
    if (session->orchestrator_count > 0) {
        const size_t bytes = session->orchestrator_count * sizeof orchestrators[0];
        session->orchestrators = curfew_memory_take(bytes);
        memcpy(session->orchestrators, orchestrators, bytes);
    }
    if (!curfew_book_can_hold(book, session, event->holder, moment)) {
        free_session(session);
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    session->user = user;
    HASH_ADD(hh, book->sessions, key, sizeof session->key, session);
    DL_APPEND2(user->sessions, session, user_prev, user_next);
    curfew_book_hold_session(book, session, event->holder, moment);
    curfew_book_heap_push(book, session);
    return ruling;
}

struct curfew_ruling curfew_book_session_started(struct curfew_book *book, const struct curfew_session_started *event,
                                                 const struct curfew_moment *moment)
{
    struct curfew_ruling ruling = admissible(event, moment);
    if (ruling.refused) {
        return ruling;
    }
    const struct session *known = curfew_book_session_find(book, event->session);
    if (known != NULL) {
        const struct curfew_subject content = content_of(event);
        if (known->over) {
            return curfew_ruling_refused(CURFEW_REASON_SESSION_OVER);
        }
        return curfew_subject_equal(&known->content, &content) ? ruling
                                                               : curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
    }
    if ((int64_t)HASH_COUNT(book->sessions) >= moment->settings->sessions_max ||
        curfew_ledger_count(book->ledger) >= moment->settings->floors_max) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    const struct curfew_subject subject = curfew_subject_user(event->tenant, event->issuer, event->user);
    const struct curfew_subject tenant = curfew_subject_tenant(event->tenant);
    ruling = curfew_book_start_stands(book, &subject, &tenant, event->auth_us);
    if (ruling.refused) {
        return ruling;
    }
    struct user *user = take_user(book, &subject);
    ruling = open_session(book, event, user, moment);
    release_user(book, user);
    return ruling;
}

static void raise_session(struct curfew_book *book, const struct session *session, const struct curfew_moment *moment)
{
    struct curfew_floor raised = {
        .kind = CURFEW_KIND_SESSION, .floor = CURFEW_FLOOR_MAX, .expires_us = session->newest_us};
    memcpy(raised.subject, session->subject.digest, sizeof raised.subject);
    curfew_book_raise(book, &raised, moment);
}

void curfew_book_session_close(struct curfew_book *book, struct session *session, bool floor,
                               const struct curfew_moment *moment)
{
    if (session->over) {
        return;
    }
    session->over = true;
    book->tombstones++;
    session->owes_floor = !floor;
    if (floor) {
        raise_session(book, session, moment);
    }
    curfew_book_drop_session(book, session);
    DL_DELETE2(session->user->sessions, session, user_prev, user_next);
    release_user(book, session->user);
    session->user = NULL;
    while (session->tasks != NULL) {
        struct task *task = session->tasks;
        session->tasks = task->next;
        curfew_book_drop_task(book, task);
        HASH_DEL(book->tasks, task);
        free(task);
    }
}

void curfew_book_session_settle(struct curfew_book *book, struct session *session, const struct curfew_moment *moment)
{
    if (session->over && session->owes_floor) {
        session->owes_floor = false;
        raise_session(book, session, moment);
    }
}

void curfew_book_session_forget(struct curfew_book *book, struct session *session)
{
    HASH_DEL(book->sessions, session);
    book->tombstones--;
    free_session(session);
}

struct curfew_ruling curfew_book_session_ended(struct curfew_book *book, const struct curfew_session_ended *event,
                                               const struct curfew_moment *moment)
{
    struct session *session = curfew_book_session_find(book, event->session);
    if (session == NULL) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_SESSION);
    }
    const struct curfew_ruling ruling = curfew_book_reach_session(session, moment);
    if (!ruling.refused) {
        curfew_book_session_settle(book, session, moment);
        curfew_book_session_close(book, session, true, moment);
    }
    return ruling;
}
