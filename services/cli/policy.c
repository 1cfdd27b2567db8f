/* policy: `curfew policy adopt`: tokens may be minted under a version. */
#include "services/cli/commands.h"
#include "services/cli/standing.h"

static const struct curfew_standing_form adopt = {
    CURFEW_KIND_POLICY,
    true,
    "Says that a version of a tenant's policy, and with it every older one, exists: tokens that name it may be minted "
    "from the next tick on, those that name a newer one are refused. Nothing ends; to end what was granted under older "
    "versions: curfew revoke policy. Prints lane:offset of the event.\v"
    "Example:\n"
    "  curfew policy adopt --tenant acme --policy payments:8" CURFEW_CLI_EXITS,
};

int curfew_policy_adopt(struct curfew_cli *cli, int argc, char **argv)
{
    return curfew_standing_run(cli, &adopt, argc, argv);
}
