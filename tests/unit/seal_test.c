/* seal_test: what a signature of a coordinator covers, byte for byte, and the keys in files that make and judge it. */
#include "core/clock.h"
#include "core/config.h"
#include "core/digest.h"
#include "core/jose_key.h"
#include "core/seal_keys.h"
#include "schemas/codec.h"
#include "services/issuer/signer.h"
#include "tests/common/sealer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_US (5 * CURFEW_US_PER_S) /* for a file that changed to be seen: it is looked at once a second */
#define LOOKED_US (1500 * CURFEW_US_PER_MS) /* within which it is looked at */

/* ---- what is signed ---- */

static uint8_t signed_digest[CURFEW_SEAL_DIGEST_SIZE];

static void keep_digest(void *self, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE], uint8_t signature[CURFEW_SEAL_SIZE])
{
    (void)self;
    memcpy(signed_digest, digest, sizeof signed_digest);
    memset(signature, 1, CURFEW_SEAL_SIZE);
}

static const struct curfew_sealer keeper = {keep_digest, {(const uint8_t *)"k", 1}, NULL};

/* SHA-256 of a text of hex digits and 'quoted' words, written out as the header states it. */
static void digest_of(const char *spelled, uint8_t digest[CURFEW_SHA256_SIZE])
{
    uint8_t bytes[512];
    size_t size = 0;
    for (const char *at = spelled; *at != '\0';) {
        if (*at == ' ') {
            at++;
        } else if (*at == '\'') {
            for (at++; *at != '\''; at++) {
                bytes[size++] = (uint8_t)*at;
            }
            at++;
        } else {
            unsigned value = 0;
            assert_int_equal(sscanf(at, "%2x", &value), 1);
            bytes[size++] = (uint8_t)value;
            at += 2;
        }
    }
    const struct curfew_slice all = {bytes, size};
    curfew_sha256(&all, 1, digest);
}

static void a_beacon_is_signed_as_the_header_states(void **state)
{
    /* Goal: the bytes under the signature are those of core/seal.h, so that another language can check it. */
    uint8_t wanted[CURFEW_SHA256_SIZE];
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_beacon beacon = {.log_id = {0xab},
                                   .lane = 3,
                                   .lanes = 9,
                                   .as_of_us = 0x0102030405060708,
                                   .offset = 0x11,
                                   .last_cause = 0x10,
                                   .oldest_cause = -1,
                                   .chain = {0xcd},
                                   .genesis_us = 0x0a0b,
                                   .skew_ms = 250};
    (void)state;
    digest_of("'curfew-beacon-1' ab000000000000000000000000000000 00000003 00000009 0102030405060708 0000000000000011 "
              "0000000000000010 ffffffffffffffff cd00000000000000000000000000000000000000000000000000000000000000 "
              "0000000000000a0b 000000fa",
              wanted);
    curfew_seal_beacon(&keeper, &beacon, signature);
    assert_memory_equal(signed_digest, wanted, sizeof wanted);
    assert_true(beacon.key_id.size == 1 && beacon.signature.at == signature && beacon.signature.size == 64);
}

static void an_answer_is_signed_as_the_header_states(void **state)
{
    /* Goal: the same, with the records it speaks of and what it refused. */
    uint8_t wanted[CURFEW_SHA256_SIZE];
    uint8_t signature[CURFEW_SEAL_SIZE];
    const uint8_t digests[2][CURFEW_RECORD_DIGEST_SIZE] = {{1}, {2}};
    const struct curfew_refusal refused[] = {{6, 5, true}};
    struct curfew_accepted answer = {
        .log_id = {0xab}, .lane = 3, .from = 5, .to = 6, .digests = {digests, 2}, .refused = {refused, 1}};
    (void)state;
    digest_of("'curfew-answer-1' ab000000000000000000000000000000 00000003 0000000000000005 0000000000000006 00000001 "
              "0100000000000000 0200000000000000 0000000000000006 00000005 01",
              wanted);
    curfew_seal_answer(&keeper, &answer, signature);
    assert_memory_equal(signed_digest, wanted, sizeof wanted);
}

static enum curfew_seal judge_changed(int field)
{
    uint8_t signature[CURFEW_SEAL_SIZE];
    uint8_t digests[2][CURFEW_RECORD_DIGEST_SIZE] = {{1}, {2}};
    struct curfew_refusal refused[] = {{5, 5, true}, {6, 5, false}};
    struct curfew_accepted answer = {.lane = 3, .from = 5, .to = 6, .digests = {digests, 2}, .refused = {refused, 2}};
    curfew_seal_answer(&sealer_genuine, &answer, signature);
    answer.log_id[15] ^= field == 1 ? 1 : 0;
    answer.lane += field == 2 ? 1 : 0;
    answer.from -= field == 3 ? 1 : 0;
    answer.to += field == 4 ? 1 : 0;
    digests[1][7] ^= field == 5 ? 1 : 0;
    answer.digests.count -= field == 6 ? 1 : 0;
    answer.refused.count -= field == 7 ? 1 : 0;
    refused[0].offset -= field == 8 ? 1 : 0;
    refused[1].reason += field == 9 ? 1 : 0;
    refused[1].retriable = field == 10;
    signature[63] ^= field == 11 ? 1 : 0;
    answer.signature.size -= field == 12 ? 1 : 0;
    answer.key_id.size = field == 13 ? 0 : answer.key_id.size;
    return curfew_seal_judge_answer(&sealer_judge, &answer);
}

static void every_field_of_an_answer_is_signed(void **state)
{
    /* Goal: nothing of it can be changed, above all not what it refuses. */
    (void)state;
    assert_int_equal(judge_changed(0), CURFEW_SEAL_GOOD);
    for (int field = 1; field <= 13; field++) {
        assert_int_equal(judge_changed(field), CURFEW_SEAL_FORGED);
    }
}

static void a_signature_is_of_its_kind_alone(void **state)
{
    /* Goal: what was signed as a beacon is no answer, even if somebody finds one of the same bytes. */
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_beacon beacon = {.lane = 1};
    (void)state;
    curfew_seal_beacon(&sealer_genuine, &beacon, signature);
    struct curfew_accepted answer = {.lane = 1, .key_id = beacon.key_id, .signature = beacon.signature};
    assert_int_equal(curfew_seal_judge_answer(&sealer_judge, &answer), CURFEW_SEAL_FORGED);
}

/* How many of its altered forms could be read; none of them may be a coordinator's. */
static int turn_every_bit(const struct curfew_event *event)
{
    static uint8_t memory[CURFEW_CODEC_MEMORY];
    uint8_t bytes[1024];
    size_t size = 0;
    int read = 0;
    assert_int_equal(curfew_codec_encode(event, bytes, sizeof bytes, &size, NULL), CURFEW_OK);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        struct curfew_arena arena = {memory, sizeof memory, 0};
        struct curfew_event altered;
        enum curfew_reason reason;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (curfew_codec_decode((struct curfew_slice){bytes, size}, &arena, &altered, &reason, NULL) == CURFEW_OK) {
            assert_int_equal(altered.type, event->type);
            assert_false(sealer_is_genuine(&altered));
            read++;
        }
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    return read;
}

static void no_bit_of_a_signed_record_can_be_turned(void **state)
{
    /* Goal: of every beacon and answer with one bit turned, none is both read and believed. */
    uint8_t signature[CURFEW_SEAL_SIZE];
    const uint8_t digests[2][CURFEW_RECORD_DIGEST_SIZE] = {{1}, {2}};
    const struct curfew_refusal refused[] = {{6, 5, true}};
    struct curfew_event beacon = {.type = CURFEW_EVENT_BEACON,
                                  .as.beacon = {.log_id = {7},
                                                .lane = 3,
                                                .lanes = 9,
                                                .as_of_us = INT64_C(1800000000000000),
                                                .offset = 1234567,
                                                .last_cause = 1234000,
                                                .oldest_cause = 1000000,
                                                .chain = {9, 9},
                                                .genesis_us = INT64_C(1700000000000000),
                                                .skew_ms = 250}};
    struct curfew_event answer = {
        .type = CURFEW_EVENT_ACCEPTED,
        .as.accepted = {
            .log_id = {7}, .lane = 3, .from = 5, .to = 6, .digests = {digests, 2}, .refused = {refused, 1}}};
    (void)state;
    assert_int_equal(curfew_codec_init(NULL), CURFEW_OK);
    sealer_seal(&sealer_genuine, &beacon, signature);
    assert_true(sealer_is_genuine(&beacon));
    const int beacons = turn_every_bit(&beacon);
    sealer_seal(&sealer_genuine, &answer, signature);
    const int answers = turn_every_bit(&answer);
    assert_true(beacons > 1000 && answers > 800);
    print_message("altered and read: beacons %d, answers %d\n", beacons, answers);
}

/* ---- keys in files ---- */

struct world {
    char directory[40];
    char key[2][64]; /* private */
    char keys[64]; /* public, of those that are believed */
    char next[64];
    char *jwks[2];
    struct curfew_config *config;
};

static void set(struct world *world, const char *name, const char *value)
{
    struct curfew_error error;
    assert_int_equal(curfew_config_set(world->config, name, value, &error), CURFEW_OK);
}

static void believe(const struct world *world, const char *text)
{
    FILE *file = fopen(world->next, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(world->next, world->keys), 0);
}

static int open_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct curfew_error error;
    assert_non_null(world);
    char directory[] = "/tmp/curfew-seal-XXXXXX";
    assert_non_null(mkdtemp(directory));
    strcpy(world->directory, directory);
    snprintf(world->keys, sizeof world->keys, "%s/coordinators.json", directory);
    snprintf(world->next, sizeof world->next, "%s/next", directory);
    for (int i = 0; i < 2; i++) {
        snprintf(world->key[i], sizeof world->key[i], "%s/%d.pem", directory, i);
        assert_int_equal(curfew_signer_generate(CURFEW_JOSE_ES256, world->key[i], &world->jwks[i], &error), CURFEW_OK);
    }
    believe(world, world->jwks[0]);
    assert_int_equal(curfew_config_load(NULL, &world->config, &error), CURFEW_OK);
    set(world, "coordinator.key_file", world->key[0]);
    set(world, "coordinators.keys_file", world->keys);
    *state = world;
    return 0;
}

static int close_world(void **state)
{
    struct world *world = *state;
    curfew_config_destroy(world->config);
    for (int i = 0; i < 2; i++) {
        (void)unlink(world->key[i]);
        free(world->jwks[i]);
    }
    (void)unlink(world->keys);
    const int removed = rmdir(world->directory);
    free(world);
    return removed;
}

static enum curfew_seal judged(const struct curfew_sealer *sealer, struct curfew_seal_keys *keys)
{
    uint8_t signature[CURFEW_SEAL_SIZE];
    struct curfew_beacon beacon = {.lane = 1, .lanes = 2, .as_of_us = 7};
    const struct curfew_seal_judge judge = curfew_seal_keys_judge(keys);
    curfew_seal_beacon(sealer, &beacon, signature);
    return curfew_seal_judge_beacon(&judge, &beacon);
}

/* Whether it comes to be judged so, within a time. */
static bool comes_within(int64_t us, enum curfew_seal wanted, const struct curfew_sealer *sealer,
                         struct curfew_seal_keys *keys)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    const int64_t end_us = curfew_clock_now().boot_us + us;
    while (judged(sealer, keys) != wanted) {
        if (curfew_clock_now().boot_us > end_us) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

static void a_key_is_rotated_without_a_gap(void **state)
{
    /* Goal: added first, signed with then, the old one taken out last: at no time is a beacon not believed that should
     * be, and afterwards the old key is nobody's. A file that cannot be read takes nothing away. */
    struct world *world = *state;
    struct curfew_error error;
    struct curfew_jose_key *key[2];
    struct curfew_sealer sealer[2];
    struct curfew_seal_keys *keys = NULL;
    char both[4096];
    assert_int_equal(curfew_seal_key_open(world->config, &key[0], &sealer[0], &error), CURFEW_OK);
    set(world, "coordinator.key_file", world->key[1]);
    assert_int_equal(curfew_seal_key_open(world->config, &key[1], &sealer[1], &error), CURFEW_OK);
    assert_int_equal(curfew_seal_keys_open(world->config, &keys, &error), CURFEW_OK);
    assert_int_equal(judged(&sealer[0], keys), CURFEW_SEAL_GOOD);
    assert_int_equal(judged(&sealer[1], keys), CURFEW_SEAL_UNKNOWN_KEY);
    const char *first = strchr(world->jwks[0], '[');
    const char *second = strchr(world->jwks[1], '[');
    snprintf(both, sizeof both, "{\"keys\":[%.*s,%.*s]}", (int)(strrchr(first, ']') - first - 1), first + 1,
             (int)(strrchr(second, ']') - second - 1), second + 1);
    believe(world, both);
    assert_true(comes_within(WAIT_US, CURFEW_SEAL_GOOD, &sealer[1], keys));
    assert_int_equal(judged(&sealer[0], keys), CURFEW_SEAL_GOOD);
    believe(world, "{\"keys\":");
    assert_false(comes_within(LOOKED_US, CURFEW_SEAL_UNKNOWN_KEY, &sealer[0], keys));
    believe(world, world->jwks[1]);
    assert_true(comes_within(WAIT_US, CURFEW_SEAL_UNKNOWN_KEY, &sealer[0], keys));
    assert_int_equal(judged(&sealer[1], keys), CURFEW_SEAL_GOOD);
    struct curfew_sealer thief = sealer[0];
    thief.key_id = sealer[1].key_id;
    assert_int_equal(judged(&thief, keys), CURFEW_SEAL_FORGED);
    curfew_seal_keys_close(keys);
    curfew_seal_key_close(key[0]);
    curfew_seal_key_close(key[1]);
}

static void a_key_that_will_not_do_is_named(void **state)
{
    /* Goal: missing, open to others, of another algorithm: the error says which file and what to do. */
    struct world *world = *state;
    struct curfew_error error;
    struct curfew_jose_key *key = NULL;
    struct curfew_sealer sealer;
    struct curfew_seal_keys *keys = NULL;
    char *jwks = NULL;
    assert_int_equal(chmod(world->key[0], 0644), 0);
    assert_int_equal(curfew_seal_key_open(world->config, &key, &sealer, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "chmod 600"));
    assert_null(key);
    assert_int_equal(unlink(world->key[0]), 0);
    assert_int_equal(curfew_seal_key_open(world->config, &key, &sealer, &error), CURFEW_UNAVAILABLE);
    assert_int_equal(curfew_signer_generate(CURFEW_JOSE_EDDSA, world->key[0], &jwks, &error), CURFEW_OK);
    assert_int_equal(curfew_seal_key_open(world->config, &key, &sealer, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "--alg ES256"));
    believe(world, jwks); /* a key of another algorithm is nobody's here */
    assert_int_equal(curfew_seal_keys_open(world->config, &keys, &error), CURFEW_OK);
    set(world, "coordinator.key_file", world->key[1]);
    assert_int_equal(curfew_seal_key_open(world->config, &key, &sealer, &error), CURFEW_OK);
    assert_int_equal(judged(&sealer, keys), CURFEW_SEAL_UNKNOWN_KEY);
    curfew_seal_key_close(key);
    curfew_seal_keys_close(keys);
    free(jwks);
    believe(world, "{}");
    assert_int_equal(curfew_seal_keys_open(world->config, &keys, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "coordinators.json"));
    curfew_seal_keys_close(NULL);
    curfew_seal_key_close(NULL);
}

static void by_another_algorithm(void *self, const uint8_t digest[CURFEW_SEAL_DIGEST_SIZE],
                                 uint8_t signature[CURFEW_SEAL_SIZE])
{
    uint8_t made[CURFEW_JOSE_SIGNATURE_MAX];
    const struct curfew_slice input = {digest, CURFEW_SEAL_DIGEST_SIZE};
    assert_int_equal(curfew_jose_key_signature_size(self), CURFEW_SEAL_SIZE);
    assert_int_equal(curfew_jose_key_sign(self, input, made, NULL), CURFEW_OK);
    memcpy(signature, made, CURFEW_SEAL_SIZE);
}

static void a_good_signature_of_another_algorithm_is_nobodys(void **state)
{
    /* Goal: an Ed25519 key that strayed into the set makes nobody a coordinator, though its signatures are as long. */
    struct world *world = *state;
    struct curfew_error error;
    struct curfew_jose_key *key = NULL;
    struct curfew_seal_keys *keys = NULL;
    char text[1024];
    assert_int_equal(curfew_jose_key_generate(CURFEW_JOSE_EDDSA, &key, &error), CURFEW_OK);
    snprintf(text, sizeof text, "{\"keys\":[%s]}", curfew_jose_key_jwk(key));
    believe(world, text);
    assert_int_equal(curfew_seal_keys_open(world->config, &keys, &error), CURFEW_OK);
    const struct curfew_sealer sealer = {by_another_algorithm, curfew_slice_of(curfew_jose_key_thumbprint(key)), key};
    assert_int_equal(judged(&sealer, keys), CURFEW_SEAL_UNKNOWN_KEY);
    curfew_seal_keys_close(keys);
    curfew_jose_key_destroy(key);
}

static void whom_to_believe_has_no_default(void **state)
{
    /* Goal: left out, the error names the setting. */
    struct curfew_config *config = NULL;
    struct curfew_error error;
    struct curfew_jose_key *key = NULL;
    struct curfew_sealer sealer;
    struct curfew_seal_keys *keys = NULL;
    (void)state;
    assert_int_equal(curfew_config_load(NULL, &config, &error), CURFEW_OK);
    assert_int_equal(curfew_seal_keys_open(config, &keys, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "coordinators.keys_file"));
    assert_int_equal(curfew_seal_key_open(config, &key, &sealer, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "coordinator.key_file"));
    curfew_config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beacon_is_signed_as_the_header_states),
        cmocka_unit_test(an_answer_is_signed_as_the_header_states),
        cmocka_unit_test(every_field_of_an_answer_is_signed),
        cmocka_unit_test(a_signature_is_of_its_kind_alone),
        cmocka_unit_test(no_bit_of_a_signed_record_can_be_turned),
        cmocka_unit_test_setup_teardown(a_key_is_rotated_without_a_gap, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_key_that_will_not_do_is_named, open_world, close_world),
        cmocka_unit_test_setup_teardown(a_good_signature_of_another_algorithm_is_nobodys, open_world, close_world),
        cmocka_unit_test(whom_to_believe_has_no_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
