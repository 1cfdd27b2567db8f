/* feed: bus events of the revocations topic in, deny set and freshness out. Sans I/O: the runner polls the bus and
 * hands over each event with the time; the feed subscribes through the bus and reads no clock. One thread.
 *
 * A floor applies at once, linked or not: it can only deny. A beacon counts when a coordinator signed it, it is of the
 * lane's log, came after the first end of partition since start or gap, its links are all held, and as_of does not go
 * back. Signatures are judged of the newest beacon alone, and not more often than judge_every_us a lane; before that
 * nothing is learned from it, not even which log there is. A beacon that must
 * wait for links is kept (the newest one) and tried again when links arrive. A gap, an undecodable record or another
 * log voids the lane until it is whole again: after a gap it subscribes from the beginning and joins. */
#ifndef CURFEW_CONSUMER_FEED_H
#define CURFEW_CONSUMER_FEED_H

#include "consumer/freshness.h"
#include "consumer/region.h"
#include "core/bus.h"
#include "core/clock.h"
#include "core/seal.h"

#define CURFEW_FEED_JUDGE_US (500 * CURFEW_US_PER_MS) /* between two signatures that are judged, a lane */
#define CURFEW_FEED_JUDGE_BACKLOG 4096 /* of so many beacons of a backlog one is judged, and the last */

struct curfew_feed;

/* Told, in order, of everything applied: the cache writes it on. Any may be NULL. */
struct curfew_feed_sink {
    void (*floor)(void *context, int32_t lane, const struct curfew_floor *floor);
    /* every floor before as_of was passed to `floor` before this call */
    void (*fresh)(void *context, int32_t lane, const struct curfew_beacon *beacon);
    void (*lost)(void *context, int32_t lane);
    /* a beacon that no coordinator signed: CURFEW_FRESH_FORGED or _KEY; forgotten with the next `fresh` */
    void (*doubt)(void *context, int32_t lane, enum curfew_fresh why);
    void *context;
};

struct curfew_feed_options {
    struct curfew_region *region;
    struct curfew_bus *bus;
    int32_t lanes; /* partitions of the revocations topic, as the broker says: L + 1 */
    struct curfew_seal_judge judge; /* who is believed; outlives the feed */
    int64_t judge_every_us; /* CURFEW_FEED_JUDGE_US; 0: each beacon */
    int32_t judge_backlog; /* CURFEW_FEED_JUDGE_BACKLOG; 0: each beacon */
    struct curfew_feed_sink sink;
};

enum curfew_status curfew_feed_create(const struct curfew_feed_options *options, struct curfew_feed **feed,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_feed_destroy(struct curfew_feed *feed);

/* Subscribes to every lane from the beginning. */
enum curfew_status curfew_feed_start(struct curfew_feed *feed, struct curfew_error *error) CURFEW_MUST_CHECK;

/* Takes one event of the revocations topic; others are ignored. A failure means the process cannot go on (no memory).
 */
enum curfew_status curfew_feed_handle(struct curfew_feed *feed, const struct curfew_bus_event *event,
                                      struct curfew_now now, struct curfew_error *error) CURFEW_MUST_CHECK;

/* Does what is due by time alone: reads a lane again that could not be made whole. handle does the same; a runner calls
 * this when no events come. At least once a second. */
enum curfew_status curfew_feed_tick(struct curfew_feed *feed, struct curfew_now now,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
