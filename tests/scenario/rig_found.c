/* rig_found: a cluster's topics, secrets and first writers, by the `curfew` command. */
#include "tests/scenario/rig_state.h"
#include <string.h>

#define ARGUMENTS_MAX 40

const char *rig_keys(struct rig *rig, const char *prefix)
{
    return rig_text(rig, "%s/keys-%s", rig_directory(rig), prefix);
}

const char *rig_app_key(struct rig *rig, const char *prefix)
{
    return rig_text(rig, "%s/app.key", rig_keys(rig, prefix));
}

const char *rig_coordinators(struct rig *rig, const char *prefix)
{
    return rig_text(rig, "%s/coordinators.json", rig_keys(rig, prefix));
}

static void must(struct rig_output output, const char *what)
{
    if (output.status != 0) {
        fail_msg("%s ended with %d: %s%s", what, output.status, output.out, output.err);
    }
}

/* Makes a writer before any coordinator runs: it is durable, and taken in by whoever reads the log. */
static void add_app(struct rig *rig, const char *prefix)
{
    const char *keys = rig_keys(rig, prefix);

    must(rig_curfew(rig, NULL, "writer", "add", "app", "--role", "issuer", "--role", "orchestrator", "--role",
                    "operator", "--tenant", "*", "--issuer", "*", "--out", rig_app_key(rig, prefix), "--key-file",
                    rig_text(rig, "%s/operator.key", keys), "--wait", "durable", "--timeout", "30s"),
         "writer add");
}

/* What coordinators run with, and what everybody believes them by. */
static void use_keys(struct rig *rig, const char *prefix)
{
    const char *keys = rig_keys(rig, prefix);

    rig_set(rig, "CURFEW_COORDINATOR_MASTER_FILE", rig_text(rig, "%s/master.key", keys));
    rig_set(rig, "CURFEW_COORDINATOR_KEY_FILE", rig_text(rig, "%s/coordinator.pem", keys));
    rig_set(rig, "CURFEW_COORDINATORS_KEYS_FILE", rig_coordinators(rig, prefix));
}

void rig_secrets(struct rig *rig, const char *prefix)
{
    /* Made first, whether or not a broker answers. */
    struct rig_output output = rig_curfew(rig, NULL, "topics", "create", "--keys", rig_keys(rig, prefix), "--timeout",
                                          "100ms", "--set", "kafka.bootstrap.servers=127.0.0.1:1");

    if (output.status != 5) {
        fail_msg("topics create without a broker ended with %d: %s", output.status, output.err);
    }
    use_keys(rig, prefix);
    rig_set(rig, "CURFEW_PRODUCER_KEY_FILE", rig_text(rig, "%s/operator.key", rig_keys(rig, prefix)));
}

void rig_found(struct rig *rig, const char *prefix, const char *const *more)
{
    const char *argv[ARGUMENTS_MAX] = {rig_command,           "topics",    "create", "--keys",
                                       rig_keys(rig, prefix), "--timeout", "30s"};
    size_t count = 7;

    for (; *more != NULL && count + 1 < ARGUMENTS_MAX; more++) {
        argv[count++] = *more;
    }
    (void)rig_kafka(rig);
    must(rig_run(rig, NULL, argv), "topics create");
    use_keys(rig, prefix);
    rig_set(rig, "CURFEW_PRODUCER_KEY_FILE", NULL);
    add_app(rig, prefix);
    rig_set(rig, "CURFEW_PRODUCER_KEY_FILE", rig_app_key(rig, prefix));
}
