/* coordinator_state: what the parts of a coordinator share. Only coordinator.c and coordinator_says.c include it. */
#ifndef CURFEW_COORDINATOR_STATE_H
#define CURFEW_COORDINATOR_STATE_H

#include "schemas/codec.h"
#include "services/coordinator/coordinator.h"

#define CURFEW_COORDINATOR_TICK_BIT                                                                                    \
    63 /* of a ticket: set for ticks, which belong to no outbox; the lane stands below */

enum phase { PHASE_READING_BACK, PHASE_REPLAYING, PHASE_LIVE, PHASE_HALTED };

struct lane_slot {
    struct curfew_lane *lane;
    struct curfew_outbox *outbox;
    struct curfew_standby standby;
    struct curfew_register *names; /* of a pipeline; on lane 0 it stays empty */
    struct curfew_rulings *rulings;
    enum phase phase;
    enum phase halted_from; /* of a halted lane: where it goes on, if it ever may */
    bool floors_read;
    bool answers_read;
    bool blocked; /* waits for control; subscribed anew when control moves */
    bool tick_in_flight;
    int64_t ticked_us; /* boot time */
    bool unread; /* its revocations are to be subscribed anew */
    bool lacking; /* its revocations lost floors: a resync is to be stepped */
    int64_t mended_us; /* boot time of the last try at either; INT64_MIN: none */
    int64_t foreign_told; /* of the outbox's count */
    int64_t foreign_told_us; /* boot time */
};

struct curfew_coordinator {
    char *id;
    struct curfew_mac_key *key; /* of its ticks; of the epoch used last; NULL: none yet */
    int32_t lanes;
    struct curfew_bus *bus;
    struct curfew_sealer sealer;
    struct curfew_seal_judge judge;
    struct curfew_audit *audit;
    struct curfew_control *control;
    struct lane_slot *slots;
    struct curfew_arena arena;
};

/* coordinator_says: resyncs of one lane, and ticks, when they are due. */
/* After a gap: as soon as its rank lets it. */
void curfew_coordinator_mend_soon(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now);
void curfew_coordinator_mend(struct curfew_coordinator *coordinator, int32_t lane, struct curfew_now now);
/* Returns in how many milliseconds the next is due. */
int curfew_coordinator_tick(struct curfew_coordinator *coordinator, struct curfew_now now);

#endif
