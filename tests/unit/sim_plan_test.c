/* sim_plan: a plan is its seed's alone, can be kept as text, mends what it breaks, and shrinks to what a failure needs.
 */
#include "core/bus.h"
#include "tests/sim/minimise.h"
#include "tests/sim/plan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 300
#define SEEDS_FOR_KINDS 500
#define SECOND INT64_C(1000000)
#define HUNT_TRIES 2000

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

static enum curfew_status read_text(const char *text, struct sim_plan *plan, struct curfew_error *error)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    FILE *in = fmemopen(copy, strlen(copy), "r");
    assert_non_null(in);
    *error = (struct curfew_error){.status = CURFEW_OK};
    enum curfew_status status = sim_plan_read(in, plan, error);
    (void)fclose(in);
    free(copy);
    return status;
}

static void assert_same_action(const struct sim_action *left, const struct sim_action *right)
{
    assert_int_equal(left->at_us, right->at_us);
    assert_int_equal(left->act, right->act);
    assert_int_equal(left->process, right->process);
    assert_int_equal(left->actor, right->actor);
    assert_int_equal(left->broker, right->broker);
    assert_int_equal(left->topic, right->topic);
    assert_int_equal(left->lane, right->lane);
    assert_int_equal(left->session, right->session);
    assert_int_equal(left->task, right->task);
    assert_int_equal(left->attempt, right->attempt);
    assert_int_equal(left->parent, right->parent);
    assert_int_equal(left->parent_attempt, right->parent_attempt);
    assert_int_equal(left->user, right->user);
    assert_int_equal(left->token, right->token);
    assert_int_equal(left->holder, right->holder);
    assert_int_equal(left->count, right->count);
    assert_int_equal(left->life_s, right->life_s);
    assert_int_equal(left->value, right->value);
}

static void assert_same_plan(const struct sim_plan *left, const struct sim_plan *right)
{
    assert_int_equal(left->size.seed, right->size.seed);
    assert_int_equal(left->size.lanes, right->size.lanes);
    assert_int_equal(left->size.coordinators, right->size.coordinators);
    assert_int_equal(left->size.hops, right->size.hops);
    assert_int_equal(left->size.actors, right->size.actors);
    assert_int_equal(left->size.lease_ms, right->size.lease_ms);
    assert_int_equal(left->size.token_life_ms, right->size.token_life_ms);
    assert_int_equal(left->size.restate_ms, right->size.restate_ms);
    assert_int_equal(left->size.session_life_ms, right->size.session_life_ms);
    assert_int_equal(left->size.calm_us, right->size.calm_us);
    assert_int_equal(left->size.end_us, right->size.end_us);
    assert_int_equal(left->count, right->count);
    for (size_t i = 0; i < left->count; i++) {
        assert_same_action(&left->actions[i], &right->actions[i]);
    }
}

static void what_is_printed_reads_back_the_same(void **state)
{
    /* Goal: every field of the plans of 300 seeds survives being printed and read, and so does the text itself. */
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct sim_plan plan;
        struct sim_plan again;
        struct curfew_error error;
        sim_plan_of(seed, &plan);
        assert_true(plan.count > 0);
        char *text = printed(&plan);
        assert_int_equal(read_text(text, &again, &error), CURFEW_OK);
        assert_same_plan(&plan, &again);
        char *second = printed(&again);
        assert_string_equal(text, second);
        free(second);
        free(text);
        sim_plan_free(&again);
        sim_plan_free(&plan);
    }
}

static void a_seed_makes_one_plan_and_another_seed_another(void **state)
{
    /* Goal: nothing but the seed enters a plan, whatever was planned in between; and the seed does enter. */
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim_plan first;
        struct sim_plan between;
        struct sim_plan again;
        sim_plan_of(seed, &first);
        sim_plan_of(seed + 1, &between);
        sim_plan_of(seed, &again);
        assert_same_plan(&first, &again);
        between.size.seed = first.size.seed;
        char *one = printed(&first);
        char *other = printed(&between);
        assert_string_not_equal(one, other);
        free(other);
        free(one);
        sim_plan_free(&again);
        sim_plan_free(&between);
        sim_plan_free(&first);
    }
}

static void a_copy_is_the_same_and_apart(void **state)
{
    /* Goal: a copy holds all of a plan and none of its memory. */
    struct sim_plan plan;
    (void)state;
    sim_plan_of(7, &plan);
    struct sim_plan copy = sim_plan_copy(&plan);
    assert_same_plan(&plan, &copy);
    const int64_t before = plan.actions[0].value;
    copy.actions[0].value = before + 1;
    assert_int_equal(plan.actions[0].value, before);
    sim_plan_free(&plan);
    assert_null(plan.actions);
    assert_int_equal(copy.actions[0].value, before + 1);
    sim_plan_free(&copy);
}

static void sorting_keeps_what_is_at_the_same_time_in_order(void **state)
{
    /* Goal: actions come out by time, and those of one time as they were put in. */
    static const int64_t times[] = {5, 3, 5, 1, 3, 5, 1, 0};
    static const int32_t expected[] = {8, 4, 7, 2, 5, 1, 3, 6}; /* numbers as put in, from 1 */
    struct sim_plan plan = {.actions = NULL};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        sim_plan_add(&plan, &(struct sim_action){.at_us = times[i], .act = SIM_CRASH, .count = (int32_t)i + 1});
    }
    sim_plan_sort(&plan);
    for (size_t i = 0; i < plan.count; i++) {
        assert_int_equal(plan.actions[i].count, expected[i]);
    }
    sim_plan_free(&plan);
}

static void sizes_are_those_that_were_meant(void **state)
{
    /* Goal: every size lies within its bounds, and both large and small worlds come up. */
    int large = 0;
    int single = 0;
    int seldom = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS_FOR_KINDS; seed++) {
        struct sim_plan plan;
        sim_plan_of(seed, &plan);
        const struct sim_size *size = &plan.size;
        assert_int_equal(size->seed, seed);
        assert_in_range(size->lanes, 2, SIM_LANES_MAX);
        assert_in_range(size->coordinators, 1, SIM_COORDINATORS_MAX);
        assert_true((size->hops >= 2 && size->hops <= 6) || (size->hops >= 24 && size->hops <= SIM_HOPS_MAX));
        assert_in_range(size->actors, 2, SIM_ACTORS_MAX);
        assert_in_range(size->lease_ms, 4000, 20000);
        assert_in_range(size->token_life_ms, 30000, 120000);
        assert_true((size->restate_ms >= 15000 && size->restate_ms < 34000) || size->restate_ms == 600000);
        for (size_t i = 0; i < plan.count && size->restate_ms == 600000; i++) { /* only a resync would mend it */
            assert_false(plan.actions[i].act == SIM_RETENTION && plan.actions[i].topic == CURFEW_TOPIC_REVOCATIONS);
        }
        seldom += size->restate_ms == 600000;
        assert_in_range(size->session_life_ms, 60000, 600000);
        assert_in_range(size->end_us, 90 * SECOND, 240 * SECOND);
        assert_int_equal(size->calm_us, size->end_us - 45 * SECOND);
        large += size->hops >= 24;
        single += size->coordinators == 1;
        sim_plan_free(&plan);
    }
    assert_in_range(large, 8, 40); /* 1 in 25 */
    assert_in_range(single, 100, 240); /* 1 in 3 */
    assert_in_range(seldom, 80, 200); /* 7 in 26 */
}

static void every_kind_of_fault_occurs_and_some_worlds_have_none(void **state)
{
    /* Goal: 500 seeds break everything that can be broken; about one world in ten is whole. */
    int64_t worlds[SIM_ACT_COUNT] = {0};
    int whole = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS_FOR_KINDS; seed++) {
        struct sim_plan plan;
        bool seen[SIM_ACT_COUNT] = {false};
        size_t faults = 0;
        sim_plan_of(seed, &plan);
        for (size_t i = 0; i < plan.count; i++) {
            seen[plan.actions[i].act] = true;
            faults += sim_act_is_fault(plan.actions[i].act);
        }
        for (int act = 0; act < SIM_ACT_COUNT; act++) {
            worlds[act] += seen[act];
        }
        whole += faults == 0;
        sim_plan_free(&plan);
    }
    for (int act = 0; act < SIM_ACT_COUNT; act++) {
        if (worlds[act] == 0) {
            fail_msg("in %d worlds there is no %s", SEEDS_FOR_KINDS, sim_act_name((enum sim_act)act));
        }
    }
    assert_in_range(whole, 20, 90);
    assert_in_range(worlds[SIM_RECREATE], 10, 60); /* about 1 in 15 */
}

/* When what an action broke is whole again by itself. What an opposite action, or calm, has to mend: at once. */
static int64_t mended_us(const struct sim_action *action)
{
    switch (action->act) {
    case SIM_CRASH:
    case SIM_SUSPEND:
    case SIM_DELAY:
    case SIM_BLACKHOLE:
    case SIM_LOSE_ACKS:
    case SIM_BROKER_DOWN:
    case SIM_STALL:
    case SIM_REDIS_SLOW:
    case SIM_REDIS_GONE:
        return action->at_us + action->value;
    default:
        return action->at_us;
    }
}

static void everything_is_mended_before_calm(void **state)
{
    /* Goal: no fault begins before 1 s or lasts into calm; every clock, of machines and brokers, ends up right. */
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS_FOR_KINDS; seed++) {
        struct sim_plan plan;
        int64_t process_error[SIM_COORDINATORS_MAX + SIM_HOPS_MAX + SIM_ACTORS_MAX] = {0};
        int64_t broker_error[SIM_BROKERS] = {0};
        sim_plan_of(seed, &plan);
        for (size_t i = 0; i < plan.count; i++) {
            const struct sim_action *action = &plan.actions[i];
            if (!sim_act_is_fault(action->act)) {
                continue;
            }
            assert_true(action->at_us >= SECOND);
            assert_true(mended_us(action) >= action->at_us && mended_us(action) < plan.size.calm_us);
            if (action->act == SIM_CLOCK) {
                process_error[action->process] += action->value;
            } else if (action->act == SIM_BROKER_CLOCK) {
                broker_error[action->broker] = action->value;
            }
        }
        for (size_t i = 0; i < sizeof process_error / sizeof process_error[0]; i++) {
            assert_int_equal(process_error[i], 0);
        }
        for (size_t i = 0; i < SIM_BROKERS; i++) {
            assert_int_equal(broker_error[i], 0);
        }
        sim_plan_free(&plan);
    }
}

static void a_fault_names_a_place_that_is_there(void **state)
{
    /* Goal: faults hit processes, brokers and logs of the world. Retention spares what coordinators replay, but for one
     * lane's head shortly before calm, where there are coordinators that have read it. */
    int heads = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS_FOR_KINDS; seed++) {
        struct sim_plan plan;
        int gone = 0;
        sim_plan_of(seed, &plan);
        const struct sim_size *size = &plan.size;
        for (size_t i = 0; i < plan.count; i++) {
            const struct sim_action *action = &plan.actions[i];
            if (!sim_act_is_fault(action->act)) {
                continue;
            }
            const bool control = action->topic == CURFEW_TOPIC_CONTROL;
            const bool of_log = action->act == SIM_LEADER_CHANGE || action->act == SIM_UNCLEAN ||
                                action->act == SIM_STALL || action->act == SIM_RETENTION;
            assert_in_range(action->process, 0, size->coordinators + size->hops + size->actors - 1);
            assert_in_range(action->broker, 0, SIM_BROKERS - 1);
            assert_in_range(action->topic, CURFEW_TOPIC_CONTROL, CURFEW_TOPIC_ANSWERS);
            assert_in_range(action->lane, of_log && action->topic == CURFEW_TOPIC_LIFECYCLE ? 1 : 0,
                            of_log && control ? 0 : size->lanes - 1);
            assert_false(action->act == SIM_RETENTION && control);
            if (action->act == SIM_RETENTION && action->topic == CURFEW_TOPIC_LIFECYCLE) {
                gone++;
                assert_true(size->coordinators > 1 && action->at_us > size->calm_us - 5 * SECOND);
            }
            assert_false(action->act == SIM_UNCLEAN && (action->count < 1 || action->count > 20));
        }
        assert_in_range(gone, 0, 1);
        heads += gone;
        sim_plan_free(&plan);
    }
    assert_in_range(heads, SEEDS_FOR_KINDS / 50, SEEDS_FOR_KINDS / 3);
}

#define SIZE                                                                                                           \
    "size seed=1 lanes=2 coordinators=1 hops=1 actors=1 lease_ms=4000 token_life_ms=30000 restate_ms=15000 "           \
    "session_life_ms=60000 calm_us=5000000 end_us=6000000\n"
#define GOOD "1.500000 crash process=2 value=5\n"

static void hops_are_asked_in_worlds_that_break_and_before_calm(void **state)
{
    /* Goal: who is asked on purpose is a hop, for a while that ends before calm; most worlds with faults have that. */
    int broken = 0;
    int asked = 0;
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS_FOR_KINDS; seed++) {
        struct sim_plan plan;
        bool faults = false;
        bool asks = false;
        sim_plan_of(seed, &plan);
        for (size_t i = 0; i < plan.count; i++) {
            const struct sim_action *action = &plan.actions[i];
            faults = faults || sim_act_is_fault(action->act);
            if (action->act == SIM_ASK) {
                asks = true;
                assert_in_range(action->process, plan.size.coordinators, plan.size.coordinators + plan.size.hops - 1);
                assert_true(action->value > 0 && action->at_us + action->value < plan.size.calm_us);
                assert_true(action->count > 0);
            }
        }
        assert_false(asks && !faults);
        broken += faults;
        asked += asks;
        sim_plan_free(&plan);
    }
    assert_in_range(asked, broken * 9 / 10, broken);
}

static void what_is_no_plan_is_refused_with_its_line(void **state)
{
    /* Goal: each of these is refused as not valid, and the text names the line. */
    static const struct {
        const char *text;
        const char *where;
    } cases[] = {
        {"", "size"},
        {"# only a comment\n", "size"},
        {GOOD, "line 1"},
        {"size seed=1 lanes=2\n", "line 1"},
        {"size seed=1 lanes=9 coordinators=1 hops=1 actors=1 lease_ms=4000 token_life_ms=30000 restate_ms=15000 "
         "session_life_ms=60000 calm_us=5000000 end_us=6000000\n",
         "line 1"},
        {"size seed=1 lanes=2 coordinators=1 hops=1 actors=1 lease_ms=4000 token_life_ms=30000 restate_ms=15000 "
         "session_life_ms=60000 calm_us=6000000 end_us=6000000\n",
         "line 1"},
        {SIZE GOOD "1.600000 nonsense\n", "line 3"},
        {SIZE "# a comment counts as a line\n\n1.600000 crash nonsense=1\n", "line 4"},
        {SIZE "1.600000\n", "line 2"},
        {SIZE "soon crash\n", "line 2"},
        {SIZE "-1.000000 crash\n", "line 2"},
        {SIZE "1.600000 crash value\n", "line 2"},
        {SIZE "1.600000 crash value=\n", "line 2"},
        {SIZE "1.600000 crash value=5x\n", "line 2"},
        {SIZE "1.600000 crash process=-1\n", "line 2"},
        {SIZE "1.600000 crash process=3\n", "line 2"},
        {SIZE "1.600000 crash process=99999999999\n", "line 2"},
        {SIZE "1.600000 broker-down broker=3\n", "line 2"},
        {SIZE "1.600000 stall topic=7\n", "line 2"},
        {SIZE "1.600000 stall topic=2 lane=2\n", "line 2"},
        {SIZE "1.600000 session-start session=1 lane=1\n", "line 2"},
        {SIZE "1.600000 session-start actor=2 session=1 lane=1\n", "line 2"},
        {SIZE "1.600000 session-start actor=1 session=65 lane=1\n", "line 2"},
        {SIZE "1.600000 task-start actor=1 session=1 task=65\n", "line 2"},
        {SIZE "1.600000 fan-out actor=1 session=1 token=16000 count=400\n", "line 2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_plan plan;
        struct curfew_error error;
        const char *text = cases[i].text[0] == '\0' ? "\n" : cases[i].text; /* fmemopen takes no empty file */
        if (read_text(text, &plan, &error) != CURFEW_INVALID) {
            fail_msg("taken for a plan: %s", text);
        }
        assert_int_equal(error.status, CURFEW_INVALID);
        if (strstr(error.text, cases[i].where) == NULL) {
            fail_msg("'%s' does not say '%s' of: %s", error.text, cases[i].where, text);
        }
        assert_null(plan.actions);
    }
}

static void comments_and_empty_lines_are_passed_over(void **state)
{
    /* Goal: a kept regression, with its comments before and behind, is the plan alone. */
    struct sim_plan plan;
    struct curfew_error error;
    (void)state;
    assert_int_equal(read_text("# I2: why\n\n" SIZE GOOD "\n# what happens in it\n", &plan, &error), CURFEW_OK);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.actions[0].at_us, 1500000);
    assert_int_equal(plan.actions[0].act, SIM_CRASH);
    assert_int_equal(plan.actions[0].process, 2);
    assert_int_equal(plan.actions[0].value, 5);
    sim_plan_free(&plan);
}

/* A failure that needs: a crash of process 1, later a mint of token 40, and `coordinators` of at least `least`. */
struct needs {
    int32_t least;
    int asked;
};

static bool crash_then_mint(void *context, const struct sim_plan *plan)
{
    struct needs *needs = context;
    bool crashed = false;
    needs->asked++;
    for (size_t i = 0; i < plan->count; i++) {
        const struct sim_action *action = &plan->actions[i];
        crashed = crashed || (action->act == SIM_CRASH && action->process == 1 && action->count >= 7);
        if (crashed && action->act == SIM_MINT && action->token == 40) {
            return plan->size.coordinators >= needs->least;
        }
    }
    return false;
}

/* 200 actions, among them the two; every crash handles 100 inputs first. */
static struct sim_plan haystack(void)
{
    struct sim_plan plan;
    sim_plan_of(1, &plan);
    plan.size.coordinators = 3;
    plan.count = 0;
    for (int32_t i = 0; i < 200; i++) {
        struct sim_action action = {.at_us = SECOND + i * 1000, .act = SIM_MINT, .actor = 1, .token = 1000 + i};
        if (i % 9 == 0) {
            action = (struct sim_action){.at_us = action.at_us, .act = SIM_CRASH, .process = 2, .count = 100};
        }
        action.process = i == 63 ? 1 : action.process;
        action.token = i == 151 ? 40 : action.token;
        sim_plan_add(&plan, &action);
    }
    return plan;
}

static void a_failure_shrinks_to_what_it_needs(void **state)
{
    /* Goal: of 200 actions the two that matter stay, in order, and numbers become small without losing the failure. */
    struct sim_plan plan = haystack();
    struct needs needs = {.least = 2};
    (void)state;
    assert_true(crash_then_mint(&needs, &plan));
    needs.asked = 0;
    const int tries = sim_minimise_plan(&plan, crash_then_mint, &needs, HUNT_TRIES);
    assert_int_equal(tries, needs.asked);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.actions[0].act, SIM_CRASH);
    assert_int_equal(plan.actions[0].process, 1);
    assert_in_range(plan.actions[0].count, 7, 13); /* one more halving would lose it */
    assert_int_equal(plan.actions[1].token, 40);
    assert_int_equal(plan.size.coordinators, 2);
    assert_true(crash_then_mint(&needs, &plan));
    sim_plan_free(&plan);
}

static bool always(void *context, const struct sim_plan *plan)
{
    (void)plan;
    ++*(int *)context;
    return true;
}

static bool never(void *context, const struct sim_plan *plan)
{
    (void)plan;
    ++*(int *)context;
    return false;
}

static void what_needs_nothing_becomes_empty_and_what_needs_all_stays(void **state)
{
    /* Goal: the two extremes: all goes, or nothing changes. */
    int asked = 0;
    struct sim_plan plan = haystack();
    (void)state;
    (void)sim_minimise_plan(&plan, always, &asked, HUNT_TRIES);
    assert_int_equal(plan.count, 0);
    assert_int_equal(plan.size.coordinators, 1);
    sim_plan_free(&plan);

    plan = haystack();
    struct sim_plan before = sim_plan_copy(&plan);
    (void)sim_minimise_plan(&plan, never, &asked, HUNT_TRIES);
    assert_same_plan(&plan, &before);
    sim_plan_free(&before);
    sim_plan_free(&plan);
}

static void the_bound_on_tries_holds_and_leaves_a_failing_plan(void **state)
{
    /* Goal: however few tries there are, no more are made, and what is left still fails. */
    (void)state;
    for (int tries = 0; tries <= 60; tries++) {
        struct sim_plan plan = haystack();
        struct needs needs = {.least = 1};
        assert_in_range(sim_minimise_plan(&plan, crash_then_mint, &needs, tries), 0, tries);
        assert_in_range(needs.asked, 0, tries);
        assert_true(crash_then_mint(&needs, &plan));
        sim_plan_free(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_reads_back_the_same),
        cmocka_unit_test(a_seed_makes_one_plan_and_another_seed_another),
        cmocka_unit_test(a_copy_is_the_same_and_apart),
        cmocka_unit_test(sorting_keeps_what_is_at_the_same_time_in_order),
        cmocka_unit_test(sizes_are_those_that_were_meant),
        cmocka_unit_test(every_kind_of_fault_occurs_and_some_worlds_have_none),
        cmocka_unit_test(everything_is_mended_before_calm),
        cmocka_unit_test(a_fault_names_a_place_that_is_there),
        cmocka_unit_test(hops_are_asked_in_worlds_that_break_and_before_calm),
        cmocka_unit_test(what_is_no_plan_is_refused_with_its_line),
        cmocka_unit_test(comments_and_empty_lines_are_passed_over),
        cmocka_unit_test(a_failure_shrinks_to_what_it_needs),
        cmocka_unit_test(what_needs_nothing_becomes_empty_and_what_needs_all_stays),
        cmocka_unit_test(the_bound_on_tries_holds_and_leaves_a_failing_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
