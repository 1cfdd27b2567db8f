/* machine: the two clocks of one simulated machine against true time, which nobody in the world can read. */
#ifndef CURFEW_TESTS_SIM_MACHINE_H
#define CURFEW_TESTS_SIM_MACHINE_H

#include "core/clock.h"

struct sim_machine {
    int64_t error_us; /* wall clock minus true time, at `since_us` */
    int64_t since_us; /* true time of the last change */
    int64_t drift_ppm; /* of both clocks */
    int64_t boot_us; /* boot clock at `since_us` */
};

struct sim_machine sim_machine_made(int64_t true_us, int64_t error_us, int64_t drift_ppm);
struct curfew_now sim_machine_now(const struct sim_machine *machine, int64_t true_us);
/* How far its wall clock is ahead of true time; negative: behind. */
int64_t sim_machine_error(const struct sim_machine *machine, int64_t true_us);
void sim_machine_step(struct sim_machine *machine, int64_t true_us, int64_t by_us); /* the wall clock alone */
void sim_machine_set(struct sim_machine *machine, int64_t true_us, int64_t error_us, int64_t drift_ppm);

#endif
