/* seen: digests of what the model has been through, and the set of those met before. A digest is 128 bits of a mixing
 * that nobody attacks: two of a million states meet by chance less than once in 10^26 runs. Pure; one thread. */
#ifndef CURFEW_TESTS_MODEL_SEEN_H
#define CURFEW_TESTS_MODEL_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model_digest {
    uint64_t a;
    uint64_t b;
};

struct model_digest model_digest_begin(void);
/* The digest of everything before and then these bytes. */
struct model_digest model_digest_bytes(struct model_digest digest, const void *bytes, size_t size);
struct model_digest model_digest_number(struct model_digest digest, int64_t number);
bool model_digest_less(struct model_digest left, struct model_digest right);

struct model_seen {
    struct model_digest *slots; /* all zero: empty */
    size_t room;
    size_t count;
};

/* True when it is new. All zero is an empty set. */
bool model_seen_add(struct model_seen *seen, struct model_digest digest);
void model_seen_clear(struct model_seen *seen);

#endif
