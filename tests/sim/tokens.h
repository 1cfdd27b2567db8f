/* tokens: every token of the world by its number: what it says, whether an issuer let it go, and the token itself as a
 * hop holds it after verifying it. */
#ifndef CURFEW_TESTS_SIM_TOKENS_H
#define CURFEW_TESTS_SIM_TOKENS_H

#include "consumer/token.h"
#include "tests/sim/plan.h"

struct sim_tokens;

struct sim_tokens *sim_tokens_create(void);
void sim_tokens_destroy(struct sim_tokens *tokens);

/* Makes token `number` as an issuer does (services/issuer/draft.h), and verifies it as a hop does. It must leave only
 * when it is released. CURFEW_INVALID: the draft refused the claims; there is no such token. */
enum curfew_status sim_tokens_make(struct sim_tokens *tokens, int32_t number, const struct curfew_claims *claims,
                                   int64_t now_us, struct curfew_error *error) CURFEW_MUST_CHECK;
const struct curfew_claims *sim_tokens_claims(const struct sim_tokens *tokens, int32_t number); /* NULL: not made */
void sim_tokens_release(struct sim_tokens *tokens, int32_t number);
bool sim_tokens_released(const struct sim_tokens *tokens, int32_t number);
/* Numbers of those released so far, in the order they were. */
const int32_t *sim_tokens_all(const struct sim_tokens *tokens, size_t *count);
/* As a hop holds it, verified by the real code; its claims are exactly what the token says. */
const struct curfew_token *sim_tokens_verified(const struct sim_tokens *tokens, int32_t number);
const struct curfew_issuers *sim_tokens_issuers(void);

#endif
