/* plan_scenes_store: scenes for Redis. In each it loses something, or is out of reach, or answers so late that nobody
 * waits any more, about when some work ends; hops and readers beside them are asked just then about just those tokens.
 */
#include "tests/sim/plan.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define SCENES_MOST 3
#define CROWDED_PERMILLE 350 /* of worlds */
#define BEFORE_US (12 * S) /* an end that early has no scene */
#define AFTER_US (16 * S) /* no scene lasts longer after its end */
#define TRIES 2000
#define ASKED 2 /* hops, of each scene */
#define CROWD_LEAST 1500 /* floors: more than one call takes, and not so many that a world grows slow */
#define CROWD_MOST 2300
#define REFILLS 4 /* of a crowd */

/* A scene being made. */
struct scene {
    struct sim_plan *plan;
    struct sim_dice *dice;
    const struct sim_action *actions; /* of all that is planned so far: what scenes add is not looked at */
    size_t count;
    struct sim_action end; /* what it is about */
    const struct sim_action *mint; /* a token that it ends */
};

static int64_t between(struct scene *scene, int64_t least, int64_t most)
{
    return sim_dice_between(scene->dice, least, most);
}

static void add(struct scene *scene, struct sim_action action)
{
    sim_plan_add(scene->plan, &action);
}

static void ask(struct scene *scene, int64_t from_us, int64_t to_us)
{
    const struct sim_size *size = &scene->plan->size;
    const bool user = scene->end.act == SIM_USER_REVOKE;
    for (int i = 0; i < ASKED; i++) {
        add(scene, (struct sim_action){.act = SIM_ASK,
                                       .at_us = from_us,
                                       .process = size->coordinators + (int32_t)between(scene, 0, size->hops - 1),
                                       .session = user ? 0 : scene->end.session,
                                       .user = user ? scene->end.user : 0,
                                       .value = to_us - from_us,
                                       .count = (int32_t)between(scene, 20 * MS, 90 * MS)});
    }
}

static void slow(struct scene *scene, int64_t at_us, int64_t for_us, int64_t call_us)
{
    add(scene, (struct sim_action){.act = SIM_REDIS_SLOW, .at_us = at_us, .value = for_us, .count = (int32_t)call_us});
}

static void gone(struct scene *scene, int64_t at_us, int64_t for_us)
{
    add(scene, (struct sim_action){.act = SIM_REDIS_GONE, .at_us = at_us, .value = for_us});
}

/* It goes back to before the end, or loses all, or some. */
static void lose(struct scene *scene, int64_t at_us)
{
    struct sim_action action = {.at_us = at_us};
    switch (between(scene, 0, 3)) {
    case 0:
        action.act = SIM_REDIS_FLUSH;
        break;
    case 1:
        action.act = SIM_REDIS_EVICT;
        action.count = (int32_t)between(scene, 1, 200);
        break;
    default:
        action.act = SIM_REDIS_FAILOVER;
        action.value = between(scene, 100 * MS, at_us - scene->end.at_us + 4 * S);
    }
    add(scene, action);
}

/* What was lost is written again slowly, or at once. */
static void loses(struct scene *scene)
{
    const int64_t at_us = scene->end.at_us + between(scene, 300 * MS, 4 * S);
    const int64_t for_us = between(scene, S, 5 * S);
    if (sim_dice_chance(scene->dice, 500)) {
        slow(scene, at_us - between(scene, 0, 500 * MS), for_us, between(scene, 20 * MS, 700 * MS));
    }
    lose(scene, at_us);
    ask(scene, at_us - 100 * MS, at_us + for_us + 2 * S);
}

/* Hops cannot reach it across the end; when they do, it is not as they left it. */
static void out_of_reach(struct scene *scene)
{
    const int64_t from_us = scene->end.at_us - between(scene, -200 * MS, S);
    const int64_t for_us = between(scene, 500 * MS, 7 * S);
    gone(scene, from_us, for_us);
    if (sim_dice_chance(scene->dice, 600)) {
        lose(scene, scene->end.at_us + for_us / 2);
    }
    if (sim_dice_chance(scene->dice, 300)) {
        add(scene, (struct sim_action){.act = SIM_CRASH,
                                       .at_us = from_us + between(scene, 0, for_us),
                                       .process = scene->plan->size.coordinators,
                                       .value = between(scene, 100 * MS, 3 * S)});
    }
    ask(scene, scene->end.at_us, from_us + for_us + 2 * S);
}

/* Calls take about as long as hops wait, so that many are done when nobody waits any more; and meanwhile it loses
 * something, so that what is done late finds another Redis. */
static void too_late(struct scene *scene)
{
    const int64_t from_us = scene->end.at_us - between(scene, 0, 2 * S);
    const int64_t for_us = between(scene, 3 * S, 8 * S);
    slow(scene, from_us, for_us, between(scene, 800 * MS, 2500 * MS));
    for (int64_t losses = between(scene, 1, 3); losses > 0; losses--) {
        lose(scene, scene->end.at_us + between(scene, 100 * MS, for_us));
    }
    ask(scene, scene->end.at_us, from_us + for_us + 3 * S);
}

/* It fails over, and back again to what had been before, and on. */
static void to_and_fro(struct scene *scene)
{
    int64_t at_us = scene->end.at_us + between(scene, 100 * MS, S);
    for (int64_t times = between(scene, 2, 5); times > 0; times--) {
        add(scene,
            (struct sim_action){.act = SIM_REDIS_FAILOVER, .at_us = at_us, .value = between(scene, 100 * MS, 5 * S)});
        at_us += between(scene, 50 * MS, 1500 * MS);
    }
    ask(scene, scene->end.at_us, at_us + S);
}

typedef void staging(struct scene *scene);
static staging *const stagings[] = {loses, loses, out_of_reach, too_late, to_and_fro};
#define STAGINGS (sizeof stagings / sizeof stagings[0])

/* A token that the action ends, of those minted not long ago; NULL: none. */
static const struct sim_action *victim(const struct scene *scene, const struct sim_action *end)
{
    for (size_t i = 0; i < scene->count; i++) {
        const struct sim_action *mint = &scene->actions[i];
        const bool of_it = mint->session == end->session && (end->act == SIM_SESSION_END || mint->task == end->task);
        if ((mint->act == SIM_MINT || mint->act == SIM_FAN_OUT) && of_it && mint->at_us < end->at_us - S &&
            mint->at_us + mint->life_s * S > end->at_us + 8 * S && mint->value == 0) {
            return mint;
        }
    }
    return NULL;
}

static bool pick_end(struct scene *scene)
{
    const int64_t last_us = scene->plan->size.calm_us - AFTER_US;
    for (int tries = 0; tries < TRIES; tries++) {
        const struct sim_action *end = &scene->actions[sim_dice_roll(scene->dice, scene->count)];
        const bool ends = end->act == SIM_SESSION_END || end->act == SIM_TASK_END || end->act == SIM_ATTEMPT_END;
        const bool fits = ends && end->at_us > BEFORE_US && end->at_us < last_us;
        const struct sim_action *mint = fits ? victim(scene, end) : NULL;
        if (mint != NULL) {
            scene->end = *end;
            scene->mint = mint;
            return true;
        }
    }
    return false;
}

/* Numbers of tokens that nobody mints, from the first on; 0: there are not so many. */
static int32_t unminted(const struct scene *scene, int32_t count)
{
    int32_t first = 1;
    for (size_t i = 0; i < scene->count; i++) {
        const struct sim_action *action = &scene->actions[i];
        const int32_t after = action->token + (action->count > 0 ? action->count : 1);
        first = action->token != 0 && after > first ? after : first;
    }
    return first + count < SIM_TOKENS_MAX ? first : 0;
}

/* All is lost, and one hop has to write it again alone, slowly. Whoever is over may be asked about. */
static void refilled_alone(struct scene *scene, int64_t at_us)
{
    const struct sim_size *size = &scene->plan->size;
    const int32_t alone = (int32_t)between(scene, 0, size->hops - 1);
    const int64_t for_us = between(scene, 2 * S, 3 * S);
    for (int32_t i = 0; i < size->hops; i++) {
        if (i != alone) {
            add(scene,
                (struct sim_action){
                    .act = SIM_SUSPEND, .at_us = at_us - 20 * MS, .process = size->coordinators + i, .value = for_us});
        }
    }
    slow(scene, at_us - 100 * MS, for_us, between(scene, 150 * MS, 500 * MS));
    add(scene, (struct sim_action){.act = SIM_REDIS_FLUSH, .at_us = at_us});
    add(scene, (struct sim_action){.act = SIM_ASK,
                                   .at_us = at_us,
                                   .process = size->coordinators + alone,
                                   .value = for_us,
                                   .count = (int32_t)between(scene, 20 * MS, 60 * MS)});
}

/* So many tokens of the session are revoked before its end, that a hop cannot write all it knows in one call; and then
 * it must, some times over. */
static void crowd(struct scene *scene)
{
    const int32_t count = (int32_t)between(scene, CROWD_LEAST, CROWD_MOST);
    const int32_t first = unminted(scene, count);
    const int64_t last_us = scene->plan->size.calm_us - 5 * S;
    int64_t at_us = scene->end.at_us + between(scene, 2 * S, 4 * S);
    if (first == 0) {
        return;
    }
    add(scene, (struct sim_action){.act = SIM_TOKEN_REVOKE,
                                   .at_us = scene->end.at_us - between(scene, 2 * S, 6 * S),
                                   .actor = scene->mint->actor,
                                   .session = scene->end.session,
                                   .token = first,
                                   .count = count});
    for (int i = 0; i < REFILLS && at_us < last_us; i++) {
        refilled_alone(scene, at_us);
        at_us += between(scene, 5 * S, 8 * S);
    }
}

void sim_plan_scenes_store(struct sim_plan *plan, struct sim_dice *dice)
{
    bool faults = false;
    for (size_t i = 0; i < plan->count; i++) {
        faults = faults || sim_act_is_fault(plan->actions[i].act);
    }
    if (!faults) {
        return; /* a world in which nothing breaks must work too */
    }
    struct sim_plan before = sim_plan_copy(plan);
    struct scene scene = {.plan = plan, .dice = dice, .actions = before.actions, .count = before.count};
    for (int64_t scenes = sim_dice_between(dice, 1, SCENES_MOST); scenes > 0; scenes--) {
        if (pick_end(&scene)) {
            stagings[sim_dice_roll(dice, STAGINGS)](&scene);
        }
    }
    if (sim_dice_chance(dice, CROWDED_PERMILLE) && pick_end(&scene)) {
        crowd(&scene);
    }
    sim_plan_free(&before);
}
