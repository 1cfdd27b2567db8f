/* grant: `curfew topics grant`: Kafka's ACLs for one principal, by what it does here. */
#include "core/bus_kafka.h"
#include "services/cli/commands.h"

#define R true
#define W true
#define NO false

/* Who may read and write which topics; docs/kafka.md shows it. A writer reads control and revocations to find out how
 * many lanes there are and which logs they are. */
static const struct curfew_topic_right coordinator[] = {
    {CURFEW_TOPIC_CONTROL, R, W},    {CURFEW_TOPIC_LIFECYCLE, R, W}, {CURFEW_TOPIC_REVOCATIONS, R, W},
    {CURFEW_TOPIC_ANSWERS, R, W},    {CURFEW_TOPIC_STATUS, R, NO},   {CURFEW_TOPIC_AUDIT, NO, W},
    {CURFEW_TOPIC_DEADLETTER, NO, W}};
static const struct curfew_topic_right writer[] = {{CURFEW_TOPIC_CONTROL, R, NO},
                                                   {CURFEW_TOPIC_LIFECYCLE, R, W},
                                                   {CURFEW_TOPIC_REVOCATIONS, R, NO},
                                                   {CURFEW_TOPIC_ANSWERS, R, NO},
                                                   {CURFEW_TOPIC_AUDIT, NO, W}};
static const struct curfew_topic_right operator[] = {{CURFEW_TOPIC_CONTROL, R, W},      {CURFEW_TOPIC_LIFECYCLE, R, W},
                                                     {CURFEW_TOPIC_REVOCATIONS, R, NO}, {CURFEW_TOPIC_ANSWERS, R, NO},
                                                     {CURFEW_TOPIC_STATUS, R, NO},      {CURFEW_TOPIC_AUDIT, R, W},
                                                     {CURFEW_TOPIC_DEADLETTER, R, NO}};
static const struct curfew_topic_right hop[] = {
    {CURFEW_TOPIC_REVOCATIONS, R, NO}, {CURFEW_TOPIC_STATUS, NO, W}, {CURFEW_TOPIC_AUDIT, NO, W}};
static const struct curfew_topic_right siem[] = {{CURFEW_TOPIC_AUDIT, R, NO}, {CURFEW_TOPIC_DEADLETTER, R, NO}};

#define ROLE(name)                                                                                                     \
    {                                                                                                                  \
#name, name, sizeof(name) / sizeof((name)[0])                                                                  \
    }
static const struct {
    const char *name;
    const struct curfew_topic_right *rights;
    size_t count;
} roles[] = {ROLE(coordinator), ROLE(writer), ROLE(operator), ROLE(hop), ROLE(siem)};
#define ROLES (sizeof roles / sizeof roles[0])

enum { KEY_ROLE = CURFEW_CLI_KEY(0), KEY_PRINCIPAL, KEY_DRY };

struct grant {
    size_t role; /* ROLES: none given */
    const char *principal;
    bool dry;
};

static const struct argp_option grant_options[] = {
    {"role", KEY_ROLE, "ROLE", 0, "what it is: coordinator, writer (issuer, orchestrator, door), operator, hop or siem",
     0},
    {"principal", KEY_PRINCIPAL, "User:NAME", 0, "as whom Kafka knows it", 0},
    {"dry-run", KEY_DRY, NULL, 0, "prints what it would grant, and asks nobody", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void take_role(struct grant *grant, const char *name, const struct argp_state *state)
{
    for (grant->role = 0; grant->role < ROLES && strcmp(roles[grant->role].name, name) != 0;)
        grant->role++;
    if (grant->role == ROLES)
        argp_error(state, "--role is \"%.32s\": use coordinator, writer, operator, hop or siem", name);
}

static error_t parse_grant(int key, char *argument, struct argp_state *state)
{
    struct grant *grant = state->input;

    switch (key) {
    case KEY_ROLE:
        take_role(grant, argument, state);
        return 0;
    case KEY_PRINCIPAL:
        if (strchr(argument, ':') == NULL || argument[strlen(argument) - 1] == ':')
            argp_error(state, "--principal is \"%.64s\": write it as Kafka does, with its type: User:%.64s", argument,
                       argument);
        grant->principal = argument;
        return 0;
    case KEY_DRY:
        grant->dry = true;
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, grant->role == ROLES ? NULL : grant, "--role", "--role hop");
        curfew_cli_require(state, grant->principal, "--principal", "--principal User:hop-1");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax grant_syntax = {
    .options = grant_options,
    .parse = parse_grant,
    .args = "",
    .help = "Adds the ACLs that a component needs, and no others, to a Kafka that has an authorizer: read and write by "
            "topic, and describing those topics and their settings. They are for the topics of topics.prefix, from any "
            "host; adding them twice changes nothing. Prints one line a topic: topic, operations.\v"
            "Example:\n"
            "  curfew topics grant --role hop --principal User:hop-1 --config admin.properties\n"
            "  curfew topics grant --role writer --principal User:etl --dry-run\n\n"
            "It takes the right to alter the cluster's ACLs. Kafka says who may write to a topic; who may end which "
            "work the records prove themselves (curfew writer add)." CURFEW_CLI_EXITS,
};

static int report(const struct curfew_cli *cli, const struct curfew_topic_right *right)
{
    const char *operations = right->read && right->write ? "read,write" : right->read ? "read" : "write";
    char name[CURFEW_TOPIC_TEXT_SIZE];
    struct curfew_error error;

    if (curfew_kafka_topic_text(cli->config, right->topic, name, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    if (cli->json) {
        struct curfew_object *object = curfew_object_create();
        curfew_object_put_text(object, "topic", name);
        curfew_object_put_bool(object, "read", right->read);
        curfew_object_put_bool(object, "write", right->write);
        return curfew_cli_print(object, CURFEW_EXIT_OK);
    }
    printf("%s\t%s\n", name, operations);
    return CURFEW_EXIT_OK;
}

static int grant_all(struct curfew_cli *cli, const struct grant *grant)
{
    const struct curfew_principal_rights rights = {grant->principal, roles[grant->role].rights,
                                                   roles[grant->role].count};
    struct curfew_error error;
    enum curfew_status status = curfew_cli_load(cli, &error);
    int exit = CURFEW_EXIT_OK;

    if (status == CURFEW_OK && !grant->dry)
        status = curfew_kafka_grant(cli->config, &rights, curfew_cli_left_ms(cli), &error);
    if (status != CURFEW_OK)
        return curfew_cli_fail(&error);
    for (size_t i = 0; i < rights.count && exit == CURFEW_EXIT_OK; i++)
        exit = report(cli, &rights.topics[i]);
    return exit;
}

int curfew_topics_grant(struct curfew_cli *cli, int argc, char **argv)
{
    struct grant grant = {.role = ROLES};

    curfew_cli_parse(cli, &grant_syntax, argc, argv, &grant);
    int status = grant_all(cli, &grant);
    curfew_cli_close(cli);
    return status;
}
