/* emitter_outcome: how emissions end. */
#include "producer/emitter_state.h"

static struct curfew_emissions *list_of(struct curfew_emitter_lane *lane, enum curfew_emission_state state)
{
    switch (state) {
    case CURFEW_EMISSION_WAITING:
        return &lane->waiting;
    case CURFEW_EMISSION_SENT:
        return &lane->sent;
    default:
        return &lane->durable;
    }
}

static void take_out(struct curfew_emitter_lane *lane, struct curfew_emission *emission)
{
    if (lane->again == emission) {
        lane->again = emission->before;
    }
    curfew_emissions_remove(list_of(lane, emission->state), emission);
}

void curfew_emitter_move(struct curfew_emitter *emitter, struct curfew_emission *emission,
                         enum curfew_emission_state state, struct curfew_emission *before)
{
    struct curfew_emitter_lane *lane = &emitter->lanes[emission->lane];
    if (emission->state != CURFEW_EMISSION_DURABLE && state == CURFEW_EMISSION_DURABLE) {
        emitter->undelivered--;
    } else if (emission->state == CURFEW_EMISSION_DURABLE && state != CURFEW_EMISSION_DURABLE) {
        emitter->undelivered++;
    }
    take_out(lane, emission);
    emission->state = state;
    curfew_emissions_insert(list_of(lane, state), before, emission);
}

/* Tells the outcome and forgets the emission. `outcome` holds status and error; the rest is filled in. */
static void finish(struct curfew_emitter *emitter, struct curfew_emission *emission, struct curfew_outcome *outcome)
{
    struct curfew_emitter_lane *lane = &emitter->lanes[emission->lane];
    take_out(lane, emission);
    if (emission->state == CURFEW_EMISSION_SENT) {
        (void)curfew_tickets_take(&emitter->tickets, emission->ticket);
    }
    if (emission->state != CURFEW_EMISSION_DURABLE && !curfew_emission_is_probe(emission)) {
        emitter->undelivered--;
    }
    outcome->receipt = emission->receipt;
    if (emission->receipt.offset >= 0 || curfew_emission_is_probe(emission)) {
        memcpy(outcome->receipt.log_id, lane->log_id, CURFEW_LOG_ID_SIZE);
    }
    if (emission->emitted != NULL) {
        emission->emitted(emission->context, outcome);
    }
    curfew_emission_destroy(emission);
}

void curfew_emitter_accomplish(struct curfew_emitter *emitter, struct curfew_emission *emission)
{
    struct curfew_outcome outcome = {.status = CURFEW_OK};
    if (emission->wait == CURFEW_WAIT_ACCEPTED) {
        emission->receipt.accepted_us = emitter->now.wall_us;
    }
    finish(emitter, emission, &outcome);
}

void curfew_emitter_refuse(struct curfew_emitter *emitter, struct curfew_emission *emission,
                           const struct curfew_refusal *refusal)
{
    struct curfew_outcome outcome = {.refusal = *refusal};
    emission->receipt.accepted_us = emitter->now.wall_us;
    outcome.status =
        curfew_error_set(&outcome.error, CURFEW_REFUSED, "%s: the coordinator refused it: %s; %s", emission->name,
                         curfew_reason_name((enum curfew_reason)refusal->reason),
                         refusal->retriable ? "emitting it again later can help" : "emitting it again will not help");
    outcome.error.retriable = refusal->retriable;
    finish(emitter, emission, &outcome);
}

void curfew_emitter_fail(struct curfew_emitter *emitter, struct curfew_emission *emission,
                         const struct curfew_error *error)
{
    struct curfew_outcome outcome = {.status = error->status, .error = *error};
    (void)curfew_error_set(&outcome.error, error->status, "%s: %s", emission->name, error->text);
    finish(emitter, emission, &outcome);
}

/* What to add to a text about something that did not come in time. */
static const char *problem_of(const struct curfew_emitter *emitter, const struct curfew_emitter_lane *lane)
{
    return emitter->problem[0] != '\0' ? emitter->problem : lane->problem;
}

void curfew_emitter_expire(struct curfew_emitter *emitter, struct curfew_emission *emission)
{
    const char *problem = problem_of(emitter, &emitter->lanes[emission->lane]);
    struct curfew_outcome outcome = {.status = problem[0] == '\0' ? CURFEW_TIMEOUT : CURFEW_UNAVAILABLE};
    const char *what = "it was not sent in time; emit it again";
    if (emission->state == CURFEW_EMISSION_SENT) {
        what = "it was not acknowledged in time and may or may not be in the log; emit it again";
    } else if (emission->state == CURFEW_EMISSION_DURABLE) {
        what = "it is in the log, but no coordinator answered in time; check that one runs";
    } else if (curfew_emission_is_probe(emission)) {
        what = "its log was not found out in time";
    }
    (void)curfew_error_set(&outcome.error, outcome.status, "%s: %s%s%s", emission->name, what,
                           problem[0] == '\0' ? "" : ". ", problem);
    finish(emitter, emission, &outcome);
}

void curfew_emitter_give_up(struct curfew_emitter *emitter, struct curfew_emission *emission)
{
    const char *problem = problem_of(emitter, &emitter->lanes[emission->lane]);
    struct curfew_outcome outcome = {.status = CURFEW_CLOSED};
    const char *what = "the producer closes and it was not sent";
    if (emission->state == CURFEW_EMISSION_SENT) {
        outcome.status = CURFEW_TIMEOUT;
        what = "the producer closes and it was not acknowledged: it may or may not be in the log";
    } else if (emission->state == CURFEW_EMISSION_DURABLE) {
        what = "the producer closes; it is in the log, and nobody waits for the answer";
    }
    (void)curfew_error_set(&outcome.error, outcome.status, "%s: %s%s%s", emission->name, what,
                           problem[0] == '\0' ? "" : ". ", problem);
    finish(emitter, emission, &outcome);
}
