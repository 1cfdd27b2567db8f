/* producer_test: issuers and orchestrators as they see the producer, on a real Kafka and with a real coordinator. */
#include "core/digest.h"
#include "core/id.h"
#include "core/keyfile.h"
#include "tests/scenario/bus_reader.h"
#include <curfew/producer.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 30000 /* for one outcome */
#define ROUNDS 400 /* of a measurement */
#define THREADS 8
#define EVENTS_A_THREAD 1000
#define S_US INT64_C(1000000)

/* Also of topics that are not there yet: then with a key that proves nothing anywhere. */
static const char *key_of(struct rig *rig, const char *prefix)
{
    static const uint8_t key[CURFEW_WRITER_KEY_SIZE] = {1};
    const char *path = rig_app_key(rig, prefix);
    const char *nobodys = rig_text(rig, "%s/nobody-%s.key", rig_directory(rig), prefix);
    struct curfew_error error;
    if (access(path, F_OK) == 0) {
        return path;
    }
    if (access(nobodys, F_OK) != 0 &&
        curfew_writer_key_store(nobodys, curfew_slice_of("app"), 1, key, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    return nobodys;
}

/* Whom it believes, or, where there are no topics yet, somebody's key. */
static const char *coordinators_of(struct rig *rig, const char *prefix)
{
    const char *path = rig_coordinators(rig, prefix);
    return access(path, F_OK) == 0 ? path : CURFEW_COORDINATORS;
}

static struct curfew_producer *open_at(struct rig *rig, const char *address, const char *prefix)
{
    const char *const settings[] = {"kafka.bootstrap.servers",
                                    address,
                                    "topics.prefix",
                                    prefix,
                                    "producer.key_file",
                                    key_of(rig, prefix),
                                    "coordinators.keys_file",
                                    coordinators_of(rig, prefix),
                                    NULL};
    const struct curfew_producer_options options = {.size = sizeof options, .settings = settings, .writer = "app"};
    struct curfew_producer *producer = NULL;
    struct curfew_error error;
    if (curfew_producer_open(&options, &producer, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    return producer;
}

static struct curfew_producer *open_producer(struct rig *rig, const char *prefix)
{
    return open_at(rig, rig_process_address(rig_kafka(rig)), prefix);
}

static void close_producer_whole(struct curfew_producer *producer)
{
    struct curfew_error error;
    if (curfew_producer_close(producer, WAIT_MS, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
}

/* Topics with their genesis: two pipeline lanes. */
static const char *make_topics(struct rig *rig)
{
    const char *prefix = rig_new_topics(rig);
    rig_found(rig, prefix, (const char *const[]){"--lanes=2", "--coordinator", "producer-coordinator", NULL});
    return prefix;
}

static void make_session(int32_t lane, char id[CURFEW_SESSION_ID_SIZE])
{
    uint8_t random[16];
    curfew_random(random, sizeof random);
    curfew_session_id_make(lane, random, id);
}

static enum curfew_status emit(struct curfew_producer *producer, const struct curfew_event *event, int32_t lane,
                               curfew_emitted *emitted, void *context, struct curfew_error *error)
{
    const struct curfew_emit emission = {
        .event = event, .lane = lane, .wait = CURFEW_WAIT_DURABLE, .emitted = emitted, .context = context};
    return curfew_producer_emit(producer, &emission, error);
}

static struct curfew_event session_ended(const char *id)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED};
    event.as.session_ended.session = curfew_slice_of(id);
    return event;
}

static struct curfew_event session_started(const char *id)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED};
    struct curfew_session_started *started = &event.as.session_started;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    started->session = curfew_slice_of(id);
    started->tenant = curfew_slice_of("acme");
    started->issuer = curfew_slice_of("https://id.example");
    started->user = curfew_slice_of("ana");
    started->auth_us = (int64_t)now.tv_sec * S_US;
    started->deadline_us = ((int64_t)now.tv_sec + 3600) * S_US;
    return event;
}

static struct curfew_event heartbeat(void)
{
    struct curfew_event event = {.type = CURFEW_EVENT_HOLDER_HEARTBEAT};
    event.as.holder_heartbeat.holder = curfew_slice_of("airflow");
    return event;
}

static void must_be(enum curfew_status wanted, const struct curfew_outcome *outcome)
{
    if (outcome->status != wanted) {
        fail_msg("%s instead of %s: %s", curfew_status_name(outcome->status), curfew_status_name(wanted),
                 outcome->error.text);
    }
}

static void must_say(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", text, part);
    }
}

static void lanes_says_what_is_wrong_with_the_topics(void **state)
{
    /* Goal: missing topics, topics without genesis and a broker that is not there each get an error that says what to
     * do, and good topics their number of lanes. */
    struct rig *rig = *state;
    struct curfew_error error;
    int32_t lanes = 0;
    const char *prefix = rig_new_topics(rig);
    struct curfew_producer *producer = open_producer(rig, prefix);
    assert_int_equal(curfew_producer_lanes(producer, WAIT_MS, &lanes, &error), CURFEW_INVALID);
    must_say(error.text, ".control does not exist; run curfew topics create");
    reader_create_topics(rig, prefix);
    assert_int_equal(curfew_producer_lanes(producer, WAIT_MS, &lanes, &error), CURFEW_INVALID);
    must_say(error.text, "has no genesis record; run curfew topics create");
    close_producer_whole(producer);

    const char *nowhere = rig_text(rig, "127.0.0.1:%d", rig_port());
    producer = open_at(rig, nowhere, prefix);
    assert_int_equal(curfew_producer_lanes(producer, 500, &lanes, &error), CURFEW_UNAVAILABLE);
    must_say(error.text, nowhere);
    close_producer_whole(producer);

    producer = open_producer(rig, make_topics(rig));
    if (curfew_producer_lanes(producer, WAIT_MS, &lanes, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(lanes, 3);
    int64_t before_us = rig_now_us();
    assert_int_equal(curfew_producer_lanes(producer, WAIT_MS, &lanes, &error), CURFEW_OK);
    print_message("checking three lanes, warm: %lld us\n", (long long)(rig_now_us() - before_us));
    close_producer_whole(producer);
}

static void a_receipt_is_where_the_event_is(void **state)
{
    /* Goal: what a receipt names is in the log at that place, with writer and time filled in. */
    struct rig *rig = *state;
    const char *prefix = make_topics(rig);
    struct curfew_producer *producer = open_producer(rig, prefix);
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(2, id);
    struct curfew_event event = session_ended(id);
    struct curfew_outcome outcome;
    int64_t last = 0;
    for (int i = 0; i < 3; i++) {
        (void)!curfew_producer_emit_and_wait(producer, &event, CURFEW_LANE_OF_EVENT, CURFEW_WAIT_DURABLE, WAIT_MS,
                                             &outcome);
        must_be(CURFEW_OK, &outcome);
        assert_int_equal(outcome.receipt.lane, 2);
        assert_int_equal(outcome.receipt.offset, last + 1); /* 0 is genesis */
        assert_true(outcome.receipt.timestamp_us > 0);
        assert_true(outcome.receipt.durable_us > 0);
        last = outcome.receipt.offset;
    }
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 1, last);
    struct curfew_bus_event record = reader_await(&bus, CURFEW_BUS_RECORD);
    assert_int_equal(record.offset, last);
    assert_int_equal(record.timestamp_us, outcome.receipt.timestamp_us);
    assert_non_null(memmem(record.value.at, record.value.size, id, strlen(id)));
    assert_non_null(memmem(record.value.at, record.value.size, "\006app", strlen("\006app")));
    curfew_bus_destroy(&bus);
    close_producer_whole(producer);
}

static void bad_events_never_leave(void **state)
{
    /* Goal: events without a lane, over a bound or not a producer's to say are refused by the call itself. */
    struct rig *rig = *state;
    struct curfew_producer *producer = open_producer(rig, make_topics(rig));
    struct curfew_outcome outcome;
    struct curfew_error error;
    struct curfew_event event = session_ended("not a session id");
    assert_int_equal(emit(producer, &event, CURFEW_LANE_OF_EVENT, NULL, NULL, &error), CURFEW_INVALID);
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(1, id);
    static uint8_t large[100000];
    memset(large, 'x', sizeof large);
    event = session_ended(id);
    event.as.session_ended.reason = (struct curfew_slice){large, sizeof large};
    assert_int_equal(
        curfew_producer_emit_and_wait(producer, &event, CURFEW_LANE_OF_EVENT, CURFEW_WAIT_DURABLE, WAIT_MS, &outcome),
        CURFEW_INVALID);
    must_say(outcome.error.text, "reason");
    assert_int_equal(outcome.receipt.offset, -1);
    event = (struct curfew_event){.type = CURFEW_EVENT_TICK};
    assert_int_equal(emit(producer, &event, 1, NULL, NULL, &error), CURFEW_INVALID);
    make_session(77, id);
    event = session_ended(id);
    assert_int_equal(
        curfew_producer_emit_and_wait(producer, &event, CURFEW_LANE_OF_EVENT, CURFEW_WAIT_DURABLE, 3000, &outcome),
        CURFEW_INVALID);
    must_say(outcome.error.text, id);
    must_say(outcome.error.text, "this cluster has 0..2");
    close_producer_whole(producer);
}

static void bad_options_are_named(void **state)
{
    /* Goal: a wrong size, no writer, an unknown setting and an unknown Kafka property fail at open. */
    struct curfew_producer *producer = NULL;
    struct curfew_error error;
    const char *const unknown[] = {"kafka.bootstrap.servers", "h:1", "topics.perfix", "x", NULL};
    const char *const property[] = {"kafka.bootstrap.servers",
                                    "h:1",
                                    "kafka.no.such",
                                    "x",
                                    "producer.key_file",
                                    key_of(*state, "none"),
                                    "coordinators.keys_file",
                                    CURFEW_COORDINATORS,
                                    NULL};
    const char *const nobody[] = {"kafka.bootstrap.servers", "h:1", "producer.key_file", key_of(*state, "none"), NULL};
    struct curfew_producer_options options = {.size = 1, .writer = "w"};
    assert_int_equal(curfew_producer_open(&options, &producer, &error), CURFEW_INVALID);
    options = (struct curfew_producer_options){.size = sizeof options};
    assert_int_equal(curfew_producer_open(&options, &producer, &error), CURFEW_INVALID);
    must_say(error.text, "producer.key_file");
    options = (struct curfew_producer_options){.size = sizeof options, .writer = "w", .settings = unknown};
    assert_int_equal(curfew_producer_open(&options, &producer, &error), CURFEW_INVALID);
    must_say(error.text, "topics.prefix");
    options.settings = property;
    assert_int_equal(curfew_producer_open(&options, &producer, &error), CURFEW_INVALID);
    must_say(error.text, "the key in");
    options.writer = NULL;
    assert_int_equal(curfew_producer_open(&options, &producer, &error), CURFEW_INVALID);
    must_say(error.text, "kafka.no.such");
    options.settings = nobody;
    assert_int_equal(curfew_producer_open(&options, &producer, &error), CURFEW_INVALID);
    must_say(error.text, "coordinators.keys_file");
    assert_null(producer);
    assert_int_equal(curfew_producer_close(NULL, 0, NULL), CURFEW_OK);
}

/* What callbacks saw. */
struct tally {
    atomic_int told;
    atomic_int durable;
    atomic_int unsent;
    atomic_int unknown;
    char text[CURFEW_ERROR_TEXT_SIZE]; /* of one that failed */
};

static void count(void *context, const struct curfew_outcome *outcome)
{
    struct tally *tally = context;
    atomic_fetch_add(&tally->durable, outcome->status == CURFEW_OK);
    atomic_fetch_add(&tally->unsent, outcome->status == CURFEW_CLOSED);
    atomic_fetch_add(&tally->unknown, outcome->status == CURFEW_TIMEOUT);
    if (outcome->status != CURFEW_OK) {
        snprintf(tally->text, sizeof tally->text, "%s", outcome->error.text);
    }
    atomic_fetch_add(&tally->told, 1);
}

struct speaker {
    struct curfew_producer *producer;
    struct tally *tally;
    const char *session;
};

static void *speak(void *context)
{
    const struct speaker *speaker = context;
    for (int i = 0; i < EVENTS_A_THREAD; i++) {
        struct curfew_event event = session_ended(speaker->session);
        struct curfew_error error;
        if (emit(speaker->producer, &event, CURFEW_LANE_OF_EVENT, count, speaker->tally, &error) != CURFEW_OK) {
            fprintf(stderr, "%s\n", error.text);
            abort();
        }
    }
    return NULL;
}

static void many_threads_may_emit_and_close_drains(void **state)
{
    /* Goal: events of many threads are each reported once, close waits until all are durable, and the log holds them.
     */
    struct rig *rig = *state;
    const char *prefix = make_topics(rig);
    struct curfew_producer *producer = open_producer(rig, prefix);
    struct tally tally = {0};
    pthread_t threads[THREADS];
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(1, id);
    struct speaker speaker = {producer, &tally, id};
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, speak, &speaker), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    close_producer_whole(producer);
    assert_int_equal(tally.told, THREADS * EVENTS_A_THREAD);
    assert_int_equal(tally.durable, THREADS * EVENTS_A_THREAD);
    struct curfew_bus bus = reader_open(rig, prefix, NULL);
    reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_END);
    assert_int_equal(reader_await(&bus, CURFEW_BUS_CAUGHT_UP).offset, THREADS * EVENTS_A_THREAD + 1);
    curfew_bus_destroy(&bus);
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static int64_t measure(struct curfew_producer *producer, enum curfew_wait wait, const char *what)
{
    static int64_t took_us[ROUNDS];
    char id[CURFEW_SESSION_ID_SIZE];
    for (int i = -ROUNDS; i < ROUNDS; i++) {
        struct curfew_outcome outcome;
        make_session(1, id);
        struct curfew_event event = session_started(id);
        int64_t before_us = rig_now_us();
        (void)!curfew_producer_emit_and_wait(producer, &event, CURFEW_LANE_OF_EVENT, wait, WAIT_MS, &outcome);
        took_us[i < 0 ? 0 : i] = rig_now_us() - before_us;
        must_be(CURFEW_OK, &outcome);
        assert_int_equal(outcome.receipt.accepted_us != 0, wait == CURFEW_WAIT_ACCEPTED);
    }
    qsort(took_us, ROUNDS, sizeof took_us[0], by_size);
    print_message("emit and wait until %s: p50 %lld us, p99 %lld us\n", what, (long long)took_us[ROUNDS / 2],
                  (long long)took_us[ROUNDS * 99 / 100]);
    return took_us[ROUNDS / 2];
}

static void acceptance_is_the_coordinators(void **state)
{
    /* Goal: with a coordinator running, what fits is accepted and what does not is refused with the reason; without
     * one, a durable event's answer stays outstanding. And it is quick. */
    struct rig *rig = *state;
    const char *prefix = make_topics(rig);
    struct curfew_producer *producer = open_producer(rig, prefix);
    struct curfew_outcome outcome;
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(1, id);
    struct curfew_event event = session_started(id);
    assert_int_equal(
        curfew_producer_emit_and_wait(producer, &event, CURFEW_LANE_OF_EVENT, CURFEW_WAIT_ACCEPTED, 1500, &outcome),
        CURFEW_TIMEOUT);
    assert_int_equal(outcome.receipt.offset, 1);
    must_say(outcome.error.text, "no coordinator answered");
    struct rig_process *coordinator = rig_coordinator(rig, "producer-coordinator", NULL);
    rig_await_ready(rig, coordinator);

    struct curfew_event unknown = {.type = CURFEW_EVENT_TASK_ENDED};
    char nobody[CURFEW_SESSION_ID_SIZE];
    make_session(2, nobody);
    unknown.as.task_ended.session = curfew_slice_of(nobody);
    unknown.as.task_ended.task = curfew_slice_of("t");
    assert_int_equal(curfew_producer_emit_and_wait(producer, &unknown, CURFEW_LANE_OF_EVENT, CURFEW_WAIT_ACCEPTED,
                                                   WAIT_MS, &outcome),
                     CURFEW_REFUSED);
    assert_int_equal(outcome.refusal.reason, CURFEW_REASON_UNKNOWN_SESSION);
    assert_int_equal(outcome.refusal.offset, outcome.receipt.offset);
    must_say(outcome.error.text, nobody);
    assert_true(measure(producer, CURFEW_WAIT_DURABLE, "durable") < 20000);
    assert_true(measure(producer, CURFEW_WAIT_ACCEPTED, "accepted") < 60000);
    close_producer_whole(producer);
    rig_process_kill(coordinator);
}

struct reentry {
    struct curfew_producer *producer;
    struct curfew_event event;
    struct tally tally;
    enum curfew_status waited;
    enum curfew_status closed;
    enum curfew_status emitted;
};

static void call_back(void *context, const struct curfew_outcome *outcome)
{
    struct reentry *reentry = context;
    struct curfew_outcome inner;
    (void)outcome;
    reentry->waited = curfew_producer_emit_and_wait(reentry->producer, &reentry->event, CURFEW_LANE_OF_EVENT,
                                                    CURFEW_WAIT_DURABLE, WAIT_MS, &inner);
    reentry->closed = curfew_producer_close(reentry->producer, 0, NULL);
    reentry->emitted = emit(reentry->producer, &reentry->event, CURFEW_LANE_OF_EVENT, count, &reentry->tally, NULL);
}

static void a_callback_may_emit_but_not_wait(void **state)
{
    /* Goal: from a callback emit works, and what would wait for its own thread is refused instead of hanging. */
    struct rig *rig = *state;
    struct curfew_producer *producer = open_producer(rig, make_topics(rig));
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(1, id);
    struct reentry reentry = {.producer = producer, .event = session_ended(id)};
    struct curfew_error error;
    assert_int_equal(emit(producer, &reentry.event, CURFEW_LANE_OF_EVENT, call_back, &reentry, &error), CURFEW_OK);
    while (atomic_load(&reentry.tally.told) == 0) {
        poll(NULL, 0, RIG_POLL_MS);
    }
    assert_int_equal(reentry.waited, CURFEW_INVALID);
    assert_int_equal(reentry.closed, CURFEW_INVALID);
    assert_int_equal(reentry.emitted, CURFEW_OK);
    assert_int_equal(reentry.tally.durable, 1);
    close_producer_whole(producer);
}

static void the_bound_and_the_close_with_a_silent_broker(void **state)
{
    /* Goal: while the broker says nothing, emit takes up to its bound and says full, a second heartbeat is full, and
     * close tells in time how many events and which may not have been delivered. */
    struct rig *rig = *state;
    struct curfew_producer *producer = open_producer(rig, make_topics(rig));
    struct tally tally = {0};
    struct curfew_error error;
    struct curfew_outcome outcome;
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(1, id);
    struct curfew_event event = session_ended(id);
    (void)!curfew_producer_emit_and_wait(producer, &event, CURFEW_LANE_OF_EVENT, CURFEW_WAIT_DURABLE, WAIT_MS,
                                         &outcome);
    must_be(CURFEW_OK, &outcome);
    rig_process_signal(rig_kafka(rig), SIGSTOP);
    struct curfew_event beat = heartbeat();
    struct tally beats = {0};
    assert_int_equal(emit(producer, &beat, 1, count, &beats, &error), CURFEW_OK);
    assert_int_equal(emit(producer, &beat, 1, count, &beats, &error), CURFEW_FULL);
    assert_int_equal(emit(producer, &beat, 2, count, &beats, &error), CURFEW_OK);
    int taken = 0;
    enum curfew_status status = CURFEW_OK;
    while (status == CURFEW_OK && taken <= CURFEW_PRODUCER_PENDING_MAX) {
        status = emit(producer, &event, CURFEW_LANE_OF_EVENT, count, &tally, &error);
        taken += status == CURFEW_OK;
    }
    assert_int_equal(status, CURFEW_FULL);
    assert_int_equal(taken + 2 - beats.told, CURFEW_PRODUCER_PENDING_MAX);
    int64_t before_us = rig_now_us();
    assert_int_equal(curfew_producer_close(producer, 500, &error), CURFEW_TIMEOUT);
    assert_true(rig_now_us() - before_us < 10 * S_US);
    rig_process_signal(rig_kafka(rig), SIGCONT);
    assert_int_equal(tally.told, taken);
    assert_int_equal(tally.durable, 0);
    assert_int_equal(beats.told, 2);
    assert_int_equal(tally.unsent + tally.unknown, taken);
    must_say(error.text, rig_text(rig, " %d events were not acknowledged", taken + beats.unsent + beats.unknown));
    must_say(tally.text, id);
    rig_await_kafka(rig);
}

/* One event that must get through whatever happens to the broker meanwhile. */
struct insistent {
    struct curfew_producer *producer;
    struct curfew_event event;
    struct curfew_outcome outcome;
};

static void *insist(void *context)
{
    struct insistent *insistent = context;
    (void)!curfew_producer_emit_and_wait(insistent->producer, &insistent->event, CURFEW_LANE_OF_EVENT,
                                         CURFEW_WAIT_DURABLE, 2 * WAIT_MS, &insistent->outcome);
    return NULL;
}

static void an_event_outlives_its_broker(void **state)
{
    /* Goal: an event emitted while the broker is stopped for longer than a message lives, or killed, becomes durable
     * unaided when the broker is back; with less time it says so, naming the broker. */
    struct rig *rig = *state;
    struct curfew_producer *producer = open_producer(rig, make_topics(rig));
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(1, id);
    struct insistent insistent = {.producer = producer, .event = session_ended(id)};
    pthread_t thread;
    (void)insist(&insistent);
    must_be(CURFEW_OK, &insistent.outcome);
    int64_t offset = insistent.outcome.receipt.offset;

    rig_process_signal(rig_kafka(rig), SIGSTOP);
    assert_int_equal(pthread_create(&thread, NULL, insist, &insistent), 0);
    struct curfew_outcome outcome;
    assert_int_equal(curfew_producer_emit_and_wait(producer, &insistent.event, CURFEW_LANE_OF_EVENT,
                                                   CURFEW_WAIT_DURABLE, 12000, &outcome),
                     CURFEW_UNAVAILABLE);
    must_say(outcome.error.text, rig_process_address(rig_kafka(rig)));
    rig_process_signal(rig_kafka(rig), SIGCONT);
    pthread_join(thread, NULL);
    must_be(CURFEW_OK, &insistent.outcome);
    assert_true(insistent.outcome.receipt.offset > offset);

    rig_process_kill(rig_kafka(rig));
    assert_int_equal(pthread_create(&thread, NULL, insist, &insistent), 0);
    rig_process_start(rig_kafka(rig));
    pthread_join(thread, NULL);
    must_be(CURFEW_OK, &insistent.outcome);
    rig_await_kafka(rig);
    close_producer_whole(producer);
}

static void a_producer_opens_before_its_broker(void **state)
{
    /* Goal: with no broker at open, an event waits and becomes durable when one comes. */
    struct rig *rig = *state;
    const char *prefix = make_topics(rig);
    rig_process_kill(rig_kafka(rig));
    struct curfew_producer *producer = open_producer(rig, prefix);
    char id[CURFEW_SESSION_ID_SIZE];
    make_session(2, id);
    struct insistent insistent = {.producer = producer, .event = session_ended(id)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, insist, &insistent), 0);
    poll(NULL, 0, 1000); /* an outage that lasts */
    rig_process_start(rig_kafka(rig));
    pthread_join(thread, NULL);
    must_be(CURFEW_OK, &insistent.outcome);
    assert_int_equal(insistent.outcome.receipt.offset, 1);
    rig_await_kafka(rig);
    close_producer_whole(producer);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bad_options_are_named),
    cmocka_unit_test(lanes_says_what_is_wrong_with_the_topics),
    cmocka_unit_test(a_receipt_is_where_the_event_is),
    cmocka_unit_test(bad_events_never_leave),
    cmocka_unit_test(many_threads_may_emit_and_close_drains),
    cmocka_unit_test(a_callback_may_emit_but_not_wait),
    cmocka_unit_test(acceptance_is_the_coordinators),
    cmocka_unit_test(the_bound_and_the_close_with_a_silent_broker),
    cmocka_unit_test(an_event_outlives_its_broker),
    cmocka_unit_test(a_producer_opens_before_its_broker),
};

int main(void)
{
    return rig_main("producer", tests, sizeof tests / sizeof tests[0]);
}
