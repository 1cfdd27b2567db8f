/* store_reader: a program that has only Redis, as docs/key-layout.md tells it to decide, in one transaction. */
#include "tests/sim/store_state.h"

#include <stdio.h>
#include <string.h>

static const struct sim_store_fresh *fresh_of(const struct sim_store_state *state, int32_t lane, int64_t now_us)
{
    const struct sim_store_fresh *fresh = &state->fresh[lane];
    return fresh->epoch[0] == '\0' || fresh->gone_at_ms * 1000 <= now_us ? NULL : fresh;
}

/* The age of one lane's freshness by the reader's clock; -1: unavailable. */
static int64_t age_of(const struct sim_store_fresh *fresh, int64_t wall_us)
{
    const int64_t behind_us = wall_us - fresh->as_of_us;
    if (behind_us < -2 * fresh->skew_us) {
        return -1;
    }
    return (behind_us > 0 ? behind_us : 0) + 2 * fresh->skew_us;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Whether every bucket is there under the epoch, and no floor stands above a value. */
static bool passes(struct sim_store_state *state, const struct curfew_lineage *lineage)
{
    for (size_t i = 0; i < lineage->count; i++) {
        char subject[2 * CURFEW_DIGEST_SIZE + 1];
        for (int b = 0; b < CURFEW_DIGEST_SIZE; b++) {
            (void)snprintf(subject + 2 * b, 3, "%02x", lineage->entries[i].subject.digest[b]);
        }
        const struct sim_store_floor *floor = sim_store_find(state, subject);
        if (state->sentinels[sim_store_bucket(subject)] != state->epoch_number ||
            (floor != NULL && lineage->entries[i].value < floor->floor)) {
            return false;
        }
    }
    return true;
}

bool sim_store_allows(struct sim_store *store, const struct sim_store_question *question, int64_t *age_us)
{
    struct sim_store_state *state = &store->state;
    const struct sim_store_fresh *control = fresh_of(state, 0, question->now_us);
    const struct sim_store_fresh *session = fresh_of(state, question->lane, question->now_us);
    /* Sentinels carry numbers here: of the epoch in `meta`, which is also the freshness keys', or nothing agrees. */
    if (control == NULL || session == NULL || strcmp(control->epoch, state->epoch) != 0 ||
        strcmp(session->epoch, state->epoch) != 0) {
        return false;
    }
    const int64_t control_us = age_of(control, question->wall_us);
    const int64_t session_us = age_of(session, question->wall_us);
    const int64_t newest_us = later(question->wall_us, later(control->as_of_us, session->as_of_us));
    *age_us = later(control_us, session_us);
    return control_us >= 0 && session_us >= 0 && *age_us <= question->longest_age_us &&
           question->expires_us > newest_us && question->issued_us >= control->genesis_us + control->skew_us &&
           question->issued_us >= session->genesis_us + session->skew_us && passes(state, question->lineage);
}
