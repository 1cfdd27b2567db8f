/* coordinator: all lanes of one cluster. Sans I/O: bus events and the time in; publishes and subscribes through the
 * bus.
 *
 * Start: it reads revocations, answers and control from their beginnings, then each pipeline lane, and publishes in a
 * lane only when it has caught up there. Everything it knows it can rebuild from the log, so whatever it cannot mend in
 * place (a gap, a recreated topic) it reports as fatal, and its owner makes a new one. One thread. */
#ifndef CURFEW_COORDINATOR_COORDINATOR_H
#define CURFEW_COORDINATOR_COORDINATOR_H

#include "core/bus.h"
#include "core/clock.h"
#include "services/coordinator/lane.h"
#include "services/coordinator/outbox.h"
#include "services/coordinator/register.h"
#include "services/coordinator/rulings.h"
#include "services/coordinator/target.h"

#define CURFEW_COORDINATOR_IDLE_MS 1000 /* the longest it asks to wait */

struct curfew_coordinator;

struct curfew_coordinator_options {
    const char *id; /* writer of its ticks; a valid id; copied */
    const uint8_t *master; /* CURFEW_MASTER_SIZE bytes: the coordinators' key; copied */
    int32_t lanes; /* partitions of revocations: L + 1, 2..CURFEW_LANES_MAX */
    struct curfew_bus *bus; /* outlives it */
    struct curfew_sealer sealer; /* signs its beacons and answers; what it points to outlives it */
    struct curfew_seal_judge judge; /* of answers that it finds on the bus when it starts */
    int32_t rank; /* 0..CURFEW_RANK_MAX: how long it lets others speak first (standby.h) */
    struct curfew_audit *audit; /* it flushes it, and takes its reports; NULL: nobody is told; outlives it */
};

enum curfew_status curfew_coordinator_create(const struct curfew_coordinator_options *options,
                                             struct curfew_coordinator **coordinator,
                                             struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_coordinator_destroy(struct curfew_coordinator *coordinator);

/* Subscribes to what is read first. */
enum curfew_status curfew_coordinator_start(struct curfew_coordinator *coordinator,
                                            struct curfew_error *error) CURFEW_MUST_CHECK;

/* Takes one bus event. A fatal error: destroy it and make a new one. */
enum curfew_status curfew_coordinator_handle(struct curfew_coordinator *coordinator,
                                             const struct curfew_bus_event *event, struct curfew_now now,
                                             struct curfew_error *error) CURFEW_MUST_CHECK;

/* Call when a batch of events is handled and at least as often as it says: publishes what is due, ticks included.
 * Returns in how many milliseconds it wants to be called again. */
int curfew_coordinator_flush(struct curfew_coordinator *coordinator, struct curfew_now now);

/* OK when every lane is live, goes on, and had a beacon within 2 s; otherwise the error says which does not and why. */
enum curfew_status curfew_coordinator_ready(const struct curfew_coordinator *coordinator, struct curfew_now now,
                                            struct curfew_error *error) CURFEW_MUST_CHECK;

/* Who may write, as control knows it now; NULL until control has begun. */
const struct curfew_writers *curfew_coordinator_writers(const struct curfew_coordinator *coordinator);

/* Of its audit; zeros without one. */
struct curfew_audit_stats curfew_coordinator_audited(const struct curfew_coordinator *coordinator);

/* What revoking a target now would end, over all lanes, and who has proposed it already. Read-only. CURFEW_INVALID: the
 * target's names are not those of its kind. CURFEW_UNAVAILABLE: not ready (the error says why), so it may be more. */
struct curfew_coordinator_impact {
    struct curfew_book_impact book;
    int64_t control_next; /* offset of the control record that is not in this yet */
    struct curfew_slice proposer; /* waits for a second operator; empty: nobody does. Lives until the next handle */
};
enum curfew_status curfew_coordinator_impact(const struct curfew_coordinator *coordinator,
                                             const struct curfew_target *target, struct curfew_now now,
                                             struct curfew_coordinator_impact *impact,
                                             struct curfew_error *error) CURFEW_MUST_CHECK;

struct curfew_coordinator_lane {
    bool live;
    int64_t leads; /* 1: the lane's newest good tick is its own */
    int64_t next;
    struct curfew_lane_counts counts;
    struct curfew_outbox_stats outbox;
    /* To be looked at; live until the next handle. */
    const struct curfew_lane *log;
    const struct curfew_register *names;
    const struct curfew_rulings *rulings;
};
int32_t curfew_coordinator_lanes(const struct curfew_coordinator *coordinator);
/* One lane, for metrics and those who ask; 0 <= lane < lanes. */
void curfew_coordinator_lane(const struct curfew_coordinator *coordinator, int32_t lane,
                             struct curfew_coordinator_lane *state);

#endif
