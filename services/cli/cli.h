/* cli: what the commands of `curfew` share: the table's row, the options every command has, settings, time-out, errors.
 *
 * A command is one row of the table in main.c and one function in the file of its noun. It parses its own options with
 * curfew_cli_parse, which adds the common ones and --help, and returns its exit status. Values go to standard output,
 * everything for people to standard error. One thread. */
#ifndef CURFEW_CLI_CLI_H
#define CURFEW_CLI_CLI_H

#include "core/config.h"
#include "core/object.h"
#include "services/cli/report.h"
#include <argp.h>

#define CURFEW_CLI_SETTINGS_MAX 64 /* --set on one command line */
#define CURFEW_CLI_TIMEOUT_MS 10000

/* The end of every command's help. */
#define CURFEW_CLI_EXITS                                                                                               \
    "\n\nExit status: 0 done, 1 failed, 2 wrong usage, 3 refused by the coordinator, 5 not reachable or out of time "  \
    "(trying again can help)."
#define CURFEW_CLI_KEY(n) (0x1000 + (n)) /* of an option without a letter: above every character */

struct curfew_cli {
    const char *command; /* "curfew session start" */
    const char *config_file; /* NULL: none */
    const char *settings[2 * CURFEW_CLI_SETTINGS_MAX + 1]; /* name, value, …, NULL */
    size_t settings_count; /* of pointers */
    int64_t timeout_ms;
    int64_t deadline_us; /* on the clock that never steps */
    enum curfew_wait wait;
    bool wait_given;
    bool json;
    bool verbose;
    struct curfew_config *config; /* after curfew_cli_load */
    struct curfew_producer *producer; /* after curfew_cli_open */
};

struct curfew_cli_command {
    const char *noun;
    const char *verb; /* NULL: the noun is the command */
    const char *summary; /* one line */
    int (*run)(struct curfew_cli *cli, int argc, char **argv);
};

/* A command's own part of its command line, as argp wants it. */
struct curfew_cli_syntax {
    const struct argp_option *options;
    argp_parser_t parse; /* its input is what curfew_cli_parse was given */
    const char *args; /* "SESSION TASK" */
    const char *help; /* what it does, \v, an example that works */
    bool emits; /* has --wait */
};

/* Parses a command line; --help and wrong usage end the process. */
void curfew_cli_parse(struct curfew_cli *cli, const struct curfew_cli_syntax *syntax, int argc, char **argv,
                      void *input);
/* The common options alone, for `curfew --config FILE session …`. */
extern const struct argp curfew_cli_common;

/* For a command's parser: ends the process with the error's text and how to get help. */
void curfew_cli_usage(const struct argp_state *state, const struct curfew_error *error);
/* Takes a positional argument: the next of `slots` that is still NULL; usage error when all are taken. */
void curfew_cli_take(struct argp_state *state, const char *argument, const char **slots, size_t count);
/* For an argument that has to be there; usage error otherwise. `example` shows one. */
void curfew_cli_require(const struct argp_state *state, const void *value, const char *name, const char *example);

/* Starts the time-out. */
void curfew_cli_start(struct curfew_cli *cli);
/* The same, and reads the settings. */
enum curfew_status curfew_cli_load(struct curfew_cli *cli, struct curfew_error *error) CURFEW_MUST_CHECK;
/* The same and opens the producer. */
enum curfew_status curfew_cli_open(struct curfew_cli *cli, struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_cli_close(struct curfew_cli *cli);

/* Milliseconds until the time-out, at least 0. */
int curfew_cli_left_ms(const struct curfew_cli *cli);

/* Prints "curfew: " and the text; returns the exit status that belongs to it. */
int curfew_cli_fail(const struct curfew_error *error);
/* A line for people, on standard error. */
void curfew_cli_say(const char *format, ...) CURFEW_PRINTF(1, 2);
/* Prints the object and frees it; returns `otherwise`, or a failure's exit status. */
int curfew_cli_print(struct curfew_object *object, int otherwise);

#endif
