/* hop: real feeds, regions and guards, shown what the coordinators left behind, in every way they could have been shown
 * it. A hop writes nothing that another process reads, so what it does is settled by the two partitions of revocations
 * and by how far it has come in each; when it booted shows in nothing but where it met the end of a partition first.
 * One thread. */
#ifndef CURFEW_TESTS_MODEL_HOP_H
#define CURFEW_TESTS_MODEL_HOP_H

#include "tests/model/judge.h"

struct model_hops;

struct model_hops *model_hops_create(const struct model_script *script);
void model_hops_destroy(struct model_hops *hops);

/* Shows the logs to hops, one that booted at every place of either lane, record by record, and judges each after each.
 * From `settled` records of revocations on, nothing is left to happen: who has read all of them must be fresh and deny
 * the dead alone, if it booted no later than that. False: `fault` says what is wrong. */
bool model_hops_show(struct model_hops *hops, const struct model_logs *logs, const int64_t settled[2],
                     char fault[MODEL_FAULT_SIZE]);

/* Hops in different states so far; and how often a verdict was allow, deny, unavailable. */
size_t model_hops_states(const struct model_hops *hops);
const int64_t *model_hops_verdicts(const struct model_hops *hops);

#endif
