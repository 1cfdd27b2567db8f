/* sim_store_link: a call to the simulated Redis is answered, or given up after a second and done all the same. */
#include "tests/sim/store_link.h"
#include "tests/sim/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define MS INT64_C(1000)
#define T0 (1800000000 * S)
#define CALLS 16 /* that may be on their way at once */

static struct sim_plan plan;
static struct sim_world world;
static struct sim_store_link *link_to_redis;
static int heard;
static char last[128]; /* heard; "nothing": no answer */

static void hear(void *context, const char *answer)
{
    assert_ptr_equal(context, &world);
    heard++;
    snprintf(last, sizeof(last), "%s", answer == NULL ? "nothing" : answer);
}

static int set_up(void **state)
{
    (void)state;
    plan = (struct sim_plan){.size = {.seed = 7}};
    world = (struct sim_world){.plan = &plan, .now_us = T0};
    sim_trace_begin(&world.trace, NULL, T0);
    world.store = sim_store_create();
    link_to_redis = sim_store_link_create(&world, "hop-0", hear, &world);
    heard = 0;
    last[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_store_link_destroy(link_to_redis);
    sim_store_destroy(world.store);
    sim_agenda_free(&world.agenda);
    return 0;
}

/* All that is due until then is done. */
static void pass(int64_t us)
{
    const int64_t until_us = world.now_us + us;
    while (world.agenda.count > 0) {
        struct sim_entry entry;
        assert_true(sim_agenda_take(&world.agenda, &entry));
        if (entry.at_us > until_us) {
            sim_agenda_put(&world.agenda, entry.at_us, entry.deed, entry.context, entry.argument);
            break;
        }
        world.now_us = entry.at_us;
        entry.deed(entry.context, entry.argument);
    }
    world.now_us = until_us;
}

/* Joins under an epoch, as hop-0 does. What was handed over may go at once. */
static void send(const char *epoch)
{
    char text[8][32] = {"1", "curfew:{0}:meta", "join", "curfew:{0}", "hop-0", "boot 1", "", ""};
    struct curfew_slice words[8];
    snprintf(text[7], sizeof(text[7]), "%s", epoch);
    for (int i = 0; i < 8; i++) {
        words[i] = curfew_slice_of(text[i]);
    }
    sim_store_link_send(link_to_redis, &(struct curfew_cache_call){words, 8});
    memset(text, 'x', sizeof(text));
    assert_true(sim_store_link_busy(link_to_redis));
}

/* The epoch of Redis now, when it has one; else `otherwise` becomes it. */
static const char *epoch_or(const char *otherwise)
{
    const char *text[8] = {"1", "curfew:{0}:meta", "join", "curfew:{0}", "hop-1", "boot 1", "", otherwise};
    struct curfew_slice words[8];
    for (int i = 0; i < 8; i++) {
        words[i] = curfew_slice_of(text[i]);
    }
    return sim_store_call(world.store, &(struct curfew_cache_call){words, 8}, world.now_us);
}

static void test_a_call_is_answered_soon(void **state)
{
    /* Goal: there and back take a moment each, and the answer is heard once. */
    (void)state;
    send("a.1");
    assert_int_equal(heard, 0);
    pass(5 * MS);
    assert_int_equal(heard, 1);
    assert_string_equal(last, "joined a.1");
    assert_false(sim_store_link_busy(link_to_redis));
    pass(5 * S);
    assert_int_equal(heard, 1); /* not given up as well */
    assert_int_equal(world.late_calls, 0);
}

static void test_a_slow_call_is_given_up_and_done(void **state)
{
    /* Goal: after a second nobody waits; the next call may overtake; what was sent is done when it gets there. */
    (void)state;
    world.store_slow_us = 3 * S;
    world.store_slow_until_us = T0 + S / 2;
    send("a.1");
    pass(S - 1);
    assert_int_equal(heard, 0);
    pass(1);
    assert_string_equal(last, "nothing");
    send("a.2");
    pass(5 * MS);
    assert_int_equal(heard, 2);
    assert_string_equal(last, "joined a.2");
    sim_store_flush(world.store);
    pass(3 * S);
    assert_int_equal(heard, 2);
    assert_int_equal(world.late_calls, 1);
    assert_string_equal(epoch_or("b.1"), "joined a.1");
}

static void test_away_it_refuses_or_holds_up(void **state)
{
    /* Goal: of many calls to a Redis that is away some are refused, some held up: all heard of as nothing, and what
     * was held up is done once it is back, not before. */
    (void)state;
    int refused = 0;
    world.store_gone_until_us = T0 + 60 * S;
    for (int i = 0; i < CALLS; i++) {
        send("a.1");
        pass(200 * MS);
        refused += heard;
        pass(S);
        assert_int_equal(heard, 1);
        assert_string_equal(last, "nothing");
        heard = 0;
    }
    assert_in_range(refused, 1, CALLS - 1);
    assert_int_equal(world.late_calls, 0);
    assert_string_equal(epoch_or("b.1"), "joined b.1");
    sim_store_flush(world.store);
    pass(60 * S);
    assert_int_equal(heard, 0);
    assert_int_equal(world.late_calls, CALLS - refused);
    assert_string_equal(epoch_or("b.1"), "joined a.1");
}

static void test_an_answer_is_lost_when_it_goes_away(void **state)
{
    /* Goal: a call may be done, and its answer not come through. */
    (void)state;
    int lost = 0;
    for (int i = 0; i < 40; i++) {
        const int64_t begun_us = world.now_us;
        send("a.1");
        pass(i * 50);
        world.store_gone_until_us = world.now_us + S;
        pass(4 * S);
        lost += strcmp(last, "nothing") == 0 && strcmp(epoch_or("b.1"), "joined a.1") == 0 ? 1 : 0;
        sim_store_flush(world.store);
        world.now_us = begun_us + 10 * S;
    }
    assert_int_equal(heard, 40);
    assert_in_range(lost, 1, 39);
}

static void test_what_a_killed_hop_sent_is_done(void **state)
{
    /* Goal: the next start hears nothing of it, and it is done. */
    (void)state;
    send("a.1");
    sim_store_link_forget(link_to_redis);
    assert_false(sim_store_link_busy(link_to_redis));
    pass(5 * S);
    assert_int_equal(heard, 0);
    assert_int_equal(world.late_calls, 1);
    assert_string_equal(epoch_or("b.1"), "joined a.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_call_is_answered_soon, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slow_call_is_given_up_and_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_away_it_refuses_or_holds_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_answer_is_lost_when_it_goes_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_killed_hop_sent_is_done, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
