/* relay: consume, produce, consume, with nothing in between. */
#include "relay.h"

#include "core/clock.h"
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS 10000
#define OPEN_MS 20000

struct reader {
    struct relay *relay;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    pthread_t thread;
    bool running;
    bool forwards; /* the relay itself; otherwise one of the readers behind it */
    atomic_bool ready;
    atomic_llong seen_round;
    atomic_llong seen_us;
};

struct relay {
    rd_kafka_t *producer;
    rd_kafka_topic_t *in;
    rd_kafka_t *forwarder;
    rd_kafka_topic_t *out;
    struct reader readers[RELAY_READERS + 1];
    atomic_bool stop;
    atomic_llong acked_us;
    int64_t round;
};

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct relay *relay = opaque;
    (void)client;
    if (relay != NULL && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        atomic_store(&relay->acked_us, curfew_clock_now().boot_us);
    }
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers, struct relay *relay)
{
    /* What Curfew itself uses, so that the two differ in what they do and not in how they are set. */
    static const char *const common[] = {"socket.nagle.disable", "true", "log_level", "3", NULL};
    static const char *const producer[] = {"enable.idempotence", "true", "linger.ms", "0", NULL};
    static const char *const consumer[] = {
        "fetch.min.bytes", "1", "fetch.wait.max.ms", "100", "enable.partition.eof", "true", NULL};
    const char *const *const lists[] = {common, type == RD_KAFKA_PRODUCER ? producer : consumer};
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text);
    for (size_t i = 0; i < 2; i++) {
        for (const char *const *pair = lists[i]; *pair != NULL; pair += 2) {
            if (rd_kafka_conf_set(conf, pair[0], pair[1], text, sizeof text) != RD_KAFKA_CONF_OK) {
                (void)fprintf(stderr, "relay: %s\n", text);
                exit(EXIT_FAILURE);
            }
        }
    }
    if (type == RD_KAFKA_PRODUCER) {
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        rd_kafka_conf_set_opaque(conf, relay);
    }
    rd_kafka_t *made = rd_kafka_new(type, conf, text, sizeof text);
    if (made == NULL) {
        (void)fprintf(stderr, "relay: %s\n", text);
        exit(EXIT_FAILURE);
    }
    return made;
}

/* A topic of one partition; one that exists is fine. */
static void create_topic(rd_kafka_t *made, const char *name)
{
    char text[512];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(made);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(name, 1, 1, text, sizeof text);
    rd_kafka_CreateTopics(made, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, OPEN_MS);
    if (event == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        (void)fprintf(stderr, "relay: cannot create topic %s\n", name);
        exit(EXIT_FAILURE);
    }
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void forward(struct reader *reader, const rd_kafka_message_t *message)
{
    (void)rd_kafka_produce(reader->relay->out, 0, RD_KAFKA_MSG_F_COPY, message->payload, message->len, NULL, 0, NULL);
    (void)rd_kafka_poll(reader->relay->forwarder, 0);
}

static void *read_all(void *context)
{
    struct reader *reader = context;
    while (!atomic_load(&reader->relay->stop)) {
        rd_kafka_message_t *message = rd_kafka_consume(reader->topic, 0, 100);
        if (message == NULL) {
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            atomic_store(&reader->ready, true);
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && reader->forwards) {
            forward(reader, message);
        } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            int64_t round = 0;
            memcpy(&round, message->payload, sizeof round);
            atomic_store(&reader->seen_us, curfew_clock_now().boot_us);
            atomic_store(&reader->seen_round, round);
        }
        rd_kafka_message_destroy(message);
    }
    return NULL;
}

static int start_reader(struct reader *reader, const char *brokers, const char *topic)
{
    reader->client = client(RD_KAFKA_CONSUMER, brokers, NULL);
    reader->topic = rd_kafka_topic_new(reader->client, topic, NULL);
    if (reader->topic == NULL || rd_kafka_consume_start(reader->topic, 0, RD_KAFKA_OFFSET_END) != 0 ||
        pthread_create(&reader->thread, NULL, read_all, reader) != 0) {
        return -1;
    }
    reader->running = true;
    const int64_t until_us = curfew_clock_now().boot_us + OPEN_MS * CURFEW_US_PER_MS;
    while (!atomic_load(&reader->ready)) {
        if (curfew_clock_now().boot_us > until_us) {
            return -1;
        }
        (void)rd_kafka_poll(reader->client, 1);
    }
    return 0;
}

struct relay *relay_open(const char *brokers, const char *in, const char *out)
{
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        return NULL;
    }
    relay->producer = client(RD_KAFKA_PRODUCER, brokers, relay);
    create_topic(relay->producer, in);
    create_topic(relay->producer, out);
    relay->in = rd_kafka_topic_new(relay->producer, in, NULL);
    relay->forwarder = client(RD_KAFKA_PRODUCER, brokers, NULL);
    relay->out = rd_kafka_topic_new(relay->forwarder, out, NULL);
    for (int i = 0; i <= RELAY_READERS; i++) {
        relay->readers[i].relay = relay;
        relay->readers[i].forwards = i == RELAY_READERS;
        if (start_reader(&relay->readers[i], brokers, i == RELAY_READERS ? in : out) != 0) {
            relay_close(relay);
            return NULL;
        }
    }
    return relay;
}

void relay_close(struct relay *relay)
{
    if (relay == NULL) {
        return;
    }
    atomic_store(&relay->stop, true);
    for (int i = 0; i <= RELAY_READERS; i++) {
        struct reader *reader = &relay->readers[i];
        if (reader->running) {
            (void)pthread_join(reader->thread, NULL);
            (void)rd_kafka_consume_stop(reader->topic, 0);
        }
        if (reader->topic != NULL) {
            rd_kafka_topic_destroy(reader->topic);
        }
        if (reader->client != NULL) {
            rd_kafka_destroy(reader->client);
        }
    }
    rd_kafka_topic_destroy(relay->in);
    rd_kafka_topic_destroy(relay->out);
    rd_kafka_destroy(relay->producer);
    rd_kafka_destroy(relay->forwarder);
    free(relay);
}

int relay_round(struct relay *relay, size_t size, int64_t us[RELAY_READERS])
{
    char payload[4096] = "";
    relay->round++;
    memcpy(payload, &relay->round, sizeof relay->round);
    atomic_store(&relay->acked_us, 0);
    if (size > sizeof payload ||
        rd_kafka_produce(relay->in, 0, RD_KAFKA_MSG_F_COPY, payload, size, NULL, 0, NULL) != 0) {
        return -1;
    }
    const int64_t until_us = curfew_clock_now().boot_us + ROUND_MS * CURFEW_US_PER_MS;
    for (int seen = 0; seen < RELAY_READERS || atomic_load(&relay->acked_us) == 0;) {
        if (curfew_clock_now().boot_us > until_us) {
            return -1;
        }
        (void)rd_kafka_poll(relay->producer, 1);
        seen = 0;
        for (int i = 0; i < RELAY_READERS; i++) {
            seen += atomic_load(&relay->readers[i].seen_round) == relay->round ? 1 : 0;
        }
    }
    for (int i = 0; i < RELAY_READERS; i++) {
        us[i] = atomic_load(&relay->readers[i].seen_us) - atomic_load(&relay->acked_us);
    }
    return 0;
}
