/* feed: what the revocations topic says, lane by lane, into deny set and freshness.
 *
 * A lane is read from the beginning up to its first end of partition ("a reading"), and then followed. A reading in
 * which something could not be taken in has a flaw: the lane is void, and is read again later, until a reading is
 * whole. A link is added only when all its floors were raised, so a link held means that its floors apply. */
#include "consumer/feed.h"
#include "consumer/denyset.h"
#include "consumer/freshness.h"
#include "consumer/links.h"
#include "core/log.h"
#include "schemas/codec.h"
#include <stdlib.h>
#include <string.h>

#define FEED_REREAD_US                                                                                                 \
    (5 * CURFEW_US_PER_S) /* least time between two readings of a lane, and how long links may lack */
#define FEED_PRUNE_MARGIN_US                                                                                           \
    (60 * CURFEW_US_PER_S) /* for a check that judged expiry long before it looks at floors                            \
                            */
#define FEED_FORGED_PART 10 /* after a beacon that is not a coordinator's, the next is judged so much sooner */
#define NEVER INT64_MAX

/* The newest beacon, of which nothing is believed before it was judged. */
struct candidate {
    bool there;
    struct curfew_beacon beacon; /* its slices point into what follows */
    struct curfew_now arrived;
    uint8_t key_id[CURFEW_ID_MAX];
    uint8_t signature[CURFEW_SEAL_SIZE];
};

struct lane {
    int32_t number;
    struct curfew_links *links;
    bool log_known; /* log_id and genesis_us hold: of the newest log seen */
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t genesis_us;
    bool caught_up; /* this reading met the end of partition */
    enum curfew_fresh flaw; /* of this reading; CURFEW_FRESH: none */
    bool links_over; /* the flaw is that the links met their bound */
    bool good; /* what freshness holds vouches for the lane */
    int64_t as_of_us; /* of the newest beacon that counted, of this log */
    struct candidate candidate;
    int64_t judge_at_us; /* boot time: not before is the candidate judged */
    int32_t unjudged; /* beacons of a backlog since one was judged */
    bool waiting; /* `pending` waits for links */
    struct curfew_beacon pending;
    struct curfew_now pending_arrived;
    int64_t waiting_since_us; /* boot time: since when no beacon could be proven */
    int64_t read_at_us; /* boot time this reading began; INT64_MIN: before the first event */
    int64_t reread_at_us; /* boot time to read again; NEVER: no need */
};

struct curfew_feed {
    struct curfew_feed_options options;
    struct curfew_arena arena;
    struct lane lanes[];
};

static void lane_init(struct lane *lane, int32_t number)
{
    lane->number = number;
    lane->flaw = CURFEW_FRESH;
    lane->as_of_us = INT64_MIN;
    lane->read_at_us = INT64_MIN;
    lane->reread_at_us = NEVER;
}

enum curfew_status curfew_feed_create(const struct curfew_feed_options *options, struct curfew_feed **feed,
                                      struct curfew_error *error)
{
    *feed = NULL;
    if (options->judge.verify == NULL) {
        return curfew_error_set(error, CURFEW_INVALID, "reading revocations: nobody says whose beacons are believed");
    }
    if (options->lanes < 2 || options->lanes > CURFEW_LANES_MAX) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading revocations: the topic has %d partitions, not 2..%d; create the topics with "
                                "`curfew topics create`",
                                options->lanes, CURFEW_LANES_MAX);
    }
    enum curfew_status status = curfew_codec_init(error);
    if (status != CURFEW_OK) {
        return status;
    }
    struct curfew_feed *made = calloc(1, sizeof(*made) + (size_t)options->lanes * sizeof(made->lanes[0]));
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "reading revocations: out of memory for %d lanes", options->lanes);
    }
    made->options = *options;
    made->arena.size = CURFEW_CODEC_MEMORY;
    made->arena.memory = malloc(CURFEW_CODEC_MEMORY);
    if (made->arena.memory == NULL) {
        status = curfew_error_set(error, CURFEW_NOMEM, "reading revocations: out of memory for decoding");
    }
    for (int32_t i = 0; i < options->lanes && status == CURFEW_OK; i++) {
        lane_init(&made->lanes[i], i);
        status = curfew_links_create(&made->lanes[i].links, error);
    }
    if (status != CURFEW_OK) {
        curfew_feed_destroy(made);
        return status;
    }
    *feed = made;
    return CURFEW_OK;
}

void curfew_feed_destroy(struct curfew_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    for (int32_t i = 0; i < feed->options.lanes; i++) {
        curfew_links_destroy(feed->lanes[i].links);
    }
    free(feed->arena.memory);
    free(feed);
}

static enum curfew_status subscribe(struct curfew_feed *feed, struct lane *lane, struct curfew_error *error)
{
    struct curfew_bus *bus = feed->options.bus;
    return bus->ops->subscribe(bus->self, CURFEW_TOPIC_REVOCATIONS, lane->number, CURFEW_OFFSET_BEGIN, error);
}

enum curfew_status curfew_feed_start(struct curfew_feed *feed, struct curfew_error *error)
{
    for (int32_t i = 0; i < feed->options.lanes; i++) {
        enum curfew_status status = subscribe(feed, &feed->lanes[i], error);
        if (status != CURFEW_OK) {
            return status;
        }
        curfew_freshness_void(feed->options.region, i, CURFEW_FRESH_UNSYNCED);
    }
    return CURFEW_OK;
}

/* From here on the lane is not vouched for, until a newly good beacon. */
static void lane_void(struct curfew_feed *feed, struct lane *lane, enum curfew_fresh why)
{
    curfew_freshness_void(feed->options.region, lane->number, why);
    if (lane->good && feed->options.sink.lost != NULL) {
        feed->options.sink.lost(feed->options.sink.context, lane->number);
    }
    lane->good = false;
}

/* Plans the next reading, not sooner than the least time after the last one began. */
static void lane_reread(struct lane *lane, struct curfew_now now)
{
    int64_t soonest = lane->read_at_us == INT64_MIN ? now.boot_us : lane->read_at_us + FEED_REREAD_US;
    lane->reread_at_us = soonest > now.boot_us ? soonest : now.boot_us;
}

/* Something of this reading could not be taken in: void it, and read again some time after it has met its end. */
static void lane_flaw(struct curfew_feed *feed, struct lane *lane, enum curfew_fresh why, struct curfew_now now)
{
    lane_void(feed, lane, why);
    lane->flaw = why;
    lane->waiting = false;
    if (lane->caught_up && lane->reread_at_us == NEVER) {
        lane->reread_at_us = now.boot_us + FEED_REREAD_US;
    }
}

static void lane_begin(struct curfew_feed *feed, struct lane *lane, struct curfew_now now)
{
    if (lane->links_over) {
        curfew_links_clear(lane->links);
        lane->links_over = false;
    }
    lane->caught_up = false;
    lane->flaw = CURFEW_FRESH;
    lane->waiting = false;
    lane->candidate.there = false;
    lane->unjudged = 0;
    lane->read_at_us = now.boot_us;
    lane->reread_at_us = NEVER;
    struct curfew_error error;
    if (subscribe(feed, lane, &error) != CURFEW_OK) {
        curfew_log(CURFEW_LOG_WARNING, "feed", "lane %d: cannot be read again yet: %s", lane->number, error.text);
        lane->reread_at_us = now.boot_us + FEED_REREAD_US;
    }
}

/* Adopts a log. All that is known of another one is of no use for it: the lane is read again under its name. */
static void lane_adopt(struct curfew_feed *feed, struct lane *lane, const struct curfew_beacon *beacon,
                       struct curfew_now now)
{
    bool another = lane->log_known;
    memcpy(lane->log_id, beacon->log_id, sizeof(lane->log_id));
    lane->genesis_us = beacon->genesis_us;
    lane->log_known = true;
    lane->as_of_us = INT64_MIN;
    lane->waiting = false;
    if (another) {
        curfew_log(CURFEW_LOG_WARNING, "feed", "lane %d: the bus shows a newer log; reading it from the beginning",
                   lane->number);
        curfew_links_clear(lane->links);
        lane_void(feed, lane, CURFEW_FRESH_LOG);
        lane->flaw = CURFEW_FRESH_LOG; /* nothing of this reading counts any more */
        lane_reread(lane, now);
    }
}

/* The beacon counts: everything durable before its as_of is in the deny set. */
static void lane_vouch(struct curfew_feed *feed, struct lane *lane, const struct curfew_beacon *beacon,
                       struct curfew_now arrived)
{
    struct curfew_region *region = feed->options.region;
    struct curfew_freshness_mark mark = {
        .as_of_us = beacon->as_of_us,
        .offset = beacon->offset,
        .genesis_us = beacon->genesis_us,
        .skew_us = beacon->skew_ms * CURFEW_US_PER_MS,
        .arrived = arrived,
    };
    memcpy(mark.log_id, beacon->log_id, sizeof(mark.log_id));
    if (!lane->good) {
        curfew_log(CURFEW_LOG_INFO, "feed", "lane %d is fresh", lane->number);
    }
    curfew_freshness_store(region, lane->number, &mark);
    curfew_freshness_lanes_set(region, beacon->lanes);
    curfew_denyset_prune(region, curfew_freshness_newest(region) - FEED_PRUNE_MARGIN_US);
    lane->as_of_us = beacon->as_of_us;
    lane->good = true;
    lane->waiting = false;
    if (feed->options.sink.fresh != NULL) {
        feed->options.sink.fresh(feed->options.sink.context, lane->number, beacon);
    }
}

/* Proves the beacon or keeps it until links arrive. An older proof stays what it is, and ages; but links that do not
 * come for long may have been lost on the way here, so the lane is read again. */
static void lane_prove(struct curfew_feed *feed, struct lane *lane, const struct curfew_beacon *beacon,
                       struct curfew_now now)
{
    if (curfew_links_prove(lane->links, beacon)) {
        lane_vouch(feed, lane, beacon, now);
        return;
    }
    if (!lane->waiting) {
        lane->waiting_since_us = now.boot_us;
    }
    lane->waiting = true;
    lane->pending = *beacon;
    lane->pending.key_id = (struct curfew_slice){NULL, 0}; /* it was judged */
    lane->pending.signature = (struct curfew_slice){NULL, 0};
    lane->pending_arrived = now;
    if (!lane->good) {
        lane_void(feed, lane, CURFEW_FRESH_UNPROVEN);
    }
}

/* Which log a lane shows is learned from every beacon, the backlog's too. False: this one is not of the lane's log. */
static bool log_fits(struct curfew_feed *feed, struct lane *lane, const struct curfew_beacon *beacon,
                     struct curfew_now now)
{
    if (!lane->log_known) {
        lane_adopt(feed, lane, beacon, now);
        return true;
    }
    if (memcmp(lane->log_id, beacon->log_id, sizeof(lane->log_id)) == 0) {
        return beacon->genesis_us == lane->genesis_us;
    }
    if (beacon->genesis_us > lane->genesis_us) {
        lane_adopt(feed, lane, beacon, now);
    }
    return false;
}

/* Whether its numbers can be meant. Those that cannot are dropped: a beacon that is dropped vouches for nothing. */
static bool beacon_sane(const struct curfew_beacon *beacon)
{
    return beacon->genesis_us > 0 && beacon->as_of_us >= beacon->genesis_us && beacon->offset >= 0 &&
           beacon->skew_ms >= 0;
}

/* A coordinator said it: what it says is learned, as of when it arrived. */
static void lane_learn(struct curfew_feed *feed, struct lane *lane, const struct curfew_beacon *beacon,
                       struct curfew_now now)
{
    bool counts = lane->caught_up && lane->flaw == CURFEW_FRESH;
    if (beacon->as_of_us - now.wall_us > 2 * CURFEW_US_PER_MS * beacon->skew_ms) {
        if (counts && (!lane->log_known || beacon->genesis_us >= lane->genesis_us)) {
            lane->waiting = false;
            lane_void(feed, lane, CURFEW_FRESH_CLOCK);
        }
        return; /* a clock is wrong: nothing is learned from it */
    }
    if (!log_fits(feed, lane, beacon, now)) {
        return;
    }
    if (!counts) {
        (void)curfew_links_prove(lane->links, beacon); /* only so that what the backlog outlived is forgotten */
        return;
    }
    if (beacon->lanes != feed->options.lanes) {
        lane->waiting = false;
        lane_void(feed, lane, CURFEW_FRESH_LOG);
        return;
    }
    bool newer = beacon->as_of_us > lane->as_of_us || (beacon->as_of_us == lane->as_of_us && !lane->good);
    if (newer && (!lane->waiting || beacon->as_of_us >= lane->pending.as_of_us)) {
        lane_prove(feed, lane, beacon, now);
    }
}

/* A beacon that no coordinator said. What is held vouches for the lane as long as it is young enough; nothing new does.
 */
static void lane_doubt(struct curfew_feed *feed, struct lane *lane, enum curfew_fresh why)
{
    if (!lane->good && lane->caught_up && lane->flaw == CURFEW_FRESH) {
        lane_void(feed, lane, why);
    }
    if (feed->options.sink.doubt != NULL) {
        feed->options.sink.doubt(feed->options.sink.context, lane->number, why);
    }
}

static void lane_judge(struct curfew_feed *feed, struct lane *lane, struct curfew_now now)
{
    struct candidate *candidate = &lane->candidate;
    candidate->there = false;
    lane->unjudged = 0;
    const enum curfew_seal seal = curfew_seal_judge_beacon(&feed->options.judge, &candidate->beacon);
    if (lane->caught_up) {
        const int64_t every_us = feed->options.judge_every_us;
        lane->judge_at_us = now.boot_us + (seal == CURFEW_SEAL_GOOD ? every_us : every_us / FEED_FORGED_PART);
    }
    if (seal == CURFEW_SEAL_GOOD) {
        lane_learn(feed, lane, &candidate->beacon, candidate->arrived);
    } else {
        lane_doubt(feed, lane, seal == CURFEW_SEAL_FORGED ? CURFEW_FRESH_FORGED : CURFEW_FRESH_KEY);
    }
}

/* The newest is kept, and judged when it is time: in a backlog only now and then, since nothing there vouches. */
static void take_beacon(struct curfew_feed *feed, struct lane *lane, const struct curfew_beacon *beacon,
                        struct curfew_now now)
{
    struct candidate *candidate = &lane->candidate;
    if (beacon->lane != lane->number || !beacon_sane(beacon)) {
        curfew_log(CURFEW_LOG_WARNING, "feed", "lane %d: a beacon that cannot be meant was dropped (it names lane %d)",
                   lane->number, beacon->lane);
        return;
    }
    if (beacon->key_id.size == 0 || beacon->signature.size != CURFEW_SEAL_SIZE) {
        lane_doubt(feed, lane, CURFEW_FRESH_FORGED);
        return;
    }
    memcpy(candidate->key_id, beacon->key_id.at, beacon->key_id.size);
    memcpy(candidate->signature, beacon->signature.at, CURFEW_SEAL_SIZE);
    candidate->there = true;
    candidate->arrived = now;
    candidate->beacon = *beacon;
    candidate->beacon.key_id.at = candidate->key_id;
    candidate->beacon.signature.at = candidate->signature;
    lane->unjudged++;
    if (lane->caught_up ? now.boot_us >= lane->judge_at_us : lane->unjudged >= feed->options.judge_backlog) {
        lane_judge(feed, lane, now);
    }
}

/* Raises all floors of a record. CURFEW_FULL: at least one did not find room; the others apply. */
static enum curfew_status raise_floors(struct curfew_feed *feed, struct lane *lane, const struct curfew_floors *floors,
                                       struct curfew_error *error)
{
    enum curfew_status worst = CURFEW_OK;
    const struct curfew_floor *floor = floors->floors.items;
    for (size_t i = 0; i < floors->floors.count; i++, floor++) {
        struct curfew_subject subject;
        memcpy(subject.digest, floor->subject, sizeof(subject.digest));
        enum curfew_status status =
            curfew_denyset_raise(feed->options.region, &subject, floor->floor, floor->expires_us, error);
        if (status != CURFEW_OK) {
            worst = status;
        } else if (feed->options.sink.floor != NULL) {
            feed->options.sink.floor(feed->options.sink.context, lane->number, floor);
        }
    }
    return worst;
}

/* One line a reading, however many records have the same trouble. */
static void log_flaw(const struct lane *lane, int64_t offset, const char *what)
{
    if (lane->flaw == CURFEW_FRESH) {
        curfew_log(CURFEW_LOG_ERROR, "feed", "lane %d, offset %lld: %s; the lane is unavailable until it reads whole",
                   lane->number, (long long)offset, what);
    }
}

static enum curfew_status take_floors(struct curfew_feed *feed, struct lane *lane, const struct curfew_floors *floors,
                                      const struct curfew_bus_event *event, struct curfew_now now,
                                      struct curfew_error *error)
{
    struct curfew_error trouble = {.text = ""};
    if (raise_floors(feed, lane, floors, &trouble) != CURFEW_OK) {
        log_flaw(lane, event->offset, trouble.text);
        lane_flaw(feed, lane, CURFEW_FRESH_FULL, now);
        return CURFEW_OK;
    }
    bool ours = floors->lane == lane->number &&
                (!lane->log_known || memcmp(lane->log_id, floors->log_id, sizeof(lane->log_id)) == 0);
    if (!ours || lane->links_over) {
        return CURFEW_OK;
    }
    enum curfew_status status = curfew_links_add(lane->links, floors, &trouble);
    if (status == CURFEW_NOMEM) {
        *error = trouble;
        return status;
    }
    if (status == CURFEW_FULL) {
        log_flaw(lane, event->offset, trouble.text);
        lane_flaw(feed, lane, CURFEW_FRESH_UNPROVEN, now);
        lane->links_over = true;
    } else if (status != CURFEW_OK) {
        curfew_log(CURFEW_LOG_WARNING, "feed", "lane %d, offset %lld: %s", lane->number, (long long)event->offset,
                   trouble.text);
    } else if (lane->waiting && curfew_links_prove(lane->links, &lane->pending)) {
        lane_vouch(feed, lane, &lane->pending, lane->pending_arrived);
    }
    return CURFEW_OK;
}

static enum curfew_status take_record(struct curfew_feed *feed, struct lane *lane, const struct curfew_bus_event *event,
                                      struct curfew_now now, struct curfew_error *error)
{
    struct curfew_event record;
    enum curfew_reason reason;
    struct curfew_error trouble = {.text = ""};
    feed->arena.used = 0;
    enum curfew_status status = curfew_codec_decode(event->value, &feed->arena, &record, &reason, &trouble);
    if (status == CURFEW_OK && record.type == CURFEW_EVENT_FLOORS) {
        return take_floors(feed, lane, &record.as.floors, event, now, error);
    }
    if (status == CURFEW_OK && record.type == CURFEW_EVENT_BEACON) {
        take_beacon(feed, lane, &record.as.beacon, now);
        return CURFEW_OK;
    }
    /* It may have been a revocation: nothing can be vouched for while it stands there. */
    log_flaw(lane, event->offset, status == CURFEW_OK ? "an event that does not belong on revocations" : trouble.text);
    lane_flaw(feed, lane, CURFEW_FRESH_UNREADABLE, now);
    return CURFEW_OK;
}

static void take_end(struct curfew_feed *feed, struct lane *lane, struct curfew_now now)
{
    if (lane->caught_up) {
        return; /* the end is met again and again; only a reading's first says something */
    }
    if (lane->candidate.there) {
        lane_judge(feed, lane, now); /* of the backlog: which log it is, and what it outlived */
    }
    lane->caught_up = true;
    lane->judge_at_us = now.boot_us;
    if (lane->flaw == CURFEW_FRESH) {
        lane_void(feed, lane, CURFEW_FRESH_UNSYNCED); /* whole again; what is missing is a beacon */
    } else if (lane->reread_at_us == NEVER) {
        lane->reread_at_us = now.boot_us + FEED_REREAD_US;
    }
}

static void take_gap(struct curfew_feed *feed, struct lane *lane, const struct curfew_bus_event *event,
                     struct curfew_now now)
{
    curfew_log(CURFEW_LOG_WARNING, "feed", "lane %d: a gap, reading from the beginning: %s", lane->number,
               event->text == NULL ? "the position is gone" : event->text);
    lane_void(feed, lane, CURFEW_FRESH_UNSYNCED);
    lane->caught_up = false;
    lane->waiting = false;
    lane->candidate.there = false;
    lane_reread(lane, now);
}

enum curfew_status curfew_feed_tick(struct curfew_feed *feed, struct curfew_now now, struct curfew_error *error)
{
    (void)error; /* nothing that is due can end the process today */
    for (int32_t i = 0; i < feed->options.lanes; i++) {
        struct lane *lane = &feed->lanes[i];
        if (lane->candidate.there && lane->caught_up && lane->judge_at_us <= now.boot_us) {
            lane_judge(feed, lane, now);
        }
        if (lane->waiting && now.boot_us - lane->waiting_since_us > FEED_REREAD_US) {
            curfew_log(CURFEW_LOG_WARNING, "feed",
                       "lane %d: floors that its beacons speak of are lacking; reading again", lane->number);
            lane->waiting = false;
            lane_void(feed, lane, CURFEW_FRESH_UNPROVEN);
            lane_reread(lane, now);
        }
        if (lane->reread_at_us <= now.boot_us) {
            lane_begin(feed, lane, now);
        }
    }
    return CURFEW_OK;
}

enum curfew_status curfew_feed_handle(struct curfew_feed *feed, const struct curfew_bus_event *event,
                                      struct curfew_now now, struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    if (event->topic == CURFEW_TOPIC_REVOCATIONS && event->partition >= 0 && event->partition < feed->options.lanes) {
        struct lane *lane = &feed->lanes[event->partition];
        if (event->kind == CURFEW_BUS_RECORD) {
            status = take_record(feed, lane, event, now, error);
        } else if (event->kind == CURFEW_BUS_CAUGHT_UP) {
            take_end(feed, lane, now);
        } else if (event->kind == CURFEW_BUS_GAP) {
            take_gap(feed, lane, event, now);
        }
    }
    return status == CURFEW_OK ? curfew_feed_tick(feed, now, error) : status;
}
