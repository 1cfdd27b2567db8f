/* ring_stress: the ring between the feed's thread and the cache's, both at full speed.
 *
 * Goal: what comes out is what went in, whole and in order; and at every freshness note the notes taken and the notes
 * said to be dropped add up to those put before it, so that no lost floor goes unnoticed. A third thread reads the
 * count of drops and must find what the producer did before each. */
#include "consumer/cache_ring.h"
#include "tests/stress/stress.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL (1 << 20) /* drops that are written down */
#define FRESH_EVERY 16

struct world {
    struct curfew_cache_ring *ring;
    uint64_t seed;
    int64_t until_us;
    uint64_t put; /* floors and losses; the producer's until it ended */
    uint64_t *journal; /* [k]: which note was dropped as the k-th; plain memory on purpose: TSan sees who may read it */
    _Atomic bool done; /* the producer's */
    uint64_t taken; /* floors and losses; the consumer's until it ended */
    uint64_t freshes;
    uint64_t looks; /* the watcher's */
};

/* The note numbered `number`; all of it follows from that. */
static struct curfew_cache_note note_of(uint64_t seed, uint64_t number)
{
    struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_FLOOR, .lane = (int32_t)(stress_mix(seed, number) % 9)};
    if (stress_mix(seed, number) % 61 == 0) {
        note.kind = CURFEW_CACHE_NOTE_LOST;
        note.as.floor.floor = (int64_t)number;
        return note;
    }
    struct curfew_subject subject = stress_subject(number);
    memcpy(note.as.floor.subject, subject.digest, sizeof(note.as.floor.subject));
    note.as.floor.floor = (int64_t)number;
    note.as.floor.expires_us = (int64_t)(stress_mix(number, seed) >> 1);
    return note;
}

static void put_fresh(struct world *world)
{
    struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_FRESH, .lane = 1};
    note.as.fresh.as_of_us = (int64_t)world->put;
    note.as.fresh.genesis_us = (int64_t)stress_mix(world->put, 3);
    note.as.fresh.skew_us = (int64_t)stress_mix(world->put, 4);
    curfew_cache_ring_put(world->ring, &note);
}

static void *produce(void *context)
{
    struct world *world = context;
    uint64_t drops = 0;
    for (uint64_t step = 0; step % 256 != 0 || stress_clock_us() < world->until_us; step++) {
        struct curfew_cache_note note = note_of(world->seed, world->put);
        if (drops < JOURNAL) {
            world->journal[drops] = world->put;
        }
        curfew_cache_ring_put(world->ring, &note);
        world->put++;
        uint64_t dropped = curfew_cache_ring_dropped(world->ring);
        if (dropped != drops && dropped != drops + 1) {
            stress_broken("one note was put and %llu were dropped", (unsigned long long)(dropped - drops));
        }
        drops = dropped;
        if (step % FRESH_EVERY == 0) {
            put_fresh(world);
        }
    }
    /* release: the consumer, once it has seen it, drains what is left and ends */
    atomic_store_explicit(&world->done, true, memory_order_release);
    return NULL;
}

static void check_fresh(struct world *world, const struct curfew_cache_note *note)
{
    const struct curfew_cache_fresh *fresh = &note->as.fresh;
    uint64_t put = (uint64_t)fresh->as_of_us;
    if (world->taken + fresh->dropped != put) {
        stress_broken("%llu notes were put; %llu came and %llu were said to be dropped", (unsigned long long)put,
                      (unsigned long long)world->taken, (unsigned long long)fresh->dropped);
    }
    if (note->lane != 1 || fresh->genesis_us != (int64_t)stress_mix(put, 3) ||
        fresh->skew_us != (int64_t)stress_mix(put, 4)) {
        stress_broken("a freshness came in pieces");
    }
    world->freshes++;
}

static void check_counted(struct world *world, const struct curfew_cache_note *note, int64_t *last)
{
    int64_t number = note->as.floor.floor;
    struct curfew_cache_note expected = note_of(world->seed, (uint64_t)number);
    if (number <= *last) {
        stress_broken("note %lld came after note %lld", (long long)number, (long long)*last);
    }
    if (note->kind != expected.kind || note->lane != expected.lane ||
        memcmp(note->as.floor.subject, expected.as.floor.subject, sizeof(expected.as.floor.subject)) != 0 ||
        note->as.floor.expires_us != expected.as.floor.expires_us) {
        stress_broken("note %lld came in pieces", (long long)number);
    }
    *last = number;
    world->taken++;
}

/* Takes in bursts, with pauses between, so that the ring is by turns empty and full. */
static void *consume(void *context)
{
    struct world *world = context;
    int64_t last = -1;
    bool done = false;
    for (uint64_t burst = 0; !done; burst++) {
        done = atomic_load_explicit(&world->done, memory_order_acquire); /* before the last look, which drains */
        struct curfew_cache_note note;
        uint64_t most = done ? UINT64_MAX : stress_mix(world->seed, burst) % 4096;
        for (uint64_t i = 0; i < most && curfew_cache_ring_take(world->ring, &note); i++) {
            if (note.kind == CURFEW_CACHE_NOTE_FRESH) {
                check_fresh(world, &note);
            } else {
                check_counted(world, &note, &last);
            }
        }
        int64_t pause = (int64_t)(stress_mix(burst, world->seed) % 200);
        for (int64_t began = stress_clock_us(); burst % 4 == 0 && stress_clock_us() - began < pause;) {
        }
    }
    return NULL;
}

static void *watch(void *context)
{
    struct world *world = context;
    uint64_t before = 0;
    while (!atomic_load_explicit(&world->done, memory_order_relaxed)) {
        uint64_t dropped = curfew_cache_ring_dropped(world->ring);
        if (dropped < before) {
            stress_broken("the count of drops fell from %llu to %llu", (unsigned long long)before,
                          (unsigned long long)dropped);
        }
        if (dropped >= 2 && dropped <= JOURNAL && world->journal[dropped - 1] <= world->journal[dropped - 2]) {
            stress_broken("drop %llu was counted before it was written down", (unsigned long long)dropped);
        }
        before = dropped;
        if (++world->looks % 64 == 0) {
            sched_yield(); /* the other two are what is measured */
        }
    }
    return NULL;
}

/* One ring of that capacity for that long. */
static void run(const struct stress_options *options, size_t capacity, int64_t us)
{
    struct world world = {.ring = curfew_cache_ring_create(capacity), .seed = options->seed + capacity};
    world.journal = calloc(JOURNAL, sizeof(*world.journal));
    if (world.ring == NULL || world.journal == NULL) {
        stress_broken("no memory");
    }
    int64_t began = stress_clock_us();
    world.until_us = began + us;
    void *(*const bodies[])(void *) = {produce, consume, watch};
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        if (pthread_create(&threads[i], NULL, bodies[i], &world) != 0) {
            stress_broken("no thread");
        }
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    int64_t took = stress_clock_us() - began;
    uint64_t dropped = curfew_cache_ring_dropped(world.ring);
    if (world.taken + dropped != world.put || world.taken == 0 || world.freshes == 0) {
        stress_broken("%llu put, %llu taken, %llu dropped, %llu freshnesses", (unsigned long long)world.put,
                      (unsigned long long)world.taken, (unsigned long long)dropped, (unsigned long long)world.freshes);
    }
    printf("ring of %zu, %llu dropped\n", capacity, (unsigned long long)dropped);
    stress_rate("  notes put", world.put, took);
    stress_rate("  notes taken and checked", world.taken + world.freshes, took);
    stress_rate("  counts of drops read", world.looks, took);
    free(world.journal);
    curfew_cache_ring_destroy(world.ring);
}

int main(int count, char **arguments)
{
    static const size_t capacities[] = {2, 256, 65536};
    struct stress_options options = stress_options_parse(count, arguments);
    for (size_t i = 0; i < 3; i++) {
        run(&options, capacities[i], options.seconds * INT64_C(1000000) / 3);
    }
    return 0;
}
