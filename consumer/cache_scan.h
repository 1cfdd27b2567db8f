/* cache_scan: every floor of the deny set, one after the other, for a refill. The deny set can only be walked whole, so
 * the scan walks it once for a range of buckets at a time and keeps what falls in the range: memory stays at its bound
 * however many floors there are, for one walk the more.
 *
 * A floor that stood in the deny set when the scan began is taken at least once (unless it expired and was dropped);
 * one raised since may be missed. Cache's thread. */
#ifndef CURFEW_CONSUMER_CACHE_SCAN_H
#define CURFEW_CONSUMER_CACHE_SCAN_H

#include "consumer/cache_ring.h"
#include "consumer/region.h"

#define CURFEW_CACHE_SCAN_FLOORS (1 << 18) /* floors kept at once (8 MiB), unless one bucket alone holds more */

struct curfew_cache_scan;

/* `capacity`: floors kept at once. NULL: no memory. */
struct curfew_cache_scan *curfew_cache_scan_create(const struct curfew_region *region, size_t capacity);
void curfew_cache_scan_destroy(struct curfew_cache_scan *scan);

/* Begins at the first bucket. */
void curfew_cache_scan_begin(struct curfew_cache_scan *scan);
/* The next floor. False: there is none, if done says so too; otherwise memory ran out, try again later. */
bool curfew_cache_scan_take(struct curfew_cache_scan *scan, struct curfew_cache_floor *floor);
bool curfew_cache_scan_done(const struct curfew_cache_scan *scan);

#endif
