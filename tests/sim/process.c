/* process: the simulated runner. */
#include "tests/sim/process.h"

#include "tests/sim/world.h"

#define NEVER INT64_MAX

struct curfew_now sim_process_now(const struct sim_process *process)
{
    return sim_machine_now(&process->machine, process->world->now_us);
}

static void run(void *context, uint64_t number);

void sim_process_wake(struct sim_process *process, int64_t at_us)
{
    if (!process->up || at_us >= process->wake_us) {
        return;
    }
    process->wake_us = at_us;
    sim_agenda_put(&process->world->agenda, at_us, run, process, ++process->wakes);
}

void sim_process_boot(struct sim_process *process)
{
    struct sim_world *world = process->world;
    sim_trace_line(&world->trace, world->now_us, process->name, "boots");
    process->client = sim_client_open(world->broker, process, &process->bus);
    process->up = true;
    process->boots++;
    process->crash_after = -1;
    process->wake_us = NEVER;
    process->ops->boot(process->self, &process->bus, sim_process_now(process));
    sim_process_wake(process, world->now_us);
}

static void come_back(void *context, uint64_t boots)
{
    struct sim_process *process = context;
    if (!process->up && process->boots == boots) {
        process->faulted_us = process->world->now_us;
        sim_process_boot(process);
    }
}

static void go_down(struct sim_process *process, int64_t for_us, const char *why)
{
    struct sim_world *world = process->world;
    sim_trace_line(&world->trace, world->now_us, process->name, "%s", why);
    process->ops->halt(process->self);
    sim_client_close(process->client);
    process->client = NULL;
    process->up = false;
    process->faulted_us = NEVER;
    sim_agenda_put(&world->agenda, world->now_us + for_us, come_back, process, process->boots);
}

void sim_process_crash(struct sim_process *process, int32_t after_inputs, int64_t for_us)
{
    if (!process->up) {
        return;
    }
    if (after_inputs > 0) {
        process->crash_after = after_inputs;
        process->crash_for_us = for_us;
    } else {
        go_down(process, for_us, "is killed");
    }
}

void sim_process_suspend(struct sim_process *process, int64_t for_us)
{
    struct sim_world *world = process->world;
    if (process->up) {
        sim_trace_line(&world->trace, world->now_us, process->name, "is suspended for %lld us", (long long)for_us);
        process->suspended_until_us = world->now_us + for_us;
        if (process->suspended_until_us > process->faulted_us) {
            process->faulted_us = process->suspended_until_us;
        }
    }
}

/* Handles what has come, up to a batch. False: it went down, or was made anew. */
static bool drain(struct sim_process *process)
{
    struct curfew_bus_event event;
    for (int i = 0; i < SIM_RUNNER_BATCH; i++) {
        if (process->bus.ops->poll(process->bus.self, 0, &event, NULL) != CURFEW_OK) {
            return true;
        }
        if (process->crash_after == 0) {
            go_down(process, process->crash_for_us, "is killed between two inputs");
            return false;
        }
        if (process->crash_after > 0) {
            process->crash_after--;
        }
        if (!process->ops->input(process->self, &event, sim_process_now(process))) {
            go_down(process, 0, "starts over");
            return false;
        }
    }
    sim_process_wake(process, process->world->now_us); /* there may be more */
    return true;
}

static void run(void *context, uint64_t number)
{
    struct sim_process *process = context;
    struct sim_world *world = process->world;
    if (!process->up || number != process->wakes) {
        return;
    }
    process->wake_us = NEVER;
    if (world->now_us < process->suspended_until_us) {
        sim_process_wake(process, process->suspended_until_us);
        return;
    }
    if (drain(process)) {
        const struct curfew_now now = sim_process_now(process);
        const int64_t due_us = process->ops->idle(process->self, now);
        if (process->up && due_us != NEVER) {
            const int64_t wait_us = due_us - now.boot_us;
            sim_process_wake(process, world->now_us + (wait_us < 1 ? 1 : wait_us));
        }
    }
}
