/* cache_model: a small Redis that knows one script. */
#include "tests/unit/cache_model.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define EPOCHS_MAX 65536
#define HEAD 2 /* numkeys and the key, before ARGV[1] */

static char epochs[EPOCHS_MAX][64] = {""};
static int epochs_known = 1;

struct curfew_subject model_subject(int number)
{
    struct curfew_subject subject = {{0}};
    int bucket = model_bucket(number);
    subject.digest[0] = (uint8_t)(bucket >> 4);
    subject.digest[1] = (uint8_t)((bucket & 15) << 4);
    subject.digest[CURFEW_DIGEST_SIZE - 1] = (uint8_t)number;
    return subject;
}

int model_bucket(int number)
{
    return number % MODEL_BUCKETS_USED * 547 % CURFEW_CACHE_BUCKETS;
}

void model_writer(int number, char name[16])
{
    snprintf(name, 16, "hop-%d", number);
}

static const char *argument(const struct curfew_cache_call *call, size_t index)
{
    static char text[8][512];
    static size_t turn;
    turn = (turn + 1) % 8;
    assert_true(HEAD + index - 1 < call->count);
    struct curfew_slice at = call->arguments[HEAD + index - 1];
    snprintf(text[turn], sizeof(text[turn]), "%.*s", CURFEW_SLICE_ARGS(at));
    return text[turn];
}

static int64_t number(const struct curfew_cache_call *call, size_t index)
{
    return strtoll(argument(call, index), NULL, 10);
}

static int epoch_number(const char *name)
{
    for (int i = epochs_known - 1; i >= 0; i--) {
        if (strcmp(epochs[i], name) == 0) {
            return i;
        }
    }
    assert_true(epochs_known < EPOCHS_MAX);
    snprintf(epochs[epochs_known], sizeof(epochs[0]), "%s", name);
    return epochs_known++;
}

static int subject_number(const char *hex)
{
    return (int)strtol(hex + strlen(hex) - 2, NULL, 16);
}

static const char *join(struct model *model, const struct curfew_cache_call *call, char *sequence)
{
    static char answer[80];
    int found_void = epoch_number(argument(call, 5));
    if (model->epoch == MODEL_NO_EPOCH || model->epoch == found_void) {
        model->epoch = epoch_number(argument(call, 6));
        for (int i = 0; i < CURFEW_CACHE_BUCKETS; i++) {
            model->sentinels[i] = model->epoch;
        }
    }
    snprintf(sequence, sizeof(model->sequence[0]), "%s", argument(call, 4));
    snprintf(answer, sizeof(answer), "joined %s", epochs[model->epoch]);
    return answer;
}

/* Whether every bucket the call touches or sweeps has its sentinel. */
static bool intact(const struct model *model, const struct curfew_cache_call *call, size_t floors)
{
    for (int64_t i = 0; i < number(call, 8); i++) {
        if (model->sentinels[(number(call, 7) + i) % CURFEW_CACHE_BUCKETS] != model->epoch) {
            return false;
        }
    }
    for (size_t i = 0; i < floors; i++) {
        int subject = subject_number(argument(call, 12 + 3 * i));
        if (model->sentinels[model_bucket(subject)] != model->epoch) {
            return false;
        }
    }
    return true;
}

static void prune(struct model *model, int64_t bucket, int64_t limit)
{
    for (int i = 0; i < MODEL_SUBJECTS; i++) {
        if (model_bucket(i) == bucket && model->floors[i].expires_us < limit) {
            model->floors[i] = (struct model_floor){0, 0};
        }
    }
}

const char *model_apply(struct model *model, const struct curfew_cache_call *call)
{
    char *sequence = model->sequence[strtol(argument(call, 3) + strlen("hop-"), NULL, 10)];
    if (strcmp(argument(call, 1), "join") == 0) {
        return join(model, call, sequence);
    }
    size_t floors = (size_t)number(call, 11);
    if (model->epoch == MODEL_NO_EPOCH || model->epoch != epoch_number(argument(call, 6))) {
        return "epoch";
    }
    if (strcmp(sequence, argument(call, 5)) != 0 && strcmp(sequence, argument(call, 4)) != 0) {
        return "sequence";
    }
    if (!intact(model, call, floors)) {
        return "lost";
    }
    prune(model, number(call, 9), number(call, 10));
    for (size_t i = 0; i < floors; i++) {
        struct model_floor *held = &model->floors[subject_number(argument(call, 12 + 3 * i))];
        int64_t floor = number(call, 13 + 3 * i);
        int64_t expires_us = number(call, 14 + 3 * i);
        held->floor = floor > held->floor ? floor : held->floor;
        held->expires_us = expires_us > held->expires_us ? expires_us : held->expires_us;
    }
    for (size_t at = 12 + 3 * floors; at + HEAD - 1 < call->count; at += 4) {
        struct model_fresh *fresh = &model->fresh[number(call, at)];
        int64_t as_of_us = number(call, at + 1);
        if (fresh->epoch != model->epoch || as_of_us > fresh->as_of_us) {
            *fresh = (struct model_fresh){model->epoch, as_of_us};
        }
    }
    snprintf(sequence, sizeof(model->sequence[0]), "%s", argument(call, 4));
    return "ok";
}

void model_lose_bucket(struct model *model, int bucket)
{
    model->sentinels[bucket] = MODEL_NO_EPOCH;
    for (int i = 0; i < MODEL_SUBJECTS; i++) {
        if (model_bucket(i) == bucket) {
            model->floors[i] = (struct model_floor){0, 0};
        }
    }
}

void model_lose_meta(struct model *model)
{
    model->epoch = MODEL_NO_EPOCH;
    memset(model->sequence, 0, sizeof(model->sequence));
}
