/* store: what the script does to Redis, and what breaks. */
#include "tests/sim/store_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 2 /* numkeys and the key, before ARGV[1] */
#define META_PERMILLE 150 /* of evictions that take `meta` too */
#define FRESH_PERMILLE 300

struct sim_store *sim_store_create(void)
{
    struct sim_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        abort();
    }
    return store;
}

void sim_store_destroy(struct sim_store *store)
{
    if (store != NULL) {
        for (size_t i = 0; i < store->copy_count; i++) {
            free(store->copies[i]->state.floors);
            free(store->copies[i]);
        }
        free(store->epochs);
        free(store->state.floors);
        free(store);
    }
}

/* ARGV[index], from 1. */
static struct curfew_slice argument(const struct curfew_cache_call *call, size_t index)
{
    if (HEAD + index - 1 >= call->count) {
        abort();
    }
    return call->arguments[HEAD + index - 1];
}

static int64_t number_of(struct curfew_slice text)
{
    int64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        const int digit = text.at[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number)) {
            abort();
        }
    }
    return number;
}

static int64_t number(const struct curfew_cache_call *call, size_t index)
{
    return number_of(argument(call, index));
}

static struct curfew_subject subject_of(struct curfew_slice hex)
{
    struct curfew_subject subject = {{0}};
    if (hex.size != 2 * CURFEW_DIGEST_SIZE) {
        abort();
    }
    for (size_t i = 0; i < hex.size; i++) {
        const int digit = hex.at[i] <= '9' ? hex.at[i] - '0' : hex.at[i] - 'a' + 10;
        subject.digest[i / 2] = (uint8_t)(subject.digest[i / 2] << 4 | digit);
    }
    return subject;
}

static void keep(char *text, size_t size, struct curfew_slice from)
{
    if (from.size >= size) {
        abort();
    }
    memcpy(text, from.at, from.size);
    text[from.size] = '\0';
}

static bool same(const char *text, struct curfew_slice other)
{
    return curfew_slice_equal(curfew_slice_of(text), other);
}

/* The same name is the same number, whoever offers it and whenever. */
static int32_t epoch_of(struct sim_store *store, struct curfew_slice name)
{
    for (int32_t i = store->epoch_count; i > 0; i--) {
        if (same(store->epochs[i - 1], name)) {
            return i;
        }
    }
    store->epochs = realloc(store->epochs, (size_t)(store->epoch_count + 1) * sizeof store->epochs[0]);
    if (store->epochs == NULL) {
        abort();
    }
    keep(store->epochs[store->epoch_count], SIM_EPOCH_SIZE, name);
    return ++store->epoch_count;
}

int sim_store_bucket(const struct curfew_subject *subject)
{
    return subject->digest[0] << 4 | subject->digest[1] >> 4;
}

struct sim_store_floor *sim_store_find(const struct sim_store_state *state, const struct curfew_subject *subject)
{
    for (uint32_t i = state->first[sim_store_bucket(subject)]; i != 0; i = state->floors[i - 1].next) {
        if (memcmp(state->floors[i - 1].subject.digest, subject->digest, sizeof subject->digest) == 0) {
            return &state->floors[i - 1];
        }
    }
    return NULL;
}

static char *sequence_of(struct sim_store_state *state, struct curfew_slice writer)
{
    for (int i = 0; i < SIM_HOPS_MAX; i++) {
        if (state->writers[i].name[0] == '\0') {
            keep(state->writers[i].name, sizeof state->writers[i].name, writer);
        }
        if (same(state->writers[i].name, writer)) {
            return state->writers[i].sequence;
        }
    }
    abort();
}

static const char *join(struct sim_store *store, const struct curfew_cache_call *call, char *sequence)
{
    struct sim_store_state *state = &store->state;
    if (state->epoch == 0 || same(store->epochs[state->epoch - 1], argument(call, 5))) {
        state->epoch = epoch_of(store, argument(call, 6));
        for (int i = 0; i < CURFEW_CACHE_BUCKETS; i++) {
            state->sentinels[i] = state->epoch;
        }
    }
    keep(sequence, sizeof state->writers[0].sequence, argument(call, 4));
    (void)snprintf(store->answer, sizeof store->answer, "joined %s", store->epochs[state->epoch - 1]);
    return store->answer;
}

/* Whether every bucket the call touches or looks at has its sentinel. */
static bool intact(const struct sim_store_state *state, const struct curfew_cache_call *call, size_t floors)
{
    const int64_t first = number(call, 7);
    const int64_t count = number(call, 8);
    for (int64_t i = 0; i < count; i++) {
        if (state->sentinels[(first + i) % CURFEW_CACHE_BUCKETS] != state->epoch) {
            return false;
        }
    }
    for (size_t i = 0; i < floors; i++) {
        const struct curfew_subject subject = subject_of(argument(call, 12 + 3 * i));
        if (state->sentinels[sim_store_bucket(&subject)] != state->epoch) {
            return false;
        }
    }
    return true;
}

/* What in its bucket leads to a floor. */
static uint32_t *link_to(struct sim_store_state *state, uint32_t index)
{
    uint32_t *link = &state->first[sim_store_bucket(&state->floors[index].subject)];
    while (*link != index + 1) {
        link = &state->floors[*link - 1].next;
    }
    return link;
}

/* The last floor takes its place. */
static void drop(struct sim_store_state *state, uint32_t index)
{
    const uint32_t last = state->floor_count - 1;
    *link_to(state, index) = state->floors[index].next;
    if (index != last) {
        *link_to(state, last) = index + 1;
        state->floors[index] = state->floors[last];
    }
    state->floor_count--;
}

static void prune(struct sim_store_state *state, int64_t bucket, int64_t limit_us)
{
    for (uint32_t *link = &state->first[bucket]; *link != 0;) {
        if (state->floors[*link - 1].expires_us < limit_us) {
            drop(state, *link - 1);
            link = &state->first[bucket]; /* what it stood in may have moved */
        } else {
            link = &state->floors[*link - 1].next;
        }
    }
}

static struct sim_store_floor *add(struct sim_store_state *state, const struct curfew_subject *subject)
{
    if (state->floor_count == state->floor_room) {
        state->floor_room = state->floor_room == 0 ? 64 : 2 * state->floor_room;
        state->floors = realloc(state->floors, state->floor_room * sizeof state->floors[0]);
        if (state->floors == NULL) {
            abort();
        }
    }
    struct sim_store_floor *made = &state->floors[state->floor_count++];
    uint32_t *first = &state->first[sim_store_bucket(subject)];
    *made = (struct sim_store_floor){.subject = *subject, .next = *first};
    *first = state->floor_count;
    return made;
}

static void raise(struct sim_store_state *state, const struct curfew_subject *subject, int64_t floor,
                  int64_t expires_us)
{
    struct sim_store_floor *held = sim_store_find(state, subject);
    if (held == NULL) {
        held = add(state, subject);
    }
    held->floor = floor > held->floor ? floor : held->floor;
    held->expires_us = expires_us > held->expires_us ? expires_us : held->expires_us;
}

/* "<log id> <genesis> <skew>" */
static void read_rest(struct curfew_slice text, struct sim_store_fresh *fresh)
{
    const uint8_t *end = text.at + text.size;
    const uint8_t *genesis = memchr(text.at, ' ', text.size);
    const uint8_t *skew = genesis == NULL ? NULL : memchr(genesis + 1, ' ', (size_t)(end - genesis - 1));
    if (skew == NULL) {
        abort();
    }
    fresh->genesis_us = number_of((struct curfew_slice){genesis + 1, (size_t)(skew - genesis - 1)});
    fresh->skew_us = number_of((struct curfew_slice){skew + 1, (size_t)(end - skew - 1)});
}

static void vouch(struct sim_store_state *state, const struct curfew_cache_call *call, size_t at, int64_t now_us)
{
    const int64_t lane = number(call, at);
    const int64_t as_of_us = number(call, at + 1);
    if (lane >= SIM_LANES_MAX) {
        abort();
    }
    struct sim_store_fresh *fresh = &state->fresh[lane];
    const bool alive = fresh->epoch != 0 && fresh->gone_at_ms * 1000 > now_us;
    if (!alive || fresh->epoch != state->epoch || as_of_us > fresh->as_of_us) {
        *fresh =
            (struct sim_store_fresh){.epoch = state->epoch, .as_of_us = as_of_us, .gone_at_ms = number(call, at + 3)};
        read_rest(argument(call, at + 2), fresh);
    }
}

const char *sim_store_call(struct sim_store *store, const struct curfew_cache_call *call, int64_t now_us)
{
    struct sim_store_state *state = &store->state;
    char *sequence = sequence_of(state, argument(call, 3));
    if (same("join", argument(call, 1))) {
        return join(store, call, sequence);
    }
    const size_t floors = (size_t)number(call, 11);
    if (state->epoch == 0 || !same(store->epochs[state->epoch - 1], argument(call, 6))) {
        return "epoch";
    }
    if (!same(sequence, argument(call, 5)) && !same(sequence, argument(call, 4))) {
        return "sequence";
    }
    if (!intact(state, call, floors)) {
        return "lost";
    }
    prune(state, number(call, 9), number(call, 10));
    for (size_t i = 0; i < floors; i++) {
        const struct curfew_subject subject = subject_of(argument(call, 12 + 3 * i));
        raise(state, &subject, number(call, 13 + 3 * i), number(call, 14 + 3 * i));
    }
    for (size_t at = 12 + 3 * floors; at + HEAD - 1 < call->count; at += 4) {
        vouch(state, call, at, now_us);
    }
    keep(sequence, sizeof state->writers[0].sequence, argument(call, 4));
    return "ok";
}

void sim_store_flush(struct sim_store *store)
{
    free(store->state.floors);
    memset(&store->state, 0, sizeof store->state);
}

void sim_store_evict(struct sim_store *store, struct sim_dice *dice, int buckets)
{
    struct sim_store_state *state = &store->state;
    for (int i = 0; i < buckets; i++) {
        /* A bucket that holds something, when there is one: empty ones are all alike. */
        const int bucket = state->floor_count == 0
                               ? (int)sim_dice_roll(dice, CURFEW_CACHE_BUCKETS)
                               : sim_store_bucket(&state->floors[sim_dice_roll(dice, state->floor_count)].subject);
        state->sentinels[bucket] = 0;
        while (state->first[bucket] != 0) {
            drop(state, state->first[bucket] - 1);
        }
    }
    if (sim_dice_chance(dice, FRESH_PERMILLE)) {
        state->fresh[sim_dice_roll(dice, SIM_LANES_MAX)].epoch = 0;
    }
    if (sim_dice_chance(dice, META_PERMILLE)) {
        state->epoch = 0;
        memset(state->writers, 0, sizeof state->writers);
    }
}

/* `to` gives up what it held. */
static void copy_state(struct sim_store_state *to, const struct sim_store_state *from)
{
    struct sim_store_floor *floors = to->floors;
    uint32_t room = to->floor_room;
    if (room < from->floor_count) {
        room = from->floor_room;
        floors = realloc(floors, room * sizeof floors[0]);
        if (floors == NULL) {
            abort();
        }
    }
    *to = *from;
    to->floors = floors;
    to->floor_room = room;
    if (from->floor_count > 0) {
        memcpy(floors, from->floors, from->floor_count * sizeof floors[0]);
    }
}

void sim_store_replicate(struct sim_store *store, int64_t now_us)
{
    struct sim_store_copy *copy = NULL;
    if (store->copy_count < SIM_COPIES) {
        copy = calloc(1, sizeof *copy);
        if (copy == NULL) {
            abort();
        }
    } else {
        copy = store->copies[0];
        memmove(store->copies, store->copies + 1, (SIM_COPIES - 1) * sizeof(struct sim_store_copy *));
        store->copy_count--;
    }
    copy_state(&copy->state, &store->state);
    copy->taken_us = now_us;
    store->copies[store->copy_count++] = copy;
}

void sim_store_failover(struct sim_store *store, int64_t now_us, int64_t behind_us)
{
    store->connections++;
    for (size_t i = store->copy_count; i-- > 0;) {
        if (store->copies[i]->taken_us <= now_us - behind_us || i == 0) {
            copy_state(&store->state, &store->copies[i]->state);
            return;
        }
    }
}
