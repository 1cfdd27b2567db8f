/* signer: a key file and what is signed with it. */
#include "services/issuer/signer.h"
#include "core/base64url.h"
#include "core/file.h"
#include "core/jose_file.h"
#include "core/json.h"
#include <stdio.h>
#include <stdlib.h>

#define HEADER_MAX 128 /* {"alg":"ES256","typ":"at+jwt","kid":"<43 characters>"} */

struct curfew_signer {
    struct curfew_jose_key *key;
};

static enum curfew_status wrap(struct curfew_jose_key *key, struct curfew_signer **signer, struct curfew_error *error)
{
    *signer = malloc(sizeof **signer);
    if (*signer == NULL) {
        curfew_jose_key_destroy(key);
        return curfew_error_set(error, CURFEW_NOMEM, "taking in a signing key: out of memory");
    }
    (*signer)->key = key;
    return CURFEW_OK;
}

enum curfew_status curfew_signer_load(const char *path, struct curfew_signer **signer, struct curfew_error *error)
{
    struct curfew_jose_key *key = NULL;
    *signer = NULL;
    enum curfew_status status = curfew_jose_file_load(path, "signing key", &key, error);
    if (status != CURFEW_OK) {
        return status;
    }
    return wrap(key, signer, error);
}

void curfew_signer_destroy(struct curfew_signer *signer)
{
    if (signer != NULL) {
        curfew_jose_key_destroy(signer->key);
        free(signer);
    }
}

enum curfew_status curfew_signer_generate(enum curfew_jose_algorithm algorithm, const char *path, char **jwks,
                                          struct curfew_error *error)
{
    struct curfew_signer *signer = NULL;
    struct curfew_jose_key *key = NULL;
    char pem[CURFEW_JOSE_FILE_MAX];
    size_t size = 0;
    *jwks = NULL;
    enum curfew_status status = curfew_jose_key_generate(algorithm, &key, error);
    if (status == CURFEW_OK) {
        status = wrap(key, &signer, error);
    }
    if (status != CURFEW_OK) {
        return status;
    }
    status = curfew_jose_key_print(signer->key, pem, sizeof pem, &size, error);
    if (status != CURFEW_OK) {
        goto out;
    }
    *jwks = curfew_signer_jwks(signer);
    if (*jwks == NULL) {
        status = curfew_error_set(error, CURFEW_NOMEM, "printing a key set: out of memory");
        goto out;
    }
    status = curfew_file_create_private(path, "signing key", (struct curfew_slice){(const uint8_t *)pem, size}, error);
out:
    explicit_bzero(pem, sizeof pem);
    curfew_signer_destroy(signer);
    if (status != CURFEW_OK) {
        free(*jwks);
        *jwks = NULL;
    }
    return status;
}

static bool set_text(struct curfew_json *object, const char *name, const char *text)
{
    return curfew_json_set(object, name, curfew_json_of_string(curfew_slice_of(text)));
}

char *curfew_signer_jwks(const struct curfew_signer *signer)
{
    char *text = NULL;
    struct curfew_json *set = curfew_json_object();
    struct curfew_json *keys = curfew_json_array();
    struct curfew_json *jwk = NULL;
    bool ok = curfew_json_parse(curfew_slice_of(curfew_jose_key_jwk(signer->key)), &jwk, NULL) == CURFEW_OK &&
              set_text(jwk, "use", "sig") &&
              set_text(jwk, "alg", curfew_jose_algorithm_name(curfew_jose_key_algorithm(signer->key))) &&
              set_text(jwk, "kid", curfew_jose_key_thumbprint(signer->key));
    ok = curfew_json_append(keys, jwk) && ok;
    ok = curfew_json_set(set, "keys", keys) && ok;
    if (ok) {
        text = curfew_json_print(set);
    }
    curfew_json_destroy(set);
    return text;
}

const char *curfew_signer_thumbprint(const struct curfew_signer *signer)
{
    return curfew_jose_key_thumbprint(signer->key);
}

enum curfew_status curfew_signer_sign(const struct curfew_signer *signer, struct curfew_slice payload, char **token,
                                      struct curfew_error *error)
{
    char header[HEADER_MAX];
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    int length =
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
                 curfew_jose_algorithm_name(curfew_jose_key_algorithm(signer->key)), curfew_signer_thumbprint(signer));
    size_t signed_size = CURFEW_BASE64URL_SIZE((size_t)length) + 1 + CURFEW_BASE64URL_SIZE(payload.size);
    struct curfew_slice made = {signature, curfew_jose_key_signature_size(signer->key)};
    size_t size = signed_size + 1 + CURFEW_BASE64URL_SIZE(made.size) + 1;
    *token = NULL;
    char *text = malloc(size);
    if (text == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "signing a token: out of memory");
    }
    curfew_base64url_encode(curfew_slice_of(header), text);
    size_t used = strlen(text);
    text[used] = '.';
    curfew_base64url_encode(payload, text + used + 1);
    enum curfew_status status =
        curfew_jose_key_sign(signer->key, (struct curfew_slice){(const uint8_t *)text, signed_size}, signature, error);
    if (status != CURFEW_OK) {
        free(text); /* unsigned, it is worth nothing */
        return status;
    }
    text[signed_size] = '.';
    curfew_base64url_encode(made, text + signed_size + 1);
    *token = text;
    return CURFEW_OK;
}
