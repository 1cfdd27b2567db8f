/* audit_test: a component's records on the audit topic are numbered without a gap, kept until they are durable, and
 * deterministic. */
#include "core/audit.h"
#include "memory_bus.h"
#include "ocsf.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define S CURFEW_US_PER_S

static struct memory_bus *memory;
static struct curfew_audit *audit;
static struct curfew_now now;

static struct curfew_audit *make(uint8_t start)
{
    static const char *const counts[] = {"allow", NULL};
    struct curfew_audit *made = NULL;
    struct curfew_audit_options options = {"hop", "g1", counts, &memory->bus, {0}};
    memset(options.start, start, sizeof options.start);
    assert_int_equal(curfew_audit_create(&options, now, &made, NULL), CURFEW_OK);
    return made;
}

static int setup(void **state)
{
    (void)state;
    memory = memory_bus_make();
    now = (struct curfew_now){INT64_C(1795460429000000), 1000 * S};
    audit = make(7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    curfew_audit_destroy(audit);
    curfew_audit_destroy(NULL);
    memory_bus_end(memory);
    return 0;
}

static void settle(void)
{
    struct curfew_bus_event event;
    curfew_audit_flush(audit, now);
    while (memory->bus.ops->poll(memory, 0, &event, NULL) == CURFEW_OK) {
        assert_true(curfew_audit_reported(audit, &event));
    }
}

static void pass(int64_t us)
{
    now.wall_us += us;
    now.boot_us += us;
    settle();
}

static int64_t written(void)
{
    return memory->topics[CURFEW_TOPIC_AUDIT][0].count;
}

/* The caller's to destroy. */
static struct curfew_json *record(int64_t at)
{
    const struct memory_record *found = &memory->topics[CURFEW_TOPIC_AUDIT][0].records[at];
    struct curfew_json *json = NULL;
    assert_true(at < written());
    assert_int_equal(curfew_json_parse((struct curfew_slice){found->bytes, found->size}, &json, NULL), CURFEW_OK);
    return json;
}

static struct curfew_json *event_of(const char *detail)
{
    static const struct curfew_audit_kind kind = {CURFEW_AUDIT_LIFECYCLE, CURFEW_AUDIT_OTHER, "Test", CURFEW_AUDIT_LOW,
                                                  false};
    struct curfew_json *event = curfew_audit_event(&kind, now.wall_us);
    assert_true(curfew_audit_text(event, "status_detail", curfew_slice_of(detail)));
    assert_true(curfew_json_set(event, "app", curfew_json_object()));
    return event;
}

static uint64_t add(const char *detail)
{
    uint64_t sequence = 0;
    assert_int_equal(curfew_audit_add(audit, event_of(detail), NULL, curfew_slice_of("acme"), &sequence, NULL),
                     CURFEW_OK);
    return sequence;
}

static void numbers_begin_at_one_and_have_no_gap(void **state)
{
    (void)state; /* goal: a start says that it is one, and what it says is numbered, and OCSF */
    assert_int_equal(add("a"), 2);
    assert_int_equal(add("b"), 3);
    settle();
    curfew_audit_stop(audit, now);
    settle();
    assert_int_equal(written(), 4);
    static const char *const names[] = {"Start", "Test", "Test", "Stop"};
    for (int64_t i = 0; i < 4; i++) {
        struct curfew_json *json = record(i);
        ocsf_assert(json);
        assert_int_equal(ocsf_int(json, "metadata.sequence"), i + 1);
        ocsf_assert_text(json, "metadata.log_provider", "hop g1");
        ocsf_assert_text(json, "metadata.log_name", "07070707070707070707070707070707");
        ocsf_assert_text(json, "activity_name", names[i]);
        curfew_json_destroy(json);
    }
    struct curfew_json *json = record(1);
    ocsf_assert_text(json, "metadata.tenant_uid", "acme");
    curfew_json_destroy(json);
}

static void what_does_not_arrive_is_sent_again(void **state)
{
    (void)state; /* goal: durable is what the bus acknowledged, in whatever order, and nothing else */
    struct curfew_bus_event event;
    settle();
    const uint64_t first = add("a");
    memory->failing[CURFEW_TOPIC_AUDIT] = true;
    curfew_audit_flush(audit, now);
    const uint64_t second = add("b");
    memory->failing[CURFEW_TOPIC_AUDIT] = false;
    curfew_audit_flush(audit, now); /* the second overtakes it */
    while (memory->bus.ops->poll(memory, 0, &event, NULL) == CURFEW_OK) {
        assert_true(curfew_audit_reported(audit, &event));
    }
    assert_false(curfew_audit_is_durable(audit, first));
    assert_int_equal(curfew_audit_stats(audit).untaken, 1);
    assert_true(curfew_audit_is_durable(audit, second));
    assert_false(curfew_audit_is_durable(audit, second + 1)); /* nobody said that yet */
    settle();
    assert_true(curfew_audit_is_durable(audit, first));
    assert_int_equal(curfew_audit_stats(audit).pending, 0);
    assert_int_equal(written(), 3);
    const uint64_t third = add("c");
    assert_true(curfew_audit_is_durable(audit, second)); /* whatever comes later */
    assert_false(curfew_audit_is_durable(audit, third));
}

static void a_full_queue_loses_nothing(void **state)
{
    (void)state; /* goal: what the bus has no room for goes with a later flush */
    memory->full = true;
    (void)add("a");
    settle();
    assert_int_equal(written(), 0);
    memory->full = false;
    settle();
    assert_int_equal(written(), 2);
}

static void at_the_bound_a_number_is_all_that_is_left(void **state)
{
    (void)state; /* goal: nothing is lost in silence: a gap in the numbers, and a count in the next checkpoint */
    struct curfew_error error;
    memory->silent[CURFEW_TOPIC_AUDIT] = true;
    for (int i = 1; i < CURFEW_AUDIT_PENDING_MAX; i++) {
        (void)add("a");
    }
    struct curfew_json *event = event_of("too much");
    assert_int_equal(curfew_audit_add(audit, event, NULL, (struct curfew_slice){NULL, 0}, NULL, &error), CURFEW_FULL);
    curfew_json_destroy(event); /* it was not taken over */
    curfew_audit_lose(audit, 3);
    assert_int_equal(curfew_audit_stats(audit).lost, 3);
    curfew_audit_destroy(audit);
    memory->silent[CURFEW_TOPIC_AUDIT] = false;
    audit = make(8);
    curfew_audit_lose(audit, 2);
    curfew_audit_count(audit, 0, 41);
    curfew_audit_count(audit, 0, 1);
    pass(CURFEW_AUDIT_CHECKPOINT_US);
    struct curfew_json *json = record(written() - 1);
    assert_int_equal(ocsf_int(json, "metadata.sequence"), 4); /* 2 and 3 went */
    assert_int_equal(ocsf_int(json, "unmapped.curfew.lost"), 2);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.allow"), 42);
    curfew_json_destroy(json);
    pass(CURFEW_AUDIT_CHECKPOINT_US);
    json = record(written() - 1);
    assert_int_equal(ocsf_int(json, "unmapped.curfew.allow"), 0); /* since the last */
    assert_int_equal(ocsf_int(json, "unmapped.curfew.lost"), 2); /* since the start */
    curfew_json_destroy(json);
}

static void it_says_so_every_minute(void **state)
{
    (void)state; /* goal: a component that has nothing to tell is told from one that is gone */
    settle();
    assert_int_equal(written(), 1);
    pass(CURFEW_AUDIT_CHECKPOINT_US - 1);
    assert_int_equal(written(), 1);
    pass(1);
    assert_int_equal(written(), 2);
    pass(S);
    assert_int_equal(written(), 2);
    pass(CURFEW_AUDIT_CHECKPOINT_US);
    assert_int_equal(written(), 3);
    struct curfew_json *json = record(2);
    ocsf_assert_text(json, "activity_name", "Checkpoint");
    ocsf_assert(json);
    curfew_json_destroy(json);
}

static void take_uid(struct curfew_json *json, char uid[33])
{
    struct curfew_slice found = {NULL, 0};
    assert_true(curfew_json_string(ocsf_at(json, "metadata.uid"), &found));
    assert_int_equal(found.size, 32);
    memcpy(uid, found.at, 32);
    uid[32] = '\0';
    curfew_json_destroy(json);
}

static void a_uid_is_a_function_of_what_it_names(void **state)
{
    (void)state; /* goal: the same start and number, or the same fact, have the same uid; others have others */
    static const uint8_t fact[CURFEW_AUDIT_UID_SIZE] = {0xab, 0xcd};
    char uids[4][33];
    assert_int_equal(curfew_audit_add(audit, event_of("x"), fact, (struct curfew_slice){NULL, 0}, NULL, NULL),
                     CURFEW_OK);
    settle();
    take_uid(record(0), uids[0]);
    take_uid(record(1), uids[1]);
    assert_string_equal(uids[1], "abcd0000000000000000000000000000");
    curfew_audit_destroy(audit);
    audit = make(7);
    settle();
    take_uid(record(2), uids[2]);
    assert_string_equal(uids[0], uids[2]);
    curfew_audit_destroy(audit);
    audit = make(9);
    settle();
    take_uid(record(3), uids[3]);
    assert_string_not_equal(uids[0], uids[3]);
}

static void reports_on_other_tickets_are_not_its_own(void **state)
{
    (void)state; /* goal: a tick's, an outbox's or a status's report moves nothing here */
    curfew_audit_flush(audit, now);
    struct curfew_bus_event event = {.kind = CURFEW_BUS_DELIVERED, .ticket = 1};
    assert_false(curfew_audit_reported(audit, &event));
    event.ticket = UINT64_C(1) << 63 | CURFEW_AUDIT_TICKET | 1;
    assert_false(curfew_audit_reported(audit, &event));
    event.ticket = CURFEW_AUDIT_TICKET | 1;
    event.kind = CURFEW_BUS_RECORD; /* no report at all */
    assert_false(curfew_audit_reported(audit, &event));
    assert_int_equal(curfew_audit_stats(audit).pending, 1);
    event = (struct curfew_bus_event){.kind = CURFEW_BUS_DELIVERED, .ticket = CURFEW_AUDIT_TICKET | 99};
    assert_true(curfew_audit_reported(audit, &event)); /* its own, long ago */
    assert_int_equal(curfew_audit_stats(audit).pending, 1);
}

static void text_that_is_no_text_is_named_so(void **state)
{
    (void)state; /* goal: hostile bytes in a record neither end up in the topic nor keep its account from it */
    struct curfew_json *event = event_of("caf\xe9");
    ocsf_assert_text(event, "status_detail", "(not UTF-8)");
    assert_true(curfew_audit_text(event, "comment", (struct curfew_slice){NULL, 0}));
    assert_null(ocsf_at(event, "comment"));
    assert_int_equal(curfew_audit_add(audit, event, NULL, (struct curfew_slice){NULL, 0}, NULL, NULL), CURFEW_OK);
    assert_int_equal(curfew_audit_add(audit, NULL, NULL, (struct curfew_slice){NULL, 0}, NULL, NULL), CURFEW_NOMEM);
}

#define AUDIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AUDIT_TEST(numbers_begin_at_one_and_have_no_gap),
        AUDIT_TEST(what_does_not_arrive_is_sent_again),
        AUDIT_TEST(a_full_queue_loses_nothing),
        AUDIT_TEST(at_the_bound_a_number_is_all_that_is_left),
        AUDIT_TEST(it_says_so_every_minute),
        AUDIT_TEST(a_uid_is_a_function_of_what_it_names),
        AUDIT_TEST(reports_on_other_tickets_are_not_its_own),
        AUDIT_TEST(text_that_is_no_text_is_named_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
