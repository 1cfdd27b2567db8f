/* mac: the proof that a writer wrote a record, for one place in one log. It travels in the record's header curfew-mac:
 *     version (1 byte, 1) || epoch of the key (4 bytes) || HMAC-SHA-256(key, "curfew-mac-1" || log id || lane || value)
 * and the writer's key of an epoch comes from the coordinators' master key by HKDF-SHA-256:
 *     secret = master, salt = "curfew-writer-key-1", info = size of the writer's name (4 bytes) || name || epoch
 * with integers big-endian of 4 bytes. Log id and lane are in it, so that a record proves nothing anywhere else; the
 * broker's part (offset, timestamp) is not, so that a repeat is a repeat. Pure. Any thread. */
#ifndef CURFEW_CORE_MAC_H
#define CURFEW_CORE_MAC_H

#include <curfew/event.h>
#include <curfew/status.h>

#define CURFEW_MASTER_SIZE 32
#define CURFEW_WRITER_KEY_SIZE 32
#define CURFEW_MAC_SIZE (1 + 4 + 32)

#define CURFEW_MAC_STATUS (-1) /* a hop's status is in no log: this lane, and a log id of zeros */

/* Which log a record is in. */
struct curfew_log_place {
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int32_t lane;
};

/* A writer's key of one epoch, ready to use. */
struct curfew_mac_key;

struct curfew_mac_key *curfew_mac_key_create(const uint8_t key[CURFEW_WRITER_KEY_SIZE], int32_t epoch);
struct curfew_mac_key *curfew_mac_key_derive(const uint8_t master[CURFEW_MASTER_SIZE], struct curfew_slice writer,
                                             int32_t epoch);
void curfew_mac_key_destroy(struct curfew_mac_key *key); /* wipes it; NULL is fine */
int32_t curfew_mac_key_epoch(const struct curfew_mac_key *key);

/* The bytes of the key that curfew_mac_key_derive is made of, for the file a writer is given; the caller's to wipe. */
void curfew_mac_key_bytes(const uint8_t master[CURFEW_MASTER_SIZE], struct curfew_slice writer, int32_t epoch,
                          uint8_t key[CURFEW_WRITER_KEY_SIZE]);

void curfew_mac_make(const struct curfew_mac_key *key, const struct curfew_log_place *place, struct curfew_slice value,
                     uint8_t mac[CURFEW_MAC_SIZE]);
/* Of which epoch a header says its key is; 0: it is no header of ours. */
int32_t curfew_mac_epoch(struct curfew_slice mac);
bool curfew_mac_verify(const struct curfew_mac_key *key, const struct curfew_log_place *place,
                       struct curfew_slice value, struct curfew_slice mac) CURFEW_MUST_CHECK;

/* What genesis says of the master key: the first bytes of HMAC-SHA-256(master, "curfew-master-check-1"). */
void curfew_master_check(const uint8_t master[CURFEW_MASTER_SIZE], uint8_t check[CURFEW_MASTER_CHECK_SIZE]);

#endif
