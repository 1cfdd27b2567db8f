/* forge: tokens made by hand for tests, good ones and bad ones: any header, any payload, any key. */
#ifndef CURFEW_TESTS_FORGE_H
#define CURFEW_TESTS_FORGE_H

#include "consumer/token.h"
#include "core/base64url.h"
#include <stdio.h>
#include <stdlib.h>

#define FORGE_ISSUED_S 1795460429
#define FORGE_EXPIRES_S 1795460729
#define FORGE_SESSION "3.AAECAwQFBgcICQoLDA0ODw"
#define FORGE_TEXT_MAX 8192

#define FORGE_HEADER "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}"
#define FORGE_CURFEW                                                                                                   \
    "{\"v\":1,\"tenant\":\"acme\",\"session\":\"" FORGE_SESSION "\",\"auth_us\":1795460400000000,"                     \
    "\"agents\":[\"spiffe://acme/planner\"],\"path\":[[\"acme\",\"nightly-close\",1],[\"books\",\"post-invoices\",2]]" \
    ",\"approvals\":[\"a-9\"],\"policies\":[[\"payments\",7]],\"supervised\":true}"
#define FORGE_PAYLOAD                                                                                                  \
    "{\"iss\":\"https://id.example\",\"sub\":\"ana\",\"aud\":\"books\",\"client_id\":\"agents\",\"iat\":1795460429,"   \
    "\"exp\":1795460729,\"jti\":\"t-1\",\"curfew\":" FORGE_CURFEW "}"

/* `text` with the first `from` replaced by `to`; a `from` that is not there is a mistake in the test. malloc'ed. */
static inline char *forge_swap(const char *text, const char *from, const char *to)
{
    char *made = malloc(strlen(text) + strlen(to) + 1);
    const char *at = strstr(text, from);
    if (made == NULL || at == NULL) {
        fprintf(stderr, "forge: nothing to replace: %s\n", from);
        abort();
    }
    sprintf(made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return made;
}

static inline struct curfew_jose_key *forge_key_of(enum curfew_jose_algorithm algorithm)
{
    struct curfew_jose_key *key = NULL;
    struct curfew_error error;
    if (curfew_jose_key_generate(algorithm, &key, &error) != CURFEW_OK) {
        fprintf(stderr, "forge: %s\n", error.text);
        abort();
    }
    return key;
}

static inline struct curfew_jose_key *forge_key(void)
{
    return forge_key_of(CURFEW_JOSE_ES256);
}

/* One public key as a JWK named `kid`. */
static inline void forge_jwk(const struct curfew_jose_key *key, const char *kid, char *text, size_t size)
{
    const char *jwk = curfew_jose_key_jwk(key);
    snprintf(text, size, "%.*s,\"kid\":\"%s\"}", (int)strlen(jwk) - 1, jwk, kid);
}

/* The public set of `count` keys named "one", "two", "three". */
static inline struct curfew_jwks *forge_jwks(struct curfew_jose_key *const *keys, size_t count)
{
    static const char *const names[] = {"one", "two", "three"};
    char text[4096] = "{\"keys\":[";
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error;
    for (size_t i = 0; i < count; i++) {
        char jwk[1024];
        forge_jwk(keys[i], names[i], jwk, sizeof jwk);
        strcat(text, i == 0 ? "" : ",");
        strcat(text, jwk);
    }
    strcat(text, "]}");
    if (curfew_jwks_parse(curfew_slice_of(text), &jwks, &error) != CURFEW_OK) {
        fprintf(stderr, "forge: %s\n", error.text);
        abort();
    }
    return jwks;
}

/* These keys as the one issuer of FORGE_PAYLOAD, for its tenant, by any algorithm. */
static inline struct curfew_issuers *forge_issuers(struct curfew_jose_key *const *keys, size_t count)
{
    static const char *const algorithms[] = {"ES256", "RS256", "EdDSA", NULL};
    static const char *const tenants[] = {"acme", NULL};
    const struct curfew_issuer_spec spec = {"https://id.example", algorithms, tenants};
    struct curfew_issuers *issuers = NULL;
    struct curfew_error error;
    if (curfew_issuers_of(&spec, forge_jwks(keys, count), &issuers, &error) != CURFEW_OK) {
        fprintf(stderr, "forge: %s\n", error.text);
        abort();
    }
    return issuers;
}

/* header.payload. with the dot that the signature follows; malloc'ed with room for one. */
static inline char *forge_unsigned(const char *header, const char *payload)
{
    char *text = malloc(2 * (strlen(header) + strlen(payload)) + 900);
    if (text == NULL) {
        abort();
    }
    curfew_base64url_encode(curfew_slice_of(header), text);
    strcat(text, ".");
    curfew_base64url_encode(curfew_slice_of(payload), text + strlen(text));
    strcat(text, ".");
    return text;
}

/* A token signed by `key`, whatever it says; malloc'ed. */
static inline char *forge_token(const struct curfew_jose_key *key, const char *header, const char *payload)
{
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    struct curfew_error error;
    char *text = forge_unsigned(header, payload);
    size_t size = strlen(text);
    if (curfew_jose_key_sign(key, (struct curfew_slice){(const uint8_t *)text, size - 1}, signature, &error) !=
        CURFEW_OK) {
        fprintf(stderr, "forge: %s\n", error.text);
        abort();
    }
    curfew_base64url_encode((struct curfew_slice){signature, curfew_jose_key_signature_size(key)}, text + size);
    return text;
}

#endif
