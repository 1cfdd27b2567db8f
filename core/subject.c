/* subject: digests of what floors stand on. */
#include "core/subject.h"
#include "core/digest.h"
#include <string.h>

struct curfew_subject curfew_subject_of(enum curfew_kind kind, struct curfew_slice tenant, struct curfew_slice scope,
                                        struct curfew_slice id)
{
    /* A length before each string, so that bytes moved from one field to the next make another subject. */
    const struct curfew_slice fields[] = {curfew_slice_of("curfew-subject-1"), tenant, scope, id};
    const uint8_t kind_byte = (uint8_t)kind;
    uint8_t lengths[4][4];
    for (size_t i = 0; i < 4; i++) {
        curfew_put_be32(lengths[i], (uint32_t)fields[i].size);
    }
    const struct curfew_slice parts[] = {
        {lengths[0], 4}, fields[0], {&kind_byte, 1}, {lengths[1], 4}, fields[1],
        {lengths[2], 4}, fields[2], {lengths[3], 4}, fields[3],
    };

    uint8_t digest[CURFEW_SHA256_SIZE];
    curfew_sha256(parts, sizeof parts / sizeof parts[0], digest);
    struct curfew_subject subject;
    memcpy(subject.digest, digest, sizeof subject.digest);
    return subject;
}

bool curfew_subject_equal(const struct curfew_subject *a, const struct curfew_subject *b)
{
    return memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

static const struct curfew_slice none = {NULL, 0};

struct curfew_subject curfew_subject_token(struct curfew_slice tenant, struct curfew_slice issuer,
                                           struct curfew_slice jti)
{
    return curfew_subject_of(CURFEW_KIND_TOKEN, tenant, issuer, jti);
}

struct curfew_subject curfew_subject_session(struct curfew_slice tenant, struct curfew_slice session)
{
    return curfew_subject_of(CURFEW_KIND_SESSION, tenant, none, session);
}

struct curfew_subject curfew_subject_task(struct curfew_slice tenant, struct curfew_slice session,
                                          struct curfew_slice task)
{
    return curfew_subject_of(CURFEW_KIND_TASK, tenant, session, task);
}

struct curfew_subject curfew_subject_approval(struct curfew_slice tenant, struct curfew_slice session,
                                              struct curfew_slice approval)
{
    return curfew_subject_of(CURFEW_KIND_APPROVAL, tenant, session, approval);
}

struct curfew_subject curfew_subject_supervision(struct curfew_slice tenant, struct curfew_slice session)
{
    return curfew_subject_of(CURFEW_KIND_SUPERVISION, tenant, none, session);
}

struct curfew_subject curfew_subject_cleanup(struct curfew_slice tenant, struct curfew_slice session,
                                             struct curfew_slice task)
{
    return curfew_subject_of(CURFEW_KIND_CLEANUP, tenant, session, task);
}

struct curfew_subject curfew_subject_user(struct curfew_slice tenant, struct curfew_slice issuer,
                                          struct curfew_slice user)
{
    return curfew_subject_of(CURFEW_KIND_USER, tenant, issuer, user);
}

struct curfew_slice curfew_subject_trust_domain(struct curfew_slice agent)
{
    const struct curfew_slice scheme = curfew_slice_of("spiffe://");
    if (agent.size < scheme.size || memcmp(agent.at, scheme.at, scheme.size) != 0) {
        return none;
    }
    struct curfew_slice domain = {agent.at + scheme.size, agent.size - scheme.size};
    const uint8_t *slash = domain.size == 0 ? NULL : memchr(domain.at, '/', domain.size);
    if (slash != NULL) {
        domain.size = (size_t)(slash - domain.at);
    }
    return domain;
}

struct curfew_subject curfew_subject_agent(struct curfew_slice tenant, struct curfew_slice agent)
{
    return curfew_subject_of(CURFEW_KIND_AGENT, tenant, curfew_subject_trust_domain(agent), agent);
}

struct curfew_subject curfew_subject_tenant(struct curfew_slice tenant)
{
    return curfew_subject_of(CURFEW_KIND_TENANT, tenant, none, tenant);
}

struct curfew_subject curfew_subject_key(struct curfew_slice thumbprint)
{
    return curfew_subject_of(CURFEW_KIND_KEY, none, none, thumbprint);
}

struct curfew_subject curfew_subject_policy(struct curfew_slice tenant, struct curfew_slice policy)
{
    return curfew_subject_of(CURFEW_KIND_POLICY, tenant, none, policy);
}
