/* replay: a lane's log read up to its end and run through the coordinator's own step, so that a command knows what a
 * coordinator knows. Reading goes through the bus; one thread. */
#ifndef CURFEW_CLI_REPLAY_H
#define CURFEW_CLI_REPLAY_H

#include "core/bus.h"
#include "services/coordinator/lane.h"

/* Steps every record of the lane that is there now. CURFEW_INVALID: the lane halts, and the error says why (another
 * master key, a head that is gone); CURFEW_TIMEOUT: the broker did not say all in time. */
enum curfew_status curfew_replay_lane(struct curfew_bus *bus, int32_t number, struct curfew_lane *lane,
                                      int64_t deadline_us, struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
