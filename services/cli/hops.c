/* hops: `curfew hops`: how every hop on the roster is, as a coordinator knows it. */
#include "core/http.h"
#include "core/json.h"
#include "services/cli/commands.h"
#include "services/cli/get.h"
#include <inttypes.h>
#include <stdlib.h>

enum { KEY_COORDINATOR = CURFEW_CLI_KEY(0) };

struct hops {
    const char *coordinator;
    const char *name; /* NULL: all */
};

static const struct argp_option options[] = {
    {"coordinator", KEY_COORDINATOR, "URL", 0, "whom to ask (default: the setting coordinator.url)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct hops *hops = state->input;
    switch (key) {
    case KEY_COORDINATOR:
        hops->coordinator = argument;
        return 0;
    case ARGP_KEY_ARG:
        curfew_cli_take(state, argument, &hops->name, 1);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct curfew_cli_syntax syntax = {
    .options = options,
    .parse = parse,
    .args = "[HOP]",
    .help =
        "Prints the hops that operators put on the roster (curfew writer add HOP --role hop) and how each is, by what "
        "it proved to say of itself within the last seconds:\n"
        "  fresh    it says it once a second, and every lane is up to date\n"
        "  behind   a lane has a problem, which is named; the worst lane and its age are shown\n"
        "  silent   it was heard of, and not for 5 s: it is down, or cannot write to Kafka\n"
        "  unheard  never since this coordinator started\n"
        "With a HOP, all its lanes. Status 0 only when all are fresh.\v"
        "Example:\n"
        "  curfew hops --coordinator http://127.0.0.1:8610\n"
        "  curfew hops --json | jq -r '.hops[] | select(.state != \"fresh\").hop'" CURFEW_CLI_EXITS,
};

static struct curfew_slice text_of(const struct curfew_json *object, const char *name)
{
    struct curfew_slice text = curfew_slice_of("-");
    (void)curfew_json_string(curfew_json_member(object, name), &text);
    return text;
}

static int64_t int_of(const struct curfew_json *object, const char *name)
{
    int64_t value = -1;
    (void)curfew_json_int(curfew_json_member(object, name), &value);
    return value;
}

static void print_lane(const struct curfew_json *lane)
{
    printf("    lane %" PRId64 "  offset %" PRId64 "  %" PRId64 " ms old  %.*s\n", int_of(lane, "lane"),
           int_of(lane, "offset"), int_of(lane, "age_ms"), CURFEW_SLICE_ARGS(text_of(lane, "problem")));
}

static void print_hop(const struct curfew_json *hop)
{
    const struct curfew_json *worst = curfew_json_member(hop, "worst");
    const struct curfew_json *lanes = curfew_json_member(hop, "lanes");
    printf("%-24.*s %-8.*s", CURFEW_SLICE_ARGS(text_of(hop, "hop")), CURFEW_SLICE_ARGS(text_of(hop, "state")));
    if (worst != NULL)
        printf(" said %6" PRId64 " ms ago, worst lane %" PRId64 ": %" PRId64 " ms old %.*s, %" PRId64
               " floors, version %.*s",
               int_of(hop, "silent_ms"), int_of(worst, "lane"), int_of(worst, "age_ms"),
               CURFEW_SLICE_ARGS(text_of(worst, "problem")), int_of(hop, "floors"),
               CURFEW_SLICE_ARGS(text_of(hop, "version")));
    printf("\n");
    for (size_t i = 0; i < curfew_json_count(lanes); i++)
        print_lane(curfew_json_item(lanes, i));
}

/* Prints what was answered; whether all are fresh. */
static bool print_all(const struct curfew_cli *cli, const struct curfew_json *body, struct curfew_slice text)
{
    const struct curfew_json *hops = curfew_json_member(body, "hops");
    bool fresh = int_of(body, "more") == 0;
    if (cli->json)
        printf("%.*s\n", CURFEW_SLICE_ARGS(text));
    for (size_t i = 0; i < curfew_json_count(hops); i++) {
        const struct curfew_json *hop = curfew_json_item(hops, i);
        fresh = fresh && curfew_slice_equal(text_of(hop, "state"), curfew_slice_of("fresh"));
        if (!cli->json)
            print_hop(hop);
    }
    if (!cli->json && int_of(body, "more") > 0)
        printf("and %" PRId64 " more; name one to see it\n", int_of(body, "more"));
    if (!cli->json && curfew_json_count(hops) == 0)
        curfew_cli_say("no hop is on the roster; curfew writer add HOP --role hop --out HOP.key puts one there");
    return fresh;
}

static enum curfew_status read_answer(const struct hops *hops, long code, struct curfew_slice text,
                                      struct curfew_json **body, struct curfew_error *error)
{
    struct curfew_slice said = {NULL, 0};
    if (curfew_json_parse(text, body, NULL) != CURFEW_OK)
        *body = NULL;
    if (curfew_json_string(curfew_json_member(*body, "error"), &said))
        return curfew_error_set(error, code == 404 ? CURFEW_INVALID : CURFEW_UNAVAILABLE,
                                "asking the coordinator %.200s: %.*s", hops->coordinator, CURFEW_SLICE_ARGS(said));
    if (code != 200 || !curfew_json_is_array(curfew_json_member(*body, "hops")))
        return curfew_error_set(error, CURFEW_INVALID,
                                "asking the coordinator %.200s: it answered %ld without hops; is there a coordinator "
                                "behind --coordinator?",
                                hops->coordinator, code);
    return CURFEW_OK;
}

/* "/v1/hops", malloc'ed; NULL: no memory. */
static char *make_path(const struct hops *hops)
{
    char *path = NULL;
    if (hops->name == NULL)
        return strdup("/v1/hops");
    char *escaped = curfew_get_escape(curfew_slice_of(hops->name));
    if (escaped == NULL || asprintf(&path, "/v1/hops?hop=%s", escaped) < 0)
        path = NULL;
    free(escaped);
    return path;
}

static enum curfew_status ask(struct curfew_cli *cli, const struct hops *hops, bool *fresh, struct curfew_error *error)
{
    struct curfew_get *get = NULL;
    struct curfew_json *body = NULL;
    struct curfew_slice text;
    long code = 0;
    char *path = make_path(hops);
    if (path == NULL)
        return curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
    const struct curfew_get_options wanted = {.base = hops->coordinator,
                                              .path = path,
                                              .whole = true,
                                              .body_max = CURFEW_HTTP_RESPONSE_MAX,
                                              .asking = "asking the coordinator",
                                              .option = "--coordinator",
                                              .service = "one"};
    enum curfew_status status = curfew_get_init(error);
    if (status == CURFEW_OK)
        status = curfew_get_create(&wanted, &get, error);
    if (status == CURFEW_OK)
        status = curfew_get_send(get, curfew_cli_left_ms(cli), &code, &text, error);
    if (status == CURFEW_OK)
        status = read_answer(hops, code, text, &body, error);
    if (status == CURFEW_OK)
        *fresh = print_all(cli, body, text);
    curfew_json_destroy(body);
    curfew_get_destroy(get);
    free(path);
    return status;
}

int curfew_hops(struct curfew_cli *cli, int argc, char **argv)
{
    struct hops hops = {.coordinator = NULL};
    struct curfew_error error;
    bool fresh = false;
    curfew_cli_parse(cli, &syntax, argc, argv, &hops);
    enum curfew_status status = curfew_cli_load(cli, &error);
    if (status == CURFEW_OK && hops.coordinator == NULL)
        status = curfew_config_get(cli->config, "coordinator.url", &hops.coordinator, &error);
    if (status == CURFEW_OK)
        status = ask(cli, &hops, &fresh, &error);
    const int result = status != CURFEW_OK ? curfew_cli_fail(&error) : fresh ? CURFEW_EXIT_OK : CURFEW_EXIT_FAILED;
    curfew_cli_close(cli);
    return result;
}
