/* store: a simulated Redis that knows Curfew's one script, and a reader of it as docs/key-layout.md tells programs in
 * any language to be. Told a second time in C, apart from the script; tests/scenario holds the script to the layout. */
#ifndef CURFEW_TESTS_SIM_STORE_H
#define CURFEW_TESTS_SIM_STORE_H

#include "consumer/cache.h"
#include "core/lineage.h"
#include "tests/sim/dice.h"

struct sim_store;

struct sim_store *sim_store_create(void);
void sim_store_destroy(struct sim_store *store);
/* Redis's own clock is true time here: keys expire by it.
 * Does the call; the answer ("ok", "joined …", "epoch", …) lives until the next call. */
const char *sim_store_call(struct sim_store *store, const struct curfew_cache_call *call, int64_t now_us);

void sim_store_flush(struct sim_store *store);
void sim_store_evict(struct sim_store *store, struct sim_dice *dice, int buckets); /* freshness keys at times too */
/* Keeps a copy as a replica would; a fail-over goes back to one that is at least `behind_us` old. */
void sim_store_replicate(struct sim_store *store, int64_t now_us);
void sim_store_failover(struct sim_store *store, int64_t now_us, int64_t behind_us);

/* A lane's freshness as its key tells it. */
struct sim_store_fresh {
    int32_t epoch; /* by number; 0: no key */
    int64_t as_of_us, genesis_us, skew_us, gone_at_ms;
};

struct sim_store_question {
    const struct curfew_lineage *lineage;
    int32_t lane;
    int64_t issued_us, expires_us;
    int64_t wall_us; /* the reader's clock */
    int64_t now_us; /* true time, Redis's own clock */
    int64_t longest_age_us; /* the age it accepts */
    bool replica; /* asks one, a little behind */
};

/* What a reader got of both lanes' keys; for one that looks at the buckets later, without a transaction. */
struct sim_store_glance {
    struct sim_store_fresh control, session;
    uint64_t connection; /* that it was got on */
};

enum sim_store_answer { SIM_STORE_ALLOW, SIM_STORE_DENY, SIM_STORE_NOT_VALID, SIM_STORE_UNAVAILABLE };

struct sim_store_verdict {
    enum sim_store_answer answer;
    enum curfew_kind kind; /* deny: of the subject */
    int64_t age_us; /* fresh: it goes by knowledge of so long ago */
    bool fresh; /* freshness and sentinels are there, agree, and are not too old */
    struct sim_store_fresh control, session; /* what it goes by then */
};

/* In this order: freshness first. */
void sim_store_look(const struct sim_store *store, const struct sim_store_question *question,
                    struct sim_store_glance *glance);
void sim_store_decide(const struct sim_store *store, const struct sim_store_question *question,
                      const struct sim_store_glance *glance, struct sim_store_verdict *verdict);
/* Both at once, as in a transaction. True: the reader would allow, going by knowledge of `*age_us` ago. */
bool sim_store_allows(const struct sim_store *store, const struct sim_store_question *question, int64_t *age_us);

#endif
