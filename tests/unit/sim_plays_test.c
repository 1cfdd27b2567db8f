/* sim_plays: rare work and the scenes for coordinators: each kind is in enough worlds to matter, keeps to numbers of
 * its own, and leaves what was planned before it as it was. */
#include "core/bus.h"
#include "core/clock.h"
#include "tests/sim/plan_play.h"
#include <curfew/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 300
#define S CURFEW_US_PER_S
#define ATTEMPT_STEP 1000
#define MESSAGE_TIMEOUT_US (30 * S)

/* A world's size and work, with faults when `faults`. */
static void begun(uint64_t seed, bool faults, struct sim_plan *plan)
{
    struct sim_plan whole;
    struct sim_dice work = sim_dice_of(seed, "work");
    struct sim_dice breaking = sim_dice_of(seed, "faults");
    sim_plan_of(seed, &whole);
    *plan = (struct sim_plan){.size = whole.size};
    sim_plan_free(&whole);
    sim_plan_work(plan, &work);
    if (faults) {
        sim_plan_faults(plan, &breaking);
    }
}

/* What a maker adds to a plan, apart and in order; the plan itself is gone. */
static void added(struct sim_plan *plan, uint64_t seed, void (*make)(struct sim_plan *plan, struct sim_dice *dice),
                  struct sim_plan *more)
{
    struct sim_dice dice = sim_dice_of(seed, "plays");
    struct sim_plan before = sim_plan_copy(plan);
    make(plan, &dice);
    *more = (struct sim_plan){.size = plan->size};
    assert_true(plan->count >= before.count);
    for (size_t i = 0; i < plan->count; i++) {
        if (i < before.count) {
            assert_memory_equal(&plan->actions[i], &before.actions[i], sizeof before.actions[i]);
        } else {
            sim_plan_add(more, &plan->actions[i]);
        }
    }
    sim_plan_sort(more);
    sim_plan_free(&before);
    sim_plan_free(plan);
}

static void a_play_takes_numbers_of_its_own(void **state)
{
    /* Goal: its session is new and not the one nobody starts; its tokens come after all others, a fan-out's too. */
    (void)state;
    struct sim_plan plan = {.size = {.seed = 1, .lanes = 3, .coordinators = 1, .hops = 2, .actors = 2}};
    struct sim_dice dice = sim_dice_of(1, "play");
    plan.size.session_life_ms = 60000;
    plan.size.token_life_ms = 30000;
    plan.size.calm_us = 60 * S;
    sim_plan_add(&plan, &(struct sim_action){.act = SIM_SESSION_START, .actor = 1, .session = 7});
    sim_plan_add(&plan, &(struct sim_action){.act = SIM_FAN_OUT, .actor = 1, .session = 7, .token = 40, .count = 10});
    sim_plan_add(&plan, &(struct sim_action){.act = SIM_TASK_END, .actor = 1, .session = SIM_SESSIONS_MAX, .task = 1});
    struct sim_play play = {.plan = &plan, .dice = &dice};
    assert_true(sim_play_begin(&play, S, 600, 0));
    assert_int_equal(play.session, 8);
    assert_in_range(play.lane, 1, 2);
    assert_int_equal(plan.actions[3].life_s, 55); /* as long as a session may live, and a little less */
    sim_play_mint(&play, 2 * S, 0, 0);
    assert_int_equal(plan.actions[4].token, 50);
    plan.actions[0].session = SIM_SESSIONS_MAX - 1;
    assert_false(sim_play_begin(&play, S, 60, 0));
    sim_plan_free(&plan);
}

static void a_play_is_asked_about_before_calm_and_among_faults(void **state)
{
    /* Goal: no asking in a world in which nothing breaks, nor in calm; else as long as wanted, cut at calm. */
    (void)state;
    struct sim_plan plan = {.size = {.seed = 1, .lanes = 2, .coordinators = 2, .hops = 2, .actors = 1}};
    struct sim_dice dice = sim_dice_of(1, "play");
    plan.size.calm_us = 20 * S;
    const struct sim_play play = {.plan = &plan, .dice = &dice, .session = 3};
    sim_play_ask(&play, 2, S, 2 * S);
    assert_int_equal(plan.count, 0);
    sim_plan_add(&plan, &(struct sim_action){.act = SIM_CRASH, .at_us = S, .value = S});
    sim_play_ask(&play, 2, 20 * S, 30 * S);
    assert_int_equal(plan.count, 1);
    sim_play_ask(&play, 3, 5 * S, 6 * S);
    sim_play_ask(&play, 3, 5 * S, 60 * S);
    assert_int_equal(plan.actions[1].value, S);
    assert_true(plan.actions[2].value < 15 * S && plan.actions[2].value > 14 * S);
    assert_true(plan.actions[1].count > 0 && plan.actions[2].count > plan.actions[1].count);
    for (int i = 0; i < 20; i++) {
        assert_in_range(sim_play_any_hop(&play), 2, 3);
    }
    sim_plan_free(&plan);
}

enum rare { RARE_DEEP, RARE_DEEPER, RARE_CHILD_FIRST, RARE_OUTLIVES, RARE_RESUMED, RARE_SKEWED, RARE_LIFE, RARE_COUNT };

struct watch {
    const struct sim_action *starts[SIM_SESSIONS_MAX + 1];
    bool left[SIM_USERS_MAX + 1];
    bool known[SIM_SESSIONS_MAX + 1][SIM_TASKS_MAX + 1];
    int32_t depths[SIM_SESSIONS_MAX + 1][SIM_TASKS_MAX + 1];
};

static void watch_task(struct watch *watch, const struct sim_action *action, bool seen[RARE_COUNT])
{
    int32_t *depths = watch->depths[action->session];
    const struct sim_action *start = watch->starts[action->session];
    assert_non_null(start);
    depths[action->task] = action->parent == 0 ? 1 : depths[action->parent] + 1;
    seen[RARE_DEEP] |= depths[action->task] == CURFEW_PATH_MAX;
    seen[RARE_DEEPER] |= depths[action->task] > CURFEW_PATH_MAX;
    seen[RARE_CHILD_FIRST] |= action->parent != 0 && !watch->known[action->session][action->parent];
    seen[RARE_OUTLIVES] |= watch->left[start->user] && action->attempt > 2;
    watch->known[action->session][action->task] = true;
}

static void watch_action(struct watch *watch, const struct sim_plan *plan, const struct sim_action *action,
                         bool seen[RARE_COUNT])
{
    if (action->act == SIM_SESSION_START) {
        const struct sim_action *start = watch->starts[action->session];
        const int64_t gone_us =
            start == NULL ? 0 : start->at_us + start->life_s * S + plan->size.token_life_ms * CURFEW_US_PER_MS;
        seen[RARE_RESUMED] |= start != NULL && action->at_us > gone_us + S;
        assert_true(start == NULL || action->at_us > gone_us);
        watch->starts[action->session] = start == NULL ? action : start;
    } else if (action->act == SIM_TASK_START) {
        watch_task(watch, action, seen);
    } else if (action->act == SIM_USER_REVOKE) {
        watch->left[action->user] = true;
    } else if (action->act == SIM_MINT) {
        seen[RARE_SKEWED] |= llabs(action->value) > S / 10 && llabs(action->value) < 2 * S;
    } else if (action->act == SIM_SETTINGS) {
        seen[RARE_LIFE] |= action->count != plan->size.token_life_ms;
    }
}

static void every_kind_of_rare_work_occurs(void **state)
{
    /* Goal: each kind is in a tenth of the worlds at least, those without faults too, and none in all. */
    static struct watch watch;
    int worlds[RARE_COUNT] = {0};
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        struct sim_plan more;
        bool seen[RARE_COUNT] = {false};
        begun(seed, seed % 2 == 0, &plan);
        added(&plan, seed, sim_plan_work_rare, &more);
        memset(&watch, 0, sizeof watch);
        for (size_t i = 0; i < more.count; i++) {
            assert_false(sim_act_is_fault(more.actions[i].act));
            assert_true(more.actions[i].at_us >= S / 2 && more.actions[i].at_us < more.size.end_us);
            watch_action(&watch, &more, &more.actions[i], seen);
        }
        for (int i = 0; i < RARE_COUNT; i++) {
            worlds[i] += seen[i] ? 1 : 0;
        }
        sim_plan_free(&more);
    }
    for (int i = 0; i < RARE_COUNT; i++) {
        if (worlds[i] < SEEDS / 10 || worlds[i] > SEEDS / 2) {
            fail_msg("kind %d of rare work is in %d worlds of %d", i, worlds[i], SEEDS);
        }
    }
}

static void a_world_in_which_nothing_breaks_has_no_scene(void **state)
{
    /* Goal: what should work without any fault is lived without any. */
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS / 10; seed++) {
        struct sim_plan plan;
        struct sim_plan more;
        begun(seed, false, &plan);
        added(&plan, seed, sim_plan_scenes_coordinator, &more);
        assert_int_equal(more.count, 0);
        sim_plan_free(&more);
    }
}

enum scene {
    SCENE_ZOMBIES_CHILD,
    SCENE_GIVEN_UP,
    SCENE_TWICE,
    SCENE_STATEMENT_GONE,
    SCENE_HOLDER,
    SCENE_FAST,
    SCENE_HEAD,
    SCENE_COUNT
};

/* Which scene an action can be of alone. */
static enum scene scene_of(const struct sim_plan *plan, const struct sim_action *action)
{
    const int32_t hops_end = plan->size.coordinators + plan->size.hops;
    switch (action->act) {
    case SIM_TASK_START:
        return action->attempt > ATTEMPT_STEP ? SCENE_ZOMBIES_CHILD : SCENE_COUNT;
    case SIM_STALL:
        return action->value > MESSAGE_TIMEOUT_US ? SCENE_GIVEN_UP : SCENE_COUNT;
    case SIM_LOSE_ACKS:
        return action->process < plan->size.coordinators ? SCENE_TWICE : SCENE_COUNT;
    case SIM_RETENTION:
        return action->topic == CURFEW_TOPIC_LIFECYCLE         ? SCENE_HEAD
               : action->life_s * 1000 > plan->size.restate_ms ? SCENE_STATEMENT_GONE
                                                               : SCENE_COUNT;
    case SIM_CLOCK:
        return action->process >= hops_end ? SCENE_HOLDER : SCENE_COUNT;
    case SIM_BROKER_CLOCK:
        return SCENE_FAST;
    default:
        return SCENE_COUNT;
    }
}

static void every_scene_for_coordinators_occurs(void **state)
{
    /* Goal: each scene is in some worlds with faults, and leaves clocks and brokers right before calm. */
    int worlds[SCENE_COUNT] = {0};
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        struct sim_plan more;
        bool seen[SCENE_COUNT + 1] = {false};
        int64_t wrong_us = 0;
        begun(seed, true, &plan);
        added(&plan, seed, sim_plan_scenes_coordinator, &more);
        for (size_t i = 0; i < more.count; i++) {
            const struct sim_action *action = &more.actions[i];
            seen[scene_of(&more, action)] = true;
            wrong_us += action->act == SIM_CLOCK ? action->value : 0;
            assert_true(action->at_us < more.size.calm_us);
        }
        assert_int_equal(wrong_us, 0);
        for (int i = 0; i < SCENE_COUNT; i++) {
            worlds[i] += seen[i] ? 1 : 0;
        }
        sim_plan_free(&more);
    }
    for (int i = 0; i < SCENE_COUNT; i++) {
        if (worlds[i] < SEEDS / 50 || worlds[i] > SEEDS / 2) {
            fail_msg("scene %d is in %d worlds of %d", i, worlds[i], SEEDS);
        }
    }
}

static void agents_are_revoked_while_they_work(void **state)
{
    /* Goal: in some worlds; an agent of its own mints before and after, and its session's actor beside it; a proposal
     * is the first actor's alone. */
    int revoked = 0;
    int proposed = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        struct sim_plan more;
        int mints[2] = {0, 0};
        int32_t agent = 0;
        int64_t at_us = 0;
        begun(seed, seed % 2 == 0, &plan);
        added(&plan, seed, sim_plan_work_standing, &more);
        for (size_t i = 0; i < more.count; i++) {
            const struct sim_action *action = &more.actions[i];
            at_us = action->act == SIM_AGENT_REVOKE ? action->at_us : at_us;
            agent = action->act == SIM_AGENT_REVOKE ? action->agent : agent;
            proposed += action->act == SIM_TENANT_PROPOSE ? 1 : 0;
            assert_true(action->act != SIM_TENANT_PROPOSE || action->actor == 1);
        }
        for (size_t i = 0; i < more.count; i++) {
            const struct sim_action *action = &more.actions[i];
            mints[action->at_us > at_us] += action->act == SIM_MINT && action->agent == agent ? 1 : 0;
        }
        revoked += agent != 0 ? 1 : 0;
        assert_true(agent == 0 || (agent > SIM_ACTORS_MAX && agent <= SIM_AGENTS_MAX));
        assert_true(agent == 0 || (mints[0] > 0 && mints[1] > 1));
        sim_plan_free(&plan);
        sim_plan_free(&more);
    }
    assert_in_range(revoked, SEEDS / 5, 3 * SEEDS / 5);
    assert_in_range(proposed, SEEDS / 10, 2 * SEEDS / 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_play_takes_numbers_of_its_own),
        cmocka_unit_test(a_play_is_asked_about_before_calm_and_among_faults),
        cmocka_unit_test(every_kind_of_rare_work_occurs),
        cmocka_unit_test(agents_are_revoked_while_they_work),
        cmocka_unit_test(a_world_in_which_nothing_breaks_has_no_scene),
        cmocka_unit_test(every_scene_for_coordinators_occurs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
