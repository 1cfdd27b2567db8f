/* service: what every server process does at start: arguments, settings, log level, signals. Main thread only. */
#ifndef CURFEW_CORE_SERVICE_H
#define CURFEW_CORE_SERVICE_H

#include "core/config.h"
#include "core/http.h"
#include <signal.h>

struct curfew_service {
    const char *name; /* of the program */
    const char *doc; /* what it is; after a \v what to try first, as argp has it */
    const char *const *prefixes; /* of the settings it reads ("coordinator."), NULL-ended; for --options */
};

/* Parses the command line (--config, --set, --options, --help, --version; a wrong one ends the process with a usage
 * text), loads the settings, sets the log level, and lets SIGTERM and SIGINT set curfew_service_stop. */
enum curfew_status curfew_service_start(const struct curfew_service *service, int argc, char **argv,
                                        struct curfew_config **config, struct curfew_error *error) CURFEW_MUST_CHECK;

extern volatile sig_atomic_t curfew_service_stop;

/* The answers every service gives on /livez and /readyz: 200 always; 200 when `status` is OK, else 503 with the reason.
 */
void curfew_service_livez(void *context, const struct curfew_http_request *request,
                          struct curfew_http_response *response);
void curfew_service_readyz(enum curfew_status status, const struct curfew_error *error,
                           struct curfew_http_response *response);

#endif
