/* cache_redis: the thread that makes the cache's calls, over hiredis. */
#include "consumer/cache_redis.h"
#include "consumer/redis_target.h"
#include "core/clock.h"
#include "core/log.h"
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CONNECT_S 1 /* the longest a connection may take */
#define COMMAND_S 1 /* the longest a reply may take */
#define PAUSE_FIRST_US (10 * CURFEW_US_PER_MS) /* between attempts to reach Redis, doubled each time */
#define PAUSE_LAST_US CURFEW_US_PER_S
#define GATHER_US 3000 /* after a wake, what comes meanwhile goes in the same call: requests are answered first */
#define IDLE_MS 100 /* how often an unwoken thread asks the cache: it may be waiting for time to pass */
#define WORDS_BEFORE 2 /* EVALSHA and the digest, before the cache's arguments */

struct curfew_cache_redis {
    struct curfew_cache *cache;
    struct curfew_redis_target target;
    int wake;
    pthread_t thread;
    bool started;
    _Atomic bool closing;
    _Atomic bool connected;

    /* The thread's own. */
    redisContext *context;
    char digest[41]; /* of the script, as this connection's server told it */
    const char **words;
    size_t *sizes;
    size_t words_max;
    int64_t pause_us;
    int64_t retry_at_us; /* boot clock */
    bool said; /* the present trouble was logged */
};

/* Ends the connection and sets when to try again. `why` is logged once until Redis answers again. */
static void give_up(struct curfew_cache_redis *redis, const char *doing, const char *why)
{
    if (!redis->said) {
        curfew_log(CURFEW_LOG_WARNING, "cache",
                   "%s at %s: %s; who reads the cache is denied until it is whole again; trying on", doing,
                   redis->target.address, why);
        redis->said = true;
    }
    redisFree(redis->context); /* after any error a context is of no more use */
    redis->context = NULL;
    atomic_store_explicit(&redis->connected, false, memory_order_relaxed); /* a gauge: orders nothing */
    redis->pause_us = redis->pause_us == 0 ? PAUSE_FIRST_US : 2 * redis->pause_us;
    redis->pause_us = redis->pause_us < PAUSE_LAST_US ? redis->pause_us : PAUSE_LAST_US;
    redis->retry_at_us = curfew_clock_now().boot_us + redis->pause_us;
    curfew_cache_disconnected(redis->cache);
}

/* Sends one command and waits. NULL: the connection was given up. An error reply is returned as it is. */
static redisReply *command(struct curfew_cache_redis *redis, const char *doing, size_t count)
{
    redisReply *reply = redisCommandArgv(redis->context, (int)count, redis->words, redis->sizes);
    if (reply == NULL) {
        give_up(redis, doing, redis->context->errstr);
    }
    return reply;
}

static void set_word(struct curfew_cache_redis *redis, size_t index, const char *word)
{
    redis->words[index] = word;
    redis->sizes[index] = strlen(word);
}

/* True: the reply is not an error. Frees it either way, unless `kept` takes it. */
static bool succeeded(struct curfew_cache_redis *redis, const char *doing, redisReply *reply, redisReply **kept)
{
    if (reply == NULL) {
        return false;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        give_up(redis, doing, reply->str);
        freeReplyObject(reply);
        return false;
    }
    if (kept != NULL) {
        *kept = reply;
    } else {
        freeReplyObject(reply);
    }
    return true;
}

/* The password file is read at each connection, so that a new password needs no restart. */
static bool authenticate(struct curfew_cache_redis *redis)
{
    static const char doing[] = "logging in to Redis";
    struct curfew_redis_login login;
    struct curfew_error error = {.status = CURFEW_OK};
    if (curfew_redis_login_read(&redis->target, &login, &error) != CURFEW_OK) {
        give_up(redis, doing, error.text);
        return false;
    }
    if (login.password == NULL) {
        return true;
    }
    size_t count = 0;
    set_word(redis, count++, "AUTH");
    if (login.user != NULL) {
        set_word(redis, count++, login.user);
    }
    set_word(redis, count++, login.password);
    bool good = succeeded(redis, doing, command(redis, doing, count), NULL);
    explicit_bzero(&login, sizeof(login));
    return good;
}

static bool load_script(struct curfew_cache_redis *redis)
{
    static const char doing[] = "loading the cache's script into Redis";
    set_word(redis, 0, "SCRIPT");
    set_word(redis, 1, "LOAD");
    set_word(redis, 2, curfew_cache_script);
    redisReply *reply = NULL;
    if (!succeeded(redis, doing, command(redis, doing, 3), &reply)) {
        return false;
    }
    bool good = reply->type == REDIS_REPLY_STRING && reply->len + 1 == sizeof(redis->digest);
    if (good) {
        memcpy(redis->digest, reply->str, sizeof(redis->digest));
    } else {
        give_up(redis, doing, "it did not answer with a SHA-1 digest; is this Redis?");
    }
    freeReplyObject(reply);
    return good;
}

static void connect_now(struct curfew_cache_redis *redis)
{
    const struct timeval patience = {.tv_sec = CONNECT_S};
    redis->context = redis->target.port == 0
                         ? redisConnectUnixWithTimeout(redis->target.host, patience)
                         : redisConnectWithTimeout(redis->target.host, redis->target.port, patience);
    if (redis->context == NULL || redis->context->err != 0) {
        give_up(redis, "connecting to Redis", redis->context == NULL ? "no memory" : redis->context->errstr);
        return;
    }
    const struct timeval wait = {.tv_sec = COMMAND_S};
    if (redisSetTimeout(redis->context, wait) != REDIS_OK) {
        give_up(redis, "connecting to Redis", redis->context->errstr);
        return;
    }
    if (authenticate(redis) && load_script(redis)) {
        atomic_store_explicit(&redis->connected, true, memory_order_relaxed);
    }
}

static bool make_words(struct curfew_cache_redis *redis, const struct curfew_cache_call *call)
{
    size_t count = call->count + WORDS_BEFORE;
    if (count > redis->words_max) {
        const char **words = realloc(redis->words, count * sizeof(*words));
        redis->words = words == NULL ? redis->words : words;
        size_t *sizes = realloc(redis->sizes, count * sizeof(*sizes));
        redis->sizes = sizes == NULL ? redis->sizes : sizes;
        if (words == NULL || sizes == NULL) {
            return false;
        }
        redis->words_max = count;
    }
    set_word(redis, 0, "EVALSHA");
    set_word(redis, 1, redis->digest);
    for (size_t i = 0; i < call->count; i++) {
        redis->words[WORDS_BEFORE + i] = (const char *)call->arguments[i].at;
        redis->sizes[WORDS_BEFORE + i] = call->arguments[i].size;
    }
    return true;
}

/* Makes one call of the cache and hands it the answer. */
static void make_call(struct curfew_cache_redis *redis, const struct curfew_cache_call *call)
{
    static const char doing[] = "writing the cache to Redis";
    if (!make_words(redis, call)) {
        give_up(redis, doing, "no memory");
        return;
    }
    size_t count = call->count + WORDS_BEFORE;
    redisReply *reply = command(redis, doing, count);
    if (reply != NULL && reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "NOSCRIPT", 8) == 0) {
        freeReplyObject(reply); /* somebody emptied the script cache; this fills it again */
        set_word(redis, 0, "EVAL");
        set_word(redis, 1, curfew_cache_script);
        reply = command(redis, doing, count);
    }
    redisReply *answer = NULL;
    if (!succeeded(redis, doing, reply, &answer)) {
        return;
    }
    struct curfew_slice word = {NULL, 0};
    if (answer->type == REDIS_REPLY_STRING) {
        word = (struct curfew_slice){(const uint8_t *)answer->str, answer->len};
    }
    struct curfew_cache_stats before, after;
    curfew_cache_stats(redis->cache, &before);
    curfew_cache_reply(redis->cache, word);
    curfew_cache_stats(redis->cache, &after);
    if (after.refused != before.refused) {
        curfew_log(CURFEW_LOG_WARNING, "cache",
                   "Redis at %s is not as this hop left it (%.*s); writing everything anew", redis->target.address,
                   CURFEW_SLICE_ARGS(word));
    } else if (redis->said) {
        curfew_log(CURFEW_LOG_INFO, "cache", "Redis at %s answers again", redis->target.address);
        redis->said = false;
    }
    redis->pause_us = 0;
    freeReplyObject(answer);
}

static void wait_for_wake(struct curfew_cache_redis *redis)
{
    int64_t wait_ms = IDLE_MS;
    if (redis->context == NULL) {
        wait_ms = (redis->retry_at_us - curfew_clock_now().boot_us) / CURFEW_US_PER_MS + 1;
        wait_ms = wait_ms < 0 ? 0 : wait_ms;
    }
    struct pollfd wake = {.fd = redis->wake, .events = POLLIN};
    const struct timespec gather = {.tv_nsec = GATHER_US * 1000};
    uint64_t count;
    if (poll(&wake, 1, (int)wait_ms) <= 0) {
        return;
    }
    (void)nanosleep(&gather, NULL);
    /* The count goes before the cache is asked, so that what is noted from here on wakes again. */
    if (read(redis->wake, &count, sizeof(count)) < 0 && errno != EAGAIN) {
        curfew_log(CURFEW_LOG_WARNING, "cache", "waiting for something to write: %s", strerror(errno));
    }
}

static void *run(void *argument)
{
    struct curfew_cache_redis *redis = argument;
    /* hiredis writes with write(), and a Redis that is gone must not end the process; the rest are not ours. */
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while (!atomic_load_explicit(&redis->closing, memory_order_acquire)) {
        if (redis->context == NULL && curfew_clock_now().boot_us >= redis->retry_at_us) {
            connect_now(redis);
        }
        struct curfew_cache_call call;
        while (redis->context != NULL && !atomic_load_explicit(&redis->closing, memory_order_acquire) &&
               curfew_cache_next(redis->cache, curfew_clock_now(), &call)) {
            make_call(redis, &call);
        }
        wait_for_wake(redis);
    }
    redisFree(redis->context);
    redis->context = NULL;
    atomic_store_explicit(&redis->connected, false, memory_order_relaxed);
    return NULL;
}

static enum curfew_status open_parts(struct curfew_cache_redis *redis, const char *address, const char *password_file,
                                     struct curfew_error *error)
{
    enum curfew_status status = curfew_redis_target_parse(address, password_file, &redis->target, error);
    if (status != CURFEW_OK) {
        return status;
    }
    struct curfew_redis_login login;
    status = curfew_redis_login_read(&redis->target, &login, error);
    explicit_bzero(&login, sizeof(login));
    if (status != CURFEW_OK) {
        return status; /* said now rather than in the log later */
    }
    redis->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (redis->wake < 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "opening the cache: making an eventfd: %s", strerror(errno));
    }
    int fault = pthread_create(&redis->thread, NULL, run, redis);
    if (fault != 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "opening the cache: starting its thread: %s",
                                strerror(fault));
    }
    redis->started = true;
    return CURFEW_OK;
}

enum curfew_status curfew_cache_redis_open(const char *address, const char *password_file, struct curfew_cache *cache,
                                           struct curfew_cache_redis **made, struct curfew_error *error)
{
    *made = NULL;
    struct curfew_cache_redis *redis = calloc(1, sizeof(*redis));
    if (redis == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "opening the cache: no memory");
    }
    redis->cache = cache;
    redis->wake = -1;
    redis->words_max = 4; /* enough for AUTH and SCRIPT; the first call makes room for itself */
    redis->words = calloc(redis->words_max, sizeof(*redis->words));
    redis->sizes = calloc(redis->words_max, sizeof(*redis->sizes));
    enum curfew_status status;
    if (redis->words == NULL || redis->sizes == NULL) {
        status = curfew_error_set(error, CURFEW_NOMEM, "opening the cache: no memory");
    } else {
        status = open_parts(redis, address, password_file, error);
    }
    if (status != CURFEW_OK) {
        curfew_cache_redis_close(redis);
        return status;
    }
    *made = redis;
    return CURFEW_OK;
}

void curfew_cache_redis_wake(struct curfew_cache_redis *redis)
{
    uint64_t one = 1;
    ssize_t size = write(redis->wake, &one, sizeof(one));
    (void)size; /* fails only when it is full of wakes already */
}

bool curfew_cache_redis_connected(const struct curfew_cache_redis *redis)
{
    return atomic_load_explicit(&redis->connected, memory_order_relaxed);
}

void curfew_cache_redis_close(struct curfew_cache_redis *redis)
{
    if (redis == NULL) {
        return;
    }
    if (redis->started) {
        atomic_store_explicit(&redis->closing, true, memory_order_release);
        curfew_cache_redis_wake(redis);
        pthread_join(redis->thread, NULL);
    }
    if (redis->wake >= 0) {
        close(redis->wake);
    }
    curfew_redis_target_clear(&redis->target);
    free(redis->words);
    free(redis->sizes);
    free(redis);
}
