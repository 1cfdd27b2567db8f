/* audit_streams: what the audit topic should hold and does not. A stream is one start of one component; it numbers its
 * records from 1 and says when it stops. Records may come in any order, and twice. Pure. One thread. */
#ifndef CURFEW_CLI_AUDIT_STREAMS_H
#define CURFEW_CLI_AUDIT_STREAMS_H

#include "core/bus.h"

#define CURFEW_AUDIT_STREAMS_MAX 65536 /* of more, records are counted as unread */
#define CURFEW_AUDIT_COMPARED_MAX (1 << 24) /* of a stream: numbers up to here are compared when they come twice, */
#define CURFEW_AUDIT_AHEAD_MAX                                                                                         \
    4096 /* unless they are so far beyond twice the records that came: memory is for those                             \
          */
#define CURFEW_AUDIT_SILENCE_US INT64_C(90000000) /* a checkpoint comes every 60 s */

enum curfew_audit_found {
    CURFEW_AUDIT_GAP, /* numbers from..to are not there, and later ones are */
    CURFEW_AUDIT_CUT, /* numbers 1..to are not there, and the topic's own beginning neither: retention, or somebody */
    CURFEW_AUDIT_CONTRADICTION, /* number `from` is there twice, and says two things */
    CURFEW_AUDIT_SILENCE, /* it said nothing for longer than a checkpoint takes, between two records */
    CURFEW_AUDIT_UNENDED, /* it has been silent since, and never said that it stops */
};

struct curfew_audit_finding {
    enum curfew_audit_found found;
    const char *component; /* "coordinator c1" */
    const char *start; /* hex */
    int64_t from, to; /* numbers */
    int64_t since_us, until_us; /* broker's time of the records around it; 0: none there */
};

struct curfew_audit_streams;

struct curfew_audit_streams *curfew_audit_streams_create(void); /* NULL: out of memory */
void curfew_audit_streams_destroy(struct curfew_audit_streams *streams);

/* Takes a record of the topic; of each partition (below CURFEW_LANES_MAX) in order, from its beginning. CURFEW_NOMEM
 * alone ends it: what is no audit record is counted as unread. */
enum curfew_status curfew_audit_streams_take(struct curfew_audit_streams *streams,
                                             const struct curfew_bus_event *record,
                                             struct curfew_error *error) CURFEW_MUST_CHECK;

/* Tells everything found, stream by stream, as of `now_us` (the broker's clock, or one near it). */
typedef void curfew_audit_visit(void *context, const struct curfew_audit_finding *finding);
void curfew_audit_streams_findings(const struct curfew_audit_streams *streams, int64_t now_us,
                                   curfew_audit_visit *visit, void *context);

struct curfew_audit_totals {
    int64_t records, repeats, unread, streams;
};
struct curfew_audit_totals curfew_audit_streams_totals(const struct curfew_audit_streams *streams);

/* Whether a finding means that something that was said is not there, or was changed. */
bool curfew_audit_is_breach(enum curfew_audit_found found);
const char *curfew_audit_found_name(enum curfew_audit_found found); /* "gap", "cut", … */

#endif
