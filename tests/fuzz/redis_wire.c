/* redis_wire: any bytes as what a Redis server answers, through hiredis, to the code that talks to it.
 *
 * What must hold. Whatever the server says, the client keeps its memory in order, ends the connection or goes on, and
 * never takes an answer for more than it is: only the very words of the script move the cache, so after no valid join
 * nothing counts as whole; each call was answered by one reply, or the connection is over.
 *
 * The thread around it is left out, so that an input means the same in every run: what is called here is what that
 * thread calls, which is why its file is taken in whole.
 *
 * Input: the bytes, ahead of all questions, on a connection that ends behind them. */
#include "consumer/cache_redis.c"
#include "consumer/denyset.h"
#include "input.h"
#include <sys/socket.h>

#define CALLS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct curfew_region *region;

static void open_region(void)
{
    const struct curfew_region_options options = {.floors_max = 16, .key = {7}};
    const struct curfew_subject subject = {{1, 2, 3}};
    curfew_log_level_set(CURFEW_LOG_OFF);
    (void)signal(SIGPIPE, SIG_IGN);
    input_require(curfew_region_create(&options, &region, NULL) == CURFEW_OK, "there is a region");
    input_require(curfew_denyset_raise(region, &subject, 5, INT64_MAX / 2, NULL) == CURFEW_OK, "with a floor in it");
}

/* Whether the server can have said so: the words stand in what it said. */
static bool said(struct curfew_slice bytes, const char *word)
{
    return bytes.size > 0 && memmem(bytes.at, bytes.size, word, strlen(word)) != NULL;
}

static void make_calls(struct curfew_cache_redis *redis)
{
    struct curfew_now now = {INT64_C(1800000000) * CURFEW_US_PER_S, CURFEW_US_PER_S};
    struct curfew_cache_call call;
    for (int i = 0; i < CALLS_MAX && redis->context != NULL; i++) {
        const struct curfew_beacon beacon = {.lane = 1, .as_of_us = now.wall_us + i, .skew_ms = 250};
        curfew_cache_note_fresh(redis->cache, 1, &beacon);
        now.boot_us += 2 * CURFEW_US_PER_S;
        if (curfew_cache_next(redis->cache, now, &call)) {
            make_call(redis, &call);
        }
    }
}

static void serve(struct curfew_cache_redis *redis, struct curfew_slice bytes)
{
    int ends[2];
    char drained[4096];
    input_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there is a connection");
    input_require(send(ends[1], bytes.at, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes.size ||
                      bytes.size == 0,
                  "the answers are said");
    (void)shutdown(ends[1], SHUT_WR);
    redis->context = redisConnectFd(ends[0]);
    input_require(redis->context != NULL, "hiredis takes the connection");
    const struct timeval wait = {.tv_sec = COMMAND_S};
    input_require(redisSetTimeout(redis->context, wait) == REDIS_OK, "with a limit of time");
    if (authenticate(redis) && load_script(redis)) {
        input_require(strlen(redis->digest) + 1 <= sizeof redis->digest, "a digest fits");
        make_calls(redis);
    }
    while (recv(ends[1], drained, sizeof drained, MSG_DONTWAIT) > 0) {
    }
    redisFree(redis->context);
    redis->context = NULL;
    (void)close(ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct curfew_slice bytes = {data, size};
    struct curfew_cache_stats stats;
    if (region == NULL) {
        open_region();
    }
    const struct curfew_cache_options options = {.region = region,
                                                 .prefix = "curfew:{0}",
                                                 .writer = "hop-1",
                                                 .boot = {1, 2, 3},
                                                 .longest_age_us = 3600 * CURFEW_US_PER_S};
    struct curfew_cache_redis redis = {.target = {.address = (char *)(uintptr_t) "made up"}, .words_max = 4};
    redis.words = calloc(redis.words_max, sizeof *redis.words);
    redis.sizes = calloc(redis.words_max, sizeof *redis.sizes);
    input_require(redis.words != NULL && redis.sizes != NULL, "there is memory");
    input_require(curfew_cache_create(&options, &redis.cache, NULL) == CURFEW_OK, "there is a cache");
    serve(&redis, bytes);
    curfew_cache_stats(redis.cache, &stats);
    input_require(stats.refills == 0 || said(bytes, "joined "), "only who was let in begins a refill");
    input_require(stats.floors == 0 || said(bytes, "ok"), "only what was taken counts as written");
    input_require(!stats.whole || (said(bytes, "joined ") && said(bytes, "ok")), "nothing else makes it whole");
    curfew_cache_destroy(redis.cache);
    free(redis.words);
    free(redis.sizes);
    return 0;
}
