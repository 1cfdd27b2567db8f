/* roster_test: a hop is on the roster because control says so, and what it says of itself counts when it proves it,
 * once. */
#include "schemas/codec.h"
#include "services/coordinator/roster.h"
#include "tests/common/author.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define LANES 2
#define T0 INT64_C(1800000000000000)
#define S CURFEW_US_PER_S

static struct curfew_roster *roster;
static struct curfew_writers *writers;
static struct curfew_now now;

static void set(const char *name, int32_t role, int32_t epoch, int32_t least)
{
    const struct curfew_slice tenant = curfew_slice_of("*");
    const struct curfew_writer_set event = {.name = curfew_slice_of(name),
                                            .roles = {&role, role < 0 ? 0 : 1},
                                            .tenants = {&tenant, role == CURFEW_ROLE_ORCHESTRATOR ? 1 : 0},
                                            .epoch = epoch,
                                            .least_epoch = least};
    struct curfew_right *right = curfew_right_of(&event);
    curfew_writers_set(writers, right);
    free(right);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(curfew_codec_init(NULL), CURFEW_OK);
    roster = curfew_roster_create(author_master, LANES);
    writers = curfew_writers_create(author_master);
    now = (struct curfew_now){T0, 1000 * S};
    set("g1", CURFEW_ROLE_HOP, 1, 1);
    set("g2", CURFEW_ROLE_HOP, 1, 1);
    set("etl", CURFEW_ROLE_ORCHESTRATOR, 1, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    curfew_roster_destroy(roster);
    curfew_roster_destroy(NULL);
    curfew_writers_destroy(writers);
    return 0;
}

/* What is said, and how. */
struct telling {
    const char *hop, *by; /* the name in it, and whose key proves it; by NULL: its own */
    int32_t epoch; /* 0: 1 */
    int64_t said_us; /* 0: now */
    const char *problem; /* of lane 1; NULL: none */
    size_t lanes; /* 0: both */
    struct curfew_log_place place; /* lane 0: a status's */
    bool bare; /* without any proof */
};

static void tell(struct telling telling)
{
    const struct curfew_lane_status lanes[] = {
        {.lane = 0, .offset = 7, .age_ms = 500, .problem = curfew_slice_of("")},
        {.lane = 1, .offset = 9, .age_ms = 700, .problem = curfew_slice_of(telling.problem)}};
    const struct curfew_event event = {
        .type = CURFEW_EVENT_HOP_STATUS,
        .as.hop_status = {.hop = curfew_slice_of(telling.hop),
                          .boot = curfew_slice_of("b"),
                          .said_us = telling.said_us == 0 ? now.wall_us : telling.said_us,
                          .version = curfew_slice_of("0.1.0"),
                          .floors = 3,
                          .lanes = {lanes, telling.lanes == 0 ? LANES : telling.lanes}}};
    uint8_t bytes[1024];
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t size = 0;
    if (telling.place.lane == 0) {
        telling.place.lane = CURFEW_MAC_STATUS;
    }
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    struct curfew_mac_key *key =
        curfew_mac_key_derive(author_master, curfew_slice_of(telling.by == NULL ? telling.hop : telling.by),
                              telling.epoch == 0 ? 1 : telling.epoch);
    const struct curfew_slice value = {bytes, size};
    curfew_mac_make(key, &telling.place, value, mac);
    curfew_mac_key_destroy(key);
    curfew_roster_take(roster, writers, value, (struct curfew_slice){mac, telling.bare ? 0 : sizeof mac}, now);
}

static enum curfew_roster_state state_of(const char *name)
{
    return curfew_roster_state(roster, curfew_roster_find(roster, curfew_slice_of(name)), now);
}

static void assert_refused(enum curfew_roster_refusal refusal, int64_t count)
{
    for (int i = 0; i < CURFEW_ROSTER_REFUSALS; i++) {
        assert_int_equal(curfew_roster_refused(roster, (enum curfew_roster_refusal)i), i == (int)refusal ? count : 0);
    }
}

static void a_hop_is_what_it_proves_to_be(void **state)
{
    (void)state; /* goal: never heard of, fresh, behind, silent: each by what it said last, and when */
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_UNHEARD);
    tell((struct telling){.hop = "g1"});
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_FRESH);
    assert_int_equal(state_of("g2"), CURFEW_ROSTER_UNHEARD);
    const struct curfew_roster_hop *hop = curfew_roster_find(roster, curfew_slice_of("g1"));
    assert_true(hop->lane_count == 2 && hop->lanes[1].offset == 9 && hop->lanes[1].age_ms == 700 && hop->floors == 3);
    assert_string_equal(hop->version, "0.1.0");
    now.wall_us += S;
    now.boot_us += S;
    tell((struct telling){.hop = "g1", .problem = "stale"});
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_BEHIND);
    now.wall_us += S;
    now.boot_us += S;
    tell((struct telling){.hop = "g1", .lanes = 1}); /* it does not speak of all lanes */
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_BEHIND);
    now.wall_us += S;
    tell((struct telling){.hop = "g1"});
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_FRESH);
    now.boot_us += CURFEW_ROSTER_SILENT_US + 1;
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_SILENT);
    assert_refused(CURFEW_ROSTER_REFUSALS, 0);
}

static void nobody_speaks_for_a_hop(void **state)
{
    (void)
        state; /* goal: another hop's key, a writer's of another role, no proof, a proof for a log: none is believed */
    tell((struct telling){.hop = "g1", .by = "g2"});
    tell((struct telling){.hop = "g1", .by = "etl"});
    tell((struct telling){.hop = "g1", .bare = true});
    tell((struct telling){.hop = "g1", .place = {.lane = 1}});
    tell((struct telling){.hop = "g1", .place = {.log_id = {1}, .lane = CURFEW_MAC_STATUS}});
    assert_refused(CURFEW_ROSTER_MAC, 5);
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_UNHEARD);
}

static void who_is_not_on_the_roster_is_no_hop(void **state)
{
    (void)state; /* goal: a stranger, a writer of another role, a hop that was removed, a key nobody gave yet */
    tell((struct telling){.hop = "mallory"});
    tell((struct telling){.hop = "etl"});
    tell((struct telling){.hop = "g1", .epoch = 2});
    set("g2", -1, 1, 1);
    tell((struct telling){.hop = "g2"});
    assert_refused(CURFEW_ROSTER_UNKNOWN, 4);
    assert_null(curfew_roster_find(roster, curfew_slice_of("mallory")));
    curfew_roster_take(roster, NULL, (struct curfew_slice){NULL, 0}, (struct curfew_slice){NULL, 0}, now);
    assert_int_equal(curfew_roster_refused(roster, CURFEW_ROSTER_UNREADABLE), 1);
}

static void keys_rotate_and_old_ones_go(void **state)
{
    (void)state; /* goal: the newer key is taken once control knows it, the older until it is retired */
    set("g1", CURFEW_ROLE_HOP, 2, 1);
    tell((struct telling){.hop = "g1", .epoch = 1});
    now.wall_us += S;
    tell((struct telling){.hop = "g1", .epoch = 2});
    assert_refused(CURFEW_ROSTER_REFUSALS, 0);
    set("g1", CURFEW_ROLE_HOP, 2, 2);
    now.wall_us += S;
    tell((struct telling){.hop = "g1", .epoch = 1});
    assert_refused(CURFEW_ROSTER_EPOCH, 1);
}

static void what_was_said_is_not_said_again(void **state)
{
    (void)state; /* goal: a status that somebody recorded makes no dead hop look alive, and takes no live one back */
    tell((struct telling){.hop = "g1"});
    tell((struct telling){.hop = "g1"});
    tell((struct telling){.hop = "g1", .said_us = now.wall_us - 1, .problem = "stale"});
    assert_refused(CURFEW_ROSTER_OLD, 2);
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_FRESH);
    now.boot_us += CURFEW_ROSTER_SILENT_US + 1;
    tell((struct telling){.hop = "g1", .said_us = T0});
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_SILENT);
}

static void a_clock_that_is_off_is_told(void **state)
{
    (void)state; /* goal: one said in the future would keep the hop's true ones out for ever; one of long ago is none */
    tell((struct telling){.hop = "g1", .said_us = now.wall_us + CURFEW_ROSTER_CLOCK_US + 1});
    tell((struct telling){.hop = "g1", .said_us = now.wall_us - CURFEW_ROSTER_CLOCK_US - 1});
    assert_refused(CURFEW_ROSTER_CLOCK, 2);
    tell((struct telling){.hop = "g1"});
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_FRESH);
}

static void a_status_that_was_withheld_is_as_old_as_it_is(void **state)
{
    (void)
        state; /* goal: one that comes late tells of then, not of now: a dead hop's last word makes it live no longer */
    tell((struct telling){.hop = "g1", .said_us = now.wall_us - CURFEW_ROSTER_SILENT_US - S});
    assert_refused(CURFEW_ROSTER_REFUSALS, 0);
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_SILENT);
    tell((struct telling){.hop = "g1", .said_us = now.wall_us - S});
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_FRESH);
    now.boot_us += CURFEW_ROSTER_SILENT_US;
    assert_int_equal(state_of("g1"), CURFEW_ROSTER_SILENT);
}

static void a_long_text_is_cut_between_characters(void **state)
{
    (void)state; /* goal: what one hop says of itself keeps nobody from seeing the others */
    char problem[CURFEW_ID_MAX + 1] = "";
    for (int i = 0; i < 60; i++) {
        strcat(problem, "\xe2\x82\xac"); /* three bytes each */
    }
    tell((struct telling){.hop = "g1", .problem = problem});
    const struct curfew_roster_hop *hop = curfew_roster_find(roster, curfew_slice_of("g1"));
    const size_t size = strlen(hop->lanes[1].problem);
    assert_true(size > 0 && size % 3 == 0 && size < sizeof hop->lanes[1].problem);
}

static void rubbish_is_counted(void **state)
{
    (void)state; /* goal: what is no status moves nothing */
    const struct curfew_event event = {.type = CURFEW_EVENT_TICK,
                                       .as.tick = {.writer = curfew_slice_of("g1"), .said_us = T0}};
    uint8_t bytes[256];
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    curfew_roster_take(roster, writers, (struct curfew_slice){bytes, size}, (struct curfew_slice){NULL, 0}, now);
    curfew_roster_take(roster, writers, curfew_slice_of("rubbish"), (struct curfew_slice){NULL, 0}, now);
    assert_refused(CURFEW_ROSTER_UNREADABLE, 2);
}

#define ROSTER_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROSTER_TEST(a_hop_is_what_it_proves_to_be),
        ROSTER_TEST(nobody_speaks_for_a_hop),
        ROSTER_TEST(who_is_not_on_the_roster_is_no_hop),
        ROSTER_TEST(keys_rotate_and_old_ones_go),
        ROSTER_TEST(what_was_said_is_not_said_again),
        ROSTER_TEST(a_clock_that_is_off_is_told),
        ROSTER_TEST(rubbish_is_counted),
        ROSTER_TEST(a_status_that_was_withheld_is_as_old_as_it_is),
        ROSTER_TEST(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
