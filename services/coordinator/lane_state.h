/* lane_state: the inside of a lane, shared by lane.c (the step), lane_control.c (what control says) and
 * lane_revocation.c (what is revoked there), and by nobody else. */
#ifndef CURFEW_COORDINATOR_LANE_STATE_H
#define CURFEW_COORDINATOR_LANE_STATE_H

#include "schemas/codec.h"
#include "services/coordinator/lane.h"
#include "services/coordinator/policies.h"
#include "services/coordinator/proposals.h"
#include "services/coordinator/writers.h"

struct curfew_lane {
    int32_t number;
    int32_t lanes;
    struct curfew_control *control;
    size_t facts_taken; /* of control */
    struct curfew_writers *writers;
    struct curfew_ledger *ledger;
    struct curfew_book *book; /* NULL on lane 0 */
    struct curfew_policies *policies; /* lane 0: adopted; NULL on the others, where the book knows them */
    struct curfew_proposals *proposals; /* lane 0 */
    bool begun;
    bool unstamped; /* halted at a record whose timestamp is not the broker's */
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    uint8_t control_log[CURFEW_LOG_ID_SIZE];
    int64_t genesis_us;
    struct curfew_settings settings;
    int64_t longest_life_ms; /* the most session_life_ms has been: sessions begun under it may still live */
    int64_t next;
    int64_t good_us; /* newest good tick */
    int64_t last_good_us; /* the good tick before, whatever its order */
    int64_t lease_us;
    int64_t resynced_us; /* good_us at the last resync; 0: none */
    int64_t last_cause; /* -1: no floors since genesis or the last resync */
    uint8_t chain[CURFEW_CHAIN_SIZE];
    struct curfew_event event; /* the record being stepped */
    struct curfew_floors *links; /* of it */
    size_t links_room;
    struct curfew_arena arena;
    char problem[256]; /* empty: none */
};

/* lane_control.c */
/* Whether this version can do what settings activate: one that cannot stops at their record. */
bool curfew_lane_settings_known(const struct curfew_settings *settings);
bool curfew_lane_settings_sane(const struct curfew_settings *settings);
/* Lane 0: what a record of control comes to. What it says holds there from then on. */
struct curfew_ruling curfew_lane_rule_control(struct curfew_lane *lane, const struct curfew_event *event,
                                              const struct curfew_moment *moment);
/* Takes in what control said up to an offset, inclusive. */
void curfew_lane_take_control_in(struct curfew_lane *lane, int64_t upto);

#define CURFEW_SESSION_LIFE_MAX_MS (INT64_C(366) * 86400000) /* the most that settings may allow a session */

/* lane_revocation.c: lane 0 */
struct curfew_ruling curfew_lane_subject_revoked(struct curfew_lane *lane, const struct curfew_subject_revoked *event,
                                                 const struct curfew_moment *moment);
struct curfew_ruling curfew_lane_policy_adopted(struct curfew_lane *lane, const struct curfew_policy_adopted *event,
                                                const struct curfew_moment *moment);
struct curfew_ruling curfew_lane_policy_raised(struct curfew_lane *lane, const struct curfew_policy_raised *event,
                                               const struct curfew_moment *moment);

#endif
