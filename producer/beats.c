/* beats: a hash table of heartbeats under way. */
#include "producer/beats.h"
#include <stdlib.h>

struct curfew_beat {
    struct curfew_beat *next;
    int32_t lane;
    size_t size;
    uint8_t holder[];
};

/* FNV-1a: holders are the user's own names, not an adversary's. */
static struct curfew_beat **bucket_of(struct curfew_beats *beats, const uint8_t *holder, size_t size, int32_t lane)
{
    uint32_t hash = 2166136261u ^ (uint32_t)lane;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ holder[i]) * 16777619u;
    }
    return &beats->buckets[hash % CURFEW_BEATS_BUCKETS];
}

enum curfew_status curfew_beats_add(struct curfew_beats *beats, struct curfew_slice holder, int32_t lane,
                                    struct curfew_beat **beat, struct curfew_error *error)
{
    struct curfew_beat **bucket = bucket_of(beats, holder.at, holder.size, lane);
    for (const struct curfew_beat *there = *bucket; there != NULL; there = there->next) {
        if (there->lane == lane && curfew_slice_equal((struct curfew_slice){there->holder, there->size}, holder)) {
            return curfew_error_set(error, CURFEW_FULL,
                                    "emitting a heartbeat of %.*s on lane %d: one is under way; heartbeats are not "
                                    "queued, beat again when it is reported",
                                    CURFEW_SLICE_ARGS(holder), (int)lane);
        }
    }
    struct curfew_beat *made = malloc(sizeof *made + holder.size);
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "emitting a heartbeat: no memory");
    }
    made->next = *bucket;
    made->lane = lane;
    made->size = holder.size;
    memcpy(made->holder, holder.at, holder.size);
    *bucket = made;
    *beat = made;
    return CURFEW_OK;
}

void curfew_beats_remove(struct curfew_beats *beats, struct curfew_beat *beat)
{
    if (beat == NULL) {
        return;
    }
    struct curfew_beat **at = bucket_of(beats, beat->holder, beat->size, beat->lane);
    while (*at != beat) {
        at = &(*at)->next;
    }
    *at = beat->next;
    free(beat);
}
