/* startup_test: what services say and do while something they need is missing or not as it should be. */
#include "core/bus_kafka.h"
#include "tests/scenario/play.h"
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ADMIN_MS 20000

struct saying {
    struct rig *rig;
    struct rig_process *service;
    const char *text;
};

static bool readyz_says(void *context)
{
    const struct saying *saying = context;
    const struct rig_response response = rig_get(saying->rig, saying->service, "/readyz", NULL);

    return response.status == 503 && strstr(response.body, saying->text) != NULL;
}

static void await_saying(struct rig *rig, struct rig_process *service, const char *text)
{
    struct saying saying = {rig, service, text};

    rig_until(readyz_says, &saying, RIG_START_MS, rig_text(rig, "/readyz says no and why: %s", text));
    assert_int_equal(rig_get(rig, service, "/livez", NULL).status, 200);
}

static const char *make_key(struct rig *rig, const char *name)
{
    const char *jwks = rig_text(rig, "%s/%s.jwks", rig_directory(rig), name);
    struct rig_output output = rig_curfew(rig, NULL, "token", "keygen", "--out",
                                          rig_text(rig, "%s/%s.pem", rig_directory(rig), name), "--jwks", jwks);

    assert_int_equal(output.status, 0);
    return jwks;
}

static struct rig_process *start_guard(struct rig *rig, const char *name, const char *cache)
{
    return rig_guard(rig, name,
                     LIST("hop.issuer=" PLAY_ISSUER, "hop.algorithms=ES256", "hop.tenants=acme",
                          "hop.audience=" PLAY_AUDIENCE, rig_text(rig, "hop.jwks_file=%s", make_key(rig, name)),
                          "guard.class=strict", rig_text(rig, "cache.address=%s", cache)));
}

static void services_wait_for_kafka_for_topics_and_need_no_redis(void **state)
{
    /* Goal: no broker: named, not ready, alive. Broker but no topics: says what to run. Topics: ready, Redis or not. */
    struct rig *rig = *state;
    struct rig_process *kafka = rig_kafka(rig);

    rig_process_kill(kafka);
    const char *prefix = rig_new_topics(rig);
    rig_secrets(rig, prefix);
    struct rig_process *coordinator = rig_coordinator(rig, "early", NULL);
    struct rig_process *guard = start_guard(rig, "early-hop", "127.0.0.1:1");
    await_saying(rig, coordinator, rig_process_address(kafka));
    await_saying(rig, guard, rig_process_address(kafka));
    struct rig_output output =
        rig_curfew(rig, NULL, "session", "start", "--tenant", "t", "--user", "u", "--issuer", "i", "--timeout", "2s");
    assert_int_equal(output.status, 5);
    assert_non_null(strstr(output.err, rig_process_address(kafka)));
    rig_process_start(kafka);
    rig_await_kafka(rig);
    await_saying(rig, coordinator, "curfew topics create");
    await_saying(rig, guard, "curfew topics create");
    rig_found(rig, prefix, LIST("--lanes", "1", "--coordinator", "early"));
    rig_await_ready(rig, coordinator);
    rig_await_ready(rig, guard);
    rig_process_kill(coordinator);
    rig_process_kill(guard);
}

/* Topics as genesis would make them, but for what the test changes. */
static void make_topics(struct rig *rig, const char *prefix, int32_t answers, const char *timestamps)
{
    struct curfew_config *config = NULL;
    struct curfew_error error = {.status = CURFEW_OK};
    const char *const settings[] = {"message.timestamp.type", timestamps, NULL};
    const struct curfew_topic_spec specs[] = {
        {CURFEW_TOPIC_CONTROL, 1, settings},
        {CURFEW_TOPIC_LIFECYCLE, 1, settings},
        {CURFEW_TOPIC_REVOCATIONS, 2, settings},
        {CURFEW_TOPIC_ANSWERS, answers, settings},
    };

    if (curfew_config_load(NULL, &config, &error) != CURFEW_OK ||
        curfew_config_set(config, "kafka.bootstrap.servers", rig_process_address(rig_kafka(rig)), &error) !=
            CURFEW_OK ||
        curfew_config_set(config, "topics.prefix", prefix, &error) != CURFEW_OK ||
        curfew_kafka_create_topics(config, specs, sizeof specs / sizeof specs[0], 1, ADMIN_MS, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    curfew_config_destroy(config);
}

static void topics_that_are_not_as_genesis_made_them_are_named(void **state)
{
    /* Goal: wrong partitions, producer timestamps, no genesis: each said by the coordinator and by `topics check`. */
    struct rig *rig = *state;
    static const struct {
        int32_t answers;
        const char *timestamps;
        const char *says;
    } cases[] = {
        {3, "LogAppendTime", "answers"},
        {2, "CreateTime", "LogAppendTime"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *prefix = rig_new_topics(rig);
        make_topics(rig, prefix, cases[i].answers, cases[i].timestamps);
        struct rig_process *coordinator = rig_coordinator(rig, rig_text(rig, "wrong-%zu", i), NULL);
        await_saying(rig, coordinator, cases[i].says);
        struct rig_output output = rig_curfew(rig, NULL, "topics", "check");
        assert_int_not_equal(output.status, 0);
        if (strstr(output.out, cases[i].says) == NULL && strstr(output.err, cases[i].says) == NULL) {
            fail_msg("topics check does not name it: %s%s", output.out, output.err);
        }
        rig_process_kill(coordinator);
    }
    const char *prefix = rig_new_topics(rig);
    make_topics(rig, prefix, 2, "LogAppendTime");
    struct rig_output output = rig_curfew(rig, NULL, "session", "start", "--tenant", "t", "--user", "u", "--issuer",
                                          "i", "--lane", "1", "--timeout", "5s");
    assert_int_not_equal(output.status, 0);
    assert_non_null(strstr(output.err, "genesis"));
}

static void a_wrong_setting_ends_a_service_with_what_to_do(void **state)
{
    /* Goal: an unknown name names the nearest, a missing key file names the path, a missing choice says so. */
    struct rig *rig = *state;
    static const struct {
        const char *setting;
        const char *says;
    } cases[] = {
        {"guard.lissten=127.0.0.1:0", "guard.listen"},
        {"hop.jwks_file=/nonexistent/keys.json", "/nonexistent/keys.json"},
        {"coordinators.keys_file=/nonexistent/coordinators.json", "/nonexistent/coordinators.json"},
        {"kafka.no.such.property=1", "no.such.property"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *log = rig_text(rig, "%s/bad-%zu.log", rig_directory(rig), i);
        struct rig_process *guard = rig_guard(
            rig, rig_text(rig, "bad-%zu", i),
            LIST("hop.issuer=" PLAY_ISSUER, "hop.algorithms=ES256", "hop.tenants=acme", "hop.audience=" PLAY_AUDIENCE,
                 "guard.class=strict",
                 rig_text(rig, "hop.jwks_file=%s", make_key(rig, rig_text(rig, "bad-key-%zu", i))), cases[i].setting));
        assert_int_not_equal(rig_process_wait(guard, RIG_START_MS), 0);
        struct rig_output text = rig_run(rig, NULL, LIST("cat", log));
        if (strstr(text.out, cases[i].says) == NULL) {
            fail_msg("%s: %s", cases[i].setting, text.out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_wait_for_kafka_for_topics_and_need_no_redis),
        cmocka_unit_test(topics_that_are_not_as_genesis_made_them_are_named),
        cmocka_unit_test(a_wrong_setting_ends_a_service_with_what_to_do),
    };
    return rig_main("startup", tests, sizeof tests / sizeof tests[0]);
}
