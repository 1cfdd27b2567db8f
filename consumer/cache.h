/* cache: what Redis should hold, and when it may be believed. The logic alone: it decides which script call to make
 * next and what a reply means; consumer/cache_redis.c talks to Redis. docs/key-layout.md is the layout.
 *
 * Floors stand in a fixed number of hash buckets, each with a sentinel field that carries the epoch; each lane has a
 * freshness key that expires at as_of + the longest age served. One script writes both: it checks the epoch and this
 * writer's sequence, joins by max, and refuses when Redis was flushed, restored or failed over. Then everything is
 * written anew under the epoch found or made: sentinels, every floor of the deny set, and only then freshness.
 *
 * Threads: note_* from the feed's thread; next and reply from the cache's thread; between them one bounded ring. When
 * the ring is full the cache starts a refill: nothing is lost and the feed is never held up. */
#ifndef CURFEW_CONSUMER_CACHE_H
#define CURFEW_CONSUMER_CACHE_H

#include "consumer/region.h"
#include "core/clock.h"
#include <curfew/event.h>

#define CURFEW_CACHE_BUCKETS 4096
#define CURFEW_CACHE_RING 65536
#define CURFEW_CACHE_BATCH 1024 /* floors of one script call */

struct curfew_cache;

struct curfew_cache_options {
    const struct curfew_region *region;
    const char *prefix; /* of every key; its {hash tag} keeps them on one cluster node */
    const char *writer; /* this hop's id: names its sequence */
    uint8_t boot[16]; /* random: this start of it */
    int64_t longest_age_us; /* the greatest age any reader accepts */
};

enum curfew_status curfew_cache_create(const struct curfew_cache_options *options, struct curfew_cache **cache,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_cache_destroy(struct curfew_cache *cache);

/* From the feed, in its order; a floor after curfew_denyset_raise took it in, where a refill looks for it. */
void curfew_cache_note_floor(struct curfew_cache *cache, int32_t lane, const struct curfew_floor *floor);
void curfew_cache_note_fresh(struct curfew_cache *cache, int32_t lane, const struct curfew_beacon *beacon);
void curfew_cache_note_lost(struct curfew_cache *cache, int32_t lane);

/* A script call to make: EVALSHA of curfew_cache_script with these keys and arguments; slices live until the reply (or
 * the next call, after a disconnection). */
struct curfew_cache_call {
    const struct curfew_slice *arguments; /* numkeys, keys…, args… */
    size_t count;
};

extern const char curfew_cache_script[];

/* False: nothing to write now. Otherwise exactly one reply (or lost) must follow before the next call. */
bool curfew_cache_next(struct curfew_cache *cache, struct curfew_now now, struct curfew_cache_call *call);
/* The script's answer, one string: "ok" or "joined <epoch>"; anything else counts as refused. An error that is Redis's
 * own (loading, out of memory, read-only) is no answer: say disconnected. */
void curfew_cache_reply(struct curfew_cache *cache, struct curfew_slice word);
/* No reply: the connection broke or timed out. What was sent may or may not have been done. */
void curfew_cache_disconnected(struct curfew_cache *cache);

struct curfew_cache_stats {
    int64_t calls, refused, refills, floors; /* calls made; refused by the script; refills begun; floors written */
    bool whole; /* Redis answered last, and holds every floor but those still in the ring */
};
/* Any thread. */
void curfew_cache_stats(const struct curfew_cache *cache, struct curfew_cache_stats *stats);

#endif
