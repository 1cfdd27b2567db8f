/* author: the writers of a test's cluster: one master key for all of them, and proofs of what they write. One thread.
 */
#ifndef CURFEW_TESTS_COMMON_AUTHOR_H
#define CURFEW_TESTS_COMMON_AUTHOR_H

#include "core/mac.h"

extern const uint8_t author_master[CURFEW_MASTER_SIZE];

/* Roles, to be or-ed. */
#define AUTHOR_ROLE(role) (1U << CURFEW_ROLE_##role)
#define AUTHOR_ALL_ROLES                                                                                               \
    (AUTHOR_ROLE(ISSUER) | AUTHOR_ROLE(ORCHESTRATOR) | AUTHOR_ROLE(OPERATOR) | AUTHOR_ROLE(COORDINATOR))

/* A writer's key of its first epoch, kept for good. */
const struct curfew_mac_key *author_key(struct curfew_slice writer);

/* Proves a value for the log. */
void author_prove(struct curfew_slice writer, const struct curfew_log_place *place, struct curfew_slice value,
                  uint8_t mac[CURFEW_MAC_SIZE]);

/* Proves an encoded event by the writer it names: a genesis for the log it begins, others for `place`. */
void author_prove_event(const struct curfew_event *event, const struct curfew_log_place *place,
                        struct curfew_slice value, uint8_t mac[CURFEW_MAC_SIZE]);

/* Puts what the master gives, and one writer more for each role, into a genesis. `list` keeps them. */
struct author_list {
    struct curfew_first_writer writers[CURFEW_FIRST_WRITERS_MAX];
    size_t count;
};
void author_name(struct author_list *list, const char *writer, unsigned roles);
void author_genesis(struct curfew_genesis *genesis, const struct author_list *list);

#endif
