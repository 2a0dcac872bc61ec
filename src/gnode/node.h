/*
 * node.h - a broker node: one loop, one broker, its doors
 *
 * node_turn() in node.c is the place to begin reading: it is the end of each turn of the loop, and tells the life of
 * a message in a few lines.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_NODE_H
#define GMQ_GNODE_NODE_H

#include "gnode/settings.h"

struct node;
struct stalls;

/*
 * Opens the data directory, replays it, and listens. The settings are borrowed until node_free(). NULL when it
 * cannot; the reason was logged.
 */
struct node *node_open(const struct gnode_settings *settings);

/* Serves until a signal or node_stop(). Returns 0 after a clean stop, else a negative error (logged). */
int node_run(struct node *node);

/*
 * Asks the node to stop: for `stop_delay` it serves on, unregistered and not ready; then no new connections, what is in
 * flight is answered, a checkpoint, the end. A second call ends the delay.
 */
void node_stop(struct node *node);

void node_free(struct node *node);

#endif
