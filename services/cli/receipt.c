/* receipt: `curfew status` and `curfew wait`: how far an event has come, and which hops it has not reached. */
#include "core/clock.h"
#include "services/cli/commands.h"
#include "services/cli/inquire.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define AGAIN_MS 100 /* between two questions while it waits */

enum { KEY_COORDINATOR = CURFEW_CLI_KEY(0), KEY_LOG, KEY_FOR };

enum stage { STAGE_DURABLE, STAGE_ACCEPTED, STAGE_COMPLETE };

struct receipt {
    const char *coordinator, *name, *log;
    enum stage stage;
    bool waits;
};

static const struct argp_option status_options[] = {
    {"log", KEY_LOG, "ID", 0, "of this log (log_id of a command's --json); refused when the lane has another", 0},
    {"coordinator", KEY_COORDINATOR, "URL", 0, "whom to ask (default: the setting coordinator.url)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static const struct argp_option wait_options[] = {
    {"for", KEY_FOR, "STAGE", 0, "durable, accepted or complete (default)", 0},
    {"log", KEY_LOG, "ID", 0, "of this log (log_id of a command's --json); refused when the lane has another", 0},
    {"coordinator", KEY_COORDINATOR, "URL", 0, "whom to ask (default: the setting coordinator.url)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void parse_stage(const struct argp_state *state, const char *text, enum stage *stage)
{
    static const char *const names[] = {"durable", "accepted", "complete"};

    for (int i = STAGE_DURABLE; i <= STAGE_COMPLETE; i++)
        if (strcmp(text, names[i]) == 0) {
            *stage = (enum stage)i;
            return;
        }
    argp_error(state, "--for %.32s: write durable, accepted or complete", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct receipt *receipt = state->input;

    switch (key) {
    case KEY_COORDINATOR:
        receipt->coordinator = argument;
        return 0;
    case KEY_LOG:
        receipt->log = argument;
        return 0;
    case KEY_FOR:
        parse_stage(state, argument, &receipt->stage);
        return 0;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, &receipt->name, 1);
        return 0;
    case ARGP_KEY_END:
        curfew_cli_require(state, receipt->name, "RECEIPT", "1:4711, the lane:offset that curfew task end printed");
        if (strspn(receipt->name, "0123456789:") != strlen(receipt->name))
            argp_error(state, "\"%.64s\" is no receipt: write LANE:OFFSET, such as 1:4711", receipt->name);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

#define STAGES                                                                                                         \
    "durable (in the log), accepted (the coordinator acted on it, and every floor due to it is on the bus), applied "  \
    "by n of m hops of the roster (they deny by it), complete (by all). Hops that it has not reached are named, with " \
    "how many records and how long they are behind; so are hops that had it and have been silent since."
#define EXITS                                                                                                          \
    "\n\nExit status: 0 complete (wait: the stage is reached), 1 not, or it cannot be known, 2 wrong usage, 3 "        \
    "refused by the coordinator, 5 not reachable or out of time."

static const struct curfew_cli_syntax status_syntax = {
    .options = status_options,
    .parse = parse,
    .args = "RECEIPT",
    .help = "Says how far an event has come: " STAGES "\v"
            "Example:\n"
            "  curfew status $(curfew task end $S clean)\n"
            "  curfew status 1:4711 --json | jq -r '.laggards[].hop'" EXITS,
};

static const struct curfew_cli_syntax wait_syntax = {
    .options = wait_options,
    .parse = parse,
    .args = "RECEIPT",
    .help = "Waits until an event has come so far, up to --timeout: " STAGES "\v"
            "Example:\n"
            "  curfew wait $(curfew task end $S clean) --timeout 30s\n"
            "  curfew wait 1:4711 --for accepted" EXITS,
};

/* "2 s ago" or what else is known of a hop's last word. */
static void print_heard(const struct curfew_json *hop)
{
    char span[CURFEW_SPAN_SIZE];
    const int64_t silent_ms = curfew_inquired_int(hop, "silent_ms", -1);

    printf("  %.*s is %.*s", CURFEW_SLICE_ARGS(curfew_inquired_text(hop, "hop")),
           CURFEW_SLICE_ARGS(curfew_inquired_text(hop, "state")));
    if (silent_ms < 0)
        printf(" since the coordinator started");
    else
        printf(", its last word is %s old", silent_ms == 0 ? "0 ms" : curfew_inquired_span(silent_ms, span));
}

static void print_laggard(const struct curfew_json *hop)
{
    char span[CURFEW_SPAN_SIZE];
    const struct curfew_slice problem = curfew_inquired_text(hop, "problem");
    const int64_t behind = curfew_inquired_int(hop, "behind", -1);
    const int64_t age_ms = curfew_inquired_int(hop, "age_ms", -1);

    print_heard(hop);
    if (behind >= 0)
        printf("; at offset %" PRId64 ", %" PRId64 " records behind", curfew_inquired_int(hop, "offset", -1), behind);
    else
        printf("; how far it is, is not known");
    if (age_ms >= 0)
        printf(", what it knows is %s old", curfew_inquired_span(age_ms, span));
    if (problem.size > 0)
        printf(" (%.*s)", CURFEW_SLICE_ARGS(problem));
    putchar('\n');
}

static void print_hops(const struct curfew_json *body)
{
    const struct curfew_json *laggards = curfew_json_member(body, "laggards");
    const struct curfew_json *vanished = curfew_json_member(body, "vanished");

    for (size_t i = 0; i < curfew_json_count(laggards); i++)
        print_laggard(curfew_json_item(laggards, i));
    if (curfew_inquired_int(body, "laggards_more", 0) > 0)
        printf("  and %" PRId64 " more that lag\n", curfew_inquired_int(body, "laggards_more", 0));
    for (size_t i = 0; i < curfew_json_count(vanished); i++) {
        print_heard(curfew_json_item(vanished, i));
        printf("; it had applied it by then\n");
    }
    if (curfew_inquired_int(body, "vanished_more", 0) > 0)
        printf("  and %" PRId64 " more that had it and are silent\n", curfew_inquired_int(body, "vanished_more", 0));
}

static void print_answer(const struct curfew_json *body)
{
    static const struct {
        const char *answer, *text;
    } answers[] = {{"accepted", "accepted"},
                   {"waiting", "not accepted yet"},
                   {"second_operator", "waits for a second operator, and has no effect until then"},
                   {"unknown", "so long ago that whether it was accepted is not known any more"}};

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (curfew_inquired_is(body, "answer", answers[i].answer))
            printf("%s", answers[i].text);
    if (curfew_inquired_is(body, "answer", "refused"))
        printf("refused: %.*s", CURFEW_SLICE_ARGS(curfew_inquired_text(body, "reason")));
}

static bool bool_of(const struct curfew_json *body, const char *name, bool otherwise)
{
    bool value = false;
    return curfew_json_bool(curfew_json_member(body, name), &value) ? value : otherwise;
}

static void print_receipt(const struct curfew_json *body)
{
    const int64_t hops = curfew_inquired_int(body, "hops", 0);

    printf("%.*s  ", CURFEW_SLICE_ARGS(curfew_inquired_text(body, "receipt")));
    if (!bool_of(body, "durable", false)) {
        printf("not here: the log of its lane goes up to offset %" PRId64 "\n",
               curfew_inquired_int(body, "lane_next", 0) - 1);
        return;
    }
    printf("durable, ");
    print_answer(body);
    if (curfew_inquired_is(body, "answer", "refused")) {
        putchar('\n');
        return;
    }
    if (hops == 0)
        printf("; no hop is on the roster, so who applied it is not known\n");
    else
        printf(", applied by %" PRId64 " of %" PRId64 " hops, %s\n", curfew_inquired_int(body, "applied", 0), hops,
               bool_of(body, "complete", false) ? "complete" : "not complete");
    print_hops(body);
}

static enum curfew_status ask(const struct curfew_cli *cli, const struct receipt *receipt, struct curfew_json **body,
                              struct curfew_error *error)
{
    char *text = NULL;
    size_t size = 0;
    int count = 0;
    FILE *path = open_memstream(&text, &size);

    *body = NULL;
    if (path == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
    fprintf(path, "/v1/receipts/%s", receipt->name);
    bool whole = curfew_inquire_argument(path, "log", receipt->log, &count);
    enum curfew_status status = fclose(path) == 0 && whole
                                    ? CURFEW_OK
                                    : curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
    const struct curfew_inquiry inquiry = {receipt->coordinator, text, "receipt", cli->deadline_us};
    if (status == CURFEW_OK)
        status = curfew_inquire(&inquiry, body, error);
    free(text);
    return status;
}

/* What it comes to, as an exit status; UNAVAILABLE: it may yet come. */
static enum curfew_exit reached(const struct curfew_json *body, enum stage stage)
{
    const bool refused = curfew_inquired_is(body, "answer", "refused");
    const bool durable = bool_of(body, "durable", false);

    if (stage == STAGE_DURABLE)
        return durable ? CURFEW_EXIT_OK : CURFEW_EXIT_UNAVAILABLE;
    if (refused)
        return CURFEW_EXIT_REFUSED;
    if (stage == STAGE_ACCEPTED && curfew_inquired_is(body, "answer", "accepted"))
        return CURFEW_EXIT_OK;
    if (stage == STAGE_COMPLETE && bool_of(body, "complete", false))
        return CURFEW_EXIT_OK;
    const bool hopeless = curfew_inquired_is(body, "answer", "unknown") ||
                          curfew_inquired_is(body, "answer", "second_operator") ||
                          (stage == STAGE_COMPLETE && durable && curfew_inquired_int(body, "hops", 0) == 0);
    return hopeless ? CURFEW_EXIT_FAILED : CURFEW_EXIT_UNAVAILABLE;
}

/* Asks until it can be told; `*body` is the last answer, NULL when there was none. A coordinator that is away for a
 * while may be back in time. */
static enum curfew_status ask_until(const struct curfew_cli *cli, const struct receipt *receipt,
                                    struct curfew_json **body, enum curfew_exit *result, struct curfew_error *error)
{
    const struct timespec pause = {.tv_nsec = AGAIN_MS * 1000000L};

    *body = NULL;
    *result = CURFEW_EXIT_UNAVAILABLE;
    for (;;) {
        struct curfew_json *newer = NULL;
        enum curfew_status status = ask(cli, receipt, &newer, error);
        if (status == CURFEW_OK) {
            curfew_json_destroy(*body);
            *body = newer;
            *result = reached(newer, receipt->stage);
        }
        const bool again = status == CURFEW_OK ? *result == CURFEW_EXIT_UNAVAILABLE : status == CURFEW_UNAVAILABLE;
        if (!receipt->waits || !again || curfew_cli_left_ms(cli) <= AGAIN_MS)
            return status == CURFEW_TIMEOUT && *body != NULL ? CURFEW_OK : status;
        nanosleep(&pause, NULL);
    }
}

/* On one line; frees it. */
static enum curfew_status print_json(const struct curfew_json *body, struct curfew_error *error)
{
    char *text = curfew_json_print(body);
    const bool made = text != NULL;

    if (made)
        puts(text);
    free(text);
    return made ? CURFEW_OK : curfew_error_set(error, CURFEW_NOMEM, "printing a receipt: out of memory");
}

static int run(struct curfew_cli *cli, const struct curfew_cli_syntax *syntax, struct receipt *receipt, int argc,
               char **argv)
{
    struct curfew_error error;
    struct curfew_json *body = NULL;
    enum curfew_exit result = CURFEW_EXIT_FAILED;

    curfew_cli_parse(cli, syntax, argc, argv, receipt);
    enum curfew_status status = curfew_cli_load(cli, &error);
    if (status == CURFEW_OK && receipt->coordinator == NULL)
        status = curfew_config_get(cli->config, "coordinator.url", &receipt->coordinator, &error);
    if (status == CURFEW_OK)
        status = ask_until(cli, receipt, &body, &result, &error);
    if (status == CURFEW_OK && cli->json)
        status = print_json(body, &error);
    else if (status == CURFEW_OK)
        print_receipt(body);
    if (status == CURFEW_OK && !receipt->waits && result == CURFEW_EXIT_UNAVAILABLE)
        result = CURFEW_EXIT_FAILED;
    if (status == CURFEW_OK && receipt->waits && result == CURFEW_EXIT_UNAVAILABLE)
        curfew_cli_say("out of time: it has not come so far; --timeout waits longer, curfew hops tells how each is");
    if (status == CURFEW_OK && result == CURFEW_EXIT_FAILED && curfew_inquired_int(body, "hops", 0) == 0)
        curfew_cli_say("curfew writer add HOP --role hop --out HOP.key puts a hop on the roster");
    curfew_json_destroy(body);
    curfew_cli_close(cli);
    return status == CURFEW_OK ? (int)result : curfew_cli_fail(&error);
}

int curfew_receipt_status(struct curfew_cli *cli, int argc, char **argv)
{
    struct receipt receipt = {.stage = STAGE_COMPLETE};
    return run(cli, &status_syntax, &receipt, argc, argv);
}

int curfew_receipt_wait(struct curfew_cli *cli, int argc, char **argv)
{
    struct receipt receipt = {.stage = STAGE_COMPLETE, .waits = true};
    return run(cli, &wait_syntax, &receipt, argc, argv);
}
