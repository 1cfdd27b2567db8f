/* main: the `curfew` command: a table of commands, and what finds the one that was meant. */
#include "services/cli/commands.h"
#include "services/cli/parse.h"
#include <errno.h>
#include <stdlib.h>

static const struct curfew_cli_command commands[] = {
    {"topics", "create", "create the topics and each log's first record", curfew_topics_create},
    {"topics", "check", "verify the topics and name what is wrong", curfew_topics_check},
    {"topics", "grant", "let a principal of Kafka read and write what its role needs", curfew_topics_grant},
    {"topics", "skip", "let a lane pass over records that hold it up", curfew_topics_skip},
    {"writer", "add", "let a writer write, and make its key", curfew_writer_add},
    {"writer", "rotate", "give a writer a new key, or retire its old ones", curfew_writer_rotate},
    {"writer", "remove", "take all rights from a writer", curfew_writer_remove},
    {"writer", "list", "print who may write, and what", curfew_writer_list},
    {"session", "start", "start a user's session; prints its id", curfew_session_start},
    {"session", "end", "end a session and everything under it", curfew_session_end},
    {"task", "start", "start a task, or its next attempt, in a session", curfew_task_start},
    {"task", "attempt-end", "end one attempt of a task; a later one may follow", curfew_task_attempt_end},
    {"task", "end", "end a task for good, and everything under it", curfew_task_end},
    {"beat", NULL, "renew a holder's lease, once or every so often", curfew_beat},
    {"token", "mint", "mint a token once the coordinator has accepted it", curfew_token_mint},
    {"token", "keygen", "make a signing key and its public JWKS", curfew_token_keygen},
    {"token", "show", "decode a token without verifying it", curfew_token_show},
    {"token", "revoke", "revoke one token", curfew_token_revoke},
    {"revoke", "user", "end all a user's sessions that began before now", curfew_revoke_user},
    {"revoke", "agent", "deny an agent's tokens of sessions that began before now", curfew_revoke_agent},
    {"revoke", "tenant", "end all a tenant's sessions that began before now", curfew_revoke_tenant},
    {"revoke", "key", "deny all that a signing key has signed, for good", curfew_revoke_key},
    {"revoke", "policy", "deny what was granted under older versions of a policy", curfew_revoke_policy},
    {"policy", "adopt", "let tokens be minted under a policy's version", curfew_policy_adopt},
    {"check", NULL, "ask guards whether a token may go ahead", curfew_check},
    {"list", NULL, "who owns what is alive, and until when", curfew_list_owned},
    {"tree", NULL, "a session's tasks, and what keeps or ended each", curfew_tree},
    {"status", NULL, "how far an event has come, and which hops lag", curfew_receipt_status},
    {"wait", NULL, "wait until every hop has applied an event", curfew_receipt_wait},
    {"reconcile", NULL, "end what an orchestrator's list has no more", curfew_reconcile},
    {"hops", NULL, "how every hop on the roster is: fresh, behind, silent, never heard of", curfew_hops},
    {"audit", "verify", "name what the audit topic should hold and does not", curfew_audit_verify},
    {"tail", NULL, "print a topic's records as JSON lines", curfew_tail},
    {NULL, NULL, NULL, NULL},
};

static const char first_steps[] =
    "\nFirst steps, with a broker, a coordinator and a guard (of audience hop) running:\n"
    "  export CURFEW_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092\n"
    "  export CURFEW_COORDINATORS_KEYS_FILE=keys/coordinators.json\n"
    "  curfew topics create --keys keys\n"
    "  curfew writer add app --role issuer --role orchestrator --tenant acme --issuer https://id.example \\\n"
    "      --out keys/app.key --key-file keys/operator.key --master-file keys/master.key\n"
    "  export CURFEW_PRODUCER_KEY_FILE=keys/app.key\n"
    "  curfew token keygen --out key.pem --jwks jwks.json\n"
    "  export CURFEW_ISSUER_NAME=https://id.example\n"
    "  export CURFEW_ISSUER_KEY_FILE=key.pem\n"
    "  curfew session start --tenant acme --user ana --json > session.json\n"
    "  S=$(jq -r .session session.json)\n"
    "  curfew task start $S clean\n"
    "  curfew token mint --session-file session.json --path clean:1 \\\n"
    "      --audience hop --agent spiffe://acme/cleaner > token\n"
    "  G=http://127.0.0.1:8600\n"
    "  curfew check --guard $G --class strict --file token\n"
    "  curfew task end $S clean\n"
    "  curfew check --guard $G --class strict --file token --until deny\n\n"
    "Every command has --help. Exit status: 0 done (or allowed), 1 failed, 2 wrong usage, 3 refused by the "
    "coordinator, 4 denied, 5 not reachable or out of time, 6 no valid token.";

const char *argp_program_version = "curfew " CURFEW_VERSION;

static int print_group(const char *noun, FILE *file)
{
    int found = 0;

    for (const struct curfew_cli_command *row = commands; row->noun != NULL; row++)
        if (noun == NULL || strcmp(noun, row->noun) == 0) {
            const bool alone = row->verb == NULL;
            fprintf(file, "  %-*s%-*s %s\n", alone ? 20 : 8, row->noun, alone ? 0 : 12, alone ? "" : row->verb,
                    row->summary);
            found++;
        }
    return found;
}

/* The help of `curfew` itself: argp prints a text it is given, so the table goes into it first. */
static char *add_commands(int key, const char *text, void *input)
{
    char *made = NULL;
    size_t size;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    FILE *file = open_memstream(&made, &size);
    if (file == NULL)
        return (char *)text;
    fputs("Commands:\n", file);
    (void)print_group(NULL, file);
    fputs(first_steps, file);
    fclose(file);
    return made;
}

struct found {
    struct curfew_cli *cli;
    int next; /* index in argv of the first word of the command; 0: none */
};

static error_t parse_top(int key, char *argument, struct argp_state *state)
{
    struct found *found = state->input;

    (void)argument;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = found->cli;
        return 0;
    }
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    found->next = state->next - 1;
    state->next = state->argc; /* the rest is the command's */
    return 0;
}

static bool wants_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 || strcmp(word, "--usage") == 0;
}

/* A noun without its verb: what there is. */
static int explain_group(const char *noun, const char *verb)
{
    bool help = verb != NULL && wants_help(verb);
    FILE *file = help ? stdout : stderr;

    if (!help && verb == NULL)
        curfew_cli_say("%s needs one more word:", noun);
    else if (!help)
        curfew_cli_say("there is no command \"%.32s %.32s\", but:", noun, verb);
    if (print_group(noun, file) == 0) {
        curfew_cli_say("there is no command \"%.32s\"; curfew --help lists them", noun);
        return CURFEW_EXIT_USAGE;
    }
    return help ? CURFEW_EXIT_OK : CURFEW_EXIT_USAGE;
}

static bool is_noun(const char *word)
{
    for (const struct curfew_cli_command *row = commands; row->noun != NULL; row++)
        if (strcmp(row->noun, word) == 0)
            return true;
    return false;
}

/* `words` begins with the noun and goes to the end of argv. */
static int run_command(struct curfew_cli *cli, int count, char **words)
{
    char name[64];
    const char *verb = count > 1 ? words[1] : NULL;

    if (!is_noun(words[0])) {
        curfew_cli_say("there is no command \"%.32s\"; curfew --help lists them", words[0]);
        return CURFEW_EXIT_USAGE;
    }
    for (const struct curfew_cli_command *row = commands; row->noun != NULL; row++) {
        if (strcmp(row->noun, words[0]) != 0)
            continue;
        if (row->verb != NULL && (verb == NULL || strcmp(row->verb, verb) != 0))
            continue;
        int skip = row->verb == NULL ? 0 : 1;
        snprintf(name, sizeof name, "curfew %s%s%s", row->noun, skip ? " " : "", skip ? row->verb : "");
        words[skip] = name;
        cli->command = name;
        return row->run(cli, count - skip, words + skip);
    }
    return explain_group(words[0], verb);
}

/* The list of processes shows every argument to everybody on the machine. */
static bool refuse_tokens(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (curfew_parse_is_token(argv[i])) {
            explicit_bzero(argv[i], strlen(argv[i]));
            curfew_cli_say(
                "argument %d is a token; arguments can be read by everybody on this machine (ps), and shells "
                "keep them. Revoke that token, and give tokens with --file FILE or on standard input",
                i);
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    struct curfew_cli cli = {.timeout_ms = CURFEW_CLI_TIMEOUT_MS, .wait = CURFEW_WAIT_ACCEPTED};
    struct found found = {.cli = &cli};
    struct argp_child children[] = {{&curfew_cli_common, 0, NULL, 0}, {NULL, 0, NULL, 0}};
    const struct argp top = {
        .parser = parse_top,
        .args_doc = "COMMAND ...",
        .doc = "When the task ends, so does the access: says what happens to work, and asks what may go ahead.\v"
               "Commands:",
        .children = children,
        .help_filter = add_commands,
    };

    argp_err_exit_status = CURFEW_EXIT_USAGE;
    if (refuse_tokens(argc, argv))
        return CURFEW_EXIT_USAGE;
    argv[0] = program_invocation_short_name;
    if (argp_parse(&top, argc, argv, ARGP_IN_ORDER, NULL, &found) != 0)
        return CURFEW_EXIT_FAILED;
    if (found.next == 0) {
        curfew_cli_say("which command? curfew --help lists them");
        return CURFEW_EXIT_USAGE;
    }
    int status = run_command(&cli, argc - found.next, argv + found.next);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        curfew_cli_say("writing to standard output failed: %m");
        return status == CURFEW_EXIT_OK ? CURFEW_EXIT_FAILED : status;
    }
    return status;
}
