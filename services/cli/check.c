/* check: `curfew check`: asks guards whether a token may go ahead, once or until they say what is waited for. */
#include "core/clock.h"
#include "services/cli/ask.h"
#include "services/cli/commands.h"
#include "services/cli/get.h"
#include "services/cli/input.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define GUARDS_MAX 64
#define PAUSE_NS 500000 /* between two questions to one guard with --until: how exact at_us is */

enum { KEY_GUARD = CURFEW_CLI_KEY(0), KEY_CLASS, KEY_FILE, KEY_UNTIL };

struct check {
    const char *guards[GUARDS_MAX];
    size_t count;
    const char *strictness; /* NULL: the guards' own */
    const char *file;
    enum curfew_decision until; /* 0: ask once */
    const struct curfew_cli *cli;
    struct curfew_slice token;
};

static const struct argp_option options[] = {
    {"guard", KEY_GUARD, "URL", 0, "a side-car, such as http://127.0.0.1:8600; several times", 0},
    {"class", KEY_CLASS, "strict|standard|best_effort", 0, "how fresh the proof must be (default: the guard's own)", 0},
    {"file", KEY_FILE, "FILE", 0, "where the token is (default -: standard input)", 0},
    {"until", KEY_UNTIL, "allow|deny|unavailable|not_valid", 0,
     "ask again and again until every guard says this, or --timeout", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

/* How the words of --until and of the output are called; "allow", "deny", … */
static bool parse_decision(const char *text, enum curfew_decision *decision)
{
    static const enum curfew_decision known[] = {CURFEW_ALLOW, CURFEW_DENY, CURFEW_NOT_VALID, CURFEW_UNAVAILABLE_NOW};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(text, curfew_decision_name(known[i])) == 0) {
            *decision = known[i];
            return true;
        }
    return false;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct check *check = state->input;
    enum curfew_class strictness;

    switch (key) {
    case KEY_GUARD:
        if (check->count == GUARDS_MAX)
            argp_error(state, "more than %d times --guard", GUARDS_MAX);
        check->guards[check->count++] = argument;
        return 0;
    case KEY_CLASS:
        if (curfew_class_parse(argument, &strictness) != CURFEW_OK)
            argp_error(state, "--class is \"%.32s\": write strict, standard or best_effort", argument);
        check->strictness = argument;
        return 0;
    case KEY_FILE:
        check->file = argument;
        return 0;
    case KEY_UNTIL:
        if (!parse_decision(argument, &check->until))
            argp_error(state, "--until is \"%.32s\": write allow, deny, unavailable or not_valid", argument);
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, check->guards[0], "--guard", "--guard http://127.0.0.1:8600");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax syntax = {
    .options = options,
    .parse = parse,
    .args = "",
    .help =
        "Asks guards whether a token may go ahead now, and prints a line for each: verdict, reason, age of the proof. "
        "With --until, asks all of them at once, again and again, and tells when each first said so (with --json: "
        "at_us, this machine's clock).\v"
        "Example:\n"
        "  curfew check --guard http://127.0.0.1:8600 --class strict --file token\n"
        "  curfew check --guard http://127.0.0.1:8600 --guard http://127.0.0.1:8601 \\\n"
        "      --class strict --until deny --timeout 5s --json < token\n\n"
        "Exit status: 0 every guard allows (with --until: every guard said it), 1 failed, 2 wrong usage, 4 one "
        "denies, 5 one is unavailable or was out of time, 6 the token is not valid.",
};

/* One guard's questions, on a thread of its own so that no guard waits for another. */
struct questioning {
    const struct check *check;
    const char *guard;
    pthread_t thread;
    bool started;
    bool answered; /* `answer` holds; otherwise `error` */
    struct curfew_answer answer;
    struct curfew_error error;
};

/* Asks until the verdict that is waited for; a guard that cannot be reached may yet come. */
static void ask_guard(struct questioning *self)
{
    const struct check *check = self->check;
    const struct curfew_ask_options ask_options = {self->guard, check->token, check->strictness};
    struct curfew_ask *ask = NULL;

    if (curfew_ask_create(&ask_options, &ask, &self->error) != CURFEW_OK)
        return;
    for (;;) {
        struct curfew_answer answer;
        enum curfew_status status = curfew_ask_send(ask, curfew_cli_left_ms(check->cli), &answer, &self->error);
        /* a question that the end of the time cut short says nothing: the answer before it stands */
        if (status != CURFEW_TIMEOUT || !self->answered) {
            self->answered = status == CURFEW_OK;
            self->answer = answer;
        }
        if (check->until == 0 || status == CURFEW_INVALID || curfew_cli_left_ms(check->cli) == 0)
            break;
        if (self->answered && self->answer.decision == check->until)
            break;
        const struct timespec pause = {.tv_nsec = PAUSE_NS};
        nanosleep(&pause, NULL);
    }
    curfew_ask_destroy(ask);
}

static void *run_thread(void *context)
{
    ask_guard(context);
    return NULL;
}

static int exit_of(const struct check *check, const struct questioning *self)
{
    if (!self->answered)
        return (int)curfew_report_exit(self->error.status);
    if (check->until != 0)
        return self->answer.decision == check->until ? CURFEW_EXIT_OK : CURFEW_EXIT_UNAVAILABLE;
    switch (self->answer.decision) {
    case CURFEW_ALLOW:
        return CURFEW_EXIT_OK;
    case CURFEW_DENY:
    case CURFEW_NEEDS_REAPPROVAL:
        return CURFEW_EXIT_DENIED;
    case CURFEW_UNAVAILABLE_NOW:
        return CURFEW_EXIT_UNAVAILABLE;
    case CURFEW_NOT_VALID:
        return CURFEW_EXIT_NOT_VALID;
    }
    return CURFEW_EXIT_FAILED;
}

/* Of two exit statuses, the one that tells more: a denial, then no answer, then no token, then a failure. */
static int worse(int a, int b)
{
    static const int order[] = {CURFEW_EXIT_DENIED, CURFEW_EXIT_UNAVAILABLE, CURFEW_EXIT_NOT_VALID, CURFEW_EXIT_FAILED};

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return CURFEW_EXIT_OK;
}

static int print_json(const struct questioning *self, int status)
{
    struct curfew_object *object = curfew_object_create();

    curfew_object_put_text(object, "guard", self->guard);
    curfew_object_put_text(object, "verdict", self->answered ? curfew_decision_name(self->answer.decision) : NULL);
    curfew_object_put_text(object, "reason", self->answered ? self->answer.reason : NULL);
    curfew_object_put_text(object, "kind", self->answered && self->answer.kind[0] != '\0' ? self->answer.kind : NULL);
    if (self->answered && self->answer.age_ms >= 0)
        curfew_object_put_int(object, "age_ms", self->answer.age_ms);
    else
        curfew_object_put_null(object, "age_ms");
    if (self->answer.at_us != 0)
        curfew_object_put_int(object, "at_us", self->answer.at_us);
    else
        curfew_object_put_null(object, "at_us");
    curfew_object_put_text(object, "error", self->answered ? NULL : self->error.text);
    return curfew_cli_print(object, status);
}

/* Prints one guard's answer; returns its exit status. */
static int report(const struct check *check, const struct questioning *self)
{
    int status = exit_of(check, self);

    if (!self->answered)
        curfew_cli_say("%s", self->error.text);
    else if (check->until != 0 && status != CURFEW_EXIT_OK)
        curfew_cli_say("%s did not say %s in time", self->guard, curfew_decision_name(check->until));
    if (check->cli->json)
        return print_json(self, status);
    if (!self->answered)
        return status;
    printf("%s %s %s", self->guard, curfew_decision_name(self->answer.decision), self->answer.reason);
    if (self->answer.kind[0] != '\0')
        printf(" (%s)", self->answer.kind);
    if (self->answer.age_ms >= 0)
        printf(" age %" PRId64 " ms", self->answer.age_ms);
    putchar('\n');
    return status;
}

static int ask_all(const struct check *check)
{
    static struct questioning questionings[GUARDS_MAX];
    int status = CURFEW_EXIT_OK;

    for (size_t i = 0; i < check->count; i++) {
        struct questioning *self = &questionings[i];
        self->check = check;
        self->guard = check->guards[i];
        self->started = pthread_create(&self->thread, NULL, run_thread, self) == 0;
        if (!self->started)
            (void)curfew_error_set(&self->error, CURFEW_NOMEM, "asking %.200s: no thread could be started",
                                   self->guard);
    }
    for (size_t i = 0; i < check->count; i++)
        if (questionings[i].started)
            pthread_join(questionings[i].thread, NULL);
    for (size_t i = 0; i < check->count; i++)
        status = worse(status, report(check, &questionings[i]));
    return status;
}

int curfew_check(struct curfew_cli *cli, int argc, char **argv)
{
    struct check check = {.file = "-", .cli = cli};
    struct curfew_error error;
    char *token = NULL;
    size_t size = 0;

    curfew_cli_parse(cli, &syntax, argc, argv, &check);
    if (curfew_input_token(check.file, &token, &size, &error) != CURFEW_OK || curfew_get_init(&error) != CURFEW_OK) {
        curfew_input_free(token, size);
        return curfew_cli_fail(&error);
    }
    check.token = (struct curfew_slice){(uint8_t *)token, size};
    curfew_cli_start(cli); /* not while standard input was waited for */
    int status = ask_all(&check);
    curfew_input_free(token, size);
    return status;
}
