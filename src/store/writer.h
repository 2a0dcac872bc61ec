/*
 * writer.h - the log thread: writes closed batches, syncs them, changes from one segment to the next
 *
 * What   Takes items in order. A batch is one pwrite (the ring is contiguous), then `written` moves; when a sync is
 *        due, fdatasync, then `durable` moves. A roll syncs the old segment, gives the spare file its header and its
 *        name, and goes on there: so the existence of a segment proves that everything before it is durable.
 *
 *        A sync is due while written > durable and one of
 *          want_durable > durable            somebody waits
 *          written - durable >= ring / 4     the ring must be free to go round
 *          interval_ns since the first unsynced byte
 *        More batches that are ready are written first, up to ring / 8, so that one sync covers them all.
 *
 * Thread The loop owns the writer before its thread starts and after it ended; in between they meet only in the
 *        atomics and in `items`.
 * Fails  After a failed write, sync or rename the log goes on in a new file (heal.h). When that fails, too, or the same
 *        write a second time, `failed` is set and all work ends: nothing is written or promised any more.
 *        A pwrite that found no room is tried again until there is some; `full` is true meanwhile.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_WRITER_H
#define GMQ_STORE_WRITER_H

#include "store/bell.h"
#include "store/chan.h"
#include "store/disk.h"
#include "store/format.h"
#include "store/ring.h"

enum writer_order {
    WRITER_RUN,
    WRITER_FINISH, /* write and sync everything, then end */
    WRITER_KILL,   /* end at once */
};

/* `roll` false: write up to `end`. True: the log goes on at header.base in the file now called `from`. */
struct writer_item {
    bool roll;
    uint64_t end;
    const char *from; /* constant: name below the data directory */
    uint64_t capacity; /* bytes of log that it has room for */
    struct segment_header header;
};

enum { WRITER_ITEMS = 1024, WRITER_SPLITS = 16, WRITER_REASON_BYTES = 200 };

/* A failure was healed: the segment that holds `base` ended there, another one with this epoch goes on. */
struct writer_split {
    uint64_t base;
    uint32_t epoch;
    char reason[WRITER_REASON_BYTES];
};

struct writer {
    struct disk *disk;
    const char *dir;
    const struct ring *ring;
    uint64_t interval_ns; /* 0 = no time limit */
    uint64_t (*clock_ns)(void *ctx);
    void *clock_ctx;
    void (*wake)(void *ctx);
    void *wake_ctx;

    struct chan items;
    struct chan splits; /* for the loop */
    struct bell bell;
    _Atomic uint64_t want_written, want_durable;
    _Atomic int order;

    _Atomic uint64_t written, durable;
    _Atomic uint32_t done; /* items complete, their due sync included */
    _Atomic uint32_t rolls;
    _Atomic uint64_t heals;
    _Atomic uint64_t batches, syncs, sync_ns_last, sync_ns_max;
    _Atomic bool full;
    _Atomic int failed; /* errno; `reason` is complete before it is set */
    char reason[WRITER_REASON_BYTES];

    /* the writer's own */
    int file; /* -1 = none */
    uint64_t base;
    uint64_t capacity;            /* bytes of log that the file has room for */
    struct segment_header header; /* of the file */
    uint32_t taken;
    uint64_t unsynced_ns; /* when the first unsynced byte was written */
    uint64_t retry_ns;    /* no pwrite before, while `full` */
};

/* Takes the memory it needs; the configuration above the first blank line is filled in already. False: no memory. */
NODISCARD bool writer_init(struct writer *writer);
void writer_fini(struct writer *writer);

/* Goes on in `file`, an empty segment with this header and room for `capacity` bytes of log. */
void writer_open(struct writer *writer, int file, const struct segment_header *header, uint64_t capacity);

/* One piece of work; false when there is none now. */
bool writer_step(struct writer *writer);

/* The thread: works until `order` ends it. `arg` is the writer. */
void *writer_main(void *arg);

/*
 * Gives the file `from` below `dir` this header and the name of its segment; all durable when it returns.
 * A handle >= 0, or -errno.
 */
NODISCARD int segment_make(struct disk *disk, const char *dir, const char *from, const struct segment_header *header);

#endif
