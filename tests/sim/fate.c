/* fate: one function a fault, and a table. */
#include "tests/sim/fate.h"
#include "tests/sim/forger.h"
#include "tests/sim/impostor.h"

#include <stdlib.h>

#define ASK_OFTEN_US CURFEW_US_PER_MS

/* A holder whose own process, network or clock is at fault may lose its lease until some time after. */
static void fault(struct sim_process *process, int64_t until_us)
{
    process->faulted_us = until_us > process->faulted_us ? until_us : process->faulted_us;
}

static int32_t partition_of(const struct sim_action *action)
{
    return action->topic == CURFEW_TOPIC_LIFECYCLE ? action->lane - 1 : action->lane;
}

static void crash(struct sim_world *world, const struct sim_action *action)
{
    sim_process_crash(&world->processes[action->process], action->count, action->value);
}

static void suspend(struct sim_world *world, const struct sim_action *action)
{
    sim_process_suspend(&world->processes[action->process], action->value);
}

/* What was said by a clock that was ahead is on its way for a while. */
static void remember_clock(struct sim_process *process)
{
    const int64_t now_us = process->world->now_us;
    const int64_t ahead_us = sim_machine_error(&process->machine, now_us);
    const bool recent = process->stepped_us != 0 && now_us - process->stepped_us < SIM_REMEMBERED_US;
    process->was_ahead_us = recent && process->was_ahead_us > ahead_us ? process->was_ahead_us : ahead_us;
    process->stepped_us = now_us;
}

static void step_clock(struct sim_world *world, const struct sim_action *action)
{
    struct sim_process *process = &world->processes[action->process];
    remember_clock(process);
    sim_machine_step(&process->machine, world->now_us, action->value);
    const int64_t error_us = llabs(sim_machine_error(&process->machine, world->now_us));
    process->wrong_clock = error_us > SIM_SKEW_MS * CURFEW_US_PER_MS / 2;
    fault(process, world->now_us);
}

static void drift(struct sim_world *world, const struct sim_action *action)
{
    struct sim_process *process = &world->processes[action->process];
    sim_machine_set(&process->machine, world->now_us, sim_machine_error(&process->machine, world->now_us),
                    action->value);
}

static void delay(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_delay(world->broker, action->process, action->count, world->now_us + action->value);
    fault(&world->processes[action->process], world->now_us + action->value);
}

static void blackhole(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_blackhole(world->broker, action->process, world->now_us + action->value);
    fault(&world->processes[action->process], world->now_us + action->value);
}

static void lose_acks(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_lose_acks(world->broker, action->process, world->now_us + action->value);
    fault(&world->processes[action->process], world->now_us + action->value);
}

static void broker_clock(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_clock(world->broker, action->broker, action->value);
}

static void broker_down(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_down(world->broker, action->broker, world->now_us + action->value);
}

static void leader_change(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_leader_change(world->broker, (enum curfew_topic)action->topic, partition_of(action));
}

static void unclean(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_unclean(world->broker, (enum curfew_topic)action->topic, partition_of(action), action->count);
}

static void stall(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_stall(world->broker, (enum curfew_topic)action->topic, partition_of(action),
                     world->now_us + action->value);
}

static void retention(struct sim_world *world, const struct sim_action *action)
{
    const enum curfew_topic topic = (enum curfew_topic)action->topic;
    if (action->life_s != 0) {
        sim_broker_expire(world->broker, topic, partition_of(action), action->life_s * CURFEW_US_PER_S);
    } else {
        sim_broker_retain(world->broker, topic, partition_of(action), action->count);
    }
}

static void causes_lost(struct sim_world *world, const struct sim_action *action)
{
    sim_broker_recreate(world->broker, CURFEW_TOPIC_REVOCATIONS, action->lane);
}

/* The operator sets the brokers' clocks right first: of a log whose genesis is dated otherwise, no coordinator goes on.
 */
static void recreate(struct sim_world *world, const struct sim_action *action)
{
    (void)action;
    for (int i = 0; i < SIM_BROKERS; i++) {
        sim_broker_clock(world->broker, i, 0);
    }
    for (int32_t lane = 0; lane < world->plan->size.lanes; lane++) {
        sim_broker_recreate(world->broker, curfew_lane_topic(lane), curfew_lane_partition(lane));
        sim_broker_recreate(world->broker, CURFEW_TOPIC_REVOCATIONS, lane);
        sim_broker_recreate(world->broker, CURFEW_TOPIC_ANSWERS, lane);
    }
    sim_world_genesis(world, ++world->generation);
}

static void forge(struct sim_world *world, const struct sim_action *action)
{
    sim_forger_strike(world, action->lane, action->count);
    sim_impostor_strike(world, action->lane, action->count);
}

static void redis_flush(struct sim_world *world, const struct sim_action *action)
{
    (void)action;
    sim_store_flush(world->store);
}

static void redis_evict(struct sim_world *world, const struct sim_action *action)
{
    sim_store_evict(world->store, &world->dice, action->count);
}

static void redis_failover(struct sim_world *world, const struct sim_action *action)
{
    sim_store_failover(world->store, world->now_us, action->value);
}

static void redis_slow(struct sim_world *world, const struct sim_action *action)
{
    world->store_slow_us = action->count;
    world->store_slow_until_us = world->now_us + action->value;
}

static void redis_gone(struct sim_world *world, const struct sim_action *action)
{
    world->store_gone_until_us = world->now_us + action->value;
}

/* An appointment's argument: the action. Asked again and again, for as long as it says. */
static void ask_again(void *context, uint64_t index)
{
    struct sim_world *world = context;
    const struct sim_action *action = &world->plan->actions[index];
    struct sim_process *process = &world->processes[action->process];
    const int64_t every_us = action->count < ASK_OFTEN_US ? ASK_OFTEN_US : action->count;
    sim_hop_ask_about(process->self, action->session, action->user);
    if (world->now_us + every_us < world->begun_us + action->at_us + action->value) {
        sim_agenda_put(&world->agenda, world->now_us + every_us, ask_again, world, index);
    }
}

static void ask(struct sim_world *world, const struct sim_action *action)
{
    const struct sim_size *size = &world->plan->size;
    if (action->process >= size->coordinators && action->process < size->coordinators + size->hops) {
        ask_again(world, (uint64_t)(action - world->plan->actions));
    }
}

typedef void doing(struct sim_world *world, const struct sim_action *action);

/* NULL: work, an actor's to do. */
static doing *const doings[SIM_ACT_COUNT] = {
    [SIM_CRASH] = crash,
    [SIM_SUSPEND] = suspend,
    [SIM_CLOCK] = step_clock,
    [SIM_DRIFT] = drift,
    [SIM_DELAY] = delay,
    [SIM_BLACKHOLE] = blackhole,
    [SIM_LOSE_ACKS] = lose_acks,
    [SIM_BROKER_CLOCK] = broker_clock,
    [SIM_BROKER_DOWN] = broker_down,
    [SIM_LEADER_CHANGE] = leader_change,
    [SIM_UNCLEAN] = unclean,
    [SIM_STALL] = stall,
    [SIM_RETENTION] = retention,
    [SIM_RECREATE] = recreate,
    [SIM_FORGE] = forge,
    [SIM_CAUSES_LOST] = causes_lost,
    [SIM_REDIS_FLUSH] = redis_flush,
    [SIM_REDIS_EVICT] = redis_evict,
    [SIM_REDIS_FAILOVER] = redis_failover,
    [SIM_REDIS_SLOW] = redis_slow,
    [SIM_REDIS_GONE] = redis_gone,
    [SIM_ASK] = ask,
};

static void trace(struct sim_world *world, const struct sim_action *action)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        abort();
    }
    sim_action_print(action, out);
    if (fclose(out) != 0 || size == 0) {
        abort();
    }
    text[size - 1] = '\0';
    sim_trace_line(&world->trace, world->now_us, "plan", "%s", text);
    free(text);
}

void sim_fate_do(struct sim_world *world, const struct sim_action *action)
{
    trace(world, action);
    if (doings[action->act] != NULL) {
        doings[action->act](world, action);
        world->faults[action->act]++;
    } else {
        const struct sim_process *process = sim_world_actor(world, action->actor);
        if (process->up) {
            sim_actor_do(process->self, action);
        }
    }
}

void sim_fate_calm(struct sim_world *world)
{
    sim_trace_line(&world->trace, world->now_us, "plan", "calm: nothing breaks any more");
    sim_broker_calm(world->broker);
    world->store_slow_until_us = 0;
    world->store_gone_until_us = 0;
    for (int i = 0; i < world->process_count; i++) {
        struct sim_process *process = &world->processes[i];
        const struct sim_machine *usual = &world->in_order[i];
        if (process->wrong_clock || process->machine.drift_ppm != usual->drift_ppm) {
            remember_clock(process);
            sim_machine_set(&process->machine, world->now_us, usual->error_us, usual->drift_ppm);
            process->wrong_clock = false;
            fault(process, world->now_us);
        }
        process->suspended_until_us = 0;
        sim_process_wake(process, world->now_us);
    }
}
