/*
 * delays.h - all delayed messages: those whose time is near, and those whose time is far, many of them on disk
 *
 * What   Near ones hang in a timing wheel (delay.h). Far ones wait in buckets by due time, in four levels:
 *
 *          level   a bucket   moved down this long before it begins
 *          0       4.1 s      4.1 s
 *          1       4.4 min    2.2 min
 *          2       9.3 h      4.7 h
 *          3       49.7 days  24.9 days
 *
 *        Each level has a horizon: what is due before it has been moved down from there. A message enters the highest
 *        level whose horizon it is not before, and the wheel when it is before all of them. A bucket moves down the
 *        oldest first, and the horizon passes a bucket only when it is empty; so of one due time the older ones are
 *        always farther down, and come out first.
 *        A bucket is a row of chunks, which are addresses of DCHUNK records of up to 253 entries each, and behind them
 *        entries in memory. delays_spill() makes a chunk of the oldest entries, delays_load() moves a chunk down. Time
 *        cannot pass the beginning of a bucket: delays_reach_ms().
 * Cost   add O(1); a move down O(1), at most 4 in a life. 21 bytes a near message, 17 a far one, 8 a chunk.
 * Owns   Its buckets.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_DELAYS_H
#define GMQ_ENGINE_DELAYS_H

#include "engine/delay.h"
#include "engine/fifo.h"
#include "engine/payload.h"

enum { DELAYS_LEVELS = 4, DELAYS_SLOTS = 3 * 256 + 1024, DELAYS_WORDS = DELAYS_SLOTS / 64 };

struct delays_block;

struct delays_bucket {
    uint64_t start_ms;
    struct fifo chunks; /* waiting_chunk_make() */
    uint64_t chunked;   /* messages in them */
    struct delays_block *head, *tail;
    uint64_t count;     /* messages in memory */
};

/* A chunk that could not be read; it is in no bucket. */
struct delays_aside {
    uint64_t chunk, start_ms;
    unsigned level;
};

struct delays {
    struct delay near;
    uint64_t horizon_ms[DELAYS_LEVELS];
    uint64_t used[DELAYS_WORDS], full[DELAYS_WORDS]; /* one bit a slot: there is a bucket; there is a chunk in it */
    struct delays_bucket *slots[DELAYS_SLOTS];       /* of each level a ring; NULL = empty */
    struct delays_block *spare;
    uint64_t far, chunked, put_aside; /* messages: in memory of buckets, in chunks, in chunks aside */
    uint64_t buckets, chunks;
    struct delays_aside *aside;
    size_t aside_count, aside_size;
    uint64_t entries_max;    /* in memory, near and far; above it chunks are owed, ... */
    uint32_t chunk_entries;  /* ... of this many */
};

/* A piece of a bucket. */
struct delays_chunk {
    uint64_t lsn, start_ms; /* of its record; of its bucket */
    unsigned level;
    uint32_t count;
};

struct delays_cursor {
    struct delay_cursor near;
    const struct delays *delays;
    unsigned slot;
    const struct delays_block *block;
    uint32_t at;
};

void delays_init(struct delays *delays);

/* Gives everything back; the limit stays. */
void delays_free(struct delays *delays);

/* `chunk_entries` 1..253. Without a call nothing is ever owed. */
void delays_limit(struct delays *delays, uint64_t entries_max, uint32_t chunk_entries);

/* For one that is not near. `below`: into a lower level than this, 1..; DELAYS_LEVELS for what comes from outside. */
void delays_place(struct delays *delays, const struct delay_entry *entry, unsigned below);

static inline void delays_add(struct delays *delays, const struct delay_entry *entry)
{
    if (entry->due_ms < delays->horizon_ms[0])
        delay_add(&delays->near, entry);
    else
        delays_place(delays, entry, DELAYS_LEVELS);
}

static inline uint64_t delays_in_memory(const struct delays *delays) { return delays->near.count + delays->far; }
static inline uint64_t delays_count(const struct delays *delays)
{
    return delays_in_memory(delays) + delays->chunked + delays->put_aside;
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

/* How far time may go: all that is due until then hangs in the wheel. */
uint64_t delays_reach_ms(const struct delays *delays);

/* When something of the buckets must move down that is in memory, and when a chunk must; UINT64_MAX = nothing. */
uint64_t delays_descend_ms(const struct delays *delays);
uint64_t delays_load_ms(const struct delays *delays);

/* It is `now_ms`: moves down what is in memory, the nearest first, as far as `moves` allows, which is counted down. */
void delays_descend(struct delays *delays, uint64_t now_ms, uint64_t *moves);

/* ---- out of memory, and back ------------------------------------------------------------------------------------- */

/* Is a DCHUNK owed? Of which bucket, and its entries (room for 253); returns how many, 0 = none is. */
size_t delays_owes(const struct delays *delays, uint64_t now_ms, struct delays_chunk *ret,
                   struct payload_delayed *entries);

/* The next up to `max` chunks to be loaded by `now_ms`, all of one bucket, in order; returns how many. */
size_t delays_peek(const struct delays *delays, uint64_t now_ms, struct delays_chunk *ret, size_t max);

/*
 * The record of the chunk holds these entries, the oldest of its bucket that are in memory. False, and nothing changes,
 * when that is not so.
 */
NODISCARD bool delays_spill(struct delays *delays, const struct delays_chunk *chunk, struct slice entries);

/* These entries, of queues that are there, are those of the chunk, in its bucket or aside. False: it is not there. */
NODISCARD bool delays_load(struct delays *delays, const struct delays_chunk *chunk, struct slice entries);

/* The chunk leaves its bucket. False when it is not there. */
NODISCARD bool delays_put_aside(struct delays *delays, const struct delays_chunk *chunk);

/* ---- looking, saving and loading --------------------------------------------------------------------------------- */

/* What is in memory, of one due time in order. */
struct delays_cursor delays_begin(const struct delays *delays);
bool delays_next(struct delays_cursor *cursor, struct delay_entry *ret);

/* Calls `each` for every bucket, by level. */
void delays_each_bucket(const struct delays *delays,
                        void (*each)(void *ctx, unsigned level, const struct delays_bucket *bucket), void *ctx);

/* The entries of a bucket that are in memory, in order. */
void delays_each_entry(const struct delays_bucket *bucket,
                       void (*each)(void *ctx, const struct payload_delayed *entry), void *ctx);

/* For loading a saved state, after the horizons: at the end of a bucket. False: no such bucket, chunk or entry. */
NODISCARD bool delays_restore_chunk(struct delays *delays, const struct delays_chunk *chunk);
NODISCARD bool delays_restore_entry(struct delays *delays, unsigned level, uint64_t start_ms,
                                    const struct payload_delayed *entry);
NODISCARD bool delays_restore_aside(struct delays *delays, const struct delays_chunk *chunk);

/* Are these horizons possible: each on the border of a bucket, and none before that of a lower level, or `now_ms`? */
bool delays_horizons_fit(const uint64_t horizons_ms[DELAYS_LEVELS], uint64_t now_ms);

/* What of it is not sound, in words, or NULL. */
const char *delays_fault(const struct delays *delays);

/* Drops what is in memory and `is_gone`; returns how many. */
uint64_t delays_drop(struct delays *delays, bool (*is_gone)(void *ctx, const struct delay_entry *entry), void *ctx);

#endif
