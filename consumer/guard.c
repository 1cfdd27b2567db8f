/* guard: one token, one class, one moment: the verdict. */
#include "consumer/guard.h"
#include "consumer/denyset.h"
#include "consumer/freshness.h"
#include "core/id.h"
#include "core/lineage.h"

#define CONTROL_LANE 0

/* What was known of the two lanes a token rests on, when its check began. */
struct proof {
    enum curfew_fresh control;
    enum curfew_fresh session;
    int64_t control_age_us;
    int64_t session_age_us;
    struct curfew_freshness_mark mark; /* the session's lane's; only with CURFEW_FRESH */
};

const char *curfew_decision_name(enum curfew_decision decision)
{
    switch (decision) {
    case CURFEW_ALLOW:
        return "allow";
    case CURFEW_DENY:
        return "deny";
    case CURFEW_NOT_VALID:
        return "not_valid";
    case CURFEW_NEEDS_REAPPROVAL:
        return "needs_reapproval";
    case CURFEW_UNAVAILABLE_NOW:
        return "unavailable";
    }
    return "unknown";
}

const char *curfew_class_name(enum curfew_class strictness)
{
    switch (strictness) {
    case CURFEW_CLASS_STRICT:
        return "strict";
    case CURFEW_CLASS_STANDARD:
        return "standard";
    case CURFEW_CLASS_BEST_EFFORT:
        return "best_effort";
    }
    return "unknown";
}

enum curfew_status curfew_class_parse(const char *name, enum curfew_class *strictness)
{
    static const enum curfew_class all[] = {CURFEW_CLASS_STRICT, CURFEW_CLASS_STANDARD, CURFEW_CLASS_BEST_EFFORT};
    for (size_t i = 0; name != NULL && i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(name, curfew_class_name(all[i])) == 0) {
            *strictness = all[i];
            return CURFEW_OK;
        }
    }
    return CURFEW_INVALID;
}

static void decide(struct curfew_verdict *verdict, enum curfew_decision decision, const char *reason)
{
    verdict->decision = decision;
    verdict->reason = reason;
}

static struct proof prove(const struct curfew_guard *guard, int32_t lane, struct curfew_now now)
{
    struct proof proof;
    struct curfew_freshness_mark control;
    proof.control = curfew_freshness_read(guard->region, CONTROL_LANE, now, &proof.control_age_us, &control);
    proof.session = curfew_freshness_read(guard->region, lane, now, &proof.session_age_us, &proof.mark);
    return proof;
}

static bool expired(const struct curfew_guard *guard, const struct curfew_claims *claims, struct curfew_now now)
{
    int64_t newest_us = curfew_freshness_newest(guard->region);
    return claims->expires_us <= (now.wall_us > newest_us ? now.wall_us : newest_us);
}

/* The word for what is wrong with the token's times, or NULL. Without a proof of its lane there is neither a skew nor a
 * genesis to judge by; then nothing is allowed anyway. */
static const char *time_fault(const struct curfew_guard *guard, const struct curfew_token *token,
                              const struct proof *proof, struct curfew_now now)
{
    const struct curfew_claims *claims = curfew_token_claims(token);
    bool known = proof->session == CURFEW_FRESH;
    int64_t latest_us = now.wall_us + proof->mark.skew_us;
    if (expired(guard, claims, now)) {
        return "expired";
    }
    if (known && claims->issued_us > latest_us) {
        return "issued_in_future";
    }
    if (known && curfew_token_not_before_us(token) > latest_us) {
        return "not_yet_valid";
    }
    if (claims->expires_us - claims->issued_us > guard->longest_life_us) {
        return "too_long_lived";
    }
    if (known && claims->issued_us < proof->mark.genesis_us + proof->mark.skew_us) {
        return "before_genesis"; /* its issuer's clock may have been ahead by skew */
    }
    return NULL;
}

/* Denies if a floor stands above the token. */
static bool is_revoked(const struct curfew_guard *guard, const struct curfew_claims *claims,
                       struct curfew_verdict *verdict)
{
    struct curfew_lineage lineage;
    curfew_lineage_of(claims, &lineage);
    for (size_t i = 0; i < lineage.count; i++) {
        const struct curfew_lineage_entry *entry = &lineage.entries[i];
        if (entry->value < curfew_denyset_floor(guard->region, &entry->subject)) {
            decide(verdict, CURFEW_DENY, "revoked");
            verdict->kind = entry->kind;
            memcpy(verdict->subject, entry->subject.digest, sizeof verdict->subject);
            return true;
        }
    }
    return false;
}

static void cannot_say(struct curfew_verdict *verdict, const char *reason, int32_t lane)
{
    decide(verdict, CURFEW_UNAVAILABLE_NOW, reason);
    verdict->stale_lane = lane;
}

/* No floor denies: may that be believed? */
static void judge_age(const struct curfew_guard *guard, enum curfew_class strictness, const struct proof *proof,
                      struct curfew_verdict *verdict)
{
    if (proof->control != CURFEW_FRESH) {
        cannot_say(verdict, curfew_fresh_name(proof->control), CONTROL_LANE);
        return;
    }
    if (proof->session != CURFEW_FRESH) {
        cannot_say(verdict, curfew_fresh_name(proof->session), verdict->lane);
        return;
    }
    int64_t limit_us = strictness == CURFEW_CLASS_STRICT ? guard->strict_us : guard->standard_us;
    if (verdict->age_us <= limit_us) {
        decide(verdict, CURFEW_ALLOW, "fresh");
    } else if (strictness == CURFEW_CLASS_BEST_EFFORT) {
        decide(verdict, CURFEW_ALLOW, "best_effort");
    } else {
        cannot_say(verdict, "stale", proof->control_age_us >= proof->session_age_us ? CONTROL_LANE : verdict->lane);
    }
}

/* The proof is read before the floors: a floor and the beacon after it may arrive in between, and a proof read last
 * would vouch for floors that were read too early to hold them. */
static void decide_token(const struct curfew_guard *guard, const struct curfew_token *token,
                         const struct curfew_request *request, struct curfew_now now, struct curfew_verdict *verdict)
{
    struct curfew_error ignored;
    const struct curfew_claims *claims = curfew_token_claims(token);
    int32_t lanes = curfew_freshness_lanes(guard->region);
    const struct curfew_issuer *issuer = curfew_issuers_find(guard->issuers, claims->issuer);
    if (issuer == NULL || !curfew_issuer_speaks_for(issuer, claims->tenant)) {
        decide(verdict, CURFEW_NOT_VALID,
               curfew_token_fault_name(issuer == NULL ? CURFEW_TOKEN_ISSUER : CURFEW_TOKEN_TENANT));
        return;
    }
    if (!curfew_token_has_audience(token, guard->audience)) {
        decide(verdict, CURFEW_NOT_VALID, "audience");
        return;
    }
    if (curfew_session_id_lane(claims->session, &verdict->lane, &ignored) != CURFEW_OK ||
        (lanes > 0 && verdict->lane >= lanes)) {
        decide(verdict, CURFEW_NOT_VALID, curfew_token_fault_name(CURFEW_TOKEN_CLAIMS));
        return;
    }
    struct proof proof = prove(guard, verdict->lane, now);
    if (proof.control == CURFEW_FRESH && proof.session == CURFEW_FRESH) {
        verdict->age_us = proof.control_age_us > proof.session_age_us ? proof.control_age_us : proof.session_age_us;
    }
    const char *fault = time_fault(guard, token, &proof, now);
    if (fault != NULL) {
        decide(verdict, CURFEW_NOT_VALID, fault);
        return;
    }
    if (is_revoked(guard, claims, verdict)) {
        return;
    }
    /* A floor not found may have been dropped because it was no longer needed: because the token is over by now. */
    if (expired(guard, claims, now)) {
        decide(verdict, CURFEW_NOT_VALID, "expired");
        return;
    }
    judge_age(guard, request->strictness, &proof, verdict);
}

/* Nothing is decided yet. False: the request names no class, and there is no default one. */
static bool begin(struct curfew_verdict *verdict, const struct curfew_request *request)
{
    *verdict = (struct curfew_verdict){.lane = -1, .stale_lane = -1, .age_us = -1};
    if (request->strictness < CURFEW_CLASS_STRICT || request->strictness > CURFEW_CLASS_BEST_EFFORT) {
        decide(verdict, CURFEW_UNAVAILABLE_NOW, "class");
        return false;
    }
    return true;
}

void curfew_guard_judge(const struct curfew_guard *guard, const struct curfew_token *token,
                        const struct curfew_request *request, struct curfew_now now, struct curfew_verdict *verdict)
{
    if (begin(verdict, request)) {
        decide_token(guard, token, request, now, verdict);
    }
}

void curfew_guard_decide(const struct curfew_guard *guard, const struct curfew_request *request, struct curfew_now now,
                         struct curfew_verdict *verdict)
{
    struct curfew_token *token = NULL;
    struct curfew_error error = {.status = CURFEW_OK};
    if (!begin(verdict, request)) {
        return;
    }
    struct curfew_slice text = {(const uint8_t *)request->token, request->token == NULL ? 0 : request->token_size};
    enum curfew_token_fault fault = curfew_token_verify(text, guard->issuers, &token, &error);
    if (fault == CURFEW_TOKEN_GOOD) {
        decide_token(guard, token, request, now, verdict);
    } else if (error.status == CURFEW_NOMEM) {
        decide(verdict, CURFEW_UNAVAILABLE_NOW, "memory"); /* nothing wrong with the token: the caller may try again */
    } else {
        decide(verdict, CURFEW_NOT_VALID, curfew_token_fault_name(fault));
    }
    if (guard->told != NULL) {
        guard->told(guard->context, request, token == NULL ? NULL : curfew_token_claims(token), verdict, now);
    }
    curfew_token_destroy(token);
}
