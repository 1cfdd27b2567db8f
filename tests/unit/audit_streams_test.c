/* audit_streams_test: what is missing from an audit topic is named: which numbers, of which start, between which times.
 */
#include "core/clock.h"
#include "services/cli/audit_streams.h"
#include <curfew/status.h>
#include <malloc.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#define S CURFEW_US_PER_S
#define T0 INT64_C(1795460429000000)
#define FOUND_MAX 64

static struct curfew_audit_streams *streams;
static struct curfew_audit_finding found[FOUND_MAX];
static int found_count;
static int64_t offset; /* of the next record */

static int setup(void **state)
{
    (void)state;
    streams = curfew_audit_streams_create();
    offset = 0;
    return streams == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    curfew_audit_streams_destroy(streams);
    curfew_audit_streams_destroy(NULL);
    return 0;
}

static void take_text(const char *text, int64_t at_us)
{
    const struct curfew_bus_event record = {.kind = CURFEW_BUS_RECORD,
                                            .topic = CURFEW_TOPIC_AUDIT,
                                            .offset = offset++,
                                            .timestamp_us = at_us,
                                            .value = curfew_slice_of(text)};
    assert_int_equal(curfew_audit_streams_take(streams, &record, NULL), CURFEW_OK);
}

static void take(const char *start, int64_t number, const char *activity, int64_t at_us)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"class_uid\":6002,\"activity_name\":\"%s\",\"metadata\":{\"sequence\":%lld,"
                   "\"log_provider\":\"hop g1\",\"log_name\":\"%s\"}}",
                   activity, (long long)number, start);
    take_text(text, at_us);
}

static void note(void *context, const struct curfew_audit_finding *finding)
{
    (void)context;
    assert_true(found_count < FOUND_MAX);
    found[found_count++] = *finding;
}

static int look(int64_t now_us)
{
    found_count = 0;
    curfew_audit_streams_findings(streams, now_us, note, NULL);
    return found_count;
}

static void a_whole_topic_has_nothing_to_name(void **state)
{
    (void)state; /* goal: in order, out of order, twice, of several starts: whole is whole */
    for (int64_t i = 1; i <= 9; i++) {
        take("aa", i, i == 9 ? "Stop" : "x", T0 + i * S);
        take("bb", i == 3 ? 4 : i == 4 ? 3 : i, "x", T0 + i * S);
        take("bb", i == 3 ? 4 : i == 4 ? 3 : i, "x", T0 + i * S);
    }
    assert_int_equal(look(T0 + 10 * S), 0);
    const struct curfew_audit_totals totals = curfew_audit_streams_totals(streams);
    assert_true(totals.records == 27 && totals.repeats == 9 && totals.streams == 2 && totals.unread == 0);
}

static void a_gap_is_named_by_its_numbers_and_times(void **state)
{
    (void)state; /* goal: from, to, and the records around it; what comes late fills it */
    take("aa", 1, "Start", T0);
    take("aa", 2, "x", T0 + S);
    take("aa", 6, "x", T0 + 2 * S);
    take("aa", 8, "x", T0 + 3 * S);
    assert_int_equal(look(T0 + 3 * S), 2);
    assert_int_equal(found[0].found, CURFEW_AUDIT_GAP);
    assert_string_equal(found[0].component, "hop g1");
    assert_string_equal(found[0].start, "aa");
    assert_true(found[0].from == 3 && found[0].to == 5);
    assert_true(found[0].since_us == T0 + S && found[0].until_us == T0 + 2 * S);
    assert_true(found[1].from == 7 && found[1].to == 7);
    assert_true(curfew_audit_is_breach(found[0].found));
    take("aa", 4, "x", T0 + 4 * S);
    assert_int_equal(look(T0 + 4 * S), 3);
    take("aa", 3, "x", T0 + 4 * S);
    take("aa", 5, "x", T0 + 4 * S);
    take("aa", 7, "x", T0 + 4 * S);
    assert_int_equal(look(T0 + 4 * S), 0);
}

static void starts_are_apart(void **state)
{
    (void)state; /* goal: another start's numbers fill no gap */
    offset = 70; /* retention took what was before */
    take("aa", 1, "Start", T0);
    take("bb", 2, "x", T0);
    take("aa", 3, "x", T0);
    assert_int_equal(look(T0), 2);
    assert_int_equal(found[0].found, CURFEW_AUDIT_GAP);
    assert_int_equal(found[1].found, CURFEW_AUDIT_CUT); /* of bb the beginning is not there */
    assert_true(found[1].from == 1 && found[1].to == 1);
    assert_false(curfew_audit_is_breach(found[1].found));
}

static void a_beginning_that_retention_did_not_take_is_a_gap(void **state)
{
    (void)
        state; /* goal: where the topic itself begins at its beginning, first numbers that are not there are missing */
    take("aa", 1, "Start", T0);
    take("bb", 4, "x", T0);
    assert_int_equal(look(T0), 1);
    assert_int_equal(found[0].found, CURFEW_AUDIT_GAP);
    assert_string_equal(found[0].start, "bb");
    assert_true(found[0].from == 1 && found[0].to == 3 && found[0].since_us == 0 && found[0].until_us == T0);
    take("bb", 1, "Start", T0);
    assert_int_equal(look(T0), 1);
    assert_true(found[0].from == 2 && found[0].to == 3);
}

/* What this process holds of memory, in bytes. */
static size_t held(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void numbers_out_of_the_air_take_no_memory(void **state)
{
    (void)state; /* goal: whoever writes large numbers makes gaps, and cannot exhaust who reads; near ones compare */
    const size_t before = held();
    char start[16];
    for (int i = 0; i < 4; i++) {
        (void)snprintf(start, sizeof start, "s%d", i);
        take(start, CURFEW_AUDIT_COMPARED_MAX - 1, "x", T0);
    }
    assert_true(held() - before < 1 << 20);
    take("near", CURFEW_AUDIT_AHEAD_MAX, "x", T0);
    take("near", CURFEW_AUDIT_AHEAD_MAX, "another", T0);
    assert_int_equal(curfew_audit_streams_totals(streams).repeats, 1);
}

static void a_number_that_says_two_things_is_named(void **state)
{
    (void)state; /* goal: a record that somebody replaces shows while the first is still there */
    take("aa", 1, "Start", T0);
    take("aa", 2, "x", T0);
    take("aa", 2, "another", T0);
    assert_int_equal(look(T0), 1);
    assert_int_equal(found[0].found, CURFEW_AUDIT_CONTRADICTION);
    assert_int_equal(found[0].from, 2);
    assert_true(curfew_audit_is_breach(found[0].found));
    take("aa", INT64_C(1) << 40, "x", T0); /* too far to be compared; a gap all the same, and no memory is lost to it */
    assert_int_equal(look(T0), 2);
}

static void silence_is_named(void **state)
{
    (void)state; /* goal: a minute and a half without a word; and one that never said that it stops */
    take("aa", 1, "Start", T0);
    take("aa", 2, "Checkpoint", T0 + 60 * S);
    take("aa", 3, "Checkpoint", T0 + 200 * S);
    assert_int_equal(look(T0 + 201 * S), 1);
    assert_int_equal(found[0].found, CURFEW_AUDIT_SILENCE);
    assert_true(found[0].since_us == T0 + 60 * S && found[0].until_us == T0 + 200 * S);
    assert_int_equal(look(T0 + 300 * S), 2);
    assert_int_equal(found[1].found, CURFEW_AUDIT_UNENDED);
    take("aa", 4, "Stop", T0 + 260 * S);
    assert_int_equal(look(T0 + 3000 * S), 1);
}

static void what_is_no_audit_record_is_counted(void **state)
{
    (void)state; /* goal: rubbish, and records without number, neither pass nor stop the reading */
    static const char *const bad[] = {
        "",
        "junk",
        "[]",
        "{}",
        "{\"class_uid\":6002,\"activity_name\":\"x\",\"metadata\":{\"sequence\":0,\"log_provider\":\"h\",\"log_name\":"
        "\"a\"}}",
        "{\"class_uid\":6002,\"activity_name\":\"x\",\"metadata\":{\"sequence\":\"1\",\"log_provider\":\"h\",\"log_"
        "name\":\"a\"}}",
        "{\"class_uid\":6002,\"activity_name\":\"x\",\"metadata\":{\"sequence\":1,\"log_name\":\"a\"}}",
        "{\"class_uid\":6002,\"activity_name\":\"x\",\"metadata\":{\"sequence\":1,\"log_provider\":\"h\\u001b[2J\","
        "\"log_name\":\"a\"}}",
        "{\"class_uid\":6002,\"activity_name\":\"x\",\"metadata\":{\"sequence\":1,\"log_provider\":\"h\\u009b2J\","
        "\"log_name\":\"a\"}}",
        "{\"class_uid\":6002,\"metadata\":{\"sequence\":1,\"log_provider\":\"h\",\"log_name\":\"a\"}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        take_text(bad[i], T0);
    }
    char large[2048];
    (void)snprintf(
        large, sizeof large,
        "{\"class_uid\":6002,\"activity_name\":\"x\",\"metadata\":{\"sequence\":1,\"log_provider\":\"%01000d\","
        "\"log_name\":\"a\"}}",
        1);
    take_text(large, T0);
    const struct curfew_audit_totals totals = curfew_audit_streams_totals(streams);
    assert_int_equal(totals.unread, sizeof bad / sizeof bad[0] + 1);
    assert_int_equal(totals.streams, 0);
}

static void findings_have_names(void **state)
{
    (void)state; /* goal: programs pick findings by a word */
    assert_string_equal(curfew_audit_found_name(CURFEW_AUDIT_GAP), "gap");
    assert_string_equal(curfew_audit_found_name(CURFEW_AUDIT_CUT), "cut");
    assert_string_equal(curfew_audit_found_name(CURFEW_AUDIT_CONTRADICTION), "contradiction");
    assert_string_equal(curfew_audit_found_name(CURFEW_AUDIT_SILENCE), "silence");
    assert_string_equal(curfew_audit_found_name(CURFEW_AUDIT_UNENDED), "unended");
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STREAM_TEST(a_whole_topic_has_nothing_to_name),
        STREAM_TEST(a_gap_is_named_by_its_numbers_and_times),
        STREAM_TEST(starts_are_apart),
        STREAM_TEST(a_beginning_that_retention_did_not_take_is_a_gap),
        STREAM_TEST(numbers_out_of_the_air_take_no_memory),
        STREAM_TEST(a_number_that_says_two_things_is_named),
        STREAM_TEST(silence_is_named),
        STREAM_TEST(what_is_no_audit_record_is_counted),
        STREAM_TEST(findings_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
