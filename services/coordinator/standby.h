/* standby: what it takes for any number of coordinators to run side by side. In one lane, the one that says what is due
 * at once is the one of rank 0, or the one whose tick was the newest good one: it leads. The others hold back for as
 * long as their rank says, and leave out what they saw others say meanwhile. Nobody is elected: all say the same, and
 * whoever says it twice does no harm. Pure: offsets and the boot time go in. One thread.
 *
 * Bounds: of more than CURFEW_STANDBY_SAMPLES steps that are held the newest are held a little longer; of more than
 * CURFEW_STANDBY_ANSWERS answers of others that were not used yet the oldest are forgotten, and said again. */
#ifndef CURFEW_COORDINATOR_STANDBY_H
#define CURFEW_COORDINATOR_STANDBY_H

#include <curfew/event.h>

#define CURFEW_RANK_MAX 9
#define CURFEW_RANK_HOLD_US INT64_C(50000) /* for each rank */
#define CURFEW_STANDBY_SAMPLES 64
#define CURFEW_STANDBY_ANSWERS 64

/* How far the lane was stepped, when. */
struct curfew_standby_sample {
    int64_t boot_us;
    int64_t offset;
};

struct curfew_standby_answer {
    int64_t from;
    int64_t to;
    uint8_t last[CURFEW_RECORD_DIGEST_SIZE]; /* which record the one at `to` is */
};

/* All zero but the rank is one that begins. */
struct curfew_standby {
    int32_t rank;
    bool leads; /* the newest good tick is its own */
    int64_t heard_us; /* when a good tick was stepped, or the lane went live */
    struct curfew_standby_sample samples[CURFEW_STANDBY_SAMPLES]; /* a ring */
    size_t sample_first, sample_count;
    int64_t ripe_to; /* what was stepped up to here was held long enough */
    struct curfew_standby_answer answers[CURFEW_STANDBY_ANSWERS]; /* of others; a ring */
    size_t answer_first, answer_count;
};

/* The lane's replay is over, at `offset`. */
void curfew_standby_live(struct curfew_standby *standby, int64_t offset, int64_t now_us);
/* A good tick was stepped, its own or another's. */
void curfew_standby_ticked(struct curfew_standby *standby, bool own, int64_t now_us);
/* The lane was stepped up to `offset`, by now. */
void curfew_standby_stepped(struct curfew_standby *standby, int64_t offset, int64_t now_us);

/* What is due to records up to here may be said now. */
int64_t curfew_standby_ripe(struct curfew_standby *standby, int64_t now_us);
/* When more of it will be ripe; INT64_MAX: nothing is held. */
int64_t curfew_standby_due(const struct curfew_standby *standby);
/* When to tick, having ticked last at `ticked_us`. */
int64_t curfew_standby_tick_due(const struct curfew_standby *standby, int64_t ticked_us, int64_t period_us);

/* Another answered these records. */
void curfew_standby_answered(struct curfew_standby *standby, const struct curfew_standby_answer *answer);
/* How far others have answered everything from `offset` on, by answers that count; offset - 1: they have not. */
typedef bool curfew_standby_counts(const void *context, const struct curfew_standby_answer *answer);
int64_t curfew_standby_covered(const struct curfew_standby *standby, int64_t offset, curfew_standby_counts *counts,
                               const void *context);
/* Forgets answers of records before `offset`: they are settled. */
void curfew_standby_forget(struct curfew_standby *standby, int64_t offset);

#endif
