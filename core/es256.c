/* es256: P-256 keys and signatures by OpenSSL's EVP calls. */
#include "core/es256.h"
#include "core/base64url.h"
#include "core/digest.h"
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#define POINT_SIZE (1 + 2 * CURFEW_ES256_COORDINATE_SIZE) /* SEC 1 §2.3.3, uncompressed */
#define COORDINATE_TEXT_SIZE (CURFEW_BASE64URL_SIZE(CURFEW_ES256_COORDINATE_SIZE) + 1)
#define DER_MAX 80 /* a P-256 ECDSA-Sig-Value is at most 72 bytes */

struct curfew_es256 {
    EVP_PKEY *pkey;
    char x[COORDINATE_TEXT_SIZE];
    char y[COORDINATE_TEXT_SIZE];
    char thumbprint[CURFEW_THUMBPRINT_SIZE];
};

/* Takes OpenSSL's oldest complaint off its queue, so that the next call of this thread begins with none. */
static const char *complaint(void)
{
    const char *reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return reason == NULL ? "no reason given" : reason;
}

static bool coordinate_text(const EVP_PKEY *pkey, const char *name, char text[COORDINATE_TEXT_SIZE])
{
    BIGNUM *number = NULL;
    uint8_t bytes[CURFEW_ES256_COORDINATE_SIZE];
    bool ok = EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
              BN_bn2binpad(number, bytes, (int)sizeof bytes) == (int)sizeof bytes;
    if (ok) {
        curfew_base64url_encode((struct curfew_slice){bytes, sizeof bytes}, text);
    }
    BN_free(number);
    return ok;
}

/* RFC 7638 §3: the required members alone, in order, without blanks. */
static void name_key(struct curfew_es256 *key)
{
    char jwk[160];
    uint8_t digest[CURFEW_SHA256_SIZE];
    snprintf(jwk, sizeof jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", key->x, key->y);
    struct curfew_slice part = curfew_slice_of(jwk);
    curfew_sha256(&part, 1, digest);
    curfew_base64url_encode((struct curfew_slice){digest, sizeof digest}, key->thumbprint);
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char group[64];
    size_t size = 0;
    return EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, &size) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

/* Takes `pkey` over, also when it fails. */
static enum curfew_status adopt(EVP_PKEY *pkey, struct curfew_es256 **key, struct curfew_error *error)
{
    struct curfew_es256 *made = calloc(1, sizeof *made);
    if (made == NULL) {
        EVP_PKEY_free(pkey);
        return curfew_error_set(error, CURFEW_NOMEM, "taking in a key: out of memory");
    }
    made->pkey = pkey;
    if (!is_p256(pkey) || !coordinate_text(pkey, OSSL_PKEY_PARAM_EC_PUB_X, made->x) ||
        !coordinate_text(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, made->y)) {
        curfew_es256_destroy(made);
        ERR_clear_error();
        return curfew_error_set(error, CURFEW_INVALID,
                                "taking in a key: it is not on the curve P-256, which ES256 signs with; make one with "
                                "`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`");
    }
    name_key(made);
    *key = made;
    return CURFEW_OK;
}

static bool checks(EVP_PKEY *pkey, int (*check)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool ok = context != NULL && check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return ok;
}

enum curfew_status curfew_es256_public(const uint8_t x[CURFEW_ES256_COORDINATE_SIZE],
                                       const uint8_t y[CURFEW_ES256_COORDINATE_SIZE], struct curfew_es256 **key,
                                       struct curfew_error *error)
{
    EVP_PKEY *pkey = NULL;
    uint8_t point[POINT_SIZE] = {4};
    char group[] = "P-256";
    *key = NULL;
    memcpy(point + 1, x, CURFEW_ES256_COORDINATE_SIZE);
    memcpy(point + 1 + CURFEW_ES256_COORDINATE_SIZE, y, CURFEW_ES256_COORDINATE_SIZE);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    bool ok = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) == 1 &&
              checks(pkey, EVP_PKEY_public_check);
    EVP_PKEY_CTX_free(context);
    if (!ok) {
        EVP_PKEY_free(pkey);
        return curfew_error_set(error, CURFEW_INVALID, "taking in a public key: no point of P-256 (%s)", complaint());
    }
    return adopt(pkey, key, error);
}

/* Without it OpenSSL would ask on the terminal. */
static int no_password(char *text, int size, int writing, void *context)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

enum curfew_status curfew_es256_private(struct curfew_slice pem, struct curfew_es256 **key, struct curfew_error *error)
{
    *key = NULL;
    BIO *source = BIO_new_mem_buf(pem.at, (int)pem.size);
    if (source == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading a private key: out of memory");
    }
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(source, NULL, no_password, NULL);
    BIO_free(source);
    if (pkey == NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading a private key: no unencrypted PEM private key in it (%s)", complaint());
    }
    if (is_p256(pkey) && !checks(pkey, EVP_PKEY_check)) {
        EVP_PKEY_free(pkey);
        return curfew_error_set(error, CURFEW_INVALID, "reading a private key: its halves do not fit together (%s)",
                                complaint());
    }
    return adopt(pkey, key, error);
}

enum curfew_status curfew_es256_generate(struct curfew_es256 **key, struct curfew_error *error)
{
    *key = NULL;
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    if (pkey == NULL) {
        return curfew_error_set(error, CURFEW_INTERNAL, "making a P-256 key: %s", complaint());
    }
    return adopt(pkey, key, error);
}

void curfew_es256_destroy(struct curfew_es256 *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey); /* clears the private half */
        free(key);
    }
}

enum curfew_status curfew_es256_print(const struct curfew_es256 *key, char *pem, size_t capacity, size_t *size,
                                      struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    char *text = NULL;
    *size = 0;
    BIO *sink = BIO_new(BIO_s_secmem()); /* wiped when freed */
    if (sink == NULL || PEM_write_bio_PKCS8PrivateKey(sink, key->pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        status = curfew_error_set(error, CURFEW_INTERNAL, "printing a private key: %s", complaint());
        goto out;
    }
    long length = BIO_get_mem_data(sink, &text);
    if (length < 0 || (size_t)length > capacity) {
        status = curfew_error_set(error, CURFEW_FULL, "printing a private key: it needs %ld bytes, not %zu", length,
                                  capacity);
        goto out;
    }
    memcpy(pem, text, (size_t)length);
    *size = (size_t)length;
out:
    BIO_free(sink);
    return status;
}

const char *curfew_es256_x(const struct curfew_es256 *key)
{
    return key->x;
}

const char *curfew_es256_y(const struct curfew_es256 *key)
{
    return key->y;
}

const char *curfew_es256_thumbprint(const struct curfew_es256 *key)
{
    return key->thumbprint;
}

/* ASN.1 ECDSA-Sig-Value to r || s. */
static bool der_to_raw(const uint8_t *der, size_t size, uint8_t raw[CURFEW_ES256_SIGNATURE_SIZE])
{
    const unsigned char *at = der;
    const int half = CURFEW_ES256_SIGNATURE_SIZE / 2;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
    bool ok = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, half) == half &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + half, half) == half;
    ECDSA_SIG_free(pair);
    return ok;
}

/* r || s to ASN.1; the size written, 0 when it fails. */
static size_t raw_to_der(const uint8_t raw[CURFEW_ES256_SIGNATURE_SIZE], uint8_t der[DER_MAX])
{
    const int half = CURFEW_ES256_SIGNATURE_SIZE / 2;
    unsigned char *at = der;
    int size = 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, half, NULL);
    BIGNUM *s = BN_bin2bn(raw + half, half, NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        size = i2d_ECDSA_SIG(pair, &at);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return size > 0 ? (size_t)size : 0;
}

enum curfew_status curfew_es256_sign(const struct curfew_es256 *key, struct curfew_slice input,
                                     uint8_t signature[CURFEW_ES256_SIGNATURE_SIZE], struct curfew_error *error)
{
    uint8_t der[DER_MAX];
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key->pkey, NULL) == 1 &&
              EVP_DigestSign(context, der, &size, input.at, input.size) == 1 && der_to_raw(der, size, signature);
    EVP_MD_CTX_free(context);
    return ok ? CURFEW_OK : curfew_error_set(error, CURFEW_INTERNAL, "signing by ES256: %s", complaint());
}

bool curfew_es256_verify(const struct curfew_es256 *key, struct curfew_slice input, struct curfew_slice signature)
{
    uint8_t der[DER_MAX];
    if (signature.size != CURFEW_ES256_SIGNATURE_SIZE) {
        return false;
    }
    size_t size = raw_to_der(signature.at, der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = size > 0 && context != NULL &&
              EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, key->pkey, NULL) == 1 &&
              EVP_DigestVerify(context, der, size, input.at, input.size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error(); /* a bad signature is not an error of this thread's next call */
    return ok;
}
