/*
 * log_impl.h - the inside of struct log, shared by the log*.c files and recovery
 *
 * log.c        appending, publishing, watermarks
 * log_life.c   new, recover, start, stop, free
 * log_space.c  room, spare and reserve, what is dead, checkpoints
 * log_compact.c  which segments are compacted, and what comes in their place
 * log_read.c   reading
 * log_find.c   looking for records by their keys, walks
 * recover.c    rebuilding the state of a directory
 *
 * The loop owns everything here; writer, reader and janitor are met through their channels and atomics only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_LOG_IMPL_H
#define GMQ_STORE_LOG_IMPL_H

#include <pthread.h>

#include "store/cache.h"
#include "store/janitor.h"
#include "store/log.h"
#include "store/reader.h"
#include "store/ring.h"
#include "store/scout.h"
#include "store/segment.h"
#include "store/writer.h"

enum {
    BATCH_BYTES_MAX = 1024 * 1024,             /* larger writes were measured slower */
    SEGMENT_TAIL_BYTES = BATCH_STRIDE + SEAL_STRIDE, /* kept free at the end of a segment */
    FIRST_SEGMENT_BYTES = 4 * 1024 * 1024,
    TROUBLE_BYTES = 256,
    ALWAYS_INTERVAL_MS = 50, /* sync=always: what nobody waits for is durable after this long */
};

/* A file kept ready to become a segment. */
enum standby_state {
    STANDBY_NONE,
    STANDBY_ASKED,   /* the janitor makes it */
    STANDBY_READY,
    STANDBY_CLAIMED, /* the writer renames it */
};

struct standby {
    enum standby_state state;
    bool no_room;    /* the disk was full when it was last tried */
    uint64_t bytes;  /* of the file */
    uint64_t denied; /* it is smaller than this, which was asked for; 0 = it is as large as it was to be */
};

enum checkpoint_state {
    CHECKPOINT_NONE,
    CHECKPOINT_OPEN,  /* its image is being made */
    CHECKPOINT_WAITS, /* for its cut to be durable */
    CHECKPOINT_BUSY,  /* the janitor has it */
};

struct log {
    /* appending */
    struct ring ring;
    uint64_t tail;
    uint64_t limit;       /* what ends at or below it needs no second look */
    uint64_t group_end;   /* announced by log_group() */
    uint64_t batch_begin; /* of the open batch, 0 = none is open */
    uint64_t segment_end; /* no record ends above: the room for BATCH and SEAL follows */
    struct record begun;  /* between log_begin and log_end */
    size_t begun_stride;
    bool more;            /* the last record carried RECORD_F_MORE */
    uint64_t ring_first;  /* the ring holds nothing below */
    uint64_t written, durable;
    uint64_t ended_before; /* until the first batch of this life, which says it: where the log ended before it */
    uint64_t want_written, want_durable;
    uint32_t pushed; /* items given to the writer */

    enum log_state state;
    char troubles[LOG_TROUBLES][TROUBLE_BYTES];
    uint64_t checkpoint_errors, file_errors;
    bool recovered, running, degraded, closed;
    struct log_options options;
    struct log_hooks hooks;
    char *dir;
    int lock; /* -1 = not held */
    uint32_t epoch;
    uint64_t node_hash;

    /* space */
    struct segments segments;
    struct standby spare, reserves[2];
    bool rolling;         /* the writer has not yet done the last roll */
    bool in_reserve;      /* the open segment was a reserve */
    bool refused;         /* an append, since there was no spare */
    uint64_t spare_bytes_wanted; /* at least, for a large record or group */
    uint32_t rolls_seen;
    uint64_t dead_bytes; /* memory of what is dead, as of the last look */
    uint64_t looked_tail, looked_ns; /* when the janitor was last asked to look around */
    uint64_t history_floor, history_base; /* log_history_floor(), as of the time when the last segment began there */
    size_t unlinking;
    uint64_t unlinked;
    uint64_t replaced_bytes;  /* of files that are still to be removed */
    size_t replaced;

    /* checkpoints */
    enum checkpoint_state checkpoint_state;
    struct checkpoint *checkpoint; /* while it is open or waits */
    uint64_t newest_cut, older_cut; /* 0 = none */
    uint64_t checkpoint_bytes; /* of the last one */
    uint64_t checkpoint_claimed; /* room for each of two, whatever the disk is used for; 0 = the least */
    uint64_t checkpoint_tail;  /* where the last one was tried */
    uint64_t checkpoints;
    bool checkpoint_failed; /* the last one */
    bool checkpoint_spoiled; /* the open one is to be dropped */
    bool newest_known, older_known; /* the segments' frozen sets are those of these checkpoints */

    /* compaction */
    bool compacting, compact_look, compact_off; /* one is under way; look for one; none any more in this life */
    bool compact_short;        /* the disk was short of room when it was last looked */
    struct segment_name doomed[COMPACT_VICTIMS_MAX]; /* replaced, to be removed */
    uint64_t doomed_bytes[COMPACT_VICTIMS_MAX];
    size_t doomed_count;
    uint64_t compactions, compacted_segments, compact_read_bytes, compact_bytes, reclaimed_bytes;

    /* looking for records */
    struct find *finds;      /* by key: under way, and what was found */
    struct list finds_used;  /* those that are not under way, the one asked for last is the last */
    size_t finds_count;
    struct list scout_jobs;  /* that wait for room among the scout's requests */
    struct list walks;
    size_t scout_away;
    uint64_t finds_polls;
    bool finds_refused;      /* there was no room for one */

    struct writer writer;
    struct reader reader;
    struct scout scout;
    struct cache cache;
    struct janitor janitor;
    pthread_t writer_thread, reader_thread, janitor_thread, scout_thread;
};

/* Seals the open segment and goes on in the spare, or else the reserve; one of them is ready. */
void log_roll(struct log *log, enum seal_reason reason);

/* Gives the open batch to the writer, if one is open. */
void log_close_batch(struct log *log);

/* Appends the BATCH that begins a batch; the last SEAL of an orderly stop. */
void log_open_batch(struct log *log);
void log_append_seal(struct log *log, enum seal_reason reason);

/* Takes in what janitor and writer did with files, and asks for what is missing. True when something changed. */
bool log_space_poll(struct log *log);

/* Is the disk, or what the log may take of it, nearly full? */
bool log_is_short(const struct log *log);

/* What ends above it is kept as it is, for its history; UINT64_MAX = nothing is. Room for what is needed goes first. */
uint64_t log_history_floor(struct log *log);

/* Gives the janitor a job, unless it has many. */
bool log_push_job(struct log *log, const struct job *job);

/* Begins a compaction when it is time for one; removes what one has replaced. */
void log_compact_poll(struct log *log);
void log_compact_done(struct log *log, const struct job *job);
void log_replaced_gone(struct log *log, const struct job *job);

/* Takes in what the scout has found, and goes on with it. True when something came that somebody waits for. */
bool log_find_poll(struct log *log);

/* Sends what is asked of the scout. True when something was sent: it is to be woken. */
bool log_find_flush(struct log *log);

/* After the scout has ended: gives back what it was asked for and has found. */
void log_find_fini(struct log *log);

/* Bytes of memory that it takes. */
uint64_t log_find_bytes(const struct log *log);

/* All keys of what is appended from now on are greater than this; 0 = there are none. */
uint64_t log_next_key(const struct log *log);

/* The segment that begins at `lsn` was split from the one before it: its first key, from the ring. */
void log_find_split(struct log *log, uint64_t lsn);

/* Which file the record at `lsn` is in; `ctx` is the log. */
bool log_locate(void *ctx, uint64_t lsn, struct segment_name *ret);

/* Sets `limit` anew, after the tail, the segment or the watermarks changed. */
void log_set_limit(struct log *log);

/* Notes that something went wrong: its kind, what, and the error. A full disk is no trouble of its own. */
void log_note_trouble(struct log *log, enum log_trouble kind, const char *what, int rc);

/* Takes in where the writer went on in a new file after a failure. */
void log_take_splits(struct log *log);

/* A checkpoint that was cut above `lsn` and is not handed over yet is dropped: its table is not true any more. */
void log_checkpoint_spoil(struct log *log, uint64_t lsn);

/* The largest reserve that is ready, or NULL. */
struct standby *log_reserve(struct log *log);

/* Recovery without lock and threads: fills segments, checkpoints, tail and the writer's file. */
NODISCARD int recover_directory(struct log *log, struct log_report *ret_report, char *ret_error, size_t error_bytes);

#endif
