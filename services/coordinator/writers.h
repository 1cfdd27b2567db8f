/* writers: who may write in one lane, as far as its log has taken control in; and the proof that they did. A writer
 * once known stays, with no roles when it was removed: sessions point at those who started them. Pure but for the
 * master key, which genesis vouches for: every coordinator that goes on has the same. One thread. */
#ifndef CURFEW_COORDINATOR_WRITERS_H
#define CURFEW_COORDINATOR_WRITERS_H

#include "core/mac.h"
#include "services/coordinator/moment.h"
#include "services/coordinator/right.h"
#include <uthash.h>

#define CURFEW_WRITERS_MAX 4096 /* of a cluster, removed ones included; more are refused */

struct curfew_writer {
    struct curfew_right *right; /* its name is the key */
    struct curfew_mac_key *keys[2]; /* made when first needed: of the newest epochs used; NULL: none */
    UT_hash_handle hh;
};

struct curfew_writers;

struct curfew_writers *curfew_writers_create(const uint8_t master[CURFEW_MASTER_SIZE]);
void curfew_writers_destroy(struct curfew_writers *writers);

/* Copies what is granted; replaces what was known of that writer. */
void curfew_writers_set(struct curfew_writers *writers, const struct curfew_right *right);
/* The same for the writers a genesis names: of one that stands there with several roles all count. */
void curfew_writers_set_first(struct curfew_writers *writers, const struct curfew_genesis *genesis);

/* NULL: nobody of that name. */
const struct curfew_writer *curfew_writers_find(const struct curfew_writers *writers, struct curfew_slice name);
/* The first of all, in the order they came; `hh.next` is the next. NULL: there is none. */
const struct curfew_writer *curfew_writers_first(const struct curfew_writers *writers);
size_t curfew_writers_count(const struct curfew_writers *writers);
/* How many that are not `but` have the role. */
size_t curfew_writers_with(const struct curfew_writers *writers, enum curfew_role role, struct curfew_slice but);

struct curfew_claim {
    struct curfew_slice writer; /* whom the record names */
    enum curfew_event_type type;
    struct curfew_log_place place;
    struct curfew_slice value;
    struct curfew_slice mac;
};

/* Whether the writer that a record names wrote it, with a key that is taken, and has a role that may say such a thing.
 * Accepted: `*author` is that writer. */
struct curfew_ruling curfew_writers_prove(struct curfew_writers *writers, const struct curfew_claim *claim,
                                          const struct curfew_writer **author);

#endif
