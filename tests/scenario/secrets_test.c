/* secrets_test: tokens, keys, passwords, dead letters' bodies and query strings reach no topic, Redis, log, argument or
 * environment: planted ones are looked for everywhere, after a job with everything that can go wrong in it. */
#include "core/base64url.h"
#include "core/bus.h"
#include "core/json.h"
#include "tests/scenario/haystacks.h"
#include "tests/scenario/needles.h"
#include "tests/scenario/rig_memory.h"
#include "tests/scenario/secrets_door.h"
#include "tests/scenario/secured.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define CONTROLS_MAX 8
#define TOKENS_MAX 16
#define SCALAR_SIZE 32
#define LIT "lit-so-that-the-search-can-fail" /* a user's name: no secret, and must be found */

/* What is planted as it is. Each is whole where it stands: no blanks, nothing that JSON or a URL would escape. */
#define REDIS_PASSWORD "redis-password-planted-5b1d"
#define BODY "dead-letter-body-planted-91c4"
#define BODY_AVRO "\xC3\x01" BODY "-behind-a-fingerprint"
#define RECORD_KEY "dead-letter-key-planted-77e2"
#define RECORD_HEADER "dead-letter-header-planted-02ab"
#define QUERY "query-planted-c0de5"
#define BASIC "basic-credentials-planted-3f"
#define COOKIE "cookie-planted-8d8d8d"
#define CLASS "class-planted-4c4c4c4c"
#define NO_TOKEN "malformed-token-planted-1234"
#define SETTING "setting-line-planted-6a6a"
#define ARGUMENT "argument-value-planted-2b2b"
#define KEY_FILE "key-file-planted-9e9e9e"

static struct needles *needles;
static const char *tokens[TOKENS_MAX]; /* minted: what commands print, and must */
static size_t token_count;
static struct play play;

/* ---- planting ---- */

static void plant(const char *name, const char *text)
{
    needles_add(needles, name, curfew_slice_of(text));
}

/* The bytes of a member in base64url of a JSON file. */
static void plant_json_key(struct rig *rig, const char *file, const char *member)
{
    const char *path = rig_text(rig, "%s/%s", rig_keys(rig, play.prefix), file);
    char *text = rig_read_file(path);
    uint8_t bytes[64];
    size_t size = 0;
    struct curfew_json *json = NULL;
    struct curfew_slice value;

    assert_int_equal(curfew_json_parse(curfew_slice_of(text), &json, NULL), CURFEW_OK);
    assert_true(curfew_json_string(curfew_json_member(json, member), &value));
    assert_true(value.size <= sizeof bytes && curfew_base64url_decode(value, bytes, &size));
    assert_int_equal(size, 32);
    needles_add(needles, file, (struct curfew_slice){bytes, size});
    curfew_json_destroy(json);
    free(text);
}

/* The private number of a key, and a line of its file, which base64 breaks where it likes. */
static void plant_pem(struct rig *rig, const char *path)
{
    char *text = rig_read_file(path);
    BIO *source = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(source, NULL, NULL, NULL);
    BIGNUM *number = NULL;
    uint8_t bytes[SCALAR_SIZE];

    assert_non_null(key);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    assert_int_equal(BN_bn2binpad(number, bytes, sizeof bytes), sizeof bytes);
    needles_add(needles, path, (struct curfew_slice){bytes, sizeof bytes});
    const char *line = strchr(text, '\n') + 1;
    plant(path, rig_text(rig, "%.*s", (int)strcspn(line, "\n"), line));
    BN_clear_free(number);
    EVP_PKEY_free(key);
    BIO_free(source);
    free(text);
}

static void plant_token(const char *token)
{
    const char *signature = strrchr(token, '.') + 1;
    uint8_t bytes[256];
    size_t size = 0;

    assert_true(token_count < TOKENS_MAX);
    tokens[token_count++] = token;
    plant("a token", token);
    plant("a token's signature", signature);
    assert_true(curfew_base64url_decode(curfew_slice_of(signature), bytes, &size));
    needles_add(needles, "a token's signature", (struct curfew_slice){bytes, size});
}

static void plant_keys_and_passwords(struct rig *rig)
{
    static const char *const names[] = {"operator", "writer", "hop", "door", "siem", "stranger"};
    static const char *const texts[] = {
        REDIS_PASSWORD, BODY,     RECORD_KEY,          RECORD_HEADER,    QUERY, BASIC, COOKIE, CLASS, NO_TOKEN, SETTING,
        ARGUMENT,       KEY_FILE, SECRETS_DOOR_SECRET, SECRETS_DOOR_BODY};
    const char *directory = rig_directory(rig);

    plant_json_key(rig, "master.key", "master");
    plant_json_key(rig, "operator.key", "key");
    plant_json_key(rig, "app.key", "key");
    plant_json_key(rig, "hop-1.key", "key");
    plant_pem(rig, rig_text(rig, "%s/coordinator.pem", rig_keys(rig, play.prefix)));
    plant_pem(rig, play.key);
    plant_pem(rig, rig_text(rig, "%s/kafka/tls/coordinator.key", directory));
    plant_pem(rig, rig_text(rig, "%s/kafka/tls/admin.key", directory));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = rig_read_file(rig_text(rig, "%s/kafka/clients/%s.password", directory, names[i]));
        text[strcspn(text, "\n")] = '\0';
        plant(rig_text(rig, "the password of %s", names[i]), text);
        free(text);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        plant(texts[i], texts[i]);
    }
}

/* ---- searching ---- */

struct search {
    const char *controls[CONTROLS_MAX]; /* harmless, and must be found */
    bool found[CONTROLS_MAX];
    int leaks;
    size_t pieces;
};

/* What was planted stands where it was planted, and what a mint prints is the token. */
static bool is_planted_here(const char *where, struct curfew_slice bytes)
{
    static const char *const records[] = {BODY, BODY_AVRO, RECORD_KEY, RECORD_HEADER};
    const size_t size = strlen(where);

    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        if ((strstr(where, ".lifecycle,") != NULL || strstr(where, ".control,") != NULL) &&
            curfew_slice_equal(bytes, curfew_slice_of(records[i]))) {
            return true;
        }
    }
    for (size_t i = 0; size > 4 && strcmp(where + size - 4, ".out") == 0 && i < token_count; i++) {
        const size_t length = strlen(tokens[i]);
        if (bytes.size == length + 1 && memcmp(bytes.at, tokens[i], length) == 0) {
            return true;
        }
    }
    return false;
}

static void look(void *context, const char *where, struct curfew_slice bytes)
{
    struct search *search = context;

    if (bytes.size == 0) {
        return; /* a record without a key */
    }
    const char *name = needles_find(needles, bytes);
    search->pieces++;
    for (size_t i = 0; i < CONTROLS_MAX && search->controls[i] != NULL; i++) {
        search->found[i] =
            search->found[i] || memmem(bytes.at, bytes.size, search->controls[i], strlen(search->controls[i])) != NULL;
    }
    if (name != NULL && !is_planted_here(where, bytes)) {
        print_error("%s: there is %s\n", where, name);
        search->leaks++;
    }
}

static bool all_found(const struct search *search)
{
    for (size_t i = 0; i < CONTROLS_MAX && search->controls[i] != NULL; i++) {
        if (!search->found[i]) {
            return false;
        }
    }
    return true;
}

static void must_be_clean(const struct search *search, const char *what)
{
    for (size_t i = 0; i < CONTROLS_MAX && search->controls[i] != NULL; i++) {
        if (!search->found[i]) {
            fail_msg("%s: \"%s\" was not found, so nothing would have been", what, search->controls[i]);
        }
    }
    if (search->leaks > 0) {
        fail_msg("%s: %d leaks; they are above", what, search->leaks);
    }
    print_message("%s: %zu pieces, none of %zu secrets\n", what, search->pieces, needles_count(needles));
}

/* ---- the job ---- */

static void is_status(struct rig_output output, int status, const char *what)
{
    if (output.status != status) {
        fail_msg("%s was to end with %d, and did with %d: %s%s", what, status, output.status, output.out, output.err);
    }
}

/* Asks the guard; the answer must be of that status and repeat nothing. */
static void asked(long status, const char *asks, const char *const *headers)
{
    const struct rig_response response =
        rig_get(play.rig, play.guards[0], rig_text(play.rig, "/v1/check%s", asks), headers);
    const char *name = needles_find(needles, curfew_slice_of(response.body));

    if (response.status != status || name != NULL) {
        fail_msg("%s: %ld where %ld was due, with %s: %s", asks, response.status, status,
                 name == NULL ? "nothing planted" : name, response.body);
    }
}

static const char *bearer(const char *token)
{
    return rig_text(play.rig, "Authorization: Bearer %s", token);
}

static const char *const query = "/" LIT "?class=strict&access_token=" QUERY;

static void guard_is_asked(const char *live, const char *ended, const char *foreign)
{
    struct rig *rig = play.rig;
    const char *own =
        rig_text(rig, "%.*s%s", (int)(strrchr(live, '.') + 1 - live), live,
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    const struct rig_request posted = {
        .url = rig_text(rig, "http://%s/v1/check%s", rig_process_address(play.guards[0]), query),
        .method = "POST",
        .headers = LIST(bearer(live)),
        .body = QUERY,
    };

    asked(200, query, LIST(bearer(live)));
    asked(200, rig_text(rig, "?class=strict&token=%s", live), LIST(bearer(live), "Cookie: sid=" COOKIE));
    asked(403, query, LIST(bearer(ended)));
    asked(401, query, LIST(bearer(foreign)));
    asked(401, query, LIST(bearer(own)));
    asked(401, query, LIST(bearer(NO_TOKEN)));
    asked(401, query, LIST(bearer(NO_TOKEN "." NO_TOKEN "." NO_TOKEN)));
    asked(401, query, LIST("Authorization: Basic " BASIC));
    asked(401, query, LIST(bearer(live), bearer(ended)));
    asked(401, query, NULL);
    asked(400, "?class=" CLASS, LIST(bearer(live)));
    asked(400, query, LIST(bearer(live), "X-Curfew-Class: " CLASS));
    (void)rig_http(rig, &posted);
}

static bool holds_none(const char *text)
{
    return needles_find(needles, curfew_slice_of(text)) == NULL;
}

struct waited {
    const char *token;
    long status;
};

static bool guard_says(void *context)
{
    const struct waited *waited = context;
    const struct rig_response response =
        rig_get(play.rig, play.guards[0], rig_text(play.rig, "/v1/check%s", query), LIST(bearer(waited->token)));
    return response.status == waited->status;
}

static int lines_with(const char *text, const char *word)
{
    int count = 0;

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        count++;
    }
    return count;
}

static bool dead_letters_are_there(void *context)
{
    const struct rig_output output = rig_curfew(context, NULL, "tail", "deadletter", "--until-end");

    return output.status == 0 && lines_with(output.out, "\"type\":\"dead-letter\"") == 3;
}

static void garbage_is_written(void)
{
    static const struct {
        const char *who, *topic, *value;
    } records[] = {{"writer", "lifecycle", BODY}, {"writer", "lifecycle", BODY_AVRO}, {"operator", "control", BODY}};
    struct rig *rig = play.rig;

    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        const char *arguments = rig_text(rig, "-P -t %s.%s -p 0 -k %s -H note=%s", play.prefix, records[i].topic,
                                         RECORD_KEY, RECORD_HEADER);
        is_status(secured_kcat(rig, records[i].who, arguments, records[i].value), 0, "writing garbage");
    }
    secured_be(rig, "operator");
    rig_until(dead_letters_are_there, rig, PLAY_SOON_MS, "what could not be read is in the dead letters");
}

static const char *file_with(const char *name, const char *text)
{
    struct rig *rig = play.rig;
    const char *path = rig_text(rig, "%s/planted-%s", rig_directory(rig), name);

    rig_write_file(path, text);
    is_status(rig_run(rig, NULL, LIST("chmod", "600", path)), 0, "chmod");
    return path;
}

static void fails(struct rig_output output, const char *what)
{
    if (output.status == 0) {
        fail_msg("%s was to fail: %s%s", what, output.out, output.err);
    }
}

static void ends_with_failure(struct rig_process *process)
{
    assert_int_not_equal(rig_process_wait(process, RIG_END_MS), 0);
}

/* What a person gets wrong, with a secret in it. */
static void mistakes_are_made(const char *token)
{
    struct rig *rig = play.rig;
    const char *guard = rig_text(rig, "http://%s", rig_process_address(play.guards[0]));
    const char *broken = file_with("setting", SETTING "\n");
    const char *key = file_with("key", "{\"writer\": \"app\", \"key\": \"" KEY_FILE "\"}");
    const char *master = file_with("master", "{\"master\": \"" KEY_FILE "\"}");
    const char *jwks = file_with("jwks", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" KEY_FILE "\"}]}");
    const char *pem = file_with("pem", "-----BEGIN PRIVATE KEY-----\n" KEY_FILE "\n-----END PRIVATE KEY-----\n");

    secured_be(rig, "writer");
    fails(rig_curfew(rig, NO_TOKEN, "check", "--guard", guard, "--class", "strict"), "checking what is no token");
    fails(rig_curfew(rig, NO_TOKEN, "token", "show"), "showing what is no token");
    fails(rig_curfew(rig, NO_TOKEN "." NO_TOKEN "." NO_TOKEN, "token", "revoke", "--file", "-"), "revoking no token");
    fails(rig_curfew(rig, NULL, "check", "--guard", guard, token), "a token as an argument");
    fails(rig_curfew(rig, NULL, "token", "show", ARGUMENT), "a stray argument");
    fails(rig_curfew(rig, NULL, "topics", "check", "--set", ARGUMENT), "a setting without a name");
    fails(rig_curfew(rig, NULL, "topics", "check", "--set", "kafka.sasl.password=" ARGUMENT), "a password on the line");
    fails(rig_curfew(rig, NULL, "topics", "check", "--config", broken), "a settings file that is none");
    fails(rig_curfew(rig, NULL, "task", "end", "1.AAAAAAAAAAAAAAAAAAAAAA", "t", "--key-file", key),
          "a key that is none");
    fails(rig_curfew(rig, NULL, "topics", "check", "--config",
                     file_with("wrong", rig_text(rig,
                                                 "kafka.bootstrap.servers = %s\nkafka.security.protocol = sasl_ssl\n"
                                                 "kafka.ssl.ca.location = %s/kafka/tls/ca.pem\n"
                                                 "kafka.sasl.mechanism = PLAIN\nkafka.sasl.username = writer\n"
                                                 "kafka.sasl.password = " SETTING "\n",
                                                 secured_settings(rig, "writer")[3], rig_directory(rig))),
                     "--timeout", "5s"),
          "a wrong password");
    fails(rig_run(rig, NULL,
                  LIST("sh", "-c",
                       rig_text(rig, "CURFEW_KAFKA_SASL_PASSWORD=%s exec %s topics check", ARGUMENT, rig_command))),
          "a password in the environment");
    secured_be(rig, "coordinator");
    ends_with_failure(rig_coordinator(rig, "no-master", LIST(rig_text(rig, "coordinator.master_file=%s", master))));
    ends_with_failure(rig_coordinator(rig, "no-pem", LIST(rig_text(rig, "coordinator.key_file=%s", pem))));
    ends_with_failure(rig_guard(rig, "no-jwks",
                                LIST("hop.issuer=x", "hop.algorithms=ES256", "hop.tenants=acme", "hop.audience=x",
                                     rig_text(rig, "hop.jwks_file=%s", jwks))));
}

/* ---- looking at processes while they hold a secret ---- */

static struct search seen;

static bool processes_are_seen(void *context)
{
    (void)context;
    haystacks_processes(look, &seen);
    return all_found(&seen);
}

static void processes_show_nothing(struct play_session session, const char *token)
{
    struct rig *rig = play.rig;
    const char *file = file_with("token", token);
    const char *guard = rig_text(rig, "http://%s", rig_process_address(play.guards[0]));

    seen = (struct search){.controls = {"hop.id=hop-1", "coordinator.id=c1", "--session-file", "revoke", "--guard",
                                        rig_text(rig, "CURFEW_TOPICS_PREFIX=%s", play.prefix)}};
    secured_be(rig, "writer");
    rig_process_signal(play.coordinator, SIGSTOP); /* so that these wait, and hold what they were given */
    rig_process_signal(play.guards[0], SIGSTOP);
    struct rig_process *const held[] = {
        rig_background(rig, "held-mint",
                       LIST(rig_command, "token", "mint", "--session-file", session.file, "--audience", PLAY_AUDIENCE,
                            "--path", "live:1", "--timeout", "60s")),
        rig_background(rig, "held-revoke", LIST(rig_command, "token", "revoke", "--file", file, "--timeout", "60s")),
        rig_background(
            rig, "held-check",
            LIST(rig_command, "check", "--guard", guard, "--class", "strict", "--file", file, "--timeout", "60s")),
    };
    rig_until(processes_are_seen, NULL, PLAY_SOON_MS, "everything runs and can be looked at");
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
        assert_true(rig_process_running(held[i]));
        rig_process_kill(held[i]);
    }
    rig_process_signal(play.guards[0], SIGCONT);
    rig_process_signal(play.coordinator, SIGCONT);
    must_be_clean(&seen, "arguments and environments");
}

/* ---- the tests ---- */

static void every_form_is_found_wherever_it_stands(void **state)
{
    /* Goal: the search itself: raw, hex and base64 of something around it, at each place in a group of three; and not
     * what is nearly it. */
    static const uint8_t secret[] = {0x00, 0xfb, 0xff, 0x10, 0x83, 0x3e, 0x3f, 0xfa, 0xee, 0x01, 0x02, 0xbf, 0xc0};
    struct needles *one = needles_create();
    (void)state;

    needles_add(one, "the secret", (struct curfew_slice){secret, sizeof secret});
    for (size_t before = 0; before < 7; before++) {
        for (size_t after = 0; after < 7; after++) {
            uint8_t bytes[32] = {7, 7, 7, 7, 7, 7, 7};
            char text[64];
            const struct curfew_slice whole = {bytes, before + sizeof secret + after};
            memcpy(bytes + before, secret, sizeof secret);
            assert_string_equal(needles_find(one, whole), "the secret, as it is");
            curfew_base64url_encode(whole, text);
            assert_string_equal(needles_find(one, curfew_slice_of(text)), "the secret, base64url");
            for (char *at = text; *at != '\0'; at++) {
                *at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
            }
            assert_string_equal(needles_find(one, curfew_slice_of(text)), "the secret, base64");
            bytes[before + 6] ^= 1;
            assert_null(needles_find(one, whole));
        }
    }
    assert_non_null(needles_find(one, curfew_slice_of("x00fbff10833e3ffaee0102bfc0x")));
    assert_non_null(needles_find(one, curfew_slice_of("x00FBFF10833E3FFAEE0102BFC0")));
    assert_null(needles_find(one, curfew_slice_of("00fbff10833e3ffaee0102bfc")));
    needles_destroy(one);
}

/* Everything runs, with what tells the most: the lowest level of logs, and Kafka's own. */
static struct rig_process *cluster_begins(struct rig *rig)
{
    struct rig_process *redis = rig_redis(rig, "redis", false);
    const char *port = strchr(rig_process_address(redis), ':') + 1;

    play.rig = rig;
    const char *password = file_with("redis", REDIS_PASSWORD "\n");
    is_status(rig_run(rig, REDIS_PASSWORD, LIST("redis-cli", "-p", port, "-x", "config", "set", "requirepass")), 0,
              "redis-cli");
    rig_keep_outputs(rig);
    rig_set(rig, "CURFEW_LOG_LEVEL", "debug");
    play = secured_begin(rig, LIST(rig_text(rig, "cache.address=%s", rig_process_address(redis)),
                                   rig_text(rig, "cache.password_file=%s", password), "kafka.debug=security,conf"));
    return redis;
}

struct job {
    struct play_session session;
    const char *live, *ended, *revoked, *foreign, *worker;
};

/* Tokens of every fate; the foreign one is signed by a key that no hop knows. */
static struct job job_is_done(struct rig *rig)
{
    const char *other = rig_text(rig, "%s/other.pem", rig_directory(rig));

    is_status(rig_curfew(rig, NULL, "token", "keygen", "--out", other, "--jwks",
                         rig_text(rig, "%s/other.json", rig_directory(rig))),
              0, "keygen");
    plant_pem(rig, other);
    secured_be(rig, "writer");
    struct job job = {.session = play_session(&play, LIT)};
    play_task(&play, job.session.id, "live", NULL);
    play_task(&play, job.session.id, "ended", NULL);
    play_task(&play, job.session.id, "worker", NULL);
    job.live = play_mint(&play, job.session, LIST("live:1"));
    job.ended = play_mint(&play, job.session, LIST("ended:1"));
    job.revoked = play_mint(&play, job.session, LIST("live:1"));
    job.worker = play_mint(&play, job.session, LIST("worker:1"));
    rig_set(rig, "CURFEW_ISSUER_KEY_FILE", other);
    job.foreign = play_mint(&play, job.session, LIST("live:1"));
    rig_set(rig, "CURFEW_ISSUER_KEY_FILE", play.key);
    const char *const minted[] = {job.live, job.ended, job.revoked, job.foreign, job.worker};
    for (size_t i = 0; i < sizeof minted / sizeof minted[0]; i++) {
        plant_token(minted[i]);
    }
    play_until(&play, job.live, 200, "the token passes");
    (void)play_emit(&play, LIST("task", "end", job.session.id, "ended"));
    is_status(rig_curfew(rig, job.revoked, "token", "revoke", "--file", "-"), 0, "token revoke");
    is_status(rig_curfew(rig, job.live, "token", "show"), 0, "token show");
    is_status(rig_curfew(rig, NULL, "token", "mint", "--session-file", job.session.file, "--audience", PLAY_AUDIENCE,
                         "--path", "ended:1"),
              3, "a mint under what has ended");
    play_until(&play, job.ended, 403, "its task has ended");
    play_until(&play, job.revoked, 403, "it was revoked");
    return job;
}

static void cluster_breaks(struct rig *rig, const char *live)
{
    rig_process_kill(play.coordinator);
    rig_until(guard_says, &(struct waited){live, 503}, PLAY_SOON_MS, "silence is no consent");
    asked(503, query, LIST(bearer(live)));
    rig_process_start(play.coordinator);
    rig_until(guard_says, &(struct waited){live, 200}, PLAY_SOON_MS, "the coordinator is back");
    secured_be(rig, "operator");
    (void)play_emit(&play, LIST("revoke", "user", "--tenant", "acme", "--issuer", PLAY_ISSUER, "--user", LIT));
    rig_until(guard_says, &(struct waited){live, 403}, PLAY_SOON_MS, "the user is revoked");
}

static void stops(struct rig_process *process)
{
    rig_process_signal(process, SIGTERM);
    assert_int_equal(rig_process_wait(process, RIG_END_MS), 0);
}

static void a_day_leaves_no_secret_behind(void **state)
{
    /* Goal: mints, checks, ends, revocations, refusals, garbage, mistakes, restarts; then no topic, no key of Redis, no
     * log or output, no argument and no environment holds a secret in any form. */
    struct rig *rig = *state;
    struct rig_process *redis = cluster_begins(rig);

    plant_keys_and_passwords(rig);
    const struct job job = job_is_done(rig);
    guard_is_asked(job.live, job.ended, job.foreign);
    garbage_is_written();
    const struct secrets_door door = {job.session.id, "worker",    job.worker,
                                      job.ended,      job.foreign, query + strcspn(query, "?")};
    secrets_door_is_used(&play, &door, holds_none);
    mistakes_are_made(job.live);
    processes_show_nothing(job.session, job.live);
    cluster_breaks(rig, job.live);
    struct search cache = {.controls = {"curfew:{", "seq:hop-1", ":fresh:1"}};
    haystacks_redis(rig_process_address(redis), REDIS_PASSWORD, look, &cache);
    must_be_clean(&cache, "Redis");
    stops(play.guards[0]);
    stops(play.coordinator);
    struct search topics = {
        .controls = {LIT, job.session.id, CURFEW_MAC_HEADER, "\"log_provider\":\"hop hop-1\"", BODY}};
    haystacks_topics(secured_settings(rig, "admin"), look, &topics);
    must_be_clean(&topics, "topics");
    struct search files = {
        .controls = {"listening on", LIT, "told to stop", "not a token", "sasl.password = [redacted]"}};
    haystacks_files(rig_directory(rig),
                    LIST("keys-", "kafka/clients", "kafka/tls", "kafka/data", "kafka/server.properties", "planted-",
                         "issuer.pem", "other.pem"),
                    look, &files);
    must_be_clean(&files, "logs and outputs");
    needles_destroy(needles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_found_wherever_it_stands),
        cmocka_unit_test(a_day_leaves_no_secret_behind),
    };
    needles = needles_create();
    return rig_main("secrets", tests, sizeof tests / sizeof tests[0]);
}
