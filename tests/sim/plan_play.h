/* plan_play: a session of a scene's own, with numbers that nothing else in the plan uses, and the few things that are
 * said in it. Its user is the plan's: revoking it ends the user's other sessions too. Times are since the beginning. */
#ifndef CURFEW_TESTS_SIM_PLAN_PLAY_H
#define CURFEW_TESTS_SIM_PLAN_PLAY_H

#include "tests/sim/plan.h"

#define SIM_PLAY_STEP_US INT64_C(700000) /* after which what was said is accepted, unless something is wrong */

struct sim_play {
    struct sim_plan *plan;
    struct sim_dice *dice;
    int32_t session, actor, lane, user;
    int32_t tokens; /* numbers up to here are taken, in the whole plan */
};

/* Starts the session, held by `holder` (an actor; 0: by nobody). False: the plan has no number left for one. */
bool sim_play_begin(struct sim_play *play, int64_t at_us, int32_t life_s, int32_t holder);
/* `action` says task, attempt, parent and holder. */
void sim_play_task(const struct sim_play *play, int64_t at_us, struct sim_action action);
/* A token of the longest life. */
void sim_play_mint(struct sim_play *play, int64_t at_us, int32_t task, int32_t attempt);
/* Of a task; task 0: of the session. */
void sim_play_end(const struct sim_play *play, int64_t at_us, int32_t task);
/* One hop is asked about the session, up to calm; not in a world in which nothing breaks. */
void sim_play_ask(const struct sim_play *play, int32_t hop, int64_t from_us, int64_t to_us);
/* The process number of a hop, by luck. */
int32_t sim_play_any_hop(const struct sim_play *play);

#endif
