/* plan_faults: what breaks, and when it is mended. Left out are two limits that docs/simulator.md tells of: retention
 * that takes records of control or lifecycle which a coordinator would have to replay (its lane halts, and stays so;
 * one scene for coordinators has it), and an unclean election that takes acknowledged records of control (pipelines
 * take control in by offsets, which then mean another record). */
#include "core/bus.h"
#include "tests/sim/plan.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define FAULTS_MOST 40

/* How often, of 1000 faults of a world that knows all kinds. */
static const struct {
    enum sim_act act;
    int weight;
} kinds[] = {
    {SIM_CRASH, 130},         {SIM_SUSPEND, 70},       {SIM_CLOCK, 90},       {SIM_DRIFT, 10},
    {SIM_DELAY, 90},          {SIM_BLACKHOLE, 80},     {SIM_LOSE_ACKS, 40},   {SIM_BROKER_CLOCK, 80},
    {SIM_BROKER_DOWN, 70},    {SIM_LEADER_CHANGE, 80}, {SIM_UNCLEAN, 40},     {SIM_STALL, 80},
    {SIM_RETENTION, 40},      {SIM_CAUSES_LOST, 20},   {SIM_REDIS_FLUSH, 15}, {SIM_REDIS_EVICT, 15},
    {SIM_REDIS_FAILOVER, 20}, {SIM_REDIS_SLOW, 15},    {SIM_REDIS_GONE, 15},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static enum sim_act pick_kind(struct sim_dice *dice)
{
    int64_t left = (int64_t)sim_dice_roll(dice, 1000);
    for (size_t i = 0; i < KINDS; i++) {
        left -= kinds[i].weight;
        if (left < 0) {
            return kinds[i].act;
        }
    }
    return SIM_CRASH;
}

/* Short ones as often as long ones: every doubling is as likely. */
static int64_t lasting(struct sim_dice *dice, int64_t least_us, int64_t most_us)
{
    int doublings = 0;
    while (least_us << (doublings + 1) <= most_us) {
        doublings++;
    }
    const int64_t from_us = least_us << sim_dice_roll(dice, (uint64_t)doublings + 1);
    const int64_t us = sim_dice_between(dice, from_us, 2 * from_us);
    return us < most_us ? us : most_us;
}

static int64_t either(struct sim_dice *dice, int64_t us)
{
    return sim_dice_chance(dice, 500) ? us : -us;
}

/* A clock goes wrong, and right again. */
static void wrong_clock(struct sim_plan *plan, struct sim_dice *dice, struct sim_action action, int64_t until_us)
{
    const int64_t by_us = either(dice, lasting(dice, 600 * MS, 3600 * S));
    action.value = by_us;
    sim_plan_add(plan, &action);
    action.at_us = until_us;
    action.value = -by_us;
    sim_plan_add(plan, &action);
}

static void wrong_broker(struct sim_plan *plan, struct sim_dice *dice, struct sim_action action, int64_t until_us)
{
    action.value = either(dice, sim_dice_chance(dice, 500) ? sim_dice_between(dice, 200 * MS, 600 * MS)
                                                           : lasting(dice, 100 * MS, 3600 * S));
    sim_plan_add(plan, &action);
    action.at_us = until_us;
    action.value = 0;
    sim_plan_add(plan, &action);
}

static int32_t any_log(struct sim_dice *dice, const struct sim_plan *plan, enum curfew_topic topic)
{
    return topic == CURFEW_TOPIC_CONTROL     ? 0
           : topic == CURFEW_TOPIC_LIFECYCLE ? (int32_t)sim_dice_between(dice, 1, plan->size.lanes - 1)
                                             : (int32_t)sim_dice_roll(dice, (uint64_t)plan->size.lanes);
}

/* Every broker, or every coordinator, at once. */
static void all_at_once(struct sim_plan *plan, struct sim_action action, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        action.broker = action.act == SIM_BROKER_DOWN ? i : 0;
        action.process = action.act == SIM_BROKER_DOWN ? 0 : i;
        sim_plan_add(plan, &action);
    }
}

/* Brokers and their logs. */
static void break_broker(struct sim_plan *plan, struct sim_dice *dice, struct sim_action *action, int64_t left_us)
{
    action->topic = (int32_t)sim_dice_roll(dice, CURFEW_TOPIC_ANSWERS + 1);
    action->broker = (int32_t)sim_dice_roll(dice, SIM_BROKERS);
    action->value = lasting(dice, 5 * MS, left_us < 40 * S ? left_us : 40 * S);
    if (action->act == SIM_BROKER_DOWN && sim_dice_chance(dice, 250)) {
        action->lane = 0;
        all_at_once(plan, *action, SIM_BROKERS);
        return;
    }
    if (action->act == SIM_RETENTION) {
        const bool floors = sim_dice_chance(dice, 500) && sim_plan_restates_often(plan);
        action->topic = floors ? CURFEW_TOPIC_REVOCATIONS : CURFEW_TOPIC_ANSWERS;
        action->count = (int32_t)sim_dice_between(dice, 0, 50);
    } else if (action->act == SIM_UNCLEAN) {
        static const enum curfew_topic cut[] = {CURFEW_TOPIC_REVOCATIONS, CURFEW_TOPIC_ANSWERS, CURFEW_TOPIC_LIFECYCLE};
        action->topic = (int32_t)cut[sim_dice_roll(dice, sizeof cut / sizeof cut[0])];
        action->count = (int32_t)sim_dice_between(dice, 1, 20);
    }
    const bool fits = action->lane >= 0 && !(action->topic == CURFEW_TOPIC_CONTROL && action->lane != 0) &&
                      !(action->topic == CURFEW_TOPIC_LIFECYCLE && action->lane == 0);
    action->lane = fits ? action->lane : any_log(dice, plan, (enum curfew_topic)action->topic);
    sim_plan_add(plan, action);
}

/* The lane that an end is said in; control for what spans sessions; -1: the action ends nothing. */
static int32_t lane_of_end(const struct sim_plan *plan, const struct sim_action *end)
{
    if (end->act == SIM_USER_REVOKE) {
        return 0;
    }
    const bool ends = end->act == SIM_SESSION_END || end->act == SIM_TASK_END || end->act == SIM_ATTEMPT_END ||
                      end->act == SIM_TASK_START || end->act == SIM_TOKEN_REVOKE;
    for (size_t i = 0; ends && i < plan->count; i++) {
        if (plan->actions[i].act == SIM_SESSION_START && plan->actions[i].session == end->session) {
            return plan->actions[i].lane;
        }
    }
    return -1;
}

/* Faults that strike anywhere seldom matter: most are aimed at the moment before an end, and at its lane. */
static int64_t aim(const struct sim_plan *plan, struct sim_dice *dice, int32_t *lane)
{
    const int64_t last_us = plan->size.calm_us - 2 * S;
    *lane = -1;
    for (int tries = 0; sim_dice_chance(dice, 950) && plan->count > 0 && tries < 20; tries++) {
        const struct sim_action *end = &plan->actions[sim_dice_roll(dice, plan->count)];
        const int64_t at_us = end->at_us - sim_dice_between(dice, -20 * MS, 400 * MS);
        *lane = at_us >= S && at_us <= last_us ? lane_of_end(plan, end) : -1;
        if (*lane >= 0) {
            return at_us;
        }
    }
    return sim_dice_between(dice, S, last_us);
}

static void break_one(struct sim_plan *plan, struct sim_dice *dice, enum sim_act act)
{
    const struct sim_size *size = &plan->size;
    int32_t lane = -1;
    const int64_t at_us = aim(plan, dice, &lane);
    const int64_t left_us = size->calm_us - S - at_us;
    struct sim_action action = {.at_us = at_us, .act = act};
    action.process = (int32_t)sim_dice_roll(dice, (uint64_t)(size->coordinators + size->hops + size->actors));
    action.value = lasting(dice, 5 * MS, left_us < 40 * S ? left_us : 40 * S);
    switch (act) {
    case SIM_CLOCK:
        wrong_clock(plan, dice, action, at_us + action.value);
        return;
    case SIM_BROKER_CLOCK:
        action.process = 0;
        action.broker = (int32_t)sim_dice_roll(dice, SIM_BROKERS);
        wrong_broker(plan, dice, action, at_us + action.value);
        return;
    case SIM_CRASH:
        if (sim_dice_chance(dice, 200)) {
            all_at_once(plan, action, size->coordinators);
            return;
        }
        action.count = sim_dice_chance(dice, 500) ? (int32_t)sim_dice_between(dice, 1, 200) : 0;
        break;
    case SIM_DRIFT:
        action.value = sim_dice_between(dice, -200, 200);
        break;
    case SIM_DELAY:
        action.count = (int32_t)lasting(dice, 10 * MS, 8 * S);
        break;
    case SIM_BROKER_DOWN:
    case SIM_LEADER_CHANGE:
    case SIM_UNCLEAN:
    case SIM_STALL:
    case SIM_RETENTION:
        action.process = 0;
        action.lane = lane;
        break_broker(plan, dice, &action, left_us);
        return;
    case SIM_CAUSES_LOST:
        action.lane = (int32_t)sim_dice_roll(dice, (uint64_t)size->lanes);
        break;
    case SIM_REDIS_EVICT:
        action.count = (int32_t)sim_dice_between(dice, 1, 20);
        break;
    case SIM_REDIS_FAILOVER:
        action.value = lasting(dice, 100 * MS, 15 * S);
        break;
    case SIM_REDIS_SLOW:
        action.count = (int32_t)lasting(dice, 1 * MS, S);
        break;
    default:
        break;
    }
    sim_plan_add(plan, &action);
}

void sim_plan_faults(struct sim_plan *plan, struct sim_dice *dice)
{
    if (sim_dice_chance(dice, 100)) {
        return; /* a world in which nothing breaks must work too */
    }
    /* Some worlds know two kinds of fault only, and those often: what takes two at once is found there. */
    const bool two_kinds = sim_dice_chance(dice, 400);
    const enum sim_act often[2] = {pick_kind(dice), pick_kind(dice)};
    const int64_t faults = sim_dice_between(dice, two_kinds ? 10 : 3, FAULTS_MOST);
    for (int64_t i = 0; i < faults; i++) {
        break_one(plan, dice, two_kinds ? often[i % 2] : pick_kind(dice));
    }
    if (sim_dice_chance(dice, 120)) {
        const int64_t at_us = sim_dice_between(dice, 10 * S, plan->size.calm_us - S);
        sim_plan_add(plan, &(struct sim_action){.at_us = at_us, .act = SIM_RECREATE});
    }
    for (int64_t i = sim_dice_chance(dice, 300) ? sim_dice_between(dice, 1, 12) : 0; i > 0; i--) {
        int32_t lane = -1;
        struct sim_action action = {.at_us = aim(plan, dice, &lane), .act = SIM_FORGE};
        action.lane = lane >= 0 ? lane : (int32_t)sim_dice_roll(dice, (uint64_t)plan->size.lanes);
        action.count = (int32_t)sim_dice_between(dice, 1, 40);
        sim_plan_add(plan, &action);
    }
}
