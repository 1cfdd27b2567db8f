/* codec_samples: events for the codec's tests: one written out by hand of each type, and as many random ones as asked
 * for. One thread. */
#ifndef CURFEW_TESTS_CODEC_SAMPLES_H
#define CURFEW_TESTS_CODEC_SAMPLES_H

#include "schemas/codec.h"
#include "schemas/schema.h"

struct sample {
    struct curfew_event event; /* every field set, no two values alike where the type allows it */
    const char *json; /* what it prints as */
};

/* The sample of each type, in the order of enum curfew_event_type. */
const struct sample *samples_all(void);

/* The op list of a type. */
const struct curfew_schema *samples_schema(enum curfew_event_type type);

/* An event of the type whose every value is random within its bounds, the bounds themselves often; or, with
 * `largest`, one that takes as many bytes as any can. It lives until the next call. */
void samples_random(enum curfew_event_type type, uint64_t *seed, struct curfew_event *event);
void samples_largest(enum curfew_event_type type, struct curfew_event *event);
uint64_t samples_next(uint64_t *seed);

/* Whether two events of one type hold the same values. */
bool samples_equal(const struct curfew_event *a, const struct curfew_event *b);

/* A malloc'ed copy of exactly these bytes, so that a sanitizer sees a read past them. */
uint8_t *samples_copy(const uint8_t *bytes, size_t size);

#endif
