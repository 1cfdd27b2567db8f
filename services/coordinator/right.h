/* right: what one writer may do: its roles, tenants, issuers, and which of its keys are taken. Immutable once made.
 * Pure. Any thread. */
#ifndef CURFEW_COORDINATOR_RIGHT_H
#define CURFEW_COORDINATOR_RIGHT_H

#include <curfew/event.h>

#define CURFEW_EVERY "*" /* as the only tenant or issuer: all of them */

struct curfew_right {
    struct curfew_slice name;
    unsigned roles; /* a bit each, by enum curfew_role; 0: removed */
    const struct curfew_slice *tenants;
    size_t tenant_count;
    const struct curfew_slice *issuers;
    size_t issuer_count;
    int32_t epoch;
    int32_t least_epoch;
};

/* Whether a writer-set record makes sense by itself: ids are ids, no role, tenant or issuer stands twice, epochs are in
 * order, and a role that is bound to tenants or issuers names some. */
bool curfew_right_sane(const struct curfew_writer_set *event);

/* One allocation with all its strings; free() ends it. */
struct curfew_right *curfew_right_of(const struct curfew_writer_set *event);
/* Of a genesis: one role, every tenant, every issuer, the first epoch. */
struct curfew_right *curfew_right_of_first(const struct curfew_first_writer *writer, unsigned roles);
struct curfew_right *curfew_right_copy(const struct curfew_right *right);

static inline bool curfew_right_has(const struct curfew_right *right, enum curfew_role role)
{
    return (right->roles >> role & 1) != 0;
}
bool curfew_right_has_tenant(const struct curfew_right *right, struct curfew_slice tenant);
bool curfew_right_has_issuer(const struct curfew_right *right, struct curfew_slice issuer);

/* Whether one of its roles may say such an event at all; of whom, the book and the control lane decide. */
bool curfew_right_may_say(const struct curfew_right *right, enum curfew_event_type type);

#endif
