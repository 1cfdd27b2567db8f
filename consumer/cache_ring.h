/* cache_ring: what the feed's thread tells the cache's thread, in order: one bounded ring, one producer, one consumer,
 * no lock. A full ring never holds the feed up: what does not fit is counted as dropped, and every freshness note
 * carries the count as it stood, so the consumer knows of each whether a floor it rests on went missing. */
#ifndef CURFEW_CONSUMER_CACHE_RING_H
#define CURFEW_CONSUMER_CACHE_RING_H

#include <curfew/event.h>
#include <curfew/status.h>

struct curfew_cache_ring;

enum curfew_cache_note_kind { CURFEW_CACHE_NOTE_FLOOR, CURFEW_CACHE_NOTE_FRESH, CURFEW_CACHE_NOTE_LOST };

struct curfew_cache_floor {
    uint8_t subject[CURFEW_DIGEST_SIZE];
    int64_t floor;
    int64_t expires_us;
};

struct curfew_cache_fresh {
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t as_of_us;
    int64_t genesis_us;
    int64_t skew_us;
    uint64_t dropped; /* by the ring, before this was noted; put fills it in */
};

struct curfew_cache_note {
    enum curfew_cache_note_kind kind;
    int32_t lane;
    union {
        struct curfew_cache_floor floor;
        struct curfew_cache_fresh fresh;
    } as;
};

/* `capacity` is a power of two. NULL: no memory. */
struct curfew_cache_ring *curfew_cache_ring_create(size_t capacity);
void curfew_cache_ring_destroy(struct curfew_cache_ring *ring);

/* Producer's thread. At the bound the note is dropped and, unless it is a freshness (a newer one will come), counted.
 */
void curfew_cache_ring_put(struct curfew_cache_ring *ring, const struct curfew_cache_note *note);

/* Consumer's thread. False: empty. */
bool curfew_cache_ring_take(struct curfew_cache_ring *ring, struct curfew_cache_note *note);

/* Notes dropped so far. What the producer did before it dropped them is seen by whoever read the count. Any thread. */
uint64_t curfew_cache_ring_dropped(const struct curfew_cache_ring *ring);

#endif
