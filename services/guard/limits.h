/* limits: how fast each caller may come, and how many of its events may be under way. The time goes in. Any thread.
 *
 * Each has a bucket of its own, by a key of its own; one that is full and has nothing under way is forgotten when room
 * is needed, since a new one is the same. At CURFEW_LIMITS_MAX others a new caller is turned away. */
#ifndef CURFEW_GUARD_LIMITS_H
#define CURFEW_GUARD_LIMITS_H

#include <curfew/status.h>
#include <stdint.h>

#define CURFEW_LIMITS_MAX 16384
#define CURFEW_LIMITS_KEY_SIZE 16

struct curfew_limits;

struct curfew_limit {
    int64_t per_s;
    int64_t burst; /* at once */
    int64_t under_way;
};

enum curfew_limits_answer {
    CURFEW_LIMITS_OK,
    CURFEW_LIMITS_RATE, /* too fast */
    CURFEW_LIMITS_UNDER_WAY, /* too many not over yet */
    CURFEW_LIMITS_FULL, /* too many callers */
};

struct curfew_limits *curfew_limits_create(void); /* NULL: no memory */
void curfew_limits_destroy(struct curfew_limits *limits);

/* One more event of the caller with that key. OK: it is under way until it is given back. */
enum curfew_limits_answer curfew_limits_take(struct curfew_limits *limits, const uint8_t key[CURFEW_LIMITS_KEY_SIZE],
                                             const struct curfew_limit *limit, int64_t now_us) CURFEW_MUST_CHECK;
void curfew_limits_give(struct curfew_limits *limits, const uint8_t key[CURFEW_LIMITS_KEY_SIZE]);

/* Events under way, of all. */
int64_t curfew_limits_under_way(struct curfew_limits *limits);

#endif
