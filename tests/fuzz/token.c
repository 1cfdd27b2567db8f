/* token: any text, read and verified against a fixed key set; and made-up JSON behind a real signature, so that the
 * reader of claims is reached.
 *
 * What must hold. Verified means that reading it without keys gives the same claims, that they pass the check that
 * issuer and coordinator make, that they can be announced (token-created encodes), that their lineage is within its
 * bound, and that no change of one bit of the text verifies. Refused means no token, and an error that says why.
 *
 * Input: first byte 0: a text. 1: where to flip a bit (two bytes), then a payload. 2: a header, a line feed and a
 * payload. 3: as 1, by EdDSA. 4: as 2, by EdDSA. */
#include "consumer/token.h"
#include "consumer/claims.h"
#include "core/base64url.h"
#include "core/lineage.h"
#include "input.h"
#include "schemas/codec.h"
#include <curfew/hop.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_ED "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"ed\"}"
#define KEYS 2

static const char spec_issuer[] = "https://id.example";
static struct curfew_jose_key *keys[KEYS]; /* "one" for ES256, "ed" for EdDSA */
static struct curfew_issuers *issuers;
static uint8_t encoded[CURFEW_CODEC_RECORD_MAX];

static void open_key(void)
{
    static const char *const pems[KEYS] = {input_key_pem, input_ed_key_pem};
    static const char *const names[KEYS] = {"one", "ed"};
    char text[1024] = "{\"keys\":[";
    static const char *const algorithms[] = {"ES256", "EdDSA", NULL};
    static const char *const tenants[] = {"acme", NULL};
    const struct curfew_issuer_spec spec = {spec_issuer, algorithms, tenants};
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error;
    input_require(curfew_codec_init(&error) == CURFEW_OK, "the schemas load");
    for (size_t i = 0; i < KEYS; i++) {
        input_require(curfew_jose_key_private(curfew_slice_of(pems[i]), &keys[i], &error) == CURFEW_OK,
                      "the key loads");
        const char *jwk = curfew_jose_key_jwk(keys[i]);
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s%.*s,\"kid\":\"%s\"}", i == 0 ? "" : ",",
                       (int)strlen(jwk) - 1, jwk, names[i]);
    }
    strcat(text, "]}");
    input_require(curfew_jwks_parse(curfew_slice_of(text), &jwks, &error) == CURFEW_OK, "its set loads");
    input_require(curfew_issuers_of(&spec, jwks, &issuers, &error) == CURFEW_OK, "so does its issuer");
}

static bool is_ours(struct curfew_slice thumbprint)
{
    return curfew_slice_equal(thumbprint, curfew_slice_of(curfew_jose_key_thumbprint(keys[0]))) ||
           curfew_slice_equal(thumbprint, curfew_slice_of(curfew_jose_key_thumbprint(keys[1])));
}

static bool lists_equal(const struct curfew_claims *a, const struct curfew_claims *b)
{
    if (a->agents.count != b->agents.count || a->path.count != b->path.count ||
        a->approvals.count != b->approvals.count || a->policies.count != b->policies.count) {
        return false;
    }
    const struct curfew_path_step *left = a->path.items;
    const struct curfew_path_step *right = b->path.items;
    for (size_t i = 0; i < a->path.count; i++) {
        if (!curfew_slice_equal(left[i].task, right[i].task) || left[i].attempt != right[i].attempt) {
            return false;
        }
    }
    return true;
}

static void check_same(const struct curfew_claims *a, const struct curfew_claims *b)
{
    input_require(curfew_slice_equal(a->session, b->session) && curfew_slice_equal(a->tenant, b->tenant) &&
                      curfew_slice_equal(a->issuer, b->issuer) && curfew_slice_equal(a->user, b->user) &&
                      curfew_slice_equal(a->jti, b->jti) && a->auth_us == b->auth_us && a->issued_us == b->issued_us &&
                      a->expires_us == b->expires_us && a->supervised == b->supervised && lists_equal(a, b),
                  "reading and verifying give the same claims");
}

/* What holds of a token that was read, signed or not. */
static void check_token(const struct curfew_token *token)
{
    const struct curfew_claims *claims = curfew_token_claims(token);
    struct curfew_lineage lineage;
    struct curfew_json *json = NULL;
    size_t size = 0;
    input_require(curfew_claims_check(claims, NULL) == CURFEW_OK, "its claims pass the check all share");
    input_require(claims->issued_us > 0 && claims->expires_us > claims->issued_us &&
                      claims->expires_us <= CURFEW_DATE_MAX_US,
                  "its times are in order and in bounds");
    int64_t not_before = curfew_token_not_before_us(token);
    input_require(not_before >= 0 && not_before <= CURFEW_DATE_MAX_US + 1, "so is its nbf");
    curfew_lineage_of(claims, &lineage);
    input_require(lineage.count >= 4 && lineage.count <= CURFEW_LINEAGE_MAX, "its lineage is within its bound");
    const struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_CREATED,
                                       .as.token_created = {.writer = curfew_slice_of("w"), .claims = *claims}};
    input_require(curfew_codec_encode(&event, encoded, sizeof encoded, &size, NULL) == CURFEW_OK,
                  "it can be announced");
    char *text = curfew_token_json(token);
    input_require(text != NULL && curfew_json_parse(curfew_slice_of(text), &json, NULL) == CURFEW_OK,
                  "it prints as JSON");
    curfew_json_destroy(json);
    free(text);
}

static void check_refusal(const struct curfew_token *token, const struct curfew_error *error)
{
    input_require(token == NULL && error->status == CURFEW_INVALID && error->text[0] != '\0',
                  "what is refused gives no token, and says why");
    input_require(memchr(error->text, '\0', sizeof error->text) != NULL, "in a text that ends");
}

/* True: it verified. */
static bool try_text(struct curfew_slice text)
{
    struct curfew_token *read = NULL;
    struct curfew_token *verified = NULL;
    struct curfew_error error = {.status = CURFEW_OK};
    enum curfew_token_fault read_fault = curfew_token_read(text, &read, &error);
    if (read_fault == CURFEW_TOKEN_GOOD) {
        check_token(read);
        input_require(curfew_token_claims(read)->key.size == 0, "nobody signed what was only read");
    } else {
        check_refusal(read, &error);
        input_require(read_fault != CURFEW_TOKEN_ISSUER && read_fault != CURFEW_TOKEN_TENANT, "nor whom to trust");
        input_require(read_fault != CURFEW_TOKEN_KEY && read_fault != CURFEW_TOKEN_SIGNATURE, "reading asks no key");
    }
    error = (struct curfew_error){.status = CURFEW_OK};
    enum curfew_token_fault fault = curfew_token_verify(text, issuers, &verified, &error);
    if (fault == CURFEW_TOKEN_GOOD) {
        input_require(read_fault == CURFEW_TOKEN_GOOD, "what verifies can be read");
        check_same(curfew_token_claims(read), curfew_token_claims(verified));
        input_require(curfew_slice_equal(curfew_token_claims(verified)->tenant, curfew_slice_of("acme")) &&
                          curfew_slice_equal(curfew_token_claims(verified)->issuer, curfew_slice_of(spec_issuer)),
                      "it is of an issuer that is trusted, for a tenant of its own");
        input_require(is_ours(curfew_token_claims(verified)->key), "it names the key that signed it");
    } else {
        check_refusal(verified, &error);
    }
    curfew_token_destroy(read);
    curfew_token_destroy(verified);
    return fault == CURFEW_TOKEN_GOOD;
}

/* header.payload.signature; malloc'ed. */
static char *sign(const struct curfew_jose_key *key, struct curfew_slice header, struct curfew_slice payload)
{
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    size_t most = CURFEW_BASE64URL_SIZE(header.size) + CURFEW_BASE64URL_SIZE(payload.size) +
                  CURFEW_BASE64URL_SIZE(sizeof signature);
    char *text = malloc(most + sizeof "..");
    input_require(text != NULL, "there is memory");
    curfew_base64url_encode(header, text);
    strcat(text, ".");
    curfew_base64url_encode(payload, text + strlen(text));
    size_t size = strlen(text);
    input_require(curfew_jose_key_sign(key, (struct curfew_slice){(const uint8_t *)text, size}, signature, NULL) ==
                      CURFEW_OK,
                  "signing works");
    text[size] = '.';
    curfew_base64url_encode((struct curfew_slice){signature, curfew_jose_key_signature_size(key)}, text + size + 1);
    return text;
}

static void try_signed(const struct curfew_jose_key *key, struct curfew_slice header, struct curfew_slice payload,
                       size_t flip)
{
    char *text = sign(key, header, payload);
    size_t size = strlen(text);
    uint8_t *exact = malloc(size); /* without a NUL behind it */
    input_require(exact != NULL, "there is memory");
    memcpy(exact, text, size);
    free(text);
    if (try_text((struct curfew_slice){exact, size})) {
        struct curfew_token *token = NULL;
        exact[flip / 8 % size] ^= (uint8_t)(1 << flip % 8);
        enum curfew_token_fault fault = curfew_token_verify((struct curfew_slice){exact, size}, issuers, &token, NULL);
        input_require(fault != CURFEW_TOKEN_GOOD && token == NULL, "no bit of a good token can be changed");
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    if (keys[0] == NULL) {
        open_key();
    }
    uint8_t kind = input_byte(&input);
    const bool ed = kind == 3 || kind == 4;
    switch (kind) {
    case 0:
        (void)try_text(input_rest(&input));
        break;
    case 1:
    case 3: {
        size_t flip = (size_t)input_byte(&input) << 8;
        flip |= input_byte(&input);
        try_signed(keys[ed], curfew_slice_of(ed ? HEADER_ED : HEADER), input_rest(&input), flip);
        break;
    }
    default: {
        struct curfew_slice header = input_until(&input, '\n');
        try_signed(keys[ed], header, input_rest(&input), size);
        break;
    }
    }
    return 0;
}
