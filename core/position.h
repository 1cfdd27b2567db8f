/* position: where reading one partition has come to, and whether what comes next belongs there. Pure. One thread.
 *
 * librdkafka 2.0.2 can move a subscription, or end it, when something of an older one reaches its main thread behind
 * the new one's start: an offset reset; or the answer to where the log begins or ends, which makes it ask that again
 * after 500 ms (rd_kafka_toppar_handle_Offset). What comes then names a place we were not at. Whoever reads starts
 * again where it was; what names the same place once more is true: the log has a hole there. */
#ifndef CURFEW_CORE_POSITION_H
#define CURFEW_CORE_POSITION_H

#include <stdbool.h>
#include <stdint.h>

struct curfew_position {
    int64_t next; /* offset of the record that comes next, or where reading was to begin (core/bus.h) */
    bool strayed; /* since the last that was taken, to `stray` */
    int64_t stray;
};

enum curfew_arrival {
    CURFEW_ARRIVED, /* take it */
    CURFEW_STRAYED, /* leave it, and start reading again at position->next */
    CURFEW_PASSED, /* leave it: it was taken before */
};

/* A record or the log's end at `offset`; taken, reading goes on at `next`. */
enum curfew_arrival curfew_position_arrive(struct curfew_position *position, int64_t offset, int64_t next);

/* That the log no longer has an `offset`; taken, the position stays. */
enum curfew_arrival curfew_position_miss(struct curfew_position *position, int64_t offset);

#endif
