/*
 * refset.h - a queue's dead letters: refs in order of age, whenever they came
 *
 * What   A sorted array in blocks of 256 with a directory of the blocks. Dead letters are given out oldest id
 *        first, and nearly always arrive in that order too.
 * Cost   add: append, or a binary search and a move within one block; take the oldest O(1) amortised;
 *        8 bytes a message in full blocks.
 * Owns   Its blocks. An empty set holds no memory.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_REFSET_H
#define GMQ_ENGINE_REFSET_H

#include "base/base.h"

struct refset_block;

struct refset {
    struct refset_block **blocks; /* sorted, none empty */
    size_t first;                 /* blocks[first..used) are in use */
    size_t used, size;
    uint64_t count;
    uint64_t counted; /* the owner's: of its memory, in a sum */
};

/* A place in a set, for reading on; good until the set changes. */
struct refset_cursor {
    size_t block;
    uint32_t at;
};

/* `ref` must not be in the set. */
void refset_add(struct refset *set, uint64_t ref);

/* False when it was not there. */
bool refset_remove(struct refset *set, uint64_t ref);

bool refset_has(const struct refset *set, uint64_t ref);

/* Copies the up to `max` oldest refs to `ret`; returns how many. */
size_t refset_oldest(const struct refset *set, uint64_t *ret, size_t max);

/* Copies the oldest up to `max` that are `from` or younger, the oldest first; returns how many. */
size_t refset_from(const struct refset *set, uint64_t from, uint64_t *ret, size_t max);

/* Copies the youngest up to `max` that are older than `before`, the youngest first; returns how many. */
size_t refset_before(const struct refset *set, uint64_t before, uint64_t *ret, size_t max);

/* The first place, and the ref that stands at a place, oldest first; false at the end. */
static inline struct refset_cursor refset_begin(const struct refset *set)
{
    return (struct refset_cursor){.block = set->first};
}
bool refset_next(const struct refset *set, struct refset_cursor *cursor, uint64_t *ret_ref);

/* The memory it takes. */
uint64_t refset_bytes(const struct refset *set);

void refset_free(struct refset *set);

#endif
