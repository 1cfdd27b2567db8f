/* world: a control lane and one pipeline lane with a broker's clock, for tests of the coordinator's step. */
#ifndef CURFEW_TESTS_UNIT_WORLD_H
#define CURFEW_TESTS_UNIT_WORLD_H

#include "services/coordinator/register.h"
#include "tests/common/author.h"

#define WORLD_SESSION "1.AAAAAAAAAAAAAAAAAAAAAA"
#define WORLD_OTHER "1.BBBBBBBBBBBBBBBBBBBBBB"
#define WORLD_S INT64_C(1000000) /* a second, in µs */
#define WORLD_T0 (INT64_C(1800000000) * WORLD_S)

struct world {
    struct curfew_control *control_facts;
    struct curfew_lane *control;
    struct curfew_lane *lane;
    int64_t now_us; /* the broker's clock */
    int64_t control_next;
    int64_t next;
    struct curfew_effects effects; /* of the newest step */
    struct curfew_register *names; /* noted after each step of the pipeline lane; NULL: none */
    int64_t newest_expiry_us; /* with skew, of the token of world_with_token */
};

struct world *world_make(void); /* both lanes, without genesis */
struct world *world_begin(void); /* with genesis and a first tick */
struct world *world_with_token(void); /* and a session of ada's with task extract, attempt 1, and token t1 */
void world_end(struct world *world);

struct curfew_settings world_settings(void);
struct curfew_genesis world_genesis(int32_t lane);

/* For what is proven: the log of a lane that has begun, zeros before. */
struct curfew_log_place world_place(const struct curfew_lane *lane, int32_t number);

/* Steps one event on the pipeline (or control) lane at the broker's now; writer and said_us are filled in when empty.
 */
enum curfew_step world_say(struct world *world, struct curfew_event event);
enum curfew_step world_control(struct world *world, struct curfew_event event);
/* Moves the clock on by `us` in ticks of 100 ms, said by a coordinator whose clock is right. */
void world_pass(struct world *world, int64_t us);

/* Events; each is stepped, and the answer is the reason it was refused for, or CURFEW_REASON_COUNT when it was not. */
#define ACCEPTED CURFEW_REASON_COUNT
enum curfew_reason world_session(struct world *world, const char *session, const char *user);
enum curfew_reason world_session_end(struct world *world, const char *session);
enum curfew_reason world_task(struct world *world, const char *task, int64_t attempt, const char *parent,
                              int64_t parent_attempt);
enum curfew_reason world_held_task(struct world *world, const char *task, int64_t attempt, const char *holder);
enum curfew_reason world_attempt_end(struct world *world, const char *task, int64_t attempt);
enum curfew_reason world_task_end(struct world *world, const char *task, int64_t attempt);
enum curfew_reason world_beat(struct world *world, const char *holder);
enum curfew_reason world_revoke_user(struct world *world, const char *user);

/* A mint under WORLD_SESSION and user "ada" for the path of `count` steps. */
enum curfew_reason world_mint(struct world *world, const char *jti, const struct curfew_path_step *path, size_t count);
struct curfew_claims world_claims(const struct world *world, const char *session, const char *jti);
enum curfew_reason world_mint_claims(struct world *world, const struct curfew_claims *claims);
enum curfew_reason world_token_revoke(struct world *world, const char *jti);

/* How the newest step ended. */
enum curfew_reason world_reason(const struct world *world);
/* The floor of a subject in what the newest step raised; 0: not raised. */
int64_t world_raised(const struct world *world, struct curfew_subject subject, int64_t *expires_us);
size_t world_raised_count(const struct world *world);

struct curfew_subject world_task_subject(const char *task);
struct curfew_path_step world_step(const char *task, int64_t attempt);

#endif
