/* beats: a hash table of heartbeats under way. */
#include "producer/beats.h"
#include "core/digest.h"
#include <stdlib.h>

struct curfew_beat {
    struct curfew_beat *next;
    int32_t lane;
    uint8_t key[CURFEW_SHA256_SIZE];
};

/* Whom it is for, and on whose behalf. By SHA-256, since names may be an adversary's; ids hold no NUL. */
static void key_of(const struct curfew_holder_heartbeat *event, uint8_t key[CURFEW_SHA256_SIZE])
{
    const struct curfew_slice nul = {(const uint8_t *)"", 1};
    const struct curfew_slice parts[] = {event->holder,  nul, event->session,  nul,
                                         event->by_task, nul, event->by_tenant};
    curfew_sha256(parts, sizeof parts / sizeof parts[0], key);
}

static struct curfew_beat **bucket_of(struct curfew_beats *beats, const uint8_t key[CURFEW_SHA256_SIZE])
{
    return &beats->buckets[key[0] % CURFEW_BEATS_BUCKETS];
}

enum curfew_status curfew_beats_add(struct curfew_beats *beats, const struct curfew_holder_heartbeat *event,
                                    int32_t lane, struct curfew_beat **beat, struct curfew_error *error)
{
    uint8_t key[CURFEW_SHA256_SIZE];
    key_of(event, key);
    struct curfew_beat **bucket = bucket_of(beats, key);
    for (const struct curfew_beat *there = *bucket; there != NULL; there = there->next) {
        if (there->lane == lane && memcmp(there->key, key, sizeof key) == 0) {
            return curfew_error_set(error, CURFEW_FULL,
                                    "emitting a heartbeat of %.*s on lane %d: one is under way; heartbeats are not "
                                    "queued, beat again when it is reported",
                                    CURFEW_SLICE_ARGS(event->holder), (int)lane);
        }
    }
    struct curfew_beat *made = malloc(sizeof *made);
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "emitting a heartbeat: no memory");
    }
    made->next = *bucket;
    made->lane = lane;
    memcpy(made->key, key, sizeof key);
    *bucket = made;
    *beat = made;
    return CURFEW_OK;
}

void curfew_beats_remove(struct curfew_beats *beats, struct curfew_beat *beat)
{
    if (beat == NULL) {
        return;
    }
    struct curfew_beat **at = bucket_of(beats, beat->key);
    while (*at != beat) {
        at = &(*at)->next;
    }
    *at = beat->next;
    free(beat);
}
