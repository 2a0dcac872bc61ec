/*
 * snapshot.h - the broker's checkpoints: when, and how the image of its state is made
 *
 * What   A checkpoint is due by the amount of log (log_checkpoint_due) or after a minute of activity. First QUEUE
 *        records that alone keep an old segment are written anew, some in each turn; then the cut is fixed, and the
 *        image follows: small ones at once, large ones from the imager, while commands go on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_SNAPSHOT_H
#define GMQ_GNODE_SNAPSHOT_H

#include "gnode/broker.h"

/* Once a turn: begins a checkpoint when it is time, and brings its image to the log when it is there. */
void snapshot_turn(struct broker *broker, uint64_t now_ms);

/* When snapshot_turn() is to be called next; UINT64_MAX = after the next change. */
uint64_t snapshot_due_ms(const struct broker *broker, uint64_t now_ms);

/* At the end of a life: a checkpoint of everything, made at once, unless one is being written. */
void snapshot_last(struct broker *broker);

/* Forgets the image that is being made. */
void snapshot_abandon(struct broker *broker);

#endif
