/* store_reader: a program that has only Redis, as docs/key-layout.md tells it to decide. */
#include "tests/sim/store_state.h"

#include <string.h>

static const struct sim_store_state *asked(const struct sim_store *store, const struct sim_store_question *question)
{
    const bool replica = question->replica && store->copy_count > 0;
    return replica ? &store->copies[store->copy_count - 1]->state : &store->state;
}

static struct sim_store_fresh fresh_of(const struct sim_store_state *state, int32_t lane, int64_t now_us)
{
    const struct sim_store_fresh none = {.epoch = 0};
    const struct sim_store_fresh *fresh = &state->fresh[lane];
    return fresh->gone_at_ms * 1000 <= now_us ? none : *fresh;
}

void sim_store_look(const struct sim_store *store, const struct sim_store_question *question,
                    struct sim_store_glance *glance)
{
    const struct sim_store_state *state = asked(store, question);
    *glance = (struct sim_store_glance){
        .control = fresh_of(state, 0, question->now_us),
        .session = fresh_of(state, question->lane, question->now_us),
        .connection = store->connections,
    };
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

/* Whether both lanes are fresh enough, under one epoch. */
static bool is_fresh(const struct sim_store_glance *glance, const struct sim_store_question *question, int64_t *age_us)
{
    if (glance->control.epoch == 0 || glance->control.epoch != glance->session.epoch) {
        return false;
    }
    const int64_t control_us = age_of(&glance->control, question->wall_us);
    const int64_t session_us = age_of(&glance->session, question->wall_us);
    *age_us = later(control_us, session_us);
    return control_us >= 0 && session_us >= 0 && *age_us <= question->longest_age_us;
}

static bool is_valid(const struct sim_store_glance *glance, const struct sim_store_question *question)
{
    const int64_t newest_us = later(question->wall_us, later(glance->control.as_of_us, glance->session.as_of_us));
    return question->expires_us > newest_us &&
           question->issued_us >= glance->control.genesis_us + glance->control.skew_us &&
           question->issued_us >= glance->session.genesis_us + glance->session.skew_us;
}

void sim_store_decide(const struct sim_store *store, const struct sim_store_question *question,
                      const struct sim_store_glance *glance, struct sim_store_verdict *verdict)
{
    const struct sim_store_state *state = asked(store, question);
    bool whole = glance->connection == store->connections;
    bool denied = false;
    *verdict = (struct sim_store_verdict){.answer = SIM_STORE_UNAVAILABLE};
    for (size_t i = 0; i < question->lineage->count; i++) {
        const struct curfew_lineage_entry *entry = &question->lineage->entries[i];
        const struct sim_store_floor *floor = sim_store_find(state, &entry->subject);
        whole = whole && state->sentinels[sim_store_bucket(&entry->subject)] == glance->control.epoch;
        if (floor != NULL && entry->value < floor->floor) {
            denied = true;
            verdict->kind = entry->kind;
        }
    }
    verdict->control = glance->control;
    verdict->session = glance->session;
    verdict->fresh = whole && is_fresh(glance, question, &verdict->age_us);
    if (denied) {
        verdict->answer = SIM_STORE_DENY; /* whatever else is found: floors only deny */
    } else if (verdict->fresh) {
        verdict->answer = is_valid(glance, question) ? SIM_STORE_ALLOW : SIM_STORE_NOT_VALID;
    }
}

bool sim_store_allows(const struct sim_store *store, const struct sim_store_question *question, int64_t *age_us)
{
    struct sim_store_glance glance;
    struct sim_store_verdict verdict;
    sim_store_look(store, question, &glance);
    sim_store_decide(store, question, &glance, &verdict);
    *age_us = verdict.age_us;
    return verdict.answer == SIM_STORE_ALLOW;
}
