/* draft: claims to a signed token (RFC 9068 with the `curfew` claim). */
#include "services/issuer/draft.h"
#include "consumer/claims.h"
#include "consumer/token.h"
#include "core/base64url.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/id.h"
#include "core/json.h"
#include "core/lineage.h"
#include <curfew/hop.h>
#include <stdlib.h>

#define LIFE_MAX_S (24 * 60 * 60) /* no token lives longer, whatever a cluster allows */

static int64_t whole_seconds(int64_t us)
{
    return us - us % CURFEW_US_PER_S;
}

static enum curfew_status check_wish(const struct curfew_mint *mint, struct curfew_error *error)
{
    size_t count = 0;
    while (mint->audiences != NULL && mint->audiences[count] != NULL) {
        if (!curfew_id_valid(curfew_slice_of(mint->audiences[count]))) {
            return curfew_error_set(error, CURFEW_INVALID,
                                    "minting a token: an audience must be UTF-8 text of 1..%d bytes", CURFEW_ID_MAX);
        }
        count++;
    }
    if (count == 0 || count > CURFEW_AUDIENCES_MAX) {
        return curfew_error_set(error, CURFEW_INVALID, "minting a token: it needs 1..%d audiences, not %zu",
                                CURFEW_AUDIENCES_MAX, count);
    }
    if (!curfew_id_valid(curfew_slice_of(mint->client_id))) {
        return curfew_error_set(error, CURFEW_INVALID, "minting a token: client_id must be UTF-8 text of 1..%d bytes",
                                CURFEW_ID_MAX);
    }
    if (mint->claims.issued_us < 0 || mint->claims.issued_us > CURFEW_DATE_MAX_US || mint->claims.expires_us < 0 ||
        mint->claims.expires_us > CURFEW_DATE_MAX_US) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "minting a token: its times must be microseconds after 1970 and before the year 10000");
    }
    if (mint->claims.expires_us == 0 && (mint->life_s < 1 || mint->life_s > LIFE_MAX_S)) {
        return curfew_error_set(error, CURFEW_INVALID, "minting a token: a life of %lld s is not within 1..%d",
                                (long long)mint->life_s, LIFE_MAX_S);
    }
    return CURFEW_OK;
}

/* What is announced must be what the token says, and a NumericDate that every library reads is whole seconds: so the
 * times are rounded first. Down, both: a token may seem older than it is and end early, never the other way. */
static enum curfew_status fill_in(struct curfew_draft *draft, const struct curfew_signer *signer,
                                  const struct curfew_mint *mint, int64_t now_us, struct curfew_error *error)
{
    struct curfew_claims *claims = &draft->claims;
    struct curfew_slice key = curfew_slice_of(curfew_signer_thumbprint(signer));
    *claims = mint->claims;
    if (claims->jti.size == 0) {
        uint8_t random[16];
        curfew_random(random, sizeof random);
        curfew_base64url_encode((struct curfew_slice){random, sizeof random}, draft->jti);
        claims->jti = curfew_slice_of(draft->jti);
    }
    claims->issued_us = whole_seconds(claims->issued_us == 0 ? now_us : claims->issued_us);
    if (claims->expires_us == 0) {
        claims->expires_us = claims->issued_us + mint->life_s * CURFEW_US_PER_S;
    }
    claims->expires_us = whole_seconds(claims->expires_us);
    if (claims->key.size > 0 && !curfew_slice_equal(claims->key, key)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "minting a token: the claims name another key than the signer's, %s",
                                curfew_signer_thumbprint(signer));
    }
    claims->key = key;
    return curfew_claims_check(claims, error);
}

static bool set_slice(struct curfew_json *object, const char *name, struct curfew_slice text)
{
    return curfew_json_set(object, name, curfew_json_of_string(text));
}

static struct curfew_json *names_json(const struct curfew_list *names)
{
    const struct curfew_slice *items = names->items;
    struct curfew_json *array = curfew_json_array();
    bool ok = true;
    for (size_t i = 0; i < names->count; i++) {
        ok = curfew_json_append(array, curfew_json_of_string(items[i])) && ok;
    }
    if (!ok) {
        curfew_json_destroy(array);
        return NULL;
    }
    return array;
}

static struct curfew_json *path_json(const struct curfew_list *path)
{
    const struct curfew_path_step *steps = path->items;
    struct curfew_json *array = curfew_json_array();
    bool ok = true;
    for (size_t i = 0; i < path->count; i++) {
        struct curfew_json *step = curfew_json_array();
        ok = curfew_json_append(step, curfew_json_of_string(steps[i].tenant)) &&
             curfew_json_append(step, curfew_json_of_string(steps[i].task)) &&
             curfew_json_append(step, curfew_json_of_int(steps[i].attempt)) && ok;
        ok = curfew_json_append(array, step) && ok;
    }
    if (!ok) {
        curfew_json_destroy(array);
        return NULL;
    }
    return array;
}

static struct curfew_json *policies_json(const struct curfew_list *policies)
{
    const struct curfew_policy_version *items = policies->items;
    struct curfew_json *array = curfew_json_array();
    bool ok = true;
    for (size_t i = 0; i < policies->count; i++) {
        struct curfew_json *policy = curfew_json_array();
        ok = curfew_json_append(policy, curfew_json_of_string(items[i].name)) &&
             curfew_json_append(policy, curfew_json_of_int(items[i].version)) && ok;
        ok = curfew_json_append(array, policy) && ok;
    }
    if (!ok) {
        curfew_json_destroy(array);
        return NULL;
    }
    return array;
}

/* RFC 8693 §4.1: the agent that acts now outermost, who handed it the work inside. For readers that know nothing of
 * `curfew`; decisions rest on curfew.agents. */
static struct curfew_json *act_json(const struct curfew_list *agents)
{
    const struct curfew_slice *items = agents->items;
    struct curfew_json *act = NULL;
    for (size_t i = 0; i < agents->count; i++) {
        struct curfew_json *outer = curfew_json_object();
        bool ok = set_slice(outer, "sub", items[i]);
        if (i > 0) {
            ok = curfew_json_set(outer, "act", act) && ok;
        }
        if (!ok) {
            curfew_json_destroy(outer);
            return NULL;
        }
        act = outer;
    }
    return act;
}

static struct curfew_json *own_json(const struct curfew_claims *claims)
{
    struct curfew_json *object = curfew_json_object();
    bool ok = curfew_json_set(object, "v", curfew_json_of_int(1)) && set_slice(object, "tenant", claims->tenant) &&
              set_slice(object, "session", claims->session) &&
              curfew_json_set(object, "auth_us", curfew_json_of_int(claims->auth_us)) &&
              (claims->agents.count == 0 || curfew_json_set(object, "agents", names_json(&claims->agents))) &&
              (claims->path.count == 0 || curfew_json_set(object, "path", path_json(&claims->path))) &&
              (claims->approvals.count == 0 || curfew_json_set(object, "approvals", names_json(&claims->approvals))) &&
              (claims->policies.count == 0 || curfew_json_set(object, "policies", policies_json(&claims->policies))) &&
              (!claims->supervised || curfew_json_set(object, "supervised", curfew_json_of_bool(true)));
    if (!ok) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

static struct curfew_json *audience_json(const char *const *audiences)
{
    struct curfew_json *array = curfew_json_array();
    if (audiences[1] == NULL) {
        curfew_json_destroy(array);
        return curfew_json_of_string(curfew_slice_of(audiences[0]));
    }
    bool ok = true;
    for (size_t i = 0; audiences[i] != NULL; i++) {
        ok = curfew_json_append(array, curfew_json_of_string(curfew_slice_of(audiences[i]))) && ok;
    }
    if (!ok) {
        curfew_json_destroy(array);
        return NULL;
    }
    return array;
}

/* The payload as JSON text; NULL when memory runs out, or the scope is not UTF-8. */
static char *payload_of(const struct curfew_claims *claims, const struct curfew_mint *mint)
{
    char *text = NULL;
    struct curfew_json *payload = curfew_json_object();
    bool ok = set_slice(payload, "iss", claims->issuer) && set_slice(payload, "sub", claims->user) &&
              curfew_json_set(payload, "aud", audience_json(mint->audiences)) &&
              set_slice(payload, "client_id", curfew_slice_of(mint->client_id)) &&
              curfew_json_set(payload, "iat", curfew_json_of_int(claims->issued_us / CURFEW_US_PER_S)) &&
              curfew_json_set(payload, "exp", curfew_json_of_int(claims->expires_us / CURFEW_US_PER_S)) &&
              set_slice(payload, "jti", claims->jti) &&
              (mint->scope == NULL || set_slice(payload, "scope", curfew_slice_of(mint->scope))) &&
              (claims->agents.count == 0 || curfew_json_set(payload, "act", act_json(&claims->agents))) &&
              curfew_json_set(payload, "curfew", own_json(claims));
    if (ok) {
        text = curfew_json_print(payload);
    }
    curfew_json_destroy(payload);
    return text;
}

enum curfew_status curfew_draft_make(struct curfew_draft *draft, const struct curfew_signer *signer,
                                     const struct curfew_mint *mint, int64_t now_us, struct curfew_error *error)
{
    *draft = (struct curfew_draft){.token = NULL};
    enum curfew_status status = check_wish(mint, error);
    if (status == CURFEW_OK) {
        status = fill_in(draft, signer, mint, now_us, error);
    }
    if (status != CURFEW_OK) {
        return status;
    }
    char *payload = payload_of(&draft->claims, mint);
    if (payload == NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "minting a token: its payload could not be written: the scope is not UTF-8, or memory "
                                "ran out");
    }
    status = curfew_signer_sign(signer, curfew_slice_of(payload), &draft->token, error);
    free(payload);
    if (status == CURFEW_OK && strlen(draft->token) > CURFEW_TOKEN_MAX) {
        status = curfew_error_set(error, CURFEW_INVALID,
                                  "minting a token: it would be %zu bytes, and hops read at most %d; use shorter ids, "
                                  "fewer agents or a shorter path",
                                  strlen(draft->token), CURFEW_TOKEN_MAX);
        curfew_draft_wipe(draft);
    }
    return status;
}

void curfew_draft_wipe(struct curfew_draft *draft)
{
    if (draft->token != NULL) {
        explicit_bzero(draft->token, strlen(draft->token));
        free(draft->token);
        draft->token = NULL;
    }
}
