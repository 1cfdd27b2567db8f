/* door: who is heard at POST /v1/events, as whom, and what is answered, with a scripted hop and Kafka behind it. */
#include "core/keyfile.h"
#include "http_asker.h"
#include "schemas/codec.h"
#include "services/guard/door.h"
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SESSION "3.AAAAAAAAAAAAAAAAAAAAAA"
#define TOKEN "Authorization: Bearer token"
#define SECRET "Authorization: Bearer test" /* known by its SHA-256 */
#define SUM "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define KEYS_MAX 20

struct world {
    char directory[64];
    char callers[96];
    char listen[96];
    struct curfew_door *door;
    struct curfew_http *http;
    /* the hop */
    struct curfew_verdict verdict;
    struct curfew_bearer bearer;
    int asked;
    struct curfew_request question;
    char token[64];
    /* Kafka */
    struct curfew_outcome outcome; /* told of what is emitted */
    bool refuses; /* emit itself fails with outcome's status */
    bool keeps; /* tells nothing: `kept` is the test's to tell */
    struct curfew_emit kept[CURFEW_DOOR_CALLER_UNDER_WAY + 1];
    size_t kept_count;
    int emitted;
    char key_file[96];
    enum curfew_wait wait;
    int timeout_ms;
    int32_t lane;
    char said[1024]; /* the event as JSON */
    /* keys */
    size_t key_count;
    bool keys_changed;
    bool keys_wrong;
    pthread_mutex_t lock; /* of what the server's threads write */
};

/* ---- what is behind the door ---- */

static enum curfew_status authorize(void *context, const struct curfew_request *request, struct curfew_verdict *verdict,
                                    struct curfew_bearer *bearer, struct curfew_error *error)
{
    struct world *world = context;
    (void)error;
    pthread_mutex_lock(&world->lock);
    world->asked++;
    world->question = *request;
    (void)snprintf(world->token, sizeof world->token, "%.*s", (int)request->token_size, request->token);
    *verdict = world->verdict;
    *bearer = world->bearer;
    pthread_mutex_unlock(&world->lock);
    return CURFEW_OK;
}

static enum curfew_status emit(void *context, const char *key_file, const struct curfew_emit *emission,
                               struct curfew_error *error)
{
    struct world *world = context;
    char *text = curfew_codec_json(emission->event);
    assert_non_null(text);
    pthread_mutex_lock(&world->lock);
    (void)snprintf(world->said, sizeof world->said, "%s", text);
    (void)snprintf(world->key_file, sizeof world->key_file, "%s", strrchr(key_file, '/'));
    world->emitted++;
    world->wait = emission->wait;
    world->timeout_ms = emission->timeout_ms;
    world->lane = emission->lane;
    if (world->keeps) {
        world->kept[world->kept_count++] = *emission;
    }
    pthread_mutex_unlock(&world->lock);
    free(text);
    if (world->refuses) {
        return curfew_error_set(error, world->outcome.status, "as scripted");
    }
    if (!world->keeps) {
        emission->emitted(emission->context, &world->outcome);
    }
    return CURFEW_OK;
}

static enum curfew_status set_keys(void *context, const char *const *key_files, size_t count,
                                   struct curfew_error *error)
{
    struct world *world = context;
    (void)key_files;
    world->keys_changed = false;
    if (world->keys_wrong) {
        return curfew_error_set(error, CURFEW_INVALID, "a key is wrong");
    }
    world->key_count = count;
    return CURFEW_OK;
}

static bool keys_changed(void *context)
{
    return ((struct world *)context)->keys_changed;
}

static void write_callers(const struct world *world, const char *text)
{
    char fresh[128];
    (void)snprintf(fresh, sizeof fresh, "%s.new", world->callers);
    FILE *file = fopen(fresh, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, world->callers), 0);
}

static void name_callers(const struct world *world, bool user)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"callers\":[{\"name\":\"s\",\"secret_sha256\":\"" SUM "\",\"key_file\":\"s.key\"},"
                   "{\"name\":\"u\",\"uid\":%u,\"key_file\":\"u.key\"}]}",
                   (unsigned)geteuid() + (user ? 0 : 1));
    write_callers(world, text);
}

static void store_key(const struct world *world, const char *name)
{
    const uint8_t key[CURFEW_WRITER_KEY_SIZE] = {1};
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s.key", world->directory, name);
    assert_int_equal(curfew_writer_key_store(path, curfew_slice_of(name), 1, key, NULL), CURFEW_OK);
}

static void remove_file(const struct world *world, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", world->directory, name);
    (void)unlink(path);
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct curfew_error error;
    *state = world;
    pthread_mutex_init(&world->lock, NULL);
    (void)snprintf(world->directory, sizeof world->directory, "/tmp/curfew-door-unit-XXXXXX");
    if (mkdtemp(world->directory) == NULL || curfew_codec_init(&error) != CURFEW_OK) {
        return -1;
    }
    (void)snprintf(world->callers, sizeof world->callers, "%s/callers.json", world->directory);
    (void)snprintf(world->listen, sizeof world->listen, "unix:%s/s", world->directory);
    name_callers(world, true);
    store_key(world, "s");
    store_key(world, "u");
    const struct curfew_door_options options = {.callers_file = world->callers,
                                                .key_file = "/door.key",
                                                .per_s = 1000,
                                                .ops = {authorize, emit, set_keys, keys_changed, world}};
    if (curfew_door_open(&options, &world->door, &error) != CURFEW_OK) {
        return -1;
    }
    const struct curfew_http_options serving = {
        .listen = world->listen, .mode = 0600, .routes = curfew_door_routes, .context = world->door};
    world->verdict = (struct curfew_verdict){.decision = CURFEW_ALLOW, .reason = "fresh", .lane = 3};
    world->bearer =
        (struct curfew_bearer){.known = true, .tenant = "acme", .session = SESSION, .task = "mine", .attempt = 2};
    world->outcome = (struct curfew_outcome){.status = CURFEW_OK,
                                             .receipt = {.lane = 3, .offset = 41, .durable_us = 7, .accepted_us = 9}};
    return curfew_http_serve(&serving, &world->http, &error) == CURFEW_OK ? 0 : -1;
}

static int end(void **state)
{
    struct world *world = *state;
    curfew_http_close(world->http);
    curfew_door_close(world->door);
    remove_file(world, "s.lock");
    remove_file(world, "s.key");
    remove_file(world, "u.key");
    remove_file(world, "callers.json");
    (void)rmdir(world->directory);
    pthread_mutex_destroy(&world->lock);
    free(world);
    return 0;
}

/* ---- asking ---- */

static struct http_told say(const struct world *world, const char *query, const char *header, const char *event)
{
    char path[128];
    const char *const headers[] = {header, NULL};
    (void)snprintf(path, sizeof path, "/v1/events%s", query);
    const struct http_question question = {
        .address = world->listen, .path = path, .post = event, .headers = header == NULL ? NULL : headers};
    return http_asker_ask(&question);
}

static void must_say(struct http_told told, long status, const char *word)
{
    if (told.status != status || strstr(told.body, word) == NULL) {
        fail_msg("%ld and %s were due: %ld: %s", status, word, told.status, told.body);
    }
}

static void a_bearer_counts_and_nothing_beside_it(void **state)
{
    /* Goal: a caller's secret is that caller and never judged as a token; another bearer is a worker's token, although
     * the user at the other end is a caller; without a bearer the user is. */
    struct world *world = *state;
    must_say(say(world, "", SECRET, "{\"type\":\"task-ended\",\"session\":\"" SESSION "\",\"task\":\"t\"}"), 200, "ok");
    assert_string_equal(world->key_file, "/s.key");
    assert_int_equal(world->asked, 0);
    assert_non_null(strstr(world->said, "\"by_task\":\"\""));
    must_say(say(world, "", NULL, "{\"type\":\"task-ended\",\"session\":\"" SESSION "\",\"task\":\"t\"}"), 200, "ok");
    assert_string_equal(world->key_file, "/u.key");
    assert_int_equal(world->asked, 0);
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\",\"task\":\"t\"}"), 200, "ok");
    assert_string_equal(world->key_file, "/door.key");
    assert_string_equal(world->token, "token");
    assert_non_null(strstr(world->said, "\"session\":\"" SESSION "\",\"task\":\"t\""));
    assert_non_null(strstr(world->said, "\"by_task\":\"mine\",\"by_attempt\":2,\"by_tenant\":\"acme\""));
    static const char *const unclear[] = {"Authorization: Basic dGVzdA==", "Authorization: Bearer",
                                          "Authorization: test", "Authorization: Bearer  "};
    for (size_t i = 0; i < sizeof unclear / sizeof unclear[0]; i++) {
        must_say(say(world, "", unclear[i], "{\"type\":\"task-ended\",\"session\":\"" SESSION "\"}"), 401, "Bearer");
    }
    assert_int_equal(world->emitted, 3);
}

static void who_is_nobody_moves_nothing(void **state)
{
    /* Goal: with no bearer and no name in the file: 401 that says how one is known. */
    struct world *world = *state;
    name_callers(world, false);
    curfew_door_look(world->door, (struct curfew_now){.boot_us = 1});
    const struct http_told told = say(world, "", NULL, "{\"type\":\"session-ended\",\"session\":\"" SESSION "\"}");
    must_say(told, 401, "nobody here knows you");
    assert_string_equal(told.authenticate, "Bearer");
    assert_int_equal(world->emitted, 0);
}

static void a_verdict_that_is_no_allow_ends_it(void **state)
{
    /* Goal: deny 403, not valid 401, unavailable 503; the answer says why, and nothing is emitted. */
    struct world *world = *state;
    static const struct {
        enum curfew_decision decision;
        long status;
        const char *word;
    } all[] = {{CURFEW_DENY, 403, "\"retriable\":false,\"verdict\":\"deny\",\"reason\":\"r\",\"kind\":\"token\""},
               {CURFEW_NOT_VALID, 401, "\"retriable\":false,\"verdict\":\"not_valid\""},
               {CURFEW_NEEDS_REAPPROVAL, 403, "\"verdict\":\"needs_reapproval\""},
               {CURFEW_UNAVAILABLE_NOW, 503, "\"retriable\":true,\"verdict\":\"unavailable\""}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        world->verdict = (struct curfew_verdict){.decision = all[i].decision, .reason = "r"};
        must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), all[i].status, all[i].word);
    }
    world->verdict.decision = CURFEW_ALLOW;
    world->bearer = (struct curfew_bearer){.known = false, .session = SESSION, .task = "mine", .attempt = 2};
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), 503, "retriable");
    assert_int_equal(world->emitted, 0);
}

static void what_prolongs_needs_a_fresh_proof(void **state)
{
    /* Goal: ends are judged by best_effort, heartbeats strictly; the audit is told what was said. */
    struct world *world = *state;
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), 200, "ok");
    assert_int_equal(world->question.strictness, CURFEW_CLASS_BEST_EFFORT);
    assert_string_equal(world->question.action, "task-ended");
    assert_string_equal(world->question.resource, "/v1/events");
    must_say(say(world, "", TOKEN, "{\"type\":\"attempt-ended\"}"), 200, "ok");
    assert_int_equal(world->question.strictness, CURFEW_CLASS_BEST_EFFORT);
    must_say(say(world, "", TOKEN, "{\"type\":\"holder-heartbeat\",\"holder\":\"w\"}"), 200, "ok");
    assert_int_equal(world->question.strictness, CURFEW_CLASS_STRICT);
    assert_int_equal(world->lane, 3);
}

static void outcomes_have_their_status(void **state)
{
    /* Goal: each way an emission can end has its status, its receipt, and Retry-After where trying again can help. */
    struct world *world = *state;
    static const struct {
        enum curfew_status status;
        int64_t offset;
        int32_t reason;
        bool retriable;
        long code;
        const char *word;
    } all[] = {
        {CURFEW_OK, 41, 0, false, 200, "\"type\":\"task-ended\",\"status\":\"ok\",\"log_id\":\"0000"},
        {CURFEW_REFUSED, 41, CURFEW_REASON_UNKNOWN_TASK, true, 409, "\"reason\":\"unknown_task\",\"retriable\":true"},
        {CURFEW_REFUSED, 41, CURFEW_REASON_TASK_OVER, false, 409, "\"reason\":\"task_over\",\"retriable\":false"},
        {CURFEW_REFUSED, 41, CURFEW_REASON_ROLE, false, 403, "\"reason\":\"role\""},
        {CURFEW_REFUSED, 41, CURFEW_REASON_TENANT, false, 403, "\"reason\":\"tenant\""},
        {CURFEW_REFUSED, 41, CURFEW_REASON_NOT_OWN, false, 403, "\"reason\":\"not_own\""},
        {CURFEW_REFUSED, 41, CURFEW_REASON_UNKNOWN_WRITER, true, 403, "\"reason\":\"unknown_writer\""},
        {CURFEW_REFUSED, 41, CURFEW_REASON_MAC, false, 403, "\"reason\":\"mac\""},
        {CURFEW_REFUSED, 41, CURFEW_REASON_EPOCH, false, 403, "\"reason\":\"epoch\""},
        {CURFEW_TIMEOUT, 41, 0, true, 504, "\"offset\":41"},
        {CURFEW_TIMEOUT, -1, 0, true, 503, "\"offset\":null"},
        {CURFEW_UNAVAILABLE, -1, 0, true, 503, "\"status\":\"unavailable\""},
        {CURFEW_CLOSED, -1, 0, true, 503, "\"status\":\"closed\""},
        {CURFEW_INVALID, -1, 0, false, 400, "\"status\":\"invalid\""},
        {CURFEW_FULL, -1, 0, true, 429, "\"status\":\"full\""},
        {CURFEW_NOMEM, -1, 0, true, 503, "\"error\":\"as told\""},
        {CURFEW_INTERNAL, -1, 0, false, 500, "\"error\":\"as told\""},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        world->outcome = (struct curfew_outcome){
            .status = all[i].status,
            .receipt = {.lane = 3, .offset = all[i].offset, .durable_us = 7, .accepted_us = 9},
            .refusal = {.offset = 41, .reason = all[i].reason, .retriable = all[i].retriable},
            .error = {.status = all[i].status, .text = "as told", .retriable = all[i].retriable}};
        const struct http_told told = say(world, "", TOKEN, "{\"type\":\"task-ended\"}");
        must_say(told, all[i].code, all[i].word);
        assert_string_equal(told.retry_after, all[i].retriable ? "1" : "");
        world->bearer.attempt++; /* another worker, with limits of its own */
    }
    world->outcome.status = CURFEW_OK;
    must_say(say(world, "?wait=durable", TOKEN, "{\"type\":\"task-ended\"}"), 202, "ok");
    assert_int_equal(world->wait, CURFEW_WAIT_DURABLE);
    world->refuses = true;
    world->outcome.status = CURFEW_FULL;
    must_say(say(world, "", TOKEN, "{\"type\":\"holder-heartbeat\",\"holder\":\"w\"}"), 429, "as scripted");
}

static void the_query_is_checked(void **state)
{
    /* Goal: the time and what is waited for come from the query; what makes no sense is 400. */
    struct world *world = *state;
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), 200, "ok");
    assert_int_equal(world->timeout_ms, CURFEW_DOOR_TIMEOUT_MS);
    assert_int_equal(world->wait, CURFEW_WAIT_ACCEPTED);
    must_say(say(world, "?timeout_ms=30000&wait=accepted", TOKEN, "{\"type\":\"task-ended\"}"), 200, "ok");
    assert_int_equal(world->timeout_ms, 30000);
    static const char *const wrong[] = {"?timeout_ms=0",
                                        "?timeout_ms=30001",
                                        "?timeout_ms=-1",
                                        "?timeout_ms=1s",
                                        "?timeout_ms=",
                                        "?wait=",
                                        "?wait=complete",
                                        "?timeout_ms=1e3",
                                        "?wait=Durable",
                                        "?timeout_ms= 5",
                                        "?timeout_ms=99999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char query[64];
        size_t size = 0;
        for (const char *at = wrong[i]; *at != '\0'; at++) {
            size += (size_t)snprintf(query + size, sizeof query - size, *at == ' ' ? "%%20" : "%c", *at);
        }
        must_say(say(world, query, TOKEN, "{\"type\":\"task-ended\"}"), 400, "wait must be");
    }
    static const char *const bodies[] = {"",
                                         "null",
                                         "[]",
                                         "{\"type\":\"task-ended\"",
                                         "{\"type\":\"task-ended\"} x",
                                         "{\"type\":\"task-ended\",\"type\":\"task-ended\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        must_say(say(world, "", TOKEN, bodies[i]), 400, "\"error\":");
    }
    assert_int_equal(world->emitted, 2);
}

static void limits_are_each_ones_own(void **state)
{
    /* Goal: a worker's burst ends in 429 with Retry-After; another attempt of the task and a caller go on. */
    struct world *world = *state;
    struct http_told told = {.status = 200};
    int taken = 0;
    while (told.status == 200 && taken < 1000) {
        told = say(world, "", TOKEN, "{\"type\":\"task-ended\"}");
        taken += told.status == 200;
    }
    must_say(told, 429, "slow down");
    assert_string_equal(told.retry_after, "1");
    assert_in_range(taken, CURFEW_DOOR_WORKER_BURST, CURFEW_DOOR_WORKER_BURST + 200);
    world->bearer.attempt = 3;
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), 200, "ok");
    must_say(say(world, "", SECRET, "{\"type\":\"task-ended\",\"session\":\"" SESSION "\"}"), 200, "ok");
}

struct asking {
    const struct world *world;
    struct http_told told;
};

static void *ask_beside(void *context)
{
    struct asking *asking = context;
    asking->told = say(asking->world, "", TOKEN, "{\"type\":\"task-ended\"}");
    return NULL;
}

static size_t kept_count(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    const size_t count = world->kept_count;
    pthread_mutex_unlock(&world->lock);
    return count;
}

static void what_is_under_way_is_bounded_and_given_back(void **state)
{
    /* Goal: eight of a worker's may wait, the ninth is turned away at once; when they are told all are answered, and
     * there is room again. */
    struct world *world = *state;
    struct asking asking[CURFEW_DOOR_WORKER_UNDER_WAY];
    pthread_t threads[CURFEW_DOOR_WORKER_UNDER_WAY];
    world->keeps = true;
    for (size_t i = 0; i < CURFEW_DOOR_WORKER_UNDER_WAY; i++) {
        asking[i].world = world;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_beside, &asking[i]), 0);
    }
    for (int i = 0; i < HTTP_ASKER_PATIENCE_MS && kept_count(world) < CURFEW_DOOR_WORKER_UNDER_WAY; i++) {
        (void)poll(NULL, 0, 1);
    }
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), 429, "under way");
    char *metrics = curfew_door_metrics(world->door);
    assert_non_null(strstr(metrics, "curfew_door_under_way 8\n"));
    free(metrics);
    for (size_t i = 0; i < CURFEW_DOOR_WORKER_UNDER_WAY; i++) {
        world->kept[i].emitted(world->kept[i].context, &world->outcome);
    }
    for (size_t i = 0; i < CURFEW_DOOR_WORKER_UNDER_WAY; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        must_say(asking[i].told, 200, "\"offset\":41");
    }
    world->keeps = false;
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), 200, "ok");
    metrics = curfew_door_metrics(world->door);
    assert_non_null(strstr(metrics, "curfew_door_under_way 0\n"));
    assert_non_null(strstr(metrics, "curfew_door_events_total{outcome=\"accepted\"} 9\n"));
    assert_non_null(strstr(metrics, "curfew_door_events_total{outcome=\"limited\"} 1\n"));
    free(metrics);
}

static void files_are_taken_in_or_left(void **state)
{
    /* Goal: a changed file or key is taken in at the next look; one that makes no sense changes nothing and shows in
     * the metrics; no look comes sooner than a second after the last. */
    struct world *world = *state;
    const char *event = "{\"type\":\"task-ended\",\"session\":\"" SESSION "\",\"task\":\"t\"}";
    int64_t boot_us = 1;
    assert_int_equal(world->key_count, 3); /* the door's, and two callers' */
    write_callers(world, "{\"callers\":[{\"name\":\"only\"}]}");
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us});
    must_say(say(world, "", SECRET, event), 200, "ok");
    char *metrics = curfew_door_metrics(world->door);
    assert_non_null(strstr(metrics, "curfew_door_behind 1\n"));
    free(metrics);
    write_callers(world, "{\"callers\":[]}");
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us + CURFEW_DOOR_LOOK_US - 1});
    must_say(say(world, "", SECRET, event), 200, "ok");
    world->keys_wrong = true;
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us += CURFEW_DOOR_LOOK_US});
    must_say(say(world, "", SECRET, event), 200, "ok");
    world->keys_wrong = false;
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us += CURFEW_DOOR_LOOK_US});
    assert_int_equal(world->key_count, 1);
    world->verdict.decision = CURFEW_NOT_VALID;
    must_say(say(world, "", SECRET, event), 401, "not_valid");
    metrics = curfew_door_metrics(world->door);
    assert_non_null(strstr(metrics, "curfew_door_behind 0\n"));
    free(metrics);
    world->key_count = 0;
    world->keys_changed = true;
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us + CURFEW_DOOR_LOOK_US});
    assert_int_equal(world->key_count, 1);
}

static void who_was_taken_out_is_nobody_whatever_else_is_wrong(void **state)
{
    /* Goal: a caller that was taken out is nobody though another's key is missing, who is left out until it is there;
     * a file that is gone names nobody; one that others may write, or that gives out the door's key, is not taken. */
    struct world *world = *state;
    const char *event = "{\"type\":\"task-ended\",\"session\":\"" SESSION "\",\"task\":\"t\"}";
    char text[256];
    int64_t boot_us = 1;
    (void)snprintf(text, sizeof text, "{\"callers\":[{\"name\":\"new\",\"uid\":%u,\"key_file\":\"new.key\"}]}",
                   (unsigned)geteuid());
    write_callers(world, text);
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us});
    world->verdict.decision = CURFEW_NOT_VALID;
    must_say(say(world, "", SECRET, event), 401, "not_valid");
    must_say(say(world, "", NULL, event), 401, "nobody here knows you");
    char *metrics = curfew_door_metrics(world->door);
    assert_non_null(strstr(metrics, "curfew_door_behind 1\n"));
    free(metrics);
    store_key(world, "new");
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us += CURFEW_DOOR_LOOK_US});
    must_say(say(world, "", NULL, event), 200, "ok");
    assert_string_equal(world->key_file, "/new.key");
    assert_int_equal(chmod(world->callers, 0666), 0);
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us += CURFEW_DOOR_LOOK_US});
    must_say(say(world, "", NULL, event), 200, "ok");
    metrics = curfew_door_metrics(world->door);
    assert_non_null(strstr(metrics, "curfew_door_behind 1\n"));
    free(metrics);
    remove_file(world, "callers.json");
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us += CURFEW_DOOR_LOOK_US});
    must_say(say(world, "", NULL, event), 401, "nobody here knows you");
    (void)snprintf(text, sizeof text, "{\"callers\":[{\"name\":\"x\",\"uid\":%u,\"key_file\":\"/door.key\"}]}",
                   (unsigned)geteuid());
    write_callers(world, text);
    curfew_door_look(world->door, (struct curfew_now){.boot_us = boot_us + CURFEW_DOOR_LOOK_US});
    must_say(say(world, "", NULL, event), 401, "nobody here knows you");
    remove_file(world, "new.key");
}

static void a_door_for_nobody_does_not_open(void **state)
{
    /* Goal: without callers and without a key for workers it is an error; without that key workers are turned away. */
    struct world *world = *state;
    struct curfew_door *door = NULL;
    struct curfew_error error;
    struct curfew_door_options options = {.per_s = 1, .ops = {authorize, emit, set_keys, keys_changed, world}};
    assert_int_equal(curfew_door_open(&options, &door, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "guard.door_key_file"));
    options.callers_file = world->callers;
    assert_int_equal(curfew_door_open(&options, &door, &error), CURFEW_OK);
    curfew_http_close(world->http);
    const struct curfew_http_options serving = {
        .listen = world->listen, .mode = 0600, .routes = curfew_door_routes, .context = door};
    assert_int_equal(curfew_http_serve(&serving, &world->http, &error), CURFEW_OK);
    must_say(say(world, "", TOKEN, "{\"type\":\"task-ended\"}"), 401, "workers are not heard here");
    assert_int_equal(world->asked, 0);
    curfew_http_close(world->http);
    world->http = NULL;
    curfew_door_close(door);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bearer_counts_and_nothing_beside_it, begin, end),
        cmocka_unit_test_setup_teardown(who_is_nobody_moves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_verdict_that_is_no_allow_ends_it, begin, end),
        cmocka_unit_test_setup_teardown(what_prolongs_needs_a_fresh_proof, begin, end),
        cmocka_unit_test_setup_teardown(outcomes_have_their_status, begin, end),
        cmocka_unit_test_setup_teardown(the_query_is_checked, begin, end),
        cmocka_unit_test_setup_teardown(limits_are_each_ones_own, begin, end),
        cmocka_unit_test_setup_teardown(what_is_under_way_is_bounded_and_given_back, begin, end),
        cmocka_unit_test_setup_teardown(files_are_taken_in_or_left, begin, end),
        cmocka_unit_test_setup_teardown(who_was_taken_out_is_nobody_whatever_else_is_wrong, begin, end),
        cmocka_unit_test_setup_teardown(a_door_for_nobody_does_not_open, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
