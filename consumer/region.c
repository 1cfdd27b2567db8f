/* region: makes and unmakes the one piece of memory a hop answers from. */
#include "consumer/region_layout.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REGION_ALIGN UINT64_C(4096) /* each part begins on a page of its own */

static uint64_t align_up(uint64_t size)
{
    return (size + REGION_ALIGN - 1) & ~(REGION_ALIGN - 1);
}

/* Twice the bound, so that a table of nothing but live floors is half empty and probing stays short. */
static uint64_t slots_for(int64_t floors_max)
{
    uint64_t slots = CURFEW_REGION_SLOTS_LEAST;
    while (slots < 2 * (uint64_t)floors_max) {
        slots *= 2;
    }
    return slots;
}

/* Where each part goes; nothing is mapped yet. */
static void lay_out(const struct curfew_region_options *options, struct curfew_region *head)
{
    memset(head, 0, sizeof(*head));
    head->magic = CURFEW_REGION_MAGIC;
    head->layout = CURFEW_REGION_LAYOUT;
    head->floors_max = options->floors_max;
    head->slots_max = slots_for(options->floors_max);
    memcpy(head->key, options->key, sizeof(head->key));
    uint64_t table = align_up(head->slots_max * sizeof(struct curfew_region_slot));
    head->lanes_at = align_up(sizeof(struct curfew_region));
    head->tables_at[0] = head->lanes_at + align_up(CURFEW_LANES_MAX * sizeof(struct curfew_region_lane));
    head->tables_at[1] = head->tables_at[0] + table;
    head->size = head->tables_at[1] + table;
    head->as_of_us = INT64_MIN;
    head->soonest_us = INT64_MAX;
}

enum curfew_status curfew_region_create(const struct curfew_region_options *options, struct curfew_region **region,
                                        struct curfew_error *error)
{
    *region = NULL;
    if (options->floors_max < 1 || options->floors_max > CURFEW_REGION_FLOORS_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "making the deny set: a bound of %lld floors is outside 1..%lld; change hop.floors_max",
                                (long long)options->floors_max, (long long)CURFEW_REGION_FLOORS_MAX);
    }
    struct curfew_region head;
    lay_out(options, &head);

    enum curfew_status status = CURFEW_OK;
    void *memory = MAP_FAILED;
    int file = memfd_create("curfew-region", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)head.size) != 0) {
        status = curfew_error_set(error, CURFEW_NOMEM,
                                  "making the deny set: no shared memory of %llu bytes: %s; lower hop.floors_max",
                                  (unsigned long long)head.size, strerror(errno));
        goto out;
    }
    /* No reserve: most of it stays untouched until floors come. */
    memory = mmap(NULL, head.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    if (memory == MAP_FAILED) {
        status = curfew_error_set(error, CURFEW_NOMEM,
                                  "making the deny set: cannot map %llu bytes: %s; lower hop.floors_max",
                                  (unsigned long long)head.size, strerror(errno));
        goto out;
    }
    memcpy(memory, &head, sizeof(head)); /* the rest is zeros: an empty region */
    *region = memory;
out:
    if (file >= 0) {
        close(file);
    }
    return status;
}

void curfew_region_destroy(struct curfew_region *region)
{
    if (region != NULL) {
        munmap(region, region->size);
    }
}
