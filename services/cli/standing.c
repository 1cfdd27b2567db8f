/* standing: from options to a target, what it would end, and whether it has effect. */
#include "services/cli/standing.h"
#include "services/cli/emit.h"
#include "services/cli/foresee.h"
#include "services/cli/parse.h"
#include "services/coordinator/proposals.h"
#include <inttypes.h>
#include <time.h>

#define WHAT_SIZE 160
#define SAID_MAX 3 /* times that it is said, when it comes too late */
#define PAUSE_NS 20000000 /* between two questions to a coordinator that is not there yet */
#define MINUTES (CURFEW_PROPOSAL_LIFE_US / INT64_C(60000000))

enum {
    KEY_TENANT = CURFEW_CLI_KEY(0),
    KEY_ISSUER,
    KEY_USER,
    KEY_AGENT,
    KEY_KEY,
    KEY_POLICY,
    KEY_REASON,
    KEY_BREAK_GLASS,
    KEY_DRY_RUN,
    KEY_COORDINATOR,
};

/* Which commands have an option. */
#define OF(kind) (1U << CURFEW_KIND_##kind)
#define ADOPTS (1U << CURFEW_KIND_COUNT)
#define REVOKES (OF(USER) | OF(AGENT) | OF(TENANT) | OF(KEY) | OF(POLICY))

static const struct {
    unsigned commands;
    struct argp_option option;
} rows[] = {
    {OF(USER) | OF(AGENT) | OF(TENANT) | OF(POLICY) | ADOPTS,
     {"tenant", KEY_TENANT, "TENANT", 0, "the tenant that it is, or that it belongs to", 0}},
    {OF(USER), {"issuer", KEY_ISSUER, "ISS", 0, "the issuer that knows the user", 0}},
    {OF(USER), {"user", KEY_USER, "USER", 0, "the user, as sub in tokens", 0}},
    {OF(AGENT), {"agent", KEY_AGENT, "ID", 0, "the workload, as tokens name it: spiffe://acme/planner", 0}},
    {OF(KEY), {"key", KEY_KEY, "THUMBPRINT", 0, "RFC 7638 SHA-256 thumbprint of the key, base64url", 0}},
    {OF(POLICY) | ADOPTS, {"policy", KEY_POLICY, "NAME:VERSION", 0, "the policy, and a version from 0", 0}},
    {REVOKES, {"reason", KEY_REASON, "TEXT", 0, "why, for people", 0}},
    {OF(TENANT) | OF(KEY) | OF(POLICY),
     {"break-glass", KEY_BREAK_GLASS, NULL, 0,
      "at once, without a second operator; needs --reason, and is audited at the highest severity", 0}},
    {REVOKES | ADOPTS, {"dry-run", KEY_DRY_RUN, NULL, 0, "say nothing; only ask a coordinator what it would end", 0}},
    {REVOKES | ADOPTS,
     {"coordinator", KEY_COORDINATOR, "URL", 0,
      "whom to ask what it ends, such as http://127.0.0.1:8610 (default: the setting coordinator.url)", 0}},
};
#define ROWS (sizeof rows / sizeof rows[0])

struct words {
    const struct curfew_standing_form *form;
    const char *tenant, *issuer, *user, *agent, *key, *reason, *coordinator;
    struct curfew_slice policy; /* its name; at: NULL: not given */
    int64_t version;
    bool break_glass, dry_run;
};

/* Whether a record of ours has effect. */
enum effect { EFFECT_TAKEN, EFFECT_PENDING, EFFECT_UNKNOWN };

/* "name:version", split at the last colon. */
static void take_policy(const struct argp_state *state, const char *text, struct words *words)
{
    const char *colon = strrchr(text, ':');
    struct curfew_error error;

    if (colon == NULL || colon == text)
        argp_error(state, "--policy is \"%.64s\": write name:version, such as payments:7", text);
    if (curfew_parse_count("the version behind the last colon of --policy", colon + 1, 0, INT64_MAX - 1,
                           &words->version, &error) != CURFEW_OK)
        curfew_cli_usage(state, &error);
    words->policy = (struct curfew_slice){(const uint8_t *)text, (size_t)(colon - text)};
}

static struct curfew_target target_of(const struct words *words)
{
    struct curfew_target target = {.kind = words->form->kind, .tenant = curfew_slice_of(words->tenant)};

    switch (target.kind) {
    case CURFEW_KIND_USER:
        target.scope = curfew_slice_of(words->issuer);
        target.id = curfew_slice_of(words->user);
        break;
    case CURFEW_KIND_AGENT:
        target.id = curfew_slice_of(words->agent);
        target.scope = curfew_subject_trust_domain(target.id);
        break;
    case CURFEW_KIND_TENANT:
        target.id = target.tenant;
        break;
    case CURFEW_KIND_KEY:
        target.id = curfew_slice_of(words->key);
        break;
    default:
        target.id = words->policy;
        target.version = words->version;
        break;
    }
    return target;
}

static void check(const struct argp_state *state, const struct words *words)
{
    const enum curfew_kind kind = words->form->kind;
    const struct curfew_target target = target_of(words);
    struct curfew_subject subject;

    if (kind != CURFEW_KIND_KEY)
        curfew_cli_require(state, words->tenant, "--tenant", "--tenant acme");
    if (kind == CURFEW_KIND_USER) {
        curfew_cli_require(state, words->issuer, "--issuer", "--issuer https://id.example");
        curfew_cli_require(state, words->user, "--user", "--user ana");
    } else if (kind == CURFEW_KIND_AGENT) {
        curfew_cli_require(state, words->agent, "--agent", "--agent spiffe://acme/planner");
    } else if (kind == CURFEW_KIND_KEY) {
        curfew_cli_require(state, words->key, "--key", "--key NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    } else if (kind == CURFEW_KIND_POLICY) {
        curfew_cli_require(state, words->policy.at, "--policy", "--policy payments:7");
    }
    if (words->break_glass && (words->reason == NULL || words->reason[0] == '\0'))
        argp_error(state, "--break-glass needs --reason: say why no second operator can be waited for");
    if (!curfew_target_subject(&target, &subject))
        argp_error(state, kind == CURFEW_KIND_KEY
                              ? "--key is no RFC 7638 thumbprint: write its 43 characters of base64url"
                              : "a name is empty, longer than 256 bytes, no UTF-8, or has control characters");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct words *words = state->input;

    switch (key) {
    case KEY_TENANT:
        words->tenant = argument;
        return 0;
    case KEY_ISSUER:
        words->issuer = argument;
        return 0;
    case KEY_USER:
        words->user = argument;
        return 0;
    case KEY_AGENT:
        words->agent = argument;
        return 0;
    case KEY_KEY:
        words->key = argument;
        return 0;
    case KEY_POLICY:
        take_policy(state, argument, words);
        return 0;
    case KEY_REASON:
        words->reason = argument;
        return 0;
    case KEY_BREAK_GLASS:
        words->break_glass = true;
        return 0;
    case KEY_DRY_RUN:
        words->dry_run = true;
        return 0;
    case KEY_COORDINATOR:
        words->coordinator = argument;
        return 0;
    case ARGP_KEY_END:
        check(state, words);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static struct curfew_event event_of(const struct words *words, const struct curfew_target *target)
{
    if (words->form->adopts)
        return (struct curfew_event){
            .type = CURFEW_EVENT_POLICY_ADOPTED,
            .as.policy_adopted = {.tenant = target->tenant, .name = target->id, .version = target->version}};
    if (target->kind == CURFEW_KIND_POLICY)
        return (struct curfew_event){.type = CURFEW_EVENT_POLICY_RAISED,
                                     .as.policy_raised = {.tenant = target->tenant,
                                                          .name = target->id,
                                                          .version = target->version,
                                                          .reason = curfew_slice_of(words->reason),
                                                          .break_glass = words->break_glass}};
    return (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                 .as.subject_revoked = {.kind = (int32_t)target->kind,
                                                        .tenant = target->tenant,
                                                        .scope = target->scope,
                                                        .id = target->id,
                                                        .reason = curfew_slice_of(words->reason),
                                                        .break_glass = words->break_glass}};
}

static bool takes_two(const struct words *words)
{
    return !words->form->adopts && curfew_target_needs_second(words->form->kind) && !words->break_glass;
}

/* For people. */
static void tell_ends(const struct words *words, const struct curfew_foreseen *foreseen)
{
    const enum curfew_kind kind = words->form->kind;

    if (words->form->adopts)
        curfew_cli_say("adopting a version ends nothing");
    else if (kind == CURFEW_KIND_USER || kind == CURFEW_KIND_TENANT)
        curfew_cli_say("this %s has %" PRId64 " live sessions with %" PRId64 " running tasks: all of them end",
                       curfew_kind_name(kind), foreseen->sessions, foreseen->tasks);
    else
        curfew_cli_say("no session ends with %s: tokens that hang on it are denied, and none are minted any more",
                       kind == CURFEW_KIND_AGENT ? "an agent"
                       : kind == CURFEW_KIND_KEY ? "a key"
                                                 : "a policy's version");
    if (takes_two(words) && foreseen->proposed_by[0] != '\0')
        curfew_cli_say("operator %s has proposed it and waits for another to say the same", foreseen->proposed_by);
}

static int print_foreseen(const struct curfew_cli *cli, const struct words *words,
                          const struct curfew_foreseen *foreseen)
{
    tell_ends(words, foreseen);
    if (!cli->json) {
        printf("%" PRId64 " sessions, %" PRId64 " tasks\n", foreseen->sessions, foreseen->tasks);
        return CURFEW_EXIT_OK;
    }
    struct curfew_object *object = curfew_object_create();
    curfew_object_put_int(object, "sessions", foreseen->sessions);
    curfew_object_put_int(object, "tasks", foreseen->tasks);
    curfew_object_put_text(object, "proposed_by", foreseen->proposed_by[0] == '\0' ? NULL : foreseen->proposed_by);
    return curfew_cli_print(object, CURFEW_EXIT_OK);
}

static int dry_run(struct curfew_cli *cli, struct words *words, const struct curfew_target *target)
{
    struct curfew_foreseen foreseen;
    struct curfew_error error;

    if (words->coordinator != NULL)
        curfew_cli_start(cli); /* no broker is needed */
    else if (curfew_cli_load(cli, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    else
        words->coordinator = curfew_config_find(cli->config, "coordinator.url");
    if (words->coordinator == NULL) {
        (void)curfew_error_set(&error, CURFEW_INVALID,
                               "a dry run asks a coordinator: add --coordinator http://127.0.0.1:8610, or set "
                               "coordinator.url");
        return curfew_cli_fail(&error);
    }
    if (curfew_foresee(words->coordinator, target, curfew_cli_left_ms(cli), &foreseen, &error) != CURFEW_OK)
        return curfew_cli_fail(&error);
    return print_foreseen(cli, words, &foreseen);
}

/* Asks until the coordinator's knowledge has come past our record. */
static enum effect effect_of(const struct curfew_cli *cli, const struct words *words,
                             const struct curfew_target *target, const struct curfew_outcome *outcome)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    struct curfew_foreseen foreseen;

    if (!takes_two(words))
        return EFFECT_TAKEN;
    if (words->coordinator == NULL || outcome->receipt.accepted_us == 0)
        return EFFECT_UNKNOWN;
    while (curfew_cli_left_ms(cli) > 0 &&
           curfew_foresee(words->coordinator, target, curfew_cli_left_ms(cli), &foreseen, NULL) == CURFEW_OK) {
        if (foreseen.control_next > outcome->receipt.offset)
            return foreseen.proposed_by[0] == '\0' ? EFFECT_TAKEN : EFFECT_PENDING;
        nanosleep(&pause, NULL);
    }
    return EFFECT_UNKNOWN;
}

static void tell_effect(enum effect effect, const struct words *words)
{
    if (!takes_two(words))
        return;
    if (effect == EFFECT_TAKEN)
        curfew_cli_say("it is in effect");
    else if (effect == EFFECT_PENDING)
        curfew_cli_say("it has NO effect yet: another operator has to say the same within %" PRId64 " minutes",
                       MINUTES);
    else
        curfew_cli_say("it has no effect unless another operator says the same, or has within the last %" PRId64
                       " minutes; a coordinator (--coordinator) knows which",
                       MINUTES);
}

/* The record says when it was said. Where the way to the log was long in coming, that was too long ago: said again over
 * the same way it is not, unless a clock is wrong. */
static enum curfew_status emit(const struct curfew_cli *cli, const struct curfew_event *event,
                               struct curfew_outcome *outcome)
{
    enum curfew_status status = CURFEW_REFUSED;

    for (int i = 0; i < SAID_MAX; i++) {
        status = curfew_producer_emit_and_wait(cli->producer, event, CURFEW_LANE_OF_EVENT, cli->wait,
                                               curfew_cli_left_ms(cli), outcome);
        if (status != CURFEW_REFUSED || outcome->refusal.reason != CURFEW_REASON_CLOCK)
            break;
    }
    return status;
}

/* Says it, with the producer open, and reports what came of it. */
static int say(struct curfew_cli *cli, const struct words *words, const struct curfew_target *target)
{
    const struct curfew_event event = event_of(words, target);
    struct curfew_outcome outcome;
    char what[WHAT_SIZE];

    snprintf(what, sizeof what, "%s of %s %.*s",
             words->form->adopts                  ? "adoption"
             : target->kind == CURFEW_KIND_POLICY ? "raise"
                                                  : "revocation",
             curfew_kind_name(target->kind), target->id.size > 64 ? 64 : (int)target->id.size,
             (const char *)target->id.at);
    const enum curfew_status status = emit(cli, &event, &outcome);
    const struct curfew_cli_report report = {what, NULL, curfew_object_create()};
    if (status == CURFEW_OK) {
        const enum effect effect = effect_of(cli, words, target, &outcome);
        if (effect == EFFECT_UNKNOWN)
            curfew_object_put_null(report.object, "pending");
        else
            curfew_object_put_bool(report.object, "pending", effect == EFFECT_PENDING);
        tell_effect(effect, words);
    }
    return curfew_cli_report(cli, &outcome, &report);
}

static void options_of(const struct curfew_standing_form *form, struct argp_option options[ROWS + 1])
{
    const unsigned command = form->adopts ? ADOPTS : 1U << form->kind;
    size_t count = 0;

    for (size_t i = 0; i < ROWS; i++)
        if ((rows[i].commands & command) != 0)
            options[count++] = rows[i].option;
    options[count] = (struct argp_option){.name = NULL};
}

int curfew_standing_run(struct curfew_cli *cli, const struct curfew_standing_form *form, int argc, char **argv)
{
    struct argp_option options[ROWS + 1];
    const struct curfew_cli_syntax syntax = {
        .options = options, .parse = parse, .args = "", .help = form->help, .emits = true};
    struct words words = {.form = form};
    struct curfew_foreseen foreseen;
    struct curfew_error error;
    int status;

    options_of(form, options);
    curfew_cli_parse(cli, &syntax, argc, argv, &words);
    const struct curfew_target target = target_of(&words);
    if (words.dry_run) {
        status = dry_run(cli, &words, &target);
    } else if (curfew_cli_open(cli, &error) != CURFEW_OK) {
        status = curfew_cli_fail(&error);
    } else {
        if (words.coordinator == NULL)
            words.coordinator = curfew_config_find(cli->config, "coordinator.url");
        /* the number is good to know; whoever revokes must not be kept from it by a coordinator that is away */
        if (words.coordinator != NULL && !form->adopts) {
            if (curfew_foresee(words.coordinator, &target, curfew_cli_left_ms(cli) / 4, &foreseen, &error) == CURFEW_OK)
                tell_ends(&words, &foreseen);
            else
                curfew_cli_say("%s; going on without the number", error.text);
        }
        status = say(cli, &words, &target);
    }
    curfew_cli_close(cli);
    return status;
}
