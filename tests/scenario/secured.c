/* secured: a play on a Kafka as in production. */
#include "tests/scenario/secured.h"
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SETTINGS_MAX 16
#define LINE_MAX_SIZE 512

/* Of principals; a guard that is a door too is both. */
static const struct {
    const char *role, *principal;
} grants[] = {{"coordinator", "coordinator"},
              {"writer", "writer"},
              {"operator", "operator"},
              {"hop", "hop"},
              {"siem", "siem"},
              {"hop", "door"},
              {"writer", "door"}};
#define GRANTS (sizeof grants / sizeof grants[0])

const char *secured_client(struct rig *rig, const char *name)
{
    return rig_text(rig, "%s/kafka/clients/%s.properties", rig_directory(rig), name);
}

void secured_be(struct rig *rig, const char *name)
{
    rig_config(rig, secured_client(rig, name));
}

void secured_grant(struct rig *rig)
{
    secured_be(rig, "admin");
    for (size_t i = 0; i < GRANTS; i++) {
        const struct rig_output output =
            rig_curfew(rig, NULL, "topics", "grant", "--role", grants[i].role, "--principal",
                       rig_text(rig, "User:%s", grants[i].principal), "--timeout", "30s");
        if (output.status != 0) {
            fail_msg("topics grant: %d: %s", output.status, output.err);
        }
        assert_non_null(strstr(output.out, "."));
    }
}

static struct rig_process *start_guard(struct play *play, const char *jwks, const char *const *more)
{
    struct rig *rig = play->rig;
    const char *settings[RIG_SETTINGS_MAX + 1] = {"hop.issuer=" PLAY_ISSUER, "hop.algorithms=ES256",
                                                  "hop.tenants=acme",        "hop.audience=" PLAY_AUDIENCE,
                                                  "guard.class=strict",      rig_text(rig, "hop.jwks_file=%s", jwks)};

    for (size_t count = 7; more != NULL && *more != NULL && count < RIG_SETTINGS_MAX; more++) {
        settings[count++] = *more;
    }
    secured_be(rig, "admin");
    settings[6] = rig_text(rig, "hop.key_file=%s", play_add_hop(play, "hop-1"));
    secured_be(rig, "hop");
    return rig_guard(rig, "hop-1", settings);
}

struct play secured_begin(struct rig *rig, const char *const *guard_settings)
{
    rig_set(rig, "KAFKA_SECURED", "1");
    (void)rig_kafka(rig);
    rig_set(rig, "CURFEW_KAFKA_BOOTSTRAP_SERVERS", NULL); /* the plain listener's */
    struct play play = {.rig = rig, .prefix = rig_new_topics(rig), .guard_count = 1};
    play.key = rig_text(rig, "%s/issuer.pem", rig_directory(rig));
    const char *jwks = rig_text(rig, "%s/issuer.json", rig_directory(rig));
    secured_be(rig, "admin");
    rig_found(rig, play.prefix, LIST("--lanes", "2", "--coordinator", "c1"));
    secured_grant(rig);
    assert_int_equal(rig_curfew(rig, NULL, "token", "keygen", "--out", play.key, "--jwks", jwks).status, 0);
    rig_set(rig, "CURFEW_ISSUER_NAME", PLAY_ISSUER);
    rig_set(rig, "CURFEW_ISSUER_KEY_FILE", play.key);
    secured_be(rig, "coordinator");
    play.coordinator = rig_coordinator(rig, "c1", NULL);
    play.guards[0] = start_guard(&play, jwks, guard_settings);
    rig_await_ready(rig, play.coordinator);
    rig_await_ready(rig, play.guards[0]);
    return play;
}

const char *const *secured_settings(struct rig *rig, const char *name)
{
    static const char *settings[2 * SETTINGS_MAX + 1];
    char line[LINE_MAX_SIZE];
    size_t count = 0;
    FILE *file = fopen(secured_client(rig, name), "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *value = strstr(line, " = ");
        assert_true(value != NULL && count + 2 < 2 * SETTINGS_MAX);
        *value = '\0';
        value[3 + strcspn(value + 3, "\n")] = '\0';
        settings[count++] = rig_text(rig, "%s", line);
        settings[count++] = rig_text(rig, "%s", value + 3);
    }
    assert_int_equal(fclose(file), 0);
    settings[count] = NULL;
    return settings;
}

struct rig_output secured_kcat(struct rig *rig, const char *name, const char *arguments, const char *input)
{
    const char *file = secured_client(rig, name);

    return rig_run(rig, input,
                   LIST("sh", "-c",
                        rig_text(rig, "sed 's/^kafka\\.//;s/ = /=/' %s >%s.kcat && timeout 30 kcat -F %s.kcat %s 2>&1",
                                 file, file, file, arguments)));
}
