/* rig: what a scenario test stands on. rig_servers.c starts what it is made of. */
#include "tests/scenario/rig.h"
#include "tests/scenario/rig_memory.h"
#include "tests/scenario/rig_state.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OURS "CURFEW_"

extern char **environ;

/* rig_main's, for the fixtures: cmocka hands them nothing. */
static const char *main_name;
static struct rig *main_rig;

static void copy_environment(struct rig *rig)
{
    for (char **variable = environ; *variable != NULL; variable++)
        if (strncmp(*variable, OURS, strlen(OURS)) != 0 && rig->variables < RIG_VARIABLES_MAX)
            rig->environment[rig->variables++] = rig_copy(*variable);
}

struct rig *rig_create(const char *name)
{
    struct rig *rig = rig_allocate(sizeof(*rig));
    const char *parent = getenv("TMPDIR");

    /* What a server leaves behind comes to us, and rig_destroy sees it. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        fail_msg("becoming the reaper of orphans: %s", strerror(errno));
    rig->directory = rig_format("%s/curfew-%s-XXXXXX", parent == NULL || parent[0] == '\0' ? "/tmp" : parent, name);
    if (mkdtemp(rig->directory) == NULL)
        fail_msg("making %s: %s", rig->directory, strerror(errno));
    copy_environment(rig);
    rig->http = rig_http_create();
    return rig;
}

/* Kills and waits for each child that is left; how many there were. */
static int kill_children(void)
{
    char *path = rig_format("/proc/self/task/%d/children", (int)getpid());
    char *pids = rig_read_file(path);
    int count = 0;

    fprintf(stderr, "rig: left running by what was started here, killed now: %s\n", pids);
    for (char *rest = NULL, *pid = strtok_r(pids, " ", &rest); pid != NULL; pid = strtok_r(NULL, " ", &rest)) {
        count++;
        (void)kill((pid_t)strtol(pid, NULL, 10), SIGKILL);
        (void)waitpid((pid_t)strtol(pid, NULL, 10), NULL, 0);
    }
    free(pids);
    free(path);
    return count;
}

/* Everything ended and waited for; then any child there is was started by one of them and forgotten. */
static int end_processes(struct rig *rig)
{
    int left = 0;

    for (size_t i = 0; i < rig->processes; i++)
        rig_process_kill(rig->process[i]);
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0)
            return left; /* ECHILD: nobody */
        if (info.si_pid != 0)
            continue;
        int killed = kill_children();
        left += killed;
        if (killed == 0) /* a kernel that does not list them */
            return left + 1;
    }
}

int rig_destroy(struct rig *rig)
{
    if (rig == NULL)
        return 0;
    int left = end_processes(rig);
    for (size_t i = 0; i < rig->processes; i++)
        rig_process_destroy(rig->process[i]);
    rig_http_destroy(rig->http);
    for (size_t i = 0; i < rig->variables; i++)
        free(rig->environment[i]);
    while (rig->texts != NULL) {
        struct rig_kept *kept = rig->texts;
        rig->texts = kept->next;
        free(kept->text);
        free(kept);
    }
    if (getenv("RIG_KEEP") == NULL)
        rig_remove_tree(rig->directory);
    else
        fprintf(stderr, "rig: kept %s\n", rig->directory);
    free(rig->directory);
    free(rig);
    return left;
}

const char *rig_directory(const struct rig *rig)
{
    return rig->directory;
}

const char *rig_keep(struct rig *rig, char *text)
{
    struct rig_kept *kept = rig_allocate(sizeof(*kept));

    kept->text = text;
    kept->next = rig->texts;
    rig->texts = kept;
    return text;
}

const char *rig_text(struct rig *rig, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    return rig_keep(rig, text);
}

void rig_set(struct rig *rig, const char *name, const char *value)
{
    size_t length = strlen(name);
    size_t at = 0;

    /* A process that runs keeps what it was given; one that is started again gets what is set then. */
    while (at < rig->variables &&
           (strncmp(rig->environment[at], name, length) != 0 || rig->environment[at][length] != '='))
        at++;
    if (at == RIG_VARIABLES_MAX)
        fail_msg("more than %d variables in the environment", RIG_VARIABLES_MAX);
    free(rig->environment[at]);
    rig->environment[at] = value == NULL ? NULL : rig_format("%s=%s", name, value);
    if (value != NULL && at == rig->variables)
        rig->variables++;
    if (value == NULL && at < rig->variables) {
        rig->environment[at] = rig->environment[--rig->variables];
        rig->environment[rig->variables] = NULL;
    }
}

const char *rig_new_topics(struct rig *rig)
{
    const char *prefix = rig_text(rig, "curfew-%d", ++rig->prefixes);

    rig_set(rig, "CURFEW_TOPICS_PREFIX", prefix);
    return prefix;
}

struct rig_output rig_run(struct rig *rig, const char *input, const char *const *argv)
{
    int number = ++rig->commands;
    struct rig_output output = {0};
    const char *in = rig_text(rig, "%s/%d.in", rig->directory, number);
    const char *out = rig_text(rig, "%s/%d.out", rig->directory, number);
    const char *err = rig_text(rig, "%s/%d.err", rig->directory, number);

    if (input != NULL)
        rig_write_file(in, input);
    struct rig_process *process = rig_process_create(&(struct rig_launch){
        .name = argv[0],
        .argv = argv,
        .environment = (const char *const *)rig->environment,
        .input = input == NULL ? NULL : in,
        .output = out,
        .errors = err,
    });
    rig_process_start(process);
    output.status = rig_process_wait(process, RIG_COMMAND_MS);
    rig_process_destroy(process);
    output.out = rig_keep(rig, rig_read_file(out));
    output.err = rig_keep(rig, rig_read_file(err));
    (void)unlink(in);
    if (!rig->outputs_kept) {
        (void)unlink(out);
        (void)unlink(err);
    }
    return output;
}

void rig_keep_outputs(struct rig *rig)
{
    rig->outputs_kept = true;
}

struct rig_response rig_http(struct rig *rig, const struct rig_request *request)
{
    return rig_http_ask(rig->http, request);
}

struct rig_response rig_get(struct rig *rig, const struct rig_process *service, const char *path,
                            const char *const *headers)
{
    char *url = rig_format("http://%s%s", rig_process_address(service), path);
    struct rig_response response = rig_http_ask(rig->http, &(struct rig_request){.url = url, .headers = headers});

    free(url);
    return response;
}

int64_t rig_now_us(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        abort();
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

bool rig_comes(bool (*holds)(void *context), void *context, int timeout_ms)
{
    int64_t deadline = rig_now_us() + (int64_t)timeout_ms * 1000;
    const struct timespec pause = {.tv_nsec = RIG_POLL_MS * 1000000};

    while (!holds(context)) {
        if (rig_now_us() >= deadline)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

void rig_until(bool (*holds)(void *context), void *context, int timeout_ms, const char *what)
{
    if (!rig_comes(holds, context, timeout_ms))
        fail_msg("not within %d ms: %s", timeout_ms, what);
}

static int set_up(void **state)
{
    main_rig = rig_create(main_name);
    *state = main_rig;
    return 0;
}

int rig_main(const char *name, const struct CMUnitTest *tests, size_t count)
{
    main_name = name;
    int failed = _cmocka_run_group_tests(name, tests, count, set_up, NULL);
    if (failed != 0 && main_rig != NULL)
        for (size_t i = 0; i < main_rig->processes; i++)
            rig_process_print(main_rig->process[i], stderr);
    return rig_destroy(main_rig) > 0 && failed == 0 ? 1 : failed;
}
