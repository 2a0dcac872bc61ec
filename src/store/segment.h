/*
 * segment.h - the table of segments: which stretch of the log is in which file, and what of it is still needed
 *
 * What   One entry a segment, ascending by base; the last one is the one being appended to. Owned by the loop.
 *        tracked  records that can die one by one (record_is_tracked)
 *        live     of these: messages and list chunks still needed
 *        pins     of these: queue and client records still needed
 *        dead_at  LSN of the log's tail when live and pins came to 0 in a closed segment; 0 before
 *        dead     which of the tracked records are needed no more
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

#include "store/deadset.h"

/* Added to `live` of a segment in which recovery passed over damage: its counts are unknown, it never goes. */
#define SEGMENT_DAMAGED (UINT64_C(1) << 40)

struct segment {
    uint64_t base, end, prev_end;
    uint64_t capacity; /* bytes of log that the file has room for */
    uint64_t dead_at;
    uint64_t tracked, live, pins;
    uint64_t tracked_bytes; /* strides of the tracked records */
    struct deadset *dead;   /* owned */
    uint32_t epoch, generation;
    bool header_ok; /* recovery: its header could be read */
    bool leaving;   /* its removal is on the way */
    bool blind;
};

struct segments {
    struct segment *at;
    size_t count, room;
    size_t found;           /* where the last look-up ended */
    uint64_t total_bytes;   /* capacity of all */
    size_t pinned, dead;    /* counts of segments in these states */
};

void segments_free(struct segments *all);

/* Room for `count` entries in all, so that adding them cannot fail. False when memory is short. */
NODISCARD bool segments_reserve(struct segments *all, size_t count);

/* Adds at the end; its base is above all others. There must be room. */
struct segment *segments_add(struct segments *all, const struct segment *seg);
void segments_remove(struct segments *all, size_t index);

static inline struct segment *segments_last(struct segments *all) { return &all->at[all->count - 1]; }

/* The segment that holds `lsn`, or NULL. */
struct segment *segments_find(struct segments *all, uint64_t lsn);

/* A record of `stride` bytes was appended to, or replayed from, `seg`. */
void segment_count(struct segment *seg, uint8_t type, size_t stride);

/* Is the tracked record at `lsn` of `seg`, which is not blind, needed no more? */
static inline bool segment_is_dead(const struct segment *seg, uint64_t lsn) { return deadset_has(seg->dead, lsn); }

/* The last byte of `seg` is written: it ends at `end`, which is the tail of the log too. */
void segments_close(struct segments *all, struct segment *seg, uint64_t end);

/*
 * The message / the pin at `lsn` is needed no more; `tail` is the log's tail. False when it was dead already, as far
 * as that is known, or none was left; a segment that is lost counts nothing.
 */
bool segments_drop_live(struct segments *all, uint64_t lsn, uint64_t tail);
bool segments_drop_pin(struct segments *all, uint64_t lsn, uint64_t tail);

/* Counts pinned and dead segments anew, after the table was filled by recovery. */
void segments_recount(struct segments *all);

#endif
