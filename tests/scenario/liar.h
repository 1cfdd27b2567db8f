/* liar: whoever can write to revocations and answers, for scenario tests: what he says is right in everything but who
 * signed it, so that nothing but the signature keeps it from being believed. */
#ifndef LIAR_H
#define LIAR_H

#include "core/seal.h"
#include "tests/scenario/bus_reader.h"
#include "tests/scenario/play.h"

struct curfew_jose_key;

#define LIAR_LANES 3 /* of a play */

struct liar {
    struct play *play;
    struct curfew_bus bus;
    struct curfew_beacon newest[LIAR_LANES]; /* of the coordinator's beacons; unsigned */
    struct curfew_jose_key *own; /* a key of his own */
    struct curfew_jose_key *stolen; /* the coordinators' */
    struct curfew_sealer by_own; /* signs by his own key and says so */
    struct curfew_sealer by_none; /* signs by his own key in the coordinators' name */
    struct curfew_sealer by_stolen; /* signs as coordinators do */
};

/* Reads the coordinator's newest beacons; it is not running, or they age. */
void liar_begin(struct liar *liar, struct play *play);
void liar_end(struct liar *liar);

/* In every lane: as of now, nothing is revoked that was not revoked when he began. */
void liar_beacons(struct liar *liar, const struct curfew_sealer *sealer);
/* The newest record of a lane's log is accepted. */
void liar_accepts(struct liar *liar, int32_t lane, const struct curfew_sealer *sealer);

#endif
