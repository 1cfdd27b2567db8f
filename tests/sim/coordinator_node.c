/* coordinator_node: the real coordinator as its runner drives it. */
#include "services/coordinator/coordinator.h"
#include "tests/common/author.h"
#include "tests/common/sealer.h"

#include "tests/sim/world.h"
#include <stdlib.h>

struct sim_coordinator {
    struct sim_world *world;
    struct sim_process *process;
    struct curfew_bus *bus;
    struct curfew_coordinator *coordinator; /* NULL: down */
};

struct sim_coordinator *sim_coordinator_create(struct sim_world *world, struct sim_process *process)
{
    struct sim_coordinator *node = calloc(1, sizeof *node);
    if (node == NULL) {
        abort();
    }
    node->world = world;
    node->process = process;
    return node;
}

static void halt(void *self)
{
    struct sim_coordinator *node = self;
    curfew_coordinator_destroy(node->coordinator);
    node->coordinator = NULL;
}

void sim_coordinator_destroy(struct sim_coordinator *node)
{
    if (node != NULL) {
        halt(node);
        free(node);
    }
}

static void must(struct sim_coordinator *node, enum curfew_status status, const struct curfew_error *error)
{
    if (status != CURFEW_OK) {
        sim_trace_line(&node->world->trace, node->world->now_us, node->process->name, "cannot start: %s", error->text);
        abort();
    }
}

/* Of half the worlds all speak at once; of a quarter one leads, and of a quarter all hold back. */
static int32_t rank_of(const struct sim_coordinator *node)
{
    const uint64_t seed = node->world->plan->size.seed;
    return seed % 2 == 1 ? 0 : (int32_t)(node->process->number + (int)(seed / 2 % 2));
}

static void boot(void *self, struct curfew_bus *bus, struct curfew_now now)
{
    struct sim_coordinator *node = self;
    struct curfew_error error = {.status = CURFEW_OK};
    const struct curfew_coordinator_options options = {
        node->process->name, author_master, node->world->plan->size.lanes, bus, sealer_genuine, sealer_judge,
        rank_of(node),       NULL};
    (void)now;
    node->bus = bus;
    must(node, curfew_coordinator_create(&options, &node->coordinator, &error), &error);
    must(node, curfew_coordinator_start(node->coordinator, &error), &error);
}

static bool input(void *self, const struct curfew_bus_event *event, struct curfew_now now)
{
    struct sim_coordinator *node = self;
    struct curfew_error error = {.status = CURFEW_OK};
    const bool goes_on = curfew_coordinator_handle(node->coordinator, event, now, &error) == CURFEW_OK;
    if (!goes_on) {
        sim_trace_line(&node->world->trace, node->world->now_us, node->process->name, "%s", error.text);
    }
    return goes_on;
}

/* What is alive stays within the bounds the settings state. */
static void check_bounds(struct sim_coordinator *node)
{
    const struct curfew_settings settings = sim_world_settings(node->world);
    for (int32_t i = 0; i < node->world->plan->size.lanes; i++) {
        struct curfew_coordinator_lane lane;
        curfew_coordinator_lane(node->coordinator, i, &lane);
        if (lane.counts.book.sessions + lane.counts.book.tombstones > settings.sessions_max ||
            lane.counts.book.tasks > settings.tasks_max) {
            sim_oracle_violation(node->world->oracle, "bound", "%s lane %d holds %lld sessions and %lld tasks",
                                 node->process->name, i, (long long)lane.counts.book.sessions,
                                 (long long)lane.counts.book.tasks);
        }
    }
}

static int64_t idle(void *self, struct curfew_now now)
{
    struct sim_coordinator *node = self;
    const int wait_ms = curfew_coordinator_flush(node->coordinator, now);
    check_bounds(node);
    return now.boot_us + wait_ms * CURFEW_US_PER_MS;
}

const struct sim_process_ops sim_coordinator_ops = {boot, input, idle, halt};
