/* events: the tables from schema field to struct member, and the names that the wire uses. */
#include "schemas/events.h"
#include "schemas/texts.h"

/* Name, place and size of one member. */
#define MEMBER(text, type, member) .name = text, .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

static const char *const kind_names[CURFEW_KIND_COUNT] = {
    [CURFEW_KIND_TOKEN] = "token",
    [CURFEW_KIND_SESSION] = "session",
    [CURFEW_KIND_TASK] = "task",
    [CURFEW_KIND_APPROVAL] = "approval",
    [CURFEW_KIND_SUPERVISION] = "supervision",
    [CURFEW_KIND_CLEANUP] = "cleanup",
    [CURFEW_KIND_USER] = "user",
    [CURFEW_KIND_AGENT] = "agent",
    [CURFEW_KIND_TENANT] = "tenant",
    [CURFEW_KIND_KEY] = "key",
    [CURFEW_KIND_POLICY] = "policy",
};

static const char *const reason_names[CURFEW_REASON_COUNT] = {
    [CURFEW_REASON_UNDECODABLE] = "undecodable",
    [CURFEW_REASON_UNKNOWN_SCHEMA] = "unknown_schema",
    [CURFEW_REASON_WRONG_LANE] = "wrong_lane",
    [CURFEW_REASON_INVALID] = "invalid",
    [CURFEW_REASON_UNKNOWN_SESSION] = "unknown_session",
    [CURFEW_REASON_SESSION_OVER] = "session_over",
    [CURFEW_REASON_UNKNOWN_TASK] = "unknown_task",
    [CURFEW_REASON_TASK_OVER] = "task_over",
    [CURFEW_REASON_ATTEMPT_OVER] = "attempt_over",
    [CURFEW_REASON_ANCESTOR_OVER] = "ancestor_over",
    [CURFEW_REASON_ATTEMPT_JUMP] = "attempt_jump",
    [CURFEW_REASON_UNKNOWN_APPROVAL] = "unknown_approval",
    [CURFEW_REASON_UNKNOWN_HOLDER] = "unknown_holder",
    [CURFEW_REASON_CONTRADICTS] = "contradicts",
    [CURFEW_REASON_EXPIRY] = "expiry",
    [CURFEW_REASON_FUTURE] = "future",
    [CURFEW_REASON_CLOCK] = "clock",
    [CURFEW_REASON_USER_REVOKED] = "user_revoked",
    [CURFEW_REASON_BOUND] = "bound",
    [CURFEW_REASON_UNSUPPORTED] = "unsupported",
    [CURFEW_REASON_UNKNOWN_WRITER] = "unknown_writer",
    [CURFEW_REASON_MAC] = "mac",
    [CURFEW_REASON_EPOCH] = "epoch",
    [CURFEW_REASON_ROLE] = "role",
    [CURFEW_REASON_TENANT] = "tenant",
    [CURFEW_REASON_NOT_OWN] = "not_own",
    [CURFEW_REASON_UNKNOWN_POLICY] = "unknown_policy",
};

static const char *const role_names[CURFEW_ROLE_COUNT] = {
    [CURFEW_ROLE_ISSUER] = "issuer",
    [CURFEW_ROLE_ORCHESTRATOR] = "orchestrator",
    [CURFEW_ROLE_APPROVER] = "approver",
    [CURFEW_ROLE_OPERATOR] = "operator",
    [CURFEW_ROLE_COORDINATOR] = "coordinator",
    [CURFEW_ROLE_DOOR] = "door",
    [CURFEW_ROLE_HOP] = "hop",
};

static const struct curfew_field id_item[] = {
    {.name = "item", .size = sizeof(struct curfew_slice), .bound = CURFEW_ID_MAX}, {0}};

static const struct curfew_field settings_fields[] = {
    {MEMBER("rules", struct curfew_settings, rules)},
    {MEMBER("skew_ms", struct curfew_settings, skew_ms)},
    {MEMBER("tick_ms", struct curfew_settings, tick_ms)},
    {MEMBER("lease_ms", struct curfew_settings, lease_ms)},
    {MEMBER("heartbeat_age_ms", struct curfew_settings, heartbeat_age_ms)},
    {MEMBER("attempt_step", struct curfew_settings, attempt_step)},
    {MEMBER("token_life_ms", struct curfew_settings, token_life_ms)},
    {MEMBER("session_life_ms", struct curfew_settings, session_life_ms)},
    {MEMBER("restate_ms", struct curfew_settings, restate_ms)},
    {MEMBER("sessions_max", struct curfew_settings, sessions_max)},
    {MEMBER("tasks_max", struct curfew_settings, tasks_max)},
    {MEMBER("floors_max", struct curfew_settings, floors_max)},
    {MEMBER("schemas", struct curfew_settings, schemas)},
    {0},
};

static const struct curfew_field first_writer_fields[] = {
    {MEMBER("name", struct curfew_first_writer, name), .bound = CURFEW_ID_MAX},
    {MEMBER("role", struct curfew_first_writer, role), .bound = CURFEW_ROLE_COUNT, .symbols = role_names},
    {0},
};

static const struct curfew_field first_writer_item[] = {
    {.name = "item", .size = sizeof(struct curfew_first_writer), .inside = first_writer_fields}, {0}};

static const struct curfew_field role_item[] = {
    {.name = "item", .size = sizeof(int32_t), .bound = CURFEW_ROLE_COUNT, .symbols = role_names}, {0}};

static const struct curfew_field genesis_fields[] = {
    {MEMBER("writer", struct curfew_genesis, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_genesis, said_us)},
    {MEMBER("log_id", struct curfew_genesis, log_id)},
    {MEMBER("control_log", struct curfew_genesis, control_log)},
    {MEMBER("lane", struct curfew_genesis, lane)},
    {MEMBER("lanes", struct curfew_genesis, lanes)},
    {MEMBER("settings", struct curfew_genesis, settings), .inside = settings_fields},
    {MEMBER("master_check", struct curfew_genesis, master_check)},
    {MEMBER("writers", struct curfew_genesis, writers), .bound = CURFEW_FIRST_WRITERS_MAX, .inside = first_writer_item},
    {0},
};

static const struct curfew_field settings_changed_fields[] = {
    {MEMBER("writer", struct curfew_settings_changed, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_settings_changed, said_us)},
    {MEMBER("settings", struct curfew_settings_changed, settings), .inside = settings_fields},
    {0},
};

static const struct curfew_field subject_revoked_fields[] = {
    {MEMBER("writer", struct curfew_subject_revoked, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_subject_revoked, said_us)},
    {MEMBER("kind", struct curfew_subject_revoked, kind), .bound = CURFEW_KIND_COUNT, .symbols = kind_names},
    {MEMBER("tenant", struct curfew_subject_revoked, tenant), .bound = CURFEW_ID_MAX},
    {MEMBER("scope", struct curfew_subject_revoked, scope), .bound = CURFEW_ID_MAX},
    {MEMBER("id", struct curfew_subject_revoked, id), .bound = CURFEW_ID_MAX},
    {MEMBER("reason", struct curfew_subject_revoked, reason), .bound = CURFEW_TEXT_MAX},
    {MEMBER("break_glass", struct curfew_subject_revoked, break_glass)},
    {0},
};

static const struct curfew_field writer_set_fields[] = {
    {MEMBER("writer", struct curfew_writer_set, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_writer_set, said_us)},
    {MEMBER("name", struct curfew_writer_set, name), .bound = CURFEW_ID_MAX},
    {MEMBER("roles", struct curfew_writer_set, roles), .bound = CURFEW_ROLE_COUNT, .inside = role_item},
    {MEMBER("tenants", struct curfew_writer_set, tenants), .bound = CURFEW_TENANTS_MAX, .inside = id_item},
    {MEMBER("issuers", struct curfew_writer_set, issuers), .bound = CURFEW_ISSUERS_MAX, .inside = id_item},
    {MEMBER("epoch", struct curfew_writer_set, epoch)},
    {MEMBER("least_epoch", struct curfew_writer_set, least_epoch)},
    {0},
};

static const struct curfew_field policy_adopted_fields[] = {
    {MEMBER("writer", struct curfew_policy_adopted, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_policy_adopted, said_us)},
    {MEMBER("tenant", struct curfew_policy_adopted, tenant), .bound = CURFEW_ID_MAX},
    {MEMBER("name", struct curfew_policy_adopted, name), .bound = CURFEW_ID_MAX},
    {MEMBER("version", struct curfew_policy_adopted, version)},
    {0},
};

static const struct curfew_field policy_raised_fields[] = {
    {MEMBER("writer", struct curfew_policy_raised, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_policy_raised, said_us)},
    {MEMBER("tenant", struct curfew_policy_raised, tenant), .bound = CURFEW_ID_MAX},
    {MEMBER("name", struct curfew_policy_raised, name), .bound = CURFEW_ID_MAX},
    {MEMBER("version", struct curfew_policy_raised, version)},
    {MEMBER("reason", struct curfew_policy_raised, reason), .bound = CURFEW_TEXT_MAX},
    {MEMBER("break_glass", struct curfew_policy_raised, break_glass)},
    {0},
};

static const struct curfew_field records_skipped_fields[] = {
    {MEMBER("writer", struct curfew_records_skipped, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_records_skipped, said_us)},
    {MEMBER("lane", struct curfew_records_skipped, lane)},
    {MEMBER("log_id", struct curfew_records_skipped, log_id)},
    {MEMBER("from", struct curfew_records_skipped, from)},
    {MEMBER("to", struct curfew_records_skipped, to)},
    {MEMBER("reason", struct curfew_records_skipped, reason), .bound = CURFEW_TEXT_MAX},
    {0},
};

static const struct curfew_field resync_fields[] = {
    {MEMBER("writer", struct curfew_resync, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_resync, said_us)},
    {MEMBER("reason", struct curfew_resync, reason), .bound = CURFEW_TEXT_MAX},
    {0},
};

static const struct curfew_field session_started_fields[] = {
    {MEMBER("writer", struct curfew_session_started, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_session_started, said_us)},
    {MEMBER("session", struct curfew_session_started, session), .bound = CURFEW_ID_MAX},
    {MEMBER("tenant", struct curfew_session_started, tenant), .bound = CURFEW_ID_MAX},
    {MEMBER("issuer", struct curfew_session_started, issuer), .bound = CURFEW_ID_MAX},
    {MEMBER("user", struct curfew_session_started, user), .bound = CURFEW_ID_MAX},
    {MEMBER("auth_us", struct curfew_session_started, auth_us)},
    {MEMBER("deadline_us", struct curfew_session_started, deadline_us)},
    {MEMBER("holder", struct curfew_session_started, holder), .bound = CURFEW_ID_MAX},
    {MEMBER("orchestrators", struct curfew_session_started, orchestrators), .bound = CURFEW_ORCHESTRATORS_MAX,
     .inside = id_item},
    {0},
};

static const struct curfew_field session_ended_fields[] = {
    {MEMBER("writer", struct curfew_session_ended, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_session_ended, said_us)},
    {MEMBER("session", struct curfew_session_ended, session), .bound = CURFEW_ID_MAX},
    {MEMBER("reason", struct curfew_session_ended, reason), .bound = CURFEW_TEXT_MAX},
    {0},
};

static const struct curfew_field task_started_fields[] = {
    {MEMBER("writer", struct curfew_task_started, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_task_started, said_us)},
    {MEMBER("session", struct curfew_task_started, session), .bound = CURFEW_ID_MAX},
    {MEMBER("task", struct curfew_task_started, task), .bound = CURFEW_ID_MAX},
    {MEMBER("attempt", struct curfew_task_started, attempt)},
    {MEMBER("parent", struct curfew_task_started, parent), .bound = CURFEW_ID_MAX},
    {MEMBER("parent_attempt", struct curfew_task_started, parent_attempt)},
    {MEMBER("holder", struct curfew_task_started, holder), .bound = CURFEW_ID_MAX},
    {0},
};

static const struct curfew_field attempt_ended_fields[] = {
    {MEMBER("writer", struct curfew_attempt_ended, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_attempt_ended, said_us)},
    {MEMBER("session", struct curfew_attempt_ended, session), .bound = CURFEW_ID_MAX},
    {MEMBER("task", struct curfew_attempt_ended, task), .bound = CURFEW_ID_MAX},
    {MEMBER("attempt", struct curfew_attempt_ended, attempt)},
    {MEMBER("reason", struct curfew_attempt_ended, reason), .bound = CURFEW_TEXT_MAX},
    {MEMBER("by_task", struct curfew_attempt_ended, by_task), .bound = CURFEW_ID_MAX},
    {MEMBER("by_attempt", struct curfew_attempt_ended, by_attempt)},
    {MEMBER("by_tenant", struct curfew_attempt_ended, by_tenant), .bound = CURFEW_ID_MAX},
    {0},
};

static const struct curfew_field task_ended_fields[] = {
    {MEMBER("writer", struct curfew_task_ended, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_task_ended, said_us)},
    {MEMBER("session", struct curfew_task_ended, session), .bound = CURFEW_ID_MAX},
    {MEMBER("task", struct curfew_task_ended, task), .bound = CURFEW_ID_MAX},
    {MEMBER("attempt", struct curfew_task_ended, attempt)},
    {MEMBER("reason", struct curfew_task_ended, reason), .bound = CURFEW_TEXT_MAX},
    {MEMBER("by_task", struct curfew_task_ended, by_task), .bound = CURFEW_ID_MAX},
    {MEMBER("by_attempt", struct curfew_task_ended, by_attempt)},
    {MEMBER("by_tenant", struct curfew_task_ended, by_tenant), .bound = CURFEW_ID_MAX},
    {0},
};

static const struct curfew_field holder_heartbeat_fields[] = {
    {MEMBER("writer", struct curfew_holder_heartbeat, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_holder_heartbeat, said_us)},
    {MEMBER("holder", struct curfew_holder_heartbeat, holder), .bound = CURFEW_ID_MAX},
    {MEMBER("session", struct curfew_holder_heartbeat, session), .bound = CURFEW_ID_MAX},
    {MEMBER("by_task", struct curfew_holder_heartbeat, by_task), .bound = CURFEW_ID_MAX},
    {MEMBER("by_attempt", struct curfew_holder_heartbeat, by_attempt)},
    {MEMBER("by_tenant", struct curfew_holder_heartbeat, by_tenant), .bound = CURFEW_ID_MAX},
    {0},
};

static const struct curfew_field path_step_fields[] = {
    {MEMBER("tenant", struct curfew_path_step, tenant), .bound = CURFEW_ID_MAX},
    {MEMBER("task", struct curfew_path_step, task), .bound = CURFEW_ID_MAX},
    {MEMBER("attempt", struct curfew_path_step, attempt)},
    {0},
};

static const struct curfew_field path_step_item[] = {
    {.name = "item", .size = sizeof(struct curfew_path_step), .inside = path_step_fields}, {0}};

static const struct curfew_field policy_fields[] = {
    {MEMBER("name", struct curfew_policy_version, name), .bound = CURFEW_ID_MAX},
    {MEMBER("version", struct curfew_policy_version, version)},
    {0},
};

static const struct curfew_field policy_item[] = {
    {.name = "item", .size = sizeof(struct curfew_policy_version), .inside = policy_fields}, {0}};

static const struct curfew_field token_created_fields[] = {
    {MEMBER("writer", struct curfew_token_created, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_token_created, said_us)},
    {MEMBER("session", struct curfew_token_created, claims.session), .bound = CURFEW_ID_MAX},
    {MEMBER("tenant", struct curfew_token_created, claims.tenant), .bound = CURFEW_ID_MAX},
    {MEMBER("issuer", struct curfew_token_created, claims.issuer), .bound = CURFEW_ID_MAX},
    {MEMBER("user", struct curfew_token_created, claims.user), .bound = CURFEW_ID_MAX},
    {MEMBER("jti", struct curfew_token_created, claims.jti), .bound = CURFEW_ID_MAX},
    {MEMBER("auth_us", struct curfew_token_created, claims.auth_us)},
    {MEMBER("issued_us", struct curfew_token_created, claims.issued_us)},
    {MEMBER("expires_us", struct curfew_token_created, claims.expires_us)},
    {MEMBER("agents", struct curfew_token_created, claims.agents), .bound = CURFEW_AGENTS_MAX, .inside = id_item},
    {MEMBER("path", struct curfew_token_created, claims.path), .bound = CURFEW_PATH_MAX, .inside = path_step_item},
    {MEMBER("approvals", struct curfew_token_created, claims.approvals), .bound = CURFEW_APPROVALS_MAX,
     .inside = id_item},
    {MEMBER("policies", struct curfew_token_created, claims.policies), .bound = CURFEW_POLICIES_MAX,
     .inside = policy_item},
    {MEMBER("supervised", struct curfew_token_created, claims.supervised)},
    {MEMBER("key", struct curfew_token_created, claims.key), .bound = CURFEW_ID_MAX},
    {0},
};

static const struct curfew_field token_revoked_fields[] = {
    {MEMBER("writer", struct curfew_token_revoked, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_token_revoked, said_us)},
    {MEMBER("session", struct curfew_token_revoked, session), .bound = CURFEW_ID_MAX},
    {MEMBER("issuer", struct curfew_token_revoked, issuer), .bound = CURFEW_ID_MAX},
    {MEMBER("jti", struct curfew_token_revoked, jti), .bound = CURFEW_ID_MAX},
    {MEMBER("reason", struct curfew_token_revoked, reason), .bound = CURFEW_TEXT_MAX},
    {0},
};

static const struct curfew_field tick_fields[] = {
    {MEMBER("writer", struct curfew_tick, writer), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_tick, said_us)},
    {MEMBER("control_offset", struct curfew_tick, control_offset)},
    {0},
};

static const struct curfew_field floor_fields[] = {
    {MEMBER("subject", struct curfew_floor, subject)},
    {MEMBER("kind", struct curfew_floor, kind), .bound = CURFEW_KIND_COUNT, .symbols = kind_names},
    {MEMBER("floor", struct curfew_floor, floor)},
    {MEMBER("expires_us", struct curfew_floor, expires_us)},
    {0},
};

static const struct curfew_field floor_item[] = {
    {.name = "item", .size = sizeof(struct curfew_floor), .inside = floor_fields}, {0}};

static const struct curfew_field floors_fields[] = {
    {MEMBER("log_id", struct curfew_floors, log_id)},
    {MEMBER("lane", struct curfew_floors, lane)},
    {MEMBER("cause", struct curfew_floors, cause)},
    {MEMBER("part", struct curfew_floors, part)},
    {MEMBER("cause_before", struct curfew_floors, cause_before)},
    {MEMBER("chain_before", struct curfew_floors, chain_before)},
    {MEMBER("chain", struct curfew_floors, chain)},
    {MEMBER("floors", struct curfew_floors, floors), .bound = CURFEW_FLOORS_MAX, .inside = floor_item},
    {0},
};

static const struct curfew_field beacon_fields[] = {
    {MEMBER("log_id", struct curfew_beacon, log_id)},
    {MEMBER("lane", struct curfew_beacon, lane)},
    {MEMBER("lanes", struct curfew_beacon, lanes)},
    {MEMBER("as_of_us", struct curfew_beacon, as_of_us)},
    {MEMBER("offset", struct curfew_beacon, offset)},
    {MEMBER("last_cause", struct curfew_beacon, last_cause)},
    {MEMBER("oldest_cause", struct curfew_beacon, oldest_cause)},
    {MEMBER("chain", struct curfew_beacon, chain)},
    {MEMBER("genesis_us", struct curfew_beacon, genesis_us)},
    {MEMBER("skew_ms", struct curfew_beacon, skew_ms)},
    {MEMBER("key_id", struct curfew_beacon, key_id), .bound = CURFEW_ID_MAX},
    {MEMBER("signature", struct curfew_beacon, signature), .bound = CURFEW_SIGNATURE_MAX},
    {0},
};

static const struct curfew_field refusal_fields[] = {
    {MEMBER("offset", struct curfew_refusal, offset)},
    {MEMBER("reason", struct curfew_refusal, reason), .bound = CURFEW_REASON_COUNT, .symbols = reason_names},
    {MEMBER("retriable", struct curfew_refusal, retriable)},
    {0},
};

static const struct curfew_field refusal_item[] = {
    {.name = "item", .size = sizeof(struct curfew_refusal), .inside = refusal_fields}, {0}};

static const struct curfew_field record_digest_item[] = {{.name = "item", .size = CURFEW_RECORD_DIGEST_SIZE}, {0}};

static const struct curfew_field accepted_fields[] = {
    {MEMBER("log_id", struct curfew_accepted, log_id)},
    {MEMBER("lane", struct curfew_accepted, lane)},
    {MEMBER("from", struct curfew_accepted, from)},
    {MEMBER("to", struct curfew_accepted, to)},
    {MEMBER("digests", struct curfew_accepted, digests), .bound = CURFEW_ANSWERED_MAX, .inside = record_digest_item},
    {MEMBER("refused", struct curfew_accepted, refused), .bound = CURFEW_REFUSALS_MAX, .inside = refusal_item},
    {MEMBER("key_id", struct curfew_accepted, key_id), .bound = CURFEW_ID_MAX},
    {MEMBER("signature", struct curfew_accepted, signature), .bound = CURFEW_SIGNATURE_MAX},
    {0},
};

static const struct curfew_field lane_status_fields[] = {
    {MEMBER("lane", struct curfew_lane_status, lane)},
    {MEMBER("log_id", struct curfew_lane_status, log_id)},
    {MEMBER("offset", struct curfew_lane_status, offset)},
    {MEMBER("as_of_us", struct curfew_lane_status, as_of_us)},
    {MEMBER("age_ms", struct curfew_lane_status, age_ms)},
    {MEMBER("problem", struct curfew_lane_status, problem), .bound = CURFEW_ID_MAX},
    {0},
};

static const struct curfew_field lane_status_item[] = {
    {.name = "item", .size = sizeof(struct curfew_lane_status), .inside = lane_status_fields}, {0}};

static const struct curfew_field hop_status_fields[] = {
    {MEMBER("hop", struct curfew_hop_status, hop), .bound = CURFEW_ID_MAX},
    {MEMBER("boot", struct curfew_hop_status, boot), .bound = CURFEW_ID_MAX},
    {MEMBER("said_us", struct curfew_hop_status, said_us)},
    {MEMBER("version", struct curfew_hop_status, version), .bound = CURFEW_ID_MAX},
    {MEMBER("floors", struct curfew_hop_status, floors)},
    {MEMBER("lanes", struct curfew_hop_status, lanes), .bound = CURFEW_LANES_MAX, .inside = lane_status_item},
    {0},
};

static const struct curfew_field dead_letter_fields[] = {
    {MEMBER("topic", struct curfew_dead_letter, topic), .bound = CURFEW_ID_MAX},
    {MEMBER("partition", struct curfew_dead_letter, partition)},
    {MEMBER("offset", struct curfew_dead_letter, offset)},
    {MEMBER("timestamp_us", struct curfew_dead_letter, timestamp_us)},
    {MEMBER("length", struct curfew_dead_letter, length)},
    {MEMBER("digest", struct curfew_dead_letter, digest)},
    {MEMBER("reason", struct curfew_dead_letter, reason), .bound = CURFEW_REASON_COUNT, .symbols = reason_names},
    {0},
};

static const struct curfew_shape shapes[CURFEW_EVENT_COUNT] = {
    [CURFEW_EVENT_GENESIS] = {"genesis", curfew_text_genesis, sizeof(struct curfew_genesis), genesis_fields},
    [CURFEW_EVENT_SETTINGS] = {"settings", curfew_text_settings, sizeof(struct curfew_settings_changed),
                               settings_changed_fields},
    [CURFEW_EVENT_SUBJECT_REVOKED] = {"subject-revoked", curfew_text_subject_revoked,
                                      sizeof(struct curfew_subject_revoked), subject_revoked_fields},
    [CURFEW_EVENT_WRITER_SET] = {"writer-set", curfew_text_writer_set, sizeof(struct curfew_writer_set),
                                 writer_set_fields},
    [CURFEW_EVENT_POLICY_ADOPTED] = {"policy-adopted", curfew_text_policy_adopted, sizeof(struct curfew_policy_adopted),
                                     policy_adopted_fields},
    [CURFEW_EVENT_POLICY_RAISED] = {"policy-raised", curfew_text_policy_raised, sizeof(struct curfew_policy_raised),
                                    policy_raised_fields},
    [CURFEW_EVENT_RECORDS_SKIPPED] = {"records-skipped", curfew_text_records_skipped,
                                      sizeof(struct curfew_records_skipped), records_skipped_fields},
    [CURFEW_EVENT_RESYNC] = {"resync", curfew_text_resync, sizeof(struct curfew_resync), resync_fields},
    [CURFEW_EVENT_SESSION_STARTED] = {"session-started", curfew_text_session_started,
                                      sizeof(struct curfew_session_started), session_started_fields},
    [CURFEW_EVENT_SESSION_ENDED] = {"session-ended", curfew_text_session_ended, sizeof(struct curfew_session_ended),
                                    session_ended_fields},
    [CURFEW_EVENT_TASK_STARTED] = {"task-started", curfew_text_task_started, sizeof(struct curfew_task_started),
                                   task_started_fields},
    [CURFEW_EVENT_ATTEMPT_ENDED] = {"attempt-ended", curfew_text_attempt_ended, sizeof(struct curfew_attempt_ended),
                                    attempt_ended_fields},
    [CURFEW_EVENT_TASK_ENDED] = {"task-ended", curfew_text_task_ended, sizeof(struct curfew_task_ended),
                                 task_ended_fields},
    [CURFEW_EVENT_HOLDER_HEARTBEAT] = {"holder-heartbeat", curfew_text_holder_heartbeat,
                                       sizeof(struct curfew_holder_heartbeat), holder_heartbeat_fields},
    [CURFEW_EVENT_TOKEN_CREATED] = {"token-created", curfew_text_token_created, sizeof(struct curfew_token_created),
                                    token_created_fields},
    [CURFEW_EVENT_TOKEN_REVOKED] = {"token-revoked", curfew_text_token_revoked, sizeof(struct curfew_token_revoked),
                                    token_revoked_fields},
    [CURFEW_EVENT_TICK] = {"tick", curfew_text_tick, sizeof(struct curfew_tick), tick_fields},
    [CURFEW_EVENT_FLOORS] = {"floors", curfew_text_floors, sizeof(struct curfew_floors), floors_fields},
    [CURFEW_EVENT_BEACON] = {"beacon", curfew_text_beacon, sizeof(struct curfew_beacon), beacon_fields},
    [CURFEW_EVENT_ACCEPTED] = {"accepted", curfew_text_accepted, sizeof(struct curfew_accepted), accepted_fields},
    [CURFEW_EVENT_HOP_STATUS] = {"hop-status", curfew_text_hop_status, sizeof(struct curfew_hop_status),
                                 hop_status_fields},
    [CURFEW_EVENT_DEAD_LETTER] = {"dead-letter", curfew_text_dead_letter, sizeof(struct curfew_dead_letter),
                                  dead_letter_fields},
};

const struct curfew_shape *curfew_event_shape(enum curfew_event_type type)
{
    return &shapes[type];
}

const char *curfew_event_name(enum curfew_event_type type)
{
    return (unsigned)type < CURFEW_EVENT_COUNT ? shapes[type].name : "unknown";
}

const char *curfew_kind_name(enum curfew_kind kind)
{
    return (unsigned)kind < CURFEW_KIND_COUNT ? kind_names[kind] : "unknown";
}

const char *curfew_reason_name(enum curfew_reason reason)
{
    return (unsigned)reason < CURFEW_REASON_COUNT ? reason_names[reason] : "unknown";
}

const char *curfew_role_name(enum curfew_role role)
{
    return (unsigned)role < CURFEW_ROLE_COUNT ? role_names[role] : "unknown";
}

struct curfew_slice curfew_event_session(const struct curfew_event *event)
{
    switch (event->type) {
    case CURFEW_EVENT_SESSION_STARTED:
        return event->as.session_started.session;
    case CURFEW_EVENT_SESSION_ENDED:
        return event->as.session_ended.session;
    case CURFEW_EVENT_TASK_STARTED:
        return event->as.task_started.session;
    case CURFEW_EVENT_ATTEMPT_ENDED:
        return event->as.attempt_ended.session;
    case CURFEW_EVENT_TASK_ENDED:
        return event->as.task_ended.session;
    case CURFEW_EVENT_HOLDER_HEARTBEAT:
        return event->as.holder_heartbeat.session;
    case CURFEW_EVENT_TOKEN_CREATED:
        return event->as.token_created.claims.session;
    case CURFEW_EVENT_TOKEN_REVOKED:
        return event->as.token_revoked.session;
    default:
        return (struct curfew_slice){NULL, 0};
    }
}
