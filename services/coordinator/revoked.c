/* revoked: control's floors by subject, in the order they were raised. */
#include "services/coordinator/revoked.h"

#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

struct entry {
    struct curfew_subject subject;
    enum curfew_kind kind;
    int64_t floor;
    int64_t until_us;
    UT_hash_handle hh;
    struct entry *prev;
    struct entry *next;
};

struct curfew_revoked {
    struct entry *by_subject;
    size_t counts[CURFEW_KIND_COUNT];
    struct entry *oldest; /* those that will go, in the order they were raised; the others stand in no list */
};

struct curfew_revoked *curfew_revoked_create(void)
{
    return curfew_memory_take(sizeof(struct curfew_revoked));
}

void curfew_revoked_destroy(struct curfew_revoked *revoked)
{
    if (revoked == NULL) {
        return;
    }
    struct entry *entry = revoked->by_subject;
    HASH_CLEAR(hh, revoked->by_subject);
    while (entry != NULL) {
        struct entry *next = entry->hh.next;
        free(entry);
        entry = next;
    }
    free(revoked);
}

static struct entry *find(const struct curfew_revoked *revoked, const struct curfew_subject *subject)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, revoked->by_subject, subject, sizeof *subject, entry);
    return entry;
}

void curfew_revoked_raise(struct curfew_revoked *revoked, const struct curfew_fact_revoked *raised)
{
    struct entry *entry = find(revoked, &raised->subject);
    if (entry == NULL) {
        entry = curfew_memory_take(sizeof *entry);
        entry->subject = raised->subject;
        entry->kind = raised->kind;
        revoked->counts[entry->kind]++;
        HASH_ADD(hh, revoked->by_subject, subject, sizeof entry->subject, entry);
    } else if (entry->until_us < CURFEW_FOR_EVER_US) {
        DL_DELETE(revoked->oldest, entry);
    }
    entry->floor = raised->floor > entry->floor ? raised->floor : entry->floor;
    entry->until_us = raised->until_us > entry->until_us ? raised->until_us : entry->until_us;
    if (entry->until_us < CURFEW_FOR_EVER_US) { /* one that stays would hold up those behind it */
        DL_APPEND(revoked->oldest, entry);
    }
}

int64_t curfew_revoked_floor(const struct curfew_revoked *revoked, const struct curfew_subject *subject)
{
    const struct entry *entry = find(revoked, subject);
    return entry == NULL ? 0 : entry->floor;
}

size_t curfew_revoked_count(const struct curfew_revoked *revoked, enum curfew_kind kind)
{
    return revoked->counts[kind];
}

void curfew_revoked_prune(struct curfew_revoked *revoked, int64_t now_us)
{
    while (revoked->oldest != NULL && revoked->oldest->until_us < now_us) {
        struct entry *entry = revoked->oldest;
        DL_DELETE(revoked->oldest, entry);
        HASH_DEL(revoked->by_subject, entry);
        revoked->counts[entry->kind]--;
        free(entry);
    }
}
