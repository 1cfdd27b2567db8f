/* cache_ring: the bounded ring between the feed's thread and the cache's. */
#include "consumer/cache_ring.h"
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#define LINE 64 /* bytes of a cache line: the two indexes are written by different threads */

struct curfew_cache_ring {
    size_t capacity;
    struct curfew_cache_note *notes;
    _Alignas(LINE) _Atomic size_t head; /* notes ever put */
    _Atomic uint64_t dropped;
    _Alignas(LINE) _Atomic size_t tail; /* notes ever taken */
};

struct curfew_cache_ring *curfew_cache_ring_create(size_t capacity)
{
    assert(capacity != 0 && (capacity & (capacity - 1)) == 0);
    struct curfew_cache_ring *ring = aligned_alloc(LINE, sizeof(*ring));
    if (ring == NULL) {
        return NULL;
    }
    *ring = (struct curfew_cache_ring){.capacity = capacity, .notes = calloc(capacity, sizeof(*ring->notes))};
    if (ring->notes == NULL) {
        free(ring);
        return NULL;
    }
    return ring;
}

void curfew_cache_ring_destroy(struct curfew_cache_ring *ring)
{
    if (ring != NULL) {
        free(ring->notes);
        free(ring);
    }
}

void curfew_cache_ring_put(struct curfew_cache_ring *ring, const struct curfew_cache_note *note)
{
    /* relaxed: only this thread moves the head. acquire: the slot's last reader is done with it */
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == ring->capacity) {
        if (note->kind != CURFEW_CACHE_NOTE_FRESH) {
            /* release: who reads this count also sees the floor in the deny set, where the refill will find it */
            atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_release);
        }
        return;
    }
    struct curfew_cache_note *slot = &ring->notes[head & (ring->capacity - 1)];
    *slot = *note;
    if (note->kind == CURFEW_CACHE_NOTE_FRESH) {
        slot->as.fresh.dropped = atomic_load_explicit(&ring->dropped, memory_order_relaxed); /* this thread's own */
    }
    atomic_store_explicit(&ring->head, head + 1, memory_order_release); /* the slot is written: it may be read */
}

bool curfew_cache_ring_take(struct curfew_cache_ring *ring, struct curfew_cache_note *note)
{
    /* relaxed: only this thread moves the tail. acquire: pairs with put, so the slot is whole */
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (atomic_load_explicit(&ring->head, memory_order_acquire) == tail) {
        return false;
    }
    *note = ring->notes[tail & (ring->capacity - 1)];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release); /* the slot was read: it may be written */
    return true;
}

uint64_t curfew_cache_ring_dropped(const struct curfew_cache_ring *ring)
{
    return atomic_load_explicit(&ring->dropped, memory_order_acquire); /* pairs with put */
}
