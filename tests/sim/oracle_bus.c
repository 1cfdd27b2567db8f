/* oracle_bus: what coordinators publish is one function of the log, and no beacon goes before its floors. */
#include "tests/sim/oracle_state.h"

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
    return memcmp(a->chain, b->chain, sizeof a->chain) == 0 && a->as_of_us == b->as_of_us &&
           a->last_cause == b->last_cause && a->oldest_cause == b->oldest_cause;
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

static bool is_newest_link(struct sim_oracle *oracle, const struct o_said *beacon)
{
    struct o_said link = {.key = {.offset = beacon->last_cause, .lane = beacon->key.lane}};
    memcpy(link.key.log_id, beacon->key.log_id, sizeof link.key.log_id);
    for (link.key.part = 0;; link.key.part++) {
        const struct o_said *found = find(oracle, &link);
        if (found == NULL) {
            return false;
        }
        if (memcmp(found->chain, beacon->chain, sizeof found->chain) == 0) {
            return true;
        }
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
    if (event->offset < 0 || (size_t)event->offset >= lane->count ||
        lane->records[event->offset].event.timestamp_us != event->as_of_us) {
        sim_oracle_violation(oracle, "I2", "a beacon of lane %d is as of %lld, which its tick at %lld is not", number,
                             (long long)event->as_of_us, (long long)event->offset);
    } else if (event->last_cause >= 0 && !oracle->revocations_cut[number] && !is_newest_link(oracle, &said)) {
        sim_oracle_violation(oracle, "I2", "a beacon of lane %d stands before the floors due to %lld", number,
                             (long long)event->last_cause);
    }
}

static void floors(struct sim_oracle *oracle, int32_t number, const struct curfew_floors *event)
{
    const struct o_lane *lane = &oracle->lanes[number];
    struct o_said said = {.key = {.offset = event->cause, .part = event->part, .lane = number},
                          .last_cause = event->cause_before};
    memcpy(said.key.log_id, event->log_id, sizeof said.key.log_id);
    memcpy(said.chain, event->chain, sizeof said.chain);
    if (memcmp(event->log_id, lane->log_id, sizeof lane->log_id) == 0 && event->cause < lane->cut_at) {
        one_function(oracle, &said, "floors records");
    }
}

void sim_oracle_published(struct sim_oracle *oracle, int32_t lane, const struct curfew_event *event)
{
    if (event->type == CURFEW_EVENT_BEACON) {
        beacon(oracle, lane, &event->as.beacon);
    } else if (event->type == CURFEW_EVENT_FLOORS) {
        floors(oracle, lane, &event->as.floors);
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
}
