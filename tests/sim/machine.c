/* machine: two clocks of one machine. */
#include "tests/sim/machine.h"

#define PPM 1000000

struct sim_machine sim_machine_made(int64_t true_us, int64_t error_us, int64_t drift_ppm)
{
    return (struct sim_machine){error_us, true_us, drift_ppm, 1000 * CURFEW_US_PER_S};
}

static int64_t drifted(const struct sim_machine *machine, int64_t true_us)
{
    return (true_us - machine->since_us) / 1000 * machine->drift_ppm / (PPM / 1000);
}

struct curfew_now sim_machine_now(const struct sim_machine *machine, int64_t true_us)
{
    const int64_t drift_us = drifted(machine, true_us);
    return (struct curfew_now){
        .wall_us = true_us + machine->error_us + drift_us,
        .boot_us = machine->boot_us + true_us - machine->since_us + drift_us,
    };
}

int64_t sim_machine_error(const struct sim_machine *machine, int64_t true_us)
{
    return machine->error_us + drifted(machine, true_us);
}

/* What has drifted until now stays. */
static void settle(struct sim_machine *machine, int64_t true_us)
{
    const int64_t drift_us = drifted(machine, true_us);
    machine->boot_us += true_us - machine->since_us + drift_us;
    machine->error_us += drift_us;
    machine->since_us = true_us;
}

void sim_machine_step(struct sim_machine *machine, int64_t true_us, int64_t by_us)
{
    settle(machine, true_us);
    machine->error_us += by_us;
}

void sim_machine_set(struct sim_machine *machine, int64_t true_us, int64_t error_us, int64_t drift_ppm)
{
    settle(machine, true_us);
    machine->error_us = error_us;
    machine->drift_ppm = drift_ppm;
}
