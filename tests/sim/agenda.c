/* agenda: a binary heap. */
#include "tests/sim/agenda.h"

#include <stdlib.h>

static bool sooner(const struct sim_entry *a, const struct sim_entry *b)
{
    return a->at_us < b->at_us || (a->at_us == b->at_us && a->number < b->number);
}

void sim_agenda_put(struct sim_agenda *agenda, int64_t at_us, sim_deed *deed, void *context, uint64_t argument)
{
    if (agenda->count == agenda->room) {
        agenda->room = agenda->room == 0 ? 1024 : 2 * agenda->room;
        agenda->heap = realloc(agenda->heap, agenda->room * sizeof *agenda->heap);
        if (agenda->heap == NULL) {
            abort();
        }
    }
    const struct sim_entry entry = {at_us, agenda->number++, deed, context, argument};
    size_t at = agenda->count++;
    while (at > 0 && sooner(&entry, &agenda->heap[(at - 1) / 2])) {
        agenda->heap[at] = agenda->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    agenda->heap[at] = entry;
}

bool sim_agenda_take(struct sim_agenda *agenda, struct sim_entry *entry)
{
    if (agenda->count == 0) {
        return false;
    }
    *entry = agenda->heap[0];
    const struct sim_entry last = agenda->heap[--agenda->count];
    size_t at = 0;
    for (size_t child = 1; child < agenda->count; child = 2 * at + 1) {
        if (child + 1 < agenda->count && sooner(&agenda->heap[child + 1], &agenda->heap[child])) {
            child++;
        }
        if (!sooner(&agenda->heap[child], &last)) {
            break;
        }
        agenda->heap[at] = agenda->heap[child];
        at = child;
    }
    agenda->heap[at] = last;
    return true;
}

void sim_agenda_free(struct sim_agenda *agenda)
{
    free(agenda->heap);
    *agenda = (struct sim_agenda){.heap = NULL};
}
