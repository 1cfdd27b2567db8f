/* waiter: a lock, a condition and a count. */
#include "producer/waiter.h"

void curfew_waiter_init(struct curfew_waiter *waiter, size_t count, struct curfew_outcome *outcome)
{
    pthread_mutex_init(&waiter->lock, NULL);
    pthread_cond_init(&waiter->told, NULL);
    waiter->left = count;
    waiter->outcome = outcome;
    *outcome = (struct curfew_outcome){.status = CURFEW_OK, .receipt = {.offset = -1}};
}

void curfew_waiter_told(void *context, const struct curfew_outcome *outcome)
{
    struct curfew_waiter *waiter = context;
    pthread_mutex_lock(&waiter->lock);
    if (waiter->outcome->status == CURFEW_OK) {
        *waiter->outcome = *outcome;
    }
    waiter->left--;
    pthread_cond_signal(&waiter->told);
    pthread_mutex_unlock(&waiter->lock); /* from here on the waiter may be gone */
}

void curfew_waiter_wait(struct curfew_waiter *waiter)
{
    pthread_mutex_lock(&waiter->lock);
    while (waiter->left > 0) {
        pthread_cond_wait(&waiter->told, &waiter->lock);
    }
    pthread_mutex_unlock(&waiter->lock);
    pthread_cond_destroy(&waiter->told);
    pthread_mutex_destroy(&waiter->lock);
}
