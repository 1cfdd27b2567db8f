/* cli_topics: what topics create finds, plans and writes, on a broker in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "memory_bus.h"
#include "schemas/codec.h"
#include "services/cli/genesis.h"
#include "tests/common/author.h"
#include <stdio.h>
#include <stdlib.h>

#define SOON_MS 20 /* for what is expected not to come */
#define LONG_MS 5000
#define NOW_US INT64_C(1795460429437000)

static const struct curfew_settings settings = {.rules = 1,
                                                .schemas = 1,
                                                .skew_ms = 250,
                                                .tick_ms = 100,
                                                .lease_ms = 10000,
                                                .heartbeat_age_ms = 5000,
                                                .attempt_step = 1000,
                                                .token_life_ms = 900000,
                                                .session_life_ms = 518400000,
                                                .restate_ms = 3600000,
                                                .sessions_max = 1000000,
                                                .tasks_max = 4000000,
                                                .floors_max = 4000000};

/* ana, and one coordinator. */
static const struct curfew_founder *founder(void)
{
    static struct curfew_founder made;
    made = (struct curfew_founder){.writer = "ana@host", .key = author_key(curfew_slice_of("ana@host"))};
    curfew_master_check(author_master, made.master_check);
    made.writers[made.writer_count++] = (struct curfew_first_writer){curfew_slice_of("ana@host"), CURFEW_ROLE_OPERATOR};
    made.writers[made.writer_count++] = (struct curfew_first_writer){curfew_slice_of("c1"), CURFEW_ROLE_COORDINATOR};
    return &made;
}

struct world {
    struct memory_bus *memory;
    struct curfew_survey survey;
    struct curfew_genesis_plan plan;
    struct curfew_error error;
    char problems[4096];
};

/* Three lanes and control, as the broker would describe them. */
static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    static const int32_t partitions[CURFEW_TOPIC_COUNT] = {1, 3, 4, 4, 1, 1, 1};
    if (world == NULL)
        return -1;
    world->memory = memory_bus_make();
    world->memory->now_us = curfew_clock_now().wall_us;
    for (int topic = 0; topic < CURFEW_TOPIC_COUNT; topic++)
        world->survey.topics[topic] = (struct curfew_topic_facts){partitions[topic], true};
    world->survey.lanes = 4;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    memory_bus_end(world->memory);
    free(world);
    return 0;
}

static void survey(struct world *world)
{
    assert_int_equal(curfew_survey_lanes(&world->memory->bus, LONG_MS, &world->survey, &world->error), CURFEW_OK);
}

static void write_genesis(struct world *world)
{
    survey(world);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error), CURFEW_OK);
    assert_int_equal(curfew_genesis_write(&world->memory->bus, &world->plan, founder(), LONG_MS, &world->error),
                     CURFEW_OK);
    survey(world);
}

/* Empties one lane's log, as deleting and creating its topic again does. */
static void empty_lane(struct world *world, int32_t lane)
{
    struct memory_partition *log = &world->memory->topics[curfew_lane_topic(lane)][curfew_lane_partition(lane)];
    for (int64_t i = 0; i < log->count; i++)
        free(log->records[i].bytes);
    log->count = 0;
}

static void append(struct world *world, int32_t lane, const char *bytes)
{
    (void)memory_bus_append(world->memory, curfew_lane_topic(lane), curfew_lane_partition(lane), curfew_slice_of(bytes),
                            (struct curfew_slice){NULL, 0});
}

static void note(void *context, const char *problem)
{
    struct world *world = context;
    size_t used = strlen(world->problems);
    snprintf(world->problems + used, sizeof world->problems - used, "%s\n", problem);
}

static int lane_problems(struct world *world)
{
    world->problems[0] = '\0';
    return curfew_survey_lane_problems(&world->survey, note, world);
}

static int topic_problems(struct world *world)
{
    world->problems[0] = '\0';
    return curfew_survey_topic_problems(&world->survey, note, world);
}

static void test_every_lane_gets_its_genesis(void **state)
{
    /* Goal: record 0 of each lane is a genesis of that lane, of one control log, with ids that differ and the settings
     * asked for. */
    struct world *world = *state;
    write_genesis(world);
    assert_int_equal(lane_problems(world), 0);
    assert_int_equal(topic_problems(world), 0);
    for (int32_t lane = 0; lane < 4; lane++) {
        const struct curfew_lane_first *first = &world->survey.lane[lane];
        assert_int_equal(first->first, CURFEW_FIRST_GENESIS);
        assert_int_equal(first->genesis.lane, lane);
        assert_int_equal(first->genesis.lanes, 4);
        assert_memory_equal(first->genesis.control_log, world->survey.lane[0].genesis.log_id, CURFEW_LOG_ID_SIZE);
        assert_memory_equal(&first->genesis.settings, &settings, sizeof settings);
        assert_true(first->genesis.said_us > 0);
        for (int32_t other = 0; other < lane; other++)
            assert_memory_not_equal(first->genesis.log_id, world->survey.lane[other].genesis.log_id,
                                    CURFEW_LOG_ID_SIZE);
        assert_int_equal(world->memory->topics[curfew_lane_topic(lane)][curfew_lane_partition(lane)].count, 1);
    }
    assert_true(curfew_genesis_newest_us(&world->survey) == world->memory->now_us);
}

static void test_a_genesis_names_its_writer(void **state)
{
    /* Goal: the record on the bus says who made the topics. */
    struct world *world = *state;
    _Alignas(max_align_t) static uint8_t memory[CURFEW_CODEC_MEMORY];
    struct curfew_arena arena = {memory, sizeof memory, 0};
    struct curfew_event event;
    enum curfew_reason reason;
    write_genesis(world);
    const struct memory_record *record = &world->memory->topics[CURFEW_TOPIC_CONTROL][0].records[0];
    assert_int_equal(
        curfew_codec_decode((struct curfew_slice){record->bytes, record->size}, &arena, &event, &reason, &world->error),
        CURFEW_OK);
    assert_true(curfew_slice_equal(event.as.genesis.writer, curfew_slice_of("ana@host")));
}

static void test_two_runs_make_different_logs(void **state)
{
    /* Goal: log ids are random, so that nobody mistakes a recreated log for the old one. */
    struct world *world = *state;
    uint8_t before[CURFEW_LOG_ID_SIZE];
    write_genesis(world);
    memcpy(before, world->survey.lane[0].genesis.log_id, sizeof before);
    for (int32_t lane = 0; lane < 4; lane++)
        empty_lane(world, lane);
    write_genesis(world);
    assert_memory_not_equal(before, world->survey.lane[0].genesis.log_id, sizeof before);
}

static void test_complete_topics_are_left_alone(void **state)
{
    /* Goal: a second run is an error that says so, and plans to write nothing. */
    struct world *world = *state;
    write_genesis(world);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error),
                     CURFEW_INVALID);
    assert_non_null(strstr(world->error.text, "exist already"));
    for (int32_t lane = 0; lane < 4; lane++)
        assert_false(world->plan.write[lane]);
}

static void test_a_run_that_died_is_completed(void **state)
{
    /* Goal: empty lanes get a genesis of the control log that is there, with its settings, and full ones none. */
    struct world *world = *state;
    struct curfew_settings others = settings;
    struct curfew_genesis before;
    write_genesis(world);
    before = world->survey.lane[1].genesis;
    empty_lane(world, 2);
    empty_lane(world, 3);
    survey(world);
    assert_int_equal(lane_problems(world), 2);
    others.skew_ms = 999;
    assert_int_equal(curfew_genesis_plan(&world->survey, &others, founder(), &world->plan, &world->error), CURFEW_OK);
    assert_true(world->plan.completes);
    assert_false(world->plan.write[0] || world->plan.write[1]);
    assert_true(world->plan.write[2] && world->plan.write[3]);
    assert_int_equal(curfew_genesis_write(&world->memory->bus, &world->plan, founder(), LONG_MS, &world->error),
                     CURFEW_OK);
    survey(world);
    assert_int_equal(lane_problems(world), 0);
    assert_memory_equal(&before, &world->survey.lane[1].genesis, sizeof before);
    assert_int_equal(world->survey.lane[3].genesis.settings.skew_ms, settings.skew_ms);
}

static void test_a_recreated_control_is_not_completed(void **state)
{
    /* Goal: lanes that have a genesis without their control log are not given a new control. */
    struct world *world = *state;
    write_genesis(world);
    empty_lane(world, 0);
    survey(world);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error),
                     CURFEW_INVALID);
    assert_non_null(strstr(world->error.text, "control was recreated"));
}

static void test_a_lane_with_something_else_is_not_written_to(void **state)
{
    /* Goal: a stranger's record in the place of genesis stops the run before anything is written. */
    struct world *world = *state;
    append(world, 2, "not ours");
    survey(world);
    assert_int_equal(world->survey.lane[2].first, CURFEW_FIRST_OTHER);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error),
                     CURFEW_INVALID);
    assert_non_null(strstr(world->error.text, "Nothing was written"));
    assert_int_equal(lane_problems(world), 4);
    assert_non_null(strstr(world->problems, "lane 2: its first record is not a genesis"));
    assert_non_null(strstr(world->problems, "lane 1: no genesis"));
}

static void test_another_event_in_the_place_of_genesis_is_not_one(void **state)
{
    /* Goal: a good record of another type at offset 0 does not pass for a genesis. */
    struct world *world = *state;
    const struct curfew_event event = {
        .type = CURFEW_EVENT_TICK,
        .as.tick = {.writer = curfew_slice_of("c1"), .said_us = NOW_US, .control_offset = 0}};
    uint8_t bytes[256];
    size_t size = 0;
    assert_int_equal(curfew_codec_init(&world->error), CURFEW_OK);
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, &world->error), CURFEW_OK);
    (void)memory_bus_append(world->memory, CURFEW_TOPIC_LIFECYCLE, 0, (struct curfew_slice){bytes, size},
                            (struct curfew_slice){NULL, 0});
    survey(world);
    assert_int_equal(world->survey.lane[1].first, CURFEW_FIRST_OTHER);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error),
                     CURFEW_INVALID);
}

static void test_a_genesis_that_is_not_record_0_is_an_error(void **state)
{
    /* Goal: somebody who writes between look and write is noticed by the offset. */
    struct world *world = *state;
    survey(world);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error), CURFEW_OK);
    append(world, 3, "quicker");
    assert_int_equal(curfew_genesis_write(&world->memory->bus, &world->plan, founder(), LONG_MS, &world->error),
                     CURFEW_INVALID);
    assert_non_null(strstr(world->error.text, "lane 3"));
    assert_non_null(strstr(world->error.text, "it became record 1, not 0"));
}

static void test_control_is_written_first_and_alone(void **state)
{
    /* Goal: when control's genesis cannot be made durable, no other lane has one. */
    struct world *world = *state;
    survey(world);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error), CURFEW_OK);
    world->memory->failing[CURFEW_TOPIC_CONTROL] = true;
    assert_int_equal(curfew_genesis_write(&world->memory->bus, &world->plan, founder(), LONG_MS, &world->error),
                     CURFEW_UNAVAILABLE);
    assert_non_null(strstr(world->error.text, "lane 0"));
    for (int partition = 0; partition < 3; partition++)
        assert_int_equal(world->memory->topics[CURFEW_TOPIC_LIFECYCLE][partition].count, 0);
}

static void test_lanes_that_fail_leave_a_run_that_can_be_completed(void **state)
{
    /* Goal: an undelivered lane is unavailable, retriable, and the next run completes it. */
    struct world *world = *state;
    survey(world);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error), CURFEW_OK);
    world->memory->failing[CURFEW_TOPIC_LIFECYCLE] = true;
    assert_int_equal(curfew_genesis_write(&world->memory->bus, &world->plan, founder(), LONG_MS, &world->error),
                     CURFEW_UNAVAILABLE);
    assert_true(world->error.retriable);
    world->memory->failing[CURFEW_TOPIC_LIFECYCLE] = false;
    memory_bus_disconnect(world->memory);
    write_genesis(world);
    assert_int_equal(lane_problems(world), 0);
}

static void test_a_full_queue_is_said(void **state)
{
    /* Goal: a bus that takes nothing is an error and not a wait for ever. */
    struct world *world = *state;
    survey(world);
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error), CURFEW_OK);
    world->memory->full = true;
    assert_int_equal(curfew_genesis_write(&world->memory->bus, &world->plan, founder(), LONG_MS, &world->error),
                     CURFEW_FULL);
}

static void test_a_lane_that_does_not_answer_is_named(void **state)
{
    /* Goal: a time-out says which lane, which topic and which partition. */
    struct world *world = *state;
    world->memory->held[CURFEW_TOPIC_LIFECYCLE] = true;
    assert_int_equal(curfew_survey_lanes(&world->memory->bus, SOON_MS, &world->survey, &world->error), CURFEW_TIMEOUT);
    assert_non_null(strstr(world->error.text, "lane 1 (lifecycle, partition 0)"));
}

static void test_only_topics_that_exist_are_read(void **state)
{
    /* Goal: a missing lifecycle does not hang the look at control. */
    struct world *world = *state;
    world->survey.topics[CURFEW_TOPIC_LIFECYCLE].partitions = 0;
    world->survey.lanes = 0;
    survey(world);
    assert_int_equal(world->survey.lane[0].first, CURFEW_FIRST_EMPTY);
    assert_int_equal(world->survey.lane[1].first, CURFEW_FIRST_UNKNOWN);
    assert_false(world->memory->topics[CURFEW_TOPIC_LIFECYCLE][0].subscribed);
    assert_int_equal(topic_problems(world), 1);
    assert_non_null(strstr(world->problems, "topic lifecycle is missing: run curfew topics create"));
}

static void test_lanes_are_left_after_a_look(void **state)
{
    /* Goal: nothing goes on being read behind the back of whoever uses the bus next. */
    struct world *world = *state;
    survey(world);
    assert_false(world->memory->topics[CURFEW_TOPIC_CONTROL][0].subscribed);
    for (int partition = 0; partition < 3; partition++)
        assert_false(world->memory->topics[CURFEW_TOPIC_LIFECYCLE][partition].subscribed);
}

static void test_a_log_whose_start_is_gone_is_told(void **state)
{
    /* Goal: neither an emptied log nor one that begins later passes for an empty or a whole one. */
    struct world *world = *state;
    write_genesis(world);
    world->survey.lane[1].first = CURFEW_FIRST_CUT;
    assert_int_equal(lane_problems(world), 1);
    assert_non_null(strstr(world->problems, "lane 1: its first record is gone from lifecycle"));
    assert_int_equal(curfew_genesis_plan(&world->survey, &settings, founder(), &world->plan, &world->error),
                     CURFEW_INVALID);
}

static void test_genesis_records_that_do_not_belong_are_named(void **state)
{
    /* Goal: each way in which a lane's genesis can be of elsewhere has its own words. */
    struct world *world = *state;
    write_genesis(world);
    struct curfew_lane_first whole = world->survey.lane[2];
    world->survey.lane[2].genesis.lane = 1;
    assert_int_equal(lane_problems(world), 1);
    assert_non_null(strstr(world->problems, "lane 2: its genesis is of lane 1"));
    world->survey.lane[2] = whole;
    world->survey.lane[2].genesis.lanes = 9;
    assert_int_equal(lane_problems(world), 1);
    assert_non_null(strstr(world->problems, "lane 2: genesis says 9 lanes, the topic lifecycle has 3 partitions"));
    world->survey.lane[2] = whole;
    world->survey.lane[2].genesis.control_log[0] ^= 1;
    assert_int_equal(lane_problems(world), 1);
    assert_non_null(strstr(world->problems, "lane 2: its genesis belongs to another control log"));
    world->survey.lane[2] = whole;
    memcpy(world->survey.lane[2].genesis.log_id, world->survey.lane[1].genesis.log_id, CURFEW_LOG_ID_SIZE);
    assert_int_equal(lane_problems(world), 1);
    assert_non_null(strstr(world->problems, "lane 2: has the log id of lane 1"));
    world->survey.lane[2] = whole;
    world->survey.lane[2].log_append_time = false;
    assert_int_equal(lane_problems(world), 1);
    assert_non_null(strstr(world->problems, "lane 2: the genesis record's time is the sender's"));
}

static void test_each_fault_of_a_topic_is_named(void **state)
{
    /* Goal: missing, partitions and timestamps are told apart, with what to do. */
    struct world *world = *state;
    struct curfew_topic_facts *topics = world->survey.topics;
    assert_int_equal(topic_problems(world), 0);
    assert_int_equal(curfew_survey_present(&world->survey), CURFEW_TOPIC_COUNT);
    topics[CURFEW_TOPIC_CONTROL].partitions = 2;
    topics[CURFEW_TOPIC_LIFECYCLE].log_append_time = false;
    topics[CURFEW_TOPIC_REVOCATIONS].partitions = 3;
    topics[CURFEW_TOPIC_ANSWERS].partitions = 5;
    topics[CURFEW_TOPIC_STATUS].partitions = 0;
    topics[CURFEW_TOPIC_AUDIT].log_append_time = false; /* does not matter there */
    assert_int_equal(topic_problems(world), 5);
    assert_non_null(strstr(world->problems, "topic control has 2 partitions, not 1"));
    assert_non_null(
        strstr(world->problems, "topic lifecycle lets the sender set the time: set message.timestamp.type"));
    assert_non_null(strstr(world->problems, "topic revocations has 3 partitions, not 4"));
    assert_non_null(strstr(world->problems, "topic answers has 5 partitions, not 4"));
    assert_non_null(strstr(world->problems, "topic status is missing"));
    assert_int_equal(curfew_survey_present(&world->survey), CURFEW_TOPIC_COUNT - 1);
    topics[CURFEW_TOPIC_LIFECYCLE] = (struct curfew_topic_facts){CURFEW_LANES_MAX, true};
    (void)topic_problems(world);
    assert_non_null(strstr(world->problems, "topic lifecycle has 256 partitions; at most 255 are possible"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_lane_gets_its_genesis, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_genesis_names_its_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_runs_make_different_logs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_complete_topics_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_run_that_died_is_completed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_recreated_control_is_not_completed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lane_with_something_else_is_not_written_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_event_in_the_place_of_genesis_is_not_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_genesis_that_is_not_record_0_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_control_is_written_first_and_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lanes_that_fail_leave_a_run_that_can_be_completed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_queue_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lane_that_does_not_answer_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_topics_that_exist_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lanes_are_left_after_a_look, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_log_whose_start_is_gone_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_genesis_records_that_do_not_belong_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_fault_of_a_topic_is_named, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
