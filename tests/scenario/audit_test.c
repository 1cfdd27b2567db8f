/* audit_test: the audit topic on a real Kafka: who was denied and refused what is there, also when a coordinator is
 * killed in between, and what is not there is named. */
#include "core/json.h"
#include "tests/scenario/bus_reader.h"
#include "tests/scenario/play.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define REFUSALS 24
#define SOON_MS 20000

struct look {
    struct play *play;
    const char *a, *b; /* a line that holds both is waited for */
};

/* All of the topic, a JSON object a line. */
static const char *read_audit(struct play *play)
{
    const struct rig_output said = rig_curfew(play->rig, NULL, "tail", "audit", "--until-end");
    assert_int_equal(said.status, 0);
    return said.out;
}

static int lines_with(const char *text, const char *a, const char *b)
{
    int count = 0;
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        const size_t size = end == NULL ? strlen(text) : (size_t)(end - text);
        count += memmem(text, size, a, strlen(a)) != NULL && memmem(text, size, b, strlen(b)) != NULL ? 1 : 0;
        text += size + (end == NULL ? 0 : 1);
    }
    return count;
}

static bool is_there(void *context)
{
    const struct look *look = context;
    return lines_with(read_audit(look->play), look->a, look->b) > 0;
}

static void until(struct play *play, const char *a, const char *b)
{
    struct look look = {play, a, b};
    rig_until(is_there, &look, SOON_MS, rig_text(play->rig, "a record with %s and %s", a, b));
}

static struct rig_output verify(struct play *play)
{
    return rig_curfew(play->rig, NULL, "audit", "verify", "--json");
}

static void a_denial_is_there_with_all_three(void **state)
{
    /* Goal: user, agent and what was asked in one record of the hop that denied, and nothing of the token. */
    struct play play = play_begin(*state, 2);
    const struct play_session session = play_session(&play, "ada");
    const char *const path[] = {"extract:1", NULL};
    play_task(&play, session.id, "extract", NULL);
    const char *token = play_mint(&play, session, path);
    play_until(&play, token, 200, "the token is allowed");
    (void)play_emit(&play, (const char *const[]){"task", "end", session.id, "extract", NULL});
    play_until(&play, token, 403, "the token is denied");
    until(&play, "\"log_provider\":\"hop hop-a", "\"status_detail\":\"deny\"");
    until(&play, "\"log_provider\":\"hop hop-b", "\"status_detail\":\"deny\"");
    until(&play, "\"log_provider\":\"coordinator c1", "\"name\":\"task-ended\"");
    const char *all = read_audit(&play);
    assert_int_equal(lines_with(all, "\"status_detail\":\"deny\"", "\"uid\":\"ada\""),
                     lines_with(all, "\"status_detail\":\"deny\"", ""));
    assert_null(strstr(all, strrchr(token, '.') + 1));
    for (int i = 0; i < play.guard_count; i++) { /* a clean stop says so */
        rig_process_signal(play.guards[i], SIGTERM);
        assert_int_equal(rig_process_wait(play.guards[i], RIG_END_MS), 0);
    }
    rig_process_signal(play.coordinator, SIGTERM);
    assert_int_equal(rig_process_wait(play.coordinator, RIG_END_MS), 0);
    all = read_audit(&play);
    assert_int_equal(lines_with(all, "\"activity_name\":\"Start\"", ""), 3);
    assert_int_equal(lines_with(all, "\"activity_name\":\"Stop\"", ""), 3);
    const struct rig_output said = verify(&play);
    assert_int_equal(said.status, 0);
    assert_non_null(strstr(said.out, "\"whole\":true"));
    play_end(&play);
}

static bool refused_is_there(const char *all, int i)
{
    char task[32];
    (void)snprintf(task, sizeof task, "\"uid\":\"nosuch-%d\"", i);
    return lines_with(all, task, "\"status_code\":\"unknown_task\"") > 0;
}

static bool all_are_there(void *context)
{
    const char *all = read_audit(context);
    for (int i = 0; i < REFUSALS; i++) {
        if (!refused_is_there(all, i)) {
            return false;
        }
    }
    return true;
}

static void a_killed_coordinator_takes_nothing_with_it(void **state)
{
    /* Goal: of the records refused while a coordinator is killed with -9, again and again, each is told. */
    struct play play = play_begin(*state, 1);
    const struct play_session session = play_session(&play, "ada");
    for (int i = 0; i < REFUSALS; i++) {
        const struct rig_output said = rig_curfew(play.rig, NULL, "task", "end", session.id,
                                                  rig_text(play.rig, "nosuch-%d", i), "--wait", "durable");
        assert_int_equal(said.status, 0);
        if (i % 8 == 4) {
            rig_process_kill(play.coordinator);
            rig_process_start(play.coordinator);
        }
    }
    rig_until(all_are_there, &play, SOON_MS, "every refusal is in the audit");
    const struct rig_output said = verify(&play);
    assert_int_equal(said.status,
                     0); /* what was killed has no gap: it lost its end alone, and its successor told that */
    assert_non_null(strstr(said.out, "\"whole\":true"));
    play_end(&play);
}

/* Gives the first record of the topic that holds a text, as a string of the rig's. */
static const char *record_with(struct play *play, const char *text)
{
    struct curfew_bus bus = reader_open(play->rig, play->prefix, NULL);
    const char *found = NULL;
    reader_subscribe(&bus, CURFEW_TOPIC_AUDIT, 0, CURFEW_OFFSET_BEGIN);
    while (found == NULL) {
        const struct curfew_bus_event event = reader_next(&bus);
        assert_true(event.kind != CURFEW_BUS_CAUGHT_UP);
        if (event.kind == CURFEW_BUS_RECORD && memmem(event.value.at, event.value.size, text, strlen(text)) != NULL) {
            found = rig_text(play->rig, "%.*s", CURFEW_SLICE_ARGS(event.value));
        }
    }
    curfew_bus_destroy(&bus);
    return found;
}

static void append(struct play *play, const char *text)
{
    struct curfew_bus bus = reader_open(play->rig, play->prefix, NULL);
    (void)reader_put(&bus, CURFEW_TOPIC_AUDIT, 0, text);
    curfew_bus_destroy(&bus);
}

static void what_is_missing_is_named(void **state)
{
    /* Goal: numbers that are not there, a record that was changed, and rubbish: each is named, and the status is 1. */
    struct play play = play_begin(*state, 1);
    until(&play, "\"activity_name\":\"Start\"", "\"log_provider\":\"hop hop-a");
    assert_int_equal(verify(&play).status, 0);
    const char *start = record_with(&play, "\"log_provider\":\"hop hop-a");
    const char *number = strstr(start, "\"sequence\":1,");
    assert_non_null(number);
    append(&play, rig_text(play.rig, "%.*s\"sequence\":1009,%s", (int)(number - start), start,
                           number + strlen("\"sequence\":1,")));
    struct rig_output said = verify(&play);
    assert_int_equal(said.status, 1);
    assert_non_null(strstr(said.out, "\"found\":\"gap\""));
    assert_non_null(strstr(said.out, "\"from\":2,\"to\":1008"));
    append(&play, rig_text(play.rig, "%.*s\"sequence\":1,\"event_code\":\"changed\",%s", (int)(number - start), start,
                           number + strlen("\"sequence\":1,")));
    said = verify(&play);
    assert_non_null(strstr(said.out, "\"found\":\"contradiction\""));
    append(&play, "rubbish");
    said = rig_curfew(play.rig, NULL, "audit", "verify");
    assert_int_equal(said.status, 1);
    assert_non_null(strstr(said.out, "NOT WHOLE"));
    assert_non_null(strstr(said.out, "1 unread"));
    assert_non_null(strstr(said.out, "numbers 2..1008"));
    play_end(&play);
}

/* The value of a metric of the coordinator; -1: not there. */
static long metric(struct play *play, const char *name)
{
    const struct rig_response response = rig_get(play->rig, play->coordinator, "/metrics", NULL);
    const char *line = response.status == 200 ? strstr(response.body, rig_text(play->rig, "\n%s ", name)) : NULL;
    return line == NULL ? -1 : strtol(line + strlen(name) + 2, NULL, 10);
}

static bool is_untaken(void *context)
{
    return metric(context, "curfew_audit_untaken_total") > 0 && metric(context, "curfew_audit_pending") > 0;
}

static bool is_drained(void *context)
{
    return metric(context, "curfew_audit_pending") == 0;
}

static void without_its_topic_nothing_is_answered_that_was_not_told(void **state)
{
    /* Goal: the audit topic is deleted while all runs: a refusal is not answered and says why it waits; made anew, the
     * topic gets it, the answers go on, and verify says that the beginning is gone. */
    struct play play = play_begin(*state, 1);
    const struct play_session session = play_session(&play, "ada");
    play_task(&play, session.id, "extract", NULL);
    until(&play, "\"activity_name\":\"Start\"", "\"log_provider\":\"hop hop-a");
    reader_delete_topic(play.rig, play.prefix, CURFEW_TOPIC_AUDIT);
    struct rig_output said =
        rig_curfew(play.rig, NULL, "task", "end", session.id, "nosuch", "--wait", "accepted", "--timeout", "2s");
    assert_int_not_equal(said.status, 0);
    assert_null(strstr(said.err, "unknown_task"));
    rig_until(is_untaken, &play, SOON_MS, "the coordinator counts what Kafka does not take");
    reader_create_again(play.rig, play.prefix, CURFEW_TOPIC_AUDIT, 1);
    rig_until(is_drained, &play, SOON_MS, "it is told once the topic is there");
    until(&play, "\"uid\":\"nosuch\"", "\"status_code\":\"unknown_task\"");
    const char *const path[] = {"extract:1", NULL};
    play_until(&play, play_mint(&play, session, path), 200, "answers go on");
    said = verify(&play);
    assert_int_equal(said.status, 1);
    assert_non_null(strstr(said.out, "\"found\":\"gap\""));
    assert_non_null(strstr(said.out, "\"from\":1,"));
    play_end(&play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_denial_is_there_with_all_three),
        cmocka_unit_test(a_killed_coordinator_takes_nothing_with_it),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(without_its_topic_nothing_is_answered_that_was_not_told),
    };
    return rig_main("audit", tests, sizeof tests / sizeof tests[0]);
}
