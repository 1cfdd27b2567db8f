/* node: one real coordinator under the model's hand. It cannot be copied, so it is known by what it was given since it
 * booted: going back means booting another and giving it the same again, which is done only when it is needed. What it
 * publishes is held here for the caller to append, or to lose. One thread. */
#ifndef CURFEW_TESTS_MODEL_NODE_H
#define CURFEW_TESTS_MODEL_NODE_H

#include "tests/model/logs.h"

#define MODEL_INPUTS_MAX 4096
#define MODEL_OUTGOING_MAX 16
#define MODEL_STATED_MAX 8

struct model_reader {
    bool subscribed;
    bool ended; /* it was told that there is no more */
    int64_t position;
};

/* Everything about it that the model decides by; plain data, so that a path can go back to it. */
struct model_side {
    struct model_reader readers[MODEL_PARTITIONS];
    int boots;
    int begun; /* where in the node's inputs this boot begins */
    int inputs; /* where they end */
    bool blocked; /* its pipeline waits for control */
    bool live[2];
    int64_t next[2];
    int64_t live_at[2]; /* the record wanted next when the lane went live: what came before was not published */
    int ticked[2]; /* the step of time of its newest tick; -1: none */
    int64_t vouched[2]; /* the newest offset of a beacon of its own; -1 */
    int64_t answered[2]; /* the newest offset it answered; -1 */
    int64_t stated[2][MODEL_STATED_MAX]; /* the causes of the floors records it published */
    int stated_count[2];
};

struct model_outgoing {
    enum model_partition partition;
    uint8_t *bytes; /* the value, and behind it the header's */
    size_t size;
    size_t mac_size;
};

struct model_node;

/* `eager`: it is handed all the control log holds before whatever else it is handed. */
struct model_node *model_node_create(struct model_logs *logs, bool eager);
void model_node_destroy(struct model_node *node);

struct model_side *model_node_side(struct model_node *node);
/* Goes back to a side it had; the coordinator itself follows when it is next given something. */
void model_node_return(struct model_node *node, const struct model_side *side);

/* Boots, and reads revocations and answers up to their ends: until then it publishes nothing, and only what it finds
 * there counts. */
void model_node_boot(struct model_node *node);
/* Hands over what is next in a partition (logs: one record while live, everything while it replays; revocations: up to
 * the next floors record it has not met), and lets it publish. */
void model_node_read(struct model_node *node, enum model_partition partition);
/* Lets it publish: its tick is due. */
void model_node_wake(struct model_node *node);

bool model_node_can_read(const struct model_node *node, enum model_partition partition);
bool model_node_can_wake(const struct model_node *node);
/* What it published in the newest move, in order; the caller's to append. Cleared by the next move. */
const struct model_outgoing *model_node_outgoing(const struct model_node *node, int *count);

/* All that decides what it will do, except the logs. */
struct model_digest model_node_digest(const struct model_node *node, bool exact);

#endif
