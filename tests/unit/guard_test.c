/* guard: what makes a token not valid, each rule with a moment on both sides of its boundary. */
#include "guard_world.h"

/* ---- form, issuer, audience, class ---- */

static void a_good_token_is_allowed_with_its_age(void **state)
{
    /* Goal: the plain yes, in every class, with the lane and the age of the proof told. */
    struct world *world = *state;
    for (size_t i = 0; i < 3; i++) {
        struct curfew_verdict verdict = decide(world, classes[i]);
        assert_verdict(verdict, CURFEW_ALLOW, "fresh");
        assert_int_equal(verdict.lane, LANE);
        assert_int_equal(verdict.age_us, 2 * SKEW_US);
    }
}

static void what_is_no_token_is_not_valid(void **state)
{
    /* Goal: each fault of the token becomes the verdict's word, before anything is known of its lane. */
    struct world *world = *state;
    struct curfew_request none = {.size = sizeof none, .token_size = 5, .strictness = CURFEW_CLASS_STRICT};
    struct curfew_verdict verdict;
    char *unsigned_token = forge_unsigned("{\"alg\":\"none\",\"typ\":\"at+jwt\"}", FORGE_PAYLOAD);
    char *other_type = forge_token(world->key, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"one\"}", FORGE_PAYLOAD);
    char *other_key = forge_token(world->key, "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x\"}", FORGE_PAYLOAD);
    char *cut = forge_unsigned(FORGE_HEADER, FORGE_PAYLOAD);
    curfew_guard_decide(&world->guard, &none, world->now, &verdict);
    assert_verdict(verdict, CURFEW_NOT_VALID, "malformed");
    verdict = decide_text(world, "a.b", CURFEW_CLASS_STRICT);
    assert_verdict(verdict, CURFEW_NOT_VALID, "malformed");
    assert_int_equal(verdict.lane, -1);
    assert_int_equal(verdict.age_us, -1);
    assert_verdict(decide_text(world, unsigned_token, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "algorithm");
    assert_verdict(decide_text(world, other_type, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "type");
    assert_verdict(decide_text(world, other_key, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "key");
    assert_verdict(decide_text(world, cut, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "signature");
    assert_verdict(decide_swapped(world, "\"v\":1", "\"v\":2"), CURFEW_NOT_VALID, "claims");
    free(unsigned_token);
    free(other_type);
    free(other_key);
    free(cut);
}

static void issuer_and_audience_must_be_ours(void **state)
{
    /* Goal: another issuer or audience is not valid, by a single character too; ours in a list is. */
    struct world *world = *state;
    assert_verdict(decide_swapped(world, "https://id.example", "https://id.examplf"), CURFEW_NOT_VALID, "issuer");
    assert_verdict(decide_swapped(world, "https://id.example", "https://id.example/"), CURFEW_NOT_VALID, "issuer");
    assert_verdict(decide_swapped(world, "\"books\",\"client_id\"", "\"book\",\"client_id\""), CURFEW_NOT_VALID,
                   "audience");
    assert_verdict(decide_swapped(world, "\"aud\":\"books\"", "\"aud\":[\"a\",\"b\"]"), CURFEW_NOT_VALID, "audience");
    assert_verdict(decide_swapped(world, "\"aud\":\"books\"", "\"aud\":[\"a\",\"books\"]"), CURFEW_ALLOW, "fresh");
}

static void a_request_needs_a_class(void **state)
{
    /* Goal: no class, or one that is none, is never allowed and says so. */
    struct world *world = *state;
    assert_verdict(decide(world, (enum curfew_class)0), CURFEW_UNAVAILABLE_NOW, "class");
    assert_verdict(decide(world, (enum curfew_class)4), CURFEW_UNAVAILABLE_NOW, "class");
}

static void the_sessions_lane_must_exist(void **state)
{
    /* Goal: a session of the last lane is judged, one of the lane after it is not valid. */
    struct world *world = *state;
    curfew_freshness_lanes_set(world->region, LANE + 1);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
    curfew_freshness_lanes_set(world->region, LANE);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "claims");
}

/* ---- times ---- */

static void a_token_ends_at_exp(void **state)
{
    /* Goal: one microsecond before exp it is allowed, at exp it is expired: no grace. */
    struct world *world = *state;
    begin_at(world, EXPIRES_US - 1);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
    begin_at(world, EXPIRES_US);
    assert_verdict(decide(world, CURFEW_CLASS_BEST_EFFORT), CURFEW_NOT_VALID, "expired");
}

static void a_slow_clock_does_not_keep_a_token_alive(void **state)
{
    /* Goal: the newest as_of of any lane ends a token though this machine's clock has not got there. */
    struct world *world = *state;
    begin_at(world, EXPIRES_US - SKEW_US);
    struct curfew_freshness_mark mark = mark_at(world->now);
    mark.as_of_us = EXPIRES_US - 1;
    curfew_freshness_store(world->region, 5, &mark);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
    mark.as_of_us = EXPIRES_US;
    curfew_freshness_store(world->region, 5, &mark);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "expired");
}

static void a_token_from_the_future_is_not_valid(void **state)
{
    /* Goal: issued one skew ahead of this clock is allowed, a microsecond more is not; nbf the same. */
    struct world *world = *state;
    begin_at(world, ISSUED_US - SKEW_US);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
    begin_at(world, ISSUED_US - SKEW_US - 1);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "issued_in_future");

    int64_t not_before_us = ISSUED_US + INT64_C(60000000);
    begin_at(world, not_before_us - SKEW_US);
    assert_verdict(decide_swapped(world, "\"sub\"", "\"nbf\":1795460489,\"sub\""), CURFEW_ALLOW, "fresh");
    begin_at(world, not_before_us - SKEW_US - 1);
    assert_verdict(decide_swapped(world, "\"sub\"", "\"nbf\":1795460489,\"sub\""), CURFEW_NOT_VALID, "not_yet_valid");
}

static void a_token_may_not_live_too_long(void **state)
{
    /* Goal: a life of exactly the bound is allowed, a microsecond more is not, however fresh the proof. */
    struct world *world = *state;
    world->guard.longest_life_us = EXPIRES_US - ISSUED_US;
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
    world->guard.longest_life_us--;
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "too_long_lived");
    world->guard.longest_life_us = INT64_C(900000000);
}

static void a_new_log_knows_nothing_of_older_tokens(void **state)
{
    /* Goal: issued a skew after the lane's genesis is allowed, a microsecond before that it is not valid: an issuer
     * whose clock was ahead may have minted it in the log before. */
    struct world *world = *state;
    for (int64_t late = 0; late <= 1; late++) {
        begin_at(world, NOW_US);
        struct curfew_freshness_mark mark = mark_at(world->now);
        mark.genesis_us = ISSUED_US - SKEW_US + late;
        curfew_freshness_store(world->region, LANE, &mark);
        assert_verdict(decide(world, CURFEW_CLASS_STRICT), late == 0 ? CURFEW_ALLOW : CURFEW_NOT_VALID,
                       late == 0 ? "fresh" : "before_genesis");
    }
}

/* ---- names ---- */

static void names_read_back(void **state)
{
    /* Goal: classes parse from their names alone, and every decision has its word. */
    enum curfew_class parsed;
    static const char *const bad[] = {"", "Strict", "strict ", "best-effort", "0", "1"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(curfew_class_parse(curfew_class_name(classes[i]), &parsed), CURFEW_OK);
        assert_int_equal(parsed, classes[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(curfew_class_parse(bad[i], &parsed), CURFEW_INVALID);
    }
    assert_int_equal(curfew_class_parse(NULL, &parsed), CURFEW_INVALID);
    assert_string_equal(curfew_class_name(CURFEW_CLASS_BEST_EFFORT), "best_effort");
    assert_string_equal(curfew_decision_name(CURFEW_ALLOW), "allow");
    assert_string_equal(curfew_decision_name(CURFEW_DENY), "deny");
    assert_string_equal(curfew_decision_name(CURFEW_NOT_VALID), "not_valid");
    assert_string_equal(curfew_decision_name(CURFEW_NEEDS_REAPPROVAL), "needs_reapproval");
    assert_string_equal(curfew_decision_name(CURFEW_UNAVAILABLE_NOW), "unavailable");
}

static void a_token_found_good_before_is_held_to_the_issuers_of_now(void **state)
{
    /* Goal: an issuer that is gone, or lost the tenant, since a token was verified: it is not valid any more. */
    static const char *const algorithms[] = {"ES256", NULL};
    static const char *const tenants[] = {"books", NULL};
    static const struct {
        const char *issuer;
        const char *reason;
    } rows[] = {{"https://id.example", "tenant"}, {"https://other.example", "issuer"}};
    struct world *world = *state;
    struct curfew_guard guard = world->guard;
    struct curfew_request request = {.size = sizeof request, .strictness = CURFEW_CLASS_STRICT};
    struct curfew_token *token = NULL;
    struct curfew_verdict verdict;
    struct curfew_error error;
    assert_int_equal(curfew_token_verify(curfew_slice_of(world->token), world->issuers, &token, &error),
                     CURFEW_TOKEN_GOOD);
    curfew_guard_judge(&guard, token, &request, world->now, &verdict);
    assert_verdict(verdict, CURFEW_ALLOW, "fresh");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct curfew_issuer_spec spec = {rows[i].issuer, algorithms, tenants};
        struct curfew_issuers *issuers = NULL;
        assert_int_equal(curfew_issuers_of(&spec, forge_jwks(&world->key, 1), &issuers, &error), CURFEW_OK);
        guard.issuers = issuers;
        curfew_guard_judge(&guard, token, &request, world->now, &verdict);
        assert_verdict(verdict, CURFEW_NOT_VALID, rows[i].reason);
        curfew_issuers_destroy(issuers);
    }
    curfew_token_destroy(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_token_found_good_before_is_held_to_the_issuers_of_now, begin),
        cmocka_unit_test_setup(a_good_token_is_allowed_with_its_age, begin),
        cmocka_unit_test_setup(what_is_no_token_is_not_valid, begin),
        cmocka_unit_test_setup(issuer_and_audience_must_be_ours, begin),
        cmocka_unit_test_setup(a_request_needs_a_class, begin),
        cmocka_unit_test_setup(the_sessions_lane_must_exist, begin),
        cmocka_unit_test_setup(a_token_ends_at_exp, begin),
        cmocka_unit_test_setup(a_slow_clock_does_not_keep_a_token_alive, begin),
        cmocka_unit_test_setup(a_token_from_the_future_is_not_valid, begin),
        cmocka_unit_test_setup(a_token_may_not_live_too_long, begin),
        cmocka_unit_test_setup(a_new_log_knows_nothing_of_older_tokens, begin),
        cmocka_unit_test(names_read_back),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
