/*
 * lists.h - pieces of long lists and of the delayed messages: out of memory into the log, and back
 *
 * What   The engine says what is owed and what is wanted; here it is appended and read. A CHUNK takes the middle of a
 *        waiting list out of memory at the end of a turn, a DCHUNK a piece of the delayed messages; a LOAD, which holds
 *        what was read from it, brings it back. Neither waits for anything: what is not at hand is fetched.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_LISTS_H
#define GMQ_GNODE_LISTS_H

#include "gnode/broker.h"

/* Appends the CHUNKs and DCHUNKs that are owed, as far as there is room. True: more are than one turn writes. */
bool lists_spill(struct broker *broker, uint64_t now_ms);

/*
 * Brings back the first chunk of the queue, which has one. 1 = done, or put aside since it cannot be read; 0 = it is
 * being fetched, ask again after hooks.wake; < 0 as broker_room().
 */
NODISCARD int lists_load(struct broker *broker, const struct queue *queue);

/*
 * Makes way to the oldest message of a queue that is not at hand, which engine_decide_pop() says: loads its chunk as
 * lists_load(), or takes what is gone off the head of the list; 0 also when that is enough for one turn.
 */
NODISCARD int lists_forward(struct broker *broker, const struct queue *queue, uint64_t now_ms);

/*
 * Brings back the delayed messages whose time comes near, as many as one turn should. Returns when it wants to be
 * called again, ms: `now_ms` when there are more, UINT64_MAX = after hooks.wake, or never.
 */
uint64_t lists_load_delays(struct broker *broker, uint64_t now_ms);

/* At the start of a life: what the last one could not read is tried again. */
void lists_bring_back(struct broker *broker);

#endif
