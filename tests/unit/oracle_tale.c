/* oracle_tale: a world's logs, written by hand. */
#include "oracle_tale.h"

#include "schemas/codec.h"
#include "tests/common/author.h"
#include "tests/common/sealer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct tale tale;

void tale_pass(int64_t us)
{
    tale.world.now_us += us;
}

static int64_t commit(enum curfew_topic topic, int32_t partition, struct curfew_slice value, struct curfew_slice mac)
{
    const struct curfew_bus_event record = {
        .kind = CURFEW_BUS_RECORD,
        .topic = topic,
        .partition = partition,
        .offset = tale.ends[topic][partition]++,
        .timestamp_us = tale.world.now_us + tale.broker_error_us,
        .log_append_time = true,
        .value = value,
        .mac = mac,
    };
    sim_oracle_committed(tale.oracle, topic, partition, &record);
    return record.offset;
}

int64_t tale_commit(enum curfew_topic topic, int32_t partition, struct curfew_slice value)
{
    return commit(topic, partition, value, (struct curfew_slice){NULL, 0});
}

int64_t tale_commit_event(enum curfew_topic topic, int32_t partition, const struct curfew_event *event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    size_t size = 0;
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_error error = {.status = CURFEW_OK};
    struct curfew_event sealed = *event;
    sealer_seal(&sealer_genuine, &sealed, signature);
    if (curfew_codec_encode(&sealed, bytes, sizeof bytes, &size, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    if (topic != CURFEW_TOPIC_CONTROL && topic != CURFEW_TOPIC_LIFECYCLE) {
        return tale_commit(topic, partition, (struct curfew_slice){bytes, size});
    }
    uint8_t mac[CURFEW_MAC_SIZE];
    struct curfew_log_place place = {.lane = topic == CURFEW_TOPIC_CONTROL ? 0 : partition + 1};
    memcpy(place.log_id, tale.log_ids[place.lane], sizeof place.log_id);
    author_prove_event(event, &place, (struct curfew_slice){bytes, size}, mac);
    return commit(topic, partition, (struct curfew_slice){bytes, size}, (struct curfew_slice){mac, sizeof mac});
}

int64_t tale_say(int32_t lane, struct curfew_event event)
{
    event.as.session_ended.writer = curfew_slice_of("writer"); /* writer and said_us lead every event of a log */
    if (event.as.session_ended.said_us == 0) {
        event.as.session_ended.said_us = tale.world.now_us;
    }
    return tale_commit_event(curfew_lane_topic(lane), curfew_lane_partition(lane), &event);
}

void tale_new_logs(void)
{
    memset(tale.ends, 0, sizeof tale.ends);
    tale.logs_made++;
    for (int32_t lane = 0; lane < TALE_LANES; lane++) {
        memset(tale.log_ids[lane], 16 * tale.logs_made + lane, sizeof tale.log_ids[lane]);
        struct curfew_event event = {.type = CURFEW_EVENT_GENESIS};
        struct curfew_genesis *genesis = &event.as.genesis;
        memcpy(genesis->log_id, tale.log_ids[lane], sizeof genesis->log_id);
        memcpy(genesis->control_log, tale.log_ids[0], sizeof genesis->control_log);
        genesis->lane = lane;
        genesis->lanes = TALE_LANES;
        genesis->settings = sim_world_settings(&tale.world);
        tale_say(lane, event);
    }
}

int tale_begin(void **state)
{
    struct curfew_error error;
    (void)state;
    memset(&tale, 0, sizeof tale);
    tale.plan = (struct sim_plan){.size = {.seed = 7,
                                           .lanes = TALE_LANES,
                                           .coordinators = 1,
                                           .hops = 1,
                                           .actors = 2,
                                           .lease_ms = TALE_LEASE_MS,
                                           .token_life_ms = TALE_TOKEN_LIFE_MS,
                                           .session_life_ms = TALE_SESSION_LIFE_MS,
                                           .restate_ms = 60000}};
    tale.world.plan = &tale.plan;
    tale.world.now_us = SIM_T0_US;
    tale.world.process_count = 4;
    for (int i = 0; i < tale.world.process_count; i++) {
        tale.world.processes[i].machine = sim_machine_made(tale.world.now_us, 0, 0);
    }
    sim_trace_begin(&tale.world.trace, NULL, SIM_T0_US);
    tale.oracle = tale.world.oracle = sim_oracle_create(&tale.world);
    if (curfew_codec_init(&error) != CURFEW_OK) {
        return -1;
    }
    tale_new_logs();
    tale_pass(60 * S);
    return 0;
}

int tale_end(void **state)
{
    (void)state;
    sim_oracle_destroy(tale.oracle);
    return 0;
}

void tale_fine(void)
{
    const struct sim_findings *findings = sim_oracle_findings(tale.oracle);
    if (findings->violations != 0) {
        fail_msg("%s: %s", findings->invariant, findings->text);
    }
}

void tale_found(const char *invariant)
{
    struct sim_findings *findings = (struct sim_findings *)(uintptr_t)sim_oracle_findings(tale.oracle);
    assert_int_equal(findings->violations, 1);
    assert_string_equal(findings->invariant, invariant);
    assert_true(findings->text[0] != '\0');
    findings->violations = 0;
}

static struct curfew_slice session_name(int32_t session, char name[SIM_NAME_SIZE])
{
    sim_session_name(tale.plan.size.seed, session, 1, name);
    return curfew_slice_of(name);
}

static struct curfew_slice named(void (*namer)(int32_t, char *), int32_t number, char name[SIM_NAME_SIZE])
{
    name[0] = '\0';
    if (number != 0) {
        namer(number, name);
    }
    return curfew_slice_of(name);
}

struct start {
    int32_t session, user, holder;
    int64_t auth_ago_us, life_us;
};

void tale_session(struct tale_start start)
{
    char session[SIM_NAME_SIZE], user[SIM_NAME_SIZE], holder[SIM_NAME_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED};
    struct curfew_session_started *started = &event.as.session_started;
    started->session = session_name(start.session, session);
    started->tenant = curfew_slice_of(SIM_TENANT);
    started->issuer = curfew_slice_of(SIM_ISSUER);
    started->user = named(sim_user_name, start.user == 0 ? 1 : start.user, user);
    started->auth_us = tale.world.now_us - start.auth_ago_us;
    started->deadline_us = tale.world.now_us + (start.life_us == 0 ? 600 * S : start.life_us);
    started->holder = named(sim_holder_name, start.holder, holder);
    tale.world.sessions[start.session] =
        (struct sim_session_facts){1, start.user == 0 ? 1 : start.user, started->auth_us, started->deadline_us};
    tale_say(1, event);
}

void tale_session_end(int32_t session)
{
    char name[SIM_NAME_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED};
    event.as.session_ended.session = session_name(session, name);
    tale_say(1, event);
}

void tale_task(struct tale_step step, struct tale_step parent, int32_t holder)
{
    char session[SIM_NAME_SIZE], task[SIM_NAME_SIZE], above[SIM_NAME_SIZE], holds[SIM_NAME_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_TASK_STARTED};
    struct curfew_task_started *started = &event.as.task_started;
    started->session = session_name(1, session);
    started->task = named(sim_task_name, step.task, task);
    started->attempt = step.attempt;
    started->parent = named(sim_task_name, parent.task, above);
    started->parent_attempt = parent.attempt;
    started->holder = named(sim_holder_name, holder, holds);
    tale_say(1, event);
}

void tale_task_end(enum curfew_event_type type, struct tale_step step)
{
    char session[SIM_NAME_SIZE], task[SIM_NAME_SIZE];
    struct curfew_event event = {.type = type};
    struct curfew_task_ended *ended = &event.as.task_ended; /* attempt-ended has the same fields */
    ended->session = session_name(1, session);
    ended->task = named(sim_task_name, step.task, task);
    ended->attempt = step.attempt;
    tale_say(1, event);
}

void tale_token_revoke(int32_t token)
{
    char session[SIM_NAME_SIZE], jti[SIM_NAME_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_REVOKED};
    event.as.token_revoked.session = session_name(1, session);
    event.as.token_revoked.issuer = curfew_slice_of(SIM_ISSUER);
    event.as.token_revoked.jti = named(sim_token_name, token, jti);
    tale_say(1, event);
}

void tale_user_revoke(int32_t user, int64_t said_us)
{
    char name[SIM_NAME_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED};
    struct curfew_subject_revoked *revoked = &event.as.subject_revoked;
    revoked->said_us = said_us;
    revoked->kind = CURFEW_KIND_USER;
    revoked->tenant = curfew_slice_of(SIM_TENANT);
    revoked->scope = curfew_slice_of(SIM_ISSUER);
    revoked->id = named(sim_user_name, user, name);
    tale_say(0, event);
}

void tale_agent_revoke(int32_t agent)
{
    char name[SIM_NAME_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED};
    event.as.subject_revoked.kind = CURFEW_KIND_AGENT;
    event.as.subject_revoked.tenant = event.as.subject_revoked.scope = curfew_slice_of(SIM_TENANT);
    event.as.subject_revoked.id = named(sim_agent_name, agent, name);
    tale_say(0, event);
}

void tale_tenant_propose(void)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED};
    event.as.subject_revoked.kind = CURFEW_KIND_TENANT;
    event.as.subject_revoked.tenant = event.as.subject_revoked.id = curfew_slice_of(SIM_TENANT);
    tale_say(0, event);
}

int64_t tale_tick(int64_t clock_error_us)
{
    struct curfew_event event = {.type = CURFEW_EVENT_TICK};
    event.as.tick.said_us = tale.world.now_us + clock_error_us;
    event.as.tick.control_offset = tale.ends[CURFEW_TOPIC_CONTROL][0] - 1;
    return tale_say(1, event);
}

void tale_ticks(int64_t us)
{
    for (int64_t i = 0; i < us; i += SIM_TICK_MS * MS) {
        tale_pass(SIM_TICK_MS * MS);
        tale_tick(0);
    }
}

void tale_beat(int32_t holder, int64_t said_ago_us)
{
    char name[SIM_NAME_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_HOLDER_HEARTBEAT};
    event.as.holder_heartbeat.said_us = tale.world.now_us - said_ago_us;
    event.as.holder_heartbeat.holder = named(sim_holder_name, holder, name);
    tale_say(1, event);
}

static void announce(int32_t session, int32_t token, struct curfew_claims claims)
{
    struct tale_said *said = &tale.tokens[token];
    struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_CREATED};
    const struct sim_session_facts *facts = &tale.world.sessions[session];
    said->claims = claims;
    said->claims.session = session_name(session, said->session);
    said->claims.tenant = curfew_slice_of(SIM_TENANT);
    said->claims.issuer = curfew_slice_of(SIM_ISSUER);
    said->claims.user = named(sim_user_name, facts->user, said->user);
    said->claims.jti = named(sim_token_name, token, said->jti);
    said->claims.auth_us = facts->auth_us;
    said->agents[0] = named(sim_agent_name, tale.agent, said->agent);
    said->claims.agents = (struct curfew_list){said->agents, tale.agent == 0 ? 0 : 1};
    event.as.token_created.claims = said->claims;
    event.as.token_created.writer = curfew_slice_of("writer"); /* as tale_say has it */
    event.as.token_created.said_us = tale.world.now_us;
    uint8_t encoded[4096];
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, encoded, sizeof encoded, &size, NULL), CURFEW_OK);
    said->receipt.lane = 1;
    memcpy(said->receipt.log_id, tale.log_ids[1], sizeof said->receipt.log_id);
    said->receipt.offset = tale_say(1, event);
    curfew_codec_record_digest((struct curfew_slice){encoded, size}, said->digest);
}

void tale_mint(int32_t session, int32_t token, size_t depth, const struct tale_step *steps)
{
    struct tale_said *said = &tale.tokens[token];
    for (size_t i = 0; i < depth; i++) {
        said->steps[i].tenant = curfew_slice_of(SIM_TENANT);
        said->steps[i].task = named(sim_task_name, steps[i].task, said->tasks[i]);
        said->steps[i].attempt = steps[i].attempt;
    }
    announce(session, token,
             (struct curfew_claims){.issued_us = tale.world.now_us,
                                    .expires_us = tale.world.now_us + 120 * S,
                                    .path = {said->steps, depth}});
}

void tale_mint_times(int32_t session, int32_t token, int64_t issued_us, int64_t expires_us)
{
    announce(session, token, (struct curfew_claims){.issued_us = issued_us, .expires_us = expires_us});
}

void tale_accept(int32_t token)
{
    const struct tale_said *said = &tale.tokens[token];
    struct curfew_event event = {.type = CURFEW_EVENT_ACCEPTED};
    struct curfew_accepted *accepted = &event.as.accepted;
    memcpy(accepted->log_id, said->receipt.log_id, sizeof accepted->log_id);
    accepted->lane = said->receipt.lane;
    accepted->from = accepted->to = said->receipt.offset;
    accepted->digests = (struct curfew_list){said->digest, 1};
    (void)tale_commit_event(CURFEW_TOPIC_ANSWERS, said->receipt.lane, &event);
}

void tale_release(int32_t token)
{
    tale_accept(token);
    tale_release_unanswered(token);
}

void tale_release_unanswered(int32_t token)
{
    sim_oracle_released(tale.oracle, token, &tale.tokens[token].claims, &tale.tokens[token].receipt);
}

void tale_judged(int32_t token, enum curfew_decision decision, enum curfew_class strictness, int64_t age_us)
{
    const struct curfew_verdict verdict = {.decision = decision, .age_us = age_us};
    tale.world.processes[TALE_HOP].boots++; /* it has nothing to hold on to */
    sim_oracle_verdict(tale.oracle, 0, &tale.tokens[token].claims, strictness, &verdict);
}

void tale_allowed(int32_t token, int64_t age_us)
{
    tale_judged(token, CURFEW_ALLOW, CURFEW_CLASS_BEST_EFFORT, age_us);
}

void tale_denied(int32_t token, enum curfew_kind by)
{
    const struct curfew_verdict verdict = {.decision = CURFEW_DENY, .kind = by};
    tale.world.processes[TALE_HOP].boots++; /* it has nothing to hold on to */
    sim_oracle_verdict(tale.oracle, 0, &tale.tokens[token].claims, CURFEW_CLASS_STRICT, &verdict);
}

void tale_lives(int32_t token)
{
    tale_fine();
    tale_allowed(token, 500 * MS);
    tale_fine();
    tale_denied(token, CURFEW_KIND_TASK);
    tale_found("I8");
}

void tale_is_over(int32_t token, enum curfew_kind by)
{
    tale_fine();
    tale_pass(S);
    tale_denied(token, by);
    tale_fine();
    tale_allowed(token, 500 * MS);
    tale_found("I2");
}

void tale_token(int32_t token, size_t depth, const struct tale_step *steps)
{
    tale_mint(1, token, depth, steps);
    tale_release(token);
    tale_fine();
}

void tale_leaves_wrongly(int32_t session, int32_t token, size_t depth, const struct tale_step *steps)
{
    tale_fine();
    tale_mint(session, token, depth, steps);
    tale_release(token);
    tale_found("I3");
}

void tale_cut(int32_t lane, int64_t log_end)
{
    const enum curfew_topic topic = curfew_lane_topic(lane);
    tale.ends[topic][curfew_lane_partition(lane)] = log_end;
    sim_oracle_cut(tale.oracle, topic, curfew_lane_partition(lane), log_end);
}

struct curfew_event tale_beacon(int64_t offset, int64_t as_of_us, int64_t last_cause, const uint8_t *chain)
{
    struct curfew_event event = {.type = CURFEW_EVENT_BEACON};
    struct curfew_beacon *beacon = &event.as.beacon;
    *beacon = (struct curfew_beacon){.lane = 1,
                                     .lanes = TALE_LANES,
                                     .as_of_us = as_of_us,
                                     .offset = offset,
                                     .last_cause = last_cause,
                                     .oldest_cause = last_cause,
                                     .genesis_us = SIM_T0_US,
                                     .skew_ms = SIM_SKEW_MS};
    memcpy(beacon->log_id, tale.log_ids[1], sizeof beacon->log_id);
    memcpy(beacon->chain, chain, sizeof beacon->chain);
    return event;
}

void tale_publish(struct curfew_event event)
{
    tale_commit_event(CURFEW_TOPIC_REVOCATIONS, 1, &event);
}

void tale_floors(int64_t cause, int64_t cause_before, const uint8_t *chain_before, const uint8_t *chain)
{
    const struct curfew_floor floor = {
        .kind = CURFEW_KIND_SESSION, .floor = CURFEW_FLOOR_MAX, .expires_us = SIM_T0_US + 3600 * S + cause};
    struct curfew_event event = {.type = CURFEW_EVENT_FLOORS};
    struct curfew_floors *floors = &event.as.floors;
    *floors = (struct curfew_floors){.lane = 1, .cause = cause, .cause_before = cause_before, .floors = {&floor, 1}};
    memcpy(floors->log_id, tale.log_ids[1], sizeof floors->log_id);
    memcpy(floors->chain_before, chain_before, sizeof floors->chain_before);
    memcpy(floors->chain, chain, sizeof floors->chain);
    tale_publish(event);
}

void tale_answer(int64_t from, int64_t to)
{
    static const uint8_t digests[TALE_ANSWERED_MAX][CURFEW_RECORD_DIGEST_SIZE];
    struct curfew_event event = {.type = CURFEW_EVENT_ACCEPTED};
    struct curfew_accepted *accepted = &event.as.accepted;
    memcpy(accepted->log_id, tale.log_ids[1], sizeof accepted->log_id);
    accepted->lane = 1;
    accepted->from = from;
    accepted->to = to;
    accepted->digests = (struct curfew_list){digests, (size_t)(to - from) + 1};
    (void)tale_commit_event(CURFEW_TOPIC_ANSWERS, 1, &event);
}
