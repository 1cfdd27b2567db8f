/* store_reader: a program that has only Redis, as docs/key-layout.md tells it to decide, in one transaction. */
#include "tests/sim/store_state.h"

#include <string.h>

static const struct sim_store_fresh *fresh_of(const struct sim_store_state *state, int32_t lane, int64_t now_us)
{
    const struct sim_store_fresh *fresh = &state->fresh[lane];
    return fresh->epoch == 0 || fresh->gone_at_ms * 1000 <= now_us ? NULL : fresh;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The age of one lane's freshness by the reader's clock; -1: its clock is suspect. */
static int64_t age_of(const struct sim_store_fresh *fresh, int64_t wall_us)
{
    const int64_t behind_us = wall_us - fresh->as_of_us;
    return behind_us < -2 * fresh->skew_us ? -1 : later(behind_us, 0) + 2 * fresh->skew_us;
}

/* Whether every bucket is there under that epoch, and no floor stands above a value. */
static bool passes(const struct sim_store_state *state, const struct curfew_lineage *lineage, int32_t epoch)
{
    for (size_t i = 0; i < lineage->count; i++) {
        const struct curfew_lineage_entry *entry = &lineage->entries[i];
        const struct sim_store_floor *floor = sim_store_find(state, &entry->subject);
        if (state->sentinels[sim_store_bucket(&entry->subject)] != epoch ||
            (floor != NULL && entry->value < floor->floor)) {
            return false;
        }
    }
    return true;
}

bool sim_store_allows(struct sim_store *store, const struct sim_store_question *question, int64_t *age_us)
{
    const struct sim_store_state *state = &store->state;
    const struct sim_store_fresh *control = fresh_of(state, 0, question->now_us);
    const struct sim_store_fresh *session = fresh_of(state, question->lane, question->now_us);
    if (control == NULL || session == NULL || control->epoch != session->epoch) {
        return false;
    }
    const int64_t control_us = age_of(control, question->wall_us);
    const int64_t session_us = age_of(session, question->wall_us);
    const int64_t newest_us = later(question->wall_us, later(control->as_of_us, session->as_of_us));
    *age_us = later(control_us, session_us);
    return control_us >= 0 && session_us >= 0 && *age_us <= question->longest_age_us &&
           question->expires_us > newest_us && question->issued_us >= control->genesis_us &&
           question->issued_us >= session->genesis_us && passes(state, question->lineage, control->epoch);
}
