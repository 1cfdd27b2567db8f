/* rig: what a scenario test stands on: real Kafka, real Redis, the built services and the `curfew` command, in a
 * temporary directory, on ports that were free, and nothing of it left when the test program ends.
 *
 * One rig a test program, made by rig_main and shared by its tests. A test that should not see the topics of the tests
 * before it calls rig_new_topics. Whatever cannot be done fails the running test, and says why. When a test failed the
 * ends of all logs are printed; RIG_KEEP=1 in the environment keeps the directory as well. Main thread only. */
#ifndef RIG_H
#define RIG_H

#include "tests/scenario/rig_http.h"
#include "tests/scenario/rig_process.h"
#include <curfew/status.h>
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>

#include <cmocka.h>

#define RIG_POLL_MS 10 /* between two looks at a condition */
#define RIG_START_MS 60000 /* what a server has to answer after its start */
#define RIG_COMMAND_MS 60000 /* what a command has to end */
#define RIG_PROCESSES_MAX 128
#define RIG_SETTINGS_MAX 24 /* settings of one service */

struct rig;

/* Runs the tests with one rig as their state, and cleans up. Returns what main should. */
int rig_main(const char *name, const struct CMUnitTest *tests, size_t count);

struct rig *rig_create(const char *name);
/* Ends every process and removes the directory. Returns how many processes there were that the rig had not started:
 * left behind by what it did start, and killed now. More than 0 is a failure. */
int rig_destroy(struct rig *rig);
const char *rig_directory(const struct rig *rig);

/* A path in the rig's directory, or any other text: lives as long as the rig. */
const char *rig_text(struct rig *rig, const char *format, ...) CURFEW_PRINTF(2, 3);

/* Sets a variable of the environment of whatever is started from now on, e.g. CURFEW_CACHE_ADDRESS. The environment is
 * that of the test program without any CURFEW_*. NULL removes it. */
void rig_set(struct rig *rig, const char *name, const char *value);
/* The settings file of every service and command of ours from now on; NULL: none. Variables come over it. */
void rig_config(struct rig *rig, const char *path);
/* Makes everything started from now on use topics of a new prefix; returns it. */
const char *rig_new_topics(struct rig *rig);

/* Topics of the prefix with their genesis (`more`: options of `curfew topics create`, NULL-ended), the cluster's
 * secrets in rig_keys, and one writer, app, who is issuer, orchestrator and operator of everything. Whatever is started
 * from now on has the coordinators' keys, and speaks as app. */
void rig_found(struct rig *rig, const char *prefix, const char *const *more);
/* The secrets alone, before there are topics. */
void rig_secrets(struct rig *rig, const char *prefix);
const char *rig_keys(struct rig *rig, const char *prefix);
const char *rig_app_key(struct rig *rig, const char *prefix);
const char *rig_coordinators(struct rig *rig, const char *prefix); /* their public keys */

/* The broker, started and answering; the first call starts it, later ones return it. Sets
 * CURFEW_KAFKA_BOOTSTRAP_SERVERS. Started again with rig_process_start it has the same address and data. */
struct rig_process *rig_kafka(struct rig *rig);
/* A Redis of its own name; with `persist` what it answered survives SIGKILL. Its address is host:port. */
struct rig_process *rig_redis(struct rig *rig, const char *name, bool persist);
/* Waits until a Kafka or Redis answers after it was started again. */
void rig_await_kafka(struct rig *rig);
void rig_await_redis(struct rig *rig, struct rig_process *redis);

/* curfew-coordinator and curfew-guard, started, not awaited: listening on a port of their own, named `name`, with more
 * settings "name=value", NULL-ended (NULL: none). */
struct rig_process *rig_coordinator(struct rig *rig, const char *name, const char *const *settings);
struct rig_process *rig_guard(struct rig *rig, const char *name, const char *const *settings);
/* Waits until /readyz answers 200; the process must live. */
void rig_await_ready(struct rig *rig, struct rig_process *service);

/* A program that runs beside the test, in the rig's environment, its output in a log; started. */
struct rig_process *rig_background(struct rig *rig, const char *name, const char *const *argv);

/* What a command said. Lives as long as the rig. */
struct rig_output {
    int status; /* of exit, or 128 + signal */
    const char *out;
    const char *err;
};

/* Runs a program to its end; `input` (may be NULL) is its standard input. */
struct rig_output rig_run(struct rig *rig, const char *input, const char *const *argv);
/* From now on what commands say stays in the rig's directory too, in files N.out and N.err. */
void rig_keep_outputs(struct rig *rig);
/* The path of the built `curfew` command. */
extern const char rig_command[];
/* The root of the source tree. */
extern const char rig_source[];
/* The same for the `curfew` command with these arguments. */
#define rig_curfew(rig, input, ...) rig_run((rig), (input), (const char *const[]){rig_command, __VA_ARGS__, NULL})

/* A request; `path` is put behind http:// and the service's address. */
struct rig_response rig_get(struct rig *rig, const struct rig_process *service, const char *path,
                            const char *const *headers);
struct rig_response rig_http(struct rig *rig, const struct rig_request *request);

/* Waits until `holds` does, asking every RIG_POLL_MS; fails the test, saying `what`, when it does not in time. */
void rig_until(bool (*holds)(void *context), void *context, int timeout_ms, const char *what);
/* The same without failing. */
bool rig_comes(bool (*holds)(void *context), void *context, int timeout_ms);

/* Microseconds that never step back. */
int64_t rig_now_us(void);

/* A TCP port of 127.0.0.1 that is free now. */
int rig_port(void);

#endif
