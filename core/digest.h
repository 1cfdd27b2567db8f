/* digest: SHA-256, HMAC-SHA-256 (RFC 2104), HKDF (RFC 5869), random bytes and hex, over OpenSSL. Any thread. These do
 * not fail short of a broken OpenSSL or kernel, which ends the process: there is no safe way on without them. */
#ifndef CURFEW_CORE_DIGEST_H
#define CURFEW_CORE_DIGEST_H

#include <curfew/slice.h>
#include <stdint.h>

#define CURFEW_SHA256_SIZE 32

/* SHA-256 of the concatenation of `parts`. */
void curfew_sha256(const struct curfew_slice *parts, size_t count, uint8_t digest[CURFEW_SHA256_SIZE]);

/* A key that HMAC-SHA-256 was begun with once, for many sums. Any thread may sum with the same key. */
struct curfew_hmac;

/* The key's bytes are copied; the copy is wiped by destroy, which takes NULL. */
struct curfew_hmac *curfew_hmac_create(const uint8_t *key, size_t size);
void curfew_hmac_destroy(struct curfew_hmac *hmac);
/* Over the concatenation of `parts`. */
void curfew_hmac_sum(const struct curfew_hmac *hmac, const struct curfew_slice *parts, size_t count,
                     uint8_t sum[CURFEW_SHA256_SIZE]);

/* A key of 32 bytes from a secret, by HKDF with SHA-256; `salt` and `info` are public. */
void curfew_hkdf(struct curfew_slice secret, struct curfew_slice salt, struct curfew_slice info,
                 uint8_t key[CURFEW_SHA256_SIZE]);

/* Whether two runs of bytes are the same, in a time that tells nothing of where they differ. */
bool curfew_same_secret(const uint8_t *a, const uint8_t *b, size_t size);

void curfew_random(void *bytes, size_t size);

/* Lower-case hex; `text` holds 2 * size + 1 bytes. */
void curfew_hex(const uint8_t *bytes, size_t size, char *text);

/* Big-endian stores, for what is hashed. */
void curfew_put_be32(uint8_t *at, uint32_t value);
void curfew_put_be64(uint8_t *at, uint64_t value);

#endif
