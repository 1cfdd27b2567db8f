/* cli_command: the `curfew` command as a process: help, wrong usage, settings, keys, tokens, a broker that is away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli_process.h"
#include "core/base64url.h"
#include "core/keyfile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOWHERE "127.0.0.1:1" /* a port nobody listens on */
#define SESSION "3.k7QwZ2pXn0aVb81mJc5TyA"

static struct cli_process process;
static char directory[64];
static char key_setting[160]; /* where ana's key is */
static const char *const no_broker[] = {NULL};
static const char *const dead_broker[] = {"CURFEW_KAFKA_BOOTSTRAP_SERVERS=" NOWHERE,
                                          "CURFEW_ISSUER_NAME=https://id.example", key_setting, CLI_COORDINATORS, NULL};

static int make_directory(void **state)
{
    (void)state;
    static const uint8_t key[CURFEW_WRITER_KEY_SIZE] = {1};
    struct curfew_error error;
    strcpy(directory, "/tmp/curfew-cli-test-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(key_setting, sizeof key_setting, "CURFEW_PRODUCER_KEY_FILE=%s/ana.key", directory);
    return curfew_writer_key_store(strchr(key_setting, '=') + 1, curfew_slice_of("ana"), 1, key, &error) == CURFEW_OK
               ? 0
               : -1;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {"key.pem",         "jwks.json",        "settings",     "token",
                                        "session.json",    "ana.key",          "operator.key", "master.key",
                                        "coordinator.pem", "coordinators.json"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

/* A path in the directory; alive until the third next call. */
static const char *path_of(const char *name)
{
    static char paths[3][128];
    static int next;
    char *path = paths[next++ % 3];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char *const commands[][2] = {
    {"topics", "create"}, {"topics", "check"},  {"topics", "grant"},     {"topics", "skip"},   {"session", "start"},
    {"session", "end"},   {"task", "start"},    {"task", "attempt-end"}, {"task", "end"},      {"beat", NULL},
    {"token", "mint"},    {"token", "keygen"},  {"token", "show"},       {"token", "revoke"},  {"revoke", "user"},
    {"revoke", "agent"},  {"revoke", "tenant"}, {"revoke", "key"},       {"revoke", "policy"}, {"policy", "adopt"},
    {"check", NULL},      {"tail", NULL},
};

static void test_help_teaches_at_every_level(void **state)
{
    /* Goal: every command's help has an example, its exit statuses and the common options, on standard output, within
     * a terminal's width. */
    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i][1] == NULL)
            CLI(&process, NULL, commands[i][0], "--help");
        else
            CLI(&process, NULL, commands[i][0], commands[i][1], "--help");
        assert_int_equal(process.status, 0);
        assert_string_equal(process.err, "");
        assert_non_null(strstr(process.out, "Example:\n"));
        assert_non_null(strstr(process.out, "Exit status: 0 "));
        assert_non_null(strstr(process.out, "--config=FILE"));
        assert_non_null(strstr(process.out, commands[i][0]));
    }
}

static void test_the_first_help_lists_every_command(void **state)
{
    /* Goal: whoever starts with curfew --help finds all of it, and the first steps. */
    char row[64];
    (void)state;
    CLI(&process, NULL, "--help");
    assert_int_equal(process.status, 0);
    assert_non_null(strstr(process.out, "First steps"));
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        snprintf(row, sizeof row, "\n  %-8s%-12s ", commands[i][0], commands[i][1] == NULL ? "" : commands[i][1]);
        assert_non_null(strstr(process.out, row));
    }
    CLI(&process, NULL, "session", "--help");
    assert_int_equal(process.status, 0);
    assert_non_null(strstr(process.out, "session start"));
    assert_null(strstr(process.out, "task"));
}

static void test_unknown_commands_are_wrong_usage(void **state)
{
    /* Goal: exit status 2 and a word on what there is. */
    (void)state;
    CLI(&process, NULL, "sesion", "start");
    assert_int_equal(process.status, 2);
    assert_non_null(strstr(process.err, "there is no command \"sesion\""));
    CLI(&process, NULL, "task");
    assert_int_equal(process.status, 2);
    assert_non_null(strstr(process.err, "attempt-end"));
    CLI(&process, NULL, "task", "stop");
    assert_int_equal(process.status, 2);
    assert_non_null(strstr(process.err, "there is no command \"task stop\""));
    cli_process_run(&(const struct cli_run){(const char *const[]){NULL}, NULL, NULL, NULL}, &process);
    assert_int_equal(process.status, 2);
    assert_string_equal(process.out, "");
}

static void test_wrong_usage_is_2_and_says_what_is_missing(void **state)
{
    /* Goal: each missing, doubtful or impossible argument is named before anything is sent. */
    static const struct {
        const char *arguments[9];
        const char *says;
    } cases[] = {
        {{"session", "start", "--tenant", "acme"}, "--user is missing"},
        {{"session", "start", "--tenant", "a", "--user", "b", "--lane", "0"}, "from 1 to 255"},
        {{"session", "start", "--tenant", "a", "--user", "b", "--life", "8x"}, "--life is \"8x\""},
        {{"session", "end"}, "SESSION is missing"},
        {{"session", "end", SESSION, "more"}, "one argument too many"},
        {{"task", "start", SESSION}, "TASK is missing"},
        {{"task", "start", SESSION, "t", "--parent-attempt", "2"}, "without --parent"},
        {{"task", "start", SESSION, "t", "--attempt", "0"}, "--attempt"},
        {{"task", "attempt-end", SESSION, "t"}, "--attempt is missing"},
        {{"beat", "h"}, "one of --session, --lane and --all-lanes"},
        {{"beat", "h", "--lane", "1", "--all-lanes"}, "one of --session, --lane and --all-lanes"},
        {{"beat", "--all-lanes"}, "HOLDER is missing"},
        {{"token", "mint", "--audience", "a"}, "--session-file"},
        {{"token", "mint", "--session-file", "f"}, "--audience is missing"},
        {{"token", "mint", "--path", "clean"}, "task:attempt"},
        {{"token", "revoke", "--session", SESSION}, "one of --jti and --file"},
        {{"token", "revoke", "--jti", "j"}, "--session is missing"},
        {{"token", "keygen", "--out", "k"}, "--jwks is missing"},
        {{"revoke", "user", "--tenant", "acme", "--user", "ana"}, "--issuer is missing"},
        {{"check"}, "--guard is missing"},
        {{"check", "--guard", "http://x", "--class", "lax"}, "strict, standard or best_effort"},
        {{"check", "--guard", "http://x", "--until", "never"}, "--until"},
        {{"tail"}, "TOPIC is missing"},
        {{"tail", "auditing"}, "none of control"},
        {{"tail", "audit", "--type", "floors"}, "no --type"},
        {{"tail", "audit", "--lane", "1"}, "no lanes"},
        {{"audit", "verify", "all"}, "arguments"},
        {{"tail", "status", "--lane", "1"}, "no lanes"},
        {{"tail", "lifecycle", "--from", "7"}, "needs --lane"},
        {{"tail", "lifecycle", "--lane", "0"}, "curfew tail control"},
        {{"topics", "create", "--lanes", "256"}, "from 1 to 255"},
        {{"topics", "check", "--timeout", "soon"}, "--timeout"},
        {{"topics", "check", "--set", "nothing"}, "name=value"},
        {{"task", "end", SESSION, "t", "--wait", "forever"}, "durable or accepted"},
        {{"task", "end", SESSION, "t", "--nope"}, "--nope"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cli_process_run(&(const struct cli_run){cases[i].arguments, dead_broker, NULL, NULL}, &process);
        if (process.status != 2 || strstr(process.err, cases[i].says) == NULL)
            print_error("%s %s: %d: %s\n", cases[i].arguments[0], cases[i].arguments[1], process.status, process.err);
        assert_int_equal(process.status, 2);
        assert_non_null(strstr(process.err, cases[i].says));
        assert_string_equal(process.out, "");
    }
}

static void test_a_token_as_argument_is_refused_unseen(void **state)
{
    /* Goal: every command refuses it, explains why, and does not repeat it. */
    static const char token[] = "eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiJzZWNyZXQifQ.c2lnbmF0dXJl";
    (void)state;
    CLI(&process, dead_broker, "check", "--guard", "http://127.0.0.1:1", token);
    assert_int_equal(process.status, 2);
    assert_non_null(strstr(process.err, "argument 4 is a token"));
    assert_non_null(strstr(process.err, "--file FILE"));
    assert_null(strstr(process.err, "eyJ"));
    CLI(&process, dead_broker, "token", "revoke", "--jti", token);
    assert_int_equal(process.status, 2);
    assert_null(strstr(process.err, "eyJ"));
    CLI(&process, dead_broker, "--help", token);
    assert_int_equal(process.status, 2);
}

static void test_settings_come_from_everywhere_they_should(void **state)
{
    /* Goal: file by option or environment, single settings above both, and a mistake in any is named. */
    char config[160];
    const char *const by_environment[] = {config, NULL};
    static const char *const unknown[] = {"CURFEW_TOPICS_PREFX=x", "CURFEW_KAFKA_BOOTSTRAP_SERVERS=" NOWHERE, NULL};
    (void)state;
    CLI(&process, no_broker, "topics", "check");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "kafka.bootstrap.servers is not set"));
    write_text(path_of("settings"), "kafka.bootstrap.servers = " NOWHERE "\ntopics.prefix = fromfile\n");
    snprintf(config, sizeof config, "CURFEW_CONFIG=%s", path_of("settings"));
    CLI(&process, by_environment, "topics", "check", "--timeout", "200ms");
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.err, "fromfile.control"));
    CLI(&process, no_broker, "--config", path_of("settings"), "topics", "check", "--timeout", "200ms", "--set",
        "topics.prefix=fromset");
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.err, "fromset.control"));
    CLI(&process, no_broker, "topics", "check", "--config", "/nonexistent/curfew.conf");
    assert_true(process.status == 1 || process.status == 5);
    assert_non_null(strstr(process.err, "/nonexistent/curfew.conf"));
    CLI(&process, unknown, "topics", "check");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "CURFEW_TOPICS_PREFIX"));
    CLI(&process, dead_broker, "topics", "check", "--set", "topics.prefx=x");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "topics.prefix"));
    CLI(&process, dead_broker, "topics", "check", "--set", "kafka.sasl.password=hunter2");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "name that with --config"));
    assert_null(strstr(process.err, "hunter2"));
}

static void test_a_broker_that_is_away_is_named_in_time(void **state)
{
    /* Goal: whatever is asked, exit status 5 and the address come within the time-out. */
    const char *const cases[][9] = {
        {"topics", "create", "--keys", directory},
        {"topics", "check"},
        {"tail", "lifecycle"},
        {"tail", "control", "--until-end"},
        {"session", "start", "--tenant", "acme", "--user", "ana"},
        {"session", "end", SESSION},
        {"task", "start", SESSION, "clean"},
        {"task", "end", SESSION, "clean", "--wait", "durable"},
        {"beat", "h", "--lane", "1"},
        {"beat", "h", "--all-lanes", "--every", "1s"},
        {"token", "revoke", "--session", SESSION, "--jti", "j"},
        {"revoke", "user", "--tenant", "acme", "--issuer", "i", "--user", "ana"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *arguments[12] = {"--timeout", "500ms"};
        for (size_t j = 0; j < 9 && cases[i][j] != NULL; j++)
            arguments[2 + j] = cases[i][j];
        cli_process_run(&(const struct cli_run){arguments, dead_broker, NULL, NULL}, &process);
        if (process.status != 5 || strstr(process.err, NOWHERE) == NULL)
            print_error("%s %s: %d: %s\n", cases[i][0], cases[i][1], process.status, process.err);
        assert_int_equal(process.status, 5);
        assert_non_null(strstr(process.err, NOWHERE));
        assert_string_equal(process.out, "");
        assert_true(process.took_ms < 5000); /* the time-out, and what a busy machine adds */
    }
}

static void test_a_failed_event_is_json_too(void **state)
{
    /* Goal: with --json a script finds status, place and whether to try again, also when there is no broker. */
    (void)state;
    CLI(&process, dead_broker, "task", "end", SESSION, "clean", "--json", "--timeout", "300ms");
    assert_int_equal(process.status, 5);
    assert_non_null(strstr(process.out, "\"offset\":null"));
    assert_non_null(strstr(process.out, "\"retriable\":true"));
    assert_non_null(strstr(process.out, NOWHERE));
}

static void test_keys_are_made_once(void **state)
{
    /* Goal: a private key that only its owner reads, public keys beside it, and neither ever overwritten. */
    struct stat facts;
    (void)state;
    CLI(&process, no_broker, "token", "keygen", "--out", path_of("key.pem"), "--jwks", path_of("jwks.json"));
    assert_int_equal(process.status, 0);
    assert_int_equal(stat(path_of("key.pem"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(stat(path_of("jwks.json"), &facts), 0);
    off_t size = facts.st_size;
    assert_true(size > 0);
    unlink(path_of("jwks.json"));
    CLI(&process, no_broker, "token", "keygen", "--out", path_of("key.pem"), "--jwks", path_of("jwks.json"));
    assert_int_not_equal(process.status, 0);
    assert_non_null(strstr(process.err, "key.pem"));
    assert_int_equal(access(path_of("jwks.json"), F_OK), -1); /* nothing half made is left */
    unlink(path_of("key.pem"));
    write_text(path_of("jwks.json"), "mine");
    CLI(&process, no_broker, "token", "keygen", "--out", path_of("key.pem"), "--jwks", path_of("jwks.json"));
    assert_int_not_equal(process.status, 0);
    assert_non_null(strstr(process.err, "jwks.json"));
    assert_int_equal(access(path_of("key.pem"), F_OK), -1);
    assert_int_equal(stat(path_of("jwks.json"), &facts), 0);
    assert_int_equal(facts.st_size, 4);
}

/* A token in the right form, with a signature of zeros. */
static const char *unsigned_token(void)
{
    static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k\"}";
    static const char claims[] =
        "{\"iss\":\"https://id.example\",\"sub\":\"ana\",\"aud\":\"hop\",\"client_id\":\"c\",\"iat\":1795460000,"
        "\"exp\":1795460300,\"jti\":\"j1\",\"curfew\":{\"v\":1,\"tenant\":\"acme\",\"session\":\"" SESSION "\","
        "\"auth_us\":1795460000000000,\"agents\":[],\"path\":[[\"acme\",\"clean\",1]]}}";
    static char text[2048];
    static const uint8_t zeros[64];
    char *at = text;
    const struct curfew_slice parts[] = {curfew_slice_of(header), curfew_slice_of(claims), {zeros, sizeof zeros}};
    for (size_t i = 0; i < 3; i++) {
        curfew_base64url_encode(parts[i], at);
        at += strlen(at);
        if (i < 2)
            *at++ = '.';
    }
    return text;
}

static void test_a_token_is_shown_without_its_signature(void **state)
{
    /* Goal: header and claims as JSON, a warning that nothing was verified, and nothing one could use as a token. */
    const char *token = unsigned_token();
    (void)state;
    CLI_INPUT(&process, no_broker, token, "token", "show");
    assert_int_equal(process.status, 0);
    assert_non_null(strstr(process.out, "\"sub\":\"ana\""));
    assert_non_null(strstr(process.out, SESSION));
    assert_non_null(strstr(process.err, "not verified"));
    assert_null(strstr(process.out, strrchr(token, '.') + 1));
    write_text(path_of("token"), token);
    CLI(&process, no_broker, "token", "show", "--file", path_of("token"));
    assert_int_equal(process.status, 0);
    assert_non_null(strstr(process.out, "\"jti\":\"j1\""));
    CLI_INPUT(&process, no_broker, "not.a.token", "token", "show");
    assert_int_equal(process.status, 6);
    assert_string_equal(process.out, "");
    CLI(&process, no_broker, "token", "show");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "standard input: it is empty"));
}

static void test_output_that_cannot_be_written_is_a_failure(void **state)
{
    /* Goal: a full disk behind standard output is not exit status 0. */
    const char *const arguments[] = {"token", "show", NULL};
    (void)state;
    cli_process_run(&(const struct cli_run){arguments, no_broker, unsigned_token(), "/dev/full"}, &process);
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "standard output"));
}

static void test_revoking_by_token_wants_one_story(void **state)
{
    /* Goal: what is given beside the token must agree with it, and junk is told before anything is sent. */
    (void)state;
    CLI_INPUT(&process, dead_broker, unsigned_token(), "token", "revoke", "--file", "-", "--session", "4" SESSION);
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "leave --session out"));
    CLI_INPUT(&process, dead_broker, unsigned_token(), "token", "revoke", "--file", "-", "--issuer", "https://other");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "another issuer"));
    CLI_INPUT(&process, dead_broker, "junk", "token", "revoke", "--file", "-");
    assert_int_equal(process.status, 6);
}

static void test_minting_names_what_is_wrong_with_its_files(void **state)
{
    /* Goal: key, session file and issuer are checked before the broker is asked; nothing is printed. */
    char key[160];
    const char *const with_key[] = {key,
                                    "CURFEW_ISSUER_NAME=https://id.example",
                                    key_setting,
                                    "CURFEW_KAFKA_BOOTSTRAP_SERVERS=" NOWHERE,
                                    CLI_COORDINATORS,
                                    NULL};
    const char *file = path_of("session.json");
    static const char *const bad[][2] = {
        {"", "it is empty"},
        {"{", "the session file"},
        {"{\"session\":\"" SESSION "\"}", "no text \"tenant\""},
        {"{\"session\":\"" SESSION "\",\"tenant\":\"acme\",\"user\":\"ana\",\"issuer\":\"https://id.example\"}",
         "no number \"auth_us\""},
        {"{\"session\":\"" SESSION
         "\",\"tenant\":\"acme\",\"user\":\"ana\",\"issuer\":\"https://other\",\"auth_us\":1}",
         "the session is of the issuer https://other"},
    };
    (void)state;
    snprintf(key, sizeof key, "CURFEW_ISSUER_KEY_FILE=%s", path_of("key.pem"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_text(file, bad[i][0]);
        CLI(&process, with_key, "token", "mint", "--session-file", file, "--audience", "hop");
        assert_int_equal(process.status, 1);
        assert_non_null(strstr(process.err, bad[i][1]));
        assert_string_equal(process.out, "");
    }
    write_text(file, "{\"session\":\"" SESSION "\",\"tenant\":\"acme\",\"user\":\"ana\","
                     "\"issuer\":\"https://id.example\",\"auth_us\":1795460000000000}");
    CLI(&process, with_key, "token", "mint", "--session-file", file, "--audience", "hop");
    assert_int_not_equal(process.status, 0);
    assert_non_null(strstr(process.err, "key.pem"));
    assert_string_equal(process.out, "");
}

static void test_a_mint_without_broker_gives_no_token(void **state)
{
    /* Goal: signed but not accepted means nothing on standard output, in either form. */
    char key[160];
    const char *const with_key[] = {key,
                                    "CURFEW_ISSUER_NAME=https://id.example",
                                    key_setting,
                                    "CURFEW_KAFKA_BOOTSTRAP_SERVERS=" NOWHERE,
                                    CLI_COORDINATORS,
                                    NULL};
    (void)state;
    snprintf(key, sizeof key, "CURFEW_ISSUER_KEY_FILE=%s", path_of("key.pem"));
    CLI(&process, no_broker, "token", "keygen", "--out", path_of("key.pem"), "--jwks", path_of("jwks.json"));
    assert_int_equal(process.status, 0);
    CLI(&process, with_key, "token", "mint", "--session", SESSION, "--tenant", "acme", "--user", "ana", "--auth-us",
        "1795460000000000", "--audience", "hop", "--path", "clean:1", "--timeout", "300ms");
    assert_int_equal(process.status, 5);
    assert_string_equal(process.out, "");
    assert_non_null(strstr(process.err, NOWHERE));
    CLI(&process, with_key, "token", "mint", "--session", SESSION, "--tenant", "acme", "--user", "ana", "--auth-us",
        "1795460000000000", "--audience", "hop", "--path", "clean:1", "--timeout", "300ms", "--json");
    assert_int_equal(process.status, 5);
    assert_null(strstr(process.out, "eyJ"));
    assert_null(strstr(process.err, "eyJ"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_teaches_at_every_level),
        cmocka_unit_test(test_the_first_help_lists_every_command),
        cmocka_unit_test(test_unknown_commands_are_wrong_usage),
        cmocka_unit_test(test_wrong_usage_is_2_and_says_what_is_missing),
        cmocka_unit_test(test_a_token_as_argument_is_refused_unseen),
        cmocka_unit_test_setup_teardown(test_settings_come_from_everywhere_they_should, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(test_a_broker_that_is_away_is_named_in_time, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_a_failed_event_is_json_too, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_keys_are_made_once, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_a_token_is_shown_without_its_signature, make_directory, remove_directory),
        cmocka_unit_test(test_output_that_cannot_be_written_is_a_failure),
        cmocka_unit_test_setup_teardown(test_revoking_by_token_wants_one_story, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(test_minting_names_what_is_wrong_with_its_files, make_directory,
                                        remove_directory),
        cmocka_unit_test_setup_teardown(test_a_mint_without_broker_gives_no_token, make_directory, remove_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
