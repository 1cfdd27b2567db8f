/* right: copies of what writer-set records grant, and the table of who may say what. */
#include "services/coordinator/right.h"

#include "core/id.h"
#include "services/coordinator/memory.h"

#define ROLE(role) (1U << CURFEW_ROLE_##role)
#define EVERYWHERE (ROLE(OPERATOR) | ROLE(COORDINATOR) | ROLE(HOP)) /* roles that name no tenants */

/* docs/security.md shows it; tests/unit/rights_test.c tries every cell. */
static const unsigned may_say[CURFEW_EVENT_COUNT] = {
    [CURFEW_EVENT_GENESIS] = ROLE(OPERATOR),
    [CURFEW_EVENT_SETTINGS] = ROLE(OPERATOR),
    [CURFEW_EVENT_SUBJECT_REVOKED] = ROLE(OPERATOR),
    [CURFEW_EVENT_WRITER_SET] = ROLE(OPERATOR),
    [CURFEW_EVENT_POLICY_ADOPTED] = ROLE(OPERATOR),
    [CURFEW_EVENT_POLICY_RAISED] = ROLE(OPERATOR),
    [CURFEW_EVENT_RECORDS_SKIPPED] = ROLE(OPERATOR),
    [CURFEW_EVENT_RESYNC] = ROLE(COORDINATOR),
    [CURFEW_EVENT_SESSION_STARTED] = ROLE(ISSUER),
    [CURFEW_EVENT_SESSION_ENDED] = ROLE(ISSUER) | ROLE(ORCHESTRATOR) | ROLE(OPERATOR),
    [CURFEW_EVENT_TASK_STARTED] = ROLE(ORCHESTRATOR),
    [CURFEW_EVENT_ATTEMPT_ENDED] = ROLE(ORCHESTRATOR) | ROLE(OPERATOR) | ROLE(DOOR),
    [CURFEW_EVENT_TASK_ENDED] = ROLE(ORCHESTRATOR) | ROLE(OPERATOR) | ROLE(DOOR),
    [CURFEW_EVENT_HOLDER_HEARTBEAT] = ROLE(ISSUER) | ROLE(ORCHESTRATOR) | ROLE(DOOR),
    [CURFEW_EVENT_TOKEN_CREATED] = ROLE(ISSUER),
    [CURFEW_EVENT_TOKEN_REVOKED] = ROLE(ISSUER) | ROLE(OPERATOR),
    [CURFEW_EVENT_TICK] = ROLE(COORDINATOR),
};

static bool each_once(struct curfew_list list)
{
    const struct curfew_slice *names = list.items;
    for (size_t i = 0; i < list.count; i++) {
        if (!curfew_id_valid(names[i]) ||
            (list.count > 1 && curfew_slice_equal(names[i], curfew_slice_of(CURFEW_EVERY)))) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (curfew_slice_equal(names[i], names[j])) {
                return false;
            }
        }
    }
    return true;
}

/* Its roles as bits; false: one stands twice. */
static bool roles_of(const struct curfew_writer_set *event, unsigned *roles)
{
    const int32_t *items = event->roles.items;
    *roles = 0;
    for (size_t i = 0; i < event->roles.count; i++) {
        const unsigned bit = 1U << items[i];
        if ((*roles & bit) != 0) {
            return false;
        }
        *roles |= bit;
    }
    return true;
}

bool curfew_right_sane(const struct curfew_writer_set *event)
{
    unsigned roles = 0;
    return curfew_id_valid(event->name) && roles_of(event, &roles) && each_once(event->tenants) &&
           each_once(event->issuers) && event->least_epoch >= 1 && event->epoch >= event->least_epoch &&
           ((roles & ~EVERYWHERE) == 0 || event->tenants.count > 0) &&
           ((roles & ROLE(ISSUER)) == 0 || event->issuers.count > 0);
}

static size_t bytes_of(const struct curfew_slice *names, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += names[i].size;
    }
    return bytes;
}

static struct curfew_slice put(uint8_t **at, struct curfew_slice text)
{
    if (text.size > 0) {
        memcpy(*at, text.at, text.size);
    }
    const struct curfew_slice copy = {*at, text.size};
    *at += text.size;
    return copy;
}

struct curfew_right *curfew_right_copy(const struct curfew_right *right)
{
    const size_t names = right->tenant_count + right->issuer_count;
    const size_t bytes = right->name.size + bytes_of(right->tenants, right->tenant_count) +
                         bytes_of(right->issuers, right->issuer_count);
    struct curfew_right *made = curfew_memory_take(sizeof *made + names * sizeof(struct curfew_slice) + bytes);
    struct curfew_slice *slices = (struct curfew_slice *)(made + 1);
    uint8_t *at = (uint8_t *)(slices + names);
    *made = *right;
    made->name = put(&at, right->name);
    made->tenants = slices;
    made->issuers = slices + right->tenant_count;
    for (size_t i = 0; i < right->tenant_count; i++) {
        slices[i] = put(&at, right->tenants[i]);
    }
    for (size_t i = 0; i < right->issuer_count; i++) {
        slices[right->tenant_count + i] = put(&at, right->issuers[i]);
    }
    return made;
}

struct curfew_right *curfew_right_of(const struct curfew_writer_set *event)
{
    struct curfew_right right = {.name = event->name,
                                 .tenants = event->tenants.items,
                                 .tenant_count = event->tenants.count,
                                 .issuers = event->issuers.items,
                                 .issuer_count = event->issuers.count,
                                 .epoch = event->epoch,
                                 .least_epoch = event->least_epoch};
    (void)roles_of(event, &right.roles);
    return curfew_right_copy(&right);
}

struct curfew_right *curfew_right_of_first(const struct curfew_first_writer *writer, unsigned roles)
{
    const struct curfew_slice every = curfew_slice_of(CURFEW_EVERY);
    const struct curfew_right right = {.name = writer->name,
                                       .roles = roles | 1U << writer->role,
                                       .tenants = &every,
                                       .tenant_count = 1,
                                       .issuers = &every,
                                       .issuer_count = 1,
                                       .epoch = 1,
                                       .least_epoch = 1};
    return curfew_right_copy(&right);
}

static bool has(const struct curfew_slice *names, size_t count, struct curfew_slice name)
{
    if (count == 1 && curfew_slice_equal(names[0], curfew_slice_of(CURFEW_EVERY))) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (curfew_slice_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

bool curfew_right_has_tenant(const struct curfew_right *right, struct curfew_slice tenant)
{
    return has(right->tenants, right->tenant_count, tenant);
}

bool curfew_right_has_issuer(const struct curfew_right *right, struct curfew_slice issuer)
{
    return has(right->issuers, right->issuer_count, issuer);
}

bool curfew_right_may_say(const struct curfew_right *right, enum curfew_event_type type)
{
    return (right->roles & may_say[type]) != 0;
}
