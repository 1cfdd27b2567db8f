/* plan_work_rare: work that plan_work's luck would seldom make, each kind in a session of its own: pipelines as deep as
 * a token can say and one step deeper, children announced before their parents, batch jobs that outlive their user, old
 * work resumed under its old names when nobody remembers it, issuers whose clock is off by about the skew, settings
 * that change what a token may live. */
#include "core/clock.h"
#include "tests/sim/plan_play.h"
#include <curfew/event.h>

#define MS CURFEW_US_PER_MS
#define S CURFEW_US_PER_S
#define EARLIEST_US (S / 2)
#define LATEST_US (12 * S) /* before the end: work is over by then */
#define SKEW_US (250 * MS)
#define ROUNDS_MOST 20

static int64_t between(const struct sim_play *play, int64_t least, int64_t most)
{
    return sim_dice_between(play->dice, least, most);
}

/* When something that lasts so long may begin. False: the world is too short for it. */
static bool find_time(const struct sim_play *play, int64_t lasts_us, int64_t *at_us)
{
    const int64_t last_us = play->plan->size.end_us - LATEST_US - lasts_us;
    if (last_us < EARLIEST_US) {
        return false;
    }
    *at_us = between(play, EARLIEST_US, last_us);
    return true;
}

/* Each task under the one before; the last is deeper than a token can say. Then one of them ends, with all below it. */
static void deep_pipeline(struct sim_play *play)
{
    int64_t at_us = 0;
    const int32_t depth = CURFEW_PATH_MAX + 1;
    if (!find_time(play, (depth + 4) * SIM_PLAY_STEP_US + 4 * S, &at_us) || !sim_play_begin(play, at_us, 60, 0)) {
        return;
    }
    for (int32_t task = 1; task <= depth; task++) {
        sim_play_task(
            play, at_us += SIM_PLAY_STEP_US,
            (struct sim_action){.task = task, .attempt = 1, .parent = task - 1, .parent_attempt = task == 1 ? 0 : 1});
        if (task >= depth - 2) {
            sim_play_mint(play, at_us + SIM_PLAY_STEP_US, task, 1);
        }
    }
    const int64_t end_us = at_us + 2 * SIM_PLAY_STEP_US;
    sim_play_end(play, end_us, (int32_t)between(play, 1, CURFEW_PATH_MAX));
    sim_play_mint(play, end_us + between(play, -20 * MS, 20 * MS), CURFEW_PATH_MAX, 1);
    sim_play_ask(play, sim_play_any_hop(play), end_us, end_us + 3 * S);
}

/* A child is announced, and its parent only then. */
static void upside_down(struct sim_play *play)
{
    int64_t at_us = 0;
    if (!find_time(play, 8 * S, &at_us) || !sim_play_begin(play, at_us, 60, 0)) {
        return;
    }
    const int64_t child_us = at_us + SIM_PLAY_STEP_US;
    const int64_t parent_us = child_us + between(play, MS, 2 * S);
    sim_play_task(play, child_us, (struct sim_action){.task = 2, .attempt = 1, .parent = 1, .parent_attempt = 1});
    sim_play_task(play, parent_us, (struct sim_action){.task = 1, .attempt = 1});
    sim_play_mint(play, parent_us + 3 * S, 2, 1);
    sim_play_end(play, parent_us + 4 * S, 1);
}

/* A user is revoked while a job of theirs runs, which goes on as if nothing had happened, with new tasks, new attempts
 * and new tokens. */
static void job_outlives_user(struct sim_play *play)
{
    int64_t at_us = 0;
    const int64_t rounds = between(play, 6, ROUNDS_MOST);
    if (!find_time(play, (rounds + 3) * S, &at_us) || !sim_play_begin(play, at_us, 120, 0)) {
        return;
    }
    const int64_t begun_us = at_us + SIM_PLAY_STEP_US;
    const int64_t revoked_us = begun_us + between(play, S, rounds * S / 2);
    sim_play_task(play, begun_us, (struct sim_action){.task = 1, .attempt = 1});
    sim_plan_add(
        play->plan,
        &(struct sim_action){.act = SIM_USER_REVOKE, .at_us = revoked_us, .actor = play->actor, .user = play->user});
    for (int32_t round = 1; round <= rounds; round++) {
        const int64_t round_us = begun_us + round * S;
        sim_play_mint(play, round_us, 1, 1);
        sim_play_task(play, round_us,
                      (struct sim_action){.task = 2, .attempt = round, .parent = 1, .parent_attempt = 1});
        sim_play_mint(play, round_us + SIM_PLAY_STEP_US, 2, round);
    }
    sim_play_ask(play, sim_play_any_hop(play), revoked_us, begun_us + (rounds + 1) * S);
}

/* A session ends, or runs out. When its tombstone is gone somebody comes back to it: the same session, the same task,
 * an old token. */
static void old_work_resumed(struct sim_play *play)
{
    int64_t at_us = 0;
    const int32_t life_s = (int32_t)between(play, 5, 15);
    const int64_t forgotten_us = life_s * S + play->plan->size.token_life_ms * MS + 2 * S;
    if (!find_time(play, forgotten_us + 6 * S, &at_us) || !sim_play_begin(play, at_us, life_s, 0)) {
        return;
    }
    const struct sim_action start = play->plan->actions[play->plan->count - 1];
    const struct sim_action task = {.task = 1, .attempt = 1};
    sim_play_task(play, at_us + SIM_PLAY_STEP_US, task);
    sim_play_mint(play, at_us + 2 * SIM_PLAY_STEP_US, 1, 1);
    if (sim_dice_chance(play->dice, 500)) {
        sim_play_end(play, at_us + between(play, 3, 4) * S, (int32_t)between(play, 0, 1));
    }
    struct sim_action again = start;
    again.at_us = at_us + forgotten_us + between(play, 0, 2 * S);
    sim_plan_add(play->plan, &again);
    sim_play_task(play, again.at_us + SIM_PLAY_STEP_US, task);
    sim_play_mint(play, again.at_us + 2 * SIM_PLAY_STEP_US, 1, 1);
    sim_play_ask(play, sim_play_any_hop(play), again.at_us, again.at_us + 3 * S);
}

/* Mints by a clock that is off by about the skew: some within it, some not. Then the task ends. */
static void issuer_off_by_skew(struct sim_play *play)
{
    int64_t at_us = 0;
    if (!find_time(play, 12 * S, &at_us) || !sim_play_begin(play, at_us, 60, 0)) {
        return;
    }
    sim_play_task(play, at_us += SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 1});
    for (int i = 0; i < 6; i++) {
        sim_play_mint(play, at_us += SIM_PLAY_STEP_US, 1, 1);
        play->plan->actions[play->plan->count - 1].value = between(play, -6 * SKEW_US, 6 * SKEW_US);
    }
    sim_play_end(play, at_us + SIM_PLAY_STEP_US, 1);
    sim_play_ask(play, sim_play_any_hop(play), at_us, at_us + 4 * S);
}

/* Tokens may live shorter from now on, or longer; some time after, as before. */
static void token_life_changes(struct sim_play *play)
{
    int64_t at_us = 0;
    const struct sim_size *size = &play->plan->size;
    if (!find_time(play, 30 * S, &at_us)) {
        return;
    }
    struct sim_action action = {
        .act = SIM_SETTINGS,
        .at_us = at_us,
        .actor = (int32_t)between(play, 1, size->actors),
        .value = size->lease_ms,
        .count = (int32_t)between(play, size->token_life_ms / 2, 2 * size->token_life_ms),
    };
    sim_plan_add(play->plan, &action);
    action.at_us += between(play, 5 * S, 30 * S);
    action.count = size->token_life_ms;
    sim_plan_add(play->plan, &action);
}

static const struct {
    void (*play)(struct sim_play *play);
    int permille; /* of worlds */
} kinds[] = {
    {deep_pipeline, 250},    {upside_down, 250},        {job_outlives_user, 300},
    {old_work_resumed, 400}, {issuer_off_by_skew, 300}, {token_life_changes, 150},
};

void sim_plan_work_rare(struct sim_plan *plan, struct sim_dice *dice)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sim_dice_chance(dice, kinds[i].permille)) {
            struct sim_play play = {.plan = plan, .dice = dice};
            kinds[i].play(&play);
        }
    }
}
