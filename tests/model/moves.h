/* moves: the cluster of one exploration, and every step it can take from where it is. One thread. */
#ifndef CURFEW_TESTS_MODEL_MOVES_H
#define CURFEW_TESTS_MODEL_MOVES_H

#include "tests/model/judge.h"

#define MODEL_NODES 2
#define MODEL_MOVES_MAX 64
#define MODEL_MOVE_NAME_SIZE 96

enum model_move_kind {
    MODEL_MOVE_EVENT, /* the next event of the script is appended */
    MODEL_MOVE_TIME, /* the clocks move on by a step */
    MODEL_MOVE_READ, /* a coordinator is handed what is next in a partition, and publishes */
    MODEL_MOVE_WAKE, /* a coordinator's tick is due, and it publishes */
    MODEL_MOVE_CRASH, /* a coordinator dies, and boots again at once */
};

struct model_move {
    enum model_move_kind kind;
    int node;
    enum model_partition partition;
    int cut; /* read, wake: how many records are published before it dies of it; -1: it does not */
};

struct model_cluster {
    struct model_logs *logs;
    struct model_node *nodes[MODEL_NODES];
    int events; /* bounds: of the script's events, as many are appended; */
    int steps; /* of time; */
    int crashes; /* of each coordinator */
    bool eager; /* the script has nothing on the control log, and coordinators read that before all else */
};

struct model_place {
    struct model_mark mark;
    struct model_side sides[MODEL_NODES];
};

/* Genesis, both coordinators live, and the first `settled` events of the script done with. */
void model_cluster_begin(struct model_cluster *cluster, const struct model_script *script, int settled);
void model_cluster_end(struct model_cluster *cluster);

void model_cluster_save(const struct model_cluster *cluster, struct model_place *place);
void model_cluster_return(struct model_cluster *cluster, const struct model_place *place);
struct model_digest model_cluster_digest(const struct model_cluster *cluster, bool exact);

/* Every move but those that end in the middle of publishing. `*busy`: one is not a crash. */
int model_moves_list(const struct model_cluster *cluster, struct model_move moves[MODEL_MOVES_MAX], bool *busy);
/* False: `fault` says which promise it broke. `*published`: records. */
bool model_move_make(struct model_cluster *cluster, const struct model_move *move, int *published,
                     char fault[MODEL_FAULT_SIZE]);
void model_move_name(const struct model_cluster *cluster, const struct model_move *move,
                     char name[MODEL_MOVE_NAME_SIZE]);
/* Makes moves that are neither time, event nor crash until there are none. */
bool model_cluster_settle(struct model_cluster *cluster, char fault[MODEL_FAULT_SIZE]);

#endif
