/* plan_scenes_coordinator: scenes for coordinators. Each is a short session of its own, and the trouble that shows
 * whether a coordinator keeps to what it must there: a zombie's children, floors that do not arrive or arrive twice,
 * floors older than what the topic keeps, a holder whose clock is wrong, a log without its head. Which of them a world
 * has, when, how long and whom they strike is luck. */
#include "core/bus.h"
#include "core/clock.h"
#include "tests/sim/plan_play.h"

#define MS CURFEW_US_PER_MS
#define S CURFEW_US_PER_S
#define EARLIEST_US (2 * S)
#define MESSAGE_TIMEOUT_US (30 * S) /* after that a client gives a record up */
#define ATTEMPT_STEP 1000
#define CLOCKS_KEEP_US                                                                                                 \
    (2 * S) /* a broker's clock that is wrong by more keeps floors from being stated again in time                     \
             */
#define CRASH_COMES_US (20 * S) /* one that waits for some inputs */
#define TRIES 100
#define TASKS_IN_TURN 8
#define REPLAY_US (5 * S) /* in which a coordinator that came back has read everything */

static int64_t between(const struct sim_play *play, int64_t least, int64_t most)
{
    return sim_dice_between(play->dice, least, most);
}

static void add(const struct sim_play *play, struct sim_action action)
{
    sim_plan_add(play->plan, &action);
}

/* When a scene that lasts so long may begin. False: the world is too short for it. */
static bool find_time(const struct sim_play *play, int64_t lasts_us, int64_t *at_us)
{
    const int64_t last_us = play->plan->size.calm_us - S - lasts_us;
    if (last_us < EARLIEST_US) {
        return false;
    }
    *at_us = between(play, EARLIEST_US, last_us);
    return true;
}

struct window {
    int64_t from_us, until_us;
};

/* Whether an action can make that coordinator begin anew, or fall behind, within the window. */
static bool disturbs(const struct sim_action *action, int32_t coordinator, struct window window)
{
    int64_t until_us = action->at_us;
    switch (action->act) {
    case SIM_CRASH:
    case SIM_SUSPEND:
    case SIM_DELAY:
    case SIM_BLACKHOLE:
        if (action->process != coordinator) {
            return false;
        }
        until_us += action->value + REPLAY_US + (action->act == SIM_CRASH && action->count != 0 ? CRASH_COMES_US : 0);
        break;
    case SIM_BROKER_DOWN:
        until_us += action->value + REPLAY_US;
        break;
    case SIM_STALL:
    case SIM_LEADER_CHANGE:
    case SIM_UNCLEAN:
    case SIM_RETENTION:
        if (action->topic == CURFEW_TOPIC_ANSWERS) {
            return false; /* read by one that begins, and by nobody else */
        }
        until_us += (action->act == SIM_STALL ? action->value : 0) + REPLAY_US;
        break;
    case SIM_RECREATE:
    case SIM_CAUSES_LOST:
        until_us += REPLAY_US;
        break;
    default:
        return false;
    }
    return action->at_us < window.until_us && until_us > window.from_us;
}

/* A coordinator that nothing disturbs then; -1: there is none. */
static int32_t steady(const struct sim_play *play, struct window window)
{
    for (int32_t coordinator = 0; coordinator < play->plan->size.coordinators; coordinator++) {
        bool disturbed = false;
        for (size_t i = 0; i < play->plan->count && !disturbed; i++) {
            disturbed = disturbs(&play->plan->actions[i], coordinator, window);
        }
        if (!disturbed) {
            return coordinator;
        }
    }
    return -1;
}

/* A parent is at its next attempt. Its zombie starts a child, late; then the new attempt starts it too, at a number
 * that is too far ahead for a first one: it would not be, had the zombie's start counted. */
static void zombies_child(struct sim_play *play)
{
    int64_t at_us = 0;
    if (!find_time(play, 10 * SIM_PLAY_STEP_US, &at_us) || !sim_play_begin(play, at_us, 60, 0)) {
        return;
    }
    const bool ended = sim_dice_chance(play->dice, 300); /* by its end; there is no next attempt before the child's */
    const int32_t zombies = (int32_t)between(play, 2, ATTEMPT_STEP);
    const int32_t child = (int32_t)between(play, ATTEMPT_STEP + 1, ATTEMPT_STEP + zombies);
    sim_play_task(play, at_us += SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 1});
    if (ended) {
        add(play, (struct sim_action){.act = SIM_ATTEMPT_END,
                                      .at_us = at_us += SIM_PLAY_STEP_US,
                                      .actor = play->actor,
                                      .session = play->session,
                                      .task = 1,
                                      .attempt = 1});
    } else {
        sim_play_task(play, at_us += SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 2});
    }
    const struct sim_action late = {.task = 2, .attempt = zombies, .parent = 1, .parent_attempt = 1};
    sim_play_task(play, at_us += SIM_PLAY_STEP_US, late);
    if (ended) {
        sim_play_task(play, at_us += SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 2});
    }
    const struct sim_action ahead = {.task = 2, .attempt = child, .parent = 1, .parent_attempt = 2};
    sim_play_task(play, at_us += SIM_PLAY_STEP_US, ahead);
    sim_play_mint(play, at_us + SIM_PLAY_STEP_US, 2, child);
}

/* Revocations of a lane stand still for longer than a client tries: the floors due to an end are given up and must be
 * sent again, behind whatever was sent since. */
static void floors_given_up(struct sim_play *play)
{
    int64_t at_us = 0;
    const int64_t for_us = MESSAGE_TIMEOUT_US + between(play, 700 * MS, 5 * S);
    const int64_t lasts_us = 4 * SIM_PLAY_STEP_US + for_us;
    bool undisturbed = false;
    for (int tries = 0; !undisturbed && tries < TRIES && find_time(play, lasts_us, &at_us); tries++) {
        undisturbed = steady(play, (struct window){at_us, at_us + lasts_us}) >= 0;
    }
    if (!undisturbed || !sim_play_begin(play, at_us, 120, 0)) {
        return;
    }
    sim_play_task(play, at_us + SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 1});
    sim_play_mint(play, at_us + 2 * SIM_PLAY_STEP_US, 1, 1);
    const int64_t end_us = at_us + 3 * SIM_PLAY_STEP_US;
    sim_play_end(play, end_us, 1);
    add(play, (struct sim_action){.act = SIM_STALL,
                                  .at_us = end_us - between(play, 5 * MS, 300 * MS),
                                  .topic = CURFEW_TOPIC_REVOCATIONS,
                                  .lane = play->lane,
                                  .value = for_us});
}

/* Coordinators hear no acknowledgement, and floors stand in revocations again and again: after higher ones of the same
 * task, too. */
static void floors_twice(struct sim_play *play)
{
    int64_t at_us = 0;
    if (!find_time(play, 12 * S, &at_us) || !sim_play_begin(play, at_us, 60, 0)) {
        return;
    }
    sim_play_task(play, at_us += SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 1});
    sim_play_mint(play, at_us += SIM_PLAY_STEP_US, 1, 1);
    const int64_t retry_us = at_us += SIM_PLAY_STEP_US;
    for (int32_t i = 0; i < play->plan->size.coordinators; i++) {
        add(play, (struct sim_action){.act = SIM_LOSE_ACKS,
                                      .at_us = retry_us - between(play, 5 * MS, 100 * MS),
                                      .process = i,
                                      .value = between(play, 2 * S, 6 * S)});
    }
    sim_play_task(play, retry_us, (struct sim_action){.task = 1, .attempt = 2});
    sim_play_mint(play, retry_us + between(play, 200 * MS, 400 * MS), 1, 2);
    const int64_t end_us = retry_us + between(play, 500 * MS, 900 * MS);
    sim_play_end(play, end_us, 1);
    for (int i = 0; i < 2; i++) {
        sim_play_ask(play, sim_play_any_hop(play), end_us, end_us + 6 * S);
    }
}

/* How wrong the clocks of brokers get, at the most. */
static int64_t worst_broker_clock(const struct sim_plan *plan)
{
    int64_t worst_us = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct sim_action *action = &plan->actions[i];
        const int64_t by_us = action->act != SIM_BROKER_CLOCK ? 0 : action->value < 0 ? -action->value : action->value;
        worst_us = by_us > worst_us ? by_us : worst_us;
    }
    return worst_us;
}

/* Revocations keep what is younger than twice the age at which floors are stated again, as in production; a hop starts
 * when the first statement of a floor that still lives is gone. */
static void first_statement_gone(struct sim_play *play)
{
    int64_t at_us = 0;
    const int32_t keep_s = 2 * play->plan->size.restate_ms / 1000 + 1;
    const int64_t lasts_us = 2 * SIM_PLAY_STEP_US + (keep_s + 4) * S;
    if (worst_broker_clock(play->plan) > CLOCKS_KEEP_US || !find_time(play, lasts_us, &at_us) ||
        !sim_play_begin(play, at_us, 120, 0)) {
        return;
    }
    const int64_t revoked_us = at_us + 2 * SIM_PLAY_STEP_US;
    sim_play_mint(play, at_us + SIM_PLAY_STEP_US, 0, 0);
    add(play,
        (struct sim_action){.act = SIM_USER_REVOKE, .at_us = revoked_us, .actor = play->actor, .user = play->user});
    const int64_t gone_us = revoked_us + keep_s * S + between(play, 500 * MS, 2 * S);
    for (int32_t lane = 0; lane < play->plan->size.lanes; lane++) {
        add(play, (struct sim_action){.act = SIM_RETENTION,
                                      .at_us = gone_us,
                                      .topic = CURFEW_TOPIC_REVOCATIONS,
                                      .lane = lane,
                                      .life_s = keep_s});
    }
    add(play, (struct sim_action){.act = SIM_CRASH,
                                  .at_us = gone_us + between(play, 10 * MS, 300 * MS),
                                  .process = sim_play_any_hop(play),
                                  .value = between(play, 20 * MS, 500 * MS)});
}

/* What a holder says is dated by a clock that is wrong by more than a heartbeat may be old: its lease runs out. */
static void holder_out_of_time(struct sim_play *play)
{
    int64_t at_us = 0;
    const struct sim_size *size = &play->plan->size;
    const int64_t lease_us = size->lease_ms * MS;
    const int64_t wrong_for_us = 3 * lease_us / 2 + between(play, 2 * S, 6 * S);
    const int32_t holder = (int32_t)between(play, 1, size->actors);
    const bool session = sim_dice_chance(play->dice, 500);
    if (!find_time(play, 4 * SIM_PLAY_STEP_US + wrong_for_us, &at_us) ||
        !sim_play_begin(play, at_us, 120, session ? holder : 0)) {
        return;
    }
    sim_play_task(play, at_us += SIM_PLAY_STEP_US,
                  (struct sim_action){.task = 1, .attempt = 1, .holder = session ? 0 : holder});
    sim_play_mint(play, at_us += SIM_PLAY_STEP_US, 1, 1);
    const int64_t wrong_us = at_us + SIM_PLAY_STEP_US;
    const int64_t by_us = between(play, 6 * S, 600 * S) * (sim_dice_chance(play->dice, 700) ? -1 : 1);
    const int32_t process = size->coordinators + size->hops + holder - 1;
    add(play, (struct sim_action){.act = SIM_CLOCK, .at_us = wrong_us, .process = process, .value = by_us});
    add(play,
        (struct sim_action){.act = SIM_CLOCK, .at_us = wrong_us + wrong_for_us, .process = process, .value = -by_us});
    sim_play_ask(play, sim_play_any_hop(play), wrong_us + lease_us / 2, wrong_us + wrong_for_us);
}

/* A hop whose clock is a little slow, and what it reads comes late. */
static void slow_and_late(const struct sim_play *play, int32_t hop, int64_t from_us, int64_t until_us)
{
    const int64_t slow_us = between(play, 120 * MS, 245 * MS);
    add(play, (struct sim_action){.act = SIM_CLOCK, .at_us = from_us, .process = hop, .value = -slow_us});
    add(play, (struct sim_action){.act = SIM_CLOCK, .at_us = until_us, .process = hop, .value = slow_us});
    add(play, (struct sim_action){.act = SIM_DELAY,
                                  .at_us = from_us,
                                  .process = hop,
                                  .value = until_us - from_us,
                                  .count = (int32_t)between(play, 350 * MS, 600 * MS)});
}

/* Every broker is one skew fast, and hops are up to one slow: what they read late looks younger than it is, by not more
 * than the two together. One task after the other ends, since an end is missed only if it comes between two looks. */
static void brokers_one_skew_fast(struct sim_play *play)
{
    int64_t at_us = 0;
    if (!find_time(play, 14 * S, &at_us) || !sim_play_begin(play, at_us, 60, 0)) {
        return;
    }
    const int64_t from_us = at_us + 2 * SIM_PLAY_STEP_US;
    const int64_t until_us = from_us + 12 * S;
    const int64_t by_us = between(play, 200 * MS, 250 * MS);
    for (int32_t i = 0; i < SIM_BROKERS; i++) {
        add(play, (struct sim_action){.act = SIM_BROKER_CLOCK, .at_us = from_us, .broker = i, .value = by_us});
        add(play, (struct sim_action){.act = SIM_BROKER_CLOCK, .at_us = until_us, .broker = i});
    }
    const struct sim_size *size = &play->plan->size;
    const int32_t hop = sim_play_any_hop(play);
    const int32_t other = hop + 1 < size->coordinators + size->hops ? hop + 1 : size->coordinators;
    slow_and_late(play, hop, from_us, until_us);
    if (other != hop) {
        slow_and_late(play, other, from_us, until_us);
    }
    int64_t end_us = from_us + 3 * S;
    sim_play_ask(play, hop, end_us, until_us - S);
    sim_play_ask(play, other, end_us, until_us - S);
    for (int32_t task = 1; task <= TASKS_IN_TURN; task++) {
        sim_play_task(play, from_us, (struct sim_action){.task = task, .attempt = 1});
        sim_play_mint(play, from_us + SIM_PLAY_STEP_US, task, 1);
        sim_play_end(play, end_us += between(play, 300 * MS, S), task);
    }
}

/* Shortly before calm the head of a lifecycle log goes, and a coordinator starts cold: it must leave that lane alone.
 * Another one has read the lane whole and carries on. */
static void head_gone(struct sim_play *play)
{
    const struct sim_size *size = &play->plan->size;
    const int64_t gone_us = size->calm_us - between(play, 1500 * MS, 4 * S);
    const int64_t begun_us = gone_us - 5 * SIM_PLAY_STEP_US;
    const int32_t stays = steady(play, (struct window){gone_us, INT64_MAX});
    if (size->coordinators < 2 || stays < 0 || begun_us < EARLIEST_US || !sim_play_begin(play, begun_us, 120, 0)) {
        return;
    }
    sim_play_task(play, begun_us + SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 1});
    sim_play_mint(play, begun_us + 2 * SIM_PLAY_STEP_US, 1, 1);
    sim_play_end(play, begun_us + 3 * SIM_PLAY_STEP_US, 1);
    add(play, (struct sim_action){.act = SIM_RETENTION,
                                  .at_us = gone_us,
                                  .topic = CURFEW_TOPIC_LIFECYCLE,
                                  .lane = play->lane,
                                  .count = (int32_t)between(play, 100, 200)});
    add(play, (struct sim_action){.act = SIM_CRASH,
                                  .at_us = gone_us + between(play, 10 * MS, 150 * MS),
                                  .process = (stays + 1) % size->coordinators,
                                  .value = between(play, 20 * MS, S)});
    sim_play_ask(play, sim_play_any_hop(play), gone_us, size->calm_us);
}

static const struct {
    void (*play)(struct sim_play *play);
    int permille; /* of worlds in which something breaks */
} scenes[] = {
    {zombies_child, 400},      {floors_given_up, 800},       {floors_twice, 250}, {first_statement_gone, 500},
    {holder_out_of_time, 250}, {brokers_one_skew_fast, 450}, {head_gone, 600}, /* last: it looks at all before */
};

void sim_plan_scenes_coordinator(struct sim_plan *plan, struct sim_dice *dice)
{
    bool faults = false;
    for (size_t i = 0; i < plan->count; i++) {
        faults = faults || sim_act_is_fault(plan->actions[i].act);
    }
    for (size_t i = 0; faults && i < sizeof scenes / sizeof scenes[0]; i++) {
        if (sim_dice_chance(dice, scenes[i].permille)) {
            struct sim_play play = {.plan = plan, .dice = dice};
            scenes[i].play(&play);
        }
    }
}
