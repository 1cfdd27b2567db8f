/* draft: a token that is signed but not announced. It must not leave the process: only the gated mint
 * (services/issuer/mint.h) may turn it into a token. Reads no clock. One thread a draft; a signer may be shared. */
#ifndef CURFEW_ISSUER_DRAFT_H
#define CURFEW_ISSUER_DRAFT_H

#include "services/issuer/signer.h"
#include <curfew/event.h>

#define CURFEW_JTI_SIZE 23 /* 128 random bits in base64url + NUL */

struct curfew_mint {
    struct curfew_claims claims; /* jti, issued_us, expires_us and key are filled in when empty */
    int64_t life_s; /* of the token, when expires_us is 0 */
    const char *client_id;
    const char *scope; /* may be NULL */
    const char *const *audiences; /* NULL-ended, at least one */
};

struct curfew_draft {
    char *token; /* NUL-terminated */
    struct curfew_claims claims; /* exactly what the token says: times are whole seconds */
    char jti[CURFEW_JTI_SIZE]; /* what claims.jti points to when the mint named none */
};

/* Fills in, checks and signs. The claims point into the mint's memory, the signer and the draft itself, which must not
 * be moved. CURFEW_INVALID names the claim, or says that the token would be longer than hops read. */
enum curfew_status curfew_draft_make(struct curfew_draft *draft, const struct curfew_signer *signer,
                                     const struct curfew_mint *mint, int64_t now_us,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* Wipes and frees the token, if it is still there. */
void curfew_draft_wipe(struct curfew_draft *draft);

#endif
