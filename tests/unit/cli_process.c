/* cli_process: runs the `curfew` command as a user would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli_process.h"
#include "core/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 40

/* A file in memory that holds `text`, to be read from its beginning. */
static int make_file(const char *name, const char *text)
{
    int descriptor = memfd_create(name, MFD_CLOEXEC);
    assert_true(descriptor >= 0);
    if (text != NULL)
        assert_int_equal(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(lseek(descriptor, 0, SEEK_SET), 0);
    return descriptor;
}

static void read_file(int descriptor, char *text)
{
    ssize_t size = pread(descriptor, text, CLI_OUTPUT_SIZE - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    close(descriptor);
}

static int await(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void cli_process_run(const struct cli_run *run, struct cli_process *process)
{
    static const char *const nothing[] = {NULL};
    const char *arguments[ARGUMENTS_MAX + 2] = {CURFEW_COMMAND};
    const char *const *environment = run->environment != NULL ? run->environment : nothing;
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    int in = make_file("in", run->input);
    int out = run->out_path == NULL ? make_file("out", NULL) : open(run->out_path, O_WRONLY | O_CLOEXEC);
    int err = make_file("err", NULL);

    assert_true(out >= 0);
    for (size_t i = 0; run->arguments[i] != NULL; i++) {
        assert_true(i < ARGUMENTS_MAX);
        arguments[i + 1] = run->arguments[i];
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    int64_t begin_us = curfew_clock_now().boot_us;
    int failed = posix_spawn(&child, CURFEW_COMMAND, &actions, NULL, (char *const *)(uintptr_t)arguments,
                             (char *const *)(uintptr_t)environment);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(failed, 0);
    process->status = await(child);
    process->took_ms = (long)((curfew_clock_now().boot_us - begin_us) / CURFEW_US_PER_MS);
    close(in);
    process->out[0] = '\0';
    if (run->out_path == NULL)
        read_file(out, process->out);
    else
        close(out);
    read_file(err, process->err);
}
