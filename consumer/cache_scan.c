/* cache_scan: the deny set, a range of buckets at a time. */
#include "consumer/cache_scan.h"
#include "consumer/cache.h"
#include "consumer/denyset.h"
#include <stdlib.h>

struct curfew_cache_scan {
    const struct curfew_region *region;
    size_t capacity;
    struct curfew_cache_floor *floors; /* of the range; NULL between scans */
    size_t count;
    size_t taken;
    unsigned from; /* buckets below it were walked */
    unsigned width; /* buckets of the next walk */
    bool overflowed;
};

struct curfew_cache_scan *curfew_cache_scan_create(const struct curfew_region *region, size_t capacity)
{
    struct curfew_cache_scan *scan = calloc(1, sizeof(*scan));
    if (scan != NULL) {
        scan->region = region;
        scan->capacity = capacity;
        scan->from = CURFEW_CACHE_BUCKETS;
    }
    return scan;
}

void curfew_cache_scan_destroy(struct curfew_cache_scan *scan)
{
    if (scan != NULL) {
        free(scan->floors);
        free(scan);
    }
}

static unsigned bucket_of(const struct curfew_subject *subject)
{
    return (unsigned)subject->digest[0] << 4 | subject->digest[1] >> 4; /* its first three hex digits */
}

static bool keep(void *context, const struct curfew_subject *subject, int64_t floor, int64_t expires_us)
{
    struct curfew_cache_scan *scan = context;
    unsigned bucket = bucket_of(subject);
    if (bucket < scan->from || bucket >= scan->from + scan->width) {
        return true;
    }
    if (scan->count == scan->capacity) {
        scan->overflowed = true;
        return false;
    }
    struct curfew_cache_floor *kept = &scan->floors[scan->count++];
    memcpy(kept->subject, subject->digest, sizeof(kept->subject));
    kept->floor = floor;
    kept->expires_us = expires_us;
    return true;
}

/* Half the range, or, where it is one bucket already, twice the memory. */
static bool make_fit(struct curfew_cache_scan *scan)
{
    if (scan->width > 1) {
        scan->width /= 2;
        return true;
    }
    struct curfew_cache_floor *floors = realloc(scan->floors, 2 * scan->capacity * sizeof(*floors));
    if (floors == NULL) {
        return false;
    }
    scan->floors = floors;
    scan->capacity *= 2;
    return true;
}

/* Walks the next range that fits. */
static bool walk(struct curfew_cache_scan *scan)
{
    if (scan->floors == NULL) {
        scan->floors = malloc(scan->capacity * sizeof(*scan->floors));
        if (scan->floors == NULL) {
            return false;
        }
    }
    scan->taken = 0;
    for (;;) {
        scan->count = 0;
        scan->overflowed = false;
        curfew_denyset_each(scan->region, keep, scan);
        if (!scan->overflowed) {
            scan->from += scan->width;
            unsigned left = CURFEW_CACHE_BUCKETS - scan->from;
            scan->width = scan->width < left ? scan->width : left;
            return true;
        }
        if (!make_fit(scan)) {
            scan->count = 0;
            return false;
        }
    }
}

void curfew_cache_scan_begin(struct curfew_cache_scan *scan)
{
    size_t held = (size_t)curfew_denyset_count(scan->region);
    size_t width = CURFEW_CACHE_BUCKETS;
    if (held > scan->capacity / 2) { /* aim at ranges that are half full, so that few walks are in vain */
        width = CURFEW_CACHE_BUCKETS * scan->capacity / (2 * held);
    }
    scan->from = 0;
    scan->width = width == 0 ? 1 : (unsigned)(width < CURFEW_CACHE_BUCKETS ? width : CURFEW_CACHE_BUCKETS);
    scan->count = 0;
    scan->taken = 0;
}

bool curfew_cache_scan_done(const struct curfew_cache_scan *scan)
{
    return scan->taken == scan->count && scan->from == CURFEW_CACHE_BUCKETS;
}

bool curfew_cache_scan_take(struct curfew_cache_scan *scan, struct curfew_cache_floor *floor)
{
    while (scan->taken == scan->count) {
        if (scan->from == CURFEW_CACHE_BUCKETS) {
            free(scan->floors); /* a refill is rare: its memory is not kept */
            scan->floors = NULL;
            return false;
        }
        if (!walk(scan)) {
            return false;
        }
    }
    *floor = scan->floors[scan->taken++];
    return true;
}
