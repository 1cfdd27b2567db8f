/* oracle_log: truth, told from a lane's durable records in order. */
#include "schemas/codec.h"
#include "tests/sim/names.h"
#include "tests/sim/oracle_state.h"
#include <stdlib.h>
#include <string.h>

#define LEASE_STEP_US (200 * CURFEW_US_PER_MS)

static int64_t now_of(const struct o_lane *lane, const struct o_record *record)
{
    return record->event.timestamp_us > lane->good_us ? record->event.timestamp_us : lane->good_us;
}

static int64_t skew_of(const struct o_lane *lane)
{
    return lane->settings.skew_ms * CURFEW_US_PER_MS;
}

static void raise_task(struct sim_oracle *oracle, int32_t session, int32_t number, int64_t floor, int64_t true_us)
{
    struct o_task *task = &oracle->sessions[session].tasks[number];
    if (task->rise_count == SIM_RISES_MAX) {
        abort(); /* no plan has a task with so many ends */
    }
    task->rises[task->rise_count++] = (struct o_rise){floor, true_us};
    int64_t *once = &oracle->once_task[session][number];
    *once = floor > *once ? floor : *once;
}

static void end_session(struct sim_oracle *oracle, int32_t number, int64_t true_us)
{
    struct o_session *session = &oracle->sessions[number];
    if (session->known && !session->over) {
        session->over = true;
        session->died_us = true_us;
        oracle->once_session[number] = true;
    }
}

/* Everything above it stands: its ancestors at the attempts it hangs on, and the session. */
static bool rooted(const struct o_session *session, const struct o_task *task)
{
    while (task->parent != 0) {
        const struct o_task *parent = &session->tasks[task->parent];
        if (parent->over || parent->attempt_over || parent->attempt != task->parent_attempt) {
            return false;
        }
        task = parent;
    }
    return !session->over;
}

static int depth(const struct o_session *session, const struct o_task *task)
{
    int steps = 1;
    for (; task->parent != 0; steps++) {
        task = &session->tasks[task->parent];
    }
    return steps;
}

static void end_task(struct sim_oracle *oracle, int32_t session, int32_t number, int64_t true_us)
{
    struct o_task *task = &oracle->sessions[session].tasks[number];
    if (rooted(&oracle->sessions[session], task)) {
        raise_task(oracle, session, number, INT64_MAX, true_us);
    }
    task->over = true;
}

static int32_t revoked_before(const struct sim_oracle *oracle, int32_t user, int64_t auth_us, int64_t upto)
{
    for (size_t i = 0; i < oracle->revoked_count; i++) {
        const struct o_user_revoked *revoked = &oracle->revoked[i];
        if (revoked->user == user && auth_us < revoked->before_us && revoked->offset < upto) {
            return (int32_t)i + 1;
        }
    }
    return 0;
}

int64_t sim_oracle_user_died(const struct sim_oracle *oracle, int32_t user, int64_t auth_us)
{
    const int32_t found = revoked_before(oracle, user, auth_us, INT64_MAX);
    return found == 0 ? 0 : oracle->revoked[found - 1].true_us;
}

/* A holder that held nothing begins its lease now. */
static void hold(struct sim_oracle *oracle, struct o_lane *lane, int32_t lane_number, int32_t holder)
{
    for (int32_t s = 1; holder != 0 && s <= SIM_SESSIONS_MAX; s++) {
        const struct o_session *session = &oracle->sessions[s];
        if (!session->known || session->over || session->lane != lane_number) {
            continue;
        }
        if (session->holder == holder) {
            return;
        }
        for (int32_t t = 1; t <= SIM_TASKS_MAX; t++) {
            const struct o_task *task = &session->tasks[t];
            if (task->known && !task->over && !task->attempt_over && task->holder == holder) {
                return;
            }
        }
    }
    if (holder != 0) {
        lane->renewed_us[holder] = lane->lease_us;
    }
}

static void session_started(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_session_started *event,
                            const struct o_record *record)
{
    struct o_lane *lane = &oracle->lanes[lane_number];
    const int32_t number = sim_session_number(event->session);
    const int32_t user = sim_number_of("user-", event->user);
    if (number < 1 || number > SIM_SESSIONS_MAX || user < 1 || user > SIM_USERS_MAX) {
        return;
    }
    struct o_session *session = &oracle->sessions[number];
    if (session->known || event->auth_us > record->event.timestamp_us + skew_of(lane) ||
        event->deadline_us <= now_of(lane, record) ||
        event->deadline_us - event->auth_us > lane->settings.session_life_ms * CURFEW_US_PER_MS ||
        revoked_before(oracle, user, event->auth_us, lane->control_taken) != 0) {
        return;
    }
    hold(oracle, lane, lane_number, sim_number_of("holder-", event->holder));
    *session = (struct o_session){
        .known = true,
        .lane = lane_number,
        .user = user,
        .holder = sim_number_of("holder-", event->holder),
        .auth_us = event->auth_us,
        .deadline_us = event->deadline_us,
    };
}

static struct o_session *session_of(struct sim_oracle *oracle, struct curfew_slice name, int32_t *number)
{
    *number = sim_session_number(name);
    return *number < 1 || *number > SIM_SESSIONS_MAX || !oracle->sessions[*number].known ? NULL
                                                                                         : &oracle->sessions[*number];
}

static void task_started(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_task_started *event,
                         const struct o_record *record)
{
    int32_t number = 0;
    struct o_lane *lane = &oracle->lanes[lane_number];
    struct o_session *session = session_of(oracle, event->session, &number);
    const int32_t at = sim_number_of("task-", event->task);
    const int32_t above = sim_number_of("task-", event->parent);
    if (session == NULL || session->over || at < 1 || at > SIM_TASKS_MAX || above > SIM_TASKS_MAX || at == above ||
        event->attempt < 1 || (above == 0) != (event->parent_attempt == 0)) {
        return;
    }
    struct o_task *task = &session->tasks[at];
    const struct o_task *parent = &session->tasks[above];
    if (above != 0 &&
        (!parent->known || parent->over || parent->attempt_over || parent->attempt != event->parent_attempt ||
         !rooted(session, parent) || depth(session, parent) >= CURFEW_PATH_MAX)) {
        return;
    }
    const int64_t before = task->known ? task->attempt : 0;
    if (task->over || event->attempt <= before || event->attempt - before > lane->settings.attempt_step ||
        (task->known && task->parent != above)) {
        return;
    }
    const int32_t holder = sim_number_of("holder-", event->holder);
    hold(oracle, lane, lane_number, holder);
    if (task->known) {
        raise_task(oracle, number, at, event->attempt, record->true_us);
    }
    task->known = true;
    task->attempt_over = false;
    task->attempt = event->attempt;
    task->parent = above;
    task->parent_attempt = event->parent_attempt;
    task->holder = holder;
}

/* An attempt's end, or (for_good) a task's. Of what is not current, or under something dead, it has no effect. */
static void ended(struct sim_oracle *oracle, const struct curfew_task_ended *event, bool for_good, int64_t true_us)
{
    int32_t number = 0;
    struct o_session *session = session_of(oracle, event->session, &number);
    const int32_t at = sim_number_of("task-", event->task);
    if (session == NULL || session->over || at < 1 || at > SIM_TASKS_MAX || event->attempt < (for_good ? 0 : 1)) {
        return;
    }
    struct o_task *task = &session->tasks[at];
    const bool whichever = for_good && event->attempt == 0;
    if (!task->known || task->over || (!whichever && (task->attempt != event->attempt || !rooted(session, task)))) {
        return;
    }
    if (for_good) {
        end_task(oracle, number, at, true_us);
    } else if (!task->attempt_over) {
        raise_task(oracle, number, at, task->attempt + 1, true_us);
        task->attempt_over = true;
    }
}

static void token_revoked(struct sim_oracle *oracle, const struct curfew_token_revoked *event, int64_t true_us)
{
    int32_t number = 0;
    const struct o_session *session = session_of(oracle, event->session, &number);
    const int32_t token = sim_number_of("token-", event->jti);
    if (session != NULL && !session->over && token > 0 && token < SIM_TOKENS_MAX) {
        oracle->once_token[token] = true;
        if (oracle->tokens[token].revoked_us == 0) {
            oracle->tokens[token].revoked_us = true_us;
        }
    }
}

/* What it says is learned from its first announcement. */
static void token_created(struct sim_oracle *oracle, const struct curfew_token_created *event, struct o_record *record)
{
    struct o_token said = {.released = false};
    const int32_t number = sim_number_of("token-", event->claims.jti);
    if (number < 1 || number >= SIM_TOKENS_MAX) {
        return;
    }
    sim_oracle_learn(&said, &event->claims);
    record->mint = number;
    record->stood = sim_oracle_stands(oracle, &said);
}

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
            end_session(oracle, s, true_us);
            continue;
        }
        for (int32_t t = 1; t <= SIM_TASKS_MAX; t++) {
            const struct o_task *task = &session->tasks[t];
            if (task->known && !task->over && !task->attempt_over && task->holder != 0 && silent[task->holder]) {
                blame(oracle, lane_number, task->holder);
                end_task(oracle, s, t, true_us);
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
            end_session(oracle, s, true_us);
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
            revoked_before(oracle, session->user, session->auth_us, lane->control_taken) != 0) {
            session->over = true;
        }
    }
}

static void tick(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_tick *event,
                 const struct o_record *record)
{
    struct o_lane *lane = &oracle->lanes[lane_number];
    const int64_t timestamp_us = record->event.timestamp_us;
    if (lane_number != 0) {
        take_control(oracle, lane_number, event->control_offset);
    }
    if (llabs(event->said_us - timestamp_us) > skew_of(lane)) {
        return;
    }
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

static void heartbeat(struct o_lane *lane, const struct curfew_holder_heartbeat *event, const struct o_record *record)
{
    const int32_t holder = sim_number_of("holder-", event->holder);
    const int64_t apart_us = llabs(record->event.timestamp_us - event->said_us);
    if (holder >= 1 && holder <= SIM_ACTORS_MAX && apart_us <= lane->settings.heartbeat_age_ms * CURFEW_US_PER_MS) {
        lane->renewed_us[holder] = lane->lease_us;
    }
}

static void user_revoked(struct sim_oracle *oracle, const struct curfew_subject_revoked *event,
                         const struct o_record *record)
{
    const struct o_lane *lane = &oracle->lanes[0];
    const int64_t timestamp_us = record->event.timestamp_us;
    const int32_t user = sim_number_of("user-", event->id);
    if (user < 1 || user > SIM_USERS_MAX || llabs(event->said_us - timestamp_us) > skew_of(lane)) {
        return;
    }
    for (size_t i = 0; i < oracle->revoked_count; i++) {
        const struct o_user_revoked *known = &oracle->revoked[i];
        if (known->user == user && known->said_us == event->said_us &&
            known->timestamp_us >= timestamp_us - 2 * skew_of(lane)) {
            return; /* said twice */
        }
    }
    if (oracle->revoked_count == SIM_REVOKED_MAX) {
        abort();
    }
    const int64_t before_us = timestamp_us + 2 * skew_of(lane) + 1;
    oracle->revoked[oracle->revoked_count++] =
        (struct o_user_revoked){user, record->event.offset, event->said_us, timestamp_us, before_us, record->true_us};
    oracle->once_before[user] = before_us > oracle->once_before[user] ? before_us : oracle->once_before[user];
}

static void begin(struct sim_oracle *oracle, int32_t number, const struct curfew_genesis *genesis,
                  const struct o_record *record)
{
    struct o_lane *lane = &oracle->lanes[number];
    lane->begun = true;
    lane->cut_at = oracle->telling_again ? lane->cut_at : INT64_MAX; /* a log of its own */
    lane->genesis_us = record->event.timestamp_us;
    lane->settings = genesis->settings;
    memcpy(lane->log_id, genesis->log_id, sizeof lane->log_id);
}

static void tell(struct sim_oracle *oracle, int32_t number, struct o_record *record)
{
    struct o_lane *lane = &oracle->lanes[number];
    struct curfew_event event;
    enum curfew_reason reason;
    oracle->arena.used = 0;
    if (curfew_codec_decode(record->event.value, &oracle->arena, &event, &reason, NULL) != CURFEW_OK) {
        return;
    }
    if (event.type == CURFEW_EVENT_GENESIS && record->event.offset == 0) {
        begin(oracle, number, &event.as.genesis, record);
    } else if (event.type == CURFEW_EVENT_TICK) {
        tick(oracle, number, &event.as.tick, record);
    } else if (number == 0 && event.type == CURFEW_EVENT_SETTINGS) {
        if (oracle->settings_count == SIM_REVOKED_MAX) {
            abort();
        }
        lane->settings = event.as.settings.settings;
        oracle->settings[oracle->settings_count++] = (struct o_settings){record->event.offset, lane->settings};
    } else if (number == 0 && event.type == CURFEW_EVENT_SUBJECT_REVOKED) {
        user_revoked(oracle, &event.as.subject_revoked, record);
    } else if (number == 0) {
        return;
    } else if (event.type == CURFEW_EVENT_SESSION_STARTED) {
        session_started(oracle, number, &event.as.session_started, record);
    } else if (event.type == CURFEW_EVENT_SESSION_ENDED) {
        end_session(oracle, sim_session_number(event.as.session_ended.session), record->true_us);
    } else if (event.type == CURFEW_EVENT_TASK_STARTED) {
        task_started(oracle, number, &event.as.task_started, record);
    } else if (event.type == CURFEW_EVENT_ATTEMPT_ENDED || event.type == CURFEW_EVENT_TASK_ENDED) {
        const struct curfew_attempt_ended *end = &event.as.attempt_ended;
        const struct curfew_task_ended both = {end->writer, end->said_us, end->session,
                                               end->task,   end->attempt, end->reason};
        ended(oracle, &both, event.type == CURFEW_EVENT_TASK_ENDED, record->true_us);
    } else if (event.type == CURFEW_EVENT_TOKEN_CREATED) {
        token_created(oracle, &event.as.token_created, record);
    } else if (event.type == CURFEW_EVENT_TOKEN_REVOKED) {
        token_revoked(oracle, &event.as.token_revoked, record->true_us);
    } else if (event.type == CURFEW_EVENT_HOLDER_HEARTBEAT) {
        heartbeat(lane, &event.as.holder_heartbeat, record);
    }
}

void sim_oracle_log(struct sim_oracle *oracle, int32_t number, const struct curfew_bus_event *event)
{
    struct o_lane *lane = &oracle->lanes[number];
    if (lane->count == lane->room) {
        lane->room = lane->room == 0 ? 1024 : 2 * lane->room;
        lane->records = realloc(lane->records, lane->room * sizeof *lane->records);
    }
    uint8_t *bytes = malloc(event->value.size + 1);
    if (bytes == NULL || lane->records == NULL) {
        abort();
    }
    memcpy(bytes, event->value.at, event->value.size);
    struct o_record *record = &lane->records[lane->count++];
    *record = (struct o_record){.event = *event, .true_us = oracle->world->now_us};
    record->event.value.at = bytes;
    tell(oracle, number, record);
}

/* Truth of one lane, from nothing. */
static void forget(struct sim_oracle *oracle, int32_t number)
{
    struct o_lane *lane = &oracle->lanes[number];
    const struct o_lane blank = {
        .records = lane->records, .count = lane->count, .room = lane->room, .cut_at = lane->cut_at};
    *lane = blank;
    if (number == 0) {
        oracle->revoked_count = 0;
        oracle->settings_count = 0;
        return;
    }
    for (int32_t s = 1; s <= SIM_SESSIONS_MAX; s++) {
        if (oracle->sessions[s].lane == number) {
            oracle->sessions[s] = (struct o_session){.known = false};
        }
    }
    for (int32_t t = 1; t < SIM_TOKENS_MAX; t++) {
        struct o_token *token = &oracle->tokens[t];
        if (token->revoked_us != 0 && (token->session == 0 || oracle->world->sessions[token->session].lane == number)) {
            token->revoked_us = 0;
        }
    }
}

void sim_oracle_log_cut(struct sim_oracle *oracle, int32_t number, int64_t end)
{
    struct o_lane *lane = &oracle->lanes[number];
    while (lane->count > 0 && lane->records[lane->count - 1].event.offset >= end) {
        free((void *)(uintptr_t)lane->records[--lane->count].event.value.at);
    }
    lane->cut_at = end < lane->cut_at ? end : lane->cut_at;
    oracle->telling_again = true;
    forget(oracle, number);
    for (size_t i = 0; i < lane->count; i++) {
        tell(oracle, number, &lane->records[i]);
    }
    oracle->telling_again = false;
}

void sim_oracle_log_free(struct sim_oracle *oracle)
{
    for (int32_t i = 0; i < SIM_LANES_MAX; i++) {
        struct o_lane *lane = &oracle->lanes[i];
        while (lane->count > 0) {
            free((void *)(uintptr_t)lane->records[--lane->count].event.value.at);
        }
        free(lane->records);
    }
}

bool sim_oracle_stands(const struct sim_oracle *oracle, const struct o_token *token)
{
    const struct o_session *session = &oracle->sessions[token->session];
    if (!session->known || session->over || session->auth_us != token->auth_us || session->user != token->user) {
        return false;
    }
    for (size_t i = 0; i < token->depth; i++) {
        const struct o_task *task = &session->tasks[token->tasks[i]];
        const int32_t above = i == 0 ? 0 : token->tasks[i - 1];
        if (!task->known || task->over || task->attempt_over || task->attempt != token->attempts[i] ||
            task->parent != above || (i > 0 && task->parent_attempt != token->attempts[i - 1])) {
            return false;
        }
    }
    return true;
}
