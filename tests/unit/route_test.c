/* route_test: which lane an event belongs to, and what topics a producer takes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/config.h"
#include "core/topics.h"
#include "producer/lane_log.h"
#include "producer/route.h"
#include <curfew/producer.h>
#include <stdlib.h>

#define SESSION "3.AAECAwQFBgcICQoLDA0ODw"

static enum curfew_status route(const struct curfew_event *event, int32_t wanted, int32_t *lane)
{
    struct curfew_error error;
    enum curfew_status status = curfew_route_event(event, wanted, lane, &error);
    if (status != CURFEW_OK) {
        assert_int_equal(error.status, status);
        assert_true(strlen(error.text) > 20);
    }
    return status;
}

static void a_sessions_events_go_to_its_lane(void **state)
{
    /* Goal: every event of a session is routed by the lane its id names. */
    (void)state;
    const struct curfew_slice session = curfew_slice_of(SESSION);
    struct curfew_event events[7] = {{.type = CURFEW_EVENT_SESSION_STARTED}, {.type = CURFEW_EVENT_SESSION_ENDED},
                                     {.type = CURFEW_EVENT_TASK_STARTED},    {.type = CURFEW_EVENT_ATTEMPT_ENDED},
                                     {.type = CURFEW_EVENT_TASK_ENDED},      {.type = CURFEW_EVENT_TOKEN_CREATED},
                                     {.type = CURFEW_EVENT_TOKEN_REVOKED}};
    events[0].as.session_started.session = session;
    events[1].as.session_ended.session = session;
    events[2].as.task_started.session = session;
    events[3].as.attempt_ended.session = session;
    events[4].as.task_ended.session = session;
    events[5].as.token_created.claims.session = session;
    events[6].as.token_revoked.session = session;
    for (size_t i = 0; i < 7; i++) {
        int32_t lane = -1;
        char name[CURFEW_ROUTE_NAME_SIZE];
        assert_int_equal(route(&events[i], CURFEW_LANE_OF_EVENT, &lane), CURFEW_OK);
        assert_int_equal(lane, 3);
        assert_int_equal(route(&events[i], 3, &lane), CURFEW_OK);
        assert_int_equal(route(&events[i], 2, &lane), CURFEW_INVALID);
        curfew_route_name(&events[i], name);
        assert_non_null(strstr(name, SESSION));
        assert_non_null(strstr(name, curfew_event_name(events[i].type)));
    }
}

static void what_spans_sessions_goes_to_control(void **state)
{
    /* Goal: subject-revoked and settings are control events, and may not be sent elsewhere. */
    (void)state;
    struct curfew_event events[2] = {{.type = CURFEW_EVENT_SUBJECT_REVOKED}, {.type = CURFEW_EVENT_SETTINGS}};
    events[0].as.subject_revoked.id = curfew_slice_of("ana");
    for (size_t i = 0; i < 2; i++) {
        int32_t lane = -1;
        assert_int_equal(route(&events[i], CURFEW_LANE_OF_EVENT, &lane), CURFEW_OK);
        assert_int_equal(lane, 0);
        assert_int_equal(route(&events[i], 1, &lane), CURFEW_INVALID);
    }
    char name[CURFEW_ROUTE_NAME_SIZE];
    curfew_route_name(&events[0], name);
    assert_string_equal(name, "emitting subject-revoked of ana");
    curfew_route_name(&events[1], name);
    assert_string_equal(name, "emitting settings");
}

static void a_heartbeat_needs_a_lane(void **state)
{
    /* Goal: a heartbeat goes where it is told to, and only to pipeline lanes. */
    (void)state;
    struct curfew_event event = {.type = CURFEW_EVENT_HOLDER_HEARTBEAT};
    event.as.holder_heartbeat.holder = curfew_slice_of("airflow");
    int32_t lane = -1;
    assert_int_equal(route(&event, CURFEW_LANE_OF_EVENT, &lane), CURFEW_INVALID);
    assert_int_equal(route(&event, 0, &lane), CURFEW_INVALID);
    assert_int_equal(route(&event, CURFEW_LANES_MAX, &lane), CURFEW_INVALID);
    assert_int_equal(route(&event, 7, &lane), CURFEW_OK);
    assert_int_equal(lane, 7);
}

static void what_is_not_a_producers_to_say_has_no_route(void **state)
{
    /* Goal: ticks, floors, beacons, answers, genesis and broken session ids are refused before anything is sent. */
    (void)state;
    const enum curfew_event_type types[] = {CURFEW_EVENT_GENESIS,    CURFEW_EVENT_TICK,     CURFEW_EVENT_FLOORS,
                                            CURFEW_EVENT_BEACON,     CURFEW_EVENT_ACCEPTED, CURFEW_EVENT_HOP_STATUS,
                                            CURFEW_EVENT_DEAD_LETTER};
    int32_t lane = -1;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct curfew_event event = {.type = types[i]};
        assert_int_equal(route(&event, CURFEW_LANE_OF_EVENT, &lane), CURFEW_INVALID);
    }
    const char *const ids[] = {"", "3", "3.", "0.AAECAwQFBgcICQoLDA0ODw", "03.AAECAwQFBgcICQoLDA0ODw", "3.short"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct curfew_event event = {.type = CURFEW_EVENT_TASK_ENDED};
        event.as.task_ended.session = curfew_slice_of(ids[i]);
        assert_int_equal(route(&event, CURFEW_LANE_OF_EVENT, &lane), CURFEW_INVALID);
    }
}

static void a_long_name_is_cut(void **state)
{
    /* Goal: an id that is far too long does not overflow the text it is named in. */
    (void)state;
    static uint8_t bytes[100000];
    memset(bytes, 'x', sizeof bytes);
    struct curfew_event event = {.type = CURFEW_EVENT_TASK_ENDED};
    event.as.task_ended.session = (struct curfew_slice){bytes, sizeof bytes};
    char name[CURFEW_ROUTE_NAME_SIZE];
    curfew_route_name(&event, name);
    assert_in_range(strlen(name), CURFEW_ID_MAX, CURFEW_ROUTE_NAME_SIZE - 1);
}

static void an_event_is_named_by_what_it_is_about(void **state)
{
    /* Goal: whoever reads that an emission failed knows which. */
    (void)state;
    const struct curfew_slice id = curfew_slice_of("x-1");
    const struct {
        struct curfew_event event;
        const char *name;
    } table[] = {
        {{.type = CURFEW_EVENT_TASK_ENDED, .as.task_ended = {.session = id}}, "emitting task-ended of session x-1"},
        {{.type = CURFEW_EVENT_HOLDER_HEARTBEAT, .as.holder_heartbeat = {.holder = id}},
         "emitting holder-heartbeat of holder x-1"},
        {{.type = CURFEW_EVENT_SUBJECT_REVOKED, .as.subject_revoked = {.id = id}}, "emitting subject-revoked of x-1"},
        {{.type = CURFEW_EVENT_WRITER_SET, .as.writer_set = {.name = id}}, "emitting writer-set of x-1"},
        {{.type = CURFEW_EVENT_POLICY_ADOPTED, .as.policy_adopted = {.name = id}}, "emitting policy-adopted of x-1"},
        {{.type = CURFEW_EVENT_POLICY_RAISED, .as.policy_raised = {.name = id}}, "emitting policy-raised of x-1"},
        {{.type = CURFEW_EVENT_SETTINGS}, "emitting settings"},
    };
    char name[CURFEW_ROUTE_NAME_SIZE];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        curfew_route_name(&table[i].event, name);
        assert_string_equal(name, table[i].name);
    }
}

static void partitions_hold_lanes(void **state)
{
    /* Goal: the lane of a partition is the inverse of a lane's topic and partition; other topics hold none. */
    (void)state;
    for (int32_t lane = 0; lane < CURFEW_LANES_MAX; lane++) {
        assert_int_equal(curfew_lane_of_partition(curfew_lane_topic(lane), curfew_lane_partition(lane)), lane);
        assert_int_equal(curfew_lane_of_partition(CURFEW_TOPIC_ANSWERS, lane), lane);
    }
    assert_int_equal(curfew_lane_of_partition(CURFEW_TOPIC_LIFECYCLE, CURFEW_LANES_MAX - 1), -1);
    assert_int_equal(curfew_lane_of_partition(CURFEW_TOPIC_CONTROL, 1), -1);
    assert_int_equal(curfew_lane_of_partition(CURFEW_TOPIC_LIFECYCLE, -1), -1);
    assert_int_equal(curfew_lane_of_partition(CURFEW_TOPIC_STATUS, 0), -1);
    assert_int_equal(curfew_lane_of_partition(CURFEW_TOPIC_COUNT, CURFEW_PARTITION_ANY), -1);
}

static enum curfew_status judge(const struct curfew_topic_facts facts[4], int32_t *lanes, struct curfew_error *error)
{
    struct curfew_config *config = NULL;
    assert_int_equal(curfew_config_load(NULL, &config, error), CURFEW_OK);
    enum curfew_status status = curfew_topics_judge(config, facts, lanes, error);
    curfew_config_destroy(config);
    return status;
}

static void topics_as_genesis_makes_them_are_taken(void **state)
{
    /* Goal: 1, L, L + 1 and L + 1 partitions with the broker's time on both logs give L + 1 lanes. */
    (void)state;
    const struct curfew_topic_facts facts[4] = {{1, true}, {8, true}, {9, false}, {9, false}};
    struct curfew_error error;
    int32_t lanes = 0;
    assert_int_equal(judge(facts, &lanes, &error), CURFEW_OK);
    assert_int_equal(lanes, 9);
}

static void topics_that_are_otherwise_are_named(void **state)
{
    /* Goal: a missing topic, another number of partitions and a log without LogAppendTime are each named. */
    (void)state;
    const struct {
        struct curfew_topic_facts facts[4];
        const char *says;
    } cases[] = {
        {{{0, false}, {8, true}, {9, false}, {9, false}}, "curfew.control does not exist; run curfew topics create"},
        {{{1, true}, {0, false}, {9, false}, {9, false}}, "curfew.lifecycle does not exist"},
        {{{1, true}, {8, true}, {0, false}, {9, false}}, "curfew.revocations does not exist"},
        {{{1, true}, {8, true}, {9, false}, {0, false}}, "curfew.answers does not exist"},
        {{{2, true}, {8, true}, {9, false}, {9, false}}, "curfew.control has 2 partitions instead of 1"},
        {{{1, true}, {8, true}, {8, false}, {9, false}}, "curfew.revocations has 8 partitions instead of 9"},
        {{{1, true}, {8, true}, {9, false}, {10, false}}, "curfew.answers has 10 partitions"},
        {{{1, false}, {8, true}, {9, false}, {9, false}}, "curfew.control does not carry the broker's time"},
        {{{1, true}, {8, false}, {9, false}, {9, false}}, "curfew.lifecycle does not carry the broker's time"},
        {{{1, true}, {256, true}, {257, false}, {257, false}}, "257 lanes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct curfew_error error;
        int32_t lanes = -7;
        assert_int_equal(judge(cases[i].facts, &lanes, &error), CURFEW_INVALID);
        if (strstr(error.text, cases[i].says) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", error.text, cases[i].says);
        }
        assert_int_equal(lanes, -7);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_sessions_events_go_to_its_lane),
    cmocka_unit_test(what_spans_sessions_goes_to_control),
    cmocka_unit_test(a_heartbeat_needs_a_lane),
    cmocka_unit_test(what_is_not_a_producers_to_say_has_no_route),
    cmocka_unit_test(a_long_name_is_cut),
    cmocka_unit_test(an_event_is_named_by_what_it_is_about),
    cmocka_unit_test(partitions_hold_lanes),
    cmocka_unit_test(topics_as_genesis_makes_them_are_taken),
    cmocka_unit_test(topics_that_are_otherwise_are_named),
};

int main(void)
{
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
