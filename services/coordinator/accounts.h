/* accounts: what one lane's steps owe the audit topic. It keeps each account until the component's audit has it
 * durable: before that no answer speaks of its record, so that a coordinator that dies there, or its successor, tells
 * it again. Sans I/O. One thread.
 *
 * Bound: CURFEW_ACCOUNTS_MAX that wait. Of more the newest take their numbers without being told (curfew_audit_lose):
 * they show as a gap, and answers go on without them. */
#ifndef CURFEW_COORDINATOR_ACCOUNTS_H
#define CURFEW_COORDINATOR_ACCOUNTS_H

#include "services/coordinator/account.h"

#define CURFEW_ACCOUNTS_MAX 65536 /* of a lane; some 5 kB each */

struct curfew_accounts;

struct curfew_accounts *curfew_accounts_create(int32_t lane);
void curfew_accounts_destroy(struct curfew_accounts *accounts);

/* Keeps what is to be told of a stepped record, if anything is. */
void curfew_accounts_note(struct curfew_accounts *accounts, const uint8_t log_id[CURFEW_LOG_ID_SIZE],
                          const struct curfew_record *record, const struct curfew_effects *effects);
/* During replay: what is older was answered, or nobody waits for it any more. */
void curfew_accounts_trim(struct curfew_accounts *accounts, int64_t horizon_us);
/* Others told of the records up to `offset`. */
void curfew_accounts_drop(struct curfew_accounts *accounts, int64_t offset);
/* Hands over what the audit has room for, of the records up to `offset`. The first offset that is still owed;
 * INT64_MAX: none. */
int64_t curfew_accounts_settle(struct curfew_accounts *accounts, struct curfew_audit *audit, int64_t offset);

#endif
