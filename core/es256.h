/* es256: ECDSA on P-256 with SHA-256 (RFC 7518 §3.4), over OpenSSL: one key, with or without its private half.
 * Immutable once made: any thread may sign and verify with the same key. */
#ifndef CURFEW_CORE_ES256_H
#define CURFEW_CORE_ES256_H

#include <curfew/slice.h>
#include <curfew/status.h>

#define CURFEW_ES256_COORDINATE_SIZE 32
#define CURFEW_ES256_SIGNATURE_SIZE 64 /* r || s */
#define CURFEW_THUMBPRINT_SIZE 44 /* 43 base64url characters + NUL */

struct curfew_es256;

/* A public key from its point. CURFEW_INVALID: the point is not on the curve. */
enum curfew_status curfew_es256_public(const uint8_t x[CURFEW_ES256_COORDINATE_SIZE],
                                       const uint8_t y[CURFEW_ES256_COORDINATE_SIZE], struct curfew_es256 **key,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;
/* A private key from PEM (PKCS#8 or SEC 1). One that is encrypted, on another curve or at odds with itself is invalid.
 */
enum curfew_status curfew_es256_private(struct curfew_slice pem, struct curfew_es256 **key,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;
enum curfew_status curfew_es256_generate(struct curfew_es256 **key, struct curfew_error *error) CURFEW_MUST_CHECK;
/* The private half is wiped. */
void curfew_es256_destroy(struct curfew_es256 *key);

/* The private key as PKCS#8 PEM into `pem`; the caller wipes it. CURFEW_FULL: more than `capacity`. */
enum curfew_status curfew_es256_print(const struct curfew_es256 *key, char *pem, size_t capacity, size_t *size,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;
/* x and y as base64url, alive with the key, and the RFC 7638 SHA-256 thumbprint of the key as a JWK. */
const char *curfew_es256_x(const struct curfew_es256 *key);
const char *curfew_es256_y(const struct curfew_es256 *key);
const char *curfew_es256_thumbprint(const struct curfew_es256 *key);

enum curfew_status curfew_es256_sign(const struct curfew_es256 *key, struct curfew_slice input,
                                     uint8_t signature[CURFEW_ES256_SIGNATURE_SIZE],
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* True only if `signature` is 64 bytes and verifies. */
bool curfew_es256_verify(const struct curfew_es256 *key, struct curfew_slice input,
                         struct curfew_slice signature) CURFEW_MUST_CHECK;

#endif
