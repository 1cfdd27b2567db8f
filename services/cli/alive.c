/* alive: gathers, and decides. */
#include "services/cli/alive.h"
#include "core/clock.h"
#include "services/cli/inquire.h"
#include <stdlib.h>

/* The ids of the owner's sessions. */
struct ids {
    char (*items)[CURFEW_ID_MAX + 1];
    size_t count, room;
    char tenants[2][CURFEW_ID_MAX + 1]; /* of the first, and another; empty: none */
    bool failed;
};

struct gathering {
    const struct curfew_alive_options *options;
    struct curfew_alive *alive;
    const char *session;
    bool failed;
};

const char *curfew_fate_name(enum curfew_fate fate)
{
    static const char *const names[] = {[CURFEW_FATE_OTHERS] = "others",
                                        [CURFEW_FATE_LISTED] = "listed",
                                        [CURFEW_FATE_OTHERWISE] = "listed_at_another_attempt",
                                        [CURFEW_FATE_YOUNG] = "started_since",
                                        [CURFEW_FATE_ABOVE] = "above_what_runs",
                                        [CURFEW_FATE_BELOW] = "below_what_ends",
                                        [CURFEW_FATE_ENDED] = "end"};
    return names[fate];
}

/* "session", a zero byte, "task", a zero byte: malloc'ed behind a task. */
static struct curfew_alive_task *make_task(const struct curfew_alive_task *task, struct curfew_slice session,
                                           struct curfew_slice name)
{
    struct curfew_alive_task *made = calloc(1, sizeof *made + session.size + name.size + 2);

    if (made == NULL)
        return NULL;
    char *text = (char *)(made + 1);
    *made = *task;
    memcpy(text, session.at, session.size);
    memcpy(text + session.size + 1, name.at, name.size);
    made->session = text;
    made->task = text + session.size + 1;
    return made;
}

static struct curfew_alive_task *find(const struct curfew_alive *alive, struct curfew_slice session,
                                      struct curfew_slice name)
{
    char key[2 * CURFEW_ID_MAX + 1];
    struct curfew_alive_task *task = NULL;

    if (name.size == 0 || session.size > CURFEW_ID_MAX || name.size > CURFEW_ID_MAX)
        return NULL;
    memcpy(key, session.at, session.size);
    key[session.size] = '\0';
    memcpy(key + session.size + 1, name.at, name.size);
    HASH_FIND(hh, alive->by_name, key, session.size + 1 + name.size, task);
    return task;
}

bool curfew_alive_add(struct curfew_alive *alive, const struct curfew_alive_task *task, struct curfew_slice session,
                      struct curfew_slice name, struct curfew_slice parent)
{
    if (alive->count == CURFEW_ALIVE_MAX)
        return false;
    if (alive->count == alive->room) {
        const size_t room = alive->room == 0 ? 64 : 2 * alive->room;
        struct curfew_alive_task **tasks = realloc(alive->tasks, room * sizeof(struct curfew_alive_task *));
        if (tasks == NULL)
            return false;
        alive->tasks = tasks;
        alive->room = room;
    }
    struct curfew_alive_task *made = make_task(task, session, name);
    if (made == NULL)
        return false;
    made->parent = find(alive, session, parent);
    HASH_ADD_KEYPTR(hh, alive->by_name, made->session, session.size + 1 + name.size, made);
    alive->tasks[alive->count++] = made;
    return true;
}

void curfew_alive_free(struct curfew_alive *alive)
{
    HASH_CLEAR(hh, alive->by_name);
    for (size_t i = 0; i < alive->count; i++)
        free(alive->tasks[i]);
    free(alive->tasks);
    *alive = (struct curfew_alive){.tasks = NULL};
}

static bool take_id(void *context, const struct curfew_json *session)
{
    struct ids *ids = context;
    const struct curfew_slice id = curfew_inquired_text(session, "session");

    if (ids->count == ids->room) {
        const size_t room = ids->room == 0 ? 64 : 2 * ids->room;
        void *items = realloc(ids->items, room * sizeof *ids->items);
        ids->failed = items == NULL;
        if (ids->failed)
            return false;
        ids->items = items;
        ids->room = room;
    }
    const struct curfew_slice tenant = curfew_inquired_text(session, "tenant");
    const bool other = ids->count > 0 && !curfew_slice_equal(tenant, curfew_slice_of(ids->tenants[0]));
    if (ids->count == 0 || other)
        snprintf(ids->tenants[other ? 1 : 0], sizeof ids->tenants[0], "%.*s", CURFEW_SLICE_ARGS(tenant));
    snprintf(ids->items[ids->count++], sizeof *ids->items, "%.*s", CURFEW_SLICE_ARGS(id));
    return true;
}

static bool take_task(void *context, const struct curfew_json *json)
{
    struct gathering *gathering = context;
    const char *owner = gathering->options->owner;
    const struct curfew_alive_task task = {
        .attempt = curfew_inquired_int(json, "attempt", 0),
        .started_us = curfew_inquired_int(json, "started_us", INT64_MAX),
        .owned = curfew_inquired_is(json, "holder", owner) || curfew_inquired_is(json, "starter", owner),
    };

    if (!curfew_inquired_is(json, "state", "running"))
        return true;
    gathering->failed = !curfew_alive_add(gathering->alive, &task, curfew_slice_of(gathering->session),
                                          curfew_inquired_text(json, "task"), curfew_inquired_text(json, "parent"));
    return !gathering->failed;
}

static enum curfew_status no_memory(struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_NOMEM, "asking the coordinator: out of memory");
}

static enum curfew_status gather_ids(const struct curfew_alive_options *options, struct ids *ids,
                                     struct curfew_error *error)
{
    struct curfew_json *last = NULL;
    char *text = NULL;
    size_t size = 0;
    int count = 0;
    bool more = false;
    FILE *path = open_memstream(&text, &size);

    if (path == NULL)
        return no_memory(error);
    fputs("/v1/sessions", path);
    const bool every = options->tenant != NULL && strcmp(options->tenant, "*") == 0;
    bool made = curfew_inquire_argument(path, "owner", options->owner, &count) &&
                curfew_inquire_argument(path, "tenant", every ? NULL : options->tenant, &count);
    enum curfew_status status = fclose(path) == 0 && made ? CURFEW_OK : no_memory(error);
    const struct curfew_inquiry inquiry = {options->coordinator, text, "sessions", options->deadline_us};
    if (status == CURFEW_OK)
        status = curfew_inquire_pages(&inquiry, take_id, ids, &last, &more, error);
    if (status == CURFEW_OK && ids->failed)
        status = no_memory(error);
    else if (status == CURFEW_OK && ids->tenants[1][0] != '\0' && !every)
        status =
            curfew_error_set(error, CURFEW_INVALID,
                             "%.64s has sessions in the tenants %.64s and %.64s, and a list may be of one alone; say "
                             "--tenant, or --tenant '*' when the list has what runs in all",
                             options->owner, ids->tenants[0], ids->tenants[1]);
    curfew_json_destroy(last);
    free(text);
    return status;
}

/* A session that ended meanwhile has nothing that runs. */
static enum curfew_status gather_session(struct gathering *gathering, struct curfew_error *error)
{
    struct curfew_json *last = NULL;
    char path[sizeof "/v1/sessions/" + CURFEW_ID_MAX];
    bool more = false;

    snprintf(path, sizeof path, "/v1/sessions/%s", gathering->session);
    const struct curfew_inquiry inquiry = {gathering->options->coordinator, path, "tasks",
                                           gathering->options->deadline_us};
    enum curfew_status status = curfew_inquire_pages(&inquiry, take_task, gathering, &last, &more, error);
    curfew_json_destroy(last);
    if (status == CURFEW_OK && gathering->failed)
        return curfew_error_set(error, CURFEW_FULL,
                                "asking the coordinator: more than %d tasks run in the owner's sessions, or memory ran "
                                "out; nothing was ended. End whole sessions first (curfew list --owner)",
                                CURFEW_ALIVE_MAX);
    return status;
}

enum curfew_status curfew_alive_gather(const struct curfew_alive_options *options, struct curfew_alive *alive,
                                       struct curfew_error *error)
{
    struct ids ids = {.items = NULL};
    enum curfew_status status = gather_ids(options, &ids, error);

    for (size_t i = 0; status == CURFEW_OK && i < ids.count; i++) {
        struct gathering gathering = {options, alive, ids.items[i], false};
        status = gather_session(&gathering, error);
        options->progress(options->context, i + 1, ids.count);
    }
    alive->sessions = ids.count;
    free(ids.items);
    return status;
}

/* What is left alone itself, whatever is above or below it. */
static enum curfew_fate own_fate(const struct curfew_alive_task *task, const struct curfew_running *running,
                                 int64_t before_us)
{
    const struct curfew_slice session = curfew_slice_of(task->session);
    switch (curfew_running_find(running, session, curfew_slice_of(task->task), task->attempt)) {
    case CURFEW_LISTED:
        return CURFEW_FATE_LISTED;
    case CURFEW_LISTED_OTHERWISE:
        return CURFEW_FATE_OTHERWISE;
    case CURFEW_LISTED_NOT:
        break;
    }
    return task->started_us >= before_us ? CURFEW_FATE_YOUNG : CURFEW_FATE_ENDED;
}

void curfew_alive_decide(struct curfew_alive *alive, const struct curfew_running *running, int64_t before_us)
{
    for (size_t i = 0; i < alive->count; i++)
        alive->tasks[i]->needed = false;
    for (size_t i = alive->count; i > 0; i--) { /* from below */
        struct curfew_alive_task *task = alive->tasks[i - 1];
        task->fate = own_fate(task, running, before_us);
        if (task->parent != NULL && (task->needed || task->fate != CURFEW_FATE_ENDED))
            task->parent->needed = true;
    }
    for (size_t i = 0; i < alive->count; i++) { /* from above */
        struct curfew_alive_task *task = alive->tasks[i];
        const enum curfew_fate above = task->parent == NULL ? CURFEW_FATE_LISTED : task->parent->fate;
        if (above == CURFEW_FATE_ENDED || above == CURFEW_FATE_BELOW)
            task->fate = CURFEW_FATE_BELOW;
        else if (!task->owned)
            task->fate = CURFEW_FATE_OTHERS;
        else if (task->fate == CURFEW_FATE_ENDED && task->needed)
            task->fate = CURFEW_FATE_ABOVE;
    }
}
