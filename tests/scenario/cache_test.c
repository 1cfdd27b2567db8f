/* cache_test: a real Redis, the cache's thread, and readers who have nothing but Redis. */
#include "core/clock.h"
#include "core/digest.h"
#include "core/log.h"
#include "tests/scenario/cache_hop.h"
#include "tests/scenario/cache_server.h"
#include "tests/scenario/rig_memory.h"
#include "tests/unit/cache_world.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WORLDS 8
#define WORLD_STEPS 300
#define CASES 300
#define CASES_AFTER_FAULT 12
#define REVOKED 150 /* floors of a fixture */
#define RACES 3000 /* floors raised while a reader looks on */
#define RACE_SUBJECTS 16
#define STRICT_MS 2000
#define STANDARD_MS 30000
#define PATIENCE_US (20 * CURFEW_US_PER_S)

struct fixture {
    struct cache_server server;
    struct cache_hop hop;
};

/* Raises floors on what some of the tokens rest on: above, at and below their values. */
static void revoke_some(struct cache_hop *hop, unsigned from)
{
    const int64_t above[] = {1, 0, 2, -1, CURFEW_FLOOR_MAX};
    for (unsigned i = from; i < from + REVOKED; i++) {
        struct cache_token token;
        cache_token_make(i, &token);
        size_t entry = i % token.count;
        entry = entry == token.count - 1 && i % 31 != 0 ? 0 : entry; /* or the policy would deny nearly all */
        int64_t value = token.entries[entry].value;
        int64_t more = above[i / 7 % 5];
        int64_t floor = more == CURFEW_FLOOR_MAX ? more : value + more;
        cache_hop_raise(hop, &token.entries[entry].subject,
                        token.entries[entry].kind == CURFEW_KIND_POLICY ? 7 : floor);
    }
}

static int setup(void **state)
{
    struct fixture *f = rig_allocate(sizeof(*f));
    cache_server_open(&f->server);
    cache_hop_open(&f->hop, f->server.address, NULL);
    revoke_some(&f->hop, 0);
    cache_hop_await_whole(&f->hop, &f->server);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    cache_hop_close(&f->hop);
    cache_server_close(&f->server);
    free(f);
    return 0;
}

static struct cache_question question_of(const struct fixture *f, int64_t max_age_ms)
{
    return (struct cache_question){.shell = "sh",
                                   .client = f->server.client,
                                   .max_age_ms = max_age_ms,
                                   .issued_us = cache_hop_now_us(),
                                   .expires_us = cache_hop_now_us() + 600 * CURFEW_US_PER_S};
}

static enum cache_answer check(const struct fixture *f, unsigned number, int64_t max_age_ms)
{
    struct cache_token token;
    cache_token_make(number, &token);
    const struct cache_question question = question_of(f, max_age_ms);
    return cache_token_check(&token, &question, NULL);
}

/* The script answers of `count` tokens from `from` on as the deny set does. Returns how many it denied. */
static int agree(struct fixture *f, unsigned from, unsigned count)
{
    int denied = 0;
    for (unsigned i = from; i < from + count; i++) {
        struct cache_token token;
        char said[256];
        cache_token_make(i, &token);
        cache_hop_beat(&f->hop, cache_hop_now_us());
        struct cache_question question = question_of(f, STANDARD_MS);
        question.shell = i % 8 == 0 ? "bash" : "sh";
        enum cache_answer answer = cache_token_check(&token, &question, said);
        bool expected = cache_token_denied(&token, &f->hop);
        if (answer != (expected ? CACHE_DENY : CACHE_ALLOW)) {
            fail_msg("token %u: the deny set %s it, the script says %s", i, expected ? "denies" : "allows", said);
        }
        denied += answer == CACHE_DENY;
    }
    return denied;
}

/* The number of a token that the deny set denies, or allows. */
static unsigned find(const struct fixture *f, bool denied)
{
    for (unsigned i = 0;; i++) {
        struct cache_token token;
        cache_token_make(i, &token);
        if (cache_token_denied(&token, &f->hop) == denied) {
            return i;
        }
    }
}

static void redis_alone_answers_as_the_deny_set(void **state)
{
    /* Goal: for hundreds of tokens the pasted script and the library give the same answer. */
    struct fixture *f = *state;
    int denied = agree(f, 0, CASES);
    print_message("%d of %d denied\n", denied, CASES);
    assert_true(denied > CASES / 5 && denied < CASES * 4 / 5);
}

static void times_are_judged_by_the_reader(void **state)
{
    /* Goal: freshness too old for the class, ahead of the clock or gone, an expired token and one older than the log
     * are told apart, and none is allowed; a floor denies however old it is. */
    struct fixture *f = *state;
    struct cache_token token;
    char said[256];
    cache_server_expect(&f->server, "2", "DEL %s:fresh:0 %s:fresh:1", CACHE_HOP_PREFIX, CACHE_HOP_PREFIX);
    assert_int_equal(check(f, find(f, false), STANDARD_MS), CACHE_UNAVAILABLE);
    assert_int_equal(check(f, find(f, true), STANDARD_MS), CACHE_DENY);
    int64_t as_of_us = cache_hop_now_us() - 10 * CURFEW_US_PER_S;
    do {
        cache_hop_beat(&f->hop, as_of_us);
        cache_hop_pause();
    } while (!cache_hop_whole(&f->server, as_of_us));
    assert_int_equal(check(f, find(f, false), STRICT_MS), CACHE_UNAVAILABLE);
    assert_int_equal(check(f, find(f, false), STANDARD_MS), CACHE_ALLOW);
    assert_int_equal(check(f, find(f, true), STRICT_MS), CACHE_DENY);
    cache_token_make(find(f, false), &token);
    struct cache_question question = question_of(f, STANDARD_MS);
    question.expires_us = cache_hop_now_us() - 1;
    assert_int_equal(cache_token_check(&token, &question, said), CACHE_NOT_VALID);
    assert_non_null(strstr(said, "expired"));
    question = question_of(f, STANDARD_MS);
    question.issued_us = 999; /* the log began at 1000 */
    assert_int_equal(cache_token_check(&token, &question, said), CACHE_NOT_VALID);
    question = question_of(f, STANDARD_MS);
    question.client = "redis-cli -s /nonexistent";
    assert_int_equal(cache_token_check(&token, &question, said), CACHE_UNAVAILABLE);
    char *epoch = cache_server_ask(&f->server, "HGET %s:meta epoch", CACHE_HOP_PREFIX);
    char *command = rig_format("%s SET %s:fresh:1 '%s %" PRId64 " 00 1000 250000' >/dev/null", f->server.client,
                               CACHE_HOP_PREFIX, epoch, cache_hop_now_us() + 600 * CURFEW_US_PER_S);
    assert_int_equal(system(command), 0);
    question = question_of(f, STANDARD_MS);
    assert_int_equal(cache_token_check(&token, &question, said), CACHE_UNAVAILABLE);
    assert_non_null(strstr(said, "ahead"));
    free(command);
    free(epoch);
}

static void a_flushed_redis_denies_until_whole(void **state)
{
    /* Goal: after FLUSHALL nothing is allowed, not with floors back and no freshness either, until all is written. */
    struct fixture *f = *state;
    unsigned allowed = find(f, false);
    cache_server_expect(&f->server, "OK", "FLUSHALL");
    assert_int_equal(check(f, allowed, STANDARD_MS), CACHE_UNAVAILABLE);
    struct curfew_cache_stats before, now;
    curfew_cache_stats(f->hop.cache, &before);
    struct cache_token token;
    cache_token_make(9999, &token);
    cache_hop_raise(&f->hop, &token.entries[0].subject, 1); /* the hop finds out by writing something */
    int64_t from_us = cache_hop_now_us();
    do {
        cache_hop_pause();
        curfew_cache_stats(f->hop.cache, &now);
        assert_true(cache_hop_now_us() - from_us < PATIENCE_US);
    } while (now.refills == before.refills || !now.whole);
    assert_int_equal(check(f, allowed, STANDARD_MS), CACHE_UNAVAILABLE); /* floors, and no proof yet */
    cache_hop_await_whole(&f->hop, &f->server);
    assert_true(agree(f, 0, CASES_AFTER_FAULT) > 0);
}

static void a_lost_bucket_denies_until_whole(void **state)
{
    /* Goal: a bucket deleted or evicted is seen as gone, not as empty, and comes back under another epoch. */
    struct fixture *f = *state;
    unsigned denied = find(f, true);
    struct cache_token token;
    cache_token_make(denied, &token);
    char *before = cache_server_ask(&f->server, "HGET %s:meta epoch", CACHE_HOP_PREFIX);
    for (size_t i = 0; i < token.count; i++) {
        char hex[2 * CURFEW_DIGEST_SIZE + 1];
        curfew_hex(token.entries[i].subject.digest, CURFEW_DIGEST_SIZE, hex);
        cache_server_expect(&f->server, "1", "DEL %s:f:%.3s", CACHE_HOP_PREFIX, hex);
    }
    assert_int_equal(check(f, denied, STANDARD_MS), CACHE_UNAVAILABLE);
    cache_hop_await_whole(&f->hop, &f->server);
    char *after = cache_server_ask(&f->server, "HGET %s:meta epoch", CACHE_HOP_PREFIX);
    assert_string_not_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(check(f, denied, STANDARD_MS), CACHE_DENY);
    assert_true(agree(f, 0, CASES_AFTER_FAULT) > 0);
}

static void a_restored_redis_is_not_believed(void **state)
{
    /* Goal: Redis killed and started with an older dump never allows, at an age newer than the dump, what was revoked
     * since; and the hop writes it all again. */
    struct fixture *f = *state;
    cache_server_save(&f->server);
    int64_t saved_us = cache_hop_now_us();
    unsigned victim = find(f, false);
    struct cache_token token;
    cache_token_make(victim, &token);
    cache_hop_raise(&f->hop, &token.entries[0].subject, CURFEW_FLOOR_MAX);
    cache_hop_await_whole(&f->hop, &f->server);
    assert_int_equal(check(f, victim, STANDARD_MS), CACHE_DENY);
    while (cache_hop_now_us() < saved_us + STRICT_MS * CURFEW_US_PER_MS) { /* the dump is too old for strict now */
        cache_hop_pause();
    }
    cache_server_kill(&f->server);
    cache_server_restore(&f->server);
    cache_server_start(&f->server);
    enum cache_answer answer = CACHE_ALLOW;
    int64_t from_us = cache_hop_now_us();
    do {
        assert_true(cache_hop_now_us() - from_us < PATIENCE_US);
        cache_hop_beat(&f->hop, cache_hop_now_us());
        answer = check(f, victim, STRICT_MS);
        assert_int_not_equal(answer, CACHE_ALLOW);
    } while (answer != CACHE_DENY);
    cache_hop_await_whole(&f->hop, &f->server);
    assert_true(agree(f, 0, CASES_AFTER_FAULT) > 0);
}

static void a_redis_short_of_memory_is_not_believed(void **state)
{
    /* Goal: while keys are evicted nothing is wrongly allowed; with memory again it becomes whole. */
    struct fixture *f = *state;
    char *before = cache_server_ask(&f->server, "DBSIZE");
    cache_server_expect(&f->server, "OK", "CONFIG SET maxmemory-policy allkeys-random");
    cache_server_expect(&f->server, "OK", "CONFIG SET maxmemory 1300000");
    int unavailable = 0;
    for (unsigned i = 0; i < 4 * CASES_AFTER_FAULT; i++) {
        struct cache_token token;
        cache_token_make(i, &token);
        cache_hop_beat(&f->hop, cache_hop_now_us());
        enum cache_answer answer = check(f, i, STANDARD_MS);
        assert_false(answer == CACHE_ALLOW && cache_token_denied(&token, &f->hop));
        unavailable += answer == CACHE_UNAVAILABLE;
    }
    char *after = cache_server_ask(&f->server, "DBSIZE");
    assert_true(strtol(after, NULL, 10) < strtol(before, NULL, 10)); /* otherwise nothing was tried */
    assert_true(unavailable > 0);
    free(before);
    free(after);
    cache_server_expect(&f->server, "OK", "CONFIG SET maxmemory 0");
    cache_hop_await_whole(&f->hop, &f->server);
    assert_true(agree(f, 0, CASES_AFTER_FAULT) > 0);
}

static void a_killed_redis_comes_back_empty_and_heals(void **state)
{
    /* Goal: kill -9 and an empty start: unavailable, then whole again; the hop neither dies of SIGPIPE nor waits. */
    struct fixture *f = *state;
    cache_server_kill(&f->server);
    int64_t from_us = cache_hop_now_us();
    while (curfew_cache_redis_connected(f->hop.redis)) {
        assert_true(cache_hop_now_us() - from_us < PATIENCE_US);
        cache_hop_beat(&f->hop, cache_hop_now_us());
        cache_hop_pause();
    }
    assert_int_equal(check(f, find(f, false), STANDARD_MS), CACHE_UNAVAILABLE);
    revoke_some(&f->hop, 1000); /* while Redis is away */
    cache_server_forget(&f->server);
    cache_server_start(&f->server);
    cache_hop_await_whole(&f->hop, &f->server);
    assert_true(curfew_cache_redis_connected(f->hop.redis));
    assert_true(agree(f, 0, CASES_AFTER_FAULT) > 0);
    assert_true(agree(f, 1000, CASES_AFTER_FAULT) > 0);
}

static void goes_on_without_its_script_and_connection(void **state)
{
    /* Goal: SCRIPT FLUSH and a killed connection lose nothing and need no refill. */
    struct fixture *f = *state;
    struct curfew_cache_stats before, after;
    curfew_cache_stats(f->hop.cache, &before);
    cache_server_expect(&f->server, "OK", "SCRIPT FLUSH");
    revoke_some(&f->hop, 2000);
    cache_hop_await_whole(&f->hop, &f->server);
    cache_server_expect(&f->server, "1", "CLIENT KILL TYPE normal");
    revoke_some(&f->hop, 3000);
    cache_hop_await_whole(&f->hop, &f->server);
    curfew_cache_stats(f->hop.cache, &after);
    assert_int_equal(before.refills, after.refills);
    assert_true(agree(f, 2000, CASES_AFTER_FAULT) + agree(f, 3000, CASES_AFTER_FAULT) > 0);
}

static int free_port(void)
{
    int file = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    assert_int_equal(bind(file, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(file, (struct sockaddr *)&address, &size), 0);
    close(file);
    return ntohs(address.sin_port);
}

static void users_need_no_more_than_the_documented_rights(void **state)
{
    /* Goal: over TCP, a writer and a reader with the rights docs/key-layout.md names can do their work; the reader
     * cannot write; a wrong password is no connection. */
    struct fixture *f = *state;
    int port = free_port();
    cache_server_expect(&f->server, "OK", "CONFIG SET port %d", port);
    cache_server_expect(&f->server, "OK",
                        "ACL SETUSER hop on >s3cret ~" CACHE_HOP_PREFIX ":* +evalsha +eval +script|load +hget +hmget "
                        "+hgetall +hset +hdel +get +set");
    cache_server_expect(&f->server, "OK",
                        "ACL SETUSER reader on >open %%R~" CACHE_HOP_PREFIX ":* +multi +exec +get +hmget");
    cache_server_expect(&f->server, "OK", "FLUSHALL");
    cache_hop_close(&f->hop);
    char *address = rig_format("127.0.0.1:%d", port);
    char *password = rig_format("%s/password", f->server.directory);
    rig_write_file(password, "hop:wrong\n");
    assert_int_equal(chmod(password, 0600), 0);
    cache_hop_open(&f->hop, address, password);
    revoke_some(&f->hop, 0);
    for (int i = 0; i < 20; i++) {
        cache_hop_beat(&f->hop, cache_hop_now_us());
        cache_hop_pause();
        assert_false(curfew_cache_redis_connected(f->hop.redis));
    }
    cache_server_expect(&f->server, "0", "DBSIZE");
    rig_write_file(password, "hop:s3cret\n"); /* read anew at each connection */
    cache_hop_await_whole(&f->hop, &f->server);
    char *client = rig_format("%s --user reader --pass open --no-auth-warning", f->server.client);
    struct cache_token token;
    struct cache_question question = question_of(f, STANDARD_MS);
    question.client = client;
    cache_token_make(find(f, true), &token);
    assert_int_equal(cache_token_check(&token, &question, NULL), CACHE_DENY);
    cache_token_make(find(f, false), &token);
    assert_int_equal(cache_token_check(&token, &question, NULL), CACHE_ALLOW);
    char *command = rig_format("%s SET %s:fresh:0 x 2>&1 | grep -q NOPERM", client, CACHE_HOP_PREFIX);
    assert_int_equal(system(command), 0);
    free(command);
    free(client);
    free(password);
    free(address);
}

struct race {
    struct cache_server *server;
    int64_t base_us;
    _Atomic bool over;
    _Atomic int64_t reads, believed, wrong;
};

/* As a program in another language would: one transaction, and only what agrees is believed. Floor i was raised on
 * subject i % RACE_SUBJECTS before base + i. */
static void *race_reader(void *argument)
{
    struct race *race = argument;
    char command[RACE_SUBJECTS][128];
    char *lines[3 + 2 * RACE_SUBJECTS] = {NULL};
    void *connection = cache_server_connect(race->server);
    for (int i = 0; i < RACE_SUBJECTS; i++) {
        char hex[2 * CURFEW_DIGEST_SIZE + 1];
        curfew_hex(model_subject(i).digest, CURFEW_DIGEST_SIZE, hex);
        snprintf(command[i], sizeof(command[i]), "HMGET %s:f:%.3s ! %s", CACHE_HOP_PREFIX, hex, hex);
    }
    while (!atomic_load(&race->over)) {
        free(cache_server_ask_on(connection, "MULTI"));
        free(cache_server_ask_on(connection, "GET " CACHE_HOP_PREFIX ":fresh:1"));
        for (int i = 0; i < RACE_SUBJECTS; i++) {
            free(cache_server_ask_on(connection, command[i]));
        }
        char *answer = cache_server_ask_on(connection, "EXEC");
        char *rest = answer;
        for (size_t i = 0; i < 1 + 2 * RACE_SUBJECTS; i++) {
            lines[i] = rest == NULL ? NULL : strsep(&rest, "\n");
        }
        char *as_of = lines[0] == NULL ? NULL : strchr(lines[0], ' ');
        if (as_of != NULL) {
            *as_of = '\0';
        }
        int64_t due = as_of == NULL ? -1 : strtoll(as_of + 1, NULL, 10) - race->base_us;
        for (int64_t i = due < RACE_SUBJECTS ? 0 : due - RACE_SUBJECTS; i < due; i++) {
            const char *sentinel = lines[1 + 2 * (i % RACE_SUBJECTS)];
            const char *floor = lines[2 + 2 * (i % RACE_SUBJECTS)];
            if (sentinel != NULL && strcmp(sentinel, lines[0]) == 0) {
                atomic_fetch_add(&race->believed, 1);
                atomic_fetch_add(&race->wrong, floor == NULL || strtoll(floor, NULL, 10) < i + 1);
            }
        }
        atomic_fetch_add(&race->reads, 1);
        free(answer);
    }
    cache_server_disconnect(connection);
    return NULL;
}

static void a_reader_in_a_hurry_is_never_misled(void **state)
{
    /* Goal: with floors, freshness, flushes and lost buckets coming as fast as they can, no transaction of a reader
     * ever shows a freshness without the floors it speaks of. */
    struct fixture *f = *state;
    struct race race = {.server = &f->server, .base_us = cache_hop_now_us()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, race_reader, &race), 0);
    int64_t from_us = cache_hop_now_us();
    for (int64_t i = 0; i < RACES || atomic_load(&race.reads) < RACES || atomic_load(&race.believed) <= RACES; i++) {
        assert_true(cache_hop_now_us() - from_us < 3 * PATIENCE_US);
        struct curfew_subject subject = model_subject((int)(i % RACE_SUBJECTS));
        cache_hop_raise(&f->hop, &subject, i + 1);
        cache_hop_beat(&f->hop, race.base_us + i + 1);
        if (i % 400 == 399) {
            cache_server_expect(&f->server, "OK", "FLUSHALL");
        } else if (i % 200 == 199) {
            free(cache_server_ask(&f->server, "DEL %s:f:%03x", CACHE_HOP_PREFIX, model_bucket((int)(i % 8))));
        }
        free(cache_server_ask(&f->server, "PING")); /* at Redis's pace */
    }
    atomic_store(&race.over, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    print_message("%" PRId64 " reads, %" PRId64 " floors believed\n", race.reads, race.believed);
    assert_int_equal(race.wrong, 0);
    assert_true(race.believed > RACES);
    cache_hop_await_whole(&f->hop, &f->server);
}

static void mirror_call(void *context, const struct curfew_cache_call *call, const char *answer)
{
    char *real = cache_server_eval(context, call);
    assert_string_equal(real, answer);
    free(real);
}

static void mirror_fault(void *context, enum world_fault fault, int which)
{
    struct cache_server *server = context;
    switch (fault) {
    case WORLD_FLUSH:
        cache_server_expect(server, "OK", "FLUSHALL");
        break;
    case WORLD_LOSE_BUCKET:
        free(cache_server_ask(server, "DEL %s:f:%03x", CACHE_HOP_PREFIX, which));
        break;
    case WORLD_LOSE_META:
        free(cache_server_ask(server, "DEL %s:meta", CACHE_HOP_PREFIX));
        break;
    case WORLD_LOSE_FRESH:
        free(cache_server_ask(server, "DEL %s:fresh:%d", CACHE_HOP_PREFIX, which));
        break;
    case WORLD_RESTORE:
    case WORLD_NONE:
        break;
    }
}

static void the_script_does_what_the_model_does(void **state)
{
    /* Goal: the model that the unit tests trust answers word for word as the script in a real Redis, and leaves the
     * same floors and freshness. */
    struct cache_server *server = &((struct fixture *)*state)->server;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct world_result result = {.vouched = 0};
        const struct world_mirror mirror = {mirror_call, mirror_fault, server, true};
        int64_t now_us = cache_hop_now_us();
        cache_server_expect(server, "OK", "FLUSHALL");
        world_run(seed, WORLD_STEPS, now_us, &mirror, &result);
        for (int i = 0; i < MODEL_SUBJECTS; i++) {
            char hex[2 * CURFEW_DIGEST_SIZE + 1];
            char expected[64] = "";
            const struct model_floor *floor = &result.model.floors[i];
            if (floor->floor != 0) {
                snprintf(expected, sizeof(expected), "%" PRId64 " %" PRId64, floor->floor,
                         floor->expires_us < 0 ? 0 : floor->expires_us);
            }
            curfew_hex(model_subject(i).digest, CURFEW_DIGEST_SIZE, hex);
            cache_server_expect(server, expected, "HGET %s:f:%.3s %s", CACHE_HOP_PREFIX, hex, hex);
        }
        assert_true(cache_hop_whole(server, result.model.fresh[0].as_of_us));
        assert_false(cache_hop_whole(server, result.model.fresh[0].as_of_us + 1));
    }
}

static int setup_bare(void **state)
{
    struct fixture *f = rig_allocate(sizeof(*f));
    cache_server_open(&f->server);
    *state = f;
    return 0;
}

static int teardown_bare(void **state)
{
    struct fixture *f = *state;
    cache_server_close(&f->server);
    free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_script_does_what_the_model_does, setup_bare, teardown_bare),
        cmocka_unit_test_setup_teardown(redis_alone_answers_as_the_deny_set, setup, teardown),
        cmocka_unit_test_setup_teardown(times_are_judged_by_the_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flushed_redis_denies_until_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_bucket_denies_until_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restored_redis_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redis_short_of_memory_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_killed_redis_comes_back_empty_and_heals, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_without_its_script_and_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(users_need_no_more_than_the_documented_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_in_a_hurry_is_never_misled, setup, teardown),
    };
    curfew_log_level_set(CURFEW_LOG_ERROR); /* the faults here would fill the log with warnings */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
