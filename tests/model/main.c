/* main: the model's command line, and its lines of numbers. */
#include "core/log.h"
#include "schemas/codec.h"
#include "tests/model/explore.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

/* Everything at once is more than a minute holds, so the default is two rounds, each with another bound low; and a
 * third for a script that writes to the control lane, since two logs to interleave leave less room. */
static const struct model_bounds rounds[] = {{.events = 6, .crashes = 1}, {.events = 5, .ticks = 1}};
static const struct model_bounds control_rounds[] = {
    {.events = 6}, {.events = 1, .crashes = 1}, {.events = 1, .ticks = 1}};

static const char help[] =
    "curfew-model: every order in which two coordinators and two hops can act on a few events\n"
    "\n"
    "  curfew-model [--events N] [--ticks N] [--crashes N] [--script NAME] [--exact]\n"
    "\n"
    "  --events N    how many of a script's last events interleave, 1 to 6; those before are done with\n"
    "  --ticks N     how often each coordinator ticks on the way, 0 to %d\n"
    "  --crashes N   how often each coordinator dies, 0 to 3; hops boot at every moment in any case\n"
    "  --script NAME only this one\n"
    "  --exact       tell states apart by everything the coordinators were given: slower, and needs no argument\n"
    "\n"
    "It runs the real coordinators, feeds and guards, goes through every state once, and judges each. Exit status: 0\n"
    "when nothing broke a promise; 1 when something did, with the moves that lead there; 2 for wrong arguments.\n"
    "\n"
    "Without bounds it goes several rounds: all events with deaths, most events with ticks, fewer where events are on "
    "both\n"
    "logs. With a bound it goes one, in which those not given are 6 events, 0 ticks and 0 deaths.\n"
    "\n"
    "scripts:\n";

struct arguments {
    struct model_bounds bounds;
    bool bounded; /* one round, with these */
    const char *script;
};

static void print_help(void)
{
    printf(help, MODEL_STEPS_MAX);
    for (size_t i = 0; i < model_script_count(); i++) {
        const struct model_script *script = model_script_at(i);
        printf("  %-13s %s (%d events)%s\n", script->name, script->about, script->count,
               script->known ? "; known to break a promise, so only run by name" : "");
    }
}

static bool number(const char *text, int least, int most, int *value)
{
    char *end = NULL;
    const long read = strtol(text, &end, 10);
    if (end == text || *end != '\0' || read < least || read > most) {
        (void)fprintf(stderr, "curfew-model: '%s' is not a number from %d to %d; see --help\n", text, least, most);
        return false;
    }
    *value = (int)read;
    return true;
}

/* The exit status, or -1 to go on. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {{"events", required_argument, NULL, 'e'},
                                            {"ticks", required_argument, NULL, 't'},
                                            {"crashes", required_argument, NULL, 'c'},
                                            {"script", required_argument, NULL, 's'},
                                            {"exact", no_argument, NULL, 'x'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bool right = true;
    int option = 0;
    arguments->bounds = control_rounds[0];
    while (right && (option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'h') {
            print_help();
            return 0;
        }
        arguments->bounded = arguments->bounded || option != 's';
        if (option == 's') {
            arguments->script = optarg;
        } else if (option == 'x') {
            arguments->bounds.exact = true;
        } else if (option == 'e') {
            right = number(optarg, 1, MODEL_EVENTS_MAX, &arguments->bounds.events);
        } else if (option == 't') {
            right = number(optarg, 0, MODEL_STEPS_MAX, &arguments->bounds.ticks);
        } else {
            right = option == 'c' && number(optarg, 0, 3, &arguments->bounds.crashes);
        }
    }
    if (right && arguments->script != NULL && model_script_find(arguments->script) == NULL) {
        (void)fprintf(stderr, "curfew-model: there is no script '%s'; see --help\n", arguments->script);
        right = false;
    }
    return right && optind == argc ? -1 : 2;
}

static void print_line(const char *what, const char *name, const struct model_outcome *outcome)
{
    printf("%s%s: states %lld (hops' %lld), paths %lld, depth %lld, verdicts %lld allow %lld deny %lld unavailable, "
           "violations %lld\n",
           what, name, (long long)outcome->states, (long long)outcome->hop_states, (long long)outcome->paths,
           (long long)outcome->depth, (long long)outcome->allowed, (long long)outcome->denied,
           (long long)outcome->unavailable, (long long)outcome->violations);
    (void)fflush(stdout);
}

static void add(struct model_outcome *total, const struct model_outcome *outcome)
{
    total->states += outcome->states;
    total->hop_states += outcome->hop_states;
    total->paths += outcome->paths;
    total->depth = outcome->depth > total->depth ? outcome->depth : total->depth;
    total->violations += outcome->violations;
    total->allowed += outcome->allowed;
    total->denied += outcome->denied;
    total->unavailable += outcome->unavailable;
}

static bool is_control(const struct model_script *script)
{
    for (int i = 0; i < script->count; i++) {
        if (model_event_lane(&script->events[i]) == 0) {
            return true;
        }
    }
    return false;
}

static struct model_outcome explore(const struct model_script *script, const struct arguments *arguments)
{
    struct model_outcome outcome = {.states = 0};
    if (arguments->bounded) {
        return model_explore(script, &arguments->bounds);
    }
    const bool control = is_control(script);
    const struct model_bounds *bounds = control ? control_rounds : rounds;
    const size_t count = control ? sizeof control_rounds / sizeof rounds[0] : sizeof rounds / sizeof rounds[0];
    for (size_t i = 0; i < count && outcome.violations == 0; i++) {
        const struct model_outcome round = model_explore(script, &bounds[i]);
        add(&outcome, &round);
    }
    return outcome;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.script = NULL};
    struct curfew_error error = {.text = ""};
    struct model_outcome total = {.states = 0};
    const int status = parse(argc, argv, &arguments);
    if (status >= 0) {
        return status;
    }
    curfew_log_level_set(CURFEW_LOG_OFF);
    if (curfew_codec_init(&error) != CURFEW_OK) {
        (void)fprintf(stderr, "curfew-model: %s\n", error.text);
        return 1;
    }
    for (size_t i = 0; i < model_script_count(); i++) {
        const struct model_script *script = model_script_at(i);
        const bool wanted = arguments.script == NULL ? !script->known : strcmp(arguments.script, script->name) == 0;
        if (wanted) {
            const struct model_outcome outcome = explore(script, &arguments);
            print_line("script ", script->name, &outcome);
            add(&total, &outcome);
        }
    }
    print_line("total", "", &total);
    return total.violations == 0 ? 0 : 1;
}
