/* proposals: revocations that one operator has said and another has to say too before they take effect. Pure. One
 * thread. */
#ifndef CURFEW_COORDINATOR_PROPOSALS_H
#define CURFEW_COORDINATOR_PROPOSALS_H

#include "core/subject.h"

#define CURFEW_PROPOSALS_MAX 256 /* that wait; one more is refused: it can be said again, or without a second */
#define CURFEW_PROPOSAL_LIFE_US INT64_C(900000000) /* 15 minutes, by good ticks; then it has to be said anew */

/* What two operators have to agree on. */
struct curfew_proposal_key {
    struct curfew_subject subject;
    int64_t version; /* of a policy; else 0 */
};

struct curfew_proposal {
    struct curfew_proposal_key key;
    int64_t said_us; /* by the proposer's clock */
    int64_t good_us; /* the lane's newest good tick then */
    uint8_t name[CURFEW_ID_MAX]; /* the proposer's */
    size_t name_size;
};

struct curfew_proposals;

struct curfew_proposals *curfew_proposals_create(void);
void curfew_proposals_destroy(struct curfew_proposals *proposals);

/* NULL: nobody proposed it. Lives until the next call of another function here. */
const struct curfew_proposal *curfew_proposals_find(const struct curfew_proposals *proposals,
                                                    const struct curfew_proposal_key *key);
static inline struct curfew_slice curfew_proposal_by(const struct curfew_proposal *proposal)
{
    return (struct curfew_slice){proposal->name, proposal->name_size};
}
/* Keeps a proposal, in place of an earlier one of the same key. False: the bound is met. */
bool curfew_proposals_put(struct curfew_proposals *proposals, const struct curfew_proposal *proposal);
void curfew_proposals_drop(struct curfew_proposals *proposals, const struct curfew_proposal_key *key);
/* Forgets those whose time is up. */
void curfew_proposals_prune(struct curfew_proposals *proposals, int64_t good_us);
size_t curfew_proposals_count(const struct curfew_proposals *proposals);

#endif
