/* revocations: a revocations topic in memory, with authors that write floors and beacons to it as a coordinator would,
 * and a feed that reads it, for tests of the feed. Faults are put in by hand. */
#ifndef CURFEW_TESTS_UNIT_REVOCATIONS_H
#define CURFEW_TESTS_UNIT_REVOCATIONS_H

#include "consumer/denyset.h"
#include "consumer/feed.h"
#include "consumer/freshness.h"
#include "tests/common/sealer.h"

#define TOPIC_LANES 3
#define TOPIC_RECORDS_MAX 4096
#define TOPIC_SKEW_MS 250
#define TOPIC_T0 (INT64_C(1800000000) * CURFEW_US_PER_S)
#define TOPIC_FOREVER (TOPIC_T0 * 2)

/* Whoever writes a lane's chain: one log. */
struct author {
    int32_t lane;
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t genesis_us;
    int64_t cause;
    int64_t oldest_cause; /* what its beacons say; -1: none lives */
    uint8_t chain[CURFEW_CHAIN_SIZE];
};

struct partition {
    struct curfew_slice records[TOPIC_RECORDS_MAX]; /* malloc'ed; by offset */
    int64_t begin; /* what lies before was cut off */
    int64_t end;
    int64_t position; /* -1: not subscribed */
    bool at_end; /* the end was told since the last record */
    int subscribed; /* how often */
};

/* What the feed told its sink. */
struct told {
    int floors;
    int fresh;
    int lost;
    int doubts;
    enum curfew_fresh doubt; /* the newest */
    int floors_before_fresh; /* floors told when the newest fresh was */
};

struct topic {
    struct curfew_now now;
    struct partition partitions[TOPIC_LANES];
    struct told told[TOPIC_LANES];
    struct curfew_bus bus;
    struct curfew_region *region;
    struct curfew_feed *feed;
    bool refuse_subscribe;
    int64_t drop; /* a record with this offset is not delivered, once; -1: none */
};

struct topic *topic_make(int64_t floors_max); /* with a feed that has started, and judges every beacon */
struct topic *topic_make_judging(int64_t floors_max, int64_t judge_every_us);
void topic_end(struct topic *topic);

struct author author_of(int32_t lane, uint8_t log, int64_t genesis_us);

int64_t topic_append(struct topic *topic, int32_t lane, const void *bytes, size_t size); /* its offset */
/* Its offset. A beacon without a signature is signed as a coordinator would. */
int64_t topic_publish(struct topic *topic, int32_t lane, const struct curfew_event *event);
/* A floor of FLOOR_MAX on subject `number`, until `expires_us`, as the author's next link: published, or only made. */
struct curfew_event author_link(struct author *author, struct curfew_floor *floor, uint64_t number, int64_t expires_us);
void author_raise(struct topic *topic, struct author *author, uint64_t number, int64_t expires_us);
/* Its beacon, as of now. */
struct curfew_event author_beacon(const struct topic *topic, const struct author *author);
void author_beat(struct topic *topic, const struct author *author);

/* Delivers all there is, of every subscribed partition, with the end of each; time does not pass. */
void topic_deliver(struct topic *topic);
void topic_gap(struct topic *topic, int32_t lane);
void topic_pass(struct topic *topic, int64_t us); /* both clocks, and a tick of the feed */

enum curfew_fresh topic_fresh(const struct topic *topic, int32_t lane);
bool topic_denied(const struct topic *topic, uint64_t number);
struct curfew_subject topic_subject(uint64_t number);

#endif
