/* answers: what coordinators said of a lane's newest records, remembered for events whose own acknowledgement is still
 * on its way: an answer may be read before it. One range without holes, growing at its upper end, and what was refused
 * in it. Pure; one thread. Bound: of more than CURFEW_ANSWERS_REFUSALS_MAX refusals the lower end of the range is
 * forgotten, and an event there counts as unanswered. */
#ifndef CURFEW_PRODUCER_ANSWERS_H
#define CURFEW_PRODUCER_ANSWERS_H

#include <curfew/event.h>

#define CURFEW_ANSWERS_REFUSALS_MAX 4096

struct curfew_answers {
    bool any;
    int64_t from; /* inclusive */
    int64_t to; /* inclusive */
    struct curfew_refusal *refused; /* ascending by offset */
    size_t count;
};

enum curfew_verdict_of_record {
    CURFEW_ANSWER_NONE, /* nobody spoke of it, as far as is remembered */
    CURFEW_ANSWER_ACCEPTED,
    CURFEW_ANSWER_REFUSED,
};

/* Forgets everything, and frees. All zero is an empty value. */
void curfew_answers_clear(struct curfew_answers *answers);

/* Takes in an accepted record of the lane's log. A range that touches what is remembered extends it upwards; one that
 * begins behind a hole replaces it; one below is not remembered. */
void curfew_answers_take(struct curfew_answers *answers, const struct curfew_accepted *accepted);

/* `refusal` is filled when it was refused. */
enum curfew_verdict_of_record curfew_answers_find(const struct curfew_answers *answers, int64_t offset,
                                                  struct curfew_refusal *refusal);

/* The refusal of that offset in a list ascending by offset, or NULL. */
const struct curfew_refusal *curfew_refusal_find(const struct curfew_refusal *refused, size_t count, int64_t offset);

#endif
