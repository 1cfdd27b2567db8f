/* region: the memory a hop answers from: deny set and beacons in one piece without pointers, so that it can be mapped
 * read-only by another process. Begins with magic, layout version, size and the offsets of its parts. */
#ifndef CURFEW_CONSUMER_REGION_H
#define CURFEW_CONSUMER_REGION_H

#include <curfew/event.h>
#include <curfew/status.h>

struct curfew_region; /* cast of the memory itself */

struct curfew_region_options {
    int64_t floors_max; /* the bound: live floors it can hold; 1..2^26 */
    uint8_t key[16]; /* random: which bucket a digest falls in */
};

/* Makes a region in anonymous shared memory (memfd): pages are taken as they fill. */
enum curfew_status curfew_region_create(const struct curfew_region_options *options, struct curfew_region **region,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_region_destroy(struct curfew_region *region);

#endif
