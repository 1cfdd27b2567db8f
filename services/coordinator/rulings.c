/* rulings: a ring, searched by halves. */
#include "services/coordinator/rulings.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>

struct ruling {
    struct curfew_refusal refusal;
    bool pending;
};

struct curfew_rulings {
    struct ruling *ring; /* of `room` places */
    size_t room;
    uint64_t count; /* ever noted; those left stand at their number modulo the room */
};

struct curfew_rulings *curfew_rulings_create(void)
{
    return curfew_memory_take(sizeof(struct curfew_rulings));
}

void curfew_rulings_destroy(struct curfew_rulings *rulings)
{
    if (rulings != NULL) {
        free(rulings->ring);
        free(rulings);
    }
}

void curfew_rulings_note(struct curfew_rulings *rulings, int64_t offset, const struct curfew_effects *effects)
{
    if (!effects->refused && !effects->pending) {
        return;
    }
    if (rulings->count == rulings->room && rulings->room < CURFEW_RULINGS_MAX) {
        rulings->room = rulings->room == 0 ? 64 : 2 * rulings->room;
        rulings->ring = curfew_memory_resize(rulings->ring, rulings->room * sizeof *rulings->ring);
    }
    struct ruling *ruling = &rulings->ring[rulings->count++ % rulings->room];
    *ruling = (struct ruling){.pending = effects->pending};
    if (effects->refused) {
        ruling->refusal = effects->refusal;
    }
    ruling->refusal.offset = offset;
}

enum curfew_ruled curfew_rulings_find(const struct curfew_rulings *rulings, int64_t offset,
                                      struct curfew_refusal *refusal)
{
    uint64_t low = rulings->count > rulings->room ? rulings->count - rulings->room : 0;
    uint64_t high = rulings->count;
    if (low > 0 && offset < rulings->ring[low % rulings->room].refusal.offset) {
        return CURFEW_RULED_UNKNOWN;
    }
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const struct ruling *ruling = &rulings->ring[middle % rulings->room];
        if (ruling->refusal.offset == offset) {
            *refusal = ruling->refusal;
            return ruling->pending ? CURFEW_RULED_PENDING : CURFEW_RULED_REFUSED;
        }
        low = ruling->refusal.offset < offset ? middle + 1 : low;
        high = ruling->refusal.offset < offset ? high : middle;
    }
    return CURFEW_RULED_ACCEPTED;
}
