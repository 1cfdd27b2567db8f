/* owner_test: on a real Kafka the `curfew` command says who owns what is alive, shows a session's tasks, tells how far
 * an end has come and which hop lags, and ends what an orchestrator that died has left behind. */
#include "core/clock.h"
#include "tests/scenario/play.h"
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#define SOON_MS 15000

static struct play play;

static struct rig_process *beat(const char *name, const char *holder)
{
    return rig_background(play.rig, name,
                          (const char *const[]){rig_command, "beat", holder, "--all-lanes", "--every", "500ms", NULL});
}

static void assert_said(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("without \"%s\": %s", wanted, text);
    }
}

/* The receipt that an end printed. */
static const char *end_task(struct play_session session, const char *task)
{
    const struct rig_output said = rig_curfew(play.rig, NULL, "task", "end", session.id, task, "--reason", "done");
    assert_int_equal(said.status, 0);
    return rig_text(play.rig, "%.*s", (int)strcspn(said.out, "\n"), said.out);
}

static bool its_lease_ran_out(void *context)
{
    return strstr(rig_curfew(play.rig, NULL, "tree", context).out, "extract  attempt 1  over: its lease ran out") !=
           NULL;
}

static void who_owns_what_and_how_it_ended(void **state)
{
    (void)state; /* goal: holder, lease, agent, tokens and tasks of a session; an end by name, a lease by cause */
    struct rig_process *scheduler = beat("scheduler", "sched-1");
    const struct play_session session = play_session(&play, "ada");
    play_task(&play, session.id, "extract", (const char *const[]){"--holder", "sched-1", NULL});
    play_task(&play, session.id, "clean", (const char *const[]){"--parent", "extract", NULL});
    play_task(&play, session.id, "lone", NULL);
    assert_int_equal(rig_curfew(play.rig, NULL, "token", "mint", "--session-file", session.file, "--audience",
                                PLAY_AUDIENCE, "--path", "extract:1", "--agent", "spiffe://acme/planner")
                         .status,
                     0);
    struct rig_output said = rig_curfew(play.rig, NULL, "list", "--user", "ada");
    assert_int_equal(said.status, 0);
    assert_said(said.out, session.id);
    assert_said(said.out, "3 tasks running, 1 of them kept by no lease, 0 over");
    assert_said(said.out, "1 running held by sched-1");
    assert_said(said.out, "agent spiffe://acme/planner");
    assert_said(said.out, "newest token expires in");
    assert_said(rig_curfew(play.rig, NULL, "list", "--agent", "spiffe://acme/planner", "--json").out, session.id);
    assert_said(rig_curfew(play.rig, NULL, "list", "--owner", "sched-1").out, session.id);
    assert_said(rig_curfew(play.rig, NULL, "list", "--unowned").out, session.id);
    assert_string_equal(rig_curfew(play.rig, NULL, "list", "--owner", "nobody").out, "");
    const char *receipt = end_task(session, "lone");
    said = rig_curfew(play.rig, NULL, "tree", session.id);
    assert_said(said.out, "\n  extract  attempt 1  running, kept by sched-1, whose lease has");
    assert_said(said.out, "\n    clean  attempt 1  running, kept by sched-1");
    assert_said(said.out, "\n  lone  attempt 1  over: said by app, \"done\", ");
    assert_said(said.out, receipt);
    rig_process_kill(scheduler);
    const struct rig_output waited = rig_curfew(play.rig, NULL, "wait", receipt, "--timeout", "20s");
    assert_int_equal(waited.status, 0);
    rig_until(its_lease_ran_out, (void *)(uintptr_t)session.id, SOON_MS,
              "the lease of a scheduler that is dead is out");
    assert_said(rig_curfew(play.rig, NULL, "tree", session.id).out, "clean  attempt 1  under the dead");
    assert_int_equal(rig_curfew(play.rig, NULL, "tree", "1.AAAAAAAAAAAAAAAAAAAAAA").status, 1);
}

static bool is_silent(void *context)
{
    return strstr(rig_curfew(play.rig, NULL, "status", context).out, " is silent") != NULL;
}

static void a_hop_that_is_killed_lags_by_name(void **state)
{
    (void)state; /* goal: complete with both; one is killed with -9: named, with how far and how long; back: complete */
    const struct play_session session = play_session(&play, "bob");
    const char *killed = rig_process_name(play.guards[1]);
    play_task(&play, session.id, "first", NULL);
    play_task(&play, session.id, "second", NULL);
    const char *first = end_task(session, "first");
    const int64_t begun_us = rig_now_us();
    struct rig_output said = rig_curfew(play.rig, NULL, "wait", first, "--timeout", "20s");
    assert_int_equal(said.status, 0);
    print_message("complete %" PRId64 " ms after it was asked for\n", (rig_now_us() - begun_us) / 1000);
    assert_said(said.out, "durable, accepted, applied by 2 of 2 hops, complete");
    rig_process_kill(play.guards[1]);
    const char *second = end_task(session, "second");
    said = rig_curfew(play.rig, NULL, "wait", second, "--timeout", "4s");
    assert_int_equal(said.status, 5);
    assert_said(said.out, "durable, accepted, applied by 1 of 2 hops, not complete");
    assert_said(said.out, rig_text(play.rig, "  %s is ", killed));
    assert_said(said.out, "records behind");
    assert_null(strstr(said.out, rig_text(play.rig, "  %s is ", rig_process_name(play.guards[0]))));
    rig_until(is_silent, (void *)(uintptr_t)first, SOON_MS, "the killed hop is silent");
    said = rig_curfew(play.rig, NULL, "status", first);
    assert_int_equal(said.status, 0); /* it had applied that one, and is named all the same */
    assert_said(said.out, rig_text(play.rig, "  %s is silent", killed));
    assert_said(said.out, "it had applied it by then");
    said = rig_curfew(play.rig, NULL, "status", second, "--json");
    assert_int_equal(said.status, 1);
    assert_said(said.out, rig_text(play.rig, "{\"hop\":\"%s\",\"state\":\"silent\"", killed));
    rig_process_start(play.guards[1]);
    assert_int_equal(rig_curfew(play.rig, NULL, "wait", second, "--timeout", "30s").status, 0);
    said = rig_curfew(play.rig, NULL, "status", "1:1000000", "--json");
    assert_int_equal(said.status, 1);
    assert_said(said.out, "\"durable\":false");
    assert_int_equal(rig_curfew(play.rig, NULL, "wait", first, "--log", "00").status, 1);
}

static void refusals_are_told_by_receipt(void **state)
{
    (void)state; /* goal: what was refused is told as that, long after, also by a coordinator that was killed since */
    const struct play_session session = play_session(&play, "eve");
    const struct rig_output refused =
        rig_curfew(play.rig, NULL, "task", "end", session.id, "nothing", "--json", "--wait", "accepted");
    assert_int_equal(refused.status, 3);
    const char *offset = strstr(refused.out, "\"offset\":") + strlen("\"offset\":");
    const char *receipt = rig_text(play.rig, "%c:%.*s", session.id[0], (int)strcspn(offset, ","), offset);
    for (int round = 0; round < 2; round++) {
        const struct rig_output said = rig_curfew(play.rig, NULL, "wait", receipt);
        assert_int_equal(said.status, 3);
        assert_said(said.out, "refused: unknown_task");
        if (round == 0) {
            rig_process_kill(play.coordinator);
            rig_process_start(play.coordinator);
            rig_await_ready(play.rig, play.coordinator);
        }
    }
}

static const char *line_of(struct play_session session, const char *task, int attempt)
{
    return rig_text(play.rig, "{\"session\":\"%s\",\"task\":\"%s\",\"attempt\":%d}\n", session.id, task, attempt);
}

static const char *now(void)
{
    return rig_text(play.rig, "%" PRId64, curfew_clock_now().wall_us);
}

static void what_a_dead_orchestrator_left_behind_ends(void **state)
{
    (void)
        state; /* goal: its successor beats for the same holder; what is not in its list ends, and nothing else does */
    struct rig_process *before = beat("before", "sched-2");
    const struct play_session session = play_session(&play, "ada");
    const char *const held[] = {"--holder", "sched-2", NULL};
    play_task(&play, session.id, "kept", held);
    play_task(&play, session.id, "group", held);
    play_task(&play, session.id, "leaf", (const char *const[]){"--parent", "group", "--holder", "sched-2", NULL});
    play_task(&play, session.id, "lost", held);
    play_task(&play, session.id, "below", (const char *const[]){"--parent", "lost", NULL});
    play_task(&play, session.id, "others", NULL);
    const char *kept = play_mint(&play, session, (const char *const[]){"kept:1", NULL});
    const char *lost = play_mint(&play, session, (const char *const[]){"lost:1", "below:1", NULL});
    rig_process_kill(before);
    struct rig_process *after = beat("after", "sched-2");
    (void)rig_comes((bool (*)(void *))is_silent, (void *)(uintptr_t) "1:0", 1500); /* older than the grace of 1 s */
    const char *taken = now();
    play_task(&play, session.id, "young", held);
    const char *list =
        rig_text(play.rig, "%s%s{\"count\":2}\n", line_of(session, "kept", 1), line_of(session, "leaf", 1));
    struct rig_output said = rig_curfew(play.rig, "", "reconcile", "--owner", "sched-2", "--taken", taken);
    assert_int_equal(said.status, 1);
    assert_said(said.err, "--allow-empty");
    said = rig_curfew(play.rig, line_of(session, "kept", 1), "reconcile", "--owner", "sched-2", "--taken", taken,
                      "--grace", "1s", "--at-most", "1");
    assert_int_equal(said.status, 1);
    assert_said(said.err, "nothing was ended");
    said =
        rig_curfew(play.rig, list, "reconcile", "--owner", "sched-2", "--taken", taken, "--grace", "1s", "--dry-run");
    assert_int_equal(said.status, 0);
    assert_string_equal(said.out, rig_text(play.rig, "%s lost 1\n", session.id));
    play_all(&play, lost, 200);
    said = rig_curfew(play.rig, list, "reconcile", "--owner", "sched-2", "--taken", taken, "--grace", "1s", "--json");
    assert_int_equal(said.status, 0);
    assert_said(said.out, "\"task\":\"lost\",\"attempt\":1");
    assert_said(said.out, "\"fate\":\"ended\"");
    assert_said(said.out, "\"listed\":2,\"to_end\":1,\"ended\":1,\"below_what_ends\":0,\"started_since\":1,"
                          "\"above_what_runs\":1");
    play_until(&play, lost, 403, "what was lost is denied everywhere");
    play_all(&play, kept, 200);
    const struct rig_output tree = rig_curfew(play.rig, NULL, "tree", session.id);
    assert_said(tree.out, "  lost  attempt 1  over: said by app, \"reconcile: not in the list");
    assert_said(tree.out, "  young  attempt 1  running");
    assert_said(tree.out, "  others  attempt 1  running");
    assert_said(tree.out, "    leaf  attempt 1  running");
    said = rig_curfew(play.rig, list, "reconcile", "--owner", "sched-2", "--taken", taken, "--grace", "1s", "--json");
    assert_int_equal(said.status, 0);
    assert_said(said.out, "\"to_end\":0");
    rig_process_kill(after);
}

static void a_later_attempt_is_not_ended(void **state)
{
    (void)state; /* goal: the list names attempt 1, attempt 2 runs: it is told, and goes on; app owns what it started */
    const struct play_session session = play_session(&play, "ada");
    play_task(&play, session.id, "retried", NULL);
    play_task(&play, session.id, "retried", (const char *const[]){"--attempt", "2", NULL});
    play_task(&play, session.id, "gone", NULL);
    const char *token = play_mint(&play, session, (const char *const[]){"retried:2", NULL});
    (void)rig_comes((bool (*)(void *))is_silent, (void *)(uintptr_t) "1:0", 1500);
    const struct rig_output said = rig_curfew(play.rig, line_of(session, "retried", 1), "reconcile", "--owner", "app",
                                              "--taken", now(), "--grace", "1s");
    assert_int_equal(said.status, 0);
    assert_said(said.err, "retried is listed, but not at attempt 2");
    assert_said(said.out, rig_text(play.rig, "%s gone 1 ", session.id));
    assert_null(strstr(said.out, "retried"));
    play_all(&play, token, 200);
}

static void an_attempt_that_begins_meanwhile_goes_on(void **state)
{
    (void)state; /* goal: it begins between the coordinator's answer and the list's end; the end is the old attempt's */
    const struct play_session session = play_session(&play, "ada");
    play_task(&play, session.id, "raced", NULL);
    play_task(&play, session.id, "listed", NULL);
    (void)rig_comes((bool (*)(void *))is_silent, (void *)(uintptr_t) "1:0", 1500);
    const char *line = rig_text(play.rig,
                                "(sleep 2; '%s' task start %s raced --attempt 2 >&2; echo '%.*s') | "
                                "'%s' reconcile --owner app --taken now --grace 1s",
                                rig_command, session.id, (int)strlen(line_of(session, "listed", 1)) - 1,
                                line_of(session, "listed", 1), rig_command);
    const struct rig_output said = rig_run(play.rig, NULL, (const char *const[]){"sh", "-c", line, NULL});
    assert_int_equal(said.status, 0);
    assert_said(said.out, rig_text(play.rig, "%s raced 1 ", session.id));
    assert_said(rig_curfew(play.rig, NULL, "tree", session.id).out, "  raced  attempt 2  running");
    play_until(&play, play_mint(&play, session, (const char *const[]){"raced:2", NULL}), 200,
               "the new attempt goes on");
}

static int begin(void **state)
{
    play = play_begin(*state, 2);
    rig_set(play.rig, "CURFEW_COORDINATOR_URL", rig_text(play.rig, "http://%s", rig_process_address(play.coordinator)));
    return 0;
}

static void first(void **state)
{
    (void)begin(state);
    who_owns_what_and_how_it_ended(state);
}

static void last(void **state)
{
    an_attempt_that_begins_meanwhile_goes_on(state);
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"who_owns_what_and_how_it_ended", first, NULL, NULL, NULL},
        cmocka_unit_test(a_hop_that_is_killed_lags_by_name),
        cmocka_unit_test(refusals_are_told_by_receipt),
        cmocka_unit_test(what_a_dead_orchestrator_left_behind_ends),
        cmocka_unit_test(a_later_attempt_is_not_ended),
        {"an_attempt_that_begins_meanwhile_goes_on", last, NULL, NULL, NULL},
    };
    return rig_main("owner", tests, sizeof tests / sizeof tests[0]);
}
