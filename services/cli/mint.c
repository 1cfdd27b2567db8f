/* mint: `curfew token mint`: signs with a local key, announces, and prints the token only when it was accepted. */
#include "services/issuer/mint.h"
#include "consumer/token.h"
#include "core/clock.h"
#include "core/json.h"
#include "services/cli/commands.h"
#include "services/cli/emit.h"
#include "services/cli/input.h"
#include "services/cli/parse.h"
#include <stdlib.h>

#define AUDIENCES_MAX 16
#define LIFE_MAX_MS (24 * 3600 * INT64_C(1000)) /* no token lives longer; genesis sets a shorter bound */
#define DEFAULT_LIFE_MS (300 * INT64_C(1000))
#define SESSION_FILE_MAX (64 * 1024)

enum {
    KEY_SESSION = CURFEW_CLI_KEY(0),
    KEY_SESSION_FILE,
    KEY_TENANT,
    KEY_USER,
    KEY_AUTH_US,
    KEY_PATH,
    KEY_AGENT,
    KEY_AUDIENCE,
    KEY_LIFE,
    KEY_CLIENT,
    KEY_SCOPE,
};

struct mint {
    const char *session, *session_file, *tenant, *user, *client, *scope, *issuer;
    int64_t auth_us; /* 0: not given */
    int64_t life_ms;
    struct curfew_path_step path[CURFEW_PATH_MAX];
    size_t path_count;
    struct curfew_slice agents[CURFEW_AGENTS_MAX];
    size_t agents_count;
    const char *audiences[AUDIENCES_MAX + 1]; /* NULL-ended */
    size_t audiences_count;
    char *file_text; /* of the session file */
    size_t file_size;
    struct curfew_json *file;
};

static const struct argp_option options[] = {
    {"session-file", KEY_SESSION_FILE, "FILE", 0,
     "what curfew session start --json printed: session, tenant, user, auth_us", 0},
    {"session", KEY_SESSION, "SESSION", 0, "the session the token lives in", 0},
    {"tenant", KEY_TENANT, "TENANT", 0, "the session's tenant", 0},
    {"user", KEY_USER, "USER", 0, "the session's user: sub", 0},
    {"auth-us", KEY_AUTH_US, "MICROSECONDS", 0, "when the session was authenticated, as its start said", 0},
    {"path", KEY_PATH, "TASK:ATTEMPT", 0, "one task it depends on; several times, root first", 0},
    {"agent", KEY_AGENT, "ID", 0, "an agent it is for, as a SPIFFE id; several times, the first one first", 0},
    {"audience", KEY_AUDIENCE, "AUD", 0, "a hop it is for: aud; several times", 0},
    {"life", KEY_LIFE, "SPAN", 0, "until it expires (default 300s)", 0},
    {"client", KEY_CLIENT, "ID", 0, "client_id (default: the last agent, else the writer)", 0},
    {"scope", KEY_SCOPE, "SCOPE", 0, "scope, words separated by blanks", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void add_path(struct mint *mint, const char *argument, const struct argp_state *state)
{
    struct curfew_error error;

    if (mint->path_count == CURFEW_PATH_MAX)
        argp_error(state, "more than %d times --path: no path is longer", CURFEW_PATH_MAX);
    if (curfew_parse_step(argument, &mint->path[mint->path_count], &error) != CURFEW_OK)
        curfew_cli_usage(state, &error);
    mint->path_count++;
}

static void add_name(struct mint *mint, int key, const char *argument, const struct argp_state *state)
{
    if (key == KEY_AGENT && mint->agents_count == CURFEW_AGENTS_MAX)
        argp_error(state, "more than %d times --agent", CURFEW_AGENTS_MAX);
    if (key == KEY_AUDIENCE && mint->audiences_count == AUDIENCES_MAX)
        argp_error(state, "more than %d times --audience", AUDIENCES_MAX);
    if (key == KEY_AGENT)
        mint->agents[mint->agents_count++] = curfew_slice_of(argument);
    else
        mint->audiences[mint->audiences_count++] = argument;
}

static void check_mint(const struct mint *mint, const struct argp_state *state)
{
    curfew_cli_require(state, mint->audiences[0], "--audience", "--audience https://ledger.example");
    if (mint->session_file != NULL)
        return;
    curfew_cli_require(state, mint->session, "--session (or --session-file)", "--session-file session.json");
    curfew_cli_require(state, mint->tenant, "--tenant (or --session-file)", "--tenant acme");
    curfew_cli_require(state, mint->user, "--user (or --session-file)", "--user ana");
    curfew_cli_require(state, mint->auth_us == 0 ? NULL : mint, "--auth-us (or --session-file)",
                       "--auth-us 1795460429437000");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct mint *mint = state->input;
    struct curfew_error error;
    enum curfew_status status = CURFEW_OK;

    switch (key) {
    case KEY_SESSION:
        mint->session = argument;
        break;
    case KEY_SESSION_FILE:
        mint->session_file = argument;
        break;
    case KEY_TENANT:
        mint->tenant = argument;
        break;
    case KEY_USER:
        mint->user = argument;
        break;
    case KEY_AUTH_US:
        status = curfew_parse_count("--auth-us", argument, 1, INT64_MAX - 1, &mint->auth_us, &error);
        break;
    case KEY_PATH:
        add_path(mint, argument, state);
        break;
    case KEY_AGENT:
    case KEY_AUDIENCE:
        add_name(mint, key, argument, state);
        break;
    case KEY_LIFE:
        status = curfew_parse_duration("--life", argument, &mint->life_ms, &error);
        if (status == CURFEW_OK && (mint->life_ms < 1000 || mint->life_ms > LIFE_MAX_MS))
            argp_error(state, "--life is \"%s\": write a span from 1s to 24h", argument);
        break;
    case KEY_CLIENT:
        mint->client = argument;
        break;
    case KEY_SCOPE:
        mint->scope = argument;
        break;
    case ARGP_KEY_END:
        check_mint(mint, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (status != CURFEW_OK)
        curfew_cli_usage(state, &error);
    return 0;
}

static const struct curfew_cli_syntax syntax = {
    .options = options,
    .parse = parse,
    .args = "",
    .help =
        "Mints a token (a JWT, RFC 9068) and prints it, alone on standard output, once the coordinator has accepted "
        "it. A token that is refused, or not answered in time, never leaves this command. The key and iss are the "
        "settings issuer.key_file and issuer.name.\v"
        "Example:\n"
        "  curfew session start --tenant acme --user ana --json > session.json\n"
        "  curfew token mint --session-file session.json --path clean:1 \\\n"
        "      --audience https://ledger.example --agent spiffe://acme/cleaner > token\n\n"
        "A refusal says why, and whether the same again later can help: it can when a task's start is still on its "
        "way, it cannot when the task is over." CURFEW_CLI_EXITS,
};

/* Takes a text member for what was not given on the command line. */
static enum curfew_status take_text(const struct mint *mint, const char *name, const char **value,
                                    struct curfew_error *error)
{
    struct curfew_slice text;

    if (!curfew_json_string(curfew_json_member(mint->file, name), &text) || text.size == 0)
        return curfew_error_set(
            error, CURFEW_INVALID,
            "reading %s: no text \"%s\" in it; curfew session start --json prints what belongs there",
            mint->session_file, name);
    if (*value == NULL)
        *value = (const char *)text.at;
    return CURFEW_OK;
}

static enum curfew_status read_session_file(struct mint *mint, struct curfew_error *error)
{
    struct curfew_error inner;
    int64_t auth_us = 0;
    enum curfew_status status = curfew_input_read("the session file", mint->session_file, SESSION_FILE_MAX,
                                                  &mint->file_text, &mint->file_size, error);

    if (status != CURFEW_OK)
        return status;
    if (curfew_json_parse((struct curfew_slice){(uint8_t *)mint->file_text, mint->file_size}, &mint->file, &inner) !=
        CURFEW_OK)
        return curfew_error_set(error, CURFEW_INVALID, "reading the session file %s: %s", mint->session_file,
                                inner.text);
    status = take_text(mint, "session", &mint->session, error);
    if (status == CURFEW_OK)
        status = take_text(mint, "tenant", &mint->tenant, error);
    if (status == CURFEW_OK)
        status = take_text(mint, "user", &mint->user, error);
    if (status == CURFEW_OK)
        status = take_text(mint, "issuer", &mint->issuer, error);
    if (status != CURFEW_OK)
        return status;
    if (!curfew_json_int(curfew_json_member(mint->file, "auth_us"), &auth_us) || auth_us < 1)
        return curfew_error_set(error, CURFEW_INVALID, "reading %s: no number \"auth_us\" in it", mint->session_file);
    if (mint->auth_us == 0)
        mint->auth_us = auth_us;
    return CURFEW_OK;
}

/* Prints the token that was accepted, or why there is none. */
static int report(const struct curfew_cli *cli, const struct curfew_outcome *outcome, const char *text)
{
    struct curfew_object *object = cli->json ? curfew_object_create() : NULL;
    struct curfew_token *token = NULL;

    if (text != NULL && cli->json) {
        curfew_object_put_text(object, "token", text);
        if (curfew_token_read(curfew_slice_of(text), &token, NULL) == CURFEW_TOKEN_GOOD) {
            curfew_object_put_slice(object, "jti", curfew_token_claims(token)->jti);
            curfew_object_put_int(object, "expires_us", curfew_token_claims(token)->expires_us);
        }
    }
    const struct curfew_cli_report shape = {"token", text, object};
    int status = curfew_cli_report(cli, outcome, &shape);
    curfew_token_destroy(token);
    return status;
}

static void fill_claims(struct mint *mint, const char *issuer, struct curfew_claims *claims)
{
    for (size_t i = 0; i < mint->path_count; i++)
        mint->path[i].tenant = curfew_slice_of(mint->tenant);
    *claims = (struct curfew_claims){
        .session = curfew_slice_of(mint->session),
        .tenant = curfew_slice_of(mint->tenant),
        .issuer = curfew_slice_of(issuer),
        .user = curfew_slice_of(mint->user),
        .auth_us = mint->auth_us,
        .agents = {mint->agents, mint->agents_count},
        .path = {mint->path, mint->path_count},
    };
}

/* client_id is required (RFC 9068 §2.2): who asked for the token. */
static void fill_client(const struct curfew_cli *cli, struct mint *mint)
{
    if (mint->client == NULL && mint->agents_count > 0)
        mint->client = (const char *)mint->agents[mint->agents_count - 1].at; /* an argument: NUL-terminated */
    if (mint->client == NULL)
        mint->client = curfew_producer_writer(cli->producer);
}

static int mint_token(struct curfew_cli *cli, struct mint *mint)
{
    struct curfew_signer *signer = NULL;
    struct curfew_outcome outcome = {.receipt.offset = -1};
    struct curfew_mint order = {.life_s = mint->life_ms / 1000};
    const char *issuer = NULL;
    const char *key_file = NULL;
    struct curfew_error error;
    char *text = NULL;
    enum curfew_status status = curfew_cli_open(cli, &error);

    if (status == CURFEW_OK)
        status = curfew_config_get(cli->config, "issuer.name", &issuer, &error);
    if (status == CURFEW_OK && mint->session_file != NULL)
        status = read_session_file(mint, &error);
    if (status == CURFEW_OK && mint->issuer != NULL && strcmp(mint->issuer, issuer) != 0)
        status = curfew_error_set(&error, CURFEW_INVALID,
                                  "minting a token: the session is of the issuer %.100s, issuer.name is %.100s; only "
                                  "that issuer may mint in it",
                                  mint->issuer, issuer);
    if (status == CURFEW_OK)
        status = curfew_config_get(cli->config, "issuer.key_file", &key_file, &error);
    if (status == CURFEW_OK)
        status = curfew_signer_load(key_file, &signer, &error);
    if (status != CURFEW_OK)
        return curfew_cli_fail(&error);
    fill_claims(mint, issuer, &order.claims);
    fill_client(cli, mint);
    order.client_id = mint->client;
    order.scope = mint->scope;
    order.audiences = mint->audiences;
    status = curfew_mint_token(cli->producer, signer, &order, curfew_cli_left_ms(cli), &text, &outcome);
    outcome.status = status;
    int result = report(cli, &outcome, text);
    if (text != NULL)
        curfew_input_free(text, strlen(text));
    curfew_signer_destroy(signer);
    return result;
}

int curfew_token_mint(struct curfew_cli *cli, int argc, char **argv)
{
    static struct mint mint = {.life_ms = DEFAULT_LIFE_MS};

    curfew_cli_parse(cli, &syntax, argc, argv, &mint);
    int status = mint_token(cli, &mint);
    fflush(stdout);
    curfew_cli_close(cli);
    curfew_json_destroy(mint.file);
    curfew_input_free(mint.file_text, mint.file_size);
    return status;
}
