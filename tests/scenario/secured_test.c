/* secured_test: a Kafka as in production: three listeners (plain text, TLS with certificates, SASL over TLS), ACLs, and
 * nobody may do what was not granted. The main job runs on it, each part with the rights of its role and no others. */
#include "tests/scenario/bus_reader.h"
#include "tests/scenario/play.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SETTINGS_MAX 16
#define LINE_MAX_SIZE 512
#define SOON_US INT64_C(20000000)

static const char *const roles[] = {"coordinator", "writer", "operator", "hop", "siem"};
#define ROLES (sizeof roles / sizeof roles[0])

static struct play play; /* made by the first test, for all */

static const char *client(struct rig *rig, const char *name)
{
    return rig_text(rig, "%s/kafka/clients/%s.properties", rig_directory(rig), name);
}

static void be(struct rig *rig, const char *name)
{
    rig_config(rig, client(rig, name));
}

static void granted(struct rig *rig)
{
    be(rig, "admin");
    for (size_t i = 0; i < ROLES; i++) {
        const struct rig_output output = rig_curfew(rig, NULL, "topics", "grant", "--role", roles[i], "--principal",
                                                    rig_text(rig, "User:%s", roles[i]), "--timeout", "30s");
        if (output.status != 0) {
            fail_msg("topics grant: %d: %s", output.status, output.err);
        }
        assert_non_null(strstr(output.out, "."));
    }
}

/* Everything, with each part as its role. */
static void make_cluster(struct rig *rig)
{
    rig_set(rig, "KAFKA_SECURED", "1");
    (void)rig_kafka(rig);
    rig_set(rig, "CURFEW_KAFKA_BOOTSTRAP_SERVERS", NULL); /* the plain listener's */
    play = (struct play){.rig = rig, .prefix = rig_new_topics(rig), .guard_count = 1};
    play.key = rig_text(rig, "%s/issuer.pem", rig_directory(rig));
    const char *jwks = rig_text(rig, "%s/issuer.json", rig_directory(rig));
    be(rig, "admin");
    rig_found(rig, play.prefix, LIST("--lanes", "2", "--coordinator", "c1"));
    granted(rig);
    assert_int_equal(rig_curfew(rig, NULL, "token", "keygen", "--out", play.key, "--jwks", jwks).status, 0);
    rig_set(rig, "CURFEW_ISSUER_NAME", PLAY_ISSUER);
    rig_set(rig, "CURFEW_ISSUER_KEY_FILE", play.key);
    be(rig, "coordinator");
    play.coordinator = rig_coordinator(rig, "c1", NULL);
    be(rig, "hop");
    play.guards[0] =
        rig_guard(rig, "hop-1",
                  LIST("hop.issuer=" PLAY_ISSUER, "hop.algorithms=ES256", "hop.tenants=acme",
                       "hop.audience=" PLAY_AUDIENCE, rig_text(rig, "hop.jwks_file=%s", jwks), "guard.class=strict"));
    rig_await_ready(rig, play.coordinator);
    rig_await_ready(rig, play.guards[0]);
}

static void the_main_job_runs_with_the_rights_of_each_role(void **state)
{
    /* Goal: coordinator over TLS, hop and writers over SASL: a token passes, its task ends, it is denied; an operator
     * revokes the user. */
    struct rig *rig = *state;
    make_cluster(rig);
    be(rig, "writer");
    const struct play_session session = play_session(&play, "ada");
    play_task(&play, session.id, "work", NULL);
    play_task(&play, session.id, "more", NULL);
    const char *token = play_mint(&play, session, LIST("work:1"));
    const char *other = play_mint(&play, session, LIST("more:1"));
    play_until(&play, token, 200, "the token passes");
    (void)play_emit(&play, LIST("task", "end", session.id, "work"));
    play_until(&play, token, 403, "its task has ended");
    play_all(&play, other, 200);
    be(rig, "operator");
    (void)play_emit(&play, LIST("revoke", "user", "--tenant", "acme", "--issuer", PLAY_ISSUER, "--user", "ada"));
    play_until(&play, other, 403, "the user is revoked");
}

/* The settings in a client's file, as name, value, …, NULL. */
static const char *const *settings_of(struct rig *rig, const char *name)
{
    static const char *settings[2 * SETTINGS_MAX + 1];
    char line[LINE_MAX_SIZE];
    size_t count = 0;
    FILE *file = fopen(client(rig, name), "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *value = strstr(line, " = ");
        assert_true(value != NULL && count + 2 < 2 * SETTINGS_MAX);
        *value = '\0';
        value[3 + strcspn(value + 3, "\n")] = '\0';
        settings[count++] = rig_text(rig, "%s", line);
        settings[count++] = rig_text(rig, "%s", value + 3);
    }
    assert_int_equal(fclose(file), 0);
    settings[count] = NULL;
    return settings;
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
    be(rig, "admin");
    rig_found(rig, prefix, LIST("--lanes", "2", "--coordinator", "c1"));
    granted(rig);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct curfew_bus bus = reader_open(rig, prefix, settings_of(rig, table[i].name));
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

/* kcat as a client, with the same settings in librdkafka's names. */
static struct rig_output kcat(struct rig *rig, const char *name, const char *arguments, const char *input)
{
    return rig_run(rig, input,
                   LIST("sh", "-c",
                        rig_text(rig, "sed 's/^kafka\\.//;s/ = /=/' %s >%s.kcat && timeout 30 kcat -F %s.kcat %s 2>&1",
                                 client(rig, name), client(rig, name), client(rig, name), arguments)));
}

static void kcat_gets_the_same_answers(void **state)
{
    /* Goal: a client that is not ours, as hop: it reads as many revocations as ours, and may not write any. */
    struct rig *rig = *state;
    struct curfew_bus bus = reader_open(rig, play.prefix, settings_of(rig, "hop"));
    int64_t records = 0;
    rig_process_signal(play.coordinator, SIGSTOP); /* so that the topic stands still */
    reader_subscribe(&bus, CURFEW_TOPIC_REVOCATIONS, 1, CURFEW_OFFSET_BEGIN);
    for (struct curfew_bus_event event = reader_next(&bus); event.kind != CURFEW_BUS_CAUGHT_UP;
         event = reader_next(&bus)) {
        records += event.kind == CURFEW_BUS_RECORD ? 1 : 0;
    }
    curfew_bus_destroy(&bus);
    struct rig_output output =
        kcat(rig, "hop", rig_text(rig, "-C -t %s.revocations -p 1 -e -q -f '%%o\\n' | wc -l", play.prefix), NULL);
    assert_int_equal(output.status, 0);
    assert_true(records > 10 && strtoll(output.out, NULL, 10) == records);
    output = kcat(rig, "hop", rig_text(rig, "-P -t %s.lifecycle -p 0", play.prefix), "forged\n");
    assert_non_null(strstr(output.out, "uthorization failed"));
    output = kcat(rig, "hop", rig_text(rig, "-P -t %s.revocations -p 1", play.prefix), "forged\n");
    assert_non_null(strstr(output.out, "uthorization failed"));
    rig_process_signal(play.coordinator, SIGCONT);
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
    be(rig, "stranger");
    rig_set(rig, "CURFEW_TOPICS_PREFIX", play.prefix);
    struct rig_output output = rig_curfew(rig, NULL, "topics", "check", "--timeout", "10s");
    must_fail(output, "uthorization failed");
    output = rig_curfew(rig, NULL, "topics", "grant", "--role", "hop", "--principal", "User:stranger");
    must_fail(output, "uthorization failed");
    output = rig_curfew(rig, NULL, "task", "end", "1.AAAAAAAAAAAAAAAAAAAAAA", "x", "--timeout", "5s");
    must_fail(output, "uthorization failed");
    const char *wrong = rig_text(rig, "%s/wrong.properties", rig_directory(rig));
    output = rig_run(
        rig, NULL,
        LIST("sh", "-c",
             rig_text(rig, "sed 's/^\\(kafka.sasl.password = \\).*/\\1wrong/' %s >%s", client(rig, "writer"), wrong)));
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
        cmocka_unit_test(whoever_may_not_is_told_so),
    };
    return rig_main("secured", tests, sizeof tests / sizeof tests[0]);
}
