/* claims: what a rightly signed payload may say, and a table of what it may not. */
#include "forge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct world {
    struct curfew_jose_key *key;
    struct curfew_issuers *issuers;
};

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->key = forge_key();
    world->issuers = forge_issuers(&world->key, 1);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    curfew_issuers_destroy(world->issuers);
    curfew_jose_key_destroy(world->key);
    free(world);
    return 0;
}

/* A good token with this payload. */
static struct curfew_token *good_token(const struct world *world, const char *payload)
{
    struct curfew_token *token = NULL;
    struct curfew_error error;
    char *text = forge_token(world->key, FORGE_HEADER, payload);
    assert_int_equal(curfew_token_verify(curfew_slice_of(text), world->issuers, &token, &error), CURFEW_TOKEN_GOOD);
    free(text);
    return token;
}

static enum curfew_token_fault fault_of(const struct world *world, const char *payload)
{
    struct curfew_token *token = NULL;
    struct curfew_error error = {.text = ""};
    char *text = forge_token(world->key, FORGE_HEADER, payload);
    enum curfew_token_fault fault = curfew_token_verify(curfew_slice_of(text), world->issuers, &token, &error);
    free(text);
    if (fault == CURFEW_TOKEN_GOOD) {
        curfew_token_destroy(token);
        return fault;
    }
    assert_null(token);
    assert_int_equal(error.status, CURFEW_INVALID);
    assert_true(strlen(error.text) > 20);
    assert_null(strstr(error.text, "sesame")); /* what the token says is nobody's business */
    return fault;
}

static void what_may_be_absent_reads_as_empty(void **state)
{
    /* Goal: a token with the required members alone is good; its lists are empty and it is not supervised. */
    struct world *world = *state;
    char *payload = forge_swap(FORGE_PAYLOAD, FORGE_CURFEW,
                               "{\"v\":1,\"tenant\":\"acme\",\"session\":\"" FORGE_SESSION "\",\"auth_us\":1}");
    struct curfew_token *token = good_token(world, payload);
    const struct curfew_claims *claims = curfew_token_claims(token);
    assert_int_equal(claims->agents.count + claims->path.count + claims->approvals.count + claims->policies.count, 0);
    assert_false(claims->supervised);
    curfew_token_destroy(token);
    free(payload);
}

static void dates_may_have_fractions(void **state)
{
    /* Goal: iat and exp with a fraction round down, nbf up, never by more than a microsecond. */
    static const struct {
        const char *iat;
        int64_t us;
    } rows[] = {{"1795460429.5", INT64_C(1795460429500000)},
                {"1795460429.0", INT64_C(1795460429000000)},
                {"1.795460429e9", INT64_C(1795460429000000)},
                {"1795460428.9999995", INT64_C(1795460428999999)}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char claims_text[100];
        snprintf(claims_text, sizeof claims_text, "\"iat\":%s,\"nbf\":%s", rows[i].iat, rows[i].iat);
        char *payload = forge_swap(FORGE_PAYLOAD, "\"iat\":1795460429", claims_text);
        struct curfew_token *token = good_token(world, payload);
        assert_int_equal(curfew_token_claims(token)->issued_us, rows[i].us);
        int64_t not_before_us = curfew_token_not_before_us(token);
        assert_true(not_before_us == rows[i].us || not_before_us == rows[i].us + 1);
        assert_true(i < 3 || not_before_us == rows[i].us + 1);
        curfew_token_destroy(token);
        free(payload);
    }
}

static void audience_is_matched_whole(void **state)
{
    /* Goal: an audience is found alone or in a list, never by a part or another case of its name. */
    struct world *world = *state;
    static const char *const forms[] = {"\"aud\":\"books\"", "\"aud\":[\"shop\",\"books\"]"};
    for (size_t i = 0; i < 2; i++) {
        char *payload = forge_swap(FORGE_PAYLOAD, "\"aud\":\"books\"", forms[i]);
        struct curfew_token *token = good_token(world, payload);
        assert_true(curfew_token_has_audience(token, "books"));
        assert_int_equal(curfew_token_has_audience(token, "shop"), i == 1);
        assert_false(curfew_token_has_audience(token, "book") || curfew_token_has_audience(token, "Books") ||
                     curfew_token_has_audience(token, "") || curfew_token_has_audience(token, "bookss"));
        curfew_token_destroy(token);
        free(payload);
    }
}

static const struct {
    const char *from;
    const char *to;
    enum curfew_token_fault fault;
} bad_payloads[] = {
    {"\"sub\"", "\"sub\":\"sesame\",\"sub\"", CURFEW_TOKEN_MALFORMED}, /* twice at the top */
    {"\"v\":1", "\"v\":1,\"v\":1", CURFEW_TOKEN_MALFORMED}, /* twice inside curfew */
    {"\"sub\"", "\"act\":{\"sub\":\"x\",\"sub\":\"y\"},\"sub\"", CURFEW_TOKEN_MALFORMED}, /* twice anywhere */
    {"\"sub\"", "\"curfew\":{},\"sub\"", CURFEW_TOKEN_MALFORMED},
    {"\"ana\"", "\"a\\u0000b\"", CURFEW_TOKEN_MALFORMED},
    {"\"ana\"", "\"\xff\"", CURFEW_TOKEN_MALFORMED},
    {"\"iat\":1795460429", "\"iat\":1795460429e400", CURFEW_TOKEN_MALFORMED},
    {"\"iss\":\"https://id.example\",", "", CURFEW_TOKEN_CLAIMS},
    {"\"https://id.example\"", "7", CURFEW_TOKEN_CLAIMS},
    {"\"https://id.example\"", "\"\"", CURFEW_TOKEN_CLAIMS},
    {"\"sub\":\"ana\",", "", CURFEW_TOKEN_CLAIMS},
    {"\"ana\"", "null", CURFEW_TOKEN_CLAIMS},
    {"\"ana\"", "\"\"", CURFEW_TOKEN_CLAIMS},
    {"\"ana\"", "\"a\\nb\"", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\",", "", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\"", "\"aud\":7", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\"", "\"aud\":\"\"", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\"", "\"aud\":[]", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\"", "\"aud\":[\"books\",7]", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\"", "\"aud\":[\"books\",\"\"]", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\"", "\"aud\":{\"books\":1}", CURFEW_TOKEN_CLAIMS},
    {"\"aud\":\"books\"",
     "\"aud\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\","
     "\"books\"]",
     CURFEW_TOKEN_CLAIMS},
    {"\"client_id\":\"agents\",", "", CURFEW_TOKEN_CLAIMS},
    {"\"agents\",\"iat\"", "\"\",\"iat\"", CURFEW_TOKEN_CLAIMS},
    {"\"agents\",\"iat\"", "true,\"iat\"", CURFEW_TOKEN_CLAIMS},
    {"\"jti\":\"t-1\",", "", CURFEW_TOKEN_CLAIMS},
    {"\"t-1\"", "1", CURFEW_TOKEN_CLAIMS},
    {"\"iat\":1795460429,", "", CURFEW_TOKEN_CLAIMS},
    {"\"iat\":1795460429", "\"iat\":\"1795460429\"", CURFEW_TOKEN_CLAIMS},
    {"\"iat\":1795460429", "\"iat\":0", CURFEW_TOKEN_CLAIMS},
    {"\"iat\":1795460429", "\"iat\":-1", CURFEW_TOKEN_CLAIMS},
    {"\"iat\":1795460429", "\"iat\":-0.5", CURFEW_TOKEN_CLAIMS},
    {"\"iat\":1795460429", "\"iat\":0.0000001", CURFEW_TOKEN_CLAIMS},
    {"\"exp\":1795460729,", "", CURFEW_TOKEN_CLAIMS},
    {"\"exp\":1795460729", "\"exp\":null", CURFEW_TOKEN_CLAIMS},
    {"\"exp\":1795460729", "\"exp\":1795460429", CURFEW_TOKEN_CLAIMS}, /* over as it begins */
    {"\"exp\":1795460729", "\"exp\":253402300800", CURFEW_TOKEN_CLAIMS},
    {"\"exp\":1795460729", "\"exp\":9223372036854775807", CURFEW_TOKEN_CLAIMS},
    {"\"exp\":1795460729", "\"exp\":1e300", CURFEW_TOKEN_CLAIMS},
    {"\"sub\"", "\"nbf\":\"soon\",\"sub\"", CURFEW_TOKEN_CLAIMS},
    {"\"sub\"", "\"nbf\":null,\"sub\"", CURFEW_TOKEN_CLAIMS},
    {",\"curfew\":" FORGE_CURFEW, "", CURFEW_TOKEN_CLAIMS},
    {FORGE_CURFEW, "null", CURFEW_TOKEN_CLAIMS},
    {FORGE_CURFEW, "[]", CURFEW_TOKEN_CLAIMS},
    {"\"v\":1,", "", CURFEW_TOKEN_CLAIMS},
    {"\"v\":1", "\"v\":2", CURFEW_TOKEN_CLAIMS},
    {"\"v\":1", "\"v\":1.0", CURFEW_TOKEN_CLAIMS},
    {"\"v\":1", "\"v\":\"1\"", CURFEW_TOKEN_CLAIMS},
    {"\"v\":1", "\"v\":1,\"sesame\":1", CURFEW_TOKEN_CLAIMS}, /* an unknown member might restrict */
    {"\"v\":1", "\"v\":1,\"Path\":[]", CURFEW_TOKEN_CLAIMS},
    {"\"tenant\":\"acme\",", "", CURFEW_TOKEN_CLAIMS},
    {"\"tenant\":\"acme\"", "\"tenant\":7", CURFEW_TOKEN_CLAIMS},
    {"\"tenant\":\"acme\"", "\"tenant\":\"\"", CURFEW_TOKEN_CLAIMS},
    {"\"session\":\"" FORGE_SESSION "\",", "", CURFEW_TOKEN_CLAIMS},
    {"\"session\":\"3.", "\"session\":\"03.", CURFEW_TOKEN_CLAIMS},
    {"\"session\":\"3.", "\"session\":\"0.", CURFEW_TOKEN_CLAIMS},
    {"\"session\":\"3.", "\"session\":\"256.", CURFEW_TOKEN_CLAIMS},
    {"\"session\":\"3.", "\"session\":\"sesame.", CURFEW_TOKEN_CLAIMS},
    {"\"auth_us\":1795460400000000,", "", CURFEW_TOKEN_CLAIMS},
    {"\"auth_us\":1795460400000000", "\"auth_us\":1795460400000000.5", CURFEW_TOKEN_CLAIMS},
    {"\"auth_us\":1795460400000000", "\"auth_us\":0", CURFEW_TOKEN_CLAIMS},
    {"\"auth_us\":1795460400000000", "\"auth_us\":\"1\"", CURFEW_TOKEN_CLAIMS},
    {"\"agents\":[\"spiffe://acme/planner\"]", "\"agents\":\"spiffe://acme/planner\"", CURFEW_TOKEN_CLAIMS},
    {"\"agents\":[\"spiffe://acme/planner\"]", "\"agents\":null", CURFEW_TOKEN_CLAIMS},
    {"[\"spiffe://acme/planner\"]", "[7]", CURFEW_TOKEN_CLAIMS},
    {"[\"spiffe://acme/planner\"]", "[\"\"]", CURFEW_TOKEN_CLAIMS},
    {"[\"acme\",\"nightly-close\",1]", "[\"acme\",\"nightly-close\"]", CURFEW_TOKEN_CLAIMS},
    {"[\"acme\",\"nightly-close\",1]", "[\"acme\",\"nightly-close\",1,1]", CURFEW_TOKEN_CLAIMS},
    {"[\"acme\",\"nightly-close\",1]", "[\"acme\",\"nightly-close\",0]", CURFEW_TOKEN_CLAIMS},
    {"[\"acme\",\"nightly-close\",1]", "[\"acme\",\"nightly-close\",1.0]", CURFEW_TOKEN_CLAIMS},
    {"[\"acme\",\"nightly-close\",1]", "[\"acme\",\"post-invoices\",1]", CURFEW_TOKEN_CLAIMS},
    {"[\"acme\",\"nightly-close\",1]", "[\"acme\",\"\",1]", CURFEW_TOKEN_CLAIMS},
    {"[\"acme\",\"nightly-close\",1]", "{\"tenant\":\"acme\"}", CURFEW_TOKEN_CLAIMS},
    {"\"path\":[", "\"path\":[[],", CURFEW_TOKEN_CLAIMS},
    {"[\"a-9\"]", "[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]", CURFEW_TOKEN_CLAIMS},
    {"[\"a-9\"]", "[null]", CURFEW_TOKEN_CLAIMS},
    {"[\"payments\",7]", "[\"payments\",-1]", CURFEW_TOKEN_CLAIMS},
    {"[\"payments\",7]", "[\"payments\",\"7\"]", CURFEW_TOKEN_CLAIMS},
    {"[\"payments\",7]", "[\"payments\"]", CURFEW_TOKEN_CLAIMS},
    {"\"supervised\":true", "\"supervised\":\"true\"", CURFEW_TOKEN_CLAIMS},
    {"\"supervised\":true", "\"supervised\":1", CURFEW_TOKEN_CLAIMS},
    {"\"supervised\":true", "\"supervised\":null", CURFEW_TOKEN_CLAIMS},
};

static void bad_payloads_are_refused(void **state)
{
    /* Goal: each wrong claim is refused for what it is, though the signature over it is right. */
    struct world *world = *state;
    for (size_t i = 0; i < sizeof bad_payloads / sizeof bad_payloads[0]; i++) {
        char *payload = forge_swap(FORGE_PAYLOAD, bad_payloads[i].from, bad_payloads[i].to);
        print_message("%s -> %s\n", bad_payloads[i].from, bad_payloads[i].to);
        assert_int_equal(fault_of(world, payload), bad_payloads[i].fault);
        free(payload);
    }
    assert_int_equal(fault_of(world, "[]"), CURFEW_TOKEN_MALFORMED);
    assert_int_equal(fault_of(world, ""), CURFEW_TOKEN_MALFORMED);
}

static void list_bounds_hold_on_both_sides(void **state)
{
    /* Goal: sixteen steps and agents pass, seventeen do not; an id of 256 bytes passes, one of 257 does not. */
    struct world *world = *state;
    for (int count = CURFEW_PATH_MAX; count <= CURFEW_PATH_MAX + 1; count++) {
        char path[1024] = "[";
        char agents[1024] = "[";
        for (int i = 0; i < count; i++) {
            sprintf(path + strlen(path), "%s[\"acme\",\"t%d\",1]", i == 0 ? "" : ",", i);
            sprintf(agents + strlen(agents), "%s\"a%d\"", i == 0 ? "" : ",", i);
        }
        strcat(path, "]");
        strcat(agents, "]");
        enum curfew_token_fault wanted = count <= CURFEW_PATH_MAX ? CURFEW_TOKEN_GOOD : CURFEW_TOKEN_CLAIMS;
        char *one = forge_swap(FORGE_PAYLOAD, "[[\"acme\",\"nightly-close\",1],[\"books\",\"post-invoices\",2]]", path);
        char *two = forge_swap(FORGE_PAYLOAD, "[\"spiffe://acme/planner\"]", agents);
        assert_int_equal(fault_of(world, one), wanted);
        assert_int_equal(fault_of(world, two), wanted);
        free(one);
        free(two);
    }
    for (int size = CURFEW_ID_MAX; size <= CURFEW_ID_MAX + 1; size++) {
        char user[300];
        sprintf(user, "\"%0*d\"", size, 0);
        char *payload = forge_swap(FORGE_PAYLOAD, "\"ana\"", user);
        assert_int_equal(fault_of(world, payload), size <= CURFEW_ID_MAX ? CURFEW_TOKEN_GOOD : CURFEW_TOKEN_CLAIMS);
        free(payload);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_absent_reads_as_empty), cmocka_unit_test(dates_may_have_fractions),
        cmocka_unit_test(audience_is_matched_whole),         cmocka_unit_test(bad_payloads_are_refused),
        cmocka_unit_test(list_bounds_hold_on_both_sides),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
