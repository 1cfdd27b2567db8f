/* hop: every way to have read two partitions, one lane lagging at a time. */
#include "tests/model/hop.h"

#include "consumer/denyset.h"
#include "consumer/feed.h"
#include "consumer/freshness.h"
#include "consumer/guard.h"
#include "core/lineage.h"
#include "tests/common/sealer.h"
#include <stdio.h>
#include <stdlib.h>

#define FLOORS_MAX 64
#define STRICT_US (2 * CURFEW_US_PER_S)
#define STANDARD_US (30 * CURFEW_US_PER_S)
#define LIFE_US (900 * CURFEW_US_PER_S)

struct model_hops {
    const struct model_script *script;
    struct curfew_token *tokens[MODEL_TOKENS_MAX];
    struct curfew_lineage lineages[MODEL_TOKENS_MAX];
    struct model_seen seen; /* states */
    struct model_seen shown; /* logs */
    bool quiet; /* nothing of the script is on the control lane, whose beacons are then shown at once */
    int64_t verdicts[CURFEW_UNAVAILABLE_NOW + 1];
};

/* What is shown to one hop after the other. */
struct showing {
    struct model_hops *hops;
    const struct model_logs *logs;
    const int64_t *settled; /* of either lane */
    char *fault;
};

/* One hop while it reads. */
struct hop {
    struct curfew_region *region;
    struct curfew_feed *feed;
    struct curfew_guard guard;
    struct curfew_now now;
    int64_t met[2]; /* where it met the end of the partition first; -1: not yet */
    int64_t read[2];
    int64_t cause[2]; /* the newest cause of floors it was shown; -1: none */
};

static enum curfew_status subscribe(void *self, enum curfew_topic topic, int32_t partition, int64_t offset,
                                    struct curfew_error *error)
{
    (void)self;
    (void)topic;
    (void)partition;
    (void)offset;
    (void)error;
    return CURFEW_OK; /* it reads from the beginning; in this model there is no other cause to subscribe */
}

static const struct curfew_bus_ops ops = {.subscribe = subscribe};
static struct curfew_bus bus = {.ops = &ops};

static void must(enum curfew_status status, const struct curfew_error *error)
{
    if (status != CURFEW_OK) {
        (void)fprintf(stderr, "model: %s\n", error->text);
        abort();
    }
}

struct model_hops *model_hops_create(const struct model_script *script)
{
    struct model_hops *hops = calloc(1, sizeof *hops);
    if (hops == NULL) {
        abort();
    }
    hops->script = script;
    hops->quiet = true;
    for (int i = 0; i < script->count; i++) {
        hops->quiet = hops->quiet && model_event_lane(&script->events[i]) != 0;
    }
    for (int i = 0; i < script->tokens; i++) {
        hops->tokens[i] = model_script_token(script, i);
        curfew_lineage_of(curfew_token_claims(hops->tokens[i]), &hops->lineages[i]);
    }
    return hops;
}

void model_hops_destroy(struct model_hops *hops)
{
    if (hops != NULL) {
        for (int i = 0; i < MODEL_TOKENS_MAX; i++) {
            curfew_token_destroy(hops->tokens[i]);
        }
        model_seen_clear(&hops->seen);
        model_seen_clear(&hops->shown);
        free(hops);
    }
}

/* The model's one issuer. Signatures are not its business, so the key is anybody's: that of RFC 7515, Appendix A.3. */
static const struct curfew_issuers *trusted(void)
{
    static const char set[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                              "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
    static const char *const algorithms[] = {"ES256", NULL};
    static const char *const tenants[] = {CURFEW_ISSUER_EVERY_TENANT, NULL};
    static struct curfew_issuers *issuers;
    const struct curfew_issuer_spec spec = {MODEL_ISSUER, algorithms, tenants};
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error = {.text = ""};
    if (issuers == NULL) {
        must(curfew_jwks_parse(curfew_slice_of(set), &jwks, &error), &error);
        must(curfew_issuers_of(&spec, jwks, &issuers, &error), &error);
    }
    return issuers;
}

static void boot(struct hop *hop)
{
    struct curfew_error error = {.text = ""};
    const struct curfew_region_options region = {.floors_max = FLOORS_MAX, .key = {1}};
    *hop = (struct hop){.met = {-1, -1}, .cause = {-1, -1}, .now = {MODEL_T0, CURFEW_US_PER_S}};
    must(curfew_region_create(&region, &hop->region, &error), &error);
    const struct curfew_feed_options feed = {.region = hop->region, .bus = &bus, .lanes = 2, .judge = sealer_judge};
    must(curfew_feed_create(&feed, &hop->feed, &error), &error);
    must(curfew_feed_start(hop->feed, &error), &error);
    hop->guard = (struct curfew_guard){.region = hop->region,
                                       .issuers = trusted(),
                                       .audience = MODEL_AUDIENCE,
                                       .longest_life_us = LIFE_US,
                                       .strict_us = STRICT_US,
                                       .standard_us = STANDARD_US};
}

static void halt(struct hop *hop)
{
    curfew_feed_destroy(hop->feed);
    curfew_region_destroy(hop->region);
}

/* Shows it the next record of a lane, at the moment that was written or, if it is later, the moment of what it was
 * shown last. Shown later still, nothing would differ: the age counts from as_of whenever clocks agree. */
static void show(struct hop *hop, const struct model_logs *logs, int lane)
{
    const struct model_record *record = &logs->log[MODEL_REVOCATIONS + lane].records[hop->read[lane]];
    struct curfew_error error = {.text = ""};
    const struct curfew_bus_event event = {.kind = CURFEW_BUS_RECORD,
                                           .topic = CURFEW_TOPIC_REVOCATIONS,
                                           .partition = lane,
                                           .offset = hop->read[lane],
                                           .timestamp_us = record->timestamp_us,
                                           .log_append_time = true,
                                           .value = {record->bytes, record->size}};
    const int64_t waited = record->timestamp_us - hop->now.wall_us;
    if (waited > 0) {
        hop->now.wall_us += waited;
        hop->now.boot_us += waited;
    }
    if (record->type == CURFEW_EVENT_FLOORS && record->about > hop->cause[lane]) {
        hop->cause[lane] = record->about;
    }
    hop->read[lane]++;
    must(curfew_feed_handle(hop->feed, &event, hop->now, &error), &error);
}

static void meet_end(struct hop *hop, int lane)
{
    struct curfew_error error = {.text = ""};
    const struct curfew_bus_event event = {
        .kind = CURFEW_BUS_CAUGHT_UP, .topic = CURFEW_TOPIC_REVOCATIONS, .partition = lane, .offset = hop->read[lane]};
    hop->met[lane] = hop->read[lane];
    must(curfew_feed_handle(hop->feed, &event, hop->now, &error), &error);
}

static bool denied(const struct hop *hop, const struct curfew_lineage *lineage)
{
    for (size_t i = 0; i < lineage->count; i++) {
        if (lineage->entries[i].value < curfew_denyset_floor(hop->region, &lineage->entries[i].subject)) {
            return true;
        }
    }
    return false;
}

/* Whether the hop was shown floors that could be due to this event, or to a later one. */
static bool caused(const struct hop *hop, const struct model_logs *logs, int event)
{
    for (int i = event; i < logs->events; i++) {
        if (hop->cause[model_event_lane(&logs->script->events[i])] >= logs->at[i]) {
            return true;
        }
    }
    return false;
}

/* The hop's newest good beacon of the event's lane is past the event. */
static bool past(const struct hop *hop, const struct model_logs *logs, int event)
{
    struct curfew_freshness_mark mark;
    int64_t age_us = 0;
    const int lane = model_event_lane(&logs->script->events[event]);
    return event < logs->events && curfew_freshness_read(hop->region, lane, hop->now, &age_us, &mark) == CURFEW_FRESH &&
           mark.offset > logs->at[event];
}

static int64_t timestamp_of(const struct model_logs *logs, int event)
{
    const int lane = model_event_lane(&logs->script->events[event]);
    return logs->log[lane == 0 ? MODEL_CONTROL : MODEL_LIFECYCLE].records[logs->at[event]].timestamp_us;
}

static enum curfew_decision ask(struct model_hops *hops, const struct hop *hop, int token, int64_t later_us)
{
    const struct curfew_request request = {.size = sizeof request, .strictness = CURFEW_CLASS_STRICT};
    const struct curfew_now now = {hop->now.wall_us + later_us, hop->now.boot_us + later_us};
    struct curfew_verdict verdict;
    curfew_guard_judge(&hop->guard, hops->tokens[token], &request, now, &verdict);
    hops->verdicts[verdict.decision]++;
    return verdict.decision;
}

static bool wrong(char fault[MODEL_FAULT_SIZE], const struct hop *hop, const char *token, const char *what)
{
    (void)snprintf(fault, MODEL_FAULT_SIZE,
                   "a hop that met the ends of revocations at %lld and %lld and has read %lld and %lld of them: token "
                   "%s %s",
                   (long long)hop->met[0], (long long)hop->met[1], (long long)hop->read[0], (long long)hop->read[1],
                   token, what);
    return false;
}

static bool judge(struct model_hops *hops, const struct hop *hop, const struct model_logs *logs,
                  char fault[MODEL_FAULT_SIZE])
{
    for (int i = 0; i < hops->script->tokens; i++) {
        const struct model_token *token = &hops->script->token[i];
        const bool floor = denied(hop, &hops->lineages[i]);
        const enum curfew_decision now = ask(hops, hop, i, 0);
        if (floor != (now == CURFEW_DENY)) {
            return wrong(fault, hop, token->jti, "is denied by the floors or by the guard, not by both");
        }
        if (floor && (token->may == MODEL_NEVER || !caused(hop, logs, token->may))) {
            return wrong(fault, hop, token->jti, "lives and is denied");
        }
        if (token->must == MODEL_NEVER || token->must >= logs->events) {
            continue;
        }
        if (!floor && past(hop, logs, token->must)) {
            return wrong(fault, hop, token->jti, "is dead, the hop vouches for more than its end, and does not deny");
        }
        const int64_t overdue_us = timestamp_of(logs, token->must) + STRICT_US + 1 - hop->now.wall_us;
        if (ask(hops, hop, i, overdue_us > 0 ? overdue_us : 0) == CURFEW_ALLOW) {
            return wrong(fault, hop, token->jti, "ended longer ago than strict allows, and passes");
        }
    }
    return true;
}

static bool judge_settled(struct model_hops *hops, const struct hop *hop, const struct model_logs *logs,
                          char fault[MODEL_FAULT_SIZE])
{
    for (int i = 0; i < hops->script->tokens; i++) {
        const struct model_token *token = &hops->script->token[i];
        const bool dead = token->must != MODEL_NEVER && token->must < logs->events;
        if (ask(hops, hop, i, 0) != (dead ? CURFEW_DENY : CURFEW_ALLOW)) {
            return wrong(fault, hop, token->jti,
                         dead ? "is dead, all is delivered, and it is not denied"
                              : "lives, all is delivered, and it is not allowed");
        }
    }
    return true;
}

/* New, as far as what was shown tells; what repeats an earlier record tells nothing. */
static bool is_new(struct model_hops *hops, const struct hop *hop, const struct model_logs *logs)
{
    struct model_digest digest = model_digest_begin();
    for (int lane = 0; lane < 2; lane++) {
        const struct model_log *log = &logs->log[MODEL_REVOCATIONS + lane];
        const int64_t places[] = {hop->met[lane], hop->read[lane]};
        for (int i = 0; i < 2; i++) {
            digest = model_digest_number(digest, places[i] < 0 ? -1 : 0);
            if (places[i] > 0) {
                const struct model_digest *news = &log->records[places[i] - 1].news;
                digest = model_digest_bytes(digest, news, sizeof *news);
            }
        }
    }
    for (int i = 0; i < logs->events; i++) { /* what is right depends on where the events stand */
        digest = model_digest_number(digest, logs->at[i]);
    }
    return model_seen_add(&hops->seen, digest);
}

/* Reads a lane to its end, judging after every record. */
static bool read_lane(const struct showing *showing, struct hop *hop, int lane, int64_t meeting)
{
    const struct model_logs *logs = showing->logs;
    const int64_t count = logs->log[MODEL_REVOCATIONS + lane].count;
    bool right = true;
    while (right && (hop->read[lane] < count || (hop->met[lane] < 0 && meeting == count))) {
        if (hop->met[lane] < 0 && hop->read[lane] == meeting) {
            meet_end(hop, lane);
        } else {
            show(hop, logs, lane);
        }
        right = !is_new(showing->hops, hop, logs) || judge(showing->hops, hop, logs, showing->fault);
    }
    return right;
}

/* One hop that meets the end of lane `lane` at `meeting`, and that of the other at the other's beginning. The other is
 * read before it (the lane lags) or after it (the lane leads). */
static bool show_one(const struct showing *showing, int lane, int64_t meeting, bool lags)
{
    struct hop hop;
    const int other = 1 - lane;
    boot(&hop);
    bool right = !lags || read_lane(showing, &hop, other, 0);
    right = right && read_lane(showing, &hop, lane, meeting);
    right = right && (lags || read_lane(showing, &hop, other, 0));
    if (right && meeting <= showing->settled[lane]) {
        right = judge_settled(showing->hops, &hop, showing->logs, showing->fault);
    }
    halt(&hop);
    return right;
}

static struct model_digest digest_of(const struct model_hops *hops, const struct model_logs *logs)
{
    struct model_digest digest = model_digest_begin();
    for (int lane = hops->quiet ? 1 : 0; lane < 2; lane++) {
        const struct model_log *log = &logs->log[MODEL_REVOCATIONS + lane];
        digest = model_digest_bytes(digest, &log->records[log->count - 1].news, sizeof digest);
    }
    return model_digest_bytes(digest, logs->at, (size_t)logs->events * sizeof logs->at[0]);
}

bool model_hops_show(struct model_hops *hops, const struct model_logs *logs, const int64_t settled[2],
                     char fault[MODEL_FAULT_SIZE])
{
    const struct showing showing = {hops, logs, settled, fault};
    bool right = true;
    if (!model_seen_add(&hops->shown, digest_of(hops, logs))) {
        return true;
    }
    for (int lane = hops->quiet ? 1 : 0; lane < 2; lane++) {
        const struct model_log *log = &logs->log[MODEL_REVOCATIONS + lane];
        for (int64_t meeting = 0; right && meeting <= log->count; meeting++) {
            if (meeting == 0 || log->records[meeting - 1].first) {
                right = show_one(&showing, lane, meeting, true) &&
                        (hops->quiet || show_one(&showing, lane, meeting, false));
            }
        }
    }
    return right;
}

size_t model_hops_states(const struct model_hops *hops)
{
    return hops->seen.count;
}

const int64_t *model_hops_verdicts(const struct model_hops *hops)
{
    return hops->verdicts;
}
