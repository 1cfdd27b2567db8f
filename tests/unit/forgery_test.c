/* forgery_test: records of every type, altered, proven for another place or by another's key, and said again: none
 * moves a lane's state, and each is refused for the right reason. */
#include "schemas/codec.h"
#include "world.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#define FORGERIES 10000
#define TYPES_MAX 16

static uint64_t dice_state = 20261126;

static size_t dice(size_t sides)
{
    dice_state = dice_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(dice_state >> 33) % sides;
}

/* A genuine record: its event, and bytes with their proof. */
struct genuine {
    struct curfew_event event;
    uint8_t bytes[2048];
    size_t size;
    uint8_t mac[CURFEW_MAC_SIZE];
};

static struct genuine genuines[2][TYPES_MAX]; /* by lane */
static size_t genuine_count[2];

static void add(struct world *world, int32_t lane, struct curfew_event event)
{
    struct genuine *genuine = &genuines[lane][genuine_count[lane]++];
    event.as.session_ended.writer = curfew_slice_of("tester");
    event.as.session_ended.said_us = world->now_us;
    genuine->event = event;
    assert_int_equal(curfew_codec_encode(&event, genuine->bytes, sizeof genuine->bytes, &genuine->size, NULL),
                     CURFEW_OK);
    const struct curfew_log_place place = world_place(lane == 0 ? world->control : world->lane, lane);
    author_prove_event(&event, &place, (struct curfew_slice){genuine->bytes, genuine->size}, genuine->mac);
}

/* One of every type that the two logs may hold. */
static void add_all(struct world *world)
{
    static const int32_t role = CURFEW_ROLE_OPERATOR;
    static struct curfew_path_step path[1];
    const struct curfew_slice session = curfew_slice_of(WORLD_SESSION);
    path[0] = world_step("extract", 1);
    struct curfew_claims claims = world_claims(world, WORLD_SESSION, "forged");
    claims.path = (struct curfew_list){path, 1};
    memset(genuine_count, 0, sizeof genuine_count);
    add(world, 0, (struct curfew_event){.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(0)});
    add(world, 0, (struct curfew_event){.type = CURFEW_EVENT_SETTINGS, .as.settings = {.settings = world_settings()}});
    add(world, 0,
        (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                              .as.subject_revoked = {.kind = CURFEW_KIND_USER,
                                                     .tenant = curfew_slice_of("acme"),
                                                     .scope = curfew_slice_of("https://as.acme"),
                                                     .id = curfew_slice_of("ada")}});
    add(world, 0,
        (struct curfew_event){
            .type = CURFEW_EVENT_WRITER_SET,
            .as.writer_set = {.name = curfew_slice_of("mallory"), .roles = {&role, 1}, .epoch = 1, .least_epoch = 1}});
    add(world, 0,
        (struct curfew_event){.type = CURFEW_EVENT_POLICY_ADOPTED,
                              .as.policy_adopted = {.tenant = curfew_slice_of("acme"),
                                                    .name = curfew_slice_of("payments"),
                                                    .version = 7}});
    add(world, 0,
        (struct curfew_event){.type = CURFEW_EVENT_POLICY_RAISED,
                              .as.policy_raised = {.tenant = curfew_slice_of("acme"),
                                                   .name = curfew_slice_of("payments"),
                                                   .version = 7,
                                                   .break_glass = true}});
    add(world, 0,
        (struct curfew_event){.type = CURFEW_EVENT_RECORDS_SKIPPED,
                              .as.records_skipped = {.lane = 1, .from = 1, .to = INT64_MAX}});
    add(world, 0, (struct curfew_event){.type = CURFEW_EVENT_RESYNC});
    add(world, 0, (struct curfew_event){.type = CURFEW_EVENT_TICK});
    add(world, 1, (struct curfew_event){.type = CURFEW_EVENT_GENESIS, .as.genesis = world_genesis(1)});
    add(world, 1, (struct curfew_event){.type = CURFEW_EVENT_TICK, .as.tick = {.control_offset = 0}});
    add(world, 1, (struct curfew_event){.type = CURFEW_EVENT_RESYNC});
    add(world, 1,
        (struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                              .as.session_started = {.session = curfew_slice_of(WORLD_OTHER),
                                                     .tenant = curfew_slice_of("acme"),
                                                     .issuer = curfew_slice_of("https://as.acme"),
                                                     .user = curfew_slice_of("eve"),
                                                     .auth_us = world->now_us,
                                                     .deadline_us = world->now_us + 3600 * WORLD_S}});
    add(world, 1, (struct curfew_event){.type = CURFEW_EVENT_SESSION_ENDED, .as.session_ended = {.session = session}});
    add(world, 1,
        (struct curfew_event){
            .type = CURFEW_EVENT_TASK_STARTED,
            .as.task_started = {.session = session, .task = curfew_slice_of("forged"), .attempt = 1}});
    add(world, 1,
        (struct curfew_event){
            .type = CURFEW_EVENT_ATTEMPT_ENDED,
            .as.attempt_ended = {.session = session, .task = curfew_slice_of("extract"), .attempt = 1}});
    add(world, 1,
        (struct curfew_event){.type = CURFEW_EVENT_TASK_ENDED,
                              .as.task_ended = {.session = session, .task = curfew_slice_of("extract")}});
    add(world, 1,
        (struct curfew_event){.type = CURFEW_EVENT_HOLDER_HEARTBEAT,
                              .as.holder_heartbeat = {.holder = curfew_slice_of("h")}});
    add(world, 1, (struct curfew_event){.type = CURFEW_EVENT_TOKEN_CREATED, .as.token_created = {.claims = claims}});
    add(world, 1,
        (struct curfew_event){.type = CURFEW_EVENT_TOKEN_REVOKED,
                              .as.token_revoked = {.session = session,
                                                   .issuer = curfew_slice_of("https://as.acme"),
                                                   .jti = curfew_slice_of("t1")}});
}

/* All of a world's state that is told outside. */
struct told {
    struct curfew_lane_counts counts[2];
    int64_t good_us[2];
    int64_t oldest[2];
};

static struct told told_of(const struct world *world)
{
    struct told told;
    memset(&told, 0, sizeof told);
    told.counts[0] = curfew_lane_counts(world->control);
    told.counts[1] = curfew_lane_counts(world->lane);
    told.good_us[0] = curfew_lane_good_us(world->control);
    told.good_us[1] = curfew_lane_good_us(world->lane);
    told.oldest[0] = curfew_lane_oldest_cause(world->control);
    told.oldest[1] = curfew_lane_oldest_cause(world->lane);
    return told;
}

/* Steps it; nothing may come of it. Gives the reason. */
static enum curfew_reason refused(struct world *world, int32_t lane, struct curfew_slice value, struct curfew_slice mac)
{
    int64_t *next = lane == 0 ? &world->control_next : &world->next;
    const struct told before = told_of(world);
    const struct curfew_record record = {(*next)++, world->now_us, true, value, mac};
    assert_int_equal(curfew_lane_step(lane == 0 ? world->control : world->lane, &record, &world->effects),
                     CURFEW_STEP_DONE);
    assert_true(world->effects.refused);
    assert_false(world->effects.good_tick);
    assert_false(world->effects.tick);
    assert_int_equal(world->effects.link_count, 0);
    const struct told after = told_of(world);
    assert_memory_equal(&before, &after, sizeof after);
    return world_reason(world);
}

/* What a record that fails its proof may be refused for before the proof is looked at: it cannot be read, has no form,
 * is another lane's, or names a writer that nobody knows. Told from the bytes alone. */
static enum curfew_reason reason_before_proof(int32_t lane, struct curfew_slice value)
{
    static _Alignas(max_align_t) uint8_t memory[CURFEW_CODEC_MEMORY];
    struct curfew_arena arena = {memory, sizeof memory, 0};
    struct curfew_event event;
    enum curfew_reason reason = CURFEW_REASON_COUNT;
    if (curfew_codec_decode(value, &arena, &event, &reason, NULL) != CURFEW_OK) {
        return reason;
    }
    const struct curfew_slice writer = event.as.session_ended.writer;
    if (!curfew_slice_equal(writer, curfew_slice_of("tester"))) {
        return CURFEW_REASON_UNKNOWN_WRITER; /* or one of no form */
    }
    const char first = lane == 0 ? '0' : '1';
    const struct curfew_slice session = curfew_event_session(&event);
    if (session.size > 1 && (session.at[0] != (uint8_t)first || session.at[1] != '.')) {
        return CURFEW_REASON_WRONG_LANE;
    }
    return CURFEW_REASON_MAC;
}

static void altered(struct world *world, int32_t lane, const struct genuine *genuine)
{
    uint8_t bytes[sizeof genuine->bytes];
    memcpy(bytes, genuine->bytes, genuine->size);
    bytes[dice(genuine->size)] ^= (uint8_t)(1U << dice(8));
    const struct curfew_slice value = {bytes, genuine->size};
    const enum curfew_reason reason =
        refused(world, lane, value, (struct curfew_slice){genuine->mac, sizeof genuine->mac});
    const enum curfew_reason expected = reason_before_proof(lane, value);
    if (reason != expected && reason != CURFEW_REASON_INVALID && reason != CURFEW_REASON_WRONG_LANE) {
        fail_msg("an altered %s: %s, not %s", curfew_event_name(genuine->event.type), curfew_reason_name(reason),
                 curfew_reason_name(expected));
    }
    if (reason == CURFEW_REASON_INVALID || reason == CURFEW_REASON_WRONG_LANE) {
        assert_true(expected == CURFEW_REASON_MAC || expected == CURFEW_REASON_UNKNOWN_WRITER ||
                    expected == CURFEW_REASON_WRONG_LANE);
    }
}

static void badly_proven(struct world *world, int32_t lane, const struct genuine *genuine)
{
    const struct curfew_slice value = {genuine->bytes, genuine->size};
    struct curfew_log_place place = world_place(lane == 0 ? world->control : world->lane, lane);
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t size = sizeof mac;
    enum curfew_reason expected = CURFEW_REASON_MAC;
    memcpy(mac, genuine->mac, sizeof mac);
    switch (dice(6)) {
    case 0: /* a bit of the sum */
        mac[5 + dice(32)] ^= (uint8_t)(1U << dice(8));
        break;
    case 1: /* none, cut, or of another version */
        size = dice(sizeof mac);
        mac[0] ^= (uint8_t)(dice(2) << 1);
        break;
    case 2: /* of an epoch that is still to come: nobody has such a key yet */
        mac[4] = (uint8_t)(2 + dice(200));
        expected = CURFEW_REASON_UNKNOWN_WRITER;
        break;
    case 3: /* for another lane */
        place.lane++;
        author_prove(curfew_slice_of("tester"), &place, value, mac);
        break;
    case 4: /* for a log of before */
        place.log_id[dice(sizeof place.log_id)] ^= 1;
        author_prove(curfew_slice_of("tester"), &place, value, mac);
        break;
    default: /* by another writer, who has all the same rights */
        author_prove(curfew_slice_of("w"), &place, value, mac);
        break;
    }
    assert_int_equal(refused(world, lane, value, (struct curfew_slice){mac, size}), expected);
}

static void no_forgery_moves_a_lane(void **state)
{
    (void)state; /* goal: whoever has no key cannot make a record count, nor one count elsewhere or as another's */
    struct world *world = world_with_token();
    int counts[CURFEW_EVENT_COUNT] = {0};
    add_all(world);
    for (int i = 0; i < FORGERIES; i++) {
        const int32_t lane = (int32_t)dice(2);
        const struct genuine *genuine = &genuines[lane][dice(genuine_count[lane])];
        counts[genuine->event.type]++;
        if (genuine->event.type == CURFEW_EVENT_GENESIS || dice(2) == 0) {
            altered(world, lane, genuine);
        } else {
            badly_proven(world, lane, genuine);
        }
    }
    for (int type = 0; type < CURFEW_EVENT_COUNT; type++) {
        if (counts[type] > 0) {
            print_message("%s %d\n", curfew_event_name((enum curfew_event_type)type), counts[type]);
            assert_true(counts[type] > 300);
        }
    }
    world_end(world);
}

static void what_was_said_once_moves_nothing_again(void **state)
{
    (void)state; /* goal: a genuine record, replayed at any time after, raises nothing and revives nothing */
    struct world *world = world_with_token();
    const struct curfew_path_step path[] = {world_step("extract", 1)};
    add_all(world);
    for (int32_t lane = 0; lane < 2; lane++) {
        for (size_t i = 0; i < genuine_count[lane]; i++) {
            const struct genuine *genuine = &genuines[lane][i];
            int64_t *next = lane == 0 ? &world->control_next : &world->next;
            for (int again = 0; again < 4; again++) {
                const struct curfew_record record = {(*next)++,
                                                     world->now_us,
                                                     true,
                                                     {genuine->bytes, genuine->size},
                                                     {genuine->mac, sizeof genuine->mac}};
                assert_int_equal(curfew_lane_step(lane == 0 ? world->control : world->lane, &record, &world->effects),
                                 CURFEW_STEP_DONE);
                if (again > 0) { /* the first time it is no replay */
                    assert_int_equal(world->effects.link_count, 0);
                }
            }
        }
    }
    const struct told before = told_of(world);
    for (int i = 0; i < 1000; i++) {
        const int32_t lane = (int32_t)dice(2);
        const struct genuine *genuine = &genuines[lane][dice(genuine_count[lane])];
        int64_t *next = lane == 0 ? &world->control_next : &world->next;
        const struct curfew_record record = {
            (*next)++, world->now_us, true, {genuine->bytes, genuine->size}, {genuine->mac, sizeof genuine->mac}};
        assert_int_equal(curfew_lane_step(lane == 0 ? world->control : world->lane, &record, &world->effects),
                         CURFEW_STEP_DONE);
        assert_int_equal(world->effects.link_count, 0);
    }
    const struct told after = told_of(world);
    assert_memory_equal(&before, &after, sizeof after);
    assert_int_equal(world_mint(world, "t9", path, 1), CURFEW_REASON_SESSION_OVER);
    world_end(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_forgery_moves_a_lane),
        cmocka_unit_test(what_was_said_once_moves_nothing_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
