/* names: what the plan's numbers are called in the world: the same number is the same name, in every run of a plan. */
#ifndef CURFEW_TESTS_SIM_NAMES_H
#define CURFEW_TESTS_SIM_NAMES_H

#include <curfew/slice.h>
#include <stdint.h>

#define SIM_NAME_SIZE 64
#define SIM_ISSUER "https://issuer.test"
#define SIM_TENANT "acme"
#define SIM_AGENT "spiffe://acme/agent-" /* and its number */
#define SIM_AUDIENCE "https://ledger.test"

/* "2.<22 characters of base64url>", from the plan's seed and the session's number. */
void sim_session_name(uint64_t seed, int32_t session, int32_t lane, char name[SIM_NAME_SIZE]);
void sim_task_name(int32_t task, char name[SIM_NAME_SIZE]); /* "task-7" */
void sim_user_name(int32_t user, char name[SIM_NAME_SIZE]); /* "user-2" */
void sim_agent_name(int32_t agent, char name[SIM_NAME_SIZE]); /* "spiffe://acme/agent-3" */
void sim_holder_name(int32_t holder, char name[SIM_NAME_SIZE]); /* "holder-1"; empty for 0 */
void sim_token_name(int32_t token, char name[SIM_NAME_SIZE]); /* the jti: "token-12" */
/* The number behind `form` ("task-"), or of a session's name; 0: not such a name. */
int32_t sim_number_of(const char *form, struct curfew_slice name);
int32_t sim_session_number(struct curfew_slice name);

/* The writer that a coordinator is, from 0; "nobody" from SIM_COORDINATORS_MAX on (tests/sim/plan.h). */
const char *sim_coordinator_name(int32_t coordinator);
/* The writer that an actor is, from 1; "nobody" beyond SIM_ACTORS_MAX (tests/sim/plan.h). */
const char *sim_actor_name(int32_t actor);

#endif
