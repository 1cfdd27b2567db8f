/* commands: the functions behind the table in main.c, one file a noun. Each parses its command line and returns an
 * enum curfew_exit. */
#ifndef CURFEW_CLI_COMMANDS_H
#define CURFEW_CLI_COMMANDS_H

#include "services/cli/cli.h"

int curfew_topics_create(struct curfew_cli *cli, int argc, char **argv);
int curfew_topics_check(struct curfew_cli *cli, int argc, char **argv);
int curfew_topics_grant(struct curfew_cli *cli, int argc, char **argv);
int curfew_topics_skip(struct curfew_cli *cli, int argc, char **argv);
int curfew_session_start(struct curfew_cli *cli, int argc, char **argv);
int curfew_session_end(struct curfew_cli *cli, int argc, char **argv);
int curfew_task_start(struct curfew_cli *cli, int argc, char **argv);
int curfew_task_attempt_end(struct curfew_cli *cli, int argc, char **argv);
int curfew_task_end(struct curfew_cli *cli, int argc, char **argv);
int curfew_beat(struct curfew_cli *cli, int argc, char **argv);
int curfew_token_mint(struct curfew_cli *cli, int argc, char **argv);
int curfew_token_keygen(struct curfew_cli *cli, int argc, char **argv);
int curfew_token_show(struct curfew_cli *cli, int argc, char **argv);
int curfew_token_revoke(struct curfew_cli *cli, int argc, char **argv);
int curfew_revoke_user(struct curfew_cli *cli, int argc, char **argv);
int curfew_revoke_agent(struct curfew_cli *cli, int argc, char **argv);
int curfew_revoke_tenant(struct curfew_cli *cli, int argc, char **argv);
int curfew_revoke_key(struct curfew_cli *cli, int argc, char **argv);
int curfew_revoke_policy(struct curfew_cli *cli, int argc, char **argv);
int curfew_policy_adopt(struct curfew_cli *cli, int argc, char **argv);
int curfew_writer_add(struct curfew_cli *cli, int argc, char **argv);
int curfew_writer_rotate(struct curfew_cli *cli, int argc, char **argv);
int curfew_writer_remove(struct curfew_cli *cli, int argc, char **argv);
int curfew_writer_list(struct curfew_cli *cli, int argc, char **argv);
int curfew_check(struct curfew_cli *cli, int argc, char **argv);
int curfew_audit_verify(struct curfew_cli *cli, int argc, char **argv);
int curfew_list_owned(struct curfew_cli *cli, int argc, char **argv);
int curfew_tree(struct curfew_cli *cli, int argc, char **argv);
int curfew_receipt_status(struct curfew_cli *cli, int argc, char **argv);
int curfew_receipt_wait(struct curfew_cli *cli, int argc, char **argv);
int curfew_reconcile(struct curfew_cli *cli, int argc, char **argv);
int curfew_hops(struct curfew_cli *cli, int argc, char **argv);
int curfew_tail(struct curfew_cli *cli, int argc, char **argv);

#endif
