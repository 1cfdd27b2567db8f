/* standing: what the commands share that say something of users, agents, tenants, keys and policies: their options, the
 * question to a coordinator what it would end, and how its effect is told. One thread.
 *
 * Tenants, keys and policies take two operators: the first one's record is accepted and has no effect until another
 * says the same (services/coordinator/proposals.h). Answers carry refusals alone, so a coordinator is asked whether it
 * waits; without one the command says that it may. */
#ifndef CURFEW_CLI_STANDING_H
#define CURFEW_CLI_STANDING_H

#include "services/cli/cli.h"
#include <curfew/event.h>

/* One command. */
struct curfew_standing_form {
    enum curfew_kind kind;
    bool adopts; /* a policy's version: revokes nothing */
    const char *help; /* what it does, \v, an example that works */
};

/* Parses, asks, says, reports; returns the exit status. */
int curfew_standing_run(struct curfew_cli *cli, const struct curfew_standing_form *form, int argc, char **argv);

#endif
