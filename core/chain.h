/* chain: links floors records into one list that cannot lose a member unseen. A record's chain is
 *     SHA-256("curfew-chain-1" || chain_before || log_id || lane || cause || part || cause_before || count
 *             || for each floor: subject || floor || expires_us)
 * with integers big-endian (lane, part, count 4 bytes; the rest 8). It is a function of the log: every coordinator
 * computes the same, whatever order or repetition the topic shows. The schema's version and `kind` do not enter. Pure.
 */
#ifndef CURFEW_CORE_CHAIN_H
#define CURFEW_CORE_CHAIN_H

#include <curfew/event.h>

/* Computes the chain of `floors` from its other fields, `floors->chain` ignored. */
void curfew_chain_of(const struct curfew_floors *floors, uint8_t chain[CURFEW_CHAIN_SIZE]);

#endif
