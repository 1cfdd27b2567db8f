/* sim_oracle: verdicts and releases: the oracle sees each rule of DESIGN broken, and is silent where it is kept. */
#include "oracle_tale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- verdicts --- */

static void test_an_allow_may_be_as_old_as_it_says(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_lives(1);
    tale_session_end(1);
    tale_pass(10 * S);
    tale_allowed(1, 10 * S); /* what it knows may be from before the end */
    tale_fine();
    tale_allowed(1, 10 * S - 2 * MS);
    tale_found("I2");
    tale_judged(1, CURFEW_UNAVAILABLE_NOW, CURFEW_CLASS_STRICT, -1);
    tale_judged(1, CURFEW_NOT_VALID, CURFEW_CLASS_STRICT, -1);
    tale_denied(1, CURFEW_KIND_SESSION);
    tale_fine();
    const struct sim_findings *findings = sim_oracle_findings(tale.oracle);
    assert_int_equal(findings->allows, 3);
    assert_int_equal(findings->denies, 2);
    assert_int_equal(findings->unavailable, 1);
    assert_int_equal(findings->not_valid, 1);
    assert_int_equal(findings->ended, 5);
    assert_int_equal(findings->released, 1);
}

static void test_clocks_too_far_apart_are_no_fault_of_the_hop(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_session_end(1);
    tale_pass(3 * S);
    tale.world.processes[TALE_COORDINATOR].machine.error_us = S; /* the coordinator: 750 ms more than skew */
    tale_allowed(1, 3 * S - 740 * MS);
    tale_fine();
    tale_allowed(1, 3 * S - 760 * MS);
    tale_found("I2");
    tale.world.processes[TALE_HOP].machine.error_us = S; /* and so is the hop */
    tale_allowed(1, 3 * S - 740 * MS);
    tale_found("I2");
}

static void test_an_age_is_of_its_class(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_judged(1, CURFEW_ALLOW, CURFEW_CLASS_STRICT, SIM_STRICT_US);
    tale_judged(1, CURFEW_ALLOW, CURFEW_CLASS_STANDARD, SIM_STANDARD_US);
    tale_judged(1, CURFEW_ALLOW, CURFEW_CLASS_BEST_EFFORT, 100 * SIM_STANDARD_US);
    tale_fine();
    tale_judged(1, CURFEW_ALLOW, CURFEW_CLASS_STRICT, SIM_STRICT_US + 1);
    tale_found("I2");
    tale_judged(1, CURFEW_ALLOW, CURFEW_CLASS_STANDARD, SIM_STANDARD_US + 1);
    tale_found("I2");
    tale_judged(1, CURFEW_ALLOW, CURFEW_CLASS_BEST_EFFORT, -1);
    tale_found("I2");
}

static void read_redis(enum sim_store_answer answer, int64_t age_us)
{
    const struct sim_store_verdict verdict = {.answer = answer, .kind = CURFEW_KIND_SESSION, .age_us = age_us};
    sim_oracle_reader(tale.oracle, 0, &tale.tokens[1].claims, &verdict);
}

static void test_a_reader_of_redis_is_held_to_its_age(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    read_redis(SIM_STORE_ALLOW, 0);
    tale_fine();
    tale_session_end(1);
    tale_pass(5 * S);
    read_redis(SIM_STORE_ALLOW, 5 * S);
    tale_fine();
    read_redis(SIM_STORE_ALLOW, 4 * S);
    tale_found("I2");
}

static void test_redis_denies_only_what_was_ended(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    read_redis(SIM_STORE_UNAVAILABLE, 0);
    read_redis(SIM_STORE_NOT_VALID, 0);
    tale_fine();
    read_redis(SIM_STORE_DENY, 0);
    tale_found("I8");
    tale_session_end(1);
    read_redis(SIM_STORE_DENY, 0);
    tale_fine();
    const struct sim_findings *findings = sim_oracle_findings(tale.oracle);
    assert_int_equal(findings->reads, 4);
    assert_int_equal(findings->read_denies, 2);
    assert_int_equal(findings->read_ended, 0); /* the keys were not good */
}

static void read_fresh(int64_t genesis_us, int64_t as_of_us)
{
    const struct sim_store_verdict verdict = {
        .answer = SIM_STORE_NOT_VALID,
        .fresh = true,
        .session = {.epoch = 1, .as_of_us = as_of_us, .genesis_us = genesis_us},
    };
    sim_oracle_reader(tale.oracle, 0, &tale.tokens[1].claims, &verdict);
}

static void test_freshness_in_redis_is_a_beacons(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    const int64_t offset = tale_tick(0);
    const struct curfew_event event = tale_beacon(offset, tale.world.now_us, -1, CHAIN(0));
    const struct curfew_beacon *beacon = &event.as.beacon;
    read_fresh(beacon->genesis_us, beacon->as_of_us);
    tale_found("I6");
    tale_publish(event);
    read_fresh(beacon->genesis_us, beacon->as_of_us + 1);
    tale_found("I6");
    read_fresh(beacon->genesis_us, beacon->as_of_us);
    tale_fine();
    read_fresh(beacon->genesis_us, beacon->as_of_us + 2);
    tale_found("I6");
    read_fresh(beacon->genesis_us - 1, beacon->as_of_us);
    tale_found("I6");
    assert_int_equal(sim_oracle_findings(tale.oracle)->read_ended, 0);
    tale_session_end(1);
    read_fresh(beacon->genesis_us, beacon->as_of_us + 3);
    tale_found("I6");
    assert_int_equal(sim_oracle_findings(tale.oracle)->read_ended, 1);
}

static void test_calm_heals(void **state)
{
    (void)state;
    sim_oracle_calm(tale.oracle, 0, 1, true, "fresh");
    tale_fine();
    sim_oracle_calm(tale.oracle, 0, 1, false, "stale");
    tale_found("I7");
}

/* --- ends --- */

static void test_attempts(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 0);
    tale_token(1, PATH({1, 1}));
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 0); /* said twice: nothing */
    tale_lives(1);
    tale_task((struct tale_step){1, 2}, (struct tale_step){0}, 0);
    tale_is_over(1, CURFEW_KIND_TASK);
    tale_token(2, PATH({1, 2}));
    tale_lives(2); /* value = floor passes */
    tale_task_end(CURFEW_EVENT_ATTEMPT_ENDED, (struct tale_step){1, 1}); /* a zombie's */
    tale_task_end(CURFEW_EVENT_TASK_ENDED, (struct tale_step){1, 1});
    tale_lives(2);
    tale_task_end(CURFEW_EVENT_ATTEMPT_ENDED, (struct tale_step){1, 2});
    tale_is_over(2, CURFEW_KIND_TASK);
    tale_task((struct tale_step){1, 3}, (struct tale_step){0}, 0);
    tale_token(3, PATH({1, 3}));
    tale_lives(3);
}

static void test_all_below_an_end_is_over(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 0);
    tale_task((struct tale_step){2, 1}, (struct tale_step){1, 1}, 0);
    tale_task((struct tale_step){3, 1}, (struct tale_step){2, 1}, 0);
    tale_task((struct tale_step){4, 1}, (struct tale_step){1, 1}, 0);
    tale_token(1, PATH({1, 1}));
    tale_token(2, PATH({1, 1}, {2, 1}));
    tale_token(3, PATH({1, 1}, {2, 1}, {3, 1}));
    tale_token(4, PATH({1, 1}, {4, 1}));
    tale_task_end(CURFEW_EVENT_TASK_ENDED, (struct tale_step){2, 0}); /* whichever attempt */
    tale_is_over(2, CURFEW_KIND_TASK);
    tale_is_over(3, CURFEW_KIND_TASK);
    tale_lives(1);
    tale_lives(4);
    tale_session_end(1);
    tale_is_over(1, CURFEW_KIND_SESSION);
    tale_is_over(4, CURFEW_KIND_SESSION);
}

static void test_a_token_is_revoked_alone(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_token(2, 0, NULL);
    tale_token_revoke(1);
    tale_is_over(1, CURFEW_KIND_TOKEN);
    tale_lives(2);
}

static void test_a_name_is_revoked_for_as_long_as_a_token_of_now_could_live(void **state)
{
    const int64_t long_us = (TALE_TOKEN_LIFE_MS + SIM_SKEW_MS) * MS;
    (void)state;
    tale_session((struct tale_start){.session = 1, .life_us = 4 * long_us});
    tale_token_revoke(1);
    tale_token_revoke(2); /* before they are minted */
    tale_pass(long_us - 1);
    tale_mint(1, 1, 0, NULL);
    tale_release(1);
    tale_is_over(1, CURFEW_KIND_TOKEN);
    tale_pass(1);
    tale_token(2, 0, NULL); /* another of that name */
    tale_lives(2);
    tale_token_revoke(2);
    tale_is_over(2, CURFEW_KIND_TOKEN);
}

static void test_a_user_is_revoked_up_to_two_skews_from_now(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .user = 1});
    tale_token(1, 0, NULL);
    tale_user_revoke(2, tale.world.now_us);
    tale_user_revoke(1, tale.world.now_us + (SIM_SKEW_MS + 1) * MS); /* refused: a wrong clock */
    tale_lives(1);
    const int64_t said_us = tale.world.now_us;
    tale_user_revoke(1, said_us);
    tale_pass(100 * MS);
    tale_session((struct tale_start){.session = 2, .user = 1, .auth_ago_us = -SIM_SKEW_MS * MS}); /* 350 ms after */
    tale_mint(2, 2, 0, NULL);
    tale_release(2);
    tale_is_over(1, CURFEW_KIND_USER);
    tale_is_over(2, CURFEW_KIND_USER);
    tale_session((struct tale_start){.session = 3, .user = 1}); /* 2.1 s after */
    tale_mint(3, 3, 0, NULL);
    tale_release(3);
    tale_lives(3);
}

static void test_said_twice_a_user_is_revoked_once(void **state)
{
    (void)state;
    const int64_t said_us = tale.world.now_us;
    tale_user_revoke(1, said_us);
    tale_pass(200 * MS);
    tale_user_revoke(1, said_us); /* an appended duplicate */
    tale_pass(500 * MS);
    tale_session((struct tale_start){.session = 1, .user = 1, .auth_ago_us = 150 * MS}); /* 550 ms after the first */
    tale_mint(1, 1, 0, NULL);
    tale_release(1);
    tale_lives(1);
    tale_user_revoke(1, tale.world.now_us); /* another one */
    tale_is_over(1, CURFEW_KIND_USER);
}

static void test_an_agent_is_revoked_and_its_session_goes_on(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale.agent = 5;
    tale_token(1, 0, NULL);
    tale.agent = 6;
    tale_token(2, 0, NULL);
    tale_agent_revoke(5);
    tale_is_over(1, CURFEW_KIND_AGENT);
    tale_lives(2);
    tale.agent = 5;
    tale_mint(1, 3, 0, NULL); /* the lane has not heard of it */
    tale_release(3);
    tale_fine();
    tale_tick(0);
    tale_leaves_wrongly(1, 4, 0, NULL);
    tale.agent = 6;
    tale_token(5, 0, NULL);
    tale_lives(5);
    tale_pass(2 * S);
    tale_session((struct tale_start){.session = 2});
    tale.agent = 5;
    tale_mint(2, 6, 0, NULL); /* whoever logs in later may send it again */
    tale_release(6);
    tale_lives(6);
}

static void test_what_one_operator_proposes_ends_nothing(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_tenant_propose();
    tale_tick(0);
    tale_lives(1);
    tale_denied(1, CURFEW_KIND_TENANT);
    tale_found("I8");
    tale_denied(1, CURFEW_KIND_AGENT); /* it has none */
    tale_found("I8");
}

static void test_an_end_after_the_revocation_is_the_sessions(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_user_revoke(1, tale.world.now_us);
    tale_tick(0);
    tale_denied(1, CURFEW_KIND_SESSION); /* nothing of this lane says so yet */
    tale_found("I8");
    tale_task_end(CURFEW_EVENT_TASK_ENDED, (struct tale_step){1, 0});
    tale_denied(1, CURFEW_KIND_SESSION);
    tale_fine();
}

/* --- what is refused --- */

static void test_sessions_that_never_began(void **state)
{
    (void)state;
    tale_leaves_wrongly(1, 1, 0, NULL); /* nobody started it */
    tale_session((struct tale_start){.session = 2, .auth_ago_us = -(SIM_SKEW_MS + 1) * MS}); /* in the future */
    tale_leaves_wrongly(2, 2, 0, NULL);
    tale_session((struct tale_start){.session = 3, .auth_ago_us = -SIM_SKEW_MS * MS});
    tale_mint(3, 3, 0, NULL);
    tale_release(3);
    tale_session((struct tale_start){.session = 4, .life_us = TALE_SESSION_LIFE_MS * MS + 1});
    tale_leaves_wrongly(4, 4, 0, NULL);
    tale_session((struct tale_start){.session = 5, .auth_ago_us = 10 * S, .life_us = -S}); /* over before it begins */
    tale_leaves_wrongly(5, 5, 0, NULL);
    tale_session_end(3);
    tale_leaves_wrongly(3, 6, 0, NULL);
    tale_session((struct tale_start){.session = 3}); /* no way back */
    tale_leaves_wrongly(3, 7, 0, NULL);
}

static void test_control_is_taken_in_by_ticks(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .user = 1});
    tale_user_revoke(1, tale.world.now_us);
    tale_session((struct tale_start){.session = 2, .user = 1}); /* the lane has not heard of it */
    tale_mint(1, 1, 0, NULL);
    tale_mint(2, 2, 0, NULL);
    tale_release(1);
    tale_release(2);
    tale_is_over(1, CURFEW_KIND_USER); /* the floor stands at once all the same */
    tale_is_over(2, CURFEW_KIND_USER);
    tale_tick(10 * S); /* not a good tick, but control is taken in */
    tale_leaves_wrongly(1, 3, 0, NULL);
    tale_leaves_wrongly(2, 4, 0, NULL);
    tale_session((struct tale_start){.session = 3, .user = 1, .auth_ago_us = 5 * S});
    tale_leaves_wrongly(3, 5, 0, NULL);
    tale_session((struct tale_start){.session = 4, .user = 1});
    tale_mint(4, 6, 0, NULL);
    tale_release(6);
    tale_lives(6);
}

static void test_tasks_that_never_began(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){2, 1}, (struct tale_step){1, 1}, 0); /* no such parent */
    tale_leaves_wrongly(1, 1, PATH({2, 1}));
    tale_task((struct tale_step){1, 1001}, (struct tale_step){0}, 0); /* a jump */
    tale_leaves_wrongly(1, 2, PATH({1, 1001}));
    tale_task((struct tale_step){1, 1000}, (struct tale_step){0}, 0);
    tale_token(3, PATH({1, 1000}));
    tale_task((struct tale_step){1, 2001}, (struct tale_step){0}, 0);
    tale_leaves_wrongly(1, 4, PATH({1, 2001}));
    tale_task((struct tale_step){2, 1}, (struct tale_step){1, 999}, 0); /* under a zombie */
    tale_leaves_wrongly(1, 5, PATH({1, 1000}, {2, 1}));
    tale_task((struct tale_step){3, 1}, (struct tale_step){0}, 0);
    tale_task((struct tale_step){4, 1}, (struct tale_step){3, 1}, 0);
    tale_task((struct tale_step){4, 2}, (struct tale_step){1, 1000}, 0); /* contradicts: another parent */
    tale_leaves_wrongly(1, 6, PATH({1, 1000}, {4, 2}));
    tale_task_end(CURFEW_EVENT_TASK_ENDED, (struct tale_step){3, 1});
    tale_task((struct tale_step){5, 1}, (struct tale_step){4, 1}, 0); /* its grandparent is over */
    tale_leaves_wrongly(1, 7, PATH({3, 1}, {4, 1}, {5, 1}));
    tale_task((struct tale_step){3, 2}, (struct tale_step){0}, 0); /* over for good */
    tale_leaves_wrongly(1, 8, PATH({3, 2}));
    tale_token(9, PATH({1, 1000}));
}

static void test_a_task_ended_for_good_under_the_dead_stays_so(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 0);
    tale_task((struct tale_step){2, 1}, (struct tale_step){1, 1}, 0);
    tale_task((struct tale_step){1, 2}, (struct tale_step){0}, 0);
    tale_task_end(CURFEW_EVENT_TASK_ENDED, (struct tale_step){2, 0});
    tale_task((struct tale_step){2, 2}, (struct tale_step){1, 2}, 0);
    tale_leaves_wrongly(1, 1, PATH({1, 2}, {2, 2}));
}

static void test_a_token_leaves_by_its_own_announcement(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_mint(1, 1, 0, NULL);
    tale_allowed(1, 0);
    tale_found("I3"); /* it is with its issuer still */
    tale_release_unanswered(1);
    tale_found("I3"); /* durable is not accepted */
    tale.tokens[1].receipt.offset--;
    tale_release(1);
    tale_found("I3"); /* that record announced something else */
    tale.tokens[1].receipt.offset++;
    tale_release(1);
    tale_fine();
    tale_mint(1, 2, 0, NULL);
    sim_oracle_withheld(tale.oracle, 2);
    tale_fine();
    tale_release(2);
    tale_found("I3");
    tale_mint(1, 3, 0, NULL);
    tale_session_end(1); /* after it: the token may leave, and is over */
    tale_release(3);
    tale_is_over(3, CURFEW_KIND_SESSION);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(test_an_allow_may_be_as_old_as_it_says, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_clocks_too_far_apart_are_no_fault_of_the_hop, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_an_age_is_of_its_class, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_reader_of_redis_is_held_to_its_age, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_redis_denies_only_what_was_ended, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_freshness_in_redis_is_a_beacons, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_calm_heals, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_attempts, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_all_below_an_end_is_over, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_token_is_revoked_alone, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_name_is_revoked_for_as_long_as_a_token_of_now_could_live, tale_begin,
                                        tale_end),
        cmocka_unit_test_setup_teardown(test_a_user_is_revoked_up_to_two_skews_from_now, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_said_twice_a_user_is_revoked_once, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_an_agent_is_revoked_and_its_session_goes_on, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_what_one_operator_proposes_ends_nothing, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_an_end_after_the_revocation_is_the_sessions, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_sessions_that_never_began, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_control_is_taken_in_by_ticks, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_tasks_that_never_began, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_task_ended_for_good_under_the_dead_stays_so, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_token_leaves_by_its_own_announcement, tale_begin, tale_end),
    };
    return cmocka_run_group_tests_name("sim_oracle", all, NULL, NULL);
}
