/* moves: two coordinators over one broker, step by step. */
#include "tests/model/moves.h"

#include <stdio.h>
#include <stdlib.h>

void model_cluster_begin(struct model_cluster *cluster, const struct model_script *script, int settled)
{
    char fault[MODEL_FAULT_SIZE] = "";
    cluster->logs = model_logs_create();
    cluster->logs->script = script;
    cluster->eager = true;
    for (int i = 0; i < script->count; i++) {
        cluster->eager = cluster->eager && model_event_lane(&script->events[i]) != 0;
    }
    for (int i = 0; i < MODEL_NODES; i++) {
        cluster->nodes[i] = model_node_create(cluster->logs, cluster->eager);
        model_node_boot(cluster->nodes[i]);
        model_node_side(cluster->nodes[i])->boots = 0;
    }
    bool right = model_cluster_settle(cluster, fault);
    for (int i = 0; right && i < settled; i++) {
        model_logs_next(cluster->logs);
        right = model_cluster_settle(cluster, fault);
    }
    if (!right) {
        (void)fprintf(stderr, "model: before anything interleaves: %s\n", fault);
        abort();
    }
}

void model_cluster_end(struct model_cluster *cluster)
{
    for (int i = 0; i < MODEL_NODES; i++) {
        model_node_destroy(cluster->nodes[i]);
    }
    model_logs_destroy(cluster->logs);
}

void model_cluster_save(const struct model_cluster *cluster, struct model_place *place)
{
    place->mark = model_logs_mark(cluster->logs);
    for (int i = 0; i < MODEL_NODES; i++) {
        place->sides[i] = *model_node_side(cluster->nodes[i]);
    }
}

void model_cluster_return(struct model_cluster *cluster, const struct model_place *place)
{
    model_logs_return(cluster->logs, &place->mark);
    for (int i = 0; i < MODEL_NODES; i++) {
        model_node_return(cluster->nodes[i], &place->sides[i]);
    }
}

struct model_digest model_cluster_digest(const struct model_cluster *cluster, bool exact)
{
    const struct model_logs *logs = cluster->logs;
    struct model_digest digest = model_digest_number(model_digest_begin(), logs->step * 16 + logs->events);
    for (int i = 0; i < MODEL_ANSWERS; i++) {
        const struct model_log *log = &logs->log[i];
        const struct model_record *last = &log->records[log->count - 1];
        const bool aside = cluster->eager && (i == MODEL_CONTROL || i == MODEL_REVOCATIONS);
        if (log->count > 0 && (exact || !aside)) {
            const bool news = !exact && i >= MODEL_REVOCATIONS;
            digest = model_digest_bytes(digest, news ? &last->news : &last->upto, sizeof last->news);
        }
    }
    for (int lane = 0; lane < 2; lane++) {
        digest = model_digest_number(digest, model_logs_answered(logs, lane));
    }
    struct model_digest one = model_node_digest(cluster->nodes[0], exact);
    struct model_digest two = model_node_digest(cluster->nodes[1], exact);
    if (model_digest_less(two, one)) { /* they have the same name, and differ in nothing but their number */
        const struct model_digest held = one;
        one = two;
        two = held;
    }
    digest = model_digest_bytes(digest, &one, sizeof one);
    return model_digest_bytes(digest, &two, sizeof two);
}

static int list_node(const struct model_cluster *cluster, int number, struct model_move *moves)
{
    const struct model_node *node = cluster->nodes[number];
    int count = 0;
    for (int i = MODEL_CONTROL; i < MODEL_ANSWERS; i++) {
        if (model_node_can_read(node, (enum model_partition)i)) {
            moves[count++] = (struct model_move){MODEL_MOVE_READ, number, (enum model_partition)i, -1};
        }
    }
    if (model_node_can_wake(node)) {
        moves[count++] = (struct model_move){MODEL_MOVE_WAKE, number, MODEL_CONTROL, -1};
    }
    return count;
}

int model_moves_list(const struct model_cluster *cluster, struct model_move moves[MODEL_MOVES_MAX], bool *busy)
{
    int count = 0;
    for (int i = 0; i < MODEL_NODES; i++) {
        count += list_node(cluster, i, moves + count);
    }
    if (cluster->logs->events < cluster->events) {
        moves[count++] = (struct model_move){.kind = MODEL_MOVE_EVENT, .cut = -1};
    }
    if (cluster->logs->step < cluster->steps) {
        moves[count++] = (struct model_move){.kind = MODEL_MOVE_TIME, .cut = -1};
    }
    *busy = count > 0;
    for (int i = 0; i < MODEL_NODES; i++) {
        if (model_node_side(cluster->nodes[i])->boots < cluster->crashes) {
            moves[count++] = (struct model_move){.kind = MODEL_MOVE_CRASH, .node = i, .cut = -1};
        }
    }
    return count;
}

/* Appends what a coordinator published, or the part of it that got out. */
static bool publish(struct model_cluster *cluster, const struct model_move *move, int *published,
                    char fault[MODEL_FAULT_SIZE])
{
    const struct model_outgoing *sent = model_node_outgoing(cluster->nodes[move->node], published);
    const int count = move->cut < 0 ? *published : move->cut;
    for (int i = 0; i < count; i++) {
        model_logs_append(cluster->logs, sent[i].partition, (struct curfew_slice){sent[i].bytes, sent[i].size},
                          (struct curfew_slice){sent[i].bytes + sent[i].size, sent[i].mac_size});
        if (!model_judge_published(cluster->logs, model_node_side(cluster->nodes[move->node]), sent[i].partition,
                                   fault)) {
            return false;
        }
    }
    return true;
}

bool model_move_make(struct model_cluster *cluster, const struct model_move *move, int *published,
                     char fault[MODEL_FAULT_SIZE])
{
    struct model_node *node = cluster->nodes[move->node];
    *published = 0;
    switch (move->kind) {
    case MODEL_MOVE_EVENT:
        model_logs_next(cluster->logs);
        return true;
    case MODEL_MOVE_TIME:
        cluster->logs->step++;
        return true;
    case MODEL_MOVE_READ:
        model_node_read(node, move->partition);
        break;
    case MODEL_MOVE_WAKE:
        model_node_wake(node);
        break;
    case MODEL_MOVE_CRASH:
        model_node_boot(node);
        return true;
    }
    if (!publish(cluster, move, published, fault)) {
        return false;
    }
    if (move->cut >= 0) {
        model_node_boot(node);
    }
    return true;
}

void model_move_name(const struct model_cluster *cluster, const struct model_move *move,
                     char name[MODEL_MOVE_NAME_SIZE])
{
    static const char *const partitions[MODEL_PARTITIONS] = {"control",       "lifecycle", "revocations/0",
                                                             "revocations/1", "answers/0", "answers/1"};
    const int next = cluster->logs->events;
    char end[40] = "";
    if (move->cut >= 0) {
        (void)snprintf(end, sizeof end, ", and dies after publishing %d", move->cut);
    }
    switch (move->kind) {
    case MODEL_MOVE_EVENT:
        (void)snprintf(name, MODEL_MOVE_NAME_SIZE, "event %d (%s) is appended", next,
                       model_act_name(cluster->logs->script->events[next].act));
        return;
    case MODEL_MOVE_TIME:
        (void)snprintf(name, MODEL_MOVE_NAME_SIZE, "time moves on");
        return;
    case MODEL_MOVE_READ:
        (void)snprintf(name, MODEL_MOVE_NAME_SIZE, "coordinator %d reads %s%s", move->node, partitions[move->partition],
                       end);
        return;
    case MODEL_MOVE_WAKE:
        (void)snprintf(name, MODEL_MOVE_NAME_SIZE, "coordinator %d ticks%s", move->node, end);
        return;
    case MODEL_MOVE_CRASH:
        (void)snprintf(name, MODEL_MOVE_NAME_SIZE, "coordinator %d dies and boots", move->node);
        return;
    }
}

bool model_cluster_settle(struct model_cluster *cluster, char fault[MODEL_FAULT_SIZE])
{
    struct model_move moves[MODEL_MOVES_MAX];
    int published = 0;
    int count = 0;
    do {
        count = 0;
        for (int i = 0; i < MODEL_NODES && count == 0; i++) {
            count = list_node(cluster, i, moves);
        }
        if (count > 0 && !model_move_make(cluster, &moves[0], &published, fault)) {
            return false;
        }
    } while (count > 0);
    return true;
}
