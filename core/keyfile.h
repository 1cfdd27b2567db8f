/* keyfile: the two secret files of the bus: a writer's key, as `curfew writer add` makes it, and the coordinators'
 * master key, as `curfew topics create` does. Both are JSON, so that a person sees what they hold, and are refused when
 * the group or others may read them. Any thread. */
#ifndef CURFEW_CORE_KEYFILE_H
#define CURFEW_CORE_KEYFILE_H

#include "core/mac.h"

/* {"writer": NAME, "epoch": N, "key": 32 bytes in base64url}. */
struct curfew_writer_key {
    char writer[CURFEW_ID_MAX + 1];
    struct curfew_mac_key *key;
};

/* CURFEW_UNAVAILABLE: it cannot be read; CURFEW_INVALID: it is not private, or not such a file. */
enum curfew_status curfew_writer_key_load(const char *path, struct curfew_writer_key *key,
                                          struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_writer_key_wipe(struct curfew_writer_key *key);

/* {"master": 32 bytes in base64url}. */
enum curfew_status curfew_master_load(const char *path, uint8_t master[CURFEW_MASTER_SIZE],
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

/* Each makes a new file of mode 0600. CURFEW_INVALID: there is one already, which is never overwritten. */
enum curfew_status curfew_writer_key_store(const char *path, struct curfew_slice writer, int32_t epoch,
                                           const uint8_t key[CURFEW_WRITER_KEY_SIZE],
                                           struct curfew_error *error) CURFEW_MUST_CHECK;
enum curfew_status curfew_master_store(const char *path, const uint8_t master[CURFEW_MASTER_SIZE],
                                       struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
