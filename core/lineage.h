/* lineage: the list of (subject, value) a token depends on. One function makes it from the claims; issuer, coordinator
 * and hop share it. A token is denied iff, for some entry, value < floor. Pure. Any thread.
 *
 * Order: token, session, path (root first), approvals, supervision, user, agents, tenants (root first, each once), key,
 * policies. */
#ifndef CURFEW_CORE_LINEAGE_H
#define CURFEW_CORE_LINEAGE_H

#include "core/subject.h"

/* token, session, supervision, user, key + path + approvals + agents + tenants (root's and one a step) + policies */
#define CURFEW_LINEAGE_MAX                                                                                             \
    (5 + CURFEW_PATH_MAX + CURFEW_APPROVALS_MAX + CURFEW_AGENTS_MAX + 1 + CURFEW_PATH_MAX + CURFEW_POLICIES_MAX)

struct curfew_lineage_entry {
    struct curfew_subject subject;
    enum curfew_kind kind;
    int64_t value;
};

struct curfew_lineage {
    size_t count;
    struct curfew_lineage_entry entries[CURFEW_LINEAGE_MAX];
};

/* Checks everything about claims that needs no state and no clock: ids (core/id.h), counts within bounds, attempts >=
 * 1, no two steps of the path with the same task, policy versions >= 0, auth_us and issued_us > 0, expires_us >
 * issued_us, auth_us <= issued_us is NOT required (clocks differ). The session id must name a lane; jti, tenant,
 * issuer, user must be valid ids; agents, approvals likewise; key may be empty. CURFEW_INVALID says which claim. */
enum curfew_status curfew_claims_check(const struct curfew_claims *claims,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;

/* The lineage of claims that passed curfew_claims_check. An empty key adds no entry. */
void curfew_lineage_of(const struct curfew_claims *claims, struct curfew_lineage *lineage);

/* The part of it that spans sessions: user, agents, tenants, key, policies. */
void curfew_lineage_standing(const struct curfew_claims *claims, struct curfew_lineage *lineage);

#endif
