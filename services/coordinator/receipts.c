/* receipts: one record of a log against what the lane and every hop say. */
#include "services/coordinator/receipts.h"

#include "core/digest.h"
#include "services/coordinator/writers.h"
#include <inttypes.h>
#include <stdlib.h>

struct asked {
    int32_t lane;
    int64_t offset;
    const uint8_t *log_id; /* of the lane now */
};

/* What the hops come to. */
struct spread {
    struct curfew_json *laggards, *vanished; /* arrays */
    int64_t hops, applied, laggard_count, vanished_count;
    bool made;
};

static bool parse_receipt(const char *path, struct asked *asked)
{
    const size_t prefix = strlen(CURFEW_RECEIPTS_PREFIX);
    const char *text = strncmp(path, CURFEW_RECEIPTS_PREFIX, prefix) == 0 ? path + prefix : "";
    char *end = NULL;
    const long lane = strtol(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != ':' || lane >= CURFEW_LANES_MAX) {
        return false;
    }
    const char *offset = end + 1;
    asked->lane = (int32_t)lane;
    asked->offset = strtoll(offset, &end, 10);
    return offset[0] >= '0' && offset[0] <= '9' && *end == '\0' && asked->offset < INT64_MAX;
}

static const struct curfew_roster_lane *lane_of(const struct curfew_roster_hop *hop, int32_t number)
{
    for (size_t i = 0; hop != NULL && i < hop->lane_count; i++) {
        if (hop->lanes[i].lane == number) {
            return &hop->lanes[i];
        }
    }
    return NULL;
}

/* How a hop is, and how far in the lane; `lane` NULL: it says nothing of it. */
struct standing {
    struct curfew_slice name;
    const struct curfew_roster_hop *hop;
    const struct curfew_roster_lane *lane;
    enum curfew_roster_state state;
    int64_t silent_ms;
    bool same_log;
};

static struct curfew_json *named(const struct standing *standing)
{
    struct curfew_json *object = curfew_json_object();
    if (!curfew_reply_slice(object, "hop", standing->name) ||
        !curfew_reply_text(object, "state", curfew_roster_state_name(standing->state)) ||
        (standing->hop != NULL && !curfew_reply_int(object, "silent_ms", standing->silent_ms))) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

static struct curfew_json *laggard_json(const struct standing *standing, const struct asked *asked)
{
    const struct curfew_roster_lane *lane = standing->lane;
    const bool placed = lane != NULL && standing->same_log && lane->offset >= 0;
    struct curfew_json *object = named(standing);
    if (object == NULL ||
        (placed && (!curfew_reply_int(object, "offset", lane->offset) ||
                    !curfew_reply_int(object, "behind", asked->offset + 1 - lane->offset))) ||
        (lane != NULL && lane->age_ms >= 0 &&
         !curfew_reply_int(object, "age_ms", lane->age_ms + standing->silent_ms)) ||
        (lane != NULL && lane->problem[0] != '\0' && !curfew_reply_text(object, "problem", lane->problem)) ||
        (lane != NULL && !standing->same_log && lane->offset >= 0 &&
         !curfew_reply_text(object, "problem", "it reads another log"))) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

static void count_hop(struct spread *spread, const struct standing *standing, const struct asked *asked)
{
    const bool applied = standing->lane != NULL && standing->same_log && standing->lane->offset > asked->offset;
    spread->hops++;
    spread->applied += applied ? 1 : 0;
    if (!applied && ++spread->laggard_count <= CURFEW_RECEIPTS_HOPS_MAX) {
        spread->made = curfew_json_append(spread->laggards, laggard_json(standing, asked)) && spread->made;
    }
    if (applied && standing->state == CURFEW_ROSTER_SILENT && ++spread->vanished_count <= CURFEW_RECEIPTS_HOPS_MAX) {
        spread->made = curfew_json_append(spread->vanished, named(standing)) && spread->made;
    }
}

static void count_hops(struct spread *spread, const struct curfew_roster *roster, const struct curfew_writers *writers,
                       const struct asked *asked, struct curfew_now now)
{
    for (const struct curfew_writer *writer = curfew_writers_first(writers); writer != NULL; writer = writer->hh.next) {
        if (!curfew_right_has(writer->right, CURFEW_ROLE_HOP)) {
            continue;
        }
        const struct curfew_roster_hop *hop = curfew_roster_find(roster, writer->right->name);
        const struct curfew_roster_lane *told = lane_of(hop, asked->lane);
        const struct standing standing = {
            .name = writer->right->name,
            .hop = hop,
            .lane = told,
            .state = curfew_roster_state(roster, hop, now),
            .silent_ms = hop == NULL ? 0 : (now.boot_us - hop->spoke_us) / CURFEW_US_PER_MS,
            .same_log = told != NULL && memcmp(told->log_id, asked->log_id, sizeof told->log_id) == 0,
        };
        count_hop(spread, &standing, asked);
    }
}

static const char *answer_of(const struct curfew_coordinator_lane *lane, const struct asked *asked,
                             struct curfew_refusal *refusal)
{
    if (asked->offset >= lane->next) {
        return "waiting";
    }
    switch (curfew_rulings_find(lane->rulings, asked->offset, refusal)) {
    case CURFEW_RULED_REFUSED:
        return "refused";
    case CURFEW_RULED_PENDING:
        return "second_operator";
    case CURFEW_RULED_UNKNOWN:
        return "unknown";
    case CURFEW_RULED_ACCEPTED:
        break;
    }
    return lane->outbox.settled_to >= asked->offset ? "accepted" : "waiting";
}

static struct curfew_json *body_of(const struct curfew_coordinator_lane *lane, const struct asked *asked,
                                   struct spread *spread)
{
    struct curfew_refusal refusal = {.offset = -1};
    const char *answer = answer_of(lane, asked, &refusal);
    char receipt[48];
    char log[2 * CURFEW_LOG_ID_SIZE + 1];
    struct curfew_json *body = curfew_json_object();
    (void)snprintf(receipt, sizeof receipt, "%" PRId32 ":%" PRId64, asked->lane, asked->offset);
    curfew_hex(curfew_lane_log_id(lane->log), CURFEW_LOG_ID_SIZE, log);
    const bool accepted = strcmp(answer, "accepted") == 0;
    const bool sayable = spread->hops > 0 && (accepted || strcmp(answer, "waiting") == 0);
    bool made = curfew_reply_text(body, "receipt", receipt) && curfew_reply_int(body, "lane", asked->lane) &&
                curfew_reply_int(body, "offset", asked->offset) && curfew_reply_text(body, "log", log) &&
                curfew_reply_int(body, "lane_next", lane->next) &&
                curfew_json_set(body, "durable", curfew_json_of_bool(asked->offset < lane->next)) &&
                curfew_reply_text(body, "answer", answer) && curfew_reply_int(body, "hops", spread->hops) &&
                curfew_reply_int(body, "applied", spread->applied);
    if (made && strcmp(answer, "refused") == 0) {
        made = curfew_reply_text(body, "reason", curfew_reason_name((enum curfew_reason)refusal.reason)) &&
               curfew_json_set(body, "retriable", curfew_json_of_bool(refusal.retriable));
    }
    if (made && sayable) {
        const bool complete = accepted && spread->applied == spread->hops;
        made = curfew_json_set(body, "complete", curfew_json_of_bool(complete));
    }
    const int64_t most = CURFEW_RECEIPTS_HOPS_MAX;
    made = curfew_json_set(body, "laggards", spread->laggards) && made && spread->made;
    made = curfew_json_set(body, "vanished", spread->vanished) && made &&
           curfew_reply_int(body, "laggards_more", spread->laggard_count > most ? spread->laggard_count - most : 0) &&
           curfew_reply_int(body, "vanished_more", spread->vanished_count > most ? spread->vanished_count - most : 0);
    if (!made) {
        curfew_json_destroy(body);
        return NULL;
    }
    return body;
}

/* Whether it is of the log that is meant; true when none is. */
static bool is_of_log(const struct curfew_http_request *request, const struct curfew_lane *lane)
{
    const char *wanted = curfew_http_query(request, "log");
    char log[2 * CURFEW_LOG_ID_SIZE + 1];
    curfew_hex(curfew_lane_log_id(lane), CURFEW_LOG_ID_SIZE, log);
    return wanted == NULL || strcmp(wanted, log) == 0;
}

void curfew_receipts_reply(const struct curfew_coordinator *coordinator, const struct curfew_roster *roster,
                           struct curfew_now now, const struct curfew_http_request *request,
                           struct curfew_http_response *response)
{
    struct asked asked;
    struct curfew_coordinator_lane lane;
    if (!parse_receipt(curfew_http_path(request), &asked)) {
        curfew_reply_error(response, 400, "asking for a receipt: it is LANE:OFFSET, as commands print it: 1:4711");
        return;
    }
    if (asked.lane >= curfew_coordinator_lanes(coordinator)) {
        curfew_reply_error(response, 404, "asking for a receipt: this cluster has no lane %d", (int)asked.lane);
        return;
    }
    curfew_coordinator_lane(coordinator, asked.lane, &lane);
    if (!lane.live || curfew_lane_log_id(lane.log) == NULL) {
        const char *problem = curfew_lane_problem(lane.log);
        curfew_reply_error(response, 503, "lane %d is not up to date here: %s", (int)asked.lane,
                           problem == NULL ? "it is being read" : problem);
        return;
    }
    if (!is_of_log(request, lane.log)) {
        curfew_reply_error(response, 409,
                           "asking for a receipt: it is of another log than lane %d has now: the topics were made "
                           "anew since, and nothing is known of it",
                           (int)asked.lane);
        return;
    }
    struct spread spread = {.laggards = curfew_json_array(), .vanished = curfew_json_array(), .made = true};
    asked.log_id = curfew_lane_log_id(lane.log);
    count_hops(&spread, roster, curfew_coordinator_writers(coordinator), &asked, now);
    curfew_reply_json(response, body_of(&lane, &asked, &spread));
}
