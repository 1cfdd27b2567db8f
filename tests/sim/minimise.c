/* minimise: ddmin over the actions, then over the sizes. */
#include "tests/sim/minimise.h"

#include "tests/sim/world.h"
#include <string.h>

#define TRIES_MAX 2000

struct hunt {
    sim_still_fails *fails;
    void *context;
    int tries;
    int most;
};

static bool fails(struct hunt *hunt, const struct sim_plan *plan)
{
    return hunt->tries < hunt->most && (hunt->tries++, hunt->fails(hunt->context, plan));
}

/* The plan without actions from..to - 1. */
static struct sim_plan without(const struct sim_plan *plan, size_t from, size_t to)
{
    struct sim_plan copy = {.size = plan->size};
    for (size_t i = 0; i < plan->count; i++) {
        if (i < from || i >= to) {
            sim_plan_add(&copy, &plan->actions[i]);
        }
    }
    return copy;
}

/* Leaves out runs of actions, long ones first, until no single one can be left out. */
static void cut_actions(struct hunt *hunt, struct sim_plan *plan)
{
    for (size_t length = (plan->count + 1) / 2; length >= 1 && hunt->tries < hunt->most;) {
        bool cut = false;
        for (size_t from = plan->count; from > 0;) {
            const size_t to = from;
            from = from > length ? from - length : 0;
            struct sim_plan smaller = without(plan, from, to);
            if (fails(hunt, &smaller)) {
                sim_plan_free(plan);
                *plan = smaller;
                cut = true;
            } else {
                sim_plan_free(&smaller);
            }
        }
        length = length == 1 ? (cut ? 1 : 0) : length / 2;
    }
}

static void shrink_number(struct hunt *hunt, struct sim_plan *plan, int32_t *at, int32_t least)
{
    while (*at > least) {
        const int32_t before = *at;
        *at = least + (before - least) / 2;
        if (!fails(hunt, plan)) {
            *at = before;
            return;
        }
    }
}

static void shrink_sizes(struct hunt *hunt, struct sim_plan *plan)
{
    shrink_number(hunt, plan, &plan->size.coordinators, 1);
    for (size_t i = 0; i < plan->count; i++) {
        shrink_number(hunt, plan, &plan->actions[i].count, 0);
    }
    if (plan->count > 0) { /* nothing happens after the last action but what follows from it */
        const int64_t before_us = plan->size.end_us - plan->size.calm_us;
        const struct sim_size size = plan->size;
        plan->size.calm_us = plan->actions[plan->count - 1].at_us + 1;
        plan->size.end_us = plan->size.calm_us + before_us;
        if (plan->size.end_us > size.end_us || !fails(hunt, plan)) {
            plan->size = size;
        }
    }
}

int sim_minimise_plan(struct sim_plan *plan, sim_still_fails *still_fails, void *context, int tries)
{
    struct hunt hunt = {still_fails, context, 0, tries};
    size_t before = 0;
    do {
        before = plan->count;
        cut_actions(&hunt, plan);
        shrink_sizes(&hunt, plan);
    } while (plan->count < before && hunt.tries < hunt.most);
    return hunt.tries;
}

struct sought {
    char invariant[8];
    int tries;
};

static bool violates(void *context, const struct sim_plan *plan)
{
    struct sought *sought = context;
    struct sim_result result;
    sim_world_run(plan, true, NULL, &result);
    if (++sought->tries % 20 == 0) {
        fprintf(stderr, "minimising: %d worlds tried, %zu actions left at most\n", sought->tries, plan->count);
    }
    return result.findings.violations > 0 && strcmp(result.findings.invariant, sought->invariant) == 0;
}

bool sim_minimise(const struct sim_plan *plan, FILE *out)
{
    struct sim_result result;
    struct sought sought = {.tries = 0};
    sim_world_run(plan, true, NULL, &result);
    if (result.findings.violations == 0) {
        fprintf(out, "nothing is violated in it\n");
        return false;
    }
    memcpy(sought.invariant, result.findings.invariant, sizeof sought.invariant);
    struct sim_plan smallest = sim_plan_copy(plan);
    const int tries = sim_minimise_plan(&smallest, violates, &sought, TRIES_MAX);
    sim_world_run(&smallest, true, NULL, &result);
    fprintf(out, "# %s: %s\n# from seed %llu, %zu actions of %zu, after %d worlds\n", result.findings.invariant,
            result.findings.text, (unsigned long long)plan->size.seed, smallest.count, plan->count, tries);
    sim_plan_print(&smallest, out);
    fprintf(out, "\n# what happens in it\n");
    sim_world_run(&smallest, true, out, &result);
    sim_plan_free(&smallest);
    return true;
}
