/* keys: the directory in which `curfew topics create` leaves a cluster's first secrets: master.key for the coordinators
 * and the operator's key, and what coordinators sign with: coordinator.pem, and its public half coordinators.json. What
 * is there already is taken as it is, so that a run that died can be completed. One
 * thread.
 */
#ifndef CURFEW_CLI_KEYS_H
#define CURFEW_CLI_KEYS_H

#include "core/keyfile.h"

struct curfew_keys {
    uint8_t master[CURFEW_MASTER_SIZE];
    struct curfew_writer_key operator_key;
};

/* Makes the directory (mode 0700) and the files (mode 0600; coordinators.json 0644) that are missing. `name`
 * is the operator's; CURFEW_INVALID when it cannot be a file's name, when somebody else may write in the directory, or
 * a file there is not what it should be. */
enum curfew_status curfew_keys_open(const char *directory, const char *name, struct curfew_keys *keys,
                                    struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_keys_wipe(struct curfew_keys *keys);

#endif
