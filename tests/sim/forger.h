/* forger: whoever can write to the two logs and is none of the cluster's own: he repeats and alters what stands there,
 * says things in others' names, and, as mallory, who is issuer and orchestrator of another tenant, in his own. */
#ifndef CURFEW_TESTS_SIM_FORGER_H
#define CURFEW_TESTS_SIM_FORGER_H

#include "tests/sim/world.h"
#include <curfew/event.h>

#define SIM_MALLORY "mallory"

/* Appends `count` records to a lane's log, durable at once. */
void sim_forger_strike(struct sim_world *world, int32_t lane, int32_t count);

/* Mallory's rights, which the operator grants when the logs are made. */
struct curfew_event sim_forger_rights(void);

/* The oracle's own word on whether a record counts: it is proven by the writer it names, for this log, and that writer
 * is not mallory, of whom nothing here is. */
bool sim_forger_is_genuine(const struct curfew_event *event, const uint8_t log_id[CURFEW_LOG_ID_SIZE], int32_t lane,
                           const struct curfew_bus_event *record);

#endif
