/* register: names, noted record by record. */
#include "services/coordinator/register.h"

#include "services/coordinator/memory.h"
#include "services/coordinator/view.h"
#include <stdlib.h>
#include <utlist.h>

struct curfew_register {
    struct curfew_registered_session *by_id;
    struct curfew_registered_session *by_subject;
    struct curfew_registered_task *tasks; /* by subject */
    struct curfew_registered_session *open; /* in the order of their starts */
    struct curfew_registered_session *over; /* in the order of their ends */
    int64_t open_count;
    size_t over_count;
    size_t over_tasks;
};

/* What is noted, and when. */
struct noted {
    struct curfew_register *names;
    const struct curfew_lane *lane;
    const struct curfew_book *book;
    const struct curfew_record *record;
};

const char *curfew_over_name(enum curfew_over over)
{
    static const char *const names[] = {[CURFEW_OVER_NOT] = "not",           [CURFEW_OVER_SAID] = "said",
                                        [CURFEW_OVER_LEASE] = "lease",       [CURFEW_OVER_DEADLINE] = "deadline",
                                        [CURFEW_OVER_USER] = "user_revoked", [CURFEW_OVER_TENANT] = "tenant_revoked",
                                        [CURFEW_OVER_UNKNOWN] = "unknown"};
    return names[over];
}

static struct curfew_slice copy_of(struct curfew_slice text)
{
    if (text.size == 0) {
        return (struct curfew_slice){NULL, 0};
    }
    uint8_t *copy = curfew_memory_take(text.size);
    memcpy(copy, text.at, text.size);
    return (struct curfew_slice){copy, text.size};
}

/* Cut where it must be, and never inside a character. */
static struct curfew_slice shortened(struct curfew_slice text)
{
    size_t size = text.size < CURFEW_REGISTER_REASON_MAX ? text.size : CURFEW_REGISTER_REASON_MAX;
    while (size < text.size && size > 0 && (text.at[size] & 0xc0) == 0x80) {
        size--;
    }
    return (struct curfew_slice){text.at, size};
}

static void release(struct curfew_slice text)
{
    free((void *)(uintptr_t)text.at);
}

static void release_end(const struct curfew_end *end)
{
    release(end->by);
    release(end->by_task);
    release(end->reason);
}

static void free_task(struct curfew_register *names, struct curfew_registered_task *task)
{
    HASH_DEL(names->tasks, task);
    release(task->id);
    release(task->starter);
    release(task->holder);
    release_end(&task->attempt_end);
    release_end(&task->end);
    free(task);
}

/* It is in neither list any more. */
static void free_session(struct curfew_register *names, struct curfew_registered_session *session)
{
    struct curfew_registered_task *task = NULL;
    struct curfew_registered_task *next = NULL;
    DL_FOREACH_SAFE(session->tasks, task, next)
    {
        free_task(names, task);
    }
    HASH_DEL(names->by_id, session);
    HASH_DELETE(hh_subject, names->by_subject, session);
    const struct curfew_slice texts[] = {session->id,   session->tenant,  session->issuer,
                                         session->user, session->starter, session->holder};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        release(texts[i]);
    }
    for (size_t i = 0; i < session->orchestrator_count; i++) {
        release(session->orchestrators[i]);
    }
    for (size_t i = 0; i < session->agent_count; i++) {
        release(session->agents[i].name);
    }
    release_end(&session->end);
    free(session);
}

struct curfew_register *curfew_register_create(void)
{
    return curfew_memory_take(sizeof(struct curfew_register));
}

void curfew_register_destroy(struct curfew_register *names)
{
    if (names == NULL) {
        return;
    }
    struct curfew_registered_session *session = names->by_id;
    while (session != NULL) {
        struct curfew_registered_session *next = session->hh.next;
        free_session(names, session);
        session = next;
    }
    free(names);
}

static struct curfew_registered_session *find(const struct curfew_register *names, struct curfew_slice id)
{
    struct curfew_registered_session *session = NULL;
    HASH_FIND(hh, names->by_id, id.at, id.size, session);
    return session;
}

/* NULL also when it is over. */
static struct curfew_registered_session *find_open(const struct curfew_register *names, struct curfew_slice id)
{
    struct curfew_registered_session *session = find(names, id);
    return session == NULL || session->end.cause != CURFEW_OVER_NOT ? NULL : session;
}

static struct curfew_registered_task *find_task(const struct curfew_register *names,
                                                const struct curfew_registered_session *session, struct curfew_slice id)
{
    const struct curfew_subject subject = curfew_subject_task(session->tenant, session->id, id);
    struct curfew_registered_task *task = NULL;
    HASH_FIND(hh, names->tasks, &subject, sizeof subject, task);
    return task;
}

static struct curfew_end end_by(const struct noted *noted, enum curfew_over cause)
{
    return (struct curfew_end){.cause = cause, .offset = noted->record->offset, .at_us = noted->record->timestamp_us};
}

/* Oldest ends are forgotten first. */
static void forget_beyond_bounds(struct curfew_register *names)
{
    while (names->over_count > CURFEW_REGISTER_OVER_MAX || names->over_tasks > CURFEW_REGISTER_OVER_TASKS_MAX) {
        struct curfew_registered_session *oldest = names->over;
        DL_DELETE(names->over, oldest);
        names->over_count--;
        names->over_tasks -= oldest->task_count;
        free_session(names, oldest);
    }
}

/* Takes `end` over. */
static void close_session(struct curfew_register *names, struct curfew_registered_session *session,
                          struct curfew_end end)
{
    session->end = end;
    DL_DELETE(names->open, session);
    DL_APPEND(names->over, session);
    names->open_count--;
    names->over_count++;
    names->over_tasks += session->task_count;
    forget_beyond_bounds(names);
}

static void session_started(const struct noted *noted, const struct curfew_session_started *event)
{
    struct curfew_register *names = noted->names;
    struct curfew_session_view view;
    if (find(names, event->session) != NULL || !curfew_view_session(noted->book, event->session, &view) || view.over) {
        return;
    }
    struct curfew_registered_session *session = curfew_memory_take(sizeof *session);
    session->id = copy_of(event->session);
    session->tenant = copy_of(event->tenant);
    session->issuer = copy_of(event->issuer);
    session->user = copy_of(event->user);
    session->starter = copy_of(event->writer);
    session->holder = copy_of(event->holder);
    const struct curfew_slice *orchestrators = event->orchestrators.items;
    for (size_t i = 0; i < event->orchestrators.count; i++) {
        session->orchestrators[session->orchestrator_count++] = copy_of(orchestrators[i]);
    }
    session->subject = curfew_subject_session(event->tenant, event->session);
    session->offset = noted->record->offset;
    session->started_us = noted->record->timestamp_us;
    session->auth_us = event->auth_us;
    session->deadline_us = event->deadline_us;
    HASH_ADD_KEYPTR(hh, names->by_id, session->id.at, session->id.size, session);
    HASH_ADD(hh_subject, names->by_subject, subject, sizeof session->subject, session);
    DL_APPEND(names->open, session);
    names->open_count++;
}

static void session_ended(const struct noted *noted, const struct curfew_session_ended *event)
{
    struct curfew_registered_session *session = find_open(noted->names, event->session);
    struct curfew_session_view view;
    (void)curfew_view_session(noted->book, event->session, &view);
    if (session != NULL && view.over) {
        struct curfew_end end = end_by(noted, CURFEW_OVER_SAID);
        end.by = copy_of(event->writer);
        end.reason = copy_of(shortened(event->reason));
        close_session(noted->names, session, end);
    }
}

static void begin_attempt(const struct noted *noted, struct curfew_registered_task *task,
                          const struct curfew_task_started *event)
{
    release(task->starter);
    release(task->holder);
    release_end(&task->attempt_end);
    task->attempt_end = (struct curfew_end){.cause = CURFEW_OVER_NOT};
    task->attempt = event->attempt;
    task->parent_attempt = event->parent_attempt;
    task->starter = copy_of(event->writer);
    task->holder = copy_of(event->holder);
    task->offset = noted->record->offset;
    task->started_us = noted->record->timestamp_us;
}

static void task_started(const struct noted *noted, const struct curfew_task_started *event)
{
    struct curfew_register *names = noted->names;
    struct curfew_registered_session *session = find_open(names, event->session);
    if (session == NULL) {
        return;
    }
    struct curfew_registered_task *task = find_task(names, session, event->task);
    if (task != NULL && event->attempt <= task->attempt) {
        return; /* a repeat */
    }
    if (task == NULL) {
        task = curfew_memory_take(sizeof *task);
        task->subject = curfew_subject_task(session->tenant, session->id, event->task);
        task->id = copy_of(event->task);
        task->session = session;
        task->parent = event->parent.size == 0 ? NULL : find_task(names, session, event->parent);
        HASH_ADD(hh, names->tasks, subject, sizeof task->subject, task);
        DL_APPEND(session->tasks, task);
        session->task_count++;
    }
    begin_attempt(noted, task, event);
}

/* What an end says, whichever it is. */
struct said {
    struct curfew_slice session, task, writer, by_task, reason;
    bool for_good;
};

static void task_or_attempt_ended(const struct noted *noted, const struct said *said)
{
    const struct curfew_registered_session *session = find_open(noted->names, said->session);
    struct curfew_registered_task *task = session == NULL ? NULL : find_task(noted->names, session, said->task);
    struct curfew_task_view view;
    if (task == NULL || !curfew_view_task(noted->book, &task->subject, &view)) {
        return;
    }
    struct curfew_end *end = said->for_good ? &task->end : &task->attempt_end;
    if (end->cause == CURFEW_OVER_NOT && (said->for_good ? view.over : view.attempt_over)) {
        *end = end_by(noted, CURFEW_OVER_SAID);
        end->by = copy_of(said->writer);
        end->by_task = copy_of(said->by_task);
        end->reason = copy_of(shortened(said->reason));
    }
}

/* Makes room among the agents: those whose tokens have expired are let go. */
static void drop_expired(struct curfew_registered_session *session, int64_t now_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < session->agent_count; i++) {
        if (session->agents[i].newest_us < now_us) {
            release(session->agents[i].name);
        } else {
            session->agents[kept++] = session->agents[i];
        }
    }
    session->agent_count = kept;
}

static void agent_seen(const struct noted *noted, struct curfew_registered_session *session, struct curfew_slice name,
                       int64_t expires_us)
{
    for (size_t i = 0; i < session->agent_count; i++) {
        struct curfew_registered_agent *agent = &session->agents[i];
        if (curfew_slice_equal(agent->name, name)) {
            agent->newest_us = expires_us > agent->newest_us ? expires_us : agent->newest_us;
            return;
        }
    }
    if (session->agent_count == CURFEW_REGISTER_AGENTS_MAX) {
        drop_expired(session, curfew_lane_good_us(noted->lane));
    }
    if (session->agent_count == CURFEW_REGISTER_AGENTS_MAX) {
        session->agents_more = true;
        return;
    }
    session->agents[session->agent_count++] = (struct curfew_registered_agent){copy_of(name), expires_us};
}

static void token_created(const struct noted *noted, const struct curfew_claims *claims)
{
    struct curfew_registered_session *session = find_open(noted->names, claims->session);
    const struct curfew_slice *agents = claims->agents.items;
    for (size_t i = 0; session != NULL && i < claims->agents.count; i++) {
        agent_seen(noted, session, agents[i], claims->expires_us);
    }
}

/* A floor that a tick raised anew: a lease ran out, or a deadline passed. */
static void ended_by_tick(const struct noted *noted, const struct curfew_floor *floor)
{
    struct curfew_register *names = noted->names;
    struct curfew_registered_session *session = NULL;
    struct curfew_registered_task *task = NULL;
    if (floor->kind == CURFEW_KIND_SESSION) {
        HASH_FIND(hh_subject, names->by_subject, floor->subject, sizeof floor->subject, session);
        if (session != NULL && session->end.cause == CURFEW_OVER_NOT) {
            const bool late = curfew_lane_good_us(noted->lane) >= session->deadline_us;
            close_session(names, session, end_by(noted, late ? CURFEW_OVER_DEADLINE : CURFEW_OVER_LEASE));
        }
    } else if (floor->kind == CURFEW_KIND_TASK) {
        HASH_FIND(hh, names->tasks, floor->subject, sizeof floor->subject, task);
        if (task != NULL && task->end.cause == CURFEW_OVER_NOT) {
            task->end = end_by(noted, CURFEW_OVER_LEASE);
        }
    }
}

/* Which of the two that control revoked: a session of before its floor. */
static enum curfew_over revoked_by(const struct curfew_book *book, const struct curfew_registered_session *session)
{
    const struct curfew_subject user = curfew_subject_user(session->tenant, session->issuer, session->user);
    const struct curfew_subject tenant = curfew_subject_tenant(session->tenant);
    return session->auth_us < curfew_view_floor(book, &user)     ? CURFEW_OVER_USER
           : session->auth_us < curfew_view_floor(book, &tenant) ? CURFEW_OVER_TENANT
                                                                 : CURFEW_OVER_UNKNOWN;
}

/* Ends that raise no floor in this lane are control's, and rare: they are looked for only when the book has fewer open
 * sessions than there are here. */
static void tick(const struct noted *noted, const struct curfew_effects *effects)
{
    size_t left = effects->ended;
    for (size_t i = 0; i < effects->link_count; i++) {
        const struct curfew_floor *floors = effects->links[i].floors.items;
        for (size_t j = 0; left > 0 && j < effects->links[i].floors.count; j++, left--) {
            ended_by_tick(noted, &floors[j]);
        }
    }
    struct curfew_registered_session *session = noted->names->open;
    while (session != NULL && noted->names->open_count > curfew_book_counts(noted->book).sessions) {
        struct curfew_registered_session *next = session->next;
        struct curfew_session_view view;
        (void)curfew_view_session(noted->book, session->id, &view);
        if (view.over) {
            close_session(noted->names, session, end_by(noted, revoked_by(noted->book, session)));
        }
        session = next;
    }
}

static void note_event(const struct noted *noted, const struct curfew_event *event)
{
    switch (event->type) {
    case CURFEW_EVENT_SESSION_STARTED:
        session_started(noted, &event->as.session_started);
        break;
    case CURFEW_EVENT_SESSION_ENDED:
        session_ended(noted, &event->as.session_ended);
        break;
    case CURFEW_EVENT_TASK_STARTED:
        task_started(noted, &event->as.task_started);
        break;
    case CURFEW_EVENT_TASK_ENDED: {
        const struct curfew_task_ended *ended = &event->as.task_ended;
        task_or_attempt_ended(noted, &(const struct said){ended->session, ended->task, ended->writer, ended->by_task,
                                                          ended->reason, true});
        break;
    }
    case CURFEW_EVENT_ATTEMPT_ENDED: {
        const struct curfew_attempt_ended *ended = &event->as.attempt_ended;
        task_or_attempt_ended(noted, &(const struct said){ended->session, ended->task, ended->writer, ended->by_task,
                                                          ended->reason, false});
        break;
    }
    case CURFEW_EVENT_TOKEN_CREATED:
        token_created(noted, &event->as.token_created.claims);
        break;
    default:
        break;
    }
}

void curfew_register_note(struct curfew_register *names, const struct curfew_lane *lane,
                          const struct curfew_record *record, const struct curfew_effects *effects)
{
    const struct noted noted = {names, lane, curfew_lane_book(lane), record};
    if (noted.book == NULL || effects->event == NULL || effects->refused || !effects->proven) {
        return;
    }
    if (effects->tick) {
        tick(&noted, effects);
    } else {
        note_event(&noted, effects->event);
    }
}

const struct curfew_registered_session *curfew_register_first(const struct curfew_register *names)
{
    return names->open;
}

int64_t curfew_register_open(const struct curfew_register *names)
{
    return names->open_count;
}

const struct curfew_registered_session *curfew_register_find(const struct curfew_register *names,
                                                             struct curfew_slice id)
{
    return find(names, id);
}
