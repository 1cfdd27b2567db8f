/* receipts_test: GET /v1/receipts/LANE:OFFSET: how far one record has come, by what the lane and every hop of the
 * roster say, and who lags; and rulings, which remember what was refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asked.h"
#include "core/digest.h"
#include "schemas/codec.h"
#include "services/coordinator/rulings.h"
#include "tests/common/author.h"
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_hop(struct asked *asked, const char *name)
{
    static const int32_t role = CURFEW_ROLE_HOP;
    (void)cluster_append(
        asked->cluster, CURFEW_TOPIC_CONTROL,
        (struct curfew_event){
            .type = CURFEW_EVENT_WRITER_SET,
            .as.writer_set = {.name = curfew_slice_of(name), .roles = {&role, 1}, .epoch = 1, .least_epoch = 1}});
    cluster_pass(asked->cluster, WORLD_S / 10);
}

/* A hop says how far it is in lane 1, of the lane's log or another. */
static void say_of(struct asked *asked, const char *hop, int64_t offset, bool same_log)
{
    struct curfew_lane_status lanes[] = {{.lane = 0, .offset = 1, .age_ms = 100},
                                         {.lane = 1, .offset = offset, .age_ms = 200}};
    struct curfew_genesis genesis = world_genesis(1);
    memcpy(lanes[1].log_id, genesis.log_id, sizeof lanes[1].log_id);
    lanes[1].log_id[1] ^= same_log ? 0 : 1;
    const struct curfew_event event = {.type = CURFEW_EVENT_HOP_STATUS,
                                       .as.hop_status = {.hop = curfew_slice_of(hop),
                                                         .boot = curfew_slice_of("b"),
                                                         .said_us = asked->cluster->now.wall_us,
                                                         .version = curfew_slice_of("1"),
                                                         .lanes = {lanes, 2}}};
    const struct curfew_log_place place = {.lane = CURFEW_MAC_STATUS};
    uint8_t bytes[1024];
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    const struct curfew_slice value = {bytes, size};
    author_prove(curfew_slice_of(hop), &place, value, mac);
    curfew_roster_take(asked->roster, curfew_coordinator_writers(asked->cluster->coordinator), value,
                       (struct curfew_slice){mac, sizeof mac}, asked->cluster->now);
}

static const struct curfew_json *receipt(int32_t lane, int64_t offset)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/receipts/%d:%lld", lane, (long long)offset);
    return asked_get(path, 200);
}

/* -1: it cannot be said. */
static int complete(const struct curfew_json *body)
{
    bool value = false;
    return curfew_json_bool(curfew_json_member(body, "complete"), &value) ? value : -1;
}

static void it_tells_how_far_and_who_lags(void **state)
{
    struct asked *asked = *state; /* goal: none of two, one of two with the other named, complete; by offsets alone */
    asked_pass(asked, WORLD_S / 10);
    add_hop(asked, "g1");
    add_hop(asked, "g2");
    (void)asked_session(asked, WORLD_SESSION, "ada", NULL);
    const int64_t end = asked_session_end(asked, WORLD_SESSION, "done");
    const struct curfew_json *body = receipt(1, end);
    assert_true(asked_is(body, "answer", "accepted") && asked_int(body, "hops") == 2 &&
                asked_int(body, "applied") == 0);
    assert_int_equal(complete(body), 0);
    assert_true(asked_is(asked_item(body, "laggards", "hop", "g1"), "state", "unheard"));
    assert_int_equal(asked_int(asked_item(body, "laggards", "hop", "g1"), "behind"), -1);
    say_of(asked, "g1", end + 1, true);
    say_of(asked, "g2", end, true);
    body = receipt(1, end);
    assert_int_equal(asked_int(body, "applied"), 1);
    assert_null(asked_item(body, "laggards", "hop", "g1"));
    const struct curfew_json *late = asked_item(body, "laggards", "hop", "g2");
    assert_true(asked_int(late, "offset") == end && asked_int(late, "behind") == 1);
    asked_pass(asked, 6 * WORLD_S);
    late = asked_item(receipt(1, end), "laggards", "hop", "g2");
    assert_true(asked_is(late, "state", "silent") && asked_int(late, "silent_ms") == 6000);
    assert_int_equal(asked_int(late, "age_ms"), 6200);
    assert_non_null(asked_item(receipt(1, end), "vanished", "hop", "g1"));
    say_of(asked, "g1", end + 50, true);
    say_of(asked, "g2", end + 50, true);
    body = receipt(1, end);
    assert_int_equal(complete(body), 1);
    assert_int_equal(curfew_json_count(curfew_json_member(body, "laggards")), 0);
    assert_int_equal(curfew_json_count(curfew_json_member(body, "vanished")), 0);
}

static void a_hop_of_another_log_has_applied_nothing(void **state)
{
    struct asked *asked = *state; /* goal: offsets of a log that is gone are not compared, however large they are */
    char path[128];
    char log[2 * CURFEW_LOG_ID_SIZE + 1];
    asked_pass(asked, WORLD_S / 10);
    add_hop(asked, "g1");
    const int64_t start = asked_session(asked, WORLD_SESSION, "ada", NULL);
    say_of(asked, "g1", 1000000, false);
    const struct curfew_json *body = receipt(1, start);
    assert_int_equal(asked_int(body, "applied"), 0);
    assert_int_equal(asked_int(asked_item(body, "laggards", "hop", "g1"), "offset"), -1);
    assert_true(asked_is(asked_item(body, "laggards", "hop", "g1"), "problem", "it reads another log"));
    curfew_hex(world_genesis(1).log_id, CURFEW_LOG_ID_SIZE, log);
    assert_true(asked_is(body, "log", log));
    (void)snprintf(path, sizeof path, "/v1/receipts/1:%lld?log=%s", (long long)start, log);
    (void)asked_get(path, 200);
    path[strlen(path) - 1] = path[strlen(path) - 1] == '0' ? '1' : '0';
    (void)asked_get(path, 409);
}

static void what_cannot_be_said_is_not_said(void **state)
{
    struct asked *asked =
        *state; /* goal: refused, not here yet, waiting for its floors, for a second operator, no hop */
    asked_pass(asked, WORLD_S / 10);
    const int64_t start = asked_session(asked, WORLD_SESSION, "ada", NULL);
    const int64_t refused = asked_task(asked, WORLD_SESSION, "child<nowhere", 1, NULL);
    assert_int_equal(complete(receipt(1, start)), -1); /* nobody is on the roster */
    add_hop(asked, "g1");
    say_of(asked, "g1", 1000, true);
    assert_int_equal(complete(receipt(1, start)), 1);
    const struct curfew_json *body = receipt(1, refused);
    bool retriable = false;
    assert_true(asked_is(body, "answer", "refused") && asked_is(body, "reason", "unknown_task"));
    assert_true(curfew_json_bool(curfew_json_member(body, "retriable"), &retriable) && retriable);
    assert_int_equal(complete(body), -1);
    body = receipt(1, 100000);
    bool durable = true;
    assert_true(curfew_json_bool(curfew_json_member(body, "durable"), &durable) && !durable);
    assert_true(asked_is(body, "answer", "waiting") && complete(body) == 0);
    asked->cluster->memory->held[CURFEW_TOPIC_REVOCATIONS] = true;
    const int64_t unread = asked_session_end(asked, WORLD_SESSION, "done");
    assert_true(asked_is(receipt(1, unread), "answer", "waiting"));
    assert_int_equal(complete(receipt(1, unread)), 0);
    asked->cluster->memory->held[CURFEW_TOPIC_REVOCATIONS] = false;
    asked_pass(asked, WORLD_S / 5);
    assert_true(asked_is(receipt(1, unread), "answer", "accepted"));
    const int64_t alone = cluster_append(asked->cluster, CURFEW_TOPIC_CONTROL,
                                         (struct curfew_event){.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                                               .as.subject_revoked = {.kind = CURFEW_KIND_TENANT,
                                                                                      .tenant = curfew_slice_of("acme"),
                                                                                      .id = curfew_slice_of("acme")}});
    asked_pass(asked, WORLD_S / 5);
    assert_true(asked_is(receipt(0, alone), "answer", "second_operator"));
}

static void bad_receipts_are_refused(void **state)
{
    struct asked *asked = *state; /* goal: nothing is guessed, and a lane that is being read says so */
    static const char *const bad[] = {"/v1/receipts",       "/v1/receipts/",
                                      "/v1/receipts/1",     "/v1/receipts/1:",
                                      "/v1/receipts/:1",    "/v1/receipts/1:x",
                                      "/v1/receipts/-1:1",  "/v1/receipts/1:-1",
                                      "/v1/receipts/1:1:1", "/v1/receipts/1:99999999999999999999",
                                      "/v1/receipts/999:1"};
    (void)asked_get("/v1/receipts/1:1", 503);
    asked_pass(asked, WORLD_S / 10);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(asked_is(asked_get(bad[i], 400), "error", NULL));
    }
    assert_false(asked_is(asked_get("/v1/receipts/9:1", 404), "error", NULL));
}

static void laggards_are_named_up_to_a_bound(void **state)
{
    struct asked *asked = *state; /* goal: of more hops than are named the number is said */
    enum { HOPS = 103 };
    char name[16];
    asked_pass(asked, WORLD_S / 10);
    for (int i = 0; i < HOPS; i++) {
        (void)snprintf(name, sizeof name, "g%03d", i);
        add_hop(asked, name);
    }
    const struct curfew_json *body = receipt(1, 1);
    assert_int_equal(asked_int(body, "hops"), HOPS);
    assert_int_equal(curfew_json_count(curfew_json_member(body, "laggards")), 100);
    assert_int_equal(asked_int(body, "laggards_more"), 3);
}

static void rulings_are_remembered_up_to_a_bound(void **state)
{
    (void)state; /* goal: every refusal among the newest is found, nothing else is; what is older is unknown */
    struct curfew_rulings *rulings = curfew_rulings_create();
    struct curfew_refusal refusal = {.offset = -1};
    const int64_t all = CURFEW_RULINGS_MAX + 100;
    assert_int_equal(curfew_rulings_find(rulings, 3, &refusal), CURFEW_RULED_ACCEPTED);
    for (int64_t i = 0; i < all; i++) { /* every second record, from 10 on */
        const struct curfew_effects effects = {
            .refused = i % 3 != 0, .refusal = {10 + 2 * i, (int32_t)(i % 7), true}, .pending = i % 3 == 0};
        curfew_rulings_note(rulings, 10 + 2 * i, &effects);
        curfew_rulings_note(rulings, 11 + 2 * i, &(const struct curfew_effects){.refused = false});
        if (i == 200) {
            assert_int_equal(curfew_rulings_find(rulings, 3, &refusal), CURFEW_RULED_ACCEPTED);
        }
    }
    for (int64_t i = 0; i < all; i++) {
        const enum curfew_ruled ruled = curfew_rulings_find(rulings, 10 + 2 * i, &refusal);
        const enum curfew_ruled wanted = i < 100      ? CURFEW_RULED_UNKNOWN
                                         : i % 3 == 0 ? CURFEW_RULED_PENDING
                                                      : CURFEW_RULED_REFUSED;
        assert_int_equal(ruled, wanted);
        assert_true(ruled != CURFEW_RULED_REFUSED || (refusal.reason == i % 7 && refusal.offset == 10 + 2 * i));
        assert_int_equal(curfew_rulings_find(rulings, 11 + 2 * i, &refusal),
                         i < 100 ? CURFEW_RULED_UNKNOWN : CURFEW_RULED_ACCEPTED);
    }
    curfew_rulings_destroy(rulings);
    curfew_rulings_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_tells_how_far_and_who_lags, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(a_hop_of_another_log_has_applied_nothing, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(what_cannot_be_said_is_not_said, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(bad_receipts_are_refused, asked_begin, asked_end),
        cmocka_unit_test_setup_teardown(laggards_are_named_up_to_a_bound, asked_begin, asked_end),
        cmocka_unit_test(rulings_are_remembered_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
