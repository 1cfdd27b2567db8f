/* task: starts of attempts, ends of attempts and of tasks, and what stands above a task. */
#include "core/digest.h"
#include "core/id.h"
#include "services/coordinator/book_state.h"
#include "services/coordinator/memory.h"
#include <stdlib.h>

struct task *curfew_book_task_find(struct curfew_book *book, const struct session *session, struct curfew_slice id)
{
    const struct curfew_subject subject = curfew_subject_task(session->tenant, session->id, id);
    struct task *task = NULL;
    HASH_FIND(hh, book->tasks, &subject, sizeof subject, task);
    return task;
}

bool curfew_book_task_rooted(const struct task *task)
{
    for (const struct task *child = task; child->parent != NULL; child = child->parent) {
        const struct task *parent = child->parent;
        if (parent->over || parent->attempt_over || parent->attempt != child->parent_attempt) {
            return false;
        }
    }
    return !task->session->over;
}

static struct curfew_subject content_of(const struct curfew_task_started *event)
{
    uint8_t attempts[16];
    uint8_t parent_size[4];
    curfew_put_be64(attempts, (uint64_t)event->attempt);
    curfew_put_be64(attempts + 8, (uint64_t)event->parent_attempt);
    curfew_put_be32(parent_size, (uint32_t)event->parent.size);
    const struct curfew_slice parts[] = {
        {attempts, sizeof attempts}, {parent_size, sizeof parent_size}, event->parent, event->holder};
    uint8_t digest[CURFEW_SHA256_SIZE];
    curfew_sha256(parts, sizeof parts / sizeof parts[0], digest);
    struct curfew_subject content;
    memcpy(content.digest, digest, sizeof content.digest);
    return content;
}

/* Finds the parent a start names, at the attempt it names, alive. `*parent` stays NULL directly under the session. */
static struct curfew_ruling find_parent(struct curfew_book *book, const struct session *session,
                                        const struct curfew_task_started *event, struct task **parent)
{
    if (event->parent.size == 0) {
        return curfew_ruling_accepted();
    }
    struct task *found = curfew_book_task_find(book, session, event->parent);
    if (found == NULL || event->parent_attempt > found->attempt) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_TASK);
    }
    if (found->over || found->attempt_over || event->parent_attempt < found->attempt ||
        !curfew_book_task_rooted(found)) {
        return curfew_ruling_refused(CURFEW_REASON_ANCESTOR_OVER);
    }
    if (found->depth >= CURFEW_PATH_MAX) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    *parent = found;
    return curfew_ruling_accepted();
}

static void raise_task(struct curfew_book *book, const struct task *task, int64_t floor,
                       const struct curfew_moment *moment)
{
    struct curfew_floor raised = {.kind = CURFEW_KIND_TASK, .floor = floor, .expires_us = task->newest_us};
    memcpy(raised.subject, task->subject.digest, sizeof raised.subject);
    curfew_book_raise(book, &raised, moment);
}

static struct curfew_ruling first_attempt(struct curfew_book *book, struct session *session, struct task *parent,
                                          const struct curfew_task_started *event, const struct curfew_moment *moment)
{
    if (event->attempt > moment->settings->attempt_step) {
        return curfew_ruling_refused(CURFEW_REASON_ATTEMPT_JUMP);
    }
    if ((int64_t)HASH_COUNT(book->tasks) >= moment->settings->tasks_max ||
        curfew_ledger_count(book->ledger) >= moment->settings->floors_max) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    struct task *task = curfew_memory_take(sizeof *task);
    task->subject = curfew_subject_task(session->tenant, session->id, event->task);
    task->session = session;
    task->parent = parent;
    task->parent_attempt = event->parent_attempt;
    task->attempt = event->attempt;
    task->content = content_of(event);
    task->depth = parent == NULL ? 1 : parent->depth + 1;
    task->next = session->tasks;
    session->tasks = task;
    HASH_ADD(hh, book->tasks, subject, sizeof task->subject, task);
    curfew_book_hold_task(book, task, event->holder, moment);
    return curfew_ruling_accepted();
}

/* A later attempt of a known task: fences the ones before. */
static struct curfew_ruling next_attempt(struct curfew_book *book, struct task *task, struct task *parent,
                                         const struct curfew_task_started *event, const struct curfew_moment *moment)
{
    if (task->parent != parent) {
        return curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
    }
    if (event->attempt - task->attempt > moment->settings->attempt_step) {
        return curfew_ruling_refused(CURFEW_REASON_ATTEMPT_JUMP);
    }
    task->parent_attempt = event->parent_attempt;
    task->attempt = event->attempt;
    task->attempt_over = false;
    task->content = content_of(event);
    raise_task(book, task, event->attempt, moment);
    curfew_book_drop_task(book, task);
    curfew_book_hold_task(book, task, event->holder, moment);
    return curfew_ruling_accepted();
}

struct curfew_ruling curfew_book_task_started(struct curfew_book *book, const struct curfew_task_started *event,
                                              const struct curfew_moment *moment)
{
    if (!curfew_id_valid(event->task) || !curfew_id_valid_or_empty(event->parent) ||
        !curfew_id_valid_or_empty(event->holder) || event->attempt < 1 ||
        (event->parent.size == 0 ? event->parent_attempt != 0 : event->parent_attempt < 1) ||
        curfew_slice_equal(event->task, event->parent)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    struct session *session = curfew_book_session_find(book, event->session);
    if (session == NULL || session->over) {
        return curfew_ruling_refused(session == NULL ? CURFEW_REASON_UNKNOWN_SESSION : CURFEW_REASON_SESSION_OVER);
    }
    struct curfew_ruling ruling = curfew_book_reach_tasks(session, false, (struct curfew_slice){0}, moment);
    if (ruling.refused) {
        return ruling;
    }
    struct task *task = curfew_book_task_find(book, session, event->task);
    if (task != NULL && task->over) {
        return curfew_ruling_refused(CURFEW_REASON_TASK_OVER);
    }
    if (task != NULL && (event->attempt < task->attempt || (event->attempt == task->attempt && task->attempt_over))) {
        return curfew_ruling_refused(CURFEW_REASON_ATTEMPT_OVER);
    }
    struct task *parent = NULL;
    ruling = find_parent(book, session, event, &parent);
    if (ruling.refused) {
        return ruling;
    }
    if (!curfew_book_can_hold(book, session, event->holder, moment)) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    if (task == NULL) {
        return first_attempt(book, session, parent, event, moment);
    }
    if (event->attempt > task->attempt) {
        return next_attempt(book, task, parent, event, moment);
    }
    const struct curfew_subject content = content_of(event);
    return curfew_subject_equal(&task->content, &content) ? ruling : curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
}

/* What an end says, whichever it is. */
struct ending {
    struct curfew_slice session;
    struct curfew_slice task;
    int64_t attempt; /* 0: whichever is current */
    struct curfew_speaker speaker;
};

/* Whether an end said for a task may be: it is that one's own, or of one below it. `*idle`: the attempt that says so is
 * over itself, and the end has no effect. */
static struct curfew_ruling check_speaker(struct curfew_book *book, const struct session *session,
                                          const struct ending *ending, const struct task *task, bool *idle)
{
    const struct task *speaker = NULL;
    const struct curfew_ruling ruling = curfew_book_speaker(book, session, &ending->speaker, &speaker);
    *idle = speaker == NULL;
    if (ruling.refused || speaker == NULL || curfew_book_is_below(task, speaker)) {
        return ruling;
    }
    return curfew_ruling_refused(CURFEW_REASON_NOT_OWN);
}

/* Finds the task an end is about. `*task` stays NULL, with the ruling accepted, where the end holds already. */
static struct curfew_ruling find_ending(struct curfew_book *book, const struct ending *ending,
                                        const struct curfew_moment *moment, struct task **task)
{
    struct session *session = curfew_book_session_find(book, ending->session);
    if (session == NULL) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_SESSION);
    }
    struct curfew_ruling ruling = curfew_book_reach_tasks(session, true, ending->speaker.task, moment);
    if (ruling.refused) {
        return ruling;
    }
    if (session->over) {
        curfew_book_session_settle(book, session, moment);
        return ruling;
    }
    struct task *found = curfew_book_task_find(book, session, ending->task);
    if (found == NULL || ending->attempt > found->attempt) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_TASK);
    }
    if (ending->speaker.task.size > 0) {
        bool idle = false;
        ruling = check_speaker(book, session, ending, found, &idle);
        if (ruling.refused || idle) {
            return ruling;
        }
    }
    /* For good holds under a dead ancestor too: a later attempt of the ancestor could start the task again. */
    if (!found->over &&
        (ending->attempt == 0 || (ending->attempt == found->attempt && curfew_book_task_rooted(found)))) {
        *task = found;
    }
    return ruling;
}

/* A task to speak for, its attempt and tenant, or nothing of it. */
static bool speaker_sane(const struct curfew_speaker *speaker)
{
    return speaker->task.size == 0 ? speaker->attempt == 0 && speaker->tenant.size == 0
                                   : curfew_id_valid(speaker->task) && speaker->attempt >= 1;
}

struct curfew_ruling curfew_book_attempt_ended(struct curfew_book *book, const struct curfew_attempt_ended *event,
                                               const struct curfew_moment *moment)
{
    const struct ending ending = {
        event->session, event->task, event->attempt, {event->by_task, event->by_attempt, event->by_tenant}};
    if (event->attempt < 1 || !speaker_sane(&ending.speaker)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    struct task *task = NULL;
    const struct curfew_ruling ruling = find_ending(book, &ending, moment, &task);
    if (task != NULL && !task->attempt_over) {
        task->attempt_over = true;
        raise_task(book, task, task->attempt + 1, moment);
        curfew_book_drop_task(book, task);
    }
    return ruling;
}

struct curfew_ruling curfew_book_task_ended(struct curfew_book *book, const struct curfew_task_ended *event,
                                            const struct curfew_moment *moment)
{
    const struct ending ending = {
        event->session, event->task, event->attempt, {event->by_task, event->by_attempt, event->by_tenant}};
    if (event->attempt < 0 || !speaker_sane(&ending.speaker)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    struct task *task = NULL;
    const struct curfew_ruling ruling = find_ending(book, &ending, moment, &task);
    if (task != NULL) {
        curfew_book_task_close(book, task, moment);
    }
    return ruling;
}

void curfew_book_task_close(struct curfew_book *book, struct task *task, const struct curfew_moment *moment)
{
    if (curfew_book_task_rooted(task)) {
        raise_task(book, task, CURFEW_FLOOR_MAX, moment);
    }
    task->over = true;
    curfew_book_drop_task(book, task);
}
