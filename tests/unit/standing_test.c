/* standing_test: users, agents, tenants, keys and policies revoked on control: floors there, sessions over at the tick,
 * starts and mints refused from then on, and what stays alive. */
#include "core/lineage.h"
#include "services/coordinator/revoked.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#define AGENT "spiffe://acme/planner"
#define KEY "Nz-AU2K3PvYyJ1nO4Xr6C5aT0bQeDgHkLmRsVwXyZ01"
#define LATER "1.CCCCCCCCCCCCCCCCCCCCCC"
#define S6D (INT64_C(6) * 86400 * WORLD_S)

static struct curfew_slice text(const char *words)
{
    return curfew_slice_of(words);
}

static enum curfew_reason revoke(struct world *world, struct curfew_subject_revoked revoked)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED, .as.subject_revoked = revoked};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

static enum curfew_reason revoke_agent(struct world *world, const char *tenant, const char *scope, const char *agent)
{
    return revoke(world,
                  (struct curfew_subject_revoked){
                      .kind = CURFEW_KIND_AGENT, .tenant = text(tenant), .scope = text(scope), .id = text(agent)});
}

static enum curfew_reason revoke_tenant(struct world *world, const char *tenant)
{
    return revoke(world,
                  (struct curfew_subject_revoked){
                      .kind = CURFEW_KIND_TENANT, .tenant = text(tenant), .id = text(tenant), .break_glass = true});
}

static enum curfew_reason revoke_key(struct world *world, const char *key)
{
    return revoke(world,
                  (struct curfew_subject_revoked){.kind = CURFEW_KIND_KEY, .id = text(key), .break_glass = true});
}

static enum curfew_reason adopt(struct world *world, const char *tenant, const char *name, int64_t version)
{
    const struct curfew_event event = {
        .type = CURFEW_EVENT_POLICY_ADOPTED,
        .as.policy_adopted = {.tenant = text(tenant), .name = text(name), .version = version}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

static enum curfew_reason raise(struct world *world, const char *tenant, const char *name, int64_t version)
{
    const struct curfew_event event = {
        .type = CURFEW_EVENT_POLICY_RAISED,
        .as.policy_raised = {.tenant = text(tenant), .name = text(name), .version = version, .break_glass = true}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

/* A mint in a session of ada's, by an agent, with a key, under a version of payments; what is NULL or -1 is left out.
 */
static enum curfew_reason mint(struct world *world, const char *session, const char *agent, const char *key,
                               int64_t version)
{
    static int number;
    static char jti[32];
    struct curfew_slice agents[] = {text("spiffe://acme/other"), text(agent)};
    const struct curfew_policy_version policies[] = {{text("payments"), version}};
    (void)snprintf(jti, sizeof jti, "jti-%d", number++);
    struct curfew_claims claims = world_claims(world, session, jti);
    if (strcmp(session, WORLD_SESSION) != 0) {
        claims.auth_us = world->now_us - WORLD_S; /* started just now */
    }
    claims.agents = (struct curfew_list){agents, agent == NULL ? 1 : 2};
    claims.key = text(key);
    claims.policies = (struct curfew_list){policies, version < 0 ? 0 : 1};
    return world_mint_claims(world, &claims);
}

static void a_revoked_agent_mints_nothing_more_and_its_sessions_go_on(void **state)
{
    (void)state; /* goal: before_us on the digest that tokens carry; no token by it; other agents' pass; a new login too
                  */
    struct world *world = world_with_token();
    int64_t expires = 0;
    assert_int_equal(revoke_agent(world, "acme", "acme", AGENT), ACCEPTED);
    assert_true(world_raised(world, curfew_subject_agent(text("acme"), text(AGENT)), &expires) ==
                world->now_us + WORLD_S / 2 + 1);
    assert_true(expires == world->now_us + S6D + 3 * WORLD_S / 4);
    assert_false(world->effects.pending || world->effects.break_glass.told);
    assert_int_equal(mint(world, WORLD_SESSION, AGENT, NULL, -1), ACCEPTED); /* not taken in yet */
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world->effects.link_count, 0);
    assert_int_equal(mint(world, WORLD_SESSION, AGENT, NULL, -1), CURFEW_REASON_USER_REVOKED);
    assert_int_equal(mint(world, WORLD_SESSION, "spiffe://acme/planner2", NULL, -1), ACCEPTED);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, -1), ACCEPTED);
    world_pass(world, 2 * WORLD_S);
    assert_int_equal(world_session(world, LATER, "ada"), ACCEPTED);
    assert_int_equal(mint(world, LATER, AGENT, NULL, -1), ACCEPTED);
    world_end(world);
}

static void an_agents_scope_is_its_trust_domain(void **state)
{
    (void)
        state; /* goal: a record whose names would make another digest than a token's is refused, not obeyed in vain */
    struct world *world = world_begin();
    assert_int_equal(revoke_agent(world, "acme", "", AGENT), CURFEW_REASON_INVALID);
    assert_int_equal(revoke_agent(world, "acme", "other", AGENT), CURFEW_REASON_INVALID);
    assert_int_equal(revoke_agent(world, "", "acme", AGENT), CURFEW_REASON_INVALID);
    assert_int_equal(revoke_agent(world, "acme", "acme", ""), CURFEW_REASON_INVALID);
    assert_int_equal(revoke_agent(world, "acme", "acme", "planner"), CURFEW_REASON_INVALID);
    assert_int_equal(world_raised_count(world), 0);
    assert_int_equal(revoke_agent(world, "acme", "", "planner"), ACCEPTED);
    assert_true(world_raised(world, curfew_subject_agent(text("acme"), text("planner")), NULL) > 0);
    world_end(world);
}

static void names_of_other_kinds_are_held_to_their_form(void **state)
{
    (void)state; /* goal: tenant = id, no scope; a key is a whole thumbprint and has no tenant; other kinds: unsupported
                  */
    struct world *world = world_begin();
    struct curfew_subject_revoked bad[] = {
        {.kind = CURFEW_KIND_TENANT, .tenant = text("acme"), .id = text("books")},
        {.kind = CURFEW_KIND_TENANT, .tenant = text("acme"), .scope = text("s"), .id = text("acme")},
        {.kind = CURFEW_KIND_TENANT, .id = text("acme")},
        {.kind = CURFEW_KIND_KEY, .id = text("short")},
        {.kind = CURFEW_KIND_KEY, .id = text(KEY "x")},
        {.kind = CURFEW_KIND_KEY, .id = text("Nz+AU2K3PvYyJ1nO4Xr6C5aT0bQeDgHkLmRsVwXyZ01")},
        {.kind = CURFEW_KIND_KEY, .tenant = text("acme"), .id = text(KEY)},
        {.kind = CURFEW_KIND_KEY, .scope = text("acme"), .id = text(KEY)},
        {.kind = CURFEW_KIND_USER, .tenant = text("acme"), .id = text("ada")},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bad[i].break_glass = true;
        assert_int_equal(revoke(world, bad[i]), CURFEW_REASON_INVALID);
    }
    for (int kind = 0; kind < CURFEW_KIND_COUNT; kind++) {
        const bool ours = kind == CURFEW_KIND_USER || kind == CURFEW_KIND_AGENT || kind == CURFEW_KIND_TENANT ||
                          kind == CURFEW_KIND_KEY;
        if (!ours) {
            assert_int_equal(
                revoke(world,
                       (struct curfew_subject_revoked){.kind = kind, .tenant = text("acme"), .id = text("acme")}),
                CURFEW_REASON_UNSUPPORTED);
        }
    }
    assert_int_equal(world_raised_count(world), 0);
    world_end(world);
}

static void a_revoked_tenant_loses_every_session_begun_before(void **state)
{
    (void)state; /* goal: all users' sessions over at the tick; starts of before refused; other tenants untouched */
    struct world *world = world_with_token();
    struct curfew_event theirs = {.type = CURFEW_EVENT_SESSION_STARTED,
                                  .as.session_started = {.session = text(LATER),
                                                         .tenant = text("books"),
                                                         .issuer = text("https://as.acme"),
                                                         .user = text("ada"),
                                                         .auth_us = world->now_us - WORLD_S,
                                                         .deadline_us = world->now_us + 3600 * WORLD_S}};
    int64_t expires = 0;
    assert_int_equal(world_say(world, theirs), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    assert_int_equal(world_session(world, WORLD_OTHER, "bob"), ACCEPTED);
    assert_int_equal(revoke_tenant(world, "acme"), ACCEPTED);
    assert_true(world_raised(world, curfew_subject_tenant(text("acme")), &expires) == world->now_us + WORLD_S / 2 + 1);
    assert_true(expires == world->now_us + S6D + 3 * WORLD_S / 4);
    assert_int_equal(world_task(world, "before-tick", 1, "", 0), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(curfew_lane_counts(world->lane).book.sessions, 1);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, -1), CURFEW_REASON_SESSION_OVER);
    assert_int_equal(world_session(world, "1.DDDDDDDDDDDDDDDDDDDDDD", "eve"), CURFEW_REASON_USER_REVOKED);
    struct curfew_claims claims = world_claims(world, LATER, "b1");
    claims.tenant = text("books");
    claims.auth_us = theirs.as.session_started.auth_us;
    assert_int_equal(world_mint_claims(world, &claims), ACCEPTED);
    world_pass(world, 2 * WORLD_S);
    assert_int_equal(world_session(world, "1.EEEEEEEEEEEEEEEEEEEEEE", "eve"), ACCEPTED);
    world_end(world);
}

static void a_revoked_key_signs_nothing_more_for_ever(void **state)
{
    (void)state; /* goal: floor MAX to the end of time, stated again for ever; no token with it, whoever logs in when */
    struct world *world = world_with_token();
    int64_t expires = 0;
    assert_int_equal(revoke_key(world, KEY), ACCEPTED);
    assert_true(world_raised(world, curfew_subject_key(text(KEY)), &expires) == CURFEW_FLOOR_MAX);
    assert_true(expires == CURFEW_FOR_EVER_US);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, KEY, -1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, "another", -1), ACCEPTED);
    assert_int_equal(revoke_key(world, KEY), ACCEPTED);
    assert_int_equal(world_raised_count(world), 0); /* it holds already */
    const int64_t cause = curfew_lane_oldest_cause(world->control);
    world_pass(world, 3601 * WORLD_S);
    assert_true(curfew_lane_oldest_cause(world->control) > cause);
    world->now_us += INT64_C(400) * 86400 * WORLD_S; /* no session of then is left */
    world_pass(world, WORLD_S / 5);
    assert_int_equal(world_session(world, LATER, "ada"), ACCEPTED);
    assert_int_equal(mint(world, LATER, NULL, KEY, -1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(mint(world, LATER, AGENT, NULL, -1), ACCEPTED);
    world_end(world);
}

static void a_policy_is_adopted_and_then_raised(void **state)
{
    (void)state; /* goal: no token under a version nobody adopted, nor below the raised one; none is un-raised */
    struct world *world = world_with_token();
    int64_t expires = 0;
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 0), CURFEW_REASON_UNKNOWN_POLICY);
    assert_true(world->effects.refusal.retriable);
    assert_int_equal(raise(world, "acme", "payments", 7), CURFEW_REASON_UNKNOWN_POLICY);
    assert_true(world->effects.refusal.retriable);
    assert_int_equal(adopt(world, "acme", "payments", 7), ACCEPTED);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 7), CURFEW_REASON_UNKNOWN_POLICY); /* not in yet */
    world_pass(world, WORLD_S / 10);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 7), ACCEPTED);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 8), CURFEW_REASON_UNKNOWN_POLICY);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, INT64_MAX), CURFEW_REASON_UNKNOWN_POLICY);
    assert_int_equal(raise(world, "acme", "payments", 8), CURFEW_REASON_UNKNOWN_POLICY);
    assert_int_equal(adopt(world, "acme", "payments", 8), ACCEPTED);
    assert_int_equal(raise(world, "acme", "payments", 8), ACCEPTED);
    assert_true(world_raised(world, curfew_subject_policy(text("acme"), text("payments")), &expires) == 8);
    assert_true(expires == CURFEW_FOR_EVER_US);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 7), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 8), ACCEPTED);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, -1), ACCEPTED); /* it hangs on no policy */
    assert_int_equal(raise(world, "acme", "payments", 7), ACCEPTED);
    assert_int_equal(world_raised_count(world), 0);
    assert_int_equal(adopt(world, "acme", "payments", 3), ACCEPTED); /* adopted as it is: nothing goes back */
    world_pass(world, WORLD_S / 10);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 8), ACCEPTED);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 7), CURFEW_REASON_CONTRADICTS);
    world_end(world);
}

static void policies_of_two_tenants_never_meet(void **state)
{
    (void)state; /* goal: what books adopts or raises says nothing of acme's policy of that name */
    struct world *world = world_with_token();
    assert_int_equal(adopt(world, "books", "payments", 9), ACCEPTED);
    assert_int_equal(adopt(world, "acme", "payments", 1), ACCEPTED);
    assert_int_equal(raise(world, "books", "payments", 9), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 1), ACCEPTED);
    assert_int_equal(mint(world, WORLD_SESSION, NULL, NULL, 9), CURFEW_REASON_UNKNOWN_POLICY);
    world_end(world);
}

static void hostile_policy_records_are_refused(void **state)
{
    (void)state; /* goal: versions from 0 to below the largest; names are ids; the bound on names is held */
    struct world *world = world_begin();
    assert_int_equal(adopt(world, "acme", "payments", -1), CURFEW_REASON_INVALID);
    assert_int_equal(adopt(world, "acme", "payments", INT64_MAX), CURFEW_REASON_INVALID);
    assert_int_equal(adopt(world, "", "payments", 1), CURFEW_REASON_INVALID);
    assert_int_equal(adopt(world, "acme", "", 1), CURFEW_REASON_INVALID);
    assert_int_equal(raise(world, "acme", "payments", -1), CURFEW_REASON_INVALID);
    assert_int_equal(raise(world, "acme", "", 1), CURFEW_REASON_INVALID);
    assert_int_equal(adopt(world, "acme", "payments", INT64_MAX - 1), ACCEPTED);
    assert_int_equal(raise(world, "acme", "payments", INT64_MAX - 1), ACCEPTED);
    world_end(world);
}

static void a_revocation_said_twice_counts_once_and_a_later_one_again(void **state)
{
    (void)state; /* goal: before_us is fixed by the first record; its repeat raises nothing; a new one raises it */
    struct world *world = world_begin();
    struct curfew_subject_revoked agent = {.said_us = world->now_us,
                                           .kind = CURFEW_KIND_AGENT,
                                           .tenant = text("acme"),
                                           .scope = text("acme"),
                                           .id = text(AGENT)};
    assert_int_equal(revoke(world, agent), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    world->now_us += WORLD_S / 5;
    assert_int_equal(revoke(world, agent), ACCEPTED);
    assert_int_equal(world_raised_count(world), 0);
    world->now_us += WORLD_S / 5;
    assert_int_equal(revoke(world, agent), CURFEW_REASON_CLOCK);
    assert_true(world->effects.refusal.retriable);
    agent.said_us = world->now_us;
    assert_int_equal(revoke(world, agent), ACCEPTED);
    assert_true(world_raised(world, curfew_subject_agent(text("acme"), text(AGENT)), NULL) ==
                world->now_us + WORLD_S / 2 + 1);
    agent.said_us = world->now_us + WORLD_S / 4 + 1;
    assert_int_equal(revoke(world, agent), CURFEW_REASON_CLOCK);
    world_end(world);
}

static void keep(struct curfew_revoked *revoked, enum curfew_kind kind, int64_t floor, int64_t until_us)
{
    const struct curfew_subject subject = curfew_subject_of(kind, text("acme"), text(""), text("one"));
    const struct curfew_fact_revoked raised = {.kind = kind, .subject = subject, .floor = floor, .until_us = until_us};
    curfew_revoked_raise(revoked, &raised);
}

static int64_t kept(const struct curfew_revoked *revoked, enum curfew_kind kind)
{
    const struct curfew_subject subject = curfew_subject_of(kind, text("acme"), text(""), text("one"));
    const int64_t floor = curfew_revoked_floor(revoked, &subject);
    assert_int_equal(curfew_revoked_count(revoked, kind), floor == 0 ? 0 : 1);
    return floor;
}

static void what_was_revoked_is_forgotten_when_no_session_of_then_can_live(void **state)
{
    (void)state; /* goal: the book's list shrinks by itself, and one that stays for ever holds up none behind it */
    struct curfew_revoked *revoked = curfew_revoked_create();
    keep(revoked, CURFEW_KIND_KEY, CURFEW_FLOOR_MAX, CURFEW_FOR_EVER_US);
    keep(revoked, CURFEW_KIND_AGENT, 10, 100);
    keep(revoked, CURFEW_KIND_USER, 20, 200);
    curfew_revoked_prune(revoked, 100);
    assert_int_equal(kept(revoked, CURFEW_KIND_AGENT), 10);
    curfew_revoked_prune(revoked, 101);
    assert_int_equal(kept(revoked, CURFEW_KIND_AGENT), 0);
    keep(revoked, CURFEW_KIND_USER, 15, 150); /* lower: joins by max, and keeps */
    assert_int_equal(kept(revoked, CURFEW_KIND_USER), 20);
    curfew_revoked_prune(revoked, 199);
    assert_int_equal(kept(revoked, CURFEW_KIND_USER), 20);
    keep(revoked, CURFEW_KIND_USER, 1, CURFEW_FOR_EVER_US);
    curfew_revoked_prune(revoked, INT64_MAX);
    assert_int_equal(kept(revoked, CURFEW_KIND_USER), 20);
    assert_true(kept(revoked, CURFEW_KIND_KEY) == CURFEW_FLOOR_MAX);
    curfew_revoked_destroy(revoked);
}

static void an_end_after_the_revocation_raises_the_sessions_floor_once(void **state)
{
    (void)state; /* goal: a hop past that end denies, also while it is not past the revocation on control */
    struct curfew_subject session = curfew_subject_session(text("acme"), text(WORLD_SESSION));
    for (int end = 0; end < 4; end++) {
        struct world *world = world_with_token();
        int64_t expires = 0;
        assert_int_equal(world_revoke_user(world, "ada"), ACCEPTED);
        world_pass(world, WORLD_S / 10);
        assert_int_equal(world_raised_count(world), 0);
        const enum curfew_reason reason = end == 0   ? world_session_end(world, WORLD_SESSION)
                                          : end == 1 ? world_task_end(world, "extract", 0)
                                          : end == 2 ? world_attempt_end(world, "extract", 1)
                                                     : world_token_revoke(world, "t1");
        assert_int_equal(reason, ACCEPTED);
        assert_true(world_raised(world, session, &expires) == CURFEW_FLOOR_MAX);
        assert_true(expires >= world->newest_expiry_us);
        assert_int_equal(world_session_end(world, WORLD_SESSION), ACCEPTED);
        assert_int_equal(world_raised_count(world), 0);
        world_end(world);
    }
}

static void the_impact_of_a_revocation_is_what_it_would_end(void **state)
{
    (void)
        state; /* goal: the impact counts open sessions and running tasks of a user or tenant, and nothing of others */
    struct world *world = world_with_token();
    const struct curfew_subject ada = curfew_subject_user(text("acme"), text("https://as.acme"), text("ada"));
    const struct curfew_subject acme = curfew_subject_tenant(text("acme"));
    const struct curfew_subject books = curfew_subject_tenant(text("books"));
    assert_int_equal(world_session(world, WORLD_OTHER, "bob"), ACCEPTED);
    assert_int_equal(world_task(world, "below", 1, "extract", 1), ACCEPTED);
    assert_int_equal(world_task(world, "beside", 1, "", 0), ACCEPTED);
    struct curfew_book_impact impact = curfew_lane_impact(world->lane, CURFEW_KIND_USER, &ada);
    assert_true(impact.sessions == 1 && impact.tasks == 3);
    impact = curfew_lane_impact(world->lane, CURFEW_KIND_TENANT, &acme);
    assert_true(impact.sessions == 2 && impact.tasks == 3);
    impact = curfew_lane_impact(world->lane, CURFEW_KIND_TENANT, &books);
    assert_true(impact.sessions == 0 && impact.tasks == 0);
    impact = curfew_lane_impact(world->lane, CURFEW_KIND_AGENT, &ada);
    assert_true(impact.sessions == 0 && impact.tasks == 0);
    assert_int_equal(world_attempt_end(world, "extract", 1), ACCEPTED); /* and so is what is below it */
    impact = curfew_lane_impact(world->lane, CURFEW_KIND_USER, &ada);
    assert_true(impact.sessions == 1 && impact.tasks == 1);
    assert_int_equal(world_session_end(world, WORLD_SESSION), ACCEPTED);
    impact = curfew_lane_impact(world->lane, CURFEW_KIND_USER, &ada);
    assert_true(impact.sessions == 0 && impact.tasks == 0);
    impact = curfew_lane_impact(world->lane, CURFEW_KIND_TENANT, &acme);
    assert_true(impact.sessions == 1 && impact.tasks == 0);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_revoked_agent_mints_nothing_more_and_its_sessions_go_on),
        cmocka_unit_test(an_agents_scope_is_its_trust_domain),
        cmocka_unit_test(names_of_other_kinds_are_held_to_their_form),
        cmocka_unit_test(a_revoked_tenant_loses_every_session_begun_before),
        cmocka_unit_test(a_revoked_key_signs_nothing_more_for_ever),
        cmocka_unit_test(a_policy_is_adopted_and_then_raised),
        cmocka_unit_test(policies_of_two_tenants_never_meet),
        cmocka_unit_test(hostile_policy_records_are_refused),
        cmocka_unit_test(a_revocation_said_twice_counts_once_and_a_later_one_again),
        cmocka_unit_test(what_was_revoked_is_forgotten_when_no_session_of_then_can_live),
        cmocka_unit_test(an_end_after_the_revocation_raises_the_sessions_floor_once),
        cmocka_unit_test(the_impact_of_a_revocation_is_what_it_would_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
