/* coordinator_random_test: seeded random logs, good and hostile, against an oracle of plain arrays; and the same logs
 * through a second pair of lanes and through coordinators that are killed at random. */
#include "consumer/links.h"
#include "core/digest.h"
#include "core/lineage.h"
#include "memory_bus.h"
#include "schemas/codec.h"
#include "services/coordinator/coordinator.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include <setjmp.h>

#include <cmocka.h>

#define SEEDS 12
#define STEPS 1500
#define RESTART_SEEDS 4
#define RESTART_STEPS 500
#define SESSIONS 48
#define TASKS 6
#define HOLDERS 4
#define USERS 4
#define RECORDS (3 * STEPS)
#define SKEW (WORLD_S / 4)
#define TOKEN_LIFE (60 * WORLD_S)
#define NOBODY (-1)

struct o_task {
    bool known, over, attempt_over;
    int parent, holder;
    int64_t attempt, parent_attempt;
};
struct o_session {
    bool known, over;
    int user, holder;
    int64_t auth, deadline;
    struct o_task tasks[TASKS];
};
struct o_token { /* one that was accepted */
    int session, jti;
    size_t depth;
    int tasks[TASKS];
    int64_t attempts[TASKS], expires;
    struct curfew_lineage lineage;
};
struct o_fact { /* what control said: a user is revoked, or (user NOBODY) the settings are others */
    int64_t offset, said, timestamp, before;
    int user;
    struct curfew_settings settings;
};
struct o_floor {
    struct curfew_subject subject;
    int64_t floor, expires;
    UT_hash_handle hh;
};
struct logged {
    bool control;
    int64_t timestamp;
    struct curfew_slice value;
    uint8_t outcome[CURFEW_SHA256_SIZE];
};

/* What the oracle knows, and the run it watches. */
struct run {
    uint64_t random;
    struct world *world;
    struct o_session sessions[SESSIONS];
    struct o_token tokens[STEPS];
    struct o_fact facts[STEPS];
    struct logged log[RECORDS];
    size_t session_count, token_count, fact_count, facts_taken, log_count;
    int64_t revoked_at[STEPS + 2]; /* by jti; 0: not */
    int jti_count;
    int64_t renewed[HOLDERS], lease_clock, last_good, good;
    int64_t lane_before[USERS], control_before[USERS];
    struct curfew_settings settings;
    struct o_floor *floors;
    int accepted, refused, denied, allowed;
};

static uint64_t dice(struct run *run, uint64_t sides)
{
    run->random = run->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (run->random >> 33) % sides;
}

static int pick(struct run *run, int sides)
{
    return (int)dice(run, (uint64_t)sides);
}

/* One name for each number, in memory that lasts. */
static struct curfew_slice name(const char *form, int number)
{
    static char names[16][32];
    static size_t next;
    char *made = names[next++ % 16];
    (void)snprintf(made, sizeof names[0], form, number);
    return number == NOBODY ? (struct curfew_slice){0} : curfew_slice_of(made);
}

static void outcome_of(const struct curfew_effects *effects, uint8_t outcome[CURFEW_SHA256_SIZE])
{
    uint8_t bytes[1024] = {0};
    uint8_t counts[] = {effects->tick,        effects->refused,           (uint8_t)effects->refusal.reason,
                        effects->dead_letter, effects->refusal.retriable, (uint8_t)effects->link_count};
    const struct curfew_event event = {.type = CURFEW_EVENT_BEACON, .as.beacon = effects->beacon};
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    const struct curfew_slice parts[] = {
        {counts, sizeof counts},
        {bytes, effects->good_tick ? size : 0},
        {effects->link_count > 0 ? effects->links[effects->link_count - 1].chain : NULL,
         effects->link_count > 0 ? CURFEW_CHAIN_SIZE : 0}};
    curfew_sha256(parts, 3, outcome);
}

static void join(struct run *run, const struct curfew_effects *effects)
{
    for (size_t i = 0; i < effects->link_count; i++) {
        const struct curfew_floor *floors = effects->links[i].floors.items;
        for (size_t j = 0; j < effects->links[i].floors.count; j++) {
            struct o_floor *floor = NULL;
            HASH_FIND(hh, run->floors, floors[j].subject, CURFEW_DIGEST_SIZE, floor);
            if (floor == NULL) {
                floor = calloc(1, sizeof *floor);
                assert_non_null(floor);
                memcpy(floor->subject.digest, floors[j].subject, CURFEW_DIGEST_SIZE);
                HASH_ADD(hh, run->floors, subject, sizeof floor->subject, floor);
            }
            assert_true(floors[j].floor >= floor->floor);
            assert_true(floors[j].expires_us >= floor->expires);
            floor->floor = floors[j].floor;
            floor->expires = floors[j].expires_us;
        }
    }
}

/* Steps bytes on one of the lanes, at the world's now. */
static bool step(struct run *run, bool control, struct curfew_slice value)
{
    struct world *world = run->world;
    struct logged *logged = &run->log[run->log_count++];
    uint8_t *copy = malloc(value.size + 1);
    assert_true(copy != NULL && run->log_count < RECORDS);
    memcpy(copy, value.at, value.size);
    *logged = (struct logged){.control = control, .timestamp = world->now_us, .value = {copy, value.size}};
    int64_t *next = control ? &world->control_next : &world->next;
    const struct curfew_record record = {(*next)++, world->now_us, true, logged->value};
    struct curfew_lane *lane = control ? world->control : world->lane;
    assert_int_equal(curfew_lane_step(lane, &record, &world->effects), CURFEW_STEP_DONE);
    outcome_of(&world->effects, logged->outcome);
    join(run, &world->effects);
    run->accepted += world->effects.refused || world->effects.tick ? 0 : 1;
    run->refused += world->effects.refused ? 1 : 0;
    return !world->effects.refused;
}

static bool say(struct run *run, bool control, struct curfew_event event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    size_t size = 0;
    event.as.session_ended.writer = curfew_slice_of("w");
    if (event.as.session_ended.said_us == 0) {
        event.as.session_ended.said_us = run->world->now_us;
    }
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    if (dice(run, 40) == 0) { /* bytes of a hostile writer first: cut short, or with a head of another's */
        bytes[dice(run, 10)] ^= (uint8_t)(1 + dice(run, 255));
        assert_false(step(run, control, (struct curfew_slice){bytes, dice(run, size)}));
        assert_true(run->world->effects.dead_letter);
        assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    }
    return step(run, control, (struct curfew_slice){bytes, size});
}

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

static bool task_runs(const struct o_task *task)
{
    return task->known && !task->over && !task->attempt_over;
}

/* Whether everything above a task stands. */
static bool rooted(const struct o_session *session, const struct o_task *task)
{
    if (task->parent == NOBODY) {
        return true;
    }
    const struct o_task *parent = &session->tasks[task->parent];
    return task_runs(parent) && parent->attempt == task->parent_attempt && rooted(session, parent);
}

static bool holds(const struct run *run, int holder)
{
    bool found = false;
    for (size_t i = 0; i < run->session_count; i++) {
        const struct o_session *session = &run->sessions[i];
        bool any = session->holder == holder;
        for (int t = 0; t < TASKS; t++) {
            any = any || (task_runs(&session->tasks[t]) && session->tasks[t].holder == holder);
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

/* A token lives while its session, each attempt of its path, its user and itself do. */
static bool token_lives(const struct run *run, const struct o_token *token)
{
    const struct o_session *session = &run->sessions[token->session];
    bool lives = !session->over && session->auth >= run->control_before[session->user] &&
                 run->revoked_at[token->jti] == 0;
    for (size_t i = 0; i < token->depth; i++) {
        const struct o_task *task = &session->tasks[token->tasks[i]];
        lives = lives && task_runs(task) && task->attempt == token->attempts[i];
    }
    return lives;
}

/* Every accepted token that has not expired is denied if and only if something it depends on is over. */
static void judge(struct run *run)
{
    for (size_t i = 0; i < run->token_count; i++) {
        const struct o_token *token = &run->tokens[i];
        bool denied = false;
        for (size_t j = 0; j < token->lineage.count; j++) {
            const struct curfew_lineage_entry *entry = &token->lineage.entries[j];
            struct o_floor *floor = NULL;
            HASH_FIND(hh, run->floors, &entry->subject, sizeof entry->subject, floor);
            denied = denied || (floor != NULL && floor->expires > run->good && entry->value < floor->floor);
        }
        if (token->expires + SKEW > run->good) {
            assert_int_equal(denied, !token_lives(run, token));
            *(denied ? &run->denied : &run->allowed) += 1;
        }
    }
}

static void start_session(struct run *run)
{
    static const int64_t ages[] = {0, 1, 40, 200, 500};
    const bool again = run->session_count > 0 && (dice(run, 3) == 0 || run->session_count == SESSIONS);
    const int number = again ? pick(run, (int)run->session_count) : (int)run->session_count;
    const int64_t now = run->world->now_us;
    struct o_session wanted = {.known = true, .user = pick(run, USERS), .holder = pick(run, HOLDERS + 4)};
    wanted.holder = wanted.holder < HOLDERS ? wanted.holder : NOBODY;
    wanted.auth = now - ages[dice(run, 5)] * WORLD_S + (int64_t)dice(run, (uint64_t)SKEW * 5 / 4);
    wanted.deadline = wanted.auth + (int64_t)dice(run, 620) * WORLD_S;
    struct o_session *known = &run->sessions[number];
    if (known->known && dice(run, 2) == 0) {
        wanted.auth = known->auth, wanted.deadline = known->deadline;
        wanted.user = known->user, wanted.holder = known->holder;
    }
    const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX};
    if (dice(run, 20) == 0) {
        *(dice(run, 2) == 0 ? &wanted.auth : &wanted.deadline) = extremes[dice(run, 4)];
    }
    bool right = wanted.auth > 0 && wanted.auth <= now + SKEW && wanted.deadline > lane_now(run);
    right = right && wanted.deadline - wanted.auth <= run->settings.session_life_ms * 1000;
    right = right && (known->known ? !known->over && wanted.auth == known->auth && wanted.deadline == known->deadline &&
                                         wanted.user == known->user && wanted.holder == known->holder
                                   : wanted.auth >= run->lane_before[wanted.user]);
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = name("1.AAAAAAAAAAAAAAAAAAA%03d", number),
                                                              .tenant = curfew_slice_of("acme"),
                                                              .issuer = curfew_slice_of("i"),
                                                              .user = name("user-%d", wanted.user),
                                                              .auth_us = wanted.auth,
                                                              .deadline_us = wanted.deadline,
                                                              .holder = name("holder-%d", wanted.holder)}};
    assert_int_equal(say(run, false, event), right);
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
    return dice(run, 30) == 0 ? 900 : newest - pick(run, newest < 4 ? newest + 1 : 5);
}

static void start_task(struct run *run)
{
    const int number = some_session(run);
    struct o_session *session = session_at(run, number);
    const int id = pick(run, TASKS);
    struct o_task wanted = {.known = true, .parent = id == 0 || dice(run, 3) == 0 ? NOBODY : pick(run, id), .attempt = 1};
    wanted.holder = dice(run, 2) == 0 ? pick(run, HOLDERS) : NOBODY;
    const struct o_task *known = session == NULL ? NULL : &session->tasks[id];
    if (known != NULL && known->known && dice(run, 4) != 0) {
        wanted.parent = known->parent;
        wanted.attempt = known->attempt + (int64_t)dice(run, 8) - 1;
        wanted.holder = dice(run, 2) == 0 ? known->holder : wanted.holder;
    }
    if (wanted.parent != NOBODY) {
        const struct o_task *parent = session == NULL ? NULL : &session->tasks[wanted.parent];
        wanted.parent_attempt = parent == NULL ? 1 : parent->attempt + (dice(run, 8) == 0 ? pick(run, 3) - 1 : 0);
    }
    const int64_t extremes[] = {INT64_MIN, -1, 0, INT64_MAX};
    wanted.attempt = dice(run, 25) == 0 ? extremes[dice(run, 4)] : wanted.attempt;
    bool right = wanted.attempt >= 1 && open_at(run, number) && !known->over && rooted(session, &wanted);
    const int64_t before = known != NULL && known->known ? known->attempt : 0;
    const bool repeat = right && known->known && wanted.attempt == before;
    right = right && wanted.attempt >= before && wanted.attempt - before <= run->settings.attempt_step;
    right = right && (!known->known || wanted.parent == known->parent);
    right = right && (!repeat || (!known->attempt_over && wanted.parent_attempt == known->parent_attempt &&
                                  wanted.holder == known->holder));
    const struct curfew_event event = {.type = CURFEW_EVENT_TASK_STARTED,
                                       .as.task_started = {.session = name("1.AAAAAAAAAAAAAAAAAAA%03d", number),
                                                           .task = name("task-%d", id),
                                                           .attempt = wanted.attempt,
                                                           .parent = name("task-%d", wanted.parent),
                                                           .parent_attempt = wanted.parent_attempt,
                                                           .holder = name("holder-%d", wanted.holder)}};
    assert_int_equal(say(run, false, event), right);
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
    const int id = pick(run, TASKS);
    struct o_task *task = session == NULL ? NULL : &session->tasks[id];
    const int64_t attempts[] = {task == NULL ? 1 : task->attempt, 0, 1, 2, INT64_MIN, INT64_MAX};
    const int64_t attempt = attempts[dice(run, 3) != 0 ? dice(run, 2) : dice(run, 6)];
    const bool right = session != NULL && attempt >= (final ? 0 : 1) &&
                       (session->over || (task->known && attempt <= task->attempt));
    struct curfew_event event = {.type = final ? CURFEW_EVENT_TASK_ENDED : CURFEW_EVENT_ATTEMPT_ENDED,
                                 .as.task_ended = {.session = name("1.AAAAAAAAAAAAAAAAAAA%03d", number),
                                                   .task = name("task-%d", id),
                                                   .attempt = attempt}};
    assert_int_equal(say(run, false, event), right);
    if (right && !session->over && (attempt == 0 || (attempt == task->attempt && rooted(session, task)))) {
        *(final ? &task->over : &task->attempt_over) = true;
    }
}

static void end_session(struct run *run)
{
    const int number = some_session(run);
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED,
                                       .as.session_ended = {.session = name("1.AAAAAAAAAAAAAAAAAAA%03d", number)}};
    assert_int_equal(say(run, false, event), session_at(run, number) != NULL);
    if (session_at(run, number) != NULL) {
        run->sessions[number].over = true;
    }
}

static void beat(struct run *run)
{
    const int64_t lateness[] = {0, 1, -1, 4, 6, -6, 1000};
    const int holder = pick(run, HOLDERS);
    const int64_t late = lateness[dice(run, 7)] * WORLD_S;
    const bool right = late <= 5 * WORLD_S && late >= -5 * WORLD_S && holds(run, holder);
    const struct curfew_event event = {
        .type = CURFEW_EVENT_HOLDER_HEARTBEAT,
        .as.holder_heartbeat = {.said_us = run->world->now_us - late, .holder = name("holder-%d", holder)}};
    assert_int_equal(say(run, false, event), right);
    run->renewed[holder] = right ? run->lease_clock : run->renewed[holder];
}
