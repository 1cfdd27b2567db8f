/* token: a JWT taken apart, its signature checked before its payload is believed. */
#include "consumer/token.h"
#include "consumer/claims.h"
#include "core/base64url.h"
#include <curfew/hop.h>
#include <stdlib.h>
#include <strings.h>

struct curfew_token {
    struct curfew_json *header;
    struct curfew_json *payload;
    enum curfew_jose_algorithm algorithm; /* what the header says: held against the key's */
    struct curfew_claims claims;
    struct curfew_claims_room room;
    char thumbprint[CURFEW_THUMBPRINT_SIZE];
};

/* JWS compact serialization (RFC 7515 §7.1), still encoded. */
struct parts {
    struct curfew_slice header;
    struct curfew_slice payload;
    struct curfew_slice signature;
    struct curfew_slice signed_text; /* header, dot, payload */
};

const char *curfew_token_fault_name(enum curfew_token_fault fault)
{
    switch (fault) {
    case CURFEW_TOKEN_GOOD:
        return "good";
    case CURFEW_TOKEN_MALFORMED:
        return "malformed";
    case CURFEW_TOKEN_ALGORITHM:
        return "algorithm";
    case CURFEW_TOKEN_TYPE:
        return "type";
    case CURFEW_TOKEN_KEY:
        return "key";
    case CURFEW_TOKEN_SIGNATURE:
        return "signature";
    case CURFEW_TOKEN_CLAIMS:
        return "claims";
    case CURFEW_TOKEN_ISSUER:
        return "issuer";
    case CURFEW_TOKEN_TENANT:
        return "tenant";
    }
    return "unknown";
}

static enum curfew_token_fault refuse(struct curfew_error *error, enum curfew_token_fault fault, const char *why)
{
    (void)curfew_error_set(error, CURFEW_INVALID, "reading a token: %s", why);
    return fault;
}

static bool split(struct curfew_slice text, struct parts *parts)
{
    const uint8_t *dots[2];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '.') {
            if (count == 2) {
                return false;
            }
            dots[count++] = text.at + i;
        }
    }
    if (count != 2) {
        return false;
    }
    const uint8_t *end = text.at + text.size;
    parts->header = (struct curfew_slice){text.at, (size_t)(dots[0] - text.at)};
    parts->payload = (struct curfew_slice){dots[0] + 1, (size_t)(dots[1] - dots[0] - 1)};
    parts->signature = (struct curfew_slice){dots[1] + 1, (size_t)(end - dots[1] - 1)};
    parts->signed_text = (struct curfew_slice){text.at, (size_t)(dots[1] - text.at)};
    return true;
}

/* A part that must be a JSON object. */
static enum curfew_token_fault read_object(struct curfew_slice part, const char *name, struct curfew_json **json,
                                           struct curfew_error *error)
{
    uint8_t bytes[CURFEW_TOKEN_MAX];
    size_t size = 0;
    struct curfew_error inner;
    if (!curfew_base64url_decode(part, bytes, &size)) {
        (void)curfew_error_set(error, CURFEW_INVALID, "reading a token: its %s is not base64url", name);
        return CURFEW_TOKEN_MALFORMED;
    }
    enum curfew_status status = curfew_json_parse((struct curfew_slice){bytes, size}, json, &inner);
    if (status != CURFEW_OK) {
        (void)curfew_error_set(error, status, "reading a token: its %s: %s", name, inner.text);
        return CURFEW_TOKEN_MALFORMED;
    }
    if (!curfew_json_is_object(*json)) {
        (void)curfew_error_set(error, CURFEW_INVALID, "reading a token: its %s is not a JSON object", name);
        return CURFEW_TOKEN_MALFORMED;
    }
    return CURFEW_TOKEN_GOOD;
}

/* RFC 9068 §2.1: typ is a media type, so its case does not matter. */
static bool is_access_token(struct curfew_slice typ)
{
    static const char *const names[] = {"at+jwt", "application/at+jwt"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (typ.size == strlen(names[i]) && strncasecmp((const char *)typ.at, names[i], typ.size) == 0) {
            return true;
        }
    }
    return false;
}

static enum curfew_token_fault check_header(const struct curfew_json *header, enum curfew_jose_algorithm *algorithm,
                                            struct curfew_error *error)
{
    struct curfew_slice text;
    if (!curfew_json_string(curfew_json_member(header, "alg"), &text) ||
        !curfew_jose_algorithm_parse(text, algorithm)) {
        return refuse(error, CURFEW_TOKEN_ALGORITHM, "its alg is none of ES256, RS256 and EdDSA");
    }
    if (!curfew_json_string(curfew_json_member(header, "typ"), &text) || !is_access_token(text)) {
        return refuse(error, CURFEW_TOKEN_TYPE, "its typ is not at+jwt, so it was not made for access (RFC 9068)");
    }
    if (curfew_json_member(header, "crit") != NULL) {
        return refuse(error, CURFEW_TOKEN_MALFORMED, "its header asks for extensions (crit), of which none is known");
    }
    return CURFEW_TOKEN_GOOD;
}

/* The key is found by its name alone; whether it fits what the token claims of itself is asked after (RFC 8725 §3.1).
 */
static enum curfew_token_fault find_key(const struct curfew_token *token, const struct curfew_jwks *jwks,
                                        const struct curfew_jose_key **key, struct curfew_error *error)
{
    struct curfew_slice kid = {NULL, 0};
    const struct curfew_json *member = curfew_json_member(token->header, "kid");
    if (member != NULL && (!curfew_json_string(member, &kid) || kid.size == 0)) {
        return refuse(error, CURFEW_TOKEN_KEY, "its kid is not the name of a key");
    }
    *key = curfew_jwks_find(jwks, kid);
    if (*key == NULL) {
        return refuse(error, CURFEW_TOKEN_KEY,
                      kid.size == 0 ? "it has no kid and there are several keys" : "its kid names no key of the set");
    }
    if (curfew_jose_key_algorithm(*key) != token->algorithm) {
        return refuse(error, CURFEW_TOKEN_ALGORITHM, "its alg is not that of the key its kid names");
    }
    return CURFEW_TOKEN_GOOD;
}

static enum curfew_token_fault check_signature(struct curfew_token *token, const struct parts *parts,
                                               const struct curfew_jwks *jwks, struct curfew_error *error)
{
    uint8_t bytes[CURFEW_JOSE_SIGNATURE_MAX];
    size_t size = 0;
    const struct curfew_jose_key *key = NULL;
    enum curfew_token_fault fault = find_key(token, jwks, &key, error);
    if (fault != CURFEW_TOKEN_GOOD) {
        return fault;
    }
    if (parts->signature.size != CURFEW_BASE64URL_SIZE(curfew_jose_key_signature_size(key))) {
        return refuse(error, CURFEW_TOKEN_SIGNATURE, "its signature is not as long as those of its key");
    }
    if (!curfew_base64url_decode(parts->signature, bytes, &size)) {
        return refuse(error, CURFEW_TOKEN_MALFORMED, "its signature is not base64url");
    }
    if (!curfew_jose_key_verify(key, parts->signed_text, (struct curfew_slice){bytes, size})) {
        return refuse(error, CURFEW_TOKEN_SIGNATURE, "its signature does not verify");
    }
    memcpy(token->thumbprint, curfew_jose_key_thumbprint(key), sizeof token->thumbprint);
    return CURFEW_TOKEN_GOOD;
}

/* The payload is read before the signature is checked for one word of it alone: whose keys to check it with. A key of
 * one issuer never vouches for another (RFC 8725 §3.8). */
static enum curfew_token_fault check_issuer(struct curfew_token *token, const struct parts *parts,
                                            const struct curfew_issuers *issuers, const struct curfew_issuer **issuer,
                                            struct curfew_error *error)
{
    struct curfew_slice name;
    if (!curfew_json_string(curfew_json_member(token->payload, "iss"), &name) || name.size == 0) {
        return refuse(error, CURFEW_TOKEN_CLAIMS, "its iss is not there, or no name");
    }
    *issuer = curfew_issuers_find(issuers, name);
    if (*issuer == NULL) {
        return refuse(error, CURFEW_TOKEN_ISSUER, "its iss is none of the issuers trusted here");
    }
    if (!curfew_issuer_signs_by(*issuer, token->algorithm)) {
        return refuse(error, CURFEW_TOKEN_ALGORITHM, "its alg is none its issuer may sign by");
    }
    return check_signature(token, parts, curfew_issuer_jwks(*issuer), error);
}

/* `issuers` NULL: read without asking who signed it. */
static enum curfew_token_fault fill(struct curfew_token *token, const struct parts *parts,
                                    const struct curfew_issuers *issuers, struct curfew_error *error)
{
    const struct curfew_issuer *issuer = NULL;
    enum curfew_token_fault fault = read_object(parts->header, "header", &token->header, error);
    if (fault == CURFEW_TOKEN_GOOD) {
        fault = check_header(token->header, &token->algorithm, error);
    }
    if (fault == CURFEW_TOKEN_GOOD) {
        fault = read_object(parts->payload, "payload", &token->payload, error);
    }
    if (fault == CURFEW_TOKEN_GOOD && issuers != NULL) {
        fault = check_issuer(token, parts, issuers, &issuer, error);
    }
    if (fault == CURFEW_TOKEN_GOOD &&
        curfew_claims_read(token->payload, &token->room, &token->claims, error) != CURFEW_OK) {
        fault = CURFEW_TOKEN_CLAIMS;
    }
    if (fault == CURFEW_TOKEN_GOOD && issuer != NULL && !curfew_issuer_speaks_for(issuer, token->claims.tenant)) {
        fault = refuse(error, CURFEW_TOKEN_TENANT, "its tenant is none its issuer may speak for");
    }
    token->claims.key = curfew_slice_of(token->thumbprint);
    return fault;
}

static enum curfew_token_fault take_apart(struct curfew_slice text, const struct curfew_issuers *issuers,
                                          struct curfew_token **token, struct curfew_error *error)
{
    struct parts parts;
    *token = NULL;
    if (text.size > CURFEW_TOKEN_MAX) {
        return refuse(error, CURFEW_TOKEN_MALFORMED, "it is longer than 16 KiB");
    }
    if (!split(text, &parts)) {
        return refuse(error, CURFEW_TOKEN_MALFORMED, "it does not have three parts with dots between");
    }
    struct curfew_token *made = calloc(1, sizeof *made);
    if (made == NULL) {
        (void)curfew_error_set(error, CURFEW_NOMEM, "reading a token: out of memory");
        return CURFEW_TOKEN_MALFORMED;
    }
    enum curfew_token_fault fault = fill(made, &parts, issuers, error);
    if (fault != CURFEW_TOKEN_GOOD) {
        curfew_token_destroy(made);
        return fault;
    }
    *token = made;
    return CURFEW_TOKEN_GOOD;
}

enum curfew_token_fault curfew_token_verify(struct curfew_slice text, const struct curfew_issuers *issuers,
                                            struct curfew_token **token, struct curfew_error *error)
{
    if (issuers == NULL) {
        *token = NULL;
        return refuse(error, CURFEW_TOKEN_KEY, "there are no keys to verify it with");
    }
    return take_apart(text, issuers, token, error);
}

enum curfew_token_fault curfew_token_read(struct curfew_slice text, struct curfew_token **token,
                                          struct curfew_error *error)
{
    return take_apart(text, NULL, token, error);
}

void curfew_token_destroy(struct curfew_token *token)
{
    if (token != NULL) {
        curfew_json_destroy(token->header);
        curfew_json_destroy(token->payload);
        free(token);
    }
}

const struct curfew_claims *curfew_token_claims(const struct curfew_token *token)
{
    return &token->claims;
}

int64_t curfew_token_not_before_us(const struct curfew_token *token)
{
    int64_t us = 0;
    return curfew_claims_date(curfew_json_member(token->payload, "nbf"), true, &us) ? us : 0;
}

bool curfew_token_has_audience(const struct curfew_token *token, const char *audience)
{
    struct curfew_slice text;
    struct curfew_slice wanted = curfew_slice_of(audience);
    const struct curfew_json *aud = curfew_json_member(token->payload, "aud");
    if (curfew_json_string(aud, &text)) {
        return curfew_slice_equal(text, wanted);
    }
    for (size_t i = 0; i < curfew_json_count(aud); i++) {
        if (curfew_json_string(curfew_json_item(aud, i), &text) && curfew_slice_equal(text, wanted)) {
            return true;
        }
    }
    return false;
}

char *curfew_token_json(const struct curfew_token *token)
{
    char *text = NULL;
    struct curfew_json *both = curfew_json_object();
    if (curfew_json_set(both, "header", curfew_json_of(token->header)) &&
        curfew_json_set(both, "claims", curfew_json_of(token->payload))) {
        text = curfew_json_print(both);
    }
    curfew_json_destroy(both);
    return text;
}
