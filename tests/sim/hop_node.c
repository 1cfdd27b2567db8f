/* hop_node: a hop as consumer/hop.c and hop_runner.c make it, on the simulated bus and Redis. */
#include "consumer/cache.h"
#include "consumer/denyset.h"
#include "consumer/feed.h"
#include "consumer/freshness.h"
#include "consumer/guard.h"
#include "tests/common/sealer.h"
#include "tests/sim/names.h"
#include "tests/sim/reader.h"
#include "tests/sim/store_link.h"
#include "tests/sim/world.h"
#include <stdlib.h>
#include <uthash.h>

#define FLOORS_MAX 65536
#define JUDGE_BACKLOG 16 /* a world's backlog is to one in production as this is to CURFEW_FEED_JUDGE_BACKLOG */
#define POLL_US (100 * CURFEW_US_PER_MS) /* the longest wait of its runner */
#define NEWEST 32 /* tokens that are asked about more often */
#define LOOKED_AT 128 /* of the newest tokens, for those that are asked about on purpose */
#define ABOUT 3
#define CALM_TOKENS_MAX 2000

struct sim_hop {
    struct sim_world *world;
    struct sim_process *process;
    int number;
    struct sim_dice dice;
    struct curfew_region *region; /* NULL: down */
    struct curfew_feed *feed;
    struct curfew_cache *cache;
    struct curfew_guard guard;
    struct told *told; /* floors, by subject */
    struct sim_store_link *link; /* to Redis */
    struct sim_reader *reader; /* a program beside it */
    bool backlog[SIM_LANES_MAX]; /* freshness rests on a beacon that was there before the lane was read */
    int64_t as_of_us[SIM_LANES_MAX]; /* the newest that readers saw, of this boot and log */
    uint8_t log_ids[SIM_LANES_MAX][CURFEW_LOG_ID_SIZE];
};

static void redis_answered(void *context, const char *answer)
{
    struct sim_hop *node = context;
    if (answer == NULL) {
        curfew_cache_disconnected(node->cache);
    } else {
        curfew_cache_reply(node->cache, curfew_slice_of(answer));
    }
    sim_process_wake(node->process, node->world->now_us);
}

struct sim_hop *sim_hop_create(struct sim_world *world, struct sim_process *process)
{
    struct sim_hop *node = calloc(1, sizeof *node);
    if (node == NULL) {
        abort();
    }
    node->world = world;
    node->process = process;
    node->number = process->number - world->plan->size.coordinators;
    node->dice = sim_dice_of(world->plan->size.seed, process->name);
    node->link = sim_store_link_create(world, process->name, redis_answered, node);
    node->reader = sim_reader_create(world, process, node->number);
    return node;
}

/* What a hop was told of a subject, in one boot. */
struct told {
    uint8_t subject[CURFEW_DIGEST_SIZE];
    int64_t floor, expires_us;
    UT_hash_handle hh;
};

static void forget_told(struct sim_hop *node)
{
    struct told *told = NULL;
    struct told *next = NULL;
    HASH_ITER(hh, node->told, told, next)
    {
        HASH_DEL(node->told, told);
        free(told);
    }
}

static struct told *join_told(struct sim_hop *node, const struct curfew_floor *floor)
{
    struct told *told = NULL;
    HASH_FIND(hh, node->told, floor->subject, CURFEW_DIGEST_SIZE, told);
    if (told == NULL) {
        told = calloc(1, sizeof *told);
        if (told == NULL) {
            abort();
        }
        memcpy(told->subject, floor->subject, sizeof told->subject);
        HASH_ADD(hh, node->told, subject, sizeof told->subject, told);
    }
    told->floor = floor->floor > told->floor ? floor->floor : told->floor;
    told->expires_us = floor->expires_us > told->expires_us ? floor->expires_us : told->expires_us;
    return told;
}

static void halt(void *self)
{
    struct sim_hop *node = self;
    forget_told(node);
    curfew_feed_destroy(node->feed);
    curfew_cache_destroy(node->cache);
    curfew_region_destroy(node->region);
    node->feed = NULL;
    node->cache = NULL;
    node->region = NULL;
    sim_store_link_forget(node->link);
}

void sim_hop_destroy(struct sim_hop *node)
{
    if (node != NULL) {
        halt(node);
        sim_store_link_destroy(node->link);
        sim_reader_destroy(node->reader);
        free(node);
    }
}

/* It holds the highest floor it was ever told, until that expires (I5). */
static void note_floor(void *context, int32_t lane, const struct curfew_floor *floor)
{
    struct sim_hop *node = context;
    struct curfew_subject subject;
    memcpy(subject.digest, floor->subject, sizeof subject.digest);
    curfew_cache_note_floor(node->cache, lane, floor);
    const struct told *told = join_told(node, floor);
    if (curfew_denyset_floor(node->region, &subject) < told->floor && told->expires_us > node->world->now_us) {
        sim_oracle_violation(node->world->oracle, "I5", "%s was told a floor of lane %d and does not hold it",
                             node->process->name, lane);
    }
}

static void note_fresh(void *context, int32_t lane, const struct curfew_beacon *beacon)
{
    struct sim_hop *node = context;
    node->backlog[lane] = sim_client_catches_up(node->process->client, CURFEW_TOPIC_REVOCATIONS, lane);
    curfew_cache_note_fresh(node->cache, lane, beacon);
}

static void note_lost(void *context, int32_t lane)
{
    struct sim_hop *node = context;
    sim_trace_line(&node->world->trace, node->world->now_us, node->process->name, "lane %d is lost", lane);
    curfew_cache_note_lost(node->cache, lane);
}

static void must(enum curfew_status status, const struct curfew_error *error)
{
    if (status != CURFEW_OK) {
        fprintf(stderr, "simulator: %s\n", error->text);
        abort();
    }
}

static void boot(void *self, struct curfew_bus *bus, struct curfew_now now)
{
    struct sim_hop *node = self;
    struct curfew_error error = {.status = CURFEW_OK};
    struct curfew_region_options region = {.floors_max = FLOORS_MAX};
    struct curfew_cache_options cache = {
        .prefix = "curfew:{0}", .writer = node->process->name, .longest_age_us = SIM_STANDARD_US};
    (void)now;
    memset(node->as_of_us, 0, sizeof node->as_of_us);
    sim_dice_fill(&node->dice, region.key, sizeof region.key);
    sim_dice_fill(&node->dice, cache.boot, sizeof cache.boot);
    must(curfew_region_create(&region, &node->region, &error), &error);
    cache.region = node->region;
    must(curfew_cache_create(&cache, &node->cache, &error), &error);
    const struct curfew_feed_options feed = {
        .region = node->region,
        .bus = bus,
        .lanes = node->world->plan->size.lanes,
        .judge = sealer_judge,
        .judge_every_us = CURFEW_FEED_JUDGE_US,
        .judge_backlog = JUDGE_BACKLOG,
        .sink = {note_floor, note_fresh, note_lost, NULL, node},
    };
    must(curfew_feed_create(&feed, &node->feed, &error), &error);
    must(curfew_feed_start(node->feed, &error), &error);
    node->guard = (struct curfew_guard){
        .region = node->region,
        .issuers = sim_tokens_issuers(),
        .audience = SIM_AUDIENCE,
        .longest_life_us = node->world->plan->size.token_life_ms * CURFEW_US_PER_MS,
        .strict_us = SIM_STRICT_US,
        .standard_us = SIM_STANDARD_US,
    };
}

static bool input(void *self, const struct curfew_bus_event *event, struct curfew_now now)
{
    struct sim_hop *node = self;
    struct curfew_error error;
    return curfew_feed_handle(node->feed, event, now, &error) == CURFEW_OK;
}

/* What readers see of freshness never goes back (I6). */
static void check_as_of(struct sim_hop *node, struct curfew_now now)
{
    for (int32_t lane = 0; lane < node->world->plan->size.lanes; lane++) {
        struct curfew_freshness_mark mark;
        int64_t age_us = 0;
        if (curfew_freshness_read(node->region, lane, now, &age_us, &mark) != CURFEW_FRESH) {
            continue;
        }
        const bool same = memcmp(mark.log_id, node->log_ids[lane], sizeof mark.log_id) == 0;
        if (same && mark.as_of_us < node->as_of_us[lane]) {
            sim_oracle_violation(node->world->oracle, "I6", "%s: as_of of lane %d went back by %lld us",
                                 node->process->name, lane, (long long)(node->as_of_us[lane] - mark.as_of_us));
        }
        memcpy(node->log_ids[lane], mark.log_id, sizeof mark.log_id);
        node->as_of_us[lane] = mark.as_of_us;
    }
}

static int64_t idle(void *self, struct curfew_now now)
{
    struct sim_hop *node = self;
    struct curfew_error error;
    must(curfew_feed_tick(node->feed, now, &error), &error);
    struct curfew_cache_call call;
    if (!sim_store_link_busy(node->link) && curfew_cache_next(node->cache, now, &call)) {
        sim_store_link_send(node->link, &call);
    }
    check_as_of(node, now);
    return now.boot_us + POLL_US;
}

const struct sim_process_ops sim_hop_ops = {boot, input, idle, halt};

/* Its clock may be wrong and it cannot know, unless the beacon it rests on is ahead of that clock or is of a backlog.
 */
static bool warned(const struct sim_hop *node, int32_t lane, struct curfew_now now)
{
    struct curfew_freshness_mark mark;
    int64_t age_us = 0;
    return lane >= 0 && lane < SIM_LANES_MAX &&
           curfew_freshness_read(node->region, lane, now, &age_us, &mark) == CURFEW_FRESH &&
           (node->backlog[lane] || mark.as_of_us - mark.arrived.wall_us > 2 * SIM_SKEW_MS * CURFEW_US_PER_MS);
}

void sim_hop_ask(struct sim_hop *node, int32_t token)
{
    if (node->region == NULL || node->process->suspended_until_us > node->world->now_us) {
        sim_reader_ask(node->reader, token); /* another program, which goes on */
        return;
    }
    const struct curfew_token *verified = sim_tokens_verified(node->world->tokens, token);
    const struct curfew_now now = sim_process_now(node->process);
    for (enum curfew_class class = CURFEW_CLASS_STRICT; class <= CURFEW_CLASS_BEST_EFFORT; class ++) {
        const struct curfew_request request = {.size = sizeof request, .strictness = class};
        struct curfew_verdict verdict;
        curfew_guard_judge(&node->guard, verified, &request, now, &verdict);
        sim_oracle_warned(node->world->oracle, warned(node, 0, now) || warned(node, verdict.lane, now));
        sim_oracle_verdict(node->world->oracle, node->number, curfew_token_claims(verified), class, &verdict);
    }
    sim_oracle_warned(node->world->oracle, false);
    sim_reader_ask(node->reader, token);
}

void sim_hop_ask_some(struct sim_hop *node, int count)
{
    size_t released = 0;
    const int32_t *all = sim_tokens_all(node->world->tokens, &released);
    for (int i = 0; released > 0 && i < count; i++) {
        const size_t newest = i % 2 == 0 && released > NEWEST ? NEWEST : released;
        sim_hop_ask(node, all[released - 1 - sim_dice_roll(&node->dice, newest)]);
    }
}

void sim_hop_ask_about(struct sim_hop *node, int32_t session, int32_t user)
{
    size_t released = 0;
    const int32_t *all = sim_tokens_all(node->world->tokens, &released);
    int32_t about[LOOKED_AT];
    size_t count = 0;
    for (size_t i = 0; i < released && i < LOOKED_AT; i++) {
        const int32_t token = all[released - 1 - i];
        const struct curfew_claims *claims = curfew_token_claims(sim_tokens_verified(node->world->tokens, token));
        const bool fits = session != 0 ? sim_session_number(claims->session) == session
                          : user != 0  ? sim_number_of("user-", claims->user) == user
                                       : true;
        if (fits) {
            about[count++] = token;
        }
    }
    for (int i = 0; count > 0 && i < ABOUT; i++) {
        sim_hop_ask(node, about[sim_dice_roll(&node->dice, count)]);
    }
}

void sim_hop_calm(struct sim_hop *node)
{
    size_t released = 0;
    const int32_t *all = sim_tokens_all(node->world->tokens, &released);
    for (int32_t lane = 0; lane < node->world->plan->size.lanes; lane++) {
        struct curfew_freshness_mark mark;
        int64_t age_us = 0;
        enum curfew_fresh fresh = CURFEW_FRESH_UNSYNCED;
        if (node->region != NULL) {
            fresh = curfew_freshness_read(node->region, lane, sim_process_now(node->process), &age_us, &mark);
        }
        sim_oracle_calm(node->world->oracle, node->number, lane, fresh == CURFEW_FRESH && age_us <= SIM_STRICT_US,
                        fresh == CURFEW_FRESH ? "stale" : curfew_fresh_name(fresh));
    }
    const size_t judged = released < CALM_TOKENS_MAX ? released : CALM_TOKENS_MAX;
    for (size_t i = 0; i < judged; i++) {
        sim_hop_ask(node, all[released - 1 - i]);
        sim_reader_calm(node->reader, all[released - 1 - i]);
    }
}
