/* actor_event: actions into events and claims. */
#include "tests/sim/actor_event.h"

#include <stdlib.h>

static struct curfew_slice session_of(const struct sim_world *world, const struct sim_action *action,
                                      struct sim_words *words)
{
    const int32_t known = world->sessions[action->session].lane;
    sim_session_name(world->plan->size.seed, action->session, known == 0 ? 1 : known, words->session);
    return curfew_slice_of(words->session);
}

static struct curfew_slice task_of(int32_t task, char name[SIM_NAME_SIZE])
{
    name[0] = '\0';
    if (task != 0) {
        sim_task_name(task, name);
    }
    return curfew_slice_of(name);
}

static void session_started(struct sim_world *world, const struct sim_action *action, struct sim_words *words,
                            struct curfew_session_started *event)
{
    for (int32_t i = 0; i < world->plan->size.actors; i++) {
        words->orchestrators[i] = curfew_slice_of(sim_actor_name(i + 1)); /* they take each other's work over */
    }
    event->orchestrators = (struct curfew_list){words->orchestrators, (size_t)world->plan->size.actors};
    struct sim_session_facts *facts = &world->sessions[action->session];
    if (facts->lane == 0) {
        *facts = (struct sim_session_facts){action->lane, action->user, words->now_us - action->value,
                                            words->now_us + action->life_s * CURFEW_US_PER_S};
    }
    sim_user_name(facts->user, words->user);
    sim_holder_name(action->holder, words->holder);
    event->session = session_of(world, action, words);
    event->tenant = curfew_slice_of(SIM_TENANT);
    event->issuer = curfew_slice_of(SIM_ISSUER);
    event->user = curfew_slice_of(words->user);
    event->auth_us = facts->auth_us;
    event->deadline_us = facts->deadline_us;
    event->holder = curfew_slice_of(words->holder);
}

static void task_started(struct sim_world *world, const struct sim_action *action, struct sim_words *words,
                         struct curfew_task_started *event)
{
    sim_holder_name(action->holder, words->holder);
    event->session = session_of(world, action, words);
    event->task = task_of(action->task, words->task);
    event->attempt = action->attempt;
    event->parent = task_of(action->parent, words->parent);
    event->parent_attempt = action->parent_attempt;
    event->holder = curfew_slice_of(words->holder);
}

static void settings(const struct sim_world *world, const struct sim_action *action,
                     struct curfew_settings_changed *event)
{
    event->settings = sim_world_settings(world);
    event->settings.lease_ms = (int32_t)action->value;
    event->settings.token_life_ms = action->count;
}

static void user_revoked(const struct sim_action *action, struct sim_words *words, struct curfew_subject_revoked *event)
{
    sim_user_name(action->user, words->user);
    event->said_us += action->value;
    event->kind = CURFEW_KIND_USER;
    event->tenant = curfew_slice_of(SIM_TENANT);
    event->scope = curfew_slice_of(SIM_ISSUER);
    event->id = curfew_slice_of(words->user);
}

static void agent_revoked(const struct sim_action *action, struct sim_words *words,
                          struct curfew_subject_revoked *event)
{
    sim_agent_name(action->agent, words->agent);
    event->kind = CURFEW_KIND_AGENT;
    event->tenant = curfew_slice_of(SIM_TENANT);
    event->scope = curfew_slice_of(SIM_TENANT); /* the trust domain of their names */
    event->id = curfew_slice_of(words->agent);
}

void sim_actor_event(struct sim_world *world, const struct sim_action *action, struct sim_words *words,
                     struct curfew_event *event)
{
    static const enum curfew_event_type types[SIM_ACT_COUNT] = {
        [SIM_SESSION_START] = CURFEW_EVENT_SESSION_STARTED, [SIM_SESSION_END] = CURFEW_EVENT_SESSION_ENDED,
        [SIM_TASK_START] = CURFEW_EVENT_TASK_STARTED,       [SIM_ATTEMPT_END] = CURFEW_EVENT_ATTEMPT_ENDED,
        [SIM_TASK_END] = CURFEW_EVENT_TASK_ENDED,           [SIM_TOKEN_REVOKE] = CURFEW_EVENT_TOKEN_REVOKED,
        [SIM_USER_REVOKE] = CURFEW_EVENT_SUBJECT_REVOKED,   [SIM_SETTINGS] = CURFEW_EVENT_SETTINGS,
        [SIM_AGENT_REVOKE] = CURFEW_EVENT_SUBJECT_REVOKED,  [SIM_TENANT_PROPOSE] = CURFEW_EVENT_SUBJECT_REVOKED,
    };
    *event = (struct curfew_event){.type = types[action->act]};
    event->as.session_ended.writer =
        curfew_slice_of(sim_actor_name(action->actor)); /* writer and said_us lead every event here */
    event->as.session_ended.said_us = words->now_us;
    switch (action->act) {
    case SIM_SESSION_START:
        session_started(world, action, words, &event->as.session_started);
        break;
    case SIM_SESSION_END:
        event->as.session_ended.session = session_of(world, action, words);
        break;
    case SIM_TASK_START:
        task_started(world, action, words, &event->as.task_started);
        break;
    case SIM_ATTEMPT_END:
        event->as.attempt_ended.session = session_of(world, action, words);
        event->as.attempt_ended.task = task_of(action->task, words->task);
        event->as.attempt_ended.attempt = action->attempt;
        break;
    case SIM_TASK_END:
        event->as.task_ended.session = session_of(world, action, words);
        event->as.task_ended.task = task_of(action->task, words->task);
        event->as.task_ended.attempt = action->attempt;
        break;
    case SIM_TOKEN_REVOKE:
        sim_token_name(action->token, words->token);
        event->as.token_revoked.session = session_of(world, action, words);
        event->as.token_revoked.issuer = curfew_slice_of(SIM_ISSUER);
        event->as.token_revoked.jti = curfew_slice_of(words->token);
        break;
    case SIM_USER_REVOKE:
        user_revoked(action, words, &event->as.subject_revoked);
        break;
    case SIM_AGENT_REVOKE:
        agent_revoked(action, words, &event->as.subject_revoked);
        break;
    case SIM_TENANT_PROPOSE:
        event->as.subject_revoked.kind = CURFEW_KIND_TENANT;
        event->as.subject_revoked.tenant = event->as.subject_revoked.id = curfew_slice_of(SIM_TENANT);
        break;
    case SIM_SETTINGS:
        settings(world, action, &event->as.settings);
        break;
    default:
        abort(); /* not said as one event */
    }
}

/* The start of that attempt; of any attempt when nobody said that one. */
static const struct sim_action *start_of(const struct sim_world *world, int32_t session, int32_t task, int32_t attempt)
{
    const struct sim_action *any = NULL;
    for (size_t i = 0; i < world->plan->count; i++) {
        const struct sim_action *action = &world->plan->actions[i];
        if (action->act == SIM_TASK_START && action->session == session && action->task == task) {
            if (action->attempt == attempt) {
                return action;
            }
            any = action;
        }
    }
    return any;
}

/* From the task up to the root, then turned around. */
static bool make_path(const struct sim_world *world, const struct sim_action *action, struct sim_words *words,
                      struct curfew_list *path)
{
    int32_t task = action->task;
    int32_t attempt = action->attempt;
    size_t count = 0;
    struct curfew_path_step up[CURFEW_PATH_MAX];
    for (; task != 0; count++) {
        const struct sim_action *start = start_of(world, action->session, task, attempt);
        if (start == NULL || count == CURFEW_PATH_MAX) {
            return false;
        }
        up[count] = (struct curfew_path_step){curfew_slice_of(SIM_TENANT), task_of(task, words->path[count]), attempt};
        task = start->parent;
        attempt = start->parent_attempt;
    }
    for (size_t i = 0; i < count; i++) {
        words->steps[i] = up[count - 1 - i];
    }
    *path = (struct curfew_list){words->steps, count};
    return true;
}

bool sim_actor_claims(const struct sim_world *world, const struct sim_action *action, int32_t number,
                      struct sim_words *words, struct curfew_claims *claims)
{
    const struct sim_session_facts *facts = &world->sessions[action->session];
    if (facts->lane == 0) {
        return false;
    }
    sim_user_name(facts->user, words->user);
    sim_token_name(number, words->token);
    sim_agent_name(action->agent == 0 ? action->actor : action->agent, words->agent);
    words->agents[0] = curfew_slice_of(words->agent);
    const int64_t issued_us = (words->now_us + action->value) / CURFEW_US_PER_S * CURFEW_US_PER_S;
    *claims = (struct curfew_claims){
        .session = session_of(world, action, words),
        .tenant = curfew_slice_of(SIM_TENANT),
        .issuer = curfew_slice_of(SIM_ISSUER),
        .user = curfew_slice_of(words->user),
        .jti = curfew_slice_of(words->token),
        .auth_us = facts->auth_us,
        .issued_us = issued_us,
        .expires_us = issued_us + action->life_s * CURFEW_US_PER_S,
        .agents = {words->agents, 1},
    };
    const int64_t last_us = facts->deadline_us / CURFEW_US_PER_S * CURFEW_US_PER_S;
    if (claims->expires_us > last_us && action->value == 0 && last_us > issued_us) {
        claims->expires_us = last_us; /* an issuer that looks; one with a wrong clock does not get it right */
    }
    return make_path(world, action, words, &claims->path);
}
