/*
 * segment.h - the table of segments: which stretch of the log is in which file, and what of it is still needed
 *
 * What   One entry a segment, ascending by base; the last one is the one being appended to. Owned by the loop.
 *        tracked  records that can die one by one (record_is_tracked)
 *        live     of these: messages and list chunks still needed
 *        pins     of these: queue and client records still needed
 *        dead_at  LSN of the log's tail when live and pins came to 0 in a closed segment; 0 before
 *        dead     which of the tracked records are needed no more
 *        frozen   what `dead` was at the cut of the checkpoints that count: being written, newest, older
 *        first_key  no key in it is less, none before it is as great; 0 = not known, SEGMENT_KEYLESS = it has none
 *        blind    `dead` is not known: the segment goes when all of it is dead, but nothing less of it
 * Cost   Finding a segment O(log n), O(1) for the one found last.
 *
 *   open (end 0) -> closed (end set)          [segments_close]
 *   closed, live 0, pins > 0: pinned          its queue records are to be written anew
 *   closed, live 0, pins 0: dead              dead_at is set; the file may go when both kept checkpoints
 *                                             were cut at or after dead_at
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_SEGMENT_H
#define GMQ_STORE_SEGMENT_H

#include "base/lsnset.h"
#include "store/paths.h"

/* Added to `live` of a segment in which recovery passed over damage: its counts are unknown, it never goes. */
#define SEGMENT_DAMAGED (UINT64_C(1) << 40)

#define SEGMENT_KEYLESS UINT64_MAX

enum { FROZEN_PENDING, FROZEN_NEWEST, FROZEN_OLDER, FROZEN_COUNT };

struct segment {
    uint64_t base, end, prev_end;
    uint64_t capacity; /* bytes of log that the file has room for */
    uint64_t dead_at;
    uint64_t tracked, live, pins;
    uint64_t tracked_bytes; /* strides of the tracked records */
    uint64_t weighed_dead, weighed_bytes; /* when so many were dead, the others took so much; 0, 0 = never weighed */
    struct lsnset *dead, *frozen[FROZEN_COUNT]; /* owned */
    uint64_t first_key, key_polls; /* key_polls: the loop's turn when it was looked for */
    uint32_t epoch, generation;
    bool header_ok; /* recovery: its header could be read */
    bool told;      /* recovery: it could not, but `prev_end` is known */
    bool leaving;   /* its removal is on the way */
    bool blind;
    bool merged;    /* recovery: its counts are those of the segments it was made of */
    bool busy;      /* it is being compacted */
    bool key_lost;  /* keys before the first one that was found may be lost */
};

struct segments {
    struct segment *at;
    size_t count, room;
    size_t found;           /* where the last look-up ended */
    uint64_t total_bytes;   /* capacity of all */
    size_t pinned, dead;    /* counts of segments in these states */
};

void segments_free(struct segments *all);

static inline struct segment_name segment_name(const struct segment *seg)
{
    return (struct segment_name){
        .base = seg->base, .end = seg->generation > 0 ? seg->end : 0, .generation = seg->generation};
}

/* Room for `count` entries in all, so that adding them cannot fail. False when memory is short. */
NODISCARD bool segments_reserve(struct segments *all, size_t count);

/* Adds at the end; its base is above all others. There must be room. */
struct segment *segments_add(struct segments *all, const struct segment *seg);
void segments_remove(struct segments *all, size_t index);

/* Puts `seg`, ownership passes, in the place of `count` neighbours from `index` on. */
void segments_replace(struct segments *all, size_t index, size_t count, const struct segment *seg);

static inline struct segment *segments_last(struct segments *all) { return &all->at[all->count - 1]; }

/* The segment that holds `lsn`, or NULL. */
struct segment *segments_find(struct segments *all, uint64_t lsn);

/* A record of `stride` bytes was appended to, or replayed from, `seg`. */
void segment_count(struct segment *seg, uint8_t type, size_t stride);

/* Is the tracked record at `lsn` of `seg`, which is not blind, needed no more? */
static inline bool segment_is_dead(const struct segment *seg, uint64_t lsn) { return lsnset_has(seg->dead, lsn); }

/*
 * Bytes of the records of `seg` that are needed, when `dead` of its tracked ones are not: exact when none is or when it
 * was weighed so; else small and large ones are taken to die alike. All of a damaged one may be needed.
 */
bool segment_is_exact(const struct segment *seg, uint64_t dead);
uint64_t segment_needed_bytes(const struct segment *seg, uint64_t dead);
uint64_t segment_live_bytes(const struct segment *seg);

/* The last byte of `seg` is written: it ends at `end`, which is the tail of the log too. */
void segments_close(struct segments *all, struct segment *seg, uint64_t end);

/*
 * The message / the pin at `lsn` is needed no more; `tail` is the log's tail. False when it was dead already, as far
 * as that is known, or none was left; a segment that is lost counts nothing.
 */
bool segments_drop_live(struct segments *all, uint64_t lsn, uint64_t tail);
bool segments_drop_pin(struct segments *all, uint64_t lsn, uint64_t tail);

/* Gives back what an entry owns. */
void segment_clear(struct segment *seg);

/* A checkpoint is cut here / it counts now, or it never will. */
void segments_freeze(struct segments *all);
void segments_frozen(struct segments *all, bool counts);

struct ring;

/*
 * The segment that holds `lsn` ends there, another one goes on, with the records of the ring from `lsn` to its end or
 * `tail`, which were counted in the first. No record of a kept checkpoint is among them. Nothing but the epoch is
 * changed when a segment begins there already.
 */
void segments_split(struct segments *all, const struct ring *ring, uint64_t lsn, uint64_t tail, uint32_t epoch);

/* Counts pinned and dead segments anew, after the table was filled by recovery. */
void segments_recount(struct segments *all);

#endif
