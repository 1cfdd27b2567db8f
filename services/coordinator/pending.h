/* pending: a lane's records that no answer speaks of yet, in log order: what an answer must say of each. Pure; one
 * thread. Bound: of more than CURFEW_PENDING_MAX records the oldest are forgotten and never answered; whoever waits for
 * them learns nothing, which is the truth. */
#ifndef CURFEW_COORDINATOR_PENDING_H
#define CURFEW_COORDINATOR_PENDING_H

#include <curfew/event.h>

#define CURFEW_PENDING_MAX 262144 /* a power of two */
#define CURFEW_PENDING_NOT_REFUSED (-1)

struct curfew_pending_record {
    int64_t offset;
    int64_t timestamp_us;
    uint8_t digest[CURFEW_RECORD_DIGEST_SIZE];
    int32_t reason; /* enum curfew_reason, or CURFEW_PENDING_NOT_REFUSED */
    bool retriable;
    bool tick; /* nobody waits for its answer */
};

/* All zero is an empty value. */
struct curfew_pending {
    struct curfew_pending_record *records; /* a ring of `room` places */
    size_t room;
    size_t head;
    size_t count;
};

/* One answer: a range of offsets without holes, the digest of each, and what was refused among them. */
struct curfew_answer {
    int64_t from;
    int64_t to;
    uint8_t digests[CURFEW_ANSWERED_MAX][CURFEW_RECORD_DIGEST_SIZE];
    struct curfew_refusal refused[CURFEW_REFUSALS_MAX];
    size_t refused_count;
};

void curfew_pending_clear(struct curfew_pending *pending);

/* Its offset is above all before it. */
void curfew_pending_add(struct curfew_pending *pending, const struct curfew_pending_record *record);

/* The oldest, or NULL. */
const struct curfew_pending_record *curfew_pending_first(const struct curfew_pending *pending);

/* The record of that offset, or NULL. */
const struct curfew_pending_record *curfew_pending_find(const struct curfew_pending *pending, int64_t offset);

/* Forgets the records up to `offset`, inclusive, and ticks right behind them, to which nobody waits for an answer. */
void curfew_pending_drop(struct curfew_pending *pending, int64_t offset);

/* Takes the next answer's records out, none of them above `settled`. It begins and ends with a record that is no tick.
 * False: there is nothing to say. */
bool curfew_pending_answer(struct curfew_pending *pending, int64_t settled, struct curfew_answer *answer);

#endif
