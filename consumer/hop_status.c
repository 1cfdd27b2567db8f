/* hop_status: a hop as others see it: the status record, the same as JSON, and metrics. */
#include "consumer/denyset.h"
#include "consumer/freshness.h"
#include "consumer/hop_state.h"
#include "schemas/codec.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum curfew_fresh curfew_hop_lane(const struct curfew_hop *hop, int32_t lane, struct curfew_now now, int64_t *age_us,
                                  struct curfew_freshness_mark *mark)
{
    const enum curfew_fresh fresh = curfew_freshness_read(hop->region, lane, now, age_us, mark);
    if (fresh == CURFEW_FRESH && *age_us > CURFEW_HOP_STRICT_US) {
        return (enum curfew_fresh)atomic_load_explicit(&hop->doubts[lane], memory_order_relaxed);
    }
    return fresh;
}

static void report_lane(const struct curfew_hop *hop, int32_t lane, struct curfew_now now,
                        struct curfew_lane_status *status)
{
    struct curfew_freshness_mark mark;
    int64_t age_us;
    enum curfew_fresh fresh = curfew_hop_lane(hop, lane, now, &age_us, &mark);
    bool marked = mark.genesis_us != 0; /* a void keeps what the last good beacon said: it was applied */
    status->lane = lane;
    memcpy(status->log_id, mark.log_id, sizeof(status->log_id));
    status->offset = marked ? mark.offset : -1;
    status->as_of_us = marked ? mark.as_of_us : 0;
    status->age_ms = age_us >= 0 ? age_us / CURFEW_US_PER_MS : -1;
    status->problem = curfew_slice_of(NULL);
    if (fresh != CURFEW_FRESH) {
        status->problem = curfew_slice_of(curfew_fresh_name(fresh));
    } else if (age_us > CURFEW_HOP_STRICT_US) {
        status->problem = curfew_slice_of("stale");
    }
}

void curfew_hop_report_make(const struct curfew_hop *hop, struct curfew_now now, struct curfew_hop_report *report)
{
    int32_t lanes = atomic_load_explicit(&hop->lanes, memory_order_relaxed);
    for (int32_t i = 0; i < lanes; i++) {
        report_lane(hop, i, now, &report->lanes[i]);
    }
    report->event = (struct curfew_event){
        .type = CURFEW_EVENT_HOP_STATUS,
        .as.hop_status =
            {
                .hop = curfew_slice_of(hop->id),
                .boot = curfew_slice_of(hop->boot),
                .said_us = now.wall_us,
                .version = curfew_slice_of(CURFEW_VERSION),
                .floors = curfew_denyset_count(hop->region),
                .lanes = {report->lanes, (size_t)lanes},
            },
    };
}

char *curfew_hop_status_json(struct curfew_hop *hop)
{
    struct curfew_hop_report *report = malloc(sizeof(*report));
    if (report == NULL) {
        return NULL;
    }
    curfew_hop_report_make(hop, curfew_clock_now(), report);
    char *json = curfew_codec_json(&report->event);
    free(report);
    return json;
}

static void print_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_number(FILE *out, const char *name, const char *type, const char *help, int64_t value)
{
    print_head(out, name, type, help);
    fprintf(out, "%s %" PRId64 "\n", name, value);
}

static void print_checks(FILE *out, const struct curfew_hop *hop)
{
    print_head(out, "curfew_hop_checks_total", "counter", "Requests decided, by decision.");
    for (int i = CURFEW_ALLOW; i <= CURFEW_UNAVAILABLE_NOW; i++) {
        fprintf(out, "curfew_hop_checks_total{decision=\"%s\"} %" PRId64 "\n",
                curfew_decision_name((enum curfew_decision)i),
                atomic_load_explicit(&hop->checks[i], memory_order_relaxed));
    }
}

/* A lane that cannot be vouched for has no age: its line is left out, and its fresh line says 0. */
static void print_lanes(FILE *out, const struct curfew_hop *hop)
{
    int32_t lanes = atomic_load_explicit(&hop->lanes, memory_order_relaxed);
    struct curfew_now now = curfew_clock_now();
    struct curfew_freshness_mark mark;
    int64_t age_us;
    print_head(out, "curfew_hop_age_seconds", "gauge", "Age of the proof that a lane is up to date.");
    for (int32_t i = 0; i < lanes; i++) {
        if (curfew_freshness_read(hop->region, i, now, &age_us, &mark) == CURFEW_FRESH) {
            fprintf(out, "curfew_hop_age_seconds{lane=\"%d\"} %.6f\n", i, (double)age_us / (double)CURFEW_US_PER_S);
        }
    }
    print_head(out, "curfew_hop_lane_fresh", "gauge", "1 when the lane's proof holds within the strict age.");
    for (int32_t i = 0; i < lanes; i++) {
        bool fresh = curfew_freshness_read(hop->region, i, now, &age_us, &mark) == CURFEW_FRESH &&
                     age_us <= CURFEW_HOP_STRICT_US;
        fprintf(out, "curfew_hop_lane_fresh{lane=\"%d\"} %d\n", i, fresh ? 1 : 0);
    }
}

static void print_trust(FILE *out, const struct curfew_hop *hop)
{
    struct curfew_trust_stats stats = curfew_trust_stats(hop->trust);
    print_number(out, "curfew_hop_issuers_loads_total", "counter", "Sets of issuers and keys taken.", stats.loads);
    print_number(out, "curfew_hop_issuers_refused_total", "counter",
                 "Looks that found issuers or keys which cannot be taken.", stats.refusals);
    print_number(out, "curfew_hop_issuers_behind", "gauge",
                 "1 while the files say something else than what is believed.", stats.behind);
}

static void print_cache(FILE *out, const struct curfew_hop *hop)
{
    struct curfew_cache_stats stats;
    curfew_cache_stats(hop->cache, &stats);
    print_number(out, "curfew_cache_calls_total", "counter", "Script calls made to Redis.", stats.calls);
    print_number(out, "curfew_cache_refused_total", "counter", "Script calls that Redis refused.", stats.refused);
    print_number(out, "curfew_cache_refills_total", "counter", "Times everything was written anew.", stats.refills);
    print_number(out, "curfew_cache_floors_total", "counter", "Floors written.", stats.floors);
    print_number(out, "curfew_cache_whole", "gauge", "1 when Redis holds all that is known.", stats.whole ? 1 : 0);
    print_number(out, "curfew_cache_connected", "gauge", "1 while Redis is connected.",
                 curfew_cache_redis_connected(hop->redis) ? 1 : 0);
}

char *curfew_hop_metrics(struct curfew_hop *hop)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    print_checks(out, hop);
    print_number(out, "curfew_hop_floors", "gauge", "Floors held, expired ones not yet dropped included.",
                 curfew_denyset_count(hop->region));
    print_lanes(out, hop);
    print_number(out, "curfew_hop_gaps_total", "counter", "Times a position in the revocations topic was gone.",
                 atomic_load_explicit(&hop->gaps, memory_order_relaxed));
    print_number(out, "curfew_hop_losses_total", "counter", "Times a lane stopped being vouched for.",
                 atomic_load_explicit(&hop->losses, memory_order_relaxed));
    print_number(out, "curfew_hop_beacons_judged_total", "counter", "Beacons whose signature was looked at.",
                 atomic_load_explicit(&hop->judged, memory_order_relaxed));
    print_number(out, "curfew_hop_beacons_doubted_total", "counter",
                 "Beacons that no coordinator believed here has signed.",
                 atomic_load_explicit(&hop->doubted, memory_order_relaxed));
    print_number(out, "curfew_audit_records_total", "counter", "Records for the audit topic, the lost ones included.",
                 atomic_load_explicit(&hop->audit_written, memory_order_relaxed));
    print_number(out, "curfew_audit_pending", "gauge", "Records that are not durable yet.",
                 atomic_load_explicit(&hop->audit_pending, memory_order_relaxed));
    print_number(out, "curfew_audit_lost_total", "counter",
                 "Records that found no room; curfew audit verify names them.",
                 atomic_load_explicit(&hop->audit_lost, memory_order_relaxed));
    print_trust(out, hop);
    if (hop->cache != NULL) {
        print_cache(out, hop);
    }
    if (fclose(out) != 0) { /* a write that found no memory shows here */
        free(text);
        return NULL;
    }
    return text;
}
