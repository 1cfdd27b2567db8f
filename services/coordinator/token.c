/* token: the gate of a mint, and the revocation of a single token. */
#include "core/id.h"
#include "core/lineage.h"
#include "services/coordinator/book_state.h"

static struct curfew_ruling admissible(const struct curfew_claims *claims, const struct curfew_moment *moment)
{
    if (curfew_claims_check(claims, NULL) != CURFEW_OK) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    if (claims->issued_us > moment->timestamp_us + moment->skew_us) {
        return curfew_ruling_refused(CURFEW_REASON_FUTURE);
    }
    if (claims->expires_us <= moment->now_us ||
        claims->expires_us - claims->issued_us > moment->settings->token_life_ms * INT64_C(1000)) {
        return curfew_ruling_refused(CURFEW_REASON_EXPIRY);
    }
    return curfew_ruling_accepted();
}

/* Whether the claims say of user and session what the session's start said. */
static struct curfew_ruling matches_session(const struct session *session, const struct curfew_claims *claims)
{
    const struct curfew_subject user = curfew_subject_user(claims->tenant, claims->issuer, claims->user);
    if (!curfew_slice_equal(claims->tenant, session->tenant) || !curfew_subject_equal(&user, &session->user->subject) ||
        claims->auth_us != session->auth_us) {
        return curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
    }
    return claims->expires_us > session->deadline_us ? curfew_ruling_refused(CURFEW_REASON_EXPIRY)
                                                     : curfew_ruling_accepted();
}

/* Walks the path from the root: every step known, alive, at its current attempt, and a child of the step before. */
static struct curfew_ruling walk_path(struct curfew_book *book, const struct session *session,
                                      const struct curfew_claims *claims, struct task *path[CURFEW_PATH_MAX])
{
    const struct curfew_path_step *steps = claims->path.items;
    for (size_t i = 0; i < claims->path.count; i++) {
        struct task *task = curfew_book_task_find(book, session, steps[i].task);
        const bool last = i + 1 == claims->path.count;
        if (!curfew_slice_equal(steps[i].tenant, session->tenant)) {
            return curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
        }
        if (task == NULL || steps[i].attempt > task->attempt) {
            return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_TASK);
        }
        if (task->over) {
            return curfew_ruling_refused(last ? CURFEW_REASON_TASK_OVER : CURFEW_REASON_ANCESTOR_OVER);
        }
        if (steps[i].attempt < task->attempt || task->attempt_over) {
            return curfew_ruling_refused(last ? CURFEW_REASON_ATTEMPT_OVER : CURFEW_REASON_ANCESTOR_OVER);
        }
        if (task->parent != (i == 0 ? NULL : path[i - 1])) {
            return curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
        }
        if (i > 0 && task->parent_attempt != steps[i - 1].attempt) {
            return curfew_ruling_refused(CURFEW_REASON_ANCESTOR_OVER);
        }
        path[i] = task;
    }
    return curfew_ruling_accepted();
}

static void raise_token(struct curfew_book *book, const struct curfew_subject *subject, int64_t expires_us,
                        const struct curfew_moment *moment)
{
    struct curfew_floor floor = {.kind = CURFEW_KIND_TOKEN, .floor = CURFEW_FLOOR_MAX, .expires_us = expires_us};
    memcpy(floor.subject, subject->digest, sizeof floor.subject);
    curfew_book_raise(book, &floor, moment);
}

static struct curfew_ruling rule(struct curfew_book *book, const struct curfew_claims *claims,
                                 const struct curfew_moment *moment)
{
    struct session *session = curfew_book_session_find(book, claims->session);
    if (session == NULL || session->over) {
        return curfew_ruling_refused(session == NULL ? CURFEW_REASON_UNKNOWN_SESSION : CURFEW_REASON_SESSION_OVER);
    }
    struct task *path[CURFEW_PATH_MAX];
    struct curfew_ruling ruling = matches_session(session, claims);
    if (!ruling.refused) {
        ruling = walk_path(book, session, claims, path);
    }
    if (ruling.refused) {
        return ruling;
    }
    ruling = curfew_book_token_stands(book, claims);
    if (ruling.refused) {
        return ruling;
    }
    if (claims->approvals.count > 0) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_APPROVAL);
    }
    if (curfew_ledger_count(book->ledger) >= moment->settings->floors_max) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    if (claims->expires_us > session->newest_us) {
        session->newest_us = claims->expires_us;
    }
    for (size_t i = 0; i < claims->path.count; i++) {
        if (claims->expires_us > path[i]->newest_us) {
            path[i]->newest_us = claims->expires_us;
        }
    }
    return ruling;
}

/* A mint that came too late: what it hangs on is over, and no later try can change that. */
static bool late(struct curfew_ruling ruling)
{
    return ruling.refused &&
           (ruling.reason == CURFEW_REASON_SESSION_OVER || ruling.reason == CURFEW_REASON_TASK_OVER ||
            ruling.reason == CURFEW_REASON_ATTEMPT_OVER || ruling.reason == CURFEW_REASON_ANCESTOR_OVER);
}

struct curfew_ruling curfew_book_token_created(struct curfew_book *book, const struct curfew_token_created *event,
                                               const struct curfew_moment *moment)
{
    const struct curfew_claims *claims = &event->claims;
    const struct curfew_right *right = moment->author->right;
    struct curfew_ruling ruling = admissible(claims, moment);
    if (ruling.refused) {
        return ruling;
    }
    if (!curfew_right_has_tenant(right, claims->tenant) || !curfew_right_has_issuer(right, claims->issuer)) {
        return curfew_ruling_refused(CURFEW_REASON_TENANT);
    }
    const struct curfew_subject subject = curfew_subject_token(claims->tenant, claims->issuer, claims->jti);
    const bool revoked = curfew_ledger_expiry(book->ledger, &subject) > moment->good_us;
    ruling = revoked ? curfew_ruling_refused(CURFEW_REASON_CONTRADICTS) : rule(book, claims, moment);
    if (revoked || late(ruling)) {
        raise_token(book, &subject, claims->expires_us, moment);
    }
    return ruling;
}

struct curfew_ruling curfew_book_token_revoked(struct curfew_book *book, const struct curfew_token_revoked *event,
                                               const struct curfew_moment *moment)
{
    if (!curfew_id_valid(event->issuer) || !curfew_id_valid(event->jti)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    struct session *session = curfew_book_session_find(book, event->session);
    if (session == NULL) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_SESSION);
    }
    const struct curfew_right *right = moment->author->right;
    if (!curfew_right_has(right, CURFEW_ROLE_OPERATOR) &&
        (!curfew_right_has_tenant(right, session->tenant) || !curfew_right_has_issuer(right, event->issuer))) {
        return curfew_ruling_refused(CURFEW_REASON_TENANT);
    }
    curfew_book_session_settle(book, session, moment);
    if (!session->over) {
        const struct curfew_subject subject = curfew_subject_token(session->tenant, event->issuer, event->jti);
        /* The revocation may have overtaken the mint: as long as a token minted by now could live. */
        const int64_t longest_us = moment->now_us + moment->skew_us + moment->settings->token_life_ms * INT64_C(1000);
        raise_token(book, &subject, longest_us > session->newest_us ? longest_us : session->newest_us, moment);
    }
    return curfew_ruling_accepted();
}
