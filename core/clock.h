/* clock: the two times everything is judged by, read once by a runner and handed down. Logic never reads a clock. */
#ifndef CURFEW_CORE_CLOCK_H
#define CURFEW_CORE_CLOCK_H

#include <stdint.h>

#define CURFEW_US_PER_MS INT64_C(1000)
#define CURFEW_US_PER_S INT64_C(1000000)

struct curfew_now {
    int64_t wall_us; /* CLOCK_REALTIME: may step */
    int64_t boot_us; /* CLOCK_BOOTTIME: never steps, counts suspend */
};

/* Both clocks of this machine, now. Any thread. */
struct curfew_now curfew_clock_now(void);

#endif
