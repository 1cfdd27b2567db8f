/* skip_test: a record whose timestamp is not the broker's holds its lane up until an operator lets it be passed over,
 * and nothing else ever is. */
#include "cluster_world.h"
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

static struct curfew_event skip_of(int32_t lane, int64_t from, int64_t to)
{
    struct curfew_event event = {.type = CURFEW_EVENT_RECORDS_SKIPPED,
                                 .as.records_skipped = {.lane = lane, .from = from, .to = to}};
    const struct curfew_genesis genesis = world_genesis(1);
    memcpy(event.as.records_skipped.log_id, genesis.log_id, sizeof genesis.log_id);
    return event;
}

/* An end, stamped by its producer, where the lane goes on. */
static enum curfew_step step_unstamped(struct world *world)
{
    const uint8_t junk[] = {1, 2, 3};
    const struct curfew_record record = {world->next, 5, false, {junk, sizeof junk}, {NULL, 0}};
    return curfew_lane_step(world->lane, &record, &world->effects);
}

static void it_holds_the_lane_up_until_an_operator_says_so(void **state)
{
    (void)state; /* goal: halted and unchanged; then refused, dead-lettered, and the lane goes on behind it */
    struct world *world = world_with_token();
    assert_int_equal(step_unstamped(world), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->lane), "curfew topics skip"));
    assert_false(curfew_lane_may_pass(world->lane));
    assert_true(curfew_lane_next(world->lane) == world->next);
    assert_int_equal(world_control(world, skip_of(1, world->next, world->next)), CURFEW_STEP_DONE);
    assert_int_equal(world_reason(world), ACCEPTED);
    assert_true(curfew_lane_may_pass(world->lane));
    assert_int_equal(step_unstamped(world), CURFEW_STEP_DONE);
    assert_true(world->effects.dead_letter && world->effects.refused && world->effects.refusal.retriable);
    assert_int_equal(world->effects.refusal.reason, CURFEW_REASON_CLOCK);
    assert_int_equal(world->effects.link_count, 0);
    assert_false(curfew_lane_may_pass(world->lane));
    world->next++;
    assert_int_equal(world_task(world, "after", 1, "", 0), ACCEPTED);
    assert_int_equal(step_unstamped(world), CURFEW_STEP_HALTED); /* the next such one is not covered */
    world_end(world);
}

static void only_its_lane_log_and_offsets_are_passed_over(void **state)
{
    (void)state; /* goal: another lane's, another log's, one before and one behind change nothing */
    struct world *world = world_with_token();
    struct curfew_event other = skip_of(1, world->next, world->next);
    other.as.records_skipped.log_id[0] ^= 1;
    assert_int_equal(world_control(world, other), CURFEW_STEP_DONE);
    assert_int_equal(world_control(world, skip_of(1, 1, world->next - 1)), CURFEW_STEP_DONE);
    assert_int_equal(world_control(world, skip_of(1, world->next + 1, INT64_MAX)), CURFEW_STEP_DONE);
    assert_int_equal(step_unstamped(world), CURFEW_STEP_HALTED);
    assert_false(curfew_lane_may_pass(world->lane));
    world_end(world);
}

static void what_is_in_order_is_never_passed_over(void **state)
{
    (void)state; /* goal: an operator cannot make an end that the broker stamped disappear */
    struct world *world = world_with_token();
    assert_int_equal(world_control(world, skip_of(1, 1, INT64_MAX)), CURFEW_STEP_DONE);
    assert_int_equal(world_task_end(world, "extract", 0), ACCEPTED);
    assert_true(world_raised(world, world_task_subject("extract"), NULL) == CURFEW_FLOOR_MAX);
    world_end(world);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state; /* goal: control itself, a lane there is not, genesis, and ranges that end before they begin */
    static const struct {
        int32_t lane;
        int64_t from, to;
    } wrong[] = {{0, 5, 5}, {-1, 5, 5}, {2, 5, 5}, {1, 0, 5}, {1, -1, 5}, {1, 5, 4}};
    struct world *world = world_with_token();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(world_control(world, skip_of(wrong[i].lane, wrong[i].from, wrong[i].to)), CURFEW_STEP_DONE);
        assert_int_equal(world_reason(world), CURFEW_REASON_INVALID);
    }
    world_end(world);
}

static void control_itself_cannot_be_helped(void **state)
{
    (void)state; /* goal: lane 0 stays where it is, and says what is left to do */
    struct world *world = world_with_token();
    const struct curfew_record record = {world->control_next, 5, false, curfew_slice_of("x"), {NULL, 0}};
    assert_int_equal(curfew_lane_step(world->control, &record, &world->effects), CURFEW_STEP_HALTED);
    assert_non_null(strstr(curfew_lane_problem(world->control), "topics anew"));
    assert_false(curfew_lane_may_pass(world->control));
    world_end(world);
}

static void a_halted_coordinator_goes_on_unaided(void **state)
{
    (void)state; /* goal: the skip is said, and every coordinator, halted or started later, goes on in that lane */
    struct cluster *cluster = cluster_begin();
    cluster_settle(cluster);
    cluster_pass(cluster, WORLD_S / 10);
    struct memory_partition *log = &cluster->memory->topics[CURFEW_TOPIC_LIFECYCLE][0];
    const int64_t offset = memory_bus_append(cluster->memory, CURFEW_TOPIC_LIFECYCLE, 0, curfew_slice_of("whatever"),
                                             (struct curfew_slice){NULL, 0});
    log->records[offset].unstamped = true;
    cluster_pass(cluster, WORLD_S / 10);
    struct curfew_error error = {.status = CURFEW_OK};
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, &error), CURFEW_UNAVAILABLE);
    assert_non_null(strstr(error.text, "curfew topics skip"));
    const int64_t count = log->count;
    cluster_pass(cluster, WORLD_S);
    assert_true(log->count == count); /* a halted lane gets no ticks */
    (void)cluster_append(cluster, CURFEW_TOPIC_CONTROL, skip_of(1, offset, offset));
    for (int i = 0; i < 5; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, &error), CURFEW_OK);
    assert_true(log->count > count + 2);
    curfew_coordinator_destroy(cluster->coordinator);
    memory_bus_disconnect(cluster->memory);
    cluster_start(cluster);
    for (int i = 0; i < 5; i++) {
        cluster_pass(cluster, WORLD_S / 10);
    }
    assert_int_equal(curfew_coordinator_ready(cluster->coordinator, cluster->now, &error), CURFEW_OK);
    cluster_end(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_the_lane_up_until_an_operator_says_so),
        cmocka_unit_test(only_its_lane_log_and_offsets_are_passed_over),
        cmocka_unit_test(what_is_in_order_is_never_passed_over),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(control_itself_cannot_be_helped),
        cmocka_unit_test(a_halted_coordinator_goes_on_unaided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
