/* store_state: the inside of the simulated Redis, shared by store.c (what the script does, and what breaks) and
 * store_reader.c, and by nobody else. */
#ifndef CURFEW_TESTS_SIM_STORE_STATE_H
#define CURFEW_TESTS_SIM_STORE_STATE_H

#include "tests/sim/plan.h"
#include "tests/sim/store.h"

#define SIM_EPOCH_SIZE 80
#define SIM_STORE_FLOORS 32768 /* of a world: more than its tokens and tasks */
#define SIM_COPIES 16

struct sim_store_floor {
    int bucket; /* of the subject, so that looking for one reads few names */
    char subject[2 * CURFEW_DIGEST_SIZE + 1]; /* empty: the end */
    int64_t floor, expires_us;
};

struct sim_store_fresh {
    char epoch[SIM_EPOCH_SIZE]; /* empty: no key */
    int64_t as_of_us, genesis_us, skew_us, gone_at_ms;
};

struct sim_store_writer {
    char name[24]; /* empty: the end */
    char sequence[64];
};

/* All there is, to be copied whole. Sentinels are epochs by number; 0: the bucket is gone. */
struct sim_store_state {
    char epoch[SIM_EPOCH_SIZE]; /* empty: no meta */
    int32_t epoch_number;
    int32_t sentinels[CURFEW_CACHE_BUCKETS];
    struct sim_store_writer writers[SIM_HOPS_MAX];
    struct sim_store_fresh fresh[SIM_LANES_MAX];
    size_t floor_count;
    struct sim_store_floor floors[SIM_STORE_FLOORS];
};

struct sim_store {
    struct sim_store_state state;
    int32_t epochs; /* numbers given out */
    struct sim_store_state *copies[SIM_COPIES]; /* a ring, the newest last */
    int64_t copied_us[SIM_COPIES];
    size_t copy_count;
};

struct sim_store_floor *sim_store_find(struct sim_store_state *state, const char *subject);
int sim_store_bucket(const char *subject);

#endif
