/* sealer: two keyed hashes make a signature. */
#include "tests/common/sealer.h"

#include "core/digest.h"
#include <stdlib.h>
#include <string.h>

#define STRANGER_ID "stranger-1"

static const char genuine[] = "the coordinators' own";
static const char guessed[] = "what a forger makes up";

static void make(const char *key, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE], uint8_t signature[CURFEW_SEAL_SIZE])
{
    _Static_assert(CURFEW_SEAL_SIZE == 2 * CURFEW_SHA256_SIZE, "two of them make a signature");
    struct curfew_slice parts[] = {curfew_slice_of(key), curfew_slice_of("1"), {digest, CURFEW_SEAL_DIGEST_SIZE}};
    curfew_sha256(parts, 3, signature);
    parts[1] = curfew_slice_of("2");
    curfew_sha256(parts, 3, signature + CURFEW_SHA256_SIZE);
}

static void sign(void *self, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE], uint8_t signature[CURFEW_SEAL_SIZE])
{
    make(self, digest, signature);
}

static enum curfew_seal verify(void *self, struct curfew_slice key_id, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE],
                               struct curfew_slice signature)
{
    uint8_t wanted[CURFEW_SEAL_SIZE];
    (void)self;
    if (!curfew_slice_equal(key_id, curfew_slice_of(SEALER_KEY_ID))) {
        return CURFEW_SEAL_UNKNOWN_KEY;
    }
    make(genuine, digest, wanted);
    return memcmp(wanted, signature.at, sizeof wanted) == 0 ? CURFEW_SEAL_GOOD : CURFEW_SEAL_FORGED;
}

#define NAMED(name)                                                                                                    \
    {                                                                                                                  \
        (const uint8_t *)(name), sizeof(name) - 1                                                                      \
    }
const struct curfew_sealer sealer_genuine = {sign, NAMED(SEALER_KEY_ID), (void *)(uintptr_t)genuine};
const struct curfew_sealer sealer_stolen = {sign, NAMED(SEALER_KEY_ID), (void *)(uintptr_t)guessed};
const struct curfew_sealer sealer_stranger = {sign, NAMED(STRANGER_ID), (void *)(uintptr_t)guessed};
const struct curfew_seal_judge sealer_judge = {verify, NULL};

void sealer_seal(const struct curfew_sealer *sealer, struct curfew_event *event, uint8_t signature[CURFEW_SEAL_SIZE])
{
    if (event->type == CURFEW_EVENT_BEACON && event->as.beacon.key_id.size == 0) {
        curfew_seal_beacon(sealer, &event->as.beacon, signature);
    } else if (event->type == CURFEW_EVENT_ACCEPTED && event->as.accepted.key_id.size == 0) {
        curfew_seal_answer(sealer, &event->as.accepted, signature);
    }
}

bool sealer_is_genuine(const struct curfew_event *event)
{
    if (event->type == CURFEW_EVENT_BEACON) {
        return curfew_seal_judge_beacon(&sealer_judge, &event->as.beacon) == CURFEW_SEAL_GOOD;
    }
    return event->type != CURFEW_EVENT_ACCEPTED ||
           curfew_seal_judge_answer(&sealer_judge, &event->as.accepted) == CURFEW_SEAL_GOOD;
}
