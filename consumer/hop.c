/* hop: opens, asks and closes a hop. What runs between is hop_runner.c; how it shows itself is hop_status.c. */
#include "consumer/bearer.h"
#include "consumer/denyset.h"
#include "consumer/freshness.h"
#include "consumer/hop_state.h"
#include "core/digest.h"
#include "core/id.h"
#include "schemas/codec.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOP_LONGEST_LIFE_MOST_S 86400
#define HOP_FLOORS_MOST (INT64_C(1) << 26)

static enum curfew_status load_config(struct curfew_hop *hop, const struct curfew_hop_options *options,
                                      struct curfew_error *error)
{
    enum curfew_status status = curfew_config_load(options->config_file, &hop->config, error);
    const char *const *setting = options->settings;
    while (status == CURFEW_OK && setting != NULL && setting[0] != NULL) {
        if (setting[1] == NULL) {
            return curfew_error_set(error, CURFEW_INVALID, "opening a hop: the setting %s has no value", setting[0]);
        }
        status = curfew_config_set(hop->config, setting[0], setting[1], error);
        setting += 2;
    }
    return status;
}

static void tell(void *context, const struct curfew_request *request, const struct curfew_claims *claims,
                 const struct curfew_verdict *verdict, struct curfew_now now)
{
    struct curfew_hop *hop = context;
    curfew_verdicts_tell(hop->verdicts, request, claims, verdict, now);
}

/* Whom and what to trust: every one of these is the operator's choice. */
static enum curfew_status make_guard(struct curfew_hop *hop, struct curfew_error *error)
{
    struct curfew_guard *guard = &hop->guard;
    guard->told = tell;
    guard->context = hop;
    guard->region = hop->region;
    guard->strict_us = CURFEW_HOP_STRICT_US;
    guard->standard_us = CURFEW_HOP_STANDARD_US;
    int64_t life_s = 0;
    enum curfew_status status = curfew_config_get(hop->config, "hop.audience", &guard->audience, error);
    if (status == CURFEW_OK) {
        status = curfew_config_get_int(hop->config, "hop.longest_life_s", 1, HOP_LONGEST_LIFE_MOST_S, &life_s, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_trust_open(hop->config, &hop->trust, error);
    }
    guard->longest_life_us = life_s * CURFEW_US_PER_S;
    return status;
}

static enum curfew_status make_region(struct curfew_hop *hop, struct curfew_error *error)
{
    struct curfew_region_options options = {0};
    enum curfew_status status =
        curfew_config_get_int(hop->config, "hop.floors_max", 1, HOP_FLOORS_MOST, &options.floors_max, error);
    if (status != CURFEW_OK) {
        return status;
    }
    curfew_random(options.key, sizeof(options.key));
    return curfew_region_create(&options, &hop->region, error);
}

/* A hop speaks for itself alone: another's key would prove nothing. */
static enum curfew_status load_key(struct curfew_hop *hop, const char *file, struct curfew_error *error)
{
    const enum curfew_status status = curfew_writer_key_load(file, &hop->key, error);
    if (status == CURFEW_OK && strcmp(hop->key.writer, hop->id) != 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "opening a hop: hop.key_file is the key of %s, and hop.id is %s; make the hop's own "
                                "with curfew writer add %s --role hop",
                                hop->key.writer, hop->id, hop->id);
    }
    return status;
}

static enum curfew_status make_name(struct curfew_hop *hop, struct curfew_error *error)
{
    enum curfew_status status = curfew_config_get(hop->config, "hop.id", &hop->id, error);
    if (status == CURFEW_OK && !curfew_id_valid(curfew_slice_of(hop->id))) {
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "opening a hop: hop.id must be 1..%d bytes of UTF-8 without control characters",
                                  CURFEW_ID_MAX);
    }
    const char *file = curfew_config_find(hop->config, "hop.key_file");
    if (status == CURFEW_OK && file != NULL && file[0] != '\0') {
        status = load_key(hop, file, error);
    }
    curfew_random(hop->start, sizeof hop->start);
    curfew_hex(hop->start, sizeof hop->start, hop->boot);
    return status;
}

static enum curfew_status make_cache(struct curfew_hop *hop, struct curfew_error *error)
{
    const char *address = curfew_config_find(hop->config, "cache.address");
    if (address == NULL || address[0] == '\0') {
        return CURFEW_OK;
    }
    struct curfew_cache_options options = {
        .region = hop->region,
        .writer = hop->id,
        .longest_age_us = CURFEW_HOP_STANDARD_US,
    };
    memcpy(options.boot, hop->start, sizeof(options.boot));
    enum curfew_status status = curfew_config_get(hop->config, "cache.prefix", &options.prefix, error);
    if (status == CURFEW_OK) {
        status = curfew_cache_create(&options, &hop->cache, error);
    }
    if (status == CURFEW_OK) {
        const char *password = curfew_config_find(hop->config, "cache.password_file");
        bool secret = password != NULL && password[0] != '\0';
        status = curfew_cache_redis_open(address, secret ? password : NULL, hop->cache, &hop->redis, error);
    }
    return status;
}

static enum curfew_status make_audit(struct curfew_hop *hop, struct curfew_error *error)
{
    struct curfew_audit_options options = {"hop", hop->id, curfew_verdicts_counts, &hop->bus, {0}};
    memcpy(options.start, hop->start, sizeof options.start);
    hop->verdicts = curfew_verdicts_create(hop->guard.audience);
    if (hop->verdicts == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening a hop: out of memory");
    }
    return curfew_audit_create(&options, curfew_clock_now(), &hop->audit, error);
}

static enum curfew_status make_lock(struct curfew_hop *hop, struct curfew_error *error)
{
    pthread_condattr_t monotonic; /* a stepped wall clock must not stretch a pause */
    bool made = pthread_condattr_init(&monotonic) == 0;
    made = made && pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0;
    made = made && pthread_cond_init(&hop->closed, &monotonic) == 0 && pthread_mutex_init(&hop->lock, NULL) == 0;
    pthread_condattr_destroy(&monotonic);
    return made ? CURFEW_OK : curfew_error_set(error, CURFEW_NOMEM, "opening a hop: no lock could be made");
}

/* In order of need; what fails leaves the rest NULL, which close takes. */
static enum curfew_status open_parts(struct curfew_hop *hop, const struct curfew_hop_options *options,
                                     struct curfew_error *error)
{
    enum curfew_status status = curfew_codec_init(error);
    if (status == CURFEW_OK) {
        status = load_config(hop, options, error);
    }
    if (status == CURFEW_OK) {
        status = make_name(hop, error);
    }
    if (status == CURFEW_OK) {
        status = make_region(hop, error);
    }
    if (status == CURFEW_OK) {
        status = make_guard(hop, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_seal_keys_open(hop->config, &hop->keys, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_bus_kafka_create(hop->config, &hop->bus, error);
    }
    if (status == CURFEW_OK) {
        status = make_cache(hop, error);
    }
    if (status == CURFEW_OK) {
        status = make_audit(hop, error);
    }
    return status == CURFEW_OK ? curfew_hop_runner_start(hop, error) : status;
}

enum curfew_status curfew_hop_open(const struct curfew_hop_options *options, struct curfew_hop **hop,
                                   struct curfew_error *error)
{
    *hop = NULL;
    if (options == NULL || options->size != sizeof(*options)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "opening a hop: options.size is not that of this library; set it to sizeof(struct "
                                "curfew_hop_options) and build against the header of the library in use");
    }
    struct curfew_hop *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening a hop: out of memory");
    }
    enum curfew_status status = make_lock(made, error);
    if (status != CURFEW_OK) {
        free(made);
        return status;
    }
    status = open_parts(made, options, error);
    if (status != CURFEW_OK) {
        curfew_hop_close(made);
        return status;
    }
    *hop = made;
    return CURFEW_OK;
}

void curfew_hop_close(struct curfew_hop *hop)
{
    if (hop == NULL) {
        return;
    }
    curfew_hop_runner_stop(hop);
    curfew_cache_redis_close(hop->redis);
    curfew_cache_destroy(hop->cache);
    curfew_audit_destroy(hop->audit);
    curfew_verdicts_destroy(hop->verdicts);
    curfew_bus_destroy(&hop->bus);
    curfew_trust_close(hop->trust);
    curfew_seal_keys_close(hop->keys);
    curfew_writer_key_wipe(&hop->key);
    curfew_region_destroy(hop->region);
    curfew_config_destroy(hop->config);
    pthread_cond_destroy(&hop->closed);
    pthread_mutex_destroy(&hop->lock);
    free(hop);
}

static bool request_usable(const struct curfew_request *request)
{
    return request != NULL && request->size == sizeof(*request) &&
           (request->token != NULL || request->token_size == 0) && request->strictness >= CURFEW_CLASS_STRICT &&
           request->strictness <= CURFEW_CLASS_BEST_EFFORT;
}

/* Decides with the hop's guard, which tells `told` of it. */
static enum curfew_status decide(struct curfew_hop *hop, const struct curfew_request *request,
                                 struct curfew_guard *guard, struct curfew_verdict *verdict, struct curfew_error *error)
{
    *verdict = (struct curfew_verdict){
        .decision = CURFEW_UNAVAILABLE_NOW, .reason = "request", .lane = -1, .stale_lane = -1, .age_us = -1};
    enum curfew_status status = CURFEW_OK;
    if (request_usable(request)) {
        int place = 0;
        guard->issuers = curfew_trust_enter(hop->trust, &place);
        curfew_guard_decide(guard, request, curfew_clock_now(), verdict);
        curfew_trust_leave(hop->trust, place);
    } else {
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "checking a token: the request needs its size, a token, and a class (strict, "
                                  "standard or best_effort); there is no default class");
    }
    atomic_fetch_add_explicit(&hop->checks[verdict->decision], 1, memory_order_relaxed);
    return status;
}

enum curfew_status curfew_hop_authorize(struct curfew_hop *hop, const struct curfew_request *request,
                                        struct curfew_verdict *verdict, struct curfew_error *error)
{
    struct curfew_guard guard = hop->guard;
    return decide(hop, request, &guard, verdict, error);
}

struct introduction {
    struct curfew_hop *hop;
    struct curfew_bearer *bearer;
};

static void introduce(void *context, const struct curfew_request *request, const struct curfew_claims *claims,
                      const struct curfew_verdict *verdict, struct curfew_now now)
{
    const struct introduction *introduction = context;
    curfew_bearer_of(claims, introduction->bearer);
    tell(introduction->hop, request, claims, verdict, now);
}

enum curfew_status curfew_hop_authorize_bearer(struct curfew_hop *hop, const struct curfew_request *request,
                                               struct curfew_verdict *verdict, struct curfew_bearer *bearer,
                                               struct curfew_error *error)
{
    struct introduction introduction = {hop, bearer};
    struct curfew_guard guard = hop->guard;
    guard.told = introduce;
    guard.context = &introduction;
    curfew_bearer_of(NULL, bearer);
    return decide(hop, request, &guard, verdict, error);
}

static const char *advice(enum curfew_fresh fresh)
{
    switch (fresh) {
    case CURFEW_FRESH:
        return "the newest proof is too old; is a coordinator running, and does Kafka answer?";
    case CURFEW_FRESH_UNSYNCED:
        return "not caught up yet, or no beacon since; is a coordinator running?";
    case CURFEW_FRESH_UNPROVEN:
        return "floors its beacons speak of are not on the revocations topic; see the coordinator's log";
    case CURFEW_FRESH_CLOCK:
        return "this machine's clock and the broker's differ by more than the skew allowed; set them right";
    case CURFEW_FRESH_FULL:
        return "the deny set is at its bound; raise hop.floors_max";
    case CURFEW_FRESH_LOG:
        return "the bus shows another log or another number of lanes; were the topics created anew?";
    case CURFEW_FRESH_UNREADABLE:
        return "a record on the revocations topic could not be understood; is this hop too old?";
    case CURFEW_FRESH_FORGED:
        return "beacons come whose signature does not verify: somebody else than coordinators writes to revocations, "
               "or coordinators.keys_file names another key for that id";
    case CURFEW_FRESH_KEY:
        return "beacons come that are signed by a key which is not in coordinators.keys_file; was a coordinator's key "
               "replaced?";
    }
    return "";
}

enum curfew_status curfew_hop_ready(struct curfew_hop *hop, struct curfew_error *error)
{
    char problem[CURFEW_ERROR_TEXT_SIZE];
    pthread_mutex_lock(&hop->lock);
    memcpy(problem, hop->problem, sizeof(problem));
    pthread_mutex_unlock(&hop->lock);
    int32_t lanes = atomic_load_explicit(&hop->lanes, memory_order_relaxed);
    if (lanes == 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "hop %s has not begun to read: %s", hop->id,
                                problem[0] == '\0' ? "Kafka was not asked yet; wait a moment" : problem);
    }
    struct curfew_now now = curfew_clock_now();
    for (int32_t i = 0; i < lanes; i++) {
        struct curfew_freshness_mark mark;
        int64_t age_us;
        enum curfew_fresh fresh = curfew_hop_lane(hop, i, now, &age_us, &mark);
        if (fresh != CURFEW_FRESH || age_us > CURFEW_HOP_STRICT_US) {
            return curfew_error_set(error, CURFEW_UNAVAILABLE, "hop %s: lane %d is %s: %s%s%s", hop->id, i,
                                    fresh == CURFEW_FRESH ? "stale" : curfew_fresh_name(fresh), advice(fresh),
                                    problem[0] == '\0' ? "" : "; ", problem);
        }
    }
    return CURFEW_OK;
}
