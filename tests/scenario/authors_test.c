/* authors_test: who may write, on a real Kafka: forged and foreign records move nothing, keys rotate, writers go; what
 * operators revoke, alone and in two. */
#include "tests/scenario/play.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A command of a writer's, by its key file. */
static struct rig_output speaks(struct play *play, const char *key, const char *const *arguments)
{
    const char *argv[32] = {rig_command};
    size_t count = 1;

    for (; *arguments != NULL && count + 4 < 32; arguments++) {
        argv[count++] = *arguments;
    }
    argv[count++] = "--key-file";
    argv[count++] = rig_text(play->rig, "%s/%s.key", rig_keys(play->rig, play->prefix), key);
    argv[count++] = "--json";
    return rig_run(play->rig, NULL, argv);
}

static void refused(struct play *play, const char *key, const char *reason, const char *const *arguments)
{
    struct rig_output output = speaks(play, key, arguments);

    if (output.status != 3 || strstr(output.out, rig_text(play->rig, "\"reason\":\"%s\"", reason)) == NULL) {
        fail_msg("%s was to be refused for %s: %d: %s%s", key, reason, output.status, output.out, output.err);
    }
}

static void adds(struct play *play, const char *name, const char *tenant)
{
    const char *out = rig_text(play->rig, "%s/%s.key", rig_keys(play->rig, play->prefix), name);
    struct rig_output output = speaks(
        play, "operator", LIST("writer", "add", name, "--role", "orchestrator", "--tenant", tenant, "--out", out));

    if (output.status != 0) {
        fail_msg("writer add: %d: %s", output.status, output.err);
    }
}

struct trying {
    struct play *play;
    const char *key;
    const char *const *arguments;
    const char *says;
};

static bool says(void *context)
{
    struct trying *trying = context;
    struct rig_output output = speaks(trying->play, trying->key, trying->arguments);

    return strstr(output.out, trying->says) != NULL;
}

static void forged_and_foreign_records_move_nothing(void **state)
{
    /* Goal: whoever can write to Kafka, with no key, another's name or another tenant's key, ends and starts nothing.
     */
    struct play play = play_begin(*state, 2);
    struct rig *rig = play.rig;
    const struct play_session session = play_session(&play, "ada");
    const char *keys = rig_keys(rig, play.prefix);

    play_task(&play, session.id, "work", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    play_all(&play, token, 200);
    adds(&play, "mallory", "books");
    rig_until(says,
              &(struct trying){&play, "mallory", LIST("task", "end", session.id, "work"), "\"reason\":\"tenant\""},
              PLAY_SOON_MS, "a writer of another tenant is known, and refused");
    refused(&play, "mallory", "tenant", LIST("task", "start", session.id, "more"));
    refused(&play, "mallory", "tenant", LIST("session", "end", session.id, "--reason", "his"));
    refused(&play, "mallory", "role",
            LIST("revoke", "user", "--tenant", "acme", "--issuer", PLAY_ISSUER, "--user", "ada"));
    struct rig_output forged = rig_run(
        rig, NULL,
        LIST("sh", "-c",
             rig_text(rig,
                      "sed 's/\"key\":\"..../\"key\":\"AAAA/' %s/app.key >%s/forged.key && chmod 600 %s/forged.key",
                      keys, keys, keys)));
    assert_int_equal(forged.status, 0);
    refused(&play, "forged", "mac", LIST("task", "end", session.id, "work"));
    play_all(&play, token, 200);
    (void)play_emit(&play, LIST("task", "end", session.id, "work"));
    play_until(&play, token, 403, "the writer whose task it is ends it");
    play_end(&play);
}

static void keys_rotate_and_writers_go(void **state)
{
    /* Goal: both keys until the old is dropped; a writer that was removed is refused, and no key is left of
     * one that was not granted. */
    struct play play = play_begin(*state, 1);
    struct rig *rig = play.rig;
    const char *keys = rig_keys(rig, play.prefix);
    const struct play_session session = play_session(&play, "ada");

    adds(&play, "etl", "acme");
    struct rig_output output =
        speaks(&play, "operator", LIST("writer", "rotate", "etl", "--out", rig_text(rig, "%s/etl-2.key", keys)));
    assert_int_equal(output.status, 0);
    rig_until(says, &(struct trying){&play, "etl-2", LIST("task", "start", session.id, "a"), "\"reason\":\"not_own\""},
              PLAY_SOON_MS, "the new key is taken, and the session is not its own");
    refused(&play, "etl", "not_own", LIST("task", "start", session.id, "a"));
    assert_int_equal(speaks(&play, "operator", LIST("writer", "rotate", "etl", "--drop-old")).status, 0);
    rig_until(says, &(struct trying){&play, "etl", LIST("task", "start", session.id, "a"), "\"reason\":\"epoch\""},
              PLAY_SOON_MS, "the old key is not taken any more");
    assert_int_equal(speaks(&play, "operator", LIST("writer", "remove", "etl")).status, 0);
    rig_until(says, &(struct trying){&play, "etl-2", LIST("task", "start", session.id, "a"), "\"reason\":\"role\""},
              PLAY_SOON_MS, "a writer that was removed may say nothing");
    output = speaks(&play, "operator", LIST("writer", "remove", "operator"));
    assert_int_equal(output.status, 0); /* app is an operator too */
    refused(&play, "operator", "role", LIST("writer", "remove", "app"));
    const char *out = rig_text(rig, "%s/new.key", keys);
    refused(&play, "operator", "role", LIST("writer", "add", "new", "--role", "hop", "--out", out));
    assert_int_equal(access(out, F_OK), -1); /* a key that no right was granted to is taken back */
    output = rig_curfew(rig, NULL, "writer", "list");
    assert_non_null(strstr(output.out, "etl\tremoved"));
    output = rig_curfew(rig, NULL, "writer", "list", "--json");
    assert_non_null(strstr(output.out, "{\"writer\":\"etl\",\"roles\":[],\"tenants\":[],"));
    assert_non_null(strstr(output.out, "\"roles\":[\"issuer\",\"orchestrator\",\"operator\"],\"tenants\":[\"*\"]"));
    play_end(&play);
}

/* The same, asking the play's coordinator what it comes to. */
static struct rig_output revokes(struct play *play, const char *key, const char *const *arguments)
{
    const char *argv[24];
    size_t count = 0;

    argv[count++] = "revoke";
    for (; *arguments != NULL && count + 3 < 24; arguments++) {
        argv[count++] = *arguments;
    }
    argv[count++] = "--set";
    argv[count++] = rig_text(play->rig, "coordinator.url=http://%s", rig_process_address(play->coordinator));
    argv[count] = NULL;
    struct rig_output output = speaks(play, key, argv);
    if (output.status != 0) {
        fail_msg("revoke %s by %s: %d: %s%s", argv[1], key, output.status, output.out, output.err);
    }
    return output;
}

static void says_in(const struct rig_output *output, const char *text)
{
    if (strstr(output->out, text) == NULL) {
        fail_msg("%s was to be in: %s%s", text, output->out, output->err);
    }
}

#define LATE_US INT64_C(1500000) /* longer than the skew, and than a command takes to begin */
#define WORKER "spiffe://acme/worker"

static struct rig_output mints(struct play *play, struct play_session session)
{
    return rig_curfew(play->rig, NULL, "token", "mint", "--session-file", session.file, "--path", "work:1",
                      "--audience", PLAY_AUDIENCE, "--agent", WORKER);
}

struct minting {
    struct play *play;
    struct play_session session;
    const char *said; /* on standard output */
};

static bool mint_is_refused(void *context)
{
    struct minting *minting = context;
    const struct rig_output output = mints(minting->play, minting->session);

    minting->said = output.out;
    return output.status == 3;
}

static void a_key_is_revoked_by_two_operators(void **state)
{
    /* Goal: one operator's word, also twice, denies nothing and is told as waiting; another's denies at every hop, and
     * no token of that key is minted any more. */
    struct play play = play_begin(*state, 2);
    const struct play_session session = play_session(&play, "ada");
    const struct rig_output jwks = rig_run(
        play.rig, NULL,
        LIST("jq", "-rj", ".keys[0].kid", rig_text(play.rig, "%s/%s.jwks", rig_directory(play.rig), play.prefix)));
    const char *const key[] = {"key", "--key", jwks.out, NULL};
    struct rig_output output;

    assert_int_equal(jwks.status, 0);
    play_task(&play, session.id, "work", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    play_all(&play, token, 200);
    for (int i = 0; i < 2; i++) {
        output = revokes(&play, "operator", key);
        says_in(&output, "\"pending\":true");
        assert_non_null(strstr(output.err, "NO effect yet"));
    }
    output = revokes(&play, "app", LIST("key", "--key", jwks.out, "--dry-run"));
    says_in(&output, "\"sessions\":0,\"tasks\":0,\"proposed_by\":\"operator\"");
    play_all(&play, token, 200);
    output = revokes(&play, "app", key);
    says_in(&output, "\"pending\":false");
    play_until(&play, token, 403, "both operators have said it");
    struct minting minting = {&play, session, NULL};
    rig_until(mint_is_refused, &minting, PLAY_SOON_MS, "pipelines take it in with their next tick");
    assert_string_equal(minting.said, "");
    play_end(&play);
}

static void agents_tenants_and_policies_are_revoked(void **state)
{
    /* Goal: a dry run counts and ends nothing; an agent's token is denied while its session goes on; a version nobody
     * adopted cannot be raised to; a broken glass ends a tenant's session at once. */
    struct play play = play_begin(*state, 2);
    const struct play_session session = play_session(&play, "ada");
    const char *const tenant[] = {"tenant", "--tenant", "acme", "--break-glass", "--reason", "it leaks", NULL};

    play_task(&play, session.id, "work", NULL);
    struct rig_output output = mints(&play, session);
    assert_int_equal(output.status, 0);
    const char *token = rig_text(play.rig, "%.*s", (int)strcspn(output.out, "\n"), output.out);
    play_all(&play, token, 200);
    output = revokes(&play, "operator", LIST("tenant", "--tenant", "acme", "--dry-run"));
    says_in(&output, "\"sessions\":1,\"tasks\":1,\"proposed_by\":null");
    refused(&play, "operator", "unknown_policy",
            LIST("revoke", "policy", "--tenant", "acme", "--policy", "payments:7"));
    assert_int_equal(
        speaks(&play, "operator", LIST("policy", "adopt", "--tenant", "acme", "--policy", "payments:7")).status, 0);
    (void)revokes(
        &play, "operator",
        LIST("policy", "--tenant", "acme", "--policy", "payments:7", "--break-glass", "--reason", "it leaks"));
    play_all(&play, token, 200);
    (void)revokes(&play, "operator", LIST("agent", "--tenant", "acme", "--agent", WORKER));
    play_until(&play, token, 403, "its agent was revoked");
    play_task(&play, session.id, "more", NULL);
    (void)revokes(&play, "operator", tenant);
    rig_until(says,
              &(struct trying){&play, "app", LIST("task", "start", session.id, "last"), "\"reason\":\"session_over\""},
              PLAY_SOON_MS, "the tenant's session is over");
    play_end(&play);
}

struct late {
    int64_t until_us;
    struct rig_process *command;
};

static bool too_late_by_now(void *context)
{
    const struct late *late = context;

    assert_true(rig_process_running(late->command)); /* it waits for the broker */
    return rig_now_us() > late->until_us;
}

static void a_revocation_that_came_late_is_said_again(void **state)
{
    /* Goal: whoever revokes over a way that takes longer than the skew is not sent home for it: their clock is right.
     */
    struct play play = play_begin(*state, 1);
    struct rig *rig = play.rig;
    const struct play_session session = play_session(&play, "ada");
    const char *key = rig_text(rig, "%s/operator.key", rig_keys(rig, play.prefix));

    play_task(&play, session.id, "work", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    play_all(&play, token, 200);
    rig_process_signal(rig_kafka(rig), SIGSTOP);
    struct late late = {rig_now_us() + LATE_US,
                        rig_background(rig, "late-revoke",
                                       LIST(rig_command, "revoke", "user", "--tenant", "acme", "--issuer", PLAY_ISSUER,
                                            "--user", "ada", "--key-file", key))};
    rig_until(too_late_by_now, &late, PLAY_SOON_MS, "what it said first is too old");
    rig_process_signal(rig_kafka(rig), SIGCONT);
    assert_int_equal(rig_process_wait(late.command, PLAY_SOON_MS), 0);
    play_until(&play, token, 403, "its user was revoked");
    play_end(&play);
}

struct asked {
    struct rig *rig;
    struct rig_process *service;
};

static bool readyz_names_the_master(void *context)
{
    const struct asked *asked = context;
    const struct rig_response response = rig_get(asked->rig, asked->service, "/readyz", NULL);

    return response.status == 503 && strstr(response.body, "another master key") != NULL;
}

static void a_coordinator_with_another_master_stops_at_genesis(void **state)
{
    /* Goal: it says why, publishes nothing, and the one with the right key goes on. */
    struct play play = play_begin(*state, 1);
    struct rig *rig = play.rig;

    rig_secrets(rig, "other");
    struct rig_process *wrong = rig_coordinator(rig, "wrong-master", NULL);
    rig_until(readyz_names_the_master, &(struct asked){rig, wrong}, PLAY_SOON_MS, "/readyz says what is wrong");
    assert_int_equal(rig_get(rig, play.coordinator, "/readyz", NULL).status, 200);
    rig_process_kill(wrong);
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged_and_foreign_records_move_nothing),
        cmocka_unit_test(keys_rotate_and_writers_go),
        cmocka_unit_test(a_key_is_revoked_by_two_operators),
        cmocka_unit_test(agents_tenants_and_policies_are_revoked),
        cmocka_unit_test(a_revocation_that_came_late_is_said_again),
        cmocka_unit_test(a_coordinator_with_another_master_stops_at_genesis),
    };
    return rig_main("authors", tests, sizeof tests / sizeof tests[0]);
}
