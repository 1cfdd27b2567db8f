/* measure: what every measurement of single steps needs: a clock in nanoseconds, and an order of what was measured. */
#ifndef CURFEW_BENCH_MEASURE_H
#define CURFEW_BENCH_MEASURE_H

#include <stdint.h>
#include <time.h>

static inline int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* For qsort of int64_t, ascending. */
static inline int by_size(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

#endif
