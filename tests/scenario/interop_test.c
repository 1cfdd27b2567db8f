/* interop_test: what is on the topics can be read by kcat and by an Avro library that is not ours; tokens of another
 * JOSE library verify. */
#include "consumer/token.h"
#include "tests/scenario/play.h"
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool dead_letter_tells(void *context)
{
    struct play *play = context;
    struct rig_output output = rig_curfew(play->rig, NULL, "tail", "deadletter", "--until-end");

    return output.status == 0 && strstr(output.out, "\"reason\":\"undecodable\"") != NULL &&
           strstr(output.out, "\"topic\":\"lifecycle\"") != NULL;
}

static void a_second_avro_implementation_reads_the_same(void **state)
{
    /* Goal: fingerprints, fields and values of every type of record are equal to what `curfew tail` says. */
    struct play play = play_begin(*state, 1);
    struct rig *rig = play.rig;
    const struct play_session session = play_session(&play, "ada");
    const char *topic = rig_text(rig, "%s.lifecycle", play.prefix);

    play_task(&play, session.id, "t", LIST("--holder", "h"));
    const char *token = play_mint(&play, session, LIST("t:1"));
    assert_int_equal(rig_curfew(rig, token, "token", "revoke", "--file", "-").status, 0);
    (void)play_emit(&play, LIST("beat", "h", "--session", session.id));
    (void)play_emit(&play, LIST("task", "attempt-end", session.id, "t", "--attempt", "1"));
    (void)play_emit(&play, LIST("task", "end", session.id, "t"));
    (void)play_emit(&play, LIST("session", "end", session.id));
    (void)play_emit(&play, LIST("revoke", "user", "--tenant", "acme", "--issuer", PLAY_ISSUER, "--user", "ada"));
    struct rig_output junk = rig_run(
        rig, "not avro\n", LIST("kcat", "-P", "-b", rig_process_address(rig_kafka(rig)), "-t", topic, "-p", "0"));
    assert_int_equal(junk.status, 0);
    rig_until(dead_letter_tells, &play, PLAY_SOON_MS, "what could not be read is in the dead letters, with its place");
    rig_process_kill(play.coordinator); /* so that the topics stand still */
    struct rig_output output =
        rig_run(rig, NULL,
                LIST(rig_text(rig, "%s/tests/interop/decode.py", rig_source), "--brokers",
                     rig_process_address(rig_kafka(rig)), "--prefix", play.prefix, "--schemas",
                     rig_text(rig, "%s/schemas", rig_source), "--curfew", rig_command, "--topic", "control", "--topic",
                     "lifecycle", "--topic", "revocations", "--topic", "answers", "--topic", "status"));
    if (output.status != 0) {
        fail_msg("%s%s", output.out, output.err);
    }
    print_message("%s", output.out);
    static const char *const types[] = {"genesis",          "writer-set",    "subject-revoked", "session-started",
                                        "session-ended",    "task-started",  "attempt-ended",   "task-ended",
                                        "holder-heartbeat", "token-created", "token-revoked",   "tick",
                                        "floors",           "beacon",        "accepted",        "hop-status"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strstr(output.out, types[i]) == NULL) {
            fail_msg("no %s among what was compared: %s", types[i], output.out);
        }
    }
    play_end(&play);
}

static void a_token_of_another_library_verifies(void **state)
{
    /* Goal: by each algorithm, a token and keys made by a library that is not ours pass, and no other issuer's do. */
    static const char *const names[] = {"ES256", "RS256", "EdDSA"};
    struct rig *rig = *state;
    struct curfew_issuers *issuers = NULL;
    struct curfew_error error = {.text = ""};
    const char *directory = rig_directory(rig);
    struct rig_output output =
        rig_run(rig, NULL, LIST(rig_text(rig, "%s/tests/interop/sign.py", rig_source), directory));
    if (output.status != 0) {
        fail_msg("%s%s", output.out, output.err);
    }
    if (curfew_issuers_load(rig_text(rig, "%s/issuers.json", directory), &issuers, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct curfew_token *token = NULL;
        struct rig_output text = rig_run(rig, NULL, LIST("cat", rig_text(rig, "%s/%s.token", directory, names[i])));
        assert_int_equal(text.status, 0);
        if (curfew_token_verify(curfew_slice_of(text.out), issuers, &token, &error) != CURFEW_TOKEN_GOOD) {
            fail_msg("%s: %s", names[i], error.text);
        }
        curfew_token_destroy(token);
        text = rig_run(rig, NULL, LIST("cat", rig_text(rig, "%s/%s.crossed", directory, names[i])));
        assert_int_equal(curfew_token_verify(curfew_slice_of(text.out), issuers, &token, &error),
                         CURFEW_TOKEN_ALGORITHM);
    }
    curfew_issuers_destroy(issuers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_of_another_library_verifies),
        cmocka_unit_test(a_second_avro_implementation_reads_the_same),
    };
    return rig_main("interop", tests, sizeof tests / sizeof tests[0]);
}
