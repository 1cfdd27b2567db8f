/* tree: `curfew tree`: a session's tasks, what keeps them, and by what cause those that are over came to their end. */
#include "core/id.h"
#include "services/cli/commands.h"
#include "services/cli/inquire.h"
#include "services/cli/parse.h"
#include <inttypes.h>
#include <stdlib.h>
#include <uthash.h>

#define LIMIT 10000 /* tasks that are printed unless more are asked for */

enum { KEY_COORDINATOR = CURFEW_CLI_KEY(0), KEY_LIMIT };

/* A task, and those below it in the order they were started. */
struct leaf {
    const struct curfew_json *task;
    struct leaf *first, *last, *next;
    UT_hash_handle hh; /* by name */
};

struct tree {
    const char *coordinator, *session;
    int64_t limit;
    struct curfew_json *tasks; /* array */
    int64_t now_us; /* of the lane */
    bool failed; /* memory ran out */
};

static const struct argp_option options[] = {
    {"limit", KEY_LIMIT, "N", 0, "print no more tasks than this (default 10000)", 0},
    {"coordinator", KEY_COORDINATOR, "URL", 0, "whom to ask (default: the setting coordinator.url)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct tree *tree = state->input;
    struct curfew_error error;

    switch (key) {
    case KEY_COORDINATOR:
        tree->coordinator = argument;
        return 0;
    case KEY_LIMIT:
        if (curfew_parse_count("--limit", argument, 1, INT32_MAX, &tree->limit, &error) != CURFEW_OK)
            curfew_cli_usage(state, &error);
        return 0;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, &tree->session, 1);
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, tree->session, "SESSION", "the id that curfew list prints first on a line");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax syntax = {
    .options = options,
    .parse = parse,
    .args = "SESSION",
    .help = "Prints a session and its tasks as a tree, as a coordinator knows them, each with its current attempt:\n"
            "  running        whose lease keeps it (its own holder's, or of what is\n"
            "                 above it) and how long that may stay silent; when its\n"
            "                 newest token expires\n"
            "  over           who said so, why and where (lane:offset); or that a\n"
            "                 lease ran out. Of a session also that its deadline\n"
            "                 passed, or its user or tenant was revoked\n"
            "  attempt over   the same of the attempt; a later one may follow\n"
            "  under the dead something above it is over, or at another attempt\n"
            "A session that ended is shown until a thousand others of its lane have ended since; after that only that "
            "it is over is known.\v"
            "Example:\n"
            "  curfew tree 3.k7QwZ2pXn0aVb81mJc5TyA\n"
            "  curfew tree 3.k7QwZ2pXn0aVb81mJc5TyA --json |\n"
            "      jq -r '.tasks[] | select(.state == \"running\").task'" CURFEW_CLI_EXITS,
};

/* What people wrote as a reason may hold anything; a terminal is not to act on it. */
static void print_reason(struct curfew_slice reason)
{
    printf(", \"");
    for (size_t i = 0; i < reason.size; i++)
        putchar(reason.at[i] < 0x20 || reason.at[i] == 0x7f ? '?' : reason.at[i]);
    putchar('"');
}

static void print_end(const struct tree *tree, const struct curfew_json *end, int64_t lane)
{
    static const struct {
        const char *cause, *text;
    } causes[] = {{"lease", "its lease ran out"},
                  {"deadline", "its deadline passed"},
                  {"user_revoked", "its user was revoked"},
                  {"tenant_revoked", "its tenant was revoked"}};
    const struct curfew_slice by_task = curfew_inquired_text(end, "by_task");
    const struct curfew_slice reason = curfew_inquired_text(end, "reason");
    const int64_t at_us = curfew_inquired_int(end, "at_us", 0);
    char span[CURFEW_SPAN_SIZE];
    const char *text = "by a cause that is not known any more";

    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (curfew_inquired_is(end, "cause", causes[i].cause))
            text = causes[i].text;
    if (curfew_inquired_is(end, "cause", "said"))
        printf(": said by %.*s", CURFEW_SLICE_ARGS(curfew_inquired_text(end, "by")));
    else
        printf(": %s", text);
    if (by_task.size > 0)
        printf(" for task %.*s", CURFEW_SLICE_ARGS(by_task));
    if (reason.size > 0)
        print_reason(reason);
    if (at_us > 0)
        printf(", %" PRId64 ":%" PRId64 ", %s ago", lane, curfew_inquired_int(end, "offset", 0),
               curfew_inquired_span(tree->now_us - at_us < 1000 ? 1 : (tree->now_us - at_us) / 1000, span));
}

static void print_life(const struct tree *tree, const struct curfew_json *task)
{
    char span[CURFEW_SPAN_SIZE];
    const struct curfew_slice keeper = curfew_inquired_text(task, "kept_by");
    const int64_t newest_us = curfew_inquired_int(task, "newest_expiry_us", 0);

    if (keeper.size > 0)
        printf(", kept by %.*s, whose lease has %s left", CURFEW_SLICE_ARGS(keeper),
               curfew_inquired_span(curfew_inquired_int(task, "lease_left_ms", 0), span));
    else
        printf(", kept by no lease");
    if (newest_us > tree->now_us)
        printf(", newest token expires in %s", curfew_inquired_span((newest_us - tree->now_us) / 1000, span));
}

static void print_task(const struct tree *tree, const struct curfew_json *task, int depth, int64_t lane)
{
    printf("%*s%.*s  attempt %" PRId64 "  ", 2 * depth, "", CURFEW_SLICE_ARGS(curfew_inquired_text(task, "task")),
           curfew_inquired_int(task, "attempt", 0));
    if (curfew_inquired_is(task, "state", "running")) {
        printf("running");
        print_life(tree, task);
    } else if (curfew_inquired_is(task, "state", "over")) {
        printf("over");
        print_end(tree, curfew_json_member(task, "end"), lane);
    } else if (curfew_inquired_is(task, "state", "attempt_over")) {
        printf("attempt over");
        print_end(tree, curfew_json_member(task, "attempt_end"), lane);
    } else {
        printf("under the dead");
    }
    putchar('\n');
}

static void print_session(const struct tree *tree, const struct curfew_json *session)
{
    char span[CURFEW_SPAN_SIZE];
    const struct curfew_slice holder = curfew_inquired_text(session, "holder");
    const struct curfew_slice user = curfew_inquired_text(session, "user");

    printf("%.*s  ", CURFEW_SLICE_ARGS(curfew_inquired_text(session, "session")));
    if (user.size > 0)
        printf("user %.*s of %.*s, started by %.*s, ", CURFEW_SLICE_ARGS(user),
               CURFEW_SLICE_ARGS(curfew_inquired_text(session, "tenant")),
               CURFEW_SLICE_ARGS(curfew_inquired_text(session, "starter")));
    if (curfew_inquired_is(session, "state", "open")) {
        printf("open");
        if (holder.size > 0)
            printf(", kept by %.*s, whose lease has %s left", CURFEW_SLICE_ARGS(holder),
                   curfew_inquired_span(curfew_inquired_int(session, "lease_left_ms", 0), span));
        printf(", its deadline is in %s",
               curfew_inquired_span((curfew_inquired_int(session, "deadline_us", 0) - tree->now_us) / 1000, span));
    } else {
        printf("over");
        print_end(tree, curfew_json_member(session, "end"), curfew_inquired_int(session, "lane", 0));
    }
    putchar('\n');
}

/* Parents stand before what is below them. */
static void link_leaves(struct leaf *leaves, size_t count, struct leaf *root)
{
    struct leaf *by_name = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct curfew_slice name = curfew_inquired_text(leaves[i].task, "task");
        const struct curfew_slice parent = curfew_inquired_text(leaves[i].task, "parent");
        struct leaf *above = NULL;
        if (parent.size > 0)
            HASH_FIND(hh, by_name, parent.at, parent.size, above);
        if (above == NULL)
            above = root;
        if (above->last == NULL)
            above->first = &leaves[i];
        else
            above->last->next = &leaves[i];
        above->last = &leaves[i];
        HASH_ADD_KEYPTR(hh, by_name, name.at, name.size, &leaves[i]);
    }
    HASH_CLEAR(hh, by_name);
}

/* Trees are CURFEW_PATH_MAX deep at most. */
static void print_leaves(const struct tree *tree, const struct leaf *leaf, int depth, int64_t lane)
{
    for (; leaf != NULL; leaf = leaf->next) {
        print_task(tree, leaf->task, depth, lane);
        if (depth < CURFEW_PATH_MAX)
            print_leaves(tree, leaf->first, depth + 1, lane);
    }
}

static enum curfew_status print_tree(const struct tree *tree, const struct curfew_json *session,
                                     struct curfew_error *error)
{
    const size_t count = curfew_json_count(tree->tasks);
    struct leaf root = {.task = NULL};
    struct leaf *leaves = calloc(count + 1, sizeof *leaves);

    if (leaves == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "printing a tree: out of memory");
    for (size_t i = 0; i < count; i++)
        leaves[i].task = curfew_json_item(tree->tasks, i);
    link_leaves(leaves, count, &root);
    print_session(tree, session);
    print_leaves(tree, root.first, 1, curfew_inquired_int(session, "lane", 0));
    free(leaves);
    return CURFEW_OK;
}

static enum curfew_status print_json(const struct tree *tree, const struct curfew_json *session,
                                     struct curfew_error *error)
{
    struct curfew_json *body = curfew_json_object();
    bool made = curfew_json_set(body, "session", curfew_json_of(session)) &&
                curfew_json_set(body, "tasks", curfew_json_of(tree->tasks)) &&
                curfew_json_set(body, "as_of_us", curfew_json_of_int(tree->now_us));
    char *text = made ? curfew_json_print(body) : NULL;

    if (text != NULL)
        puts(text);
    free(text);
    curfew_json_destroy(body);
    return text != NULL ? CURFEW_OK : curfew_error_set(error, CURFEW_NOMEM, "printing a tree: out of memory");
}

static bool take(void *context, const struct curfew_json *task)
{
    struct tree *tree = context;

    if ((int64_t)curfew_json_count(tree->tasks) == tree->limit)
        return false;
    tree->failed = !curfew_json_append(tree->tasks, curfew_json_of(task)) || tree->failed;
    return true;
}

static enum curfew_status ask(const struct curfew_cli *cli, struct tree *tree, struct curfew_error *error)
{
    struct curfew_json *last = NULL;
    char *path = NULL;
    int32_t lane = 0;
    bool more = false;
    enum curfew_status status = curfew_session_id_lane(curfew_slice_of(tree->session), &lane, error);

    if (status != CURFEW_OK)
        return status;
    if (asprintf(&path, "/v1/sessions/%s", tree->session) < 0)
        return curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
    const struct curfew_inquiry inquiry = {tree->coordinator, path, "tasks", cli->deadline_us};
    tree->tasks = curfew_json_array();
    status = curfew_inquire_pages(&inquiry, take, tree, &last, &more, error);
    if (status == CURFEW_OK && tree->failed)
        status = curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
    const struct curfew_json *session = curfew_json_member(last, "session");
    tree->now_us = curfew_inquired_int(last, "as_of_us", 0);
    if (status == CURFEW_OK)
        status = cli->json ? print_json(tree, session, error) : print_tree(tree, session, error);
    if (status == CURFEW_OK && more)
        curfew_cli_say("and %" PRId64 " more tasks; --limit shows more",
                       curfew_inquired_int(session, "tasks", 0) - (int64_t)curfew_json_count(tree->tasks));
    curfew_json_destroy(tree->tasks);
    curfew_json_destroy(last);
    free(path);
    return status;
}

int curfew_tree(struct curfew_cli *cli, int argc, char **argv)
{
    struct tree tree = {.limit = LIMIT};
    struct curfew_error error;

    curfew_cli_parse(cli, &syntax, argc, argv, &tree);
    enum curfew_status status = curfew_cli_load(cli, &error);
    if (status == CURFEW_OK && tree.coordinator == NULL)
        status = curfew_config_get(cli->config, "coordinator.url", &tree.coordinator, &error);
    if (status == CURFEW_OK)
        status = ask(cli, &tree, &error);
    const int result = status == CURFEW_OK ? CURFEW_EXIT_OK : curfew_cli_fail(&error);
    curfew_cli_close(cli);
    return result;
}
