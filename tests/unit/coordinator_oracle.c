/* coordinator_oracle: random events, and what each should lead to. */
#include "coordinator_oracle.h"

#include "schemas/codec.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

static int64_t lane_now(const struct run *run)
{
    return run->world->now_us > run->good ? run->world->now_us : run->good;
}

static struct o_session *session_at(struct run *run, int number)
{
    return number >= 0 && (size_t)number < run->session_count ? &run->sessions[number] : NULL;
}

static bool open_at(struct run *run, int number)
{
    const struct o_session *session = session_at(run, number);
    return session != NULL && session->known && !session->over;
}

/* Whether everything above a task stands. */
static bool rooted(const struct o_session *session, const struct o_task *task)
{
    if (task->parent == NOBODY) {
        return true;
    }
    const struct o_task *parent = &session->tasks[task->parent];
    return run_task_runs(parent) && parent->attempt == task->parent_attempt && rooted(session, parent);
}

static bool holds(const struct run *run, int holder)
{
    bool found = false;
    for (size_t i = 0; i < run->session_count; i++) {
        const struct o_session *session = &run->sessions[i];
        bool any = session->holder == holder;
        for (int t = 0; t < TASKS; t++) {
            any = any || (run_task_runs(&session->tasks[t]) && session->tasks[t].holder == holder);
        }
        found = found || (any && session->known && !session->over);
    }
    return found;
}

static void take_hold(struct run *run, int *place, int holder)
{
    *place = NOBODY;
    if (holder != NOBODY && !holds(run, holder)) {
        run->renewed[holder] = run->lease_clock;
    }
    *place = holder;
}

static void start_session(struct run *run)
{
    static const int64_t ages[] = {0, 1, 40, 200, 500};
    const bool again = run->session_count > 0 && (run_dice(run, 3) == 0 || run->session_count == SESSIONS);
    const int number = again ? run_pick(run, (int)run->session_count) : (int)run->session_count;
    if (again && !run->sessions[number].known) {
        return; /* forgotten: its id may be used again, and never is */
    }
    const int64_t now = run->world->now_us;
    struct o_session wanted = {.known = true, .user = run_pick(run, USERS), .holder = run_pick(run, HOLDERS + 4)};
    wanted.holder = wanted.holder < HOLDERS ? wanted.holder : NOBODY;
    wanted.auth = now - ages[run_dice(run, 5)] * WORLD_S + (int64_t)run_dice(run, (uint64_t)SKEW * 5 / 4);
    wanted.deadline = wanted.auth + (int64_t)(run_dice(run, 3) == 0 ? run_dice(run, 620) : 300) * WORLD_S;
    struct o_session *known = &run->sessions[number];
    if (known->known && run_dice(run, 2) == 0) {
        wanted.auth = known->auth, wanted.deadline = known->deadline;
        wanted.user = known->user, wanted.holder = known->holder;
    }
    const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX};
    if (run_dice(run, 20) == 0) {
        *(run_dice(run, 2) == 0 ? &wanted.auth : &wanted.deadline) = extremes[run_dice(run, 4)];
    }
    bool right = wanted.auth > 0 && wanted.auth <= now + SKEW && wanted.deadline > lane_now(run);
    right = right && wanted.deadline - wanted.auth <= run->settings.session_life_ms * 1000;
    right =
        right && (known->known ? !known->over && wanted.auth == known->auth && wanted.deadline == known->deadline &&
                                     wanted.user == known->user && wanted.holder == known->holder
                               : wanted.auth >= run->on_lane.user[wanted.user] && wanted.auth >= run->on_lane.tenant);
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = run_name("1.AAAAAAAAAAAAAAAAAAA%03d", number),
                                                              .tenant = curfew_slice_of("acme"),
                                                              .issuer = curfew_slice_of("i"),
                                                              .user = run_name("user-%d", wanted.user),
                                                              .auth_us = wanted.auth,
                                                              .deadline_us = wanted.deadline,
                                                              .holder = run_name("holder-%d", wanted.holder)}};
    run_expect(run, false, &event, right);
    if (right && !known->known) {
        const int holder = wanted.holder;
        wanted.holder = NOBODY;
        *known = wanted;
        run->session_count++;
        take_hold(run, &known->holder, holder);
    }
}

static int some_session(struct run *run)
{
    const int newest = (int)run->session_count - 1;
    return newest < 0 || run_dice(run, 30) == 0 ? 900 : newest - run_pick(run, newest < 3 ? newest + 1 : 4);
}

static void start_task(struct run *run)
{
    const int number = some_session(run);
    struct o_session *session = session_at(run, number);
    const int id = run_pick(run, TASKS);
    struct o_task wanted = {
        .known = true, .parent = id == 0 || run_dice(run, 3) == 0 ? NOBODY : run_pick(run, id), .attempt = 1};
    wanted.holder = run_dice(run, 2) == 0 ? run_pick(run, HOLDERS) : NOBODY;
    const struct o_task *known = session == NULL ? NULL : &session->tasks[id];
    if (known != NULL && known->known && run_dice(run, 4) != 0) {
        wanted.parent = known->parent;
        wanted.attempt = known->attempt + (run_dice(run, 4) == 0 ? (int64_t)run_dice(run, 8) - 1 : 0);
        wanted.holder = run_dice(run, 2) == 0 ? known->holder : wanted.holder;
    }
    if (wanted.parent != NOBODY) {
        const struct o_task *parent = session == NULL ? NULL : &session->tasks[wanted.parent];
        wanted.parent_attempt =
            parent == NULL ? 1 : parent->attempt + (run_dice(run, 8) == 0 ? run_pick(run, 3) - 1 : 0);
    }
    const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX};
    wanted.attempt = run_dice(run, 25) == 0 ? extremes[run_dice(run, 4)] : wanted.attempt;
    bool right = wanted.attempt >= 1 && open_at(run, number) && !known->over && rooted(session, &wanted);
    const int64_t before = known != NULL && known->known ? known->attempt : 0;
    const bool repeat = right && known->known && wanted.attempt == before;
    right = right && wanted.attempt >= before && wanted.attempt - before <= run->settings.attempt_step;
    right = right && (!known->known || wanted.parent == known->parent);
    right = right && (!repeat || (!known->attempt_over && wanted.parent_attempt == known->parent_attempt &&
                                  wanted.holder == known->holder));
    const struct curfew_event event = {.type = CURFEW_EVENT_TASK_STARTED,
                                       .as.task_started = {.session = run_name("1.AAAAAAAAAAAAAAAAAAA%03d", number),
                                                           .task = run_name("task-%d", id),
                                                           .attempt = wanted.attempt,
                                                           .parent = run_name("task-%d", wanted.parent),
                                                           .parent_attempt = wanted.parent_attempt,
                                                           .holder = run_name("holder-%d", wanted.holder)}};
    run_expect(run, false, &event, right);
    if (right && !repeat) {
        const int holder = wanted.holder;
        wanted.holder = NOBODY;
        session->tasks[id] = wanted;
        take_hold(run, &session->tasks[id].holder, holder);
    }
}

/* Ends an attempt, or a task for good; the reach of an end is the current attempt's, under what stands. */
static void end_task(struct run *run, bool final)
{
    const int number = some_session(run);
    struct o_session *session = session_at(run, number);
    const int id = run_pick(run, TASKS);
    struct o_task *task = session == NULL ? NULL : &session->tasks[id];
    const int64_t attempts[] = {task == NULL ? 1 : task->attempt, 0, 1, 2, INT64_MIN, INT64_MAX};
    const int64_t attempt = attempts[run_dice(run, 3) != 0 ? run_dice(run, 2) : run_dice(run, 6)];
    const bool right = session != NULL && session->known && attempt >= (final ? 0 : 1) &&
                       (session->over || (task->known && attempt <= task->attempt));
    struct curfew_event event = {.type = final ? CURFEW_EVENT_TASK_ENDED : CURFEW_EVENT_ATTEMPT_ENDED,
                                 .as.task_ended = {.session = run_name("1.AAAAAAAAAAAAAAAAAAA%03d", number),
                                                   .task = run_name("task-%d", id),
                                                   .attempt = attempt}};
    run_expect(run, false, &event, right);
    if (right && !session->over && (attempt == 0 || (attempt == task->attempt && rooted(session, task)))) {
        *(final ? &task->over : &task->attempt_over) = true;
    }
}

static void end_session(struct run *run)
{
    const int number = some_session(run);
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED,
                                       .as.session_ended = {.session = run_name("1.AAAAAAAAAAAAAAAAAAA%03d", number)}};
    const bool right = session_at(run, number) != NULL && run->sessions[number].known;
    run_expect(run, false, &event, right);
    if (right) {
        run->sessions[number].over = true;
    }
}

static void beat(struct run *run)
{
    const int64_t lateness[] = {0, 0, 0, 1, -1, 4, 6, -6, 1000};
    const int holder = run_pick(run, HOLDERS);
    const int64_t late = lateness[run_dice(run, 9)] * WORLD_S;
    const bool right = late <= 5 * WORLD_S && late >= -5 * WORLD_S && holds(run, holder);
    const struct curfew_event event = {
        .type = CURFEW_EVENT_HOLDER_HEARTBEAT,
        .as.holder_heartbeat = {.said_us = run->world->now_us - late, .holder = run_name("holder-%d", holder)}};
    run_expect(run, false, &event, right);
    run->renewed[holder] = right ? run->lease_clock : run->renewed[holder];
}

/* Whether a path is the way from its session to its last task, every attempt on it running. */
static bool path_right(const struct o_session *session, const struct o_token *token)
{
    bool right = true;
    for (size_t i = 0; i < token->depth; i++) {
        const struct o_task *task = &session->tasks[token->tasks[i]];
        right = right && run_task_runs(task) && task->attempt == token->attempts[i];
        right = right && task->parent == (i == 0 ? NOBODY : token->tasks[i - 1]);
        right = right && (i == 0 || task->parent_attempt == token->attempts[i - 1]);
    }
    return right;
}

/* A path that is right if the session's tasks are, at times spoiled. */
static void draw_path(struct run *run, const struct o_session *session, struct o_token *token)
{
    int id = run_dice(run, 5) == 0 ? NOBODY : run_pick(run, TASKS);
    while (id != NOBODY) {
        memmove(token->tasks + 1, token->tasks, token->depth * sizeof token->tasks[0]);
        memmove(token->attempts + 1, token->attempts, token->depth * sizeof token->attempts[0]);
        token->tasks[0] = id;
        token->attempts[0] = session == NULL || !session->tasks[id].known ? 1 : session->tasks[id].attempt;
        token->depth++;
        id = session == NULL || !session->tasks[id].known ? NOBODY : session->tasks[id].parent;
    }
    if (token->depth > 0 && run_dice(run, 6) == 0) {
        const int64_t attempts[] = {INT64_MIN, 0, 1, 2, token->attempts[0] - 1, token->attempts[0] + 1, INT64_MAX};
        token->attempts[run_dice(run, token->depth)] = attempts[run_dice(run, 7)];
    }
    if (token->depth > 1 && run_dice(run, 10) == 0) {
        token->tasks[run_dice(run, token->depth)] = run_pick(run, TASKS);
    }
    if (token->depth > 1 && run_dice(run, 10) == 0) {
        token->depth--;
    }
}

/* What a token says; the lists are kept until the next. */
static void fill_claims(const struct o_token *token, struct curfew_claims *claims, struct curfew_path_step *path)
{
    static struct curfew_slice agent;
    static struct curfew_policy_version policy;
    agent = run_name("spiffe://acme/%d", token->agent);
    policy = (struct curfew_policy_version){run_name("policy-%d", token->policy), token->version};
    claims->agents = (struct curfew_list){&agent, token->agent == NOBODY ? 0 : 1};
    claims->policies = (struct curfew_list){&policy, token->policy == NOBODY ? 0 : 1};
    claims->key = run_name(RUN_KEY, token->key);
    for (size_t i = 0; i < token->depth; i++) {
        path[i] = (struct curfew_path_step){curfew_slice_of("acme"), run_name("task-%d", token->tasks[i]),
                                            token->attempts[i]};
    }
    claims->session = run_name("1.AAAAAAAAAAAAAAAAAAA%03d", token->session);
    claims->tenant = curfew_slice_of("acme");
    claims->issuer = curfew_slice_of("i");
    claims->jti = run_name("jti-%d", token->jti);
    claims->path = (struct curfew_list){path, token->depth};
}

/* An agent, a key and a policy, or none; of the policy at times a version that nobody adopted. */
static void draw_standing(struct run *run, struct o_token *token)
{
    token->agent = run_dice(run, 2) == 0 ? run_pick(run, AGENTS) : NOBODY;
    token->key = run_dice(run, 2) == 0 ? run_pick(run, KEYS) : NOBODY;
    token->policy = run_dice(run, 3) == 0 ? run_pick(run, POLICIES) : NOBODY;
    if (token->policy != NOBODY) {
        const int64_t newest = run->on_lane.adopted[token->policy] - 1;
        const int64_t versions[] = {newest, newest, newest - 1, newest + 1, 0, INT64_MAX};
        token->version = versions[run_dice(run, 6)];
        token->version = token->version < 0 ? 0 : token->version;
    }
}

/* Whether the oracle can still say of a token's id what was revoked: floors last as long as a token could. */
static bool jti_usable(const struct run *run, int jti)
{
    return run->revoked_at[jti] == 0 || run->world->now_us - run->revoked_at[jti] < TOKEN_LIFE / 2;
}

static void mint(struct run *run)
{
    struct o_token token = {.session = some_session(run), .jti = run->jti_count};
    const struct o_session *session = session_at(run, token.session);
    const int64_t now = run->world->now_us;
    draw_path(run, session, &token);
    draw_standing(run, &token);
    if (run->token_count > 0 && run_dice(run, 6) == 0) { /* said again: by a retry, or by a replay with a longer life */
        token = run->tokens[run->token_count - 1 - run_dice(run, run->token_count < 8 ? run->token_count : 8)];
        session = &run->sessions[token.session];
    } else {
        run->jti_count++;
    }
    struct curfew_path_step path[TASKS];
    struct curfew_claims claims = {.auth_us = session == NULL ? now : session->auth};
    fill_claims(&token, &claims, path);
    claims.user = run_name("user-%d", session == NULL ? 0 : session->user);
    claims.issued_us = now + (int64_t)run_dice(run, (uint64_t)SKEW);
    claims.expires_us = claims.issued_us + (int64_t)(1 + run_dice(run, 60)) * WORLD_S;
    if (session != NULL && claims.expires_us > session->deadline && run_dice(run, 4) != 0) {
        claims.expires_us = session->deadline;
    }
    const int64_t extremes[] = {INT64_MIN, -1, 0, 1, claims.expires_us + 1, claims.issued_us + TOKEN_LIFE + 1,
                                INT64_MAX};
    if (run_dice(run, 20) == 0) {
        *(run_dice(run, 2) == 0 ? &claims.issued_us : &claims.expires_us) = extremes[run_dice(run, 7)];
    }
    claims.auth_us += run_dice(run, 30) == 0 ? 1 : 0;
    bool right = open_at(run, token.session) && claims.auth_us == session->auth && claims.issued_us > 0;
    right = right && claims.issued_us <= now + SKEW && claims.expires_us > lane_now(run);
    right = right && claims.expires_us > claims.issued_us && claims.expires_us - claims.issued_us <= TOKEN_LIFE;
    right = right && claims.expires_us <= session->deadline && path_right(session, &token);
    right = right && run->revoked_at[token.jti] == 0 && run_stands(&run->on_lane, session, &token);
    right = right && (token.policy == NOBODY || token.version < run->on_lane.adopted[token.policy]);
    if (!jti_usable(run, token.jti)) {
        return;
    }
    const struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_CREATED, .as.token_created = {.claims = claims}};
    run_expect(run, false, &event, right);
    if (right) {
        token.expires = claims.expires_us;
        curfew_lineage_of(&claims, &token.lineage);
        run->tokens[run->token_count++] = token;
    }
}

/* Revokes a token that was minted, or the one that will be next: a revocation may overtake the mint. */
static void revoke_token(struct run *run)
{
    struct o_token token = {.session = some_session(run), .jti = run->jti_count};
    if (run->token_count > 0 && run_dice(run, 4) != 0) {
        token = run->tokens[run->token_count - 1 - run_dice(run, run->token_count < 20 ? run->token_count : 20)];
    }
    const bool right = session_at(run, token.session) != NULL && run->sessions[token.session].known;
    const struct curfew_event event = {
        .type = CURFEW_EVENT_TOKEN_REVOKED,
        .as.token_revoked = {.session = run_name("1.AAAAAAAAAAAAAAAAAAA%03d", token.session),
                             .issuer = curfew_slice_of("i"),
                             .jti = run_name("jti-%d", token.jti)}};
    run_expect(run, false, &event, right);
    if (right && !run->sessions[token.session].over) {
        run->revoked_at[token.jti] = run->world->now_us;
    }
}

static void run_leases(struct run *run)
{
    bool silent[HOLDERS];
    for (int i = 0; i < HOLDERS; i++) {
        silent[i] = holds(run, i) && run->lease_clock - run->renewed[i] > run->settings.lease_ms * INT64_C(1000);
    }
    for (size_t i = 0; i < run->session_count; i++) {
        struct o_session *session = &run->sessions[i];
        session->over = session->over || (session->holder != NOBODY && silent[session->holder]);
        for (int t = 0; t < TASKS; t++) {
            struct o_task *task = &session->tasks[t];
            task->over = task->over || (run_task_runs(task) && task->holder != NOBODY && silent[task->holder]);
        }
    }
}

static void tick(struct run *run)
{
    const int64_t now = run->world->now_us;
    const int64_t lateness[] = {0, SKEW, -SKEW, SKEW + 1, -SKEW - 1, now + 1, now - INT64_MAX};
    const int64_t said = now - lateness[run_dice(run, 4) == 0 ? run_dice(run, 7) : 0];
    const bool good = said >= now - SKEW && said <= now + SKEW;
    const bool right = said > 0 && said < INT64_MAX;
    struct curfew_event event = {.type = CURFEW_EVENT_TICK, .as.tick = {.said_us = said}};
    run_expect(run, true, &event, right);
    const int64_t behind[] = {0, 1, 3, 20};
    event.as.tick.control_offset = run->world->control_next - 1 - behind[run_dice(run, 8) == 0 ? run_dice(run, 4) : 0];
    event.as.tick.control_offset = run_dice(run, 50) == 0 ? INT64_MIN : event.as.tick.control_offset;
    run_expect(run, false, &event, right);
    assert_int_equal(run->world->effects.good_tick, good);
    if (right) {
        run_take_facts(run, event.as.tick.control_offset);
    }
    if (!good) {
        return;
    }
    const int64_t passed = run->last_good == 0 ? 0 : now - run->last_good;
    run->lease_clock += passed < 0 ? 0 : passed > WORLD_S / 5 ? WORLD_S / 5 : passed;
    run->last_good = now;
    run->good = now > run->good ? now : run->good;
    run_drop_proposals(run);
    for (size_t i = 0; i < run->session_count; i++) {
        run->sessions[i].over = run->sessions[i].over || run->sessions[i].deadline <= run->good;
        run->sessions[i].known = run->sessions[i].known && run->sessions[i].deadline + TOKEN_LIFE + SKEW > run->good;
    }
    run_leases(run);
}

void run_step(struct run *run)
{
    static void (*const often[])(struct run *) = {start_session, start_task, start_task, start_task, mint, mint, mint,
                                                  beat,          beat,       tick,       tick,       tick, tick};
    const uint64_t time = run_dice(run, 100);
    int64_t *now = &run->world->now_us;
    *now += time == 0 && run_dice(run, 4) == 0 ? (int64_t)run_dice(run, 60) * WORLD_S : (int64_t)run_dice(run, 150000);
    *now -= time == 1 && *now > WORLD_T0 + WORLD_S ? (int64_t)run_dice(run, 200000) : 0;
    const uint64_t kind = run_dice(run, 100);
    if (kind < 1) {
        end_session(run);
    } else if (kind < 5) {
        end_task(run, run_dice(run, 2) == 0);
    } else if (kind < 8) {
        revoke_token(run);
    } else if (kind < 10) {
        run_control(run);
    } else {
        often[run_dice(run, sizeof often / sizeof often[0])](run);
    }
    run_judge(run);
}
