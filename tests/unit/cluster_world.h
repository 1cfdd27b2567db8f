/* cluster_world: a coordinator c1 of two lanes over a broker in memory, for unit tests: it stands still but for what
 * the test appends and the time it lets pass. */
#ifndef CLUSTER_WORLD_H
#define CLUSTER_WORLD_H

#include "memory_bus.h"
#include "services/coordinator/coordinator.h"
#include "tests/common/sealer.h"

struct cluster {
    struct memory_bus *memory;
    struct curfew_coordinator *coordinator;
    struct curfew_audit *audit; /* NULL: none; what cluster_start gives the coordinator */
    int32_t rank; /* what cluster_start gives the coordinator */
    struct curfew_now now;
};

/* Both logs with their genesis, and the coordinator started, which has read nothing yet. */
struct cluster *cluster_begin(void);
struct cluster *cluster_begin_of(int32_t rank); /* the former: 0 */
void cluster_end(struct cluster *cluster);
/* Makes and starts the coordinator anew; the test has destroyed the one before. */
void cluster_start(struct cluster *cluster);

/* Appends to control or to lane 1, proven by its writer: the event's own, or tester, who says it now. Its offset. */
int64_t cluster_append(struct cluster *cluster, enum curfew_topic topic, struct curfew_event event);
/* Hands over everything there is, and publishes, until nothing more comes of it. */
void cluster_settle(struct cluster *cluster);
/* Lets time pass, and settles. */
void cluster_pass(struct cluster *cluster, int64_t us);

#endif
