/* book_test: what one event of a pipeline leads to: sessions, tasks, attempts, leases, mints. */
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

/* As long as a token minted by now could live, wherever it is. */
static int64_t longest_life(const struct world *world)
{
    return world->now_us + 900 * WORLD_S + WORLD_S / 4;
}

static void an_ended_task_floors_its_subject_until_no_token_of_it_can_live(void **state)
{
    (void)state; /* goal: one end, one floor, MAX, as long as a token minted by now could live */
    struct world *world = world_with_token();
    int64_t expires = 0;
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    assert_true(world_raised(world, world_task_subject("extract"), &expires) == CURFEW_FLOOR_MAX);
    assert_true(expires == longest_life(world));
    world_end(world);
}

static void an_end_denies_tokens_whose_announcement_was_lost(void **state)
{
    (void)state; /* goal: an unclean election may have taken a mint that was accepted: its token is out, and must die */
    struct world *world = world_begin();
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    assert_int_equal(world_task(world, "extract", 1, "", 0), ACCEPTED);
    int64_t expires = 0;
    assert_int_equal(world_task_end(world, "extract", 1), ACCEPTED);
    assert_true(world_raised(world, world_task_subject("extract"), &expires) == CURFEW_FLOOR_MAX);
    assert_true(expires == longest_life(world));
    world_end(world);
}

static void a_next_attempt_fences_the_one_before(void **state)
{
    (void)state; /* goal: the floor is the new attempt: the zombie is below it, the new one is not */
    struct world *world = world_with_token();
    assert_int_equal(world_task(world, "extract", 2, "", 0), ACCEPTED);
    assert_true(world_raised(world, world_task_subject("extract"), NULL) == 2);
    const struct curfew_path_step old[] = {world_step("extract", 1)};
    const struct curfew_path_step new[] = {world_step("extract", 2)};
    assert_int_equal(world_mint(world, "t2", old, 1), CURFEW_REASON_ATTEMPT_OVER);
    assert_int_equal(world_mint(world, "t3", new, 1), ACCEPTED);
    assert_int_equal(world_task(world, "extract", 1, "", 0), CURFEW_REASON_ATTEMPT_OVER);
    world_end(world);
}

static void an_ended_attempt_can_be_followed_and_not_revived(void **state)
{
    (void)state; /* goal: attempt-ended raises to n + 1; attempt n never mints again; n + 1 does */
    struct world *world = world_with_token();
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    assert_int_equal(world_attempt_end(world, "extract", 1), ACCEPTED);
    assert_true(world_raised(world, world_task_subject("extract"), NULL) == 2);
    assert_int_equal(world_mint(world, "t2", path, 1), CURFEW_REASON_ATTEMPT_OVER);
    assert_int_equal(world_task(world, "extract", 1, "", 0), CURFEW_REASON_ATTEMPT_OVER);
    assert_int_equal(world_task(world, "extract", 2, "", 0), ACCEPTED);
    const struct curfew_path_step next[] = {world_step("extract", 2)};
    assert_int_equal(world_mint(world, "t3", next, 1), ACCEPTED);
    world_end(world);
}

static void a_zombies_end_does_not_end_its_successor(void **state)
{
    (void)state; /* goal: an end said by an attempt no longer current has no effect */
    struct world *world = world_with_token();
    assert_int_equal(world_task(world, "extract", 2, "", 0), ACCEPTED);
    assert_int_equal(world_task_end(world, "extract", 1), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    assert_int_equal(world_attempt_end(world, "extract", 1), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    const struct curfew_path_step path[] = {world_step("extract", 2)};
    assert_int_equal(world_mint(world, "t2", path, 1), ACCEPTED);
    world_end(world);
}

static void a_mint_under_something_dead_is_refused_and_denied_by_its_jti(void **state)
{
    (void)state; /* goal: late mint: refused for good, and a token that left all the same is denied */
    struct world *world = world_with_token();
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    assert_int_equal(world_mint(world, "late", path, 1), CURFEW_REASON_TASK_OVER);
    assert_false(world->effects.refusal.retriable);
    const struct curfew_subject token =
        curfew_subject_token(curfew_slice_of("acme"), curfew_slice_of("https://as.acme"), curfew_slice_of("late"));
    assert_true(world_raised(world, token, NULL) == CURFEW_FLOOR_MAX);
    world_end(world);
}

static void a_childs_mint_dies_with_its_parent(void **state)
{
    (void)state; /* goal: closure: any ancestor's end, or next attempt, stops mints and starts below it */
    struct world *world = world_with_token();
    assert_int_equal(world_task(world, "clean", 1, "extract", 1), ACCEPTED);
    const struct curfew_path_step path[] = {world_step("extract", 1), world_step("clean", 1)};
    assert_int_equal(world_mint(world, "t2", path, 2), ACCEPTED);
    assert_int_equal(world_task(world, "extract", 2, "", 0), ACCEPTED);
    assert_int_equal(world_mint(world, "t3", path, 2), CURFEW_REASON_ANCESTOR_OVER);
    const struct curfew_path_step crossed[] = {world_step("extract", 2), world_step("clean", 1)};
    assert_int_equal(world_mint(world, "t4", crossed, 2), CURFEW_REASON_ANCESTOR_OVER);
    assert_int_equal(world_task(world, "scrub", 1, "clean", 1), CURFEW_REASON_ANCESTOR_OVER);
    assert_int_equal(world_task(world, "scrub", 1, "extract", 1), CURFEW_REASON_ANCESTOR_OVER);
    world_end(world);
}

static void a_path_must_be_the_tasks_own(void **state)
{
    (void)state; /* goal: a token cannot leave an ancestor out, or claim one it has not */
    struct world *world = world_with_token();
    assert_int_equal(world_task(world, "clean", 1, "extract", 1), ACCEPTED);
    assert_int_equal(world_task(world, "join", 1, "", 0), ACCEPTED);
    const struct curfew_path_step orphan[] = {world_step("clean", 1)};
    const struct curfew_path_step foster[] = {world_step("join", 1), world_step("clean", 1)};
    const struct curfew_path_step ahead[] = {world_step("extract", 2)};
    const struct curfew_path_step unknown[] = {world_step("nobody", 1)};
    assert_int_equal(world_mint(world, "a", orphan, 1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(world_mint(world, "b", foster, 2), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(world_mint(world, "c", ahead, 1), CURFEW_REASON_UNKNOWN_TASK);
    assert_true(world->effects.refusal.retriable);
    assert_int_equal(world_mint(world, "d", unknown, 1), CURFEW_REASON_UNKNOWN_TASK);
    assert_int_equal(world->effects.link_count, 0);
    world_end(world);
}

static void a_token_cannot_say_other_than_its_session(void **state)
{
    (void)state; /* goal: user, tenant, issuer and authentication time come from the session, unchanged */
    struct world *world = world_with_token();
    struct curfew_claims claims = world_claims(world, WORLD_SESSION, "x");
    claims.user = curfew_slice_of("eve");
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_CONTRADICTS);
    claims = world_claims(world, WORLD_SESSION, "x");
    claims.tenant = curfew_slice_of("evil");
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_CONTRADICTS);
    claims = world_claims(world, WORLD_SESSION, "x");
    claims.auth_us += 1;
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_CONTRADICTS);
    claims = world_claims(world, WORLD_SESSION, "x");
    struct curfew_path_step handed = world_step("extract", 1);
    handed.tenant = curfew_slice_of("evil");
    claims.path = (struct curfew_list){&handed, 1};
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_CONTRADICTS);
    claims = world_claims(world, WORLD_SESSION, "x");
    claims.issuer = curfew_slice_of("https://other");
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_CONTRADICTS);
    world_end(world);
}

static void a_tokens_times_are_bounded(void **state)
{
    (void)state; /* goal: future mint, too long a life, past expiry, and expiry after the session are refused */
    struct world *world = world_with_token();
    struct curfew_claims claims = world_claims(world, WORLD_SESSION, "x");
    claims.issued_us = world->now_us + WORLD_S / 4 + 1;
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_FUTURE);
    claims.issued_us = world->now_us + WORLD_S / 4;
    assert_int_equal(world_mint_claims(world, &claims), ACCEPTED);
    claims = world_claims(world, WORLD_SESSION, "y");
    claims.expires_us = claims.issued_us + 900 * WORLD_S + 1;
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_EXPIRY);
    claims.expires_us = claims.issued_us + 900 * WORLD_S;
    assert_int_equal(world_mint_claims(world, &claims), ACCEPTED);
    claims.issued_us = world->now_us - 300 * WORLD_S;
    claims.expires_us = world->now_us;
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_EXPIRY);
    claims.expires_us = claims.issued_us;
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_INVALID);
    world_pass(world, 3000 * WORLD_S);
    claims = world_claims(world, WORLD_SESSION, "z"); /* 600 s before the session's deadline */
    claims.expires_us = claims.issued_us + 601 * WORLD_S;
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_EXPIRY);
    world_end(world);
}

static void what_is_not_known_is_dead(void **state)
{
    (void)state; /* goal: events without their session or task are refused, and say that trying again can help */
    struct world *world = world_begin();
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    assert_int_equal(world_task(world, "extract", 1, "", 0), CURFEW_REASON_UNKNOWN_SESSION);
    assert_true(world->effects.refusal.retriable);
    assert_int_equal(world_mint(world, "t", path, 1), CURFEW_REASON_UNKNOWN_SESSION);
    assert_int_equal(world->effects.link_count, 0);
    assert_int_equal(world_session_end(world, WORLD_SESSION), CURFEW_REASON_UNKNOWN_SESSION);
    assert_int_equal(world_token_revoke(world, "t"), CURFEW_REASON_UNKNOWN_SESSION);
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    assert_int_equal(world_task_end(world, "extract", 0), CURFEW_REASON_UNKNOWN_TASK);
    assert_int_equal(world_task(world, "clean", 1, "extract", 1), CURFEW_REASON_UNKNOWN_TASK);
    assert_true(world->effects.refusal.retriable);
    world_end(world);
}

static void an_ended_session_ends_everything_and_does_not_come_back(void **state)
{
    (void)state; /* goal: one floor on the session; starts and mints refused; repeats of ends hold already */
    struct world *world = world_with_token();
    int64_t expires = 0;
    const struct curfew_subject session =
        curfew_subject_session(curfew_slice_of("acme"), curfew_slice_of(WORLD_SESSION));
    assert_int_equal(world_session_end(world, WORLD_SESSION), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    assert_true(world_raised(world, session, &expires) == CURFEW_FLOOR_MAX);
    assert_true(expires == longest_life(world));
    assert_int_equal(world_session_end(world, WORLD_SESSION), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), CURFEW_REASON_SESSION_OVER);
    assert_int_equal(world_task(world, "more", 1, "", 0), CURFEW_REASON_SESSION_OVER);
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    assert_int_equal(world_mint(world, "late", path, 1), CURFEW_REASON_SESSION_OVER);
    world_end(world);
}

static void repeats_change_nothing_and_contradictions_are_refused(void **state)
{
    (void)state; /* goal: exactly-once effect under repeats */
    struct world *world = world_with_token();
    const struct curfew_event start = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = curfew_slice_of(WORLD_OTHER),
                                                              .tenant = curfew_slice_of("acme"),
                                                              .issuer = curfew_slice_of("i"),
                                                              .user = curfew_slice_of("u"),
                                                              .auth_us = WORLD_T0,
                                                              .deadline_us = WORLD_T0 + 3600 * WORLD_S}};
    struct curfew_event other = start;
    other.as.session_started.user = curfew_slice_of("v");
    assert_int_equal(world_say(world, start), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    assert_int_equal(world_say(world, start), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    assert_int_equal(world_say(world, other), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(world_task(world, "extract", 1, "", 0), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    assert_int_equal(world_held_task(world, "extract", 1, "h"), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    assert_int_equal(world_task(world, "extract", 2, "", 0), CURFEW_REASON_TASK_OVER);
    world_end(world);
}

static void attempts_rise_by_bounded_steps_from_one(void **state)
{
    (void)state; /* goal: attempt 0 is invalid; a jump of more than attempt_step is refused */
    struct world *world = world_with_token();
    assert_int_equal(world_task(world, "a", 0, "", 0), CURFEW_REASON_INVALID);
    assert_int_equal(world_task(world, "a", 1001, "", 0), CURFEW_REASON_ATTEMPT_JUMP);
    assert_int_equal(world_task(world, "a", 1000, "", 0), ACCEPTED);
    assert_int_equal(world_task(world, "a", 2001, "", 0), CURFEW_REASON_ATTEMPT_JUMP);
    assert_int_equal(world_task(world, "a", 2000, "", 0), ACCEPTED);
    assert_int_equal(world_task(world, "a", INT64_MAX, "", 0), CURFEW_REASON_ATTEMPT_JUMP);
    assert_int_equal(world_task(world, "b", 1, "a", 0), CURFEW_REASON_INVALID);
    assert_int_equal(world_task(world, "b", 1, "", 1), CURFEW_REASON_INVALID);
    assert_int_equal(world_task(world, "b", 1, "b", 1), CURFEW_REASON_INVALID);
    world_end(world);
}

static void a_path_is_at_most_sixteen_deep(void **state)
{
    (void)state; /* goal: the sixteenth level starts, the seventeenth is refused */
    struct world *world = world_begin();
    char names[18][8];
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    for (int i = 0; i <= CURFEW_PATH_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "t%d", i);
        const enum curfew_reason reason = world_task(world, names[i], 1, i == 0 ? "" : names[i - 1], i == 0 ? 0 : 1);
        assert_int_equal(reason, i < CURFEW_PATH_MAX ? ACCEPTED : CURFEW_REASON_BOUND);
    }
    world_end(world);
}

static void a_silent_holder_loses_its_tasks_on_the_lease_clock(void **state)
{
    (void)state; /* goal: a lease runs out one lease after the last beat, not before, and only the silent one's */
    struct world *world = world_with_token();
    const struct curfew_path_step path[] = {world_step("held", 1)};
    const struct curfew_path_step kept[] = {world_step("kept", 1)};
    assert_int_equal(world_held_task(world, "held", 1, "h1"), ACCEPTED);
    assert_int_equal(world_held_task(world, "kept", 1, "h2"), ACCEPTED);
    assert_int_equal(world_mint(world, "t2", path, 1), ACCEPTED);
    assert_int_equal(world_mint(world, "t3", kept, 1), ACCEPTED);
    world_pass(world, 6 * WORLD_S);
    assert_int_equal(world_beat(world, "h1"), ACCEPTED);
    assert_int_equal(world_beat(world, "h2"), ACCEPTED);
    world_pass(world, 6 * WORLD_S);
    assert_int_equal(world_beat(world, "h2"), ACCEPTED);
    world_pass(world, 4 * WORLD_S);
    assert_int_equal(world->effects.link_count, 0);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world_raised_count(world), 1);
    assert_true(world_raised(world, world_task_subject("held"), NULL) == CURFEW_FLOOR_MAX);
    assert_int_equal(world_beat(world, "h1"), CURFEW_REASON_UNKNOWN_HOLDER);
    assert_int_equal(world_mint(world, "t4", kept, 1), ACCEPTED);
    world_end(world);
}

static void an_outage_ends_nobodys_lease(void **state)
{
    (void)state; /* goal: half an hour without ticks adds at most 200 ms to the lease clock; a bad tick adds nothing */
    struct world *world = world_with_token();
    assert_int_equal(world_held_task(world, "held", 1, "h1"), ACCEPTED);
    world->now_us += 1800 * WORLD_S;
    struct curfew_event bad = {.type = CURFEW_EVENT_TICK, .as.tick = {.said_us = world->now_us - 3600 * WORLD_S}};
    for (int i = 0; i < 200; i++) {
        world->now_us += WORLD_S / 10;
        assert_int_equal(world_say(world, bad), CURFEW_STEP_DONE);
        assert_false(world->effects.good_tick);
    }
    world_pass(world, 9 * WORLD_S);
    assert_int_equal(world_beat(world, "h1"), ACCEPTED);
    world_end(world);
}

static void a_heartbeat_queued_through_an_outage_does_not_count(void **state)
{
    (void)state; /* goal: said more than 5 s before or after its timestamp: refused */
    struct world *world = world_with_token();
    assert_int_equal(world_held_task(world, "held", 1, "h1"), ACCEPTED);
    struct curfew_event beat = {.type = CURFEW_EVENT_HOLDER_HEARTBEAT,
                                .as.holder_heartbeat = {.holder = curfew_slice_of("h1")}};
    beat.as.holder_heartbeat.said_us = world->now_us - 5 * WORLD_S - 1;
    assert_int_equal(world_say(world, beat), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_CLOCK);
    beat.as.holder_heartbeat.said_us = world->now_us - 5 * WORLD_S;
    assert_int_equal(world_say(world, beat), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    beat.as.holder_heartbeat.said_us = world->now_us + 5 * WORLD_S + 1;
    assert_int_equal(world_say(world, beat), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_CLOCK);
    world_end(world);
}

static void a_session_ends_at_its_deadline(void **state)
{
    (void)state; /* goal: at the deadline everything under it is floored */
    struct world *world = world_with_token();
    world_pass(world, 3590 * WORLD_S);
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    struct curfew_claims claims = world_claims(world, WORLD_SESSION, "last");
    claims.path = (struct curfew_list){path, 1};
    claims.expires_us = WORLD_T0 + WORLD_S / 10 + 3600 * WORLD_S;
    assert_int_equal(world_mint_claims(world, &claims), ACCEPTED);
    world_pass(world, 10 * WORLD_S - WORLD_S / 10);
    assert_int_equal(world->effects.link_count, 0);
    world_pass(world, WORLD_S / 10);
    const struct curfew_subject session =
        curfew_subject_session(curfew_slice_of("acme"), curfew_slice_of(WORLD_SESSION));
    assert_true(world_raised(world, session, NULL) == CURFEW_FLOOR_MAX);
    assert_int_equal(world_mint(world, "late", path, 1), CURFEW_REASON_SESSION_OVER);
    world_end(world);
}

static void sessions_with_impossible_times_are_refused(void **state)
{
    (void)state; /* goal: authenticated in the future, longer than S, or over already: refused */
    struct world *world = world_begin();
    struct curfew_event start = {.type = CURFEW_EVENT_SESSION_STARTED,
                                 .as.session_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                        .tenant = curfew_slice_of("acme"),
                                                        .issuer = curfew_slice_of("i"),
                                                        .user = curfew_slice_of("u"),
                                                        .auth_us = world->now_us + WORLD_S / 4 + 1,
                                                        .deadline_us = world->now_us + 3600 * WORLD_S}};
    assert_int_equal(world_say(world, start), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_FUTURE);
    start.as.session_started.auth_us = world->now_us - WORLD_S;
    start.as.session_started.deadline_us = world->now_us;
    assert_int_equal(world_say(world, start), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_EXPIRY);
    start.as.session_started.deadline_us = world->now_us - WORLD_S + INT64_C(6) * 86400 * WORLD_S + 1;
    assert_int_equal(world_say(world, start), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_EXPIRY);
    start.as.session_started.deadline_us = INT64_MAX;
    assert_int_equal(world_say(world, start), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_EXPIRY);
    world_end(world);
}

static void a_revoked_user_loses_every_session_begun_before(void **state)
{
    (void)state; /* goal: the user's floor on control; their sessions over at the next tick; a later login passes */
    struct world *world = world_with_token();
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    const struct curfew_subject user =
        curfew_subject_user(curfew_slice_of("acme"), curfew_slice_of("https://as.acme"), curfew_slice_of("ada"));
    int64_t expires = 0;
    assert_int_equal(world_revoke_user(world, "ada"), ACCEPTED);
    assert_true(world_raised(world, user, &expires) == world->now_us + WORLD_S / 2 + 1);
    assert_true(expires == world->now_us + INT64_C(6) * 86400 * WORLD_S + 3 * WORLD_S / 4);
    assert_int_equal(world_mint(world, "before-tick", path, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world_mint(world, "after-tick", path, 1), CURFEW_REASON_SESSION_OVER);
    assert_int_equal(world_session(world, WORLD_OTHER, "ada"), CURFEW_REASON_USER_REVOKED);
    assert_int_equal(world_session(world, WORLD_OTHER, "bob"), ACCEPTED);
    world_pass(world, 2 * WORLD_S);
    assert_int_equal(world_session(world, "1.CCCCCCCCCCCCCCCCCCCCCC", "ada"), ACCEPTED);
    world_end(world);
}

static void bounds_refuse_the_new_and_never_an_end(void **state)
{
    (void)state; /* goal: sessions, tasks and floors at their bound: starts and mints refused retriably, ends act */
    struct world *world = world_make();
    struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)};
    assert_int_equal(world_control(world, genesis), CURFEW_STEP_DONE);
    genesis.as.genesis = world_genesis(1);
    genesis.as.genesis.settings.sessions_max = 1;
    genesis.as.genesis.settings.tasks_max = 3;
    genesis.as.genesis.settings.floors_max = 1;
    assert_int_equal(world_say(world, genesis), CURFEW_STEP_DONE);
    world_pass(world, WORLD_S / 10);
    const struct curfew_path_step a[] = {world_step("a", 1)};
    const struct curfew_path_step b[] = {world_step("b", 1)};
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    assert_int_equal(world_session(world, WORLD_OTHER, "ada"), CURFEW_REASON_BOUND);
    assert_true(world->effects.refusal.retriable);
    assert_int_equal(world_task(world, "a", 1, "", 0), ACCEPTED);
    assert_int_equal(world_task(world, "b", 1, "", 0), ACCEPTED);
    assert_int_equal(world_task(world, "c", 1, "", 0), ACCEPTED);
    assert_int_equal(world_task(world, "d", 1, "", 0), CURFEW_REASON_BOUND);
    assert_int_equal(world_mint(world, "t1", a, 1), ACCEPTED);
    assert_int_equal(world_mint(world, "t2", b, 1), ACCEPTED);
    assert_int_equal(world_task_end(world, "a", 0), ACCEPTED);
    assert_int_equal(world_mint(world, "t3", b, 1), CURFEW_REASON_BOUND);
    assert_int_equal(world_task_end(world, "b", 0), ACCEPTED);
    assert_true(world_raised(world, world_task_subject("b"), NULL) == CURFEW_FLOOR_MAX);
    world_end(world);
}

static void one_token_can_be_revoked_alone(void **state)
{
    (void)state; /* goal: the jti is floored as long as a token minted by now can live; its siblings are not touched */
    struct world *world = world_with_token();
    int64_t expires = 0;
    const int64_t longest = world->now_us + 900 * WORLD_S + WORLD_S / 2; /* token life, the minter's skew, the hop's */
    const struct curfew_subject token =
        curfew_subject_token(curfew_slice_of("acme"), curfew_slice_of("https://as.acme"), curfew_slice_of("t1"));
    assert_int_equal(world_token_revoke(world, "t1"), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    assert_true(world_raised(world, token, &expires) == CURFEW_FLOOR_MAX);
    assert_true(expires == longest);
    assert_int_equal(world_token_revoke(world, "t1"), ACCEPTED);
    assert_int_equal(world_raised_count(world), 0);
    world_end(world);
}

static void a_revoked_token_is_not_minted_again(void **state)
{
    (void)state; /* goal: a retry with a longer life is refused for good, and its floor lives on */
    struct world *world = world_with_token();
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    const struct curfew_subject token =
        curfew_subject_token(curfew_slice_of("acme"), curfew_slice_of("https://as.acme"), curfew_slice_of("t1"));
    int64_t expires = 0;
    assert_int_equal(world_token_revoke(world, "t1"), ACCEPTED);
    world_pass(world, 700 * WORLD_S);
    assert_int_equal(world_mint(world, "t1", path, 1), CURFEW_REASON_CONTRADICTS);
    assert_false(world->effects.refusal.retriable);
    assert_true(world_raised(world, token, &expires) == CURFEW_FLOOR_MAX);
    assert_true(expires == longest_life(world));
    assert_int_equal(world_mint(world, "t2", path, 1), ACCEPTED);
    world_end(world);
}

static void a_revocation_that_overtakes_its_mint_holds(void **state)
{
    (void)state; /* goal: revoked before it was announced, in a session without any token: refused when it comes */
    struct world *world = world_begin();
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    assert_int_equal(world_token_revoke(world, "t1"), ACCEPTED);
    assert_int_equal(world_raised_count(world), 1);
    world_pass(world, WORLD_S);
    assert_int_equal(world_mint(world, "t1", NULL, 0), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(world_mint(world, "t2", NULL, 0), ACCEPTED);
    world_end(world);
}

static void a_task_ended_for_good_under_a_dead_ancestor_does_not_come_back(void **state)
{
    (void)state; /* goal: whichever attempt is current: the ancestor's next attempt cannot start it again */
    struct world *world = world_with_token();
    assert_int_equal(world_task(world, "clean", 1, "extract", 1), ACCEPTED);
    assert_int_equal(world_task(world, "sort", 1, "extract", 1), ACCEPTED);
    assert_int_equal(world_attempt_end(world, "extract", 1), ACCEPTED);
    assert_int_equal(world_task_end(world, "clean", 0), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0); /* the ancestor's floor denies all there was */
    assert_int_equal(world_task_end(world, "sort", 1), ACCEPTED); /* said by an attempt that is dead: nothing */
    assert_int_equal(world_task(world, "extract", 2, "", 0), ACCEPTED);
    assert_int_equal(world_task(world, "clean", 2, "extract", 2), CURFEW_REASON_TASK_OVER);
    assert_int_equal(world_task(world, "sort", 2, "extract", 2), ACCEPTED);
    world_end(world);
}

static void ids_that_are_no_ids_are_refused(void **state)
{
    (void)state; /* goal: empty, too long, not UTF-8, no writer, impossible times */
    struct world *world = world_with_token();
    char bad[] = "caf\xe9";
    assert_int_equal(world_task(world, "", 1, "", 0), CURFEW_REASON_INVALID);
    assert_int_equal(world_task(world, bad, 1, "", 0), CURFEW_REASON_INVALID);
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED,
                                 .as.session_ended = {.session = curfew_slice_of(WORLD_SESSION), .said_us = INT64_MIN}};
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_INVALID);
    event.as.session_ended.said_us = 0;
    event.as.session_ended.writer = curfew_slice_of("\n");
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_INVALID);
    struct curfew_claims claims = world_claims(world, WORLD_SESSION, "");
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_INVALID);
    assert_int_equal(world_token_revoke(world, ""), CURFEW_REASON_INVALID);
    const struct curfew_slice approvals[] = {curfew_slice_of("a-9")};
    claims = world_claims(world, WORLD_SESSION, "x");
    claims.approvals = (struct curfew_list){approvals, 1};
    assert_int_equal(world_mint_claims(world, &claims), CURFEW_REASON_UNKNOWN_APPROVAL);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ended_task_floors_its_subject_until_no_token_of_it_can_live),
        cmocka_unit_test(an_end_denies_tokens_whose_announcement_was_lost),
        cmocka_unit_test(a_next_attempt_fences_the_one_before),
        cmocka_unit_test(an_ended_attempt_can_be_followed_and_not_revived),
        cmocka_unit_test(a_zombies_end_does_not_end_its_successor),
        cmocka_unit_test(a_mint_under_something_dead_is_refused_and_denied_by_its_jti),
        cmocka_unit_test(a_childs_mint_dies_with_its_parent),
        cmocka_unit_test(a_path_must_be_the_tasks_own),
        cmocka_unit_test(a_token_cannot_say_other_than_its_session),
        cmocka_unit_test(a_tokens_times_are_bounded),
        cmocka_unit_test(what_is_not_known_is_dead),
        cmocka_unit_test(an_ended_session_ends_everything_and_does_not_come_back),
        cmocka_unit_test(repeats_change_nothing_and_contradictions_are_refused),
        cmocka_unit_test(attempts_rise_by_bounded_steps_from_one),
        cmocka_unit_test(a_path_is_at_most_sixteen_deep),
        cmocka_unit_test(a_silent_holder_loses_its_tasks_on_the_lease_clock),
        cmocka_unit_test(an_outage_ends_nobodys_lease),
        cmocka_unit_test(a_heartbeat_queued_through_an_outage_does_not_count),
        cmocka_unit_test(a_session_ends_at_its_deadline),
        cmocka_unit_test(sessions_with_impossible_times_are_refused),
        cmocka_unit_test(a_revoked_user_loses_every_session_begun_before),
        cmocka_unit_test(bounds_refuse_the_new_and_never_an_end),
        cmocka_unit_test(one_token_can_be_revoked_alone),
        cmocka_unit_test(a_revoked_token_is_not_minted_again),
        cmocka_unit_test(a_revocation_that_overtakes_its_mint_holds),
        cmocka_unit_test(a_task_ended_for_good_under_a_dead_ancestor_does_not_come_back),
        cmocka_unit_test(ids_that_are_no_ids_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
