/* signer: the key an issuer signs with, of any algorithm of core/jose_key.h. Immutable once loaded: any thread may sign
 * with it. */
#ifndef CURFEW_ISSUER_SIGNER_H
#define CURFEW_ISSUER_SIGNER_H

#include "core/jose_key.h"

struct curfew_signer;

/* Reads a PEM private key; its type says the algorithm. The file must not be readable by others (mode 0600 or
 * stricter). */
enum curfew_status curfew_signer_load(const char *path, struct curfew_signer **signer,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_signer_destroy(struct curfew_signer *signer);
/* Makes a new key pair: PEM to `path` (created 0600, never overwritten), the public JWKS as JSON, malloc'ed. */
enum curfew_status curfew_signer_generate(enum curfew_jose_algorithm algorithm, const char *path, char **jwks,
                                          struct curfew_error *error) CURFEW_MUST_CHECK;
/* The public key set of a loaded key, JSON, malloc'ed; NULL when memory runs out. */
char *curfew_signer_jwks(const struct curfew_signer *signer);
/* The key's RFC 7638 thumbprint, which is also its kid. */
const char *curfew_signer_thumbprint(const struct curfew_signer *signer);

/* Signs a payload (JSON text) as an access token in JWS compact serialization, malloc'ed: the caller wipes and frees
 * it. */
enum curfew_status curfew_signer_sign(const struct curfew_signer *signer, struct curfew_slice payload, char **token,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
