/* view: what the book of a lane knows of one session or task, for those who ask and change nothing: lists, trees. The
 * book keeps no names; whoever asks has them (register.h). Pure, read-only. One thread. */
#ifndef CURFEW_COORDINATOR_VIEW_H
#define CURFEW_COORDINATOR_VIEW_H

#include "services/coordinator/book.h"

struct curfew_session_view {
    bool over; /* the rest holds for one that is open */
    int64_t auth_us;
    int64_t deadline_us;
    int64_t newest_us; /* newest expiry announced under it; 0: none */
    bool held; /* by a lease */
    int64_t renewed_us; /* of that, on the lease clock */
};

struct curfew_task_view {
    int64_t attempt;
    bool over; /* for good */
    bool attempt_over; /* the current one */
    bool rooted; /* everything above it stands */
    int64_t newest_us; /* as above */
    bool held;
    int64_t renewed_us;
};

/* False: the book does not know it (any more). */
bool curfew_view_session(const struct curfew_book *book, struct curfew_slice id, struct curfew_session_view *view);
bool curfew_view_task(const struct curfew_book *book, const struct curfew_subject *subject,
                      struct curfew_task_view *view);
/* The floor that control raised on a user or tenant, as the lane took it in; 0: none. */
int64_t curfew_view_floor(const struct curfew_book *book, const struct curfew_subject *subject);

#endif
