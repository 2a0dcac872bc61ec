/* delays_look.c - all delayed messages in memory; are they sound? See delays.h. SPDX-License-Identifier: MIT */
#include "engine/delays_impl.h"

#include "engine/waiting.h"

struct delays_cursor delays_begin(const struct delays *delays)
{
    return (struct delays_cursor){.near = delay_begin(&delays->near), .delays = delays};
}

bool delays_next(struct delays_cursor *cursor, struct delay_entry *ret)
{
    const struct delays *delays = cursor->delays;

    if (delay_next(&cursor->near, ret))
        return true;
    while (!cursor->block || cursor->at == cursor->block->tail) {
        cursor->block = cursor->block ? cursor->block->next : NULL;
        while (!cursor->block && cursor->slot < DELAYS_SLOTS) {
            const struct delays_bucket *bucket = delays->slots[cursor->slot++];
            cursor->block = bucket ? bucket->head : NULL;
        }
        if (!cursor->block)
            return false;
        cursor->at = cursor->block->head;
    }
    *ret = delays_entry(delays->slots[cursor->slot - 1]->start_ms, &cursor->block->entries[cursor->at++]);
    return true;
}

void delays_each_bucket(const struct delays *delays,
                        void (*each)(void *ctx, unsigned level, const struct delays_bucket *bucket), void *ctx)
{
    for (unsigned slot = 0; slot < DELAYS_SLOTS; slot++)
        if (delays->slots[slot])
            each(ctx, delays_level_of(slot), delays->slots[slot]);
}

void delays_each_entry(const struct delays_bucket *bucket,
                       void (*each)(void *ctx, const struct payload_delayed *entry), void *ctx)
{
    for (const struct delays_block *block = bucket->head; block; block = block->next)
        for (uint32_t at = block->head; at < block->tail; at++)
            each(ctx, &block->entries[at]);
}

static uint64_t drop_near(struct delay *near, bool (*is_gone)(void *ctx, const struct delay_entry *entry), void *ctx)
{
    struct delay before = *near;
    struct delay_entry entry;
    uint64_t dropped = 0;

    delay_init(near);
    near->wheel.now_ms = before.wheel.now_ms;
    for (struct delay_cursor at = delay_begin(&before); delay_next(&at, &entry);) {
        if (is_gone(ctx, &entry))
            dropped++;
        else
            delay_add(near, &entry);
    }
    delay_free(&before);
    return dropped;
}

uint64_t delays_drop(struct delays *delays, bool (*is_gone)(void *ctx, const struct delay_entry *entry), void *ctx)
{
    uint64_t dropped = drop_near(&delays->near, is_gone, ctx);

    for (unsigned slot = 0; slot < DELAYS_SLOTS; slot++) {
        struct delays_bucket *bucket = delays->slots[slot];
        for (uint64_t n = bucket ? bucket->count : 0; n > 0; n--) {
            struct payload_delayed kept = delays_pop(delays, bucket);
            struct delay_entry entry = delays_entry(bucket->start_ms, &kept);
            if (is_gone(ctx, &entry))
                dropped++;
            else
                delays_append(delays, delays_level_of(slot), bucket, &kept);
        }
        if (bucket)
            delays_settle(delays, delays_level_of(slot), bucket);
    }
    return dropped;
}

/* ---- is it sound? ------------------------------------------------------------------------------------------------ */

bool delays_horizons_fit(const uint64_t horizons_ms[DELAYS_LEVELS], uint64_t now_ms)
{
    uint64_t before = now_ms + 1;

    for (unsigned level = 0; level < DELAYS_LEVELS; before = horizons_ms[level++])
        if (horizons_ms[level] < before || horizons_ms[level] > 2 * WHEEL_MS_MAX ||
            (horizons_ms[level] & (delays_width_ms(level) - 1)) != 0)
            return false;
    return true;
}

static bool is_bit(const uint64_t *bits, unsigned slot) { return bits[slot / 64] >> slot % 64 & 1; }

/* How many messages are in these chunks; UINT64_MAX when one has an impossible count. */
static uint64_t count_chunked(const struct fifo *chunks)
{
    uint64_t chunk, sum = 0;

    for (struct fifo_cursor at = fifo_begin(chunks); fifo_next(&at, &chunk);) {
        if (waiting_chunk_refs(chunk) == 0 || waiting_chunk_refs(chunk) > PAYLOAD_DCHUNK_ENTRIES_MAX)
            return UINT64_MAX;
        sum += waiting_chunk_refs(chunk);
    }
    return sum;
}

static const char *bucket_fault(const struct delays *delays, unsigned slot)
{
    const struct delays_bucket *bucket = delays->slots[slot];
    unsigned level = delays_level_of(slot);
    uint64_t count = 0;

    if (is_bit(delays->used, slot) != (bucket != NULL) ||
        is_bit(delays->full, slot) != (bucket && bucket->count >= delays->chunk_entries))
        return "a bucket of delayed messages is not noted, or one that is not there is";
    if (!bucket)
        return NULL;
    if (delays_slot(level, bucket->start_ms) != slot || !delays_in_reach(delays, level, bucket->start_ms) ||
        (bucket->start_ms & (delays_width_ms(level) - 1)) != 0)
        return "a bucket of delayed messages stands where it is not found";
    for (const struct delays_block *block = bucket->head; block; block = block->next) {
        count += block->tail - block->head;
        for (uint32_t at = block->head; at < block->tail; at++)
            if (block->entries[at].due_off >= delays_width_ms(level))
                return "a delayed message in another's bucket";
    }
    return count == bucket->count && count_chunked(&bucket->chunks) == bucket->chunked &&
                   count + bucket->chunks.count > 0
               ? NULL
               : "the count of a bucket of delayed messages is wrong";
}

const char *delays_fault(const struct delays *delays)
{
    uint64_t far = 0, chunked = 0, aside = 0, buckets = 0, chunks = 0;
    const char *fault = NULL;

    if (!delays_horizons_fit(delays->horizon_ms, delays->near.wheel.now_ms))
        return "the horizons of the delayed messages are out of order";
    for (unsigned slot = 0; slot < DELAYS_SLOTS && !fault; slot++) {
        const struct delays_bucket *bucket = delays->slots[slot];
        fault = bucket_fault(delays, slot);
        buckets += bucket != NULL;
        far += bucket ? bucket->count : 0;
        chunks += bucket ? bucket->chunks.count : 0;
        chunked += bucket ? bucket->chunked : 0;
    }
    for (size_t i = 0; i < delays->aside_count; i++)
        aside += waiting_chunk_refs(delays->aside[i].chunk);
    if (!fault && (far != delays->far || chunked != delays->chunked || aside != delays->put_aside ||
                   buckets != delays->buckets || chunks != delays->chunks))
        return "the count of far delayed messages is wrong";
    return fault;
}
