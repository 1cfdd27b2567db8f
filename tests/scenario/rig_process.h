/* rig_process: one program that a scenario test runs: started, signalled, ended by pid, started again as it was.
 *
 * A process dies with the test, however the test ends: the kernel kills it when the thread that started it is gone. So
 * only the main thread starts processes. Whatever cannot be done fails the running test. */
#ifndef RIG_PROCESS_H
#define RIG_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define RIG_ARGUMENTS_MAX 64
#define RIG_END_MS 20000 /* what a process has to end after a signal */
#define RIG_TAIL_LINES 40 /* of a log, printed when a test fails */

struct rig_process;

/* How a program is started. Everything is copied. */
struct rig_launch {
    const char *name;
    const char *const *argv; /* NULL-ended; argv[0] is looked for on PATH */
    const char *const *environment; /* NULL-ended "NAME=value"; must outlive the process */
    const char *input; /* a file for standard input; NULL: /dev/null */
    const char *output; /* a file that standard output is added to */
    const char *errors; /* the same for standard error; NULL: with the output */
};

struct rig_process *rig_process_create(const struct rig_launch *launch);
/* Kills it if it runs. NULL is fine. */
void rig_process_destroy(struct rig_process *process);

/* Starts it, or starts it again, with the arguments it was made with. */
void rig_process_start(struct rig_process *process);
bool rig_process_running(struct rig_process *process);
pid_t rig_process_pid(const struct rig_process *process); /* 0: not running */
const char *rig_process_name(const struct rig_process *process);
/* Where it listens, "127.0.0.1:port"; NULL unless somebody said so. */
const char *rig_process_address(const struct rig_process *process);
void rig_process_set_address(struct rig_process *process, const char *address);

/* Sends a signal. SIGSTOP and SIGCONT return when the process has stopped or goes on. */
void rig_process_signal(struct rig_process *process, int signal);
/* Waits until it has ended by itself; its exit status, or 128 + the signal that ended it. */
int rig_process_wait(struct rig_process *process, int timeout_ms);
/* SIGKILL, and it is gone when this returns. Nothing when it does not run. */
void rig_process_kill(struct rig_process *process);

/* The last lines of its output. */
void rig_process_print(struct rig_process *process, FILE *file);

#endif
