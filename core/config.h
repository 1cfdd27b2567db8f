/* config: settings of one process, from a properties file, the environment and overrides, in rising order.
 *
 * The file: one `name = value` a line; `#` or `!` first begins a comment; blanks around name and value are dropped; no
 * escapes, no continuation. At most 64 KiB, 256 settings. A name given twice is an error.
 * The environment: CURFEW_ + the name in capitals with `.` and `-` as `_` (CURFEW_GUARD_LISTEN is guard.listen;
 * CURFEW_KAFKA_BOOTSTRAP_SERVERS is kafka.bootstrap.servers).
 * Names: those of the table below, and `kafka.*`, which is handed to librdkafka unread. Any other name, in the
 * file or (with the prefix CURFEW_) in the environment, is an error that names the nearest known one.
 * Secrets (kafka.sasl.password and the like) are taken from the file alone: other users' processes can read arguments,
 * and everything a process starts can read its environment.
 * Where safety is a choice the option has no default: curfew_config_get says which is missing and what to write. */
#ifndef CURFEW_CORE_CONFIG_H
#define CURFEW_CORE_CONFIG_H

#include <curfew/status.h>
#include <stdint.h>
#include <stdio.h>

struct curfew_config;

struct curfew_config_option {
    const char *name;
    const char *fallback; /* NULL: none; reading it while unset is an error */
    const char *help; /* one line: what it is, unit, what it changes */
};

/* Every name Curfew knows, ended by a NULL name (core/options.c): one table, so that one file can serve a whole host.
 */
extern const struct curfew_config_option curfew_options[];

/* Reads `path` (NULL: no file) and the environment. */
enum curfew_status curfew_config_load(const char *path, struct curfew_config **config,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_config_destroy(struct curfew_config *config);

/* Overrides one setting, as a command's `--set name=value` does; a secret is refused, and its value not told. */
enum curfew_status curfew_config_set_argument(struct curfew_config *config, const char *name, const char *value,
                                              struct curfew_error *error) CURFEW_MUST_CHECK;
/* The same by a program that has its settings from wherever it keeps them: a secret is taken. */
enum curfew_status curfew_config_set(struct curfew_config *config, const char *name, const char *value,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;

/* The value, or the fallback; an error names what is missing. Strings live as long as the config. */
enum curfew_status curfew_config_get(const struct curfew_config *config, const char *name, const char **value,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* The same as a number within least..most. */
enum curfew_status curfew_config_get_int(const struct curfew_config *config, const char *name, int64_t least,
                                         int64_t most, int64_t *value, struct curfew_error *error) CURFEW_MUST_CHECK;
/* NULL when unset and without fallback. */
const char *curfew_config_find(const struct curfew_config *config, const char *name);

/* Calls `visit` for every kafka.* setting with the prefix taken off; stops at the first that does not return OK. */
enum curfew_status curfew_config_each_kafka(const struct curfew_config *config,
                                            enum curfew_status (*visit)(void *context, const char *name,
                                                                        const char *value, struct curfew_error *error),
                                            void *context, struct curfew_error *error) CURFEW_MUST_CHECK;

/* Prints the options whose name begins with `prefix`, with fallback and help, for `--help`. */
void curfew_config_print_options(const char *prefix, FILE *file);

#endif
