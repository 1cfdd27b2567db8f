/* digest: SHA-256, random bytes and hex, over OpenSSL. Any thread. These do not fail short of a broken OpenSSL or
 * kernel, which ends the process: there is no safe way on without them. */
#ifndef CURFEW_CORE_DIGEST_H
#define CURFEW_CORE_DIGEST_H

#include <curfew/slice.h>
#include <stdint.h>

#define CURFEW_SHA256_SIZE 32

/* SHA-256 of the concatenation of `parts`. */
void curfew_sha256(const struct curfew_slice *parts, size_t count, uint8_t digest[CURFEW_SHA256_SIZE]);

void curfew_random(void *bytes, size_t size);

/* Lower-case hex; `text` holds 2 * size + 1 bytes. */
void curfew_hex(const uint8_t *bytes, size_t size, char *text);

/* Big-endian stores, for what is hashed. */
void curfew_put_be32(uint8_t *at, uint32_t value);
void curfew_put_be64(uint8_t *at, uint64_t value);

#endif
