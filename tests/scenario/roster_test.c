/* roster_test: on a real Kafka a coordinator tells how every hop on the roster is: a hop that is killed is named, and
 * who is no hop, or speaks for one, is not believed. */
#include "core/json.h"
#include "tests/scenario/bus_reader.h"
#include "tests/scenario/play.h"
#include <string.h>

#define SOON_MS 15000

static struct play play;

static struct rig_output hops(void)
{
    return rig_curfew(play.rig, NULL, "hops", "--json", "--coordinator",
                      rig_text(play.rig, "http://%s", rig_process_address(play.coordinator)));
}

static bool all_are_fresh(void *context)
{
    (void)context;
    return hops().status == 0;
}

struct wanted {
    const char *hop, *state;
};

static bool is_in_state(void *context)
{
    const struct wanted *wanted = context;
    return strstr(hops().out, rig_text(play.rig, "{\"hop\":\"%s\",\"state\":\"%s\"", wanted->hop, wanted->state)) !=
           NULL;
}

static void a_hop_that_is_killed_is_named(void **state)
{
    /* Goal: all are fresh; one is killed and is silent, not forgotten; it comes back, and all are fresh. */
    play = play_begin(*state, 2);
    rig_until(all_are_fresh, NULL, SOON_MS, "all hops are fresh");
    struct wanted silent = {rig_process_name(play.guards[1]), "silent"};
    rig_process_kill(play.guards[1]);
    rig_until(is_in_state, &silent, SOON_MS, "the killed hop is silent");
    assert_int_equal(hops().status, 1);
    const struct rig_output said = rig_curfew(play.rig, NULL, "hops", silent.hop, "--coordinator",
                                              rig_text(play.rig, "http://%s", rig_process_address(play.coordinator)));
    assert_non_null(strstr(said.out, "silent"));
    assert_non_null(strstr(said.out, "lane 2"));
    rig_process_start(play.guards[1]);
    rig_until(all_are_fresh, NULL, SOON_MS, "all hops are fresh again");
    (void)play_add_hop(&play, "never-started");
    struct wanted unheard = {"never-started", "unheard"};
    rig_until(is_in_state, &unheard, SOON_MS, "the hop that never started is on the roster");
}

static bool two_were_refused(void *context)
{
    (void)context;
    const struct rig_response metrics = rig_get(play.rig, play.coordinator, "/metrics", NULL);
    return strstr(metrics.body, "status_refused_total{reason=\"unreadable\"} 1\n") != NULL &&
           strstr(metrics.body, "status_refused_total{reason=\"mac\"} 1\n") != NULL;
}

/* With a key, which a compacted topic wants, and without a proof. */
static void put(struct curfew_bus *bus, struct curfew_slice value)
{
    const struct curfew_bus_record record = {
        .topic = CURFEW_TOPIC_STATUS, .partition = 0, .key = curfew_slice_of("somebody"), .value = value, .ticket = 1};
    struct curfew_error error;
    assert_int_equal(bus->ops->produce(bus->self, &record, &error), CURFEW_OK);
    (void)reader_await(bus, CURFEW_BUS_DELIVERED);
}

/* The next status that a hop says, as a stranger can. */
static void say_again(struct curfew_bus *bus)
{
    struct curfew_bus_event event = {.kind = CURFEW_BUS_PROBLEM};
    while (event.kind != CURFEW_BUS_RECORD || event.topic != CURFEW_TOPIC_STATUS) {
        event = reader_next(bus);
    }
    put(bus, event.value);
}

static void who_may_write_there_is_no_hop_by_that(void **state)
{
    /* Goal: rubbish, and a hop's own words without its proof, are counted and move nothing. */
    (void)state;
    struct curfew_bus bus = reader_open(play.rig, play.prefix, NULL);
    put(&bus, curfew_slice_of("rubbish"));
    reader_subscribe(&bus, CURFEW_TOPIC_STATUS, 0, CURFEW_OFFSET_END);
    say_again(&bus);
    curfew_bus_destroy(&bus);
    rig_until(two_were_refused, NULL, SOON_MS, "both are counted");
    struct wanted fresh = {rig_process_name(play.guards[0]), "fresh"};
    assert_true(is_in_state(&fresh));
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hop_that_is_killed_is_named),
        cmocka_unit_test(who_may_write_there_is_no_hop_by_that),
    };
    return rig_main("roster", tests, sizeof tests / sizeof tests[0]);
}
