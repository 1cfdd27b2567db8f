/* coordinator_oracle: seeded random logs of a lane pair, good and hostile, and what they should lead to, told by plain
 * arrays that are searched from end to end. Each event is stepped; the answer must be the oracle's. */
#ifndef CURFEW_TESTS_UNIT_COORDINATOR_ORACLE_H
#define CURFEW_TESTS_UNIT_COORDINATOR_ORACLE_H

#include "core/digest.h"
#include "core/lineage.h"
#include "world.h"
#include <uthash.h>

#define STEPS 3000
#define SESSIONS 200
#define TASKS 4
#define HOLDERS 4
#define USERS 4
#define AGENTS 3
#define KEYS 3
#define POLICIES 2
#define PROPOSALS 64
#define RECORDS (4 * STEPS)
#define SKEW (WORLD_S / 4)
#define TOKEN_LIFE (60 * WORLD_S)
#define NOBODY (-1)
#define RUN_KEY "Nz-AU2K3PvYyJ1nO4Xr6C5aT0bQeDgHkLmRsVwXyZ%02d"

struct o_task {
    bool known, over, attempt_over;
    int parent, holder;
    int64_t attempt, parent_attempt;
};
struct o_session {
    bool known, over;
    int user, holder;
    int64_t auth, deadline;
    struct o_task tasks[TASKS];
};
struct o_token { /* one that was accepted */
    int session, jti;
    size_t depth;
    int tasks[TASKS];
    int64_t attempts[TASKS], expires;
    int agent, key, policy; /* NOBODY: none */
    int64_t version;
    struct curfew_lineage lineage;
};
enum o_kind { O_SETTINGS, O_ADOPTED, O_USER, O_AGENT, O_TENANT, O_KEY, O_POLICY };
struct o_fact { /* what control said */
    enum o_kind kind;
    int index; /* which of its kind */
    int64_t offset, said, proposed, timestamp;
    int64_t floor; /* or the version adopted */
    struct curfew_settings settings;
};
struct o_standing { /* floors, and versions adopted (0: none, else the version + 1) */
    int64_t user[USERS], agent[AGENTS], tenant, key[KEYS], policy[POLICIES], adopted[POLICIES];
};
struct o_proposal {
    enum o_kind kind;
    int index, by;
    int64_t version, said, good;
};
struct o_floor {
    struct curfew_subject subject;
    int64_t floor, expires;
    UT_hash_handle hh;
};
struct logged {
    bool control;
    int64_t timestamp;
    struct curfew_slice value;
    struct curfew_slice mac;
    uint8_t outcome[CURFEW_SHA256_SIZE];
};

/* What the oracle knows, and the run it watches. */
struct run {
    uint64_t random;
    struct world *world;
    struct o_session sessions[SESSIONS];
    struct o_token tokens[STEPS];
    struct o_fact facts[STEPS];
    struct logged log[RECORDS];
    size_t session_count, token_count, fact_count, facts_taken, log_count;
    int64_t revoked_at[STEPS + 2]; /* by jti; 0: not */
    int jti_count;
    int64_t renewed[HOLDERS], lease_clock, last_good, good;
    struct o_standing on_control, on_lane; /* on the lane: as far as its ticks have taken it in */
    struct o_proposal proposals[PROPOSALS];
    size_t proposal_count;
    int revoked[O_POLICY + 1], pending; /* how often something came of it */
    struct curfew_settings settings;
    struct o_floor *floors;
    int accepted, refused, denied, allowed;
};

struct run *run_begin(uint64_t seed);
void run_end(struct run *run);
/* Lets time pass by chance, steps one event by chance (hostile ones among them) and judges every token. */
void run_step(struct run *run);
/* From 0 to sides - 1. */
uint64_t run_dice(struct run *run, uint64_t sides);
int run_pick(struct run *run, int sides);
/* One name for each number, empty for NOBODY; of a few that last. */
struct curfew_slice run_name(const char *form, int number);
/* Steps an event; the answer must be the oracle's. At times the bytes of a hostile writer go first. */
void run_expect(struct run *run, bool control, const struct curfew_event *event, bool right);
/* coordinator_oracle_control.c: what operators say, and what the lane takes in of it at a tick. */
void run_control(struct run *run);
void run_take_facts(struct run *run, int64_t upto);
/* Proposals whose time is up at a good tick. */
void run_drop_proposals(struct run *run);
/* Whether all that spans sessions and a token hangs on stands. */
bool run_stands(const struct o_standing *standing, const struct o_session *session, const struct o_token *token);
/* Every accepted token that has not expired is denied if and only if something it depends on is over. */
void run_judge(struct run *run);

static inline bool run_task_runs(const struct o_task *task)
{
    return task->known && !task->over && !task->attempt_over;
}

/* A digest of everything a step led to. */
void run_outcome(const struct curfew_effects *effects, uint8_t outcome[CURFEW_SHA256_SIZE]);

#endif
