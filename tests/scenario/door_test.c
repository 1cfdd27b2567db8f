/* door_test: on a real Kafka workers and orchestrators that have none speak through a guard's door: over a unix socket
 * and over TLS, each held to what is its own. */
#include "core/digest.h"
#include "tests/common/authority.h"
#include "tests/scenario/play.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SOON_MS 15000
#define SECRET "correct-horse-battery-staple-0123456789"

struct place {
    struct play play;
    struct rig_process *local; /* the guard whose door is a unix socket */
    struct rig_process *secured; /* the guard whose door speaks TLS */
    const char *socket;
    const char *url; /* of the secured door */
    const char *callers; /* their file */
    struct authority *authority;
    const char *directory;
};

static struct place place;

/* ---- what the doors are opened with ---- */

static const char *add_writer(const char *name, const char *role, const char *tenant)
{
    return play_add_writer(&place.play, name, LIST("--role", role, "--tenant", tenant));
}

static void write_callers(const char *text)
{
    const char *fresh = rig_text(place.play.rig, "%s.new", place.callers);
    FILE *file = fopen(fresh, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(fresh, place.callers), 0);
}

/* This user is etl; so are a certificate and a secret. `more`: another entry, or "". */
static void name_callers(const char *more)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    char hex[2 * CURFEW_SHA256_SIZE + 1];
    const struct curfew_slice secret = curfew_slice_of(SECRET);
    curfew_sha256(&secret, 1, digest);
    curfew_hex(digest, sizeof digest, hex);
    write_callers(rig_text(place.play.rig,
                           "{\"callers\":[{\"name\":\"by-user\",\"uid\":%u,\"key_file\":\"etl.key\"},"
                           "{\"name\":\"by-certificate\",\"tls_client_auth_san_uri\":\"spiffe://acme/etl\","
                           "\"key_file\":\"etl.key\"},"
                           "{\"name\":\"by-secret\",\"secret_sha256\":\"%s\",\"key_file\":\"etl.key\"}%s]}",
                           (unsigned)geteuid(), hex, more));
}

static void make_certificates(void)
{
    place.authority = authority_create(place.directory, "ca");
    authority_sign(place.authority, &(struct authority_wish){"door", "IP:127.0.0.1", "serverAuth", -3600, 3600});
    authority_sign(place.authority,
                   &(struct authority_wish){"etl-tls", "URI:spiffe://acme/etl", "clientAuth", -3600, 3600});
    authority_sign(place.authority,
                   &(struct authority_wish){"other", "URI:spiffe://acme/other", "clientAuth", -3600, 3600});
}

static void open_doors(void **state)
{
    struct rig *rig = *state;
    place.play = play_begin(rig, 1);
    place.directory = rig_keys(rig, place.play.prefix);
    place.callers = rig_text(rig, "%s/callers.json", place.directory);
    place.socket = rig_text(rig, "%s/events.sock", place.directory);
    const char *key = rig_text(rig, "guard.door_key_file=%s", add_writer("door-1", "door", "acme"));
    const char *callers = rig_text(rig, "guard.callers_file=%s", place.callers);
    (void)add_writer("etl", "orchestrator", "acme");
    (void)add_writer("foreign", "orchestrator", "books");
    name_callers("");
    make_certificates();
    place.local = play_guard(&place.play, "door-local",
                             LIST(key, callers, rig_text(rig, "guard.events_listen=unix:%s", place.socket)));
    const int port = rig_port();
    place.url = rig_text(rig, "https://127.0.0.1:%d/v1/events", port);
    place.secured = play_guard(&place.play, "door-secured",
                               LIST(key, callers, rig_text(rig, "guard.events_listen=127.0.0.1:%d", port),
                                    rig_text(rig, "guard.events_certificate_file=%s/door.pem", place.directory),
                                    rig_text(rig, "guard.events_key_file=%s/door.key", place.directory),
                                    rig_text(rig, "guard.events_client_ca_file=%s/ca.pem", place.directory),
                                    "guard.events_per_s=20"));
    rig_await_ready(rig, place.local);
    rig_await_ready(rig, place.secured);
}

/* ---- asking ---- */

/* Through the unix socket; `bearer` NULL: as this user. */
static struct rig_response say(const char *bearer, const char *query, const char *event)
{
    const char *const headers[] = {
        bearer == NULL ? "X-None: 1" : rig_text(place.play.rig, "Authorization: Bearer %s", bearer), NULL};
    const struct rig_request request = {.url = rig_text(place.play.rig, "http://door/v1/events%s", query),
                                        .headers = headers,
                                        .body = event,
                                        .socket = place.socket};
    return rig_http(place.play.rig, &request);
}

/* Over TLS, by a certificate's name or a bearer, either NULL. */
static struct rig_response say_tls(const char *certificate, const char *bearer, const char *event)
{
    struct rig *rig = place.play.rig;
    const char *const headers[] = {bearer == NULL ? "X-None: 1" : rig_text(rig, "Authorization: Bearer %s", bearer),
                                   NULL};
    struct rig_request request = {
        .url = place.url, .headers = headers, .body = event, .ca_file = rig_text(rig, "%s/ca.pem", place.directory)};
    if (certificate != NULL) {
        request.certificate_file = rig_text(rig, "%s/%s.pem", place.directory, certificate);
        request.key_file = rig_text(rig, "%s/%s.key", place.directory, certificate);
    }
    return rig_http(rig, &request);
}

static void must_say(struct rig_response response, long status, const char *word)
{
    if (response.status != status || (word != NULL && strstr(response.body, word) == NULL)) {
        fail_msg("%ld and %s were due: %ld: %s", status, word == NULL ? "-" : word, response.status, response.body);
    }
}

static const char *task_ended(const char *session, const char *task)
{
    return rig_text(place.play.rig, "{\"type\":\"task-ended\",\"session\":\"%s\",\"task\":\"%s\"}", session, task);
}

static struct play_session start_session(void)
{
    return play_session_with(&place.play, "ada", LIST("--orchestrator", "etl"));
}

/* ---- workers ---- */

static void a_worker_ends_its_own_and_what_is_below(void **state)
{
    /* Goal: by its token alone a worker ends its task and one below, never one above or beside; once its task is over
     * it says nothing any more. */
    open_doors(state);
    struct play *play = &place.play;
    const struct play_session session = play_session(play, "ada");
    play_task(play, session.id, "root", NULL);
    play_task(play, session.id, "mine", LIST("--parent", "root"));
    play_task(play, session.id, "below", LIST("--parent", "mine"));
    play_task(play, session.id, "beside", LIST("--parent", "root"));
    const char *root = play_mint(play, session, LIST("root:1"));
    const char *mine = play_mint(play, session, LIST("root:1", "mine:1"));
    const char *below = play_mint(play, session, LIST("root:1", "mine:1", "below:1"));
    const char *beside = play_mint(play, session, LIST("root:1", "beside:1"));

    must_say(say(mine, "", task_ended(session.id, "root")), 403, "\"reason\":\"not_own\"");
    must_say(say(mine, "", task_ended(session.id, "beside")), 403, "\"reason\":\"not_own\"");
    must_say(say(below, "", task_ended(session.id, "mine")), 403, "\"reason\":\"not_own\"");
    must_say(say(mine, "", task_ended("1.AAAAAAAAAAAAAAAAAAAAAA", "below")), 403, "another than its token's");
    must_say(say(mine, "", "{\"type\":\"task-ended\",\"by_task\":\"root\",\"by_attempt\":1,\"task\":\"beside\"}"), 403,
             "by_task");
    must_say(say(mine, "", "{\"type\":\"session-ended\"}"), 403, "a worker may not say so");
    must_say(
        say(mine, "", rig_text(play->rig, "{\"type\":\"task-started\",\"session\":\"%s\",\"task\":\"x\"}", session.id)),
        403, "a worker may not say so");
    play_all(play, beside, 200);

    must_say(say(mine, "", "{\"type\":\"task-ended\",\"task\":\"below\",\"reason\":\"done\"}"), 200,
             "\"status\":\"ok\"");
    play_until(play, below, 403, "the task below is over");
    play_all(play, mine, 200);
    const struct rig_response own = say(mine, "", "{\"type\":\"task-ended\"}");
    must_say(own, 200, "\"accepted_us\":1");
    play_until(play, mine, 403, "its own task is over");
    play_all(play, root, 200);
    play_all(play, beside, 200);
    must_say(say(mine, "", "{\"type\":\"task-ended\"}"), 403, "\"verdict\":\"deny\"");
    must_say(say_tls(NULL, beside, "{\"type\":\"attempt-ended\"}"), 200, "\"type\":\"attempt-ended\"");
    play_until(play, beside, 403, "over TLS too");
    play_all(play, root, 200);
}

static void a_worker_of_no_task_and_who_is_nobody_are_turned_away(void **state)
{
    /* Goal: a token of no task, a token that is none, another audience's and no credentials move nothing. */
    (void)state;
    struct play *play = &place.play;
    const struct play_session session = play_session(play, "ada");
    play_task(play, session.id, "work", NULL);
    const char *whole = play_mint(play, session, (const char *const[]){NULL});
    must_say(say(whole, "", task_ended(session.id, "work")), 403, "given for no task");
    must_say(say("nobodys-secret", "", task_ended(session.id, "work")), 401, "\"verdict\":\"not_valid\"");
    must_say(say_tls(NULL, NULL, task_ended(session.id, "work")), 401, "nobody here knows you");
    must_say(say_tls("other", NULL, task_ended(session.id, "work")), 401, "nobody here knows you");
    must_say(say(NULL, "", "{\"type\":\"task-ended\",\"writer\":\"operator\"}"), 400, "filled in here");
    must_say(say(NULL, "", "{\"type\":\"writer-set\"}"), 400, "is not taken here");
    must_say(say(NULL, "", "not json"), 400, "\"retriable\":false");
    must_say(say(NULL, "?wait=soon", task_ended(session.id, "work")), 400, "wait must be");
    const char *token = play_mint(play, session, LIST("work:1"));
    play_all(play, token, 200);
}

static void a_workers_heartbeats_keep_its_task(void **state)
{
    /* Goal: a task whose worker beats through the door outlives its lease; when it stops, the task ends. */
    (void)state;
    struct play *play = &place.play;
    const struct play_session session = play_session(play, "ada");
    play_task(play, session.id, "long", LIST("--holder", "w-7"));
    const char *token = play_mint(play, session, LIST("long:1"));
    const int64_t until_us = rig_now_us() + 2 * PLAY_LEASE_MS * 1000;
    int beats = 0;
    while (rig_now_us() < until_us) {
        must_say(say(token, "", "{\"type\":\"holder-heartbeat\",\"holder\":\"w-7\"}"), 200, "\"status\":\"ok\"");
        beats++;
        usleep(PLAY_LEASE_MS * 1000 / 6);
    }
    play_all(play, token, 200);
    must_say(say(token, "", "{\"type\":\"holder-heartbeat\",\"holder\":\"others\"}"), 409,
             "\"reason\":\"unknown_holder\"");
    play_until(play, token, 403, "nobody beats any more");
    assert_true(beats >= 6);
}

/* ---- orchestrators ---- */

static const char *started(const char *session, const char *task, const char *parent)
{
    return rig_text(place.play.rig,
                    "{\"type\":\"task-started\",\"session\":\"%s\",\"task\":\"%s\",\"attempt\":1,\"parent\":\"%s\","
                    "\"parent_attempt\":%d,\"holder\":\"sched-1\"}",
                    session, task, parent, parent[0] == '\0' ? 0 : 1);
}

static void an_orchestrator_does_all_its_role_may(void **state)
{
    /* Goal: known by user, certificate or secret it starts, beats, ends; and is refused for the same reasons as over
     * Kafka. */
    (void)state;
    struct play *play = &place.play;
    struct rig *rig = play->rig;
    const struct play_session session = start_session();
    must_say(say(NULL, "", started(session.id, "a", "")), 200, "\"status\":\"ok\"");
    must_say(say_tls("etl-tls", NULL, started(session.id, "b", "a")), 200, "\"status\":\"ok\"");
    must_say(say_tls(NULL, SECRET, started(session.id, "c", "b")), 200, "\"status\":\"ok\"");
    const char *token = play_mint(play, session, LIST("a:1", "b:1", "c:1"));
    play_all(play, token, 200);
    must_say(
        say(NULL, "",
            rig_text(rig, "{\"type\":\"holder-heartbeat\",\"holder\":\"sched-1\",\"session\":\"%s\"}", session.id)),
        200, "\"status\":\"ok\"");
    must_say(say(NULL, rig_text(rig, "?lane=%c&wait=durable", session.id[0]),
                 "{\"type\":\"holder-heartbeat\",\"holder\":\"sched-1\"}"),
             202, "\"accepted_us\":null");
    must_say(say(NULL, "", "{\"type\":\"holder-heartbeat\",\"holder\":\"sched-1\"}"), 400, "say in which lane");
    must_say(say(NULL, "?lane=200", "{\"type\":\"holder-heartbeat\",\"holder\":\"sched-1\"}"), 400, "this cluster has");

    must_say(say(NULL, "", started(session.id, "d", "nowhere")), 409, "\"reason\":\"unknown_task\"");
    must_say(say(NULL, "", started(session.id, "", "")), 409, "\"reason\":\"invalid\"");
    const struct play_session foreign = play_session(play, "ada");
    must_say(say(NULL, "", started(foreign.id, "d", "")), 403, "\"reason\":\"not_own\"");
    must_say(
        say(NULL, "",
            rig_text(rig, "{\"type\":\"attempt-ended\",\"session\":\"%s\",\"task\":\"c\",\"attempt\":1}", session.id)),
        200, "\"status\":\"ok\"");
    play_until(play, token, 403, "the attempt is over");
    const char *other = play_mint(play, session, LIST("a:1", "b:1"));
    must_say(
        say_tls(NULL, SECRET, rig_text(rig, "{\"type\":\"task-ended\",\"session\":\"%s\",\"task\":\"a\"}", session.id)),
        200, "\"status\":\"ok\"");
    play_until(play, other, 403, "what is below the task is over too");
    must_say(say(NULL, "", started(session.id, "e", "a")), 409, "\"retriable\":false");
    must_say(say(NULL, "", rig_text(rig, "{\"type\":\"session-ended\",\"session\":\"%s\"}", session.id)), 403,
             "\"reason\":\"not_own\"");
}

struct asked {
    const char *bearer, *event, *word;
    long status;
};

static bool is_said(void *context)
{
    const struct asked *asked = context;
    const struct rig_response response = say(asked->bearer, "", asked->event);
    return response.status == asked->status && strstr(response.body, asked->word) != NULL;
}

static void callers_come_and_go(void **state)
{
    /* Goal: the file is read again when it changes: a caller of another tenant is refused as its key is, one taken out
     * is nobody, and a file that makes no sense changes nothing. */
    (void)state;
    struct play *play = &place.play;
    struct rig *rig = play->rig;
    const struct play_session session = start_session();
    const char *sum = rig_run(rig, NULL, LIST("sh", "-c", "printf %s another-secret | sha256sum | cut -c1-64")).out;
    const char *more =
        rig_text(rig, ",{\"name\":\"foreign\",\"secret_sha256\":\"%.64s\",\"key_file\":\"foreign.key\"}", sum);
    struct asked foreign = {"another-secret", started(session.id, "x", ""), "\"reason\":\"tenant\"", 403};
    struct asked nobody = {"another-secret", started(session.id, "x", ""), "not_valid", 401};
    assert_true(is_said(&nobody));
    name_callers(more);
    rig_until(is_said, &foreign, SOON_MS, "the new caller speaks by its own key");
    write_callers("{\"callers\":[{\"name\":\"foreign\"}]}");
    rig_until(is_said, &(struct asked){NULL, started(session.id, "y", ""), "\"status\":\"ok\"", 200}, SOON_MS,
              "the last good callers are used");
    assert_true(is_said(&foreign));
    name_callers("");
    rig_until(is_said, &nobody, SOON_MS, "the caller that was taken out is nobody");
}

/* ---- limits ---- */

struct flood {
    atomic_bool over;
    atomic_long answered, limited, others;
    const char *token;
};

static void *pour(void *context)
{
    struct flood *flood = context;
    struct rig_http *http = rig_http_create();
    const char *const headers[] = {flood->token, NULL};
    const struct rig_request request = {.url = "http://door/v1/events?wait=durable",
                                        .headers = headers,
                                        .body = "{\"type\":\"task-ended\",\"task\":\"no-such-task\"}",
                                        .socket = place.socket};
    while (!atomic_load(&flood->over)) {
        const long status = rig_http_ask(http, &request).status;
        atomic_fetch_add(status == 202 ? &flood->answered : status == 429 ? &flood->limited : &flood->others, 1);
    }
    rig_http_destroy(http);
    return NULL;
}

static void one_caller_does_not_starve_others(void **state)
{
    /* Goal: while one worker pours out events it is limited to its rate, another is heard, and the same guard's checks
     * are all answered. */
    (void)state;
    struct play *play = &place.play;
    struct rig *rig = play->rig;
    const struct play_session session = play_session(play, "ada");
    pthread_t threads[8];
    play_task(play, session.id, "loud", NULL);
    play_task(play, session.id, "quiet", NULL);
    const char *loud = play_mint(play, session, LIST("loud:1"));
    const char *quiet = play_mint(play, session, LIST("quiet:1"));
    const char *const check[] = {rig_text(rig, "Authorization: Bearer %s", quiet), NULL};
    struct flood flood = {.token = rig_text(rig, "Authorization: Bearer %s", loud)};
    int64_t worst_us = 0;
    int checks = 0;
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, pour, &flood), 0);
    }
    const int64_t began_us = rig_now_us();
    while (rig_now_us() < began_us + 3000000) {
        const struct rig_response response = rig_get(rig, place.local, "/v1/check?class=strict", check);
        must_say(response, 200, "\"allow\"");
        worst_us = response.time_us > worst_us ? response.time_us : worst_us;
        checks++;
    }
    must_say(say(quiet, "", "{\"type\":\"task-ended\"}"), 200, "\"status\":\"ok\"");
    const double seconds = (double)(rig_now_us() - began_us) / 1e6;
    atomic_store(&flood.over, true);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    print_message("in %.1f s: %ld events taken, %ld over the limit; %d checks, the slowest %.1f ms\n", seconds,
                  atomic_load(&flood.answered), atomic_load(&flood.limited), checks, (double)worst_us / 1e3);
    assert_int_equal(atomic_load(&flood.others), 0);
    assert_true(atomic_load(&flood.limited) > atomic_load(&flood.answered));
    assert_true((double)atomic_load(&flood.answered) <= 40 + 20 * (seconds + 1));
    assert_true(checks > 100 && worst_us < 1000000);
    for (int i = 0; i < 60; i++) {
        const struct rig_response response = say_tls(NULL, SECRET, task_ended(session.id, "no-such-task"));
        if (response.status == 429) {
            must_say(response, 429, "more events a second");
            return;
        }
    }
    fail_msg("60 events in a row of a caller that may send 20 a second were all taken");
}

/* ---- when things break ---- */

static void an_outage_is_told_in_time_and_nothing_is_lost(void **state)
{
    /* Goal: with Kafka stopped an event is answered 503 or 504 within its time, and again heard when it goes on. */
    (void)state;
    struct play *play = &place.play;
    const struct play_session session = start_session();
    must_say(say(NULL, "", started(session.id, "a", "")), 200, NULL);
    const char *token = play_mint(play, session, LIST("a:1"));
    rig_process_signal(rig_kafka(play->rig), SIGSTOP);
    const struct rig_response away = say(NULL, "?timeout_ms=1500",
                                         rig_text(play->rig,
                                                  "{\"type\":\"attempt-ended\",\"session\":\"%s\",\"task\":\"b\","
                                                  "\"attempt\":1}",
                                                  session.id));
    rig_process_signal(rig_kafka(play->rig), SIGCONT);
    assert_true(away.status == 503 || away.status == 504);
    assert_true(away.time_us >= 1400000 && away.time_us < 5000000);
    assert_non_null(strstr(away.body, "\"retriable\":true"));
    rig_until(is_said, &(struct asked){NULL, task_ended(session.id, "a"), "\"status\":\"ok\"", 200}, SOON_MS,
              "it is heard again");
    play_until(play, token, 403, "and what it said counts");
}

static bool socket_is_gone(void *context)
{
    (void)context;
    return access(place.socket, F_OK) != 0;
}

static void a_guard_that_ends_or_dies_leaves_a_door_that_opens(void **state)
{
    /* Goal: told to stop it answers what is under way and takes its socket away; killed, the next one takes it over. */
    (void)state;
    struct play *play = &place.play;
    const struct play_session session = start_session();
    must_say(say(NULL, "", started(session.id, "a", "")), 200, NULL);
    rig_process_kill(place.local);
    assert_int_equal(access(place.socket, F_OK), 0);
    rig_process_start(place.local);
    rig_await_ready(play->rig, place.local);
    rig_until(is_said, &(struct asked){NULL, started(session.id, "b", "a"), "\"status\":\"ok\"", 200}, SOON_MS,
              "the new process has the socket");
    rig_process_signal(place.local, SIGTERM);
    assert_int_equal(rig_process_wait(place.local, SOON_MS), 0);
    rig_until(socket_is_gone, NULL, SOON_MS, "the socket is taken away");
    rig_process_kill(place.secured);
    authority_destroy(place.authority);
    play_end(play);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_ends_its_own_and_what_is_below),
        cmocka_unit_test(a_worker_of_no_task_and_who_is_nobody_are_turned_away),
        cmocka_unit_test(a_workers_heartbeats_keep_its_task),
        cmocka_unit_test(an_orchestrator_does_all_its_role_may),
        cmocka_unit_test(callers_come_and_go),
        cmocka_unit_test(one_caller_does_not_starve_others),
        cmocka_unit_test(an_outage_is_told_in_time_and_nothing_is_lost),
        cmocka_unit_test(a_guard_that_ends_or_dies_leaves_a_door_that_opens),
    };
    return rig_main("door", tests, sizeof tests / sizeof tests[0]);
}
