/* jose_key: keys and signatures by OpenSSL's EVP calls. */
#include "core/jose_key.h"
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
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#define POINT_SIZE (1 + 2 * CURFEW_JOSE_POINT_SIZE) /* SEC 1 §2.3.3, uncompressed */
#define PAIR_SIZE (2 * CURFEW_JOSE_POINT_SIZE) /* r || s */
#define MODULUS_MAX (CURFEW_JOSE_RSA_BITS_MOST / 8)
#define EXPONENT_LEAST 65537
#define EXPONENT_BITS_MOST 64 /* a longer one only makes verifying slow */
#define NUMBER_TEXT_SIZE (CURFEW_BASE64URL_SIZE(MODULUS_MAX) + 1)
#define JWK_MAX (NUMBER_TEXT_SIZE + 64)
#define DER_MAX 80 /* a P-256 ECDSA-Sig-Value is at most 72 bytes */

struct curfew_jose_key {
    EVP_PKEY *pkey;
    enum curfew_jose_algorithm algorithm;
    size_t signature_size;
    char jwk[JWK_MAX];
    char thumbprint[CURFEW_THUMBPRINT_SIZE];
};

static const struct {
    const char *name;
    const char *type; /* OpenSSL's */
    const char *digest; /* NULL: part of the algorithm */
} kinds[CURFEW_JOSE_ALGORITHMS] = {
    [CURFEW_JOSE_ES256] = {"ES256", "EC", "SHA256"},
    [CURFEW_JOSE_RS256] = {"RS256", "RSA", "SHA256"},
    [CURFEW_JOSE_EDDSA] = {"EdDSA", "ED25519", NULL},
};

const char *curfew_jose_algorithm_name(enum curfew_jose_algorithm algorithm)
{
    return kinds[algorithm].name;
}

bool curfew_jose_algorithm_parse(struct curfew_slice name, enum curfew_jose_algorithm *algorithm)
{
    for (int i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
        if (curfew_slice_equal(name, curfew_slice_of(kinds[i].name))) {
            *algorithm = (enum curfew_jose_algorithm)i;
            return true;
        }
    }
    return false;
}

/* Takes OpenSSL's oldest complaint off its queue, so that the next call of this thread begins with none. */
static const char *complaint(void)
{
    const char *reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return reason == NULL ? "no reason given" : reason;
}

/* A number of the key as base64url: `width` bytes of it, or as many as it needs (0). */
static bool number_text(const EVP_PKEY *pkey, const char *name, int width, char text[NUMBER_TEXT_SIZE])
{
    BIGNUM *number = NULL;
    uint8_t bytes[MODULUS_MAX];
    bool ok = EVP_PKEY_get_bn_param(pkey, name, &number) == 1;
    int size = ok && width == 0 ? BN_num_bytes(number) : width;
    ok = ok && size <= (int)sizeof bytes && BN_bn2binpad(number, bytes, size) == size;
    if (ok) {
        curfew_base64url_encode((struct curfew_slice){bytes, (size_t)size}, text);
    }
    BN_free(number);
    return ok;
}

/* The points of Ed25519 whose order divides 8, by their y, little-endian, without the sign of x; and what is no y below
 * the prime 2^255 - 19. With such a key a signature can be made up without any private half. */
static bool is_small_or_loose(const uint8_t point[CURFEW_JOSE_POINT_SIZE])
{
    static const uint8_t order_8[2][CURFEW_JOSE_POINT_SIZE] = {
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    };
    uint8_t y[CURFEW_JOSE_POINT_SIZE];
    memcpy(y, point, sizeof y);
    y[sizeof y - 1] &= 0x7f;
    bool low = y[0] <= 1; /* 0 or 1 */
    bool high = y[0] >= 0xec && y[sizeof y - 1] == 0x7f; /* the prime less 1, and all from the prime on */
    for (size_t i = 1; i < sizeof y; i++) {
        low = low && y[i] == 0;
        high = high && (i == sizeof y - 1 || y[i] == 0xff);
    }
    return low || high || memcmp(y, order_8[0], sizeof y) == 0 || memcmp(y, order_8[1], sizeof y) == 0;
}

/* Each describe_* writes the JWK and says whether the key is one we take. */
static bool describe_ec(struct curfew_jose_key *key)
{
    char group[64];
    char x[NUMBER_TEXT_SIZE];
    char y[NUMBER_TEXT_SIZE];
    size_t size = 0;
    if (EVP_PKEY_get_group_name(key->pkey, group, sizeof group, &size) != 1 ||
        (strcmp(group, "prime256v1") != 0 && strcmp(group, "P-256") != 0) ||
        !number_text(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, CURFEW_JOSE_POINT_SIZE, x) ||
        !number_text(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, CURFEW_JOSE_POINT_SIZE, y)) {
        return false;
    }
    (void)snprintf(key->jwk, sizeof key->jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.64s\",\"y\":\"%.64s\"}", x,
                   y);
    key->signature_size = PAIR_SIZE;
    return true;
}

static bool exponent_ok(const EVP_PKEY *pkey)
{
    BIGNUM *e = NULL;
    BIGNUM *least = BN_new();
    bool ok = least != NULL && BN_set_word(least, EXPONENT_LEAST) == 1 &&
              EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) && BN_cmp(e, least) >= 0 &&
              BN_num_bits(e) <= EXPONENT_BITS_MOST;
    BN_free(e);
    BN_free(least);
    return ok;
}

static bool describe_rsa(struct curfew_jose_key *key)
{
    char n[NUMBER_TEXT_SIZE];
    char e[NUMBER_TEXT_SIZE];
    int bits = EVP_PKEY_get_bits(key->pkey);
    if (bits < CURFEW_JOSE_RSA_BITS_LEAST || bits > CURFEW_JOSE_RSA_BITS_MOST || !exponent_ok(key->pkey) ||
        !number_text(key->pkey, OSSL_PKEY_PARAM_RSA_N, 0, n) || !number_text(key->pkey, OSSL_PKEY_PARAM_RSA_E, 0, e)) {
        return false;
    }
    (void)snprintf(key->jwk, sizeof key->jwk, "{\"e\":\"%.16s\",\"kty\":\"RSA\",\"n\":\"%s\"}", e, n);
    key->signature_size = (size_t)(bits + 7) / 8;
    return true;
}

static bool describe_ed25519(struct curfew_jose_key *key)
{
    uint8_t point[CURFEW_JOSE_POINT_SIZE];
    char x[CURFEW_BASE64URL_SIZE(CURFEW_JOSE_POINT_SIZE) + 1];
    size_t size = sizeof point;
    if (EVP_PKEY_get_raw_public_key(key->pkey, point, &size) != 1 || size != sizeof point || is_small_or_loose(point)) {
        return false;
    }
    curfew_base64url_encode((struct curfew_slice){point, sizeof point}, x);
    (void)snprintf(key->jwk, sizeof key->jwk, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
    key->signature_size = PAIR_SIZE;
    return true;
}

static bool describe(struct curfew_jose_key *key)
{
    if (EVP_PKEY_is_a(key->pkey, kinds[CURFEW_JOSE_ES256].type)) {
        key->algorithm = CURFEW_JOSE_ES256;
        return describe_ec(key);
    }
    if (EVP_PKEY_is_a(key->pkey, kinds[CURFEW_JOSE_RS256].type)) {
        key->algorithm = CURFEW_JOSE_RS256;
        return describe_rsa(key);
    }
    key->algorithm = CURFEW_JOSE_EDDSA;
    return EVP_PKEY_is_a(key->pkey, kinds[CURFEW_JOSE_EDDSA].type) && describe_ed25519(key);
}

/* Takes `pkey` over, also when it fails. */
static enum curfew_status adopt(EVP_PKEY *pkey, struct curfew_jose_key **key, struct curfew_error *error)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    struct curfew_jose_key *made = calloc(1, sizeof *made);
    if (made == NULL) {
        EVP_PKEY_free(pkey);
        return curfew_error_set(error, CURFEW_NOMEM, "taking in a key: out of memory");
    }
    made->pkey = pkey;
    if (!describe(made)) {
        curfew_jose_key_destroy(made);
        ERR_clear_error();
        return curfew_error_set(error, CURFEW_INVALID,
                                "taking in a key: it is none of EC on P-256 (ES256), RSA of %d to %d bits with an odd "
                                "exponent from 65537 to 64 bits long (RS256), and Ed25519 (EdDSA); make one with "
                                "`curfew token keygen`",
                                CURFEW_JOSE_RSA_BITS_LEAST, CURFEW_JOSE_RSA_BITS_MOST);
    }
    struct curfew_slice jwk = curfew_slice_of(made->jwk);
    curfew_sha256(&jwk, 1, digest);
    curfew_base64url_encode((struct curfew_slice){digest, sizeof digest}, made->thumbprint);
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

static EVP_PKEY *from_parameters(enum curfew_jose_algorithm algorithm, OSSL_PARAM *parameters)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kinds[algorithm].type, NULL);
    bool ok = context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
              EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) == 1 &&
              checks(pkey, EVP_PKEY_public_check);
    EVP_PKEY_CTX_free(context);
    if (!ok) {
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}

static EVP_PKEY *public_ec(const struct curfew_jose_numbers *numbers)
{
    uint8_t point[POINT_SIZE] = {4};
    char group[] = "P-256";
    if (numbers->x.size != CURFEW_JOSE_POINT_SIZE || numbers->y.size != CURFEW_JOSE_POINT_SIZE) {
        return NULL;
    }
    memcpy(point + 1, numbers->x.at, CURFEW_JOSE_POINT_SIZE);
    memcpy(point + 1 + CURFEW_JOSE_POINT_SIZE, numbers->y.at, CURFEW_JOSE_POINT_SIZE);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    return from_parameters(CURFEW_JOSE_ES256, parameters);
}

/* The sizes are checked before OpenSSL sees the numbers: what is far too long costs nothing. */
static EVP_PKEY *public_rsa(const struct curfew_jose_numbers *numbers)
{
    EVP_PKEY *pkey = NULL;
    struct curfew_slice n = numbers->n;
    struct curfew_slice e = numbers->e;
    if (n.size < CURFEW_JOSE_RSA_BITS_LEAST / 8 || n.size > MODULUS_MAX || n.at[0] == 0 || e.size == 0 ||
        e.size > EXPONENT_BITS_MOST / 8 || e.at[0] == 0) {
        return NULL;
    }
    OSSL_PARAM *parameters = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n.at, (int)n.size, NULL);
    BIGNUM *exponent = BN_bin2bn(e.at, (int)e.size, NULL);
    if (builder != NULL && modulus != NULL && exponent != NULL &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1) {
        parameters = OSSL_PARAM_BLD_to_param(builder);
    }
    if (parameters != NULL) {
        pkey = from_parameters(CURFEW_JOSE_RS256, parameters);
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(exponent);
    return pkey;
}

enum curfew_status curfew_jose_key_public(enum curfew_jose_algorithm algorithm,
                                          const struct curfew_jose_numbers *numbers, struct curfew_jose_key **key,
                                          struct curfew_error *error)
{
    EVP_PKEY *pkey = NULL;
    const char *wanted = "";
    *key = NULL;
    switch (algorithm) {
    case CURFEW_JOSE_ES256:
        pkey = public_ec(numbers);
        wanted = "x and y are no point of P-256 in 32 bytes each";
        break;
    case CURFEW_JOSE_RS256:
        pkey = public_rsa(numbers);
        wanted = "n and e are no RSA key of 2048 to 4096 bits without leading zeros";
        break;
    case CURFEW_JOSE_EDDSA:
        wanted = "x is no point of Ed25519 in 32 bytes";
        if (numbers->x.size == CURFEW_JOSE_POINT_SIZE) {
            pkey = EVP_PKEY_new_raw_public_key_ex(NULL, kinds[algorithm].type, NULL, numbers->x.at, numbers->x.size);
        }
        break;
    case CURFEW_JOSE_ALGORITHMS:
        break;
    }
    if (pkey == NULL) {
        return curfew_error_set(error, CURFEW_INVALID, "taking in a public key: %s (%s)", wanted, complaint());
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

enum curfew_status curfew_jose_key_private(struct curfew_slice pem, struct curfew_jose_key **key,
                                           struct curfew_error *error)
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
    enum curfew_status status = adopt(pkey, key, error);
    if (status == CURFEW_OK && !checks(pkey, EVP_PKEY_check)) {
        curfew_jose_key_destroy(*key);
        *key = NULL;
        return curfew_error_set(error, CURFEW_INVALID, "reading a private key: its halves do not fit together (%s)",
                                complaint());
    }
    return status;
}

enum curfew_status curfew_jose_key_generate(enum curfew_jose_algorithm algorithm, struct curfew_jose_key **key,
                                            struct curfew_error *error)
{
    EVP_PKEY *pkey = NULL;
    *key = NULL;
    switch (algorithm) {
    case CURFEW_JOSE_ES256:
        pkey = EVP_EC_gen("P-256");
        break;
    case CURFEW_JOSE_RS256:
        pkey = EVP_RSA_gen(CURFEW_JOSE_RSA_BITS_LEAST);
        break;
    case CURFEW_JOSE_EDDSA:
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, kinds[algorithm].type);
        break;
    case CURFEW_JOSE_ALGORITHMS:
        break;
    }
    if (pkey == NULL) {
        return curfew_error_set(error, CURFEW_INTERNAL, "making a key: %s", complaint());
    }
    return adopt(pkey, key, error);
}

void curfew_jose_key_destroy(struct curfew_jose_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey); /* clears the private half */
        free(key);
    }
}

enum curfew_status curfew_jose_key_print(const struct curfew_jose_key *key, char *pem, size_t capacity, size_t *size,
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

enum curfew_jose_algorithm curfew_jose_key_algorithm(const struct curfew_jose_key *key)
{
    return key->algorithm;
}

const char *curfew_jose_key_jwk(const struct curfew_jose_key *key)
{
    return key->jwk;
}

const char *curfew_jose_key_thumbprint(const struct curfew_jose_key *key)
{
    return key->thumbprint;
}

size_t curfew_jose_key_signature_size(const struct curfew_jose_key *key)
{
    return key->signature_size;
}

/* ASN.1 ECDSA-Sig-Value to r || s. */
static bool der_to_raw(const uint8_t *der, size_t size, uint8_t raw[PAIR_SIZE])
{
    const unsigned char *at = der;
    const int half = PAIR_SIZE / 2;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
    bool ok = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, half) == half &&
              BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + half, half) == half;
    ECDSA_SIG_free(pair);
    return ok;
}

/* r || s to ASN.1; the size written, 0 when it fails. */
static size_t raw_to_der(const uint8_t raw[PAIR_SIZE], uint8_t der[DER_MAX])
{
    const int half = PAIR_SIZE / 2;
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

enum curfew_status curfew_jose_key_sign(const struct curfew_jose_key *key, struct curfew_slice input,
                                        uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX], struct curfew_error *error)
{
    uint8_t made[CURFEW_JOSE_SIGNATURE_MAX];
    size_t size = sizeof made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL &&
              EVP_DigestSignInit_ex(context, NULL, kinds[key->algorithm].digest, NULL, NULL, key->pkey, NULL) == 1 &&
              EVP_DigestSign(context, made, &size, input.at, input.size) == 1;
    EVP_MD_CTX_free(context);
    if (ok && key->algorithm == CURFEW_JOSE_ES256) {
        ok = der_to_raw(made, size, signature);
    } else if (ok) {
        ok = size == key->signature_size;
        memcpy(signature, made, ok ? size : 0);
    }
    return ok ? CURFEW_OK
              : curfew_error_set(error, CURFEW_INTERNAL, "signing by %s: %s", kinds[key->algorithm].name, complaint());
}

bool curfew_jose_key_verify(const struct curfew_jose_key *key, struct curfew_slice input, struct curfew_slice signature)
{
    uint8_t der[DER_MAX];
    if (signature.size != key->signature_size) {
        return false;
    }
    if (key->algorithm == CURFEW_JOSE_ES256) {
        signature = (struct curfew_slice){der, raw_to_der(signature.at, der)};
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = signature.size > 0 && context != NULL &&
              EVP_DigestVerifyInit_ex(context, NULL, kinds[key->algorithm].digest, NULL, NULL, key->pkey, NULL) == 1 &&
              EVP_DigestVerify(context, signature.at, signature.size, input.at, input.size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error(); /* a bad signature is not an error of this thread's next call */
    return ok;
}
