/* rights_test: who may say what, of whose sessions and tasks: every cell of the table in docs/security.md. */
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#define OWN WORLD_SESSION /* acme's, started by as, naming etl */
#define OTHER WORLD_OTHER /* acme's, started by as, naming etl3 */
#define BOOKS "1.CCCCCCCCCCCCCCCCCCCCCC" /* of the tenant books, started by as2, naming etl2 */
#define NEW "1.DDDDDDDDDDDDDDDDDDDDDD"
#define ISS "https://as.acme"
#define ISS2 "https://as.books"

/* The rows. A worker is what a door says for it. */
static const struct {
    const char *name;
    unsigned roles;
    const char *tenant, *issuer;
} writers[] = {
    {"as", AUTHOR_ROLE(ISSUER), "acme", ISS},
    {"as2", AUTHOR_ROLE(ISSUER), "books", ISS2},
    {"etl", AUTHOR_ROLE(ORCHESTRATOR), "acme", NULL},
    {"etl2", AUTHOR_ROLE(ORCHESTRATOR), "books", NULL},
    {"etl3", AUTHOR_ROLE(ORCHESTRATOR), "acme", NULL},
    {"ap", AUTHOR_ROLE(APPROVER), "acme", NULL},
    {"door", AUTHOR_ROLE(DOOR), "acme", NULL},
    {"door2", AUTHOR_ROLE(DOOR), "books", NULL},
    {"hop", AUTHOR_ROLE(HOP), NULL, NULL},
};

static struct curfew_slice text(const char *words)
{
    return curfew_slice_of(words);
}

static void pass(struct world *world)
{
    world->now_us += WORLD_S / 10;
    const struct curfew_event event = {.type = CURFEW_EVENT_TICK,
                                       .as.tick = {.writer = text("c1"), .control_offset = world->control_next - 1}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_true(world->effects.good_tick);
}

static enum curfew_reason set_writer(struct world *world, const char *name, unsigned roles, const char *tenant,
                                     const char *issuer)
{
    int32_t list[CURFEW_ROLE_COUNT];
    size_t count = 0;
    const struct curfew_slice tenants = text(tenant);
    const struct curfew_slice issuers = text(issuer);
    for (int32_t role = 0; role < CURFEW_ROLE_COUNT; role++) {
        if ((roles >> role & 1) != 0) {
            list[count++] = role;
        }
    }
    const struct curfew_event event = {.type = CURFEW_EVENT_WRITER_SET,
                                       .as.writer_set = {.writer = text("op"),
                                                         .name = text(name),
                                                         .roles = {list, count},
                                                         .tenants = {&tenants, tenant == NULL ? 0 : 1},
                                                         .issuers = {&issuers, issuer == NULL ? 0 : 1},
                                                         .epoch = 1,
                                                         .least_epoch = 1}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

static struct curfew_event session(const char *id, const char *tenant, const char *issuer, const char *orchestrator,
                                   const struct world *world)
{
    static struct curfew_slice named;
    named = text(orchestrator);
    return (struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                                 .as.session_started = {.session = text(id),
                                                        .tenant = text(tenant),
                                                        .issuer = text(issuer),
                                                        .user = text("ada"),
                                                        .auth_us = WORLD_T0,
                                                        .deadline_us = world->now_us + 3600 * WORLD_S,
                                                        .orchestrators = {&named, orchestrator == NULL ? 0 : 1}}};
}

static struct curfew_event task(const char *id, const char *name, const char *parent, const char *holder)
{
    return (struct curfew_event){.type = CURFEW_EVENT_TASK_STARTED,
                                 .as.task_started = {.session = text(id),
                                                     .task = text(name),
                                                     .attempt = 1,
                                                     .parent = text(parent),
                                                     .parent_attempt = parent[0] == '\0' ? 0 : 1,
                                                     .holder = text(holder)}};
}

static enum curfew_reason say(struct world *world, const char *writer, struct curfew_event event)
{
    event.as.session_ended.writer = text(writer); /* it leads every event of the lane */
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

static struct curfew_event mint(const struct world *world, const char *jti, const char *issuer)
{
    static struct curfew_path_step path[1];
    path[0] = world_step("extract", 1);
    struct curfew_claims claims = world_claims(world, OWN, jti);
    claims.auth_us = WORLD_T0;
    claims.issuer = text(issuer);
    claims.path = (struct curfew_list){path, 1};
    return (struct curfew_event){.type = CURFEW_EVENT_TOKEN_CREATED, .as.token_created = {.claims = claims}};
}

/* op and c1 from genesis, all writers of the table, three sessions, and in OWN: extract (held by h) above clean (held
 * by w-clean) and beside join (held by w-join). */
static struct world *begin(void)
{
    struct author_list first = {.count = 0};
    struct world *world = world_make();
    author_name(&first, "op", AUTHOR_ROLE(OPERATOR));
    author_name(&first, "c1", AUTHOR_ROLE(COORDINATOR));
    for (int32_t lane = 0; lane < 2; lane++) {
        struct curfew_event event = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(lane)};
        event.as.genesis.writer = text("op");
        author_genesis(&event.as.genesis, &first);
        assert_int_equal(lane == 0 ? world_control(world, event) : world_say(world, event), CURFEW_STEP_DONE);
    }
    for (size_t i = 0; i < sizeof writers / sizeof writers[0]; i++) {
        assert_int_equal(set_writer(world, writers[i].name, writers[i].roles, writers[i].tenant, writers[i].issuer),
                         ACCEPTED);
    }
    pass(world);
    assert_int_equal(say(world, "as", session(OWN, "acme", ISS, "etl", world)), ACCEPTED);
    assert_int_equal(say(world, "as", session(OTHER, "acme", ISS, "etl3", world)), ACCEPTED);
    assert_int_equal(say(world, "as2", session(BOOKS, "books", ISS2, "etl2", world)), ACCEPTED);
    assert_int_equal(say(world, "etl", task(OWN, "extract", "", "h")), ACCEPTED);
    assert_int_equal(say(world, "etl", task(OWN, "clean", "extract", "w-clean")), ACCEPTED);
    assert_int_equal(say(world, "etl", task(OWN, "join", "extract", "w-join")), ACCEPTED);
    assert_int_equal(say(world, "etl3", task(OTHER, "load", "", "h3")), ACCEPTED);
    assert_int_equal(say(world, "as", mint(world, "t1", ISS)), ACCEPTED);
    return world;
}

static struct curfew_event ended(const char *id, const char *name, const char *by)
{
    return (struct curfew_event){.type = CURFEW_EVENT_TASK_ENDED,
                                 .as.task_ended = {.session = text(id),
                                                   .task = text(name),
                                                   .attempt = 1,
                                                   .by_task = text(by),
                                                   .by_attempt = by[0] == '\0' ? 0 : 1}};
}

static struct curfew_event beat(const char *holder, const char *by)
{
    return (struct curfew_event){.type = CURFEW_EVENT_HOLDER_HEARTBEAT,
                                 .as.holder_heartbeat = {.holder = text(holder),
                                                         .session = text(by[0] == '\0' ? "" : OWN),
                                                         .by_task = text(by),
                                                         .by_attempt = by[0] == '\0' ? 0 : 1}};
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
        return session(NEW, "acme", ISS, NULL, world);
    case START_SESSION_OF_BOOKS:
        return session(NEW, "books", ISS2, NULL, world);
    case END_SESSION:
        return event;
    case END_OTHER:
        event.as.session_ended.session = text(OTHER);
        return event;
    case END_BOOKS:
        event.as.session_ended.session = text(BOOKS);
        return event;
    case START_TASK:
        return task(OWN, "publish", "extract", "");
    case START_TASK_IN_OTHER:
        return task(OTHER, "publish", "", "");
    case END_TASK:
        return ended(OWN, "extract", "");
    case END_TASK_IN_OTHER:
        return ended(OTHER, "load", "");
    case END_ATTEMPT:
        return (struct curfew_event){.type = CURFEW_EVENT_ATTEMPT_ENDED,
                                     .as.attempt_ended = {.session = text(OWN), .task = text("extract"), .attempt = 1}};
    case BEAT:
        return beat("h", "");
    case BEAT_OF_OTHER:
        return beat("h3", "");
    case MINT:
        return mint(world, "t2", ISS);
    case MINT_OF_OTHER_ISSUER:
        return mint(world, "t2", ISS2);
    case REVOKE_TOKEN:
        return (struct curfew_event){
            .type = CURFEW_EVENT_TOKEN_REVOKED,
            .as.token_revoked = {.session = text(OWN), .issuer = text(ISS), .jti = text("t1")}};
    case TICK:
        return (struct curfew_event){.type = CURFEW_EVENT_TICK, .as.tick = {.control_offset = 0}};
    case GENESIS:
        return (struct curfew_event){.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(1)};
    case WORKER_ENDS_OWN:
        return ended(OWN, "clean", "clean");
    case WORKER_ENDS_BELOW:
        return ended(OWN, "clean", "extract");
    case WORKER_ENDS_ABOVE:
        return ended(OWN, "extract", "clean");
    case WORKER_ENDS_BESIDE:
        return ended(OWN, "join", "clean");
    case WORKER_BEATS_OWN:
        return beat("w-clean", "clean");
    case WORKER_BEATS_BELOW:
        return beat("w-clean", "extract");
    case WORKER_BEATS_ABOVE:
        return beat("h", "clean");
    case WORKER_BEATS_BESIDE:
        return beat("w-join", "clean");
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
    /*          sessions  tasks    beats mints rt k g worker */
    {"as", "+t"
           "++t"
           "rr"
           "rrr"
           "nn"
           "+t"
           "+"
           "r"
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
            "r"
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
            "r"
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
             "r"
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
             "r"
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
           "r"
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
           "r"
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
           "+"
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
             "r"
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
              "r"
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
            "r"
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
                 "u"
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
            struct world *world = begin();
            const enum curfew_reason reason = say(world, pipeline_table[i].writer, event_of(world, deed));
            if (reason != reason_of(row[deed])) {
                fail_msg("%s, deed %d: %s, and the table says %c", pipeline_table[i].writer, (int)deed,
                         curfew_reason_name(reason), row[deed]);
            }
            if (reason != ACCEPTED) {
                assert_int_equal(world->effects.link_count, 0);
                assert_int_equal(say(world, "as", mint(world, "t3", ISS)), ACCEPTED); /* all that was alive is */
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
    } table[] = {{"op", "+++rc++++p"},  {"c1", "rrr+rrrrrr"},  {"as", "rrrrrrrrrr"},
                 {"etl", "rrrrrrrrrr"}, {"ap", "rrrrrrrrrr"},  {"door", "rrrrrrrrrr"},
                 {"hop", "rrrrrrrrrr"}, {"as2", "rrrrrrrrrr"}, {"stranger", "uuuuuuuuuu"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (enum order order = 0; order < ORDERS; order++) {
            struct world *world = begin();
            struct curfew_event event = order_of(order);
            event.as.settings.writer = text(table[i].writer);
            assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
            if (world_reason(world) != reason_of(table[i].row[order])) {
                fail_msg("%s, order %d: %s, and the table says %c", table[i].writer, (int)order,
                         curfew_reason_name(world_reason(world)), table[i].row[order]);
            }
            pass(world);
            const bool revoked = (order == REVOKE_USER || order == REVOKE_TENANT) && table[i].row[order] == '+';
            assert_int_equal(say(world, "as", mint(world, "t3", ISS)), revoked ? CURFEW_REASON_SESSION_OVER : ACCEPTED);
            world_end(world);
        }
    }
}

static void an_attempt_that_is_over_speaks_for_nobody(void **state)
{
    (void)state; /* goal: a fenced worker's end and beat have no effect, and say so to nobody's harm */
    struct world *world = begin();
    struct curfew_event retried = task(OWN, "clean", "extract", "w-clean");
    retried.as.task_started.attempt = 2;
    assert_int_equal(say(world, "etl", retried), ACCEPTED);
    struct curfew_event end = ended(OWN, "clean", "clean");
    end.as.task_ended.attempt = 0;
    assert_int_equal(say(world, "door", end), ACCEPTED);
    assert_int_equal(world->effects.link_count, 0);
    for (int i = 0; i < 60; i++) { /* six seconds of a lease of ten */
        pass(world);
    }
    assert_int_equal(say(world, "door", beat("w-clean", "clean")), ACCEPTED);
    for (int i = 0; i < 60; i++) {
        pass(world);
    }
    struct curfew_event child = task(OWN, "sub", "clean", "");
    child.as.task_started.parent_attempt = 2;
    assert_int_equal(say(world, "etl", child), CURFEW_REASON_ANCESTOR_OVER); /* its lease ran out: nobody beat */
    world_end(world);
}

static void holders_of_two_tenants_never_meet(void **state)
{
    (void)state; /* goal: a beat renews what its writer may act on, whoever else uses the same holder's name */
    struct world *world = begin();
    struct curfew_event theirs = task(BOOKS, "post", "", "h");
    assert_int_equal(say(world, "etl2", theirs), ACCEPTED);
    for (int i = 0; i < 60; i++) {
        pass(world);
    }
    assert_int_equal(say(world, "etl2", beat("h", "")), ACCEPTED);
    for (int i = 0; i < 60; i++) {
        pass(world);
    }
    assert_int_equal(say(world, "etl2", task(BOOKS, "below", "post", "")), ACCEPTED);
    assert_int_equal(say(world, "etl", task(OWN, "below", "extract", "")), CURFEW_REASON_ANCESTOR_OVER);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_a_pipeline_lane_holds),
        cmocka_unit_test(only_operators_move_control),
        cmocka_unit_test(an_attempt_that_is_over_speaks_for_nobody),
        cmocka_unit_test(holders_of_two_tenants_never_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
