/* beats: which heartbeats are under way: one a holder and lane, and of a door one for each worker that beats for it:
 * one that will be refused holds up nobody's. Pure; the caller locks. Bound: the producer's pending
 * events. */
#ifndef CURFEW_PRODUCER_BEATS_H
#define CURFEW_PRODUCER_BEATS_H

#include <curfew/event.h>
#include <curfew/status.h>

#define CURFEW_BEATS_BUCKETS 256

struct curfew_beat;

/* All zero is empty. */
struct curfew_beats {
    struct curfew_beat *buckets[CURFEW_BEATS_BUCKETS];
};

/* CURFEW_FULL: such a one is under way in that lane. */
enum curfew_status curfew_beats_add(struct curfew_beats *beats, const struct curfew_holder_heartbeat *event,
                                    int32_t lane, struct curfew_beat **beat,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;
/* NULL is fine. */
void curfew_beats_remove(struct curfew_beats *beats, struct curfew_beat *beat);

#endif
