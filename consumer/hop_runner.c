/* hop_runner: a hop's one thread. It learns from the broker how many lanes there are, then polls the bus, hands events
 * to the feed, wakes the cache's thread, publishes the hop's status, and looks at the files of
 * keys. All clocks are read here. */
#include "consumer/feed.h"
#include "consumer/freshness.h"
#include "consumer/hop_state.h"
#include "core/log.h"
#include "schemas/codec.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNNER_DESCRIBE_MS 2000 /* how long the broker may take to say what a topic is */
#define RUNNER_PAUSE_LEAST_MS 100 /* between two tries while Kafka is away; doubles */
#define RUNNER_PAUSE_MOST_MS 5000
#define RUNNER_POLL_MS 100 /* longest wait for an event */
#define RUNNER_BATCH_MAX 10000 /* events before the cache is woken and the status looked at */
#define RUNNER_STATUS_US CURFEW_US_PER_S
#define RUNNER_AUDIT_WAIT_US (2 * CURFEW_US_PER_S) /* for the last records, at the end */
#define RUNNER_KEY_MAX (CURFEW_ID_MAX + 1 + 2 * 16 + 1)

struct runner {
    struct curfew_hop *hop;
    struct curfew_feed *feed;
    struct curfew_seal_judge judge; /* who is believed */
    bool noted; /* the cache was told something since it was last woken */
    bool status_away; /* a status record is under way */
    int64_t status_at_us; /* boot time of the next */
    char key[RUNNER_KEY_MAX];
    uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    struct curfew_hop_report report;
};

static bool closing(const struct curfew_hop *hop)
{
    return atomic_load_explicit(&hop->closing, memory_order_relaxed); /* nothing is read because of it */
}

/* What /readyz says while no lane can; logged when it changes. NULL: all is well again. */
static void problem_set(struct curfew_hop *hop, const char *text)
{
    pthread_mutex_lock(&hop->lock);
    bool changed = strcmp(hop->problem, text == NULL ? "" : text) != 0;
    snprintf(hop->problem, sizeof(hop->problem), "%s", text == NULL ? "" : text);
    pthread_mutex_unlock(&hop->lock);
    if (changed && text != NULL) {
        curfew_log(CURFEW_LOG_WARNING, "hop", "%s", text);
    } else if (changed) {
        curfew_log(CURFEW_LOG_INFO, "hop", "Kafka answers");
    }
}

/* Waits, or returns at once when the hop closes. */
static void pause_ms(struct curfew_hop *hop, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&hop->lock);
    while (!closing(hop) && pthread_cond_timedwait(&hop->closed, &hop->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&hop->lock);
}

static void note_floor(void *context, int32_t lane, const struct curfew_floor *floor)
{
    struct runner *runner = context;
    if (runner->hop->cache != NULL) {
        curfew_cache_note_floor(runner->hop->cache, lane, floor);
        runner->noted = true;
    }
}

static void note_fresh(void *context, int32_t lane, const struct curfew_beacon *beacon)
{
    struct runner *runner = context;
    atomic_store_explicit(&runner->hop->doubts[lane], CURFEW_FRESH, memory_order_relaxed);
    if (runner->hop->cache != NULL) {
        curfew_cache_note_fresh(runner->hop->cache, lane, beacon);
        runner->noted = true;
    }
}

static void note_doubt(void *context, int32_t lane, enum curfew_fresh why)
{
    struct runner *runner = context;
    atomic_store_explicit(&runner->hop->doubts[lane], (int)why, memory_order_relaxed);
    atomic_fetch_add_explicit(&runner->hop->doubted, 1, memory_order_relaxed);
}

static enum curfew_seal count_and_verify(void *self, struct curfew_slice key_id,
                                         const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE], struct curfew_slice signature)
{
    const struct runner *runner = self;
    atomic_fetch_add_explicit(&runner->hop->judged, 1, memory_order_relaxed);
    return runner->judge.verify(runner->judge.self, key_id, digest, signature);
}

static void note_lost(void *context, int32_t lane)
{
    struct runner *runner = context;
    atomic_fetch_add_explicit(&runner->hop->losses, 1, memory_order_relaxed);
    if (runner->hop->cache != NULL) {
        curfew_cache_note_lost(runner->hop->cache, lane);
        runner->noted = true;
    }
}

/* One try: how many lanes, and a feed that reads them. */
static enum curfew_status try_begin(struct runner *runner, struct curfew_error *error)
{
    struct curfew_hop *hop = runner->hop;
    struct curfew_topic_facts facts = {0};
    enum curfew_status status =
        curfew_kafka_describe(hop->config, CURFEW_TOPIC_REVOCATIONS, RUNNER_DESCRIBE_MS, &facts, error);
    if (status != CURFEW_OK) {
        return status;
    }
    if (facts.partitions == 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE,
                                "reading revocations: the topic does not exist; run `curfew topics create`");
    }
    runner->judge = curfew_seal_keys_judge(hop->keys);
    struct curfew_feed_options options = {
        .region = hop->region,
        .bus = &hop->bus,
        .lanes = facts.partitions,
        .judge = {count_and_verify, runner},
        .judge_every_us = CURFEW_FEED_JUDGE_US,
        .judge_backlog = CURFEW_FEED_JUDGE_BACKLOG,
        .sink = {note_floor, note_fresh, note_lost, note_doubt, runner},
    };
    status = curfew_feed_create(&options, &runner->feed, error);
    if (status == CURFEW_OK) {
        status = curfew_feed_start(runner->feed, error);
    }
    if (status != CURFEW_OK) {
        curfew_feed_destroy(runner->feed);
        runner->feed = NULL;
        return status;
    }
    atomic_store_explicit(&hop->lanes, facts.partitions, memory_order_relaxed);
    return CURFEW_OK;
}

/* Tries until the feed reads or the hop closes. Nothing here is final: an operator may create the topics anew. */
static void begin(struct runner *runner)
{
    int pause = RUNNER_PAUSE_LEAST_MS;
    while (!closing(runner->hop)) {
        struct curfew_error error;
        if (try_begin(runner, &error) == CURFEW_OK) {
            problem_set(runner->hop, NULL);
            return;
        }
        problem_set(runner->hop, error.text);
        curfew_trust_look(runner->hop->trust, curfew_clock_now().boot_us);
        pause_ms(runner->hop, pause);
        pause = pause * 2 < RUNNER_PAUSE_MOST_MS ? pause * 2 : RUNNER_PAUSE_MOST_MS;
    }
}

static enum curfew_status take(struct runner *runner, const struct curfew_bus_event *event, struct curfew_error *error)
{
    struct curfew_hop *hop = runner->hop;
    switch (event->kind) {
    case CURFEW_BUS_PROBLEM:
        problem_set(hop, event->text);
        break;
    case CURFEW_BUS_RECOVERED:
        problem_set(hop, NULL);
        break;
    case CURFEW_BUS_DELIVERED:
    case CURFEW_BUS_UNDELIVERED:
        if (!curfew_audit_reported(hop->audit, event)) {
            runner->status_away = false; /* lost or not: the next status says more than this one would have */
        }
        break;
    case CURFEW_BUS_GAP:
        atomic_fetch_add_explicit(&hop->gaps, 1, memory_order_relaxed);
        break;
    case CURFEW_BUS_RECORD:
    case CURFEW_BUS_CAUGHT_UP:
        break;
    }
    return curfew_feed_handle(runner->feed, event, curfew_clock_now(), error);
}

/* Takes what there is, up to a bound, waiting for the first. */
static enum curfew_status drain(struct runner *runner, struct curfew_error *error)
{
    struct curfew_bus *bus = &runner->hop->bus;
    struct curfew_bus_event event;
    int wait = RUNNER_POLL_MS;
    for (int i = 0; i < RUNNER_BATCH_MAX && !closing(runner->hop); i++) {
        struct curfew_error trouble;
        enum curfew_status status = bus->ops->poll(bus->self, wait, &event, &trouble);
        if (status == CURFEW_TIMEOUT) {
            break;
        }
        if (status != CURFEW_OK) {
            problem_set(runner->hop, trouble.text);
            pause_ms(runner->hop, RUNNER_POLL_MS);
            break;
        }
        wait = 0;
        status = take(runner, &event, error);
        if (status != CURFEW_OK) {
            return status;
        }
    }
    return curfew_feed_tick(runner->feed, curfew_clock_now(), error);
}

static void publish_status(struct runner *runner)
{
    struct curfew_hop *hop = runner->hop;
    struct curfew_now now = curfew_clock_now();
    if (hop->key.key == NULL || runner->status_away || now.boot_us < runner->status_at_us) {
        return;
    }
    runner->status_at_us = now.boot_us + RUNNER_STATUS_US;
    curfew_hop_report_make(hop, now, &runner->report);
    struct curfew_error error;
    size_t size;
    enum curfew_status status =
        curfew_codec_encode(&runner->report.event, runner->bytes, sizeof(runner->bytes), &size, &error);
    if (status == CURFEW_OK) {
        static const struct curfew_log_place place = {.lane = CURFEW_MAC_STATUS};
        uint8_t mac[CURFEW_MAC_SIZE];
        struct curfew_bus_record record = {
            .topic = CURFEW_TOPIC_STATUS,
            .partition = CURFEW_PARTITION_ANY,
            .key = curfew_slice_of(runner->key),
            .value = {runner->bytes, size},
            .mac = {mac, sizeof(mac)},
        };
        curfew_mac_make(hop->key.key, &place, record.value, mac);
        status = hop->bus.ops->produce(hop->bus.self, &record, &error);
        runner->status_away = status == CURFEW_OK;
    }
    if (status != CURFEW_OK) {
        curfew_log(CURFEW_LOG_WARNING, "hop", "publishing the status: %s", error.text);
    }
}

static void publish_audit(struct curfew_hop *hop)
{
    curfew_verdicts_take(hop->verdicts, hop->audit);
    curfew_audit_flush(hop->audit, curfew_clock_now());
    const struct curfew_audit_stats stats = curfew_audit_stats(hop->audit);
    atomic_store_explicit(&hop->audit_written, stats.written, memory_order_relaxed);
    atomic_store_explicit(&hop->audit_pending, stats.pending, memory_order_relaxed);
    atomic_store_explicit(&hop->audit_lost, stats.lost, memory_order_relaxed);
}

/* The last records, and that it stops; waits a little until they are durable. */
static void end_audit(struct curfew_hop *hop)
{
    const int64_t until_us = curfew_clock_now().boot_us + RUNNER_AUDIT_WAIT_US;
    struct curfew_bus_event event;
    curfew_verdicts_take(hop->verdicts, hop->audit);
    curfew_audit_stop(hop->audit, curfew_clock_now());
    while (curfew_audit_stats(hop->audit).pending > 0 && curfew_clock_now().boot_us < until_us) {
        curfew_audit_flush(hop->audit, curfew_clock_now());
        if (hop->bus.ops->poll(hop->bus.self, RUNNER_POLL_MS, &event, NULL) == CURFEW_OK) {
            (void)curfew_audit_reported(hop->audit, &event);
        }
    }
}

/* The feed cannot go on: nothing may be vouched for. */
static void give_up(struct runner *runner, const struct curfew_error *error)
{
    struct curfew_hop *hop = runner->hop;
    int32_t lanes = atomic_load_explicit(&hop->lanes, memory_order_relaxed);
    for (int32_t i = 0; i < lanes; i++) {
        curfew_freshness_void(hop->region, i, CURFEW_FRESH_UNSYNCED);
        note_lost(runner, i);
    }
    char text[CURFEW_ERROR_TEXT_SIZE];
    snprintf(text, sizeof(text), "reading revocations stopped; restart this process: %.400s", error->text);
    problem_set(hop, text);
}

static void *run(void *context)
{
    struct runner *runner = context;
    struct curfew_hop *hop = runner->hop;
    begin(runner);
    while (!closing(hop)) {
        struct curfew_error error;
        if (drain(runner, &error) != CURFEW_OK) {
            give_up(runner, &error);
            break;
        }
        if (runner->noted) {
            runner->noted = false;
            curfew_cache_redis_wake(hop->redis);
        }
        publish_status(runner);
        publish_audit(hop);
        curfew_trust_look(hop->trust, curfew_clock_now().boot_us);
    }
    if (runner->feed != NULL) { /* Kafka was there */
        end_audit(hop);
    }
    curfew_feed_destroy(runner->feed);
    free(runner);
    return NULL;
}

enum curfew_status curfew_hop_runner_start(struct curfew_hop *hop, struct curfew_error *error)
{
    struct runner *runner = calloc(1, sizeof(*runner));
    if (runner == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "starting the hop's thread: out of memory");
    }
    runner->hop = hop;
    snprintf(runner->key, sizeof(runner->key), "%s:%s", hop->id, hop->boot);

    /* Signals are for the program's own threads. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&hop->thread, NULL, run, runner);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        free(runner);
        return curfew_error_set(error, CURFEW_NOMEM, "starting the hop's thread: %s", strerror(failed));
    }
    hop->running = true;
    return CURFEW_OK;
}

void curfew_hop_runner_stop(struct curfew_hop *hop)
{
    if (!hop->running) {
        return;
    }
    pthread_mutex_lock(&hop->lock);
    atomic_store_explicit(&hop->closing, true, memory_order_relaxed); /* the mutex orders it for who waits */
    pthread_cond_broadcast(&hop->closed);
    pthread_mutex_unlock(&hop->lock);
    hop->bus.ops->wake(hop->bus.self);
    pthread_join(hop->thread, NULL);
    hop->running = false;
}
