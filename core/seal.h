/* seal: what a coordinator's signature over a beacon or an answer covers, and the two ends of it. A signature is over
 * these bytes, integers big-endian of 8 bytes (lane, lanes, skew, count and reason: 4), so that neither the schema's
 * version nor the encoding enters:
 *
 *     "curfew-beacon-1" || log_id || lane || lanes || as_of_us || offset || last_cause || oldest_cause || chain
 *         || genesis_us || skew_ms
 *     "curfew-answer-1" || log_id || lane || from || to || count of refusals || digests, 8 bytes each
 *         || for each refusal: offset || reason || one byte: 1 when trying again can help, or 0
 *
 * and their SHA-256 is what a key signs: ES256 (RFC 7518 §3.4) in production (core/seal_keys.h). The kind of record,
 * the log and the lane are in it, so a signature proves nothing anywhere else. Pure, but for the ends. */
#ifndef CURFEW_CORE_SEAL_H
#define CURFEW_CORE_SEAL_H

#include <curfew/event.h>
#include <curfew/status.h>

#define CURFEW_SEAL_DIGEST_SIZE 32
#define CURFEW_SEAL_SIZE 64 /* of a signature */

/* Who signs. A sealer that cannot ends the process. */
struct curfew_sealer {
    void (*sign)(void *self, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE], uint8_t signature[CURFEW_SEAL_SIZE]);
    struct curfew_slice key_id; /* names the key to those who verify */
    void *self;
};

enum curfew_seal {
    CURFEW_SEAL_GOOD,
    CURFEW_SEAL_FORGED, /* it does not verify, or there is none */
    CURFEW_SEAL_UNKNOWN_KEY, /* by none of the keys that are believed */
};

/* Who is believed. */
struct curfew_seal_judge {
    enum curfew_seal (*verify)(void *self, struct curfew_slice key_id, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE],
                               struct curfew_slice signature);
    void *self;
};

/* Fills key_id and signature, which then point into the sealer and into `signature`. */
void curfew_seal_beacon(const struct curfew_sealer *sealer, struct curfew_beacon *beacon,
                        uint8_t signature[CURFEW_SEAL_SIZE]);
void curfew_seal_answer(const struct curfew_sealer *sealer, struct curfew_accepted *answer,
                        uint8_t signature[CURFEW_SEAL_SIZE]);

enum curfew_seal curfew_seal_judge_beacon(const struct curfew_seal_judge *judge,
                                          const struct curfew_beacon *beacon) CURFEW_MUST_CHECK;
/* Its range and its lists must fit each other already. */
enum curfew_seal curfew_seal_judge_answer(const struct curfew_seal_judge *judge,
                                          const struct curfew_accepted *answer) CURFEW_MUST_CHECK;

#endif
