/* freshness: what a hop can prove of each lane, inside a region. The writer stores the newest good beacon; the reader
 * computes its age at the moment it asks, so a stuck writer looks as stale as it is.
 *
 * age = boot time since the beacon arrived + max(0, arrival wall time - as_of) + 2 skew.
 * Not fresh at all: no good beacon since start or gap; as_of more than 2 skew ahead of the arrival wall time; or the
 * wall clock moved against the boot clock by more than skew since it arrived. */
#ifndef CURFEW_CONSUMER_FRESHNESS_H
#define CURFEW_CONSUMER_FRESHNESS_H

#include "consumer/region.h"
#include "core/clock.h"

enum curfew_fresh {
    CURFEW_FRESH, /* age_us holds */
    CURFEW_FRESH_UNSYNCED, /* not caught up since start or a gap */
    CURFEW_FRESH_UNPROVEN, /* a beacon is here, but floors it speaks of are not, or they do not link up */
    CURFEW_FRESH_CLOCK, /* this machine's clock, or the broker's, cannot be trusted */
    CURFEW_FRESH_FULL, /* the deny set is at its bound and a floor could not be taken in */
    CURFEW_FRESH_LOG, /* the bus shows another log, or another number of lanes */
    CURFEW_FRESH_UNREADABLE, /* a record on revocations could not be understood */
    CURFEW_FRESH_FORGED, /* beacons come that are not signed, or whose signature does not verify */
    CURFEW_FRESH_KEY, /* beacons come that are signed by a key which is not believed */
};

const char *curfew_fresh_name(enum curfew_fresh fresh); /* "fresh", "unsynced", … */

struct curfew_freshness_mark { /* of the newest good beacon */
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t as_of_us;
    int64_t offset;
    int64_t genesis_us;
    int64_t skew_us;
    struct curfew_now arrived;
};

/* Writer thread. An as_of behind the stored one of the same log is ignored, also over a void, unless the stored one was
 * more than 2 skew ahead of the clock it arrived by. */
void curfew_freshness_store(struct curfew_region *region, int32_t lane, const struct curfew_freshness_mark *mark);
/* Voids what is stored and says why, until the next store. Writer thread. */
void curfew_freshness_void(struct curfew_region *region, int32_t lane, enum curfew_fresh why);
/* How many lanes there are, once a beacon told; 0 before. */
void curfew_freshness_lanes_set(struct curfew_region *region, int32_t lanes);
int32_t curfew_freshness_lanes(const struct curfew_region *region);

/* Any thread. On CURFEW_FRESH `*age_us` and `*mark` hold. */
enum curfew_fresh curfew_freshness_read(const struct curfew_region *region, int32_t lane, struct curfew_now now,
                                        int64_t *age_us, struct curfew_freshness_mark *mark);
/* The newest as_of of any lane, for judging expiry when the wall clock is behind; 0: none. One more than 2 skew ahead
 * of the clock it arrived by is left out. Any thread. */
int64_t curfew_freshness_newest(const struct curfew_region *region);

#endif
