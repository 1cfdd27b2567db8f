/* stash: things taken off a queue before their turn, in order, each with its owner's mark, so that those of one owner
 * can be thrown away. Pure; one thread. As large as what the queue held: bounding it is the queue's business. */
#ifndef CURFEW_CORE_STASH_H
#define CURFEW_CORE_STASH_H

#include <curfew/status.h>
#include <stddef.h>
#include <stdint.h>

struct curfew_stashed {
    void *thing;
    const void *owner;
    int32_t part; /* of the owner */
};

/* All zero is an empty stash. */
struct curfew_stash {
    struct curfew_stashed *items;
    size_t capacity;
    size_t count;
    size_t at;
};

typedef void curfew_stash_drop(void *thing);

enum curfew_status curfew_stash_push(struct curfew_stash *stash, const struct curfew_stashed *item,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* The oldest thing, or NULL. */
void *curfew_stash_pop(struct curfew_stash *stash);
/* Calls `drop` for every thing of that owner and part, and forgets it. */
void curfew_stash_purge(struct curfew_stash *stash, const void *owner, int32_t part, curfew_stash_drop *drop);
/* Calls `drop` for everything, and frees. */
void curfew_stash_clear(struct curfew_stash *stash, curfew_stash_drop *drop);

#endif
