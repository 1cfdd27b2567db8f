/* lane: one lane's step. */
#include "services/coordinator/lane_state.h"

#include "core/chain.h"
#include "core/digest.h"
#include "core/id.h"
#include "services/coordinator/memory.h"
#include <stdio.h>
#include <stdlib.h>

#define TIME_MAX_US INT64_C(253402300800000000) /* the year 10000: sums of times cannot overflow below it */
#define GENESIS_LATE_US INT64_C(10000000) /* the most that a genesis may be on its way to the broker */
#define LEASE_CLOCK_STEP_US INT64_C(200000) /* the most one good tick adds to the lease clock */

struct curfew_lane *curfew_lane_create(int32_t lane, int32_t lanes, struct curfew_control *control)
{
    struct curfew_lane *made = curfew_memory_take(sizeof *made);
    made->number = lane;
    made->lanes = lanes;
    made->control = control;
    made->ledger = curfew_ledger_create();
    made->writers = curfew_writers_create(curfew_control_master(control));
    made->book = lane == 0 ? NULL : curfew_book_create(made->ledger);
    made->policies = lane == 0 ? curfew_policies_create() : NULL;
    made->proposals = lane == 0 ? curfew_proposals_create() : NULL;
    made->last_cause = -1;
    made->arena.memory = curfew_memory_take(CURFEW_CODEC_MEMORY);
    made->arena.size = CURFEW_CODEC_MEMORY;
    return made;
}

void curfew_lane_destroy(struct curfew_lane *lane)
{
    if (lane != NULL) {
        curfew_book_destroy(lane->book);
        curfew_policies_destroy(lane->policies);
        curfew_proposals_destroy(lane->proposals);
        curfew_ledger_destroy(lane->ledger);
        curfew_writers_destroy(lane->writers);
        free(lane->links);
        free(lane->arena.memory);
        free(lane);
    }
}

static enum curfew_step halt(struct curfew_lane *lane, const struct curfew_record *record, const char *why)
{
    (void)snprintf(lane->problem, sizeof lane->problem, "lane %d stopped at offset %lld: %s", lane->number,
                   (long long)record->offset, why);
    return CURFEW_STEP_HALTED;
}

static struct curfew_moment moment_of(const struct curfew_lane *lane, const struct curfew_record *record)
{
    return (struct curfew_moment){
        .writers = lane->writers,
        .offset = record->offset,
        .timestamp_us = record->timestamp_us,
        .good_us = lane->good_us,
        .now_us = record->timestamp_us > lane->good_us ? record->timestamp_us : lane->good_us,
        .lease_us = lane->lease_us,
        .skew_us = lane->settings.skew_ms * INT64_C(1000),
        .settings = &lane->settings,
    };
}

/* Whether one of the operators that a genesis names wrote it. */
static bool genesis_proven(struct curfew_lane *lane, const struct curfew_record *record,
                           const struct curfew_genesis *genesis)
{
    const struct curfew_writer *author = NULL;
    struct curfew_claim claim = {
        genesis->writer, CURFEW_EVENT_GENESIS, {.lane = genesis->lane}, record->value, record->mac};
    memcpy(claim.place.log_id, genesis->log_id, sizeof claim.place.log_id);
    curfew_writers_set_first(lane->writers, genesis);
    return !curfew_writers_prove(lane->writers, &claim, &author).refused;
}

bool curfew_genesis_timely(const struct curfew_genesis *genesis, int64_t timestamp_us, int64_t *behind_us)
{
    if (__builtin_sub_overflow(genesis->said_us, timestamp_us, behind_us) || *behind_us == INT64_MIN) {
        *behind_us = genesis->said_us < 0 ? -INT64_MAX : INT64_MAX;
    }
    return *behind_us <= genesis->settings.skew_ms * INT64_C(1000) && -*behind_us <= GENESIS_LATE_US;
}

static enum curfew_step begin(struct curfew_lane *lane, const struct curfew_record *record,
                              const struct curfew_event *event)
{
    const struct curfew_genesis *genesis = &event->as.genesis;
    if (record->offset != 0) {
        return halt(lane, record, "the head of its log is gone, and state can only be rebuilt from the head");
    }
    if (event->type != CURFEW_EVENT_GENESIS || genesis->lane != lane->number) {
        return halt(lane, record, "its log has no genesis record; run `curfew topics create`");
    }
    uint8_t check[CURFEW_MASTER_CHECK_SIZE];
    curfew_master_check(curfew_control_master(lane->control), check);
    if (!curfew_same_secret(check, genesis->master_check, sizeof check)) {
        return halt(lane, record, "its genesis was made with another master key than this coordinator has");
    }
    if (!genesis_proven(lane, record, genesis)) {
        return halt(lane, record, "nobody proves to have written its genesis; run `curfew topics create` anew");
    }
    if (genesis->lanes != lane->lanes) {
        return halt(lane, record, "genesis and the topics disagree on the number of lanes");
    }
    if (!curfew_lane_settings_known(&genesis->settings) || !curfew_lane_settings_sane(&genesis->settings)) {
        return halt(lane, record, "genesis asks for rules or settings that this version lacks; upgrade it");
    }
    int64_t behind_us = 0;
    if (!curfew_genesis_timely(genesis, record->timestamp_us, &behind_us)) {
        return halt(lane, record,
                    "the operator's clock and the broker's disagreed when the log was made, and tokens are "
                    "held against its time; set them right and make the topics anew");
    }
    lane->begun = true;
    memcpy(lane->log_id, genesis->log_id, sizeof lane->log_id);
    memcpy(lane->control_log, genesis->control_log, sizeof lane->control_log);
    lane->genesis_us = record->timestamp_us;
    lane->settings = genesis->settings;
    lane->longest_life_ms = genesis->settings.session_life_ms;
    if (lane->number == 0) {
        curfew_control_log_set(lane->control, lane->log_id);
    }
    return CURFEW_STEP_DONE;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
    return value < least ? least : value > most ? most : value;
}

/* True for a good tick: one whose sender's clock agrees with the broker's. */
static bool tick(struct curfew_lane *lane, const struct curfew_tick *event, const struct curfew_record *record,
                 struct curfew_effects *effects)
{
    const int64_t skew_us = lane->settings.skew_ms * INT64_C(1000);
    if (lane->number != 0) {
        curfew_lane_take_control_in(lane, event->control_offset);
    }
    if (event->said_us - record->timestamp_us > skew_us || record->timestamp_us - event->said_us > skew_us) {
        return false;
    }
    if (lane->last_good_us != 0) {
        lane->lease_us += clamp(record->timestamp_us - lane->last_good_us, 0, LEASE_CLOCK_STEP_US);
    }
    lane->last_good_us = record->timestamp_us;
    lane->good_us = record->timestamp_us > lane->good_us ? record->timestamp_us : lane->good_us;

    const struct curfew_moment moment = moment_of(lane, record);
    const struct curfew_cause cause = {record->offset, lane->good_us};
    curfew_ledger_prune(lane->ledger, lane->good_us);
    if (lane->book != NULL) {
        curfew_book_tick(lane->book, &moment);
    } else {
        curfew_proposals_prune(lane->proposals, lane->good_us);
    }
    effects->ended = curfew_ledger_raised(lane->ledger);
    curfew_ledger_restate(lane->ledger, lane->settings.restate_ms * INT64_C(1000), cause);
    return true;
}

/* Revocations lack what the chain says: all that lives is stated again, linked to nothing that came before. */
static struct curfew_ruling resync(struct curfew_lane *lane, const struct curfew_record *record,
                                   struct curfew_effects *effects)
{
    if (lane->resynced_us != 0 && lane->good_us - lane->resynced_us < CURFEW_RESYNC_LEAST_US) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    const struct curfew_cause cause = {record->offset, lane->good_us};
    lane->resynced_us = lane->good_us;
    lane->last_cause = -1;
    memset(lane->chain, 0, sizeof lane->chain);
    curfew_ledger_restate_all(lane->ledger, cause);
    effects->resync = true;
    return curfew_ruling_accepted();
}

static struct curfew_ruling rule_pipeline(struct curfew_lane *lane, const struct curfew_event *event,
                                          const struct curfew_moment *moment)
{
    switch (event->type) {
    case CURFEW_EVENT_SESSION_STARTED:
        return curfew_book_session_started(lane->book, &event->as.session_started, moment);
    case CURFEW_EVENT_SESSION_ENDED:
        return curfew_book_session_ended(lane->book, &event->as.session_ended, moment);
    case CURFEW_EVENT_TASK_STARTED:
        return curfew_book_task_started(lane->book, &event->as.task_started, moment);
    case CURFEW_EVENT_ATTEMPT_ENDED:
        return curfew_book_attempt_ended(lane->book, &event->as.attempt_ended, moment);
    case CURFEW_EVENT_TASK_ENDED:
        return curfew_book_task_ended(lane->book, &event->as.task_ended, moment);
    case CURFEW_EVENT_HOLDER_HEARTBEAT:
        return curfew_book_heartbeat(lane->book, &event->as.holder_heartbeat, moment);
    case CURFEW_EVENT_TOKEN_CREATED:
        return curfew_book_token_created(lane->book, &event->as.token_created, moment);
    case CURFEW_EVENT_TOKEN_REVOKED:
        return curfew_book_token_revoked(lane->book, &event->as.token_revoked, moment);
    case CURFEW_EVENT_GENESIS:
        return curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
    default:
        return curfew_ruling_refused(CURFEW_REASON_WRONG_LANE);
    }
}

/* Which events a lane's log may hold. All of these, and only these, begin with writer and said_us. */
static bool belongs(const struct curfew_lane *lane, enum curfew_event_type type)
{
    if (type == CURFEW_EVENT_GENESIS || type == CURFEW_EVENT_TICK || type == CURFEW_EVENT_RESYNC) {
        return true;
    }
    const bool control = type >= CURFEW_EVENT_SETTINGS && type <= CURFEW_EVENT_RECORDS_SKIPPED;
    const bool lifecycle = type >= CURFEW_EVENT_SESSION_STARTED && type <= CURFEW_EVENT_TOKEN_REVOKED;
    return lane->number == 0 ? control : lifecycle;
}

/* What is wrong with an event's form, whatever it says. */
static struct curfew_ruling well_formed(const struct curfew_lane *lane, const struct curfew_event *event)
{
    if (!belongs(lane, event->type)) {
        return curfew_ruling_refused(CURFEW_REASON_WRONG_LANE);
    }
    const struct curfew_session_ended *head = &event->as.session_ended; /* writer and said_us lead every event here */
    if (!curfew_id_valid(head->writer) || head->said_us <= 0 || head->said_us > TIME_MAX_US) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    int32_t number = lane->number;
    const struct curfew_slice session = curfew_event_session(event);
    const bool about_session = lane->number != 0 && event->type != CURFEW_EVENT_HOLDER_HEARTBEAT &&
                               event->type != CURFEW_EVENT_GENESIS && event->type != CURFEW_EVENT_TICK &&
                               event->type != CURFEW_EVENT_RESYNC;
    if (about_session && curfew_session_id_lane(session, &number, NULL) != CURFEW_OK) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    return number == lane->number ? curfew_ruling_accepted() : curfew_ruling_refused(CURFEW_REASON_WRONG_LANE);
}

/* Puts what the record raised into records of at most CURFEW_FLOORS_MAX, each linked to the one before. */
static void link_raised(struct curfew_lane *lane, int64_t cause, struct curfew_effects *effects)
{
    size_t count = 0;
    const struct curfew_floor *raised = curfew_ledger_take(lane->ledger, &count);
    const size_t parts = (count + CURFEW_FLOORS_MAX - 1) / CURFEW_FLOORS_MAX;
    if (parts > lane->links_room) {
        lane->links = curfew_memory_resize(lane->links, parts * sizeof *lane->links);
        lane->links_room = parts;
    }
    for (size_t part = 0; part < parts; part++) {
        const size_t begun = part * CURFEW_FLOORS_MAX;
        struct curfew_floors *link = &lane->links[part];
        *link = (struct curfew_floors){.lane = lane->number, .cause = cause, .part = (int32_t)part};
        memcpy(link->log_id, lane->log_id, sizeof link->log_id);
        link->cause_before = lane->last_cause;
        memcpy(link->chain_before, lane->chain, sizeof link->chain_before);
        link->floors.items = raised + begun;
        link->floors.count = count - begun < CURFEW_FLOORS_MAX ? count - begun : CURFEW_FLOORS_MAX;
        curfew_chain_of(link, link->chain);
        lane->last_cause = cause;
        memcpy(lane->chain, link->chain, sizeof lane->chain);
    }
    effects->links = lane->links;
    effects->link_count = parts;
}

static void make_beacon(const struct curfew_lane *lane, const struct curfew_record *record,
                        struct curfew_beacon *beacon)
{
    *beacon = (struct curfew_beacon){
        .lane = lane->number,
        .lanes = lane->lanes,
        .as_of_us = record->timestamp_us,
        .offset = record->offset,
        .last_cause = lane->last_cause,
        .oldest_cause = curfew_ledger_oldest(lane->ledger),
        .genesis_us = lane->genesis_us,
        .skew_ms = lane->settings.skew_ms,
    };
    memcpy(beacon->log_id, lane->log_id, sizeof beacon->log_id);
    memcpy(beacon->chain, lane->chain, sizeof beacon->chain);
}

/* Whether a refusal means that nobody can be held to the record. */
static bool is_nobodys(enum curfew_reason reason)
{
    return reason == CURFEW_REASON_UNKNOWN_WRITER || reason == CURFEW_REASON_MAC || reason == CURFEW_REASON_EPOCH ||
           reason == CURFEW_REASON_ROLE || reason == CURFEW_REASON_TENANT || reason == CURFEW_REASON_NOT_OWN;
}

static void refuse(struct curfew_effects *effects, int64_t offset, enum curfew_reason reason)
{
    effects->dead_letter = effects->dead_letter || is_nobodys(reason);
    effects->refused = true;
    effects->refusal = (struct curfew_refusal){offset, (int32_t)reason, curfew_reason_retriable(reason)};
}

/* Whether a record has the form of one of this lane, and its writer proved to have written it. */
static struct curfew_ruling vet(struct curfew_lane *lane, const struct curfew_record *record,
                                const struct curfew_event *event, const struct curfew_writer **author)
{
    const struct curfew_ruling ruling = well_formed(lane, event);
    if (ruling.refused) {
        return ruling;
    }
    const struct curfew_session_ended *head = &event->as.session_ended; /* writer and said_us lead every event here */
    struct curfew_claim claim = {head->writer, event->type, {.lane = lane->number}, record->value, record->mac};
    memcpy(claim.place.log_id, lane->log_id, sizeof claim.place.log_id);
    return curfew_writers_prove(lane->writers, &claim, author);
}

static void tell_break_glass(const struct curfew_event *event, struct curfew_break_glass *told)
{
    if (event->type == CURFEW_EVENT_POLICY_RAISED) {
        const struct curfew_policy_raised *raised = &event->as.policy_raised;
        *told = (struct curfew_break_glass){true,         raised->writer,  CURFEW_KIND_POLICY, raised->tenant,
                                            raised->name, raised->version, raised->reason};
    } else {
        const struct curfew_subject_revoked *revoked = &event->as.subject_revoked;
        *told = (struct curfew_break_glass){
            true, revoked->writer, (enum curfew_kind)revoked->kind, revoked->tenant, revoked->id, 0, revoked->reason};
    }
}

/* A record that its author proved, by its kind. */
static void act(struct curfew_lane *lane, const struct curfew_record *record, const struct curfew_event *event,
                const struct curfew_writer *author, struct curfew_effects *effects)
{
    if (event->type == CURFEW_EVENT_TICK) {
        effects->tick = true;
        effects->good_tick = tick(lane, &event->as.tick, record, effects);
        return;
    }
    struct curfew_moment moment = moment_of(lane, record);
    moment.author = author;
    const struct curfew_ruling ruling = event->type == CURFEW_EVENT_RESYNC ? resync(lane, record, effects)
                                        : lane->number == 0 ? curfew_lane_rule_control(lane, event, &moment)
                                                            : rule_pipeline(lane, event, &moment);
    effects->pending = ruling.pending;
    if (ruling.refused) {
        refuse(effects, record->offset, ruling.reason);
    } else if (ruling.break_glass) {
        tell_break_glass(event, &effects->break_glass);
    }
}

/* What no coordinator of this version may step over, decided before anything changes. */
static enum curfew_step admit(struct curfew_lane *lane, const struct curfew_record *record,
                              const struct curfew_event *event)
{
    if (event->type == CURFEW_EVENT_SETTINGS && !curfew_lane_settings_known(&event->as.settings.settings)) {
        return halt(lane, record, "the settings ask for rules or schemas that this version lacks; upgrade it");
    }
    if (event->type != CURFEW_EVENT_TICK || lane->number == 0) {
        return CURFEW_STEP_DONE;
    }
    const uint8_t *control_log = curfew_control_log(lane->control);
    if (control_log != NULL && memcmp(control_log, lane->control_log, CURFEW_LOG_ID_SIZE) != 0) {
        return halt(lane, record, "the control topic is not the one this log was made with");
    }
    const bool ahead = event->as.tick.control_offset >= curfew_control_next(lane->control);
    return control_log == NULL || ahead ? CURFEW_STEP_BLOCKED : CURFEW_STEP_DONE;
}

/* A record behind genesis. */
static enum curfew_step go_on(struct curfew_lane *lane, const struct curfew_record *record,
                              const struct curfew_event *event, struct curfew_effects *effects)
{
    const struct curfew_writer *author = NULL;
    const struct curfew_ruling ruling = vet(lane, record, event, &author);
    if (ruling.refused) { /* before `admit`: what nobody proved must neither hold the lane up nor stop it */
        refuse(effects, record->offset, ruling.reason);
        return CURFEW_STEP_DONE;
    }
    effects->proven = true;
    const enum curfew_step step = admit(lane, record, event);
    if (step == CURFEW_STEP_DONE) {
        act(lane, record, event, author, effects);
    }
    return step;
}

/* A record whose timestamp is not the broker's: nothing can be told from it, and only an operator says to pass it over.
 */
static enum curfew_step unstamped(struct curfew_lane *lane, const struct curfew_record *record,
                                  struct curfew_effects *effects)
{
    if (!lane->begun || !curfew_control_skips(lane->control, lane->number, lane->log_id, record->offset)) {
        lane->unstamped = true;
        return halt(
            lane, record,
            lane->number == 0
                ? "its timestamp is not the broker's; set message.timestamp.type=LogAppendTime, and make the "
                  "topics anew"
                : "its timestamp is not the broker's; set message.timestamp.type=LogAppendTime, then run curfew "
                  "topics skip");
    }
    effects->dead_letter = true;
    refuse(effects, record->offset, CURFEW_REASON_CLOCK);
    return CURFEW_STEP_DONE;
}

enum curfew_step curfew_lane_step(struct curfew_lane *lane, const struct curfew_record *record,
                                  struct curfew_effects *effects)
{
    struct curfew_event *event = &lane->event;
    enum curfew_reason reason = CURFEW_REASON_UNDECODABLE;
    enum curfew_step step = CURFEW_STEP_DONE;
    *effects = (struct curfew_effects){.refused = false};
    event->type = CURFEW_EVENT_COUNT;
    lane->problem[0] = '\0';
    lane->unstamped = false;
    lane->arena.used = 0;
    const bool read = curfew_codec_decode(record->value, &lane->arena, event, &reason, NULL) == CURFEW_OK;
    effects->event = read ? event : NULL;
    if (!record->log_append_time) {
        step = unstamped(lane, record, effects);
    } else if (!lane->begun) {
        event->type = read ? event->type : CURFEW_EVENT_COUNT;
        step = begin(lane, record, event);
    } else if (read) {
        step = go_on(lane, record, event, effects);
    } else {
        effects->dead_letter = true;
        refuse(effects, record->offset, reason);
    }
    if (step != CURFEW_STEP_DONE) {
        return step;
    }
    lane->next = record->offset + 1;
    link_raised(lane, record->offset, effects);
    if (effects->good_tick) {
        make_beacon(lane, record, &effects->beacon);
    }
    if (lane->number == 0) {
        curfew_control_advance(lane->control, lane->next);
    }
    return CURFEW_STEP_DONE;
}

int64_t curfew_lane_next(const struct curfew_lane *lane)
{
    return lane->next;
}

const uint8_t *curfew_lane_log_id(const struct curfew_lane *lane)
{
    return lane->begun ? lane->log_id : NULL;
}

const struct curfew_settings *curfew_lane_settings(const struct curfew_lane *lane)
{
    return &lane->settings;
}

const char *curfew_lane_problem(const struct curfew_lane *lane)
{
    return lane->problem[0] == '\0' ? NULL : lane->problem;
}

bool curfew_lane_may_pass(const struct curfew_lane *lane)
{
    return lane->begun && lane->unstamped &&
           curfew_control_skips(lane->control, lane->number, lane->log_id, lane->next);
}

int64_t curfew_lane_good_us(const struct curfew_lane *lane)
{
    return lane->good_us;
}

int64_t curfew_lane_oldest_cause(const struct curfew_lane *lane)
{
    return curfew_ledger_oldest(lane->ledger);
}

bool curfew_lane_implies(const struct curfew_lane *lane, const struct curfew_floors *floors)
{
    const struct curfew_floor *items = floors->floors.items;
    for (size_t i = 0; i < floors->floors.count; i++) {
        struct curfew_subject subject;
        memcpy(subject.digest, items[i].subject, sizeof subject.digest);
        const bool over = items[i].expires_us < lane->good_us;
        if (!over && (items[i].floor > curfew_ledger_floor(lane->ledger, &subject) ||
                      items[i].expires_us > curfew_ledger_expiry(lane->ledger, &subject))) {
            return false;
        }
    }
    return true;
}

const struct curfew_writers *curfew_lane_writers(const struct curfew_lane *lane)
{
    return lane->writers;
}

int32_t curfew_lane_coordinator_epoch(const struct curfew_lane *lane, struct curfew_slice name)
{
    const struct curfew_writer *writer = curfew_writers_find(lane->writers, name);
    const bool known = writer != NULL && curfew_right_has(writer->right, CURFEW_ROLE_COORDINATOR);
    return known ? writer->right->epoch : 0;
}

struct curfew_lane_counts curfew_lane_counts(const struct curfew_lane *lane)
{
    struct curfew_lane_counts counts = {.floors = curfew_ledger_count(lane->ledger)};
    if (lane->book != NULL) {
        counts.book = curfew_book_counts(lane->book);
    } else {
        counts.proposals = (int64_t)curfew_proposals_count(lane->proposals);
    }
    return counts;
}

struct curfew_slice curfew_lane_proposer(const struct curfew_lane *lane, const struct curfew_proposal_key *key)
{
    const struct curfew_proposal *proposal = curfew_proposals_find(lane->proposals, key);
    return proposal == NULL ? (struct curfew_slice){0} : curfew_proposal_by(proposal);
}

struct curfew_book_impact curfew_lane_impact(const struct curfew_lane *lane, enum curfew_kind kind,
                                             const struct curfew_subject *subject)
{
    return curfew_book_impact(lane->book, kind, subject);
}

const struct curfew_book *curfew_lane_book(const struct curfew_lane *lane)
{
    return lane->book;
}

int64_t curfew_lane_lease_left_us(const struct curfew_lane *lane, int64_t renewed_us)
{
    const int64_t left_us = lane->settings.lease_ms * INT64_C(1000) - (lane->lease_us - renewed_us);
    return left_us > 0 ? left_us : 0;
}
