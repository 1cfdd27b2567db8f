/* producer: how issuers and orchestrators say what happens to work.
 *
 * Durable is not accepted: a receipt says the event is in the log (acks=all); accepted says the coordinator acted on it
 * and every floor due to it was read back from the bus; refused says why it did not. Events are idempotent by content:
 * what a call could not confirm may be emitted again.
 *
 * Threads: a producer has one thread of its own. Every call here may be made from any thread; callbacks run on the
 * producer's thread and must not block or call curfew_producer_close. */
#ifndef CURFEW_PRODUCER_H
#define CURFEW_PRODUCER_H

#include <curfew/event.h>
#include <curfew/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CURFEW_PRODUCER_PENDING_MAX 100000 /* events emitted and not yet reported; emit says CURFEW_FULL beyond */
#define CURFEW_LANE_OF_EVENT (-1)

struct curfew_producer;

struct curfew_producer_options {
    size_t size; /* sizeof(struct curfew_producer_options) */
    const char *config_file; /* properties; NULL: environment alone */
    const char *const *settings; /* overrides: name, value, …, NULL; may be NULL */
    const char *writer; /* who must be speaking, or NULL: the writer of the key in producer.key_file */
};

/* Where an event is. With the log id, since a recreated topic begins its offsets anew. */
struct curfew_receipt {
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int32_t lane;
    int64_t offset;
    int64_t timestamp_us; /* the broker's */
    int64_t durable_us; /* this machine's wall clock when the acknowledgement arrived */
    int64_t accepted_us; /* the same for the answer; 0 when it was not waited for */
};

enum curfew_wait {
    CURFEW_WAIT_DURABLE,
    CURFEW_WAIT_ACCEPTED,
};

/* How an emission ended. OK: `receipt` holds. REFUSED: `receipt` and `refusal` hold. TIMEOUT or UNAVAILABLE with a
 * receipt whose offset is not -1: durable, the answer is outstanding. Otherwise unknown: emit it again. */
struct curfew_outcome {
    enum curfew_status status;
    struct curfew_receipt receipt; /* offset -1: none */
    struct curfew_refusal refusal;
    struct curfew_error error;
};

typedef void curfew_emitted(void *context, const struct curfew_outcome *outcome);

/* Options are copied. Fails for what will not mend by itself (config, codec); a broker that is away does not fail it.
 */
enum curfew_status curfew_producer_open(const struct curfew_producer_options *options,
                                        struct curfew_producer **producer,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* Who it says it is: the writer of its key. Lives as long as the producer. */
const char *curfew_producer_writer(const struct curfew_producer *producer);

/* What to emit, and how. With a time-out, what is refused because its session or its parent is not known yet is emitted
 * again for up to a second: somebody else's start may be on its way. It may then stand behind what was emitted after
 * it: whoever wants an order waits for the first outcome. */
struct curfew_emit {
    const struct curfew_event *event; /* encoded before the call returns; said_us 0 and an empty writer are filled in */
    int32_t lane; /* CURFEW_LANE_OF_EVENT: by the event's session (control events to lane 0); a holder-heartbeat needs
                     one */
    enum curfew_wait wait;
    int timeout_ms; /* told as CURFEW_TIMEOUT when it is not over by then; 0: however long it takes */
    curfew_emitted *emitted; /* may be NULL; called exactly once when emit returned OK, also at close */
    void *context;
};

/* Takes an event and returns. A heartbeat is never queued behind an outage: while one of the same holder and lane is
 * under way, another is CURFEW_FULL. */
enum curfew_status curfew_producer_emit(struct curfew_producer *producer, const struct curfew_emit *emit,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* Emits and waits up to `timeout_ms`. Returns outcome->status; `outcome` is always filled. */
enum curfew_status curfew_producer_emit_and_wait(struct curfew_producer *producer, const struct curfew_event *event,
                                                 int32_t lane, enum curfew_wait wait, int timeout_ms,
                                                 struct curfew_outcome *outcome) CURFEW_MUST_CHECK;

/* Lanes of the cluster, control included. Waits up to `timeout_ms` for the broker. CURFEW_INVALID when the topics are
 * missing, not as genesis made them, or without genesis: the error says which and what to run. */
enum curfew_status curfew_producer_lanes(struct curfew_producer *producer, int timeout_ms, int32_t *lanes,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;

/* Waits up to `timeout_ms` for everything emitted to be durable, then closes. CURFEW_TIMEOUT: the error counts and the
 * callbacks name what may not have been delivered. The handle is gone either way; NULL is fine. */
enum curfew_status curfew_producer_close(struct curfew_producer *producer, int timeout_ms, struct curfew_error *error);

#ifdef __cplusplus
}
#endif
#endif
