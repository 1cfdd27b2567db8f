/* cache_world: two hops, one Redis and a clumsy fate, from a seed. After every step it checks what a reader would be
 * told: where freshness and sentinels agree, every floor due before as_of is there. */
#ifndef CURFEW_TESTS_CACHE_WORLD_H
#define CURFEW_TESTS_CACHE_WORLD_H

#include "tests/unit/cache_model.h"

enum world_fault {
    WORLD_NONE,
    WORLD_FLUSH,
    WORLD_LOSE_BUCKET, /* which */
    WORLD_LOSE_META,
    WORLD_LOSE_FRESH, /* which lane */
    WORLD_RESTORE, /* an older state comes back */
};

/* Told of everything that happens to Redis; may be NULL. */
struct world_mirror {
    void (*call)(void *context, const struct curfew_cache_call *call, const char *answer);
    void (*fault)(void *context, enum world_fault fault, int which);
    void *context;
    bool no_restore; /* it cannot bring an older state back: leave that fault out */
};

struct world_result {
    int64_t vouched; /* steps at which a reader would have been answered */
    int64_t checked; /* floors found where they had to be */
    int64_t faults;
    struct model model; /* at the end, when all is well again */
};

void world_run(uint64_t seed, int steps, int64_t now_us, const struct world_mirror *mirror,
               struct world_result *result);

#endif
