/* cache_hop: a cache with its thread, fed by a test. */
#include "tests/scenario/cache_hop.h"
#include "consumer/denyset.h"
#include "core/clock.h"
#include "core/digest.h"
#include "tests/scenario/rig_memory.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define POLL_MS 5
#define PATIENCE_US (30 * CURFEW_US_PER_S)
#define FLOORS_MAX 100000
#define DAY_US (86400 * CURFEW_US_PER_S)

int64_t cache_hop_now_us(void)
{
    return curfew_clock_now().wall_us;
}

void cache_hop_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

void cache_hop_open(struct cache_hop *hop, const char *address, const char *password_file)
{
    struct curfew_error error = {.text = ""};
    struct curfew_region_options region = {.floors_max = FLOORS_MAX};
    curfew_random(region.key, sizeof(region.key));
    assert_int_equal(curfew_region_create(&region, &hop->region, &error), CURFEW_OK);
    struct curfew_cache_options options = {
        .region = hop->region, .prefix = CACHE_HOP_PREFIX, .writer = "hop one", .longest_age_us = CACHE_HOP_LONGEST_US};
    curfew_random(options.boot, sizeof(options.boot));
    assert_int_equal(curfew_cache_create(&options, &hop->cache, &error), CURFEW_OK);
    if (curfew_cache_redis_open(address, password_file, hop->cache, &hop->redis, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
}

void cache_hop_close(struct cache_hop *hop)
{
    curfew_cache_redis_close(hop->redis);
    curfew_cache_destroy(hop->cache);
    curfew_region_destroy(hop->region);
}

void cache_hop_raise(struct cache_hop *hop, const struct curfew_subject *subject, int64_t floor)
{
    struct curfew_error error;
    struct curfew_floor noted = {.floor = floor, .expires_us = cache_hop_now_us() + DAY_US};
    memcpy(noted.subject, subject->digest, sizeof(noted.subject));
    assert_int_equal(curfew_denyset_raise(hop->region, subject, floor, noted.expires_us, &error), CURFEW_OK);
    curfew_cache_note_floor(hop->cache, 1, &noted);
    curfew_cache_redis_wake(hop->redis);
}

void cache_hop_beat(struct cache_hop *hop, int64_t as_of_us)
{
    for (int32_t lane = 0; lane < 2; lane++) {
        const struct curfew_beacon beacon = {
            .log_id = {0xab}, .lane = lane, .lanes = 2, .as_of_us = as_of_us, .genesis_us = 1000, .skew_ms = 250};
        curfew_cache_note_fresh(hop->cache, lane, &beacon);
    }
    curfew_cache_redis_wake(hop->redis);
}

bool cache_hop_whole(struct cache_server *server, int64_t as_of_us)
{
    char *epoch = cache_server_ask(server, "HGET %s:meta epoch", CACHE_HOP_PREFIX);
    bool whole = epoch[0] != '\0';
    for (int lane = 0; whole && lane < 2; lane++) {
        char *fresh = cache_server_ask(server, "GET %s:fresh:%d", CACHE_HOP_PREFIX, lane);
        size_t size = strlen(epoch);
        whole = strncmp(fresh, epoch, size) == 0 && fresh[size] == ' ' && strtoll(fresh + size, NULL, 10) >= as_of_us;
        free(fresh);
    }
    for (int bucket = 0; whole && bucket < CURFEW_CACHE_BUCKETS; bucket++) {
        char *sentinel = cache_server_ask(server, "HGET %s:f:%03x !", CACHE_HOP_PREFIX, bucket);
        whole = strcmp(sentinel, epoch) == 0;
        free(sentinel);
    }
    free(epoch);
    return whole;
}

void cache_hop_await_whole(struct cache_hop *hop, struct cache_server *server)
{
    int64_t from_us = cache_hop_now_us();
    do {
        if (cache_hop_now_us() - from_us > PATIENCE_US) {
            fail_msg("Redis is not whole after %" PRId64 " s", PATIENCE_US / CURFEW_US_PER_S);
        }
        cache_hop_beat(hop, cache_hop_now_us());
        cache_hop_pause();
    } while (!cache_hop_whole(server, from_us));
}

static void add(struct cache_token *token, enum curfew_kind kind, const char *scope, const char *id, int64_t value)
{
    size_t i = token->count++;
    assert_true(i < CACHE_HOP_ENTRIES_MAX);
    snprintf(token->entries[i].tenant, sizeof(token->entries[i].tenant), "%s", "acme");
    snprintf(token->entries[i].scope, sizeof(token->entries[i].scope), "%s", scope);
    snprintf(token->entries[i].id, sizeof(token->entries[i].id), "%s", id);
    token->entries[i].kind = kind;
    token->entries[i].value = value;
    token->entries[i].subject =
        curfew_subject_of(kind, curfew_slice_of("acme"), curfew_slice_of(scope), curfew_slice_of(id));
}

void cache_token_make(unsigned number, struct cache_token *token)
{
    char session[64];
    char id[CURFEW_ID_MAX + 1];
    unsigned mixed = number * 2654435761U >> 8;
    token->count = 0;
    snprintf(session, sizeof(session), "1.k7Qw000000000000000%03u", mixed % 200);
    snprintf(id, sizeof(id), "jti %u", number);
    add(token, CURFEW_KIND_TOKEN, "https://issuer.example/%acme", id, 0);
    add(token, CURFEW_KIND_SESSION, "", session, 0);
    for (unsigned depth = 0; depth <= mixed / 200 % 3; depth++) {
        snprintf(id, sizeof(id),
                 "n\xc3\xa4"
                 "chtlicher \"abschluss\" \\%u.%u",
                 depth, mixed / 600 % 4);
        if (depth == 2) { /* as long as an id may be */
            memset(id, 'x', CURFEW_ID_MAX);
            id[CURFEW_ID_MAX] = '\0';
        }
        add(token, CURFEW_KIND_TASK, session, id, 1 + mixed / 2400 % 3);
    }
    snprintf(id, sizeof(id), "user-%u", mixed % 61);
    add(token, CURFEW_KIND_USER, "https://issuer.example/%acme", id, INT64_C(1795460429437000) + mixed % 5);
    snprintf(id, sizeof(id), "spiffe://acme/agent-%u", mixed % 83);
    add(token, CURFEW_KIND_AGENT, "acme", id, INT64_C(1795460429437000) + mixed % 5);
    add(token, CURFEW_KIND_POLICY, "", "payments", 7);
}

bool cache_token_denied(const struct cache_token *token, const struct cache_hop *hop)
{
    for (size_t i = 0; i < token->count; i++) {
        if (token->entries[i].value < curfew_denyset_floor(hop->region, &token->entries[i].subject)) {
            return true;
        }
    }
    return false;
}

enum cache_answer cache_token_check(const struct cache_token *token, const struct cache_question *question,
                                    char said[256])
{
    char path[] = "/tmp/curfew-lineage-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    for (size_t i = token->count; i-- > 0;) {
        const char *end = i == 0 && token->count % 2 == 0 ? "" : "\n"; /* the last line may lack its end */
        fprintf(file, "%s\t%s\t%s\t%s\t%" PRId64 "%s", curfew_kind_name(token->entries[i].kind),
                token->entries[i].tenant, token->entries[i].scope, token->entries[i].id, token->entries[i].value, end);
    }
    assert_int_equal(fclose(file), 0);
    char *command = rig_format("REDIS_CLI='%s' CURFEW_PREFIX='%s' %s %s/docs/examples/check.sh 1 %" PRId64 " %" PRId64
                               " %" PRId64 " <%s 2>&1",
                               question->client, CACHE_HOP_PREFIX, question->shell, CURFEW_SOURCE, question->max_age_ms,
                               question->issued_us, question->expires_us, path);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    char text[256] = "";
    size_t size = fread(text, 1, sizeof(text) - 1, output);
    text[size] = '\0';
    int status = pclose(output);
    free(command);
    unlink(path);
    if (said != NULL) {
        memcpy(said, text, sizeof(text));
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) > CACHE_UNAVAILABLE) {
        fail_msg("check.sh ended with %d: %s", status, text);
    }
    return (enum cache_answer)WEXITSTATUS(status);
}
