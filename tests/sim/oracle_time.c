/* oracle_time: what ticks and heartbeats do to a lane: control taken in, deadlines, leases. */
#include "tests/sim/names.h"
#include "tests/sim/oracle_state.h"
#include <stdlib.h>

#define LEASE_STEP_US (200 * CURFEW_US_PER_MS)

/* A lease may end only what a holder held that was itself at fault. */
static void blame(struct sim_oracle *oracle, int32_t lane, int32_t holder)
{
    struct sim_world *world = oracle->world;
    const struct sim_process *process = sim_world_actor(world, holder);
    const int64_t recent_us = world->now_us - (oracle->lanes[lane].settings.lease_ms + 6000) * CURFEW_US_PER_MS;
    if (!oracle->telling_again && !process->wrong_clock && process->faulted_us < recent_us) {
        sim_oracle_violation(oracle, "I7", "the lease of %s ran out in lane %d, and nothing was wrong with it",
                             process->name, lane);
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
        lane->lease_us += gone_us < 0 ? 0 : gone_us > LEASE_STEP_US ? LEASE_STEP_US : gone_us;
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
