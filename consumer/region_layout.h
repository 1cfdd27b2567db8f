/* region_layout: what lies where inside a region (consumer/region.h). Only region.c, denyset.c, freshness.c and
 * their tests include it. Offsets count from the region's first byte, so it means the same wherever it is mapped.
 * All-zero memory is a valid empty region: no floors, no lane fresh.
 *
 * Shared words are lock-free atomics, which C11 makes address-free: they also work between processes. */
#ifndef CURFEW_CONSUMER_REGION_LAYOUT_H
#define CURFEW_CONSUMER_REGION_LAYOUT_H

#include "consumer/region.h"
#include <stdatomic.h>

#define CURFEW_REGION_MAGIC UINT64_C(0x3157464552525543) /* "CURREFW1", little-endian */
#define CURFEW_REGION_LAYOUT 1
#define CURFEW_REGION_FLOORS_MAX (INT64_C(1) << 26)
#define CURFEW_REGION_SLOTS_LEAST UINT64_C(1024) /* a table never has fewer */
#define CURFEW_REGION_MARK_WORDS 9

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a region needs lock-free 64-bit atomics");
_Static_assert(sizeof(size_t) == 8, "a region may pass 4 GiB");

/* One floor. Empty while `floor` is 0, which no floor is: it would deny nothing. */
struct curfew_region_slot {
    _Atomic uint64_t low; /* the digest's first 8 bytes, as they lie in memory */
    _Atomic uint64_t high; /* and its last 8 */
    _Atomic int64_t floor;
    _Atomic int64_t expires_us;
};

/* A lane's newest mark, under a sequence lock: odd while it is written; 0: never written. */
struct curfew_region_lane {
    _Atomic uint64_t sequence;
    _Atomic uint64_t words[CURFEW_REGION_MARK_WORDS];
};

struct curfew_region {
    uint64_t magic;
    uint64_t layout;
    uint64_t size; /* of the whole region */
    uint64_t lanes_at; /* struct curfew_region_lane[CURFEW_LANES_MAX] */
    uint64_t tables_at[2]; /* struct curfew_region_slot[slots_max] each */
    uint64_t slots_max; /* a power of two, at least twice floors_max */
    int64_t floors_max;
    uint8_t key[16];

    _Atomic uint64_t generation; /* its lowest bit names the active table; the other is spare */
    _Atomic uint64_t slots[2]; /* in use of each table: a power of two up to slots_max; 0: none yet */
    _Atomic int64_t count; /* floors in the active table */
    int64_t as_of_us; /* the writer's: what expired before it may go */
    int64_t soonest_us; /* the writer's: no floor held expires before it */

    _Atomic int32_t lanes;
    _Atomic int64_t newest_us; /* the newest as_of that was believable when it arrived */
};

static inline struct curfew_region_slot *curfew_region_table(const struct curfew_region *region, uint64_t table)
{
    return (struct curfew_region_slot *)((uintptr_t)region + region->tables_at[table & 1]);
}

static inline struct curfew_region_lane *curfew_region_lane(const struct curfew_region *region, int32_t lane)
{
    return (struct curfew_region_lane *)((uintptr_t)region + region->lanes_at) + lane;
}

#endif
