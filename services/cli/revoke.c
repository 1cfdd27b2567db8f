/* revoke: `curfew revoke user|agent|tenant|key|policy`: what spans sessions, said on the control lane. */
#include "services/cli/commands.h"
#include "services/cli/standing.h"

#define TWO_OPERATORS                                                                                                  \
    " Takes two operators: the first one's word has no effect until another says the same within 15 minutes; with "    \
    "--break-glass one is enough. "
#define CLOCKS "The clocks of this machine and of the broker must agree; otherwise it is refused."
#define PRINTS "Prints lane:offset of the event; with --dry-run, how many live sessions and running tasks it would end."

static const struct curfew_standing_form user = {
    CURFEW_KIND_USER,
    false,
    "Ends every session that a user began before now, in every lane: their tokens are denied at every hop. "
    "The user may log in again; within about a second of this they may have to do so twice. " PRINTS "\v"
    "Example:\n"
    "  curfew revoke user --tenant acme --issuer https://id.example --user ana\n\n" CLOCKS CURFEW_CLI_EXITS,
};

static const struct curfew_standing_form agent = {
    CURFEW_KIND_AGENT,
    false,
    "Denies every token through which an agent acts, or acted on the way, in sessions begun before now; no "
    "more are minted in them. The sessions go on with other agents. " PRINTS "\v"
    "Example:\n"
    "  curfew revoke agent --tenant acme --agent spiffe://acme/planner\n\n" CLOCKS CURFEW_CLI_EXITS,
};

static const struct curfew_standing_form tenant = {
    CURFEW_KIND_TENANT,
    false,
    "Ends every session of a tenant that was begun before now, whoever's it is." TWO_OPERATORS PRINTS "\v"
    "Example:\n"
    "  curfew revoke tenant --tenant acme --dry-run \\\n"
    "      --coordinator http://127.0.0.1:8610\n"
    "  curfew revoke tenant --tenant acme --reason 'breach 4711'\n\n" CLOCKS CURFEW_CLI_EXITS,
};

static const struct curfew_standing_form key = {
    CURFEW_KIND_KEY,
    false,
    "Denies every token that a key has signed or ever will, for good." TWO_OPERATORS PRINTS "\v"
    "Example:\n"
    "  curfew revoke key --key NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs \\\n"
    "      --break-glass --reason 'found in a public repository'\n\n" CLOCKS CURFEW_CLI_EXITS,
};

static const struct curfew_standing_form policy = {
    CURFEW_KIND_POLICY,
    false,
    "Denies every token that was granted under an older version of a policy; no more are minted under one. "
    "The version must have been adopted (curfew policy adopt)." TWO_OPERATORS PRINTS "\v"
    "Example:\n"
    "  curfew revoke policy --tenant acme --policy payments:8\n\n" CLOCKS CURFEW_CLI_EXITS,
};

int curfew_revoke_user(struct curfew_cli *cli, int argc, char **argv)
{
    return curfew_standing_run(cli, &user, argc, argv);
}

int curfew_revoke_agent(struct curfew_cli *cli, int argc, char **argv)
{
    return curfew_standing_run(cli, &agent, argc, argv);
}

int curfew_revoke_tenant(struct curfew_cli *cli, int argc, char **argv)
{
    return curfew_standing_run(cli, &tenant, argc, argv);
}

int curfew_revoke_key(struct curfew_cli *cli, int argc, char **argv)
{
    return curfew_standing_run(cli, &key, argc, argv);
}

int curfew_revoke_policy(struct curfew_cli *cli, int argc, char **argv)
{
    return curfew_standing_run(cli, &policy, argc, argv);
}
