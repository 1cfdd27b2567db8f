/* process: one program on one machine of the simulated world: what its runner does in production. It polls its bus,
 * hands every event and the time to the component, lets it do what is due, and sleeps until there is more. It crashes
 * between any two inputs, is suspended, and comes back. */
#ifndef CURFEW_TESTS_SIM_PROCESS_H
#define CURFEW_TESTS_SIM_PROCESS_H

#include "core/bus.h"
#include "tests/sim/machine.h"

struct sim_world;
struct sim_client;

#define SIM_RUNNER_BATCH 200 /* events handled before what is due is done */

/* What a kind of process is made of. `self` is the world's for good; boot makes the component in it, halt unmakes it:
 * a crash keeps nothing but what the kind says is on disk. */
struct sim_process_ops {
    /* The component begins anew on `bus`, which is of this boot alone. */
    void (*boot)(void *self, struct curfew_bus *bus, struct curfew_now now);
    /* One event of the bus. False: the component cannot go on and asks to be made anew (a runner does that at once). */
    bool (*input)(void *self, const struct curfew_bus_event *event, struct curfew_now now);
    /* After a batch of inputs, and when called for: what is due. Returns when to be called again at the latest, on the
     * boot clock; INT64_MAX: only for events. */
    int64_t (*idle)(void *self, struct curfew_now now);
    /* kill -9: everything in memory goes. Called only when booted. */
    void (*halt)(void *self);
};

struct sim_process {
    struct sim_world *world;
    char name[24]; /* "coordinator-0", "hop-3", "actor-1" */
    int number; /* in the world */
    const struct sim_process_ops *ops;
    void *self;
    struct sim_machine machine;
    struct curfew_bus bus;
    struct sim_client *client;
    bool up;
    int64_t suspended_until_us; /* true time */
    int32_t crash_after; /* inputs still handled; -1: no crash is due */
    int64_t crash_for_us;
    int64_t wake_us; /* true time of the wake that counts */
    uint64_t wakes; /* number of the wake that counts */
    uint64_t boots;
    int64_t was_ahead_us; /* its wall clock, before `stepped_us`: the most of steps soon one after the other */
    int64_t stepped_us; /* true time; 0: never */
    bool wrong_clock; /* its wall clock was stepped away, and not back yet */
    int64_t faulted_us; /* true time of the end of its newest fault; 0: none yet. A crash that lasts: INT64_MAX */
};

void sim_process_boot(struct sim_process *process);
/* Down at once, or after so many more inputs; up again `for_us` later. */
void sim_process_crash(struct sim_process *process, int32_t after_inputs, int64_t for_us);
void sim_process_suspend(struct sim_process *process, int64_t for_us);
/* Makes it run at `at_us` at the latest. Anything that gives it work calls this. */
void sim_process_wake(struct sim_process *process, int64_t at_us);
struct curfew_now sim_process_now(const struct sim_process *process);

#endif
