/* arena.c - see arena.h. SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4096, ALIGN = alignof(max_align_t) };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

void *arena_take(struct arena *arena, size_t bytes)
{
    struct arena_block *block = arena->blocks;
    size_t need = (bytes + ALIGN - 1) / ALIGN * ALIGN;

    ENSURE(need >= bytes);
    if (!block || block->size - block->used < need) {
        size_t size = max_u64(need, BLOCK_BYTES);
        block = mem_new(sizeof(*block) + size);
        block->size = size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    char *to = block->bytes + block->used;
    block->used += need;
    return to;
}

struct slice arena_keep(struct arena *arena, struct slice bytes)
{
    if (bytes.len == 0)
        return slice_of("", 0);
    char *to = arena_take(arena, bytes.len);
    memcpy(to, bytes.ptr, bytes.len);
    return slice_of(to, bytes.len);
}

void arena_free(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
