/* moment: where in a lane's log a record stands, and what the lane's clocks say there; and how a record was ruled on.
 */
#ifndef CURFEW_COORDINATOR_MOMENT_H
#define CURFEW_COORDINATOR_MOMENT_H

#include <curfew/event.h>

struct curfew_writer;
struct curfew_writers;

struct curfew_moment {
    const struct curfew_writer *author; /* who wrote the record; NULL: nobody, it is a tick's doing */
    const struct curfew_writers *writers; /* of the lane */
    int64_t offset;
    int64_t timestamp_us; /* the broker's, of this record */
    int64_t good_us; /* of the newest good tick; 0: none yet */
    int64_t now_us; /* the later of timestamp_us and good_us: deadlines and expiries */
    int64_t lease_us; /* the lease clock */
    int64_t skew_us;
    const struct curfew_settings *settings;
};

struct curfew_ruling {
    bool refused;
    enum curfew_reason reason; /* when refused */
    bool pending; /* accepted, and without effect until a second operator says the same */
    bool break_glass; /* took effect without the second operator that it asks for */
};

static inline struct curfew_ruling curfew_ruling_accepted(void)
{
    return (struct curfew_ruling){.refused = false};
}

static inline struct curfew_ruling curfew_ruling_refused(enum curfew_reason reason)
{
    return (struct curfew_ruling){.refused = true, .reason = reason};
}

/* Whether the same event, sent again later, may be accepted: what it lacks may still come. */
bool curfew_reason_retriable(enum curfew_reason reason);

#endif
