/* verdicts: a stack that any thread pushes on and one takes whole, and the OCSF event of a verdict. */
#include "consumer/verdicts.h"

#include "core/digest.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define STEP_TEXT (2 * CURFEW_ID_MAX + 32)

enum count {
    ALLOW_STRICT,
    ALLOW_STANDARD,
    ALLOW_BEST_EFFORT,
    FOLDED_DENY,
    FOLDED_NOT_VALID,
    FOLDED_UNAVAILABLE,
    COUNTS
};

const char *const curfew_verdicts_counts[] = {"allow_strict",
                                              "allow_standard",
                                              "allow_best_effort",
                                              "folded_deny",
                                              "folded_not_valid",
                                              "folded_unavailable",
                                              NULL};

struct told {
    struct told *next;
    struct curfew_json *event;
    size_t tenant_size;
    uint8_t tenant[];
};

struct curfew_verdicts {
    const char *audience;
    _Atomic(struct told *) newest; /* released by who pushes, acquired by who takes all of it: no ABA */
    /* Numbers: each stands for itself, so they are read and written relaxed. */
    _Atomic int64_t waiting;
    _Atomic int64_t lost;
    _Atomic int64_t counts[COUNTS];
    _Atomic int64_t second; /* boot time; what was told since it began: */
    _Atomic int64_t told[CURFEW_UNAVAILABLE_NOW + 1]; /* by enum curfew_decision */
};

struct curfew_verdicts *curfew_verdicts_create(const char *audience)
{
    struct curfew_verdicts *verdicts = calloc(1, sizeof *verdicts);
    if (verdicts != NULL) {
        verdicts->audience = audience;
    }
    return verdicts;
}

static void drop(struct told *told)
{
    curfew_json_destroy(told->event);
    free(told);
}

void curfew_verdicts_destroy(struct curfew_verdicts *verdicts)
{
    struct told *told = verdicts == NULL ? NULL : atomic_load_explicit(&verdicts->newest, memory_order_acquire);
    while (told != NULL) {
        struct told *next = told->next;
        drop(told);
        told = next;
    }
    free(verdicts);
}

/* ---- the event ---- */

static bool set(struct curfew_json *object, const char *name, struct curfew_json *value)
{
    return curfew_json_set(object, name, value);
}

static struct curfew_json *object_of(const char *name, struct curfew_slice text)
{
    struct curfew_json *object = curfew_json_object();
    if (object != NULL && !curfew_audit_text(object, name, text)) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

static struct curfew_json *agents_of(const struct curfew_claims *claims)
{
    struct curfew_json *agents = curfew_json_array();
    const struct curfew_slice *names = claims->agents.items;
    bool made = agents != NULL;
    for (size_t i = 0; made && i < claims->agents.count; i++) {
        made = curfew_json_append(agents, curfew_json_of_string(names[i]));
    }
    if (!made) {
        curfew_json_destroy(agents);
        return NULL;
    }
    return agents;
}

/* "acme/nightly-close#1", root first. */
static struct curfew_json *path_of(const struct curfew_claims *claims)
{
    struct curfew_json *path = curfew_json_array();
    const struct curfew_path_step *steps = claims->path.items;
    bool made = path != NULL;
    for (size_t i = 0; made && i < claims->path.count; i++) {
        char text[STEP_TEXT];
        (void)snprintf(text, sizeof text, "%.*s/%.*s#%lld", CURFEW_SLICE_ARGS(steps[i].tenant),
                       CURFEW_SLICE_ARGS(steps[i].task), (long long)steps[i].attempt);
        made = curfew_json_append(path, curfew_json_of_string(curfew_slice_of(text)));
    }
    if (!made) {
        curfew_json_destroy(path);
        return NULL;
    }
    return path;
}

/* The user, the agent that acts for him now, and the session; of a token that proved nothing: somebody. */
static struct curfew_json *actor_of(const struct curfew_claims *claims, bool allowed)
{
    const struct curfew_slice *agents = claims == NULL ? NULL : claims->agents.items;
    struct curfew_json *actor = curfew_json_object();
    struct curfew_json *decisions = curfew_json_array();
    bool made = curfew_json_append(decisions, object_of("decision", curfew_slice_of(allowed ? "allowed" : "denied")));
    made = set(actor, "authorizations", decisions) && made;
    if (claims == NULL) {
        made = made && curfew_audit_text(actor, "app_name", curfew_slice_of("unknown"));
    } else {
        made = made && set(actor, "user", object_of("uid", claims->user)) &&
               set(actor, "session", object_of("uid", claims->session));
        made = made &&
               (claims->agents.count == 0 || curfew_audit_text(actor, "app_uid", agents[claims->agents.count - 1]));
    }
    if (!made) {
        curfew_json_destroy(actor);
        return NULL;
    }
    return actor;
}

/* The token itself is told by its digest alone. */
static struct curfew_json *own_words(const struct curfew_request *request, const struct curfew_claims *claims,
                                     const struct curfew_verdict *verdict)
{
    char digest[2 * CURFEW_SHA256_SIZE + 1];
    char subject[2 * CURFEW_DIGEST_SIZE + 1];
    uint8_t sum[CURFEW_SHA256_SIZE];
    const struct curfew_slice token = {(const uint8_t *)request->token, request->token_size};
    struct curfew_json *words = curfew_json_object();
    curfew_sha256(&token, 1, sum);
    curfew_hex(sum, sizeof sum, digest);
    curfew_hex(verdict->subject, sizeof verdict->subject, subject);
    bool made = curfew_audit_text(words, "class", curfew_slice_of(curfew_class_name(request->strictness))) &&
                curfew_audit_text(words, "token_sha256", curfew_slice_of(digest)) &&
                (verdict->age_us < 0 || set(words, "age_ms", curfew_json_of_int(verdict->age_us / CURFEW_US_PER_MS))) &&
                (verdict->stale_lane < 0 || set(words, "stale_lane", curfew_json_of_int(verdict->stale_lane)));
    if (made && verdict->decision == CURFEW_DENY) {
        made = curfew_audit_text(words, "kind", curfew_slice_of(curfew_kind_name(verdict->kind))) &&
               curfew_audit_text(words, "subject", curfew_slice_of(subject));
    }
    if (made && claims != NULL) {
        made = curfew_audit_text(words, "issuer", claims->issuer) && curfew_audit_text(words, "jti", claims->jti) &&
               set(words, "agents", agents_of(claims)) && set(words, "path", path_of(claims));
    }
    if (!made) {
        curfew_json_destroy(words);
        return NULL;
    }
    return words;
}

static enum curfew_audit_disposition disposition_of(enum curfew_decision decision)
{
    return decision == CURFEW_DENY        ? CURFEW_AUDIT_ACCESS_REVOKED
           : decision == CURFEW_NOT_VALID ? CURFEW_AUDIT_UNAUTHORIZED
                                          : CURFEW_AUDIT_BLOCKED;
}

/* At most CURFEW_ASKED_MAX bytes, and no piece of a character. */
static struct curfew_slice asked(const char *text)
{
    struct curfew_slice cut = {(const uint8_t *)text, text == NULL ? 0 : strnlen(text, CURFEW_ASKED_MAX + 1)};
    if (cut.size > CURFEW_ASKED_MAX) {
        cut.size = CURFEW_ASKED_MAX;
        while (cut.size > 0 && (cut.at[cut.size] & 0xc0) == 0x80) {
            cut.size--;
        }
    }
    return cut;
}

/* What was asked for, and at whose door. */
static bool set_asked(const struct curfew_verdicts *verdicts, struct curfew_json *event,
                      const struct curfew_request *request)
{
    const struct curfew_slice action = asked(request->action);
    const bool leaks =
        request->resource != NULL && request->token_size > 0 &&
        memmem(request->resource, strlen(request->resource), request->token, request->token_size) != NULL;
    const struct curfew_slice resource =
        leaks ? curfew_slice_of("(withheld: it holds the token)") : asked(request->resource);
    struct curfew_json *resources = resource.size == 0 ? NULL : curfew_json_array();
    return set(event, "api", object_of("operation", action.size == 0 ? curfew_slice_of("authorize") : action)) &&
           set(event, "src_endpoint", object_of("svc_name", curfew_slice_of(verdicts->audience))) &&
           (resource.size == 0 ||
            (curfew_json_append(resources, object_of("name", resource)) && set(event, "resources", resources)));
}

static struct curfew_json *event_of(const struct curfew_verdicts *verdicts, const struct curfew_request *request,
                                    const struct curfew_claims *claims, const struct curfew_verdict *verdict,
                                    int64_t time_us)
{
    const bool unavailable = verdict->decision == CURFEW_UNAVAILABLE_NOW;
    const struct curfew_audit_kind kind = {CURFEW_AUDIT_API_ACTIVITY, CURFEW_AUDIT_OTHER, "Authorize",
                                           verdict->decision == CURFEW_DENY ? CURFEW_AUDIT_MEDIUM : CURFEW_AUDIT_LOW,
                                           unavailable};
    struct curfew_json *event = curfew_audit_event(&kind, time_us);
    struct curfew_json *unmapped = curfew_json_object();
    bool made = set(unmapped, "curfew", own_words(request, claims, verdict));
    made = set(event, "unmapped", unmapped) && made;
    if (!made || !set(event, "actor", actor_of(claims, false)) || !set_asked(verdicts, event, request) ||
        !curfew_audit_denied(event, disposition_of(verdict->decision)) ||
        !curfew_audit_text(event, "status_code", curfew_slice_of(verdict->reason)) ||
        !curfew_audit_text(event, "status_detail", curfew_slice_of(curfew_decision_name(verdict->decision)))) {
        curfew_json_destroy(event);
        return NULL;
    }
    return event;
}

/* ---- telling and taking ---- */

static void count(struct curfew_verdicts *verdicts, enum count which)
{
    atomic_fetch_add_explicit(&verdicts->counts[which], 1, memory_order_relaxed);
}

/* Whether there is room for one more of its kind in this second. Two threads may both begin one: then a few more are.
 */
static bool has_room(struct curfew_verdicts *verdicts, enum curfew_decision decision, int64_t second)
{
    const int64_t most = decision == CURFEW_DENY        ? CURFEW_VERDICTS_DENIES_S
                         : decision == CURFEW_NOT_VALID ? CURFEW_VERDICTS_NOT_VALID_S
                                                        : CURFEW_VERDICTS_UNAVAILABLE_S;
    if (atomic_exchange_explicit(&verdicts->second, second, memory_order_relaxed) != second) {
        for (int i = 0; i <= CURFEW_UNAVAILABLE_NOW; i++) {
            atomic_store_explicit(&verdicts->told[i], 0, memory_order_relaxed);
        }
    }
    return atomic_fetch_add_explicit(&verdicts->told[decision], 1, memory_order_relaxed) < most;
}

static void push(struct curfew_verdicts *verdicts, struct told *told)
{
    told->next = atomic_load_explicit(&verdicts->newest, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&verdicts->newest, &told->next, told, memory_order_release,
                                                  memory_order_relaxed)) {
    }
}

static void keep(struct curfew_verdicts *verdicts, const struct curfew_request *request,
                 const struct curfew_claims *claims, const struct curfew_verdict *verdict, int64_t time_us)
{
    const struct curfew_slice tenant = claims == NULL ? (struct curfew_slice){NULL, 0} : claims->tenant;
    struct told *told = NULL;
    if (atomic_fetch_add_explicit(&verdicts->waiting, 1, memory_order_relaxed) < CURFEW_VERDICTS_MAX) {
        told = calloc(1, sizeof *told + tenant.size);
    }
    if (told != NULL && (told->event = event_of(verdicts, request, claims, verdict, time_us)) == NULL) {
        free(told);
        told = NULL;
    }
    if (told == NULL) {
        atomic_fetch_sub_explicit(&verdicts->waiting, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&verdicts->lost, 1, memory_order_relaxed);
        return;
    }
    told->tenant_size = tenant.size;
    if (tenant.size > 0) {
        memcpy(told->tenant, tenant.at, tenant.size);
    }
    push(verdicts, told);
}

void curfew_verdicts_tell(struct curfew_verdicts *verdicts, const struct curfew_request *request,
                          const struct curfew_claims *claims, const struct curfew_verdict *verdict,
                          struct curfew_now now)
{
    static const enum count folded[] = {
        [CURFEW_DENY] = FOLDED_DENY,
        [CURFEW_NOT_VALID] = FOLDED_NOT_VALID,
        [CURFEW_NEEDS_REAPPROVAL] = FOLDED_DENY,
        [CURFEW_UNAVAILABLE_NOW] = FOLDED_UNAVAILABLE,
    };
    if (verdict->decision == CURFEW_ALLOW) {
        count(verdicts, request->strictness == CURFEW_CLASS_STRICT     ? ALLOW_STRICT
                        : request->strictness == CURFEW_CLASS_STANDARD ? ALLOW_STANDARD
                                                                       : ALLOW_BEST_EFFORT);
    } else if (has_room(verdicts, verdict->decision, now.boot_us / CURFEW_US_PER_S)) {
        keep(verdicts, request, claims, verdict, now.wall_us);
    } else {
        count(verdicts, folded[verdict->decision]);
    }
}

void curfew_verdicts_take(struct curfew_verdicts *verdicts, struct curfew_audit *audit)
{
    struct told *newest = atomic_exchange_explicit(&verdicts->newest, NULL, memory_order_acquire);
    struct told *oldest = NULL;
    while (newest != NULL) { /* turned round: told first, numbered first */
        struct told *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    for (size_t i = 0; i < COUNTS; i++) {
        curfew_audit_count(audit, i, atomic_exchange_explicit(&verdicts->counts[i], 0, memory_order_relaxed));
    }
    while (oldest != NULL) {
        struct told *next = oldest->next;
        struct curfew_error error;
        const enum curfew_status status = curfew_audit_add(
            audit, oldest->event, NULL, (struct curfew_slice){oldest->tenant, oldest->tenant_size}, NULL, &error);
        if (status != CURFEW_OK) {
            curfew_audit_lose(audit, 1);
        }
        if (status != CURFEW_FULL) {
            oldest->event = NULL; /* it was taken over */
        }
        drop(oldest);
        atomic_fetch_sub_explicit(&verdicts->waiting, 1, memory_order_relaxed);
        oldest = next;
    }
    curfew_audit_lose(audit, atomic_exchange_explicit(&verdicts->lost, 0, memory_order_relaxed));
}
