/* coordinator_run: draws, steps and judges: what random runs are made of, whatever the events. */
#include "coordinator_oracle.h"

#include "schemas/codec.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

uint64_t run_dice(struct run *run, uint64_t sides)
{
    run->random = run->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (run->random >> 33) % sides;
}

int run_pick(struct run *run, int sides)
{
    return (int)run_dice(run, (uint64_t)sides);
}

/* One name for each number, in memory that lasts. */
struct curfew_slice run_name(const char *form, int number)
{
    static char names[16][64];
    static size_t next;
    char *made = names[next++ % 16];
    (void)snprintf(made, sizeof names[0], form, number);
    return number == NOBODY ? (struct curfew_slice){0} : curfew_slice_of(made);
}

void run_outcome(const struct curfew_effects *effects, uint8_t outcome[CURFEW_SHA256_SIZE])
{
    uint8_t bytes[1024] = {0};
    uint8_t counts[] = {effects->tick,        effects->refused,           (uint8_t)effects->refusal.reason,
                        effects->dead_letter, effects->refusal.retriable, (uint8_t)effects->link_count,
                        effects->pending,     effects->break_glass.told};
    const struct curfew_event event = {.type = CURFEW_EVENT_BEACON, .as.beacon = effects->beacon};
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    const struct curfew_slice parts[] = {
        {counts, sizeof counts},
        {bytes, effects->good_tick ? size : 0},
        {effects->link_count > 0 ? effects->links[effects->link_count - 1].chain : NULL,
         effects->link_count > 0 ? CURFEW_CHAIN_SIZE : 0}};
    curfew_sha256(parts, 3, outcome);
}

static void join(struct run *run, const struct curfew_effects *effects)
{
    for (size_t i = 0; i < effects->link_count; i++) {
        const struct curfew_floor *floors = effects->links[i].floors.items;
        for (size_t j = 0; j < effects->links[i].floors.count; j++) {
            struct o_floor *floor = NULL;
            HASH_FIND(hh, run->floors, floors[j].subject, CURFEW_DIGEST_SIZE, floor);
            if (floor == NULL) {
                floor = calloc(1, sizeof *floor);
                assert_non_null(floor);
                memcpy(floor->subject.digest, floors[j].subject, CURFEW_DIGEST_SIZE);
                HASH_ADD(hh, run->floors, subject, sizeof floor->subject, floor);
            }
            assert_true(floors[j].floor >= floor->floor);
            assert_true(floors[j].expires_us >= floor->expires);
            floor->floor = floors[j].floor;
            floor->expires = floors[j].expires_us;
        }
    }
}

/* Steps bytes on one of the lanes, at the world's now. */
static bool step(struct run *run, bool control, struct curfew_slice value, struct curfew_slice mac)
{
    struct world *world = run->world;
    struct logged *logged = &run->log[run->log_count++];
    uint8_t *copy = malloc(value.size + mac.size + 1);
    assert_true(copy != NULL && run->log_count < RECORDS);
    memcpy(copy, value.at, value.size);
    memcpy(copy + value.size, mac.at, mac.size);
    *logged = (struct logged){.control = control,
                              .timestamp = world->now_us,
                              .value = {copy, value.size},
                              .mac = {copy + value.size, mac.size}};
    int64_t *next = control ? &world->control_next : &world->next;
    const struct curfew_record record = {(*next)++, world->now_us, true, logged->value, logged->mac};
    struct curfew_lane *lane = control ? world->control : world->lane;
    assert_int_equal(curfew_lane_step(lane, &record, &world->effects), CURFEW_STEP_DONE);
    run_outcome(&world->effects, logged->outcome);
    join(run, &world->effects);
    run->accepted += world->effects.refused || world->effects.tick ? 0 : 1;
    run->refused += world->effects.refused ? 1 : 0;
    return !world->effects.refused;
}

/* Hostile bytes: cut short, with a head of another's, or whole and proven for another log or by nobody. */
static void step_hostile(struct run *run, bool control, struct curfew_slice value, uint8_t mac[CURFEW_MAC_SIZE])
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    memcpy(bytes, value.at, value.size);
    size_t size = value.size;
    if (run_dice(run, 2) == 0) {
        bytes[run_dice(run, 10)] ^= (uint8_t)(1 + run_dice(run, 255));
        size = run_dice(run, size);
    } else {
        bytes[run_dice(run, size)] ^= (uint8_t)(1U << run_dice(run, 8));
    }
    assert_false(step(run, control, (struct curfew_slice){bytes, size}, (struct curfew_slice){mac, CURFEW_MAC_SIZE}));
    uint8_t wrong[CURFEW_MAC_SIZE];
    memcpy(wrong, mac, sizeof wrong);
    wrong[run_dice(run, sizeof wrong)] ^= (uint8_t)(1U << run_dice(run, 8));
    assert_false(step(run, control, value, (struct curfew_slice){wrong, run_dice(run, 4) == 0 ? 0 : sizeof wrong}));
    const enum curfew_reason reason = world_reason(run->world);
    assert_true(reason == CURFEW_REASON_MAC || reason == CURFEW_REASON_UNKNOWN_WRITER /* a later epoch */ ||
                reason == CURFEW_REASON_WRONG_LANE || reason == CURFEW_REASON_INVALID);
    assert_int_equal(run->world->effects.link_count, 0);
}

static bool say(struct run *run, bool control, struct curfew_event event)
{
    static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t size = 0;
    const struct curfew_lane *lane = control ? run->world->control : run->world->lane;
    const struct curfew_log_place place = world_place(lane, control ? 0 : 1);
    if (event.as.session_ended.writer.size == 0) {
        event.as.session_ended.writer = curfew_slice_of("w");
    }
    if (event.as.session_ended.said_us == 0) {
        event.as.session_ended.said_us = run->world->now_us;
    }
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    author_prove_event(&event, &place, (struct curfew_slice){bytes, size}, mac);
    if (run_dice(run, 40) == 0) {
        step_hostile(run, control, (struct curfew_slice){bytes, size}, mac);
    }
    return step(run, control, (struct curfew_slice){bytes, size}, (struct curfew_slice){mac, sizeof mac});
}

/* Says an event; its answer must be the oracle's. */
void run_expect(struct run *run, bool control, const struct curfew_event *event, bool right)
{
    if (say(run, control, *event) != right) {
        fail_msg("%s at step %zu: the oracle %s it, the lane said %s", curfew_event_name(event->type), run->log_count,
                 right ? "accepts" : "refuses",
                 run->world->effects.refused ? curfew_reason_name(world_reason(run->world)) : "accepted");
    }
}

/* A token lives while its session, each attempt of its path, all that spans sessions and itself do. */
static bool token_lives(const struct run *run, const struct o_token *token)
{
    const struct o_session *session = &run->sessions[token->session];
    bool lives = !session->over && run_stands(&run->on_control, session, token) && run->revoked_at[token->jti] == 0;
    for (size_t i = 0; i < token->depth; i++) {
        const struct o_task *task = &session->tasks[token->tasks[i]];
        lives = lives && run_task_runs(task) && task->attempt == token->attempts[i];
    }
    return lives;
}

/* Every accepted token that has not expired is denied if and only if something it depends on is over. */
void run_judge(struct run *run)
{
    for (size_t i = 0; i < run->token_count; i++) {
        const struct o_token *token = &run->tokens[i];
        bool denied = false;
        for (size_t j = 0; j < token->lineage.count; j++) {
            const struct curfew_lineage_entry *entry = &token->lineage.entries[j];
            struct o_floor *floor = NULL;
            HASH_FIND(hh, run->floors, &entry->subject, sizeof entry->subject, floor);
            denied = denied || (floor != NULL && floor->expires > run->good && entry->value < floor->floor);
        }
        if (token->expires + SKEW > run->good) {
            assert_int_equal(denied, !token_lives(run, token));
            *(denied ? &run->denied : &run->allowed) += 1;
        }
    }
}

static void begin_lane(struct run *run, int32_t lane)
{
    uint8_t bytes[1024];
    size_t size = 0;
    struct curfew_event event = {.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(lane)};
    event.as.genesis.writer = curfew_slice_of("w");
    event.as.genesis.said_us = WORLD_T0;
    event.as.genesis.settings = run->settings;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    uint8_t mac[CURFEW_MAC_SIZE];
    const struct curfew_log_place none = {.lane = lane};
    author_prove_event(&event, &none, (struct curfew_slice){bytes, size}, mac);
    assert_true(step(run, lane == 0, (struct curfew_slice){bytes, size}, (struct curfew_slice){mac, sizeof mac}));
}

struct run *run_begin(uint64_t seed)
{
    struct run *run = calloc(1, sizeof *run);
    assert_non_null(run);
    run->random = seed * 7919;
    run->world = world_make();
    run->settings = world_settings();
    run->settings.attempt_step = 5;
    run->settings.lease_ms = 5000;
    run->settings.token_life_ms = TOKEN_LIFE / 1000;
    run->settings.session_life_ms = 600000;
    run->settings.restate_ms = 20000;
    begin_lane(run, 0);
    begin_lane(run, 1);
    return run;
}

void run_end(struct run *run)
{
    struct o_floor *floor = NULL;
    struct o_floor *next = NULL;
    HASH_ITER(hh, run->floors, floor, next)
    {
        HASH_DEL(run->floors, floor);
        free(floor);
    }
    for (size_t i = 0; i < run->log_count; i++) {
        free((void *)(uintptr_t)run->log[i].value.at);
    }
    world_end(run->world);
    free(run);
}
