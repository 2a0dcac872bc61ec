/*
 * waiting.h - a queue's waiting list: what of it is in memory, and where the rest stands in the log
 *
 * What   Refs in the order in which they become deliverable, in three stretches:
 *
 *          head, refs  |  chunks: addresses of CHUNK records of up to 507 refs each  |  tail, refs
 *
 *        A list begins as a tail alone. waiting_spill() takes a row of refs out of the tail, which a CHUNK record
 *        holds from then on; waiting_load() puts the refs of a chunk at the end of the head. A chunk that cannot be
 *        read back is put aside, out of the list, until waiting_bring_back().
 * Pool   All lists of an engine share one: it counts the refs in memory and knows which lists are long, and which of
 *        the others nobody takes from.
 * Cost   push and take O(1); spill and load O(refs). 8 bytes a ref in memory, 8 bytes a chunk.
 * Owns   Its blocks. A list that has nothing but a tail holds nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_WAITING_H
#define GMQ_ENGINE_WAITING_H

#include "base/list.h"
#include "base/slice.h"
#include "engine/fifo.h"

enum { WAITING_CHUNK_REFS_MAX = 507, WAITING_SHORT_REFS_MIN = 64 };

/* waiting_chunk_make() has no room for an address from here on. */
#define WAITING_CHUNK_LSN_MAX (UINT64_C(1) << 58)

/* What only a list has that was too long for memory. The fifos of chunks hold waiting_chunk_make(). */
struct waiting_out {
    struct fifo head, chunks, aside;
    uint64_t chunked, put_aside; /* messages in chunks, in those aside */
};

struct waiting {
    struct fifo tail;
    struct waiting_out *out; /* NULL: the tail is all */
    struct list in_longs, in_shorts;
    uint64_t taken_at;       /* pool.pushes when a ref was taken last */
    uint64_t passed;         /* messages that have left the list, in this life: the place of the oldest; no state */
    uint64_t counted; /* of its memory, in the pool's bytes */
};

struct waiting_pool {
    uint64_t lists;    /* that there are */
    uint64_t refs;     /* in memory, of all lists */
    uint64_t bytes;    /* that the lists take; what moves within a list is counted when it changes next */
    uint64_t pushes;   /* ever */
    uint64_t chunks;   /* of all lists, those aside too */
    uint64_t chunked;  /* messages in chunks of all lists, those aside too */
    uint64_t refs_max; /* above it chunks are owed, ... */
    uint64_t long_refs; /* ... of lists with this many refs in their tail: */
    uint32_t chunk_refs, keep_refs; /* that many go, that many stay: at the head, and in the tail */
    struct list longs; /* those lists, and some that have become shorter */
    uint64_t short_refs; /* lists with this many refs in their tail, and some with less, are in `shorts`, too, ... */
    struct list shorts;  /* ... which are gone through in turn when there is no long one */
};

/* A place in what is in memory of a list, for reading on; good until the list changes. */
struct waiting_cursor {
    struct fifo_cursor at;
    const struct fifo *after; /* NULL: `at` is in the tail */
};

/* The address of a CHUNK record together with how many refs it holds, 1..507. */
static inline uint64_t waiting_chunk_make(uint64_t lsn, uint32_t refs) { return lsn >> 3 << 9 | refs; }
static inline uint64_t waiting_chunk_lsn(uint64_t chunk) { return chunk >> 9 << 3; }
static inline uint32_t waiting_chunk_refs(uint64_t chunk) { return (uint32_t)(chunk & 0x1ff); }

/* Nothing is ever owed: no limit. */
void waiting_pool_init(struct waiting_pool *pool);

/* `chunk_refs` 1..507. */
void waiting_pool_limit(struct waiting_pool *pool, uint64_t refs_max, uint32_t chunk_refs);

static inline void waiting_init(struct waiting_pool *pool, struct waiting *list)
{
    list_init(&list->in_longs);
    list_init(&list->in_shorts);
    pool->lists++;
}
void waiting_free(struct waiting *list);

/* Frees an empty list, and the pool forgets it. */
void waiting_fini(struct waiting_pool *pool, struct waiting *list);

/* Brings the pool's bytes up to what the list takes now. */
static inline void waiting_account(struct waiting_pool *pool, struct waiting *list)
{
    const struct waiting_out *out = list->out;
    uint64_t bytes = list->tail.bytes;

    if (UNLIKELY(out != NULL))
        bytes += sizeof(*out) + out->head.bytes + out->chunks.bytes + out->aside.bytes;
    pool->bytes += bytes - list->counted;
    list->counted = bytes;
}

static inline void waiting_push(struct waiting_pool *pool, struct waiting *list, uint64_t ref)
{
    fifo_push(&list->tail, ref);
    pool->refs++;
    waiting_account(pool, list);
    pool->pushes++;
    if (list->tail.count < pool->short_refs)
        return;
    if (UNLIKELY(list_empty(&list->in_shorts)))
        list_add_tail(&pool->shorts, &list->in_shorts);
    if (UNLIKELY(list->tail.count >= pool->long_refs) && list_empty(&list->in_longs))
        list_add_tail(&pool->longs, &list->in_longs);
}

/*
 * Takes out `ref`, which is the oldest but after damage to the log; then what stands before it goes to the end of its
 * stretch. False when it is not in memory. Cost: O(1), after damage O(refs in memory).
 */
bool waiting_take_out(struct waiting *list, uint64_t ref); /* of a list that is not its tail alone */
static inline bool waiting_take(struct waiting_pool *pool, struct waiting *list, uint64_t ref)
{
    bool taken = LIKELY(!list->out) ? fifo_take(&list->tail, ref) : waiting_take_out(list, ref);

    pool->refs -= taken;
    list->taken_at = pool->pushes;
    list->passed += taken;
    waiting_account(pool, list);
    return taken;
}

/* Messages in the list; those put aside are not in it. */
static inline uint64_t waiting_count(const struct waiting *list)
{
    return list->tail.count + (UNLIKELY(list->out != NULL) ? list->out->head.count + list->out->chunked : 0);
}

static inline uint64_t waiting_in_memory(const struct waiting *list)
{
    return list->tail.count + (list->out ? list->out->head.count : 0);
}

/* The stretch that the oldest message stands in: head or tail; NULL when it is in a chunk. */
static inline const struct fifo *waiting_oldest(const struct waiting *list)
{
    if (LIKELY(!list->out))
        return &list->tail;
    if (list->out->head.count > 0)
        return &list->out->head;
    return list->out->chunks.count > 0 ? NULL : &list->tail;
}

/* ---- out of memory, and back ------------------------------------------------------------------------------------- */

/* The list of which a chunk is owed now, or NULL. Looks at a few lists only: there may be one the next time. */
struct waiting *waiting_owes(struct waiting_pool *pool);

/* Are so few refs left before the list's first chunk, which it has, that it should be loaded? */
bool waiting_wants(const struct waiting_pool *pool, const struct waiting *list);

/* The refs to be written for a list that waiting_owes() named; returns how many. Room for 507. */
size_t waiting_chunk(const struct waiting_pool *pool, const struct waiting *list, uint64_t *ret_refs);

/*
 * The CHUNK record at `lsn` holds these refs (8 bytes each, little-endian), which stand in a row in the tail: at its
 * beginning when there are chunks; otherwise what stands before them, up to 1014 refs, joins the head. False, and
 * nothing changes, when that is not so.
 */
NODISCARD bool waiting_spill(struct waiting_pool *pool, struct waiting *list, uint64_t lsn, struct slice refs);

/*
 * These refs are those of the chunk at `lsn`, the first one but after damage to the log; then those before it become
 * the last ones. False when there is no such chunk with that many.
 */
NODISCARD bool waiting_load(struct waiting_pool *pool, struct waiting *list, uint64_t lsn, struct slice refs);

/* The chunk at `lsn` with that many refs leaves the list. False when it is not there. */
NODISCARD bool waiting_put_aside(struct waiting *list, uint64_t lsn, uint32_t refs);

/* Everything that was put aside becomes the first chunks. False when there is nothing. */
NODISCARD bool waiting_bring_back(struct waiting *list);

/*
 * A message keeps its place, a number that counts from the beginning of this life of the engine, as long as it is in
 * the list: those in it have the places [passed, passed + waiting_count()). Only after damage to the log places move.
 *
 * The stretch of the list that holds `place`: in memory, or a chunk.
 */
struct waiting_stretch {
    uint64_t begin, end; /* places */
    uint64_t chunk;      /* waiting_chunk_make(); 0 = in memory */
};

/* False when the list has no such place. Cost: O(chunks). */
NODISCARD bool waiting_stretch_at(const struct waiting *list, uint64_t place, struct waiting_stretch *ret);

/* Copies up to `max` refs from a place in memory on, within its stretch; returns how many. Cost: O(blocks + max). */
size_t waiting_copy(const struct waiting *list, uint64_t place, uint64_t *ret_refs, size_t max);

/* Copies the next up to `max` refs that are in memory, none after a chunk, to `ret`; returns how many. */
size_t waiting_peek(const struct waiting *list, uint64_t *ret_refs, size_t max);

/* ---- looking, saving and loading --------------------------------------------------------------------------------- */

/* What is in memory: head, then tail. */
struct waiting_cursor waiting_begin(const struct waiting *list);
bool waiting_next(struct waiting_cursor *cursor, uint64_t *ret_ref);

/* For engine_load(), in this order: the end of the head, of the chunks, of those aside. False: no such chunk. */
void waiting_add_head(struct waiting_pool *pool, struct waiting *list, uint64_t ref);
NODISCARD bool waiting_add_chunk(struct waiting_pool *pool, struct waiting *list, uint64_t chunk, bool aside);

/* What of it is not sound, in words, or NULL. */
const char *waiting_fault(const struct waiting *list);

/* Drops what is in memory and `is_gone`; returns how many. */
uint64_t waiting_drop(struct waiting_pool *pool, struct waiting *list, bool (*is_gone)(void *ctx, uint64_t ref),
                      void *ctx);

#endif
