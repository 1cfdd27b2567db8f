/* oracle: verdicts against the truth. */
#include "tests/sim/oracle.h"

#include "schemas/codec.h"
#include "tests/sim/names.h"
#include "tests/sim/oracle_state.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDING_US 1000 /* of clocks that drift */

struct sim_oracle *sim_oracle_create(struct sim_world *world)
{
    struct sim_oracle *oracle = calloc(1, sizeof *oracle);
    if (oracle == NULL || (oracle->arena.memory = malloc(CURFEW_CODEC_MEMORY)) == NULL) {
        abort();
    }
    oracle->world = world;
    oracle->arena.size = CURFEW_CODEC_MEMORY;
    oracle->control_gone = -1;
    for (int32_t i = 0; i < SIM_LANES_MAX; i++) {
        oracle->lanes[i].cut_at = INT64_MAX;
    }
    return oracle;
}

void sim_oracle_destroy(struct sim_oracle *oracle)
{
    if (oracle != NULL) {
        sim_oracle_log_free(oracle);
        sim_oracle_published_free(oracle);
        free(oracle->arena.memory);
        free(oracle);
    }
}

void sim_oracle_violation(struct sim_oracle *oracle, const char *invariant, const char *format, ...)
{
    char text[SIM_VIOLATION_TEXT];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (oracle->findings.violations++ == 0) {
        (void)snprintf(oracle->findings.invariant, sizeof oracle->findings.invariant, "%s", invariant);
        memcpy(oracle->findings.text, text, sizeof text);
    }
    sim_trace_line(&oracle->world->trace, oracle->world->now_us, "VIOLATION", "%s: %s", invariant, text);
}

const struct sim_findings *sim_oracle_findings(const struct sim_oracle *oracle)
{
    return &oracle->findings;
}

static int32_t lane_of(enum curfew_topic topic, int32_t partition)
{
    return topic == CURFEW_TOPIC_CONTROL ? 0 : topic == CURFEW_TOPIC_LIFECYCLE ? partition + 1 : -1;
}

void sim_oracle_committed(struct sim_oracle *oracle, enum curfew_topic topic, int32_t partition,
                          const struct curfew_bus_event *record)
{
    const int32_t lane = lane_of(topic, partition);
    if (lane >= 0) {
        sim_oracle_log(oracle, lane, record);
    } else if (topic == CURFEW_TOPIC_REVOCATIONS || topic == CURFEW_TOPIC_ANSWERS) {
        struct curfew_event event;
        enum curfew_reason reason;
        oracle->arena.used = 0;
        if (curfew_codec_decode(record->value, &oracle->arena, &event, &reason, NULL) == CURFEW_OK) {
            sim_oracle_published(oracle, partition, &event);
        }
    }
}

void sim_oracle_cut(struct sim_oracle *oracle, enum curfew_topic topic, int32_t partition, int64_t end)
{
    const int32_t lane = lane_of(topic, partition);
    if (lane >= 0) {
        sim_oracle_log_cut(oracle, lane, end);
    } /* what once stood in revocations is remembered: a coordinator may have read it back before it went */
}

static struct o_token *token_of(struct sim_oracle *oracle, const struct curfew_claims *claims, int32_t *number)
{
    *number = sim_number_of("token-", claims->jti);
    if (*number < 1 || *number >= SIM_TOKENS_MAX) {
        abort(); /* every token here was made by an actor */
    }
    return &oracle->tokens[*number];
}

/* The one that a token names, if it names any. */
static int32_t agent_of(const struct curfew_claims *claims)
{
    const struct curfew_slice *agents = claims->agents.items;
    const int32_t agent = claims->agents.count == 0 ? 0 : sim_number_of(SIM_AGENT, agents[0]);
    return agent >= 1 && agent <= SIM_AGENTS_MAX ? SIM_USERS_MAX + agent : 0;
}

bool sim_oracle_learn(struct o_token *token, const struct curfew_claims *claims)
{
    const struct curfew_path_step *steps = claims->path.items;
    token->session = sim_session_number(claims->session);
    token->lane = sim_oracle_lane_of(claims->session);
    token->user = sim_number_of("user-", claims->user);
    token->agent = agent_of(claims);
    token->auth_us = claims->auth_us;
    token->issued_us = claims->issued_us;
    token->expires_us = claims->expires_us;
    token->depth = claims->path.count;
    bool known = token->session >= 1 && token->session <= SIM_SESSIONS_MAX && token->lane >= 1 &&
                 token->lane < SIM_LANES_MAX && token->user >= 1 && token->user <= SIM_USERS_MAX;
    for (size_t i = 0; i < token->depth; i++) {
        token->tasks[i] = sim_number_of("task-", steps[i].task);
        token->attempts[i] = steps[i].attempt;
        known = known && token->tasks[i] >= 1 && token->tasks[i] <= SIM_TASKS_MAX;
    }
    return known;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 ? b : b == 0 || a < b ? a : b;
}

static int64_t died(const struct sim_oracle *oracle, const struct o_token *token)
{
    const struct o_session *session = &oracle->sessions[token->session];
    const struct o_lane *lane = &oracle->lanes[token->lane];
    int64_t died_us = earlier(token->revoked_us[token->lane], session->died_us);
    if (token->issued_us < lane->genesis_us) {
        died_us = earlier(died_us, lane->genesis_true_us); /* a new log knows nothing of the old one's ends */
    }
    died_us = earlier(died_us, sim_oracle_who_died(oracle, token->user, token->auth_us));
    died_us = earlier(died_us, sim_oracle_who_died(oracle, token->agent, token->auth_us));
    for (size_t i = 0; i < token->depth; i++) {
        const struct o_task *task = &session->tasks[token->tasks[i]];
        for (int r = 0; r < task->rise_count; r++) {
            if (token->attempts[i] < task->rises[r].floor) {
                died_us = earlier(died_us, task->rises[r].true_us);
            }
        }
    }
    return died_us;
}

/* Such an end of it was durable, in this history of the logs or in one that was cut. */
static bool was_ever_ended(const struct sim_oracle *oracle, int32_t number, enum curfew_kind by)
{
    const struct o_token *token = &oracle->tokens[number];
    bool ended = false;
    switch (by) {
    case CURFEW_KIND_TOKEN:
        return oracle->once_token[number];
    case CURFEW_KIND_SESSION:
        return oracle->once_session[token->session];
    case CURFEW_KIND_USER:
        return token->auth_us < oracle->once_before[token->user];
    case CURFEW_KIND_AGENT:
        return token->auth_us < oracle->once_before[token->agent];
    case CURFEW_KIND_TASK:
        for (size_t i = 0; i < token->depth; i++) {
            ended = ended || token->attempts[i] < oracle->once_task[token->session][token->tasks[i]];
        }
        return ended;
    default:
        return false; /* nothing here raises any other */
    }
}

int64_t sim_oracle_died(struct sim_oracle *oracle, const struct curfew_claims *claims)
{
    int32_t number = 0;
    return died(oracle, token_of(oracle, claims, &number));
}

void sim_oracle_released(struct sim_oracle *oracle, int32_t number, const struct curfew_claims *claims,
                         const struct curfew_receipt *receipt)
{
    struct o_token *token = &oracle->tokens[number];
    const struct o_lane *lane = &oracle->lanes[receipt->lane];
    token->released = sim_oracle_learn(token, claims);
    oracle->findings.released++;
    if (token->withheld) {
        sim_oracle_violation(oracle, "I3", "token %d was given up, and left all the same", number);
    }
    const bool this_log =
        memcmp(receipt->log_id, lane->log_id, sizeof lane->log_id) == 0 && receipt->offset < lane->cut_at;
    if (!token->released) {
        sim_oracle_violation(oracle, "I3", "token %d left, and hangs on what nobody started", number);
    } else if (this_log && (receipt->offset < 0 || (size_t)receipt->offset >= lane->count ||
                            lane->records[receipt->offset].mint != number || !lane->records[receipt->offset].stood)) {
        sim_oracle_violation(oracle, "I3", "token %d left, and at %lld of lane %d what it hangs on was over", number,
                             (long long)receipt->offset, receipt->lane);
    } else if (!token->accepted) {
        sim_oracle_violation(oracle, "I3", "token %d left, and no coordinator has accepted its announcement", number);
    }
}

void sim_oracle_withheld(struct sim_oracle *oracle, int32_t number)
{
    oracle->tokens[number].withheld = true;
}

/* What an allow of knowledge `age_us` ago may not have missed. The hop judges the coordinators' clocks by its own: how
 * far they are further apart than skew, nobody in the world can know, unless what it reads tells it. */
static bool missed(struct sim_oracle *oracle, int hop, int64_t age_us, int64_t died_us)
{
    const struct sim_world *world = oracle->world;
    const struct sim_machine *machine = &sim_world_hop(oracle->world, hop)->machine;
    const int64_t apart_us = sim_world_coordinators_ahead(world) - sim_machine_error(machine, world->now_us) -
                             SIM_SKEW_MS * CURFEW_US_PER_MS;
    const int64_t slack_us = (apart_us > 0 && !oracle->warned ? apart_us : 0) + ROUNDING_US;
    return died_us != 0 && died_us < world->now_us - age_us - slack_us;
}

static void allowed(struct sim_oracle *oracle, int hop, const char *who, int32_t number, int64_t age_us)
{
    const struct o_token *token = &oracle->tokens[number];
    const int64_t died_us = died(oracle, token);
    const struct sim_machine *machine = &sim_world_hop(oracle->world, hop)->machine;
    if (!token->released || !oracle->once_open[token->session]) {
        sim_oracle_violation(oracle, "I3", "%s %d allowed token %d, which never left", who, hop, number);
    } else if (missed(oracle, hop, age_us, died_us)) {
        sim_oracle_violation(oracle, "I2", "%s %d allowed token %d with age %lld us, %lld us after its end was durable",
                             who, hop, number, (long long)age_us, (long long)(oracle->world->now_us - died_us));
    } else if (token->expires_us <= oracle->world->now_us + sim_machine_error(machine, oracle->world->now_us)) {
        sim_oracle_violation(oracle, "I1", "%s %d allowed token %d, which by its own clock is expired", who, hop,
                             number);
    }
}

void sim_oracle_warned(struct sim_oracle *oracle, bool warned)
{
    oracle->warned = warned;
}

void sim_oracle_verdict(struct sim_oracle *oracle, int hop, const struct curfew_claims *claims,
                        enum curfew_class strictness, const struct curfew_verdict *verdict)
{
    int32_t number = 0;
    struct o_token *token = token_of(oracle, claims, &number);
    struct sim_findings *findings = &oracle->findings;
    const uint32_t boot =
        (uint32_t)sim_world_hop(oracle->world, hop)->boots; /* what it denies, it holds while it is up */
    findings->ended += died(oracle, token) != 0 ? 1 : 0;
    switch (verdict->decision) {
    case CURFEW_ALLOW:
        findings->allows++;
        allowed(oracle, hop, "hop", number, verdict->age_us);
        if (token->denied[hop] == boot && died(oracle, token) != 0) {
            sim_oracle_violation(oracle, "I5", "hop %d denied token %d and now allows it", hop, number);
        }
        if ((strictness == CURFEW_CLASS_STRICT && verdict->age_us > SIM_STRICT_US) ||
            (strictness == CURFEW_CLASS_STANDARD && verdict->age_us > SIM_STANDARD_US) || verdict->age_us < 0) {
            sim_oracle_violation(oracle, "I2", "hop %d allowed a %s action with age %lld us", hop,
                                 curfew_class_name(strictness), (long long)verdict->age_us);
        }
        break;
    case CURFEW_DENY:
        findings->denies++;
        token->denied[hop] = verdict->kind == CURFEW_KIND_TOKEN ? 0 : boot; /* that one may be another lane's */
        if (!was_ever_ended(oracle, number, verdict->kind)) {
            sim_oracle_violation(oracle, "I8", "hop %d denied token %d by a %s, and no such thing of it was ended", hop,
                                 number, curfew_kind_name(verdict->kind));
        }
        break;
    case CURFEW_NOT_VALID:
        findings->not_valid++;
        break;
    case CURFEW_NEEDS_REAPPROVAL:
    case CURFEW_UNAVAILABLE_NOW:
        findings->unavailable++;
        break;
    }
}

/* Freshness in Redis is some beacon's, whole. */
static void check_fresh(struct sim_oracle *oracle, int32_t lane, const struct sim_store_fresh *fresh)
{
    if (fresh->as_of_us != oracle->read_as_of_us[lane]) {
        oracle->read_as_of_us[lane] = fresh->as_of_us;
        if (!sim_oracle_beacon_stood(oracle, lane, fresh->genesis_us, fresh->as_of_us)) {
            sim_oracle_violation(oracle, "I6",
                                 "Redis says lane %d is as of %lld in a log that began at %lld: no beacon said that",
                                 lane, (long long)fresh->as_of_us, (long long)fresh->genesis_us);
        }
    }
}

void sim_oracle_reader(struct sim_oracle *oracle, int hop, const struct curfew_claims *claims,
                       const struct sim_store_verdict *verdict)
{
    int32_t number = 0;
    const struct o_token *token = token_of(oracle, claims, &number);
    struct sim_findings *findings = &oracle->findings;
    findings->reads++;
    if (verdict->fresh) {
        findings->read_ended += died(oracle, token) != 0 ? 1 : 0;
        check_fresh(oracle, 0, &verdict->control);
        check_fresh(oracle, token->lane, &verdict->session);
    }
    if (verdict->answer == SIM_STORE_ALLOW) {
        findings->read_allows++;
        allowed(oracle, hop, "reader of Redis", number, verdict->age_us);
    } else if (verdict->answer == SIM_STORE_DENY) {
        findings->read_denies++;
        if (!was_ever_ended(oracle, number, verdict->kind)) {
            sim_oracle_violation(oracle, "I8", "Redis denies token %d by a %s, and no such thing of it was ended",
                                 number, curfew_kind_name(verdict->kind));
        }
    }
}

void sim_oracle_calm(struct sim_oracle *oracle, int hop, int32_t lane, bool fresh, const char *why)
{
    if (!fresh) {
        sim_oracle_violation(oracle, "I7", "calm has lasted, and lane %d of hop %d is %s", lane, hop, why);
    }
}
