/* cache: decides which script call comes next, and what an answer means.
 *
 * Why a reader may believe what it finds. A reader takes freshness F of a lane first and buckets after it, and answers
 * only where the epoch E in F and in each bucket's sentinel agree. Then every floor due before F's as_of is in its
 * bucket, because:
 * (1) Whoever wrote F under E had before, or in the same call, joined every floor it knew into the buckets under E:
 *     a writer vouches only after a refill (READY), the script refuses a call of another epoch, and freshness travels
 *     behind the floors it rests on, through ring, call and script.
 * (2) It knew every floor due before as_of: that is what a beacon proves, and the feed notes it after those floors.
 * (3) What is joined under E stays while the sentinel says E: only a new epoch writes sentinels, never twice the same
 *     one, so a bucket that was evicted or deleted has none until then, and the rest of the script only joins by max
 *     and prunes what has expired.
 * (4) Redis may go back to an older state (restored dump, failover). Calls are atomic, so that state is one where
 *     (1)-(3) held, with an older F. This writer's sequence in it is older too; the script refuses, and the writer
 *     joins and refills before it vouches again. Other writers' floors are theirs to notice, by their own sequence.
 *
 * The refill loses nothing: a floor is raised in the deny set before it is noted here. So whatever was popped from the
 * ring, or dropped by it, before the scan began is found by the scan; what is noted later comes through the ring. */
#include "consumer/cache.h"
#include "consumer/cache_arguments.h"
#include "consumer/cache_ring.h"
#include "consumer/cache_scan.h"
#include "core/digest.h"
#include "core/id.h"
#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SWEEP 64 /* sentinels a call looks at, besides those of its floors: all are seen in 64 calls */
#define HEAD_ARGUMENTS 16 /* arguments before the floors, at most */
#define NAME_BYTES (4 * CURFEW_ID_MAX) /* of prefix and writer, as often as a call names them */
#define NUMBER_BYTES 20 /* of a decimal number */
#define EPOCH_SIZE 64 /* boot in hex, dot, number, NUL; a longer one is not ours */
#define PAUSE_FIRST_US (10 * CURFEW_US_PER_MS) /* between refills that fail */
#define PAUSE_LAST_US CURFEW_US_PER_S

#define ARGUMENTS_MAX (HEAD_ARGUMENTS + 3 * CURFEW_CACHE_BATCH + 4 * CURFEW_LANES_MAX)
#define FLOOR_BYTES (2 * CURFEW_DIGEST_SIZE + 2 * NUMBER_BYTES)
#define FRESH_BYTES (2 * CURFEW_LOG_ID_SIZE + 6 * NUMBER_BYTES)
#define BYTES_MAX                                                                                                      \
    (NAME_BYTES + HEAD_ARGUMENTS * EPOCH_SIZE + CURFEW_CACHE_BATCH * FLOOR_BYTES + CURFEW_LANES_MAX * FRESH_BYTES)

enum state {
    STATE_JOIN, /* not under any epoch: begin or adopt one */
    STATE_REFILL, /* under an epoch; not every floor is there */
    STATE_READY, /* every floor noted and written: may vouch */
};

struct lane {
    bool pending; /* `fresh` waits to be written */
    bool sent; /* `fresh` is in the call under way */
    bool known; /* not lost since `fresh` was noted */
    struct curfew_cache_fresh fresh; /* the newest noted */
};

struct curfew_cache {
    const struct curfew_region *region;
    char *prefix;
    char *writer;
    char boot[2 * 16 + 1];
    int64_t longest_age_us;
    struct curfew_cache_ring *ring;
    struct curfew_cache_scan *scan;
    struct curfew_cache_arguments *arguments;

    enum state state;
    uint64_t sequence; /* of the newest call; each call has its own */
    uint64_t answered; /* of the newest call that was done, as far as is known */
    char epoch[EPOCH_SIZE];
    bool epoch_void; /* a bucket of `epoch` is lost: nobody may vouch under it any more */
    uint64_t covered; /* of the notes the ring dropped, those the scan makes good */
    bool under_way; /* a call was handed out and not answered */
    bool again; /* its connection broke: hand out the same */
    unsigned sweep; /* next bucket to look at */
    unsigned prune; /* next bucket to prune */
    int64_t pause_us; /* before the next join */
    int64_t not_before_us; /* boot clock */

    struct lane lanes[CURFEW_LANES_MAX];
    struct curfew_cache_floor batch[CURFEW_CACHE_BATCH];
    size_t batched;

    /* For curfew_cache_stats, which any thread may call; they order nothing: relaxed. */
    _Atomic int64_t calls, refused, refills, floors;
    _Atomic bool whole;
};

static bool options_valid(const struct curfew_cache_options *options, struct curfew_error *error)
{
    if (!curfew_id_valid(curfew_slice_of(options->prefix)) || strpbrk(options->prefix, " \"'\\*?[") != NULL) {
        curfew_error_set(error, CURFEW_INVALID,
                         "opening the cache: cache.prefix is empty, longer than %d bytes, or holds a blank, a quote or "
                         "one of * ? [ \\; write something like curfew:{0}",
                         CURFEW_ID_MAX);
        return false;
    }
    if (!curfew_id_valid(curfew_slice_of(options->writer))) {
        curfew_error_set(error, CURFEW_INVALID, "opening the cache: hop.id is empty, longer than %d bytes or not UTF-8",
                         CURFEW_ID_MAX);
        return false;
    }
    if (options->longest_age_us <= 0) {
        curfew_error_set(error, CURFEW_INVALID, "opening the cache: the longest age served must be above 0");
        return false;
    }
    return true;
}

enum curfew_status curfew_cache_create(const struct curfew_cache_options *options, struct curfew_cache **made,
                                       struct curfew_error *error)
{
    *made = NULL;
    if (!options_valid(options, error)) {
        return CURFEW_INVALID;
    }
    struct curfew_cache *cache = calloc(1, sizeof(*cache));
    if (cache != NULL) {
        cache->region = options->region;
        cache->longest_age_us = options->longest_age_us;
        cache->prefix = strdup(options->prefix);
        cache->writer = strdup(options->writer);
        curfew_hex(options->boot, sizeof(options->boot), cache->boot);
        cache->ring = curfew_cache_ring_create(CURFEW_CACHE_RING);
        cache->scan = curfew_cache_scan_create(options->region, CURFEW_CACHE_SCAN_FLOORS);
        cache->arguments = curfew_cache_arguments_create(ARGUMENTS_MAX, BYTES_MAX);
    }
    if (cache == NULL || cache->prefix == NULL || cache->writer == NULL || cache->ring == NULL || cache->scan == NULL ||
        cache->arguments == NULL) {
        curfew_cache_destroy(cache);
        return curfew_error_set(error, CURFEW_NOMEM, "opening the cache: no memory for a ring of %d notes",
                                CURFEW_CACHE_RING);
    }
    *made = cache;
    return CURFEW_OK;
}

void curfew_cache_destroy(struct curfew_cache *cache)
{
    if (cache != NULL) {
        free(cache->prefix);
        free(cache->writer);
        curfew_cache_ring_destroy(cache->ring);
        curfew_cache_scan_destroy(cache->scan);
        curfew_cache_arguments_destroy(cache->arguments);
        free(cache);
    }
}

void curfew_cache_note_floor(struct curfew_cache *cache, int32_t lane, const struct curfew_floor *floor)
{
    assert(lane >= 0 && lane < CURFEW_LANES_MAX);
    if (floor->floor <= 0) {
        return; /* no value a token presents is below it */
    }
    struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_FLOOR, .lane = lane};
    memcpy(note.as.floor.subject, floor->subject, sizeof(note.as.floor.subject));
    note.as.floor.floor = floor->floor;
    note.as.floor.expires_us = floor->expires_us;
    curfew_cache_ring_put(cache->ring, &note);
}

void curfew_cache_note_fresh(struct curfew_cache *cache, int32_t lane, const struct curfew_beacon *beacon)
{
    assert(lane >= 0 && lane < CURFEW_LANES_MAX);
    struct curfew_cache_note note = {.kind = CURFEW_CACHE_NOTE_FRESH, .lane = lane};
    memcpy(note.as.fresh.log_id, beacon->log_id, sizeof(note.as.fresh.log_id));
    note.as.fresh.as_of_us = beacon->as_of_us;
    note.as.fresh.genesis_us = beacon->genesis_us;
    note.as.fresh.skew_us = beacon->skew_ms * CURFEW_US_PER_MS;
    curfew_cache_ring_put(cache->ring, &note);
}

void curfew_cache_note_lost(struct curfew_cache *cache, int32_t lane)
{
    assert(lane >= 0 && lane < CURFEW_LANES_MAX);
    curfew_cache_ring_put(cache->ring, &(struct curfew_cache_note){.kind = CURFEW_CACHE_NOTE_LOST, .lane = lane});
}

static void refill_begin(struct curfew_cache *cache)
{
    /* The count first, then the scan: whatever the count covers is in the deny set by now. */
    cache->covered = curfew_cache_ring_dropped(cache->ring);
    curfew_cache_scan_begin(cache->scan);
    cache->state = STATE_REFILL;
    atomic_store_explicit(&cache->whole, false, memory_order_relaxed);
    atomic_fetch_add_explicit(&cache->refills, 1, memory_order_relaxed);
}

/* Takes notes until the batch holds `limit` floors. */
static void take_notes(struct curfew_cache *cache, size_t limit)
{
    struct curfew_cache_note note;
    while (cache->batched < limit && curfew_cache_ring_take(cache->ring, &note)) {
        struct lane *lane = &cache->lanes[note.lane];
        switch (note.kind) {
        case CURFEW_CACHE_NOTE_FLOOR:
            cache->batch[cache->batched++] = note.as.floor;
            break;
        case CURFEW_CACHE_NOTE_FRESH:
            *lane = (struct lane){.pending = true, .known = true, .fresh = note.as.fresh};
            break;
        case CURFEW_CACHE_NOTE_LOST:
            *lane = (struct lane){.pending = false};
            break;
        }
    }
}

/* Chooses the freshness that the call may carry: all its floors are written, or in the same call. */
static bool choose_fresh(struct curfew_cache *cache, struct curfew_now now)
{
    bool any = false;
    for (int lane = 0; lane < CURFEW_LANES_MAX; lane++) {
        struct lane *of = &cache->lanes[lane];
        /* Readers take an as_of so far ahead for a broken clock, and what is older would no longer replace it. */
        bool ahead = of->pending && of->fresh.as_of_us - now.wall_us > 2 * of->fresh.skew_us;
        of->sent = of->pending && !ahead && of->fresh.dropped <= cache->covered;
        any = any || of->sent;
    }
    return any;
}

/* What expired before it may go: no reader, however old the freshness it goes by, takes a token for valid that a pruned
 * floor could concern, since it judges expiry by max(its clock, that as_of). Our own clock can only make it less. */
static int64_t prune_limit(const struct curfew_cache *cache, struct curfew_now now)
{
    int64_t oldest = INT64_MAX;
    for (int lane = 0; lane < CURFEW_LANES_MAX; lane++) {
        const struct lane *of = &cache->lanes[lane];
        if (of->known && of->fresh.as_of_us < oldest) {
            oldest = of->fresh.as_of_us;
        }
    }
    if (oldest == INT64_MAX) {
        return 0;
    }
    return (oldest < now.wall_us ? oldest : now.wall_us) - cache->longest_age_us;
}

static void add_sequence(struct curfew_cache *cache, uint64_t sequence)
{
    curfew_cache_arguments_add(cache->arguments, "%s %" PRIu64, cache->boot, sequence);
}

static void add_head(struct curfew_cache *cache, const char *what)
{
    curfew_cache_arguments_clear(cache->arguments);
    curfew_cache_arguments_add(cache->arguments, "1");
    curfew_cache_arguments_add(cache->arguments, "%s:meta", cache->prefix);
    curfew_cache_arguments_add(cache->arguments, "%s", what);
    curfew_cache_arguments_add(cache->arguments, "%s", cache->prefix);
    curfew_cache_arguments_add(cache->arguments, "%s", cache->writer);
    add_sequence(cache, ++cache->sequence);
}

static void add_join(struct curfew_cache *cache)
{
    add_head(cache, "join");
    curfew_cache_arguments_add(cache->arguments, "%s", cache->epoch_void ? cache->epoch : "");
    /* Boot and sequence: no other call, of this writer or another, ever offers the same epoch. */
    curfew_cache_arguments_add(cache->arguments, "%s.%" PRIu64, cache->boot, cache->sequence);
}

static void add_write(struct curfew_cache *cache, struct curfew_now now)
{
    struct curfew_cache_arguments *arguments = cache->arguments;
    add_head(cache, "write");
    add_sequence(cache, cache->answered);
    curfew_cache_arguments_add(arguments, "%s", cache->epoch);
    curfew_cache_arguments_add_number(arguments, cache->sweep);
    curfew_cache_arguments_add_number(arguments, SWEEP);
    curfew_cache_arguments_add_number(arguments, cache->prune);
    curfew_cache_arguments_add_number(arguments, prune_limit(cache, now));
    curfew_cache_arguments_add_number(arguments, (int64_t)cache->batched);
    for (size_t i = 0; i < cache->batched; i++) {
        curfew_cache_arguments_add_hex(arguments, cache->batch[i].subject, sizeof(cache->batch[i].subject));
        curfew_cache_arguments_add_number(arguments, cache->batch[i].floor);
        curfew_cache_arguments_add_number(arguments, cache->batch[i].expires_us);
    }
    for (int lane = 0; lane < CURFEW_LANES_MAX; lane++) {
        const struct curfew_cache_fresh *fresh = &cache->lanes[lane].fresh;
        if (cache->lanes[lane].sent) {
            char log_id[2 * CURFEW_LOG_ID_SIZE + 1];
            curfew_hex(fresh->log_id, sizeof(fresh->log_id), log_id);
            curfew_cache_arguments_add_number(arguments, lane);
            curfew_cache_arguments_add_number(arguments, fresh->as_of_us);
            curfew_cache_arguments_add(arguments, "%s %" PRId64 " %" PRId64, log_id, fresh->genesis_us, fresh->skew_us);
            curfew_cache_arguments_add_number(arguments, (fresh->as_of_us + cache->longest_age_us) / CURFEW_US_PER_MS);
        }
    }
}

/* Gathers what is to be written next. False: nothing. */
static bool gather(struct curfew_cache *cache, struct curfew_now now)
{
    if (cache->state == STATE_READY && curfew_cache_ring_dropped(cache->ring) > cache->covered) {
        refill_begin(cache);
    }
    bool refilling = cache->state == STATE_REFILL;
    cache->batched = 0;
    /* Half the call is the refill's, so that it ends however many new floors come in. */
    take_notes(cache, refilling ? CURFEW_CACHE_BATCH / 2 : CURFEW_CACHE_BATCH);
    while (refilling && cache->batched < CURFEW_CACHE_BATCH &&
           curfew_cache_scan_take(cache->scan, &cache->batch[cache->batched])) {
        cache->batched++;
    }
    bool last = refilling && curfew_cache_scan_done(cache->scan);
    bool vouch = (!refilling || last) && choose_fresh(cache, now);
    for (int lane = 0; !vouch && lane < CURFEW_LANES_MAX; lane++) {
        cache->lanes[lane].sent = false;
    }
    return cache->batched != 0 || vouch || last;
}

bool curfew_cache_next(struct curfew_cache *cache, struct curfew_now now, struct curfew_cache_call *call)
{
    assert(!cache->under_way);
    if (!cache->again) {
        if (cache->state == STATE_JOIN) {
            if (cache->not_before_us == 0) {
                cache->not_before_us = now.boot_us + cache->pause_us;
            }
            if (now.boot_us < cache->not_before_us) {
                return false;
            }
            add_join(cache);
        } else if (gather(cache, now)) {
            add_write(cache, now);
        } else {
            return false;
        }
    }
    cache->again = false;
    cache->under_way = true;
    call->arguments = curfew_cache_arguments_list(cache->arguments, &call->count);
    atomic_fetch_add_explicit(&cache->calls, 1, memory_order_relaxed);
    return true;
}

/* Back to the beginning: join, refill, and only then vouch. */
static void refuse(struct curfew_cache *cache, bool lost)
{
    bool failed_before = cache->state != STATE_READY;
    cache->pause_us = !failed_before ? 0 : cache->pause_us == 0 ? PAUSE_FIRST_US : 2 * cache->pause_us;
    cache->pause_us = cache->pause_us < PAUSE_LAST_US ? cache->pause_us : PAUSE_LAST_US;
    cache->not_before_us = 0;
    cache->state = STATE_JOIN;
    cache->epoch_void = lost;
    atomic_store_explicit(&cache->whole, false, memory_order_relaxed);
    atomic_fetch_add_explicit(&cache->refused, 1, memory_order_relaxed);
}

static void joined(struct curfew_cache *cache, struct curfew_slice epoch)
{
    memcpy(cache->epoch, epoch.at, epoch.size);
    cache->epoch[epoch.size] = '\0';
    cache->epoch_void = false;
    refill_begin(cache);
}

static void written(struct curfew_cache *cache)
{
    cache->sweep = (cache->sweep + SWEEP) % CURFEW_CACHE_BUCKETS;
    cache->prune = (cache->prune + 1) % CURFEW_CACHE_BUCKETS;
    atomic_fetch_add_explicit(&cache->floors, (int64_t)cache->batched, memory_order_relaxed);
    for (int lane = 0; lane < CURFEW_LANES_MAX; lane++) {
        if (cache->lanes[lane].sent) {
            cache->lanes[lane].pending = false;
        }
    }
    if (cache->state == STATE_REFILL && curfew_cache_scan_done(cache->scan)) {
        cache->state = STATE_READY;
        cache->pause_us = 0;
    }
    atomic_store_explicit(&cache->whole, cache->state == STATE_READY, memory_order_relaxed);
}

void curfew_cache_reply(struct curfew_cache *cache, struct curfew_slice word)
{
    assert(cache->under_way);
    cache->under_way = false;
    struct curfew_slice join = curfew_slice_of("joined ");
    struct curfew_slice epoch = {NULL, 0};
    if (word.size > join.size && memcmp(word.at, join.at, join.size) == 0) {
        epoch = (struct curfew_slice){word.at + join.size, word.size - join.size};
    }
    if (cache->state == STATE_JOIN && epoch.size > 0 && epoch.size < EPOCH_SIZE) {
        cache->answered = cache->sequence;
        joined(cache, epoch);
    } else if (cache->state != STATE_JOIN && curfew_slice_equal(word, curfew_slice_of("ok"))) {
        cache->answered = cache->sequence;
        written(cache);
    } else {
        refuse(cache, curfew_slice_equal(word, curfew_slice_of("lost")));
    }
}

void curfew_cache_disconnected(struct curfew_cache *cache)
{
    /* The same call again: done twice it changes nothing, and its sequence says whether Redis is where it was. A join
     * is made anew instead: an epoch is offered once. */
    cache->again = cache->again || (cache->under_way && cache->state != STATE_JOIN);
    cache->under_way = false;
    atomic_store_explicit(&cache->whole, false, memory_order_relaxed);
}

void curfew_cache_stats(const struct curfew_cache *cache, struct curfew_cache_stats *stats)
{
    stats->calls = atomic_load_explicit(&cache->calls, memory_order_relaxed);
    stats->refused = atomic_load_explicit(&cache->refused, memory_order_relaxed);
    stats->refills = atomic_load_explicit(&cache->refills, memory_order_relaxed);
    stats->floors = atomic_load_explicit(&cache->floors, memory_order_relaxed);
    stats->whole = atomic_load_explicit(&cache->whole, memory_order_relaxed);
}
