/* rights_test: who may say what, of whose sessions and tasks: every cell of the table in docs/security.md. */
#include "rights_world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

static struct curfew_slice text(const char *words)
{
    return curfew_slice_of(words);
}

/* The columns. */
enum deed {
    START_SESSION,
    START_SESSION_OF_BOOKS,
    END_SESSION,
    END_OTHER,
    END_BOOKS,
    START_TASK,
    START_TASK_IN_OTHER,
    END_TASK,
    END_TASK_IN_OTHER,
    END_ATTEMPT,
    BEAT,
    BEAT_OF_OTHER,
    MINT,
    MINT_OF_OTHER_ISSUER,
    REVOKE_TOKEN,
    TICK,
    RESYNC,
    GENESIS,
    WORKER_ENDS_OWN,
    WORKER_ENDS_BELOW,
    WORKER_ENDS_ABOVE,
    WORKER_ENDS_BESIDE,
    WORKER_BEATS_OWN,
    WORKER_BEATS_BELOW,
    WORKER_BEATS_ABOVE,
    WORKER_BEATS_BESIDE,
    PIPELINE_DEEDS
};

static struct curfew_event event_of(const struct world *world, enum deed deed)
{
    struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED, .as.session_ended = {.session = text(OWN)}};
    switch (deed) {
    case START_SESSION:
        return rights_session(NEW, "acme", ISS, NULL, world);
    case START_SESSION_OF_BOOKS:
        return rights_session(NEW, "books", ISS2, NULL, world);
    case END_SESSION:
        return event;
    case END_OTHER:
        event.as.session_ended.session = text(OTHER);
        return event;
    case END_BOOKS:
        event.as.session_ended.session = text(BOOKS);
        return event;
    case START_TASK:
        return rights_task(OWN, "publish", "extract", "");
    case START_TASK_IN_OTHER:
        return rights_task(OTHER, "publish", "", "");
    case END_TASK:
        return rights_ended(OWN, "extract", "");
    case END_TASK_IN_OTHER:
        return rights_ended(OTHER, "load", "");
    case END_ATTEMPT:
        return (struct curfew_event){.type = CURFEW_EVENT_ATTEMPT_ENDED,
                                     .as.attempt_ended = {.session = text(OWN), .task = text("extract"), .attempt = 1}};
    case BEAT:
        return rights_beat("h", "");
    case BEAT_OF_OTHER:
        return rights_beat("h3", "");
    case MINT:
        return rights_mint(world, "t2", ISS);
    case MINT_OF_OTHER_ISSUER:
        return rights_mint(world, "t2", ISS2);
    case REVOKE_TOKEN:
        return (struct curfew_event){
            .type = CURFEW_EVENT_TOKEN_REVOKED,
            .as.token_revoked = {.session = text(OWN), .issuer = text(ISS), .jti = text("t1")}};
    case TICK:
        return (struct curfew_event){.type = CURFEW_EVENT_TICK, .as.tick = {.control_offset = 0}};
    case RESYNC:
        return (struct curfew_event){.type = CURFEW_EVENT_RESYNC, .as.resync = {.reason = text("cut")}};
    case GENESIS:
        return (struct curfew_event){.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(1)};
    case WORKER_ENDS_OWN:
        return rights_ended(OWN, "clean", "clean");
    case WORKER_ENDS_BELOW:
        return rights_ended(OWN, "clean", "extract");
    case WORKER_ENDS_ABOVE:
        return rights_ended(OWN, "extract", "clean");
    case WORKER_ENDS_BESIDE:
        return rights_ended(OWN, "join", "clean");
    case WORKER_BEATS_OWN:
        return rights_beat("w-clean", "clean");
    case WORKER_BEATS_BELOW:
        return rights_beat("w-clean", "extract");
    case WORKER_BEATS_ABOVE:
        return rights_beat("h", "clean");
    case WORKER_BEATS_BESIDE:
        return rights_beat("w-join", "clean");
    case PIPELINE_DEEDS:
        break;
    }
    fail_msg("no such deed");
    return event;
}

static enum curfew_reason reason_of(char letter)
{
    switch (letter) {
    case '+':
        return ACCEPTED;
    case 'r':
        return CURFEW_REASON_ROLE;
    case 't':
        return CURFEW_REASON_TENANT;
    case 'n':
        return CURFEW_REASON_NOT_OWN;
    case 'c':
        return CURFEW_REASON_CONTRADICTS;
    case 'u':
        return CURFEW_REASON_UNKNOWN_WRITER;
    case 'p':
        return CURFEW_REASON_UNKNOWN_POLICY;
    default:
        fail_msg("the table has a letter '%c'", letter);
        return ACCEPTED;
    }
}

/* + accepted, r role, t tenant or issuer, n not its own, c contradicts, u unknown; columns in the order of enum deed.
 */
static const struct {
    const char *writer, *row;
} pipeline_table[] = {
    /*          sessions  tasks    beats mints rt ticks g worker */
    {"as", "+t"
           "++t"
           "rr"
           "rrr"
           "nn"
           "+t"
           "+"
           "rr"
           "r"
           "rrrr"
           "nnnn"},
    {"as2", "t+"
            "tt+"
            "rr"
            "rrr"
            "nn"
            "tt"
            "t"
            "rr"
            "r"
            "rrrr"
            "tttt"},
    {"etl", "rr"
            "nnt"
            "+n"
            "+n+"
            "+n"
            "rr"
            "r"
            "rr"
            "r"
            "++nn"
            "++nn"},
    {"etl2", "rr"
             "ttn"
             "tt"
             "ttt"
             "nn"
             "rr"
             "r"
             "rr"
             "r"
             "tttt"
             "tttt"},
    {"etl3", "rr"
             "nnt"
             "n+"
             "n+n"
             "n+"
             "rr"
             "r"
             "rr"
             "r"
             "nnnn"
             "nnnn"},
    {"ap", "rr"
           "rrr"
           "rr"
           "rrr"
           "rr"
           "rr"
           "r"
           "rr"
           "r"
           "rrrr"
           "rrrr"},
    {"op", "rr"
           "+++"
           "rr"
           "+++"
           "rr"
           "rr"
           "+"
           "rr"
           "c"
           "++nn"
           "rrrr"},
    {"c1", "rr"
           "rrr"
           "rr"
           "rrr"
           "rr"
           "rr"
           "r"
           "++"
           "r"
           "rrrr"
           "rrrr"},
    {"door", "rr"
             "rrr"
             "rr"
             "nnn"
             "nn"
             "rr"
             "r"
             "rr"
             "r"
             "++nn"
             "++nn"},
    {"door2", "rr"
              "rrr"
              "rr"
              "ttt"
              "nn"
              "rr"
              "r"
              "rr"
              "r"
              "tttt"
              "tttt"},
    {"hop", "rr"
            "rrr"
            "rr"
            "rrr"
            "rr"
            "rr"
            "r"
            "rr"
            "r"
            "rrrr"
            "rrrr"},
    {"stranger", "uu"
                 "uuu"
                 "uu"
                 "uuu"
                 "uu"
                 "uu"
                 "u"
                 "uu"
                 "u"
                 "uuuu"
                 "uuuu"},
};

static void every_cell_of_a_pipeline_lane_holds(void **state)
{
    (void)state; /* goal: each writer does what its role, tenants, sessions and tasks allow; the rest moves nothing */
    int cells = 0;
    for (size_t i = 0; i < sizeof pipeline_table / sizeof pipeline_table[0]; i++) {
        const char *row = pipeline_table[i].row;
        assert_int_equal(strlen(row), PIPELINE_DEEDS);
        for (enum deed deed = 0; deed < PIPELINE_DEEDS; deed++, cells++) {
            struct world *world = rights_begin();
            const enum curfew_reason reason = rights_say(world, pipeline_table[i].writer, event_of(world, deed));
            if (reason != reason_of(row[deed])) {
                fail_msg("%s, deed %d: %s, and the table says %c", pipeline_table[i].writer, (int)deed,
                         curfew_reason_name(reason), row[deed]);
            }
            if (reason != ACCEPTED) {
                assert_int_equal(world->effects.link_count, 0);
                assert_int_equal(rights_say(world, "as", rights_mint(world, "t3", ISS)),
                                 ACCEPTED); /* all that was alive is */
            }
            world_end(world);
        }
    }
    print_message("cells %d\n", cells);
}

/* ---- control ---- */

enum order {
    SET_SETTINGS,
    REVOKE_USER,
    SET_WRITER,
    CONTROL_TICK,
    CONTROL_RESYNC,
    SKIP_RECORDS,
    CONTROL_GENESIS,
    REVOKE_AGENT,
    REVOKE_TENANT,
    REVOKE_KEY,
    ADOPT_POLICY,
    RAISE_POLICY,
    ORDERS
};

static struct curfew_event revocation_of(enum curfew_kind kind, const char *tenant, const char *scope, const char *id)
{
    return (struct curfew_event){
        .type = CURFEW_EVENT_SUBJECT_REVOKED,
        .as.subject_revoked = {
            .kind = (int32_t)kind, .tenant = text(tenant), .scope = text(scope), .id = text(id), .break_glass = true}};
}

static struct curfew_event order_of(enum order order)
{
    static const int32_t role = CURFEW_ROLE_ORCHESTRATOR;
    static const struct curfew_slice tenant = {(const uint8_t *)"acme", 4};
    struct curfew_event event = {.type = CURFEW_EVENT_TICK};
    switch (order) {
    case SET_SETTINGS:
        event = (struct curfew_event){.type = CURFEW_EVENT_SETTINGS, .as.settings = {.settings = world_settings()}};
        break;
    case REVOKE_USER:
        event = revocation_of(CURFEW_KIND_USER, "acme", ISS, "ada");
        break;
    case REVOKE_AGENT:
        event = revocation_of(CURFEW_KIND_AGENT, "acme", "acme", "spiffe://acme/planner");
        break;
    case REVOKE_TENANT:
        event = revocation_of(CURFEW_KIND_TENANT, "acme", "", "acme");
        break;
    case REVOKE_KEY:
        event = revocation_of(CURFEW_KIND_KEY, "", "", "Nz-AU2K3PvYyJ1nO4Xr6C5aT0bQeDgHkLmRsVwXyZ01");
        break;
    case ADOPT_POLICY:
        event = (struct curfew_event){
            .type = CURFEW_EVENT_POLICY_ADOPTED,
            .as.policy_adopted = {.tenant = text("acme"), .name = text("payments"), .version = 7}};
        break;
    case RAISE_POLICY:
        event = (struct curfew_event){
            .type = CURFEW_EVENT_POLICY_RAISED,
            .as.policy_raised = {.tenant = text("acme"), .name = text("payments"), .version = 7, .break_glass = true}};
        break;
    case SET_WRITER:
        event = (struct curfew_event){
            .type = CURFEW_EVENT_WRITER_SET,
            .as.writer_set = {
                .name = text("mallory"), .roles = {&role, 1}, .tenants = {&tenant, 1}, .epoch = 1, .least_epoch = 1}};
        break;
    case CONTROL_GENESIS:
        event = (struct curfew_event){.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)};
        break;
    case CONTROL_RESYNC:
        event = (struct curfew_event){.type = CURFEW_EVENT_RESYNC, .as.resync = {.reason = text("cut")}};
        break;
    case SKIP_RECORDS:
        event = (struct curfew_event){.type = CURFEW_EVENT_RECORDS_SKIPPED,
                                      .as.records_skipped = {.lane = 1, .from = 1, .to = 1000000}};
        break;
    case CONTROL_TICK:
    case ORDERS:
        break;
    }
    return event;
}

static void only_operators_move_control(void **state)
{
    (void)state; /* goal: settings, revocations, policies and writers are an operator's to say, ticks a coordinator's */
    static const struct {
        const char *writer, *row;
    } table[] = {{"op", "+++rr+c++++p"},  {"c1", "rrr++rrrrrrr"},  {"as", "rrrrrrrrrrrr"},
                 {"etl", "rrrrrrrrrrrr"}, {"ap", "rrrrrrrrrrrr"},  {"door", "rrrrrrrrrrrr"},
                 {"hop", "rrrrrrrrrrrr"}, {"as2", "rrrrrrrrrrrr"}, {"stranger", "uuuuuuuuuuuu"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (enum order order = 0; order < ORDERS; order++) {
            struct world *world = rights_begin();
            struct curfew_event event = order_of(order);
            event.as.settings.writer = text(table[i].writer);
            assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
            if (world_reason(world) != reason_of(table[i].row[order])) {
                fail_msg("%s, order %d: %s, and the table says %c", table[i].writer, (int)order,
                         curfew_reason_name(world_reason(world)), table[i].row[order]);
            }
            rights_pass(world);
            const bool revoked = (order == REVOKE_USER || order == REVOKE_TENANT) && table[i].row[order] == '+';
            assert_int_equal(rights_say(world, "as", rights_mint(world, "t3", ISS)),
                             revoked ? CURFEW_REASON_SESSION_OVER : ACCEPTED);
            world_end(world);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_a_pipeline_lane_holds),
        cmocka_unit_test(only_operators_move_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
