/*
 * chan.h - a bounded queue of equal items between two threads, one pushing, one taking
 *
 * Cost   O(1), no lock, no system call. What was written before the push is seen after the take.
 * Never  Push without chan_room(); use one side from two threads.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_CHAN_H
#define GMQ_STORE_CHAN_H

#include <stdatomic.h>

#include "base/base.h"

struct chan {
    char *items;
    uint32_t item_bytes;
    uint32_t count_max;    /* a power of two */
    _Atomic uint32_t head; /* next to take; moved by the taker */
    _Atomic uint32_t tail; /* next free; moved by the pusher */
};

/* False when memory is short. */
NODISCARD bool chan_init(struct chan *chan, uint32_t item_bytes, uint32_t count_max);
void chan_free(struct chan *chan);

/* The pusher's side. */
uint32_t chan_room(const struct chan *chan);
void chan_push(struct chan *chan, const void *item);

/* The taker's side: chan_peek copies the oldest item, chan_drop removes it. */
bool chan_peek(const struct chan *chan, void *ret_item);
void chan_drop(struct chan *chan);
bool chan_take(struct chan *chan, void *ret_item);

/* Either side. */
bool chan_empty(const struct chan *chan);

#endif
