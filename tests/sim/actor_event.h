/* actor_event: what an action of work says, as an event. */
#ifndef CURFEW_TESTS_SIM_ACTOR_EVENT_H
#define CURFEW_TESTS_SIM_ACTOR_EVENT_H

#include "tests/sim/names.h"
#include "tests/sim/world.h"
#include <curfew/event.h>

/* Memory for the names an event points to, and when it is said. */
struct sim_words {
    int64_t now_us; /* the actor's wall clock: of what is said, and of a mint */
    char session[SIM_NAME_SIZE], task[SIM_NAME_SIZE], parent[SIM_NAME_SIZE], holder[SIM_NAME_SIZE], user[SIM_NAME_SIZE],
        token[SIM_NAME_SIZE], agent[SIM_NAME_SIZE];
    char path[CURFEW_PATH_MAX][SIM_NAME_SIZE];
    struct curfew_path_step steps[CURFEW_PATH_MAX];
    struct curfew_slice agents[1];
    struct curfew_slice orchestrators[SIM_ACTORS_MAX];
};

/* A session's start is put down in the world's facts. */
void sim_actor_event(struct sim_world *world, const struct sim_action *action, struct sim_words *words,
                     struct curfew_event *event);
/* The claims of a mint of token `number`. False: nobody has said what it hangs on. */
bool sim_actor_claims(const struct sim_world *world, const struct sim_action *action, int32_t number,
                      struct sim_words *words, struct curfew_claims *claims);

#endif
