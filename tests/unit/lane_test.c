/* lane_test: what a lane makes of its log: ticks, control, links, and where it stops. */
#include "core/chain.h"
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

static void a_repeated_user_revocation_does_not_move_before_us(void **state)
{
    (void)state; /* goal: the same record again (a lost acknowledgement) raises nothing */
    struct world *world = world_begin();
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                 .as.subject_revoked = {.said_us = world->now_us,
                                                        .kind = CURFEW_KIND_USER,
                                                        .tenant = curfew_slice_of("acme"),
                                                        .scope = curfew_slice_of("i"),
                                                        .id = curfew_slice_of("u")}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_raised_count(world), 1);
    world->now_us += WORLD_S / 5;
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    assert_int_equal(world_raised_count(world), 0);
    world->now_us += WORLD_S / 5;
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_CLOCK);
    world_end(world);
}

static void a_tick_waits_for_the_control_records_it_names(void **state)
{
    (void)state; /* goal: blocked, unchanged, until control is stepped that far; then the same record goes through */
    struct world *world = world_begin();
    const struct curfew_event ahead = {.type = CURFEW_EVENT_TICK, .as.tick = {.control_offset = world->control_next}};
    assert_int_equal(world_say(world, ahead), CURFEW_STEP_BLOCKED);
    assert_int_equal(curfew_lane_next(world->lane), world->next);
    assert_int_equal(world_revoke_user(world, "ada"), ACCEPTED);
    assert_int_equal(world_say(world, ahead), CURFEW_STEP_DONE);
    world_end(world);
}

static void links_form_one_chain_in_parts_of_at_most_1024(void **state)
{
    (void)state; /* goal: a cause with 1,100 floors makes two links; each chain follows from its content and the last */
    struct world *world = world_make();
    struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)};
    assert_int_equal(world_control(world, genesis), CURFEW_STEP_DONE);
    genesis.as.genesis = world_genesis(1);
    genesis.as.genesis.settings.tasks_max = 2000;
    genesis.as.genesis.settings.floors_max = 2000;
    assert_int_equal(world_say(world, genesis), CURFEW_STEP_DONE);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    for (int i = 0; i < 1100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(world_held_task(world, name, 1, "h"), ACCEPTED);
        const struct curfew_path_step path[] = {world_step(name, 1)};
        assert_int_equal(world_mint(world, name, path, 1), ACCEPTED);
    }
    while (world->effects.link_count == 0) {
        world_pass(world, WORLD_S / 10);
        assert_true(world->now_us < WORLD_T0 + 60 * WORLD_S);
    }
    assert_int_equal(world->effects.link_count, 2);
    const struct curfew_floors *links = world->effects.links;
    uint8_t chain[CURFEW_CHAIN_SIZE];
    assert_int_equal(links[0].floors.count, 1024);
    assert_int_equal(links[1].floors.count, 76);
    assert_int_equal(links[1].part, 1);
    assert_true(links[0].cause_before == -1 && links[1].cause_before == links[0].cause);
    assert_memory_equal(links[1].chain_before, links[0].chain, sizeof chain);
    curfew_chain_of(&links[1], chain);
    assert_memory_equal(links[1].chain, chain, sizeof chain);
    assert_memory_equal(world->effects.beacon.chain, links[1].chain, sizeof chain);
    assert_true(world->effects.beacon.last_cause == links[0].cause);
    assert_true(world->effects.beacon.oldest_cause == links[0].cause);
    world_end(world);
}

static void floors_are_forgotten_when_expired_and_stated_again_before_they_could_be_cut(void **state)
{
    (void)state; /* goal: oldest_cause moves on; a long floor is stated again after restate_ms */
    struct world *world = world_with_token();
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    const int64_t cause = world->next - 1;
    world_pass(world, WORLD_S);
    assert_true(world->effects.beacon.oldest_cause == cause);
    world_pass(world, 901 * WORLD_S);
    assert_true(world->effects.beacon.oldest_cause == -1);
    assert_int_equal(world_revoke_user(world, "ada"), ACCEPTED);
    const int64_t revoked = world->control_next - 1;
    assert_true(curfew_lane_oldest_cause(world->control) == revoked);
    world_pass(world, 3601 * WORLD_S);
    assert_true(curfew_lane_oldest_cause(world->control) > revoked);
    world_end(world);
}

static void bytes_no_one_can_read_are_refused_and_dead_lettered(void **state)
{
    (void)state; /* goal: refusal, dead letter, and the lane goes on */
    struct world *world = world_with_token();
    const uint8_t junk[] = {1, 2, 3};
    const struct curfew_record record = {world->next++, world->now_us, true, {junk, sizeof junk}, {NULL, 0}};
    assert_int_equal(curfew_lane_step(world->lane, &record, &world->effects), CURFEW_STEP_DONE);
    assert_true(world->effects.dead_letter);
    assert_int_equal(world_reason(world), CURFEW_REASON_UNDECODABLE);
    const uint8_t unknown[] = {0xC3, 0x01, 1, 2, 3, 4, 5, 6, 7, 8};
    const struct curfew_record other = {world->next++, world->now_us, true, {unknown, sizeof unknown}, {NULL, 0}};
    assert_int_equal(curfew_lane_step(world->lane, &other, &world->effects), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_UNKNOWN_SCHEMA);
    assert_int_equal(world_task(world, "after", 1, "", 0), ACCEPTED);
    world_end(world);
}

static void events_on_the_wrong_lane_are_refused(void **state)
{
    (void)state; /* goal: no event acts where it does not belong; a beacon among them does no harm */
    struct world *world = world_with_token();
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                 .as.subject_revoked = {.tenant = curfew_slice_of("t"),
                                                        .scope = curfew_slice_of("s"),
                                                        .id = curfew_slice_of("i")}};
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_WRONG_LANE);
    event = (struct curfew_event){.type = CURFEW_EVENT_SESSION_ENDED,
                                  .as.session_ended = {.session = curfew_slice_of(WORLD_SESSION)}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_WRONG_LANE);
    assert_int_equal(world_session(world, "2.AAAAAAAAAAAAAAAAAAAAAA", "ada"), CURFEW_REASON_WRONG_LANE);
    assert_int_equal(world_session(world, "not-a-session-id", "ada"), CURFEW_REASON_INVALID);
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    size_t size = 0;
    event = (struct curfew_event){.type = CURFEW_EVENT_BEACON};
    memset(event.as.beacon.log_id, 0x41, sizeof event.as.beacon.log_id);
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    const struct curfew_record record = {world->next++, world->now_us, true, {bytes, size}, {NULL, 0}};
    assert_int_equal(curfew_lane_step(world->lane, &record, &world->effects), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_WRONG_LANE);
    world_end(world);
}

static void a_lane_stops_where_it_cannot_be_sure(void **state)
{
    (void)
        state; /* goal: no LogAppendTime, no genesis, a missing head, unknown rules: halted, unchanged, with a reason */
    struct world *world = world_make();
    const struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(1)};
    struct curfew_event wrong = genesis;
    const struct curfew_event tick = {.type = CURFEW_EVENT_TICK};
    assert_int_equal(world_say(world, tick), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "no genesis"));
    wrong.as.genesis.lanes = 3;
    assert_int_equal(world_say(world, wrong), CURFEW_STEP_HALTED);
    wrong = genesis;
    wrong.as.genesis.said_us = world->now_us + WORLD_S; /* or the broker's clock is a second slow */
    assert_int_equal(world_say(world, wrong), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "clock"));
    wrong.as.genesis.said_us = world->now_us - 11 * WORLD_S;
    assert_int_equal(world_say(world, wrong), CURFEW_STEP_HALTED);
    wrong = genesis;
    wrong.as.genesis.settings.rules = 2;
    assert_int_equal(world_say(world, wrong), CURFEW_STEP_HALTED);
    world->next = 5;
    assert_int_equal(world_say(world, genesis), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "head"));
    world->next = 0;
    assert_int_equal(world_say(world, genesis), CURFEW_STEP_DONE);
    const struct curfew_record unstamped = {.offset = 1, .timestamp_us = world->now_us};
    assert_int_equal(curfew_lane_step(world->lane, &unstamped, &world->effects), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "LogAppendTime"));
    world_end(world);
}

static void a_genesis_is_held_to_its_clock_whatever_it_says(void **state)
{
    (void)state; /* goal: to the microsecond, and at the ends of what a record can say */
    static const int64_t said[] = {WORLD_T0 - 10 * WORLD_S - 1, WORLD_T0 - 10 * WORLD_S, WORLD_T0, INT64_MIN,
                                   INT64_MAX};
    static const bool timely[] = {false, true, true, false, false};
    struct curfew_genesis genesis = world_genesis(0);
    int64_t behind_us = 0;
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        genesis.said_us = said[i];
        assert_int_equal(curfew_genesis_timely(&genesis, WORLD_T0, &behind_us), timely[i]);
        assert_int_equal(behind_us < 0, said[i] < WORLD_T0);
    }
    genesis.said_us = WORLD_T0 + genesis.settings.skew_ms * INT64_C(1000);
    assert_true(curfew_genesis_timely(&genesis, WORLD_T0, &behind_us));
    assert_false(curfew_genesis_timely(&genesis, WORLD_T0 - 1, &behind_us));
    genesis.said_us = INT64_MIN;
    assert_false(curfew_genesis_timely(&genesis, 0, &behind_us));
}

static void new_settings_reach_a_pipeline_by_its_tick(void **state)
{
    (void)
        state; /* goal: the same place of its log for every coordinator; unknown rules or schemas stop control at it */
    struct world *world = world_with_token();
    struct curfew_event event = {.type = CURFEW_EVENT_SETTINGS, .as.settings = {.settings = world_settings()}};
    event.as.settings.settings.token_life_ms = 1000;
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    assert_int_equal(world_mint(world, "t2", path, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world_mint(world, "t3", path, 1), CURFEW_REASON_EXPIRY);
    event.as.settings.settings.skew_ms = 0;
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_INVALID);
    event.as.settings.settings = world_settings();
    event.as.settings.settings.rules = CURFEW_RULES_VERSION + 1;
    assert_int_equal(world_control(world, event), CURFEW_STEP_HALTED);
    event.as.settings.settings.rules = CURFEW_RULES_VERSION;
    event.as.settings.settings.schemas = CURFEW_SCHEMAS_VERSION + 1;
    assert_int_equal(world_control(world, event), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->control), "upgrade it"));
    event.as.settings.settings.schemas = CURFEW_SCHEMAS_VERSION;
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE); /* nothing had changed */
    world_end(world);
}

static void a_control_topic_of_another_cluster_stops_the_lane(void **state)
{
    (void)state; /* goal: a recreated control topic is not mistaken for the one the lane was made with */
    struct world *world = world_make();
    struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)};
    genesis.as.genesis.log_id[0] = 77;
    assert_int_equal(world_control(world, genesis), CURFEW_STEP_DONE);
    genesis.as.genesis = world_genesis(1);
    assert_int_equal(world_say(world, genesis), CURFEW_STEP_DONE);
    struct curfew_event tick = {.type = CURFEW_EVENT_TICK};
    assert_int_equal(world_say(world, tick), CURFEW_STEP_HALTED);
    tick.as.tick.control_offset = 1000; /* of the old topic: it is not waited for */
    assert_int_equal(world_say(world, tick), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "control topic"));
    world_end(world);
}

static void change_session_life(struct world *world, int64_t life_ms)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SETTINGS, .as.settings = {.settings = world_settings()}};
    event.as.settings.settings.session_life_ms = life_ms;
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    world_pass(world, WORLD_S / 10);
}

static void a_users_floor_outlives_sessions_begun_under_longer_settings(void **state)
{
    (void)state; /* goal: a shorter session life does not cut short the floor that tokens of older sessions need */
    struct world *world = world_with_token();
    const struct curfew_subject user =
        curfew_subject_user(curfew_slice_of("acme"), curfew_slice_of("https://as.acme"), curfew_slice_of("ada"));
    int64_t expires = 0;
    change_session_life(world, 1000);
    assert_int_equal(world_revoke_user(world, "ada"), ACCEPTED);
    assert_true(world_raised(world, user, &expires) > 0);
    assert_true(expires >= world->newest_expiry_us);
    const int64_t longer_ms = 2 * world_settings().session_life_ms;
    change_session_life(world, longer_ms);
    assert_int_equal(world_revoke_user(world, "eve"), ACCEPTED);
    const struct curfew_subject eve =
        curfew_subject_user(curfew_slice_of("acme"), curfew_slice_of("https://as.acme"), curfew_slice_of("eve"));
    assert_true(world_raised(world, eve, &expires) > 0);
    assert_true(expires >= world->now_us + longer_ms * 1000);
    world_end(world);
}

static void a_longer_session_life_does_not_readmit_a_revoked_user(void **state)
{
    (void)state; /* goal: an authentication from before the revocation stays refused; a newer one passes */
    struct world *world = world_begin();
    change_session_life(world, 1000);
    const int64_t before = world->now_us;
    world_pass(world, WORLD_S);
    assert_int_equal(world_revoke_user(world, "ada"), ACCEPTED);
    world_pass(world, 10 * WORLD_S);
    change_session_life(world, 3600000);
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                 .as.session_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                        .tenant = curfew_slice_of("acme"),
                                                        .issuer = curfew_slice_of("https://as.acme"),
                                                        .user = curfew_slice_of("ada"),
                                                        .auth_us = before,
                                                        .deadline_us = before + 60 * WORLD_S}};
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_USER_REVOKED);
    event.as.session_started.auth_us = world->now_us;
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_user_revocation_does_not_move_before_us),
        cmocka_unit_test(a_tick_waits_for_the_control_records_it_names),
        cmocka_unit_test(links_form_one_chain_in_parts_of_at_most_1024),
        cmocka_unit_test(floors_are_forgotten_when_expired_and_stated_again_before_they_could_be_cut),
        cmocka_unit_test(bytes_no_one_can_read_are_refused_and_dead_lettered),
        cmocka_unit_test(events_on_the_wrong_lane_are_refused),
        cmocka_unit_test(a_lane_stops_where_it_cannot_be_sure),
        cmocka_unit_test(a_genesis_is_held_to_its_clock_whatever_it_says),
        cmocka_unit_test(new_settings_reach_a_pipeline_by_its_tick),
        cmocka_unit_test(a_control_topic_of_another_cluster_stops_the_lane),
        cmocka_unit_test(a_users_floor_outlives_sessions_begun_under_longer_settings),
        cmocka_unit_test(a_longer_session_life_does_not_readmit_a_revoked_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
