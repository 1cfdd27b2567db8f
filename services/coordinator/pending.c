/* pending: a ring of records that wait for their answer. */
#include "services/coordinator/pending.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

static const struct curfew_pending_record *at(const struct curfew_pending *pending, size_t index)
{
    return &pending->records[(pending->head + index) & (pending->room - 1)];
}

static void take_off(struct curfew_pending *pending, size_t count)
{
    pending->head = (pending->head + count) & (pending->room - 1);
    pending->count -= count;
}

void curfew_pending_clear(struct curfew_pending *pending)
{
    free(pending->records);
    *pending = (struct curfew_pending){0};
}

static void grow(struct curfew_pending *pending)
{
    const size_t room = pending->room == 0 ? FIRST_ROOM : 2 * pending->room;
    struct curfew_pending_record *records = curfew_memory_take(room * sizeof *records);
    for (size_t i = 0; i < pending->count; i++) {
        records[i] = *at(pending, i);
    }
    free(pending->records);
    pending->records = records;
    pending->room = room;
    pending->head = 0;
}

void curfew_pending_add(struct curfew_pending *pending, const struct curfew_pending_record *record)
{
    if (pending->count == CURFEW_PENDING_MAX) {
        take_off(pending, 1);
    } else if (pending->count == pending->room) {
        grow(pending);
    }
    pending->records[(pending->head + pending->count) & (pending->room - 1)] = *record;
    pending->count++;
}

const struct curfew_pending_record *curfew_pending_first(const struct curfew_pending *pending)
{
    return pending->count == 0 ? NULL : at(pending, 0);
}

const struct curfew_pending_record *curfew_pending_find(const struct curfew_pending *pending, int64_t offset)
{
    size_t low = 0;
    size_t high = pending->count;
    while (low < high) { /* offsets rise */
        const size_t middle = low + (high - low) / 2;
        if (at(pending, middle)->offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < pending->count && at(pending, low)->offset == offset ? at(pending, low) : NULL;
}

void curfew_pending_drop(struct curfew_pending *pending, int64_t offset)
{
    while (pending->count > 0 && (at(pending, 0)->offset <= offset || at(pending, 0)->tick)) {
        take_off(pending, 1);
    }
}

/* Whether the answer has room for it, as the one at `index` from its beginning. */
static bool fits(const struct curfew_answer *answer, const struct curfew_pending_record *record, size_t index)
{
    return index < CURFEW_ANSWERED_MAX && record->offset == answer->from + (int64_t)index &&
           (record->reason == CURFEW_PENDING_NOT_REFUSED || answer->refused_count < CURFEW_REFUSALS_MAX);
}

bool curfew_pending_answer(struct curfew_pending *pending, int64_t settled, struct curfew_answer *answer)
{
    while (pending->count > 0 && at(pending, 0)->tick && at(pending, 0)->offset <= settled) {
        take_off(pending, 1);
    }
    if (pending->count == 0 || at(pending, 0)->offset > settled) {
        return false;
    }
    size_t said = 0;
    answer->from = at(pending, 0)->offset;
    answer->refused_count = 0;
    for (size_t i = 0; i < pending->count; i++) {
        const struct curfew_pending_record *record = at(pending, i);
        if (record->offset > settled || !fits(answer, record, i)) {
            break;
        }
        memcpy(answer->digests[i], record->digest, sizeof answer->digests[i]);
        if (record->reason != CURFEW_PENDING_NOT_REFUSED) {
            answer->refused[answer->refused_count++] =
                (struct curfew_refusal){record->offset, record->reason, record->retriable};
        }
        if (!record->tick || record->reason != CURFEW_PENDING_NOT_REFUSED) {
            said = i + 1;
        }
    }
    answer->to = answer->from + (int64_t)said - 1;
    take_off(pending, said);
    return true;
}
