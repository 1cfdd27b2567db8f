/* links: the floors records of one lane that are held, by chain value, and the walk that proves a beacon. */
#include "consumer/links.h"
#include "core/chain.h"
#include <stdlib.h>
#include <string.h>

/* Out of memory is an answer here, not the end of the process. */
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(link) ((link)->stored = false)
#include <uthash.h>

struct link {
    uint8_t chain[CURFEW_CHAIN_SIZE];
    uint8_t before[CURFEW_CHAIN_SIZE];
    int64_t cause;
    int32_t part;
    bool stored;
    bool proven; /* it and all before it, down to what lived then, are held */
    uint64_t walk; /* the newest walk that came through here */
    UT_hash_handle hh;
};

/* A walk that failed is remembered, so that the next does not go the same way again: every link stamped with `walk`
 * leads, through links not older than `reached`, to `missing`. */
struct curfew_links {
    struct link *table; /* iterates in order of arrival */
    uint64_t walk;
    int64_t reached;
    uint8_t missing[CURFEW_CHAIN_SIZE];
};

static const uint8_t no_chain[CURFEW_CHAIN_SIZE];

enum curfew_status curfew_links_create(struct curfew_links **links, struct curfew_error *error)
{
    *links = calloc(1, sizeof(**links));
    if (*links == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "making the list of chain links: out of memory");
    }
    return CURFEW_OK;
}

void curfew_links_clear(struct curfew_links *links)
{
    struct link *link = links->table;
    HASH_CLEAR(hh, links->table); /* frees the index alone; the links stay threaded by hh.next */
    while (link != NULL) {
        struct link *next = link->hh.next;
        free(link);
        link = next;
    }
    links->walk++;
}

void curfew_links_destroy(struct curfew_links *links)
{
    if (links != NULL) {
        curfew_links_clear(links);
        free(links);
    }
}

static struct link *find(const struct curfew_links *links, const uint8_t chain[CURFEW_CHAIN_SIZE])
{
    struct link *link = NULL;
    HASH_FIND(hh, links->table, chain, CURFEW_CHAIN_SIZE, link);
    return link;
}

static enum curfew_status store(struct curfew_links *links, const struct curfew_floors *floors,
                                struct curfew_error *error)
{
    struct link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        goto nomem;
    }
    memcpy(link->chain, floors->chain, sizeof(link->chain));
    memcpy(link->before, floors->chain_before, sizeof(link->before));
    link->cause = floors->cause;
    link->part = floors->part;
    link->stored = true;
    HASH_ADD(hh, links->table, chain, CURFEW_CHAIN_SIZE, link);
    if (link->stored) {
        return CURFEW_OK;
    }
    free(link);
nomem:
    return curfew_error_set(error, CURFEW_NOMEM, "taking in a chain link of lane %d: out of memory", floors->lane);
}

enum curfew_status curfew_links_add(struct curfew_links *links, const struct curfew_floors *floors,
                                    struct curfew_error *error)
{
    uint8_t chain[CURFEW_CHAIN_SIZE];
    curfew_chain_of(floors, chain);
    if (memcmp(chain, floors->chain, sizeof(chain)) != 0 || floors->cause < 0 || floors->part < 0) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "linking floors of lane %d, cause %lld part %d: the chain value is not that of the "
                                "content; a writer of the revocations topic is broken or is not a coordinator",
                                floors->lane, (long long)floors->cause, floors->part);
    }
    if (find(links, chain) != NULL) {
        return CURFEW_OK;
    }
    if (HASH_COUNT(links->table) >= CURFEW_LINKS_MAX) {
        return curfew_error_set(error, CURFEW_FULL, "linking floors of lane %d: %d links are held, the bound",
                                floors->lane, CURFEW_LINKS_MAX);
    }
    return store(links, floors, error);
}

/* Nothing older than `oldest` is needed again. Looks at the front alone: what arrived late, out of order, goes when
 * what stands before it does. */
static void forget(struct curfew_links *links, int64_t oldest)
{
    while (links->table != NULL && links->table->cause < oldest) {
        struct link *link = links->table;
        HASH_DEL(links->table, link);
        free(link);
    }
}

/* Whether nothing before this link is needed to know every floor due to `oldest` and later. */
static bool is_end(const struct link *link, int64_t oldest)
{
    return link->proven || link->cause < oldest || (link->cause == oldest && link->part == 0);
}

/* Walks from `newest` back to an end; false at a link that is not held, or whose cause is newer than what follows. */
static bool walk(struct curfew_links *links, struct link *newest, int64_t oldest)
{
    uint64_t stamp = links->walk + 1;
    int64_t reached = newest->cause;
    struct link *link = newest;
    while (!is_end(link, oldest)) {
        const uint8_t *before = link->before;
        /* An end may lie within the remembered way only for an `oldest` that it reached. */
        if (link->walk == links->walk && links->walk != 0 && oldest < links->reached) {
            before = links->missing;
            reached = links->reached < reached ? links->reached : reached;
        }
        link->walk = stamp;
        struct link *next = find(links, before);
        if (next == NULL || next->cause > reached) {
            links->walk = stamp;
            links->reached = reached;
            memmove(links->missing, before, sizeof(links->missing));
            return false;
        }
        link = next;
        reached = link->cause;
    }
    return true;
}

/* So that the next walk ends where this one began. */
static void mark_proven(struct curfew_links *links, struct link *newest, int64_t oldest)
{
    struct link *link = newest;
    while (link != NULL && !link->proven) {
        bool end = is_end(link, oldest);
        link->proven = true;
        link = end ? NULL : find(links, link->before);
    }
}

bool curfew_links_prove(struct curfew_links *links, const struct curfew_beacon *beacon)
{
    if (beacon->last_cause < 0) {
        return beacon->oldest_cause < 0 && memcmp(beacon->chain, no_chain, sizeof(no_chain)) == 0;
    }
    if (beacon->oldest_cause > beacon->last_cause) {
        return false;
    }
    if (beacon->oldest_cause < 0) { /* no floor lives: there is nothing to hold */
        forget(links, beacon->last_cause + 1);
        return true;
    }
    struct link *newest = find(links, beacon->chain);
    if (newest == NULL || newest->cause != beacon->last_cause || !walk(links, newest, beacon->oldest_cause)) {
        return false;
    }
    mark_proven(links, newest, beacon->oldest_cause);
    forget(links, beacon->oldest_cause);
    return true;
}
