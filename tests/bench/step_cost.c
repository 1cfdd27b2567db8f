/* step_cost: what a coordinator's step of a mint costs, and how much of that is the proof of its writer, in one run. */
#include "core/clock.h"
#include "schemas/codec.h"
#include "services/coordinator/lane.h"
#include "tests/bench/measure.h"
#include "tests/common/author.h"
#include <stdio.h>
#include <stdlib.h>

#define MINTS 20000
#define SESSION "1.AAAAAAAAAAAAAAAAAAAAAA"
#define T0_US INT64_C(1800000000000000)

struct mint {
    uint8_t bytes[512];
    size_t size;
    uint8_t mac[CURFEW_MAC_SIZE];
};

static struct mint mints[MINTS];
static int64_t took_ns[2][MINTS];

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "step_cost: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void encode(const struct curfew_event *event, const struct curfew_log_place *place, struct mint *made)
{
    must(curfew_codec_encode(event, made->bytes, sizeof made->bytes, &made->size, NULL) == CURFEW_OK, "encoding");
    author_prove_event(event, place, (struct curfew_slice){made->bytes, made->size}, made->mac);
}

static void step(struct curfew_lane *lane, const struct mint *made)
{
    struct curfew_effects effects;
    const struct curfew_record record = {
        curfew_lane_next(lane), T0_US, true, {made->bytes, made->size}, {made->mac, sizeof made->mac}};
    must(curfew_lane_step(lane, &record, &effects) == CURFEW_STEP_DONE && !effects.refused, "a record is refused");
}

static void begin(struct curfew_lane *lane, struct curfew_log_place *place)
{
    struct author_list list = {.count = 0};
    struct mint made;
    struct curfew_event event = {.type = CURFEW_EVENT_GENESIS,
                                 .as.genesis = {.writer = curfew_slice_of("w"),
                                                .said_us = T0_US,
                                                .log_id = {2},
                                                .control_log = {1},
                                                .lane = 1,
                                                .lanes = 2,
                                                .settings = {1, 250, 100, 10000, 5000, 1000, 900000, 518400000, 3600000,
                                                             1000, 1000, 1000000, 1}}};
    author_name(&list, "w", AUTHOR_ALL_ROLES);
    author_genesis(&event.as.genesis, &list);
    memcpy(place->log_id, event.as.genesis.log_id, sizeof place->log_id);
    encode(&event, place, &made);
    step(lane, &made);
    event = (struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                                  .as.session_started = {.writer = curfew_slice_of("w"),
                                                         .said_us = T0_US,
                                                         .session = curfew_slice_of(SESSION),
                                                         .tenant = curfew_slice_of("acme"),
                                                         .issuer = curfew_slice_of("https://as.acme.example"),
                                                         .user = curfew_slice_of("ada"),
                                                         .auth_us = T0_US,
                                                         .deadline_us = T0_US + INT64_C(3600000000)}};
    encode(&event, place, &made);
    step(lane, &made);
}

int main(void)
{
    struct curfew_control *control = curfew_control_create(author_master);
    struct curfew_lane *lane = curfew_lane_create(1, 2, control);
    struct curfew_log_place place = {.lane = 1};
    must(curfew_codec_init(NULL) == CURFEW_OK, "schemas");
    begin(lane, &place);
    for (int i = 0; i < MINTS; i++) {
        char jti[32];
        (void)snprintf(jti, sizeof jti, "t-%d", i);
        const struct curfew_event event = {
            .type = CURFEW_EVENT_TOKEN_CREATED,
            .as.token_created = {.writer = curfew_slice_of("w"),
                                 .said_us = T0_US,
                                 .claims = {.session = curfew_slice_of(SESSION),
                                            .tenant = curfew_slice_of("acme"),
                                            .issuer = curfew_slice_of("https://as.acme.example"),
                                            .user = curfew_slice_of("ada"),
                                            .jti = curfew_slice_of(jti),
                                            .auth_us = T0_US,
                                            .issued_us = T0_US,
                                            .expires_us = T0_US + INT64_C(300000000)}}};
        encode(&event, &place, &mints[i]);
    }
    for (int i = 0; i < MINTS; i++) {
        int64_t begun_ns = now_ns();
        step(lane, &mints[i]);
        took_ns[0][i] = now_ns() - begun_ns;
        begun_ns = now_ns();
        must(curfew_mac_verify(author_key(curfew_slice_of("w")), &place,
                               (struct curfew_slice){mints[i].bytes, mints[i].size},
                               (struct curfew_slice){mints[i].mac, sizeof mints[i].mac}),
             "a proof does not hold");
        took_ns[1][i] = now_ns() - begun_ns;
    }
    for (int i = 0; i < 2; i++) {
        qsort(took_ns[i], MINTS, sizeof took_ns[i][0], by_size);
    }
    const double share = 100.0 * (double)took_ns[1][MINTS / 2] / (double)took_ns[0][MINTS / 2];
    (void)printf("step of a mint: p50 %lld ns, p99 %lld ns; its proof: p50 %lld ns, p99 %lld ns; share %.0f %%\n",
                 (long long)took_ns[0][MINTS / 2], (long long)took_ns[0][MINTS * 99 / 100],
                 (long long)took_ns[1][MINTS / 2], (long long)took_ns[1][MINTS * 99 / 100], share);
    curfew_lane_destroy(lane);
    curfew_control_destroy(control);
    return EXIT_SUCCESS;
}
