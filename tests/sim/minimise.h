/* minimise: a failing plan cut down to what its failure needs (delta debugging, ddmin), with numbers made small. */
#ifndef CURFEW_TESTS_SIM_MINIMISE_H
#define CURFEW_TESTS_SIM_MINIMISE_H

#include "tests/sim/plan.h"

/* Whether a plan still fails in the way that is looked for. */
typedef bool sim_still_fails(void *context, const struct sim_plan *plan);

/* Makes `plan` smaller for as long as it still fails; at most `tries` plans are tried. Returns how many were. */
int sim_minimise_plan(struct sim_plan *plan, sim_still_fails *fails, void *context, int tries);

/* Lives the plan; when it violates an invariant, prints to `out` the shortest plan that still violates the same one, as
 * a file that --plan reads, and then what happens in it. False: nothing was violated. */
bool sim_minimise(const struct sim_plan *plan, FILE *out);

#endif
