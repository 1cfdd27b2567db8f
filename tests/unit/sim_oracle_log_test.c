/* sim_oracle_log: leases, deadlines, logs that lose records, beacons: the oracle sees each rule broken, and no other.
 */
#include "oracle_tale.h"
#include "schemas/codec.h"
#include "tests/sim/names.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* --- leases and deadlines --- */

static void test_a_silent_holder_loses_its_lease(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 1);
    tale_task((struct tale_step){2, 1}, (struct tale_step){0}, 2);
    tale_token(1, PATH({1, 1}));
    tale_token(2, PATH({2, 1}));
    tale_tick(0);
    tale_ticks(TALE_LEASE_MS * MS);
    tale_beat(2, 0);
    tale_lives(1); /* not longer than a lease, yet */
    tale.world.processes[TALE_ACTOR_1].faulted_us = tale.world.now_us; /* actor 1 */
    tale_ticks(100 * MS);
    tale_is_over(1, CURFEW_KIND_TASK);
    tale_lives(2);
    tale_ticks(TALE_LEASE_MS * MS);
    tale_found("I7"); /* nothing is wrong with actor 2 */
    tale_is_over(2, CURFEW_KIND_TASK);
}

static void test_through_an_outage_no_fault_grows_old(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .holder = 1});
    tale_token(1, 0, NULL);
    tale_tick(0);
    tale.world.processes[TALE_ACTOR_1].faulted_us = tale.world.now_us;
    tale_ticks(TALE_LEASE_MS * MS / 2); /* silent for half a lease */
    tale_pass(60 * S); /* nobody can be heard */
    tale_ticks(TALE_LEASE_MS * MS);
    tale_is_over(1, CURFEW_KIND_SESSION); /* before it could beat again: that half was its own */
    tale_session((struct tale_start){.session = 2, .holder = 2});
    tale_ticks((2 * TALE_LEASE_MS + 6000) * MS);
    tale_found("I7"); /* nothing was wrong with actor 2 */
}

static void test_a_heartbeat_renews_all_and_none_said_long_ago_counts(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .holder = 1});
    tale_token(1, 0, NULL);
    tale_tick(0);
    tale.world.processes[TALE_ACTOR_1].faulted_us = INT64_MAX;
    for (int i = 0; i < 4; i++) {
        tale_ticks(TALE_LEASE_MS * MS);
        tale_beat(1, 5 * S);
    }
    tale_lives(1);
    tale_ticks(TALE_LEASE_MS * MS);
    tale_beat(1, 5 * S + 1); /* queued through an outage */
    tale_ticks(100 * MS);
    tale_is_over(1, CURFEW_KIND_SESSION);
}

static void test_an_outage_ends_nobodys_lease(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .holder = 1});
    tale_token(1, 0, NULL);
    tale_tick(0);
    tale_pass(60 * S);
    tale_tick(0); /* 200 ms at most */
    for (int i = 0; i < 50; i++) {
        tale_pass(100 * MS);
        tale_tick((SIM_SKEW_MS + 1) * MS); /* no good tick: its clock or the broker's is wrong */
    }
    tale_lives(1);
    tale.broker_error_us = -60 * S;
    tale_tick(-60 * S); /* log time goes back: nothing */
    tale.broker_error_us = 0;
    tale_tick(0);
    tale_lives(1);
}

static void test_leases_run_by_the_settings_taken_in(void **state)
{
    (void)state;
    struct curfew_event event = {.type = CURFEW_EVENT_SETTINGS};
    event.as.settings.settings = sim_world_settings(&tale.world);
    event.as.settings.settings.lease_ms = 10 * TALE_LEASE_MS;
    tale_session((struct tale_start){.session = 1, .holder = 1});
    tale_token(1, 0, NULL);
    tale_say(0, event);
    tale_tick(0);
    tale_ticks(10 * TALE_LEASE_MS * MS);
    tale_lives(1);
    tale.world.processes[TALE_ACTOR_1].wrong_clock = true;
    tale_ticks(100 * MS);
    tale_is_over(1, CURFEW_KIND_SESSION);
}

static void test_deadlines_run_on_good_ticks(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .life_us = 20 * S});
    tale_mint_times(1, 1, tale.world.now_us, tale.world.now_us + 20 * S);
    tale_release(1);
    tale_pass(20 * S - SIM_SKEW_MS * MS);
    tale_tick(0);
    tale.broker_error_us = SIM_SKEW_MS * MS;
    tale_tick(2 * SIM_SKEW_MS * MS + 1); /* by the broker it is time; the tick is not good */
    tale_lives(1);
    tale_tick(0);
    assert_int_equal(sim_oracle_died(tale.oracle, &tale.tokens[1].claims), tale.world.now_us);
    tale_denied(1, CURFEW_KIND_SESSION);
    tale_fine();
    tale_pass(100 * MS);
    tale_allowed(1, 50 * MS);
    tale_found("I2");
}

/* --- logs that lose records --- */

static void test_what_was_cut_is_not_true_and_was_once(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 0);
    tale_token(1, PATH({1, 1}));
    tale_task((struct tale_step){1, 2}, (struct tale_step){0}, 0);
    const int64_t kept = tale.ends[CURFEW_TOPIC_LIFECYCLE][0];
    tale_token(2, PATH({1, 2}));
    tale_session_end(1);
    tale_pass(10 * S);
    tale_cut(1, kept);
    tale_allowed(2, 0); /* its end is gone */
    tale_fine();
    tale_denied(2, CURFEW_KIND_SESSION); /* and was there once */
    tale_fine();
    tale_is_over(1, CURFEW_KIND_TASK); /* the fence was not cut, and is as old as it was */
    assert_int_equal(sim_oracle_died(tale.oracle, &tale.tokens[2].claims), 0);
    assert_true(sim_oracle_died(tale.oracle, &tale.tokens[1].claims) <= tale.world.now_us - 11 * S);
    tale_session_end(1);
    tale_pass(S);
    tale_allowed(2, 500 * MS);
    tale_found("I2"); /* ended again in the new history */
}

static void test_control_that_was_cut(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .user = 1});
    tale_session((struct tale_start){.session = 2, .user = 2});
    tale_token(1, 0, NULL);
    tale_mint(2, 2, 0, NULL);
    tale_release(2);
    tale_user_revoke(1, tale.world.now_us);
    const int64_t kept = tale.ends[CURFEW_TOPIC_CONTROL][0];
    tale_user_revoke(2, tale.world.now_us);
    tale_pass(S);
    tale_cut(0, kept);
    tale_is_over(1, CURFEW_KIND_USER);
    tale_allowed(2, 0);
    tale_denied(2, CURFEW_KIND_USER);
    tale_fine();
}

static void test_a_new_log_knows_nothing(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_session_end(1);
    tale_pass(S);
    for (int32_t lane = 0; lane < TALE_LANES; lane++) {
        tale_cut(lane, 0);
    }
    tale_new_logs();
    tale_denied(1, CURFEW_KIND_SESSION); /* by floors of the log before */
    tale_fine();
    tale_leaves_wrongly(1, 2, 0, NULL); /* its session is of the log before */
    tale_session((struct tale_start){.session = 1});
    tale_token(3, 0, NULL);
    tale_allowed(3, 0);
    tale_fine();
}

static void test_bytes_no_one_can_read_are_passed_over(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_commit(CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of("garbage"));
    tale_commit(CURFEW_TOPIC_REVOCATIONS, 1, curfew_slice_of("garbage"));
    tale_token(1, 0, NULL);
    tale_lives(1);
}

static void test_what_nobody_proves_ends_nothing(void **state)
{
    (void)state;
    static uint8_t bytes[1024];
    size_t size = 0;
    char name[SIM_NAME_SIZE];
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    sim_session_name(tale.world.plan->size.seed, 1, 1, name);
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED,
                                 .as.session_ended = {.writer = curfew_slice_of("writer"),
                                                      .said_us = tale.world.now_us,
                                                      .session = curfew_slice_of(name)}};
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    tale_commit(CURFEW_TOPIC_LIFECYCLE, 0, (struct curfew_slice){bytes, size});
    tale_lives(1);
    event.as.session_ended.writer = curfew_slice_of("mallory"); /* proven, and of another tenant */
    tale_commit_event(CURFEW_TOPIC_LIFECYCLE, 0, &event);
    tale_lives(1);
    tale_say(1, event);
    tale_is_over(1, CURFEW_KIND_SESSION);
}

/* --- what coordinators publish --- */

static void test_a_beacon_is_as_of_its_tick(void **state)
{
    (void)state;
    const int64_t offset = tale_tick(0);
    const int64_t at_us = tale.world.now_us;
    tale_publish(tale_beacon(offset, at_us, -1, CHAIN(0)));
    tale_publish(tale_beacon(offset, at_us, -1, CHAIN(0))); /* another coordinator's */
    tale_fine();
    tale_pass(100 * MS);
    const int64_t next = tale_tick(0);
    tale_publish(tale_beacon(next, tale.world.now_us + 1, -1, CHAIN(0)));
    tale_found("I2");
    tale_publish(tale_beacon(next + 1, tale.world.now_us, -1, CHAIN(0))); /* there is no such record */
    tale_found("I2");
}

static void test_coordinators_say_the_same(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_session_end(1);
    tale_floors(2, -1, CHAIN(0), CHAIN(1));
    tale_floors(2, -1, CHAIN(0), CHAIN(1));
    const int64_t offset = tale_tick(0);
    tale_publish(tale_beacon(offset, tale.world.now_us, 2, CHAIN(1)));
    tale_fine();
    tale_publish(tale_beacon(offset, tale.world.now_us, -1, CHAIN(0)));
    tale_found("I4");
    tale_floors(2, -1, CHAIN(0), CHAIN(2));
    tale_found("I4");
}

static void test_no_beacon_before_its_floors(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_session_end(1);
    const int64_t first = tale_tick(0);
    tale_publish(tale_beacon(first, tale.world.now_us, 2, CHAIN(1)));
    tale_found("I2");
    tale_floors(2, -1, CHAIN(0), CHAIN(1));
    const int64_t second = tale_tick(0);
    tale_publish(tale_beacon(second, tale.world.now_us, 2, CHAIN(1)));
    tale_fine();
    const int64_t third = tale_tick(0);
    tale_publish(tale_beacon(third, tale.world.now_us, 2, CHAIN(2))); /* a link that was never published */
    tale_found("I2");
}

static void test_no_answer_before_its_floors(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_answer(1, 1);
    tale_session_end(1);
    tale_floors(2, -1, CHAIN(0), CHAIN(1));
    tale_answer(2, 2);
    tale_floors(2, -1, CHAIN(0), CHAIN(1)); /* another coordinator's, or once more: it stood */
    tale_fine();
    tale_session((struct tale_start){.session = 2});
    tale_session_end(2);
    tale_answer(3, 4);
    tale_answer(3, 3); /* a slower coordinator's */
    tale_floors(4, 2, CHAIN(1), CHAIN(2));
    tale_found("I2");
}

static void test_an_answer_before_floors_that_were_made_up_for(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_session_end(1);
    tale_token_revoke(1);
    tale_floors(3, 2, CHAIN(1), CHAIN(2));
    tale_answer(1, 3);
    tale_floors(2, -1, CHAIN(0), CHAIN(1)); /* no higher, and no longer, than what stood before the answer */
    tale_fine();
}

static void test_an_answer_of_a_log_that_is_gone_binds_nobody(void **state)
{
    (void)state;
    tale_answer(1, 9);
    tale_new_logs();
    tale_session((struct tale_start){.session = 1});
    tale_session_end(1);
    tale_floors(2, -1, CHAIN(0), CHAIN(1));
    tale_fine();
    tale_session((struct tale_start){.session = 2});
    tale_cut(1, 3);
    tale_answer(3, 3); /* of the record that was cut: another stands there since */
    tale_session((struct tale_start){.session = 3});
    tale_floors(3, 2, CHAIN(1), CHAIN(2));
    tale_fine();
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(test_a_silent_holder_loses_its_lease, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_through_an_outage_no_fault_grows_old, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_heartbeat_renews_all_and_none_said_long_ago_counts, tale_begin,
                                        tale_end),
        cmocka_unit_test_setup_teardown(test_an_outage_ends_nobodys_lease, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_leases_run_by_the_settings_taken_in, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_deadlines_run_on_good_ticks, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_what_was_cut_is_not_true_and_was_once, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_control_that_was_cut, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_new_log_knows_nothing, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_what_nobody_proves_ends_nothing, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_bytes_no_one_can_read_are_passed_over, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_beacon_is_as_of_its_tick, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_coordinators_say_the_same, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_no_beacon_before_its_floors, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_no_answer_before_its_floors, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_an_answer_before_floors_that_were_made_up_for, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_an_answer_of_a_log_that_is_gone_binds_nobody, tale_begin, tale_end),
    };
    return cmocka_run_group_tests_name("sim_oracle_log", all, NULL, NULL);
}
