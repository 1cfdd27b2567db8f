/* door: one request: what it says, who says it, whether that one may, and out to Kafka. */
#include "services/guard/door.h"
#include "core/digest.h"
#include "core/file.h"
#include "core/json.h"
#include "core/keyfile.h"
#include "core/log.h"
#include "services/guard/callers.h"
#include "services/guard/credentials.h"
#include "services/guard/door_reply.h"
#include "services/guard/limits.h"
#include "services/guard/notice.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EVENTS_PATH "/v1/events"

/* What became of a request, for metrics. */
enum fate {
    FATE_ACCEPTED,
    FATE_DURABLE,
    FATE_REFUSED,
    FATE_UNANSWERED,
    FATE_FAILED,
    FATE_MALFORMED,
    FATE_NOBODY,
    FATE_DENIED,
    FATE_UNAVAILABLE,
    FATE_FORBIDDEN,
    FATE_LIMITED,
    FATES
};

static const char *const fate_names[FATES] = {"accepted", "durable", "refused",     "unanswered", "failed", "malformed",
                                              "nobody",   "denied",  "unavailable", "forbidden",  "limited"};

struct curfew_door {
    struct curfew_door_options options;
    pthread_rwlock_t lock; /* of callers: read while a request is looked at, written while they are replaced */
    struct curfew_callers *callers; /* NULL: none */
    struct curfew_file_stamp stamp; /* of their file; looked at by one thread */
    int64_t look_at_us;
    char problem[CURFEW_ERROR_TEXT_SIZE]; /* as logged last; empty: none */
    bool incomplete; /* callers were left out: looked at again each time */
    struct curfew_limits *limits;
    _Atomic bool behind; /* these stand for themselves: relaxed */
    _Atomic int64_t fates[FATES];
};

/* Who speaks, and what for. */
struct speaker {
    const struct curfew_caller *caller; /* NULL: a worker */
    struct curfew_bearer worker;
    uint8_t key[CURFEW_LIMITS_KEY_SIZE]; /* of its limit */
};

/* An event that is under way. */
struct pending {
    struct curfew_door *door;
    struct curfew_http_request *request;
    enum curfew_event_type type;
    enum curfew_wait wait;
    uint8_t key[CURFEW_LIMITS_KEY_SIZE];
};

static void note(struct curfew_door *door, enum fate fate)
{
    atomic_fetch_add_explicit(&door->fates[fate], 1, memory_order_relaxed);
}

/* Answers, and says so to the metrics. */
static void turn_away(struct curfew_door *door, struct curfew_http_response *response, enum fate fate, int code,
                      const char *text)
{
    note(door, fate);
    curfew_door_reply_error(response, code, text);
}

/* ---- what the request says ---- */

struct said {
    struct curfew_event event;
    enum curfew_wait wait;
    int timeout_ms;
    const char *lane; /* NULL: not given */
};

static bool read_query(const struct curfew_http_request *request, struct said *said)
{
    const char *wait = curfew_http_query(request, "wait");
    const char *timeout = curfew_http_query(request, "timeout_ms");
    said->lane = curfew_http_query(request, "lane");
    said->timeout_ms = CURFEW_DOOR_TIMEOUT_MS;
    said->wait = CURFEW_WAIT_ACCEPTED;
    if (wait != NULL && strcmp(wait, "durable") == 0) {
        said->wait = CURFEW_WAIT_DURABLE;
    } else if (wait != NULL && strcmp(wait, "accepted") != 0) {
        return false;
    }
    if (timeout != NULL) {
        const size_t digits = strspn(timeout, "0123456789");
        said->timeout_ms = digits == 0 || digits > 5 || timeout[digits] != '\0' ? 0 : atoi(timeout);
    }
    return said->timeout_ms >= 1 && said->timeout_ms <= CURFEW_DOOR_TIMEOUT_MAX_MS;
}

/* ---- who speaks ---- */

static void key_of_caller(const struct curfew_caller *caller, uint8_t key[CURFEW_LIMITS_KEY_SIZE])
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    const struct curfew_slice parts[] = {
        curfew_slice_of("caller"), {(const uint8_t *)"", 1}, curfew_slice_of(caller->name)};
    curfew_sha256(parts, 3, digest);
    memcpy(key, digest, CURFEW_LIMITS_KEY_SIZE);
}

/* Ids hold no NUL, so that it keeps them apart. */
static void key_of_worker(const struct curfew_bearer *worker, uint8_t key[CURFEW_LIMITS_KEY_SIZE])
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    uint8_t attempt[8];
    const struct curfew_slice nul = {(const uint8_t *)"", 1};
    const struct curfew_slice parts[] = {curfew_slice_of("worker"),     nul, curfew_slice_of(worker->session), nul,
                                         curfew_slice_of(worker->task), nul, {attempt, sizeof attempt}};
    curfew_put_be64(attempt, (uint64_t)worker->attempt);
    curfew_sha256(parts, sizeof parts / sizeof parts[0], digest);
    memcpy(key, digest, CURFEW_LIMITS_KEY_SIZE);
}

struct search {
    const struct curfew_callers *callers;
    const struct curfew_caller *found;
};

static bool is_a_callers(void *context, enum curfew_http_name kind, struct curfew_slice name)
{
    struct search *search = context;
    search->found = curfew_callers_of_name(search->callers, kind, name);
    return search->found != NULL;
}

/* Of a connection, when the request itself says nothing. */
static const struct curfew_caller *find_peer(const struct curfew_callers *callers,
                                             const struct curfew_http_request *request)
{
    uid_t user = 0;
    struct search search = {.callers = callers};
    if (callers == NULL) {
        return NULL;
    }
    if (curfew_http_peer_user(request, &user)) {
        return curfew_callers_of_user(callers, user);
    }
    (void)curfew_http_peer_names(request, is_a_callers, &search);
    return search.found;
}

/* What only takes authority away is heard however old our proof is: an end that is held back would be worse. */
static bool find_worker(struct curfew_door *door, const struct curfew_event *event, const char *token,
                        struct speaker *speaker, struct curfew_http_response *response)
{
    const struct curfew_request question = {
        .size = sizeof question,
        .token = token,
        .token_size = strlen(token),
        .strictness = curfew_notice_only_ends(event) ? CURFEW_CLASS_BEST_EFFORT : CURFEW_CLASS_STRICT,
        .action = curfew_event_name(event->type),
        .resource = EVENTS_PATH,
    };
    struct curfew_verdict verdict;
    struct curfew_error error;
    const enum curfew_status status =
        door->options.ops.authorize(door->options.ops.context, &question, &verdict, &speaker->worker, &error);
    if (status == CURFEW_OK && verdict.decision == CURFEW_ALLOW && speaker->worker.known) {
        key_of_worker(&speaker->worker, speaker->key);
        return true;
    }
    note(door, verdict.decision == CURFEW_NOT_VALID ? FATE_NOBODY
               : verdict.decision == CURFEW_DENY    ? FATE_DENIED
                                                    : FATE_UNAVAILABLE);
    curfew_door_reply_verdict(response, &verdict);
    return false;
}

static bool find_speaker(struct curfew_door *door, const struct curfew_http_request *request,
                         const struct curfew_event *event, struct speaker *speaker,
                         struct curfew_http_response *response)
{
    const char *bearer = NULL;
    const enum curfew_credentials credentials = curfew_credentials_find(request, &bearer);
    if (credentials == CURFEW_CREDENTIALS_UNCLEAR) {
        turn_away(door, response, FATE_NOBODY, 401, "Authorization must be there once, as Bearer and what it bears");
        return false;
    }
    if (credentials == CURFEW_CREDENTIALS_MISSING) {
        speaker->caller = find_peer(door->callers, request);
    } else if (door->callers != NULL) {
        speaker->caller = curfew_callers_of_secret(door->callers, curfew_slice_of(bearer));
    }
    if (speaker->caller != NULL) {
        key_of_caller(speaker->caller, speaker->key);
        return true;
    }
    if (credentials == CURFEW_CREDENTIALS_MISSING) {
        turn_away(
            door, response, FATE_NOBODY, 401,
            "nobody here knows you: send Authorization: Bearer with your task's token or your secret, or be named "
            "in guard.callers_file by your user or certificate");
        return false;
    }
    if (door->options.key_file == NULL) {
        turn_away(door, response, FATE_NOBODY, 401,
                  "the bearer is no caller's secret, and workers are not heard here: guard.door_key_file is not set");
        return false;
    }
    return find_worker(door, event, bearer, speaker, response);
}

/* ---- out to Kafka ---- */

static enum fate fate_of(const struct pending *pending, const struct curfew_outcome *outcome)
{
    if (outcome->status == CURFEW_OK) {
        return pending->wait == CURFEW_WAIT_ACCEPTED ? FATE_ACCEPTED : FATE_DURABLE;
    }
    if (outcome->status == CURFEW_REFUSED) {
        return FATE_REFUSED;
    }
    return outcome->receipt.offset >= 0 ? FATE_UNANSWERED : FATE_FAILED;
}

/* On a producer's thread, or by whoever could not emit. */
static void on_emitted(void *context, const struct curfew_outcome *outcome)
{
    struct pending *pending = context;
    struct curfew_http_response response = {.code = 0};
    note(pending->door, fate_of(pending, outcome));
    curfew_limits_give(pending->door->limits, pending->key);
    curfew_door_reply_outcome(&response, pending->type, pending->wait, outcome);
    curfew_http_finish(pending->request, &response);
    free(pending);
}

static void emit(struct curfew_door *door, const struct curfew_http_request *request, const struct speaker *speaker,
                 const struct curfew_emit *emit, struct curfew_http_response *response)
{
    struct pending *pending = malloc(sizeof *pending);
    struct curfew_emit emission = *emit;
    struct curfew_outcome outcome = {.receipt = {.offset = -1}};
    const char *key_file = speaker->caller == NULL ? door->options.key_file : speaker->caller->key_file;
    if (pending == NULL) {
        curfew_limits_give(door->limits, speaker->key);
        turn_away(door, response, FATE_FAILED, 503, "there is no memory for the event");
        return;
    }
    *pending = (struct pending){door, curfew_http_put_off(request), emit->event->type, emit->wait, {0}};
    memcpy(pending->key, speaker->key, sizeof pending->key);
    emission.emitted = on_emitted;
    emission.context = pending;
    outcome.status = door->options.ops.emit(door->options.ops.context, key_file, &emission, &outcome.error);
    if (outcome.status != CURFEW_OK) {
        on_emitted(pending, &outcome);
    }
}

/* The speaker is known: within its limits, and only what is its own to say. */
static void take(struct curfew_door *door, const struct curfew_http_request *request, struct said *said,
                 const struct speaker *speaker, struct curfew_http_response *response)
{
    static const struct curfew_limit worker = {CURFEW_DOOR_WORKER_PER_S, CURFEW_DOOR_WORKER_BURST,
                                               CURFEW_DOOR_WORKER_UNDER_WAY};
    const struct curfew_limit caller = {door->options.per_s, door->options.per_s, CURFEW_DOOR_CALLER_UNDER_WAY};
    static const char *const over[] = {
        [CURFEW_LIMITS_RATE] = "more events a second than you may send; slow down",
        [CURFEW_LIMITS_UNDER_WAY] = "more events at once than you may have under way; wait for some to be answered",
        [CURFEW_LIMITS_FULL] = "more callers than can be told apart; try again",
    };
    struct curfew_error error;
    struct curfew_emit emission = {.event = &said->event, .wait = said->wait, .timeout_ms = said->timeout_ms};
    enum curfew_status status =
        speaker->caller == NULL ? curfew_notice_bind(&speaker->worker, &said->event, &error) : CURFEW_OK;
    if (status == CURFEW_OK) {
        status = curfew_notice_lane(&said->event, said->lane, &emission.lane, &error);
    }
    if (status != CURFEW_OK) {
        turn_away(door, response, status == CURFEW_REFUSED ? FATE_FORBIDDEN : FATE_MALFORMED,
                  status == CURFEW_REFUSED ? 403 : 400, error.text);
        return;
    }
    const enum curfew_limits_answer answer = curfew_limits_take(
        door->limits, speaker->key, speaker->caller == NULL ? &worker : &caller, curfew_clock_now().boot_us);
    if (answer != CURFEW_LIMITS_OK) {
        turn_away(door, response, FATE_LIMITED, answer == CURFEW_LIMITS_FULL ? 503 : 429, over[answer]);
        return;
    }
    emit(door, request, speaker, &emission, response);
}

static void handle_events(void *context, const struct curfew_http_request *request,
                          struct curfew_http_response *response)
{
    struct curfew_door *door = context;
    struct curfew_json *json = NULL;
    struct curfew_error error;
    struct said said;
    struct speaker speaker = {.caller = NULL};
    if (!read_query(request, &said)) {
        turn_away(door, response, FATE_MALFORMED, 400,
                  "wait must be accepted or durable, and timeout_ms 1..30000; leave them out for accepted and 5000");
        return;
    }
    enum curfew_status status = curfew_json_parse(curfew_http_body(request), &json, &error);
    if (status == CURFEW_OK) {
        status = curfew_notice_read(json, &said.event, &error);
    }
    if (status != CURFEW_OK) {
        turn_away(door, response, FATE_MALFORMED, status == CURFEW_NOMEM ? 503 : 400, error.text);
        goto out;
    }
    pthread_rwlock_rdlock(&door->lock);
    if (find_speaker(door, request, &said.event, &speaker, response)) {
        take(door, request, &said, &speaker, response);
    }
    pthread_rwlock_unlock(&door->lock);
out:
    curfew_json_destroy(json);
}

const struct curfew_http_route curfew_door_routes[] = {
    {"POST", EVENTS_PATH, handle_events},
    {NULL, NULL, NULL},
};

/* ---- files, open and close ---- */

/* The keys of these callers, and the door's own. */
static enum curfew_status set_keys(struct curfew_door *door, const struct curfew_callers *callers,
                                   struct curfew_error *error)
{
    const char *files[CURFEW_CALLERS_MAX + 1];
    size_t count = 0;
    const struct curfew_caller *caller = NULL;
    if (door->options.key_file != NULL) {
        files[count++] = door->options.key_file;
    }
    for (size_t i = 0; callers != NULL && (caller = curfew_callers_at(callers, i)) != NULL; i++) {
        files[count++] = caller->key_file;
    }
    return door->options.ops.set_keys(door->options.ops.context, files, count, error);
}

/* Whether its key is one: what is no key keeps nobody else waiting. */
static enum curfew_status check_key(const struct curfew_door *door, const struct curfew_caller *caller,
                                    struct curfew_error *error)
{
    struct curfew_writer_key key;
    if (door->options.key_file != NULL && strcmp(door->options.key_file, caller->key_file) == 0) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            "caller %.64s has the door's own key, by which it could speak for any worker; give it a "
            "writer's of its own",
            caller->name);
    }
    const enum curfew_status status = curfew_writer_key_load(caller->key_file, &key, error);
    curfew_writer_key_wipe(&key);
    return status;
}

/* Logs a problem when it is another than the last. */
static void tell(struct curfew_door *door, const char *what, const char *text)
{
    if (strcmp(door->problem, text) != 0) {
        (void)snprintf(door->problem, sizeof door->problem, "%s", text);
        curfew_log(CURFEW_LOG_WARNING, "door", "%s: %s", what, text);
    }
}

/* Takes out those whose key is no use; at the start one is enough to fail. */
static enum curfew_status check_keys(struct curfew_door *door, struct curfew_callers *callers, bool starting,
                                     struct curfew_error *error)
{
    const struct curfew_caller *caller = NULL;
    for (size_t i = 0; (caller = curfew_callers_at(callers, i)) != NULL;) {
        const enum curfew_status status = check_key(door, caller, error);
        if (status != CURFEW_OK && starting) {
            return status;
        }
        if (status != CURFEW_OK) {
            tell(door, "a caller is left out", error->text);
            door->incomplete = true;
            curfew_callers_drop(callers, i);
            continue;
        }
        if (starting && ((caller->by_user && !door->options.sees_users) ||
                         (caller->by_certificate && !door->options.sees_certificates))) {
            curfew_log(CURFEW_LOG_WARNING, "door", "caller %.64s will not be known here: %s", caller->name,
                       caller->by_user ? "users are seen on a unix socket alone"
                                       : "guard.events_client_ca_file is not set");
        }
        i++;
    }
    return CURFEW_OK;
}

/* A file that is gone names nobody, except at the start, when it may be named wrongly. */
static enum curfew_status load_callers(struct curfew_door *door, bool starting, struct curfew_callers **callers,
                                       struct curfew_error *error)
{
    *callers = NULL;
    if (door->options.callers_file == NULL) {
        return CURFEW_OK;
    }
    if (!starting && access(door->options.callers_file, F_OK) != 0) {
        tell(door, "nobody is a caller: the file is gone", door->options.callers_file);
        return CURFEW_OK;
    }
    const enum curfew_status status = curfew_callers_load(door->options.callers_file, callers, error);
    return status == CURFEW_OK ? check_keys(door, *callers, starting, error) : status;
}

static enum curfew_status load(struct curfew_door *door, bool starting, struct curfew_error *error)
{
    struct curfew_callers *callers = NULL;
    struct curfew_callers *before = NULL;
    struct curfew_file_stamp stamp = {0};
    if (door->options.callers_file != NULL) {
        curfew_file_stamp(door->options.callers_file, &stamp); /* before it is read, so that no change is missed */
    }
    door->incomplete = false;
    enum curfew_status status = load_callers(door, starting, &callers, error);
    if (status == CURFEW_OK) {
        status = set_keys(door, callers, error);
    }
    if (status != CURFEW_OK) {
        curfew_callers_destroy(callers);
        return status;
    }
    pthread_rwlock_wrlock(&door->lock);
    before = door->callers;
    door->callers = callers;
    pthread_rwlock_unlock(&door->lock);
    curfew_callers_destroy(before);
    door->stamp = stamp;
    return CURFEW_OK;
}

enum curfew_status curfew_door_open(const struct curfew_door_options *options, struct curfew_door **door,
                                    struct curfew_error *error)
{
    *door = NULL;
    if (options->callers_file == NULL && options->key_file == NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "opening the door: nobody could come through; set guard.door_key_file (workers), "
                                "guard.callers_file (orchestrators), or both");
    }
    struct curfew_door *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_rwlock_init(&made->lock, NULL) != 0) {
        free(made);
        return curfew_error_set(error, CURFEW_NOMEM, "opening the door: out of memory");
    }
    made->options = *options;
    made->limits = curfew_limits_create();
    const enum curfew_status status = made->limits == NULL
                                          ? curfew_error_set(error, CURFEW_NOMEM, "opening the door: out of memory")
                                          : load(made, true, error);
    if (status != CURFEW_OK) {
        curfew_door_close(made);
        return status;
    }
    *door = made;
    return CURFEW_OK;
}

void curfew_door_close(struct curfew_door *door)
{
    if (door != NULL) {
        curfew_limits_destroy(door->limits);
        curfew_callers_destroy(door->callers);
        pthread_rwlock_destroy(&door->lock);
        free(door);
    }
}

void curfew_door_look(struct curfew_door *door, struct curfew_now now)
{
    struct curfew_file_stamp stamp = {0};
    struct curfew_error error;
    if (now.boot_us < door->look_at_us) {
        return;
    }
    door->look_at_us = now.boot_us + CURFEW_DOOR_LOOK_US;
    if (door->options.callers_file != NULL) {
        curfew_file_stamp(door->options.callers_file, &stamp);
    }
    const bool changed =
        !curfew_file_stamp_same(&stamp, &door->stamp) || door->options.ops.keys_changed(door->options.ops.context);
    if (!changed && !door->incomplete) {
        return;
    }
    const bool failed = load(door, false, &error) != CURFEW_OK;
    const bool behind = failed || door->incomplete;
    atomic_store_explicit(&door->behind, behind, memory_order_relaxed);
    if (failed) {
        tell(door, "the last good callers and keys stay in use", error.text);
    } else if (!behind && (changed || door->problem[0] != '\0')) {
        door->problem[0] = '\0';
        curfew_log(CURFEW_LOG_INFO, "door", "callers and keys are as their files say");
    }
}

char *curfew_door_metrics(struct curfew_door *door)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    (void)fprintf(out, "# HELP curfew_door_events_total Events that came to " EVENTS_PATH ", by what became of them.\n"
                       "# TYPE curfew_door_events_total counter\n");
    for (int i = 0; i < FATES; i++) {
        (void)fprintf(out, "curfew_door_events_total{outcome=\"%s\"} %lld\n", fate_names[i],
                      (long long)atomic_load_explicit(&door->fates[i], memory_order_relaxed));
    }
    (void)fprintf(out,
                  "# HELP curfew_door_under_way Events that wait for their answer.\n"
                  "# TYPE curfew_door_under_way gauge\ncurfew_door_under_way %lld\n"
                  "# HELP curfew_door_behind 1: callers or keys could not be read again, the last good ones are used.\n"
                  "# TYPE curfew_door_behind gauge\ncurfew_door_behind %d\n",
                  (long long)curfew_limits_under_way(door->limits),
                  atomic_load_explicit(&door->behind, memory_order_relaxed) ? 1 : 0);
    return fclose(out) == 0 ? text : NULL;
}
