/*
 * log.h - the log: one endless, append-only sequence of records in files, and its watermarks
 *
 * What   Records are encoded into a RAM ring by the loop; the log thread writes what has come together and syncs;
 *        two watermarks tell how far the log is `written` (survives the process) and `durable` (survives the
 *        machine). The reader thread fetches records that have left the ring, the janitor makes and removes files
 *        and writes checkpoints. The log does not know what a topic is.
 * Why    A store into a mapped file stalls the loop for up to 27 ms, a pwrite by the loop for 82 ms; a copy into
 *        the ring never waits (docs/durability.md has the figures).
 * Keys   Some records have a key, of which the log knows only that it rises with the LSN: hooks.key_of. By it they are
 *        found again, on a thread of its own, the scout.
 * Order  log_new, log_recover, log_start, then per turn of the loop: log_poll, appends and reads, log_publish;
 *        at the end log_stop, log_free.
 * Thread Every function here is called by the loop thread alone. hooks.wake is called by the helper threads.
 *        Without threads (log_options.threads false: the simulator) the log_step_* functions are their turns.
 * Never  Append without a log_room() for it; keep a record or slice from here beyond the next log_poll() or append.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_LOG_H
#define GMQ_STORE_LOG_H

#include "base/record.h"

struct disk;
struct log;

enum log_sync {
    LOG_SYNC_ALWAYS,   /* a promise holds when its record is durable */
    LOG_SYNC_INTERVAL, /* ... is written; synced at least every interval_ms */
    LOG_SYNC_NONE,     /* ... is written; synced only so that the ring can be used again, and at the end */
};

struct log_options {
    struct disk *disk;       /* borrowed until log_free */
    const char *dir;         /* the data directory; made when missing */
    size_t ring_bytes;       /* power of two, 1 MiB..1 GiB; also the cache of recent records */
    size_t read_cache_bytes; /* what the reader may hold, >= 1 MiB */
    uint64_t segment_bytes;  /* largest segment, 1 MiB..1 GiB, default 64 MiB; the first ones are 4, 8, 16, 32 MiB */
    uint64_t gc_slack;       /* bytes that segments may take beyond twice what is needed, before they are compacted */
    uint64_t gc_rate;        /* bytes a second of compaction, or twice what the log takes in; 0 = as fast as it goes */
    uint64_t history_keep;   /* raw segments stay while the newest so many bytes of the log are in them and those after
                                them, unless there is no room; 0 = none does for that */
    size_t record_bytes_max; /* largest record that will be appended; ring_bytes >= 4 x that */
    enum log_sync sync;
    uint32_t interval_ms;    /* LOG_SYNC_INTERVAL: 1..60000 */
    bool threads;            /* false: the caller runs the helpers by log_step_* */
    uint8_t uuid[16];        /* random bytes, used when the directory is new */
    uint64_t now_ms;         /* wall clock, for the header of new segments */
    uint64_t max_disk;       /* the files below `dir` take no more than this, checkpoints aside; 0 = no limit */
    uint64_t disk_free_min;  /* less free on the file system counts as a full disk; 0 = no limit */
    bool repair;             /* a header that claims a newer format, but whose CRC does not hold, counts as damage */
    uint64_t (*clock_ns)(void *ctx); /* monotonic; called by the helper threads */
    void *clock_ctx;
};

/* What recovery asks of the owner of the state, all in the loop thread, within log_recover. */
struct log_hooks {
    void *ctx;
    void (*reset)(void *ctx);                                   /* forget everything: another checkpoint is tried */
    int (*load)(void *ctx, const void *image, size_t bytes);    /* a checkpoint's image; 0, or < 0 when it is bad */
    void (*apply)(void *ctx, const struct record *rec);         /* next record, in order, whole groups only */
    void (*wake)(void *ctx);                                    /* from any thread: call log_poll soon */
    /* What the image may take at most when only essential records follow; NULL = 32 bytes for each live message. */
    uint64_t (*image_bytes_max)(void *ctx);
    /* Damage that was found, in words, and where; may be NULL. */
    void (*found)(void *ctx, const char *what, uint64_t begin, uint64_t end);
    /*
     * The key of a record that has one. Keys of later records are greater. Called by any thread, reads nothing but the
     * record. NULL = there are none.
     */
    bool (*key_of)(const struct record *rec, uint64_t *ret_key);
    uint64_t (*last_key)(void *ctx); /* the greatest of all that were applied; there when key_of is */
};

/* What recovery found; for the log line and the API. */
struct log_report {
    bool fresh;              /* the directory was new */
    bool clean;              /* the last stop was orderly: nothing had to be cut */
    uint64_t checkpoint_lsn; /* 0 = none was usable */
    uint64_t records;        /* replayed */
    uint64_t end_lsn;        /* where the log goes on */
    uint64_t cut_bytes;      /* torn tail that was never promised */
    uint64_t damaged_bytes;  /* quarantined: promised once, unreadable now */
    uint64_t lost_ranges;    /* segments that are missing from the chain */
    uint64_t bad_checkpoints; /* passed over, since they could not be read or were refused */
    bool rebuilt;            /* none was usable: the state is what the records that are left say */
    char note[256];          /* first damage in words, "" = none */
};

enum log_state {
    LOG_OK,
    LOG_FULL,      /* no room for more: only essential appends are taken, by themselves again when there is room */
    LOG_READ_ONLY, /* a write or sync failed, or the directory is gone; nothing more is taken or promised for good */
};

struct log_stats {
    uint64_t tail_lsn, written_lsn, durable_lsn;
    uint64_t segments, segment_bytes, batches, syncs, sync_ns_last, sync_ns_max;
    uint64_t reads, read_bytes, read_faults, checkpoints, checkpoint_lsn, unlinked;
    uint64_t jobs;         /* that the janitor has or is asked for */
    uint64_t heals;        /* failed writes after which the log went on in a new file */
    uint64_t checkpoint_errors, file_errors;
    uint64_t disk_used, disk_free; /* of the data directory, as of the last look */
    uint64_t disk_bytes; /* of all segments, those that were replaced and are not yet removed too */
    uint64_t live_bytes; /* of the records in them that are needed, estimated: segments whose messages differ in size
                            are taken to lose small and large ones alike */
    uint64_t compactions, compacted_segments; /* done; segments in whose place one came */
    uint64_t compact_read_bytes, compact_bytes, reclaimed_bytes; /* read, written, and by how much the files shrank */
};

/* ---- life ------------------------------------------------------------------------------------------------------ */

/* NULL when memory is short. The options are copied, `dir` too. */
NODISCARD struct log *log_new(const struct log_options *options);

/*
 * Takes the lock, finds the newest usable checkpoint, replays what follows through `hooks` (copied), cuts a torn
 * tail, quarantines damage, and opens a segment to go on in. Returns 0 or -errno; then `ret_error` says in words
 * what is wrong and what to do (for a lock held elsewhere: the pid and -data_save_path).
 * During `load` and `apply` only log_dead*() may be called.
 */
NODISCARD int log_recover(struct log *log, const struct log_hooks *hooks, struct log_report *ret_report,
                          char *ret_error, size_t error_bytes);

/* Starts the helper threads. 0 or -errno. */
NODISCARD int log_start(struct log *log);

/* Writes and syncs everything appended, ends the helpers, marks the stop as clean, drops the lock. 0 or -errno. */
int log_stop(struct log *log);

/* Takes NULL. Without log_stop() it is as if the process had been killed. */
void log_free(struct log *log);

/* ---- appending -------------------------------------------------------------------------------------------------- */

/*
 * May records of `bytes` strides in all be appended now? 0 = yes; -EAGAIN = after a later log_poll();
 * GMQ_E_DISK_FULL, GMQ_E_READ_ONLY = no; -EMSGSIZE = never, more than half of the ring. `essential` appends (pops,
 * acks, ticks) may use the margin and the reserve that pushes may not. After -EAGAIN and GMQ_E_DISK_FULL a
 * hooks.wake comes when it is worth asking again.
 */
NODISCARD int log_room(struct log *log, size_t bytes, bool essential);

/*
 * Announces that the records of a group, `bytes` strides in all, follow: they will stand in one segment and one
 * batch. At most half of the ring. All but the last carry RECORD_F_MORE.
 */
void log_group(struct log *log, size_t bytes);

/*
 * Begins a record: returns where its `payload_bytes` of payload are to be written, by the caller, before log_end().
 * The ring is contiguous everywhere. Closes and opens batches and segments as needed (BATCH, SEAL records).
 */
char *log_begin(struct log *log, uint8_t type, uint8_t flags, uint16_t aux, uint32_t queue, size_t payload_bytes);

/* Completes the record begun last. `ret` is what replay would see, borrowed from the ring. Returns its end LSN. */
uint64_t log_end(struct log *log, struct record *ret);

/* The end LSN of what was appended last. */
uint64_t log_tail(const struct log *log);

/* A reply waits for what was appended last to be written / durable: the batch it is in gets its wake-up / sync. */
void log_need_written(struct log *log);
void log_need_durable(struct log *log);

/*
 * End of the loop's turn: hands over what came together when the log thread is idle, and the reads that were asked
 * for. Not between the records of a group.
 */
void log_publish(struct log *log);

/* ---- watermarks: as of the last log_poll(); a record is covered when its end LSN is <= the watermark ------------ */
uint64_t log_written(const struct log *log);
uint64_t log_durable(const struct log *log);
uint64_t log_promised(const struct log *log); /* the one of the sync mode */

/* Takes in what the helpers did since the last call. True when a watermark moved, a read ended or the state changed. */
bool log_poll(struct log *log);

enum log_state log_state(const struct log *log, const char **ret_reason);

/* The limit because of which the disk counts as full, in words, constant; NULL when it is the disk itself. */
const char *log_limit(const struct log *log);

void log_stats(const struct log *log, struct log_stats *ret);

/* What went wrong in this life of the log, though it goes on: the newest of each kind in words, "" = nothing. */
enum log_trouble { LOG_TROUBLE_CHECKPOINT, LOG_TROUBLE_FILE, LOG_TROUBLE_HEALED, LOG_TROUBLES };
const char *log_trouble(const struct log *log, enum log_trouble kind);

/* Bytes of memory: the ring, the read cache, the table of segments with what is dead in them as of the last look. */
uint64_t log_memory(const struct log *log);

/* ---- reading ---------------------------------------------------------------------------------------------------- */

/*
 * The tracked record at `lsn`. 1 = `ret` is filled, borrowed until the next log_poll() or append; 0 = it is being
 * fetched, ask again after hooks.wake; GMQ_E_UNREADABLE = damaged, or no record stands there; -ENOMEM.
 * What was fetched for a log_read() stays at least until it was read once, or for 64 log_poll(): ask in that time.
 */
NODISCARD int log_read(struct log *log, uint64_t lsn, struct record *ret);

/*
 * As log_read(), but of a compacted segment only what its file holds: what a compaction left out may still be at hand,
 * and is no longer told apart from what is needed.
 */
NODISCARD int log_read_kept(struct log *log, uint64_t lsn, struct record *ret);

/* Tells the reader what will be asked for next, in this order; what is at hand already costs nothing. */
void log_prefetch(struct log *log, const uint64_t *lsns, size_t count);

/*
 * The address of the record with this key. 1 = `ret_lsn` is set; 0 = it is being looked for, ask again after
 * hooks.wake; GMQ_E_MESSAGE_UNKNOWN = it is in no file that is left, or never was; GMQ_E_UNREADABLE = it may be among
 * what is damaged. What was found stays at least until it was asked for once, or for 64 log_poll().
 */
NODISCARD int log_find(struct log *log, uint64_t key, uint64_t *ret_lsn);

/*
 * A walk over all records from the address `from` on, where one stands, to what is written; compacted segments are
 * passed over. `visit` is called for each, by the scout's thread or by this one, never by two at a time; false = no
 * further. It ends after `bytes_max` bytes of the log, too.
 * `release` frees `ctx` when nobody will touch it any more: in log_walk_end() or in a later log_poll(); may be NULL.
 */
struct log_walk;
struct log_walked {
    uint64_t at;  /* how far it came; where the next one goes on */
    bool gap;     /* something between is missing: damaged, removed, or left out by a compaction */
    bool stopped; /* by `visit` */
    bool whole;   /* nothing more was written when it ended */
};
NODISCARD struct log_walk *log_walk_begin(struct log *log, uint64_t from, uint64_t bytes_max,
                                          bool (*visit)(void *ctx, const struct record *rec), void *ctx,
                                          void (*release)(void *ctx));

/* 1 = it has ended, `ret` is filled; 0 = hooks.wake comes. */
NODISCARD int log_walk_look(const struct log_walk *walk, struct log_walked *ret);

/* Ends it, wherever it is. Takes NULL. */
void log_walk_end(struct log_walk *walk);

/* ---- space ------------------------------------------------------------------------------------------------------ */

/* The message (PUSH or LINK) / the queue record (QUEUE) at `lsn` is needed no more. Each exactly once. */
void log_dead(struct log *log, uint64_t lsn);
void log_dead_queue(struct log *log, uint64_t lsn);

/*
 * A segment that could go but for the QUEUE records in it: true with its range. The caller appends those queues'
 * records anew and reports the old ones dead.
 */
bool log_pinned(const struct log *log, uint64_t *ret_base, uint64_t *ret_end);

/*
 * Is it time for a checkpoint by the amount of log since the last one (on a full disk: when that would free
 * segments)? False while one is being written. The owner adds its own rule by time.
 */
bool log_checkpoint_due(const struct log *log);

/*
 * Begins a checkpoint at the present tail, its cut: what the log itself says in it is that of this moment. The owner's
 * whole state as of this moment follows, when it is ready, by log_checkpoint_image(); meanwhile the log goes on.
 * 1 = begun; 0 = nothing was appended since the newest one, none is needed; -EBUSY while one is under way or nothing
 * can be written; -ENOMEM. A checkpoint that fails is forgotten; log_stats tells: checkpoint_lsn stays.
 */
NODISCARD int log_checkpoint_begin(struct log *log);

/* The image of the checkpoint that was begun; ownership passes. `release` is called by any thread; NULL = free(). */
void log_checkpoint_image(struct log *log, void *image, size_t bytes, void (*release)(void *image, size_t bytes));

/* There will be no image: the checkpoint that was begun is forgotten. */
void log_checkpoint_cancel(struct log *log);

/* One was begun, and its file is not yet written. */
bool log_checkpoint_busy(const struct log *log);

/* One segment as the log counts it, for those who check it. */
struct log_segment {
    uint64_t base, end; /* end 0 = still open */
    uint64_t live, pins; /* messages / queue records still needed; `live` is no count when it is damaged */
    uint64_t tracked, dead; /* records that can die one by one; of these are known to be dead */
    bool blind;          /* which are dead is not known */
    uint32_t generation; /* 0 = raw */
    bool damaged;        /* recovery passed over damage in it, now or before: it never goes */
};

/*
 * Is the tracked record at `lsn` needed no more? False also where that is not known: in segments that were partly dead
 * in a checkpoint of version 1, or damaged.
 */
bool log_is_dead(const struct log *log, uint64_t lsn);

/* Is it not known which records of the segment of `lsn` are needed? */
bool log_is_blind(const struct log *log, uint64_t lsn);

/* Segment `index`, ascending by base; false beyond the last. */
bool log_segment(const struct log *log, size_t index, struct log_segment *ret);

/* ---- the helpers' turns, for a caller without threads; true when there was something to do ----------------------- */
bool log_step_writer(struct log *log);
bool log_step_reader(struct log *log);
bool log_step_janitor(struct log *log);
bool log_step_scout(struct log *log);

#endif
