/* lane_control: what the control lane's records come to there, and how the other lanes take them in. */
#include "services/coordinator/lane_state.h"
#include <stdlib.h>

/* Whether this version can do what settings activate: one that cannot stops at their record. */
bool curfew_lane_settings_known(const struct curfew_settings *settings)
{
    return settings->rules == CURFEW_RULES_VERSION && settings->schemas <= CURFEW_SCHEMAS_VERSION;
}

bool curfew_lane_settings_sane(const struct curfew_settings *settings)
{
    return settings->skew_ms >= 1 && settings->tick_ms >= 1 && settings->lease_ms >= 1 &&
           settings->heartbeat_age_ms >= 1 && settings->attempt_step >= 1 && settings->token_life_ms >= 1 &&
           settings->token_life_ms <= INT64_C(86400000) && settings->session_life_ms >= 1 &&
           settings->session_life_ms <= CURFEW_SESSION_LIFE_MAX_MS && settings->restate_ms >= 1 &&
           settings->restate_ms <= INT64_C(366) * 86400000 && settings->sessions_max >= 1 && settings->tasks_max >= 1 &&
           settings->floors_max >= 1 && settings->schemas >= 1;
}

/* Control only: settings apply here at their own record, and reach the pipelines by their ticks. */
static struct curfew_ruling settings_changed(struct curfew_lane *lane, const struct curfew_settings *settings,
                                             const struct curfew_moment *moment)
{
    if (!curfew_lane_settings_sane(settings)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    const struct curfew_fact fact = {.offset = moment->offset,
                                     .kind = CURFEW_FACT_SETTINGS,
                                     .settings = *settings,
                                     .timestamp_us = moment->timestamp_us};
    curfew_control_add(lane->control, &fact);
    lane->settings = *settings;
    if (settings->session_life_ms > lane->longest_life_ms) {
        lane->longest_life_ms = settings->session_life_ms;
    }
    return curfew_ruling_accepted();
}

/* Whether no writer would have the role any more: nobody could ever undo that. */
static bool leaves_nobody(const struct curfew_lane *lane, const struct curfew_right *right, enum curfew_role role)
{
    return !curfew_right_has(right, role) && curfew_writers_with(lane->writers, role, right->name) == 0;
}

/* Control only: who may write from here on. Rights that were taken away with a key do not come back with it. */
static struct curfew_ruling writer_set(struct curfew_lane *lane, const struct curfew_writer_set *event,
                                       const struct curfew_moment *moment)
{
    if (!curfew_right_sane(event)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    struct curfew_right *right = curfew_right_of(event);
    const struct curfew_writer *known = curfew_writers_find(lane->writers, event->name);
    enum curfew_reason reason = CURFEW_REASON_COUNT;
    if (known == NULL && curfew_writers_count(lane->writers) >= CURFEW_WRITERS_MAX) {
        reason = CURFEW_REASON_BOUND;
    } else if (known != NULL &&
               (right->epoch < known->right->epoch || right->least_epoch < known->right->least_epoch ||
                (known->right->roles == 0 && right->roles != 0 && right->least_epoch <= known->right->epoch))) {
        reason = CURFEW_REASON_CONTRADICTS;
    } else if (leaves_nobody(lane, right, CURFEW_ROLE_OPERATOR) ||
               leaves_nobody(lane, right, CURFEW_ROLE_COORDINATOR)) {
        reason = CURFEW_REASON_CONTRADICTS;
    }
    if (reason != CURFEW_REASON_COUNT) {
        free(right);
        return curfew_ruling_refused(reason);
    }
    curfew_writers_set(lane->writers, right);
    const struct curfew_fact fact = {
        .offset = moment->offset, .kind = CURFEW_FACT_WRITER_SET, .right = right, .timestamp_us = moment->timestamp_us};
    curfew_control_add(lane->control, &fact);
    return curfew_ruling_accepted();
}

/* Control only. It says nothing of records that are in order: only what holds a lane up is passed over. */
static struct curfew_ruling records_skipped(struct curfew_lane *lane, const struct curfew_records_skipped *event,
                                            const struct curfew_moment *moment)
{
    if (event->lane < 1 || event->lane >= lane->lanes || event->from < 1 || event->to < event->from) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    struct curfew_fact fact = {.offset = moment->offset,
                               .kind = CURFEW_FACT_SKIPPED,
                               .skipped = {.lane = event->lane, .from = event->from, .to = event->to},
                               .timestamp_us = moment->timestamp_us};
    memcpy(fact.skipped.log_id, event->log_id, sizeof fact.skipped.log_id);
    curfew_control_add(lane->control, &fact);
    return curfew_ruling_accepted();
}

void curfew_lane_take_control_in(struct curfew_lane *lane, int64_t upto)
{
    for (const struct curfew_fact *fact = curfew_control_fact(lane->control, lane->facts_taken);
         fact != NULL && fact->offset <= upto; fact = curfew_control_fact(lane->control, lane->facts_taken)) {
        switch (fact->kind) {
        case CURFEW_FACT_SETTINGS:
            lane->settings = fact->settings;
            break;
        case CURFEW_FACT_WRITER_SET:
            curfew_writers_set(lane->writers, fact->right);
            break;
        case CURFEW_FACT_POLICY_ADOPTED:
            curfew_book_policy_adopted(lane->book, &fact->policy, fact->version);
            break;
        case CURFEW_FACT_REVOKED:
            curfew_book_revoked(lane->book, &fact->revoked);
            break;
        case CURFEW_FACT_SKIPPED:
            break;
        }
        lane->facts_taken++;
    }
}

struct curfew_ruling curfew_lane_rule_control(struct curfew_lane *lane, const struct curfew_event *event,
                                              const struct curfew_moment *moment)
{
    switch (event->type) {
    case CURFEW_EVENT_SETTINGS:
        return settings_changed(lane, &event->as.settings.settings, moment);
    case CURFEW_EVENT_SUBJECT_REVOKED:
        return curfew_lane_subject_revoked(lane, &event->as.subject_revoked, moment);
    case CURFEW_EVENT_WRITER_SET:
        return writer_set(lane, &event->as.writer_set, moment);
    case CURFEW_EVENT_POLICY_ADOPTED:
        return curfew_lane_policy_adopted(lane, &event->as.policy_adopted, moment);
    case CURFEW_EVENT_POLICY_RAISED:
        return curfew_lane_policy_raised(lane, &event->as.policy_raised, moment);
    case CURFEW_EVENT_RECORDS_SKIPPED:
        return records_skipped(lane, &event->as.records_skipped, moment);
    case CURFEW_EVENT_GENESIS:
        return curfew_ruling_refused(CURFEW_REASON_CONTRADICTS);
    default:
        return curfew_ruling_refused(CURFEW_REASON_WRONG_LANE);
    }
}
