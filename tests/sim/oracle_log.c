/* oracle_log: truth, told from a lane's durable records in order. */
#include "schemas/codec.h"
#include "tests/sim/forger.h"
#include "tests/sim/names.h"
#include "tests/sim/oracle_state.h"
#include <stdlib.h>
#include <string.h>

static int64_t now_of(const struct o_lane *lane, const struct o_record *record)
{
    return record->event.timestamp_us > lane->good_us ? record->event.timestamp_us : lane->good_us;
}

int64_t sim_oracle_skew(const struct o_lane *lane)
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

void sim_oracle_end_session(struct sim_oracle *oracle, int32_t number, int64_t true_us)
{
    struct o_session *session = &oracle->sessions[number];
    if (session->known && !session->over) {
        session->over = true;
        session->died_us = true_us;
        oracle->once_session[number] = true;
    }
}

/* An end in a session that is over by a revocation: a floor of its own may say so from now on. */
static void settle(struct sim_oracle *oracle, int32_t number)
{
    oracle->once_session[number] = oracle->once_session[number] || oracle->sessions[number].over;
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

void sim_oracle_end_task(struct sim_oracle *oracle, int32_t session, int32_t number, int64_t true_us)
{
    struct o_task *task = &oracle->sessions[session].tasks[number];
    if (rooted(&oracle->sessions[session], task)) {
        raise_task(oracle, session, number, INT64_MAX, true_us);
    }
    task->over = true;
}

int32_t sim_oracle_revoked_before(const struct sim_oracle *oracle, int32_t who, int64_t auth_us, int64_t upto)
{
    for (size_t i = 0; i < oracle->revoked_count; i++) {
        const struct o_revoked *revoked = &oracle->revoked[i];
        if (revoked->who == who && auth_us < revoked->before_us && revoked->offset < upto) {
            return (int32_t)i + 1;
        }
    }
    return 0;
}

int64_t sim_oracle_who_died(const struct sim_oracle *oracle, int32_t who, int64_t auth_us)
{
    const int32_t found = sim_oracle_revoked_before(oracle, who, auth_us, INT64_MAX);
    return found == 0 ? 0 : oracle->revoked[found - 1].true_us;
}

int32_t sim_oracle_lane_of(struct curfew_slice session)
{
    const bool one_digit = session.size > 2 && session.at[1] == '.' && session.at[0] >= '0' && session.at[0] <= '9';
    return one_digit ? session.at[0] - '0' : -1; /* no world has ten lanes */
}

int32_t sim_oracle_holder(struct curfew_slice name)
{
    const int32_t number = sim_number_of("holder-", name);
    return number <= SIM_ACTORS_MAX ? number : 0;
}

/* A holder that held nothing begins its lease now. What it held of the task's attempt before is over by then. */
static void hold(struct sim_oracle *oracle, int32_t lane_number, int32_t holder, const struct o_task *restarted)
{
    struct o_lane *lane = &oracle->lanes[lane_number];
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
            if (task != restarted && task->known && !task->over && !task->attempt_over && task->holder == holder) {
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
    if (number < 1 || number > SIM_SESSIONS_MAX || user < 1 || user > SIM_USERS_MAX ||
        sim_oracle_lane_of(event->session) != lane_number) {
        return;
    }
    struct o_session *session = &oracle->sessions[number];
    if (session->known || event->auth_us > record->event.timestamp_us + sim_oracle_skew(lane) ||
        event->deadline_us <= now_of(lane, record) ||
        event->deadline_us - event->auth_us > lane->settings.session_life_ms * CURFEW_US_PER_MS ||
        sim_oracle_revoked_before(oracle, user, event->auth_us, lane->control_taken) != 0) {
        return;
    }
    hold(oracle, lane_number, sim_oracle_holder(event->holder), NULL);
    oracle->once_open[number] = true;
    *session = (struct o_session){
        .known = true,
        .lane = lane_number,
        .user = user,
        .holder = sim_oracle_holder(event->holder),
        .auth_us = event->auth_us,
        .deadline_us = event->deadline_us,
    };
}

/* Of this lane, begun. NULL: not so. */
static struct o_session *session_of(struct sim_oracle *oracle, int32_t lane, struct curfew_slice name, int32_t *number)
{
    *number = sim_session_number(name);
    if (*number < 1 || *number > SIM_SESSIONS_MAX) {
        return NULL;
    }
    struct o_session *session = &oracle->sessions[*number];
    return session->known && session->lane == lane && sim_oracle_lane_of(name) == lane ? session : NULL;
}

static void task_started(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_task_started *event,
                         const struct o_record *record)
{
    int32_t number = 0;
    struct o_lane *lane = &oracle->lanes[lane_number];
    struct o_session *session = session_of(oracle, lane_number, event->session, &number);
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
    const int32_t holder = sim_oracle_holder(event->holder);
    hold(oracle, lane_number, holder, task);
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
static void ended(struct sim_oracle *oracle, int32_t lane, const struct curfew_task_ended *event, bool for_good,
                  int64_t true_us)
{
    int32_t number = 0;
    struct o_session *session = session_of(oracle, lane, event->session, &number);
    const int32_t at = sim_number_of("task-", event->task);
    if (session == NULL || event->attempt < (for_good ? 0 : 1)) {
        return;
    }
    settle(oracle, number);
    if (session->over || at < 1 || at > SIM_TASKS_MAX) {
        return;
    }
    struct o_task *task = &session->tasks[at];
    const bool whichever = for_good && event->attempt == 0;
    if (!task->known || task->over || (!whichever && (task->attempt != event->attempt || !rooted(session, task)))) {
        return;
    }
    if (for_good) {
        sim_oracle_end_task(oracle, number, at, true_us);
    } else if (!task->attempt_over) {
        raise_task(oracle, number, at, task->attempt + 1, true_us);
        task->attempt_over = true;
    }
}

/* By a session of whatever lane: only for the tokens of that lane does its log vouch; and only for such as could have
 * been minted by now, for as long as one of them could live. */
static void token_revoked(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_token_revoked *event,
                          const struct o_record *record)
{
    int32_t number = 0;
    const struct o_lane *lane = &oracle->lanes[lane_number];
    const struct o_session *session = session_of(oracle, lane_number, event->session, &number);
    const int32_t at = sim_number_of("token-", event->jti);
    if (session != NULL) {
        settle(oracle, number);
    }
    if (session != NULL && !session->over && at > 0 && at < SIM_TOKENS_MAX) {
        struct o_token *token = &oracle->tokens[at];
        const int64_t until_us =
            now_of(lane, record) + sim_oracle_skew(lane) + lane->settings.token_life_ms * CURFEW_US_PER_MS;
        oracle->once_token[at] = true;
        if (token->revoked_us[lane_number] == 0) {
            token->revoked_us[lane_number] = record->true_us;
        }
        if (until_us > token->revoked_until_us[lane_number]) {
            token->revoked_until_us[lane_number] = until_us;
        }
    }
}

/* Its times are such as may be let go at this record. */
static bool timely(const struct o_lane *lane, const struct o_session *session, const struct o_token *token,
                   const struct o_record *record)
{
    return token->issued_us <= record->event.timestamp_us + sim_oracle_skew(lane) &&
           token->expires_us > now_of(lane, record) &&
           token->expires_us - token->issued_us <= lane->settings.token_life_ms * CURFEW_US_PER_MS &&
           token->expires_us <= session->deadline_us;
}

/* What is refused may be denied by its own id too, if it leaves all the same. */
static void token_created(struct sim_oracle *oracle, int32_t lane_number, const struct curfew_token_created *event,
                          struct o_record *record)
{
    const struct o_lane *lane = &oracle->lanes[lane_number];
    struct o_token said = {.released = false};
    const int32_t number = sim_number_of("token-", event->claims.jti);
    if (number < 1 || number >= SIM_TOKENS_MAX) {
        return;
    }
    record->mint = number;
    if (!oracle->telling_again) {
        sim_oracle_minted(oracle, lane_number, &record->event, number);
    }
    const bool stood = sim_oracle_learn(&said, &event->claims) && said.lane == lane_number &&
                       sim_oracle_stands(oracle, &said) && timely(lane, &oracle->sessions[said.session], &said, record);
    record->stood = stood;
    struct o_token *token = &oracle->tokens[number];
    if (stood && now_of(lane, record) >= token->revoked_until_us[lane_number]) {
        token->revoked_us[lane_number] = 0;
    }
    oracle->once_token[number] = oracle->once_token[number] || !stood;
}

/* Users and agents; what one operator says of a tenant has no effect, and no plan has a second. 0: nobody. */
static int32_t who_of(const struct curfew_subject_revoked *event)
{
    const int32_t user = event->kind == CURFEW_KIND_USER ? sim_number_of("user-", event->id) : 0;
    const int32_t agent = event->kind == CURFEW_KIND_AGENT ? sim_number_of(SIM_AGENT, event->id) : 0;
    if (agent >= 1 && agent <= SIM_AGENTS_MAX) {
        return SIM_USERS_MAX + agent;
    }
    return user >= 1 && user <= SIM_USERS_MAX ? user : 0;
}

static void subject_revoked(struct sim_oracle *oracle, const struct curfew_subject_revoked *event,
                            const struct o_record *record)
{
    const struct o_lane *lane = &oracle->lanes[0];
    const int64_t timestamp_us = record->event.timestamp_us;
    const int32_t who = who_of(event);
    if (who == 0 || llabs(event->said_us - timestamp_us) > sim_oracle_skew(lane)) {
        return;
    }
    for (size_t i = 0; i < oracle->revoked_count; i++) {
        const struct o_revoked *known = &oracle->revoked[i];
        if (known->who == who && known->said_us == event->said_us &&
            known->timestamp_us >= timestamp_us - 2 * sim_oracle_skew(lane)) {
            return; /* said twice */
        }
    }
    if (oracle->revoked_count == SIM_REVOKED_MAX) {
        abort();
    }
    const int64_t before_us = timestamp_us + 2 * sim_oracle_skew(lane) + 1;
    oracle->revoked[oracle->revoked_count++] =
        (struct o_revoked){who, record->event.offset, event->said_us, timestamp_us, before_us, record->true_us};
    oracle->once_before[who] = before_us > oracle->once_before[who] ? before_us : oracle->once_before[who];
}

static void begin(struct sim_oracle *oracle, int32_t number, const struct curfew_genesis *genesis,
                  const struct o_record *record)
{
    struct o_lane *lane = &oracle->lanes[number];
    lane->begun = true;
    lane->cut_at = oracle->telling_again ? lane->cut_at : INT64_MAX; /* a log of its own */
    lane->genesis_us = record->event.timestamp_us;
    lane->genesis_true_us = record->true_us;
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
    } else if (!sim_forger_is_genuine(&event, lane->log_id, number, &record->event)) {
        return;
    } else if (event.type == CURFEW_EVENT_TICK) {
        sim_oracle_tick(oracle, number, &event.as.tick, record);
    } else if (number == 0 && event.type == CURFEW_EVENT_SETTINGS) {
        if (oracle->settings_count == SIM_REVOKED_MAX) {
            abort();
        }
        lane->settings = event.as.settings.settings;
        oracle->settings[oracle->settings_count++] = (struct o_settings){record->event.offset, lane->settings};
    } else if (number == 0 && event.type == CURFEW_EVENT_SUBJECT_REVOKED) {
        subject_revoked(oracle, &event.as.subject_revoked, record);
    } else if (number == 0) {
        return;
    } else if (event.type == CURFEW_EVENT_SESSION_STARTED) {
        session_started(oracle, number, &event.as.session_started, record);
    } else if (event.type == CURFEW_EVENT_SESSION_ENDED) {
        int32_t session = 0;
        if (session_of(oracle, number, event.as.session_ended.session, &session) != NULL) {
            sim_oracle_end_session(oracle, session, record->true_us);
            settle(oracle, session);
        }
    } else if (event.type == CURFEW_EVENT_TASK_STARTED) {
        task_started(oracle, number, &event.as.task_started, record);
    } else if (event.type == CURFEW_EVENT_ATTEMPT_ENDED || event.type == CURFEW_EVENT_TASK_ENDED) {
        const struct curfew_attempt_ended *end = &event.as.attempt_ended;
        const struct curfew_task_ended both = {.session = end->session, .task = end->task, .attempt = end->attempt};
        ended(oracle, number, &both, event.type == CURFEW_EVENT_TASK_ENDED, record->true_us);
    } else if (event.type == CURFEW_EVENT_TOKEN_CREATED) {
        token_created(oracle, number, &event.as.token_created, record);
    } else if (event.type == CURFEW_EVENT_TOKEN_REVOKED) {
        token_revoked(oracle, number, &event.as.token_revoked, record);
    } else if (event.type == CURFEW_EVENT_HOLDER_HEARTBEAT) {
        sim_oracle_heartbeat(lane, &event.as.holder_heartbeat, record);
    }
}

/* Truth of one lane, from nothing. */
static void forget(struct sim_oracle *oracle, int32_t number)
{
    struct o_lane *lane = &oracle->lanes[number];
    struct o_lane blank = {.records = lane->records, .count = lane->count, .room = lane->room, .cut_at = lane->cut_at};
    memcpy(blank.excused_us, lane->excused_us, sizeof blank.excused_us);
    blank.ticked_us = lane->ticked_us;
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
        oracle->tokens[t].revoked_us[number] = 0;
        oracle->tokens[t].revoked_until_us[number] = 0;
    }
}

static void tell_again(struct sim_oracle *oracle, int32_t number)
{
    struct o_lane *lane = &oracle->lanes[number];
    oracle->telling_again = true;
    forget(oracle, number);
    for (size_t i = 0; i < lane->count; i++) {
        tell(oracle, number, &lane->records[i]);
    }
    oracle->telling_again = false;
}

/* What was not over as it was told before is over from now on only. */
static void date(const struct o_session *before, struct o_session *session, int64_t now_us)
{
    session->died_us = session->died_us != 0 && before->died_us == 0 ? now_us : session->died_us;
    for (int32_t t = 1; t <= SIM_TASKS_MAX; t++) {
        const struct o_task *old = &before->tasks[t];
        struct o_task *task = &session->tasks[t];
        for (int r = 0; r < task->rise_count; r++) {
            bool known = false;
            for (int o = 0; o < old->rise_count; o++) {
                known = known || old->rises[o].floor >= task->rises[r].floor;
            }
            task->rises[r].true_us = known ? task->rises[r].true_us : now_us;
        }
    }
}

/* With control as it is now: what they took in of it, they take in at the same ticks. */
static void tell_pipelines_again(struct sim_oracle *oracle)
{
    struct o_session *before = malloc(sizeof oracle->sessions);
    if (before == NULL) {
        abort();
    }
    memcpy(before, oracle->sessions, sizeof oracle->sessions);
    for (int32_t i = 1; i < SIM_LANES_MAX; i++) {
        tell_again(oracle, i);
    }
    for (int32_t s = 1; s <= SIM_SESSIONS_MAX; s++) {
        date(&before[s], &oracle->sessions[s], oracle->world->now_us);
    }
    free(before);
}

/* Pipelines that took in what control has lost have had more than one history since. A coordinator that reads them
 * again waits where control is not there yet, and then takes in what stands there by then. */
static void control_lost(struct sim_oracle *oracle, int64_t end)
{
    for (int32_t i = 1; i < SIM_LANES_MAX; i++) {
        struct o_lane *lane = &oracle->lanes[i];
        size_t first = 0;
        while (first < lane->count && lane->records[first].took < end) {
            first++;
        }
        lane->cut_at = first < lane->count && (int64_t)first < lane->cut_at ? (int64_t)first : lane->cut_at;
        if (lane->control_taken > end && lane->control_taken - 1 > oracle->control_gone) {
            oracle->control_gone = lane->control_taken - 1;
        }
    }
    tell_pipelines_again(oracle);
}

void sim_oracle_log_cut(struct sim_oracle *oracle, int32_t number, int64_t end)
{
    struct o_lane *lane = &oracle->lanes[number];
    while (lane->count > 0 && lane->records[lane->count - 1].event.offset >= end) {
        free((void *)(uintptr_t)lane->records[--lane->count].event.value.at);
    }
    lane->cut_at = end < lane->cut_at ? end : lane->cut_at;
    tell_again(oracle, number);
    if (number == 0) {
        control_lost(oracle, end);
    }
}

void sim_oracle_log(struct sim_oracle *oracle, int32_t number, const struct curfew_bus_event *event)
{
    struct o_lane *lane = &oracle->lanes[number];
    if (lane->count == lane->room) {
        lane->room = lane->room == 0 ? 1024 : 2 * lane->room;
        lane->records = realloc(lane->records, lane->room * sizeof *lane->records);
    }
    uint8_t *bytes = malloc(event->value.size + event->mac.size + 1);
    if (bytes == NULL || lane->records == NULL) {
        abort();
    }
    memcpy(bytes, event->value.at, event->value.size);
    struct o_record *record = &lane->records[lane->count++];
    *record = (struct o_record){.event = *event, .true_us = oracle->world->now_us};
    if (event->mac.size > 0) {
        memcpy(bytes + event->value.size, event->mac.at, event->mac.size);
    }
    record->event.value.at = bytes;
    record->event.mac.at = bytes + event->value.size;
    tell(oracle, number, record);
    if (number == 0 && oracle->control_gone >= 0 && event->offset >= oracle->control_gone) {
        oracle->control_gone = -1;
        tell_pipelines_again(oracle);
    }
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
    if (!session->known || session->over || session->auth_us != token->auth_us || session->user != token->user ||
        (token->agent != 0 && sim_oracle_revoked_before(oracle, token->agent, token->auth_us,
                                                        oracle->lanes[token->lane].control_taken) != 0)) {
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
