/* rig_state: what a rig holds, for rig.c and rig_servers.c alone. */
#ifndef RIG_STATE_H
#define RIG_STATE_H

#include "tests/scenario/rig.h"

#define RIG_VARIABLES_MAX 256

struct rig_kept {
    struct rig_kept *next;
    char *text;
};

struct rig {
    char *directory;
    char *environment[RIG_VARIABLES_MAX + 1]; /* NULL-ended */
    size_t variables;
    struct rig_process *process[RIG_PROCESSES_MAX];
    size_t processes;
    struct rig_process *kafka;
    const char *config; /* settings file of what is started; NULL: none */
    struct rig_http *http;
    struct rig_kept *texts;
    int commands; /* run so far: names their files */
    bool outputs_kept;
    int prefixes; /* of topics handed out so far */
};

/* Takes a malloc'ed text over; it lives as long as the rig. */
const char *rig_keep(struct rig *rig, char *text);

#endif
