/* parcels: answers and dead letters of one lane, published until the bus says that they are durable. Sans I/O:
 * publishes through the bus. One thread. */
#ifndef CURFEW_COORDINATOR_PARCELS_H
#define CURFEW_COORDINATOR_PARCELS_H

#include "core/bus.h"

struct curfew_parcel {
    struct curfew_bus_record record; /* its value is the parcel's own: malloc'ed */
    int64_t offset; /* of the log record it is about, the last one of an answer */
    int64_t timestamp_us; /* of that */
    bool in_flight;
    struct curfew_parcel *prev, *next;
};

/* In the order they were added. All zero is an empty value. */
struct curfew_parcels {
    struct curfew_parcel *first;
};

void curfew_parcels_clear(struct curfew_parcels *parcels);

/* Takes over `parcel->record.value`; prev, next and in_flight are not read. */
void curfew_parcels_add(struct curfew_parcels *parcels, const struct curfew_parcel *parcel);
/* Forgets those to that topic that are about records up to `offset`. */
void curfew_parcels_drop(struct curfew_parcels *parcels, enum curfew_topic topic, int64_t offset);
/* Forgets those of records before that time, from the first on. */
void curfew_parcels_trim(struct curfew_parcels *parcels, int64_t horizon_us);
/* The offset that the first to that topic is about; INT64_MAX: none is under way. */
int64_t curfew_parcels_first(const struct curfew_parcels *parcels, enum curfew_topic topic);
/* Whether one to that topic is not durable yet. */
bool curfew_parcels_has(const struct curfew_parcels *parcels, enum curfew_topic topic);

/* How they are published. */
struct curfew_parcels_way {
    const struct curfew_bus *bus;
    uint64_t lane_bits; /* of tickets */
    int64_t upto; /* none about a later record */
};

/* Publishes what is not on its way. Tickets are the lane's bits | ++*ticket. What the bus has no room for waits. */
void curfew_parcels_flush(struct curfew_parcels *parcels, const struct curfew_parcels_way *way, uint64_t *ticket);
/* `ticket` without the lane's bits. */
void curfew_parcels_reported(struct curfew_parcels *parcels, uint64_t ticket, bool delivered, uint64_t lane_bits);

#endif
