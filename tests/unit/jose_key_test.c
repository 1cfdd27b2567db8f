/* jose_key: published vectors, keys good and bad, signatures good and forged. */
#include "core/base64url.h"
#include "core/jose_key.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* RFC 7515, Appendix A.3. */
#define RFC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define RFC_INPUT                                                                                                      \
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"    \
    "cnVlfQ"
#define RFC_SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define RFC_THUMBPRINT "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
/* The order of P-256 (FIPS 186-4, D.1.2.3). */
static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

static void decode(const char *text, uint8_t *bytes, size_t wanted)
{
    size_t size = 0;
    assert_true(curfew_base64url_decode(curfew_slice_of(text), bytes, &size));
    assert_int_equal(size, wanted);
}

static enum curfew_status public_of(const uint8_t x[32], const uint8_t y[32], struct curfew_jose_key **key,
                                    struct curfew_error *error)
{
    const struct curfew_jose_numbers numbers = {.x = {x, 32}, .y = {y, 32}};
    return curfew_jose_key_public(CURFEW_JOSE_ES256, &numbers, key, error);
}

static struct curfew_jose_key *rfc_key(void)
{
    uint8_t x[32];
    uint8_t y[32];
    struct curfew_jose_key *key = NULL;
    struct curfew_error error;
    decode(RFC_X, x, sizeof x);
    decode(RFC_Y, y, sizeof y);
    assert_int_equal(public_of(x, y, &key, &error), CURFEW_OK);
    return key;
}

static void published_signature_verifies(void **state)
{
    /* Goal: the signature in RFC 7515 verifies with the key printed there, and with no bit of it changed. */
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    struct curfew_jose_key *key = rfc_key();
    struct curfew_slice input = curfew_slice_of(RFC_INPUT);
    (void)state;
    decode(RFC_SIGNATURE, signature, 64);
    struct curfew_slice slice = {signature, 64};
    assert_true(curfew_jose_key_verify(key, input, slice));
    for (size_t bit = 0; bit < 8 * slice.size; bit += 7) {
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
        assert_false(curfew_jose_key_verify(key, input, slice));
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
    }
    assert_true(curfew_jose_key_verify(key, input, slice));
    assert_false(curfew_jose_key_verify(key, curfew_slice_of(RFC_INPUT "A"), slice));
    curfew_jose_key_destroy(key);
}

static void thumbprint_is_that_of_the_rfc(void **state)
{
    /* Goal: the JWK and the RFC 7638 thumbprint of a known key, the latter computed elsewhere. */
    struct curfew_jose_key *key = rfc_key();
    (void)state;
    assert_string_equal(curfew_jose_key_jwk(key),
                        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" RFC_X "\",\"y\":\"" RFC_Y "\"}");
    assert_string_equal(curfew_jose_key_thumbprint(key), RFC_THUMBPRINT);
    curfew_jose_key_destroy(key);
    curfew_jose_key_destroy(NULL);
}

static void numbers_out_of_range_are_no_signature(void **state)
{
    /* Goal: r or s of 0, of the group's order, or above it never verifies, nor does another length. */
    uint8_t good[64];
    uint8_t bad[65] = {0};
    struct curfew_jose_key *key = rfc_key();
    struct curfew_slice input = curfew_slice_of(RFC_INPUT);
    (void)state;
    decode(RFC_SIGNATURE, good, sizeof good);
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){bad, 64})); /* r = s = 0 */
    for (int half = 0; half < 2; half++) {
        memcpy(bad, good, sizeof good);
        memset(bad + 32 * half, 0, 32);
        assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){bad, 64}));
        memcpy(bad + 32 * half, order, 32);
        assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){bad, 64}));
        memset(bad + 32 * half, 0xff, 32);
        assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){bad, 64}));
    }
    memcpy(bad, good, sizeof good);
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){bad, 65}));
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){bad, 63}));
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){NULL, 0}));
    curfew_jose_key_destroy(key);
}

static void a_point_off_the_curve_is_no_key(void **state)
{
    /* Goal: coordinates that do not satisfy the curve, or are not below its prime, are refused. */
    uint8_t x[32];
    uint8_t y[32];
    struct curfew_jose_key *key = (struct curfew_jose_key *)1;
    struct curfew_error error;
    (void)state;
    decode(RFC_X, x, sizeof x);
    decode(RFC_Y, y, sizeof y);
    y[31] ^= 1;
    assert_int_equal(public_of(x, y, &key, &error), CURFEW_INVALID);
    assert_null(key);
    assert_non_null(strstr(error.text, "P-256"));
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    assert_int_equal(public_of(x, y, &key, &error), CURFEW_INVALID);
    memset(x, 0xff, sizeof x);
    assert_int_equal(public_of(x, y, &key, &error), CURFEW_INVALID);
}

static void a_made_key_signs_and_survives_its_file(void **state)
{
    /* Goal: generate, print, read again: the same key; each signature verifies, also those with leading zeros. */
    char pem[2048];
    size_t size = 0;
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    struct curfew_jose_key *made = NULL;
    struct curfew_jose_key *read = NULL;
    struct curfew_error error;
    (void)state;
    assert_int_equal(curfew_jose_key_generate(CURFEW_JOSE_ES256, &made, &error), CURFEW_OK);
    assert_int_equal(curfew_jose_key_print(made, pem, 10, &size, &error), CURFEW_FULL);
    assert_int_equal(curfew_jose_key_print(made, pem, sizeof pem, &size, &error), CURFEW_OK);
    assert_int_equal(curfew_jose_key_private((struct curfew_slice){(const uint8_t *)pem, size}, &read, &error),
                     CURFEW_OK);
    assert_string_equal(curfew_jose_key_thumbprint(made), curfew_jose_key_thumbprint(read));
    int short_halves = 0;
    for (uint32_t i = 0; i < 3000; i++) { /* one half in 256 begins with a zero byte */
        struct curfew_slice input = {(const uint8_t *)&i, sizeof i};
        assert_int_equal(curfew_jose_key_sign(read, input, signature, &error), CURFEW_OK);
        assert_true(curfew_jose_key_verify(made, input, (struct curfew_slice){signature, 64}));
        short_halves += signature[0] == 0 || signature[32] == 0;
    }
    assert_true(short_halves > 0);
    curfew_jose_key_destroy(made);
    curfew_jose_key_destroy(read);
}

static void a_public_key_cannot_sign(void **state)
{
    /* Goal: signing without a private half is an error, not a crash or a signature. */
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    char pem[2048];
    size_t size = 0;
    struct curfew_error error;
    struct curfew_jose_key *key = rfc_key();
    (void)state;
    assert_int_equal(curfew_jose_key_sign(key, curfew_slice_of("x"), signature, &error), CURFEW_INTERNAL);
    assert_int_equal(curfew_jose_key_print(key, pem, sizeof pem, &size, &error), CURFEW_INTERNAL);
    curfew_jose_key_destroy(key);
}

/* ---- RS256 ---- */

/* RFC 7515, Appendix A.2. */
#define RS256_N                                                                                                        \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"             \
    "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB"             \
    "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia"             \
    "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define RS256_INPUT                                                                                                    \
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"    \
    "cnVlfQ"
#define RS256_SIGNATURE                                                                                                \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9"             \
    "uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB"             \
    "_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rq"             \
    "Vt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
/* RFC 7638 §3.1. */
#define THUMBPRINT_N                                                                                                   \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"             \
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"             \
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"             \
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

static enum curfew_status rsa_of(struct curfew_slice n, struct curfew_slice e, struct curfew_jose_key **key)
{
    const struct curfew_jose_numbers numbers = {.n = n, .e = e};
    struct curfew_error error;
    enum curfew_status status = curfew_jose_key_public(CURFEW_JOSE_RS256, &numbers, key, &error);
    assert_true((status == CURFEW_OK) == (*key != NULL));
    return status;
}

static const uint8_t f4[] = {1, 0, 1};

static void published_rs256_verifies(void **state)
{
    /* Goal: the signature in RFC 7515 A.2 verifies, none with a bit changed or of another length does. */
    uint8_t n[256];
    uint8_t signature[257] = {0};
    struct curfew_jose_key *key = NULL;
    struct curfew_slice input = curfew_slice_of(RS256_INPUT);
    (void)state;
    decode(RS256_N, n, sizeof n);
    decode(RS256_SIGNATURE, signature + 1, 256);
    assert_int_equal(rsa_of((struct curfew_slice){n, sizeof n}, (struct curfew_slice){f4, sizeof f4}, &key), CURFEW_OK);
    assert_int_equal(curfew_jose_key_algorithm(key), CURFEW_JOSE_RS256);
    assert_int_equal(curfew_jose_key_signature_size(key), 256);
    struct curfew_slice slice = {signature + 1, 256};
    assert_true(curfew_jose_key_verify(key, input, slice));
    for (size_t bit = 0; bit < 8 * slice.size; bit += 37) {
        signature[1 + bit / 8] = (uint8_t)(signature[1 + bit / 8] ^ 1U << bit % 8);
        assert_false(curfew_jose_key_verify(key, input, slice));
        signature[1 + bit / 8] = (uint8_t)(signature[1 + bit / 8] ^ 1U << bit % 8);
    }
    assert_false(curfew_jose_key_verify(key, curfew_slice_of(RS256_INPUT "A"), slice));
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){signature, 257})); /* a zero in front */
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){signature + 1, 255}));
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){signature + 1, 64}));
    curfew_jose_key_destroy(key);
}

static void rsa_thumbprint_is_that_of_the_rfc(void **state)
{
    /* Goal: the example of RFC 7638 §3.1, letter for letter. */
    uint8_t n[256];
    struct curfew_jose_key *key = NULL;
    (void)state;
    decode(THUMBPRINT_N, n, sizeof n);
    assert_int_equal(rsa_of((struct curfew_slice){n, sizeof n}, (struct curfew_slice){f4, sizeof f4}, &key), CURFEW_OK);
    assert_string_equal(curfew_jose_key_jwk(key), "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" THUMBPRINT_N "\"}");
    assert_string_equal(curfew_jose_key_thumbprint(key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    curfew_jose_key_destroy(key);
}

static void rsa_keys_out_of_bounds_are_refused(void **state)
{
    /* Goal: 1024 and 2047 bits, more than 4096, leading zeros, an even modulus, and bad exponents are no keys. */
    static uint8_t n[700];
    static const struct {
        uint8_t e[9];
        size_t size;
    } exponents[] = {
        {{0}, 0},       {{0}, 1},          {{1}, 1},
        {{3}, 1},       {{17}, 1},         {{0xff, 0xff}, 2},
        {{1, 0, 0}, 3}, {{0, 1, 0, 1}, 4}, {{1, 0, 0, 0, 0, 0, 0, 0, 1}, 9},
    };
    struct curfew_jose_key *key = NULL;
    const struct curfew_slice e = {f4, sizeof f4};
    (void)state;
    decode(RS256_N, n, 256);
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        struct curfew_slice bad = {exponents[i].e, exponents[i].size};
        assert_int_equal(rsa_of((struct curfew_slice){n, 256}, bad, &key), CURFEW_INVALID);
    }
    assert_int_equal(rsa_of((struct curfew_slice){n, 128}, e, &key), CURFEW_INVALID);
    assert_int_equal(rsa_of((struct curfew_slice){NULL, 0}, e, &key), CURFEW_INVALID);
    n[255] ^= 1; /* even */
    assert_int_equal(rsa_of((struct curfew_slice){n, 256}, e, &key), CURFEW_INVALID);
    n[255] ^= 1;
    n[0] = 0x7f; /* 2047 bits */
    assert_int_equal(rsa_of((struct curfew_slice){n, 256}, e, &key), CURFEW_INVALID);
    n[0] = 0; /* a leading zero over 2040 bits */
    assert_int_equal(rsa_of((struct curfew_slice){n, 256}, e, &key), CURFEW_INVALID);
    memset(n, 0xff, sizeof n);
    assert_int_equal(rsa_of((struct curfew_slice){n, 513}, e, &key), CURFEW_INVALID);
}

/* ---- EdDSA ---- */

/* RFC 8037, Appendix A.2 to A.4. */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_INPUT "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define ED_SIGNATURE "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
/* The order of the base point (RFC 8032 §5.1), little-endian. */
static const uint8_t ed_order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                     0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                     0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

static enum curfew_status ed_of(const uint8_t *x, size_t size, struct curfew_jose_key **key)
{
    const struct curfew_jose_numbers numbers = {.x = {x, size}};
    struct curfew_error error;
    return curfew_jose_key_public(CURFEW_JOSE_EDDSA, &numbers, key, &error);
}

static void published_eddsa_verifies(void **state)
{
    /* Goal: the signature of RFC 8037 A.4 verifies, with no bit changed, not in its malleable form; the thumbprint. */
    uint8_t x[32];
    uint8_t signature[65] = {0};
    struct curfew_jose_key *key = NULL;
    struct curfew_slice input = curfew_slice_of(ED_INPUT);
    struct curfew_slice slice = {signature, 64};
    (void)state;
    decode(ED_X, x, sizeof x);
    decode(ED_SIGNATURE, signature, 64);
    assert_int_equal(ed_of(x, sizeof x, &key), CURFEW_OK);
    assert_string_equal(curfew_jose_key_jwk(key), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED_X "\"}");
    assert_string_equal(curfew_jose_key_thumbprint(key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_true(curfew_jose_key_verify(key, input, slice));
    for (size_t bit = 0; bit < 8 * slice.size; bit += 7) {
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
        assert_false(curfew_jose_key_verify(key, input, slice));
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
    }
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){signature, 65}));
    assert_false(curfew_jose_key_verify(key, input, (struct curfew_slice){signature, 63}));
    unsigned carry = 0; /* S + L is the same number to a careless verifier */
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature[32 + i] + ed_order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(curfew_jose_key_verify(key, input, slice));
    curfew_jose_key_destroy(key);
}

static void points_of_small_order_are_no_keys(void **state)
{
    /* Goal: all eight points of small order, both signs of each, and numbers from the prime on are refused. */
    static const uint8_t lows[][32] = {
        {0}, /* order 4 */
        {1}, /* order 1 */
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
         0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
         0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    };
    uint8_t x[32];
    struct curfew_jose_key *key = NULL;
    (void)state;
    for (unsigned sign = 0; sign <= 0x80; sign += 0x80) {
        for (size_t i = 0; i < sizeof lows / sizeof lows[0]; i++) {
            memcpy(x, lows[i], sizeof x);
            x[31] = (uint8_t)(x[31] | sign);
            assert_int_equal(ed_of(x, sizeof x, &key), CURFEW_INVALID);
            assert_null(key);
        }
        for (unsigned low = 0xec; low <= 0xff; low++) { /* the prime less 1 is of order 2; the rest is no number */
            memset(x, 0xff, sizeof x);
            x[0] = (uint8_t)low;
            x[31] = (uint8_t)(0x7f | sign);
            assert_int_equal(ed_of(x, sizeof x, &key), CURFEW_INVALID);
        }
    }
    decode(ED_X, x, sizeof x);
    assert_int_equal(ed_of(x, 31, &key), CURFEW_INVALID);
    assert_int_equal(ed_of(x, 0, &key), CURFEW_INVALID);
}

/* ---- all three ---- */

static void every_algorithm_signs_for_itself_alone(void **state)
{
    /* Goal: a made key of each kind is the same after its file, signs to its size, and no other kind takes that. */
    struct curfew_jose_key *keys[CURFEW_JOSE_ALGORITHMS];
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    char pem[4096];
    size_t size = 0;
    struct curfew_error error;
    struct curfew_slice input = curfew_slice_of("header.payload");
    (void)state;
    for (int i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
        struct curfew_jose_key *made = NULL;
        enum curfew_jose_algorithm algorithm = (enum curfew_jose_algorithm)i;
        enum curfew_jose_algorithm parsed;
        assert_true(curfew_jose_algorithm_parse(curfew_slice_of(curfew_jose_algorithm_name(algorithm)), &parsed));
        assert_int_equal(parsed, algorithm);
        assert_int_equal(curfew_jose_key_generate(algorithm, &made, &error), CURFEW_OK);
        assert_int_equal(curfew_jose_key_print(made, pem, sizeof pem, &size, &error), CURFEW_OK);
        assert_int_equal(curfew_jose_key_private((struct curfew_slice){(const uint8_t *)pem, size}, &keys[i], &error),
                         CURFEW_OK);
        assert_string_equal(curfew_jose_key_thumbprint(made), curfew_jose_key_thumbprint(keys[i]));
        assert_int_equal(curfew_jose_key_algorithm(keys[i]), algorithm);
        curfew_jose_key_destroy(made);
    }
    for (int i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
        assert_int_equal(curfew_jose_key_sign(keys[i], input, signature, &error), CURFEW_OK);
        for (int j = 0; j < CURFEW_JOSE_ALGORITHMS; j++) {
            struct curfew_slice slice = {signature, curfew_jose_key_signature_size(keys[j])};
            assert_true(curfew_jose_key_verify(keys[j], input, slice) == (i == j));
        }
    }
    for (int i = 0; i < CURFEW_JOSE_ALGORITHMS; i++) {
        curfew_jose_key_destroy(keys[i]);
    }
}

static void other_names_are_no_algorithms(void **state)
{
    /* Goal: neither none, nor a MAC, nor another spelling or size is an algorithm. */
    static const char *const names[] = {"",       "none",  "None",  "HS256", "es256", "ES256 ", "ES384",
                                        "ES256K", "PS256", "RS384", "rs256", "EDDSA", "eddsa",  "Ed25519"};
    enum curfew_jose_algorithm parsed;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(curfew_jose_algorithm_parse(curfew_slice_of(names[i]), &parsed));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_signature_verifies),
        cmocka_unit_test(thumbprint_is_that_of_the_rfc),
        cmocka_unit_test(numbers_out_of_range_are_no_signature),
        cmocka_unit_test(a_point_off_the_curve_is_no_key),
        cmocka_unit_test(a_made_key_signs_and_survives_its_file),
        cmocka_unit_test(a_public_key_cannot_sign),
        cmocka_unit_test(published_rs256_verifies),
        cmocka_unit_test(rsa_thumbprint_is_that_of_the_rfc),
        cmocka_unit_test(rsa_keys_out_of_bounds_are_refused),
        cmocka_unit_test(published_eddsa_verifies),
        cmocka_unit_test(points_of_small_order_are_no_keys),
        cmocka_unit_test(every_algorithm_signs_for_itself_alone),
        cmocka_unit_test(other_names_are_no_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
