/* emitter_faults_test: topics made anew or cut short, gaps, closing, and a long run of everything at random. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "emitter_world.h"
#include <stdlib.h>

#define LOG 40 /* fills a log id */

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

static void assert_says(const struct emitter_world *world, int number, const char *part)
{
    if (strstr(world->told[number].error.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", world->told[number].error.text, part);
    }
}

static void tell_gap(struct emitter_world *world, enum curfew_topic topic, int32_t partition)
{
    tell(world, &(struct curfew_bus_event){
                    .kind = CURFEW_BUS_GAP, .topic = topic, .partition = partition, .text = "out of range"});
}

static void tell_beacon_in(struct emitter_world *world, int32_t partition, int32_t lane, uint8_t log)
{
    struct curfew_event event = {.type = CURFEW_EVENT_BEACON};
    event.as.beacon.lane = lane;
    event.as.beacon.lanes = EMITTER_WORLD_LANES;
    event.as.beacon.last_cause = -1;
    event.as.beacon.oldest_cause = -1;
    memset(event.as.beacon.log_id, log, CURFEW_LOG_ID_SIZE);
    tell_record(world, CURFEW_TOPIC_REVOCATIONS, partition, 9, &event);
}

static void tell_beacon(struct emitter_world *world, int32_t lane, uint8_t log)
{
    tell_beacon_in(world, lane, lane, log);
}

/* The first record that is left of a lane's log is one of the middle. */
static void tell_cut_log(struct emitter_world *world, int32_t lane)
{
    struct curfew_event tick = {.type = CURFEW_EVENT_TICK};
    tick.as.tick.writer = curfew_slice_of("c");
    tell_record(world, curfew_lane_topic(lane), curfew_lane_partition(lane), 5000, &tick);
}

static void a_cut_log_is_named_by_the_next_beacon(void **state)
{
    /* Goal: when retention took the genesis record, the lane's next beacon names the log; another lane's does not. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_cut_log(world, 1);
    assert_int_equal(read_from(world, CURFEW_TOPIC_REVOCATIONS, 1), CURFEW_OFFSET_END);
    tell_beacon(world, 2, LOG + 1);
    tell_beacon_in(world, 1, 2, LOG + 1);
    assert_int_equal(world->sent_count, 0);
    tell_beacon(world, 1, LOG);
    assert_int_equal(world->sent_count, 1);
    tell_durable(world, 0, 5001);
    assert_int_equal(world->told[1].receipt.log_id[3], LOG);
}

static void a_cut_log_is_named_by_the_next_answer(void **state)
{
    /* Goal: an accepted record names the log as well, also of a log whose records are all gone. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_end(world, CURFEW_TOPIC_LIFECYCLE, 0, 5000);
    assert_false(is_told(world, 1));
    tell_accepted(world, 1, LOG, 4990, 4999);
    assert_int_equal(world->sent_count, 1);
}

static void a_cut_control_log_is_of_no_interest(void **state)
{
    /* Goal: when control was only asked how many lanes there are and cannot say, nothing more is read for it. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_cut_log(world, 0);
    assert_int_equal(read_from(world, CURFEW_TOPIC_REVOCATIONS, 0), -100);
    assert_int_equal(read_from(world, CURFEW_TOPIC_ANSWERS, 0), -100);
    tell_genesis(world, 1, LOG);
    assert_int_equal(world->sent_count, 1);
}

static void a_cut_log_nobody_names_is_told(void **state)
{
    /* Goal: with no coordinator to name it, the time-out says what is lacking. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 100);
    tell_cut_log(world, 1);
    pass(world, 100);
    assert_int_equal(status_of(world, 1), CURFEW_UNAVAILABLE);
    assert_says(world, 1, "no coordinator has named the log");
}

static void a_log_made_anew_is_noticed_by_its_offsets(void **state)
{
    /* Goal: an offset that was there before means another log: the event is sent again and its receipt names the new
     * one. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_genesis(world, 1, LOG);
    tell_durable(world, 0, 500);
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    tell_durable(world, 1, 1);
    assert_false(is_told(world, 2));
    tell_genesis(world, 1, LOG + 60);
    assert_int_equal(world->sent_count, 3);
    assert_int_equal(world->sent[2].number, 2);
    tell_durable(world, 2, 2);
    assert_int_equal(status_of(world, 2), CURFEW_OK);
    assert_int_equal(world->told[2].receipt.log_id[0], LOG + 60);
    assert_int_equal(world->told[2].receipt.offset, 2);
}

static void a_log_made_anew_is_noticed_by_its_answers(void **state)
{
    /* Goal: what waits for an answer of a log that is no longer is sent into the new one, in order. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    pass(world, 2000);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 50);
    tell_durable(world, 1, 51);
    tell_accepted(world, 1, LOG + 60, 0, 100);
    assert_false(is_told(world, 1));
    tell_genesis(world, 1, LOG + 60);
    assert_int_equal(world->sent_count, 4);
    assert_int_equal(world->sent[2].number, 1);
    assert_int_equal(world->sent[3].number, 2);
    tell_durable(world, 2, 1);
    tell_durable(world, 3, 2);
    tell_accepted(world, 1, LOG + 60, 1, 2);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_int_equal(status_of(world, 2), CURFEW_OK);
}

static void an_acknowledgement_of_the_log_before_is_worth_nothing(void **state)
{
    /* Goal: what was sent to a log that was found to be another since is sent again, also when only its durability is
     * waited for, and whatever offset the late acknowledgement names. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    pass(world, 2000);
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_accepted(world, 1, LOG + 60, 0, 100);
    tell_genesis(world, 1, LOG + 60);
    tell_accepted(world, 1, LOG + 60, 0, 100);
    tell_durable(world, 0, 50);
    tell_durable(world, 1, 51);
    assert_false(is_told(world, 1));
    assert_false(is_told(world, 2));
    pass(world, 100);
    assert_int_equal(world->sent_count, 4);
    assert_int_equal(world->sent[2].number, 1);
    tell_durable(world, 2, 101);
    tell_durable(world, 3, 102);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_int_equal(world->told[1].receipt.log_id[0], LOG + 60);
    assert_false(is_told(world, 2));
    tell_accepted(world, 1, LOG + 60, 101, 102);
    assert_int_equal(status_of(world, 2), CURFEW_OK);
}

static void a_cluster_made_anew_is_looked_at_whole(void **state)
{
    /* Goal: when one lane's log turns out to be of a new cluster, the others are looked at again before they are used.
     */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    emit(world, 2, 2, CURFEW_WAIT_DURABLE, 0);
    tell_genesis(world, 1, LOG);
    tell_genesis(world, 2, LOG + 1);
    tell_durable(world, 0, 9);
    tell_durable(world, 1, 9);
    emit(world, 3, 1, CURFEW_WAIT_DURABLE, 0);
    tell_durable(world, 2, 3);
    tell_genesis(world, 1, LOG + 60);
    emit(world, 4, 2, CURFEW_WAIT_DURABLE, 0);
    assert_int_equal(world->sent_count, 4);
    tell_genesis(world, 2, LOG + 61);
    assert_int_equal(world->sent_count, 5);
    assert_int_equal(world->sent[4].number, 4);
}

static void a_second_look_at_the_same_log_changes_nothing(void **state)
{
    /* Goal: when the log turns out to be the same, what was acknowledged meanwhile is done, and nothing is repeated. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    pass(world, 2000);
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_accepted(world, 1, LOG + 60, 0, 100);
    tell_durable(world, 0, 7);
    tell_durable(world, 1, 8);
    assert_false(is_told(world, 1));
    tell_genesis(world, 1, LOG);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_false(is_told(world, 2));
    tell_accepted(world, 1, LOG, 8, 8);
    assert_int_equal(status_of(world, 2), CURFEW_OK);
    assert_int_equal(world->sent_count, 2);
}

static void a_log_that_lost_its_genesis_fails_what_is_in_it(void **state)
{
    /* Goal: a topic made anew without genesis: what was acknowledged there is an error, and not a receipt. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_genesis(world, 1, LOG);
    tell_durable(world, 0, 500);
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    emit(world, 3, 1, CURFEW_WAIT_DURABLE, 0);
    tell_durable(world, 1, 0);
    tell_cut_log(world, 1);
    tell_gap(world, CURFEW_TOPIC_REVOCATIONS, 1);
    tell_beacon(world, 1, LOG);
    assert_int_equal(status_of(world, 2), CURFEW_OK);
    tell_durable(world, 2, 0);
    struct curfew_event tick = {.type = CURFEW_EVENT_TICK};
    tick.as.tick.writer = curfew_slice_of("c");
    tell_record(world, CURFEW_TOPIC_LIFECYCLE, 0, 0, &tick);
    assert_int_equal(status_of(world, 3), CURFEW_INVALID);
    assert_int_equal(world->told[3].receipt.offset, -1);
}

static void after_a_gap_answers_are_read_from_the_beginning(void **state)
{
    /* Goal: answers that retention or recreation took from under us are read again, so that none is missed. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 7);
    tell_gap(world, CURFEW_TOPIC_ANSWERS, 1);
    assert_int_equal(read_from(world, CURFEW_TOPIC_ANSWERS, 1), CURFEW_OFFSET_BEGIN);
    tell_accepted(world, 1, LOG, 0, 6);
    assert_false(is_told(world, 1));
    tell_accepted(world, 1, LOG, 7, 7);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 0);
    assert_int_equal(world->sent_count, 2);
}

static void a_gap_while_reading_the_log_begins_anew(void **state)
{
    /* Goal: a log whose beginning vanishes while it is looked for is asked for again. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    size_t before = world->read_count;
    tell_gap(world, CURFEW_TOPIC_LIFECYCLE, 0);
    assert_int_equal(world->read_count, before + 1);
    tell_genesis(world, 1, LOG);
    assert_int_equal(world->sent_count, 1);
}

static void closing_says_what_became_of_each(void **state)
{
    /* Goal: at the end each event is told whether it was not sent, perhaps sent, or durable without an answer. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    emit(world, 3, 2, CURFEW_WAIT_DURABLE, 0);
    tell_durable(world, 0, 7);
    assert_int_equal(curfew_emitter_undelivered(world->emitter), 2);
    curfew_emitter_abandon(world->emitter);
    assert_int_equal(status_of(world, 1), CURFEW_CLOSED);
    assert_int_equal(world->told[1].receipt.offset, 7);
    assert_int_equal(status_of(world, 2), CURFEW_TIMEOUT);
    assert_says(world, 2, "may or may not be in the log");
    assert_int_equal(status_of(world, 3), CURFEW_CLOSED);
    assert_says(world, 3, "emitting number 3: the producer closes and it was not sent");
    assert_int_equal(curfew_emitter_undelivered(world->emitter), 0);
}

static void a_probe_finds_out_and_sends_nothing(void **state)
{
    /* Goal: a probe ends with the lane's log id, puts nothing into the log, and does not hold up a close. */
    struct emitter_world *world = *state;
    probe(world, 1, 1, EMITTER_WORLD_LANES);
    assert_int_equal(curfew_emitter_undelivered(world->emitter), 0);
    tell_genesis(world, 1, LOG);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_int_equal(world->told[1].receipt.log_id[0], LOG);
    assert_int_equal(world->sent_count, 0);
}

static void a_probe_sees_that_partitions_were_added(void **state)
{
    /* Goal: topics with more partitions than genesis knows lanes are told, whether the lane was read before or not. */
    struct emitter_world *world = *state;
    probe(world, 1, 1, EMITTER_WORLD_LANES + 3);
    tell_genesis(world, 1, LOG);
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    assert_says(world, 1, "partitions for 8");
    probe(world, 2, 1, EMITTER_WORLD_LANES + 3);
    assert_int_equal(status_of(world, 2), CURFEW_INVALID);
    probe(world, 3, 1, EMITTER_WORLD_LANES);
    assert_int_equal(status_of(world, 3), CURFEW_OK);
}

static void others_events_are_ignored(void **state)
{
    /* Goal: records of partitions that were not asked for, and of topics that hold no lane, change nothing. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    tell_genesis(world, 1, LOG + 1);
    tell_genesis(world, 3, LOG + 3);
    tell_beacon(world, 1, LOG + 1);
    tell_end(world, CURFEW_TOPIC_STATUS, 0, 4);
    tell_end(world, CURFEW_TOPIC_LIFECYCLE, 1000, 4);
    tell_gap(world, CURFEW_TOPIC_CONTROL, 0);
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_DELIVERED, .ticket = 12345});
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_UNDELIVERED, .ticket = UINT64_MAX});
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_durable(world, 0, 7);
    assert_int_equal(world->told[1].receipt.log_id[0], LOG);
}

/* A little model of what the emitter should do, driven at random: every emission must be told exactly once, and what is
 * told must be true. */
struct run {
    struct emitter_world *world;
    uint64_t seed;
    int emitted;
    size_t reported; /* records the bus has reported on */
    int64_t next_offset;
    int64_t answered; /* up to here, exclusive */
};

static uint32_t draw(struct run *run, uint32_t below)
{
    run->seed = run->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(run->seed >> 33) % below;
}

static bool is_refused(int64_t offset)
{
    return offset % 5 == 0;
}

static void answer(struct run *run)
{
    if (run->answered == run->next_offset) {
        return;
    }
    int64_t offset = run->answered++;
    if (is_refused(offset)) {
        tell_refused(run->world, 1, LOG, (struct curfew_refusal){offset, CURFEW_REASON_BOUND, false});
    } else {
        tell_accepted(run->world, 1, LOG, offset, offset);
    }
}

static void report(struct run *run)
{
    if (run->reported == run->world->sent_count) {
        return;
    }
    size_t sent = run->reported++;
    if (draw(run, 4) == 0) {
        tell_lost(run->world, sent);
        return;
    }
    int64_t offset = run->next_offset++;
    hold(run->world, 1, offset, run->world->sent[sent].number);
    if (draw(run, 2) == 0) {
        answer(run); /* perhaps its own, before the report */
    }
    tell_durable(run->world, sent, offset);
}

static void step(struct run *run)
{
    switch (draw(run, 6)) {
    case 0:
    case 1:
        if (run->emitted < 1500) {
            emit(run->world, run->emitted++, 1, draw(run, 2) == 0 ? CURFEW_WAIT_DURABLE : CURFEW_WAIT_ACCEPTED,
                 draw(run, 3) == 0 ? (int)draw(run, 400) + 1 : 0);
        }
        break;
    case 2:
    case 3:
        report(run);
        break;
    case 4:
        answer(run);
        break;
    default:
        run->world->produce = draw(run, 5) == 0 ? CURFEW_FULL : CURFEW_OK;
        pass(run->world, (int)draw(run, 30));
        break;
    }
}

static void every_emission_is_told_once_and_truly(void **state)
{
    /* Goal: under random losses, full queues, early answers and deadlines no outcome is missing, doubled or false. */
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct run run = {emitter_world_make(), seed, 0, 0, 1, 1};
        open_lane(run.world, 1, LOG);
        for (int i = 0; i < 6000; i++) {
            step(&run);
        }
        run.world->produce = CURFEW_OK;
        for (int i = 0; i < 20000 && run.world->tellings < (size_t)run.emitted + 1; i++) {
            report(&run);
            answer(&run);
            pass(run.world, 5);
        }
        assert_int_equal(curfew_emitter_undelivered(run.world->emitter), 0);
        for (int i = 0; i < run.emitted; i++) {
            const struct curfew_outcome *told = &run.world->told[i];
            assert_true(is_told(run.world, i));
            if (told->status == CURFEW_REFUSED) {
                assert_true(is_refused(told->receipt.offset));
            } else if (told->status == CURFEW_OK) {
                assert_true(told->receipt.offset > 0);
                assert_true(told->receipt.accepted_us == 0 || !is_refused(told->receipt.offset));
            } else {
                assert_true(told->status == CURFEW_TIMEOUT || told->status == CURFEW_UNAVAILABLE);
            }
        }
        emitter_world_end(run.world);
    }
}

static void what_may_be_on_its_way_is_waited_for(void **state)
{
    /* Goal: with time to wait, an unknown parent is said again after 50 ms, and its refusal is told only when it comes
     * again a second later; what another reason refuses, or nobody waits for, is told at once. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 20000);
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 20000);
    emit(world, 3, 1, CURFEW_WAIT_ACCEPTED, 0);
    for (size_t i = 0; i < 3; i++) {
        tell_durable(world, i, 4 + (int64_t)i);
    }
    tell_refused(world, 1, LOG, (struct curfew_refusal){4, CURFEW_REASON_UNKNOWN_TASK, true});
    tell_refused(world, 1, LOG, (struct curfew_refusal){5, CURFEW_REASON_UNKNOWN_TASK, false});
    tell_refused(world, 1, LOG, (struct curfew_refusal){6, CURFEW_REASON_UNKNOWN_SESSION, true});
    assert_false(is_told(world, 1));
    assert_int_equal(status_of(world, 2), CURFEW_REFUSED);
    assert_int_equal(status_of(world, 3), CURFEW_REFUSED);
    (void)pass(world, 49);
    assert_int_equal(world->sent_count, 3);
    (void)pass(world, 1);
    assert_int_equal(world->sent_count, 4);
    tell_durable(world, 3, 9);
    tell_accepted(world, 1, LOG, 9, 9);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_int_equal(world->told[1].receipt.offset, 9);

    emit(world, 4, 1, CURFEW_WAIT_ACCEPTED, 20000);
    int64_t offset = 20;
    int passed_ms = 0;
    while (!is_told(world, 4) && passed_ms < 3000) {
        if (world->sent_count > 4 + (size_t)(offset - 20)) {
            tell_durable(world, world->sent_count - 1, offset);
            tell_refused(world, 1, LOG, (struct curfew_refusal){offset, CURFEW_REASON_UNKNOWN_SESSION, true});
            offset++;
        } else {
            (void)pass(world, 10);
            passed_ms += 10;
        }
    }
    assert_int_equal(status_of(world, 4), CURFEW_REFUSED);
    assert_int_equal(offset, 25); /* at once, and after 50, 100, 200 and 400 ms more */
    assert_in_range(passed_ms, 700, 1000);
}

static void what_rests_is_told_in_its_time(void **state)
{
    /* Goal: another's time runs out while one rests; said again and never answered, it is told when its own does. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 20000);
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 20);
    tell_durable(world, 0, 4);
    tell_refused(world, 1, LOG, (struct curfew_refusal){4, CURFEW_REASON_UNKNOWN_TASK, true});
    (void)pass(world, 30);
    assert_true(is_told(world, 2));
    (void)pass(world, 20);
    assert_int_equal(world->sent_count, 3);
    tell_durable(world, 2, 9);
    const int64_t due_us = pass(world, 10);
    assert_true(due_us <= world->now.boot_us + 20000 * CURFEW_US_PER_MS);
    (void)pass(world, 20000);
    assert_int_equal(status_of(world, 1), CURFEW_TIMEOUT);
    assert_int_equal(world->told[1].receipt.offset, 9);
}

static void what_rests_is_told_when_the_producer_closes(void **state)
{
    /* Goal: a refusal that was not told yet is told at the end, and what rests is no event that may be lost. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 20000);
    tell_durable(world, 0, 4);
    tell_refused(world, 1, LOG, (struct curfew_refusal){4, CURFEW_REASON_UNKNOWN_TASK, true});
    assert_false(is_told(world, 1));
    assert_int_equal(curfew_emitter_undelivered(world->emitter), 0);
    curfew_emitter_abandon(world->emitter);
    assert_int_equal(status_of(world, 1), CURFEW_REFUSED);
    assert_int_equal(world->told[1].refusal.reason, CURFEW_REASON_UNKNOWN_TASK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_may_be_on_its_way_is_waited_for, make, end),
    cmocka_unit_test_setup_teardown(what_rests_is_told_in_its_time, make, end),
    cmocka_unit_test_setup_teardown(what_rests_is_told_when_the_producer_closes, make, end),
    cmocka_unit_test_setup_teardown(a_cut_log_is_named_by_the_next_beacon, make, end),
    cmocka_unit_test_setup_teardown(a_cut_log_is_named_by_the_next_answer, make, end),
    cmocka_unit_test_setup_teardown(a_cut_control_log_is_of_no_interest, make, end),
    cmocka_unit_test_setup_teardown(a_cut_log_nobody_names_is_told, make, end),
    cmocka_unit_test_setup_teardown(a_log_made_anew_is_noticed_by_its_offsets, make, end),
    cmocka_unit_test_setup_teardown(a_log_made_anew_is_noticed_by_its_answers, make, end),
    cmocka_unit_test_setup_teardown(an_acknowledgement_of_the_log_before_is_worth_nothing, make, end),
    cmocka_unit_test_setup_teardown(a_cluster_made_anew_is_looked_at_whole, make, end),
    cmocka_unit_test_setup_teardown(a_second_look_at_the_same_log_changes_nothing, make, end),
    cmocka_unit_test_setup_teardown(a_log_that_lost_its_genesis_fails_what_is_in_it, make, end),
    cmocka_unit_test_setup_teardown(after_a_gap_answers_are_read_from_the_beginning, make, end),
    cmocka_unit_test_setup_teardown(a_gap_while_reading_the_log_begins_anew, make, end),
    cmocka_unit_test_setup_teardown(closing_says_what_became_of_each, make, end),
    cmocka_unit_test_setup_teardown(a_probe_finds_out_and_sends_nothing, make, end),
    cmocka_unit_test_setup_teardown(a_probe_sees_that_partitions_were_added, make, end),
    cmocka_unit_test_setup_teardown(others_events_are_ignored, make, end),
    cmocka_unit_test(every_emission_is_told_once_and_truly),
};

int main(void)
{
    return cmocka_run_group_tests_name("emitter_faults", tests, NULL, NULL);
}
