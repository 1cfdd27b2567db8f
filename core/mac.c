/* mac: writers' keys and what is made with them. */
#include "core/mac.h"
#include "core/digest.h"
#include <stdlib.h>

#define VERSION 1
#define EPOCH_AT 1
#define SUM_AT 5

static const char mac_label[] = "curfew-mac-1";
static const char key_label[] = "curfew-writer-key-1";
static const char check_label[] = "curfew-master-check-1";

struct curfew_mac_key {
    struct curfew_hmac *hmac;
    int32_t epoch;
};

struct curfew_mac_key *curfew_mac_key_create(const uint8_t key[CURFEW_WRITER_KEY_SIZE], int32_t epoch)
{
    struct curfew_mac_key *made = malloc(sizeof *made);
    if (made == NULL) {
        abort(); /* a few bytes: there is no way on without them, and no answer to give */
    }
    made->hmac = curfew_hmac_create(key, CURFEW_WRITER_KEY_SIZE);
    made->epoch = epoch;
    return made;
}

void curfew_mac_key_bytes(const uint8_t master[CURFEW_MASTER_SIZE], struct curfew_slice writer, int32_t epoch,
                          uint8_t key[CURFEW_WRITER_KEY_SIZE])
{
    uint8_t info[4 + CURFEW_ID_MAX + 4] = {0};
    const size_t size = writer.size > CURFEW_ID_MAX ? CURFEW_ID_MAX : writer.size; /* longer ones are no writers */
    curfew_put_be32(info, (uint32_t)writer.size);
    memcpy(info + 4, writer.at, size);
    curfew_put_be32(info + 4 + size, (uint32_t)epoch);
    curfew_hkdf((struct curfew_slice){master, CURFEW_MASTER_SIZE}, curfew_slice_of(key_label),
                (struct curfew_slice){info, 4 + size + 4}, key);
}

struct curfew_mac_key *curfew_mac_key_derive(const uint8_t master[CURFEW_MASTER_SIZE], struct curfew_slice writer,
                                             int32_t epoch)
{
    uint8_t key[CURFEW_WRITER_KEY_SIZE];
    curfew_mac_key_bytes(master, writer, epoch, key);
    struct curfew_mac_key *made = curfew_mac_key_create(key, epoch);
    explicit_bzero(key, sizeof key);
    return made;
}

void curfew_mac_key_destroy(struct curfew_mac_key *key)
{
    if (key != NULL) {
        curfew_hmac_destroy(key->hmac);
        free(key);
    }
}

int32_t curfew_mac_key_epoch(const struct curfew_mac_key *key)
{
    return key->epoch;
}

static void sum_of(const struct curfew_mac_key *key, const struct curfew_log_place *place, struct curfew_slice value,
                   uint8_t sum[CURFEW_SHA256_SIZE])
{
    uint8_t lane[4];
    curfew_put_be32(lane, (uint32_t)place->lane);
    const struct curfew_slice parts[] = {
        curfew_slice_of(mac_label), {place->log_id, sizeof place->log_id}, {lane, sizeof lane}, value};
    curfew_hmac_sum(key->hmac, parts, sizeof parts / sizeof parts[0], sum);
}

void curfew_mac_make(const struct curfew_mac_key *key, const struct curfew_log_place *place, struct curfew_slice value,
                     uint8_t mac[CURFEW_MAC_SIZE])
{
    mac[0] = VERSION;
    curfew_put_be32(mac + EPOCH_AT, (uint32_t)key->epoch);
    sum_of(key, place, value, mac + SUM_AT);
}

int32_t curfew_mac_epoch(struct curfew_slice mac)
{
    if (mac.size != CURFEW_MAC_SIZE || mac.at[0] != VERSION || mac.at[EPOCH_AT] > 127) {
        return 0;
    }
    const uint8_t *at = mac.at + EPOCH_AT;
    return (int32_t)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]);
}

bool curfew_mac_verify(const struct curfew_mac_key *key, const struct curfew_log_place *place,
                       struct curfew_slice value, struct curfew_slice mac)
{
    uint8_t sum[CURFEW_SHA256_SIZE];
    if (curfew_mac_epoch(mac) != key->epoch) {
        return false;
    }
    sum_of(key, place, value, sum);
    return curfew_same_secret(sum, mac.at + SUM_AT, sizeof sum);
}

void curfew_master_check(const uint8_t master[CURFEW_MASTER_SIZE], uint8_t check[CURFEW_MASTER_CHECK_SIZE])
{
    uint8_t sum[CURFEW_SHA256_SIZE];
    const struct curfew_slice label = curfew_slice_of(check_label);
    struct curfew_hmac *hmac = curfew_hmac_create(master, CURFEW_MASTER_SIZE);
    curfew_hmac_sum(hmac, &label, 1, sum);
    curfew_hmac_destroy(hmac);
    memcpy(check, sum, CURFEW_MASTER_CHECK_SIZE);
}
