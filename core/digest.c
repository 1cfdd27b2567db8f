/* digest: SHA-256, HMAC, HKDF and random bytes by OpenSSL, and the small encodings that go with them. */
#include "core/digest.h"
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

/* Without hashes or randomness every answer would be a guess, so the process ends rather than give one. */
static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "curfew: OpenSSL cannot %s; giving up\n", what);
    abort();
}

void curfew_sha256(const struct curfew_slice *parts, size_t count, uint8_t digest[CURFEW_SHA256_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        give_up("begin a SHA-256");
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0 && EVP_DigestUpdate(context, parts[i].at, parts[i].size) != 1) {
            give_up("go on with a SHA-256");
        }
    }
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(context, digest, &size) != 1 || size != CURFEW_SHA256_SIZE) {
        give_up("finish a SHA-256");
    }
    EVP_MD_CTX_free(context);
}

struct curfew_hmac {
    EVP_MAC_CTX *begun; /* never summed with: each sum goes on from a copy */
};

struct curfew_hmac *curfew_hmac_create(const uint8_t *key, size_t size)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    struct curfew_hmac *hmac = malloc(sizeof *hmac);
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (hmac == NULL || algorithm == NULL) {
        give_up("find HMAC");
    }
    hmac->begun = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);
    if (hmac->begun == NULL || EVP_MAC_init(hmac->begun, key, size, params) != 1) {
        give_up("begin an HMAC");
    }
    return hmac;
}

void curfew_hmac_destroy(struct curfew_hmac *hmac)
{
    if (hmac != NULL) {
        EVP_MAC_CTX_free(hmac->begun); /* wipes the key */
        free(hmac);
    }
}

void curfew_hmac_sum(const struct curfew_hmac *hmac, const struct curfew_slice *parts, size_t count,
                     uint8_t sum[CURFEW_SHA256_SIZE])
{
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(hmac->begun);
    if (context == NULL) {
        give_up("go on with an HMAC");
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].size > 0 && EVP_MAC_update(context, parts[i].at, parts[i].size) != 1) {
            give_up("go on with an HMAC");
        }
    }
    size_t size = 0;
    if (EVP_MAC_final(context, sum, &size, CURFEW_SHA256_SIZE) != 1 || size != CURFEW_SHA256_SIZE) {
        give_up("finish an HMAC");
    }
    EVP_MAC_CTX_free(context);
}

void curfew_hkdf(struct curfew_slice secret, struct curfew_slice salt, struct curfew_slice info,
                 uint8_t key[CURFEW_SHA256_SIZE])
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.at, secret.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.at, salt.size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.at, info.size),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *algorithm = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = algorithm == NULL ? NULL : EVP_KDF_CTX_new(algorithm);
    if (context == NULL || EVP_KDF_derive(context, key, CURFEW_SHA256_SIZE, params) != 1) {
        give_up("derive a key");
    }
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(algorithm);
}

bool curfew_same_secret(const uint8_t *a, const uint8_t *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void curfew_random(void *bytes, size_t size)
{
    if (size > INT_MAX || RAND_bytes(bytes, (int)size) != 1) {
        give_up("make random bytes");
    }
}

void curfew_hex(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * size] = '\0';
}

void curfew_put_be32(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

void curfew_put_be64(uint8_t *at, uint64_t value)
{
    curfew_put_be32(at, (uint32_t)(value >> 32));
    curfew_put_be32(at + 4, (uint32_t)value);
}
