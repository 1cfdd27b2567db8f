/* hop_state: what the parts of a hop share. Only hop.c, hop_runner.c and hop_status.c include it.
 *
 * Threads: made and unmade by hop.c; what is not atomic and not under `lock` is not changed while the runner runs. The
 * bus and the feed are the runner's alone. */
#ifndef CURFEW_CONSUMER_HOP_STATE_H
#define CURFEW_CONSUMER_HOP_STATE_H

#include "consumer/cache.h"
#include "consumer/cache_redis.h"
#include "consumer/freshness.h"
#include "consumer/guard.h"
#include "consumer/trust.h"
#include "consumer/verdicts.h"
#include "core/bus_kafka.h"
#include "core/config.h"
#include "core/keyfile.h"
#include "core/seal_keys.h"
#include <curfew/hop.h>
#include <pthread.h>
#include <stdatomic.h>

#define CURFEW_HOP_STRICT_US (2 * CURFEW_US_PER_S)
#define CURFEW_HOP_STANDARD_US (30 * CURFEW_US_PER_S)

struct curfew_hop {
    struct curfew_config *config;
    const char *id;
    uint8_t start[CURFEW_AUDIT_UID_SIZE]; /* random: this start of the hop */
    char boot[2 * CURFEW_AUDIT_UID_SIZE + 1]; /* the same in hex */
    struct curfew_writer_key key; /* proves its status; NULL in it: none is published */
    struct curfew_region *region;
    struct curfew_trust *trust;
    struct curfew_seal_keys *keys; /* of coordinators; the runner's */
    struct curfew_guard guard; /* its issuers are set for each check, from `trust` */
    struct curfew_verdicts *verdicts;
    struct curfew_audit *audit; /* the runner's */
    struct curfew_cache *cache; /* NULL: none configured */
    struct curfew_cache_redis *redis;
    struct curfew_bus bus;

    /* Counters and flags: each stands for itself, so they are read and written relaxed. */
    _Atomic int64_t checks[CURFEW_UNAVAILABLE_NOW + 1]; /* by enum curfew_decision */
    _Atomic int64_t gaps;
    _Atomic int64_t losses; /* times a lane stopped being vouched for */
    /* By lane, enum curfew_fresh: why the newest beacon was not believed; CURFEW_FRESH: it was. */
    _Atomic int doubts[CURFEW_LANES_MAX];
    _Atomic int64_t judged; /* beacons whose signature was looked at */
    _Atomic int64_t doubted; /* beacons that were not believed */
    _Atomic int64_t audit_written, audit_pending, audit_lost; /* as curfew_audit_stats */
    _Atomic int32_t lanes; /* partitions of the revocations topic; 0: not known yet */
    _Atomic bool closing;

    pthread_t thread;
    bool running;
    pthread_mutex_t lock;
    pthread_cond_t closed; /* with `lock`: `closing` was set */
    char problem[CURFEW_ERROR_TEXT_SIZE]; /* under `lock`: what keeps the runner from reading; empty: nothing */
};

/* hop_status.c: what a lane is, and when it is stale also why nothing newer is believed; CURFEW_FRESH with an age above
 * the strict one: stale, and nothing else is known of it. */
enum curfew_fresh curfew_hop_lane(const struct curfew_hop *hop, int32_t lane, struct curfew_now now, int64_t *age_us,
                                  struct curfew_freshness_mark *mark);

/* hop_runner.c: the one thread that polls the bus, and what it drives. */
enum curfew_status curfew_hop_runner_start(struct curfew_hop *hop, struct curfew_error *error) CURFEW_MUST_CHECK;
/* Waits for the thread; fine when it was never started. */
void curfew_hop_runner_stop(struct curfew_hop *hop);

/* hop_status.c: the hop as it publishes itself. Slices point into the hop and to constants. */
struct curfew_hop_report {
    struct curfew_event event; /* hop_status */
    struct curfew_lane_status lanes[CURFEW_LANES_MAX];
};
void curfew_hop_report_make(const struct curfew_hop *hop, struct curfew_now now, struct curfew_hop_report *report);

#endif
