/* look_delays.c - delayed messages of one queue in order of their time; see look.h. SPDX-License-Identifier: MIT */
#include "engine/look.h"

#include "base/mem.h"
#include "engine/delays_impl.h"
#include "engine/state.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_MAX = WHEEL_ALL_SLOTS + DELAYS_SLOTS,
    RESTARTS_MAX = 16,
    MOVE_ENTRIES = 16, /* that are moved for what one look costs */
};

/* ---- the slots in use, in order of time -------------------------------------------------------------------------- */

static int compare(const void *left, const void *right)
{
    const struct look_slot *a = left, *b = right;

    if (a->begin_ms != b->begin_ms)
        return a->begin_ms < b->begin_ms ? -1 : 1;
    return a->end_ms > b->end_ms ? -1 : a->end_ms < b->end_ms;
}

static bool is_bucket(const struct look_slot *slot) { return slot->slot >= WHEEL_ALL_SLOTS; }

static const struct delays_bucket *bucket_of(const struct engine *engine, const struct look_slot *slot)
{
    return engine->delays.slots[slot->slot - WHEEL_ALL_SLOTS];
}

/* What is longer comes first: what moves from it while it is gone through goes to one that comes later. */
static void find_slots(const struct engine *engine, struct look_delays *look)
{
    const struct delay *near = &engine->delays.near;
    size_t n = 0;

    for (unsigned slot = 0; slot < WHEEL_ALL_SLOTS; slot++) {
        if (!near->slots[slot].head)
            continue;
        unsigned shift = 8 * (slot / WHEEL_SLOTS);
        uint64_t begin = delay_slot_ms(near, slot);
        uint64_t end = (begin > 0 ? begin : near->wheel.now_ms >> shift << shift) + (UINT64_C(1) << shift);
        look->slots[n++] = (struct look_slot){.begin_ms = begin, .end_ms = end, .slot = slot};
    }
    for (unsigned slot = 0; slot < DELAYS_SLOTS; slot++) {
        const struct delays_bucket *bucket = engine->delays.slots[slot];
        if (bucket)
            look->slots[n++] = (struct look_slot){.begin_ms = bucket->start_ms, .slot = WHEEL_ALL_SLOTS + slot,
                                                  .end_ms = bucket->start_ms + delays_width_ms(delays_level_of(slot))};
    }
    qsort(look->slots, n, sizeof(look->slots[0]), compare);
    look->slot_count = n;
}

/* Nothing is taken out of it before its time has come. */
static bool is_still(const struct engine *engine, const struct look_slot *slot, uint64_t now_ms)
{
    if (!is_bucket(slot))
        return slot->begin_ms > max_u64(now_ms, engine_now_ms(engine));
    return delays_move_ms(delays_level_of(slot->slot - WHEEL_ALL_SLOTS), bucket_of(engine, slot)) > now_ms;
}

static void enter(struct look_delays *look, size_t at)
{
    look->slot_at = at;
    look->passed = look->chunks = look->chunked = 0;
    if (at < look->slot_count)
        look->within = look->slots[at];
}

void look_delays_begin(const struct engine *engine, struct look_delays *look, uint64_t now_ms)
{
    struct look_slot within = look->within;
    size_t at = 0;

    if (!look->slots)
        look->slots = mem_new(SLOTS_MAX * sizeof(look->slots[0]));
    find_slots(engine, look);
    if (!look->began) {
        look->began = true;
        enter(look, 0);
        return;
    }
    while (at < look->slot_count && compare(&look->slots[at], &within) < 0)
        at++;
    bool same = at < look->slot_count && look->slots[at].slot == within.slot && compare(&look->slots[at], &within) == 0;
    if (same && (look->passed == 0 || is_still(engine, &within, now_ms) || look->restarts == RESTARTS_MAX)) {
        look->slot_at = at;
        return;
    }
    /* What it held is in shorter ones, which begin when it began or later. */
    look->restarts += look->restarts < RESTARTS_MAX;
    enter(look, same || look->restarts == RESTARTS_MAX ? at : 0);
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

static bool is_before(const struct delay_entry *a, uint64_t due_ms, uint64_t ref)
{
    return a->due_ms != due_ms ? a->due_ms < due_ms : a->ref < ref;
}

/* Puts it among the best, unless it is there already. */
static void keep(struct look_delays *look, const struct delay_entry *entry, uint64_t *looks)
{
    size_t low = 0, high = look->count;

    if (look->count == look->max && !is_before(entry, look->best[high - 1].due_ms, look->best[high - 1].ref))
        return;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (is_before(&look->best[mid], entry->due_ms, entry->ref))
            low = mid + 1;
        else
            high = mid;
    }
    if (low < look->count && look->best[low].ref == entry->ref && look->best[low].due_ms == entry->due_ms)
        return;
    size_t behind = look->count - low - (look->count == look->max);
    memmove(&look->best[low + 1], &look->best[low], behind * sizeof(*entry));
    look->best[low] = *entry;
    look->count += look->count < look->max;
    *looks -= min_u64(*looks, behind / MOVE_ENTRIES);
}

static void see(const struct engine *engine, struct look_delays *look, const struct delay_entry *entry,
                uint64_t *looks)
{
    *looks -= *looks > 0;
    if (entry->queue != look->queue || is_before(entry, look->due_ms, look->ref))
        return;
    if (!engine_is_ghost(engine, engine_queue(engine, look->queue), entry->ref, ENGINE_DELAYED))
        keep(look, entry, looks);
}

/* True when all of it was seen. */
static bool see_near(const struct engine *engine, struct look_delays *look, uint64_t *looks)
{
    struct delay_cursor at = delay_slot(&engine->delays.near, look->within.slot, look->passed);
    struct delay_entry entry;

    for (; *looks > 0; look->passed++) {
        if (!delay_slot_next(&at, &entry))
            return true;
        see(engine, look, &entry, looks);
    }
    return false;
}

/* The same for what is in memory of a bucket. */
static bool see_bucket(const struct engine *engine, const struct delays_bucket *bucket, struct look_delays *look,
                       uint64_t *looks)
{
    uint64_t skip = look->passed - min_u64(look->passed, bucket->chunked);

    for (const struct delays_block *block = bucket->head; block; block = block->next) {
        uint32_t count = block->tail - block->head, i = (uint32_t)min_u64(skip, count);
        skip -= i;
        for (; i < count; i++, look->passed++) {
            if (*looks == 0)
                return false;
            struct delay_entry entry = delays_entry(bucket->start_ms, &block->entries[block->head + i]);
            see(engine, look, &entry, looks);
        }
    }
    return true;
}

/* The next chunk that was not seen; false when there is none. */
static bool find_chunk(const struct delays_bucket *bucket, struct look_delays *look)
{
    struct fifo_cursor at = fifo_begin(&bucket->chunks);
    uint64_t chunk;

    if (look->chunks >= bucket->chunks.count)
        return false;
    (void)fifo_skip(&at, look->chunks);
    if (!fifo_next(&at, &chunk))
        return false;
    /* What was seen in memory may stand in a chunk by now. */
    look->passed = look->chunked;
    look->wanted = (struct delays_chunk){.lsn = waiting_chunk_lsn(chunk), .count = waiting_chunk_refs(chunk),
                                         .start_ms = bucket->start_ms,
                                         .level = delays_level_of(look->within.slot - WHEEL_ALL_SLOTS)};
    return true;
}

void look_delays_feed(const struct engine *engine, struct look_delays *look, struct slice entries, uint64_t *looks)
{
    for (uint32_t i = 0; i < entries.len / PAYLOAD_DELAYED_BYTES; i++) {
        struct payload_delayed delayed = payload_delayed(entries, i);
        struct delay_entry entry = delays_entry(look->wanted.start_ms, &delayed);
        see(engine, look, &entry, looks);
    }
    look->chunks++;
    look->chunked += look->wanted.count;
    look->passed = look->chunked;
}

size_t look_delays_ahead(const struct engine *engine, const struct look_delays *look, uint64_t *ret, size_t max)
{
    const struct delays_bucket *bucket = bucket_of(engine, &look->within);
    struct fifo_cursor at = fifo_begin(&bucket->chunks);
    uint64_t chunk;
    size_t n = 0;

    (void)fifo_skip(&at, look->chunks + 1);
    while (n < max && fifo_next(&at, &chunk))
        ret[n++] = waiting_chunk_lsn(chunk);
    return n;
}

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

static enum look_step go_through(const struct engine *engine, struct look_delays *look, uint64_t *looks)
{
    if (!is_bucket(&look->within))
        return see_near(engine, look, looks) ? LOOK_DONE : LOOK_WORKS;
    const struct delays_bucket *bucket = bucket_of(engine, &look->within);
    if (find_chunk(bucket, look))
        return LOOK_WANTS;
    return see_bucket(engine, bucket, look, looks) ? LOOK_DONE : LOOK_WORKS;
}

enum look_step look_delays(const struct engine *engine, struct look_delays *look, uint64_t *looks)
{
    for (; look->slot_at < look->slot_count; enter(look, look->slot_at + 1)) {
        if (look->count == look->max && look->within.begin_ms > look->best[look->max - 1].due_ms)
            return LOOK_DONE;
        if (look->within.end_ms <= look->due_ms && look->within.begin_ms > 0)
            continue;
        if (*looks == 0)
            return LOOK_WORKS;
        enum look_step step = go_through(engine, look, looks);
        if (step != LOOK_DONE)
            return step;
    }
    return LOOK_DONE;
}

void look_delays_end(struct look_delays *look)
{
    free(look->slots);
    look->slots = NULL;
}
