/* limits: token buckets by key. */
#include "services/guard/limits.h"
#include "core/clock.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define uthash_nonfatal_oom(bucket) ((bucket)->stored = false)
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct bucket {
    uint8_t key[CURFEW_LIMITS_KEY_SIZE];
    int64_t left_us; /* of time saved up: an event costs 1 s / per_s */
    int64_t full_us; /* how much it holds */
    int64_t at_us;
    int64_t under_way;
    bool stored;
    UT_hash_handle hh;
};

struct curfew_limits {
    pthread_mutex_t lock;
    struct bucket *buckets;
    int64_t under_way;
    int64_t sweep_us; /* not again before */
};

struct curfew_limits *curfew_limits_create(void)
{
    struct curfew_limits *limits = calloc(1, sizeof *limits);
    if (limits != NULL && pthread_mutex_init(&limits->lock, NULL) != 0) {
        free(limits);
        return NULL;
    }
    return limits;
}

void curfew_limits_destroy(struct curfew_limits *limits)
{
    struct bucket *bucket = NULL;
    struct bucket *next = NULL;
    if (limits == NULL) {
        return;
    }
    HASH_ITER(hh, limits->buckets, bucket, next)
    {
        HASH_DELETE(hh, limits->buckets, bucket);
        free(bucket);
    }
    pthread_mutex_destroy(&limits->lock);
    free(limits);
}

static void refill(struct bucket *bucket, int64_t now_us)
{
    const int64_t passed_us = now_us - bucket->at_us;
    if (passed_us <= 0) {
        return;
    }
    bucket->left_us = bucket->full_us - bucket->left_us < passed_us ? bucket->full_us : bucket->left_us + passed_us;
    bucket->at_us = now_us;
}

/* Forgets those that are as new ones. At most once a second: it looks at all of them. */
static void sweep(struct curfew_limits *limits, int64_t now_us)
{
    struct bucket *bucket = NULL;
    struct bucket *next = NULL;
    if (now_us < limits->sweep_us) {
        return;
    }
    limits->sweep_us = now_us + CURFEW_US_PER_S;
    HASH_ITER(hh, limits->buckets, bucket, next)
    {
        refill(bucket, now_us);
        if (bucket->under_way == 0 && bucket->left_us == bucket->full_us) {
            HASH_DELETE(hh, limits->buckets, bucket);
            free(bucket);
        }
    }
}

static struct bucket *find(struct curfew_limits *limits, const uint8_t *key)
{
    struct bucket *bucket = NULL;
    HASH_FIND(hh, limits->buckets, key, CURFEW_LIMITS_KEY_SIZE, bucket);
    return bucket;
}

static struct bucket *add(struct curfew_limits *limits, const uint8_t *key, int64_t now_us)
{
    if (HASH_COUNT(limits->buckets) >= CURFEW_LIMITS_MAX) {
        sweep(limits, now_us);
    }
    struct bucket *bucket = HASH_COUNT(limits->buckets) >= CURFEW_LIMITS_MAX ? NULL : calloc(1, sizeof *bucket);
    if (bucket == NULL) {
        return NULL;
    }
    memcpy(bucket->key, key, sizeof bucket->key);
    bucket->at_us = now_us;
    bucket->left_us = INT64_MAX; /* as full as it gets */
    bucket->stored = true;
    HASH_ADD(hh, limits->buckets, key, CURFEW_LIMITS_KEY_SIZE, bucket);
    if (!bucket->stored) {
        free(bucket);
        return NULL;
    }
    return bucket;
}

static enum curfew_limits_answer take(struct curfew_limits *limits, const uint8_t *key,
                                      const struct curfew_limit *limit, int64_t now_us)
{
    const int64_t cost_us = CURFEW_US_PER_S / limit->per_s;
    struct bucket *bucket = find(limits, key);
    if (bucket == NULL) {
        bucket = add(limits, key, now_us);
    }
    if (bucket == NULL) {
        return CURFEW_LIMITS_FULL;
    }
    bucket->full_us = cost_us * limit->burst; /* the limit may be another than last time */
    bucket->left_us = bucket->left_us < bucket->full_us ? bucket->left_us : bucket->full_us;
    refill(bucket, now_us);
    if (bucket->under_way >= limit->under_way) {
        return CURFEW_LIMITS_UNDER_WAY;
    }
    if (bucket->left_us < cost_us) {
        return CURFEW_LIMITS_RATE;
    }
    bucket->left_us -= cost_us;
    bucket->under_way++;
    limits->under_way++;
    return CURFEW_LIMITS_OK;
}

enum curfew_limits_answer curfew_limits_take(struct curfew_limits *limits, const uint8_t key[CURFEW_LIMITS_KEY_SIZE],
                                             const struct curfew_limit *limit, int64_t now_us)
{
    pthread_mutex_lock(&limits->lock);
    const enum curfew_limits_answer answer = take(limits, key, limit, now_us);
    pthread_mutex_unlock(&limits->lock);
    return answer;
}

void curfew_limits_give(struct curfew_limits *limits, const uint8_t key[CURFEW_LIMITS_KEY_SIZE])
{
    pthread_mutex_lock(&limits->lock);
    struct bucket *bucket = find(limits, key); /* it is there: what has something under way is not forgotten */
    if (bucket != NULL) {
        bucket->under_way--;
        limits->under_way--;
    }
    pthread_mutex_unlock(&limits->lock);
}

int64_t curfew_limits_under_way(struct curfew_limits *limits)
{
    pthread_mutex_lock(&limits->lock);
    const int64_t under_way = limits->under_way;
    pthread_mutex_unlock(&limits->lock);
    return under_way;
}
