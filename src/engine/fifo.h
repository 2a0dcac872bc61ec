/*
 * fifo.h - refs in the order in which they came: what is in memory of a waiting list (waiting.h)
 *
 * What   Blocks of refs in a chain; those of a short list are small, the others hold 510.
 * Cost   push, pop O(1), 8 bytes a message. A list that became empty keeps at most its small block, 248 bytes. The
 *        list never moves what it holds.
 * Owns   Its blocks.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_FIFO_H
#define GMQ_ENGINE_FIFO_H

#include "base/base.h"

struct fifo_block;

struct fifo {
    struct fifo_block *head, *tail;
    uint64_t count;
    uint64_t bytes; /* of its blocks */
};

/* A place in a list, for reading on; good until the list changes. */
struct fifo_cursor {
    const struct fifo_block *block;
    uint32_t at;
};

void fifo_push(struct fifo *fifo, uint64_t ref);

/* The oldest ref; the list must not be empty. */
uint64_t fifo_first(const struct fifo *fifo);
uint64_t fifo_pop(struct fifo *fifo);

/*
 * Takes out `ref`, which is the oldest but after damage to the log; then what stands before it goes to the tail.
 * False when it is not there. Cost: O(1), after damage O(n).
 */
bool fifo_take(struct fifo *fifo, uint64_t ref);

struct fifo_cursor fifo_begin(const struct fifo *fifo);

/* The next ref, or false at the end. */
bool fifo_next(struct fifo_cursor *cursor, uint64_t *ret_ref);

/* Passes over the next `count`; returns how many there were. Cost: O(blocks). */
uint64_t fifo_skip(struct fifo_cursor *cursor, uint64_t count);

void fifo_free(struct fifo *fifo);

#endif
