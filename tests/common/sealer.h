/* sealer: the two ends of core/seal.h for tests and simulated worlds: a keyed hash in place of ES256, which costs a
 * hundred times as much. Whoever lacks the key can no more sign here than there. Any number may use it. */
#ifndef CURFEW_TESTS_COMMON_SEALER_H
#define CURFEW_TESTS_COMMON_SEALER_H

#include "core/seal.h"

#define SEALER_KEY_ID "coordinators-1"

extern const struct curfew_sealer sealer_genuine; /* what the judge believes */
extern const struct curfew_sealer sealer_stolen; /* of the same name, without the key */
extern const struct curfew_sealer sealer_stranger; /* a key of a stranger's, by its own name */
extern const struct curfew_seal_judge sealer_judge;

/* Signs an event, when it is a beacon or an answer that nobody has signed: its slices then point into `signature`. */
void sealer_seal(const struct curfew_sealer *sealer, struct curfew_event *event, uint8_t signature[CURFEW_SEAL_SIZE]);
/* False: it is a beacon or an answer that no coordinator signed. */
bool sealer_is_genuine(const struct curfew_event *event);

#endif
