/* token: `curfew token keygen`, `curfew token show` and `curfew token revoke`. */
#include "consumer/token.h"
#include "services/cli/commands.h"
#include "services/cli/emit.h"
#include "services/cli/input.h"
#include "services/issuer/mint.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WHAT_SIZE 128

enum {
    KEY_OUT = CURFEW_CLI_KEY(0),
    KEY_JWKS,
    KEY_ALGORITHM,
    KEY_FILE,
    KEY_SESSION,
    KEY_JTI,
    KEY_ISSUER,
    KEY_REASON,
};

struct keygen {
    const char *out, *jwks;
    enum curfew_jose_algorithm algorithm;
};

static const struct argp_option keygen_options[] = {
    {"out", KEY_OUT, "FILE", 0, "where the private key goes (PEM, mode 0600); must not be there yet", 0},
    {"alg", KEY_ALGORITHM, "NAME", 0, "ES256 (EC P-256; default), RS256 (RSA 2048) or EdDSA (Ed25519)", 0},
    {"jwks", KEY_JWKS, "FILE", 0, "where the public keys go (RFC 7517); must not be there yet", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_keygen(int key, char *argument, struct argp_state *state)
{
    struct keygen *keygen = state->input;

    switch (key) {
    case KEY_OUT:
        keygen->out = argument;
        return 0;
    case KEY_JWKS:
        keygen->jwks = argument;
        return 0;
    case KEY_ALGORITHM:
        if (!curfew_jose_algorithm_parse(curfew_slice_of(argument), &keygen->algorithm))
            argp_error(state, "--alg: \"%.32s\" is none of ES256, RS256 and EdDSA", argument);
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, keygen->out, "--out", "--out key.pem");
        curfew_cli_require(state, keygen->jwks, "--jwks", "--jwks jwks.json");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax keygen_syntax = {
    .options = keygen_options,
    .parse = parse_keygen,
    .args = "",
    .help = "Makes a signing key for tokens: the private key for issuer.key_file, the public keys for "
            "hop.jwks_file. Neither file is ever overwritten.\v"
            "Example:\n"
            "  curfew token keygen --out key.pem --jwks jwks.json\n"
            "  curfew token keygen --alg RS256 --out key.pem --jwks jwks.json" CURFEW_CLI_EXITS,
};

/* Writes all of `text` and makes it last. */
static bool write_all(int descriptor, const char *text)
{
    size_t size = strlen(text);

    for (size_t done = 0; done < size;) {
        ssize_t wrote = write(descriptor, text + done, size - done);
        if (wrote < 0 && errno != EINTR)
            return false;
        done += wrote < 0 ? 0 : (size_t)wrote;
    }
    return write(descriptor, "\n", 1) == 1 && fsync(descriptor) == 0;
}

static enum curfew_status generate(const struct keygen *keygen, struct curfew_error *error)
{
    char *jwks = NULL;
    bool made = false;
    /* the public file first: when it cannot be made, no private key lies about */
    int descriptor = open(keygen->jwks, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    enum curfew_status status;

    if (descriptor < 0)
        return curfew_error_set(error, CURFEW_INVALID, "making %s for the public keys: %m", keygen->jwks);
    status = curfew_signer_generate(keygen->algorithm, keygen->out, &jwks, error);
    made = status == CURFEW_OK;
    if (made && !write_all(descriptor, jwks))
        status = curfew_error_set(error, CURFEW_INVALID, "writing the public keys to %s: %m", keygen->jwks);
    close(descriptor);
    if (status != CURFEW_OK) {
        unlink(keygen->jwks);
        if (made)
            unlink(keygen->out);
    }
    free(jwks);
    return status;
}

int curfew_token_keygen(struct curfew_cli *cli, int argc, char **argv)
{
    struct keygen keygen = {.algorithm = CURFEW_JOSE_ES256};
    struct curfew_error error;

    curfew_cli_parse(cli, &keygen_syntax, argc, argv, &keygen);
    if (generate(&keygen, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    curfew_cli_say("made the private key %s (keep it secret) and the public keys %s", keygen.out, keygen.jwks);
    return CURFEW_EXIT_OK;
}

static const struct argp_option show_options[] = {
    {"file", KEY_FILE, "FILE", 0, "where the token is (default -: standard input)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_show(int key, char *argument, struct argp_state *state)
{
    const char **file = state->input;

    if (key != KEY_FILE)
        return ARGP_ERR_UNKNOWN;
    *file = argument;
    return 0;
}

static const struct curfew_cli_syntax show_syntax = {
    .options = show_options,
    .parse = parse_show,
    .args = "",
    .help =
        "Decodes a token and prints its header and claims as JSON. It verifies nothing, neither signature nor expiry "
        "nor revocation: never decide by it. The signature is not printed.\v"
        "Example:\n"
        "  curfew token show --file token\n"
        "  curfew token show < token\n\n"
        "Exit status: 0 shown, 1 failed, 2 wrong usage, 6 not a token in Curfew's form.",
};

int curfew_token_show(struct curfew_cli *cli, int argc, char **argv)
{
    const char *file = "-";
    struct curfew_token *token = NULL;
    struct curfew_error error;
    char *text = NULL;
    char *json = NULL;
    size_t size = 0;
    int status = CURFEW_EXIT_OK;

    curfew_cli_parse(cli, &show_syntax, argc, argv, &file);
    if (curfew_input_token(file, &text, &size, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    enum curfew_token_fault fault = curfew_token_read((struct curfew_slice){(uint8_t *)text, size}, &token, &error);
    if (fault != CURFEW_TOKEN_GOOD) {
        curfew_cli_say("not a token (%s): %s", curfew_token_fault_name(fault), error.text);
        status = CURFEW_EXIT_NOT_VALID;
        goto out;
    }
    json = curfew_token_json(token);
    if (json == NULL) {
        curfew_cli_say("showing a token: out of memory");
        status = CURFEW_EXIT_FAILED;
        goto out;
    }
    curfew_cli_say("not verified: the signature was not checked, nor expiry, nor revocation");
    puts(json);
out:
    free(json);
    curfew_token_destroy(token);
    curfew_input_free(text, size);
    return status;
}

struct revoke {
    const char *session, *jti, *file, *issuer, *reason;
};

static const struct argp_option revoke_options[] = {
    {"session", KEY_SESSION, "SESSION", 0, "the token's session; with --file the token says it", 0},
    {"jti", KEY_JTI, "JTI", 0, "the token's jti", 0},
    {"file", KEY_FILE, "FILE", 0, "where the token itself is (-: standard input)", 0},
    {"issuer", KEY_ISSUER, "ISS", 0,
     "the token's iss (default: the setting issuer.name); with --file the token says it", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why, for people", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_revoke(int key, char *argument, struct argp_state *state)
{
    struct revoke *revoke = state->input;

    switch (key) {
    case KEY_SESSION:
        revoke->session = argument;
        return 0;
    case KEY_JTI:
        revoke->jti = argument;
        return 0;
    case KEY_FILE:
        revoke->file = argument;
        return 0;
    case KEY_ISSUER:
        revoke->issuer = argument;
        return 0;
    case KEY_REASON:
        revoke->reason = argument;
        return 0;
    case ARGP_KEY_END:
        if ((revoke->jti != NULL) + (revoke->file != NULL) != 1)
            argp_error(state, "say which token: one of --jti and --file");
        if (revoke->file == NULL)
            curfew_cli_require(state, revoke->session, "--session", "--session 3.k7QwZ2pXn0aVb81mJc5TyA");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax revoke_syntax = {
    .options = revoke_options,
    .parse = parse_revoke,
    .args = "",
    .help = "Revokes one token: it is denied at every hop from then on. What else its task and session hold goes on. "
            "Prints lane:offset of the event.\v"
            "Example:\n"
            "  curfew token revoke --file token --reason leaked\n"
            "  curfew token revoke --session 3.k7QwZ2pXn0aVb81mJc5TyA --jti 4f0e1c" CURFEW_CLI_EXITS,
    .emits = true,
};

/* What the token itself says; what was given beside it must agree. */
static enum curfew_status take_claims(const struct curfew_token *token, const struct revoke *revoke,
                                      struct curfew_token_revoked *revoked, struct curfew_error *error)
{
    const struct curfew_claims *claims = curfew_token_claims(token);

    revoked->session = claims->session;
    revoked->issuer = claims->issuer;
    revoked->jti = claims->jti;
    if (revoke->session != NULL && !curfew_slice_equal(curfew_slice_of(revoke->session), claims->session))
        return curfew_error_set(error, CURFEW_INVALID,
                                "revoking a token: it is of session %.*s, not of the one --session says; leave "
                                "--session out",
                                CURFEW_SLICE_ARGS(claims->session));
    if (revoke->issuer != NULL && !curfew_slice_equal(curfew_slice_of(revoke->issuer), claims->issuer))
        return curfew_error_set(error, CURFEW_INVALID,
                                "revoking a token: it is of another issuer than --issuer says; leave --issuer out");
    return CURFEW_OK;
}

static int revoke_token(struct curfew_cli *cli, const struct revoke *revoke, const struct curfew_token *token)
{
    struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_REVOKED};
    struct curfew_token_revoked *revoked = &event.as.token_revoked;
    const char *issuer = revoke->issuer;
    struct curfew_error error;
    char what[WHAT_SIZE];
    enum curfew_status status = curfew_cli_open(cli, &error);

    if (status == CURFEW_OK && token == NULL && issuer == NULL)
        status = curfew_config_get(cli->config, "issuer.name", &issuer, &error);
    revoked->session = curfew_slice_of(revoke->session);
    revoked->issuer = curfew_slice_of(issuer);
    revoked->jti = curfew_slice_of(revoke->jti);
    revoked->reason = curfew_slice_of(revoke->reason);
    if (status == CURFEW_OK && token != NULL)
        status = take_claims(token, revoke, revoked, &error);
    if (status != CURFEW_OK)
        return curfew_cli_fail(&error);
    snprintf(what, sizeof what, "revocation of token %.*s", revoked->jti.size > 64 ? 64 : (int)revoked->jti.size,
             (const char *)revoked->jti.at);
    const struct curfew_cli_report report = {what, NULL, NULL};
    return curfew_cli_emit(cli, &event, &report);
}

int curfew_token_revoke(struct curfew_cli *cli, int argc, char **argv)
{
    struct revoke revoke = {.session = NULL};
    struct curfew_token *token = NULL;
    struct curfew_error error;
    char *text = NULL;
    size_t size = 0;
    int status;

    curfew_cli_parse(cli, &revoke_syntax, argc, argv, &revoke);
    if (revoke.file != NULL) {
        if (curfew_input_token(revoke.file, &text, &size, &error) != CURFEW_OK)
            return curfew_cli_fail(&error);
        enum curfew_token_fault fault = curfew_token_read((struct curfew_slice){(uint8_t *)text, size}, &token, &error);
        curfew_input_free(text, size);
        if (fault != CURFEW_TOKEN_GOOD) {
            curfew_cli_say("revoking a token: not a token (%s): %s", curfew_token_fault_name(fault), error.text);
            return CURFEW_EXIT_NOT_VALID;
        }
    }
    status = revoke_token(cli, &revoke, token);
    curfew_cli_close(cli);
    curfew_token_destroy(token);
    return status;
}
