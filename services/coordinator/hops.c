/* hops: the roster as JSON and as metrics. */
#include "services/coordinator/hops.h"

#include "core/json.h"
#include <stdlib.h>

static bool set(struct curfew_json *object, const char *name, struct curfew_json *value)
{
    return curfew_json_set(object, name, value);
}

static bool set_int(struct curfew_json *object, const char *name, int64_t value)
{
    return set(object, name, curfew_json_of_int(value));
}

static bool set_text(struct curfew_json *object, const char *name, const char *text)
{
    return set(object, name, curfew_json_of_string(curfew_slice_of(text)));
}

/* A lane's age goes on while its hop is silent. */
static struct curfew_json *lane_json(const struct curfew_roster_lane *lane, int64_t silent_ms)
{
    struct curfew_json *object = curfew_json_object();
    if (!set_int(object, "lane", lane->lane) || !set_int(object, "offset", lane->offset) ||
        !set_int(object, "age_ms", lane->age_ms < 0 ? -1 : lane->age_ms + silent_ms) ||
        !set_text(object, "problem", lane->problem)) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

/* One that has a problem, else the oldest. */
static const struct curfew_roster_lane *worst_of(const struct curfew_roster_hop *hop)
{
    const struct curfew_roster_lane *worst = NULL;
    for (size_t i = 0; i < hop->lane_count; i++) {
        const struct curfew_roster_lane *lane = &hop->lanes[i];
        const bool ill = lane->problem[0] != '\0';
        const bool worst_ill = worst != NULL && worst->problem[0] != '\0';
        if (worst == NULL || (ill && !worst_ill) || (ill == worst_ill && lane->age_ms > worst->age_ms)) {
            worst = lane;
        }
    }
    return worst;
}

static bool set_heard(struct curfew_json *object, const struct curfew_roster_hop *hop, bool whole,
                      struct curfew_now now)
{
    const int64_t silent_ms = (now.boot_us - hop->spoke_us) / CURFEW_US_PER_MS;
    const struct curfew_roster_lane *worst = worst_of(hop);
    bool made = set_int(object, "silent_ms", silent_ms) && set_int(object, "said_us", hop->said_us) &&
                set_text(object, "boot", hop->boot) && set_text(object, "version", hop->version) &&
                set_int(object, "floors", hop->floors) &&
                (worst == NULL || set(object, "worst", lane_json(worst, silent_ms)));
    if (!made || !whole) {
        return made;
    }
    struct curfew_json *lanes = curfew_json_array();
    for (size_t i = 0; i < hop->lane_count; i++) {
        made = curfew_json_append(lanes, lane_json(&hop->lanes[i], silent_ms)) && made;
    }
    return set(object, "lanes", lanes) && made;
}

static struct curfew_json *hop_json(const struct curfew_roster *roster, const struct curfew_writer *writer, bool whole,
                                    struct curfew_now now)
{
    const struct curfew_roster_hop *hop = curfew_roster_find(roster, writer->right->name);
    struct curfew_json *object = curfew_json_object();
    if (!set(object, "hop", curfew_json_of_string(writer->right->name)) ||
        !set_text(object, "state", curfew_roster_state_name(curfew_roster_state(roster, hop, now))) ||
        (hop != NULL && !set_heard(object, hop, whole, now))) {
        curfew_json_destroy(object);
        return NULL;
    }
    return object;
}

static struct curfew_json *refused_json(const struct curfew_roster *roster)
{
    struct curfew_json *object = curfew_json_object();
    for (int i = 0; i < CURFEW_ROSTER_REFUSALS; i++) {
        const enum curfew_roster_refusal refusal = (enum curfew_roster_refusal)i;
        if (!set_int(object, curfew_roster_refusal_name(refusal), curfew_roster_refused(roster, refusal))) {
            curfew_json_destroy(object);
            return NULL;
        }
    }
    return object;
}

static bool is_meant(const struct curfew_writer *writer, const char *only)
{
    return curfew_right_has(writer->right, CURFEW_ROLE_HOP) &&
           (only == NULL || curfew_slice_equal(writer->right->name, curfew_slice_of(only)));
}

void curfew_hops_reply(const struct curfew_roster *roster, const struct curfew_writers *writers, struct curfew_now now,
                       const struct curfew_http_request *request, struct curfew_http_response *response)
{
    const char *only = curfew_http_query(request, "hop");
    struct curfew_json *hops = curfew_json_array();
    struct curfew_json *body = curfew_json_object();
    int64_t count = 0;
    bool made = true;
    for (const struct curfew_writer *writer = curfew_writers_first(writers); writer != NULL; writer = writer->hh.next) {
        if (is_meant(writer, only) && ++count <= CURFEW_HOPS_LISTED_MAX) {
            made = curfew_json_append(hops, hop_json(roster, writer, only != NULL, now)) && made;
        }
    }
    made = set(body, "hops", hops) && made &&
           set_int(body, "more", count > CURFEW_HOPS_LISTED_MAX ? count - CURFEW_HOPS_LISTED_MAX : 0) &&
           set(body, "refused", refused_json(roster));
    char *text = made ? curfew_json_print(body) : NULL;
    if (only != NULL && count == 0) {
        curfew_http_reply(response, 404,
                          "{\"error\":\"no hop of that name is on the roster; curfew writer add NAME "
                          "--role hop puts it there\"}");
    } else {
        curfew_http_reply(response, text == NULL ? 503 : 200, "%s\n", text == NULL ? "" : text);
    }
    free(text);
    curfew_json_destroy(body);
}

void curfew_hops_metrics(FILE *out, const struct curfew_roster *roster, const struct curfew_writers *writers,
                         struct curfew_now now)
{
    int64_t counts[CURFEW_ROSTER_FRESH + 1] = {0};
    for (const struct curfew_writer *writer = curfew_writers_first(writers); writer != NULL; writer = writer->hh.next) {
        if (is_meant(writer, NULL)) {
            counts[curfew_roster_state(roster, curfew_roster_find(roster, writer->right->name), now)]++;
        }
    }
    (void)fprintf(out, "# HELP curfew_coordinator_hops Hops on the roster, by what they prove to say.\n"
                       "# TYPE curfew_coordinator_hops gauge\n");
    for (int i = 0; i <= CURFEW_ROSTER_FRESH; i++) {
        (void)fprintf(out, "curfew_coordinator_hops{state=\"%s\"} %lld\n",
                      curfew_roster_state_name((enum curfew_roster_state)i), (long long)counts[i]);
    }
    (void)fprintf(out, "# HELP curfew_coordinator_status_refused_total Statuses that no hop of the roster proved.\n"
                       "# TYPE curfew_coordinator_status_refused_total counter\n");
    for (int i = 0; i < CURFEW_ROSTER_REFUSALS; i++) {
        const enum curfew_roster_refusal refusal = (enum curfew_roster_refusal)i;
        (void)fprintf(out, "curfew_coordinator_status_refused_total{reason=\"%s\"} %lld\n",
                      curfew_roster_refusal_name(refusal), (long long)curfew_roster_refused(roster, refusal));
    }
}
