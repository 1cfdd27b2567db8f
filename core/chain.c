/* chain: the hash that ties a floors record to the one before it. */
#include "core/chain.h"
#include "core/digest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE (CURFEW_CHAIN_SIZE + CURFEW_LOG_ID_SIZE + 4 + 8 + 4 + 8 + 4)
#define FLOOR_SIZE (CURFEW_DIGEST_SIZE + 8 + 8)

static void put_head(const struct curfew_floors *floors, uint8_t head[HEAD_SIZE])
{
    uint8_t *at = head;
    memcpy(at, floors->chain_before, CURFEW_CHAIN_SIZE);
    at += CURFEW_CHAIN_SIZE;
    memcpy(at, floors->log_id, CURFEW_LOG_ID_SIZE);
    at += CURFEW_LOG_ID_SIZE;
    curfew_put_be32(at, (uint32_t)floors->lane);
    curfew_put_be64(at + 4, (uint64_t)floors->cause);
    curfew_put_be32(at + 12, (uint32_t)floors->part);
    curfew_put_be64(at + 16, (uint64_t)floors->cause_before);
    curfew_put_be32(at + 24, (uint32_t)floors->floors.count);
}

void curfew_chain_of(const struct curfew_floors *floors, uint8_t chain[CURFEW_CHAIN_SIZE])
{
    uint8_t head[HEAD_SIZE];
    uint8_t body[CURFEW_FLOORS_MAX * FLOOR_SIZE];
    if (floors->floors.count > CURFEW_FLOORS_MAX) {
        /* The codec lets no such record in or out. Hashing a part of it would link what was never stated. */
        fprintf(stderr, "curfew: a floors record of %zu floors, over %d; giving up\n", floors->floors.count,
                CURFEW_FLOORS_MAX);
        abort();
    }

    put_head(floors, head);
    const struct curfew_floor *items = floors->floors.items;
    for (size_t i = 0; i < floors->floors.count; i++) {
        uint8_t *at = body + i * FLOOR_SIZE;
        memcpy(at, items[i].subject, CURFEW_DIGEST_SIZE);
        curfew_put_be64(at + CURFEW_DIGEST_SIZE, (uint64_t)items[i].floor);
        curfew_put_be64(at + CURFEW_DIGEST_SIZE + 8, (uint64_t)items[i].expires_us);
    }
    const struct curfew_slice parts[] = {
        curfew_slice_of("curfew-chain-1"),
        {head, sizeof head},
        {body, floors->floors.count * FLOOR_SIZE},
    };
    curfew_sha256(parts, sizeof parts / sizeof parts[0], chain);
}
