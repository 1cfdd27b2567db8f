/* reader: what it asks, and when the answer is there. */
#include "tests/sim/reader.h"

#include "core/id.h"
#include "core/lineage.h"
#include "tests/sim/world.h"
#include <stdlib.h>

#define SLOWLY_PERMILLE 250 /* of what it asks: without a transaction */
#define REPLICA_PERMILLE 150
#define BETWEEN_LEAST_US 100 /* freshness and the buckets */
#define BETWEEN_MOST_US (400 * CURFEW_US_PER_MS)
#define PENDING 8

struct pending {
    int32_t token; /* 0: none */
    struct sim_store_glance glance;
};

struct sim_reader {
    struct sim_world *world;
    struct sim_process *process;
    int hop;
    struct sim_dice dice;
    struct pending pending[PENDING];
};

struct sim_reader *sim_reader_create(struct sim_world *world, struct sim_process *process, int hop)
{
    struct sim_reader *reader = calloc(1, sizeof *reader);
    char name[64];
    if (reader == NULL) {
        abort();
    }
    (void)snprintf(name, sizeof name, "reader at %s", process->name);
    reader->world = world;
    reader->process = process;
    reader->hop = hop;
    reader->dice = sim_dice_of(world->plan->size.seed, name);
    return reader;
}

void sim_reader_destroy(struct sim_reader *reader)
{
    free(reader);
}

static struct sim_store_question question(const struct sim_reader *reader, const struct curfew_claims *claims,
                                          struct curfew_lineage *lineage)
{
    struct sim_store_question made = {
        .lineage = lineage,
        .issued_us = claims->issued_us,
        .expires_us = claims->expires_us,
        .wall_us = sim_process_now(reader->process).wall_us,
        .now_us = reader->world->now_us,
        .longest_age_us = SIM_STANDARD_US,
    };
    curfew_lineage_of(claims, lineage);
    if (curfew_session_id_lane(claims->session, &made.lane, NULL) != CURFEW_OK) {
        abort(); /* every session here was named by an actor */
    }
    return made;
}

/* False: what Redis holds vouches for nothing. */
static bool answer(struct sim_reader *reader, const struct curfew_claims *claims,
                   const struct sim_store_question *asked, const struct sim_store_glance *glance)
{
    struct sim_store_verdict verdict;
    sim_store_decide(reader->world->store, asked, glance, &verdict);
    sim_oracle_reader(reader->world->oracle, reader->hop, claims, &verdict);
    return verdict.fresh;
}

static const struct curfew_claims *claims_of(const struct sim_reader *reader, int32_t token)
{
    return curfew_token_claims(sim_tokens_verified(reader->world->tokens, token));
}

static void go_on(void *context, uint64_t index)
{
    struct sim_reader *reader = context;
    struct pending *pending = &reader->pending[index];
    const struct curfew_claims *claims = claims_of(reader, pending->token);
    struct curfew_lineage lineage;
    const struct sim_store_question asked = question(reader, claims, &lineage);
    (void)answer(reader, claims, &asked, &pending->glance);
    pending->token = 0;
}

static struct pending *room(struct sim_reader *reader)
{
    for (int i = 0; i < PENDING; i++) {
        if (reader->pending[i].token == 0) {
            return &reader->pending[i];
        }
    }
    return NULL;
}

void sim_reader_ask(struct sim_reader *reader, int32_t token)
{
    const struct curfew_claims *claims = claims_of(reader, token);
    struct curfew_lineage lineage;
    struct sim_store_glance glance;
    struct sim_store_question asked = question(reader, claims, &lineage);
    struct pending *pending = sim_dice_chance(&reader->dice, SLOWLY_PERMILLE) ? room(reader) : NULL;
    asked.replica = pending == NULL && sim_dice_chance(&reader->dice, REPLICA_PERMILLE);
    sim_store_look(reader->world->store, &asked, &glance);
    if (pending == NULL) {
        (void)answer(reader, claims, &asked, &glance);
        return;
    }
    *pending = (struct pending){token, glance};
    sim_agenda_put(&reader->world->agenda,
                   reader->world->now_us + sim_dice_between(&reader->dice, BETWEEN_LEAST_US, BETWEEN_MOST_US), go_on,
                   reader, (uint64_t)(pending - reader->pending));
}

void sim_reader_calm(struct sim_reader *reader, int32_t token)
{
    const struct curfew_claims *claims = claims_of(reader, token);
    struct curfew_lineage lineage;
    struct sim_store_glance glance;
    const struct sim_store_question asked = question(reader, claims, &lineage);
    sim_store_look(reader->world->store, &asked, &glance);
    if (!answer(reader, claims, &asked, &glance)) {
        sim_oracle_violation(reader->world->oracle, "I7", "calm has lasted, and Redis vouches for nothing of token %d",
                             token);
    }
}
