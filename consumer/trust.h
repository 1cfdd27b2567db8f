/* trust: the issuers a hop believes now, read again when their files change. One thread looks (the hop's own, once a
 * second by stat), any number read: a reader takes no lock and never waits. Two places hold a set each; the one not in
 * use is filled and then becomes the one in use, once no reader is left in it.
 *
 * What cannot be read is not taken: the last good set stays, with a warning in the log and a metric. */
#ifndef CURFEW_CONSUMER_TRUST_H
#define CURFEW_CONSUMER_TRUST_H

#include "consumer/issuers.h"
#include "core/config.h"
#include <stdint.h>

#define CURFEW_TRUST_LOOK_US INT64_C(1000000) /* least time between two looks at the files */

struct curfew_trust;

struct curfew_trust_stats {
    int64_t loads; /* sets taken, the first included */
    int64_t refusals; /* looks that found files which cannot be taken */
    bool behind; /* the files say something else than what is believed */
};

/* By hop.issuers_file, or hop.issuer with hop.jwks_file, hop.algorithms and hop.tenants; both or neither is
 * CURFEW_INVALID. The configuration must outlive it. */
enum curfew_status curfew_trust_open(const struct curfew_config *config, struct curfew_trust **trust,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
/* Nobody may be in it any more. */
void curfew_trust_close(struct curfew_trust *trust);

/* Between the two the issuers do not go away. Any thread; lock-free. `place` goes from one to the other. */
const struct curfew_issuers *curfew_trust_enter(struct curfew_trust *trust, int *place);
void curfew_trust_leave(struct curfew_trust *trust, int place);

/* Looks at the files unless that was less than CURFEW_TRUST_LOOK_US ago. One thread. */
void curfew_trust_look(struct curfew_trust *trust, int64_t boot_us);
/* Any thread. */
struct curfew_trust_stats curfew_trust_stats(const struct curfew_trust *trust);

#endif
