/* issuers: the file of issuers, good and bad, and attacks across issuers, algorithms and tenants. */
#include "consumer/issuers.h"
#include "forge.h"
#include <curfew/hop.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define A                                                                                                              \
    "{\"issuer\":\"https://a.example\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"acme\"]}"
#define FILE_OF(entries) "{\"issuers\":[" entries "]}"

enum { EC, RSA, ED }; /* keys; the first is also that of issuer a, the others of issuer b */

struct world {
    char directory[40];
    char path[64];
    char a[64];
    char b[64];
    struct curfew_jose_key *keys[3];
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    char jwk[2][1024];
    char text[2100];
    strcpy(world->directory, "/tmp/curfew-issuers-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->path, sizeof world->path, "%s/issuers.json", world->directory);
    snprintf(world->a, sizeof world->a, "%s/a.json", world->directory);
    snprintf(world->b, sizeof world->b, "%s/b.json", world->directory);
    world->keys[EC] = forge_key();
    world->keys[RSA] = forge_key_of(CURFEW_JOSE_RS256);
    world->keys[ED] = forge_key_of(CURFEW_JOSE_EDDSA);
    forge_jwk(world->keys[EC], "one", jwk[0], sizeof jwk[0]);
    snprintf(text, sizeof text, "{\"keys\":[%s]}", jwk[0]);
    write_file(world->a, text);
    forge_jwk(world->keys[RSA], "one", jwk[0], sizeof jwk[0]);
    forge_jwk(world->keys[ED], "two", jwk[1], sizeof jwk[1]);
    snprintf(text, sizeof text, "{\"keys\":[%s,%s]}", jwk[0], jwk[1]);
    write_file(world->b, text);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < 3; i++) {
        curfew_jose_key_destroy(world->keys[i]);
    }
    unlink(world->path);
    unlink(world->a);
    unlink(world->b);
    int result = rmdir(world->directory);
    free(world);
    return result;
}

static enum curfew_status load(const struct world *world, const char *text, struct curfew_issuers **issuers,
                               struct curfew_error *error)
{
    write_file(world->path, text);
    return curfew_issuers_load(world->path, issuers, error);
}

static void a_good_file_says_whom_to_believe(void **state)
{
    /* Goal: names, algorithms and tenants as written; keys by paths beside the file; "*" only where it is written. */
    struct world *world = *state;
    struct curfew_issuers *issuers = NULL;
    struct curfew_error error;
    assert_int_equal(load(world,
                          FILE_OF(A ",{\"issuer\":\"b\",\"jwks_file\":\"b.json\",\"algorithms\":[\"RS256\",\"EdDSA\"],"
                                    "\"tenants\":[\"*\"]}"),
                          &issuers, &error),
                     CURFEW_OK);
    const struct curfew_issuer *a = curfew_issuers_find(issuers, curfew_slice_of("https://a.example"));
    const struct curfew_issuer *b = curfew_issuers_find(issuers, curfew_slice_of("b"));
    assert_non_null(a);
    assert_non_null(b);
    assert_null(curfew_issuers_find(issuers, curfew_slice_of("https://a.example/")));
    assert_null(curfew_issuers_find(issuers, curfew_slice_of("")));
    assert_true(curfew_issuer_signs_by(a, CURFEW_JOSE_ES256) && !curfew_issuer_signs_by(a, CURFEW_JOSE_RS256));
    assert_true(curfew_issuer_signs_by(b, CURFEW_JOSE_EDDSA) && !curfew_issuer_signs_by(b, CURFEW_JOSE_ES256));
    assert_true(curfew_issuer_speaks_for(a, curfew_slice_of("acme")));
    assert_false(curfew_issuer_speaks_for(a, curfew_slice_of("acm")) ||
                 curfew_issuer_speaks_for(a, curfew_slice_of("acme2")) ||
                 curfew_issuer_speaks_for(a, curfew_slice_of("*")) || curfew_issuer_speaks_for(a, curfew_slice_of("")));
    assert_true(curfew_issuer_speaks_for(b, curfew_slice_of("anyone")));
    assert_string_equal(curfew_issuers_file(issuers, 0), world->a);
    assert_string_equal(curfew_issuers_file(issuers, 1), world->b);
    assert_null(curfew_issuers_file(issuers, 2));
    curfew_issuers_destroy(issuers);
    curfew_issuers_destroy(NULL);
}

static void bad_files_are_refused(void **state)
{
    /* Goal: each wrong file is refused with its path and words that say what is wrong; nothing has a default. */
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "ends too early"},
        {"[]", "it must be"},
        {"{}", "it must be"},
        {FILE_OF(""), "it must be"},
        {"{\"issuers\":[" A "],\"more\":1}", "it must be"},
        {"{\"issuers\":[" A "],\"issuers\":[" A "]}", "twice"},
        {FILE_OF("7"), "must be an object"},
        {FILE_OF(A "," A), "there twice"},
        {FILE_OF("{\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\"]}"), "\"issuer\""},
        {FILE_OF("{\"issuer\":\"\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\"]}"),
         "\"issuer\""},
        {FILE_OF("{\"issuer\":\"a\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\"]}"), "\"jwks_file\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\"]}"),
         "\"jwks_file\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"no.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\"]}"),
         "/no.json"},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"tenants\":[\"t\"]}"), "\"algorithms\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[],\"tenants\":[\"t\"]}"),
         "\"algorithms\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":\"ES256\",\"tenants\":[\"t\"]}"),
         "\"algorithms\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"HS256\"],\"tenants\":[\"t\"]}"),
         "\"algorithms\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"none\"],\"tenants\":[\"t\"]}"),
         "\"algorithms\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"*\"],\"tenants\":[\"t\"]}"),
         "\"algorithms\""},
        {FILE_OF(
             "{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\",\"ES256\"],\"tenants\":[\"t\"]}"),
         "ES256 twice"},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"]}"), "\"tenants\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[]}"),
         "\"tenants\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":\"t\"}"),
         "\"tenants\""},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[7]}"),
         "text alone"},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"\"]}"),
         "a tenant"},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\",\"t\"]}"),
         "twice"},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"*\",\"t\"]}"),
         "stands alone"},
        {FILE_OF("{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\",\"*\"]}"),
         "stands alone"},
        {FILE_OF(
             "{\"issuer\":\"a\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],\"tenants\":[\"t\"],\"aud\":1}"),
         "alone"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct curfew_issuers *issuers = (struct curfew_issuers *)1;
        struct curfew_error error = {.text = ""};
        print_message("row %zu: %s\n", i, rows[i].says);
        assert_int_not_equal(load(world, rows[i].text, &issuers, &error), CURFEW_OK);
        assert_null(issuers);
        assert_non_null(strstr(error.text, rows[i].says));
        assert_non_null(strstr(error.text, world->path));
    }
}

static void the_bounds_hold(void **state)
{
    /* Goal: 64 issuers and 256 tenants are taken, one more of either is refused. */
    struct world *world = *state;
    static char text[64 * 1024];
    struct curfew_error error;
    struct curfew_issuers *issuers = NULL;
    for (int count = CURFEW_TRUSTED_MAX; count <= CURFEW_TRUSTED_MAX + 1; count++) {
        size_t used = (size_t)sprintf(text, "{\"issuers\":[");
        for (int i = 0; i < count; i++) {
            used += (size_t)sprintf(text + used,
                                    "%s{\"issuer\":\"i%d\",\"jwks_file\":\"a.json\",\"algorithms\":[\"ES256\"],"
                                    "\"tenants\":[\"t\"]}",
                                    i == 0 ? "" : ",", i);
        }
        strcpy(text + used, "]}");
        assert_int_equal(load(world, text, &issuers, &error), count == CURFEW_TRUSTED_MAX ? CURFEW_OK : CURFEW_INVALID);
        curfew_issuers_destroy(issuers);
    }
    for (int count = CURFEW_ISSUER_TENANTS_MAX; count <= CURFEW_ISSUER_TENANTS_MAX + 1; count++) {
        size_t used = (size_t)sprintf(text, "{\"issuers\":[{\"issuer\":\"i\",\"jwks_file\":\"a.json\",\"algorithms\":["
                                            "\"ES256\"],\"tenants\":[");
        for (int i = 0; i < count; i++) {
            used += (size_t)sprintf(text + used, "%s\"t%d\"", i == 0 ? "" : ",", i);
        }
        strcpy(text + used, "]}]}");
        assert_int_equal(load(world, text, &issuers, &error),
                         count == CURFEW_ISSUER_TENANTS_MAX ? CURFEW_OK : CURFEW_INVALID);
        curfew_issuers_destroy(issuers);
    }
}

/* ---- attacks: issuer a has an EC key "one" for acme; issuer b an RSA key "one" and an Ed25519 key "two" for books
 * ---- */

#define HEADER(alg, kid) "{\"alg\":\"" alg "\",\"typ\":\"at+jwt\",\"kid\":\"" kid "\"}"

static const struct {
    const char *name;
    int key;
    const char *header;
    const char *issuer;
    const char *tenant;
    enum curfew_token_fault fault;
} attacks[] = {
    {"a's own", EC, HEADER("ES256", "one"), "https://a.example", "acme", CURFEW_TOKEN_GOOD},
    {"b's own by RS256", RSA, HEADER("RS256", "one"), "https://b.example", "books", CURFEW_TOKEN_GOOD},
    {"b's own by EdDSA", ED, HEADER("EdDSA", "two"), "https://b.example", "books", CURFEW_TOKEN_GOOD},
    {"a's key for b's iss", EC, HEADER("ES256", "one"), "https://b.example", "books", CURFEW_TOKEN_ALGORITHM},
    {"b's key for a's iss", RSA, HEADER("RS256", "one"), "https://a.example", "acme", CURFEW_TOKEN_ALGORITHM},
    {"b's key as a's algorithm", RSA, HEADER("ES256", "one"), "https://a.example", "acme", CURFEW_TOKEN_SIGNATURE},
    {"b's key by its kid for a", ED, HEADER("ES256", "two"), "https://a.example", "acme", CURFEW_TOKEN_KEY},
    {"a mints for b's tenant", EC, HEADER("ES256", "one"), "https://a.example", "books", CURFEW_TOKEN_TENANT},
    {"b mints for a's tenant", RSA, HEADER("RS256", "one"), "https://b.example", "acme", CURFEW_TOKEN_TENANT},
    {"b mints for a star", ED, HEADER("EdDSA", "two"), "https://b.example", "*", CURFEW_TOKEN_TENANT},
    {"nobody's iss", EC, HEADER("ES256", "one"), "https://c.example", "acme", CURFEW_TOKEN_ISSUER},
    {"an iss of another case", EC, HEADER("ES256", "one"), "https://A.example", "acme", CURFEW_TOKEN_ISSUER},
    {"RSA key, HS256", RSA, HEADER("HS256", "one"), "https://b.example", "books", CURFEW_TOKEN_ALGORITHM},
    {"RSA key, none", RSA, HEADER("none", "one"), "https://b.example", "books", CURFEW_TOKEN_ALGORITHM},
    {"RSA key, PS256", RSA, HEADER("PS256", "one"), "https://b.example", "books", CURFEW_TOKEN_ALGORITHM},
    {"RSA key, EdDSA", RSA, HEADER("EdDSA", "one"), "https://b.example", "books", CURFEW_TOKEN_ALGORITHM},
    {"Ed25519 key, RS256", ED, HEADER("RS256", "two"), "https://b.example", "books", CURFEW_TOKEN_ALGORITHM},
    {"RSA signature, Ed25519 kid", RSA, HEADER("EdDSA", "two"), "https://b.example", "books", CURFEW_TOKEN_SIGNATURE},
};

static void no_issuer_mints_for_another(void **state)
{
    /* Goal: each attack across issuers, keys, algorithms and tenants is refused for what it is; the good ones pass. */
    struct world *world = *state;
    struct curfew_issuers *issuers = NULL;
    struct curfew_error error;
    assert_int_equal(load(world,
                          FILE_OF(A ",{\"issuer\":\"https://b.example\",\"jwks_file\":\"b.json\",\"algorithms\":["
                                    "\"RS256\",\"EdDSA\"],\"tenants\":[\"books\",\"shop\"]}"),
                          &issuers, &error),
                     CURFEW_OK);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        struct curfew_token *token = NULL;
        char tenant[64];
        snprintf(tenant, sizeof tenant, "\"tenant\":\"%s\"", attacks[i].tenant);
        char *half = forge_swap(FORGE_PAYLOAD, "https://id.example", attacks[i].issuer);
        char *payload = forge_swap(half, "\"tenant\":\"acme\"", tenant);
        char *text = forge_token(world->keys[attacks[i].key], attacks[i].header, payload);
        print_message("%s\n", attacks[i].name);
        assert_int_equal(curfew_token_verify(curfew_slice_of(text), issuers, &token, &error), attacks[i].fault);
        assert_true((token != NULL) == (attacks[i].fault == CURFEW_TOKEN_GOOD));
        curfew_token_destroy(token);
        free(text);
        free(payload);
        free(half);
    }
    curfew_issuers_destroy(issuers);
}

static void an_algorithm_not_allowed_is_refused_though_a_key_has_it(void **state)
{
    /* Goal: "algorithms" bounds what the set's keys may be used for. */
    struct world *world = *state;
    struct curfew_issuers *issuers = NULL;
    struct curfew_token *token = NULL;
    struct curfew_error error;
    assert_int_equal(load(world,
                          FILE_OF("{\"issuer\":\"https://id.example\",\"jwks_file\":\"b.json\",\"algorithms\":"
                                  "[\"RS256\"],\"tenants\":[\"acme\"]}"),
                          &issuers, &error),
                     CURFEW_OK);
    char *text = forge_token(world->keys[RSA], HEADER("RS256", "one"), FORGE_PAYLOAD);
    assert_int_equal(curfew_token_verify(curfew_slice_of(text), issuers, &token, &error), CURFEW_TOKEN_GOOD);
    curfew_token_destroy(token);
    free(text);
    text = forge_token(world->keys[ED], HEADER("EdDSA", "two"), FORGE_PAYLOAD);
    assert_int_equal(curfew_token_verify(curfew_slice_of(text), issuers, &token, &error), CURFEW_TOKEN_ALGORITHM);
    free(text);
    curfew_issuers_destroy(issuers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_says_whom_to_believe),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(the_bounds_hold),
        cmocka_unit_test(no_issuer_mints_for_another),
        cmocka_unit_test(an_algorithm_not_allowed_is_refused_though_a_key_has_it),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
