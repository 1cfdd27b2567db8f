/* jwks: public keys of a trusted issuer (RFC 7517), read from a file: EC P-256 keys for ES256. Immutable once made, so
 * any thread may verify with it. A set that holds a private or symmetric key is refused, as are two keys of one kid;
 * keys of another type, curve, use or algorithm are left out. A key without "kid" is named by its RFC 7638 thumbprint.
 * Bounds: CURFEW_JWKS_SIZE_MAX bytes, CURFEW_JWKS_KEYS_MAX keys. */
#ifndef CURFEW_CONSUMER_JWKS_H
#define CURFEW_CONSUMER_JWKS_H

#include "core/es256.h"

#define CURFEW_JWKS_SIZE_MAX (64 * 1024)
#define CURFEW_JWKS_KEYS_MAX 64

struct curfew_jwks;

enum curfew_status curfew_jwks_parse(struct curfew_slice json, struct curfew_jwks **jwks,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
enum curfew_status curfew_jwks_load(const char *path, struct curfew_jwks **jwks,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_jwks_destroy(struct curfew_jwks *jwks);

/* Whether there is a key that `kid` means: by name, or the only one when `kid` is empty. */
bool curfew_jwks_has_key(const struct curfew_jwks *jwks, struct curfew_slice kid);

/* Verifies an ES256 signature (RFC 7518 §3.4: r || s, 64 bytes) over `input` with the key named `kid` (required unless
 * the set has exactly one key). True only if it verifies; then *thumbprint is the key's RFC 7638 thumbprint, alive with
 * the set. */
bool curfew_jwks_verify_es256(const struct curfew_jwks *jwks, struct curfew_slice kid, struct curfew_slice input,
                              struct curfew_slice signature, struct curfew_slice *thumbprint);

#endif
