/* rig_process: one program that a scenario test runs. */
#include "tests/scenario/rig_process.h"
#include "tests/scenario/rig_memory.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define EXEC_FAILED 127 /* as a shell says it */
#define SIGNAL_BASE 128

struct rig_process {
    char *name;
    char *argv[RIG_ARGUMENTS_MAX + 1];
    const char *const *environment;
    char *input;
    char *output;
    char *errors;
    char *address;
    pid_t pid;
    int pidfd;
    int status;
};

struct rig_process *rig_process_create(const struct rig_launch *launch)
{
    struct rig_process *process = rig_allocate(sizeof(*process));
    size_t count = 0;

    process->name = rig_copy(launch->name);
    for (; launch->argv[count] != NULL; count++) {
        if (count == RIG_ARGUMENTS_MAX)
            fail_msg("%s: more than %d arguments", launch->name, RIG_ARGUMENTS_MAX);
        process->argv[count] = rig_copy(launch->argv[count]);
    }
    process->environment = launch->environment;
    process->input = rig_copy(launch->input == NULL ? "/dev/null" : launch->input);
    process->output = rig_copy(launch->output);
    process->errors = launch->errors == NULL ? NULL : rig_copy(launch->errors);
    process->pidfd = -1;
    return process;
}

void rig_process_destroy(struct rig_process *process)
{
    if (process == NULL)
        return;
    rig_process_kill(process);
    for (size_t i = 0; process->argv[i] != NULL; i++)
        free(process->argv[i]);
    free(process->name);
    free(process->input);
    free(process->output);
    free(process->errors);
    free(process->address);
    free(process);
}

static void redirect(const char *path, int flags, int to)
{
    int file = open(path, flags, 0600);

    if (file < 0 || dup2(file, to) < 0)
        _exit(EXEC_FAILED);
    if (file != to)
        close(file);
}

/* The child's side: nothing here may allocate or lock, and nothing returns. */
static _Noreturn void become(const struct rig_process *process, pid_t parent)
{
    /* The parent may have died before the kernel was told what to do then. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXEC_FAILED);
    redirect(process->input, O_RDONLY, STDIN_FILENO);
    redirect(process->output, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
    if (process->errors == NULL)
        dup2(STDOUT_FILENO, STDERR_FILENO);
    else
        redirect(process->errors, O_WRONLY | O_CREAT | O_APPEND, STDERR_FILENO);
    execvpe(process->argv[0], process->argv, (char *const *)process->environment);
    dprintf(STDERR_FILENO, "%s: cannot be run: %s\n", process->argv[0], strerror(errno));
    _exit(EXEC_FAILED);
}

void rig_process_start(struct rig_process *process)
{
    pid_t parent = getpid();

    if (rig_process_running(process))
        fail_msg("%s is running already", process->name);
    fflush(NULL); /* or the child would inherit what is not written yet */
    process->pid = fork();
    if (process->pid < 0)
        fail_msg("fork for %s: %s", process->name, strerror(errno));
    if (process->pid == 0)
        become(process, parent);
    process->pidfd = pidfd_open(process->pid, 0);
    if (process->pidfd < 0)
        fail_msg("pidfd_open for %s: %s", process->name, strerror(errno));
}

/* Takes the status of a process that has ended; false when it has not within `timeout_ms`. */
static bool reap(struct rig_process *process, int timeout_ms)
{
    struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
    siginfo_t info = {0};

    if (TEMP_FAILURE_RETRY(poll(&ended, 1, timeout_ms)) != 1)
        return false;
    if (TEMP_FAILURE_RETRY(waitid(P_PID, (id_t)process->pid, &info, WEXITED)) != 0)
        fail_msg("waiting for %s: %s", process->name, strerror(errno));
    process->status = info.si_code == CLD_EXITED ? info.si_status : SIGNAL_BASE + info.si_status;
    process->pid = 0;
    close(process->pidfd);
    process->pidfd = -1;
    return true;
}

bool rig_process_running(struct rig_process *process)
{
    return process->pid != 0 && !reap(process, 0);
}

pid_t rig_process_pid(const struct rig_process *process)
{
    return process->pid;
}

const char *rig_process_name(const struct rig_process *process)
{
    return process->name;
}

const char *rig_process_address(const struct rig_process *process)
{
    return process->address;
}

void rig_process_set_address(struct rig_process *process, const char *address)
{
    char *copy = rig_copy(address);

    free(process->address);
    process->address = copy;
}

void rig_process_signal(struct rig_process *process, int signal)
{
    siginfo_t info = {0};
    int change = signal == SIGSTOP ? WSTOPPED : signal == SIGCONT ? WCONTINUED : 0;

    if (!rig_process_running(process))
        fail_msg("%s was to get signal %d, but it has ended with status %d", process->name, signal, process->status);
    if (kill(process->pid, signal) != 0)
        fail_msg("signal %d to %s: %s", signal, process->name, strerror(errno));
    if (change == 0)
        return;
    /* Looks at an end too, and leaves it for reap(); a change is taken, or the next wait would see this one again. */
    if (TEMP_FAILURE_RETRY(waitid(P_PID, (id_t)process->pid, &info, change | WEXITED | WNOWAIT)) != 0)
        fail_msg("waiting until %s took signal %d: %s", process->name, signal, strerror(errno));
    (void)waitid(P_PID, (id_t)process->pid, &info, change | WNOHANG);
}

int rig_process_wait(struct rig_process *process, int timeout_ms)
{
    if (process->pid != 0 && !reap(process, timeout_ms))
        fail_msg("%s (pid %d) was to end within %d ms and did not", process->name, (int)process->pid, timeout_ms);
    return process->status;
}

void rig_process_kill(struct rig_process *process)
{
    if (!rig_process_running(process))
        return;
    rig_process_signal(process, SIGKILL);
    (void)rig_process_wait(process, RIG_END_MS);
}

void rig_process_print(struct rig_process *process, FILE *file)
{
    char *text = rig_read_file(process->output);
    char *start = text + strlen(text);
    int lines = -1; /* the first line break found ends the last line */

    for (; start > text; start--)
        if (start[-1] == '\n' && ++lines == RIG_TAIL_LINES)
            break;
    if (rig_process_running(process))
        fprintf(file, "---- %s (running), the end of %s\n%s", process->name, process->output, start);
    else
        fprintf(file, "---- %s (ended with %d), the end of %s\n%s", process->name, process->status, process->output,
                start);
    free(text);
}
