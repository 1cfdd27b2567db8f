/* cache_model: what consumer/cache_script.c does to Redis, said a second time in plain C for a small world of subjects,
 * so that tests can try faults by the thousand; the scenario test holds it against the real script. */
#ifndef CURFEW_TESTS_CACHE_MODEL_H
#define CURFEW_TESTS_CACHE_MODEL_H

#include "consumer/cache.h"
#include "core/subject.h"

#define MODEL_SUBJECTS 96
#define MODEL_BUCKETS_USED 8 /* what the subjects fall into */
#define MODEL_LANES 2
#define MODEL_WRITERS 2
#define MODEL_NO_EPOCH 0

struct model_floor {
    int64_t floor; /* 0: no field */
    int64_t expires_us;
};

struct model_fresh {
    int epoch; /* MODEL_NO_EPOCH: no key */
    int64_t as_of_us;
};

struct model {
    int epoch; /* of meta; epochs are numbered as they are first seen */
    char sequence[MODEL_WRITERS][64];
    int sentinels[CURFEW_CACHE_BUCKETS];
    struct model_floor floors[MODEL_SUBJECTS];
    struct model_fresh fresh[MODEL_LANES];
};

struct curfew_subject model_subject(int number);
int model_bucket(int number);
/* Writers are named "hop-0", "hop-1", … */
void model_writer(int number, char name[16]);

/* Does the call; the answer lives until the next call. */
const char *model_apply(struct model *model, const struct curfew_cache_call *call);
void model_lose_bucket(struct model *model, int bucket);
void model_lose_meta(struct model *model);

#endif
