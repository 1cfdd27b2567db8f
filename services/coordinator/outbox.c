/* outbox: one lane's floors, answers, beacons and dead letters on their way to the bus. */
#include "services/coordinator/outbox.h"

#include "core/chain.h"
#include "core/digest.h"
#include "core/log.h"
#include "schemas/codec.h"
#include "services/coordinator/memory.h"
#include "services/coordinator/parcels.h"
#include "services/coordinator/pending.h"
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

enum link_state { LINK_WAITING, LINK_IN_FLIGHT, LINK_DURABLE };

struct link {
    uint8_t chain[CURFEW_CHAIN_SIZE];
    int64_t cause;
    enum link_state state;
    int64_t since_us; /* boot time of the state */
    uint64_t ticket; /* of the newest try */
    uint8_t *bytes;
    size_t size;
    UT_hash_handle hh; /* by chain */
    UT_hash_handle hh_ticket; /* by ticket, while in flight */
    struct link *prev;
    struct link *next;
};

/* A chain value found on revocations before the step came to its cause. */
struct seen {
    uint8_t chain[CURFEW_CHAIN_SIZE];
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t cause;
    UT_hash_handle hh;
};

/* A beacon, as far as it tells one tick from any other, also of what an unclean election made of the log. */
struct heard {
    int64_t offset; /* -1: none */
    int64_t as_of_us;
    uint8_t chain[CURFEW_CHAIN_SIZE];
};

struct curfew_outbox {
    int32_t lane;
    struct curfew_bus *bus;
    const struct curfew_sealer *sealer;
    bool live;
    uint64_t ticket;
    struct link *links; /* not read back yet, in log order */
    struct link *by_chain;
    struct link *by_ticket;
    struct seen *seen;
    int64_t resend_us; /* boot time of the last look for links to publish again */
    struct curfew_parcels parcels; /* answers and dead letters */
    struct curfew_beacon ticks[CURFEW_OUTBOX_TICKS_MAX];
    size_t tick_count;
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    uint8_t answers_log[CURFEW_LOG_ID_SIZE];
    int64_t stepped_to; /* newest offset noted */
    int64_t answered_to; /* newest offset answered */
    int64_t replayed_to; /* newest offset stepped before the lane was live */
    struct curfew_audit *audit; /* NULL: nobody is told */
    struct curfew_standby *standby;
    struct heard heard; /* the newest beacon that another said */
    int64_t looked_us; /* boot time of the last look at such a one's signature */
    struct curfew_accounts *accounts;
    int64_t owed_from; /* the first offset of which the audit does not have all; INT64_MAX: none */
    struct curfew_pending pending;
    struct curfew_answer answer; /* the one being made: too large for a stack */
    uint8_t buffer[CURFEW_CODEC_RECORD_MAX];
    struct curfew_outbox_stats stats;
};

struct curfew_outbox *curfew_outbox_create(const struct curfew_outbox_options *options)
{
    struct curfew_outbox *outbox = curfew_memory_take(sizeof *outbox);
    outbox->lane = options->lane;
    outbox->bus = options->bus;
    outbox->sealer = options->sealer;
    outbox->audit = options->audit;
    outbox->standby = options->standby;
    outbox->heard.offset = -1;
    outbox->looked_us = INT64_MIN / 2;
    outbox->accounts = curfew_accounts_create(options->lane);
    outbox->owed_from = INT64_MAX;
    outbox->stepped_to = -1;
    outbox->answered_to = -1;
    return outbox;
}

/* What stands above a ticket's own number. */
static uint64_t lane_bits(const struct curfew_outbox *outbox)
{
    return (uint64_t)outbox->lane << CURFEW_OUTBOX_TICKET_BITS;
}

/* A link that was read back, or is no longer needed. */
static void drop_link(struct curfew_outbox *outbox, struct link *link)
{
    if (link->state == LINK_IN_FLIGHT) {
        HASH_DELETE(hh_ticket, outbox->by_ticket, link);
    }
    HASH_DELETE(hh, outbox->by_chain, link);
    DL_DELETE(outbox->links, link);
    free(link->bytes);
    free(link);
}

/* What the steps up to here did not lead to is nobody's, unless it is of another log. */
static void forget_seen(struct curfew_outbox *outbox, int64_t upto)
{
    struct seen *seen = NULL;
    struct seen *next = NULL;
    HASH_ITER(hh, outbox->seen, seen, next)
    {
        if (seen->cause <= upto) {
            outbox->stats.foreign += memcmp(seen->log_id, outbox->log_id, sizeof seen->log_id) == 0 ? 1 : 0;
            HASH_DEL(outbox->seen, seen);
            free(seen);
        }
    }
}

void curfew_outbox_destroy(struct curfew_outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    while (outbox->links != NULL) {
        drop_link(outbox, outbox->links);
    }
    curfew_parcels_clear(&outbox->parcels);
    curfew_outbox_gap(outbox);
    curfew_pending_clear(&outbox->pending);
    curfew_accounts_destroy(outbox->accounts);
    free(outbox);
}

static void add_seen(struct curfew_outbox *outbox, const struct curfew_floors *floors)
{
    struct seen *seen = NULL;
    HASH_FIND(hh, outbox->seen, floors->chain, CURFEW_CHAIN_SIZE, seen);
    if (seen == NULL && (!outbox->live || HASH_COUNT(outbox->seen) < CURFEW_OUTBOX_SEEN_MAX)) {
        seen = curfew_memory_take(sizeof *seen);
        memcpy(seen->chain, floors->chain, sizeof seen->chain);
        memcpy(seen->log_id, floors->log_id, sizeof seen->log_id);
        seen->cause = floors->cause;
        HASH_ADD(hh, outbox->seen, chain, sizeof seen->chain, seen);
    }
}

void curfew_outbox_read_back(struct curfew_outbox *outbox, const struct curfew_lane *lane,
                             const struct curfew_floors *floors)
{
    uint8_t chain[CURFEW_CHAIN_SIZE];
    curfew_chain_of(floors, chain);
    if (memcmp(chain, floors->chain, sizeof chain) != 0) {
        return;
    }
    struct link *link = NULL;
    HASH_FIND(hh, outbox->by_chain, chain, sizeof chain, link);
    if (link != NULL) {
        drop_link(outbox, link);
        return;
    }
    if (floors->cause > outbox->stepped_to) {
        add_seen(outbox, floors);
    } else if (outbox->live && memcmp(floors->log_id, outbox->log_id, sizeof outbox->log_id) == 0 &&
               !curfew_lane_implies(lane, floors)) {
        outbox->stats.foreign++;
    }
}

void curfew_outbox_gap(struct curfew_outbox *outbox)
{
    struct seen *seen = NULL;
    struct seen *next = NULL;
    HASH_ITER(hh, outbox->seen, seen, next)
    {
        HASH_DEL(outbox->seen, seen);
        free(seen);
    }
}

bool curfew_outbox_wants_answer(const struct curfew_outbox *outbox, const struct curfew_accepted *accepted)
{
    const struct curfew_pending_record *first = curfew_pending_first(&outbox->pending);
    if (accepted->from < 0 || accepted->to < accepted->from ||
        accepted->to - accepted->from != (int64_t)accepted->digests.count - 1) {
        return false;
    }
    return !outbox->live ||
           (outbox->standby->rank > 0 && accepted->to >= (first == NULL ? outbox->stepped_to + 1 : first->offset) &&
            memcmp(outbox->log_id, accepted->log_id, sizeof outbox->log_id) == 0);
}

void curfew_outbox_answered(struct curfew_outbox *outbox, const struct curfew_accepted *accepted)
{
    if (outbox->live) {
        if (memcmp(outbox->log_id, accepted->log_id, CURFEW_LOG_ID_SIZE) == 0) {
            const uint8_t *digests = accepted->digests.items;
            struct curfew_standby_answer answer = {.from = accepted->from, .to = accepted->to};
            memcpy(answer.last, digests + (size_t)(answer.to - answer.from) * CURFEW_RECORD_DIGEST_SIZE,
                   sizeof answer.last);
            curfew_standby_answered(outbox->standby, &answer);
        }
        return;
    }
    if (outbox->stepped_to >= 0 && memcmp(outbox->log_id, accepted->log_id, sizeof outbox->log_id) != 0) {
        return; /* of another lane, or of a log that is no more: whoever repeats it here makes nothing answered */
    }
    const bool same = memcmp(outbox->answers_log, accepted->log_id, CURFEW_LOG_ID_SIZE) == 0;
    if ((!same || accepted->to > outbox->answered_to)) {
        memcpy(outbox->answers_log, accepted->log_id, CURFEW_LOG_ID_SIZE);
        outbox->answered_to = accepted->to;
    }
}

/* Encodes an event of ours; a failure means our own bounds contradict each other. */
static uint8_t *encode(struct curfew_outbox *outbox, const struct curfew_event *event, size_t *size)
{
    struct curfew_error error;
    if (curfew_codec_encode(event, outbox->buffer, sizeof outbox->buffer, size, &error) != CURFEW_OK) {
        curfew_log(CURFEW_LOG_ERROR, "outbox", "cannot encode a %s of lane %d: %s", curfew_event_name(event->type),
                   outbox->lane, error.text);
        abort();
    }
    uint8_t *bytes = curfew_memory_take(*size);
    memcpy(bytes, outbox->buffer, *size);
    return bytes;
}

static void add_link(struct curfew_outbox *outbox, const struct curfew_floors *floors)
{
    struct seen *seen = NULL;
    HASH_FIND(hh, outbox->seen, floors->chain, CURFEW_CHAIN_SIZE, seen);
    if (seen != NULL) {
        HASH_DEL(outbox->seen, seen);
        free(seen);
        return;
    }
    struct link *link = curfew_memory_take(sizeof *link);
    const struct curfew_event event = {.type = CURFEW_EVENT_FLOORS, .as.floors = *floors};
    memcpy(link->chain, floors->chain, sizeof link->chain);
    link->cause = floors->cause;
    link->bytes = encode(outbox, &event, &link->size);
    HASH_ADD(hh, outbox->by_chain, chain, sizeof link->chain, link);
    DL_APPEND(outbox->links, link);
}

/* `about`: the offset and time of the log record it is about. */
static void add_parcel(struct curfew_outbox *outbox, const struct curfew_event *event, enum curfew_topic topic,
                       struct curfew_parcel about)
{
    size_t size = 0;
    const uint8_t *bytes = encode(outbox, event, &size);
    about.record.topic = topic;
    about.record.partition = topic == CURFEW_TOPIC_ANSWERS ? outbox->lane : CURFEW_PARTITION_ANY;
    about.record.value = (struct curfew_slice){bytes, size};
    curfew_parcels_add(&outbox->parcels, &about);
}

static void add_dead_letter(struct curfew_outbox *outbox, const struct curfew_record *record, enum curfew_reason reason)
{
    struct curfew_event event = {.type = CURFEW_EVENT_DEAD_LETTER};
    struct curfew_dead_letter *letter = &event.as.dead_letter;
    letter->topic = curfew_slice_of(curfew_topic_name(curfew_lane_topic(outbox->lane)));
    letter->partition = curfew_lane_partition(outbox->lane);
    letter->offset = record->offset;
    letter->timestamp_us = record->timestamp_us;
    letter->length = (int64_t)record->value.size;
    letter->reason = (int32_t)reason;
    curfew_sha256(&record->value, 1, letter->digest);
    add_parcel(outbox, &event, CURFEW_TOPIC_DEADLETTER,
               (struct curfew_parcel){.offset = record->offset, .timestamp_us = record->timestamp_us});
    outbox->stats.dead_letters++;
}

/* Remembers what the next answer has to say of a record. */
static void add_pending(struct curfew_outbox *outbox, const struct curfew_record *record,
                        const struct curfew_effects *effects)
{
    if (effects->refused) {
        outbox->stats.refusals++;
    } else if (effects->tick && curfew_pending_first(&outbox->pending) == NULL) {
        return; /* an answer begins with what somebody waits for */
    }
    struct curfew_pending_record waiting = {.offset = record->offset,
                                            .timestamp_us = record->timestamp_us,
                                            .reason = CURFEW_PENDING_NOT_REFUSED,
                                            .tick = effects->tick && !effects->refused};
    if (effects->refused) {
        waiting.reason = effects->refusal.reason;
        waiting.retriable = effects->refusal.retriable;
    }
    curfew_codec_record_digest(record->value, waiting.digest);
    curfew_pending_add(&outbox->pending, &waiting);
}

/* During replay: what nobody needs any more is not kept. */
static void trim_replay(struct curfew_outbox *outbox, const struct curfew_lane *lane)
{
    int64_t oldest = curfew_lane_oldest_cause(lane);
    if (outbox->tick_count > 0 && outbox->ticks[0].oldest_cause >= 0 && outbox->ticks[0].oldest_cause < oldest) {
        oldest = outbox->ticks[0].oldest_cause; /* the beacon that is said first names it, though it was raised anew */
    }
    while (outbox->links != NULL && (oldest < 0 || outbox->links->cause < oldest)) {
        drop_link(outbox, outbox->links);
    }
    const int64_t horizon_us = curfew_lane_good_us(lane) - CURFEW_OUTBOX_ANSWERS_US;
    const struct curfew_pending_record *first = curfew_pending_first(&outbox->pending);
    while (first != NULL && (first->timestamp_us < horizon_us || first->offset <= outbox->answered_to)) {
        curfew_pending_drop(&outbox->pending, first->offset);
        first = curfew_pending_first(&outbox->pending);
    }
    curfew_accounts_trim(outbox->accounts, horizon_us);
    curfew_parcels_trim(&outbox->parcels, horizon_us);
}

/* Answers found on the topic count only for the log they speak of. */
static void begin_log(struct curfew_outbox *outbox, const uint8_t log_id[CURFEW_LOG_ID_SIZE])
{
    memcpy(outbox->log_id, log_id, sizeof outbox->log_id);
    if (memcmp(outbox->answers_log, log_id, sizeof outbox->answers_log) != 0) {
        outbox->answered_to = -1;
    }
}

void curfew_outbox_note(struct curfew_outbox *outbox, const struct curfew_lane *lane,
                        const struct curfew_record *record, const struct curfew_effects *effects)
{
    if (record->offset == 0) {
        begin_log(outbox, curfew_lane_log_id(lane));
    }
    for (size_t i = 0; i < effects->link_count; i++) {
        add_link(outbox, &effects->links[i]);
    }
    outbox->stepped_to = record->offset;
    if (record->offset > outbox->answered_to) {
        add_pending(outbox, record, effects);
        if (effects->dead_letter) {
            add_dead_letter(outbox, record, (enum curfew_reason)effects->refusal.reason);
        }
        if (outbox->audit != NULL) {
            curfew_accounts_note(outbox->accounts, outbox->log_id, record, effects);
        }
    }
    if (effects->good_tick) {
        if (outbox->tick_count == CURFEW_OUTBOX_TICKS_MAX) {
            outbox->tick_count--; /* the oldest stay: they are the first that can be vouched for */
        }
        outbox->ticks[outbox->tick_count++] = effects->beacon;
        if (outbox->live) {
            forget_seen(outbox, outbox->stepped_to);
        } else {
            outbox->ticks[0] = effects->beacon;
            outbox->tick_count = 1;
            trim_replay(outbox, lane);
        }
    }
}

void curfew_outbox_live(struct curfew_outbox *outbox, const struct curfew_lane *lane, struct curfew_now now)
{
    outbox->live = true;
    outbox->replayed_to = outbox->stepped_to;
    trim_replay(outbox, lane);
    if (outbox->answered_to > outbox->stepped_to) {
        outbox->answered_to = outbox->stepped_to; /* the log was longer once: what was refused there is not known */
    }
    /* What others answered while this one replayed they told too. */
    curfew_accounts_drop(outbox->accounts, outbox->answered_to);
    curfew_parcels_drop(&outbox->parcels, CURFEW_TOPIC_DEADLETTER, outbox->answered_to);
    forget_seen(outbox, outbox->stepped_to);
    curfew_standby_live(outbox->standby, outbox->stepped_to, now.boot_us);
}

static bool publish_link(struct curfew_outbox *outbox, struct link *link, struct curfew_now now)
{
    const struct curfew_bus_record record = {
        .topic = CURFEW_TOPIC_REVOCATIONS,
        .partition = outbox->lane,
        .value = {link->bytes, link->size},
        .ticket = lane_bits(outbox) | ++outbox->ticket,
    };
    if (outbox->bus->ops->produce(outbox->bus->self, &record, NULL) != CURFEW_OK) {
        return false;
    }
    link->ticket = outbox->ticket;
    link->state = LINK_IN_FLIGHT;
    link->since_us = now.boot_us;
    HASH_ADD(hh_ticket, outbox->by_ticket, ticket, sizeof link->ticket, link);
    outbox->stats.links_published++;
    return true;
}

static void flush_links(struct curfew_outbox *outbox, int64_t ripe, struct curfew_now now)
{
    /* New links stand at the tail: walk back to the first that waits, unless it is time to look at all. */
    struct link *link = outbox->links;
    if (now.boot_us - outbox->resend_us >= CURFEW_OUTBOX_RESEND_US / 4) {
        outbox->resend_us = now.boot_us;
    } else if (link != NULL) {
        link = link->prev; /* of a utlist head: the tail */
        while (link != outbox->links && link->prev->state == LINK_WAITING) {
            link = link->prev;
        }
    }
    for (; link != NULL && link->cause <= ripe; link = link->next) {
        if (link->state == LINK_DURABLE && now.boot_us - link->since_us >= CURFEW_OUTBOX_RESEND_US) {
            link->state = LINK_WAITING;
        }
        if (link->state == LINK_WAITING && !publish_link(outbox, link, now)) {
            outbox->resend_us = 0;
            return;
        }
    }
}

/* How many of its ticks, from the oldest, another vouched for: up to the one it said a beacon of. */
static size_t said_by_others(const struct curfew_outbox *outbox)
{
    for (size_t i = 0; i < outbox->tick_count; i++) {
        const struct curfew_beacon *tick = &outbox->ticks[i];
        if (tick->offset == outbox->heard.offset && tick->as_of_us == outbox->heard.as_of_us &&
            memcmp(tick->chain, outbox->heard.chain, sizeof tick->chain) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* The oldest of its ticks need no beacon of ours. */
static void drop_ticks(struct curfew_outbox *outbox, size_t count)
{
    memmove(outbox->ticks, outbox->ticks + count, (outbox->tick_count - count) * sizeof outbox->ticks[0]);
    outbox->tick_count -= count;
}

static void flush_beacon(struct curfew_outbox *outbox, int64_t ripe, struct curfew_now now)
{
    const size_t said = said_by_others(outbox);
    outbox->stats.beacon_boot_us = said > 0 ? now.boot_us : outbox->stats.beacon_boot_us; /* of a tick stepped here */
    drop_ticks(outbox, said);
    size_t count = outbox->tick_count;
    while (count > 0 && (outbox->ticks[count - 1].offset > ripe ||
                         (outbox->links != NULL && outbox->links->cause <= outbox->ticks[count - 1].offset))) {
        count--;
    }
    if (count == 0) {
        return;
    }
    struct curfew_event event = {.type = CURFEW_EVENT_BEACON, .as.beacon = outbox->ticks[count - 1]};
    uint8_t signature[CURFEW_SEAL_SIZE];
    curfew_seal_beacon(outbox->sealer, &event.as.beacon, signature);
    size_t size = 0;
    uint8_t *bytes = encode(outbox, &event, &size);
    const struct curfew_bus_record record = {
        .topic = CURFEW_TOPIC_REVOCATIONS,
        .partition = outbox->lane,
        .value = {bytes, size},
        .ticket = lane_bits(outbox), /* the next beacon makes up for a lost one */
    };
    if (outbox->bus->ops->produce(outbox->bus->self, &record, NULL) == CURFEW_OK) {
        drop_ticks(outbox, count);
        outbox->stats.beacons_published++;
        outbox->stats.beacon_boot_us = now.boot_us;
    }
    free(bytes);
}

/* Everything up to here is stepped, and its floors are read back. Of what was replayed, floors were left out that later
 * ones make up for: nothing there is settled before all of them are read back. */
static int64_t settled_to(const struct curfew_outbox *outbox)
{
    if (outbox->links == NULL) {
        return outbox->stepped_to;
    }
    return outbox->links->cause <= outbox->replayed_to ? -1 : outbox->links->cause - 1;
}

static void make_answer(struct curfew_outbox *outbox, int64_t ripe)
{
    struct curfew_answer *answer = &outbox->answer;
    uint8_t signature[CURFEW_SEAL_SIZE];
    const int64_t settled = settled_to(outbox);
    const int64_t lettered = curfew_parcels_first(&outbox->parcels, CURFEW_TOPIC_DEADLETTER) - 1;
    const int64_t told = settled < outbox->owed_from ? settled : outbox->owed_from - 1;
    const int64_t held = told < ripe ? told : ripe;
    const int64_t to = held < lettered ? held : lettered; /* no successor makes a letter of what is answered */
    /* While an answer is on its way the next waits, and then speaks for all since: were it durable first and this
     * coordinator killed, its successor would take everything before for answered. */
    if (curfew_parcels_has(&outbox->parcels, CURFEW_TOPIC_ANSWERS) ||
        !curfew_pending_answer(&outbox->pending, to, answer)) {
        return;
    }
    struct curfew_event event = {.type = CURFEW_EVENT_ACCEPTED};
    struct curfew_accepted *accepted = &event.as.accepted;
    memcpy(accepted->log_id, outbox->log_id, sizeof accepted->log_id);
    accepted->lane = outbox->lane;
    accepted->from = answer->from;
    accepted->to = answer->to;
    accepted->digests = (struct curfew_list){answer->digests, (size_t)(answer->to - answer->from) + 1};
    accepted->refused = (struct curfew_list){answer->refused, answer->refused_count};
    curfew_seal_answer(outbox->sealer, accepted, signature);
    add_parcel(outbox, &event, CURFEW_TOPIC_ANSWERS,
               (struct curfew_parcel){.offset = answer->to, .timestamp_us = INT64_MAX});
    outbox->stats.answers_published++;
    outbox->answered_to = answer->to;
}

/* An answer counts once its last record was stepped here, and is the one it speaks of: after an unclean election the
 * log may have another in its place. It ends with no tick that nobody waits for, so that one is pending. */
static bool is_of_this_log(const void *context, const struct curfew_standby_answer *answer)
{
    const struct curfew_outbox *outbox = context;
    const struct curfew_pending_record *last = curfew_pending_find(&outbox->pending, answer->to);
    return last != NULL && memcmp(last->digest, answer->last, sizeof last->digest) == 0;
}

/* What others answered is theirs: they had its floors read back, and its accounts durable. */
static void leave_to_others(struct curfew_outbox *outbox)
{
    const struct curfew_pending_record *first = curfew_pending_first(&outbox->pending);
    while (first != NULL) {
        const int64_t to = curfew_standby_covered(outbox->standby, first->offset, is_of_this_log, outbox);
        if (to < first->offset) {
            break;
        }
        curfew_pending_drop(&outbox->pending, to);
        curfew_accounts_drop(outbox->accounts, to);
        curfew_parcels_drop(&outbox->parcels, CURFEW_TOPIC_DEADLETTER, to);
        first = curfew_pending_first(&outbox->pending);
    }
    curfew_standby_forget(outbox->standby, first == NULL ? outbox->stepped_to + 1 : first->offset);
}

void curfew_outbox_flush(struct curfew_outbox *outbox, struct curfew_now now)
{
    if (!outbox->live) {
        return;
    }
    curfew_standby_stepped(outbox->standby, outbox->stepped_to, now.boot_us);
    leave_to_others(outbox);
    const int64_t ripe = curfew_standby_ripe(outbox->standby, now.boot_us);
    const struct curfew_parcels_way way = {outbox->bus, lane_bits(outbox), ripe};
    flush_links(outbox, ripe, now);
    outbox->owed_from =
        outbox->audit == NULL ? INT64_MAX : curfew_accounts_settle(outbox->accounts, outbox->audit, ripe);
    make_answer(outbox, ripe);
    curfew_parcels_flush(&outbox->parcels, &way, &outbox->ticket);
    flush_beacon(outbox, ripe, now);
}

bool curfew_outbox_wants(struct curfew_outbox *outbox, const struct curfew_beacon *beacon, struct curfew_now now)
{
    if (!outbox->live || outbox->standby->rank == 0 || beacon->offset == outbox->heard.offset ||
        now.boot_us - outbox->looked_us < CURFEW_OUTBOX_LOOK_US ||
        memcmp(beacon->log_id, outbox->log_id, sizeof outbox->log_id) != 0) {
        return false;
    }
    bool news = beacon->offset > outbox->stepped_to;
    for (size_t i = 0; i < outbox->tick_count && !news; i++) {
        news = beacon->offset == outbox->ticks[i].offset;
    }
    outbox->looked_us = news ? now.boot_us : outbox->looked_us;
    return news;
}

void curfew_outbox_beaconed(struct curfew_outbox *outbox, const struct curfew_beacon *beacon)
{
    outbox->heard.offset = beacon->offset;
    outbox->heard.as_of_us = beacon->as_of_us;
    memcpy(outbox->heard.chain, beacon->chain, sizeof outbox->heard.chain);
}

void curfew_outbox_reported(struct curfew_outbox *outbox, uint64_t ticket, bool delivered, struct curfew_now now)
{
    struct link *link = NULL;
    HASH_FIND(hh_ticket, outbox->by_ticket, &ticket, sizeof ticket, link);
    if (link == NULL) {
        curfew_parcels_reported(&outbox->parcels, ticket, delivered, lane_bits(outbox));
        return;
    }
    HASH_DELETE(hh_ticket, outbox->by_ticket, link);
    link->state = delivered ? LINK_DURABLE : LINK_WAITING;
    link->since_us = now.boot_us;
    outbox->resend_us = delivered ? outbox->resend_us : 0;
}

void curfew_outbox_stats(const struct curfew_outbox *outbox, struct curfew_outbox_stats *stats)
{
    *stats = outbox->stats;
    stats->links_awaited = (int64_t)HASH_COUNT(outbox->by_chain);
    stats->settled_to = settled_to(outbox);
}
