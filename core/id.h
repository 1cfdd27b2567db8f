/* id: what a name on the wire may look like, and session ids, which route themselves. Pure. Any thread. */
#ifndef CURFEW_CORE_ID_H
#define CURFEW_CORE_ID_H

#include <curfew/slice.h>
#include <curfew/status.h>
#include <stdbool.h>
#include <stdint.h>

#define CURFEW_SESSION_ID_SIZE 40 /* enough for "255." + 22 base64url characters + NUL */

/* 1..CURFEW_ID_MAX bytes of valid UTF-8 without NUL or other control characters (U+0000..U+001F, U+007F). */
bool curfew_id_valid(struct curfew_slice id);
/* The same, or empty. */
bool curfew_id_valid_or_empty(struct curfew_slice id);

/* A new session id "lane.random" (random: 128 bits, base64url, no padding), NUL-terminated. `random` is the caller's
 * 16 random bytes. 1 <= lane < CURFEW_LANES_MAX. */
void curfew_session_id_make(int32_t lane, const uint8_t random[16], char id[CURFEW_SESSION_ID_SIZE]);

/* The lane a session id names. CURFEW_INVALID if it is not `lane.random` in exactly that form (decimal without leading
 * zeros, 1..CURFEW_LANES_MAX-1, a dot, 22 base64url characters). */
enum curfew_status curfew_session_id_lane(struct curfew_slice id, int32_t *lane,
                                          struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
