/* Tests of the deny set and the region it lives in. */
#include "consumer/denyset.h"
#include "consumer/freshness.h"
#include "consumer/region_layout.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* cmocka needs what stands above */
#include <cmocka.h>

#define FAR INT64_C(1000000000)

static struct curfew_region *make_region(int64_t floors_max)
{
    struct curfew_region_options options = {.floors_max = floors_max, .key = {1, 2, 3, 4, 5, 6, 7, 8, 9}};
    struct curfew_region *region = NULL;
    struct curfew_error error;
    assert_int_equal(curfew_region_create(&options, &region, &error), CURFEW_OK);
    return region;
}

/* Digests as they come from SHA-256: without order. */
static struct curfew_subject subject_of(uint64_t number)
{
    struct curfew_subject subject;
    uint64_t words[2];
    for (int i = 0; i < 2; i++) {
        number += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t mixed = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
        words[i] = mixed ^ (mixed >> 31);
    }
    memcpy(subject.digest, words, sizeof(words));
    return subject;
}

static enum curfew_status raise_floor(struct curfew_region *region, uint64_t number, int64_t floor, int64_t expires_us)
{
    struct curfew_subject subject = subject_of(number);
    struct curfew_error error;
    return curfew_denyset_raise(region, &subject, floor, expires_us, &error);
}

static int64_t floor_of(const struct curfew_region *region, uint64_t number)
{
    struct curfew_subject subject = subject_of(number);
    return curfew_denyset_floor(region, &subject);
}

static void raises_only_what_was_raised(void **state)
{
    /* Goal: a subject has the floor it was given, every other has none, also before anything was raised. */
    (void)state;
    struct curfew_region *region = make_region(100);
    assert_int_equal(floor_of(region, 1), 0);
    assert_int_equal(curfew_denyset_count(region), 0);
    assert_int_equal(raise_floor(region, 1, 7, FAR), CURFEW_OK);
    assert_int_equal(raise_floor(region, 2, CURFEW_FLOOR_MAX, FAR), CURFEW_OK);
    assert_int_equal(floor_of(region, 1), 7);
    assert_true(floor_of(region, 2) == CURFEW_FLOOR_MAX);
    assert_int_equal(floor_of(region, 3), 0);
    assert_int_equal(curfew_denyset_count(region), 2);
    curfew_region_destroy(region);
}

static void a_floor_never_falls(void **state)
{
    /* Goal: a lower floor after a higher one changes nothing, and repeats add nothing. */
    (void)state;
    struct curfew_region *region = make_region(100);
    const int64_t floors[] = {5, 3, 9, 1, 9, 8};
    const int64_t expected[] = {5, 5, 9, 9, 9, 9};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(raise_floor(region, 1, floors[i], FAR), CURFEW_OK);
        assert_int_equal(floor_of(region, 1), expected[i]);
    }
    assert_int_equal(curfew_denyset_count(region), 1);
    curfew_region_destroy(region);
}

static void an_expiry_never_falls(void **state)
{
    /* Goal: the later of two expiries keeps a floor, in whichever order they came. */
    (void)state;
    struct curfew_region *region = make_region(2);
    assert_int_equal(raise_floor(region, 1, 4, 900), CURFEW_OK);
    assert_int_equal(raise_floor(region, 1, 4, 100), CURFEW_OK);
    assert_int_equal(raise_floor(region, 2, 4, 100), CURFEW_OK);
    assert_int_equal(raise_floor(region, 2, 4, 900), CURFEW_OK);
    curfew_denyset_prune(region, 500);
    assert_int_equal(raise_floor(region, 3, 4, FAR), CURFEW_FULL); /* neither may go */
    assert_int_equal(floor_of(region, 1), 4);
    assert_int_equal(floor_of(region, 2), 4);
    curfew_region_destroy(region);
}

static void a_floor_of_nothing_is_not_held(void **state)
{
    /* Goal: floors that deny nothing, or that expired before they came, take no room. */
    (void)state;
    struct curfew_region *region = make_region(100);
    assert_int_equal(raise_floor(region, 1, 0, FAR), CURFEW_OK);
    assert_int_equal(raise_floor(region, 1, -1, FAR), CURFEW_OK);
    curfew_denyset_prune(region, 1000);
    assert_int_equal(raise_floor(region, 2, 5, 999), CURFEW_OK);
    assert_int_equal(curfew_denyset_count(region), 0);
    assert_int_equal(raise_floor(region, 3, 5, 1000), CURFEW_OK);
    assert_int_equal(floor_of(region, 3), 5);
    curfew_region_destroy(region);
}

static void odd_digests_are_digests(void **state)
{
    /* Goal: digests a forger may choose (zeros, ones, equal halves) are told apart like any. */
    (void)state;
    struct curfew_region *region = make_region(100);
    struct curfew_subject odd[4];
    memset(&odd[0], 0, sizeof(odd[0]));
    memset(&odd[1], 0xff, sizeof(odd[1]));
    odd[2] = odd[0];
    odd[2].digest[15] = 1; /* differs in the second half alone */
    odd[3] = odd[0];
    odd[3].digest[0] = 1; /* differs in the first half alone */
    struct curfew_error error;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(curfew_denyset_floor(region, &odd[i]), 0);
        assert_int_equal(curfew_denyset_raise(region, &odd[i], i + 1, FAR, &error), CURFEW_OK);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(curfew_denyset_floor(region, &odd[i]), i + 1);
    }
    struct curfew_region *crowded = make_region(600);
    for (int i = 0; i < 600; i++) { /* one half the same: many meet on the way to each other's slots */
        memcpy(&odd[0].digest[8], &i, sizeof(i));
        assert_int_equal(curfew_denyset_floor(crowded, &odd[0]), 0);
        assert_int_equal(curfew_denyset_raise(crowded, &odd[0], i + 1, FAR, &error), CURFEW_OK);
    }
    for (int i = 0; i < 600; i++) {
        memcpy(&odd[0].digest[8], &i, sizeof(i));
        assert_int_equal(curfew_denyset_floor(crowded, &odd[0]), i + 1);
    }
    curfew_region_destroy(crowded);
    curfew_region_destroy(region);
}

static void growing_forgets_nothing(void **state)
{
    /* Goal: all of many floors are there after the table was rebuilt several times. */
    (void)state;
    enum { MANY = 50000 };
    struct curfew_region *region = make_region(MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(raise_floor(region, i, (int64_t)i + 1, FAR), CURFEW_OK);
    }
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(floor_of(region, i), (int64_t)i + 1);
    }
    for (uint64_t i = MANY; i < 2 * MANY; i++) {
        assert_int_equal(floor_of(region, i), 0);
    }
    assert_int_equal(curfew_denyset_count(region), MANY);
    curfew_region_destroy(region);
}

static void the_bound_is_said_and_nothing_is_lost(void **state)
{
    /* Goal: at floors_max live floors a new one is CURFEW_FULL, and those held stay and still rise. */
    (void)state;
    struct curfew_region *region = make_region(2000);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(raise_floor(region, i, 1, FAR), CURFEW_OK);
    }
    struct curfew_subject more = subject_of(2000);
    struct curfew_error error;
    assert_int_equal(curfew_denyset_raise(region, &more, 1, FAR, &error), CURFEW_FULL);
    assert_non_null(strstr(error.text, "hop.floors_max"));
    assert_true(error.retriable);
    assert_int_equal(raise_floor(region, 77, 9, FAR), CURFEW_OK);
    assert_int_equal(floor_of(region, 77), 9);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_true(floor_of(region, i) >= 1);
    }
    assert_int_equal(floor_of(region, 2000), 0);
    curfew_region_destroy(region);
}

static void a_floor_lives_to_its_last_microsecond(void **state)
{
    /* Goal: a rebuild keeps what expires at as_of and drops what expired before it. */
    (void)state;
    struct curfew_region *region = make_region(5000);
    assert_int_equal(raise_floor(region, 1, 1, 499), CURFEW_OK);
    assert_int_equal(raise_floor(region, 2, 1, 500), CURFEW_OK);
    curfew_denyset_prune(region, 500);
    for (uint64_t i = 10; i < 2000; i++) { /* outgrows the first table */
        assert_int_equal(raise_floor(region, i, 1, FAR), CURFEW_OK);
    }
    assert_int_equal(floor_of(region, 1), 0);
    assert_int_equal(floor_of(region, 2), 1);
    curfew_region_destroy(region);
}

static void what_expired_makes_room(void **state)
{
    /* Goal: at the bound expired floors, and only they, give way. */
    (void)state;
    struct curfew_region *region = make_region(2000);
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(raise_floor(region, i, 1, i % 2 == 0 ? 500 : FAR), CURFEW_OK);
    }
    curfew_denyset_prune(region, 500); /* 500 is not yet before 500 */
    assert_int_equal(raise_floor(region, 2000, 1, FAR), CURFEW_FULL);
    curfew_denyset_prune(region, 501);
    curfew_denyset_prune(region, 400); /* never goes back */
    for (uint64_t i = 2000; i < 3000; i++) {
        assert_int_equal(raise_floor(region, i, 1, FAR), CURFEW_OK);
    }
    assert_int_equal(raise_floor(region, 3000, 1, FAR), CURFEW_FULL);
    for (uint64_t i = 0; i < 3000; i++) {
        assert_int_equal(floor_of(region, i), i < 2000 && i % 2 == 0 ? 0 : 1);
    }
    assert_int_equal(curfew_denyset_count(region), 2000);
    curfew_region_destroy(region);
}

#define MODEL_SUBJECTS 3000

struct model {
    int64_t floor[MODEL_SUBJECTS]; /* at least */
    int64_t most[MODEL_SUBJECTS]; /* and at most: had nothing ever been forgotten */
    int64_t expires_us[MODEL_SUBJECTS];
};

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static void agrees_with_a_plain_table(void **state)
{
    /* Goal: over long random runs of raise and prune, each live floor is what max and max make of what was raised. */
    (void)state;
    for (uint64_t run = 1; run <= 5; run++) {
        struct curfew_region *region = make_region(MODEL_SUBJECTS);
        struct model *model = calloc(1, sizeof(*model));
        assert_non_null(model);
        uint64_t seed = run;
        int64_t as_of = 1000;
        for (int step = 0; step < 60000; step++) {
            uint32_t i = next_random(&seed) % MODEL_SUBJECTS;
            int64_t floor = 1 + next_random(&seed) % 50;
            int64_t expires_us = as_of + next_random(&seed) % 3000;
            assert_int_equal(raise_floor(region, i, floor, expires_us), CURFEW_OK);
            bool gone = model->expires_us[i] < as_of; /* may be forgotten: the model takes either for an answer */
            model->floor[i] = !gone && model->floor[i] > floor ? model->floor[i] : floor;
            model->most[i] = model->most[i] > floor ? model->most[i] : floor;
            model->expires_us[i] = model->expires_us[i] > expires_us ? model->expires_us[i] : expires_us;
            if (step % 10 == 0) {
                as_of += next_random(&seed) % 10;
                curfew_denyset_prune(region, as_of);
            }
        }
        for (uint32_t i = 0; i < MODEL_SUBJECTS; i++) {
            if (model->expires_us[i] >= as_of) {
                assert_true(floor_of(region, i) >= model->floor[i]);
                assert_true(floor_of(region, i) <= model->most[i]);
            }
        }
        free(model);
        curfew_region_destroy(region);
    }
}

struct visits {
    uint64_t count;
    int64_t sum;
    uint64_t limit;
};

static bool visit(void *context, const struct curfew_subject *subject, int64_t floor, int64_t expires_us)
{
    struct visits *visits = context;
    struct curfew_subject expected = subject_of((uint64_t)floor);
    assert_memory_equal(subject->digest, expected.digest, sizeof(expected.digest));
    assert_int_equal(expires_us, FAR + floor);
    visits->count++;
    visits->sum += floor;
    return visits->count < visits->limit;
}

static void each_visits_every_floor(void **state)
{
    /* Goal: a walk meets each floor once with all that belongs to it, and stops when told. */
    (void)state;
    struct curfew_region *region = make_region(5000);
    struct visits visits = {.limit = UINT64_MAX};
    curfew_denyset_each(region, visit, &visits);
    assert_int_equal(visits.count, 0);
    for (int64_t i = 1; i <= 5000; i++) {
        assert_int_equal(raise_floor(region, (uint64_t)i, i, FAR + i), CURFEW_OK);
    }
    curfew_denyset_each(region, visit, &visits);
    assert_int_equal(visits.count, 5000);
    assert_int_equal(visits.sum, 5000 * 5001 / 2);
    visits = (struct visits){.limit = 3};
    curfew_denyset_each(region, visit, &visits);
    assert_int_equal(visits.count, 3);
    curfew_region_destroy(region);
}

static void a_copy_elsewhere_answers_the_same(void **state)
{
    /* Goal: nothing in a region depends on where it is mapped. */
    (void)state;
    struct curfew_region *region = make_region(3000);
    for (int64_t i = 1; i <= 3000; i++) {
        assert_int_equal(raise_floor(region, (uint64_t)i, i, FAR), CURFEW_OK);
    }
    struct curfew_freshness_mark mark = {.as_of_us = 5000, .skew_us = 10, .arrived = {5000, 100}};
    curfew_freshness_store(region, 4, &mark);
    struct curfew_region *copy = aligned_alloc(4096, region->size);
    assert_non_null(copy);
    memcpy(copy, region, region->size);
    memset(region, 0xee, region->size > 4096 ? 4096 : 1); /* a pointer back would now show */
    for (int64_t i = 1; i <= 3000; i++) {
        assert_int_equal(floor_of(copy, (uint64_t)i), i);
    }
    int64_t age_us;
    struct curfew_now now = {5000, 100};
    assert_int_equal(curfew_freshness_read(copy, 4, now, &age_us, &mark), CURFEW_FRESH);
    memcpy(region, copy, 4096);
    free(copy);
    curfew_region_destroy(region);
}

static void a_region_outside_its_bounds_is_refused(void **state)
{
    /* Goal: floors_max is 1..2^26, and the error names the setting. */
    (void)state;
    const int64_t wrong[] = {INT64_MIN, -1, 0, (INT64_C(1) << 26) + 1, INT64_MAX};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct curfew_region_options options = {.floors_max = wrong[i]};
        struct curfew_region *region = (struct curfew_region *)&options;
        struct curfew_error error;
        assert_int_equal(curfew_region_create(&options, &region, &error), CURFEW_INVALID);
        assert_null(region);
        assert_non_null(strstr(error.text, "hop.floors_max"));
    }
    struct curfew_region *largest = make_region(INT64_C(1) << 26); /* memory is taken only as it fills */
    assert_int_equal(raise_floor(largest, 1, 1, FAR), CURFEW_OK);
    assert_int_equal(floor_of(largest, 1), 1);
    curfew_region_destroy(largest);
    curfew_region_destroy(NULL);
}

/* One writer against readers. What each subject shows follows from its number, so that any mixture shows. */
#define STRESS_READERS 2
#define STRESS_US 1500000
#define STRESS_STEADY 1500 /* live for ever, raised again and again */
#define STRESS_BOUND 4000
#define STRESS_FOREVER INT64_C(1000000000000000000) /* a multiple of 1000000: expiries carry the number below it */

struct stress {
    struct curfew_region *region;
    _Atomic int64_t round; /* every steady subject has at least this floor */
    _Atomic bool stop;
    _Atomic uint64_t reads;
    _Atomic uint64_t wrong;
};

static int64_t elapsed_us(const struct timespec *since)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since->tv_sec) * 1000000 + (now.tv_nsec - since->tv_nsec) / 1000;
}

static bool mark_is_one(const struct curfew_region *region)
{
    struct curfew_freshness_mark mark;
    int64_t age_us;
    enum curfew_fresh fresh = curfew_freshness_read(region, 3, (struct curfew_now){0, 0}, &age_us, &mark);
    return fresh == CURFEW_FRESH_UNSYNCED ||
           (mark.offset == mark.as_of_us + 1 && mark.genesis_us == mark.as_of_us + 2 &&
            mark.arrived.boot_us == mark.as_of_us + 3 && mark.arrived.wall_us == mark.as_of_us + 4);
}

static bool whole(void *context, const struct curfew_subject *subject, int64_t floor, int64_t expires_us)
{
    struct stress *stress = context;
    uint64_t number = (uint64_t)(expires_us % 1000000);
    struct curfew_subject expected = subject_of(number);
    bool right = floor > 0 && memcmp(subject->digest, expected.digest, sizeof(expected.digest)) == 0;
    atomic_fetch_add(&stress->wrong, right ? 0 : 1);
    return true;
}

static void *stress_read(void *context)
{
    struct stress *stress = context;
    uint64_t reads = 0;
    uint64_t wrong = 0;
    for (uint64_t i = 0; !atomic_load_explicit(&stress->stop, memory_order_relaxed); i++) {
        int64_t least = atomic_load_explicit(&stress->round, memory_order_acquire);
        uint64_t number = i % STRESS_STEADY;
        wrong += floor_of(stress->region, number) < least ? 1 : 0;
        wrong += floor_of(stress->region, 900000 + number) != 0 ? 1 : 0; /* never raised */
        wrong += mark_is_one(stress->region) ? 0 : 1;
        if (i % 20000 == 0) {
            curfew_denyset_each(stress->region, whole, stress);
        }
        reads++;
    }
    atomic_fetch_add(&stress->reads, reads);
    atomic_fetch_add(&stress->wrong, wrong);
    return NULL;
}

/* Steady floors rise while passing ones come and expire, which makes the table turn over all the time. */
static uint64_t stress_write(struct stress *stress)
{
    uint64_t flips = 0;
    uint64_t generation = atomic_load(&stress->region->generation);
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (int64_t round = 1; elapsed_us(&began) < STRESS_US; round++) {
        for (uint64_t i = 0; i < STRESS_STEADY; i++) {
            assert_int_equal(raise_floor(stress->region, i, round, STRESS_FOREVER + (int64_t)i), CURFEW_OK);
        }
        atomic_store_explicit(&stress->round, round, memory_order_release);
        for (uint64_t i = 0; i < 500; i++) {
            uint64_t number = 10000 + ((uint64_t)round * 500 + i) % 800000;
            assert_int_equal(raise_floor(stress->region, number, 1, round * 1000000 + (int64_t)number), CURFEW_OK);
        }
        curfew_denyset_prune(stress->region, round * 1000000);
        struct curfew_freshness_mark mark = {.as_of_us = round,
                                             .offset = round + 1,
                                             .genesis_us = round + 2,
                                             .skew_us = 1,
                                             .arrived = {round + 4, round + 3}};
        curfew_freshness_store(stress->region, 3, &mark);
        flips += atomic_load(&stress->region->generation) != generation ? 1 : 0;
        generation = atomic_load(&stress->region->generation);
    }
    return flips;
}

static void readers_never_see_a_mixture(void **state)
{
    /* Goal: while one thread raises, prunes, rebuilds and marks, no reader misses a floor, meets one that is not there,
     * or sees half of a mark. */
    (void)state;
    struct stress stress = {.region = make_region(STRESS_BOUND)};
    pthread_t readers[STRESS_READERS];
    for (int i = 0; i < STRESS_READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, stress_read, &stress), 0);
    }
    uint64_t flips = stress_write(&stress);
    atomic_store(&stress.stop, true);
    for (int i = 0; i < STRESS_READERS; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
    assert_true(atomic_load(&stress.reads) > 1000);
    assert_true(flips > 10);
    assert_int_equal(atomic_load(&stress.wrong), 0);
    curfew_region_destroy(stress.region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raises_only_what_was_raised),
        cmocka_unit_test(a_floor_never_falls),
        cmocka_unit_test(an_expiry_never_falls),
        cmocka_unit_test(a_floor_of_nothing_is_not_held),
        cmocka_unit_test(odd_digests_are_digests),
        cmocka_unit_test(growing_forgets_nothing),
        cmocka_unit_test(the_bound_is_said_and_nothing_is_lost),
        cmocka_unit_test(a_floor_lives_to_its_last_microsecond),
        cmocka_unit_test(what_expired_makes_room),
        cmocka_unit_test(agrees_with_a_plain_table),
        cmocka_unit_test(each_visits_every_floor),
        cmocka_unit_test(a_copy_elsewhere_answers_the_same),
        cmocka_unit_test(a_region_outside_its_bounds_is_refused),
        cmocka_unit_test(readers_never_see_a_mixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
