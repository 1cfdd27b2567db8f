/* audit_cost: what telling a verdict costs the thread that asked, allowed or denied, beside the ES256 check of the same
 * token. Each figure is the median of one call; the three take turns, so that what else the machine does falls on all.
 */
#include "consumer/verdicts.h"
#include "core/jose_key.h"
#include "tests/bench/measure.h"
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 4001
#define TOKEN_SIZE 700 /* a usual one */
#define A_SECOND (CURFEW_VERDICTS_DENIES_S / 2) /* below the rate at which denials are folded */

enum what { ALLOWED, DENIED, VERIFIED, WHATS };

static int64_t times[WHATS][ROUNDS];

static int compare(const void *a, const void *b)
{
    const int64_t *left = a;
    const int64_t *right = b;
    return (*left > *right) - (*left < *right);
}

static void measure(struct curfew_verdicts *verdicts, const struct curfew_jose_key *key, struct curfew_slice token,
                    struct curfew_slice signature)
{
    const struct curfew_path_step path[] = {{curfew_slice_of("acme"), curfew_slice_of("nightly-close"), 1}};
    const struct curfew_slice agents[] = {curfew_slice_of("spiffe://acme.example/planner")};
    const struct curfew_claims claims = {.session = curfew_slice_of("3.AAECAwQFBgcICQoLDA0ODw"),
                                         .tenant = curfew_slice_of("acme"),
                                         .issuer = curfew_slice_of("https://as.example"),
                                         .user = curfew_slice_of("ada"),
                                         .jti = curfew_slice_of("AAECAwQFBgcICQoLDA0ODw"),
                                         .agents = {agents, 1},
                                         .path = {path, 1}};
    const struct curfew_request request = {.size = sizeof request,
                                           .token = (const char *)token.at,
                                           .token_size = token.size,
                                           .strictness = CURFEW_CLASS_STRICT,
                                           .action = "POST",
                                           .resource = "/v1/payments/7"};
    const struct curfew_verdict verdicts_of[] = {
        [ALLOWED] = {.decision = CURFEW_ALLOW, .reason = "fresh", .stale_lane = -1},
        [DENIED] = {.decision = CURFEW_DENY, .reason = "revoked", .stale_lane = -1},
    };
    for (int round = 0; round < ROUNDS; round++) {
        const struct curfew_now now = {INT64_C(1795460429000000), (1 + round / A_SECOND) * CURFEW_US_PER_S};
        for (enum what what = ALLOWED; what <= DENIED; what++) {
            const int64_t begun = now_ns();
            curfew_verdicts_tell(verdicts, &request, &claims, &verdicts_of[what], now);
            times[what][round] = now_ns() - begun;
        }
        const int64_t begun = now_ns();
        const bool good = curfew_jose_key_verify(key, token, signature);
        times[VERIFIED][round] = now_ns() - begun;
        if (!good) {
            abort();
        }
    }
}

int main(void)
{
    static const char *const names[] = {"an allow is counted", "a denial is told", "ES256 of the token is checked"};
    static uint8_t bytes[TOKEN_SIZE];
    uint8_t signed_by[CURFEW_JOSE_SIGNATURE_MAX];
    struct curfew_error error = {.text = ""};
    struct curfew_jose_key *key = NULL;
    struct curfew_verdicts *verdicts = curfew_verdicts_create("books");
    const struct curfew_slice token = {bytes, sizeof bytes};
    memset(bytes, 'a', sizeof bytes);
    if (verdicts == NULL || curfew_jose_key_generate(CURFEW_JOSE_ES256, &key, &error) != CURFEW_OK ||
        curfew_jose_key_sign(key, token, signed_by, &error) != CURFEW_OK) {
        (void)fprintf(stderr, "audit_cost: %s\n", error.text);
        return EXIT_FAILURE;
    }
    measure(verdicts, key, token, (struct curfew_slice){signed_by, curfew_jose_key_signature_size(key)});
    for (int i = 0; i < WHATS; i++) {
        qsort(times[i], ROUNDS, sizeof times[i][0], compare);
    }
    for (int i = 0; i < WHATS; i++) {
        printf("%-30s p50 %7lld ns  p99 %7lld ns  %5.1f %% of a check\n", names[i], (long long)times[i][ROUNDS / 2],
               (long long)times[i][ROUNDS * 99 / 100],
               100.0 * (double)times[i][ROUNDS / 2] / (double)times[VERIFIED][ROUNDS / 2]);
    }
    curfew_verdicts_destroy(verdicts);
    curfew_jose_key_destroy(key);
    return EXIT_SUCCESS;
}
