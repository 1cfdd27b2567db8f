/* audit: numbers, keeps and publishes OCSF events. */
#include "core/audit.h"

#include "core/digest.h"
#include "core/log.h"
#include <curfew/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define START_TEXT (2 * CURFEW_AUDIT_UID_SIZE + 1)
#define KEY_MAX (CURFEW_ID_MAX + START_TEXT + 32)
#define UID_PREFIX "curfew-audit-1"

struct entry {
    uint64_t sequence;
    char *text;
    bool in_flight;
    struct entry *prev, *next;
};

struct curfew_audit {
    struct curfew_bus *bus;
    const char *component;
    uint8_t start[CURFEW_AUDIT_UID_SIZE];
    char start_text[START_TEXT];
    char provider[CURFEW_ID_MAX + 32]; /* "coordinator c1" */
    char key[KEY_MAX]; /* one start is one partition */
    const char *counted[CURFEW_AUDIT_COUNTS];
    int64_t counts[CURFEW_AUDIT_COUNTS];
    size_t count_names;
    uint64_t next; /* the number of the next record */
    int64_t lost;
    bool lost_told; /* since there was room */
    int64_t untaken;
    bool untaken_told; /* since the last that was taken */
    struct entry *entries; /* in order: what is reported stands near the head */
    size_t pending, waiting; /* of those: not on their way */
    int64_t checkpoint_us; /* boot time of the last */
};

static const char *class_name(enum curfew_audit_class class_uid)
{
    switch (class_uid) {
    case CURFEW_AUDIT_API_ACTIVITY:
        return "API Activity";
    case CURFEW_AUDIT_ENTITY_MANAGEMENT:
        return "Entity Management";
    case CURFEW_AUDIT_LIFECYCLE:
        return "Application Lifecycle";
    }
    return "Base Event";
}

static bool set_int(struct curfew_json *object, const char *name, int64_t value)
{
    return curfew_json_set(object, name, curfew_json_of_int(value));
}

static bool set_word(struct curfew_json *object, const char *name, const char *word)
{
    return curfew_json_set(object, name, curfew_json_of_string(curfew_slice_of(word)));
}

bool curfew_audit_text(struct curfew_json *object, const char *name, struct curfew_slice text)
{
    if (text.size == 0) {
        return true;
    }
    struct curfew_json *value = curfew_json_of_string(text);
    return value != NULL ? curfew_json_set(object, name, value) : set_word(object, name, "(not UTF-8)");
}

struct curfew_json *curfew_audit_event(const struct curfew_audit_kind *kind, int64_t time_us)
{
    struct curfew_json *event = curfew_json_object();
    const int64_t class_uid = kind->class_uid;
    const bool made =
        set_int(event, "class_uid", class_uid) && set_word(event, "class_name", class_name(kind->class_uid)) &&
        set_int(event, "category_uid", class_uid / 1000) && set_int(event, "activity_id", kind->activity) &&
        set_word(event, "activity_name", kind->activity_name) &&
        set_int(event, "type_uid", class_uid * 100 + kind->activity) && set_int(event, "severity_id", kind->severity) &&
        set_int(event, "status_id", kind->failed ? 2 : 1) &&
        set_word(event, "status", kind->failed ? "Failure" : "Success") &&
        set_int(event, "time", time_us / CURFEW_US_PER_MS);
    if (!made) {
        curfew_json_destroy(event);
        return NULL;
    }
    return event;
}

bool curfew_audit_denied(struct curfew_json *event, enum curfew_audit_disposition disposition)
{
    const char *name = disposition == CURFEW_AUDIT_ACCESS_REVOKED ? "Access Revoked"
                       : disposition == CURFEW_AUDIT_REJECTED     ? "Rejected"
                       : disposition == CURFEW_AUDIT_UNAUTHORIZED ? "Unauthorized"
                                                                  : "Blocked";
    return set_int(event, "action_id", 2) && set_word(event, "action", "Denied") &&
           set_int(event, "disposition_id", disposition) && set_word(event, "disposition", name);
}

static struct curfew_json *product_of(const struct curfew_audit *audit)
{
    struct curfew_json *product = curfew_json_object();
    if (!set_word(product, "name", "Curfew") || !set_word(product, "vendor_name", "Curfew") ||
        !set_word(product, "version", CURFEW_VERSION) || !set_word(product, "uid", audit->component)) {
        curfew_json_destroy(product);
        return NULL;
    }
    return product;
}

/* Deterministic: of what the caller says the fact is, or of who tells it and its number. */
static void make_uid(const struct curfew_audit *audit, const uint8_t *uid, char text[START_TEXT])
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    uint8_t number[8];
    curfew_put_be64(number, audit->next);
    const struct curfew_slice own[] = {curfew_slice_of(UID_PREFIX),
                                       curfew_slice_of(audit->provider),
                                       {audit->start, sizeof audit->start},
                                       {number, sizeof number}};
    if (uid == NULL) {
        curfew_sha256(own, sizeof own / sizeof own[0], digest);
    }
    curfew_hex(uid == NULL ? digest : uid, CURFEW_AUDIT_UID_SIZE, text);
}

/* An event with attributes of a profile has to name it. */
static bool add_profiles(struct curfew_json *metadata, const struct curfew_json *event)
{
    if (curfew_json_member(event, "action_id") == NULL) {
        return true;
    }
    struct curfew_json *profiles = curfew_json_array();
    if (!curfew_json_append(profiles, curfew_json_of_string(curfew_slice_of("security_control")))) {
        curfew_json_destroy(profiles);
        return false;
    }
    return curfew_json_set(metadata, "profiles", profiles);
}

/* As whoever verifies reads it back: who, which start, which number. */
static bool add_metadata(const struct curfew_audit *audit, struct curfew_json *event, const uint8_t *uid,
                         struct curfew_slice tenant)
{
    char text[START_TEXT];
    struct curfew_json *metadata = curfew_json_object();
    make_uid(audit, uid, text);
    const bool made =
        set_word(metadata, "version", CURFEW_AUDIT_OCSF) && curfew_json_set(metadata, "product", product_of(audit)) &&
        set_word(metadata, "uid", text) && set_int(metadata, "sequence", (int64_t)audit->next) &&
        set_word(metadata, "log_provider", audit->provider) && set_word(metadata, "log_name", audit->start_text) &&
        curfew_audit_text(metadata, "tenant_uid", tenant) && add_profiles(metadata, event);
    if (!made) {
        curfew_json_destroy(metadata);
        return false;
    }
    return curfew_json_set(event, "metadata", metadata);
}

enum curfew_status curfew_audit_add(struct curfew_audit *audit, struct curfew_json *event, const uint8_t *uid,
                                    struct curfew_slice tenant, uint64_t *sequence, struct curfew_error *error)
{
    if (audit->pending == CURFEW_AUDIT_PENDING_MAX) {
        return curfew_error_set(error, CURFEW_FULL, "auditing: %d records wait for Kafka", CURFEW_AUDIT_PENDING_MAX);
    }
    struct entry *entry = event == NULL ? NULL : calloc(1, sizeof *entry);
    if (entry == NULL || !add_metadata(audit, event, uid, tenant) || (entry->text = curfew_json_print(event)) == NULL) {
        curfew_json_destroy(event);
        free(entry);
        return curfew_error_set(error, CURFEW_NOMEM, "auditing: out of memory");
    }
    curfew_json_destroy(event);
    entry->sequence = audit->next++;
    DL_APPEND(audit->entries, entry);
    audit->pending++;
    audit->waiting++;
    if (sequence != NULL) {
        *sequence = entry->sequence;
    }
    return CURFEW_OK;
}

void curfew_audit_lose(struct curfew_audit *audit, int64_t count)
{
    audit->next += (uint64_t)count;
    audit->lost += count;
    if (!audit->lost_told && count > 0) {
        audit->lost_told = true;
        curfew_log(CURFEW_LOG_ERROR, "audit",
                   "%s: records are lost: more than can be kept until Kafka takes them; curfew audit verify names them",
                   audit->provider);
    }
}

void curfew_audit_count(struct curfew_audit *audit, size_t which, int64_t more)
{
    audit->counts[which] += more;
}

static struct entry *find(const struct curfew_audit *audit, uint64_t sequence)
{
    struct entry *entry = audit->entries;
    while (entry != NULL && entry->sequence < sequence) {
        entry = entry->next;
    }
    return entry != NULL && entry->sequence == sequence ? entry : NULL;
}

bool curfew_audit_is_durable(const struct curfew_audit *audit, uint64_t sequence)
{
    return find(audit, sequence) == NULL && sequence < audit->next;
}

/* ---- what a component says of itself ---- */

static struct curfew_json *app_of(const struct curfew_audit *audit)
{
    struct curfew_json *app = product_of(audit);
    struct curfew_json *feature = curfew_json_object();
    const bool made = set_word(feature, "name", audit->provider) && set_word(feature, "uid", audit->start_text);
    if (!curfew_json_set(app, "feature", feature) || !made) {
        curfew_json_destroy(app);
        return NULL;
    }
    return app;
}

/* What was counted since the last such record, and begins anew; and what was lost since the start. */
static struct curfew_json *counts_of(struct curfew_audit *audit)
{
    struct curfew_json *counts = curfew_json_object();
    struct curfew_json *unmapped = curfew_json_object();
    bool made = set_int(counts, "lost", audit->lost);
    for (size_t i = 0; i < audit->count_names; i++) {
        made = made && set_int(counts, audit->counted[i], audit->counts[i]);
    }
    made = curfew_json_set(unmapped, "curfew", counts) && made;
    if (!made) {
        curfew_json_destroy(unmapped);
        return NULL;
    }
    return unmapped;
}

/* False: it was not taken, and is to be said again. */
static bool say(struct curfew_audit *audit, enum curfew_audit_activity activity, const char *name,
                struct curfew_now now)
{
    const struct curfew_audit_kind kind = {CURFEW_AUDIT_LIFECYCLE, activity, name, CURFEW_AUDIT_INFORMATIONAL, false};
    struct curfew_error error;
    if (audit->pending == CURFEW_AUDIT_PENDING_MAX) {
        return false;
    }
    struct curfew_json *event = curfew_audit_event(&kind, now.wall_us);
    if (!curfew_json_set(event, "app", app_of(audit)) || !curfew_json_set(event, "unmapped", counts_of(audit))) {
        curfew_json_destroy(event);
        event = NULL;
    }
    const enum curfew_status status =
        curfew_audit_add(audit, event, NULL, (struct curfew_slice){NULL, 0}, NULL, &error);
    if (status != CURFEW_OK) {
        curfew_log(CURFEW_LOG_ERROR, "audit", "%s: %s", audit->provider, error.text);
        return false;
    }
    memset(audit->counts, 0, sizeof audit->counts);
    return true;
}

enum curfew_status curfew_audit_create(const struct curfew_audit_options *options, struct curfew_now now,
                                       struct curfew_audit **audit, struct curfew_error *error)
{
    struct curfew_audit *made = calloc(1, sizeof *made);
    *audit = NULL;
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "beginning to audit: out of memory");
    }
    made->bus = options->bus;
    made->component = options->component;
    memcpy(made->start, options->start, sizeof made->start);
    curfew_hex(made->start, sizeof made->start, made->start_text);
    (void)snprintf(made->provider, sizeof made->provider, "%s %s", options->component, options->name);
    (void)snprintf(made->key, sizeof made->key, "%s %s", made->provider, made->start_text);
    while (options->counts != NULL && options->counts[made->count_names] != NULL &&
           made->count_names < CURFEW_AUDIT_COUNTS) {
        made->counted[made->count_names] = options->counts[made->count_names];
        made->count_names++;
    }
    made->next = 1;
    made->checkpoint_us = now.boot_us;
    if (!say(made, CURFEW_AUDIT_START, "Start", now)) {
        curfew_audit_destroy(made);
        return curfew_error_set(error, CURFEW_NOMEM, "beginning to audit: out of memory");
    }
    *audit = made;
    return CURFEW_OK;
}

static void forget(struct curfew_audit *audit, struct entry *entry)
{
    DL_DELETE(audit->entries, entry);
    audit->pending--;
    audit->waiting -= entry->in_flight ? 0 : 1;
    free(entry->text);
    free(entry);
}

void curfew_audit_destroy(struct curfew_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    while (audit->entries != NULL) {
        forget(audit, audit->entries);
    }
    free(audit);
}

void curfew_audit_stop(struct curfew_audit *audit, struct curfew_now now)
{
    if (!say(audit, CURFEW_AUDIT_STOP, "Stop", now)) {
        curfew_audit_lose(audit, 1);
    }
}

/* ---- publishing ---- */

void curfew_audit_flush(struct curfew_audit *audit, struct curfew_now now)
{
    if (now.boot_us - audit->checkpoint_us >= CURFEW_AUDIT_CHECKPOINT_US &&
        say(audit, CURFEW_AUDIT_OTHER, "Checkpoint", now)) {
        audit->checkpoint_us = now.boot_us;
    }
    struct entry *entry = NULL;
    DL_FOREACH(audit->entries, entry)
    {
        if (audit->waiting == 0) {
            return;
        }
        const struct curfew_bus_record record = {.topic = CURFEW_TOPIC_AUDIT,
                                                 .partition = CURFEW_PARTITION_ANY,
                                                 .key = curfew_slice_of(audit->key),
                                                 .value = curfew_slice_of(entry->text),
                                                 .ticket = CURFEW_AUDIT_TICKET | entry->sequence};
        if (!entry->in_flight) {
            if (audit->bus->ops->produce(audit->bus->self, &record, NULL) != CURFEW_OK) {
                return; /* its queue is full: with the next flush */
            }
            entry->in_flight = true;
            audit->waiting--;
        }
    }
}

static void not_taken(struct curfew_audit *audit, const char *why)
{
    audit->untaken++;
    if (!audit->untaken_told) {
        audit->untaken_told = true;
        curfew_log(CURFEW_LOG_ERROR, "audit",
                   "%s: Kafka does not take records of the audit topic: %s; they are kept and sent again, and a "
                   "coordinator answers nothing before they are taken (does the topic exist, and may this component "
                   "write there? curfew topics check, curfew topics grant)",
                   audit->provider, why == NULL ? "it did not say why" : why);
    }
}

static void taken(struct curfew_audit *audit)
{
    audit->lost_told = false;
    if (audit->untaken_told) {
        audit->untaken_told = false;
        curfew_log(CURFEW_LOG_INFO, "audit", "%s: Kafka takes records of the audit topic again", audit->provider);
    }
}

bool curfew_audit_reported(struct curfew_audit *audit, const struct curfew_bus_event *event)
{
    const uint64_t ticket = event->ticket;
    const bool delivered = event->kind == CURFEW_BUS_DELIVERED;
    if (!delivered && event->kind != CURFEW_BUS_UNDELIVERED) {
        return false;
    }
    if ((ticket & CURFEW_AUDIT_TICKET) == 0 || ticket >> 63 != 0) {
        return false;
    }
    struct entry *entry = find(audit, ticket & ~CURFEW_AUDIT_TICKET);
    if (entry != NULL && entry->in_flight && delivered) {
        taken(audit);
        forget(audit, entry);
    } else if (entry != NULL && entry->in_flight) {
        not_taken(audit, event->text);
        entry->in_flight = false;
        audit->waiting++;
    }
    return true;
}

struct curfew_audit_stats curfew_audit_stats(const struct curfew_audit *audit)
{
    return (struct curfew_audit_stats){(int64_t)audit->next - 1, (int64_t)audit->pending, audit->lost, audit->untaken};
}
