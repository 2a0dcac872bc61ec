/*
 * delays_impl.h - the buckets of delayed messages, for the files delays*.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_DELAYS_IMPL_H
#define GMQ_ENGINE_DELAYS_IMPL_H

#include "engine/delays.h"

enum { DELAYS_BLOCK_ENTRIES = 31 };

struct delays_block {
    struct delays_block *next;
    uint32_t head, tail; /* live entries: [head, tail) */
    struct payload_delayed entries[DELAYS_BLOCK_ENTRIES];
};

/* A bucket of the level is 2^shift ms wide, and begins to move 2^lead ms before its time. */
struct delays_level {
    unsigned shift, lead, first, mask; /* its ring: slots[first..first + mask] */
};

extern const struct delays_level DELAYS_TABLE[DELAYS_LEVELS];

static inline uint64_t delays_width_ms(unsigned level) { return UINT64_C(1) << DELAYS_TABLE[level].shift; }

static inline unsigned delays_slot(unsigned level, uint64_t due_ms)
{
    return DELAYS_TABLE[level].first + ((unsigned)(due_ms >> DELAYS_TABLE[level].shift) & DELAYS_TABLE[level].mask);
}

unsigned delays_level_of(unsigned slot);

static inline void delays_set_bit(uint64_t *bits, unsigned slot, bool on)
{
    uint64_t bit = UINT64_C(1) << slot % 64;

    bits[slot / 64] = on ? bits[slot / 64] | bit : bits[slot / 64] & ~bit;
}

static inline struct delay_entry delays_entry(uint64_t start_ms, const struct payload_delayed *entry)
{
    return (struct delay_entry){.ref = entry->ref, .queue = entry->queue, .due_ms = start_ms + entry->due_off};
}

/* Does the ring of the level reach from its horizon to there? */
static inline bool delays_in_reach(const struct delays *delays, unsigned level, uint64_t due_ms)
{
    unsigned shift = DELAYS_TABLE[level].shift;

    return due_ms >= delays->horizon_ms[level] &&
           (due_ms >> shift) - (delays->horizon_ms[level] >> shift) <= DELAYS_TABLE[level].mask;
}

/* The bucket that begins there; NULL when there is none, or, `make`, when the level does not reach there. */
struct delays_bucket *delays_bucket(struct delays *delays, unsigned level, uint64_t start_ms, bool make);

struct delays_block *delays_add_block(struct delays *delays, struct delays_bucket *bucket);

/* To the end, and the oldest out, of what is in memory of a bucket; there is one. */
static inline void delays_append(struct delays *delays, unsigned level, struct delays_bucket *bucket,
                                 const struct payload_delayed *entry)
{
    struct delays_block *block = bucket->tail;

    if (UNLIKELY(!block || block->tail == DELAYS_BLOCK_ENTRIES))
        block = delays_add_block(delays, bucket);
    block->entries[block->tail++] = *entry;
    delays->far++;
    if (UNLIKELY(++bucket->count == delays->chunk_entries))
        delays_set_bit(delays->full, delays_slot(level, bucket->start_ms), true);
}
struct payload_delayed delays_pop(struct delays *delays, struct delays_bucket *bucket);

/* To be called when something was taken out of a bucket: one with nothing in it is none. */
void delays_settle(struct delays *delays, unsigned level, struct delays_bucket *bucket);

/* The earliest bucket of the level, and the latest that a chunk can be made of; or NULL. */
struct delays_bucket *delays_first(const struct delays *delays, unsigned level);
struct delays_bucket *delays_last_full(const struct delays *delays, unsigned level);

/* When the bucket is to move down. */
uint64_t delays_move_ms(unsigned level, const struct delays_bucket *bucket);

#endif
