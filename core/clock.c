/* clock: reads this machine's wall clock and boot clock. */
#include "core/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t read_us(clockid_t clock)
{
    struct timespec at;
    if (clock_gettime(clock, &at) != 0) {
        /* Nothing here may be judged by a time that was not read. */
        fprintf(stderr, "curfew: cannot read clock %d of this machine; giving up\n", (int)clock);
        abort();
    }
    return (int64_t)at.tv_sec * CURFEW_US_PER_S + (int64_t)at.tv_nsec / 1000;
}

struct curfew_now curfew_clock_now(void)
{
    return (struct curfew_now){.wall_us = read_us(CLOCK_REALTIME), .boot_us = read_us(CLOCK_BOOTTIME)};
}
