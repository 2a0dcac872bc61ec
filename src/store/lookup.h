/*
 * lookup.h - where a record stands in a compacted segment, with little memory
 *
 * What   Of a segment that is read from, the index of its directory is kept (8 bytes for 512 records), and the block of
 *        the directory that was read last (4 KiB); of at most LOOKUPS_MAX segments, those that were used last.
 * Thread The reader's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_LOOKUP_H
#define GMQ_STORE_LOOKUP_H

#include "store/disk.h"
#include "store/format.h"
#include "store/paths.h"

enum { LOOKUPS_MAX = 8 };

struct lookup {
    struct segment_name name; /* generation 0 = none */
    struct directory_trailer trailer;
    char *index;      /* owned */
    char *block;      /* owned; of the directory */
    uint32_t block_at; /* which one, UINT32_MAX = none */
    uint64_t used;
};

struct lookups {
    struct lookup at[LOOKUPS_MAX];
    uint64_t uses;
};

void lookups_free(struct lookups *all);

/*
 * The offset of the record at `lsn` of the open `file`, as its directory has it. 1 = `ret_offset` is set, 0 = it is not
 * there; -EBADMSG when the directory is damaged or cannot be read.
 */
NODISCARD int lookup(struct lookups *all, struct disk *disk, int file, const struct segment_name *name, uint64_t lsn,
                     uint64_t *ret_offset);

#endif
