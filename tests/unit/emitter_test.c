/* emitter_test: what becomes of events that were emitted. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "emitter_world.h"
#include "schemas/codec.h"
#include <stdio.h>
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

static void nothing_is_sent_before_the_log_is_known(void **state)
{
    /* Goal: a receipt always has a log id, and no event goes into a lane without genesis. */
    struct emitter_world *world = *state;
    emit(world, 1, 3, CURFEW_WAIT_DURABLE, 0);
    assert_int_equal(world->sent_count, 0);
    assert_int_equal(read_from(world, CURFEW_TOPIC_LIFECYCLE, 2), CURFEW_OFFSET_BEGIN);
    tell_genesis(world, 3, LOG);
    assert_int_equal(world->sent_count, 1);
    assert_int_equal(world->sent[0].topic, CURFEW_TOPIC_LIFECYCLE);
    assert_int_equal(world->sent[0].partition, 2);
    assert_true(is_proven(world, 0, 3, LOG));
    assert_int_equal(world->stopped_count, 1);
    assert_int_equal(curfew_emitter_undelivered(world->emitter), 1);
}

static void a_receipt_says_where_the_event_is(void **state)
{
    /* Goal: log id, lane, offset, the broker's time and ours are what was told, and accepted_us is not set. */
    struct emitter_world *world = *state;
    const struct curfew_outcome *told = &world->told[1];
    emit(world, 1, 2, CURFEW_WAIT_DURABLE, 0);
    tell_genesis(world, 2, LOG);
    tell_durable(world, 0, 17);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_int_equal(told->receipt.lane, 2);
    assert_int_equal(told->receipt.offset, 17);
    assert_int_equal(told->receipt.log_id[0], LOG);
    assert_int_equal(told->receipt.log_id[15], LOG);
    assert_int_equal(told->receipt.timestamp_us, world->now.wall_us - 77);
    assert_int_equal(told->receipt.durable_us, world->now.wall_us);
    assert_int_equal(told->receipt.accepted_us, 0);
    assert_int_equal(curfew_emitter_undelivered(world->emitter), 0);
    assert_int_equal(read_from(world, CURFEW_TOPIC_ANSWERS, 2), -100);
}

static void a_lane_keeps_its_order(void **state)
{
    /* Goal: events of a lane are sent in the order they were emitted, and the log is read once. */
    struct emitter_world *world = *state;
    for (int i = 0; i < 20; i++) {
        emit(world, i, 1, i % 3 == 0 ? CURFEW_WAIT_ACCEPTED : CURFEW_WAIT_DURABLE, 0);
    }
    tell_end(world, CURFEW_TOPIC_ANSWERS, 1, 0);
    tell_genesis(world, 1, LOG);
    emit(world, 20, 1, CURFEW_WAIT_DURABLE, 0);
    assert_int_equal(world->sent_count, 21);
    for (int i = 0; i <= 20; i++) {
        assert_int_equal(world->sent[i].number, i);
    }
    assert_int_equal(world->read_count, 3); /* the lane, control, the lane's answers */
}

static void an_empty_lane_is_refused(void **state)
{
    /* Goal: a lane without genesis is an error that says what to run, and is looked at anew by the next event. */
    struct emitter_world *world = *state;
    emit(world, 1, 0, CURFEW_WAIT_DURABLE, 0);
    tell_end(world, CURFEW_TOPIC_CONTROL, 0, 0);
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    assert_says(world, 1, "run curfew topics create");
    assert_int_equal(world->told[1].receipt.offset, -1);
    assert_int_equal(curfew_emitter_undelivered(world->emitter), 0);

    emit(world, 2, 0, CURFEW_WAIT_DURABLE, 0);
    tell_genesis(world, 0, LOG);
    assert_int_equal(world->sent_count, 1);
}

static void a_first_record_that_is_no_genesis_is_refused(void **state)
{
    /* Goal: another event, another lane's genesis and plain garbage are not taken for a lane's genesis. */
    struct emitter_world *world = *state;
    struct curfew_event tick = {.type = CURFEW_EVENT_TICK};
    tick.as.tick.writer = curfew_slice_of("c");
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    tell_record(world, CURFEW_TOPIC_LIFECYCLE, 0, 0, &tick);
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    assert_says(world, 1, "no genesis record");

    struct curfew_event other = {.type = CURFEW_EVENT_GENESIS};
    other.as.genesis.writer = curfew_slice_of("c");
    other.as.genesis.lane = 2;
    other.as.genesis.lanes = EMITTER_WORLD_LANES;
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    tell_record(world, CURFEW_TOPIC_LIFECYCLE, 0, 0, &other);
    assert_int_equal(status_of(world, 2), CURFEW_INVALID);

    emit(world, 3, 1, CURFEW_WAIT_DURABLE, 0);
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_RECORD,
                                           .topic = CURFEW_TOPIC_LIFECYCLE,
                                           .log_append_time = true,
                                           .value = curfew_slice_of("garbage")});
    assert_int_equal(status_of(world, 3), CURFEW_INVALID);
    assert_int_equal(world->sent_count, 0);
}

static void a_log_without_the_brokers_time_is_refused(void **state)
{
    /* Goal: a topic without LogAppendTime is an error that names the setting. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS};
    genesis.as.genesis.writer = curfew_slice_of("c");
    genesis.as.genesis.lane = 1;
    genesis.as.genesis.lanes = EMITTER_WORLD_LANES;
    uint8_t bytes[1024];
    size_t size = 0;
    struct curfew_error error;
    assert_int_equal(curfew_codec_encode(&genesis, bytes, sizeof bytes, &size, &error), CURFEW_OK);
    tell(world, &(struct curfew_bus_event){
                    .kind = CURFEW_BUS_RECORD, .topic = CURFEW_TOPIC_LIFECYCLE, .value = {bytes, size}});
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    assert_says(world, 1, "LogAppendTime");
}

static void lanes_of_two_clusters_are_refused(void **state)
{
    /* Goal: when one topic was made anew, its genesis does not fit the others' and nothing is sent there. */
    struct emitter_world *world = *state;
    emit(world, 1, 0, CURFEW_WAIT_DURABLE, 0);
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    tell_genesis(world, 0, LOG);
    tell_genesis(world, 1, LOG + 100);
    assert_int_equal(world->sent_count, 1);
    assert_int_equal(status_of(world, 2), CURFEW_INVALID);
    assert_says(world, 2, "another cluster");
}

static void a_lane_the_cluster_does_not_have_is_refused(void **state)
{
    /* Goal: a session id of another cluster is an error at once, not a time-out. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, EMITTER_WORLD_LANES, CURFEW_WAIT_DURABLE, 1000);
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    assert_says(world, 1, "0..4");
    emit(world, 2, EMITTER_WORLD_LANES - 1, CURFEW_WAIT_DURABLE, 1000);
    assert_false(is_told(world, 2));
}

static void control_says_how_many_lanes_there_are(void **state)
{
    /* Goal: the first event of all may name a lane there is not: control's genesis, read beside it, says so. */
    struct emitter_world *world = *state;
    emit(world, 1, 77, CURFEW_WAIT_DURABLE, 0);
    assert_int_equal(read_from(world, CURFEW_TOPIC_CONTROL, 0), CURFEW_OFFSET_BEGIN);
    tell_genesis(world, 0, LOG);
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    assert_says(world, 1, "there is no lane 77");
}

static void nothing_waits_for_an_answer_it_could_miss(void **state)
{
    /* Goal: an event that waits for acceptance is sent only when the end of the lane's answers was seen. */
    struct emitter_world *world = *state;
    emit(world, 1, 2, CURFEW_WAIT_ACCEPTED, 0);
    assert_int_equal(read_from(world, CURFEW_TOPIC_ANSWERS, 2), CURFEW_OFFSET_END);
    tell_genesis(world, 2, LOG);
    assert_int_equal(world->sent_count, 0);
    tell_end(world, CURFEW_TOPIC_ANSWERS, 1, 0);
    assert_int_equal(world->sent_count, 0);
    tell_end(world, CURFEW_TOPIC_ANSWERS, 2, 0);
    assert_int_equal(world->sent_count, 1);
}

static void acceptance_follows_durability(void **state)
{
    /* Goal: a durable event is reported when a range that holds it is accepted, with the time of both. */
    struct emitter_world *world = *state;
    open_lane(world, 2, LOG);
    emit(world, 1, 2, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 10);
    assert_false(is_told(world, 1));
    int64_t durable_us = world->now.wall_us;
    pass(world, 3);
    tell_accepted(world, 2, LOG, 5, 9);
    tell_accepted(world, 2, LOG, 11, 30);
    tell_accepted(world, 1, LOG, 0, 100);
    assert_false(is_told(world, 1));
    tell_accepted(world, 2, LOG, 10, 10);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_int_equal(world->told[1].receipt.durable_us, durable_us);
    assert_int_equal(world->told[1].receipt.accepted_us, durable_us + 3000);
}

static void an_answer_may_come_before_the_acknowledgement(void **state)
{
    /* Goal: answers read before the delivery report count, accepted and refused alike. */
    struct emitter_world *world = *state;
    open_lane(world, 2, LOG);
    emit(world, 1, 2, CURFEW_WAIT_ACCEPTED, 0);
    emit(world, 2, 2, CURFEW_WAIT_ACCEPTED, 0);
    hold(world, 2, 8, 1);
    hold(world, 2, 9, 2);
    tell_accepted(world, 2, LOG, 3, 8);
    tell_refused(world, 2, LOG, (struct curfew_refusal){9, CURFEW_REASON_TASK_OVER, false});
    tell_durable(world, 0, 8);
    tell_durable(world, 1, 9);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
    assert_int_equal(status_of(world, 2), CURFEW_REFUSED);
    assert_int_equal(world->told[2].refusal.reason, CURFEW_REASON_TASK_OVER);
}

static void a_refusal_says_why_and_whether_to_try_again(void **state)
{
    /* Goal: refused comes with the receipt, the reason and whether trying again can help. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 4);
    tell_durable(world, 1, 5);
    tell_refused(world, 1, LOG, (struct curfew_refusal){5, CURFEW_REASON_UNKNOWN_SESSION, true});
    assert_false(is_told(world, 1));
    assert_int_equal(status_of(world, 2), CURFEW_REFUSED);
    assert_int_equal(world->told[2].receipt.offset, 5);
    assert_int_equal(world->told[2].refusal.reason, CURFEW_REASON_UNKNOWN_SESSION);
    assert_true(world->told[2].error.retriable);
    assert_says(world, 2, curfew_reason_name(CURFEW_REASON_UNKNOWN_SESSION));
    tell_refused(world, 1, LOG, (struct curfew_refusal){4, CURFEW_REASON_BOUND, false});
    assert_false(world->told[1].error.retriable);
}

static void an_answer_of_another_log_does_not_count(void **state)
{
    /* Goal: acceptance in another log says nothing; it makes us look at the log, but not more than once a second. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    pass(world, 2000);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 4);
    size_t before = world->read_count;
    for (int i = 0; i < 50; i++) {
        tell_accepted(world, 1, LOG + 1, 0, 100);
    }
    assert_int_equal(world->read_count, before + 1);
    tell_genesis(world, 1, LOG);
    tell_accepted(world, 1, LOG + 1, 0, 100);
    assert_int_equal(world->read_count, before + 1);
    assert_false(is_told(world, 1));
    tell_accepted(world, 1, LOG, 0, 100);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
}

static void an_answer_that_contradicts_itself_does_not_count(void **state)
{
    /* Goal: answers that cannot be read, or whose refusals or digests do not fit their range, are passed over. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    tell_durable(world, 0, 4);
    const struct curfew_refusal refused[] = {{6, CURFEW_REASON_BOUND, false}, {4, CURFEW_REASON_BOUND, false}};
    struct curfew_event event = {.type = CURFEW_EVENT_ACCEPTED};
    uint8_t digests[10][CURFEW_RECORD_DIGEST_SIZE] = {{0}};
    const int number = 1;
    curfew_codec_record_digest((struct curfew_slice){(const uint8_t *)&number, sizeof number}, digests[4]);
    event.as.accepted =
        (struct curfew_accepted){.lane = 1, .from = 0, .to = 9, .digests = {digests, 10}, .refused = {refused, 2}};
    memset(event.as.accepted.log_id, LOG, CURFEW_LOG_ID_SIZE);
    tell_record(world, CURFEW_TOPIC_ANSWERS, 1, 0, &event);
    event.as.accepted.to = 3;
    event.as.accepted.digests.count = 4;
    event.as.accepted.refused.count = 1;
    tell_record(world, CURFEW_TOPIC_ANSWERS, 1, 1, &event);
    event.as.accepted.refused.count = 0;
    for (size_t count = 5; count <= 9; count += 4) { /* one too few, or too many, for its range */
        event.as.accepted.to = count == 5 ? 5 : 7;
        event.as.accepted.digests.count = count;
        tell_record(world, CURFEW_TOPIC_ANSWERS, 1, 2, &event);
    }
    event.as.accepted.from = INT64_MIN;
    event.as.accepted.to = INT64_MAX;
    tell_record(world, CURFEW_TOPIC_ANSWERS, 1, 3, &event);
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_RECORD,
                                           .topic = CURFEW_TOPIC_ANSWERS,
                                           .partition = 1,
                                           .value = curfew_slice_of("garbage")});
    assert_false(is_told(world, 1));
    tell_accepted(world, 1, LOG, 4, 4);
    assert_int_equal(status_of(world, 1), CURFEW_OK);
}

static void an_answer_about_another_record_is_none(void **state)
{
    /* Goal: a log that was cut and grew again holds another record where ours was acknowledged: its acceptance is not
     * ours, whichever comes first; ours is sent again, and done when it is accepted where it stands now. */
    struct emitter_world *world = *state;
    for (int early = 0; early < 2; early++) {
        const int32_t lane = 1 + early;
        const size_t first = world->sent_count;
        const int number = 1 + early;
        const uint8_t log = (uint8_t)(LOG + early);
        open_lane(world, lane, log);
        emit(world, number, lane, CURFEW_WAIT_ACCEPTED, 0);
        assert_int_equal(world->sent_count, first + 1);
        if (early == 0) {
            tell_durable(world, first, 10);
        }
        hold(world, lane, 10, 99);
        tell_accepted(world, lane, log, 9, 11);
        if (early == 1) {
            tell_durable(world, first, 10);
        }
        assert_false(is_told(world, number));
        assert_int_equal(world->sent_count, first + 1);
        pass(world, 100);
        assert_int_equal(world->sent_count, first + 2);
        assert_int_equal(world->sent[first + 1].number, number);
        tell_durable(world, first + 1, 12);
        assert_false(is_told(world, number));
        tell_accepted(world, lane, log, 12, 12);
        assert_int_equal(status_of(world, number), CURFEW_OK);
        assert_int_equal(world->told[number].receipt.offset, 12);
    }
}

static void what_was_not_delivered_is_sent_again_in_order(void **state)
{
    /* Goal: a lost event is produced again, before what came later, and not in a tight loop. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    tell_lost(world, 0);
    tell_lost(world, 1);
    emit(world, 3, 1, CURFEW_WAIT_DURABLE, 0);
    assert_int_equal(world->sent_count, 2);
    int64_t due_us = pass(world, 0);
    assert_int_equal(due_us, world->now.boot_us + CURFEW_EMITTER_RETRY_US);
    pass(world, 100);
    assert_int_equal(world->sent_count, 5);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(world->sent[i + 1].number, i);
        tell_durable(world, (size_t)i + 1, i);
        assert_int_equal(status_of(world, i), CURFEW_OK);
    }
}

static void a_heartbeat_is_not_sent_again(void **state)
{
    /* Goal: a heartbeat that was lost, or could not be sent for five seconds, is reported and never sent late. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    beat(world, 1, 1);
    tell_lost(world, 0);
    assert_int_equal(status_of(world, 1), CURFEW_UNAVAILABLE);
    assert_says(world, 1, "lost by the test");

    beat(world, 2, 2);
    pass(world, 4999);
    assert_false(is_told(world, 2));
    pass(world, 1);
    assert_true(is_told(world, 2));
    tell_genesis(world, 2, LOG + 1);
    assert_int_equal(world->sent_count, 1);
}

static void a_deadline_says_how_far_it_came(void **state)
{
    /* Goal: at its deadline an event is told whether it was sent, acknowledged, or only its answer is missing. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 2, CURFEW_WAIT_DURABLE, 50);
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 60);
    emit(world, 3, 1, CURFEW_WAIT_ACCEPTED, 70);
    tell_durable(world, 1, 5);
    int64_t due_us = pass(world, 49);
    assert_int_equal(due_us, world->now.boot_us + 1000);
    assert_false(is_told(world, 1));
    pass(world, 1);
    assert_int_equal(status_of(world, 1), CURFEW_TIMEOUT);
    assert_says(world, 1, "not sent");
    assert_false(is_told(world, 2));
    pass(world, 10);
    assert_int_equal(status_of(world, 2), CURFEW_TIMEOUT);
    assert_int_equal(world->told[2].receipt.offset, -1);
    assert_says(world, 2, "may or may not be in the log");
    pass(world, 10);
    assert_int_equal(status_of(world, 3), CURFEW_TIMEOUT);
    assert_int_equal(world->told[3].receipt.offset, 5);
    assert_int_equal(world->told[3].receipt.log_id[0], LOG);
    assert_says(world, 3, "no coordinator answered");
    assert_int_equal(pass(world, 0), INT64_MAX);
}

static void a_report_after_the_deadline_is_ignored(void **state)
{
    /* Goal: a late acknowledgement neither tells twice nor reaches whoever has the place now. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 10);
    pass(world, 10);
    assert_int_equal(status_of(world, 1), CURFEW_TIMEOUT);
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    tell_durable(world, 0, 3);
    tell_lost(world, 0);
    assert_false(is_told(world, 2));
    tell_durable(world, 1, 4);
    assert_int_equal(world->told[2].receipt.offset, 4);
}

static void an_outage_is_named(void **state)
{
    /* Goal: what is late while Kafka is away is unavailable, with the bus's own words; after it, a plain time-out. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 10);
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_PROBLEM,
                                           .topic = CURFEW_TOPIC_COUNT,
                                           .partition = CURFEW_PARTITION_ANY,
                                           .text = "reaching Kafka at h:9092"});
    pass(world, 10);
    assert_int_equal(status_of(world, 1), CURFEW_UNAVAILABLE);
    assert_says(world, 1, "h:9092");
    assert_true(world->told[1].error.retriable);
    tell(world, &(struct curfew_bus_event){
                    .kind = CURFEW_BUS_RECOVERED, .topic = CURFEW_TOPIC_COUNT, .partition = CURFEW_PARTITION_ANY});
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 10);
    pass(world, 10);
    assert_int_equal(status_of(world, 2), CURFEW_TIMEOUT);
}

static void a_missing_topic_is_named(void **state)
{
    /* Goal: what the bus says of a lane's partition is in the text of that lane's time-outs, and only there. */
    struct emitter_world *world = *state;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 10);
    emit(world, 2, 2, CURFEW_WAIT_DURABLE, 10);
    tell(world, &(struct curfew_bus_event){.kind = CURFEW_BUS_PROBLEM,
                                           .topic = CURFEW_TOPIC_LIFECYCLE,
                                           .partition = 0,
                                           .text = "topic does not exist"});
    pass(world, 10);
    assert_says(world, 1, "topic does not exist");
    assert_int_equal(status_of(world, 2), CURFEW_TIMEOUT);
}

static void a_full_bus_keeps_events_and_their_order(void **state)
{
    /* Goal: while the bus takes nothing, events wait, and go out in order when it does. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    world->produce = CURFEW_FULL;
    for (int i = 0; i < 5; i++) {
        emit(world, i, 1, CURFEW_WAIT_DURABLE, 0);
    }
    int64_t due_us = pass(world, 0);
    assert_int_equal(due_us, world->now.boot_us + CURFEW_EMITTER_FULL_US);
    pass(world, 10);
    world->produce = CURFEW_UNAVAILABLE;
    pass(world, 10);
    assert_int_equal(world->sent_count, 0);
    world->produce = CURFEW_OK;
    pass(world, 100);
    assert_int_equal(world->sent_count, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(world->sent[i].number, i);
    }
}

static void what_the_bus_will_never_take_is_told(void **state)
{
    /* Goal: a record the bus calls invalid is reported at once and holds up nothing behind it. */
    struct emitter_world *world = *state;
    open_lane(world, 1, LOG);
    world->produce = CURFEW_INVALID;
    emit(world, 1, 1, CURFEW_WAIT_DURABLE, 0);
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    world->produce = CURFEW_OK;
    emit(world, 2, 1, CURFEW_WAIT_DURABLE, 0);
    assert_int_equal(world->sent_count, 1);
}

static void a_subscription_that_cannot_begin_is_told(void **state)
{
    /* Goal: when the log or the answers cannot even be asked for, what waits is told why, and later events try anew. */
    struct emitter_world *world = *state;
    world->subscribe = CURFEW_INVALID;
    emit(world, 1, 1, CURFEW_WAIT_ACCEPTED, 0);
    assert_int_equal(status_of(world, 1), CURFEW_INVALID);
    world->subscribe = CURFEW_OK;
    emit(world, 2, 1, CURFEW_WAIT_ACCEPTED, 0);
    assert_int_equal(read_from(world, CURFEW_TOPIC_ANSWERS, 1), CURFEW_OFFSET_END);
    assert_false(is_told(world, 2));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(nothing_is_sent_before_the_log_is_known, make, end),
    cmocka_unit_test_setup_teardown(a_receipt_says_where_the_event_is, make, end),
    cmocka_unit_test_setup_teardown(a_lane_keeps_its_order, make, end),
    cmocka_unit_test_setup_teardown(an_empty_lane_is_refused, make, end),
    cmocka_unit_test_setup_teardown(a_first_record_that_is_no_genesis_is_refused, make, end),
    cmocka_unit_test_setup_teardown(a_log_without_the_brokers_time_is_refused, make, end),
    cmocka_unit_test_setup_teardown(lanes_of_two_clusters_are_refused, make, end),
    cmocka_unit_test_setup_teardown(a_lane_the_cluster_does_not_have_is_refused, make, end),
    cmocka_unit_test_setup_teardown(control_says_how_many_lanes_there_are, make, end),
    cmocka_unit_test_setup_teardown(nothing_waits_for_an_answer_it_could_miss, make, end),
    cmocka_unit_test_setup_teardown(acceptance_follows_durability, make, end),
    cmocka_unit_test_setup_teardown(an_answer_may_come_before_the_acknowledgement, make, end),
    cmocka_unit_test_setup_teardown(a_refusal_says_why_and_whether_to_try_again, make, end),
    cmocka_unit_test_setup_teardown(an_answer_of_another_log_does_not_count, make, end),
    cmocka_unit_test_setup_teardown(an_answer_that_contradicts_itself_does_not_count, make, end),
    cmocka_unit_test_setup_teardown(an_answer_about_another_record_is_none, make, end),
    cmocka_unit_test_setup_teardown(what_was_not_delivered_is_sent_again_in_order, make, end),
    cmocka_unit_test_setup_teardown(a_heartbeat_is_not_sent_again, make, end),
    cmocka_unit_test_setup_teardown(a_deadline_says_how_far_it_came, make, end),
    cmocka_unit_test_setup_teardown(a_report_after_the_deadline_is_ignored, make, end),
    cmocka_unit_test_setup_teardown(an_outage_is_named, make, end),
    cmocka_unit_test_setup_teardown(a_missing_topic_is_named, make, end),
    cmocka_unit_test_setup_teardown(a_full_bus_keeps_events_and_their_order, make, end),
    cmocka_unit_test_setup_teardown(what_the_bus_will_never_take_is_told, make, end),
    cmocka_unit_test_setup_teardown(a_subscription_that_cannot_begin_is_told, make, end),
};

int main(void)
{
    return cmocka_run_group_tests_name("emitter", tests, NULL, NULL);
}
