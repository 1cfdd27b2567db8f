/* seal_cost: what a coordinator's signature costs to make and to judge, beside a hop that takes in one floors record,
 * in one run. */
#include "consumer/feed.h"
#include "core/chain.h"
#include "core/config.h"
#include "core/jose_file.h"
#include "core/seal_keys.h"
#include "schemas/codec.h"
#include "services/issuer/signer.h"
#include "tests/bench/measure.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TIMES 5000

enum { SIGN, JUDGE, APPLY, KINDS };
static const char *const names[KINDS] = {"sign a beacon", "judge a beacon", "take in a floors record"};
static int64_t took_ns[KINDS][TIMES];

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "seal_cost: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static enum curfew_status subscribe(void *self, enum curfew_topic topic, int32_t partition, int64_t offset,
                                    struct curfew_error *error)
{
    (void)self, (void)topic, (void)partition, (void)offset, (void)error;
    return CURFEW_OK;
}

static const struct curfew_bus_ops ops = {.subscribe = subscribe};

/* A new key in files of its own; they are gone when this returns. */
static void open_keys(struct curfew_jose_key **key, struct curfew_sealer *sealer, struct curfew_seal_keys **keys)
{
    char directory[] = "/tmp/curfew-seal-cost-XXXXXX";
    char private[64];
    static char public[64];
    char *jwks = NULL;
    static struct curfew_config *config;
    must(mkdtemp(directory) != NULL, "no directory");
    (void)snprintf(private, sizeof private, "%s/key.pem", directory);
    (void)snprintf(public, sizeof public, "%s/keys.json", directory);
    must(curfew_signer_generate(CURFEW_JOSE_ES256, private, &jwks, NULL) == CURFEW_OK, "no key");
    FILE *file = fopen(public, "w");
    must(file != NULL && fputs(jwks, file) >= 0 && fclose(file) == 0, "the public key is not written");
    must(curfew_config_load(NULL, &config, NULL) == CURFEW_OK &&
             curfew_config_set(config, "coordinator.key_file", private, NULL) == CURFEW_OK &&
             curfew_config_set(config, "coordinators.keys_file", public, NULL) == CURFEW_OK &&
             curfew_seal_key_open(config, key, sealer, NULL) == CURFEW_OK &&
             curfew_seal_keys_open(config, keys, NULL) == CURFEW_OK,
         "the keys are not taken");
    (void)unlink(private);
    (void)unlink(public);
    (void)rmdir(directory);
    free(jwks);
}

static void apply(struct curfew_feed *feed, int i, struct curfew_floors *before)
{
    uint8_t bytes[512];
    size_t size = 0;
    struct curfew_error error;
    struct curfew_floor floor = {.kind = CURFEW_KIND_TASK, .floor = 1, .expires_us = INT64_C(4000000000000000)};
    memcpy(floor.subject, &i, sizeof i);
    struct curfew_event event = {.type = CURFEW_EVENT_FLOORS};
    struct curfew_floors *floors = &event.as.floors;
    *floors = (struct curfew_floors){.lane = 1, .cause = i, .cause_before = i - 1, .floors = {&floor, 1}};
    memcpy(floors->chain_before, before->chain, sizeof floors->chain_before);
    curfew_chain_of(floors, floors->chain);
    *before = *floors;
    must(curfew_codec_encode(&event, bytes, sizeof bytes, &size, NULL) == CURFEW_OK, "encoding");
    const struct curfew_bus_event record = {.kind = CURFEW_BUS_RECORD,
                                            .topic = CURFEW_TOPIC_REVOCATIONS,
                                            .partition = 1,
                                            .offset = i,
                                            .value = {bytes, size}};
    const int64_t begun_ns = now_ns();
    must(curfew_feed_handle(feed, &record, (struct curfew_now){i, i}, &error) == CURFEW_OK, "a record is not taken");
    took_ns[APPLY][i] = now_ns() - begun_ns;
}

int main(void)
{
    struct curfew_jose_key *key = NULL;
    struct curfew_sealer sealer;
    struct curfew_seal_keys *keys = NULL;
    struct curfew_region *region = NULL;
    struct curfew_feed *feed = NULL;
    struct curfew_bus bus = {&ops, NULL};
    struct curfew_floors before = {.lane = 1};
    const struct curfew_region_options size = {.floors_max = 2 * TIMES, .key = {1}};
    must(curfew_codec_init(NULL) == CURFEW_OK, "schemas");
    open_keys(&key, &sealer, &keys);
    const struct curfew_seal_judge judge = curfew_seal_keys_judge(keys);
    must(curfew_region_create(&size, &region, NULL) == CURFEW_OK, "no region");
    const struct curfew_feed_options options = {.region = region, .bus = &bus, .lanes = 2, .judge = judge};
    must(curfew_feed_create(&options, &feed, NULL) == CURFEW_OK, "no feed");
    for (int i = 0; i < TIMES; i++) {
        struct curfew_beacon beacon = {.lane = 1, .lanes = 2, .as_of_us = i};
        uint8_t signature[CURFEW_SEAL_SIZE];
        int64_t begun_ns = now_ns();
        curfew_seal_beacon(&sealer, &beacon, signature);
        took_ns[SIGN][i] = now_ns() - begun_ns;
        begun_ns = now_ns();
        must(curfew_seal_judge_beacon(&judge, &beacon) == CURFEW_SEAL_GOOD, "a signature does not hold");
        took_ns[JUDGE][i] = now_ns() - begun_ns;
        apply(feed, i, &before);
    }
    for (int kind = 0; kind < KINDS; kind++) {
        qsort(took_ns[kind], TIMES, sizeof took_ns[kind][0], by_size);
        (void)printf("%-24s p50 %7lld ns, p99 %7lld ns\n", names[kind], (long long)took_ns[kind][TIMES / 2],
                     (long long)took_ns[kind][TIMES * 99 / 100]);
    }
    const double judge_ns = (double)took_ns[JUDGE][TIMES / 2];
    (void)printf("two a second in 9 lanes: %.3f %% of a core; as much as %.0f floors a second\n", 18 * judge_ns / 1e7,
                 18 * judge_ns / (double)took_ns[APPLY][TIMES / 2]);
    curfew_feed_destroy(feed);
    curfew_region_destroy(region);
    curfew_seal_keys_close(keys);
    curfew_seal_key_close(key);
    return EXIT_SUCCESS;
}
