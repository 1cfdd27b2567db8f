/* token: a JWT access token (RFC 9068) with the `curfew` claim, verified and turned into claims. No clock, no state:
 * expiry is the guard's. Any thread.
 *
 * Refused: more than CURFEW_TOKEN_MAX bytes; not three base64url parts (no padding); an alg that is not its key's
 * (none included: the key says the algorithm, core/jose_key.h) or none its issuer may
 * sign by; an unknown iss; a key of another issuer; a curfew.tenant that is none of its issuer's; typ other than at+jwt
 * or application/at+jwt (any case); crit; duplicate members at any depth; a missing or mistyped iss, exp, aud, sub,
 * client_id, iat, jti or curfew claim; curfew.v other than 1; claims that do not pass curfew_claims_check. Unknown
 * claims are ignored, unknown members of `curfew` are not: what we do not understand might have been a restriction.
 * NumericDates may have a fraction; iat and exp round down to the microsecond. */
#ifndef CURFEW_CONSUMER_TOKEN_H
#define CURFEW_CONSUMER_TOKEN_H

#include "consumer/issuers.h"
#include <curfew/event.h>

#define CURFEW_AUDIENCES_MAX 16 /* entries of aud */

enum curfew_token_fault {
    CURFEW_TOKEN_GOOD,
    CURFEW_TOKEN_MALFORMED,
    CURFEW_TOKEN_ALGORITHM,
    CURFEW_TOKEN_TYPE,
    CURFEW_TOKEN_KEY, /* no such kid */
    CURFEW_TOKEN_SIGNATURE,
    CURFEW_TOKEN_CLAIMS,
    CURFEW_TOKEN_ISSUER, /* no such issuer */
    CURFEW_TOKEN_TENANT, /* its issuer may not speak for that tenant */
};
const char *curfew_token_fault_name(enum curfew_token_fault fault); /* "malformed", "algorithm", … */

struct curfew_token; /* owns the strings its claims point to */

/* Checks form and signature. CURFEW_TOKEN_GOOD: `*token` is the caller's to destroy; it does not need the issuers any
 * more. The error never holds any of the token's text; its status is CURFEW_NOMEM when memory ran out. */
enum curfew_token_fault curfew_token_verify(struct curfew_slice text, const struct curfew_issuers *issuers,
                                            struct curfew_token **token, struct curfew_error *error) CURFEW_MUST_CHECK;
/* The same without a signature check, for `curfew token show`; never for a decision. */
enum curfew_token_fault curfew_token_read(struct curfew_slice text, struct curfew_token **token,
                                          struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_token_destroy(struct curfew_token *token);

const struct curfew_claims *curfew_token_claims(const struct curfew_token *token);
/* nbf, rounded up; 0 when the token has none. */
int64_t curfew_token_not_before_us(const struct curfew_token *token);
/* Whether `audience` is among its aud. */
bool curfew_token_has_audience(const struct curfew_token *token, const char *audience);
/* Header and claims as JSON {"header":…, "claims":…}; malloc'ed; NULL when memory runs out. */
char *curfew_token_json(const struct curfew_token *token);

#endif
