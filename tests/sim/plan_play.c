/* plan_play: what is said in a session of a scene's own. */
#include "tests/sim/plan_play.h"

#include "core/clock.h"

#define ASK_LEAST_US (20 * CURFEW_US_PER_MS)
#define ASKS_MOST 150 /* in one asking */

static void add(const struct sim_play *play, int64_t at_us, struct sim_action action)
{
    action.at_us = at_us;
    sim_plan_add(play->plan, &action);
}

/* A number for a session, and where the tokens' numbers go on. False: none is left. */
static bool take_numbers(struct sim_play *play)
{
    int32_t sessions = 0;
    play->tokens = 0;
    for (size_t i = 0; i < play->plan->count; i++) {
        const struct sim_action *action = &play->plan->actions[i];
        const int32_t last = action->token + (action->act == SIM_FAN_OUT ? action->count - 1 : 0);
        const bool start = action->act == SIM_SESSION_START && action->session > sessions;
        sessions = start ? action->session : sessions;
        play->tokens = last > play->tokens ? last : play->tokens;
    }
    play->session = sessions + 1;
    return play->session < SIM_SESSIONS_MAX; /* the last is the one that nobody starts */
}

bool sim_play_begin(struct sim_play *play, int64_t at_us, int32_t life_s, int32_t holder)
{
    const struct sim_size *size = &play->plan->size;
    if (!take_numbers(play)) {
        return false;
    }
    const int32_t longest_s = (int32_t)(size->session_life_ms / 1000) - 5;
    play->actor = (int32_t)sim_dice_between(play->dice, 1, size->actors);
    play->lane = (int32_t)sim_dice_between(play->dice, 1, size->lanes - 1);
    play->user = (int32_t)sim_dice_between(play->dice, 1, SIM_USERS_MAX);
    add(play, at_us,
        (struct sim_action){.act = SIM_SESSION_START,
                            .actor = play->actor,
                            .session = play->session,
                            .lane = play->lane,
                            .user = play->user,
                            .holder = holder,
                            .life_s = life_s < longest_s ? life_s : longest_s});
    return true;
}

void sim_play_task(const struct sim_play *play, int64_t at_us, struct sim_action action)
{
    action.act = SIM_TASK_START;
    action.actor = play->actor;
    action.session = play->session;
    add(play, at_us, action);
}

void sim_play_mint(struct sim_play *play, int64_t at_us, int32_t task, int32_t attempt)
{
    if (play->tokens + 1 < SIM_TOKENS_MAX) {
        add(play, at_us,
            (struct sim_action){.act = SIM_MINT,
                                .actor = play->actor,
                                .token = ++play->tokens,
                                .session = play->session,
                                .task = task,
                                .attempt = attempt,
                                .life_s = play->plan->size.token_life_ms / 1000});
    }
}

void sim_play_end(const struct sim_play *play, int64_t at_us, int32_t task)
{
    add(play, at_us,
        (struct sim_action){.act = task == 0 ? SIM_SESSION_END : SIM_TASK_END,
                            .actor = play->actor,
                            .session = play->session,
                            .task = task});
}

void sim_play_ask(const struct sim_play *play, int32_t hop, int64_t from_us, int64_t to_us)
{
    const int64_t last_us = play->plan->size.calm_us - 1;
    const int64_t for_us = (to_us < last_us ? to_us : last_us) - from_us;
    const int64_t every_us = for_us / ASKS_MOST;
    bool faults = false;
    for (size_t i = 0; i < play->plan->count && !faults; i++) {
        faults = sim_act_is_fault(play->plan->actions[i].act);
    }
    if (!faults || for_us <= 0) {
        return;
    }
    add(play, from_us,
        (struct sim_action){.act = SIM_ASK,
                            .process = hop,
                            .session = play->session,
                            .value = for_us,
                            .count = (int32_t)(every_us < ASK_LEAST_US ? ASK_LEAST_US : every_us)});
}

int32_t sim_play_any_hop(const struct sim_play *play)
{
    const struct sim_size *size = &play->plan->size;
    return size->coordinators + (int32_t)sim_dice_roll(play->dice, (uint64_t)size->hops);
}
