/* oracle_time: what ticks and heartbeats do to a lane: control taken in, deadlines, leases. */
#include "tests/sim/names.h"
#include "tests/sim/oracle_state.h"
#include <stdlib.h>

#define LEASE_STEP_US (200 * CURFEW_US_PER_MS)

/* How long after a fault of its own a holder may lose a lease. */
static int64_t excuse(const struct o_lane *lane)
{
    return (lane->settings.lease_ms + 6000) * CURFEW_US_PER_MS;
}

/* Through an outage the lease clock stands still, and so does the time in which an old fault may still cost a lease. */
static void wear_excuses(struct sim_oracle *oracle, struct o_lane *lane, int64_t step_us, int64_t true_us)
{
    if (oracle->telling_again) {
        return;
    }
    for (int32_t h = 1; h <= oracle->world->plan->size.actors; h++) {
        const int64_t faulted_us = sim_world_actor(oracle->world, h)->faulted_us;
        lane->excused_us[h] =
            faulted_us != 0 && faulted_us >= lane->ticked_us ? excuse(lane) : lane->excused_us[h] - step_us;
    }
    lane->ticked_us = true_us;
}

/* A lease may end only what a holder held that was itself at fault. */
static void blame(struct sim_oracle *oracle, int32_t number, int32_t holder)
{
    const struct sim_world *world = oracle->world;
    const struct sim_process *process = sim_world_actor(oracle->world, holder);
    const struct o_lane *lane = &oracle->lanes[number];
    if (!oracle->telling_again && !process->wrong_clock && process->faulted_us < world->now_us - excuse(lane) &&
        lane->excused_us[holder] < 0) {
        sim_oracle_violation(oracle, "I7", "the lease of %s ran out in lane %d, and nothing was wrong with it",
                             process->name, number);
    }
}

static void leases_run(struct sim_oracle *oracle, int32_t lane_number, int64_t true_us)
{
    struct o_lane *lane = &oracle->lanes[lane_number];
    bool silent[SIM_ACTORS_MAX + 1] = {false};
    for (int32_t h = 1; h <= SIM_ACTORS_MAX; h++) {
        silent[h] = lane->lease_us - lane->renewed_us[h] > lane->settings.lease_ms * CURFEW_US_PER_MS;
    }
    for (int32_t s = 1; s <= SIM_SESSIONS_MAX; s++) {
        struct o_session *session = &oracle->sessions[s];
        if (!session->known || session->over || session->lane != lane_number) {
            continue;
        }
        if (session->holder != 0 && silent[session->holder]) {
            blame(oracle, lane_number, session->holder);
            sim_oracle_end_session(oracle, s, true_us);
            continue;
        }
        for (int32_t t = 1; t <= SIM_TASKS_MAX; t++) {
            const struct o_task *task = &session->tasks[t];
            if (task->known && !task->over && !task->attempt_over && task->holder != 0 && silent[task->holder]) {
                blame(oracle, lane_number, task->holder);
                sim_oracle_end_task(oracle, s, t, true_us);
            }
        }
    }
}

static void deadlines_run(struct sim_oracle *oracle, int32_t lane_number, int64_t true_us)
{
    for (int32_t s = 1; s <= SIM_SESSIONS_MAX; s++) {
        const struct o_session *session = &oracle->sessions[s];
        if (session->known && session->lane == lane_number &&
            session->deadline_us <= oracle->lanes[lane_number].good_us) {
            sim_oracle_end_session(oracle, s, true_us);
        }
    }
}

/* Sessions of users revoked by then are over in the lane; the users' own floors stand since the control record. */
static void take_control(struct sim_oracle *oracle, int32_t lane_number, int64_t upto)
{
    struct o_lane *lane = &oracle->lanes[lane_number];
    if (upto + 1 <= lane->control_taken) {
        return;
    }
    for (size_t i = 0; i < oracle->settings_count; i++) {
        if (oracle->settings[i].offset >= lane->control_taken && oracle->settings[i].offset <= upto) {
            lane->settings = oracle->settings[i].settings;
        }
    }
    lane->control_taken = upto + 1;
    for (int32_t s = 1; s <= SIM_SESSIONS_MAX; s++) {
        struct o_session *session = &oracle->sessions[s];
        if (session->known && session->lane == lane_number &&
            sim_oracle_revoked_before(oracle, session->user, session->auth_us, lane->control_taken) != 0) {
            session->over = true;
        }
    }
}

void sim_oracle_tick(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_tick *event,
                     struct o_record *record)
{
    struct o_lane *lane = &oracle->lanes[lane_number];
    const int64_t timestamp_us = record->event.timestamp_us;
    if (lane_number != 0) {
        take_control(oracle, lane_number, event->control_offset);
        record->took = event->control_offset;
    }
    if (llabs(event->said_us - timestamp_us) > sim_oracle_skew(lane)) {
        return;
    }
    record->good_tick = true;
    if (lane->last_good_us != 0) {
        const int64_t gone_us = timestamp_us - lane->last_good_us;
        const int64_t step_us = gone_us < 0 ? 0 : gone_us > LEASE_STEP_US ? LEASE_STEP_US : gone_us;
        lane->lease_us += step_us;
        wear_excuses(oracle, lane, step_us, record->true_us);
    }
    lane->last_good_us = timestamp_us;
    lane->good_us = timestamp_us > lane->good_us ? timestamp_us : lane->good_us;
    if (lane_number != 0) {
        deadlines_run(oracle, lane_number, record->true_us);
        leases_run(oracle, lane_number, record->true_us);
    }
}

void sim_oracle_heartbeat(struct o_lane *lane, const struct curfew_holder_heartbeat *event,
                          const struct o_record *record)
{
    const int32_t holder = sim_oracle_holder(event->holder);
    const int64_t apart_us = llabs(record->event.timestamp_us - event->said_us);
    if (holder >= 1 && apart_us <= lane->settings.heartbeat_age_ms * CURFEW_US_PER_MS) {
        lane->renewed_us[holder] = lane->lease_us;
    }
}
