/* delays_chunk.c - pieces of buckets: out of memory, and back; see delays.h. SPDX-License-Identifier: MIT */
#include "engine/delays_impl.h"

#include "base/mem.h"
#include "engine/waiting.h"

#include <string.h>

void delays_limit(struct delays *delays, uint64_t entries_max, uint32_t chunk_entries)
{
    ENSURE(chunk_entries > 0 && chunk_entries <= PAYLOAD_DCHUNK_ENTRIES_MAX);
    delays->entries_max = entries_max;
    delays->chunk_entries = chunk_entries;
    for (unsigned slot = 0; slot < DELAYS_SLOTS; slot++)
        delays_set_bit(delays->full, slot, delays->slots[slot] && delays->slots[slot]->count >= chunk_entries);
}

/* Copies the oldest `max` in memory of the bucket; returns how many there are. */
static size_t oldest(const struct delays_bucket *bucket, struct payload_delayed *ret, size_t max)
{
    size_t n = 0;

    for (const struct delays_block *block = bucket->head; block && n < max; block = block->next)
        for (uint32_t at = block->head; at < block->tail && n < max; at++)
            ret[n++] = block->entries[at];
    return n;
}

size_t delays_owes(const struct delays *delays, uint64_t now_ms, struct delays_chunk *ret,
                   struct payload_delayed *entries)
{
    if (LIKELY(delays_in_memory(delays) <= delays->entries_max))
        return 0;
    for (unsigned level = DELAYS_LEVELS; level-- > 0;) {
        const struct delays_bucket *bucket = delays_last_full(delays, level);
        if (!bucket || delays_move_ms(level, bucket) <= now_ms)
            continue; /* it is about to move */
        *ret = (struct delays_chunk){.level = level, .start_ms = bucket->start_ms, .count = delays->chunk_entries};
        return oldest(bucket, entries, delays->chunk_entries);
    }
    return 0;
}

size_t delays_peek(const struct delays *delays, uint64_t now_ms, struct delays_chunk *ret, size_t max)
{
    uint64_t chunk;
    size_t n = 0;

    for (unsigned level = 0; delays->chunked > 0 && level < DELAYS_LEVELS && n == 0; level++) {
        const struct delays_bucket *first = delays_first(delays, level);
        if (!first || delays_move_ms(level, first) > now_ms)
            continue;
        for (struct fifo_cursor at = fifo_begin(&first->chunks); n < max && fifo_next(&at, &chunk); n++)
            ret[n] = (struct delays_chunk){.lsn = waiting_chunk_lsn(chunk), .count = waiting_chunk_refs(chunk),
                                           .start_ms = first->start_ms, .level = level};
    }
    return n;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static bool is_sound(const struct delays_chunk *chunk)
{
    return chunk->level < DELAYS_LEVELS && chunk->count > 0 && chunk->count <= PAYLOAD_DCHUNK_ENTRIES_MAX &&
           chunk->lsn < WAITING_CHUNK_LSN_MAX && chunk->start_ms <= WHEEL_MS_MAX &&
           (chunk->start_ms & (delays_width_ms(chunk->level) - 1)) == 0;
}

static bool is_within(const struct delays_chunk *chunk, uint32_t due_off)
{
    return due_off < delays_width_ms(chunk->level) && chunk->start_ms + due_off <= WHEEL_MS_MAX;
}

static uint64_t name_of(const struct delays_chunk *chunk) { return waiting_chunk_make(chunk->lsn, chunk->count); }

static struct delays_bucket *find(struct delays *delays, const struct delays_chunk *chunk, bool make)
{
    return is_sound(chunk) ? delays_bucket(delays, chunk->level, chunk->start_ms, make) : NULL;
}

bool delays_spill(struct delays *delays, const struct delays_chunk *chunk, struct slice entries)
{
    struct payload_delayed row[PAYLOAD_DCHUNK_ENTRIES_MAX];
    struct delays_bucket *bucket = find(delays, chunk, false);

    if (!bucket || oldest(bucket, row, chunk->count) != chunk->count)
        return false;
    for (uint32_t i = 0; i < chunk->count; i++) {
        struct payload_delayed entry = payload_delayed(entries, i);
        if (entry.ref != row[i].ref || entry.queue != row[i].queue || entry.due_off != row[i].due_off)
            return false;
    }
    for (uint32_t i = 0; i < chunk->count; i++)
        (void)delays_pop(delays, bucket);
    delays_settle(delays, chunk->level, bucket);
    return delays_restore_chunk(delays, chunk);
}

/* Takes the chunk from the bucket; false when it is not there. */
static bool take_chunk(struct delays *delays, struct delays_bucket *bucket, const struct delays_chunk *chunk)
{
    if (!bucket || !fifo_take(&bucket->chunks, name_of(chunk)))
        return false;
    bucket->chunked -= chunk->count;
    delays->chunks--;
    delays->chunked -= chunk->count;
    return true;
}

static bool take_aside(struct delays *delays, const struct delays_chunk *chunk)
{
    for (size_t i = 0; i < delays->aside_count; i++) {
        const struct delays_aside *at = &delays->aside[i];
        if (at->chunk != name_of(chunk) || at->level != chunk->level || at->start_ms != chunk->start_ms)
            continue;
        delays->put_aside -= chunk->count;
        delays->aside_count--;
        memmove(&delays->aside[i], &delays->aside[i + 1], (delays->aside_count - i) * sizeof(*at));
        return true;
    }
    return false;
}

bool delays_load(struct delays *delays, const struct delays_chunk *chunk, struct slice entries)
{
    struct delays_bucket *bucket = find(delays, chunk, false);

    for (uint32_t i = 0; i < chunk->count; i++)
        if (!is_sound(chunk) || !is_within(chunk, payload_delayed(entries, i).due_off))
            return false;
    bool in_bucket = take_chunk(delays, bucket, chunk);
    if (!in_bucket && !take_aside(delays, chunk))
        return false;
    /* From aside, or from a bucket that is not the first, as after damage, each goes where a new one would. */
    unsigned below = in_bucket && bucket == delays_first(delays, chunk->level) ? chunk->level : DELAYS_LEVELS;
    for (uint32_t i = 0; i < chunk->count; i++) {
        struct payload_delayed loaded = payload_delayed(entries, i);
        struct delay_entry entry = delays_entry(chunk->start_ms, &loaded);
        if (below == 0 || entry.due_ms < delays->horizon_ms[0])
            delay_add(&delays->near, &entry);
        else
            delays_place(delays, &entry, below);
    }
    if (in_bucket)
        delays_settle(delays, chunk->level, bucket);
    return true;
}

bool delays_put_aside(struct delays *delays, const struct delays_chunk *chunk)
{
    struct delays_bucket *bucket = find(delays, chunk, false);

    if (!take_chunk(delays, bucket, chunk))
        return false;
    delays_settle(delays, chunk->level, bucket);
    return delays_restore_aside(delays, chunk);
}

/* ---- a saved state ----------------------------------------------------------------------------------------------- */

bool delays_restore_chunk(struct delays *delays, const struct delays_chunk *chunk)
{
    struct delays_bucket *bucket = find(delays, chunk, true);

    if (!bucket)
        return false;
    fifo_push(&bucket->chunks, name_of(chunk));
    bucket->chunked += chunk->count;
    delays->chunks++;
    delays->chunked += chunk->count;
    return true;
}

bool delays_restore_aside(struct delays *delays, const struct delays_chunk *chunk)
{
    if (!is_sound(chunk))
        return false;
    if (delays->aside_count == delays->aside_size) {
        delays->aside_size = delays->aside_size ? 2 * delays->aside_size : 16;
        delays->aside = mem_grow(delays->aside, delays->aside_size, sizeof(delays->aside[0]));
    }
    delays->aside[delays->aside_count++] =
        (struct delays_aside){.chunk = name_of(chunk), .start_ms = chunk->start_ms, .level = chunk->level};
    delays->put_aside += chunk->count;
    return true;
}

bool delays_restore_entry(struct delays *delays, unsigned level, uint64_t start_ms,
                          const struct payload_delayed *entry)
{
    struct delays_chunk piece = {.level = level, .start_ms = start_ms, .count = 1};
    struct delays_bucket *bucket = find(delays, &piece, true);

    if (!bucket || !is_within(&piece, entry->due_off)) {
        if (bucket)
            delays_settle(delays, level, bucket);
        return false;
    }
    delays_append(delays, level, bucket, entry);
    return true;
}
