/* proposals: a short array, searched from end to end. */
#include "services/coordinator/proposals.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>

struct curfew_proposals {
    struct curfew_proposal items[CURFEW_PROPOSALS_MAX];
    size_t count;
};

struct curfew_proposals *curfew_proposals_create(void)
{
    return curfew_memory_take(sizeof(struct curfew_proposals));
}

void curfew_proposals_destroy(struct curfew_proposals *proposals)
{
    free(proposals);
}

/* `count` when there is none. */
static size_t find(const struct curfew_proposals *proposals, const struct curfew_proposal_key *key)
{
    size_t i = 0;
    while (i < proposals->count && (proposals->items[i].key.version != key->version ||
                                    !curfew_subject_equal(&proposals->items[i].key.subject, &key->subject))) {
        i++;
    }
    return i;
}

const struct curfew_proposal *curfew_proposals_find(const struct curfew_proposals *proposals,
                                                    const struct curfew_proposal_key *key)
{
    const size_t at = find(proposals, key);
    return at == proposals->count ? NULL : &proposals->items[at];
}

bool curfew_proposals_put(struct curfew_proposals *proposals, const struct curfew_proposal *proposal)
{
    const size_t at = find(proposals, &proposal->key);
    if (at == CURFEW_PROPOSALS_MAX) {
        return false;
    }
    proposals->items[at] = *proposal;
    proposals->count += at == proposals->count ? 1 : 0;
    return true;
}

/* Keeps the order of the others, so that every coordinator has the same. */
static void drop_at(struct curfew_proposals *proposals, size_t at)
{
    proposals->count--;
    memmove(&proposals->items[at], &proposals->items[at + 1], (proposals->count - at) * sizeof proposals->items[0]);
}

void curfew_proposals_drop(struct curfew_proposals *proposals, const struct curfew_proposal_key *key)
{
    const size_t at = find(proposals, key);
    if (at < proposals->count) {
        drop_at(proposals, at);
    }
}

void curfew_proposals_prune(struct curfew_proposals *proposals, int64_t good_us)
{
    for (size_t i = proposals->count; i > 0; i--) {
        if (good_us - proposals->items[i - 1].good_us > CURFEW_PROPOSAL_LIFE_US) {
            drop_at(proposals, i - 1);
        }
    }
}

size_t curfew_proposals_count(const struct curfew_proposals *proposals)
{
    return proposals->count;
}
