/* token: what a good token says, and a table of attacks, each refused for what it is. */
#include "consumer/token.h"
#include "forge.h"
#include <curfew/hop.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
    struct curfew_jose_key *keys[2]; /* both of the set: "one" and "two" */
    struct curfew_jose_key *stranger;
    struct curfew_issuers *both;
    struct curfew_issuers *lone; /* "one" alone */
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->keys[0] = forge_key();
    world->keys[1] = forge_key();
    world->stranger = forge_key();
    world->both = forge_issuers(world->keys, 2);
    world->lone = forge_issuers(world->keys, 1);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    curfew_issuers_destroy(world->both);
    curfew_issuers_destroy(world->lone);
    curfew_jose_key_destroy(world->keys[0]);
    curfew_jose_key_destroy(world->keys[1]);
    curfew_jose_key_destroy(world->stranger);
    free(world);
    return 0;
}

static enum curfew_token_fault verify_bytes(struct curfew_slice text, const struct curfew_issuers *issuers)
{
    struct curfew_token *token = (struct curfew_token *)1;
    struct curfew_error error = {.text = ""};
    enum curfew_token_fault fault = curfew_token_verify(text, issuers, &token, &error);
    if (fault == CURFEW_TOKEN_GOOD) {
        assert_non_null(token);
        curfew_token_destroy(token);
        return fault;
    }
    assert_null(token);
    assert_int_equal(error.status, CURFEW_INVALID);
    assert_true(strlen(error.text) > 20);
    assert_null(strstr(error.text, "sesame")); /* what the token says is nobody's business */
    return fault;
}

static enum curfew_token_fault verify(const char *text, const struct curfew_issuers *issuers)
{
    return verify_bytes(curfew_slice_of(text), issuers);
}

/* The fault of a token signed by key one over these. */
static enum curfew_token_fault fault_of(const struct world *world, const char *header, const char *payload)
{
    char *text = forge_token(world->keys[0], header, payload);
    enum curfew_token_fault fault = verify(text, world->both);
    free(text);
    return fault;
}

static bool is(struct curfew_slice slice, const char *text)
{
    return curfew_slice_equal(slice, curfew_slice_of(text));
}

static void a_good_token_says_what_it_says(void **state)
{
    /* Goal: every claim of a good token arrives where it belongs, and outlives text and key set. */
    struct world *world = *state;
    struct curfew_token *token = NULL;
    struct curfew_error error;
    struct curfew_issuers *issuers = forge_issuers(world->keys, 2);
    char *text = forge_token(world->keys[0], FORGE_HEADER, FORGE_PAYLOAD);
    assert_int_equal(curfew_token_verify(curfew_slice_of(text), issuers, &token, &error), CURFEW_TOKEN_GOOD);
    memset(text, 'x', strlen(text));
    free(text);
    curfew_issuers_destroy(issuers);
    const struct curfew_claims *claims = curfew_token_claims(token);
    assert_true(is(claims->issuer, "https://id.example") && is(claims->user, "ana") && is(claims->jti, "t-1"));
    assert_true(is(claims->tenant, "acme") && is(claims->session, FORGE_SESSION));
    assert_int_equal(claims->issued_us, INT64_C(1795460429000000));
    assert_int_equal(claims->expires_us, INT64_C(1795460729000000));
    assert_int_equal(claims->auth_us, INT64_C(1795460400000000));
    assert_int_equal(claims->agents.count, 1);
    assert_true(is(((const struct curfew_slice *)claims->agents.items)[0], "spiffe://acme/planner"));
    const struct curfew_path_step *path = claims->path.items;
    assert_int_equal(claims->path.count, 2);
    assert_true(is(path[0].tenant, "acme") && is(path[0].task, "nightly-close") && path[0].attempt == 1);
    assert_true(is(path[1].tenant, "books") && is(path[1].task, "post-invoices") && path[1].attempt == 2);
    assert_int_equal(claims->approvals.count, 1);
    assert_true(is(((const struct curfew_slice *)claims->approvals.items)[0], "a-9"));
    const struct curfew_policy_version *policies = claims->policies.items;
    assert_int_equal(claims->policies.count, 1);
    assert_true(is(policies[0].name, "payments") && policies[0].version == 7);
    assert_true(claims->supervised);
    assert_true(is(claims->key, curfew_jose_key_thumbprint(world->keys[0])));
    assert_int_equal(curfew_token_not_before_us(token), 0);
    curfew_token_destroy(token);
    curfew_token_destroy(NULL);
}

/* ---- what is good in another shape ---- */

struct shape {
    const char *name;
    const char *from; /* of the payload; NULL: as it is */
    const char *to;
    const char *header;
};

static const struct shape good_shapes[] = {
    {"aud a list", "\"aud\":\"books\"", "\"aud\":[\"shop\",\"books\"]", FORGE_HEADER},
    {"unknown claim", "\"sub\"", "\"email\":\"a@b\",\"sub\"", FORGE_HEADER},
    {"typ as a media type", NULL, NULL, "{\"alg\":\"ES256\",\"typ\":\"Application/AT+jwt\",\"kid\":\"one\"}"},
    {"header with a key of its own", NULL, NULL,
     "{\"jwk\":{\"kty\":\"oct\"},\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}"},
    {"empty lists", "\"approvals\":[\"a-9\"],\"policies\":[[\"payments\",7]],\"supervised\":true",
     "\"approvals\":[],\"policies\":[],\"supervised\":false", FORGE_HEADER},
    {"nbf", "\"sub\"", "\"nbf\":1795460429,\"sub\"", FORGE_HEADER},
    {"scope and act", "\"sub\"", "\"scope\":\"a b\",\"act\":{\"sub\":\"x\",\"act\":{\"sub\":\"y\"}},\"sub\"",
     FORGE_HEADER},
};

static void other_good_shapes_pass(void **state)
{
    /* Goal: what RFC 9068 allows is not refused. */
    struct world *world = *state;
    for (size_t i = 0; i < sizeof good_shapes / sizeof good_shapes[0]; i++) {
        const struct shape *shape = &good_shapes[i];
        char *payload =
            forge_swap(FORGE_PAYLOAD, shape->from == NULL ? "" : shape->from, shape->to == NULL ? "" : shape->to);
        print_message("%s\n", shape->name);
        assert_int_equal(fault_of(world, shape->header, payload), CURFEW_TOKEN_GOOD);
        free(payload);
    }
}

/* ---- attacks on the header ---- */

static const struct {
    const char *header;
    enum curfew_token_fault fault;
} bad_headers[] = {
    {"{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"alg\":\"None\",\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"alg\":\"es256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"alg\":\"ES256K\",\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"alg\":\"ES384\",\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"alg\":null,\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_ALGORITHM},
    {"{\"alg\":\"ES256\",\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt \",\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jw\",\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":\"rt+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":\"\",\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":\"secevent+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":7,\"kid\":\"one\"}", CURFEW_TOKEN_TYPE},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\",\"crit\":[\"b64\"],\"b64\":false}", CURFEW_TOKEN_MALFORMED},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\",\"crit\":[]}", CURFEW_TOKEN_MALFORMED},
    {"{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}", CURFEW_TOKEN_MALFORMED},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", CURFEW_TOKEN_KEY},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"sesame\"}", CURFEW_TOKEN_KEY},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\"}", CURFEW_TOKEN_KEY},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":1}", CURFEW_TOKEN_KEY},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":null}", CURFEW_TOKEN_KEY},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"two\"}", CURFEW_TOKEN_SIGNATURE},
    {"[]", CURFEW_TOKEN_MALFORMED},
    {"\"ES256\"", CURFEW_TOKEN_MALFORMED},
    {"", CURFEW_TOKEN_MALFORMED},
    {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}{}", CURFEW_TOKEN_MALFORMED},
};

static void bad_headers_are_refused(void **state)
{
    /* Goal: each attack on the header is refused for what it is, though the signature over it is right. */
    struct world *world = *state;
    for (size_t i = 0; i < sizeof bad_headers / sizeof bad_headers[0]; i++) {
        print_message("%s\n", bad_headers[i].header);
        assert_int_equal(fault_of(world, bad_headers[i].header, FORGE_PAYLOAD), bad_headers[i].fault);
    }
}

static void a_lone_key_is_meant_without_kid(void **state)
{
    /* Goal: without kid the only key of a set verifies; an empty or wrong kid is no such omission. */
    struct world *world = *state;
    static const struct {
        const char *header;
        enum curfew_token_fault fault;
    } rows[] = {{"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", CURFEW_TOKEN_GOOD},
                {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\"}", CURFEW_TOKEN_KEY},
                {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"two\"}", CURFEW_TOKEN_KEY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = forge_token(world->keys[0], rows[i].header, FORGE_PAYLOAD);
        assert_int_equal(verify(text, world->lone), rows[i].fault);
        free(text);
    }
    char *text = forge_token(world->stranger, rows[0].header, FORGE_PAYLOAD);
    assert_int_equal(verify(text, world->lone), CURFEW_TOKEN_SIGNATURE);
    assert_int_equal(verify(text, NULL), CURFEW_TOKEN_KEY);
    free(text);
}

/* ---- attacks on the signature ---- */

static void forged_signatures_are_refused(void **state)
{
    /* Goal: no signature, another's, zeros, DER, a truncated one, or one over another text does not verify. */
    struct world *world = *state;
    static const uint8_t zeros[64];
    char *bare = forge_unsigned(FORGE_HEADER, FORGE_PAYLOAD);
    assert_int_equal(verify(bare, world->both), CURFEW_TOKEN_SIGNATURE);
    curfew_base64url_encode((struct curfew_slice){zeros, sizeof zeros}, bare + strlen(bare));
    assert_int_equal(verify(bare, world->both), CURFEW_TOKEN_SIGNATURE);
    free(bare);

    char *strange = forge_token(world->stranger, FORGE_HEADER, FORGE_PAYLOAD);
    assert_int_equal(verify(strange, world->both), CURFEW_TOKEN_SIGNATURE);
    free(strange);

    char *good = forge_token(world->keys[0], FORGE_HEADER, FORGE_PAYLOAD);
    char *other = forge_swap(FORGE_PAYLOAD, "\"ana\"", "\"eve\"");
    char *mixed = forge_unsigned(FORGE_HEADER, other);
    strcat(mixed, strrchr(good, '.') + 1);
    assert_int_equal(verify(good, world->both), CURFEW_TOKEN_GOOD);
    assert_int_equal(verify(mixed, world->both), CURFEW_TOKEN_SIGNATURE);
    char *signature = strrchr(good, '.') + 1;
    const char was = signature[0];
    signature[0] = '+'; /* as long as it must be, and not base64url */
    assert_int_equal(verify(good, world->both), CURFEW_TOKEN_MALFORMED);
    signature[0] = was;
    good[strlen(good) - 4] = '\0';
    assert_int_equal(verify(good, world->both), CURFEW_TOKEN_SIGNATURE);
    free(mixed);
    free(other);
    free(good);
}

static void every_changed_character_is_noticed(void **state)
{
    /* Goal: a good token with any one character replaced is not good. */
    struct world *world = *state;
    char *text = forge_token(world->keys[0], FORGE_HEADER, FORGE_PAYLOAD);
    for (size_t i = 0; text[i] != '\0'; i += 5) {
        char was = text[i];
        text[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(text, world->both), CURFEW_TOKEN_GOOD);
        text[i] = was;
    }
    assert_int_equal(verify(text, world->both), CURFEW_TOKEN_GOOD);
    free(text);
}

static void the_public_key_is_no_shared_secret(void **state)
{
    /* Goal: a token under HS256 whose secret is the public key set is refused by its algorithm. */
    struct world *world = *state;
    uint8_t mac[32];
    size_t size = 0;
    char jwk[1024];
    char *text = forge_unsigned("{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"one\"}", FORGE_PAYLOAD);
    forge_jwk(world->keys[0], "one", jwk, sizeof jwk);
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, jwk, strlen(jwk), (const uint8_t *)text,
                              strlen(text) - 1, mac, sizeof mac, &size));
    curfew_base64url_encode((struct curfew_slice){mac, size}, text + strlen(text));
    assert_int_equal(verify(text, world->both), CURFEW_TOKEN_ALGORITHM);
    free(text);
}

/* ---- attacks on the form ---- */

static void bad_forms_are_refused(void **state)
{
    /* Goal: padding, dots, blanks, missing parts and stray bytes around a good token make it malformed. */
    struct world *world = *state;
    static const char *const patterns[] = {"%s=",  "%s==", " %s", "%s ",       "%s\n",   "\t%s",   "%s.", ".%s",
                                           "%s.x", "x.%s", "%s,", "Bearer %s", "\"%s\"", "%s%%00", "%s+"};
    char *good = forge_token(world->keys[0], FORGE_HEADER, FORGE_PAYLOAD);
    char *text = malloc(strlen(good) + 20);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        sprintf(text, patterns[i], good); /* the patterns are those above */
        enum curfew_token_fault fault = verify(text, world->both);
        print_message("%s\n", patterns[i]);
        /* what is behind the signature makes it the wrong length, which is noticed first */
        assert_true(fault == CURFEW_TOKEN_MALFORMED || fault == CURFEW_TOKEN_SIGNATURE);
    }
    static const char *const others[] = {"", ".", "..", "...", "a", "a.b", "a.b.c", "e30.e30.", "e30.e30.e30"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_true(verify(others[i], world->both) != CURFEW_TOKEN_GOOD);
    }
    struct curfew_slice with_nul = {(const uint8_t *)good, strlen(good) + 1};
    assert_int_equal(verify_bytes(with_nul, world->both), CURFEW_TOKEN_SIGNATURE);
    assert_int_equal(verify_bytes((struct curfew_slice){NULL, 0}, world->both), CURFEW_TOKEN_MALFORMED);
    free(text);
    free(good);
}

static void size_is_bounded(void **state)
{
    /* Goal: a token of exactly the bound is read, one character more is refused unread. */
    struct world *world = *state;
    size_t fixed = strlen(FORGE_PAYLOAD) + strlen("\"x\":\"\",");
    for (size_t wanted = CURFEW_TOKEN_MAX - 2; wanted <= CURFEW_TOKEN_MAX + 3; wanted++) {
        size_t others = CURFEW_BASE64URL_SIZE(strlen(FORGE_HEADER)) + CURFEW_BASE64URL_SIZE(64) + 2;
        size_t payload_size = (wanted - others) * 3 / 4;
        char *filler = malloc(payload_size + 20);
        sprintf(filler, "\"x\":\"%0*d\",\"sub\"", (int)(payload_size - fixed), 0);
        char *payload = forge_swap(FORGE_PAYLOAD, "\"sub\"", filler);
        char *text = forge_token(world->keys[0], FORGE_HEADER, payload);
        bool fits = strlen(text) <= CURFEW_TOKEN_MAX;
        assert_int_equal(verify(text, world->both), fits ? CURFEW_TOKEN_GOOD : CURFEW_TOKEN_MALFORMED);
        free(text);
        free(payload);
        free(filler);
    }
    char *huge = malloc(1 << 20);
    memset(huge, 'A', 1 << 20);
    assert_int_equal(verify_bytes((struct curfew_slice){(const uint8_t *)huge, 1 << 20}, world->both),
                     CURFEW_TOKEN_MALFORMED);
    free(huge);
}

/* ---- reading for show, names ---- */

static void reading_for_show_checks_all_but_the_signature(void **state)
{
    /* Goal: a stranger's token can be shown, names no key, and is still held to its form. */
    struct world *world = *state;
    struct curfew_token *token = NULL;
    struct curfew_error error;
    char *text = forge_token(world->stranger, FORGE_HEADER, FORGE_PAYLOAD);
    assert_int_equal(curfew_token_read(curfew_slice_of(text), &token, &error), CURFEW_TOKEN_GOOD);
    assert_int_equal(curfew_token_claims(token)->key.size, 0);
    char *json = curfew_token_json(token);
    assert_string_equal(json, "{\"header\":" FORGE_HEADER ",\"claims\":" FORGE_PAYLOAD "}");
    free(json);
    curfew_token_destroy(token);
    free(text);
    text = forge_token(world->stranger, "{\"alg\":\"none\",\"typ\":\"at+jwt\"}", FORGE_PAYLOAD);
    assert_int_equal(curfew_token_read(curfew_slice_of(text), &token, &error), CURFEW_TOKEN_ALGORITHM);
    assert_null(token);
    free(text);
}

static void faults_have_names(void **state)
{
    /* Goal: each fault has a word of its own. */
    static const char *const names[] = {"good",      "malformed", "algorithm", "type",  "key",
                                        "signature", "claims",    "issuer",    "tenant"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(curfew_token_fault_name((enum curfew_token_fault)i), names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_says_what_it_says),
        cmocka_unit_test(other_good_shapes_pass),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(a_lone_key_is_meant_without_kid),
        cmocka_unit_test(forged_signatures_are_refused),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(the_public_key_is_no_shared_secret),
        cmocka_unit_test(bad_forms_are_refused),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(reading_for_show_checks_all_but_the_signature),
        cmocka_unit_test(faults_have_names),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
