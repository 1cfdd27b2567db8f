/* sim_work: what the work of a plan is made of, and what the plan's numbers are called in the world. */
#include "core/bus.h"
#include "core/clock.h"
#include "core/id.h"
#include "tests/sim/actor_event.h"
#include "tests/sim/plan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 200
#define S CURFEW_US_PER_S
#define RACE_US (20 * CURFEW_US_PER_MS)
#define LARGE_FAN 10000
#define STRANGER SIM_SESSIONS_MAX /* what nobody started is ended under this number */

/* The size of a seed's world and its work alone, in order of time. */
static void work_of(uint64_t seed, struct sim_plan *plan)
{
    struct sim_plan whole;
    struct sim_dice dice = sim_dice_of(seed, "work");
    sim_plan_of(seed, &whole);
    *plan = (struct sim_plan){.size = whole.size};
    sim_plan_free(&whole);
    sim_plan_work(plan, &dice);
    sim_plan_sort(plan);
}

static bool is_mint(const struct sim_action *action)
{
    return action->act == SIM_MINT || action->act == SIM_FAN_OUT;
}

static bool is_end(const struct sim_action *action)
{
    return action->act == SIM_TASK_END || action->act == SIM_ATTEMPT_END || action->act == SIM_SESSION_END;
}

static void names_are_valid_and_read_back(void **state)
{
    /* Goal: every number of every kind is a name that may travel, and the name gives the number back. */
    char name[SIM_NAME_SIZE];
    (void)state;
    for (int32_t i = 1; i <= SIM_TOKENS_MAX; i++) {
        sim_token_name(i, name);
        assert_true(curfew_id_valid(curfew_slice_of(name)));
        assert_int_equal(sim_number_of("token-", curfew_slice_of(name)), i);
    }
    for (int32_t i = 1; i <= SIM_TASKS_MAX; i++) {
        sim_task_name(i, name);
        assert_true(curfew_id_valid(curfew_slice_of(name)));
        assert_int_equal(sim_number_of("task-", curfew_slice_of(name)), i);
        assert_int_equal(sim_number_of("token-", curfew_slice_of(name)), 0);
    }
    for (int32_t i = 1; i <= SIM_USERS_MAX; i++) {
        sim_user_name(i, name);
        assert_true(curfew_id_valid(curfew_slice_of(name)));
        assert_int_equal(sim_number_of("user-", curfew_slice_of(name)), i);
    }
    for (int32_t i = 1; i <= SIM_ACTORS_MAX; i++) {
        sim_holder_name(i, name);
        assert_true(curfew_id_valid(curfew_slice_of(name)));
        assert_int_equal(sim_number_of("holder-", curfew_slice_of(name)), i);
    }
    sim_holder_name(0, name);
    assert_string_equal(name, "");
}

static void a_session_name_routes_itself_and_reads_back(void **state)
{
    /* Goal: the product's own rule finds the lane in it, the same number is the same name, and no two are alike. */
    static char names[SIM_SESSIONS_MAX + 1][SIM_NAME_SIZE];
    (void)state;
    for (int32_t i = 1; i <= SIM_SESSIONS_MAX; i++) {
        const int32_t lane = 1 + i % (SIM_LANES_MAX - 1);
        char again[SIM_NAME_SIZE];
        int32_t read = 0;
        struct curfew_error error;
        sim_session_name(7, i, lane, names[i]);
        sim_session_name(7, i, lane, again);
        assert_string_equal(names[i], again);
        assert_true(curfew_id_valid(curfew_slice_of(names[i])));
        assert_int_equal(curfew_session_id_lane(curfew_slice_of(names[i]), &read, &error), CURFEW_OK);
        assert_int_equal(read, lane);
        assert_int_equal(sim_session_number(curfew_slice_of(names[i])), i);
        sim_session_name(8, i, lane, again);
        assert_string_not_equal(names[i], again);
        assert_int_equal(sim_session_number(curfew_slice_of(again)), i);
        for (int32_t j = 1; j < i; j++) {
            assert_string_not_equal(strchr(names[i], '.'), strchr(names[j], '.'));
        }
    }
}

static void what_is_no_name_has_no_number(void **state)
{
    /* Goal: other words, cut names and empty ones are number 0 and read nothing past their end. */
    static const char *const wrong[] = {"", "task-", "task-x", "task-1x", "task--1", "tas", "user-1", "task-1234567"};
    char name[SIM_NAME_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(sim_number_of("task-", curfew_slice_of(wrong[i])), 0);
    }
    sim_session_name(7, 3, 2, name);
    for (size_t size = 0; size < strlen(name); size++) {
        assert_int_equal(sim_session_number((struct curfew_slice){(const uint8_t *)name, size}), 0);
    }
    char longer[2 * SIM_NAME_SIZE];
    (void)snprintf(longer, sizeof longer, "%s%s", name, strchr(name, '.') + 1);
    assert_int_equal(sim_session_number(curfew_slice_of(longer)), 0);
    assert_int_equal(sim_session_number(curfew_slice_of("no dot at all")), 0);
}

static char *printed(const struct sim_plan *plan)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    sim_plan_print(plan, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void the_same_dice_say_the_same_work(void **state)
{
    /* Goal: work is its dice's and size's alone: what was planned before leaves nothing behind. */
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const uint64_t seeds[] = {seed, seed + 1000, seed};
        char *texts[3];
        for (int i = 0; i < 3; i++) {
            struct sim_plan plan;
            work_of(seeds[i], &plan);
            plan.size = (struct sim_size){.seed = 0}; /* the work alone is compared */
            texts[i] = printed(&plan);
            sim_plan_free(&plan);
        }
        assert_string_equal(texts[0], texts[2]);
        assert_string_not_equal(texts[0], texts[1]);
        for (int i = 0; i < 3; i++) {
            free(texts[i]);
        }
    }
}

static void assert_within_bounds(const struct sim_action *action, const struct sim_size *size)
{
    assert_false(sim_act_is_fault(action->act));
    assert_in_range(action->actor, 1, size->actors);
    assert_in_range(action->session, 0, SIM_SESSIONS_MAX);
    assert_in_range(action->task, 0, SIM_TASKS_MAX);
    assert_in_range(action->parent, 0, SIM_TASKS_MAX);
    assert_in_range(action->user, 0, SIM_USERS_MAX);
    assert_in_range(action->holder, 0, size->actors);
    assert_in_range(action->lane, 0, size->lanes - 1);
    assert_true(action->at_us >= S / 2 && action->at_us <= size->end_us - 5 * S);
    switch (action->act) {
    case SIM_SESSION_START:
        assert_true(action->session >= 1 && action->lane >= 1 && action->user >= 1);
        assert_true(action->life_s > 0 && action->life_s * INT64_C(1000) <= size->session_life_ms);
        break;
    case SIM_TASK_START:
        assert_true(action->session >= 1 && action->task >= 1 && action->attempt >= 1);
        assert_int_equal(action->parent == 0, action->parent_attempt == 0);
        assert_int_not_equal(action->parent, action->task);
        break;
    case SIM_MINT:
    case SIM_FAN_OUT:
        assert_true(action->session >= 1 && action->token >= 1 && action->life_s > 0);
        assert_int_equal(action->task == 0, action->attempt == 0);
        assert_true(action->token + action->count < SIM_TOKENS_MAX);
        assert_int_equal(action->act == SIM_FAN_OUT, action->count > 0);
        break;
    case SIM_SETTINGS:
        assert_true(action->value >= size->lease_ms && action->count > 0); /* holders beat by the first lease */
        break;
    case SIM_SILENCE:
        assert_true(action->value > 0);
        break;
    default:
        break;
    }
}

static void work_stays_within_bounds_and_in_order(void **state)
{
    /* Goal: whatever the seed, an action names what there is room for, in time for calm to follow. */
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        work_of(seed, &plan);
        assert_in_range(plan.count, 1, SIM_ACTIONS_MAX / 2); /* the other half is for faults */
        for (size_t i = 0; i < plan.count; i++) {
            assert_within_bounds(&plan.actions[i], &plan.size);
            assert_true(i == 0 || plan.actions[i - 1].at_us <= plan.actions[i].at_us);
        }
        sim_plan_free(&plan);
    }
}

static void a_token_number_is_minted_once(void **state)
{
    /* Goal: no two mints share a number, fan-outs included: a number is one token, with one truth about it. */
    static bool minted[SIM_TOKENS_MAX];
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        work_of(seed, &plan);
        memset(minted, 0, sizeof minted);
        for (size_t i = 0; i < plan.count; i++) {
            const struct sim_action *action = &plan.actions[i];
            const int32_t count = action->act == SIM_FAN_OUT ? action->count : 1;
            for (int32_t j = 0; is_mint(action) && j < count; j++) {
                assert_false(minted[action->token + j]);
                minted[action->token + j] = true;
            }
        }
        sim_plan_free(&plan);
    }
}

static void one_or_two_actors_work_on_a_session(void **state)
{
    /* Goal: a session has its people: never more than two, and often two, so that what they say can race. */
    int shared = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        unsigned actors[SIM_SESSIONS_MAX + 1] = {0};
        work_of(seed, &plan);
        for (size_t i = 0; i < plan.count; i++) {
            actors[plan.actions[i].session] |= 1u << plan.actions[i].actor;
        }
        for (int32_t session = 1; session < STRANGER; session++) {
            const int count = __builtin_popcount(actors[session]);
            assert_true(count <= 2);
            shared += count == 2 ? 1 : 0;
        }
        sim_plan_free(&plan);
    }
    assert_true(shared > SEEDS);
}

/* What is seen while one plan goes by, and how many plans each kind of work was seen in. */
enum kind {
    KIND_NESTED,
    KIND_FAN_OUT,
    KIND_LARGE_FAN,
    KIND_RETRY,
    KIND_ZOMBIE_MINT,
    KIND_OLD_ATTEMPT_ENDED,
    KIND_JUMP,
    KIND_MINT_AFTER_END,
    KIND_TASK_AFTER_PARENT,
    KIND_RACE,
    KIND_USER_LEFT_WHILE_WORKING,
    KIND_USER_CAME_BACK,
    KIND_AUTHENTICATED_AHEAD,
    KIND_SKEWED_MINT,
    KIND_SKEWED_REVOKE,
    KIND_END_SAID_TWICE,
    KIND_UNKNOWN_ENDED,
    KIND_TOKEN_TOO_LONG,
    KIND_PAST_DEADLINE,
    KIND_SILENT_PAST_LEASE,
    KIND_HELD_TASK,
    KIND_HELD_SESSION,
    KIND_COUNT
};

static const struct {
    const char *what;
    int plans; /* of SEEDS it must be in at least */
} kinds[KIND_COUNT] = {
    [KIND_NESTED] = {"a chain of six tasks or more", 50},
    [KIND_FAN_OUT] = {"a fan-out", 150},
    [KIND_LARGE_FAN] = {"a fan-out of 10,000", 2},
    [KIND_RETRY] = {"a next attempt", 150},
    [KIND_ZOMBIE_MINT] = {"a mint under an attempt that was replaced", 100},
    [KIND_OLD_ATTEMPT_ENDED] = {"an end of an attempt that was replaced", 50},
    [KIND_JUMP] = {"an attempt more than 1,000 ahead", 50},
    [KIND_MINT_AFTER_END] = {"a mint under what was ended", 150},
    [KIND_TASK_AFTER_PARENT] = {"a task under a parent that was ended", 100},
    [KIND_RACE] = {"a mint and an end by two within milliseconds", 100},
    [KIND_USER_LEFT_WHILE_WORKING] = {"a user revoked while a session of theirs runs", 150},
    [KIND_USER_CAME_BACK] = {"a session of a user revoked before", 100},
    [KIND_AUTHENTICATED_AHEAD] = {"a session authenticated in the future", 100},
    [KIND_SKEWED_MINT] = {"a mint by a wrong clock", 150},
    [KIND_SKEWED_REVOKE] = {"a user revoked by a wrong clock", 50},
    [KIND_END_SAID_TWICE] = {"an end said twice", 150},
    [KIND_UNKNOWN_ENDED] = {"an end of what nobody started", 100},
    [KIND_TOKEN_TOO_LONG] = {"a token of more than the longest life", 150},
    [KIND_PAST_DEADLINE] = {"a mint past its session's deadline", 50},
    [KIND_SILENT_PAST_LEASE] = {"a silence longer than the lease", 100},
    [KIND_HELD_TASK] = {"a task on a lease", 150},
    [KIND_HELD_SESSION] = {"a session on a lease", 150},
};

struct watch {
    const struct sim_plan *plan;
    bool seen[KIND_COUNT];
    const struct sim_action *starts[SIM_SESSIONS_MAX + 1];
    bool left[SIM_USERS_MAX + 1];
    bool session_ended[SIM_SESSIONS_MAX + 1];
    bool task_ended[SIM_SESSIONS_MAX + 1][SIM_TASKS_MAX + 1];
    int32_t attempts[SIM_SESSIONS_MAX + 1][SIM_TASKS_MAX + 1];
    int32_t depths[SIM_SESSIONS_MAX + 1][SIM_TASKS_MAX + 1];
};

static void see(struct watch *watch, enum kind kind, bool seen)
{
    watch->seen[kind] = watch->seen[kind] || seen;
}

static bool runs(const struct watch *watch, int32_t session, int64_t at_us)
{
    const struct sim_action *start = watch->starts[session];
    return start != NULL && !watch->session_ended[session] && at_us < start->at_us + start->life_s * S;
}

static void watch_session(struct watch *watch, const struct sim_action *action)
{
    see(watch, KIND_USER_CAME_BACK, watch->left[action->user]);
    see(watch, KIND_AUTHENTICATED_AHEAD, action->value < 0);
    see(watch, KIND_HELD_SESSION, action->holder != 0);
    watch->starts[action->session] = action;
}

static void watch_task(struct watch *watch, const struct sim_action *action)
{
    int32_t *attempt = &watch->attempts[action->session][action->task];
    int32_t *depths = watch->depths[action->session];
    see(watch, KIND_RETRY, *attempt > 0 && action->attempt == *attempt + 1);
    see(watch, KIND_JUMP, action->attempt - *attempt > 1000);
    see(watch, KIND_TASK_AFTER_PARENT, action->parent != 0 && watch->task_ended[action->session][action->parent]);
    see(watch, KIND_HELD_TASK, action->holder != 0);
    *attempt = action->attempt;
    depths[action->task] = action->parent == 0 ? 1 : depths[action->parent] + 1;
    see(watch, KIND_NESTED, depths[action->task] >= 6);
}

static void watch_mint(struct watch *watch, const struct sim_action *action)
{
    const struct sim_action *start = watch->starts[action->session];
    see(watch, KIND_FAN_OUT, action->act == SIM_FAN_OUT && action->count >= 10 && action->count <= 200);
    see(watch, KIND_LARGE_FAN, action->count == LARGE_FAN);
    see(watch, KIND_ZOMBIE_MINT, action->task != 0 && action->attempt < watch->attempts[action->session][action->task]);
    see(watch, KIND_MINT_AFTER_END,
        watch->session_ended[action->session] || watch->task_ended[action->session][action->task]);
    see(watch, KIND_SKEWED_MINT, action->value != 0);
    see(watch, KIND_TOKEN_TOO_LONG, action->life_s * INT64_C(1000) > watch->plan->size.token_life_ms);
    see(watch, KIND_PAST_DEADLINE, start != NULL && action->at_us > start->at_us + start->life_s * S);
}

static bool same_end(const struct sim_action *left, const struct sim_action *right)
{
    return left->act == right->act && left->session == right->session && left->task == right->task &&
           left->attempt == right->attempt;
}

static void watch_end(struct watch *watch, const struct sim_action *action)
{
    const struct sim_plan *plan = watch->plan;
    see(watch, KIND_UNKNOWN_ENDED, watch->starts[action->session] == NULL);
    see(watch, KIND_OLD_ATTEMPT_ENDED,
        action->act == SIM_ATTEMPT_END && action->attempt < watch->attempts[action->session][action->task]);
    for (size_t i = 0; i < plan->count; i++) {
        const struct sim_action *other = &plan->actions[i];
        see(watch, KIND_END_SAID_TWICE, other < action && same_end(other, action));
        see(watch, KIND_RACE,
            is_mint(other) && other->session == action->session && other->actor != action->actor &&
                (action->act == SIM_SESSION_END || other->task == action->task) &&
                llabs(other->at_us - action->at_us) <= RACE_US);
    }
    watch->task_ended[action->session][action->task] |= action->act == SIM_TASK_END;
    watch->session_ended[action->session] |= action->act == SIM_SESSION_END;
}

static void watch_user(struct watch *watch, const struct sim_action *action)
{
    for (int32_t session = 1; session <= SIM_SESSIONS_MAX; session++) {
        see(watch, KIND_USER_LEFT_WHILE_WORKING,
            runs(watch, session, action->at_us) && watch->starts[session]->user == action->user);
    }
    see(watch, KIND_SKEWED_REVOKE, action->value != 0);
    watch->left[action->user] = true;
}

static void watch_plan(struct watch *watch)
{
    for (size_t i = 0; i < watch->plan->count; i++) {
        const struct sim_action *action = &watch->plan->actions[i];
        if (action->act == SIM_SESSION_START) {
            watch_session(watch, action);
        } else if (action->act == SIM_TASK_START) {
            watch_task(watch, action);
        } else if (is_mint(action)) {
            watch_mint(watch, action);
        } else if (is_end(action)) {
            watch_end(watch, action);
        } else if (action->act == SIM_USER_REVOKE) {
            watch_user(watch, action);
        } else if (action->act == SIM_SILENCE) {
            see(watch, KIND_SILENT_PAST_LEASE, action->value > watch->plan->size.lease_ms * CURFEW_US_PER_MS);
        }
    }
}

static void every_kind_of_work_occurs(void **state)
{
    /* Goal: over some seeds there is every way to work, right and wrong, and often enough to matter. */
    static struct watch watch;
    int plans[KIND_COUNT] = {0};
    int acts[SIM_CRASH] = {0};
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        bool said[SIM_CRASH] = {false};
        work_of(seed, &plan);
        memset(&watch, 0, sizeof watch);
        watch.plan = &plan;
        watch_plan(&watch);
        for (size_t i = 0; i < plan.count; i++) {
            said[plan.actions[i].act] = true;
        }
        for (int i = 0; i < SIM_CRASH; i++) {
            acts[i] += said[i] ? 1 : 0;
        }
        for (int i = 0; i < KIND_COUNT; i++) {
            plans[i] += watch.seen[i] ? 1 : 0;
        }
        sim_plan_free(&plan);
    }
    for (int i = 0; i < SIM_CRASH; i++) {
        if (acts[i] < SEEDS / 2) {
            fail_msg("%s is in %d plans of %d", sim_act_name((enum sim_act)i), acts[i], SEEDS);
        }
    }
    for (int i = 0; i < KIND_COUNT; i++) {
        if (plans[i] < kinds[i].plans) {
            fail_msg("%s is in %d plans of %d, not %d", kinds[i].what, plans[i], SEEDS, kinds[i].plans);
        }
    }
    assert_true(plans[KIND_LARGE_FAN] <= SEEDS / 10); /* they are slow */
}

static void work_has_a_pace(void **state)
{
    /* Goal: some actions a second, in every plan, and to the end: no world idles, none drowns. */
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        size_t late = 0;
        work_of(seed, &plan);
        const int64_t seconds = plan.size.end_us / S;
        assert_in_range(plan.count, (uintmax_t)(3 * seconds / 2), (uintmax_t)(8 * seconds));
        for (size_t i = 0; i < plan.count; i++) {
            late += plan.actions[i].at_us > plan.size.end_us / 2 ? 1 : 0;
        }
        assert_true(late > plan.count / 4);
        sim_plan_free(&plan);
    }
}

/* A token minted under it before, whose life is not over: what the end is about. */
static bool closes_something(const struct sim_plan *plan, const struct sim_action *end)
{
    for (const struct sim_action *mint = plan->actions; mint < end; mint++) {
        if (is_mint(mint) && mint->session == end->session &&
            (end->act == SIM_SESSION_END || mint->task == end->task) && mint->at_us + mint->life_s * S > end->at_us) {
            return true;
        }
    }
    return false;
}

static void ends_come_while_tokens_live(void **state)
{
    /* Goal: most ends close something, so that a hop that misses one is seen to. */
    int ends = 0;
    int closing = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        work_of(seed, &plan);
        for (size_t i = 0; i < plan.count; i++) {
            const bool end = is_end(&plan.actions[i]);
            ends += end ? 1 : 0;
            closing += end && closes_something(&plan, &plan.actions[i]) ? 1 : 0;
        }
        sim_plan_free(&plan);
    }
    assert_true(ends > 10 * SEEDS);
    assert_true(2 * closing > ends);
}

/* A chain of tasks, each under the one before, in session 1. */
static void chain(struct sim_plan *plan, struct sim_world *world, int32_t length)
{
    *plan = (struct sim_plan){.size = {.seed = 7, .lanes = 3}};
    for (int32_t task = 1; task <= length; task++) {
        sim_plan_add(plan, &(struct sim_action){.act = SIM_TASK_START,
                                                .actor = 1,
                                                .session = 1,
                                                .task = task,
                                                .attempt = task + 1,
                                                .parent = task - 1,
                                                .parent_attempt = task == 1 ? 0 : task});
    }
    memset(world, 0, sizeof *world);
    world->plan = plan;
    world->sessions[1] = (struct sim_session_facts){2, 3, SIM_T0_US, SIM_T0_US + 100 * S};
}

static void claims_hang_on_what_was_started(void **state)
{
    /* Goal: a token says its ancestors root first with their attempts; deeper than a token can say there is none. */
    static struct sim_world world;
    struct sim_plan plan;
    struct sim_words words = {.now_us = SIM_T0_US};
    struct curfew_claims claims;
    struct sim_action mint = {.act = SIM_MINT, .actor = 1, .session = 1, .task = CURFEW_PATH_MAX, .life_s = 10};
    (void)state;
    chain(&plan, &world, CURFEW_PATH_MAX + 1);
    mint.attempt = CURFEW_PATH_MAX + 1;
    assert_true(sim_actor_claims(&world, &mint, 5, &words, &claims));
    assert_int_equal(claims.path.count, CURFEW_PATH_MAX);
    const struct curfew_path_step *steps = claims.path.items;
    for (int32_t i = 0; i < CURFEW_PATH_MAX; i++) {
        assert_int_equal(sim_number_of("task-", steps[i].task), i + 1);
        assert_int_equal(steps[i].attempt, i + 2);
    }
    assert_int_equal(sim_session_number(claims.session), 1);
    assert_int_equal(sim_number_of("token-", claims.jti), 5);
    assert_int_equal(sim_number_of("user-", claims.user), 3);
    assert_int_equal(claims.auth_us, SIM_T0_US);
    mint.task = CURFEW_PATH_MAX + 1;
    mint.attempt = CURFEW_PATH_MAX + 2;
    assert_false(sim_actor_claims(&world, &mint, 5, &words, &claims));
    mint.session = 2; /* nobody started it */
    mint.task = 0;
    assert_false(sim_actor_claims(&world, &mint, 5, &words, &claims));
    sim_plan_free(&plan);
}

static void an_issuer_keeps_to_the_deadline_unless_its_clock_is_wrong(void **state)
{
    /* Goal: whole seconds, cut at the session's deadline; a wrong clock shifts both ends and cuts nothing. */
    static struct sim_world world;
    struct sim_plan plan;
    struct sim_words words = {.now_us = SIM_T0_US + 50 * S + 7};
    struct curfew_claims claims;
    struct sim_action mint = {.act = SIM_MINT, .actor = 1, .session = 1, .life_s = 60};
    (void)state;
    chain(&plan, &world, 1);
    assert_true(sim_actor_claims(&world, &mint, 5, &words, &claims));
    assert_int_equal(claims.path.count, 0);
    assert_int_equal(claims.issued_us, SIM_T0_US + 50 * S);
    assert_int_equal(claims.expires_us, SIM_T0_US + 100 * S);
    mint.value = 20 * S;
    assert_true(sim_actor_claims(&world, &mint, 5, &words, &claims));
    assert_int_equal(claims.issued_us, SIM_T0_US + 70 * S);
    assert_int_equal(claims.expires_us, SIM_T0_US + 130 * S);
    sim_plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_valid_and_read_back),
        cmocka_unit_test(a_session_name_routes_itself_and_reads_back),
        cmocka_unit_test(what_is_no_name_has_no_number),
        cmocka_unit_test(the_same_dice_say_the_same_work),
        cmocka_unit_test(work_stays_within_bounds_and_in_order),
        cmocka_unit_test(a_token_number_is_minted_once),
        cmocka_unit_test(one_or_two_actors_work_on_a_session),
        cmocka_unit_test(every_kind_of_work_occurs),
        cmocka_unit_test(work_has_a_pace),
        cmocka_unit_test(ends_come_while_tokens_live),
        cmocka_unit_test(claims_hang_on_what_was_started),
        cmocka_unit_test(an_issuer_keeps_to_the_deadline_unless_its_clock_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
