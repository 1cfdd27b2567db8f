/* rig_test: the rig itself: what the other scenario tests rely on without looking. */
#include "tests/scenario/rig.h"
#include "tests/scenario/rig_memory.h"
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADMIN_MS 20000
#define SOON_MS 10000

#define RUN(rig, input, ...) rig_run((rig), (input), (const char *const[]){__VA_ARGS__, NULL})

static const char *bootstrap(struct rig *rig)
{
    return rig_process_address(rig_kafka(rig));
}

static void create_topic(struct rig *rig, const char *name)
{
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap(rig), text, sizeof(text)), 0);
    rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(client);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, 1, 1, text, sizeof(text));
    rd_kafka_CreateTopics(client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_MS);
    assert_non_null(event);
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    assert_int_equal(count, 1);
    assert_int_equal(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
}

static void produce(struct rig *rig, const char *topic, const char *lines)
{
    struct rig_output output = RUN(rig, lines, "kcat", "-P", "-b", bootstrap(rig), "-t", topic, "-X", "acks=all");

    assert_int_equal(output.status, 0);
}

static const char *consume(struct rig *rig, const char *topic)
{
    return RUN(rig, NULL, "kcat", "-C", "-q", "-e", "-b", bootstrap(rig), "-t", topic, "-o", "beginning").out;
}

static bool kafka_lists(struct rig *rig, const char *topic)
{
    struct rig_output output = RUN(rig, NULL, "kcat", "-L", "-b", bootstrap(rig), "-m", "2");

    return output.status == 0 && strstr(output.out, rig_text(rig, "topic \"%s\"", topic)) != NULL;
}

static const char *redis(struct rig *rig, struct rig_process *process, const char *command)
{
    const char *port = strchr(rig_process_address(process), ':') + 1;

    return RUN(rig, command, "redis-cli", "-p", port).out;
}

static void kafka_starts_and_its_topics_can_be_listed(void **state)
{
    /* Goal: a real broker answers on the address that children are given, and topics made on it are seen by kcat. */
    struct rig *rig = *state;

    create_topic(rig, "listed");
    assert_true(kafka_lists(rig, "listed"));
    assert_false(kafka_lists(rig, "never-made"));
    struct rig_output output = RUN(rig, NULL, "sh", "-c", "echo $CURFEW_KAFKA_BOOTSTRAP_SERVERS");
    assert_string_equal(output.out, rig_text(rig, "%s\n", bootstrap(rig)));
}

static void a_stopped_kafka_is_silent_and_goes_on_where_it_was(void **state)
{
    /* Goal: SIGSTOP silences the broker without ending it, SIGCONT brings it back with what it held. */
    struct rig *rig = *state;

    create_topic(rig, "stopped");
    produce(rig, "stopped", "before\n");
    rig_process_signal(rig_kafka(rig), SIGSTOP);
    assert_false(kafka_lists(rig, "stopped"));
    assert_true(rig_process_running(rig_kafka(rig)));
    rig_process_signal(rig_kafka(rig), SIGCONT);
    rig_await_kafka(rig);
    produce(rig, "stopped", "after\n");
    assert_string_equal(consume(rig, "stopped"), "before\nafter\n");
    rig_process_signal(rig_kafka(rig), SIGSTOP);
    assert_false(kafka_lists(rig, "stopped"));
    rig_process_signal(rig_kafka(rig), SIGCONT);
    rig_await_kafka(rig);
}

static void a_killed_kafka_comes_back_with_its_data_and_address(void **state)
{
    /* Goal: kill -9 and a start keep topics, records and address. */
    struct rig *rig = *state;
    const char *address = rig_text(rig, "%s", bootstrap(rig));

    create_topic(rig, "killed");
    produce(rig, "killed", "one\ntwo\n");
    rig_process_kill(rig_kafka(rig));
    assert_false(rig_process_running(rig_kafka(rig)));
    assert_false(kafka_lists(rig, "killed"));
    rig_process_start(rig_kafka(rig));
    rig_await_kafka(rig);
    assert_string_equal(bootstrap(rig), address);
    produce(rig, "killed", "three\n");
    assert_string_equal(consume(rig, "killed"), "one\ntwo\nthree\n");
}

static void redis_forgets_when_killed_unless_it_was_asked_to_persist(void **state)
{
    /* Goal: kill -9 and a start keep address and, with persist alone, the data. */
    struct rig *rig = *state;

    for (int persist = 0; persist <= 1; persist++) {
        struct rig_process *process = rig_redis(rig, persist ? "redis-kept" : "redis-plain", persist);
        const char *address = rig_text(rig, "%s", rig_process_address(process));
        assert_string_equal(redis(rig, process, "SET colour blue\n"), "OK\n");
        rig_process_signal(process, SIGSTOP);
        rig_process_signal(process, SIGCONT);
        assert_string_equal(redis(rig, process, "GET colour\n"), "blue\n");
        rig_process_kill(process);
        assert_string_equal(redis(rig, process, "GET colour\n"), "");
        rig_process_start(process);
        rig_await_redis(rig, process);
        assert_string_equal(rig_process_address(process), address);
        assert_string_equal(redis(rig, process, "GET colour\n"), persist ? "blue\n" : "\n");
        rig_process_kill(process);
    }
}

static void a_command_is_run_with_its_input_and_both_outputs(void **state)
{
    /* Goal: status, standard output and standard error come back apart, whichever way a command ends. */
    struct rig *rig = *state;

    struct rig_output output = RUN(rig, "hello\n", "sh", "-c", "cat; echo oops >&2; exit 3");
    assert_int_equal(output.status, 3);
    assert_string_equal(output.out, "hello\n");
    assert_string_equal(output.err, "oops\n");
    assert_int_equal(RUN(rig, NULL, "sh", "-c", "kill -TERM $$").status, 128 + SIGTERM);
    output = RUN(rig, NULL, "no-such-program-anywhere");
    assert_int_equal(output.status, 127);
    assert_non_null(strstr(output.err, "no-such-program-anywhere: cannot be run"));
}

static void children_get_the_environment_of_the_rig_alone(void **state)
{
    /* Goal: settings of whoever runs the tests do not leak in; the rig's are set, replaced and removed. */
    struct rig *rig = *state;
    const char *show = "echo ${CURFEW_A-none} ${CURFEW_B-none} ${CURFEW_OUTSIDE-none}";

    assert_string_equal(RUN(rig, NULL, "sh", "-c", show).out, "none none none\n");
    rig_set(rig, "CURFEW_A", "1");
    rig_set(rig, "CURFEW_B", "2");
    rig_set(rig, "CURFEW_A", "3");
    assert_string_equal(RUN(rig, NULL, "sh", "-c", show).out, "3 2 none\n");
    rig_set(rig, "CURFEW_A", NULL);
    rig_set(rig, "CURFEW_NEVER", NULL);
    assert_string_equal(RUN(rig, NULL, "sh", "-c", show).out, "none 2 none\n");
    rig_set(rig, "CURFEW_B", NULL);
    const char *first = rig_new_topics(rig);
    assert_string_not_equal(first, rig_new_topics(rig));
}

struct asked {
    struct rig *rig;
    struct rig_process *service;
};

static bool lives(void *context)
{
    struct asked *asked = context;

    return rig_get(asked->rig, asked->service, "/livez", NULL).status == 200;
}

static void a_service_is_asked_over_http(void **state)
{
    /* Goal: a service lives on its port without a broker, says that it is not ready, and ends on SIGTERM. */
    struct rig *rig = *state;
    const char *nowhere = rig_text(rig, "kafka.bootstrap.servers=127.0.0.1:%d", rig_port());
    const char *settings[] = {nowhere, NULL};

    rig_secrets(rig, "alone");
    struct rig_process *service = rig_coordinator(rig, "rig-coordinator", settings);
    rig_until(lives, &(struct asked){rig, service}, SOON_MS, "the coordinator answers on its port");
    assert_int_equal(rig_get(rig, service, "/readyz", NULL).status, 503);
    assert_int_equal(rig_get(rig, service, "/no/such/path", NULL).status, 404);
    rig_process_signal(service, SIGTERM);
    assert_int_equal(rig_process_wait(service, RIG_END_MS), 0);
    struct rig_response response = rig_get(rig, service, "/livez", NULL);
    assert_int_equal(response.status, 0);
    assert_non_null(strstr(response.body, "connect"));
}

static bool never(void *context)
{
    (*(int *)context)++;
    return false;
}

static bool on_the_third_look(void *context)
{
    return ++*(int *)context == 3;
}

static void waiting_ends_with_the_condition_or_the_time(void **state)
{
    /* Goal: a condition is looked at until it holds, and no longer than the time given. */
    int looks = 0;

    (void)state;
    assert_true(rig_comes(on_the_third_look, &looks, SOON_MS));
    assert_int_equal(looks, 3);
    looks = 0;
    int64_t start = rig_now_us();
    assert_false(rig_comes(never, &looks, 100));
    assert_in_range(rig_now_us() - start, 100 * 1000, SOON_MS * 1000);
    assert_in_range(looks, 2, 100 / RIG_POLL_MS + 2);
}

/* A child of this process that is not the rig's: whether it is gone. Takes it if it has ended. */
static bool gone(void *context)
{
    pid_t pid = *(pid_t *)context;

    return waitpid(pid, NULL, WNOHANG) == pid || (kill(pid, 0) != 0 && errno == ESRCH);
}

/* Forks a test program of its own. In the child it never returns. */
static pid_t fork_program(void (*program)(int pipe), int *from)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        program(ends[1]);
        _exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    *from = ends[0];
    return pid;
}

static void start_redis_and_wait_to_be_killed(int pipe)
{
    struct rig *rig = rig_create("killed");
    pid_t pid = rig_process_pid(rig_redis(rig, "redis", false));
    char directory[512] = "";

    strncpy(directory, rig_directory(rig), sizeof(directory) - 1);
    if (write(pipe, &pid, sizeof(pid)) != sizeof(pid) || write(pipe, directory, sizeof(directory)) < 0)
        _exit(EXIT_FAILURE);
    for (;;)
        pause();
}

static void a_killed_test_program_leaves_no_server_behind(void **state)
{
    /* Goal: kill -9 of the program that holds a rig ends its servers too. */
    pid_t server = 0;
    char directory[512] = "";
    int from = -1;

    (void)state;
    pid_t program = fork_program(start_redis_and_wait_to_be_killed, &from);
    assert_int_equal(read(from, &server, sizeof(server)), sizeof(server));
    assert_int_equal(read(from, directory, sizeof(directory)), sizeof(directory));
    assert_int_equal(kill(server, 0), 0);
    assert_int_equal(kill(program, SIGKILL), 0);
    assert_int_equal(waitpid(program, NULL, 0), program);
    rig_until(gone, &server, SOON_MS, "the server ends with its test program");
    close(from);
    rig_remove_tree(directory);
}

static void forget_a_process(int pipe)
{
    struct rig *rig = rig_create("forgetful");

    (void)freopen("/dev/null", "w", stderr);
    (void)RUN(rig, NULL, "sh", "-c", "sleep 1000 & sleep 1000 &");
    int left = rig_destroy(rig);
    if (write(pipe, &left, sizeof(left)) != sizeof(left))
        _exit(EXIT_FAILURE);
}

static void processes_that_were_forgotten_are_found_and_ended(void **state)
{
    /* Goal: what a command leaves running is a failure, and does not run on. */
    int left = 0;
    int from = -1;

    (void)state;
    pid_t program = fork_program(forget_a_process, &from);
    assert_int_equal(read(from, &left, sizeof(left)), sizeof(left));
    assert_int_equal(left, 2);
    assert_int_equal(waitpid(program, NULL, 0), program);
    close(from);
}

static void servers_of_a_shell_script_end_with_it(void **state)
{
    /* Goal: deploy/lib ties a server to the script that started it: killed with -9, it takes the server along. */
    struct rig *rig = *state;
    struct rig_output output = RUN(rig, NULL, "bash", "-c",
                                   "source $0/deploy/lib/redis.sh && redis_start \"$1\" && echo $REDIS_PID && "
                                   "[[ $(redis-cli -s \"$REDIS_SOCKET\" ping) == PONG ]] && kill -KILL $$",
                                   rig_source, rig_text(rig, "%s/tied", rig_directory(rig)));

    assert_string_equal(output.err, "");
    assert_int_equal(output.status, 128 + SIGKILL);
    pid_t server = (pid_t)strtol(output.out, NULL, 10);
    assert_true(server > 1);
    rig_until(gone, &server, SOON_MS, "the server ends with its script");
}

static void what_is_needed_is_named(void **state)
{
    /* Goal: deploy/lib/need.sh finds everything here (the tests run), and refuses a list it does not know. */
    struct rig *rig = *state;
    const char *script = rig_text(rig, "%s/deploy/lib/need.sh", rig_source);

    struct rig_output output = RUN(rig, NULL, script, "build", "test");
    assert_int_equal(output.status, 0);
    assert_non_null(strstr(output.out, "everything for 'build test' is installed"));
    output = RUN(rig, NULL, script, "build", "everything");
    assert_int_equal(output.status, 2);
    assert_non_null(strstr(output.err, "no list is named 'everything'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_run_with_its_input_and_both_outputs),
        cmocka_unit_test(children_get_the_environment_of_the_rig_alone),
        cmocka_unit_test(waiting_ends_with_the_condition_or_the_time),
        cmocka_unit_test(what_is_needed_is_named),
        cmocka_unit_test(servers_of_a_shell_script_end_with_it),
        cmocka_unit_test(processes_that_were_forgotten_are_found_and_ended),
        cmocka_unit_test(a_killed_test_program_leaves_no_server_behind),
        cmocka_unit_test(redis_forgets_when_killed_unless_it_was_asked_to_persist),
        cmocka_unit_test(kafka_starts_and_its_topics_can_be_listed),
        cmocka_unit_test(a_stopped_kafka_is_silent_and_goes_on_where_it_was),
        cmocka_unit_test(a_killed_kafka_comes_back_with_its_data_and_address),
        cmocka_unit_test(a_service_is_asked_over_http),
    };

    if (setenv("CURFEW_OUTSIDE", "leaked", 1) != 0)
        return EXIT_FAILURE;
    return rig_main("rig", tests, sizeof(tests) / sizeof(tests[0]));
}
