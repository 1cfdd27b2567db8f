/* issuers: whom a hop believes: each issuer with its keys, the algorithms it may sign by and the tenants it may speak
 * for. Nothing of the three has a default: an issuer of one tenant must not mint for another. Immutable once made: any
 * thread may look things up in it. Read from a file (docs/tokens.md):
 *
 *   {"issuers":[{"issuer":"https://as.example","jwks_file":"jwks.json","algorithms":["ES256"],"tenants":["acme"]}]}
 *
 * jwks_file is relative to the file's directory. "*" as the only tenant means every tenant. Refused: unknown members, a
 * name, algorithm or tenant given twice, an empty list, and more than the bounds. */
#ifndef CURFEW_CONSUMER_ISSUERS_H
#define CURFEW_CONSUMER_ISSUERS_H

#include "core/jwks.h"

#define CURFEW_ISSUERS_FILE_MAX (256 * 1024) /* bytes */
#define CURFEW_TRUSTED_MAX 64
#define CURFEW_ISSUER_TENANTS_MAX 256 /* of one issuer */
#define CURFEW_ISSUER_EVERY_TENANT "*"

/* One issuer, as said by settings. Lists end with NULL. */
struct curfew_issuer_spec {
    const char *issuer; /* the iss of its tokens */
    const char *const *algorithms;
    const char *const *tenants;
};

struct curfew_issuers;
struct curfew_issuer;

enum curfew_status curfew_issuers_load(const char *path, struct curfew_issuers **issuers,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;
/* One issuer alone. The key set is taken over, also when it fails. */
enum curfew_status curfew_issuers_of(const struct curfew_issuer_spec *spec, struct curfew_jwks *jwks,
                                     struct curfew_issuers **issuers, struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_issuers_destroy(struct curfew_issuers *issuers);

/* The issuer of exactly that name, or NULL; alive with the set. */
const struct curfew_issuer *curfew_issuers_find(const struct curfew_issuers *issuers, struct curfew_slice name);
const struct curfew_jwks *curfew_issuer_jwks(const struct curfew_issuer *issuer);
bool curfew_issuer_signs_by(const struct curfew_issuer *issuer, enum curfew_jose_algorithm algorithm);
bool curfew_issuer_speaks_for(const struct curfew_issuer *issuer, struct curfew_slice tenant);

/* The key files read, by path as opened; NULL past the last. */
const char *curfew_issuers_file(const struct curfew_issuers *issuers, size_t index);

#endif
