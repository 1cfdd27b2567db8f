/* tree: a session's tasks as JSON. */
#include "services/coordinator/tree.h"

#include "core/id.h"
#include <stdlib.h>

static bool set_end(struct curfew_json *object, const char *name, const struct curfew_end *end)
{
    if (end->cause == CURFEW_OVER_NOT) {
        return true;
    }
    struct curfew_json *made = curfew_json_object();
    if (!curfew_reply_text(made, "cause", curfew_over_name(end->cause)) || !curfew_reply_slice(made, "by", end->by) ||
        !curfew_reply_slice(made, "by_task", end->by_task) || !curfew_reply_slice(made, "reason", end->reason) ||
        (end->at_us > 0 &&
         (!curfew_reply_int(made, "offset", end->offset) || !curfew_reply_int(made, "at_us", end->at_us)))) {
        curfew_json_destroy(made);
        return false;
    }
    return curfew_json_set(object, name, made);
}

/* A task that is over without a floor of its own was let go by a lease under something that was over before. */
static struct curfew_end end_of(const struct curfew_registered_task *task, enum curfew_life life)
{
    struct curfew_end end = task->end;
    if (life == CURFEW_LIFE_OVER && end.cause == CURFEW_OVER_NOT) {
        end = (struct curfew_end){.cause = CURFEW_OVER_LEASE};
    }
    return end;
}

static bool set_state(struct curfew_json *item, const struct curfew_lane *lane,
                      const struct curfew_registered_task *task)
{
    struct curfew_task_view view;
    const enum curfew_life life = curfew_owned_life(lane, task, &view);
    const struct curfew_end end = end_of(task, life);
    const struct curfew_keeper keeper =
        life == CURFEW_LIFE_RUNNING ? curfew_owned_keeper(lane, task) : (struct curfew_keeper){{NULL, 0}, 0};
    return curfew_reply_text(item, "state", curfew_life_name(life)) &&
           (keeper.holder.size == 0 || (curfew_reply_slice(item, "kept_by", keeper.holder) &&
                                        curfew_reply_int(item, "lease_left_ms", keeper.left_us / CURFEW_US_PER_MS))) &&
           (view.newest_us == 0 || curfew_reply_int(item, "newest_expiry_us", view.newest_us)) &&
           set_end(item, "end", &end) && set_end(item, "attempt_end", &task->attempt_end);
}

static struct curfew_json *item_of(const struct curfew_lane *lane, const struct curfew_registered_task *task)
{
    struct curfew_json *item = curfew_json_object();
    const struct curfew_registered_task *parent = task->parent;
    if (!curfew_reply_slice(item, "task", task->id) ||
        (parent != NULL && (!curfew_reply_slice(item, "parent", parent->id) ||
                            !curfew_reply_int(item, "parent_attempt", task->parent_attempt))) ||
        !curfew_reply_int(item, "attempt", task->attempt) || !curfew_reply_slice(item, "starter", task->starter) ||
        !curfew_reply_slice(item, "holder", task->holder) || !curfew_reply_int(item, "offset", task->offset) ||
        !curfew_reply_int(item, "started_us", task->started_us) || !set_state(item, lane, task)) {
        curfew_json_destroy(item);
        return NULL;
    }
    return item;
}

static struct curfew_json *session_of(const struct curfew_lane *lane, int32_t number,
                                      const struct curfew_registered_session *session)
{
    struct curfew_json *object = curfew_owned_session(lane, number, session);
    const bool open = session->end.cause == CURFEW_OVER_NOT;
    if (object == NULL || !curfew_reply_text(object, "state", open ? "open" : "over") ||
        !curfew_reply_int(object, "tasks", (int64_t)session->task_count) || !set_end(object, "end", &session->end)) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

/* One of which nothing is known but that it is over. */
static struct curfew_json *forgotten(struct curfew_slice id, int32_t number)
{
    const struct curfew_end end = {.cause = CURFEW_OVER_UNKNOWN};
    struct curfew_json *object = curfew_json_object();
    if (!curfew_reply_slice(object, "session", id) || !curfew_reply_int(object, "lane", number) ||
        !curfew_reply_text(object, "state", "over") || !set_end(object, "end", &end)) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

/* Appends the tasks behind the first `after`; gives how many were passed over or appended. */
static int64_t list_tasks(struct curfew_reply_list *list, const struct curfew_lane *lane,
                          const struct curfew_registered_session *session, int64_t after)
{
    int64_t told = 0;
    for (const struct curfew_registered_task *task = session->tasks; task != NULL; task = task->next) {
        if (told >= after && !curfew_reply_list_add(list, item_of(lane, task))) {
            break;
        }
        told++;
    }
    return told;
}

static bool parse_after(const struct curfew_http_request *request, int64_t *after)
{
    const char *text = curfew_http_query(request, "after");
    char *end = NULL;
    *after = text == NULL ? 0 : strtoll(text, &end, 10);
    return text == NULL || (text[0] >= '0' && text[0] <= '9' && *end == '\0');
}

static void reply_session(const struct curfew_coordinator_lane *lane, int32_t number, struct curfew_slice id,
                          int64_t after, struct curfew_http_response *response)
{
    const struct curfew_registered_session *session = curfew_register_find(lane->names, id);
    struct curfew_session_view view;
    if (session == NULL && !curfew_view_session(curfew_lane_book(lane->log), id, &view)) {
        curfew_reply_error(response, 404,
                           "no session of that id is known: it never started here, or it ended so long ago that it is "
                           "forgotten; curfew list prints those that are open");
        return;
    }
    struct curfew_reply_list list;
    struct curfew_json *rest = curfew_json_object();
    curfew_reply_list_open(&list);
    const int64_t told = session == NULL ? 0 : list_tasks(&list, lane->log, session, after);
    struct curfew_json *about = session == NULL ? forgotten(id, number) : session_of(lane->log, number, session);
    const bool more = session != NULL && told < (int64_t)session->task_count;
    const bool made = curfew_json_set(rest, "session", about) &&
                      curfew_reply_int(rest, "as_of_us", curfew_lane_good_us(lane->log)) &&
                      (!more || curfew_reply_int(rest, "next", told));
    list.failed = list.failed || !made;
    curfew_reply_list_close(&list, "tasks", rest, response);
}

void curfew_tree_reply(const struct curfew_coordinator *coordinator, struct curfew_now now,
                       const struct curfew_http_request *request, struct curfew_http_response *response)
{
    const struct curfew_slice id = curfew_slice_of(curfew_http_path(request) + strlen(CURFEW_TREE_PREFIX));
    struct curfew_error error = {.status = CURFEW_OK};
    int64_t after = 0;
    int32_t number = 0;
    if (curfew_session_id_lane(id, &number, &error) != CURFEW_OK) {
        curfew_reply_error(response, 400, "%s", error.text);
    } else if (!parse_after(request, &after)) {
        curfew_reply_error(response, 400, "showing a session: after is what `next` said");
    } else if (number >= curfew_coordinator_lanes(coordinator)) {
        curfew_reply_error(response, 404, "no session of that id is known: this cluster has no lane %d", (int)number);
    } else if (curfew_coordinator_ready(coordinator, now, &error) != CURFEW_OK) {
        curfew_reply_error(response, 503, "%s", error.text);
    } else {
        struct curfew_coordinator_lane lane;
        curfew_coordinator_lane(coordinator, number, &lane);
        reply_session(&lane, number, id, after, response);
    }
}
