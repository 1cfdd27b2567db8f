/* subject: what a floor stands on, as a 128-bit digest: the first 16 bytes of
 *     SHA-256("curfew-subject-1" || kind || tenant || scope || id)
 * where kind is one byte, and the label and each string are preceded by their length as 4 bytes big-endian. Tenant is
 * the root session's, for kind tenant the tenant itself, for kind key empty. Ids of different tenants, issuers or
 * sessions never meet. Pure. Any thread. */
#ifndef CURFEW_CORE_SUBJECT_H
#define CURFEW_CORE_SUBJECT_H

#include <curfew/event.h>
#include <curfew/status.h>

struct curfew_subject {
    uint8_t digest[CURFEW_DIGEST_SIZE];
};

struct curfew_subject curfew_subject_of(enum curfew_kind kind, struct curfew_slice tenant, struct curfew_slice scope,
                                        struct curfew_slice id);

bool curfew_subject_equal(const struct curfew_subject *a, const struct curfew_subject *b);

/* The kinds by their names; what the scope and the id of each are:
 *   token        scope issuer          id jti
 *   session      scope -               id session id
 *   task         scope session id      id task id
 *   approval     scope session id      id approval id
 *   supervision  scope -               id session id
 *   cleanup      scope session id      id task id
 *   user         scope issuer          id sub
 *   agent        scope trust domain    id workload id
 *   tenant       tenant = id = the tenant
 *   key          tenant empty          id RFC 7638 thumbprint
 *   policy       tenant the policy's   id policy name */
struct curfew_subject curfew_subject_token(struct curfew_slice tenant, struct curfew_slice issuer,
                                           struct curfew_slice jti);
struct curfew_subject curfew_subject_session(struct curfew_slice tenant, struct curfew_slice session);
struct curfew_subject curfew_subject_task(struct curfew_slice tenant, struct curfew_slice session,
                                          struct curfew_slice task);
struct curfew_subject curfew_subject_approval(struct curfew_slice tenant, struct curfew_slice session,
                                              struct curfew_slice approval);
struct curfew_subject curfew_subject_supervision(struct curfew_slice tenant, struct curfew_slice session);
struct curfew_subject curfew_subject_cleanup(struct curfew_slice tenant, struct curfew_slice session,
                                             struct curfew_slice task);
struct curfew_subject curfew_subject_user(struct curfew_slice tenant, struct curfew_slice issuer,
                                          struct curfew_slice user);
struct curfew_subject curfew_subject_agent(struct curfew_slice tenant, struct curfew_slice agent);
/* The part of a SPIFFE id between its scheme and the next '/'; empty for any other id. */
struct curfew_slice curfew_subject_trust_domain(struct curfew_slice agent);
struct curfew_subject curfew_subject_tenant(struct curfew_slice tenant);
struct curfew_subject curfew_subject_key(struct curfew_slice thumbprint);
struct curfew_subject curfew_subject_policy(struct curfew_slice tenant, struct curfew_slice policy);

#endif
