/* seal_keys: ES256 signatures of coordinators, by keys in files. */
#include "core/seal_keys.h"

#include "core/clock.h"
#include "core/config.h"
#include "core/file.h"
#include "core/jose_file.h"
#include "core/jwks.h"
#include "core/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_US CURFEW_US_PER_S /* least time between two looks at the file */

struct curfew_seal_keys {
    const char *path;
    struct curfew_jwks *jwks;
    struct curfew_file_stamp stamp;
    int64_t looked_us; /* boot time */
    char problem[CURFEW_ERROR_TEXT_SIZE]; /* as logged last; empty: none */
};

static void sign(void *self, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE], uint8_t signature[CURFEW_SEAL_SIZE])
{
    uint8_t made[CURFEW_JOSE_SIGNATURE_MAX];
    const struct curfew_slice input = {digest, CURFEW_SEAL_DIGEST_SIZE};
    struct curfew_error error = {.text = ""};
    if (curfew_jose_key_sign(self, input, made, &error) != CURFEW_OK) {
        fprintf(stderr, "curfew: a coordinator that cannot sign is of no use; giving up: %s\n", error.text);
        abort(); /* another goes on, or this one after its restart */
    }
    memcpy(signature, made, CURFEW_SEAL_SIZE);
}

enum curfew_status curfew_seal_key_open(const struct curfew_config *config, struct curfew_jose_key **key,
                                        struct curfew_sealer *sealer, struct curfew_error *error)
{
    const char *path = NULL;
    *key = NULL;
    enum curfew_status status = curfew_config_get(config, "coordinator.key_file", &path, error);
    if (status == CURFEW_OK) {
        status = curfew_jose_file_load(path, "the coordinator's key", key, error);
    }
    if (status == CURFEW_OK && curfew_jose_key_algorithm(*key) != CURFEW_JOSE_ES256) {
        status =
            curfew_error_set(error, CURFEW_INVALID,
                             "reading the coordinator's key %s: it is for %s, and coordinators sign by ES256; make "
                             "one with curfew token keygen --alg ES256",
                             path, curfew_jose_algorithm_name(curfew_jose_key_algorithm(*key)));
    }
    if (status != CURFEW_OK) {
        curfew_jose_key_destroy(*key);
        *key = NULL;
        return status;
    }
    *sealer = (struct curfew_sealer){sign, curfew_slice_of(curfew_jose_key_thumbprint(*key)), *key};
    return CURFEW_OK;
}

void curfew_seal_key_close(struct curfew_jose_key *key)
{
    curfew_jose_key_destroy(key);
}

static enum curfew_status load(struct curfew_seal_keys *keys, struct curfew_error *error)
{
    struct curfew_jwks *made = NULL;
    struct curfew_file_stamp stamp;
    curfew_file_stamp(keys->path, &stamp); /* before it is read: a change in between shows at the next look */
    const enum curfew_status status = curfew_jwks_load(keys->path, &made, error);
    if (status == CURFEW_OK) {
        curfew_jwks_destroy(keys->jwks);
        keys->jwks = made;
        keys->stamp = stamp;
        keys->problem[0] = '\0';
    }
    return status;
}

enum curfew_status curfew_seal_keys_open(const struct curfew_config *config, struct curfew_seal_keys **keys,
                                         struct curfew_error *error)
{
    struct curfew_seal_keys *made = calloc(1, sizeof *made);
    *keys = NULL;
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading the coordinators' keys: out of memory");
    }
    enum curfew_status status = curfew_config_get(config, "coordinators.keys_file", &made->path, error);
    if (status == CURFEW_OK) {
        status = load(made, error);
    }
    if (status != CURFEW_OK) {
        curfew_seal_keys_close(made);
        return status;
    }
    made->looked_us = curfew_clock_now().boot_us;
    *keys = made;
    return CURFEW_OK;
}

void curfew_seal_keys_close(struct curfew_seal_keys *keys)
{
    if (keys != NULL) {
        curfew_jwks_destroy(keys->jwks);
        free(keys);
    }
}

static void look(struct curfew_seal_keys *keys)
{
    const int64_t now_us = curfew_clock_now().boot_us;
    struct curfew_file_stamp stamp;
    struct curfew_error error = {.text = ""};
    if (now_us - keys->looked_us < LOOK_US) {
        return;
    }
    keys->looked_us = now_us;
    curfew_file_stamp(keys->path, &stamp);
    if (!curfew_file_stamp_same(&stamp, &keys->stamp) && load(keys, &error) != CURFEW_OK &&
        strcmp(keys->problem, error.text) != 0) {
        (void)snprintf(keys->problem, sizeof keys->problem, "%s", error.text);
        curfew_log(CURFEW_LOG_WARNING, "keys", "the last good keys of coordinators stay in use: %s", error.text);
    }
}

static enum curfew_seal verify(void *self, struct curfew_slice key_id, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE],
                               struct curfew_slice signature)
{
    struct curfew_seal_keys *keys = self;
    look(keys);
    const struct curfew_jose_key *key = curfew_jwks_find(keys->jwks, key_id);
    if (key == NULL || curfew_jose_key_algorithm(key) != CURFEW_JOSE_ES256) {
        return CURFEW_SEAL_UNKNOWN_KEY;
    }
    const struct curfew_slice input = {digest, CURFEW_SEAL_DIGEST_SIZE};
    return curfew_jose_key_verify(key, input, signature) ? CURFEW_SEAL_GOOD : CURFEW_SEAL_FORGED;
}

struct curfew_seal_judge curfew_seal_keys_judge(struct curfew_seal_keys *keys)
{
    return (struct curfew_seal_judge){verify, keys};
}
