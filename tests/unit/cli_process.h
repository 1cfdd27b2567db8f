/* cli_process: runs the `curfew` command as a user would, with an environment of its own, and keeps what it said. */
#ifndef CURFEW_TESTS_UNIT_CLI_PROCESS_H
#define CURFEW_TESTS_UNIT_CLI_PROCESS_H

/* For an environment: whom a producer believes; nobody has the private half (RFC 7517 §A.1). */
#define CLI_COORDINATORS ("CURFEW_COORDINATORS_KEYS_FILE=" CURFEW_COORDINATORS)

#define CLI_OUTPUT_SIZE (64 * 1024)

struct cli_process {
    int status; /* of its exit; 128 + signal if one ended it */
    long took_ms;
    char out[CLI_OUTPUT_SIZE];
    char err[CLI_OUTPUT_SIZE];
};

/* What one run is given. Lists end with NULL and may be NULL. */
struct cli_run {
    const char *const *arguments; /* without the command itself */
    const char *const *environment; /* "NAME=value"; nothing else is there */
    const char *input; /* standard input; NULL: empty */
    const char *out_path; /* standard output; NULL: kept in `out` */
};

/* Runs it to its end. Fails the test when it cannot be run. */
void cli_process_run(const struct cli_run *run, struct cli_process *process);

/* The same with arguments written out: CLI(process, environment, "task", "end", …). */
#define CLI(process, environment, ...)                                                                                 \
    cli_process_run(&(const struct cli_run){(const char *const[]){__VA_ARGS__, NULL}, environment, NULL, NULL}, process)

/* With a token or the like on standard input. */
#define CLI_INPUT(process, environment, input, ...)                                                                    \
    cli_process_run(&(const struct cli_run){(const char *const[]){__VA_ARGS__, NULL}, environment, input, NULL},       \
                    process)

#endif
