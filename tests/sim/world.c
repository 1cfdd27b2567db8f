/* world: a plan's life, from genesis to the last check. What each action does to the world is fate.c. */
#include "tests/sim/world.h"
#include "tests/common/author.h"
#include "tests/sim/forger.h"
#include "tests/sim/names.h"

#include "schemas/codec.h"
#include "tests/sim/fate.h"
#include <stdlib.h>
#include <string.h>

#define ERROR_MOST_US (90 * CURFEW_US_PER_MS) /* of a machine in order: any two are within skew */
#define DRIFT_MOST_PPM 20
#define ASK_LEAST_US (40 * CURFEW_US_PER_MS)
#define ASK_MOST_US (400 * CURFEW_US_PER_MS)
#define ASK_TOKENS 6
#define REPLICATE_US CURFEW_US_PER_S

struct curfew_settings sim_world_settings(const struct sim_world *world)
{
    const struct sim_size *size = &world->plan->size;
    return (struct curfew_settings){
        .rules = 1,
        .schemas = 1,
        .skew_ms = SIM_SKEW_MS,
        .tick_ms = SIM_TICK_MS,
        .lease_ms = size->lease_ms,
        .heartbeat_age_ms = 5000,
        .attempt_step = 1000,
        .token_life_ms = size->token_life_ms,
        .session_life_ms = size->session_life_ms,
        .restate_ms = size->restate_ms,
        .sessions_max = 10000,
        .tasks_max = 100000,
        .floors_max = 100000,
    };
}

struct sim_process *sim_world_coordinator(struct sim_world *world, int number)
{
    return &world->processes[number];
}

struct sim_process *sim_world_hop(struct sim_world *world, int number)
{
    return &world->processes[world->plan->size.coordinators + number];
}

struct sim_process *sim_world_actor(struct sim_world *world, int number)
{
    return &world->processes[world->plan->size.coordinators + world->plan->size.hops + number - 1];
}

int64_t sim_world_coordinators_ahead(const struct sim_world *world)
{
    int64_t most_us = INT64_MIN;
    for (int i = 0; i < world->plan->size.coordinators; i++) {
        const struct sim_process *process = &world->processes[i];
        const bool recent = process->stepped_us != 0 && world->now_us - process->stepped_us < SIM_REMEMBERED_US;
        int64_t error_us = sim_machine_error(&process->machine, world->now_us);
        error_us = recent && process->was_ahead_us > error_us ? process->was_ahead_us : error_us;
        most_us = error_us > most_us ? error_us : most_us;
    }
    return most_us;
}

/* Log ids are the plan's too: the lane's, of so many-th making. */
static void name_log(const struct sim_world *world, int32_t lane, int generation, uint8_t id[CURFEW_LOG_ID_SIZE])
{
    char name[32];
    (void)snprintf(name, sizeof name, "log-%d-%d", lane, generation);
    struct sim_dice dice = sim_dice_of(world->plan->size.seed, name);
    sim_dice_fill(&dice, id, CURFEW_LOG_ID_SIZE);
}

/* Actors are issuer, orchestrator and operator at once: whose rights end where, is the unit tests' to try. */
static void name_writers(const struct sim_world *world, struct author_list *writers)
{
    author_name(writers, "operator", AUTHOR_ROLE(OPERATOR));
    for (int i = 0; i < world->plan->size.coordinators; i++) {
        author_name(writers, sim_coordinator_name(i), AUTHOR_ROLE(COORDINATOR));
    }
    for (int i = 1; i <= world->plan->size.actors; i++) {
        author_name(writers, sim_actor_name(i),
                    AUTHOR_ROLE(ISSUER) | AUTHOR_ROLE(ORCHESTRATOR) | AUTHOR_ROLE(OPERATOR));
    }
}

void sim_world_log_id(const struct sim_world *world, int32_t lane, uint8_t id[CURFEW_LOG_ID_SIZE])
{
    name_log(world, lane, world->generation, id);
}

/* As `curfew topics create` and `curfew writer add` write it. */
static void found(struct sim_world *world, int32_t lane, const struct curfew_event *event)
{
    uint8_t bytes[1024];
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t size = 0;
    struct curfew_log_place place = {.lane = lane};
    name_log(world, lane, world->generation, place.log_id);
    if (curfew_codec_encode(event, bytes, sizeof bytes, &size, NULL) != CURFEW_OK) {
        abort();
    }
    author_prove_event(event, &place, (struct curfew_slice){bytes, size}, mac);
    const struct curfew_bus_record record = {.topic = curfew_lane_topic(lane),
                                             .partition = curfew_lane_partition(lane),
                                             .value = {bytes, size},
                                             .mac = {mac, sizeof mac}};
    sim_broker_append(world->broker, &record);
}

void sim_world_genesis(struct sim_world *world, int generation)
{
    struct author_list writers = {.count = 0};
    name_writers(world, &writers);
    for (int32_t lane = 0; lane < world->plan->size.lanes; lane++) {
        struct curfew_event event = {.type = CURFEW_EVENT_GENESIS};
        struct curfew_genesis *genesis = &event.as.genesis;
        genesis->writer = curfew_slice_of("operator");
        genesis->said_us = world->now_us;
        name_log(world, lane, generation, genesis->log_id);
        name_log(world, 0, generation, genesis->control_log);
        genesis->lane = lane;
        genesis->lanes = world->plan->size.lanes;
        genesis->settings = sim_world_settings(world);
        author_genesis(genesis, &writers);
        found(world, lane, &event);
    }
    struct curfew_event rights = sim_forger_rights();
    rights.as.writer_set.said_us = world->now_us;
    found(world, 0, &rights);
}

static void committed(void *context, enum curfew_topic topic, int32_t partition, const struct curfew_bus_event *record)
{
    struct sim_world *world = context;
    world->records++;
    sim_oracle_committed(world->oracle, topic, partition, record);
}

static void was_cut(void *context, enum curfew_topic topic, int32_t partition, int64_t end)
{
    struct sim_world *world = context;
    sim_trace_line(&world->trace, world->now_us, "broker", "%s %d is cut at %lld", curfew_topic_name(topic), partition,
                   (long long)end);
    sim_oracle_cut(world->oracle, topic, partition, end);
}

static void ask(void *context, uint64_t turn)
{
    struct sim_process *process = context;
    struct sim_world *world = process->world;
    (void)turn;
    sim_hop_ask_some(process->self, ASK_TOKENS);
    sim_agenda_put(&world->agenda, world->now_us + sim_dice_between(&world->dice, ASK_LEAST_US, ASK_MOST_US), ask,
                   process, 0);
}

static void replicate(void *context, uint64_t turn)
{
    struct sim_world *world = context;
    (void)turn;
    sim_store_replicate(world->store, world->now_us);
    sim_agenda_put(&world->agenda, world->now_us + REPLICATE_US, replicate, world, 0);
}

static void act(void *context, uint64_t index)
{
    struct sim_world *world = context;
    sim_fate_do(world, &world->plan->actions[index]);
}

static void calm(void *context, uint64_t turn)
{
    (void)turn;
    sim_fate_calm(context);
}

static void add_process(struct sim_world *world, const char *kind, int number, const struct sim_process_ops *ops)
{
    struct sim_process *process = &world->processes[world->process_count];
    process->world = world;
    process->number = world->process_count++;
    process->ops = ops;
    (void)snprintf(process->name, sizeof process->name, "%s-%d", kind, number);
    struct sim_dice dice = sim_dice_of(world->plan->size.seed, process->name);
    process->machine = sim_machine_made(world->now_us, sim_dice_between(&dice, -ERROR_MOST_US, ERROR_MOST_US),
                                        sim_dice_between(&dice, -DRIFT_MOST_PPM, DRIFT_MOST_PPM));
    world->in_order[process->number] = process->machine;
}

static void populate(struct sim_world *world)
{
    const struct sim_size *size = &world->plan->size;
    for (int i = 0; i < size->coordinators; i++) {
        add_process(world, "coordinator", i, &sim_coordinator_ops);
        world->processes[i].self = sim_coordinator_create(world, &world->processes[i]);
    }
    for (int i = 0; i < size->hops; i++) {
        add_process(world, "hop", i, &sim_hop_ops);
        struct sim_process *process = sim_world_hop(world, i);
        process->self = sim_hop_create(world, process);
        sim_agenda_put(&world->agenda, world->now_us + ASK_MOST_US, ask, process, 0);
    }
    for (int i = 1; i <= size->actors; i++) {
        add_process(world, "actor", i, &sim_actor_ops);
        struct sim_process *process = sim_world_actor(world, i);
        process->self = sim_actor_create(world, process, i);
    }
    for (int i = 0; i < world->process_count; i++) {
        sim_process_boot(&world->processes[i]);
    }
}

static void begin(struct sim_world *world)
{
    const struct sim_broker_observer observer = {committed, was_cut, world};
    world->dice = sim_dice_of(world->plan->size.seed, "world");
    world->oracle = sim_oracle_create(world);
    world->broker = sim_broker_create(world, &observer);
    world->store = sim_store_create();
    world->tokens = sim_tokens_create();
    sim_world_genesis(world, 0);
    world->now_us += CURFEW_US_PER_S;
    world->begun_us = world->now_us;
    populate(world);
    for (size_t i = 0; i < world->plan->count; i++) {
        sim_agenda_put(&world->agenda, world->now_us + world->plan->actions[i].at_us, act, world, i);
    }
    sim_agenda_put(&world->agenda, world->now_us + world->plan->size.calm_us, calm, world, 0);
    replicate(world, 0);
}

static void finish(struct sim_world *world)
{
    const struct sim_size *size = &world->plan->size;
    for (int i = 0; i < world->process_count; i++) {
        struct sim_process *process = &world->processes[i];
        if (process->up) {
            process->ops->halt(process->self);
            process->up = false;
        }
        if (i < size->coordinators) {
            sim_coordinator_destroy(process->self);
        } else if (i < size->coordinators + size->hops) {
            sim_hop_destroy(process->self);
        } else {
            sim_actor_destroy(process->self);
        }
    }
    sim_agenda_free(&world->agenda);
    sim_broker_destroy(world->broker);
    sim_store_destroy(world->store);
    sim_tokens_destroy(world->tokens);
    sim_oracle_destroy(world->oracle);
}

void sim_world_run(const struct sim_plan *plan, bool stop_at_first, FILE *out, struct sim_result *result)
{
    struct sim_world *world = calloc(1, sizeof *world);
    struct curfew_error error;
    if (world == NULL || curfew_codec_init(&error) != CURFEW_OK) {
        abort();
    }
    world->plan = plan;
    world->now_us = SIM_T0_US;
    sim_trace_begin(&world->trace, out, SIM_T0_US + CURFEW_US_PER_S);
    begin(world);
    const int64_t begun_us = world->begun_us;
    const int64_t end_us = begun_us + plan->size.end_us;
    struct sim_entry entry;
    while (sim_agenda_take(&world->agenda, &entry) && entry.at_us <= end_us) {
        world->now_us = entry.at_us;
        world->deeds++;
        entry.deed(entry.context, entry.argument);
        if (stop_at_first && sim_oracle_findings(world->oracle)->violations > 0) {
            break;
        }
    }
    if (!stop_at_first || sim_oracle_findings(world->oracle)->violations == 0) {
        for (int i = 0; i < plan->size.hops; i++) {
            sim_hop_calm(sim_world_hop(world, i)->self);
        }
    }
    sim_trace_line(&world->trace, world->now_us, "world", "ends after %lld deeds and %lld records",
                   (long long)world->deeds, (long long)world->records);
    *result = (struct sim_result){
        .findings = *sim_oracle_findings(world->oracle),
        .hash = world->trace.hash,
        .simulated_us = world->now_us - begun_us,
        .records = world->records,
        .late_calls = world->late_calls,
    };
    memcpy(result->faults, world->faults, sizeof result->faults);
    finish(world);
    free(world);
}
