/* producer: the thread that owns the bus, and the calls that hand it events and wait. */
#include <curfew/producer.h>

#include "core/bus_kafka.h"
#include "core/clock.h"
#include "core/config.h"
#include "core/keyfile.h"
#include "core/log.h"
#include "core/seal_keys.h"
#include "core/topics.h"
#include "producer/beats.h"
#include "producer/emitter.h"
#include "producer/route.h"
#include "producer/waiter.h"
#include "schemas/codec.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ENCODED_MAX (32 * 1024) /* bytes of an event that producers emit; the largest, token-created, has 19 KiB */
#define EVENTS_A_ROUND 256 /* of the bus, before the inbox is looked at again */
#define IDLE_MS 10000 /* the thread looks around at least this often */

struct curfew_producer {
    struct curfew_config *config;
    struct curfew_writer_key key;
    struct curfew_seal_keys *coordinators; /* the thread's */
    struct curfew_bus bus;
    struct curfew_emitter *emitter; /* the thread's */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    struct curfew_emissions inbox;
    struct curfew_beats beats;
    size_t pending;
    bool closing;
    int64_t close_by_us; /* on the boot clock */
    size_t undelivered; /* at the end; read after the thread is joined */
};

/* Whom to tell, and what to give back before: one an emission. */
struct envelope {
    struct curfew_producer *producer;
    curfew_emitted *emitted; /* may be NULL */
    void *context;
    struct curfew_beat *beat; /* of a heartbeat */
};

/* The producer whose thread this is. */
static _Thread_local const struct curfew_producer *running;

static void on_emitted(void *context, const struct curfew_outcome *outcome)
{
    struct envelope *envelope = context;
    struct curfew_producer *producer = envelope->producer;
    pthread_mutex_lock(&producer->lock);
    producer->pending--;
    curfew_beats_remove(&producer->beats, envelope->beat);
    pthread_mutex_unlock(&producer->lock);
    if (envelope->emitted != NULL) {
        envelope->emitted(envelope->context, outcome);
    }
    free(envelope);
}

/* Moves what was handed over to the emitter. Returns whether the producer closes. */
static bool take_inbox(struct curfew_producer *producer)
{
    pthread_mutex_lock(&producer->lock);
    struct curfew_emissions inbox = producer->inbox;
    producer->inbox = (struct curfew_emissions){NULL, NULL};
    bool closing = producer->closing;
    pthread_mutex_unlock(&producer->lock);
    struct curfew_now now = curfew_clock_now();
    while (inbox.first != NULL) {
        struct curfew_emission *emission = inbox.first;
        curfew_emissions_remove(&inbox, emission);
        curfew_emitter_add(producer->emitter, emission, now);
    }
    return closing;
}

/* Handles what the bus has, after waiting for it up to `wait_ms`. False: the bus cannot go on. */
static bool serve_bus(struct curfew_producer *producer, int wait_ms)
{
    for (int i = 0; i < EVENTS_A_ROUND; i++) {
        struct curfew_bus_event event;
        struct curfew_error error;
        enum curfew_status status = producer->bus.ops->poll(producer->bus.self, i == 0 ? wait_ms : 0, &event, &error);
        if (status == CURFEW_TIMEOUT) {
            return true;
        }
        if (status != CURFEW_OK) {
            curfew_log(CURFEW_LOG_ERROR, "producer", "%s; closing", error.text);
            return false;
        }
        if (event.kind == CURFEW_BUS_PROBLEM) {
            curfew_log(CURFEW_LOG_WARNING, "producer", "%s", event.text);
        } else if (event.kind == CURFEW_BUS_RECOVERED) {
            curfew_log(CURFEW_LOG_INFO, "producer", "Kafka answers again");
        }
        curfew_emitter_handle(producer->emitter, &event, curfew_clock_now());
    }
    return true;
}

static int wait_ms_until(int64_t due_us, int64_t now_us)
{
    if (due_us <= now_us) {
        return 0;
    }
    if (due_us - now_us >= IDLE_MS * CURFEW_US_PER_MS) {
        return IDLE_MS;
    }
    return (int)((due_us - now_us + CURFEW_US_PER_MS - 1) / CURFEW_US_PER_MS);
}

static void *run(void *context)
{
    struct curfew_producer *producer = context;
    running = producer;
    bool going = true;
    while (going) {
        bool closing = take_inbox(producer);
        struct curfew_now now = curfew_clock_now();
        int64_t due_us = curfew_emitter_tick(producer->emitter, now);
        if (closing) {
            if (curfew_emitter_undelivered(producer->emitter) == 0 || now.boot_us >= producer->close_by_us) {
                break;
            }
            due_us = producer->close_by_us < due_us ? producer->close_by_us : due_us;
        }
        going = serve_bus(producer, wait_ms_until(due_us, now.boot_us));
    }
    pthread_mutex_lock(&producer->lock);
    producer->closing = true; /* nothing is taken from here on */
    pthread_mutex_unlock(&producer->lock);
    (void)take_inbox(producer);
    producer->undelivered = curfew_emitter_undelivered(producer->emitter);
    curfew_emitter_abandon(producer->emitter);
    return NULL;
}

/* Everything but the thread. */
static void producer_free(struct curfew_producer *producer)
{
    curfew_emitter_destroy(producer->emitter);
    curfew_bus_destroy(&producer->bus);
    curfew_seal_keys_close(producer->coordinators);
    curfew_config_destroy(producer->config);
    pthread_mutex_destroy(&producer->lock);
    curfew_writer_key_wipe(&producer->key);
    free(producer);
}

static enum curfew_status check_options(const struct curfew_producer_options *options, struct curfew_error *error)
{
    if (options->size != sizeof *options) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "opening a producer: options of %zu bytes, not %zu; set size to sizeof(struct "
                                "curfew_producer_options) and build against this version's headers",
                                options->size, sizeof *options);
    }
    return CURFEW_OK;
}

/* Who speaks, and its key. */
static enum curfew_status load_key(struct curfew_producer *producer, const struct curfew_producer_options *options,
                                   struct curfew_error *error)
{
    const char *path = NULL;
    enum curfew_status status = curfew_config_get(producer->config, "producer.key_file", &path, error);
    if (status == CURFEW_OK) {
        status = curfew_writer_key_load(path, &producer->key, error);
    }
    if (status == CURFEW_OK && options->writer != NULL && strcmp(options->writer, producer->key.writer) != 0) {
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "opening a producer: the key in %s is of writer %s, not %s; name that file, or no "
                                  "writer",
                                  path, producer->key.writer, options->writer);
    }
    return status;
}

static enum curfew_status load_config(const struct curfew_producer_options *options, struct curfew_config **config,
                                      struct curfew_error *error)
{
    enum curfew_status status = curfew_config_load(options->config_file, config, error);
    for (const char *const *setting = options->settings; status == CURFEW_OK && setting != NULL && setting[0] != NULL;
         setting += 2) {
        status = curfew_config_set(*config, setting[0], setting[1], error);
    }
    return status;
}

static enum curfew_status start_thread(struct curfew_producer *producer, struct curfew_error *error)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the application's, not ours */
    int failed = pthread_create(&producer->thread, NULL, run, producer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "opening a producer: cannot start its thread: %s",
                                strerror(failed));
    }
    return CURFEW_OK;
}

enum curfew_status curfew_producer_open(const struct curfew_producer_options *options,
                                        struct curfew_producer **producer, struct curfew_error *error)
{
    *producer = NULL;
    enum curfew_status status = check_options(options, error);
    if (status != CURFEW_OK) {
        return status;
    }
    struct curfew_producer *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening a producer: no memory");
    }
    pthread_mutex_init(&made->lock, NULL);
    status = curfew_codec_init(error);
    if (status == CURFEW_OK) {
        status = load_config(options, &made->config, error);
    }
    if (status == CURFEW_OK) {
        status = load_key(made, options, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_seal_keys_open(made->config, &made->coordinators, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_bus_kafka_create(made->config, &made->bus, error);
    }
    if (status == CURFEW_OK) {
        const struct curfew_emitter_options emitting = {&made->bus, made->key.key,
                                                        curfew_seal_keys_judge(made->coordinators)};
        status = curfew_emitter_create(&emitting, &made->emitter, error);
    }
    if (status == CURFEW_OK) {
        status = start_thread(made, error);
    }
    if (status != CURFEW_OK) {
        producer_free(made);
        return status;
    }
    *producer = made;
    return CURFEW_OK;
}

const char *curfew_producer_writer(const struct curfew_producer *producer)
{
    return producer->key.writer;
}

/* What one emit call asks for. */
struct request {
    const struct curfew_event *event;
    int32_t lane;
    enum curfew_wait wait;
    int64_t deadline_us; /* on the boot clock; 0: none */
    curfew_emitted *emitted;
    void *context;
};

static int64_t deadline_in(int timeout_ms)
{
    return curfew_clock_now().boot_us + timeout_ms * CURFEW_US_PER_MS;
}

/* Fills in what the caller left out, encodes, and makes an emission of it. */
static enum curfew_status make_emission(const struct curfew_producer *producer, const struct request *request,
                                        struct curfew_emission **emission, struct curfew_error *error)
{
    char name[CURFEW_ROUTE_NAME_SIZE];
    uint8_t bytes[ENCODED_MAX];
    size_t size = 0;
    int32_t lane = 0;
    struct curfew_event event = *request->event;
    enum curfew_status status = curfew_route_event(&event, request->lane, &lane, error);
    if (status != CURFEW_OK) {
        return status;
    }
    /* Every event that has a route begins with writer and said_us (C17 6.5.2.3, common initial sequence). */
    if (event.as.settings.writer.size == 0) {
        event.as.settings.writer = curfew_slice_of(producer->key.writer);
    }
    if (event.as.settings.said_us == 0) {
        event.as.settings.said_us = curfew_clock_now().wall_us;
    }
    status = curfew_codec_encode(&event, bytes, sizeof bytes, &size, error);
    if (status != CURFEW_OK) {
        return status;
    }
    curfew_route_name(&event, name);
    *emission = curfew_emission_create((struct curfew_slice){bytes, size}, name);
    if (*emission == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "%s: no memory", name);
    }
    (*emission)->lane = lane;
    (*emission)->wait = request->wait;
    (*emission)->deadline_us = request->deadline_us;
    (*emission)->heartbeat = event.type == CURFEW_EVENT_HOLDER_HEARTBEAT;
    return CURFEW_OK;
}

/* With the lock held: takes a place in the bound, and of a heartbeat the place of its holder and lane. */
static enum curfew_status take_place(struct curfew_producer *producer, const struct request *request,
                                     const struct curfew_emission *emission, struct curfew_beat **beat,
                                     struct curfew_error *error)
{
    if (producer->closing) {
        return curfew_error_set(error, CURFEW_CLOSED, "%s: the producer is closing", emission->name);
    }
    if (producer->pending >= CURFEW_PRODUCER_PENDING_MAX) {
        return curfew_error_set(error, CURFEW_FULL,
                                "%s: %d events are under way already (CURFEW_PRODUCER_PENDING_MAX); wait until "
                                "some are reported",
                                emission->name, CURFEW_PRODUCER_PENDING_MAX);
    }
    if (emission->heartbeat) {
        return curfew_beats_add(&producer->beats, &request->event->as.holder_heartbeat, emission->lane, beat, error);
    }
    return CURFEW_OK;
}

/* Hands an emission over to the thread, or gives it up. */
static enum curfew_status hand_over(struct curfew_producer *producer, const struct request *request,
                                    struct curfew_emission *emission, struct curfew_error *error)
{
    struct envelope *envelope = malloc(sizeof *envelope);
    if (envelope == NULL) {
        curfew_emission_destroy(emission);
        return curfew_error_set(error, CURFEW_NOMEM, "emitting: no memory");
    }
    *envelope = (struct envelope){producer, request->emitted, request->context, NULL};
    emission->emitted = on_emitted;
    emission->context = envelope;
    pthread_mutex_lock(&producer->lock);
    enum curfew_status status = take_place(producer, request, emission, &envelope->beat, error);
    bool first = producer->inbox.first == NULL;
    if (status == CURFEW_OK) {
        producer->pending++;
        curfew_emissions_append(&producer->inbox, emission);
        if (first) {
            /* Under the lock: once it is released the thread may end and the producer be closed. */
            producer->bus.ops->wake(producer->bus.self);
        }
    }
    pthread_mutex_unlock(&producer->lock);
    if (status != CURFEW_OK) {
        curfew_emission_destroy(emission);
        free(envelope);
    }
    return status;
}

enum curfew_status curfew_producer_emit(struct curfew_producer *producer, const struct curfew_emit *emit,
                                        struct curfew_error *error)
{
    const struct request request = {.event = emit->event,
                                    .lane = emit->lane,
                                    .wait = emit->wait,
                                    .deadline_us = emit->timeout_ms == 0 ? 0 : deadline_in(emit->timeout_ms),
                                    .emitted = emit->emitted,
                                    .context = emit->context};
    struct curfew_emission *emission = NULL;
    enum curfew_status status = make_emission(producer, &request, &emission, error);
    if (status != CURFEW_OK) {
        return status;
    }
    return hand_over(producer, &request, emission, error);
}

static enum curfew_status check_thread(const struct curfew_producer *producer, const char *what,
                                       struct curfew_error *error)
{
    if (running == producer) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            "%s: called from a callback of the same producer, which it would wait for; call it from "
            "another thread",
            what);
    }
    return CURFEW_OK;
}

enum curfew_status curfew_producer_emit_and_wait(struct curfew_producer *producer, const struct curfew_event *event,
                                                 int32_t lane, enum curfew_wait wait, int timeout_ms,
                                                 struct curfew_outcome *outcome)
{
    struct curfew_waiter waiter;
    struct curfew_emission *emission = NULL;
    curfew_waiter_init(&waiter, 1, outcome);
    const struct request request = {.event = event,
                                    .lane = lane,
                                    .wait = wait,
                                    .deadline_us = deadline_in(timeout_ms),
                                    .emitted = curfew_waiter_told,
                                    .context = &waiter};
    struct curfew_error error;
    enum curfew_status status = check_thread(producer, "emitting and waiting", &error);
    if (status == CURFEW_OK) {
        status = make_emission(producer, &request, &emission, &error);
    }
    if (status == CURFEW_OK) {
        status = hand_over(producer, &request, emission, &error);
    }
    if (status != CURFEW_OK) {
        const struct curfew_outcome failed = {.status = status, .receipt = {.offset = -1}, .error = error};
        curfew_waiter_told(&waiter, &failed);
    }
    curfew_waiter_wait(&waiter);
    return outcome->status;
}

/* Asks the emitter to find out about every lane. */
static void probe_lanes(struct curfew_producer *producer, int32_t lanes, int64_t deadline_us,
                        struct curfew_outcome *outcome)
{
    struct curfew_waiter waiter;
    curfew_waiter_init(&waiter, (size_t)lanes, outcome);
    const struct request request = {.deadline_us = deadline_us, .emitted = curfew_waiter_told, .context = &waiter};
    for (int32_t lane = 0; lane < lanes; lane++) {
        struct curfew_outcome failed = {.receipt = {.offset = -1}};
        char name[32];
        snprintf(name, sizeof name, "checking lane %d", (int)lane);
        struct curfew_emission *probe = curfew_emission_create((struct curfew_slice){NULL, 0}, name);
        if (probe == NULL) {
            failed.status = curfew_error_set(&failed.error, CURFEW_NOMEM, "checking lane %d: no memory", (int)lane);
        } else {
            probe->lane = lane;
            probe->lanes = lanes;
            probe->deadline_us = deadline_us;
            failed.status = hand_over(producer, &request, probe, &failed.error);
        }
        if (failed.status != CURFEW_OK) {
            curfew_waiter_told(&waiter, &failed);
        }
    }
    curfew_waiter_wait(&waiter);
}

enum curfew_status curfew_producer_lanes(struct curfew_producer *producer, int timeout_ms, int32_t *lanes,
                                         struct curfew_error *error)
{
    int64_t deadline_us = deadline_in(timeout_ms);
    struct curfew_outcome outcome;
    enum curfew_status status = check_thread(producer, "checking the lanes", error);
    if (status == CURFEW_OK) {
        status = curfew_topics_verify(producer->config, timeout_ms, lanes, error);
    }
    if (status != CURFEW_OK) {
        return status;
    }
    probe_lanes(producer, *lanes, deadline_us, &outcome);
    if (outcome.status != CURFEW_OK && error != NULL) {
        *error = outcome.error;
    }
    return outcome.status;
}

enum curfew_status curfew_producer_close(struct curfew_producer *producer, int timeout_ms, struct curfew_error *error)
{
    if (producer == NULL) {
        return CURFEW_OK;
    }
    enum curfew_status status = check_thread(producer, "closing a producer", error);
    if (status != CURFEW_OK) {
        return status;
    }
    pthread_mutex_lock(&producer->lock);
    producer->closing = true;
    producer->close_by_us = deadline_in(timeout_ms);
    pthread_mutex_unlock(&producer->lock);
    producer->bus.ops->wake(producer->bus.self);
    pthread_join(producer->thread, NULL);
    if (producer->undelivered > 0) {
        status = curfew_error_set(error, CURFEW_TIMEOUT,
                                  "closing a producer: within %d ms %zu events were not acknowledged by Kafka at %s; "
                                  "their callbacks name them: emit them again",
                                  timeout_ms, producer->undelivered,
                                  curfew_config_find(producer->config, "kafka.bootstrap.servers"));
    }
    producer_free(producer);
    return status;
}
