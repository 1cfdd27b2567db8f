/* store_link: a hop's connection to the simulated Redis. A call takes a while to get there, and its answer to come
 * back. Who waits for an answer gives up after a second, as the runner does; what was sent is not called back by that:
 * it may be done long after, when the next call, or the next start of the hop, has been and gone. */
#ifndef CURFEW_TESTS_SIM_STORE_LINK_H
#define CURFEW_TESTS_SIM_STORE_LINK_H

#include "consumer/cache.h"

struct sim_store_link;
struct sim_world;

/* The script's answer; NULL: there is none, the connection was given up. */
typedef void sim_store_heard(void *context, const char *answer);

/* `name` names its dice. */
struct sim_store_link *sim_store_link_create(struct sim_world *world, const char *name, sim_store_heard *heard,
                                             void *context);
void sim_store_link_destroy(struct sim_store_link *link);
bool sim_store_link_busy(const struct sim_store_link *link);
/* The call is copied. One at a time: `heard` is told of each once, later. */
void sim_store_link_send(struct sim_store_link *link, const struct curfew_cache_call *call);
/* The hop was killed: it hears nothing of what it sent, which may be done all the same. */
void sim_store_link_forget(struct sim_store_link *link);

#endif
