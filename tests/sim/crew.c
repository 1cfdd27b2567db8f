/* crew: one pipe for all workers; a message is small enough to be written whole. */
#include "tests/sim/crew.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
    int worker;
    bool done; /* false: it begins */
    uint64_t seed;
    struct sim_result result;
};
_Static_assert(sizeof(struct message) <= PIPE_BUF, "a message is written whole");

struct worker {
    pid_t pid;
    bool busy;
    uint64_t seed;
};

static void put(int pipe, const struct message *message)
{
    if (write(pipe, message, sizeof *message) != (ssize_t)sizeof *message) {
        _exit(1); /* nobody listens any more */
    }
}

static void live(const struct sim_crew_options *options, uint64_t seed, struct sim_result *result)
{
    struct sim_plan plan;
    sim_plan_of(seed, &plan);
    sim_world_run(&plan, options->stop_at_first, NULL, result);
    if (options->twice) {
        struct sim_result again;
        sim_world_run(&plan, options->stop_at_first, NULL, &again);
        if (again.hash != result->hash) {
            result->findings.violations++;
            (void)snprintf(result->findings.invariant, sizeof result->findings.invariant, "replay");
            (void)snprintf(result->findings.text, sizeof result->findings.text, "lived twice, it was two worlds");
        }
    }
    sim_plan_free(&plan);
}

static void work(const struct sim_crew_options *options, int number, int pipe)
{
    for (uint64_t i = (uint64_t)number; i < options->seeds; i += (uint64_t)options->jobs) {
        struct message message;
        memset(&message, 0, sizeof message);
        message.worker = number;
        message.seed = options->from + i;
        put(pipe, &message);
        live(options, message.seed, &message.result);
        message.done = true;
        put(pipe, &message);
        if (options->stop_at_first && message.result.findings.violations > 0) {
            break;
        }
    }
    exit(0); /* not at once: a build that counts what ran writes it down now */
}

static void died(struct worker *worker, int status,
                 void (*told)(void *context, uint64_t seed, const struct sim_result *result), void *context)
{
    struct sim_result result = {.findings = {.violations = 1}};
    (void)snprintf(result.findings.invariant, sizeof result.findings.invariant, "crash");
    (void)snprintf(result.findings.text, sizeof result.findings.text, "the world's process ended by %s %d",
                   WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : status);
    told(context, worker->seed, &result);
}

void sim_crew_run(const struct sim_crew_options *options,
                  void (*told)(void *context, uint64_t seed, const struct sim_result *result), void *context)
{
    int ends[2];
    struct worker *workers = calloc((size_t)options->jobs, sizeof *workers);
    if (workers == NULL || pipe(ends) != 0) {
        abort();
    }
    (void)fflush(NULL); /* what a worker inherited unsaid, it would say too */
    for (int i = 0; i < options->jobs; i++) {
        workers[i].pid = fork();
        if (workers[i].pid < 0) {
            abort();
        }
        if (workers[i].pid == 0) {
            (void)close(ends[0]);
            work(options, i, ends[1]);
        }
    }
    (void)close(ends[1]);
    struct message message;
    ssize_t got = 0;
    while ((got = read(ends[0], &message, sizeof message)) != 0) {
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got != (ssize_t)sizeof message) {
            abort();
        }
        workers[message.worker].busy = !message.done;
        workers[message.worker].seed = message.seed;
        if (message.done) {
            told(context, message.seed, &message.result);
        }
    }
    for (int i = 0; i < options->jobs; i++) {
        int status = 0;
        if (waitpid(workers[i].pid, &status, 0) == workers[i].pid && workers[i].busy) {
            died(&workers[i], status, told, context);
        }
    }
    (void)close(ends[0]);
    free(workers);
}
