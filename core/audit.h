/* audit: one component's records on the audit topic, from its start to its stop: OCSF events (https://schema.ocsf.io,
 * version CURFEW_AUDIT_OCSF), one JSON object a message. Sans I/O: publishes through the bus, reads no clock. One
 * thread.
 *
 * Each start numbers its records from 1 without a gap (metadata.sequence), says so once a minute even when nothing
 * happens, and says that it stops. What is not durable yet is kept and sent again. Whoever reads the topic can
 * therefore tell what is missing: `curfew audit verify`. A record may stand there twice; metadata.uid tells.
 *
 * Bound: CURFEW_AUDIT_PENDING_MAX records that are not durable yet; then add says CURFEW_FULL. What its caller cannot
 * keep takes its number all the same (curfew_audit_lose): it shows as a gap, and the next checkpoint counts it. */
#ifndef CURFEW_CORE_AUDIT_H
#define CURFEW_CORE_AUDIT_H

#include "core/bus.h"
#include "core/clock.h"
#include "core/json.h"

#define CURFEW_AUDIT_OCSF "1.8.0"
#define CURFEW_AUDIT_PENDING_MAX 16384
#define CURFEW_AUDIT_CHECKPOINT_US (60 * CURFEW_US_PER_S)
#define CURFEW_AUDIT_UID_SIZE 16
#define CURFEW_AUDIT_COUNTS 8 /* that a checkpoint names, at most */
#define CURFEW_AUDIT_TICKET (UINT64_C(1) << 62) /* set in the bus tickets of these records, and in no other's */

/* The OCSF classes in use. */
enum curfew_audit_class {
    CURFEW_AUDIT_API_ACTIVITY = 6003, /* somebody asked for something: a verdict, a record that was refused */
    CURFEW_AUDIT_ENTITY_MANAGEMENT = 3004, /* something began to be, changed or ended */
    CURFEW_AUDIT_LIFECYCLE = 6002, /* a component started, stopped, or is still there */
};

/* activity_id; 99 is Other, for which activity_name says more. */
enum curfew_audit_activity {
    CURFEW_AUDIT_CREATE = 1,
    CURFEW_AUDIT_READ = 2,
    CURFEW_AUDIT_UPDATE = 3,
    CURFEW_AUDIT_DELETE = 4,
    CURFEW_AUDIT_START = 3, /* of a lifecycle */
    CURFEW_AUDIT_STOP = 4,
    CURFEW_AUDIT_OTHER = 99,
};

enum curfew_audit_severity {
    CURFEW_AUDIT_INFORMATIONAL = 1,
    CURFEW_AUDIT_LOW,
    CURFEW_AUDIT_MEDIUM,
    CURFEW_AUDIT_HIGH,
    CURFEW_AUDIT_CRITICAL,
    CURFEW_AUDIT_FATAL,
};

/* disposition_id of what was denied (profile security_control). */
enum curfew_audit_disposition {
    CURFEW_AUDIT_BLOCKED = 2, /* it could not be decided */
    CURFEW_AUDIT_ACCESS_REVOKED = 24,
    CURFEW_AUDIT_REJECTED = 25,
    CURFEW_AUDIT_UNAUTHORIZED = 26, /* nothing proved that it may */
};

struct curfew_audit_kind {
    enum curfew_audit_class class_uid;
    enum curfew_audit_activity activity;
    const char *activity_name; /* "Create", "Checkpoint" */
    enum curfew_audit_severity severity;
    bool failed; /* status_id: Failure */
};

/* The beginning of an event: class, activity, type, severity, status, time. NULL when memory runs out. */
struct curfew_json *curfew_audit_event(const struct curfew_audit_kind *kind, int64_t time_us);
/* Sets a text member; nothing when it is empty, and "(not UTF-8)" for what is not. False: no memory. */
bool curfew_audit_text(struct curfew_json *object, const char *name, struct curfew_slice text) CURFEW_MUST_CHECK;
/* Says of an event that it was denied, by the profile security_control. False: no memory. */
bool curfew_audit_denied(struct curfew_json *event, enum curfew_audit_disposition disposition) CURFEW_MUST_CHECK;

struct curfew_audit;

struct curfew_audit_options {
    const char *component; /* "coordinator", "hop": a constant */
    const char *name; /* its id; copied */
    const char *const *counts; /* names of what is counted between checkpoints, NULL-ended; constants; may be NULL */
    struct curfew_bus *bus; /* outlives it */
    uint8_t start[CURFEW_AUDIT_UID_SIZE]; /* random: which start this is */
};

/* The first record, that it starts, is written with the first flush. */
enum curfew_status curfew_audit_create(const struct curfew_audit_options *options, struct curfew_now now,
                                       struct curfew_audit **audit, struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_audit_destroy(struct curfew_audit *audit);

/* Numbers an event, adds its metadata and keeps it until it is durable. `uid`: the same for the same fact, whoever
 * tells it and how often; NULL: made of component, start and number. `tenant` may be empty. The event is taken over,
 * unless it says CURFEW_FULL; CURFEW_NOMEM also for an event that is NULL. */
enum curfew_status curfew_audit_add(struct curfew_audit *audit, struct curfew_json *event, const uint8_t *uid,
                                    struct curfew_slice tenant, uint64_t *sequence,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;
/* Gives numbers to what could not be kept. */
void curfew_audit_lose(struct curfew_audit *audit, int64_t count);
/* Adds to a count of options.counts, by its place. */
void curfew_audit_count(struct curfew_audit *audit, size_t which, int64_t more);
bool curfew_audit_is_durable(const struct curfew_audit *audit, uint64_t sequence);

/* Publishes what waits, and a checkpoint when it is time. Call it at least once a second. */
void curfew_audit_flush(struct curfew_audit *audit, struct curfew_now now);
/* The bus's report on one of its tickets; whatever else the bus says is not its own: false. Logs when Kafka begins not
 * to take what is told, and why, and when it does again. */
bool curfew_audit_reported(struct curfew_audit *audit, const struct curfew_bus_event *event);
/* The last record; the bus has it when pending is 0. */
void curfew_audit_stop(struct curfew_audit *audit, struct curfew_now now);

struct curfew_audit_stats {
    int64_t written; /* numbers given, the lost ones included */
    int64_t pending; /* not durable yet */
    int64_t lost;
    int64_t untaken; /* times that Kafka did not take one, and it was kept */
};
struct curfew_audit_stats curfew_audit_stats(const struct curfew_audit *audit);

#endif
