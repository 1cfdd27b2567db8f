/* mint: the gated mint (RFC 9068 tokens). A token is signed, announced with token-created, and handed out only
 * when the coordinator accepted it; what is refused never leaves and is wiped. One thread a call; a signer may be
 * shared. */
#ifndef CURFEW_ISSUER_MINT_H
#define CURFEW_ISSUER_MINT_H

#include "services/issuer/draft.h"
#include <curfew/producer.h>

/* Signs, announces, waits for acceptance. OK: `*token` is malloc'ed text, the caller wipes and frees it. Otherwise it
 * is NULL and `outcome` says why; a token that was signed is wiped. */
enum curfew_status curfew_mint_token(struct curfew_producer *producer, const struct curfew_signer *signer,
                                     const struct curfew_mint *mint, int timeout_ms, char **token,
                                     struct curfew_outcome *outcome) CURFEW_MUST_CHECK;

#endif
