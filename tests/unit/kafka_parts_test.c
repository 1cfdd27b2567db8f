/* kafka_parts_test: what the Kafka form of the bus is made of, as far as it needs no broker: settings, stash, waker. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/bus_kafka.h"
#include "core/clock.h"
#include "core/kafka_settings.h"
#include "core/outage.h"
#include "core/stash.h"
#include "core/waker.h"
#include <curfew/event.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

static struct curfew_config *configure(const char *name, const char *value)
{
    struct curfew_config *config = NULL;
    struct curfew_error error;
    assert_int_equal(curfew_config_load(NULL, &config, &error), CURFEW_OK);
    assert_int_equal(curfew_config_set(config, "kafka.bootstrap.servers", "127.0.0.1:1", &error), CURFEW_OK);
    if (name != NULL) {
        assert_int_equal(curfew_config_set(config, name, value, &error), CURFEW_OK);
    }
    return config;
}

/* The value a property ends with, and whether it was visited at all. */
struct wanted {
    const char *name;
    char value[64];
    bool seen;
};

static enum curfew_status note(void *context, const char *name, const char *value, struct curfew_error *error)
{
    struct wanted *wanted = context;
    (void)error;
    if (strcmp(name, wanted->name) == 0) {
        snprintf(wanted->value, sizeof wanted->value, "%s", value);
        wanted->seen = true;
    }
    return CURFEW_OK;
}

static struct wanted settle(const char *name, const char *value, enum curfew_kafka_role role, const char *asked)
{
    struct curfew_config *config = configure(name, value);
    struct wanted wanted = {.name = asked};
    struct curfew_error error;
    assert_int_equal(curfew_kafka_settings_each(config, role, note, &wanted, &error), CURFEW_OK);
    curfew_config_destroy(config);
    return wanted;
}

static void the_user_wins_over_defaults(void **state)
{
    /* Goal: a default is used when nothing is said, and what the user says comes after it. */
    (void)state;
    assert_string_equal(settle(NULL, NULL, CURFEW_KAFKA_PRODUCER, "linger.ms").value, "0");
    assert_string_equal(settle("kafka.linger.ms", "7", CURFEW_KAFKA_PRODUCER, "linger.ms").value, "7");
    assert_false(settle(NULL, NULL, CURFEW_KAFKA_CONSUMER, "linger.ms").seen);
    assert_string_equal(settle(NULL, NULL, CURFEW_KAFKA_ADMIN, "client.id").value, "curfew");
}

static void what_correctness_rests_on_is_always_set(void **state)
{
    /* Goal: idempotence, acks, the offset reset, ends of partitions and isolation are set without anybody's help. */
    (void)state;
    assert_string_equal(settle(NULL, NULL, CURFEW_KAFKA_PRODUCER, "enable.idempotence").value, "true");
    assert_string_equal(settle(NULL, NULL, CURFEW_KAFKA_PRODUCER, "acks").value, "all");
    assert_string_equal(settle(NULL, NULL, CURFEW_KAFKA_CONSUMER, "auto.offset.reset").value, "error");
    assert_string_equal(settle(NULL, NULL, CURFEW_KAFKA_CONSUMER, "enable.partition.eof").value, "true");
    assert_string_equal(settle(NULL, NULL, CURFEW_KAFKA_CONSUMER, "isolation.level").value, "read_uncommitted");
    assert_string_equal(settle("kafka.acks", "-1", CURFEW_KAFKA_PRODUCER, "acks").value, "all");
}

static void assert_refused(const char *name, const char *value, const char *says)
{
    struct curfew_config *config = configure(name, value);
    struct curfew_bus bus = {NULL, NULL};
    struct curfew_error error;
    assert_int_equal(curfew_bus_kafka_create(config, &bus, &error), CURFEW_INVALID);
    assert_null(bus.ops);
    if (strstr(error.text, name) == NULL || strstr(error.text, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\" and \"%s\"", error.text, name, says);
    }
    curfew_config_destroy(config);
}

static void settings_that_would_break_promises_are_refused(void **state)
{
    /* Goal: each property that correctness rests on is refused when set otherwise, by name and with the reason. */
    (void)state;
    assert_refused("kafka.acks", "1", "must be all");
    assert_refused("kafka.request.required.acks", "0", "must be all");
    assert_refused("kafka.enable.idempotence", "false", "must be true");
    assert_refused("kafka.auto.offset.reset", "latest", "must be error");
    assert_refused("kafka.enable.partition.eof", "false", "must be true");
    assert_refused("kafka.isolation.level", "read_committed", "must be read_uncommitted");
    assert_refused("kafka.transactional.id", "t", "must not be set");
    assert_refused("kafka.group.id", "g", "must not be set");
}

static void unknown_and_wrong_settings_are_refused(void **state)
{
    /* Goal: a property librdkafka does not know, or whose value it does not take, is an error when the bus is made. */
    (void)state;
    assert_refused("kafka.nonsense.at.all", "1", "not a property of librdkafka");
    assert_refused("kafka.linger.ms", "soon", "cannot be used");
    assert_refused("topics.prefix", "a/b", "cannot begin a topic's name");
    assert_refused("topics.prefix", "", "cannot begin a topic's name");
}

static void a_missing_address_is_named(void **state)
{
    /* Goal: without kafka.bootstrap.servers there is an error that says what to set. */
    (void)state;
    struct curfew_config *config = NULL;
    struct curfew_bus bus;
    struct curfew_error error;
    unsetenv("CURFEW_KAFKA_BOOTSTRAP_SERVERS");
    assert_int_equal(curfew_config_load(NULL, &config, &error), CURFEW_OK);
    assert_int_equal(curfew_bus_kafka_create(config, &bus, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "kafka.bootstrap.servers is missing"));
    curfew_bus_destroy(&bus);
    curfew_config_destroy(config);
}

static void what_cannot_be_asked_of_a_bus_is_refused(void **state)
{
    /* Goal: impossible partitions, offsets and sizes are errors before anything goes to a broker. */
    (void)state;
    static uint8_t large[CURFEW_RECORD_MAX + 1];
    struct curfew_config *config = configure(NULL, NULL);
    struct curfew_bus bus;
    struct curfew_error error;
    assert_int_equal(curfew_bus_kafka_create(config, &bus, &error), CURFEW_OK);
    curfew_config_destroy(config); /* the bus keeps what it needs */
    assert_int_equal(bus.ops->subscribe(bus.self, CURFEW_TOPIC_ANSWERS, -1, 0, &error), CURFEW_INVALID);
    assert_int_equal(bus.ops->subscribe(bus.self, CURFEW_TOPIC_ANSWERS, CURFEW_LANES_MAX, 0, &error), CURFEW_INVALID);
    assert_int_equal(bus.ops->subscribe(bus.self, CURFEW_TOPIC_ANSWERS, 0, -3, &error), CURFEW_INVALID);
    assert_int_equal(bus.ops->unsubscribe(bus.self, CURFEW_TOPIC_ANSWERS, 0, &error), CURFEW_OK);
    const struct curfew_bus_record record = {.value = {large, sizeof large}};
    assert_int_equal(bus.ops->produce(bus.self, &record, &error), CURFEW_INVALID);
    curfew_bus_destroy(&bus);
    curfew_bus_destroy(&bus);
}

static int dropped;

static void drop(void *thing)
{
    (void)thing;
    dropped++;
}

static void push(struct curfew_stash *stash, int *thing, const void *owner, int32_t part)
{
    struct curfew_error error;
    const struct curfew_stashed item = {thing, owner, part};
    assert_int_equal(curfew_stash_push(stash, &item, &error), CURFEW_OK);
}

static void a_stash_gives_back_in_order_what_was_not_purged(void **state)
{
    /* Goal: only things of that owner and part go, the rest comes back in its order, also after some were taken. */
    (void)state;
    static int things[300];
    const int owners[2] = {0, 0};
    struct curfew_stash stash = {0};
    dropped = 0;
    for (int i = 0; i < 300; i++) {
        push(&stash, &things[i], &owners[i % 2], i % 3);
    }
    assert_ptr_equal(curfew_stash_pop(&stash), &things[0]);
    assert_ptr_equal(curfew_stash_pop(&stash), &things[1]);
    curfew_stash_purge(&stash, &owners[1], 2, drop);
    assert_int_equal(dropped, 50);
    push(&stash, &things[0], &owners[0], 0);
    for (int i = 2; i < 300; i++) {
        if (i % 2 != 1 || i % 3 != 2) {
            assert_ptr_equal(curfew_stash_pop(&stash), &things[i]);
        }
    }
    assert_ptr_equal(curfew_stash_pop(&stash), &things[0]);
    assert_null(curfew_stash_pop(&stash));
    assert_null(curfew_stash_pop(&stash));
    push(&stash, &things[0], &owners[0], 0);
    curfew_stash_clear(&stash, drop);
    assert_int_equal(dropped, 51);
}

static void *call_later(void *context)
{
    poll(NULL, 0, 50);
    curfew_waker_call(context);
    return NULL;
}

static void a_call_ends_a_sleep(void **state)
{
    /* Goal: a call from another thread ends a running sleep, a call before ends the next, and each is taken once. */
    (void)state;
    struct curfew_waker waker;
    struct curfew_error error;
    pthread_t thread;
    assert_int_equal(curfew_waker_open(&waker, &error), CURFEW_OK);
    assert_false(curfew_waker_take(&waker));
    int64_t before_us = curfew_clock_now().boot_us;
    assert_int_equal(pthread_create(&thread, NULL, call_later, &waker), 0);
    curfew_waker_sleep(&waker, 10 * CURFEW_US_PER_S);
    assert_true(curfew_clock_now().boot_us - before_us < 5 * CURFEW_US_PER_S);
    assert_true(curfew_waker_take(&waker));
    assert_false(curfew_waker_take(&waker));
    pthread_join(thread, NULL);

    curfew_waker_call(&waker);
    curfew_waker_call(&waker);
    before_us = curfew_clock_now().boot_us;
    curfew_waker_sleep(&waker, 10 * CURFEW_US_PER_S);
    assert_true(curfew_clock_now().boot_us - before_us < 5 * CURFEW_US_PER_S);
    assert_true(curfew_waker_take(&waker));
    before_us = curfew_clock_now().boot_us;
    curfew_waker_sleep(&waker, 30 * CURFEW_US_PER_MS);
    assert_true(curfew_clock_now().boot_us - before_us >= 30 * CURFEW_US_PER_MS);
    curfew_waker_close(&waker);
    curfew_waker_close(&waker);
}

static void an_outage_is_told_once(void **state)
{
    /* Goal: it begins with the first client that is down, is looked at now and then, and ends with the last. */
    (void)state;
    struct curfew_outage outage = {0};
    assert_false(curfew_outage_due(&outage, INT64_MAX));
    assert_false(curfew_outage_end(&outage, 0));
    curfew_outage_note(&outage, "refused");
    assert_true(curfew_outage_begin(&outage, 0, 1000));
    assert_string_equal(outage.why, "refused");
    assert_false(curfew_outage_begin(&outage, 1, 2000));
    assert_false(curfew_outage_begin(&outage, 0, 3000));
    assert_false(curfew_outage_due(&outage, 1000 + CURFEW_OUTAGE_PROBE_US - 1));
    assert_true(curfew_outage_due(&outage, 1000 + CURFEW_OUTAGE_PROBE_US));
    assert_false(curfew_outage_due(&outage, 1000 + CURFEW_OUTAGE_PROBE_US));
    assert_false(curfew_outage_end(&outage, 0));
    assert_false(curfew_outage_end(&outage, 0));
    assert_true(curfew_outage_end(&outage, 1));
    assert_false(curfew_outage_end(&outage, 1));
    assert_string_equal(outage.why, "");
    assert_true(curfew_outage_begin(&outage, 1, 5000));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_outage_is_told_once),
    cmocka_unit_test(the_user_wins_over_defaults),
    cmocka_unit_test(what_correctness_rests_on_is_always_set),
    cmocka_unit_test(settings_that_would_break_promises_are_refused),
    cmocka_unit_test(unknown_and_wrong_settings_are_refused),
    cmocka_unit_test(a_missing_address_is_named),
    cmocka_unit_test(what_cannot_be_asked_of_a_bus_is_refused),
    cmocka_unit_test(a_stash_gives_back_in_order_what_was_not_purged),
    cmocka_unit_test(a_call_ends_a_sleep),
};

int main(void)
{
    return cmocka_run_group_tests_name("kafka_parts", tests, NULL, NULL);
}
