/* answers: one range of answered offsets, and its refusals. */
#include "producer/answers.h"
#include <stdlib.h>

void curfew_answers_clear(struct curfew_answers *answers)
{
    free(answers->refused);
    *answers = (struct curfew_answers){0};
}

const struct curfew_refusal *curfew_refusal_find(const struct curfew_refusal *refused, size_t count, int64_t offset)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (refused[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && refused[low].offset == offset ? &refused[low] : NULL;
}

/* Forgets the lower half, so that this is rare. */
static void make_room(struct curfew_answers *answers)
{
    size_t dropped = answers->count / 2;
    answers->from = answers->refused[dropped - 1].offset + 1;
    answers->count -= dropped;
    memmove(answers->refused, answers->refused + dropped, answers->count * sizeof *answers->refused);
}

static void remember(struct curfew_answers *answers, const struct curfew_refusal *refusal)
{
    if (answers->refused == NULL) {
        answers->refused = malloc(CURFEW_ANSWERS_REFUSALS_MAX * sizeof *answers->refused);
        if (answers->refused == NULL) {
            answers->from = refusal->offset + 1; /* unanswered is the truth that remains */
            return;
        }
    }
    if (answers->count == CURFEW_ANSWERS_REFUSALS_MAX) {
        make_room(answers);
    }
    answers->refused[answers->count++] = *refusal;
}

void curfew_answers_take(struct curfew_answers *answers, const struct curfew_accepted *accepted)
{
    if (answers->any && accepted->to <= answers->to) {
        return;
    }
    if (!answers->any || accepted->from > answers->to + 1) {
        answers->any = true;
        answers->from = accepted->from;
        answers->to = accepted->from - 1;
        answers->count = 0;
    }
    const struct curfew_refusal *refused = accepted->refused.items;
    for (size_t i = 0; i < accepted->refused.count; i++) {
        if (refused[i].offset > answers->to && refused[i].offset <= accepted->to) {
            remember(answers, &refused[i]);
        }
    }
    answers->to = accepted->to;
}

enum curfew_verdict_of_record curfew_answers_find(const struct curfew_answers *answers, int64_t offset,
                                                  struct curfew_refusal *refusal)
{
    if (!answers->any || offset < answers->from || offset > answers->to) {
        return CURFEW_ANSWER_NONE;
    }
    const struct curfew_refusal *found = curfew_refusal_find(answers->refused, answers->count, offset);
    if (found == NULL) {
        return CURFEW_ANSWER_ACCEPTED;
    }
    *refusal = *found;
    return CURFEW_ANSWER_REFUSED;
}
