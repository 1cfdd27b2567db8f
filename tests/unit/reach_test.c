/* reach_test: how far rights reach: what a door says for a worker, holders and who keeps them, an issuer's own
 * sessions. */
#include "rights_world.h"
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

static void an_attempt_that_is_over_speaks_for_nobody(void **state)
{
    (void)state; /* goal: a fenced worker's end and beat have no effect, and say so to nobody's harm */
    struct world *world = rights_begin();
    struct curfew_event retried = rights_task(OWN, "clean", "extract", "w-clean");
    retried.as.task_started.attempt = 2;
    assert_int_equal(rights_say(world, "etl", retried), ACCEPTED);
    struct curfew_event end = rights_ended(OWN, "clean", "clean");
    end.as.task_ended.attempt = 0;
    assert_int_equal(rights_say(world, "door", end), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    for (int i = 0; i < 60; i++) { /* six seconds of a lease of ten */
        rights_pass(world);
    }
    assert_int_equal(rights_say(world, "door", rights_beat("w-clean", "clean")), ACCEPTED);
    for (int i = 0; i < 60; i++) {
        rights_pass(world);
    }
    struct curfew_event child = rights_task(OWN, "sub", "clean", "");
    child.as.task_started.parent_attempt = 2;
    assert_int_equal(rights_say(world, "etl", child), CURFEW_REASON_ANCESTOR_OVER); /* its lease ran out: nobody beat */
    world_end(world);
}

static void a_task_under_an_attempt_that_is_over_speaks_for_nobody(void **state)
{
    (void)
        state; /* goal: what its worker says is accepted and moves nothing: the new attempt can start the task again */
    struct world *world = rights_begin();
    struct curfew_event again = rights_task(OWN, "extract", "", "h");
    struct curfew_event end = rights_ended(OWN, "clean", "clean");
    assert_int_equal(rights_say(world, "as", rights_mint_below(world, "t2")), ACCEPTED);
    again.as.task_started.attempt = 2;
    assert_int_equal(rights_say(world, "etl", again), ACCEPTED);
    end.as.task_ended.attempt = 0; /* for good */
    assert_int_equal(rights_say(world, "door", end), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    again = rights_task(OWN, "clean", "extract", "w-clean");
    again.as.task_started.attempt = 2;
    again.as.task_started.parent_attempt = 2;
    assert_int_equal(rights_say(world, "etl", again), ACCEPTED);
    world_end(world);
}

static void a_worker_beats_for_no_session(void **state)
{
    (void)state; /* goal: a heartbeat renews all its holder holds, so a worker may not, if that is more than its own */
    struct world *world = rights_begin();
    struct curfew_event started = rights_session(NEW, "acme", ISS, "etl", world);
    started.as.session_started.holder = text("both");
    assert_int_equal(rights_say(world, "as", started), ACCEPTED);
    assert_int_equal(rights_say(world, "etl", rights_task(NEW, "alone", "", "both")), ACCEPTED);
    struct curfew_event event = rights_beat("both", "alone");
    event.as.holder_heartbeat.session = text(NEW);
    assert_int_equal(rights_say(world, "door", event), CURFEW_REASON_NOT_OWN);
    assert_int_equal(rights_say(world, "etl", rights_task(NEW, "other", "", "one")), ACCEPTED);
    event = rights_beat("one", "other");
    event.as.holder_heartbeat.session = text(NEW);
    assert_int_equal(rights_say(world, "door", event), ACCEPTED);
    world_end(world);
}

static void a_token_of_another_tenant_speaks_for_nothing_here(void **state)
{
    (void)state; /* goal: an issuer that may speak for books alone has made a token of acme's session: what its bearer
                    says is refused, though the door may speak for acme */
    struct world *world = rights_begin();
    struct curfew_event event = rights_ended(OWN, "clean", "clean");
    event.as.task_ended.by_tenant = text("books");
    assert_int_equal(rights_say(world, "door", event), CURFEW_REASON_TENANT);
    event.as.task_ended.by_tenant = text("");
    assert_int_equal(rights_say(world, "door", event), CURFEW_REASON_TENANT);
    event = rights_beat("w-clean", "clean");
    event.as.holder_heartbeat.by_tenant = text("books");
    assert_int_equal(rights_say(world, "door", event), CURFEW_REASON_TENANT);
    event.as.holder_heartbeat.by_tenant = text("acme");
    assert_int_equal(rights_say(world, "door", event), ACCEPTED);
    assert_int_equal(rights_say(world, "door", rights_ended(OWN, "clean", "clean")), ACCEPTED);
    world_end(world);
}

static void a_worker_speaks_of_what_there_is(void **state)
{
    (void)state; /* goal: a door that names what nobody started, or names it by halves, is told which */
    struct world *world = rights_begin();
    assert_int_equal(rights_say(world, "door", rights_ended(OWN, "extract", "nothing")), CURFEW_REASON_UNKNOWN_TASK);
    struct curfew_event event = rights_ended(OWN, "extract", "extract");
    event.as.task_ended.by_attempt = 2; /* it has not begun */
    assert_int_equal(rights_say(world, "door", event), CURFEW_REASON_UNKNOWN_TASK);
    assert_int_equal(rights_say(world, "door", rights_beat("w-clean", "nothing")), CURFEW_REASON_UNKNOWN_TASK);
    assert_int_equal(rights_say(world, "door", rights_beat("nobody", "clean")), CURFEW_REASON_UNKNOWN_HOLDER);
    event = rights_beat("w-clean", "clean");
    event.as.holder_heartbeat.by_attempt = 0;
    assert_int_equal(rights_say(world, "door", event), CURFEW_REASON_INVALID);
    event = rights_beat("w-clean", "");
    event.as.holder_heartbeat.session = text(OWN);
    assert_int_equal(rights_say(world, "etl", event), CURFEW_REASON_INVALID);
    event = rights_beat("w-clean", "");
    event.as.holder_heartbeat.by_tenant = text("acme");
    assert_int_equal(rights_say(world, "etl", event), CURFEW_REASON_INVALID);
    event = rights_ended(OWN, "extract", "");
    event.as.task_ended.by_tenant = text("acme");
    assert_int_equal(rights_say(world, "etl", event), CURFEW_REASON_INVALID);
    event = rights_beat("w-clean", "clean");
    event.as.holder_heartbeat.session = text(NEW);
    assert_int_equal(rights_say(world, "door", event), CURFEW_REASON_UNKNOWN_SESSION);
    const struct curfew_event end = {.type = CURFEW_EVENT_SESSION_ENDED, .as.session_ended = {.session = text(OWN)}};
    assert_int_equal(rights_say(world, "as", end), ACCEPTED);
    assert_int_equal(rights_say(world, "door", rights_beat("w-clean", "clean")), CURFEW_REASON_SESSION_OVER);
    world_end(world);
}

static void a_session_is_of_its_writers_own_issuer(void **state)
{
    (void)state; /* goal: an issuer of the right tenant starts no session in another issuer's name */
    struct world *world = rights_begin();
    assert_int_equal(rights_say(world, "as", rights_session(NEW, "acme", ISS2, NULL, world)), CURFEW_REASON_TENANT);
    assert_int_equal(rights_say(world, "as", rights_session(NEW, "acme", ISS, NULL, world)), ACCEPTED);
    world_end(world);
}

static void a_holder_has_so_many_keepers(void **state)
{
    (void)state; /* goal: at the bound a start that would need one more is refused, and those there still beat */
    static char names[17][16];
    struct world *world = rights_begin();
    for (int i = 0; i < 17; i++) {
        (void)snprintf(names[i], sizeof names[i], "o-%d", i);
        assert_int_equal(rights_set_writer(world, names[i], AUTHOR_ROLE(ORCHESTRATOR), "acme", NULL), ACCEPTED);
    }
    rights_pass(world);
    for (int i = 0; i < 17; i++) {
        char id[] = "1.GGGGGGGGGGGGGGGGGGGGGG";
        id[sizeof id - 2] = (char)('A' + i);
        assert_int_equal(rights_say(world, "as", rights_session(id, "acme", ISS, names[i], world)), ACCEPTED);
        assert_int_equal(rights_say(world, names[i], rights_task(id, "work", "", "shared")),
                         i < 16 ? ACCEPTED : CURFEW_REASON_BOUND);
    }
    assert_int_equal(rights_say(world, names[0], rights_beat("shared", "")), ACCEPTED);
    assert_int_equal(rights_say(world, names[15], rights_beat("shared", "")), ACCEPTED);
    assert_int_equal(rights_say(world, names[16], rights_beat("shared", "")), CURFEW_REASON_NOT_OWN);
    assert_int_equal(rights_set_writer(world, "as3", AUTHOR_ROLE(ISSUER), "acme", ISS), ACCEPTED);
    rights_pass(world);
    struct curfew_event held = rights_session(NEW, "acme", ISS, NULL, world);
    held.as.session_started.holder = text("shared"); /* as3 would have to keep it, too */
    assert_int_equal(rights_say(world, "as3", held), CURFEW_REASON_BOUND);
    held.as.session_started.holder = text("its own");
    assert_int_equal(rights_say(world, "as3", held), ACCEPTED); /* the refused one left nothing behind */
    world_end(world);
}

static void holders_of_two_tenants_never_meet(void **state)
{
    (void)state; /* goal: a beat renews what its writer may act on, whoever else uses the same holder's name */
    struct world *world = rights_begin();
    struct curfew_event theirs = rights_task(BOOKS, "post", "", "h");
    assert_int_equal(rights_say(world, "etl2", theirs), ACCEPTED);
    for (int i = 0; i < 60; i++) {
        rights_pass(world);
    }
    assert_int_equal(rights_say(world, "etl2", rights_beat("h", "")), ACCEPTED);
    for (int i = 0; i < 60; i++) {
        rights_pass(world);
    }
    assert_int_equal(rights_say(world, "etl2", rights_task(BOOKS, "below", "post", "")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl", rights_task(OWN, "below", "extract", "")), CURFEW_REASON_ANCESTOR_OVER);
    world_end(world);
}

static void holders_of_one_name_come_and_go(void **state)
{
    (void)state; /* goal: whichever of those that share a name ends first, the others go on */
    struct world *world = rights_begin();
    assert_int_equal(rights_set_writer(world, "all", AUTHOR_ROLE(ISSUER) | AUTHOR_ROLE(ORCHESTRATOR), "third", ISS2),
                     ACCEPTED);
    rights_pass(world);
    assert_int_equal(rights_say(world, "all", rights_session(NEW, "third", ISS2, NULL, world)), ACCEPTED);
    assert_int_equal(rights_say(world, "etl2", rights_task(BOOKS, "post", "", "h")), ACCEPTED);
    assert_int_equal(rights_say(world, "all", rights_task(NEW, "third", "", "h")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl2", rights_ended(BOOKS, "post", "")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl2", rights_beat("h", "")), CURFEW_REASON_NOT_OWN);
    assert_int_equal(rights_say(world, "all", rights_beat("h", "")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl2", rights_task(BOOKS, "again", "", "h")), ACCEPTED);
    assert_int_equal(rights_say(world, "all", rights_ended(NEW, "third", "")), ACCEPTED);
    assert_int_equal(rights_say(world, "all", rights_beat("h", "")), CURFEW_REASON_NOT_OWN);
    assert_int_equal(rights_say(world, "etl2", rights_beat("h", "")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl", rights_beat("h", "")), ACCEPTED);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_that_is_over_speaks_for_nobody),
        cmocka_unit_test(a_task_under_an_attempt_that_is_over_speaks_for_nobody),
        cmocka_unit_test(a_worker_beats_for_no_session),
        cmocka_unit_test(a_session_is_of_its_writers_own_issuer),
        cmocka_unit_test(a_holder_has_so_many_keepers),
        cmocka_unit_test(holders_of_two_tenants_never_meet),
        cmocka_unit_test(holders_of_one_name_come_and_go),
        cmocka_unit_test(a_token_of_another_tenant_speaks_for_nothing_here),
        cmocka_unit_test(a_worker_speaks_of_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
