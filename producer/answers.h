/* answers: what coordinators said of a lane's newest records, remembered for events whose own acknowledgement is still
 * on its way: an answer may be read before it. By offset, with the digest of the record that is meant: a log that lost
 * its end or was made anew has other records at the same offsets, and what was said of those is nothing said of ours.
 * Pure; one thread. Bound: of each offset modulo CURFEW_ANSWERS_KEPT the newest answer is remembered; what was
 * forgotten counts as unanswered. */
#ifndef CURFEW_PRODUCER_ANSWERS_H
#define CURFEW_PRODUCER_ANSWERS_H

#include <curfew/event.h>

#define CURFEW_ANSWERS_KEPT 8192 /* at least CURFEW_ANSWERED_MAX: a whole answer is remembered */

/* All zero is an empty value. */
struct curfew_answers {
    struct curfew_answers_entry *entries; /* CURFEW_ANSWERS_KEPT, by offset; NULL: none yet */
};

enum curfew_verdict_of_record {
    CURFEW_ANSWER_NONE, /* nobody spoke of it, as far as is remembered */
    CURFEW_ANSWER_ACCEPTED,
    CURFEW_ANSWER_REFUSED,
    CURFEW_ANSWER_OTHER, /* what stands at that offset is another record */
};

/* Forgets everything, and frees. */
void curfew_answers_clear(struct curfew_answers *answers);

/* Takes in an accepted record of the lane's log, which has a digest for each offset of its range and its refusals
 * within it, ascending. Without memory nothing is remembered. */
void curfew_answers_take(struct curfew_answers *answers, const struct curfew_accepted *accepted);

/* `refusal` is filled when it was refused. */
enum curfew_verdict_of_record curfew_answers_find(const struct curfew_answers *answers, int64_t offset,
                                                  const uint8_t digest[CURFEW_RECORD_DIGEST_SIZE],
                                                  struct curfew_refusal *refusal);

#endif
