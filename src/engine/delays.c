/* delays.c - the buckets, and time; see delays.h. SPDX-License-Identifier: MIT */
#include "engine/delays_impl.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

const struct delays_level DELAYS_TABLE[DELAYS_LEVELS] = {
    {12, 12, 0, 255}, {18, 17, 256, 255}, {25, 24, 512, 255}, {32, 31, 768, 1023}};

void delays_init(struct delays *delays)
{
    memset(delays, 0, sizeof(*delays));
    delay_init(&delays->near);
    delays->entries_max = UINT64_MAX;
    delays->chunk_entries = PAYLOAD_DCHUNK_ENTRIES_MAX;
    delays_descend(delays, 0, &(uint64_t){0});
}

static void free_blocks(struct delays_block *block)
{
    for (struct delays_block *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

void delays_free(struct delays *delays)
{
    uint64_t entries_max = delays->entries_max;
    uint32_t chunk_entries = delays->chunk_entries;

    for (unsigned slot = 0; slot < DELAYS_SLOTS; slot++) {
        if (!delays->slots[slot])
            continue;
        free_blocks(delays->slots[slot]->head);
        fifo_free(&delays->slots[slot]->chunks);
        free(delays->slots[slot]);
    }
    free(delays->spare);
    free(delays->aside);
    delay_free(&delays->near);
    delays_init(delays);
    delays->entries_max = entries_max;
    delays->chunk_entries = chunk_entries;
}

/* ---- buckets ----------------------------------------------------------------------------------------------------- */

unsigned delays_level_of(unsigned slot)
{
    unsigned level = DELAYS_LEVELS - 1;

    while (slot < DELAYS_TABLE[level].first)
        level--;
    return level;
}

struct delays_bucket *delays_bucket(struct delays *delays, unsigned level, uint64_t start_ms, bool make)
{
    unsigned slot = delays_slot(level, start_ms);
    struct delays_bucket *bucket = delays->slots[slot];

    if (LIKELY(bucket && bucket->start_ms == start_ms))
        return bucket;
    if (bucket || !make || !delays_in_reach(delays, level, start_ms))
        return NULL;
    bucket = mem_new(sizeof(*bucket));
    bucket->start_ms = start_ms;
    delays->slots[slot] = bucket;
    delays->buckets++;
    delays_set_bit(delays->used, slot, true);
    return bucket;
}

void delays_settle(struct delays *delays, unsigned level, struct delays_bucket *bucket)
{
    unsigned slot = delays_slot(level, bucket->start_ms);

    delays_set_bit(delays->full, slot, bucket->count >= delays->chunk_entries);
    if (bucket->count > 0 || bucket->chunks.count > 0)
        return;
    fifo_free(&bucket->chunks);
    free(bucket);
    delays->slots[slot] = NULL;
    delays->buckets--;
    delays_set_bit(delays->used, slot, false);
}

struct delays_block *delays_add_block(struct delays *delays, struct delays_bucket *bucket)
{
    struct delays_block *block = delays->spare ? delays->spare : mem_new(sizeof(*block));

    delays->spare = NULL;
    block->next = NULL;
    block->head = block->tail = 0;
    if (bucket->tail)
        bucket->tail->next = block;
    else
        bucket->head = block;
    bucket->tail = block;
    return block;
}

struct payload_delayed delays_pop(struct delays *delays, struct delays_bucket *bucket)
{
    struct delays_block *block = bucket->head;
    struct payload_delayed entry = block->entries[block->head++];

    bucket->count--;
    delays->far--;
    if (block->head < block->tail)
        return entry;
    bucket->head = block->next;
    if (!block->next)
        bucket->tail = NULL;
    if (delays->spare)
        free(block);
    else
        delays->spare = block;
    return entry;
}

/* Into a bucket of the level. Inlined: for each level its numbers are constants. */
static inline __attribute__((always_inline)) void put(struct delays *delays, const struct delay_entry *entry,
                                                      unsigned level)
{
    uint64_t due_ms = entry->due_ms, off = due_ms & (delays_width_ms(level) - 1);
    struct delays_bucket *bucket = delays->slots[delays_slot(level, due_ms)];

    if (UNLIKELY(!bucket || bucket->start_ms != due_ms - off))
        bucket = delays_bucket(delays, level, due_ms - off, true);
    if (LIKELY(bucket != NULL))
        delays_append(delays, level, bucket, &(struct payload_delayed){
            .ref = entry->ref, .queue = entry->queue, .due_off = (uint32_t)off});
    else
        delay_add(&delays->near, entry); /* beyond the reach of its level there is nothing older of this time */
}

void delays_place(struct delays *delays, const struct delay_entry *entry, unsigned below)
{
    const uint64_t *horizon_ms = delays->horizon_ms;
    uint64_t due_ms = entry->due_ms;

    if (below == 1 || due_ms < horizon_ms[1])
        put(delays, entry, 0);
    else if (below == 2 || due_ms < horizon_ms[2])
        put(delays, entry, 1);
    else if (below == 3 || due_ms < horizon_ms[3])
        put(delays, entry, 2);
    else
        put(delays, entry, 3);
}

struct delays_bucket *delays_first(const struct delays *delays, unsigned level)
{
    unsigned words = DELAYS_TABLE[level].mask / 64 + 1, base = DELAYS_TABLE[level].first / 64;
    unsigned from = delays_slot(level, delays->horizon_ms[level]) - DELAYS_TABLE[level].first;
    uint64_t mask = ~UINT64_C(0) << from % 64;

    for (unsigned i = 0; i <= words; i++) {
        unsigned word = base + (from / 64 + i) % words;
        uint64_t bits = delays->used[word] & (i == 0 ? mask : i == words ? ~mask : ~UINT64_C(0));
        if (bits)
            return delays->slots[64 * word + (unsigned)__builtin_ctzll(bits)];
    }
    return NULL;
}

struct delays_bucket *delays_last_full(const struct delays *delays, unsigned level)
{
    unsigned words = DELAYS_TABLE[level].mask / 64 + 1, base = DELAYS_TABLE[level].first / 64;
    unsigned from = delays_slot(level, delays->horizon_ms[level]) - DELAYS_TABLE[level].first;
    uint64_t mask = ~UINT64_C(0) << from % 64;

    for (unsigned i = 0; i <= words; i++) {
        unsigned word = base + (from / 64 + words - i) % words;
        uint64_t bits = delays->full[word] & (i == 0 ? ~mask : i == words ? mask : ~UINT64_C(0));
        if (bits)
            return delays->slots[64 * word + 63 - (unsigned)__builtin_clzll(bits)];
    }
    return NULL;
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static bool has_buckets(const struct delays *delays) { return delays->far + delays->chunked > 0; }

static uint64_t lead_ms(unsigned level) { return UINT64_C(1) << DELAYS_TABLE[level].lead; }

uint64_t delays_move_ms(unsigned level, const struct delays_bucket *bucket)
{
    return bucket->start_ms - min_u64(bucket->start_ms, lead_ms(level));
}

uint64_t delays_reach_ms(const struct delays *delays)
{
    uint64_t reach = UINT64_MAX;

    for (unsigned level = 0; has_buckets(delays) && level < DELAYS_LEVELS; level++) {
        const struct delays_bucket *first = delays_first(delays, level);
        if (first)
            reach = min_u64(reach, first->start_ms - 1);
    }
    return reach;
}

/* When the first bucket of some level, with or without chunks, must move. */
static uint64_t next_move_ms(const struct delays *delays, bool chunks)
{
    uint64_t next = UINT64_MAX;

    for (unsigned level = 0; has_buckets(delays) && level < DELAYS_LEVELS; level++) {
        const struct delays_bucket *first = delays_first(delays, level);
        if (first && (first->chunks.count > 0) == chunks)
            next = min_u64(next, delays_move_ms(level, first));
    }
    return next;
}

uint64_t delays_descend_ms(const struct delays *delays) { return next_move_ms(delays, false); }
uint64_t delays_load_ms(const struct delays *delays) { return next_move_ms(delays, true); }

/* Each horizon goes as far as it is time, and no bucket and no upper horizon is in its way. */
static void raise_horizons(struct delays *delays, uint64_t now_ms)
{
    uint64_t above = UINT64_MAX;

    for (unsigned level = DELAYS_LEVELS; level-- > 0;) {
        const struct delays_bucket *first = has_buckets(delays) ? delays_first(delays, level) : NULL;
        uint64_t to = ((now_ms + lead_ms(level)) & ~(delays_width_ms(level) - 1)) + delays_width_ms(level);
        to = min_u64(min_u64(to, above), first ? first->start_ms : UINT64_MAX);
        above = delays->horizon_ms[level] = max_u64(delays->horizon_ms[level], to);
    }
}

/* The lowest level whose first bucket is to move now and can, or -1. */
static int movable_level(const struct delays *delays, uint64_t now_ms)
{
    for (unsigned level = 0; has_buckets(delays) && level < DELAYS_LEVELS; level++) {
        const struct delays_bucket *first = delays_first(delays, level);
        if (first && first->chunks.count == 0 && delays_move_ms(level, first) <= now_ms)
            return (int)level;
    }
    return -1;
}

void delays_descend(struct delays *delays, uint64_t now_ms, uint64_t *moves)
{
    int found;

    raise_horizons(delays, now_ms);
    while (*moves > 0 && (found = movable_level(delays, now_ms)) >= 0) {
        unsigned level = (unsigned)found;
        struct delays_bucket *bucket = delays_first(delays, level);
        for (; bucket->count > 0 && *moves > 0; --*moves) {
            struct payload_delayed moved = delays_pop(delays, bucket);
            struct delay_entry entry = delays_entry(bucket->start_ms, &moved);
            if (level == 0)
                delay_add(&delays->near, &entry);
            else
                delays_place(delays, &entry, level);
        }
        delays_settle(delays, level, bucket);
        raise_horizons(delays, now_ms);
    }
}
