/* cache_world_test: no order of faults makes Redis vouch for floors it does not hold, and all of them heal. */
#include "tests/unit/cache_world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SEEDS 150
#define STEPS 700
#define NOW_US INT64_C(1795460429437000)

static void no_fault_makes_redis_vouch_wrongly(void **state)
{
    /* Goal: over many seeds of flushes, evictions, restores, broken and delayed calls and restarts, a reader who is
     * answered is never missing a floor, and without faults Redis becomes whole by itself. */
    (void)state;
    int64_t vouched = 0;
    int64_t checked = 0;
    int64_t faults = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world_result result = {.vouched = 0};
        world_run(seed, STEPS, NOW_US, NULL, &result);
        vouched += result.vouched;
        checked += result.checked;
        faults += result.faults;
    }
    print_message("%lld faults, %lld times vouched, %lld floors checked\n", (long long)faults, (long long)vouched,
                  (long long)checked);
    assert_true(faults > SEEDS);
    assert_true(vouched > (int64_t)SEEDS * STEPS / 4); /* otherwise it proved little */
    assert_true(checked > vouched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_fault_makes_redis_vouch_wrongly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
