/* outbox: what one lane's steps owe the bus, and when it may be said: floors at once and again until they are read
 * back; answers and beacons only after the floors before them were read back. Sans I/O: publishes through the bus,
 * reads no clock. One thread.
 *
 * Of several coordinators those that do not lead hold back, and leave out what others said meanwhile (standby.h).
 *
 * Until `live` it only compares what replay yields with what the topics hold already, so that a restart publishes what
 * is lacking and nothing twice. */
#ifndef CURFEW_COORDINATOR_OUTBOX_H
#define CURFEW_COORDINATOR_OUTBOX_H

#include "core/bus.h"
#include "core/clock.h"
#include "core/seal.h"
#include "services/coordinator/accounts.h"
#include "services/coordinator/lane.h"
#include "services/coordinator/standby.h"

#define CURFEW_OUTBOX_RESEND_US INT64_C(2000000) /* published, not read back by then: published again */
#define CURFEW_OUTBOX_ANSWERS_US INT64_C(3600000000) /* no one waits for an answer older than this */
#define CURFEW_OUTBOX_LOOK_US INT64_C(10000) /* between two looks at signatures of others' beacons */
#define CURFEW_OUTBOX_TICKS_MAX 64 /* ticks waiting for their floors; more are left out */
#define CURFEW_OUTBOX_SEEN_MAX 65536 /* records of others that are ahead, remembered; of more a repeat is published */
#define CURFEW_OUTBOX_TICKET_BITS 48 /* of a bus ticket; the lane stands above */

struct curfew_outbox;

/* All outlive it. */
struct curfew_outbox_options {
    int32_t lane;
    struct curfew_bus *bus;
    const struct curfew_sealer *sealer; /* of its beacons and answers */
    struct curfew_audit *audit; /* NULL: nobody is told. With one, no answer speaks of a record before what is told of
                                   it is durable */
    struct curfew_standby *standby; /* of the lane; its owner notes ticks there */
};
struct curfew_outbox *curfew_outbox_create(const struct curfew_outbox_options *options);
void curfew_outbox_destroy(struct curfew_outbox *outbox);

/* A floors record on the lane's revocations. One whose chain is not what its content says is not a read-back. One that
 * the log does not imply is counted as foreign: hops deny what it names, and an operator has to know. */
void curfew_outbox_read_back(struct curfew_outbox *outbox, const struct curfew_lane *lane,
                             const struct curfew_floors *floors);
/* Revocations lost what was there: nothing that was only seen counts as read back. */
void curfew_outbox_gap(struct curfew_outbox *outbox);
/* Whether a beacon on the lane's revocations is worth a look at its signature: it is of a tick that waits for
 * one, or is still to be stepped. */
bool curfew_outbox_wants(struct curfew_outbox *outbox, const struct curfew_beacon *beacon, struct curfew_now now);
/* That beacon is a coordinator's. */
void curfew_outbox_beaconed(struct curfew_outbox *outbox, const struct curfew_beacon *beacon);
/* Whether an answer is worth a look at its signature. */
bool curfew_outbox_wants_answer(const struct curfew_outbox *outbox, const struct curfew_accepted *accepted);
/* An accepted record, of a coordinator's signature, found on the lane's answers: before it went live, or of another. */
void curfew_outbox_answered(struct curfew_outbox *outbox, const struct curfew_accepted *accepted);

/* What a step of `record` led to. */
void curfew_outbox_note(struct curfew_outbox *outbox, const struct curfew_lane *lane,
                        const struct curfew_record *record, const struct curfew_effects *effects);

/* Replay is over: from now on flush publishes. */
void curfew_outbox_live(struct curfew_outbox *outbox, const struct curfew_lane *lane, struct curfew_now now);

/* Publishes what is due. What the bus has no room for waits for the next flush. */
void curfew_outbox_flush(struct curfew_outbox *outbox, struct curfew_now now);

/* The bus's report on a ticket of this lane, its upper bits taken off. */
void curfew_outbox_reported(struct curfew_outbox *outbox, uint64_t ticket, bool delivered, struct curfew_now now);

struct curfew_outbox_stats {
    int64_t links_published;
    int64_t links_awaited; /* not read back yet */
    int64_t settled_to; /* every record up to here was stepped, and its floors are read back; -1: not known yet */
    int64_t foreign; /* floors records that the log does not imply */
    int64_t beacons_published;
    int64_t answers_published;
    int64_t refusals;
    int64_t dead_letters;
    int64_t beacon_boot_us; /* when the newest beacon was published, or seen of another; 0: none yet */
};
void curfew_outbox_stats(const struct curfew_outbox *outbox, struct curfew_outbox_stats *stats);

#endif
