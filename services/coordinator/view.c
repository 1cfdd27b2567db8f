/* view: looks things up in a book. */
#include "services/coordinator/view.h"

#include "services/coordinator/book_state.h"

bool curfew_view_session(const struct curfew_book *book, struct curfew_slice id, struct curfew_session_view *view)
{
    const struct session *session = curfew_book_session_find(book, id);
    *view = (struct curfew_session_view){.over = true};
    if (session == NULL) {
        return false;
    }
    const struct holder *holder = session->holder;
    *view = (struct curfew_session_view){session->over,      session->auth_us, session->deadline_us,
                                         session->newest_us, holder != NULL,   holder == NULL ? 0 : holder->renewed_us};
    return true;
}

bool curfew_view_task(const struct curfew_book *book, const struct curfew_subject *subject,
                      struct curfew_task_view *view)
{
    const struct task *task = NULL;
    *view = (struct curfew_task_view){.over = true};
    HASH_FIND(hh, book->tasks, subject, sizeof *subject, task);
    if (task == NULL) {
        return false;
    }
    const struct holder *holder = task->holder;
    *view = (struct curfew_task_view){task->attempt,
                                      task->over,
                                      task->attempt_over,
                                      curfew_book_task_rooted(task),
                                      task->newest_us,
                                      holder != NULL,
                                      holder == NULL ? 0 : holder->renewed_us};
    return true;
}

int64_t curfew_view_floor(const struct curfew_book *book, const struct curfew_subject *subject)
{
    return curfew_revoked_floor(book->revoked, subject);
}
