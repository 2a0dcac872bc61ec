/*
 * arena.h - many small pieces of memory that are given back at once
 *
 * Cost   A piece is a few instructions; blocks of 4 KiB, larger pieces have their own.
 * Owns   The pieces are good until arena_free(). How much may be taken is for the caller to limit.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_ARENA_H
#define GMQ_BASE_ARENA_H

#include "base/base.h"
#include "base/slice.h"

struct arena_block;

/* All zero is an empty arena. */
struct arena {
    struct arena_block *blocks;
};

/* `bytes` zeroed bytes, at an address for any type; never NULL. */
void *arena_take(struct arena *arena, size_t bytes);

/* A copy. */
struct slice arena_keep(struct arena *arena, struct slice bytes);

/* Gives everything back; the arena is empty and usable again. */
void arena_free(struct arena *arena);

#endif
