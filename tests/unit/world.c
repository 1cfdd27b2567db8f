/* world: drives a control lane and a pipeline lane by hand. */
#include "world.h"

#include "core/digest.h"
#include "schemas/codec.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

struct curfew_settings world_settings(void)
{
    return (struct curfew_settings){
        .rules = 1,
        .schemas = 1,
        .skew_ms = 250,
        .tick_ms = 100,
        .lease_ms = 10000,
        .heartbeat_age_ms = 5000,
        .attempt_step = 1000,
        .token_life_ms = 900000,
        .session_life_ms = INT64_C(6) * 86400000,
        .restate_ms = 3600000,
        .sessions_max = 1000,
        .tasks_max = 1000,
        .floors_max = 1000,
    };
}

struct curfew_genesis world_genesis(int32_t lane)
{
    static struct author_list list;
    if (list.count == 0) {
        author_name(&list, "tester", AUTHOR_ALL_ROLES);
        author_name(&list, "w", AUTHOR_ALL_ROLES);
        author_name(&list, "c1", AUTHOR_ROLE(COORDINATOR));
    }
    struct curfew_genesis genesis = {.lane = lane, .lanes = 2, .settings = world_settings()};
    author_genesis(&genesis, &list);
    genesis.log_id[0] = (uint8_t)(lane + 1);
    genesis.control_log[0] = 1;
    return genesis;
}

struct world *world_make(void)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    assert_int_equal(curfew_codec_init(NULL), CURFEW_OK);
    world->control_facts = curfew_control_create(author_master);
    world->control = curfew_lane_create(0, 2, world->control_facts);
    world->lane = curfew_lane_create(1, 2, world->control_facts);
    world->now_us = WORLD_T0;
    return world;
}

struct world *world_begin(void)
{
    struct world *world = world_make();
    struct curfew_event event = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    event.as.genesis = world_genesis(1);
    assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
    world_pass(world, WORLD_S / 10);
    return world;
}

struct world *world_with_token(void)
{
    struct world *world = world_begin();
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    assert_int_equal(world_session(world, WORLD_SESSION, "ada"), ACCEPTED);
    assert_int_equal(world_task(world, "extract", 1, "", 0), ACCEPTED);
    assert_int_equal(world_mint(world, "t1", path, 1), ACCEPTED);
    world->newest_expiry_us = world->now_us + 300 * WORLD_S + WORLD_S / 4;
    return world;
}

void world_end(struct world *world)
{
    curfew_lane_destroy(world->lane);
    curfew_lane_destroy(world->control);
    curfew_control_destroy(world->control_facts);
    free(world);
}

struct curfew_log_place world_place(const struct curfew_lane *lane, int32_t number)
{
    struct curfew_log_place place = {.lane = number};
    if (curfew_lane_log_id(lane) != NULL) {
        memcpy(place.log_id, curfew_lane_log_id(lane), sizeof place.log_id);
    }
    return place;
}

static enum curfew_step step(struct world *world, struct curfew_lane *lane, int64_t *next, struct curfew_event *event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    size_t size = 0;
    struct curfew_session_ended *head = &event->as.session_ended; /* writer and said_us lead every lifecycle event */
    if (head->writer.size == 0) {
        head->writer = curfew_slice_of("tester");
    }
    if (head->said_us == 0) {
        head->said_us = world->now_us;
    }
    assert_int_equal(curfew_codec_encode(event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    uint8_t mac[CURFEW_MAC_SIZE];
    const struct curfew_slice value = {bytes, size};
    const struct curfew_log_place place = world_place(lane, lane == world->control ? 0 : 1);
    author_prove_event(event, &place, value, mac);
    const struct curfew_record record = {*next, world->now_us, true, value, {mac, sizeof mac}};
    const enum curfew_step result = curfew_lane_step(lane, &record, &world->effects);
    *next += result == CURFEW_STEP_DONE ? 1 : 0;
    if (world->names != NULL && lane == world->lane && result == CURFEW_STEP_DONE) {
        curfew_register_note(world->names, lane, &record, &world->effects);
    }
    return result;
}

enum curfew_step world_say(struct world *world, struct curfew_event event)
{
    return step(world, world->lane, &world->next, &event);
}

enum curfew_step world_control(struct world *world, struct curfew_event event)
{
    return step(world, world->control, &world->control_next, &event);
}

void world_pass(struct world *world, int64_t us)
{
    for (int64_t passed = 0; passed < us; passed += WORLD_S / 10) {
        world->now_us += WORLD_S / 10;
        const struct curfew_event event = {.type = CURFEW_EVENT_TICK,
                                           .as.tick = {.control_offset = world->control_next - 1}};
        assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
        assert_int_equal(world_say(world, event), CURFEW_STEP_DONE);
        assert_true(world->effects.good_tick);
    }
}

enum curfew_reason world_reason(const struct world *world)
{
    return world->effects.refused ? (enum curfew_reason)world->effects.refusal.reason : ACCEPTED;
}

static enum curfew_reason said(struct world *world, const struct curfew_event *event)
{
    assert_int_equal(world_say(world, *event), CURFEW_STEP_DONE);
    return world_reason(world);
}

enum curfew_reason world_session(struct world *world, const char *session, const char *user)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = curfew_slice_of(session),
                                                              .tenant = curfew_slice_of("acme"),
                                                              .issuer = curfew_slice_of("https://as.acme"),
                                                              .user = curfew_slice_of(user),
                                                              .auth_us = world->now_us - WORLD_S,
                                                              .deadline_us = world->now_us + 3600 * WORLD_S}};
    return said(world, &event);
}

enum curfew_reason world_session_end(struct world *world, const char *session)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_ENDED,
                                       .as.session_ended = {.session = curfew_slice_of(session)}};
    return said(world, &event);
}

enum curfew_reason world_task(struct world *world, const char *task, int64_t attempt, const char *parent,
                              int64_t parent_attempt)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_TASK_STARTED,
                                       .as.task_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                           .task = curfew_slice_of(task),
                                                           .attempt = attempt,
                                                           .parent = curfew_slice_of(parent),
                                                           .parent_attempt = parent_attempt}};
    return said(world, &event);
}

enum curfew_reason world_held_task(struct world *world, const char *task, int64_t attempt, const char *holder)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_TASK_STARTED,
                                       .as.task_started = {.session = curfew_slice_of(WORLD_SESSION),
                                                           .task = curfew_slice_of(task),
                                                           .attempt = attempt,
                                                           .holder = curfew_slice_of(holder)}};
    return said(world, &event);
}

enum curfew_reason world_attempt_end(struct world *world, const char *task, int64_t attempt)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_ATTEMPT_ENDED,
                                       .as.attempt_ended = {.session = curfew_slice_of(WORLD_SESSION),
                                                            .task = curfew_slice_of(task),
                                                            .attempt = attempt}};
    return said(world, &event);
}

enum curfew_reason world_task_end(struct world *world, const char *task, int64_t attempt)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_TASK_ENDED,
                                       .as.task_ended = {.session = curfew_slice_of(WORLD_SESSION),
                                                         .task = curfew_slice_of(task),
                                                         .attempt = attempt}};
    return said(world, &event);
}

enum curfew_reason world_beat(struct world *world, const char *holder)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_HOLDER_HEARTBEAT,
                                       .as.holder_heartbeat = {.holder = curfew_slice_of(holder)}};
    return said(world, &event);
}

enum curfew_reason world_revoke_user(struct world *world, const char *user)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                       .as.subject_revoked = {.kind = CURFEW_KIND_USER,
                                                              .tenant = curfew_slice_of("acme"),
                                                              .scope = curfew_slice_of("https://as.acme"),
                                                              .id = curfew_slice_of(user)}};
    assert_int_equal(world_control(world, event), CURFEW_STEP_DONE);
    return world_reason(world);
}

struct curfew_claims world_claims(const struct world *world, const char *session, const char *jti)
{
    return (struct curfew_claims){
        .session = curfew_slice_of(session),
        .tenant = curfew_slice_of("acme"),
        .issuer = curfew_slice_of("https://as.acme"),
        .user = curfew_slice_of("ada"),
        .jti = curfew_slice_of(jti),
        .auth_us = WORLD_T0 + WORLD_S / 10 - WORLD_S, /* of a session started right after world_begin */
        .issued_us = world->now_us,
        .expires_us = world->now_us + 300 * WORLD_S,
    };
}

enum curfew_reason world_mint_claims(struct world *world, const struct curfew_claims *claims)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_CREATED, .as.token_created = {.claims = *claims}};
    return said(world, &event);
}

enum curfew_reason world_mint(struct world *world, const char *jti, const struct curfew_path_step *path, size_t count)
{
    struct curfew_claims claims = world_claims(world, WORLD_SESSION, jti);
    claims.path = (struct curfew_list){path, count};
    return world_mint_claims(world, &claims);
}

enum curfew_reason world_token_revoke(struct world *world, const char *jti)
{
    const struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_REVOKED,
                                       .as.token_revoked = {.session = curfew_slice_of(WORLD_SESSION),
                                                            .issuer = curfew_slice_of("https://as.acme"),
                                                            .jti = curfew_slice_of(jti)}};
    return said(world, &event);
}

int64_t world_raised(const struct world *world, struct curfew_subject subject, int64_t *expires_us)
{
    int64_t highest = 0;
    for (size_t i = 0; i < world->effects.link_count; i++) {
        const struct curfew_floor *floors = world->effects.links[i].floors.items;
        for (size_t j = 0; j < world->effects.links[i].floors.count; j++) {
            if (memcmp(floors[j].subject, subject.digest, sizeof subject.digest) == 0) {
                highest = floors[j].floor;
                if (expires_us != NULL) {
                    *expires_us = floors[j].expires_us;
                }
            }
        }
    }
    return highest;
}

size_t world_raised_count(const struct world *world)
{
    size_t count = 0;
    for (size_t i = 0; i < world->effects.link_count; i++) {
        count += world->effects.links[i].floors.count;
    }
    return count;
}

struct curfew_subject world_task_subject(const char *task)
{
    return curfew_subject_task(curfew_slice_of("acme"), curfew_slice_of(WORLD_SESSION), curfew_slice_of(task));
}

struct curfew_path_step world_step(const char *task, int64_t attempt)
{
    return (struct curfew_path_step){curfew_slice_of("acme"), curfew_slice_of(task), attempt};
}
