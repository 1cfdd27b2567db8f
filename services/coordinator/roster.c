/* roster: proves statuses, and keeps the newest of each hop. */
#include "services/coordinator/roster.h"

#include "schemas/codec.h"
#include "services/coordinator/memory.h"
#include <stdio.h>
#include <stdlib.h>

struct entry {
    struct curfew_roster_hop hop;
    struct curfew_mac_key *key; /* of the epoch used last */
    UT_hash_handle hh;
    size_t name_size;
    uint8_t name[];
};

struct curfew_roster {
    uint8_t master[CURFEW_MASTER_SIZE];
    int32_t lanes;
    struct entry *by_name;
    int64_t refused[CURFEW_ROSTER_REFUSALS];
    struct curfew_arena arena;
};

const char *curfew_roster_refusal_name(enum curfew_roster_refusal refusal)
{
    static const char *const names[] = {[CURFEW_ROSTER_UNREADABLE] = "unreadable",
                                        [CURFEW_ROSTER_UNKNOWN] = "unknown",
                                        [CURFEW_ROSTER_MAC] = "mac",
                                        [CURFEW_ROSTER_EPOCH] = "epoch",
                                        [CURFEW_ROSTER_OLD] = "old",
                                        [CURFEW_ROSTER_CLOCK] = "clock"};
    return names[refusal];
}

const char *curfew_roster_state_name(enum curfew_roster_state state)
{
    static const char *const names[] = {[CURFEW_ROSTER_UNHEARD] = "unheard",
                                        [CURFEW_ROSTER_SILENT] = "silent",
                                        [CURFEW_ROSTER_BEHIND] = "behind",
                                        [CURFEW_ROSTER_FRESH] = "fresh"};
    return names[state];
}

struct curfew_roster *curfew_roster_create(const uint8_t master[CURFEW_MASTER_SIZE], int32_t lanes)
{
    struct curfew_roster *roster = curfew_memory_take(sizeof *roster);
    memcpy(roster->master, master, sizeof roster->master);
    roster->lanes = lanes;
    roster->arena.memory = curfew_memory_take(CURFEW_CODEC_MEMORY);
    roster->arena.size = CURFEW_CODEC_MEMORY;
    return roster;
}

void curfew_roster_destroy(struct curfew_roster *roster)
{
    struct entry *entry = NULL;
    struct entry *next = NULL;
    if (roster == NULL) {
        return;
    }
    HASH_ITER(hh, roster->by_name, entry, next)
    {
        HASH_DEL(roster->by_name, entry);
        curfew_mac_key_destroy(entry->key);
        free(entry->hop.lanes);
        free(entry);
    }
    explicit_bzero(roster->master, sizeof roster->master);
    free(roster->arena.memory);
    free(roster);
}

static struct entry *find(const struct curfew_roster *roster, struct curfew_slice name)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, roster->by_name, name.at, name.size, entry);
    return entry;
}

static struct entry *entry_of(struct curfew_roster *roster, struct curfew_slice name)
{
    struct entry *entry = find(roster, name);
    if (entry == NULL) {
        entry = curfew_memory_take(sizeof *entry + name.size);
        entry->name_size = name.size;
        memcpy(entry->name, name.at, name.size);
        HASH_ADD_KEYPTR(hh, roster->by_name, entry->name, entry->name_size, entry);
    }
    return entry;
}

/* Who says it, by what control knows; CURFEW_ROSTER_REFUSALS: proven. */
static enum curfew_roster_refusal prove(struct curfew_roster *roster, const struct curfew_writers *writers,
                                        const struct curfew_hop_status *status, struct curfew_slice value,
                                        struct curfew_slice mac)
{
    static const struct curfew_log_place place = {.lane = CURFEW_MAC_STATUS};
    const struct curfew_writer *writer = writers == NULL ? NULL : curfew_writers_find(writers, status->hop);
    const int32_t epoch = curfew_mac_epoch(mac);
    if (writer == NULL || !curfew_right_has(writer->right, CURFEW_ROLE_HOP) || epoch > writer->right->epoch) {
        return CURFEW_ROSTER_UNKNOWN;
    }
    if (epoch < 1) {
        return CURFEW_ROSTER_MAC;
    }
    if (epoch < writer->right->least_epoch) {
        return CURFEW_ROSTER_EPOCH;
    }
    struct entry *entry = entry_of(roster, status->hop);
    if (entry->key == NULL || curfew_mac_key_epoch(entry->key) != epoch) {
        curfew_mac_key_destroy(entry->key);
        entry->key = curfew_mac_key_derive(roster->master, status->hop, epoch);
    }
    return curfew_mac_verify(entry->key, &place, value, mac) ? CURFEW_ROSTER_REFUSALS : CURFEW_ROSTER_MAC;
}

/* Cut where it must be, and never inside a character. */
static void copy_text(char *text, size_t size, struct curfew_slice from)
{
    size_t kept = from.size < size ? from.size : size - 1;
    while (kept < from.size && kept > 0 && (from.at[kept] & 0xc0) == 0x80) {
        kept--;
    }
    if (kept > 0) {
        memcpy(text, from.at, kept);
    }
    text[kept] = '\0';
}

static void keep(struct curfew_roster_hop *hop, const struct curfew_hop_status *status, struct curfew_now now)
{
    const struct curfew_lane_status *lanes = status->lanes.items;
    hop->said_us = status->said_us;
    hop->spoke_us = now.boot_us - (now.wall_us > status->said_us ? now.wall_us - status->said_us : 0);
    hop->floors = status->floors;
    copy_text(hop->boot, sizeof hop->boot, status->boot);
    copy_text(hop->version, sizeof hop->version, status->version);
    hop->lanes = curfew_memory_resize(hop->lanes, (status->lanes.count + 1) * sizeof *hop->lanes);
    hop->lane_count = status->lanes.count;
    for (size_t i = 0; i < status->lanes.count; i++) {
        hop->lanes[i] =
            (struct curfew_roster_lane){.lane = lanes[i].lane, .offset = lanes[i].offset, .age_ms = lanes[i].age_ms};
        memcpy(hop->lanes[i].log_id, lanes[i].log_id, sizeof hop->lanes[i].log_id);
        copy_text(hop->lanes[i].problem, sizeof hop->lanes[i].problem, lanes[i].problem);
    }
}

static enum curfew_roster_refusal judge(struct curfew_roster *roster, const struct curfew_writers *writers,
                                        struct curfew_slice value, struct curfew_slice mac, struct curfew_now now)
{
    struct curfew_event event;
    enum curfew_reason reason = CURFEW_REASON_UNDECODABLE;
    roster->arena.used = 0;
    if (curfew_codec_decode(value, &roster->arena, &event, &reason, NULL) != CURFEW_OK ||
        event.type != CURFEW_EVENT_HOP_STATUS || event.as.hop_status.said_us <= 0) {
        return CURFEW_ROSTER_UNREADABLE;
    }
    const struct curfew_hop_status *status = &event.as.hop_status;
    const enum curfew_roster_refusal refusal = prove(roster, writers, status, value, mac);
    if (refusal != CURFEW_ROSTER_REFUSALS) {
        return refusal;
    }
    if (status->said_us - now.wall_us > CURFEW_ROSTER_CLOCK_US ||
        now.wall_us - status->said_us > CURFEW_ROSTER_CLOCK_US) {
        return CURFEW_ROSTER_CLOCK;
    }
    struct curfew_roster_hop *hop = &entry_of(roster, status->hop)->hop;
    if (status->said_us <= hop->said_us) {
        return CURFEW_ROSTER_OLD;
    }
    keep(hop, status, now);
    return CURFEW_ROSTER_REFUSALS;
}

void curfew_roster_take(struct curfew_roster *roster, const struct curfew_writers *writers, struct curfew_slice value,
                        struct curfew_slice mac, struct curfew_now now)
{
    const enum curfew_roster_refusal refusal = judge(roster, writers, value, mac, now);
    if (refusal != CURFEW_ROSTER_REFUSALS) {
        roster->refused[refusal]++;
    }
}

const struct curfew_roster_hop *curfew_roster_find(const struct curfew_roster *roster, struct curfew_slice name)
{
    const struct entry *entry = find(roster, name);
    return entry == NULL || entry->hop.said_us == 0 ? NULL : &entry->hop;
}

enum curfew_roster_state curfew_roster_state(const struct curfew_roster *roster, const struct curfew_roster_hop *hop,
                                             struct curfew_now now)
{
    if (hop == NULL) {
        return CURFEW_ROSTER_UNHEARD;
    }
    if (now.boot_us - hop->spoke_us > CURFEW_ROSTER_SILENT_US) {
        return CURFEW_ROSTER_SILENT;
    }
    bool well = hop->lane_count == (size_t)roster->lanes;
    for (size_t i = 0; i < hop->lane_count; i++) {
        well = well && hop->lanes[i].problem[0] == '\0' && hop->lanes[i].age_ms >= 0;
    }
    return well ? CURFEW_ROSTER_FRESH : CURFEW_ROSTER_BEHIND;
}

int64_t curfew_roster_refused(const struct curfew_roster *roster, enum curfew_roster_refusal refusal)
{
    return roster->refused[refusal];
}
