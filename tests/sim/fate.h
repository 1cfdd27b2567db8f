/* fate: what each action of a plan does to the world. */
#ifndef CURFEW_TESTS_SIM_FATE_H
#define CURFEW_TESTS_SIM_FATE_H

#include "tests/sim/world.h"

void sim_fate_do(struct sim_world *world, const struct sim_action *action);
/* Nothing is broken any more: networks, brokers, clocks, Redis; processes that are down come back when they are due. */
void sim_fate_calm(struct sim_world *world);

#endif
