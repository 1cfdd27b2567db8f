/* claims: JSON members to plain fields, nothing taken on trust. */
#include "consumer/claims.h"
#include "consumer/token.h"
#include "core/clock.h"
#include "core/id.h"
#include "core/lineage.h"

#define DATE_MAX_S (CURFEW_DATE_MAX_US / CURFEW_US_PER_S)
#define STEP_SIZE 3 /* [tenant, task, attempt] */
#define POLICY_SIZE 2 /* [name, version] */

static enum curfew_status wrong(struct curfew_error *error, const char *claim, const char *wanted)
{
    return curfew_error_set(error, CURFEW_INVALID, "reading a token's claims: %s must be %s", claim, wanted);
}

bool curfew_claims_date(const struct curfew_json *json, bool up, int64_t *us)
{
    int64_t whole = 0;
    double real = 0;
    if (curfew_json_int(json, &whole)) {
        *us = whole > 0 && whole <= DATE_MAX_S ? whole * CURFEW_US_PER_S : 0;
        return *us > 0;
    }
    if (!curfew_json_real(json, &real) || !(real > 0) || real > (double)DATE_MAX_S) {
        return false;
    }
    double micros = real * (double)CURFEW_US_PER_S;
    *us = (int64_t)micros;
    if (up && (double)*us < micros) {
        *us += 1;
    }
    return *us > 0;
}

/* A list of strings, absent being empty. */
static bool read_names(const struct curfew_json *json, struct curfew_slice *names, size_t most,
                       struct curfew_list *list)
{
    size_t count = curfew_json_count(json);
    *list = (struct curfew_list){names, count};
    bool ok = json == NULL || (curfew_json_is_array(json) && count <= most);
    for (size_t i = 0; ok && i < count; i++) {
        ok = curfew_json_string(curfew_json_item(json, i), &names[i]);
    }
    return ok;
}

static bool read_path(const struct curfew_json *json, struct curfew_path_step *steps, struct curfew_list *list)
{
    size_t count = curfew_json_count(json);
    *list = (struct curfew_list){steps, count};
    bool ok = json == NULL || (curfew_json_is_array(json) && count <= CURFEW_PATH_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        const struct curfew_json *step = curfew_json_item(json, i);
        ok = curfew_json_count(step) == STEP_SIZE && curfew_json_string(curfew_json_item(step, 0), &steps[i].tenant) &&
             curfew_json_string(curfew_json_item(step, 1), &steps[i].task) &&
             curfew_json_int(curfew_json_item(step, 2), &steps[i].attempt);
    }
    return ok;
}

static bool read_policies(const struct curfew_json *json, struct curfew_policy_version *policies,
                          struct curfew_list *list)
{
    size_t count = curfew_json_count(json);
    *list = (struct curfew_list){policies, count};
    bool ok = json == NULL || (curfew_json_is_array(json) && count <= CURFEW_POLICIES_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        const struct curfew_json *policy = curfew_json_item(json, i);
        ok = curfew_json_count(policy) == POLICY_SIZE &&
             curfew_json_string(curfew_json_item(policy, 0), &policies[i].name) &&
             curfew_json_int(curfew_json_item(policy, 1), &policies[i].version);
    }
    return ok;
}

static bool audience_ok(const struct curfew_json *json)
{
    struct curfew_slice text;
    size_t count = curfew_json_count(json);
    if (curfew_json_string(json, &text)) {
        return text.size > 0;
    }
    bool ok = curfew_json_is_array(json) && count > 0 && count <= CURFEW_AUDIENCES_MAX;
    for (size_t i = 0; ok && i < count; i++) {
        ok = curfew_json_string(curfew_json_item(json, i), &text) && text.size > 0;
    }
    return ok;
}

/* What RFC 9068 §2.2 requires. */
static enum curfew_status read_registered(const struct curfew_json *payload, struct curfew_claims *claims,
                                          struct curfew_error *error)
{
    int64_t ignored;
    struct curfew_slice client;
    const struct curfew_json *not_before = curfew_json_member(payload, "nbf");
    if (!curfew_json_string(curfew_json_member(payload, "iss"), &claims->issuer)) {
        return wrong(error, "iss", "there, as text");
    }
    if (!curfew_json_string(curfew_json_member(payload, "sub"), &claims->user)) {
        return wrong(error, "sub", "there, as text");
    }
    if (!curfew_json_string(curfew_json_member(payload, "client_id"), &client) || !curfew_id_valid(client)) {
        return wrong(error, "client_id", "there, as text of 1..256 bytes");
    }
    if (!curfew_json_string(curfew_json_member(payload, "jti"), &claims->jti)) {
        return wrong(error, "jti", "there, as text");
    }
    if (!audience_ok(curfew_json_member(payload, "aud"))) {
        return wrong(error, "aud", "there, as text or a list of 1..16 texts");
    }
    if (!curfew_claims_date(curfew_json_member(payload, "iat"), false, &claims->issued_us)) {
        return wrong(error, "iat", "there, as seconds since 1970");
    }
    if (!curfew_claims_date(curfew_json_member(payload, "exp"), false, &claims->expires_us)) {
        return wrong(error, "exp", "there, as seconds since 1970");
    }
    if (not_before != NULL && !curfew_claims_date(not_before, true, &ignored)) {
        return wrong(error, "nbf", "seconds since 1970");
    }
    return CURFEW_OK;
}

static const char *const members[] = {"v",    "tenant",    "session",  "auth_us",    "agents",
                                      "path", "approvals", "policies", "supervised", NULL};

static enum curfew_status read_curfew(const struct curfew_json *curfew, struct curfew_claims_room *room,
                                      struct curfew_claims *claims, struct curfew_error *error)
{
    int64_t version = 0;
    const struct curfew_json *supervised = curfew_json_member(curfew, "supervised");
    if (!curfew_json_is_object(curfew)) {
        return wrong(error, "curfew", "there, as an object");
    }
    if (!curfew_json_int(curfew_json_member(curfew, "v"), &version) || version != 1) {
        return wrong(error, "curfew.v", "1, the version this hop understands");
    }
    if (!curfew_json_only(curfew, members)) {
        return wrong(error, "curfew", "made of members that version 1 knows; one is not");
    }
    if (!curfew_json_string(curfew_json_member(curfew, "tenant"), &claims->tenant)) {
        return wrong(error, "curfew.tenant", "there, as text");
    }
    if (!curfew_json_string(curfew_json_member(curfew, "session"), &claims->session)) {
        return wrong(error, "curfew.session", "there, as text");
    }
    if (!curfew_json_int(curfew_json_member(curfew, "auth_us"), &claims->auth_us)) {
        return wrong(error, "curfew.auth_us", "there, as whole microseconds since 1970");
    }
    if (!read_names(curfew_json_member(curfew, "agents"), room->agents, CURFEW_AGENTS_MAX, &claims->agents)) {
        return wrong(error, "curfew.agents", "a list of at most 16 texts");
    }
    if (!read_path(curfew_json_member(curfew, "path"), room->path, &claims->path)) {
        return wrong(error, "curfew.path", "a list of at most 16 [tenant, task, attempt]");
    }
    if (!read_names(curfew_json_member(curfew, "approvals"), room->approvals, CURFEW_APPROVALS_MAX,
                    &claims->approvals)) {
        return wrong(error, "curfew.approvals", "a list of at most 8 texts");
    }
    if (!read_policies(curfew_json_member(curfew, "policies"), room->policies, &claims->policies)) {
        return wrong(error, "curfew.policies", "a list of at most 8 [name, version]");
    }
    if (!curfew_json_bool(supervised, &claims->supervised) && supervised != NULL) {
        return wrong(error, "curfew.supervised", "true or false");
    }
    return CURFEW_OK;
}

enum curfew_status curfew_claims_read(const struct curfew_json *payload, struct curfew_claims_room *room,
                                      struct curfew_claims *claims, struct curfew_error *error)
{
    *claims = (struct curfew_claims){0};
    enum curfew_status status = read_registered(payload, claims, error);
    if (status == CURFEW_OK) {
        status = read_curfew(curfew_json_member(payload, "curfew"), room, claims, error);
    }
    if (status == CURFEW_OK) {
        status = curfew_claims_check(claims, error);
    }
    return status;
}
