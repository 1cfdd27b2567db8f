/* freshness: one sequence-locked slot a lane; the age is made by whoever asks, when it asks. */
#include "consumer/freshness.h"
#include "consumer/region_layout.h"
#include <sched.h>
#include <string.h>

#define READ_TRIES_MAX 10000 /* a writer that died in mid-write must not hang the readers of its memory */
#define READ_SPINS 100 /* then the writer is no longer on a processor, most likely, and is given one */

enum word { WORD_STATE, WORD_LOG, WORD_LOG_2, WORD_AS_OF, WORD_OFFSET, WORD_GENESIS, WORD_SKEW, WORD_WALL, WORD_BOOT };
_Static_assert(WORD_BOOT + 1 == CURFEW_REGION_MARK_WORDS, "the layout has one word for each");
_Static_assert(CURFEW_LOG_ID_SIZE == 2 * sizeof(uint64_t), "a log id is two words");

const char *curfew_fresh_name(enum curfew_fresh fresh)
{
    switch (fresh) {
    case CURFEW_FRESH:
        return "fresh";
    case CURFEW_FRESH_UNSYNCED:
        return "unsynced";
    case CURFEW_FRESH_UNPROVEN:
        return "unproven";
    case CURFEW_FRESH_CLOCK:
        return "clock";
    case CURFEW_FRESH_FULL:
        return "full";
    case CURFEW_FRESH_LOG:
        return "log";
    case CURFEW_FRESH_UNREADABLE:
        return "unreadable";
    case CURFEW_FRESH_FORGED:
        return "signature";
    case CURFEW_FRESH_KEY:
        return "key";
    }
    return "unknown";
}

/* Arithmetic on times that came from outside: pinned at the ends instead of overflowing. */
static int64_t add(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : INT64_MAX) : sum;
}

static int64_t subtract(int64_t a, int64_t b)
{
    int64_t difference;
    return __builtin_sub_overflow(a, b, &difference) ? (a < 0 ? INT64_MIN : INT64_MAX) : difference;
}

/* as_of further ahead of the clock it arrived by than two skews: one of the two clocks is wrong. A negative skew is
 * nobody's setting and excuses nothing. */
static bool ahead(const struct curfew_freshness_mark *mark)
{
    return mark->skew_us < 0 || subtract(mark->as_of_us, mark->arrived.wall_us) > add(mark->skew_us, mark->skew_us);
}

static bool lane_known(int32_t lane)
{
    return lane >= 0 && lane < CURFEW_LANES_MAX;
}

static void pack(enum curfew_fresh state, const struct curfew_freshness_mark *mark,
                 uint64_t words[CURFEW_REGION_MARK_WORDS])
{
    words[WORD_STATE] = (uint64_t)state;
    memcpy(&words[WORD_LOG], mark->log_id, CURFEW_LOG_ID_SIZE);
    words[WORD_AS_OF] = (uint64_t)mark->as_of_us;
    words[WORD_OFFSET] = (uint64_t)mark->offset;
    words[WORD_GENESIS] = (uint64_t)mark->genesis_us;
    words[WORD_SKEW] = (uint64_t)mark->skew_us;
    words[WORD_WALL] = (uint64_t)mark->arrived.wall_us;
    words[WORD_BOOT] = (uint64_t)mark->arrived.boot_us;
}

static enum curfew_fresh unpack(const uint64_t words[CURFEW_REGION_MARK_WORDS], struct curfew_freshness_mark *mark)
{
    memcpy(mark->log_id, &words[WORD_LOG], CURFEW_LOG_ID_SIZE);
    mark->as_of_us = (int64_t)words[WORD_AS_OF];
    mark->offset = (int64_t)words[WORD_OFFSET];
    mark->genesis_us = (int64_t)words[WORD_GENESIS];
    mark->skew_us = (int64_t)words[WORD_SKEW];
    mark->arrived.wall_us = (int64_t)words[WORD_WALL];
    mark->arrived.boot_us = (int64_t)words[WORD_BOOT];
    return (enum curfew_fresh)words[WORD_STATE];
}

/* One consistent look at a slot. False: never written, or no quiet moment was found. */
static bool look(const struct curfew_region *region, int32_t lane, uint64_t words[CURFEW_REGION_MARK_WORDS])
{
    struct curfew_region_lane *slot = curfew_region_lane(region, lane);
    for (int i = 0; i < READ_TRIES_MAX; i++) {
        /* acquire: what was written before this sequence became even is seen */
        uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);
        if (sequence == 0) {
            return false;
        }
        if ((sequence & 1) != 0) {
            if (i >= READ_SPINS) {
                (void)sched_yield();
            }
            continue;
        }
        for (int w = 0; w < CURFEW_REGION_MARK_WORDS; w++) {
            /* acquire: a word of a later write brings that write's odd sequence with it, and the check below fails */
            words[w] = atomic_load_explicit(&slot->words[w], memory_order_acquire);
        }
        /* relaxed: the acquires above keep it behind them */
        if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) == sequence) {
            return true;
        }
    }
    return false;
}

static void put(struct curfew_region *region, int32_t lane, const uint64_t words[CURFEW_REGION_MARK_WORDS])
{
    struct curfew_region_lane *slot = curfew_region_lane(region, lane);
    uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed); /* one writer: its own */
    atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_relaxed);
    for (int w = 0; w < CURFEW_REGION_MARK_WORDS; w++) {
        /* release: none is seen by a reader that cannot also see the odd sequence */
        atomic_store_explicit(&slot->words[w], words[w], memory_order_release);
    }
    /* release: who sees it even sees all the words */
    atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
}

void curfew_freshness_store(struct curfew_region *region, int32_t lane, const struct curfew_freshness_mark *mark)
{
    if (!lane_known(lane)) {
        return;
    }
    uint64_t words[CURFEW_REGION_MARK_WORDS];
    struct curfew_freshness_mark stored;
    /* as_of never goes back, also over a void. One that was ahead of its time proved nothing and holds nobody up. */
    if (look(region, lane, words)) {
        (void)unpack(words, &stored);
        if (memcmp(stored.log_id, mark->log_id, sizeof(stored.log_id)) == 0 && !ahead(&stored) &&
            mark->as_of_us < stored.as_of_us) {
            return;
        }
    }
    pack(CURFEW_FRESH, mark, words);
    put(region, lane, words);
    /* relaxed: one number; readers need nothing else to be seen with it */
    if (!ahead(mark) && mark->as_of_us > atomic_load_explicit(&region->newest_us, memory_order_relaxed)) {
        atomic_store_explicit(&region->newest_us, mark->as_of_us, memory_order_relaxed);
    }
}

void curfew_freshness_void(struct curfew_region *region, int32_t lane, enum curfew_fresh why)
{
    if (!lane_known(lane)) {
        return;
    }
    uint64_t words[CURFEW_REGION_MARK_WORDS] = {0};
    (void)look(region, lane, words); /* what is not there yet stays zeros */
    words[WORD_STATE] = (uint64_t)(why == CURFEW_FRESH ? CURFEW_FRESH_UNSYNCED : why); /* voiding never vouches */
    put(region, lane, words);
}

void curfew_freshness_lanes_set(struct curfew_region *region, int32_t lanes)
{
    atomic_store_explicit(&region->lanes, lanes, memory_order_relaxed); /* one number, as above */
}

int32_t curfew_freshness_lanes(const struct curfew_region *region)
{
    return atomic_load_explicit(&region->lanes, memory_order_relaxed);
}

enum curfew_fresh curfew_freshness_read(const struct curfew_region *region, int32_t lane, struct curfew_now now,
                                        int64_t *age_us, struct curfew_freshness_mark *mark)
{
    *age_us = -1;
    memset(mark, 0, sizeof(*mark));
    uint64_t words[CURFEW_REGION_MARK_WORDS];
    if (!lane_known(lane) || !look(region, lane, words)) {
        return CURFEW_FRESH_UNSYNCED;
    }
    enum curfew_fresh state = unpack(words, mark);
    if (state != CURFEW_FRESH) {
        return state;
    }
    int64_t waited = subtract(now.boot_us, mark->arrived.boot_us);
    int64_t moved = subtract(subtract(now.wall_us, mark->arrived.wall_us), waited);
    if (ahead(mark) || moved > mark->skew_us || moved < -mark->skew_us) {
        return CURFEW_FRESH_CLOCK;
    }
    /* The caller may have read its clock just before the beacon arrived. */
    int64_t since = waited > 0 ? waited : 0;
    int64_t behind = subtract(mark->arrived.wall_us, mark->as_of_us);
    int64_t age = add(add(since, behind > 0 ? behind : 0), add(mark->skew_us, mark->skew_us));
    *age_us = age;
    return CURFEW_FRESH;
}

int64_t curfew_freshness_newest(const struct curfew_region *region)
{
    return atomic_load_explicit(&region->newest_us, memory_order_relaxed); /* one number, as above */
}
