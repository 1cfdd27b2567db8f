/* waiter: a thread that sleeps until the outcomes it waits for were told by another. */
#ifndef CURFEW_PRODUCER_WAITER_H
#define CURFEW_PRODUCER_WAITER_H

#include <curfew/producer.h>
#include <pthread.h>

struct curfew_waiter {
    pthread_mutex_t lock;
    pthread_cond_t told;
    size_t left;
    struct curfew_outcome *outcome; /* the first that is not OK, else the last */
};

/* Waits for `count` outcomes; they go to `outcome`, which must outlive the wait. */
void curfew_waiter_init(struct curfew_waiter *waiter, size_t count, struct curfew_outcome *outcome);

/* A curfew_emitted whose context is the waiter. Any thread; the waiter may be gone when the last one returns. */
void curfew_waiter_told(void *context, const struct curfew_outcome *outcome);

/* Returns when all were told. The waiter is gone then. It has no time-out of its own: whoever promised to tell keeps
 * the time. */
void curfew_waiter_wait(struct curfew_waiter *waiter);

#endif
