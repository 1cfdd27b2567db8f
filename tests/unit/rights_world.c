/* rights_world: writers of every role, and what they act on. */
#include "rights_world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

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

void rights_pass(struct world *world)
{
    world->now_us += WORLD_S / 10;
    const struct curfew_event event = {.type = CURFEW_EVENT_TICK,
                                       .as.tick = {.writer = text("c1"), .control_offset = world->control_next - 1}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    assert_true(world->effects.good_tick);
}

enum curfew_reason rights_set_writer(struct world *world, const char *name, unsigned roles, const char *tenant,
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

struct curfew_event rights_session(const char *id, const char *tenant, const char *issuer, const char *orchestrator,
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

struct curfew_event rights_task(const char *id, const char *name, const char *parent, const char *holder)
{
    return (struct curfew_event){.type = CURFEW_EVENT_TASK_STARTED,
                                 .as.task_started = {.session = text(id),
                                                     .task = text(name),
                                                     .attempt = 1,
                                                     .parent = text(parent),
                                                     .parent_attempt = parent[0] == '\0' ? 0 : 1,
                                                     .holder = text(holder)}};
}

enum curfew_reason rights_say(struct world *world, const char *writer, struct curfew_event event)
{
    event.as.session_ended.writer = text(writer); /* it leads every event of the lane */
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

struct curfew_event rights_mint(const struct world *world, const char *jti, const char *issuer)
{
    static struct curfew_path_step path[1];
    path[0] = world_step("extract", 1);
    struct curfew_claims claims = world_claims(world, OWN, jti);
    claims.auth_us = WORLD_T0;
    claims.issuer = text(issuer);
    claims.path = (struct curfew_list){path, 1};
    return (struct curfew_event){.type = CURFEW_EVENT_TOKEN_CREATED, .as.token_created = {.claims = claims}};
}

/* One of clean's, which is below extract. */
struct curfew_event rights_mint_below(const struct world *world, const char *jti)
{
    static struct curfew_path_step path[2];
    struct curfew_event event = rights_mint(world, jti, ISS);
    path[0] = world_step("extract", 1);
    path[1] = world_step("clean", 1);
    event.as.token_created.claims.path = (struct curfew_list){path, 2};
    return event;
}

struct world *rights_begin(void)
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
        assert_int_equal(
            rights_set_writer(world, writers[i].name, writers[i].roles, writers[i].tenant, writers[i].issuer),
            ACCEPTED);
    }
    rights_pass(world);
    assert_int_equal(rights_say(world, "as", rights_session(OWN, "acme", ISS, "etl", world)), ACCEPTED);
    assert_int_equal(rights_say(world, "as", rights_session(OTHER, "acme", ISS, "etl3", world)), ACCEPTED);
    assert_int_equal(rights_say(world, "as2", rights_session(BOOKS, "books", ISS2, "etl2", world)), ACCEPTED);
    assert_int_equal(rights_say(world, "etl", rights_task(OWN, "extract", "", "h")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl", rights_task(OWN, "clean", "extract", "w-clean")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl", rights_task(OWN, "join", "extract", "w-join")), ACCEPTED);
    assert_int_equal(rights_say(world, "etl3", rights_task(OTHER, "load", "", "h3")), ACCEPTED);
    assert_int_equal(rights_say(world, "as", rights_mint(world, "t1", ISS)), ACCEPTED);
    return world;
}

struct curfew_event rights_ended(const char *id, const char *name, const char *by)
{
    return (struct curfew_event){.type = CURFEW_EVENT_TASK_ENDED,
                                 .as.task_ended = {.session = text(id),
                                                   .task = text(name),
                                                   .attempt = 1,
                                                   .by_task = text(by),
                                                   .by_attempt = by[0] == '\0' ? 0 : 1,
                                                   .by_tenant = text(by[0] == '\0' ? "" : "acme")}};
}

struct curfew_event rights_beat(const char *holder, const char *by)
{
    return (struct curfew_event){.type = CURFEW_EVENT_HOLDER_HEARTBEAT,
                                 .as.holder_heartbeat = {.holder = text(holder),
                                                         .session = text(by[0] == '\0' ? "" : OWN),
                                                         .by_task = text(by),
                                                         .by_attempt = by[0] == '\0' ? 0 : 1,
                                                         .by_tenant = text(by[0] == '\0' ? "" : "acme")}};
}
