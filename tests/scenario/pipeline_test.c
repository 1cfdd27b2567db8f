/* pipeline_test: the main job over real Kafka, Redis, coordinator and guards: what ends is denied everywhere, what does
 * not end passes, silence is unavailable, and what is wrong is refused with a reason. */
#include "tests/scenario/play.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void an_ended_task_is_denied_everywhere_and_its_sibling_passes(void **state)
{
    /* Goal: one end, two hops: its token and its child's are denied, the sibling's passes. */
    struct play play = play_begin(*state, 2);
    const struct play_session session = play_session(&play, "ada");

    play_task(&play, session.id, "extract", NULL);
    play_task(&play, session.id, "clean", LIST("--parent", "extract"));
    play_task(&play, session.id, "scrub", LIST("--parent", "clean"));
    play_task(&play, session.id, "join", LIST("--parent", "extract"));
    const char *clean = play_mint(&play, session, LIST("extract:1", "clean:1"));
    const char *scrub = play_mint(&play, session, LIST("extract:1", "clean:1", "scrub:1"));
    const char *join = play_mint(&play, session, LIST("extract:1", "join:1"));
    play_all(&play, clean, 200);
    play_all(&play, scrub, 200);
    play_all(&play, join, 200);
    (void)play_emit(&play, LIST("task", "end", session.id, "clean"));
    play_until(&play, clean, 403, "the ended task's token is denied");
    play_all(&play, scrub, 403);
    play_all(&play, join, 200);
    play_end(&play);
}

static void a_retry_fences_the_attempt_before(void **state)
{
    /* Goal: attempt 2 starts: attempt 1's token is denied, attempt 2's passes; the zombie's end does not end it. */
    struct play play = play_begin(*state, 2);
    const struct play_session session = play_session(&play, "ada");

    play_task(&play, session.id, "join", NULL);
    const char *first = play_mint(&play, session, LIST("join:1"));
    play_task(&play, session.id, "join", LIST("--attempt", "2"));
    const char *second = play_mint(&play, session, LIST("join:2"));
    play_until(&play, first, 403, "attempt 1 is denied");
    play_all(&play, second, 200);
    (void)play_emit(&play, LIST("task", "end", session.id, "join", "--attempt", "1"));
    play_all(&play, second, 200);
    (void)play_emit(&play, LIST("task", "attempt-end", session.id, "join", "--attempt", "2"));
    play_until(&play, second, 403, "attempt 2 is denied once it ended");
    play_end(&play);
}

static void a_mint_under_something_dead_leaves_no_token(void **state)
{
    /* Goal: refused with status 3 and a reason; nothing on standard output. */
    struct play play = play_begin(*state, 1);
    const struct play_session session = play_session(&play, "ada");

    play_task(&play, session.id, "publish", NULL);
    (void)play_emit(&play, LIST("task", "end", session.id, "publish"));
    struct rig_output output = rig_curfew(play.rig, NULL, "token", "mint", "--session-file", session.file, "--path",
                                          "publish:1", "--audience", PLAY_AUDIENCE);
    assert_int_equal(output.status, 3);
    assert_string_equal(output.out, "");
    assert_non_null(strstr(output.err, "task_over"));
    play_end(&play);
}

static void a_killed_orchestrators_tasks_die_with_its_lease(void **state)
{
    /* Goal: kill -9 of whoever beats: after one lease its tasks' tokens are denied; another holder's go on. */
    struct play play = play_begin(*state, 1);
    struct rig *rig = play.rig;
    const struct play_session session = play_session(&play, "ada");
    const char *const argv[] = {rig_command, "beat", "nightly", "--session", session.id, "--every", "500ms", NULL};

    play_task(&play, session.id, "held", LIST("--holder", "nightly"));
    play_task(&play, session.id, "free", NULL);
    struct rig_process *nightly = rig_background(rig, "nightly", argv);
    const char *held = play_mint(&play, session, LIST("held:1"));
    const char *other = play_mint(&play, session, LIST("free:1"));
    play_all(&play, held, 200);
    const int64_t killed_us = rig_now_us();
    rig_process_kill(nightly);
    play_until(&play, held, 403, "the lease runs out");
    assert_true(rig_now_us() - killed_us > (PLAY_LEASE_MS - 1500) * 1000); /* not before it could have beaten */
    play_all(&play, other, 200);
    rig_process_kill(nightly);
    play_end(&play);
}

static bool logs_in(void *context)
{
    struct play *play = context;

    return rig_curfew(play->rig, NULL, "session", "start", "--tenant", "acme", "--user", "ada").status == 0;
}

static void a_revoked_user_is_denied_in_every_session_and_can_log_in_anew(void **state)
{
    /* Goal: sessions of theirs die, another user's do not, and a login after the revocation works. */
    struct play play = play_begin(*state, 2);
    const struct play_session first = play_session(&play, "ada");
    const struct play_session second = play_session(&play, "ada");
    const struct play_session other = play_session(&play, "bob");

    play_task(&play, first.id, "t", NULL);
    play_task(&play, second.id, "t", NULL);
    play_task(&play, other.id, "t", NULL);
    const char *one = play_mint(&play, first, LIST("t:1"));
    const char *two = play_mint(&play, second, LIST("t:1"));
    const char *bobs = play_mint(&play, other, LIST("t:1"));
    play_all(&play, one, 200);
    (void)play_emit(&play, LIST("session", "end", first.id));
    play_until(&play, one, 403, "the ended session's token is denied");
    play_all(&play, two, 200);
    (void)play_emit(&play, LIST("revoke", "user", "--tenant", "acme", "--issuer", PLAY_ISSUER, "--user", "ada"));
    play_until(&play, two, 403, "the revoked user's token is denied");
    play_all(&play, bobs, 200);
    rig_until(logs_in, &play, PLAY_SOON_MS, "a new login is accepted");
    play_end(&play);
}

static void a_stalled_broker_makes_strict_hops_unavailable_and_costs_nobody_a_lease(void **state)
{
    /* Goal: 503 within 2.5 s of SIGSTOP, longer than a lease; on SIGCONT allowed again, the held task still mints. */
    struct play play = play_begin(*state, 2);
    struct rig *rig = play.rig;
    const struct play_session session = play_session(&play, "ada");
    const char *const argv[] = {rig_command, "beat", "morning", "--session", session.id, "--every", "500ms", NULL};

    play_task(&play, session.id, "held", LIST("--holder", "morning"));
    struct rig_process *morning = rig_background(rig, "morning", argv);
    const char *token = play_mint(&play, session, LIST("held:1"));
    play_all(&play, token, 200);
    const int64_t stopped_us = rig_now_us();
    rig_process_signal(rig_kafka(rig), SIGSTOP);
    play_until(&play, token, 503, "strict checks become unavailable");
    assert_true(rig_now_us() - stopped_us < 2500000);
    assert_int_equal(play_check(&play, 0, token, "standard", NULL), 200);
    while (rig_now_us() - stopped_us < (PLAY_LEASE_MS + 1500) * INT64_C(1000)) {
        assert_int_equal(play_check(&play, 0, token, "strict", NULL), 503);
    }
    rig_process_signal(rig_kafka(rig), SIGCONT);
    play_until(&play, token, 200, "strict checks recover by themselves");
    (void)play_mint(&play, session, LIST("held:1"));
    rig_process_kill(morning);
    play_end(&play);
}

static void one_token_can_be_revoked_alone(void **state)
{
    /* Goal: the token itself is denied, the next one of the same task passes. */
    struct play play = play_begin(*state, 1);
    const struct play_session session = play_session(&play, "ada");

    play_task(&play, session.id, "t", NULL);
    const char *one = play_mint(&play, session, LIST("t:1"));
    const char *two = play_mint(&play, session, LIST("t:1"));
    struct rig_output output = rig_curfew(play.rig, one, "token", "revoke", "--file", "-");
    assert_int_equal(output.status, 0);
    play_until(&play, one, 403, "the revoked token is denied");
    play_all(&play, two, 200);
    play_end(&play);
}

struct refusal {
    const char *const *arguments;
    int status;
    const char *says;
};

static void what_is_wrong_is_refused_with_its_reason(void **state)
{
    /* Goal: each bad event: the right exit status, and a text that names what is wrong. */
    struct play play = play_begin(*state, 1);
    const struct play_session session = play_session(&play, "ada");
    const char *nobody = "1.AAAAAAAAAAAAAAAAAAAAAA";
    char long_id[300];

    memset(long_id, 'x', sizeof long_id - 1);
    long_id[sizeof long_id - 1] = '\0';
    const struct refusal refusals[] = {
        {LIST("task", "start", nobody, "t"), 3, "unknown_session"},
        {LIST("session", "end", nobody), 3, "unknown_session"},
        {LIST("task", "end", session.id, "never"), 3, "unknown_task"},
        {LIST("task", "start", session.id, "child", "--parent", "never"), 3, "unknown_task"},
        {LIST("task", "start", session.id, "t", "--attempt", "5000"), 3, "attempt_jump"},
        {LIST("task", "start", "not-a-session", "t"), 1, "session id"},
        {LIST("task", "start", session.id, ""), 3, "invalid"},
        {LIST("task", "start", session.id, long_id), 1, "256"},
        {LIST("beat", "nobody", "--session", session.id), 3, "unknown_holder"},
        {LIST("token", "mint", "--session-file", session.file, "--audience", "a", "--life", "2h"), 3, "expiry"},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const char *argv[32] = {rig_command};
        size_t count = 1;
        for (const char *const *argument = refusals[i].arguments; *argument != NULL; argument++) {
            argv[count++] = *argument;
        }
        struct rig_output output = rig_run(play.rig, NULL, argv);
        if (output.status != refusals[i].status ||
            (refusals[i].says != NULL && strstr(output.err, refusals[i].says) == NULL)) {
            fail_msg("refusal %zu: status %d where %d was due: %s", i, output.status, refusals[i].status, output.err);
        }
    }
    play_end(&play);
}

static void a_huge_header_gets_an_error_and_the_guard_goes_on(void **state)
{
    /* Goal: 1 MB of Authorization is an error, not a crash and not an allow. */
    struct play play = play_begin(*state, 1);
    const struct play_session session = play_session(&play, "ada");

    play_task(&play, session.id, "t", NULL);
    const char *token = play_mint(&play, session, LIST("t:1"));
    char *huge = malloc(1 << 20);
    assert_non_null(huge);
    memset(huge, 'a', (1 << 20) - 1);
    huge[(1 << 20) - 1] = '\0';
    const long status = play_check(&play, 0, huge, "strict", NULL);
    free(huge);
    assert_true(status == 431 || status == 413 || status == 0);
    play_all(&play, token, 200);
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ended_task_is_denied_everywhere_and_its_sibling_passes),
        cmocka_unit_test(a_retry_fences_the_attempt_before),
        cmocka_unit_test(a_mint_under_something_dead_leaves_no_token),
        cmocka_unit_test(a_killed_orchestrators_tasks_die_with_its_lease),
        cmocka_unit_test(a_revoked_user_is_denied_in_every_session_and_can_log_in_anew),
        cmocka_unit_test(a_stalled_broker_makes_strict_hops_unavailable_and_costs_nobody_a_lease),
        cmocka_unit_test(one_token_can_be_revoked_alone),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_reason),
        cmocka_unit_test(a_huge_header_gets_an_error_and_the_guard_goes_on),
    };
    return rig_main("pipeline", tests, sizeof tests / sizeof tests[0]);
}
