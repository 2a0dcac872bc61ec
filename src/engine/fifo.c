/* fifo.c - see fifo.h. SPDX-License-Identifier: MIT */
#include "engine/fifo.h"

#include "base/mem.h"

#include <stdlib.h>

enum { BLOCK_FIRST = 28 };

/* Such that malloc has little to round up. */
static const uint32_t BLOCK_REFS[] = {510, 252, 124, 60, BLOCK_FIRST};

struct fifo_block {
    struct fifo_block *next;
    uint32_t head, tail; /* live refs: [head, tail) */
    uint32_t size;
    uint32_t unused;
    uint64_t refs[];
};

static struct fifo_block *block_new(uint32_t size)
{
    struct fifo_block *block = mem_new(sizeof(*block) + size * sizeof(block->refs[0]));

    block->size = size;
    return block;
}

/* The next block of a list: no more than half of what it holds, so that little of it is empty for long. */
static uint32_t block_refs(uint64_t count)
{
    size_t i = 0;

    while (BLOCK_REFS[i] > BLOCK_FIRST && BLOCK_REFS[i] > count / 2)
        i++;
    return BLOCK_REFS[i];
}

static void append_block(struct fifo *fifo)
{
    struct fifo_block *block = block_new(block_refs(fifo->count));

    fifo->bytes += mem_taken(sizeof(*block) + block->size * sizeof(block->refs[0]));
    if (fifo->tail)
        fifo->tail->next = block;
    else
        fifo->head = block;
    fifo->tail = block;
}

static void drop_head_block(struct fifo *fifo)
{
    struct fifo_block *block = fifo->head;

    fifo->bytes -= mem_taken(sizeof(*block) + block->size * sizeof(block->refs[0]));
    fifo->head = block->next;
    if (!fifo->head)
        fifo->tail = NULL;
    free(block);
}

void fifo_push(struct fifo *fifo, uint64_t ref)
{
    if (UNLIKELY(!fifo->tail || fifo->tail->tail == fifo->tail->size))
        append_block(fifo);
    fifo->tail->refs[fifo->tail->tail++] = ref;
    fifo->count++;
}

uint64_t fifo_first(const struct fifo *fifo)
{
    ENSURE(fifo->count > 0);
    return fifo->head->refs[fifo->head->head];
}

uint64_t fifo_pop(struct fifo *fifo)
{
    uint64_t ref = fifo_first(fifo);
    struct fifo_block *block = fifo->head;

    fifo->count--;
    if (++block->head < block->tail)
        return ref;
    if (block->next || block->size > BLOCK_FIRST)
        drop_head_block(fifo);
    else
        block->head = block->tail = 0;
    return ref;
}

static bool holds(const struct fifo *fifo, uint64_t ref)
{
    uint64_t seen;

    for (struct fifo_cursor at = fifo_begin(fifo); fifo_next(&at, &seen);)
        if (seen == ref)
            return true;
    return false;
}

bool fifo_take(struct fifo *fifo, uint64_t ref)
{
    if (fifo->count == 0)
        return false;
    if (fifo_first(fifo) != ref && !holds(fifo, ref))
        return false;
    while (fifo_first(fifo) != ref)
        fifo_push(fifo, fifo_pop(fifo));
    (void)fifo_pop(fifo);
    return true;
}

struct fifo_cursor fifo_begin(const struct fifo *fifo)
{
    return (struct fifo_cursor){.block = fifo->head, .at = fifo->head ? fifo->head->head : 0};
}

bool fifo_next(struct fifo_cursor *cursor, uint64_t *ret_ref)
{
    while (cursor->block && cursor->at == cursor->block->tail) {
        cursor->block = cursor->block->next;
        cursor->at = cursor->block ? cursor->block->head : 0;
    }
    if (!cursor->block)
        return false;
    *ret_ref = cursor->block->refs[cursor->at++];
    return true;
}

uint64_t fifo_skip(struct fifo_cursor *cursor, uint64_t count)
{
    uint64_t left = count;

    while (left > 0 && cursor->block) {
        uint32_t some = (uint32_t)min_u64(cursor->block->tail - cursor->at, left);
        cursor->at += some;
        left -= some;
        if (left > 0) {
            cursor->block = cursor->block->next;
            cursor->at = cursor->block ? cursor->block->head : 0;
        }
    }
    return count - left;
}

void fifo_free(struct fifo *fifo)
{
    while (fifo->head)
        drop_head_block(fifo);
    fifo->count = 0;
}
