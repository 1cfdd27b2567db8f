/* standing: what spans sessions (users, agents, tenants, keys, policies), as the book holds it against starts and
 * mints.
 */
#include "core/lineage.h"
#include "services/coordinator/book_state.h"

/* Keys and policies are not mended by logging in again. */
static struct curfew_ruling refused_for(enum curfew_kind kind)
{
    return curfew_ruling_refused(kind == CURFEW_KIND_KEY || kind == CURFEW_KIND_POLICY ? CURFEW_REASON_CONTRADICTS
                                                                                       : CURFEW_REASON_USER_REVOKED);
}

struct curfew_ruling curfew_book_start_stands(const struct curfew_book *book, const struct curfew_subject *user,
                                              const struct curfew_subject *tenant, int64_t auth_us)
{
    const bool stands =
        auth_us >= curfew_revoked_floor(book->revoked, user) && auth_us >= curfew_revoked_floor(book->revoked, tenant);
    return stands ? curfew_ruling_accepted() : curfew_ruling_refused(CURFEW_REASON_USER_REVOKED);
}

/* A version above all that were adopted would outlive whatever its policy is raised to. */
static bool policies_adopted(const struct curfew_book *book, const struct curfew_claims *claims)
{
    const struct curfew_policy_version *policies = claims->policies.items;
    bool adopted = true;
    for (size_t i = 0; adopted && i < claims->policies.count; i++) {
        const struct curfew_subject subject = curfew_subject_policy(claims->tenant, policies[i].name);
        adopted = policies[i].version <= curfew_policies_newest(book->policies, &subject);
    }
    return adopted;
}

/* Revoked users have no open session, so that no token gets this far. */
static bool nothing_of_tokens(const struct curfew_revoked *revoked)
{
    return curfew_revoked_count(revoked, CURFEW_KIND_AGENT) + curfew_revoked_count(revoked, CURFEW_KIND_TENANT) +
               curfew_revoked_count(revoked, CURFEW_KIND_KEY) + curfew_revoked_count(revoked, CURFEW_KIND_POLICY) ==
           0;
}

struct curfew_ruling curfew_book_token_stands(const struct curfew_book *book, const struct curfew_claims *claims)
{
    if (!policies_adopted(book, claims)) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_POLICY);
    }
    if (nothing_of_tokens(book->revoked)) {
        return curfew_ruling_accepted(); /* spares the digests */
    }
    struct curfew_lineage lineage;
    curfew_lineage_standing(claims, &lineage);
    for (size_t i = 0; i < lineage.count; i++) {
        const struct curfew_lineage_entry *entry = &lineage.entries[i];
        if (entry->value < curfew_revoked_floor(book->revoked, &entry->subject)) {
            return refused_for(entry->kind);
        }
    }
    return curfew_ruling_accepted();
}

void curfew_book_policy_adopted(struct curfew_book *book, const struct curfew_subject *policy, int64_t version)
{
    (void)curfew_policies_adopt(book->policies, policy, version); /* control held the bound */
}

static void end_of_user(struct curfew_book *book, const struct curfew_fact_revoked *revoked)
{
    const struct user *user = curfew_book_user_find(book, &revoked->subject);
    struct session *session = user == NULL ? NULL : user->sessions;
    while (session != NULL) { /* the user goes with the last of them */
        struct session *next = session->user_next;
        if (session->auth_us < revoked->floor) {
            curfew_book_session_close(book, session, false, NULL);
        }
        session = next;
    }
}

static void end_of_tenant(struct curfew_book *book, const struct curfew_fact_revoked *revoked)
{
    for (struct session *session = book->sessions; session != NULL; session = session->hh.next) {
        if (session->auth_us < revoked->floor && curfew_subject_equal(&session->tenant_subject, &revoked->subject)) {
            curfew_book_session_close(book, session, false, NULL);
        }
    }
}

void curfew_book_revoked(struct curfew_book *book, const struct curfew_fact_revoked *revoked)
{
    curfew_revoked_raise(book->revoked, revoked);
    if (revoked->kind == CURFEW_KIND_USER) {
        end_of_user(book, revoked);
    } else if (revoked->kind == CURFEW_KIND_TENANT) {
        end_of_tenant(book, revoked);
    }
}

static void count(const struct session *session, struct curfew_book_impact *impact)
{
    impact->sessions++;
    for (const struct task *task = session->tasks; task != NULL; task = task->next) {
        impact->tasks += !task->over && !task->attempt_over && curfew_book_task_rooted(task) ? 1 : 0;
    }
}

struct curfew_book_impact curfew_book_impact(const struct curfew_book *book, enum curfew_kind kind,
                                             const struct curfew_subject *subject)
{
    struct curfew_book_impact impact = {0, 0};
    if (kind == CURFEW_KIND_USER) {
        const struct user *user = curfew_book_user_find(book, subject);
        for (const struct session *session = user == NULL ? NULL : user->sessions; session != NULL;
             session = session->user_next) {
            count(session, &impact);
        }
    } else if (kind == CURFEW_KIND_TENANT) {
        for (const struct session *session = book->sessions; session != NULL; session = session->hh.next) {
            if (!session->over && curfew_subject_equal(&session->tenant_subject, subject)) {
                count(session, &impact);
            }
        }
    }
    return impact;
}
