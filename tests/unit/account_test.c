/* account_test: what a coordinator tells those who audit: who was refused what, who ended what; the same from every
 * coordinator, and nothing untold, whenever one dies. */
#include "cluster_world.h"
#include "core/audit.h"
#include "ocsf.h"
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define JUNK "sesame-open-junk"

static uint8_t starts;

static void start(struct cluster *cluster)
{
    struct curfew_audit_options options = {"coordinator", "c1", NULL, &cluster->memory->bus, {++starts}};
    assert_int_equal(curfew_audit_create(&options, cluster->now, &cluster->audit, NULL), CURFEW_OK);
    cluster_start(cluster);
}

static void stop(struct cluster *cluster)
{
    curfew_coordinator_destroy(cluster->coordinator);
    curfew_audit_destroy(cluster->audit);
    memory_bus_disconnect(cluster->memory);
    cluster->audit = NULL;
}

static struct cluster *begin(void)
{
    struct cluster *cluster = cluster_begin();
    stop(cluster);
    start(cluster);
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    return cluster;
}

static void end(struct cluster *cluster)
{
    struct curfew_audit *audit = cluster->audit;
    cluster_end(cluster);
    curfew_audit_destroy(audit);
}

static int64_t said(const struct cluster *cluster)
{
    return cluster->memory->topics[CURFEW_TOPIC_AUDIT][0].count;
}

/* The caller's to destroy. Each holds what OCSF asks, and nothing of junk. */
static struct curfew_json *at(const struct cluster *cluster, int64_t number)
{
    const struct memory_record *record = &cluster->memory->topics[CURFEW_TOPIC_AUDIT][0].records[number];
    const struct curfew_slice text = {record->bytes, record->size};
    struct curfew_json *json = NULL;
    assert_null(memmem(text.at, text.size, JUNK, strlen(JUNK)));
    assert_int_equal(curfew_json_parse(text, &json, NULL), CURFEW_OK);
    ocsf_assert(json);
    return json;
}

static struct curfew_json *newest(const struct cluster *cluster)
{
    return at(cluster, said(cluster) - 1);
}

static void append_junk(struct cluster *cluster)
{
    (void)memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of(JUNK),
                            (struct curfew_slice){NULL, 0});
    cluster_pass(cluster, WORLD_S / 10);
}

static struct curfew_event session_of(void)
{
    return (struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                                 .as.session_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                        .tenant = curfew_slice_of("acme"),
                                                        .issuer = curfew_slice_of("i"),
                                                        .user = curfew_slice_of("ada"),
                                                        .auth_us = WORLD_T0,
                                                        .holder = curfew_slice_of("h"),
                                                        .deadline_us = WORLD_T0 + 3600 * WORLD_S}};
}

static void say(struct cluster *cluster, struct curfew_event event)
{
    (void)cluster_append(
        cluster, event.type < CURFEW_EVENT_SESSION_STARTED ? CURFEW_TOPIC_CONTROL : CURFEW_TOPIC_LIFECYCLE, event);
    cluster_pass(cluster, WORLD_S / 10);
}

static void a_refusal_says_who_what_and_why(void **state)
{
    (void)state; /* goal: the writer it names, the operation, the reason; of a mint the user and the session too */
    struct cluster *cluster = begin();
    const int64_t before = said(cluster);
    say(cluster, session_of());
    assert_int_equal(said(cluster), before); /* what began stands in the log itself */
    struct curfew_event mint = {.type = CURFEW_EVENT_TOKEN_CREATED};
    const struct curfew_path_step path[] = {world_step("unknown", 1)};
    mint.as.token_created.claims = (struct curfew_claims){.session = curfew_slice_of(WORLD_SESSION),
                                                          .tenant = curfew_slice_of("acme"),
                                                          .issuer = curfew_slice_of("i"),
                                                          .user = curfew_slice_of("ada"),
                                                          .jti = curfew_slice_of("t1"),
                                                          .auth_us = WORLD_T0,
                                                          .issued_us = cluster->now.wall_us,
                                                          .expires_us = cluster->now.wall_us + 300 * WORLD_S,
                                                          .path = {path, 1}};
    say(cluster, mint);
    assert_int_equal(said(cluster), before + 1);
    struct curfew_json *json = newest(cluster);
    ocsf_assert_text(json, "actor.app_name", "tester");
    ocsf_assert_text(json, "actor.user.uid", "ada");
    ocsf_assert_text(json, "actor.session.uid", WORLD_SESSION);
    ocsf_assert_text(json, "api.operation", "token-created");
    ocsf_assert_text(json, "status_code", "unknown_task");
    ocsf_assert_text(json, "metadata.tenant_uid", "acme");
    assert_int_equal(ocsf_int(json, "unmapped.curfew.lane"), 1);
    curfew_json_destroy(json);
    append_junk(cluster);
    json = newest(cluster);
    ocsf_assert_text(json, "actor.app_name", "unknown");
    ocsf_assert_text(json, "api.operation", "unreadable");
    assert_int_equal(ocsf_int(json, "unmapped.curfew.record_length"), strlen(JUNK));
    curfew_json_destroy(json);
    end(cluster);
}

static void a_forgery_weighs_more_than_a_slip(void **state)
{
    (void)state; /* goal: severity: what nobody may say is high, a zombie's is medium, the rest low */
    struct cluster *cluster = begin();
    struct curfew_event end_event = {.type = CURFEW_EVENT_TASK_ENDED,
                                     .as.task_ended = {.session = curfew_slice_of(WORLD_SESSION),
                                                       .task = curfew_slice_of("none"),
                                                       .writer = curfew_slice_of("mallory"),
                                                       .said_us = cluster->now.wall_us}};
    say(cluster, end_event);
    struct curfew_json *json = newest(cluster);
    ocsf_assert_text(json, "status_code", "unknown_writer");
    assert_int_equal(ocsf_int(json, "severity_id"), CURFEW_AUDIT_HIGH);
    curfew_json_destroy(json);
    end_event.as.task_ended.writer = (struct curfew_slice){NULL, 0};
    say(cluster, end_event);
    json = newest(cluster);
    ocsf_assert_text(json, "status_code", "unknown_session");
    assert_int_equal(ocsf_int(json, "severity_id"), CURFEW_AUDIT_LOW);
    curfew_json_destroy(json);
    say(cluster, session_of());
    say(cluster, (struct curfew_event){.type = CURFEW_EVENT_SESSION_ENDED,
                                       .as.session_ended = {.session = curfew_slice_of(WORLD_SESSION),
                                                            .reason = curfew_slice_of("done")}});
    json = newest(cluster);
    ocsf_assert_text(json, "entity.type", "session");
    ocsf_assert_text(json, "entity.uid", WORLD_SESSION);
    ocsf_assert_text(json, "activity_name", "Delete");
    ocsf_assert_text(json, "comment", "done");
    curfew_json_destroy(json);
    say(cluster, (struct curfew_event){.type = CURFEW_EVENT_TASK_STARTED,
                                       .as.task_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                           .task = curfew_slice_of("late"),
                                                           .attempt = 1}});
    json = newest(cluster);
    ocsf_assert_text(json, "status_code", "session_over");
    assert_int_equal(ocsf_int(json, "severity_id"), CURFEW_AUDIT_MEDIUM);
    curfew_json_destroy(json);
    end(cluster);
}

static void a_forged_record_accuses_nobody(void **state)
{
    (void)state; /* goal: names in a record that nobody proved are not the actor's, and file it under no tenant */
    struct cluster *cluster = begin();
    struct curfew_event event = session_of();
    event.as.session_started.writer = curfew_slice_of("mallory");
    event.as.session_started.said_us = cluster->now.wall_us;
    say(cluster, event);
    struct curfew_json *json = newest(cluster);
    ocsf_assert_text(json, "status_code", "unknown_writer");
    ocsf_assert_text(json, "disposition", "Unauthorized");
    ocsf_assert_text(json, "actor.app_name", "unknown");
    assert_null(ocsf_at(json, "actor.user"));
    assert_null(ocsf_at(json, "actor.session"));
    assert_null(ocsf_at(json, "metadata.tenant_uid"));
    ocsf_assert_text(json, "unmapped.curfew.claimed.writer", "mallory");
    ocsf_assert_text(json, "unmapped.curfew.claimed.user", "ada");
    ocsf_assert_text(json, "unmapped.curfew.claimed.session", WORLD_SESSION);
    ocsf_assert_text(json, "unmapped.curfew.claimed.tenant", "acme");
    curfew_json_destroy(json);
    end(cluster);
}

static void glass_that_breaks_is_fatal(void **state)
{
    (void)state; /* goal: what one operator does alone that takes two has the highest severity there is; a proposal says
                    that it waits */
    struct cluster *cluster = begin();
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                 .as.subject_revoked = {.kind = CURFEW_KIND_TENANT,
                                                        .tenant = curfew_slice_of("acme"),
                                                        .id = curfew_slice_of("acme"),
                                                        .reason = curfew_slice_of("stolen")}};
    say(cluster, event);
    struct curfew_json *json = newest(cluster);
    bool waits = false;
    assert_true(curfew_json_bool(ocsf_at(json, "unmapped.curfew.waits_for_second_operator"), &waits) && waits);
    assert_int_equal(ocsf_int(json, "severity_id"), CURFEW_AUDIT_HIGH);
    curfew_json_destroy(json);
    event.as.subject_revoked.break_glass = true;
    say(cluster, event);
    json = newest(cluster);
    assert_int_equal(ocsf_int(json, "severity_id"), CURFEW_AUDIT_FATAL);
    ocsf_assert_text(json, "entity.type", "tenant");
    ocsf_assert_text(json, "comment", "stolen");
    assert_null(ocsf_at(json, "unmapped.curfew.waits_for_second_operator"));
    curfew_json_destroy(json);
    end(cluster);
}

static void a_lease_that_runs_out_is_told(void **state)
{
    (void)
        state; /* goal: an end that nobody said is in the audit, by kind and subject; a tick that ends nothing is not */
    struct cluster *cluster = begin();
    say(cluster, session_of());
    const int64_t before = said(cluster);
    for (int i = 0; i < 50; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(said(cluster), before);
    for (int i = 0; i < 200 && said(cluster) == before; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    struct curfew_json *json = newest(cluster);
    ocsf_assert_text(json, "entity.name", "tick");
    assert_int_equal(ocsf_int(json, "unmapped.curfew.ended"), 1);
    const struct curfew_json *one = curfew_json_item(ocsf_at(json, "unmapped.curfew.subjects"), 0);
    ocsf_assert_text(one, "kind", "session");
    curfew_json_destroy(json);
    end(cluster);
}

static void no_answer_before_the_account_is_durable(void **state)
{
    (void)state; /* goal: a coordinator that dies before its account is durable has answered nothing of it, and its
                    successor tells it, under the same uid */
    struct cluster *cluster = begin();
    const struct memory_partition *answers = &cluster->memory->topics[CURFEW_TOPIC_ANSWERS][1];
    const int64_t answered = answers->count;
    cluster->memory->silent[CURFEW_TOPIC_AUDIT] = true;
    append_junk(cluster);
    cluster_pass(cluster, WORLD_S);
    assert_int_equal(answers->count, answered);
    stop(cluster);
    cluster->memory->silent[CURFEW_TOPIC_AUDIT] = false;
    start(cluster);
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_int_equal(answers->count, answered + 1);
    struct curfew_json *json = newest(cluster);
    ocsf_assert_text(json, "api.operation", "unreadable");
    curfew_json_destroy(json);
    end(cluster);
}

static void what_was_answered_is_not_told_again(void **state)
{
    (void)state; /* goal: a start does not write the past anew; where answers are gone it does, and the uid tells */
    struct cluster *cluster = begin();
    append_junk(cluster);
    struct curfew_json *first = newest(cluster);
    const int64_t before = said(cluster);
    stop(cluster);
    start(cluster);
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    assert_int_equal(said(cluster), before + 1); /* that it starts */
    stop(cluster);
    struct memory_partition *answers = &cluster->memory->topics[CURFEW_TOPIC_ANSWERS][1];
    for (int64_t i = 0; i < answers->count; i++) {
        free(answers->records[i].bytes);
    }
    answers->count = 0;
    start(cluster);
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    struct curfew_json *again = newest(cluster);
    struct curfew_slice uid = {NULL, 0};
    char text[64];
    assert_true(curfew_json_string(ocsf_at(first, "metadata.uid"), &uid));
    (void)snprintf(text, sizeof text, "%.*s", CURFEW_SLICE_ARGS(uid));
    ocsf_assert_text(again, "metadata.uid", text);
    curfew_json_destroy(first);
    curfew_json_destroy(again);
    end(cluster);
}

/* Takes everything, and keeps nothing. */
static enum curfew_status swallow(void *self, const struct curfew_bus_record *record, struct curfew_error *error)
{
    (void)self, (void)record, (void)error;
    return CURFEW_OK;
}

static void more_than_can_wait_shows_as_a_gap(void **state)
{
    (void)state; /* goal: while the audit takes nothing, what is kept for it has a bound; beyond it numbers are taken,
                    and what is kept is told once there is room */
    const uint8_t log_id[CURFEW_LOG_ID_SIZE] = {7};
    const struct curfew_effects effects = {
        .refused = true, .dead_letter = true, .refusal = {0, CURFEW_REASON_UNDECODABLE, false}};
    static const struct curfew_bus_ops ops = {.produce = swallow};
    struct curfew_bus bus = {&ops, NULL};
    const struct curfew_audit_options options = {"coordinator", "c1", NULL, &bus, {9}};
    struct curfew_audit *audit = NULL;
    struct curfew_accounts *accounts = curfew_accounts_create(1);
    const int64_t over = 5;
    assert_int_equal(curfew_audit_create(&options, (struct curfew_now){WORLD_T0, 1}, &audit, NULL), CURFEW_OK);
    for (int64_t i = 0; i < CURFEW_ACCOUNTS_MAX + over; i++) {
        const struct curfew_record record = {
            .offset = i, .timestamp_us = WORLD_T0, .log_append_time = true, .value = curfew_slice_of(JUNK)};
        curfew_accounts_note(accounts, log_id, &record, &effects);
    }
    assert_int_equal(curfew_accounts_settle(accounts, audit, INT64_MAX),
                     0); /* nothing is durable: no answer speaks of any */
    struct curfew_audit_stats stats = curfew_audit_stats(audit);
    assert_int_equal(stats.lost, over);
    assert_int_equal(stats.pending, CURFEW_AUDIT_PENDING_MAX);
    assert_int_equal(curfew_accounts_settle(accounts, audit, INT64_MAX), 0);
    assert_int_equal(curfew_audit_stats(audit).lost, over); /* once */
    curfew_audit_flush(audit, (struct curfew_now){WORLD_T0, 1});
    for (uint64_t number = 1; number <= (uint64_t)over + CURFEW_AUDIT_PENDING_MAX; number++) {
        const struct curfew_bus_event event = {.kind = CURFEW_BUS_DELIVERED, .ticket = CURFEW_AUDIT_TICKET | number};
        (void)curfew_audit_reported(audit, &event);
    }
    assert_int_equal(curfew_audit_stats(audit).pending, 0);
    assert_int_equal(curfew_accounts_settle(accounts, audit, INT64_MAX),
                     CURFEW_AUDIT_PENDING_MAX - 1); /* the next ones follow */
    assert_int_equal(curfew_audit_stats(audit).pending, CURFEW_AUDIT_PENDING_MAX);
    curfew_accounts_destroy(accounts);
    curfew_audit_destroy(audit);
}

static void what_is_held_is_not_told_and_what_others_told_is_dropped(void **state)
{
    (void)state; /* goal: only accounts of records up to the offset are handed over; those that others told are gone,
                    and owed no more */
    const uint8_t log_id[CURFEW_LOG_ID_SIZE] = {7};
    const struct curfew_effects effects = {
        .refused = true, .dead_letter = true, .refusal = {0, CURFEW_REASON_UNDECODABLE, false}};
    static const struct curfew_bus_ops ops = {.produce = swallow};
    struct curfew_bus bus = {&ops, NULL};
    const struct curfew_audit_options options = {"coordinator", "c1", NULL, &bus, {9}};
    struct curfew_audit *audit = NULL;
    struct curfew_accounts *accounts = curfew_accounts_create(1);
    assert_int_equal(curfew_audit_create(&options, (struct curfew_now){WORLD_T0, 1}, &audit, NULL), CURFEW_OK);
    const int64_t before = curfew_audit_stats(audit).pending;
    for (int64_t i = 10; i < 20; i++) {
        const struct curfew_record record = {
            .offset = i, .timestamp_us = WORLD_T0, .log_append_time = true, .value = curfew_slice_of(JUNK)};
        curfew_accounts_note(accounts, log_id, &record, &effects);
    }
    assert_int_equal(curfew_accounts_settle(accounts, audit, 9), 10);
    assert_int_equal(curfew_audit_stats(audit).pending, before);
    assert_int_equal(curfew_accounts_settle(accounts, audit, 12), 10);
    assert_int_equal(curfew_audit_stats(audit).pending, before + 3);
    curfew_accounts_drop(accounts, 14);
    assert_int_equal(curfew_accounts_settle(accounts, audit, 14), 15);
    assert_int_equal(curfew_audit_stats(audit).pending, before + 3);
    curfew_accounts_drop(accounts, 19);
    assert_int_equal(curfew_accounts_settle(accounts, audit, INT64_MAX), INT64_MAX);
    curfew_accounts_destroy(accounts);
    curfew_audit_destroy(audit);
}

static void what_control_says_is_told(void **state)
{
    (void)state; /* goal: whoever gains or loses rights, and each change of policies, is in the audit */
    struct cluster *cluster = begin();
    say(cluster, (struct curfew_event){.type = CURFEW_EVENT_POLICY_ADOPTED,
                                       .as.policy_adopted = {.tenant = curfew_slice_of("acme"),
                                                             .name = curfew_slice_of("payments"),
                                                             .version = 7}});
    struct curfew_json *json = newest(cluster);
    ocsf_assert_text(json, "entity.type", "policy");
    ocsf_assert_text(json, "entity.uid", "payments");
    curfew_json_destroy(json);
    const int32_t role = CURFEW_ROLE_HOP;
    struct curfew_event set = {
        .type = CURFEW_EVENT_WRITER_SET,
        .as.writer_set = {.name = curfew_slice_of("g9"), .roles = {&role, 1}, .epoch = 1, .least_epoch = 1}};
    say(cluster, set);
    json = newest(cluster);
    ocsf_assert_text(json, "entity.type", "writer");
    ocsf_assert_text(json, "activity_name", "Update");
    curfew_json_destroy(json);
    set.as.writer_set.roles.count = 0;
    say(cluster, set);
    json = newest(cluster);
    ocsf_assert_text(json, "entity.uid", "g9");
    ocsf_assert_text(json, "activity_name", "Delete");
    curfew_json_destroy(json);
    end(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_says_who_what_and_why),
        cmocka_unit_test(a_forgery_weighs_more_than_a_slip),
        cmocka_unit_test(a_forged_record_accuses_nobody),
        cmocka_unit_test(glass_that_breaks_is_fatal),
        cmocka_unit_test(a_lease_that_runs_out_is_told),
        cmocka_unit_test(no_answer_before_the_account_is_durable),
        cmocka_unit_test(what_was_answered_is_not_told_again),
        cmocka_unit_test(more_than_can_wait_shows_as_a_gap),
        cmocka_unit_test(what_is_held_is_not_told_and_what_others_told_is_dropped),
        cmocka_unit_test(what_control_says_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
