/* emitter: what becomes of events that were emitted. Sans I/O: emissions, bus events and the time go in; records,
 * subscriptions and outcomes come out. It sends through the bus it was given and never polls it; outcomes are told
 * through each emission's callback, which must not call the emitter. One thread.
 *
 * A lane's events are sent in the order they came, once its log is known (from the genesis record, the log's first; of
 * a log whose beginning was deleted, from the lane's next beacon or answer) and, for those that wait for acceptance,
 * once the end of the lane's answers was seen, so that no answer is missed. An answer that no coordinator signed is
 * passed over: nobody who only writes to the answers topic makes an issuer let a token go. What the bus could not
 * deliver is sent again until its deadline: events are idempotent by content. An offset that was there before, or an
 * answer of another log, says that the topic was made anew: the log is looked at again, and what it does not hold is
 * sent again.
 *
 * What is refused because its session or its parent is not known yet, and has time left to wait, is said again for
 * CURFEW_EMITTER_INSIST_US: somebody else's start may be on its way. Such a one may then stand behind what was emitted
 * after it: whoever wants an order waits for the first answer. */
#ifndef CURFEW_PRODUCER_EMITTER_H
#define CURFEW_PRODUCER_EMITTER_H

#include "core/bus.h"
#include "core/clock.h"
#include "core/mac.h"
#include "core/seal.h"
#include "producer/emission.h"

#define CURFEW_EMITTER_RETRY_US (100 * CURFEW_US_PER_MS) /* between two tries to send what was not delivered */
#define CURFEW_EMITTER_FULL_US (10 * CURFEW_US_PER_MS) /* between two tries while the bus is full */
#define CURFEW_EMITTER_REREAD_US                                                                                       \
    (1 * CURFEW_US_PER_S) /* a foreign answer makes us look at a log at most this often                                \
                           */
#define CURFEW_EMITTER_INSIST_US (1 * CURFEW_US_PER_S)
#define CURFEW_EMITTER_PAUSE_US (50 * CURFEW_US_PER_MS) /* before it is said again; twice as long each time */
#define CURFEW_EMITTER_HEARTBEAT_US (5 * CURFEW_US_PER_S) /* a heartbeat not sent by then is not sent */

struct curfew_emitter;

struct curfew_emitter_options {
    struct curfew_bus *bus; /* outlives it */
    const struct curfew_mac_key *key; /* the writer's, outlives it: each record is proven with it when it is sent */
    struct curfew_seal_judge judge; /* of answers, and of beacons that name a log; what it points to outlives it */
};

enum curfew_status curfew_emitter_create(const struct curfew_emitter_options *options, struct curfew_emitter **emitter,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;
/* What is still under way is dropped untold; NULL is fine. */
void curfew_emitter_destroy(struct curfew_emitter *emitter);

/* Takes an emission over. Its callback tells the rest, perhaps before this returns. */
void curfew_emitter_add(struct curfew_emitter *emitter, struct curfew_emission *emission, struct curfew_now now);

/* Takes one event of the bus; those of other users of the bus are ignored. */
void curfew_emitter_handle(struct curfew_emitter *emitter, const struct curfew_bus_event *event, struct curfew_now now);

/* Does what is due. Returns when to call again at the latest, on the boot clock; INT64_MAX: nothing is due. */
int64_t curfew_emitter_tick(struct curfew_emitter *emitter, struct curfew_now now);

/* Events not known to be durable; probes do not count. */
size_t curfew_emitter_undelivered(const struct curfew_emitter *emitter);
/* Tells every emission that its producer closes. */
void curfew_emitter_abandon(struct curfew_emitter *emitter);

#endif
