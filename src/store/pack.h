/*
 * pack.h - a compacted segment: reading it record by record, whatever is left of it
 *
 * What   pack_open() takes the directory, which says of every record where it stands. One whose checksums do not hold
 *        is made anew from the records themselves: they stand as they stood in the log, each with its own address.
 * Limit  The whole directory is in memory: 8 bytes a record.
 * Never  Believes a number in the file: what does not fit is damage.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_PACK_H
#define GMQ_STORE_PACK_H

#include "store/format.h"
#include "store/paths.h"
#include "store/scan.h"

struct pack {
    struct segment_name name;
    struct scan scan; /* over the file, as if it were raw with base 0 */
    uint32_t *entries; /* pairs: (lsn - base) / 8, offset / 8 */
    uint32_t count, room;
    bool bad_directory;
};

/* 0 or -errno. */
NODISCARD int pack_open(struct pack *pack, struct disk *disk, const char *dir, const struct segment_name *name);
void pack_close(struct pack *pack);

/* Of record `index`: its address; its place in the file. */
uint64_t pack_lsn(const struct pack *pack, uint32_t index);
uint64_t pack_offset(const struct pack *pack, uint32_t index);

/* Where what follows it begins, in the log and, as bytes from it, in the file. */
uint64_t pack_after(const struct pack *pack, uint32_t index);
uint64_t pack_stride(const struct pack *pack, uint32_t index);

/* Has the file its trailer, of the right size? */
bool pack_is_whole(struct disk *disk, const char *dir, const struct segment_name *name);

/* Is record `index` sound? Its payload is good until the next call. */
bool pack_record(struct pack *pack, uint32_t index, struct record *ret);

/* Is there a sound record at `lsn`? */
bool pack_find(struct pack *pack, uint64_t lsn, struct record *ret);

/* The first record at or above `lsn`; pack->count when there is none. */
uint32_t pack_index(const struct pack *pack, uint64_t lsn);

/* A segment of either kind, opened to look up records by their address. */
struct shelf {
    bool packed;
    struct scan scan;
    struct pack pack;
};

/* 0 or -errno. */
NODISCARD int shelf_open(struct shelf *shelf, struct disk *disk, const char *dir, const struct segment_name *name);
void shelf_close(struct shelf *shelf);

/* Is there a sound record at `lsn`? Its payload is good until the next call. */
bool shelf_find(struct shelf *shelf, uint64_t lsn, struct record *ret);

#endif
