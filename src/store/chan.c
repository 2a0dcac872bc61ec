/* chan.c - see chan.h. SPDX-License-Identifier: MIT */
#include "store/chan.h"

#include <stdlib.h>
#include <string.h>

bool chan_init(struct chan *chan, uint32_t item_bytes, uint32_t count_max)
{
    ENSURE(count_max > 0 && (count_max & (count_max - 1)) == 0);
    chan->items = calloc(count_max, item_bytes);
    chan->item_bytes = item_bytes;
    chan->count_max = count_max;
    atomic_init(&chan->head, 0);
    atomic_init(&chan->tail, 0);
    return chan->items != NULL;
}

void chan_free(struct chan *chan)
{
    free(chan->items);
    chan->items = NULL;
}

static char *slot(const struct chan *chan, uint32_t index)
{
    return chan->items + (size_t)(index & (chan->count_max - 1)) * chan->item_bytes;
}

uint32_t chan_room(const struct chan *chan)
{
    uint32_t tail = atomic_load_explicit(&chan->tail, memory_order_relaxed);

    return chan->count_max - (tail - atomic_load_explicit(&chan->head, memory_order_acquire));
}

void chan_push(struct chan *chan, const void *item)
{
    uint32_t tail = atomic_load_explicit(&chan->tail, memory_order_relaxed);

    ENSURE(chan_room(chan) > 0);
    memcpy(slot(chan, tail), item, chan->item_bytes);
    atomic_store(&chan->tail, tail + 1);
}

bool chan_empty(const struct chan *chan)
{
    return atomic_load(&chan->tail) == atomic_load(&chan->head);
}

bool chan_peek(const struct chan *chan, void *ret_item)
{
    if (chan_empty(chan))
        return false;
    memcpy(ret_item, slot(chan, atomic_load_explicit(&chan->head, memory_order_relaxed)), chan->item_bytes);
    return true;
}

void chan_drop(struct chan *chan)
{
    uint32_t head = atomic_load_explicit(&chan->head, memory_order_relaxed);

    ENSURE(!chan_empty(chan));
    atomic_store(&chan->head, head + 1);
}

bool chan_take(struct chan *chan, void *ret_item)
{
    if (!chan_peek(chan, ret_item))
        return false;
    chan_drop(chan);
    return true;
}
