/* world: one simulated world from its plan to its end: the agenda, the brokers, Redis, the processes, the oracle. */
#ifndef CURFEW_TESTS_SIM_WORLD_H
#define CURFEW_TESTS_SIM_WORLD_H

#include "tests/sim/agenda.h"
#include "tests/sim/broker.h"
#include "tests/sim/nodes.h"
#include "tests/sim/oracle.h"
#include "tests/sim/plan.h"
#include "tests/sim/store.h"
#include "tests/sim/tokens.h"
#include "tests/sim/trace.h"

#define SIM_T0_US (INT64_C(1800000000) * CURFEW_US_PER_S) /* true time of the beginning */
#define SIM_SKEW_MS 250
#define SIM_TICK_MS 100
#define SIM_STRICT_US (2 * CURFEW_US_PER_S)
#define SIM_STANDARD_US (30 * CURFEW_US_PER_S)
#define SIM_WARNED_US (20 * CURFEW_US_PER_S) /* of calm, after which every hop must be fresh */
#define SIM_REMEMBERED_US (60 * CURFEW_US_PER_S) /* what a wrong clock said may be on its way so long */
#define SIM_PROCESSES_MAX (SIM_COORDINATORS_MAX + SIM_HOPS_MAX + SIM_ACTORS_MAX)

/* What a session's start said, for whoever mints under it. */
struct sim_session_facts {
    int32_t lane, user;
    int64_t auth_us, deadline_us;
};

struct sim_world {
    const struct sim_plan *plan;
    int64_t now_us; /* true time */
    int64_t begun_us; /* true time the plan's times count from */
    struct sim_agenda agenda;
    struct sim_trace trace;
    struct sim_broker *broker;
    struct sim_store *store;
    int64_t store_slow_us; /* what a call to Redis takes more */
    int64_t store_slow_until_us;
    int64_t store_gone_until_us;
    struct sim_tokens *tokens;
    struct sim_oracle *oracle;
    struct sim_process processes[SIM_PROCESSES_MAX]; /* coordinators, then hops, then actors */
    int process_count;
    struct sim_machine in_order[SIM_PROCESSES_MAX]; /* their clocks when nothing is wrong with them */
    struct sim_session_facts sessions[SIM_SESSIONS_MAX + 1]; /* by number; lane 0: not started yet */
    struct sim_dice dice;
    int generation; /* how often the logs were made anew */
    int64_t deeds; /* taken from the agenda */
    int64_t records; /* durable, all topics */
    int64_t late_calls; /* done by Redis when nobody waited for them any more */
    int64_t faults[SIM_ACT_COUNT]; /* done */
};

struct sim_result {
    struct sim_findings findings;
    uint64_t hash;
    int64_t simulated_us;
    int64_t faults[SIM_ACT_COUNT]; /* of the plan, done */
    int64_t records; /* durable, all topics */
    int64_t late_calls; /* of Redis */
};

/* Lives the plan to its end, or to the first violation when `stop_at_first`. The trace goes to `out` too if not NULL.
 */
void sim_world_run(const struct sim_plan *plan, bool stop_at_first, FILE *out, struct sim_result *result);

/* For the parts. */
/* The id of a lane's log as it is now. */
void sim_world_log_id(const struct sim_world *world, int32_t lane, uint8_t id[CURFEW_LOG_ID_SIZE]);
/* Every log's first record, as `curfew topics create` writes it. */
void sim_world_genesis(struct sim_world *world, int generation);
struct curfew_settings sim_world_settings(const struct sim_world *world);
struct sim_process *sim_world_coordinator(struct sim_world *world, int number);
struct sim_process *sim_world_hop(struct sim_world *world, int number);
struct sim_process *sim_world_actor(struct sim_world *world, int number); /* from 1 */
/* How far, of all coordinators, the wall clock furthest ahead of true time is ahead of it, or was when it said what may
 * be on its way yet; of those up or down. */
int64_t sim_world_coordinators_ahead(const struct sim_world *world);

#endif
