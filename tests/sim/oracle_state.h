/* oracle_state: what the oracle knows, shared by oracle.c (verdicts), oracle_log.c and
 * oracle_time.c (truth from the logs) and oracle_bus.c (what coordinators publish), and by nobody else. Everything is
 * found by its number. */
#ifndef CURFEW_TESTS_SIM_ORACLE_STATE_H
#define CURFEW_TESTS_SIM_ORACLE_STATE_H

#include "schemas/codec.h"
#include "tests/sim/oracle.h"
#include "tests/sim/world.h"
#include <uthash.h>

#define SIM_RISES_MAX 64 /* times one task's floor may rise */
#define SIM_REVOKED_MAX 256 /* records that revoke, of one log */
#define SIM_WHO_MAX (SIM_USERS_MAX + SIM_AGENTS_MAX) /* users by their number, then agents */

struct o_rise {
    int64_t floor;
    int64_t true_us;
};

struct o_task {
    bool known, over, attempt_over;
    int32_t parent, holder;
    int64_t attempt, parent_attempt;
    int rise_count;
    struct o_rise rises[SIM_RISES_MAX];
};

struct o_session {
    bool known, over;
    int32_t lane, user, holder;
    int64_t auth_us, deadline_us;
    int64_t died_us; /* its own floor; 0: none */
    struct o_task tasks[SIM_TASKS_MAX + 1];
};

struct o_revoked {
    int32_t who;
    int64_t offset, said_us, timestamp_us, before_us, true_us;
};

struct o_settings {
    int64_t offset;
    struct curfew_settings settings;
};

/* A durable record of a lane, kept so that truth can be told again. */
struct o_record {
    struct curfew_bus_event event; /* its value is our own memory */
    int64_t true_us;
    bool good_tick;
    int64_t took; /* of control, by a tick of a pipeline: up to here */
    int32_t mint; /* of a token-created: the token; 0: another event */
    bool stood; /* what it hangs on was not over when it was announced */
};

struct o_lane {
    struct o_record *records;
    size_t count, room;
    int64_t cut_at; /* offsets from here on have had more than one history */
    bool begun;
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t genesis_us, genesis_true_us;
    struct curfew_settings settings;
    int64_t control_taken; /* control records before this offset are taken in */
    int64_t good_us, last_good_us, lease_us;
    int64_t renewed_us[SIM_ACTORS_MAX + 1]; /* by holder, on the lease clock */
    int64_t excused_us[SIM_ACTORS_MAX + 1]; /* by holder: so far may that clock go on until its last fault is old */
    int64_t ticked_us; /* true time of the last good tick */
};

/* How far coordinators have answered a lane of that log. */
struct o_answered {
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t to; /* the last offset */
};

struct o_token {
    bool released, withheld;
    bool accepted; /* an answer spoke of its announcement, and did not refuse it */
    int32_t session, user, lane;
    int32_t agent; /* as one of SIM_WHO_MAX; 0: none */
    int64_t auth_us, issued_us, expires_us;
    int64_t revoked_us[SIM_LANES_MAX]; /* in that lane's log: true time; 0: not */
    int64_t revoked_until_us[SIM_LANES_MAX]; /* by that log's time: what is announced later is another token */
    uint32_t denied[SIM_HOPS_MAX]; /* the boot of the hop that denied it last */
    size_t depth;
    int32_t tasks[CURFEW_PATH_MAX];
    int64_t attempts[CURFEW_PATH_MAX];
};

/* Something published under a key that must always say the same. */
struct o_said {
    struct {
        uint8_t log_id[CURFEW_LOG_ID_SIZE];
        int64_t offset, part; /* part -1: a beacon */
        int64_t lane;
    } key;
    uint8_t chain[CURFEW_CHAIN_SIZE];
    int64_t as_of_us, last_cause, oldest_cause; /* last_cause of a floors record: the cause before */
    uint8_t chain_before[CURFEW_CHAIN_SIZE]; /* of a floors record */
    uint64_t content;
    struct o_said *reach; /* all links from here back to that one stood in revocations; NULL: not looked for */
    UT_hash_handle hh;
};

/* The highest floor of a subject that stood in a log's revocations, and the latest expiry. */
struct o_floor {
    struct {
        uint8_t log_id[CURFEW_LOG_ID_SIZE], subject[CURFEW_DIGEST_SIZE];
    } key;
    int64_t floor, expires_us;
    UT_hash_handle hh;
};

/* A beacon that stood in revocations, in whatever history. */
struct o_stood {
    struct {
        int64_t genesis_us, as_of_us, lane;
    } key;
    UT_hash_handle hh;
};

/* An announcement that was durable once, whatever became of it. */
struct o_mint {
    struct {
        uint8_t log_id[CURFEW_LOG_ID_SIZE];
        int64_t lane, offset;
        uint8_t digest[CURFEW_RECORD_DIGEST_SIZE];
    } key;
    int32_t token;
    UT_hash_handle hh;
};

struct sim_oracle {
    struct sim_world *world;
    struct sim_findings findings;
    struct curfew_arena arena;
    struct o_lane lanes[SIM_LANES_MAX];
    struct o_session sessions[SIM_SESSIONS_MAX + 1];
    struct o_revoked revoked[SIM_REVOKED_MAX];
    size_t revoked_count;
    struct o_settings settings[SIM_REVOKED_MAX];
    size_t settings_count;
    struct o_token tokens[SIM_TOKENS_MAX];
    /* What was ended in some history of the logs. */
    bool once_open[SIM_SESSIONS_MAX + 1];
    bool once_session[SIM_SESSIONS_MAX + 1];
    int64_t once_task[SIM_SESSIONS_MAX + 1][SIM_TASKS_MAX + 1];
    bool once_token[SIM_TOKENS_MAX];
    int64_t once_before[SIM_WHO_MAX + 1];
    bool telling_again;
    bool warned; /* by what it has read: such a hop is allowed no slack */
    int64_t control_gone; /* pipelines took in control up to here, and it is not there any more; -1: it is */
    struct o_answered answered[SIM_LANES_MAX];
    struct o_floor *floors;
    struct o_said *said;
    struct o_mint *mints;
    struct o_stood *stood;
    int64_t read_as_of_us[SIM_LANES_MAX]; /* of freshness in Redis, looked up last */
};

/* oracle.c: what a token hangs on, by number. False: on what no plan knows. */
bool sim_oracle_learn(struct o_token *token, const struct curfew_claims *claims);

/* oracle_log.c */
void sim_oracle_log(struct sim_oracle *oracle, int32_t lane, const struct curfew_bus_event *record);
void sim_oracle_log_cut(struct sim_oracle *oracle, int32_t lane, int64_t end);
void sim_oracle_log_free(struct sim_oracle *oracle);
/* Whether at this moment of its lane's log a token of that session and path could be let go. */
bool sim_oracle_stands(const struct sim_oracle *oracle, const struct o_token *token);
/* The lane a session id names; -1: none. */
int32_t sim_oracle_lane_of(struct curfew_slice session);
/* When the record became durable that revoked a user or agent, in true time; 0: none did, or it is nobody. */
int64_t sim_oracle_who_died(const struct sim_oracle *oracle, int32_t who, int64_t auth_us);

int64_t sim_oracle_skew(const struct o_lane *lane);
int32_t sim_oracle_holder(struct curfew_slice name); /* 0: none */
/* The first revocation, of control records before `upto`, that a session of the user, or the agent in a session,
 * authenticated then falls under; counted from 1, 0: none. */
int32_t sim_oracle_revoked_before(const struct sim_oracle *oracle, int32_t who, int64_t auth_us, int64_t upto);
void sim_oracle_end_session(struct sim_oracle *oracle, int32_t number, int64_t true_us);
void sim_oracle_end_task(struct sim_oracle *oracle, int32_t session, int32_t number, int64_t true_us);

/* oracle_time.c */
void sim_oracle_tick(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_tick *event,
                     struct o_record *record);
void sim_oracle_heartbeat(struct o_lane *lane, const struct curfew_holder_heartbeat *event,
                          const struct o_record *record);

/* oracle_bus.c */
void sim_oracle_published(struct sim_oracle *oracle, int32_t lane, const struct curfew_event *event);
/* Whether a beacon of the lane, of the log that began then, as of then, ever stood in revocations. */
bool sim_oracle_beacon_stood(const struct sim_oracle *oracle, int32_t lane, int64_t genesis_us, int64_t as_of_us);
/* A token-created, newly durable. */
void sim_oracle_minted(struct sim_oracle *oracle, int32_t lane, const struct curfew_bus_event *record, int32_t token);
void sim_oracle_published_free(struct sim_oracle *oracle);

#endif
