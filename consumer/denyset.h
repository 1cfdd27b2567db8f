/* denyset: digest -> (floor, expiry), inside a region. One writer, any number of readers; a read takes no lock and
 * allocates nothing. A floor and its expiry only rise. What has expired by `as_of` is dropped when room is needed; a
 * live floor is never forgotten: at the bound raise says CURFEW_FULL, and the caller must stop vouching for the lane.
 */
#ifndef CURFEW_CONSUMER_DENYSET_H
#define CURFEW_CONSUMER_DENYSET_H

#include "consumer/region.h"
#include "core/subject.h"

/* Joins one floor (max and max). Writer thread. */
enum curfew_status curfew_denyset_raise(struct curfew_region *region, const struct curfew_subject *subject,
                                        int64_t floor, int64_t expires_us,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* What expired before `as_of_us` may be dropped from now on. Never goes back. Writer thread. */
void curfew_denyset_prune(struct curfew_region *region, int64_t as_of_us);

/* The floor of a subject; 0 when there is none. Any thread. */
int64_t curfew_denyset_floor(const struct curfew_region *region, const struct curfew_subject *subject);

/* Floors held, expired ones not yet dropped included. Any thread. */
int64_t curfew_denyset_count(const struct curfew_region *region);

/* Visits every floor held when it began; returns when `visit` returns false. Any thread: what another thread raises
 * meanwhile may be missed, and a floor may be visited again when the table is rebuilt meanwhile. */
void curfew_denyset_each(const struct curfew_region *region,
                         bool (*visit)(void *context, const struct curfew_subject *subject, int64_t floor,
                                       int64_t expires_us),
                         void *context);

#endif
