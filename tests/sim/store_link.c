/* store_link: calls on their way. */
#include "tests/sim/store_link.h"

#include "tests/sim/world.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WAY_LEAST_US 100 /* of a call to Redis, and of its answer */
#define WAY_MOST_US 1000
#define RECONNECT_US (100 * CURFEW_US_PER_MS)
#define PATIENCE_US CURFEW_US_PER_S /* as of the runner */
#define HELD_PERMILLE 300 /* of calls to a Redis that is away: sent, and held up somewhere; the others are refused */
#define HELD_MOST_US (2 * CURFEW_US_PER_S) /* after it is back */
#define FLIGHTS 16 /* on their way at once: one that would be 16 behind is lost */

struct flight {
    bool flying;
    struct curfew_slice *words;
    size_t count, room;
    uint8_t *bytes; /* of all words */
    size_t size;
    char answer[128];
};

struct sim_store_link {
    struct sim_world *world;
    struct sim_dice dice;
    sim_store_heard *heard;
    void *context;
    uint64_t calls; /* number of the newest */
    bool waiting; /* for its answer */
    struct flight flights[FLIGHTS]; /* by number */
};

struct sim_store_link *sim_store_link_create(struct sim_world *world, const char *name, sim_store_heard *heard,
                                             void *context)
{
    struct sim_store_link *link = calloc(1, sizeof *link);
    char dice[64];
    if (link == NULL) {
        abort();
    }
    (void)snprintf(dice, sizeof dice, "redis of %s", name);
    link->world = world;
    link->dice = sim_dice_of(world->plan->size.seed, dice);
    link->heard = heard;
    link->context = context;
    return link;
}

void sim_store_link_destroy(struct sim_store_link *link)
{
    if (link != NULL) {
        for (int i = 0; i < FLIGHTS; i++) {
            free(link->flights[i].words);
            free(link->flights[i].bytes);
        }
        free(link);
    }
}

bool sim_store_link_busy(const struct sim_store_link *link)
{
    return link->waiting;
}

void sim_store_link_forget(struct sim_store_link *link)
{
    link->waiting = false;
}

static void tell(struct sim_store_link *link, uint64_t number, const char *answer)
{
    if (link->waiting && number == link->calls) {
        link->waiting = false;
        link->heard(link->context, answer);
    }
}

static bool away(const struct sim_store_link *link)
{
    return link->world->now_us < link->world->store_gone_until_us;
}

static void put(struct sim_store_link *link, int64_t after_us, sim_deed *deed, uint64_t number)
{
    sim_agenda_put(&link->world->agenda, link->world->now_us + after_us, deed, link, number);
}

static void give_up(void *context, uint64_t number)
{
    tell(context, number, NULL);
}

static void come_back(void *context, uint64_t number)
{
    struct sim_store_link *link = context;
    tell(link, number, away(link) ? NULL : link->flights[number % FLIGHTS].answer);
}

/* Its flight is its own until it has landed, and until the next call when it is waited for. */
static void land(void *context, uint64_t number)
{
    struct sim_store_link *link = context;
    struct sim_world *world = link->world;
    struct flight *flight = &link->flights[number % FLIGHTS];
    if (away(link)) {
        put(link, world->store_gone_until_us - world->now_us + sim_dice_between(&link->dice, 0, HELD_MOST_US), land,
            number);
        return;
    }
    const struct curfew_cache_call call = {flight->words, flight->count};
    (void)snprintf(flight->answer, sizeof flight->answer, "%s", sim_store_call(world->store, &call, world->now_us));
    flight->flying = false;
    if (link->waiting && number == link->calls) {
        put(link, sim_dice_between(&link->dice, WAY_LEAST_US, WAY_MOST_US), come_back, number);
    } else {
        world->late_calls++;
        sim_trace_line(&world->trace, world->now_us, "redis", "a call nobody waits for any more: %s", flight->answer);
    }
}

static void *grown(void *memory, size_t size)
{
    void *larger = realloc(memory, size);
    if (larger == NULL) {
        abort();
    }
    return larger;
}

static void copy(struct flight *flight, const struct curfew_cache_call *call)
{
    size_t size = 0;
    for (size_t i = 0; i < call->count; i++) {
        size += call->arguments[i].size;
    }
    if (size > flight->size) {
        flight->bytes = grown(flight->bytes, size);
        flight->size = size;
    }
    if (call->count > flight->room) {
        flight->words = grown(flight->words, call->count * sizeof flight->words[0]);
        flight->room = call->count;
    }
    uint8_t *at = flight->bytes;
    for (size_t i = 0; i < call->count; i++) {
        const struct curfew_slice word = call->arguments[i];
        if (word.size > 0) {
            memcpy(at, word.at, word.size);
        }
        flight->words[i] = (struct curfew_slice){at, word.size};
        at += word.size;
    }
    flight->count = call->count;
    flight->flying = true;
}

void sim_store_link_send(struct sim_store_link *link, const struct curfew_cache_call *call)
{
    struct sim_world *world = link->world;
    const uint64_t number = ++link->calls;
    struct flight *flight = &link->flights[number % FLIGHTS];
    assert(!link->waiting);
    link->waiting = true;
    if (away(link) && !sim_dice_chance(&link->dice, HELD_PERMILLE)) {
        put(link, RECONNECT_US, give_up, number);
        return;
    }
    const int64_t way_us = sim_dice_between(&link->dice, WAY_LEAST_US, WAY_MOST_US);
    const int64_t slow_us = world->now_us < world->store_slow_until_us ? world->store_slow_us : 0;
    put(link, PATIENCE_US, give_up, number);
    if (!flight->flying) {
        copy(flight, call);
        put(link, way_us + slow_us, land, number);
    }
}
