/* emitter_seal_test: what an issuer believes of answers: only what a coordinator signed lets a token go. */
#include "core/log.h"
#include "emitter_world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#define LOG 40

static const struct curfew_sealer *const strangers[] = {&sealer_stolen, &sealer_stranger};
#define STRANGERS (sizeof strangers / sizeof strangers[0])

static int make(void **state)
{
    *state = emitter_world_make();
    return 0;
}

static int end(void **state)
{
    emitter_world_end(*state);
    return 0;
}

static void nobody_but_a_coordinator_accepts(void **state)
{
    /* Goal: an acceptance signed by anybody else, before or after the acknowledgement, leaves the mint waiting. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    hold(world, 1, 4, 1);
    for (size_t i = 0; i < STRANGERS; i++) {
        world->sealer = strangers[i];
        tell_accepted(world, 1, LOG, 0, 9);
    }
    tell_durable(world, 0, 4);
    for (size_t i = 0; i < STRANGERS; i++) {
        world->sealer = strangers[i];
        tell_accepted(world, 1, LOG, 0, 9);
        tell_accepted(world, 1, LOG, 4, 4);
    }
    assert_false(is_told(world, 1));
    world->sealer = &sealer_genuine;
    tell_refused(world, 1, LOG, (struct curfew_refusal){4, CURFEW_REASON_SESSION_OVER, false});
    assert_int_equal(status_of(world, 1), CURFEW_REFUSED);
}

static void an_answer_without_signature_is_nobodys(void **state)
{
    /* Goal: as answers were before coordinators signed. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 4);
    const struct curfew_sealer unsigned_one = {sealer_genuine.sign, {(const uint8_t *)"", 0}, sealer_genuine.self};
    world->sealer = &unsigned_one;
    tell_accepted(world, 1, LOG, 0, 9);
    assert_false(is_told(world, 1));
}

static void nobody_but_a_coordinator_refuses(void **state)
{
    /* Goal: a stranger's refusal ends nothing either. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 4);
    for (size_t i = 0; i < STRANGERS; i++) {
        world->sealer = strangers[i];
        tell_refused(world, 1, LOG, (struct curfew_refusal){4, CURFEW_REASON_MAC, false});
    }
    assert_false(is_told(world, 1));
    world->sealer = &sealer_genuine;
    tell_accepted(world, 1, LOG, 0, 9);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
}

static void an_answer_is_of_its_lane_and_log(void **state)
{
    /* Goal: signed for lane 2 it says nothing in lane 1. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 4);
    tell_accepted(world, 2, LOG, 0, 9);
    tell_accepted(world, 1, LOG + 1, 0, 9);
    assert_false(is_told(world, 1));
}

static void a_stranger_makes_nobody_look_at_a_log(void **state)
{
    /* Goal: an answer of another log that no coordinator signed costs no reading. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    pass(world, 2000);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 4);
    const size_t before = world->read_count;
    world->sealer = &sealer_stolen;
    tell_accepted(world, 1, LOG + 1, 0, 9);
    assert_int_equal(world->read_count, before);
    world->sealer = &sealer_genuine;
    tell_accepted(world, 1, LOG + 1, 0, 9);
    assert_int_equal(world->read_count, before + 1);
}

static void a_stranger_names_no_log(void **state)
{
    /* Goal: where a log's beginning is gone, only a coordinator's beacon or answer says which log it is. */
    struct emitter_world *world = *state;
    struct curfew_event tick = {.type = CURFEW_EVENT_TICK, .as.tick = {.writer = curfew_slice_of("c")}};
    struct curfew_event beacon = {
        .type = CURFEW_EVENT_BEACON,
        .as.beacon = {.lane = 1, .lanes = EMITTER_WORLD_LANES, .last_cause = -1, .oldest_cause = -1}};
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_record(world, CURFEW_TOPIC_LIFECYCLE, 0, 5000, &tick);
    for (size_t i = 0; i < STRANGERS; i++) {
        world->sealer = strangers[i];
        memset(beacon.as.beacon.log_id, LOG + 1, CURFEW_LOG_ID_SIZE);
        tell_record(world, CURFEW_TOPIC_REVOCATIONS, 1, 9, &beacon);
        tell_accepted(world, 1, LOG + 1, 0, 9);
    }
    assert_int_equal(world->sent_count, 0);
    world->sealer = &sealer_genuine;
    memset(beacon.as.beacon.log_id, LOG, CURFEW_LOG_ID_SIZE);
    tell_record(world, CURFEW_TOPIC_REVOCATIONS, 1, 9, &beacon);
    assert_int_equal(world->sent_count, 1);
    tell_durable(world, 0, 5001);
    assert_int_equal(world->told[1].receipt.log_id[0], LOG);
}

static void who_waits_in_vain_learns_why(void **state)
{
    /* Goal: at the deadline the error says that answers come which nobody believed has signed. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 1000);
    tell_durable(world, 0, 4);
    world->sealer = &sealer_stranger;
    tell_accepted(world, 1, LOG, 0, 9);
    pass(world, 1100);
    assert_int_equal(status_of(world, 1), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(world->told[1].error.text, "coordinators.keys_file"));
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 1000);
    world->sealer = &sealer_genuine;
    tell_accepted(world, 1, LOG, 0, 9); /* a coordinator is there after all: the strangers are no reason any more */
    pass(world, 1100);
    assert_int_equal(status_of(world, 2), CURFEW_TIMEOUT);
}

#define SEAL_TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEAL_TEST(nobody_but_a_coordinator_accepts),      SEAL_TEST(an_answer_without_signature_is_nobodys),
        SEAL_TEST(nobody_but_a_coordinator_refuses),      SEAL_TEST(an_answer_is_of_its_lane_and_log),
        SEAL_TEST(a_stranger_makes_nobody_look_at_a_log), SEAL_TEST(a_stranger_names_no_log),
        SEAL_TEST(who_waits_in_vain_learns_why),
    };
    curfew_log_level_set(CURFEW_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
