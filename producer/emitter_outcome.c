/* emitter_outcome: how emissions end. */
#include "producer/emitter_state.h"

static struct curfew_emissions *list_of(struct curfew_emitter_lane *lane, enum curfew_emission_state state)
{
    switch (state) {
    case CURFEW_EMISSION_WAITING:
        return &lane->waiting;
    case CURFEW_EMISSION_SENT:
        return &lane->sent;
    case CURFEW_EMISSION_RESTING:
        return &lane->resting;
    default:
        return &lane->durable;
    }
}

static bool is_delivered(enum curfew_emission_state state)
{
    return state == CURFEW_EMISSION_DURABLE || state == CURFEW_EMISSION_RESTING;
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
    if (!is_delivered(emission->state) && is_delivered(state)) {
        emitter->undelivered--;
    } else if (is_delivered(emission->state) && !is_delivered(state)) {
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
    if (!is_delivered(emission->state) && !curfew_emission_is_probe(emission)) {
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

/* Whether what it lacks may be on its way, and there is time to say it again. */
static bool may_insist(const struct curfew_emission *emission, const struct curfew_refusal *refusal, int64_t again_us)
{
    const bool lacking =
        refusal->reason == CURFEW_REASON_UNKNOWN_TASK || refusal->reason == CURFEW_REASON_UNKNOWN_SESSION;
    return refusal->retriable && lacking && !emission->heartbeat && again_us < emission->deadline_us &&
           again_us < emission->insist_until_us;
}

void curfew_emitter_take_refusal(struct curfew_emitter *emitter, struct curfew_emission *emission,
                                 const struct curfew_refusal *refusal)
{
    const int64_t now_us = emitter->now.boot_us;
    if (emission->insist_until_us == 0) {
        emission->insist_until_us = now_us + CURFEW_EMITTER_INSIST_US;
        emission->pause_us = CURFEW_EMITTER_PAUSE_US;
    }
    if (!may_insist(emission, refusal, now_us + emission->pause_us)) {
        curfew_emitter_refuse(emitter, emission, refusal);
        return;
    }
    emission->refusal = *refusal;
    emission->again_us = now_us + emission->pause_us;
    emission->pause_us *= 2;
    curfew_emitter_move(emitter, emission, CURFEW_EMISSION_RESTING, emitter->lanes[emission->lane].resting.last);
}

int64_t curfew_emitter_wake(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane)
{
    int64_t due_us = INT64_MAX;
    struct curfew_emission *next = NULL;
    for (struct curfew_emission *emission = lane->resting.first; emission != NULL; emission = next) {
        next = emission->next;
        if (emission->again_us <= emitter->now.boot_us) {
            emission->receipt = (struct curfew_receipt){.lane = lane->lane, .offset = -1};
            curfew_emitter_move(emitter, emission, CURFEW_EMISSION_WAITING, lane->waiting.last);
        } else if (emission->again_us < due_us) {
            due_us = emission->again_us;
        }
    }
    /* It may have been given up on meanwhile. */
    if (lane->waiting.first != NULL && lane->log == CURFEW_LOG_UNREAD) {
        curfew_emitter_read_log(emitter, lane);
    }
    if (lane->waiting.first != NULL && lane->following == CURFEW_ANSWERS_UNREAD && lane->log != CURFEW_LOG_UNREAD) {
        curfew_emitter_read_answers(emitter, lane, CURFEW_OFFSET_END);
    }
    return due_us;
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

/* Of what was refused and not said again since that is the outcome, whatever comes in between. */
static bool tell_refusal(struct curfew_emitter *emitter, struct curfew_emission *emission)
{
    const bool refused = emission->state == CURFEW_EMISSION_RESTING ||
                         (emission->state == CURFEW_EMISSION_WAITING && emission->insist_until_us != 0);
    if (refused) {
        const struct curfew_refusal refusal = emission->refusal; /* the emission goes */
        emission->receipt.offset = refusal.offset;
        curfew_emitter_refuse(emitter, emission, &refusal);
    }
    return refused;
}

void curfew_emitter_expire(struct curfew_emitter *emitter, struct curfew_emission *emission)
{
    if (tell_refusal(emitter, emission)) {
        return;
    }
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
    if (tell_refusal(emitter, emission)) {
        return;
    }
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
