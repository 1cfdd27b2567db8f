/* names: numbers and what they are called. */
#include "tests/sim/names.h"
#include "tests/sim/plan.h"

#include "core/base64url.h"
#include "tests/sim/dice.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SIZE 16 /* bytes behind the lane in a session id */

void sim_session_name(uint64_t seed, int32_t session, int32_t lane, char name[SIM_NAME_SIZE])
{
    char what[32];
    uint8_t random[RANDOM_SIZE];
    char text[32];
    (void)snprintf(what, sizeof what, "session-%d", session);
    struct sim_dice dice = sim_dice_of(seed, what);
    sim_dice_fill(&dice, random, sizeof random);
    memcpy(random, &(uint16_t){(uint16_t)session}, sizeof(uint16_t)); /* read back by sim_session_number */
    curfew_base64url_encode((struct curfew_slice){random, sizeof random}, text);
    (void)snprintf(name, SIM_NAME_SIZE, "%d.%s", lane, text);
}

static void number_name(const char *form, int32_t number, char name[SIM_NAME_SIZE])
{
    (void)snprintf(name, SIM_NAME_SIZE, "%s%d", form, number);
}

void sim_task_name(int32_t task, char name[SIM_NAME_SIZE])
{
    number_name("task-", task, name);
}

void sim_user_name(int32_t user, char name[SIM_NAME_SIZE])
{
    number_name("user-", user, name);
}

void sim_agent_name(int32_t agent, char name[SIM_NAME_SIZE])
{
    (void)snprintf(name, SIM_NAME_SIZE, SIM_AGENT "%d", agent);
}

void sim_holder_name(int32_t holder, char name[SIM_NAME_SIZE])
{
    name[0] = '\0';
    if (holder != 0) {
        number_name("holder-", holder, name);
    }
}

void sim_token_name(int32_t token, char name[SIM_NAME_SIZE])
{
    number_name("token-", token, name);
}

int32_t sim_number_of(const char *form, struct curfew_slice name)
{
    const size_t length = strlen(form);
    int32_t number = 0;
    if (name.size <= length || name.size > length + 6 || memcmp(name.at, form, length) != 0) {
        return 0;
    }
    for (size_t i = length; i < name.size; i++) {
        if (name.at[i] < '0' || name.at[i] > '9') {
            return 0;
        }
        number = 10 * number + (name.at[i] - '0');
    }
    return number;
}

int32_t sim_session_number(struct curfew_slice name)
{
    uint8_t random[SIM_NAME_SIZE];
    size_t size = 0;
    const uint8_t *dot = memchr(name.at, '.', name.size);
    if (dot == NULL) {
        return 0;
    }
    const struct curfew_slice text = {dot + 1, name.size - (size_t)(dot + 1 - name.at)};
    uint16_t number = 0;
    if (name.size >= SIM_NAME_SIZE || !curfew_base64url_decode(text, random, &size) || size != RANDOM_SIZE) {
        return 0;
    }
    memcpy(&number, random, sizeof number);
    return number;
}

const char *sim_actor_name(int32_t actor)
{
    static const char *const names[SIM_ACTORS_MAX] = {"actor-1", "actor-2", "actor-3", "actor-4"};
    return actor >= 1 && actor <= SIM_ACTORS_MAX ? names[actor - 1] : "nobody";
}

const char *sim_coordinator_name(int32_t coordinator)
{
    static const char *const names[SIM_COORDINATORS_MAX] = {"coordinator-0", "coordinator-1", "coordinator-2"};
    return coordinator >= 0 && coordinator < SIM_COORDINATORS_MAX ? names[coordinator] : "nobody";
}
