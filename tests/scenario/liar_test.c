/* liar_test: revocations and answers on a real Kafka that somebody else writes to, or that lost what was there: hops
 * and issuers believe coordinators alone, say whom they do not believe, and are whole again unaided. */
#include "tests/scenario/liar.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define LONGER_THAN_STRICT_US INT64_C(4000000) /* a strict answer rests on nothing older than 2 s */
#define STRICT_GONE_US INT64_C(15000000)

static int32_t lane_of(struct play_session session)
{
    return (int32_t)strtol(session.id, NULL, 10);
}

static bool readyz_says(struct play *play, const char *word)
{
    const struct rig_response response = rig_get(play->rig, play->guards[0], "/readyz", NULL);
    return response.status == 503 && strstr(response.body, word) != NULL;
}

/* Says beacons for a time, or until the guard does not answer 200 any more; gives what it answers then. */
static long keep_saying(struct liar *liar, const struct curfew_sealer *sealer, const char *token, int64_t us)
{
    const int64_t end_us = rig_now_us() + us;
    long status = 200;
    while (rig_now_us() < end_us && status == 200) {
        liar_beacons(liar, sealer);
        status = play_check(liar->play, 0, token, "strict", NULL);
    }
    return status;
}

/* A counter of the guard's. */
static int64_t counted(struct play *play, const char *name)
{
    const struct rig_response metrics = rig_get(play->rig, play->guards[0], "/metrics", NULL);
    const char *line = strstr(metrics.body, rig_text(play->rig, "\n%s ", name));
    assert_non_null(line);
    return strtoll(line + strlen(name) + 2, NULL, 10);
}

static void only_a_coordinators_beacon_keeps_a_hop_fresh(void **state)
{
    /* Goal: with the coordinator stopped, beacons that are right in all but their signature do not stretch the proof;
     * the hop says so and which lane, and counts them; the same beacons, signed by the coordinators' key, do. */
    struct play play = play_begin(*state, 1);
    const struct play_session session = play_session(&play, "ada");
    struct liar liar;
    play_task(&play, session.id, "work", NULL);
    play_task(&play, session.id, "over", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    const char *dead = play_mint(&play, session, LIST("over:1"));
    (void)play_emit(&play, LIST("task", "end", session.id, "over"));
    play_until(&play, dead, 403, "the ended task's token is denied");
    play_until(&play, token, 200, "the other passes");
    rig_process_signal(play.coordinator, SIGSTOP);
    liar_begin(&liar, &play);
    const int64_t before = counted(&play, "curfew_hop_beacons_judged_total");
    assert_int_equal(keep_saying(&liar, &liar.by_stolen, token, LONGER_THAN_STRICT_US), 200);
    const int64_t good = counted(&play, "curfew_hop_beacons_judged_total") - before;
    assert_in_range(good, LIAR_LANES * 4, LIAR_LANES * 10); /* twice a second a lane for four */
    assert_int_equal(counted(&play, "curfew_hop_beacons_doubted_total"), 0);
    assert_int_equal(keep_saying(&liar, &liar.by_none, token, STRICT_GONE_US), 503);
    assert_true(readyz_says(&play, "signature"));
    assert_true(counted(&play, "curfew_hop_beacons_doubted_total") > 0);
    liar_beacons(&liar, &liar.by_own);
    const struct timespec judged = {.tv_nsec = 100000000};
    for (int i = 0; i < 100 && !readyz_says(&play, "key"); i++) {
        liar_beacons(&liar, &liar.by_own);
        nanosleep(&judged, NULL);
    }
    assert_true(readyz_says(&play, "coordinators.keys_file"));
    play_all(&play, dead, 403); /* a floor that is held denies at any age */
    assert_int_equal(play_check(&play, 0, token, "standard", NULL), 200);
    rig_process_signal(play.coordinator, SIGCONT);
    play_until(&play, token, 200, "the coordinator is back");
    play_all(&play, dead, 403);
    liar_end(&liar);
    play_end(&play);
}

static void only_a_coordinators_answer_lets_a_token_go(void **state)
{
    /* Goal: with the coordinator stopped, a mint that somebody else accepts gives no token, and says why; accepted by
     * the coordinators' key it does. */
    struct play play = play_begin(*state, 1);
    struct rig *rig = play.rig;
    const struct play_session session = play_session(&play, "ada");
    struct liar liar;
    play_task(&play, session.id, "work", NULL);
    rig_process_signal(play.coordinator, SIGSTOP);
    liar_begin(&liar, &play);
    const struct curfew_sealer *const sealers[] = {&liar.by_own, &liar.by_none, &liar.by_stolen};
    for (size_t i = 0; i < 3; i++) {
        const char *out = rig_text(rig, "mint-%s-%zu", play.prefix, i);
        const char *const argv[] = {rig_command,   "token",  "mint",   "--session-file", session.file, "--audience",
                                    PLAY_AUDIENCE, "--path", "work:1", "--timeout",      "6s",         NULL};
        struct rig_process *mint = rig_background(rig, out, argv);
        while (rig_process_running(mint)) {
            liar_accepts(&liar, lane_of(session), sealers[i]);
        }
        const int status = rig_process_wait(mint, RIG_COMMAND_MS);
        assert_int_equal(status == 0, i == 2);
    }
    const struct rig_output output =
        rig_run(rig, NULL, LIST("sh", "-c", rig_text(rig, "cat %s/*mint-%s-0*", rig_directory(rig), play.prefix)));
    assert_non_null(strstr(output.out, "coordinators.keys_file"));
    assert_null(strstr(output.out, "eyJ"));
    rig_process_signal(play.coordinator, SIGCONT);
    liar_end(&liar);
    play_end(&play);
}

/* Both keys, or the new one alone, are what everybody believes from now on. */
static void believe(struct play *play, const char *program, const char *new_jwks)
{
    const char *file = rig_coordinators(play->rig, play->prefix);
    const struct rig_output output = rig_run(play->rig, NULL,
                                             LIST("sh", "-c",
                                                  rig_text(play->rig, "jq -s '%s' %s %s >%s.next && mv %s.next %s",
                                                           program, file, new_jwks, file, file, file)));
    if (output.status != 0) {
        fail_msg("jq: %s", output.err);
    }
}

static void coordinators_keys_are_rotated_while_all_runs(void **state)
{
    /* Goal: the new key is believed, then signed with, then the old one is taken out: hops and issuers go on. */
    struct play play = play_begin(*state, 1);
    struct rig *rig = play.rig;
    const struct play_session session = play_session(&play, "ada");
    const char *key = rig_text(rig, "%s/second.pem", rig_keys(rig, play.prefix));
    const char *jwks = rig_text(rig, "%s/second.json", rig_keys(rig, play.prefix));
    play_task(&play, session.id, "work", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    assert_int_equal(rig_curfew(rig, NULL, "token", "keygen", "--out", key, "--jwks", jwks).status, 0);
    believe(&play, "{keys: map(.keys[])}", jwks);
    const char *name = rig_process_name(play.coordinator);
    rig_process_kill(play.coordinator);
    play.coordinator = rig_coordinator(
        rig, name, LIST(rig_text(rig, "coordinator.key_file=%s", key), rig_text(rig, "coordinator.id=%s", name)));
    rig_await_ready(rig, play.coordinator);
    play_until(&play, token, 200, "what the new key signs is believed");
    believe(&play, "{keys: .[1].keys}", jwks);
    const char *second = play_mint(&play, session, LIST("work:1"));
    play_until(&play, second, 200, "a token of after passes");
    (void)play_emit(&play, LIST("task", "end", session.id, "work"));
    play_until(&play, second, 403, "and is denied when its task ends");
    struct liar liar;
    play_task(&play, session.id, "more", NULL);
    const char *third = play_mint(&play, session, LIST("more:1"));
    play_until(&play, third, 200, "all is well");
    rig_process_signal(play.coordinator, SIGSTOP);
    liar_begin(&liar, &play);
    assert_int_equal(keep_saying(&liar, &liar.by_stolen, third, STRICT_GONE_US), 503); /* the old key is nobody's now */
    assert_true(readyz_says(&play, "key"));
    rig_process_signal(play.coordinator, SIGCONT);
    liar_end(&liar);
    play_end(&play);
}

static void revocations_made_anew_hold_every_floor_again(void **state)
{
    /* Goal: the topic is deleted and made anew while all runs: a hop that starts then denies what ended before, and is
     * fresh in seconds; nobody restarts the coordinator. */
    struct play play = play_begin(*state, 2);
    const struct play_session session = play_session(&play, "ada");
    play_task(&play, session.id, "work", NULL);
    play_task(&play, session.id, "over", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    const char *dead = play_mint(&play, session, LIST("over:1"));
    (void)play_emit(&play, LIST("task", "end", session.id, "over"));
    play_until(&play, dead, 403, "the ended task's token is denied");
    const pid_t before = rig_process_pid(play.coordinator);
    reader_delete_topic(play.rig, play.prefix, CURFEW_TOPIC_REVOCATIONS);
    reader_create_again(play.rig, play.prefix, CURFEW_TOPIC_REVOCATIONS, LIAR_LANES);
    rig_process_kill(play.guards[1]);
    rig_process_start(play.guards[1]);
    play_until(&play, token, 200, "both hops are fresh again");
    play_all(&play, dead, 403);
    assert_true(rig_process_running(play.coordinator) && rig_process_pid(play.coordinator) == before);
    const struct rig_response metrics = rig_get(play.rig, play.coordinator, "/metrics", NULL);
    assert_non_null(strstr(metrics.body, "curfew_coordinator_foreign_total{lane=\"1\"} 0"));
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_coordinators_beacon_keeps_a_hop_fresh),
        cmocka_unit_test(only_a_coordinators_answer_lets_a_token_go),
        cmocka_unit_test(coordinators_keys_are_rotated_while_all_runs),
        cmocka_unit_test(revocations_made_anew_hold_every_floor_again),
    };
    return rig_main("liar", tests, sizeof tests / sizeof tests[0]);
}
