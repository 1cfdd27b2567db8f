/* secured_test: a Kafka as in production: three listeners (plain text, TLS with certificates, SASL over TLS), ACLs, and
 * nobody may do what was not granted. The main job runs on it, each part with the rights of its role and no others. */
#include "core/digest.h"
#include "tests/scenario/bus_reader.h"
#include "tests/scenario/rig_memory.h"
#include "tests/scenario/secured.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SOON_US INT64_C(20000000)

static struct play play; /* made by the first test, for all */

static void the_main_job_runs_with_the_rights_of_each_role(void **state)
{
    /* Goal: coordinator over TLS, hop and writers over SASL: a token passes, its task ends, it is denied; an operator
     * revokes the user. */
    struct rig *rig = *state;
    play = secured_begin(rig, NULL);
    secured_be(rig, "writer");
    const struct play_session session = play_session(&play, "ada");
    play_task(&play, session.id, "work", NULL);
    play_task(&play, session.id, "more", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    const char *other = play_mint(&play, session, LIST("more:1"));
    play_until(&play, token, 200, "the token passes");
    (void)play_emit(&play, LIST("task", "end", session.id, "work"));
    play_until(&play, token, 403, "its task has ended");
    play_all(&play, other, 200);
    secured_be(rig, "operator");
    (void)play_emit(&play, LIST("revoke", "user", "--tenant", "acme", "--issuer", PLAY_ISSUER, "--user", "ada"));
    play_until(&play, other, 403, "the user is revoked");
}

static bool is_no(const char *text)
{
    return strstr(text, "uthorization failed") != NULL;
}

/* Of who may write nowhere the producer itself is refused, which is told as a problem, and gives up what it holds. */
static bool may_write(struct curfew_bus *bus, enum curfew_topic topic)
{
    struct curfew_error error;
    const struct curfew_bus_record record = {
        .topic = topic, .key = curfew_slice_of("k"), .value = curfew_slice_of("x"), .ticket = 7};
    bool refused = false;
    enum curfew_status status = bus->ops->produce(bus->self, &record, &error);
    const int64_t until_us = rig_now_us() + SOON_US;
    while (status == CURFEW_FULL && rig_now_us() < until_us) { /* it is being rebuilt after the last time */
        struct curfew_bus_event event;
        (void)(bus->ops->poll(bus->self, 10, &event, &error) == CURFEW_OK);
        status = bus->ops->produce(bus->self, &record, &error);
    }
    if (status != CURFEW_OK) {
        assert_true(is_no(error.text)); /* known from a record before */
        return false;
    }
    for (;;) {
        const struct curfew_bus_event event = reader_next(bus);
        refused = refused || (event.kind == CURFEW_BUS_PROBLEM && is_no(event.text));
        if (event.kind == CURFEW_BUS_DELIVERED) {
            return true;
        }
        if (event.kind == CURFEW_BUS_UNDELIVERED && !refused && !is_no(event.text)) {
            fail_msg("writing to %s: %s", curfew_topic_name(topic), event.text);
        }
        if (event.kind == CURFEW_BUS_UNDELIVERED) {
            return false;
        }
    }
}

static bool may_read(struct curfew_bus *bus, enum curfew_topic topic)
{
    struct curfew_error error;
    bool may = false;
    if (bus->ops->subscribe(bus->self, topic, 0, CURFEW_OFFSET_BEGIN, &error) != CURFEW_OK) {
        assert_non_null(strstr(error.text, "uthorization failed"));
        return false;
    }
    for (bool told = false; !told;) {
        const struct curfew_bus_event event = reader_next(bus);
        may = event.topic == topic && event.kind == CURFEW_BUS_CAUGHT_UP;
        told = may || (event.kind == CURFEW_BUS_PROBLEM && event.topic == topic && is_no(event.text));
    }
    assert_int_equal(bus->ops->unsubscribe(bus->self, topic, 0, &error), CURFEW_OK);
    return may;
}

static void everybody_may_do_what_the_table_says_and_nothing_else(void **state)
{
    /* Goal: each cell of docs/kafka.md: r and w where granted; and in all others Kafka itself says no. */
    static const struct {
        const char *name, *cells; /* control, lifecycle, revocations, answers, status, audit, deadletter */
    } table[] = {{"coordinator", "rw rw rw rw r- -w -w"}, {"writer", "r- rw r- r- -- -w --"},
                 {"operator", "rw rw r- r- r- rw r-"},    {"hop", "-- -- r- -- -w -w --"},
                 {"siem", "-- -- -- -- -- r- r-"},        {"stranger", "-- -- -- -- -- -- --"}};
    struct rig *rig = *state;
    const char *prefix = rig_new_topics(rig); /* nobody works here, and what is written spoils nothing */
    secured_be(rig, "admin");
    rig_found(rig, prefix, LIST("--lanes", "2", "--coordinator", "c1"));
    secured_grant(rig);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct curfew_bus bus = reader_open(rig, prefix, secured_settings(rig, table[i].name));
        for (enum curfew_topic topic = CURFEW_TOPIC_CONTROL; topic <= CURFEW_TOPIC_DEADLETTER; topic++) {
            const char *cell = table[i].cells + 3 * (size_t)topic;
            const bool reads = may_read(&bus, topic);
            const bool writes = may_write(&bus, topic);
            if (reads != (cell[0] == 'r') || writes != (cell[1] == 'w')) {
                fail_msg("%s on %s: %s%s, and the table says %.2s", table[i].name, curfew_topic_name(topic),
                         reads ? "r" : "-", writes ? "w" : "-", cell);
            }
        }
        curfew_bus_destroy(&bus);
    }
}

/* A partition of revocations as our own client reads it. */
struct reading {
    char *lines; /* "offset length sha256" of each record's value */
    char *bytes; /* the SHA-256 of all values, one after the other */
    int records;
};

static struct reading our_reading(struct rig *rig, const char *name)
{
    struct curfew_bus bus = reader_open(rig, play.prefix, secured_settings(rig, name));
    struct reading reading = {.lines = rig_copy("")};
    char *all = NULL;
    size_t size = 0;
    char hex[2 * CURFEW_SHA256_SIZE + 1];
    uint8_t sum[CURFEW_SHA256_SIZE];
    FILE *values = open_memstream(&all, &size);

    assert_non_null(values);
    reader_subscribe(&bus, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_OFFSET_BEGIN);
    for (struct curfew_bus_event event = reader_next(&bus); event.kind != CURFEW_BUS_CAUGHT_UP;
         event = reader_next(&bus)) {
        if (event.kind == CURFEW_BUS_RECORD) {
            curfew_sha256(&event.value, 1, sum);
            curfew_hex(sum, sizeof sum, hex);
            char *more = rig_format("%s%lld %zu %s\n", reading.lines, (long long)event.offset, event.value.size, hex);
            free(reading.lines);
            reading.lines = more;
            reading.records++;
            assert_int_equal(fwrite(event.value.at, 1, event.value.size, values), event.value.size);
        }
    }
    assert_int_equal(fclose(values), 0);
    curfew_sha256(&(struct curfew_slice){(const uint8_t *)all, size}, 1, sum);
    curfew_hex(sum, sizeof sum, hex);
    reading.bytes = rig_copy(hex);
    free(all);
    curfew_bus_destroy(&bus);
    return reading;
}

static void reading_free(struct reading *reading)
{
    free(reading->lines);
    free(reading->bytes);
}

static void begins(struct rig_output output, const char *with)
{
    if (strncmp(output.out, with, strlen(with)) != 0) {
        fail_msg("\"%s\" does not begin with \"%s\"", output.out, with);
    }
}

static void kcat_gets_the_same_answers(void **state)
{
    /* Goal: a client that is not ours, as hop: it reads the same revocations as ours, to the byte, and may not write
     * any. */
    struct rig *rig = *state;
    rig_process_signal(play.coordinator, SIGSTOP); /* so that the topic stands still */
    struct reading ours = our_reading(rig, "hop");
    const char *reads = rig_text(rig, "-C -t %s.revocations -p 1 -e -q", play.prefix);
    struct rig_output output = secured_kcat(rig, "hop", rig_text(rig, "%s -f '%%o\\n' | wc -l", reads), NULL);
    assert_int_equal(output.status, 0);
    assert_true(ours.records > 10 && strtoll(output.out, NULL, 10) == ours.records);
    output = secured_kcat(rig, "hop", rig_text(rig, "%s -f '%%s' | sha256sum", reads), NULL);
    assert_int_equal(output.status, 0);
    begins(output, ours.bytes);
    output = secured_kcat(rig, "hop", rig_text(rig, "-P -t %s.lifecycle -p 0", play.prefix), "forged\n");
    assert_non_null(strstr(output.out, "uthorization failed"));
    output = secured_kcat(rig, "hop", rig_text(rig, "-P -t %s.revocations -p 1", play.prefix), "forged\n");
    assert_non_null(strstr(output.out, "uthorization failed"));
    rig_process_signal(play.coordinator, SIGCONT);
    reading_free(&ours);
}

/* Kafka's own client, in Java, as a principal. */
static struct rig_output java(struct rig *rig, const char *name, const char *const *asks)
{
    const char *argv[16] = {rig_text(rig, "%s/deploy/lib/kafka.sh", rig_source), "java", rig_directory(rig),
                            rig_text(rig, "%s/tests/interop/Client.java", rig_source), secured_client(rig, name)};
    size_t count = 5;

    for (; *asks != NULL && count < 15; asks++) {
        argv[count++] = *asks;
    }
    const struct rig_output output = rig_run(rig, NULL, argv);
    if (output.status != 0) {
        fail_msg("Java as %s: %d: %s%s", name, output.status, output.out, output.err);
    }
    return output;
}

static void java_gets_the_same_answers(void **state)
{
    /* Goal: a third implementation, by password and by certificate: each record at the same offset, of the same length
     * and bytes; as hop it may say a status, and nothing on lifecycle or revocations. */
    static const char *const names[] = {"hop", "coordinator"};
    struct rig *rig = *state;
    const char *read = rig_text(rig, "read:%s.revocations:1", play.prefix);
    rig_process_signal(play.coordinator, SIGSTOP); /* so that the topic stands still */
    struct reading ours = our_reading(rig, "hop");
    assert_true(ours.records > 10);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(java(rig, names[i], LIST(read)).out, ours.lines);
    }
    const struct rig_output output = java(
        rig, "hop",
        LIST(rig_text(rig, "write:%s.lifecycle:0", play.prefix), rig_text(rig, "write:%s.revocations:1", play.prefix),
             rig_text(rig, "write:%s.control:0", play.prefix), rig_text(rig, "write:%s.status:0", play.prefix)));
    const char *refused = "TopicAuthorizationException\nTopicAuthorizationException\nTopicAuthorizationException\n"
                          "written ";
    begins(output, refused);
    rig_process_signal(play.coordinator, SIGCONT);
    reading_free(&ours);
}

static void must_fail(struct rig_output output, const char *says)
{
    if (output.status == 0 || strstr(output.err, says) == NULL) {
        fail_msg("ended with %d, and does not say \"%s\": %s%s", output.status, says, output.out, output.err);
    }
}

static void whoever_may_not_is_told_so(void **state)
{
    /* Goal: a command without rights, with a wrong password, or on the plain listener says what is wrong, in time. */
    struct rig *rig = *state;
    secured_be(rig, "stranger");
    rig_set(rig, "CURFEW_TOPICS_PREFIX", play.prefix);
    struct rig_output output = rig_curfew(rig, NULL, "topics", "check", "--timeout", "10s");
    must_fail(output, "uthorization failed");
    output = rig_curfew(rig, NULL, "topics", "grant", "--role", "hop", "--principal", "User:stranger");
    must_fail(output, "uthorization failed");
    output = rig_curfew(rig, NULL, "task", "end", "1.AAAAAAAAAAAAAAAAAAAAAA", "x", "--timeout", "5s");
    must_fail(output, "uthorization failed");
    const char *wrong = rig_text(rig, "%s/wrong.properties", rig_directory(rig));
    output = rig_run(rig, NULL,
                     LIST("sh", "-c",
                          rig_text(rig, "sed 's/^\\(kafka.sasl.password = \\).*/\\1wrong/' %s >%s",
                                   secured_client(rig, "writer"), wrong)));
    assert_int_equal(output.status, 0);
    rig_config(rig, wrong);
    output = rig_curfew(rig, NULL, "task", "end", "1.AAAAAAAAAAAAAAAAAAAAAA", "x", "--timeout", "5s");
    must_fail(output, "uthentication failed");
    rig_config(rig, NULL);
    rig_set(rig, "CURFEW_KAFKA_BOOTSTRAP_SERVERS", rig_process_address(rig_kafka(rig)));
    output = rig_curfew(rig, NULL, "topics", "check", "--timeout", "10s");
    must_fail(output, "uthorization failed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_main_job_runs_with_the_rights_of_each_role),
        cmocka_unit_test(everybody_may_do_what_the_table_says_and_nothing_else),
        cmocka_unit_test(kcat_gets_the_same_answers),
        cmocka_unit_test(java_gets_the_same_answers),
        cmocka_unit_test(whoever_may_not_is_told_so),
    };
    return rig_main("secured", tests, sizeof tests / sizeof tests[0]);
}
