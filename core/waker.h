/* waker: a descriptor to sleep on, that others make readable. What is written into it is eight bytes at a time
 * (eventfd), so that a library that signals through descriptors can be handed it too.
 *
 * Threads: call from any; the others on one, the sleeper's. */
#ifndef CURFEW_CORE_WAKER_H
#define CURFEW_CORE_WAKER_H

#include <curfew/status.h>
#include <stdatomic.h>
#include <stdint.h>

struct curfew_waker {
    int fd; /* -1: not open */
    atomic_bool called;
};

enum curfew_status curfew_waker_open(struct curfew_waker *waker, struct curfew_error *error) CURFEW_MUST_CHECK;
/* Not open is fine. */
void curfew_waker_close(struct curfew_waker *waker);

/* Ends a running sleep, or the next. */
void curfew_waker_call(struct curfew_waker *waker);
/* Whether there was a call since it was last asked. */
bool curfew_waker_take(struct curfew_waker *waker);
/* Sleeps until the descriptor is written or `wait_us` is over. May end early. */
void curfew_waker_sleep(const struct curfew_waker *waker, int64_t wait_us);

#endif
