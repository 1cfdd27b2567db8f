/* jwks: a set of public keys, from JSON. */
#include "core/jwks.h"
#include "core/base64url.h"
#include "core/file.h"
#include "core/id.h"
#include "core/json.h"
#include <curfew/event.h>
#include <stdlib.h>

#define NUMBER_MAX (CURFEW_JOSE_RSA_BITS_MOST / 8)

struct named_key {
    struct curfew_slice kid; /* into `json` or the key's thumbprint */
    struct curfew_jose_key *key;
};

struct curfew_jwks {
    struct curfew_json *json;
    size_t count;
    struct named_key keys[CURFEW_JWKS_KEYS_MAX];
};

/* The members that only a private or symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4). */
static const char *const secrets[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", NULL};

static bool holds_secret(const struct curfew_json *jwk)
{
    const char *const *name = secrets;
    while (*name != NULL && curfew_json_member(jwk, *name) == NULL) {
        name++;
    }
    return *name != NULL;
}

/* Whether a member is absent, or is exactly this string. */
static bool absent_or(const struct curfew_json *jwk, const char *name, const char *wanted)
{
    struct curfew_slice text;
    const struct curfew_json *member = curfew_json_member(jwk, name);
    return member == NULL || (curfew_json_string(member, &text) && curfew_slice_equal(text, curfew_slice_of(wanted)));
}

/* Whether "key_ops", if there, lets the key verify. */
static bool may_verify(const struct curfew_json *jwk)
{
    struct curfew_slice text;
    const struct curfew_json *operations = curfew_json_member(jwk, "key_ops");
    bool verifies = operations == NULL;
    for (size_t i = 0; i < curfew_json_count(operations) && !verifies; i++) {
        verifies = curfew_json_string(curfew_json_item(operations, i), &text) &&
                   curfew_slice_equal(text, curfew_slice_of("verify"));
    }
    return verifies;
}

static bool is(const struct curfew_json *jwk, const char *name, const char *wanted)
{
    return curfew_json_member(jwk, name) != NULL && absent_or(jwk, name, wanted);
}

/* What a key is for by its type and curve; false: for nothing here, by its use, its operations or its own algorithm. */
static bool purpose(const struct curfew_json *jwk, enum curfew_jose_algorithm *algorithm)
{
    if (is(jwk, "kty", "EC") && is(jwk, "crv", "P-256")) {
        *algorithm = CURFEW_JOSE_ES256;
    } else if (is(jwk, "kty", "RSA")) {
        *algorithm = CURFEW_JOSE_RS256;
    } else if (is(jwk, "kty", "OKP") && is(jwk, "crv", "Ed25519")) {
        *algorithm = CURFEW_JOSE_EDDSA;
    } else {
        return false;
    }
    return may_verify(jwk) && absent_or(jwk, "use", "sig") &&
           absent_or(jwk, "alg", curfew_jose_algorithm_name(*algorithm));
}

/* A number in base64url; empty when it is not there, not text or no longer fits an RSA modulus. */
static struct curfew_slice number(const struct curfew_json *jwk, const char *name, uint8_t bytes[NUMBER_MAX])
{
    struct curfew_slice text;
    size_t size = 0;
    bool ok = curfew_json_string(curfew_json_member(jwk, name), &text) &&
              text.size <= CURFEW_BASE64URL_SIZE(NUMBER_MAX) && curfew_base64url_decode(text, bytes, &size);
    return (struct curfew_slice){bytes, ok ? size : 0};
}

static const struct named_key *find(const struct curfew_jwks *jwks, struct curfew_slice kid)
{
    if (kid.size == 0) {
        return jwks->count == 1 ? &jwks->keys[0] : NULL;
    }
    for (size_t i = 0; i < jwks->count; i++) {
        if (curfew_slice_equal(jwks->keys[i].kid, kid)) {
            return &jwks->keys[i];
        }
    }
    return NULL;
}

static enum curfew_status add_key(struct curfew_jwks *jwks, const struct curfew_json *jwk, size_t index,
                                  enum curfew_jose_algorithm algorithm, struct curfew_error *error)
{
    struct curfew_error inner;
    uint8_t room[4][NUMBER_MAX];
    struct named_key *made = &jwks->keys[jwks->count];
    const struct curfew_json *kid = curfew_json_member(jwk, "kid");
    const struct curfew_jose_numbers numbers = {
        .x = number(jwk, "x", room[0]),
        .y = number(jwk, "y", room[1]),
        .n = number(jwk, "n", room[2]),
        .e = number(jwk, "e", room[3]),
    };
    enum curfew_status status = curfew_jose_key_public(algorithm, &numbers, &made->key, &inner);
    if (status != CURFEW_OK) {
        return curfew_error_set(error, status, "reading JWKS: keys[%zu]: %s", index, inner.text);
    }
    jwks->count++;
    made->kid = curfew_slice_of(curfew_jose_key_thumbprint(made->key));
    if (kid != NULL && (!curfew_json_string(kid, &made->kid) || !curfew_id_valid(made->kid))) {
        return curfew_error_set(error, CURFEW_INVALID, "reading JWKS: keys[%zu]: kid must be text of 1..%d bytes",
                                index, CURFEW_ID_MAX);
    }
    if (find(jwks, made->kid) != made) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading JWKS: keys[%zu]: another key before it has the same kid; name each its own",
                                index);
    }
    return CURFEW_OK;
}

static enum curfew_status add_keys(struct curfew_jwks *jwks, struct curfew_error *error)
{
    const struct curfew_json *keys = curfew_json_member(jwks->json, "keys");
    if (!curfew_json_is_array(keys)) {
        return curfew_error_set(error, CURFEW_INVALID, "reading JWKS: no array \"keys\" in it (RFC 7517 §5)");
    }
    if (curfew_json_count(keys) > CURFEW_JWKS_KEYS_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "reading JWKS: %zu keys are more than %d",
                                curfew_json_count(keys), CURFEW_JWKS_KEYS_MAX);
    }
    for (size_t i = 0; i < curfew_json_count(keys); i++) {
        const struct curfew_json *jwk = curfew_json_item(keys, i);
        if (!curfew_json_is_object(jwk)) {
            return curfew_error_set(error, CURFEW_INVALID, "reading JWKS: keys[%zu] is not an object", i);
        }
        if (holds_secret(jwk)) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "reading JWKS: keys[%zu] is a private or secret key; give hops public keys only, "
                                    "and replace that key: it has been where it should not be",
                                    i);
        }
        enum curfew_jose_algorithm algorithm;
        if (purpose(jwk, &algorithm)) {
            enum curfew_status status = add_key(jwks, jwk, i, algorithm, error);
            if (status != CURFEW_OK) {
                return status;
            }
        }
    }
    if (jwks->count == 0) {
        return curfew_error_set(error, CURFEW_INVALID, "reading JWKS: no key for ES256, RS256 or EdDSA in it");
    }
    return CURFEW_OK;
}

enum curfew_status curfew_jwks_parse(struct curfew_slice json, struct curfew_jwks **jwks, struct curfew_error *error)
{
    *jwks = NULL;
    if (json.size > CURFEW_JWKS_SIZE_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "reading JWKS: %zu bytes are more than %d", json.size,
                                CURFEW_JWKS_SIZE_MAX);
    }
    struct curfew_jwks *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading JWKS: out of memory");
    }
    enum curfew_status status = curfew_json_parse(json, &made->json, error);
    if (status == CURFEW_OK) {
        status = add_keys(made, error);
    }
    if (status != CURFEW_OK) {
        curfew_jwks_destroy(made);
        return status;
    }
    *jwks = made;
    return CURFEW_OK;
}

enum curfew_status curfew_jwks_load(const char *path, struct curfew_jwks **jwks, struct curfew_error *error)
{
    struct curfew_error inner;
    struct curfew_file file;
    struct curfew_file_request request = {path, "JWKS file", CURFEW_JWKS_SIZE_MAX, CURFEW_FILE_PUBLIC};
    *jwks = NULL;
    enum curfew_status status = curfew_file_read(&request, &file, error);
    if (status != CURFEW_OK) {
        return status;
    }
    status = curfew_jwks_parse((struct curfew_slice){file.bytes, file.size}, jwks, &inner);
    curfew_file_wipe(&file);
    if (status != CURFEW_OK) {
        return curfew_error_set(error, status, "%s: %s", path, inner.text);
    }
    return CURFEW_OK;
}

void curfew_jwks_destroy(struct curfew_jwks *jwks)
{
    if (jwks == NULL) {
        return;
    }
    for (size_t i = 0; i < jwks->count; i++) {
        curfew_jose_key_destroy(jwks->keys[i].key);
    }
    curfew_json_destroy(jwks->json);
    free(jwks);
}

const struct curfew_jose_key *curfew_jwks_find(const struct curfew_jwks *jwks, struct curfew_slice kid)
{
    const struct named_key *found = find(jwks, kid);
    return found == NULL ? NULL : found->key;
}
