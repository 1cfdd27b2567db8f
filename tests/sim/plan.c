/* plan: put together from a seed, and told in text. */
#include "tests/sim/plan.h"

#include "core/bus.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000)
#define CALM_FOR_US (45 * S)
#define RESTATE_OFTEN_S 34 /* what would be this or more becomes SELDOM: then only a resync brings lost floors back */
#define RESTATE_SELDOM_S 600

static const char *const act_names[SIM_ACT_COUNT] = {
    "session-start",  "session-end",  "task-start",  "attempt-end",   "task-end",     "mint",
    "fan-out",        "token-revoke", "user-revoke", "settings",      "silence",      "garbage",
    "crash",          "suspend",      "clock",       "drift",         "delay",        "blackhole",
    "lose-acks",      "broker-clock", "broker-down", "leader-change", "unclean",      "stall",
    "retention",      "recreate",     "forge",       "causes-lost",   "redis-flush",  "redis-evict",
    "redis-failover", "redis-slow",   "redis-gone",  "ask",           "agent-revoke", "tenant-propose",
};

struct field {
    const char *name;
    size_t offset;
};
static const struct field fields[] = {
    {"process", offsetof(struct sim_action, process)}, {"actor", offsetof(struct sim_action, actor)},
    {"broker", offsetof(struct sim_action, broker)},   {"topic", offsetof(struct sim_action, topic)},
    {"lane", offsetof(struct sim_action, lane)},       {"session", offsetof(struct sim_action, session)},
    {"task", offsetof(struct sim_action, task)},       {"attempt", offsetof(struct sim_action, attempt)},
    {"parent", offsetof(struct sim_action, parent)},   {"parent_attempt", offsetof(struct sim_action, parent_attempt)},
    {"user", offsetof(struct sim_action, user)},       {"token", offsetof(struct sim_action, token)},
    {"holder", offsetof(struct sim_action, holder)},   {"count", offsetof(struct sim_action, count)},
    {"life_s", offsetof(struct sim_action, life_s)},   {"agent", offsetof(struct sim_action, agent)},
};
#define FIELDS (sizeof fields / sizeof fields[0])

static int32_t *at(struct sim_action *action, size_t field)
{
    return (int32_t *)(void *)((char *)action + fields[field].offset);
}

bool sim_act_is_fault(enum sim_act act)
{
    return act >= SIM_CRASH && act < SIM_ASK;
}

bool sim_act_is_work(enum sim_act act)
{
    return act < SIM_CRASH || act > SIM_ASK;
}

bool sim_plan_restates_often(const struct sim_plan *plan)
{
    return plan->size.restate_ms < RESTATE_SELDOM_S * 1000;
}

const char *sim_act_name(enum sim_act act)
{
    return act_names[act];
}

void sim_plan_free(struct sim_plan *plan)
{
    free(plan->actions);
    *plan = (struct sim_plan){.actions = NULL};
}

void sim_plan_add(struct sim_plan *plan, const struct sim_action *action)
{
    if (plan->count == plan->room) {
        plan->room = plan->room == 0 ? 256 : 2 * plan->room;
        plan->actions = realloc(plan->actions, plan->room * sizeof *plan->actions);
    }
    if (plan->actions == NULL || plan->count == SIM_ACTIONS_MAX) {
        abort();
    }
    plan->actions[plan->count++] = *action;
}

/* Insertion from the back: plans come nearly sorted, in runs. */
void sim_plan_sort(struct sim_plan *plan)
{
    for (size_t i = 1; i < plan->count; i++) {
        const struct sim_action action = plan->actions[i];
        size_t to = i;
        for (; to > 0 && plan->actions[to - 1].at_us > action.at_us; to--) {
            plan->actions[to] = plan->actions[to - 1];
        }
        plan->actions[to] = action;
    }
}

struct sim_plan sim_plan_copy(const struct sim_plan *plan)
{
    struct sim_plan copy = {.size = plan->size};
    for (size_t i = 0; i < plan->count; i++) {
        sim_plan_add(&copy, &plan->actions[i]);
    }
    return copy;
}

void sim_plan_of(uint64_t seed, struct sim_plan *plan)
{
    struct sim_dice dice = sim_dice_of(seed, "size");
    *plan = (struct sim_plan){.actions = NULL};
    struct sim_size *size = &plan->size;
    size->seed = seed;
    size->lanes = (int32_t)sim_dice_between(&dice, 2, SIM_LANES_MAX);
    size->coordinators = (int32_t)sim_dice_between(&dice, 1, SIM_COORDINATORS_MAX);
    size->hops = (int32_t)(sim_dice_chance(&dice, 40) ? sim_dice_between(&dice, 24, SIM_HOPS_MAX)
                                                      : sim_dice_between(&dice, 2, 6));
    size->actors = (int32_t)sim_dice_between(&dice, 2, SIM_ACTORS_MAX);
    size->lease_ms = (int32_t)sim_dice_between(&dice, 4, 20) * 1000;
    size->token_life_ms = (int32_t)sim_dice_between(&dice, 30, 120) * 1000;
    const int32_t restate_s = (int32_t)sim_dice_between(&dice, 15, 40);
    size->restate_ms = (restate_s < RESTATE_OFTEN_S ? restate_s : RESTATE_SELDOM_S) * 1000;
    size->session_life_ms = sim_dice_between(&dice, 60, 600) * 1000;
    size->end_us = sim_dice_between(&dice, 90, 240) * S;
    size->calm_us = size->end_us - CALM_FOR_US;
    struct sim_dice work = sim_dice_of(seed, "work");
    struct sim_dice faults = sim_dice_of(seed, "faults");
    sim_plan_work(plan, &work);
    sim_plan_faults(plan, &faults);
    struct sim_dice hop_scenes = sim_dice_of(seed, "hop-scenes");
    sim_plan_scenes_hop(plan, &hop_scenes);
    struct sim_dice store_scenes = sim_dice_of(seed, "store-scenes");
    sim_plan_scenes_store(plan, &store_scenes);
    struct sim_dice rare_work = sim_dice_of(seed, "rare-work");
    sim_plan_work_rare(plan, &rare_work);
    struct sim_dice coordinator_scenes = sim_dice_of(seed, "coordinator-scenes");
    sim_plan_scenes_coordinator(plan, &coordinator_scenes);
    struct sim_dice standing = sim_dice_of(seed, "standing");
    sim_plan_work_standing(plan, &standing);
    sim_plan_sort(plan);
}

void sim_action_print(const struct sim_action *action, FILE *out)
{
    struct sim_action copy = *action;
    fprintf(out, "%" PRId64 ".%06" PRId64 " %s", action->at_us / S, action->at_us % S, act_names[action->act]);
    for (size_t i = 0; i < FIELDS; i++) {
        if (*at(&copy, i) != 0) {
            fprintf(out, " %s=%" PRId32, fields[i].name, *at(&copy, i));
        }
    }
    if (action->value != 0) {
        fprintf(out, " value=%" PRId64, action->value);
    }
    fputc('\n', out);
}

#define SIZE_LINE                                                                                                      \
    "size seed=%" SCNu64 " lanes=%" SCNd32 " coordinators=%" SCNd32 " hops=%" SCNd32 " actors=%" SCNd32                \
    " lease_ms=%" SCNd32 " token_life_ms=%" SCNd32 " restate_ms=%" SCNd32 " session_life_ms=%" SCNd64                  \
    " calm_us=%" SCNd64 " end_us=%" SCNd64
#define SIZE_FIELDS 11

void sim_plan_print(const struct sim_plan *plan, FILE *out)
{
    const struct sim_size *size = &plan->size;
    fprintf(out, SIZE_LINE "\n", size->seed, size->lanes, size->coordinators, size->hops, size->actors, size->lease_ms,
            size->token_life_ms, size->restate_ms, size->session_life_ms, size->calm_us, size->end_us);
    for (size_t i = 0; i < plan->count; i++) {
        sim_action_print(&plan->actions[i], out);
    }
}

static bool size_valid(const struct sim_size *size)
{
    return size->lanes >= 2 && size->lanes <= SIM_LANES_MAX && size->coordinators >= 1 &&
           size->coordinators <= SIM_COORDINATORS_MAX && size->hops >= 1 && size->hops <= SIM_HOPS_MAX &&
           size->actors >= 1 && size->actors <= SIM_ACTORS_MAX && size->lease_ms > 0 && size->token_life_ms > 0 &&
           size->restate_ms > 0 && size->session_life_ms > 0 && size->calm_us > 0 && size->calm_us < size->end_us;
}

static bool read_parameter(char *word, struct sim_action *action)
{
    char *end = NULL;
    char *equals = strchr(word, '=');
    if (equals == NULL) {
        return false;
    }
    *equals = '\0';
    const long long number = strtoll(equals + 1, &end, 10);
    if (equals[1] == '\0' || *end != '\0') {
        return false;
    }
    if (strcmp(word, "value") == 0) {
        action->value = number;
        return true;
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcmp(word, fields[i].name) == 0) {
            *at(action, i) = (int32_t)number;
            return number >= 0 && number <= INT32_MAX;
        }
    }
    return false;
}

static bool action_valid(const struct sim_action *action, const struct sim_size *size)
{
    const int32_t processes = size->coordinators + size->hops + size->actors;
    const bool work = sim_act_is_work(action->act);
    return action->at_us >= 0 && action->process < processes && action->broker < SIM_BROKERS &&
           action->topic < CURFEW_TOPIC_COUNT && action->lane < size->lanes && action->session <= SIM_SESSIONS_MAX &&
           action->task <= SIM_TASKS_MAX && action->parent <= SIM_TASKS_MAX && action->user <= SIM_USERS_MAX &&
           action->agent <= SIM_AGENTS_MAX && action->token < SIM_TOKENS_MAX &&
           ((action->act != SIM_FAN_OUT && action->act != SIM_TOKEN_REVOKE) ||
            action->count < SIM_TOKENS_MAX - action->token) &&
           action->holder <= size->actors && (!work || (action->actor >= 1 && action->actor <= size->actors));
}

static bool read_action(char *line, const struct sim_size *size, struct sim_action *action)
{
    char *rest = NULL;
    int64_t seconds = 0;
    int64_t micros = 0;
    int used = 0;
    *action = (struct sim_action){.act = SIM_ACT_COUNT};
    if (sscanf(line, "%" SCNd64 ".%6" SCNd64 " %n", &seconds, &micros, &used) != 2 || used == 0) {
        return false;
    }
    action->at_us = seconds * S + micros;
    char *word = strtok_r(line + used, " \n", &rest);
    for (int i = 0; word != NULL && i < SIM_ACT_COUNT; i++) {
        action->act = strcmp(word, act_names[i]) == 0 ? (enum sim_act)i : action->act;
    }
    while (action->act != SIM_ACT_COUNT && (word = strtok_r(NULL, " \n", &rest)) != NULL) {
        if (!read_parameter(word, action)) {
            return false;
        }
    }
    return action->act != SIM_ACT_COUNT && action_valid(action, size);
}

enum curfew_status sim_plan_read(FILE *in, struct sim_plan *plan, struct curfew_error *error)
{
    char line[512];
    int number = 0;
    *plan = (struct sim_plan){.actions = NULL};
    struct sim_size *size = &plan->size;
    while (fgets(line, sizeof line, in) != NULL) {
        struct sim_action action;
        number++;
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        const bool is_size = strncmp(line, "size ", 5) == 0;
        if (is_size ? sscanf(line, SIZE_LINE, &size->seed, &size->lanes, &size->coordinators, &size->hops,
                             &size->actors, &size->lease_ms, &size->token_life_ms, &size->restate_ms,
                             &size->session_life_ms, &size->calm_us, &size->end_us) != SIZE_FIELDS ||
                          !size_valid(size)
                    : !size_valid(size) || !read_action(line, size, &action)) {
            sim_plan_free(plan);
            return curfew_error_set(error, CURFEW_INVALID,
                                    "reading a plan: line %d is not understood; --print-plan shows how one looks",
                                    number);
        }
        if (!is_size) {
            sim_plan_add(plan, &action);
        }
    }
    if (!size_valid(size)) {
        return curfew_error_set(error, CURFEW_INVALID, "reading a plan: it has no line that begins with `size`");
    }
    sim_plan_sort(plan);
    return CURFEW_OK;
}
