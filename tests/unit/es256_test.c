/* es256: published vectors, keys good and bad, signatures good and forged. */
#include "core/base64url.h"
#include "core/es256.h"
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

static struct curfew_es256 *rfc_key(void)
{
    uint8_t x[32];
    uint8_t y[32];
    struct curfew_es256 *key = NULL;
    struct curfew_error error;
    decode(RFC_X, x, sizeof x);
    decode(RFC_Y, y, sizeof y);
    assert_int_equal(curfew_es256_public(x, y, &key, &error), CURFEW_OK);
    return key;
}

static void published_signature_verifies(void **state)
{
    /* Goal: the signature in RFC 7515 verifies with the key printed there, and with no bit of it changed. */
    uint8_t signature[64];
    struct curfew_es256 *key = rfc_key();
    struct curfew_slice input = curfew_slice_of(RFC_INPUT);
    (void)state;
    decode(RFC_SIGNATURE, signature, sizeof signature);
    struct curfew_slice slice = {signature, sizeof signature};
    assert_true(curfew_es256_verify(key, input, slice));
    for (size_t bit = 0; bit < 8 * sizeof signature; bit += 7) {
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
        assert_false(curfew_es256_verify(key, input, slice));
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ 1U << bit % 8);
    }
    assert_true(curfew_es256_verify(key, input, slice));
    assert_false(curfew_es256_verify(key, curfew_slice_of(RFC_INPUT "A"), slice));
    curfew_es256_destroy(key);
}

static void thumbprint_is_that_of_the_rfc(void **state)
{
    /* Goal: x, y and the RFC 7638 thumbprint of a known key, the latter computed elsewhere. */
    struct curfew_es256 *key = rfc_key();
    (void)state;
    assert_string_equal(curfew_es256_x(key), RFC_X);
    assert_string_equal(curfew_es256_y(key), RFC_Y);
    assert_string_equal(curfew_es256_thumbprint(key), RFC_THUMBPRINT);
    curfew_es256_destroy(key);
    curfew_es256_destroy(NULL);
}

static void numbers_out_of_range_are_no_signature(void **state)
{
    /* Goal: r or s of 0, of the group's order, or above it never verifies, nor does another length. */
    uint8_t good[64];
    uint8_t bad[65] = {0};
    struct curfew_es256 *key = rfc_key();
    struct curfew_slice input = curfew_slice_of(RFC_INPUT);
    (void)state;
    decode(RFC_SIGNATURE, good, sizeof good);
    assert_false(curfew_es256_verify(key, input, (struct curfew_slice){bad, 64})); /* r = s = 0 */
    for (int half = 0; half < 2; half++) {
        memcpy(bad, good, sizeof good);
        memset(bad + 32 * half, 0, 32);
        assert_false(curfew_es256_verify(key, input, (struct curfew_slice){bad, 64}));
        memcpy(bad + 32 * half, order, 32);
        assert_false(curfew_es256_verify(key, input, (struct curfew_slice){bad, 64}));
        memset(bad + 32 * half, 0xff, 32);
        assert_false(curfew_es256_verify(key, input, (struct curfew_slice){bad, 64}));
    }
    memcpy(bad, good, sizeof good);
    assert_false(curfew_es256_verify(key, input, (struct curfew_slice){bad, 65}));
    assert_false(curfew_es256_verify(key, input, (struct curfew_slice){bad, 63}));
    assert_false(curfew_es256_verify(key, input, (struct curfew_slice){NULL, 0}));
    curfew_es256_destroy(key);
}

static void a_point_off_the_curve_is_no_key(void **state)
{
    /* Goal: coordinates that do not satisfy the curve, or are not below its prime, are refused. */
    uint8_t x[32];
    uint8_t y[32];
    struct curfew_es256 *key = (struct curfew_es256 *)1;
    struct curfew_error error;
    (void)state;
    decode(RFC_X, x, sizeof x);
    decode(RFC_Y, y, sizeof y);
    y[31] ^= 1;
    assert_int_equal(curfew_es256_public(x, y, &key, &error), CURFEW_INVALID);
    assert_null(key);
    assert_non_null(strstr(error.text, "P-256"));
    memset(x, 0, sizeof x);
    memset(y, 0, sizeof y);
    assert_int_equal(curfew_es256_public(x, y, &key, &error), CURFEW_INVALID);
    memset(x, 0xff, sizeof x);
    assert_int_equal(curfew_es256_public(x, y, &key, &error), CURFEW_INVALID);
}

static void a_made_key_signs_and_survives_its_file(void **state)
{
    /* Goal: generate, print, read again: the same key; each signature verifies, also those with leading zeros. */
    char pem[2048];
    size_t size = 0;
    uint8_t signature[64];
    struct curfew_es256 *made = NULL;
    struct curfew_es256 *read = NULL;
    struct curfew_error error;
    (void)state;
    assert_int_equal(curfew_es256_generate(&made, &error), CURFEW_OK);
    assert_int_equal(curfew_es256_print(made, pem, 10, &size, &error), CURFEW_FULL);
    assert_int_equal(curfew_es256_print(made, pem, sizeof pem, &size, &error), CURFEW_OK);
    assert_int_equal(curfew_es256_private((struct curfew_slice){(const uint8_t *)pem, size}, &read, &error), CURFEW_OK);
    assert_string_equal(curfew_es256_thumbprint(made), curfew_es256_thumbprint(read));
    int short_halves = 0;
    for (uint32_t i = 0; i < 3000; i++) { /* one half in 256 begins with a zero byte */
        struct curfew_slice input = {(const uint8_t *)&i, sizeof i};
        assert_int_equal(curfew_es256_sign(read, input, signature, &error), CURFEW_OK);
        assert_true(curfew_es256_verify(made, input, (struct curfew_slice){signature, sizeof signature}));
        short_halves += signature[0] == 0 || signature[32] == 0;
    }
    assert_true(short_halves > 0);
    curfew_es256_destroy(made);
    curfew_es256_destroy(read);
}

static void a_public_key_cannot_sign(void **state)
{
    /* Goal: signing without a private half is an error, not a crash or a signature. */
    uint8_t signature[64];
    char pem[2048];
    size_t size = 0;
    struct curfew_error error;
    struct curfew_es256 *key = rfc_key();
    (void)state;
    assert_int_equal(curfew_es256_sign(key, curfew_slice_of("x"), signature, &error), CURFEW_INTERNAL);
    assert_int_equal(curfew_es256_print(key, pem, sizeof pem, &size, &error), CURFEW_INTERNAL);
    curfew_es256_destroy(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_signature_verifies),           cmocka_unit_test(thumbprint_is_that_of_the_rfc),
        cmocka_unit_test(numbers_out_of_range_are_no_signature),  cmocka_unit_test(a_point_off_the_curve_is_no_key),
        cmocka_unit_test(a_made_key_signs_and_survives_its_file), cmocka_unit_test(a_public_key_cannot_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
