/* event: everything that travels on Curfew's topics, as plain structs.
 *
 * One struct an Avro schema (schemas/<name>.avsc holds the field docs, which are the public contract). Times are
 * microseconds since the Unix epoch (_us) or milliseconds as a span (_ms). Strings are UTF-8 slices into memory that
 * the maker of the struct owns; an optional string that is absent has size 0. Bounds: an id is 1..CURFEW_ID_MAX bytes.
 *
 * A struct is only as long-lived as the buffer its slices point into. */
#ifndef CURFEW_EVENT_H
#define CURFEW_EVENT_H

#include <curfew/slice.h>
#include <stdbool.h>
#include <stdint.h>

#define CURFEW_ID_MAX 256 /* bytes of any id */
#define CURFEW_TEXT_MAX 1024 /* bytes of a reason for people */
#define CURFEW_SIGNATURE_MAX 256 /* bytes of a signature */
#define CURFEW_PATH_MAX 16 /* steps of a token's path */
#define CURFEW_AGENTS_MAX 16 /* agents of a token */
#define CURFEW_APPROVALS_MAX 8 /* approvals of a token */
#define CURFEW_POLICIES_MAX 8 /* policies of a token */
#define CURFEW_FLOORS_MAX 1024 /* floors of one floors record */
#define CURFEW_ANSWERED_MAX 4096 /* records that one accepted record speaks of */
#define CURFEW_REFUSALS_MAX 1024 /* refusals of one accepted record */
#define CURFEW_TENANTS_MAX 64 /* tenants of one writer */
#define CURFEW_ISSUERS_MAX 16 /* issuers of one writer */
#define CURFEW_ORCHESTRATORS_MAX 8 /* writers a session names */
#define CURFEW_FIRST_WRITERS_MAX 16 /* writers that a genesis names */
#define CURFEW_LANES_MAX 256 /* lanes of a cluster, control included */
#define CURFEW_FLOOR_MAX INT64_MAX /* above every value a token can present */
#define CURFEW_DIGEST_SIZE 16 /* a subject */
#define CURFEW_LOG_ID_SIZE 16
#define CURFEW_RECORD_DIGEST_SIZE 8 /* which record an answer speaks of: the first bytes of SHA-256 of its value */
#define CURFEW_MASTER_CHECK_SIZE 16
#define CURFEW_CHAIN_SIZE 32 /* SHA-256 */

/* What authority can hang on (DESIGN: the kinds of floors). The numbers are the Avro enum's order and are part of the
 * subject digest: never renumber. */
enum curfew_kind {
    CURFEW_KIND_TOKEN,
    CURFEW_KIND_SESSION,
    CURFEW_KIND_TASK,
    CURFEW_KIND_APPROVAL,
    CURFEW_KIND_SUPERVISION,
    CURFEW_KIND_CLEANUP,
    CURFEW_KIND_USER,
    CURFEW_KIND_AGENT,
    CURFEW_KIND_TENANT,
    CURFEW_KIND_KEY,
    CURFEW_KIND_POLICY,
    CURFEW_KIND_COUNT
};

/* What a writer may do. The order is the Avro enum's and a bit's place in a set of roles: append only. */
enum curfew_role {
    CURFEW_ROLE_ISSUER, /* sessions of its tenants, tokens of its own issuers */
    CURFEW_ROLE_ORCHESTRATOR, /* tasks in sessions that it started or that name it */
    CURFEW_ROLE_APPROVER, /* approvals */
    CURFEW_ROLE_OPERATOR, /* control, and ends of anything */
    CURFEW_ROLE_COORDINATOR, /* ticks, resync */
    CURFEW_ROLE_DOOR, /* ends and heartbeats on behalf of workers that it knows */
    CURFEW_ROLE_HOP, /* its own status */
    CURFEW_ROLE_COUNT
};

/* Why a coordinator did not act on a record. The order is the Avro enum's: append only. */
enum curfew_reason {
    CURFEW_REASON_UNDECODABLE, /* not Avro single-object encoding, or the body does not fit its schema */
    CURFEW_REASON_UNKNOWN_SCHEMA, /* a fingerprint that is none of ours */
    CURFEW_REASON_WRONG_LANE, /* this event does not belong on this lane */
    CURFEW_REASON_INVALID, /* a field is empty, too long, not UTF-8 or out of range */
    CURFEW_REASON_UNKNOWN_SESSION, /* never started, or its start is not here yet */
    CURFEW_REASON_SESSION_OVER, /* the session ended, by whatever cause */
    CURFEW_REASON_UNKNOWN_TASK, /* never started, or its start (or that attempt's) is not here yet */
    CURFEW_REASON_TASK_OVER, /* the task ended for good */
    CURFEW_REASON_ATTEMPT_OVER, /* this attempt ended, or a later one has started */
    CURFEW_REASON_ANCESTOR_OVER, /* a task above is over, or at another attempt */
    CURFEW_REASON_ATTEMPT_JUMP, /* the attempt rises by more than settings.attempt_step at once */
    CURFEW_REASON_UNKNOWN_APPROVAL, /* an approval nobody granted */
    CURFEW_REASON_UNKNOWN_HOLDER, /* a heartbeat of a holder that holds nothing in this lane */
    CURFEW_REASON_CONTRADICTS, /* says other than what is already known of the same thing */
    CURFEW_REASON_EXPIRY, /* expires before it begins, after its session, too late, or already has */
    CURFEW_REASON_FUTURE, /* minted or authenticated later than now + skew */
    CURFEW_REASON_CLOCK, /* said_us and the record's timestamp differ by more than allowed */
    CURFEW_REASON_USER_REVOKED, /* authenticated before the before_us of its user, its tenant or one of its agents */
    CURFEW_REASON_BOUND, /* a bound of the settings is met */
    CURFEW_REASON_UNSUPPORTED, /* understood, but not acted on by this version */
    CURFEW_REASON_UNKNOWN_WRITER, /* nobody made it a writer, or gave it a key of this epoch (yet) */
    CURFEW_REASON_MAC, /* no proof that the writer it names wrote it, for this place in this log */
    CURFEW_REASON_EPOCH, /* proven with a key that was taken out of use */
    CURFEW_REASON_ROLE, /* none of the writer's roles may say this */
    CURFEW_REASON_TENANT, /* of a tenant or an issuer that is not among the writer's */
    CURFEW_REASON_NOT_OWN, /* of a session that neither is the writer's nor names it, or of a task above or beside */
    CURFEW_REASON_UNKNOWN_POLICY, /* a policy version that nobody adopted (yet) */
    CURFEW_REASON_COUNT
};

enum curfew_event_type {
    CURFEW_EVENT_GENESIS,
    CURFEW_EVENT_SETTINGS,
    CURFEW_EVENT_SUBJECT_REVOKED,
    CURFEW_EVENT_WRITER_SET,
    CURFEW_EVENT_POLICY_ADOPTED,
    CURFEW_EVENT_POLICY_RAISED,
    CURFEW_EVENT_RECORDS_SKIPPED,
    CURFEW_EVENT_RESYNC,
    CURFEW_EVENT_SESSION_STARTED,
    CURFEW_EVENT_SESSION_ENDED,
    CURFEW_EVENT_TASK_STARTED,
    CURFEW_EVENT_ATTEMPT_ENDED,
    CURFEW_EVENT_TASK_ENDED,
    CURFEW_EVENT_HOLDER_HEARTBEAT,
    CURFEW_EVENT_TOKEN_CREATED,
    CURFEW_EVENT_TOKEN_REVOKED,
    CURFEW_EVENT_TICK,
    CURFEW_EVENT_FLOORS,
    CURFEW_EVENT_BEACON,
    CURFEW_EVENT_ACCEPTED,
    CURFEW_EVENT_HOP_STATUS,
    CURFEW_EVENT_DEAD_LETTER,
    CURFEW_EVENT_COUNT
};

/* Everything step() reads that is not an event. Carried by genesis, changed by settings records. */
struct curfew_settings {
    int32_t rules; /* version of the rules; a coordinator that lacks it stops at the record */
    int32_t skew_ms; /* greatest difference between any two clocks */
    int32_t tick_ms; /* how often rank 0 ticks */
    int32_t lease_ms; /* how long a holder may be silent, on the lease clock */
    int32_t heartbeat_age_ms; /* a heartbeat older than this at the broker does not count */
    int32_t attempt_step; /* how far an attempt may rise at once */
    int64_t token_life_ms; /* longest token life */
    int64_t session_life_ms; /* longest session life, S */
    int64_t restate_ms; /* a floor that lives longer than this since it was stated is stated again */
    int64_t sessions_max; /* open sessions and tombstones a lane */
    int64_t tasks_max; /* tasks and tombstones a lane */
    int64_t floors_max; /* live floors a lane; starts and mints are refused beyond it, ends never */
    int32_t schemas; /* version of the schemas that may be written; a coordinator that lacks it stops at the record */
};

struct curfew_first_writer {
    struct curfew_slice name;
    int32_t role; /* enum curfew_role: operator or coordinator */
};

struct curfew_genesis {
    struct curfew_slice writer;
    int64_t said_us;
    uint8_t log_id[CURFEW_LOG_ID_SIZE]; /* of this lane's log */
    uint8_t control_log[CURFEW_LOG_ID_SIZE]; /* of the control lane's log; on lane 0 equal to log_id */
    int32_t lane;
    int32_t lanes; /* L + 1: control and pipelines */
    struct curfew_settings settings;
    uint8_t master_check[CURFEW_MASTER_CHECK_SIZE]; /* what the coordinators' master must give (core/mac.h) */
    struct curfew_list writers; /* of struct curfew_first_writer */
};

struct curfew_settings_changed {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_settings settings;
};

struct curfew_subject_revoked {
    struct curfew_slice writer;
    int64_t said_us;
    int32_t kind; /* enum curfew_kind */
    struct curfew_slice tenant;
    struct curfew_slice scope; /* user: the issuer; agent: the trust domain; else empty */
    struct curfew_slice id;
    struct curfew_slice reason; /* for people; may be empty */
    bool break_glass; /* without a second operator */
};

struct curfew_writer_set {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice name; /* whom it is about */
    struct curfew_list roles; /* of int32_t, enum curfew_role; none: removed */
    struct curfew_list tenants; /* of struct curfew_slice; the one name "*": every tenant */
    struct curfew_list issuers; /* of struct curfew_slice */
    int32_t epoch; /* of its newest key, from 1 */
    int32_t least_epoch; /* of the oldest key still taken */
};

struct curfew_policy_adopted {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice tenant;
    struct curfew_slice name;
    int64_t version;
};

struct curfew_policy_raised {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice tenant;
    struct curfew_slice name;
    int64_t version;
    struct curfew_slice reason;
    bool break_glass; /* without a second operator */
};

/* Records of a lane whose timestamp is not the broker's are refused instead of holding it up. */
struct curfew_records_skipped {
    struct curfew_slice writer;
    int64_t said_us;
    int32_t lane; /* a pipeline's */
    uint8_t log_id[CURFEW_LOG_ID_SIZE]; /* of that lane's log */
    int64_t from; /* inclusive */
    int64_t to; /* inclusive */
    struct curfew_slice reason;
};

struct curfew_resync {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice reason;
};

struct curfew_session_started {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice session;
    struct curfew_slice tenant;
    struct curfew_slice issuer; /* of the user's identity, and of the session's tokens */
    struct curfew_slice user; /* RFC 9068 sub */
    int64_t auth_us;
    int64_t deadline_us;
    struct curfew_slice holder; /* whose lease keeps it open; empty: none, the deadline alone */
    struct curfew_list orchestrators; /* of struct curfew_slice: writers that may run tasks in it */
};

struct curfew_session_ended {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice session;
    struct curfew_slice reason;
};

struct curfew_task_started {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice session;
    struct curfew_slice task;
    int64_t attempt; /* from 1 */
    struct curfew_slice parent; /* a task of the same session; empty: directly under the session */
    int64_t parent_attempt; /* 0 when parent is empty */
    struct curfew_slice holder; /* whose lease keeps it running; empty: none */
};

struct curfew_attempt_ended {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice session;
    struct curfew_slice task;
    int64_t attempt;
    struct curfew_slice reason;
    struct curfew_slice by_task; /* on whose behalf a door says so; empty: the writer's own */
    int64_t by_attempt; /* 0 when by_task is empty */
    struct curfew_slice by_tenant; /* whose session its token says it is; empty when by_task is */
};

struct curfew_task_ended {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice session;
    struct curfew_slice task;
    int64_t attempt; /* the attempt that says so; 0: whichever is current */
    struct curfew_slice reason;
    struct curfew_slice by_task; /* on whose behalf a door says so; empty: the writer's own */
    int64_t by_attempt; /* 0 when by_task is empty */
    struct curfew_slice by_tenant; /* whose session its token says it is; empty when by_task is */
};

struct curfew_holder_heartbeat {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice holder;
    struct curfew_slice session; /* of by_task */
    struct curfew_slice by_task; /* on whose behalf a door says so; empty: the writer's own */
    int64_t by_attempt; /* 0 when by_task is empty */
    struct curfew_slice by_tenant; /* whose session its token says it is; empty when by_task is */
};

struct curfew_path_step {
    struct curfew_slice tenant;
    struct curfew_slice task;
    int64_t attempt;
};

struct curfew_policy_version {
    struct curfew_slice name;
    int64_t version;
};

/* What a token depends on: the input of the lineage. The same in the token, in token-created and at the hop. */
struct curfew_claims {
    struct curfew_slice session;
    struct curfew_slice tenant; /* the root session's */
    struct curfew_slice issuer; /* iss */
    struct curfew_slice user; /* sub */
    struct curfew_slice jti;
    int64_t auth_us;
    int64_t issued_us;
    int64_t expires_us;
    struct curfew_list agents; /* of struct curfew_slice */
    struct curfew_list path; /* of struct curfew_path_step, root first */
    struct curfew_list approvals; /* of struct curfew_slice */
    struct curfew_list policies; /* of struct curfew_policy_version */
    bool supervised;
    struct curfew_slice key; /* RFC 7638 SHA-256 thumbprint (base64url) of the key that signed it */
};

struct curfew_token_created {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_claims claims;
};

struct curfew_token_revoked {
    struct curfew_slice writer;
    int64_t said_us;
    struct curfew_slice session;
    struct curfew_slice issuer;
    struct curfew_slice jti;
    struct curfew_slice reason;
};

struct curfew_tick {
    struct curfew_slice writer;
    int64_t said_us;
    int64_t control_offset; /* control records up to here, inclusive, are taken in; on lane 0: its own, unused */
};

/* A revocation: raises one subject. */
struct curfew_floor {
    uint8_t subject[CURFEW_DIGEST_SIZE];
    int32_t kind; /* enum curfew_kind, for people and metrics: not part of the chain */
    int64_t floor;
    int64_t expires_us; /* no token it could concern lives longer */
};

struct curfew_floors {
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int32_t lane;
    int64_t cause; /* offset of the record they are due to */
    int32_t part; /* from 0, where one cause needs several records */
    int64_t cause_before; /* cause of the link before; -1: none */
    uint8_t chain_before[CURFEW_CHAIN_SIZE];
    uint8_t chain[CURFEW_CHAIN_SIZE];
    struct curfew_list floors; /* of struct curfew_floor, 1..CURFEW_FLOORS_MAX */
};

struct curfew_beacon {
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int32_t lane;
    int32_t lanes;
    int64_t as_of_us; /* the tick's timestamp: all durable before it is reflected */
    int64_t offset; /* the tick's */
    int64_t last_cause; /* of the newest link; -1: none yet */
    int64_t oldest_cause; /* of the oldest link that still has a live floor; -1: no floor lives */
    uint8_t chain[CURFEW_CHAIN_SIZE]; /* of the newest link; zeros: none yet */
    int64_t genesis_us; /* timestamp of the log's first record */
    int32_t skew_ms; /* the settings' */
    struct curfew_slice key_id; /* empty until beacons are signed */
    struct curfew_slice signature; /* empty until beacons are signed */
};

struct curfew_refusal {
    int64_t offset;
    int32_t reason; /* enum curfew_reason */
    bool retriable; /* sending the same event again later can help */
};

struct curfew_accepted {
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int32_t lane;
    int64_t from; /* inclusive */
    int64_t to; /* inclusive */
    struct curfew_list digests; /* of uint8_t[CURFEW_RECORD_DIGEST_SIZE]: which record each offset of the range is */
    struct curfew_list refused; /* of struct curfew_refusal, ascending by offset */
    struct curfew_slice key_id;
    struct curfew_slice signature;
};

struct curfew_lane_status {
    int32_t lane;
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t offset; /* the newest good beacon's; -1: none */
    int64_t as_of_us; /* the newest good beacon's; 0: none */
    int64_t age_ms; /* as the hop's reader computes it; -1: cannot say */
    struct curfew_slice problem; /* empty: none */
};

struct curfew_hop_status {
    struct curfew_slice hop;
    struct curfew_slice boot;
    int64_t said_us;
    struct curfew_slice version;
    int64_t floors; /* held */
    struct curfew_list lanes; /* of struct curfew_lane_status */
};

struct curfew_dead_letter {
    struct curfew_slice topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_us;
    int64_t length; /* of the value; the value itself is not carried */
    uint8_t digest[32]; /* SHA-256 of the value */
    int32_t reason; /* enum curfew_reason */
};

struct curfew_event {
    enum curfew_event_type type;
    union {
        struct curfew_genesis genesis;
        struct curfew_settings_changed settings;
        struct curfew_subject_revoked subject_revoked;
        struct curfew_writer_set writer_set;
        struct curfew_policy_adopted policy_adopted;
        struct curfew_policy_raised policy_raised;
        struct curfew_records_skipped records_skipped;
        struct curfew_resync resync;
        struct curfew_session_started session_started;
        struct curfew_session_ended session_ended;
        struct curfew_task_started task_started;
        struct curfew_attempt_ended attempt_ended;
        struct curfew_task_ended task_ended;
        struct curfew_holder_heartbeat holder_heartbeat;
        struct curfew_token_created token_created;
        struct curfew_token_revoked token_revoked;
        struct curfew_tick tick;
        struct curfew_floors floors;
        struct curfew_beacon beacon;
        struct curfew_accepted accepted;
        struct curfew_hop_status hop_status;
        struct curfew_dead_letter dead_letter;
    } as;
};

/* The session that an event is about; empty for those that are about none. */
struct curfew_slice curfew_event_session(const struct curfew_event *event);

/* Names as on the wire ("task-ended", "task", "unknown_session"); never NULL. */
const char *curfew_event_name(enum curfew_event_type type);
const char *curfew_kind_name(enum curfew_kind kind);
const char *curfew_reason_name(enum curfew_reason reason);
const char *curfew_role_name(enum curfew_role role); /* "issuer" */

#endif
