/* guard_world: a guard over a region whose two lanes are fresh, and a token it allows. */
#ifndef CURFEW_TESTS_GUARD_WORLD_H
#define CURFEW_TESTS_GUARD_WORLD_H

#include "consumer/denyset.h"
#include "consumer/freshness.h"
#include "consumer/guard.h"
#include "forge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LANE 3 /* of FORGE_SESSION */
#define LANES 8
#define SKEW_US INT64_C(250000)
#define ISSUED_US (INT64_C(1000000) * FORGE_ISSUED_S)
#define EXPIRES_US (INT64_C(1000000) * FORGE_EXPIRES_S)
#define NOW_US (ISSUED_US + INT64_C(10000000))
#define BOOT_US INT64_C(5000000000)
#define GENESIS_US (ISSUED_US - INT64_C(1000000000))

static const enum curfew_class classes[] = {CURFEW_CLASS_STRICT, CURFEW_CLASS_STANDARD, CURFEW_CLASS_BEST_EFFORT};

struct world {
    struct curfew_jose_key *key;
    struct curfew_issuers *issuers;
    struct curfew_region *region;
    struct curfew_guard guard;
    char *token; /* the good one */
    struct curfew_now now;
};

static inline struct curfew_region *make_region(void)
{
    struct curfew_region *region = NULL;
    struct curfew_error error;
    struct curfew_region_options options = {.floors_max = 1024};
    assert_int_equal(curfew_region_create(&options, &region, &error), CURFEW_OK);
    return region;
}

/* A beacon of that lane that arrived at this moment, as new as the moment. */
static inline struct curfew_freshness_mark mark_at(struct curfew_now arrived)
{
    return (struct curfew_freshness_mark){
        .as_of_us = arrived.wall_us, .offset = 1, .genesis_us = GENESIS_US, .skew_us = SKEW_US, .arrived = arrived};
}

static inline void mark_lane(struct world *world, int32_t lane, struct curfew_now arrived)
{
    struct curfew_freshness_mark mark = mark_at(arrived);
    curfew_freshness_store(world->region, lane, &mark);
}

/* A region anew, with both lanes fresh as of `wall_us`, which is also now. */
static inline void begin_at(struct world *world, int64_t wall_us)
{
    curfew_region_destroy(world->region);
    world->region = make_region();
    world->guard.region = world->region;
    world->now = (struct curfew_now){wall_us, BOOT_US};
    curfew_freshness_lanes_set(world->region, LANES);
    mark_lane(world, 0, world->now);
    mark_lane(world, LANE, world->now);
}

static inline int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->key = forge_key();
    world->issuers = forge_issuers(&world->key, 1);
    world->token = forge_token(world->key, FORGE_HEADER, FORGE_PAYLOAD);
    world->guard = (struct curfew_guard){
        .issuers = world->issuers,
        .audience = "books",
        .longest_life_us = INT64_C(900000000),
        .strict_us = INT64_C(2000000),
        .standard_us = INT64_C(30000000),
    };
    *state = world;
    return 0;
}

static inline int close_world(void **state)
{
    struct world *world = *state;
    curfew_region_destroy(world->region);
    curfew_issuers_destroy(world->issuers);
    curfew_jose_key_destroy(world->key);
    free(world->token);
    free(world);
    return 0;
}

static inline int begin(void **state)
{
    begin_at(*state, NOW_US);
    return 0;
}

static inline struct curfew_verdict decide_text(const struct world *world, const char *text,
                                                enum curfew_class strictness)
{
    struct curfew_request request = {.size = sizeof request, .token = text, .strictness = strictness};
    request.token_size = strlen(text);
    struct curfew_verdict verdict;
    memset(&verdict, 0xee, sizeof verdict);
    curfew_guard_decide(&world->guard, &request, world->now, &verdict);
    return verdict;
}

static inline struct curfew_verdict decide(const struct world *world, enum curfew_class strictness)
{
    return decide_text(world, world->token, strictness);
}

/* The verdict on the good token with one part of its payload replaced. */
static inline struct curfew_verdict decide_swapped(const struct world *world, const char *from, const char *to)
{
    char *payload = forge_swap(FORGE_PAYLOAD, from, to);
    char *text = forge_token(world->key, FORGE_HEADER, payload);
    struct curfew_verdict verdict = decide_text(world, text, CURFEW_CLASS_STRICT);
    free(text);
    free(payload);
    return verdict;
}

static inline void assert_verdict(struct curfew_verdict verdict, enum curfew_decision decision, const char *reason)
{
    assert_string_equal(verdict.reason, reason);
    assert_int_equal(verdict.decision, decision);
    assert_int_equal(verdict.stale_lane != -1 && decision != CURFEW_UNAVAILABLE_NOW, 0);
}

static inline void raise_floor(struct world *world, const struct curfew_subject *subject, int64_t floor)
{
    struct curfew_error error;
    assert_int_equal(curfew_denyset_raise(world->region, subject, floor, EXPIRES_US + SKEW_US, &error), CURFEW_OK);
}

static inline struct curfew_subject session_subject(void)
{
    return curfew_subject_session(curfew_slice_of("acme"), curfew_slice_of(FORGE_SESSION));
}

#endif
