/* genesis: the first record of each lane's log: random log ids, how many lanes there are, the first settings. Planning
 * is pure but for random bytes; writing goes through the bus. One thread.
 *
 * Control's is written first and alone: whoever finds it knows which settings and log id the others must have, so a run
 * that died can be completed. Only a lane in which nothing was ever written gets one. */
#ifndef CURFEW_CLI_GENESIS_H
#define CURFEW_CLI_GENESIS_H

#include "core/mac.h"
#include "services/cli/survey.h"

/* Who founds a cluster: what its first records say and are proven with. */
struct curfew_founder {
    const char *writer; /* the first operator */
    const struct curfew_mac_key *key; /* its */
    uint8_t master_check[CURFEW_MASTER_CHECK_SIZE];
    struct curfew_first_writer writers[CURFEW_FIRST_WRITERS_MAX]; /* the operator and the coordinators */
    size_t writer_count;
};

struct curfew_genesis_plan {
    int32_t lanes; /* control included */
    bool write[CURFEW_LANES_MAX]; /* which lanes lack theirs */
    uint8_t control_log[CURFEW_LOG_ID_SIZE];
    struct curfew_settings settings;
    bool completes; /* control has its genesis already, with these settings */
};

/* Decides what to write. CURFEW_INVALID when nothing is lacking, or when what is there cannot be completed: a founder
 * with another master, or other first writers, is another cluster's. */
enum curfew_status curfew_genesis_plan(const struct curfew_survey *survey, const struct curfew_settings *settings,
                                       const struct curfew_founder *founder, struct curfew_genesis_plan *plan,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;

/* Writes them and checks that each became record 0. What failed half way can be planned and written again. */
enum curfew_status curfew_genesis_write(struct curfew_bus *bus, const struct curfew_genesis_plan *plan,
                                        const struct curfew_founder *founder, int timeout_ms,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* The newest genesis' timestamp of a whole survey. */
int64_t curfew_genesis_newest_us(const struct curfew_survey *survey);

#endif
