/* metrics: a coordinator's counters as Prometheus text. */
#ifndef CURFEW_COORDINATOR_METRICS_H
#define CURFEW_COORDINATOR_METRICS_H

#include "services/coordinator/coordinator.h"
#include "services/coordinator/roster.h"

/* malloc'ed; NULL when memory runs out. `coordinator` may be NULL with `lanes` 0; then `roster` is not looked at. */
char *curfew_metrics_text(const struct curfew_coordinator *coordinator, int32_t lanes,
                          const struct curfew_roster *roster, struct curfew_now now);

#endif
