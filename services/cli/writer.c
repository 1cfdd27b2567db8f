/* writer: `curfew writer add|rotate|remove|list`: who may write, said on the control lane. */
#include "core/bus_kafka.h"
#include "core/keyfile.h"
#include "core/topics.h"
#include "schemas/codec.h"
#include "services/cli/commands.h"
#include "services/cli/emit.h"
#include "services/cli/replay.h"
#include "services/coordinator/writers.h"
#include <unistd.h>

#define WHAT_SIZE 320

enum { KEY_ROLE = CURFEW_CLI_KEY(0), KEY_TENANT, KEY_ISSUER, KEY_OUT, KEY_MASTER, KEY_DROP_OLD };

struct writer {
    const char *name;
    const char *out;
    const char *master_file;
    bool drop_old;
    int32_t roles[CURFEW_ROLE_COUNT];
    size_t role_count;
    struct curfew_slice tenants[CURFEW_TENANTS_MAX];
    size_t tenant_count;
    struct curfew_slice issuers[CURFEW_ISSUERS_MAX];
    size_t issuer_count;
};

/* What the log says of all writers now, and what proves it. */
struct state {
    uint8_t master[CURFEW_MASTER_SIZE];
    struct curfew_bus bus;
    struct curfew_control *control;
    struct curfew_lane *lane;
};

static const struct argp_option add_options[] = {
    {"role", KEY_ROLE, "ROLE", 0, "issuer, orchestrator, approver, operator, coordinator, door or hop; again for more",
     0},
    {"tenant", KEY_TENANT, "TENANT", 0, "a tenant it may act for; again for more; * alone: every tenant", 0},
    {"issuer", KEY_ISSUER, "ISS", 0, "an iss it may announce sessions and tokens of; again for more", 0},
    {"out", KEY_OUT, "FILE", 0, "where its key goes, mode 0600", 0},
    {"master-file", KEY_MASTER, "FILE", 0, "the master key (default: the setting coordinator.master_file)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp_option rotate_options[] = {
    {"out", KEY_OUT, "FILE", 0, "where its new key goes, mode 0600", 0},
    {"drop-old", KEY_DROP_OLD, NULL, 0, "from now on only the newest key is taken", 0},
    {"master-file", KEY_MASTER, "FILE", 0, "the master key (default: the setting coordinator.master_file)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp_option master_options[] = {
    {"master-file", KEY_MASTER, "FILE", 0, "the master key (default: the setting coordinator.master_file)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void take_role(struct writer *writer, const char *name, const struct argp_state *state)
{
    for (int32_t role = 0; role < CURFEW_ROLE_COUNT; role++)
        if (strcmp(curfew_role_name((enum curfew_role)role), name) == 0) {
            for (size_t i = 0; i < writer->role_count; i++)
                if (writer->roles[i] == role)
                    argp_error(state, "--role %s is there twice", name);
            writer->roles[writer->role_count++] = role;
            return;
        }
    argp_error(state, "--role is \"%.32s\": write issuer, orchestrator, approver, operator, coordinator, door or hop",
               name);
}

static void take_name(struct curfew_slice *names, size_t most, size_t *count, const char *name,
                      const struct argp_state *state)
{
    if (*count == most)
        argp_error(state, "more than %zu names", most);
    names[(*count)++] = curfew_slice_of(name);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct writer *writer = state->input;

    switch (key) {
    case KEY_ROLE:
        take_role(writer, argument, state);
        return 0;
    case KEY_TENANT:
        take_name(writer->tenants, CURFEW_TENANTS_MAX, &writer->tenant_count, argument, state);
        return 0;
    case KEY_ISSUER:
        take_name(writer->issuers, CURFEW_ISSUERS_MAX, &writer->issuer_count, argument, state);
        return 0;
    case KEY_OUT:
        writer->out = argument;
        return 0;
    case KEY_MASTER:
        writer->master_file = argument;
        return 0;
    case KEY_DROP_OLD:
        writer->drop_old = true;
        return 0;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, &writer->name, 1);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_named(int key, char *argument, struct argp_state *state)
{
    struct writer *writer = state->input;

    if (key == ARGP_KEY_END)
        curfew_cli_require(state, writer->name, "the writer's NAME", "etl");
    return key == ARGP_KEY_END ? 0 : parse(key, argument, state);
}

static error_t parse_add(int key, char *argument, struct argp_state *state)
{
    struct writer *writer = state->input;

    if (key == ARGP_KEY_END) {
        curfew_cli_require(state, writer->out, "--out", "--out etl.key");
        if (writer->role_count == 0)
            argp_error(state, "--role is missing; for example: --role orchestrator --tenant acme");
    }
    return parse_named(key, argument, state);
}

static error_t parse_rotate(int key, char *argument, struct argp_state *state)
{
    struct writer *writer = state->input;

    if (key == ARGP_KEY_END && writer->out == NULL && !writer->drop_old)
        argp_error(state, "say --out FILE for a new key, --drop-old to retire all but the newest, or both");
    return parse_named(key, argument, state);
}

static void close_state(struct state *state)
{
    curfew_lane_destroy(state->lane);
    curfew_control_destroy(state->control);
    curfew_bus_destroy(&state->bus);
    explicit_bzero(state->master, sizeof state->master);
}

/* Reads the master key and, with it, all that the control lane says. */
static enum curfew_status open_state(struct curfew_cli *cli, const struct writer *writer, struct state *state,
                                     struct curfew_error *error)
{
    const char *path = writer->master_file;
    int32_t lanes = 0;

    *state = (struct state){.bus = {NULL, NULL}};
    enum curfew_status status = curfew_codec_init(error);
    if (status == CURFEW_OK && path == NULL)
        status = curfew_config_get(cli->config, "coordinator.master_file", &path, error);
    if (status == CURFEW_OK)
        status = curfew_master_load(path, state->master, error);
    if (status == CURFEW_OK)
        status = curfew_topics_verify(cli->config, curfew_cli_left_ms(cli), &lanes, error);
    if (status == CURFEW_OK)
        status = curfew_bus_kafka_create(cli->config, &state->bus, error);
    if (status != CURFEW_OK)
        return status;
    state->control = curfew_control_create(state->master);
    state->lane = curfew_lane_create(0, lanes, state->control);
    return curfew_replay_lane(&state->bus, 0, state->lane, cli->deadline_us, error);
}

/* The record that replaces what is known of a writer. */
static struct curfew_event event_of(const struct writer *writer, int32_t epoch, int32_t least_epoch)
{
    return (struct curfew_event){.type = CURFEW_EVENT_WRITER_SET,
                                 .as.writer_set = {.name = curfew_slice_of(writer->name),
                                                   .roles = {writer->roles, writer->role_count},
                                                   .tenants = {writer->tenants, writer->tenant_count},
                                                   .issuers = {writer->issuers, writer->issuer_count},
                                                   .epoch = epoch,
                                                   .least_epoch = least_epoch}};
}

/* Takes over what a writer has, so that only what is asked for changes. */
static void keep_rights(struct writer *writer, const struct curfew_right *right)
{
    writer->role_count = 0;
    for (int32_t role = 0; role < CURFEW_ROLE_COUNT; role++)
        if (curfew_right_has(right, (enum curfew_role)role))
            writer->roles[writer->role_count++] = role;
    writer->tenant_count = right->tenant_count;
    writer->issuer_count = right->issuer_count;
    if (right->tenant_count > 0)
        memcpy(writer->tenants, right->tenants, right->tenant_count * sizeof writer->tenants[0]);
    if (right->issuer_count > 0)
        memcpy(writer->issuers, right->issuers, right->issuer_count * sizeof writer->issuers[0]);
}

/* Stores the key first, so that no right is granted to a key nobody has; takes the file back when it is not granted. */
static int grant(struct curfew_cli *cli, const struct writer *writer, const struct state *state,
                 const struct curfew_event *event)
{
    const struct curfew_writer_set *set = &event->as.writer_set;
    uint8_t key[CURFEW_WRITER_KEY_SIZE];
    char what[WHAT_SIZE];
    struct curfew_error error;
    enum curfew_status status = CURFEW_OK;

    if (writer->out != NULL) {
        curfew_mac_key_bytes(state->master, set->name, set->epoch, key);
        status = curfew_writer_key_store(writer->out, set->name, set->epoch, key, &error);
        explicit_bzero(key, sizeof key);
    }
    if (status != CURFEW_OK)
        return curfew_cli_fail(&error);
    snprintf(what, sizeof what, "writer %s", writer->name);
    const struct curfew_cli_report report = {what, NULL, NULL};
    int result = curfew_cli_emit(cli, event, &report);
    if (writer->out == NULL)
        return result;
    if (result == CURFEW_EXIT_REFUSED)
        (void)unlink(writer->out);
    else if (result == CURFEW_EXIT_OK)
        curfew_cli_say("its key is in %s; pipelines take it in with their next tick", writer->out);
    else
        curfew_cli_say("its key is kept in %s: it counts once curfew writer list shows epoch %d of %s", writer->out,
                       (int)set->epoch, writer->name);
    return result;
}

/* Opens what every change needs, finds the writer, and hands both to `change`. */
typedef int change_writer(struct curfew_cli *cli, struct writer *writer, const struct state *state,
                          const struct curfew_right *known);

static int change(struct curfew_cli *cli, struct writer *writer, change_writer *make)
{
    struct state state;
    struct curfew_error error;
    enum curfew_status status = curfew_cli_open(cli, &error);
    int result = 0;

    if (status != CURFEW_OK) {
        curfew_cli_close(cli);
        return curfew_cli_fail(&error);
    }
    status = open_state(cli, writer, &state, &error);
    if (status == CURFEW_OK) {
        const struct curfew_writer *known =
            curfew_writers_find(curfew_lane_writers(state.lane), curfew_slice_of(writer->name));
        result = make(cli, writer, &state, known == NULL ? NULL : known->right);
    } else {
        result = curfew_cli_fail(&error);
    }
    close_state(&state);
    curfew_cli_close(cli);
    return result;
}

static int fail(const char *format, const char *name)
{
    struct curfew_error error;

    (void)curfew_error_set(&error, CURFEW_INVALID, format, name);
    return curfew_cli_fail(&error);
}

static int add(struct curfew_cli *cli, struct writer *writer, const struct state *state,
               const struct curfew_right *known)
{
    if (known != NULL && known->roles != 0)
        return fail(
            "adding writer %s: there is one; curfew writer rotate gives it a new key, curfew writer remove takes "
            "its rights away",
            writer->name);
    if (known != NULL && known->epoch == INT32_MAX)
        return fail("adding writer %s: it has used up its epochs; give it another name", writer->name);
    const int32_t epoch = known == NULL ? 1 : known->epoch + 1; /* what was removed comes back with a new key only */
    const struct curfew_event event = event_of(writer, epoch, epoch);
    if (!curfew_right_sane(&event.as.writer_set))
        return fail(
            "adding writer %s: an issuer needs --issuer and --tenant, an orchestrator, approver or door --tenant; "
            "names are 1 to 256 bytes, none twice, and * stands alone",
            writer->name);
    return grant(cli, writer, state, &event);
}

static int rotate(struct curfew_cli *cli, struct writer *writer, const struct state *state,
                  const struct curfew_right *known)
{
    if (known == NULL || known->roles == 0)
        return fail("rotating the key of %s: there is no such writer; curfew writer list names them", writer->name);
    if (writer->out != NULL && known->epoch == INT32_MAX)
        return fail("rotating the key of %s: it has used up its epochs; add a writer of another name", writer->name);
    keep_rights(writer, known);
    const int32_t epoch = known->epoch + (writer->out != NULL ? 1 : 0);
    const struct curfew_event event = event_of(writer, epoch, writer->drop_old ? epoch : known->least_epoch);
    return grant(cli, writer, state, &event);
}

static int remove_writer(struct curfew_cli *cli, struct writer *writer, const struct state *state,
                         const struct curfew_right *known)
{
    if (known == NULL || known->roles == 0)
        return fail("removing writer %s: there is no such writer; curfew writer list names them", writer->name);
    const struct curfew_event event = event_of(writer, known->epoch, known->least_epoch);
    return grant(cli, writer, state, &event);
}

static const struct curfew_cli_syntax add_syntax = {
    .options = add_options,
    .parse = parse_add,
    .args = "NAME",
    .help = "Lets a writer write, and makes its key file. Only operators may say so: --key-file is theirs. Prints "
            "lane:offset of the event. Pipelines take it in with their next tick, within about 100 ms; until then the "
            "new writer's events are refused, retriably.\v"
            "Example:\n"
            "  curfew writer add as --role issuer --tenant acme --issuer https://id.example --out as.key\n"
            "  curfew writer add etl --role orchestrator --tenant acme --out etl.key\n\n"
            "What each role may do: docs/security.md." CURFEW_CLI_EXITS,
    .emits = true,
};

int curfew_writer_add(struct curfew_cli *cli, int argc, char **argv)
{
    struct writer writer = {.name = NULL};

    curfew_cli_parse(cli, &add_syntax, argc, argv, &writer);
    return change(cli, &writer, add);
}

static const struct curfew_cli_syntax rotate_syntax = {
    .options = rotate_options,
    .parse = parse_rotate,
    .args = "NAME",
    .help = "Gives a writer a new key beside its old ones (--out), retires the old ones (--drop-old), or both at once. "
            "Prints lane:offset of the event.\v"
            "Example:\n"
            "  curfew writer rotate etl --out etl-2.key     # both keys are taken: hand the new one out\n"
            "  curfew writer rotate etl --drop-old          # then only the new one is" CURFEW_CLI_EXITS,
    .emits = true,
};

int curfew_writer_rotate(struct curfew_cli *cli, int argc, char **argv)
{
    struct writer writer = {.name = NULL};

    curfew_cli_parse(cli, &rotate_syntax, argc, argv, &writer);
    return change(cli, &writer, rotate);
}

static const struct curfew_cli_syntax remove_syntax = {
    .options = master_options,
    .parse = parse_named,
    .args = "NAME",
    .help = "Takes all rights from a writer: from the tick that takes it in, everything it writes is refused. What it "
            "started goes on until its lease or deadline. Prints lane:offset of the event.\v"
            "Example:\n"
            "  curfew writer remove etl" CURFEW_CLI_EXITS,
    .emits = true,
};

int curfew_writer_remove(struct curfew_cli *cli, int argc, char **argv)
{
    struct writer writer = {.name = NULL};

    curfew_cli_parse(cli, &remove_syntax, argc, argv, &writer);
    return change(cli, &writer, remove_writer);
}

static const struct curfew_cli_syntax list_syntax = {
    .options = master_options,
    .parse = parse,
    .args = "",
    .help =
        "Prints every writer, one a line: its name, roles, tenants, issuers and key epochs. Takes the master key, with "
        "which what stands in the log is proven, and no writer's key.\v"
        "Example:\n"
        "  curfew writer list --master-file keys/master.key\n\n"
        "Like every curfew writer command it reads the control log from its beginning, some 2 s for each day of ticks: "
        "give it a longer --timeout on a cluster that is older than a few days." CURFEW_CLI_EXITS,
};

/* "a,b" for people: a name may hold a comma itself, so programs take --json. */
static void print_names(const struct curfew_slice *names, size_t count, const char *none)
{
    printf("\t%s", count == 0 ? none : "");
    for (size_t i = 0; i < count; i++)
        printf("%s%.*s", i == 0 ? "" : ",", CURFEW_SLICE_ARGS(names[i]));
}

static int print_one(const struct curfew_cli *cli, const struct curfew_right *right)
{
    struct curfew_slice roles[CURFEW_ROLE_COUNT];
    size_t role_count = 0;

    for (int role = 0; role < CURFEW_ROLE_COUNT; role++)
        if (curfew_right_has(right, (enum curfew_role)role))
            roles[role_count++] = curfew_slice_of(curfew_role_name((enum curfew_role)role));
    if (!cli->json) {
        printf("%.*s", CURFEW_SLICE_ARGS(right->name));
        print_names(roles, role_count, "removed");
        print_names(right->tenants, right->tenant_count, "-");
        print_names(right->issuers, right->issuer_count, "-");
        printf("\t%d..%d\n", (int)right->least_epoch, (int)right->epoch);
        return CURFEW_EXIT_OK;
    }
    struct curfew_object *object = curfew_object_create();
    curfew_object_put_slice(object, "writer", right->name);
    curfew_object_put_slices(object, "roles", roles, role_count);
    curfew_object_put_slices(object, "tenants", right->tenants, right->tenant_count);
    curfew_object_put_slices(object, "issuers", right->issuers, right->issuer_count);
    curfew_object_put_int(object, "epoch", right->epoch);
    curfew_object_put_int(object, "least_epoch", right->least_epoch);
    return curfew_cli_print(object, CURFEW_EXIT_OK);
}

int curfew_writer_list(struct curfew_cli *cli, int argc, char **argv)
{
    struct writer writer = {.name = NULL};
    struct state state;
    struct curfew_error error;
    int result = CURFEW_EXIT_OK;

    curfew_cli_parse(cli, &list_syntax, argc, argv, &writer);
    enum curfew_status status = curfew_cli_load(cli, &error);
    if (status != CURFEW_OK) {
        curfew_cli_close(cli);
        return curfew_cli_fail(&error);
    }
    status = open_state(cli, &writer, &state, &error);
    if (status == CURFEW_OK) {
        const struct curfew_writer *each = curfew_writers_first(curfew_lane_writers(state.lane));
        for (; each != NULL && result == CURFEW_EXIT_OK; each = each->hh.next)
            result = print_one(cli, each->right);
    } else {
        result = curfew_cli_fail(&error);
    }
    close_state(&state);
    curfew_cli_close(cli);
    return result;
}
