/* jwks: key sets, good and bad, from text and from files. */
#include "core/jwks.h"
#include "forge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* The key of RFC 7515, Appendix A.3; valid, and nobody's. */
#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\""
/* The keys of RFC 7638 §3.1 and RFC 8037, Appendix A.2. */
#define RSA_N                                                                                                          \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"             \
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"             \
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"             \
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" RSA_N "\""
#define OKP "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define THUMBPRINT "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"

static enum curfew_status parse(const char *text, struct curfew_jwks **jwks, struct curfew_error *error)
{
    return curfew_jwks_parse(curfew_slice_of(text), jwks, error);
}

static bool has(const struct curfew_jwks *jwks, const char *kid)
{
    return curfew_jwks_find(jwks, curfew_slice_of(kid)) != NULL;
}

static void usable_keys_are_found_by_name(void **state)
{
    /* Goal: a key is found by its kid, one without by its thumbprint, and keys for other ends are left out. */
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error;
    (void)state;
    assert_int_equal(parse("{\"keys\":[{" EC "},{" EC ",\"kid\":\"b\",\"use\":\"sig\",\"alg\":\"ES256\",\"key_ops\":"
                           "[\"sign\",\"verify\"]},"
                           "{" EC ",\"kid\":\"enc\",\"use\":\"enc\"},{" EC ",\"kid\":\"other\",\"alg\":\"ECDH-ES\"},"
                           "{" EC ",\"kid\":\"derive\",\"key_ops\":[\"deriveKey\"]},"
                           "{" RSA ",\"kid\":\"rsa\"},{" RSA ",\"kid\":\"pss\",\"alg\":\"PS256\"},"
                           "{" RSA ",\"kid\":\"rs512\",\"alg\":\"RS512\"},{" OKP ",\"kid\":\"ed\",\"alg\":\"EdDSA\"},"
                           "{" OKP ",\"kid\":\"es\",\"alg\":\"ES256\"},{" OKP
                           ",\"kid\":\"sign\",\"key_ops\":[\"sign\"]},"
                           "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\",\"kid\":\"x\"},"
                           "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\",\"kid\":\"448\"},"
                           "{\"kty\":\"EC\",\"crv\":\"P-384\",\"kid\":\"p384\",\"x\":\"AA\",\"y\":\"AA\"},"
                           "{\"kty\":\"of-the-future\",\"kid\":\"new\"}],\"more\":1}",
                           &jwks, &error),
                     CURFEW_OK);
    assert_true(has(jwks, THUMBPRINT));
    assert_true(has(jwks, "b"));
    assert_true(has(jwks, "rsa") && has(jwks, "ed"));
    assert_int_equal(curfew_jose_key_algorithm(curfew_jwks_find(jwks, curfew_slice_of("rsa"))), CURFEW_JOSE_RS256);
    assert_int_equal(curfew_jose_key_algorithm(curfew_jwks_find(jwks, curfew_slice_of("ed"))), CURFEW_JOSE_EDDSA);
    assert_false(has(jwks, "enc") || has(jwks, "other") || has(jwks, "derive"));
    assert_false(has(jwks, "pss") || has(jwks, "rs512") || has(jwks, "es") || has(jwks, "sign"));
    assert_false(has(jwks, "x") || has(jwks, "448"));
    assert_false(has(jwks, "p384") || has(jwks, "new") || has(jwks, "B") || has(jwks, "b "));
    assert_false(has(jwks, "")); /* two keys: none is meant by leaving the name out */
    curfew_jwks_destroy(jwks);
    curfew_jwks_destroy(NULL);
}

static void a_lone_key_needs_no_name(void **state)
{
    /* Goal: without kid the only key is meant, but a kid that is not its name means none. */
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error;
    (void)state;
    assert_int_equal(parse("{\"keys\":[{" EC ",\"kid\":\"a\"}]}", &jwks, &error), CURFEW_OK);
    assert_true(has(jwks, ""));
    assert_true(has(jwks, "a"));
    assert_false(has(jwks, "b"));
    assert_false(has(jwks, THUMBPRINT)); /* it has a name of its own */
    curfew_jwks_destroy(jwks);
}

static void a_key_is_found_whole_or_not_at_all(void **state)
{
    /* Goal: a name finds the key that made a signature and no other; a name no key has, or none of two, finds none. */
    uint8_t signature[CURFEW_JOSE_SIGNATURE_MAX];
    struct curfew_error error;
    struct curfew_jose_key *keys[] = {forge_key(), forge_key()};
    struct curfew_jwks *jwks = forge_jwks(keys, 2);
    struct curfew_slice input = curfew_slice_of("what was said");
    struct curfew_slice slice = {signature, curfew_jose_key_signature_size(keys[1])};
    const struct curfew_jose_key *one = curfew_jwks_find(jwks, curfew_slice_of("one"));
    const struct curfew_jose_key *two = curfew_jwks_find(jwks, curfew_slice_of("two"));
    (void)state;
    assert_int_equal(curfew_jose_key_sign(keys[1], input, signature, &error), CURFEW_OK);
    assert_false(curfew_jose_key_verify(one, input, slice));
    assert_true(curfew_jose_key_verify(two, input, slice));
    assert_string_equal(curfew_jose_key_thumbprint(two), curfew_jose_key_thumbprint(keys[1]));
    assert_null(curfew_jwks_find(jwks, curfew_slice_of("three")));
    assert_null(curfew_jwks_find(jwks, curfew_slice_of("")));
    curfew_jwks_destroy(jwks);
    curfew_jose_key_destroy(keys[0]);
    curfew_jose_key_destroy(keys[1]);
}

static void bad_sets_are_refused(void **state)
{
    /* Goal: each wrong set is refused with words that say what is wrong with it. */
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "ends too early"},
        {"[]", "no array"},
        {"{\"keys\":{}}", "no array"},
        {"{\"keys\":[]}", "no key for ES256, RS256 or EdDSA"},
        {"{\"keys\":[7]}", "not an object"},
        {"{\"keys\":[{" EC "}],\"keys\":[]}", "given twice"},
        {"{\"keys\":[{" EC ",\"d\":\"AAAA\"}]}", "private or secret"},
        {"{\"keys\":[{" EC "},{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "private or secret"},
        {"{\"keys\":[{" EC "},{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQ\",\"d\":\"AQ\"}]}", "private or secret"},
        {"{\"keys\":[{" EC ",\"kid\":\"a\"},{" EC ",\"kid\":\"a\"}]}", "same kid"},
        {"{\"keys\":[{" EC "},{" EC "}]}", "same kid"},
        {"{\"keys\":[{" EC ",\"kid\":7}]}", "kid"},
        {"{\"keys\":[{" EC ",\"kid\":\"\"}]}", "kid"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}]}", "32 bytes"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y "\"}]}", "32 bytes"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "AA\",\"y\":\"" Y "\"}]}", "32 bytes"},
        {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}]}", "no point"},
        {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" X X "\",\"e\":\"AQAB\"}]}", "2048"},
        {"{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\"}]}", "2048"},
        {"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}]}", "no point"},
        {"{\"keys\":[{" OKP ",\"d\":\"AAAA\"}]}", "private or secret"},
        {"{\"keys\":[{" RSA ",\"p\":\"AAAA\"}]}", "private or secret"},
        {"{\"keys\":[{" RSA ",\"kid\":\"a\"},{" OKP ",\"kid\":\"a\"}]}", "same kid"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct curfew_jwks *jwks = (struct curfew_jwks *)1;
        struct curfew_error error;
        print_message("row %zu: %s\n", i, rows[i].says);
        assert_int_equal(parse(rows[i].text, &jwks, &error), CURFEW_INVALID);
        assert_null(jwks);
        assert_non_null(strstr(error.text, rows[i].says));
        assert_null(strstr(error.text, "AAAA"));
    }
}

static void the_bounds_hold(void **state)
{
    /* Goal: 64 keys and 64 KiB are read; one more of either is refused. */
    static char text[2 * CURFEW_JWKS_SIZE_MAX];
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error;
    (void)state;
    for (int count = CURFEW_JWKS_KEYS_MAX; count <= CURFEW_JWKS_KEYS_MAX + 1; count++) {
        size_t used = (size_t)sprintf(text, "{\"keys\":[");
        for (int i = 0; i < count; i++) {
            used += (size_t)sprintf(text + used, "%s{" EC ",\"kid\":\"k%d\"}", i == 0 ? "" : ",", i);
        }
        strcpy(text + used, "]}");
        enum curfew_status wanted = count <= CURFEW_JWKS_KEYS_MAX ? CURFEW_OK : CURFEW_INVALID;
        assert_int_equal(parse(text, &jwks, &error), wanted);
        curfew_jwks_destroy(jwks);
    }
    assert_non_null(strstr(error.text, "65 keys"));
    memset(text, ' ', sizeof text);
    memcpy(text, "{\"keys\":[{" EC "}]}", sizeof "{\"keys\":[{" EC "}]}" - 1);
    struct curfew_slice slice = {(const uint8_t *)text, CURFEW_JWKS_SIZE_MAX};
    assert_int_equal(curfew_jwks_parse(slice, &jwks, &error), CURFEW_OK);
    curfew_jwks_destroy(jwks);
    slice.size++;
    assert_int_equal(curfew_jwks_parse(slice, &jwks, &error), CURFEW_INVALID);
}

static void files_are_read_or_named(void **state)
{
    /* Goal: a set loads from a file; one that is missing, a directory, a pipe or wrong is an error with its path. */
    char directory[] = "/tmp/curfew-jwks-XXXXXX";
    char path[64];
    struct curfew_jwks *jwks = NULL;
    struct curfew_error error;
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/jwks.json", directory);
    assert_int_equal(curfew_jwks_load(path, &jwks, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(curfew_jwks_load(directory, &jwks, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "not a regular file"));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(curfew_jwks_load(path, &jwks, &error), CURFEW_INVALID);
    assert_int_equal(unlink(path), 0);
    FILE *file = fopen(path, "w");
    fputs("{\"keys\":[{" EC "}]}", file);
    fclose(file);
    assert_int_equal(curfew_jwks_load(path, &jwks, &error), CURFEW_OK);
    assert_true(has(jwks, THUMBPRINT));
    curfew_jwks_destroy(jwks);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(curfew_jwks_load(path, &jwks, &error), CURFEW_INVALID);
    assert_null(jwks);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(truncate(path, CURFEW_JWKS_SIZE_MAX + 1), 0);
    assert_int_equal(curfew_jwks_load(path, &jwks, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "65537 bytes"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usable_keys_are_found_by_name),
        cmocka_unit_test(a_lone_key_needs_no_name),
        cmocka_unit_test(a_key_is_found_whole_or_not_at_all),
        cmocka_unit_test(bad_sets_are_refused),
        cmocka_unit_test(the_bounds_hold),
        cmocka_unit_test(files_are_read_or_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
