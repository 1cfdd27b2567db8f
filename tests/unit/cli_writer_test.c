/* cli_writer_test: `curfew writer`, its secrets, and the replay that tells it what stands in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli_process.h"
#include "core/clock.h"
#include "core/keyfile.h"
#include "memory_bus.h"
#include "schemas/codec.h"
#include "services/cli/keys.h"
#include "services/cli/replay.h"
#include "services/coordinator/writers.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOON_US (5 * CURFEW_US_PER_S)

static struct cli_process process;
static char directory[64];
static const char *const dead_broker[] = {"CURFEW_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1", CLI_COORDINATORS, NULL};

static int make_directory(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/curfew-keys-test-XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {
        "k/master.key", "k/ana.key", "k/operator.key", "k/etl.key", "k/coordinator.pem", "k/coordinators.json", "k"};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)remove(path);
    }
    return rmdir(directory);
}

static const char *in(const char *name)
{
    static char paths[3][128];
    static int next;
    char *path = paths[next++ % 3];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

static void secrets_are_made_once_and_private(void **state)
{
    /* Goal: a run that died finds what it made; another operator's name, or a file that others may read, is told. */
    struct curfew_keys first;
    struct curfew_keys again;
    struct curfew_error error;
    struct stat facts;
    (void)state;
    assert_int_equal(curfew_keys_open(in("k"), "ana", &first, &error), CURFEW_OK);
    assert_int_equal(stat(in("k"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0700);
    assert_int_equal(stat(in("k/master.key"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(stat(in("k/ana.key"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(curfew_keys_open(in("k"), "ana", &again, &error), CURFEW_OK);
    assert_memory_equal(first.master, again.master, sizeof first.master);
    assert_string_equal(again.operator_key.writer, "ana");
    curfew_keys_wipe(&again);
    static const uint8_t zeros[CURFEW_MASTER_SIZE];
    assert_memory_equal(again.master, zeros, sizeof zeros);
    assert_int_equal(stat(in("k/coordinator.pem"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(stat(in("k/coordinators.json"), &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0644);
    assert_int_equal(unlink(in("k/coordinators.json")), 0); /* a run that died before it came so far */
    assert_int_equal(curfew_keys_open(in("k"), "ana", &again, &error), CURFEW_OK);
    assert_int_equal(access(in("k/coordinators.json"), R_OK), 0);
    curfew_keys_wipe(&again);
    assert_int_equal(unlink(in("k/coordinator.pem")), 0); /* a new one would be believed by nobody */
    assert_int_equal(curfew_keys_open(in("k"), "ana", &again, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "coordinator.pem"));
    assert_int_equal(chmod(in("k/master.key"), 0640), 0);
    assert_int_equal(curfew_keys_open(in("k"), "ana", &again, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "master.key"));
    assert_int_equal(curfew_keys_open(in("k"), "../ana", &again, &error), CURFEW_INVALID);
    assert_int_equal(curfew_keys_open(in("k"), "master", &again, &error), CURFEW_INVALID);
    curfew_keys_wipe(&first);
}

static void a_directory_of_somebody_else_is_refused(void **state)
{
    /* Goal: who may write beside the master key could put one of his own there and be every writer; nothing is made. */
    static const mode_t modes[] = {0777, 0770, 0720, 0702, 01777};
    struct curfew_keys keys;
    struct curfew_error error;
    (void)state;
    assert_int_equal(mkdir(in("k"), 0700), 0);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(in("k"), modes[i]), 0);
        assert_int_equal(curfew_keys_open(in("k"), "ana", &keys, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "somebody else may write"));
        assert_int_equal(access(in("k/master.key"), F_OK), -1);
    }
    assert_int_equal(chmod(in("k"), 0755), 0); /* who may look sees names of files alone */
    assert_int_equal(curfew_keys_open(in("k"), "ana", &keys, &error), CURFEW_OK);
    curfew_keys_wipe(&keys);
    if (geteuid() == 0) { /* only root can give it away */
        assert_int_equal(chown(in("k"), 65534, 65534), 0);
        assert_int_equal(curfew_keys_open(in("k"), "ana", &keys, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "owner 65534"));
    }
    assert_int_equal(curfew_keys_open(in("k/master.key"), "ana", &keys, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "no directory"));
}

static void key_files_that_are_none_are_told(void **state)
{
    /* Goal: each slip says which file and what it should be; no byte of a key is in the text. */
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "{\"writer\":\"etl\",\"epoch\":0,\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"writer\":\"etl\",\"epoch\":1,\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"writer\":\"\",\"epoch\":1,\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"writer\":\"etl\",\"epoch\":1,\"key\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"more\":1}",
        "{\"master\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"};
    struct curfew_writer_key key;
    struct curfew_error error;
    (void)state;
    assert_int_equal(mkdir(in("k"), 0700), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        FILE *file = fopen(in("k/etl.key"), "w");
        assert_non_null(file);
        assert_true(fputs(bad[i], file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(in("k/etl.key"), 0600), 0);
        assert_int_equal(curfew_writer_key_load(in("k/etl.key"), &key, &error), CURFEW_INVALID);
        assert_non_null(strstr(error.text, "etl.key"));
        assert_null(strstr(error.text, "AAAA"));
        assert_null(key.key);
    }
}

static void wrong_use_says_what_to_write(void **state)
{
    /* Goal: each slip is named, with an example; nothing is made. */
    static const struct {
        const char *arguments[10];
        const char *says;
    } cases[] = {
        {{"writer"}, "needs one more word"},
        {{"writer", "add", "etl"}, "--out"},
        {{"writer", "add", "--out", "x", "--role", "issuer"}, "NAME"},
        {{"writer", "add", "etl", "--out", "x"}, "--role is missing"},
        {{"writer", "add", "etl", "--out", "x", "--role", "boss"}, "write issuer, orchestrator"},
        {{"writer", "add", "etl", "--out", "x", "--role", "hop", "--role", "hop"}, "twice"},
        {{"writer", "rotate", "etl"}, "--drop-old"},
        {{"writer", "remove"}, "NAME"},
        {{"topics", "create"}, "--keys"},
        {{"topics", "create", "--keys", "x", "--coordinator", ""}, "1 to 256 bytes"},
        {{"topics", "create", "--keys", "x", "--coordinator", "c\n1"}, "no control characters"},
        {{"topics", "create", "--keys", "x", "--coordinator", "c1", "--coordinator", "c1"}, "twice"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cli_process_run(&(const struct cli_run){cases[i].arguments, dead_broker, NULL, NULL}, &process);
        if (process.status != 2 || strstr(process.err, cases[i].says) == NULL) {
            fail_msg("case %zu: %d: %s", i, process.status, process.err);
        }
    }
    CLI(&process, dead_broker, "writer", "list", "--timeout", "300ms");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "coordinator.master_file"));
    CLI(&process, dead_broker, "task", "end", WORLD_SESSION, "x", "--timeout", "300ms");
    assert_int_equal(process.status, 1);
    assert_non_null(strstr(process.err, "--key-file"));
}

/* Control with its genesis, and a writer of the test's. */
static void fill(struct memory_bus *memory)
{
    static const int32_t role = CURFEW_ROLE_ORCHESTRATOR;
    static uint8_t bytes[2048];
    const struct curfew_slice tenant = curfew_slice_of("acme");
    const struct curfew_event events[] = {{.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)},
                                          {.type = CURFEW_EVENT_WRITER_SET,
                                           .as.writer_set = {.name = curfew_slice_of("etl"),
                                                             .roles = {&role, 1},
                                                             .tenants = {&tenant, 1},
                                                             .epoch = 3,
                                                             .least_epoch = 2}}};
    struct curfew_log_place place = {.lane = 0};
    memcpy(place.log_id, world_genesis(0).log_id, sizeof place.log_id);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct curfew_event event = events[i];
        uint8_t mac[CURFEW_MAC_SIZE];
        size_t size = 0;
        event.as.session_ended.writer = curfew_slice_of("tester");
        event.as.session_ended.said_us = memory->now_us;
        assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
        author_prove_event(&event, &place, (struct curfew_slice){bytes, size}, mac);
        (void)memory_bus_append(memory, CURFEW_TOPIC_CONTROL, 0, (struct curfew_slice){bytes, size},
                                (struct curfew_slice){mac, sizeof mac});
    }
}

static void a_replay_knows_what_a_coordinator_knows(void **state)
{
    /* Goal: writers as the log has them, by the real step; another master is told, not believed. */
    static const uint8_t other[CURFEW_MASTER_SIZE] = {9};
    const uint8_t *masters[] = {author_master, other};
    struct curfew_error error;
    (void)state;
    assert_int_equal(curfew_codec_init(NULL), CURFEW_OK);
    for (int i = 0; i < 2; i++) {
        struct memory_bus *memory = memory_bus_make();
        memory->now_us = WORLD_T0;
        fill(memory);
        struct curfew_control *control = curfew_control_create(masters[i]);
        struct curfew_lane *lane = curfew_lane_create(0, 2, control);
        const enum curfew_status status =
            curfew_replay_lane(&memory->bus, 0, lane, curfew_clock_now().boot_us + SOON_US, &error);
        if (i == 0) {
            assert_int_equal(status, CURFEW_OK);
            const struct curfew_writer *etl = curfew_writers_find(curfew_lane_writers(lane), curfew_slice_of("etl"));
            assert_non_null(etl);
            assert_int_equal(etl->right->epoch, 3);
            assert_int_equal(etl->right->least_epoch, 2);
            assert_true(curfew_right_has_tenant(etl->right, curfew_slice_of("acme")));
        } else {
            assert_int_equal(status, CURFEW_INVALID);
            assert_non_null(strstr(error.text, "another master key"));
        }
        curfew_lane_destroy(lane);
        curfew_control_destroy(control);
        memory_bus_end(memory);
    }
}

static void a_replay_ends_in_time(void **state)
{
    /* Goal: a broker that does not say where the end is is not waited for for ever, and what helps is said. */
    struct curfew_error error;
    struct memory_bus *memory = memory_bus_make();
    (void)state;
    memory->held[CURFEW_TOPIC_CONTROL] = true;
    struct curfew_control *control = curfew_control_create(author_master);
    struct curfew_lane *lane = curfew_lane_create(0, 2, control);
    assert_int_equal(curfew_replay_lane(&memory->bus, 0, lane, curfew_clock_now().boot_us + 20000, &error),
                     CURFEW_TIMEOUT);
    assert_non_null(strstr(error.text, "after 0 records"));
    assert_non_null(strstr(error.text, "--timeout 5m"));
    curfew_lane_destroy(lane);
    curfew_control_destroy(control);
    memory_bus_end(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secrets_are_made_once_and_private, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(a_directory_of_somebody_else_is_refused, make_directory, remove_directory),
        cmocka_unit_test_setup_teardown(key_files_that_are_none_are_told, make_directory, remove_directory),
        cmocka_unit_test(wrong_use_says_what_to_write),
        cmocka_unit_test(a_replay_knows_what_a_coordinator_knows),
        cmocka_unit_test(a_replay_ends_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
