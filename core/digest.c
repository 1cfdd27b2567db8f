/* digest: SHA-256 and random bytes by OpenSSL, and the small encodings that go with them. */
#include "core/digest.h"
#include <limits.h>
#include <openssl/evp.h>
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
