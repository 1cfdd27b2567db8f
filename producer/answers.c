/* answers: the newest answered records of a lane, in places by offset. */
#include "producer/answers.h"
#include <stdlib.h>
#include <string.h>

struct curfew_answers_entry {
    int64_t offset;
    uint8_t digest[CURFEW_RECORD_DIGEST_SIZE];
    int32_t reason; /* enum curfew_reason */
    enum curfew_verdict_of_record verdict; /* CURFEW_ANSWER_NONE: the place is empty */
    bool retriable;
};

void curfew_answers_clear(struct curfew_answers *answers)
{
    free(answers->entries);
    *answers = (struct curfew_answers){0};
}

static struct curfew_answers_entry *place(const struct curfew_answers *answers, int64_t offset)
{
    return &answers->entries[(uint64_t)offset % CURFEW_ANSWERS_KEPT];
}

void curfew_answers_take(struct curfew_answers *answers, const struct curfew_accepted *accepted)
{
    const uint8_t(*digests)[CURFEW_RECORD_DIGEST_SIZE] = accepted->digests.items;
    const struct curfew_refusal *refused = accepted->refused.items;
    if (answers->entries == NULL) {
        answers->entries = calloc(CURFEW_ANSWERS_KEPT, sizeof *answers->entries);
        if (answers->entries == NULL) {
            return; /* unanswered is the truth that remains */
        }
    }
    for (size_t i = 0; i < accepted->digests.count; i++) {
        const int64_t offset = accepted->from + (int64_t)i;
        struct curfew_answers_entry *entry = place(answers, offset);
        *entry = (struct curfew_answers_entry){.offset = offset, .verdict = CURFEW_ANSWER_ACCEPTED};
        memcpy(entry->digest, digests[i], sizeof entry->digest);
    }
    for (size_t i = 0; i < accepted->refused.count; i++) {
        struct curfew_answers_entry *entry = place(answers, refused[i].offset);
        entry->verdict = CURFEW_ANSWER_REFUSED;
        entry->reason = refused[i].reason;
        entry->retriable = refused[i].retriable;
    }
}

enum curfew_verdict_of_record curfew_answers_find(const struct curfew_answers *answers, int64_t offset,
                                                  const uint8_t digest[CURFEW_RECORD_DIGEST_SIZE],
                                                  struct curfew_refusal *refusal)
{
    if (answers->entries == NULL || offset < 0) {
        return CURFEW_ANSWER_NONE;
    }
    const struct curfew_answers_entry *entry = place(answers, offset);
    if (entry->verdict == CURFEW_ANSWER_NONE || entry->offset != offset) {
        return CURFEW_ANSWER_NONE;
    }
    if (memcmp(entry->digest, digest, sizeof entry->digest) != 0) {
        return CURFEW_ANSWER_OTHER;
    }
    *refusal = (struct curfew_refusal){offset, entry->reason, entry->retriable};
    return entry->verdict;
}
