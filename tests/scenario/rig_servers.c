/* rig_servers: starts Kafka, Redis, coordinators and guards for a rig. */
#include "tests/scenario/rig_memory.h"
#include "tests/scenario/rig_state.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRESS "127.0.0.1"
#define PORT_FIRST 10240
#define PORT_LAST 32767 /* below the ports that clients are given, so that a restart finds its port free */
#define PORT_TRIES 1000
#define START_TRIES 3 /* with other ports each time: somebody may have been quicker on one */

const char rig_command[] = RIG_CURFEW;
const char rig_source[] = RIG_SOURCE;

static bool port_is_free(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int yes = 1;
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (sock < 0)
        fail_msg("making a socket: %s", strerror(errno));
    (void)inet_pton(AF_INET, ADDRESS, &address.sin_addr);
    (void)setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    bool is_free = bind(sock, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(sock, 1) == 0;
    close(sock);
    return is_free;
}

int rig_port(void)
{
    for (int try = 0; try < PORT_TRIES; try++) {
        uint32_t random = 0;
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            fail_msg("getting randomness: %s", strerror(errno));
        int port = PORT_FIRST + (int)(random % (PORT_LAST - PORT_FIRST + 1));
        if (port_is_free(port))
            return port;
    }
    fail_msg("no free port between %d and %d of " ADDRESS, PORT_FIRST, PORT_LAST);
    return 0;
}

/* A process of the rig, with its log in the rig's directory; not started. */
static struct rig_process *add(struct rig *rig, const char *name, const char *const *argv)
{
    if (rig->processes == RIG_PROCESSES_MAX)
        fail_msg("more than %d processes in one rig", RIG_PROCESSES_MAX);
    struct rig_process *process = rig_process_create(&(struct rig_launch){
        .name = name,
        .argv = argv,
        .environment = (const char *const *)rig->environment,
        .output = rig_text(rig, "%s/%s.log", rig->directory, name),
    });
    rig->process[rig->processes++] = process;
    return process;
}

/* The value of a line "name=value" that a script printed. */
static const char *said(struct rig *rig, const struct rig_output *output, const char *name)
{
    const char *line = output->out;
    size_t length = strlen(name);

    while (line != NULL && (strncmp(line, name, length) != 0 || line[length] != '=')) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    if (output->status != 0 || line == NULL)
        fail_msg("no %s= (status %d) in \"%s\", \"%s\"", name, output->status, output->out, output->err);
    line += length + 1;
    return rig_text(rig, "%.*s", (int)strcspn(line, "\n"), line);
}

struct awaited {
    struct rig *rig;
    struct rig_process *process;
};

/* Whether a server answers; also true when it has ended, since waiting longer is no use then. */
static bool kafka_answers(void *context)
{
    struct awaited *awaited = context;
    const char *address = rig_process_address(awaited->process);

    if (!rig_process_running(awaited->process))
        return true;
    struct rig_output output =
        rig_run(awaited->rig, NULL, (const char *const[]){"kcat", "-L", "-b", address, "-m", "2", NULL});
    return output.status == 0 && strstr(output.out, " 1 brokers") != NULL;
}

static bool redis_answers(void *context)
{
    struct awaited *awaited = context;
    const char *port = strchr(rig_process_address(awaited->process), ':') + 1;

    if (!rig_process_running(awaited->process))
        return true;
    struct rig_output output =
        rig_run(awaited->rig, NULL, (const char *const[]){"redis-cli", "-h", ADDRESS, "-p", port, "ping", NULL});
    return strcmp(output.out, "PONG\n") == 0;
}

static bool service_ready(void *context)
{
    struct awaited *awaited = context;

    return !rig_process_running(awaited->process) ||
           rig_get(awaited->rig, awaited->process, "/readyz", NULL).status == 200;
}

static void await(struct awaited awaited, bool (*answers)(void *context))
{
    rig_until(answers, &awaited, RIG_START_MS, rig_text(awaited.rig, "%s answers", rig_process_name(awaited.process)));
    if (!rig_process_running(awaited.process))
        fail_msg("%s has ended with status %d instead of answering", rig_process_name(awaited.process),
                 rig_process_wait(awaited.process, 0));
}

void rig_await_kafka(struct rig *rig)
{
    await((struct awaited){rig, rig->kafka}, kafka_answers);
}

void rig_await_redis(struct rig *rig, struct rig_process *redis)
{
    await((struct awaited){rig, redis}, redis_answers);
}

void rig_await_ready(struct rig *rig, struct rig_process *service)
{
    await((struct awaited){rig, service}, service_ready);
}

/* Prepares a server with deploy/lib/<script> and starts it; with other ports when these were taken meanwhile. */
static struct rig_process *start_server(struct rig *rig, const char *name, const char *const *prepare,
                                        bool (*answers)(void *context))
{
    const char *script = prepare[0];
    const char *directory = prepare[2];
    struct awaited awaited = {rig, NULL};

    for (int try = 0; try < START_TRIES; try++) {
        rig_remove_tree(directory);
        struct rig_output prepared = rig_run(rig, NULL, prepare);
        const char *address = said(rig, &prepared, "address");
        if (awaited.process == NULL)
            awaited.process = add(rig, name, (const char *const[]){script, "run", directory, NULL});
        rig_process_set_address(awaited.process, address);
        rig_process_start(awaited.process);
        if (rig_comes(answers, &awaited, RIG_START_MS) && rig_process_running(awaited.process))
            return awaited.process;
        rig_process_kill(awaited.process);
    }
    fail_msg("%s did not start in %d tries; its log is below", name, START_TRIES);
    return NULL;
}

struct rig_process *rig_kafka(struct rig *rig)
{
    if (rig->kafka == NULL) {
        const char *prepare[] = {RIG_SOURCE "/deploy/lib/kafka.sh", "prepare",
                                 rig_text(rig, "%s/kafka", rig->directory), NULL};
        rig->kafka = start_server(rig, "kafka", prepare, kafka_answers);
        rig_set(rig, "CURFEW_KAFKA_BOOTSTRAP_SERVERS", rig_process_address(rig->kafka));
    }
    return rig->kafka;
}

struct rig_process *rig_redis(struct rig *rig, const char *name, bool persist)
{
    const char *prepare[] = {RIG_SOURCE "/deploy/lib/redis.sh", "prepare", rig_text(rig, "%s/%s", rig->directory, name),
                             persist ? "persist" : NULL, NULL};

    return start_server(rig, name, prepare, redis_answers);
}

void rig_config(struct rig *rig, const char *path)
{
    rig->config = path;
    rig_set(rig, "CURFEW_CONFIG", path); /* of commands alone */
}

/* A service of ours: program, its name and address as settings, and the test's. */
static struct rig_process *start_service(struct rig *rig, const char *name, const char *const *own,
                                         const char *const *settings)
{
    const char *argv[RIG_ARGUMENTS_MAX + 1] = {own[0]};
    const char *address = rig_text(rig, ADDRESS ":%d", rig_port());
    size_t count = 1;

    if (rig->config != NULL) {
        argv[count++] = "--config";
        argv[count++] = rig->config;
    }
    argv[count++] = "--set";
    argv[count++] = rig_text(rig, "%s=%s", own[1], name);
    argv[count++] = "--set";
    argv[count++] = rig_text(rig, "%s=%s", own[2], address);
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++) {
        if (i == RIG_SETTINGS_MAX)
            fail_msg("%s: more than %d settings", name, RIG_SETTINGS_MAX);
        argv[count++] = "--set";
        argv[count++] = settings[i];
    }
    struct rig_process *process = add(rig, name, argv);
    rig_process_set_address(process, address);
    rig_process_start(process);
    return process;
}

struct rig_process *rig_coordinator(struct rig *rig, const char *name, const char *const *settings)
{
    const char *own[] = {RIG_COORDINATOR, "coordinator.id", "coordinator.listen"};

    return start_service(rig, name, own, settings);
}

struct rig_process *rig_guard(struct rig *rig, const char *name, const char *const *settings)
{
    const char *own[] = {RIG_GUARD, "hop.id", "guard.listen"};

    return start_service(rig, name, own, settings);
}

struct rig_process *rig_background(struct rig *rig, const char *name, const char *const *argv)
{
    struct rig_process *process = add(rig, name, argv);

    rig_process_start(process);
    return process;
}
