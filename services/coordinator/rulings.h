/* rulings: which of a lane's records the step refused, or keeps for a second operator, so that it can be said of a
 * receipt long after the answer went out. Beside the step. Sans I/O. One thread. Bound: the newest CURFEW_RULINGS_MAX
 * of them; of records older than the oldest that is left, nothing can be said. */
#ifndef CURFEW_COORDINATOR_RULINGS_H
#define CURFEW_COORDINATOR_RULINGS_H

#include "services/coordinator/lane.h"

#define CURFEW_RULINGS_MAX 65536 /* a power of two */

enum curfew_ruled {
    CURFEW_RULED_ACCEPTED,
    CURFEW_RULED_REFUSED,
    CURFEW_RULED_PENDING, /* has no effect until a second operator says the same */
    CURFEW_RULED_UNKNOWN, /* too long ago */
};

struct curfew_rulings;

struct curfew_rulings *curfew_rulings_create(void);
void curfew_rulings_destroy(struct curfew_rulings *rulings);

/* What a step of the record at `offset` led to. Offsets rise. */
void curfew_rulings_note(struct curfew_rulings *rulings, int64_t offset, const struct curfew_effects *effects);

/* Of a record that was stepped. `*refusal` holds when it was refused. */
enum curfew_ruled curfew_rulings_find(const struct curfew_rulings *rulings, int64_t offset,
                                      struct curfew_refusal *refusal);

#endif
