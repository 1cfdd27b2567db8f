/* target: whom or what a revocation on the control lane is about: which names make a subject that operators can revoke.
 * Pure. Any thread. */
#ifndef CURFEW_COORDINATOR_TARGET_H
#define CURFEW_COORDINATOR_TARGET_H

#include "core/subject.h"

struct curfew_target {
    enum curfew_kind kind; /* user, agent, tenant, key, policy */
    struct curfew_slice tenant;
    struct curfew_slice scope;
    struct curfew_slice id;
    int64_t version; /* of a policy; else 0 */
};

/* Whether a kind is among those that operators revoke. */
bool curfew_target_revocable(enum curfew_kind kind);

/* The target's subject, the same as in a token's lineage. False: its names are not those of its kind, which are
 *   user     tenant, scope: the issuer, id: sub
 *   agent    tenant, scope: the trust domain of the id (core/subject.h), id: the workload
 *   tenant   tenant and id: the tenant, no scope
 *   key      id: the RFC 7638 SHA-256 thumbprint, 43 characters of base64url; no tenant, no scope
 *   policy   tenant, id: the policy's name, no scope, version 0 or more */
bool curfew_target_subject(const struct curfew_target *target, struct curfew_subject *subject);

/* Whether it takes effect only when two operators say so, unless one breaks the glass. */
bool curfew_target_needs_second(enum curfew_kind kind);

#endif
