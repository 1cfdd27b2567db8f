/* plan_scenes_hop: scenes for hops. A scene is one or two kinds of trouble that meet at an end of the work: the hops it
 * strikes are asked, just then, about what that end ended. It names a class of trouble and nothing else; when, how long
 * and whom is luck. */
#include "core/bus.h"
#include "tests/sim/plan.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define SCENES_LEAST 4
#define SCENES_MOST 9
#define BEFORE_US (6 * S) /* an end that early has no scene */
#define AFTER_US (17 * S) /* no scene lasts longer after its end */
#define MINT_RECENT_US (25 * S)
#define TRIES 60
#define HOPS_STRUCK 3 /* by what depends on luck of each */

/* A scene being made. */
struct scene {
    struct sim_plan *plan;
    struct sim_dice *dice;
    const struct sim_action *actions; /* of the work and the faults: what scenes add is not looked at */
    size_t count;
    struct sim_action end; /* what it is about */
    int64_t minted_us; /* the oldest recent token that it ends */
    int32_t lane; /* that the end is said in */
    int32_t user; /* whose session it is */
    int32_t hop; /* process number */
};

static int64_t between(struct scene *scene, int64_t least, int64_t most)
{
    return sim_dice_between(scene->dice, least, most);
}

static void add(struct scene *scene, struct sim_action action)
{
    sim_plan_add(scene->plan, &action);
}

static void strike(struct scene *scene, enum sim_act act, int64_t at_us, int64_t value)
{
    add(scene, (struct sim_action){.act = act, .at_us = at_us, .process = scene->hop, .value = value});
}

/* The hop struck is asked about the end's session or user. */
static void ask(struct scene *scene, int64_t from_us, int64_t to_us)
{
    const bool user = scene->end.act == SIM_USER_REVOKE;
    add(scene, (struct sim_action){.act = SIM_ASK,
                                   .at_us = from_us,
                                   .process = scene->hop,
                                   .session = user ? 0 : scene->end.session,
                                   .user = user ? scene->end.user : 0,
                                   .value = to_us - from_us,
                                   .count = (int32_t)between(scene, 15 * MS, 60 * MS)});
}

static void other_hop(struct scene *scene)
{
    const struct sim_size *size = &scene->plan->size;
    scene->hop = size->coordinators + (int32_t)sim_dice_roll(scene->dice, (uint64_t)size->hops);
}

/* The hop hears nothing, or stands still, for a while across the end. Returns until when. */
static int64_t away(struct scene *scene, int64_t most_us)
{
    const int64_t from_us = scene->end.at_us - between(scene, 5 * MS, 300 * MS);
    const int64_t for_us = between(scene, 600 * MS, most_us);
    strike(scene, sim_dice_chance(scene->dice, 600) ? SIM_BLACKHOLE : SIM_SUSPEND, from_us, for_us);
    return from_us + for_us;
}

static void hop_away(struct scene *scene)
{
    const int64_t until_us = away(scene, 8 * S);
    ask(scene, scene->end.at_us, until_us + 500 * MS);
}

/* One lane's revocations stand still, the other lanes' flow. */
static void lane_stalls(struct scene *scene)
{
    const int64_t from_us = scene->end.at_us - between(scene, 5 * MS, 300 * MS);
    const int64_t for_us = between(scene, 700 * MS, 6 * S);
    add(scene, (struct sim_action){.act = SIM_STALL,
                                   .at_us = from_us,
                                   .topic = CURFEW_TOPIC_REVOCATIONS,
                                   .lane = scene->lane,
                                   .value = for_us});
    for (int i = 0; i < 2; i++) {
        other_hop(scene);
        ask(scene, scene->end.at_us, from_us + for_us + 200 * MS);
    }
}

/* The same of control, and the user's own revocation: some time before the end, so that only the user's floor denies.
 */
static void control_stalls(struct scene *scene)
{
    const int64_t at_us = scene->end.at_us - between(scene, S, 4 * S);
    if (scene->end.act != SIM_USER_REVOKE && at_us > scene->minted_us + 300 * MS) {
        scene->end =
            (struct sim_action){.act = SIM_USER_REVOKE, .at_us = at_us, .actor = scene->end.actor, .user = scene->user};
        scene->lane = 0;
        add(scene, scene->end);
    }
    lane_stalls(scene);
}

static void delay(struct scene *scene, int64_t at_us, int64_t for_us, int64_t way_us)
{
    add(scene, (struct sim_action){
                   .act = SIM_DELAY, .at_us = at_us, .process = scene->hop, .value = for_us, .count = (int32_t)way_us});
}

/* Every broker is fast, by what skew allows, and what the hop reads comes late. */
static void brokers_fast(struct scene *scene)
{
    const int64_t from_us = scene->end.at_us - between(scene, S, 4 * S);
    const int64_t until_us = scene->end.at_us + between(scene, S, 4 * S);
    const int64_t by_us = between(scene, 150 * MS, 300 * MS);
    for (int32_t i = 0; i < SIM_BROKERS; i++) {
        add(scene, (struct sim_action){.act = SIM_BROKER_CLOCK, .at_us = from_us, .broker = i, .value = by_us});
        add(scene, (struct sim_action){.act = SIM_BROKER_CLOCK, .at_us = until_us, .broker = i});
    }
    for (int i = 0; i < HOPS_STRUCK; i++) {
        other_hop(scene);
        delay(scene, from_us, until_us - from_us, between(scene, 80 * MS, 500 * MS));
        ask(scene, scene->end.at_us, until_us);
    }
}

/* A hop's clock is wrong, and what it reads comes late; then its clock is set right. */
static void wrong_clock(struct scene *scene, int64_t by_us, int64_t way_us, int64_t right_us)
{
    const int64_t early_us = right_us - between(scene, 3 * S, 6 * S) - 2 * way_us;
    const int64_t from_us = early_us < 2 * S ? 2 * S : early_us;
    strike(scene, SIM_CLOCK, from_us, by_us);
    strike(scene, SIM_CLOCK, right_us, -by_us);
    delay(scene, from_us + between(scene, 0, S), right_us + 2 * S - from_us, way_us);
}

/* Clocks are about as slow as what they read is late: it looks fresh. It is asked about when they are right again. */
static void slow_and_late(struct scene *scene)
{
    for (int i = 0; i < HOPS_STRUCK; i++) {
        const int64_t by_us = between(scene, 1500 * MS, 5 * S);
        const int64_t right_us = scene->end.at_us + by_us * between(scene, 60, 160) / 100;
        other_hop(scene);
        wrong_clock(scene, sim_dice_chance(scene->dice, 900) ? -by_us : by_us, by_us * between(scene, 90, 115) / 100,
                    right_us);
        ask(scene, right_us, right_us + 2 * S);
    }
}

/* Clocks are so slow that what they read looks as if it came from ahead, though it is late: only tokens older than the
 * clock is slow are valid there. */
static void slow_and_ahead(struct scene *scene)
{
    const int64_t old_us = scene->end.at_us - scene->minted_us;
    for (int i = 0; i < HOPS_STRUCK; i++) {
        const int64_t by_us = between(scene, 1600 * MS, old_us < 2 * S ? 2 * S : old_us > 7 * S ? 7 * S : old_us);
        const int64_t way_us = between(scene, 800 * MS, by_us - 500 * MS);
        const int64_t right_us = scene->end.at_us + way_us * between(scene, 80, 160) / 100;
        other_hop(scene);
        wrong_clock(scene, -by_us, way_us, right_us);
        ask(scene, scene->end.at_us, right_us + 200 * MS);
    }
}

/* Revocations lose what is old, or all of it. */
static void lose_old(struct scene *scene, int64_t at_us)
{
    const bool all = sim_dice_chance(scene->dice, 150) || !sim_plan_restates_often(scene->plan);
    add(scene, (struct sim_action){.act = all ? SIM_CAUSES_LOST : SIM_RETENTION,
                                   .at_us = at_us,
                                   .topic = CURFEW_TOPIC_REVOCATIONS,
                                   .lane = scene->lane,
                                   .count = all ? 0 : (int32_t)between(scene, 0, 3)});
}

/* What a hop that is away would have read next is gone when it is back. */
static void passed_by(struct scene *scene)
{
    const int64_t until_us = away(scene, 5 * S);
    lose_old(scene, between(scene, scene->end.at_us + 100 * MS, until_us));
    ask(scene, until_us, until_us + between(scene, 2 * S, 6 * S));
}

/* A hop starts where the beginning is gone. */
static void late_start(struct scene *scene)
{
    const int64_t lost_us = scene->end.at_us + between(scene, 100 * MS, 2 * S);
    const int64_t at_us = lost_us + between(scene, 10 * MS, S);
    const int64_t down_us = between(scene, 50 * MS, S);
    lose_old(scene, lost_us);
    strike(scene, SIM_CRASH, at_us, down_us);
    ask(scene, at_us + down_us, at_us + down_us + between(scene, 2 * S, 6 * S));
}

/* Nobody is there to turn the end into floors, until later. */
static void nobody_home(struct scene *scene)
{
    const int64_t at_us = scene->end.at_us - between(scene, -20 * MS, 300 * MS);
    const int64_t back_us = between(scene, 400 * MS, 4 * S);
    for (int32_t i = 0; i < scene->plan->size.coordinators; i++) {
        add(scene, (struct sim_action){
                       .act = SIM_CRASH, .at_us = at_us, .process = i, .value = back_us + between(scene, 0, 500 * MS)});
    }
    ask(scene, scene->end.at_us, at_us + back_us + 2 * S);
}

/* Two hops whose clocks are slow start, and read their backlog piece by piece. */
static void slow_start(struct scene *scene)
{
    /* Asked about whomever: what they have not read yet ended more than this. */
    struct scene all = *scene;
    all.end.act = SIM_SESSION_END;
    all.end.session = 0;
    for (int i = 0; i < 2; i++) {
        const int64_t by_us = between(&all, 3 * S, 25 * S);
        const int64_t at_us = all.end.at_us + between(&all, 0, 5 * S);
        const int64_t down_us = between(&all, 20 * MS, 500 * MS);
        const int64_t right_us = at_us + between(&all, 5 * S, 8 * S);
        other_hop(&all);
        strike(&all, SIM_CLOCK, at_us - between(&all, 0, S), -by_us);
        strike(&all, SIM_CLOCK, right_us, by_us);
        delay(&all, at_us, right_us - at_us, between(&all, 50 * MS, 600 * MS));
        strike(&all, SIM_CRASH, at_us, down_us);
        ask(&all, at_us + down_us, right_us);
    }
}

/* A task, or a session, ends when the newest of its tokens has a few seconds left. */
static void end_late(struct scene *scene)
{
    const struct sim_action *mint = NULL;
    const int64_t calm_us = scene->plan->size.calm_us;
    for (int tries = 0; mint == NULL && tries < TRIES; tries++) {
        const struct sim_action *action = &scene->actions[sim_dice_roll(scene->dice, scene->count)];
        const int64_t over_us = action->at_us + action->life_s * S;
        const bool fits = action->act == SIM_MINT && action->task != 0 && action->value == 0 && over_us < calm_us &&
                          action->life_s * 1000 <= scene->plan->size.token_life_ms;
        mint = fits ? action : NULL;
        for (size_t i = 0; mint != NULL && i < scene->count; i++) {
            const struct sim_action *other = &scene->actions[i];
            const bool newer = (other->act == SIM_MINT || other->act == SIM_FAN_OUT) && other != mint &&
                               other->session == mint->session && other->task == mint->task && other->at_us < over_us &&
                               other->at_us + other->life_s * S > over_us;
            mint = newer ? NULL : mint;
        }
    }
    if (mint == NULL) {
        return;
    }
    const int64_t over_us = mint->at_us + mint->life_s * S;
    scene->end = *mint;
    scene->end.act = SIM_TASK_END;
    scene->end.attempt = 0;
    scene->end.at_us = over_us - between(scene, 600 * MS, 4500 * MS);
    add(scene, (struct sim_action){.act = SIM_TASK_END,
                                   .at_us = scene->end.at_us,
                                   .actor = mint->actor,
                                   .session = mint->session,
                                   .task = mint->task});
    ask(scene, scene->end.at_us, over_us + 100 * MS);
}

typedef void staging(struct scene *scene);
static staging *const stagings[] = {hop_away,  lane_stalls, control_stalls, brokers_fast, slow_and_late, slow_and_ahead,
                                    passed_by, late_start,  nobody_home,    slow_start,   end_late};
#define STAGINGS (sizeof stagings / sizeof stagings[0])

/* The session, or for a user's revocation the first such session, that an action is about; NULL: none. */
static const struct sim_action *start_of(const struct scene *scene, const struct sim_action *action)
{
    for (size_t i = 0; i < scene->count; i++) {
        const struct sim_action *start = &scene->actions[i];
        if (start->act == SIM_SESSION_START && start->at_us < action->at_us &&
            (action->act == SIM_USER_REVOKE ? start->user == action->user : start->session == action->session)) {
            return start;
        }
    }
    return NULL;
}

/* The first token, of those minted not long ago, that the end would end; NULL: none. */
static const struct sim_action *victim(const struct scene *scene, const struct sim_action *end,
                                       const struct sim_action *start)
{
    for (size_t i = 0; i < scene->count; i++) {
        const struct sim_action *mint = &scene->actions[i];
        const bool whole = end->act == SIM_USER_REVOKE || end->act == SIM_SESSION_END;
        if ((mint->act == SIM_MINT || mint->act == SIM_FAN_OUT) && mint->session == start->session &&
            (whole || mint->task == end->task) && mint->at_us < end->at_us - 50 * MS &&
            mint->at_us > end->at_us - MINT_RECENT_US && mint->at_us + mint->life_s * S > end->at_us + 8 * S) {
            return mint;
        }
    }
    return NULL;
}

static bool pick_end(struct scene *scene)
{
    const int64_t last_us = scene->plan->size.calm_us - AFTER_US;
    for (int tries = 0; tries < 40 * TRIES; tries++) {
        const struct sim_action *end = &scene->actions[sim_dice_roll(scene->dice, scene->count)];
        const bool ends = end->act == SIM_USER_REVOKE || end->act == SIM_SESSION_END || end->act == SIM_TASK_END ||
                          end->act == SIM_ATTEMPT_END || (end->act == SIM_TASK_START && end->attempt > 1);
        const struct sim_action *start =
            ends && end->at_us > BEFORE_US && end->at_us < last_us ? start_of(scene, end) : NULL;
        const struct sim_action *mint = start != NULL ? victim(scene, end, start) : NULL;
        if (mint != NULL) {
            scene->end = *end;
            scene->minted_us = mint->at_us;
            scene->user = start->user;
            scene->lane = end->act == SIM_USER_REVOKE ? 0 : start->lane;
            return true;
        }
    }
    return false;
}

void sim_plan_scenes_hop(struct sim_plan *plan, struct sim_dice *dice)
{
    bool faults = false;
    for (size_t i = 0; i < plan->count; i++) {
        faults = faults || sim_act_is_fault(plan->actions[i].act);
    }
    if (!faults) {
        return; /* a world in which nothing breaks must work too */
    }
    struct sim_plan before = sim_plan_copy(plan);
    const int64_t scenes = sim_dice_between(dice, SCENES_LEAST, SCENES_MOST);
    for (int64_t i = 0; i < scenes; i++) {
        struct scene scene = {.plan = plan, .dice = dice, .actions = before.actions, .count = before.count};
        if (pick_end(&scene)) {
            other_hop(&scene);
            stagings[sim_dice_roll(dice, STAGINGS)](&scene);
        }
    }
    sim_plan_free(&before);
}
