/* lineage: claims checked, and turned into what they depend on. */
#include "core/lineage.h"
#include "core/id.h"

static enum curfew_status check_name(const char *claim, struct curfew_slice id, struct curfew_error *error)
{
    if (curfew_id_valid(id)) {
        return CURFEW_OK;
    }
    return curfew_error_set(error, CURFEW_INVALID,
                            "checking a token's claims: %s has %zu bytes; it must be 1..%d bytes of UTF-8 without "
                            "control characters",
                            claim, id.size, CURFEW_ID_MAX);
}

static enum curfew_status check_count(const char *claim, size_t count, size_t most, struct curfew_error *error)
{
    if (count <= most) {
        return CURFEW_OK;
    }
    return curfew_error_set(error, CURFEW_INVALID, "checking a token's claims: %s has %zu entries; at most %zu may be",
                            claim, count, most);
}

static enum curfew_status check_names(const char *claim, const struct curfew_list *names, size_t most,
                                      struct curfew_error *error)
{
    const struct curfew_slice *items = names->items;
    enum curfew_status status = check_count(claim, names->count, most, error);
    for (size_t i = 0; status == CURFEW_OK && i < names->count; i++) {
        status = check_name(claim, items[i], error);
    }
    return status;
}

static enum curfew_status check_path(const struct curfew_list *path, struct curfew_error *error)
{
    const struct curfew_path_step *steps = path->items;
    enum curfew_status status = check_count("path", path->count, CURFEW_PATH_MAX, error);
    for (size_t i = 0; status == CURFEW_OK && i < path->count; i++) {
        status = check_name("a tenant of path", steps[i].tenant, error);
        if (status == CURFEW_OK) {
            status = check_name("a task of path", steps[i].task, error);
        }
        if (status == CURFEW_OK && steps[i].attempt < 1) {
            status = curfew_error_set(error, CURFEW_INVALID,
                                      "checking a token's claims: step %zu of path has attempt %lld; attempts count "
                                      "from 1",
                                      i, (long long)steps[i].attempt);
        }
        for (size_t j = 0; status == CURFEW_OK && j < i; j++) {
            if (curfew_slice_equal(steps[i].task, steps[j].task)) {
                status = curfew_error_set(error, CURFEW_INVALID,
                                          "checking a token's claims: steps %zu and %zu of path name the same task; a "
                                          "task cannot be its own ancestor",
                                          j, i);
            }
        }
    }
    return status;
}

static enum curfew_status check_policies(const struct curfew_list *policies, struct curfew_error *error)
{
    const struct curfew_policy_version *items = policies->items;
    enum curfew_status status = check_count("policies", policies->count, CURFEW_POLICIES_MAX, error);
    for (size_t i = 0; status == CURFEW_OK && i < policies->count; i++) {
        status = check_name("a name of policies", items[i].name, error);
        if (status == CURFEW_OK && items[i].version < 0) {
            status = curfew_error_set(error, CURFEW_INVALID,
                                      "checking a token's claims: entry %zu of policies has version %lld; versions "
                                      "count from 0",
                                      i, (long long)items[i].version);
        }
    }
    return status;
}

static enum curfew_status check_times(const struct curfew_claims *claims, struct curfew_error *error)
{
    if (claims->auth_us <= 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "checking a token's claims: auth_us is %lld; it must be when the session was "
                                "authenticated, in microseconds since 1970",
                                (long long)claims->auth_us);
    }
    if (claims->issued_us <= 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "checking a token's claims: it was issued at %lld us; that must be after 1970",
                                (long long)claims->issued_us);
    }
    if (claims->expires_us <= claims->issued_us) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "checking a token's claims: it expires at %lld us, which is not after it was issued "
                                "at %lld us",
                                (long long)claims->expires_us, (long long)claims->issued_us);
    }
    return CURFEW_OK;
}

static enum curfew_status check_identity(const struct curfew_claims *claims, struct curfew_error *error)
{
    const struct {
        const char *claim;
        struct curfew_slice id;
    } required[] = {
        {"jti", claims->jti},
        {"tenant", claims->tenant},
        {"iss", claims->issuer},
        {"sub", claims->user},
    };
    enum curfew_status status = CURFEW_OK;
    for (size_t i = 0; status == CURFEW_OK && i < sizeof required / sizeof required[0]; i++) {
        status = check_name(required[i].claim, required[i].id, error);
    }
    if (status == CURFEW_OK && claims->key.size > 0) {
        status = check_name("the key's thumbprint", claims->key, error);
    }
    if (status == CURFEW_OK) {
        int32_t lane = 0;
        status = curfew_session_id_lane(claims->session, &lane, error);
    }
    return status;
}

enum curfew_status curfew_claims_check(const struct curfew_claims *claims, struct curfew_error *error)
{
    enum curfew_status status = check_identity(claims, error);
    if (status == CURFEW_OK) {
        status = check_times(claims, error);
    }
    if (status == CURFEW_OK) {
        status = check_path(&claims->path, error);
    }
    if (status == CURFEW_OK) {
        status = check_names("approvals", &claims->approvals, CURFEW_APPROVALS_MAX, error);
    }
    if (status == CURFEW_OK) {
        status = check_names("agents", &claims->agents, CURFEW_AGENTS_MAX, error);
    }
    if (status == CURFEW_OK) {
        status = check_policies(&claims->policies, error);
    }
    return status;
}

static void add(struct curfew_lineage *lineage, enum curfew_kind kind, struct curfew_subject subject, int64_t value)
{
    lineage->entries[lineage->count++] = (struct curfew_lineage_entry){subject, kind, value};
}

static void add_work(const struct curfew_claims *claims, struct curfew_lineage *lineage)
{
    const struct curfew_path_step *steps = claims->path.items;
    const struct curfew_slice *approvals = claims->approvals.items;
    add(lineage, CURFEW_KIND_TOKEN, curfew_subject_token(claims->tenant, claims->issuer, claims->jti), 0);
    add(lineage, CURFEW_KIND_SESSION, curfew_subject_session(claims->tenant, claims->session), 0);
    for (size_t i = 0; i < claims->path.count; i++) {
        /* The root's tenant also after a hand-off: a task belongs to its session, whoever works on it. */
        add(lineage, CURFEW_KIND_TASK, curfew_subject_task(claims->tenant, claims->session, steps[i].task),
            steps[i].attempt);
    }
    for (size_t i = 0; i < claims->approvals.count; i++) {
        add(lineage, CURFEW_KIND_APPROVAL, curfew_subject_approval(claims->tenant, claims->session, approvals[i]), 0);
    }
    if (claims->supervised) {
        add(lineage, CURFEW_KIND_SUPERVISION, curfew_subject_supervision(claims->tenant, claims->session), 0);
    }
}

/* Whether the tenant of step `at` is the root's, or that of a step before it. */
static bool tenant_is_known(const struct curfew_claims *claims, size_t at)
{
    const struct curfew_path_step *steps = claims->path.items;
    bool known = curfew_slice_equal(steps[at].tenant, claims->tenant);
    for (size_t i = 0; !known && i < at; i++) {
        known = curfew_slice_equal(steps[at].tenant, steps[i].tenant);
    }
    return known;
}

/* What spans sessions is measured by when the session was authenticated, which no exchange or hand-off renews. */
static void add_standing(const struct curfew_claims *claims, struct curfew_lineage *lineage)
{
    const struct curfew_path_step *steps = claims->path.items;
    const struct curfew_slice *agents = claims->agents.items;
    add(lineage, CURFEW_KIND_USER, curfew_subject_user(claims->tenant, claims->issuer, claims->user), claims->auth_us);
    for (size_t i = 0; i < claims->agents.count; i++) {
        add(lineage, CURFEW_KIND_AGENT, curfew_subject_agent(claims->tenant, agents[i]), claims->auth_us);
    }
    add(lineage, CURFEW_KIND_TENANT, curfew_subject_tenant(claims->tenant), claims->auth_us);
    for (size_t i = 0; i < claims->path.count; i++) {
        if (!tenant_is_known(claims, i)) {
            add(lineage, CURFEW_KIND_TENANT, curfew_subject_tenant(steps[i].tenant), claims->auth_us);
        }
    }
}

static void add_key_and_policies(const struct curfew_claims *claims, struct curfew_lineage *lineage)
{
    const struct curfew_policy_version *policies = claims->policies.items;
    if (claims->key.size > 0) {
        add(lineage, CURFEW_KIND_KEY, curfew_subject_key(claims->key), 0);
    }
    for (size_t i = 0; i < claims->policies.count; i++) {
        add(lineage, CURFEW_KIND_POLICY, curfew_subject_policy(claims->tenant, policies[i].name), policies[i].version);
    }
}

void curfew_lineage_of(const struct curfew_claims *claims, struct curfew_lineage *lineage)
{
    lineage->count = 0;
    add_work(claims, lineage);
    add_standing(claims, lineage);
    add_key_and_policies(claims, lineage);
}

void curfew_lineage_standing(const struct curfew_claims *claims, struct curfew_lineage *lineage)
{
    lineage->count = 0;
    add_standing(claims, lineage);
    add_key_and_policies(claims, lineage);
}
