/* denyset: digest -> (floor, expiry), in two tables of a region: the active one, and a spare that the writer rebuilds
 * into and then makes the active one.
 *
 * Memory orders. Every store to a slot is a release and every load an acquire, though only one writer exists, for two
 * reasons. (1) A reader that sees a slot's floor also sees the digest it stands on, since the floor is stored last.
 * (2) A reader that was slow may still probe a table that has become the spare and is being overwritten. Each such
 * store comes after the generation that retired the table; so whoever loads one of them, with acquire, must find the
 * generation changed when it looks again, and starts over. On x86 and on arm64 these cost next to nothing. */
#include "consumer/denyset.h"
#include "consumer/region_layout.h"
#include <stdbool.h>
#include <string.h>

struct key {
    uint64_t low;
    uint64_t high;
};

static struct key key_of(const struct curfew_subject *subject)
{
    struct key key;
    memcpy(&key.low, subject->digest, sizeof(key.low));
    memcpy(&key.high, subject->digest + sizeof(key.low), sizeof(key.high));
    return key;
}

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3 of the digest under the region's key: who picks ids, or forges floors, cannot pick their bucket and so
 * cannot make probing long. */
static uint64_t bucket_of(const struct curfew_region *region, struct key key)
{
    uint64_t k[2];
    memcpy(k, region->key, sizeof(k));
    uint64_t v[4] = {k[0] ^ UINT64_C(0x736f6d6570736575), k[1] ^ UINT64_C(0x646f72616e646f6d),
                     k[0] ^ UINT64_C(0x6c7967656e657261), k[1] ^ UINT64_C(0x7465646279746573)};
    const uint64_t words[3] = {key.low, key.high, UINT64_C(16) << 56};
    for (int i = 0; i < 3; i++) {
        v[3] ^= words[i];
        sip_round(v);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The slot that holds `key`, or the empty one where it would go; NULL when it met neither: there is no table yet, or
 * the reader's is being overwritten. `*floor` is what the slot held when it was looked at, 0 for none: the slot itself
 * may have been filled since, with another digest. */
static struct curfew_region_slot *probe(const struct curfew_region *region, uint64_t table, struct key key,
                                        int64_t *floor)
{
    /* acquire: pairs with the rebuild that wrote this table and then its size */
    uint64_t slots = atomic_load_explicit(&region->slots[table & 1], memory_order_acquire);
    struct curfew_region_slot *first = curfew_region_table(region, table);
    uint64_t bucket = bucket_of(region, key);
    for (uint64_t step = 0; step < slots; step++) {
        struct curfew_region_slot *slot = &first[(bucket + step) & (slots - 1)];
        *floor = atomic_load_explicit(&slot->floor, memory_order_acquire);
        if (*floor == 0 || (atomic_load_explicit(&slot->low, memory_order_acquire) == key.low &&
                            atomic_load_explicit(&slot->high, memory_order_acquire) == key.high)) {
            return slot;
        }
    }
    *floor = 0;
    return NULL;
}

/* Fills an empty slot; the floor last, since it is what makes the slot count. */
static void fill(struct curfew_region_slot *slot, struct key key, int64_t floor, int64_t expires_us)
{
    atomic_store_explicit(&slot->low, key.low, memory_order_release);
    atomic_store_explicit(&slot->high, key.high, memory_order_release);
    atomic_store_explicit(&slot->expires_us, expires_us, memory_order_release);
    atomic_store_explicit(&slot->floor, floor, memory_order_release);
}

static bool slot_live(const struct curfew_region *region, struct curfew_region_slot *slot)
{
    /* relaxed: the writer reads what it alone wrote */
    return atomic_load_explicit(&slot->floor, memory_order_relaxed) != 0 &&
           atomic_load_explicit(&slot->expires_us, memory_order_relaxed) >= region->as_of_us;
}

/* Counts what is live in the active table and finds what expires first. */
static int64_t count_live(struct curfew_region *region, uint64_t active)
{
    struct curfew_region_slot *slot = curfew_region_table(region, active);
    uint64_t slots = atomic_load_explicit(&region->slots[active & 1], memory_order_relaxed);
    int64_t live = 0;
    int64_t soonest = INT64_MAX;
    for (uint64_t i = 0; i < slots; i++, slot++) {
        if (slot_live(region, slot)) {
            int64_t expires_us = atomic_load_explicit(&slot->expires_us, memory_order_relaxed);
            soonest = expires_us < soonest ? expires_us : soonest;
            live++;
        }
    }
    region->soonest_us = live == 0 ? INT64_MAX : soonest;
    return live;
}

static void clear(struct curfew_region *region, uint64_t table)
{
    struct curfew_region_slot *slot = curfew_region_table(region, table);
    uint64_t slots = atomic_load_explicit(&region->slots[table & 1], memory_order_relaxed);
    for (uint64_t i = 0; i < slots; i++, slot++) {
        atomic_store_explicit(&slot->floor, 0, memory_order_release); /* see the head of the file, (2) */
    }
}

/* Copies the live floors into the spare table, sized so that it is at most 3/8 full where the region allows, and makes
 * it the active one. */
static void rebuild(struct curfew_region *region, uint64_t active, int64_t live)
{
    uint64_t spare = active + 1;
    clear(region, spare);
    uint64_t slots = CURFEW_REGION_SLOTS_LEAST;
    while (slots < region->slots_max && (uint64_t)live * 8 > slots * 3) {
        slots *= 2;
    }
    atomic_store_explicit(&region->slots[spare & 1], slots, memory_order_release);
    struct curfew_region_slot *from = curfew_region_table(region, active);
    uint64_t from_slots = atomic_load_explicit(&region->slots[active & 1], memory_order_relaxed);
    for (uint64_t i = 0; i < from_slots; i++, from++) {
        if (slot_live(region, from)) {
            struct key key = {atomic_load_explicit(&from->low, memory_order_relaxed),
                              atomic_load_explicit(&from->high, memory_order_relaxed)};
            int64_t none;
            fill(probe(region, spare, key, &none), key, atomic_load_explicit(&from->floor, memory_order_relaxed),
                 atomic_load_explicit(&from->expires_us, memory_order_relaxed));
        }
    }
    atomic_store_explicit(&region->count, live, memory_order_relaxed);
    /* release: who sees this generation sees the table it names, whole */
    atomic_store_explicit(&region->generation, spare, memory_order_release);
}

/* Makes room for one more floor. CURFEW_FULL: every floor held is live and there are floors_max of them. */
static enum curfew_status make_room(struct curfew_region *region, uint64_t active, struct curfew_error *error)
{
    int64_t count = atomic_load_explicit(&region->count, memory_order_relaxed);
    uint64_t slots = atomic_load_explicit(&region->slots[active & 1], memory_order_relaxed);
    bool loaded = (uint64_t)(count + 1) * 4 > slots * 3; /* also while there is no table yet */
    bool at_bound = count >= region->floors_max;
    if (!loaded && !at_bound) {
        return CURFEW_OK;
    }
    /* At the bound with nothing expired there is nothing to count: do not walk the table for every refusal. */
    bool hopeless = at_bound && region->soonest_us >= region->as_of_us;
    int64_t live = hopeless ? count : count_live(region, active);
    if (live >= region->floors_max) {
        return curfew_error_set(error, CURFEW_FULL,
                                "raising a floor: the deny set holds %lld live floors, its bound; raise hop.floors_max",
                                (long long)live);
    }
    rebuild(region, active, live);
    return CURFEW_OK;
}

enum curfew_status curfew_denyset_raise(struct curfew_region *region, const struct curfew_subject *subject,
                                        int64_t floor, int64_t expires_us, struct curfew_error *error)
{
    if (floor <= 0) {
        return CURFEW_OK; /* no value a token presents is below it */
    }
    struct key key = key_of(subject);
    uint64_t active = atomic_load_explicit(&region->generation, memory_order_relaxed); /* the writer's own */
    int64_t held;
    struct curfew_region_slot *slot = probe(region, active, key, &held);
    if (held != 0) {
        if (expires_us > atomic_load_explicit(&slot->expires_us, memory_order_relaxed)) {
            atomic_store_explicit(&slot->expires_us, expires_us, memory_order_release);
        }
        if (floor > held) {
            atomic_store_explicit(&slot->floor, floor, memory_order_release);
        }
        return CURFEW_OK;
    }
    if (expires_us < region->as_of_us) {
        return CURFEW_OK; /* expired before it came: every token it could concern has too */
    }
    enum curfew_status status = make_room(region, active, error);
    if (status != CURFEW_OK) {
        return status;
    }
    active = atomic_load_explicit(&region->generation, memory_order_relaxed);
    fill(probe(region, active, key, &held), key, floor, expires_us);
    atomic_fetch_add_explicit(&region->count, 1, memory_order_relaxed); /* a gauge: orders nothing */
    region->soonest_us = expires_us < region->soonest_us ? expires_us : region->soonest_us;
    return CURFEW_OK;
}

void curfew_denyset_prune(struct curfew_region *region, int64_t as_of_us)
{
    if (as_of_us > region->as_of_us) {
        region->as_of_us = as_of_us;
    }
}

int64_t curfew_denyset_floor(const struct curfew_region *region, const struct curfew_subject *subject)
{
    struct key key = key_of(subject);
    for (;;) {
        /* acquire: pairs with the release in rebuild */
        uint64_t generation = atomic_load_explicit(&region->generation, memory_order_acquire);
        int64_t floor;
        (void)probe(region, generation, key, &floor);
        /* relaxed: the acquires above keep it behind them, and make it see what retired a slot they saw overwritten */
        if (atomic_load_explicit(&region->generation, memory_order_relaxed) == generation) {
            return floor;
        }
    }
}

int64_t curfew_denyset_count(const struct curfew_region *region)
{
    return atomic_load_explicit(&region->count, memory_order_relaxed);
}

/* One walk over the table of `generation`. True: done, or `visit` had enough; false: begin again. */
static bool walk(const struct curfew_region *region, uint64_t generation,
                 bool (*visit)(void *context, const struct curfew_subject *subject, int64_t floor, int64_t expires_us),
                 void *context)
{
    struct curfew_region_slot *slot = curfew_region_table(region, generation);
    uint64_t slots = atomic_load_explicit(&region->slots[generation & 1], memory_order_acquire);
    for (uint64_t i = 0; i < slots; i++, slot++) {
        int64_t floor = atomic_load_explicit(&slot->floor, memory_order_acquire);
        struct key key = {atomic_load_explicit(&slot->low, memory_order_acquire),
                          atomic_load_explicit(&slot->high, memory_order_acquire)};
        int64_t expires_us = atomic_load_explicit(&slot->expires_us, memory_order_acquire);
        /* As in curfew_denyset_floor, and before each visit: half of one floor and half of another must not go out. */
        if (atomic_load_explicit(&region->generation, memory_order_relaxed) != generation) {
            return false;
        }
        struct curfew_subject subject;
        memcpy(subject.digest, &key.low, sizeof(key.low));
        memcpy(subject.digest + sizeof(key.low), &key.high, sizeof(key.high));
        if (floor != 0 && !visit(context, &subject, floor, expires_us)) {
            return true;
        }
    }
    return true;
}

void curfew_denyset_each(const struct curfew_region *region,
                         bool (*visit)(void *context, const struct curfew_subject *subject, int64_t floor,
                                       int64_t expires_us),
                         void *context)
{
    uint64_t generation;
    do {
        generation = atomic_load_explicit(&region->generation, memory_order_acquire);
    } while (!walk(region, generation, visit, context));
}
