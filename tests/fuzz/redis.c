/* redis: the cache's logic against a Redis that answers anything, at any time, or not at all.
 *
 * What must hold. Every call is well formed, with as many arguments as it says. Freshness never runs ahead of floors:
 * when a call vouches for a lane, every floor noted before that freshness was written and answered "ok" under the
 * present epoch, or is in the same call. Nothing is vouched for that was lost since, and what a reader would take for
 * a broken clock is not vouched for either. A join offers an epoch only once. Stats only rise. After all that, a Redis
 * that behaves makes the cache whole.
 *
 * Input: one byte a step, what the step needs behind it. */
#include "consumer/cache.h"
#include "consumer/denyset.h"
#include "input.h"
#include <stdio.h>
#include <stdlib.h>

#define LANES 3
#define SUBJECTS 48
#define STEPS_MAX 400
#define SETTLED_MAX 200 /* calls until all is there */
#define NOW_US (INT64_C(1800000000) * CURFEW_US_PER_S)
#define LONGEST_US (3600 * CURFEW_US_PER_S)
#define EXPIRES_US (NOW_US * 2)
#define WORDS 13 /* of a write, before its floors */
#define FLOORS_AT 12 /* the word that counts them */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct vow { /* a freshness that was noted */
    bool noted;
    int64_t as_of_us;
    int64_t floors[SUBJECTS]; /* the floors it rests on */
};

struct world {
    struct input input;
    struct curfew_region *region;
    struct curfew_cache *cache;
    struct curfew_now now;
    int64_t known[SUBJECTS]; /* noted */
    int64_t written[SUBJECTS]; /* answered "ok" under this epoch */
    int64_t sending[SUBJECTS]; /* in the call under way */
    struct vow vows[LANES];
    struct curfew_cache_stats stats;
    bool calling;
    bool joining;
    bool again; /* the newest connection broke with a call under way */
    int64_t vowed; /* how many freshnesses were noted */
    uint64_t epochs; /* that Redis told */
    char offered[128]; /* by the newest join */
};

static struct curfew_subject subject_of(unsigned number)
{
    struct curfew_subject subject = {{0}};
    subject.digest[0] = (uint8_t)(number * 37);
    subject.digest[1] = (uint8_t)(number * 11 + 1);
    subject.digest[CURFEW_DIGEST_SIZE - 1] = (uint8_t)number;
    return subject;
}

/* ---- the feed's side ---- */

static void note_floor(struct world *world)
{
    unsigned number = input_pick(&world->input, SUBJECTS);
    struct curfew_subject subject = subject_of(number);
    struct curfew_floor floor = {.floor = world->known[number] + 1, .expires_us = EXPIRES_US};
    memcpy(floor.subject, subject.digest, sizeof floor.subject);
    input_require(curfew_denyset_raise(world->region, &subject, floor.floor, floor.expires_us, NULL) == CURFEW_OK,
                  "the deny set has room");
    world->known[number] = floor.floor;
    curfew_cache_note_floor(world->cache, (int32_t)(number % LANES), &floor);
}

static void note_fresh(struct world *world)
{
    unsigned lane = input_pick(&world->input, LANES);
    int64_t ahead_us = (input_number(&world->input) % (1 << 20)) * 1000;
    struct curfew_beacon beacon = {.lane = (int32_t)lane, .as_of_us = world->now.wall_us + ahead_us, .skew_ms = 250};
    beacon.as_of_us += ++world->vowed; /* no two alike: it tells which one a call carries */
    struct vow *vow = &world->vows[lane];
    vow->noted = true;
    vow->as_of_us = beacon.as_of_us;
    memcpy(vow->floors, world->known, sizeof vow->floors);
    curfew_cache_note_fresh(world->cache, (int32_t)lane, &beacon);
}

static void note_lost(struct world *world)
{
    unsigned lane = input_pick(&world->input, LANES);
    world->vows[lane].noted = false;
    curfew_cache_note_lost(world->cache, (int32_t)lane);
}

/* ---- Redis' side ---- */

static int64_t number_at(const struct curfew_cache_call *call, size_t index)
{
    char text[24] = "";
    input_require(index < call->count && call->arguments[index].size < sizeof text, "a number is there");
    memcpy(text, call->arguments[index].at, call->arguments[index].size);
    char *end = NULL;
    int64_t number = strtoll(text, &end, 10);
    input_require(end != text && *end == '\0' && number >= 0, "and is one");
    return number;
}

static bool word_is(const struct curfew_cache_call *call, size_t index, const char *word)
{
    return index < call->count && curfew_slice_equal(call->arguments[index], curfew_slice_of(word));
}

static void check_floor(struct world *world, const struct curfew_cache_call *call, size_t index)
{
    char hex[3] = "";
    struct curfew_slice word = call->arguments[index];
    input_require(word.size == 2 * CURFEW_DIGEST_SIZE, "a subject is 32 digits");
    memcpy(hex, word.at + word.size - 2, 2);
    unsigned number = (unsigned)strtoul(hex, NULL, 16);
    int64_t floor = number_at(call, index + 1);
    input_require(number < SUBJECTS && floor > 0 && floor <= world->known[number], "a floor was noted before");
    input_require(number_at(call, index + 2) == EXPIRES_US, "with its expiry");
    if (floor > world->sending[number]) {
        world->sending[number] = floor;
    }
}

static void check_vow(struct world *world, const struct curfew_cache_call *call, size_t index)
{
    int64_t lane = number_at(call, index);
    int64_t as_of_us = number_at(call, index + 1);
    input_require(lane < LANES, "a lane is one of ours");
    const struct vow *vow = &world->vows[lane];
    /* A newer vow may still be in the ring, or a loss: then what is written is an older one, of which less is known. */
    if (!vow->noted || vow->as_of_us != as_of_us) {
        return;
    }
    for (unsigned i = 0; i < SUBJECTS; i++) {
        input_require(world->sending[i] >= vow->floors[i] || world->written[i] >= vow->floors[i],
                      "freshness travels behind the floors it rests on");
    }
    input_require(number_at(call, index + 3) == (as_of_us + LONGEST_US) / CURFEW_US_PER_MS, "it expires in time");
}

static void check_write(struct world *world, const struct curfew_cache_call *call, bool repeated)
{
    int64_t floors = number_at(call, FLOORS_AT);
    input_require(floors <= CURFEW_CACHE_BATCH, "a call is bounded");
    size_t fresh_at = WORDS + 3 * (size_t)floors;
    input_require(fresh_at <= call->count && (call->count - fresh_at) % 4 == 0, "a call has all it says");
    memset(world->sending, 0, sizeof world->sending);
    for (size_t i = WORDS; i < fresh_at; i += 3) {
        check_floor(world, call, i);
    }
    for (size_t i = fresh_at; i < call->count; i += 4) {
        check_vow(world, call, i);
        input_require(repeated || number_at(call, i + 1) - world->now.wall_us <= 500 * CURFEW_US_PER_MS,
                      "nothing is vouched for that is ahead of its time");
    }
}

static void check_call(struct world *world, const struct curfew_cache_call *call, bool repeated)
{
    input_require(call->count > 7 && word_is(call, 0, "1") && word_is(call, 1, "curfew:{0}:meta") &&
                      word_is(call, 3, "curfew:{0}") && word_is(call, 4, "hop-1"),
                  "a call says whose it is");
    world->joining = word_is(call, 2, "join");
    if (world->joining) {
        struct curfew_slice offer = call->arguments[call->count - 1];
        input_require(offer.size < sizeof world->offered && !curfew_slice_equal(offer, curfew_slice_of(world->offered)),
                      "an epoch is offered once");
        memcpy(world->offered, offer.at, offer.size);
        world->offered[offer.size] = '\0';
        memset(world->sending, 0, sizeof world->sending);
    } else {
        input_require(word_is(call, 2, "write"), "there are two kinds of call");
        check_write(world, call, repeated);
    }
}

static void next_call(struct world *world, bool repeated)
{
    struct curfew_cache_call call;
    if (!world->calling && curfew_cache_next(world->cache, world->now, &call)) {
        check_call(world, &call, repeated);
        world->calling = true;
    }
}

static void say(struct world *world, struct curfew_slice word)
{
    world->calling = false;
    if (!world->joining && curfew_slice_equal(word, curfew_slice_of("ok"))) {
        for (unsigned i = 0; i < SUBJECTS; i++) {
            world->written[i] = world->sending[i] > world->written[i] ? world->sending[i] : world->written[i];
        }
    } else {
        memset(world->written, 0, sizeof world->written); /* refused, or under an epoch that knows nothing */
    }
    curfew_cache_reply(world->cache, word);
}

static void answer(struct world *world)
{
    char text[80];
    if (!world->calling) {
        return;
    }
    unsigned kind = input_pick(&world->input, 5);
    if (kind == 0) {
        say(world, input_slice(&world->input, 100)); /* anything */
    } else if (kind == 1) {
        say(world, curfew_slice_of("lost"));
    } else if (world->joining) {
        (void)snprintf(text, sizeof text, "joined e%llu", (unsigned long long)++world->epochs);
        say(world, curfew_slice_of(text));
    } else {
        say(world, curfew_slice_of("ok"));
    }
}

static void check_stats(struct world *world)
{
    struct curfew_cache_stats now;
    curfew_cache_stats(world->cache, &now);
    input_require(now.calls >= world->stats.calls && now.refused >= world->stats.refused &&
                      now.refills >= world->stats.refills && now.floors >= world->stats.floors,
                  "what is counted only rises");
    world->stats = now;
}

static void step(struct world *world)
{
    switch (input_pick(&world->input, 8)) {
    case 0:
    case 1:
        note_floor(world);
        break;
    case 2:
        note_fresh(world);
        break;
    case 3:
        note_lost(world);
        break;
    case 4:
        curfew_cache_disconnected(world->cache);
        world->again = true;
        world->calling = false;
        break;
    case 5: {
        int64_t us = (input_number(&world->input) % (1 << 24)) * 100;
        world->now.wall_us += us;
        world->now.boot_us += us < 0 ? -us : us;
        break;
    }
    case 6:
        next_call(world, world->again);
        world->again = false;
        break;
    default:
        answer(world);
        break;
    }
}

/* From here on Redis does what it is told: in so many calls all floors are there. */
static void settle(struct world *world)
{
    char text[80];
    int quiet = 0;
    note_floor(world); /* it learns that Redis is back by what it writes */
    for (int i = 0; i < SETTLED_MAX && quiet < 2; i++) { /* after a refusal the first question only begins a pause */
        if (world->calling) {
            (void)snprintf(text, sizeof text, "joined e%llu", (unsigned long long)++world->epochs);
            say(world, curfew_slice_of(world->joining ? text : "ok"));
        }
        world->now.boot_us += 2 * CURFEW_US_PER_S;
        next_call(world, true);
        quiet = world->calling ? 0 : quiet + 1;
    }
    check_stats(world);
    input_require(world->stats.whole, "a Redis that behaves is whole in the end");
    for (unsigned i = 0; i < SUBJECTS; i++) {
        input_require(world->written[i] == world->known[i], "and holds every floor");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = {.input = {data, size}, .now = {NOW_US, CURFEW_US_PER_S}};
    const struct curfew_region_options region = {.floors_max = SUBJECTS * 2, .key = {7}};
    input_require(curfew_region_create(&region, &world.region, NULL) == CURFEW_OK, "there is a region");
    const struct curfew_cache_options options = {.region = world.region,
                                                 .prefix = "curfew:{0}",
                                                 .writer = "hop-1",
                                                 .boot = {1, 2, 3},
                                                 .longest_age_us = LONGEST_US};
    input_require(curfew_cache_create(&options, &world.cache, NULL) == CURFEW_OK, "there is a cache");
    for (int i = 0; i < STEPS_MAX && world.input.size > 0; i++) {
        step(&world);
        check_stats(&world);
    }
    settle(&world);
    curfew_cache_destroy(world.cache);
    curfew_region_destroy(world.region);
    return 0;
}
