/* explore: every path of a script, within bounds. Stateless: a path is a list of moves; what cannot be copied is
 * brought back by giving it the same again. A state met before, by its digest, is not gone into again.
 *
 * What is interleaved, each with each: every event of the script being appended; time moving on; and for each
 * coordinator every record of its pipeline's log, of the control log (in scripts that write there; else as much as
 * there is), and of revocations of either lane being handed to it; its ticks; its death, at any moment and between any
 * two records that it publishes at once; its replay.
 *
 * What is not:
 *  - A coordinator publishes after every input, as its runner does when one comes at a time; what it publishes then is
 *    appended at once, in order, and it is told so. Losses on the way there are the simulator's.
 *  - Before the first branch genesis is there, both coordinators are live, and the script's first events are done with
 *    if fewer are asked for.
 *  - A coordinator that boots reads revocations and answers at once, and then each log at once up to its end: until it
 *    is live it publishes nothing, so who writes in between shows only in where the ends lie, and those are
 * interleaved.
 *  - Beacons, and floors records it has met, are handed to a coordinator together with what comes after them: it makes
 *    nothing of them (curfew_outbox_read_back).
 *  - Hops (hop.h). They write nothing, so no coordinator depends on how far they have come, and one does not on the
 *    other: a move of a hop commutes with all others. All of them are made at the end of a path, for every place where
 *    the hop could have booted, which is what a crash of it is, and in each state it goes through. The states of the
 *    first hop are those of the second, and a pair of them is right if both are. One lane lags behind the other, or
 *    leads, by any distance; both lanes in every mix of their records is the simulator's.
 *
 * Two states are the same when the logs are (of answers: how far they reach, since a booting coordinator takes no more
 * from them; of revocations: without what repeats an earlier record, since whoever reads on to a repeated beacon holds
 * at least the floors he held at the first; where nothing but ticks is on the control lane: without it), and each
 * coordinator has read and published the same since it booted, in whatever order. That order cannot matter: a lane is a
 * function of its log, what it owes is a set less what was read back, and what it said last bounds what it says next.
 * `exact` does without this argument, and tells them apart by all they were given. */
#ifndef CURFEW_TESTS_MODEL_EXPLORE_H
#define CURFEW_TESTS_MODEL_EXPLORE_H

#include "tests/model/hop.h"
#include "tests/model/moves.h"

#define MODEL_DEPTH_MAX 256

struct model_bounds {
    int events; /* of the script's last, how many interleave */
    int ticks; /* of each coordinator, after its first */
    int crashes; /* of each coordinator */
    bool exact;
};

struct model_outcome {
    int64_t states; /* of the cluster, and of hops */
    int64_t hop_states;
    int64_t paths; /* to an end: everything delivered */
    int64_t depth; /* moves of the longest path */
    int64_t violations; /* the first ends the exploration */
    int64_t allowed; /* verdicts of hops */
    int64_t denied;
    int64_t unavailable;
};

/* Prints the path to a violation. */
struct model_outcome model_explore(const struct model_script *script, const struct model_bounds *bounds);

#endif
