/* oracle: what is true of the simulated world, told from DESIGN alone by plain arrays searched from end to end, and
 * whether what Curfew does agrees with it. It shares no rule with the product: of its code it uses only the codec, to
 * read what the logs say, and names of things (events, verdicts).
 *
 * Truth is a function of the logs' durable records in order: who was ended, by which record, and when that record
 * became durable in true time. A verdict is held against it:
 *   allow, stating age A at true time t: nothing the token depends on was ended by a record durable before
 *       t - A - slack (I1, I2, I3, I5, I6); slack is how far the coordinators' clocks and the hop's are further apart
 *       than skew, from the actual clocks, plus 1 ms;
 *   deny by a floor: something it depends on was ended, by a record durable by now, in the logs as they are or were
 *       before a cut (I8);
 *   and nothing it depends on may have been ended by a lease whose holder was well (I7).
 * One world, one oracle. */
#ifndef CURFEW_TESTS_SIM_ORACLE_H
#define CURFEW_TESTS_SIM_ORACLE_H

#include "core/bus.h"
#include <curfew/hop.h>
#include <curfew/producer.h>
#include <stdio.h>

#define SIM_VIOLATION_TEXT 512

struct sim_world;
struct sim_oracle;

struct sim_oracle *sim_oracle_create(struct sim_world *world);
void sim_oracle_destroy(struct sim_oracle *oracle);

/* A durable record of any topic, once, in log order; the oracle reads control, lifecycle and revocations. A genesis
 * record at offset 0 begins a new log. */
void sim_oracle_committed(struct sim_oracle *oracle, enum curfew_topic topic, int32_t partition,
                          const struct curfew_bus_event *record);
/* Records from `end` on went: truth is told again from what is left; what was ended before stays "was once ended". */
void sim_oracle_cut(struct sim_oracle *oracle, enum curfew_topic topic, int32_t partition, int64_t end);

/* A token that an issuer let go after its announcement (at lane, offset of the log with that id) was accepted. Checks
 * I3: at that place of the log nothing above it was over. */
void sim_oracle_released(struct sim_oracle *oracle, int32_t token, const struct curfew_claims *claims,
                         const struct curfew_receipt *receipt);
/* One that its issuer gave up on, or was told is refused: it must never be released. */
void sim_oracle_withheld(struct sim_oracle *oracle, int32_t token);

/* A hop's answer, now. */
/* Whether the hop whose verdicts come next could tell by itself that the clocks it judges by do not agree. */
void sim_oracle_warned(struct sim_oracle *oracle, bool warned);
void sim_oracle_verdict(struct sim_oracle *oracle, int hop, const struct curfew_claims *claims,
                        enum curfew_class strictness, const struct curfew_verdict *verdict);
/* The answer of a reader of Redis alone, on that hop's machine: an allow is held against its age (I2), as a hop's is;
 * a deny by a floor needs an end of it (I8), and freshness a beacon that said so (I6). */
struct sim_store_verdict;
void sim_oracle_reader(struct sim_oracle *oracle, int hop, const struct curfew_claims *claims,
                       const struct sim_store_verdict *verdict);
/* Calm has lasted long enough (I7): this hop's lane is fresh, or is not and `why` says how. */
void sim_oracle_calm(struct sim_oracle *oracle, int hop, int32_t lane, bool fresh, const char *why);

/* When, in true time, the record became durable that ended what these claims depend on; 0: nothing ended it. */
int64_t sim_oracle_died(struct sim_oracle *oracle, const struct curfew_claims *claims);

/* Anybody's finding. The first one is kept whole. */
__attribute__((format(printf, 3, 4))) void sim_oracle_violation(struct sim_oracle *oracle, const char *invariant,
                                                                const char *format, ...);
struct sim_findings {
    int64_t violations;
    char invariant[8]; /* of the first: "I2" */
    char text[SIM_VIOLATION_TEXT];
    int64_t allows, denies, unavailable, not_valid; /* verdicts held against the truth */
    int64_t ended; /* verdicts on tokens that were over */
    int64_t released;
    int64_t reads, read_allows, read_denies; /* answers of readers of Redis; the others: unavailable, not valid */
    int64_t read_ended; /* of tokens that were over, while both freshness keys were good */
};
const struct sim_findings *sim_oracle_findings(const struct sim_oracle *oracle);

#endif
