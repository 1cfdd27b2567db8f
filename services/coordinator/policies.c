/* policies: newest adopted versions, by the policy's subject. */
#include "services/coordinator/policies.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <uthash.h>

struct entry {
    struct curfew_subject policy;
    int64_t version;
    UT_hash_handle hh;
};

struct curfew_policies {
    struct entry *by_policy;
};

struct curfew_policies *curfew_policies_create(void)
{
    return curfew_memory_take(sizeof(struct curfew_policies));
}

void curfew_policies_destroy(struct curfew_policies *policies)
{
    if (policies == NULL) {
        return;
    }
    struct entry *entry = policies->by_policy;
    HASH_CLEAR(hh, policies->by_policy);
    while (entry != NULL) {
        struct entry *next = entry->hh.next;
        free(entry);
        entry = next;
    }
    free(policies);
}

static struct entry *find(const struct curfew_policies *policies, const struct curfew_subject *policy)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, policies->by_policy, policy, sizeof *policy, entry);
    return entry;
}

bool curfew_policies_adopt(struct curfew_policies *policies, const struct curfew_subject *policy, int64_t version)
{
    struct entry *entry = find(policies, policy);
    if (entry == NULL) {
        if (HASH_COUNT(policies->by_policy) >= CURFEW_POLICIES_KNOWN_MAX) {
            return false;
        }
        entry = curfew_memory_take(sizeof *entry);
        entry->policy = *policy;
        entry->version = version;
        HASH_ADD(hh, policies->by_policy, policy, sizeof entry->policy, entry);
    }
    entry->version = version > entry->version ? version : entry->version;
    return true;
}

int64_t curfew_policies_newest(const struct curfew_policies *policies, const struct curfew_subject *policy)
{
    const struct entry *entry = find(policies, policy);
    return entry == NULL ? CURFEW_POLICY_UNKNOWN : entry->version;
}
