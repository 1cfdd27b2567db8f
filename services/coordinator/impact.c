/* impact: a query string into a target, and what would end into JSON. */
#include "services/coordinator/impact.h"

#include "core/json.h"
#include "services/coordinator/proposals.h"
#include <errno.h>
#include <stdlib.h>

static bool parse_version(const char *text, int64_t *version)
{
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    *version = value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static bool parse_kind(const char *text, enum curfew_kind *kind)
{
    for (int i = 0; i < CURFEW_KIND_COUNT; i++) {
        *kind = (enum curfew_kind)i;
        if (curfew_target_revocable(*kind) && strcmp(text, curfew_kind_name(*kind)) == 0) {
            return true;
        }
    }
    return false;
}

enum curfew_status curfew_impact_target(const struct curfew_http_request *request, struct curfew_target *target,
                                        struct curfew_error *error)
{
    const char *kind = curfew_http_query(request, "kind");
    const char *version = curfew_http_query(request, "version");
    *target = (struct curfew_target){.tenant = curfew_slice_of(curfew_http_query(request, "tenant")),
                                     .scope = curfew_slice_of(curfew_http_query(request, "scope")),
                                     .id = curfew_slice_of(curfew_http_query(request, "id"))};
    if (kind == NULL || !parse_kind(kind, &target->kind)) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            "asking for the impact of a revocation: kind must be user, agent, tenant, key or policy");
    }
    if (version != NULL && !parse_version(version, &target->version)) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "asking for the impact of a revocation: version must be a number, 0 or more");
    }
    return CURFEW_OK;
}

enum curfew_status curfew_coordinator_impact(const struct curfew_coordinator *coordinator,
                                             const struct curfew_target *target, struct curfew_now now,
                                             struct curfew_coordinator_impact *impact, struct curfew_error *error)
{
    struct curfew_proposal_key key = {.version = target->version};
    *impact = (struct curfew_coordinator_impact){.book = {0, 0}};
    if (!curfew_target_subject(target, &key.subject)) {
        return curfew_error_set(
            error, CURFEW_INVALID,
            "asking for the impact of a revocation: name a user (tenant, scope: its issuer, id), an "
            "agent (tenant, scope: its trust domain, id), a tenant (tenant and id), a key (id: its "
            "RFC 7638 thumbprint) or a policy (tenant, id, version)");
    }
    const enum curfew_status status = curfew_coordinator_ready(coordinator, now, error);
    for (int32_t i = 1; status == CURFEW_OK && i < curfew_coordinator_lanes(coordinator); i++) {
        struct curfew_coordinator_lane lane;
        curfew_coordinator_lane(coordinator, i, &lane);
        const struct curfew_book_impact one = curfew_lane_impact(lane.log, target->kind, &key.subject);
        impact->book.sessions += one.sessions;
        impact->book.tasks += one.tasks;
    }
    if (status == CURFEW_OK) {
        struct curfew_coordinator_lane control;
        curfew_coordinator_lane(coordinator, 0, &control);
        impact->control_next = control.next;
        impact->proposer = curfew_lane_proposer(control.log, &key);
    }
    return status;
}

static void reply_error(enum curfew_status status, const struct curfew_error *error,
                        struct curfew_http_response *response)
{
    struct curfew_json *body = curfew_json_object();
    const bool made = curfew_json_set(body, "error", curfew_json_of_string(curfew_slice_of(error->text)));
    char *text = made ? curfew_json_print(body) : NULL;
    curfew_http_reply(response, status == CURFEW_INVALID ? 400 : 503, "%s",
                      text == NULL ? "{\"error\":\"out of memory\"}" : text);
    free(text);
    curfew_json_destroy(body);
}

void curfew_impact_reply(enum curfew_status status, const struct curfew_coordinator_impact *impact,
                         const struct curfew_error *error, struct curfew_http_response *response)
{
    if (status != CURFEW_OK) {
        reply_error(status, error, response);
        return;
    }
    struct curfew_json *body = curfew_json_object();
    const bool made =
        curfew_json_set(body, "sessions", curfew_json_of_int(impact->book.sessions)) &&
        curfew_json_set(body, "tasks", curfew_json_of_int(impact->book.tasks)) &&
        curfew_json_set(body, "control_next", curfew_json_of_int(impact->control_next)) &&
        (impact->proposer.size == 0 || curfew_json_set(body, "proposed_by", curfew_json_of_string(impact->proposer)));
    char *text = made ? curfew_json_print(body) : NULL;
    curfew_http_reply(response, text == NULL ? 503 : 200, "%s\n", text == NULL ? "" : text);
    free(text);
    curfew_json_destroy(body);
}
