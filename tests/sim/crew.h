/* crew: worker processes that live worlds side by side, and tell what came of each. */
#ifndef CURFEW_TESTS_SIM_CREW_H
#define CURFEW_TESTS_SIM_CREW_H

#include "tests/sim/world.h"

struct sim_crew_options {
    uint64_t from;
    uint64_t seeds;
    int jobs;
    bool stop_at_first;
    bool twice; /* each world is lived twice and must be the same one */
};

/* Calls `told` for every seed, in the order they are done. A worker that dies makes the seed it was at a violation. */
void sim_crew_run(const struct sim_crew_options *options,
                  void (*told)(void *context, uint64_t seed, const struct sim_result *result), void *context);

#endif
