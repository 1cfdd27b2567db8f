/* owned: open sessions, filtered, as JSON. */
#include "services/coordinator/owned.h"

#include "core/id.h"
#include <inttypes.h>
#include <stdlib.h>

struct filter {
    struct curfew_slice user, tenant, agent, owner; /* empty: any */
    bool unowned;
    int32_t lane; /* where to begin */
    int64_t offset; /* behind which start; -1: from the first */
    struct curfew_slice session; /* of that start; may be empty */
};

/* What the tasks of one session come to. */
struct tally {
    int64_t running, over, unowned, unlooked;
    struct {
        struct curfew_slice name;
        bool holds;
        int64_t tasks;
    } owners[CURFEW_OWNED_NAMES_MAX];
    size_t owner_count;
    bool owners_more;
    bool matches; /* the filter's owner is among them */
};

const char *curfew_life_name(enum curfew_life life)
{
    static const char *const names[] = {[CURFEW_LIFE_RUNNING] = "running",
                                        [CURFEW_LIFE_ATTEMPT_OVER] = "attempt_over",
                                        [CURFEW_LIFE_OVER] = "over",
                                        [CURFEW_LIFE_ANCESTOR_OVER] = "ancestor_over"};
    return names[life];
}

enum curfew_life curfew_owned_life(const struct curfew_lane *lane, const struct curfew_registered_task *task,
                                   struct curfew_task_view *view)
{
    const bool known = curfew_view_task(curfew_lane_book(lane), &task->subject, view);
    if (!known) {
        return task->end.cause == CURFEW_OVER_NOT ? CURFEW_LIFE_ANCESTOR_OVER : CURFEW_LIFE_OVER;
    }
    return view->over           ? CURFEW_LIFE_OVER
           : !view->rooted      ? CURFEW_LIFE_ANCESTOR_OVER
           : view->attempt_over ? CURFEW_LIFE_ATTEMPT_OVER
                                : CURFEW_LIFE_RUNNING;
}

struct curfew_keeper curfew_owned_session_keeper(const struct curfew_lane *lane,
                                                 const struct curfew_registered_session *session)
{
    struct curfew_session_view view;
    if (curfew_view_session(curfew_lane_book(lane), session->id, &view) && view.held) {
        return (struct curfew_keeper){session->holder, curfew_lane_lease_left_us(lane, view.renewed_us)};
    }
    return (struct curfew_keeper){{NULL, 0}, 0};
}

struct curfew_keeper curfew_owned_keeper(const struct curfew_lane *lane, const struct curfew_registered_task *task)
{
    const struct curfew_registered_session *session = task->session;
    for (; task != NULL; task = task->parent) {
        struct curfew_task_view view;
        if (curfew_view_task(curfew_lane_book(lane), &task->subject, &view) && view.held) {
            return (struct curfew_keeper){task->holder, curfew_lane_lease_left_us(lane, view.renewed_us)};
        }
    }
    return curfew_owned_session_keeper(lane, session);
}

static void add_owner(struct tally *tally, struct curfew_slice name, bool holds, const struct filter *filter)
{
    if (name.size == 0) {
        return;
    }
    tally->matches = tally->matches || curfew_slice_equal(name, filter->owner);
    for (size_t i = 0; i < tally->owner_count; i++) {
        if (tally->owners[i].holds == holds && curfew_slice_equal(tally->owners[i].name, name)) {
            tally->owners[i].tasks++;
            return;
        }
    }
    if (tally->owner_count == CURFEW_OWNED_NAMES_MAX) {
        tally->owners_more = true;
        return;
    }
    tally->owners[tally->owner_count].name = name;
    tally->owners[tally->owner_count].holds = holds;
    tally->owners[tally->owner_count++].tasks = 1;
}

/* Looks at no more than `*looks` of its tasks. */
static void tally_tasks(const struct curfew_lane *lane, const struct curfew_registered_session *session,
                        const struct filter *filter, int64_t *looks, struct tally *tally)
{
    for (const struct curfew_registered_task *task = session->tasks; task != NULL; task = task->next) {
        struct curfew_task_view view;
        if (--*looks < 0) {
            tally->unlooked = (int64_t)session->task_count - tally->running - tally->over;
            return;
        }
        if (curfew_owned_life(lane, task, &view) != CURFEW_LIFE_RUNNING) {
            tally->over++;
            continue;
        }
        tally->running++;
        tally->unowned += curfew_owned_keeper(lane, task).holder.size == 0 ? 1 : 0;
        add_owner(tally, task->holder, true, filter);
        add_owner(tally, task->starter, false, filter);
    }
}

/* A session whose agents were too many to know is not left out. */
static bool has_agent(const struct curfew_registered_session *session, struct curfew_slice name)
{
    bool found = session->agents_more;
    for (size_t i = 0; i < session->agent_count; i++) {
        found = found || curfew_slice_equal(session->agents[i].name, name);
    }
    return found;
}

/* By what it is, before its tasks are looked at. */
static bool fits(const struct filter *filter, const struct curfew_registered_session *session)
{
    return (filter->user.size == 0 || curfew_slice_equal(filter->user, session->user)) &&
           (filter->tenant.size == 0 || curfew_slice_equal(filter->tenant, session->tenant)) &&
           (filter->agent.size == 0 || has_agent(session, filter->agent));
}

/* With tasks that were not looked at, the owner may be among theirs. */
static bool is_owned_so(const struct filter *filter, const struct curfew_registered_session *session,
                        const struct curfew_keeper *keeper, const struct tally *tally)
{
    const bool owned = filter->owner.size == 0 || tally->matches || tally->unlooked > 0 ||
                       curfew_slice_equal(filter->owner, session->starter) ||
                       (keeper->holder.size > 0 && curfew_slice_equal(filter->owner, keeper->holder));
    const bool loose = keeper->holder.size == 0 && (tally->unowned > 0 || tally->running == 0 || tally->unlooked > 0);
    return owned && (!filter->unowned || loose);
}

static bool set_agents(struct curfew_json *object, const struct curfew_registered_session *session)
{
    struct curfew_json *agents = curfew_json_array();
    bool made = true;
    for (size_t i = 0; i < session->agent_count; i++) {
        struct curfew_json *agent = curfew_json_object();
        made = curfew_reply_slice(agent, "agent", session->agents[i].name) && made;
        made = curfew_reply_int(agent, "newest_expiry_us", session->agents[i].newest_us) && made;
        made = curfew_json_append(agents, agent) && made;
    }
    made = curfew_json_set(object, "agents", agents) && made;
    return made && (!session->agents_more || curfew_json_set(object, "agents_more", curfew_json_of_bool(true)));
}

static bool set_keeper(struct curfew_json *object, const struct curfew_keeper *keeper)
{
    return keeper->holder.size == 0 || (curfew_reply_slice(object, "holder", keeper->holder) &&
                                        curfew_reply_int(object, "lease_left_ms", keeper->left_us / CURFEW_US_PER_MS));
}

static bool set_orchestrators(struct curfew_json *object, const struct curfew_registered_session *session)
{
    struct curfew_json *names = curfew_json_array();
    bool made = true;
    for (size_t i = 0; i < session->orchestrator_count; i++) {
        made = curfew_json_append(names, curfew_json_of_string(session->orchestrators[i])) && made;
    }
    return curfew_json_set(object, "orchestrators", names) && made;
}

struct curfew_json *curfew_owned_session(const struct curfew_lane *lane, int32_t number,
                                         const struct curfew_registered_session *session)
{
    struct curfew_json *object = curfew_json_object();
    const struct curfew_keeper keeper = curfew_owned_session_keeper(lane, session);
    struct curfew_session_view view;
    (void)curfew_view_session(curfew_lane_book(lane), session->id, &view);
    if (!curfew_reply_slice(object, "session", session->id) || !curfew_reply_int(object, "lane", number) ||
        !curfew_reply_slice(object, "tenant", session->tenant) ||
        !curfew_reply_slice(object, "issuer", session->issuer) || !curfew_reply_slice(object, "user", session->user) ||
        !curfew_reply_slice(object, "starter", session->starter) || !set_orchestrators(object, session) ||
        !set_keeper(object, &keeper) || !curfew_reply_int(object, "offset", session->offset) ||
        !curfew_reply_int(object, "started_us", session->started_us) ||
        !curfew_reply_int(object, "auth_us", session->auth_us) ||
        !curfew_reply_int(object, "deadline_us", session->deadline_us) ||
        !curfew_reply_int(object, "as_of_us", curfew_lane_good_us(lane)) ||
        (view.newest_us > 0 && !curfew_reply_int(object, "newest_expiry_us", view.newest_us)) ||
        !set_agents(object, session)) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

static bool set_owners(struct curfew_json *object, const struct tally *tally)
{
    struct curfew_json *owners = curfew_json_array();
    bool made = true;
    for (size_t i = 0; i < tally->owner_count; i++) {
        struct curfew_json *owner = curfew_json_object();
        made = curfew_reply_slice(owner, "owner", tally->owners[i].name) && made;
        made = curfew_reply_text(owner, "as", tally->owners[i].holds ? "holder" : "starter") && made;
        made = curfew_reply_int(owner, "tasks", tally->owners[i].tasks) && made;
        made = curfew_json_append(owners, owner) && made;
    }
    made = curfew_json_set(object, "owners", owners) && made;
    return made && (!tally->owners_more || curfew_json_set(object, "owners_more", curfew_json_of_bool(true)));
}

static struct curfew_json *item_of(const struct curfew_lane *lane, int32_t number,
                                   const struct curfew_registered_session *session, const struct tally *tally)
{
    struct curfew_json *item = curfew_owned_session(lane, number, session);
    if (item == NULL || !curfew_reply_int(item, "tasks_running", tally->running) ||
        !curfew_reply_int(item, "tasks_over", tally->over) ||
        !curfew_reply_int(item, "tasks_unowned", tally->unowned) ||
        (tally->unlooked > 0 && !curfew_reply_int(item, "tasks_unlooked", tally->unlooked)) ||
        !set_owners(item, tally)) {
        curfew_json_destroy(item);
        return NULL;
    }
    return item;
}

/* "LANE:OFFSET:SESSION": the last session that was looked at. */
static bool parse_after(const char *text, struct filter *filter)
{
    char *end = NULL;
    const long lane = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != ':' || lane >= CURFEW_LANES_MAX) {
        return false;
    }
    const char *rest = end + 1;
    filter->offset = strtoll(rest, &end, 10);
    filter->lane = (int32_t)lane;
    filter->session = *end == ':' ? curfew_slice_of(end + 1) : (struct curfew_slice){NULL, 0};
    return rest[0] >= '0' && rest[0] <= '9' && *end == ':' && curfew_id_valid(filter->session);
}

static bool parse_filter(const struct curfew_http_request *request, struct filter *filter)
{
    const char *unowned = curfew_http_query(request, "unowned");
    const char *after = curfew_http_query(request, "after");
    *filter = (struct filter){.user = curfew_slice_of(curfew_http_query(request, "user")),
                              .tenant = curfew_slice_of(curfew_http_query(request, "tenant")),
                              .agent = curfew_slice_of(curfew_http_query(request, "agent")),
                              .owner = curfew_slice_of(curfew_http_query(request, "owner")),
                              .unowned = unowned != NULL && strcmp(unowned, "1") == 0,
                              .lane = 1,
                              .offset = -1};
    return (unowned == NULL || strcmp(unowned, "1") == 0 || strcmp(unowned, "0") == 0) &&
           (after == NULL || parse_after(after, filter));
}

/* Where a page begins in a lane. The session it follows may be over by now: then it is the first that started later. */
static const struct curfew_registered_session *begin_at(const struct curfew_register *names, int32_t lane,
                                                        const struct filter *filter)
{
    const struct curfew_registered_session *session = curfew_register_first(names);
    if (lane != filter->lane || filter->offset < 0) {
        return session;
    }
    const struct curfew_registered_session *last = curfew_register_find(names, filter->session);
    if (last != NULL && last->end.cause == CURFEW_OVER_NOT && last->offset == filter->offset) {
        return last->next;
    }
    while (session != NULL && session->offset <= filter->offset) {
        session = session->next;
    }
    return session;
}

/* A page being made. */
struct page {
    struct curfew_reply_list list;
    int64_t looks; /* left */
    bool full;
    char next[CURFEW_ID_MAX + 32]; /* the last session that was looked at; empty: none */
};

static void add_lane(struct page *page, const struct curfew_coordinator_lane *lane, int32_t number,
                     const struct filter *filter)
{
    const struct curfew_registered_session *session = begin_at(lane->names, number, filter);
    for (; session != NULL; session = session->next) {
        struct tally tally = {.running = 0};
        const bool fitting = fits(filter, session);
        const bool wait = fitting && page->next[0] != '\0' && (int64_t)session->task_count >= page->looks;
        if (page->looks <= 0 || wait || page->list.count == CURFEW_OWNED_PAGE_MAX) {
            page->full = true; /* one with many tasks begins a page, to be looked at as far as can be */
            return;
        }
        page->looks--;
        if (fitting) {
            const struct curfew_keeper keeper = curfew_owned_session_keeper(lane->log, session);
            tally_tasks(lane->log, session, filter, &page->looks, &tally);
            if (is_owned_so(filter, session, &keeper, &tally) &&
                !curfew_reply_list_add(&page->list, item_of(lane->log, number, session, &tally))) {
                page->full = true;
                return;
            }
        }
        (void)snprintf(page->next, sizeof page->next, "%" PRId32 ":%" PRId64 ":%.*s", number, session->offset,
                       CURFEW_SLICE_ARGS(session->id));
    }
}

void curfew_owned_reply(const struct curfew_coordinator *coordinator, struct curfew_now now,
                        const struct curfew_http_request *request, struct curfew_http_response *response)
{
    struct filter filter;
    struct curfew_error error = {.status = CURFEW_OK};
    if (!parse_filter(request, &filter)) {
        curfew_reply_error(response, 400, "listing sessions: unowned is 1 or 0, and after is what `next` said");
        return;
    }
    if (curfew_coordinator_ready(coordinator, now, &error) != CURFEW_OK) {
        curfew_reply_error(response, 503, "%s", error.text);
        return;
    }
    struct page page = {.looks = CURFEW_OWNED_LOOKS_MAX};
    struct curfew_json *rest = curfew_json_object();
    int64_t open = 0;
    int64_t as_of_us = INT64_MAX;
    curfew_reply_list_open(&page.list);
    for (int32_t i = 1; i < curfew_coordinator_lanes(coordinator); i++) {
        struct curfew_coordinator_lane lane;
        curfew_coordinator_lane(coordinator, i, &lane);
        open += curfew_register_open(lane.names);
        as_of_us = curfew_lane_good_us(lane.log) < as_of_us ? curfew_lane_good_us(lane.log) : as_of_us;
        if (i >= filter.lane && !page.full) {
            add_lane(&page, &lane, i, &filter);
        }
    }
    const bool made = curfew_reply_int(rest, "open", open) && curfew_reply_int(rest, "as_of_us", as_of_us) &&
                      (!page.full || curfew_reply_text(rest, "next", page.next));
    page.list.failed = page.list.failed || !made;
    curfew_reply_list_close(&page.list, "sessions", rest, response);
}
