/* lane_log: which log a lane is, found out from what the log itself and its coordinators say. Pure; one thread. */
#ifndef CURFEW_PRODUCER_LANE_LOG_H
#define CURFEW_PRODUCER_LANE_LOG_H

#include "core/bus.h"
#include <curfew/event.h>

/* What all lanes' genesis records must agree on. All zero: none was read. */
struct curfew_cluster {
    int32_t lanes; /* 0: not known */
    uint8_t control_log[CURFEW_LOG_ID_SIZE];
};

/* Judges the first record of a lane's log (`event`, decoded by the caller into `genesis`; NULL when it is not one) and
 * takes in what it says of the cluster. CURFEW_INVALID: the topics are not as curfew topics create makes them. */
enum curfew_status curfew_lane_log_judge(struct curfew_cluster *cluster, int32_t lane,
                                         const struct curfew_bus_event *event, const struct curfew_genesis *genesis,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;

/* The lane whose log, answers or beacons a partition holds; -1: none. */
int32_t curfew_lane_of_partition(enum curfew_topic topic, int32_t partition);

#endif
