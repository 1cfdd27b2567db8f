/* metrics: a coordinator's counters as Prometheus text. */
#include "services/coordinator/metrics.h"

#include "services/coordinator/hops.h"
#include <stddef.h>
#include <stdio.h>

struct series {
    const char *name;
    const char *type;
    const char *help;
    size_t offset; /* of an int64_t in struct curfew_coordinator_lane */
};

#define AT(field) offsetof(struct curfew_coordinator_lane, field)

static const struct series all[] = {
    {"curfew_coordinator_next_offset", "gauge", "offset of the log record wanted next", AT(next)},
    {"curfew_coordinator_sessions", "gauge", "open sessions", AT(counts.book.sessions)},
    {"curfew_coordinator_tombstones", "gauge", "ended sessions still remembered", AT(counts.book.tombstones)},
    {"curfew_coordinator_tasks", "gauge", "tasks of open sessions", AT(counts.book.tasks)},
    {"curfew_coordinator_holders", "gauge", "holders with a lease", AT(counts.book.holders)},
    {"curfew_coordinator_floors", "gauge", "live floors", AT(counts.floors)},
    {"curfew_coordinator_proposals", "gauge", "revocations that wait for a second operator", AT(counts.proposals)},
    {"curfew_coordinator_links_published_total", "counter", "floors records published", AT(outbox.links_published)},
    {"curfew_coordinator_links_awaited", "gauge", "floors records not read back yet", AT(outbox.links_awaited)},
    {"curfew_coordinator_foreign_total", "counter", "floors records on revocations that the log does not imply",
     AT(outbox.foreign)},
    {"curfew_coordinator_beacons_total", "counter", "beacons published", AT(outbox.beacons_published)},
    {"curfew_coordinator_leads", "gauge", "1: the lane's newest good tick is this coordinator's", AT(leads)},
    {"curfew_coordinator_answers_total", "counter", "accepted records published", AT(outbox.answers_published)},
    {"curfew_coordinator_refusals_total", "counter", "records refused", AT(outbox.refusals)},
    {"curfew_coordinator_dead_letters_total", "counter",
     "records no one could read, or that were not their writer's to say", AT(outbox.dead_letters)},
};

static void print_audit(FILE *out, const struct curfew_coordinator *coordinator)
{
    const struct curfew_audit_stats stats = curfew_coordinator_audited(coordinator);
    (void)fprintf(out,
                  "# HELP curfew_audit_records_total Records for the audit topic.\n"
                  "# TYPE curfew_audit_records_total counter\ncurfew_audit_records_total %lld\n"
                  "# HELP curfew_audit_lost_total Records that found no room; curfew audit verify names them.\n"
                  "# TYPE curfew_audit_lost_total counter\ncurfew_audit_lost_total %lld\n"
                  "# HELP curfew_audit_untaken_total Times that Kafka did not take a record, and it was sent again.\n"
                  "# TYPE curfew_audit_untaken_total counter\ncurfew_audit_untaken_total %lld\n"
                  "# HELP curfew_audit_pending Records that are not durable yet.\n"
                  "# TYPE curfew_audit_pending gauge\ncurfew_audit_pending %lld\n",
                  (long long)stats.written, (long long)stats.lost, (long long)stats.untaken, (long long)stats.pending);
}

char *curfew_metrics_text(const struct curfew_coordinator *coordinator, int32_t lanes,
                          const struct curfew_roster *roster, struct curfew_now now)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", all[i].name, all[i].help, all[i].name, all[i].type);
        for (int32_t lane = 0; lane < lanes; lane++) {
            struct curfew_coordinator_lane state;
            curfew_coordinator_lane(coordinator, lane, &state);
            int64_t value = 0;
            memcpy(&value, (const char *)&state + all[i].offset, sizeof value);
            (void)fprintf(out, "%s{lane=\"%d\"} %lld\n", all[i].name, lane, (long long)value);
        }
    }
    if (coordinator != NULL) {
        print_audit(out, coordinator);
        curfew_hops_metrics(out, roster, curfew_coordinator_writers(coordinator), now);
    }
    if (fclose(out) != 0) {
        return NULL;
    }
    return text;
}
