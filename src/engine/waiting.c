/* waiting.c - see waiting.h. SPDX-License-Identifier: MIT */
#include "engine/waiting.h"

#include "base/bytes.h"
#include "base/mem.h"

#include <stdlib.h>

enum {
    REF_BYTES = 8,
    KEEP_CHUNKS = 2,
    BEFORE_MAX = KEEP_CHUNKS * WAITING_CHUNK_REFS_MAX,
    LOOKS = 8,      /* at shorts, before it is given up for now */
    SHORT_PART = 8, /* of the refs of a list that are its share of the memory: in one of its chunks */
};

void waiting_pool_init(struct waiting_pool *pool)
{
    *pool = (struct waiting_pool){.refs_max = UINT64_MAX, .long_refs = UINT64_MAX, .short_refs = UINT64_MAX};
    list_init(&pool->longs);
    list_init(&pool->shorts);
}

void waiting_pool_limit(struct waiting_pool *pool, uint64_t refs_max, uint32_t chunk_refs)
{
    ENSURE(chunk_refs > 0 && chunk_refs <= WAITING_CHUNK_REFS_MAX);
    pool->refs_max = refs_max;
    pool->chunk_refs = chunk_refs;
    pool->keep_refs = KEEP_CHUNKS * chunk_refs;
    pool->long_refs = pool->chunk_refs + (uint64_t)pool->keep_refs;
    pool->short_refs = min_u64(chunk_refs, WAITING_SHORT_REFS_MIN);
}

static void free_out(struct waiting *list)
{
    fifo_free(&list->out->head);
    fifo_free(&list->out->chunks);
    fifo_free(&list->out->aside);
    free(list->out);
    list->out = NULL;
}

void waiting_free(struct waiting *list)
{
    fifo_free(&list->tail);
    if (list->out)
        free_out(list);
}

void waiting_fini(struct waiting_pool *pool, struct waiting *list)
{
    list_remove(&list->in_longs);
    list_remove(&list->in_shorts);
    pool->lists--;
    pool->bytes -= list->counted;
    waiting_free(list);
}

static struct waiting_out *out_of(struct waiting *list)
{
    if (!list->out)
        list->out = mem_new(sizeof(*list->out));
    return list->out;
}

/* A list that is back in its tail is as if it had never been longer. */
static void settle(struct waiting *list)
{
    if (list->out->head.count == 0 && list->out->chunks.count == 0 && list->out->aside.count == 0)
        free_out(list);
}

bool waiting_take_out(struct waiting *list, uint64_t ref)
{
    struct waiting_out *out = list->out;
    bool taken = fifo_take(&out->head, ref) || fifo_take(&list->tail, ref);

    settle(list);
    return taken;
}

static size_t copy(const struct fifo *from, uint64_t *ret_refs, size_t max)
{
    struct fifo_cursor at = fifo_begin(from);
    size_t n = 0;

    while (n < max && fifo_next(&at, &ret_refs[n]))
        n++;
    return n;
}

size_t waiting_peek(const struct waiting *list, uint64_t *ret_refs, size_t max)
{
    const struct waiting_out *out = list->out;

    if (LIKELY(!out))
        return copy(&list->tail, ret_refs, max);
    size_t n = copy(&out->head, ret_refs, max);
    return out->chunks.count > 0 ? n : n + copy(&list->tail, ret_refs + n, max - n);
}

/* ---- out of memory, and back ------------------------------------------------------------------------------------- */

/* Refs of a chunk of a list that is not long: the more lists there are, the less of each fits into memory. */
static uint64_t short_chunk(const struct waiting_pool *pool)
{
    uint64_t share = pool->refs_max / (pool->lists + 1) / SHORT_PART;

    return min_u64(max_u64(share, pool->short_refs), pool->chunk_refs);
}

/* Nobody took from it while so much was pushed as fits into memory. */
static bool is_idle(const struct waiting_pool *pool, const struct waiting *list)
{
    return pool->pushes - list->taken_at > pool->refs_max;
}

/* What of the tail stays at the beginning of a list that has no chunk yet: what will be taken next. */
static uint64_t kept(const struct waiting_pool *pool, const struct waiting *list)
{
    const struct waiting_out *out = list->out;
    uint64_t keep = pool->keep_refs;

    if (out && out->chunks.count > 0)
        return 0;
    if (list->tail.count < pool->long_refs)
        keep = is_idle(pool, list) ? 0 : KEEP_CHUNKS * short_chunk(pool);
    return out ? keep - min_u64(keep, out->head.count) : keep;
}

static struct waiting *short_that_owes(struct waiting_pool *pool)
{
    uint64_t chunk = short_chunk(pool);

    for (unsigned looks = 0; looks < LOOKS && !list_empty(&pool->shorts); looks++) {
        struct waiting *list = CONTAINER_OF(pool->shorts.next, struct waiting, in_shorts);
        if (list->tail.count >= kept(pool, list) + chunk)
            return list;
        list_remove(&list->in_shorts);
        if (list->tail.count >= pool->short_refs)
            list_add_tail(&pool->shorts, &list->in_shorts);
    }
    return NULL;
}

struct waiting *waiting_owes(struct waiting_pool *pool)
{
    if (pool->refs <= pool->refs_max)
        return NULL;
    while (!list_empty(&pool->longs)) {
        struct waiting *list = CONTAINER_OF(pool->longs.next, struct waiting, in_longs);
        if (list->tail.count >= pool->long_refs)
            return list;
        list_remove(&list->in_longs);
    }
    return short_that_owes(pool);
}

bool waiting_wants(const struct waiting_pool *pool, const struct waiting *list)
{
    uint64_t keep = pool->refs > pool->refs_max ? short_chunk(pool) : pool->keep_refs;

    return list->out && list->out->chunks.count > 0 && list->out->head.count < keep;
}

size_t waiting_chunk(const struct waiting_pool *pool, const struct waiting *list, uint64_t *ret_refs)
{
    uint64_t max = list->tail.count >= pool->long_refs ? pool->chunk_refs : short_chunk(pool), ref;
    struct fifo_cursor at = fifo_begin(&list->tail);
    size_t n = 0;

    for (uint64_t skip = kept(pool, list); skip > 0 && fifo_next(&at, &ref); skip--)
        continue;
    while (n < max && fifo_next(&at, &ret_refs[n]))
        n++;
    return n;
}

/* Does the rest of the list begin with these refs? */
static bool goes_on_with(struct fifo_cursor at, struct slice refs)
{
    uint64_t ref;

    for (size_t i = 0; i < refs.len; i += REF_BYTES)
        if (!fifo_next(&at, &ref) || ref != get_le64(refs.ptr + i))
            return false;
    return true;
}

/* How many refs of the tail stand before `refs`; UINT64_MAX: they are not there in a row. */
static uint64_t find_row(const struct waiting *list, struct slice refs)
{
    uint64_t before_max = list->out && list->out->chunks.count > 0 ? 0 : BEFORE_MAX;
    struct fifo_cursor at = fifo_begin(&list->tail), here = at;
    uint64_t ref, before = 0;

    for (; before <= before_max && fifo_next(&at, &ref); before++, here = at)
        if (ref == get_le64(refs.ptr))
            return goes_on_with(here, refs) ? before : UINT64_MAX;
    return UINT64_MAX;
}

bool waiting_spill(struct waiting_pool *pool, struct waiting *list, uint64_t lsn, struct slice refs)
{
    uint32_t count = (uint32_t)(refs.len / REF_BYTES);

    if (count == 0 || count > WAITING_CHUNK_REFS_MAX || lsn >= WAITING_CHUNK_LSN_MAX)
        return false;
    uint64_t before = find_row(list, refs);
    if (before == UINT64_MAX)
        return false;
    struct waiting_out *out = out_of(list);
    for (; before > 0; before--)
        fifo_push(&out->head, fifo_pop(&list->tail));
    for (uint32_t i = 0; i < count; i++)
        (void)fifo_pop(&list->tail);
    fifo_push(&out->chunks, waiting_chunk_make(lsn, count));
    out->chunked += count;
    pool->chunks++;
    pool->chunked += count;
    pool->refs -= count;
    waiting_account(pool, list);
    return true;
}

bool waiting_load(struct waiting_pool *pool, struct waiting *list, uint64_t lsn, struct slice refs)
{
    struct waiting_out *out = list->out;
    uint32_t count = (uint32_t)(refs.len / REF_BYTES);

    if (!out || count > WAITING_CHUNK_REFS_MAX || !fifo_take(&out->chunks, waiting_chunk_make(lsn, count)))
        return false;
    out->chunked -= count;
    pool->chunks--;
    pool->chunked -= count;
    for (uint32_t i = 0; i < count; i++)
        waiting_add_head(pool, list, get_le64(refs.ptr + (size_t)i * REF_BYTES));
    return true;
}

bool waiting_put_aside(struct waiting *list, uint64_t lsn, uint32_t refs)
{
    struct waiting_out *out = list->out;
    uint64_t chunk = waiting_chunk_make(lsn, refs);

    if (!out || refs > WAITING_CHUNK_REFS_MAX || !fifo_take(&out->chunks, chunk))
        return false;
    fifo_push(&out->aside, chunk);
    out->chunked -= refs;
    out->put_aside += refs;
    list->passed += refs;
    return true;
}

bool waiting_bring_back(struct waiting *list)
{
    struct waiting_out *out = list->out;

    if (!out || out->aside.count == 0)
        return false;
    while (out->chunks.count > 0)
        fifo_push(&out->aside, fifo_pop(&out->chunks));
    struct fifo empty = out->chunks;
    out->chunks = out->aside;
    out->aside = empty;
    out->chunked += out->put_aside;
    out->put_aside = 0;
    return true;
}

/* ---- looking, saving and loading --------------------------------------------------------------------------------- */

struct waiting_cursor waiting_begin(const struct waiting *list)
{
    if (!list->out)
        return (struct waiting_cursor){.at = fifo_begin(&list->tail)};
    return (struct waiting_cursor){.at = fifo_begin(&list->out->head), .after = &list->tail};
}

bool waiting_next(struct waiting_cursor *cursor, uint64_t *ret_ref)
{
    while (!fifo_next(&cursor->at, ret_ref)) {
        if (!cursor->after)
            return false;
        cursor->at = fifo_begin(cursor->after);
        cursor->after = NULL;
    }
    return true;
}

void waiting_add_head(struct waiting_pool *pool, struct waiting *list, uint64_t ref)
{
    fifo_push(&out_of(list)->head, ref);
    pool->refs++;
    waiting_account(pool, list);
}

bool waiting_add_chunk(struct waiting_pool *pool, struct waiting *list, uint64_t chunk, bool aside)
{
    uint32_t refs = waiting_chunk_refs(chunk);

    if (refs == 0 || refs > WAITING_CHUNK_REFS_MAX)
        return false;
    struct waiting_out *out = out_of(list);
    fifo_push(aside ? &out->aside : &out->chunks, chunk);
    *(aside ? &out->put_aside : &out->chunked) += refs;
    pool->chunks++;
    pool->chunked += refs;
    waiting_account(pool, list);
    return true;
}

static bool is_sound(const struct fifo *chunks, uint64_t messages)
{
    uint64_t chunk, sum = 0, n = 0;

    for (struct fifo_cursor at = fifo_begin(chunks); fifo_next(&at, &chunk); n++) {
        if (waiting_chunk_refs(chunk) == 0 || waiting_chunk_refs(chunk) > WAITING_CHUNK_REFS_MAX)
            return false;
        sum += waiting_chunk_refs(chunk);
    }
    return n == chunks->count && sum == messages;
}

const char *waiting_fault(const struct waiting *list)
{
    const struct waiting_out *out = list->out;
    uint64_t ref, n = 0;

    for (struct waiting_cursor at = waiting_begin(list); waiting_next(&at, &ref);)
        n++;
    if (n != waiting_in_memory(list))
        return "the count of waiting messages is wrong";
    if (!out)
        return NULL;
    if (out->head.count == 0 && out->chunks.count == 0 && out->aside.count == 0)
        return "a list has nothing outside of memory, but room for it";
    return is_sound(&out->chunks, out->chunked) && is_sound(&out->aside, out->put_aside)
               ? NULL
               : "the count of waiting messages that are not in memory is wrong";
}

static uint64_t drop(struct fifo *fifo, bool (*is_gone)(void *ctx, uint64_t ref), void *ctx)
{
    uint64_t dropped = 0;

    for (uint64_t n = fifo->count; n > 0; n--) {
        uint64_t ref = fifo_pop(fifo);
        if (is_gone(ctx, ref))
            dropped++;
        else
            fifo_push(fifo, ref);
    }
    return dropped;
}

uint64_t waiting_drop(struct waiting_pool *pool, struct waiting *list, bool (*is_gone)(void *ctx, uint64_t ref),
                      void *ctx)
{
    uint64_t dropped = drop(&list->tail, is_gone, ctx);

    if (list->out) {
        dropped += drop(&list->out->head, is_gone, ctx);
        settle(list);
    }
    pool->refs -= dropped;
    waiting_account(pool, list);
    return dropped;
}
