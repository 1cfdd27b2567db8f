/* sim_oracle_strict: the oracle is exact where a looser one would let a bug pass, and loose where nobody can know. */
#include "oracle_tale.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_a_deny_names_what_was_ended(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 0);
    tale_token(1, PATH({1, 1}));
    tale_session_end(1);
    tale_denied(1, CURFEW_KIND_SESSION);
    tale_fine();
    tale_denied(1, CURFEW_KIND_TASK);
    tale_found("I8");
    tale_denied(1, CURFEW_KIND_USER);
    tale_found("I8");
    tale_denied(1, CURFEW_KIND_TOKEN);
    tale_found("I8");
    tale_mint(1, 1, PATH({1, 1})); /* said again, too late: refused, and denied by its own id */
    tale_denied(1, CURFEW_KIND_TOKEN);
    tale_fine();
}

static void test_what_a_hop_denied_it_denies(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_session_end(1);
    tale_denied(1, CURFEW_KIND_SESSION);
    const struct curfew_verdict allow = {.decision = CURFEW_ALLOW, .age_us = 10 * S};
    const struct curfew_claims *claims = &tale.tokens[1].claims;
    tale.world.processes[TALE_HOP].boots++; /* it knew, and died */
    sim_oracle_verdict(tale.oracle, 0, claims, CURFEW_CLASS_STANDARD, &allow);
    tale_fine();
    tale_denied(1, CURFEW_KIND_SESSION);
    sim_oracle_verdict(tale.oracle, 0, claims, CURFEW_CLASS_STANDARD, &allow);
    tale_found("I5");
}

static void test_an_expired_token_is_not_allowed(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL); /* for two minutes */
    tale_pass(120 * S - 1);
    tale_allowed(1, 0);
    tale_fine();
    tale.world.processes[TALE_HOP].machine.error_us = 1;
    tale_allowed(1, 0);
    tale_found("I1");
}

static void leaves_at(int64_t issued_us, int64_t expires_us, const char *invariant)
{
    static int32_t token; /* each its own */
    token = token % (TALE_TOKENS - 1) + 1;
    tale_mint_times(1, token, issued_us, expires_us);
    tale_release(token);
    if (invariant == NULL) {
        tale_fine();
    } else {
        tale_found(invariant);
    }
}

static void test_the_times_of_a_mint(void **state)
{
    (void)state;
    const int64_t now_us = tale.world.now_us;
    const int64_t skew_us = SIM_SKEW_MS * MS;
    tale_session((struct tale_start){.session = 1, .life_us = 200 * S});
    leaves_at(now_us, now_us + 200 * S, NULL);
    leaves_at(now_us, now_us + 200 * S + 1, "I3"); /* after its session */
    leaves_at(now_us - 200 * S, now_us - 200 * S + TALE_TOKEN_LIFE_MS * MS, NULL);
    leaves_at(now_us - 200 * S, now_us - 200 * S + TALE_TOKEN_LIFE_MS * MS + 1, "I3"); /* too long */
    leaves_at(now_us + skew_us, now_us + 10 * S, NULL);
    leaves_at(now_us + skew_us + 1, now_us + 10 * S, "I3"); /* minted in the future */
    leaves_at(now_us - 10 * S, now_us + 1, NULL);
    leaves_at(now_us - 10 * S, now_us, "I3"); /* over already */
}

static void test_a_new_attempt_begins_a_lease(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_task((struct tale_step){1, 1}, (struct tale_step){0}, 1);
    tale_tick(0);
    tale_ticks(TALE_LEASE_MS * MS);
    tale_task((struct tale_step){1, 2}, (struct tale_step){0}, 1); /* all it held was the attempt before */
    tale_token(2, PATH({1, 2}));
    tale_ticks(100 * MS);
    tale_lives(2);
}

static void test_a_token_of_the_log_before(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1});
    tale_token(1, 0, NULL);
    tale_pass(S);
    for (int32_t lane = 0; lane < TALE_LANES; lane++) {
        tale_cut(lane, 0);
    }
    tale_new_logs();
    tale_pass(S);
    tale_allowed(1, S); /* may be from before */
    tale_fine();
    tale_allowed(1, 500 * MS);
    tale_found("I2");
}

/* Leases get longer, and then the record that said so is gone: what is over by the shorter one is over from now on. */
static void test_settings_that_control_lost(void **state)
{
    (void)state;
    struct curfew_event event = {.type = CURFEW_EVENT_SETTINGS};
    event.as.settings.settings = sim_world_settings(&tale.world);
    event.as.settings.settings.lease_ms = 10 * TALE_LEASE_MS;
    tale_session((struct tale_start){.session = 1, .holder = 1});
    tale_token(1, 0, NULL);
    const int64_t kept = tale_say(0, event);
    tale_tick(0);
    tale_ticks(5 * TALE_LEASE_MS * MS);
    tale_lives(1);
    tale_cut(0, kept);
    assert_int_equal(sim_oracle_died(tale.oracle, &tale.tokens[1].claims), tale.world.now_us);
    tale_is_over(1, CURFEW_KIND_SESSION);
    tale_mint(1, 2, 0, NULL);
    tale_release(2); /* a coordinator may have accepted it while there was another history */
    tale_fine();
}

/* A lane waits for the control its ticks name, and takes in what stands there then. */
static void test_control_that_grew_again(void **state)
{
    (void)state;
    tale_session((struct tale_start){.session = 1, .user = 1, .life_us = 3600 * S});
    tale_token(1, 0, NULL);
    tale_user_revoke(2, tale.world.now_us);
    tale_tick(0);
    tale_cut(0, 1);
    tale_lives(1);
    tale_user_revoke(1, tale.world.now_us); /* in the other one's place: no tick is needed */
    tale_mint(1, 2, 0, NULL);
    const struct curfew_verdict deny = {.decision = CURFEW_DENY, .kind = CURFEW_KIND_TOKEN};
    sim_oracle_verdict(tale.oracle, 0, &tale.tokens[2].claims, CURFEW_CLASS_STRICT, &deny); /* it was refused */
    tale_fine();
    tale_is_over(1, CURFEW_KIND_USER);
}

static void test_a_beacon_is_due_to_a_good_tick(void **state)
{
    (void)state;
    const int64_t bad = tale_tick(SIM_SKEW_MS * MS + 1);
    tale_publish(tale_beacon(bad, tale.world.now_us, -1, CHAIN(0)));
    tale_found("I2");
    const int64_t other = tale.ends[CURFEW_TOPIC_LIFECYCLE][0];
    tale_session((struct tale_start){.session = 1});
    tale_publish(tale_beacon(other, tale.world.now_us, -1, CHAIN(0)));
    tale_found("I2");
    struct curfew_event event = tale_beacon(tale_tick(0), tale.world.now_us, -1, CHAIN(0));
    event.as.beacon.genesis_us++;
    tale_publish(event);
    tale_found("I6");
}

static void test_a_beacon_needs_all_links_that_live(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        tale_tick(0);
    }
    tale_floors(2, -1, CHAIN(0), CHAIN(1));
    tale_floors(4, 3, CHAIN(2), CHAIN(3)); /* that of 3 is not there */
    struct curfew_event event = tale_beacon(tale_tick(0), tale.world.now_us, 4, CHAIN(3));
    tale_publish(event);
    tale_fine(); /* only 4 lives */
    event = tale_beacon(tale_tick(0), tale.world.now_us, 4, CHAIN(3));
    event.as.beacon.oldest_cause = 2;
    tale_publish(event);
    tale_found("I2");
    tale_floors(3, 2, CHAIN(1), CHAIN(2));
    event = tale_beacon(tale_tick(0), tale.world.now_us, 4, CHAIN(3));
    event.as.beacon.oldest_cause = 2;
    tale_publish(event);
    tale_fine();
    event = tale_beacon(tale_tick(0), tale.world.now_us, 5, CHAIN(4)); /* whatever 5 was due to is over by now */
    event.as.beacon.oldest_cause = -1;
    tale_publish(event);
    tale_fine();
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test_setup_teardown(test_a_deny_names_what_was_ended, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_what_a_hop_denied_it_denies, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_an_expired_token_is_not_allowed, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_the_times_of_a_mint, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_new_attempt_begins_a_lease, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_token_of_the_log_before, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_settings_that_control_lost, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_control_that_grew_again, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_beacon_is_due_to_a_good_tick, tale_begin, tale_end),
        cmocka_unit_test_setup_teardown(test_a_beacon_needs_all_links_that_live, tale_begin, tale_end),
    };
    return cmocka_run_group_tests_name("sim_oracle_strict", all, NULL, NULL);
}
