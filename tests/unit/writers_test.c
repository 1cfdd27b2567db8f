/* writers_test: writers come, rotate their keys and go, on control and, by its ticks, in a pipeline; and what genesis
 * and ticks must prove. */
#include "schemas/codec.h"
#include "services/coordinator/right.h"
#include "services/coordinator/writers.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

static struct curfew_slice text(const char *words)
{
    return curfew_slice_of(words);
}

/* Steps a writer-set of a role for tenant acme on control. */
static enum curfew_reason set(struct world *world, const char *name, int32_t role, int32_t epoch, int32_t least)
{
    static struct curfew_slice tenant;
    static struct curfew_slice issuer;
    tenant = text("acme");
    issuer = text("https://as.acme");
    const struct curfew_event event = {
        .type = CURFEW_EVENT_WRITER_SET,
        .as.writer_set = {.name = text(name),
                          .roles = {&role, role < 0 ? 0 : 1},
                          .tenants = {&tenant, role == CURFEW_ROLE_OPERATOR || role < 0 ? 0 : 1},
                          .issuers = {&issuer, role == CURFEW_ROLE_ISSUER ? 1 : 0},
                          .epoch = epoch,
                          .least_epoch = least}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

/* A session start by a writer with its key of an epoch; the answer. */
static enum curfew_reason starts(struct world *world, const char *writer, int32_t epoch, const char *session)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                 .as.session_started = {.writer = text(writer),
                                                        .said_us = world->now_us,
                                                        .session = text(session),
                                                        .tenant = text("acme"),
                                                        .issuer = text("https://as.acme"),
                                                        .user = text("ada"),
                                                        .auth_us = world->now_us,
                                                        .deadline_us = world->now_us + 600 * WORLD_S}};
    uint8_t bytes[1024];
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    const struct curfew_log_place place = world_place(world->lane, 1);
    struct curfew_mac_key *key = curfew_mac_key_derive(author_master, text(writer), epoch);
    curfew_mac_make(key, &place, (struct curfew_slice){bytes, size}, mac);
    curfew_mac_key_destroy(key);
    const struct curfew_record record = {world->next++, world->now_us, true, {bytes, size}, {mac, sizeof mac}};
    assert_int_equal(curfew_lane_step(world->lane, &record, &world->effects), CURFEW_STEP_DONE);
    return world_reason(world);
}

static void rights_hold_from_the_tick_that_takes_them_in(void **state)
{
    (void)state; /* goal: one place in each lane's log, the same for every coordinator */
    struct world *world = world_begin();
    assert_int_equal(starts(world, "as", 1, WORLD_SESSION), CURFEW_REASON_UNKNOWN_WRITER);
    assert_true(world->effects.refusal.retriable);
    assert_true(world->effects.dead_letter);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 1, 1), ACCEPTED);
    assert_int_equal(starts(world, "as", 1, WORLD_SESSION), CURFEW_REASON_UNKNOWN_WRITER);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(starts(world, "as", 1, WORLD_SESSION), ACCEPTED);
    world_end(world);
}

static void keys_rotate_and_old_ones_go(void **state)
{
    (void)state; /* goal: both keys are taken until the old is retired, then never again */
    struct world *world = world_begin();
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 1, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(starts(world, "as", 2, WORLD_SESSION), CURFEW_REASON_UNKNOWN_WRITER);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 2, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(starts(world, "as", 1, WORLD_SESSION), ACCEPTED);
    assert_int_equal(starts(world, "as", 2, WORLD_OTHER), ACCEPTED);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 2, 2), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(starts(world, "as", 1, "1.EEEEEEEEEEEEEEEEEEEEEE"), CURFEW_REASON_EPOCH);
    assert_false(world->effects.refusal.retriable);
    assert_true(world->effects.dead_letter);
    assert_int_equal(starts(world, "as", 2, "1.EEEEEEEEEEEEEEEEEEEEEE"), ACCEPTED);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 1, 1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 3, 1), CURFEW_REASON_CONTRADICTS);
    world_end(world);
}

static void all_keys_that_were_not_retired_are_taken(void **state)
{
    (void)state; /* goal: of more than two epochs too, in any order; and a newest key does not become an older one */
    struct world *world = world_begin();
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 3, 1), ACCEPTED);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 2, 1), CURFEW_REASON_CONTRADICTS);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(starts(world, "as", 1, WORLD_SESSION), ACCEPTED);
    assert_int_equal(starts(world, "as", 3, WORLD_OTHER), ACCEPTED);
    assert_int_equal(starts(world, "as", 2, "1.EEEEEEEEEEEEEEEEEEEEEE"), ACCEPTED);
    assert_int_equal(starts(world, "as", 1, "1.FFFFFFFFFFFFFFFFFFFFFF"), ACCEPTED);
    world_end(world);
}

static void a_writer_that_was_removed_comes_back_with_a_new_key_only(void **state)
{
    (void)state; /* goal: what was taken away does not come back with the key that had it */
    struct world *world = world_begin();
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 1, 1), ACCEPTED);
    assert_int_equal(set(world, "as", -1, 1, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(starts(world, "as", 1, WORLD_SESSION), CURFEW_REASON_ROLE);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 1, 1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 2, 1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(set(world, "as", CURFEW_ROLE_ISSUER, 2, 2), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(starts(world, "as", 1, WORLD_SESSION), CURFEW_REASON_EPOCH);
    assert_int_equal(starts(world, "as", 2, WORLD_SESSION), ACCEPTED);
    world_end(world);
}

static void the_last_operator_and_coordinator_stay(void **state)
{
    (void)state; /* goal: nobody can lock everybody out */
    struct author_list first = {.count = 0};
    struct world *world = world_make();
    author_name(&first, "tester", AUTHOR_ROLE(OPERATOR) | AUTHOR_ROLE(COORDINATOR));
    struct curfew_event genesis = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)};
    author_genesis(&genesis.as.genesis, &first);
    assert_int_equal(world_control(world, genesis), CURFEW_STEP_DONE);
    assert_int_equal(set(world, "tester", CURFEW_ROLE_OPERATOR, 1, 1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(set(world, "tester", -1, 1, 1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(set(world, "c2", CURFEW_ROLE_COORDINATOR, 1, 1), ACCEPTED);
    assert_int_equal(set(world, "tester", CURFEW_ROLE_OPERATOR, 1, 1), ACCEPTED);
    assert_int_equal(set(world, "tester", -1, 1, 1), CURFEW_REASON_CONTRADICTS);
    assert_int_equal(set(world, "op2", CURFEW_ROLE_OPERATOR, 1, 1), ACCEPTED);
    assert_int_equal(set(world, "tester", -1, 1, 1), ACCEPTED);
    assert_int_equal(set(world, "tester", CURFEW_ROLE_OPERATOR, 2, 2), CURFEW_REASON_ROLE);
    world_end(world);
}

static void the_bound_of_writers_is_kept(void **state)
{
    (void)state; /* goal: at the bound a new writer is refused, and a known one can still be changed */
    struct world *world = world_begin();
    char name[32];
    int added = 0;
    enum curfew_reason reason = ACCEPTED;
    while (reason == ACCEPTED && added <= CURFEW_WRITERS_MAX) {
        (void)snprintf(name, sizeof name, "w-%d", added++);
        reason = set(world, name, CURFEW_ROLE_ORCHESTRATOR, 1, 1);
    }
    assert_int_equal(reason, CURFEW_REASON_BOUND);
    assert_int_equal(added, CURFEW_WRITERS_MAX - 3 + 1); /* genesis names three */
    assert_int_equal(set(world, "w-0", -1, 1, 1), ACCEPTED);
    world_end(world);
}

static void rights_that_make_no_sense_are_refused(void **state)
{
    (void)state; /* goal: a slip of an operator is told, not guessed at */
    const int32_t issuer = CURFEW_ROLE_ISSUER;
    const int32_t twice[] = {CURFEW_ROLE_HOP, CURFEW_ROLE_HOP};
    const struct curfew_slice tenants[] = {curfew_slice_of("acme"), curfew_slice_of("*"), curfew_slice_of("acme")};
    const struct curfew_writer_set good = {.name = text("n"),
                                           .roles = {&issuer, 1},
                                           .tenants = {tenants, 1},
                                           .issuers = {tenants, 1},
                                           .epoch = 1,
                                           .least_epoch = 1};
    assert_true(curfew_right_sane(&good));
    struct curfew_writer_set bad = good;
    bad.name = text("");
    assert_false(curfew_right_sane(&bad));
    bad = good;
    bad.roles = (struct curfew_list){twice, 2};
    assert_false(curfew_right_sane(&bad));
    bad = good;
    const struct curfew_slice doubled[] = {tenants[0], tenants[2]};
    bad.tenants = (struct curfew_list){doubled, 2};
    assert_false(curfew_right_sane(&bad));
    bad.tenants.count = 0;
    assert_false(curfew_right_sane(&bad));
    bad.tenants.count = 2; /* every tenant, and one more */
    assert_false(curfew_right_sane(&bad));
    bad = good;
    bad.tenants = (struct curfew_list){&tenants[1], 1};
    assert_true(curfew_right_sane(&bad));
    bad = good;
    bad.issuers.count = 0;
    assert_false(curfew_right_sane(&bad));
    bad = good;
    bad.least_epoch = 2;
    assert_false(curfew_right_sane(&bad));
    bad.least_epoch = 0;
    assert_false(curfew_right_sane(&bad));
    struct world *world = world_begin();
    const struct curfew_event event = {.type = CURFEW_EVENT_WRITER_SET, .as.writer_set = bad};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_INVALID);
    world_end(world);
}

static void genesis_is_proven_too(void **state)
{
    (void)state; /* goal: who makes topics anew without the master or an operator's key stops the lane, for everybody */
    struct world *world = world_make();
    struct curfew_event event = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(1)};
    event.as.genesis.master_check[3] ^= 1;
    assert_int_equal(world_say(world, event), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "another master key"));
    event.as.genesis = world_genesis(1);
    event.as.genesis.writer = text("mallory"); /* with a key of its own, and not among those named */
    assert_int_equal(world_say(world, event), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "nobody proves"));
    event.as.genesis.writer = text("c1"); /* no operator */
    assert_int_equal(world_say(world, event), CURFEW_STEP_HALTED);
    uint8_t bytes[1024];
    size_t size = 0;
    event.as.genesis.writer = text("tester");
    event.as.genesis.said_us = WORLD_T0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    const struct curfew_record bare = {0, world->now_us, true, {bytes, size}, {NULL, 0}};
    assert_int_equal(curfew_lane_step(world->lane, &bare, &world->effects), CURFEW_STEP_HALTED);
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    world_end(world);
}

static void nobodys_tick_holds_a_lane_up(void **state)
{
    (void)state; /* goal: a tick that names control far ahead waits only when a coordinator said it */
    struct world *world = world_begin();
    struct curfew_event event = {.type = CURFEW_EVENT_TICK,
                                 .as.tick = {.writer = text("mallory"), .control_offset = INT64_MAX}};
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_UNKNOWN_WRITER);
    assert_int_equal(set(world, "mallory", CURFEW_ROLE_ORCHESTRATOR, 1, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_ROLE);
    assert_false(world->effects.good_tick);
    event = (struct curfew_event){.type = CURFEW_EVENT_SETTINGS, .as.settings = {.settings = world_settings()}};
    event.as.settings.writer = text("mallory");
    event.as.settings.settings.rules = 99; /* would stop control, were it an operator's */
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_ROLE);
    event = (struct curfew_event){.type = CURFEW_EVENT_TICK, .as.tick = {.writer = text("c1"), .control_offset = 99}};
    assert_int_equal(world_say(world, event), CURFEW_STEP_BLOCKED);
    world_end(world);
}

static void a_session_names_only_orchestrators(void **state)
{
    (void)state; /* goal: a name must not come to mean somebody else later */
    struct world *world = world_begin();
    const struct curfew_slice named = curfew_slice_of("later");
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = text(WORLD_SESSION),
                                                              .tenant = text("acme"),
                                                              .issuer = text("https://as.acme"),
                                                              .user = text("ada"),
                                                              .auth_us = world->now_us,
                                                              .deadline_us = world->now_us + 600 * WORLD_S,
                                                              .orchestrators = {&named, 1}}};
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_UNKNOWN_WRITER);
    assert_int_equal(set(world, "later", CURFEW_ROLE_APPROVER, 1, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), CURFEW_REASON_UNKNOWN_WRITER);
    assert_int_equal(set(world, "later", CURFEW_ROLE_ORCHESTRATOR, 1, 1), ACCEPTED);
    world_pass(world, WORLD_S / 10);
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_hold_from_the_tick_that_takes_them_in),
        cmocka_unit_test(keys_rotate_and_old_ones_go),
        cmocka_unit_test(all_keys_that_were_not_retired_are_taken),
        cmocka_unit_test(a_writer_that_was_removed_comes_back_with_a_new_key_only),
        cmocka_unit_test(the_last_operator_and_coordinator_stay),
        cmocka_unit_test(the_bound_of_writers_is_kept),
        cmocka_unit_test(rights_that_make_no_sense_are_refused),
        cmocka_unit_test(genesis_is_proven_too),
        cmocka_unit_test(nobodys_tick_holds_a_lane_up),
        cmocka_unit_test(a_session_names_only_orchestrators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
