/* impostor: whoever can write to revocations and answers and is no coordinator: he says that nothing is revoked and
 * that all is accepted, signed by keys of his own, by none, or with a signature that stood under something else; and he
 * repeats what coordinators said. He leaves floors alone: those only deny. */
#ifndef CURFEW_TESTS_SIM_IMPOSTOR_H
#define CURFEW_TESTS_SIM_IMPOSTOR_H

#include "tests/sim/world.h"

/* For `times` × 5 ms, about a lane; durable at once. */
void sim_impostor_strike(struct sim_world *world, int32_t lane, int32_t times);

#endif
