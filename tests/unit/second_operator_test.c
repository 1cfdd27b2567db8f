/* second_operator_test: revocations that take two operators: proposed by one, in effect when another says the same, or
 * at once when the glass is broken; and what cannot stand for a second. */
#include "services/coordinator/proposals.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#define KEY "Nz-AU2K3PvYyJ1nO4Xr6C5aT0bQeDgHkLmRsVwXyZ01"
#define OP1 "tester"
#define OP2 "w"

static struct curfew_slice text(const char *words)
{
    return curfew_slice_of(words);
}

/* The three that take two. */
static struct curfew_event asks(enum curfew_kind kind)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED, .as.subject_revoked = {.kind = (int32_t)kind}};
    if (kind == CURFEW_KIND_POLICY) {
        event =
            (struct curfew_event){.type = CURFEW_EVENT_POLICY_RAISED,
                                  .as.policy_raised = {.tenant = text("acme"), .name = text("payments"), .version = 7}};
    } else if (kind == CURFEW_KIND_TENANT) {
        event.as.subject_revoked.tenant = event.as.subject_revoked.id = text("acme");
    } else {
        event.as.subject_revoked.id = text(KEY);
    }
    return event;
}

static struct curfew_subject subject_of(enum curfew_kind kind)
{
    return kind == CURFEW_KIND_POLICY   ? curfew_subject_policy(text("acme"), text("payments"))
           : kind == CURFEW_KIND_TENANT ? curfew_subject_tenant(text("acme"))
                                        : curfew_subject_key(text(KEY));
}

static const enum curfew_kind kinds[] = {CURFEW_KIND_TENANT, CURFEW_KIND_KEY, CURFEW_KIND_POLICY};
#define KINDS (sizeof kinds / sizeof kinds[0])

static struct world *begin(void)
{
    struct world *world = world_begin();
    const struct curfew_event adopt = {
        .type = CURFEW_EVENT_POLICY_ADOPTED,
        .as.policy_adopted = {.tenant = text("acme"), .name = text("payments"), .version = 9}};
    assert_int_equal(world_control(world, adopt), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    return world;
}

static enum curfew_reason say(struct world *world, const char *operator, struct curfew_event event)
{
    event.as.session_ended.writer = text(operator); /* it leads every event */
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

static int64_t proposals(const struct world *world)
{
    return curfew_lane_counts(world->control).proposals;
}

static void two_operators_revoke_what_one_does_not(void **state)
{
    (void)state; /* goal: pending and no floor; the same operator again the same; another's record is the one that
                    counts */
    for (size_t i = 0; i < KINDS; i++) {
        struct world *world = begin();
        assert_int_equal(say(world, OP1, asks(kinds[i])), ACCEPTED);
        assert_true(world->effects.pending && world_raised_count(world) == 0 && proposals(world) == 1);
        world_pass(world, WORLD_S);
        assert_int_equal(say(world, OP1, asks(kinds[i])), ACCEPTED);
        assert_true(world->effects.pending && world_raised_count(world) == 0 && proposals(world) == 1);
        world_pass(world, WORLD_S);
        assert_int_equal(say(world, OP2, asks(kinds[i])), ACCEPTED);
        assert_false(world->effects.pending || world->effects.break_glass.told);
        const int64_t floor = kinds[i] == CURFEW_KIND_TENANT ? world->now_us + WORLD_S / 2 + 1
                              : kinds[i] == CURFEW_KIND_KEY  ? CURFEW_FLOOR_MAX
                                                             : 7;
        assert_true(world_raised(world, subject_of(kinds[i]), NULL) == floor);
        assert_int_equal(proposals(world), 0);
        world_end(world);
    }
}

static void users_and_agents_need_one_operator(void **state)
{
    (void)state; /* goal: they are in effect at once, whatever break_glass says, and nobody's glass is broken */
    for (int flag = 0; flag < 2; flag++) {
        struct world *world = begin();
        struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                     .as.subject_revoked = {.kind = CURFEW_KIND_USER,
                                                            .tenant = text("acme"),
                                                            .scope = text("i"),
                                                            .id = text("ada"),
                                                            .break_glass = flag == 1}};
        assert_int_equal(say(world, OP1, event), ACCEPTED);
        assert_true(world_raised_count(world) == 1 && !world->effects.pending && !world->effects.break_glass.told);
        event.as.subject_revoked.kind = CURFEW_KIND_AGENT;
        event.as.subject_revoked.scope = text("");
        assert_int_equal(say(world, OP1, event), ACCEPTED);
        assert_true(world_raised_count(world) == 1 && !world->effects.pending && !world->effects.break_glass.told);
        world_end(world);
    }
}

static void breaking_the_glass_is_at_once_and_told(void **state)
{
    (void)state; /* goal: one operator alone; who, what and why are there for audit; a waiting proposal is done with */
    for (size_t i = 0; i < KINDS; i++) {
        for (int proposed = 0; proposed < 2; proposed++) {
            struct world *world = begin();
            struct curfew_event event = asks(kinds[i]);
            if (proposed == 1) {
                assert_int_equal(say(world, OP2, event), ACCEPTED);
            }
            if (kinds[i] == CURFEW_KIND_POLICY) {
                event.as.policy_raised.break_glass = true;
                event.as.policy_raised.reason = text("stolen laptop");
            } else {
                event.as.subject_revoked.break_glass = true;
                event.as.subject_revoked.reason = text("stolen laptop");
            }
            assert_int_equal(say(world, OP1, event), ACCEPTED);
            const struct curfew_break_glass *told = &world->effects.break_glass;
            assert_true(told->told && !world->effects.pending && told->kind == kinds[i]);
            assert_true(curfew_slice_equal(told->writer, text(OP1)));
            assert_true(curfew_slice_equal(told->reason, text("stolen laptop")));
            assert_true(curfew_slice_equal(told->tenant, text(kinds[i] == CURFEW_KIND_KEY ? "" : "acme")));
            assert_int_equal(told->version, kinds[i] == CURFEW_KIND_POLICY ? 7 : 0);
            assert_true(world_raised(world, subject_of(kinds[i]), NULL) > 0);
            assert_int_equal(proposals(world), 0);
            world_end(world);
        }
    }
}

static void a_proposal_lasts_fifteen_minutes_of_good_ticks(void **state)
{
    (void)state; /* goal: at the end of its life another's record is a second; past it, it is a first */
    for (int late = 0; late < 2; late++) {
        struct world *world = begin();
        assert_int_equal(say(world, OP1, asks(CURFEW_KIND_TENANT)), ACCEPTED);
        world_pass(world, CURFEW_PROPOSAL_LIFE_US + (late == 1 ? WORLD_S / 10 : 0));
        assert_int_equal(proposals(world), late == 1 ? 0 : 1);
        assert_int_equal(say(world, OP2, asks(CURFEW_KIND_TENANT)), ACCEPTED);
        assert_int_equal(world->effects.pending, late == 1);
        assert_int_equal(world_raised_count(world), late == 1 ? 0 : 1);
        world_end(world);
    }
}

static void only_the_same_is_a_second(void **state)
{
    (void)state; /* goal: another tenant, another version, another key are proposals of their own */
    struct world *world = begin();
    for (size_t i = 0; i < KINDS; i++) {
        assert_int_equal(say(world, OP1, asks(kinds[i])), ACCEPTED);
    }
    struct curfew_event other = asks(CURFEW_KIND_TENANT);
    other.as.subject_revoked.tenant = other.as.subject_revoked.id = text("books");
    assert_int_equal(say(world, OP2, other), ACCEPTED);
    assert_true(world->effects.pending);
    other = asks(CURFEW_KIND_POLICY);
    other.as.policy_raised.version = 8;
    assert_int_equal(say(world, OP2, other), ACCEPTED);
    assert_true(world->effects.pending);
    other = asks(CURFEW_KIND_KEY);
    other.as.subject_revoked.id = text("Mz-AU2K3PvYyJ1nO4Xr6C5aT0bQeDgHkLmRsVwXyZ01");
    assert_int_equal(say(world, OP2, other), ACCEPTED);
    assert_true(world->effects.pending);
    assert_int_equal(proposals(world), 6);
    world_end(world);
}

static void what_two_said_at_different_times_is_not_put_together(void **state)
{
    (void)state; /* goal: records said again by whoever can write to the topic are no proposal and no second */
    struct world *world = begin();
    struct curfew_event first = asks(CURFEW_KIND_POLICY);
    struct curfew_event second = asks(CURFEW_KIND_POLICY);
    first.as.policy_raised.said_us = world->now_us;
    assert_int_equal(say(world, OP1, first), ACCEPTED);
    world_pass(world, CURFEW_PROPOSAL_LIFE_US + WORLD_S);
    second.as.policy_raised.said_us = world->now_us;
    assert_int_equal(say(world, OP2, second), ACCEPTED);
    assert_true(world->effects.pending);
    assert_int_equal(say(world, OP1, first), CURFEW_REASON_CLOCK);
    world_pass(world, CURFEW_PROPOSAL_LIFE_US + WORLD_S);
    assert_int_equal(say(world, OP1, first), CURFEW_REASON_CLOCK);
    assert_int_equal(say(world, OP2, second), CURFEW_REASON_CLOCK);
    assert_int_equal(proposals(world), 0);
    world_end(world);
}

static void records_of_two_said_again_propose_nothing_new(void **state)
{
    (void)state; /* goal: late copies of either record change neither before_us nor what waits */
    struct world *world = begin();
    struct curfew_event first = asks(CURFEW_KIND_TENANT);
    struct curfew_event second = asks(CURFEW_KIND_TENANT);
    first.as.subject_revoked.said_us = world->now_us;
    second.as.subject_revoked.said_us = world->now_us + 1;
    assert_int_equal(say(world, OP1, first), ACCEPTED);
    world->now_us += WORLD_S / 10;
    assert_int_equal(say(world, OP2, second), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    world->now_us += WORLD_S / 10;
    assert_int_equal(say(world, OP1, first), ACCEPTED);
    assert_int_equal(say(world, OP2, second), ACCEPTED);
    assert_int_equal(world_raised_count(world), 0);
    assert_int_equal(proposals(world), 0);
    world_end(world);
}

static void who_is_no_operator_any_more_proposed_nothing(void **state)
{
    (void)state; /* goal: the rights of the first count when the second speaks */
    struct world *world = begin();
    const int32_t role = CURFEW_ROLE_APPROVER;
    const struct curfew_slice tenant = text("acme");
    assert_int_equal(say(world, OP1, asks(CURFEW_KIND_TENANT)), ACCEPTED);
    const struct curfew_event lost = {
        .type = CURFEW_EVENT_WRITER_SET,
        .as.writer_set = {
            .name = text(OP1), .roles = {&role, 1}, .tenants = {&tenant, 1}, .epoch = 1, .least_epoch = 1}};
    assert_int_equal(say(world, OP2, lost), ACCEPTED);
    assert_int_equal(say(world, OP2, asks(CURFEW_KIND_TENANT)), ACCEPTED);
    assert_true(world->effects.pending && world_raised_count(world) == 0);
    assert_true(curfew_slice_equal(
        curfew_lane_proposer(world->control, &(struct curfew_proposal_key){curfew_subject_tenant(text("acme")), 0}),
        text(OP2)));
    world_end(world);
}

static void too_many_proposals_are_refused_and_ends_are_not(void **state)
{
    (void)
        state; /* goal: at the bound a new one is refused retriably; those that wait, a second and broken glass go on */
    struct world *world = begin();
    char names[CURFEW_PROPOSALS_MAX + 1][24];
    struct curfew_event event = asks(CURFEW_KIND_TENANT);
    for (int i = 0; i <= CURFEW_PROPOSALS_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "tenant-%d", i);
        event.as.subject_revoked.tenant = event.as.subject_revoked.id = text(names[i]);
        assert_int_equal(say(world, OP1, event), i < CURFEW_PROPOSALS_MAX ? ACCEPTED : CURFEW_REASON_BOUND);
    }
    assert_true(world->effects.refusal.retriable);
    assert_int_equal(proposals(world), CURFEW_PROPOSALS_MAX);
    event.as.subject_revoked.break_glass = true;
    assert_int_equal(say(world, OP1, event), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    event.as.subject_revoked.break_glass = false;
    event.as.subject_revoked.tenant = event.as.subject_revoked.id = text(names[100]);
    assert_int_equal(say(world, OP1, event), ACCEPTED);
    assert_int_equal(say(world, OP2, event), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    assert_int_equal(proposals(world), CURFEW_PROPOSALS_MAX - 1);
    event.as.subject_revoked.tenant = event.as.subject_revoked.id = text("one-more");
    assert_int_equal(say(world, OP1, event), ACCEPTED);
    assert_int_equal(proposals(world), CURFEW_PROPOSALS_MAX);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_operators_revoke_what_one_does_not),
        cmocka_unit_test(users_and_agents_need_one_operator),
        cmocka_unit_test(breaking_the_glass_is_at_once_and_told),
        cmocka_unit_test(a_proposal_lasts_fifteen_minutes_of_good_ticks),
        cmocka_unit_test(only_the_same_is_a_second),
        cmocka_unit_test(what_two_said_at_different_times_is_not_put_together),
        cmocka_unit_test(records_of_two_said_again_propose_nothing_new),
        cmocka_unit_test(who_is_no_operator_any_more_proposed_nothing),
        cmocka_unit_test(too_many_proposals_are_refused_and_ends_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
