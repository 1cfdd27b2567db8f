/* runner: gives one coordinator a thread, a bus and a clock, and answers for it over HTTP (/livez, /readyz, /metrics).
 */
#ifndef CURFEW_COORDINATOR_RUNNER_H
#define CURFEW_COORDINATOR_RUNNER_H

#include "core/config.h"
#include <signal.h>

/* Runs until `*stop` is set. Waits for Kafka and for the topics as long as it takes, and says so. Returns OK after a
 * clean stop; otherwise what will not mend by itself. */
enum curfew_status curfew_runner_run(const struct curfew_config *config, const volatile sig_atomic_t *stop,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
