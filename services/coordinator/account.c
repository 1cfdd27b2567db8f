/* account: an OCSF event for a stepped record. */
#include "services/coordinator/account.h"

#include "core/digest.h"
#include <stdio.h>

#define UID_PREFIX "curfew-audit-1"

/* What an event is about, whichever it is. */
struct about {
    const char *type; /* of the entity: "session" */
    struct curfew_slice id, session, tenant, user, reason;
    int64_t attempt; /* 0: none */
    enum curfew_audit_activity activity;
    const char *activity_name;
};

static void tell(struct about *about, const char *type, struct curfew_slice id, enum curfew_audit_activity activity)
{
    about->type = type;
    about->id = id;
    about->activity = activity;
    about->activity_name = activity == CURFEW_AUDIT_CREATE   ? "Create"
                           : activity == CURFEW_AUDIT_DELETE ? "Delete"
                                                             : "Update";
}

static void about_control(const struct curfew_event *event, struct about *about)
{
    const struct curfew_subject_revoked *revoked = &event->as.subject_revoked;
    switch (event->type) {
    case CURFEW_EVENT_SUBJECT_REVOKED:
        tell(about, curfew_kind_name((enum curfew_kind)revoked->kind), revoked->id, CURFEW_AUDIT_UPDATE);
        about->tenant = revoked->tenant;
        about->user = revoked->kind == CURFEW_KIND_USER ? revoked->id : about->user;
        about->reason = revoked->reason;
        break;
    case CURFEW_EVENT_WRITER_SET:
        tell(about, "writer", event->as.writer_set.name,
             event->as.writer_set.roles.count == 0 ? CURFEW_AUDIT_DELETE : CURFEW_AUDIT_UPDATE);
        break;
    case CURFEW_EVENT_POLICY_ADOPTED:
        tell(about, "policy", event->as.policy_adopted.name, CURFEW_AUDIT_CREATE);
        about->tenant = event->as.policy_adopted.tenant;
        break;
    case CURFEW_EVENT_POLICY_RAISED:
        tell(about, "policy", event->as.policy_raised.name, CURFEW_AUDIT_UPDATE);
        about->tenant = event->as.policy_raised.tenant;
        about->reason = event->as.policy_raised.reason;
        break;
    case CURFEW_EVENT_RECORDS_SKIPPED:
        about->reason = event->as.records_skipped.reason;
        break;
    case CURFEW_EVENT_RESYNC:
        about->reason = event->as.resync.reason;
        break;
    default:
        break;
    }
}

static void about_lifecycle(const struct curfew_event *event, struct about *about)
{
    const struct curfew_claims *claims = &event->as.token_created.claims;
    switch (event->type) {
    case CURFEW_EVENT_SESSION_STARTED:
        tell(about, "session", event->as.session_started.session, CURFEW_AUDIT_CREATE);
        about->tenant = event->as.session_started.tenant;
        about->user = event->as.session_started.user;
        break;
    case CURFEW_EVENT_SESSION_ENDED:
        tell(about, "session", event->as.session_ended.session, CURFEW_AUDIT_DELETE);
        about->reason = event->as.session_ended.reason;
        break;
    case CURFEW_EVENT_TASK_STARTED:
        tell(about, "task", event->as.task_started.task, CURFEW_AUDIT_CREATE);
        about->attempt = event->as.task_started.attempt;
        break;
    case CURFEW_EVENT_ATTEMPT_ENDED:
        tell(about, "attempt", event->as.attempt_ended.task, CURFEW_AUDIT_DELETE);
        about->attempt = event->as.attempt_ended.attempt;
        about->reason = event->as.attempt_ended.reason;
        break;
    case CURFEW_EVENT_TASK_ENDED:
        tell(about, "task", event->as.task_ended.task, CURFEW_AUDIT_DELETE);
        about->attempt = event->as.task_ended.attempt;
        about->reason = event->as.task_ended.reason;
        break;
    case CURFEW_EVENT_HOLDER_HEARTBEAT:
        tell(about, "holder", event->as.holder_heartbeat.holder, CURFEW_AUDIT_UPDATE);
        break;
    case CURFEW_EVENT_TOKEN_CREATED:
        tell(about, "token", claims->jti, CURFEW_AUDIT_CREATE);
        about->tenant = claims->tenant;
        about->user = claims->user;
        break;
    case CURFEW_EVENT_TOKEN_REVOKED:
        tell(about, "token", event->as.token_revoked.jti, CURFEW_AUDIT_DELETE);
        about->reason = event->as.token_revoked.reason;
        break;
    default:
        about_control(event, about);
        break;
    }
}

static struct about about_of(const struct curfew_event *event)
{
    struct about about = {.activity = CURFEW_AUDIT_OTHER, .activity_name = "Unreadable"};
    if (event == NULL) {
        return about;
    }
    tell(&about, curfew_event_name(event->type), (struct curfew_slice){NULL, 0}, CURFEW_AUDIT_UPDATE);
    about.session = curfew_event_session(event);
    about_lifecycle(event, &about);
    return about;
}

/* Writer and said_us lead every event of the two logs; of other topics' events there is no writer. */
static struct curfew_slice writer_of(const struct curfew_event *event)
{
    const bool logged = event != NULL && event->type <= CURFEW_EVENT_TICK;
    return logged ? event->as.session_ended.writer : (struct curfew_slice){NULL, 0};
}

static bool set(struct curfew_json *object, const char *name, struct curfew_json *value)
{
    return curfew_json_set(object, name, value);
}

static bool set_int(struct curfew_json *object, const char *name, int64_t value)
{
    return curfew_json_set(object, name, curfew_json_of_int(value));
}

static bool set_word(struct curfew_json *object, const char *name, const char *word)
{
    return curfew_audit_text(object, name, curfew_slice_of(word));
}

/* An object of one text member; NULL: no memory. */
static struct curfew_json *object_of(const char *name, struct curfew_slice text)
{
    struct curfew_json *object = curfew_json_object();
    if (object != NULL && !curfew_audit_text(object, name, text)) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

/* Who proved to have written it, in whose session and for which user. Names that nobody proved are nobody's: a forged
 * record must not accuse whom it names. */
static struct curfew_json *actor_of(const struct curfew_effects *effects, const struct about *about)
{
    const struct curfew_slice writer = writer_of(effects->event);
    struct curfew_json *actor =
        object_of("app_name", effects->proven && writer.size > 0 ? writer : curfew_slice_of("unknown"));
    if (!effects->proven) {
        return actor;
    }
    if (!((about->user.size == 0 || set(actor, "user", object_of("uid", about->user))) &&
          (about->session.size == 0 || set(actor, "session", object_of("uid", about->session))))) {
        curfew_json_destroy(actor);
        return NULL;
    }
    return actor;
}

/* The names an unproven record gives. */
static struct curfew_json *claimed_of(const struct curfew_event *event, const struct about *about)
{
    struct curfew_json *claimed = curfew_json_object();
    if (!curfew_audit_text(claimed, "writer", writer_of(event)) || !curfew_audit_text(claimed, "user", about->user) ||
        !curfew_audit_text(claimed, "session", about->session) ||
        !curfew_audit_text(claimed, "tenant", about->tenant)) {
        curfew_json_destroy(claimed);
        return NULL;
    }
    return claimed;
}

/* Where in the log, and what OCSF has no word for. */
static struct curfew_json *own_words(int32_t lane, const uint8_t *log_id, const struct curfew_record *record,
                                     const struct curfew_effects *effects, const struct about *about)
{
    char log[2 * CURFEW_LOG_ID_SIZE + 1];
    char digest[2 * CURFEW_SHA256_SIZE + 1];
    uint8_t sum[CURFEW_SHA256_SIZE];
    struct curfew_json *words = curfew_json_object();
    curfew_hex(log_id, CURFEW_LOG_ID_SIZE, log);
    curfew_sha256(&record->value, 1, sum);
    curfew_hex(sum, sizeof sum, digest);
    bool made = set_int(words, "lane", lane) && set_word(words, "log_id", log) &&
                set_int(words, "offset", record->offset) && set_word(words, "record_sha256", digest) &&
                set_int(words, "record_length", (int64_t)record->value.size) &&
                (about->attempt == 0 || set_int(words, "attempt", about->attempt));
    if (made && effects->refused) {
        made = set(words, "retriable", curfew_json_of_bool(effects->refusal.retriable)) &&
               set(words, "dead_letter", curfew_json_of_bool(effects->dead_letter));
    }
    if (made && effects->event != NULL && !effects->proven) {
        made = set(words, "claimed", claimed_of(effects->event, about));
    }
    if (made && effects->pending) {
        made = set(words, "waits_for_second_operator", curfew_json_of_bool(true));
    }
    if (made && effects->break_glass.told) {
        made = set(words, "break_glass", curfew_json_of_bool(true));
    }
    if (!made) {
        curfew_json_destroy(words);
        return NULL;
    }
    return words;
}

/* Nobody can be held to it: it goes to the dead letters although it can be read. */
static bool is_forgery(const struct curfew_effects *effects)
{
    return effects->dead_letter && effects->event != NULL;
}

/* Somebody acts for what is over: a zombie, or a thief. */
static bool is_late(int32_t reason)
{
    return reason == CURFEW_REASON_SESSION_OVER || reason == CURFEW_REASON_TASK_OVER ||
           reason == CURFEW_REASON_ATTEMPT_OVER || reason == CURFEW_REASON_ANCESTOR_OVER ||
           reason == CURFEW_REASON_USER_REVOKED;
}

static bool set_resource(struct curfew_json *event, const struct about *about)
{
    if (about->id.size == 0) {
        return true; /* a resource has a name or a uid, or is not there */
    }
    struct curfew_json *resource = object_of("type", curfew_slice_of(about->type));
    struct curfew_json *resources = curfew_json_array();
    const bool made = curfew_audit_text(resource, "uid", about->id);
    return curfew_json_append(resources, resource) && set(event, "resources", resources) && made;
}

static struct curfew_json *refused(const struct curfew_effects *effects, const struct about *about, int64_t time_us,
                                   int32_t lane)
{
    const int32_t reason = effects->refusal.reason;
    const struct curfew_audit_kind kind = {CURFEW_AUDIT_API_ACTIVITY, about->activity, about->activity_name,
                                           is_forgery(effects) ? CURFEW_AUDIT_HIGH
                                           : is_late(reason)   ? CURFEW_AUDIT_MEDIUM
                                                               : CURFEW_AUDIT_LOW,
                                           true};
    const char *name = effects->event == NULL ? "unreadable" : curfew_event_name(effects->event->type);
    struct curfew_json *event = curfew_audit_event(&kind, time_us);
    if (!set_resource(event, about) || !set(event, "api", object_of("operation", curfew_slice_of(name))) ||
        !set(event, "src_endpoint", object_of("svc_name", curfew_slice_of(lane == 0 ? "control" : "lifecycle"))) ||
        !curfew_audit_denied(event, is_forgery(effects) ? CURFEW_AUDIT_UNAUTHORIZED : CURFEW_AUDIT_REJECTED) ||
        !set_word(event, "status_code", curfew_reason_name((enum curfew_reason)reason))) {
        curfew_json_destroy(event);
        return NULL;
    }
    return event;
}

static struct curfew_json *accepted(const struct curfew_effects *effects, const struct about *about, int64_t time_us)
{
    const bool revokes =
        effects->event->type == CURFEW_EVENT_SUBJECT_REVOKED || effects->event->type == CURFEW_EVENT_POLICY_RAISED;
    const struct curfew_audit_kind kind = {CURFEW_AUDIT_ENTITY_MANAGEMENT, about->activity, about->activity_name,
                                           effects->break_glass.told ? CURFEW_AUDIT_FATAL
                                           : revokes                 ? CURFEW_AUDIT_HIGH
                                                                     : CURFEW_AUDIT_INFORMATIONAL,
                                           false};
    struct curfew_json *event = curfew_audit_event(&kind, time_us);
    struct curfew_json *entity = object_of("type", curfew_slice_of(about->type));
    bool made = curfew_audit_text(entity, "uid", about->id) &&
                set_word(entity, "name", curfew_event_name(effects->event->type));
    made = set(event, "entity", entity) && made;
    if (!made || !curfew_audit_text(event, "comment", about->reason)) {
        curfew_json_destroy(event);
        return NULL;
    }
    return event;
}

/* The subjects that a tick ended, by kind and digest: their names are not in the book's memory any more. */
static struct curfew_json *subjects_of(const struct curfew_effects *effects)
{
    struct curfew_json *subjects = curfew_json_array();
    const struct curfew_floor *floors = effects->links[0].floors.items;
    for (size_t i = 0; i < effects->ended && i < CURFEW_ACCOUNT_SUBJECTS_MAX; i++) {
        char digest[2 * CURFEW_DIGEST_SIZE + 1];
        curfew_hex(floors[i].subject, CURFEW_DIGEST_SIZE, digest);
        struct curfew_json *one =
            object_of("kind", curfew_slice_of(curfew_kind_name((enum curfew_kind)floors[i].kind)));
        const bool made = set_word(one, "subject", digest);
        if (!made) {
            curfew_json_destroy(one);
        }
        if (!curfew_json_append(subjects, made ? one : NULL)) {
            curfew_json_destroy(subjects);
            return NULL;
        }
    }
    return subjects;
}

static bool is_told(const struct curfew_effects *effects, int32_t lane)
{
    if (effects->refused) {
        return true;
    }
    if (effects->event == NULL) {
        return false; /* a genesis that began the log */
    }
    switch (effects->event->type) {
    case CURFEW_EVENT_TICK:
        return effects->ended > 0;
    case CURFEW_EVENT_SESSION_ENDED:
    case CURFEW_EVENT_ATTEMPT_ENDED:
    case CURFEW_EVENT_TASK_ENDED:
    case CURFEW_EVENT_TOKEN_REVOKED:
    case CURFEW_EVENT_RESYNC:
        return true;
    default:
        return lane == 0;
    }
}

static void make_uid(int32_t lane, const uint8_t *log_id, int64_t offset, uint8_t uid[CURFEW_AUDIT_UID_SIZE])
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    uint8_t place[12];
    curfew_put_be32(place, (uint32_t)lane);
    curfew_put_be64(place + 4, (uint64_t)offset);
    const struct curfew_slice parts[] = {
        curfew_slice_of(UID_PREFIX), {log_id, CURFEW_LOG_ID_SIZE}, {place, sizeof place}};
    curfew_sha256(parts, sizeof parts / sizeof parts[0], digest);
    memcpy(uid, digest, CURFEW_AUDIT_UID_SIZE);
}

enum curfew_status curfew_account_make(int32_t lane, const uint8_t log_id[CURFEW_LOG_ID_SIZE],
                                       const struct curfew_record *record, const struct curfew_effects *effects,
                                       struct curfew_account *account)
{
    *account = (struct curfew_account){.event = NULL};
    if (!is_told(effects, lane)) {
        return CURFEW_OK;
    }
    const struct about about = about_of(effects->event);
    make_uid(lane, log_id, record->offset, account->uid);
    account->tenant = effects->proven ? about.tenant : (struct curfew_slice){NULL, 0};
    struct curfew_json *event = effects->refused ? refused(effects, &about, record->timestamp_us, lane)
                                                 : accepted(effects, &about, record->timestamp_us);
    struct curfew_json *words = own_words(lane, log_id, record, effects, &about);
    bool made = effects->ended == 0 ||
                (set_int(words, "ended", (int64_t)effects->ended) && set(words, "subjects", subjects_of(effects)));
    struct curfew_json *unmapped = curfew_json_object();
    made = set(unmapped, "curfew", words) && made;
    made = set(event, "unmapped", unmapped) && made;
    made = set(event, "actor", actor_of(effects, &about)) && made;
    if (!made) {
        curfew_json_destroy(event);
        return CURFEW_NOMEM;
    }
    account->event = event;
    return CURFEW_OK;
}
