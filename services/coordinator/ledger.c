/* ledger: live floors, ordered by when they were last stated. */
#include "services/coordinator/ledger.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

struct entry {
    struct curfew_floor floor;
    struct curfew_cause stated;
    bool raised; /* in the list of the record being stepped */
    UT_hash_handle hh;
    struct entry *prev;
    struct entry *next;
};

struct curfew_ledger {
    struct entry *by_subject;
    struct entry *oldest; /* head of a list in the order of `stated` */
    struct entry **raised;
    size_t raised_count;
    size_t raised_room;
    struct curfew_floor *taken;
    size_t taken_room;
};

struct curfew_ledger *curfew_ledger_create(void)
{
    return curfew_memory_take(sizeof(struct curfew_ledger));
}

void curfew_ledger_destroy(struct curfew_ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    struct entry *entry = ledger->oldest;
    HASH_CLEAR(hh, ledger->by_subject);
    while (entry != NULL) {
        struct entry *next = entry->next;
        free(entry);
        entry = next;
    }
    free(ledger->raised);
    free(ledger->taken);
    free(ledger);
}

/* Moves an entry to the young end and puts it on the list of what this record raises. */
static void state(struct curfew_ledger *ledger, struct entry *entry, struct curfew_cause cause)
{
    entry->stated = cause;
    DL_APPEND(ledger->oldest, entry);
    if (entry->raised) {
        return;
    }
    entry->raised = true;
    if (ledger->raised_count == ledger->raised_room) {
        ledger->raised_room = ledger->raised_room == 0 ? 64 : 2 * ledger->raised_room;
        ledger->raised = curfew_memory_resize(ledger->raised, ledger->raised_room * sizeof(struct entry *));
    }
    ledger->raised[ledger->raised_count++] = entry;
}

void curfew_ledger_raise(struct curfew_ledger *ledger, const struct curfew_floor *floor, struct curfew_cause cause)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, ledger->by_subject, floor->subject, CURFEW_DIGEST_SIZE, entry);
    if (entry == NULL) {
        entry = curfew_memory_take(sizeof(struct entry));
        entry->floor = *floor;
        HASH_ADD(hh, ledger->by_subject, floor.subject, CURFEW_DIGEST_SIZE, entry);
    } else if (floor->floor <= entry->floor.floor && floor->expires_us <= entry->floor.expires_us) {
        return;
    } else {
        DL_DELETE(ledger->oldest, entry);
        if (floor->floor > entry->floor.floor) {
            entry->floor.floor = floor->floor;
        }
        if (floor->expires_us > entry->floor.expires_us) {
            entry->floor.expires_us = floor->expires_us;
        }
    }
    state(ledger, entry, cause);
}

static void forget(struct curfew_ledger *ledger, struct entry *entry)
{
    DL_DELETE(ledger->oldest, entry);
    HASH_DEL(ledger->by_subject, entry);
    free(entry);
}

void curfew_ledger_prune(struct curfew_ledger *ledger, int64_t as_of_us)
{
    while (ledger->oldest != NULL && ledger->oldest->floor.expires_us < as_of_us && !ledger->oldest->raised) {
        forget(ledger, ledger->oldest);
    }
}

void curfew_ledger_restate(struct curfew_ledger *ledger, int64_t age_us, struct curfew_cause cause)
{
    for (int i = 0; i < CURFEW_RESTATE_MAX; i++) {
        struct entry *entry = ledger->oldest;
        if (entry == NULL || cause.good_us - entry->stated.good_us < age_us || entry->stated.offset == cause.offset) {
            return;
        }
        DL_DELETE(ledger->oldest, entry);
        state(ledger, entry, cause);
    }
}

void curfew_ledger_restate_all(struct curfew_ledger *ledger, struct curfew_cause cause)
{
    struct entry *const last = ledger->oldest == NULL ? NULL : ledger->oldest->prev; /* of a utlist head: the tail */
    for (bool done = last == NULL; !done;) {
        struct entry *entry = ledger->oldest;
        done = entry == last;
        if (entry->floor.expires_us < cause.good_us && !entry->raised) {
            forget(ledger, entry);
        } else {
            DL_DELETE(ledger->oldest, entry);
            state(ledger, entry, cause);
        }
    }
}

int64_t curfew_ledger_oldest(const struct curfew_ledger *ledger)
{
    return ledger->oldest == NULL ? -1 : ledger->oldest->stated.offset;
}

int64_t curfew_ledger_count(const struct curfew_ledger *ledger)
{
    return (int64_t)HASH_COUNT(ledger->by_subject);
}

int64_t curfew_ledger_floor(const struct curfew_ledger *ledger, const struct curfew_subject *subject)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, ledger->by_subject, subject->digest, CURFEW_DIGEST_SIZE, entry);
    return entry == NULL ? 0 : entry->floor.floor;
}

int64_t curfew_ledger_expiry(const struct curfew_ledger *ledger, const struct curfew_subject *subject)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, ledger->by_subject, subject->digest, CURFEW_DIGEST_SIZE, entry);
    return entry == NULL ? 0 : entry->floor.expires_us;
}

size_t curfew_ledger_raised(const struct curfew_ledger *ledger)
{
    return ledger->raised_count;
}

const struct curfew_floor *curfew_ledger_take(struct curfew_ledger *ledger, size_t *count)
{
    if (ledger->raised_count > ledger->taken_room) {
        ledger->taken_room = ledger->raised_room;
        ledger->taken = curfew_memory_resize(ledger->taken, ledger->taken_room * sizeof(struct curfew_floor));
    }
    for (size_t i = 0; i < ledger->raised_count; i++) {
        ledger->raised[i]->raised = false;
        ledger->taken[i] = ledger->raised[i]->floor;
    }
    *count = ledger->raised_count;
    ledger->raised_count = 0;
    return ledger->taken;
}
