/* time_to_deny: how long after a task's end is durable does every hop deny its token, over real HTTP; beside it a bare
 * relay on the same broker in the same run, and the time of a gated mint. */
#include "core/clock.h"
#include "core/digest.h"
#include "core/id.h"
#include "relay.h"
#include "services/issuer/mint.h"
#include "tests/bench/measure.h"
#include <argp.h>
#include <curl/curl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define HOPS 3
#define TASKS_MAX 10000
#define CALL_MS 10000
#define FIRST_US 1000 /* to the first question after an end: asking costs the two cores what the answer needs */
#define POLL_US 300 /* between two questions to one hop */

struct arguments {
    const char *brokers;
    const char *key;
    const char *issuer;
    const char *audience;
    const char *relay_in;
    const char *relay_out;
    const char *hops[HOPS];
    int hop_count;
    int tasks;
    bool json;
};

/* Asks one hop for one token until it says what is waited for; between that it sleeps, so as not to be what is
 * measured. */
struct watcher {
    const char *url;
    pthread_t thread;
    CURL *curl;
    struct curl_slist *headers; /* of the round */
    sem_t go;
    sem_t seen;
    long want; /* the HTTP status waited for; 0: end */
    int64_t seen_us; /* boot time it was first given */
    bool came;
};

struct figures {
    int64_t *us;
    size_t count;
};

static const struct argp_option options[] = {
    {"brokers", 'b', "HOST:PORT", 0, "Kafka", 0},
    {"key", 'k', "FILE", 0, "the issuer's private key (PEM)", 0},
    {"issuer", 'i', "ISS", 0, "iss of the tokens", 0},
    {"audience", 'a', "AUD", 0, "aud the hops accept", 0},
    {"hop", 'h', "URL", 0, "a side-car's check, e.g. http://127.0.0.1:8600/v1/check?class=strict; three times", 0},
    {"relay-in", 1, "TOPIC", 0, "topic of one partition, made if it is not there", 0},
    {"relay-out", 2, "TOPIC", 0, "another", 0},
    {"tasks", 'n', "N", 0, "tasks to end (60)", 0},
    {"json", 'j', NULL, 0, "print one JSON object", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'b':
        arguments->brokers = argument;
        return 0;
    case 'k':
        arguments->key = argument;
        return 0;
    case 'i':
        arguments->issuer = argument;
        return 0;
    case 'a':
        arguments->audience = argument;
        return 0;
    case 'h':
        if (arguments->hop_count == HOPS) {
            argp_error(state, "--hop is given exactly %d times", HOPS);
        }
        arguments->hops[arguments->hop_count++] = argument;
        return 0;
    case 'n':
        arguments->tasks = atoi(argument);
        return 0;
    case 'j':
        arguments->json = true;
        return 0;
    case 1:
        arguments->relay_in = argument;
        return 0;
    case 2:
        arguments->relay_out = argument;
        return 0;
    case ARGP_KEY_END:
        if (arguments->brokers == NULL || arguments->key == NULL || arguments->issuer == NULL ||
            arguments->audience == NULL || arguments->relay_in == NULL || arguments->relay_out == NULL ||
            arguments->hop_count != HOPS || arguments->tasks < 1 || arguments->tasks > TASKS_MAX) {
            argp_error(state, "every option but --json is needed, --hop %d times, --tasks 1 to %d", HOPS, TASKS_MAX);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "time_to_deny: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static size_t discard(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static long ask(struct watcher *watcher)
{
    long code = 0;
    (void)curl_easy_setopt(watcher->curl, CURLOPT_HTTPHEADER, watcher->headers);
    if (curl_easy_perform(watcher->curl) == CURLE_OK) {
        (void)curl_easy_getinfo(watcher->curl, CURLINFO_RESPONSE_CODE, &code);
    }
    return code;
}

static void *watch(void *context)
{
    struct watcher *watcher = context;
    const struct timespec first = {.tv_nsec = FIRST_US * 1000};
    const struct timespec pause = {.tv_nsec = POLL_US * 1000};
    while (sem_wait(&watcher->go) == 0 && watcher->want != 0) {
        const int64_t until_us = curfew_clock_now().boot_us + CALL_MS * CURFEW_US_PER_MS;
        (void)nanosleep(&first, NULL);
        watcher->came = ask(watcher) == watcher->want;
        while (!watcher->came && curfew_clock_now().boot_us < until_us) {
            (void)nanosleep(&pause, NULL);
            watcher->came = ask(watcher) == watcher->want;
        }
        watcher->seen_us = curfew_clock_now().boot_us;
        (void)sem_post(&watcher->seen);
    }
    return NULL;
}

static void start_watcher(struct watcher *watcher, const char *url)
{
    watcher->url = url;
    watcher->curl = curl_easy_init();
    if (watcher->curl == NULL) {
        fail("starting", "no memory for an HTTP client");
    }
    (void)curl_easy_setopt(watcher->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(watcher->curl, CURLOPT_WRITEFUNCTION, discard);
    (void)curl_easy_setopt(watcher->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(watcher->curl, CURLOPT_TIMEOUT_MS, (long)CALL_MS);
    if (sem_init(&watcher->go, 0, 0) != 0 || sem_init(&watcher->seen, 0, 0) != 0 ||
        pthread_create(&watcher->thread, NULL, watch, watcher) != 0) {
        fail("starting", "no thread");
    }
}

/* All hops are asked at once until each gives this status. */
static void watch_all(struct watcher watchers[HOPS], struct curl_slist *headers, long status, const char *what)
{
    for (int i = 0; i < HOPS; i++) {
        watchers[i].headers = headers;
        watchers[i].want = status;
        (void)sem_post(&watchers[i].go);
    }
    for (int i = 0; i < HOPS; i++) {
        (void)sem_wait(&watchers[i].seen);
        if (!watchers[i].came) {
            fail(watchers[i].url, what);
        }
    }
}

static void add(struct figures *figures, int64_t us)
{
    figures->us[figures->count++] = us;
}

static double quantile_ms(const struct figures *figures, double part)
{
    size_t at = (size_t)(part * (double)(figures->count - 1) + 0.5);
    return (double)figures->us[at] / 1000.0;
}

struct bench {
    struct arguments arguments;
    struct curfew_producer *producer;
    struct curfew_signer *signer;
    struct relay *relay;
    struct watcher watchers[HOPS];
    struct curfew_claims claims;
    char session[CURFEW_SESSION_ID_SIZE];
    struct figures deny;
    struct figures relayed;
    struct figures mint;
};

static void emit(struct bench *bench, const struct curfew_event *event, enum curfew_wait wait,
                 struct curfew_outcome *outcome)
{
    if (curfew_producer_emit_and_wait(bench->producer, event, CURFEW_LANE_OF_EVENT, wait, CALL_MS, outcome) !=
        CURFEW_OK) {
        fail(curfew_event_name(event->type), outcome->error.text);
    }
}

static void start_session(struct bench *bench)
{
    uint8_t random[16];
    const struct curfew_now now = curfew_clock_now();
    struct curfew_outcome outcome;
    curfew_random(random, sizeof random);
    curfew_session_id_make(1, random, bench->session);
    bench->claims = (struct curfew_claims){.session = curfew_slice_of(bench->session),
                                           .tenant = curfew_slice_of("bench"),
                                           .issuer = curfew_slice_of(bench->arguments.issuer),
                                           .user = curfew_slice_of("measure"),
                                           .auth_us = now.wall_us};
    const struct curfew_event event = {.type = CURFEW_EVENT_SESSION_STARTED,
                                       .as.session_started = {.session = bench->claims.session,
                                                              .tenant = bench->claims.tenant,
                                                              .issuer = bench->claims.issuer,
                                                              .user = bench->claims.user,
                                                              .auth_us = now.wall_us,
                                                              .deadline_us = now.wall_us + 3600 * CURFEW_US_PER_S}};
    emit(bench, &event, CURFEW_WAIT_ACCEPTED, &outcome);
}

static char *mint(struct bench *bench, const struct curfew_path_step *step)
{
    const char *const audiences[] = {bench->arguments.audience, NULL};
    struct curfew_mint wanted = {
        .claims = bench->claims, .life_s = 300, .client_id = "time_to_deny", .audiences = audiences};
    struct curfew_outcome outcome;
    char *token = NULL;
    wanted.claims.path = (struct curfew_list){step, 1};
    const int64_t begun_us = curfew_clock_now().boot_us;
    if (curfew_mint_token(bench->producer, bench->signer, &wanted, CALL_MS, &token, &outcome) != CURFEW_OK) {
        fail("mint", outcome.error.text);
    }
    add(&bench->mint, curfew_clock_now().boot_us - begun_us);
    return token;
}

/* One task: start, mint, allowed at every hop; then its end, and the first denial at each. */
static void one_task(struct bench *bench, long round)
{
    char name[32];
    struct curfew_outcome outcome;
    (void)snprintf(name, sizeof name, "task-%ld", round);
    const struct curfew_path_step step = {bench->claims.tenant, curfew_slice_of(name), 1};
    const struct curfew_event start = {
        .type = CURFEW_EVENT_TASK_STARTED,
        .as.task_started = {.session = bench->claims.session, .task = step.task, .attempt = 1}};
    const struct curfew_event end = {.type = CURFEW_EVENT_TASK_ENDED,
                                     .as.task_ended = {.session = bench->claims.session, .task = step.task}};
    emit(bench, &start, CURFEW_WAIT_ACCEPTED, &outcome);
    char *token = mint(bench, &step);
    const size_t room = strlen(token) + 32;
    char *header = malloc(room);
    if (header == NULL) {
        fail("mint", "no memory");
    }
    (void)snprintf(header, room, "Authorization: Bearer %s", token);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    watch_all(bench->watchers, headers, 200, "never allowed a token of a live task");
    emit(bench, &end, CURFEW_WAIT_DURABLE, &outcome);
    watch_all(bench->watchers, headers, 403, "never denied a token of an ended task");
    const struct curfew_now now = curfew_clock_now();
    const int64_t durable_boot_us = now.boot_us - (now.wall_us - outcome.receipt.durable_us);
    for (int i = 0; i < HOPS; i++) {
        add(&bench->deny, bench->watchers[i].seen_us - durable_boot_us);
    }
    curl_slist_free_all(headers);
    explicit_bzero(header, room);
    explicit_bzero(token, strlen(token));
    free(header);
    free(token);
}

static void report(struct bench *bench)
{
    struct figures *const all[] = {&bench->deny, &bench->relayed, &bench->mint};
    for (size_t i = 0; i < 3; i++) {
        qsort(all[i]->us, all[i]->count, sizeof all[i]->us[0], by_size);
    }
    const double ratio = quantile_ms(&bench->deny, 0.5) / quantile_ms(&bench->relayed, 0.5);
    if (bench->arguments.json) {
        (void)printf("{\"tasks\":%d,\"hops\":%d", bench->arguments.tasks, HOPS);
        static const char *const keys[] = {"deny", "relay", "mint"};
        for (size_t i = 0; i < 3; i++) {
            (void)printf(",\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f,\"%s_max_ms\":%.3f", keys[i], quantile_ms(all[i], 0.5),
                         keys[i], quantile_ms(all[i], 0.99), keys[i], quantile_ms(all[i], 1));
        }
        (void)printf(",\"ratio_p50\":%.3f}\n", ratio);
        return;
    }
    static const char *const names[] = {"durable end -> denied at a hop (HTTP)", "bare relay: durable -> consumed",
                                        "gated mint: asked -> token in hand"};
    (void)printf("%-40s %9s %9s %9s %6s\n", "ms", "p50", "p99", "max", "n");
    for (size_t i = 0; i < 3; i++) {
        (void)printf("%-40s %9.2f %9.2f %9.2f %6zu\n", names[i], quantile_ms(all[i], 0.5), quantile_ms(all[i], 0.99),
                     quantile_ms(all[i], 1), all[i]->count);
    }
    (void)printf("p50 of the denial is %.2f x the relay's\n", ratio);
}

static void open_all(struct bench *bench)
{
    struct curfew_error error = {.status = CURFEW_OK};
    const char *const settings[] = {"kafka.bootstrap.servers", bench->arguments.brokers, NULL};
    const struct curfew_producer_options producer = {.size = sizeof producer, .settings = settings};
    if (curfew_producer_open(&producer, &bench->producer, &error) != CURFEW_OK ||
        curfew_signer_load(bench->arguments.key, &bench->signer, &error) != CURFEW_OK) {
        fail("starting", error.text);
    }
    bench->relay = relay_open(bench->arguments.brokers, bench->arguments.relay_in, bench->arguments.relay_out);
    if (bench->relay == NULL) {
        fail("relay", "its consumers did not start");
    }
    const size_t room = (size_t)bench->arguments.tasks * HOPS;
    bench->deny.us = calloc(room, sizeof(int64_t));
    bench->relayed.us = calloc(room, sizeof(int64_t));
    bench->mint.us = calloc(room, sizeof(int64_t));
    if (bench->deny.us == NULL || bench->relayed.us == NULL || bench->mint.us == NULL) {
        fail("starting", "no memory");
    }
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 0; i < HOPS; i++) {
        start_watcher(&bench->watchers[i], bench->arguments.hops[i]);
    }
}

static void close_all(struct bench *bench)
{
    for (int i = 0; i < HOPS; i++) {
        bench->watchers[i].want = 0;
        (void)sem_post(&bench->watchers[i].go);
        (void)pthread_join(bench->watchers[i].thread, NULL);
        curl_easy_cleanup(bench->watchers[i].curl);
    }
    relay_close(bench->relay);
    curfew_signer_destroy(bench->signer);
    (void)curfew_producer_close(bench->producer, CALL_MS, NULL);
    free(bench->deny.us);
    free(bench->relayed.us);
    free(bench->mint.us);
}

int main(int argc, char **argv)
{
    static struct bench bench = {.arguments = {.tasks = 60}};
    const struct argp argp = {.options = options,
                              .parser = parse,
                              .doc = "Measures the time from a durable task end to the denial at three hops, beside a "
                                     "bare librdkafka relay in the same run."};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &bench.arguments);
    open_all(&bench);
    start_session(&bench);
    for (long round = 1; round <= bench.arguments.tasks; round++) {
        int64_t us[RELAY_READERS];
        one_task(&bench, round);
        if (relay_round(bench.relay, 120, us) != 0) {
            fail("relay", "a message did not come through");
        }
        for (int i = 0; i < RELAY_READERS; i++) {
            add(&bench.relayed, us[i]);
        }
    }
    report(&bench);
    close_all(&bench);
    return EXIT_SUCCESS;
}
