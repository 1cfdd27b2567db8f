/* reader: a program beside a hop, on the hop's machine and by its clock, that has only Redis (store_reader.c decides
 * for it). It asks in one transaction, or freshness first and the buckets a moment later, or at a replica; and it tells
 * the oracle what it would answer. It lives on while the hop is down. */
#ifndef CURFEW_TESTS_SIM_READER_H
#define CURFEW_TESTS_SIM_READER_H

#include <stdint.h>

struct sim_reader;
struct sim_world;
struct sim_process;

/* `hop` is the hop's number among hops, `process` the hop's. */
struct sim_reader *sim_reader_create(struct sim_world *world, struct sim_process *process, int hop);
void sim_reader_destroy(struct sim_reader *reader);
void sim_reader_ask(struct sim_reader *reader, int32_t token);
/* After calm Redis must be whole and fresh for this token (I7). */
void sim_reader_calm(struct sim_reader *reader, int32_t token);

#endif
