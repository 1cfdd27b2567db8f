/* judge: what must hold of everything a coordinator publishes, at the moment it does, and of the logs when all is over.
 * What is right comes from the script. Pure; one thread. */
#ifndef CURFEW_TESTS_MODEL_JUDGE_H
#define CURFEW_TESTS_MODEL_JUDGE_H

#include "tests/model/node.h"

#define MODEL_FAULT_SIZE 256

/* False: `fault` says what is wrong with the newest record of `partition`, which a coordinator on `side` published. */
bool model_judge_published(const struct model_logs *logs, const struct model_side *side, enum model_partition partition,
                           char fault[MODEL_FAULT_SIZE]);
/* Everything was delivered: every event is answered, and every floor that is owed is there. */
bool model_judge_ended(const struct model_logs *logs, char fault[MODEL_FAULT_SIZE]);

#endif
