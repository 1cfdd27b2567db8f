/* bus_kafka: one consumer, one producer, and what they report, told one event at a time. */
#include "core/bus_kafka.h"
#include "core/clock.h"
#include "core/kafka_client.h"
#include "core/outage.h"
#include "core/position.h"
#include "core/stash.h"
#include "core/waker.h"
#include <assert.h>
#include <curfew/event.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS_MAX CURFEW_LANES_MAX /* that one bus can read of a topic */
#define WARM_MS 200 /* the first subscribe waits that long, once, for a broker */
#define ROLES CURFEW_OUTAGE_CLIENTS /* CURFEW_KAFKA_CONSUMER and CURFEW_KAFKA_PRODUCER */

/* One partition of a topic, read or not. */
struct reading {
    bool on;
    bool ended; /* its end was told since it is read */
    struct curfew_position position;
    rd_kafka_resp_err_t reported; /* the problem told last, so that it is told once */
};

struct topic_slot {
    enum curfew_topic topic;
    char name[CURFEW_TOPIC_TEXT_SIZE];
    rd_kafka_topic_t *consumed;
    rd_kafka_topic_t *produced;
    struct reading readings[PARTITIONS_MAX];
};

struct place {
    struct topic_slot *slot; /* NULL: none */
    int32_t partition;
    int64_t offset; /* an error's */
};

struct kafka_bus {
    rd_kafka_conf_t *conf[ROLES];
    rd_kafka_t *client[ROLES];
    rd_kafka_queue_t *events[ROLES]; /* errors; the producer's also delivery reports */
    rd_kafka_queue_t *records; /* of all subscribed partitions */
    struct topic_slot slots[CURFEW_TOPIC_COUNT];
    struct curfew_stash stash; /* taken off `records` while one of its partitions was stopped, still to be told */
    struct place end; /* met with the record told last: told next */
    rd_kafka_event_t *held; /* what the event told last points into */
    rd_kafka_event_t *reports; /* delivery reports being told */
    bool reports_first; /* turns, so that neither reports nor records starve the other */
    bool rebuilding; /* the producer turned fatal: no more is produced until all it held is reported */
    bool cold; /* no broker answered when the first topic was to be read */
    struct curfew_outage outage;
    struct curfew_waker waker; /* librdkafka and wake write it; poll sleeps on it */
    char *address;
    char text[CURFEW_ERROR_TEXT_SIZE]; /* the told event's */
    pthread_t owner;
    bool owned;
};

static void assert_owner(struct kafka_bus *bus)
{
    if (!bus->owned) {
        bus->owner = pthread_self(); /* a bus may be made on one thread and used on another */
        bus->owned = true;
    }
    assert(pthread_equal(bus->owner, pthread_self()));
}

static enum curfew_status open_client(struct kafka_bus *bus, enum curfew_kafka_role role, struct curfew_error *error)
{
    if (bus->client[role] != NULL) {
        return CURFEW_OK;
    }
    enum curfew_status status = curfew_kafka_client_create(bus->conf[role], role, &bus->client[role], error);
    if (status != CURFEW_OK) {
        return status;
    }
    bus->events[role] = rd_kafka_queue_get_main(bus->client[role]);
    curfew_kafka_queue_watch(bus->events[role], bus->waker.fd);
    if (role == CURFEW_KAFKA_CONSUMER) {
        bus->records = rd_kafka_queue_new(bus->client[role]);
        curfew_kafka_queue_watch(bus->records, bus->waker.fd);
    }
    return CURFEW_OK;
}

static void drop_topics(struct kafka_bus *bus, enum curfew_kafka_role role)
{
    for (int i = 0; i < CURFEW_TOPIC_COUNT; i++) {
        struct topic_slot *slot = &bus->slots[i];
        rd_kafka_topic_t **topic = role == CURFEW_KAFKA_CONSUMER ? &slot->consumed : &slot->produced;
        if (*topic != NULL) {
            rd_kafka_topic_destroy(*topic);
            *topic = NULL;
        }
    }
}

static void close_producer(struct kafka_bus *bus)
{
    drop_topics(bus, CURFEW_KAFKA_PRODUCER);
    curfew_kafka_queue_drop(bus->events[CURFEW_KAFKA_PRODUCER]);
    rd_kafka_destroy(bus->client[CURFEW_KAFKA_PRODUCER]);
    bus->client[CURFEW_KAFKA_PRODUCER] = NULL;
    bus->rebuilding = false;
}

/* All the fatal producer holds is given up, and so reported; the next produce after the last report makes a new one. */
static void begin_rebuild(struct kafka_bus *bus)
{
    if (!bus->rebuilding) {
        bus->rebuilding = true;
        rd_kafka_purge(bus->client[CURFEW_KAFKA_PRODUCER], RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    }
}

static enum curfew_status refuse_for_rebuild(const struct topic_slot *slot, struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_FULL,
                            "producing to %s: the producer is being rebuilt after a fatal error; try again",
                            slot->name);
}

static enum curfew_status bus_produce(void *self, const struct curfew_bus_record *record, struct curfew_error *error)
{
    struct kafka_bus *bus = self;
    assert_owner(bus);
    struct topic_slot *slot = &bus->slots[record->topic];
    if (bus->rebuilding) {
        return refuse_for_rebuild(slot, error);
    }
    enum curfew_status status = open_client(bus, CURFEW_KAFKA_PRODUCER, error);
    if (status == CURFEW_OK && slot->produced == NULL) {
        status = curfew_kafka_topic_open(bus->client[CURFEW_KAFKA_PRODUCER], slot->name, slot, &slot->produced, error);
    }
    if (status != CURFEW_OK) {
        return status;
    }
    bool fatal = false;
    rd_kafka_t *producer = bus->client[CURFEW_KAFKA_PRODUCER];
    status = curfew_kafka_produce(producer, slot->produced, bus->address, record, &fatal, error);
    if (fatal) {
        begin_rebuild(bus);
        return refuse_for_rebuild(slot, error);
    }
    return status;
}

static void drop_event(void *event)
{
    rd_kafka_event_destroy(event);
}

static enum curfew_status check_partition(const struct topic_slot *slot, int32_t partition, struct curfew_error *error)
{
    if (partition >= 0 && partition < PARTITIONS_MAX) {
        return CURFEW_OK;
    }
    return curfew_error_set(error, CURFEW_INVALID, "reading %s: partition %d is not one of 0..%d", slot->name,
                            (int)partition, PARTITIONS_MAX - 1);
}

/* The partition a queued event is of. */
static struct place place_of(struct kafka_bus *bus, rd_kafka_event_t *queued)
{
    struct place place = {NULL, 0, -1};
    rd_kafka_topic_partition_t *named = rd_kafka_event_topic_partition(queued);
    for (int i = 0; named != NULL && place.slot == NULL && i < CURFEW_TOPIC_COUNT; i++) {
        if (strcmp(bus->slots[i].name, named->topic) == 0 &&
            check_partition(&bus->slots[i], named->partition, NULL) == CURFEW_OK) {
            place = (struct place){&bus->slots[i], named->partition, named->offset};
        }
    }
    if (named != NULL) {
        rd_kafka_topic_partition_destroy(named);
    }
    return place;
}

/* Takes everything off the common queue, and out of it what belongs to the partition: librdkafka filters a stopped
 * partition's records by version, but not the errors it has queued. */
static enum curfew_status purge_partition(struct kafka_bus *bus, const struct topic_slot *slot, int32_t partition,
                                          struct curfew_error *error)
{
    rd_kafka_event_t *queued = NULL;
    while ((queued = rd_kafka_queue_poll(bus->records, 0)) != NULL) {
        struct place place = place_of(bus, queued);
        struct curfew_stashed item = {queued, place.slot, place.partition};
        enum curfew_status status = curfew_stash_push(&bus->stash, &item, error);
        if (status != CURFEW_OK) {
            rd_kafka_event_destroy(queued);
            return status;
        }
    }
    curfew_stash_purge(&bus->stash, slot, partition, drop_event);
    return CURFEW_OK;
}

static enum curfew_status stop_partition(struct kafka_bus *bus, struct topic_slot *slot, int32_t partition,
                                         struct curfew_error *error)
{
    if (!slot->readings[partition].on) {
        return CURFEW_OK;
    }
    /* It fails for a partition that went away, and then there is nothing to stop. */
    (void)rd_kafka_consume_stop(slot->consumed, partition);
    slot->readings[partition].on = false;
    if (bus->end.slot == slot && bus->end.partition == partition) {
        bus->end.slot = NULL;
    }
    return purge_partition(bus, slot, partition, error);
}

static enum curfew_status open_consumed(struct kafka_bus *bus, struct topic_slot *slot, struct curfew_error *error)
{
    rd_kafka_t *consumer = bus->client[CURFEW_KAFKA_CONSUMER];
    enum curfew_status status = curfew_kafka_topic_open(consumer, slot->name, slot, &slot->consumed, error);
    if (status == CURFEW_OK && !bus->cold && !bus->outage.told) {
        status = curfew_kafka_topic_warm(consumer, &slot->consumed, WARM_MS, error);
        bus->cold = status == CURFEW_TIMEOUT; /* once: no second topic waits */
    }
    return status == CURFEW_TIMEOUT ? CURFEW_OK : status;
}

static enum curfew_status start_partition(struct kafka_bus *bus, struct topic_slot *slot, int32_t partition,
                                          int64_t offset, struct curfew_error *error)
{
    if (rd_kafka_consume_start_queue(slot->consumed, partition, offset, bus->records) != 0) {
        return curfew_error_set(error, CURFEW_UNAVAILABLE, "reading %s, partition %d: %s", slot->name, (int)partition,
                                rd_kafka_err2str(rd_kafka_last_error()));
    }
    slot->readings[partition] = (struct reading){.on = true, .position.next = offset};
    return CURFEW_OK;
}

static enum curfew_status bus_subscribe(void *self, enum curfew_topic topic, int32_t partition, int64_t offset,
                                        struct curfew_error *error)
{
    struct kafka_bus *bus = self;
    assert_owner(bus);
    struct topic_slot *slot = &bus->slots[topic];
    enum curfew_status status = check_partition(slot, partition, error);
    if (status == CURFEW_OK && offset < CURFEW_OFFSET_BEGIN) {
        status = curfew_error_set(error, CURFEW_INVALID, "reading %s: no offset: %lld", slot->name, (long long)offset);
    }
    if (status == CURFEW_OK) {
        status = open_client(bus, CURFEW_KAFKA_CONSUMER, error);
    }
    if (status == CURFEW_OK && slot->consumed == NULL) {
        status = open_consumed(bus, slot, error);
    }
    if (status == CURFEW_OK) {
        status = stop_partition(bus, slot, partition, error);
    }
    return status == CURFEW_OK ? start_partition(bus, slot, partition, offset, error) : status;
}

static enum curfew_status bus_unsubscribe(void *self, enum curfew_topic topic, int32_t partition,
                                          struct curfew_error *error)
{
    struct kafka_bus *bus = self;
    assert_owner(bus);
    struct topic_slot *slot = &bus->slots[topic];
    enum curfew_status status = check_partition(slot, partition, error);
    return status == CURFEW_OK ? stop_partition(bus, slot, partition, error) : status;
}

/* A client's error. False: nothing to tell of it (yet). */
static bool tell_error(struct kafka_bus *bus, enum curfew_kafka_role role, rd_kafka_event_t *reported,
                       struct curfew_bus_event *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(reported);
    const char *said = rd_kafka_event_error_string(reported);
    if (rd_kafka_event_error_is_fatal(reported)) {
        begin_rebuild(bus);
        snprintf(bus->text, sizeof bus->text, "producing to Kafka at %s: %s; the producer is rebuilt", bus->address,
                 said);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (!curfew_outage_begin(&bus->outage, (int)role, curfew_clock_now().boot_us)) {
            return false;
        }
        snprintf(bus->text, sizeof bus->text,
                 "reaching Kafka at %s: no broker answers%s%s; check the address and that the broker runs. Trying on",
                 bus->address, bus->outage.why[0] == '\0' ? "" : ": ", bus->outage.why);
    } else if (curfew_kafka_is_connection(code)) {
        /* One connection: a problem only when no broker is left, which is told next. */
        curfew_outage_note(&bus->outage, said);
        return false;
    } else {
        snprintf(bus->text, sizeof bus->text, "talking to Kafka at %s: %s", bus->address, said);
    }
    *event = curfew_bus_event_of(CURFEW_BUS_PROBLEM, CURFEW_TOPIC_COUNT, CURFEW_PARTITION_ANY, -1);
    event->text = bus->text;
    return true;
}

/* During an outage: does a broker answer again? */
static bool tell_recovery(struct kafka_bus *bus, struct curfew_bus_event *event)
{
    bool ended = false;
    if (!bus->outage.told || !curfew_outage_due(&bus->outage, curfew_clock_now().boot_us)) {
        return false;
    }
    for (int role = 0; role < ROLES; role++) {
        if (bus->client[role] == NULL || curfew_kafka_answers(bus->client[role])) {
            ended = curfew_outage_end(&bus->outage, role) || ended;
        }
    }
    bus->cold = bus->cold && !ended;
    *event = curfew_bus_event_of(CURFEW_BUS_RECOVERED, CURFEW_TOPIC_COUNT, CURFEW_PARTITION_ANY, -1);
    return ended;
}

static void tell_report(const rd_kafka_message_t *message, struct curfew_bus_event *event)
{
    const struct topic_slot *slot = rd_kafka_topic_opaque(message->rkt);
    *event = curfew_bus_event_of(CURFEW_BUS_UNDELIVERED, slot->topic, message->partition, -1);
    event->ticket = (uint64_t)(uintptr_t)message->_private;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        event->text = rd_kafka_err2str(message->err);
    } else if (message->offset < 0) {
        event->text = "a later one was acknowledged before it, so the broker may have it or not";
    } else {
        event->kind = CURFEW_BUS_DELIVERED;
        event->offset = message->offset;
        curfew_kafka_time(message, event);
    }
}

/* The next thing a client reports; false: there is none. */
static bool next_report(struct kafka_bus *bus, enum curfew_kafka_role role, struct curfew_bus_event *event)
{
    if (bus->client[role] == NULL) {
        return false;
    }
    for (;;) {
        if (role == CURFEW_KAFKA_PRODUCER && bus->reports != NULL) {
            const rd_kafka_message_t *message = rd_kafka_event_message_next(bus->reports);
            if (message != NULL) {
                tell_report(message, event);
            }
            if (rd_kafka_event_message_count(bus->reports) == 0) { /* the bound counts them until then */
                rd_kafka_event_destroy(bus->reports);
                bus->reports = NULL;
            }
            if (message != NULL) {
                return true;
            }
        }
        rd_kafka_event_t *reported = rd_kafka_queue_poll(bus->events[role], 0);
        if (reported == NULL) {
            break;
        }
        if (rd_kafka_event_type(reported) == RD_KAFKA_EVENT_DR) {
            bus->reports = reported;
            continue;
        }
        bool told = rd_kafka_event_type(reported) == RD_KAFKA_EVENT_ERROR && tell_error(bus, role, reported, event);
        rd_kafka_event_destroy(reported);
        if (told) {
            return true;
        }
    }
    if (role == CURFEW_KAFKA_PRODUCER && bus->rebuilding && rd_kafka_outq_len(bus->client[role]) == 0) {
        close_producer(bus);
    }
    return false;
}

/* Starts reading again where it was. False: that failed, and the partition is not read any more. */
static bool restart(struct kafka_bus *bus, const struct place *place)
{
    struct reading *reading = &place->slot->readings[place->partition];
    const struct curfew_position position = reading->position;
    if (stop_partition(bus, place->slot, place->partition, NULL) != CURFEW_OK ||
        start_partition(bus, place->slot, place->partition, position.next, NULL) != CURFEW_OK) {
        return false;
    }
    reading->position = position;
    return true;
}

/* Whether a record or an end is to be told; reading then goes on at `next`. */
static bool arrive(struct kafka_bus *bus, const struct place *place, int64_t next)
{
    struct reading *reading = &place->slot->readings[place->partition];
    const enum curfew_arrival arrival = curfew_position_arrive(&reading->position, place->offset, next);
    if (arrival == CURFEW_STRAYED) {
        (void)restart(bus, place);
    } else if (arrival == CURFEW_ARRIVED) {
        reading->reported = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    return reading->on && arrival == CURFEW_ARRIVED;
}

/* False: it is not of where we are. */
static bool tell_end(struct kafka_bus *bus, const struct place *place, struct curfew_bus_event *event)
{
    struct reading *reading = &place->slot->readings[place->partition];
    *event = curfew_bus_event_of(CURFEW_BUS_CAUGHT_UP, place->slot->topic, place->partition, place->offset);
    const bool told = arrive(bus, place, place->offset);
    reading->ended = reading->ended || told;
    bus->end.slot = NULL; /* `place` may lie there */
    return told;
}

/* What librdkafka says of a partition in place of a record. False: there is nothing to tell. */
static bool tell_partition_error(struct kafka_bus *bus, rd_kafka_event_t *queued, struct curfew_bus_event *event)
{
    struct place place = place_of(bus, queued);
    if (place.slot == NULL) {
        return tell_error(bus, CURFEW_KAFKA_CONSUMER, queued, event);
    }
    struct reading *reading = &place.slot->readings[place.partition];
    rd_kafka_resp_err_t code = rd_kafka_event_error(queued);
    *event = curfew_bus_event_of(CURFEW_BUS_CAUGHT_UP, place.slot->topic, place.partition, place.offset);
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        return tell_end(bus, &place, event);
    }
    bool gap = curfew_kafka_is_gap(code);
    if (!reading->on || (!gap && reading->reported == code)) {
        return false;
    }
    if (gap && curfew_position_miss(&reading->position, place.offset) == CURFEW_STRAYED && restart(bus, &place)) {
        return false;
    }
    reading->reported = code;
    event->kind = gap ? CURFEW_BUS_GAP : CURFEW_BUS_PROBLEM;
    event->text = bus->text;
    snprintf(bus->text, sizeof bus->text, "reading %s, partition %d, from Kafka at %s: %s", place.slot->name,
             (int)place.partition, bus->address, rd_kafka_event_error_string(queued));
    return true;
}

/* False: it is not of where we are. */
static bool tell_record(struct kafka_bus *bus, const rd_kafka_message_t *message, struct curfew_bus_event *event)
{
    struct topic_slot *slot = rd_kafka_topic_opaque(message->rkt);
    const struct place place = {slot, message->partition, message->offset};
    if (!arrive(bus, &place, message->offset + 1)) {
        return false;
    }
    /* librdkafka tells an end only where a fetch waits in vain: where records keep coming that may be never. */
    if (!slot->readings[place.partition].ended && curfew_kafka_at_end(bus->client[CURFEW_KAFKA_CONSUMER], message)) {
        bus->end = (struct place){slot, place.partition, place.offset + 1};
    }
    *event = curfew_bus_event_of(CURFEW_BUS_RECORD, slot->topic, message->partition, message->offset);
    curfew_kafka_content(message, event);
    return true;
}

static bool next_record(struct kafka_bus *bus, struct curfew_bus_event *event)
{
    if (bus->end.slot != NULL && tell_end(bus, &bus->end, event)) {
        return true;
    }
    while (bus->records != NULL) {
        rd_kafka_event_t *queued = curfew_stash_pop(&bus->stash);
        queued = queued == NULL ? rd_kafka_queue_poll(bus->records, 0) : queued;
        if (queued == NULL) {
            return false;
        }
        const rd_kafka_message_t *message = rd_kafka_event_message_next(queued);
        if (message != NULL && tell_record(bus, message, event)) {
            bus->held = queued; /* the value lies in it */
            return true;
        }
        bool told = rd_kafka_event_type(queued) == RD_KAFKA_EVENT_ERROR && tell_partition_error(bus, queued, event);
        rd_kafka_event_destroy(queued);
        if (told) {
            return true;
        }
    }
    return false;
}

static bool next_event(struct kafka_bus *bus, struct curfew_bus_event *event)
{
    bus->reports_first = !bus->reports_first;
    if (bus->reports_first && next_report(bus, CURFEW_KAFKA_PRODUCER, event)) {
        return true;
    }
    return next_report(bus, CURFEW_KAFKA_CONSUMER, event) || next_record(bus, event) ||
           (!bus->reports_first && next_report(bus, CURFEW_KAFKA_PRODUCER, event)) || tell_recovery(bus, event);
}

static enum curfew_status bus_poll(void *self, int timeout_ms, struct curfew_bus_event *event,
                                   struct curfew_error *error)
{
    struct kafka_bus *bus = self;
    assert_owner(bus);
    rd_kafka_event_destroy(bus->held);
    bus->held = NULL;
    int64_t deadline_us = 0;
    for (;;) {
        const bool told = next_event(bus, event);
        const bool woken = curfew_waker_take(&bus->waker);
        if (told) {
            return CURFEW_OK;
        }
        int64_t now_us = curfew_clock_now().boot_us;
        deadline_us = deadline_us == 0 ? now_us + timeout_ms * CURFEW_US_PER_MS : deadline_us;
        int64_t wait_us = deadline_us - now_us;
        if (woken || wait_us <= 0) {
            return curfew_error_set(error, CURFEW_TIMEOUT, "polling the bus: there was no event");
        }
        /* The queues were empty: what came since has written the descriptor. */
        bool probing = bus->outage.told && wait_us > CURFEW_OUTAGE_PROBE_US;
        curfew_waker_sleep(&bus->waker, probing ? CURFEW_OUTAGE_PROBE_US : wait_us);
    }
}

static void bus_wake(void *self)
{
    curfew_waker_call(&((struct kafka_bus *)self)->waker);
}

static void close_consumer(struct kafka_bus *bus)
{
    for (int i = 0; i < CURFEW_TOPIC_COUNT; i++) {
        for (int32_t partition = 0; partition < PARTITIONS_MAX; partition++) {
            if (bus->slots[i].readings[partition].on) {
                (void)rd_kafka_consume_stop(bus->slots[i].consumed, partition);
            }
        }
    }
    drop_topics(bus, CURFEW_KAFKA_CONSUMER);
    curfew_kafka_queue_drop(bus->records);
    curfew_kafka_queue_drop(bus->events[CURFEW_KAFKA_CONSUMER]);
    rd_kafka_destroy_flags(bus->client[CURFEW_KAFKA_CONSUMER], RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

static void bus_destroy(void *self)
{
    struct kafka_bus *bus = self;
    rd_kafka_event_destroy(bus->held);
    curfew_stash_clear(&bus->stash, drop_event);
    rd_kafka_event_destroy(bus->reports);
    if (bus->client[CURFEW_KAFKA_CONSUMER] != NULL) {
        close_consumer(bus);
    }
    if (bus->client[CURFEW_KAFKA_PRODUCER] != NULL) {
        rd_kafka_purge(bus->client[CURFEW_KAFKA_PRODUCER],
                       RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
        close_producer(bus);
    }
    for (int role = 0; role < ROLES; role++) {
        if (bus->conf[role] != NULL) {
            rd_kafka_conf_destroy(bus->conf[role]);
        }
    }
    curfew_waker_close(&bus->waker);
    free(bus->address);
    free(bus);
}

static const struct curfew_bus_ops kafka_ops = {.produce = bus_produce,
                                                .subscribe = bus_subscribe,
                                                .unsubscribe = bus_unsubscribe,
                                                .poll = bus_poll,
                                                .wake = bus_wake,
                                                .destroy = bus_destroy};

static enum curfew_status bus_init(struct kafka_bus *bus, const struct curfew_config *config,
                                   struct curfew_error *error)
{
    enum curfew_status status = curfew_waker_open(&bus->waker, error);
    bus->address = strdup(curfew_kafka_address(config));
    if (status == CURFEW_OK && bus->address == NULL) {
        status = curfew_error_set(error, CURFEW_NOMEM, "making the bus: no memory");
    }
    for (int role = 0; status == CURFEW_OK && role < ROLES; role++) {
        status = curfew_kafka_conf_create(config, (enum curfew_kafka_role)role, &bus->conf[role], error);
    }
    for (int i = 0; status == CURFEW_OK && i < CURFEW_TOPIC_COUNT; i++) {
        bus->slots[i].topic = (enum curfew_topic)i;
        status = curfew_kafka_topic_text(config, bus->slots[i].topic, bus->slots[i].name, error);
    }
    return status;
}

enum curfew_status curfew_bus_kafka_create(const struct curfew_config *config, struct curfew_bus *bus,
                                           struct curfew_error *error)
{
    *bus = (struct curfew_bus){NULL, NULL};
    struct kafka_bus *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return curfew_error_set(error, CURFEW_NOMEM, "making the bus: no memory");
    }
    enum curfew_status status = bus_init(made, config, error);
    if (status != CURFEW_OK) {
        bus_destroy(made);
        return status;
    }
    *bus = (struct curfew_bus){&kafka_ops, made};
    return CURFEW_OK;
}
