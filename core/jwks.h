/* jwks: public keys of somebody trusted (RFC 7517), an issuer or the coordinators, read from a file: EC P-256 for
 * ES256, RSA for RS256, Ed25519 for EdDSA. Immutable once made, so any thread may verify with it. A set that holds a
 * private or symmetric key is refused, as are two keys of one kid and a key of one of these types that core/jose_key.h
 * does not take; keys of another type, curve, use, algorithm ("alg") or operation ("key_ops") are left out. A key
 * without "kid" is named by its RFC 7638 thumbprint. Bounds: CURFEW_JWKS_SIZE_MAX bytes, CURFEW_JWKS_KEYS_MAX keys. */
#ifndef CURFEW_CORE_JWKS_H
#define CURFEW_CORE_JWKS_H

#include "core/jose_key.h"

#define CURFEW_JWKS_SIZE_MAX (64 * 1024)
#define CURFEW_JWKS_KEYS_MAX 64

struct curfew_jwks;

enum curfew_status curfew_jwks_parse(struct curfew_slice json, struct curfew_jwks **jwks,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
enum curfew_status curfew_jwks_load(const char *path, struct curfew_jwks **jwks,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_jwks_destroy(struct curfew_jwks *jwks);

/* The key that `kid` means: by name, or the only one of the set when `kid` is empty. NULL: none. Alive with the set.
 * What it may verify is the key's own algorithm, never the one a token names. */
const struct curfew_jose_key *curfew_jwks_find(const struct curfew_jwks *jwks, struct curfew_slice kid);
#endif
