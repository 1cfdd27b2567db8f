/* stash: an array read from its front and written at its end. */
#include "core/stash.h"
#include <stdlib.h>

#define FIRST_CAPACITY 64

enum curfew_status curfew_stash_push(struct curfew_stash *stash, const struct curfew_stashed *item,
                                     struct curfew_error *error)
{
    if (stash->count == stash->capacity) {
        size_t capacity = stash->capacity == 0 ? FIRST_CAPACITY : stash->capacity * 2;
        struct curfew_stashed *items = realloc(stash->items, capacity * sizeof *items);
        if (items == NULL) {
            return curfew_error_set(error, CURFEW_NOMEM, "setting aside what is queued: no memory for %zu", capacity);
        }
        stash->items = items;
        stash->capacity = capacity;
    }
    stash->items[stash->count++] = *item;
    return CURFEW_OK;
}

void *curfew_stash_pop(struct curfew_stash *stash)
{
    if (stash->at < stash->count) {
        return stash->items[stash->at++].thing;
    }
    free(stash->items); /* it is rarely needed, and may have been large */
    *stash = (struct curfew_stash){NULL, 0, 0, 0};
    return NULL;
}

void curfew_stash_purge(struct curfew_stash *stash, const void *owner, int32_t part, curfew_stash_drop *drop)
{
    size_t kept = 0;
    for (size_t i = stash->at; i < stash->count; i++) {
        if (stash->items[i].owner == owner && stash->items[i].part == part) {
            drop(stash->items[i].thing);
        } else {
            stash->items[kept++] = stash->items[i];
        }
    }
    stash->at = 0;
    stash->count = kept;
}

void curfew_stash_clear(struct curfew_stash *stash, curfew_stash_drop *drop)
{
    void *thing = NULL;
    while ((thing = curfew_stash_pop(stash)) != NULL) {
        drop(thing);
    }
}
