/* tokens: one issuer's key, and every token it signed. */
#include "tests/sim/tokens.h"

#include "services/issuer/draft.h"
#include "tests/sim/names.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENT "simulator"

struct sim_tokens {
    struct curfew_token *made[SIM_TOKENS_MAX]; /* as a hop holds it once verified */
    bool released[SIM_TOKENS_MAX];
    int32_t all[SIM_TOKENS_MAX];
    size_t count;
};

/* One key a program: making one takes longer than a small world, and nothing depends on which it is. */
static struct curfew_signer *signer;
static struct curfew_issuers *issuers;

static void must(enum curfew_status status, const struct curfew_error *error)
{
    if (status != CURFEW_OK) {
        fprintf(stderr, "simulator: %s\n", error->text);
        abort();
    }
}

static void make_key(void)
{
    char directory[] = "/tmp/curfew-sim-XXXXXX";
    char key[64];
    char set[64];
    char *json = NULL;
    static const char *const algorithms[] = {"ES256", NULL};
    static const char *const tenants[] = {CURFEW_ISSUER_EVERY_TENANT, NULL};
    const struct curfew_issuer_spec spec = {SIM_ISSUER, algorithms, tenants};
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error = {.status = CURFEW_OK};
    if (mkdtemp(directory) == NULL) {
        abort();
    }
    (void)snprintf(key, sizeof key, "%s/key.pem", directory);
    (void)snprintf(set, sizeof set, "%s/keys.json", directory);
    must(curfew_signer_generate(CURFEW_JOSE_ES256, key, &json, &error), &error);
    must(curfew_signer_load(key, &signer, &error), &error);
    FILE *out = fopen(set, "w");
    if (out == NULL || fputs(json, out) < 0 || fclose(out) != 0) {
        abort();
    }
    must(curfew_jwks_load(set, &jwks, &error), &error);
    must(curfew_issuers_of(&spec, jwks, &issuers, &error), &error);
    free(json);
    (void)unlink(key);
    (void)unlink(set);
    (void)rmdir(directory);
}

struct sim_tokens *sim_tokens_create(void)
{
    if (signer == NULL) {
        make_key();
    }
    struct sim_tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL) {
        abort();
    }
    return tokens;
}

void sim_tokens_destroy(struct sim_tokens *tokens)
{
    if (tokens != NULL) {
        for (size_t i = 0; i < SIM_TOKENS_MAX; i++) {
            curfew_token_destroy(tokens->made[i]);
        }
        free(tokens);
    }
}

enum curfew_status sim_tokens_make(struct sim_tokens *tokens, int32_t number, const struct curfew_claims *claims,
                                   int64_t now_us, struct curfew_error *error)
{
    static const char *const audiences[] = {SIM_AUDIENCE, NULL};
    const struct curfew_mint mint = {.claims = *claims, .client_id = CLIENT, .audiences = audiences};
    struct curfew_draft draft;
    const enum curfew_status status = curfew_draft_make(&draft, signer, &mint, now_us, error);
    if (status != CURFEW_OK) {
        return status;
    }
    curfew_token_destroy(tokens->made[number]);
    tokens->made[number] = NULL;
    if (curfew_token_verify(curfew_slice_of(draft.token), issuers, &tokens->made[number], error) != CURFEW_TOKEN_GOOD) {
        must(CURFEW_INVALID, error); /* what we sign, we read */
    }
    curfew_draft_wipe(&draft);
    return CURFEW_OK;
}

const struct curfew_claims *sim_tokens_claims(const struct sim_tokens *tokens, int32_t number)
{
    return tokens->made[number] == NULL ? NULL : curfew_token_claims(tokens->made[number]);
}

void sim_tokens_release(struct sim_tokens *tokens, int32_t number)
{
    if (!tokens->released[number]) {
        tokens->released[number] = true;
        tokens->all[tokens->count++] = number;
    }
}

bool sim_tokens_released(const struct sim_tokens *tokens, int32_t number)
{
    return tokens->released[number];
}

const int32_t *sim_tokens_all(const struct sim_tokens *tokens, size_t *count)
{
    *count = tokens->count;
    return tokens->all;
}

const struct curfew_token *sim_tokens_verified(const struct sim_tokens *tokens, int32_t number)
{
    return tokens->made[number];
}

const struct curfew_issuers *sim_tokens_issuers(void)
{
    return issuers;
}
