/* oracle_tale: logs written by hand and told to the simulator's oracle, in a world of no processes but their clocks:
 * one coordinator, one hop, two actors, all clocks right. Whatever no parameter says is of session 1 in lane 1. */
#ifndef CURFEW_TESTS_UNIT_ORACLE_TALE_H
#define CURFEW_TESTS_UNIT_ORACLE_TALE_H

#include "tests/sim/names.h"
#include "tests/sim/world.h"

#define MS CURFEW_US_PER_MS
#define S CURFEW_US_PER_S
#define TALE_LANES 3
#define TALE_LEASE_MS 2000
#define TALE_TOKEN_LIFE_MS INT64_C(300000)
#define TALE_SESSION_LIFE_MS INT64_C(3600000)
#define TALE_TOKENS 32
#define TALE_COORDINATOR 0 /* processes */
#define TALE_HOP 1
#define TALE_ACTOR_1 2

/* What a token says, and the memory it says it from. */
struct tale_said {
    struct curfew_claims claims;
    struct curfew_path_step steps[CURFEW_PATH_MAX];
    char session[SIM_NAME_SIZE], user[SIM_NAME_SIZE], jti[SIM_NAME_SIZE], tasks[CURFEW_PATH_MAX][SIM_NAME_SIZE];
    char agent[SIM_NAME_SIZE];
    struct curfew_slice agents[1];
    struct curfew_receipt receipt;
    uint8_t digest[CURFEW_RECORD_DIGEST_SIZE]; /* of its announcement */
};

struct tale {
    struct sim_world world;
    struct sim_plan plan;
    struct sim_oracle *oracle;
    int64_t ends[CURFEW_TOPIC_COUNT][SIM_LANES_MAX]; /* of the logs: the next offset */
    int64_t broker_error_us; /* of the clock of all brokers */
    int32_t agent; /* through which the next tokens act; 0: none */
    int logs_made;
    uint8_t log_ids[SIM_LANES_MAX][CURFEW_LOG_ID_SIZE];
    struct tale_said tokens[TALE_TOKENS];
};
extern struct tale tale;

/* Setup and teardown of a test: genesis, a minute ago. */
int tale_begin(void **state);
int tale_end(void **state);
void tale_new_logs(void);
void tale_cut(int32_t lane, int64_t end);
void tale_pass(int64_t us);

/* Durable at once; the answer is the offset. */
int64_t tale_commit(enum curfew_topic topic, int32_t partition, struct curfew_slice value);
int64_t tale_commit_event(enum curfew_topic topic, int32_t partition, const struct curfew_event *event);
int64_t tale_say(int32_t lane, struct curfew_event event); /* writer, and said_us where it is 0, are filled in */

struct tale_start {
    int32_t session, user, holder; /* user 0: user 1 */
    int64_t auth_ago_us, life_us; /* life 0: ten minutes */
};
struct tale_step {
    int32_t task, attempt;
};
void tale_session(struct tale_start start);
void tale_session_end(int32_t session);
void tale_task(struct tale_step step, struct tale_step parent, int32_t holder);
void tale_task_end(enum curfew_event_type type, struct tale_step step); /* of the task or of its attempt */
void tale_token_revoke(int32_t token);
void tale_user_revoke(int32_t user, int64_t said_us);
void tale_agent_revoke(int32_t agent);
void tale_tenant_propose(void); /* one operator revokes the tenant */
int64_t tale_tick(int64_t clock_error_us); /* takes all of control in */
void tale_ticks(int64_t us); /* good ones, that long */
void tale_beat(int32_t holder, int64_t said_ago_us);
#define PATH(...)                                                                                                      \
    (sizeof((struct tale_step[]){__VA_ARGS__}) / sizeof(struct tale_step)), (const struct tale_step[])                 \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
/* Announces a token, for two minutes or for as long as it is told. */
void tale_mint(int32_t session, int32_t token, size_t depth, const struct tale_step *steps);
void tale_mint_times(int32_t session, int32_t token, int64_t issued_us, int64_t expires_us);
void tale_accept(int32_t token); /* an answer names its announcement */
void tale_release(int32_t token); /* accepted, and let go */
void tale_release_unanswered(int32_t token);
void tale_token(int32_t token, size_t depth, const struct tale_step *steps); /* mints and releases: fine */

/* What coordinators publish of lane 1. */
#define CHAIN(byte) ((const uint8_t[CURFEW_CHAIN_SIZE]){byte})
struct curfew_event tale_beacon(int64_t offset, int64_t as_of_us, int64_t last_cause, const uint8_t *chain);
void tale_publish(struct curfew_event event);
#define TALE_ANSWERED_MAX 16
void tale_answer(int64_t from, int64_t to); /* accepted, of records that are no mints; at most so many */
/* All raise one subject, a later cause for longer. */
void tale_floors(int64_t cause, int64_t cause_before, const uint8_t *chain_before, const uint8_t *chain);

void tale_judged(int32_t token, enum curfew_decision decision, enum curfew_class strictness, int64_t age_us);
void tale_allowed(int32_t token, int64_t age_us); /* best effort */
void tale_denied(int32_t token, enum curfew_kind by);

void tale_fine(void); /* nothing was found so far */
void tale_found(const char *invariant); /* that and nothing else was; the next finding is the first again */
void tale_lives(int32_t token); /* an allow is right, a deny is wrong */
void tale_is_over(int32_t token,
                  enum curfew_kind by); /* since now: an allow by newer knowledge is wrong, a deny right */
void tale_leaves_wrongly(int32_t session, int32_t token, size_t depth, const struct tale_step *steps); /* minted now */

#endif
