/* actor_node: an issuer and orchestrator around the real emitter. What it has said it remembers until its outcome; what
 * may be said again it says again. Heartbeats are said for what it holds, also after a restart: schedulers keep that in
 * a database of their own. */
#include "producer/emitter.h"
#include "producer/route.h"
#include "schemas/codec.h"
#include "tests/common/author.h"
#include "tests/common/sealer.h"
#include "tests/sim/actor_event.h"
#include <stdlib.h>
#include <utlist.h>

#define WAIT_US (20 * CURFEW_US_PER_S) /* for an outcome */
#define AGAIN_US (500 * CURFEW_US_PER_MS)
#define TRIES_MAX 10
#define BEATS_A_LEASE 3
#define NEVER INT64_MAX
#define GARBAGE_TICKET UINT64_MAX /* no emission's */

enum saying_state { SAYING_DUE, SAYING_SENT, SAYING_TOLD };

/* One event on its way to being accepted. */
struct saying {
    struct sim_actor *node;
    struct sim_action action;
    int32_t token; /* of a mint; 0: no mint */
    enum saying_state state;
    int tries;
    int64_t due_us; /* on the boot clock */
    enum curfew_status status;
    struct curfew_receipt receipt;
    struct curfew_refusal refusal;
    struct saying *prev, *next;
};

struct beat {
    struct sim_actor *node;
    bool held; /* it has held work in this lane */
    bool under_way;
    int64_t due_us; /* on the boot clock */
};

struct sim_actor {
    struct sim_world *world;
    struct sim_process *process;
    int32_t number;
    struct curfew_bus *bus;
    struct curfew_emitter *emitter; /* NULL: down */
    struct saying *sayings;
    struct beat beats[SIM_LANES_MAX];
    int64_t silent_until_us; /* true time */
};

struct sim_actor *sim_actor_create(struct sim_world *world, struct sim_process *process, int32_t number)
{
    struct sim_actor *node = calloc(1, sizeof *node);
    if (node == NULL) {
        abort();
    }
    node->world = world;
    node->process = process;
    node->number = number;
    return node;
}

static void forget(struct sim_actor *node, struct saying *saying)
{
    DL_DELETE(node->sayings, saying);
    free(saying);
}

static void halt(void *self)
{
    struct sim_actor *node = self;
    curfew_emitter_destroy(node->emitter);
    node->emitter = NULL;
    while (node->sayings != NULL) {
        if (node->sayings->token != 0) {
            sim_oracle_withheld(node->world->oracle, node->sayings->token);
        }
        forget(node, node->sayings);
    }
}

void sim_actor_destroy(struct sim_actor *node)
{
    if (node != NULL) {
        halt(node);
        free(node);
    }
}

static void boot(void *self, struct curfew_bus *bus, struct curfew_now now)
{
    struct sim_actor *node = self;
    struct curfew_error error;
    node->bus = bus;
    node->silent_until_us = 0; /* who was silent is dead */
    for (int i = 0; i < SIM_LANES_MAX; i++) {
        node->beats[i].node = node;
        node->beats[i].under_way = false;
        node->beats[i].due_us = now.boot_us;
    }
    const struct curfew_emitter_options options = {bus, author_key(curfew_slice_of(sim_actor_name(node->number))),
                                                   sealer_judge};
    if (curfew_emitter_create(&options, &node->emitter, &error) != CURFEW_OK) {
        abort();
    }
}

static bool input(void *self, const struct curfew_bus_event *event, struct curfew_now now)
{
    struct sim_actor *node = self;
    curfew_emitter_handle(node->emitter, event, now);
    return true;
}

/* Told by the emitter, which must not be called from here. */
static void told(void *context, const struct curfew_outcome *outcome)
{
    struct saying *saying = context;
    saying->state = SAYING_TOLD;
    saying->status = outcome->status;
    saying->receipt = outcome->receipt;
    saying->refusal = outcome->refusal;
}

static void beat_told(void *context, const struct curfew_outcome *outcome)
{
    struct beat *beat = context;
    (void)outcome;
    beat->under_way = false;
}

/* As the producer makes an emission of an event. NULL: the event has no route or does not encode. */
static struct curfew_emission *emission_of(const struct curfew_event *event, int32_t wanted)
{
    char name[CURFEW_ROUTE_NAME_SIZE];
    uint8_t bytes[16 * 1024];
    size_t size = 0;
    int32_t lane = 0;
    if (curfew_route_event(event, wanted, &lane, NULL) != CURFEW_OK ||
        curfew_codec_encode(event, bytes, sizeof bytes, &size, NULL) != CURFEW_OK) {
        return NULL;
    }
    curfew_route_name(event, name);
    struct curfew_emission *emission = curfew_emission_create((struct curfew_slice){bytes, size}, name);
    if (emission == NULL) {
        abort();
    }
    emission->lane = lane;
    return emission;
}

/* Makes the token the first time; says the same of it again after. */
static bool mint_event(struct sim_actor *node, const struct saying *saying, struct curfew_now now,
                       struct sim_words *words, struct curfew_event *event)
{
    struct curfew_claims claims;
    struct curfew_error error;
    struct sim_tokens *tokens = node->world->tokens;
    if (!sim_actor_claims(node->world, &saying->action, saying->token, words, &claims) ||
        sim_tokens_make(tokens, saying->token, &claims, now.wall_us, &error) != CURFEW_OK) {
        return false;
    }
    *event = (struct curfew_event){.type = CURFEW_EVENT_TOKEN_CREATED};
    event->as.token_created.writer = curfew_slice_of(sim_actor_name(node->number));
    event->as.token_created.said_us = now.wall_us;
    event->as.token_created.claims = *sim_tokens_claims(tokens, saying->token);
    return true;
}

static void send(struct sim_actor *node, struct saying *saying, struct curfew_now now)
{
    struct sim_words words = {.now_us = now.wall_us};
    struct curfew_event event;
    if (saying->token == 0) {
        sim_actor_event(node->world, &saying->action, &words, &event);
    } else if (!mint_event(node, saying, now, &words, &event)) {
        forget(node, saying);
        return;
    }
    struct curfew_emission *emission = emission_of(&event, CURFEW_LANE_OF_EVENT);
    if (emission == NULL) {
        forget(node, saying);
        return;
    }
    emission->wait = CURFEW_WAIT_ACCEPTED;
    emission->deadline_us = now.boot_us + WAIT_US;
    emission->emitted = told;
    emission->context = saying;
    saying->state = SAYING_SENT;
    saying->tries++;
    curfew_emitter_add(node->emitter, emission, now);
}

static void say(struct sim_actor *node, const struct sim_action *action, int32_t token)
{
    struct saying *saying = calloc(1, sizeof *saying);
    if (saying == NULL) {
        abort();
    }
    saying->node = node;
    saying->action = *action;
    saying->token = token;
    DL_APPEND(node->sayings, saying);
}

/* What an outcome means. A token leaves on a plain yes alone. */
static void conclude(struct sim_actor *node, struct saying *saying, struct curfew_now now)
{
    struct sim_world *world = node->world;
    if (saying->token != 0) {
        if (saying->status == CURFEW_OK) {
            sim_tokens_release(world->tokens, saying->token);
            sim_oracle_released(world->oracle, saying->token, sim_tokens_claims(world->tokens, saying->token),
                                &saying->receipt);
        } else {
            sim_oracle_withheld(world->oracle, saying->token);
        }
        forget(node, saying);
        return;
    }
    const bool final = saying->status == CURFEW_OK || (saying->status == CURFEW_REFUSED && !saying->refusal.retriable);
    if (final || saying->tries == TRIES_MAX) {
        forget(node, saying);
        return;
    }
    saying->state = SAYING_DUE;
    saying->due_us = now.boot_us + AGAIN_US;
}

static int64_t work_off(struct sim_actor *node, struct curfew_now now)
{
    int64_t due_us = NEVER;
    struct saying *saying = NULL;
    struct saying *next = NULL;
    DL_FOREACH_SAFE(node->sayings, saying, next)
    {
        if (saying->state == SAYING_TOLD) {
            conclude(node, saying, now);
        } else if (saying->state == SAYING_DUE && saying->due_us <= now.boot_us) {
            send(node, saying, now);
        }
    }
    DL_FOREACH(node->sayings, saying)
    {
        if (saying->state == SAYING_DUE && saying->due_us < due_us) {
            due_us = saying->due_us;
        } else if (saying->state == SAYING_TOLD) {
            due_us = now.boot_us;
        }
    }
    return due_us;
}

static void beat_lane(struct sim_actor *node, int32_t lane, struct curfew_now now)
{
    char holder[SIM_NAME_SIZE];
    sim_holder_name(node->number, holder);
    const struct curfew_event event = {
        .type = CURFEW_EVENT_HOLDER_HEARTBEAT,
        .as.holder_heartbeat = {.writer = curfew_slice_of(node->process->name),
                                .said_us = now.wall_us,
                                .holder = curfew_slice_of(holder)},
    };
    struct curfew_emission *emission = emission_of(&event, lane);
    if (emission == NULL) {
        abort();
    }
    emission->wait = CURFEW_WAIT_DURABLE;
    emission->heartbeat = true;
    emission->emitted = beat_told;
    emission->context = &node->beats[lane];
    node->beats[lane].under_way = true;
    curfew_emitter_add(node->emitter, emission, now);
}

static int64_t beat(struct sim_actor *node, struct curfew_now now)
{
    const int64_t period_us = node->world->plan->size.lease_ms * CURFEW_US_PER_MS / BEATS_A_LEASE;
    int64_t due_us = NEVER;
    for (int32_t lane = 1; lane < node->world->plan->size.lanes; lane++) {
        struct beat *of = &node->beats[lane];
        if (!of->held) {
            continue;
        }
        if (of->due_us <= now.boot_us) {
            of->due_us = now.boot_us + period_us;
            if (!of->under_way && node->silent_until_us <= node->world->now_us) {
                beat_lane(node, lane, now);
            }
        }
        due_us = of->due_us < due_us ? of->due_us : due_us;
    }
    return due_us;
}

static int64_t idle(void *self, struct curfew_now now)
{
    struct sim_actor *node = self;
    int64_t due_us = work_off(node, now);
    const int64_t beat_us = beat(node, now);
    const int64_t tick_us = curfew_emitter_tick(node->emitter, now);
    due_us = beat_us < due_us ? beat_us : due_us;
    due_us = tick_us < due_us ? tick_us : due_us;
    const struct saying *saying = NULL;
    DL_FOREACH(node->sayings, saying)
    {
        due_us = saying->state == SAYING_TOLD ? now.boot_us : due_us; /* told by the tick just now */
    }
    return due_us;
}

const struct sim_process_ops sim_actor_ops = {boot, input, idle, halt};

static void be_silent(struct sim_actor *node, const struct sim_action *action)
{
    node->silent_until_us = node->world->now_us + action->value;
    if (node->silent_until_us > node->process->faulted_us) {
        node->process->faulted_us = node->silent_until_us;
    }
}

/* Past the emitter: bytes no one can read, in the middle of a log. */
static void throw_garbage(struct sim_actor *node, const struct sim_action *action)
{
    static const uint8_t bytes[] = {0xc3, 0x01, 'n', 'o', ' ', 'o', 'n', 'e', ' ', 'r', 'e', 'a', 'd', 's'};
    const struct curfew_bus_record record = {
        .topic = curfew_lane_topic(action->lane),
        .partition = curfew_lane_partition(action->lane),
        .value = {bytes, sizeof bytes},
        .ticket = GARBAGE_TICKET,
    };
    if (node->bus->ops->produce(node->bus->self, &record, NULL) != CURFEW_OK) {
        sim_trace_line(&node->world->trace, node->world->now_us, node->process->name, "its queue is full");
    }
}

static void revoke_tokens(struct sim_actor *node, const struct sim_action *action)
{
    struct sim_action one = *action;
    one.count = 0;
    for (int32_t i = 0; i < action->count || i == 0; i++) {
        one.token = action->token + i;
        say(node, &one, 0);
    }
}

void sim_actor_do(struct sim_actor *node, const struct sim_action *action)
{
    switch (action->act) {
    case SIM_MINT:
        say(node, action, action->token);
        break;
    case SIM_FAN_OUT:
        for (int32_t i = 0; i < action->count; i++) {
            say(node, action, action->token + i);
        }
        break;
    case SIM_TOKEN_REVOKE:
        revoke_tokens(node, action);
        break;
    case SIM_SILENCE:
        be_silent(node, action);
        break;
    case SIM_GARBAGE:
        throw_garbage(node, action);
        break;
    default:
        say(node, action, 0);
        break;
    }
    if (action->holder != 0 && action->session != 0) {
        const struct sim_session_facts *facts = &node->world->sessions[action->session];
        const int32_t lane = facts->lane != 0 ? facts->lane : action->lane;
        struct sim_process *holder = sim_world_actor(node->world, action->holder);
        struct sim_actor *beats = holder->self;
        if (!beats->beats[lane].held) {
            beats->beats[lane].held = true;
            beats->beats[lane].due_us = 0;
        }
        sim_process_wake(holder, node->world->now_us);
    }
    sim_process_wake(node->process, node->world->now_us);
}
