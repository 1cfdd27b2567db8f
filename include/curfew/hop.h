/* hop: "may this go ahead, now?", answered locally.
 *
 * A hop reads the revocations topic, keeps the deny set and its age, and writes the Redis cache if one is configured.
 * Silence is not consent: before the first sync, after a gap, or when the newest proof is older than the class allows,
 * the verdict is unavailable.
 *
 * Threads: a hop has threads of its own. curfew_hop_authorize may be called from any thread at once; it takes no lock
 * and does no I/O. */
#ifndef CURFEW_HOP_H
#define CURFEW_HOP_H

#include <curfew/event.h>
#include <curfew/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CURFEW_TOKEN_MAX (16 * 1024) /* bytes of a token; longer is not valid */
#define CURFEW_ASKED_MAX 256 /* bytes of a request's action or resource that are audited; more is cut off */

struct curfew_hop;

struct curfew_hop_options {
    size_t size; /* sizeof(struct curfew_hop_options) */
    const char *config_file; /* properties; NULL: environment alone */
    const char *const *settings; /* overrides: name, value, …, NULL; may be NULL */
};

/* How old the proof behind an answer may be. No default: a request without a class is an error. */
enum curfew_class {
    CURFEW_CLASS_STRICT = 1, /* 2 s */
    CURFEW_CLASS_STANDARD, /* 30 s */
    CURFEW_CLASS_BEST_EFFORT, /* answers from what is known, and says how old it is; never before the first sync */
};

enum curfew_decision {
    CURFEW_ALLOW = 1,
    CURFEW_DENY, /* revoked: a floor of its lineage stands above it */
    CURFEW_NOT_VALID, /* no valid token: malformed, wrong key, expired, wrong audience, … */
    CURFEW_NEEDS_REAPPROVAL, /* reserved for approvals */
    CURFEW_UNAVAILABLE_NOW, /* cannot be decided on fresh enough knowledge */
};

struct curfew_request {
    size_t size; /* sizeof(struct curfew_request) */
    const char *token;
    size_t token_size;
    enum curfew_class strictness;
    /* What the token is used for, told to the audit as it is: "POST", "/v1/payments/7". They decide nothing, and hold
     * no secret: a path goes without its query. NULL: not known. */
    const char *action;
    const char *resource;
};

struct curfew_verdict {
    enum curfew_decision decision;
    const char *reason; /* a constant word: "fresh", "revoked", "expired", "signature", "stale", … */
    enum curfew_kind kind; /* deny: of the denying subject */
    uint8_t subject[CURFEW_DIGEST_SIZE]; /* deny: the denying subject */
    int32_t lane; /* the session's; -1 before the token was read */
    int32_t stale_lane; /* unavailable: which lane cannot be vouched for; else -1 */
    int64_t age_us; /* of the proof: the older of control's and the lane's; -1: none */
};

enum curfew_status curfew_hop_open(const struct curfew_hop_options *options, struct curfew_hop **hop,
                                   struct curfew_error *error) CURFEW_MUST_CHECK;

/* Always fills `verdict`; an unusable request gives unavailable and CURFEW_INVALID. */
enum curfew_status curfew_hop_authorize(struct curfew_hop *hop, const struct curfew_request *request,
                                        struct curfew_verdict *verdict, struct curfew_error *error) CURFEW_MUST_CHECK;

/* OK when every lane is fresh within strict; otherwise UNAVAILABLE and the error says which lane and why. */
enum curfew_status curfew_hop_ready(struct curfew_hop *hop, struct curfew_error *error) CURFEW_MUST_CHECK;

/* The hop's state as it would publish it, JSON, malloc'ed; NULL when memory runs out. */
char *curfew_hop_status_json(struct curfew_hop *hop);

/* Counters and gauges as Prometheus text, malloc'ed; NULL when memory runs out. */
char *curfew_hop_metrics(struct curfew_hop *hop);

void curfew_hop_close(struct curfew_hop *hop);

const char *curfew_decision_name(enum curfew_decision decision); /* "allow", "deny", "not_valid", … */
enum curfew_status curfew_class_parse(const char *name, enum curfew_class *strictness) CURFEW_MUST_CHECK;
const char *curfew_class_name(enum curfew_class strictness);

#ifdef __cplusplus
}
#endif
#endif
