/* trace: what happened, in order, as lines of text: always hashed, printed when asked for. Two runs are the same run if
 * and only if their hashes are. */
#ifndef CURFEW_TESTS_SIM_TRACE_H
#define CURFEW_TESTS_SIM_TRACE_H

#include <stdint.h>
#include <stdio.h>

struct sim_trace {
    uint64_t hash;
    FILE *out; /* NULL: hash alone */
    int64_t begun_us; /* true time of the world's beginning: lines show seconds since */
};

void sim_trace_begin(struct sim_trace *trace, FILE *out, int64_t begun_us);
/* `who`: "hop-1", "broker", … Lines hold nothing that differs between two runs: no pointers, no signatures. */
__attribute__((format(printf, 4, 5))) void sim_trace_line(struct sim_trace *trace, int64_t now_us, const char *who,
                                                          const char *format, ...);

#endif
