/* cache_hop: the part of a hop that fills the cache, with a test in the place of its feed; and tokens to ask about,
 * with what the deny set says of each and what docs/examples/check.sh says of it. Main thread. */
#ifndef CURFEW_TESTS_CACHE_HOP_H
#define CURFEW_TESTS_CACHE_HOP_H

#include "consumer/cache_redis.h"
#include "core/subject.h"
#include "tests/scenario/cache_server.h"

#define CACHE_HOP_PREFIX "curfew:{0}"
#define CACHE_HOP_LONGEST_US (30 * INT64_C(1000000))
#define CACHE_HOP_ENTRIES_MAX 8

struct cache_hop {
    struct curfew_region *region;
    struct curfew_cache *cache;
    struct curfew_cache_redis *redis;
};

void cache_hop_open(struct cache_hop *hop, const char *address, const char *password_file);
void cache_hop_close(struct cache_hop *hop);
void cache_hop_raise(struct cache_hop *hop, const struct curfew_subject *subject, int64_t floor);
/* Control and lane 1, as of then. */
void cache_hop_beat(struct cache_hop *hop, int64_t as_of_us);
/* Beats until Redis holds a freshness of now and every bucket. */
void cache_hop_await_whole(struct cache_hop *hop, struct cache_server *server);
bool cache_hop_whole(struct cache_server *server, int64_t as_of_us);
int64_t cache_hop_now_us(void);
void cache_hop_pause(void); /* between two looks at a condition */

struct cache_token {
    struct {
        enum curfew_kind kind;
        char tenant[16];
        char scope[64];
        char id[CURFEW_ID_MAX + 1];
        int64_t value;
        struct curfew_subject subject;
    } entries[CACHE_HOP_ENTRIES_MAX];
    size_t count;
};

/* One of some thousand tokens: token, session, one to three tasks, user, agent, policy. */
void cache_token_make(unsigned number, struct cache_token *token);
/* Whether the hop's own deny set denies it. */
bool cache_token_denied(const struct cache_token *token, const struct cache_hop *hop);

enum cache_answer { CACHE_ALLOW, CACHE_DENY, CACHE_NOT_VALID, CACHE_UNAVAILABLE };

struct cache_question {
    const char *shell; /* "sh", "bash" */
    const char *client; /* REDIS_CLI */
    int64_t max_age_ms;
    int64_t issued_us;
    int64_t expires_us;
};

/* Runs docs/examples/check.sh. `said` may be NULL. */
enum cache_answer cache_token_check(const struct cache_token *token, const struct cache_question *question,
                                    char said[256]);

#endif
