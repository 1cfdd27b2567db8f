/* seal: the bytes a signature is over, and who makes and judges it. */
#include "core/seal.h"

#include "core/digest.h"
#include <stdlib.h>
#include <string.h>

#define BEACON_SIZE (CURFEW_LOG_ID_SIZE + 4 + 4 + 8 * 4 + CURFEW_CHAIN_SIZE + 8 + 4)
#define ANSWER_SIZE (CURFEW_LOG_ID_SIZE + 4 + 8 * 2 + 4)
#define REFUSAL_SIZE (8 + 4 + 1)

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static uint8_t *put32(uint8_t *at, int64_t value)
{
    curfew_put_be32(at, (uint32_t)value);
    return at + 4;
}

static uint8_t *put64(uint8_t *at, int64_t value)
{
    curfew_put_be64(at, (uint64_t)value);
    return at + 8;
}

static void digest_beacon(const struct curfew_beacon *beacon, uint8_t digest[CURFEW_SEAL_DIGEST_SIZE])
{
    uint8_t bytes[BEACON_SIZE];
    uint8_t *at = put(bytes, beacon->log_id, CURFEW_LOG_ID_SIZE);
    at = put32(at, beacon->lane);
    at = put32(at, beacon->lanes);
    at = put64(at, beacon->as_of_us);
    at = put64(at, beacon->offset);
    at = put64(at, beacon->last_cause);
    at = put64(at, beacon->oldest_cause);
    at = put(at, beacon->chain, CURFEW_CHAIN_SIZE);
    at = put64(at, beacon->genesis_us);
    at = put32(at, beacon->skew_ms);
    const struct curfew_slice parts[] = {curfew_slice_of("curfew-beacon-1"), {bytes, (size_t)(at - bytes)}};
    curfew_sha256(parts, 2, digest);
}

/* In pieces: an answer may speak of thousands of records. */
static void digest_answer(const struct curfew_accepted *answer, uint8_t digest[CURFEW_SEAL_DIGEST_SIZE])
{
    uint8_t bytes[ANSWER_SIZE];
    uint8_t *at = put(bytes, answer->log_id, CURFEW_LOG_ID_SIZE);
    at = put32(at, answer->lane);
    at = put64(at, answer->from);
    at = put64(at, answer->to);
    at = put32(at, (int64_t)answer->refused.count);
    uint8_t refusals[CURFEW_REFUSALS_MAX * REFUSAL_SIZE];
    uint8_t *next = refusals;
    const struct curfew_refusal *refused = answer->refused.items;
    if (answer->refused.count > CURFEW_REFUSALS_MAX) {
        abort(); /* the codec lets no such record in or out; signing a part of it would vouch for what was not said */
    }
    for (size_t i = 0; i < answer->refused.count; i++) {
        next = put64(next, refused[i].offset);
        next = put32(next, refused[i].reason);
        *next++ = refused[i].retriable ? 1 : 0;
    }
    const struct curfew_slice parts[] = {
        curfew_slice_of("curfew-answer-1"),
        {bytes, (size_t)(at - bytes)},
        {answer->digests.items, answer->digests.count * CURFEW_RECORD_DIGEST_SIZE},
        {refusals, (size_t)(next - refusals)},
    };
    curfew_sha256(parts, sizeof parts / sizeof parts[0], digest);
}

void curfew_seal_beacon(const struct curfew_sealer *sealer, struct curfew_beacon *beacon,
                        uint8_t signature[CURFEW_SEAL_SIZE])
{
    uint8_t digest[CURFEW_SEAL_DIGEST_SIZE];
    digest_beacon(beacon, digest);
    beacon->key_id = sealer->key_id;
    beacon->signature = (struct curfew_slice){signature, CURFEW_SEAL_SIZE};
    sealer->sign(sealer->self, digest, signature);
}

void curfew_seal_answer(const struct curfew_sealer *sealer, struct curfew_accepted *answer,
                        uint8_t signature[CURFEW_SEAL_SIZE])
{
    uint8_t digest[CURFEW_SEAL_DIGEST_SIZE];
    digest_answer(answer, digest);
    answer->key_id = sealer->key_id;
    answer->signature = (struct curfew_slice){signature, CURFEW_SEAL_SIZE};
    sealer->sign(sealer->self, digest, signature);
}

static enum curfew_seal judge_digest(const struct curfew_seal_judge *judge, struct curfew_slice key_id,
                                     const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE], struct curfew_slice signature)
{
    if (key_id.size == 0 || signature.size != CURFEW_SEAL_SIZE) {
        return CURFEW_SEAL_FORGED;
    }
    return judge->verify(judge->self, key_id, digest, signature);
}

enum curfew_seal curfew_seal_judge_beacon(const struct curfew_seal_judge *judge, const struct curfew_beacon *beacon)
{
    uint8_t digest[CURFEW_SEAL_DIGEST_SIZE];
    digest_beacon(beacon, digest);
    return judge_digest(judge, beacon->key_id, digest, beacon->signature);
}

enum curfew_seal curfew_seal_judge_answer(const struct curfew_seal_judge *judge, const struct curfew_accepted *answer)
{
    uint8_t digest[CURFEW_SEAL_DIGEST_SIZE];
    digest_answer(answer, digest);
    return judge_digest(judge, answer->key_id, digest, answer->signature);
}
