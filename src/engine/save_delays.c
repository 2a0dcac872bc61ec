/*
 * save_delays.c - the delayed messages in an image
 *
 * Little-endian words:
 *   per near one: ref, due_ms, queue, those of one due time in order
 *   the horizons, of level 0 first; how many buckets; how many chunks aside
 *   per bucket: start_ms + level, chunks, entries in memory; chunks (waiting_chunk_make); per entry ref and
 *               queue + due_off << 32
 *   per chunk aside: start_ms + level of its bucket, chunk
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "engine/state.h"

#include <stdlib.h>

enum { NEAR_WORDS = 3, BUCKET_WORDS = 3, ENTRY_WORDS = 2, ASIDE_WORDS = 2, LEVEL_MASK = 0xfff };

bool state_take(struct state_reader *in, uint64_t *ret, size_t count)
{
    if (in->words < count)
        return false;
    for (size_t i = 0; i < count; i++)
        ret[i] = get_le64(in->at + 8 * i);
    in->at += 8 * count;
    in->words -= count;
    return true;
}

/* ---- saving ------------------------------------------------------------------------------------------------------ */

size_t state_delays_words(const struct engine *engine)
{
    const struct delays *delays = &engine->delays;

    return NEAR_WORDS * delays->near.count + DELAYS_LEVELS + 2 + BUCKET_WORDS * delays->buckets + delays->chunks +
           ENTRY_WORDS * delays->far + ASIDE_WORDS * delays->aside_count;
}

static void put(char **at, uint64_t value)
{
    put_le64(*at, value);
    *at += 8;
}

static void save_entry(void *ctx, const struct payload_delayed *entry)
{
    put(ctx, entry->ref);
    put(ctx, entry->queue | (uint64_t)entry->due_off << 32);
}

static void save_bucket(void *ctx, unsigned level, const struct delays_bucket *bucket)
{
    uint64_t chunk;

    put(ctx, bucket->start_ms + level);
    put(ctx, bucket->chunks.count);
    put(ctx, bucket->count);
    for (struct fifo_cursor at = fifo_begin(&bucket->chunks); fifo_next(&at, &chunk);)
        put(ctx, chunk);
    delays_each_entry(bucket, save_entry, ctx);
}

char *state_save_delays(char *at, const struct engine *engine)
{
    const struct delays *delays = &engine->delays;
    struct delay_entry entry;

    for (struct delay_cursor cursor = delay_begin(&delays->near); delay_next(&cursor, &entry);) {
        put(&at, entry.ref);
        put(&at, entry.due_ms);
        put(&at, entry.queue);
    }
    for (unsigned level = 0; level < DELAYS_LEVELS; level++)
        put(&at, delays->horizon_ms[level]);
    put(&at, delays->buckets);
    put(&at, delays->aside_count);
    delays_each_bucket(delays, save_bucket, &at);
    for (size_t i = 0; i < delays->aside_count; i++) {
        put(&at, delays->aside[i].start_ms + delays->aside[i].level);
        put(&at, delays->aside[i].chunk);
    }
    return at;
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

/* The number of a queue that is there, or 0. */
static uint32_t queue_number(const struct engine *engine, uint64_t word)
{
    return word <= UINT32_MAX && engine_queue(engine, (uint32_t)word) ? (uint32_t)word : 0;
}

/* Images before the far ones have no count by queue, and every message as a near one. */
static bool load_near(struct engine *engine, struct state_reader *in, const struct state_near *near, bool far)
{
    struct delays *delays = &engine->delays;
    uint64_t w[NEAR_WORDS];

    for (uint64_t n = 0; n < near->count; n++) {
        if (near->moving > 0 && n == near->moved)
            wheel_set_moving(&delays->near.wheel, near->moving);
        if (!state_take(in, w, NEAR_WORDS) || w[1] > WHEEL_MS_MAX || queue_number(engine, w[2]) == 0)
            return false;
        struct delay_entry entry = {.ref = w[0], .due_ms = w[1], .queue = (uint32_t)w[2]};
        if (far) {
            delay_add(&delays->near, &entry);
            continue;
        }
        delays_add(delays, &entry);
        engine_queue(engine, entry.queue)->delayed++;
    }
    return near->moving == 0 || delays->near.slots[delays->near.wheel.moving].head != NULL;
}

static struct delays_chunk chunk_of(uint64_t place, uint64_t chunk)
{
    return (struct delays_chunk){.start_ms = place & ~(uint64_t)LEVEL_MASK, .level = (unsigned)place & LEVEL_MASK,
                                 .lsn = waiting_chunk_lsn(chunk), .count = waiting_chunk_refs(chunk)};
}

static bool load_bucket(struct engine *engine, struct state_reader *in)
{
    uint64_t w[BUCKET_WORDS], chunk, e[ENTRY_WORDS];

    if (!state_take(in, w, BUCKET_WORDS) || (w[1] == 0 && w[2] == 0))
        return false;
    for (; w[1] > 0; w[1]--) {
        if (!state_take(in, &chunk, 1))
            return false;
        struct delays_chunk piece = chunk_of(w[0], chunk);
        if (!delays_restore_chunk(&engine->delays, &piece))
            return false;
    }
    struct delays_chunk place = chunk_of(w[0], 0);
    for (; w[2] > 0; w[2]--) {
        if (!state_take(in, e, ENTRY_WORDS) || queue_number(engine, e[1] & UINT32_MAX) == 0)
            return false;
        struct payload_delayed entry = {.ref = e[0], .queue = (uint32_t)e[1], .due_off = (uint32_t)(e[1] >> 32)};
        if (!delays_restore_entry(&engine->delays, place.level, place.start_ms, &entry))
            return false;
    }
    return true;
}

/* No queue has more messages in memory than it counts; what is counted beyond is what is in chunks. */
static bool counts_fit(const struct engine *engine)
{
    uint64_t *seen = mem_new(8 * (engine->queue_count + 1u)), left = delays_count(&engine->delays);
    struct delay_entry entry;
    bool fit = true;

    for (struct delays_cursor at = delays_begin(&engine->delays); delays_next(&at, &entry);)
        seen[entry.queue - 1]++;
    for (uint32_t i = 0; i < engine->queue_count && fit; i++) {
        uint64_t delayed = engine->queues[i]->queue.delayed;
        fit = delayed >= seen[i] && delayed <= left;
        left -= delayed;
    }
    free(seen);
    return fit && left == 0;
}

static bool load_far(struct engine *engine, struct state_reader *in)
{
    struct delays *delays = &engine->delays;
    uint64_t w[2];

    if (!state_take(in, delays->horizon_ms, DELAYS_LEVELS) || !state_take(in, w, 2) ||
        !delays_horizons_fit(delays->horizon_ms, engine_now_ms(engine)))
        return false;
    for (uint64_t n = w[0]; n > 0; n--)
        if (!load_bucket(engine, in))
            return false;
    for (uint64_t n = w[1], a[ASIDE_WORDS]; n > 0; n--) {
        if (!state_take(in, a, ASIDE_WORDS))
            return false;
        struct delays_chunk aside = chunk_of(a[0], a[1]);
        if (!delays_restore_aside(delays, &aside))
            return false;
    }
    return counts_fit(engine);
}

bool state_load_delays(struct engine *engine, struct state_reader *in, const struct state_near *near, bool far)
{
    if (!far)
        delays_descend(&engine->delays, engine_now_ms(engine), &(uint64_t){0});
    return load_near(engine, in, near, far) && (!far || load_far(engine, in));
}
