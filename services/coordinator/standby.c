/* standby: two small rings, of when what was stepped and of what others answered. */
#include "services/coordinator/standby.h"

static int64_t hold_us(const struct curfew_standby *standby)
{
    return standby->rank * CURFEW_RANK_HOLD_US;
}

static bool holds_back(const struct curfew_standby *standby)
{
    return standby->rank > 0 && !standby->leads;
}

static struct curfew_standby_sample *sample_at(struct curfew_standby *standby, size_t index)
{
    return &standby->samples[(standby->sample_first + index) % CURFEW_STANDBY_SAMPLES];
}

static const struct curfew_standby_answer *answer_at(const struct curfew_standby *standby, size_t index)
{
    return &standby->answers[(standby->answer_first + index) % CURFEW_STANDBY_ANSWERS];
}

void curfew_standby_live(struct curfew_standby *standby, int64_t offset, int64_t now_us)
{
    standby->heard_us = now_us;
    standby->ripe_to = -1;
    standby->sample_count = 0;
    curfew_standby_stepped(standby, offset, now_us);
}

void curfew_standby_ticked(struct curfew_standby *standby, bool own, int64_t now_us)
{
    standby->leads = own;
    standby->heard_us = now_us;
}

void curfew_standby_stepped(struct curfew_standby *standby, int64_t offset, int64_t now_us)
{
    const size_t count = standby->sample_count;
    if (standby->rank == 0 || (count > 0 && sample_at(standby, count - 1)->offset >= offset) ||
        (count == 0 && standby->ripe_to >= offset)) {
        return;
    }
    if (count < CURFEW_STANDBY_SAMPLES) {
        standby->sample_count++;
    }
    *sample_at(standby, standby->sample_count - 1) = (struct curfew_standby_sample){now_us, offset};
}

int64_t curfew_standby_ripe(struct curfew_standby *standby, int64_t now_us)
{
    while (standby->sample_count > 0 && sample_at(standby, 0)->boot_us + hold_us(standby) <= now_us) {
        standby->ripe_to = sample_at(standby, 0)->offset;
        standby->sample_first = (standby->sample_first + 1) % CURFEW_STANDBY_SAMPLES;
        standby->sample_count--;
    }
    return holds_back(standby) ? standby->ripe_to : INT64_MAX;
}

int64_t curfew_standby_due(const struct curfew_standby *standby)
{
    return holds_back(standby) && standby->sample_count > 0
               ? standby->samples[standby->sample_first].boot_us + hold_us(standby)
               : INT64_MAX;
}

int64_t curfew_standby_tick_due(const struct curfew_standby *standby, int64_t ticked_us, int64_t period_us)
{
    if (!holds_back(standby)) {
        return ticked_us + period_us;
    }
    const int64_t last_us = standby->heard_us > ticked_us ? standby->heard_us : ticked_us;
    return last_us + period_us + hold_us(standby);
}

void curfew_standby_answered(struct curfew_standby *standby, const struct curfew_standby_answer *answer)
{
    if (standby->rank == 0 || answer->to < answer->from) {
        return;
    }
    if (standby->answer_count == CURFEW_STANDBY_ANSWERS) {
        standby->answer_first = (standby->answer_first + 1) % CURFEW_STANDBY_ANSWERS;
        standby->answer_count--;
    }
    standby->answers[(standby->answer_first + standby->answer_count) % CURFEW_STANDBY_ANSWERS] = *answer;
    standby->answer_count++;
}

int64_t curfew_standby_covered(const struct curfew_standby *standby, int64_t offset, curfew_standby_counts *counts,
                               const void *context)
{
    int64_t to = offset - 1;
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < standby->answer_count; i++) {
            const struct curfew_standby_answer *answer = answer_at(standby, i);
            if (answer->from <= to + 1 && answer->to > to && counts(context, answer)) {
                to = answer->to;
                more = true;
            }
        }
    }
    return to;
}

void curfew_standby_forget(struct curfew_standby *standby, int64_t offset)
{
    while (standby->answer_count > 0 && answer_at(standby, 0)->to < offset) {
        standby->answer_first = (standby->answer_first + 1) % CURFEW_STANDBY_ANSWERS;
        standby->answer_count--;
    }
}
