/*
 * lists.h - pieces of long waiting lists: out of memory into the log, and back
 *
 * What   The engine says what is owed and what is wanted (engine_owes_chunk, engine_wants_chunk); here it is appended
 *        and read. A CHUNK takes the middle of a list out of memory at the end of a turn; a LOAD, which holds the refs
 *        that were read from it, brings them back. Neither waits for anything: what is not at hand is fetched.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_LISTS_H
#define GMQ_GNODE_LISTS_H

#include "gnode/broker.h"

/* Appends the CHUNKs that are owed, as far as there is room. True when more are owed than one turn writes. */
bool lists_spill(struct broker *broker);

/*
 * Brings back the first chunk of the queue, which has one. 1 = done, or put aside since it cannot be read; 0 = it is
 * being fetched, ask again after hooks.wake; < 0 as broker_room().
 */
NODISCARD int lists_load(struct broker *broker, const struct queue *queue);

/* At the start of a life: what the last one could not read is tried again. */
void lists_bring_back(struct broker *broker);

#endif
