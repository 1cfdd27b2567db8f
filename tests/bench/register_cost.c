/* register_cost: what it costs a coordinator to know names: time a record, memory a task, and how long a page of a list
 * that looks at as much as it may keeps it from its work. */
#include "core/clock.h"
#include "schemas/codec.h"
#include "services/coordinator/owned.h"
#include "tests/bench/measure.h"
#include "tests/common/author.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define SESSIONS 100
#define TASKS 1000 /* a session */
#define RECORDS (SESSIONS * (TASKS + 1))
#define T0_US INT64_C(1800000000000000)

static int64_t took_ns[2][RECORDS]; /* of the step, and of the note */
static int64_t noted_bytes;
static int records;

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "register_cost: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

/* Steps an event and notes it; genesis, the first, is not counted. */
static void say(struct curfew_lane *lane, struct curfew_register *names, const struct curfew_log_place *place,
                const struct curfew_event *event)
{
    static uint8_t bytes[4096];
    uint8_t mac[CURFEW_MAC_SIZE];
    size_t size = 0;
    struct curfew_effects effects;
    must(curfew_codec_encode(event, bytes, sizeof bytes, &size, NULL) == CURFEW_OK, "encoding");
    author_prove_event(event, place, (struct curfew_slice){bytes, size}, mac);
    const struct curfew_record record = {curfew_lane_next(lane), T0_US, true, {bytes, size}, {mac, sizeof mac}};
    const int64_t begun_ns = now_ns();
    must(curfew_lane_step(lane, &record, &effects) == CURFEW_STEP_DONE && !effects.refused, "a record is refused");
    const int64_t stepped_ns = now_ns();
    const size_t before = mallinfo2().uordblks;
    const int64_t noting_ns = now_ns();
    curfew_register_note(names, lane, &record, &effects);
    const int64_t noted_ns = now_ns();
    if (event->type != CURFEW_EVENT_GENESIS) {
        noted_bytes += (int64_t)(mallinfo2().uordblks - before);
        took_ns[0][records] = stepped_ns - begun_ns;
        took_ns[1][records++] = noted_ns - noting_ns;
    }
}

static void begin(struct curfew_lane *lane, struct curfew_register *names, struct curfew_log_place *place)
{
    struct author_list list = {.count = 0};
    struct curfew_event event = {.type = CURFEW_EVENT_GENESIS,
                                 .as.genesis = {.writer = curfew_slice_of("w"),
                                                .said_us = T0_US,
                                                .log_id = {2},
                                                .control_log = {1},
                                                .lane = 1,
                                                .lanes = 2,
                                                .settings = {1, 250, 100, 10000, 5000, 1000, 900000, 518400000, 3600000,
                                                             SESSIONS, RECORDS, RECORDS, 1}}};
    author_name(&list, "w", AUTHOR_ALL_ROLES);
    author_genesis(&event.as.genesis, &list);
    memcpy(place->log_id, event.as.genesis.log_id, sizeof place->log_id);
    say(lane, names, place, &event);
}

static void fill(struct curfew_lane *lane, struct curfew_register *names, const struct curfew_log_place *place)
{
    char id[32];
    char task[64];
    for (int i = 0; i < SESSIONS; i++) {
        (void)snprintf(id, sizeof id, "1.%022d", i);
        say(lane, names, place,
            &(const struct curfew_event){.type = CURFEW_EVENT_SESSION_STARTED,
                                         .as.session_started = {.writer = curfew_slice_of("w"),
                                                                .said_us = T0_US,
                                                                .session = curfew_slice_of(id),
                                                                .tenant = curfew_slice_of("acme"),
                                                                .issuer = curfew_slice_of("https://as.acme.example"),
                                                                .user = curfew_slice_of("ada"),
                                                                .auth_us = T0_US,
                                                                .deadline_us = T0_US + INT64_C(3600000000),
                                                                .holder = curfew_slice_of("scheduler-1")}});
        for (int j = 0; j < TASKS; j++) {
            (void)snprintf(task, sizeof task, "transform-partition-%d", j);
            say(lane, names, place,
                &(const struct curfew_event){.type = CURFEW_EVENT_TASK_STARTED,
                                             .as.task_started = {.writer = curfew_slice_of("w"),
                                                                 .said_us = T0_US,
                                                                 .session = curfew_slice_of(id),
                                                                 .task = curfew_slice_of(task),
                                                                 .attempt = 1,
                                                                 .holder = curfew_slice_of("scheduler-1")}});
        }
    }
}

/* What a page does for each task that it looks at, as often as a page may. */
static int64_t look(const struct curfew_lane *lane, const struct curfew_register *names)
{
    const int64_t begun_ns = now_ns();
    int left = CURFEW_OWNED_LOOKS_MAX;
    int kept = 0;
    for (const struct curfew_registered_session *session = curfew_register_first(names); session != NULL && left > 0;
         session = session->next) {
        for (const struct curfew_registered_task *task = session->tasks; task != NULL && left > 0;
             task = task->next, left--) {
            struct curfew_task_view view;
            kept += curfew_owned_life(lane, task, &view) == CURFEW_LIFE_RUNNING &&
                            curfew_owned_keeper(lane, task).holder.size > 0
                        ? 1
                        : 0;
        }
    }
    must(kept == CURFEW_OWNED_LOOKS_MAX, "a task is kept by nobody");
    return now_ns() - begun_ns;
}

int main(void)
{
    struct curfew_control *control = curfew_control_create(author_master);
    struct curfew_lane *lane = curfew_lane_create(1, 2, control);
    struct curfew_register *names = curfew_register_create();
    struct curfew_log_place place = {.lane = 1};
    must(curfew_codec_init(NULL) == CURFEW_OK, "schemas");
    begin(lane, names, &place);
    fill(lane, names, &place);
    const int64_t page_ns = look(lane, names);
    for (int i = 0; i < 2; i++) {
        qsort(took_ns[i], RECORDS, sizeof took_ns[i][0], by_size);
    }
    (void)printf("%d task starts: step p50 %lld ns, p99 %lld ns; note p50 %lld ns, p99 %lld ns; %lld bytes a task; a "
                 "page that looks at %d: %.1f ms\n",
                 RECORDS, (long long)took_ns[0][RECORDS / 2], (long long)took_ns[0][RECORDS * 99 / 100],
                 (long long)took_ns[1][RECORDS / 2], (long long)took_ns[1][RECORDS * 99 / 100],
                 (long long)(noted_bytes / RECORDS), CURFEW_OWNED_LOOKS_MAX, (double)page_ns / 1e6);
    curfew_register_destroy(names);
    curfew_lane_destroy(lane);
    curfew_control_destroy(control);
    return EXIT_SUCCESS;
}
