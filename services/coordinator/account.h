/* account: what a stepped record is to those who audit: an OCSF event, or nothing. A function of the log alone, so that
 * every coordinator and every replay tells the same, under the same uid. Pure. Any thread.
 *
 * Told: what was refused, with who proved to have written it and why; what operators say on control; ends, by whom or
 * by a lease or deadline that ran out. Not told: starts, mints and heartbeats that were accepted: the log itself holds
 * them, proven. Nothing of a record that could not be read but its length and digest. */
#ifndef CURFEW_COORDINATOR_ACCOUNT_H
#define CURFEW_COORDINATOR_ACCOUNT_H

#include "core/audit.h"
#include "services/coordinator/lane.h"

#define CURFEW_ACCOUNT_SUBJECTS_MAX 16 /* that a tick ended, by name; of more the number is told */

struct curfew_account {
    struct curfew_json *event; /* NULL: nothing to tell */
    uint8_t uid[CURFEW_AUDIT_UID_SIZE];
    struct curfew_slice tenant; /* may be empty; lives as long as the effects */
};

/* CURFEW_NOMEM: nothing was made. */
enum curfew_status curfew_account_make(int32_t lane, const uint8_t log_id[CURFEW_LOG_ID_SIZE],
                                       const struct curfew_record *record, const struct curfew_effects *effects,
                                       struct curfew_account *account) CURFEW_MUST_CHECK;

#endif
