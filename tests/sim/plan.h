/* plan: everything that is done to a world and in it, decided before it begins: how large it is, who does what when,
 * what breaks when and when it is mended. A seed makes a plan; a plan can be printed, read back, and cut down to what a
 * failure needs. Numbers name things: session 3, task 7 of it, token 12.
 *
 * Text form, one action a line: seconds since the beginning, the action's name, and name=number for each parameter that
 * is not 0: `12.345678 task-start actor=1 session=3 task=7 attempt=1 parent=2 parent_attempt=1`. */
#ifndef CURFEW_TESTS_SIM_PLAN_H
#define CURFEW_TESTS_SIM_PLAN_H

#include "tests/sim/dice.h"
#include <curfew/status.h>
#include <stdio.h>

#define SIM_COORDINATORS_MAX 3
#define SIM_HOPS_MAX 32
#define SIM_ACTORS_MAX 4
#define SIM_BROKERS 3
#define SIM_LANES_MAX 4 /* control included */
#define SIM_SESSIONS_MAX 64
#define SIM_TASKS_MAX 64 /* of one session; a fan-out's children are counted apart */
#define SIM_USERS_MAX 8
#define SIM_AGENTS_MAX 8 /* the first SIM_ACTORS_MAX are the actors' own */
#define SIM_TOKENS_MAX 16384
#define SIM_ACTIONS_MAX 32768

/* What `process` numbers: coordinators first, then hops, then actors. */
enum sim_act {
    /* Work. `actor` says it through its producer. Things are numbered from 1; 0: none. */
    SIM_SESSION_START, /* actor session user lane holder(actor whose lease; 0 none) value(auth, µs before now) life_s */
    SIM_SESSION_END, /* actor session */
    SIM_TASK_START, /* actor session task attempt parent parent_attempt holder */
    SIM_ATTEMPT_END, /* actor session task attempt */
    SIM_TASK_END, /* actor session task attempt(0: whichever) */
    SIM_MINT, /* actor token session task(0: the session itself) attempt life_s agent(0: the actor's own); value: µs its
               * clock is wrong by */
    SIM_FAN_OUT, /* actor token(first) session task attempt count life_s: count mints at once */
    SIM_TOKEN_REVOKE, /* actor session token(first) count(so many; 0: one), minted or not */
    SIM_USER_REVOKE, /* actor user; value: µs its clock is wrong by */
    SIM_SETTINGS, /* actor value(lease_ms) count(token_life_ms): the rest stays */
    SIM_SILENCE, /* actor value(µs): it beats for nobody, as a hung orchestrator does */
    SIM_GARBAGE, /* actor lane: bytes no one can read */
    /* Processes. */
    SIM_CRASH, /* process count(inputs it still handles first) value(µs it is down) */
    SIM_SUSPEND, /* process value(µs) */
    SIM_CLOCK, /* process value(µs the wall clock steps by); stepped back by its own later action */
    SIM_DRIFT, /* process value(ppm) */
    /* Network between one process and the brokers. */
    SIM_DELAY, /* process value(µs) count(µs added to every way) */
    SIM_BLACKHOLE, /* process value(µs) */
    SIM_LOSE_ACKS, /* process value(µs): what it produces is appended, the acknowledgement is lost */
    /* Brokers. `topic` is an enum curfew_topic, `lane` gives the partition. */
    SIM_BROKER_CLOCK, /* broker value(µs it is wrong by from now on) */
    SIM_BROKER_DOWN, /* broker value(µs): its partitions change leader, or stall when none is left */
    SIM_LEADER_CHANGE, /* topic lane: the unacknowledged tail goes */
    SIM_UNCLEAN, /* topic lane count: the last records go, acknowledged or not */
    SIM_STALL, /* topic lane value(µs): neither append nor fetch */
    SIM_RETENTION, /* topic lane count(records that stay), or life_s: what is older goes */
    SIM_RECREATE, /* both logs, revocations and answers are deleted and made anew */
    SIM_FORGE, /* lane count: so many records of a stranger's are appended to its log */
    SIM_CAUSES_LOST, /* topic lane: revocations are deleted and made anew, the logs stay */
    /* Redis. */
    SIM_REDIS_FLUSH,
    SIM_REDIS_EVICT, /* count(of its buckets) */
    SIM_REDIS_FAILOVER, /* value(µs the replica was behind) */
    SIM_REDIS_SLOW, /* value(µs) count(µs a call) */
    SIM_REDIS_GONE, /* value(µs) */
    /* Readers. */
    SIM_ASK, /* process(a hop) session(or user, or 0: any) value(µs for which it is asked) count(µs between) */
    /* Operators. `actor` says it. */
    SIM_AGENT_REVOKE, /* actor agent */
    SIM_TENANT_PROPOSE, /* actor: that the worlds' tenant is revoked; nobody says it a second time */
    SIM_ACT_COUNT
};

struct sim_action {
    int64_t at_us; /* since the beginning */
    enum sim_act act;
    int32_t process, actor, broker, topic, lane;
    int32_t session, task, attempt, parent, parent_attempt, user, token, holder, agent;
    int32_t count, life_s;
    int64_t value;
};

struct sim_size {
    uint64_t seed; /* of the world's own luck: delays, orders */
    int32_t lanes; /* control included, 2..SIM_LANES_MAX */
    int32_t coordinators, hops, actors;
    int32_t lease_ms, token_life_ms, restate_ms;
    int64_t session_life_ms;
    int64_t calm_us; /* from then on nothing breaks any more and all is mended */
    int64_t end_us;
};

struct sim_plan {
    struct sim_size size;
    struct sim_action *actions; /* by at_us */
    size_t count;
    size_t room;
};

void sim_plan_of(uint64_t seed, struct sim_plan *plan);
void sim_plan_free(struct sim_plan *plan);
void sim_plan_add(struct sim_plan *plan, const struct sim_action *action);
void sim_plan_sort(struct sim_plan *plan); /* stable, by time */
struct sim_plan sim_plan_copy(const struct sim_plan *plan);

/* Within calm: what retention cut from revocations unseen is stated again. */
bool sim_plan_restates_often(const struct sim_plan *plan);
bool sim_act_is_fault(enum sim_act act);
bool sim_act_is_work(enum sim_act act); /* an actor says it */
const char *sim_act_name(enum sim_act act);
void sim_action_print(const struct sim_action *action, FILE *out); /* one line, with its newline */
void sim_plan_print(const struct sim_plan *plan, FILE *out); /* the size on lines of `name number`, then actions */
enum curfew_status sim_plan_read(FILE *in, struct sim_plan *plan, struct curfew_error *error) CURFEW_MUST_CHECK;

/* plan_work*.c, plan_faults.c and the plan_scenes_*.c: what sim_plan_of is put together from. */
void sim_plan_work(struct sim_plan *plan, struct sim_dice *dice);
void sim_plan_faults(struct sim_plan *plan, struct sim_dice *dice);
/* After the work: trouble around an end of it, for hops that will be asked about that end. */
void sim_plan_scenes_hop(struct sim_plan *plan, struct sim_dice *dice);
/* After those: trouble with Redis around an end. */
void sim_plan_scenes_store(struct sim_plan *plan, struct sim_dice *dice);
/* After all that, so that neither faults nor scenes for hops depend on it. */
void sim_plan_work_rare(struct sim_plan *plan, struct sim_dice *dice);
/* Short sessions of their own, with the trouble that shows what coordinators make of them. */
void sim_plan_scenes_coordinator(struct sim_plan *plan, struct sim_dice *dice);
/* Last: agents that are revoked while they work, and revocations that nobody seconds. */
void sim_plan_work_standing(struct sim_plan *plan, struct sim_dice *dice);

#endif
