/*
 * sweep.h - what becomes of topics with time alone: a pause ends, messages grow too old, a topic is idle
 *
 * What   Each topic that has such a thing has one timer in one wheel, set for the first of what may come; when it fires
 *        the topic is looked at, and the timer set anew. The others cost nothing.
 *
 *        pause   of pops, with an end: those who wait are served then. (That of pushes is over by itself.)
 *        age     see limits.h: the oldest ready messages that are too old go, so many at a time
 *        idle    an empty topic that nobody waits for and that was not used for so long is deleted
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_SWEEP_H
#define GMQ_GNODE_SWEEP_H

#include "engine/wheel.h"
#include "gnode/usage.h"

struct sweep {
    struct wheel wheel;
    uint64_t messages; /* that were too old, in this turn, and looks for them */
    uint64_t next_ms; /* nothing is due before; UINT64_MAX = nothing at all */
    struct list slots[WHEEL_ALL_SLOTS];
};

/* After the replay. */
void sweep_begin(struct broker *broker, uint64_t now_ms);

/* The topic is gone for good. */
void sweep_forget(struct broker *broker, struct usage *usage);

/* The topic is new, or its settings are. */
void sweep_changed(struct broker *broker, struct queue *queue, uint64_t now_ms);

/* Does what is due. Returns when it must be called next, ms; UINT64_MAX = any time. */
uint64_t sweep_turn(struct broker *broker, uint64_t now_ms);

#endif
