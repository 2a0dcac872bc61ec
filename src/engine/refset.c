/* refset.c - see refset.h. SPDX-License-Identifier: MIT */
#include "engine/refset.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_REFS = 256, DIRECTORY_MIN = 4 };

struct refset_block {
    uint32_t count;
    uint64_t refs[BLOCK_REFS];
};

/* Where `ref` stands in the block, or would stand: the first index with refs[i] >= ref. */
static uint32_t block_find(const struct refset_block *block, uint64_t ref)
{
    uint32_t low = 0, high = block->count;

    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (block->refs[mid] < ref)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The block that holds `ref` or into which it belongs: the last one that begins at or before it. */
static size_t find_block(const struct refset *set, uint64_t ref)
{
    size_t low = set->first, high = set->used;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (set->blocks[mid]->refs[0] <= ref)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* Makes room in the directory for one more block at its end: first by closing the gap at its start. */
static void directory_reserve(struct refset *set)
{
    if (set->used < set->size)
        return;
    size_t live = set->used - set->first;
    if (set->first > live) {
        memmove(set->blocks, set->blocks + set->first, live * sizeof(set->blocks[0]));
        set->first = 0;
        set->used = live;
        return;
    }
    set->size = set->size ? 2 * set->size : DIRECTORY_MIN;
    set->blocks = mem_grow(set->blocks, set->size, sizeof(set->blocks[0]));
}

static struct refset_block *insert_block(struct refset *set, size_t *at)
{
    size_t from_first = *at - set->first;

    directory_reserve(set);
    *at = set->first + from_first;
    struct refset_block **slot = set->blocks + *at;
    memmove(slot + 1, slot, (set->used - *at) * sizeof(*slot));
    set->used++;
    return *slot = mem_new(sizeof(**slot));
}

static void split(struct refset *set, size_t at)
{
    size_t next = at + 1;
    struct refset_block *upper = insert_block(set, &next);
    struct refset_block *lower = set->blocks[next - 1];

    upper->count = lower->count / 2;
    lower->count -= upper->count;
    memcpy(upper->refs, lower->refs + lower->count, upper->count * sizeof(upper->refs[0]));
}

static void block_insert(struct refset_block *block, uint64_t ref)
{
    uint32_t at = block_find(block, ref);

    ENSURE(block->count < BLOCK_REFS && (at == block->count || block->refs[at] != ref));
    memmove(block->refs + at + 1, block->refs + at, (block->count - at) * sizeof(ref));
    block->refs[at] = ref;
    block->count++;
}

void refset_add(struct refset *set, uint64_t ref)
{
    set->count++;
    if (set->first == set->used) {
        size_t at = set->used;
        block_insert(insert_block(set, &at), ref);
        return;
    }
    size_t at = find_block(set, ref);
    if (set->blocks[at]->count == BLOCK_REFS && at + 1 == set->used && set->blocks[at]->refs[BLOCK_REFS - 1] < ref) {
        at++;
        block_insert(insert_block(set, &at), ref);
        return;
    }
    if (set->blocks[at]->count == BLOCK_REFS) {
        split(set, at);
        at = find_block(set, ref);
    }
    block_insert(set->blocks[at], ref);
}

static void remove_block(struct refset *set, size_t at)
{
    free(set->blocks[at]);
    if (at == set->first) {
        set->first++;
    } else {
        memmove(set->blocks + at, set->blocks + at + 1, (set->used - at - 1) * sizeof(set->blocks[0]));
        set->used--;
    }
    if (set->first == set->used)
        refset_free(set);
}

bool refset_remove(struct refset *set, uint64_t ref)
{
    if (set->count == 0)
        return false;
    size_t at = find_block(set, ref);
    struct refset_block *block = set->blocks[at];
    uint32_t i = block_find(block, ref);
    if (i == block->count || block->refs[i] != ref)
        return false;
    block->count--;
    memmove(block->refs + i, block->refs + i + 1, (block->count - i) * sizeof(ref));
    set->count--;
    if (block->count == 0)
        remove_block(set, at);
    return true;
}

bool refset_has(const struct refset *set, uint64_t ref)
{
    if (set->count == 0)
        return false;
    const struct refset_block *block = set->blocks[find_block(set, ref)];
    uint32_t i = block_find(block, ref);
    return i < block->count && block->refs[i] == ref;
}

size_t refset_oldest(const struct refset *set, uint64_t *ret, size_t max)
{
    size_t n = 0;

    for (size_t at = set->first; at < set->used && n < max; at++) {
        const struct refset_block *block = set->blocks[at];
        size_t some = min_u64(block->count, max - n);
        memcpy(ret + n, block->refs, some * sizeof(ret[0]));
        n += some;
    }
    return n;
}

size_t refset_from(const struct refset *set, uint64_t from, uint64_t *ret, size_t max)
{
    size_t n = 0;

    if (set->count == 0)
        return 0;
    size_t at = find_block(set, from);
    for (uint32_t i = block_find(set->blocks[at], from); at < set->used && n < max; at++, i = 0)
        while (i < set->blocks[at]->count && n < max)
            ret[n++] = set->blocks[at]->refs[i++];
    return n;
}

size_t refset_before(const struct refset *set, uint64_t before, uint64_t *ret, size_t max)
{
    size_t n = 0;

    if (set->count == 0)
        return 0;
    size_t at = find_block(set, before) + 1;
    for (uint32_t i = block_find(set->blocks[at - 1], before); at > set->first && n < max;) {
        while (i > 0 && n < max)
            ret[n++] = set->blocks[at - 1]->refs[--i];
        at--;
        i = at > set->first ? set->blocks[at - 1]->count : 0;
    }
    return n;
}

bool refset_next(const struct refset *set, struct refset_cursor *cursor, uint64_t *ret_ref)
{
    if (cursor->block >= set->used)
        return false;
    const struct refset_block *block = set->blocks[cursor->block];
    *ret_ref = block->refs[cursor->at];
    if (++cursor->at == block->count)
        *cursor = (struct refset_cursor){.block = cursor->block + 1};
    return true;
}

uint64_t refset_bytes(const struct refset *set)
{
    if (set->size == 0)
        return 0;
    return (set->used - set->first) * mem_taken(sizeof(struct refset_block)) +
           mem_taken(set->size * sizeof(set->blocks[0]));
}

void refset_free(struct refset *set)
{
    for (size_t at = set->first; at < set->used; at++)
        free(set->blocks[at]);
    free(set->blocks);
    *set = (struct refset){.counted = set->counted};
}
