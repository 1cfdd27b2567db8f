/* emitter_lane: which log a lane is, and what its coordinators answer. */
#include "core/log.h"
#include "producer/emitter_state.h"
#include <stdio.h>

/* Gives up what waits in a lane that cannot be used as it is, and what was in a log that cannot be named. What comes
 * later looks at it anew. */
static void fail_lane(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                      const struct curfew_error *error)
{
    lane->log = CURFEW_LOG_UNREAD;
    while (lane->waiting.first != NULL) {
        curfew_emitter_fail(emitter, lane->waiting.first, error);
    }
    while (lane->durable.first != NULL) {
        lane->durable.first->receipt.offset = -1;
        curfew_emitter_fail(emitter, lane->durable.first, error);
    }
}

void curfew_emitter_fail_beyond(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane)
{
    struct curfew_error error;
    (void)curfew_error_set(&error, CURFEW_INVALID,
                           "there is no lane %d: this cluster has 0..%d; the session id is of another cluster, or "
                           "somebody added partitions",
                           (int)lane->lane, (int)emitter->cluster.lanes - 1);
    fail_lane(emitter, lane, &error);
}

void curfew_emitter_read_log(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane)
{
    struct curfew_error error;
    lane->log = CURFEW_LOG_READING;
    lane->read_us = emitter->now.boot_us;
    if (emitter->bus->ops->subscribe(emitter->bus->self, curfew_lane_topic(lane->lane),
                                     curfew_lane_partition(lane->lane), CURFEW_OFFSET_BEGIN, &error) != CURFEW_OK) {
        fail_lane(emitter, lane, &error);
    }
}

void curfew_emitter_read_answers(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane, int64_t offset)
{
    struct curfew_error error;
    curfew_answers_clear(&lane->answers);
    if (emitter->bus->ops->subscribe(emitter->bus->self, CURFEW_TOPIC_ANSWERS, lane->lane, offset, &error) !=
        CURFEW_OK) {
        lane->following = CURFEW_ANSWERS_UNREAD;
        fail_lane(emitter, lane, &error);
    } else if (lane->following == CURFEW_ANSWERS_UNREAD) {
        lane->following = CURFEW_ANSWERS_POSITIONING;
    }
}

/* The log's beginning is gone: waits for whoever names the log next. */
static void ask_log(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane)
{
    struct curfew_error error;
    if (lane->waiting.first == NULL && lane->durable.first == NULL) {
        lane->log = CURFEW_LOG_UNREAD; /* nobody wants to know */
        return;
    }
    lane->log = CURFEW_LOG_ASKING;
    snprintf(lane->problem, sizeof lane->problem,
             "the beginning of lane %d's log was deleted and no coordinator has named the log yet", (int)lane->lane);
    if (emitter->bus->ops->subscribe(emitter->bus->self, CURFEW_TOPIC_REVOCATIONS, lane->lane, CURFEW_OFFSET_END,
                                     &error) != CURFEW_OK) {
        fail_lane(emitter, lane, &error);
        return;
    }
    if (lane->following == CURFEW_ANSWERS_UNREAD) {
        curfew_emitter_read_answers(emitter, lane, CURFEW_OFFSET_END);
    }
}

static void stop_reading(struct curfew_emitter *emitter, enum curfew_topic topic, int32_t partition)
{
    struct curfew_error error;
    if (emitter->bus->ops->unsubscribe(emitter->bus->self, topic, partition, &error) != CURFEW_OK) {
        /* What still comes is ignored: only the price of reading it is paid. */
        curfew_log(CURFEW_LOG_WARNING, "emitter", "%s", error.text);
    }
}

void curfew_emitter_settle(struct curfew_emitter *emitter, struct curfew_emission *emission)
{
    struct curfew_emitter_lane *lane = &emitter->lanes[emission->lane];
    if (emission->wait == CURFEW_WAIT_DURABLE) {
        curfew_emitter_accomplish(emitter, emission);
        return;
    }
    struct curfew_refusal refusal;
    switch (curfew_answers_find(&lane->answers, emission->receipt.offset, emission->digest, &refusal)) {
    case CURFEW_ANSWER_ACCEPTED:
        curfew_emitter_accomplish(emitter, emission);
        break;
    case CURFEW_ANSWER_REFUSED:
        curfew_emitter_take_refusal(emitter, emission, &refusal);
        break;
    case CURFEW_ANSWER_OTHER:
        curfew_emitter_note(lane->problem, "the log lost records that it had acknowledged");
        curfew_emitter_send_again(emitter, emission);
        break;
    case CURFEW_ANSWER_NONE:
        break;
    }
}

/* The log is another than the one these were given offsets of: they are sent again, in their order. */
static void send_again(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane)
{
    while (lane->durable.last != NULL) {
        struct curfew_emission *emission = lane->durable.last;
        emission->receipt = (struct curfew_receipt){.lane = lane->lane, .offset = -1};
        curfew_emitter_move(emitter, emission, CURFEW_EMISSION_WAITING, NULL);
    }
}

static void know_log(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                     const uint8_t log_id[CURFEW_LOG_ID_SIZE])
{
    bool changed = lane->named && memcmp(lane->log_id, log_id, CURFEW_LOG_ID_SIZE) != 0;
    lane->log = CURFEW_LOG_KNOWN;
    lane->named = true;
    lane->problem[0] = '\0';
    memcpy(lane->log_id, log_id, CURFEW_LOG_ID_SIZE);
    if (changed) {
        lane->newest = -1;
        lane->generation++;
        curfew_answers_clear(&lane->answers);
        send_again(emitter, lane);
    }
    struct curfew_emission *next = NULL;
    for (struct curfew_emission *emission = lane->durable.first; emission != NULL; emission = next) {
        next = emission->next;
        curfew_emitter_settle(emitter, emission);
    }
}

/* Decodes into the arena. False: it is not a record we can read. */
static bool decode(struct curfew_emitter *emitter, const struct curfew_bus_event *event, struct curfew_event *decoded)
{
    enum curfew_reason reason;
    emitter->arena.used = 0;
    return curfew_codec_decode(event->value, &emitter->arena, decoded, &reason, NULL) == CURFEW_OK;
}

/* When all topics were made anew, what is known of the other lanes is of the old ones too. */
static void forget_cluster(struct curfew_emitter *emitter)
{
    emitter->cluster = (struct curfew_cluster){0};
    for (int32_t i = 0; i < CURFEW_LANES_MAX; i++) {
        if (emitter->lanes[i].log == CURFEW_LOG_KNOWN) {
            curfew_emitter_read_log(emitter, &emitter->lanes[i]);
        }
    }
}

static void take_first_record(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                              const struct curfew_bus_event *event)
{
    stop_reading(emitter, event->topic, event->partition);
    if (event->offset > 0) {
        ask_log(emitter, lane);
        return;
    }
    struct curfew_error error;
    struct curfew_event decoded;
    const struct curfew_genesis *genesis = NULL;
    if (decode(emitter, event, &decoded) && decoded.type == CURFEW_EVENT_GENESIS) {
        genesis = &decoded.as.genesis;
    }
    if (genesis != NULL && lane->named &&
        memcmp(genesis->control_log, emitter->cluster.control_log, CURFEW_LOG_ID_SIZE) != 0) {
        forget_cluster(emitter);
    }
    if (curfew_lane_log_judge(&emitter->cluster, lane->lane, event, genesis, &error) != CURFEW_OK) {
        fail_lane(emitter, lane, &error);
        return;
    }
    know_log(emitter, lane, genesis->log_id);
    for (int32_t i = emitter->cluster.lanes; i < emitter->lanes_used; i++) {
        curfew_emitter_fail_beyond(emitter, &emitter->lanes[i]);
    }
}

static bool is_sound(const struct curfew_accepted *accepted, int32_t lane)
{
    if (accepted->lane != lane || accepted->from < 0 || accepted->to < accepted->from ||
        accepted->to - accepted->from != (int64_t)accepted->digests.count - 1) {
        return false;
    }
    const struct curfew_refusal *refused = accepted->refused.items;
    for (size_t i = 0; i < accepted->refused.count; i++) {
        if (refused[i].offset < accepted->from || refused[i].offset > accepted->to ||
            (i > 0 && refused[i].offset <= refused[i - 1].offset)) {
            return false;
        }
    }
    return true;
}

/* Finishes what the answer speaks of. */
static void apply_answer(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                         const struct curfew_accepted *accepted)
{
    struct curfew_emission *next = NULL;
    curfew_answers_take(&lane->answers, accepted);
    for (struct curfew_emission *emission = lane->durable.first; emission != NULL; emission = next) {
        next = emission->next;
        if (emission->receipt.offset > accepted->to) {
            break;
        }
        if (emission->receipt.offset >= accepted->from && emission->wait == CURFEW_WAIT_ACCEPTED) {
            curfew_emitter_settle(emitter, emission);
        }
    }
}

/* Whether a coordinator signed what `lane` was told; says so when not. */
static bool is_believed(struct curfew_emitter_lane *lane, enum curfew_seal seal, const struct curfew_bus_event *event)
{
    if (seal == CURFEW_SEAL_GOOD) {
        if (lane->doubting) {
            lane->doubting = false;
            lane->problem[0] = '\0';
        }
        return true;
    }
    lane->doubting = true;
    (void)snprintf(lane->problem, sizeof lane->problem, "what coordinators answer in lane %d is signed %s",
                   (int)lane->lane,
                   seal == CURFEW_SEAL_FORGED ? "by nobody that is believed: somebody else writes there"
                                              : "by a key that coordinators.keys_file lacks");
    if (!lane->doubted) {
        curfew_log(CURFEW_LOG_WARNING, "emitter",
                   "%s partition %d, record %lld: %s; passing over it and any other such",
                   curfew_topic_name(event->topic), event->partition, (long long)event->offset, lane->problem);
        lane->doubted = true;
    }
    return false;
}

static bool is_idle(const struct curfew_emitter_lane *lane)
{
    return lane->waiting.first == NULL && lane->sent.first == NULL && lane->durable.first == NULL;
}

static void take_answer(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                        const struct curfew_bus_event *event)
{
    struct curfew_event decoded;
    if (!decode(emitter, event, &decoded) || decoded.type != CURFEW_EVENT_ACCEPTED ||
        !is_sound(&decoded.as.accepted, lane->lane)) {
        if (!lane->warned) {
            curfew_log(CURFEW_LOG_WARNING, "emitter",
                       "reading answers of lane %d: record %lld is not one that can be read; passing over it and any "
                       "other such",
                       (int)lane->lane, (long long)event->offset);
            lane->warned = true;
        }
        return;
    }
    const struct curfew_accepted *accepted = &decoded.as.accepted;
    if (is_idle(lane)) {
        return; /* it is about others' records: not worth judging */
    }
    if (!is_believed(lane, curfew_seal_judge_answer(&emitter->judge, accepted), event)) {
        return;
    }
    if (lane->log == CURFEW_LOG_ASKING) {
        stop_reading(emitter, CURFEW_TOPIC_REVOCATIONS, lane->lane);
        know_log(emitter, lane, accepted->log_id);
    }
    if (lane->named && memcmp(accepted->log_id, lane->log_id, CURFEW_LOG_ID_SIZE) == 0) {
        apply_answer(emitter, lane, accepted);
    } else if (lane->log == CURFEW_LOG_KNOWN && emitter->now.boot_us - lane->read_us >= CURFEW_EMITTER_REREAD_US) {
        curfew_emitter_read_log(emitter, lane);
    }
}

static void take_beacon(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                        const struct curfew_bus_event *event)
{
    struct curfew_event decoded;
    if (decode(emitter, event, &decoded) && decoded.type == CURFEW_EVENT_BEACON &&
        decoded.as.beacon.lane == lane->lane &&
        is_believed(lane, curfew_seal_judge_beacon(&emitter->judge, &decoded.as.beacon), event)) {
        stop_reading(emitter, CURFEW_TOPIC_REVOCATIONS, lane->lane);
        know_log(emitter, lane, decoded.as.beacon.log_id);
    }
}

void curfew_emitter_take_record(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                                const struct curfew_bus_event *event)
{
    if (event->topic == CURFEW_TOPIC_ANSWERS) {
        take_answer(emitter, lane, event);
    } else if (event->topic == CURFEW_TOPIC_REVOCATIONS && lane->log == CURFEW_LOG_ASKING) {
        take_beacon(emitter, lane, event);
    } else if (event->topic == curfew_lane_topic(lane->lane) && lane->log == CURFEW_LOG_READING) {
        take_first_record(emitter, lane, event);
    }
}

void curfew_emitter_take_end(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                             const struct curfew_bus_event *event)
{
    if (event->topic == CURFEW_TOPIC_ANSWERS) {
        lane->following = CURFEW_ANSWERS_FOLLOWED;
    } else if (event->topic == curfew_lane_topic(lane->lane) && lane->log == CURFEW_LOG_READING) {
        stop_reading(emitter, event->topic, event->partition);
        if (event->offset > 0) {
            ask_log(emitter, lane); /* it had records, and all were deleted */
            return;
        }
        struct curfew_error error;
        if (curfew_lane_log_judge(&emitter->cluster, lane->lane, event, NULL, &error) != CURFEW_OK) {
            fail_lane(emitter, lane, &error);
        }
    }
}

/* Where we were reading is no longer. */
void curfew_emitter_take_gap(struct curfew_emitter *emitter, struct curfew_emitter_lane *lane,
                             const struct curfew_bus_event *event)
{
    if (event->topic == CURFEW_TOPIC_ANSWERS) {
        /* From the beginning, so that an answer to what is durable is not missed. */
        curfew_emitter_read_answers(emitter, lane, CURFEW_OFFSET_BEGIN);
    } else if (event->topic == CURFEW_TOPIC_REVOCATIONS && lane->log == CURFEW_LOG_ASKING) {
        ask_log(emitter, lane);
    } else if (event->topic == curfew_lane_topic(lane->lane) && lane->log == CURFEW_LOG_READING) {
        curfew_emitter_read_log(emitter, lane);
    }
}
