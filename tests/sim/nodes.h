/* nodes: the three kinds of process of the simulated world, each the real components under the simulated runner. */
#ifndef CURFEW_TESTS_SIM_NODES_H
#define CURFEW_TESTS_SIM_NODES_H

#include "tests/sim/plan.h"
#include "tests/sim/process.h"
#include <curfew/event.h>

/* coordinator_node: the real coordinator. */
struct sim_coordinator;
struct sim_coordinator *sim_coordinator_create(struct sim_world *world, struct sim_process *process);
void sim_coordinator_destroy(struct sim_coordinator *node);
extern const struct sim_process_ops sim_coordinator_ops;

/* hop_node: the real feed, region, deny set, freshness, guard, and cache logic against the simulated Redis. */
struct sim_hop;
struct sim_hop *sim_hop_create(struct sim_world *world, struct sim_process *process);
void sim_hop_destroy(struct sim_hop *node);
extern const struct sim_process_ops sim_hop_ops;
/* Judges a token with the real guard, in every class, and tells the oracle; also as a reader of Redis alone does, who
 * goes on while the hop is down or suspended. */
void sim_hop_ask(struct sim_hop *node, int32_t token);
/* Judges some tokens by chance, mostly those whose ends are new. */
void sim_hop_ask_some(struct sim_hop *node, int count);
/* Judges some of the newest tokens of the session, of the user, or of whomever when both are 0. */
void sim_hop_ask_about(struct sim_hop *node, int32_t session, int32_t user);
/* Tells the oracle what calm should have led to: freshness of every lane, and every released token judged. */
void sim_hop_calm(struct sim_hop *node);

/* actor_node: an issuer and orchestrator: the real emitter. It says what the plan tells it to say, sends again what may
 * be sent again, beats for its holder, and lets a token go only when its announcement was accepted. */
struct sim_actor;
struct sim_actor *sim_actor_create(struct sim_world *world, struct sim_process *process, int32_t number);
void sim_actor_destroy(struct sim_actor *node);
extern const struct sim_process_ops sim_actor_ops;
/* One action of work. A process that is down says nothing. */
void sim_actor_do(struct sim_actor *node, const struct sim_action *action);

#endif
