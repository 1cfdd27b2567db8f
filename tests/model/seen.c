/* seen: digests, and a set of them by open addressing. */
#include "tests/model/seen.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 4096

struct model_digest model_digest_begin(void)
{
    return (struct model_digest){UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xc2b2ae3d27d4eb4f)};
}

/* One step of a bijective mixer: what differs before differs after. */
static uint64_t stir(uint64_t value)
{
    value ^= value >> 32;
    value *= UINT64_C(0xd6e8feb86659fd93);
    value ^= value >> 32;
    value *= UINT64_C(0xd6e8feb86659fd93);
    return value ^ value >> 32;
}

struct model_digest model_digest_number(struct model_digest digest, int64_t number)
{
    const uint64_t word = (uint64_t)number;
    digest.a = stir(digest.a ^ word);
    digest.b = stir(digest.b + word * UINT64_C(0x9fb21c651e98df25) + 1);
    return digest;
}

struct model_digest model_digest_bytes(struct model_digest digest, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    digest = model_digest_number(digest, (int64_t)size);
    for (size_t left = size; left > 0;) {
        int64_t word = 0;
        const size_t taken = left < sizeof word ? left : sizeof word;
        memcpy(&word, at, taken);
        digest = model_digest_number(digest, word);
        at += taken;
        left -= taken;
    }
    return digest;
}

bool model_digest_less(struct model_digest left, struct model_digest right)
{
    return left.a < right.a || (left.a == right.a && left.b < right.b);
}

/* The slot that holds the digest, or the empty one where it would go. */
static struct model_digest *find(struct model_digest *slots, size_t room, struct model_digest digest)
{
    size_t at = (size_t)digest.a & (room - 1);
    while ((slots[at].a != 0 || slots[at].b != 0) && (slots[at].a != digest.a || slots[at].b != digest.b)) {
        at = (at + 1) & (room - 1);
    }
    return &slots[at];
}

static void grow(struct model_seen *seen)
{
    const size_t room = seen->room == 0 ? ROOM_LEAST : 2 * seen->room;
    struct model_digest *slots = calloc(room, sizeof *slots);
    if (slots == NULL) {
        abort();
    }
    for (size_t i = 0; i < seen->room; i++) {
        if (seen->slots[i].a != 0 || seen->slots[i].b != 0) {
            *find(slots, room, seen->slots[i]) = seen->slots[i];
        }
    }
    free(seen->slots);
    seen->slots = slots;
    seen->room = room;
}

bool model_seen_add(struct model_seen *seen, struct model_digest digest)
{
    if (2 * seen->count >= seen->room) {
        grow(seen);
    }
    struct model_digest *slot = find(seen->slots, seen->room, digest);
    if (slot->a != 0 || slot->b != 0) {
        return false;
    }
    *slot = digest;
    seen->count++;
    return true;
}

void model_seen_clear(struct model_seen *seen)
{
    free(seen->slots);
    *seen = (struct model_seen){.slots = NULL};
}
