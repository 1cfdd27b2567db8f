/* book: one pipeline lane's closed world; its clockwork and its floors. */
#include "services/coordinator/book.h"

#include "services/coordinator/book_state.h"
#include "services/coordinator/memory.h"
#include <stdlib.h>

bool curfew_reason_retriable(enum curfew_reason reason)
{
    return reason == CURFEW_REASON_UNKNOWN_SESSION || reason == CURFEW_REASON_UNKNOWN_TASK ||
           reason == CURFEW_REASON_UNKNOWN_APPROVAL || reason == CURFEW_REASON_UNKNOWN_HOLDER ||
           reason == CURFEW_REASON_FUTURE || reason == CURFEW_REASON_CLOCK || reason == CURFEW_REASON_BOUND ||
           reason == CURFEW_REASON_UNKNOWN_WRITER || reason == CURFEW_REASON_UNKNOWN_POLICY;
}

struct curfew_book *curfew_book_create(struct curfew_ledger *ledger)
{
    struct curfew_book *book = curfew_memory_take(sizeof *book);
    book->ledger = ledger;
    book->revoked = curfew_revoked_create();
    book->policies = curfew_policies_create();
    return book;
}

void curfew_book_destroy(struct curfew_book *book)
{
    if (book == NULL) {
        return;
    }
    for (size_t i = 0; i < book->heap_count; i++) {
        curfew_book_session_close(book, book->heap[i], false, NULL);
        curfew_book_session_forget(book, book->heap[i]);
    }
    curfew_revoked_destroy(book->revoked);
    curfew_policies_destroy(book->policies);
    free(book->heap);
    free(book);
}

/* Raises a floor that lives until every token under the subject has expired everywhere: the newest that was announced,
 * and any whose announcement was accepted, let it go, and was lost since by an unclean election. Nobody knows of those,
 * but none lives longer than a token minted by now could. */
void curfew_book_raise(struct curfew_book *book, const struct curfew_floor *floor, const struct curfew_moment *moment)
{
    struct curfew_floor raised = *floor;
    const int64_t longest_us = moment->now_us + moment->settings->token_life_ms * INT64_C(1000);
    raised.expires_us = (raised.expires_us > longest_us ? raised.expires_us : longest_us) + moment->skew_us;
    const struct curfew_cause cause = {moment->offset, moment->good_us};
    curfew_ledger_raise(book->ledger, &raised, cause);
}

static void swap(struct session **heap, size_t a, size_t b)
{
    struct session *held = heap[a];
    heap[a] = heap[b];
    heap[b] = held;
}

void curfew_book_heap_push(struct curfew_book *book, struct session *session)
{
    if (book->heap_count == book->heap_room) {
        book->heap_room = book->heap_room == 0 ? 64 : 2 * book->heap_room;
        book->heap = curfew_memory_resize(book->heap, book->heap_room * sizeof(struct session *));
    }
    size_t at = book->heap_count++;
    book->heap[at] = session;
    while (at > 0 && book->heap[(at - 1) / 2]->wake_us > book->heap[at]->wake_us) {
        swap(book->heap, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct session *heap_pop(struct curfew_book *book)
{
    struct session *first = book->heap[0];
    book->heap[0] = book->heap[--book->heap_count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < book->heap_count; child++) {
            if (book->heap[child]->wake_us < book->heap[least]->wake_us) {
                least = child;
            }
        }
        if (least == at) {
            return first;
        }
        swap(book->heap, at, least);
        at = least;
    }
}

/* Sessions past their deadline end; their tombstones go one longest token life later, when no start of theirs could be
 * accepted and no token of theirs can be alive. */
static void deadlines_run(struct curfew_book *book, const struct curfew_moment *moment)
{
    while (book->heap_count > 0 && book->heap[0]->wake_us <= moment->good_us) {
        struct session *session = heap_pop(book);
        if (session->wake_us > session->deadline_us) {
            curfew_book_session_forget(book, session);
            continue;
        }
        curfew_book_session_close(book, session, true, moment);
        session->wake_us = session->deadline_us + moment->settings->token_life_ms * INT64_C(1000) + moment->skew_us;
        curfew_book_heap_push(book, session);
    }
}

void curfew_book_tick(struct curfew_book *book, const struct curfew_moment *moment)
{
    deadlines_run(book, moment);
    curfew_book_leases_run(book, moment);
    curfew_revoked_prune(book->revoked, moment->good_us);
}

struct curfew_book_counts curfew_book_counts(const struct curfew_book *book)
{
    return (struct curfew_book_counts){
        .sessions = (int64_t)HASH_COUNT(book->sessions) - book->tombstones,
        .tasks = (int64_t)HASH_COUNT(book->tasks),
        .holders = (int64_t)HASH_COUNT(book->holders),
        .tombstones = book->tombstones,
    };
}
