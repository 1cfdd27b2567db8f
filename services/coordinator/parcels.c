/* parcels: a list of what is on its way. */
#include "services/coordinator/parcels.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <utlist.h>

static void drop(struct curfew_parcels *parcels, struct curfew_parcel *parcel)
{
    DL_DELETE(parcels->first, parcel);
    free((void *)(uintptr_t)parcel->record.value.at);
    free(parcel);
}

void curfew_parcels_clear(struct curfew_parcels *parcels)
{
    while (parcels->first != NULL) {
        drop(parcels, parcels->first);
    }
}

void curfew_parcels_add(struct curfew_parcels *parcels, const struct curfew_parcel *parcel)
{
    struct curfew_parcel *added = curfew_memory_take(sizeof *added);
    *added = *parcel;
    added->in_flight = false;
    DL_APPEND(parcels->first, added);
}

void curfew_parcels_drop(struct curfew_parcels *parcels, enum curfew_topic topic, int64_t offset)
{
    struct curfew_parcel *parcel = NULL;
    struct curfew_parcel *next = NULL;
    DL_FOREACH_SAFE(parcels->first, parcel, next)
    {
        if (parcel->record.topic == topic && parcel->offset <= offset) {
            drop(parcels, parcel);
        }
    }
}

void curfew_parcels_trim(struct curfew_parcels *parcels, int64_t horizon_us)
{
    while (parcels->first != NULL && parcels->first->timestamp_us < horizon_us) {
        drop(parcels, parcels->first);
    }
}

int64_t curfew_parcels_first(const struct curfew_parcels *parcels, enum curfew_topic topic)
{
    const struct curfew_parcel *parcel = NULL;
    DL_FOREACH(parcels->first, parcel)
    {
        if (parcel->record.topic == topic) {
            return parcel->offset;
        }
    }
    return INT64_MAX;
}

bool curfew_parcels_has(const struct curfew_parcels *parcels, enum curfew_topic topic)
{
    return curfew_parcels_first(parcels, topic) != INT64_MAX;
}

void curfew_parcels_flush(struct curfew_parcels *parcels, const struct curfew_parcels_way *way, uint64_t *ticket)
{
    struct curfew_parcel *parcel = NULL;
    DL_FOREACH(parcels->first, parcel)
    {
        if (parcel->in_flight || parcel->offset > way->upto) {
            continue;
        }
        parcel->record.ticket = way->lane_bits | ++*ticket;
        if (way->bus->ops->produce(way->bus->self, &parcel->record, NULL) != CURFEW_OK) {
            return;
        }
        parcel->in_flight = true;
    }
}

void curfew_parcels_reported(struct curfew_parcels *parcels, uint64_t ticket, bool delivered, uint64_t lane_bits)
{
    struct curfew_parcel *parcel = NULL;
    DL_FOREACH(parcels->first, parcel)
    {
        if (parcel->in_flight && parcel->record.ticket == (lane_bits | ticket)) {
            parcel->in_flight = false;
            if (delivered) {
                drop(parcels, parcel);
            }
            return;
        }
    }
}
