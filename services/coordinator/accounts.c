/* accounts: a queue of what is to be audited, by offset. */
#include "services/coordinator/accounts.h"

#include "core/log.h"
#include "services/coordinator/memory.h"
#include <stdlib.h>
#include <utlist.h>

struct owed {
    int64_t offset;
    int64_t timestamp_us;
    struct curfew_json *event; /* NULL: the audit has it */
    uint8_t uid[CURFEW_AUDIT_UID_SIZE];
    uint64_t sequence; /* once the audit has it */
    struct owed *prev, *next;
    size_t tenant_size;
    uint8_t tenant[];
};

struct curfew_accounts {
    int32_t lane;
    struct owed *first;
    struct owed *waits; /* the first that the audit does not have; NULL: none */
    size_t count;
    int64_t lost; /* found no room, and the audit does not know it */
};

struct curfew_accounts *curfew_accounts_create(int32_t lane)
{
    struct curfew_accounts *accounts = curfew_memory_take(sizeof *accounts);
    accounts->lane = lane;
    return accounts;
}

static void drop(struct curfew_accounts *accounts, struct owed *owed)
{
    accounts->waits = accounts->waits == owed ? owed->next : accounts->waits;
    DL_DELETE(accounts->first, owed);
    accounts->count--;
    curfew_json_destroy(owed->event);
    free(owed);
}

void curfew_accounts_destroy(struct curfew_accounts *accounts)
{
    while (accounts != NULL && accounts->first != NULL) {
        drop(accounts, accounts->first);
    }
    free(accounts);
}

void curfew_accounts_note(struct curfew_accounts *accounts, const uint8_t log_id[CURFEW_LOG_ID_SIZE],
                          const struct curfew_record *record, const struct curfew_effects *effects)
{
    struct curfew_account account;
    if (curfew_account_make(accounts->lane, log_id, record, effects, &account) != CURFEW_OK) {
        curfew_log(CURFEW_LOG_ERROR, "audit", "lane %d, offset %lld: out of memory; ending, to begin again with it",
                   accounts->lane, (long long)record->offset);
        abort(); /* as curfew_memory_take does: nothing may go untold */
    }
    if (account.event == NULL) {
        return;
    }
    if (accounts->count == CURFEW_ACCOUNTS_MAX) {
        curfew_json_destroy(account.event);
        accounts->lost++;
        return;
    }
    struct owed *owed = curfew_memory_take(sizeof *owed + account.tenant.size);
    owed->offset = record->offset;
    owed->timestamp_us = record->timestamp_us;
    owed->event = account.event;
    memcpy(owed->uid, account.uid, sizeof owed->uid);
    owed->tenant_size = account.tenant.size;
    if (account.tenant.size > 0) {
        memcpy(owed->tenant, account.tenant.at, account.tenant.size);
    }
    DL_APPEND(accounts->first, owed);
    accounts->waits = accounts->waits == NULL ? owed : accounts->waits;
    accounts->count++;
}

void curfew_accounts_trim(struct curfew_accounts *accounts, int64_t horizon_us)
{
    while (accounts->first != NULL && accounts->first->timestamp_us < horizon_us) {
        drop(accounts, accounts->first);
    }
}

void curfew_accounts_drop(struct curfew_accounts *accounts, int64_t offset)
{
    while (accounts->first != NULL && accounts->first->offset <= offset) {
        drop(accounts, accounts->first);
    }
}

int64_t curfew_accounts_settle(struct curfew_accounts *accounts, struct curfew_audit *audit, int64_t offset)
{
    while (accounts->first != NULL && accounts->first->event == NULL &&
           curfew_audit_is_durable(audit, accounts->first->sequence)) {
        drop(accounts, accounts->first);
    }
    curfew_audit_lose(audit, accounts->lost);
    accounts->lost = 0;
    for (; accounts->waits != NULL && accounts->waits->offset <= offset; accounts->waits = accounts->waits->next) {
        struct owed *owed = accounts->waits;
        struct curfew_error error;
        const enum curfew_status status =
            curfew_audit_add(audit, owed->event, owed->uid, (struct curfew_slice){owed->tenant, owed->tenant_size},
                             &owed->sequence, &error);
        if (status == CURFEW_FULL) {
            break;
        }
        if (status != CURFEW_OK) {
            curfew_log(CURFEW_LOG_ERROR, "audit", "%s", error.text);
            abort();
        }
        owed->event = NULL;
    }
    return accounts->first == NULL ? INT64_MAX : accounts->first->offset;
}
