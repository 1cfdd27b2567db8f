/* waker: an eventfd, and a flag that says whether it was a call that wrote it. */
#include "core/waker.h"
#include "core/clock.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum curfew_status curfew_waker_open(struct curfew_waker *waker, struct curfew_error *error)
{
    atomic_init(&waker->called, false);
    waker->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (waker->fd < 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "opening an eventfd: %m; raise the limit of open files (ulimit -n)");
    }
    return CURFEW_OK;
}

void curfew_waker_close(struct curfew_waker *waker)
{
    if (waker->fd >= 0) {
        close(waker->fd);
        waker->fd = -1;
    }
}

void curfew_waker_call(struct curfew_waker *waker)
{
    const uint64_t one = 1;
    /* Release: what the caller did before is seen by who takes the call. Before the write: a sleeper that wakes up
     * from it must find the flag. */
    atomic_store_explicit(&waker->called, true, memory_order_release);
    ssize_t written = write(waker->fd, &one, sizeof one);
    assert(written == (ssize_t)sizeof one || errno == EAGAIN); /* EAGAIN: it is readable already */
    (void)written;
}

bool curfew_waker_take(struct curfew_waker *waker)
{
    /* Acquire: pairs with call's release. */
    return atomic_exchange_explicit(&waker->called, false, memory_order_acquire);
}

void curfew_waker_sleep(const struct curfew_waker *waker, int64_t wait_us)
{
    struct pollfd waited = {.fd = waker->fd, .events = POLLIN};
    struct timespec limit = {.tv_sec = wait_us / CURFEW_US_PER_S, .tv_nsec = wait_us % CURFEW_US_PER_S * 1000};
    if (ppoll(&waited, 1, &limit, NULL) > 0) {
        uint64_t count = 0;
        ssize_t got = read(waker->fd, &count, sizeof count);
        assert(got == (ssize_t)sizeof count || errno == EAGAIN);
        (void)got;
    }
}
