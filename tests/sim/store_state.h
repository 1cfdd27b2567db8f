/* store_state: the inside of the simulated Redis, shared by store.c (what the script does, and what breaks) and
 * store_reader.c, and by nobody else. */
#ifndef CURFEW_TESTS_SIM_STORE_STATE_H
#define CURFEW_TESTS_SIM_STORE_STATE_H

#include "tests/sim/plan.h"
#include "tests/sim/store.h"

#define SIM_EPOCH_SIZE 80
#define SIM_COPIES 16

struct sim_store_floor {
    struct curfew_subject subject;
    int64_t floor, expires_us;
    uint32_t next; /* in its bucket: index + 1; 0: the last */
};

struct sim_store_writer {
    char name[24]; /* empty: the end */
    char sequence[64];
};

/* All there is, to be copied whole. Epochs by number, the same text the same number: names are the store's. */
struct sim_store_state {
    int32_t epoch; /* meta's; 0: no meta */
    int32_t sentinels[CURFEW_CACHE_BUCKETS]; /* 0: the bucket is gone */
    uint32_t first[CURFEW_CACHE_BUCKETS]; /* as next */
    struct sim_store_writer writers[SIM_HOPS_MAX];
    struct sim_store_fresh fresh[SIM_LANES_MAX];
    uint32_t floor_count, floor_room;
    struct sim_store_floor *floors;
};

struct sim_store_copy {
    int64_t taken_us;
    struct sim_store_state state;
};

struct sim_store {
    struct sim_store_state state;
    char (*epochs)[SIM_EPOCH_SIZE]; /* by number, from 1; they never go */
    int32_t epoch_count;
    struct sim_store_copy *copies[SIM_COPIES]; /* a ring, the newest last */
    size_t copy_count;
    uint64_t connections; /* broken so often: by every fail-over */
    char answer[SIM_EPOCH_SIZE + 8];
};

struct sim_store_floor *sim_store_find(const struct sim_store_state *state, const struct curfew_subject *subject);
/* The first three hex digits of a subject. */
int sim_store_bucket(const struct curfew_subject *subject);

#endif
