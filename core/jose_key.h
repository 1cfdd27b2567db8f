/* jose_key: a key of one JOSE algorithm, with or without its private half, over OpenSSL. The algorithm belongs to the
 * key: nothing that is verified with it can choose another (RFC 8725 §3.1). Immutable once made: any thread may sign
 * and verify with the same key.
 *
 *   ES256  ECDSA on P-256 with SHA-256 (RFC 7518 §3.4); a signature is r || s, 64 bytes
 *   RS256  RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3); modulus of 2048..4096 bits, exponent odd, from 65537 to 64
 * bits long; a signature is as long as the modulus EdDSA  Ed25519 alone (RFC 8037); a signature is 64 bytes */
#ifndef CURFEW_CORE_JOSE_KEY_H
#define CURFEW_CORE_JOSE_KEY_H

#include <curfew/slice.h>
#include <curfew/status.h>

#define CURFEW_JOSE_RSA_BITS_LEAST 2048
#define CURFEW_JOSE_RSA_BITS_MOST 4096
#define CURFEW_JOSE_POINT_SIZE 32 /* a coordinate of P-256, a point of Ed25519 */
#define CURFEW_JOSE_SIGNATURE_MAX (CURFEW_JOSE_RSA_BITS_MOST / 8)
#define CURFEW_THUMBPRINT_SIZE 44 /* 43 base64url characters + NUL */

enum curfew_jose_algorithm {
    CURFEW_JOSE_ES256,
    CURFEW_JOSE_RS256,
    CURFEW_JOSE_EDDSA,
    CURFEW_JOSE_ALGORITHMS, /* how many there are */
};
const char *curfew_jose_algorithm_name(enum curfew_jose_algorithm algorithm); /* as in "alg" */
/* False: none of these has that name; case matters (RFC 7515 §4.1.1). */
bool curfew_jose_algorithm_parse(struct curfew_slice name, enum curfew_jose_algorithm *algorithm);

/* The public numbers of a key by their JWK names (RFC 7518 §6, RFC 8037 §2), as bytes, big-endian for numbers. */
struct curfew_jose_numbers {
    struct curfew_slice x; /* ES256, EdDSA */
    struct curfew_slice y; /* ES256 */
    struct curfew_slice n; /* RS256, without leading zeros */
    struct curfew_slice e;
};

struct curfew_jose_key;

/* A public key. CURFEW_INVALID: of another size, no point of the curve, a point of small order (which would verify
 * what nobody signed), or an RSA key out of the bounds above. */
enum curfew_status curfew_jose_key_public(enum curfew_jose_algorithm algorithm,
                                          const struct curfew_jose_numbers *numbers, struct curfew_jose_key **key,
                                          struct curfew_error *error) CURFEW_MUST_CHECK;
/* A private key from PEM (PKCS#8 or the older forms); its type says the algorithm. One that is encrypted, of another
 * type or curve, out of bounds or at odds with itself is invalid. */
enum curfew_status curfew_jose_key_private(struct curfew_slice pem, struct curfew_jose_key **key,
                                           struct curfew_error *error) CURFEW_MUST_CHECK;
/* A new one; for RS256 of 2048 bits. */
enum curfew_status curfew_jose_key_generate(enum curfew_jose_algorithm algorithm, struct curfew_jose_key **key,
                                            struct curfew_error *error) CURFEW_MUST_CHECK;
/* The private half is wiped. */
void curfew_jose_key_destroy(struct curfew_jose_key *key);

/* The private key as PKCS#8 PEM into `pem`; the caller wipes it. CURFEW_FULL: more than `capacity`. */
enum curfew_status curfew_jose_key_print(const struct curfew_jose_key *key, char *pem, size_t capacity, size_t *size,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;

enum curfew_jose_algorithm curfew_jose_key_algorithm(const struct curfew_jose_key *key);
/* The public key as a JWK of its required members alone, in order, without blanks (RFC 7638 §3), and the SHA-256
 * thumbprint of that. Alive with the key. */
const char *curfew_jose_key_jwk(const struct curfew_jose_key *key);
const char *curfew_jose_key_thumbprint(const struct curfew_jose_key *key);

/* Bytes of every signature of this key. */
size_t curfew_jose_key_signature_size(const struct curfew_jose_key *key);
/* Fills the first curfew_jose_key_signature_size() bytes. */
enum curfew_status curfew_jose_key_sign(const struct curfew_jose_key *key, struct curfew_slice input,
                                        uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX],
                                        struct curfew_error *error) CURFEW_MUST_CHECK;
/* True only if `signature` has exactly that size and verifies. */
bool curfew_jose_key_verify(const struct curfew_jose_key *key, struct curfew_slice input,
                            struct curfew_slice signature) CURFEW_MUST_CHECK;

#endif
