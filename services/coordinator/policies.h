/* policies: which version of each tenant's policies was adopted last. Adopting a version adopts those below it: only
 * the newest is kept. Pure. One thread. */
#ifndef CURFEW_COORDINATOR_POLICIES_H
#define CURFEW_COORDINATOR_POLICIES_H

#include "core/subject.h"

#define CURFEW_POLICIES_KNOWN_MAX 65536 /* names of a cluster; the adoption of one more is refused */
#define CURFEW_POLICY_UNKNOWN (-1)

struct curfew_policies;

struct curfew_policies *curfew_policies_create(void);
void curfew_policies_destroy(struct curfew_policies *policies);

/* False: the bound is met. A version that is not above the newest changes nothing. */
bool curfew_policies_adopt(struct curfew_policies *policies, const struct curfew_subject *policy, int64_t version);
/* CURFEW_POLICY_UNKNOWN: nobody adopted any. */
int64_t curfew_policies_newest(const struct curfew_policies *policies, const struct curfew_subject *policy);

#endif
