/*
 * compact.h - copying what is needed of some segments into one new file
 *
 * What   The victims are neighbours in the table of segments. compact_step() reads a piece of them and copies the
 *        tracked records that are not in `drop` to log/compact.tmp, as they are; the last step adds the directory,
 *        syncs, gives the file its name and syncs its folder: only then the result is 0 and the victims may go.
 *        One that only weighs its victim reads it likewise and writes nothing.
 * Room   log/compact.tmp is kept with some room in it, so that a full disk can be emptied.
 * Limit  A step reads at most about COMPACT_STEP_BYTES, or one record that is larger; memory is 8 bytes a record that
 *        is copied, and 2 MiB.
 * Owns   All it points at. `drop` is given back by compact_free(), in the thread that owns the sets (lsnset.h).
 * Fails  A record that is not sound ends it with -EBADMSG, `bad_victim` tells where: nothing was changed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_COMPACT_H
#define GMQ_STORE_COMPACT_H

#include "base/buf.h"
#include "base/lsnset.h"
#include "store/disk.h"
#include "store/format.h"
#include "store/pack.h"

#define COMPACT_NAME "log/compact.tmp"

enum { COMPACT_STEP_BYTES = 1024 * 1024, COMPACT_VICTIMS_MAX = 64 };

struct victim {
    struct segment_name name;
    uint64_t end;
    struct lsnset *drop; /* its records that are not copied */
};

struct compaction {
    /* filled in by who asks for it */
    struct victim victims[COMPACT_VICTIMS_MAX];
    size_t count;
    struct segment_header header; /* of the new file */
    bool hurry;                   /* the disk is short of room: at full speed */
    bool weigh;                   /* nothing is copied: only what would be is counted */

    /* what came out */
    uint64_t file_bytes, records, record_bytes; /* of the new file; the strides of its records */
    uint64_t read_bytes;
    size_t bad_victim; /* -EBADMSG: its index */
    bool named;        /* it may have its name: when the end failed, it may come back after a crash */

    /* between steps */
    size_t at;     /* victim */
    bool is_open;  /* it is: */
    struct scan scan;
    struct pack pack;
    uint64_t lsn;  /* raw: the next record */
    uint32_t next; /* compacted: likewise */
    int file;      /* -1 = none yet */
    struct buf out; /* not yet written */
    uint64_t written, synced;
    uint32_t *entries;
    size_t entries_room;
};

/* Zeroed, with the buffers it needs. */
struct compaction *compact_new(void);

/* Takes NULL. */
void compact_free(struct compaction *compaction);

/*
 * 1 = there is more to do, 0 = the new file is durable, or -errno: then there is none, but log/compact.tmp keeps its
 * room for the next one. `ret_bytes`: read and written.
 */
NODISCARD int compact_step(struct compaction *compaction, struct disk *disk, const char *dir, uint64_t *ret_bytes);

/* Lets go of the files, as the end of the process does. */
void compact_close(struct compaction *compaction, struct disk *disk);

/* Ends one that is under way, as if it had failed. */
void compact_cancel(struct compaction *compaction, struct disk *disk, const char *dir);

static inline struct segment_name compact_name(const struct compaction *compaction)
{
    return (struct segment_name){.base = compaction->header.base, .end = compaction->header.end,
                                 .generation = compaction->header.generation};
}

#endif
