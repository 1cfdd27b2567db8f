/* bus_test: the bus on a real Kafka: order, positions, gaps, waking, outages of every kind, and its admin calls. */
#include "core/bus_kafka.c" /* the whole of it, to make its producer turn fatal */

#include "tests/scenario/bus_reader.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>

#define MANY 2000
#define LATENCY_ROUNDS 400
#define MOVED_US INT64_C(1500000) /* librdkafka asks again after 500 ms */

/* A broker that goes silent is noticed sooner than by default, so that the test need not take so long. */
static const char *const impatient[] = {"kafka.socket.timeout.ms", "2000", "kafka.message.timeout.ms", "3000", NULL};

static void fill(struct curfew_bus *bus, int32_t partition, int count)
{
    for (int i = 0; i < count; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", i);
        reader_produce(bus, CURFEW_TOPIC_LIFECYCLE, partition, text, (uint64_t)i);
    }
    for (int i = 0; i < count; i++) {
        struct curfew_bus_event event = reader_await(bus, CURFEW_BUS_DELIVERED);
        assert_int_equal(event.ticket, i);
        assert_int_equal(event.offset, i);
    }
}

static void what_is_produced_is_read(void **state)
{
    /* Goal: each partition's records come in order with place, value and the broker's time, then the end is told. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    fill(&bus, 0, MANY);
    fill(&bus, 1, MANY);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_BEGIN);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 1, 10);
    int64_t next[2] = {0, 10};
    int ends = 0;
    while (ends < 2) {
        struct curfew_bus_event event = reader_next(&bus);
        assert_int_equal(event.topic, CURFEW_TOPIC_LIFECYCLE);
        if (event.kind == CURFEW_BUS_CAUGHT_UP) {
            assert_int_equal(event.offset, MANY);
            assert_int_equal(next[event.partition], MANY);
            ends++;
            continue;
        }
        char text[32];
        assert_int_equal(event.kind, CURFEW_BUS_RECORD);
        assert_int_equal(event.offset, next[event.partition]++);
        snprintf(text, sizeof text, "%lld", (long long)event.offset);
        assert_true(curfew_slice_equal(event.value, curfew_slice_of(text)));
        assert_true(event.log_append_time);
        assert_true(event.timestamp_us > INT64_C(1700000000000000));
    }
    curfew_bus_destroy(&bus);
}

static void a_topic_without_the_brokers_time_says_so(void **state)
{
    /* Goal: log_append_time tells the two kinds of timestamps apart. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    reader_put(&bus, CURFEW_TOPIC_ANSWERS, 2, "x");
    reader_subscribe(&bus, CURFEW_TOPIC_ANSWERS, 2, CURFEW_OFFSET_BEGIN);
    assert_false(reader_await(&bus, CURFEW_BUS_RECORD).log_append_time);
    curfew_bus_destroy(&bus);
}

static void from_the_end_only_what_comes_is_read(void **state)
{
    /* Goal: a subscription at the end tells the end first, then exactly what was produced after it. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    fill(&bus, 0, 5);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_END);
    struct curfew_bus_event event = reader_next(&bus);
    assert_int_equal(event.kind, CURFEW_BUS_CAUGHT_UP);
    assert_int_equal(event.offset, 5);
    assert_int_equal(reader_put(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "new"), 5);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, 5);
    event = reader_await(&bus, CURFEW_BUS_RECORD);
    assert_int_equal(event.offset, 5);
    assert_true(curfew_slice_equal(event.value, curfew_slice_of("new")));
    curfew_bus_destroy(&bus);
}

static void a_new_subscription_ends_the_old_one(void **state)
{
    /* Goal: after subscribe returns no record of the older subscription comes, however many were fetched; the other
     * partition's keep coming, in order and whole. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    fill(&bus, 0, MANY);
    fill(&bus, 1, MANY);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 1, 0);
    int64_t others = 0;
    for (int round = 0; round < 40; round++) {
        int64_t from = round * 37 % MANY;
        int64_t seen = 0;
        reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, from);
        while (seen < 20) {
            struct curfew_bus_event event = reader_await(&bus, CURFEW_BUS_RECORD);
            if (event.partition == 1) {
                assert_int_equal(event.offset, others++);
            } else {
                assert_int_equal(event.offset, from + seen++);
            }
        }
    }
    while (others < MANY) {
        struct curfew_bus_event event = reader_await(&bus, CURFEW_BUS_RECORD);
        others += event.partition == 1;
    }
    struct curfew_error error;
    assert_int_equal(bus.ops->unsubscribe(bus.self, CURFEW_TOPIC_LIFECYCLE, 0, &error), CURFEW_OK);
    reader_put(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "unseen");
    reader_put(&bus, CURFEW_TOPIC_LIFECYCLE, 1, "seen");
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 1, MANY);
    assert_int_equal(reader_await(&bus, CURFEW_BUS_RECORD).partition, 1);
    curfew_bus_destroy(&bus);
}

static void a_position_that_is_gone_is_a_gap(void **state)
{
    /* Goal: an offset out of range is told as a gap that names the place, and a new subscription mends it. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    fill(&bus, 1, 3);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 1, 1000);
    struct curfew_bus_event event = reader_next(&bus);
    assert_int_equal(event.kind, CURFEW_BUS_GAP);
    assert_int_equal(event.topic, CURFEW_TOPIC_LIFECYCLE);
    assert_int_equal(event.partition, 1);
    assert_int_equal(event.offset, 1000);
    assert_non_null(strstr(event.text, ".lifecycle, partition 1"));
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 1, CURFEW_OFFSET_BEGIN);
    assert_int_equal(reader_next(&bus).offset, 0);
    curfew_bus_destroy(&bus);
}

static void a_gap_of_an_old_subscription_does_not_come(void **state)
{
    /* Goal: a gap that was queued, but not yet told, goes with the subscription it is of. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    fill(&bus, 0, 3);
    fill(&bus, 1, 3);
    for (int round = 0; round < 10; round++) {
        reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, 1000);
        reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 1, 1000);
        struct curfew_bus_event event = reader_await(&bus, CURFEW_BUS_GAP);
        int32_t other = 1 - event.partition; /* fetched together: its gap is queued as well, or soon */
        reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, other, CURFEW_OFFSET_BEGIN);
        event = reader_next(&bus);
        assert_int_equal(event.kind, CURFEW_BUS_RECORD);
        assert_int_equal(event.partition, other);
        assert_int_equal(event.offset, 0);
        struct curfew_error error;
        assert_int_equal(bus.ops->unsubscribe(bus.self, CURFEW_TOPIC_LIFECYCLE, other, &error), CURFEW_OK);
    }
    curfew_bus_destroy(&bus);
}

static void a_question_of_an_old_subscription_moves_nothing(void **state)
{
    /* Goal: where the log begins or ends was asked for an older subscription; its answer, also half a second later,
     * does not move the new one: each record once, in order, and the end where it is. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    struct curfew_bus_event event;
    struct curfew_error error;
    static const int64_t asked[] = {CURFEW_OFFSET_BEGIN, CURFEW_OFFSET_END};
    fill(&bus, 0, 5);
    for (int round = 0; round < 6; round++) {
        int64_t next = 2;
        reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, asked[round % 2]);
        reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, next);
        int64_t until_us = rig_now_us() + MOVED_US;
        while (rig_now_us() < until_us) {
            if (bus.ops->poll(bus.self, 100, &event, &error) == CURFEW_TIMEOUT) {
                continue;
            }
            assert_int_equal(event.offset, next);
            assert_int_equal(event.kind, next < 5 ? CURFEW_BUS_RECORD : CURFEW_BUS_CAUGHT_UP);
            next += next < 5;
        }
        assert_int_equal(next, 5);
    }
    curfew_bus_destroy(&bus);
}

static void *wake_soon(void *context)
{
    const struct curfew_bus *bus = context;
    poll(NULL, 0, 100);
    bus->ops->wake(bus->self);
    return NULL;
}

static void poll_waits_no_longer_than_it_should(void **state)
{
    /* Goal: poll(0) returns at once, a time-out is kept, and wake from another thread ends a running and the next poll.
     */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    struct curfew_bus_event event;
    struct curfew_error error;
    pthread_t thread;
    reader_put(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "x"); /* so that connections and threads are there */
    int64_t before_us = rig_now_us();
    assert_int_equal(bus.ops->poll(bus.self, 0, &event, &error), CURFEW_TIMEOUT);
    assert_true(rig_now_us() - before_us < 100000);
    assert_int_equal(bus.ops->poll(bus.self, 50, &event, &error), CURFEW_TIMEOUT);
    assert_true(rig_now_us() - before_us >= 50000);

    before_us = rig_now_us();
    assert_int_equal(pthread_create(&thread, NULL, wake_soon, &bus), 0);
    assert_int_equal(bus.ops->poll(bus.self, BUS_WAIT_MS, &event, &error), CURFEW_TIMEOUT);
    assert_true(rig_now_us() - before_us < 5000000);
    pthread_join(thread, NULL);
    bus.ops->wake(bus.self);
    before_us = rig_now_us();
    assert_int_equal(bus.ops->poll(bus.self, BUS_WAIT_MS, &event, &error), CURFEW_TIMEOUT);
    assert_true(rig_now_us() - before_us < 5000000);
    assert_int_equal(bus.ops->poll(bus.self, 20, &event, &error), CURFEW_TIMEOUT);
    curfew_bus_destroy(&bus);
}

static void every_record_taken_is_reported_once(void **state)
{
    /* Goal: with a small queue produce says full and takes nothing; each record it took has exactly one report. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    static const char *const small[] = {"kafka.queue.buffering.max.messages", "10", NULL};
    static int reports[MANY];
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, small);
    struct curfew_bus_event event;
    struct curfew_error error;
    int full = 0;
    for (uint64_t ticket = 0; ticket < MANY;) {
        const struct curfew_bus_record record = {
            .topic = CURFEW_TOPIC_LIFECYCLE, .value = curfew_slice_of("x"), .ticket = ticket};
        enum curfew_status status = bus.ops->produce(bus.self, &record, &error);
        if (status == CURFEW_OK) {
            ticket++;
            continue;
        }
        assert_int_equal(status, CURFEW_FULL);
        assert_true(error.retriable);
        full++;
        event = reader_await(&bus, CURFEW_BUS_DELIVERED);
        reports[event.ticket]++;
    }
    assert_true(full > 0);
    while (bus.ops->poll(bus.self, 1000, &event, &error) == CURFEW_OK) {
        assert_int_equal(event.kind, CURFEW_BUS_DELIVERED);
        reports[event.ticket]++;
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(reports[i], 1);
    }
    curfew_bus_destroy(&bus);
}

static void a_missing_topic_is_told_and_found_when_made(void **state)
{
    /* Goal: reading and writing a topic that does not exist is told by name; once it is made both go on unaided. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    reader_subscribe(&bus, CURFEW_TOPIC_CONTROL, 0, CURFEW_OFFSET_BEGIN);
    reader_produce(&bus, CURFEW_TOPIC_CONTROL, 0, "early", 1);
    int problems = 0;
    int lost = 0;
    while (problems == 0 || lost == 0) {
        struct curfew_bus_event event = reader_next(&bus);
        if (event.kind == CURFEW_BUS_PROBLEM) {
            assert_non_null(strstr(event.text, prefix));
            problems++;
        } else {
            assert_int_equal(event.kind, CURFEW_BUS_UNDELIVERED);
            assert_int_equal(event.ticket, 1);
            lost++;
        }
    }
    struct curfew_error error;
    const struct curfew_bus_record record = {.topic = CURFEW_TOPIC_CONTROL, .value = curfew_slice_of("late")};
    assert_int_equal(bus.ops->produce(bus.self, &record, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, "run curfew topics create"));
    reader_create_topics(rig, prefix);
    int64_t deadline_us = rig_now_us() + BUS_WAIT_MS * 1000;
    while (bus.ops->produce(bus.self, &record, &error) != CURFEW_OK && rig_now_us() < deadline_us) {
        struct curfew_bus_event event;
        (void)bus.ops->poll(bus.self, RIG_POLL_MS, &event, &error);
    }
    struct curfew_bus_event event = reader_await(&bus, CURFEW_BUS_RECORD);
    assert_true(curfew_slice_equal(event.value, curfew_slice_of("late")));
    curfew_bus_destroy(&bus);
}

/* Waits for a problem that names the broker. */
static void await_outage(struct rig *rig, struct curfew_bus *bus)
{
    struct curfew_bus_event event = reader_await(bus, CURFEW_BUS_PROBLEM);
    if (strstr(event.text, rig_process_address(rig_kafka(rig))) == NULL) {
        fail_msg("\"%s\" does not name the broker", event.text);
    }
}

static void a_broker_that_is_not_there_yet(void **state)
{
    /* Goal: with no broker at start the address is told once, and reading and writing begin unaided when it comes. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    rig_process_kill(rig_kafka(rig));
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_BEGIN);
    await_outage(rig, &bus);
    struct curfew_bus_event event;
    struct curfew_error error;
    while (bus.ops->poll(bus.self, 2000, &event, &error) == CURFEW_OK) {
        assert_int_not_equal(event.kind, CURFEW_BUS_PROBLEM);
    }
    rig_process_start(rig_kafka(rig));
    (void)reader_await(&bus, CURFEW_BUS_RECOVERED);
    rig_await_kafka(rig);
    assert_int_equal(reader_put(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "first"), 0);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_BEGIN);
    assert_int_equal(reader_await(&bus, CURFEW_BUS_RECORD).offset, 0);
    curfew_bus_destroy(&bus);
}

static void a_broker_that_is_killed(void **state)
{
    /* Goal: after kill -9 and a restart nothing durable is lost or read twice, and what was under way is reported. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    fill(&bus, 0, 10);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_BEGIN);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(reader_await(&bus, CURFEW_BUS_RECORD).offset, i);
    }
    rig_process_kill(rig_kafka(rig));
    reader_produce(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "meanwhile", 99);
    await_outage(rig, &bus);
    rig_process_start(rig_kafka(rig));
    int64_t next = 10;
    bool reported = false;
    bool recovered = false;
    while (!reported || !recovered || next < 11) {
        struct curfew_bus_event event = reader_next(&bus);
        if (event.kind == CURFEW_BUS_RECORD) {
            assert_int_equal(event.offset, next++);
        } else if (event.kind == CURFEW_BUS_DELIVERED || event.kind == CURFEW_BUS_UNDELIVERED) {
            assert_false(reported);
            reported = true;
            if (event.kind == CURFEW_BUS_UNDELIVERED) {
                reader_produce(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "again", 100);
                reported = false;
            }
        } else if (event.kind == CURFEW_BUS_RECOVERED) {
            recovered = true;
        }
        assert_int_not_equal(event.kind, CURFEW_BUS_GAP);
    }
    curfew_bus_destroy(&bus);
}

static void a_broker_that_is_stopped(void **state)
{
    /* Goal: a broker that keeps its connections and says nothing is told, what is sent to it is reported undelivered,
     * and all goes on when it does. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, impatient);
    fill(&bus, 0, 3);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_END);
    (void)reader_await(&bus, CURFEW_BUS_CAUGHT_UP);
    rig_process_signal(rig_kafka(rig), SIGSTOP);
    reader_produce(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "into the void", 7);
    bool outage = false;
    bool lost = false;
    while (!outage || !lost) {
        struct curfew_bus_event event = reader_next(&bus);
        outage = outage || event.kind == CURFEW_BUS_PROBLEM;
        lost = lost || (event.kind == CURFEW_BUS_UNDELIVERED && event.ticket == 7);
    }
    rig_process_signal(rig_kafka(rig), SIGCONT);
    (void)reader_await(&bus, CURFEW_BUS_RECOVERED);
    reader_produce(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "there", 8);
    bool durable = false;
    bool read_back = false;
    while (!durable || !read_back) {
        struct curfew_bus_event event = reader_next(&bus);
        durable = durable || (event.kind == CURFEW_BUS_DELIVERED && event.ticket == 8);
        read_back =
            read_back || (event.kind == CURFEW_BUS_RECORD && curfew_slice_equal(event.value, curfew_slice_of("there")));
    }
    curfew_bus_destroy(&bus);
}

static void a_fatal_producer_is_rebuilt(void **state)
{
    /* Goal: when the producer turns fatal all it holds is reported once, and producing goes on with a new one. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    static int reports[MANY];
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    struct kafka_bus *inside = bus.self;
    reader_put(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "before");
    for (uint64_t ticket = 0; ticket < MANY; ticket++) {
        reader_produce(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "under way", ticket);
    }
    rd_kafka_t *fatal = inside->client[CURFEW_KAFKA_PRODUCER];
    assert_int_equal(rd_kafka_test_fatal_error(fatal, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "by the test"),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    struct curfew_error error;
    const struct curfew_bus_record record = {
        .topic = CURFEW_TOPIC_LIFECYCLE, .value = curfew_slice_of("after"), .ticket = MANY};
    assert_int_equal(bus.ops->produce(bus.self, &record, &error), CURFEW_FULL);
    int count = 0;
    bool told = false;
    while (count < MANY || !told) {
        struct curfew_bus_event event = reader_next(&bus);
        if (event.kind == CURFEW_BUS_PROBLEM) {
            assert_non_null(strstr(event.text, "rebuilt"));
            told = true;
        } else {
            assert_true(event.kind == CURFEW_BUS_DELIVERED || event.kind == CURFEW_BUS_UNDELIVERED);
            reports[event.ticket]++;
            count++;
        }
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(reports[i], 1);
    }
    struct curfew_bus_event event;
    assert_int_equal(bus.ops->poll(bus.self, 100, &event, &error), CURFEW_TIMEOUT);
    assert_int_equal(bus.ops->produce(bus.self, &record, &error), CURFEW_OK);
    event = reader_await(&bus, CURFEW_BUS_DELIVERED);
    assert_int_equal(event.ticket, MANY);
    curfew_bus_destroy(&bus);
}

static void topics_are_described_and_created_once(void **state)
{
    /* Goal: describe says partitions and kind of time, 0 for a missing topic; create refuses what exists, by name, and
     * then makes nothing. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    struct curfew_config *config = reader_config(rig, prefix, NULL);
    struct curfew_error error;
    struct curfew_topic_facts facts = {.partitions = 9};
    assert_int_equal(curfew_kafka_describe(config, CURFEW_TOPIC_LIFECYCLE, BUS_WAIT_MS, &facts, &error), CURFEW_OK);
    assert_int_equal(facts.partitions, 0);
    reader_create_topics(rig, prefix);
    assert_int_equal(curfew_kafka_describe(config, CURFEW_TOPIC_LIFECYCLE, BUS_WAIT_MS, &facts, &error), CURFEW_OK);
    assert_int_equal(facts.partitions, 2);
    assert_true(facts.log_append_time);
    assert_int_equal(curfew_kafka_describe(config, CURFEW_TOPIC_ANSWERS, BUS_WAIT_MS, &facts, &error), CURFEW_OK);
    assert_int_equal(facts.partitions, 3);
    assert_false(facts.log_append_time);

    const struct curfew_topic_spec specs[] = {{CURFEW_TOPIC_STATUS, 1, NULL}, {CURFEW_TOPIC_ANSWERS, 3, NULL}};
    assert_int_equal(curfew_kafka_create_topics(config, specs, 2, 1, BUS_WAIT_MS, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, ".answers: the topic exists"));
    assert_int_equal(curfew_kafka_describe(config, CURFEW_TOPIC_STATUS, BUS_WAIT_MS, &facts, &error), CURFEW_OK);
    assert_int_equal(facts.partitions, 0);
    static const char *const wrong[] = {"retention.ms", "for ever", NULL};
    const struct curfew_topic_spec bad = {CURFEW_TOPIC_STATUS, 1, wrong};
    assert_int_equal(curfew_kafka_create_topics(config, &bad, 1, 1, BUS_WAIT_MS, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, ".status"));
    curfew_config_destroy(config);
}

static void a_broker_that_does_not_answer_is_named(void **state)
{
    /* Goal: admin calls give up in time, say unavailable, and name the address. */
    struct rig *rig = *state;
    const char *nowhere = rig_text(rig, "127.0.0.1:%d", rig_port());
    const char *const settings[] = {"kafka.bootstrap.servers", nowhere, NULL};
    struct curfew_config *config = reader_config(rig, "x", settings);
    const struct curfew_topic_spec spec = {CURFEW_TOPIC_STATUS, 1, NULL};
    struct curfew_topic_facts facts;
    struct curfew_error error;
    int64_t before_us = rig_now_us();
    assert_int_equal(curfew_kafka_describe(config, CURFEW_TOPIC_STATUS, 500, &facts, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, nowhere));
    assert_int_equal(curfew_kafka_create_topics(config, &spec, 1, 1, 500, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, nowhere));
    assert_true(rig_now_us() - before_us < 10000000);
    curfew_config_destroy(config);
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void it_is_quick(void **state)
{
    /* Goal: on a warm broker the median from produce to acknowledgement and to the reader is a few milliseconds; a
     * queue's wake-up that is lost would show as the poll's whole time-out. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    static int64_t durable_us[LATENCY_ROUNDS];
    static int64_t read_us[LATENCY_ROUNDS];
    reader_create_topics(rig, prefix);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_END);
    (void)reader_await(&bus, CURFEW_BUS_CAUGHT_UP);
    for (int i = -LATENCY_ROUNDS; i < LATENCY_ROUNDS; i++) {
        int at = i < 0 ? 0 : i;
        int64_t before_us = rig_now_us();
        reader_produce(&bus, CURFEW_TOPIC_LIFECYCLE, 0, "x", 1);
        for (int left = 2; left > 0;) {
            enum curfew_bus_event_kind kind = reader_next(&bus).kind;
            left -= kind == CURFEW_BUS_DELIVERED || kind == CURFEW_BUS_RECORD;
            if (kind == CURFEW_BUS_DELIVERED) {
                durable_us[at] = rig_now_us() - before_us;
            } else if (kind == CURFEW_BUS_RECORD) {
                read_us[at] = rig_now_us() - before_us;
            }
        }
    }
    qsort(durable_us, LATENCY_ROUNDS, sizeof durable_us[0], by_size);
    qsort(read_us, LATENCY_ROUNDS, sizeof read_us[0], by_size);
    print_message("produce to durable: p50 %lld us, p99 %lld us; to the reader: p50 %lld us, p99 %lld us\n",
                  (long long)durable_us[LATENCY_ROUNDS / 2], (long long)durable_us[LATENCY_ROUNDS * 99 / 100],
                  (long long)read_us[LATENCY_ROUNDS / 2], (long long)read_us[LATENCY_ROUNDS * 99 / 100]);
    assert_true(durable_us[LATENCY_ROUNDS / 2] < 20000);
    assert_true(read_us[LATENCY_ROUNDS / 2] < 20000);
    curfew_bus_destroy(&bus);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_produced_is_read),
    cmocka_unit_test(a_topic_without_the_brokers_time_says_so),
    cmocka_unit_test(from_the_end_only_what_comes_is_read),
    cmocka_unit_test(a_new_subscription_ends_the_old_one),
    cmocka_unit_test(a_position_that_is_gone_is_a_gap),
    cmocka_unit_test(a_gap_of_an_old_subscription_does_not_come),
    cmocka_unit_test(a_question_of_an_old_subscription_moves_nothing),
    cmocka_unit_test(poll_waits_no_longer_than_it_should),
    cmocka_unit_test(every_record_taken_is_reported_once),
    cmocka_unit_test(a_missing_topic_is_told_and_found_when_made),
    cmocka_unit_test(a_fatal_producer_is_rebuilt),
    cmocka_unit_test(topics_are_described_and_created_once),
    cmocka_unit_test(a_broker_that_does_not_answer_is_named),
    cmocka_unit_test(it_is_quick),
    cmocka_unit_test(a_broker_that_is_stopped),
    cmocka_unit_test(a_broker_that_is_killed),
    cmocka_unit_test(a_broker_that_is_not_there_yet),
};

int main(void)
{
    return rig_main("bus", tests, sizeof tests / sizeof tests[0]);
}
