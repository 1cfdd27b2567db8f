/* foresee: asks a coordinator what a revocation would end (get.h; services/coordinator/impact.h). Any thread. */
#ifndef CURFEW_CLI_FORESEE_H
#define CURFEW_CLI_FORESEE_H

#include "services/coordinator/target.h"
#include <curfew/status.h>

struct curfew_foreseen {
    int64_t sessions; /* live ones that would end */
    int64_t tasks; /* running, in those */
    int64_t control_next; /* offset of the control record that is not reflected yet */
    char proposed_by[CURFEW_ID_MAX + 1]; /* the operator who waits for a second; empty: nobody does */
};

/* `coordinator` is its address: "http://127.0.0.1:8610". CURFEW_INVALID: it refused the question, or is no coordinator;
 * CURFEW_UNAVAILABLE: it cannot be reached, or does not know yet; CURFEW_TIMEOUT. */
enum curfew_status curfew_foresee(const char *coordinator, const struct curfew_target *target, int timeout_ms,
                                  struct curfew_foreseen *foreseen, struct curfew_error *error) CURFEW_MUST_CHECK;

/* Reads an answer from the HTTP code and body. Pure. */
enum curfew_status curfew_foreseen_read(const char *coordinator, long code, struct curfew_slice body,
                                        struct curfew_foreseen *foreseen, struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
