/* node: a coordinator that can be brought back to where it was. */
#include "tests/model/node.h"
#include "tests/common/author.h"
#include "tests/common/sealer.h"

#include "services/coordinator/coordinator.h"
#include <stdio.h>
#include <stdlib.h>

enum input_kind { INPUT_RECORD, INPUT_ENDED, INPUT_FLUSH };

struct input {
    enum input_kind kind;
    enum model_partition partition;
    int64_t offset;
    uint64_t serial; /* of the record */
    int step;
};

struct model_node {
    struct model_logs *logs;
    bool eager; /* the control log is read before anything else, whenever there is more */
    struct model_side side;
    struct input inputs[MODEL_INPUTS_MAX];
    struct curfew_coordinator *coordinator; /* NULL: none that stands where the side says */
    struct input fed[MODEL_INPUTS_MAX]; /* what it was given */
    int fed_count;
    bool repeating; /* it is given again what it was given before: what it says is known */
    uint64_t tickets[MODEL_OUTGOING_MAX]; /* of what it said since it was last told how that went */
    int ticket_count;
    struct model_outgoing outgoing[MODEL_OUTGOING_MAX];
    int outgoing_count;
    struct curfew_bus bus;
};

static void must(enum curfew_status status, const struct curfew_error *error)
{
    if (status != CURFEW_OK) {
        (void)fprintf(stderr, "model: %s\n", error->text);
        abort();
    }
}

/* The model's words for what it has just published. */
static void note(struct model_side *side, const struct model_logs *logs, const struct model_outgoing *sent)
{
    const struct model_record record = {.bytes = sent->bytes, .size = sent->size};
    const struct curfew_event *event = model_record_read(&record);
    if (event->type == CURFEW_EVENT_TICK) {
        side->ticked[sent->partition == MODEL_CONTROL ? 0 : 1] = logs->step;
    } else if (event->type == CURFEW_EVENT_BEACON) {
        side->vouched[event->as.beacon.lane] = event->as.beacon.offset;
    } else if (event->type == CURFEW_EVENT_ACCEPTED) {
        side->answered[event->as.accepted.lane] = event->as.accepted.to;
    } else if (event->type == CURFEW_EVENT_FLOORS) {
        const int32_t lane = event->as.floors.lane;
        if (side->stated_count[lane] == MODEL_STATED_MAX) {
            (void)fprintf(stderr, "model: a boot states more than %d floors records, the bound\n", MODEL_STATED_MAX);
            abort();
        }
        side->stated[lane][side->stated_count[lane]++] = event->as.floors.cause;
    }
}

static enum curfew_status produce(void *self, const struct curfew_bus_record *record, struct curfew_error *error)
{
    struct model_node *node = self;
    const enum model_partition partition = model_partition_of(record->topic, record->partition);
    (void)error;
    if (partition == MODEL_PARTITIONS || node->ticket_count == MODEL_OUTGOING_MAX) {
        (void)fprintf(stderr, "model: a coordinator publishes more than %d records at once, or to %s\n",
                      MODEL_OUTGOING_MAX, curfew_topic_name(record->topic));
        abort();
    }
    node->tickets[node->ticket_count++] = record->ticket;
    if (node->repeating) {
        return CURFEW_OK;
    }
    struct model_outgoing *sent = &node->outgoing[node->outgoing_count++];
    *sent = (struct model_outgoing){partition, malloc(record->value.size + record->mac.size), record->value.size,
                                    record->mac.size};
    if (sent->bytes == NULL) {
        abort();
    }
    memcpy(sent->bytes, record->value.at, record->value.size);
    if (record->mac.size > 0) {
        memcpy(sent->bytes + record->value.size, record->mac.at, record->mac.size);
    }
    note(&node->side, node->logs, sent);
    return CURFEW_OK;
}

static enum curfew_status subscribe(void *self, enum curfew_topic topic, int32_t number, int64_t offset,
                                    struct curfew_error *error)
{
    struct model_node *node = self;
    const enum model_partition partition = model_partition_of(topic, number);
    (void)error;
    if (!node->repeating && partition != MODEL_PARTITIONS) {
        const int64_t position = offset == CURFEW_OFFSET_BEGIN ? 0 : offset;
        node->side.readers[partition] = (struct model_reader){true, false, position};
        node->side.blocked = partition == MODEL_LIFECYCLE ? false : node->side.blocked;
    }
    return CURFEW_OK;
}

static enum curfew_status unsubscribe(void *self, enum curfew_topic topic, int32_t number, struct curfew_error *error)
{
    struct model_node *node = self;
    const enum model_partition partition = model_partition_of(topic, number);
    (void)error;
    if (!node->repeating && partition != MODEL_PARTITIONS) {
        node->side.readers[partition].subscribed = false;
    }
    return CURFEW_OK;
}

static const struct curfew_bus_ops ops = {.produce = produce, .subscribe = subscribe, .unsubscribe = unsubscribe};

struct model_node *model_node_create(struct model_logs *logs, bool eager)
{
    struct model_node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        abort();
    }
    node->logs = logs;
    node->eager = eager;
    node->bus = (struct curfew_bus){&ops, node};
    return node;
}

static void clear_outgoing(struct model_node *node)
{
    for (int i = 0; i < node->outgoing_count; i++) {
        free(node->outgoing[i].bytes);
    }
    node->outgoing_count = 0;
}

void model_node_destroy(struct model_node *node)
{
    if (node != NULL) {
        clear_outgoing(node);
        curfew_coordinator_destroy(node->coordinator);
        free(node);
    }
}

struct model_side *model_node_side(struct model_node *node)
{
    return &node->side;
}

void model_node_return(struct model_node *node, const struct model_side *side)
{
    node->side = *side;
}

static void feed(struct model_node *node, const struct input *input)
{
    struct curfew_error error = {.text = ""};
    struct curfew_bus_event event = {.kind = CURFEW_BUS_CAUGHT_UP,
                                     .topic = model_partition_topic(input->partition),
                                     .partition = model_partition_number(input->partition),
                                     .offset = input->offset};
    node->fed[node->fed_count++] = *input;
    if (input->kind == INPUT_RECORD) {
        const struct model_record *record = &node->logs->log[input->partition].records[input->offset];
        event.kind = CURFEW_BUS_RECORD;
        event.timestamp_us = record->timestamp_us;
        event.log_append_time = true;
        event.value = (struct curfew_slice){record->bytes, record->size};
        event.mac = (struct curfew_slice){record->bytes + record->size, record->mac_size};
    }
    if (input->kind != INPUT_FLUSH) {
        must(curfew_coordinator_handle(node->coordinator, &event, model_now(input->step), &error), &error);
        return;
    }
    (void)curfew_coordinator_flush(node->coordinator, model_now(input->step));
    const int count = node->ticket_count;
    node->ticket_count = 0;
    for (int i = 0; i < count; i++) {
        event = (struct curfew_bus_event){.kind = CURFEW_BUS_DELIVERED, .topic = CURFEW_TOPIC_COUNT};
        event.ticket = node->tickets[i];
        must(curfew_coordinator_handle(node->coordinator, &event, model_now(input->step), &error), &error);
    }
}

static void make(struct model_node *node)
{
    const struct curfew_coordinator_options options = {"model",        author_master, 2, &node->bus,
                                                       sealer_genuine, sealer_judge,  0, NULL};
    struct curfew_error error = {.text = ""};
    curfew_coordinator_destroy(node->coordinator);
    node->coordinator = NULL;
    node->fed_count = 0;
    must(curfew_coordinator_create(&options, &node->coordinator, &error), &error);
    must(curfew_coordinator_start(node->coordinator, &error), &error);
}

static bool same(const struct input *a, const struct input *b)
{
    return a->kind == b->kind && a->partition == b->partition && a->offset == b->offset && a->serial == b->serial &&
           a->step == b->step;
}

/* Brings the coordinator to where the side says it is. */
static void follow(struct model_node *node)
{
    const struct input *wanted = &node->inputs[node->side.begun];
    const int count = node->side.inputs - node->side.begun;
    bool prefix = node->coordinator != NULL && node->fed_count <= count;
    for (int i = 0; prefix && i < node->fed_count; i++) {
        prefix = same(&node->fed[i], &wanted[i]);
    }
    node->repeating = true;
    if (!prefix) {
        make(node);
    }
    for (int i = node->fed_count; i < count; i++) {
        feed(node, &wanted[i]);
    }
    node->repeating = false;
}

static void give(struct model_node *node, enum input_kind kind, enum model_partition partition, int64_t offset)
{
    struct input input = {kind, partition, offset, 0, node->logs->step};
    if (node->side.inputs == MODEL_INPUTS_MAX) {
        (void)fprintf(stderr, "model: a path gives a coordinator more than %d inputs, the bound\n", MODEL_INPUTS_MAX);
        abort();
    }
    if (kind == INPUT_RECORD) {
        input.serial = node->logs->log[partition].records[offset].serial;
        node->side.readers[partition].position = offset + 1;
    } else if (kind == INPUT_ENDED) {
        node->side.readers[partition].ended = true;
    }
    node->inputs[node->side.inputs++] = input;
    feed(node, &input);
    for (int32_t lane = 0; lane < 2; lane++) {
        struct curfew_coordinator_lane state;
        curfew_coordinator_lane(node->coordinator, lane, &state);
        node->side.live_at[lane] = state.live && !node->side.live[lane] ? state.next : node->side.live_at[lane];
        node->side.live[lane] = state.live;
        node->side.next[lane] = state.next;
    }
    const struct model_reader *pipeline = &node->side.readers[MODEL_LIFECYCLE];
    node->side.blocked = pipeline->subscribed && pipeline->position > node->side.next[1];
}

static bool stalled(const struct model_node *node, enum model_partition partition)
{
    return partition == MODEL_LIFECYCLE && node->side.blocked;
}

/* All there is of a partition, and that it is all. */
static void exhaust(struct model_node *node, enum model_partition partition)
{
    const struct model_reader *reader = &node->side.readers[partition];
    while (!stalled(node, partition) && reader->position < node->logs->log[partition].count) {
        give(node, INPUT_RECORD, partition, reader->position);
    }
    if (!stalled(node, partition) && reader->subscribed && !reader->ended) {
        give(node, INPUT_ENDED, partition, reader->position);
    }
}

void model_node_boot(struct model_node *node)
{
    struct model_side *side = &node->side;
    const int boots = side->boots + 1;
    const int begun = side->inputs;
    *side = (struct model_side){.boots = boots, .begun = begun, .inputs = begun};
    for (int lane = 0; lane < 2; lane++) {
        side->ticked[lane] = -1;
        side->vouched[lane] = -1;
        side->answered[lane] = -1;
    }
    clear_outgoing(node);
    make(node);
    for (int partition = MODEL_REVOCATIONS; partition <= MODEL_ANSWERS_1; partition++) {
        exhaust(node, (enum model_partition)partition);
    }
    for (int lane = 0; lane < 2; lane++) {
        side->answered[lane] = model_logs_answered(node->logs, lane);
    }
    if (node->eager) {
        exhaust(node, MODEL_CONTROL);
    }
}

/* Beacons are nothing to a coordinator, nor is a floors record it has met: the next that is something, or the end. */
static int64_t something(const struct model_node *node, enum model_partition partition)
{
    const struct model_log *log = &node->logs->log[partition];
    int64_t at = node->side.readers[partition].position;
    if (partition == MODEL_REVOCATIONS || partition == MODEL_REVOCATIONS_1) {
        while (at < log->count && (log->records[at].type != CURFEW_EVENT_FLOORS || !log->records[at].first)) {
            at++;
        }
    }
    return at;
}

bool model_node_can_read(const struct model_node *node, enum model_partition partition)
{
    const struct model_reader *reader = &node->side.readers[partition];
    const bool replay = partition <= MODEL_LIFECYCLE && !reader->ended;
    return reader->subscribed && !stalled(node, partition) && !(node->eager && partition == MODEL_CONTROL) &&
           (replay || something(node, partition) < node->logs->log[partition].count);
}

bool model_node_can_wake(const struct model_node *node)
{
    const struct model_side *side = &node->side;
    const bool due[] = {side->live[0] && side->ticked[0] < node->logs->step,
                        side->live[0] && side->live[1] && side->ticked[1] < node->logs->step};
    return due[1] || (due[0] && !node->eager);
}

/* Before a move: the coordinator stands where it should, and what it published before is gone. */
static void begin(struct model_node *node)
{
    follow(node);
    clear_outgoing(node);
    if (node->eager) {
        exhaust(node, MODEL_CONTROL);
    }
}

void model_node_read(struct model_node *node, enum model_partition partition)
{
    begin(node);
    if (partition <= MODEL_LIFECYCLE && !node->side.readers[partition].ended) {
        exhaust(node, partition);
    } else {
        const int64_t at = something(node, partition);
        for (int64_t i = node->side.readers[partition].position; i <= at && !stalled(node, partition); i++) {
            give(node, INPUT_RECORD, partition, i);
        }
    }
    give(node, INPUT_FLUSH, MODEL_CONTROL, 0);
}

void model_node_wake(struct model_node *node)
{
    begin(node);
    give(node, INPUT_FLUSH, MODEL_CONTROL, 0);
}

const struct model_outgoing *model_node_outgoing(const struct model_node *node, int *count)
{
    *count = node->outgoing_count;
    return node->outgoing;
}

/* Its whole history since it booted. */
static struct model_digest history(const struct model_node *node, struct model_digest digest)
{
    for (int i = node->side.begun; i < node->side.inputs; i++) {
        const struct input *input = &node->inputs[i];
        digest = model_digest_number(digest, (int64_t)input->kind * 16 + (int64_t)input->partition);
        digest = model_digest_number(digest, input->offset * 16 + input->step);
    }
    return digest;
}

/* The floors it published and has not read back: it will not publish them again, and holds other things back. */
static struct model_digest awaited(const struct model_node *node, int lane, struct model_digest digest)
{
    const struct model_side *side = &node->side;
    const struct model_log *log = &node->logs->log[MODEL_REVOCATIONS + lane];
    const int64_t position = side->readers[MODEL_REVOCATIONS + lane].position;
    for (int i = 0; i < side->stated_count[lane]; i++) {
        bool read = false;
        for (int64_t at = 0; at < position && !read; at++) {
            read = log->records[at].type == CURFEW_EVENT_FLOORS && log->records[at].about == side->stated[lane][i];
        }
        digest = read ? digest : model_digest_number(digest, side->stated[lane][i]);
    }
    return digest;
}

struct model_digest model_node_digest(const struct model_node *node, bool exact)
{
    const struct model_side *side = &node->side;
    struct model_digest digest = model_digest_number(model_digest_begin(), side->boots);
    const bool whole = exact || !node->eager;
    for (int i = whole ? MODEL_CONTROL : MODEL_LIFECYCLE; i < MODEL_PARTITIONS; i++) {
        const struct model_reader *reader = &side->readers[i];
        const int64_t place = i >= MODEL_ANSWERS ? 0 : something(node, (enum model_partition)i);
        digest = model_digest_number(digest, place * 4 + (reader->subscribed ? 2 : 0) + (reader->ended ? 1 : 0));
    }
    digest = model_digest_number(digest, side->blocked);
    for (int lane = whole ? 0 : 1; lane < 2; lane++) {
        /* Of the ticks before it went live it kept the newest, until it vouched for that or a later one. */
        const bool young = side->live[lane] && side->vouched[lane] < 0;
        digest = model_digest_number(digest, young ? side->live_at[lane] : -1 - side->live[lane]);
        digest = model_digest_number(digest, side->next[lane]);
        digest = model_digest_number(digest, side->ticked[lane]);
        digest = model_digest_number(digest, side->vouched[lane]);
        digest = model_digest_number(digest, side->answered[lane]);
        digest = awaited(node, lane, digest);
    }
    return exact ? history(node, digest) : digest;
}
