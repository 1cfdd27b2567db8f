/* target: the names of what operators revoke. */
#include "services/coordinator/target.h"

#include "core/base64url.h"
#include "core/digest.h"
#include "core/id.h"

bool curfew_target_revocable(enum curfew_kind kind)
{
    return kind == CURFEW_KIND_USER || kind == CURFEW_KIND_AGENT || kind == CURFEW_KIND_TENANT ||
           kind == CURFEW_KIND_KEY || kind == CURFEW_KIND_POLICY;
}

bool curfew_target_needs_second(enum curfew_kind kind)
{
    return kind == CURFEW_KIND_TENANT || kind == CURFEW_KIND_KEY || kind == CURFEW_KIND_POLICY;
}

/* One character wrong would revoke a key nobody has, and say that it is done. */
static bool is_thumbprint(struct curfew_slice id)
{
    return id.size == CURFEW_BASE64URL_SIZE(CURFEW_SHA256_SIZE) && curfew_base64url_only(id);
}

bool curfew_target_subject(const struct curfew_target *target, struct curfew_subject *subject)
{
    const bool tenant = curfew_id_valid(target->tenant);
    const bool id = curfew_id_valid(target->id);
    const bool no_scope = target->scope.size == 0;
    switch (target->kind) {
    case CURFEW_KIND_USER:
        *subject = curfew_subject_user(target->tenant, target->scope, target->id);
        return tenant && id && curfew_id_valid(target->scope);
    case CURFEW_KIND_AGENT:
        *subject = curfew_subject_agent(target->tenant, target->id);
        return tenant && id && curfew_slice_equal(target->scope, curfew_subject_trust_domain(target->id));
    case CURFEW_KIND_TENANT:
        *subject = curfew_subject_tenant(target->tenant);
        return tenant && no_scope && curfew_slice_equal(target->tenant, target->id);
    case CURFEW_KIND_KEY:
        *subject = curfew_subject_key(target->id);
        return target->tenant.size == 0 && no_scope && is_thumbprint(target->id);
    case CURFEW_KIND_POLICY:
        *subject = curfew_subject_policy(target->tenant, target->id);
        return tenant && id && no_scope && target->version >= 0 && target->version < CURFEW_FLOOR_MAX;
    default:
        return false;
    }
}
