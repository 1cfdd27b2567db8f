/* cache_world: a seeded run of hops against the model, with faults. */
#include "tests/unit/cache_world.h"
#include "consumer/denyset.h"
#include "core/digest.h"
#include <stddef.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EVENTS_MAX 4096
#define LONGEST_US (3600 * CURFEW_US_PER_S)
#define ZOMBIE_ARGUMENTS 4096
#define ZOMBIE_BYTES 65536

struct truth { /* a floor as the log has it; its place is when it is due */
    int lane;
    int subject;
    int64_t floor;
    int64_t expires_us;
};

struct hop {
    int number;
    struct curfew_region *region;
    struct curfew_cache *cache;
    int position; /* in the log */
};

struct zombie { /* a call whose connection broke, and which Redis may still find in its buffers */
    struct curfew_slice slices[ZOMBIE_ARGUMENTS];
    uint8_t bytes[ZOMBIE_BYTES];
    struct curfew_cache_call call;
};

struct world {
    uint64_t random;
    int64_t now_us;
    const struct world_mirror *mirror;
    struct world_result *result;
    struct truth log[EVENTS_MAX];
    int events;
    struct hop hops[MODEL_WRITERS];
    struct model redis;
    struct model snapshot;
    struct zombie zombie;
};

static unsigned pick(struct world *world, unsigned below)
{
    world->random ^= world->random << 13; /* xorshift64 */
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (unsigned)(world->random >> 33) % below;
}

static int64_t time_of(const struct world *world, int position)
{
    return world->now_us + position;
}

static struct curfew_now now_of(const struct world *world)
{
    return (struct curfew_now){.wall_us = time_of(world, world->events), .boot_us = world->events * CURFEW_US_PER_S};
}

static void start(struct world *world, int number)
{
    struct hop *hop = &world->hops[number];
    struct curfew_error error;
    char name[16];
    model_writer(number, name);
    curfew_cache_destroy(hop->cache);
    curfew_region_destroy(hop->region);
    const struct curfew_region_options region = {.floors_max = 4096, .key = {7}};
    assert_int_equal(curfew_region_create(&region, &hop->region, &error), CURFEW_OK);
    struct curfew_cache_options options = {
        .region = hop->region, .prefix = "curfew:{0}", .writer = name, .longest_age_us = LONGEST_US};
    for (size_t i = 0; i < sizeof(options.boot); i++) {
        options.boot[i] = (uint8_t)pick(world, 256);
    }
    assert_int_equal(curfew_cache_create(&options, &hop->cache, &error), CURFEW_OK);
    hop->number = number;
    hop->position = 0;
}

static void happen(struct world *world)
{
    if (world->events == EVENTS_MAX) {
        return;
    }
    int64_t life_us = (int64_t)pick(world, 3 * 3600) * CURFEW_US_PER_S - 2 * LONGEST_US;
    world->log[world->events++] = (struct truth){.lane = (int)pick(world, MODEL_LANES),
                                                 .subject = (int)pick(world, MODEL_SUBJECTS),
                                                 .floor = 1 + world->events,
                                                 .expires_us = world->now_us + life_us};
}

static void advance(struct world *world, struct hop *hop, int count)
{
    for (; count > 0 && hop->position < world->events; count--, hop->position++) {
        const struct truth *truth = &world->log[hop->position];
        struct curfew_subject subject = model_subject(truth->subject);
        struct curfew_floor floor = {.floor = truth->floor, .expires_us = truth->expires_us};
        struct curfew_error error;
        memcpy(floor.subject, subject.digest, sizeof(floor.subject));
        assert_int_equal(curfew_denyset_raise(hop->region, &subject, truth->floor, truth->expires_us, &error),
                         CURFEW_OK);
        curfew_cache_note_floor(hop->cache, truth->lane, &floor);
    }
}

static void vouch(struct world *world, struct hop *hop, int lane)
{
    const struct curfew_beacon beacon = {.lane = lane, .as_of_us = time_of(world, hop->position), .skew_ms = 250};
    curfew_cache_note_fresh(hop->cache, lane, &beacon);
}

static const char *apply(struct world *world, const struct curfew_cache_call *call)
{
    struct model_fresh before[MODEL_LANES];
    memcpy(before, world->redis.fresh, sizeof(before));
    const char *answer = model_apply(&world->redis, call);
    for (int lane = 0; lane < MODEL_LANES; lane++) { /* freshness never goes back under one epoch */
        const struct model_fresh *after = &world->redis.fresh[lane];
        assert_true(after->epoch != before[lane].epoch || after->as_of_us >= before[lane].as_of_us);
    }
    if (world->mirror != NULL) {
        world->mirror->call(world->mirror->context, call, answer);
    }
    return answer;
}

static void keep_zombie(struct world *world, const struct curfew_cache_call *call)
{
    size_t used = 0;
    assert_true(call->count <= ZOMBIE_ARGUMENTS);
    for (size_t i = 0; i < call->count; i++) {
        struct curfew_slice slice = call->arguments[i];
        assert_true(slice.size <= ZOMBIE_BYTES - used);
        memcpy(world->zombie.bytes + used, slice.at, slice.size);
        world->zombie.slices[i] = (struct curfew_slice){world->zombie.bytes + used, slice.size};
        used += slice.size;
    }
    world->zombie.call = (struct curfew_cache_call){world->zombie.slices, call->count};
}

/* One call of a hop. Its connection may break before Redis has it, after, or with Redis to find it much later. */
static bool turn(struct world *world, struct hop *hop, bool faults)
{
    struct curfew_cache_call call;
    if (!curfew_cache_next(hop->cache, now_of(world), &call)) {
        return false;
    }
    unsigned fate = faults ? pick(world, 16) : 15;
    if (fate == 0) {
        curfew_cache_disconnected(hop->cache);
    } else if (fate == 1) {
        keep_zombie(world, &call);
        curfew_cache_disconnected(hop->cache);
    } else if (fate == 2) {
        (void)apply(world, &call);
        curfew_cache_disconnected(hop->cache);
    } else {
        curfew_cache_reply(hop->cache, curfew_slice_of(apply(world, &call)));
    }
    return true;
}

static void strike(struct world *world, enum world_fault fault, int which)
{
    switch (fault) {
    case WORLD_FLUSH:
        world->redis = (struct model){.epoch = MODEL_NO_EPOCH};
        break;
    case WORLD_LOSE_BUCKET:
        model_lose_bucket(&world->redis, which);
        break;
    case WORLD_LOSE_META:
        model_lose_meta(&world->redis);
        break;
    case WORLD_LOSE_FRESH:
        world->redis.fresh[which].epoch = MODEL_NO_EPOCH;
        break;
    case WORLD_RESTORE:
        world->redis = world->snapshot;
        break;
    case WORLD_NONE:
        return;
    }
    world->result->faults++;
    if (world->mirror != NULL) {
        world->mirror->fault(world->mirror->context, fault, which);
    }
}

static void misfortune(struct world *world)
{
    switch (pick(world, 8)) {
    case 0:
        strike(world, WORLD_FLUSH, 0);
        break;
    case 1:
        strike(world, WORLD_LOSE_BUCKET, model_bucket((int)pick(world, MODEL_BUCKETS_USED)));
        break;
    case 2:
        strike(world, WORLD_LOSE_META, 0);
        break;
    case 3:
        strike(world, WORLD_LOSE_FRESH, (int)pick(world, MODEL_LANES));
        break;
    case 4:
        if (world->mirror == NULL || !world->mirror->no_restore) {
            strike(world, WORLD_RESTORE, 0);
        }
        break;
    case 5:
        world->snapshot = world->redis;
        break;
    case 6:
        if (world->zombie.call.count != 0) {
            (void)apply(world, &world->zombie.call);
            world->zombie.call.count = 0;
        }
        break;
    default:
        start(world, (int)pick(world, MODEL_WRITERS));
        break;
    }
}

/* What a reader would go by: freshness of control and its lane, and the sentinels, all of one epoch. */
static void check(struct world *world)
{
    const struct model *redis = &world->redis;
    for (int lane = 0; lane < MODEL_LANES; lane++) {
        const struct model_fresh *fresh = &redis->fresh[lane];
        if (fresh->epoch == MODEL_NO_EPOCH) {
            continue;
        }
        world->result->vouched++;
        int due = (int)(fresh->as_of_us - world->now_us);
        for (int i = 0; i < due; i++) {
            const struct truth *truth = &world->log[i];
            bool believed = redis->sentinels[model_bucket(truth->subject)] == fresh->epoch;
            bool over = truth->expires_us < world->now_us - LONGEST_US + world->events;
            if (truth->lane == lane && believed && !over) {
                assert_true(redis->floors[truth->subject].floor >= truth->floor);
                assert_true(redis->floors[truth->subject].expires_us >= truth->expires_us);
                world->result->checked++;
            }
        }
    }
}

/* No more faults: everything must come right by itself. */
static void heal(struct world *world)
{
    for (int round = 0; round < 200; round++) {
        happen(world); /* boot time passes with it, and pauses end */
        for (int i = 0; i < MODEL_WRITERS; i++) {
            advance(world, &world->hops[i], EVENTS_MAX);
            for (int lane = 0; lane < MODEL_LANES; lane++) {
                vouch(world, &world->hops[i], lane);
            }
            (void)turn(world, &world->hops[i], false);
            check(world);
        }
    }
    for (int i = 0; i < MODEL_WRITERS; i++) {
        while (turn(world, &world->hops[i], false)) {
        }
        struct curfew_cache_stats stats;
        curfew_cache_stats(world->hops[i].cache, &stats);
        assert_true(stats.whole);
    }
    check(world);
    for (int lane = 0; lane < MODEL_LANES; lane++) {
        assert_int_equal(world->redis.fresh[lane].as_of_us, time_of(world, world->events));
        assert_int_equal(world->redis.fresh[lane].epoch, world->redis.epoch);
    }
    for (int i = 0; i < CURFEW_CACHE_BUCKETS; i++) {
        assert_int_equal(world->redis.sentinels[i], world->redis.epoch);
    }
}

void world_run(uint64_t seed, int steps, int64_t now_us, const struct world_mirror *mirror, struct world_result *result)
{
    struct world *world = test_calloc(1, sizeof(*world));
    world->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    world->now_us = now_us;
    world->mirror = mirror;
    world->result = result;
    for (int i = 0; i < MODEL_WRITERS; i++) {
        start(world, i);
    }
    for (int step = 0; step < steps; step++) {
        struct hop *hop = &world->hops[pick(world, MODEL_WRITERS)];
        unsigned what = pick(world, 100);
        if (what < 30) {
            happen(world);
        } else if (what < 50) {
            advance(world, hop, (int)pick(world, 8));
        } else if (what < 65) {
            vouch(world, hop, (int)pick(world, MODEL_LANES));
        } else if (what < 97) {
            (void)turn(world, hop, true);
        } else {
            misfortune(world);
        }
        check(world);
    }
    heal(world);
    result->model = world->redis;
    for (int i = 0; i < MODEL_WRITERS; i++) {
        curfew_cache_destroy(world->hops[i].cache);
        curfew_region_destroy(world->hops[i].region);
    }
    test_free(world);
}
