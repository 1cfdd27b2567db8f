/* list: `curfew list`: who owns what is alive. */
#include "services/cli/commands.h"
#include "services/cli/inquire.h"
#include "services/cli/parse.h"
#include <inttypes.h>
#include <stdlib.h>

#define LIMIT 1000 /* sessions that are printed unless more are asked for */

enum { KEY_COORDINATOR = CURFEW_CLI_KEY(0), KEY_TENANT, KEY_USER, KEY_AGENT, KEY_OWNER, KEY_UNOWNED, KEY_LIMIT };

struct list {
    const struct curfew_cli *cli;
    const char *coordinator, *tenant, *user, *agent, *owner;
    bool unowned;
    int64_t limit, printed;
    bool failed; /* an item could not be printed */
};

static const struct argp_option options[] = {
    {"user", KEY_USER, "SUB", 0, "sessions of this user", 0},
    {"agent", KEY_AGENT, "ID", 0, "sessions in which this agent had a token", 0},
    {"owner", KEY_OWNER, "NAME", 0, "what this holder keeps, or this writer (an orchestrator, an issuer) started", 0},
    {"unowned", KEY_UNOWNED, NULL, 0, "what no lease keeps: it lives until it is ended, or to its deadline", 0},
    {"tenant", KEY_TENANT, "TENANT", 0, "sessions of this tenant", 0},
    {"limit", KEY_LIMIT, "N", 0, "print no more sessions than this (default 1000)", 0},
    {"coordinator", KEY_COORDINATOR, "URL", 0, "whom to ask (default: the setting coordinator.url)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct list *list = state->input;
    struct curfew_error error;

    switch (key) {
    case KEY_COORDINATOR:
        list->coordinator = argument;
        return 0;
    case KEY_TENANT:
        list->tenant = argument;
        return 0;
    case KEY_USER:
        list->user = argument;
        return 0;
    case KEY_AGENT:
        list->agent = argument;
        return 0;
    case KEY_OWNER:
        list->owner = argument;
        return 0;
    case KEY_UNOWNED:
        list->unowned = true;
        return 0;
    case KEY_LIMIT:
        if (curfew_parse_count("--limit", argument, 1, INT32_MAX, &list->limit, &error) != CURFEW_OK)
            curfew_cli_usage(state, &error);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax syntax = {
    .options = options,
    .parse = parse,
    .args = "",
    .help = "Prints the sessions that are open, as a coordinator knows them, and who owns them: the holder whose "
            "lease keeps a session, and how long it may stay silent; its running tasks, by holder and by the writer "
            "that started them; how many of those no lease keeps; the agents that had tokens there; and until when "
            "tokens minted so far can live. What is said to be left is counted from the newest tick, not from this "
            "machine's clock. Options narrow it down, all at once. With --json one object a session, a line "
            "each.\v"
            "Example:\n"
            "  curfew list --user ana\n"
            "  curfew list --owner scheduler-1\n"
            "  curfew list --unowned --json | jq -r .session\n"
            "  curfew list --agent spiffe://acme/planner --coordinator http://127.0.0.1:8610" CURFEW_CLI_EXITS,
};

static void print_owners(const struct curfew_json *session)
{
    const struct curfew_json *owners = curfew_json_member(session, "owners");

    for (size_t i = 0; i < curfew_json_count(owners); i++) {
        const struct curfew_json *owner = curfew_json_item(owners, i);
        printf("    %" PRId64 " running %s %.*s\n", curfew_inquired_int(owner, "tasks", 0),
               curfew_inquired_is(owner, "as", "holder") ? "held by" : "started by",
               CURFEW_SLICE_ARGS(curfew_inquired_text(owner, "owner")));
    }
    if (curfew_json_member(session, "owners_more") != NULL)
        printf("    and more owners; curfew tree names them all\n");
}

static void print_agents(const struct curfew_json *session)
{
    const struct curfew_json *agents = curfew_json_member(session, "agents");

    for (size_t i = 0; i < curfew_json_count(agents); i++)
        printf("    agent %.*s\n", CURFEW_SLICE_ARGS(curfew_inquired_text(curfew_json_item(agents, i), "agent")));
    if (curfew_json_member(session, "agents_more") != NULL)
        printf("    and other agents, too many to be known\n");
}

static void print_session(const struct curfew_json *session)
{
    char span[CURFEW_SPAN_SIZE];
    const struct curfew_slice holder = curfew_inquired_text(session, "holder");
    const int64_t unlooked = curfew_inquired_int(session, "tasks_unlooked", 0);

    printf("%.*s  user %.*s of %.*s, started by %.*s\n", CURFEW_SLICE_ARGS(curfew_inquired_text(session, "session")),
           CURFEW_SLICE_ARGS(curfew_inquired_text(session, "user")),
           CURFEW_SLICE_ARGS(curfew_inquired_text(session, "tenant")),
           CURFEW_SLICE_ARGS(curfew_inquired_text(session, "starter")));
    if (holder.size > 0)
        printf("    kept by %.*s, whose lease has %s left\n", CURFEW_SLICE_ARGS(holder),
               curfew_inquired_span(curfew_inquired_int(session, "lease_left_ms", 0), span));
    else
        printf("    kept by no lease\n");
    printf("    %" PRId64 " tasks running, %" PRId64 " of them kept by no lease, %" PRId64 " over\n",
           curfew_inquired_int(session, "tasks_running", 0), curfew_inquired_int(session, "tasks_unowned", 0),
           curfew_inquired_int(session, "tasks_over", 0));
    if (unlooked > 0)
        printf("    and %" PRId64 " tasks that were not looked at\n", unlooked);
    print_owners(session);
    print_agents(session);
    const int64_t now_us = curfew_inquired_int(session, "as_of_us", 0);
    const int64_t newest_us = curfew_inquired_int(session, "newest_expiry_us", 0);
    if (newest_us == 0)
        printf("    no token was announced");
    else if (newest_us <= now_us)
        printf("    every token so far has expired");
    else
        printf("    newest token expires in %s", curfew_inquired_span((newest_us - now_us) / 1000, span));
    printf("; its deadline is in %s\n",
           curfew_inquired_span((curfew_inquired_int(session, "deadline_us", 0) - now_us) / 1000, span));
}

static bool take(void *context, const struct curfew_json *session)
{
    struct list *list = context;

    if (list->printed == list->limit)
        return false;
    list->printed++;
    if (!list->cli->json) {
        print_session(session);
        return true;
    }
    char *text = curfew_json_print(session);
    list->failed = list->failed || text == NULL;
    if (text != NULL)
        puts(text);
    free(text);
    return true;
}

/* malloc'ed; NULL: no memory. */
static char *make_path(const struct list *list)
{
    char *text = NULL;
    size_t size = 0;
    int count = 0;
    FILE *path = open_memstream(&text, &size);

    if (path == NULL)
        return NULL;
    fputs("/v1/sessions", path);
    bool whole = curfew_inquire_argument(path, "tenant", list->tenant, &count) &&
                 curfew_inquire_argument(path, "user", list->user, &count) &&
                 curfew_inquire_argument(path, "agent", list->agent, &count) &&
                 curfew_inquire_argument(path, "owner", list->owner, &count) &&
                 curfew_inquire_argument(path, "unowned", list->unowned ? "1" : NULL, &count);
    if (fclose(path) != 0 || !whole) {
        free(text);
        return NULL;
    }
    return text;
}

static enum curfew_status ask(struct list *list, struct curfew_error *error)
{
    struct curfew_json *last = NULL;
    bool more = false;
    char *path = make_path(list);

    if (path == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
    const struct curfew_inquiry inquiry = {list->coordinator, path, "sessions", list->cli->deadline_us};
    enum curfew_status status = curfew_inquire_pages(&inquiry, take, list, &last, &more, error);
    if (status == CURFEW_OK && list->failed)
        status = curfew_error_set(error, CURFEW_NOMEM, "printing sessions: out of memory");
    if (status == CURFEW_OK && more)
        curfew_cli_say("%" PRId64 " sessions are shown, and there are more (%" PRId64 " are open in all); --limit "
                       "shows more, other options fewer",
                       list->printed, curfew_inquired_int(last, "open", 0));
    else if (status == CURFEW_OK && list->printed == 0)
        curfew_cli_say("none of the %" PRId64 " sessions that are open", curfew_inquired_int(last, "open", 0));
    curfew_json_destroy(last);
    free(path);
    return status;
}

int curfew_list_owned(struct curfew_cli *cli, int argc, char **argv)
{
    struct list list = {.cli = cli, .limit = LIMIT};
    struct curfew_error error;

    curfew_cli_parse(cli, &syntax, argc, argv, &list);
    enum curfew_status status = curfew_cli_load(cli, &error);
    if (status == CURFEW_OK && list.coordinator == NULL)
        status = curfew_config_get(cli->config, "coordinator.url", &list.coordinator, &error);
    if (status == CURFEW_OK)
        status = ask(&list, &error);
    const int result = status == CURFEW_OK ? CURFEW_EXIT_OK : curfew_cli_fail(&error);
    curfew_cli_close(cli);
    return result;
}
