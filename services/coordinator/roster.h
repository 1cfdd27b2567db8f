/* roster: the hops that control knows (writers of role hop), and what each said last of itself on curfew.status. What
 * nobody on the roster proved is counted and forgotten: a stranger can neither be a hop nor speak for one, a hop only
 * for itself, and what is older than what is known counts no more. A status counts from when it was said, so that a
 * dead hop's last word, recorded and shown again to a coordinator that starts, makes it live for
 * CURFEW_ROSTER_SILENT_US at most. Beside the step: nothing here comes of a log, or goes into one. Sans I/O. One
 * thread. Bound: the hops of the roster, each with its newest status. */
#ifndef CURFEW_COORDINATOR_ROSTER_H
#define CURFEW_COORDINATOR_ROSTER_H

#include "core/clock.h"
#include "services/coordinator/writers.h"

#define CURFEW_ROSTER_CLOCK_US (60 * CURFEW_US_PER_S) /* said that far from now, it is not believed */
#define CURFEW_ROSTER_SILENT_US (5 * CURFEW_US_PER_S) /* a hop says it once a second */

enum curfew_roster_refusal {
    CURFEW_ROSTER_UNREADABLE, /* no status, or with numbers that cannot be meant */
    CURFEW_ROSTER_UNKNOWN, /* no hop of that name on the roster, or no key of that epoch yet */
    CURFEW_ROSTER_MAC, /* not proven by the hop it names */
    CURFEW_ROSTER_EPOCH, /* proven with a key that was retired */
    CURFEW_ROSTER_OLD, /* said before what is known of that hop: a repeat */
    CURFEW_ROSTER_CLOCK, /* said by a clock that is off by more than a minute */
    CURFEW_ROSTER_REFUSALS
};
const char *curfew_roster_refusal_name(enum curfew_roster_refusal refusal);

struct curfew_roster_lane {
    int32_t lane;
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t offset; /* of the newest good beacon: everything before it is applied; -1: none */
    int64_t age_ms; /* when it was said; -1: cannot say */
    char problem[32]; /* empty: none */
};

/* What a hop proved to have said last. */
struct curfew_roster_hop {
    int64_t said_us;
    int64_t spoke_us; /* boot time: when it was said, as far as two clocks agree; never after it came */
    char boot[64], version[64];
    int64_t floors;
    size_t lane_count;
    struct curfew_roster_lane *lanes;
};

enum curfew_roster_state {
    CURFEW_ROSTER_UNHEARD, /* never since this coordinator started */
    CURFEW_ROSTER_SILENT, /* not for CURFEW_ROSTER_SILENT_US */
    CURFEW_ROSTER_BEHIND, /* it says that a lane has a problem, or not of all lanes */
    CURFEW_ROSTER_FRESH,
};
const char *curfew_roster_state_name(enum curfew_roster_state state);

struct curfew_roster;

/* `lanes`: that a hop must speak of. */
struct curfew_roster *curfew_roster_create(const uint8_t master[CURFEW_MASTER_SIZE], int32_t lanes);
void curfew_roster_destroy(struct curfew_roster *roster);

/* Takes a record of curfew.status. `writers`: as control knows them now. */
void curfew_roster_take(struct curfew_roster *roster, const struct curfew_writers *writers, struct curfew_slice value,
                        struct curfew_slice mac, struct curfew_now now);

/* NULL: not heard of. */
const struct curfew_roster_hop *curfew_roster_find(const struct curfew_roster *roster, struct curfew_slice name);
enum curfew_roster_state curfew_roster_state(const struct curfew_roster *roster, const struct curfew_roster_hop *hop,
                                             struct curfew_now now);
int64_t curfew_roster_refused(const struct curfew_roster *roster, enum curfew_roster_refusal refusal);

#endif
