/* oracle_bus: what coordinators publish is one function of the log, and neither a beacon nor an answer goes before its
 * floors. */
#include "tests/sim/oracle_state.h"

#include "core/digest.h"
#include "tests/common/sealer.h"
#include <stdlib.h>
#include <string.h>

static struct o_said *find(struct sim_oracle *oracle, const struct o_said *like)
{
    struct o_said *found = NULL;
    HASH_FIND(hh, oracle->said, &like->key, sizeof like->key, found);
    return found;
}

static bool same(const struct o_said *a, const struct o_said *b)
{
    return memcmp(a->chain, b->chain, sizeof a->chain) == 0 &&
           memcmp(a->chain_before, b->chain_before, sizeof a->chain_before) == 0 && a->as_of_us == b->as_of_us &&
           a->last_cause == b->last_cause && a->oldest_cause == b->oldest_cause && a->content == b->content;
}

static void one_function(struct sim_oracle *oracle, const struct o_said *said, const char *what)
{
    const struct o_said *known = find(oracle, said);
    if (known == NULL) {
        struct o_said *kept = malloc(sizeof *kept);
        if (kept == NULL) {
            abort();
        }
        memcpy(kept, said, sizeof *kept);
        HASH_ADD(hh, oracle->said, key, sizeof kept->key, kept);
    } else if (!same(known, said)) {
        sim_oracle_violation(oracle, "I4", "two %s of lane %lld for offset %lld differ", what,
                             (long long)said->key.lane, (long long)said->key.offset);
    }
}

/* The floors record of that cause whose chain value is this; NULL: none such was ever durable. */
static struct o_said *link_of(struct sim_oracle *oracle, const struct o_said *like, int64_t cause, const uint8_t *chain)
{
    struct o_said link = {.key = {.offset = cause, .lane = like->key.lane}};
    memcpy(link.key.log_id, like->key.log_id, sizeof link.key.log_id);
    for (;; link.key.part++) {
        struct o_said *found = find(oracle, &link);
        if (found == NULL || memcmp(found->chain, chain, sizeof found->chain) == 0) {
            return found;
        }
    }
}

/* All links from the newest back to the oldest that lives have stood in revocations by now. Each remembers how far back
 * they did, so that a chain is walked once. */
static bool linked(struct sim_oracle *oracle, const struct o_said *beacon)
{
    struct o_said *newest = link_of(oracle, beacon, beacon->last_cause, beacon->chain);
    struct o_said *at = newest == NULL || newest->reach == NULL ? newest : newest->reach;
    while (at != NULL && (at->key.offset > beacon->oldest_cause || (at->key.part > 0))) {
        struct o_said *before = link_of(oracle, at, at->last_cause, at->chain_before);
        at = before == NULL || before->reach == NULL ? before : before->reach;
    }
    if (at != NULL) {
        newest->reach = at;
    }
    return at != NULL;
}

static struct o_stood stood_of(int32_t lane, int64_t genesis_us, int64_t as_of_us)
{
    return (struct o_stood){.key = {genesis_us, as_of_us, lane}};
}

bool sim_oracle_beacon_stood(const struct sim_oracle *oracle, int32_t lane, int64_t genesis_us, int64_t as_of_us)
{
    const struct o_stood like = stood_of(lane, genesis_us, as_of_us);
    struct o_stood *found = NULL;
    HASH_FIND(hh, oracle->stood, &like.key, sizeof like.key, found);
    return found != NULL;
}

static void note_stood(struct sim_oracle *oracle, int32_t lane, const struct curfew_beacon *event)
{
    if (!sim_oracle_beacon_stood(oracle, lane, event->genesis_us, event->as_of_us)) {
        struct o_stood *stood = malloc(sizeof *stood);
        if (stood == NULL) {
            abort();
        }
        *stood = stood_of(lane, event->genesis_us, event->as_of_us);
        HASH_ADD(hh, oracle->stood, key, sizeof stood->key, stood);
    }
}

static void beacon(struct sim_oracle *oracle, int32_t number, const struct curfew_beacon *event)
{
    const struct o_lane *lane = &oracle->lanes[number];
    struct o_said said = {
        .key = {.offset = event->offset, .part = -1, .lane = number},
        .as_of_us = event->as_of_us,
        .last_cause = event->last_cause,
        .oldest_cause = event->oldest_cause,
    };
    memcpy(said.key.log_id, event->log_id, sizeof said.key.log_id);
    memcpy(said.chain, event->chain, sizeof said.chain);
    if (memcmp(event->log_id, lane->log_id, sizeof lane->log_id) != 0 || event->offset >= lane->cut_at) {
        return; /* of another history */
    }
    one_function(oracle, &said, "beacons");
    if (event->offset < 0 || (size_t)event->offset >= lane->count || !lane->records[event->offset].good_tick ||
        lane->records[event->offset].event.timestamp_us != event->as_of_us) {
        sim_oracle_violation(oracle, "I2", "a beacon of lane %d is as of %lld, which no good tick at %lld is", number,
                             (long long)event->as_of_us, (long long)event->offset);
    } else if (event->genesis_us != lane->genesis_us) {
        sim_oracle_violation(oracle, "I6", "a beacon of lane %d says its log began at %lld", number,
                             (long long)event->genesis_us);
    } else if (event->oldest_cause >= 0 && !linked(oracle, &said)) {
        sim_oracle_violation(oracle, "I2", "a beacon of lane %d stands before the floors due to %lld..%lld", number,
                             (long long)event->oldest_cause, (long long)event->last_cause);
    }
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static uint64_t content_of(const struct curfew_floors *event)
{
    const struct curfew_floor *floors = event->floors.items;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < event->floors.count; i++) {
        hash = mix(hash, floors[i].subject, sizeof floors[i].subject);
        hash = mix(hash, &floors[i].floor, sizeof floors[i].floor);
        hash = mix(hash, &floors[i].expires_us, sizeof floors[i].expires_us);
    }
    return hash;
}

/* Whether one of them is live, and higher or longer than what stood there of its subject: a coordinator that begins
 * leaves out what later ones made up for. */
static bool stand(struct sim_oracle *oracle, const struct o_lane *lane, const struct curfew_floors *event)
{
    const struct curfew_floor *floors = event->floors.items;
    bool missed = false;
    for (size_t i = 0; i < event->floors.count; i++) {
        struct o_floor like = {.floor = -1};
        struct o_floor *known = NULL;
        memcpy(like.key.log_id, event->log_id, sizeof like.key.log_id);
        memcpy(like.key.subject, floors[i].subject, sizeof like.key.subject);
        HASH_FIND(hh, oracle->floors, &like.key, sizeof like.key, known);
        if (known == NULL) {
            if ((known = malloc(sizeof *known)) == NULL) {
                abort();
            }
            *known = like;
            HASH_ADD(hh, oracle->floors, key, sizeof known->key, known);
        }
        const bool more = floors[i].floor > known->floor || floors[i].expires_us > known->expires_us;
        missed = missed || (more && floors[i].expires_us > lane->good_us);
        known->floor = floors[i].floor > known->floor ? floors[i].floor : known->floor;
        known->expires_us = floors[i].expires_us > known->expires_us ? floors[i].expires_us : known->expires_us;
    }
    return missed;
}

static void floors(struct sim_oracle *oracle, int32_t number, const struct curfew_floors *event)
{
    const struct o_lane *lane = &oracle->lanes[number];
    struct o_said said = {.key = {.offset = event->cause, .part = event->part, .lane = number},
                          .last_cause = event->cause_before,
                          .content = content_of(event)};
    memcpy(said.chain_before, event->chain_before, sizeof said.chain_before);
    memcpy(said.key.log_id, event->log_id, sizeof said.key.log_id);
    memcpy(said.chain, event->chain, sizeof said.chain);
    if (memcmp(event->log_id, lane->log_id, sizeof lane->log_id) == 0 && event->cause < lane->cut_at) {
        one_function(oracle, &said, "floors records");
        const bool missed = stand(oracle, lane, event);
        const struct o_answered *answered = &oracle->answered[number];
        if (missed && answered->to >= event->cause &&
            memcmp(answered->log_id, event->log_id, sizeof answered->log_id) == 0) {
            sim_oracle_violation(oracle, "I2", "lane %d was answered up to %lld before a floor due to %lld stood",
                                 number, (long long)answered->to, (long long)event->cause);
        }
    }
}

static struct o_mint mint_at(const struct sim_oracle *oracle, int32_t lane, int64_t offset)
{
    struct o_mint mint = {.key = {.lane = lane, .offset = offset}};
    memcpy(mint.key.log_id, oracle->lanes[lane].log_id, sizeof mint.key.log_id);
    return mint;
}

void sim_oracle_minted(struct sim_oracle *oracle, int32_t lane, const struct curfew_bus_event *record, int32_t token)
{
    struct o_mint *mint = malloc(sizeof *mint);
    struct o_mint *before = NULL;
    uint8_t digest[CURFEW_SHA256_SIZE];
    if (mint == NULL) {
        abort();
    }
    curfew_sha256(&record->value, 1, digest);
    *mint = mint_at(oracle, lane, record->offset);
    mint->token = token;
    memcpy(mint->key.digest, digest, sizeof mint->key.digest);
    HASH_REPLACE(hh, oracle->mints, key, sizeof mint->key, mint, before);
    free(before);
}

static bool is_refused(const struct curfew_accepted *event, int64_t offset)
{
    const struct curfew_refusal *refused = event->refused.items;
    bool found = false;
    for (size_t i = 0; i < event->refused.count; i++) {
        found = found || refused[i].offset == offset;
    }
    return found;
}

/* Of this history of the log. */
static void note_answered(struct sim_oracle *oracle, int32_t number, const struct curfew_accepted *event)
{
    const struct o_lane *lane = &oracle->lanes[number];
    struct o_answered *known = &oracle->answered[number];
    if (memcmp(event->log_id, lane->log_id, sizeof lane->log_id) != 0 || event->to >= lane->cut_at) {
        return;
    }
    if (memcmp(known->log_id, event->log_id, sizeof known->log_id) != 0 || event->to > known->to) {
        memcpy(known->log_id, event->log_id, sizeof known->log_id);
        known->to = event->to;
    }
}

/* By what an answer names: the record may be gone by now, and another in its place. */
static void answered(struct sim_oracle *oracle, int32_t lane, const struct curfew_accepted *event)
{
    const uint8_t(*digests)[CURFEW_RECORD_DIGEST_SIZE] = event->digests.items;
    struct o_mint asked = mint_at(oracle, lane, 0);
    memcpy(asked.key.log_id, event->log_id, sizeof asked.key.log_id);
    for (size_t i = 0; i < event->digests.count; i++) {
        struct o_mint *mint = NULL;
        asked.key.offset = event->from + (int64_t)i;
        memcpy(asked.key.digest, digests[i], sizeof asked.key.digest);
        HASH_FIND(hh, oracle->mints, &asked.key, sizeof asked.key, mint);
        if (mint != NULL && !is_refused(event, asked.key.offset)) {
            oracle->tokens[mint->token].accepted = true;
        }
    }
}

void sim_oracle_published(struct sim_oracle *oracle, int32_t lane, const struct curfew_event *event)
{
    if (!sealer_is_genuine(event)) {
        return; /* a forger's: nobody is bound by it */
    }
    if (event->type == CURFEW_EVENT_BEACON) {
        note_stood(oracle, lane, &event->as.beacon);
        beacon(oracle, lane, &event->as.beacon);
    } else if (event->type == CURFEW_EVENT_FLOORS) {
        floors(oracle, lane, &event->as.floors);
    } else if (event->type == CURFEW_EVENT_ACCEPTED) {
        note_answered(oracle, lane, &event->as.accepted);
        answered(oracle, lane, &event->as.accepted);
    }
}

void sim_oracle_published_free(struct sim_oracle *oracle)
{
    struct o_said *said = NULL;
    struct o_said *next = NULL;
    HASH_ITER(hh, oracle->said, said, next)
    {
        HASH_DEL(oracle->said, said);
        free(said);
    }
    struct o_mint *mint = NULL;
    struct o_mint *after = NULL;
    HASH_ITER(hh, oracle->mints, mint, after)
    {
        HASH_DEL(oracle->mints, mint);
        free(mint);
    }
    struct o_floor *floor = NULL;
    struct o_floor *next_floor = NULL;
    HASH_ITER(hh, oracle->floors, floor, next_floor)
    {
        HASH_DEL(oracle->floors, floor);
        free(floor);
    }
    struct o_stood *stood = NULL;
    struct o_stood *next_stood = NULL;
    HASH_ITER(hh, oracle->stood, stood, next_stood)
    {
        HASH_DEL(oracle->stood, stood);
        free(stood);
    }
}
