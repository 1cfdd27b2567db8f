/* crash_test: coordinator, guards and Redis are killed with -9 in turn while tasks start, mint and end. Whatever a
 * guard allows must be true of the age it states: an allow with age A at time t says that everything durable before t -
 * A is reflected; a token whose end was durable before that may not be allowed. */
#include "core/clock.h"
#include "core/digest.h"
#include "core/id.h"
#include "core/json.h"
#include "services/issuer/mint.h"
#include "tests/scenario/play.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GUARDS 2
#define ROUNDS 45
#define CALL_MS 8000
#define MINT_MS 3000 /* with the coordinator down a mint can only run into this */
#define ROUND_US INT64_C(600000)
#define DOWN_EVERY 3 /* one kill every so many rounds */

struct ended {
    char *token;
    int64_t timestamp_us; /* the broker's, of the end */
};

struct storm {
    struct play play;
    struct curfew_producer *producer;
    struct curfew_signer *signer;
    struct curfew_claims claims;
    char session[CURFEW_SESSION_ID_SIZE];
    struct ended ended[ROUNDS];
    size_t ended_count;
    long allowed; /* of living tasks */
    long denied; /* of ended tasks */
    long unavailable;
    long unreachable; /* a killed guard */
    long minted;
    long not_minted;
};

static enum curfew_status emit(struct storm *storm, const struct curfew_event *event, enum curfew_wait wait,
                               struct curfew_outcome *outcome)
{
    return curfew_producer_emit_and_wait(storm->producer, event, CURFEW_LANE_OF_EVENT, wait, CALL_MS, outcome);
}

static void begin(struct storm *storm)
{
    struct curfew_error error = {.status = CURFEW_OK};
    struct curfew_outcome outcome;
    uint8_t random[16];
    const struct curfew_now now = curfew_clock_now();
    const char *const settings[] = {"kafka.bootstrap.servers",
                                    rig_process_address(rig_kafka(storm->play.rig)),
                                    "topics.prefix",
                                    storm->play.prefix,
                                    "producer.key_file",
                                    rig_app_key(storm->play.rig, storm->play.prefix),
                                    "coordinators.keys_file",
                                    rig_coordinators(storm->play.rig, storm->play.prefix),
                                    NULL};
    const struct curfew_producer_options options = {.size = sizeof options, .settings = settings, .writer = "app"};

    if (curfew_producer_open(&options, &storm->producer, &error) != CURFEW_OK ||
        curfew_signer_load(storm->play.key, &storm->signer, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    curfew_random(random, sizeof random);
    curfew_session_id_make(1, random, storm->session);
    storm->claims = (struct curfew_claims){.session = curfew_slice_of(storm->session),
                                           .tenant = curfew_slice_of("acme"),
                                           .issuer = curfew_slice_of(PLAY_ISSUER),
                                           .user = curfew_slice_of("ada"),
                                           .auth_us = now.wall_us};
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = storm->claims.session,
                                                              .tenant = storm->claims.tenant,
                                                              .issuer = storm->claims.issuer,
                                                              .user = storm->claims.user,
                                                              .auth_us = now.wall_us,
                                                              .deadline_us = now.wall_us + 3600 * CURFEW_US_PER_S}};
    assert_int_equal(emit(storm, &event, CURFEW_WAIT_ACCEPTED, &outcome), CURFEW_OK);
}

/* Asks one guard for one token, and holds its answer against what is known. `end_us` 0: the task lives. */
static void ask(struct storm *storm, int guard, const char *token, int64_t end_us)
{
    const int64_t asked_us = curfew_clock_now().wall_us;
    const char *body = NULL;
    const long status = play_check(&storm->play, guard, token, "strict", &body);
    struct curfew_json *json = NULL;
    int64_t age_ms = -1;

    if (status == 200 && end_us != 0) {
        assert_int_equal(curfew_json_parse(curfew_slice_of(body), &json, NULL), CURFEW_OK);
        assert_true(curfew_json_int(curfew_json_member(json, "age_ms"), &age_ms));
        curfew_json_destroy(json);
        /* age_ms is rounded: one more millisecond is in its favour. */
        if (end_us < asked_us - (age_ms + 1) * CURFEW_US_PER_MS) {
            fail_msg("guard %d allowed a token whose end was durable %lld ms before, and called itself %lld ms old",
                     guard, (long long)(asked_us - end_us) / 1000, (long long)age_ms);
        }
    }
    storm->allowed += status == 200 && end_us == 0;
    storm->denied += status == 403 && end_us != 0;
    storm->unavailable += status == 503;
    storm->unreachable += status == 0;
    if (status == 403 && end_us == 0) {
        fail_msg("guard %d denied a token of a living task: %s", guard, body);
    }
}

static void ask_all(struct storm *storm, const char *living)
{
    for (int guard = 0; guard < GUARDS; guard++) {
        for (size_t i = 0; i < storm->ended_count; i++) {
            ask(storm, guard, storm->ended[i].token, storm->ended[i].timestamp_us);
        }
        if (living != NULL) {
            ask(storm, guard, living, 0);
        }
    }
}

/* One task: start, mint, use, end; nothing but the end must succeed, and only as far as being durable. */
static void one_round(struct storm *storm, int round)
{
    char name[32];
    struct curfew_outcome outcome;
    static const char *const audiences[] = {PLAY_AUDIENCE, NULL};

    (void)snprintf(name, sizeof name, "task-%d", round);
    const struct curfew_path_step step = {storm->claims.tenant, curfew_slice_of(name), 1};
    const struct curfew_event start = {
        .type = CURFEW_EVENT_TASK_STARTED,
        .as.task_started = {.session = storm->claims.session, .task = step.task, .attempt = 1}};
    const struct curfew_event end = {.type = CURFEW_EVENT_TASK_ENDED,
                                     .as.task_ended = {.session = storm->claims.session, .task = step.task}};
    struct curfew_mint mint = {.claims = storm->claims, .life_s = 300, .client_id = "storm", .audiences = audiences};
    char *token = NULL;

    mint.claims.path = (struct curfew_list){&step, 1};
    assert_int_equal(emit(storm, &start, CURFEW_WAIT_DURABLE, &outcome), CURFEW_OK);
    if (curfew_mint_token(storm->producer, storm->signer, &mint, MINT_MS, &token, &outcome) == CURFEW_OK) {
        storm->minted++;
        ask_all(storm, token);
    } else {
        storm->not_minted++;
        assert_null(token);
    }
    assert_int_equal(emit(storm, &end, CURFEW_WAIT_DURABLE, &outcome), CURFEW_OK);
    if (token != NULL) {
        storm->ended[storm->ended_count++] = (struct ended){token, outcome.receipt.timestamp_us};
    }
    const int64_t until_us = rig_now_us() + ROUND_US;
    do {
        ask_all(storm, NULL);
    } while (rig_now_us() < until_us);
}

static bool all_denied(void *context)
{
    struct storm *storm = context;

    for (int guard = 0; guard < GUARDS; guard++) {
        for (size_t i = 0; i < storm->ended_count; i++) {
            if (play_check(&storm->play, guard, storm->ended[i].token, "strict", NULL) != 403) {
                return false;
            }
        }
    }
    return true;
}

static void no_fresh_hop_ever_allows_what_ended_while_parts_are_killed(void **state)
{
    /* Goal: kills of coordinator, guard and Redis in turn, each started again: no allow that its own age forbids, no
     * living task denied, and at the end everything that ended is denied at every guard. */
    struct storm *storm = calloc(1, sizeof *storm);
    struct rig_process *down = NULL;

    assert_non_null(storm);
    storm->play = play_begin(*state, GUARDS);
    begin(storm);
    for (int round = 0; round < ROUNDS; round++) {
        struct rig_process *const victims[] = {storm->play.coordinator, storm->play.guards[0], storm->play.redis};
        if (round % DOWN_EVERY == DOWN_EVERY - 1) {
            down = victims[(round / DOWN_EVERY) % 3];
            rig_process_kill(down);
        }
        one_round(storm, round);
        if (down != NULL) {
            rig_process_start(down);
            down = NULL;
        }
    }
    rig_until(all_denied, storm, PLAY_SOON_MS, "everything that ended is denied everywhere");
    print_message("crash: %ld mints, %ld not possible; %ld allowed, %ld denied, %ld unavailable, %ld unreachable\n",
                  storm->minted, storm->not_minted, storm->allowed, storm->denied, storm->unavailable,
                  storm->unreachable);
    assert_true(storm->minted > ROUNDS / 2);
    assert_true(storm->allowed > 0 && storm->denied > 0 && storm->unreachable > 0);
    for (size_t i = 0; i < storm->ended_count; i++) {
        free(storm->ended[i].token);
    }
    curfew_signer_destroy(storm->signer);
    assert_int_equal(curfew_producer_close(storm->producer, CALL_MS, NULL), CURFEW_OK);
    play_end(&storm->play);
    free(storm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_fresh_hop_ever_allows_what_ended_while_parts_are_killed),
    };
    return rig_main("crash", tests, sizeof tests / sizeof tests[0]);
}
