/* main: the `curfew-coordinator` process. */
#include "core/service.h"
#include "services/coordinator/runner.h"
#include <stdlib.h>

static const char *const prefixes[] = {"coordinator.", "coordinators.", "topics.", "log.", NULL};

static const struct curfew_service service = {
    .name = "curfew-coordinator",
    .doc = "Owns the end of work: reads from Kafka what happens to sessions and tasks, and publishes the floors that "
           "deny their tokens everywhere.\v"
           "Example:\n"
           "  curfew topics create --set kafka.bootstrap.servers=localhost:9092\n"
           "  curfew-coordinator --set kafka.bootstrap.servers=localhost:9092 --set coordinator.id=c1\n\n"
           "A second beside it, for when the first is killed: --set coordinator.id=c2 --set coordinator.rank=1, "
           "once c2 is a writer of role coordinator (docs/operations.md).\n\n"
           "It prints the address it listens on; /readyz there says 200 when every lane is live. State is rebuilt from "
           "the log at every start: stopping it, by any signal, loses nothing.",
    .prefixes = prefixes,
};

int main(int argc, char **argv)
{
    struct curfew_error error = {.status = CURFEW_OK};
    struct curfew_config *config = NULL;
    enum curfew_status status = curfew_service_start(&service, argc, argv, &config, &error);
    if (status == CURFEW_OK) {
        status = curfew_runner_run(config, &curfew_service_stop, &error);
    }
    curfew_config_destroy(config);
    if (status != CURFEW_OK) {
        (void)fprintf(stderr, "curfew-coordinator: %s\n", error.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
