/* agenda: what is due at which true time, in order; what is due at the same time is done in the order it was put in. */
#ifndef CURFEW_TESTS_SIM_AGENDA_H
#define CURFEW_TESTS_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void sim_deed(void *context, uint64_t argument);

struct sim_entry {
    int64_t at_us;
    uint64_t number; /* order of putting in */
    sim_deed *deed;
    void *context;
    uint64_t argument;
};

struct sim_agenda {
    struct sim_entry *heap;
    size_t count;
    size_t room;
    uint64_t number;
};

/* What a context is freed for must not be due any more: contexts live as long as the world, and `argument` tells an old
 * appointment from a new one. */
void sim_agenda_put(struct sim_agenda *agenda, int64_t at_us, sim_deed *deed, void *context, uint64_t argument);
bool sim_agenda_take(struct sim_agenda *agenda, struct sim_entry *entry); /* false: empty */
void sim_agenda_free(struct sim_agenda *agenda);

#endif
