/* store: what the script does to Redis, and what breaks. */
#include "tests/sim/store_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD 2 /* numkeys and the key, before ARGV[1] */
#define WORD_SIZE 512

/* Everything the product sends has room here; what has not is a fault of this model. */
static void put(char *to, size_t capacity, const char *text)
{
    const size_t size = strlen(text) + 1;
    if (size > capacity) {
        abort();
    }
    memcpy(to, text, size);
}

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
            free(store->copies[i]);
        }
        free(store);
    }
}

/* ARGV[index], from 1. */
static const char *argument(const struct curfew_cache_call *call, size_t index, char word[WORD_SIZE])
{
    if (HEAD + index - 1 >= call->count) {
        abort();
    }
    const struct curfew_slice at = call->arguments[HEAD + index - 1];
    (void)snprintf(word, WORD_SIZE, "%.*s", CURFEW_SLICE_ARGS(at));
    return word;
}

static int64_t number(const struct curfew_cache_call *call, size_t index)
{
    char word[WORD_SIZE];
    return strtoll(argument(call, index, word), NULL, 10);
}

static int digit(char hex)
{
    return hex <= '9' ? hex - '0' : hex - 'a' + 10;
}

int sim_store_bucket(const char *subject)
{
    return digit(subject[0]) << 8 | digit(subject[1]) << 4 | digit(subject[2]);
}

struct sim_store_floor *sim_store_find(struct sim_store_state *state, const char *subject)
{
    const int bucket = sim_store_bucket(subject);
    for (size_t i = 0; i < state->floor_count; i++) {
        if (state->floors[i].bucket == bucket && strcmp(state->floors[i].subject, subject) == 0) {
            return &state->floors[i];
        }
    }
    return NULL;
}

static char *sequence_of(struct sim_store_state *state, const char *writer)
{
    for (int i = 0; i < SIM_HOPS_MAX; i++) {
        if (state->writers[i].name[0] == '\0') {
            put(state->writers[i].name, sizeof state->writers[i].name, writer);
        }
        if (strcmp(state->writers[i].name, writer) == 0) {
            return state->writers[i].sequence;
        }
    }
    abort();
}

static const char *join(struct sim_store *store, const struct curfew_cache_call *call, char *sequence)
{
    static char answer[SIM_EPOCH_SIZE + 8];
    char word[WORD_SIZE];
    struct sim_store_state *state = &store->state;
    if (state->epoch[0] == '\0' || strcmp(state->epoch, argument(call, 5, word)) == 0) {
        put(state->epoch, sizeof state->epoch, argument(call, 6, word));
        state->epoch_number = ++store->epochs;
        for (int i = 0; i < CURFEW_CACHE_BUCKETS; i++) {
            state->sentinels[i] = state->epoch_number;
        }
    }
    put(sequence, sizeof state->writers[0].sequence, argument(call, 4, word));
    (void)snprintf(answer, sizeof answer, "joined %s", state->epoch);
    return answer;
}

static bool intact(const struct sim_store_state *state, const struct curfew_cache_call *call, size_t floors)
{
    char word[WORD_SIZE];
    const int64_t first = number(call, 7);
    const int64_t count = number(call, 8);
    for (int64_t i = 0; i < count; i++) {
        if (state->sentinels[(first + i) % CURFEW_CACHE_BUCKETS] != state->epoch_number) {
            return false;
        }
    }
    for (size_t i = 0; i < floors; i++) {
        if (state->sentinels[sim_store_bucket(argument(call, 12 + 3 * i, word))] != state->epoch_number) {
            return false;
        }
    }
    return true;
}

static void drop_floor(struct sim_store_state *state, size_t index)
{
    state->floors[index] = state->floors[--state->floor_count];
}

static void prune(struct sim_store_state *state, int64_t bucket, int64_t limit_us)
{
    for (size_t i = state->floor_count; i-- > 0;) {
        if (state->floors[i].bucket == bucket && state->floors[i].expires_us < limit_us) {
            drop_floor(state, i);
        }
    }
}

static void raise(struct sim_store_state *state, const char *subject, int64_t floor, int64_t expires_us)
{
    struct sim_store_floor *held = sim_store_find(state, subject);
    if (held == NULL) {
        if (state->floor_count == SIM_STORE_FLOORS) {
            abort(); /* a world has no more subjects than that */
        }
        held = &state->floors[state->floor_count++];
        *held = (struct sim_store_floor){.bucket = sim_store_bucket(subject)};
        put(held->subject, sizeof held->subject, subject);
    }
    held->floor = floor > held->floor ? floor : held->floor;
    held->expires_us = expires_us > held->expires_us ? expires_us : held->expires_us;
}

static void vouch(struct sim_store_state *state, const struct curfew_cache_call *call, size_t at, int64_t now_us)
{
    char word[WORD_SIZE];
    char log_id[64];
    long long genesis_us = 0;
    long long skew_us = 0;
    struct sim_store_fresh *fresh = &state->fresh[number(call, at)];
    const int64_t as_of_us = number(call, at + 1);
    if (sscanf(argument(call, at + 2, word), "%63s %lld %lld", log_id, &genesis_us, &skew_us) != 3) {
        abort();
    }
    const bool alive = fresh->epoch[0] != '\0' && fresh->gone_at_ms * 1000 > now_us;
    if (!alive || strcmp(fresh->epoch, state->epoch) != 0 || as_of_us > fresh->as_of_us) {
        *fresh = (struct sim_store_fresh){"", as_of_us, genesis_us, skew_us, number(call, at + 3)};
        memcpy(fresh->epoch, state->epoch, sizeof fresh->epoch);
    }
}

const char *sim_store_call(struct sim_store *store, const struct curfew_cache_call *call, int64_t now_us)
{
    char word[WORD_SIZE];
    struct sim_store_state *state = &store->state;
    char *sequence = sequence_of(state, argument(call, 3, word));
    if (strcmp(argument(call, 1, word), "join") == 0) {
        return join(store, call, sequence);
    }
    const size_t floors = (size_t)number(call, 11);
    if (state->epoch[0] == '\0' || strcmp(state->epoch, argument(call, 6, word)) != 0) {
        return "epoch";
    }
    if (strcmp(sequence, argument(call, 5, word)) != 0 && strcmp(sequence, argument(call, 4, word)) != 0) {
        return "sequence";
    }
    if (!intact(state, call, floors)) {
        return "lost";
    }
    prune(state, number(call, 9), number(call, 10));
    for (size_t i = 0; i < floors; i++) {
        raise(state, argument(call, 12 + 3 * i, word), number(call, 13 + 3 * i), number(call, 14 + 3 * i));
    }
    for (size_t at = 12 + 3 * floors; at + HEAD - 1 < call->count; at += 4) {
        vouch(state, call, at, now_us);
    }
    put(sequence, sizeof state->writers[0].sequence, argument(call, 4, word));
    return "ok";
}

void sim_store_flush(struct sim_store *store)
{
    memset(&store->state, 0, sizeof store->state);
}

void sim_store_evict(struct sim_store *store, struct sim_dice *dice, int buckets)
{
    struct sim_store_state *state = &store->state;
    for (int i = 0; i < buckets; i++) {
        /* A bucket that holds something, when there is one: empty ones are all alike. */
        const int bucket = state->floor_count == 0 ? (int)sim_dice_roll(dice, CURFEW_CACHE_BUCKETS)
                                                   : state->floors[sim_dice_roll(dice, state->floor_count)].bucket;
        state->sentinels[bucket] = 0;
        prune(state, bucket, INT64_MAX);
    }
    if (sim_dice_chance(dice, 300)) {
        state->fresh[sim_dice_roll(dice, SIM_LANES_MAX)].epoch[0] = '\0';
    }
}

void sim_store_replicate(struct sim_store *store, int64_t now_us)
{
    struct sim_store_state *copy = NULL;
    if (store->copy_count < SIM_COPIES) {
        copy = malloc(sizeof *copy);
        if (copy == NULL) {
            abort();
        }
    } else {
        copy = store->copies[0];
        memmove(store->copies, store->copies + 1, (SIM_COPIES - 1) * sizeof(struct sim_store_state *));
        memmove(store->copied_us, store->copied_us + 1, (SIM_COPIES - 1) * sizeof(int64_t));
        store->copy_count--;
    }
    memcpy(copy, &store->state,
           offsetof(struct sim_store_state, floors) + store->state.floor_count * sizeof store->state.floors[0]);
    store->copied_us[store->copy_count] = now_us;
    store->copies[store->copy_count++] = copy;
}

void sim_store_failover(struct sim_store *store, int64_t now_us, int64_t behind_us)
{
    for (size_t i = store->copy_count; i-- > 0;) {
        if (store->copied_us[i] <= now_us - behind_us || i == 0) {
            const struct sim_store_state *copy = store->copies[i];
            memcpy(&store->state, copy,
                   offsetof(struct sim_store_state, floors) + copy->floor_count * sizeof copy->floors[0]);
            return;
        }
    }
}
