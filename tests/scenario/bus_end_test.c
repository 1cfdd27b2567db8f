/* bus_end_test: on a real Kafka, the end of a partition that never stands still. */
#include "tests/scenario/bus_reader.h"

#define ROUNDS 20
#define SOON_US INT64_C(2000000)
#define PERIOD_US INT64_C(10000) /* a fetch waits 100 ms */
#define POLL_MS 2

static void append(struct curfew_bus *writer, int64_t *due_us)
{
    struct curfew_bus_event event;
    struct curfew_error error;
    if (rig_now_us() >= *due_us) {
        reader_produce(writer, CURFEW_TOPIC_LIFECYCLE, 0, "more", 1);
        *due_us = rig_now_us() + PERIOD_US;
    }
    while (writer->ops->poll(writer->self, 0, &event, &error) == CURFEW_OK) { /* reports nobody waits for */
    }
}

/* Whether a reader of partition 0 is told its end while records are appended; every record comes once, in order. */
static bool ends_within(struct curfew_bus *bus, struct curfew_bus *writer, int64_t us)
{
    const int64_t until_us = rig_now_us() + us;
    int64_t due_us = 0;
    int64_t next = 0;
    while (rig_now_us() < until_us) {
        struct curfew_bus_event event;
        struct curfew_error error;
        append(writer, &due_us);
        if (bus->ops->poll(bus->self, POLL_MS, &event, &error) != CURFEW_OK) {
            continue;
        }
        if (event.kind == CURFEW_BUS_RECORD) {
            assert_true(event.offset == next);
            next++;
        } else if (event.kind == CURFEW_BUS_CAUGHT_UP) {
            assert_true(event.offset == next && next >= 3);
            return true;
        }
    }
    return false;
}

static void an_end_comes_though_records_keep_coming(void **state)
{
    /* Goal: where something is appended ten times as often as a fetch would wait, a reader still learns that it has
     * caught up, after the record that was the last one then. */
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig);
    reader_create_topics(rig, prefix);
    struct curfew_bus writer = reader_open(rig, prefix, NULL);
    for (int i = 0; i < 3; i++) {
        (void)reader_put(&writer, CURFEW_TOPIC_LIFECYCLE, 0, "before");
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct curfew_bus bus = reader_open(rig, prefix, NULL);
        reader_subscribe(&bus, CURFEW_TOPIC_LIFECYCLE, 0, CURFEW_OFFSET_BEGIN);
        assert_true(ends_within(&bus, &writer, SOON_US));
        curfew_bus_destroy(&bus);
    }
    curfew_bus_destroy(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_end_comes_though_records_keep_coming)};
    return rig_main("bus_end", tests, sizeof tests / sizeof tests[0]);
}
