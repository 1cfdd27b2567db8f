/* cache_redis: the cache's thread: connects to Redis (hiredis; unix socket or TCP), makes the calls the cache asks for,
 * and tries again, with a pause that grows to 1 s, when Redis is away. Never holds up the feed. */
#ifndef CURFEW_CONSUMER_CACHE_REDIS_H
#define CURFEW_CONSUMER_CACHE_REDIS_H

#include "consumer/cache.h"

struct curfew_cache_redis;

/* `address`: "unix:/path", "host:port". `password_file` (consumer/redis_target.h) may be NULL or empty. Fails for what
 * will not mend by itself; a Redis that is away does not fail it. The cache must outlive it. */
enum curfew_status curfew_cache_redis_open(const char *address, const char *password_file, struct curfew_cache *cache,
                                           struct curfew_cache_redis **redis,
                                           struct curfew_error *error) CURFEW_MUST_CHECK;
/* Wakes the thread: something was noted. Any thread. */
void curfew_cache_redis_wake(struct curfew_cache_redis *redis);
/* Connected now? */
bool curfew_cache_redis_connected(const struct curfew_cache_redis *redis);
void curfew_cache_redis_close(struct curfew_cache_redis *redis);

#endif
