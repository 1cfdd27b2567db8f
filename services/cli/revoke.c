/* revoke: `curfew revoke user`: what spans sessions, said on the control lane. */
#include "services/cli/commands.h"
#include "services/cli/emit.h"

#define WHAT_SIZE 128

enum { KEY_TENANT = CURFEW_CLI_KEY(0), KEY_USER, KEY_ISSUER, KEY_REASON };

struct revoke {
    const char *tenant, *user, *issuer, *reason;
};

static const struct argp_option options[] = {
    {"tenant", KEY_TENANT, "TENANT", 0, "the tenant of the sessions", 0},
    {"issuer", KEY_ISSUER, "ISS", 0, "the issuer that knows the user", 0},
    {"user", KEY_USER, "USER", 0, "the user, as sub in tokens", 0},
    {"reason", KEY_REASON, "TEXT", 0, "why, for people", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct revoke *revoke = state->input;

    switch (key) {
    case KEY_TENANT:
        revoke->tenant = argument;
        return 0;
    case KEY_ISSUER:
        revoke->issuer = argument;
        return 0;
    case KEY_USER:
        revoke->user = argument;
        return 0;
    case KEY_REASON:
        revoke->reason = argument;
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, revoke->tenant, "--tenant", "--tenant acme");
        curfew_cli_require(state, revoke->issuer, "--issuer", "--issuer https://id.example");
        curfew_cli_require(state, revoke->user, "--user", "--user ana");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax syntax = {
    .options = options,
    .parse = parse,
    .args = "",
    .help = "Ends every session that a user began before now, in every lane: their tokens are denied at every hop. The "
            "user may log in again; within about a second of this they may have to do so twice. Prints lane:offset of "
            "the event.\v"
            "Example:\n"
            "  curfew revoke user --tenant acme --issuer https://id.example --user ana\n\n"
            "The clocks of this machine and of the broker must agree; otherwise it is refused." CURFEW_CLI_EXITS,
    .emits = true,
};

int curfew_revoke_user(struct curfew_cli *cli, int argc, char **argv)
{
    struct revoke revoke = {.tenant = NULL};
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED};
    struct curfew_subject_revoked *revoked = &event.as.subject_revoked;
    char what[WHAT_SIZE];

    curfew_cli_parse(cli, &syntax, argc, argv, &revoke);
    revoked->kind = CURFEW_KIND_USER;
    revoked->tenant = curfew_slice_of(revoke.tenant);
    revoked->scope = curfew_slice_of(revoke.issuer);
    revoked->id = curfew_slice_of(revoke.user);
    revoked->reason = curfew_slice_of(revoke.reason);
    snprintf(what, sizeof what, "revocation of user %.64s", revoke.user);
    const struct curfew_cli_report report = {what, NULL, NULL};
    return curfew_cli_send(cli, &event, &report);
}
