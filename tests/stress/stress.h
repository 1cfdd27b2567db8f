/* stress: what the stress programs share: their options, numbers from a seed, and how they end. Any thread. */
#ifndef CURFEW_TESTS_STRESS_H
#define CURFEW_TESTS_STRESS_H

#include "core/subject.h"

struct stress_options {
    int64_t seconds; /* how long the threads run */
    uint64_t seed;
    int readers; /* one a core unless told */
};

/* From `--seconds N`, `--seed N`, `--readers N`; anything else ends the program with 2 and says what there is. */
struct stress_options stress_options_parse(int count, char **arguments);

/* A number that depends on both and looks random. */
uint64_t stress_mix(uint64_t seed, uint64_t number);

/* A subject whose digest follows from the number, without order. */
struct curfew_subject stress_subject(uint64_t number);

/* Monotonic time. */
int64_t stress_clock_us(void);

/* One line: so many operations, and how many a second. */
void stress_rate(const char *who, uint64_t operations, int64_t us);

/* An invariant does not hold: says which, and ends the program with 1. */
_Noreturn void stress_broken(const char *format, ...) CURFEW_PRINTF(1, 2);

#endif
