/* reach: how far a writer's rights reach in the book: sessions that are its own or name it, and, for whoever speaks for
 * a task, that task and what is below it. */
#include "services/coordinator/book_state.h"

bool curfew_book_names(const struct session *session, const struct curfew_writer *writer)
{
    for (size_t i = 0; i < session->orchestrator_count; i++) {
        if (session->orchestrators[i] == writer) {
            return true;
        }
    }
    return session->starter == writer;
}

struct curfew_ruling curfew_book_reach_tasks(const struct session *session, bool ending, struct curfew_slice by_task,
                                             const struct curfew_moment *moment)
{
    const struct curfew_right *right = moment->author->right;
    if (ending && curfew_right_has(right, CURFEW_ROLE_OPERATOR)) {
        return curfew_ruling_accepted();
    }
    if (!curfew_right_has_tenant(right, session->tenant)) {
        return curfew_ruling_refused(CURFEW_REASON_TENANT);
    }
    if (curfew_right_has(right, CURFEW_ROLE_ORCHESTRATOR) && curfew_book_names(session, moment->author)) {
        return curfew_ruling_accepted();
    }
    const bool speaks_for_another = curfew_right_has(right, CURFEW_ROLE_DOOR) && by_task.size > 0;
    return speaks_for_another ? curfew_ruling_accepted() : curfew_ruling_refused(CURFEW_REASON_NOT_OWN);
}

struct curfew_ruling curfew_book_reach_session(const struct session *session, const struct curfew_moment *moment)
{
    const struct curfew_right *right = moment->author->right;
    if (curfew_right_has(right, CURFEW_ROLE_OPERATOR)) {
        return curfew_ruling_accepted();
    }
    if (!curfew_right_has_tenant(right, session->tenant)) {
        return curfew_ruling_refused(CURFEW_REASON_TENANT);
    }
    return curfew_right_has(right, CURFEW_ROLE_ISSUER) || session->starter == moment->author
               ? curfew_ruling_accepted()
               : curfew_ruling_refused(CURFEW_REASON_NOT_OWN);
}

struct curfew_ruling curfew_book_speaker(struct curfew_book *book, const struct session *session,
                                         const struct curfew_speaker *speaker, const struct task **task)
{
    *task = NULL;
    if (!curfew_slice_equal(speaker->tenant, session->tenant)) {
        return curfew_ruling_refused(CURFEW_REASON_TENANT);
    }
    const struct task *found = curfew_book_task_find(book, session, speaker->task);
    if (found == NULL || speaker->attempt > found->attempt) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_TASK);
    }
    if (!found->over && !found->attempt_over && speaker->attempt == found->attempt && curfew_book_task_rooted(found)) {
        *task = found;
    }
    return curfew_ruling_accepted();
}

bool curfew_book_is_below(const struct task *task, const struct task *above)
{
    while (task != NULL && task != above) {
        task = task->parent;
    }
    return task == above;
}
