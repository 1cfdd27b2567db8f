/* explore: depth first through a cluster's moves. */
#include "tests/model/explore.h"

#include <curfew/hop.h>
#include <stdio.h>
#include <stdlib.h>

#define CLOSING_STEPS 1 /* of time after a path's end: what was published last is read, and a tick comes after it */

struct search {
    struct model_cluster cluster;
    struct model_bounds bounds;
    struct model_hops *hops;
    struct model_seen seen;
    struct model_outcome outcome;
    struct model_move path[MODEL_DEPTH_MAX];
    int depth;
    struct model_place start;
};

static void print_path(struct search *search, const char *fault)
{
    char ignored[MODEL_FAULT_SIZE];
    int published = 0;
    search->outcome.violations++;
    printf("violation: %s\n", fault);
    model_cluster_return(&search->cluster, &search->start);
    for (int i = 0; i < search->depth; i++) {
        char name[MODEL_MOVE_NAME_SIZE];
        model_move_name(&search->cluster, &search->path[i], name);
        printf("  %3d %s\n", i + 1, name);
        (void)model_move_make(&search->cluster, &search->path[i], &published, ignored);
    }
}

/* Everything is delivered: time passes until nothing changes, and then coordinators and hops are judged as a whole. */
static void close_path(struct search *search)
{
    struct model_cluster *cluster = &search->cluster;
    char fault[MODEL_FAULT_SIZE] = "";
    search->outcome.paths++;
    int64_t settled[2] = {cluster->logs->log[MODEL_REVOCATIONS].count, cluster->logs->log[MODEL_REVOCATIONS_1].count};
    bool right = true;
    for (int i = 0; right && i < CLOSING_STEPS; i++) {
        cluster->logs->step++;
        right = model_cluster_settle(cluster, fault);
    }
    right = right && model_judge_ended(cluster->logs, fault);
    if (!right || !model_hops_show(search->hops, cluster->logs, settled, fault)) {
        print_path(search, fault);
    }
}

static void visit(struct search *search);

/* One move from `place`, and all that follows. */
static int go(struct search *search, const struct model_place *place, const struct model_move *move)
{
    char fault[MODEL_FAULT_SIZE] = "";
    int published = 0;
    if (search->depth == MODEL_DEPTH_MAX) {
        (void)fprintf(stderr, "model: a path of more than %d moves, the bound\n", MODEL_DEPTH_MAX);
        abort();
    }
    model_cluster_return(&search->cluster, place);
    search->path[search->depth++] = *move;
    if (model_move_make(&search->cluster, move, &published, fault)) {
        visit(search);
    } else {
        print_path(search, fault);
    }
    search->depth--;
    return published;
}

static void visit(struct search *search)
{
    struct model_cluster *cluster = &search->cluster;
    if (!model_seen_add(&search->seen, model_cluster_digest(cluster, search->bounds.exact))) {
        return;
    }
    search->outcome.depth = search->depth > search->outcome.depth ? search->depth : search->outcome.depth;
    struct model_place place;
    struct model_move moves[MODEL_MOVES_MAX];
    bool busy = false;
    model_cluster_save(cluster, &place);
    const int count = model_moves_list(cluster, moves, &busy);
    if (!busy) {
        close_path(search);
    }
    for (int i = 0; i < count && search->outcome.violations == 0; i++) {
        struct model_move move = moves[i];
        const int published = go(search, &place, &move);
        const bool mortal = place.sides[move.node].boots < cluster->crashes;
        for (move.cut = 1; move.cut < published && mortal && search->outcome.violations == 0; move.cut++) {
            (void)go(search, &place, &move);
        }
    }
}

struct model_outcome model_explore(const struct model_script *script, const struct model_bounds *bounds)
{
    static struct search search;
    search = (struct search){.bounds = *bounds};
    search.cluster.events = script->count;
    search.cluster.steps = bounds->ticks;
    search.cluster.crashes = bounds->crashes;
    search.hops = model_hops_create(script);
    model_cluster_begin(&search.cluster, script, script->count > bounds->events ? script->count - bounds->events : 0);
    model_cluster_save(&search.cluster, &search.start);
    visit(&search);
    search.outcome.hop_states = (int64_t)model_hops_states(search.hops);
    search.outcome.states = (int64_t)search.seen.count + search.outcome.hop_states;
    search.outcome.allowed = model_hops_verdicts(search.hops)[CURFEW_ALLOW];
    search.outcome.denied = model_hops_verdicts(search.hops)[CURFEW_DENY];
    search.outcome.unavailable = model_hops_verdicts(search.hops)[CURFEW_UNAVAILABLE_NOW];
    model_cluster_end(&search.cluster);
    model_hops_destroy(search.hops);
    model_seen_clear(&search.seen);
    return search.outcome;
}
