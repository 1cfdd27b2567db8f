/* plan_work_standing: agents that are revoked while they work, each in a session of a play's own; and a revocation of
 * the whole tenant that one operator says and no other, which must end nothing. */
#include "core/clock.h"
#include "tests/sim/plan_play.h"

#define MS CURFEW_US_PER_MS
#define S CURFEW_US_PER_S
#define EARLIEST_US (S / 2)
#define LATEST_US (12 * S) /* before the end: work is over by then */
#define ROUNDS_MOST 12
#define REVOKED_PERMILLE 400 /* of worlds */
#define PROPOSED_PERMILLE 200

static int64_t between(const struct sim_play *play, int64_t least, int64_t most)
{
    return sim_dice_between(play->dice, least, most);
}

static void mint(struct sim_play *play, int64_t at_us, int32_t agent)
{
    const size_t count = play->plan->count;
    sim_play_mint(play, at_us, 1, 1);
    if (play->plan->count > count) {
        play->plan->actions[count].agent = agent;
    }
}

/* Two agents work in one session. One of them is revoked, and goes on minting, as the other does; then in a session
 * that began after it. */
static void revoke_agent(struct sim_play *play)
{
    const int64_t last_us = play->plan->size.end_us - LATEST_US - (ROUNDS_MOST + 6) * S;
    if (last_us < EARLIEST_US) {
        return;
    }
    const int64_t at_us = between(play, EARLIEST_US, last_us);
    const int32_t agent = (int32_t)between(play, SIM_ACTORS_MAX + 1, SIM_AGENTS_MAX);
    const int64_t rounds = between(play, 4, ROUNDS_MOST);
    if (!sim_play_begin(play, at_us, 120, 0)) {
        return;
    }
    const int64_t begun_us = at_us + SIM_PLAY_STEP_US;
    const int64_t revoked_us = begun_us + between(play, S, rounds * S / 2);
    sim_play_task(play, begun_us, (struct sim_action){.task = 1, .attempt = 1});
    sim_plan_add(play->plan, &(struct sim_action){
                                 .act = SIM_AGENT_REVOKE, .at_us = revoked_us, .actor = play->actor, .agent = agent});
    for (int64_t round = 1; round <= rounds; round++) {
        mint(play, begun_us + round * S, agent);
        mint(play, begun_us + round * S + between(play, 0, 200 * MS), 0);
    }
    mint(play, revoked_us + between(play, -20 * MS, 200 * MS), agent);
    sim_play_ask(play, sim_play_any_hop(play), revoked_us, begun_us + (rounds + 1) * S);
    const int64_t again_us = begun_us + (rounds + 2) * S;
    if (sim_play_begin(play, again_us, 60, 0)) {
        sim_play_task(play, again_us + SIM_PLAY_STEP_US, (struct sim_action){.task = 1, .attempt = 1});
        mint(play, again_us + 2 * SIM_PLAY_STEP_US, agent);
    }
}

/* By the first actor alone, in every world: whoever else said it would be a second. */
static void propose_tenant(struct sim_play *play)
{
    sim_plan_add(play->plan,
                 &(struct sim_action){.act = SIM_TENANT_PROPOSE,
                                      .at_us = between(play, EARLIEST_US, play->plan->size.end_us - LATEST_US),
                                      .actor = 1});
}

void sim_plan_work_standing(struct sim_plan *plan, struct sim_dice *dice)
{
    struct sim_play play = {.plan = plan, .dice = dice};
    if (sim_dice_chance(dice, REVOKED_PERMILLE)) {
        revoke_agent(&play);
    }
    if (sim_dice_chance(dice, PROPOSED_PERMILLE)) {
        propose_tenant(&play);
    }
}
