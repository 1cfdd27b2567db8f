/* runner: the one thread of a coordinator process, and its HTTP server. */
#include "services/coordinator/runner.h"

#include "core/bus_kafka.h"
#include "core/digest.h"
#include "core/http.h"
#include "core/keyfile.h"
#include "core/log.h"
#include "core/seal_keys.h"
#include "core/service.h"
#include "core/topics.h"
#include "schemas/codec.h"
#include "services/coordinator/coordinator.h"
#include "services/coordinator/hops.h"
#include "services/coordinator/impact.h"
#include "services/coordinator/metrics.h"
#include "services/coordinator/owned.h"
#include "services/coordinator/receipts.h"
#include "services/coordinator/tree.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_MAX 1000 /* events handled before what is due is published */
#define BROKER_WAIT_MS 2000 /* one try to ask the broker for its topics */
#define PAUSE_MS 500 /* between tries */
#define AUDIT_WAIT_MS 2000 /* for the last records, at the end */

struct runner {
    const struct curfew_config *config;
    const volatile sig_atomic_t *stop;
    const char *id;
    int64_t rank;
    uint8_t master[CURFEW_MASTER_SIZE];
    struct curfew_jose_key *key;
    struct curfew_sealer sealer;
    struct curfew_seal_keys *keys;
    struct curfew_bus bus;
    int32_t lanes;
    pthread_mutex_t lock; /* over what follows: the loop holds it while it works, HTTP while it reads */
    struct curfew_coordinator *coordinator; /* NULL while waiting for topics */
    struct curfew_audit *audit; /* of its present life */
    struct curfew_roster *roster; /* the same */
    struct curfew_error waiting; /* why there is no coordinator */
};

static void ready(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct runner *runner = context;
    (void)request;
    struct curfew_error error = {.status = CURFEW_OK};
    pthread_mutex_lock(&runner->lock);
    enum curfew_status status = CURFEW_UNAVAILABLE;
    if (runner->coordinator == NULL) {
        error = runner->waiting;
    } else {
        status = curfew_coordinator_ready(runner->coordinator, curfew_clock_now(), &error);
    }
    pthread_mutex_unlock(&runner->lock);
    curfew_service_readyz(status, &error, response);
}

static void metrics(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct runner *runner = context;
    (void)request;
    pthread_mutex_lock(&runner->lock);
    char *text = curfew_metrics_text(runner->coordinator, runner->coordinator == NULL ? 0 : runner->lanes,
                                     runner->roster, curfew_clock_now());
    pthread_mutex_unlock(&runner->lock);
    curfew_http_reply(response, text == NULL ? 503 : 200, "%s", text == NULL ? "" : text);
    response->content_type = "text/plain; version=0.0.4";
    free(text);
}

static void impact(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct runner *runner = context;
    struct curfew_target target;
    struct curfew_coordinator_impact found = {.book = {0, 0}};
    struct curfew_error error = {.status = CURFEW_OK};
    enum curfew_status status = curfew_impact_target(request, &target, &error);
    pthread_mutex_lock(&runner->lock);
    if (status == CURFEW_OK && runner->coordinator == NULL) {
        status = CURFEW_UNAVAILABLE;
        error = runner->waiting;
    } else if (status == CURFEW_OK) {
        status = curfew_coordinator_impact(runner->coordinator, &target, curfew_clock_now(), &found, &error);
    }
    curfew_impact_reply(status, &found, &error, response); /* under the lock: it names the proposer */
    pthread_mutex_unlock(&runner->lock);
}

static void hops(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct runner *runner = context;
    pthread_mutex_lock(&runner->lock);
    if (runner->coordinator == NULL) {
        curfew_service_readyz(CURFEW_UNAVAILABLE, &runner->waiting, response);
    } else {
        curfew_hops_reply(runner->roster, curfew_coordinator_writers(runner->coordinator), curfew_clock_now(), request,
                          response);
    }
    pthread_mutex_unlock(&runner->lock);
}

static void sessions(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct runner *runner = context;
    pthread_mutex_lock(&runner->lock);
    if (runner->coordinator == NULL) {
        curfew_reply_error(response, 503, "%s", runner->waiting.text);
    } else if (strncmp(curfew_http_path(request), CURFEW_TREE_PREFIX, strlen(CURFEW_TREE_PREFIX)) == 0) {
        curfew_tree_reply(runner->coordinator, curfew_clock_now(), request, response);
    } else {
        curfew_owned_reply(runner->coordinator, curfew_clock_now(), request, response);
    }
    pthread_mutex_unlock(&runner->lock);
}

static void receipts(void *context, const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct runner *runner = context;
    pthread_mutex_lock(&runner->lock);
    if (runner->coordinator == NULL) {
        curfew_reply_error(response, 503, "%s", runner->waiting.text);
    } else {
        curfew_receipts_reply(runner->coordinator, runner->roster, curfew_clock_now(), request, response);
    }
    pthread_mutex_unlock(&runner->lock);
}

static const struct curfew_http_route routes[] = {
    {"GET", "/livez", curfew_service_livez}, {"GET", "/readyz", ready}, {"GET", "/metrics", metrics},
    {"GET", "/v1/impact", impact},           {"GET", "/v1/hops", hops}, {"GET", "/v1/sessions/*", sessions},
    {"GET", "/v1/receipts/*", receipts},     {NULL, NULL, NULL}};

static void pause_for(struct runner *runner)
{
    struct curfew_bus_event event;
    if (runner->bus.ops->poll(runner->bus.self, PAUSE_MS, &event, NULL) == CURFEW_OK &&
        event.kind == CURFEW_BUS_PROBLEM) {
        curfew_log(CURFEW_LOG_WARNING, "coordinator", "%s", event.text);
    }
}

/* Asks until the topics are as they should be; says what is wrong whenever it changes. False: told to stop. */
static bool await_topics(struct runner *runner)
{
    char said[CURFEW_ERROR_TEXT_SIZE] = "";
    while (!*runner->stop) {
        struct curfew_error error = {.status = CURFEW_OK};
        int32_t lanes = 0;
        if (curfew_topics_verify(runner->config, BROKER_WAIT_MS, &lanes, &error) == CURFEW_OK) {
            runner->lanes = lanes;
            return true;
        }
        pthread_mutex_lock(&runner->lock);
        runner->waiting = error;
        pthread_mutex_unlock(&runner->lock);
        if (strcmp(said, error.text) != 0) {
            curfew_log(CURFEW_LOG_WARNING, "coordinator", "waiting: %s", error.text);
            memcpy(said, error.text, sizeof said);
        }
        pause_for(runner);
    }
    return false;
}

static enum curfew_status read_status(struct runner *runner, struct curfew_error *error)
{
    return runner->bus.ops->subscribe(runner->bus.self, CURFEW_TOPIC_STATUS, 0, CURFEW_OFFSET_END, error);
}

/* Where it lost its place, what hops say next is as good. */
static enum curfew_status take_status(struct runner *runner, const struct curfew_bus_event *event,
                                      struct curfew_error *error)
{
    if (event->kind == CURFEW_BUS_RECORD) {
        curfew_roster_take(runner->roster, curfew_coordinator_writers(runner->coordinator), event->value, event->mac,
                           curfew_clock_now());
    }
    return event->kind == CURFEW_BUS_GAP ? read_status(runner, error) : CURFEW_OK;
}

/* Handles what has come, up to a batch. The first poll may wait. */
static enum curfew_status drain(struct runner *runner, int wait_ms, struct curfew_error *error)
{
    struct curfew_bus_event event;
    enum curfew_status polled = runner->bus.ops->poll(runner->bus.self, wait_ms, &event, error);
    enum curfew_status status = CURFEW_OK;
    pthread_mutex_lock(&runner->lock);
    for (int i = 0; polled == CURFEW_OK && status == CURFEW_OK; i++) {
        if (event.kind == CURFEW_BUS_PROBLEM || event.kind == CURFEW_BUS_RECOVERED) {
            curfew_log(CURFEW_LOG_WARNING, "coordinator", "%s", event.text);
        }
        status = event.topic == CURFEW_TOPIC_STATUS
                     ? take_status(runner, &event, error)
                     : curfew_coordinator_handle(runner->coordinator, &event, curfew_clock_now(), error);
        if (i + 1 == BATCH_MAX || status != CURFEW_OK) {
            break;
        }
        polled = runner->bus.ops->poll(runner->bus.self, 0, &event, error);
    }
    pthread_mutex_unlock(&runner->lock);
    return status != CURFEW_OK || polled == CURFEW_TIMEOUT ? status : polled;
}

static enum curfew_status begin_audit(struct runner *runner, struct curfew_error *error)
{
    struct curfew_audit_options options = {"coordinator", runner->id, NULL, &runner->bus, {0}};
    curfew_random(options.start, sizeof options.start);
    return curfew_audit_create(&options, curfew_clock_now(), &runner->audit, error);
}

/* Says that it stops, and waits a little until that is durable. */
static void end_audit(struct runner *runner)
{
    const int64_t until_us = curfew_clock_now().boot_us + AUDIT_WAIT_MS * CURFEW_US_PER_MS;
    struct curfew_bus_event event;
    if (runner->audit == NULL) {
        return;
    }
    curfew_audit_stop(runner->audit, curfew_clock_now());
    while (curfew_audit_stats(runner->audit).pending > 0 && curfew_clock_now().boot_us < until_us) {
        curfew_audit_flush(runner->audit, curfew_clock_now());
        if (runner->bus.ops->poll(runner->bus.self, PAUSE_MS / 10, &event, NULL) == CURFEW_OK) {
            (void)curfew_audit_reported(runner->audit, &event);
        }
    }
}

/* One life of a coordinator: until it is told to stop, or must be rebuilt. */
static enum curfew_status run_once(struct runner *runner, struct curfew_error *error)
{
    struct curfew_coordinator_options options = {runner->id,
                                                 runner->master,
                                                 runner->lanes,
                                                 &runner->bus,
                                                 runner->sealer,
                                                 curfew_seal_keys_judge(runner->keys),
                                                 (int32_t)runner->rank,
                                                 NULL};
    pthread_mutex_lock(&runner->lock);
    enum curfew_status status = begin_audit(runner, error);
    options.audit = runner->audit;
    if (status == CURFEW_OK) {
        status = curfew_coordinator_create(&options, &runner->coordinator, error);
    }
    if (status == CURFEW_OK) {
        runner->roster = curfew_roster_create(runner->master, runner->lanes);
        status = curfew_coordinator_start(runner->coordinator, error);
    }
    if (status == CURFEW_OK) {
        status = read_status(runner, error);
    }
    pthread_mutex_unlock(&runner->lock);
    int wait_ms = 0;
    while (status == CURFEW_OK && !*runner->stop) {
        status = drain(runner, wait_ms, error);
        if (status == CURFEW_OK) {
            pthread_mutex_lock(&runner->lock);
            wait_ms = curfew_coordinator_flush(runner->coordinator, curfew_clock_now());
            pthread_mutex_unlock(&runner->lock);
        }
    }
    end_audit(runner);
    pthread_mutex_lock(&runner->lock);
    curfew_coordinator_destroy(runner->coordinator);
    runner->coordinator = NULL;
    curfew_audit_destroy(runner->audit);
    runner->audit = NULL;
    curfew_roster_destroy(runner->roster);
    runner->roster = NULL;
    if (status != CURFEW_OK && error != NULL) {
        runner->waiting = *error;
    }
    pthread_mutex_unlock(&runner->lock);
    return status;
}

enum curfew_status curfew_runner_run(const struct curfew_config *config, const volatile sig_atomic_t *stop,
                                     struct curfew_error *error)
{
    struct runner runner = {.config = config, .stop = stop, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct curfew_http *http = NULL;
    const char *listen = NULL;
    const char *master = NULL;
    enum curfew_status status = curfew_codec_init(error);
    if (status != CURFEW_OK ||
        (status = curfew_config_get(config, "coordinator.master_file", &master, error)) != CURFEW_OK ||
        (status = curfew_master_load(master, runner.master, error)) != CURFEW_OK ||
        (status = curfew_seal_key_open(config, &runner.key, &runner.sealer, error)) != CURFEW_OK ||
        (status = curfew_seal_keys_open(config, &runner.keys, error)) != CURFEW_OK ||
        (status = curfew_config_get(config, "coordinator.id", &runner.id, error)) != CURFEW_OK ||
        (status = curfew_config_get_int(config, "coordinator.rank", 0, CURFEW_RANK_MAX, &runner.rank, error)) !=
            CURFEW_OK ||
        (status = curfew_config_get(config, "coordinator.listen", &listen, error)) != CURFEW_OK ||
        (status = curfew_bus_kafka_create(config, &runner.bus, error)) != CURFEW_OK) {
        goto out;
    }
    status = curfew_http_open(listen, routes, &runner, &http, error);
    if (status != CURFEW_OK) {
        goto out;
    }
    (void)printf("listening on %s\n", curfew_http_address(http));
    (void)fflush(stdout);
    while (!*stop && await_topics(&runner)) {
        status = run_once(&runner, error);
        if (status == CURFEW_OK || status == CURFEW_INVALID) {
            break; /* told to stop, or nothing that starting over would mend */
        }
        curfew_log(CURFEW_LOG_ERROR, "coordinator", "starting over: %s", error->text);
        curfew_bus_destroy(&runner.bus);
        status = curfew_bus_kafka_create(config, &runner.bus, error);
        if (status != CURFEW_OK) {
            break;
        }
    }
out:
    curfew_http_close(http);
    curfew_bus_destroy(&runner.bus);
    curfew_seal_keys_close(runner.keys);
    curfew_seal_key_close(runner.key);
    explicit_bzero(runner.master, sizeof runner.master);
    return status;
}
