/* jwks: any bytes as a key set.
 *
 * What must hold. A set is taken only where a plain look at its JSON finds 1..64 keys, none with a private or symmetric
 * part, and no kid twice among those that can verify. A kid it does not have verifies nothing. A signature verifies
 * with a kid only if that key's point is the signer's; with the signer's own point under a kid it does verify. A
 * refusal says why and gives no set.
 *
 * Input: a key set; in it every `KX` and `KY` stands for the coordinates of a fixed key. */
#include "core/jwks.h"
#include "core/json.h"
#include "input.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct curfew_jose_key *key;
static char key_x[64];
static char key_y[64];
static uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
static const char signed_text[] = "header.payload";

static void open_key(void)
{
    struct curfew_error error;
    input_require(curfew_jose_key_private(curfew_slice_of(input_key_pem), &key, &error) == CURFEW_OK, "the key loads");
    input_require(curfew_jose_key_sign(key, curfew_slice_of(signed_text), signature, &error) == CURFEW_OK, "it signs");
    input_require(sscanf(curfew_jose_key_jwk(key),
                         "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%63[^\"]\",\"y\":\"%63[^\"]", key_x, key_y) == 2,
                  "it has coordinates");
}

/* A coordinate of the fixed key is too long and too random to be made up. malloc'ed. */
static uint8_t *expand(const uint8_t *data, size_t size, size_t *grown)
{
    const size_t coordinate = strlen(key_x);
    uint8_t *text = malloc(size / 2 * coordinate + size + 1);
    size_t used = 0;
    input_require(text != NULL, "there is memory");
    for (size_t i = 0; i < size; i++) {
        if (data[i] == 'K' && i + 1 < size && (data[i + 1] == 'X' || data[i + 1] == 'Y')) {
            memcpy(text + used, data[i + 1] == 'X' ? key_x : key_y, coordinate);
            used += coordinate;
            i++;
        } else {
            text[used++] = data[i];
        }
    }
    *grown = used;
    return text;
}

static bool verifies(const struct curfew_jwks *jwks, struct curfew_slice kid)
{
    const struct curfew_jose_key *found = curfew_jwks_find(jwks, kid);
    bool good = found != NULL &&
                curfew_jose_key_verify(found, curfew_slice_of(signed_text), (struct curfew_slice){signature, 64});
    input_require(!good || strcmp(curfew_jose_key_thumbprint(found), curfew_jose_key_thumbprint(key)) == 0,
                  "what verifies was signed by the key it names");
    return good;
}

static bool member_is(const struct curfew_json *jwk, const char *name, const char *wanted)
{
    struct curfew_slice text;
    return curfew_json_string(curfew_json_member(jwk, name), &text) &&
           curfew_slice_equal(text, curfew_slice_of(wanted));
}

static void check_key(const struct curfew_jwks *jwks, const struct curfew_json *jwk)
{
    static const char *const secrets[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    struct curfew_slice kid = {NULL, 0};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        input_require(curfew_json_member(jwk, secrets[i]) == NULL, "no set with a secret in it is taken");
    }
    bool plain = member_is(jwk, "kty", "EC") && member_is(jwk, "crv", "P-256") &&
                 curfew_json_member(jwk, "use") == NULL && curfew_json_member(jwk, "key_ops") == NULL &&
                 curfew_json_member(jwk, "alg") == NULL;
    bool ours = member_is(jwk, "x", key_x) && member_is(jwk, "y", key_y);
    if (!curfew_json_string(curfew_json_member(jwk, "kid"), &kid)) {
        kid = (struct curfew_slice){NULL, 0};
    }
    if (kid.size > 0 && plain) {
        input_require(curfew_jwks_find(jwks, kid) != NULL, "a key for ES256 is there by its name");
        input_require(verifies(jwks, kid) == ours, "it verifies its own signatures and no others");
    } else if (kid.size > 0) {
        (void)verifies(jwks, kid); /* another key may have that name */
    }
}

/* The same bytes, looked at as plain JSON. */
static void check_set(const struct curfew_jwks *jwks, struct curfew_slice text)
{
    struct curfew_json *json = NULL;
    input_require(curfew_json_parse(text, &json, NULL) == CURFEW_OK, "a key set is JSON");
    const struct curfew_json *keys = curfew_json_member(json, "keys");
    size_t count = curfew_json_count(keys);
    input_require(count >= 1 && count <= CURFEW_JWKS_KEYS_MAX, "it holds 1..64 keys");
    for (size_t i = 0; i < count; i++) {
        check_key(jwks, curfew_json_item(keys, i));
    }
    if (curfew_jwks_find(jwks, (struct curfew_slice){NULL, 0}) != NULL) {
        (void)verifies(jwks, (struct curfew_slice){NULL, 0});
    } else {
        input_require(count > 1, "the only key needs no name");
    }
    input_require(!verifies(jwks, curfew_slice_of("a name no key has\n")), "a name no key has verifies nothing");
    curfew_json_destroy(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error = {.status = CURFEW_OK};
    size_t grown = 0;
    if (key == NULL) {
        open_key();
    }
    uint8_t *expanded = expand(data, size, &grown);
    uint8_t *exact = malloc(grown == 0 ? 1 : grown);
    input_require(exact != NULL, "there is memory");
    memcpy(exact, expanded, grown);
    const struct curfew_slice text = {exact, grown};
    if (curfew_jwks_parse(text, &jwks, &error) == CURFEW_OK) {
        check_set(jwks, text);
    } else {
        input_require(jwks == NULL && error.status == CURFEW_INVALID && error.text[0] != '\0', "a refusal says why");
    }
    curfew_jwks_destroy(jwks);
    free(expanded);
    free(exact);
    return 0;
}
